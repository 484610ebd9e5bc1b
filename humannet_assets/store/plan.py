"""What is to be done: the anti-join of expected with stored provenance (DESIGN rule 2).

Expected: one unit per distinct unit id among the kept rows of a step's first read, with the provenance it would get now.
Stored: what the step's own table says. The difference falls into added, changed, retried and removed units; everything else
is current. Nothing is decoded or read beyond ids and provenance here, so a plan over a million units costs about a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from humannet_assets.store.identity import ID_LENGTH
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.step import Read, Step
from humannet_assets.store.watermarks import Watermark

DEFAULT_MAX_ATTEMPTS = 3
"""A unit that failed this often with the same provenance is left alone until something it depends on changes."""

NEVER_FAILED = 2**31
"""In place of the fewest attempts among failed units when there are none: no limit asks for another try."""

UNITS_SCHEMA = {"unit_id": pl.String, "video_id": pl.String, "ingest_window": pl.String, "provenance": pl.String}


@dataclass(frozen=True)
class Plan:
    """The work of one step over some windows.

    `todo` has the columns unit_id, video_id, ingest_window, provenance, attempts (so far), why (added, changed, retry).
    `removed` are stored units whose input is gone. `current` counts outcomes that are up to date,
    `tombstones` the windows' units that were removed before.
    """

    step: Step[Any]
    windows: tuple[str, ...] | None
    inputs: int
    todo: pl.DataFrame
    removed: pl.DataFrame
    waiting: int
    current: dict[str, int]
    tombstones: int = 0

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to do."""
        return self.todo.is_empty() and self.removed.is_empty()

    def why(self) -> dict[str, int]:
        """Number of units by reason: added, changed, retry, removed."""
        counts = dict(self.todo.group_by("why").len().iter_rows())
        if self.removed.height:
            counts["removed"] = self.removed.height
        return counts


def _window_filter(windows: Sequence[str] | None) -> str | None:
    return None if windows is None else f"ingest_window IN ({quoted(windows)})"


def _and(*conditions: str | None) -> str | None:
    present = [condition for condition in conditions if condition]
    return " AND ".join(present) or None


def _hashed(frame: pl.DataFrame, expressions: Sequence[str], keep: Sequence[str]) -> pl.DataFrame:
    """`keep` columns plus `contribution`: a hash over SQL expressions, computed by DuckDB for the whole frame at once."""
    with duckdb.connect() as connection:
        connection.register("frame", frame.to_arrow())
        columns = ", ".join(f'"{name}"' for name in keep)
        joined = ", ".join(f"coalesce(CAST({expression} AS VARCHAR), '\\N')" for expression in expressions)
        query = f"SELECT {columns}, left(sha256(concat_ws('|', {joined})), {ID_LENGTH}) AS contribution FROM frame"  # noqa: S608
        return pl.DataFrame(connection.sql(query).to_arrow_table())


def _contribution(store: LanceStore, read: Read, where: str | None, *, is_first: bool) -> pl.DataFrame:
    """Per value of the read's unit column: what it adds to provenance, as columns `unit` and `contribution`."""
    table, unit = read.table, read.unit
    present = _and("outcome = 'kept'" if is_first else "outcome != 'removed'", where)
    if read.by == "identity":
        frame = store.read(table, [unit], present).unique()
        return frame.select(pl.col(unit).alias("unit"), pl.lit("").alias("contribution"))
    if read.by == "provenance":
        frame = store.read(table, dict.fromkeys([unit, "provenance", "outcome"]), present)  # type: ignore[arg-type]
        # A unit that failed and then succeeded keeps its provenance, yet those who read it have to look again.
        mark = pl.when(pl.col("outcome") == "failed").then(pl.lit("!")).otherwise(pl.lit(""))
        frame = frame.select(pl.col(unit).alias("unit"), (pl.col("provenance") + mark).alias("contribution")).unique()
    else:
        names = list(dict.fromkeys([unit, *read.columns]))
        frame = store.read(table, [*names, *(["row_id"] if "row_id" not in names else [])], present)
        frame = _hashed(frame, [f'"{name}"' for name in ("row_id", *read.columns)], [unit]).rename({unit: "unit"})
    if frame["unit"].n_unique() == frame.height:
        return frame
    return frame.group_by("unit").agg(pl.col("contribution").sort().str.join("+"))


def _is_grouped(read: Read) -> bool:
    """True when several rows of the table make one unit (the files of one video), perhaps from different windows."""
    return read.unit not in {read.table.unit, read.table.key}


