"""How a table of the store is declared: its columns, its unit of work and the columns every row carries.

What belongs here: the vocabulary (`Column`, `Table`) and the system columns. The tables themselves are in
`humannet_assets.store.tables`; reading and committing is in `humannet_assets.store.lance_store`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

# Lance's upserts are only safe against concurrent inserts of the same new key when the key is declared like this
# (measured: 4-15 % silent duplicates without it).
PRIMARY_KEY_METADATA = {b"lance-schema:unenforced-primary-key": b"true"}

TIMESTAMP = pa.timestamp("us")


@dataclass(frozen=True)
class Column:
    """One column: an Arrow type DuckDB can filter on (signed integers, float32/64, string, timestamp[us], lists).

    `in_sql=False` keeps bulky columns (per-frame arrays, thumbnails) out of the native tables of `sql_catalog`.
    """

    name: str
    type: pa.DataType
    doc: str
    in_sql: bool = True


SYSTEM_COLUMNS: tuple[Column, ...] = (
    Column("row_id", pa.string(), "Primary key. The row's own id; for a unit without result rows, the unit's id."),
    Column("unit_id", pa.string(), "Id of the input this row was made from (a file, video or clip: see the table's unit)."),
    Column("video_id", pa.string(), "SHA-256 of the video's bytes; null for rows about sources, lives and unread files."),
    Column("ingest_window", pa.string(), "UTC day (YYYY-MM-DD) on which the file was first seen: the Dagster partition."),
    Column("outcome", pa.string(), "kept, rejected, failed, or removed (a tombstone: the input is gone or was withdrawn)."),
    Column("reasons", pa.list_(pa.string()), "Why a unit was rejected or removed; empty otherwise."),
    Column("evidence", pa.string(), "JSON object: the numbers that decided and the thresholds they were held against."),
    Column("error_class", pa.string(), "Exception class of a failed unit."),
    Column("error_message", pa.string(), "What went wrong and what to do about it."),
    Column("attempts", pa.int32(), "How often this unit was tried with this provenance."),
    Column("provenance", pa.string(), "Hash of the parents' provenance, this step's code version, models and config."),
    Column("code_version", pa.string(), "Version of the step's code that wrote the row."),
    Column("run_id", pa.string(), "Dagster run (or command-line run) that wrote the row."),
    Column("created_at", TIMESTAMP, "When the row was committed, UTC."),
)
SYSTEM_COLUMN_NAMES = frozenset(column.name for column in SYSTEM_COLUMNS)


@dataclass(frozen=True)
class Table:
    """A declared table.

    `unit` names what one row (or group of rows) is made from: "source_id", "file_id", "video_id",
    "clip_id", "pairing_id", "life" (a group of videos), "model_id" (a model) or "comparison_id" (of models).
    `key` is the column holding the row's own id; in one-to-one tables it is the unit itself.
    `identity` are the columns that follow from the row's id alone (a clip's video, start and end): a step that reads
    nothing else of this table depends on the ids and not on how the rows came about.
    """

    name: str
    group: str
    unit: str
    key: str
    doc: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...] = ()
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.one_to_one and self.key not in {column.name for column in (*SYSTEM_COLUMNS, *self.columns)}:
            own = Column(self.key, pa.string(), f"The {self.unit.removesuffix('_id')}; the same as row_id.")
            object.__setattr__(self, "columns", (own, *self.columns))
        names = [column.name for column in self.columns]
        if clash := SYSTEM_COLUMN_NAMES.intersection(names):
            raise ValueError(f"table {self.name}: columns {sorted(clash)} are system columns; choose other names")
        if len(set(names)) != len(names):
            raise ValueError(f"table {self.name}: a column is declared twice")
        if self.key not in names and self.key not in SYSTEM_COLUMN_NAMES:
            raise ValueError(f"table {self.name}: key {self.key!r} is not one of its columns")
        self._by_name.update({column.name: column for column in (*SYSTEM_COLUMNS, *self.columns)})
        if unknown := set(self.identity) - set(self._by_name):
            raise ValueError(f"table {self.name}: identity names unknown columns {sorted(unknown)}")

    @property
    def one_to_one(self) -> bool:
        """True when every unit has exactly one row."""
        return self.key == self.unit

    @property
    def identity_columns(self) -> frozenset[str]:
        """Columns a reader may use without depending on the row's provenance."""
        return frozenset({"row_id", "unit_id", "video_id", "ingest_window", "outcome", self.key, self.unit, *self.identity})

    def column(self, name: str) -> Column:
        """The declared column of that name; raises `KeyError` with the table's name."""
        try:
            return self._by_name[name]
        except KeyError:
            raise KeyError(f"table {self.name} has no column {name!r}; it has {sorted(self._by_name)}") from None

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema: system columns first, then the table's own."""
        fields = []
        for column in (*SYSTEM_COLUMNS, *self.columns):
            is_key = column.name == "row_id"
            metadata = {b"doc": column.doc.encode(), **(PRIMARY_KEY_METADATA if is_key else {})}
            fields.append(pa.field(column.name, column.type, nullable=not is_key, metadata=metadata))
        return pa.schema(fields)

    @cached_property
    def sql_columns(self) -> tuple[str, ...]:
        """Names of the columns that go into the native tables of `sql_catalog`."""
        return tuple(column.name for column in (*SYSTEM_COLUMNS, *self.columns) if column.in_sql)
