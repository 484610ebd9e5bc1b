"""Things on a station that a wearer handles: how they look, how they are taken.

Item frame: origin in the middle of the foot, z up; what opens does so towards the wearer (-y).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.objects import Item, Joint, Piece
from humannet_assets.simulator.wearer.grasps import GraspKind
from humannet_assets.simulator.world import OBJECT, SceneBuilder, Shape

Vector = npt.NDArray[np.float64]
Color = tuple[float, float, float]

COLORS: Mapping[str, Color] = {
    "red": (0.76, 0.15, 0.13), "blue": (0.15, 0.31, 0.68), "green": (0.18, 0.52, 0.27), "yellow": (0.88, 0.70, 0.15),
    "white": (0.90, 0.89, 0.85), "black": (0.09, 0.09, 0.10), "orange": (0.88, 0.44, 0.12), "purple": (0.42, 0.22, 0.52),
    "grey": (0.50, 0.51, 0.53), "brown": (0.40, 0.26, 0.16),
}  # fmt: skip


@dataclass(frozen=True)
class Prop:
    """An item in a scene with how a hand takes it.

    `name` is its prefix in the scene, `width_m` the half width that the grasp closes around, `depth_m` half its extent ahead.
    """

    name: str
    kind: str
    item: Item
    grasp: GraspKind
    width_m: float
    depth_m: float = 0.0

    @property
    def noun(self) -> str:
        """What it is called: `red cup`."""
        return self.item.noun


class _Maker:
    """Declares the pieces of one prop."""

    def __init__(self, rng: np.random.Generator, scene: SceneBuilder, name: str, color: str, size: float) -> None:
        self.rng, self.scene, self.name, self.color, self.size = rng, scene, name, color, size
        tint = np.clip(np.asarray(COLORS[color]) * rng.uniform(0.85, 1.1, 3), 0, 1)
        self.paint = scene.color(f"{name}_paint", tint, shine=float(rng.uniform(0.1, 0.6)))
        self.shade = scene.color(f"{name}_shade", tint * 0.45)
        self.pieces: list[Piece] = []

    def part(
        self, suffix: str, shape: Shape, size: tuple[float, ...], at: tuple[float, float, float], material: str = ""
    ) -> str:
        name = self.scene.add(
            f"{self.name}_{suffix}", shape, size, material or self.paint, group=OBJECT, instance=self.name
        )  # fmt: skip
        self.pieces.append(Piece(name, np.array(at)))
        return name

    def prop(
        self, kind: str, grasp: GraspKind, width: float, *, at: tuple[float, float, float], radius: float, height: float,
        depth: float = 0.0, contains: bool = False, opening: Joint | None = None,
    ) -> Prop:  # fmt: skip
        noun = f"{self.color} {kind}"
        item = Item(noun, tuple(self.pieces), np.array(at), 0.5, radius, height, contains, opening)
        return Prop(self.name, kind, item, grasp, width, depth)


def _cup(make: _Maker) -> Prop:
    radius, height = 0.036 * make.size, 0.088 * make.size
    make.part("body", "cylinder", (radius, height / 2), (0, 0, height / 2))
    make.part("hole", "cylinder", (radius * 0.87, 0.001), (0, 0, height + 0.0005), make.shade)
    make.part("handle", "capsule", (0.006, 0.016), (0, radius + 0.012, height / 2))
    return make.prop("cup", "pinch", radius, at=(0, 0, 0.75 * height), radius=radius, height=height, contains=True)


def _bottle(make: _Maker) -> Prop:
    radius, height = 0.030 * make.size, 0.13 * make.size
    make.part("body", "cylinder", (radius, height / 2), (0, 0, height / 2))
    make.part("shoulder", "ellipsoid", (radius, radius, 0.022), (0, 0, height))
    make.part("neck", "cylinder", (0.012, 0.022), (0, 0, height + 0.035))
    make.part("mouth", "cylinder", (0.009, 0.001), (0, 0, height + 0.0575), make.shade)
    make.part(
        "label", "cylinder", (radius + 0.0006, 0.02), (0, 0, height * 0.75), make.scene.color("label", (0.86, 0.84, 0.78))
    )
    at = (0, 0, 0.40 * height)
    return make.prop("bottle", "wrap", radius, at=at, radius=radius, height=height + 0.057, contains=True)


def _bowl(make: _Maker) -> Prop:
    radius = 0.066 * make.size
    make.part("foot", "cylinder", (radius * 0.6, 0.006), (0, 0, 0.006), make.shade)
    make.part("body", "cylinder", (radius, 0.02), (0, 0, 0.03))
    make.part("hole", "cylinder", (radius * 0.92, 0.001), (0, 0, 0.0505), make.shade)
    return make.prop("bowl", "rim", 0.008, at=(0, -radius * 0.9, 0.046), radius=radius, height=0.05)


def _plate(make: _Maker) -> Prop:
    radius = 0.09 * make.size
    make.part("body", "cylinder", (radius, 0.006), (0, 0, 0.006))
    make.part("well", "cylinder", (radius * 0.7, 0.0005), (0, 0, 0.0125), make.shade)
    return make.prop("plate", "rim", 0.008, at=(0, -radius * 0.9, 0.012), radius=radius, height=0.013)


def _block(make: _Maker) -> Prop:
    half = 0.025 * make.size
    make.part("body", "box", (half, half, half), (0, 0, half))
    return make.prop("block", "pinch", half, at=(0, 0, half * 1.1), radius=half * 1.2, height=2 * half)


def _book(make: _Maker) -> Prop:
    make.part("body", "box", (0.07, 0.095, 0.012), (0, 0, 0.012))
    make.part("pages", "box", (0.0685, 0.0955, 0.009), (0.002, 0, 0.012), make.scene.color("paper", (0.9, 0.88, 0.8)))
    return make.prop("book", "flat", 0.0, at=(0, -0.03, 0.024), radius=0.1, height=0.024, depth=0.095)


def _cloth(make: _Maker) -> Prop:
    make.part("body", "box", (0.062, 0.05, 0.005), (0, 0, 0.005))
    make.part("stripe", "box", (0.058, 0.006, 0.0052), (0, 0.03, 0.0052), make.shade)
    return make.prop("cloth", "flat", 0.0, at=(0, 0, 0.010), radius=0.07, height=0.01)


def _tray(make: _Maker) -> Prop:
    width, depth = 0.15 * make.size, 0.085
    make.part("base", "box", (width, depth, 0.006), (0, 0, 0.006))
    for i, sign in enumerate((-1.0, 1.0)):
        make.part(f"side{i}", "box", (0.006, depth, 0.014), (sign * width, 0, 0.014), make.shade)
        make.part(f"edge{i}", "box", (width, 0.006, 0.014), (0, sign * depth, 0.014), make.shade)
    return make.prop("tray", "rim", 0.008, at=(0, 0, 0.026), radius=width, height=0.012, depth=depth)


def _box(make: _Maker) -> Prop:
    width, depth, height = 0.065 * make.size, 0.05, 0.055
    make.part("body", "box", (width, depth, height / 2), (0, 0, height / 2), make.shade)
    lid = make.part("lid", "box", (width + 0.003, depth + 0.003, 0.006), (0, 0, height + 0.006))
    knob = make.part("knob", "capsule", (0.006, 0.014), (0, -depth - 0.008, height + 0.006))
    handle = np.array([0, -depth - 0.010, height + 0.006])
    joint = Joint("hinge", np.array([0, depth, height]), np.array([-1.0, 0, 0]), 1.5, frozenset((lid, knob)), handle)
    at = (0, -depth, height)
    return make.prop("box", "pinch", 0.009, at=at, radius=0.08, height=height + 0.012, depth=depth, opening=joint)


def _drawer(make: _Maker) -> Prop:
    width, depth, height = 0.09 * make.size, 0.075, 0.10
    make.part("case", "box", (width, depth, 0.005), (0, 0, height))
    for i, sign in enumerate((-1.0, 1.0)):
        make.part(f"side{i}", "box", (0.005, depth, height / 2), (sign * width, 0, height / 2))
    make.part("back", "box", (width, 0.005, height / 2), (0, depth, height / 2))
    make.part("floor", "box", (width, depth, 0.004), (0, 0, 0.004))
    front = make.part("front", "box", (width - 0.008, 0.005, height / 2 - 0.009), (0, -depth, height / 2), make.shade)
    base = make.part("inside", "box", (width - 0.01, depth - 0.004, 0.004), (0, 0, 0.016), make.shade)
    knob = make.part(
        "knob", "sphere", (0.012,), (0, -depth - 0.016, height / 2), make.scene.color("brass", (0.75, 0.6, 0.3), 0.7)
    )
    handle = np.array([0, -depth - 0.018, height / 2])
    joint = Joint("slide", np.zeros(3), np.array([0, -1.0, 0]), 0.085, frozenset((front, base, knob)), handle)
    at = (0, -depth - 0.018, height / 2)
    return make.prop("drawer", "pinch", 0.012, at=at, radius=0.12, height=height + 0.005, depth=depth, opening=joint)


def _jar(make: _Maker) -> Prop:
    radius, height = 0.038 * make.size, 0.085 * make.size
    make.part(
        "body",
        "cylinder",
        (radius, height / 2),
        (0, 0, height / 2),
        make.scene.color(f"{make.name}_glass", (0.74, 0.80, 0.80), 0.6),
    )
    make.part("content", "cylinder", (radius + 0.0004, height * 0.3), (0, 0, height * 0.36))
    return make.prop("jar", "wrap", radius, at=(0, 0, 0.45 * height), radius=radius, height=height, contains=True)


def _lid(make: _Maker) -> Prop:
    radius = 0.0385 * make.size
    make.part("body", "cylinder", (radius, 0.008), (0, 0, 0.008))
    return make.prop("lid", "pinch", radius * 0.8, at=(0, 0, 0.010), radius=radius, height=0.016)


def _spoon(make: _Maker) -> Prop:
    make.part("handle", "box", (0.0045, 0.055, 0.0025), (0, -0.02, 0.004))
    make.part("bowl", "ellipsoid", (0.015, 0.022, 0.004), (0, 0.052, 0.004))
    return make.prop("spoon", "pinch", 0.006, at=(0, -0.03, 0.006), radius=0.05, height=0.008, depth=0.07)


def _bell(make: _Maker) -> Prop:
    make.part("base", "cylinder", (0.042, 0.012), (0, 0, 0.012), make.scene.color("bell_base", (0.2, 0.2, 0.22)))
    button = make.part("button", "cylinder", (0.022, 0.010), (0, 0, 0.030))
    joint = Joint("slide", np.zeros(3), np.array([0, 0, -1.0]), 0.008, frozenset((button,)), np.array([0, 0, 0.040]))
    return make.prop("button", "point", 0.0, at=(0, 0, 0.040), radius=0.045, height=0.04, opening=joint)


MAKERS: Mapping[str, Callable[[_Maker], Prop]] = {
    "cup": _cup, "bottle": _bottle, "bowl": _bowl, "plate": _plate, "block": _block, "book": _book, "cloth": _cloth,
    "tray": _tray, "box": _box, "drawer": _drawer, "jar": _jar, "lid": _lid, "spoon": _spoon, "button": _bell,
}  # fmt: skip
"""Every kind of prop there is."""


def draw_prop(kind: str, rng: np.random.Generator, scene: SceneBuilder, name: str, *, color: str | None = None) -> Prop:
    """Declare a prop of a kind in a scene under a name.

    Raises:
        KeyError: There is no such kind (see `MAKERS`).
    """
    chosen = color or tuple(COLORS)[int(rng.integers(len(COLORS)))]
    return MAKERS[kind](_Maker(rng, scene, name, chosen, float(rng.uniform(0.92, 1.12))))
