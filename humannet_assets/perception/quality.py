"""How good one picture is: sharpness, exposure, and whether it looks like a slide or screen rather than a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.frames import RGB, Frame

SHARPNESS_WIDTH_PX = 320
_NEARLY_BLACK, _NEARLY_WHITE = 10, 245
_DIM_HIGHLIGHTS, _NORMAL_HIGHLIGHTS = 110.0, 200.0
_BLOCK_PX = 8
_FLAT_STD = 1.5
_EDGE_GRADIENT = 60.0
_AXIS_TOLERANCE_RAD = np.deg2rad(4.0)


@dataclass(frozen=True)
class PictureQuality:
    """Measures of one picture.

    `sharpness` variance of the Laplacian at 320 px width (blurred below about 20, crisp above 200); `luma_mean` 0-255;
    `luma_clipped` share of pixels nearly black or nearly white; `text_like` 0..1 share of flat area times share of
    axis-parallel edges; `skin_ratio` share of skin-coloured pixels (0 for grey pictures).
    """

    sharpness: float
    luma_mean: float
    luma_clipped: float
    text_like: float
    skin_ratio: float


def measure_picture(rgb: RGB) -> PictureQuality:
    """Measure one picture (height, width, 3) uint8 of any size."""
    import cv2

    small = _at_width(rgb, SHARPNESS_WIDTH_PX)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return PictureQuality(
        sharpness=float(cv2.Laplacian(gray, cv2.CV_64F).var()),
        luma_mean=float(gray.mean()),
        luma_clipped=float(np.mean((gray < _NEARLY_BLACK) | (gray > _NEARLY_WHITE))),
        text_like=_text_like(np.asarray(cv2.cvtColor(brightened(small), cv2.COLOR_RGB2GRAY), np.uint8)),
        skin_ratio=skin_ratio(small),
    )


def skin_ratio(rgb: RGB) -> float:
    """Share of pixels whose chroma is that of skin of any tone (YCrCb box of Chai and Ngan 1999, darkest pixels left out)."""
    import cv2

    y, cr, cb = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    skin = (y > 40) & (cr >= 135) & (cr <= 173) & (cb >= 77) & (cb <= 127)
    return float(np.mean(skin))


def brightened(rgb: RGB) -> RGB:
    """A dim picture with its highlights lifted to a normal level (at most 4 times brighter); others are returned as they are.

    The person models miss most people in footage at a quarter of normal exposure, and find them again after this.
    """
    highlights = float(np.percentile(rgb[::4, ::4].max(axis=2), 95))
    if highlights >= _DIM_HIGHLIGHTS:
        return rgb
    gain = min(4.0, _NORMAL_HIGHLIGHTS / max(highlights, 1.0))
    return np.minimum(rgb.astype(np.float32) * gain, 255).astype(np.uint8)


def _at_width(rgb: RGB, width_px: int) -> RGB:
    if rgb.shape[1] <= width_px:
        return rgb
    side = round(max(rgb.shape[:2]) * width_px / rgb.shape[1])
    return Frame(0, 0.0, rgb).at_most(side)


def _text_like(gray: npt.NDArray[np.uint8]) -> float:
    import cv2

    height, width = (side - side % _BLOCK_PX for side in gray.shape)
    if height < 4 * _BLOCK_PX or width < 4 * _BLOCK_PX:
        return 0.0
    blocks = gray[:height, :width].reshape(height // _BLOCK_PX, _BLOCK_PX, width // _BLOCK_PX, _BLOCK_PX).astype(np.float32)
    flat = float(np.mean(blocks.std(axis=(1, 3)) < _FLAT_STD))
    dx, dy = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    strong = np.hypot(dx, dy) > _EDGE_GRADIENT
    if strong.sum() < 50:
        return 0.0
    angle = np.abs(np.arctan2(dy[strong], dx[strong])) % (np.pi / 2)
    aligned = float(np.mean(np.minimum(angle, np.pi / 2 - angle) < _AXIS_TOLERANCE_RAD))
    # Directions spread evenly would align by chance this often; only what exceeds it speaks for print and windows.
    chance = float(4 * _AXIS_TOLERANCE_RAD / np.pi)
    return flat * max(0.0, (aligned - chance) / (1 - chance))
