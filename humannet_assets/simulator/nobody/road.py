"""A road without end: pieces of scenery that are put ahead again once they lie behind, along gentle bends.

A few dozen pieces serve any distance, so a drive of an hour costs no more than one of a minute; after `period_m` the same
houses come again. Road frame at a distance s: x to the right, y ahead, z up, origin in the middle of the road.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.nobody.vehicles import Vehicle, draw_car
from humannet_assets.simulator.textures import SIZE, Color, Picture
from humannet_assets.simulator.world import Light, SceneBuilder, Shape, World

Vector = npt.NDArray[np.float64]
Style = Literal["town", "suburb", "country"]
STYLES: tuple[Style, ...] = ("town", "suburb", "country")

LANE_M = 3.3
"""Width of a lane; the road has two, driven on the right."""

_PIECE_M = 10.0
_HALF_ROAD_M = LANE_M + 0.3
_STEP_M = 1.0
_TEXTURE_PX = 256
_GROUND_M, _GROUND_PERIOD_M = 76.0, 4.0
"""Half size of the ground, and how often its picture repeats. Endless planes get MuJoCo's white haze, also at night."""


class Course:
    """The middle line of a road: bends of at least 60 m radius between straights, level, starting at the origin along +y."""

    def __init__(self, rng: np.random.Generator, length_m: float, *, straight: bool = False) -> None:
        steps = int(length_m / _STEP_M) + 400
        curvature = np.zeros(steps)
        at = int(rng.integers(20, 80))
        while not straight and at < steps:
            bend = int(rng.integers(25, 70))
            turn = float(rng.uniform(0.15, 0.9)) * (1 if rng.random() < 0.5 else -1)
            # A sine's hump bends in and out softly, as roads are built; its mean is 2/pi of its top.
            hump = np.sin(np.linspace(0, math.pi, bend)) * turn / (bend * _STEP_M) * math.pi / 2
            hump = np.clip(hump, -1 / 60, 1 / 60)
            curvature[at : at + bend] = hump[: max(0, steps - at)]
            at += bend + int(rng.integers(30, 120))
        self._heading = np.concatenate([[0.0], np.cumsum(curvature) * _STEP_M])
        steps_xy = np.column_stack([-np.sin(self._heading), np.cos(self._heading)]) * _STEP_M
        self._points = np.concatenate([[[0.0, 0.0]], np.cumsum(steps_xy, axis=0)])
        self._distances = np.arange(len(self._points)) * _STEP_M

    def at(self, distance_m: float) -> tuple[Vector, float]:
        """Point (3,) and heading at a distance; straight on before the beginning."""
        if distance_m < 0:
            return np.array([0.0, distance_m, 0.0]), 0.0
        x = np.interp(distance_m, self._distances, self._points[:, 0])
        y = np.interp(distance_m, self._distances, self._points[:, 1])
        heading = np.interp(distance_m, self._distances[:-1], self._heading)
        return np.array([x, y, 0.0]), float(heading)

    def frame(self, distance_m: float, across_m: float = 0.0, up_m: float = 0.0) -> tuple[Vector, Matrix]:
        """A point to the right of the middle line and the road's axes there (3, 3) as columns."""
        point, heading = self.at(distance_m)
        turn = rotation((0, 0, 1), heading)
        return point + turn @ np.array([across_m, 0.0, up_m]), turn


