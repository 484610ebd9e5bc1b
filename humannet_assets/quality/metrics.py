"""Measures with bootstrap intervals: counts and errors are gathered per video, so that whole videos are drawn.

Clips and frames of one video resemble each other; drawing them one by one would make intervals far too narrow.
No video, no store: pure functions and two accumulators.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Better = Literal["higher", "lower", "one"]
Part = tuple[Floats, Floats]
"""Numerator and denominator of a ratio, one value per draw."""

BOOTSTRAP_SEED = 20260101
BOOTSTRAP_DRAWS = 1000
INTERVAL_PERCENT = (2.5, 97.5)
QUANTILE_BINS = 2048
"""Bins in which intervals of quantiles are computed: a twentieth of a percent in rank."""

NOTHING, MISSED = "nothing", "missed"
"""The truth of what was found where nothing is, and the finding for what was not found."""


@dataclass(frozen=True)
class Measure:
    """One figure: value and 95 % bootstrap interval over videos; None where undefined.

    `items` counts what was judged, `videos` the videos it lies in. `measured_in` is share, px, mm, deg or ratio; `better` says
    which way is good (`one`: the nearer to 1 the better).
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    items: int
    videos: int
    measured_in: str = "share"
    better: Better = "higher"


def draws_of(videos: int) -> Floats:
    """How often each video is drawn, (1 + draws, videos): the first row is the sample itself, the others are seeded."""
    weights = np.ones((1 + BOOTSTRAP_DRAWS, videos))
    if videos:
        weights[1:] = np.random.default_rng(BOOTSTRAP_SEED).multinomial(videos, np.full(videos, 1 / videos), BOOTSTRAP_DRAWS)
    return weights


def _measure(name: str, values: Floats, items: int, videos: int, measured_in: str, better: Better) -> Measure:
    """A measure from its value in the sample and in each draw; NaN is undefined."""
    if not np.isfinite(values[0]):
        return Measure(name, None, None, None, items, videos, measured_in, better)
    defined = values[1:][np.isfinite(values[1:])]
    low = high = None
    if videos > 1 and len(defined):
        low, high = (float(value) for value in np.percentile(defined, INTERVAL_PERCENT))
    return Measure(name, float(values[0]), low, high, items, videos, measured_in, better)


@dataclass(frozen=True)
class Totals:
    """Counts of every (truth, found) cell in each draw, (draws, cells)."""

    cells: Sequence[tuple[str, str]]
    counts: Floats

    def sum(self, truth: Collection[str] | None = None, found: Collection[str] | None = None) -> Floats:
        """Sum per draw over the cells whose truth and finding are among the given ones; None takes all."""
        chosen = [(truth is None or cell[0] in truth) and (found is None or cell[1] in found) for cell in self.cells]
        return self.counts[:, chosen].sum(axis=1)


@dataclass
class Tally:
    """Counts of (truth, found) pairs per video: what confusion tables and most measures are made of."""

    _counts: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)

    def add(self, video_id: str, truth: str, found: str, count: int = 1) -> None:
        """Count a pair, or several. Counting none still makes the video one of those that are drawn."""
        counts = self._counts.setdefault(video_id, Counter())
        if count:
            counts[truth, found] += count

    def total(self) -> Counter[tuple[str, str]]:
        """Counts over all videos."""
        return sum(self._counts.values(), Counter())

    def among(self, names: Collection[str]) -> Tally:
        """The counts of the cells whose truth and finding are both among `names`."""
        kept = Tally()
        for video, counts in self._counts.items():
            for (truth, found), count in counts.items():
                if truth in names and found in names:
                    kept.add(video, truth, found, count)
        return kept

    def renamed(self, findings: Mapping[str, str]) -> Tally:
        """The same counts with some findings under another name."""
        kept = Tally()
        for video, counts in self._counts.items():
            for (truth, found), count in counts.items():
                kept.add(video, truth, findings.get(found, found), count)
        return kept

    def measure(
        self, name: str, statistic: Callable[[Totals], Floats], *, measured_in: str = "share", better: Better = "higher"
    ) -> Measure:
        """A statistic of the counts, with its interval.

        Args:
            name: Name of the measure.
            statistic: From the totals of each draw to one value per draw, NaN where undefined.
            measured_in: Unit of the value.
            better: Which way is good.
        """
        total = self.total()
        cells, videos = sorted(total), sorted(self._counts)
        per_video = np.array([[self._counts[video][cell] for cell in cells] for video in videos], float)
        counts = draws_of(len(videos)) @ per_video.reshape(len(videos), len(cells))
        return _measure(name, statistic(Totals(cells, counts)), total.total(), len(videos), measured_in, better)

    def rates(
        self, positive: Collection[str], prefix: str = "", names: Sequence[str] = ("precision", "recall")
    ) -> list[Measure]:
        """Precision, recall or f1 of finding one of `positive`, whatever else it was taken for among them."""
        statistics = {"precision": precision, "recall": recall, "f1": f1}
        return [self.measure(f"{prefix}{name}", statistics[name](positive)) for name in names]


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def precision(positive: Collection[str]) -> Callable[[Totals], Floats]:
    """Share of what was found as one of `positive` that is one of them."""
    return lambda totals: _ratio(totals.sum(positive, positive), totals.sum(None, positive))


