"""The ways of arms: straight through space, or on an arc around the shoulder."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.people.skeleton import cross, unit

Vector = npt.NDArray[np.float64]

_FAR_RAD = math.radians(120)
"""An arc wider than this needs to be told on which side it passes."""


def between(a: Vector, b: Vector, share: float) -> Vector:
    """Direction on the shortest arc between two directions."""
    cos = min(max(float(a @ b), -1.0), 1.0)
    angle = math.acos(cos)
    if angle < 1e-4 or angle > math.pi - 1e-4:
        return a if share < 0.5 else b
    return (math.sin((1 - share) * angle) * a + math.sin(share * angle) * b) / math.sin(angle)


def arc(start: Vector, goal: Vector, via: Vector, share: float) -> Vector:
    """Point (3,) on the way from `start` to `goal` around the origin: length and direction change alike.

    Wide arcs pass on the side of `via`.
    """
    long, far = math.sqrt(float(start @ start)), math.sqrt(float(goal @ goal))
    a, b = start / max(long, 1e-9), goal / max(far, 1e-9)
    if float(a @ b) < math.cos(_FAR_RAD):
        way = between(between(a, via, share), between(via, b, share), share)
    else:
        way = between(a, b, share)
    return way * (long + (far - long) * share)


def arm_curve(
    origin: Vector, goal: Vector, shoulders: tuple[Vector, Vector], out: float, *, straight: bool = False, lift_m: float = 0.0,
    way: Callable[[float], Vector] | None = None,
) -> Callable[[float], Vector]:  # fmt: skip
    """Way of an arm's state (see `skeleton.ARM_STATE`), by the share 0..1 that is covered.

    Args:
        origin: State at the beginning.
        goal: State at the end.
        shoulders: Where the shoulder is in the root frame at the beginning and at the end.
        out: -1 for the left arm, 1 for the right one: wide arcs pass outside and ahead of the body.
        straight: Whether the wrist goes straight.
        lift_m: How far the middle of the way is raised.
        way: What is added to the wrist's place on the way.
    """
    first, last = shoulders
    start = origin[:3] - (1 - origin[10]) * first
    end = goal[:3] - (1 - goal[10]) * last
    via = unit(np.array([0.8 * out, 0.6, 0.1]))
    before, after = _axes(origin), _axes(goal)
    # Hands go along with the arm and turn against it by what is left.
    carried = np.eye(3) if straight else _carried(start, end, via, 1.0)
    turn = _rotation_vector(before.T @ carried.T @ after)
    angle = float(np.linalg.norm(turn))

    def curve(share: float) -> Vector:
        state = origin + (goal - origin) * share
        offset = start + (end - start) * share if straight else arc(start, end, via, share)
        offset[2] += lift_m * 4 * share * (1 - share)
        if way is not None:
            offset = offset + way(share) * (out, 1, 1)
        shoulder = first + (last - first) * share
        state[:3] = offset + (1 - state[10]) * shoulder
        axes = before @ rotation(turn, angle * share) if angle > 1e-6 else before
        if not straight:
            axes = _carried(start, end, via, share) @ axes
        state[3:6], state[6:9] = axes[:, 1], axes[:, 2]
        return state

    return curve


def _carried(start: Vector, goal: Vector, via: Vector, share: float) -> Matrix:
    """Rotation (3, 3) of the direction from the shoulder until that share of an arc."""
    a, b, c = (unit(arc(start, goal, via, part)) for part in (0.0, 0.5 * share, share))
    return _shortest(b, c) @ _shortest(a, b)


def _shortest(a: Vector, b: Vector) -> Matrix:
    """The least rotation that takes one direction to another."""
    axis = cross(a, b)
    sin = math.sqrt(float(axis @ axis))
    if sin < 1e-9:
        return np.eye(3)
    return rotation(axis, math.atan2(sin, float(a @ b)))


def _axes(state: Vector) -> Matrix:
    along = unit(state[3:6])
    back = unit(state[6:9] - along * float(state[6:9] @ along))
    return np.column_stack([cross(along, back), along, back])


def _rotation_vector(turn: Matrix) -> Vector:
    """Axis times angle of a rotation."""
    angle = math.acos(min(max((float(np.trace(turn)) - 1) / 2, -1.0), 1.0))
    if angle < 1e-6:
        return np.zeros(3)
    if angle > math.pi - 1e-3:
        # Half a turn: the axis is the eigenvector of 1.
        axis = np.linalg.svd(turn - np.eye(3))[2][-1]
        return axis * angle
    axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    return axis / (2 * math.sin(angle)) * angle
