"""How much of a picture's edges survives from one frame to the next, whatever happens to its light.

A lamp switched on, a jump of exposure or of white balance scales brightness and so the length of intensity gradients, but
hardly turns them: the direction of gradients is close to independent of illumination (Chen, Belhumeur & Jacobs, In Search of
Illumination Invariants, CVPR 2000). Unrelated pictures agree in it by chance only. Cut detectors confuse the two: false cuts
at changes of light are their classic error (Lienhart, Comparison of Automatic Shot Boundary Detection Algorithms, SPIE 1999).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

SIZE_PX = (64, 48)
"""Width and height on which gradients are compared: a few pixels of camera motion between frames do not matter there."""
_BLOCK_PX = 8
_MOST_CONTRAST = 6.0
"""Mean gradient (grey levels per pixel) from which a block weighs fully, so that one strong edge does not speak for all."""


def gradients(grey: npt.NDArray[np.uint8]) -> Floats:
    """Horizontal and vertical intensity gradients (2, 48, 64) of a grey picture of any size, grey levels per pixel."""
    import cv2

    small = cv2.resize(grey, SIZE_PX, interpolation=cv2.INTER_AREA)
    pair = [cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=1 / 8)]
    return np.asarray(pair, np.float32)


def structure_kept(before: Floats, after: Floats) -> float:
    """Mean correlation of two pictures' gradients over 8 x 6 blocks, weighted by contrast: 1 the same edges, 0 unrelated.

    Correlating per block makes it independent of how much brighter one part became than another (a lamp lights one corner).
    Pictures without any edge (black frames) share none: 0.

    Args:
        before: `gradients` of a picture.
        after: `gradients` of the next.
    """
    shared = _per_block((before * after).sum(axis=0))
    energy = np.sqrt(_per_block((before**2).sum(axis=0)) * _per_block((after**2).sum(axis=0)))
    weight = np.minimum(np.sqrt(energy), _MOST_CONTRAST)
    total = float(weight.sum())
    return float((weight * shared / np.maximum(energy, 1e-6)).sum()) / total if total > 1e-3 else 0.0


def _per_block(values: Floats) -> Floats:
    """Mean over blocks of 8 x 8 pixels, (6, 8)."""
    width, height = SIZE_PX
    blocks = values.reshape(height // _BLOCK_PX, _BLOCK_PX, width // _BLOCK_PX, _BLOCK_PX)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float64)
