"""Runs steps against the store: plan, chunk, map through compute, validate, commit, count.

Commits happen as results arrive, so a run that is killed loses only what was in flight; the next run's plan picks up there.
Steps that share one decode (`FrameStep`s over the same clips) are run together.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow as pa

from humannet_assets.store.compute import Compute, InProcess, MediaSource, Result, Work
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.plan import DEFAULT_MAX_ATTEMPTS, Plan, expected_units, make_plan
from humannet_assets.store.rows import build_rows, build_table
from humannet_assets.store.schema import Table
from humannet_assets.store.step import Media, Outcome, Read, Step, Unit
from humannet_assets.store.tables import VIDEO_FILES

COMMIT_INTERVAL_S = 15.0
"""Most seconds of work a killed run can lose."""
COMMIT_UNITS = 20_000
"""Most units in one commit: bounds memory."""
COMMIT_ROWS = 2_000_000
"""Rows of outcomes that come as tables from which a commit is made: bounds memory, about 300 bytes each."""

Progress = Callable[[str, int, int], None]
"""Called with (step name, units done, units to do)."""

_log = logging.getLogger(__name__)


@dataclass
class StepReport:
    """How a step ended: kept + rejected + failed + pending == inputs, over the windows that were run."""

    step: str
    table: str
    inputs: int = 0
    kept: int = 0
    rejected: int = 0
    failed: int = 0
    pending: int = 0
    removed: int = 0
    processed: int = 0
    rows_written: int = 0
    why: dict[str, int] = field(default_factory=dict)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    video_s: float = 0.0

    @property
    def adds_up(self) -> bool:
        """DESIGN rule 3."""
        return self.kept + self.rejected + self.failed + self.pending == self.inputs


class _Committer:
    """Collects outcomes of one step and commits them in batches."""

    def __init__(self, store: LanceStore, plan: Plan, run_id: str, report: StepReport) -> None:
        self.store, self.step, self.run_id, self.report = store, plan.step, run_id, report
        columns = ("unit_id", "video_id", "ingest_window", "provenance", "attempts")
        self.units = {row["unit_id"]: row for row in plan.todo.select(columns).iter_rows(named=True)}
        self.rows: list[dict[str, Any]] = []
        self.tables: list[pa.Table] = []
        self.done: list[str] = []
        self.last_commit = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        unit = self.units[outcome.unit_id]
        now = datetime.now(UTC).replace(tzinfo=None)
        rows: list[dict[str, Any]] = []
        try:
            if outcome.table is not None:
                self.tables.append(build_table(self.step, unit, outcome, self.run_id, now))
            else:
                rows = build_rows(self.step, unit, outcome, self.run_id, now)
        except ValueError as error:
            outcome = Outcome(outcome.unit_id, "failed", error_class="ValueError", error_message=str(error))
            rows = build_rows(self.step, unit, outcome, self.run_id, now)
        if outcome.status == "failed":
            _log.warning("%s failed on %s: %s: %s", self.step.name, outcome.unit_id, outcome.error_class, outcome.error_message)
        self.rows.extend(rows)
        self.done.append(outcome.unit_id)
        waiting = sum(table.num_rows for table in self.tables)
        if len(self.done) >= COMMIT_UNITS or waiting >= COMMIT_ROWS or time.monotonic() - self.last_commit > COMMIT_INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        if self.done:
            schema = self.step.writes.schema
            rows = pa.concat_tables([pa.Table.from_pylist(self.rows, schema=schema), *self.tables])
            self.store.replace_units(self.step.writes, self.done, rows)
            self.report.processed += len(self.done)
            self.report.rows_written += rows.num_rows
        self.rows, self.tables, self.done = [], [], []
        self.last_commit = time.monotonic()


def remove_units(store: LanceStore, table: Table, units: pl.DataFrame, run_id: str, reason: str = "input_removed") -> None:
    """Replace the units' rows by tombstones: what was measured goes, that it was there stays.

    Args:
        store: The store.
        table: The table.
        units: Columns unit_id, video_id, ingest_window.
        run_id: Goes into the tombstones.
        reason: Recorded in `reasons`.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        {
            **row,
            "row_id": row["unit_id"],
            **({table.unit: row["unit_id"]} if table.unit in table.schema.names else {}),
            "outcome": "removed",
            "reasons": [reason],
            "attempts": 0,
            "provenance": "",
            "run_id": run_id,
            "created_at": now,
        }
        for row in units.select("unit_id", "video_id", "ingest_window").iter_rows(named=True)
    ]
    store.replace_units(table, units["unit_id"].to_list(), rows)


def _columns_to_load(read: Read, joins: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(["row_id", read.unit, "video_id", *read.columns, *joins]))


def _joined_by(read: Read) -> str:
    """The column of the input's rows that says which rows of a later read belong to it."""
    return read.through or read.unit


def _keys(read: Read, row: Mapping[str, Any]) -> list[str]:
    """Values of a later read's unit that a row of the input names."""
    named = row[_joined_by(read)]
    return [key for key in (named or () if read.through else (named,)) if key]


