"""Scenes hold together: rooms without holes, nothing floats, nothing sticks through walls, no two faces shimmer."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.simulator.places import PLACES, Place
from humannet_assets.simulator.places.survey import corners, half_sizes
from humannet_assets.simulator.world import Part
from humannet_assets_tests.simulator.places.rays import along, surveyed

SEEDS = (0, 1)
EVERY = [pytest.param(kind, seed, id=f"{kind}-{seed}") for kind in PLACES for seed in SEEDS]
INDOORS = [
    pytest.param(kind, seed, id=f"{kind}-{seed}") for kind, about in PLACES.items() if not about.outdoors for seed in SEEDS
]
TOUCH_M = 0.02


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_cameras_may_look_anywhere(kind: str, seed: int) -> None:
    place, rays = surveyed(kind, seed)
    rng = np.random.default_rng(seed)
    for point in along(place.routes[0], 1.5):
        for direction in rng.normal(size=(40, 3)):
            # Under the open sky there is nothing above the horizon, but ground or a house everywhere below it.
            if PLACES[kind].outdoors:
                direction[2] = -abs(direction[2]) - 0.12 * np.linalg.norm(direction[:2])
            distance, _ = rays.distance(np.array([*point, 1.6]), direction)
            assert distance < 60, f"nothing at {point.round(1)} towards {direction.round(2)}"


@pytest.mark.parametrize(("kind", "seed"), INDOORS)
def test_furniture_stays_within_the_walls(kind: str, seed: int) -> None:
    place, _ = surveyed(kind, seed)
    floor = next(part for part in place.builder.parts if part.name == "floor")
    ceiling = next(part for part in place.builder.parts if part.name == "ceiling")
    for part in place.builder.parts:
        points = corners(part)
        assert np.all(np.abs(points[:, :2]) <= np.array(floor.size[:2]) + 0.01), part.name
        assert points[:, 2].min() >= -0.01, part.name
        assert points[:, 2].max() <= ceiling.position[2] + 0.01, part.name


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_nothing_floats(kind: str, seed: int) -> None:
    place, _ = surveyed(kind, seed)
    parts = place.builder.parts
    boxes = np.array([(corners(part).min(axis=0), corners(part).max(axis=0)) for part in parts])
    low, high = boxes[:, 0] - TOUCH_M / 2, boxes[:, 1] + TOUCH_M / 2
    touch = np.all((low[:, None] <= high[None]) & (low[None] <= high[:, None]), axis=2)
    held = np.array([part.name in {"floor", "ceiling", "ground", "road"} or part.name.endswith("_wall") for part in parts])
    while True:
        more = held | (touch & held[None]).any(axis=1)
        if (more == held).all():
            break
        held = more
    assert held.all(), [part.name for part, safe in zip(parts, held, strict=True) if not safe]


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_no_two_faces_lie_in_each_other(kind: str, seed: int) -> None:
    place, _ = surveyed(kind, seed)
    assert _shimmering(place) == []


def _shimmering(place: Place) -> list[tuple[str, str]]:
    """Pairs of flat parts with faces in the same plane, turned the same way, that overlap by more than 2 cm both ways."""
    faces = [(part.name, *face) for part in place.builder.parts for face in _faces(part)]
    if not PLACES[place.name.split("/")[0]].outdoors:
        floor = next(part for part in place.builder.parts if part.name == "floor")
        # What faces a wall from less than a millimetre is not looked at.
        faces = [face for face in faces if np.all(np.abs(face[1] + face[2] * 0.001)[:2] < floor.size[:2])]
    found = []
    for i, (name, middle, normal, axes, half) in enumerate(faces):
        for other, middle_b, normal_b, axes_b, half_b in faces[:i]:
            if other == name or normal @ normal_b < 0.99999:
                continue
            offset = middle_b - middle
            if abs(normal @ offset) > 0.0008:
                continue
            reach_b = np.abs(axes @ axes_b.T) @ half_b
            overlap = half + reach_b - np.abs(axes @ offset)
            if np.all(overlap > 0.02):
                found.append((other, name))
    return found


def _faces(part: Part) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Middle, outward normal, two axes in the plane and half sizes along them, of faces that can be seen."""
    if part.shape not in {"box", "plane", "cylinder"}:
        return []
    half = half_sizes(part)
    if part.shape == "cylinder":
        half = half * (0.7, 0.7, 1.0)
    faces = []
    for axis in range(3) if part.shape == "box" else (2,):
        for side in (1.0,) if part.shape == "plane" else (-1.0, 1.0):
            normal = part.frame[:, axis] * side
            others = [k for k in range(3) if k != axis]
            # Undersides are not looked at.
            if normal[2] > -0.5 or part.name == "ceiling":
                middle = np.asarray(part.position) + normal * half[axis]
                faces.append((middle, normal, part.frame[:, others].T, half[others]))
    return faces
