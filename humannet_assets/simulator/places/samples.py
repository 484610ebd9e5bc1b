"""Where the clips are set: a table in a room, a corridor, a street, an empty room. Static scenery only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.world import OBJECT, Light, SceneBuilder

Color = tuple[float, float, float]
Parts = tuple[tuple[str, npt.NDArray[np.float64]], ...]
"""Names of the geometries an object is made of, and where each lies from the middle of the object's foot, metres."""

TABLE_TOP_M = 0.75
"""Height of the table's surface."""


TableTop = Literal["wood", "cloth", "white", "dark_wood", "tiles"]

PAINTS: tuple[Color, ...] = (
    (0.62, 0.16, 0.14), (0.16, 0.28, 0.52), (0.84, 0.82, 0.76), (0.18, 0.38, 0.30), (0.78, 0.60, 0.20), (0.32, 0.33, 0.36),
    (0.52, 0.34, 0.46), (0.42, 0.58, 0.66),
)  # fmt: skip
"""Colours of doors, cars and pictures, used in turn."""

BRICK_COLORS: tuple[Color, ...] = ((0.62, 0.30, 0.22), (0.72, 0.63, 0.50), (0.52, 0.53, 0.56))


@dataclass(frozen=True)
class TableLook:
    """What makes one table scene differ from another."""

    top: TableTop
    wall: Color
    light: Color
    ambient: float = 0.44
    lamp_side: float = -1.0


def table(rng: np.random.Generator, look: TableLook) -> SceneBuilder:
    """A table in front of a wall; the wearer sits at the origin facing +y."""
    scene = SceneBuilder(look.ambient)
    tops = {
        "wood": lambda: textures.wood(rng, (0.60, 0.50, 0.38)),
        "dark_wood": lambda: textures.wood(rng, (0.32, 0.22, 0.16), planks=2),
        "white": lambda: textures.plaster(rng, (0.80, 0.81, 0.82)),
        "cloth": lambda: textures.cloth(rng, (0.36, 0.47, 0.42)),
        "tiles": lambda: textures.tiles(rng, (0.74, 0.77, 0.78), (0.58, 0.66, 0.70), count=8),
    }
    top = scene.surface("table", tops[look.top](), shine=0.12)
    floor = scene.surface("floor", textures.tiles(rng), (1.2, 1.2), uniform=True)
    wall = scene.surface("wall", textures.wallpaper(rng, look.wall), (0.9, 0.9), uniform=True)
    scene.add("floor", "plane", (4, 4, 0.1), floor)
    scene.add("table", "box", (0.75, 0.42, 0.02), top, (0, 0.52, TABLE_TOP_M - 0.02))
    leg = scene.color("leg", (0.25, 0.18, 0.12))
    for x in (-0.68, 0.68):
        for y in (0.16, 0.88):
            scene.add(f"leg{x}{y}", "box", (0.03, 0.03, 0.35), leg, (x, y, 0.36))
    scene.wall("wall_back", (3, 2.0), (-3, 2.0), 2.6, wall)
    scene.wall("wall_left", (-2.2, 2.0), (-2.2, -2), 2.6, wall)
    scene.wall("wall_right", (2.2, -2), (2.2, 2.0), 2.6, wall)
    # The lamp hangs over the wearer's shoulder, so that the hands' backs are lit and their shadows fall away from the wearer.
    scene.lights.append(Light((0.55 * look.lamp_side, -0.05, 2.3), (-0.33 * look.lamp_side, 0.34, -1.0), look.light))
    return scene


def cup(scene: SceneBuilder, name: str, color: Color) -> Parts:
    """Declare a cup, 8 cm high; returns its parts with their offsets from the middle of its foot."""
    body = scene.color(f"{name}_glaze", color, shine=0.5)
    inside = scene.color(f"{name}_inside", np.asarray(color) * 0.45)
    return (
        (scene.add(f"{name}_body", "cylinder", (0.033, 0.04), body, group=OBJECT), np.array([0, 0, 0.04])),
        (scene.add(f"{name}_hole", "cylinder", (0.028, 0.001), inside, group=OBJECT), np.array([0, 0, 0.0805])),
        (scene.add(f"{name}_handle", "capsule", (0.007, 0.016), body, group=OBJECT), np.array([0.044, 0, 0.042])),
    )


def block(scene: SceneBuilder, name: str, color: Color, half: tuple[float, float, float] = (0.025, 0.025, 0.025)) -> Parts:
    """Declare a block; returns its part with the offset of its middle from the middle of its base."""
    material = scene.color(f"{name}_paint", color, shine=0.25)
    return ((scene.add(f"{name}_block", "box", half, material, group=OBJECT), np.array([0, 0, half[2]])),)


