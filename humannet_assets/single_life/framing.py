"""Bring pictures and depth maps of any size to the shape a model takes, and keep track of which part of them that shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.frames import RGB

Depth = npt.NDArray[np.float32]


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
    """The region of a depth map, resized to `shape` by the nearest pixel: depths are not mixed across edges, nor with 0."""
    rows, columns = (
        (np.arange(count) + 0.5) / count * extent + start
        for count, extent, start in ((shape[0], region.height, region.top), (shape[1], region.width, region.left))
    )
    height, width = depth_m.shape
    row, column = rows.astype(int).clip(0, height - 1), columns.astype(int).clip(0, width - 1)
    return np.ascontiguousarray(depth_m[np.ix_(row, column)])


def _cut(rgb: RGB, region: Region) -> RGB:
    left, top = round(region.left), round(region.top)
    return rgb[top : top + max(1, round(region.height)), left : left + max(1, round(region.width))]
