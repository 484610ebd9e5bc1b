"""Living room and bedroom: rooms of cloth, carpets, books and pictures."""

from __future__ import annotations

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import clutter, fixtures, fronts, furniture, pictures
from humannet_assets.simulator.places.colors import muted, pale, vivid, woody
from humannet_assets.simulator.places.draft import Draft, draft_room
from humannet_assets.simulator.places.interior import decorate, desk, dining_table, home_room, order, worktop
from humannet_assets.simulator.places.place import Station
from humannet_assets.simulator.places.room import Room, WallName


def living_room(rng: np.random.Generator) -> Draft:
    """A sofa before a screen, a bookcase, a dining table, a carpet, windows with curtains."""
    room = home_room(rng, (5.0, 6.4), (5.6, 7.2))
    palette, (walls, end) = room.palette, order(rng)
    cloth = palette.cover(textures.cloth, muted(rng), period_m=0.6)
    cushion = palette.cover(textures.plaid if rng.random() < 0.5 else textures.damask, vivid(rng), period_m=0.5)
    # The seats gather at one end of the room, the table stands at the other.
    long = room.length(walls[0])
    sofa_m = float(rng.uniform(1.8, 2.4))
    sofa_u = end * float(rng.uniform(long / 2 - sofa_m / 2 - 0.5, long / 2 - sofa_m / 2 - 0.15))
    sofa = room.need(room.against(walls[0], "sofa", sofa_m, 0.92, 0.9, front_m=1.0, u=sofa_u))
    furniture.sofa(sofa, sofa_m, cloth, cushion)
    x, y, _ = (float(value) for value in sofa.point(0, -1.35))
    low = sofa.at("low", 0, -1.42)
    top = palette.cover(textures.wood, woody(rng), period_m=0.6)
    furniture.table(low, (float(rng.uniform(0.8, 1.1)), 0.5, 0.42), top, top, style=int(rng.integers(3)))
    clutter.book_stack(low.at("books", 0.18, 0, 0.42), palette, rng)
    turn = 0.0 if walls[0] in {"north", "south"} else np.pi / 2
    fixtures.rug(room, x, y, (float(rng.uniform(2.2, 2.8)), float(rng.uniform(1.5, 1.9))), turn_rad=turn)
    bx, by = (room.width_m / 2, room.depth_m / 2)
    away = {"north": (0, -by + 1.35), "south": (0, by - 1.35), "east": (-bx + 1.35, 0), "west": (bx - 1.35, 0)}[walls[0]]
    stations = dining_table(
        room, "dining", *away, width=float(rng.uniform(1.6, 1.9)), turned=turn > 0, seats=int(rng.integers(2, 5))
    )
    if stations:
        fixtures.pendant(room, "pendant", *away, color=pale(rng), width=0.45)
    _storage(room, walls[1], walls[3])
    corner = room.against(walls[0], "lamp", 0.5, 0.5, 0.1, u=-end * (long / 2 - 0.3))
    if corner is not None:
        fixtures.floor_lamp(corner.at("foot", 0, -0.25), palette, rng)
    for wall in (walls[1], walls[3], walls[2]):
        fixtures.window(room, wall, float(rng.uniform(1.1, 1.7)))
    fixtures.door(room, walls[3], woody(rng))
    stations += desk(room, walls[1], "desk", width=1.3, screen=False)
    green = room.against(walls[1], "plant", 0.5, 0.5, 0.6)
    if green is not None:
        furniture.plant(green.at("pot", 0, -0.26), palette, rng, float(rng.uniform(0.9, 1.6)))
    fixtures.picture(room, walls[0], pictures.painting, size=(1.1, 0.7), z=1.6, u=(sofa_u - 0.4, sofa_u + 0.4))
    decorate(room, 5)
    return draft_room(room, stations)