def recall(positive: Collection[str]) -> Callable[[Totals], Floats]:
    """Share of what is one of `positive` that was found as one of them."""
    return lambda totals: _ratio(totals.sum(positive, positive), totals.sum(positive, None))


def f1(positive: Collection[str]) -> Callable[[Totals], Floats]:
    """Harmonic mean of precision and recall."""
    return lambda totals: _ratio(2 * totals.sum(positive, positive), totals.sum(None, positive) + totals.sum(positive, None))


def accuracy(totals: Totals) -> Floats:
    """Share of pairs whose finding is the truth."""
    return exact_recall(())(totals)


def exact_precision(unsaid: Collection[str]) -> Callable[[Totals], Floats]:
    """Share of findings that are the truth, over all that say something; `unsaid` are findings that say nothing."""
    return lambda totals: _exact(totals, {found for _, found in totals.cells} - set(unsaid), by_truth=False)


def exact_recall(absent: Collection[str]) -> Callable[[Totals], Floats]:
    """Share of truths that were found as what they are; `absent` are truths of which there is nothing to find."""
    return lambda totals: _exact(totals, {truth for truth, _ in totals.cells} - set(absent), by_truth=True)


def _exact(totals: Totals, names: Collection[str], *, by_truth: bool) -> Floats:
    right = np.zeros(len(totals.counts))
    for name in sorted(names):
        right = right + totals.sum({name}, {name})
    return _ratio(right, totals.sum(names, None) if by_truth else totals.sum(None, names))


def balanced_accuracy(totals: Totals) -> Floats:
    """Mean recall over the true classes; classes that a draw lacks do not count in it."""
    classes = sorted({truth for truth, _ in totals.cells})
    if not classes:
        return np.full(len(totals.counts), np.nan)
    recalls = np.stack([recall({name})(totals) for name in classes])
    known = np.isfinite(recalls)
    return _ratio(np.where(known, recalls, 0).sum(axis=0), known.sum(axis=0).astype(float))


@dataclass
class Errors:
    """Values of one error per video."""

    _values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, video_id: str, values: float | Sequence[float] | Floats) -> None:
        """Gather one value or several; what is not finite is left out."""
        finite = np.atleast_1d(np.asarray(values, np.float64))
        finite = finite[np.isfinite(finite)]
        if len(finite):
            self._values.setdefault(video_id, []).extend(finite.tolist())

    def quantile(self, name: str, share: float, measured_in: str, better: Better = "lower") -> Measure:
        """The value below which `share` of all values lie, with its interval."""
        videos = sorted(self._values)
        pooled = np.sort(np.concatenate([self._values[video] for video in videos])) if videos else np.zeros(0)
        if not len(pooled):
            return _measure(name, np.full(1, np.nan), 0, 0, measured_in, better)
        ranks = np.unique(np.linspace(0, len(pooled) - 1, min(len(pooled), QUANTILE_BINS)).round().astype(int))
        edges = np.unique(pooled[ranks])
        counts = np.stack([np.bincount(_bins(edges, self._values[video]), minlength=len(edges)) for video in videos])
        below = np.cumsum(draws_of(len(videos)) @ counts, axis=1)
        drawn = edges[np.argmax(below >= share * below[:, -1:], axis=1)]
        drawn[0] = np.quantile(pooled, share)
        return _measure(name, drawn, len(pooled), len(videos), measured_in, better)


def _bins(edges: Floats, values: Sequence[float]) -> npt.NDArray[np.int64]:
    """Bin of each value: the first edge that is not below it."""
    return np.minimum(np.searchsorted(edges, np.asarray(values)), len(edges) - 1)


@dataclass(frozen=True)
class Matches:
    """Which of two lists of events belong together: pairs of indices, and what is left of either."""

    pairs: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    extra: tuple[int, ...]


def match_events(expected: Sequence[float], found: Sequence[float], tolerance: float) -> Matches:
    """Match ascending events one to one within a tolerance, greedily in order (most pairs possible, for points on a line)."""
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(expected) and j < len(found):
        if abs(expected[i] - found[j]) <= tolerance:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif expected[i] < found[j]:
            i += 1
        else:
            j += 1
    hit, used = {i for i, _ in pairs}, {j for _, j in pairs}
    return Matches(
        tuple(pairs),
        tuple(i for i in range(len(expected)) if i not in hit),
        tuple(j for j in range(len(found)) if j not in used),
    )
