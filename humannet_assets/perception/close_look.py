"""Where to look closer in a picture in which the models found nobody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from humannet_assets.media.frames import RGB

MAGNIFIED_PX = 256
"""Parts of a picture are magnified to at least this side."""


def busiest_tiles(
    busy: npt.NDArray[np.float32], width: int, height: int, share: float, count: int
) -> list[tuple[int, int, int]]:
    """Half-overlapping squares of a picture in which most changed, as (x, y, side) in its pixels, busiest first.

    Args:
        busy: Summed change per pixel, at any size with the picture's shape.
        width: The picture's width, pixels.
        height: The picture's height, pixels.
        share: Side of a square as a share of the shorter side.
        count: How many to return at most.
    """
    side = max(1, round(min(width, height) * share))
    scale_x, scale_y = busy.shape[1] / width, busy.shape[0] / height
    tiles = []
    for y in np.linspace(0, height - side, max(1, 2 * -(-height // side) - 1)).astype(int).tolist():
        for x in np.linspace(0, width - side, max(1, 2 * -(-width // side) - 1)).astype(int).tolist():
            part = busy[round(y * scale_y) : round((y + side) * scale_y), round(x * scale_x) : round((x + side) * scale_x)]
            tiles.append((float(part.mean()) if part.size else 0.0, (x, y, side)))
    return [tile for _, tile in sorted(set(tiles), key=lambda entry: (-entry[0], entry[1]))[:count]]


def magnified(tile: RGB) -> RGB:
    """A square part of a picture, enlarged to what the body model sees if it is smaller."""
    import cv2

    if tile.shape[0] >= MAGNIFIED_PX:
        return np.ascontiguousarray(tile)
    return cv2.resize(tile, (MAGNIFIED_PX, MAGNIFIED_PX), interpolation=cv2.INTER_CUBIC)  # pyright: ignore[reportReturnType]