class Road:
    """A street of one style along a course. `scene` can be added to before it is built."""

    def __init__(
        self,
        rng: np.random.Generator,
        style: Style,
        course: Course,
        *,
        pieces: int = 11,
        parked: int = 5,
        free_side: float = 0.0,
        behind_m: float = 20.0,
    ) -> None:
        """Draw the scenery.

        Args:
            rng: Source of everything.
            style: Town (house fronts), suburb (houses in gardens) or country (trees and fields).
            course: Where it runs.
            pieces: Pieces of 10 m that there are at any time.
            parked: Cars parked along the road.
            free_side: 1 (right) or -1 (left) where a camera stands at the beginning: no cars are parked on that side, and no
                tree stands there within 25 m; 0 for neither.
            behind_m: How far behind the viewer pieces stay.
        """
        self.style, self.course = style, course
        self.period_m = pieces * _PIECE_M
        self._behind_m, self._free_side = behind_m, free_side
        self.pavement_m = _HALF_ROAD_M + (3.3 if style == "town" else 2.5)
        """How far from the middle of the road people walk, either side."""
        bright = float(rng.uniform(0.85, 1.1))
        skies = (
            ((0.40, 0.58, 0.85), (0.85, 0.90, 0.95)),
            ((0.62, 0.66, 0.70), (0.80, 0.82, 0.84)),
            ((0.55, 0.60, 0.78), (0.95, 0.86, 0.74)),
        )
        self.scene = SceneBuilder(ambient=0.42 * bright, sky=skies[int(rng.integers(len(skies)))])
        sun = float(rng.uniform(-0.7, 0.7))
        light = (0.52 * bright, 0.50 * bright, 0.46 * bright)
        self.scene.lights.append(Light((0, 0, 30), (sun, 0.5, -0.9), light, directional=True, shadow=False))
        self._parts: list[tuple[str, int, Vector, Matrix]] = []
        self._parked: list[tuple[int, Vector, Vehicle]] = []
        ground = {
            "town": textures.paving(rng, size=_TEXTURE_PX),
            "suburb": textures.leaves(rng, (0.30, 0.42, 0.2), size=_TEXTURE_PX),
            "country": textures.leaves(rng, (0.42, 0.44, 0.22), size=_TEXTURE_PX),
        }
        self.scene.surface("ground", ground[style], (0.5, 0.5), uniform=True)
        self.scene.add("ground", "plane", (_GROUND_M, _GROUND_M, 0.1), "ground", (0, 0, -0.03))
        self.scene.surface("road", road_picture(rng, center=rng.random() < 0.85), (1, 1))
        self.scene.surface("pavement", textures.paving(rng, (0.56, 0.55, 0.53), size=_TEXTURE_PX), (1, 3))
        self._surfaces(rng)
        for piece in range(pieces):
            self._lay(rng, piece)
        for i in range(parked if style != "country" else 0):
            piece = int(rng.integers(pieces)) if i else 0
            car = draw_car(rng, self.scene, f"parked{i}")
            side = -free_side or (1.0 if rng.random() < 0.7 else -1.0)
            self._parked.append((piece, np.array([side * (_HALF_ROAD_M + 0.75), i * 0.3 + 2.0, 0.0]), car))

    def _add(
        self, piece: int, name: str, shape: Shape, size: tuple[float, ...], at: tuple[float, float, float], material: str,
        turn: Matrix | None = None,
    ) -> None:  # fmt: skip
        self.scene.add(f"{name}_{piece}", shape, size, material)
        self._parts.append((f"{name}_{piece}", piece, np.array(at), np.eye(3) if turn is None else turn))

    def _surfaces(self, rng: np.random.Generator) -> None:
        """Materials that the pieces share."""
        colors: tuple[Color, ...] = tuple(
            tuple(float(v) for v in rng.uniform(0.5, 0.85) * np.array([1.0, rng.uniform(0.78, 0.97), rng.uniform(0.6, 0.9)]))
            for _ in range(4)
        )  # pyright: ignore[reportAssignmentType]
        self._fronts = [
            self.scene.surface(f"front{i}", textures.facade(rng, color, size=_TEXTURE_PX), (1, 1))
            for i, color in enumerate(colors)
        ]
        self._fronts.append(self.scene.surface("front_brick", textures.bricks(rng, size=_TEXTURE_PX), (2, 2)))
        self._roof = self.scene.color("roof", (0.42, 0.24, 0.19) if rng.random() < 0.6 else (0.26, 0.27, 0.30))
        self._bark = self.scene.color("bark", (0.28, 0.21, 0.15))
        self._green = self.scene.surface(
            "green", textures.leaves(rng, tuple(rng.uniform(0.15, 0.42, 3) * (0.8, 1.2, 0.5))), (2, 2)
        )
        self._metal = self.scene.color("metal", (0.32, 0.34, 0.35), 0.4)

    def _lay(self, rng: np.random.Generator, piece: int) -> None:
        """Scenery of one piece: surface, sides, what stands beside it."""
        # A little longer than the piece, so that bends leave no gaps; a little higher every second time against flicker.
        self._add(piece, "road", "plane", (_HALF_ROAD_M, _PIECE_M / 2 + 0.35, 0.1), (0, 0, 0.002 * (piece % 2)), "road")
        for name, side in (("right", 1.0), ("left", -1.0)):
            getattr(self, f"_{self.style}")(rng, piece, name, side)

    def _town(self, rng: np.random.Generator, piece: int, name: str, side: float) -> None:
        edge = _HALF_ROAD_M + 2.0
        self._add(piece, f"walk_{name}", "box", (1.3, 5.3, 0.07), (side * (edge + 1.3), 0, 0.0), "pavement")
        half, x = float(rng.uniform(2.8, 4.8)), side * (edge + 2.7 + float(rng.uniform(0, 0.4)))
        front = self._fronts[int(rng.integers(len(self._fronts)))]
        self._add(piece, f"house_{name}", "plane", (5.05, half, 0.1), (x, 0, half), front, _facing(side))
        if rng.random() < 0.55:
            self._tree(rng, piece, name, side * (edge + 0.5))
        elif rng.random() < 0.5:
            self._add(piece, f"post_{name}", "cylinder", (0.06, 2.6), (side * (edge + 0.25), 3.0, 2.6), self._metal)
            self._add(piece, f"arm_{name}", "box", (0.6, 0.05, 0.05), (side * (edge - 0.2), 3.0, 5.2), self._metal)

    def _suburb(self, rng: np.random.Generator, piece: int, name: str, side: float) -> None:
        edge = _HALF_ROAD_M + 1.7
        self._add(piece, f"walk_{name}", "box", (0.8, 5.3, 0.06), (side * (edge + 0.8), 0, 0.0), "pavement")
        if rng.random() < 0.7:
            width, deep, height = (float(v) for v in rng.uniform((3.2, 3.5, 2.4), (4.2, 4.5, 3.2)))
            x = side * (edge + 6.5 + deep)
            front = self._fronts[int(rng.integers(len(self._fronts)))]
            self._add(piece, f"house_{name}", "box", (deep, width, height), (x, 0, height), front)
            slope = rotation((0, 0, 1), 0.0) @ rotation((0, 1, 0), math.pi / 4)
            wide = deep * 0.78
            self._add(piece, f"roof_{name}", "box", (wide, width + 0.25, wide), (x, 0, 2 * height - 0.3), self._roof, slope)
        if rng.random() < 0.6:
            self._add(piece, f"hedge_{name}", "box", (0.35, 4.0, 0.55), (side * (edge + 2.1), 0, 0.55), self._green)
        if rng.random() < 0.65:
            self._tree(rng, piece, name, side * (edge + float(rng.uniform(2.8, 4.5))))

    def _country(self, rng: np.random.Generator, piece: int, name: str, side: float) -> None:
        edge = _HALF_ROAD_M + 1.0
        self._add(piece, f"pole_{name}", "box", (0.06, 0.06, 0.5), (side * edge, 0, 0.5), self._metal)
        for i in range(int(rng.integers(1, 4))):
            self._tree(rng, piece, f"{name}{i}", side * (edge + float(rng.uniform(2.0, 16.0))))
        if rng.random() < 0.25:
            self._add(piece, f"bush_{name}", "ellipsoid", (2.0, 3.0, 1.1), (side * (edge + 5), 1.0, 0.6), self._green)

    def _tree(self, rng: np.random.Generator, piece: int, name: str, x: float) -> None:
        trunk, crown = float(rng.uniform(1.0, 1.7)), float(rng.uniform(1.0, 1.9))
        y = float(rng.uniform(-4, 4))
        if x * self._free_side > 0 and abs(self._nearest(piece, 0.0)) < 25:
            return
        self._add(piece, f"trunk_{name}", "cylinder", (0.14, trunk), (x, y, trunk), self._bark)
        self._add(
            piece, f"crown_{name}", "ellipsoid", (crown, crown, crown * 1.25), (x, y, 2 * trunk + crown * 0.8), self._green
        )

    def place(self, world: World, distance_m: float) -> None:
        """Lay out all pieces around a viewer at that distance along the road."""
        frames = [self.course.frame(self._nearest(piece, distance_m)) for piece in range(round(self.period_m / _PIECE_M))]
        here, _ = self.course.at(distance_m)
        # In steps of its picture, so that it seems to lie still.
        world.place("ground", np.round(here / _GROUND_PERIOD_M) * _GROUND_PERIOD_M - (0, 0, 0.03))
        for name, piece, offset, turn in self._parts:
            point, axes = frames[piece]
            world.place(name, point + axes @ offset, axes @ turn)
        for piece, offset, car in self._parked:
            point, axes = frames[piece]
            car.place(world, point + axes @ offset, axes)

    def _nearest(self, piece: int, distance_m: float) -> float:
        """Where a piece is now: the place of its that lies less than a period beyond `behind_m` behind the viewer."""
        return wrapped(piece * _PIECE_M, distance_m - self._behind_m, self.period_m)


