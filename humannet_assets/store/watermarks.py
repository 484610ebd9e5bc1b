"""Remembered answers to "is there anything to do?".

A plan compares ids and provenance of a step's parents with its own table: seconds at a million rows. When it found nothing to
do, that stays true as long as none of those tables gets a new version and the step stays as it is. So the empty plan's counts
are stored with the tables' versions, and the next plan with the same stamp costs milliseconds whatever the size.

A stamp is taken before the tables are read: a commit in between makes the remembered stamp too old, never too new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.schema import Column, Table
from humannet_assets.store.step import Step

WATERMARKS = Table(
    name="plan_watermarks",
    group="store",
    unit="watermark_id",
    key="watermark_id",
    doc="Internal: per step and windows the table versions at which nothing was left to do, and the counts then.",
    columns=(
        Column("stamp", pa.string(), "Versions of the tables read and written, and the step's fingerprint."),
        Column("counts", pa.string(), "JSON: inputs, waiting, current, tombstones, fewest_attempts of failed units."),
    ),
)


@dataclass(frozen=True)
class Watermark:
    """One question: this step over these windows, with the tables at these versions."""

    watermark_id: str
    stamp: str

    @classmethod
    def of(cls, store: LanceStore, step: Step[Any], windows: Sequence[str] | None) -> Watermark:
        """The question as things stand now."""
        tables = {table.name: table for table in (*(read.table for read in step.reads), step.writes)}
        versions = [f"{store.table_id(table)}@{store.version(table)}" for table in tables.values()]
        asked = stable_id(step.name, "*" if windows is None else ",".join(sorted(windows)))
        return cls(asked, stable_id(step.fingerprint(), *tables, *versions))

    def counts(self, store: LanceStore) -> dict[str, Any] | None:
        """The counts of the empty plan, if nothing has changed since; None otherwise."""
        rows = store.arrow(WATERMARKS, ["stamp", "counts"], f"row_id IN ({quoted([self.watermark_id])})").to_pylist()
        return orjson.loads(rows[0]["counts"]) if rows and rows[0]["stamp"] == self.stamp else None

    def remember(self, store: LanceStore, counts: dict[str, Any]) -> None:
        """Store the counts of an empty plan."""
        row = {
            "row_id": self.watermark_id,
            "unit_id": self.watermark_id,
            "watermark_id": self.watermark_id,
            "outcome": "kept",
            "stamp": self.stamp,
            "counts": orjson.dumps(counts).decode(),
        }
        store.replace_units(WATERMARKS, [self.watermark_id], [row])
