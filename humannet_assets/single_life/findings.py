"""What was found, for people: pictures and Markdown tables from the stored rows, each with the nulls it must be read beside."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from humannet_assets.single_life.durations import curve_points
from humannet_assets.single_life.runs import LIVES
from humannet_assets.single_life.statistics import arrange
from humannet_assets.single_life.summaries import ScoreMatrix, score_matrix
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import CAS_MATRICES, CAS_SUMMARIES, CROCO_CHECKPOINTS, LIFE_TRANSFER, PATCH_MATCHES

if TYPE_CHECKING:
    from humannet_assets.single_life.settings import SingleLifeSettings

HEADLINE_VIEW = "rows/mean"
CORRECTED_VIEW = "rows/mean/position_and_sinks"
"""The paper's map, and the same without what a model prefers whatever it sees."""
LEAST_PAIRS = 200_000
"""Pairs per model below which results show the path and not the science.

Measured: models of 64 x 64 pixels trained on 192,000 pairs found the right patch no better than chance, though their loss had
halved.
"""
SHOWN_METRICS = ("delta1", "abs_rel", "aepe_px", "pck5")


def caveat(settings: SingleLifeSettings) -> str:
    """What must stand beside every result of models as small as the demo's; empty for larger ones."""
    training = settings.experiment.training
    seen = training.steps * training.batch_size
    return f"path, not science: {seen:,} pairs per model" if seen < LEAST_PAIRS else ""


def titled(title: str, settings: SingleLifeSettings) -> str:
    """A heading with its caveat."""
    return " \u2014 ".join(part for part in (title, caveat(settings)) if part)


def headline_k(store: LanceStore, settings: SingleLifeSettings) -> int:
    """Set size of pictures and verdicts: the configured one, or the largest stored one where that is no less than N."""
    ks = store.read(CAS_SUMMARIES, ["k"], "outcome = 'kept' AND k IS NOT NULL")["k"].unique().to_list()
    wanted = settings.cas.headline_k
    return wanted if wanted in ks or not ks else max(ks)


def loss_figure(store: LanceStore, settings: SingleLifeSettings) -> bytes | None:
    """Loss curves of all models; None if there are none."""
    from humannet_assets.figures.curves import LossCurve, loss_curves

    names = ["model_name", "role", "life_group", "curve_steps", "curve_loss"]
    rows = store.read(CROCO_CHECKPOINTS, names, "outcome = 'kept'").sort("model_name")
    curves = [
        LossCurve(row["model_name"], row["role"], np.array(row["curve_steps"]), np.array(row["curve_loss"]))
        for row in rows.iter_rows(named=True)
    ]
    return loss_curves(curves, title=titled("Loss of masked patches", settings))


def stored_matrix(store: LanceStore, pairing: str, view: str, k: int) -> ScoreMatrix | None:
    """Scores of whole lives of a pairing; None if there are none."""
    where = f"outcome = 'kept' AND purpose = '{LIVES}' AND pairing = '{pairing}' AND view = '{view}' AND k = {k}"
    rows = store.read(CAS_MATRICES, None, where)
    return None if rows.is_empty() else score_matrix(rows)


def alignment_figures(store: LanceStore, settings: SingleLifeSettings) -> dict[str, bytes]:
    """Heat map with dendrogram and map of models, per pairing; the score is the excess over shuffled pairs."""
    from humannet_assets.figures.matrices import alignment_page

    figures = {}
    k = headline_k(store, settings)
    for pairing in settings.experiment.pairings:
        matrix = stored_matrix(store, pairing, HEADLINE_VIEW, k)
        if matrix is None:
            continue
        trained = matrix.having(("life", "ceiling", "control", "reference"))
        excess = np.nan_to_num(trained.values["excess"])
        np.fill_diagonal(excess, 1.0)
        placed = arrange(excess)
        figures[pairing] = alignment_page(
            excess, trained.names, trained.groups, linkage=placed.linkage, coordinates=placed.coordinates,
            explained=placed.explained, marks=_levels(store, pairing, k), value=f"CAS beyond shuffled pairs, k = {k}",
            title=titled(f"Alignment of lives, pairing {pairing}", settings),
        )  # fmt: skip
    return figures


def duration_figure(store: LanceStore, settings: SingleLifeSettings) -> bytes | None:
    """Agreement with the reference over hours of footage; None if there is none."""
    from humannet_assets.figures.curves import DurationCurve, Level, duration_curves

    k = headline_k(store, settings)
    points = curve_points(store, HEADLINE_VIEW, k)
    curves = []
    for (life, kind, group), part in points.group_by("life", "kind", "life_group", maintain_order=True):
        hours = sorted(part["footage_s"].unique())
        seeds = sorted(part["seed"].unique())
        values = np.full((len(seeds), len(hours)), np.nan)
        for row in part.iter_rows(named=True):
            values[seeds.index(row["seed"]), hours.index(row["footage_s"])] = row["excess"]
        curves.append(DurationCurve(str(life), str(group), np.array(hours) / 3600, values, control=kind == "control"))
    levels = [Level(label, value) for label, value in _levels(store, settings.experiment.pairings[0], k)]
    title = titled("Alignment with a reference of other footage", settings)
    return duration_curves(curves, levels, title=title, value=f"CAS beyond shuffled pairs, k = {k}")


