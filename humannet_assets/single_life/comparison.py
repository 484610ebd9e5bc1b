"""Compare n models with each other: CAS in every view with its nulls, with one model in memory at a time.

The order of work: per model one pass over shuffled pairs to estimate its priors, one over the true pairs and one over pairs
shuffled another way, of which only the first choices are kept, in files of a temporary folder (3.9 MB per model and view for
1,000 pairs at N = 196); then counting. Forward passes grow with n, not with n^2, and memory with neither.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import numpy as np

from humannet_assets.single_life.cas import (
    KS,
    CasError,
    CasMatrix,
    Floats,
    ProbePairs,
    TopKSets,
    View,
    cas_matrix,
    check_comparable,
)
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.interfaces import AttentionModel
from humannet_assets.single_life.nulls import (
    AttentionPrior,
    chance,
    estimate_priors,
    probe,
    relative,
    shuffled_sources,
    two_seed_ceiling,
)


@dataclass(frozen=True)
class CasResult:
    """The score of one view and one k with what it must be read beside.

    Attributes:
        view: Which map.
        matrix: The score on true pairs.
        shuffled: The same view on pairs without a match.
    """

    view: View
    matrix: CasMatrix
    shuffled: CasMatrix

    @property
    def chance(self) -> float:
        """Score of models with nothing in common."""
        return chance(self.matrix.k, self.matrix.patches)

    @property
    def corrected(self) -> Floats:
        """(n, n): the score scaled between chance and 1."""
        return relative(self.matrix.score, self.chance)

    @property
    def excess(self) -> Floats:
        """(n, n): the score scaled between that on shuffled pairs and 1; the diagonal is NaN, both are 1 there."""
        return relative(self.matrix.score, self.shuffled.score)


@dataclass(frozen=True)
class CasSummary:
    """Means over pairs of different models of one result; NaN where there is no such pair.

    Attributes:
        trained: Models of different lives.
        trained_shuffled: The same on shuffled pairs.
        chance: k / N.
        random_init: Models of random weights with each other: may lie far above chance, because plain looks (a bright patch)
            attract attention in any network.
        random_init_shuffled: The same on shuffled pairs.
        random_against_trained: Models of random weights with trained ones.
        two_seed_ceiling: Models of one life that differ in the seed.
        two_seed_pairs: How many pairs of models that is a mean of.
    """

    trained: float
    trained_shuffled: float
    chance: float
    random_init: float
    random_init_shuffled: float
    random_against_trained: float
    two_seed_ceiling: float
    two_seed_pairs: int


def summarise(result: CasResult, lives: Mapping[str, str], random: Sequence[str] = ()) -> CasSummary:
    """One line of figures of a result.

    Args:
        result: From `compare_models`.
        lives: Life of each trained model, by name.
        random: Names of the models of random weights.
    """
    names = result.matrix.names
    trained = [i for i, name in enumerate(names) if name not in set(random)]
    untrained = [i for i, name in enumerate(names) if name in set(random)]
    life = [lives[names[i]] for i in trained]
    others = [(i, j) for a, i in enumerate(trained) for b, j in enumerate(trained[:a]) if life[a] != life[b]]
    ceiling, seeds = two_seed_ceiling(result.matrix.score[np.ix_(trained, trained)], life)
    return CasSummary(
        trained=_mean(result.matrix.score, others),
        trained_shuffled=_mean(result.shuffled.score, others),
        chance=result.chance,
        random_init=_mean(result.matrix.score, list(itertools.combinations(untrained, 2))),
        random_init_shuffled=_mean(result.shuffled.score, list(itertools.combinations(untrained, 2))),
        random_against_trained=_mean(result.matrix.score, list(itertools.product(untrained, trained))),
        two_seed_ceiling=ceiling,
        two_seed_pairs=seeds,
    )


def _mean(score: Floats, places: list[tuple[int, int]]) -> float:
    return float(np.mean([score[i, j] for i, j in places])) if places else float("nan")


@dataclass(frozen=True)
class Comparison:
    """All results, and what each model prefers whatever it sees.

    Attributes:
        results: Views in the order asked for, per view all k.
        priors: Per model the position prior and sinks of its mean map by rows; empty if no view is corrected.
    """

    results: tuple[CasResult, ...]
    priors: Mapping[str, AttentionPrior]

    def of(self, view: View, k: int) -> CasResult:
        """The result of one view and k; raises `KeyError` if it was not asked for."""
        for result in self.results:
            if (result.view, result.matrix.k) == (view, k):
                return result
        raise KeyError(f"no result of {view} at k = {k}; there are {sorted({str(r.view) for r in self.results})}")


def compare_models(
    models: Iterable[tuple[str, AttentionModel]],
    pairs: ProbePairs,
    views: Sequence[View],
    rng: np.random.Generator,
    *,
    ks: Sequence[int] = KS,
    batch: int = 32,
    resamples: int = 1000,
) -> Comparison:
    """CAS of all models with each other in all views, with intervals and on shuffled pairs.

    Args:
        models: Names and models, trained and of random weights alike; may be a generator that loads them one by one.
        pairs: Pairs from no life any model was trained on.
        views: See `cas.standard_views`.
        rng: Draws the shuffles and the bootstrap.
        ks: Set sizes.
        batch: Pairs per forward pass.
        resamples: Of the bootstrap.

    Raises:
        CasError: Models that cut images differently, the same name twice, no model, a k that is not below N, or attention
            that is not finite. Names the models.
    """
    with TemporaryDirectory() as folder:
        true, shuffled, priors = _probe_all(models, pairs, views, rng, max(ks), batch, Path(folder))

        def matrix(found: Sets, view: View, k: int) -> CasMatrix:
            sets = {name: own[view] for name, own in found.items()}
            return cas_matrix(sets, k, rng, scenes=pairs.scenes, resamples=resamples)

        results = [CasResult(view, matrix(true, view, k), matrix(shuffled, view, k)) for view in views for k in ks]
    return Comparison(tuple(results), priors)


Sets = dict[str, dict[View, TopKSets]]


def _probe_all(
    models: Iterable[tuple[str, AttentionModel]],
    pairs: ProbePairs,
    views: Sequence[View],
    rng: np.random.Generator,
    k_max: int,
    batch: int,
    folder: Path,
) -> tuple[Sets, Sets, dict[str, AttentionPrior]]:
    """First choices of all models on true and on shuffled pairs, kept in files, and their priors."""
    estimation, control = (pairs.with_sources(shuffled_sources(len(pairs), rng, pairs.scenes)) for _ in range(2))
    true: Sets = {}
    shuffled: Sets = {}
    priors: dict[str, AttentionPrior] = {}
    first: tuple[str, CroCoConfig] | None = None
    for name, model in models:
        first = first or (name, model.config)
        check_comparable(first, (name, model.config), views)
        if name in true:
            raise CasError(f"two models are called {name!r}")
        try:
            own = estimate_priors(model, estimation, views, batch)
            for found, shown in ((true, pairs), (shuffled, control)):
                found[name] = _on_disk(probe(model, shown, views, k_max, batch, own), Path(mkdtemp(dir=folder)))
        except CasError as error:
            raise CasError(f"model {name!r}: {error}") from error
        if ("rows", -1) in own:
            priors[name] = own["rows", -1]
    return true, shuffled, priors


def _on_disk(sets: dict[View, TopKSets], folder: Path) -> dict[View, TopKSets]:
    """The same sets, read from files as they are needed."""
    stored = {}
    for number, (view, one) in enumerate(sets.items()):
        path = folder / f"{number}.npy"
        np.save(path, one.indices)
        stored[view] = replace(one, indices=np.load(path, mmap_mode="r"))
    return stored
