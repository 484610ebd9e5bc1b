"""Tables whose rows are figures about other tables: no units to plan, so all rows are made anew and what differs is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import remove_units
from humannet_assets.store.schema import Table


def replace_rows(
    store: LanceStore, table: Table, rows: Sequence[tuple[str, str | None, Mapping[str, Any]]], run_id: str, *,
    code_version: str, reason: str = "no_longer_so",
) -> int:  # fmt: skip
    """Make these the only kept rows of a table; what is no longer true ends as removed, what is unchanged stays.

    Args:
        store: The store.
        table: A table whose unit is its key.
        rows: Id, video id and own columns of each row.
        run_id: Goes into the rows written.
        code_version: Of what made them.
        reason: Why rows that are not among them are removed.

    Returns:
        How many rows were written.
    """
    stored = store.read(table, where="outcome = 'kept'")
    gone = stored.filter(~pl.col("unit_id").is_in([row_id for row_id, _, _ in rows]))
    if not gone.is_empty():
        remove_units(store, table, gone, run_id, reason)
    names = [column.name for column in table.columns if column.name != table.key]
    before = {row["unit_id"]: [row[name] for name in names] for row in stored.iter_rows(named=True)}
    changed = [item for item in rows if before.get(item[0]) != [item[2].get(name) for name in names]]
    now = datetime.now(UTC).replace(tzinfo=None)
    complete = [
        {
            "row_id": row_id, "unit_id": row_id, table.key: row_id, "video_id": video_id, "outcome": "kept", "reasons": [],
            "evidence": "{}", "attempts": 1, "provenance": "", "code_version": code_version, "run_id": run_id,
            "created_at": now, **own,
        }
        for row_id, video_id, own in changed
    ]  # fmt: skip
    if complete:
        store.replace_units(table, [row["unit_id"] for row in complete], complete)
    return len(complete)
