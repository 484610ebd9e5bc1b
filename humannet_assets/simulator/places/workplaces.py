"""Where people make and learn things: workshop, office, classroom, laboratory."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import clutter, fixtures, fronts, furniture, goods, pictures
from humannet_assets.simulator.places.colors import darker, earth, grey, muted, pale, plank, tinted, vivid, woody
from humannet_assets.simulator.places.draft import Draft, draft_room
from humannet_assets.simulator.places.interior import TABLE_M, empty_room, fringe, order, plain_ceiling
from humannet_assets.simulator.places.place import Station
from humannet_assets.simulator.places.room import Room, WallName
from humannet_assets.simulator.places.stand import Stand
from humannet_assets.simulator.textures import Color

_BENCH_M = 0.92
"""Height of benches one stands at (DIN EN 13150 for laboratories: 900 mm)."""


def workshop(rng: np.random.Generator) -> Draft:
    """Benches under boards of tools, a vise, machines, shelves of boxes, sheets of wood, bare walls."""
    room = empty_room(rng, (5.4, 7.0), (5.8, 7.6), (2.9, 3.6))
    palette, (walls, end) = room.palette, order(rng)
    brick = rng.random() < 0.6
    stone = palette.cover(textures.bricks if brick else textures.concrete, earth(rng) if brick else grey(rng, 0.55, 0.75))
    beams = palette.cover(textures.wood, darker(woody(rng), 0.9), period_m=1.2)
    room.shell(palette.cover(textures.concrete, grey(rng, 0.4, 0.62), period_m=2.0), stone, beams)
    oak, iron = palette.cover(textures.wood, plank(rng), period_m=0.6), palette.cloak(textures.metal, grey(rng, 0.25, 0.5))
    stations = [_bench(room, walls[0], oak, iron, end), *_joinery(room, oak, iron)]
    _machines(room, walls[1])
    for wall in (walls[3], walls[1]):
        width = float(rng.uniform(1.4, 2.2))
        shelf = room.against(wall, "store", width, 0.45, 2.05, front_m=0.6)
        if shelf is not None:
            furniture.rack(shelf, palette, (width, 0.45, 2.0), goods.boxes, levels=3, color=grey(rng, 0.3, 0.55))
    _boards(room, walls[2])
    fixtures.door(room, walls[2], muted(rng), width=1.6, height=2.3)
    for wall in (walls[1], walls[3], walls[2]):
        fixtures.window(room, wall, float(rng.uniform(1.2, 1.8)), sill_m=1.5, top_m=2.5, curtains=False, outlook="yard")
    for wall in (walls[3], walls[2]):
        fixtures.picture(room, wall, pictures.poster, size=(0.6, 0.8), z=1.6)
    fixtures.clock(room, walls[3], z=2.3)
    fixtures.ceiling_lights(room, 2, 2, size=(0.16, 1.5))
    return draft_room(room, stations)


def _bench(room: Room, wall: WallName, top: str, frame: str, end: int) -> Station:
    """A long bench against a wall: drawers, vise at one end, tools on the wall."""
    rng, palette = room.rng, room.palette
    width = float(rng.uniform(2.5, 3.3))
    stand = room.need(room.against(wall, "bench", width, 0.75, 2.2, front_m=0.8))
    furniture.table(stand.at("table", 0, -0.375), (width, 0.75, _BENCH_M), top, frame, thick_m=0.07)
    color = vivid(rng)
    front = palette.show(fronts.cabinet, color, 1, 1, 1)
    furniture.chest(stand.at("drawers", -end * (width / 2 - 0.45), -0.06), (0.6, 0.55, 0.78), palette.paint(color), front)
    stand.box("shelf", (0, -0.36, 0.25), (width - 0.12, 0.4, 0.04), frame)
    tools = palette.show(goods.pegboard, pale(rng) if rng.random() < 0.5 else woody(rng))
    stand.box("board", (0, -0.015, 1.62), (width * 0.9, 0.03, 0.85), tools)
    clutter.vise(stand.at("vise", -end * (width / 2 - 0.25), -0.52, _BENCH_M), palette, rng)
    clutter.tins(stand.at("tins", -end * (width / 2 - 0.75), -0.16, _BENCH_M), palette, rng)
    work = end * (width / 2 - 0.6) * float(rng.uniform(0.3, 1.0))
    fringe(stand, room, work, 0.8, _BENCH_M)
    return stand.station("work", "bench", work, -0.75, _BENCH_M)


def _joinery(room: Room, top: str, frame: str) -> list[Station]:
    """A bench in the middle that is worked at from two sides."""
    rng, palette = room.rng, room.palette
    width, depth = float(rng.uniform(1.7, 2.1)), 0.95
    heading = float(rng.choice((0.0, math.pi / 2)))
    stand = room.need(
        room.amid(
            "joinery",
            (width, depth),
            float(rng.uniform(-0.4, 0.4)),
            float(rng.uniform(-0.5, 0.3)),
            heading,
            front_m=0.8,
            back_m=0.8,
        )
    )
    furniture.table(stand, (width, depth, _BENCH_M), top, frame, style=1, thick_m=0.06)
    stand.box("shelf", (0, 0, 0.3), (width - 0.22, depth - 0.25, 0.03), frame)
    clutter.carton(stand.at("carton", 0.2, 0, 0.315), palette, rng)
    stations = []
    for i, side in enumerate((-1, 1)):
        here = stand.at(f"side{i}", -side * (width / 2 - 0.44), side * depth / 2, turn_rad=0.0 if side < 0 else math.pi)
        stations.append(here.station("work", "bench", 0.0, 0.0, _BENCH_M))
        (clutter.tins if i else clutter.carton)(here.at("thing", 0, depth - 0.14, _BENCH_M), palette, rng)
    return stations


def _machines(room: Room, wall: WallName) -> None:
    """A drill press and a tool cabinet."""
    rng, palette = room.rng, room.palette
    color = vivid(rng)
    press = room.against(wall, "press", 0.6, 0.6, 1.7, front_m=0.6)
    if press is not None:
        paint, dark = palette.cloak(textures.metal, darker(color, 0.8)), palette.paint((0.2, 0.2, 0.21))
        press.box("foot", (0, -0.28, 0.03), (0.4, 0.5, 0.06), dark)
        press.tube("column", (0, -0.18, 0.85), 0.05, 1.6, palette.paint((0.6, 0.6, 0.62), shine=0.6))
        press.box("table", (0, -0.3, 0.9), (0.34, 0.36, 0.04), dark)
        press.box("head", (0, -0.28, 1.52), (0.24, 0.5, 0.3), paint)
        press.tube("drill", (0, -0.42, 1.28), 0.02, 0.2, dark)
        press.tube("wheel", (0.13, -0.35, 1.45), 0.11, 0.02, dark, "x")
    chest = room.against(wall, "chest", 0.75, 0.5, 1.05, front_m=0.6)
    if chest is not None:
        furniture.chest(chest, (0.72, 0.48, 1.0), palette.paint(color), palette.show(fronts.cabinet, color, 1, 1, 1))
        clutter.tins(chest.at("tins", 0.1, -0.25, 1.0), palette, rng)


def _boards(room: Room, wall: WallName) -> None:
    """Sheets of wood that lean against the wall, and drums."""
    rng, palette = room.rng, room.palette
    pile = room.against(wall, "sheets", 1.3, 0.35, 1.4)
    if pile is not None:
        for i in range(3):
            wood = palette.cloak(textures.wood, woody(rng))
            size = (1.2 - i * 0.2, 0.02, 1.25 - i * 0.22)
            pile.box(f"sheet{i}", (i * 0.08, -0.13 - i * 0.05, size[2] / 2 * 0.985), size, wood, tilt_rad=-0.13)
    drum = room.against(wall, "drum", 0.6, 0.6, 0.9)
    if drum is not None:
        drum.tube("drum", (0, -0.3, 0.43), 0.28, 0.86, palette.cloak(textures.metal, vivid(rng)))


def office(rng: np.random.Generator) -> Draft:
    """Desks with screens in twos, files, a whiteboard, a printer, plants, a wall of windows."""
    room = empty_room(rng, (6.4, 8.0), (6.4, 8.0), (2.6, 3.0), evening=0.25)
    palette, (walls, _) = room.palette, order(rng)
    carpet = palette.cover(textures.cloth, muted(rng), period_m=1.0)
    floor = carpet if rng.random() < 0.7 else palette.cover(textures.terrazzo, grey(rng, 0.5, 0.75), period_m=1.5)
    plain = palette.cover(textures.plaster, pale(rng), period_m=1.2)
    accent = palette.cover(textures.plaster if rng.random() < 0.5 else textures.wood, tinted(rng), period_m=1.2)
    panels = palette.cover(textures.tiles, (0.86, 0.86, 0.84), period_m=1.2, dark=(0.83, 0.83, 0.82), count=2)
    covers: dict[WallName, str] = dict.fromkeys(walls, plain)
    covers[walls[2]] = accent
    room.shell(floor, covers, panels, palette.paint(grey(rng, 0.3, 0.6)))
    top_color = plank(rng) if rng.random() < 0.5 else grey(rng, 0.5, 0.74)
    top = palette.cover(textures.wood if rng.random() < 0.6 else textures.plaster, top_color, period_m=0.8)
    frame, cloth = palette.cloak(textures.metal, grey(rng)), palette.cover(textures.cloth, muted(rng), period_m=0.4)
    screen = palette.cover(textures.cloth, tinted(rng), period_m=0.5)
    turned = rng.random() < 0.5
    stations: list[Station] = []
    for i, offset in enumerate((-1, 1)):
        x, y = offset * (room.width_m if not turned else room.depth_m) * 0.22, float(rng.uniform(-0.3, 0.3))
        pair = room.amid(
            "pair", (1.7, 1.64), *((x, y) if not turned else (-y, x)), math.pi / 2 if turned else 0.0, front_m=0.9, back_m=0.9
        )
        if pair is None:
            continue
        pair.box("screen", (0, 0, TABLE_M + 0.18), (1.7, 0.03, 0.42), screen)
        for j, turn in enumerate((0.0, math.pi)):
            stations.append(
                _desk(room, pair.at(f"desk{j}", 0, 0, turn_rad=turn), top, frame, cloth, float(rng.choice((-1, 1))))
            )
        if i == 0 and rng.random() < 0.5:
            fixtures.rug(room, *((x, y) if not turned else (-y, x)), (3.0, 3.2))
    for wall in (walls[0], walls[0], walls[1]):
        fixtures.window(room, wall, float(rng.uniform(1.6, 2.2)), sill_m=0.9, top_m=2.3, curtains=False, outlook="street")
    _office_walls(room, walls[1:])
    fixtures.ceiling_lights(room, 2, 3, size=(0.3, 1.2))
    return draft_room(room, stations)


def _desk(room: Room, back: Stand, top: str, frame: str, cloth: str, side: float) -> Station:
    """A desk whose far edge is at the frame's origin; one half is free."""
    rng, palette = room.rng, room.palette
    furniture.table(back.at("table", 0, -0.42), (1.66, 0.78, TABLE_M), top, frame, style=1)
    clutter.monitor(back.at("monitor", -side * 0.48, -0.2, TABLE_M), palette, rng)
    clutter.keys(back.at("keys", -side * 0.58 - 0.05, -0.62, TABLE_M), palette, rng)
    things = clutter.SETS["office"]
    things[int(rng.integers(len(things)))](back.at("thing", side * 0.69, -0.14, TABLE_M), palette, rng)
    furniture.office_chair(
        back.at("chair", side * 0.3, -1.0, turn_rad=float(rng.normal(0, 0.15))), cloth, palette.paint((0.14, 0.14, 0.15))
    )
    return back.station("work", "desk", side * 0.3, -0.81, TABLE_M, seated=True, far_m=0.62)