def corridor(rng: np.random.Generator, length_m: float = 16.0) -> SceneBuilder:
    """An indoor corridor along +y, 2.2 m wide: doors, pictures, lamps, a plant, a bench."""
    scene = SceneBuilder(ambient=0.5)
    floor = scene.surface("floor", textures.tiles(rng, (0.75, 0.72, 0.66), (0.50, 0.40, 0.33)), (0.7, 0.7), uniform=True)
    wall = scene.surface("wall", textures.wallpaper(rng, (0.74, 0.72, 0.60)), (0.8, 0.8), uniform=True)
    panel = scene.surface("panel", textures.wood(rng, (0.50, 0.36, 0.24)), (1, 1), uniform=True)
    ceiling = scene.surface("ceiling", textures.plaster(rng, (0.85, 0.85, 0.83)), (0.5, 0.5), uniform=True)
    end = scene.surface("end", textures.bricks(rng), (0.5, 0.5), uniform=True)
    scene.add("floor", "plane", (1.6, length_m / 2 + 2, 0.1), floor, (0, length_m / 2, 0))
    scene.add(
        "ceiling", "plane", (1.6, length_m / 2 + 2, 0.1), ceiling, (0, length_m / 2, 2.6), frame=rotation((1, 0, 0), np.pi)
    )
    half = 1.1
    for side, x in (("left", -half), ("right", half)):
        ends = ((x, length_m), (x, -2.0)) if side == "left" else ((x, -2.0), (x, length_m))
        scene.wall(f"{side}_wall", *ends, 2.6, wall)
        scene.add(f"{side}_dado", "box", (0.012, length_m / 2 + 1, 0.45), panel, (x, length_m / 2 - 1, 0.45))
    scene.wall("end_wall", (half, length_m), (-half, length_m), 2.6, end)
    first = int(rng.integers(len(PAINTS)))
    frame_color = scene.color("door_frame", (0.28, 0.20, 0.14))
    for i, y in enumerate(np.arange(1.5, length_m - 1, 2.4)):
        x = half if i % 2 else -half
        door = scene.color(f"door{i}", PAINTS[(first + i) % len(PAINTS)], shine=0.3)
        scene.add(f"door{i}", "box", (0.03, 0.42, 1.0), door, (x, y, 1.0))
        scene.add(f"door_frame{i}", "box", (0.02, 0.50, 1.07), frame_color, (x, y, 1.07))
        art = scene.color(f"art{i}", PAINTS[(first + 3 * i + 2) % len(PAINTS)])
        scene.add(f"frame{i}", "box", (0.02, 0.34, 0.26), frame_color, (-x, y + 0.4, 1.6))
        scene.add(f"art{i}", "box", (0.026, 0.29, 0.21), art, (-x, y + 0.4, 1.6))
        blot = scene.color(f"blot{i}", PAINTS[(first + 5 * i + 1) % len(PAINTS)])
        scene.add(f"blot{i}", "ellipsoid", (0.028, 0.14, 0.09), blot, (-x, y + 0.45, 1.58))
    pot = scene.color("pot", (0.55, 0.28, 0.18))
    green = scene.surface("green", textures.leaves(rng))
    for i, y in enumerate((4.6, 9.8, 13.0)):
        x = 0.82 if i % 2 else -0.82
        scene.add(f"pot{i}", "cylinder", (0.14, 0.17), pot, (x, y, 0.17))
        scene.add(f"plant{i}", "ellipsoid", (0.22, 0.22, 0.36), green, (x, y, 0.62))
    lamp = scene.color("lamp", (1.0, 0.98, 0.9))
    for i, y in enumerate(np.arange(1.0, length_m, 3.0)):
        scene.add(f"lamp{i}", "box", (0.2, 0.5, 0.02), lamp, (0, y, 2.58))
    scene.lights.append(Light((0, 2, 2.5), (0.1, 0.5, -1.0), (0.42, 0.40, 0.36), directional=True, shadow=False))
    scene.lights.append(Light((0, 2, 2.5), (0.4, -0.3, -0.5), (0.25, 0.25, 0.26), directional=True, shadow=False))
    return scene


