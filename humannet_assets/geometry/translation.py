"""Camera positions up to scale from followed corners: two-view start, then pose by pose against the growing map.

World frame = first camera; unit of length = the baseline of the two views the map starts from.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from humannet_assets.geometry.cameras import fit_pose, triangulate
from humannet_assets.geometry.corners import Sightings, in_both
from humannet_assets.perception.pinhole import Pinhole

Floats = npt.NDArray[np.float64]

_PARTS = 3


@dataclass(frozen=True)
class TranslationSettings:
    """Thresholds; `geometry.trajectories` fills them from its configuration.

    `parallax_px` starts the map and accepts a new point; `points` is the least number of map points a pose needs;
    `inlier_px` the reprojection error up to which a point agrees, `inlier_share` the share that must; `max_turn_deg`
    how far poses may differ in rotation from the rotation-only estimate; `disagreement` how far the path may differ, as a
    share of its length, when a third of the corners is left out.
    """

    parallax_px: float
    points: int
    inlier_px: float
    inlier_share: float
    max_turn_deg: float
    disagreement: float


class TranslationError(ValueError):
    """Why a clip has no translation; the text goes into `translation_reason`."""


def supported_positions(
    sightings: Sequence[Sightings], rotations: Floats, camera: Pinhole, settings: TranslationSettings
) -> tuple[Floats, Floats]:
    """`positions` that do not hang on a few corners: each third of the corners is left out once, and the path must stay.

    A path mapped from hands and things that move, or from a plane nearly without parallax, fits its own points well and
    changes with every other choice of them; that of a camera that travels does not. Where too few corners are left to map
    from, nothing is learnt; one of the three must succeed.

    Raises:
        TranslationError: As `positions`, or where a path without a third of the corners is another one.
    """
    centres, refined = positions(sightings, rotations, camera, settings)
    fewer = replace(settings, points=-(-settings.points * (_PARTS - 1) // _PARTS))
    again: list[Floats] = []
    for part in range(_PARTS):
        rest = [_without(seen, part) for seen in sightings]
        with suppress(TranslationError):
            again.append(positions(rest, rotations, camera, fewer)[0])
    if not again:
        raise TranslationError("no path is found without a third of the corners")
    off = max(path_difference(path, centres) for path in again)
    if off > settings.disagreement:
        raise TranslationError(f"without a third of the corners the path differs by {off:.0%}")
    return centres, refined


def path_difference(path: Floats, reference: Floats) -> float:
    """How far the first of two paths (n, 3), best scaled, is off: root mean square, as a share of the reference's length.

    At most 1, for paths at right angles or against each other.
    """
    scale = max(float((path * reference).sum() / max(float((path**2).sum()), 1e-12)), 0.0)
    return float(np.linalg.norm(scale * path - reference) / max(float(np.linalg.norm(reference)), 1e-12))


def _without(seen: Sightings, part: int) -> Sightings:
    """Corners but for every `_PARTS`-th."""
    kept = seen.ids % _PARTS != part
    return replace(seen, ids=seen.ids[kept], points_px=seen.points_px[kept])


def positions(
    sightings: Sequence[Sightings], rotations: Floats, camera: Pinhole, settings: TranslationSettings
) -> tuple[Floats, Floats]:
    """Camera centres of all frames.

    Args:
        sightings: Corners of each frame.
        rotations: (n, 3, 3) camera <- first camera, from frame pairs: the starting value of every pose.
        camera: Intrinsics.
        settings: Thresholds.

    Returns:
        Centres (n, 3) in the first camera's frame and the refined rotations (n, 3, 3).

    Raises:
        TranslationError: Too little parallax, or the map was lost on the way.
    """
    mapper = _Mapper(sightings, rotations, camera, settings)
    start = mapper.begin()
    for frame in range(start - 1, 0, -1):
        mapper.place(frame, neighbour=frame + 1)
    for frame in range(start + 1, len(sightings)):
        mapper.place(frame, neighbour=frame - 1)
        mapper.grow(frame)
    return mapper.centres, mapper.rotations


def parallax_px(first_px: Floats, second_px: Floats, rotation: Floats, camera: Pinhole) -> Floats:
    """Angles between rotated first and second bearings, in pixels at the principal point, (n,)."""
    turned = camera.bearings(first_px) @ rotation.T
    sine = np.linalg.norm(np.cross(turned, camera.bearings(second_px)), axis=1)
    return np.arcsin(np.clip(sine, 0, 1)) * camera.focal_px


def picture_parallax_px(first_px: Floats, second_px: Floats, rotation: Floats, camera: Pinhole) -> float:
    """Median over a 4 x 4 grid of the picture of each cell's median parallax, pixels; empty cells do not count.

    By cells and not by points, because corners crowd on textured hands and people: a few things that move in front of a
    fixed camera are not parallax.
    """
    parallax = parallax_px(first_px, second_px, rotation, camera)
    cells = np.clip((first_px / (camera.width, camera.height) * 4).astype(int), 0, 3) @ (1, 4)
    return float(np.median([np.median(parallax[cells == cell]) for cell in np.unique(cells)]))


class _Mapper:
    """Poses found so far and the map points they were found with."""

    def __init__(
        self, sightings: Sequence[Sightings], rotations: Floats, camera: Pinhole, settings: TranslationSettings
    ) -> None:
        self._sightings, self._turns, self._camera, self._settings = sightings, rotations, camera, settings
        self.rotations = rotations.copy()
        self.centres = np.zeros((len(sightings), 3))
        self._points: dict[int, Floats] = {}
        self._first_seen: dict[int, int] = {}

    def begin(self) -> int:
        """Make the map from frame 0 and the first frame with parallax; returns that frame."""
        settings = self._settings
        start = self._start_frame()
        one, other, ids = in_both(self._sightings[0], self._sightings[start])
        pose = fit_pose(
            one,
            other,
            self._camera,
            self._turns[start],
            threshold_px=settings.inlier_px,
            max_change_deg=settings.max_turn_deg,
        )
        if pose is None:
            raise TranslationError("the two views with parallax fit no common pose")
        self.rotations[start], self.centres[start] = pose.rotation, -pose.rotation.T @ pose.direction
        self._triangulate(0, start, ids[pose.inliers])
        if len(self._points) < settings.points:
            raise TranslationError(f"only {len(self._points)} points lie in front of both views")
        return start

    def _start_frame(self) -> int:
        """First frame with enough parallax against frame 0, rotation removed."""
        settings, largest = self._settings, 0.0
        for frame in range(1, len(self._sightings)):
            one, other, _ = in_both(self._sightings[0], self._sightings[frame])
            if len(one) < settings.points:
                raise TranslationError(f"corners of the first frame were lost at {largest:.1f} px of parallax")
            parallax = picture_parallax_px(one, other, self._turns[frame], self._camera)
            if parallax >= settings.parallax_px:
                return frame
            largest = max(largest, parallax)
        raise TranslationError(f"parallax of {largest:.1f} px is below {settings.parallax_px:g} px")

    def place(self, frame: int, neighbour: int) -> None:
        """Pose of a frame from the map: robust PnP, started at a neighbour's pose."""
        import cv2

        settings, seen = self._settings, self._sightings[frame]
        chosen = [i for i, identity in enumerate(seen.ids.tolist()) if identity in self._points]
        if len(chosen) < settings.points:
            raise TranslationError(f"only {len(chosen)} known points left in frame {frame}")
        points = np.stack([self._points[identity] for identity in seen.ids[chosen].tolist()])
        pixels = seen.points_px[chosen]
        turn = self._turns[frame] @ self._turns[neighbour].T @ self.rotations[neighbour]
        rotvec, shift = cv2.Rodrigues(turn)[0], (-turn @ self.centres[neighbour]).reshape(3, 1)
        cv2.setRNGSeed(0)  # repeatable whatever ran before in this process
        matrix = self._camera.matrix
        found, rotvec, shift, agreed = cv2.solvePnPRansac(
            points, pixels, matrix, None, rotvec, shift, True, 100, settings.inlier_px, 0.999
        )
        share = 0.0 if not found or agreed is None else len(agreed) / len(chosen)
        if share < settings.inlier_share:
            raise TranslationError(f"only {share:.0%} of the known points agree in frame {frame}")
        index = np.asarray(agreed, int).ravel()
        rotvec, shift = cv2.solvePnPRefineLM(points[index], pixels[index], matrix, None, rotvec, shift)
        rotation = np.asarray(cv2.Rodrigues(rotvec)[0], np.float64)
        self.rotations[frame] = rotation
        self.centres[frame] = -rotation.T @ np.asarray(shift, np.float64).reshape(3)
        # A point that disagrees was triangulated badly or moves by itself: it may only come back from here on.
        for identity in np.delete(seen.ids[chosen], index).tolist():
            del self._points[identity]
            self._first_seen[identity] = frame

    def grow(self, frame: int) -> None:
        """Add corners that have moved enough since they were first seen, each from its first frame and this one."""
        fresh: dict[int, list[int]] = {}
        for identity in self._sightings[frame].ids.tolist():
            if identity not in self._points:
                fresh.setdefault(self._first_seen.setdefault(identity, frame), []).append(identity)
        for seen_at, wanted in fresh.items():
            if seen_at < frame:
                one, other, ids = in_both(self._sightings[seen_at], self._sightings[frame])
                turn = self.rotations[frame] @ self.rotations[seen_at].T
                moved = parallax_px(one, other, turn, self._camera) >= self._settings.parallax_px
                self._triangulate(seen_at, frame, ids[moved & np.isin(ids, wanted)])

    def _triangulate(self, first: int, second: int, ids: npt.NDArray[np.int64]) -> None:
        """Add these corners to the map where they lie in front of both cameras."""
        one, other, common = in_both(self._sightings[first], self._sightings[second])
        chosen = np.isin(common, ids)
        points, depth_one, depth_other = triangulate(
            self._camera.bearings(one[chosen]),
            self._camera.bearings(other[chosen]),
            (self.rotations[first], self.centres[first]),
            (self.rotations[second], self.centres[second]),
        )
        ahead = (depth_one > 0) & (depth_other > 0)
        self._points.update(zip(common[chosen][ahead].tolist(), points[ahead], strict=True))
