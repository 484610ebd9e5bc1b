"""What belongs to a room rather than stands in it: windows, doors, curtains, pictures, lamps, rugs, radiators."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import fronts, pictures
from humannet_assets.simulator.places.colors import muted, vivid, woody
from humannet_assets.simulator.places.palette import Painter, Palette
from humannet_assets.simulator.places.room import Room, WallName
from humannet_assets.simulator.places.stand import Stand
from humannet_assets.simulator.textures import Color


def window(
    room: Room, wall: WallName, width: float, *, sill_m: float = 0.95, top_m: float = 2.15, curtains: bool | None = None,
    outlook: pictures.Outlook | None = None, u: float | tuple[float, float] | None = None,
) -> Stand | None:  # fmt: skip
    """A window with a sill, perhaps curtains; what is outside shines in the day."""
    rng, palette = room.rng, room.palette
    drapes = rng.random() < 0.6 if curtains is None else curtains
    wide = width + (0.7 if drapes else 0.16)
    stand = room.against(wall, "window", wide, 0.0, top_m + 0.1, base=sill_m - 0.1, u=u)
    if stand is None:
        return None
    outside: pictures.Outlook = outlook or ("street", "garden", "yard")[int(rng.integers(3))]
    frame = (0.88, 0.88, 0.86) if rng.random() < 0.7 else woody(rng)
    glow = 0.62 if room.mood.moment == "day" else 0.45
    view = palette.show(pictures.window, room.mood.moment, outside, frame, glow=glow)
    z, high = (sill_m + top_m) / 2, top_m - sill_m
    stand.box("frame", (0, -0.02, z), (width + 0.1, 0.04, high + 0.1), palette.paint(frame))
    stand.sheet("glass", (0, -0.046, z), width, high, view)
    stand.box("sill", (0, -0.07, sill_m - 0.065), (width + 0.2, 0.14, 0.03), palette.paint(frame))
    if drapes:
        cloth = palette.show(pictures.curtain, muted(rng) if rng.random() < 0.6 else vivid(rng))
        for i, x in enumerate((-1, 1)):
            at = (x * (width / 2 + 0.17), -0.105, z - 0.08)
            stand.box(f"curtain{i}", at, (0.32, 0.05, high + 0.3), cloth)
        stand.tube("rod", (0, -0.105, top_m + 0.09), 0.012, width + 0.68, palette.paint((0.3, 0.26, 0.2)), "x")
    return stand


def door(
    room: Room, wall: WallName, color: Color, *, glazed: bool = False, u: float | tuple[float, float] | None = None,
    width: float = 0.95, height: float = 2.08,
) -> Stand | None:  # fmt: skip
    """A closed door with free floor before it."""
    stand = room.against(wall, "door", width + 0.1, 0.06, height + 0.06, front_m=0.9, u=u)
    if stand is None:
        return None
    case = room.palette.paint(tuple(channel * 0.75 for channel in color))  # type: ignore[arg-type]
    stand.box("case", (0, -0.02, height / 2 + 0.025), (width + 0.1, 0.04, height + 0.05), case)
    stand.sheet("leaf", (0, -0.045, height / 2), width, height, room.palette.show(fronts.door, color, glazed))
    return stand


def picture(room: Room, wall: WallName, painter: Painter, *arguments: object, size: tuple[float, float] = (0.7, 0.5),
            z: float = 1.6, u: float | tuple[float, float] | None = None, glow: float = 0.0) -> Stand | None:  # fmt: skip
    """Something flat on a wall, 2 to 3 cm thick: a painting, a board, a poster, a screen."""
    width, height = size
    stand = room.against(wall, "picture", width + 0.04, 0.0, z + height / 2 + 0.03, base=z - height / 2 - 0.03, u=u)
    if stand is None:
        return None
    stand.box("back", (0, -0.012, z), (width + 0.03, 0.024, height + 0.03), room.palette.paint((0.2, 0.18, 0.16)))
    stand.sheet("picture", (0, -0.03, z), width, height, room.palette.show(painter, *arguments, glow=glow))
    return stand


def clock(room: Room, wall: WallName, *, z: float = 2.0, radius: float = 0.16) -> Stand | None:
    """A round clock."""
    stand = room.against(wall, "clock", 2 * radius, 0.0, z + radius, base=z - radius)
    if stand is not None:
        stand.box("dial", (0, -0.02, z), (2 * radius, 0.04, 2 * radius), room.palette.show(pictures.clock))
    return stand


def radiator(room: Room, stand: Stand, width: float, *, z: float = 0.45) -> None:
    """A radiator below a window."""
    stand.box("radiator", (0, -0.06, z), (width, 0.08, 0.5), room.palette.show(fronts.radiator))


def rug(room: Room, x: float, y: float, size: tuple[float, float], *, turn_rad: float = 0.0) -> None:
    """A patterned rug, 1 cm thick, there or as near as the walls let it."""
    cos, sin = abs(math.cos(turn_rad)), abs(math.sin(turn_rad))
    reach = (cos * size[0] + sin * size[1]) / 2 + 0.05, (sin * size[0] + cos * size[1]) / 2 + 0.05
    x = float(np.clip(x, room.floor[0] + reach[0], room.floor[2] - reach[0]))
    y = float(np.clip(y, room.floor[1] + reach[1], room.floor[3] - reach[1]))
    stand = Stand(room.builder, f"rug{x:.1f}{y:.1f}", (x, y, 0.0), turn_rad)
    stand.box("rug", (0, 0, 0.005), (*size, 0.01), room.palette.cloak(textures.carpet, muted(room.rng)))


def pendant(
    room: Room, name: str, x: float, y: float, *, z: float = 1.95, color: Color = (0.95, 0.9, 0.75), width: float = 0.36
) -> None:
    """A lamp on a cord from the ceiling; it shines by itself, light comes from the room's lamp."""
    stand = Stand(room.builder, name, (x, y, 0.0))
    shade = room.palette.paint(color, glow=0.1)
    room.hanging.append((x, y))
    stand.ball("shade", (0, 0, z), (width, width, width * 0.62), shade)
    stand.tube("cord", (0, 0, (room.height_m + z) / 2), 0.008, room.height_m - z, room.palette.paint((0.15, 0.15, 0.15)))


def ceiling_lights(room: Room, columns: int, rows: int, *, size: tuple[float, float] = (0.2, 1.2)) -> None:
    """Flat lamps in a grid under the ceiling."""
    white = room.palette.paint((1.0, 1.0, 0.96), glow=0.5)
    for i in range(columns):
        for j in range(rows):
            x = ((i + 0.5) / columns - 0.5) * room.width_m
            y = ((j + 0.5) / rows - 0.5) * room.depth_m
            lamp = Stand(room.builder, f"lamp{i}_{j}", (x, y, 0.0))
            lamp.box("tube", (0, 0, room.height_m - 0.03), (*size, 0.06), white)


def floor_lamp(stand: Stand, palette: Palette, rng: np.random.Generator) -> None:
    """A standing lamp about its foot."""
    dark = palette.paint((0.2, 0.2, 0.2))
    stand.tube("foot", (0, 0, 0.015), 0.14, 0.03, dark)
    stand.tube("post", (0, 0, 0.75), 0.014, 1.45, dark)
    stand.tube("shade", (0, 0, 1.58), float(rng.uniform(0.15, 0.22)), 0.28, palette.paint((0.95, 0.87, 0.66), glow=0.3))
