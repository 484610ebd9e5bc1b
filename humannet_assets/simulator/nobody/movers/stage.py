"""Where things that move by themselves are declared and posed: around a spot on the floor.

Spot frame: origin on the floor, y towards where the camera is, x to the camera's left, z up; everything stays within 0.6 m of
the origin, which a place keeps free.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.world import OBJECT, SceneBuilder, Shape, World

Vector = npt.NDArray[np.float64]

UP = np.array([0.0, 0.0, 1.0])


class Stage:
    """A spot in a scene that things are declared and posed around."""

    def __init__(self, scene: SceneBuilder, spot: Matrix, name: str) -> None:
        """`spot` is the pose (4, 4) world <- spot frame; `name` prefixes the parts."""
        self.scene, self._spot, self._name = scene, spot, name
        self._count = 0

    def part(
        self, shape: Shape, size: tuple[float, ...], material: str, at: npt.ArrayLike = (0, 0, 0), turn: Matrix | None = None
    ) -> str:
        """Declare a geometry where it stands; returns its name."""
        name = f"{self._name}_{self._count}"
        self._count += 1
        position, frame = self._world(np.asarray(at, np.float64), np.eye(3) if turn is None else turn)
        return self.scene.add(name, shape, size, material, position, frame=frame, group=OBJECT, instance=self._name)

    def paint(self, what: str, color: npt.ArrayLike, shine: float = 0.2) -> str:
        """Declare a plain material."""
        return self.scene.color(f"{self._name}_{what}", color, shine)

    def cover(self, what: str, picture: textures.Picture) -> str:
        """Declare a textured material."""
        return self.scene.surface(f"{self._name}_{what}", picture)

    def move(self, world: World, part: str, at: npt.ArrayLike, turn: Matrix | None = None) -> None:
        """Pose a part, spot frame."""
        position, frame = self._world(np.asarray(at, np.float64), np.eye(3) if turn is None else turn)
        world.place(part, position, frame)

    def _world(self, at: Vector, turn: Matrix) -> tuple[Vector, Matrix]:
        return self._spot[:3, 3] + self._spot[:3, :3] @ at, self._spot[:3, :3] @ turn


def bright(rng: np.random.Generator) -> Vector:
    """A strong colour, RGB in 0..1."""
    color = rng.uniform(0.08, 0.35, 3)
    color[int(rng.integers(3))] = rng.uniform(0.6, 0.9)
    return color
