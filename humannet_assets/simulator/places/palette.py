"""Materials of a place: every call declares one, drawn from the place's generator, with pictures shared through a cache."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from humannet_assets.simulator.textures import Color, Picture
from humannet_assets.simulator.world import SceneBuilder

SURFACE_PX = 256
"""Side of the pictures of surfaces: at 320x240 and 1 m away a surface that repeats every metre shows a third of that."""

_VARIANTS = 64
"""Pictures of one kind and colour there can be."""

_CACHED = 192
"""Pictures kept: about 192 KiB each, and a place has 20 to 40."""

Painter = Callable[..., Picture]


@lru_cache(maxsize=_CACHED)
def _draw(painter: Painter, variant: int, arguments: tuple[Any, ...], options: tuple[tuple[str, Any], ...]) -> Picture:
    name = getattr(painter, "__name__", "")
    picture = painter(np.random.default_rng([zlib.crc32(name.encode()), variant]), *arguments, **dict(options))
    picture.setflags(write=False)
    return picture


class Palette:
    """Declares the materials of one place."""

    def __init__(self, builder: SceneBuilder, rng: np.random.Generator) -> None:
        self._builder = builder
        self._rng = rng
        self._count = 0

    def paint(self, color: Color, *, shine: float = 0.1, glow: float = 0.0) -> str:
        """A plain colour; returns the material's name."""
        return self._builder.color(self._name("paint"), color, shine, glow=glow)

    def cover(
        self, surface: Painter, color: Color, *, period_m: float = 1.0, shine: float = 0.05, **options: Any
    ) -> str:  # fmt: skip
        """A surface of `textures` that repeats every `period_m`; returns the material's name."""
        picture = self._picture(surface, color, size=SURFACE_PX, **options)
        # A uniform material of MuJoCo repeats every 2 m.
        return self._builder.surface(self._name(surface.__name__), picture, (2 / period_m, 2 / period_m), True, shine)

    def cloak(self, surface: Painter, color: Color, *, shine: float = 0.05, repeat: tuple[float, float] = (1, 1)) -> str:
        """A surface of `textures` stretched over each face of a part; returns the material's name."""
        picture = self._picture(surface, color, size=SURFACE_PX)
        return self._builder.surface(self._name(surface.__name__), picture, repeat, False, shine)

    def show(
        self, painter: Painter, *arguments: Any, shine: float = 0.05, glow: float = 0.0, repeat: tuple[float, float] = (1, 1)
    ) -> str:  # fmt: skip
        """A picture of `pictures` or `goods` that fills each face of a part; returns the material's name."""
        picture = self._picture(painter, *arguments)
        return self._builder.surface(self._name(painter.__name__), picture, repeat, False, shine, glow=glow)

    def _picture(self, painter: Painter, *arguments: Any, **options: Any) -> Picture:
        arguments = tuple(_rounded(argument) for argument in arguments)
        return _draw(painter, int(self._rng.integers(_VARIANTS)), arguments, tuple(sorted(options.items())))

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"


def _rounded(argument: Any) -> Any:
    """Colours to two digits, so that equal ones are found again."""
    if isinstance(argument, tuple):
        return tuple(round(float(channel), 2) for channel in argument)
    return argument
