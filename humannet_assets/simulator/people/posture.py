"""Postures that a body can have: balanced over its feet, bent as far as its arms need to reach."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import BODY_JOINTS, Side
from humannet_assets.simulator.people.build import Build
from humannet_assets.simulator.people.footsteps import TOE_OUT_RAD
from humannet_assets.simulator.people.skeleton import (
    HEAD_STATE,
    INDEX,
    OUT,
    SHOULDERS_LOWER,
    SIDES,
    Foot,
    Moment,
    Pose,
    solve,
)

Vector = npt.NDArray[np.float64]

_JOINT: Mapping[str, int] = {name: i for i, name in enumerate(BODY_JOINTS)}

_MASSES: tuple[tuple[str, str, float, float], ...] = (
    ("elbow", "shoulder", 0.028, 0.564), ("wrist", "elbow", 0.022, 0.35), ("knee", "hip", 0.100, 0.567),
    ("ankle", "knee", 0.0610, 0.52),
)  # fmt: skip
"""Outer joint, inner joint, share of the body's mass, where it lies from the outer joint (Winter 2009, table 4.1)."""
_TRUNK_MASS, _HEAD_MASS = 0.497, 0.081
_OVER_FOOT = 0.17
"""Where the centre of mass is ahead of the ankles, in foot lengths (Winter 1995: about 5 cm)."""
_STRETCHED = 0.93
"""Reaching people bend rather than stretch the arm further than this share of its length."""

Reach = Mapping[Side, Vector]


def stance_half_m(build: Build) -> float:
    """Half the distance between the feet of somebody who stands."""
    return 0.055 * build.height_m


def standing_moment(build: Build, trunk: Vector, arms: Mapping[Side, Vector], half_m: float | None = None) -> Moment:
    """Somebody who stands at the origin."""
    half = stance_half_m(build) if half_m is None else half_m
    feet: dict[Side, Foot] = {side: Foot(OUT[side] * half, 0.0, -OUT[side] * TOE_OUT_RAD) for side in SIDES}
    return Moment((0.0, 0.0, 0.0), feet, trunk, np.zeros(HEAD_STATE), arms)


def centre_of_mass(pose: Pose) -> Vector:
    """Centre of mass (3,) of a body, world, metres."""
    joints = {name: pose.joints[i] for name, i in _JOINT.items()}
    hips = (joints["left_hip"] + joints["right_hip"]) / 2
    shoulders = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
    total = _TRUNK_MASS * (hips + shoulders) / 2 + _HEAD_MASS * pose.origins[INDEX["head"]]
    mass = _TRUNK_MASS + _HEAD_MASS
    for outer, inner, share, at in _MASSES:
        for side in SIDES:
            a, b = joints[f"{side}_{outer}"], joints[f"{side}_{inner}"]
            total = total + share * (a + (b - a) * at)
            mass += share
    return total / mass


def balanced(build: Build, trunk: Vector, arms: Mapping[Side, Vector], half_m: float | None = None) -> Vector:
    """The trunk's state with the pelvis moved until the centre of mass is over the feet."""
    state = trunk.copy()
    for _ in range(4):
        centre = centre_of_mass(solve(build, standing_moment(build, state, arms, half_m)))
        state[0] -= 0.8 * centre[0]
        state[1] -= 0.8 * (centre[1] - _OVER_FOOT * build.foot)
    return state


def sockets(build: Build, pose: Pose) -> dict[Side, Vector]:
    """Where the shoulders are before an arm lifts them, world: what `follow` refers to."""
    origin, axes = pose.frame("chest")
    return {
        side: origin + axes @ np.array([OUT[side] * build.shoulder_half, 0.0, (0.44 - SHOULDERS_LOWER) * build.spine])
        for side in SIDES
    }


def reaching(
    build: Build, wrists: Reach, arms: Mapping[Side, Vector], *, upright: Vector, squat: bool = False, seated: bool = False
) -> Vector:
    """The trunk's state in which all wrists (root frame) come within reach: bent and twisted as little as that needs.

    Args:
        build: Whose body.
        wrists: Where the wrists are to be.
        arms: The arms' states there, for the balance.
        upright: State of the trunk that needs no more if everything is within reach.
        squat: Whether the knees bend too, as when something is taken from the floor.
        seated: Whether a seat holds the body, so that it needs no balance.
    """
    sides = tuple(wrists)
    twist = 0.35 * OUT[sides[0]] if len(sides) == 1 else 0.0
    state = upright
    for much in np.linspace(0.0, 1.0, 13):
        down = -0.50 * build.leg * much if squat else 0.0
        bent = np.array([0, 0, down, 0.80 * much, 0.62 * much, 0.0, min(1.0, 2.5 * much) * twist])
        state = upright + bent
        if much and not seated:
            state = balanced(build, state, arms)
        shoulders = sockets(build, solve(build, standing_moment(build, state, arms)))
        if all(np.linalg.norm(wrists[side] - shoulders[side]) <= _STRETCHED * build.arm for side in sides):
            break
    return state


def gaze(pose: Pose, point: Vector, heading: float) -> Vector:
    """State of a head that looks at a point of the world; the eyes do the rest where a neck cannot follow."""
    origin, axes = pose.frame("head")
    way = point - (origin + axes[:, 2] * 0.05)
    yaw = math.atan2(-way[0], way[1]) - heading
    yaw = (yaw + math.pi) % (2 * math.pi) - math.pi
    pitch = math.atan2(way[2], math.hypot(way[0], way[1]))
    # Heads make most of a wide gaze shift, not all of it (Stahl, Exp. Brain Res. 1999).
    return np.array([min(max(0.8 * yaw, -1.15), 1.15), min(max(0.75 * pitch, -0.95), 0.6), 0.0])
