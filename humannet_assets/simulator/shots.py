"""A shot: a scene, somebody acting in it, a camera. Rendered frame by frame together with its ground truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, intrinsics, to_camera
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.sidecar import Actor, FrameTruth, Intrinsics, JointSet, Segment, ShotTruth, Side, Viewpoint
from humannet_assets.simulator.world import RGB, SceneBuilder, World

LEFT_GROUP, RIGHT_GROUP, BODY_GROUP = 2, 3, 4
"""Geometry groups of the actors: visibility of an actor's joints is judged against everything but its own group."""

HAND_GROUP: dict[Side, int] = {"left": LEFT_GROUP, "right": RIGHT_GROUP}


@dataclass
class State:
    """The truth of one moment: camera pose (world <- camera) and joints in the world, metres."""

    camera: Matrix
    hands: dict[Side, Matrix] = field(default_factory=dict)
    bodies: list[Matrix] = field(default_factory=list)


@dataclass
class Shot:
    """What is filmed. `animate` poses the world for a time and returns the truth; `paths` name the atomic actions."""

    scene: str
    description: str
    environment: str
    viewpoint: Viewpoint
    human_centric: bool
    builder: SceneBuilder
    animate: Callable[[World, float], State]
    vertical_fov_deg: float = 50.0
    paths: dict[Actor, Path] = field(default_factory=dict)

    def truth(self, start_frame: int, end_frame: int) -> ShotTruth:
        """The sidecar's entry for this shot."""
        return ShotTruth(
            start_frame=start_frame,
            end_frame=end_frame,
            scene=self.scene,
            viewpoint=self.viewpoint,
            human_centric=self.human_centric,
        )

    def segments(self, offset_s: float, duration_s: float) -> list[Segment]:
        """Atomic actions that begin and end within the shot, shifted by where the shot begins in the video."""
        found = [
            Segment(
                actor=actor, start_s=round(move.start_s + offset_s, 3), end_s=round(move.end_s + offset_s, 3), text=move.text
            )
            for actor, path in self.paths.items()
            for move in path.moves
            if move.text and move.end_s <= duration_s
        ]
        return sorted(found, key=lambda segment: (segment.start_s, segment.actor))


def render_shot(
    shot: Shot, width: int, height: int, times_s: Sequence[float], offset_s: float = 0.0
) -> Iterator[tuple[RGB, FrameTruth]]:
    """Render a shot at the given times of its own clock; frame times of the truth are shifted by `offset_s`.

    Raises:
        RenderingUnavailableError: MuJoCo or OpenGL is missing.
    """
    camera = intrinsics(width, height, shot.vertical_fov_deg)
    with shot.builder.build(width, height, shot.vertical_fov_deg) as world:
        for time_s in times_s:
            state = shot.animate(world, time_s)
            picture = world.render(state.camera)
            hands: dict[Side, JointSet] = {
                side: _joint_set(world, camera, state, joints, HAND_GROUP[side]) for side, joints in state.hands.items()
            }
            bodies = [_joint_set(world, camera, state, joints, BODY_GROUP) for joints in state.bodies]
            yield picture, FrameTruth(
                time_s=round(time_s + offset_s, 6), camera=_rounded(state.camera, 5), bodies=bodies,
                hands={side: hand for side, hand in hands.items() if any(hand.visible)},
            )  # fmt: skip


def _joint_set(world: World, camera: Intrinsics, state: State, joints: Matrix, group: int) -> JointSet:
    points = to_camera(state.camera, joints)
    pixels = camera.project(points)
    inside = np.all((pixels >= 0) & (pixels < (camera.width, camera.height)), axis=1)
    if inside.any():
        inside &= ~world.hidden(state.camera, joints, group)
    return JointSet(joints_mm=_rounded(points * 1000, 1), visible=[int(flag) for flag in inside])


def _rounded(values: npt.ArrayLike, digits: int) -> list[list[float]]:
    # Adding 0.0 turns -0.0 into 0.0, which would otherwise differ in the file.
    return (np.round(np.asarray(values, np.float64), digits) + 0.0).tolist()
