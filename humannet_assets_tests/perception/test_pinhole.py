import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from humannet_assets.perception.pinhole import Pinhole, hand_axes, hand_pose, palm_size

CAMERA = Pinhole.assumed(640, 480)


def flat_hand() -> np.ndarray:
    """A right hand with its palm to the camera, fingers up, thumb to the right; metres, origin at its middle."""
    hand = np.zeros((21, 3))
    for finger, x in enumerate((0.05, 0.025, 0.0, -0.02, -0.04)):
        for joint in range(4):
            hand[1 + 4 * finger + joint] = (
                x * (1 + 0.1 * joint),
                -0.03 - 0.02 * joint - 0.03 * (finger > 0),
                0.004 * joint * finger,
            )
    return hand - hand.mean(axis=0)


@given(st.floats(0.25, 1.5), st.floats(-0.5, 0.5), st.floats(-0.4, 0.4), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_pose_is_recovered_from_projected_landmarks(depth, across, down, seed):
    turned = flat_hand() @ Rotation.random(rng=seed).as_matrix().T  # world landmarks turn with the hand, as MediaPipe's do
    centre = np.array([across * depth, down * depth, depth])
    pose = hand_pose(turned, CAMERA.project(turned + centre), CAMERA, "right")
    assert pose is not None
    assert np.allclose(pose.position, turned[0] + centre, atol=1e-3 * depth)
    assert pose.error_px < 0.05
    assert Rotation.from_matrix(pose.rotation.T @ hand_axes(turned, "right")).magnitude() < 0.01


def test_hand_axes_point_along_the_fingers_and_out_of_the_palm():
    axes = hand_axes(flat_hand(), "right")
    assert axes[:, 0] @ [0, -1, 0] > 0.95  # fingers up
    assert axes[:, 2] @ [0, 0, -1] > 0.9  # palm to the camera
    assert np.linalg.det(axes) == pytest.approx(1)
    mirrored = flat_hand() * (-1, 1, 1)
    assert hand_axes(mirrored, "left")[:, 2] @ [0, 0, -1] > 0.9


@pytest.mark.parametrize(
    ("world", "pixels"),
    [
        (np.full((21, 3), np.nan), np.zeros((21, 2))),
        (np.zeros((21, 3)), np.zeros((21, 2))),
        (np.ones((21, 3)), np.full((21, 2), np.inf)),
    ],
)
def test_degenerate_landmarks_give_no_pose_or_a_finite_one(world, pixels):
    pose = hand_pose(world, pixels, CAMERA, "left")
    assert pose is None or np.isfinite(pose.position).all()


def test_field_of_view_spans_the_longer_side():
    assert Pinhole.assumed(640, 480, 90).focal_px == pytest.approx(320)
    assert Pinhole.assumed(480, 640, 90).focal_px == pytest.approx(320)


def test_bearings_and_projection_are_inverse():
    pixels = np.array([[0.0, 0.0], [320.0, 240.0], [639.0, 100.0]])
    rays = CAMERA.bearings(pixels)
    assert np.allclose(np.linalg.norm(rays, axis=1), 1)
    assert np.allclose(CAMERA.project(rays * 3), pixels)


def test_palm_size_is_in_metres():
    assert 0.05 < palm_size(flat_hand()) < 0.12
