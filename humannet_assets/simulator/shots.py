"""A shot: a scene, somebody acting in it, a camera. Rendered frame by frame together with its ground truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import (
    Actor,
    BodyTruth,
    Contact,
    FrameTruth,
    Intrinsics,
    JointSet,
    Segment,
    ShotTruth,
    Side,
    Viewpoint,
)
from humannet_assets.simulator.cameras import Matrix, intrinsics, to_camera
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.world import RGB, SceneBuilder, World

LEFT_GROUP, RIGHT_GROUP, BODY_GROUP = 2, 3, 4
"""Geometry groups of the actors: visibility of an actor's joints is judged against everything but its own group."""

_Span = TypeVar("_Span", Segment, Contact)

HAND_GROUP: dict[Side, int] = {"left": LEFT_GROUP, "right": RIGHT_GROUP}


@dataclass
class BodyState:
    """Joints of one figure in the world, metres: 17 of the body, 21 of each hand where the figure has them."""

    joints: Matrix
    group: int
    hands: dict[Side, Matrix] = field(default_factory=dict)


@dataclass
class State:
    """The truth of one moment: camera pose (world <- camera) and joints in the world, metres."""

    camera: Matrix
    hands: dict[Side, Matrix] = field(default_factory=dict)
    bodies: list[BodyState] = field(default_factory=list)
    exposure: float = 1.0


@dataclass
class Shot:
    """What is filmed. `animate` poses the world for a time and returns the truth.

    `actions` and `contacts` are in the shot's own time; `world` names the generated world (`kitchen/17`, see `ShotTruth`).
    """

    scene: str
    description: str
    environment: str
    viewpoint: Viewpoint
    human_centric: bool
    builder: SceneBuilder
    animate: Callable[[World, float], State]
    vertical_fov_deg: float = 50.0
    actions: list[Segment] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    world: str = ""

    def truth(self, start_frame: int, end_frame: int) -> ShotTruth:
        """The sidecar's entry for this shot."""
        return ShotTruth(
            start_frame=start_frame,
            end_frame=end_frame,
            scene=self.scene,
            viewpoint=self.viewpoint,
            human_centric=self.human_centric,
            environment=self.environment,
            world=self.world,
        )

    def segments(self, offset_s: float, duration_s: float) -> list[Segment]:
        """Atomic actions that begin and end within the shot, shifted by where the shot begins in the video."""
        found = [_shifted(action, offset_s) for action in self.actions if action.end_s <= duration_s]
        return sorted(found, key=lambda segment: (segment.start_s, segment.actor))

    def touches(self, offset_s: float, duration_s: float) -> list[Contact]:
        """Contacts that begin within the shot (cut off at its end), shifted by where the shot begins in the video."""
        found = [
            _shifted(contact.model_copy(update={"end_s": min(contact.end_s, duration_s)}), offset_s)
            for contact in self.contacts
            if contact.start_s < duration_s
        ]
        return sorted(found, key=lambda contact: (contact.start_s, contact.actor))


def path_actions(paths: Mapping[Actor, Path]) -> list[Segment]:
    """The moves of paths that are actions, in the paths' own time."""
    return [
        Segment(actor=actor, start_s=move.start_s, end_s=move.end_s, text=move.text, verb=move.verb, object=move.target)
        for actor, path in paths.items()
        for move in path.moves
        if move.text
    ]


def _shifted(span: _Span, offset_s: float) -> _Span:
    times = {"start_s": round(span.start_s + offset_s, 3), "end_s": round(span.end_s + offset_s, 3)}
    return span.model_copy(update=times)


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
            bodies = [_body(world, camera, state, body) for body in state.bodies]
            yield picture, FrameTruth(
                time_s=round(time_s + offset_s, 6), camera=_rounded(state.camera, 5), bodies=bodies,
                hands={side: hand for side, hand in hands.items() if any(hand.visible)},
            )  # fmt: skip


def _body(world: World, camera: Intrinsics, state: State, body: BodyState) -> BodyTruth:
    joints = _joint_set(world, camera, state, body.joints, body.group)
    hands: dict[Side, JointSet] = {
        side: _joint_set(world, camera, state, points, body.group) for side, points in body.hands.items()
    }
    return BodyTruth(joints_mm=joints.joints_mm, visible=joints.visible, hands=hands)


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
