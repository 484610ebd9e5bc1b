"""The survey measures what is there: distances, lines of sight, ways around things."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from humannet_assets.simulator.places.draft import Draft, begin, finish
from humannet_assets.simulator.places.place import Station
from humannet_assets.simulator.places.room import NoRoomError
from humannet_assets.simulator.places.survey import WALK_M, Survey
from humannet_assets.simulator.world import SceneBuilder

FLOOR = (-3.0, -3.0, 3.0, 3.0)


def scene(*boxes: tuple[tuple[float, float, float], tuple[float, float, float]]) -> SceneBuilder:
    """Boxes with these middles and half sizes between walls of boxes around a floor of 6 x 6 m."""
    builder = SceneBuilder()
    grey = builder.color("grey", (0.5, 0.5, 0.5))
    builder.add("floor", "plane", (3, 3, 1), grey)
    for i, (x, y, wide, deep) in enumerate(((0, 3.1, 3.2, 0.1), (0, -3.1, 3.2, 0.1), (3.1, 0, 0.1, 3), (-3.1, 0, 0.1, 3))):
        builder.add(f"wall{i}", "box", (wide, deep, 1.5), grey, (x, y, 1.5))
    for i, (middle, half) in enumerate(boxes):
        builder.add(f"box{i}", "box", half, grey, middle)
    return builder


def survey(builder: SceneBuilder, seed: int = 0) -> Survey:
    return Survey(builder, [FLOOR], np.random.default_rng(seed))


def test_clearance_is_the_distance_to_the_nearest_side() -> None:
    measured = survey(scene(((0, 0, 0.5), (0.5, 0.5, 0.5))))
    points = np.array([(1.5, 0.0), (1.5, 1.5), (0.0, 0.0), (2.9, 0.0), (9.0, 0.0)])
    np.testing.assert_allclose(measured.clearance(points), [1.0, math.sqrt(2), 0, 0.1, 0], atol=1e-9)


def test_rugs_and_lamps_are_no_obstacles() -> None:
    measured = survey(scene(((1, 0, 0.005), (0.5, 0.5, 0.005)), ((-1, 0, 2.2), (0.5, 0.5, 0.1))))
    assert np.all(measured.clearance(np.array([(1.0, 0.0), (-1.0, 0.0)])) > 1.9)


def test_sight_ends_at_things_turned_any_way() -> None:
    builder = scene()
    turned = np.array([[math.cos(0.7), -math.sin(0.7), 0], [math.sin(0.7), math.cos(0.7), 0], [0, 0, 1.0]])
    builder.add("board", "box", (0.8, 0.02, 0.5), "grey", (0, 0, 1), frame=turned)
    measured = survey(builder)
    eye, ends = np.array([-2.0, 2.0, 1.0]), np.array([(2.0, -2.0, 1.0), (2.0, -2.0, 3.0), (-2.0, -2.0, 1.0), (-2.0, 2.0, 0.2)])
    assert measured.free(eye, ends).tolist() == [False, True, True, True]


def test_routes_lead_around_what_stands_there() -> None:
    measured = survey(scene(((0, 0.6, 0.5), (0.2, 2.4, 0.5))))
    route = measured.route([(-2.0, 2.0), (2.0, 2.0)])
    lengths = np.linalg.norm(np.diff(route, axis=0), axis=1)
    assert lengths.sum() > 7.5
    for a, b in pairwise(route):
        assert measured.clearance(a + np.linspace(0, 1, 60)[:, None] * (b - a)).min() >= WALK_M - 0.011


def test_closed_ways_and_far_places_are_refused() -> None:
    measured = survey(scene(((0, 0, 0.5), (0.2, 3.0, 0.5))))
    with pytest.raises(NoRoomError, match="blocked"):
        measured.route([(-2.0, 0.0), (2.0, 0.0)])
    with pytest.raises(NoRoomError, match="nobody gets near"):
        measured.nearest((8.0, 0.0))


def test_people_are_filmed_where_two_tripods_and_a_post_see_them() -> None:
    measured = survey(scene(((0, 1.5, 0.7), (0.1, 1.4, 0.7))))
    spots, tripods, above = measured.stage([(-2.8, -2.8, 2.5), (2.8, 2.8, 2.5)])
    assert len(spots) >= 3
    assert len(tripods) == 2
    assert above
    for spot in spots:
        assert measured.clearance(np.array([spot.position]))[0] >= 0.6


def test_a_full_room_has_no_stage() -> None:
    measured = survey(scene(*(((x, y, 1.0), (0.4, 0.4, 1.0)) for x in (-2, -0.8, 0.4, 1.6) for y in (-2, -0.8, 0.4, 1.6))))
    with pytest.raises(NoRoomError):
        measured.stage([(2.8, 2.8, 2.5)])


@pytest.mark.parametrize(("middle", "message"), [((0.1, 0.6, 0.9), "in the way"), ((0.0, -0.3, 1.3), "between")])
def test_stations_that_are_in_the_way_give_a_draft_up(middle: tuple[float, float, float], message: str) -> None:
    rng = np.random.default_rng(0)
    _, palette = begin(rng)
    half = (0.05, 0.05, 0.05) if message == "in the way" else (0.5, 0.02, 0.4)
    builder = scene(((0, 0.7, 0.35), (0.8, 0.5, 0.35)), (middle, half))
    draft = Draft(
        builder, palette, [FLOOR], [(2.8, -2.8, 2.5)], [Station("desk", "desk", (0, 0.1), 0.0, 0.7)], least_stations=1
    )
    with pytest.raises(NoRoomError, match=message):
        finish(draft, "test/0", "home", rng)
