"""Furniture that people need for what they do: tables, chairs, cupboards. It stands still; z = 0 is the floor.

Furniture frame: origin on the floor below the middle, y towards the person who uses it, z up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.objects import Item, Joint, Piece
from humannet_assets.simulator.world import OBJECT, SCENERY, SceneBuilder

Vector = npt.NDArray[np.float64]
Point = tuple[float, float]
Color = tuple[float, float, float]

_WOODS: tuple[Color, ...] = ((0.60, 0.44, 0.28), (0.42, 0.28, 0.18), (0.72, 0.60, 0.44), (0.30, 0.21, 0.15))
_PAINTS: tuple[Color, ...] = (
    (0.82, 0.80, 0.75),
    (0.36, 0.45, 0.42),
    (0.50, 0.53, 0.58),
    (0.66, 0.52, 0.36),
    (0.30, 0.36, 0.46),
)


@dataclass(frozen=True)
class Furniture:
    """A piece that was put up: where it stands, its half sizes, and the height it is used at."""

    name: str
    middle: Point
    half: Point
    heading_rad: float
    top_m: float

    def point(self, x: float, y: float, z: float = 0.0) -> Vector:
        """A point of its frame, above its top, in the world."""
        return np.array([*self.middle, self.top_m + z]) + rotation((0, 0, 1), self.heading_rad) @ np.array([x, y, 0.0])


class Joiner:
    """Builds furniture of a style that is drawn once per scene."""

    def __init__(self, rng: np.random.Generator, scene: SceneBuilder) -> None:
        self._rng, self._scene = rng, scene
        self._count = 0
        self._wood = ""

    def _material(self) -> str:
        if not self._wood:
            color = _WOODS[int(self._rng.integers(len(_WOODS)))]
            picture = textures.wood(self._rng, color, planks=2, size=128)
            self._wood = self._scene.surface("furniture_wood", picture, (0.6, 0.6), uniform=True, shine=0.12)
        return self._wood

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _box(
        self, name: str, part: str, at: Vector, half: tuple[float, float, float], material: str, middle: Point, heading: float
    ) -> str:
        turn = rotation((0, 0, 1), heading)
        position = np.array([*middle, 0.0]) + turn @ at
        return self._scene.add(f"{name}_{part}", "box", half, material, position, frame=turn, group=SCENERY, instance=name)

    def table(self, middle: Point, heading_rad: float, top_m: float, half: Point) -> Furniture:
        """A table of that height and half size."""
        name, wood = self._name("table"), self._material()
        self._box(name, "top", np.array([0, 0, top_m - 0.018]), (half[0], half[1], 0.018), wood, middle, heading_rad)
        leg = self._scene.color("furniture_leg", (0.20, 0.16, 0.13))
        for i, (x, y) in enumerate(((-1, -1), (-1, 1), (1, -1), (1, 1))):
            at = np.array([x * (half[0] - 0.04), y * (half[1] - 0.04), top_m / 2 - 0.018])
            self._box(name, f"leg{i}", at, (0.024, 0.024, top_m / 2 - 0.018), leg, middle, heading_rad)
        return Furniture("table", middle, half, heading_rad, top_m)

    def chair(self, middle: Point, heading_rad: float, seat_m: float) -> Furniture:
        """A chair; whoever sits on it looks along its y axis."""
        name, wood = self._name("chair"), self._material()
        self._box(name, "seat", np.array([0, 0, seat_m - 0.02]), (0.21, 0.20, 0.02), wood, middle, heading_rad)
        self._box(name, "back", np.array([0, -0.20, seat_m + 0.30]), (0.20, 0.014, 0.14), wood, middle, heading_rad)
        for i, x in enumerate((-0.18, 0.18)):
            self._box(
                name,
                f"front{i}",
                np.array([x, 0.17, seat_m / 2 - 0.02]),
                (0.018, 0.018, seat_m / 2 - 0.02),
                wood,
                middle,
                heading_rad,
            )
            high = (seat_m + 0.44) / 2
            self._box(name, f"rear{i}", np.array([x, -0.20, high]), (0.018, 0.018, high), wood, middle, heading_rad)
        return Furniture("chair", middle, (0.23, 0.23), heading_rad, seat_m)

    def cupboard(
        self, middle: Point, heading_rad: float, height_m: float, wide: float, *, mirrored: bool = False
    ) -> tuple[Furniture, Item]:  # fmt: skip
        """A cupboard `2 * wide` across with shelves and one door, which is the item.

        The door turns about its right edge (seen from the front), for a right hand; mirrored about the left one.
        """
        side = -1.0 if mirrored else 1.0
        name, wood = self._name("cupboard"), self._material()
        paint = self._scene.color("cupboard_paint", _PAINTS[int(self._rng.integers(len(_PAINTS)))], shine=0.15)
        deep, half = 0.20, height_m / 2
        for part, at, size in (
            ("back", (0, -deep, half), (wide, 0.01, half)), ("left", (-wide, 0, half), (0.012, deep, half)),
            ("right", (wide, 0, half), (0.012, deep, half)), ("top", (0, 0, height_m), (wide + 0.012, deep + 0.01, 0.012)),
            ("shelf1", (0, 0, 0.42 * height_m), (wide, deep, 0.01)), ("shelf2", (0, 0, 0.68 * height_m), (wide, deep, 0.01)),
            ("floor", (0, 0, 0.05), (wide, deep, 0.05)),
        ):  # fmt: skip
            self._box(name, part, np.array(at), size, wood, middle, heading_rad)
        for i in range(4):
            color = self._scene.color(f"{name}_jar{i}", self._rng.uniform(0.2, 0.85, 3), shine=0.3)
            tall = float(self._rng.uniform(0.05, 0.09))
            at = np.array([(i - 1.5) * 0.42 * wide, 0.02, (0.42 if i % 2 else 0.68) * height_m + 0.01 + tall])
            self._box(name, f"jar{i}", at, (0.14 * wide, 0.045, tall), color, middle, heading_rad)
        brass = self._scene.color("brass", (0.75, 0.6, 0.3), shine=0.7)
        door = self._scene.add(f"{name}_door", "box", (wide - 0.003, 0.011, half - 0.06), paint, group=OBJECT, instance=name)
        knob = self._scene.add(f"{name}_knob", "capsule", (0.010, 0.05), brass, group=OBJECT, instance=name)
        grip = np.array([side * (wide - 0.055), deep + 0.045, 0.58 * height_m])
        pieces = (Piece(door, np.array([0, deep + 0.011, half + 0.045])), Piece(knob, grip))
        hinge = Joint(
            "hinge",
            np.array([-side * wide, deep, 0.0]),
            np.array([0, 0, side]),
            math.radians(100),
            frozenset((door, knob)),
            grip,
        )
        item = Item("cupboard", pieces, grip, 0.6, wide, height_m, opening=hinge)
        return Furniture("cupboard", middle, (wide + 0.03, deep + 0.06), heading_rad, height_m), item