def _office_walls(room: Room, walls: list[WallName]) -> None:
    rng, palette = room.rng, room.palette
    fixtures.door(room, walls[1], woody(rng), glazed=rng.random() < 0.5)
    for wall in walls:
        width = float(rng.uniform(1.2, 2.0))
        case = room.against(wall, "files", width, 0.42, 2.0, front_m=0.6)
        if case is not None:
            tone = grey(rng, 0.55, 0.85)
            furniture.chest(case, (width, 0.42, 1.95), palette.paint(tone), palette.show(goods.folders, tone, 4, repeat=(2, 1)))
    printer = room.against(walls[0], "printer", 0.7, 0.65, 1.2, front_m=0.5)
    if printer is not None:
        printer.box("body", (0, -0.33, 0.5), (0.62, 0.6, 1.0), palette.paint((0.8, 0.8, 0.8)))
        printer.box("tray", (0, -0.33, 1.05), (0.6, 0.5, 0.1), palette.paint((0.3, 0.31, 0.33)))
        printer.sheet("panel", (0, -0.635, 0.6), 0.5, 0.6, palette.show(fronts.cabinet, (0.7, 0.7, 0.7), 1, 1, 1))
    fixtures.picture(room, walls[2], pictures.board, (0.9, 0.91, 0.92), (0.15, 0.2, 0.5), size=(2.0, 1.0), z=1.6)
    fixtures.picture(room, walls[1], pictures.notices, size=(1.2, 0.8), z=1.6)
    fixtures.clock(room, walls[0], z=2.2)
    for wall in walls[::2]:
        green = room.against(wall, "plant", 0.5, 0.5, 0.6)
        if green is not None:
            furniture.plant(green.at("pot", 0, -0.26), palette, rng, float(rng.uniform(1.0, 1.7)))
    for wall in walls:
        fixtures.picture(room, wall, pictures.painting, size=(0.9, 0.6), z=1.6)


