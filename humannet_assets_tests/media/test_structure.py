"""What is kept of a picture's edges: all of them under another light, by chance those of another picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from humannet_assets.media.structure import gradients, structure_kept

Picture = npt.NDArray[np.uint8]


def _picture(seed: int) -> Picture:
    """A cluttered grey picture (192, 256): boxes and discs of random grey on a slope."""
    rng = np.random.default_rng(seed)
    canvas = np.tile(np.linspace(60, 140, 256), (192, 1)).astype(np.uint8)
    for _ in range(40):
        x, y, w, h = (int(v) for v in rng.integers(0, (256, 192, 60, 60)))
        cv2.rectangle(canvas, (x, y), (x + w, y + h), int(rng.integers(20, 230)), -1)
        cv2.circle(canvas, (y, x), w // 3, int(rng.integers(20, 230)), -1)
    return canvas


def _lamp(picture: Picture) -> Picture:
    """A lamp near the lower left corner instead of daylight."""
    y, x = np.mgrid[:192, :256]
    light = 0.2 + 1.1 * np.exp(-((x - 60) ** 2 + (y - 150) ** 2) / (2 * 70.0**2))
    return np.clip(picture * light, 0, 255).astype(np.uint8)


LIGHTS = {
    "dark": lambda picture: (picture * 0.25).astype(np.uint8),
    "exposure": lambda picture: np.clip(picture * 1.8, 0, 255).astype(np.uint8),
    "gamma": lambda picture: (255 * (picture / 255.0) ** 2).astype(np.uint8),
    "lamp": _lamp,
}


@pytest.mark.parametrize("light", LIGHTS)
def test_another_light_keeps_the_edges(light: str) -> None:
    for seed in range(5):
        picture = _picture(seed)
        assert structure_kept(gradients(picture), gradients(LIGHTS[light](picture))) > 0.7


def test_another_picture_keeps_none() -> None:
    for seed in range(20):
        assert abs(structure_kept(gradients(_picture(seed)), gradients(_picture(100 + seed)))) < 0.3


def test_black_has_no_edges_to_keep() -> None:
    black = np.zeros((192, 256), np.uint8)
    assert structure_kept(gradients(black), gradients(black)) == 0.0
    assert structure_kept(gradients(_picture(1)), gradients(_picture(1))) == pytest.approx(1.0)
