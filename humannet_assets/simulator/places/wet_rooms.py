"""Kitchen and bathroom: rooms of tiles, worktops and machines."""

from __future__ import annotations

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import clutter, fixtures, fronts, furniture, goods, pictures
from humannet_assets.simulator.places.colors import darker, grey, muted, pale, vivid
from humannet_assets.simulator.places.draft import Draft, draft_room
from humannet_assets.simulator.places.interior import WORKTOP_M, decorate, dining_table, fringe, home_room, order, worktop
from humannet_assets.simulator.places.place import Station
from humannet_assets.simulator.places.room import Room, WallName
from humannet_assets.simulator.places.stand import Stand

_RUN_M = 0.68
"""Depth of a run of cupboards: a wearer's hands come 0.56 m over the edge."""


def kitchen(rng: np.random.Generator) -> Draft:
    """Cupboards along one wall and part of the next, cupboards above, fridge, table, window."""
    room = home_room(rng, (4.5, 5.6), (4.9, 6.2), tiled=rng.random() < 0.5)
    palette, (walls, end) = room.palette, order(rng)
    units = _Units(room)
    # From the far end to the corner where the walls meet: fridge, stove, sink, worktop.
    long = room.length(walls[0]) - 0.06
    fridge = room.need(room.against(walls[0], "fridge", 0.7, _RUN_M, 1.85, u=-end * (long / 2 - 0.35)))
    furniture.chest(fridge, (0.7, _RUN_M, 1.85), palette.paint(units.shell), palette.show(fronts.fridge, units.shell))
    first_m = long - 0.73
    first_u = end * (long - first_m) / 2
    first = units.run(walls[0], "first", first_m, first_u)
    ends = (-first_m / 2, first_m / 2 - 0.72) if end > 0 else (-first_m / 2 + 0.72, first_m / 2)
    room.keep_free(first, (ends[0], -_RUN_M - 0.8, ends[1], -_RUN_M))
    stove, sink = -end * (first_m / 2 - 0.38), -end * (first_m / 2 - 1.12)
    units.stove(first, walls[0], stove, first_u + stove)
    units.sink(first, sink)
    free_m = first_m - 1.42 - 0.72
    stations = [first.station("worktop", "counter", end * (first_m / 2 - 0.72 - free_m / 2), -_RUN_M, WORKTOP_M)]
    fringe(first, room, end * (first_m / 2 - 0.72 - free_m / 2), free_m - 0.1, WORKTOP_M)
    units.thing(first, end * (first_m / 2 - 0.3))
    # The second run begins beside the first.
    second_m = min(float(rng.uniform(1.5, 2.2)), room.length(walls[1]) - _RUN_M - 1.2)
    second_u = -end * (room.length(walls[1]) / 2 - _RUN_M - 0.04 - second_m / 2)
    second = units.run(walls[1], "second", second_m, second_u)
    room.keep_free(second, (-second_m / 2, -_RUN_M - 0.8, second_m / 2, -_RUN_M))
    stations.append(second.station("worktop", "counter", -end * (second_m / 2 - 0.55), -_RUN_M, WORKTOP_M))
    units.thing(second, end * (second_m / 2 - 0.22))
    # Above: a window over the sink, cupboards beside it.
    fixtures.window(room, walls[0], 1.0, sill_m=1.52, top_m=2.2, curtains=False, u=first_u + sink)
    units.above(walls[0], end * (long / 2 - free_m / 2 - 0.3), free_m + 0.4)
    units.above(walls[1], second_u, second_m - 0.1)
    fixtures.door(room, walls[2], muted(rng))
    x, y = _beside(room, walls[:2])
    wide, turned = float(rng.uniform(1.5, 1.8)), room.depth_m > room.width_m
    at_table = dining_table(room, "dining", x, y, width=wide, turned=turned, seats=int(rng.integers(2, 5)))
    if at_table:
        fixtures.pendant(room, "pendant", x, y, color=pale(rng))
    fixtures.window(room, walls[3], 1.2)
    decorate(room, 7, walls[1:])
    return draft_room(room, [*stations, *at_table])


def bathroom(rng: np.random.Generator) -> Draft:
    """Tiled half up: vanity with a mirror, tub, toilet, washing machine under a folding top."""
    room = home_room(rng, (3.7, 4.5), (4.2, 5.2), tiled=True)
    palette, (walls, _) = room.palette, order(rng)
    tile = pale(rng) if rng.random() < 0.6 else muted(rng)
    room.dado(palette.cover(textures.tiles, tile, period_m=float(rng.uniform(0.6, 1.2)), dark=darker(tile, 0.9)), 1.4)
    stations = [*_vanity(room, walls[0]), *_laundry(room, walls[1])]
    _tub(room, walls[2])
    _toilet(room, walls[3])
    fixtures.door(room, walls[int(rng.choice((1, 3)))], muted(rng))
    fixtures.window(room, walls[2], 0.8, sill_m=1.5, top_m=2.2, curtains=False)
    _towel_rail(room, walls[3])
    decorate(room, 3)
    fixtures.rug(room, 0.0, 0.0, (float(rng.uniform(0.8, 1.2)), 0.6), turn_rad=float(rng.uniform(0, 3)))
    return draft_room(room, stations)


