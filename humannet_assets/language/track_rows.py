"""Reading rows of tracks and segments: numbers that may be missing, spans, per-frame arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

Row = Mapping[str, Any]
Array = npt.NDArray[np.float64]


def finite(value: Any) -> float | None:
    """The number as a float; None for null, NaN, infinities and anything that is not a number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def most_at_once(rows: Iterable[Row]) -> int:
    """How many of the spans (`start_s`, `end_s`) overlap at the busiest moment."""
    spans = [(row["start_s"], row["end_s"]) for row in rows]
    # Where one span ends and another begins at the same moment, the two are not at once: ends sort first.
    turns = sorted((time, change) for span in spans for time, change in zip(span, (1, -1), strict=True))
    return max(accumulate(change for _, change in turns), default=0) or min(1, len(spans))


def matrix(values: Sequence[Any] | None, frames: int, width: int) -> Array:
    """Per-frame vectors as (frames, width) float64; what is missing becomes NaN."""
    vectors = np.full((frames, width), np.nan)
    for index, value in enumerate((values or ())[:frames]):
        vector = value if isinstance(value, Sequence | np.ndarray) else (value,)
        if len(vector) == width:
            vectors[index] = [np.nan if item is None else item for item in vector]
    return vectors


def times_and_observed(track: Row) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Times (n,) of a track's frames, seconds, and whether something was seen there (n,); frames without a time were not."""
    times = matrix(track.get("times_s"), len(track.get("times_s") or ()), 1)[:, 0]
    observed = np.zeros(len(times), dtype=bool)
    flags = [bool(flag) for flag in track.get("observed") or ()][: len(times)]
    observed[: len(flags)] = flags
    return times, observed & np.isfinite(times)


def edges(values: Array) -> tuple[Array, Array]:
    """Median of the first and of the last frames (up to three): robust against one bad frame."""
    count = max(1, min(3, len(values) // 3))
    return np.median(values[:count], axis=0), np.median(values[-count:], axis=0)
