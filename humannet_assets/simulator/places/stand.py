"""A piece of furniture's own frame, in which its parts are written down as a person sees it who stands in front of it.

Frame: origin on the floor at the middle of its back (what stands against a wall) or of its foot; x to the viewer's right, y
away from the viewer, z up. So what stands against a wall fills y < 0. Lengths are full sizes in metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.places.place import Station
from humannet_assets.simulator.world import SceneBuilder

Size = tuple[float, float, float]
Point = tuple[float, float, float]

GRID_M = 0.6
"""Light is computed at the corners of squares of this size on planes; a grid of 0.1 m costs half the frame rate."""

_AXES: dict[str, Matrix] = {
    "x": rotation((0, 1, 0), np.pi / 2), "y": rotation((1, 0, 0), np.pi / 2), "z": np.eye(3),
}  # fmt: skip
"""Frames whose z is that axis."""


@dataclass(frozen=True)
class Stand:
    """Where a piece of furniture is: everything added through it is one thing of that name."""

    builder: SceneBuilder
    name: str
    origin: Point
    heading_rad: float = 0.0

    def point(self, x: float, y: float, z: float = 0.0) -> npt.NDArray[np.float64]:
        """World coordinates (3,) of a point of this frame."""
        return np.asarray(self.origin) + rotation((0, 0, 1), self.heading_rad) @ np.array([x, y, z])

    def at(self, name: str, x: float, y: float, z: float = 0.0, turn_rad: float = 0.0) -> Stand:
        """The frame of another thing that stands in this one's."""
        px, py, pz = (float(value) for value in self.point(x, y, z))
        return Stand(self.builder, f"{self.name}_{name}", (px, py, pz), self.heading_rad + turn_rad)

    def box(
        self, part: str, middle: Point, size: Size, material: str, *, turn_rad: float = 0.0, tilt_rad: float = 0.0
    ) -> None:  # fmt: skip
        """A box; `turn_rad` about z, then `tilt_rad` about its own x (positive: the top leans towards the viewer)."""
        frame = rotation((0, 0, 1), self.heading_rad + turn_rad) @ rotation((1, 0, 0), tilt_rad)
        self._add(part, "box", tuple(length / 2 for length in size), material, middle, frame)

    def tube(self, part: str, middle: Point, radius: float, length: float, material: str, axis: str = "z") -> None:
        """A cylinder along an axis of this frame."""
        frame = rotation((0, 0, 1), self.heading_rad) @ _AXES[axis]
        self._add(part, "cylinder", (radius, length / 2), material, middle, frame)

    def ball(self, part: str, middle: Point, size: Size, material: str) -> None:
        """An ellipsoid of that width, depth and height."""
        self._add(part, "ellipsoid", tuple(length / 2 for length in size), material, middle, self._turned())

    def sheet(self, part: str, middle: Point, width: float, height: float, material: str) -> None:
        """An upright picture that faces the viewer."""
        frame = self._turned() @ np.column_stack([(1, 0, 0), (0, 0, 1), (0, -1, 0)])
        self._add(part, "plane", (width / 2, height / 2, GRID_M), material, middle, frame)

    def station(
        self, name: str, surface: str, x: float, edge_y: float, top_m: float, *, seated: bool = False, turn_rad: float = 0.0,
        far_m: float = 0.66,
    ) -> Station:  # fmt: skip
        """A place to act at a surface whose near edge lies at `edge_y` (turned about the point on the edge by `turn_rad`)."""
        here = self.at(name, x, edge_y, turn_rad=turn_rad)
        px, py, _ = (float(value) for value in here.point(0, -REACH_M))
        return Station(f"{self.name}_{name}", surface, (px, py), here.heading_rad, top_m, far_m=far_m, seated=seated)

    def _turned(self) -> Matrix:
        return rotation((0, 0, 1), self.heading_rad)

    def _add(self, part: str, shape: str, size: tuple[float, ...], material: str, middle: Point, frame: Matrix) -> None:
        self.builder.add(
            f"{self.name}_{part}", shape, size, material, self.point(*middle), frame=frame, instance=self.name  # type: ignore[arg-type]
        )  # fmt: skip


REACH_M = 0.10
"""From a wearer's shoulders to the edge of the surface: people at work stand a hand's breadth from it."""
