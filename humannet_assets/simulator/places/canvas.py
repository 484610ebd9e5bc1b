"""A small drawing board for pictures of things: rectangles, ellipses and polygons in shares of the picture's sides.

(0, 0) is the upper left corner, (1, 1) the lower right one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from humannet_assets.simulator.textures import Color, Picture, noise


class Canvas:
    """A picture under way, floats in 0..1."""

    def __init__(self, color: Color, size: tuple[int, int] = (256, 256)) -> None:
        """Begin with one colour; `size` is (height, width) in pixels."""
        self.height, self.width = size
        self.pixels = np.empty((*size, 3))
        self.pixels[:] = color

    def _span(self, x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice]:
        rows = slice(max(0, round(y0 * self.height)), max(round(y0 * self.height) + 1, round(y1 * self.height), 0))
        columns = slice(max(0, round(x0 * self.width)), max(round(x0 * self.width) + 1, round(x1 * self.width), 0))
        return rows, columns

    def rect(self, x0: float, y0: float, x1: float, y1: float, color: Color) -> None:
        """Fill a rectangle; at least a pixel wide."""
        self.pixels[self._span(x0, y0, x1, y1)] = color

    def frame(self, x0: float, y0: float, x1: float, y1: float, color: Color, line: float = 0.01) -> None:
        """Draw a rectangle's outline, inwards."""
        self.rect(x0, y0, x1, y0 + line, color)
        self.rect(x0, y1 - line, x1, y1, color)
        self.rect(x0, y0, x0 + line, y1, color)
        self.rect(x1 - line, y0, x1, y1, color)

    def panel(self, x0: float, y0: float, x1: float, y1: float, color: Color, line: float = 0.008) -> None:
        """A rectangle with a lit upper left and a shaded lower right edge: doors, drawers, keys."""
        base = np.asarray(color)
        light, dark = tuple(np.minimum(base * 1.25 + 0.05, 1)), tuple(base * 0.55)
        self.rect(x0, y0, x1, y1, dark)
        self.rect(x0, y0, x1 - line, y1 - line, light)
        self.rect(x0 + line, y0 + line, x1 - line, y1 - line, color)

    def ellipse(self, x: float, y: float, radius_x: float, radius_y: float, color: Color) -> None:
        """Fill an ellipse."""
        rows, columns = self._span(x - radius_x, y - radius_y, x + radius_x, y + radius_y)
        v, u = np.ogrid[rows.start : min(rows.stop, self.height), columns.start : min(columns.stop, self.width)]
        inside = ((u + 0.5) / self.width - x) ** 2 / radius_x**2 + ((v + 0.5) / self.height - y) ** 2 / radius_y**2 <= 1
        self.pixels[rows, columns][inside] = color

    def polygon(self, corners: Sequence[tuple[float, float]], color: Color) -> None:
        """Fill a polygon (even-odd)."""
        points = np.asarray(corners)
        low, high = points.min(axis=0), points.max(axis=0)
        rows, columns = self._span(low[0], low[1], high[0], high[1])
        v, u = np.mgrid[rows.start : min(rows.stop, self.height), columns.start : min(columns.stop, self.width)]
        x, y = (u + 0.5) / self.width, (v + 0.5) / self.height
        inside = np.zeros(x.shape, bool)
        for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
            if y0 != y1:
                inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
        self.pixels[rows, columns][inside] = color

    def line(self, x0: float, y0: float, x1: float, y1: float, color: Color, width: float = 0.01) -> None:
        """Draw a line of that width (share of the picture's width)."""
        aspect = self.width / self.height
        way = np.array([x1 - x0, (y1 - y0) / aspect])
        side = np.array([-way[1], way[0] * aspect]) / max(float(np.linalg.norm(way)), 1e-9) * width / 2
        a, b = np.array([x0, y0]), np.array([x1, y1])
        self.polygon([tuple(a + side), tuple(b + side), tuple(b - side), tuple(a - side)], color)

    def writing(
        self, rng: np.random.Generator, x0: float, y0: float, x1: float, y1: float, color: Color, lines: int = 4
    ) -> None:  # fmt: skip
        """Lines of word-like strokes that fill a rectangle."""
        pitch = (y1 - y0) / lines
        for i in range(lines):
            at, top = x0, y0 + i * pitch
            end = x0 + (x1 - x0) * rng.uniform(0.6, 1.0)
            while at < end:
                long = pitch * rng.uniform(0.5, 2.2) * self.height / self.width
                self.rect(at, top + pitch * 0.2, min(at + long, x1), top + pitch * rng.uniform(0.55, 0.75), color)
                at += long + pitch * 0.35 * self.height / self.width

    def grain(self, rng: np.random.Generator, amount: float = 0.04, roughness: float = 0.8) -> None:
        """Break up flat colours with noise."""
        side = max(self.height, self.width)
        field = noise(rng, side, roughness)[: self.height, : self.width]
        self.pixels *= 1 + amount * field[..., None]

    def picture(self) -> Picture:
        """The finished picture, uint8 (height, width, 3)."""
        return (np.clip(self.pixels, 0, 1) * 255).astype(np.uint8)
