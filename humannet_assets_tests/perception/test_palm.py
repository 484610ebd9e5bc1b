import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.perception.palm import PALM_SIZE_M, PalmNoise, palm_joints, palm_rotations
from humannet_assets.perception.pinhole import PALM, Pinhole, hand_axes, palm_size

CAMERA = Pinhole.assumed(640, 480)
NOISE = PalmNoise(landmark=0.05, prior_rad=np.radians(30), turn_rad_s=np.radians(100))
TIMES_S = np.arange(20) / 10


def hand_of(palm: np.ndarray) -> np.ndarray:
    """(5, 3) -> (21, 3), fingers at the wrist."""
    hand = np.repeat(palm[:1], 21, axis=0)
    hand[list(PALM)] = palm
    return hand


def seen(rotations: np.ndarray, side: str, noise: float = 0.0) -> np.ndarray:
    """Landmarks (n, 21, 2) of an adult palm half a metre away, off by a share of its size."""
    rng = np.random.default_rng(0)
    pixels = []
    for rotation in rotations:
        palm = PALM_SIZE_M * palm_joints(side) @ rotation.T + (0.05, 0.1, 0.5)
        off = rng.normal(scale=noise * PALM_SIZE_M / 0.5 * CAMERA.focal_px, size=(21, 2))
        pixels.append(CAMERA.project(hand_of(palm)) + off)
    return np.stack(pixels)


def tilted(degrees: np.ndarray, side: str) -> np.ndarray:
    """The back of a hand, fingers up, tilted: (n, 3, 3)."""
    upright = hand_axes(hand_of(palm_joints(side) @ np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], float)), side)
    return (Rotation.from_euler("x", degrees[:, None], degrees=True) * Rotation.from_matrix(upright)).as_matrix()


def off_deg(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.degrees(Rotation.from_matrix(found.swapaxes(1, 2) @ true).magnitude())


def test_the_palm_is_an_adults_in_the_axes_of_a_hand():
    for side in ("left", "right"):
        palm = hand_of(palm_joints(side))
        assert palm_size(palm) == pytest.approx(1, abs=1e-6)
        assert np.allclose(hand_axes(palm, side), np.eye(3), atol=0.02)
    assert 0.075 < PALM_SIZE_M < 0.085


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_picture_corrects_a_tilt_the_model_makes_up(side):
    true = tilted(np.linspace(-30, -45, 20), side)
    prior = tilted(np.linspace(0, -15, 20), side)
    assert np.median(off_deg(prior, true)) == pytest.approx(30, abs=0.1)
    found = palm_rotations(TIMES_S, seen(true, side), prior, CAMERA, side, NOISE)
    assert np.median(off_deg(found, true)) < 8
    noisy = palm_rotations(TIMES_S, seen(true, side, 0.03), prior, CAMERA, side, NOISE)
    assert np.median(off_deg(noisy, true)) < 15


def test_without_news_from_the_picture_the_prior_stays():
    true, prior = tilted(np.full(20, -30), "right"), tilted(np.full(20, 0), "right")
    blind = palm_rotations(TIMES_S, seen(true, "right"), prior, CAMERA, "right", NOISE._replace(landmark=5.0))
    assert np.median(off_deg(blind, prior)) < 3


def test_a_moment_of_the_mirrored_tilt_does_not_flip_the_hand():
    true = tilted(np.full(20, 25), "right")
    prior = true.copy()
    prior[8:11] = tilted(np.full(3, -25), "right")
    found = palm_rotations(TIMES_S, seen(true, "right", 0.01), prior, CAMERA, "right", NOISE)
    assert off_deg(found, true)[8:11].max() < 20
    alone = palm_rotations(TIMES_S, seen(true, "right", 0.01), prior, CAMERA, "right", NOISE._replace(turn_rad_s=1e6))
    assert off_deg(alone, true)[8:11].max() > 30  # each frame for itself believes the model
