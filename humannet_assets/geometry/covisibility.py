"""What two pictures of one scene share: for each pixel of one its place in the other, and the Jaccard index of their points.

Needs depth and poses, as simulated sidecars and depth maps have them. Poses are 4x4 matrices world <- camera in metres, cameras
x right, y down, z forward (OpenCV); depth is along the optical axis, 0 where nothing is; pixels count from the picture's
upper left corner, so that the middle of the first pixel is (0.5, 0.5). The scene must not have moved between the pictures:
what moved fails the depth test and counts as not shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DEPTH_TOLERANCE = 0.02
"""Relative difference of depth up to which it is the same surface [our choice].

Stored depth is off by up to 0.3 % at 20 m (`media.depth_maps`) and curved surfaces by about as much between pixels; things
in front of others stand off by more. MegaDepth's pairs are tested with 0.1 to 0.2, having noisier depth.
"""


@dataclass(frozen=True)
class DepthView:
    """A camera and the depth it sees.

    `depth_m` is (height, width), `intrinsics` K (3, 3) in pixels of that map, `pose` (4, 4) world <- camera.
    """

    depth_m: npt.NDArray[np.floating]
    intrinsics: Floats
    pose: Floats

    def __post_init__(self) -> None:
        shapes = (self.depth_m.ndim, self.intrinsics.shape, self.pose.shape)
        if shapes != (2, (3, 3), (4, 4)):
            raise ValueError(f"depth of {shapes[0]} dimensions, intrinsics {shapes[1]}, pose {shapes[2]}; expected 2, 3x3, 4x4")


@dataclass(frozen=True)
class Correspondences:
    """Where a view's pixels lie in another.

    `pixels` (height, width, 2): x and y in the other picture, also where that is outside it or hidden; NaN where the view has
    no depth or the point is not in front of the other camera. `covisible` (height, width): the other picture shows the point.
    """

    pixels: Floats
    covisible: Bools


def correspondences(a: DepthView, b: DepthView, *, tolerance: float = DEPTH_TOLERANCE) -> Correspondences:
    """For each pixel of `a`, where its point lies in `b` and whether `b` shows it.

    A point is shown if it projects into `b` and its depth there differs by no more than `tolerance` (relative) from the depth
    of `b` at that place, read between the four pixels around it in inverse depth (exact on planes) or at the best of them
    (at the rims of things). So within a pixel of a rim a hidden point may count as shown.
    """
    height, width = a.depth_m.shape
    depth = a.depth_m.reshape(-1).astype(np.float64)
    y, x = np.mgrid[0:height, 0:width].reshape(2, -1) + 0.5
    # Camera a -> world -> camera b, as one affine map of the points of a.
    a_to_b = np.linalg.inv(b.pose) @ a.pose
    rays = np.linalg.inv(a.intrinsics) @ np.stack([x, y, np.ones_like(x)])
    points = a_to_b[:3, :3] @ (rays * depth) + a_to_b[:3, 3:]
    known = (depth > 0) & (points[2] > 0)
    pixels = np.full((2, depth.size), np.nan)
    projected = b.intrinsics @ points[:, known]
    pixels[:, known] = projected[:2] / projected[2]
    inside = known.copy()
    inside[known] = _inside(pixels[:, known], b.depth_m.shape)
    covisible = np.zeros(depth.size, bool)
    covisible[inside] = _agree(points[2, inside], pixels[:, inside], b.depth_m, tolerance)
    return Correspondences(pixels.T.reshape(height, width, 2), covisible.reshape(height, width))


def visible_share(a: DepthView, b: DepthView, *, tolerance: float = DEPTH_TOLERANCE) -> float:
    """Share of the points `a` sees that `b` sees, too, 0..1; 0 if `a` sees nothing."""
    seen = int(np.count_nonzero(a.depth_m > 0))
    return float(np.count_nonzero(correspondences(a, b, tolerance=tolerance).covisible)) / seen if seen else 0.0


def jaccard(a: DepthView, b: DepthView, *, tolerance: float = DEPTH_TOLERANCE) -> float:
    """Jaccard index |A n B| / |A u B| of the points two views see, 0..1, the same both ways.

    Pixels of the two sample surfaces at different densities, so their counts cannot be added. The shares can: with
    a = |A n B| / |A| and b = |A n B| / |B|, dividing through by |A n B| gives J = 1 / (1/a + 1/b - 1) = a b / (a + b - a b), in
    which no density is left. Zooming in on a tenth of a picture (a = .1, b = 1) gives .1.
    """
    in_b, in_a = visible_share(a, b, tolerance=tolerance), visible_share(b, a, tolerance=tolerance)
    union = in_b + in_a - in_b * in_a
    return in_b * in_a / union if union > 0 else 0.0


def _inside(pixels: Floats, shape: tuple[int, ...]) -> Bools:
    return (pixels[0] >= 0) & (pixels[0] < shape[1]) & (pixels[1] >= 0) & (pixels[1] < shape[0])


def _agree(depth: Floats, pixels: Floats, seen: npt.NDArray[np.floating], tolerance: float) -> Bools:
    """Which points of that depth (n,) at those pixels (2, n) lie on the surface that the map `seen` shows there."""
    height, width = seen.shape
    # Nothing counts as infinitely far: inverse depth 0.
    inverse = np.divide(1.0, seen, out=np.zeros(seen.shape, np.float64), where=seen > 0)
    x, y = np.clip(pixels[0] - 0.5, 0, width - 1), np.clip(pixels[1] - 0.5, 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    u, v = x - left, y - top
    corners = np.stack([inverse[top, left], inverse[top, right], inverse[bottom, left], inverse[bottom, right]])
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v])
    candidates = np.concatenate([corners, (corners * weights).sum(0, keepdims=True)])
    return np.any(np.abs(candidates * depth - 1) <= tolerance, axis=0)
