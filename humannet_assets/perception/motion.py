"""What moves between neighbouring frames: the camera, things in front of it, or nothing.

Corners are tracked with pyramidal Lucas-Kanade (checked forward and backward) and a similarity is fitted with RANSAC. What it
explains is camera motion. Of the rest, what agrees with one rigid scene seen from a moved camera (a fundamental matrix) is
parallax, and only what agrees with neither moves by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from humannet_assets.media.frames import RGB, Frame

Floats = npt.NDArray[np.float64]

WORK_SIDE_PX = 320
"""Longer side of the picture on which motion is measured; all pixel limits below refer to it."""
_MAX_CORNERS = 600
_PER_REGION = 12
_MIN_CORNERS = 24
_REGIONS = (4, 5)
_MIN_REGIONS = 8
"""Corners must lie in this many of the picture's 4 x 5 regions, else a thing that passes before a blank wall or road would be
taken for the camera."""
_ROUND_TRIP_PX = 1.0
_MODEL_PX = 1.5
_MOVING_PX = 2.0
_GRID = (9, 16)
_RESTING_CHECK_PX = 1.5
_EDGE_GRADIENT, _MIN_EDGES = 120.0, 12
_RESTING_EDGES, _RESTING_REGIONS, _MIN_RESTING_REGIONS = 0.8, 0.3, 4
"""Pixels this steep (Sobel) must change when they move by the checked distance; regions need this many of them to be heard.
A region rests if so large a share of its steep pixels stays; the background rests if so many of the regions do."""
_CHANGED_LEVELS = 12
"""Grey levels a pixel must change by to count; above sensor noise and compression flicker."""


@dataclass(frozen=True)
class PairMotion:
    """Motion from one sampled frame to the next, in picture widths (longer side) and seconds.

    `tracked` corners survived the round trip; below the minimum `reliable` is False, the camera fields are nan and only
    `changed` (share of pixels that differ) speaks. `shift` (2,) is the motion of the picture's middle per second, `speed` the
    mean motion over the picture, `expansion` the growth of the picture per second, `rotation` radians per second.
    `explained` is the share of corners the camera model explains, `parallax` the share that only a rigid scene in depth
    explains. `moving_speed` is the median motion of independently moving corners against the camera, `moving_area` the share of
    picture cells they lie in, `moving_box` (x0, y0, x1, y1) around them in shares of width and height. `corners_px` are the
    tracked corners (n, 2) before and after, pixels of the work picture; None where nothing moved or too few were found.
    """

    time_s: float
    step_s: float
    tracked: int
    reliable: bool
    changed: float
    shift: tuple[float, float] = (np.nan, np.nan)
    speed: float = np.nan
    expansion: float = np.nan
    rotation: float = np.nan
    explained: float = np.nan
    parallax: float = 0.0
    moving_speed: float = 0.0
    moving_area: float = 0.0
    moving_box: tuple[float, float, float, float] | None = None
    corners_px: tuple[Floats, Floats] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class MotionSummary:
    """A clip's motion. Rates are per second, lengths in picture widths; nan where no pair was reliable.

    `measured` is the share of pairs with enough trackable texture, or with so little change that nothing can have moved.
    `jitter` 0..1: how much the camera's velocity changes from pair to pair against its size; a head or hand held camera
    shakes, a tripod, a vehicle or a zoom over a still does not. `forward` share of pairs with growing pictures.
    """

    pairs: int
    measured: float
    static_ratio: float
    camera_motion: float
    camera_motion_p90: float
    camera_forward: float
    forward_share: float
    camera_jitter: float
    shake: float
    parallax: float
    object_motion: float
    object_area: float
    changed: float


def to_work_gray(rgb: RGB) -> npt.NDArray[np.uint8]:
    """Grey picture (height, width) uint8 with its longer side at most `WORK_SIDE_PX`."""
    import cv2

    return cv2.cvtColor(Frame(0, 0.0, rgb).at_most(WORK_SIDE_PX), cv2.COLOR_RGB2GRAY)  # pyright: ignore[reportReturnType]


@dataclass
class MotionTracker:
    """Feed it the grey pictures of one clip in time order; `pairs` grows by one per picture after the first."""

    static_change: float = 0.0005
    pairs: list[PairMotion] = field(default_factory=list)
    _last: tuple[npt.NDArray[np.uint8], float] | None = None

    def push(self, gray: npt.NDArray[np.uint8], time_s: float) -> PairMotion | None:
        """Compare with the picture before; None for the first one (or after a change of size)."""
        last, self._last = self._last, (gray, time_s)
        if last is None or last[0].shape != gray.shape or time_s <= last[1]:
            return None
        pair = measure_pair(last[0], gray, last[1], time_s, self.static_change)
        self.pairs.append(pair)
        return pair

    def summary(self) -> MotionSummary:
        """All pairs so far."""
        return summarise(self.pairs, self.static_change)


def measure_pair(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], t0: float, t1: float, static_change: float = 0.0005
) -> PairMotion:
    """Motion between two grey pictures of one size, `t1 - t0` seconds apart."""
    import cv2

    height, width = before.shape
    step = t1 - t0
    changed = float(np.mean(cv2.absdiff(before, after) > _CHANGED_LEVELS))
    if changed < static_change:
        return PairMotion(t1, step, 0, True, changed, (0.0, 0.0), 0.0, 0.0, 0.0, 1.0)
    start, end = _track(before, after)
    if len(start) < _MIN_CORNERS or len(_cells(start, width, height, _REGIONS)) < _MIN_REGIONS:
        return PairMotion(t1, step, len(start), False, changed)
    cv2.setRNGSeed(0)
    matrix, inlier_mask = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=_MODEL_PX)
    if matrix is None:
        return PairMotion(t1, step, len(start), False, changed)
    explained = inlier_mask.ravel().astype(bool)
    long_side = float(max(height, width))
    grid = np.stack(np.meshgrid(np.linspace(0, width, 5), np.linspace(0, height, 5)), -1).reshape(-1, 2)
    flow = grid @ matrix[:, :2].T + matrix[:, 2] - grid
    camera_px = float(np.linalg.norm(flow, axis=1).mean())
    if camera_px > _RESTING_CHECK_PX and _background_rests(before, after):
        # What was fitted is a thing that fills most of the texture, not the camera.
        matrix, camera_px = np.eye(2, 3), 0.0
        explained = np.linalg.norm(end - start, axis=1) < _MODEL_PX
    middle = np.array([width / 2, height / 2, 1.0])
    shift = (matrix @ middle - middle[:2]) / long_side / step
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    residual = np.linalg.norm(end - (start @ matrix[:, :2].T + matrix[:, 2]), axis=1)
    # A moved camera bends the flow in proportion to its own motion, so the limit for "moves by itself" grows with it.
    off = residual > max(_MOVING_PX, 0.25 * camera_px)
    rigid = _rigid_inliers(start, end) if off.sum() >= 8 and camera_px > 1.0 else np.zeros(len(start), bool)
    moving = off & ~rigid
    cells = _cells(start[moving], width, height)
    box = None
    if moving.sum() >= 3:
        low, high = np.percentile(start[moving], 10, axis=0), np.percentile(start[moving], 90, axis=0)
        box = (float(low[0] / width), float(low[1] / height), float(high[0] / width), float(high[1] / height))
    all_cells = max(len(_cells(start, width, height)), 1)
    return PairMotion(
        time_s=t1,
        step_s=step,
        tracked=len(start),
        reliable=True,
        changed=changed,
        shift=(float(shift[0]), float(shift[1])),
        speed=camera_px / long_side / step,
        expansion=float(np.log(max(scale, 1e-6)) / step),
        rotation=float(np.arctan2(matrix[1, 0], matrix[0, 0]) / step),
        explained=float(explained.mean()),
        parallax=float(np.mean(rigid & (residual > _MODEL_PX))),
        moving_speed=float(np.median(residual[moving]) / long_side / step) if moving.any() else 0.0,
        moving_area=len(cells) / max(all_cells, _GRID[0] * _GRID[1] // 4) if moving.sum() >= 3 else 0.0,
        moving_box=box,
        corners_px=(start, end),
    )


def summarise(pairs: Sequence[PairMotion], static_change: float = 0.0005) -> MotionSummary:
    """A clip's pairs in one line: medians for the camera, upper quartiles for things that may move only now and then."""
    reliable = [pair for pair in pairs if pair.reliable]
    changed = float(np.mean([pair.changed for pair in pairs])) if pairs else 0.0
    static = float(np.mean([pair.changed < static_change for pair in pairs])) if pairs else 0.0
    measured = len(reliable) / len(pairs) if pairs else 0.0
    if not reliable:
        nothing = float("nan")
        camera = (nothing, nothing, nothing, nothing, nothing, nothing, nothing)
        return MotionSummary(len(pairs), measured, static, *camera, object_motion=0.0, object_area=0.0, changed=changed)
    speed = np.array([pair.speed for pair in reliable])
    shift = np.array([pair.shift for pair in reliable])
    expansion = np.array([pair.expansion for pair in reliable])
    moving = np.array([pair.moving_speed for pair in reliable])
    shake = _shake(shift)
    size = float(np.median(np.linalg.norm(shift, axis=1)))
    return MotionSummary(
        pairs=len(pairs),
        measured=measured,
        static_ratio=static,
        camera_motion=float(np.median(speed)),
        camera_motion_p90=float(np.percentile(speed, 90)),
        camera_forward=float(np.median(expansion)),
        forward_share=float(np.mean(expansion > 0.01)),
        camera_jitter=shake / (shake + size) if shake > 0 else 0.0,
        shake=shake,
        parallax=float(np.median([pair.parallax for pair in reliable])),
        object_motion=float(np.percentile(moving, 75)),
        object_area=float(np.percentile([pair.moving_area for pair in reliable], 75)),
        changed=changed,
    )


