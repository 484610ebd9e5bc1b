"""Found boxes are given to true ones as the overlap in sum is greatest; what is not judged is neither right nor wrong."""

from __future__ import annotations

import numpy as np

from humannet_assets.quality.matching import Assignment, assign, boxes_of, enlarged, iou, overlaps, size_class

NONE = np.zeros((0, 4))
NOBODY = np.zeros((0, 2, 2))


def square(x: float, size: float = 10) -> list[list[float]]:
    """Two joints: opposite corners of a square."""
    return [[x, 0], [x + size, size]]


def matched(
    true: list[list[list[float]]], judged: list[bool], *found: list[list[float]], regions: np.ndarray = NONE
) -> Assignment:
    points = np.array(true, float).reshape(-1, 2, 2)
    others = np.array(found, float).reshape(-1, 2, 2)
    return assign(points, np.ones((len(points), 2), bool), np.array(judged, bool), others, regions)


def test_overlap_by_hand() -> None:
    assert iou(np.array([[0, 0, 10, 10]]), np.array([[5, 0, 15, 10], [0, 0, 10, 10], [20, 0, 30, 10]])).round(4).tolist() == [
        [0.3333, 1.0, 0.0]
    ]
    points = np.array([[[0.0, 0], [4, 2], [np.nan, np.nan]]])
    assert boxes_of(points).tolist() == [[0, 0, 4, 2]]
    assert enlarged(np.array([[0.0, 0, 4, 2]]), 1.5).tolist() == [[-1, -0.5, 5, 2.5]]
    assert [size_class(area) for area in (1000, 5000, 10_000)] == ["small", "medium", "large"]


def test_only_visible_joints_say_which_one_was_found() -> None:
    true = np.array([[[0.0, 0], [10, 10], [90, 90]]])
    found = np.array([[[0.0, 0], [10, 10], [0, 90]], [[50.0, 50], [60, 60], [90, 90]]])
    assert overlaps(true, np.array([[True, True, False]]), found).tolist() == [[1.0, 0.0]]
    assert overlaps(true, np.array([[False, False, False]]), found).tolist() == [[0.0, 0.0]]


def test_the_best_pairs_are_chosen_together() -> None:
    # The first true one fits the first found one better, but then the second would get none.
    assert matched([square(0), square(2)], [True, True], square(1), square(-2)) == Assignment(((0, 1), (1, 0)), (), ())


def test_boxes_that_hardly_overlap_are_a_miss_and_a_ghost() -> None:
    assert matched([square(0)], [True], square(5)) == Assignment((), (0,), (0,))
    assert matched([], [], square(0)) == Assignment((), (), (0,))
    assert matched([square(0)], [True]) == Assignment((), (0,), ())


def test_what_is_not_judged_excuses_what_lies_on_it() -> None:
    # A region half as large again as the box: from -2.5 to 12.5.
    assert matched([square(0)], [False], square(7), square(8)) == Assignment((), (), (1,))
    assert matched([], [], square(4), square(8), regions=np.array([[0, 0, 12, 12]])) == Assignment((), (), (1,))
    # A judged one beside it still has to be found.
    assert matched([square(0), square(40)], [False, True], square(0)) == Assignment((), (1,), ())
