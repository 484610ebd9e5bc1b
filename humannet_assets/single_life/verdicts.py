"""Verdicts on the paper's findings, computed from intervals over lives: nobody writes one by hand.

A finding is "seen" if its interval lies wholly on the claimed side of zero, "opposite" if wholly on the other, "not seen" if it
holds zero, and "undecided" where there are too few lives for an interval. Lives are the unit: seeds and durations of one life
are not independent of each other. Means over lives have Student's interval; figures of a matrix or a rank correlation have the
bootstrap over lives, which is too narrow for few of them: so fewer than `LEAST_LIVES` decide nothing. Several findings at 95 %
will now and then contain a false one, and where models do not find the right place no agreement is about the scene.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import polars as pl
from scipy.stats import rankdata
from scipy.stats import t as student_t

from humannet_assets.single_life.durations import curve_points
from humannet_assets.single_life.findings import HEADLINE_VIEW, headline_k, stored_matrix
from humannet_assets.single_life.settings import SingleLifeSettings
from humannet_assets.single_life.statistics import CONFIDENCE, LEAST_UNITS, percentile_interval
from humannet_assets.single_life.summaries import TRAINED, Floats
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import CAS_SUMMARIES, LIFE_TRANSFER, PATCH_MATCHES

Verdict = Literal["seen", "opposite", "not seen", "undecided"]

LEAST_LIVES = 5
"""Lives below which no verdict is given. Measured on normal data: a 95 % percentile bootstrap of 3, 4, 5, 6 and 10 values holds
the truth 73, 81, 84, 86 and 90 times in 100."""
PAIRING_ORDER = ("spatial+temporal", "temporal", "spatial", "augmented")
"""From best to worst (Single-Life)."""
QUALITY = (("correspondence", "attention", "aepe_px"), ("depth", "attentive_probe", "delta1"))
"""Metrics that pairings and alignment are held against."""


@dataclass(frozen=True)
class Finding:
    """One claim and what the numbers say to it: `value` with its 95 % interval, positive in the claimed direction."""

    name: str
    claim: str
    measure: str
    value: float
    low: float
    high: float
    units: int
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """See the module."""
        if math.isnan(self.low) or math.isnan(self.high) or self.units < LEAST_LIVES:
            return "undecided"
        if self.low > 0:
            return "seen"
        return "opposite" if self.high < 0 else "not seen"


def all_findings(store: LanceStore, settings: SingleLifeSettings) -> list[Finding]:
    """Every finding of the paper that the stored rows speak to."""
    k = headline_k(store, settings)
    return [
        matching(store),
        emergence(store, k),
        *alignment(store, settings, k),
        *pairing_order(store, settings),
        *alignment_and_transfer(store, settings, k),
    ]


def _over_lives(values: Mapping[str, float]) -> tuple[float, float, float, int]:
    """Mean of one value per life, its interval (Student), and their number."""
    known = np.array([value for _, value in sorted(values.items()) if not math.isnan(value)])
    if len(known) < LEAST_UNITS:
        return (float(known.mean()) if len(known) else math.nan), math.nan, math.nan, len(known)
    mean, error = float(known.mean()), float(known.std(ddof=1) / math.sqrt(len(known)))
    reach = float(student_t.ppf((1 + CONFIDENCE) / 2, len(known) - 1)) * error
    return mean, mean - reach, mean + reach, len(known)


def matching(store: LanceStore) -> Finding:
    """Do models look at the right place at all, where the guess that nothing moved is wrong?"""
    names = ["life", "moved_near", "chance_moved_near"]
    where = "outcome = 'kept' AND layer = -1 AND weights = 'trained' AND duration_s IS NULL AND role IN ('life', 'ceiling')"
    rows = store.read(PATCH_MATCHES, names, where).drop_nulls()
    by_life = rows.group_by("life").agg((pl.col("moved_near") - pl.col("chance_moved_near")).mean().alias("value"))
    value, low, high, units = _over_lives(dict(by_life.iter_rows()))
    return Finding(
        "models find the right place",
        "cross-attention matches what it never was told to match",
        "share of moved patches matched within one patch, minus a random patch's",
        value, low, high, units,
        "Not of the paper: without it, agreement between models cannot be agreement about the scene.",
    )  # fmt: skip


def emergence(store: LanceStore, k: int) -> Finding:
    """Does alignment with the reference grow with the footage of a life?"""
    points = curve_points(store, HEADLINE_VIEW, k).filter(pl.col("kind") == "life")
    slopes = {}
    for (life,), part in points.group_by("life"):
        hours = np.log2(part["footage_s"].to_numpy())
        slopes[str(life)] = float(np.polyfit(hours, part["excess"].to_numpy(), 1)[0]) if len(set(hours)) > 1 else math.nan
    value, low, high, units = _over_lives(slopes)
    return Finding(
        "emergence with duration", "alignment with a model of diverse footage grows with the duration of a life",
        f"gain of excess CAS (k = {k}) per doubling of footage", value, low, high, units,
    )  # fmt: skip


def alignment(store: LanceStore, settings: SingleLifeSettings, k: int) -> list[Finding]:
    """Lives agree; more within a data set than across; controls do not."""
    pairing = settings.experiment.pairings[0]
    where = f"outcome = 'kept' AND view = '{HEADLINE_VIEW}' AND k = {k} AND pairing = '{pairing}' AND purpose = 'lives'"
    rows = store.read(CAS_SUMMARIES, None, where).to_dicts()
    found = {name: math.nan if value is None else value for name, value in rows[0].items()} if rows else {}

    def figure(name: str) -> float:
        return float(found.get(name, math.nan))

    lives = int(found.get("lives", 0))
    p = figure("p_value")
    return [
        Finding(
            "lives agree", "models of different lives attend to the same places", f"excess CAS (k = {k}) of lives with lives",
            figure("trained_excess"), figure("trained_excess_low"), figure("trained_excess_high"), lives,
            f"Random weights {figure('random_init_excess'):.3f}, two seeds of one life {figure('two_seed_excess'):.3f}.",
        ),
        Finding(
            "within above across", "lives of one data set agree more than lives of two",
            f"excess CAS (k = {k}) within minus across", figure("within") - figure("across"), figure("within_minus_across_low"),
            figure("within_minus_across_high"), lives, "" if math.isnan(p) else f"Permutation test p = {p:.3f}.",
        ),
        Finding(
            "controls near null", "footage that is nobody's life gives no alignment",
            "lowest plausible excess of lives minus highest plausible excess of controls with lives",
            figure("trained_excess") - figure("control_excess"), figure("trained_excess_low") - figure("control_excess_high"),
            figure("trained_excess_high") - figure("control_excess_low"), lives,
            f"Controls with lives {figure('control_excess'):.3f}.",
        ),
    ]  # fmt: skip


def _quality(store: LanceStore, task: str, by: str, metric: str) -> pl.DataFrame:
    """Columns life, pairing, role, model_name, quality (higher is better) of whole lives, mean over data sets."""
    names = ["life", "pairing", "role", "model_name", "value", "higher_is_better"]
    where = f"outcome = 'kept' AND task = '{task}' AND method = '{by}' AND metric = '{metric}' AND duration_s IS NULL"
    rows = store.read(LIFE_TRANSFER, names, where).filter(pl.col("role").is_in(TRAINED))
    signed = pl.when(pl.col("higher_is_better")).then(pl.col("value")).otherwise(-pl.col("value"))
    return rows.group_by("life", "pairing", "role", "model_name").agg(signed.mean().alias("quality")).sort("model_name")


def pairing_order(store: LanceStore, settings: SingleLifeSettings) -> list[Finding]:
    """Is each pairing better downstream than the next of the paper's order, life by life?"""
    there = [pairing for pairing in PAIRING_ORDER if pairing in settings.experiment.pairings]
    found = []
    for task, by, metric in QUALITY:
        quality = _quality(store, task, by, metric).group_by("life", "pairing").agg(pl.col("quality").mean())
        wide = {pairing: dict(part.select("life", "quality").iter_rows()) for (pairing,), part in quality.group_by("pairing")}
        for better, worse in pairwise(there):
            one, other = wide.get(better, {}), wide.get(worse, {})
            gains = {life: one[life] - other[life] for life in one if life in other}
            value, low, high, units = _over_lives(gains)
            found.append(
                Finding(
                    f"pairing order: {better} above {worse}",
                    "spatial+temporal > temporal > spatial > augmented",
                    f"gain of {task} ({metric}, sign so that up is better)",
                    value,
                    low,
                    high,
                    units,
                )
            )
    return found


