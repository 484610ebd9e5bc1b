"""The one way to write a step: a small typed object that knows nothing of Dagster, Lance or Ray.

A step declares what it reads and writes; `process` turns units into outcomes. `humannet_assets.store.runner` finds the
units that are to be done, maps them through the compute resource, validates and commits the rows.
A declaration that contradicts its tables fails when the class is made.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from humannet_assets.store.schema import SYSTEM_COLUMN_NAMES, Table

if TYPE_CHECKING:
    import pyarrow as pa

Status = Literal["kept", "rejected", "failed"]


class StepConfig(BaseModel):
    """Base of every step's configuration: validated, immutable, unknown keys refused.

    Fields carry a default, a range and a description that names the default's source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def fingerprint(self) -> str:
        """Stable text of the values: enters the provenance of every row the step writes."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)


class NoConfig(StepConfig):
    """For steps without thresholds."""


@dataclass(frozen=True)
class Read:
    """A table a step reads, the columns it uses, and the column that joins its rows to the step's unit.

    `by` says what the step depends on: "identity" (ids only; allowed if every column is an identity column), "provenance"
    (the parent's provenance), or "values" (a hash of the columns' values: for small columns of tables whose rows change
    in ways that do not matter here).
    The first read of a step is its input: one unit per distinct `unit` value among that table's kept rows.
    Later reads are looked up by unit; a unit waits (stays pending) until they have been made for it. With `through`, a column
    of the input that lists ids, a later read finds the rows of all of them; a unit does not wait for those. With `loads=False`
    it only decides whether there is something to do: for rows by the million, which the step reads by itself.
    """

    table: Table
    columns: tuple[str, ...]
    unit: str = ""
    by: Literal["identity", "provenance", "values"] = "provenance"
    through: str = ""
    loads: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", self.unit or self.table.unit)
        for name in (*self.columns, self.unit):
            self.table.column(name)
        if self.by == "identity" and (used := set(self.columns) - self.table.identity_columns):
            raise ValueError(f"reading {sorted(used)} of {self.table.name} is more than its identity; use by='provenance'")


@dataclass(frozen=True)
class Media:
    """Where the bytes of a unit's video lie, and what they must be.

    `uri` is a path or s3:// address; `path` is the local file (the same, or a staged copy).
    """

    video_id: str
    uri: str
    path: str


@dataclass(frozen=True)
class Unit:
    """One input of a step: its id and the rows its reads found, by table name (kept rows only)."""

    id: str
    video_id: str | None
    ingest_window: str
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    media: Media | None = None

    def row(self, table: Table) -> Mapping[str, Any]:
        """The single row of a one-to-one parent; raises `LookupError` when there is none."""
        rows = self.rows.get(table.name, ())
        if len(rows) != 1:
            raise LookupError(f"unit {self.id}: expected one row of {table.name}, found {len(rows)}")
        return rows[0]

    def all(self, table: Table) -> Sequence[Mapping[str, Any]]:
        """All rows of a parent; empty when the parent ended without result rows for this unit."""
        return self.rows.get(table.name, ())


@dataclass(frozen=True)
class Outcome:
    """How a unit ended. `rows` are dicts of the written table's own columns (system columns are added on commit).

    Where a unit has very many rows they come as `table`, an Arrow table of the same columns, instead.
    """

    unit_id: str
    status: Status
    rows: Sequence[Mapping[str, Any]] = ()
    table: pa.Table | None = None
    reasons: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    error_class: str = ""
    error_message: str = ""

    @classmethod
    def kept(cls, unit: Unit, rows: Sequence[Mapping[str, Any]], evidence: Mapping[str, Any] | None = None) -> Outcome:
        """A unit with result rows. Kept with no rows is allowed: the step looked and there was nothing to report."""
        return cls(unit.id, "kept", rows=rows, evidence=evidence or {})

    @classmethod
    def kept_table(cls, unit: Unit, table: pa.Table, evidence: Mapping[str, Any] | None = None) -> Outcome:
        """A unit with so many result rows that dicts would be slow: an Arrow table of the written table's own columns."""
        return cls(unit.id, "kept", table=table, evidence=evidence or {})

    @classmethod
    def rejected(
        cls, unit: Unit, reasons: Sequence[str], evidence: Mapping[str, Any], row: Mapping[str, Any] | None = None
    ) -> Outcome:
        """A verdict against a unit, with the numbers that decided; `row` keeps what was measured all the same."""
        if not reasons:
            raise ValueError(f"unit {unit.id} rejected without a reason")
        return cls(unit.id, "rejected", rows=() if row is None else (row,), reasons=tuple(reasons), evidence=evidence)

    @classmethod
    def failed(cls, unit: Unit, error: BaseException) -> Outcome:
        """An error while the unit was processed; it is retried by later runs up to the configured number of attempts."""
        return cls(unit.id, "failed", error_class=type(error).__name__, error_message=str(error)[:2000])


