"""Things on the table as lists of primitive geometries, so that the physics and the picture-only scene show the same.

Thing frame: origin in the middle of the foot, z up. The base frame of a scene: x right, y away from robot or wearer, z up,
z = 0 on the table's top; metres.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from humannet_assets.simulator.cameras import Matrix, rotation

Kind = Literal["block", "bar", "cup", "bowl", "plate", "mark", "tray", "drawer"]
Color = tuple[float, float, float]

COLORS: dict[str, Color] = {
    "red": (0.80, 0.14, 0.12),
    "blue": (0.12, 0.30, 0.75),
    "green": (0.14, 0.55, 0.24),
    "yellow": (0.92, 0.74, 0.12),
    "orange": (0.92, 0.45, 0.10),
    "purple": (0.46, 0.20, 0.60),
}

BLOCK_M = 0.04
"""Side of a block."""
BAR_M = (0.17, 0.03, 0.035)
CUP_RADIUS_M, CUP_HEIGHT_M = 0.028, 0.07
BOWL_RADIUS_M, BOWL_HEIGHT_M = 0.072, 0.04
PLATE_RADIUS_M, PLATE_HEIGHT_M = 0.065, 0.008
MARK_RADIUS_M = 0.045
TRAY_M = (0.26, 0.16, 0.04)
"""Outer width, depth and the height of the end walls, which are the handles."""
DRAWER_M = (0.15, 0.12, 0.075)
DRAWER_TRAVEL_M = 0.10
HANDLE_OFFSET_M, HANDLE_HEIGHT_M, HANDLE_RADIUS_M = 0.045, 0.045, 0.006
HANDLE_Y_M = -DRAWER_M[1] / 2 - HANDLE_OFFSET_M
"""Where a closed drawer's handle is ahead of the drawer's middle."""
TRAY_FLOOR_M = 0.006

DENSITY = 400.0
"""Kilograms per cubic metre of what is grasped: light wood."""
HEAVY: Mapping[Kind, float] = {"bowl": 3.0, "plate": 3.0}
"""What must stay where it is when something is put on it is denser: stoneware."""


@dataclass(frozen=True)
class Solid:
    """One geometry: MuJoCo's half sizes, pose in the thing's frame. `fixed` parts of a drawer do not slide out with it."""

    shape: Literal["box", "cylinder", "capsule"]
    size: tuple[float, ...]
    position: tuple[float, float, float]
    frame: Matrix = field(default_factory=lambda: np.eye(3))
    fixed: bool = False
    shade: float = 1.0


@dataclass(frozen=True)
class Thing:
    """A thing with a name (`red_block`), where its foot stands (base frame, metres) and its heading (radians about z).

    `opened_m` is how far a drawer is open at first.
    """

    name: str
    kind: Kind
    color: str
    position: tuple[float, float]
    yaw_rad: float = 0.0
    base_m: float = 0.0
    tone: Color = (0.5, 0.5, 0.5)
    opened_m: float = 0.0

    @property
    def noun(self) -> str:
        """Noun phrase without article: `red block`."""
        return self.name.replace("_", " ")

    @property
    def radius_m(self) -> float:
        """Radius of the circle the foot needs on the table."""
        return {
            "block": BLOCK_M * 0.71, "bar": 0.087, "cup": CUP_RADIUS_M, "bowl": BOWL_RADIUS_M, "plate": PLATE_RADIUS_M,
            "mark": MARK_RADIUS_M, "tray": 0.153, "drawer": 0.11,
        }[self.kind]  # fmt: skip

    def pose(self) -> Matrix:
        """Where it starts: (4, 4), base <- thing."""
        pose = np.eye(4)
        pose[:3, :3] = rotation((0, 0, 1), self.yaw_rad)
        pose[:3, 3] = (*self.position, self.base_m)
        return pose

    def solids(self) -> list[Solid]:
        """Its geometries."""
        if self.kind == "block":
            return [Solid("box", (BLOCK_M / 2,) * 3, (0, 0, BLOCK_M / 2))]
        if self.kind == "bar":
            length, depth, height = BAR_M
            return [Solid("box", (length / 2, depth / 2, height / 2), (0, 0, height / 2))]
        if self.kind in {"cup", "bowl"}:
            return _vessel(self.kind)
        if self.kind == "plate":
            top = Solid("cylinder", (PLATE_RADIUS_M, PLATE_HEIGHT_M / 2), (0, 0, PLATE_HEIGHT_M / 2))
            inner = Solid("cylinder", (PLATE_RADIUS_M * 0.7, 0.0005), (0, 0, PLATE_HEIGHT_M), shade=0.8)
            return [top, inner]
        if self.kind == "mark":
            return [Solid("cylinder", (MARK_RADIUS_M, 0.0005), (0, 0, 0.0005))]
        return _tray() if self.kind == "tray" else _drawer()


def _vessel(kind: str) -> list[Solid]:
    """A floor and a ring of upright boards; a bowl's lean outwards."""
    cup = kind == "cup"
    radius, height, lean = (CUP_RADIUS_M, CUP_HEIGHT_M, 0.0) if cup else (BOWL_RADIUS_M - 0.007, BOWL_HEIGHT_M, 0.35)
    count = 12
    wall = 0.0025
    solids = [Solid("cylinder", (radius - (0 if cup else 0.01), 0.003), (0, 0, 0.003), shade=0.8)]
    for i in range(count):
        turn = rotation((0, 0, 1), 2 * math.pi * i / count)
        x, y, _ = turn @ np.array([radius - wall, 0.0, 0.0])
        size = (wall, radius * math.tan(math.pi / count) * 1.1, height / 2)
        solids.append(Solid("box", size, (float(x), float(y), height / 2), turn @ rotation((0, 1, 0), lean)))
    return solids