def alignment_and_transfer(store: LanceStore, settings: SingleLifeSettings, k: int) -> list[Finding]:
    """Do models that agree with the others also do better downstream? Rank correlation over models, lives resampled."""
    scores: dict[str, float] = {}
    for pairing in settings.experiment.pairings:
        matrix = stored_matrix(store, pairing, HEADLINE_VIEW, k)
        if matrix is None:
            continue
        own = matrix.having(TRAINED)
        life = np.asarray(own.lives)
        others = np.where(life[:, None] != life[None], own.values["excess"], np.nan)
        for place, name in enumerate(own.names):
            if not np.isnan(others[place]).all():
                scores[name] = float(np.nanmean(others[place]))
    found = []
    for task, by, metric in QUALITY:
        rows = _quality(store, task, by, metric).filter(pl.col("model_name").is_in(list(scores)))
        agreement = [scores[name] for name in rows["model_name"]]
        value, low, high = _rank_correlation(agreement, rows["quality"].to_list(), rows["life"].to_list(), settings)
        found.append(
            Finding(
                f"alignment goes with transfer: {task}",
                "CAS correlates with downstream quality",
                f"Spearman correlation of a model's mean excess CAS and {metric} (sign so that up is better)",
                value,
                low,
                high,
                rows["life"].n_unique(),
                f"{rows.height} models.",
            )
        )
    return found


def _rank_correlation(
    one: Sequence[float], other: Sequence[float], lives: Sequence[str], settings: SingleLifeSettings
) -> tuple[float, float, float]:  # fmt: skip
    names = sorted(set(lives))
    if len(names) < LEAST_UNITS:
        return math.nan, math.nan, math.nan
    x, y, life = np.asarray(one, np.float64), np.asarray(other, np.float64), np.asarray(lives)
    rng = np.random.default_rng(settings.cas.seed)
    draws = np.full(settings.cas.resamples, math.nan)
    for place in range(len(draws)):
        drawn = np.concatenate([np.flatnonzero(life == names[index]) for index in rng.integers(0, len(names), len(names))])
        if len(set(x[drawn])) > 1 and len(set(y[drawn])) > 1:
            draws[place] = _spearman(x[drawn], y[drawn])
    return _spearman(x, y), *percentile_interval(draws)


def _spearman(one: Floats, other: Floats) -> float:
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
