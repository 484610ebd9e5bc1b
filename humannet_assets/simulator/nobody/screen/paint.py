"""Drawing for screens: fonts, wrapped text, charts, photographs, the mouse pointer. Pictures are RGB uint8 (height, width, 3).

Fonts: the one inside Pillow, and for code the monospaced one that Matplotlib ships, so that none has to be installed.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from humannet_assets.simulator.textures import noise
from humannet_assets.simulator.world import RGB

Color = tuple[int, int, int]

INK: Color = (32, 33, 36)
FAINT: Color = (118, 122, 128)
PAPER: Color = (255, 255, 255)


@lru_cache(maxsize=64)
def font(size_px: int, mono: bool = False) -> Any:
    """A font of that size, proportional or monospaced."""
    from PIL import ImageFont

    if not mono:
        return ImageFont.load_default(size_px)
    import matplotlib as mpl

    return ImageFont.truetype(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSansMono.ttf"), size_px)


class Canvas:
    """A picture being drawn."""

    def __init__(self, width: int, height: int, color: Color = PAPER) -> None:
        from PIL import Image, ImageDraw

        self.size = (width, height)
        self._image = Image.new("RGB", self.size, color)
        self._draw = ImageDraw.Draw(self._image)

    def text(self, x: float, y: float, text: str, size_px: int, color: Color = INK, *, mono: bool = False) -> None:
        """One line; (x, y) is its upper left corner."""
        self._draw.text((x, y), text, font=font(size_px, mono), fill=color)

    def box(self, x: float, y: float, width: float, height: float, color: Color, *, outline: Color | None = None) -> None:
        """A filled rectangle."""
        self._draw.rectangle((x, y, x + width - 1, y + height - 1), fill=color, outline=outline)

    def line(self, points: list[tuple[float, float]], color: Color, width: int = 1) -> None:
        """A polyline."""
        self._draw.line(points, fill=color, width=width)

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        """A filled circle about (x, y)."""
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)

    def paste(self, x: int, y: int, picture: RGB) -> None:
        """Another picture on top."""
        from PIL import Image

        self._image.paste(Image.fromarray(picture), (x, y))

    def picture(self) -> RGB:
        """What has been drawn."""
        return np.array(self._image, np.uint8)


def wrap(text: str, size_px: int, width: float) -> list[str]:
    """Break at spaces into lines no wider than `width` pixels."""
    lines, line = [], ""
    face = font(size_px)
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and face.getlength(longer) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]


def photograph(rng: np.random.Generator, width: int, height: int) -> RGB:
    """Something like a holiday picture: sky, hills behind each other, a sun."""
    y = np.linspace(0, 1, height)[:, None, None]
    top, bottom = rng.uniform(60, 190, 3), rng.uniform(170, 250, 3)
    picture = np.repeat(top * (1 - y) + bottom * y, width, axis=1)
    sun = np.hypot(np.arange(width) - rng.uniform(0.2, 0.8) * width, np.arange(height)[:, None] - 0.25 * height)
    picture[sun < 0.06 * height] = (255, 244, 214)
    grain = noise(rng, 256, roughness=1.0)[np.ix_(np.arange(height) % 256, np.arange(width) % 256)]
    steps = np.arange(width) / max(height, 1)
    for depth in range(4):
        ridge = 0.45 + 0.13 * depth
        for octave in (1, 2, 4, 8):
            ridge = ridge + 0.07 / octave * np.sin(steps * octave * rng.uniform(1.5, 3.5) + rng.uniform(0, 6.3))
        color = rng.uniform(30, 120, 3) * (0.6, 1.0, 0.7)
        below = np.arange(height)[:, None] > ridge * height
        picture = np.where(below[..., None], color * (1 + 0.22 * grain[..., None]), picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


def chart(rng: np.random.Generator, width: int, height: int) -> RGB:
    """Bars or a curve with axes."""
    canvas = Canvas(width, height)
    left, base, count = 40, height - 26, int(rng.integers(5, 12))
    values = np.abs(np.cumsum(rng.normal(0.5, 1, count))) + 0.5
    values /= values.max()
    color = (int(rng.integers(20, 200)), int(rng.integers(60, 160)), int(rng.integers(60, 220)))
    step = (width - left - 10) / count
    for i in range(5):
        y = base - i / 4 * (base - 14)
        canvas.line([(left, y), (width - 8, y)], (214, 216, 220))
        canvas.text(6, y - 7, str(i * 25), 11, FAINT)
    tops = [(left + (i + 0.5) * step, base - float(v) * (base - 18)) for i, v in enumerate(values)]
    if rng.random() < 0.5:
        canvas.line(tops, color, 3)
        for x, y in tops:
            canvas.disc(x, y, 4, color)
    else:
        for x, y in tops:
            canvas.box(x - step * 0.35, y, step * 0.7, base - y, color)
    canvas.line([(left, 10), (left, base), (width - 8, base)], FAINT, 2)
    return canvas.picture()


POINTER: tuple[tuple[int, int], ...] = ((0, 0), (0, 17), (4, 13), (7, 19), (10, 18), (7, 12), (12, 12))
"""Outline of the arrow, pixels from its tip."""


@lru_cache(maxsize=4)
def pointer(scale: float) -> tuple[RGB, RGB]:
    """The arrow's picture and its mask (1 where it covers), both (h, w, 3)."""
    from PIL import Image, ImageDraw

    size = (round(14 * scale), round(21 * scale))
    image, mask = Image.new("RGB", size), Image.new("RGB", size)
    outline = [(x * scale, y * scale) for x, y in POINTER]
    ImageDraw.Draw(mask).polygon(outline, fill=(1, 1, 1), outline=(1, 1, 1))
    ImageDraw.Draw(image).polygon(outline, fill=(12, 12, 12), outline=(255, 255, 255))
    return np.array(image, np.uint8), np.array(mask, np.uint8)
