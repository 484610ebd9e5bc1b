from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from humannet_assets.geometry import motion

LIMITS = {"window_s": 0.5, "min_s": 8 / 30, "max_s": 10.0, "idle_speed": 0.03, "max_dip": 0.5}
speeds = st.lists(st.floats(0, 1), min_size=0, max_size=80)


@given(speeds, st.sampled_from([5.0, 10.0, 29.97]), st.sampled_from([1.0, 10.0]))
@settings(max_examples=100, deadline=None)
def test_pieces_tile_the_track_within_the_length_limits(values, rate_hz, max_s):
    times = np.arange(len(values)) / rate_hz
    pieces = motion.cut(times, np.array(values), **{**LIMITS, "max_s": max_s})
    if len(values) < 2:
        assert pieces == []
        return
    assert pieces[0][0] == 0
    assert pieces[-1][1] == len(values) - 1
    assert all(before[1] == after[0] for before, after in pairwise(pieces))
    lengths = [times[b] - times[a] for a, b in pieces]
    assert all(0 < length <= max_s + 1 / rate_hz for length in lengths)
    # Only a track shorter than the minimum, or a split of a long piece, may undercut it.
    assert len(pieces) == 1 or min(lengths) >= LIMITS["min_s"] - 1e-9


def test_three_reaches_are_three_segments():
    times = np.arange(61) / 20
    speed = np.abs(np.sin(np.pi * times))  # stands still at every full second
    pieces = motion.cut(times, speed, **LIMITS)
    assert [(times[a], times[b]) for a, b in pieces] == [(0, 1), (1, 2), (2, 3)]


def test_neighbouring_rests_are_one_and_activity_is_not_joined():
    times = np.arange(81) / 20
    speed = np.where(times > 2, np.abs(np.sin(np.pi * times)), 0.01 + 0.005 * np.sin(8 * times))
    pieces = motion.cut(times, speed, **LIMITS)
    assert [round(times[b], 1) for _, b in pieces] == [2.0, 3.0, 4.0]


def test_steps_of_a_walk_and_strokes_of_a_wave_are_one_motion():
    times = np.arange(61) / 10
    walk = np.where((times > 1) & (times < 5), 0.3 + 0.07 * np.cos(2 * np.pi * times / 0.6), 0.01)
    pieces = motion.cut(times, walk, **LIMITS)
    assert [round(times[b], 1) for _, b in pieces] == [1.0, 5.0, 6.0]
    assert len(motion.cut(times, walk, **{**LIMITS, "max_dip": 1.0})) > 6


def test_rest_ends_where_motion_begins_however_slowly():
    times = np.arange(61) / 20
    for noise in (0.0, 0.01):  # the minimum of a rest lies anywhere in it
        speed = np.where(times < 1, 0.01, np.clip(0.5 * (times - 1), 0, 0.5)) + noise * np.sin(9 * times) ** 2
        (rest, move) = motion.cut(times, speed, **LIMITS)
        assert times[rest[1]] == pytest.approx(1.0, abs=0.1)
        assert times[move[1]] == 3.0
    blink = np.where(np.abs(times - 1.5) < 0.06, 0.01, 0.4)  # too short to be a rest, deep enough to be a cut
    assert [times[b] for _, b in motion.cut(times, blink, **LIMITS)] == pytest.approx([1.5, 3.0], abs=0.06)


def test_long_pieces_are_split_evenly():
    times = np.arange(251) / 10
    pieces = motion.cut(times, np.ones(251), **LIMITS)
    assert [round(times[b] - times[a], 1) for a, b in pieces] == [8.4, 8.3, 8.3]


def test_a_minimum_must_be_the_lowest_in_its_window():
    times = np.arange(9) / 10
    assert motion.minima(times, np.array([5, 3, 4, 1, 4, 3, 5, 5, 5.0]), 0.5) == [3]
    assert motion.minima(times, np.array([5, 1, 5, 5, 5, 1, 5, 5, 5.0]), 0.5) == [1, 5]
    assert motion.minima(times, np.array([5, 5, 2, 2, 2, 5, 5, 5, 5.0]), 0.5) == [2]
    assert motion.minima(times, np.ones(9), 0.5) == []


@given(st.tuples(*[st.floats(-0.6, 0.6)] * 3), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_turning_the_head_is_no_hand_motion(turn, seed):
    times = np.arange(20) / 10
    rotvec = np.outer(np.sin(times), turn)
    still = np.random.default_rng(seed).uniform((-0.2, -0.2, 0.3), (0.2, 0.2, 0.6))
    seen = np.einsum("nij,j->ni", Rotation.from_rotvec(rotvec).as_matrix(), still)
    options = {"window_s": 0.5, "depth_weight": 1.0}
    assert np.allclose(motion.wrist_velocity(times, seen, times, rotvec, **options), 0, atol=1e-6)
    uncompensated = motion.wrist_velocity(times, seen, np.zeros(0), np.zeros((0, 3)), **options)
    if np.linalg.norm(turn) > 0.3 and abs(np.dot(turn, still)) < 0.9 * np.linalg.norm(turn) * np.linalg.norm(still):
        assert np.linalg.norm(uncompensated, axis=1).max() > 0.01


def test_motion_along_the_viewing_ray_counts_less():
    times = np.arange(20) / 10
    none = np.zeros(0), np.zeros((0, 3))
    away = np.outer(0.5 + 0.1 * times, [0, 0, 1.0])
    across = np.stack([0.1 * times, np.zeros(20), np.full(20, 50.0)], axis=1)
    for position, expected in ((away, 0.03), (across, 0.1)):
        velocity = motion.wrist_velocity(times, position, *none, window_s=0.5, depth_weight=0.3)
        assert np.linalg.norm(velocity, axis=1) == pytest.approx(expected, rel=1e-3)


def test_body_speed_counts_arms_and_legs_against_the_hips_and_nothing_unseen():
    times = np.arange(10) / 10
    world = np.zeros((10, 33, 3))
    world[:, 13:17, 0] = times[:, None]  # elbows and wrists; shoulders, knees and ankles rest
    visible = np.ones((10, 33))
    options = {"window_s": 0.5, "min_visibility": 0.5}
    assert np.allclose(motion.body_speed(times, world, visible, **options), np.sqrt(4 / 10))
    assert np.allclose(motion.body_speed(times, world + times[:, None, None], visible, **options), np.sqrt(4 / 10))
    visible[:, 25:29] = 0.1
    assert np.allclose(motion.body_speed(times, world, visible, **options), np.sqrt(4 / 6))
    assert (motion.body_speed(times, world, visible * 0.1, **options) == 0).all()


def test_groups_end_at_long_pauses():
    spans = [(3.0, 4.0), (0.0, 1.0), (0.5, 2.0), (2.9, 3.2), (5.5, 6.0)]
    assert motion.group_spans(spans, 1.0) == [[1, 2, 3, 0], [4]]
    assert motion.group_spans(spans, 2.0) == [[1, 2, 3, 0, 4]]
    assert motion.group_spans([], 1.0) == []
