"""Where the feet are: a person moves through a place by footsteps, and a foot that stands does not slide.

Timing of a walk after Perry & Burnfield, Gait Analysis (2010): a foot swings for 40 % of a stride, both feet stand for 10 % of
it twice; the heel lands first and leaves first.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.motion import minimum_jerk
from humannet_assets.simulator.people.build import Build
from humannet_assets.simulator.people.skeleton import OUT, SIDES, Foot

Vector = npt.NDArray[np.float64]

TOE_OUT_RAD = 0.12
"""Feet point outwards by 7 degrees (Perry & Burnfield)."""

_SWING_SHARE = 0.80
"""How much of a step's time its foot is in the air."""
_TURN_RAD = math.radians(55)
"""Most that one step turns."""
_SHIFT_S = 0.05
"""The body moves this much before the first foot leaves."""
_HEEL_OFF_S, _FOOT_FLAT_S = 0.16, 0.10
_HEEL_OFF_RAD, _HEEL_STRIKE_RAD = math.radians(34), math.radians(-17)
"""Roll of a foot that leaves, or lands, in a step as long as a leg."""


@dataclass(frozen=True)
class Footstep:
    """One foot goes from one place (x, y, yaw) to another.

    `lift_m` is how high, `roll` how much the foot rolls (0..1), `sway_m` how far the pelvis moves over the other foot. A foot
    that is lifted with a `softness` of 2 leaves and lands without speed.
    """

    side: Side
    start_s: float
    end_s: float
    origin: tuple[float, float, float]
    goal: tuple[float, float, float]
    lift_m: float
    roll: float
    sway_m: float = 0.022
    softness: float = 1.0

    def share(self, time_s: float) -> float:
        """Progress, 0..1."""
        return (time_s - self.start_s) / (self.end_s - self.start_s)

    def foot(self, time_s: float) -> Foot:
        """The foot while it is in the air."""
        share = min(max(self.share(time_s), 0.0), 1.0)
        # A foot is swung more evenly than a hand is moved.
        way = 0.5 - 0.5 * math.cos(math.pi * share)
        x, y, yaw = (a + (b - a) * way for a, b in zip(self.origin, self.goal, strict=True))
        rolled = _eased(
            share, ((0.0, _HEEL_OFF_RAD), (0.45, 0.25 * _HEEL_OFF_RAD), (0.9, _HEEL_STRIKE_RAD), (1.0, _HEEL_STRIKE_RAD))
        )
        return Foot(x, y, yaw, self.lift_m * math.sin(math.pi * share) ** self.softness, self.roll * rolled)


