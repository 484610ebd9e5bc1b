"""Small things that stand around on surfaces, each of two to five parts, about the middle of its foot."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import fronts, goods, pictures
from humannet_assets.simulator.places.colors import grey, muted, pale, vivid, woody
from humannet_assets.simulator.places.palette import Palette
from humannet_assets.simulator.places.stand import Stand

Thing = Callable[[Stand, Palette, np.random.Generator], None]


def kettle(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A kettle with a handle, 24 cm high."""
    body = palette.paint(vivid(rng) if rng.random() < 0.5 else grey(rng), shine=0.6)
    stand.tube("body", (0, 0, 0.10), 0.075, 0.20, body)
    stand.ball("lid", (0, 0, 0.2), (0.13, 0.13, 0.06), palette.paint((0.15, 0.15, 0.16)))
    stand.box("handle", (0.083, 0, 0.12), (0.025, 0.025, 0.15), palette.paint((0.12, 0.12, 0.12)))


def toaster(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A toaster, 19 cm high."""
    stand.box("body", (0, 0, 0.095), (0.28, 0.17, 0.19), palette.cloak(textures.metal, grey(rng, 0.4, 0.8), shine=0.5))
    stand.box("slot", (0, 0, 0.19), (0.2, 0.03, 0.006), palette.paint((0.08, 0.08, 0.08)))
    stand.box("lever", (0.15, 0, 0.12), (0.02, 0.04, 0.02), palette.paint((0.1, 0.1, 0.1)))


def jars(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """Three jars in a row."""
    for i in range(3):
        high = float(rng.uniform(0.12, 0.2))
        stand.tube(f"jar{i}", ((i - 1) * 0.11, 0, high / 2), 0.045, high, palette.paint(muted(rng), shine=0.4))
        stand.tube(f"lid{i}", ((i - 1) * 0.11, 0, high + 0.01), 0.047, 0.02, palette.paint(woody(rng)))


def fruit_bowl(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A bowl of fruit."""
    stand.tube("bowl", (0, 0, 0.04), 0.13, 0.08, palette.paint(pale(rng), shine=0.4))
    for i, (x, y) in enumerate(((-0.05, 0.0), (0.05, 0.03), (0.01, -0.06))):
        skin = palette.paint(((0.8, 0.2, 0.12), (0.9, 0.55, 0.1), (0.5, 0.7, 0.2))[i])
        stand.ball(f"fruit{i}", (x, y, 0.09), (0.085, 0.085, 0.08), skin)


def block_of_knives(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A knife block."""
    stand.box("block", (0, 0, 0.11), (0.1, 0.16, 0.2), palette.cloak(textures.wood, woody(rng)), tilt_rad=-0.25)
    stand.box("grips", (0, -0.03, 0.245), (0.08, 0.09, 0.08), palette.paint((0.1, 0.1, 0.1)), tilt_rad=-0.25)


def microwave(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A microwave oven."""
    stand.box("body", (0, 0, 0.14), (0.46, 0.32, 0.28), palette.paint(grey(rng, 0.3, 0.85)))
    stand.sheet("front", (0, -0.164, 0.14), 0.45, 0.27, palette.show(fronts.oven, grey(rng, 0.3, 0.85)))


def book_stack(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """Three to five books, one on the other."""
    z = 0.0
    for i in range(int(rng.integers(3, 6))):
        thick = float(rng.uniform(0.02, 0.04))
        size = (float(rng.uniform(0.16, 0.24)), float(rng.uniform(0.13, 0.17)), thick)
        stand.box(f"book{i}", (0, 0, z + thick / 2), size, palette.paint(vivid(rng)), turn_rad=float(rng.normal(0, 0.15)))
        z += thick + 0.0005


def vase(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """Flowers in a vase."""
    stand.tube("vase", (0, 0, 0.10), 0.05, 0.2, palette.paint(vivid(rng), shine=0.5))
    stand.ball("flowers", (0, 0, 0.29), (0.24, 0.24, 0.24), palette.show(goods.blooms))


def pot_plant(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A small plant."""
    stand.tube("pot", (0, 0, 0.06), 0.065, 0.12, palette.paint(muted(rng)))
    stand.ball("leaves", (0, 0, 0.2), (0.22, 0.22, 0.22), palette.cloak(textures.leaves, (0.26, 0.45, 0.22)))


def table_lamp(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A lamp with a shade."""
    stand.tube("foot", (0, 0, 0.12), 0.04, 0.24, palette.paint(muted(rng), shine=0.4))
    stand.tube("shade", (0, 0, 0.32), 0.12, 0.18, palette.paint((0.95, 0.88, 0.7), glow=0.3))


def monitor(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A screen on its foot, towards the viewer."""
    dark = palette.paint((0.1, 0.1, 0.11))
    stand.box("foot", (0, 0.02, 0.008), (0.24, 0.18, 0.016), dark)
    stand.box("neck", (0, 0.05, 0.1), (0.05, 0.03, 0.2), dark)
    stand.box("case", (0, 0.015, 0.33), (0.58, 0.04, 0.36), dark)
    stand.sheet("screen", (0, -0.01, 0.33), 0.56, 0.34, palette.show(pictures.screen, glow=0.5))


def keys(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A keyboard and a mouse."""
    color = (0.2, 0.2, 0.22) if rng.random() < 0.6 else (0.75, 0.75, 0.74)
    stand.box("keys", (0, 0, 0.012), (0.42, 0.15, 0.024), palette.show(fronts.keyboard, color))
    stand.ball("mouse", (0.29, 0.0, 0.012), (0.06, 0.1, 0.04), palette.paint(color))


def papers(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A pile of printed sheets and a mug of pens."""
    stand.box("sheets", (0, 0, 0.01), (0.19, 0.25, 0.02), palette.show(pictures.poster), turn_rad=float(rng.normal(0, 0.05)))
    stand.tube("mug", (0.15, 0.05, 0.05), 0.04, 0.1, palette.paint(vivid(rng)))
    stand.box("pens", (0.15, 0.05, 0.12), (0.03, 0.02, 0.1), palette.paint(vivid(rng)), turn_rad=0.6)


def carton(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A cardboard box."""
    size = (float(rng.uniform(0.22, 0.34)), float(rng.uniform(0.2, 0.26)), float(rng.uniform(0.14, 0.26)))
    brown = palette.cloak(textures.concrete, (0.68, 0.52, 0.34))
    stand.box("box", (0, 0, size[2] / 2), size, brown)
    stand.box("tape", (0, 0, size[2] / 2), (0.05, size[1] + 0.004, size[2] + 0.004), palette.paint((0.8, 0.7, 0.5)))


def tins(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """Cans of paint."""
    for i, (x, y) in enumerate(((-0.09, 0.0), (0.09, 0.02))):
        stand.tube(f"tin{i}", (x, y, 0.09), 0.075, 0.18, palette.paint(grey(rng, 0.6, 0.8), shine=0.5))
        stand.tube(f"label{i}", (x, y, 0.09), 0.077, 0.11, palette.paint(vivid(rng)))


def vise(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A bench vise."""
    iron = palette.cloak(textures.metal, (0.25, 0.35, 0.5) if rng.random() < 0.5 else (0.3, 0.42, 0.32))
    stand.tube("foot", (0, 0, 0.03), 0.08, 0.06, iron)
    stand.box("jaw", (0, 0.05, 0.12), (0.16, 0.1, 0.14), iron)
    stand.box("slide", (0, -0.09, 0.12), (0.15, 0.06, 0.13), iron)
    stand.tube("screw", (0, -0.04, 0.1), 0.02, 0.24, palette.paint((0.6, 0.6, 0.62), shine=0.6), "y")
    stand.tube("bar", (0, -0.17, 0.1), 0.008, 0.2, palette.paint((0.6, 0.6, 0.62), shine=0.6), "x")


def microscope(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A microscope."""
    white, dark = palette.paint((0.88, 0.88, 0.86)), palette.paint((0.13, 0.13, 0.14))
    stand.box("foot", (0, 0, 0.02), (0.18, 0.24, 0.04), white)
    stand.box("arm", (0, 0.08, 0.19), (0.06, 0.06, 0.32), white)
    stand.box("stage", (0, -0.02, 0.14), (0.14, 0.13, 0.02), dark)
    stand.tube("tube", (0, 0.025, 0.29), 0.03, 0.18, dark)
    stand.box("eyes", (0, -0.07, 0.39), (0.09, 0.12, 0.05), dark, tilt_rad=-0.5)


def flasks(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """Flasks with coloured liquids in a rack."""
    stand.box("rack", (0, 0, 0.03), (0.36, 0.1, 0.06), palette.cloak(textures.wood, (0.7, 0.55, 0.4)))
    for i in range(4):
        x = (i - 1.5) * 0.085
        stand.tube(f"flask{i}", (x, 0, 0.11), 0.025, 0.14, palette.paint(vivid(rng), shine=0.6))
    stand.tube("beaker", (0.25, 0, 0.07), 0.05, 0.14, palette.paint((0.75, 0.83, 0.85), shine=0.7))


def till(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A cash register."""
    case = palette.paint(grey(rng, 0.15, 0.5))
    stand.box("drawer", (0, 0, 0.06), (0.36, 0.36, 0.12), case)
    stand.box("keys", (0, -0.05, 0.145), (0.3, 0.22, 0.05), palette.show(fronts.keyboard, (0.6, 0.6, 0.58)), tilt_rad=0.0)
    stand.box("screen", (0, 0.12, 0.24), (0.3, 0.04, 0.2), palette.show(pictures.screen, glow=0.4))


def espresso(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """An espresso machine with cups on top."""
    steel = palette.cloak(textures.metal, grey(rng, 0.6, 0.8), shine=0.5)
    stand.box("base", (0, 0, 0.04), (0.62, 0.46, 0.08), steel)
    stand.box("back", (0, 0.12, 0.24), (0.6, 0.18, 0.32), palette.paint(vivid(rng), shine=0.4))
    stand.box("head", (0, 0, 0.43), (0.62, 0.44, 0.14), steel)
    for i, x in enumerate((-0.16, 0.16)):
        stand.tube(f"group{i}", (x, -0.1, 0.33), 0.04, 0.06, palette.paint((0.1, 0.1, 0.1)))
    stand.box("cups", (0, 0.02, 0.54), (0.5, 0.3, 0.08), palette.show(goods.bottles, (0.85, 0.84, 0.8), 1))


def cake(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A cake on a stand."""
    white = palette.paint((0.9, 0.9, 0.88), shine=0.4)
    stand.tube("foot", (0, 0, 0.05), 0.03, 0.1, white)
    stand.tube("plate", (0, 0, 0.105), 0.15, 0.012, white)
    stand.tube("cake", (0, 0, 0.15), 0.12, 0.08, palette.cloak(textures.gravel, (0.5, 0.3, 0.18)))
    stand.tube("icing", (0, 0, 0.195), 0.122, 0.014, palette.paint(pale(rng)))


def bathroom_bottles(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """Bottles and a mug with brushes."""
    for i, x in enumerate((-0.09, 0.0)):
        high = float(rng.uniform(0.14, 0.22))
        stand.tube(f"bottle{i}", (x, 0, high / 2), 0.03, high, palette.paint(vivid(rng), shine=0.4))
        stand.tube(f"cap{i}", (x, 0, high + 0.015), 0.015, 0.03, palette.paint((0.9, 0.9, 0.9)))
    stand.tube("mug", (0.09, 0, 0.05), 0.035, 0.1, palette.paint(pale(rng), shine=0.4))
    stand.box("brush", (0.09, 0, 0.14), (0.012, 0.012, 0.12), palette.paint(vivid(rng)), turn_rad=0.4)


def towels(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """Folded towels, one on the other."""
    z = 0.0
    for i in range(3):
        stand.box(f"towel{i}", (0, 0, z + 0.035), (0.34, 0.24, 0.069), palette.cover(textures.cloth, muted(rng), period_m=0.3))
        z += 0.07


SETS: Mapping[str, tuple[Thing, ...]] = {
    "kitchen": (kettle, toaster, jars, fruit_bowl, block_of_knives, pot_plant, microwave),
    "living": (book_stack, vase, pot_plant, table_lamp, fruit_bowl),
    "office": (papers, book_stack, pot_plant, table_lamp),
    "workshop": (tins, carton, vise, tins),
    "laboratory": (microscope, flasks, flasks, papers),
    "cafe": (cake, vase, jars),
    "shop": (carton, jars, fruit_bowl),
    "bathroom": (bathroom_bottles, towels, pot_plant),
}
"""What stands around in which kind of room."""
