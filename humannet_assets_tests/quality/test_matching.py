"""Found boxes are given to true ones as the overlap in sum is greatest; what is not judged is neither right nor wrong."""

from __future__ import annotations

import numpy as np

from humannet_assets.quality.matching import Assignment, assign, boxes_of, iou, size_class

NONE = np.zeros((0, 4))
YES = np.array([True])


def box(x: float, y: float = 0, size: float = 10) -> list[float]:
    return [x, y, x + size, y + size]


def test_overlap_by_hand() -> None:
    assert iou(np.array([box(0)]), np.array([box(5), box(0), box(20)])).round(4).tolist() == [[0.3333, 1.0, 0.0]]
    points = np.array([[[0.0, 0], [4, 2], [np.nan, np.nan]]])
    assert boxes_of(points).tolist() == [[0, 0, 4, 2]]
    assert [size_class(area) for area in (1000, 5000, 10_000)] == ["small", "medium", "large"]


def test_the_best_pairs_are_chosen_together() -> None:
    true = np.array([box(0), box(2)])
    found = np.array([box(1), box(-2)])
    # The first true box fits the first found one better, but then the second would get none.
    assert assign(true, np.array([True, True]), found, NONE) == Assignment(((0, 1), (1, 0)), (), ())


def test_boxes_that_hardly_overlap_are_a_miss_and_a_ghost() -> None:
    assert assign(np.array([box(0)]), YES, np.array([box(5)]), NONE) == Assignment((), (0,), (0,))
    assert assign(NONE, np.zeros(0, bool), np.array([box(0)]), NONE) == Assignment((), (), (0,))
    assert assign(np.array([box(0)]), YES, NONE, NONE) == Assignment((), (0,), ())


def test_what_is_not_judged_excuses_what_lies_on_it() -> None:
    hidden = np.array([box(0)])
    assert assign(hidden, ~YES, np.array([box(4), box(8)]), NONE) == Assignment((), (), (1,))
    assert assign(NONE, np.zeros(0, bool), np.array([box(4), box(8)]), np.array([box(0, size=12)])) == Assignment((), (), (1,))
    # A judged box beside it still has to be found.
    both = np.array([box(0), box(40)])
    assert assign(both, np.array([False, True]), np.array([box(0)]), NONE) == Assignment((), (1,), ())
