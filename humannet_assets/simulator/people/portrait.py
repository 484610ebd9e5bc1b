"""Painted portraits: head and shoulders as a picture, for frames on walls."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.people.build import Look
from humannet_assets.simulator.textures import Picture, noise

_WIDE_PX, _HIGH_PX = 192, 256
_SKETCH_PX = 256
"""Size of the noise that canvas and brush strokes are made of."""


def paint_portrait(rng: np.random.Generator, look: Look) -> Picture:
    """A portrait of somebody who looks like that, (256, 192, 3) uint8, the head's top at row 0."""
    v, u = np.mgrid[0:_HIGH_PX, 0:_WIDE_PX]
    # Coordinates in head heights: x to the right, y up, the middle of the face at the origin.
    x, y = (u - _WIDE_PX / 2) / 92.0, (_HIGH_PX * 0.42 - v) / 92.0
    turn = float(rng.uniform(-0.10, 0.10))
    picture = np.empty((_HIGH_PX, _WIDE_PX, 3))
    back = rng.uniform(0.15, 0.6, 3)
    picture[:] = back * (1.0 + 0.35 * y[..., None])
    skin, hair, top = (np.asarray(color) for color in (look.skin, look.hair, look.top))
    light = 1.0 - 0.28 * np.clip(x * 1.6, -1, 1)

    def paint(
        mask: npt.NDArray[np.bool_], color: npt.NDArray[np.float64], shade: npt.NDArray[np.float64] | None = None
    ) -> None:
        tone = light if shade is None else shade
        picture[mask] = (color[None, None, :] * tone[..., None])[mask]

    def oval(cx: float, cy: float, rx: float, ry: float) -> npt.NDArray[np.bool_]:
        return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1

    long_hair = look.hair_style in ("long", "curly")
    paint(oval(0, -1.55, 1.02, 0.86), top)
    if long_hair:
        paint(oval(0, -0.25, 0.50, 0.85), hair)
    paint((np.abs(x) < 0.19) & (y < -0.3) & (y > -0.95), skin * 0.82)
    paint(oval(0, 0.17, 0.45, 0.52), hair)
    paint(oval(turn * 0.4, 0.0, 0.37, 0.52), skin)
    if look.hair_style != "bald":
        paint(oval(turn * 0.4, 0.42, 0.38, 0.17) & (y > 0.30), hair)
    for side in (-1, 1):
        cx = turn + side * 0.155
        paint(oval(cx, 0.055, 0.075, 0.036), np.array([0.94, 0.93, 0.90]))
        paint(oval(cx + 0.3 * turn, 0.055, 0.032, 0.036), np.array([0.10, 0.08, 0.07]))
        paint(oval(cx, 0.145, 0.090, 0.020), hair * 0.8)
        paint(oval(side * 0.385, 0.0, 0.045, 0.10), skin * 0.85)
    paint(oval(turn * 1.4 + 0.015, -0.085, 0.050, 0.085), skin * 0.86)
    paint(oval(turn * 1.2, -0.265, 0.115, 0.034), skin * (0.85, 0.48, 0.48))
    if look.beard:
        paint(oval(turn, -0.42, 0.30, 0.16) & (y < -0.31), hair)
    strokes = noise(rng, _SKETCH_PX, 0.9)[:_HIGH_PX, :_WIDE_PX] * 0.07
    return (np.clip(picture * (1 + strokes[..., None]), 0, 1) * 255).astype(np.uint8)
