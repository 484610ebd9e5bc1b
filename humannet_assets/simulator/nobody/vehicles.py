"""Cars, vans, lorries, buses and trains, put together from boxes and cylinders. Vehicle frame: origin on the road, y ahead."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.textures import Color, Picture, noise
from humannet_assets.simulator.world import OBJECT, SceneBuilder, Shape, World

Vector = npt.NDArray[np.float64]

PAINTS: tuple[Color, ...] = (
    (0.86, 0.87, 0.88), (0.10, 0.10, 0.12), (0.55, 0.57, 0.60), (0.30, 0.32, 0.35), (0.58, 0.10, 0.10), (0.12, 0.22, 0.48),
    (0.16, 0.34, 0.26), (0.72, 0.60, 0.30), (0.40, 0.28, 0.22), (0.75, 0.40, 0.12),
)  # fmt: skip
"""White, black and greys first, as on roads."""

_PICTURE_PX = 256
_SIDEWAYS = rotation((0, 1, 0), math.pi / 2)


@dataclass(frozen=True)
class Vehicle:
    """Geometries with their place in the vehicle's frame; `length_m` from bumper to bumper."""

    parts: tuple[tuple[str, Vector, Matrix], ...]
    length_m: float

    def place(self, world: World, position: Vector, frame: Matrix) -> None:
        """Put it on the road at a point (3,) with its axes as columns."""
        for name, offset, turn in self.parts:
            world.place(name, position + frame @ offset, frame @ turn)


class _Works:
    """Declares the parts of one vehicle."""

    def __init__(self, scene: SceneBuilder, name: str, paint: Color) -> None:
        self._scene, self._name = scene, name
        self._parts: list[tuple[str, Vector, Matrix]] = []
        self.paint = scene.color(f"{name}_paint", paint, shine=0.5)
        self.glass = scene.color("car_glass", (0.10, 0.13, 0.16), shine=0.8)
        self.rubber = scene.color("car_rubber", (0.05, 0.05, 0.055))
        self.trim = scene.color("car_trim", (0.14, 0.14, 0.15), shine=0.3)

    def part(
        self, shape: Shape, size: tuple[float, ...], at: tuple[float, float, float], material: str, turn: Matrix | None = None
    ) -> None:
        """Add a geometry at a place of the vehicle's frame."""
        name = f"{self._name}_{len(self._parts)}"
        self._scene.add(name, shape, size, material, group=OBJECT, instance=self._name)
        self._parts.append((name, np.array(at), np.eye(3) if turn is None else turn))

    def wheels(self, half_width: float, axles: tuple[float, ...], radius: float = 0.31) -> None:
        """One cylinder per axle: what is between the wheels is hidden below the body."""
        for y in axles:
            self.part("cylinder", (radius, half_width + 0.01), (0, y, radius), self.rubber, _SIDEWAYS)

    def lamps(self, half_width: float, half_length: float, height: float) -> None:
        """Head lamps in front, tail lamps behind."""
        white = self._scene.color("head_lamp", (0.95, 0.95, 0.88), 0.6, glow=0.4)
        red = self._scene.color("tail_lamp", (0.72, 0.05, 0.05), 0.6, glow=0.25)
        for side in (-1.0, 1.0):
            self.part("box", (0.16, 0.02, 0.07), (side * (half_width - 0.22), half_length + 0.005, height), white)
            self.part("box", (0.15, 0.02, 0.08), (side * (half_width - 0.2), -half_length - 0.005, height), red)

    def vehicle(self, length_m: float) -> Vehicle:
        """What has been put together."""
        return Vehicle(tuple(self._parts), length_m)


