"""A dog that walks about, looks around, lies down and gets up: a moving animal on which nobody acts.

Body frame: origin in the middle of the trunk, x to the right, y ahead, z up. Gait: the four-beat walk in lateral sequence, each
paw on the ground for 65 % of a stride (Hildebrand, Science 1965).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.people.footsteps import Polyline
from humannet_assets.simulator.people.shapes import Ring, lathe, scaled, tube
from humannet_assets.simulator.people.skeleton import bone, turned, two_links
from humannet_assets.simulator.people.wear import LinkPart, ball, bar, skin_of
from humannet_assets.simulator.world import OBJECT, SceneBuilder, World

Vector = npt.NDArray[np.float64]
Color = tuple[float, float, float]
Point = tuple[float, float]

COATS: Mapping[str, tuple[Color, Color]] = {
    "brown": ((0.38, 0.24, 0.14), (0.55, 0.40, 0.26)), "black": ((0.08, 0.08, 0.09), (0.20, 0.18, 0.17)),
    "golden": ((0.72, 0.52, 0.28), (0.84, 0.70, 0.48)), "white": ((0.86, 0.84, 0.80), (0.92, 0.90, 0.88)),
    "grey": ((0.45, 0.45, 0.47), (0.62, 0.62, 0.63)),
}  # fmt: skip
"""Coat and belly."""

_LEGS = {"left_hind": (-0.085, -0.25), "left_front": (-0.085, 0.22), "right_hind": (0.085, -0.25), "right_front": (0.085, 0.22)}
"""Where the legs begin: x and y from the middle of the trunk, metres, for a dog of size 1 (0.6 m at the withers)."""
_PHASES = {"left_hind": 0.0, "left_front": 0.25, "right_hind": 0.5, "right_front": 0.75}
_UPPER_M, _LOWER_M, _STANDS_M, _LIES_M = 0.25, 0.27, 0.49, 0.165
_STRIDE_M, _ON_GROUND = 0.72, 0.65


@dataclass
class Dog:
    """A dog in a scene: declared once, placed per frame.

    `along` leads it along `way` (metres), `lies` lets it lie down (0..1), `looks` turns its head (yaw, pitch, radians).
    """

    coat: str
    size: float
    way: Polyline
    along: Path
    lies: Path
    looks: Path
    wag_hz: float = 1.6
    _parts: list[LinkPart] = field(default_factory=list)

    def declare(self, scene: SceneBuilder) -> None:
        """Add the parts to a scene."""
        back, belly = COATS[self.coat]
        coat, pale = scene.color("dog_coat", back, 0.05), scene.color("dog_belly", belly, 0.05)
        dark = scene.color("dog_dark", (0.05, 0.04, 0.04), 0.4)
        trunk = lathe(
            [Ring(-0.33, 0.075, 0.085, -0.085), Ring(-0.20, 0.105, 0.105, -0.110), Ring(0.00, 0.110, 0.130, -0.110),
             Ring(0.18, 0.120, 0.165, -0.115), Ring(0.30, 0.090, 0.120, -0.110)],
        )  # fmt: skip
        ahead = turned(x=-math.pi / 2)
        self._parts = [
            skin_of("trunk", "body", trunk, coat, frame=ahead),
            ball("chest", "body", (0, 0.20, -0.07), (0.095, 0.12, 0.10), pale),
            bar("neck", "neck", (0, 0, 0), (0, 0.13, 0.15), 0.070, coat),
            ball("skull", "head", (0, 0.01, 0.02), (0.072, 0.085, 0.072), coat),
            ball("snout", "head", (0, 0.115, -0.015), (0.040, 0.075, 0.036), pale),
            ball("nose", "head", (0, 0.185, -0.002), (0.018, 0.014, 0.014), dark),
            *(ball(f"eye{x}", "head", (0.040 * x, 0.068, 0.040), (0.010, 0.010, 0.010), dark) for x in (-1, 1)),
            *(ball(f"ear{x}", "head", (0.072 * x, -0.02, 0.015), (0.018, 0.038, 0.070), coat) for x in (-1, 1)),
            bar("tail", "tail", (0, 0, 0), (0, -0.26, 0.16), 0.022, coat),
        ]
        for leg in _LEGS:
            thick = 0.062 if leg.endswith("hind") else 0.050
            upper = lathe(tube([(0.0, thick), (0.4, 0.8 * thick), (1.0, 0.034)], _UPPER_M, flat=1.35))
            lower = lathe(tube([(0.0, 0.034), (0.5, 0.024), (1.0, 0.023)], _LOWER_M))
            self._parts += [
                skin_of(f"{leg}_upper", f"{leg}_upper", upper, coat),
                skin_of(f"{leg}_lower", f"{leg}_lower", lower, coat),
                ball(f"{leg}_paw", f"{leg}_paw", (0, 0.02, 0.018), (0.030, 0.045, 0.020), pale),
            ]
        for part in self._parts:
            mesh = scene.mesh(f"dog_{part.name}", scaled(part.mesh, self.size)) if part.mesh else ""
            size = tuple(self.size * value for value in part.size)
            scene.add(f"dog_{part.name}", part.shape, size, part.material, group=OBJECT, instance="dog", mesh=mesh)

    def place(self, world: World, time_s: float) -> None:
        """Put every part where it is at a time."""
        links = self._links(time_s)
        for part in self._parts:
            origin, axes = links[part.link]
            world.place(f"dog_{part.name}", origin + axes @ part.offset * self.size, axes @ part.frame)

    def _links(self, time_s: float) -> dict[str, tuple[Vector, Vector]]:
        s = float(self.along.at(time_s)[0])
        speed = abs(float(self.along.at(time_s + 0.02)[0]) - s) / 0.02
        lies = float(self.lies.at(time_s)[0])
        x, y = self.way.point(s)
        heading = self.way.heading(s)
        height = (_STANDS_M + (_LIES_M - _STANDS_M) * lies) * self.size
        bob = 0.012 * self.size * min(1.0, speed) * math.cos(4 * math.pi * s / (_STRIDE_M * self.size))
        body = turned(x=0.05 * lies, z=heading)
        origin = np.array([x, y, height + bob])
        links = {"body": (origin, body)}
        for leg in _LEGS:
            links |= self._leg(leg, s, speed, lies, origin, body)
        yaw, pitch = (float(value) for value in self.looks.at(time_s)[:2])
        neck_at = origin + body @ np.array([0, 0.24, 0.06]) * self.size
        neck = body @ turned(x=0.25 * pitch, z=0.4 * yaw)
        links["neck"] = (neck_at, neck)
        links["head"] = (neck_at + neck @ np.array([0, 0.15, 0.19]) * self.size, body @ turned(x=pitch - 0.1, z=yaw))
        wag = 0.5 * math.sin(2 * math.pi * self.wag_hz * time_s)
        links["tail"] = (origin + body @ np.array([0, -0.32, 0.05]) * self.size, body @ turned(x=0.6 * lies, z=wag))
        return links

    def _leg(
        self, leg: str, s: float, speed: float, lies: float, origin: Vector, body: Vector
    ) -> dict[str, tuple[Vector, Vector]]:  # fmt: skip
        side, ahead = _LEGS[leg]
        hip = origin + body @ np.array([side, ahead, -0.03]) * self.size
        front = leg.endswith("front")
        paw, heading, lift = self._paw(leg, s, speed)
        # Who lies down stretches the forelegs out and draws the hind legs in.
        aim = (
            np.array([*paw, (0.02 + lift) * self.size])
            + body @ np.array([0.6 * side, (0.24 if front else 0.16), 0]) * lies * self.size
        )
        pole = body @ np.array([1.2 * np.sign(side) * lies, -1.0 if front else 1.0, 0.6 * lies])
        knee, end = two_links(hip, aim, _UPPER_M * self.size, _LOWER_M * self.size, pole)
        return {
            f"{leg}_upper": (hip, bone(knee - hip, body[:, 1])),
            f"{leg}_lower": (knee, bone(end - knee, body[:, 1])),
            f"{leg}_paw": (end - np.array([0, 0, 0.02 * self.size]), turned(z=heading)),
        }

    def _paw(self, leg: str, s: float, speed: float) -> tuple[Point, float, float]:
        """Where a paw is on the floor, its heading and how high it is; on the ground it does not move."""
        stride = _STRIDE_M * self.size
        turns = s / stride + _PHASES[leg]
        count = math.floor(turns)
        share = turns - count
        landed = (count - _PHASES[leg] + _ON_GROUND / 2) * stride
        if share < _ON_GROUND:
            return (*self._beside(leg, landed), 0.0)
        swing = (share - _ON_GROUND) / (1 - _ON_GROUND)
        ease = swing * swing * (3 - 2 * swing)
        spot, heading = self._beside(leg, landed + stride * ease)
        return spot, heading, 0.07 * math.sin(math.pi * swing) * min(1.0, speed / 0.25)

    def _beside(self, leg: str, along: float) -> tuple[Point, float]:
        """The place of a leg when the body is that far along its way."""
        side, ahead = _LEGS[leg]
        at = min(max(along, 0.0), self.way.length)
        # Before the way and beyond it the ground goes on straight.
        over = along - at
        (x, y), heading = self.way.point(at), self.way.heading(at)
        cos, sin = math.cos(heading), math.sin(heading)
        out, on = side * self.size, ahead * self.size + over
        return (x + cos * out - sin * on, y + sin * out + cos * on), heading


def draw_dog(rng: np.random.Generator, points: list[Point], duration_s: float) -> Dog:
    """A dog at random that goes along points, stops on the way, lies down and gets up again."""
    way = Polyline(points)
    along, lies = Path(np.zeros(1)), Path(np.zeros(1))
    looks = Path(np.array([0.0, -0.1, 0.0]))
    pace = float(rng.uniform(0.6, 0.95))
    along.rest(float(rng.uniform(0.2, 0.8)))
    legs = (0.5, 1.0, 0.45, 0.0) if duration_s > 9 else (0.6, 1.0)
    here = 0.0
    while along.time_s < duration_s:
        for share in legs:
            goal = share * way.length * 0.96
            if goal < here:
                break
            along.move(np.array([goal]), max(1.0, 1.5 * (goal - here) / pace))
            here = goal
            along.rest(float(rng.uniform(0.4, 1.0)))
            if rng.random() < 0.7 or share == 1.0:
                lies.rest(along.time_s - lies.time_s).move(np.ones(1), 1.5).rest(float(rng.uniform(1.0, 2.5))).move(
                    np.zeros(1), 1.2
                )
                along.rest(lies.time_s - along.time_s + 0.3)
        along.rest(duration_s)
    while looks.time_s < duration_s:
        goal = np.array([rng.uniform(-0.9, 0.9), rng.uniform(-0.5, 0.3), 0.0])
        looks.rest(float(rng.uniform(0.4, 1.6))).move(goal, float(rng.uniform(0.35, 0.7)))
    coat = tuple(COATS)[int(rng.integers(len(COATS)))]
    return Dog(coat, float(rng.uniform(0.75, 1.1)), way, along, lies, looks, float(rng.uniform(0.8, 2.2)))