def classroom(rng: np.random.Generator) -> Draft:
    """Rows of pupils' desks before a blackboard, the teacher's desk, maps, shelves of books, windows on one side."""
    room = empty_room(rng, (6.6, 7.8), (7.2, 8.6), (2.9, 3.3), evening=0.15)
    palette, (walls, end) = room.palette, order(rng)
    if room.length(walls[0]) > 7.9:
        walls = walls[1:] + walls[:1]
    floor = (
        palette.cover(textures.wood, woody(rng), period_m=0.7)
        if rng.random() < 0.5
        else palette.cover(textures.terrazzo, tinted(rng), period_m=1.6)
    )
    upper = palette.cover(textures.plaster, pale(rng), period_m=1.4)
    room.shell(floor, upper, plain_ceiling(palette), palette.paint(woody(rng)))
    if rng.random() < 0.6:
        room.dado(palette.cover(textures.plaster, tinted(rng), period_m=1.0), 1.2)
    green: Color = (0.14, 0.3, 0.24) if rng.random() < 0.6 else (0.13, 0.14, 0.15)
    front = room.need(room.against(walls[0], "board", 3.4, 0.0, 2.3, base=0.95, u=0.0))
    front.box("case", (0, -0.02, 1.6), (3.3, 0.04, 1.25), palette.paint((0.5, 0.36, 0.24)))
    front.sheet("writing", (0, -0.046, 1.6), 3.2, 1.15, palette.show(pictures.board, green, (0.9, 0.9, 0.86)))
    front.box("ledge", (0, -0.09, 0.96), (3.2, 0.1, 0.03), palette.paint((0.5, 0.36, 0.24)))
    top, frame = palette.cover(textures.wood, plank(rng), period_m=0.6), palette.cloak(textures.metal, grey(rng))
    seat = palette.cloak(textures.wood, woody(rng))
    teacher = front.at("teacher", end * 1.3, -1.45, turn_rad=math.pi)
    furniture.table(teacher, (1.5, 0.78, TABLE_M), top, frame, style=1)
    clutter.pot_plant(teacher.at("plant", 0.64, 0.25, TABLE_M), palette, rng)
    clutter.book_stack(teacher.at("books", -0.61, 0.26, TABLE_M), palette, rng)
    stations = [teacher.station("work", "desk", 0.0, -0.39, TABLE_M, far_m=0.62)]
    furniture.chair(teacher.at("chair", 0.0, -0.55), seat, frame)
    columns = (-1.9, 0.0, 1.9) if room.length(walls[0]) > 7.2 else (-1.15, 1.15)
    for row in range(3 if len(columns) == 2 else 2):
        for column, x in enumerate(columns):
            place = front.at(f"pupil{row}{column}", x - end * 0.3, -3.1 - row * 1.35)
            furniture.table(place, (1.3, 0.68, TABLE_M), top, frame, style=1)
            furniture.chair(place.at("chair", 0.0, -0.48, turn_rad=float(rng.normal(0, 0.08))), seat, frame)
            if (row, column) in ((0, 0), (1, len(columns) - 1)):
                stations.append(place.station("work", "desk", 0.0, -0.34, TABLE_M, seated=True, far_m=0.6))
            elif rng.random() < 0.6:
                (clutter.book_stack, clutter.papers)[int(rng.integers(2))](place.at("thing", -0.1, 0.05, TABLE_M), palette, rng)
    for _ in range(2):
        fixtures.window(room, walls[1], 1.9, sill_m=0.9, top_m=2.5, curtains=rng.random() < 0.3)
    for wall in walls[2:]:
        width = float(rng.uniform(1.3, 2.2))
        case = room.against(wall, "books", width, 0.35, 1.3)
        if case is not None:
            furniture.bookcase(case, palette, (width, 0.34, 1.25), woody(rng))
    fixtures.door(room, walls[3], muted(rng))
    fixtures.clock(room, walls[2], z=2.4)
    for wall in (walls[2], walls[3], walls[2], walls[3]):
        fixtures.picture(room, wall, (pictures.notices, pictures.poster)[int(rng.integers(2))], size=(1.0, 0.9), z=1.85)
    fixtures.ceiling_lights(room, 2, 3, size=(0.25, 1.4))
    return draft_room(room, stations)


