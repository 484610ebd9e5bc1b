"""A three-table graph small enough to reason about: numbers -> halves (one to one) -> pieces (one to many) -> sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.schema import Column, Table
from humannet_assets.store.step import NoConfig, Outcome, Read, Step, StepConfig, Unit

NUMBERS = Table(
    "numbers",
    "toy",
    "clip_id",
    "clip_id",
    "Inputs.",
    (Column("value", pa.int64(), "A number."), Column("note", pa.string(), "Unused.")),
)
HALVES = Table("halves", "toy", "clip_id", "clip_id", "Even numbers halved.", (Column("half", pa.int64(), "value / 2"),))
PIECES = Table(
    "pieces",
    "toy",
    "clip_id",
    "piece_id",
    "As many rows as the half says.",
    (Column("piece_id", pa.string(), "id"), Column("clip_id", pa.string(), "unit"), Column("index", pa.int32(), "i")),
)
SUMS = Table("sums", "toy", "clip_id", "clip_id", "Pieces counted.", (Column("count", pa.int64(), "n"),))


class HalfConfig(StepConfig):
    """Numbers above the limit are rejected."""

    limit: int = 100


class HalfStep(Step[HalfConfig]):
    """Halves even numbers; odd ones are an error, large ones rejected."""

    name = "halves"
    code_version = "1"
    reads = (Read(NUMBERS, ("value",), by="values"),)
    writes = HALVES
    calls: list[str] = []

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One row each."""
        for unit in units:
            self.calls.append(unit.id)
            value = unit.row(NUMBERS)["value"]
            if value > self.config.limit:
                yield Outcome.rejected(unit, ["too_large"], {"value": value, "limit": self.config.limit}, {"half": value // 2})
            elif value % 2:
                raise ArithmeticError(f"{value} is odd")
            else:
                yield Outcome.kept(unit, [{"half": value // 2}])


class PieceStep(Step[NoConfig]):
    """`half` rows per unit."""

    name = "pieces"
    code_version = "1"
    reads = (Read(HALVES, ("half",)),)
    writes = PIECES
    calls: list[str] = []

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Zero or more rows each."""
        for unit in units:
            self.calls.append(unit.id)
            half = unit.row(HALVES)["half"]
            yield Outcome.kept(unit, [{"piece_id": f"{unit.id}-{i}", "clip_id": unit.id, "index": i} for i in range(half)])


class SumStep(Step[NoConfig]):
    """Counts pieces; depends on the halves' identity only."""

    name = "sums"
    code_version = "1"
    reads = (Read(HALVES, ("row_id",), by="identity"), Read(PIECES, ("piece_id",)))
    writes = SUMS
    calls: list[str] = []

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One row each."""
        for unit in units:
            self.calls.append(unit.id)
            yield Outcome.kept(unit, [{"count": len(unit.all(PIECES))}])


def chain(limit: int = 100) -> list[Step[Any]]:
    """The three steps in order."""
    return [HalfStep(HalfConfig(limit=limit)), PieceStep(NoConfig()), SumStep(NoConfig())]


def put(store: LanceStore, numbers: Mapping[str, int], window: str = "2026-01-01") -> None:
    """Write input rows as an upstream step would."""
    system = {"video_id": "v", "ingest_window": window, "outcome": "kept", "reasons": [], "evidence": "{}", "attempts": 1}
    made = {"code_version": "1", "run_id": "r", "created_at": datetime.now(UTC).replace(tzinfo=None)}
    rows = [
        {**system, **made, "row_id": key, "clip_id": key, "unit_id": key, "provenance": f"p{value}", "value": value}
        for key, value in numbers.items()
    ]
    store.replace_units(NUMBERS, list(numbers), rows)


LINKS = Table(
    "links", "toy", "clip_id", "clip_id", "Who looks at whom.", (Column("others", pa.list_(pa.string()), "Ids of halves."),)
)
TOTALS = Table("totals", "toy", "clip_id", "clip_id", "Halves added up.", (Column("total", pa.int64(), "Sum."),))


class TotalStep(Step[NoConfig]):
    """Adds up the halves that a unit lists."""

    name = "totals"
    code_version = "1"
    reads = (Read(LINKS, ("others",), by="values"), Read(HALVES, ("half",), through="others"))
    writes = TOTALS

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One row each."""
        for unit in units:
            yield Outcome.kept(unit, [{"total": sum(row["half"] for row in unit.all(HALVES))}])


def link(store: LanceStore, links: Mapping[str, Sequence[str]]) -> None:
    """Write who looks at whom."""
    system = {"video_id": "v", "ingest_window": "2026-01-01", "outcome": "kept", "provenance": ""}
    rows = [{**system, "row_id": key, "unit_id": key, "clip_id": key, "others": list(ids)} for key, ids in links.items()]
    store.replace_units(LINKS, list(links), rows)
