"""What rooms have in common: how they are papered and lit, tables to sit at, things on walls."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import clutter, fixtures, furniture, goods, pictures
from humannet_assets.simulator.places.colors import cool, darker, earth, grey, muted, pale, plank, tinted, woody
from humannet_assets.simulator.places.draft import begin
from humannet_assets.simulator.places.palette import Palette
from humannet_assets.simulator.places.place import Station
from humannet_assets.simulator.places.room import WALLS, Room, WallName, draw_mood
from humannet_assets.simulator.places.stand import Stand

WORKTOP_M, TABLE_M = 0.90, 0.75
"""Heights of worktops (DIN EN 1116: 850 or 900 mm) and tables (DIN EN 15372: 720 to 760 mm)."""

Span = tuple[float, float]


def empty_room(rng: np.random.Generator, width: Span, depth: Span, height: Span, *, evening: float = 0.3) -> Room:
    """A room of drawn size and light without surfaces yet."""
    builder, palette = begin(rng)
    size = (float(rng.uniform(*width)), float(rng.uniform(*depth)), float(rng.uniform(*height)))
    return Room(builder, palette, rng, size, draw_mood(rng, evening=evening))


def home_room(rng: np.random.Generator, width: Span, depth: Span, *, tiled: bool = False) -> Room:
    """An empty room of a home: drawn size, light, floor, wallpaper, perhaps one wall that differs."""
    room = empty_room(rng, width, depth, (2.45, 2.8))
    palette = room.palette
    kind = int(rng.integers(3))
    if tiled or kind == 0:
        floor = tiled_floor(palette, rng)
    elif kind == 1:
        floor = palette.cover(textures.wood, woody(rng), period_m=float(rng.uniform(0.5, 0.9)), shine=0.15)
    else:
        floor = palette.cover(textures.wood, woody(rng), period_m=1.1, planks=6)
    papers = (textures.plaster, textures.wallpaper, textures.damask)
    plain = palette.cover(papers[int(rng.integers(len(papers)))], pale(rng), period_m=float(rng.uniform(0.6, 1.2)))
    walls = dict.fromkeys(WALLS, plain)
    if rng.random() < 0.55:
        accents = (textures.damask, textures.bricks, textures.plaster, textures.wood)
        accent = accents[int(rng.integers(len(accents)))]
        color = woody(rng) if accent is textures.wood else earth(rng) if accent is textures.bricks else tinted(rng)
        walls[WALLS[int(rng.integers(4))]] = palette.cover(accent, color, period_m=float(rng.uniform(0.8, 1.4)))
    room.shell(floor, walls, plain_ceiling(palette), palette.paint((0.85, 0.84, 0.8) if rng.random() < 0.6 else woody(rng)))
    return room


def plain_ceiling(palette: Palette) -> str:
    """White plaster."""
    return palette.cover(textures.plaster, (0.86, 0.85, 0.83), period_m=1.5)


def tiled_floor(palette: Palette, rng: np.random.Generator) -> str:
    """Tiles of one or two colours and a drawn size."""
    color = grey(rng, 0.45, 0.8) if rng.random() < 0.5 else muted(rng)
    light = darker(color, 1.12) if rng.random() < 0.4 else pale(rng)
    return palette.cover(textures.tiles, light, period_m=float(rng.uniform(0.8, 1.8)), dark=color)


def worktop(palette: Palette, rng: np.random.Generator) -> str:
    """The surface of a worktop: stone, wood, or plain."""
    kind = int(rng.integers(3))
    if kind == 0:
        return palette.cover(textures.terrazzo, grey(rng, 0.45, 0.74), period_m=0.5, shine=0.2)
    if kind == 1:
        return palette.cover(textures.wood, plank(rng), period_m=0.5, shine=0.15)
    return palette.cover(textures.plaster, grey(rng, 0.5, 0.74), period_m=0.8, shine=0.2)


def tabletop(palette: Palette, rng: np.random.Generator, wood: textures.Color) -> str:
    """The surface of a table: bare wood or a cloth."""
    kind = int(rng.integers(4))
    if kind == 0:
        return palette.cover(textures.plaid, darker(cool(rng), 1.15), period_m=0.8)
    if kind == 1:
        return palette.cover(textures.cloth, darker(pale(rng), 0.88), period_m=0.7)
    return palette.cover(textures.wood, wood, period_m=0.6 if kind == 2 else 0.9, shine=0.12)


def order(rng: np.random.Generator) -> tuple[list[WallName], int]:
    """The four walls one after the other from any, and the end (1: right, -1: left) at which each meets the next."""
    first, step = int(rng.integers(4)), int(rng.choice((-1, 1)))
    return [WALLS[(first + step * i) % 4] for i in range(4)], step


def dining_table(
    room: Room, name: str, x: float, y: float, *, width: float, turned: bool, depth: float = 0.92, seats: int = 2
) -> list[Station]:  # fmt: skip
    """A table with chairs that can be worked at from both long sides; no stations if it finds no space."""
    rng, palette = room.rng, room.palette
    stand = room.amid(name, (width, depth), x, y, math.pi / 2 if turned else 0.0, front_m=0.8, back_m=0.8)
    if stand is None:
        return []
    tone = plank(rng)
    wood = palette.cloak(textures.wood, tone)
    furniture.table(stand, (width, depth, TABLE_M), tabletop(palette, rng, tone), wood, style=int(rng.integers(2)))
    seat = palette.cover(textures.cloth, muted(rng), period_m=0.4) if rng.random() < 0.5 else wood
    aside = width / 2 - 0.44
    stations, things = [], clutter.SETS["living"]
    for i, side in enumerate((-1, 1)):
        # Each works on one half of the table; what stands around is at the far edge of that half.
        here = stand.at(f"side{i}", -side * aside, side * depth / 2, turn_rad=0.0 if side < 0 else math.pi)
        stations.append(here.station("seat", "table", 0.0, 0.0, TABLE_M, seated=True))
        furniture.chair(here.at("chair", 0, -0.12), seat, wood)
        things[int(rng.integers(len(things)))](here.at("thing", 0, depth - 0.14, TABLE_M), palette, rng)
        if i < seats - 2:
            furniture.chair(here.at("extra", -2 * aside, -0.14, turn_rad=float(rng.normal(0, 0.1))), seat, wood)
    return stations


def desk(
    room: Room, wall: WallName, name: str, *, width: float, depth: float = 0.8, screen: bool = True
) -> list[Station]:  # fmt: skip
    """A desk against a wall, its free half a station; no stations if it finds no space."""
    rng, palette = room.rng, room.palette
    stand = room.against(wall, name, width, depth, 1.3, front_m=0.85)
    if stand is None:
        return []
    wood = plank(rng) if rng.random() < 0.6 else grey(rng, 0.5, 0.75)
    top = palette.cover(textures.wood if rng.random() < 0.7 else textures.plaster, wood, period_m=0.7)
    furniture.table(
        stand.at("table", 0, -depth / 2), (width, depth, TABLE_M), top, palette.cloak(textures.metal, grey(rng)), style=1
    )
    side = float(rng.choice((-1.0, 1.0)))
    work_x = side * (width / 2 - 0.5)
    if screen:
        clutter.monitor(stand.at("monitor", -side * (width / 2 - 0.34), -0.2, TABLE_M), palette, rng)
        clutter.keys(stand.at("keys", -side * (width / 2 - 0.28), -depth + 0.2, TABLE_M), palette, rng)
    else:
        things = clutter.SETS["living"]
        things[int(rng.integers(len(things)))](stand.at("thing", -side * (width / 2 - 0.2), -0.25, TABLE_M), palette, rng)
    cloth = palette.cover(textures.cloth, muted(rng), period_m=0.4)
    furniture.office_chair(stand.at("chair", work_x, -depth - 0.2), cloth, palette.paint((0.14, 0.14, 0.15)))
    return [stand.station("desk", "desk", work_x, -depth, TABLE_M, seated=True)]


def fringe(stand: Stand, room: Room, x: float, width: float, top_m: float) -> None:
    """A narrow row of small things at the back of a worktop, behind where hands work: books, bottles, boxes."""
    rng, palette = room.rng, room.palette
    painters = (goods.bottles, goods.books, goods.groceries)
    row = palette.show(painters[int(rng.integers(3))], woody(rng), 1, repeat=(max(1, round(width / 0.9)), 1))
    high = float(rng.uniform(0.16, 0.26))
    stand.box("fringe", (x, -0.05, top_m + high / 2), (width, 0.07, high), row)


def decorate(room: Room, count: int, walls: Sequence[WallName] = WALLS) -> None:
    """Hang paintings, posters, a clock and shelves where the walls are bare."""
    rng = room.rng
    for i in range(count):
        wall = walls[int(rng.integers(len(walls)))]
        kind = rng.random()
        if kind < 0.5:
            size = (float(rng.uniform(0.4, 1.0)), float(rng.uniform(0.35, 0.7)))
            fixtures.picture(room, wall, pictures.painting, size=size, z=float(rng.uniform(1.5, 1.75)))
        elif kind < 0.7:
            fixtures.picture(room, wall, pictures.poster, size=(0.5, 0.7), z=1.6)
        elif kind < 0.8 and i < 3:
            fixtures.clock(room, wall)
        else:
            board_shelf(room, wall)


def board_shelf(room: Room, wall: WallName) -> None:
    """A board on the wall with books or jars on it."""
    palette, rng = room.palette, room.rng
    width = float(rng.uniform(0.7, 1.2))
    stand = room.against(wall, "shelf", width, 0.0, 1.95, base=1.5)
    if stand is None:
        return
    wood = woody(rng)
    stand.box("board", (0, -0.11, 1.55), (width, 0.22, 0.025), palette.cloak(textures.wood, wood))
    if rng.random() < 0.6:
        row = palette.show(goods.books if rng.random() < 0.6 else goods.bottles, wood, 1)
        stand.box("row", (-0.06, -0.09, 1.70), (width * 0.75, 0.16, 0.27), row)
    else:
        clutter.jars(stand.at("jars", -0.1, -0.1, 1.563), palette, rng)
        clutter.pot_plant(stand.at("plant", width / 2 - 0.13, -0.115, 1.563), palette, rng)
