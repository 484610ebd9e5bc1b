"""Motions rest at their boundaries, and anatomy is what it claims to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.simulator.cameras import look_at, rotation, to_camera
from humannet_assets.simulator.hands import curled, finger_joints
from humannet_assets.simulator.motion import Path, minimum_jerk


@given(st.floats(0, 1), st.floats(0, 1))
def test_minimum_jerk_is_monotonic(a: float, b: float) -> None:
    assert minimum_jerk(min(a, b)) <= minimum_jerk(max(a, b))
    assert 0 <= minimum_jerk(a) <= 1


def test_path_rests_between_moves() -> None:
    path = Path(np.zeros(3)).rest(0.5).move((1, 0, 0), 1.0, "goes", lift=0.2).rest(0.5).move((1, 2, 0), 1.0, "turns")
    times = np.arange(0, 3.0, 0.01)
    speed = np.linalg.norm(np.gradient([path.at(t) for t in times], 0.01, axis=0), axis=1)
    for boundary in (0.5, 1.5, 2.0):
        assert speed[np.argmin(abs(times - boundary))] < 0.02
    assert speed[np.argmin(abs(times - 1.0))] > 1.0
    assert path.at(1.0)[2] == pytest.approx(0.2)
    np.testing.assert_allclose(path.at(9.0), (1, 2, 0))


@pytest.mark.parametrize("grip", [0.0, 0.5, 1.0])
def test_hands_are_mirror_images_with_thumbs_inwards(grip: float) -> None:
    right, left = finger_joints(curled(grip), "right"), finger_joints(curled(grip), "left")
    np.testing.assert_allclose(left, right * (-1, 1, 1))
    # Palm down, fingers ahead: the left thumb points right, the right thumb left.
    assert left[4, 0] > left[17, 0]
    assert right[4, 0] < right[17, 0]


def test_grip_bends_fingers_and_keeps_bones() -> None:
    open_hand, closed = finger_joints(curled(0.0)), finger_joints(curled(1.0))
    assert closed[12, 2] < open_hand[12, 2] - 0.02
    for a, b in ((5, 6), (6, 7), (11, 12), (17, 18)):
        assert np.linalg.norm(closed[b] - closed[a]) == pytest.approx(np.linalg.norm(open_hand[b] - open_hand[a]))


def test_camera_sees_its_target_in_the_middle_with_up_upwards() -> None:
    pose = look_at((0, -1, 1.5), (0.4, 3, 0.8))
    ahead = to_camera(pose, np.array([0.4, 3, 0.8]))
    np.testing.assert_allclose(ahead[:2], 0, atol=1e-9)
    assert ahead[2] > 0
    assert to_camera(pose, np.array([0.4, 3, 1.8]))[1] < 0  # y points down
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)


def test_rotation_is_right_handed() -> None:
    np.testing.assert_allclose(rotation((0, 0, 1), np.pi / 2) @ (1, 0, 0), (0, 1, 0), atol=1e-12)
