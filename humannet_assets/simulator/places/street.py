"""A street: houses and shops along a crossing, pavements, parked cars, trees and lamps."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import clutter, fronts, furniture
from humannet_assets.simulator.places import outdoor_things as things
from humannet_assets.simulator.places.colors import green, grey, pale, plank, stone
from humannet_assets.simulator.places.draft import Draft
from humannet_assets.simulator.places.interior import TABLE_M
from humannet_assets.simulator.places.outdoors import GROUND_GRID_M, Outdoors
from humannet_assets.simulator.places.place import Station


def street(rng: np.random.Generator) -> Draft:
    """A crossing of streets between houses: shops, parked cars, trees, lamps, a shelter, cafe tables on the pavement."""
    scene = Outdoors(rng)
    palette = scene.palette
    scene.builder.add(
        "road",
        "plane",
        (60, 60, GROUND_GRID_M),
        palette.cover(textures.asphalt, grey(rng, 0.28, 0.4), period_m=2.5),
        (0, 0, things.ROAD_M),
    )
    road, walk = float(rng.uniform(2.8, 3.6)), float(rng.uniform(3.2, 4.2))
    inner, outer, far = road, road + walk, 33.0
    slabs = palette.cover(
        textures.paving if rng.random() < 0.7 else textures.bricks, stone(rng), period_m=float(rng.uniform(1.2, 2.2))
    )
    # Pavements around the four corners; a raised crossing joins two of them.
    for i, (sx, sy) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
        ground = scene.stand(f"corner{i}_", 0, 0)
        ground.box("along", (sx * (inner + outer) / 2, sy * (inner + far) / 2, -0.07), (walk, far - inner, 0.14), slabs)
        ground.box("across", (sx * (outer + far) / 2, sy * (inner + outer) / 2, -0.07), (far - outer, walk, 0.14), slabs)
    middle = (inner + outer) / 2
    zebra = scene.stand("zebra", middle, 0)
    zebra.box("table", (0, 0, -0.07), (walk - 0.6, 2 * inner, 0.136), palette.show(fronts.stripes, (0.3, 0.3, 0.31)))
    long = far - outer
    for name, start, heading in (
        ("east", (outer, far), -math.pi / 2), ("south_east", (outer, -outer), -math.pi / 2),
        ("west", (-outer, outer), math.pi / 2), ("south_west", (-outer, -far), math.pi / 2),
    ):  # fmt: skip
        scene.houses(name, start, heading, long, shops=0.45)
    for name, start, heading in (
        ("north", (outer + 8.2, outer), 0.0), ("north_west", (-far, outer), 0.0),
        ("south", (far, -outer), math.pi), ("south_far", (-outer - 8.2, -outer), math.pi),
    ):  # fmt: skip
        scene.houses(name, start, heading, long - 8.2, depth=6.0, shops=0.2)
    for name, start, heading in (
        ("end_n", (-outer, far), 0.0), ("end_s", (outer, -far), math.pi),
        ("end_e", (far, outer), -math.pi / 2), ("end_w", (-far, -outer), math.pi / 2),
    ):  # fmt: skip
        scene.houses(name, start, heading, 2 * outer, shops=0.0, depth=3.0)
    stations = _pavement(scene, inner, outer)
    _traffic(scene, inner)
    scene.light(middle, 8.0, along_rad=math.pi / 2)
    posts = [(x, y, 4.0) for x in (inner + 0.3, outer - 0.7) for y in (2.0, 5.0, 9.0, 14.0, 18.0, 22.0, 26.0)]
    floors = [
        (inner, inner, outer, far), (outer, inner, far, outer), (inner, -far, outer, -inner),
        (middle - walk / 2 + 0.3, -inner - 0.3, middle + walk / 2 - 0.3, inner + 0.3),
    ]  # fmt: skip
    return Draft(
        scene.builder, palette, floors, posts, stations, [(middle, 29.0), (middle, middle), (28.0, middle)],
        [[(middle, 17.0), (middle, -24.0)]], (inner, 5.0, outer, 22.0), least_route_m=25.0, least_stations=1, step_m=0.2,
    )  # fmt: skip


def _pavement(scene: Outdoors, inner: float, outer: float) -> list[Station]:
    """Trees, lamps, bins and posts along the kerb; tables before a house."""
    rng, palette = scene.rng, scene.palette
    bark = palette.cloak(textures.wood, (0.34, 0.26, 0.19))
    leaves = [palette.cloak(textures.leaves, green(rng), repeat=(2, 2)) for _ in range(2)]
    kerb = inner + 0.45
    first = float(rng.uniform(6.0, 8.0))
    for i, y in enumerate(np.arange(first, 30, float(rng.uniform(4.5, 6.0)))):
        if i % 2:
            things.lamp_post(scene.stand("lamp", kerb, y), palette, lit=scene.weather.moment == "evening")
        else:
            things.tree(scene.stand("tree", kerb, y), bark, leaves[i // 2 % 2], rng, height=float(rng.uniform(4.5, 6.0)))
    for i, (x, y) in enumerate(
        ((kerb, -9.0), (kerb, -19.0), (-kerb, 10.0), (-kerb, 20.0), (-kerb, -12.0), (12.0, kerb), (21.0, kerb))
    ):
        if i % 2:
            things.lamp_post(scene.stand("lamp", x, y), palette, lit=scene.weather.moment == "evening")
        else:
            things.tree(scene.stand("tree", x, y), bark, leaves[i // 2 % 2], rng, height=float(rng.uniform(4.5, 6.0)))
    things.bin_(scene.stand("bin", kerb, first + 2.2), palette, rng)
    things.shelter(scene.stand("shelter", inner + 0.35, -14.0, math.pi / 2), palette, rng)
    things.bin_(scene.stand("bin", 17.0, kerb), palette, rng)
    iron, wood = palette.paint((0.2, 0.2, 0.21)), palette.cover(textures.wood, plank(rng), period_m=0.5)
    top = palette.cover(textures.tiles, pale(rng), period_m=0.5) if rng.random() < 0.5 else wood
    stations = []
    y = float(rng.uniform(22.0, 24.0))
    for i in range(2):
        table = scene.stand("table", outer - 0.95, y + 2.4 * i, math.pi / 2)
        furniture.table(table, (0.9, 0.8, TABLE_M), top, iron, style=2)
        furniture.chair(table.at("chair", 0.0, 0.62, turn_rad=math.pi), wood, iron)
        clutter.vase(table.at("vase", 0.34, 0.27, TABLE_M), palette, rng)
        stations.append(table.station("seat", "table", -0.05, -0.4, TABLE_M, seated=True, far_m=0.60))
    return stations


def _traffic(scene: Outdoors, inner: float) -> None:
    """Cars parked along both kerbs and a few on the other street."""
    rng, palette = scene.rng, scene.palette
    places = [(inner - 1.0, y) for y in (9.5, 15.5, 21.5, -10.0, -17.0)] + [(-inner + 1.0, y) for y in (8.5, 14.5, 22.0, -9.0)]
    for x, y in places:
        if rng.random() < 0.62:
            things.car(scene.stand("car", x, y, 0.0 if x < 0 else math.pi), palette, rng)
    for x in (11.0, 18.0, -14.0):
        if rng.random() < 0.6:
            things.car(scene.stand("car", x, inner - 1.0, math.pi / 2), palette, rng)
