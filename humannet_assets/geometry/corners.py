"""Corners followed from frame to frame (KLT): the correspondences all camera estimates start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Gray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sightings:
    """Corners in one frame: their ids (n,) and pixels (n, 2)."""

    ids: Ints
    points_px: Floats


def in_both(first: Sightings, second: Sightings) -> tuple[Floats, Floats, Ints]:
    """Pixels (n, 2) in both frames of the corners seen in both, and their ids (n,)."""
    ids, one, other = np.intersect1d(first.ids, second.ids, assume_unique=True, return_indices=True)
    return first.points_px[one], second.points_px[other], ids


class CornerTracker:
    """Follows corners with pyramidal Lucas-Kanade and adds new ones where old ones were lost.

    Args:
        max_corners: Corners kept alive.
        quality: Least corner quality against the best one, 0..1.
        spacing_px: Least distance between corners; spreads them so that hands cannot hold most of them.
        window_px: Window of the flow.
        levels: Pyramid levels above the picture.
        round_trip_px: Corners that do not come back this close when followed backwards are dropped.
    """

    def __init__(
        self, *, max_corners: int, quality: float, spacing_px: float, window_px: int, levels: int, round_trip_px: float
    ):
        self._max, self._quality, self._spacing = max_corners, quality, spacing_px
        self._flow = {"winSize": (window_px, window_px), "maxLevel": levels}
        self._round_trip = round_trip_px
        self._gray: Gray | None = None
        self._ids = np.zeros(0, np.int64)
        self._points = np.zeros((0, 2), np.float32)
        self._next_id = 0

    def push(self, gray: Gray) -> Sightings:
        """Follow the corners into the next picture (height, width) uint8 and say where they are."""
        if self._gray is not None and len(self._ids):
            self._follow(self._gray, gray)
        self._gray = gray
        if len(self._ids) < 0.7 * self._max:
            self._replenish(gray)
        return Sightings(self._ids.copy(), self._points.astype(np.float64))

    def _follow(self, old: Gray, new: Gray) -> None:
        import cv2

        start = self._points[:, None]
        moved, found, _ = cv2.calcOpticalFlowPyrLK(old, new, start, np.zeros_like(start), **self._flow)
        back, returned, _ = cv2.calcOpticalFlowPyrLK(new, old, moved, np.zeros_like(start), **self._flow)
        height, width = new.shape
        points = moved[:, 0]
        kept = (
            (found[:, 0] > 0)
            & (returned[:, 0] > 0)
            & (np.linalg.norm(back - start, axis=2)[:, 0] <= self._round_trip)
            & (points >= 0).all(axis=1)
            & (points < (width, height)).all(axis=1)
        )
        self._ids, self._points = self._ids[kept], points[kept]

    def _replenish(self, gray: Gray) -> None:
        import cv2

        mask = np.full(gray.shape, 255, np.uint8)
        for x, y in self._points:
            cv2.circle(mask, (round(float(x)), round(float(y))), round(self._spacing), 0, -1)
        wanted = self._max - len(self._ids)
        corners = cv2.goodFeaturesToTrack(gray, wanted, self._quality, self._spacing, mask=mask)
        if corners is None:
            return
        fresh = corners.reshape(-1, 2).astype(np.float32)
        self._ids = np.concatenate([self._ids, np.arange(self._next_id, self._next_id + len(fresh))])
        self._points = np.concatenate([self._points, fresh])
        self._next_id += len(fresh)
