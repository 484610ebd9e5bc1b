"""Travel from the flow of a made-up street: what walks, drives, rolls, flies and pans."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from humannet_assets.perception.clip_signals import ClipSignalsConfig
from humannet_assets.perception.egomotion import OnFoot, Travel, measure_travel, summarise_travel
from humannet_assets.perception.pinhole import Pinhole

Floats = npt.NDArray[np.float64]
WIDTH, HEIGHT, STEP_S = 320, 240, 1 / 6
_DEFAULTS = ClipSignalsConfig()
ON_FOOT = OnFoot(_DEFAULTS.foot_slow, _DEFAULTS.foot_fast, _DEFAULTS.foot_aside_deg, _DEFAULTS.foot_tilt_deg)


def _street(rng: np.random.Generator, eye_m: float) -> Floats:
    """Points (n, 3) all around of the ground and of what stands on it; x right, y down, z ahead, eye at 0.

    Even over the directions of gaze, as corners are picked evenly over the picture.
    """
    around, below = rng.uniform(0, 2 * math.pi, 2000), rng.uniform(math.radians(3), math.radians(60), 2000)
    away = eye_m / np.tan(below)
    down = np.full(2000, eye_m)
    # Every third one stands on the ground instead: nearer, at any height.
    away[::3] = rng.uniform(3, 12, len(away[::3])) * eye_m
    down[::3] = rng.uniform(-1, 1, len(down[::3])) * eye_m
    return np.column_stack([away * np.sin(around), down, away * np.cos(around)])


def _turn(pitch_deg: float, yaw_deg: float) -> Floats:
    """Camera <- street: looking up by pitch, to the right by yaw."""
    p, y = math.radians(pitch_deg), math.radians(yaw_deg)
    nod = np.array([[1, 0, 0], [0, math.cos(p), math.sin(p)], [0, -math.sin(p), math.cos(p)]])
    return nod @ np.array([[math.cos(y), 0, -math.sin(y)], [0, 1, 0], [math.sin(y), 0, math.cos(y)]])


def travel(
    *,
    eye_m: float = 1.6,
    speed: float = 1.3,
    aside_deg: float = 0.0,
    pitch_deg: float = -6.0,
    yaw_deg_s: float = 0.0,
    seed: int = 0,
) -> Travel:
    """Two frames of a camera that goes along z at `speed` m/s and looks `aside_deg` off its way."""
    rng = np.random.default_rng(seed)
    points, camera = _street(rng, eye_m), Pinhole.assumed(WIDTH, HEIGHT)
    frames = []
    for half in (-0.5, 0.5):
        pose = _turn(pitch_deg, -aside_deg + half * STEP_S * yaw_deg_s)
        frames.append((points - (0, 0, half * STEP_S * speed)) @ pose.T)
    ahead = (frames[0][:, 2] > 0.3 * eye_m) & (frames[1][:, 2] > 0.3 * eye_m)
    start, end = (camera.project(frame[ahead]) for frame in frames)
    inside = ((start > 0) & (start < (WIDTH, HEIGHT)) & (end > 0) & (end < (WIDTH, HEIGHT))).all(axis=1)
    start, end = start[inside][:150], end[inside][:150]
    end = end + rng.normal(0, 0.2, end.shape)
    # A few corners lie on somebody who passes.
    end[:8] += (9.0, -2.0)
    found = measure_travel(start, end, STEP_S, WIDTH, HEIGHT)
    assert found is not None
    return found


def test_pace_direction_and_turn_of_a_walk() -> None:
    for seed in range(4):
        found = travel(aside_deg=15, pitch_deg=-10, yaw_deg_s=20, seed=seed)
        assert found.pace == pytest.approx(1.3 / 1.6, rel=0.25)
        assert found.aside_deg == pytest.approx(15, abs=3)
        assert found.tilt_deg == pytest.approx(-10, abs=3)
        assert abs(found.turn[1]) == pytest.approx(20, abs=3)


CARRIERS = {
    "walker": ({}, True),
    "stroller who looks aside": ({"speed": 1.0, "aside_deg": 40}, True),
    "runner": ({"speed": 3.0}, True),
    "walker who looks back": ({"aside_deg": 170}, False),
    "car": ({"eye_m": 1.3, "speed": 9.0, "pitch_deg": -3}, False),
    "robot vacuum": ({"eye_m": 0.09, "speed": 0.32, "pitch_deg": 4}, False),
    "drone": ({"eye_m": 15, "speed": 6, "pitch_deg": -35}, False),
    "drone that circles": ({"eye_m": 7, "speed": 3, "aside_deg": 90, "yaw_deg_s": 20}, False),
    "slider": ({"eye_m": 1.4, "speed": 0.15}, False),
    "tripod": ({"speed": 0.0, "yaw_deg_s": 12}, False),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_who_carries_the_camera(carrier: str) -> None:
    motion, on_foot = CARRIERS[carrier]
    summary = summarise_travel([travel(**motion, seed=seed) for seed in range(4)], ON_FOOT)
    assert summary.on_foot > 0.8 if on_foot else summary.on_foot < 0.2, summary


def test_a_head_that_looks_around_changes_its_turn_and_a_circling_drone_does_not() -> None:
    head = [travel(yaw_deg_s=rate, seed=seed) for seed, rate in enumerate((0, 30, -20, 5, 40))]
    drone = [travel(eye_m=7, speed=3, aside_deg=90, yaw_deg_s=20, seed=seed) for seed in range(5)]
    assert summarise_travel(head, ON_FOOT).turn_change > 15
    assert summarise_travel(drone, ON_FOOT).turn_change < 3


def test_without_corners_or_pairs_nothing_is_said() -> None:
    assert measure_travel(np.zeros((5, 2)), np.zeros((5, 2)), STEP_S, WIDTH, HEIGHT) is None
    nothing = summarise_travel([], ON_FOOT)
    assert math.isnan(nothing.on_foot)
    assert math.isnan(nothing.turn_change)
