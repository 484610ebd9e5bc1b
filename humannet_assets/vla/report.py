"""`human_data_report`: how human and robot data differ, from the episodes in the store (PAPERS: HumanScale's comparison).

Figures are means over episodes with a bootstrap interval over episodes. How loss falls with hours (loss = a - b ln(hours),
HumanScale) comes from policies trained on several amounts of data, where there are some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from humannet_assets.store.derived import replace_rows
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import HUMAN_DATA_REPORT, HUMAN_EPISODES, ROBOT_EPISODES
from humannet_assets.vla.policy_results import hour_laws
from humannet_assets.vla.settings import DataReportConfig

CODE_VERSION = "2"
"""Raise it when a measure changes its meaning."""

ALL = None
"""In place of a data set's name: all of a kind."""

_MEANS = ("idle_fraction", "speed_m_s", "jerk_m_s3", "workspace_l")
_HUMAN_MEANS = ("retarget_error_mm", "coverage")
LAW = ("loss_hours_a", "loss_hours_b", "loss_hours_r_squared")
"""Measures of the law; `episodes` then counts the amounts of data."""
UNITS = {
    "hours": "hours", "episodes": "episodes", "idle_fraction": "idle fraction (time-weighted)", "speed_m_s": "mean speed, m/s",
    "jerk_m_s3": "RMS jerk, m/s^3", "workspace_l": "workspace, litres", "verbs": "different verbs", "nouns": "different things",
    "verb_noun_pairs": "different verb-thing pairs", "verb_noun_entropy_bits": "entropy of verb-thing pairs, bits",
    "robot_ready_share": "share that is robot ready (by time)", "retarget_error_mm": "retarget error, mm",
    "coverage": "coverage", "instructed_share": "share with verb and thing",
    **dict(zip(LAW, ("a of loss = a - b ln(hours)", "b of loss = a - b ln(hours)", "r squared of that fit"), strict=True)),
}  # fmt: skip
"""Measures in the order they are shown, in words."""


@dataclass(frozen=True)
class Figure:
    """One measure of one data set (None: all of its kind); an interval where it makes sense."""

    kind: str
    dataset: str | None
    measure: str
    value: float | None
    low: float | None
    high: float | None
    episodes: int


def data_report(store: LanceStore, config: DataReportConfig, run_id: str) -> list[Figure]:
    """Compute the report and store what changed; empty without episodes."""
    figures = [figure for kind, frame in _frames(store) for figure in _of_kind(kind, frame, config)]
    figures += _laws(store)
    rows = [(stable_id(figure.kind, figure.dataset, figure.measure), None, vars(figure)) for figure in figures]
    replace_rows(store, HUMAN_DATA_REPORT, rows, run_id, code_version=CODE_VERSION)
    return figures


def _frames(store: LanceStore) -> Iterator[tuple[str, pl.DataFrame]]:
    shared = ["duration_s", *_MEANS, "verb", "noun"]
    human = store.read(HUMAN_EPISODES, ["row_id", "source_id", "robot_ready", *_HUMAN_MEANS, *shared], "outcome = 'kept'")
    yield "human", human.rename({"source_id": "dataset"}).sort("row_id")
    yield "robot", store.read(ROBOT_EPISODES, ["row_id", "dataset", *shared], "outcome = 'kept'").sort("row_id")


def _laws(store: LanceStore) -> Iterator[Figure]:
    """Coefficients of the law by arm, in place of a data set; their kind is that of the arm's data."""
    for arm, law in hour_laws(store).items():
        kind = "human" if arm == "ego" else "robot"
        for measure, value in zip(LAW, (law.a, law.b, law.r_squared), strict=True):
            yield Figure(kind, f"arm {arm}", measure, value, None, None, law.sizes)


def _of_kind(kind: str, frame: pl.DataFrame, config: DataReportConfig) -> Iterator[Figure]:
    if frame.is_empty():
        return
    yield from _figures(kind, ALL, frame, config)
    for dataset in frame["dataset"].unique().sort().to_list():
        yield from _figures(kind, dataset, frame.filter(pl.col("dataset") == dataset), config)


