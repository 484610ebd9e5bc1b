"""Things that people seen from outside handle: boxes, balls, phones, books, brooms, pots.

Item frame: origin in the middle of the foot, z up. Smaller things for one hand (cups, cloths) are the wearer's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.objects import Item, Piece
from humannet_assets.simulator.wearer.props import COLORS, draw_prop
from humannet_assets.simulator.world import OBJECT, SceneBuilder, Shape

Vector = npt.NDArray[np.float64]


class _Maker:
    def __init__(self, rng: np.random.Generator, scene: SceneBuilder, name: str) -> None:
        self.rng, self.scene, self.name = rng, scene, name
        self.color = tuple(COLORS)[int(rng.integers(len(COLORS)))]
        tint = np.clip(np.asarray(COLORS[self.color]) * rng.uniform(0.85, 1.1, 3), 0, 1)
        self.paint = scene.color(f"{name}_paint", tint, shine=0.2)
        self.shade = scene.color(f"{name}_shade", tint * 0.55)
        self.pieces: list[Piece] = []

    def plain(self, part: str, rgb: tuple[float, float, float], shine: float = 0.1) -> str:
        return self.scene.color(f"{self.name}_{part}", rgb, shine=shine)

    def part(
        self, part: str, shape: Shape, size: tuple[float, ...], at: tuple[float, float, float], material: str = "",
        frame: npt.NDArray[np.float64] | None = None,
    ) -> None:  # fmt: skip
        name = self.scene.add(f"{self.name}_{part}", shape, size, material or self.paint, group=OBJECT, instance=self.name)
        self.pieces.append(Piece(name, np.array(at), np.eye(3) if frame is None else frame))

    def item(self, noun: str, grasp: tuple[float, float, float], radius: float, height: float) -> Item:
        return Item(noun, tuple(self.pieces), np.array(grasp), 0.5, radius, height)


def _box(make: _Maker) -> Item:
    wide, deep, high = (float(make.rng.uniform(*limits)) for limits in ((0.15, 0.20), (0.12, 0.15), (0.10, 0.14)))
    make.part("body", "box", (wide, deep, high), (0, 0, high))
    make.part("tape", "box", (wide + 0.001, 0.022, high + 0.001), (0, 0, high), make.shade)
    return make.item(f"{make.color} box", (wide, 0, high), wide, 2 * high)


def _parcel(make: _Maker) -> Item:
    make.part("body", "box", (0.085, 0.06, 0.045), (0, 0, 0.045))
    make.part("ribbon", "box", (0.0855, 0.010, 0.0455), (0, 0, 0.045), make.shade)
    return make.item(f"{make.color} parcel", (0.085, 0, 0.045), 0.085, 0.09)


def _ball(make: _Maker) -> Item:
    radius = 0.105
    make.part("body", "sphere", (radius,), (0, 0, radius))
    make.part("stripe", "cylinder", (radius + 0.0012, 0.016), (0, 0, radius), make.shade)
    return make.item(f"{make.color} ball", (0, 0, radius), radius, 2 * radius)


def _phone(make: _Maker) -> Item:
    make.part("body", "box", (0.037, 0.005, 0.076), (0, 0, 0.076), make.plain("case", (0.09, 0.09, 0.10), 0.4))
    make.part("screen", "box", (0.034, 0.0055, 0.070), (0, 0.0005, 0.076), make.plain("screen", (0.25, 0.32, 0.42), 0.6))
    return make.item("phone", (0, 0, 0.076), 0.037, 0.152)


def _book(make: _Maker) -> Item:
    """An open book: its spine along y, pages up."""
    paper = make.plain("paper", (0.93, 0.91, 0.84))
    for side, sign in (("left", -1.0), ("right", 1.0)):
        tilt = rotation((0, 1, 0), -sign * 0.22)
        make.part(f"cover_{side}", "box", (0.082, 0.115, 0.003), (sign * 0.082, 0, 0.018), make.paint, tilt)
        make.part(f"pages_{side}", "box", (0.077, 0.109, 0.006), (sign * 0.079, 0, 0.027), paper, tilt)
    return make.item("book", (0, 0, 0.018), 0.16, 0.05)


def _broom(make: _Maker) -> Item:
    pole = make.plain("pole", (0.66, 0.50, 0.30))
    make.part("pole", "cylinder", (0.0125, 0.62), (0, 0, 0.74), pole)
    make.part("head", "box", (0.17, 0.03, 0.022), (0, 0, 0.115))
    make.part("bristles", "box", (0.165, 0.026, 0.048), (0, 0, 0.048), make.plain("bristles", (0.60, 0.52, 0.30)))
    return make.item("broom", (0, 0, 1.1), 0.17, 1.36)


def _pot(make: _Maker) -> Item:
    steel = make.plain("steel", (0.55, 0.56, 0.58), 0.7)
    make.part("body", "cylinder", (0.115, 0.075), (0, 0, 0.075), steel)
    make.part("soup", "cylinder", (0.106, 0.001), (0, 0, 0.1505), make.plain("soup", (0.62, 0.30, 0.12)))
    for side, sign in (("left", -1.0), ("right", 1.0)):
        make.part(f"handle_{side}", "box", (0.022, 0.035, 0.008), (sign * 0.135, 0, 0.115), make.plain("grip", (0.1, 0.1, 0.1)))
    return make.item("pot", (0, 0, 0.15), 0.115, 0.15)


def _ladle(make: _Maker) -> Item:
    wood = make.plain("wood", (0.62, 0.46, 0.28))
    make.part("handle", "capsule", (0.008, 0.13), (0, 0, 0.165), wood)
    make.part("bowl", "ellipsoid", (0.027, 0.014, 0.034), (0, 0, 0.03), wood)
    return make.item("spoon", (0, 0, 0.25), 0.03, 0.30)


MAKERS: Mapping[str, Callable[[_Maker], Item]] = {
    "box": _box, "parcel": _parcel, "ball": _ball, "phone": _phone, "book": _book, "broom": _broom, "pot": _pot,
    "spoon": _ladle,
}  # fmt: skip
"""Kinds of things made here."""


def draw_item(kind: str, rng: np.random.Generator, scene: SceneBuilder, name: str) -> Item:
    """Declare a thing of a kind in a scene under a name: one of `MAKERS`, or one of the wearer's props (a cup, a cloth).

    Raises:
        KeyError: There is no such kind.
    """
    if kind in MAKERS:
        return MAKERS[kind](_Maker(rng, scene, name))
    return draw_prop(kind, rng, scene, name).item
