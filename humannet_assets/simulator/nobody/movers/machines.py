"""What works or lives behind glass: a washing machine, a fish tank. See `stage` for frames of reference."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.nobody.filmed import Mover
from humannet_assets.simulator.nobody.movers.stage import UP, Stage, bright
from humannet_assets.simulator.world import World


def washing_machine(rng: np.random.Generator, stage: Stage) -> Mover:
    """A washing machine at work: the drum turns behind its door, the machine shakes a little."""
    white = stage.paint("white", (0.88, 0.89, 0.90), 0.4)
    body = stage.part("box", (0.30, 0.28, 0.42), white)
    panel = stage.part("box", (0.29, 0.005, 0.06), stage.paint("panel", (0.70, 0.72, 0.75)))
    dial = stage.part("cylinder", (0.035, 0.012), stage.paint("dial", (0.25, 0.26, 0.28), 0.5))
    ring = stage.part("cylinder", (0.20, 0.02), stage.paint("ring", (0.55, 0.57, 0.60), 0.7))
    glass = stage.part("cylinder", (0.16, 0.022), stage.paint("drum", (0.10, 0.12, 0.15), 0.6))
    clothes = []
    for i in range(7):
        name = stage.part("ellipsoid", (0.055, 0.02, 0.045), stage.paint(f"cloth{i}", bright(rng) * 0.9))
        clothes.append((name, float(rng.uniform(0.03, 0.11)), float(rng.uniform(0, 6.28)), float(rng.uniform(0.8, 1.2))))
    upright, turn_s = rotation((1, 0, 0), math.pi / 2), float(rng.uniform(4, 8))
    drum = Path(np.zeros(3))
    for i in range(16):
        drum.move(drum.position + ((1 if i % 2 else -1) * turn_s * 4.5, 0, 0), turn_s).rest(float(rng.uniform(0.5, 1.5)))
    shake = float(rng.uniform(0.0008, 0.003))

    def move(world: World, time_s: float) -> None:
        local = time_s % drum.time_s
        angle = float(drum.at(local)[0])
        pace = abs(float(drum.at(local + 0.05)[0]) - angle) / 0.05
        tremble = (
            shake
            * min(1.0, pace / 4)
            * np.array([math.sin(47 * time_s), 0.5 * math.sin(61 * time_s), 0.4 * math.sin(53 * time_s)])
        )
        for part, at, turn in (
            (body, (0, 0, 0.43), None), (panel, (0, 0.281, 0.78), None), (dial, (0.2, 0.29, 0.78), upright),
            (ring, (0, 0.28, 0.40), upright), (glass, (0, 0.282, 0.40), upright),
        ):  # fmt: skip
            stage.move(world, part, np.asarray(at) + tremble, turn)
        for name, radius, start, speed in clothes:
            # Clothes are lifted by the drum and fall back before the top.
            lifted = (angle * speed + start) % (2 * math.pi)
            a = lifted if lifted < 3.6 else 3.6 - (lifted - 3.6) * 1.35
            at = np.array([radius * math.sin(a), 0.296, 0.40 - radius * math.cos(a)]) + tremble
            stage.move(world, name, at, rotation((0, 1, 0), a * 1.3))

    return move


def fish_tank(rng: np.random.Generator, stage: Stage) -> Mover:
    """A tank on a stand: fish swim to and fro, bubbles rise, the surface moves."""
    frame, wood = stage.paint("frame", (0.12, 0.12, 0.13)), stage.paint("stand", (0.36, 0.26, 0.18))
    stage.part("box", (0.46, 0.2, 0.36), wood, (0, 0, 0.36))
    stage.part("box", (0.44, 0.01, 0.24), stage.paint("water", (0.12, 0.32, 0.42), 0.6), (0, -0.17, 0.98))
    stage.part("box", (0.44, 0.18, 0.03), stage.paint("sand", (0.70, 0.62, 0.46)), (0, 0, 0.75))
    for x in (-0.45, 0.45):
        stage.part("box", (0.012, 0.19, 0.27), frame, (x, 0, 0.99))
    stage.part("box", (0.46, 0.19, 0.012), frame, (0, 0, 1.26))
    stage.part("ellipsoid", (0.10, 0.08, 0.07), stage.paint("rock", (0.36, 0.35, 0.33)), (0.2, -0.05, 0.80))
    for i, x in enumerate((-0.3, -0.22, -0.12)):
        stage.part(
            "capsule",
            (0.012, 0.1),
            stage.paint("weed", (0.15, 0.40, 0.2)),
            (x, -0.08 + 0.03 * i, 0.88),
            rotation((0, 1, 0), 0.2 * i),
        )
    fish = []
    for i in range(int(rng.integers(4, 8))):
        skin, size = stage.paint(f"fish{i}", bright(rng) * 1.1, 0.5), float(rng.uniform(0.025, 0.045))
        body = stage.part("ellipsoid", (size, size * 0.3, size * 0.5), skin)
        tail = stage.part("ellipsoid", (size * 0.45, size * 0.1, size * 0.45), skin)
        fish.append(
            (
                body,
                tail,
                size,
                rng.uniform((0.15, 0.03, 0.04), (0.36, 0.11, 0.12)),
                rng.uniform(0.15, 0.5, 3),
                rng.uniform(0, 6.28, 3),
            )
        )
    bubbles = [
        (
            stage.part("sphere", (0.009,), stage.paint("air", (0.75, 0.85, 0.9), 0.8)),
            float(rng.uniform(0, 1)),
            float(rng.uniform(-0.02, 0.02)),
        )
        for _ in range(7)
    ]

    def move(world: World, time_s: float) -> None:
        for body, tail, size, reach, rates, phases in fish:
            wave = rates * 2 * math.pi * time_s * 0.5 + phases
            at = np.array([0, 0, 0.99]) + reach * np.sin(wave)
            way = 0.0 if math.cos(wave[0]) > 0 else math.pi
            # It turns around within the slow part of its way.
            turn = rotation(UP, math.pi / 2 * (1 - math.tanh(6 * math.cos(wave[0]))))
            stage.move(world, body, at, turn)
            flap = rotation(UP, 0.5 * math.sin(9 * time_s + phases[1] + way))
            stage.move(world, tail, at + turn @ (-size * 1.25, 0, 0), turn @ flap)
        for name, phase, x in bubbles:
            share = (time_s * 0.4 + phase) % 1
            stage.move(world, name, (0.32 + x + 0.01 * math.sin(20 * share), -0.1, 0.8 + 0.42 * share))

    return move
