"""What a finished scene offers: where one can walk and stand, and from where a fixed camera sees it.

A place is first built, then surveyed: clearances are measured from the scene's own geometry, so that a route is free
whatever stands in the room. Everything is bounded by oriented boxes, which errs on the safe side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from humannet_assets.simulator.places.place import Spot, Viewpost
from humannet_assets.simulator.places.room import NoRoomError, Rect
from humannet_assets.simulator.world import SCENERY, Part, SceneBuilder

Points = npt.NDArray[np.float64]

WALK_M, STAND_M = 0.42, 0.66
"""Clearance of routes and spots: what `Place` promises (0.35 and 0.6 m) and a margin for corners that are cut."""

BODY_M = (0.04, 1.95)
"""Heights between which a body touches things: above rugs and thresholds, below lamps."""

TRIPOD_RANGE_M, POST_RANGE_M = (2.1, 5.9), (2.1, 11.5)
SPOT_APART_M = 0.9
"""Two people on two spots do not touch."""

_SKIN_M = 0.005
"""Bounding boxes are larger by this."""

_CHUNK = 1500
"""Points handled at once: a hundred parts need some megabytes."""

_FACING_RAD = math.radians(50)
"""Cameras are within this of where a spot faces."""

_STEEP_RAD = math.radians(35)
"""Surveillance cameras look down less than this if they can."""

_SEEN_AT = (
    (0.0, 0.06), (0.0, 0.25), (-0.2, 0.5), (0.0, 0.45), (0.2, 0.5), (0.0, 0.65), (0.0, 0.85), (0.0, 1.05), (-0.28, 1.2),
    (0.28, 1.2), (0.0, 1.35), (0.0, 1.72),
)  # fmt: skip
"""Points of a standing body (sideways, height) a camera must see."""

_SEEN_FIRST = ((0.0, 0.3), (0.0, 1.05))


def corners(part: Part) -> Points:
    """The corners (8, 3) of a part's oriented bounding box."""
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
    return np.asarray(part.position) + (signs * half_sizes(part)) @ part.frame.T


def half_sizes(part: Part) -> Points:
    """Half sizes (3,) of a part's bounding box in its own frame."""
    size = part.size
    if part.shape == "plane":
        return np.array([size[0], size[1], 0.0])
    if part.shape == "sphere":
        return np.full(3, size[0])
    if part.shape == "cylinder":
        return np.array([size[0], size[0], size[1]])
    if part.shape == "capsule":
        return np.array([size[0], size[0], size[1] + size[0]])
    return np.array(size[:3])


