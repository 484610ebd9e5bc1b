"""Things people handle: cups, blocks, boxes with lids, drawers. Declared in a scene, placed per frame.

Object frame: origin in the middle of the foot, z up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.world import World

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """One geometry of an item: its name in the scene and where it lies in the item's frame."""

    name: str
    offset: Vector
    frame: Matrix = field(default_factory=lambda: np.eye(3))


@dataclass(frozen=True)
class Joint:
    """How an item opens: some of its pieces turn about, or slide along, an axis through `pivot` (item frame).

    `range` is radians for a hinge and metres for a slide; 0 is closed.
    """

    kind: Literal["hinge", "slide"]
    pivot: Vector
    axis: Vector
    range: float
    pieces: frozenset[str]
    handle: Vector

    def moved(self, offset: Vector, turn: Matrix, opened: float) -> tuple[Vector, Matrix]:
        """Where a moving piece lies (item frame) when the item is open by that share, 0..1."""
        if self.kind == "slide":
            return offset + self.axis * (self.range * opened), turn
        swing = rotation(self.axis, self.range * opened)
        return self.pivot + swing @ (offset - self.pivot), swing @ turn


@dataclass(frozen=True)
class Item:
    """A thing with a name (`red cup`), its pieces and how it is taken.

    `grasp` is the grasp point in the item's frame, `grip` the hand's closing while it is held (0 open, 1 closed around 5 cm).
    `contains` says that something can be poured out of it, `opening` how it opens.
    """

    noun: str
    pieces: tuple[Piece, ...]
    grasp: Vector
    grip: float
    radius_m: float
    height_m: float
    contains: bool = False
    opening: Joint | None = None

    def place(self, world: World, position: Vector, frame: Matrix | None = None, opened: float = 0.0) -> None:
        """Put the item somewhere: world position of its foot (3,), its axes as columns, how far it is open (0..1)."""
        axes = np.eye(3) if frame is None else frame
        for piece in self.pieces:
            offset, turn = piece.offset, piece.frame
            joint = self.opening
            if joint is not None and opened and piece.name in joint.pieces:
                offset, turn = joint.moved(offset, turn, opened)
            world.place(piece.name, position + axes @ offset, axes @ turn)
