"""The taxonomy is consistent with the paper's numbers and with itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.language.taxonomy import (
    AXES,
    ENVIRONMENT,
    ENVIRONMENT_WORDS,
    MOTION_CATEGORY,
    MOTION_WORDS,
    UNKNOWN,
    labels_from_keywords,
)
from humannet_assets.store.tables import ANNOTATIONS


def test_shares_and_sizes_are_those_of_the_paper() -> None:
    assert [len(axis.labels) for axis in (ENVIRONMENT, MOTION_CATEGORY)] == [10, 6]
    assert len(ENVIRONMENT.labels[0].children) == 5
    for axis in (ENVIRONMENT, MOTION_CATEGORY):
        assert sum(label.share or 0 for label in axis.labels) == pytest.approx(1.0)


def test_every_axis_is_a_column_and_its_labels_are_unique() -> None:
    import pyarrow as pa

    for axis in AXES:
        assert pa.types.is_list(ANNOTATIONS.column(axis.name).type) == axis.multi
        assert len(set(axis.paths())) == len(axis.paths())
        assert UNKNOWN not in axis.paths()


def test_word_lists_name_only_labels_and_every_word_finds_its_own() -> None:
    for axis, table in ((ENVIRONMENT, ENVIRONMENT_WORDS), (MOTION_CATEGORY, MOTION_WORDS)):
        for path, words in table.items():
            for word in words:
                assert path in labels_from_keywords(axis, [word]), word
                assert path in axis.close([path])


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        (["Kitchens"], ["home/kitchen"]),
        (["a restaurant kitchen"], ["dining"]),
        (["libraries", "buses"], ["transportation", "work_study"]),
        (["no kitchen", "not outdoor"], []),
        (["parking", "workshopping", "homework", "cooking"], []),
        ([None, 3, ""], []),
        (None, []),
    ],
)
def test_keywords_match_whole_words(keywords: list[str] | None, expected: list[str]) -> None:
    assert labels_from_keywords(ENVIRONMENT, keywords) == expected


@given(st.lists(st.sampled_from(ENVIRONMENT.paths())))
def test_closing_adds_parents_and_nothing_else(paths: list[str]) -> None:
    closed = ENVIRONMENT.close(paths)
    assert closed == ENVIRONMENT.close(closed if closed != [UNKNOWN] else [])
    assert set(paths) <= set(closed)
    assert {label.split("/")[0] for label in closed} == ({path.split("/")[0] for path in paths} or {UNKNOWN})
    assert all(label.rpartition("/")[0] in {"", *closed} for label in closed)


def test_unknown_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="environment"):
        ENVIRONMENT.close(["space_station"])


def test_every_label_is_documented(project_root: Path) -> None:
    text = (project_root / "docs" / "taxonomy.md").read_text(encoding="utf-8")
    missing = [path for axis in AXES for path in axis.paths() if f"`{path}`" not in text]
    assert not missing
