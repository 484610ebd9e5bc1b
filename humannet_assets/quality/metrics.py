"""Measures with bootstrap intervals. Pure functions over small lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

BOOTSTRAP_SEED = 20260101
BOOTSTRAP_DRAWS = 1000


@dataclass(frozen=True)
class Measure:
    """One figure: value, 95 % bootstrap interval over items, number of items; None when it is undefined."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    items: int


def bootstrap(name: str, items: Sequence[object], statistic: Callable[[Sequence[object]], float | None]) -> Measure:
    """A statistic with its percentile interval, items drawn with replacement (seeded).

    Args:
        name: Name of the measure.
        items: What the statistic is computed over, one per video.
        statistic: Returns None when undefined for a draw (no positive item, say).
    """
    value = statistic(items)
    if value is None or len(items) < 2:
        return Measure(name, value, None, None, len(items))
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    draws = [statistic([items[i] for i in rng.integers(0, len(items), len(items))]) for _ in range(BOOTSTRAP_DRAWS)]
    defined = [draw for draw in draws if draw is not None]
    low, high = np.percentile(defined, [2.5, 97.5]) if defined else (None, None)
    return Measure(name, value, None if low is None else float(low), None if high is None else float(high), len(items))


def balanced_accuracy(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Mean recall over the true classes of (truth, prediction) pairs; None without pairs."""
    classes = {truth for truth, _ in pairs}
    if not classes:
        return None
    recalls = []
    for name in classes:
        predictions = [prediction for truth, prediction in pairs if truth == name]
        recalls.append(sum(prediction == name for prediction in predictions) / len(predictions))
    return sum(recalls) / len(recalls)


def precision_recall(pairs: Sequence[tuple[bool, bool]]) -> tuple[float | None, float | None]:
    """Precision and recall of (truth, prediction) pairs."""
    hits = sum(truth and prediction for truth, prediction in pairs)
    predicted = sum(prediction for _, prediction in pairs)
    actual = sum(truth for truth, _ in pairs)
    return (hits / predicted if predicted else None, hits / actual if actual else None)


@dataclass(frozen=True)
class Matches:
    """Counts of matched events."""

    hits: int
    found: int
    expected: int


def match_events(expected: Sequence[int], found: Sequence[int], tolerance: int) -> Matches:
    """Match events one to one within a tolerance, greedily in order (optimal for points on a line)."""
    left, right = sorted(expected), sorted(found)
    hits = i = j = 0
    while i < len(left) and j < len(right):
        if abs(left[i] - right[j]) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif left[i] < right[j]:
            i += 1
        else:
            j += 1
    return Matches(hits, len(right), len(left))


def f1(counts: Sequence[Matches]) -> float | None:
    """F1 over pooled counts; None when nothing was expected or found."""
    hits, found, expected = (sum(getattr(item, name) for item in counts) for name in ("hits", "found", "expected"))
    return None if found + expected == 0 else 2 * hits / (found + expected)
