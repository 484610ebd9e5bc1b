"""Things that move by themselves: a ball, falling blocks, a fan, a plant in the draught, a curtain, a washing machine, a fish
tank, a dog that rests, a toy train.

Each function declares its parts around a spot on the floor and returns what poses them by time. Spot frame: origin on the floor,
y towards where the camera is, x to the camera's left, z up; everything stays within 0.6 m of the origin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.nobody.filmed import Mover
from humannet_assets.simulator.world import OBJECT, SceneBuilder, Shape, World

Vector = npt.NDArray[np.float64]

_GRAVITY = 9.81
_UP = np.array([0.0, 0.0, 1.0])


class Stage:
    """A spot in a scene that things are declared and posed around."""

    def __init__(self, scene: SceneBuilder, spot: Matrix, name: str) -> None:
        """`spot` is the pose (4, 4) world <- spot frame; `name` prefixes the parts."""
        self.scene, self._spot, self._name = scene, spot, name
        self._count = 0

    def part(self, shape: Shape, size: tuple[float, ...], material: str, at: npt.ArrayLike = (0, 0, 0), turn: Matrix | None = None) -> str:
        """Declare a geometry where it stands; returns its name."""
        name = f"{self._name}_{self._count}"
        self._count += 1
        position, frame = self._world(np.asarray(at, np.float64), np.eye(3) if turn is None else turn)
        return self.scene.add(name, shape, size, material, position, frame=frame, group=OBJECT, instance=self._name)

    def paint(self, what: str, color: npt.ArrayLike, shine: float = 0.2) -> str:
        """Declare a plain material."""
        return self.scene.color(f"{self._name}_{what}", color, shine)

    def move(self, world: World, part: str, at: npt.ArrayLike, turn: Matrix | None = None) -> None:
        """Pose a part, spot frame."""
        position, frame = self._world(np.asarray(at, np.float64), np.eye(3) if turn is None else turn)
        world.place(part, position, frame)

    def _world(self, at: Vector, turn: Matrix) -> tuple[Vector, Matrix]:
        return self._spot[:3, 3] + self._spot[:3, :3] @ at, self._spot[:3, :3] @ turn


@dataclass(frozen=True)
class Kind:
    """A mover by name: how it is made and how one says what it does."""

    make: Callable[[np.random.Generator, Stage], Mover]
    text: str


def _bright(rng: np.random.Generator) -> Vector:
    """A strong colour."""
    color = rng.uniform(0.08, 0.35, 3)
    color[int(rng.integers(3))] = rng.uniform(0.6, 0.9)
    return color


def ball_rolls(rng: np.random.Generator, stage: Stage) -> Mover:
    """A striped ball rolls to and fro across the spot and comes to rest in between."""
    radius = float(rng.uniform(0.09, 0.15))
    ball = stage.part("sphere", (radius,), stage.paint("skin", _bright(rng), 0.4))
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
    ball = stage.part("sphere", (radius,), stage.paint("skin", _bright(rng), 0.4))
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
        name = stage.part("box", tuple(float(v) for v in half), stage.paint(f"box{i}", _bright(rng)), (0, 0, -2))
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
            stage.move(world, name, (*spot, half + up), rotation(axis, turns * 3.0 * rest**2) @ rotation(_UP, float(axis[0])))

    return move


def fan_turns(rng: np.random.Generator, stage: Stage) -> Mover:
    """A standing fan: blades turn, the head swings from side to side."""
    metal, blade = stage.paint("metal", (0.30, 0.31, 0.33), 0.5), stage.paint("blade", _bright(rng) * 0.8 + 0.15, 0.4)
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
        turn = rotation(_UP, swing * math.sin(0.5 * time_s + phase))
        hub = np.array([0, 0, height + 0.06])
        stage.move(world, motor, hub, turn)
        stage.move(world, cage[0], hub + turn @ (0, 0.10, 0), turn @ upright)
        for i, bar in enumerate(bars):
            stage.move(world, bar, hub + turn @ (0, 0.165, 0), turn @ rotation((0, 1, 0), i * math.pi / 4))
        for i, name in enumerate(blades):
            wheel = rotation((0, 1, 0), 2 * math.pi * speed * time_s + i * math.pi / 2)
            stage.move(world, name, hub + turn @ ((0, 0.135, 0) + wheel @ (0, 0, 0.11)), turn @ wheel @ rotation(_UP, 0.5))

    return move


def plant_sways(rng: np.random.Generator, stage: Stage) -> Mover:
    """A potted plant whose leaves move in the draught of a window."""
    pot = stage.paint("pot", rng.uniform((0.3, 0.2, 0.15), (0.7, 0.5, 0.45)))
    green = stage.scene.surface(f"{stage.paint('leaf', (0, 0, 0))}_green", textures.leaves(rng, (0.20, 0.42, 0.18)))
    stage.part("cylinder", (0.16, 0.16), pot, (0, 0, 0.16))
    stage.part("cylinder", (0.15, 0.005), stage.paint("soil", (0.16, 0.11, 0.08)), (0, 0, 0.32))
    leaves = []
    for i in range(int(rng.integers(14, 22))):
        long = float(rng.uniform(0.18, 0.34))
        name = stage.part("ellipsoid", (0.045, 0.008, long / 2), green)
        lean, around = float(rng.uniform(0.15, 1.0)), i * 2.4
        leaves.append((name, long, around, lean, float(rng.uniform(0.3, 0.75)), float(rng.uniform(0.5, 1.1)), float(rng.uniform(0, 6.28))))
    stem = stage.part("cylinder", (0.015, 0.25), stage.paint("stem", (0.30, 0.34, 0.16)), (0, 0, 0.55))
    gust, amount = float(rng.uniform(0.15, 0.4)), float(rng.uniform(0.08, 0.2))

    def move(world: World, time_s: float) -> None:
        wind = amount * (0.6 + 0.4 * math.sin(gust * time_s)) * math.sin(1.1 * time_s)
        stage.move(world, stem, (0.25 * wind, 0, 0.55), rotation((0, 1, 0), wind * 0.5))
        for name, long, around, lean, up, rate, phase in leaves:
            bend = lean + amount * math.sin(2 * math.pi * rate * time_s + phase) + wind
            axes = rotation(_UP, around) @ rotation((1, 0, 0), bend)
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
    cloth = stage.scene.surface(f"{stage.paint('cloth', (0, 0, 0))}_weave", textures.cloth(rng, tuple(rng.uniform(0.25, 0.75, 3))))
    count, levels = 12, 3
    width, high = 2 * half / count, (top - 0.1) / levels
    strips = [[stage.part("box", (width * 0.62, 0.006, high / 2 + 0.01), cloth) for _ in range(levels)] for _ in range(count)]
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
                stage.move(world, name, (x, y, top - (level + 0.5) * high), rotation(_UP, math.atan(slope)))

    return move


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
        name = stage.part("ellipsoid", (0.055, 0.02, 0.045), stage.paint(f"cloth{i}", _bright(rng) * 0.9))
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
        tremble = shake * min(1.0, pace / 4) * np.array([math.sin(47 * time_s), 0.5 * math.sin(61 * time_s), 0.4 * math.sin(53 * time_s)])
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
        stage.part("capsule", (0.012, 0.1), stage.paint("weed", (0.15, 0.40, 0.2)), (x, -0.08 + 0.03 * i, 0.88), rotation((0, 1, 0), 0.2 * i))
    fish = []
    for i in range(int(rng.integers(4, 8))):
        skin, size = stage.paint(f"fish{i}", _bright(rng) * 1.1, 0.5), float(rng.uniform(0.025, 0.045))
        body = stage.part("ellipsoid", (size, size * 0.3, size * 0.5), skin)
        tail = stage.part("ellipsoid", (size * 0.45, size * 0.1, size * 0.45), skin)
        fish.append((body, tail, size, rng.uniform((0.15, 0.03, 0.04), (0.36, 0.11, 0.12)), rng.uniform(0.15, 0.5, 3), rng.uniform(0, 6.28, 3)))
    bubbles = [(stage.part("sphere", (0.009,), stage.paint("air", (0.75, 0.85, 0.9), 0.8)), float(rng.uniform(0, 1)), float(rng.uniform(-0.02, 0.02))) for _ in range(7)]

    def move(world: World, time_s: float) -> None:
        for body, tail, size, reach, rates, phases in fish:
            wave = rates * 2 * math.pi * time_s * 0.5 + phases
            at = np.array([0, 0, 0.99]) + reach * np.sin(wave)
            way = 0.0 if math.cos(wave[0]) > 0 else math.pi
            # It turns around within the slow part of its way.
            turn = rotation(_UP, math.pi / 2 * (1 - math.tanh(6 * math.cos(wave[0]))))
            stage.move(world, body, at, turn)
            flap = rotation(_UP, 0.5 * math.sin(9 * time_s + phases[1] + way))
            stage.move(world, tail, at + turn @ (-size * 1.25, 0, 0), turn @ flap)
        for name, phase, x in bubbles:
            share = (time_s * 0.4 + phase) % 1
            stage.move(world, name, (0.32 + x + 0.01 * math.sin(20 * share), -0.1, 0.8 + 0.42 * share))

    return move


def dog_rests(rng: np.random.Generator, stage: Stage) -> Mover:
    """A dog lies on the floor: it breathes, wags its tail, lifts and turns its head. An animal, not a person."""
    coat = rng.uniform((0.25, 0.16, 0.08), (0.75, 0.6, 0.42))
    fur, dark = stage.scene.surface(f"{stage.paint('coat', coat)}_fur", textures.cloth(rng, tuple(coat), threads=90)), stage.paint("dark", (0.05, 0.04, 0.04), 0.5)
    chest = stage.part("ellipsoid", (0.17, 0.13, 0.13), fur)
    belly = stage.part("ellipsoid", (0.20, 0.12, 0.115), fur)
    rump = stage.part("ellipsoid", (0.15, 0.13, 0.13), fur, (-0.30, 0, 0.13))
    for x, y, turn in ((0.30, 0.10, 0.15), (0.32, -0.06, -0.1), (-0.28, 0.14, 0.5), (-0.22, -0.14, -0.4)):
        stage.part("capsule", (0.035, 0.12), fur, (x, y, 0.04), rotation(_UP, turn) @ rotation((0, 1, 0), math.pi / 2))
    neck = stage.part("capsule", (0.07, 0.07), fur)
    head = stage.part("ellipsoid", (0.09, 0.075, 0.075), fur)
    snout = stage.part("ellipsoid", (0.065, 0.038, 0.034), fur)
    nose = stage.part("sphere", (0.016,), dark)
    eyes = [stage.part("sphere", (0.011,), dark) for _ in range(2)]
    ears = [stage.part("ellipsoid", (0.022, 0.012, 0.055), stage.paint("ear", coat * 0.6)) for _ in range(2)]
    tail = stage.part("capsule", (0.022, 0.11), fur)
    lift = Path(np.zeros(3)).rest(float(rng.uniform(0.5, 2)))
    for _ in range(12):
        lift.move((float(rng.uniform(0, 1)), float(rng.uniform(-0.7, 0.9)), 0), float(rng.uniform(0.5, 1.2))).rest(float(rng.uniform(0.5, 3)))
    breath, wag = float(rng.uniform(0.35, 0.6)), float(rng.uniform(2.0, 4.0))

    def move(world: World, time_s: float) -> None:
        up, aside, _ = lift.at(time_s % lift.time_s)
        swell = 0.006 * math.sin(2 * math.pi * breath * time_s)
        stage.move(world, chest, (0.16, 0, 0.135 + swell))
        stage.move(world, belly, (-0.08, 0, 0.125 + 1.4 * swell))
        top = np.array([0.34, 0.06 * aside, 0.20 + 0.14 * up])
        base = np.array([0.24, 0, 0.19])
        stage.move(world, neck, (top + base) / 2, rotation((0, 1, 0), 0.9 - 0.5 * up))
        turn = rotation(_UP, aside) @ rotation((0, 1, 0), 0.15 - 0.2 * up)
        stage.move(world, head, top, turn)
        stage.move(world, snout, top + turn @ (0.10, 0, -0.02), turn)
        stage.move(world, nose, top + turn @ (0.165, 0, -0.01))
        for side, eye, ear in zip((-1, 1), eyes, ears, strict=True):
            stage.move(world, eye, top + turn @ (0.07, side * 0.038, 0.035))
            stage.move(world, ear, top + turn @ (-0.03, side * 0.07, -0.005), turn @ rotation((1, 0, 0), side * 0.25))
        angle = 0.5 * math.sin(2 * math.pi * wag * time_s) * max(0.0, math.sin(0.4 * time_s))
        stage.move(world, tail, (-0.5, 0.11 * angle, 0.07), rotation(_UP, -angle) @ rotation((0, 1, 0), math.pi / 2 - 0.2))

    return move


def toy_train(rng: np.random.Generator, stage: Stage) -> Mover:
    """A wooden train runs around on its ring of rails."""
    rail, radius = stage.paint("rail", (0.62, 0.46, 0.28)), 0.42
    for i in range(16):
        angle = i / 16 * 2 * math.pi
        at = (radius * math.cos(angle), radius * math.sin(angle), 0.006)
        stage.part("box", (0.035, 0.087, 0.006), rail, at, rotation(_UP, angle))
    cars = []
    for i in range(int(rng.integers(3, 6))):
        body = stage.part("box", (0.028, 0.05, 0.026), stage.paint(f"car{i}", _bright(rng)))
        top = stage.part("cylinder" if i == 0 else "box", (0.012, 0.02, 0.03)[: 2 if i == 0 else 3], stage.paint("load", (0.2, 0.2, 0.22)))
        cars.append((body, top))
    speed = float(rng.uniform(0.25, 0.6)) / radius * (1 if rng.random() < 0.5 else -1)
    start = float(rng.uniform(0, 6.28))

    def move(world: World, time_s: float) -> None:
        for i, (body, top) in enumerate(cars):
            angle = start + speed * time_s - math.copysign(i * 0.115 / radius, speed)
            turn = rotation(_UP, angle)
            at = np.array([radius * math.cos(angle), radius * math.sin(angle), 0.045])
            stage.move(world, body, at, turn)
            stage.move(world, top, at + (0, 0, 0.04), turn)

    return move


MOVERS: Mapping[str, Kind] = {
    "ball_rolls": Kind(ball_rolls, "a ball rolls to and fro on the floor"),
    "ball_bounces": Kind(ball_bounces, "a ball falls and bounces"),
    "things_fall": Kind(things_fall, "boxes fall to the floor one after the other"),
    "fan_turns": Kind(fan_turns, "a fan turns"),
    "plant_sways": Kind(plant_sways, "a plant sways in the draught"),
    "curtain_sways": Kind(curtain_sways, "a curtain sways in the draught"),
    "washing_machine": Kind(washing_machine, "a washing machine is at work"),
    "fish_tank": Kind(fish_tank, "fish swim in a tank"),
    "dog_rests": Kind(dog_rests, "a dog lies on the floor, breathes and looks around"),
    "toy_train": Kind(toy_train, "a toy train runs around on its rails"),
}
"""Everything that moves by itself indoors, by name."""
