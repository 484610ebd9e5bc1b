"""Manifests: CSV or JSONL files that list footage line by line, with optional metadata per file."""

from __future__ import annotations

import csv
import io
import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

MANIFEST_SUFFIXES = (".csv", ".jsonl")
_ADDRESS_KEYS = ("uri", "path")


@dataclass(frozen=True)
class ManifestLine:
    """One line: the file it names (resolved) and its other columns, or what is wrong with it."""

    line: int
    uri: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


class ManifestError(ValueError):
    """The manifest as a whole cannot be used."""


def is_manifest(uri: str) -> bool:
    """True for addresses that are read as manifests."""
    return PurePosixPath(uri).suffix.lower() in MANIFEST_SUFFIXES


def read_manifest(text: str, uri: str) -> Iterator[ManifestLine]:
    """The lines of a manifest; relative paths resolve against its own folder.

    Args:
        text: The manifest's content.
        uri: Its address; the suffix says which format it is.

    Raises:
        ManifestError: A CSV without a `uri` or `path` column.
    """
    numbered = _csv_lines(text, uri) if uri.lower().endswith(".csv") else _jsonl_lines(text)
    folder = uri.rpartition("/")[0]
    for line, values in numbered:
        if isinstance(values, str):
            yield ManifestLine(line, problem=values)
            continue
        address = next((values[key] for key in _ADDRESS_KEYS if values.get(key)), None)
        if not isinstance(address, str) or not address.strip() or "\0" in address:
            yield ManifestLine(line, problem="the line names no file: give it a `uri` or `path`")
            continue
        metadata = {key: value for key, value in values.items() if key not in _ADDRESS_KEYS and value not in (None, "")}
        yield ManifestLine(line, _resolved(address.strip(), folder), metadata)


def _csv_lines(text: str, uri: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        names = reader.fieldnames or []
        if not set(_ADDRESS_KEYS) & set(names):
            raise ManifestError(
                f"{uri}: the header line has no `uri` or `path` column (it has {', '.join(names) or 'nothing'})"
            )
        for row in reader:
            if None in row:
                yield reader.line_num, f"the line has more values than the header has columns ({len(names)})"
            else:
                yield reader.line_num, row
    except csv.Error as error:
        raise ManifestError(f"{uri}:{reader.line_num}: not valid CSV: {error}") from None


def _jsonl_lines(text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            yield number, f"the line is not JSON: {error}"
            continue
        yield number, values if isinstance(values, dict) else "the line is not a JSON object"


def _resolved(address: str, folder: str) -> str:
    """Absolute address of a file named in a manifest lying in `folder`; `..` is resolved by text, links are not followed."""
    if address.startswith("s3://"):
        return address
    if folder.startswith("s3://"):
        bucket, _, prefix = folder.removeprefix("s3://").partition("/")
        return f"s3://{bucket}" + posixpath.normpath(f"/{prefix}/{address}")
    return posixpath.normpath(address if address.startswith("/") else f"{folder}/{address}")
