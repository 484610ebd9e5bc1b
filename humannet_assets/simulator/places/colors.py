"""Colours drawn at random: pale walls, muted furniture, vivid goods, woods."""

from __future__ import annotations

import colorsys

import numpy as np

from humannet_assets.simulator.textures import Color

WOODS: tuple[Color, ...] = (
    (0.72, 0.56, 0.38), (0.60, 0.42, 0.26), (0.44, 0.29, 0.18), (0.32, 0.22, 0.15), (0.78, 0.68, 0.54), (0.56, 0.36, 0.24),
)  # fmt: skip
"""Birch, oak, walnut, wenge, ash, cherry."""


def _hsv(
    rng: np.random.Generator, hue: tuple[float, float], saturation: tuple[float, float], value: tuple[float, float]
) -> Color:
    return colorsys.hsv_to_rgb(rng.uniform(*hue) % 1.0, rng.uniform(*saturation), rng.uniform(*value))


_HOUSE_HUES = (-0.04, 0.67)
"""From red over yellow and green to blue: walls and furniture are rarely violet or pink."""


def pale(rng: np.random.Generator) -> Color:
    """A wall's colour."""
    return _hsv(rng, _HOUSE_HUES, (0.04, 0.24), (0.70, 0.88))


def muted(rng: np.random.Generator) -> Color:
    """The colour of furniture, clothes, doors."""
    return _hsv(rng, _HOUSE_HUES, (0.15, 0.5), (0.3, 0.7))


_PRINT_HUES = (0.0, 0.02, 0.07, 0.10, 0.13, 0.16, 0.30, 0.36, 0.48, 0.56, 0.60, 0.63, 0.93)
"""Reds, oranges, yellows, greens and blues: goods are rarely violet."""


def tinted(rng: np.random.Generator) -> Color:
    """The colour of one wall that differs from the others."""
    return _hsv(rng, _HOUSE_HUES, (0.12, 0.38), (0.5, 0.82))


def vivid(rng: np.random.Generator) -> Color:
    """The colour of packages, covers, toys."""
    hue = _PRINT_HUES[int(rng.integers(len(_PRINT_HUES)))]
    return _hsv(rng, (hue - 0.015, hue + 0.015), (0.5, 0.9), (0.5, 0.9))


def grey(rng: np.random.Generator, low: float = 0.25, high: float = 0.85) -> Color:
    """Nearly grey."""
    return _hsv(rng, (0, 1), (0.0, 0.06), (low, high))


def green(rng: np.random.Generator) -> Color:
    """Leaves."""
    return _hsv(rng, (0.20, 0.36), (0.35, 0.6), (0.30, 0.52))


def turf(rng: np.random.Generator) -> Color:
    """A lawn."""
    return _hsv(rng, (0.17, 0.29), (0.32, 0.5), (0.38, 0.54))


def earth(rng: np.random.Generator) -> Color:
    """Stone, brick and render of houses."""
    return _hsv(rng, (0.0, 0.13), (0.12, 0.5), (0.5, 0.85))


def stone(rng: np.random.Generator) -> Color:
    """Paving: greys, sand, pale red."""
    return _hsv(rng, (0.02, 0.14), (0.05, 0.3), (0.48, 0.72))


def woody(rng: np.random.Generator) -> Color:
    """One of `WOODS`, a little lighter or darker."""
    red, green_, blue = np.asarray(WOODS[int(rng.integers(len(WOODS)))]) * rng.uniform(0.88, 1.1)
    return (float(red), float(green_), float(blue))


def plank(rng: np.random.Generator) -> Color:
    """Wood of surfaces people work on: pale, grey or painted. Skin on brown wood is what hand detectors miss."""
    kind = rng.random()
    if kind < 0.55:
        return _hsv(rng, (0.08, 0.13), (0.12, 0.34), (0.60, 0.75))
    if kind < 0.8:
        return _hsv(rng, (0.08, 0.16), (0.04, 0.14), (0.48, 0.68))
    return _hsv(rng, (0.25, 0.62), (0.15, 0.45), (0.42, 0.7))


def cool(rng: np.random.Generator) -> Color:
    """Greens, blues and greys, far from skin."""
    return _hsv(rng, (0.25, 0.72), (0.05, 0.45), (0.35, 0.75))


def darker(color: Color, share: float) -> Color:
    """The colour times a share (above 1: lighter)."""
    red, green_, blue = (min(1.0, channel * share) for channel in color)
    return (red, green_, blue)
