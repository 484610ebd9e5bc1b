from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.perception.quality import brightened, measure_picture, skin_ratio


def noise(seed: int = 0, shape: tuple[int, int] = (240, 320)) -> np.ndarray:
    import cv2

    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (shape[0] // 3, shape[1] // 3, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC))


def slide() -> np.ndarray:
    import cv2

    page = np.full((720, 1280, 3), 255, np.uint8)
    for row in range(8):
        cv2.putText(page, "HUMAN VIDEO IN, DATA OUT", (90, 120 + 70 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20, 20, 20), 3)
    cv2.rectangle(page, (60, 40), (1220, 690), (0, 60, 140), 6)
    return page


def test_blur_lowers_sharpness() -> None:
    import cv2

    crisp = noise()
    measured = [measure_picture(np.asarray(cv2.GaussianBlur(crisp, (0, 0), sigma))).sharpness for sigma in (0.5, 2, 6)]
    assert measured[0] > 3 * measured[1] > 9 * measured[2]


def test_sharpness_hardly_depends_on_resolution() -> None:
    import cv2

    large = np.asarray(cv2.resize(noise(), (1280, 960), interpolation=cv2.INTER_CUBIC))
    assert measure_picture(large).sharpness == pytest.approx(measure_picture(noise()).sharpness, rel=0.5)


def test_exposure() -> None:
    dark, light = (measure_picture(np.full((90, 160, 3), level, np.uint8)) for level in (3, 252))
    assert (dark.luma_mean, dark.luma_clipped) == (3, 1)
    assert (light.luma_mean, light.luma_clipped) == (252, 1)
    assert measure_picture(noise()).luma_clipped < 0.2


def test_slides_are_told_from_scenes() -> None:
    assert measure_picture(slide()).text_like > 0.15
    assert measure_picture(noise()).text_like < 0.05


@pytest.mark.parametrize("skin", [(224, 172, 145), (141, 85, 60), (90, 56, 40)])
def test_skin_of_any_tone(skin: tuple[int, int, int]) -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:10] = skin
    picture[10:] = (60, 110, 60)
    assert skin_ratio(picture) == pytest.approx(0.25)


@pytest.mark.parametrize("shape", [(1, 1), (5, 900), (900, 5)])
def test_odd_sizes(shape: tuple[int, int]) -> None:
    measured = measure_picture(np.zeros((*shape, 3), np.uint8))
    assert measured.text_like == 0
    assert measured.luma_mean == 0


def test_dim_pictures_are_brightened_and_normal_ones_are_left_alone() -> None:
    normal = noise()
    assert brightened(normal) is normal
    dim = normal // 4
    assert brightened(dim).mean() == pytest.approx(normal.mean(), rel=0.3)
    assert brightened(np.zeros((4, 4, 3), np.uint8)).max() == 0
    assert measure_picture(dim).luma_mean == pytest.approx(dim.mean(), abs=6)  # exposure is that of the footage


def test_a_dim_scene_is_no_slide() -> None:
    assert measure_picture(noise() // 8).text_like < 0.05
