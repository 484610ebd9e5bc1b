"""Where a camera travels to, how it turns, and how fast it goes in eye heights: on foot, or not.

The optic flow of a rigid scene is a part that turns, the same at any depth, plus a part that travels, which points away from
the direction of travel and shrinks with depth (Longuet-Higgins & Prazdny, Proc. R. Soc. B 1980). Given the direction, turning
is a linear problem, so the direction is searched for over the half sphere (Heeger & Jepson, Int. J. Computer Vision 1992) with
a robust cost.

Depth itself stays unknown, but not on the ground: at a gaze of angle a below the horizon it lies one eye height / sin a away.
The ground's flow is therefore speed in eye heights per second, the global optical flow rate by which people, too, judge their
own speed (Larish & Flach, J. Exp. Psychology: HPP 1990). Who walks makes about 0.8 (1.3 m/s at 1.6 m), a car 5 to 10 (10 m/s at
1.3 m), a robot vacuum 3 (0.3 m/s at 0.1 m), a drone 0.2 to 0.7, and it looks down on its way from above.

Camera frame: x right, y down, z forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from humannet_assets.perception.people import ramp
from humannet_assets.perception.pinhole import Pinhole

Floats = npt.NDArray[np.float64]

_MIN_CORNERS = 24
_NOISE_PX = 0.5
"""Tracking noise; the robust cost log(1 + (error / noise)^2) forgets about what moves by itself."""
_DIRECTIONS = 400
"""Directions on the whole sphere: about 10 degrees apart."""
_REFINED_RAD = (0.2, 0.06)
"""Half width of the grids about the best direction so far."""
_GRID = 7
_AGREES_PX = 1.5
_BELOW_HORIZON, _MIN_GROUND = 0.2, 10
"""Sine of the angle below the horizon from which a corner counts as ground (above, noise decides), and how many it takes."""
_GROUND_PERCENTILE = 35
"""Things stand on the ground and are nearer than it along the same ray: the ground is the lower part of what lies below."""


@dataclass(frozen=True)
class Travel:
    """Motion of the camera between two frames.

    `aside_deg` (right positive) and `tilt_deg` (down positive) are the direction of travel as seen from the picture's middle,
    `turn` (3,) the rate of rotation in degrees per second, `pace` the speed in eye heights per second: nan where no ground is
    in view.
    """

    aside_deg: float
    tilt_deg: float
    turn: tuple[float, float, float]
    pace: float


@dataclass(frozen=True)
class TravelSummary:
    """A clip's motion; nan where not measured.

    `on_foot` how far its pairs travel as walkers do (mean, 0..1), `pace` the median (eye heights per second), `turn_change` the
    median change of the rate of rotation from pair to pair, degrees per second.
    """

    on_foot: float = float("nan")
    pace: float = float("nan")
    turn_change: float = float("nan")


@dataclass(frozen=True)
class OnFoot:
    """What travelling on foot is: a pace within bounds, roughly where the head looks and about level.

    Each is a pair of limits: not at all at the first, fully at the second.
    """

    slow: tuple[float, float]
    fast: tuple[float, float]
    aside_deg: tuple[float, float]
    tilt_deg: tuple[float, float]

    def degree(self, travel: Travel) -> float:
        """How far a pair of frames agrees, 0..1; 0 without ground in view."""
        if np.isnan(travel.pace):
            return 0.0
        pace = ramp(travel.pace, *self.slow) * ramp(travel.pace, *self.fast)
        return pace * ramp(abs(travel.aside_deg), *self.aside_deg) * ramp(abs(travel.tilt_deg), *self.tilt_deg)


def measure_travel(start_px: Floats, end_px: Floats, step_s: float, width: int, height: int) -> Travel | None:
    """Motion of the camera from corners (n, 2) in one picture to the same (n, 2) in the next; None for too few of them.

    The picture is taken to be upright and its field of view the one assumed of all unknown cameras.
    """
    if len(start_px) < _MIN_CORNERS or step_s <= 0:
        return None
    camera = Pinhole.assumed(width, height)
    flow = _Flow(start_px, end_px, camera)
    direction, turn = flow.solve()
    depth_rate, agrees = flow.along(direction, turn)
    way = direction if np.median(depth_rate[agrees]) >= 0 or not agrees.any() else -direction
    rate = depth_rate / step_s * (1 if way is direction else -1)
    per_second = np.degrees(turn) / step_s
    return Travel(
        aside_deg=float(np.degrees(np.arctan2(way[0], way[2]))),
        tilt_deg=float(np.degrees(np.arcsin(np.clip(way[1], -1, 1)))),
        turn=(float(per_second[0]), float(per_second[1]), float(per_second[2])),
        pace=_pace(flow.rays, rate, agrees, way),
    )


def summarise_travel(travels: Sequence[Travel], on_foot: OnFoot) -> TravelSummary:
    """All pairs of a clip, in order of time."""
    if not travels:
        return TravelSummary()
    paces = np.array([travel.pace for travel in travels])
    changes = np.linalg.norm(np.diff([travel.turn for travel in travels], axis=0), axis=1)
    return TravelSummary(
        on_foot=float(np.mean([on_foot.degree(travel) for travel in travels])),
        pace=float(np.nanmedian(paces)) if np.isfinite(paces).any() else float("nan"),
        turn_change=float(np.median(changes)) if len(changes) else float("nan"),
    )


class _Flow:
    """The motion field of corners on the picture plane at distance 1."""

    def __init__(self, start_px: Floats, end_px: Floats, camera: Pinhole) -> None:
        middle, size = camera.centre, camera.focal_px
        start, end = (start_px - middle) / size, (end_px - middle) / size
        points, self.moved = (start + end) / 2, end - start
        x, y = points.T
        zero, one = np.zeros_like(x), np.ones_like(x)
        self.rays = np.column_stack([points, one])
        self._focal_px = size
        # Longuet-Higgins & Prazdny, equations 2.8 and 2.9: flow = travel @ direction / depth + turning @ turn.
        self._travel = np.stack([np.stack([-one, zero, x], 1), np.stack([zero, -one, y], 1)], 1)
        self._turning = np.stack([np.stack([x * y, -(1 + x * x), y], 1), np.stack([1 + y * y, -x * y, -x], 1)], 1)

    def solve(self) -> tuple[Floats, Floats]:
        """Direction of travel (3,), up to its sign, and rotation (3,) radians that leave the least error."""
        weights, candidates = np.ones(len(self.moved)), _half_sphere()
        direction, turn = candidates[0], np.zeros(3)
        for spread in (*_REFINED_RAD, 0.0):
            errors, turns = self._errors(candidates, weights)
            squares = (errors * self._focal_px / _NOISE_PX) ** 2
            best = int(np.log1p(squares).mean(axis=1).argmin())
            weights = 1 / (1 + squares[best])
            direction, turn = candidates[best], turns[best]
            candidates = _about(direction, spread)
        return direction, turn

    def _errors(self, directions: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """What each direction (k, 3) leaves unexplained across its flow lines (k, n), and its best turn (k, 3)."""
        lines = np.einsum("nij,kj->kni", self._travel, directions)
        across = np.stack([-lines[..., 1], lines[..., 0]], axis=2)
        across /= np.linalg.norm(lines, axis=2, keepdims=True) + 1e-6
        observed = np.einsum("kni,ni->kn", across, self.moved)
        design = np.einsum("kni,nij->knj", across, self._turning)
        weighted = design * weights[None, :, None]
        normal = np.einsum("kni,knj->kij", weighted, design) + 1e-9 * np.eye(3)
        turns = np.linalg.solve(normal, np.einsum("kni,kn->ki", weighted, observed)[..., None])[..., 0]
        return observed - np.einsum("knj,kj->kn", design, turns), turns

    def along(self, direction: Floats, turn: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Distance travelled over depth of each corner (n,), and which corners agree with the motion (n,)."""
        rest = self.moved - self._turning @ turn
        lines = self._travel @ direction
        length = np.maximum(np.linalg.norm(lines, axis=1), 1e-3)
        error = np.abs(lines[:, 0] * rest[:, 1] - lines[:, 1] * rest[:, 0]) / length * self._focal_px
        return (rest * lines).sum(axis=1) / length**2, (error < _AGREES_PX) & (length > 0.1)


