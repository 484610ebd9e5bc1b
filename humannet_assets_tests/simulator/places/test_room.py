"""Rooms give every piece of furniture its own floor and wall, and frames are as a viewer sees them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from humannet_assets.simulator.places.draft import begin
from humannet_assets.simulator.places.room import WALLS, NoRoomError, Room, WallName, draw_mood
from humannet_assets.simulator.places.stand import Stand


def room(seed: int = 0, size: tuple[float, float, float] = (4.0, 5.0, 2.6)) -> Room:
    rng = np.random.default_rng(seed)
    builder, palette = begin(rng)
    return Room(builder, palette, rng, size, draw_mood(rng))


@pytest.mark.parametrize("wall", WALLS)
def test_walls_are_seen_from_inside_with_right_on_the_right(wall: WallName) -> None:
    here = room()
    foot, right, inside = (here.wall(wall, u, "probe").point(0, y) for u, y in ((0.0, 0.0), (1.0, 0.0), (0.0, -1.0)))
    assert np.linalg.norm(inside) < np.linalg.norm(foot)
    # Up is right x away, as everywhere.
    np.testing.assert_allclose(np.cross(right - foot, foot - inside), (0, 0, 1), atol=1e-9)
    assert here.along(wall, here.wall(wall, 0.7, "probe")) == pytest.approx(0.7)


def test_things_along_walls_do_not_overlap_and_keep_their_fronts_free() -> None:
    here = room()
    taken = []
    for wall in WALLS * 6:
        stand = here.against(wall, "chest", 0.9, 0.5, 1.0, front_m=0.6)
        if stand is not None:
            a, b = stand.point(-0.45, -0.5), stand.point(0.45, 0)
            front = stand.point(-0.45, -1.1), stand.point(0.45, 0)
            taken.append((np.minimum(a, b), np.maximum(a, b), np.minimum(*front), np.maximum(*front)))
    assert 5 <= len(taken) < 24
    for i, (low, high, _, _) in enumerate(taken):
        for j, (_, _, front_low, front_high) in enumerate(taken):
            if i != j:
                assert np.any(low[:2] >= front_high[:2] - 1e-6) or np.any(high[:2] <= front_low[:2] + 1e-6)


def test_pictures_hang_above_chests_but_not_across_windows() -> None:
    here = room()
    assert here.against("north", "chest", 1.0, 0.5, 0.9, u=0.0) is not None
    assert here.against("north", "window", 1.0, 0.0, 2.2, base=1.0, u=0.0) is not None
    assert here.against("north", "picture", 1.0, 0.0, 2.0, base=1.2, u=0.3) is None
    assert here.against("north", "picture", 0.8, 0.0, 2.0, base=1.2, u=1.2) is not None


def test_what_is_needed_and_finds_no_place_gives_the_layout_up() -> None:
    here = room(size=(2.0, 2.0, 2.5))
    assert here.amid("table", (1.5, 1.5), 0, 0) is not None
    with pytest.raises(NoRoomError):
        here.need(here.against("east", "bed", 1.8, 1.0, 1.0))


def test_the_lamp_keeps_clear_of_pendants() -> None:
    here = room()
    here.hanging.append((0.2, 0.0))
    here.light((0.3, 0.0))
    lamp = here.builder.lights[0]
    assert lamp.shadow
    assert math.dist(lamp.position[:2], (0.2, 0.0)) == pytest.approx(0.9)


def test_stands_turn_what_is_in_them() -> None:
    builder, palette = begin(np.random.default_rng(0))
    stand = Stand(builder, "shelf", (1.0, 2.0, 0.0), math.pi / 2)
    stand.box("book", (0.5, -0.2, 1.0), (0.2, 0.4, 0.6), palette.paint((1, 0, 0)))
    stand.sheet("label", (0, -0.3, 1.0), 1.0, 0.5, palette.paint((0, 1, 0)))
    book, label = builder.parts
    np.testing.assert_allclose(book.position, (1.2, 2.5, 1.0))
    assert book.size == (0.1, 0.2, 0.3)
    assert book.instance == label.instance == "shelf"
    # A viewer before a wall of heading 90 degrees looks along -x; the label faces them.
    np.testing.assert_allclose(label.frame[:, 2], (1, 0, 0), atol=1e-9)
    station = stand.station("work", "shelf", 0.0, -0.5, 0.9)
    np.testing.assert_allclose(station.origin, (1.6, 2.0), atol=1e-9)