def laboratory(rng: np.random.Generator) -> Draft:
    """White benches with reagent shelves, microscopes, flasks, a fume hood, an island, stools."""
    room = empty_room(rng, (6.0, 7.4), (6.2, 7.8), (2.8, 3.2), evening=0.2)
    palette, (walls, _) = room.palette, order(rng)
    tone = grey(rng, 0.75, 0.88) if rng.random() < 0.7 else pale(rng)
    floor = palette.cover(textures.terrazzo, tinted(rng), period_m=1.2)
    tiles = palette.cover(textures.tiles, tone, period_m=1.2, dark=darker(tone, 0.95), count=6)
    panels = palette.cover(textures.tiles, (0.88, 0.88, 0.87), period_m=1.2, dark=(0.86, 0.86, 0.86), count=2)
    room.shell(floor, tiles, panels, palette.paint(grey(rng, 0.3, 0.5)))
    front_color = muted(rng) if rng.random() < 0.6 else grey(rng, 0.7, 0.9)
    top = palette.cover(
        textures.terrazzo, grey(rng, 0.36, 0.5) if rng.random() < 0.4 else grey(rng, 0.6, 0.75), period_m=0.7, shine=0.2
    )
    body = palette.paint(grey(rng, 0.75, 0.9))
    stations: list[Station] = []
    for i, wall in enumerate((walls[0], walls[1])):
        width = float(rng.uniform(2.6, 3.3))
        stand = room.need(room.against(wall, f"wall_bench{i}", width, 0.75, 2.1, front_m=0.85))
        furniture.counter(
            stand, (width, 0.75, _BENCH_M), body, palette.show(fronts.cabinet, front_color, round(width / 0.5), 1, 2), top
        )
        stand.box("shelf", (0, -0.13, 1.52), (width, 0.26, 0.025), body)
        reagents = palette.show(goods.bottles, grey(rng, 0.7, 0.85), 1, repeat=(2, 1))
        stand.box("bottles", (0, -0.11, 1.69), (width - 0.15, 0.18, 0.31), reagents)
        side = float(rng.choice((-1, 1)))
        for j, thing in enumerate((clutter.microscope, clutter.flasks)):
            thing(stand.at(f"thing{j}", -side * (width / 2 - 0.3 - 0.55 * j), -0.3, _BENCH_M), palette, rng)
        work = side * (width / 2 - 0.62)
        fringe(stand, room, work, 0.75, _BENCH_M)
        stations.append(stand.station("work", "bench", work, -0.75, _BENCH_M))
        furniture.stool(
            stand.at("stool", -side * 0.3, -1.0), palette.paint((0.15, 0.15, 0.16)), palette.paint((0.7, 0.7, 0.72))
        )
    stations += _island(room, top, body, front_color)
    _fume_hood(room, walls[2])
    fixtures.door(room, walls[3], grey(rng, 0.6, 0.85), glazed=True)
    for wall in (walls[2], walls[3]):
        width = float(rng.uniform(1.0, 1.6))
        case = room.against(wall, "case", width, 0.45, 2.0, front_m=0.5)
        if case is not None:
            shelf = grey(rng, 0.7, 0.9)
            furniture.chest(
                case, (width, 0.45, 1.95), body, palette.show(goods.bottles if rng.random() < 0.6 else goods.folders, shelf, 4)
            )
        fixtures.window(room, wall, 1.5, sill_m=1.0, top_m=2.2, curtains=False)
        fixtures.picture(room, wall, pictures.poster, size=(0.8, 1.0), z=1.6)
        fixtures.picture(room, wall, pictures.notices, size=(1.0, 0.7), z=1.6)
    fixtures.clock(room, walls[3], z=2.3)
    fixtures.ceiling_lights(room, 2, 3, size=(0.3, 1.2))
    return draft_room(room, stations)


