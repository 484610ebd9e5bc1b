"""How sure a mean over episodes is: whole episodes are drawn anew, within their groups, and seeds where there are several.

Samples of one episode are alike, so the episode is the unit. Seeds are drawn like episodes; of three or so that interval is too
narrow (a bootstrap of three values holds the truth 73 times in 100), which the report says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from humannet_assets.single_life.statistics import CONFIDENCE
from humannet_assets.vla.episodes import Floats


@dataclass(frozen=True)
class MeanInterval:
    """A mean with its interval; the ends are NaN where there are fewer than two episodes in some group."""

    mean: float
    low: float
    high: float


def mean_interval(values: Floats, samples: Floats, groups: Sequence[str], *, resamples: int, seed: int) -> MeanInterval:
    """Mean over groups of the means over their samples, and its 95 % percentile interval.

    Args:
        values: (seeds, episodes) mean of each episode's samples.
        samples: (episodes,) how many those are: the weight of an episode in its group.
        groups: (episodes,) group of each; each group counts the same.
        resamples: Draws.
        seed: Of the draws.
    """
    members = [np.flatnonzero(np.asarray(groups) == name) for name in sorted(set(groups))]
    seeds = len(values)
    whole = np.ones((1, seeds))
    mean = float(np.mean([_means(values, samples, own, whole, np.ones((1, len(own))))[0] for own in members]))
    if min(map(len, members)) < 2:
        return MeanInterval(mean, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    drawn_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples).astype(np.float64)
    draws = []
    for own in members:
        episodes = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), resamples).astype(np.float64)
        draws.append(_means(values, samples, own, drawn_seeds, episodes))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.mean(draws, axis=0), [tail, 1 - tail])
    return MeanInterval(mean, float(low), float(high))


def _means(values: Floats, samples: Floats, own: np.ndarray, seeds: Floats, episodes: Floats) -> Floats:
    """Means (draws,) of a group's episodes `own`, seeds (draws, S) and episodes (draws, E) counted as often as drawn."""
    weight = episodes * samples[own]
    by_seed = (weight @ values[:, own].T) / weight.sum(1, keepdims=True)  # (draws, S)
    return (by_seed * seeds).sum(1) / seeds.sum(1)


def success_interval(successes: int, tries: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate (Wilson 1927): right for few tries and for rates of 0 and 1.

    Raises:
        ValueError: There were no tries.
    """
    if tries < 1:
        raise ValueError("a success rate needs at least one try")
    rate = successes / tries
    middle = (rate + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z * np.sqrt(rate * (1 - rate) / tries + z * z / (4 * tries**2)) / (1 + z * z / tries)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
