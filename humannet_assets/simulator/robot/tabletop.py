"""The table both embodiments work at: its look, the head camera, and how things on it are painted.

The robot adds bodies with dynamics to this scene, the wearer's hands are posed in it; so the same seed looks the same to both.
Base frame: x right, y away from robot or wearer, z up, z = 0 on the table's top; metres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import Matrix, look_at, rotation
from humannet_assets.simulator.robot.things import Color, Solid, Thing
from humannet_assets.simulator.textures import Picture
from humannet_assets.simulator.world import Light, RenderQuality, SceneBuilder, Shape

HEAD_FOV_DEG = 52.0
HEAD_EYE, HEAD_TARGET = (0.0, -0.16, 0.58), (0.0, 0.30, 0.02)

TABLE_M, TABLE_Y_M = (0.75, 0.48, 0.02), 0.28
"""Half sizes of the table's top and where its middle is ahead."""

EPISODE_QUALITY = RenderQuality(shadow_size=1024, samples=0, slices=16, stacks=10)
"""Three cameras at 320x240 in 36 ms on one core; four samples per pixel and a shadow map of 2048 would take 130 ms."""
FAST = RenderQuality(shadow_size=0, samples=0, slices=10, stacks=6)
"""Without shadows: 1.4 ms per small picture instead of 13."""

_TEXTURE_PX = 256
_DECOR_Y_M = (0.60, 0.70)
"""Beyond what arms and hands reach in any task."""


@dataclass(frozen=True)
class Look:
    """What a seed decides besides the task: surfaces, lamps, the robot's paint and what stands at the back of the table."""

    table: Picture
    wall: Picture
    floor: Picture
    ambient: float
    lamps: tuple[Light, ...]
    paint: Color
    accent: Color
    decor: tuple[tuple[Shape, tuple[float, ...], tuple[float, float, float], float, Color], ...]
    """Shape, size, position, yaw (radians) and colour of each piece."""


def head_pose() -> Matrix:
    """Pose (4, 4) base <- head camera: x right, y down, z forward."""
    return look_at(np.array(HEAD_EYE), np.array(HEAD_TARGET))


def draw_look(rng: np.random.Generator) -> Look:
    """A look at random."""
    warm, side = float(rng.uniform(0.85, 1.0)), float(rng.choice((-1.0, 1.0)))
    lamp = np.array([side * rng.uniform(0.6, 0.9), rng.uniform(0.2, 0.4), rng.uniform(1.25, 1.5)])
    colour = rng.uniform(0.44, 0.54) * warm ** np.arange(3)
    # The second one comes from the other side and from behind: without it what lies in an arm's shadow is black.
    lamps = (
        Light(_three(lamp), _three((0, TABLE_Y_M, 0) - lamp), _three(colour)),
        Light((0.0, 0.0, 2.0), (0.8 * side, 0.5, -1.0), (0.20, 0.20, 0.21), directional=True, shadow=False),
    )
    dark = rng.random() < 0.5
    paint = rng.uniform(0.10, 0.20) if dark else rng.uniform(0.70, 0.88)
    accents = ((0.85, 0.40, 0.10), (0.15, 0.45, 0.75), (0.75, 0.72, 0.20), (0.55, 0.56, 0.58))
    return Look(
        _table_top(rng), _wall(rng), textures.wood(rng, (0.45, 0.36, 0.28), size=_TEXTURE_PX), float(rng.uniform(0.34, 0.42)),
        lamps, _three(np.full(3, paint) + rng.uniform(-0.02, 0.02, 3)), accents[int(rng.integers(len(accents)))], _decor(rng),
    )  # fmt: skip


def tabletop(look: Look) -> SceneBuilder:
    """The room with the empty table; its top is the part `table`."""
    scene = SceneBuilder(look.ambient)
    scene.lights += look.lamps
    top = scene.surface("top", look.table, (2, 1), shine=0.1)
    wall = scene.surface("wall", look.wall, (3, 2))
    floor = scene.surface("floor", look.floor, (4, 4))
    scene.add("table", "box", TABLE_M, top, (0, TABLE_Y_M, -TABLE_M[2]))
    scene.add("floor", "box", (3, 3, 0.02), floor, (0, 0, -0.77))
    scene.add("wall", "box", (3, 0.02, 1.6), wall, (0, 1.3, 0.6))
    for index, (shape, size, position, yaw, color) in enumerate(look.decor):
        material = scene.color(f"decor{index}", color, shine=0.2)
        scene.add(f"decor{index}", shape, size, material, position, frame=rotation((0, 0, 1), yaw))
    return scene


