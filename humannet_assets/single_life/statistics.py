"""How sure a matrix of scores is and what it says about groups: bootstrap, permutation test, block means, arrangement.

Plain arrays, no models. A score matrix is symmetric (n, n); `units` name what is independent (lives): models of one unit, such
as two seeds of a life, are alike by construction, so pairs within a unit count neither as within nor as across groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CONFIDENCE = 0.95
MOST_EXACT = 20_000
"""Distinct labelings up to which a permutation test goes through all of them: below a second."""
TIE_TOLERANCE = 1e-12
"""Statistics closer than this are equal: the same pairs summed in another order."""
_BLOCK = 4096


def bootstrap_interval(
    values: npt.NDArray[np.floating],
    rng: np.random.Generator,
    *,
    clusters: Sequence[str] = (),
    resamples: int = 1000,
    confidence: float = CONFIDENCE,
) -> tuple[Floats, Floats]:
    """Percentile bootstrap interval of the mean over the first axis.

    Args:
        values: (samples, ...), finite.
        rng: Draws the resamples.
        clusters: What each sample belongs to; whole clusters are drawn, because samples of one are alike.
        resamples: How many.
        confidence: Share of the resampled means the interval holds.

    Returns:
        Lower and upper ends, each of shape (...). Both are the mean itself if there is one cluster only.
    """
    samples = len(values)
    _, member = np.unique(np.asarray(clusters) if len(clusters) else np.arange(samples), return_inverse=True)
    size = int(member.max()) + 1
    drawn = rng.multinomial(size, np.full(size, 1 / size), resamples)[:, member].astype(np.float64)  # (resamples, samples)
    drawn /= drawn.sum(1, keepdims=True)
    flat = np.asarray(values, np.float64).reshape(samples, -1)
    tail = (1 - confidence) / 2
    ends = np.empty((2, flat.shape[1]))
    for start in range(0, flat.shape[1], _BLOCK):
        part = slice(start, start + _BLOCK)
        ends[:, part] = np.quantile(drawn @ flat[:, part], [tail, 1 - tail], axis=0)
    low, high = ends.reshape(2, *values.shape[1:])
    return low, high


@dataclass(frozen=True)
class PermutationResult:
    """Outcome of a test that score is higher within groups than across.

    Attributes:
        within: Mean score of pairs of one group (and different units).
        across: Mean score of pairs of different groups.
        p_value: Share of labelings with a difference at least as large; one-sided.
        labelings: How many were looked at, the observed one included.
        exact: All distinct labelings, not a sample.
    """

    within: float
    across: float
    p_value: float
    labelings: int
    exact: bool


def permutation_test(
    score: Floats, groups: Sequence[str], units: Sequence[str], rng: np.random.Generator, *, resamples: int = 9999
) -> PermutationResult:
    """Is the score higher within groups than across? Groups are dealt anew to units (lives), whole.

    With few units all distinct labelings are gone through (the p-value cannot fall below 1 / their number: 3 + 3 lives give
    .1 at best, because exchanging the two groups' names gives the same partition); else `resamples` are drawn and
    p = (count + 1) / (resamples + 1).

    Args:
        score: (n, n) symmetric.
        groups: Of each model.
        units: Of each model, see the module.
        rng: Draws labelings if there are too many.
        resamples: How many are drawn then.

    Raises:
        ValueError: A unit is in two groups, or there is no pair within a group or none across.
    """
    names, unit = np.unique(np.asarray(units), return_inverse=True)
    labels = np.unique(np.asarray(groups), return_inverse=True)[1]
    observed = np.zeros(len(names), np.int64)
    observed[unit] = labels
    if (observed[unit] != labels).any():
        wrong = names[unit[int((observed[unit] != labels).argmax())]]
        raise ValueError(f"models of {str(wrong)!r} are in different groups; a life belongs to one")
    one, other = np.triu_indices(len(unit), 1)
    apart = unit[one] != unit[other]
    one, other = unit[one[apart]], unit[other[apart]]
    values = np.asarray(score, np.float64)[np.triu_indices(len(unit), 1)][apart]
    is_within = observed[one] == observed[other]
    if not is_within.any() or is_within.all():
        raise ValueError("needs two groups, and two lives in one of them: there is no pair within a group, or none across")

    def difference(labelings: Integers) -> Floats:
        within = labelings[:, one] == labelings[:, other]  # (labelings, pairs)
        count, total = within.sum(1), within @ values
        return total / count - (values.sum() - total) / (len(values) - count)

    reached = difference(observed[None])[0] - TIE_TOLERANCE
    counts = np.bincount(observed)
    distinct = math.factorial(len(observed)) // math.prod(math.factorial(int(count)) for count in counts)
    exact = distinct <= MOST_EXACT
    labelings = _arrangements(observed) if exact else (rng.permutation(observed) for _ in range(resamples))
    extreme = sum(int((difference(block) >= reached).sum()) for block in _blocks(labelings))
    looked_at = distinct if exact else resamples + 1
    return PermutationResult(
        within=float(values[is_within].mean()),
        across=float(values[~is_within].mean()),
        p_value=(extreme if exact else extreme + 1) / looked_at,
        labelings=looked_at,
        exact=exact,
    )


def _arrangements(labels: Integers) -> Iterator[Integers]:
    """All distinct orders of the labels, ascending (Narayana's next permutation)."""
    current = np.sort(labels)
    while True:
        yield current.copy()
        rising = np.flatnonzero(current[:-1] < current[1:])
        if not len(rising):
            return
        pivot = int(rising[-1])
        swap = int(np.flatnonzero(current > current[pivot])[-1])
        current[pivot], current[swap] = current[swap], current[pivot]
        current[pivot + 1 :] = current[pivot + 1 :][::-1].copy()


def _blocks(labelings: Iterator[Integers]) -> Iterator[Integers]:
    block: list[Integers] = []
    for labeling in labelings:
        block.append(labeling)
        if len(block) == 512:
            yield np.array(block)
            block = []
    if block:
        yield np.array(block)


@dataclass(frozen=True)
class BlockMeans:
    """Mean score between groups.

    Attributes:
        groups: Ascending.
        mean: (groups, groups), NaN where there is no pair.
        pairs: (groups, groups) int: pairs of models of different units.
    """

    groups: tuple[str, ...]
    mean: Floats
    pairs: Integers


def block_means(score: Floats, groups: Sequence[str], units: Sequence[str]) -> BlockMeans:
    """Mean score of each pair of groups over models of different units."""
    names, label = np.unique(np.asarray(groups), return_inverse=True)
    unit = np.unique(np.asarray(units), return_inverse=True)[1]
    apart = unit[:, None] != unit[None]
    member = (label[None] == np.arange(len(names))[:, None]).astype(np.float64)  # (groups, n)
    total = member @ np.where(apart, score, 0.0) @ member.T
    count = member @ apart.astype(np.float64) @ member.T
    mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    pairs = count.astype(np.int64)
    np.fill_diagonal(pairs, np.diag(pairs) // 2)
    return BlockMeans(tuple(str(name) for name in names), mean, pairs)


@dataclass(frozen=True)
class Arrangement:
    """Where models stand to each other, from distances 1 - score.

    Attributes:
        linkage: (n - 1, 4) average linkage, as `scipy.cluster.hierarchy` has it, leaves ordered so that neighbours are near.
        coordinates: (n, 2) classical multidimensional scaling; the farthest model along each axis has a positive coordinate.
        explained: Share of the positive spread that the two axes show, 0..1.
    """

    linkage: Floats
    coordinates: Floats
    explained: float


def arrange(score: Floats) -> Arrangement:
    """Cluster and map models by a score matrix (n, n).

    Raises:
        ValueError: Fewer than two models.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    count = len(score)
    if count < 2:
        raise ValueError("one model has no place among others; arrange at least two")
    distance = 1 - (score + score.T) / 2
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    centring = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(-centring @ distance**2 @ centring / 2)
    positive = np.maximum(values[::-1], 0)
    axes = vectors[:, ::-1][:, :2] * np.sqrt(positive[:2])
    farthest = axes[np.abs(axes).argmax(0), np.arange(2)]
    spread = positive.sum()
    return Arrangement(tree, axes * np.where(farthest < 0, -1, 1), float(positive[:2].sum() / spread) if spread > 0 else 1.0)


LEAST_UNITS = 3
"""Units below which resampling them says nothing: of two there is one pair, whatever is drawn."""


def unit_bootstrap(
    score: Floats,
    masks: Sequence[npt.NDArray[np.bool_]],
    units: Sequence[str],
    strata: Sequence[str],
    rng: np.random.Generator,
    resamples: int = 1000,
) -> Floats:
    """Means of parts of a score matrix when units (lives) are drawn anew, whole and with replacement.

    A pair of units drawn a and b times counts a * b times; a unit is never paired with itself.

    Args:
        score: (n, n); what is NaN is left out.
        masks: Each (n, n): the pairs of models a mean is of. Symmetric, or (i, j) only one way.
        units: Of each model.
        strata: Of each model; units are drawn within their stratum (lives and controls), so that none vanishes.
        rng: Draws.
        resamples: How many.

    Returns:
        (resamples, masks), NaN where a draw has no such pair.
    """
    names, member = np.unique(np.asarray(units), return_inverse=True)
    stratum = np.empty(len(names), object)
    stratum[member] = np.asarray(strata, object)
    drawn = np.zeros((resamples, len(names)))
    for name in sorted(set(strata)):
        own = np.flatnonzero(stratum == name)
        drawn[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), resamples)
    apart = (member[:, None] != member[None]) & ~np.isnan(score)
    filled = np.where(np.isnan(score), 0.0, score)
    belongs = (member[None] == np.arange(len(names))[:, None]).astype(np.float64)  # (units, n)
    means = np.full((resamples, len(masks)), np.nan)
    for place, mask in enumerate(masks):
        total, count = (belongs @ np.where(mask & apart, part, 0.0) @ belongs.T for part in (filled, np.ones_like(filled)))
        sums, counts = (np.einsum("ra,ab,rb->r", drawn, part, drawn) for part in (total, count))
        np.divide(sums, counts, out=means[:, place], where=counts > 0)
    return means


def percentile_interval(draws: Floats, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of resampled values (resamples,), those that are NaN left out; NaN if fewer than half are left."""
    known = draws[~np.isnan(draws)]
    if 2 * len(known) < len(draws) or not len(known):
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)
