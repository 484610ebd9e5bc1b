import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from humannet_assets.geometry.cameras import (
    _epipolar,
    _epipolar_slopes,
    angle_deg,
    fit_pose,
    fit_rotation,
    kabsch,
    triangulate,
)
from humannet_assets.perception.pinhole import Pinhole

CAMERA = Pinhole.assumed(640, 480)
rotvecs = st.tuples(*[st.floats(-0.12, 0.12)] * 3)


def cloud(seed: int, count: int = 200) -> np.ndarray:
    rng = np.random.default_rng(seed)
    depth = rng.uniform(1.5, 5, count)
    return np.stack([rng.uniform(-0.5, 0.5, count) * depth, rng.uniform(-0.4, 0.4, count) * depth, depth], axis=1)


def fit(first, second, seed=0):
    return fit_rotation(first, second, CAMERA, threshold_px=2.0, hypotheses=256, seed=seed)


@given(rotvecs, st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_rotation_is_found_among_independent_motion(rotvec, seed):
    rotation, points = Rotation.from_rotvec(rotvec).as_matrix(), cloud(seed)
    first, second = CAMERA.project(points), CAMERA.project(points @ rotation.T)
    rng = np.random.default_rng(seed)
    second[:80] += rng.uniform(20, 60, (80, 2))  # hands: 40 % of the corners move on their own
    found = fit(first, second + rng.normal(0, 0.1, second.shape))
    assert angle_deg(found.rotation @ rotation.T) < 0.05
    assert not found.inliers[:80].any()
    assert found.inliers[80:].all()


@given(rotvecs, rotvecs, st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_rotations_compose(one, other, seed):
    points = cloud(seed)
    r1, r2 = (Rotation.from_rotvec(rotvec).as_matrix() for rotvec in (one, other))
    first, second, third = (CAMERA.project(p) for p in (points, points @ r1.T, points @ (r2 @ r1).T))
    chained = fit(second, third).rotation @ fit(first, second).rotation
    assert angle_deg(chained @ fit(first, third).rotation.T) < 0.01


def test_kabsch_never_mirrors():
    points = np.random.default_rng(0).normal(size=(10, 3))
    assert np.linalg.det(kabsch(points, points * (1, 1, -1), np.ones(10))) == pytest.approx(1)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_points_give_no_rotation(count):
    assert fit(np.zeros((count, 2)), np.zeros((count, 2))) is None


def test_coinciding_points_give_a_finite_rotation_or_none():
    found = fit(np.full((30, 2), 100.0), np.full((30, 2), 100.0))
    assert found is None or np.isfinite(found.rotation).all()


@given(rotvecs, st.integers(0, 100), st.sampled_from([(0.3, 0, 0), (-0.2, 0.1, 0.2), (0, 0, 0.4)]))
@settings(max_examples=15, deadline=None)
def test_rotation_and_direction_are_told_apart_by_parallax(rotvec, seed, centre):
    rotation, points, centre = Rotation.from_rotvec(rotvec).as_matrix(), cloud(seed), np.array(centre)
    first, second = CAMERA.project(points), CAMERA.project((points - centre) @ rotation.T)
    near = fit(first, second)
    near = near.rotation if near else rotation
    found = fit_pose(first, second, CAMERA, near, threshold_px=1.0, max_change_deg=180)
    assert angle_deg(found.rotation @ rotation.T) < 0.1
    direction = -rotation @ centre / np.linalg.norm(centre)
    assert found.direction @ direction > np.cos(np.radians(1.5))


def test_a_pose_far_from_the_rotation_estimate_is_refused():
    points, turn = cloud(0), Rotation.from_rotvec([0, 0.3, 0]).as_matrix()
    first, second = CAMERA.project(points), CAMERA.project(points - (0.3, 0, 0))
    assert fit_pose(first, second, CAMERA, turn, threshold_px=1.0, max_change_deg=4) is None
    assert fit_pose(first[:7], second[:7], CAMERA, np.eye(3), threshold_px=1.0, max_change_deg=4) is None


def test_points_are_triangulated():
    points, rotation, centre = cloud(1), Rotation.from_rotvec([0.02, -0.1, 0.03]).as_matrix(), np.array([0.4, -0.1, 0.1])
    second = (points - centre) @ rotation.T
    found, one, other = triangulate(
        CAMERA.bearings(CAMERA.project(points)),
        CAMERA.bearings(CAMERA.project(second)),
        (np.eye(3), np.zeros(3)),
        (rotation, centre),
    )
    assert np.allclose(found, points, atol=1e-6)
    assert np.allclose(one, np.linalg.norm(points, axis=1))
    assert np.allclose(other, np.linalg.norm(second, axis=1))


@given(st.integers(0, 10_000))
def test_epipolar_slopes_are_the_derivatives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (points / np.linalg.norm(points, axis=1, keepdims=True) for points in rng.normal(size=(2, 6, 3)))
    rotation, direction = Rotation.from_rotvec(rng.normal(size=3)).as_matrix(), rng.normal(size=3)
    by_turn, by_direction = _epipolar_slopes(rotation, direction, first, second)
    step = 1e-6
    for axis in range(3):
        offset = np.eye(3)[axis] * step
        ahead, behind = (Rotation.from_rotvec(sign * offset).as_matrix() @ rotation for sign in (1, -1))
        turn = (_epipolar(ahead, direction, first, second) - _epipolar(behind, direction, first, second)) / (2 * step)
        np.testing.assert_allclose(by_turn[:, axis], turn, atol=1e-4, rtol=1e-3)
        moved = _epipolar(rotation, direction + offset, first, second) - _epipolar(rotation, direction - offset, first, second)
        np.testing.assert_allclose(by_direction[:, axis], moved / (2 * step), atol=1e-4, rtol=1e-3)