def _island(room: Room, top: str, body: str, color: Color) -> list[Station]:
    """A bench in the middle with a shelf along its ridge; it is worked at from one side."""
    rng, palette = room.rng, room.palette
    heading = float(rng.choice((0.0, math.pi / 2, math.pi)))
    width = float(rng.uniform(1.9, 2.4))
    stand = room.amid(
        "island", (width, 1.0), float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.6, 0.2)), heading, front_m=0.9, back_m=0.8
    )
    if stand is None:
        return []
    stand.box("body", (0, 0.02, 0.44), (width - 0.1, 0.88, 0.88), body)
    stand.sheet("front", (0, -0.424, 0.46), width - 0.14, 0.8, palette.show(fronts.cabinet, color, round(width / 0.5)))
    stand.box("top", (0, 0, _BENCH_M - 0.02), (width, 1.0, 0.04), top)
    stand.box(
        "ridge", (0, 0.36, _BENCH_M + 0.17), (width - 0.3, 0.16, 0.34), palette.show(goods.bottles, grey(rng), 1, repeat=(2, 1))
    )
    clutter.microscope(stand.at("scope", -width / 2 + 0.25, 0.05, _BENCH_M), palette, rng)
    return [stand.station("work", "bench", width / 2 - 0.58, -0.5, _BENCH_M)]


