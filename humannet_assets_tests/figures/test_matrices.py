"""Pictures of score matrices and duration curves show what they are given."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from humannet_assets.figures.curves import LEVEL_COLOUR, DurationCurve, Level, duration_curves
from humannet_assets.figures.matrices import GROUP_COLOURS, alignment_page, block_heat_map, group_colours
from humannet_assets.single_life.statistics import arrange, block_means


def opened(data: bytes | None) -> np.ndarray:
    assert data is not None
    assert Image.open(io.BytesIO(data)).format == "JPEG"
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int)


def share_of(picture: np.ndarray, colour: str, off: int = 40) -> float:
    """Share of pixels of that colour, up to `off` in each channel."""
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return float((np.abs(picture - rgb).max(-1) < off).mean())


def page(groups: list[str], score: np.ndarray, marks: tuple[tuple[str, float], ...] = ()) -> bytes:
    found = arrange(score)
    return alignment_page(
        score, [f"m{i}" for i in range(len(groups))], groups, linkage=found.linkage, coordinates=found.coordinates,
        explained=found.explained, title="CAS", value="CAS, k = 10", marks=marks,
    )  # fmt: skip


def blocks(groups: list[str]) -> np.ndarray:
    score = np.where(np.equal.outer(groups, groups), 0.6, 0.2) + 0.001 * np.arange(len(groups))
    score = (score + score.T) / 2
    np.fill_diagonal(score, 1)
    return score


@pytest.mark.parametrize("count", [2, 12, 40, 80])
def test_page_of_any_number_of_models(count: int) -> None:
    groups = [f"g{i % 2}" for i in range(count)]
    picture = opened(page(groups, blocks(groups), (("chance", 0.05), ("shuffled", 0.3))))
    assert 300 < picture.shape[0] < picture.shape[1] < 2500


def test_page_puts_like_models_together() -> None:
    """Groups come interleaved; on the page the strip below the cells has one run of each colour."""
    groups = ["a", "b"] * 10
    picture = opened(page(groups, blocks(groups)))
    rgb = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in group_colours(groups).values()])
    label = np.full(picture.shape[:2], -1)
    for index, colour in enumerate(rgb):
        label[np.abs(picture - colour).max(-1) < 30] = index
    row = label[int((label >= 0).sum(1).argmax())]
    row = row[row >= 0]
    assert (np.diff(row) != 0).sum() == 1
    assert min((row == 0).mean(), (row == 1).mean()) > 0.4


def test_equal_scores_and_marks_outside_are_drawn() -> None:
    same = np.full((3, 3), 0.4)
    np.fill_diagonal(same, 1)
    assert opened(page(["a", "a", "b"], same, (("chance", 0.05),))).shape[1] > 300


def test_block_means_have_a_cell_for_pairs_that_do_not_exist() -> None:
    groups, lives = ["x", "x", "y"], ["a", "b", "c"]
    means = block_means(blocks(groups), groups, lives)
    assert np.isnan(means.mean[1, 1])
    assert opened(block_heat_map(means.groups, means.mean, means.pairs, title="between groups", value="CAS")).shape[1] > 200


def test_duration_curves_have_bands_controls_and_levels() -> None:
    hours = np.array([0.25, 1, 4])
    life = DurationCurve("life", "walks", hours, np.array([[0.1, 0.2, 0.3], [0.2, 0.4, np.nan]]))
    control = DurationCurve("screen", "controls", hours, np.array([[0.05, 0.05, 0.06]]), control=True)
    alone = DurationCurve("life", "walks", hours, life.values[:1])
    levels = [Level("chance", 0.05), Level("random init", 0.051), Level("two seeds", 0.6)]
    plain = opened(duration_curves([life], [], title="t", value="CAS"))
    full = opened(duration_curves([life, control], levels, title="t", value="CAS"))
    one_seed = opened(duration_curves([alone], [], title="t", value="CAS"))
    band = "#e3f2fe"  # the curve's colour at 15 %
    assert share_of(plain, band, 6) > 0.02 > share_of(one_seed, band, 6)
    assert share_of(full, group_colours(["walks", "controls"])["controls"]) > share_of(plain, GROUP_COLOURS[1])
    assert share_of(full, LEVEL_COLOUR, 30) > 1.5 * share_of(plain, LEVEL_COLOUR, 30)
    assert duration_curves([], levels, title="t", value="CAS") is None
