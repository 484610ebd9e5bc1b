"""`cas_summaries`: what a matrix of scores says, read beside its nulls; and the matrices as pictures take them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from humannet_assets.single_life.alignment import RANDOM, read_scores
from humannet_assets.single_life.experiment import CasConfig
from humannet_assets.single_life.runs import LIVES
from humannet_assets.single_life.statistics import LEAST_UNITS, percentile_interval, permutation_test, unit_bootstrap
from humannet_assets.single_life.workplace import PlacedStep
from humannet_assets.store.identity import stable_id
from humannet_assets.store.step import Outcome, Read, Unit
from humannet_assets.store.tables import CAS_MATRICES, CAS_SUMMARIES, LIFE_COMPARISONS
from humannet_assets.store.tables.single_life_models import SCORE_COLUMNS

Floats = npt.NDArray[np.float64]
SCORES = ("score", "low", "high", "shuffled", "corrected", "excess")
TRAINED = ("life", "ceiling")


@dataclass(frozen=True)
class ScoreMatrix:
    """Scores of one view and k as matrices.

    `names`, `lives`, `roles` and `groups` are of the models, by name; `values` has for each of `SCORES` a symmetric matrix
    (n, n), NaN on the diagonal. `chance` is k / N.
    """

    names: tuple[str, ...]
    lives: tuple[str, ...]
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    values: Mapping[str, Floats]
    chance: float

    def having(self, roles: Sequence[str]) -> ScoreMatrix:
        """Only models of some roles."""
        places = [place for place, role in enumerate(self.roles) if role in roles]

        def chosen(texts: Sequence[str]) -> tuple[str, ...]:
            return tuple(texts[place] for place in places)

        values = {name: matrix[np.ix_(places, places)] for name, matrix in self.values.items()}
        return ScoreMatrix(chosen(self.names), chosen(self.lives), chosen(self.roles), chosen(self.groups), values, self.chance)

    def pairs(self, one: Sequence[str], other: Sequence[str], *, same_life: bool = False) -> npt.NDArray[np.bool_]:
        """(n, n) bool, above the diagonal: pairs of models with these roles, of different lives or of the same."""
        first, second = (np.array([role in roles for role in self.roles]) for roles in (one, other))
        life = np.asarray(self.lives)
        wanted = (first[:, None] & second[None]) | (second[:, None] & first[None])
        return np.triu(wanted & ((life[:, None] == life[None]) == same_life), 1)

    def mean(self, name: str, pairs: npt.NDArray[np.bool_]) -> float:
        """Mean of a score over some pairs; NaN if there are none."""
        values = self.values[name][pairs]
        return float(np.nanmean(values)) if len(values) and not np.isnan(values).all() else math.nan


def score_matrix(rows: pl.DataFrame) -> ScoreMatrix:
    """Rows of `cas_matrices` of one comparison, view and k as matrices."""
    models: dict[str, tuple[str, str, str]] = {}
    for side in ("a", "b"):
        columns = (f"model_{side}", f"life_{side}", f"role_{side}", f"group_{side}")
        for name, *about in rows.select(columns).unique().iter_rows():
            models[name] = (about[0], about[1], about[2])
    names = tuple(sorted(models))
    place = {name: index for index, name in enumerate(names)}
    one, other = ([place[name] for name in rows[f"model_{side}"]] for side in ("a", "b"))
    values = {}
    for name in SCORES:
        matrix = np.full((len(names), len(names)), np.nan)
        matrix[one, other] = matrix[other, one] = rows[name].cast(pl.Float64).fill_null(math.nan).to_numpy()
        values[name] = matrix
    lives, roles, groups = (tuple(models[name][part] for name in names) for part in range(3))
    return ScoreMatrix(names, lives, roles, groups, values, float(rows["chance"][0]))


class SummaryStep(PlacedStep[CasConfig]):
    """Sums up the matrices of whole lives; durations are the business of `alignment_by_duration`.

    Args:
        config: Resamples, permutations and seed count here.
        place: Whose store holds the matrices.
    """

    name = "cas_summaries"
    code_version = "1"
    reads = (
        Read(LIFE_COMPARISONS, ("purpose", "pairing"), unit="comparison_id", by="values"),
        Read(CAS_MATRICES, ("cas_id",), loads=False),
    )
    writes = CAS_SUMMARIES
    load_units = 1

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One row per view and k."""
        for unit in units:
            comparison = unit.row(LIFE_COMPARISONS)
            if comparison["purpose"] != LIVES:
                yield Outcome.kept(unit, [])
                continue
            scores = read_scores(self.place.store, unit.id)
            rows = []
            for _, part in scores.group_by("view", "k", maintain_order=True):
                about = {name: part[name][0] for name in SCORE_COLUMNS}
                row = summary(score_matrix(part), self.config)
                key = stable_id(unit.id, about["view"], about["k"])
                known = {"comparison_id": unit.id, "purpose": comparison["purpose"], "pairing": comparison["pairing"]}
                rows.append({"summary_id": key, **known, **about, **row})
            yield Outcome.kept(unit, sorted(rows, key=lambda row: (row["view"], row["k"])))