def load_units(store: LanceStore, step: Step[Any], todo: pl.DataFrame) -> Iterator[Unit]:
    """The planned units with the rows their reads declare.

    Args:
        store: The store.
        step: The step.
        todo: Columns unit_id, video_id, ingest_window.
    """
    first = step.reads[0]
    ids = todo["unit_id"].to_list()
    later = [read for read in step.reads[1:] if read.loads]
    joins = sorted({_joined_by(read) for read in later if _joined_by(read) != first.unit})
    rows_of: dict[str, dict[str, list[dict[str, Any]]]] = {}
    rows_of[first.table.name] = _rows_by(store, first, ids, _columns_to_load(first, joins))
    for read in later:
        if _joined_by(read) == first.unit:
            keys = ids
        else:
            keys = sorted({key for rows in rows_of[first.table.name].values() for row in rows for key in _keys(read, row)})
        rows_of[read.table.name] = _rows_by(store, read, keys, _columns_to_load(read, ()))
    for row in todo.iter_rows(named=True):
        own = rows_of[first.table.name].get(row["unit_id"], [])
        rows: dict[str, Sequence[Mapping[str, Any]]] = {first.table.name: own}
        for read in later:
            if _joined_by(read) == first.unit:
                keys = [row["unit_id"]]
            else:
                keys = sorted({key for parent in own for key in _keys(read, parent)})
            rows[read.table.name] = [found for key in keys for found in rows_of[read.table.name].get(key, [])]
        yield Unit(row["unit_id"], row["video_id"], row["ingest_window"], rows)


