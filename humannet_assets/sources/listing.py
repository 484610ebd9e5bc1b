"""Bring `source_catalog` and `source_files` up to date with the catalog file and what lies under its sources.

These two tables are made from the world outside the store, so they have no plan by provenance: every refresh looks at
everything and commits the rows that differ. Guarantees: a refresh over an unchanged world writes nothing; a file keeps the
window in which it was first seen when it changes, is renamed or comes back; a source that cannot be listed (an unmounted
disk, a bucket out of reach) loses nothing.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from humannet_assets.sources.catalog import SourceEntry, SourceVerdict, judge_source, load_catalog
from humannet_assets.sources.files import FoundFile, folder_fingerprint, list_source
from humannet_assets.sources.manifest import is_manifest
from humannet_assets.sources.refresh_report import PendingChanges, RefreshReport
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import SOURCE_CATALOG, SOURCE_FILES

if TYPE_CHECKING:
    from humannet_assets.media.access import MediaAccess
    from humannet_assets.settings import Settings

CODE_VERSION = "1"
COMMIT_ROWS = 50_000
"""Rows per commit: bounds memory when a million files are listed for the first time."""

_VOLATILE = frozenset({"run_id", "created_at", "attempts"})
_Row = dict[str, Any]


def refresh_sources(
    store: LanceStore,
    catalog_path: Path | str,
    settings: Settings,
    *,
    run_id: str,
    access: MediaAccess,
    window: str | None = None,
) -> RefreshReport:
    """Read the catalog, judge its entries, list the files of kept ones, commit what differs.

    Args:
        store: The store.
        catalog_path: The YAML source catalog.
        settings: Sections `source_catalog` (the source filter) and `source_files` (listing) are used.
        run_id: Goes into the rows written.
        access: Lists folders, files and s3:// prefixes.
        window: Ingest window (YYYY-MM-DD) for files never seen before; today in UTC by default. Backfills set it.

    Raises:
        CatalogError: The catalog file is invalid; nothing has been changed.
        ValueError: `window` is not a day.
    """
    started = time.monotonic()
    refresh = _Refresh(store, settings, access, run_id, window)
    refresh.compare(load_catalog(catalog_path).entries)
    refresh.commit()
    refresh.report.wall_s = time.monotonic() - started
    return refresh.report


def pending_changes(store: LanceStore, catalog_path: Path | str, settings: Settings, *, access: MediaAccess) -> PendingChanges:
    """What `refresh_sources` would write now, without writing it: for sensors.

    Raises:
        CatalogError: The catalog file is invalid.
    """
    refresh = _Refresh(store, settings, access, run_id="", window=None)
    refresh.compare(load_catalog(catalog_path).entries)
    rows = sorted((*refresh.changed_sources, *refresh.changed_files), key=lambda row: row["row_id"])
    digest = stable_id(*(_content(row) for row in rows))
    known = {
        row["ingest_window"] for row in rows if row["row_id"] in refresh.stored_ids or row["ingest_window"] != refresh.window
    }
    new = sum(row["row_id"] not in refresh.stored_ids for row in refresh.changed_files)
    counts = {**refresh.report.written, **({"new": new} if new else {})}
    return PendingChanges(digest, counts, tuple(sorted(known)), len(refresh.changed_sources), refresh.report.problems)


def _content(row: _Row) -> str:
    """The row as text, without what the time of looking decides: the same change looks the same an hour later."""
    timed = _VOLATILE | {"ingest_window", "first_seen_at"}
    return json.dumps({name: row[name] for name in sorted(row.keys() - timed)}, default=str)


def _day(window: str | None, now: datetime) -> str:
    if window is None:
        return now.date().isoformat()
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", window):
        raise ValueError(f"ingest window {window!r} is not a day; write YYYY-MM-DD")
    return date.fromisoformat(window).isoformat()


@dataclass(frozen=True)
class _Ending:
    """How a row ends: its outcome and what explains it."""

    status: Literal["kept", "rejected", "failed", "removed"]
    reasons: Sequence[str] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    error_class: str | None = None
    error_message: str | None = None


class _Refresh:
    """One comparison of the world with the two tables."""

    def __init__(self, store: LanceStore, settings: Settings, access: MediaAccess, run_id: str, window: str | None) -> None:
        self.store, self.access, self.run_id = store, access, run_id
        self.rights, self.listing = settings.source_catalog, settings.source_files
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.window = _day(window, self.now)
        self.report = RefreshReport()
        self.stored_ids: set[str] = set()
        self.fingerprints: dict[str, str] = {}
        self.changed_sources: list[_Row] = []
        self.changed_files: list[_Row] = []

    def compare(self, entries: Sequence[SourceEntry]) -> None:
        """Find the rows that differ."""
        stored_sources = self._stored(SOURCE_CATALOG)
        stored_files = self._stored(SOURCE_FILES)
        self.stored_ids = {*stored_sources, *stored_files}
        verdicts = {entry.id: judge_source(entry, self.rights) for entry in entries}
        found = self._list([entry for entry in entries if not verdicts[entry.id].reasons], stored_files)

        sources: dict[str, _Row] = {}
        holding = {row["source_id"] for row in stored_files.values() if row["outcome"] == "kept"}
        for entry in entries:
            known = stored_sources.get(entry.id)
            sources[entry.id] = self._source_row(entry, verdicts[entry.id], known, holds_files=entry.id in holding)
        for source_id, row in stored_sources.items():
            if source_id not in sources:
                sources[source_id] = self._tombstone(SOURCE_CATALOG, row, "removed_from_catalog")
        files = self._files(found, stored_files, sources)

        self.report.sources, self.report.files = _outcomes(sources.values()), _outcomes(files.values())
        self.changed_sources, _ = _differing(sources, stored_sources)
        self.changed_files, self.report.written = _differing(files, stored_files)
        self.report.windows = tuple(sorted({row["ingest_window"] for row in (*self.changed_sources, *self.changed_files)}))

    def commit(self) -> None:
        """Write them: sources first, so that no file row names an entry the table does not know."""
        for table, rows in ((SOURCE_CATALOG, self.changed_sources), (SOURCE_FILES, self.changed_files)):
            for start in range(0, len(rows), COMMIT_ROWS):
                batch = rows[start : start + COMMIT_ROWS]
                self.store.replace_units(table, [row["unit_id"] for row in batch], batch)

    def _files(
        self, found: Mapping[str, FoundFile], stored: Mapping[str, _Row], sources: Mapping[str, _Row]
    ) -> dict[str, _Row]:
        files: dict[str, _Row] = {}
        vanished = {file_id: row for file_id, row in stored.items() if file_id not in found and row["outcome"] != "removed"}
        closed = tuple(f"{file.uri}/" for file in found.values() if "unreadable" in file.reasons)
        held = {
            file_id
            for file_id, row in vanished.items()
            if row["source_id"] in self.report.problems or str(row["uri"]).startswith(closed)
        }
        moved = _first_sightings(row for file_id, row in vanished.items() if file_id not in held)
        for file_id, file in found.items():
            known = stored.get(file_id)
            if known is not None and known["outcome"] == "kept" and known["source_id"] in self.report.problems:
                # Its own source is out of reach for now; another source that holds it too does not take it over.
                files[file_id] = known
            else:
                files[file_id] = self._file_row(file, known, moved)
        for file_id, row in stored.items():
            if file_id in vanished and file_id not in held:
                files[file_id] = self._tombstone(SOURCE_FILES, row, _why_gone(row, sources))
            elif file_id not in files:
                files[file_id] = row
        return files

    def _stored(self, table: Table) -> dict[str, _Row]:
        return {row["row_id"]: row for row in self.store.arrow(table).to_pylist()}

    def _list(self, entries: Sequence[SourceEntry], stored: Mapping[str, _Row]) -> dict[str, FoundFile]:
        """Files by id. Of several listings of one file the first source that keeps it counts, else the first."""
        found: dict[str, FoundFile] = {}
        holding = {row["source_id"] for row in stored.values()}
        for entry in entries:
            try:
                if entry.kind == "robot":
                    # A data set is one thing, not a heap of videos: who reads it finds its parts.
                    self.fingerprints[entry.id] = folder_fingerprint(entry.uri, self.access)
                    continue
                files = list(list_source(entry, self.access, self.listing, self.rights))
            except Exception as error:
                if isinstance(error, FileNotFoundError) and _is_emptied(entry, stored, holding):
                    continue
                self.report.problems[entry.id] = f"{type(error).__name__}: {error}"
                continue
            for file in files:
                present = found.get(file.file_id)
                if present is None or (present.status != "kept" and file.status == "kept"):
                    found[file.file_id] = file
        return found

    def _source_row(self, entry: SourceEntry, verdict: SourceVerdict, known: _Row | None, *, holds_files: bool) -> _Row:
        values = {
            "source_id": entry.id,
            "uri": entry.uri,
            "source_type": entry.source_type,
            "licence": entry.licence,
            "consent_basis": entry.consent_basis,
            "life": None if entry.life is None else entry.life.stored(),
            "viewpoint_hint": entry.viewpoint_hint,
            "keywords": entry.keywords,
            "labels": entry.labels,
            **self._robot(entry, known),
        }
        ending = _Ending("rejected" if verdict.reasons else "kept", verdict.reasons, verdict.evidence)
        if problem := self.report.problems.get(entry.id):
            ending = replace(ending, evidence={**verdict.evidence, "listing_problem": problem})
            # Its files stay as they are, so the entry stays too; only one that never held a file is a failure.
            if not holds_files and not values["fingerprint"]:
                error_class, _, message = problem.partition(": ")
                text = f"{entry.uri} cannot be listed: {message}. Check that it exists and may be read, then run again."
                ending = replace(ending, status="failed", error_class=error_class, error_message=text)
        return {
            **self._system(SOURCE_CATALOG, entry.id, known, ending),
            "provenance": stable_id(ending.status, json.dumps(values, sort_keys=True)),
            # The line is a place, not a value: moving an entry within the file is no change of the source.
            **values,
            "line": entry.line,
        }

    def _robot(self, entry: SourceEntry, known: _Row | None) -> _Row:
        """What only robot sources have. One that is out of reach for now keeps what was last seen of it."""
        if entry.kind != "robot":
            return {"robot_source_id": None, "fingerprint": None}
        before = known["fingerprint"] if known is not None and known["outcome"] == "kept" else None
        return {"robot_source_id": entry.id, "fingerprint": self.fingerprints.get(entry.id, before)}

    def _file_row(self, file: FoundFile, known: _Row | None, moved: Mapping[str, tuple[str, datetime]]) -> _Row:
        ending = _Ending(file.status, file.reasons, file.evidence, file.error_class, file.error_message)
        system = self._system(SOURCE_FILES, file.file_id, known, ending)
        first_seen = self.now if known is None else known["first_seen_at"]
        if known is None and file.fingerprint and file.fingerprint in moved:
            system["ingest_window"], first_seen = moved[file.fingerprint]
        metadata = None if file.metadata is None else json.dumps(file.metadata, sort_keys=True, default=str)
        return {
            **system,
            "provenance": stable_id(file.status, file.uri, file.fingerprint, file.source_id),
            "source_id": file.source_id,
            "uri": file.uri,
            "size_bytes": file.size_bytes,
            "fingerprint": file.fingerprint,
            "first_seen_at": first_seen or self.now,
            "metadata": metadata,
            "sidecar_uri": file.sidecar_uri,
            "sidecar_fingerprint": file.sidecar_fingerprint,
        }

    def _system(self, table: Table, unit_id: str, known: _Row | None, ending: _Ending) -> _Row:
        return {
            "row_id": unit_id,
            "unit_id": unit_id,
            table.unit: unit_id,
            "video_id": None,
            "ingest_window": self.window if known is None else known["ingest_window"],
            "outcome": ending.status,
            "reasons": list(ending.reasons),
            "evidence": json.dumps(dict(ending.evidence), sort_keys=True, default=str),
            "error_class": ending.error_class,
            "error_message": ending.error_message,
            "attempts": 1,
            "code_version": CODE_VERSION,
            "run_id": self.run_id,
            "created_at": self.now,
        }

    def _tombstone(self, table: Table, row: _Row, reason: str) -> _Row:
        """What was measured goes; what the thing was, where it was and when it was first seen stays."""
        if row["outcome"] == "removed":
            return row
        stays = ("source_id", "uri", "first_seen_at") if table is SOURCE_FILES else ("source_id", "uri")
        system = self._system(table, row["row_id"], row, _Ending("removed", (reason,)))
        return {**dict.fromkeys(row), **system, "provenance": "", **{name: row[name] for name in stays}}


def _is_emptied(entry: SourceEntry, stored: Mapping[str, _Row], holding: Set[str]) -> bool:
    """True for a source with nothing at its address because what was there is gone, as far as can be told.

    An object store that answered with an empty listing, or a single file whose folder is still there. A missing folder may be
    an unmounted disk, an address that never held anything is misspelt, and a manifest's files may be there without it.
    """
    if is_manifest(entry.uri) or "://" in entry.uri:
        return not is_manifest(entry.uri) and entry.id in holding
    return stable_id("file", entry.uri) in stored and Path(entry.uri).parent.is_dir() and not os.path.lexists(entry.uri)


def _why_gone(row: _Row, sources: Mapping[str, _Row]) -> str:
    source = sources.get(row["source_id"])
    if source is None or source["outcome"] == "removed":
        return "source_removed"
    if source["outcome"] == "rejected":
        return "source_withdrawn" if "withdrawn" in source["reasons"] else "source_rejected"
    return "file_gone"


def _differing(rows: Mapping[str, _Row], stored: Mapping[str, _Row]) -> tuple[list[_Row], dict[str, int]]:
    """Rows that differ from the stored ones, and how many were added, changed and removed."""
    changed: list[_Row] = []
    counts: dict[str, int] = {}
    for row_id, row in rows.items():
        before = stored.get(row_id)
        if before is row or (before is not None and _same(row, before)):
            continue
        changed.append(row)
        if row["outcome"] == "removed":
            why = "removed"
        else:
            why = "added" if before is None or before["outcome"] == "removed" else "changed"
        counts[why] = counts.get(why, 0) + 1
    return changed, counts


def _same(row: _Row, before: _Row) -> bool:
    return all(before.get(name) == value for name, value in row.items() if name not in _VOLATILE)


def _first_sightings(rows: Iterable[_Row]) -> dict[str, tuple[str, datetime]]:
    """Window and time of first sight by fingerprint, of files that are no longer where they were.

    A file that turns up elsewhere with the same size and modification time is the same file renamed: it keeps its window,
    so that nothing made from it moves to another partition. Empty files all look alike and are left out.
    """
    seen: dict[str, tuple[str, datetime]] = {}
    for row in rows:
        if row["fingerprint"] and row["size_bytes"]:
            sighting = (row["ingest_window"], row["first_seen_at"])
            seen[row["fingerprint"]] = min(sighting, seen.get(row["fingerprint"], sighting))
    return seen


def _outcomes(rows: Iterable[_Row]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    return dict(sorted(counts.items()))
