"""What stands under the open sky: houses, cars, lamps, trees, stalls, fountains, each in its own frame (`stand.Stand`)."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import fronts, furniture, goods, pictures
from humannet_assets.simulator.places.colors import darker, earth, green, grey, muted, pale, vivid, woody
from humannet_assets.simulator.places.palette import Palette
from humannet_assets.simulator.places.stand import Stand

ROAD_M = -0.12
"""Height of a road below the pavement (kerbs are 10 to 15 cm high)."""

_STOREY_M = 3.1
"""Height of a storey, and about the distance of two windows."""


def house(stand: Stand, front: str, width: float, *, storeys: int, depth: float) -> None:
    """A house, its front on the frame's origin towards the viewer."""
    height = storeys * _STOREY_M + 0.6
    stand.box("walls", (0, depth / 2, height / 2 - 0.15), (width, depth, height + 0.3), front)


def shop_front(stand: Stand, palette: Palette, rng: np.random.Generator, width: float, moment: pictures.Moment) -> None:
    """A shop on the ground floor of a house: display, door, sign, awning."""
    color = vivid(rng)
    glow = 0.3 if moment == "evening" else 0.0
    stand.box("front", (0, -0.03, 1.35), (width, 0.1, 2.7), palette.show(fronts.display, muted(rng), glow=glow))
    stand.box("sign", (0, -0.08, 2.9), (width - 0.05, 0.16, 0.45), palette.show(pictures.sign, color, glow=glow))
    if rng.random() < 0.6:
        stand.box("awning", (0, -0.55, 2.6), (width * 0.9, 1.05, 0.05), palette.show(fronts.stripes, color), tilt_rad=0.25)


