"""A market: stalls on a square between houses."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import clutter, furniture
from humannet_assets.simulator.places import outdoor_things as things
from humannet_assets.simulator.places.colors import green, plank, stone
from humannet_assets.simulator.places.draft import Draft
from humannet_assets.simulator.places.outdoors import GROUND_GRID_M, Outdoors
from humannet_assets.simulator.places.place import Station

_STALL_TOP_M = 0.90


def market(rng: np.random.Generator) -> Draft:
    """Two rows of stalls with fruit, flowers and goods, a fountain, benches, trees, shops all around."""
    scene = Outdoors(rng)
    palette = scene.palette
    half = float(rng.uniform(13.0, 16.0))
    covers = (textures.paving, textures.bricks, textures.paving, textures.tiles)
    ground = palette.cover(covers[int(rng.integers(4))], stone(rng), period_m=float(rng.uniform(1.4, 2.4)))
    scene.builder.add("ground", "plane", (half + 6, half + 6, GROUND_GRID_M), ground)
    corners = ((-half, half, 0.0), (half, half, -math.pi / 2), (half, -half, math.pi), (-half, -half, math.pi / 2))
    for i, (x, y, heading) in enumerate(corners):
        scene.houses(f"side{i}", (x, y), heading, 2 * half, shops=0.4)
    wood = palette.cover(textures.wood, plank(rng), period_m=0.6)
    stations = _stalls(scene, wood)
    things.fountain(scene.stand("fountain", float(rng.uniform(-1, 1)), half - 4.0), palette, rng)
    iron = palette.paint((0.2, 0.2, 0.21))
    bark = palette.cloak(textures.wood, (0.34, 0.26, 0.19))
    leaves = palette.cloak(textures.leaves, green(rng), repeat=(2, 2))
    for i, (x, y) in enumerate(((-0.62, 0.72), (0.62, 0.72), (-0.72, -0.74), (0.72, -0.74))):
        things.tree(scene.stand("tree", x * half, y * half), bark, leaves, rng, height=float(rng.uniform(4.8, 6.5)))
        if i % 2:
            furniture.bench(scene.stand("bench", x * half, y * half - 1.5), 1.8, wood, iron)
    lamps = [(-6.5, 0.5), (6.5, -0.5), (0.0, half - 7.5)]
    for x, y in lamps:
        things.lamp_post(scene.stand("lamp", x, y), palette, lit=scene.weather.moment == "evening")
    things.bin_(scene.stand("bin", -7.0, 2.0), palette, rng)
    scene.light()
    posts = [(x + 0.3, y, 4.0) for x, y in lamps] + [(x, y, 4.3) for x in (-half + 0.3, half - 0.3) for y in (-6.0, 0.0, 6.0)]
    posts += [(x, side * 4.5, 3.4) for x in (-6.2, -2.0, 2.0, 6.2) for side in (-1, 1)]
    edge = half - 1.2
    return Draft(
        scene.builder, palette, [(-edge, -edge, edge, edge)], posts, stations,
        [(-edge + 1, 0.0), (edge - 1, 0.0), (edge - 2, edge - 2), (-edge + 2, edge - 3)],
        [[(-edge + 1, -edge + 1), (-edge + 1, edge - 1), (edge - 1, edge - 1)]], (-8.0, -3.5, 8.0, 9.0),
        least_route_m=25.0, step_m=0.25,
    )  # fmt: skip


def _stalls(scene: Outdoors, wood: str) -> list[Station]:
    """Two rows that face each other across a lane; the seller's side of some is a station."""
    rng, palette = scene.rng, scene.palette
    lane, stations = float(rng.uniform(1.9, 2.5)), []
    kinds = rng.permutation(np.arange(8) % 4)
    for i in range(6):
        row, column = divmod(i, 3)
        side = 1 if row else -1
        x = (column - 1) * 4.1 + float(rng.uniform(-0.4, 0.4))
        # Buyers walk the lane along x; the goods reach 1.3 m beyond the counter's edge.
        here = scene.stand("stall", x, side * (lane + 1.3), math.pi if side > 0 else 0.0)
        things.stall(here, palette, rng, wood, kind=int(kinds[i]))
        (clutter.jars, clutter.till, clutter.carton)[i % 3](here.at("thing", 0.95, 0.34, _STALL_TOP_M), palette, rng)
        if column != 1:
            stations.append(here.station("counter", "counter", float(rng.uniform(-0.5, 0.0)), 0.0, _STALL_TOP_M, far_m=0.64))
    return stations