def draw_car(rng: np.random.Generator, scene: SceneBuilder, name: str) -> Vehicle:
    """A hatchback, saloon, estate or van in a usual colour."""
    works = _Works(scene, name, PAINTS[int(rng.integers(len(PAINTS)))])
    if rng.random() < 0.2:
        return _van(rng, works)
    length, width, height = float(rng.uniform(3.9, 4.8)), float(rng.uniform(1.7, 1.85)), float(rng.uniform(1.38, 1.62))
    half, side, belt = length / 2, width / 2, 0.88
    boot = float(rng.choice((0.06, 0.5)))
    works.part("box", (side, half - 0.04, 0.26), (0, 0, 0.50), works.paint)
    works.part("box", (side - 0.05, half, 0.12), (0, 0, 0.42), works.trim)
    # Bonnet and boot lid round off the upper edges; the cabin narrows upwards.
    works.part("ellipsoid", (side - 0.03, 0.75, 0.20), (0, half - 0.72, 0.74), works.paint)
    cabin_front, cabin_back = half - 1.25, -half + boot
    middle, long = (cabin_front + cabin_back) / 2, (cabin_front - cabin_back) / 2
    works.part("box", (side - 0.08, long, (height - belt) / 2), (0, middle, (height + belt) / 2 - 0.06), works.glass)
    works.part("box", (side - 0.11, long - 0.28, 0.04), (0, middle - 0.08, height - 0.02), works.paint)
    for y, lean in ((cabin_front, 0.62), (cabin_back, -0.35)):
        slope = rotation((1, 0, 0), lean)
        works.part("box", (side - 0.09, 0.06, (height - belt) * 0.62), (0, y, (height + belt) / 2 - 0.08), works.glass, slope)
    works.part(
        "box", (side - 0.065, 0.05, (height - belt) / 2 - 0.02), (0, middle + 0.1, (height + belt) / 2 - 0.05), works.paint
    )
    works.wheels(side, (half - 0.8, -half + 0.75))
    works.lamps(side, half, 0.62)
    return works.vehicle(length)


def _van(rng: np.random.Generator, works: _Works) -> Vehicle:
    length, height = float(rng.uniform(5.0, 5.9)), float(rng.uniform(2.0, 2.5))
    half = length / 2
    works.part("box", (0.96, half - 0.5, (height - 0.35) / 2), (0, -0.48, (height + 0.35) / 2), works.paint)
    works.part("box", (0.95, 0.55, 0.36), (0, half - 0.56, 0.72), works.paint)
    works.part("box", (0.93, 0.06, 0.52), (0, half - 0.95, 1.45), works.glass, rotation((1, 0, 0), 0.5))
    works.part("box", (0.965, 0.34, 0.26), (0, half - 1.45, 1.48), works.glass)
    works.wheels(0.96, (half - 0.95, -half + 1.0), 0.34)
    works.lamps(0.96, half, 0.75)
    return works.vehicle(length)


def draw_bus(rng: np.random.Generator, scene: SceneBuilder, name: str) -> Vehicle:
    """A city bus with a band of windows."""
    paint = (PAINTS[4], PAINTS[5], PAINTS[7], (0.85, 0.72, 0.12), PAINTS[0])[int(rng.integers(5))]
    works = _Works(scene, name, paint)
    side = scene.surface(f"{name}_side", _carriage(rng, paint, windows=7, doors=2), (1, 1))
    works.part("box", (1.25, 5.9, 1.38), (0, 0, 1.72), works.paint)
    _sides(works, side, 1.255, 5.9, 0.36, 3.06)
    works.part("box", (1.12, 0.02, 0.72), (0, 5.9, 1.95), works.glass)
    works.part("box", (1.05, 0.02, 0.5), (0, -5.9, 2.1), works.glass)
    works.wheels(1.25, (3.4, -2.9), 0.48)
    works.lamps(1.25, 5.9, 0.8)
    return works.vehicle(11.8)


