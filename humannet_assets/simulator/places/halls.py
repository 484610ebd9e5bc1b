"""Where people pass through indoors: the hall of a station, the corridor of a school or an office."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import clutter, fixtures, fronts, furniture, goods, pictures
from humannet_assets.simulator.places.colors import darker, earth, grey, muted, pale, plank, tinted, vivid, woody
from humannet_assets.simulator.places.draft import Draft, draft_room
from humannet_assets.simulator.places.interior import TABLE_M, WORKTOP_M, empty_room, fringe, plain_ceiling, worktop
from humannet_assets.simulator.places.place import Station
from humannet_assets.simulator.places.room import Room


def corridor(rng: np.random.Generator) -> Draft:
    """A long corridor with doors on both sides, lockers, benches, boards of notices, a desk and a table by the wall."""
    room = empty_room(rng, (3.1, 3.7), (15.0, 20.0), (2.6, 3.2), evening=0.2)
    palette = room.palette
    floors = (
        lambda: palette.cover(textures.terrazzo, tinted(rng), period_m=1.4, shine=0.2),
        lambda: palette.cover(textures.tiles, pale(rng), period_m=1.2, dark=muted(rng)),
        lambda: palette.cover(textures.cloth, muted(rng), period_m=1.0),
    )
    upper = palette.cover(textures.plaster if rng.random() < 0.7 else textures.wallpaper, pale(rng), period_m=1.2)
    end = palette.cover(textures.bricks, earth(rng), period_m=1.2) if rng.random() < 0.5 else upper
    room.shell(
        floors[int(rng.integers(3))](), {"north": end, "south": end, "east": upper, "west": upper}, plain_ceiling(palette)
    )
    lower = palette.cover(textures.wood if rng.random() < 0.5 else textures.plaster, tinted(rng), period_m=1.0)
    room.dado(lower, 1.1)
    stations = [*_desk_by_wall(room), *_reception(room)]
    color = muted(rng)
    for wall in ("east", "west"):
        for i in range(5):
            u = (i - 2) * room.depth_m / 5.4 + float(rng.uniform(-0.4, 0.4))
            fixtures.door(room, wall, color if rng.random() < 0.7 else woody(rng), u=u, glazed=rng.random() < 0.3)
    for wall in ("north", "south"):
        fixtures.window(room, wall, 1.4, sill_m=1.0, top_m=2.2, curtains=False)
    tone = vivid(rng)
    for i in range(6):
        wall = ("east", "west")[i % 2]
        if i < 3:
            width = float(rng.uniform(1.0, 1.8))
            locker = room.against(wall, "lockers", width, 0.42, 1.9)
            if locker is not None:
                face = palette.show(fronts.cabinet, tone, round(width / 0.3), 2)
                furniture.chest(locker, (width, 0.42, 1.85), palette.paint(tone), face)
        else:
            seat = room.against(wall, "bench", 1.4, 0.42, 0.6)
            if seat is not None:
                seat.box("seat", (0, -0.22, 0.43), (1.38, 0.36, 0.05), palette.cloak(textures.wood, woody(rng)))
                for j, x in enumerate((-0.55, 0.55)):
                    seat.box(f"leg{j}", (x, -0.22, 0.2), (0.05, 0.32, 0.41), palette.paint((0.2, 0.2, 0.2)))
    painters = (pictures.notices, pictures.poster, pictures.painting, pictures.notices)
    for i in range(12):
        fixtures.picture(
            room, ("east", "west")[i % 2], painters[int(rng.integers(4))], size=(float(rng.uniform(0.6, 1.1)), 0.7), z=1.65
        )
    for wall in ("north", "south"):
        green = room.against(wall, "plant", 0.5, 0.5, 0.6)
        if green is not None:
            furniture.plant(green.at("pot", 0, -0.26), palette, rng, float(rng.uniform(1.0, 1.6)))
    fixtures.clock(room, "north", z=2.35)
    fixtures.ceiling_lights(room, 1, 5, size=(0.3, 1.2))
    return draft_room(room, stations)


def _desk_by_wall(room: Room) -> list[Station]:
    """A table against the wall where sheets are sorted."""
    rng, palette = room.rng, room.palette
    stand = room.against(("east", "west")[int(rng.integers(2))], "sorting", 1.6, 0.7, 1.4, u=(-2.0, 2.0))
    if stand is None:
        return []
    furniture.table(
        stand.at("table", 0, -0.35), (1.56, 0.68, WORKTOP_M), worktop(palette, rng), palette.paint(grey(rng)), style=1
    )
    fringe(stand, room, 0.1, 0.8, WORKTOP_M)
    clutter.papers(stand.at("papers", -0.62, -0.2, WORKTOP_M), palette, rng)
    return [stand.station("sorting", "table", 0.15, -0.69, WORKTOP_M, far_m=0.62)]


def _reception(room: Room) -> list[Station]:
    """A desk at an end of the corridor; who works there sees the corridor."""
    rng, palette = room.rng, room.palette
    end, side = float(rng.choice((-1, 1))), float(rng.choice((-1, 1)))
    heading = math.pi if end > 0 else 0.0
    middle = (side * (room.width_m / 2 - 0.84), end * (room.depth_m / 2 - 1.9))
    stand = room.amid("reception", (1.6, 0.76), *middle, heading, front_m=1.1, back_m=0.8)
    if stand is None:
        return []
    # Whether the wall is to the right of who works there.
    wall = side if end < 0 else -side
    desk = stand.at("desk", 0, 0.38)
    color, body = furniture.cabinet_colors(palette, rng)
    furniture.counter(desk, (1.6, 0.76, TABLE_M), body, palette.show(fronts.cabinet, color, 3), worktop(palette, rng))
    desk.at("guests", 0, 0, turn_rad=math.pi).sheet("panel", (0, -0.004, 0.36), 1.56, 0.68, palette.show(pictures.sign, color))
    clutter.monitor(desk.at("monitor", wall * 0.48, -0.16, TABLE_M), palette, rng)
    return [desk.station("work", "desk", -wall * 0.28, -0.76, TABLE_M, seated=True, far_m=0.64)]


def station_hall(rng: np.random.Generator) -> Draft:
    """A high hall with columns, boards of departures, a kiosk, a ticket counter, benches, machines, high tables."""
    room = empty_room(rng, (12.0, 15.0), (14.0, 18.0), (4.6, 6.0), evening=0.25)
    palette = room.palette
    stone = earth(rng)
    floor = palette.cover(
        textures.terrazzo if rng.random() < 0.5 else textures.tiles, darker(pale(rng), 0.95), period_m=2.4, shine=0.2
    )
    walls = palette.cover(textures.paving, stone, period_m=2.0)
    room.shell(floor, walls, palette.cover(textures.metal, grey(rng, 0.5, 0.8), period_m=2.5))
    room.dado(palette.cover(textures.terrazzo, darker(stone, 0.6), period_m=1.2), 1.0)
    accent = vivid(rng)
    stations = [*_kiosk(room, accent), *_ticket_counter(room, accent), *_high_table(room)]
    _columns(room, palette.cover(textures.concrete, darker(stone, 1.1), period_m=1.5), accent)
    for wall in ("north", "south"):
        for _ in range(3):
            fixtures.window(room, wall, 2.2, sill_m=2.7, top_m=room.height_m - 0.6, curtains=False, outlook="street")
        fixtures.door(room, wall, grey(rng, 0.3, 0.6), glazed=True, width=2.0, height=2.4)
    for wall in ("east", "west"):
        fixtures.picture(room, wall, pictures.timetable, size=(3.4, 1.5), z=2.9, glow=0.4)
        fixtures.picture(room, wall, pictures.sign, accent, size=(2.4, 0.5), z=2.4)
        for _ in range(2):
            machine = room.against(wall, "machine", 0.9, 0.6, 1.95, front_m=0.7)
            if machine is not None:
                furniture.chest(machine, (0.86, 0.55, 1.9), palette.paint(accent), palette.show(fronts.fridge, accent))
                machine.sheet("screen", (0, -0.56, 1.4), 0.5, 0.34, palette.show(pictures.screen, glow=0.5))
        for _ in range(3):
            fixtures.picture(room, wall, pictures.poster, size=(1.1, 1.5), z=1.75)
    wood, iron = palette.cloak(textures.wood, woody(rng)), palette.paint((0.2, 0.2, 0.22))
    for i in range(4):
        x, y = float(rng.uniform(-4.5, 4.5)), float(rng.uniform(-5.5, 5.5))
        heading = float(rng.choice((0.0, math.pi / 2)))
        seat = room.amid(f"bench{i}", (1.9, 0.62), x, y, heading, front_m=0.9, back_m=0.9)
        if seat is not None:
            furniture.bench(seat, 1.8, wood, iron)
    for corner in ("north", "south"):
        green = room.against(corner, "plant", 0.8, 0.8, 0.9)
        if green is not None:
            furniture.plant(green.at("pot", 0, -0.4), palette, rng, float(rng.uniform(1.6, 2.4)))
    fixtures.ceiling_lights(room, 3, 3, size=(0.5, 1.8))
    draft = draft_room(room, stations)
    # A single lamp leaves the far ends of a hall in the dark.
    room.builder.ambient += 0.08
    draft.least_route_m = 15.0
    draft.posts += [(x, y, 3.6) for x in (-room.width_m / 2 + 0.25, room.width_m / 2 - 0.25) for y in (-3.5, 0.0, 3.5)]
    draft.step_m = 0.2
    return draft


def _columns(room: Room, stone: str, accent: tuple[float, float, float]) -> None:
    """Two rows of columns with signs."""
    rng, palette = room.rng, room.palette
    sign = palette.show(pictures.sign, accent)
    x, round_ = room.width_m * 0.27, rng.random() < 0.5
    for i, side in enumerate((-1, 1)):
        for j, share in enumerate((-0.3, 0.0, 0.3)):
            stand = room.amid(f"column{i}{j}", (0.6, 0.6), side * x, share * room.depth_m, front_m=0.5, back_m=0.5)
            if stand is None:
                continue
            if round_:
                stand.tube("shaft", (0, 0, room.height_m / 2), 0.26, room.height_m, stone)
            else:
                stand.box("shaft", (0, 0, room.height_m / 2), (0.5, 0.5, room.height_m), stone)
            stand.box("base", (0, 0, 0.1), (0.6, 0.6, 0.2), stone)
            stand.box("sign", (0, 0, 2.5), (1.1, 0.14, 0.3), sign)


def _kiosk(room: Room, accent: tuple[float, float, float]) -> list[Station]:
    """A kiosk against a wall: papers behind, sweets around, a counter between."""
    rng, palette = room.rng, room.palette
    wall = ("east", "west")[int(rng.integers(2))]
    claim = room.need(room.against(wall, "kiosk", 3.2, 2.3, 2.9, front_m=1.0, u=(-3.5, 3.5)))
    body = palette.paint(accent)
    racks = palette.show(goods.papers)
    claim.box("papers", (0, -0.08, 1.35), (2.9, 0.16, 1.5), racks)
    desk = claim.at("desk", 0.35, -2.1, turn_rad=math.pi)
    furniture.counter(desk, (2.4, 0.74, 0.98), body, palette.paint(darker(accent, 0.7)), worktop(palette, rng))
    sweets = palette.show(goods.groceries, grey(rng), 2, repeat=(2, 1))
    desk.at("buyers", 0, 0, turn_rad=math.pi).sheet("sweets", (0, -0.004, 0.5), 2.3, 0.8, sweets)
    for i, x in enumerate((-1.15, 1.15)):
        desk.tube(f"post{i}", (x, -0.06, 1.72), 0.03, 1.5, body)
    desk.box("sign", (0, -0.06, 2.5), (2.5, 0.1, 0.4), palette.show(pictures.sign, accent))
    clutter.till(desk.at("till", 0.92, -0.35, 0.98), palette, rng)
    clutter.jars(desk.at("jars", -0.85, -0.16, 0.98), palette, rng)
    # One goes in beside the counter, on its free end.
    return [desk.station("counter", "counter", 0.1, -0.74, 0.98)]


def _ticket_counter(room: Room, accent: tuple[float, float, float]) -> list[Station]:
    """A shelf along the wall where forms are filled in, with a picture of the lines above."""
    rng, palette = room.rng, room.palette
    wall = ("east", "west")[int(rng.integers(2))]
    stand = room.against(wall, "forms", 2.4, 0.7, 2.2, front_m=0.9)
    if stand is None:
        return []
    color, body = furniture.cabinet_colors(palette, rng)
    furniture.counter(stand, (2.4, 0.68, 0.96), body, palette.show(fronts.cabinet, color, 4), worktop(palette, rng))
    stand.box("lines", (0, -0.015, 1.65), (2.0, 0.03, 0.9), palette.show(pictures.board, pale(rng), accent))
    fringe(stand, room, 0.4, 0.8, 0.96)
    clutter.papers(stand.at("papers", -0.9, -0.2, 0.96), palette, rng)
    return [stand.station("forms", "counter", 0.4, -0.68, 0.96)]


def _high_table(room: Room) -> list[Station]:
    """A table one stands at, near the middle of the hall."""
    rng, palette = room.rng, room.palette
    for i in range(12):
        x, y = float(rng.uniform(-2.5, 2.5)), float(rng.uniform(-4.5, 4.5))
        stand = room.amid(f"high_table{i}", (1.1, 0.84), x, y, float(rng.choice((0.0, math.pi / 2))), front_m=0.9, back_m=0.9)
        if stand is not None:
            top = palette.cover(textures.wood, plank(rng), period_m=0.6)
            furniture.table(stand, (1.1, 0.84, 1.0), top, palette.paint((0.25, 0.25, 0.27)), style=2)
            clutter.pot_plant(stand.at("plant", 0.4, 0.28, 1.0), palette, rng)
            return [stand.station("standing", "table", -0.05, -0.42, 1.0, far_m=0.62)]
    return []