def expected_units(store: LanceStore, step: Step[Any], windows: Sequence[str] | None) -> tuple[pl.DataFrame, int]:
    """Units with the provenance they would get now, and how many inputs wait for a later read.

    Returns:
        A frame with the columns of `UNITS_SCHEMA`, and the number of inputs that are not in it because one of the step's
        other parents has not been made for them yet.
    """
    first = step.reads[0]
    # Which window owns such a unit can only be told from all of its rows.
    grouped = _is_grouped(first)
    where = None if grouped else _window_filter(windows)
    joins = [read.unit for read in step.reads[1:] if read.unit != first.unit and not read.through]
    listed = [read.through for read in step.reads[1:] if read.through]
    names = list(dict.fromkeys(["row_id", first.unit, "video_id", "ingest_window", *joins, *listed]))
    # A marker of a unit without result rows has no key of its own.
    units = store.read(first.table, names, _and("outcome = 'kept'", f"{first.unit} IS NOT NULL", where))
    units = units.with_columns(pl.col(first.unit).alias("unit_id"))
    if units["unit_id"].n_unique() != units.height:
        # Several rows per unit (the files of one video): the earliest window owns it, then the smallest keys.
        units = units.sort("unit_id", "ingest_window", *joins, "row_id").unique("unit_id", keep="first", maintain_order=True)
    if grouped and windows is not None:
        units = units.filter(pl.col("ingest_window").is_in(list(windows)))
    inputs = units.height
    contribution = _contribution(store, first, where, is_first=True).rename({"unit": "unit_id", "contribution": "c0"})
    units = units.join(contribution, on="unit_id", how="left")
    for index, read in enumerate(step.reads[1:], start=1):
        frame = _contribution(store, read, None, is_first=False).rename({"contribution": f"c{index}"})
        if read.through:
            units = units.join(_through(units, read, frame, f"c{index}"), on="unit_id", how="left")
            continue
        left_on = "unit_id" if read.unit == first.unit else read.unit
        units = units.join(frame, left_on=left_on, right_on="unit", how="inner")
    parts = [f"'{step.fingerprint()}'", "unit_id", *(f"c{index}" for index in range(len(step.reads)))]
    hashed = _hashed(units, parts, ["unit_id", "video_id", "ingest_window"]).rename({"contribution": "provenance"})
    return hashed.cast(UNITS_SCHEMA), inputs - hashed.height  # type: ignore[arg-type]


def _through(units: pl.DataFrame, read: Read, frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """What the ids listed in `read.through` add to provenance together: columns unit_id and `name`."""
    ids = units.select("unit_id", unit=pl.col(read.through)).explode("unit").drop_nulls("unit")
    found = ids.join(frame, on="unit", how="inner").sort("unit_id", "unit")
    part = pl.concat_str("unit", name, separator=":")
    return found.group_by("unit_id", maintain_order=True).agg(part.str.join("+").alias(name))


def make_plan(
    store: LanceStore, step: Step[Any], windows: Sequence[str] | None = None, max_attempts: int = DEFAULT_MAX_ATTEMPTS
) -> Plan:
    """Compare expected with stored provenance.

    Args:
        store: The store.
        step: The step.
        windows: Ingest windows (YYYY-MM-DD) to process; None for all. Rows whose input is gone are found in all windows.
        max_attempts: Failed units are tried again while they have had fewer attempts.
    """
    chosen = None if windows is None else tuple(windows)
    watermark = Watermark.of(store, step, windows)
    if (counts := watermark.counts(store)) is not None and counts.pop("fewest_attempts") >= max_attempts:
        nothing = pl.DataFrame(schema={**UNITS_SCHEMA, "attempts": pl.Int32, "why": pl.String})
        return Plan(step, chosen, todo=nothing, removed=nothing.select("unit_id", "video_id", "ingest_window"), **counts)
    expected, waiting = expected_units(store, step, windows)
    # Of all windows: a unit may have moved to another one (its first file went), and what lost its input anywhere goes now,
    # for a table must never hold rows that nothing upstream accounts for.
    stored = store.read(step.writes, ["unit_id", "video_id", "ingest_window", "provenance", "outcome", "attempts"])
    stored = stored.unique("unit_id", keep="any")
    joined = expected.join(
        stored.select("unit_id", pl.col("provenance").alias("stored"), "outcome", "attempts"), on="unit_id", how="left"
    )
    why = (
        pl.when(pl.col("stored").is_null() | (pl.col("outcome") == "removed"))
        .then(pl.lit("added"))
        .when(pl.col("stored") != pl.col("provenance"))
        .then(pl.lit("changed"))
        .when((pl.col("outcome") == "failed") & (pl.col("attempts") < max_attempts))
        .then(pl.lit("retry"))
    )
    joined = joined.with_columns(why.alias("why"))
    # Attempts count tries with one provenance: a changed input starts anew.
    attempts = pl.when(pl.col("why") == "retry").then(pl.col("attempts")).otherwise(0).cast(pl.Int32)
    todo = joined.filter(pl.col("why").is_not_null()).select(*UNITS_SCHEMA, attempts.alias("attempts"), "why")
    current = dict(joined.filter(pl.col("why").is_null()).group_by("outcome").len().iter_rows())
    kept_inputs = store.read(step.reads[0].table, [step.reads[0].unit], "outcome = 'kept'").rename(
        {step.reads[0].unit: "unit_id"}
    )
    removed = stored.filter(pl.col("outcome") != "removed").join(kept_inputs, on="unit_id", how="anti")
    gone = stored.filter(pl.col("outcome") == "removed")
    if windows is not None:
        gone = gone.filter(pl.col("ingest_window").is_in(list(windows)))
    counts = {
        "inputs": expected.height + waiting,
        "waiting": waiting,
        "current": current,
        "tombstones": gone.height,
    }
    plan = Plan(step, chosen, todo=todo, removed=removed.select("unit_id", "video_id", "ingest_window"), **counts)
    if plan.is_empty:
        failed = joined.filter(pl.col("outcome") == "failed")["attempts"].min()
        watermark.remember(store, {**counts, "fewest_attempts": NEVER_FAILED if failed is None else failed})
    return plan
