"""A shot: a scene, somebody acting in it, a camera. Rendered frame by frame together with its ground truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import (
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
from humannet_assets.simulator.world import RGB, RenderQuality, SceneBuilder, World

LEFT_GROUP, RIGHT_GROUP, BODY_GROUP = 2, 3, 4
"""Geometry groups of the actors: visibility of an actor's joints is judged against everything but its own group."""

_Span = TypeVar("_Span", Segment, Contact)

HAND_GROUP: dict[Side, int] = {"left": LEFT_GROUP, "right": RIGHT_GROUP}


@dataclass(frozen=True)
class MapSize:
    """Depth and instance maps are made of every `every`-th frame, width x height pixels."""

    every: int
    width: int
    height: int


@dataclass
class Frame:
    """One frame of footage: the picture (H, W, 3) uint8 and its truth.

    `depth_m` (float32, along the optical axis, 0 where nothing is) and `instances` (uint16, indices into `names`) are there
    for the frames of which maps were asked for.
    """

    picture: RGB
    truth: FrameTruth
    depth_m: npt.NDArray[np.float32] | None = None
    instances: npt.NDArray[np.uint16] | None = None
    names: tuple[str, ...] = ()


class Footage(Protocol):
    """What a take shows. `Shot` renders a scene; a screen recording draws its pictures without one."""

    @property
    def description(self) -> str:
        """One sentence."""
        ...

    @property
    def environment(self) -> str:
        """HumanNet's top-level environment."""
        ...

    @property
    def viewpoint(self) -> Viewpoint:
        """Who films."""
        ...

    @property
    def human_centric(self) -> bool:
        """Whether a person acts."""
        ...

    vertical_fov_deg: float
    """Vertical field of view in degrees; 0 where there is no camera."""

    def truth(self, start_frame: int, end_frame: int) -> ShotTruth:
        """The sidecar's entry."""
        ...

    def segments(self, offset_s: float, duration_s: float) -> list[Segment]:
        """Atomic actions, shifted by where the take begins in the video."""
        ...

    def touches(self, offset_s: float, duration_s: float) -> list[Contact]:
        """Contacts, shifted likewise."""
        ...

    def cut_frames(self, size: tuple[int, int], times_s: Sequence[float]) -> list[int]:
        """Which of the frames at these times are the first after a cut inside the take."""
        ...

    def render(
        self,
        size: tuple[int, int],
        times_s: Sequence[float],
        *,
        offset_s: float = 0.0,
        quality: RenderQuality | None = None,
        maps: MapSize | None = None,
    ) -> Iterator[Frame]:
        """Frames of width x height at times of the take's own clock; times of the truth are shifted by `offset_s`."""
        ...


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

    def render(
        self,
        size: tuple[int, int],
        times_s: Sequence[float],
        *,
        offset_s: float = 0.0,
        quality: RenderQuality | None = None,
        maps: MapSize | None = None,
    ) -> Iterator[Frame]:
        """Frames of width x height at times of the shot's own clock; times of the truth are shifted by `offset_s`.

        Raises:
            RenderingUnavailableError: MuJoCo or OpenGL is missing.
        """
        camera = intrinsics(*size, self.vertical_fov_deg)
        map_size = None if maps is None else (maps.width, maps.height)
        with self.builder.build(*size, self.vertical_fov_deg, quality=quality, map_size=map_size) as world:
            for index, time_s in enumerate(times_s):
                state = self.animate(world, time_s)
                hands: dict[Side, JointSet] = {
                    side: _joint_set(world, camera, state, joints, HAND_GROUP[side]) for side, joints in state.hands.items()
                }
                gain = round(state.exposure, 3)
                truth = FrameTruth(
                    time_s=round(time_s + offset_s, 6), camera=_rounded(state.camera, 5), exposure=gain,
                    hands={side: hand for side, hand in hands.items() if any(hand.visible)},
                    bodies=[_body(world, camera, state, body) for body in state.bodies],
                )  # fmt: skip
                frame = Frame(_exposed(world.render(state.camera), gain), truth, names=world.instances)
                if maps is not None and index % maps.every == 0:
                    frame.depth_m, frame.instances = world.depth_and_instances(state.camera)
                yield frame

    def cut_frames(self, size: tuple[int, int], times_s: Sequence[float]) -> list[int]:
        """None: a shot is what lies between two cuts."""
        return []

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


def _shifted(span: _Span, offset_s: float) -> _Span:
    times = {"start_s": round(span.start_s + offset_s, 3), "end_s": round(span.end_s + offset_s, 3)}
    return span.model_copy(update=times)


def render_shot(
    shot: Shot, width: int, height: int, times_s: Sequence[float], offset_s: float = 0.0
) -> Iterator[tuple[RGB, FrameTruth]]:
    """Pictures and truths only; see `Shot.render`."""
    for frame in shot.render((width, height), times_s, offset_s=offset_s):
        yield frame.picture, frame.truth


def _exposed(picture: RGB, gain: float) -> RGB:
    """What automatic exposure makes of a picture: a gain, cut off at white."""
    if gain == 1.0:
        return picture
    table = np.clip(np.arange(256) * gain + 0.5, 0, 255).astype(np.uint8)
    return table[picture]


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
