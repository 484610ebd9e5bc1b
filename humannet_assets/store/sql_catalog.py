"""`sql_catalog`: the store's tables as native tables in one DuckDB file, for clients that know nothing of Lance.

Guarantees: the file opens in DuckDB 1.2 and later; readers of the previous file are never disturbed (the new one is written
beside it and renamed over it); a build over an unchanged store writes nothing.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.schema import Table
from humannet_assets.store.sql import LanceTable, view_statements
from humannet_assets.store.tables import TABLES

if TYPE_CHECKING:
    import duckdb

STORAGE_VERSION = "v1.2.0"
"""DuckDB 2.0 writes files that 1.x cannot open unless told otherwise."""

_VERSIONS_TABLE = "store_versions"
_Stamp = tuple[str, str, int, str]
"""Store root, table id, Lance version, layout."""


@dataclass(frozen=True)
class SqlCatalogReport:
    """What a build did: rows per table now, and which tables were copied from the store (the others were unchanged)."""

    path: Path
    rows: dict[str, int]
    refreshed: tuple[str, ...]
    size_bytes: int

    @property
    def is_current(self) -> bool:
        """True when the file was already up to date and was left alone."""
        return not self.refreshed

    def metadata(self) -> dict[str, Any]:
        """The same as plain values, for a materialisation."""
        return {
            "path": str(self.path),
            "rows": self.rows,
            "refreshed": list(self.refreshed),
            "size_bytes": self.size_bytes,
            "storage_version": STORAGE_VERSION,
        }


def catalog_location(store: LanceStore) -> Path:
    """Where the file lies: HUMANNET_SQL_CATALOG, else in the store's folder, else (stores in S3) in `data` here.

    All remote stores share that folder, so the file's name tells them apart.
    """
    if chosen := os.environ.get("HUMANNET_SQL_CATALOG"):
        return Path(chosen).expanduser().absolute()
    if store.is_remote:
        return Path("data").absolute() / f"humannet-{stable_id(_root(store))[:8]}.duckdb"
    return Path(store.root).absolute() / "humannet.duckdb"


def build_sql_catalog(store: LanceStore, path: Path | str, tables: Sequence[Table] = TABLES) -> SqlCatalogReport:
    """Bring the DuckDB file at `path` up to date with the store.

    It holds, for every table, `<name>_rows` (all outcomes, without the bulky per-frame columns) and the views of
    `humannet_assets.store.sql.view_statements`; comments carry the documentation of tables and columns, and
    `store_versions` the store, the table (`LanceStore.table_id`) and the Lance version each was copied from. Tables for which
    none of these has changed are taken over from the previous file.
    """
    import duckdb

    path = Path(path).absolute()
    versions = {table.name: _stamp(store, table) for table in tables}
    before = _read_versions(path)
    stale = tuple(name for name in versions if before.get(name) != versions[name])
    if before and not stale and before.keys() == versions.keys():
        with duckdb.connect(str(path), read_only=True) as connection:
            return SqlCatalogReport(path, _row_counts(connection, tables), (), path.stat().st_size)
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, or the rename would not be atomic.
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
        fresh = Path(scratch) / path.name
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{_escaped(fresh)}' AS fresh (STORAGE_VERSION '{STORAGE_VERSION}')")
            if before:
                connection.execute(f"ATTACH '{_escaped(path)}' AS previous (READ_ONLY)")
            connection.execute("USE fresh")
            for table in tables:
                _copy_table(connection, store, table, from_previous=bool(before) and table.name not in stale)
            columns = "table_name VARCHAR, root VARCHAR, table_id VARCHAR, version BIGINT, layout VARCHAR"
            connection.execute(f"CREATE TABLE {_VERSIONS_TABLE} ({columns})")
            stamps = [(name, *stamp) for name, stamp in versions.items()]
            connection.executemany(f"INSERT INTO {_VERSIONS_TABLE} VALUES (?, ?, ?, ?, ?)", stamps)  # noqa: S608
            for statement in view_statements(tables):
                connection.execute(statement)
            for table in tables:
                connection.execute(f"COMMENT ON VIEW {table.name} IS '{_escaped(table.doc)}'")
            rows = _row_counts(connection, tables)
            connection.execute("USE memory")
            connection.execute("DETACH fresh")
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        fresh.replace(path)
    return SqlCatalogReport(path, rows, stale or tuple(versions), path.stat().st_size)


def stale_tables(store: LanceStore, path: Path | str, tables: Sequence[Table] = TABLES) -> list[str] | None:
    """Tables that changed since the file at `path` was built; None if there is no such file."""
    before = _read_versions(Path(path))
    if not before:
        return None
    return [table.name for table in tables if before.get(table.name) != _stamp(store, table)]


def _copy_table(connection: duckdb.DuckDBPyConnection, store: LanceStore, table: Table, *, from_previous: bool) -> None:
    columns = ", ".join(table.sql_columns)
    if from_previous:
        origin = f"previous.{table.name}_rows"
    else:
        origin = "incoming"
        connection.register(origin, LanceTable(store, table, table.sql_columns))
    connection.execute(f"CREATE TABLE {table.name}_rows AS SELECT {columns} FROM {origin}")  # noqa: S608
    if not from_previous:
        connection.unregister(origin)
    connection.execute(f"COMMENT ON TABLE {table.name}_rows IS '{_escaped(table.doc)}'")
    for name in table.sql_columns:
        connection.execute(f"COMMENT ON COLUMN {table.name}_rows.{name} IS '{_escaped(table.column(name).doc)}'")


def _root(store: LanceStore) -> str:
    return store.root.rstrip("/")


def _stamp(store: LanceStore, table: Table) -> _Stamp:
    """What a copied table was: of which store, which table there (it may be deleted and made again), at which version."""
    return _root(store), store.table_id(table), store.version(table), _layout(table)


def _layout(table: Table) -> str:
    """The columns as text: a table whose declaration changed is copied anew although its version did not."""
    return ", ".join(f"{name} {table.column(name).type} {table.column(name).doc}" for name in table.sql_columns)


def _read_versions(path: Path) -> dict[str, _Stamp]:
    """The stamp of each table in an existing file; empty if there is none or it cannot be read."""
    import duckdb

    if not path.exists():
        return {}
    # A file of another kind or a later DuckDB is replaced, as a damaged one would be: everything in it is derived.
    with contextlib.suppress(duckdb.Error), duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(f"SELECT table_name, root, table_id, version, layout FROM {_VERSIONS_TABLE}").fetchall()  # noqa: S608
        return {name: (root, table_id, version, layout) for name, root, table_id, version, layout in found}
    return {}


def _row_counts(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> dict[str, int]:
    counts = {}
    for table in tables:
        found = connection.execute(f"SELECT count(*) FROM {table.name}_rows").fetchone()  # noqa: S608
        counts[table.name] = int(found[0]) if found else 0
    return counts


def _escaped(text: object) -> str:
    return str(text).replace("'", "''")
