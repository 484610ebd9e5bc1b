"""An animal at rest: what a detector of people may take for one. See `stage` for frames of reference."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.nobody.filmed import Mover
from humannet_assets.simulator.nobody.movers.stage import UP, Stage
from humannet_assets.simulator.world import World


def dog_rests(rng: np.random.Generator, stage: Stage) -> Mover:
    """A dog lies on the floor: it breathes, wags its tail, lifts and turns its head. An animal, not a person."""
    # From black over brown to cream: each channel a drawn share of the one before.
    coat = float(rng.uniform(0.12, 0.85)) * np.array([1.0, 0.78, 0.56]) ** float(rng.uniform(0.2, 1.0))
    fur = stage.cover("fur", textures.cloth(rng, (float(coat[0]), float(coat[1]), float(coat[2])), threads=90, size=256))
    dark = stage.paint("dark", (0.05, 0.04, 0.04), 0.5)
    chest = stage.part("ellipsoid", (0.17, 0.13, 0.13), fur)
    belly = stage.part("ellipsoid", (0.20, 0.12, 0.115), fur)
    stage.part("ellipsoid", (0.15, 0.13, 0.13), fur, (-0.30, 0, 0.13))
    for x, y, turn in ((0.30, 0.10, 0.15), (0.32, -0.06, -0.1), (-0.28, 0.14, 0.5), (-0.22, -0.14, -0.4)):
        stage.part("capsule", (0.035, 0.12), fur, (x, y, 0.04), rotation(UP, turn) @ rotation((0, 1, 0), math.pi / 2))
    neck = stage.part("capsule", (0.07, 0.07), fur)
    head = stage.part("ellipsoid", (0.09, 0.075, 0.075), fur)
    snout = stage.part("ellipsoid", (0.065, 0.038, 0.034), fur)
    nose = stage.part("sphere", (0.016,), dark)
    eyes = [stage.part("sphere", (0.011,), dark) for _ in range(2)]
    ears = [stage.part("ellipsoid", (0.022, 0.012, 0.055), stage.paint("ear", coat * 0.6)) for _ in range(2)]
    tail = stage.part("capsule", (0.022, 0.11), fur)
    lift = Path(np.zeros(3)).rest(float(rng.uniform(0.5, 2)))
    for _ in range(12):
        lift.move((float(rng.uniform(0, 1)), float(rng.uniform(-0.7, 0.9)), 0), float(rng.uniform(0.5, 1.2)))
        lift.rest(float(rng.uniform(0.5, 3)))
    breath, wag = float(rng.uniform(0.35, 0.6)), float(rng.uniform(2.0, 4.0))

    def move(world: World, time_s: float) -> None:
        up, aside, _ = lift.at(time_s % lift.time_s)
        swell = 0.006 * math.sin(2 * math.pi * breath * time_s)
        stage.move(world, chest, (0.16, 0, 0.135 + swell))
        stage.move(world, belly, (-0.08, 0, 0.125 + 1.4 * swell))
        top = np.array([0.34, 0.06 * aside, 0.20 + 0.14 * up])
        base = np.array([0.24, 0, 0.19])
        stage.move(world, neck, (top + base) / 2, rotation((0, 1, 0), 0.9 - 0.5 * up))
        turn = rotation(UP, aside) @ rotation((0, 1, 0), 0.15 - 0.2 * up)
        stage.move(world, head, top, turn)
        stage.move(world, snout, top + turn @ (0.10, 0, -0.02), turn)
        stage.move(world, nose, top + turn @ (0.165, 0, -0.01))
        for side, eye, ear in zip((-1, 1), eyes, ears, strict=True):
            stage.move(world, eye, top + turn @ (0.07, side * 0.038, 0.035))
            stage.move(world, ear, top + turn @ (-0.03, side * 0.07, -0.005), turn @ rotation((1, 0, 0), side * 0.25))
        angle = 0.5 * math.sin(2 * math.pi * wag * time_s) * max(0.0, math.sin(0.4 * time_s))
        stage.move(world, tail, (-0.5, 0.11 * angle, 0.07), rotation(UP, -angle) @ rotation((0, 1, 0), math.pi / 2 - 0.2))

    return move