def _fume_hood(room: Room, wall: WallName) -> None:
    """A cabinet with a sash and a pipe."""
    rng, palette = room.rng, room.palette
    hood = room.against(wall, "hood", 1.5, 0.8, 2.45, front_m=0.6)
    if hood is None:
        return
    white = palette.paint(grey(rng, 0.75, 0.9))
    hood.box("base", (0, -0.4, 0.44), (1.46, 0.76, 0.88), white)
    hood.sheet("doors", (0, -0.784, 0.44), 1.4, 0.8, palette.show(fronts.cabinet, grey(rng, 0.6, 0.8), 3))
    hood.box("back", (0, -0.06, 1.5), (1.38, 0.1, 1.2), palette.cloak(textures.metal, grey(rng, 0.5, 0.7)))
    for i, x in enumerate((-0.7, 0.7)):
        hood.box(f"side{i}", (x, -0.4, 1.5), (0.06, 0.76, 1.24), white)
    hood.box("head", (0, -0.4, 2.24), (1.46, 0.76, 0.24), white)
    hood.sheet("sash", (0, -0.77, 1.85), 1.34, 0.54, palette.show(pictures.mirror))
    clutter.flasks(hood.at("flasks", 0.1, -0.35, 0.885), palette, rng)
    hood.tube("pipe", (0, -0.3, (2.36 + room.height_m) / 2), 0.12, room.height_m - 2.36, palette.paint((0.7, 0.71, 0.72)))
