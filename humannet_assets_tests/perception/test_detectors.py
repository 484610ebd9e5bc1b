from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from humannet_assets.perception.detectors import (
    BODY_LANDMARKS,
    HAND_LANDMARKS,
    HandDetector,
    get_body_detector,
    get_face_detector,
    get_hand_detector,
)


def picture(path: Path) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB"))


def frames(path: Path, times_s: list[float]) -> list[np.ndarray]:
    import av

    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if len(found) < len(times_s) and frame.time is not None and frame.time >= times_s[len(found)]:
                found.append(frame.to_ndarray(format="rgb24"))
    return found


def test_side_is_the_wearers_own_hand(media_dir: Path) -> None:
    """In egocentric video the wearer's left hand comes from the left: the wrist further left must be called left."""
    clip = media_dir / "videos" / "ego_hands_holoassist_z176-sep-05-22-switch.mp4"
    right_order = 0
    looks = frames(clip, [0.0, 1.5, 5.0, 5.5, 6.5, 7.0, 7.5])
    for rgb in looks:
        hands = get_hand_detector().detect(rgb)
        assert len(hands) == 2
        first, second = sorted(hands, key=lambda hand: hand.landmarks_px[0, 0])
        right_order += (first.side, second.side) == ("left", "right")
    assert right_order >= len(looks) - 1


def test_side_of_a_facing_person_is_theirs(media_dir: Path) -> None:
    """A person facing the camera has the right hand on the picture's left: against the body model's own naming of wrists."""
    agree = []
    for path in sorted((media_dir / "images" / "exo_gesture").glob("*.jpg")):
        rgb = picture(path)
        for body in get_body_detector(max_bodies=1).detect(rgb):
            for hand in get_hand_detector().detect(rgb):
                left, right = (np.linalg.norm(body.landmarks_px[wrist] - hand.landmarks_px[0]) for wrist in (15, 16))
                agree.append(hand.side == ("left" if left < right else "right"))
    assert len(agree) >= 8
    assert np.mean(agree) >= 0.8


def test_units_and_shapes(media_dir: Path) -> None:
    rgb = picture(media_dir / "images" / "exo_gesture" / "none_2.jpg")
    height, width = rgb.shape[:2]
    hands, bodies, faces = (get().detect(rgb) for get in (get_hand_detector, get_body_detector, get_face_detector))
    assert hands
    assert len(bodies) == 1
    assert len(faces) == 1
    hand, body, face = hands[0], bodies[0], faces[0]
    assert hand.landmarks_px.shape == (HAND_LANDMARKS, 2)
    assert hand.world_m.shape == (HAND_LANDMARKS, 3)
    assert hand.depth.shape == (HAND_LANDMARKS,)
    assert 0.12 < np.linalg.norm(hand.world_m[0] - hand.world_m[12]) + 0.05 < 0.3  # wrist to middle finger tip, metres
    assert body.landmarks_px.shape == (BODY_LANDMARKS, 2)
    assert 0.2 < np.linalg.norm(body.world_m[11] - body.world_m[12]) < 0.5  # between the shoulders, metres
    nose, (x0, y0, x1, y1) = body.landmarks_px[0], face.box
    assert x0 < nose[0] < x1 <= width
    assert y0 < nose[1] < y1 <= height
    assert 0.5 <= face.score <= 1


def test_scaling_the_picture_scales_the_pixels(media_dir: Path) -> None:
    rgb = picture(media_dir / "images" / "ego_hand" / "vitra_0001_sink.jpg")
    whole = get_hand_detector().detect(rgb)[0]
    half = get_hand_detector().detect(np.ascontiguousarray(rgb[::2, ::2]))[0]
    size = np.ptp(whole.landmarks_px, axis=0).max()
    assert np.abs(half.landmarks_px * 2 - whole.landmarks_px).max() < 0.15 * size


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 977, 3), (64, 64, 3)])
def test_any_size_of_nothing_shows_nobody(shape: tuple[int, int, int]) -> None:
    blank = np.full(shape, 90, np.uint8)
    for get in (get_hand_detector, get_body_detector, get_face_detector):
        assert get().detect(blank) == []


@pytest.mark.parametrize("wrong", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32), np.zeros((0, 8, 3), np.uint8)])
def test_wrong_pictures_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a picture is"):
        get_face_detector().detect(wrong)


def test_video_mode_follows_a_hand(media_dir: Path) -> None:
    clip = media_dir / "videos" / "ego_hands_holoassist_z176-sep-05-22-switch.mp4"
    with HandDetector(max_hands=2, mode="video") as detector:
        counts = [len(detector.detect(rgb, index * 0.0004)) for index, rgb in enumerate(frames(clip, [5.0, 5.03, 5.07, 5.1]))]
        with pytest.raises(ValueError, match="needs time_s"):
            detector.detect(np.zeros((8, 8, 3), np.uint8))
    assert counts == [2, 2, 2, 2]
    with pytest.raises(ValueError, match="was closed"):
        detector.detect(np.zeros((8, 8, 3), np.uint8), 1.0)


def test_one_detector_per_process_and_setting() -> None:
    assert get_hand_detector() is get_hand_detector()
    assert get_hand_detector() is not get_hand_detector(max_hands=1)


def test_nothing_is_written_to_standard_error_and_exit_is_clean() -> None:
    program = (
        "import numpy as np\n"
        "from humannet_assets.perception.detectors import *\n"
        "for get in (get_hand_detector, get_body_detector, get_face_detector): get().detect(np.zeros((64, 64, 3), np.uint8))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
