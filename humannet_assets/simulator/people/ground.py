"""The floor people act on: what is free, which ways are clear, what a camera sees."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.places.place import Place, Spot
from humannet_assets.simulator.places.survey import Survey

Array = npt.NDArray[np.float64]
Point = tuple[float, float]

_REACH_M = 3.5
"""How far around the spots of a place people may go."""
_WALK_M, _STAND_M = 0.30, 0.34
"""Room to either side of somebody who walks, and around somebody who stands."""


class Ground:
    """Free floor around the spots of a place. What is put there afterwards is remembered."""

    def __init__(self, place: Place) -> None:
        """Survey a place.

        Raises:
            ValueError: It has no spot to stand on.
        """
        if not place.spots:
            raise ValueError(f"{place.name} has no spot for a person to stand on")
        points = np.array([spot.position for spot in place.spots])
        low, high = points.min(axis=0) - _REACH_M, points.max(axis=0) + _REACH_M
        self.spots: list[Spot] = list(place.spots)
        self._survey = Survey(place.builder, [(low[0], low[1], high[0], high[1])], np.random.default_rng(0))
        self._taken: list[tuple[Array, Array, float]] = []

    def clearance(self, points: npt.ArrayLike) -> Array:
        """Distance (n,) of floor points (n, 2) to the next thing, metres."""
        floor = np.atleast_2d(np.asarray(points, np.float64))
        distance = self._survey.clearance(floor)
        for middle, half, heading in self._taken:
            cos, sin = math.cos(heading), math.sin(heading)
            local = np.abs((floor - middle) @ np.array([[cos, -sin], [sin, cos]])) - half
            distance = np.minimum(distance, np.hypot(*np.maximum(local, 0).T))
        return distance

    def take(self, middle: Point, half: Point, heading_rad: float = 0.0) -> None:
        """A rectangle (half width, half depth, turned by a heading) is no longer free."""
        self._taken.append((np.array(middle), np.array(half), heading_rad))

    def fits(self, middle: Point, half: Point, heading_rad: float, margin_m: float = 0.06) -> bool:
        """Whether a rectangle is free."""
        cos, sin = math.cos(heading_rad), math.sin(heading_rad)
        x, y = np.meshgrid(np.linspace(-half[0], half[0], 5), np.linspace(-half[1], half[1], 5))
        local = np.column_stack([x.ravel(), y.ravel()])
        points = np.asarray(middle) + local @ np.array([[cos, sin], [-sin, cos]])
        return bool(np.all(self.clearance(points) >= margin_m))

    def stands(self, point: Point, room_m: float = _STAND_M) -> bool:
        """Whether somebody can stand there."""
        return bool(self.clearance([point])[0] >= room_m)

    def way(self, start: Point, goal: Point, room_m: float = _WALK_M) -> bool:
        """Whether the straight way between two points is clear (but for where it begins)."""
        a, b = np.asarray(start), np.asarray(goal)
        length = float(np.linalg.norm(b - a))
        shares = np.linspace(min(1.0, 0.25 / max(length, 1e-6)), 1.0, max(2, int(length / 0.08)))
        return bool(np.all(self.clearance(a + shares[:, None] * (b - a)) >= room_m))

    def sees(self, eye: npt.ArrayLike, points: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which points (n, 3) nothing of the place hides from an eye (3,)."""
        return self._survey.free(np.asarray(eye, np.float64), np.atleast_2d(np.asarray(points, np.float64)))
