"""A railway in the fields before a fixed camera."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import look_at, rotation
from humannet_assets.simulator.nobody.filmed import filmed
from humannet_assets.simulator.nobody.rigs import fixed
from humannet_assets.simulator.nobody.vehicles import PAINTS, draw_carriage
from humannet_assets.simulator.shots import Shot
from humannet_assets.simulator.world import Light, SceneBuilder, World


def train_shot(rng: np.random.Generator, *, duration_s: float) -> Shot:
    """A train passes a fixed camera in the fields, a second one may follow the other way."""
    sky = ((0.42, 0.60, 0.86), (0.86, 0.90, 0.94))
    scene = SceneBuilder(ambient=0.42, sky=sky)
    scene.lights.append(
        Light((0, 0, 30), (float(rng.uniform(-0.5, 0.5)), 0.6, -0.9), (0.52, 0.50, 0.46), directional=True, shadow=False)
    )
    scene.surface("grass", textures.leaves(rng, (0.36, 0.42, 0.2), size=256), (0.4, 0.4), uniform=True)
    scene.add("ground", "plane", (70, 70, 0.1), "grass")
    scene.surface("ballast", textures.asphalt(rng, (0.45, 0.42, 0.40), size=256), (1, 1), uniform=True)
    steel, sleeper = scene.color("steel", (0.45, 0.42, 0.40), 0.6), scene.color("sleeper", (0.30, 0.27, 0.24))
    scene.add("bed", "box", (4.6, 90, 0.2), "ballast", (0, 0, 0.1))
    for track, x in enumerate((-2.1, 2.1)):
        for rail, off in enumerate((-0.72, 0.72)):
            scene.add(f"rail{track}{rail}", "box", (0.04, 90, 0.08), steel, (x + off, 0, 0.42))
    for i in range(24):
        scene.add(f"sleeper{i}", "box", (4.2, 0.14, 0.06), sleeper, (0, -14 + i * 1.3, 0.31))
    bark, green = scene.color("bark", (0.28, 0.21, 0.15)), scene.surface("green", textures.leaves(rng, size=256), (2, 2))
    for i in range(int(rng.integers(8, 16))):
        x, y, size = float(rng.uniform(8, 40)), float(rng.uniform(-45, 45)), float(rng.uniform(1.2, 2.6))
        scene.add(f"trunk{i}", "cylinder", (0.18, size), bark, (x, y, size))
        scene.add(f"crown{i}", "ellipsoid", (size, size, 1.3 * size), green, (x, y, 2.6 * size))
    mast = scene.color("mast", (0.36, 0.38, 0.38), 0.3)
    for i in range(5):
        scene.add(f"mast{i}", "box", (0.1, 0.1, 3.2), mast, (5.0, -44 + i * 22.0, 3.2))
        scene.add(f"beam{i}", "box", (2.6, 0.06, 0.06), mast, (2.6, -44 + i * 22.0, 5.9))
    paint = PAINTS[int(rng.integers(3, len(PAINTS)))]
    trains, first = [], 1.0 if rng.random() < 0.5 else -1.0
    for number in range(1 if duration_s < 15 else 2):
        cars = [draw_carriage(rng, scene, f"train{number}_{i}", paint, cab=i == 0) for i in range(int(rng.integers(3, 5)))]
        # Each way has its own track.
        speed, way = float(rng.uniform(13, 24)), first if number == 0 else -first
        # The first one is in the middle of its passing at a third of the time, another one every 25 to 40 s.
        trains.append((cars, speed, way, duration_s * 0.35 + 18.0 * number, float(rng.uniform(25, 40))))

    def move(world: World, time_s: float) -> None:
        for cars, speed, way, middle, every in trains:
            phase = (time_s - middle + every / 2) % every - every / 2
            axes = np.eye(3) if way > 0 else rotation((0, 0, 1), math.pi)
            for i, carriage in enumerate(cars):
                y = way * (speed * phase + (len(cars) / 2 - i - 0.5) * 19.0)
                carriage.place(world, np.array([2.1 * way, y, 0.5]), axes)

    eye = (-rng.uniform(11, 17), rng.uniform(-16, -6), rng.uniform(1.5, 3.0))
    camera = fixed(look_at(eye, (0, rng.uniform(0, 10), 2.2)))
    text = "A train passes through fields, filmed by a fixed camera. Nobody is in view."
    return filmed("train", text, "transportation", scene, camera, movers=[move], fov_deg=float(rng.uniform(42, 58)))