def car(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A car or a van along y on a road `ROAD_M` high; about its middle."""
    base, tyre = ROAD_M, palette.paint((0.06, 0.06, 0.07))
    color = grey(rng, 0.15, 0.9) if rng.random() < 0.5 else vivid(rng)
    body = palette.show(fronts.car_side, color, shine=0.5)
    van = rng.random() < 0.25
    width, long, axle = (1.9, 4.8, 1.6) if van else (1.74, 4.1, 1.3)
    if van:
        stand.box("body", (0, 0, base + 1.25), (width, long, 1.9), body)
        stand.box("glass", (0, 1.88, base + 1.75), (width + 0.03, 1.06, 0.6), palette.paint((0.16, 0.2, 0.24), shine=0.8))
    else:
        stand.box("body", (0, 0, base + 0.56), (width, long, 0.66), body)
        stand.box("cabin", (0, -0.15, base + 1.14), (1.5, 2.2, 0.52), palette.show(fronts.car_windows, color, shine=0.6))
    for i, y in enumerate((-axle, axle)):
        stand.tube(f"wheels{i}", (0, y, base + 0.32), 0.32, width + 0.05, tyre, "x")


def lamp_post(stand: Stand, palette: Palette, *, height: float = 4.2, lit: bool = False) -> None:
    """A street lamp."""
    iron = palette.paint((0.16, 0.2, 0.2), shine=0.4)
    stand.tube("post", (0, 0, height / 2), 0.055, height, iron)
    stand.ball("lantern", (0, 0, height + 0.12), (0.36, 0.36, 0.42), palette.paint((0.96, 0.93, 0.8), glow=0.5 if lit else 0.1))


def tree(stand: Stand, bark: str, leaves: str, rng: np.random.Generator, *, height: float = 5.0) -> None:
    """A tree; its crown begins above a walker's head."""
    trunk = max(2.1, height * 0.45)
    spread = float(rng.uniform(0.45, 0.62)) * height
    stand.tube("trunk", (0, 0, trunk / 2 + 0.1), 0.03 * height, trunk + 0.4, bark)
    low = trunk + (height - trunk) / 2
    stand.ball("crown", (0, 0, low), (spread, spread, (height - trunk) * 1.05), leaves)
    angle, size = float(rng.uniform(0, 2 * math.pi)), spread * float(rng.uniform(0.65, 0.8))
    lift = float(rng.uniform(0.0, 0.25)) * (height - trunk)
    bough = (0.3 * spread * math.cos(angle), 0.3 * spread * math.sin(angle), low + lift)
    stand.ball("bough", bough, (size, size, size * 0.75), leaves)


def bush(stand: Stand, leaves: str, rng: np.random.Generator) -> None:
    """A round bush."""
    width = float(rng.uniform(0.8, 1.6))
    stand.ball("bush", (0, 0, width * 0.35), (width, width, width * 0.9), leaves)


def flower_bed(stand: Stand, palette: Palette, rng: np.random.Generator, width: float, depth: float) -> None:
    """Flowers in a low border of stone."""
    stand.box("border", (0, 0, 0.08), (width, depth, 0.16), palette.cover(textures.concrete, earth(rng), period_m=0.8))
    stand.box("flowers", (0, 0, 0.2), (width - 0.2, depth - 0.2, 0.14), palette.show(goods.blooms, repeat=(3, 2)))


def hedge(stand: Stand, leaves: str, width: float, height: float) -> None:
    """A cut hedge."""
    stand.box("hedge", (0, 0, height / 2), (width, 0.8, height), leaves)


def picnic_table(stand: Stand, wood: str, frame: str) -> None:
    """A table between two benches, worked at from both long sides."""
    stand.box("top", (0, 0, 0.73), (1.8, 0.84, 0.04), wood)
    for i, x in enumerate((-0.72, 0.72)):
        stand.box(f"leg{i}", (x, 0, 0.355), (0.07, 0.62, 0.71), frame)
        stand.box(f"bar{i}", (x, 0, 0.4), (0.05, 1.5, 0.06), frame)
    for i, y in enumerate((-0.62, 0.62)):
        stand.box(f"bench{i}", (0, y, 0.44), (1.8, 0.26, 0.04), wood)


def stall(stand: Stand, palette: Palette, rng: np.random.Generator, wood: str, *, kind: int) -> None:
    """A market stall 2.6 m wide, sold from behind: a counter with a free middle, goods before it, an awning on posts.

    The seller stands before the counter's edge at y = 0 and looks along y; buyers come from beyond. Kinds: fruit (0),
    flowers (1), groceries (2), boxes (3).
    """
    color = vivid(rng)
    stripes = palette.show(fronts.stripes, color)
    stand.box("table", (0, 0.36, 0.43), (2.6, 0.7, 0.86), palette.paint(darker(color, 0.55)))
    stand.box("top", (0, 0.36, 0.88), (2.64, 0.74, 0.04), wood)
    front = stand.at("goods", 0, 0.71, turn_rad=math.pi)
    if kind == 0:
        furniture.crates(front, palette, rng, 2.5, wood, rows=1, columns=2)
    elif kind == 1:
        blooms = palette.show(goods.blooms)
        front.box("tubs", (0, -0.25, 0.28), (2.5, 0.46, 0.56), palette.show(fronts.cabinet, grey(rng, 0.3, 0.5), 4))
        for i, x in enumerate((-0.63, 0.63)):
            front.ball(f"flowers{i}", (x, -0.25, 0.64), (1.2, 0.5, 0.5), blooms)
    else:
        row = palette.show(goods.groceries if kind == 2 else goods.boxes, earth(rng), 2, repeat=(2, 1))
        front.box("rack", (0, -0.21, 0.38), (2.5, 0.4, 0.76), row)
    steel = palette.paint((0.75, 0.75, 0.75))
    for i, x in enumerate((-1.34, 1.34)):
        stand.tube(f"post{i}", (x, 0.3, 1.3), 0.03, 2.6, steel)
    for i, side in enumerate((-1, 1)):
        # The halves' ridge lies half a metre above their edges.
        stand.box(f"roof{i}", (0, 0.3 + side * 0.62, 2.46), (2.8 + side * 0.01, 1.32, 0.03), stripes, tilt_rad=-side * 0.3)


def fountain(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A round basin with a column."""
    stone = palette.cover(textures.concrete, earth(rng), period_m=1.0)
    water = palette.cover(textures.plaster, (0.3, 0.48, 0.55), period_m=0.8, shine=0.8)
    stand.tube("basin", (0, 0, 0.25), 1.5, 0.5, stone)
    stand.tube("water", (0, 0, 0.505), 1.3, 0.02, water)
    stand.tube("column", (0, 0, 0.8), 0.18, 1.6, stone)
    stand.tube("bowl", (0, 0, 1.3), 0.6, 0.12, stone)
    stand.ball("top", (0, 0, 1.7), (0.4, 0.4, 0.5), water)


def bin_(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A litter bin."""
    stand.tube("bin", (0, 0, 0.45), 0.24, 0.9, palette.cloak(textures.metal, green(rng) if rng.random() < 0.5 else vivid(rng)))


def shelter(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A bus shelter: back, roof, bench, a map."""
    iron, glass = palette.paint((0.25, 0.27, 0.28)), palette.show(pictures.mirror)
    stand.box("back", (0, -0.03, 1.25), (3.0, 0.05, 2.1), glass)
    stand.box("roof", (0, -0.6, 2.42), (3.3, 1.4, 0.1), iron)
    for i, x in enumerate((-1.45, 1.45)):
        stand.box(f"post{i}", (x, -0.06, 1.2), (0.08, 0.1, 2.4), iron)
    stand.box("seat", (-0.5, -0.35, 0.46), (1.6, 0.32, 0.05), palette.cloak(textures.wood, woody(rng)))
    stand.box("stay", (-0.5, -0.3, 0.22), (0.1, 0.2, 0.44), iron)
    stand.sheet("map", (0.95, -0.06, 1.4), 0.8, 1.1, palette.show(pictures.poster, pale(rng)))
