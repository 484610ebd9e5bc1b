from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humannet_assets.perception.motion import MotionTracker, PairMotion, measure_pair, summarise, to_work_gray

STEP_S = 1 / 6


def texture(seed: int = 0, height: int = 180, width: int = 320) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 6, width // 6), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def moved(gray: np.ndarray, dx: float = 0, dy: float = 0, scale: float = 1, angle_deg: float = 0) -> np.ndarray:
    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, scale)
    matrix[:, 2] += (dx, dy)
    return np.asarray(cv2.warpAffine(gray, matrix, (width, height), borderMode=cv2.BORDER_REFLECT))


def walk(frames: int = 12) -> list[np.ndarray]:
    """A camera that goes forward through points at different depths, with the bob of steps."""
    rng = np.random.default_rng(5)
    points = np.column_stack([rng.uniform(-6, 6, 500), rng.uniform(-3, 3, 500), rng.uniform(2, 14, 500)])
    pictures = []
    for index in range(frames):
        picture = np.full((180, 320), 110, np.uint8)
        camera = np.array([0.05 * np.sin(index * 2.1), 0.08 * np.sin(index * 2.6), 0.22 * index])
        for number, (x, y, z) in sorted(enumerate(points - camera), key=lambda item: -item[1][2]):
            if z > 0.5:
                centre = (round(160 + 260 * x / z), round(90 + 260 * y / z))
                size = max(1, round(22 / z))
                cv2.rectangle(picture, centre, (centre[0] + size, centre[1] + size), int(30 + number * 37 % 220), -1)
        pictures.append(picture)
    return pictures


def track(pictures: list[np.ndarray]) -> MotionTracker:
    tracker = MotionTracker()
    for index, picture in enumerate(pictures):
        tracker.push(picture, index * STEP_S)
    return tracker


@settings(max_examples=15, deadline=None)
@given(dx=st.floats(-14, 14), dy=st.floats(-10, 10))
def test_a_pan_is_measured_in_widths_per_second(dx: float, dy: float) -> None:
    pair = measure_pair(texture(), moved(texture(), dx, dy), 0, STEP_S)
    assert pair.reliable
    assert np.allclose(np.array(pair.shift) * STEP_S * 320, (dx, dy), atol=0.6)
    assert abs(pair.expansion * STEP_S) < 0.01
    assert pair.moving_area == 0


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(0.94, 1.06), angle=st.floats(-4, 4))
def test_zoom_and_roll(scale: float, angle: float) -> None:
    pair = measure_pair(texture(), moved(texture(), scale=scale, angle_deg=angle), 0, STEP_S)
    assert pair.reliable
    assert pair.expansion * STEP_S == pytest.approx(np.log(scale), abs=0.006)
    assert np.rad2deg(pair.rotation * STEP_S) == pytest.approx(-angle, abs=0.4)
    assert pair.parallax < 0.05


def test_a_thing_before_a_resting_camera_is_object_motion() -> None:
    before, after = texture(), texture()
    thing = texture(3, 60, 60)
    before[60:120, 100:160] = thing
    after[60:120, 112:172] = thing
    pair = measure_pair(before, after, 0, STEP_S)
    assert pair.speed < 0.005
    assert pair.moving_speed == pytest.approx(12 / 320 / STEP_S, rel=0.15)
    assert pair.moving_box is not None
    assert 0.25 < pair.moving_box[0] < pair.moving_box[2] < 0.6
    assert 0.03 < pair.moving_area < 0.3


def test_a_thing_that_fills_most_texture_is_not_taken_for_the_camera() -> None:
    """People who walk through an empty corridor have nearly all its corners."""
    before = np.full((180, 320), 128, np.uint8)
    before[:, ::40] = 20
    before[::45] = 20
    after = before.copy()
    person = texture(4, 130, 120)
    before[40:170, 90:210] = person
    after[40:170, 97:217] = person
    pair = measure_pair(before, after, 0, STEP_S)
    assert not pair.reliable or pair.speed < 0.005


def test_textureless_pictures_say_so() -> None:
    wall = np.full((180, 320), 128, np.uint8)
    brighter = wall + 40
    pair = measure_pair(wall, brighter, 0, STEP_S)
    assert not pair.reliable
    assert pair.changed == 1
    summary = summarise([pair] * 5)
    assert (summary.measured, summary.changed) == (0, 1)
    assert np.isnan(summary.camera_motion)


def test_stills_are_static_and_a_cut_is_not_reliable_motion() -> None:
    summary = track([texture()] * 6).summary()
    assert (summary.static_ratio, summary.camera_motion, summary.measured) == (1, 0, 1)
    cut = measure_pair(texture(1), texture(2), 0, STEP_S)
    assert not cut.reliable or cut.explained < 0.3


def test_a_walk_shows_parallax_expansion_and_bob_a_zoom_over_a_still_does_not() -> None:
    walking = track(walk()).summary()
    zoom = track([moved(texture(), scale=1.02**index) for index in range(12)]).summary()
    assert walking.camera_forward > 0.03
    assert walking.forward_share > 0.6
    assert walking.parallax > 0.15
    assert walking.shake > 0.005
    assert walking.object_area < walking.parallax  # what stands still in depth is not said to move by itself
    assert zoom.camera_forward == pytest.approx(np.log(1.02) / STEP_S, rel=0.15)
    assert zoom.parallax < 0.05
    assert zoom.shake < 0.003


def test_an_empty_clip_and_a_change_of_size() -> None:
    assert summarise([]).pairs == 0
    tracker = MotionTracker()
    assert tracker.push(texture(), 0) is None
    assert tracker.push(texture(height=90, width=160), STEP_S) is None
    assert tracker.pairs == []


def test_measuring_twice_gives_the_same() -> None:
    pictures = walk(6)
    first: list[PairMotion] = track(pictures).pairs
    assert first == track(pictures).pairs


def test_work_picture_is_small_and_grey() -> None:
    gray = to_work_gray(np.zeros((1080, 1920, 3), np.uint8))
    assert (gray.shape, gray.dtype) == ((180, 320), np.uint8)
