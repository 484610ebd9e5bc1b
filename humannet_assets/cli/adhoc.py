"""Sources named on the command line: found in the catalog, or written into it.

The catalog file stays the one place that says what may be ingested; what `humannet ingest PATH` adds is an entry like any
other, to be edited, withdrawn or deleted by hand. Comments and layout of the file are kept.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from humannet_assets.cli.project import UsageError
from humannet_assets.sources.catalog import Catalog, CatalogError, SourceEntry, load_catalog, parse_catalog, resolve_uri

HEADER = """\
# What may be ingested. One entry per source; docs/your_own_videos.md explains every key.
sources:
"""


@dataclass(frozen=True)
class Chosen:
    """The catalog entry a path belongs to, and whether it was written just now."""

    entry: SourceEntry
    is_new: bool


def choose_sources(catalog_file: Path, paths: Iterable[str], values: Mapping[str, Any]) -> list[Chosen]:
    """The entries that cover some paths; missing ones are written to the catalog file.

    Args:
        catalog_file: The YAML catalog; created if it does not exist.
        paths: Folders, files, manifests or s3:// addresses; relative ones against the working directory.
        values: Keys of new entries (licence, consent_basis, source_type, ...); None where nothing was said.

    Raises:
        UsageError: A path does not exist, or contradicts the entry that already covers it.
        CatalogError: The catalog file is invalid as it is.
    """
    chosen = []
    for path in paths:
        uri = _absolute(path)
        present = load_catalog(catalog_file) if catalog_file.exists() else Catalog(catalog_file.absolute(), ())
        entry = _covering(present, uri)
        if entry is not None:
            _agree(present, entry, values)
            chosen.append(Chosen(entry, is_new=False))
            continue
        identifier = values.get("id") or _free_id(present, uri)
        fresh = {"id": identifier, "uri": _shortest(uri, present.path.parent), **_with_defaults(values)}
        chosen.append(Chosen(_append(present, fresh), is_new=True))
    return chosen


def _absolute(path: str) -> str:
    if "://" in path:
        if not path.startswith("s3://"):
            raise UsageError(f"{path}: only folders, files and s3:// addresses can be ingested; download the footage first")
        return path.rstrip("/")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{path!r} is not valid UTF-8, so the catalog cannot name it; ingest the folder it lies in") from None
    resolved = Path(path).expanduser().resolve()
    if not resolved.exists():
        raise UsageError(f"{path} does not exist (looked for {resolved})")
    return str(resolved)


def _covering(catalog: Catalog, uri: str) -> SourceEntry | None:
    """The first entry that lists the address: the same one, or a folder above it."""
    for entry in catalog.entries:
        own = entry.uri.rstrip("/")
        if uri == own or uri.startswith(own + "/"):
            return entry
    return None


def _agree(catalog: Catalog, entry: SourceEntry, values: Mapping[str, Any]) -> None:
    said = {**entry.model_dump(), "life": None if entry.life is None else entry.life.stored()}
    for key, value in values.items():
        if value is not None and value != [] and key != "id" and said[key] != value:
            raise UsageError(
                f"{entry.uri} is already in the catalog as {entry.id!r} with {key}: {said[key]!r}, not {value!r}; change it in "
                f"{catalog.path}:{entry.line} or leave the option out"
            )


def _with_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {"source_type": "community", "licence": "own", "consent_basis": "own_recording"}
    said = {key: value for key, value in values.items() if value not in (None, []) and key != "id"}
    return {**defaults, **said}


def _free_id(catalog: Catalog, uri: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", uri.rpartition("/")[2].rpartition(".")[0] or uri.rpartition("/")[2]).strip("-._")
    base = name[:60] or "source"
    taken = {entry.id for entry in catalog.entries}
    return next(found for found in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if found not in taken)


def _shortest(uri: str, folder: Path) -> str:
    if uri.startswith("s3://"):
        return uri
    path = Path(uri)
    home = folder.resolve()
    return str(path.relative_to(home)) if path.is_relative_to(home) and path != home else uri


def _append(catalog: Catalog, values: Mapping[str, Any]) -> SourceEntry:
    """Write one entry at the end of the file and return it as read back."""
    before = catalog.path.read_text(encoding="utf-8") if catalog.path.exists() else HEADER
    text, indent = _open_end(before)
    lines = [f"{key}: {_quoted(value)}" for key, value in values.items()]
    entry = "".join(f"{indent}{'- ' if number == 0 else '  '}{line}\n" for number, line in enumerate(lines))
    after = text + entry
    try:
        read = parse_catalog(after, catalog.path)
    except CatalogError as error:
        raise UsageError(f"the new source cannot be added to {catalog.path}:\n{entry}{error}") from error
    if read.entries[:-1] != catalog.entries or read.entries[-1].uri != resolve_uri(str(values["uri"]), catalog.path.parent):
        raise UsageError(f"{catalog.path} is laid out in a way that cannot be extended; add this entry by hand:\n{entry}")
    _replace(catalog.path, after)
    return read.entries[-1]


def _quoted(value: Any) -> str:
    """The value on one line of YAML, in double quotes: any file name survives that."""
    return yaml.safe_dump(value, default_style='"', default_flow_style=True, allow_unicode=True, width=1_000_000).strip()


def _open_end(text: str) -> tuple[str, str]:
    """The text made ready for one more entry, and the entries' indentation."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    indent = "  "
    node = root.value[0][1] if isinstance(root, yaml.MappingNode) and root.value else None
    if isinstance(node, yaml.SequenceNode):
        if not node.value:
            # `sources: []` cannot be followed by entries: the brackets go.
            text = text[: node.start_mark.index].rstrip() + text[node.end_mark.index :]
        elif not node.flow_style:
            indent = " " * node.start_mark.column
    return (text if text.endswith("\n") else text + "\n"), indent


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(text)
    fresh = Path(file.name)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    fresh.chmod(mode)
    fresh.replace(path)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
