"""A room: floor, four walls all around, ceiling, light, and where along its walls and on its floor there is still space.

World: the room's middle is the origin, x runs east, y north. Every wall has its own frame (`stand.Stand`), seen by a person
who faces it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.places.palette import Palette
from humannet_assets.simulator.places.pictures import Moment
from humannet_assets.simulator.places.stand import GRID_M, Stand
from humannet_assets.simulator.textures import Color
from humannet_assets.simulator.world import Light, SceneBuilder

WallName = Literal["north", "east", "south", "west"]
WALLS: tuple[WallName, ...] = ("north", "east", "south", "west")
_HEADINGS: Mapping[WallName, float] = {"north": 0.0, "west": math.pi / 2, "south": math.pi, "east": -math.pi / 2}

Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1."""

_BOUNCED = 0.6
"""Share of the lamp's light that comes back from below: white ceilings come out a little darker than white walls."""

_BESIDE_M = 0.9
"""The lamp keeps this from pendants, which would shade the table below them."""

_TRIES = 60
_GAP_M = 0.02
"""Between two things side by side, so that their sides do not coincide."""


class NoRoomError(RuntimeError):
    """A layout does not work out: something finds no place, or nobody can walk. Another draw may."""


@dataclass(frozen=True)
class Mood:
    """The light of a place: which time of day, how strong and warm its lamp is, how bright what the lamp does not reach."""

    moment: Moment
    lamp: Color
    fill: float
    ambient: float


def draw_mood(rng: np.random.Generator, *, evening: float = 0.3) -> Mood:
    """Daylight, or lamplight with the share `evening`; a white surface that faces up comes out at 0.85 to 1.15."""
    level = float(rng.uniform(0.38, 0.47))
    if rng.random() < evening:
        warm = float(rng.uniform(0.10, 0.26))
        lamp = (level * 1.08, level * (1.04 - warm * 0.5), level * (1.04 - warm))
        return Mood("evening", lamp, float(rng.uniform(0.10, 0.18)), float(rng.uniform(0.46, 0.52)))
    cool = float(rng.uniform(-0.04, 0.08))
    lamp = (level * (1 - cool * 0.5), level, level * (1 + cool * 0.5))
    return Mood("day", lamp, float(rng.uniform(0.14, 0.24)), float(rng.uniform(0.46, 0.53)))