def thing_material(scene: SceneBuilder, thing: Thing, solid: Solid) -> str:
    """Declare (or keep) the material of one geometry of a thing; returns its name."""
    color = np.clip(np.asarray(thing.tone) * solid.shade, 0, 1)
    return scene.color(f"{thing.name}_{round(solid.shade * 100)}", color, shine=0.25)


def _three(values: np.typing.ArrayLike) -> Color:
    x, y, z = (float(value) for value in np.asarray(values))
    return (x, y, z)


def _table_top(rng: np.random.Generator) -> Picture:
    tone = float(rng.uniform(0.8, 1.15))
    wooden, size = (0.62 * tone, 0.45 * tone, 0.28 * tone), 2 * _TEXTURE_PX
    kinds: tuple[Callable[[], Picture], ...] = (
        lambda: textures.wood(rng, wooden, size=size),
        lambda: textures.wood(rng, _three(np.asarray(wooden) * 0.5), planks=3, size=size),
        lambda: textures.plaster(rng, (0.74 * tone, 0.73 * tone, 0.71 * tone), size=size),
        lambda: textures.cloth(rng, _three(rng.uniform(0.35, 0.7, 3)), size=size),
        lambda: textures.terrazzo(rng, size=size),
    )
    return kinds[int(rng.integers(len(kinds)))]()


def _wall(rng: np.random.Generator) -> Picture:
    color = _three(rng.uniform(0.5, 0.85, 3))
    kinds: tuple[Callable[..., Picture], ...] = (textures.plaster, textures.wallpaper, textures.damask, textures.bricks)
    return kinds[int(rng.integers(len(kinds)))](rng, color, size=_TEXTURE_PX)


def _decor(
    rng: np.random.Generator,
) -> tuple[tuple[Shape, tuple[float, ...], tuple[float, float, float], float, Color], ...]:
    """Two to four of: a pile of books, a carton, a flower pot, a tin; beside each other along the back of the table."""
    pieces: list[tuple[Shape, tuple[float, ...], tuple[float, float, float], float, Color]] = []
    places = rng.permutation(np.linspace(-0.55, 0.55, 5))[: int(rng.integers(2, 5))]
    for place in places:
        x, y = float(place + rng.uniform(-0.04, 0.04)), float(rng.uniform(*_DECOR_Y_M))
        yaw, color = float(rng.uniform(-0.5, 0.5)), _three(rng.uniform(0.15, 0.75) * rng.uniform(0.6, 1.0, 3))
        kind = int(rng.integers(4))
        if kind == 0:
            for level in range(int(rng.integers(1, 4))):
                shade = _three(rng.uniform(0.15, 0.75, 3))
                turn = yaw + float(rng.uniform(-0.2, 0.2))
                pieces.append(("box", (0.075, 0.055, 0.012), (x, y, 0.012 + 0.024 * level), turn, shade))
        elif kind == 1:
            size = _three(rng.uniform((0.05, 0.04, 0.05), (0.09, 0.06, 0.10)))
            pieces.append(("box", size, (x, y, size[2]), yaw, _three(np.array([0.66, 0.51, 0.34]) * rng.uniform(0.8, 1.1))))
        elif kind == 2:
            green = _three(rng.uniform((0.12, 0.32, 0.10), (0.25, 0.50, 0.20)))
            pieces.append(("cylinder", (0.045, 0.04), (x, y, 0.04), 0.0, (0.62, 0.34, 0.24)))
            for turn in rng.uniform(0, 2 * np.pi, 3):
                at = (x + 0.03 * float(np.cos(turn)), y + 0.03 * float(np.sin(turn)), float(rng.uniform(0.11, 0.15)))
                pieces.append(("ellipsoid", (0.05, 0.04, 0.05), at, float(turn), green))
        else:
            pieces.append(("cylinder", (0.038, 0.055), (x, y, 0.055), 0.0, color))
    return tuple(pieces)