class Survey:
    """Measures a scene within its walkable floor."""

    def __init__(self, builder: SceneBuilder, floors: Sequence[Rect], rng: np.random.Generator, step_m: float = 0.1) -> None:
        """Take the scenery's geometry; `floors` are the rectangles people may walk on."""
        self._rng = rng
        self._step_m = step_m
        self._floors = list(floors)
        scenery = [part for part in builder.parts if part.group == SCENERY]
        self._middles = np.array([part.position for part in scenery])
        self._halves = np.array([half_sizes(part) for part in scenery])
        self._frames = np.array([part.frame for part in scenery])
        self._spots, self._spreads, self._turns = _footprints(scenery, *BODY_M)
        grid = np.concatenate([_grid(rect, step_m) for rect in floors])
        grid = np.unique(np.round(grid / step_m).astype(int), axis=0) * step_m
        self._grid = grid
        self._clear = self.clearance(grid)

    def clearance(self, points: Points) -> Points:
        """Distance (n,) of floor points (n, 2) to the next thing a body would touch; 0 off the walkable floor."""
        inside = np.zeros(len(points), bool)
        for x0, y0, x1, y1 in self._floors:
            inside |= (points[:, 0] >= x0) & (points[:, 0] <= x1) & (points[:, 1] >= y0) & (points[:, 1] <= y1)
        distance = np.zeros(len(points))
        within = np.flatnonzero(inside)
        for start in range(0, len(within), _CHUNK):
            some = within[start : start + _CHUNK]
            away = (points[some] - self._spots[:, None]) @ self._turns
            away = np.maximum(np.abs(away) - self._spreads[:, None], 0)
            distance[some] = np.sqrt((away**2).sum(axis=2).min(axis=0))
        return distance

    def free(self, start: Points, ends: Points) -> npt.NDArray[np.bool_]:
        """Whether nothing lies between point pairs; start (n, 3) or (3,), ends (n, 3)."""
        begin = np.broadcast_to(start, ends.shape)
        result = np.ones(len(ends), bool)
        for first in range(0, len(ends), _CHUNK):
            some = slice(first, first + _CHUNK)
            origin = (begin[some] - self._middles[:, None]) @ self._frames
            # A way that runs along a face would divide by zero.
            step = (ends[some] - begin[some]) @ self._frames
            step = np.where(np.abs(step) < 1e-12, 1e-12, step)
            reach = self._halves[:, None] + _SKIN_M
            a, b = (-reach - origin) / step, (reach - origin) / step
            near, far = np.minimum(a, b).max(axis=2), np.maximum(a, b).min(axis=2)
            result[some] = ~((near <= far) & (far > 0) & (near < 0.999)).any(axis=0)
        return result

    def nearest(self, point: Sequence[float], clearance_m: float = WALK_M) -> Points:
        """The grid point (2,) with that clearance next to a point.

        Raises:
            NoRoomError: It is more than 1.2 m away.
        """
        good = self._grid[self._clear >= clearance_m]
        if not len(good):
            raise NoRoomError("nobody can walk there")
        away = np.linalg.norm(good - np.asarray(point), axis=1)
        if away.min() > 1.2:
            raise NoRoomError(f"nobody gets near {tuple(np.round(point, 2))}")
        return good[np.argmin(away)]

    def route(self, through: Sequence[Sequence[float]]) -> Points:
        """A polyline (n, 2) that leads past points in their order, clear of everything by `WALK_M`.

        Raises:
            NoRoomError: There is none.
        """
        nodes, graph = self._ways
        goals = [int(np.argmin(np.linalg.norm(nodes - self.nearest(point), axis=1))) for point in through]
        path = [goals[0]]
        for start, end in pairwise(goals):
            distance, before = dijkstra(graph, indices=start, return_predecessors=True)
            if not np.isfinite(distance[end]):
                raise NoRoomError("a route is blocked")
            leg = [end]
            while leg[-1] != start:
                leg.append(int(before[leg[-1]]))
            path += self._straightened(nodes, leg[::-1])[1:]
        line = nodes[path]
        keep = np.concatenate([[True], np.linalg.norm(np.diff(line, axis=0), axis=1) > 1e-6])
        return line[keep]

    def far_points(self, rng: np.random.Generator, count: int) -> list[Points]:
        """Walkable points (2,) far from each other, the first at random.

        Raises:
            NoRoomError: Nobody can walk anywhere.
        """
        nodes = self._grid[self._clear >= WALK_M]
        if not len(nodes):
            raise NoRoomError("nobody can walk there")
        chosen = [nodes[int(rng.integers(len(nodes)))]]
        # The first point is replaced by the one farthest from it: an end of the floor, not its middle.
        chosen[0] = nodes[np.argmax(np.linalg.norm(nodes - chosen[0], axis=1))]
        while len(chosen) < count:
            away = np.min([np.linalg.norm(nodes - point, axis=1) for point in chosen], axis=0)
            chosen.append(nodes[np.argmax(away)])
        return chosen

    @cached_property
    def _ways(self) -> tuple[Points, csr_matrix]:
        """Walkable grid points (n, 2), and what it costs (n, n) to step from one to its neighbours."""
        walkable = self._clear >= WALK_M
        nodes, clear = self._grid[walkable], self._clear[walkable]
        cells = np.round(nodes / self._step_m).astype(np.int64)
        cells -= cells.min(axis=0, initial=0) - 1
        number = np.full(cells.max(axis=0, initial=0) + 2, -1)
        number[cells[:, 0], cells[:, 1]] = np.arange(len(nodes))
        rows, columns, costs = [], [], []
        for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1)):
            beside = number[cells[:, 0] + dx, cells[:, 1] + dy]
            here = np.flatnonzero(beside >= 0)
            there = beside[here]
            # Wide ways are preferred to the shortest along the walls.
            cost = math.hypot(dx, dy) * self._step_m * (1 + 0.25 / np.minimum(clear[here], clear[there]))
            rows += [here, there]
            columns += [there, here]
            costs += [cost, cost]
        steps = (np.concatenate(costs), (np.concatenate(rows), np.concatenate(columns)))
        return nodes, csr_matrix(steps, shape=(len(nodes), len(nodes)))

    def _straightened(self, nodes: Points, path: list[int]) -> list[int]:
        """Leave out what a straight clear line can replace."""
        kept, at = [path[0]], 0
        while at < len(path) - 1:
            ahead = next(
                (k for k in range(len(path) - 1, at + 1, -1) if self.walkable(nodes[path[at]], nodes[path[k]])), at + 1
            )
            kept.append(path[ahead])
            at = ahead
        return kept

    def walkable(self, start: Points, end: Points, clearance_m: float = WALK_M) -> bool:
        """Whether the straight way between two floor points is clear."""
        count = max(2, int(np.linalg.norm(end - start) / 0.05) + 1)
        return bool(np.all(self.clearance(start + np.linspace(0, 1, count)[:, None] * (end - start)) >= clearance_m - 0.01))

    def stage(
        self, posts: Sequence[Sequence[float]], count: int = 5, within: Rect | None = None
    ) -> tuple[list[Spot], list[Viewpost], list[Viewpost]]:  # fmt: skip
        """Choose spots, two tripods that see all of them, and those of `posts` (x, y, z high up) that do too.

        Args:
            posts: Where a surveillance camera may be.
            count: How many spots at most.
            within: Where to look; everywhere if None.

        Raises:
            NoRoomError: No three spots can be seen so.
        """
        spots = self._draw(self._grid[_inside(self._grid, within) & (self._clear >= STAND_M)], 60)
        eyes = self._draw(self._grid[_inside(self._grid, within, 3.0) & (self._clear >= 0.22)], 48)
        if len(spots) < 3 or len(eyes) < 2:
            raise NoRoomError("there is no floor to stand on")
        tripods = np.column_stack([eyes, self._rng.uniform(1.25, 1.6, len(eyes))])
        high = np.asarray(posts, np.float64)
        sees, watches = self._sees(tripods, spots, TRIPOD_RANGE_M), self._sees(high, spots, POST_RANGE_M)
        best: tuple[list[int], int, int, int] | None = None
        for first in range(len(tripods)):
            for second in range(first):
                if np.linalg.norm(eyes[first] - eyes[second]) < 1.0:
                    continue
                both = sees[first] & sees[second]
                for post in range(len(high)):
                    chosen = self._apart(spots, eyes[[first, second]], np.flatnonzero(both & watches[post]), count)
                    if len(chosen) >= 3 and (best is None or len(chosen) > len(best[0])):
                        best = (chosen, first, second, post)
            if best is not None and len(best[0]) == count:
                break
        if best is None:
            raise NoRoomError("no three spots are seen by two tripods and from above")
        chosen, first, second, _ = best
        cameras = eyes[[first, second]]
        standing = [Spot((float(spots[i][0]), float(spots[i][1])), _heading(spots[i], cameras.mean(axis=0))) for i in chosen]
        middle = spots[chosen].mean(axis=0)
        aim = (float(middle[0]), float(middle[1]), 0.95)
        views = [Viewpost(_point(tripods[i]), aim) for i in (first, second)]
        watching = high[watches[:, chosen].all(axis=1)]
        above = sorted(watching, key=lambda post: self._blind(post, middle))
        return standing, views, [Viewpost(_point(post), aim) for post in above]

    def _blind(self, post: Points, target: Points) -> float:
        """How little a camera is worth: the share of the floor it does not see, more if it looks down steeply."""
        floor = self._grid[:: max(1, len(self._grid) // 200)]
        unseen = 1 - float(self.free(post, np.column_stack([floor, np.full(len(floor), 0.3)])).mean())
        steep = math.atan2(post[2] - 0.95, float(np.linalg.norm(post[:2] - target)))
        return unseen + max(0.0, steep - _STEEP_RAD)

    def _draw(self, points: Points, count: int) -> Points:
        return points[self._rng.permutation(len(points))[:count]]

    def _sees(self, eyes: Points, spots: Points, reach_m: tuple[float, float]) -> npt.NDArray[np.bool_]:
        """Which camera (n, 3) sees a whole person at which spot (m, 2), (n, m)."""
        seen = np.zeros((len(eyes), len(spots)), bool)
        for i, eye in enumerate(eyes):
            distance = np.linalg.norm(np.column_stack([spots, np.full(len(spots), 0.95)]) - eye, axis=1)
            near = np.flatnonzero((distance >= reach_m[0]) & (distance <= reach_m[1]))
            if not len(near):
                continue
            # Most are hidden from the chest down: what does not see that is not looked at again.
            for points in (_SEEN_FIRST, _SEEN_AT):
                way = spots[near] - eye[:2]
                side = np.column_stack([-way[:, 1], way[:, 0]]) / np.maximum(np.linalg.norm(way, axis=1), 1e-6)[:, None]
                ends = [np.column_stack([spots[near] + x * side, np.full(len(near), z)]) for x, z in points]
                near = near[self.free(eye, np.concatenate(ends)).reshape(len(points), len(near)).all(axis=0)]
            seen[i, near] = True
        return seen

    @staticmethod
    def _apart(spots: Points, cameras: Points, candidates: npt.NDArray[np.intp], count: int) -> list[int]:
        """Candidates that keep a distance from each other and can face both cameras."""
        chosen: list[int] = []
        for i in candidates:
            ahead = _heading(spots[i], cameras.mean(axis=0))
            turns = [abs(math.remainder(_heading(spots[i], camera) - ahead, 2 * math.pi)) for camera in cameras]
            if max(turns) > _FACING_RAD or any(np.linalg.norm(spots[i] - spots[j]) < SPOT_APART_M for j in chosen):
                continue
            chosen.append(int(i))
            if len(chosen) == count:
                break
        return chosen


def _footprints(parts: Sequence[Part], low: float, high: float) -> tuple[Points, Points, Points]:
    """Middles (n, 2), half sizes (n, 2) and axes (n, 2, 2) of the floor rectangles of what reaches between two heights."""
    middles, halves, turns = [], [], []
    for part in parts:
        points = corners(part)
        if points[:, 2].max() <= low or points[:, 2].min() >= high:
            continue
        level = part.frame[:2, int(np.argmax(np.linalg.norm(part.frame[:2], axis=0)))]
        along = level / np.linalg.norm(level)
        turn = np.column_stack([along, (-along[1], along[0])])
        local = points[:, :2] @ turn
        middles.append(turn @ ((local.min(axis=0) + local.max(axis=0)) / 2))
        halves.append(np.ptp(local, axis=0) / 2)
        turns.append(turn)
    return np.array(middles), np.array(halves), np.array(turns)


def _grid(rect: Rect, step: float) -> Points:
    x = np.arange(math.ceil(rect[0] / step), math.floor(rect[2] / step) + 1) * step
    y = np.arange(math.ceil(rect[1] / step), math.floor(rect[3] / step) + 1) * step
    return np.array([(a, b) for a in x for b in y]).reshape(-1, 2)


def _inside(points: Points, rect: Rect | None, margin: float = 0.0) -> npt.NDArray[np.bool_]:
    if rect is None:
        return np.ones(len(points), bool)
    low, high = np.array(rect[:2]) - margin, np.array(rect[2:]) + margin
    return np.all((points >= low) & (points <= high), axis=1)


def _heading(start: Points, end: Points) -> float:
    """Direction from one floor point to another, from the world's +y towards -x."""
    way = end - start
    return math.atan2(-float(way[0]), float(way[1]))


def _point(values: Points) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))