def _pace(rays: Floats, depth_rate: Floats, agrees: npt.NDArray[np.bool_], way: Floats) -> float:
    """Eye heights per second: the horizon runs through the direction of travel, the ground lies below it."""
    down = np.array([0.0, 1.0, 0.0]) - way[1] * way
    down /= max(float(np.linalg.norm(down)), 1e-6)
    below = rays @ down
    ground = agrees & (below > _BELOW_HORIZON)
    if ground.sum() < _MIN_GROUND:
        return float("nan")
    return float(np.percentile(depth_rate[ground] / below[ground], _GROUND_PERCENTILE))


@lru_cache(maxsize=1)
def _half_sphere() -> Floats:
    """Directions (n, 3) spread evenly over the half sphere ahead (a Fibonacci lattice)."""
    index = np.arange(_DIRECTIONS) + 0.5
    z, angle = 1 - 2 * index / _DIRECTIONS, np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - z * z)
    directions = np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1)
    return np.asarray(directions[z >= 0], np.float64)


def _about(direction: Floats, spread_rad: float) -> Floats:
    """A grid of directions (49, 3) about one."""
    sides = np.linalg.svd(direction[None])[2][1:]
    offsets = np.stack(np.meshgrid(*[np.linspace(-spread_rad, spread_rad, _GRID)] * 2), -1).reshape(-1, 2)
    grid = direction + offsets @ sides
    return np.asarray(grid / np.linalg.norm(grid, axis=1, keepdims=True), np.float64)