def _figures(kind: str, dataset: str | None, frame: pl.DataFrame, config: DataReportConfig) -> Iterator[Figure]:
    def figure(measure: str, value: float | None, interval: tuple[float | None, float | None] = (None, None)) -> Figure:
        return Figure(kind, dataset, measure, value, *interval, frame.height)

    seconds = frame["duration_s"].fill_null(0.0).to_numpy()
    yield figure("hours", float(seconds.sum()) / 3600)
    yield figure("episodes", float(frame.height))
    for measure in (*_MEANS, *(_HUMAN_MEANS if kind == "human" else ())):
        values = frame[measure].cast(pl.Float64).to_numpy()
        weights = seconds if measure == "idle_fraction" else np.ones(len(values))
        yield figure(measure, *_weighted(values, weights, config))
    if kind == "human":
        yield figure("robot_ready_share", *_weighted(frame["robot_ready"].cast(pl.Float64).to_numpy(), seconds, config))
    named = frame.drop_nulls(["verb", "noun"])
    pairs = named.group_by("verb", "noun").len()["len"].to_numpy()
    yield figure("instructed_share", named.height / frame.height)
    yield figure("verbs", float(frame["verb"].drop_nulls().n_unique()))
    yield figure("nouns", float(frame["noun"].drop_nulls().n_unique()))
    yield figure("verb_noun_pairs", float(len(pairs)))
    yield figure("verb_noun_entropy_bits", _entropy_bits(pairs))


def _weighted(
    values: np.ndarray, weights: np.ndarray, config: DataReportConfig
) -> tuple[float | None, tuple[float | None, float | None]]:
    """Weighted mean of known values and its 95 % bootstrap interval over episodes."""
    known = np.isfinite(values) & (weights > 0)
    values, weights = values[known], weights[known]
    if not len(values):
        return None, (None, None)
    count = len(values)
    value = float(np.average(values, weights=weights))
    if count < 2:
        return value, (None, None)
    rng = np.random.default_rng(config.seed)
    chosen = (rng.integers(0, count, count) for _ in range(config.resamples))
    low, high = np.quantile([np.average(values[own], weights=weights[own]) for own in chosen], [0.025, 0.975])
    return value, (float(low), float(high))


def _entropy_bits(counts: np.ndarray) -> float | None:
    """Entropy of a distribution given by counts; None without any."""
    if not len(counts):
        return None
    shares = counts / counts.sum()
    return float((shares * np.log2(1 / shares)).sum())


def markdown(figures: list[Figure]) -> str:
    """The report as a table: a row per measure, a column per data set."""
    columns = list(dict.fromkeys((figure.kind, figure.dataset) for figure in figures))
    found = {(figure.measure, figure.kind, figure.dataset): figure for figure in figures}
    lines = [
        "| measure | " + " | ".join(f"{kind}: {dataset or 'all'}" for kind, dataset in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for measure, words in UNITS.items():
        cells = [_cell(found.get((measure, *column))) for column in columns]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return ""
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3g}"
    return f"{figure.value:.3g} ({figure.low:.3g}-{figure.high:.3g})"


def bars(figures: list[Figure]) -> Mapping[str, list[tuple[str, str, float, float | None, float | None]]]:
    """What `figures.episodes.measure_bars` draws: the measures that compare people and robots."""
    chosen: dict[str, list[Any]] = {}
    for measure in ("idle_fraction", "speed_m_s", "jerk_m_s3", "workspace_l", "verb_noun_pairs", "verb_noun_entropy_bits"):
        rows = [
            (figure.dataset or f"all {figure.kind}", figure.kind, figure.value, figure.low, figure.high)
            for figure in figures
            if figure.measure == measure and figure.value is not None
        ]
        if rows:
            chosen[UNITS[measure]] = rows
    return chosen
