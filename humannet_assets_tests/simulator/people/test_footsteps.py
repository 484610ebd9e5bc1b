"""Feet that stand do not slide; walks arrive where they are to, and rest outside of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from humannet_assets.simulator.people.build import build_of
from humannet_assets.simulator.people.footsteps import Footsteps, Polyline
from humannet_assets.simulator.people.skeleton import BALL, HEEL, SIDES, ankle_of

BUILD = build_of(1.72)
STEP_S = 1 / 120


def soles(steps: Footsteps, times: np.ndarray) -> dict[str, np.ndarray]:
    """Ball and heel of each foot over time (n, 3)."""
    points: dict[str, list[np.ndarray]] = {}
    for time in times:
        for side in SIDES:
            ankle, axes = ankle_of(BUILD, steps.foot(side, time))
            for name, y in (("ball", BALL), ("heel", -HEEL)):
                points.setdefault(f"{side}_{name}", []).append(ankle + axes @ (0.0, y * BUILD.foot, -BUILD.ankle))
    return {name: np.array(values) for name, values in points.items()}


def walk(points: list[tuple[float, float]], heading: float | None) -> tuple[Footsteps, float]:
    steps = Footsteps(BUILD, (0.0, 0.0), 0.3)
    return steps, steps.walk(0.5, points, heading)


@pytest.mark.parametrize("points", [[(0.0, 3.0)], [(1.5, 1.0), (1.0, 3.0)], [(-0.4, 0.1)], [(0.0, -2.0)]])
def test_what_touches_the_floor_stays_where_it_is(points: list[tuple[float, float]]) -> None:
    steps, end = walk(points, 2.0)
    touching = 0
    for path in soles(steps, np.arange(0, end + 0.5, STEP_S)).values():
        assert path[:, 2].min() > -1e-9
        down = (path[1:, 2] < 5e-4) & (path[:-1, 2] < 5e-4)
        speed = np.linalg.norm(np.diff(path[:, :2], axis=0), axis=1) / STEP_S
        touching += int(down.sum())
        assert speed[down].max() < 0.02
    assert touching > 100


def test_one_foot_is_always_on_the_floor_in_a_walk_and_none_in_a_hop() -> None:
    steps, end = walk([(0.0, 3.0)], None)
    both = np.array([[steps.foot(side, time).lift for side in SIDES] for time in np.arange(0, end, STEP_S)])
    assert np.all(both.min(axis=1) == 0)
    assert both.max() > 0.03
    hop = Footsteps(BUILD, (0.0, 0.0), 0.0)
    finish = hop.hop(0.2, 0.3, 0.25)
    middle = [hop.foot(side, 0.35).lift for side in SIDES]
    assert min(middle) > 0.05
    assert hop.foot("right", finish).x == pytest.approx(0.25)


@pytest.mark.parametrize("heading", [0.0, 1.5, -2.8, 3.1])
def test_walks_arrive_and_face_where_they_should(heading: float) -> None:
    steps, end = walk([(1.0, 2.0), (-1.0, 2.5)], heading)
    x, y, facing = steps.root(end + 1)
    assert (x, y) == pytest.approx((-1.0, 2.5), abs=0.02)
    assert math.cos(facing - heading) == pytest.approx(1.0, abs=1e-3)
    assert steps.here == pytest.approx((x, y, facing))


def test_the_body_is_at_rest_before_and_after() -> None:
    steps, end = walk([(0.0, 2.5)], 1.0)
    for time in (0.3, 0.5, end, end + 0.2):
        a, b = np.array(steps.root(time - 0.005)), np.array(steps.root(time + 0.005))
        assert np.linalg.norm(b - a) / 0.01 < 0.03
    middle = np.array([steps.root(t) for t in np.arange(1.2, end - 1.0, 0.05)])
    assert np.linalg.norm(np.diff(middle[:, :2], axis=0), axis=1).max() / 0.05 < 2.0


def test_children_take_shorter_and_quicker_steps() -> None:
    def of(height: float) -> tuple[int, float]:
        steps = Footsteps(build_of(height), (0.0, 0.0), 0.0)
        end = steps.walk(0.0, [(0.0, 4.0)], None)
        return len(steps.steps), end / len(steps.steps)

    assert of(1.2)[0] > of(1.8)[0]
    assert of(1.2)[1] < of(1.8)[1]


def test_corners_are_cut_but_ends_are_kept() -> None:
    way = Polyline([(0.0, 0.0), (2.0, 0.0), (2.0, 2.0)])
    assert way.length == pytest.approx(4.0)
    assert way.point(0.0) == pytest.approx((0.0, 0.0))
    assert way.point(4.0) == pytest.approx((2.0, 2.0))
    x, y = way.point(2.0)
    assert x < 1.95
    assert y > 0.05
    assert way.heading(0.1) == pytest.approx(-math.pi / 2)
