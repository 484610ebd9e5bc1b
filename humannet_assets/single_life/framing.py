"""Bring pictures and depth maps of any size to the shape a model takes, and keep track of which part of them that shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.frames import RGB

Depth = npt.NDArray[np.float32]

RIM = 0.1
"""Relative difference of inverse depth within four pixels from which they are taken for two things [our choice]."""


@dataclass(frozen=True)
class Region:
    """Part of a picture, in its pixels, from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


def whole(size: tuple[int, ...]) -> Region:
    """All of a picture of size (height, width, ...)."""
    return Region(0, 0, size[1], size[0])


def centre_region(size: tuple[int, ...], shape: tuple[int, int]) -> Region:
    """The largest part in the middle of a picture of size (height, width, ...) that has the aspect of `shape`."""
    height, width = size[:2]
    scale = min(height / shape[0], width / shape[1])
    used_height, used_width = shape[0] * scale, shape[1] * scale
    return Region((width - used_width) / 2, (height - used_height) / 2, used_width, used_height)


def frame_picture(rgb: RGB, region: Region, shape: tuple[int, int]) -> RGB:
    """The region of a picture (height, width, 3), resized to `shape` by area (shrinking) or bilinearly (enlarging)."""
    import cv2

    part = _cut(rgb, region)
    shrinks = part.shape[0] >= shape[0] and part.shape[1] >= shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (shape[1], shape[0]), interpolation=method), np.uint8)


def frame_depth(depth_m: Depth, region: Region, shape: tuple[int, int]) -> Depth:
    """The region of a depth map, read at the middle of each pixel of `shape`.

    Between the four pixels around it in inverse depth, which is exact on planes, slanted ones too; but the nearest pixel's
    value at rims and where one of the four is unknown (0), so that depths of two things are never mixed.
    """
    height, width = depth_m.shape
    y = ((np.arange(shape[0]) + 0.5) / shape[0] * region.height + region.top - 0.5).clip(0, height - 1)
    x = ((np.arange(shape[1]) + 0.5) / shape[1] * region.width + region.left - 0.5).clip(0, width - 1)
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    inverse = np.divide(1.0, depth_m, out=np.zeros(depth_m.shape, np.float64), where=depth_m > 0)
    corners = np.stack([inverse[np.ix_(row, column)] for row in (top, bottom) for column in (left, right)])
    down, over = (y - top)[:, None], (x - left)[None]
    weights = np.stack([(1 - down) * (1 - over), (1 - down) * over, down * (1 - over), down * over])
    nearest = np.take_along_axis(corners, weights.argmax(0)[None], axis=0)[0]
    one_surface = corners.min(0) > (1 - RIM) * corners.max(0)
    read = np.where(one_surface, (weights * corners).sum(0), nearest)
    return np.divide(1.0, read, out=np.zeros(shape), where=read > 0).astype(np.float32)


def _cut(rgb: RGB, region: Region) -> RGB:
    left, top = round(region.left), round(region.top)
    return rgb[top : top + max(1, round(region.height)), left : left + max(1, round(region.width))]
