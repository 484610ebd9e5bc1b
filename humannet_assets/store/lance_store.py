"""Reading and committing Lance tables: the system of record.

Guarantees: a commit replaces all rows of the units it names in one atomic step (a killed process leaves either the old or
the new rows); two writers of the same units end with one set of rows, never with duplicates.
The work to be done is decided elsewhere (`humannet_assets.store.plan`).
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from humannet_assets.store.schema import Table

if TYPE_CHECKING:
    import lance

DATA_STORAGE_VERSION = "2.2"
"""Pinned: files stay readable by every Lance >= 2.2 whatever the installed default is."""
CONFLICT_RETRIES = 50
"""Commits that lose a race against another writer are replayed on the new version up to this often."""
TABLE_ID_METADATA = b"humannet:table_id"
"""Schema metadata: a table deleted and made again starts at version 1 anew, its id tells the two apart."""


class StoreError(RuntimeError):
    """The store cannot be used as it is; the message says what to do."""


def quoted(values: Iterable[str]) -> str:
    """SQL string literals for a Lance filter, which takes no bound values; quotes are doubled."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


@dataclass(frozen=True)
class LanceStore:
    """The tables under one root.

    Args:
        root: Folder or s3://bucket/prefix. Tables lie at `<root>/tables/<name>.lance`.
        storage_options: Passed to Lance for object stores (endpoint, region, credentials); empty for folders.
    """

    root: str
    storage_options: Mapping[str, str] = field(default_factory=dict)

    def uri(self, table: Table) -> str:
        """Where the table lies."""
        return f"{self.root.rstrip('/')}/tables/{table.name}.lance"

    @property
    def is_remote(self) -> bool:
        """True for object stores."""
        return re.match(r"^[a-z0-9]+://", self.root) is not None

    def _options(self) -> dict[str, str] | None:
        return dict(self.storage_options) or None

    def exists(self, table: Table) -> bool:
        """True once the table has been created."""
        return self._open(table) is not None

    def _open(self, table: Table, version: int | None = None) -> lance.LanceDataset | None:
        import lance

        uri = self.uri(table)
        if not self.is_remote and not Path(uri).exists():
            return None
        try:
            return lance.dataset(uri, version=version, storage_options=self._options())
        except ValueError as error:
            if "not found" in str(error).lower():
                return None
            raise

    def dataset(self, table: Table, version: int | None = None) -> lance.LanceDataset:
        """The Lance dataset, created empty (or widened by newly declared columns) if need be."""
        dataset = self._open(table, version)
        if dataset is None:
            try:
                return self._create(table)
            except OSError as error:
                # Another process created it between our look and our write.
                dataset = self._open(table)
                if dataset is None:
                    raise StoreError(f"cannot create table {table.name} at {self.uri(table)}: {error}") from error
        return dataset if version is not None else self._migrated(table, dataset)

    def _create(self, table: Table) -> lance.LanceDataset:
        """The empty table; raises OSError if it is there already.

        Lance turns a create that loses a race into an overwrite, which would take the winner's rows. A folder is made aside and
        renamed: that fails where there is one. In an object store, which renames nothing, the overwrite is undone.
        """
        import lance

        schema = table.schema.with_metadata({TABLE_ID_METADATA: uuid.uuid4().hex.encode()})
        final = self.uri(table)
        aside = Path(final).with_name(f".{table.name}-{uuid.uuid4().hex}")
        if not self.is_remote:
            aside.parent.mkdir(parents=True, exist_ok=True)
        made = lance.write_dataset(
            schema.empty_table(),
            final if self.is_remote else aside,
            schema=schema,
            mode="create",
            data_storage_version=DATA_STORAGE_VERSION,
            enable_stable_row_ids=True,
            storage_options=self._options(),
        )
        if self.is_remote:
            return self._without_overwrite(made)
        try:
            aside.rename(final)
        except OSError:
            shutil.rmtree(aside)
            raise
        return lance.dataset(final)

    def _without_overwrite(self, created: lance.LanceDataset) -> lance.LanceDataset:
        """The dataset as it was before a create that overwrote it."""
        import lance

        if created.version == 1:
            return created
        lance.dataset(created.uri, version=created.version - 1, storage_options=self._options()).restore()
        return lance.dataset(created.uri, storage_options=self._options())

    def _migrated(self, table: Table, dataset: lance.LanceDataset) -> lance.LanceDataset:
        stored = dataset.schema
        missing = [column for column in table.schema if column.name not in stored.names]
        for column in table.schema:
            if column.name in stored.names and stored.field(column.name).type != column.type:
                raise StoreError(
                    f"table {table.name} at {self.uri(table)} stores {column.name} as {stored.field(column.name).type}, this "
                    f"version expects {column.type}. Move the table away and materialise its asset again; parents are kept."
                )
        if missing:
            dataset.add_columns([pa.field(column.name, column.type, True, column.metadata) for column in missing])
            dataset.checkout_latest()
        return dataset

    def version(self, table: Table) -> int:
        """Lance version of the table, 0 if it does not exist yet."""
        dataset = self._open(table)
        return 0 if dataset is None else dataset.version

    def table_id(self, table: Table) -> str:
        """What the table was named when it was created: another one after it is deleted and made again.

        Empty if the table does not exist, or was created before tables had ids.
        """
        dataset = self._open(table)
        metadata = None if dataset is None else dataset.schema.metadata
        return (metadata or {}).get(TABLE_ID_METADATA, b"").decode()

    def arrow(self, table: Table, columns: Sequence[str] | None = None, where: str | None = None) -> pa.Table:
        """Rows of a table as Arrow; an empty table if it does not exist yet.

        Args:
            table: The table.
            columns: Columns to read; all by default.
            where: Lance SQL filter, e.g. "outcome = 'kept'"; literals through `quoted`.
        """
        names = list(columns) if columns is not None else table.schema.names
        dataset = self._open(table)
        if dataset is None:
            return pa.schema([table.schema.field(name) for name in names]).empty_table()
        stored = set(dataset.schema.names)
        read = dataset.to_table(columns=[name for name in names if name in stored], filter=where)
        for name in names:
            if name not in stored:
                read = read.append_column(table.schema.field(name), pa.nulls(read.num_rows, table.schema.field(name).type))
        return read.select(names)

    def read(self, table: Table, columns: Sequence[str] | None = None, where: str | None = None) -> pl.DataFrame:
        """Rows of a table as a Polars frame; see `arrow`."""
        frame = pl.from_arrow(self.arrow(table, columns, where))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def replace_units(
        self, table: Table, unit_ids: Sequence[str], rows: Sequence[Mapping[str, Any]] | pa.Table
    ) -> dict[str, int]:
        """Atomically make `rows` the only rows of the named units.

        Idempotent: committing the same rows again changes nothing but the version, so a retried commit is harmless.

        Args:
            table: The table written.
            unit_ids: Units whose present rows are replaced or deleted.
            rows: Complete rows (system and own columns), whose `unit_id` is one of `unit_ids`.

        Returns:
            Numbers of inserted, updated and deleted rows.

        Raises:
            StoreError: If two rows share a row_id (Lance would accept them and keep both).
        """
        batch: Any = rows
        if not isinstance(rows, pa.Table):
            batch = pa.Table.from_pylist([dict(row) for row in rows], schema=table.schema)
        ids = batch.column("row_id")
        if len(ids.unique()) != len(ids):
            raise StoreError(f"{table.name}: the same row_id appears twice in one commit; ids must be unique per unit")
        merge = self.dataset(table).merge_insert("row_id").when_matched_update_all().when_not_matched_insert_all()
        if not table.one_to_one and unit_ids:
            merge = merge.when_not_matched_by_source_delete(f"unit_id IN ({quoted(unit_ids)})")
        result = merge.use_index(False).conflict_retries(CONFLICT_RETRIES).execute(batch)
        return {
            "inserted": result["num_inserted_rows"],
            "updated": result["num_updated_rows"],
            "deleted": result["num_deleted_rows"],
        }

    def clean(self, table: Table, older_than: timedelta) -> int:
        """Let go of what the table no longer holds: rewrite files with deleted rows, then drop old versions and their files.

        Deleting a row only marks it: its bytes stay in the data file until that is rewritten, and the file itself until no
        version names it. What a killed writer left behind without committing it goes after seven days, not before: it
        cannot be told from a commit that is just being made.

        Args:
            table: The table.
            older_than: Versions at least this old go; a reader that has held one open for longer loses it.

        Returns:
            Number of bytes freed.

        Raises:
            StoreError: Another process wrote to the table meanwhile.
        """
        dataset = self._open(table)
        if dataset is None:
            return 0
        try:
            dataset.optimize.compact_files(materialize_deletions=True, materialize_deletions_threshold=0.0)
        except OSError as error:
            raise StoreError(
                f"table {table.name} at {self.uri(table)} could not be compacted; if a run is writing to it, clean again when "
                f"the run is over: {error}"
            ) from error
        dataset.checkout_latest()
        return dataset.cleanup_old_versions(older_than=older_than, delete_unverified=False).bytes_removed