@dataclass
class Footsteps:
    """All steps of a person, built up in the order of time, and where that puts feet and root at any time."""

    build: Build
    position: tuple[float, float]
    heading_rad: float
    steps: list[Footstep] = field(default_factory=list)
    _places: dict[Side, list[Footstep]] = field(default_factory=lambda: {"left": [], "right": []})

    def __post_init__(self) -> None:
        self._half = 0.055 * self.build.height_m
        self._first: dict[Side, tuple[float, float, float]] = {
            side: self.placed(side, self.position, self.heading_rad) for side in SIDES
        }
        # Knots of the root's way: time, x, y, heading, and whether it rests there.
        self._knots: list[tuple[float, float, float, float, bool]] = [(0.0, *self.position, self.heading_rad, True)]

    # Planning.

    def placed(
        self, side: Side, position: tuple[float, float], heading: float, half: float | None = None
    ) -> tuple[float, float, float]:
        """Place of a foot of somebody who stands there."""
        aside = (self._half if half is None else half) * OUT[side]
        return (
            position[0] + aside * math.cos(heading),
            position[1] + aside * math.sin(heading),
            heading - OUT[side] * TOE_OUT_RAD,
        )

    @property
    def here(self) -> tuple[float, float, float]:
        """Root (x, y, heading) after the last step."""
        _, x, y, heading, _ = self._knots[-1]
        return (x, y, heading)

    def walk(
        self,
        start_s: float,
        points: list[tuple[float, float]],
        heading: float | None,
        *,
        pace: float = 1.0,
        step_m: float = 0.0,
    ) -> float:
        """Walk along points (the last one is the goal) and turn to a heading at the end; returns when it is over.

        Args:
            start_s: When the first foot leaves.
            points: Corners of the way, world.
            heading: Which way to face in the end; None for the way of the last steps.
            pace: Scales the time of a step (.52 s for an adult of 1.74 m).
            step_m: Length of a step; .40 of stature if 0.
        """
        way = Polyline([self.here[:2], *points])
        # Short legs swing faster (pendulum: square root of length).
        step_s = 0.52 * pace * math.sqrt(self.build.height_m / 1.74)
        now = start_s
        if way.length > 0.05:
            now = self._turn(now, way.heading(0.0), step_s, at_most=_TURN_RAD)
            count = max(1, math.ceil(way.length / (step_m or 0.40 * self.build.height_m)))
            side: Side = "left" if _wrapped(way.heading(0.3) - self.here[2]) > 0 else "right"
            for k in range(1, count + 1):
                last = k == count
                at = way.length * k / count
                self._step(now, step_s, side, way.point(at), way.heading(at), half=None if last else 0.55 * self._half)
                now += step_s
                side = "right" if side == "left" else "left"
            self._step(now, 0.85 * step_s, side, way.point(way.length), way.heading(way.length))
            now += 0.85 * step_s
        if heading is not None:
            now = self._turn(now, heading, step_s)
        self._rest(now)
        return now

    def turn(self, start_s: float, heading: float, *, pace: float = 1.0) -> float:
        """Turn on the spot; returns when it is over."""
        now = self._turn(start_s, heading, 0.5 * pace)
        self._rest(now)
        return now

    def hop(self, start_s: float, seconds: float, half_m: float | None = None, lift_m: float = 0.07) -> float:
        """Jump with both feet at once until they stand `half_m` from the middle (None: as usual); returns when it is over."""
        x, y, heading = self.here
        for side in SIDES:
            self._add(
                Footstep(
                    side, start_s, start_s + seconds, self._last(side), self.placed(side, (x, y), heading, half_m), lift_m, 0.0
                )
            )
        self._rest(start_s + seconds)
        return start_s + seconds

    def shift(self, start_s: float, seconds: float, side: Side, aside_m: float) -> float:
        """Step to a side and bring the other foot along; returns when it is over."""
        x, y, heading = self.here
        out = OUT[side] * aside_m
        goal = (x + out * math.cos(heading), y + out * math.sin(heading))
        for k, foot in enumerate((side, "right" if side == "left" else "left")):
            begin = start_s + k * seconds / 2
            self._add(
                Footstep(
                    foot,
                    begin + 0.1 * seconds / 2,
                    begin + 0.9 * seconds / 2,
                    self._last(foot),
                    self.placed(foot, goal, heading),
                    0.035,
                    0.1,
                )
            )
            if k == 0:
                self._knots.append((begin + seconds / 2, (x + goal[0]) / 2, (y + goal[1]) / 2, heading, False))
        self._rest(start_s + seconds)
        return start_s + seconds

    def raise_foot(self, start_s: float, seconds: float, side: Side, lift_m: float) -> float:
        """Lift a foot and put it down where it was; returns when it is over."""
        place = self._last(side)
        self._add(Footstep(side, start_s, start_s + seconds, place, place, lift_m, 0.0, 0.05, 2.0))
        self._rest(start_s + seconds)
        return start_s + seconds

    def _turn(self, now: float, heading: float, step_s: float, at_most: float = 0.0) -> float:
        """Steps on the spot until it is less than `at_most` off."""
        x, y, _ = self.here
        while abs(rest := _wrapped(heading - self.here[2])) > max(at_most, 0.02):
            part = math.copysign(min(abs(rest), _TURN_RAD), rest)
            goal = self.here[2] + part
            # The foot on the inner side goes first, so that the legs do not cross.
            first: Side = "left" if part > 0 else "right"
            for side in (first, "right" if first == "left" else "left"):
                self._step(now, 0.9 * step_s, side, (x, y), goal, both=side != first)
                now += 0.9 * step_s
        return now

    def _step(
        self, start_s: float, seconds: float, side: Side, position: tuple[float, float], heading: float, *,
        half: float | None = None, both: bool = False,
    ) -> None:  # fmt: skip
        goal = self.placed(side, position, heading, half)
        origin = self._last(side)
        length = math.hypot(goal[0] - origin[0], goal[1] - origin[1])
        roll = min(1.0, 0.5 * length / self.build.leg)
        in_air = _SWING_SHARE * seconds
        begin = start_s + (seconds - in_air) / 2
        self._add(Footstep(side, begin, begin + in_air, origin, goal, 0.03 + 0.03 * roll, roll))
        other = self._last("right" if side == "left" else "left")
        middle = ((goal[0] + other[0]) / 2, (goal[1] + other[1]) / 2)
        facing = self._knots[-1][3] + _wrapped(heading - self._knots[-1][3]) * (1.0 if both or length > 0.25 else 0.5)
        self._knots.append((start_s + seconds, *middle, facing, False))

    def _add(self, step: Footstep) -> None:
        # Feet turn the short way round.
        x, y, yaw = step.goal
        step = replace(step, goal=(x, y, step.origin[2] + _wrapped(yaw - step.origin[2])))
        self.steps.append(step)
        self._places[step.side].append(step)

    def _rest(self, time_s: float) -> None:
        """The root stands between the feet from now on."""
        left, right = self._last("left"), self._last("right")
        heading = self._knots[-1][3]
        facing = heading + _wrapped(left[2] + _wrapped(right[2] - left[2]) / 2 - heading)
        if self._knots[-1][0] >= time_s - 1e-9:
            self._knots.pop()
        self._knots.append((time_s, (left[0] + right[0]) / 2, (left[1] + right[1]) / 2, facing, True))

    def _last(self, side: Side) -> tuple[float, float, float]:
        places = self._places[side]
        return places[-1].goal if places else self._first[side]

    # At a time.

    def foot(self, side: Side, time_s: float) -> Foot:
        """A foot at a time."""
        steps = self._places[side]
        latest = bisect_right(steps, time_s, key=lambda step: step.start_s) - 1
        step = steps[latest] if latest >= 0 else None
        if step is not None and time_s < step.end_s:
            return step.foot(time_s)
        place = step.goal if step is not None else self._first[side]
        roll = 0.0
        if step is not None and time_s < step.end_s + _FOOT_FLAT_S:
            roll = step.roll * _HEEL_STRIKE_RAD * (1 - minimum_jerk((time_s - step.end_s) / _FOOT_FLAT_S))
        after = steps[latest + 1] if latest + 1 < len(steps) else None
        if after is not None and time_s > after.start_s - _HEEL_OFF_S:
            roll += after.roll * _HEEL_OFF_RAD * minimum_jerk((time_s - after.start_s + _HEEL_OFF_S) / _HEEL_OFF_S)
        return Foot(*place, 0.0, roll)

    def root(self, time_s: float) -> tuple[float, float, float]:
        """Root (x, y, heading) at a time: a smooth way through the places between the feet, at rest where they stand still."""
        knots = self._knots
        after = bisect_right(knots, time_s, key=lambda knot: knot[0])
        if after == 0:
            return knots[0][1:4]
        if after == len(knots):
            return knots[-1][1:4]
        start, end = knots[after - 1], knots[after]
        if start[4]:
            # From a rest the root moves with the first step, not before.
            first = next(step for step in self.steps if step.start_s >= start[0] - 1e-9)
            begin = max(start[0], first.start_s - _SHIFT_S)
            start = (begin, *start[1:])
            if time_s <= begin:
                return start[1], start[2], start[3]
        span = end[0] - start[0]
        s = (time_s - start[0]) / span
        result = []
        for axis in (1, 2, 3):
            v0, v1 = self._speed(after - 1, axis), self._speed(after, axis)
            a, b = start[axis], end[axis]
            result.append(
                a + (b - a) * minimum_jerk(s)
                + span * (v0 * (s - 6 * s**3 + 8 * s**4 - 3 * s**5) + v1 * (-4 * s**3 + 7 * s**4 - 3 * s**5))
            )  # fmt: skip
        aside = 0.0
        for step in self.steps[max(0, bisect_right(self.steps, time_s, key=lambda step: step.start_s) - 2) :]:
            if step.start_s > time_s:
                break
            share = step.share(time_s)
            if 0 < share < 1:
                # The pelvis moves over the foot that stands.
                aside -= step.sway_m * OUT[step.side] * math.sin(math.pi * share) ** 2
        return result[0] + aside * math.cos(result[2]), result[1] + aside * math.sin(result[2]), result[2]

    def _speed(self, index: int, axis: int) -> float:
        """Speed of the root at a knot."""
        knots = self._knots
        if index in (0, len(knots) - 1) or knots[index][4]:
            return 0.0
        before, after = knots[index - 1], knots[index + 1]
        return (after[axis] - before[axis]) / (after[0] - before[0])


