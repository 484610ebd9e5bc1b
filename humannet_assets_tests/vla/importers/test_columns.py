"""Rows become episodes wherever batches happen to end, and columns become rectangles of numbers or errors."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.vla.episodes import EpisodeError, UnreadableDatasetError
from humannet_assets.vla.importers.columns import split_episodes, vectors


@given(lengths=st.lists(st.integers(1, 6), max_size=8), sizes=st.lists(st.integers(1, 7), min_size=40, max_size=40))
def test_episodes_do_not_depend_on_batches(lengths: list[int], sizes: list[int]) -> None:
    keys = np.repeat(np.arange(len(lengths)) * 2, lengths)
    rows = pa.table({"episode_index": keys, "row": np.arange(len(keys))})
    cuts = np.clip(np.concatenate([[0], np.cumsum(sizes)]), 0, len(keys))
    parts = [rows.slice(int(first), int(last - first)) for first, last in pairwise(cuts) if last > first]
    batches = [batch for part in parts for batch in part.to_batches()]
    found = list(split_episodes(batches, "episode_index", 5, Path("x")))
    assert [key for key, _, _ in found] == [2 * index for index in range(len(lengths))]
    first = 0
    for (_, start, table), length in zip(found, lengths, strict=True):
        assert start == first
        if length > 5:
            assert table is None
        else:
            assert table is not None
            assert table["row"].to_pylist() == list(range(first, first + length))
        first += length


def test_rows_without_an_episode_are_refused() -> None:
    batch = pa.record_batch({"episode_index": pa.array([0.5])})
    with pytest.raises(UnreadableDatasetError, match="episode_index"):
        list(split_episodes([batch], "episode_index", 5, Path("x")))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.int16())),
        pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.float32(), 2)),
        pa.array([[[1], [2]], [[3], [4]], [[5], [6]]], pa.list_(pa.list_(pa.float64()))),
        pa.array([[[1, 2]], [[3, 4]], [[5, 6]]], pa.large_list(pa.list_(pa.float32(), 2))),
    ],
)
def test_lists_of_numbers_are_rectangles(column: pa.Array) -> None:
    chunked = pa.chunked_array([column.slice(0, 1), column.slice(1)])
    assert vectors(chunked, "x", "c", 10).tolist() == [[1, 2], [3, 4], [5, 6]]


def test_numbers_alone_are_one_column() -> None:
    assert vectors(pa.chunked_array([[True, False]]), "x", "c", 10).tolist() == [[1], [0]]
    found = vectors(pa.chunked_array([[1.5, None]]), "x", "c", 10)
    assert found[0, 0] == 1.5
    assert np.isnan(found[1, 0])


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (pa.array([[1, 2], [3]], pa.list_(pa.int64())), "ragged"),
        (pa.array([[[1, 2], [3]], [[4, 5]], [[7], [8, 9, 10]]], pa.list_(pa.list_(pa.int64()))), "ragged"),
        (pa.array([[1, 2], None], pa.list_(pa.int64())), "null_rows"),
        (pa.array(["a", "b"]), "wrong_dtype"),
        (pa.array([b"a", b"b"]), "wrong_dtype"),
        (pa.array([["a"], ["b"]]), "wrong_dtype"),
        (pa.array([[0] * 11] * 2, pa.list_(pa.int64())), "too_wide"),
    ],
)
def test_anything_else_is_named(column: pa.Array, reason: str) -> None:
    with pytest.raises(EpisodeError) as refused:
        vectors(pa.chunked_array([column]), "file: episode 3", "arm", 10)
    assert refused.value.reason == reason
    assert "file: episode 3:" in str(refused.value)
    assert "'arm'" in str(refused.value)
