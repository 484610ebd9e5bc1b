"""Surfaces with rounded cross-sections: what limbs, trunks, heads, hair and clothes are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.world import Mesh

Array = npt.NDArray[np.float64]

SEGMENTS, FEW_SEGMENTS = 18, 8
"""Corners of a cross-section, of large and of small things: a finger at four metres is two pixels wide."""
_SMALL_M = 0.03
_CAP_STEPS = np.deg2rad([22.0, 45.0, 68.0])


class Ring(NamedTuple):
    """A cross-section at a height: half its width, and how far it reaches to the front (+y) and to the back (-y)."""

    z: float
    wide: float
    front: float
    back: float

    def scaled(self, size: float) -> Ring:
        """The same, larger."""
        return Ring(*(value * size for value in self))


def tube(radii: Sequence[tuple[float, float]], length: float, *, flat: float = 1.0) -> list[Ring]:
    """Rings around a bone of that length: (share of the length, radius); `flat` scales front and back."""
    return [Ring(share * length, radius, radius * flat, -radius * flat) for share, radius in radii]


def lathe(
    rings: Sequence[Ring], *, power: float = 2.0, caps: tuple[float, float] = (1.0, 1.0), segments: int = SEGMENTS,
    repeat: tuple[float, float] = (1.0, 1.0),
) -> Mesh:  # fmt: skip
    """A closed surface through cross-sections in rising order.

    Args:
        rings: At least two.
        power: 2 for ellipses, more for rounder rectangles (superellipses).
        caps: How far the lower and the upper end bulge, in radii; 0 is cut off flat.
        segments: Corners of a cross-section.
        repeat: How often a material's picture is repeated around and along.
    """
    table = np.array([*_cap(rings[0], -caps[0]), *rings, *_cap(rings[-1], caps[1])[::-1]], np.float64)
    angles = np.arange(segments) / segments * 2 * np.pi
    cos, sin = np.cos(angles), np.sin(angles)
    across = np.sign(cos) * np.abs(cos) ** (2 / power)
    ahead = np.sign(sin) * np.abs(sin) ** (2 / power)
    middle, half = (table[:, 2] + table[:, 3]) / 2, (table[:, 2] - table[:, 3]) / 2
    body = np.stack(
        [
            table[:, 1, None] * across,
            middle[:, None] + half[:, None] * ahead,
            np.broadcast_to(table[:, 0, None], (len(table), segments)),
        ],
        axis=-1,
    )
    ends = [(0.0, middle[k], table[k, 0]) for k in (0, -1)]
    vertices = np.concatenate([body.reshape(-1, 3), ends])
    return _meshed(vertices, len(table), segments, repeat)


def _cap(ring: Ring, bulge: float) -> list[Ring]:
    """Smaller and smaller rings beyond an end, outermost first."""
    if bulge == 0:
        return []
    middle, half = (ring.front + ring.back) / 2, (ring.front - ring.back) / 2
    reach = bulge * min(ring.wide, half)
    return [
        Ring(ring.z + reach * np.sin(a), ring.wide * np.cos(a), middle + half * np.cos(a), middle - half * np.cos(a))
        for a in _CAP_STEPS[::-1]
    ]


def _meshed(vertices: Array, rows: int, segments: int, repeat: tuple[float, float]) -> Mesh:
    low, high = rows * segments, rows * segments + 1
    i = np.arange(segments)
    j = (i + 1) % segments
    faces = [np.column_stack([np.full(segments, low), j, i])]
    # Places in the picture have a seam: the first column comes twice.
    wide = segments + 1
    seam = [np.column_stack([np.full(segments, rows * wide), i + 1, i])]
    for row in range(rows - 1):
        a, b = row * segments, (row + 1) * segments
        faces += [np.column_stack([a + i, a + j, b + j]), np.column_stack([a + i, b + j, b + i])]
        c, d = row * wide, (row + 1) * wide
        seam += [np.column_stack([c + i, c + i + 1, d + i + 1]), np.column_stack([c + i, d + i + 1, d + i])]
    last = (rows - 1) * segments
    faces.append(np.column_stack([last + i, last + j, np.full(segments, high)]))
    seam.append(np.column_stack([(rows - 1) * wide + i, (rows - 1) * wide + i + 1, np.full(segments, rows * wide + 1)]))
    heights = vertices[: rows * segments : segments, 2]
    along = (heights - heights[0]) / max(float(heights[-1] - heights[0]), 1e-9)
    around = np.arange(wide) / segments
    texture = np.stack(np.broadcast_arrays(around[None, :] * repeat[0], along[:, None] * repeat[1]), axis=-1).reshape(-1, 2)
    texture = np.concatenate([texture, [(0.5, 0.0), (0.5, repeat[1])]])
    return Mesh(vertices, np.concatenate(faces).astype(np.int32), texture, np.concatenate(seam).astype(np.int32))


def swollen(mesh: Mesh, at: tuple[float, float, float], amount: float, reach: tuple[float, float]) -> Mesh:
    """The surface with a bump of `amount` metres along y on that side of the middle `at` lies on, `reach` wide and high."""
    x, y, z = at
    points = mesh.vertices.copy()
    same_side = np.clip(points[:, 1] * np.sign(y) / max(abs(y), 1e-9) * 2, 0, 1)
    weight = np.exp(-(((points[:, 0] - x) / reach[0]) ** 2) - ((points[:, 2] - z) / reach[1]) ** 2) * same_side
    points[:, 1] += np.sign(y) * amount * weight
    return Mesh(points, mesh.faces, mesh.texture, mesh.texture_faces)


def scaled(mesh: Mesh, size: float) -> Mesh:
    """The surface, larger."""
    return Mesh(mesh.vertices * size, mesh.faces, mesh.texture, mesh.texture_faces)


def egg(axes: tuple[float, float, float]) -> Mesh:
    """An ellipsoid of those half axes."""
    small = max(axes) < _SMALL_M
    angles = np.linspace(-np.pi / 2, np.pi / 2, 7 if small else 11)[1:-1]
    wide, deep, high = axes
    rings = [Ring(high * np.sin(a), wide * np.cos(a), deep * np.cos(a), -deep * np.cos(a)) for a in angles]
    tip = 1 - float(np.sin(angles[-1]))
    # The poles lie on the axis; a flat cap of the last ring would cut them off.
    mesh = lathe(rings, caps=(0.0, 0.0), segments=FEW_SEGMENTS if small else SEGMENTS)
    points = mesh.vertices.copy()
    points[-2, 2], points[-1, 2] = points[-2, 2] - high * tip, points[-1, 2] + high * tip
    return Mesh(points, mesh.faces, mesh.texture, mesh.texture_faces)


def finger(radius: float, length: float) -> Mesh:
    """A bone of a finger: a capsule along z, its middle in the origin."""
    rings = [Ring(z, radius, radius, -radius) for z in (-length / 2, length / 2)]
    return lathe(rings, segments=FEW_SEGMENTS)
