"""Which found hand or person is which true one, frame by frame, as in PASCAL VOC and COCO: boxes, overlap, one-to-one.

Boxes are (x0, y0, x1, y1) around a joint set's landmarks, in pixels of the reference picture (see `truth`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_IOU = 0.5
"""Overlap from which a found box is the true one (PASCAL VOC)."""
IGNORED_COVER = 0.5
"""Share of a found box inside a region that is not judged, from which it is not judged either (as COCO's crowd regions)."""
SMALL_PX2, MEDIUM_PX2 = 32.0**2, 96.0**2
"""Areas up to which COCO calls an object small and medium, in pictures of about 640x480."""


@dataclass(frozen=True)
class Assignment:
    """Pairs (true index, found index), true ones that were missed, found ones where nothing is."""

    pairs: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    ghosts: tuple[int, ...]


def boxes_of(points_px: Floats) -> Floats:
    """Boxes (n, 4) around point sets (n, joints, 2); points that are not finite (behind the camera) are left out."""
    known = np.isfinite(points_px)
    low = np.where(known, points_px, np.inf).min(axis=1, initial=np.inf)
    high = np.where(known, points_px, -np.inf).max(axis=1, initial=-np.inf)
    return np.concatenate([low, np.maximum(high, low)], axis=1)


def areas(boxes: Floats) -> Floats:
    """Areas (n,) of boxes (n, 4)."""
    return np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)


def _intersections(a: Floats, b: Floats) -> Floats:
    """Areas (n, m) shared by boxes (n, 4) and (m, 4)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=2)


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union (n, m) of boxes (n, 4) and (m, 4)."""
    shared = _intersections(a, b)
    return shared / np.maximum(areas(a)[:, None] + areas(b)[None, :] - shared, 1e-9)


def assign(true: Floats, judged: npt.NDArray[np.bool_], found: Floats, regions: Floats) -> Assignment:
    """Match found boxes to true ones so that the overlap in sum is greatest (Hungarian method).

    Args:
        true: (n, 4) boxes.
        judged: (n,) False for those that need not be found (too small or hidden): finding them is neither right nor wrong.
        found: (m, 4) boxes.
        regions: (r, 4) further regions in which nothing is judged.

    Returns:
        Pairs of judged boxes only. A found box that fits no judged one is a ghost unless it lies mostly on what is not judged.
    """
    from scipy.optimize import linear_sum_assignment

    wanted = np.flatnonzero(judged)
    overlap = iou(true[wanted], found)
    overlap[overlap < LEAST_IOU] = 0.0
    rows, columns = linear_sum_assignment(-overlap)
    pairs = tuple((int(wanted[i]), int(j)) for i, j in zip(rows, columns, strict=True) if overlap[i, j] > 0)
    hit, used = {i for i, _ in pairs}, {j for _, j in pairs}
    spared = np.concatenate([true[~judged], regions])
    cover = _intersections(found, spared) / np.maximum(areas(found), 1e-9)[:, None]
    excused = cover.max(axis=1, initial=0.0) >= IGNORED_COVER
    return Assignment(
        pairs,
        tuple(int(i) for i in wanted if int(i) not in hit),
        tuple(j for j in range(len(found)) if j not in used and not excused[j]),
    )


def size_class(area_px2: float) -> str:
    """COCO's name for the size of an object."""
    return "small" if area_px2 <= SMALL_PX2 else "medium" if area_px2 <= MEDIUM_PX2 else "large"
