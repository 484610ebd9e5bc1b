"""Roads without end: pieces follow the viewer, bends are soft, traffic keeps its lane and its distance."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.simulator.nobody.road import LANE_M, STYLES, Course, Road, Style, wrapped
from humannet_assets.simulator.nobody.traffic import dashcam_shot, drone_shot, traffic, traffic_shot
from humannet_assets.simulator.shots import Shot


class Recorder:
    """Stands in for a world: remembers where parts are put."""

    def __init__(self) -> None:
        self.at: dict[str, np.ndarray] = {}

    def place(self, name: str, position: np.ndarray, frame: np.ndarray | None = None) -> None:
        self.at[name] = np.asarray(position, float)

    def set_brightness(self, factor: np.ndarray) -> None:
        self.brightness = factor


def test_a_course_is_as_long_as_it_says_and_bends_softly() -> None:
    for seed in range(4):
        course = Course(np.random.default_rng(seed), 600)
        points = np.array([course.at(s)[0] for s in np.arange(0, 600, 1.0)])
        assert np.linalg.norm(np.diff(points, axis=0), axis=1) == pytest.approx(1.0, abs=0.01)
        headings = np.array([course.at(s)[1] for s in np.arange(0, 600, 1.0)])
        assert np.abs(np.diff(headings)).max() <= 1 / 60 + 1e-9
        way = np.diff(points, axis=0)
        assert np.arctan2(-way[:, 0], way[:, 1]) == pytest.approx(headings[:-1], abs=0.01)
        assert np.ptp(headings) > 0.1
    straight = Course(np.random.default_rng(0), 100, straight=True)
    assert straight.at(80.0)[0] == pytest.approx((0, 80, 0))
    assert straight.at(-5.0)[0] == pytest.approx((0, -5, 0))


@pytest.mark.parametrize("style", STYLES)
def test_pieces_are_always_around_the_viewer(style: Style) -> None:
    road = Road(np.random.default_rng(1), style, Course(np.random.default_rng(1), 1000))
    for at in (0.0, 137.0, 555.0):
        world = Recorder()
        road.place(world, at)  # pyright: ignore[reportArgumentType]
        surface = [position for name, position in world.at.items() if name.startswith("road_")]
        here = road.course.at(at)[0]
        ahead = sorted(float(np.linalg.norm(position - here)) for position in surface)
        assert len(surface) == 11
        assert ahead[0] <= 5.1
        assert 70 < ahead[-1] < road.period_m


def test_what_lies_still_does_not_move_while_the_viewer_does() -> None:
    road = Road(np.random.default_rng(2), "suburb", Course(np.random.default_rng(2), 500))
    worlds = [Recorder(), Recorder()]
    for world, at in zip(worlds, (100.0, 101.0), strict=True):
        road.place(world, at)  # pyright: ignore[reportArgumentType]
    moved = [name for name in worlds[0].at if not np.allclose(worlds[0].at[name], worlds[1].at[name])]
    pieces = {name.rsplit("_", 1)[1] for name in moved if not name.startswith(("ground", "parked"))}
    assert len(pieces) <= 1  # the one that went from behind to ahead
    step = worlds[1].at["ground"] - worlds[0].at["ground"]
    assert np.allclose(step / 4, np.round(step / 4))


def test_vehicles_keep_their_lane_and_their_distance() -> None:
    rng = np.random.default_rng(4)
    road = Road(rng, "town", Course(rng, 200, straight=True), parked=0)
    flow = traffic(rng, road, 60.0)
    for time_s in np.arange(0, 60, 1.7):
        world = Recorder()
        flow(world, float(time_s))  # pyright: ignore[reportArgumentType]
        for lane, side in (("there", 1.0), ("back", -1.0)):
            bodies = np.array(
                [position for name, position in world.at.items() if name.startswith(lane) and name.endswith("_0")]
            )
            assert len(bodies) >= 3
            assert np.abs(bodies[:, 0] - side * LANE_M / 2).max() < 0.3
            along = np.sort(bodies[:, 1])
            assert np.diff(along).min() > 12  # the longest is 11.8 m


def test_nothing_stands_before_a_camera_at_the_roadside() -> None:
    for seed in range(3):
        road = Road(np.random.default_rng(seed), "town", Course(np.random.default_rng(seed), 200, straight=True), free_side=1.0)
        world = Recorder()
        road.place(world, 0.0)  # pyright: ignore[reportArgumentType]
        near = [at for name, at in world.at.items() if name.startswith(("crown", "parked")) and at[0] > 0 and abs(at[1]) < 20]
        assert not near


def test_wrapped_stays_in_its_period() -> None:
    values = np.linspace(-500, 500, 97)
    found = np.array([wrapped(float(value), 30.0, 110.0) for value in values])
    assert ((found >= 30) & (found < 140)).all()
    assert np.allclose((found - values) / 110, np.round((found - values) / 110))


@pytest.mark.parametrize("make", [dashcam_shot, drone_shot, traffic_shot])
def test_shots_are_the_same_again_and_endless(make: object) -> None:
    shots: list[Shot] = [make(np.random.default_rng(5), duration_s=120.0) for _ in range(2)]  # pyright: ignore[reportCallIssue]
    for time_s in (0.0, 59.0, 119.0):
        worlds = [Recorder(), Recorder()]
        states = [shot.animate(world, time_s) for shot, world in zip(shots, worlds, strict=True)]  # pyright: ignore[reportArgumentType]
        assert np.array_equal(states[0].camera, states[1].camera)
        assert all(np.array_equal(worlds[0].at[name], worlds[1].at[name]) for name in worlds[0].at)
        eye = states[0].camera[:3, 3]
        surface = [at for name, at in worlds[0].at.items() if name.startswith("road_")]
        assert min(float(np.linalg.norm((at - eye)[:2])) for at in surface) < 12