def street(rng: np.random.Generator, length_m: float = 34.0) -> SceneBuilder:
    """A street along +y seen from its pavement: house fronts, trees, lamp posts, parked boxes on wheels, sky."""
    scene = SceneBuilder(ambient=0.45, sky=((0.45, 0.62, 0.85), (0.86, 0.90, 0.94)))
    road = scene.surface("road", textures.asphalt(rng), (0.4, 0.4), uniform=True)
    walk = scene.surface("walk", textures.paving(rng), (0.45, 0.45), uniform=True)
    scene.add("ground", "plane", (30, 60, 0.1), road, (0, length_m / 2, -0.12))
    for i, x in enumerate((0.0, -7.5)):
        scene.add(f"pavement{i}", "box", (1.4, 60, 0.06), walk, (x, length_m / 2, -0.06))
    y, number = -6.0, 0
    while y < length_m + 20:
        depth = float(rng.uniform(5, 8))
        height = float(rng.uniform(6, 10))
        for side, x in (("east", 1.5), ("west", -9.0)):
            color = tuple(rng.uniform(0.45, 0.85) * np.array([1.0, rng.uniform(0.75, 0.95), rng.uniform(0.55, 0.85)]))
            brick = rng.random() < 0.35
            picture = textures.bricks(rng) if brick else textures.facade(rng, color)
            front = scene.surface(f"{side}{number}", picture, (1, 1) if not brick else (2, 3))
            ends = ((x, y), (x, y + depth)) if side == "east" else ((x, y + depth), (x, y))
            scene.wall(f"{side}{number}", *ends, height, front)
        y, number = y + depth, number + 1
    bark = scene.surface("bark", textures.wood(rng, (0.32, 0.24, 0.17)))
    green = scene.surface("green", textures.leaves(rng), (2, 2))
    metal = scene.color("metal", (0.2, 0.24, 0.24), shine=0.4)
    for i, post_y in enumerate(np.arange(3.0, length_m + 15, 5.0)):
        if i % 2:
            scene.add(f"post{i}", "cylinder", (0.05, 1.9), metal, (-1.15, post_y, 1.9))
            scene.add(f"lantern{i}", "sphere", (0.17,), scene.color("lantern", (0.95, 0.93, 0.8)), (-1.15, post_y, 3.85))
        else:
            scene.add(f"trunk{i}", "cylinder", (0.12, 1.0), bark, (-1.1, post_y, 1.0))
            scene.add(f"crown{i}", "ellipsoid", (0.9, 0.9, 1.1), green, (-1.1, post_y, 2.9))
    first = int(rng.integers(len(PAINTS)))
    tyre = scene.color("tyre", (0.06, 0.06, 0.06))
    glass = scene.color("glass", (0.2, 0.27, 0.32), shine=0.6)
    for i, car_y in enumerate(np.arange(6.0, length_m + 12, 6.5)):
        paint = scene.color(f"car{i}", PAINTS[(first + i) % len(PAINTS)], shine=0.5)
        scene.add(f"car{i}", "box", (0.8, 1.9, 0.32), paint, (-2.6, car_y, 0.42))
        scene.add(f"cabin{i}", "box", (0.68, 1.0, 0.26), glass, (-2.6, car_y - 0.1, 0.96))
        for j, (dx, dy) in enumerate(((0.8, 1.2), (0.8, -1.2), (-0.8, 1.2), (-0.8, -1.2))):
            side_on = rotation((0, 1, 0), np.pi / 2)
            scene.add(f"wheel{i}_{j}", "cylinder", (0.3, 0.1), tyre, (-2.6 + dx, car_y + dy, 0.18), frame=side_on)
    scene.lights.append(Light((0, 0, 10), (0.35, 0.5, -0.9), (0.55, 0.53, 0.48), directional=True, shadow=False))
    return scene