def bedroom(rng: np.random.Generator) -> Draft:
    """A bed between nightstands, a wardrobe, a desk, a chest of drawers, curtains."""
    room = home_room(rng, (4.4, 5.4), (5.0, 6.2))
    palette, (walls, end) = room.palette, order(rng)
    wide = float(rng.choice((1.0, 1.4, 1.8)))
    wood = palette.cloak(textures.wood, woody(rng))
    cover = (textures.plaid, textures.damask, textures.cloth)[int(rng.integers(3))]
    sheet = palette.cover(textures.cloth, pale(rng), period_m=0.5)
    long = room.length(walls[0])
    bed_u = end * (long / 2 - wide / 2 - 0.6)
    bed = room.need(room.against(walls[0], "bed", wide + 0.06, 2.12, 1.05, front_m=0.5, u=bed_u))
    furniture.bed(bed, wide, wood, sheet, palette.cover(cover, vivid(rng) if rng.random() < 0.5 else muted(rng), period_m=0.9))
    for side in (-1, 1):
        night = room.against(walls[0], "night", 0.45, 0.4, 0.9, u=bed_u + side * (wide / 2 + 0.29))
        if night is not None:
            furniture.sideboard(night, palette, rng, (0.43, 0.4, 0.5), columns=1)
            (clutter.table_lamp if side == end else clutter.book_stack)(night.at("thing", 0, -0.2, 0.5), palette, rng)
    wardrobe_m = float(rng.uniform(1.5, 2.2))
    wardrobe = room.need(room.against(walls[2], "wardrobe", wardrobe_m, 0.6, 2.1, front_m=0.7))
    color, body = furniture.cabinet_colors(palette, rng)
    furniture.chest(wardrobe, (wardrobe_m, 0.6, 2.08), body, palette.show(fronts.cabinet, color, round(wardrobe_m / 0.5)))
    stations = desk(room, walls[3], "desk", width=float(rng.uniform(1.4, 1.6)), screen=rng.random() < 0.6)
    stations += _dresser(room, walls[1] if rng.random() < 0.5 else walls[3])
    fixtures.window(room, walls[1], float(rng.uniform(1.1, 1.6)), curtains=True)
    fixtures.door(room, walls[2] if rng.random() < 0.5 else walls[1], woody(rng))
    fixtures.window(room, walls[3], 1.2, curtains=True)
    turn = 0.0 if walls[0] in {"north", "south"} else np.pi / 2
    x, y, _ = (float(value) for value in bed.point(-end * 0.4, -2.3))
    fixtures.rug(room, x, y, (float(rng.uniform(1.6, 2.2)), float(rng.uniform(1.0, 1.4))), turn_rad=turn)
    fixtures.picture(room, walls[0], pictures.painting, size=(0.9, 0.6), z=1.65, u=(bed_u - 0.3, bed_u + 0.3))
    decorate(room, 5)
    return draft_room(room, stations)


def _dresser(room: Room, wall: WallName) -> list[Station]:
    """A chest of drawers at which clothes are folded."""
    rng, palette = room.rng, room.palette
    width = float(rng.uniform(1.35, 1.6))
    stand = room.against(wall, "dresser", width, 0.62, 0.95, front_m=0.75)
    if stand is None:
        return []
    color, body = furniture.cabinet_colors(palette, rng)
    front = palette.show(fronts.cabinet, color, 2, 1, 2)
    furniture.counter(stand, (width, 0.62, 0.86), body, front, worktop(palette, rng))
    side = float(rng.choice((-1.0, 1.0)))
    things = clutter.SETS["living"]
    things[int(rng.integers(len(things)))](stand.at("thing", -side * (width / 2 - 0.16), -0.3, 0.86), palette, rng)
    fixtures.picture(room, wall, pictures.mirror, size=(0.6, 0.9), z=1.55, u=room.along(wall, stand))
    return [stand.station("top", "counter", side * (width / 2 - 0.5), -0.62, 0.86, far_m=0.60)]


def _storage(room: Room, first: WallName, second: WallName) -> None:
    """A bookcase and a low cupboard with a screen or things on it."""
    rng, palette = room.rng, room.palette
    case_m = float(rng.uniform(1.0, 1.8))
    case = room.against(first, "books", case_m, 0.32, 2.05, front_m=0.5)
    if case is not None:
        furniture.bookcase(case, palette, (case_m, 0.32, 2.0), woody(rng))
    board_m = float(rng.uniform(1.4, 1.9))
    board = room.against(second, "board", board_m, 0.45, 1.4, front_m=0.5)
    if board is not None:
        furniture.sideboard(board, palette, rng, (board_m, 0.45, 0.6))
        if rng.random() < 0.6:
            board.box("set", (0, -0.15, 0.95), (1.1, 0.05, 0.64), palette.paint((0.08, 0.08, 0.09)))
            board.box("stem", (0, -0.15, 0.62), (0.3, 0.12, 0.04), palette.paint((0.08, 0.08, 0.09)))
            board.sheet("picture", (0, -0.18, 0.95), 1.06, 0.6, palette.show(pictures.screen, glow=0.4))
        else:
            clutter.vase(board.at("vase", 0.3, -0.22, 0.6), palette, rng)
            clutter.book_stack(board.at("books", -0.3, -0.22, 0.6), palette, rng)
