"""Where people buy and eat: shop and cafe."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import clutter, fixtures, fronts, furniture, goods, pictures
from humannet_assets.simulator.places.colors import darker, earth, grey, muted, pale, plank, tinted, vivid, woody
from humannet_assets.simulator.places.draft import Draft, draft_room
from humannet_assets.simulator.places.interior import (
    TABLE_M,
    WORKTOP_M,
    empty_room,
    fringe,
    order,
    tabletop,
    tiled_floor,
    worktop,
)
from humannet_assets.simulator.places.place import Station
from humannet_assets.simulator.places.room import Room, WallName
from humannet_assets.simulator.places.stand import Stand


def shop(rng: np.random.Generator) -> Draft:
    """Aisles between shelves of goods, shelves along the walls, a cooler, fruit, a till, a packing table."""
    room = empty_room(rng, (7.0, 8.6), (7.4, 9.4), (2.9, 3.4), evening=0.2)
    palette, (walls, end) = room.palette, order(rng)
    tile = grey(rng, 0.6, 0.85)
    floor = palette.cover(textures.tiles, tile, period_m=1.4, dark=darker(tile, 0.93))
    upper = palette.cover(textures.plaster, pale(rng), period_m=1.5)
    panels = palette.cover(textures.tiles, (0.87, 0.87, 0.86), period_m=1.2, dark=(0.84, 0.84, 0.84), count=2)
    room.shell(floor, upper, panels, palette.paint(grey(rng, 0.2, 0.5)))
    steel = grey(rng, 0.5, 0.8)
    stations = _tills(room, walls[0], end)
    for wall in (walls[1], walls[2], walls[3]):
        for _ in range(2):
            width = float(rng.uniform(1.6, 2.6))
            shelf = room.against(wall, "wall_shelf", width, 0.45, 2.1, front_m=0.9)
            if shelf is None:
                continue
            if rng.random() < 0.25:
                _cooler(room, shelf, width)
            else:
                furniture.rack(shelf, palette, (width, 0.45, 2.05), goods.groceries, levels=4, color=steel)
            banner = palette.show(pictures.sign, vivid(rng))
            shelf.box("banner", (0, -0.2, 2.16), (width - 0.04, 0.04, 0.26), banner)
    # Aisles lead away from the tills.
    middle = room.wall(walls[0], 0.0, "aisles").at("middle", 0.0, -room.length(walls[1]) / 2 - 0.9)
    for i, offset in enumerate((-1.2, 1.2)):
        x, y, _ = (float(value) for value in middle.point(offset, 0.0))
        _gondola(room, f"gondola{i}", x, y, middle.heading_rad + math.pi / 2)
    for i, offset in enumerate((-2.3, 0.2, 2.6)):
        x, y, _ = (float(value) for value in middle.point(offset, 2.0 + 0.2 * i))
        pile = room.amid(f"pile{i}", (0.7, 0.7), x, y, middle.heading_rad, front_m=0.5, back_m=0.5)
        if pile is not None:
            pile.box("cartons", (0, 0, 0.4), (0.66, 0.66, 0.8), palette.show(goods.boxes, woody(rng), 2))
            pile.box(
                "top",
                (0, 0, 0.9),
                (0.5, 0.5, 0.2),
                palette.show(goods.fruit, furniture.FRUIT[int(rng.integers(len(furniture.FRUIT)))]),
                turn_rad=0.2,
            )
    _fruit_stand(room, walls[3] if rng.random() < 0.5 else walls[1])
    fixtures.door(room, walls[0], grey(rng, 0.3, 0.6), glazed=True, width=1.3)
    for wall in (walls[0], walls[0], walls[2]):
        fixtures.picture(room, wall, pictures.poster, tinted(rng), size=(0.8, 1.1), z=1.75)
    fixtures.ceiling_lights(room, 2, 4, size=(0.2, 1.4))
    return draft_room(room, stations)


def _tills(room: Room, wall: WallName, end: int) -> list[Station]:
    """A counter with a till before shelves, worked at from behind, and a packing table."""
    rng, palette = room.rng, room.palette
    color = vivid(rng)
    width = float(rng.uniform(2.0, 2.5))
    length = room.length(wall)
    u = end * (length / 2 - width / 2 - 0.25)
    claim = room.need(room.against(wall, "tills", width, 2.1, 2.1, front_m=0.9, u=u))
    _way_behind(room, claim, -end, width, 2.1)
    # Behind the counter: a low shelf on the wall, so that the way there stays open.
    claim.box("board", (0, -0.1, 1.6), (width * 0.7, 0.2, 0.03), palette.paint(grey(rng)))
    claim.box("packs", (0, -0.09, 1.76), (width * 0.65, 0.16, 0.28), palette.show(goods.groceries, grey(rng), 1, repeat=(2, 1)))
    desk = claim.at("desk", 0, -2.0, turn_rad=math.pi)
    top, body = worktop(palette, rng), palette.paint(darker(color, 0.9))
    furniture.counter(desk, (width, 0.72, WORKTOP_M), body, palette.paint(grey(rng, 0.3, 0.6)), top)
    back = desk.at("buyers", 0, -0.02, turn_rad=math.pi)
    back.sheet("panel", (0, -0.012, 0.46), width * 0.9, 0.5, palette.show(pictures.sign, color))
    side = float(rng.choice((-1, 1)))
    clutter.till(desk.at("till", -side * (width / 2 - 0.3), -0.36, WORKTOP_M), palette, rng)
    clutter.carton(desk.at("carton", side * (width / 2 - 0.2), -0.3, WORKTOP_M), palette, rng)
    stations = [desk.station("till", "counter", side * 0.12, -0.72, WORKTOP_M)]
    packing = room.against(wall, "packing", 1.5, 0.72, 1.4, front_m=0.8)
    if packing is not None:
        furniture.table(packing.at("table", 0, -0.36), (1.5, 0.7, WORKTOP_M), top, palette.paint(grey(rng)), style=0)
        clutter.carton(packing.at("carton", -0.56, -0.2, WORKTOP_M), palette, rng)
        fringe(packing, room, 0.2, 0.8, WORKTOP_M)
        stations.append(packing.station("packing", "table", 0.2, -0.71, WORKTOP_M, far_m=0.64))
    return stations


def _way_behind(room: Room, claim: Stand, side: int, width: float, depth: float) -> None:
    """Keep the floor at one end of a counter free, so that one can go behind it."""
    ends = (width / 2, width / 2 + 1.0) if side > 0 else (-width / 2 - 1.0, -width / 2)
    room.keep_free(claim, (ends[0], -depth - 0.4, ends[1], 0.0))


def _cooler(room: Room, stand: Stand, width: float) -> None:
    """A cooler with lit shelves behind glass."""
    rng, palette = room.rng, room.palette
    body = palette.paint(grey(rng, 0.2, 0.9))
    stand.box("body", (0, -0.22, 1.02), (width, 0.44, 2.04), body)
    shelves = palette.show(goods.groceries, (0.85, 0.88, 0.9), 4, glow=0.35)
    stand.sheet("shelves", (0, -0.446, 1.1), width - 0.12, 1.7, shelves)
    for i in range(3):
        stand.box(f"handle{i}", ((i - 1) * width / 3.2, -0.47, 1.1), (0.04, 0.05, 1.75), body)


def _gondola(room: Room, name: str, x: float, y: float, heading: float) -> None:
    """A free-standing shelf with goods on both sides."""
    rng, palette = room.rng, room.palette
    width = float(rng.uniform(2.2, 3.2))
    stand = room.amid(name, (width, 0.84), x, y, heading, front_m=0.9, back_m=0.9)
    if stand is None:
        return
    steel = grey(rng, 0.5, 0.8)
    for i, turn in enumerate((0.0, math.pi)):
        furniture.rack(
            stand.at(f"half{i}", 0, 0, turn_rad=turn), palette, (width, 0.41, 1.5), goods.groceries, levels=3, color=steel
        )
    ends = palette.show(pictures.poster, vivid(rng))
    for i, side in enumerate((-1, 1)):
        stand.box(f"end{i}", (side * (width / 2 + 0.015), 0, 0.76), (0.025, 0.84, 1.5), ends)


def _fruit_stand(room: Room, wall: WallName) -> None:
    rng, palette = room.rng, room.palette
    stand = room.against(wall, "fruit", 1.7, 0.8, 1.2, front_m=0.8)
    if stand is not None:
        furniture.crates(stand, palette, rng, 1.66, palette.cloak(textures.wood, woody(rng)))


def cafe(rng: np.random.Generator) -> Draft:
    """A bar with an espresso machine before shelves of bottles, small tables, menus in chalk, a shop window."""
    room = empty_room(rng, (6.4, 7.8), (7.0, 8.8), (2.9, 3.6), evening=0.4)
    palette, (walls, end) = room.palette, order(rng)
    wood = woody(rng)
    floor = palette.cover(textures.wood, woody(rng), period_m=0.7) if rng.random() < 0.6 else tiled_floor(palette, rng)
    bare = palette.cover(textures.bricks, earth(rng), period_m=1.2)
    plain = palette.cover(textures.plaster if rng.random() < 0.6 else textures.damask, tinted(rng), period_m=1.0)
    ceiling = palette.cover(textures.wood if rng.random() < 0.4 else textures.plaster, darker(pale(rng), 0.9), period_m=1.4)
    room.shell(
        floor,
        {walls[0]: bare, walls[1]: plain, walls[2]: plain, walls[3]: bare if rng.random() < 0.5 else plain},
        ceiling,
        palette.paint(woody(rng)),
    )
    stations = _bar(room, walls[0], end)
    pictures_walls = (walls[1], walls[3])
    fixtures.window(room, walls[2], 2.4, sill_m=0.6, top_m=2.4, curtains=False, outlook="street")
    fixtures.door(room, walls[2], darker(wood, 0.9), glazed=True)
    for wall in pictures_walls:
        fixtures.window(room, wall, 1.5, sill_m=0.8, top_m=2.2, outlook="street")
        fixtures.picture(room, wall, pictures.menu, size=(0.7, 1.0), z=1.7)
        fixtures.picture(room, wall, pictures.painting, size=(0.8, 0.6), z=1.7)
    top, frame = tabletop(palette, rng, plank(rng)), palette.paint((0.14, 0.14, 0.15))
    seat = (
        palette.cloak(textures.wood, woody(rng))
        if rng.random() < 0.6
        else palette.cover(textures.cloth, vivid(rng), period_m=0.4)
    )
    stations += _tables(room, walls[0], top, frame, seat)
    green = room.against(walls[1], "plant", 0.5, 0.5, 0.6)
    if green is not None:
        furniture.plant(green.at("pot", 0, -0.26), palette, rng, float(rng.uniform(1.2, 1.8)))
    return draft_room(room, stations)


def _bar(room: Room, wall: WallName, end: int) -> list[Station]:
    rng, palette = room.rng, room.palette
    length = room.length(wall)
    width = float(rng.uniform(3.0, 3.8))
    u = end * (length / 2 - width / 2 - 0.1)
    claim = room.need(room.against(wall, "bar", width, 2.1, 2.4, front_m=1.3, u=u))
    _way_behind(room, claim, -end, width, 2.1)
    color, body = furniture.cabinet_colors(palette, rng)
    for i, z in enumerate((1.5, 1.9)):
        claim.box(f"board{i}", (0, -0.12, z), (width - 0.3, 0.24, 0.03), body)
        claim.box(
            f"row{i}",
            (0, -0.1, z + 0.17),
            (width - 0.5, 0.16, 0.3),
            palette.show(goods.bottles, darker(color, 0.8), 1, repeat=(3, 1)),
        )
    claim.box("menu", (-end * 0.3, -0.02, 2.48), (1.4, 0.03, 0.5), palette.show(pictures.menu))
    desk = claim.at("desk", 0, -2.05, turn_rad=math.pi)
    top = worktop(palette, rng)
    furniture.counter(desk, (width, 0.74, 0.95), body, palette.show(fronts.cabinet, color, 5), top)
    guests = desk.at("guests", 0, 0, turn_rad=math.pi)
    planks = (
        palette.cover(textures.wood, woody(rng), period_m=0.5)
        if rng.random() < 0.5
        else palette.cover(textures.tiles, vivid(rng), period_m=0.6)
    )
    guests.sheet("panel", (0, -0.004, 0.46), width - 0.02, 0.88, planks)
    clutter.espresso(desk.at("espresso", end * (width / 2 - 0.4), -0.42, 0.95), palette, rng)
    clutter.cake(desk.at("cake", end * (width / 2 - 0.95), -0.3, 0.95), palette, rng)
    clutter.till(desk.at("till", -end * (width / 2 - 0.25), -0.4, 0.95), palette, rng)
    for i, x in enumerate((-0.9, 0.0, 0.9)):
        furniture.stool(
            guests.at(f"stool{i}", x, -0.42), palette.paint(muted(rng)), palette.paint((0.15, 0.15, 0.15)), height=0.72
        )
        fixtures.pendant(
            room, f"{claim.name}lamp{i}", *(float(v) for v in desk.point(x, -0.3)[:2]), z=2.0, color=pale(rng), width=0.26
        )
    return [desk.station("bar", "counter", -end * 0.35, -0.74, 0.95)]


def _tables(room: Room, bar: WallName, top: str, frame: str, seat: str) -> list[Station]:
    """Small tables with two chairs each, scattered over the floor that the bar leaves."""
    rng, palette = room.rng, room.palette
    stations: list[Station] = []
    turned = bar in {"east", "west"}
    wanted = int(rng.integers(3, 5))
    for i in range(40):
        if len(stations) >= wanted:
            break
        x0, y0, x1, y1 = room.floor
        x, y = float(rng.uniform(x0 + 0.9, x1 - 0.9)), float(rng.uniform(y0 + 0.9, y1 - 0.9))
        heading = float(rng.choice((0.0, math.pi / 2) if not turned else (math.pi / 2, 0.0)))
        stand = room.amid(f"cafe_table{i}", (0.9, 0.84), x, y, heading, front_m=0.78, back_m=0.78)
        if stand is None:
            continue
        furniture.table(stand, (0.9, 0.84, TABLE_M), top, frame, style=2)
        for j, turn in enumerate((0.0, math.pi)):
            furniture.chair(stand.at(f"side{j}", 0, 0, turn_rad=turn).at("chair", 0, -0.58), seat, frame)
        clutter.vase(stand.at("vase", 0.33, 0.3, TABLE_M), palette, rng)
        stations.append(stand.station("seat", "table", 0.0, -0.42, TABLE_M, seated=True, far_m=0.62))
    return stations