def _tray() -> list[Solid]:
    width, depth, height = TRAY_M
    ends = [Solid("box", (0.006, depth / 2, height / 2), (s * (width / 2 - 0.006), 0, height / 2), shade=0.8) for s in (-1, 1)]
    rims = [Solid("box", (width / 2 - 0.012, 0.004, 0.009), (0, s * (depth / 2 - 0.004), 0.009), shade=0.9) for s in (-1, 1)]
    return [Solid("box", (width / 2 - 0.012, depth / 2, TRAY_FLOOR_M / 2), (0, 0, TRAY_FLOOR_M / 2)), *ends, *rims]


def _drawer() -> list[Solid]:
    width, depth, height = (value / 2 for value in DRAWER_M)
    case = [
        Solid("box", (width, depth, 0.003), (0, 0, 2 * height - 0.003), fixed=True, shade=0.75),
        Solid("box", (width, depth, 0.002), (0, 0, 0.002), fixed=True, shade=0.75),
        Solid("box", (width, 0.003, height - 0.006), (0, depth - 0.003, height), fixed=True, shade=0.7),
        *(
            Solid("box", (0.003, depth, height - 0.006), (s * (width - 0.003), 0, height), fixed=True, shade=0.7)
            for s in (-1, 1)
        ),
    ]
    inner = width - 0.009
    bar = rotation((0, 1, 0), math.pi / 2)
    post = rotation((1, 0, 0), math.pi / 2)
    drawer = [
        Solid("box", (inner, 0.004, height - 0.01), (0, -depth, height)),
        Solid("box", (inner, depth - 0.01, 0.002), (0, 0, 0.011), shade=0.8),
        *(Solid("box", (0.003, depth - 0.01, 0.02), (s * (inner - 0.003), 0, 0.03), shade=0.8) for s in (-1, 1)),
        Solid("capsule", (HANDLE_RADIUS_M, 0.045), (0, HANDLE_Y_M, HANDLE_HEIGHT_M), bar, shade=0.35),
        *(
            Solid(
                "capsule",
                (0.005, HANDLE_OFFSET_M / 2),
                (s * 0.045, -depth - HANDLE_OFFSET_M / 2, HANDLE_HEIGHT_M),
                post,
                shade=0.35,
            )
            for s in (-1, 1)
        ),
    ]
    return [*case, *drawer]