def draw_lorry(rng: np.random.Generator, scene: SceneBuilder, name: str) -> Vehicle:
    """A lorry with a box body."""
    works = _Works(scene, name, PAINTS[int(rng.integers(4, len(PAINTS)))])
    body = scene.color(f"{name}_body", PAINTS[0] if rng.random() < 0.5 else tuple(rng.uniform(0.3, 0.8, 3)), 0.2)
    works.part("box", (1.2, 2.6, 1.25), (0, -0.9, 2.05), body)
    works.part("box", (1.1, 0.85, 0.95), (0, 2.65, 1.45), works.paint)
    works.part("box", (1.02, 0.03, 0.42), (0, 3.5, 1.85), works.glass)
    works.part("box", (1.11, 0.35, 0.3), (0, 2.95, 1.85), works.glass)
    works.part("box", (0.9, 3.4, 0.12), (0, 0, 0.66), works.trim)
    works.wheels(1.2, (2.6, -1.6, -2.6), 0.46)
    works.lamps(1.15, 3.5, 0.8)
    return works.vehicle(7.0)


def draw_carriage(rng: np.random.Generator, scene: SceneBuilder, name: str, paint: Color, *, cab: bool = False) -> Vehicle:
    """A railway carriage, 18 m long on its bogies; `cab` gives it a sloping front."""
    works = _Works(scene, name, paint)
    key = f"carriage_{paint}"
    side = scene.surface(key, _carriage(rng, paint, windows=8, doors=2), (1, 1))
    works.part("box", (1.4, 8.7, 1.35), (0, 0, 2.3), works.paint)
    _sides(works, side, 1.405, 8.7, 0.96, 3.6)
    works.part("ellipsoid", (1.38, 8.7, 0.34), (0, 0, 3.62), works.trim)
    if cab:
        works.part("ellipsoid", (1.38, 1.5, 1.3), (0, 8.6, 2.2), works.paint)
        works.part("box", (0.9, 0.04, 0.42), (0, 9.75, 2.75), works.glass, rotation((1, 0, 0), 0.5))
    works.part("box", (1.1, 8.2, 0.25), (0, 0, 0.8), works.trim)
    works.wheels(1.0, (6.6, 4.4, -4.4, -6.6), 0.45)
    return works.vehicle(18.0)


def _sides(works: _Works, material: str, half_width: float, half_length: float, low: float, high: float) -> None:
    """A picture on both flanks."""
    middle, half = (low + high) / 2, (high - low) / 2
    right = np.column_stack([(0, 1, 0), (0, 0, 1), (1, 0, 0)]).astype(np.float64)
    left = np.column_stack([(0, -1, 0), (0, 0, 1), (-1, 0, 0)]).astype(np.float64)
    works.part("plane", (half_length, half, 0.1), (half_width, 0, middle), material, right)
    works.part("plane", (half_length, half, 0.1), (-half_width, 0, middle), material, left)


def _carriage(rng: np.random.Generator, color: Color, *, windows: int, doors: int) -> Picture:
    """The flank of a bus or carriage: a band of windows, doors, a stripe."""
    y, x = np.mgrid[0:_PICTURE_PX, 0:_PICTURE_PX] / _PICTURE_PX
    picture = np.repeat(np.repeat(np.asarray(color)[None, None], _PICTURE_PX, 0), _PICTURE_PX, 1)
    stripe = rng.uniform(0.1, 0.9, 3)
    picture[(y > 0.72) & (y < 0.80)] = stripe
    u = x * windows % 1
    glass = (abs(u - 0.5) < 0.43) & (y > 0.16) & (y < 0.55)
    picture[glass] = (0.12, 0.15, 0.18)
    picture[glass & (y < 0.28) & (u > 0.3)] = (0.22, 0.26, 0.30)
    for door in range(doors):
        at = (door + 0.5) / doors + 0.1
        leaf = (abs(x - at) < 0.045) & (y > 0.12) & (y < 0.95)
        picture[leaf] = np.asarray(color) * 0.55
        picture[leaf & (abs(abs(x - at) - 0.022) < 0.016) & (y < 0.7) & (y > 0.18)] = (0.15, 0.18, 0.2)
    picture = picture * (1 + 0.04 * noise(rng, _PICTURE_PX, 1.4)[..., None])
    # Pictures of planes begin at their lower edge.
    return np.ascontiguousarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)[::-1])