def _levels(store: LanceStore, pairing: str, k: int) -> list[tuple[str, float]]:
    """Nulls and ceiling a pairing's excess is read beside: label and value, of those that are known."""
    labels = {"random_init_excess": "random weights", "two_seed_excess": "two seeds of one life"}
    where = f"outcome = 'kept' AND pairing = '{pairing}' AND purpose = '{LIVES}' AND view = '{HEADLINE_VIEW}' AND k = {k}"
    rows = store.read(CAS_SUMMARIES, list(labels), where).iter_rows(named=True)
    known = [(labels[name], float(value)) for row in rows for name, value in row.items() if value is not None]
    return [("shuffled pairs", 0.0), *known]


def number(value: Any, digits: int = 3) -> str:
    """A figure as text; a dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.{digits}f}" if abs(value) >= 10**-digits or value == 0 else f"{value:.1e}"
    return str(value)


def markdown(header: Sequence[str], rows: Iterable[Sequence[Any]], digits: int = 3) -> str:
    """A Markdown table."""
    lines = [" | ".join(header), " | ".join("---" for _ in header)]
    lines += [" | ".join(number(value, digits) for value in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def summary_text(store: LanceStore, settings: SingleLifeSettings) -> str:
    """Scores of lives beside nulls and ceiling, per pairing and view, and where the models look; empty without a comparison."""
    k = headline_k(store, settings)
    names = (
        "pairing", "view", "trained", "trained_shuffled", "chance", "trained_excess", "control_excess", "random_init_excess",
        "two_seed_excess", "within", "across", "p_value",
    )  # fmt: skip
    rows = store.read(CAS_SUMMARIES, names, f"outcome = 'kept' AND k = {k} AND purpose = '{LIVES}'").sort("pairing", "view")
    if rows.is_empty():
        return ""
    header = (
        "pairing", "view", "raw CAS", "raw, shuffled", "chance", "excess", "excess, controls", "excess, random weights",
        "excess, two seeds", "within", "across", "p",
    )  # fmt: skip
    parts = [
        caveat(settings),
        f"k = {k}. Excess is (CAS - CAS on shuffled pairs) / (1 - the latter).",
        markdown(header, rows.rows()),
    ]
    matches = match_rows(store)
    if matches.height:
        header = ("role", "models", "near", "near, moved", "same position", "chance", "chance, moved")
        parts += ["Where models look (share of covisible patches):", markdown(header, matches.rows())]
    return "\n\n".join(part for part in parts if part)


def match_rows(store: LanceStore) -> pl.DataFrame:
    """Patch accuracy of the mean map by role, and of untrained models."""
    names = [
        "model_id", "role", "weights", "layer", "near", "moved_near", "same_position_near", "chance_near", "chance_moved_near",
    ]  # fmt: skip
    rows = store.read(PATCH_MATCHES, names, "outcome = 'kept' AND layer = -1")
    role = pl.when(pl.col("weights") == "trained").then(pl.col("role")).otherwise(pl.lit("random_init"))
    figures = [pl.col(name).mean() for name in names[4:]]
    model = pl.when(pl.col("weights") == "trained").then(pl.col("model_id")).n_unique().alias("models")
    return rows.group_by(role.alias("role")).agg(model, *figures).sort("role")


def transfer_text(store: LanceStore, settings: SingleLifeSettings) -> str:
    """Mean metrics by data set, role and pairing, beside their baselines; empty without any."""
    rows = transfer_rows(store)
    if rows.is_empty():
        return ""
    header = ("data set", "metric", "by", "pairing", "role", "models", "value", "random weights", "trivial", "limit of patches")
    return "\n\n".join(part for part in (caveat(settings), markdown(header, rows.rows())) if part)


def transfer_rows(store: LanceStore, metrics: Sequence[str] = SHOWN_METRICS) -> pl.DataFrame:
    """Means over models: columns dataset, metric, method, pairing, role, models, value, random_init, trivial, grid_limit."""
    names = [
        "dataset", "metric", "method", "pairing", "role", "model_id", "value", "random_init", "trivial", "grid_limit",
        "duration_s",
    ]  # fmt: skip
    rows = store.read(LIFE_TRANSFER, names, "outcome = 'kept' AND duration_s IS NULL").filter(pl.col("metric").is_in(metrics))
    keys = names[:5]
    figures = [pl.col(name).mean() for name in ("value", "random_init", "trivial", "grid_limit")]
    return rows.group_by(keys).agg(pl.col("model_id").n_unique().alias("models"), *figures).sort(keys)
