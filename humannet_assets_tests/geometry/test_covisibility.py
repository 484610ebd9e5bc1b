"""Covisibility against scenes whose answer is known: planes, boxes that hide each other, a rendered room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from humannet_assets.geometry.covisibility import DepthView, correspondences, jaccard, visible_share

SIZE = 80
K = np.array([[SIZE / 2, 0, SIZE / 2], [0, SIZE / 2, SIZE / 2], [0, 0, 1.0]])
"""90 degrees: a picture is as wide as its plane is far."""

BOXES = (((-5.0, -5.0, 4.0), (5.0, 5.0, 4.2)), ((-0.5, -0.4, 2.0), (0.3, 0.6, 2.5)), ((0.5, -1.0, 1.5), (0.9, 0.2, 2.0)))
"""A wall and two boxes before it, as lower and upper corners; the camera looks along z."""


def pose(x: float = 0.0, y: float = 0.0, z: float = 0.0, turn_rad: float = 0.0) -> np.ndarray:
    result = np.eye(4)
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    result[:3, :3] = [[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]]
    result[:3, 3] = (x, y, z)
    return result


def entry(origin: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """Share of each way (n, 3) from the origin at which it enters the nearest box; inf if none."""
    nearest = np.full(len(ways), np.inf)
    for low, high in BOXES:
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.stack([(low - origin) / ways, (high - origin) / ways])
        enter, leave = ends.min(0).max(1), ends.max(0).min(1)
        nearest = np.where((enter <= leave) & (enter > 0) & (enter < nearest), enter, nearest)
    return nearest


def boxes_from(camera: np.ndarray) -> DepthView:
    y, x = np.mgrid[0:SIZE, 0:SIZE].reshape(2, -1) + 0.5
    ways = (np.linalg.inv(K) @ np.stack([x, y, np.ones_like(x)])).T @ camera[:3, :3].T
    depth = entry(camera[:3, 3], ways)  # the ways have length 1 along the axis
    return DepthView(np.where(np.isfinite(depth), depth, 0).reshape(SIZE, SIZE), K, camera)


def dilated(mask: np.ndarray) -> np.ndarray:
    return np.asarray(binary_dilation(mask), bool)


def eroded(mask: np.ndarray) -> np.ndarray:
    return ~dilated(~mask)


def plane_from(camera: np.ndarray, distance: float = 2.0) -> DepthView:
    """A plane across the axis, endless."""
    return DepthView(np.full((SIZE, SIZE), distance - camera[2, 3], np.float32), K, camera)


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_a_sideways_step_before_a_plane(shift: float) -> None:
    # At 2 m the picture is 4 m wide: a step of 4 * shift leaves 1 - shift of it in view.
    one, other = plane_from(pose()), plane_from(pose(x=4 * shift))
    assert visible_share(one, other) == pytest.approx(1 - shift, abs=0.01)
    assert jaccard(one, other) == pytest.approx((1 - shift) / (1 + shift), abs=0.01)
    found = correspondences(one, other)
    assert found.pixels[10, 70] == pytest.approx((70.5 - shift * SIZE, 10.5))


def test_a_step_forward_counts_surface_not_pixels() -> None:
    far, near = plane_from(pose()), plane_from(pose(z=1.0))
    assert visible_share(far, near) == pytest.approx(0.25, abs=0.01)
    assert visible_share(near, far) == 1
    assert jaccard(far, near) == pytest.approx(0.25, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.8, 0.8))
def test_the_index_is_symmetric_and_one_only_for_the_same(x: float, y: float, z: float, turn: float) -> None:
    one, other = boxes_from(pose()), boxes_from(pose(x, y, z, turn))
    value = jaccard(one, other)
    assert 0 <= value <= 1
    assert value == pytest.approx(jaccard(other, one), abs=1e-12)
    assert value <= min(visible_share(one, other), visible_share(other, one)) + 1e-12


def test_a_view_shares_all_with_itself_and_nothing_behind_it() -> None:
    one = boxes_from(pose())
    found = correspondences(one, one)
    y, x = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    assert jaccard(one, one) == 1
    assert np.allclose(found.pixels, np.stack([x, y], -1))
    behind = DepthView(one.depth_m, K, pose(turn_rad=np.pi))
    assert jaccard(one, behind) == 0
    assert np.isnan(correspondences(one, behind).pixels).all()


@pytest.mark.parametrize("camera", [pose(0.8), pose(-0.6, 0.3), pose(0.3, 0, 0.4, -0.3), pose(0, 0.5, -0.5, 0.2)])
def test_boxes_hide_what_rays_say_they_hide(camera: np.ndarray) -> None:
    one, other = boxes_from(pose()), boxes_from(camera)
    found = correspondences(one, other)
    y, x = np.mgrid[0:SIZE, 0:SIZE].reshape(2, -1) + 0.5
    points = (np.linalg.inv(K) @ np.stack([x, y, np.ones_like(x)]) * one.depth_m.reshape(-1)).T
    reached = entry(camera[:3, 3], points - camera[:3, 3]) > 0.999
    local = (points - camera[:3, 3]) @ camera[:3, :3]
    truth = (reached & (local[:, 2] > 0) & (np.abs(local[:, :2]) < local[:, 2:]).all(1)).reshape(SIZE, SIZE)
    wrong = truth != found.covisible
    assert 0.2 < truth.mean() < 0.97
    assert wrong.mean() < 0.015
    # A map resolves no more than a pixel: what is wrong lies at rims, or on a face that the other picture has as a sliver.
    rims = dilated(truth) & dilated(~truth)
    assert (wrong & ~dilated(rims)).sum() <= 5


def test_what_moved_is_not_shared() -> None:
    one, other = boxes_from(pose()), boxes_from(pose())
    moved = replace(other, depth_m=np.where(other.depth_m < 2.1, other.depth_m * 1.5, other.depth_m))
    near = other.depth_m < 2.1
    covisible = correspondences(one, moved).covisible
    assert near.sum() > 500
    assert not covisible[eroded(near)].any()
    assert covisible[~near].all()


def test_nothing_has_no_correspondence() -> None:
    one = boxes_from(pose())
    holes = replace(one, depth_m=np.where(one.depth_m > 3, 0, one.depth_m))
    found = correspondences(holes, one)
    assert np.isnan(found.pixels[one.depth_m > 3]).all()
    assert not found.covisible[one.depth_m > 3].any()
    nothing = replace(one, depth_m=np.zeros((SIZE, SIZE)))
    assert jaccard(nothing, nothing) == jaccard(one, nothing) == 0


def test_views_of_other_sizes_agree() -> None:
    one, other = boxes_from(pose()), boxes_from(pose(0.5))
    half = DepthView(other.depth_m[::2, ::2], np.diag([0.5, 0.5, 1]) @ K, other.pose)
    assert jaccard(one, half) == pytest.approx(jaccard(one, other), abs=0.03)


def test_a_rendered_room_looks_the_same_where_it_is_shared(renderer: None) -> None:
    from humannet_assets.simulator.cameras import intrinsics, look_at
    from humannet_assets.simulator.places import make_place

    size = (160, 120)
    place = make_place("living_room", 3)
    world = place.builder.build(*size, 55.0, map_size=size)
    camera = intrinsics(*size, 55.0)
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    post = place.tripods[0]
    eyes = (look_at(post.eye, post.target), look_at(np.add(post.eye, (0.5, 0.4, -0.2)), post.target))
    with world:
        pictures = [world.render(eye).astype(float) for eye in eyes]
        maps = [world.depth_and_instances(eye) for eye in eyes]
    one, other = (DepthView(depth, matrix, eye) for (depth, _), eye in zip(maps, eyes, strict=True))
    found = correspondences(one, other)
    assert 0.2 < found.covisible.mean() < 0.9
    x, y = np.floor(found.pixels[found.covisible]).astype(int).T
    same_thing = maps[0][1][found.covisible] == maps[1][1][y, x]
    assert same_thing.mean() > 0.97
    difference = np.abs(pictures[0][found.covisible] - pictures[1][y, x]).mean(1)
    unaligned = np.abs(pictures[0] - pictures[1])[found.covisible].mean(1)
    assert np.median(difference) < 0.4 * np.median(unaligned)
    hidden = ~found.covisible & (found.pixels >= 0).all(-1) & (found.pixels < size).all(-1)
    x, y = np.floor(found.pixels[hidden]).astype(int).T
    assert (maps[0][1][hidden] == maps[1][1][y, x]).mean() < 0.5


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="expected 2, 3x3, 4x4"):
        DepthView(np.zeros((4, 4)), np.eye(4), np.eye(4))