class _Units:
    """Fitted kitchen units of one style."""

    def __init__(self, room: Room) -> None:
        rng, palette = room.rng, room.palette
        self._room, self.shell = room, grey(rng, 0.5, 0.9)
        self._color, self._body = furniture.cabinet_colors(palette, rng)
        self._top, self._plinth = worktop(palette, rng), palette.paint((0.16, 0.16, 0.17))
        splash = pale(rng) if rng.random() < 0.6 else vivid(rng)
        self._splash = palette.cover(textures.tiles, splash, period_m=0.6, dark=darker(splash, 0.88))

    def run(self, wall: WallName, name: str, width: float, u: float) -> Stand:
        """Cupboards under a worktop with a splashback."""
        room, palette = self._room, self._room.palette
        stand = room.need(room.against(wall, name, width, _RUN_M, WORKTOP_M + 0.52, u=u))
        front = palette.show(fronts.cabinet, self._color, round(width / 0.5), 1, int(room.rng.integers(0, 3)))
        furniture.counter(stand, (width, _RUN_M, WORKTOP_M), self._body, front, self._top, plinth=self._plinth)
        stand.sheet("splash", (0, -0.008, WORKTOP_M + 0.26), width, 0.52, self._splash)
        return stand

    def stove(self, run: Stand, wall: WallName, x: float, u: float) -> None:
        """Plates in the worktop, an oven's front below, a hood above."""
        palette, steel = self._room.palette, self._room.palette.cloak(textures.metal, self.shell)
        run.box("hob", (x, -0.34, WORKTOP_M + 0.004), (0.58, 0.5, 0.012), palette.show(fronts.hob))
        run.sheet("oven", (x, -_RUN_M + 0.018, 0.47), 0.6, 0.72, palette.show(fronts.oven, self.shell))
        hood = self._room.against(wall, "hood", 0.6, 0.0, 2.3, base=1.5, u=u)
        if hood is not None:
            hood.box("hood", (0, -0.24, 1.6), (0.6, 0.48, 0.12), steel)
            hood.box("pipe", (0, -0.15, (1.66 + self._room.height_m) / 2), (0.28, 0.26, self._room.height_m - 1.66), steel)

    def sink(self, run: Stand, x: float) -> None:
        """A basin in the worktop and a tap."""
        palette = self._room.palette
        run.box("sink", (x, -0.32, WORKTOP_M + 0.003), (0.56, 0.46, 0.01), palette.show(fronts.basin))
        chrome = palette.paint((0.75, 0.76, 0.78), shine=0.8)
        run.tube("tap", (x, -0.07, WORKTOP_M + 0.13), 0.016, 0.26, chrome)
        run.tube("spout", (x, -0.15, WORKTOP_M + 0.25), 0.012, 0.18, chrome, "y")

    def thing(self, run: Stand, x: float) -> None:
        """Something that stands on a worktop."""
        things = clutter.SETS["kitchen"]
        things[int(self._room.rng.integers(len(things)))](
            run.at(f"thing{x:.1f}", x, -0.28, WORKTOP_M), self._room.palette, self._room.rng
        )

    def above(self, wall: WallName, u: float, width: float) -> None:
        """Wall cupboards, or an open shelf of jars."""
        room, palette, rng = self._room, self._room.palette, self._room.rng
        stand = room.against(wall, "upper", width, 0.0, 2.25, base=1.5, u=u)
        if stand is None:
            return
        if rng.random() < 0.7:
            front = palette.show(fronts.cabinet, self._color, max(2, round(width / 0.5)), 1)
            furniture.chest(stand, (width, 0.34, 0.7), self._body, front, base=1.52)
        else:
            wood = palette.paint(darker(self._color, 0.6))
            for i, z in enumerate((1.54, 1.88)):
                stand.box(f"board{i}", (0, -0.12, z), (width, 0.24, 0.025), wood)
                row = palette.show(
                    goods.bottles if i else goods.groceries, self._color, 1, repeat=(max(1, round(width / 0.9)), 1)
                )
                stand.box(f"row{i}", (0, -0.1, z + 0.135), (width - 0.1, 0.16, 0.24), row)


