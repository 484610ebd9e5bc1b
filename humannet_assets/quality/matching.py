"""Which found hand or person is which true one, frame by frame, as in PASCAL VOC and COCO: boxes, overlap, one-to-one.

Boxes are (x0, y0, x1, y1) around a joint set's landmarks, in pixels of the reference picture (see `truth`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_IOU = 0.5
"""Overlap from which a found box is the true one (PASCAL VOC)."""
IGNORED_COVER = 0.5
"""Share of a found box inside a region that is not judged, from which it is not judged either (as COCO's crowd regions)."""
IGNORED_SIZE = 1.5
"""How much larger than its true box such a region is: a hand of a few pixels is found as a larger one [our choice]."""
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


def enlarged(boxes: Floats, factor: float) -> Floats:
    """Boxes (n, 4) of `factor` times the size about the same middle."""
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    return np.concatenate([middle - factor * half, middle + factor * half], axis=1)


def overlaps(true_px: Floats, visible: Bools, found_px: Floats) -> Floats:
    """Intersection over union (n, m) of true (n, joints, 2) and found (m, joints, 2) sets, over each true one's visible joints.

    Hidden joints are guesswork on both sides: where a hand holds a bottle, its fingers' true place says nothing about which
    hand was found.
    """
    found = np.zeros((len(true_px), len(found_px)))
    for i, shown in enumerate(visible):
        if shown.any() and len(found_px):
            found[i] = iou(boxes_of(true_px[i : i + 1, shown]), boxes_of(found_px[:, shown]))[0]
    return found


def assign(true_px: Floats, visible: Bools, judged: Bools, found_px: Floats, regions: Floats) -> Assignment:
    """Match found joint sets to true ones so that the overlap in sum is greatest (Hungarian method).

    Args:
        true_px: (n, joints, 2) points.
        visible: (n, joints) which of them show.
        judged: (n,) False for those that need not be found (too small or hidden): finding them is neither right nor wrong.
        found_px: (m, joints, 2) points.
        regions: (r, 4) boxes of further regions in which nothing is judged.

    Returns:
        Pairs of judged ones only. A found one that fits none is a ghost unless it lies mostly on what is not judged.
    """
    from scipy.optimize import linear_sum_assignment

    wanted = np.flatnonzero(judged)
    overlap = overlaps(true_px[wanted], visible[wanted], found_px)
    overlap[overlap < LEAST_IOU] = 0.0
    rows, columns = linear_sum_assignment(-overlap)
    pairs = tuple((int(wanted[i]), int(j)) for i, j in zip(rows, columns, strict=True) if overlap[i, j] > 0)
    hit, used = {i for i, _ in pairs}, {j for _, j in pairs}
    spared = np.concatenate([enlarged(boxes_of(true_px[~judged]), IGNORED_SIZE), regions])
    found_boxes = boxes_of(found_px)
    cover = _intersections(found_boxes, spared) / np.maximum(areas(found_boxes), 1e-9)[:, None]
    excused = cover.max(axis=1, initial=0.0) >= IGNORED_COVER
    return Assignment(
        pairs,
        tuple(int(i) for i in wanted if int(i) not in hit),
        tuple(j for j in range(len(found_px)) if j not in used and not excused[j]),
    )


def size_class(area_px2: float) -> str:
    """COCO's name for the size of an object."""
    return "small" if area_px2 <= SMALL_PX2 else "medium" if area_px2 <= MEDIUM_PX2 else "large"