def _rows_by(store: LanceStore, read: Read, keys: Sequence[str], columns: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Kept result rows of a parent, grouped by the read's unit column, in a stable order; markers of empty units left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    if not keys:
        return found
    where = f"outcome = 'kept' AND {read.unit} IN ({quoted(keys)})"
    if not read.table.one_to_one:
        where += " AND row_id != unit_id"
    for row in store.arrow(read.table, columns, where).sort_by("row_id").to_pylist():
        found.setdefault(row[read.unit], []).append(row)
    return found


def _with_media(store: LanceStore, units: Sequence[Unit]) -> list[Unit]:
    """Attach where each unit's bytes lie. `Media.path` holds the fingerprint until a worker has the local file."""
    ids = sorted({unit.video_id or unit.id for unit in units})
    where = f"outcome = 'kept' AND video_id IN ({quoted(ids)})"
    files = store.read(VIDEO_FILES, ["video_id", "uri", "fingerprint"], where).sort("video_id", "uri")
    first = {row["video_id"]: row for row in files.unique("video_id", keep="first", maintain_order=True).iter_rows(named=True)}
    attached = []
    for unit in units:
        video_id = unit.video_id or unit.id
        file = first.get(video_id)
        media = Media(video_id, file["uri"], file["fingerprint"]) if file else None
        attached.append(replace(unit, media=media, video_id=video_id))
    return attached


def run_steps(
    store: LanceStore,
    steps: Sequence[Step[Any]],
    *,
    windows: Sequence[str] | None = None,
    compute: Compute | None = None,
    access: MediaSource | None = None,
    run_id: str,
    progress: Progress | None = None,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
) -> list[StepReport]:
    """Bring the tables of some steps up to date.

    Several steps are only given together when they share one decode pass over the same clips.

    Args:
        store: The store.
        steps: The steps, with their configuration.
        windows: Ingest windows to work on; None for all.
        compute: Where isolated steps run; steps that touch no media always run in this process.
        access: Gives workers the local file of a video.
        run_id: Goes into every row.
        progress: Called as units finish.
        max_attempts: See `make_plan`.

    Returns:
        One report per step.
    """
    started = time.monotonic()
    reports: list[StepReport] = []
    committers: dict[str, _Committer] = {}
    work: dict[str, tuple[Unit, tuple[Step[Any], ...]]] = {}
    keys: dict[str, Any] = {}
    plans: list[Plan] = []
    for step in steps:
        plan = make_plan(store, step, windows, max_attempts)
        plans.append(plan)
        report = StepReport(step.name, step.writes.name, inputs=plan.inputs, pending=plan.waiting, why=plan.why())
        reports.append(report)
        if plan.removed.height:
            remove_units(store, step.writes, plan.removed, run_id)
        committers[step.name] = _Committer(store, plan, run_id, report)
        if step.isolated:
            for unit in load_units(store, step, plan.todo):
                present = work.get(unit.id)
                rows = {**present[0].rows, **unit.rows} if present else unit.rows
                work[unit.id] = (replace(unit, rows=rows), (*(present[1] if present else ()), step))
                keys.setdefault(unit.id, step.sort_key(unit))
    try:
        for plan in plans:
            if plan.step.whole_table:
                _run_whole_table(store, plan, run_id, committers[plan.step.name].report)
            elif not plan.step.isolated:
                _run_cheap(store, plan, committers[plan.step.name], progress)
        if work:
            ordered = [work[unit_id] for unit_id in sorted(work, key=lambda unit_id: keys[unit_id])]
            if any(step.needs_media for step in steps):
                units = _with_media(store, [unit for unit, _ in ordered])
                ordered = [(unit, chosen) for unit, (_, chosen) in zip(units, ordered, strict=True)]
            _run_isolated(ordered, committers, compute or InProcess(), access, progress)
    finally:
        # What arrived before an interruption is kept.
        for committer in committers.values():
            committer.flush()
    for report, plan in zip(reports, plans, strict=True):
        _count(store, plan, report)
        report.wall_s = time.monotonic() - started
    return reports


def _chunks(work: Sequence[Work]) -> list[list[Work]]:
    """Tasks of at most `chunk_size` units; steps that open media never mix videos in one task."""
    chunks: list[list[Work]] = []
    for item in work:
        unit, steps = item
        size = min(step.chunk_size for step in steps)
        last = chunks[-1] if chunks else None
        same_video = last is not None and last[0][0].video_id == unit.video_id
        if last is None or len(last) >= size or (steps[0].needs_media and not same_video):
            chunks.append([item])
        else:
            last.append(item)
    return chunks


def _run_isolated(
    work: Sequence[Work],
    committers: Mapping[str, _Committer],
    compute: Compute,
    access: MediaSource | None,
    progress: Progress | None,
) -> None:
    name = "+".join(dict.fromkeys(step.name for _, steps in work for step in steps))
    seconds = {unit.id: _video_seconds(unit) for unit, _ in work}
    total, done = sum(len(steps) for _, steps in work), 0
    for results, cpu_s in compute.map(_chunks(work), access):
        done += len(results)
        _take(results, cpu_s, committers, seconds)
        if progress:
            progress(name, done, total)


def _take(results: Sequence[Result], cpu_s: float, committers: Mapping[str, _Committer], seconds: Mapping[str, float]) -> None:
    names = {name for name, _ in results}
    for step_name, outcome in results:
        committers[step_name].add(outcome)
        committers[step_name].report.video_s += seconds.get(outcome.unit_id, 0.0)
    for step_name in names:
        # A shared pass cannot tell whose second it was: each step carries its share.
        committers[step_name].report.cpu_s += cpu_s / len(names)


def _video_seconds(unit: Unit) -> float:
    for rows in unit.rows.values():
        for row in rows:
            if row.get("start_s") is not None and row.get("end_s") is not None:
                return float(row["end_s"]) - float(row["start_s"])
    return 0.0


def _run_cheap(store: LanceStore, plan: Plan, committer: _Committer, progress: Progress | None) -> None:
    total = plan.todo.height
    size = plan.step.load_units
    for start in range(0, total, size):
        began = time.process_time()
        batch = plan.todo.slice(start, size)
        units = list(load_units(store, plan.step, batch))
        results = InProcess().map([[(unit, (plan.step,)) for unit in units]], None)
        for outcomes, _ in results:
            for _, outcome in outcomes:
                committer.add(outcome)
        committer.report.cpu_s += time.process_time() - began
        if progress:
            progress(plan.step.name, min(start + size, total), total)


def _run_whole_table(store: LanceStore, plan: Plan, run_id: str, report: StepReport) -> None:
    """Give the step every unit at once; write the outcomes that differ from the stored rows."""
    if plan.is_empty:
        return
    began = time.process_time()
    step = plan.step
    expected, _ = expected_units(store, step, None)
    units = list(load_units(store, step, expected))
    planned = {row["unit_id"]: {**row, "attempts": 0} for row in expected.iter_rows(named=True)}
    own = [column.name for column in step.writes.columns]
    names = ["unit_id", "outcome", "reasons", "evidence", "provenance", *own]
    stored: dict[str, list[dict[str, Any]]] = {}
    for row in store.arrow(step.writes, list(dict.fromkeys(names))).to_pylist():
        stored.setdefault(row["unit_id"], []).append(row)
    now = datetime.now(UTC).replace(tzinfo=None)
    schema = step.writes.schema
    changed: list[dict[str, Any]] = []
    done: list[str] = []
    for outcome in step.process(units):
        rows = build_rows(step, planned[outcome.unit_id], outcome, run_id, now)
        # Through Arrow and back, so that float32 columns compare equal to what is stored.
        fresh = pa.Table.from_pylist(rows, schema=schema).to_pylist()
        before = stored.get(outcome.unit_id, [])
        if [{name: row[name] for name in names} for row in fresh] != [{name: row[name] for name in names} for row in before]:
            changed.extend(rows)
            done.append(outcome.unit_id)
    if done:
        store.replace_units(step.writes, done, changed)
    report.processed += len(done)
    report.rows_written += len(changed)
    report.cpu_s += time.process_time() - began


def _count(store: LanceStore, plan: Plan, report: StepReport) -> None:
    """Fill in the outcomes from what is stored now, so that the report cannot disagree with the table."""
    if not plan.is_empty:
        plan = make_plan(store, plan.step, plan.windows, max_attempts=0)
    report.inputs = plan.inputs
    report.pending = plan.waiting + plan.todo.height
    report.kept = plan.current.get("kept", 0)
    report.rejected = plan.current.get("rejected", 0)
    report.failed = plan.current.get("failed", 0)
    report.removed = plan.tombstones
