"""DuckDB over the Lance tables: every query sees the store as it is now, and cannot change it.

What belongs here: the live connection (`connect`) and the views that give each table two faces: `<table>` holds the kept
results, `<table>_rows` every row of every outcome. Native copies for other clients are in `humannet_assets.store.sql_catalog`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as pads

from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.schema import SYSTEM_COLUMN_NAMES, Table
from humannet_assets.store.tables import TABLES

if TYPE_CHECKING:
    import duckdb
    import lance

OUTCOME_COLUMNS = (
    "unit_id",
    "video_id",
    "ingest_window",
    "outcome",
    "reasons",
    "evidence",
    "error_class",
    "error_message",
    "attempts",
    "run_id",
)


class LanceTable(pads.Dataset):
    """What DuckDB scans: the declared columns of a table at its newest version, each scan anew.

    A plain `LanceDataset` pins the version and schema it was opened with, cannot be registered before the table exists, and
    fails on predicates its Substrait path refuses; those are evaluated by Arrow over a Lance scan instead.
    """

    def __init__(self, store: LanceStore, table: Table, columns: Sequence[str] | None = None) -> None:
        # No super().__init__(): the base class has no public constructor and DuckDB only asks for `schema` and `scanner`.
        self._store = store
        self._table = table
        names = table.schema.names if columns is None else list(columns)
        self._schema = pa.schema([table.schema.field(name).with_nullable(True).remove_metadata() for name in names])

    @property
    def schema(self) -> pa.Schema:
        """The declared columns, whatever version of the table is stored."""
        return self._schema

    def scanner(self, columns: Sequence[str] | None = None, filter: Any = None, **_: Any) -> _Scan:  # noqa: A002
        """One scan of the newest version; `filter` is a `pyarrow.compute.Expression`."""
        names = self._schema.names if columns is None else list(columns)
        target = pa.schema([self._schema.field(name) for name in names])
        dataset = self._newest()
        if dataset is None:
            return _Scan(target.empty_table().to_reader())
        stored = set(dataset.schema.names)
        try:
            reader = dataset.scanner(columns=[name for name in names if name in stored], filter=filter).to_reader()
        except (ValueError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
            if filter is None:
                raise
            scan = dataset.scanner(columns=[name for name in self._schema.names if name in stored]).to_reader()
            whole = pa.RecordBatchReader.from_batches(self._schema, _conform(scan, self._schema))
            reader = pads.Scanner.from_batches(whole, columns=names, filter=filter).to_reader()
        return _Scan(pa.RecordBatchReader.from_batches(target, _conform(reader, target)))

    def _newest(self) -> lance.LanceDataset | None:
        """The newest version, or None before the first materialisation. Not `store.dataset`: that one creates and migrates."""
        import lance

        if not self._store.exists(self._table):
            return None
        return lance.dataset(self._store.uri(self._table), storage_options=dict(self._store.storage_options) or None)


class _Scan:
    """The one method of a scanner that DuckDB calls."""

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self._reader = reader

    def to_reader(self) -> pa.RecordBatchReader:
        return self._reader


def _conform(reader: pa.RecordBatchReader, target: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches with exactly the announced schema; columns declared after the table was written are null."""
    for batch in reader:
        present = set(batch.schema.names)
        columns = [
            batch.column(field.name) if field.name in present else pa.nulls(batch.num_rows, field.type) for field in target
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=target)


def view_statements(tables: Sequence[Table] = TABLES) -> list[str]:
    """`CREATE VIEW` statements over the relations `<table>_rows`: one `<table>` per table, and `outcomes`."""
    statements = []
    for table in tables:
        select = f"SELECT * FROM {table.name}_rows WHERE {kept(table)}"  # noqa: S608 - declared names, no input
        statements.append(f"CREATE OR REPLACE VIEW {table.name} AS {select}")
    shared = ", ".join(OUTCOME_COLUMNS)
    selects = [
        # One line per unit: tables with several rows per unit repeat the unit's outcome on each of them.
        f"SELECT {'' if table.one_to_one else 'DISTINCT '}'{table.name}' AS table_name, {shared} FROM {table.name}_rows"  # noqa: S608
        for table in tables
    ]
    return [*statements, "CREATE OR REPLACE VIEW outcomes AS " + " UNION ALL ".join(selects)]


def kept(table: Table) -> str:
    """SQL condition for the rows people mean by a table's name: kept results, without the marker of empty units."""
    if table.one_to_one or table.key in SYSTEM_COLUMN_NAMES:
        return "outcome = 'kept'"
    return f"outcome = 'kept' AND {table.key} IS NOT NULL"


def connect(store: LanceStore, tables: Sequence[Table] = TABLES) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB connection over the store.

    For every table there is `<name>` (kept results) and `<name>_rows` (every outcome); `outcomes` unites all tables with one
    line per unit. Tables that have not been materialised are empty. Projections and predicates are pushed down to Lance, so
    a lookup by id reads little; queries see commits made after the connection was opened. The store cannot be written
    through it.
    """
    import duckdb

    connection = duckdb.connect()
    # Arrow tables hold UTC without a zone; the session must not reinterpret them.
    connection.execute("SET TimeZone = 'UTC'")
    for table in tables:
        connection.register(f"{table.name}_rows", LanceTable(store, table))
    for statement in view_statements(tables):
        connection.execute(statement.replace("CREATE OR REPLACE VIEW", "CREATE OR REPLACE TEMP VIEW"))
    return connection
