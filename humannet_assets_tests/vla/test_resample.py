"""Resampling by time: exact on what is linear, on the shortest arc for rotations, unknown where the recording is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from humannet_assets.vla.motion import Motion
from humannet_assets.vla.resample import ResampleConfig, grid, linear, nearest, openings, poses_at, resample


def motion(times_s: np.ndarray, **changes: object) -> Motion:
    """Hands that move and turn at a constant rate, and grips that follow time."""
    count = len(times_s)
    wrist = np.zeros((count, 2, 7))
    wrist[:, :, 0], wrist[:, 1, 1] = times_s[:, None], -times_s
    wrist[:, :, 3:] = Rotation.from_rotvec(np.outer(times_s, [0.0, 0.0, 0.8])).as_quat()[:, None]
    joints = np.full((count, 2, 7), np.nan)
    joints[:, 1, :6] = times_s[:, None]
    values = {"wrist": wrist, "grip": np.tile(times_s[:, None] / 10, (1, 2)), "joints": joints, "camera": wrist[:, 0]}
    return Motion(times_s=times_s, **{**values, **changes})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("rate_hz", [5.0, 10.0, 24.0, 30.0, 50.0, 59.94])
def test_constant_motion_is_exact_at_any_rate(rate_hz: float) -> None:
    found = resample(motion(np.arange(int(4 * rate_hz)) / rate_hz))
    times_s = found.times_s
    assert np.allclose(np.diff(times_s), 1 / 15)
    assert np.allclose(found.wrist[:, 1, :2], np.stack([times_s, -times_s], axis=1), atol=1e-9)
    turned = Rotation.from_quat(found.wrist[:, 0, 3:]) * Rotation.from_rotvec(np.outer(times_s, [0, 0, 0.8])).inv()
    assert np.allclose(turned.magnitude(), 0, atol=1e-7)
    assert np.allclose(found.grip[:, 0], times_s / 10)
    assert np.allclose(found.joints[:, 1, :6], times_s[:, None])
    assert np.isnan(found.joints[:, 0]).all()
    assert found.camera is not None
    assert np.isfinite(found.camera).all()


def test_nothing_before_or_after_the_recording() -> None:
    times_s = 3.0 + np.arange(31) / 30
    wanted = grid(times_s, 15)
    assert wanted[0] == 3.0
    assert wanted[-1] <= times_s[-1] + 1e-4
    assert len(wanted) == 16
    beyond = linear(times_s, times_s, np.array([2.9, 3.0, 4.0, 4.1]), 1.0)
    assert np.isnan(beyond[[0, 3]]).all()
    assert np.allclose(beyond[1:3], [3.0, 4.0])
    assert len(grid(np.zeros(0), 15)) == 0


def test_unknown_stays_unknown_and_no_wider() -> None:
    times_s = np.arange(60) / 30
    there = motion(times_s)
    wrist = there.wrist.copy()
    wrist[20:30, 0] = np.nan
    found = resample(motion(times_s, wrist=wrist))
    # Samples at recorded times stand for themselves: 20/30 s to 29/30 s are gone, 18/30 s and 30/30 s are not.
    assert np.flatnonzero(np.isnan(found.wrist[:, 0, 0])).tolist() == [10, 11, 12, 13, 14]
    assert np.isnan(found.wrist[10:15, 0]).all()
    assert np.isfinite(found.wrist[:, 1]).all()
    assert np.isfinite(found.grip).all()


def test_gaps_are_not_bridged() -> None:
    times_s = np.concatenate([np.arange(30), np.arange(45, 75)]) / 30
    found = resample(motion(times_s))
    missing = found.times_s[np.isnan(found.wrist[:, 0, 0])]
    assert missing.min() > 29 / 30
    assert missing.max() < 1.5
    assert len(missing) == 8
    assert np.isfinite(resample(motion(times_s), ResampleConfig(max_gap_s=0.6)).wrist).all()


@given(seed=st.integers(0, 1000), share=st.floats(0, 1))
def test_rotations_take_the_shortest_arc_whatever_the_sign(seed: int, share: float) -> None:
    first, second = Rotation.random(2, random_state=seed)
    for flip in (1, -1):
        poses = np.zeros((2, 7))
        poses[0, 3:], poses[1, 3:] = first.as_quat(), flip * second.as_quat()
        turned = Rotation.from_quat(poses_at(np.array([0.0, 0.2]), poses, np.array([0.2 * share]), 1.0)[0, 3:])
        whole = (second * first.inv()).magnitude()
        assert (turned * first.inv()).magnitude() == pytest.approx(share * whole, abs=2e-3)
        assert (second * turned.inv()).magnitude() == pytest.approx((1 - share) * whole, abs=2e-3)


def test_commands_to_grippers_snap_and_measurements_glide() -> None:
    times_s = np.arange(10) / 5
    snap = (np.arange(10) >= 5).astype(float)
    glide = np.linspace(0, 1, 10)
    wanted = grid(times_s, 15)
    found = openings(times_s, np.stack([snap, glide], axis=1), wanted, ResampleConfig())
    assert set(np.unique(found[:, 0])) == {0.0, 1.0}
    # It closes at 0.9 s, half way between the frames; a tie would go to the earlier.
    assert wanted[np.argmax(found[:, 0] == 1)] == pytest.approx(14 / 15)
    assert np.allclose(found[:, 1], wanted / times_s[-1])


def test_targets_stay_what_is_reached_next() -> None:
    """Commands of a robot that arrives exactly one recorded frame later: at any rate, the target is the next sample."""
    for rate_hz in (15.0, 30.0, 50.0):
        times_s = np.arange(int(3 * rate_hz)) / rate_hz
        there = motion(times_s)
        ahead = motion(times_s + 1 / rate_hz)
        grips = there.grip[:, :1].repeat(2, axis=1)
        found = resample(
            motion(times_s, joint_target=ahead.joints, wrist_target=ahead.wrist, grip_target=grips + 0.1 / rate_hz)
        )
        assert found.joint_target is not None
        assert found.wrist_target is not None
        assert found.grip_target is not None
        assert np.allclose(found.joint_target[:-2, 1, :6], found.joints[1:-1, 1, :6])
        assert np.allclose(found.wrist_target[:-2], found.wrist[1:-1], atol=1e-9)
        assert np.allclose(found.grip_target[:-2], found.grip[1:-1])


def test_the_last_command_counts() -> None:
    """What was commanded at the last recorded frame is reached one frame later: here exactly at a sample after the end."""
    times_s = np.arange(150) / 50
    there = motion(times_s)
    found = resample(motion(times_s, joint_target=there.joints + 1 / 50))
    assert found.joint_target is not None
    assert found.times_s[-1] + 1 / 15 == pytest.approx(times_s[-1] + 1 / 50)
    assert np.allclose(found.joint_target[-1, 1, :6], times_s[-1] + 1 / 50)


def test_frames_to_show_are_the_nearest() -> None:
    times_s = np.array([0.0, 0.04, 0.11, 0.15, 0.2])
    assert nearest(times_s, np.array([0.0, 0.03, 0.075, 0.08, 1.0])).tolist() == [0, 1, 1, 2, 4]
    found = resample(motion(times_s, frame_index=np.arange(5)))
    assert found.frame_index is not None
    assert found.frame_index.tolist() == [0, 1, 3, 4]


def test_clocks_that_do_not_run_are_refused() -> None:
    with pytest.raises(ValueError, match="increase"):
        motion(np.array([0.0, 0.1, 0.1]))