class Room:
    """A room under construction."""

    def __init__(
        self, builder: SceneBuilder, palette: Palette, rng: np.random.Generator, size_m: tuple[float, float, float], mood: Mood
    ) -> None:  # fmt: skip
        """Begin with an empty room of that width (x), depth (y) and height."""
        self.builder, self.palette, self.rng, self.mood = builder, palette, rng, mood
        self.width_m, self.depth_m, self.height_m = size_m
        self._solids: list[Rect] = []
        self._fronts: list[Rect] = []
        self._hung: dict[WallName, list[Rect]] = {wall: [] for wall in WALLS}
        self._count = 0
        self.hanging: list[tuple[float, float]] = []
        builder.ambient = mood.ambient

    @property
    def floor(self) -> Rect:
        """The floor."""
        return (-self.width_m / 2, -self.depth_m / 2, self.width_m / 2, self.depth_m / 2)

    def length(self, wall: WallName) -> float:
        """How long a wall is."""
        return self.width_m if wall in {"north", "south"} else self.depth_m

    def wall(self, wall: WallName, u: float, name: str) -> Stand:
        """The frame on the foot of a wall, `u` metres to the right of its middle."""
        x, y = {
            "north": (u, self.depth_m / 2), "south": (-u, -self.depth_m / 2),
            "east": (self.width_m / 2, -u), "west": (-self.width_m / 2, u),
        }[wall]  # fmt: skip
        return Stand(self.builder, self._unique(name), (x, y, 0.0), _HEADINGS[wall])

    def along(self, wall: WallName, stand: Stand) -> float:
        """How far to the right of a wall's middle something stands."""
        x, y, _ = stand.origin
        return {"north": x, "south": -x, "east": -y, "west": y}[wall]

    def shell(self, floor: str, walls: str | Mapping[WallName, str], ceiling: str, skirting: str | None = None) -> None:
        """Build floor, walls and ceiling."""
        half = (self.width_m / 2, self.depth_m / 2, GRID_M)
        self.builder.add("floor", "plane", half, floor)
        self.builder.add("ceiling", "plane", half, ceiling, (0, 0, self.height_m), frame=rotation((1, 0, 0), math.pi))
        for name in WALLS:
            stand = self.wall(name, 0.0, name)
            long = self.length(name)
            stand.sheet(
                "wall", (0, 0, self.height_m / 2), long, self.height_m, walls if isinstance(walls, str) else walls[name]
            )
            if skirting is not None:
                stand.box("skirting", (0, -0.006, 0.04), (long - 0.024, 0.012, 0.08), skirting)

    def dado(self, material: str, top_m: float, walls: Sequence[WallName] = WALLS) -> None:
        """Tiles or panels on the lower part of walls."""
        for name in walls:
            # As sheets: boxes would stand into each other in the corners.
            self.wall(name, 0.0, "dado").sheet("dado", (0, -0.01, top_m / 2), self.length(name) - 0.02, top_m, material)

    # Space.

    def against(
        self, wall: WallName, name: str, width: float, depth: float, height: float, *, front_m: float = 0.0,
        u: float | tuple[float, float] | None = None, base: float = 0.0,
    ) -> Stand | None:  # fmt: skip
        """Claim space along a wall (and free floor before it) for something; None if there is none.

        Args:
            wall: Which wall.
            name: What it is.
            width: Along the wall.
            depth: Out of the wall.
            height: Up to where it covers the wall.
            front_m: Floor that must stay free before it.
            u: Where its middle is along the wall, or between which bounds; anywhere if None.
            base: Where its cover of the wall begins; what hangs higher than 0 takes no floor.
        """
        reach = (self.length(wall) - width) / 2 - _GAP_M
        low, high = (-reach, reach) if u is None else (u, u) if isinstance(u, int | float) else u
        low, high = max(low, -reach), min(high, reach)
        for _ in range(1 if low == high else _TRIES):
            if low > high:
                return None
            at = float(self.rng.uniform(low, high))
            if not self._hangs(wall, (at - width / 2, base, at + width / 2, height)):
                continue
            stand = self.wall(wall, at, name)
            if base <= 0.01 and not self._claim(stand, (-width / 2, -depth, width / 2, 0), front_m):
                continue
            self._hung[wall].append((at - width / 2 - _GAP_M, base, at + width / 2 + _GAP_M, height))
            return stand
        return None

    def need(self, stand: Stand | None) -> Stand:
        """What must find its place; raises `NoRoomError` if it has not."""
        if stand is None:
            raise NoRoomError("something needed finds no place")
        return stand

    def amid(
        self, name: str, size: tuple[float, float], x: float, y: float, heading_rad: float = 0.0, *, front_m: float = 0.0,
        back_m: float = 0.0,
    ) -> Stand | None:  # fmt: skip
        """Claim space on the floor for something of that width and depth whose middle is there (quarter turns only)."""
        stand = Stand(self.builder, self._unique(name), (x, y, 0.0), heading_rad)
        width, depth = size
        if not self._claim(stand, (-width / 2, -depth / 2, width / 2, depth / 2), front_m, back_m):
            return None
        return stand

    def keep_free(self, stand: Stand, local: Rect) -> None:
        """Nothing may be put on that floor (in the frame of something that stands there)."""
        self._fronts.append(_world(stand, local))

    def _claim(self, stand: Stand, local: Rect, front_m: float, back_m: float = 0.0) -> bool:
        x0, y0, x1, y1 = local
        solid = _world(stand, local)
        front = _world(stand, (x0, y0 - front_m, x1, y1 + back_m))
        inside = self.floor
        fits = (
            front[0] > inside[0] - 1e-6
            and front[1] > inside[1] - 1e-6
            and front[2] < inside[2] + 1e-6
            and front[3] < inside[3] + 1e-6
        )
        if not fits or any(_overlap(solid, other) for other in (*self._solids, *self._fronts)):
            return False
        if any(_overlap(front, other) for other in self._solids):
            return False
        self._solids.append(solid)
        if front_m or back_m:
            self._fronts.append(front)
        return True

    def _hangs(self, wall: WallName, rect: Rect) -> bool:
        return not any(_overlap(rect, other) for other in self._hung[wall])

    def _unique(self, name: str) -> str:
        self._count += 1
        return f"{name}{self._count}"

    # Light.

    def light(self, at: tuple[float, float] = (0.0, 0.0)) -> None:
        """Hang the lamp that throws shadows below the ceiling there; daylight comes in without shadows."""
        x, y = at
        for px, py in self.hanging:
            # Beside what hangs from the ceiling, not above it.
            if math.hypot(x - px, y - py) < _BESIDE_M:
                away = math.atan2(y - py, x - px)
                x, y = px + _BESIDE_M * math.cos(away), py + _BESIDE_M * math.sin(away)
        lamp = (x, y, self.height_m - 0.15)
        away = float(self.rng.uniform(-0.12, 0.12)), float(self.rng.uniform(-0.12, 0.12))
        self.builder.lights.append(Light(lamp, (*away, -1.0), self.mood.lamp))
        angle = float(self.rng.uniform(0, 2 * math.pi))
        fill = (self.mood.fill, self.mood.fill, self.mood.fill * 1.05)
        way = (math.cos(angle), math.sin(angle), -1.2)
        self.builder.lights.append(Light((0, 0, self.height_m - 0.2), way, fill, directional=True, shadow=False))
        # What the floor throws back: without it a ceiling is lit by nothing.
        bounce = tuple(channel * _BOUNCED for channel in self.mood.lamp)
        self.builder.lights.append(Light((0, 0, 0.1), (0.1, 0.15, 1.0), bounce, directional=True, shadow=False))  # type: ignore[arg-type]


def _world(stand: Stand, local: Rect) -> Rect:
    a, b = stand.point(local[0], local[1]), stand.point(local[2], local[3])
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] - 1e-6 and b[0] < a[2] - 1e-6 and a[1] < b[3] - 1e-6 and b[1] < a[3] - 1e-6
