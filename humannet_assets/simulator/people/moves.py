"""Arms in the positions that everyday actions need. Points are in the root frame of the performer, metres."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.hands import Fingers, curled
from humannet_assets.simulator.people.performer import Arm, Performer
from humannet_assets.simulator.people.skeleton import OUT, SIDES, unit
from humannet_assets.simulator.people.things import PALM_M
from humannet_assets.simulator.wearer.grasps import RELAXED, Grasp, grasp_of

Vector = npt.NDArray[np.float64]

STRAIGHT = Fingers(np.deg2rad([[3, 4, 2], [3, 4, 2], [3, 5, 2], [4, 6, 3]]), 0.05, 0.0, 1.1)
"""A flat hand, as for a wave or a clap."""


def handy(performer: Performer) -> Side:
    """The hand that is preferred."""
    return "left" if performer.person.left_handed else "right"


def against_shoulder(
    performer: Performer,
    side: Side,
    offset: tuple[float, float, float],
    along: npt.ArrayLike,
    back: npt.ArrayLike,
    fingers: Fingers = RELAXED,
    swivel_rad: float = 0.0,
) -> Arm:
    """A wrist at an offset from the shoulder, in arm lengths: (outwards, ahead, up). `along` and `back` likewise."""
    out = np.array([OUT[side], 1.0, 1.0])
    wrist = np.asarray(offset) * out * performer.build.arm
    return Arm(wrist, np.asarray(along) * out, np.asarray(back) * out, fingers, follow=1.0, swivel_rad=swivel_rad)


def holding(
    performer: Performer,
    side: Side,
    grasp: Grasp,
    point: Vector,
    along: npt.ArrayLike,
    back: npt.ArrayLike,
    swivel_rad: float = 0.0,
) -> Arm:
    """A hand that grasps something whose grasp point is there; `along` and `back` have outwards as their x."""
    out = np.array([OUT[side], 1.0, 1.0])
    mirrored = grasp.mirrored(side)
    arm = Arm(np.zeros(3), np.asarray(along) * out, np.asarray(back) * out, mirrored.fingers, swivel_rad=swivel_rad)
    wrist = np.asarray(point) - arm.axes() @ (mirrored.centre * performer.build.hand)
    return Arm(wrist, arm.along, arm.back, mirrored.fingers, swivel_rad=swivel_rad)


def around(performer: Performer, side: Side, point: Vector, radius_m: float, tilt_rad: float = 0.0) -> Arm:
    """A hand around an upright cylinder, thumb up; `tilt_rad` tips the cylinder towards the person."""
    inward = -0.35 if abs(float(point[0])) < 0.25 else -0.05
    along = (inward, math.cos(tilt_rad) * 0.95, -math.sin(tilt_rad) * 0.0 - 0.12)
    return holding(performer, side, grasp_of("wrap", round(radius_m, 3)), point, along, (1.0, 0.30, 0.0))


def tipped(performer: Performer, arm: Arm, point: Vector, grasp: Grasp, side: Side, angle_rad: float) -> Arm:
    """The same grasp with what is held tipped towards the person, its grasp point there."""
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    along, back = turn @ unit(arm.along), turn @ unit(arm.back)
    bent = Arm(np.zeros(3), along, back, arm.fingers)
    wrist = np.asarray(point) - bent.axes() @ (grasp.mirrored(side).centre * performer.build.hand)
    return Arm(wrist, along, back, arm.fingers, swivel_rad=arm.swivel_rad)


def flat_on(performer: Performer, side: Side, point: Vector) -> Arm:
    """A flat hand on a surface."""
    return holding(performer, side, grasp_of("flat", 0.0), point, (-0.15, 1.0, -0.05), (0.0, 0.05, 1.0))


def palms(
    performer: Performer,
    point: Vector,
    half_m: float,
    *,
    along: npt.ArrayLike = (-0.05, 0.92, -0.38),
    squeeze_m: float = 0.004,
    turn: float = 0.0,
) -> dict[Side, Arm]:
    """Both hands flat against the sides of something whose middle is there, `half_m` from it."""
    arms: dict[Side, Arm] = {}
    for side in SIDES:
        out = np.array([OUT[side], 1.0, 1.0])
        shape = Arm(np.zeros(3), np.asarray(along) * out, np.array([1.0, 0.0, 0.0]) * out, curled(0.12))
        face = np.asarray(point) + np.array([OUT[side] * (half_m - squeeze_m), turn * OUT[side], 0.0])
        wrist = face - shape.axes() @ (PALM_M * performer.build.hand)
        arms[side] = Arm(wrist, shape.along, shape.back, shape.fingers)
    return arms


def under(performer: Performer, point: Vector, half_m: float) -> dict[Side, Arm]:
    """Both hands under and beside something that is read or handed over: palms up and inwards."""
    arms: dict[Side, Arm] = {}
    for side in SIDES:
        out = np.array([OUT[side], 1.0, 1.0])
        shape = Arm(np.zeros(3), np.array([-0.25, 0.95, 0.15]) * out, np.array([0.55, -0.1, -0.85]) * out, curled(0.35))
        face = np.asarray(point) + np.array([OUT[side] * half_m, 0.0, 0.0])
        wrist = face - shape.axes() @ (PALM_M * performer.build.hand)
        arms[side] = Arm(wrist, shape.along, shape.back, shape.fingers)
    return arms


def carried(performer: Performer, arms: Mapping[Side, Arm], trunk: Vector | None = None) -> dict[Side, Arm]:
    """The same arms, but going with the trunk: what is carried moves with the body."""
    shoulders = performer.shoulders(trunk)
    return {
        side: Arm(arm.wrist - shoulders[side], arm.along, arm.back, arm.fingers, 1.0, 0.0, arm.swivel_rad)
        for side, arm in arms.items()
    }  # fmt: skip


def mouth(performer: Performer, trunk: Vector | None = None) -> Vector:
    """Where the mouth is, root frame, when the head looks ahead."""
    shoulders = performer.shoulders(trunk)
    middle = (shoulders["left"] + shoulders["right"]) / 2
    build = performer.build
    return middle + np.array([0.0, 0.085 * build.head + 0.012, 0.056 * build.height_m + 0.022 * build.head])


def pointing(performer: Performer, side: Side, target: Vector) -> Arm:
    """An arm that points to a target, index finger stretched."""
    shoulder = performer.shoulders()[side]
    way = unit(np.asarray(target) - shoulder)
    fingers = grasp_of("point", 0.0).fingers
    return Arm(way * 0.94 * performer.build.arm, way, np.array([0.55 * OUT[side], 0.0, 1.0]), fingers, follow=1.0)


def reach(
    performer: Performer,
    arms: Mapping[Side, Arm],
    text: str,
    verb: str,
    noun: str,
    *,
    seconds: float = 1.0,
    squat: bool = False,
    lift_m: float = 0.0,
    look: npt.ArrayLike | None = None,
    straight: bool = False,
) -> None:
    """Arms go where they are wanted, the trunk as far along as that needs."""
    trunk = performer.reach(arms, squat=squat)
    way = float(np.linalg.norm(trunk - performer.trunk.position))
    performer.act(
        seconds + 0.5 * min(way, 1.2), text, verb, noun, arms=arms, trunk=trunk, look=look, lift_m=lift_m, straight=straight
    )
