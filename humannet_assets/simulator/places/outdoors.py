"""The open sky: weather, sun and shadows, rows of houses and woods that close the horizon."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from humannet_assets.simulator.places import fronts, outdoor_things, pictures
from humannet_assets.simulator.places.colors import earth
from humannet_assets.simulator.places.draft import begin
from humannet_assets.simulator.places.stand import Stand
from humannet_assets.simulator.textures import Color
from humannet_assets.simulator.world import Light

_SUN_M = 27.0
"""The sun hangs this far from the middle: its shadows reach 17 m around (MuJoCo casts them within 0.4 of 80 degrees)."""


GROUND_GRID_M = 3.0
"""Squares of the ground at whose corners light is computed."""

_FRONTS = 4
"""Different fronts of houses of one height."""


@dataclass(frozen=True)
class Weather:
    """The light outdoors: the sky at zenith and horizon, the sun's colour and height, light without shadows."""

    moment: pictures.Moment
    zenith: Color
    horizon: Color
    sun: Color
    height_deg: tuple[float, float]
    ambient: float
    fill: float


_WEATHERS = (
    Weather("day", (0.28, 0.48, 0.85), (0.78, 0.87, 0.95), (0.52, 0.50, 0.45), (45, 65), 0.56, 0.14),
    Weather("day", (0.62, 0.66, 0.70), (0.83, 0.85, 0.86), (0.20, 0.20, 0.21), (60, 75), 0.68, 0.14),
    Weather("day", (0.40, 0.58, 0.86), (0.92, 0.90, 0.85), (0.50, 0.46, 0.40), (32, 45), 0.56, 0.16),
    Weather("evening", (0.22, 0.28, 0.50), (0.95, 0.68, 0.45), (0.46, 0.34, 0.25), (26, 34), 0.56, 0.12),
)
"""A clear noon, an overcast day, a hazy afternoon, a late evening."""


class Outdoors:
    """An open place under construction, its ground at z = 0."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.weather = _WEATHERS[int(rng.integers(len(_WEATHERS)))]
        self.builder, self.palette = begin(rng, (self.weather.zenith, self.weather.horizon))
        self.builder.ambient = self.weather.ambient
        self._fronts: dict[int, list[str]] = {}
        self._count = 0

    def stand(self, name: str, x: float, y: float, heading_rad: float = 0.0) -> Stand:
        """The frame of a thing on the ground."""
        self._count += 1
        return Stand(self.builder, f"{name}{self._count}", (x, y, 0.0), heading_rad)

    def light(self, x: float = 0.0, y: float = 0.0, *, along_rad: float | None = None) -> None:
        """The sun with shadows around a point; the sky and the ground without.

        It shines from any side, or roughly along a street of that direction (counter-clockwise from +x), whichever way.
        """
        weather, rng = self.weather, self.rng
        azimuth = float(rng.uniform(0, 2 * math.pi))
        if along_rad is not None:
            azimuth = along_rad + math.pi * int(rng.integers(2)) + float(rng.uniform(-0.45, 0.45))
        height = math.radians(float(rng.uniform(*weather.height_deg)))
        away = np.array([math.cos(azimuth) * math.cos(height), math.sin(azimuth) * math.cos(height), math.sin(height)])
        px, py, pz = (float(value) for value in np.array([x, y, 0]) + away * _SUN_M)
        dx, dy, dz = (float(value) for value in -away)
        self.builder.lights.append(Light((px, py, pz), (dx, dy, dz), weather.sun))
        fill = (weather.fill, weather.fill, weather.fill * 1.1)
        self.builder.lights.append(Light((0, 0, 20), (-dx, -dy, -0.5), fill, directional=True, shadow=False))
        self.builder.lights.append(Light((0, 0, 0), (0.1, 0.2, 1.0), (0.12, 0.12, 0.11), directional=True, shadow=False))

    def houses(
        self, name: str, start: tuple[float, float], heading_rad: float, length: float, *, shops: float = 0.5,
        depth: float = 8.0,
    ) -> None:  # fmt: skip
        """Houses side by side from a point to the viewer's right, their fronts on the line."""
        at, rng = 0.0, self.rng
        origin = self.stand(name, *start, heading_rad)
        while at < length - 0.5:
            width = float(rng.uniform(6.5, 10.0))
            if length - at - width < 5.5:
                width = length - at
            here, storeys = origin.at(f"house{at:.0f}", at + width / 2, 0.0), int(rng.integers(2, 5))
            outdoor_things.house(here, self._front(storeys), width - 0.02, storeys=storeys, depth=depth)
            if rng.random() < shops:
                wide = min(width - 0.8, float(rng.uniform(4.0, 6.5)))
                outdoor_things.shop_front(here.at("shop", 0, -0.03), self.palette, rng, wide, self.weather.moment)
            at += width

    def woods(self, clumps: int, radius: tuple[float, float], leaves: list[str]) -> None:
        """Clumps of trees all around, which close the horizon."""
        for i in range(clumps):
            angle = 2 * math.pi * (i + float(self.rng.uniform(-0.2, 0.2))) / clumps
            away = float(self.rng.uniform(*radius))
            high, wide = float(self.rng.uniform(8, 12)), 2.6 * math.pi * away / clumps
            here = self.stand("woods", away * math.cos(angle), away * math.sin(angle), angle)
            here.ball("clump", (0, 0, high * 0.25), (wide * 0.6, wide, high), leaves[i % len(leaves)])

    def _front(self, storeys: int) -> str:
        """One of a few fronts of that many storeys."""
        drawn = self._fronts.setdefault(storeys, [])
        if len(drawn) < _FRONTS:
            brick = bool(self.rng.random() < 0.35)
            drawn.append(self.palette.show(fronts.house, earth(self.rng), 4, storeys, brick, self.weather.moment))
        return drawn[int(self.rng.integers(len(drawn)))]
