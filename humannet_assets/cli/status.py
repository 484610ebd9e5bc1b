"""`humannet status`: per table rows by outcome, the last run that wrote to it, and what is stale and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.plan import Plan, make_plan
from humannet_assets.store.schema import Table
from humannet_assets.store.sql_catalog import catalog_location, stale_tables
from humannet_assets.store.step import Step
from humannet_assets.store.tables import SOURCE_CATALOG, SOURCE_FILES, TABLES

if TYPE_CHECKING:
    from rich.console import Console

    from humannet_assets.media.access import MediaAccess
    from humannet_assets.settings import Settings
    from humannet_assets.sources.refresh_report import PendingChanges

OUTCOMES = ("kept", "rejected", "failed", "removed")


@dataclass(frozen=True)
class TableStatus:
    """One table: units and rows by outcome, who wrote last, and the units whose rows are out of date.

    `rows` counts rows, `units` what they were made from. `stale` counts units by why: added, changed, retry, removed;
    `causes` says in words what changed. `waiting` units have a parent that is not made yet. `unchecked` says as of when the
    rows are current where nobody looked whether they still are.
    """

    asset: str
    table: str
    rows: Mapping[str, int] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)
    last_run: str | None = None
    last_written: datetime | None = None
    stale: Mapping[str, int] = field(default_factory=dict)
    causes: tuple[str, ...] = ()
    waiting: int = 0
    error: str | None = None
    unchecked: str | None = None


def table_status(
    store: LanceStore,
    steps: Sequence[Step[Any]],
    asset_of: Mapping[str, str],
    max_attempts: int,
    pending: PendingChanges | None = None,
) -> list[TableStatus]:
    """Status of every table, in the order data flows.

    Staleness is judged against what the parents hold now: a chain of stale tables shows up link by link as runs go on.

    Args:
        store: The store.
        steps: Every step of the graph.
        asset_of: Table name to the asset that writes it.
        max_attempts: Failed units are stale while they have had fewer attempts.
        pending: How the catalog file and the footage differ from the last listing; None when that cannot be said.
    """
    step_of = {step.writes.name: step for step in steps}
    found = []
    for table in TABLES:
        known = _known(store, table, asset_of.get(table.name, table.name))
        step = step_of.get(table.name)
        found.append(_unplanned(table, known, pending) if step is None else _planned(store, step, known, max_attempts))
    return found


def pending_or_none(store: LanceStore, catalog_file: Path, settings: Settings, access: MediaAccess) -> PendingChanges | None:
    """What a listing would find now; None where the catalog file cannot be read."""
    from humannet_assets.sources.catalog import CatalogError
    from humannet_assets.sources.listing import pending_changes

    try:
        return pending_changes(store, catalog_file, settings, access=access)
    except (CatalogError, OSError):
        return None


def _known(store: LanceStore, table: Table, asset: str) -> TableStatus:
    stored = store.read(table, ["unit_id", "outcome", "run_id", "created_at"])
    rows = dict(stored.group_by("outcome").len().iter_rows())
    units = dict(stored.unique(["unit_id", "outcome"]).group_by("outcome").len().iter_rows())
    last = stored.sort("created_at").tail(1).to_dicts()
    return TableStatus(
        asset,
        table.name,
        {name: rows[name] for name in OUTCOMES if name in rows},
        {name: units[name] for name in OUTCOMES if name in units},
        last[0]["run_id"] if last else None,
        last[0]["created_at"] if last else None,
    )


def _planned(store: LanceStore, step: Step[Any], known: TableStatus, max_attempts: int) -> TableStatus:
    try:
        plan = make_plan(store, step, max_attempts=max_attempts)
    except Exception as error:
        return replace(known, error=f"{type(error).__name__}: {error}")
    return replace(known, stale=plan.why(), causes=tuple(_causes(store, step, plan)), waiting=plan.waiting)


def _unplanned(table: Table, known: TableStatus, pending: PendingChanges | None) -> TableStatus:
    """Tables made from the world outside the store, which have no plan."""
    if table not in (SOURCE_CATALOG, SOURCE_FILES):
        return replace(known, unchecked="as of the last run")
    if pending is None:
        return replace(known, unchecked="as of the last listing")
    if table is SOURCE_CATALOG:
        count = pending.sources
        changed = (f"{count} {'entry differs' if count == 1 else 'entries differ'} from the last listing",) if count else ()
        away = tuple(f"{name} cannot be listed: {problem}" for name, problem in sorted(pending.problems.items()))
        return replace(known, stale={"changed": count} if count else {}, causes=changed + away)
    counts = {name: pending.counts[name] for name in ("added", "changed", "removed") if pending.counts.get(name)}
    words = ", ".join(f"{count} {name}" for name, count in counts.items())
    return replace(known, stale=counts, causes=(f"files since the last listing: {words}",) if counts else ())


def _causes(store: LanceStore, step: Step[Any], plan: Plan) -> list[str]:
    """In words: what made the changed units change. Provenance is a hash, so what can be told apart is told."""
    counts = plan.why()
    causes = []
    if counts.get("added"):
        causes.append(f"{counts['added']} new in {step.reads[0].table.name}")
    if counts.get("changed"):
        changed = plan.todo.filter(pl.col("why") == "changed").select("unit_id")
        stored = store.read(step.writes, ["unit_id", "code_version"])
        versions = stored.join(changed, on="unit_id", how="semi")["code_version"].unique().drop_nulls().to_list()
        older = sorted(version for version in versions if version != step.code_version)
        if older:
            causes.append(f"{counts['changed']} made by code version {', '.join(older)}, now {step.code_version}")
        elif counts["changed"] == plan.inputs - plan.waiting:
            causes.append(f"all {counts['changed']}: settings or model of {step.name} changed, or every input did")
        else:
            parents = ", ".join(dict.fromkeys(read.table.name for read in step.reads))
            causes.append(f"{counts['changed']} whose rows in {parents} changed")
    if counts.get("retry"):
        causes.append(f"{counts['retry']} failed, tried again by the next run")
    if counts.get("removed"):
        causes.append(f"{counts['removed']} whose input is gone or no longer kept")
    return causes


def print_status(statuses: Sequence[TableStatus], store: LanceStore, console: Console) -> None:
    """Draw the statuses as one table."""
    from rich import box
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(f"store {store.root}"), title_justify="left")
    drawn.add_column("asset")
    drawn.add_column("table")
    for name in OUTCOMES:
        drawn.add_column(name, justify="right")
    drawn.add_column("last written")
    drawn.add_column("stale, and why", overflow="fold")
    asset = None
    for status in statuses:
        counts = [f"{status.rows[name]:,}" if name in status.rows else "-" for name in OUTCOMES]
        when = "never" if status.last_written is None else f"{status.last_written:%Y-%m-%d %H:%M} {str(status.last_run)[:8]}"
        drawn.add_row(status.asset if status.asset != asset else "", status.table, *counts, when, _why(status))
        asset = status.asset
    console.print(drawn)
    console.print(Text(_sql_catalog(store), style="dim"), soft_wrap=True)
    if any(status.stale for status in statuses):
        console.print(Text("Run `humannet ingest` to bring everything up to date.", style="dim"))


def _sql_catalog(store: LanceStore) -> str:
    path = catalog_location(store)
    stale = stale_tables(store, path)
    if stale is None:
        return f"sql_catalog: not built yet ({path})"
    return f"sql_catalog: {path} is " + (f"behind in {', '.join(stale)}" if stale else "up to date")


def _why(status: TableStatus) -> Any:
    from rich.text import Text

    if status.error:
        return Text(status.error, style="red")
    if status.unchecked and status.rows:
        return Text(status.unchecked, style="dim")
    words = list(status.causes)
    if status.waiting:
        words.append(f"{status.waiting} waiting for a parent")
    return Text("; ".join(words), style="yellow") if words else Text("up to date" if status.rows else "-", style="dim")


def status_json(statuses: Sequence[TableStatus]) -> str:
    """The same for programs."""
    return json.dumps([asdict(status) for status in statuses], default=lambda value: value.isoformat(), indent=1)