ConfigT = TypeVar("ConfigT", bound=StepConfig)


class Step(ABC, Generic[ConfigT]):
    """Base class of all steps. Instances are picklable: they travel to worker processes."""

    name: ClassVar[str]
    code_version: ClassVar[str]
    reads: ClassVar[tuple[Read, ...]]
    writes: ClassVar[Table]
    isolated: ClassVar[bool] = False
    """True when the step touches untrusted media: it then runs in a killable process with limits."""
    needs_media: ClassVar[bool] = False
    """True when the step opens the video file: the unit's `media` is then set."""
    whole_table: ClassVar[bool] = False
    """True when units cannot be judged alone (duplicate clusters): if anything is to be done, `process` gets every unit of
    the table at once, of all windows, and only outcomes that differ from the stored ones are written."""
    chunk_size: ClassVar[int] = 64
    """Units per task handed to a worker."""
    load_units: ClassVar[int] = 20_000
    """Units whose rows a step that runs in this process is given at a time: bounds memory."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if getattr(cls, "__abstract__", False) or "name" not in cls.__dict__:
            return
        for attribute in ("name", "code_version", "reads", "writes"):
            if not getattr(cls, attribute, None):
                raise TypeError(f"step {cls.__name__} declares no {attribute}")
        first = cls.reads[0]
        if first.unit != cls.writes.unit:
            raise TypeError(
                f"step {cls.__name__} takes its units from {first.table.name}.{first.unit} but writes "
                f"{cls.writes.name}, whose unit is {cls.writes.unit}"
            )
        for read in cls.reads[1:]:
            if read.through:
                first.table.column(read.through)

    def __init__(self, config: ConfigT) -> None:
        self.config = config

    def models(self) -> tuple[str, ...]:
        """Ids or hashes of the models whose output ends up in the rows; part of the rows' provenance."""
        return ()

    def fingerprint(self) -> str:
        """What this step adds to provenance: its name, code version, configuration and models."""
        text = "\x1f".join((self.name, self.code_version, self.config.fingerprint(), *self.models()))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def sort_key(self, unit: Unit) -> Any:
        """Order in which units are handed out; steps that decode keep the clips of a video together and in time."""
        return unit.id

    @abstractmethod
    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Yield exactly one outcome per unit, in any order. Exceptions fail the units not yet yielded, one by one."""


def validate_row(table: Table, row: Mapping[str, Any]) -> None:
    """Raise `ValueError` if a row has columns its table does not declare, or lacks its key.

    `video_id` is a system column, but the step that finds out which bytes a file holds may set it.
    """
    names = {column.name for column in table.columns} | {"video_id"}
    if unknown := set(row) - names:
        raise ValueError(f"{table.name}: row has undeclared columns {sorted(unknown)}")
    if table.key not in SYSTEM_COLUMN_NAMES and not table.one_to_one and not row.get(table.key):
        raise ValueError(f"{table.name}: row lacks its key {table.key!r}")
