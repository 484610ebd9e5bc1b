import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.geometry.corners import CornerTracker, Sightings
from humannet_assets.geometry.translation import (
    TranslationError,
    TranslationSettings,
    path_difference,
    picture_parallax_px,
    positions,
    supported_positions,
)
from humannet_assets.perception.pinhole import Pinhole

CAMERA = Pinhole.assumed(640, 480)
SETTINGS = TranslationSettings(parallax_px=8, points=25, inlier_px=2, inlier_share=0.5, max_turn_deg=4, disagreement=0.25)


def corridor_walk(frames: int, step_m: float, noise_px: float = 0.1) -> tuple[list[Sightings], np.ndarray, np.ndarray]:
    """Sideways along a corridor of points: what is seen at the start has long left the picture at the end."""
    rng = np.random.default_rng(0)
    points = rng.uniform((-2, -1.2, 2), (frames * step_m + 2, 1.2, 4), (1200, 3))
    rotations = Rotation.from_rotvec(np.outer(np.sin(np.arange(frames) / 3), [0.01, 0.03, 0.005])).as_matrix()
    centres = np.outer(np.arange(frames), [step_m, 0, 0])
    sightings = []
    for rotation, centre in zip(rotations, centres, strict=True):
        pixels = CAMERA.project((points - centre) @ rotation.T)
        inside = ((pixels >= 0) & (pixels < (640, 480))).all(axis=1)
        sightings.append(Sightings(np.flatnonzero(inside), pixels[inside] + rng.normal(0, noise_px, (inside.sum(), 2))))
    return sightings, rotations @ rotations[0].T, centres @ rotations[0].T


def test_the_map_grows_along_the_way():
    sightings, rotations, centres = corridor_walk(40, 0.15)
    assert not np.intersect1d(sightings[0].ids, sightings[-1].ids).size
    found, refined = positions(sightings, rotations, CAMERA, SETTINGS)
    scale = (found * centres).sum() / (found * found).sum()
    assert np.linalg.norm(found * scale - centres, axis=1).max() < 0.05 * np.linalg.norm(centres[-1])
    errors = Rotation.from_matrix(refined @ rotations.swapaxes(1, 2)).magnitude()
    assert np.degrees(errors.max()) < 1


def test_the_unit_is_the_first_baseline():
    sightings, rotations, _ = corridor_walk(6, 0.15)
    found, _ = positions(sightings, rotations, CAMERA, SETTINGS)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.arange(6), abs=0.1)


def test_reasons_name_what_was_missing():
    still = [corridor_walk(1, 0.15)[0][0]] * 5
    with pytest.raises(TranslationError, match=r"parallax of 0\.0 px is below 8 px"):
        positions(still, np.repeat(np.eye(3)[None], 5, axis=0), CAMERA, SETTINGS)
    sightings, rotations, _ = corridor_walk(8, 0.15)
    lost = [*sightings[:4], Sightings(np.zeros(0, np.int64), np.zeros((0, 2))), *sightings[5:]]
    with pytest.raises(TranslationError, match="only 0 known points left in frame 4"):
        positions(lost, rotations, CAMERA, SETTINGS)
    rng = np.random.default_rng(1)
    scrambled = [*sightings[:5], Sightings(sightings[5].ids, rng.uniform(0, 480, sightings[5].points_px.shape)), *sightings[6:]]
    with pytest.raises(TranslationError, match="of the known points agree in frame 5"):
        positions(scrambled, rotations, CAMERA, SETTINGS)


def test_a_path_all_corners_agree_on_stays_as_it_was():
    sightings, rotations, _ = corridor_walk(12, 0.15)
    found, refined = supported_positions(sightings, rotations, CAMERA, SETTINGS)
    expected = positions(sightings, rotations, CAMERA, SETTINGS)
    assert (found == expected[0]).all()
    assert (refined == expected[1]).all()


def test_a_path_that_hangs_on_a_third_of_the_corners_is_not_believed():
    rng = np.random.default_rng(0)
    points = rng.uniform((-2, -1.2, 2), (2, 1.2, 4), (900, 3))
    ids = np.arange(900)
    mover = (ids % 3 == 0) | ((ids % 3 == 1) & (rng.random(900) < 0.65))  # a crowd that walks by a camera that sinks
    sightings = []
    for k in range(10):
        shift = np.where(mover[:, None], [0.08 * k, 0, 0], [0, 0.08 * k, 0])
        sightings.append(Sightings(ids, CAMERA.project(points - shift) + rng.normal(0, 0.1, (900, 2))))
    rotations = np.repeat(np.eye(3)[None], 10, axis=0)
    found, _ = positions(sightings, rotations, CAMERA, SETTINGS)
    assert abs(found[-1][0]) > 5 * abs(found[-1][1])
    with pytest.raises(TranslationError, match="without a third of the corners the path differs"):
        supported_positions(sightings, rotations, CAMERA, SETTINGS)


def test_paths_are_compared_up_to_scale():
    path = np.random.default_rng(0).normal(size=(9, 3))
    assert path_difference(3 * path, path) == pytest.approx(0, abs=1e-9)
    assert path_difference(-path, path) == pytest.approx(1)
    assert path_difference(path, path + [[0, 0, 9.0]]) > 0.5


def test_things_that_move_before_a_fixed_camera_are_no_parallax():
    grid = np.stack(np.meshgrid(np.linspace(10, 630, 12), np.linspace(10, 470, 12)), -1).reshape(-1, 2)
    crowd = np.random.default_rng(0).uniform((200, 150), (420, 330), (400, 2))  # most corners lie on a moving person
    first = np.concatenate([grid, crowd])
    second = np.concatenate([grid, crowd + np.array([30, 0])])
    assert picture_parallax_px(first, second, np.eye(3), CAMERA) < 1
    assert picture_parallax_px(first, first + np.array([30, 0]), np.eye(3), CAMERA) > 20


def test_corners_that_vanish_are_dropped():
    rng = np.random.default_rng(0)
    tracker = CornerTracker(max_corners=100, quality=0.01, spacing_px=8, window_px=21, levels=2, round_trip_px=1)
    picture = np.kron(rng.integers(0, 255, (30, 40)), np.ones((8, 8))).astype(np.uint8)
    first = tracker.push(picture)
    covered = picture.copy()
    covered[:, 160:] = np.kron(rng.integers(0, 255, (30, 20)), np.ones((8, 8))).astype(np.uint8)
    second = tracker.push(covered)
    kept = np.isin(first.ids, second.ids)
    uncovered = first.points_px[:, 0] < 140
    hidden = first.points_px[:, 0] > 180
    assert kept[uncovered].mean() > 0.9
    assert kept[hidden].mean() < 0.5
