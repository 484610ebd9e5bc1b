"""`alignment_by_duration`: how models of a life's first minutes agree with a reference of diverse, disjoint footage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from humannet_assets.single_life.alignment import MODEL_COLUMNS, read_scores
from humannet_assets.single_life.runs import DURATIONS
from humannet_assets.single_life.workplace import PlacedStep
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.step import NoConfig, Outcome, Read, Unit
from humannet_assets.store.tables import ALIGNMENT_BY_DURATION, CAS_MATRICES, CROCO_CHECKPOINTS, LIFE_COMPARISONS
from humannet_assets.store.tables.single_life_models import PAIR_SCORE_COLUMNS, SCORE_COLUMNS


class DurationStep(PlacedStep[NoConfig]):
    """Picks the scores of duration models with references out of the matrices.

    Args:
        config: None.
        place: Whose store holds the matrices.
    """

    name = "alignment_by_duration"
    code_version = "1"
    reads = (
        Read(LIFE_COMPARISONS, ("purpose", "pairing", "model_ids"), unit="comparison_id", by="values"),
        Read(CROCO_CHECKPOINTS, (*MODEL_COLUMNS, "trained_on"), unit="model_id", by="values", through="model_ids"),
        Read(CAS_MATRICES, ("cas_id",), loads=False),
    )
    writes = ALIGNMENT_BY_DURATION
    load_units = 1

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One row per model, reference, view and k; a reference that saw the model's own life is not one."""
        for unit in units:
            comparison = unit.row(LIFE_COMPARISONS)
            if comparison["purpose"] != DURATIONS:
                yield Outcome.kept(unit, [])
                continue
            models = {row["model_id"]: row for row in unit.all(CROCO_CHECKPOINTS)}
            scores = read_scores(self.place.store, unit.id, "(role_a = 'reference' OR role_b = 'reference')")
            rows = [found for row in scores.iter_rows(named=True) if (found := _row(comparison, models, row)) is not None]
            if not rows:
                yield Outcome.rejected(unit, ["no_reference"], {"fix": "add a diverse pool or a second life"})
                continue
            yield Outcome.kept(unit, rows)


def _row(
    comparison: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]], score: Mapping[str, Any]
) -> dict[str, Any] | None:  # fmt: skip
    one, other = models.get(score["model_id_a"] or ""), models.get(score["model_id_b"] or "")
    if one is None or other is None:
        return None
    model, reference = (other, one) if one["role"] == "reference" else (one, other)
    if model["role"] == "reference" or model["life"] in reference["trained_on"]:
        return None
    return {
        "alignment_id": stable_id(
            comparison["comparison_id"], model["model_id"], reference["model_id"], score["view"], score["k"]
        ),
        "comparison_id": comparison["comparison_id"],
        "pairing": comparison["pairing"],
        "life": model["life"],
        "kind": "control" if model["role"] == "control" else "life",
        "life_group": model["life_group"],
        "model_id": model["model_id"],
        "reference_id": reference["model_id"],
        "footage_s": model["footage_s"],
        "whole_life": model["duration_s"] is None,
        "seed": model["seed"],
        **{name: score[name] for name in (*SCORE_COLUMNS, *PAIR_SCORE_COLUMNS)},
    }


def curve_points(store: LanceStore, view: str, k: int) -> pl.DataFrame:
    """Rows of one view and k, the mean over the references of each model.

    Columns life, kind, life_group, seed, footage_s, score, shuffled, corrected, excess and chance.
    """
    where = f"outcome = 'kept' AND view = '{view}' AND k = {k}"
    keys = ("life", "kind", "life_group", "seed", "footage_s")
    figures = ("score", "shuffled", "corrected", "excess", "chance")
    rows = store.read(ALIGNMENT_BY_DURATION, (*keys, *figures), where)
    return rows.group_by(keys).agg(pl.col(name).mean() for name in figures).sort(keys)