def room(
    rng: np.random.Generator,
    wall: Color = (0.70, 0.72, 0.68),
    floor: Literal["wood", "tiles", "carpet"] = "wood",
    light: float = 0.5,
) -> SceneBuilder:
    """A living room, the camera's side open. The walls, the furniture and its places are drawn."""
    scene = SceneBuilder(ambient=0.44)
    floors = {
        "wood": lambda: textures.wood(rng, (0.60, 0.44, 0.30)),
        "tiles": lambda: textures.tiles(rng),
        "carpet": lambda: textures.cloth(rng, (0.55, 0.50, 0.44)),
    }
    scene.add("floor", "plane", (5, 6, 0.1), scene.surface("floor", floors[floor](), (0.6, 0.6), uniform=True), (0, 2, 0))
    paper = scene.surface("paper", textures.wallpaper(rng, wall), (0.5, 0.5), uniform=True)
    brick_color = BRICK_COLORS[rng.integers(len(BRICK_COLORS))]
    kinds = (
        lambda: textures.wallpaper(rng, wall),
        lambda: textures.bricks(rng, brick_color),
        lambda: textures.plaster(rng, wall),
    )
    back = scene.surface("back", kinds[rng.integers(len(kinds))](), (0.5, 0.5), uniform=True)
    ceiling = scene.surface("ceiling", textures.plaster(rng, (0.86, 0.85, 0.82)), (0.5, 0.5), uniform=True)
    scene.add("ceiling", "plane", (5, 6, 0.1), ceiling, (0, 2, 2.8), frame=rotation((1, 0, 0), np.pi))
    scene.wall("back", (4, 5.2), (-4, 5.2), 2.8, back)
    scene.wall("left", (-3.4, 5.2), (-3.4, -4), 2.8, paper)
    scene.wall("right", (3.4, -4), (3.4, 5.2), 2.8, paper)
    rug = scene.surface("rug", textures.cloth(rng, tuple(rng.uniform(0.25, 0.6, 3)), threads=24), (1, 1))
    scene.add("rug", "box", (rng.uniform(0.9, 1.5), rng.uniform(0.6, 0.9), 0.006), rug, (rng.uniform(-0.5, 0.5), 3.2, 0.006))
    # Everything that stands along the back wall keeps its order or is mirrored.
    side = 1.0 if rng.random() < 0.5 else -1.0
    _sofa(rng, scene, side * rng.uniform(-2.4, -1.5))
    _shelf(rng, scene, side * rng.uniform(1.5, 2.6))
    _picture(rng, scene, side * rng.uniform(-0.7, 0.5))
    lamp_x, lamp_y = -side * 3.0, rng.uniform(3.6, 4.6)
    scene.add("lamp_post", "cylinder", (0.02, 0.75), scene.color("lamp_post", (0.2, 0.2, 0.2)), (lamp_x, lamp_y, 0.75))
    scene.add("lamp_shade", "cylinder", (0.18, 0.14), scene.color("lamp_shade", (0.95, 0.87, 0.66)), (lamp_x, lamp_y, 1.55))
    scene.lights.append(Light((-1.2 * side, 0.6, 2.7), (0.25 * side, 0.45, -1.0), (light, light * 0.96, light * 0.88)))
    return scene


def _sofa(rng: np.random.Generator, scene: SceneBuilder, x: float) -> None:
    fabric = scene.surface("sofa", textures.cloth(rng, tuple(rng.uniform(0.2, 0.6, 3))))
    length = rng.uniform(0.6, 0.95)
    scene.add("sofa_seat", "box", (length, 0.4, 0.2), fabric, (x, 4.6, 0.22))
    scene.add("sofa_back", "box", (length, 0.12, 0.25), fabric, (x, 5.0, 0.62))
    for arm, sign in (("left", -1), ("right", 1)):
        scene.add(f"sofa_{arm}", "box", (0.09, 0.4, 0.32), fabric, (x + sign * length, 4.6, 0.34))


def _shelf(rng: np.random.Generator, scene: SceneBuilder, x: float) -> None:
    board = scene.surface("shelf", textures.wood(rng, (0.45, 0.31, 0.20), planks=2))
    for level in range(4):
        base = 0.35 + 0.42 * level
        scene.add(f"board{level}", "box", (0.6, 0.16, 0.015), board, (x, 4.98, base))
        at = x - 0.54
        for book in range(int(rng.integers(4, 9))):
            width, height = float(rng.uniform(0.02, 0.045)), float(rng.uniform(0.1, 0.16))
            cover = scene.color(f"book{level}_{book}", rng.uniform(0.15, 0.8, 3))
            scene.add(f"book{level}_{book}", "box", (width, 0.1, height), cover, (at + width, 4.96, base + 0.017 + height))
            at += 2 * width + 0.012
    for i, edge in enumerate((x - 0.58, x + 0.58)):
        scene.add(f"upright{i}", "box", (0.015, 0.16, 0.9), board, (edge, 4.98, 0.9))


def _picture(rng: np.random.Generator, scene: SceneBuilder, x: float) -> None:
    width, height = rng.uniform(0.3, 0.6), rng.uniform(0.25, 0.4)
    scene.add(
        "picture_frame", "box", (width + 0.05, 0.02, height + 0.05), scene.color("frame", (0.9, 0.88, 0.82)), (x, 5.18, 1.75)
    )
    canvas = scene.surface("picture", textures.leaves(rng, tuple(rng.uniform(0.2, 0.7, 3))))
    scene.add("picture", "box", (width, 0.025, height), canvas, (x, 5.18, 1.75))
