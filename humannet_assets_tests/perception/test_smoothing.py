import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import savgol_filter
from scipy.spatial.transform import Rotation

from humannet_assets.perception import smoothing

coefficients = st.lists(st.floats(-3, 3), min_size=4, max_size=4)
gaps = st.lists(st.floats(0.02, 0.3), min_size=5, max_size=40)


def test_equals_savitzky_golay_on_even_times():
    times = np.arange(60) / 30
    values = np.random.default_rng(0).normal(size=(60, 2))
    smoothed, slope = smoothing.local_polynomial(times, values, 11 / 30, 3)
    assert np.allclose(smoothed, savgol_filter(values, 11, 3, axis=0, mode="interp"))
    assert np.allclose(slope, savgol_filter(values, 11, 3, deriv=1, delta=1 / 30, axis=0, mode="interp"))


@given(coefficients, gaps)
@settings(max_examples=50, deadline=None)
def test_cubics_and_their_slopes_pass_unchanged_at_any_sampling(cubic, steps):
    times = np.cumsum(steps)
    polynomial = np.polynomial.Polynomial(cubic)
    smoothed, slope = smoothing.local_polynomial(times, polynomial(times)[:, None], 11 / 30, 3)
    scale = 1 + np.abs(polynomial(times)).max()
    assert np.allclose(smoothed[:, 0], polynomial(times), atol=1e-7 * scale)
    assert np.allclose(slope[:, 0], polynomial.deriv()(times), atol=1e-4 * scale)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_short_tracks_come_through_finite(count):
    times, values = np.arange(count) / 10, np.ones((count, 3))
    smoothed, slope = smoothing.local_polynomial(times, values, 11 / 30, 3)
    assert np.allclose(smoothed, 1)
    assert np.allclose(slope, 0)


def test_window_follows_the_sampling_rate():
    assert smoothing.window_samples(np.arange(90) / 30, 11 / 30, 3) == 11
    assert smoothing.window_samples(np.arange(90) / 60, 11 / 30, 3) == 23
    assert smoothing.window_samples(np.arange(90) / 10, 11 / 30, 3) == 5


def test_gaps_are_bridged_in_time_and_ends_held():
    times = np.array([0.0, 1.0, 3.0, 4.0, 5.0])
    values = np.array([np.nan, 10.0, np.nan, 40.0, np.nan])[:, None]
    filled = smoothing.interpolate_gaps(times, values, np.isfinite(values[:, 0]))
    assert filled[:, 0].tolist() == [10.0, 10.0, 30.0, 40.0, 40.0]
    assert (smoothing.interpolate_gaps(times, values, np.zeros(5, bool)) == 0).all()


def test_a_spike_is_an_outlier_and_its_neighbours_are_not():
    times = np.arange(20) / 10
    positions = np.stack([times * 0.1, np.zeros(20)], axis=1)
    positions[7] += 1.0
    outliers = smoothing.speed_outliers(times, positions, np.ones(20, bool), 5, 1.5)
    assert np.flatnonzero(outliers).tolist() == [7]


def test_a_spike_at_either_end_is_an_outlier():
    times = np.arange(20) / 10
    positions = np.zeros((20, 2))
    positions[[0, -1]] = 1.0
    outliers = smoothing.speed_outliers(times, positions, np.ones(20, bool), 5, 1.5)
    assert np.flatnonzero(outliers).tolist() == [0, 19]


def test_a_reach_of_a_resting_hand_is_no_outlier():
    times = np.arange(40) / 10
    positions = np.zeros((40, 1))
    positions[20:24, 0] = [0.1, 0.2, 0.3, 0.4]
    positions[24:] = 0.4
    assert not smoothing.speed_outliers(times, positions, np.ones(40, bool), 5, 1.5).any()
    assert smoothing.speed_outliers(times, positions, np.ones(40, bool), 5, 0.0).any()


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_smoothed_rotations_are_rotations_and_constants_stay(seed):
    times = np.arange(15) / 10
    noisy = Rotation.random(15, rng=seed).as_matrix()
    smooth = smoothing.smooth_rotations(times, noisy, 0.5)
    assert np.allclose(smooth @ smooth.swapaxes(1, 2), np.eye(3), atol=1e-9)
    assert np.allclose(np.linalg.det(smooth), 1)
    constant = np.repeat(noisy[:1], 15, axis=0)
    assert np.allclose(smoothing.smooth_rotations(times, constant, 0.5), constant)


def test_rotations_are_interpolated_on_the_arc():
    ends = Rotation.from_rotvec([[0, 0, 0], [0, 0, 1.0]]).as_matrix()
    between = smoothing.interpolate_rotations(np.array([0.0, 2.0]), ends, np.array([-1.0, 0.5, 9.0]))
    assert np.allclose(Rotation.from_matrix(between).as_rotvec()[:, 2], [0, 0.25, 1.0])
