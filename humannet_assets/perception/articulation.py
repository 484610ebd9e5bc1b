"""Whether a body's parts move against each other, as those of the living do and those of statues and mannequins do not.

Optic flow inside the body is held against the one similarity (shift, turn, scale) that explains most of it: what is left is the
motion of parts against each other, whatever the camera does (residual flow: Lipton, Local Application of Optic Flow to Analyse
Rigid versus Non-Rigid Motion, ICCV Workshop on Frame-Rate Vision, 1999).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

_MIN_POINTS, _MIN_PIXELS = 6, 30
_GRADIENT = 4.0
"""Grey levels per pixel from which a pixel has structure whose flow can be trusted."""
_NOISE_PX = 0.5
_ROUNDS = 6
_PERCENTILE = 95
"""A hand is a few hundredths of a body's area."""


def articulation(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], points_px: Floats) -> float | None:
    """Motion of a body's parts against the whole from one grey picture to the next, in body heights.

    Args:
        before: Grey picture (height, width).
        after: A later one of the same size.
        points_px: Visible landmarks (n, 2) of the body in `before`; their convex hull is looked at.

    Returns:
        The 95th percentile over the body's structured pixels of the distance from the similarity that explains most of them, as
        a share of the longer side of the landmarks' box; None where the body is too small or without structure.
    """
    import cv2

    if len(points_px) < _MIN_POINTS:
        return None
    inside = np.zeros(before.shape, np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.round(points_px).astype(np.int32)), 1)
    slope = np.hypot(cv2.Sobel(before, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(before, cv2.CV_32F, 0, 1, scale=1 / 8))
    y, x = np.nonzero((inside > 0) & (slope > _GRADIENT))
    if len(x) < _MIN_PIXELS:
        return None
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(before, after, None)  # pyright: ignore
    moved = flow[y, x].astype(np.float64)
    # Points as complex numbers: a similarity is then one factor and one shift.
    start = x + 1j * y
    error = _from_similarity(start, start + moved[:, 0] + 1j * moved[:, 1])
    return float(np.percentile(error, _PERCENTILE) / max(float(np.ptp(points_px, axis=0).max()), 1.0))


def _from_similarity(start: npt.NDArray[np.complex128], end: npt.NDArray[np.complex128]) -> npt.NDArray[np.float64]:
    """Distance (n,) from the robust best similarity, pixels: iteratively reweighted least squares, Cauchy weights."""
    weight = np.ones(len(start))
    error = np.zeros(len(start))
    for _ in range(_ROUNDS):
        total = weight.sum()
        middle, goal = (weight * start).sum() / total, (weight * end).sum() / total
        spread = float((weight * np.abs(start - middle) ** 2).sum())
        factor = (weight * np.conj(start - middle) * (end - goal)).sum() / max(spread, 1e-9)
        error = np.abs((start - middle) * factor + goal - end)
        weight = 1 / (1 + (error / _NOISE_PX) ** 2)
    return error