def _vanity(room: Room, wall: WallName) -> list[Station]:
    rng, palette = room.rng, room.palette
    width = float(rng.uniform(1.75, 2.1))
    stand = room.need(room.against(wall, "vanity", width, 0.64, 1.05, front_m=0.8))
    color, body = furniture.cabinet_colors(palette, rng)
    front = palette.show(fronts.cabinet, color, 4, 1, int(rng.integers(0, 3)))
    furniture.counter(stand, (width, 0.64, 0.86), body, front, worktop(palette, rng))
    side = float(rng.choice((-1.0, 1.0)))
    basin = stand.at("basin", -side * (width / 2 - 0.36), -0.31, 0.86)
    basin.box("rim", (0, 0, 0.05), (0.52, 0.42, 0.1), palette.paint((0.93, 0.93, 0.92), shine=0.5))
    basin.box("bowl", (0, 0, 0.101), (0.46, 0.36, 0.008), palette.show(fronts.basin, (0.9, 0.9, 0.9)))
    basin.tube("tap", (0, 0.24, 0.13), 0.018, 0.26, palette.paint((0.75, 0.76, 0.78), shine=0.8))
    clutter.bathroom_bottles(stand.at("bottles", -side * (width / 2 - 0.76), -0.07, 0.86), palette, rng)
    fixtures.picture(room, wall, pictures.mirror, size=(width * 0.6, 0.8), z=1.65, u=room.along(wall, stand))
    return [stand.station("vanity", "counter", side * (width / 2 - 0.55), -0.64, 0.86, far_m=0.62)]


def _laundry(room: Room, wall: WallName) -> list[Station]:
    rng, palette = room.rng, room.palette
    width = float(rng.uniform(1.35, 1.7))
    stand = room.need(room.against(wall, "laundry", width, 0.66, 1.0, front_m=0.8))
    color, body = furniture.cabinet_colors(palette, rng)
    furniture.counter(stand, (width, 0.66, 0.9), body, palette.show(fronts.cabinet, color, 2, 1), worktop(palette, rng))
    side = float(rng.choice((-1.0, 1.0)))
    stand.sheet("washer", (side * (width / 2 - 0.33), -0.66 + 0.018, 0.43), 0.6, 0.84, palette.show(fronts.washer))
    clutter.towels(stand.at("towels", -side * (width / 2 - 0.2), -0.24, 0.9), palette, rng)
    return [stand.station("top", "counter", side * (width / 2 - 0.5), -0.66, 0.9, far_m=0.64)]


def _tub(room: Room, wall: WallName) -> None:
    rng, palette = room.rng, room.palette
    tub = room.against(wall, "tub", 1.72, 0.78, 0.6)
    if tub is None:
        return
    tub.box("body", (0, -0.39, 0.28), (1.7, 0.76, 0.56), palette.paint((0.92, 0.92, 0.91), shine=0.5))
    tub.box("bowl", (0, -0.39, 0.562), (1.54, 0.6, 0.012), palette.show(fronts.basin, (0.9, 0.9, 0.9)))
    tub.tube("tap", (0.7, -0.1, 0.75), 0.02, 0.2, palette.paint((0.75, 0.75, 0.78), shine=0.8), "y")
    if rng.random() < 0.6:
        curtain = palette.show(pictures.curtain, vivid(rng) if rng.random() < 0.5 else pale(rng))
        tub.box("curtain", (-0.5, -0.72, 1.32), (0.6, 0.05, 1.5), curtain)
        tub.box("rail", (-0.5, -0.36, 2.08), (0.62, 0.72, 0.02), palette.paint((0.7, 0.7, 0.72)))


def _toilet(room: Room, wall: WallName) -> None:
    palette = room.palette
    white = palette.paint((0.92, 0.92, 0.91), shine=0.5)
    toilet = room.need(room.against(wall, "toilet", 0.5, 0.7, 1.0, front_m=0.5))
    toilet.box("tank", (0, -0.1, 0.62), (0.42, 0.18, 0.4), white)
    toilet.box("foot", (0, -0.36, 0.19), (0.28, 0.42, 0.38), white)
    toilet.ball("bowl", (0, -0.42, 0.36), (0.38, 0.5, 0.16), white)
    toilet.box("lid", (0, -0.4, 0.43), (0.36, 0.44, 0.03), palette.paint(grey(room.rng, 0.6, 0.95)))


def _towel_rail(room: Room, wall: WallName) -> None:
    rng, palette = room.rng, room.palette
    rail = room.against(wall, "rail", 0.9, 0.0, 1.6, base=0.6)
    if rail is None:
        return
    for i, x in enumerate((-0.22, 0.22)):
        towel = palette.cover(textures.plaid if rng.random() < 0.5 else textures.cloth, vivid(rng), period_m=0.5)
        rail.box(f"towel{i}", (x, -0.036, 1.15), (0.38, 0.05, 0.7), towel)
    rail.tube("rod", (0, -0.03, 1.5), 0.012, 0.9, palette.paint((0.7, 0.7, 0.72), shine=0.7), "x")


def _beside(room: Room, walls: list[WallName]) -> tuple[float, float]:
    """The middle of the floor that cupboards on these walls and the way before them leave."""
    x0, y0, x1, y1 = room.floor
    strip = _RUN_M + 0.8
    for wall in walls:
        x0, x1 = x0 + strip * (wall == "west"), x1 - strip * (wall == "east")
        y0, y1 = y0 + strip * (wall == "south"), y1 - strip * (wall == "north")
    return ((x0 + x1) / 2, (y0 + y1) / 2)