def _shake(shift: Floats) -> float:
    """Median change of the camera's velocity from pair to pair, widths per second."""
    if len(shift) < 3:
        return 0.0
    return float(np.median(np.linalg.norm(np.diff(shift, axis=0), axis=1)))


def _track(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Corners of `before` (n, 2) and where they went in `after` (n, 2), those that come back when tracked backwards."""
    import cv2

    # A low bar for corners, then the best of each region: strong texture in one place must not drown the background.
    corners = cv2.goodFeaturesToTrack(before, _MAX_CORNERS, 0.003, 5)
    if corners is None or len(corners) < _MIN_CORNERS:
        return np.empty((0, 2)), np.empty((0, 2))
    corners = _spread(np.asarray(corners, np.float32), before.shape[1], before.shape[0])
    window = {"winSize": (21, 21), "maxLevel": 3}
    forward, ok_forward, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None, **window)  # pyright: ignore
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(after, before, forward, None, **window)  # pyright: ignore
    start, end = corners.reshape(-1, 2), forward.reshape(-1, 2)
    height, width = before.shape
    good = (ok_forward.ravel() == 1) & (ok_back.ravel() == 1)
    good &= np.linalg.norm(back.reshape(-1, 2) - start, axis=1) < _ROUND_TRIP_PX
    good &= (end >= 0).all(axis=1) & (end[:, 0] < width) & (end[:, 1] < height)
    return start[good].astype(np.float64), end[good].astype(np.float64)


def _rigid_inliers(start: Floats, end: Floats) -> npt.NDArray[np.bool_]:
    import cv2

    cv2.setRNGSeed(0)
    _, mask = cv2.findFundamentalMat(start, end, cv2.FM_RANSAC, 1.0, 0.99)
    return np.zeros(len(start), bool) if mask is None or len(mask) != len(start) else mask.ravel().astype(bool)


def _background_rests(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]) -> bool:
    """True if in many regions nearly all edges stay exactly where they were: the camera cannot have moved."""
    import cv2

    dx, dy = cv2.Sobel(before, cv2.CV_32F, 1, 0), cv2.Sobel(before, cv2.CV_32F, 0, 1)
    edges = np.hypot(dx, dy) > _EDGE_GRADIENT
    kept = edges & (cv2.absdiff(before, after) <= _CHANGED_LEVELS)
    rows, columns = _REGIONS
    shares = []
    for edge_row, kept_row in zip(np.array_split(edges, rows), np.array_split(kept, rows), strict=True):
        parts = zip(np.array_split(edge_row, columns, axis=1), np.array_split(kept_row, columns, axis=1), strict=True)
        shares += [kept_part.sum() / edge_part.sum() for edge_part, kept_part in parts if edge_part.sum() >= _MIN_EDGES]
    resting = sum(share >= _RESTING_EDGES for share in shares)
    return resting >= max(_MIN_RESTING_REGIONS, _RESTING_REGIONS * len(shares))


def _spread(corners: npt.NDArray[np.float32], width: int, height: int) -> npt.NDArray[np.float32]:
    """The first (strongest) corners (n, 1, 2) of each region."""
    rows, columns = _REGIONS
    x, y = corners[:, 0, 0], corners[:, 0, 1]
    region = (y * rows / height).astype(int) * columns + (x * columns / width).astype(int)
    order = np.argsort(region, kind="stable")
    rank = np.arange(len(order)) - np.searchsorted(region[order], region[order])
    return corners[np.sort(order[rank < _PER_REGION])]


def _cells(points: Floats, width: int, height: int, grid: tuple[int, int] = _GRID) -> set[tuple[int, int]]:
    rows, columns = grid
    return {(int(y * rows / height), int(x * columns / width)) for x, y in points}
