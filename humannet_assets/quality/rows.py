"""The report as rows of `stage_quality`, `stage_confusions` and `stage_worst_cases`, and back. What is unchanged stays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import cast

from humannet_assets.quality.judge import Confusion, StageReport, WorstCase
from humannet_assets.quality.metrics import Better, Measure
from humannet_assets.store.derived import replace_rows
from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import STAGE_CONFUSIONS, STAGE_QUALITY, STAGE_WORST_CASES

CODE_VERSION = "2"
"""Raise it when measures or drawings change their meaning: pictures are then painted anew."""


def case_id(case: WorstCase) -> str:
    """Id of a case: the same mistake drawn the same way has the same."""
    drawing = hashlib.sha256(repr((CODE_VERSION, case.drawing, case.beside)).encode()).hexdigest()
    return stable_id(case.stage, case.kind, case.video_id, microseconds(case.time_s), case.text, drawing)


def stored_pictures(store: LanceStore) -> dict[str, bytes]:
    """Pictures of the stored worst cases by case id."""
    frame = store.read(STAGE_WORST_CASES, ["case_id", "picture"], "outcome = 'kept' AND picture IS NOT NULL")
    return dict(frame.iter_rows())


def store_report(stages: Sequence[StageReport], store: LanceStore, run_id: str) -> None:
    """Make the stages' rows the only kept ones of the three tables; what is no longer true ends as removed."""
    measures, cells, cases = [], [], []
    for stage in stages:
        for rank, measure in enumerate(stage.measures):
            values = {
                name: getattr(measure, name) for name in ("value", "low", "high", "items", "videos", "measured_in", "better")
            }
            measures.append(
                (
                    stable_id(stage.stage, measure.name),
                    None,
                    {"stage": stage.stage, "measure": measure.name, "rank": rank, **values},
                )
            )
        for table in stage.confusions:
            for (truth, found), count in sorted(table.cells.items()):
                own = {"stage": stage.stage, "question": table.name, "truth": truth, "found": found, "count": count}
                cells.append((stable_id(stage.stage, table.name, truth, found), None, own))
        for rank, case in enumerate(stage.worst):
            own = {name: getattr(case, name) for name in ("stage", "kind", "score", "uri", "time_s", "text", "picture")}
            cases.append((case_id(case), case.video_id, {**own, "rank": rank}))
    for table, rows in ((STAGE_QUALITY, measures), (STAGE_CONFUSIONS, cells), (STAGE_WORST_CASES, cases)):
        reason = "no_longer_so" if rows else "no_labels"
        replace_rows(store, table, rows, run_id, code_version=CODE_VERSION, reason=reason)


def load_stages(store: LanceStore, order: Sequence[str]) -> list[StageReport]:
    """The stored report, stages in the given order; empty when nothing was measured."""
    stages = {name: StageReport(name) for name in order}
    for row in store.read(STAGE_QUALITY, where="outcome = 'kept'").sort("rank", "measure").iter_rows(named=True):
        better = cast("Better", row["better"] or "higher")
        stages.setdefault(row["stage"], StageReport(row["stage"])).measures.append(
            Measure(
                row["measure"], row["value"], row["low"], row["high"], row["items"], row["videos"] or 0,
                row["measured_in"] or "share", better,
            )
        )  # fmt: skip
    tables: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
    for row in store.read(STAGE_CONFUSIONS, where="outcome = 'kept'").sort("row_id").iter_rows(named=True):
        tables.setdefault((row["stage"], row["question"]), {})[row["truth"], row["found"]] = row["count"]
    for (stage, name), cells in sorted(tables.items()):
        stages.setdefault(stage, StageReport(stage)).confusions.append(Confusion(name, cells))
    for row in store.read(STAGE_WORST_CASES, where="outcome = 'kept'").sort("stage", "rank").iter_rows(named=True):
        case = WorstCase(
            row["stage"], row["kind"], row["score"], row["video_id"], row["uri"], row["time_s"], row["text"],
            picture=row["picture"],
        )  # fmt: skip
        stages.setdefault(row["stage"], StageReport(row["stage"])).worst.append(case)
    return [stage for stage in stages.values() if stage.measures]