class Polyline:
    """A way whose corners are cut, measured along its length."""

    _CORNER_M = 0.5

    def __init__(self, points: list[tuple[float, float]]) -> None:
        self._points = np.asarray(points, np.float64)
        steps = np.linalg.norm(np.diff(self._points, axis=0), axis=1)
        self._knots = np.concatenate([[0.0], np.cumsum(steps)])
        self.length = float(self._knots[-1])

    def point(self, along: float) -> tuple[float, float]:
        """A point of the way."""
        # Averaging over a stretch rounds corners; at the ends the stretch shrinks, so that they are kept.
        reach = min(self._CORNER_M, along, self.length - along)
        at = along + np.linspace(-reach, reach, 7)
        x, y = (float(np.interp(at, self._knots, self._points[:, axis]).mean()) for axis in (0, 1))
        return (x, y)

    def heading(self, along: float) -> float:
        """Its direction there."""
        a, b = self.point(max(0.0, along - 0.15)), self.point(min(self.length, along + 0.15))
        return math.atan2(-(b[0] - a[0]), b[1] - a[1])


def _wrapped(angle: float) -> float:
    """The same direction between -pi and pi."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


def _eased(share: float, knots: tuple[tuple[float, float], ...]) -> float:
    """Smooth steps through values at shares."""
    for (a, low), (b, high) in pairwise(knots):
        if share <= b:
            s = (share - a) / (b - a)
            return low + (high - low) * s * s * (3 - 2 * s)
    return knots[-1][1]
