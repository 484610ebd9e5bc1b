"""Pairs as pictures: target left, reference right, and histograms."""

from __future__ import annotations

import numpy as np

from humannet_assets.figures.pairs import FRAME_PX, PairPicture, pair_histograms, pair_sheet
from humannet_assets_tests.figures.test_figures import opened


def test_target_stands_left_of_its_reference() -> None:
    red, blue = (np.full((90, 120, 3), colour, np.uint8) for colour in ((200, 30, 30), (30, 30, 200)))
    sheet = opened(
        pair_sheet([PairPicture(red, blue, "spatial, anna: gap 2.0 s, covisibility 0.55"), PairPicture(red, None, "")])
    )
    left, right = (sheet.getpixel((6 + FRAME_PX[0] // 2 + side * FRAME_PX[0], 6 + FRAME_PX[1] // 2)) for side in (0, 1))
    assert np.abs(np.subtract(left, (200, 30, 30))).max() < 12
    assert np.abs(np.subtract(right, (30, 30, 200))).max() < 12
    assert pair_sheet([]) is None


def test_histograms_leave_out_pairs_without_gap() -> None:
    assert pair_histograms({"augmented": np.zeros(5)}, {"augmented": np.zeros(0)}) is None
    picture = opened(
        pair_histograms({"temporal": np.geomspace(0.2, 5, 50), "augmented": np.zeros(5)}, {"spatial": np.full(9, 0.5)})
    )
    assert picture.width > 600