def wrapped(value: float, low: float, period: float) -> float:
    """`value` shifted by whole periods into [low, low + period)."""
    return low + (value - low) % period


def road_picture(rng: np.random.Generator, *, center: bool = True) -> Picture:
    """Asphalt across the whole road for 10 m: edge lines, a broken line in the middle, a patch or two."""
    picture = textures.asphalt(rng, (0.34, 0.34, 0.355)).astype(np.float64)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    for _ in range(int(rng.integers(0, 3))):
        left, top = rng.uniform(0.05, 0.7, 2)
        picture[(x > left) & (x < left + 0.2) & (y > top) & (y < top + rng.uniform(0.1, 0.3))] *= 0.8
    wear = np.clip(1 + 0.25 * textures.noise(rng, roughness=0.6), 0.6, 1.2)[..., None]
    paint = np.array([215.0, 214.0, 205.0])
    lines = (abs(x - 0.035) < 0.009) | (abs(x - 0.965) < 0.009)
    if center:
        lines |= (abs(x - 0.5) < 0.010) & (y < 0.4)
    picture = np.where(lines[..., None], paint * wear, picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _facing(side: float) -> Matrix:
    """Axes of an upright plane beside the road that faces it."""
    return np.column_stack([(0, -side, 0), (0, 0, 1), (-side, 0, 0)]).astype(np.float64)
