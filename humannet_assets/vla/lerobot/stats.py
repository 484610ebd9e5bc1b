"""Statistics of episodes and of datasets, as `lerobot` keeps them: minimum, maximum, mean, deviation and five quantiles.

A dataset's quantiles are the episodes' averaged by their length, which is what `lerobot` itself does (`aggregate_stats`): they
are good for normalising, not exact. Everything else is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

QUANTILES = (0.01, 0.10, 0.50, 0.90, 0.99)
NAMES = ("min", "max", "mean", "std", *(f"q{round(q * 100):02d}" for q in QUANTILES))

Stats = dict[str, Any]
"""By name (`NAMES`) nested lists of floats of the feature's shape; `count` is a list of one integer."""

LEVELS = 256


def vector_stats(values: npt.ArrayLike) -> Stats:
    """Statistics of an episode's vectors (frames, size) or numbers (frames,)."""
    rows = np.asarray(values, np.float64)
    rows = rows.reshape(len(rows), -1)
    found = [rows.min(0), rows.max(0), rows.mean(0), rows.std(0), *np.quantile(rows, QUANTILES, axis=0)]
    return {**{name: value.tolist() for name, value in zip(NAMES, found, strict=True)}, "count": [len(rows)]}


class ImageStats:
    """Statistics of pictures, exactly and in constant memory: a histogram of the 256 levels of each channel."""

    def __init__(self) -> None:
        self._counts = np.zeros((3, LEVELS), np.int64)
        self._frames = 0

    def add(self, picture: npt.NDArray[np.uint8]) -> None:
        """Count a picture (height, width, 3)."""
        for channel in range(3):
            self._counts[channel] += np.bincount(picture[..., channel].ravel(), minlength=LEVELS)
        self._frames += 1

    def stats(self) -> Stats:
        """Statistics of all pictures so far, of shape (3, 1, 1), brightness from 0 to 1; `count` is of pictures."""
        levels = np.arange(LEVELS) / (LEVELS - 1)
        columns = []
        for counts in self._counts:
            seen = np.flatnonzero(counts)
            mean = float(counts @ levels / counts.sum())
            std = float(np.sqrt(counts @ (levels - mean) ** 2 / counts.sum()))
            quantiles = [_histogram_quantile(counts, q) / (LEVELS - 1) for q in QUANTILES]
            columns.append([levels[seen[0]], levels[seen[-1]], mean, std, *quantiles])
        return {
            **{name: [[[float(column[i])]] for column in columns] for i, name in enumerate(NAMES)}, "count": [self._frames]
        }  # fmt: skip


def _histogram_quantile(counts: npt.NDArray[np.int64], q: float) -> float:
    """What `numpy.quantile` gives for the levels counted, with its linear interpolation."""
    ends = np.cumsum(counts)
    place = (int(ends[-1]) - 1) * q
    low = int(np.floor(place))
    below, above = (int(np.searchsorted(ends, k, side="right")) for k in (low, min(low + 1, int(ends[-1]) - 1)))
    return below + (above - below) * (place - low)


def aggregate(parts: Sequence[Stats]) -> Stats:
    """Statistics of a feature over several episodes."""
    counts = np.array([part["count"][0] for part in parts], np.float64)
    weights = counts / counts.sum()

    def values(name: str) -> np.ndarray:
        return np.array([part[name] for part in parts], np.float64)

    def weighted(rows: np.ndarray) -> np.ndarray:
        return np.tensordot(weights, rows, 1)

    mean = weighted(values("mean"))
    std = np.sqrt(weighted(values("std") ** 2 + (values("mean") - mean) ** 2))
    found = [values("min").min(0), values("max").max(0), mean, std, *(weighted(values(name)) for name in NAMES[4:])]
    return {**{name: value.tolist() for name, value in zip(NAMES, found, strict=True)}, "count": [int(counts.sum())]}