def summary(matrix: ScoreMatrix, config: CasConfig) -> dict[str, Any]:
    """The columns of `cas_summaries` that are figures; None where there is no such pair or too few lives."""
    rng = np.random.default_rng(config.seed)
    lives = matrix.pairs(TRAINED, TRAINED)
    controls = matrix.pairs(("control",), TRAINED)
    seeds = matrix.pairs(TRAINED, TRAINED, same_life=True)
    untrained = matrix.pairs((RANDOM,), (RANDOM,), same_life=True)
    mixed = matrix.pairs((RANDOM,), TRAINED)
    figures: dict[str, Any] = {
        "models": sum(role in TRAINED for role in matrix.roles),
        "lives": len({life for life, role in zip(matrix.lives, matrix.roles, strict=True) if role in TRAINED}),
        "chance": matrix.chance,
        "trained": matrix.mean("score", lives),
        "trained_shuffled": matrix.mean("shuffled", lives),
        "trained_excess": matrix.mean("excess", lives),
        "control_excess": matrix.mean("excess", controls),
        "random_init": matrix.mean("score", untrained),
        "random_init_shuffled": matrix.mean("shuffled", untrained),
        "random_init_excess": matrix.mean("excess", untrained),
        "random_against_trained": matrix.mean("score", mixed),
        "random_against_trained_excess": matrix.mean("excess", mixed),
        "two_seed_ceiling": matrix.mean("score", seeds),
        "two_seed_excess": matrix.mean("excess", seeds),
        "two_seed_pairs": int(seeds.sum()),
    }
    strata = ["control" if role == "control" else "life" for role in matrix.roles]
    draws = unit_bootstrap(matrix.values["excess"], [lives, controls], matrix.lives, strata, rng, config.resamples)
    for place, name in enumerate(("trained_excess", "control_excess")):
        low, high = percentile_interval(draws[:, place]) if figures["lives"] >= LEAST_UNITS else (math.nan, math.nan)
        figures |= {f"{name}_low": low, f"{name}_high": high}
    figures |= _within_and_across(matrix.having(TRAINED), config, rng)
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in figures.items()}


def _within_and_across(matrix: ScoreMatrix, config: CasConfig, rng: np.random.Generator) -> dict[str, Any]:
    """Lives of one data set against lives of two: means, the difference's interval, the permutation test."""
    group = np.asarray(matrix.groups)
    pairs = matrix.pairs(TRAINED, TRAINED)
    within, across = pairs & (group[:, None] == group[None]), pairs & (group[:, None] != group[None])
    excess = matrix.values["excess"]
    found: dict[str, Any] = {"within": matrix.mean("excess", within), "across": matrix.mean("excess", across)}
    if not within.any() or not across.any() or np.isnan(excess[within | across]).any():
        return found
    draws = unit_bootstrap(excess, [within, across], matrix.lives, ["life"] * len(matrix.lives), rng, config.resamples)
    low, high = percentile_interval(draws[:, 0] - draws[:, 1])
    test = permutation_test(excess, matrix.groups, matrix.lives, rng, resamples=config.permutations)
    return {
        **found, "within_minus_across_low": low, "within_minus_across_high": high, "p_value": test.p_value,
        "labelings": test.labelings, "exact": test.exact,
    }  # fmt: skip
