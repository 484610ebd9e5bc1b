"""What the air moves: a fan and its draught, a plant, a curtain. See `stage` for frames of reference."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.nobody.filmed import Mover
from humannet_assets.simulator.nobody.movers.stage import UP, Stage, bright
from humannet_assets.simulator.world import World


def fan_turns(rng: np.random.Generator, stage: Stage) -> Mover:
    """A standing fan: blades turn, the head swings from side to side."""
    metal, blade = stage.paint("metal", (0.30, 0.31, 0.33), 0.5), stage.paint("blade", bright(rng) * 0.8 + 0.15, 0.4)
    height = float(rng.uniform(1.0, 1.3))
    stage.part("cylinder", (0.22, 0.02), metal, (0, 0, 0.02))
    stage.part("cylinder", (0.018, height / 2), metal, (0, 0, height / 2))
    motor = stage.part("ellipsoid", (0.07, 0.11, 0.07), metal)
    cage = [stage.part("cylinder", (0.235, 0.004), stage.paint("ring", (0.75, 0.76, 0.78), 0.5))]
    bars = [stage.part("capsule", (0.004, 0.23), metal) for _ in range(4)]
    blades = [stage.part("ellipsoid", (0.035, 0.012, 0.10), blade) for _ in range(4)]
    speed, swing, phase = float(rng.uniform(3.0, 9.0)), float(rng.uniform(0.2, 0.7)), float(rng.uniform(0, 6))
    upright = rotation((1, 0, 0), math.pi / 2)

    def move(world: World, time_s: float) -> None:
        turn = rotation(UP, swing * math.sin(0.5 * time_s + phase))
        hub = np.array([0, 0, height + 0.06])
        stage.move(world, motor, hub, turn)
        stage.move(world, cage[0], hub + turn @ (0, 0.10, 0), turn @ upright)
        for i, bar in enumerate(bars):
            stage.move(world, bar, hub + turn @ (0, 0.165, 0), turn @ rotation((0, 1, 0), i * math.pi / 4))
        for i, name in enumerate(blades):
            wheel = rotation((0, 1, 0), 2 * math.pi * speed * time_s + i * math.pi / 2)
            stage.move(world, name, hub + turn @ ((0, 0.135, 0) + wheel @ (0, 0, 0.11)), turn @ wheel @ rotation(UP, 0.5))

    return move


def plant_sways(rng: np.random.Generator, stage: Stage) -> Mover:
    """A potted plant whose leaves move in the draught of a window."""
    pot = stage.paint("pot", rng.uniform((0.3, 0.2, 0.15), (0.7, 0.5, 0.45)))
    green = stage.cover("leaf", textures.leaves(rng, (0.20, 0.42, 0.18), size=256))
    stage.part("cylinder", (0.16, 0.16), pot, (0, 0, 0.16))
    stage.part("cylinder", (0.15, 0.005), stage.paint("soil", (0.16, 0.11, 0.08)), (0, 0, 0.32))
    leaves = []
    for i in range(int(rng.integers(14, 22))):
        long = float(rng.uniform(0.18, 0.34))
        name = stage.part("ellipsoid", (0.045, 0.008, long / 2), green)
        lean, around = float(rng.uniform(0.15, 1.0)), i * 2.4
        leaves.append(
            (name, long, around, lean, float(rng.uniform(0.3, 0.75)), float(rng.uniform(0.5, 1.1)), float(rng.uniform(0, 6.28)))
        )
    stem = stage.part("cylinder", (0.015, 0.25), stage.paint("stem", (0.30, 0.34, 0.16)), (0, 0, 0.55))
    gust, amount = float(rng.uniform(0.15, 0.4)), float(rng.uniform(0.08, 0.2))

    def move(world: World, time_s: float) -> None:
        wind = amount * (0.6 + 0.4 * math.sin(gust * time_s)) * math.sin(1.1 * time_s)
        stage.move(world, stem, (0.25 * wind, 0, 0.55), rotation((0, 1, 0), wind * 0.5))
        for name, long, around, lean, up, rate, phase in leaves:
            bend = lean + amount * math.sin(2 * math.pi * rate * time_s + phase) + wind
            axes = rotation(UP, around) @ rotation((1, 0, 0), bend)
            foot = np.array([0.5 * wind * up, 0, 0.3 + 0.6 * up])
            stage.move(world, name, foot + axes @ (0, 0, long / 2), axes)

    return move


def curtain_sways(rng: np.random.Generator, stage: Stage) -> Mover:
    """A curtain on a stand; folds run through it as a draught blows."""
    wood = stage.paint("wood", (0.42, 0.30, 0.20))
    top, half = float(rng.uniform(1.6, 1.9)), 0.5
    for x in (-half, half):
        stage.part("cylinder", (0.016, top / 2), wood, (x, 0, top / 2))
        stage.part("box", (0.02, 0.2, 0.015), wood, (x, 0, 0.015))
    stage.part("capsule", (0.014, half), wood, (0, 0, top), rotation((0, 1, 0), math.pi / 2))
    cloth = stage.cover("cloth", textures.cloth(rng, tuple(rng.uniform(0.25, 0.75, 3)), size=256))
    count, levels = 12, 3
    width, high = 2 * half / count, (top - 0.1) / levels
    strips = [[stage.part("box", (width * 0.55, 0.004, high / 2 + 0.004), cloth) for _ in range(levels)] for _ in range(count)]
    rate, wave, blow = float(rng.uniform(0.25, 0.5)), float(rng.uniform(4, 7)), float(rng.uniform(0.05, 0.14))
    phase = float(rng.uniform(0, 6.28))

    def move(world: World, time_s: float) -> None:
        swing = 2 * math.pi * rate * time_s + phase
        gust = 0.55 + 0.45 * math.sin(0.37 * swing)
        for i, column in enumerate(strips):
            x = -half + (i + 0.5) * width
            for level, name in enumerate(column):
                # The hem moves most, the top not at all.
                down = (level + 0.5) / levels
                y = blow * gust * down**1.5 * math.sin(swing - wave * x) + 0.02 * math.sin(25 * x)
                slope = -blow * gust * down**1.5 * wave * math.cos(swing - wave * x) + 0.5 * math.cos(25 * x)
                stage.move(world, name, (x, y, top - (level + 0.5) * high), rotation(UP, math.atan(slope)))

    return move
