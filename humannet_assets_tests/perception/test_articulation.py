"""Parts that move against each other are told from a figure that moves as a whole, whatever the camera does."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from humannet_assets.perception.articulation import articulation

Picture = npt.NDArray[np.uint8]
HULL = np.array([(120, 40), (180, 40), (190, 110), (175, 200), (125, 200), (110, 110)], np.float32)
STILL, ALIVE = 0.003, 0.006


def _texture(seed: int) -> Picture:
    coarse = np.random.default_rng(seed).integers(40, 215, (40, 54), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC), np.uint8)


def _figure(*, shift: tuple[float, float] = (0, 0), turn_deg: float = 0, arm_px: float = 0, camera_px: float = 0) -> Picture:
    """A textured figure before a textured wall; its arm may be lifted."""
    wall, cloth, skin = _texture(1), _texture(2), _texture(3)
    slide = np.array([[1, 0, camera_px], [0, 1, 0]], np.float64)
    scene = cv2.warpAffine(wall, slide, (320, 240), borderMode=cv2.BORDER_REFLECT)
    turn = cv2.getRotationMatrix2D((150, 120), turn_deg, 1.0)
    turn[:, 2] += (shift[0] + camera_px, shift[1])
    for surface, outline, lift in (
        (cloth, HULL, 0.0),
        (skin, np.array([(165, 80), (185, 80), (185, 130), (165, 130)]), arm_px),
    ):
        inside = cv2.fillConvexPoly(np.zeros((240, 320), np.uint8), outline.astype(np.int32), 255)
        pose = turn.copy()
        pose[1, 2] -= lift
        mask = cv2.warpAffine(inside, pose, (320, 240)) > 127
        scene = np.where(mask, cv2.warpAffine(surface, pose, (320, 240), borderMode=cv2.BORDER_REFLECT), scene)
    noise = np.random.default_rng(round(10 * (shift[0] + turn_deg + arm_px + camera_px))).normal(0, 2, scene.shape)
    return np.clip(scene + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "motion",
    [{"camera_px": 0.1}, {"camera_px": 4.0}, {"shift": (3.0, 1.0)}, {"turn_deg": 1.5}],
    ids=["rests", "the camera pans", "is carried", "leans"],
)
def test_a_statue_has_no_moving_parts(motion: dict[str, Any]) -> None:
    # The outermost pixels belong to the wall where the figure leaves its place: the inner ones are looked at.
    value = articulation(_figure(), _figure(**motion), (HULL - HULL.mean(axis=0)) * 0.8 + HULL.mean(axis=0))
    assert value is not None
    assert value < STILL


def test_a_lifted_arm_moves_whatever_the_camera_does() -> None:
    for camera_px in (0.0, 3.0):
        value = articulation(_figure(), _figure(arm_px=4.0, camera_px=camera_px), HULL)
        assert value is not None
        assert value > ALIVE


def test_without_landmarks_or_structure_nothing_is_said() -> None:
    flat = np.full((240, 320), 90, np.uint8)
    assert articulation(_figure(), _figure(), HULL[:3]) is None
    assert articulation(flat, flat, HULL) is None
