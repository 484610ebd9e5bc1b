"""A park: lawns between gravel paths under trees."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import furniture
from humannet_assets.simulator.places import outdoor_things as things
from humannet_assets.simulator.places.colors import green, plank, stone, turf, vivid
from humannet_assets.simulator.places.draft import Draft
from humannet_assets.simulator.places.outdoors import GROUND_GRID_M, Outdoors
from humannet_assets.simulator.places.place import Station

_Ring = list[tuple[float, float]]


def park(rng: np.random.Generator) -> Draft:
    """Lawns, paths, trees, bushes, flower beds, benches, picnic tables, a fountain, a playground, woods all around."""
    scene = Outdoors(rng)
    palette = scene.palette
    lawn = palette.cover(textures.grass, turf(rng), period_m=3.0, flowers=float(rng.choice((0.0, 0.01, 0.03))))
    scene.builder.add("ground", "plane", (60, 60, GROUND_GRID_M), lawn)
    path = palette.cover(textures.gravel if rng.random() < 0.6 else textures.paving, stone(rng), period_m=1.6)
    bend = float(rng.uniform(-2.5, 2.5))
    ring = [(-11.0, -10.0), (-10.0 + bend, 2.0), (-4.0, 10.5), (6.0, 9.5 + bend), (11.0, 1.0), (5.0, -9.0 + bend)]
    _paths(scene, [*ring, ring[0]], path, float(rng.uniform(1.8, 2.6)))
    _paths(scene, [ring[1], (0.0, 0.0), ring[4]], path, 1.6, lift_m=0.02)
    leaves = [palette.cloak(textures.leaves, green(rng), repeat=(3, 3)) for _ in range(3)]
    scene.woods(13, (26, 31), leaves)
    wood, iron = palette.cover(textures.wood, plank(rng), period_m=0.5), palette.paint((0.2, 0.24, 0.22))
    stations = _picnic(scene, wood, iron, ((-5.0 + bend / 2, 5.2), (4.6, 4.6), (0.5, -5.5)))
    middle = scene.stand("middle", 4.5 if rng.random() < 0.5 else -5.0, -4.5)
    if rng.random() < 0.6:
        things.fountain(middle, palette, rng)
    else:
        things.flower_bed(middle, palette, rng, 4.0, 2.2)
    lamps = _along_paths(scene, ring, wood, iron)
    _greenery(scene, ring, leaves)
    _playground(scene)
    scene.light()
    posts = [(x, y, 4.0) for x, y in lamps]
    return Draft(
        scene.builder, palette, [(-16.0, -15.0, 16.0, 15.0)], posts, stations, ring, [[ring[1], (0.0, 0.0), ring[4]]],
        (-9.0, -9.0, 9.0, 9.0), least_route_m=25.0, step_m=0.25,
    )  # fmt: skip


def _paths(scene: Outdoors, points: _Ring, material: str, width: float, *, lift_m: float = 0.0) -> None:
    """Strips along a polyline with discs at its bends; each lies 3 mm over the last, so that none shimmer."""
    top = 0.012 + lift_m
    for start, end in pairwise(points):
        a, b = np.asarray(start), np.asarray(end)
        way = b - a
        x, y = (float(value) for value in (a + b) / 2)
        here = scene.stand("path", x, y, math.atan2(-float(way[0]), float(way[1])))
        here.box("strip", (0, 0, top / 2), (width, float(np.linalg.norm(way)), top), material)
        scene.stand("bend", *start).tube("disc", (0, 0, (top + 0.0015) / 2), width / 2, top + 0.0015, material)
        top += 0.003


def _picnic(scene: Outdoors, wood: str, iron: str, places: tuple[tuple[float, float], ...]) -> list[Station]:
    """Two picnic tables; on each one side is worked at."""
    stations = []
    chosen = scene.rng.permutation(len(places))[:2]
    for i in chosen:
        table = scene.stand("picnic", *places[int(i)], float(scene.rng.uniform(-math.pi, math.pi)))
        things.picnic_table(table, wood, iron)
        for j in range(2):
            here = table.at(f"side{j}", 0, 0, turn_rad=j * math.pi)
            stations.append(here.station("seat", "table", -0.42, -0.42, 0.75, seated=True, far_m=0.62))
    return stations


def _along_paths(scene: Outdoors, ring: _Ring, wood: str, iron: str) -> list[tuple[float, float]]:
    """Benches that look at the path, bins beside them, lamps; returns where the lamps are."""
    rng, palette, lamps = scene.rng, scene.palette, []
    for i, (start, end) in enumerate(zip(ring, [*ring[1:], ring[0]], strict=True)):
        a, b = np.asarray(start), np.asarray(end)
        along = (b - a) / np.linalg.norm(b - a)
        out = np.array([-along[1], along[0]])
        x, y = (float(value) for value in a + (b - a) * rng.uniform(0.35, 0.65) + out * 2.3)
        if i % 2 == 0:
            seat = scene.stand("bench", x, y, math.atan2(-float(out[0]), float(out[1])))
            furniture.bench(seat, 1.8, wood, iron)
            things.bin_(seat.at("bin", 1.4, 0.1), palette, rng)
        px, py = (float(value) for value in a + (b - a) * 0.15 - out * 1.7)
        things.lamp_post(scene.stand("lamp", px, py), palette, height=3.6, lit=scene.weather.moment == "evening")
        lamps.append((px - 0.3 * float(out[0]), py - 0.3 * float(out[1])))
    return lamps


def _greenery(scene: Outdoors, ring: _Ring, leaves: list[str]) -> None:
    """Trees and bushes off the paths, more of them outside the ring; beds of flowers."""
    rng, palette = scene.rng, scene.palette
    bark = palette.cloak(textures.wood, (0.34, 0.26, 0.19))
    points = np.asarray([*ring, ring[0]])
    steps = np.concatenate([a + np.linspace(0, 1, 20)[:, None] * (b - a) for a, b in pairwise(points)])
    taken: list[tuple[float, float]] = []
    while len(taken) < 20:
        x, y = float(rng.uniform(-19, 19)), float(rng.uniform(-18, 18))
        off_path = np.linalg.norm(steps - (x, y), axis=1).min() > 2.6
        off_middle = max(abs(x), abs(y)) > 8.0 or len(taken) < 3
        apart = all(math.hypot(x - u, y - v) > 2.6 for u, v in taken)
        if not (off_path and off_middle and apart and math.hypot(x, y) > 4.0):
            continue
        leaf = leaves[len(taken) % len(leaves)]
        if len(taken) % 3 < 2:
            things.tree(scene.stand("tree", x, y), bark, leaf, rng, height=float(rng.uniform(4.5, 8.0)))
        else:
            things.bush(scene.stand("bush", x, y), leaf, rng)
        taken.append((x, y))
    for x, y in ((-13.5, -6.0), (13.5, -4.0)):
        bed = scene.stand("bed", x, y, float(rng.uniform(0, 3)))
        things.flower_bed(bed, palette, rng, float(rng.uniform(2.0, 3.0)), 1.2)


def _playground(scene: Outdoors) -> None:
    """A frame with swings and a slide, outside the ring."""
    rng, palette = scene.rng, scene.palette
    frame, seat = palette.paint(vivid(rng)), palette.paint(vivid(rng))
    swing = scene.stand("swing", 13.5, 9.0, float(rng.uniform(0, 3)))
    for i, x in enumerate((-1.6, 1.6)):
        swing.box(f"left{i}", (x, -0.5, 1.1), (0.09, 0.09, 2.4), frame, tilt_rad=-0.42)
        swing.box(f"right{i}", (x, 0.5, 1.1), (0.08, 0.09, 2.4), frame, tilt_rad=0.42)
    swing.tube("beam", (0, 0, 2.2), 0.06, 3.4, frame, "x")
    for i, x in enumerate((-0.7, 0.7)):
        swing.box(f"ropes{i}", (x, 0, 1.33), (0.42, 0.015, 1.7), palette.paint((0.75, 0.75, 0.72)))
        swing.box(f"seat{i}", (x, 0, 0.47), (0.46, 0.2, 0.04), seat)
