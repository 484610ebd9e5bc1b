"""Pictures repeat, have structure, and cost no more than they must."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pytest

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import fronts, goods, pictures
from humannet_assets.simulator.places.canvas import Canvas
from humannet_assets.simulator.places.draft import begin

ARGUMENTS: dict[str, object] = {
    "color": (0.6, 0.4, 0.3), "ink": (0.9, 0.9, 0.9), "moment": "day", "outlook": "street", "columns": 3, "storeys": 3,
    "brick": True,
}  # fmt: skip
PAINTERS = [
    painter
    for module in (fronts, goods, pictures)
    for name, painter in inspect.getmembers(module, inspect.isfunction)
    if painter.__module__ == module.__name__ and not name.startswith("_")
]
SURFACES = [
    painter
    for name, painter in inspect.getmembers(textures, inspect.isfunction)
    if "size" in inspect.signature(painter).parameters and name != "noise"
]


def drawn(painter: Callable[..., textures.Picture], seed: int) -> textures.Picture:
    parameters = list(inspect.signature(painter).parameters.values())[1:]
    needed = {p.name: ARGUMENTS[p.name] for p in parameters if p.default is inspect.Parameter.empty}
    return painter(np.random.default_rng(seed), **needed)


@pytest.mark.parametrize("painter", PAINTERS, ids=lambda painter: painter.__name__)
def test_pictures_of_things_repeat_differ_and_have_structure(painter: Callable[..., textures.Picture]) -> None:
    first = drawn(painter, 1)
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert max(first.shape) <= 512
    np.testing.assert_array_equal(first, drawn(painter, 1))
    assert any(not np.array_equal(first, drawn(painter, seed)) for seed in (2, 3))
    assert first.std() > 6


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.__name__)
def test_surfaces_can_be_smaller_and_are_never_flat(surface: Callable[..., textures.Picture]) -> None:
    picture = surface(np.random.default_rng(1), size=128)
    assert picture.shape == (128, 128, 3)
    assert picture.std() > 3
    np.testing.assert_array_equal(picture, surface(np.random.default_rng(1), size=128))
    assert surface(np.random.default_rng(1)).shape == (textures.SIZE, textures.SIZE, 3)


@pytest.mark.parametrize("name", ["plaster", "leaves", "asphalt", "grass", "metal", "damask"])
def test_surfaces_meet_at_their_edges(name: str) -> None:
    picture = getattr(textures, name)(np.random.default_rng(0), size=128).astype(float)
    inner = np.abs(np.diff(picture, axis=0)).mean()
    assert np.abs(picture[0] - picture[-1]).mean() < 3 * inner


def test_canvas_draws_where_it_is_told() -> None:
    canvas = Canvas((0, 0, 0), (100, 200))
    canvas.rect(0.25, 0.5, 0.5, 1.0, (1, 0, 0))
    canvas.ellipse(0.75, 0.25, 0.1, 0.2, (0, 1, 0))
    canvas.polygon([(0.0, 0.0), (0.2, 0.0), (0.0, 0.4)], (0, 0, 1))
    canvas.line(0.5, 0.9, 1.0, 0.9, (1, 1, 1), 0.02)
    picture = canvas.picture()
    red, green, blue = (picture[..., i] == 255 for i in range(3))
    assert (red & ~green).sum() == 50 * 50
    assert (green & ~red).sum() == pytest.approx(np.pi * 20 * 20, rel=0.03)
    assert (blue & ~red).sum() == pytest.approx(40 * 40 / 2, rel=0.05)
    assert picture[90, 150].tolist() == [255, 255, 255]


def test_things_beyond_the_edge_are_cut_off() -> None:
    canvas = Canvas((0, 0, 0), (50, 50))
    canvas.ellipse(1.0, 1.0, 0.3, 0.3, (1, 1, 1))
    canvas.polygon([(-0.5, -0.5), (0.2, -0.5), (-0.5, 0.2)], (1, 1, 1))
    canvas.rect(0.9, -0.2, 1.4, 0.1, (1, 1, 1))
    assert canvas.picture().shape == (50, 50, 3)
    assert canvas.picture()[-1, -1, 0] == 255


def test_equal_pictures_of_two_places_are_drawn_once() -> None:
    found = []
    for _ in range(2):
        builder, palette = begin(np.random.default_rng(5))
        name = palette.cover(textures.plaster, (0.8, 0.81, 0.799), period_m=2.0)
        found.append(builder._materials[name])
    assert found[0].texture is found[1].texture
    assert found[0].repeat == (1.0, 1.0)
    assert found[0].uniform
