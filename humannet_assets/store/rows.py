"""From a step's outcome to complete rows: system columns around the step's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from humannet_assets.store.step import Outcome, Step, validate_row


def evidence_json(evidence: Mapping[str, Any]) -> str:
    """The numbers that decided, as a JSON object; NaN and infinities, which JSON lacks, become null."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(evidence, default=str, option=options).decode()


def build_rows(step: Step[Any], unit: Mapping[str, Any], outcome: Outcome, run_id: str, now: datetime) -> list[dict[str, Any]]:
    """Complete rows of one outcome: system columns around the step's own.

    A unit without result rows gets one marker row, so that it is accounted for.

    Args:
        step: The step that produced the outcome.
        unit: unit_id, video_id, ingest_window, provenance and attempts as planned.
        outcome: How the unit ended.
        run_id: Goes into every row.
        now: Commit time, naive UTC.
    """
    table = step.writes
    system = _system_columns(step, unit, outcome, run_id, now)
    if not outcome.rows:
        return [{"row_id": unit["unit_id"], **system}]
    rows = []
    for row in outcome.rows:
        validate_row(table, row)
        row_id = unit["unit_id"] if table.one_to_one else row[table.key]
        rows.append({"row_id": row_id, **row, **system, "video_id": row.get("video_id") or system["video_id"]})
    return rows


def build_table(step: Step[Any], unit: Mapping[str, Any], outcome: Outcome, run_id: str, now: datetime) -> pa.Table:
    """Complete rows of an outcome that comes as an Arrow table; arguments as in `build_rows`.

    Raises:
        ValueError: The table lacks the key or has columns that are not declared.
    """
    declared, own = step.writes, outcome.table
    if own is None or own.num_rows == 0:
        return pa.Table.from_pylist(build_rows(step, unit, outcome, run_id, now), schema=declared.schema)
    names = {column.name for column in declared.columns}
    if unknown := set(own.column_names) - names:
        raise ValueError(f"{declared.name}: the table has undeclared columns {sorted(unknown)}")
    if declared.key not in own.column_names or own.column(declared.key).null_count:
        raise ValueError(f"{declared.name}: rows lack their key {declared.key!r}")
    system = _system_columns(step, unit, outcome, run_id, now)
    columns = []
    for field in declared.schema:
        if field.name == "row_id":
            columns.append(own.column(declared.key).cast(field.type))
        elif field.name in own.column_names:
            columns.append(own.column(field.name).cast(field.type))
        else:
            columns.append(pa.repeat(pa.scalar(system.get(field.name), field.type), own.num_rows))
    return pa.table(columns, schema=declared.schema)


def _system_columns(
    step: Step[Any], unit: Mapping[str, Any], outcome: Outcome, run_id: str, now: datetime
) -> dict[str, Any]:  # fmt: skip
    table = step.writes
    system = {
        "unit_id": unit["unit_id"],
        # A life is many videos': its row is about none of them.
        "video_id": {"video_id": unit["unit_id"], "life": None}.get(table.unit, unit["video_id"]),
        "ingest_window": unit["ingest_window"],
        "outcome": outcome.status,
        "reasons": list(outcome.reasons),
        "evidence": evidence_json(outcome.evidence),
        "error_class": outcome.error_class or None,
        "error_message": outcome.error_message or None,
        "attempts": unit["attempts"] + 1,
        "provenance": unit["provenance"],
        "code_version": step.code_version,
        "run_id": run_id,
        "created_at": now,
    }
    if table.unit in table.schema.names:
        system[table.unit] = unit["unit_id"]
    return system
