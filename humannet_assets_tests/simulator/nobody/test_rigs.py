"""Cameras nobody wears: smooth, level, and without the step frequency of a walk."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from humannet_assets.simulator.nobody.rigs import Rig, Speeds, Suspension, driving, fixed, fly, orbit, pan, slide, vacuum
from humannet_assets.simulator.wearer.walking import Walk

EYE, TARGET = np.array([0.0, 0.0, 1.5]), np.array([0.5, 4.0, 0.8])
ROUTE = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 3.0], [0.0, 3.0]])
TIMES = np.arange(0, 20, 1 / 30)

RIGS: dict[str, Callable[[np.random.Generator], Rig]] = {
    "fixed": lambda rng: fixed(np.eye(4)),
    "pan": lambda rng: pan(rng, EYE, TARGET, 20),
    "slide": lambda rng: slide(rng, EYE, TARGET, 20),
    "push_in": lambda rng: slide(rng, EYE, TARGET, 20, forward=True),
    "fly": lambda rng: fly(rng, lambda s: (np.array([0.0, s, 0.0]), 0.0), height_m=12, speed=5, pitch_rad=-0.5),
    "orbit": lambda rng: orbit(rng, TARGET, radius_m=9, height_m=6),
    "vacuum": lambda rng: vacuum(rng, ROUTE, 20),
}


def poses(rig: Rig) -> np.ndarray:
    return np.array([rig(t) for t in TIMES])


def step_power(heights: np.ndarray) -> float:
    """Height's root mean square in the band of steps, 1.3 to 2.6 Hz, metres."""
    spectrum = np.fft.rfft((heights - heights.mean()) * np.hanning(len(heights)))
    rates = np.fft.rfftfreq(len(heights), TIMES[1])
    band = (rates > 1.3) & (rates < 2.6)
    return float(np.sqrt(np.sum(np.abs(spectrum[band]) ** 2)) / len(heights) * 2)


@pytest.mark.parametrize("name", RIGS)
@pytest.mark.parametrize("seed", [0, 1])
def test_poses_are_rotations_that_move_smoothly(name: str, seed: int) -> None:
    found = poses(RIGS[name](np.random.default_rng(seed)))
    again = poses(RIGS[name](np.random.default_rng(seed)))
    assert np.array_equal(found, again)
    turns = found[:, :3, :3]
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3), atol=1e-9)
    # Less than 12 degrees and 0.4 m from frame to frame at 30 Hz: nothing jumps.
    cosines = (np.einsum("nij,nij->n", turns[1:], turns[:-1]) - 1) / 2
    assert np.degrees(np.arccos(np.clip(cosines, -1, 1))).max() < 12
    assert np.linalg.norm(np.diff(found[:, :3, 3], axis=0), axis=1).max() < 0.4


@pytest.mark.parametrize("name", [name for name in RIGS if name != "fixed"])
def test_no_rig_steps_like_a_walker(name: str) -> None:
    walk = Walk(np.random.default_rng(0), np.array([[0.0, 0.0], [0.0, 40.0]]), 20.0)
    walker = step_power(np.array([walk.camera(t)[2, 3] for t in TIMES]))
    assert walker > 0.004
    for seed in range(3):
        assert step_power(poses(RIGS[name](np.random.default_rng(seed)))[:, 2, 3]) < walker / 6


@pytest.mark.parametrize("name", [name for name in RIGS if name != "fixed"])
def test_the_horizon_stays_level(name: str) -> None:
    # The picture's right has no share of up.
    assert np.abs(poses(RIGS[name](np.random.default_rng(2)))[:, 2, 0]).max() < 1e-6


def test_a_pan_turns_without_moving_and_a_slide_moves() -> None:
    turning, sliding = poses(RIGS["pan"](np.random.default_rng(0))), poses(RIGS["slide"](np.random.default_rng(0)))
    assert np.ptp(turning[:, :3, 3], axis=0).max() == 0
    headings = np.degrees(np.arctan2(-turning[:, 0, 2], turning[:, 1, 2]))
    assert 15 < np.ptp(headings) < 60
    assert 0.5 < np.linalg.norm(np.ptp(sliding[:, :3, 3], axis=0)) < 1.5


def test_a_vacuum_keeps_to_its_route_and_near_the_floor() -> None:
    found = poses(RIGS["vacuum"](np.random.default_rng(1)))
    assert np.abs(found[:, 2, 3] - 0.09).max() < 0.001
    x, y = found[:, 0, 3], found[:, 1, 3]
    to_route = np.min([np.hypot(x - px, y - py) for px, py in _dense(ROUTE)], axis=0)
    assert to_route.max() < 0.3
    # It turns on the spot: where it turns fast it does not go anywhere.
    headings = np.unwrap(np.arctan2(-found[:, 0, 2], found[:, 1, 2]))
    spin, pace = np.abs(np.gradient(headings, TIMES)), np.hypot(np.gradient(x, TIMES), np.gradient(y, TIMES))
    assert (spin > 0.5).any()
    assert pace[spin > 0.5].max() < 0.1


def _dense(route: np.ndarray) -> np.ndarray:
    return np.concatenate([a + np.linspace(0, 1, 40)[:, None] * (b - a) for a, b in pairwise(route)])


def test_distance_is_the_integral_of_speed() -> None:
    speeds = Speeds([(0.0, 2.0), (2.0, 6.0), (5.0, 0.0), (6.0, 0.0)])
    assert speeds.distance(2.0) == pytest.approx(8.0)
    assert speeds.distance(6.0) == pytest.approx(17.0)
    assert speeds.distance(1.0) == pytest.approx(3.0)
    assert speeds.at(3.5) == pytest.approx(3.0)
    times = np.linspace(0, 7, 400)
    travelled = [speeds.distance(t) for t in times]
    assert np.gradient(travelled, times)[5:-5] == pytest.approx([speeds.at(t) for t in times][5:-5], abs=0.06)
    car = driving(np.random.default_rng(3), 60, 12)
    assert (np.diff([car.distance(t) for t in np.arange(0, 60, 0.1)]) >= 0).all()


def test_a_standing_car_does_not_shake() -> None:
    springs = Suspension(np.random.default_rng(0))
    assert np.abs([springs.at(t, 0.0) for t in TIMES]).max() == 0
    driven = np.array([springs.at(t, 12.0) for t in TIMES])
    assert 0.001 < np.abs(driven[:, 0]).max() < 0.01
    assert np.degrees(np.abs(driven[:, 1:])).max() < 0.5
