"""What rolls, falls and runs on rails: a ball, boxes, a toy train. See `stage` for frames of reference."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.nobody.filmed import Mover
from humannet_assets.simulator.nobody.movers.stage import UP, Stage, bright
from humannet_assets.simulator.world import World

_GRAVITY = 9.81


def ball_rolls(rng: np.random.Generator, stage: Stage) -> Mover:
    """A striped ball rolls to and fro across the spot and comes to rest in between."""
    radius = float(rng.uniform(0.09, 0.15))
    ball = stage.part("sphere", (radius,), stage.paint("skin", bright(rng), 0.4))
    stripe = stage.part("cylinder", (radius * 1.01, radius * 0.2), stage.paint("stripe", (0.94, 0.94, 0.9), 0.4))
    side = -1.0 if rng.random() < 0.5 else 1.0
    path = Path(np.array([-side * 0.45, float(rng.uniform(-0.2, 0.2)), radius])).rest(float(rng.uniform(0.2, 1.0)))
    legs = [(float(rng.uniform(1.4, 3.0)), float(rng.uniform(0.1, 1.2)), float(rng.uniform(-0.3, 0.3))) for _ in range(12)]
    for seconds, pause, y in legs:
        path.move((side * 0.45, y, radius), seconds).rest(pause)
        side = -side
    lean = rotation((1, 0, 0), float(rng.uniform(0.2, 0.8)))

    def move(world: World, time_s: float) -> None:
        here = path.at(time_s % path.time_s)
        rolled = rotation((0, 1, 0), here[0] / radius) @ rotation((1, 0, 0), -here[1] / radius) @ lean
        stage.move(world, ball, here)
        stage.move(world, stripe, here, rolled)

    return move


def ball_bounces(rng: np.random.Generator, stage: Stage) -> Mover:
    """A ball is let fall and bounces until it rests, again and again, from above the picture."""
    radius = float(rng.uniform(0.06, 0.11))
    ball = stage.part("sphere", (radius,), stage.paint("skin", bright(rng), 0.4))
    stripe = stage.part("cylinder", (radius * 1.01, radius * 0.25), stage.paint("stripe", (0.94, 0.94, 0.9)))
    height, bounce = float(rng.uniform(1.6, 2.3)), float(rng.uniform(0.68, 0.82))
    drift, spin = float(rng.uniform(-0.12, 0.12)), float(rng.uniform(1, 4))
    every = float(rng.uniform(4.5, 6.5))

    def move(world: World, time_s: float) -> None:
        local = time_s % every
        up = bounced(local, height, bounce)
        still = min(local, 3.6)
        at = np.array([drift * (still - 1.5), 0.0, radius + up])
        stage.move(world, ball, at)
        stage.move(world, stripe, at, rotation((0.3, 1, 0.2), spin * still))

    return move


def bounced(time_s: float, height_m: float, restitution: float) -> float:
    """Height above the floor of what was let fall from `height_m` and keeps that share of its speed at each bounce."""
    fall = math.sqrt(2 * height_m / _GRAVITY)
    if time_s < fall:
        return height_m - _GRAVITY * time_s**2 / 2
    time_s -= fall
    speed = restitution * _GRAVITY * fall
    while speed > 0.15:
        flight = 2 * speed / _GRAVITY
        if time_s < flight:
            return speed * time_s - _GRAVITY * time_s**2 / 2
        time_s -= flight
        speed *= restitution
    return 0.0


def things_fall(rng: np.random.Generator, stage: Stage) -> Mover:
    """Boxes drop one after the other, tumble and come to lie."""
    count = int(rng.integers(5, 9))
    boxes = []
    for i in range(count):
        half = rng.uniform(0.04, 0.11, 3)
        name = stage.part("box", tuple(float(v) for v in half), stage.paint(f"box{i}", bright(rng)), (0, 0, -2))
        spot = rng.uniform(-0.42, 0.42, 2)
        axis = rng.normal(size=3)
        boxes.append((name, float(half[2]), spot, axis, 0.3 + i * float(rng.uniform(0.7, 1.2)), float(rng.uniform(1, 3))))
    heights = rng.uniform(2.2, 2.6, count)
    every = boxes[-1][4] + 3.5

    def move(world: World, time_s: float) -> None:
        for (name, half, spot, axis, start, turns), height in zip(boxes, heights, strict=True):
            local = time_s % every - start
            if local < 0:
                stage.move(world, name, (*spot, -2.0))
                continue
            up = bounced(local, float(height), 0.3)
            # It tumbles while it flies and lies flat on its foot at the end.
            rest = 1.0 - min(1.0, local / 1.1)
            stage.move(world, name, (*spot, half + up), rotation(axis, turns * 3.0 * rest**2) @ rotation(UP, float(axis[0])))

    return move


def toy_train(rng: np.random.Generator, stage: Stage) -> Mover:
    """A wooden train runs around on its ring of rails."""
    rail, radius = stage.paint("rail", (0.62, 0.46, 0.28)), 0.42
    for i in range(16):
        angle = i / 16 * 2 * math.pi
        at = (radius * math.cos(angle), radius * math.sin(angle), 0.006)
        stage.part("box", (0.035, 0.087, 0.006), rail, at, rotation(UP, angle))
    cars = []
    for i in range(int(rng.integers(3, 6))):
        body = stage.part("box", (0.028, 0.05, 0.026), stage.paint(f"car{i}", bright(rng)))
        top = stage.part(
            "cylinder" if i == 0 else "box", (0.012, 0.02, 0.03)[: 2 if i == 0 else 3], stage.paint("load", (0.2, 0.2, 0.22))
        )
        cars.append((body, top))
    speed = float(rng.uniform(0.25, 0.6)) / radius * (1 if rng.random() < 0.5 else -1)
    start = float(rng.uniform(0, 6.28))

    def move(world: World, time_s: float) -> None:
        for i, (body, top) in enumerate(cars):
            angle = start + speed * time_s - math.copysign(i * 0.115 / radius, speed)
            turn = rotation(UP, angle)
            at = np.array([radius * math.cos(angle), radius * math.sin(angle), 0.045])
            stage.move(world, body, at, turn)
            stage.move(world, top, at + (0, 0, 0.04), turn)

    return move
