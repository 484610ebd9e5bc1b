"""Which files lie under a kept source, and the verdict on each of them before a byte is read.

What belongs here: walking a source through media access or its manifest, and judging names and rights. Comparing with what
the store knows, windows and commits are in `humannet_assets.sources.listing`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field

from humannet_assets.media.access import ListedFile, MediaAccess, file_fingerprint
from humannet_assets.sources.catalog import SourceEntry, SourceFilterConfig, licence_problem
from humannet_assets.sources.manifest import ManifestError, is_manifest, read_manifest
from humannet_assets.store.identity import stable_id
from humannet_assets.store.step import Status, StepConfig

SIDECAR_ENDINGS = (".tum", ".mps.csv", ".colmap/images.txt", ".json")
"""Camera data beside `<name>.mp4`: a TUM trajectory, Aria MPS, a COLMAP text model, or a sidecar (docs/simulator.md). JSON
comes last, because downloaders write JSON beside videos too."""


class ListingConfig(StepConfig):
    """What counts as footage before anything is opened."""

    ignored_suffixes: tuple[str, ...] = Field(
        default=(
            ".ass", ".csv", ".html", ".ini", ".jpeg", ".jpg", ".json", ".jsonl", ".lock", ".log", ".md", ".npy", ".npz",
            ".parquet", ".pdf", ".png", ".srt", ".thm", ".tsv", ".tum", ".txt", ".vtt", ".webp", ".xml", ".yaml", ".yml",
        ),
        description="Sidecar files that lie beside videos: listed, rejected as `sidecar`, never opened. Every other file is a "
        "candidate whatever its suffix, because suffixes lie. Our choice.",
    )  # fmt: skip
    max_manifest_bytes: int = Field(
        default=256 * 1024**2, ge=1, description="Largest manifest that is read whole; about a million lines. Our choice."
    )


@dataclass(frozen=True)
class FoundFile:
    """One file of a source and what is to become of it.

    `fingerprint` is null when the file could not be looked at. `metadata` are a manifest line's columns. `sidecar_uri` is
    camera data beside a kept file (`SIDECAR_ENDINGS`).
    """

    source_id: str
    uri: str
    status: Status
    size_bytes: int | None = None
    fingerprint: str | None = None
    reasons: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    error_class: str | None = None
    error_message: str | None = None
    metadata: Mapping[str, Any] | None = None
    sidecar_uri: str | None = None
    sidecar_fingerprint: str | None = None

    @property
    def file_id(self) -> str:
        """Hash of the address: the file's identity, not the video's."""
        return stable_id("file", self.uri)


def list_source(
    entry: SourceEntry, access: MediaAccess, config: ListingConfig, rights: SourceFilterConfig
) -> Iterator[FoundFile]:
    """The files of one kept source, each with its verdict. Hidden files and folders are left out.

    Raises:
        FileNotFoundError: There is nothing at the source's address.
        OSError: The source itself cannot be listed (an unmounted disk, a bucket out of reach).
        ManifestError: Its manifest cannot be read.
    """
    if is_manifest(entry.uri):
        yield from _from_manifest(entry, access, config, rights)
        return
    files = list(access.list(entry.uri))
    # A source may name a single file: its neighbours are then not among what was listed.
    listed = {file.uri: file for file in files} if len(files) > 1 else None
    for file in files:
        yield _with_sidecar(_judged(entry.id, file, config), listed)


def folder_fingerprint(uri: str, access: MediaAccess) -> str:
    """Hash of the names, sizes and modification times of all files of a folder (or of one file): changes with any of them.

    Raises:
        FileNotFoundError: There is nothing.
        OSError: It cannot be listed.
    """
    parts = [(file.uri.removeprefix(uri), file.fingerprint or file.problem or "") for file in access.list(uri)]
    return stable_id("folder", *(part for pair in sorted(parts) for part in pair))


def _from_manifest(
    entry: SourceEntry, access: MediaAccess, config: ListingConfig, rights: SourceFilterConfig
) -> Iterator[FoundFile]:
    for line in read_manifest(_manifest_text(entry.uri, access, config), entry.uri):
        place = f"{entry.uri}:{line.line}"
        if line.problem:
            message = f"{place}: {line.problem}"
            yield FoundFile(entry.id, place, "failed", error_class="ManifestError", error_message=message)
            continue
        try:
            files = list(access.list(line.uri))
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            message = f"{place} names {line.uri}, which cannot be read: {error}"
            yield FoundFile(entry.id, line.uri, "failed", error_class=type(error).__name__, error_message=message)
            continue
        if [_real(file.uri) for file in files] != [_real(line.uri)]:
            message = f"{place} names {line.uri}, which is not a file; a manifest lists files, a source may name a folder"
            yield FoundFile(entry.id, line.uri, "failed", error_class="ManifestError", error_message=message)
            continue
        found = replace(_with_sidecar(_judged(entry.id, files[0], config), None), metadata=line.metadata)
        reasons, evidence = _rights(line.metadata, rights)
        if reasons:
            found = replace(
                found, status="rejected", reasons=(*found.reasons, *reasons), evidence={**found.evidence, **evidence}
            )
        yield found


def _manifest_text(uri: str, access: MediaAccess, config: ListingConfig) -> str:
    (file,) = access.list(uri)
    if file.reject_reason:
        raise ManifestError(f"{uri} cannot be read: {file.reject_reason} {file.detail}".strip())
    if file.size_bytes > config.max_manifest_bytes:
        raise ManifestError(f"{uri} has {file.size_bytes} bytes, more than source_files.max_manifest_bytes; split it")
    try:
        return access.local_path(file.uri, file.fingerprint, "").read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{uri} is not UTF-8 text ({error}); save it as UTF-8") from None


def _real(uri: str) -> str:
    """The address with the links of local paths followed: a folder is told from a file however it was reached."""
    return uri if "://" in uri else str(Path(uri).resolve())


def _judged(source_id: str, file: ListedFile, config: ListingConfig) -> FoundFile:
    found = FoundFile(source_id, file.uri, "kept", file.size_bytes, file.fingerprint or None)
    if file.reject_reason:
        evidence = {"detail": file.detail} if file.detail else {}
        return replace(found, status="rejected", size_bytes=None, reasons=(file.reject_reason,), evidence=evidence)
    suffix = PurePosixPath(file.uri).suffix.lower()
    if suffix in config.ignored_suffixes:
        return replace(found, status="rejected", reasons=("sidecar",), evidence={"suffix": suffix})
    return found


def _with_sidecar(found: FoundFile, listed: Mapping[str, ListedFile] | None) -> FoundFile:
    """The file with the sidecar beside it: one of those listed, or (for local files listed one by one) found by a look.

    A sidecar that must not be read (a link, a pipe) is left out here; who reads sidecars refuses it once more.
    """
    if found.status != "kept":
        return found
    for uri in sidecar_uris(found.uri):
        if listed is not None:
            sidecar = listed.get(uri)
            fingerprint = None if sidecar is None or sidecar.reject_reason else sidecar.fingerprint
        else:
            fingerprint = _fingerprint(uri)
        if fingerprint is not None:
            return replace(found, sidecar_uri=uri, sidecar_fingerprint=fingerprint)
    return found


def _fingerprint(uri: str) -> str | None:
    """Fingerprint of a regular local file; None for anything else."""
    try:
        status = None if "://" in uri else os.lstat(uri)
    except OSError:
        return None
    return file_fingerprint(status) if status is not None and stat.S_ISREG(status.st_mode) else None


def sidecar_uris(uri: str) -> list[str]:
    """Addresses beside a file where what is known of its camera may lie; the first that is there counts."""
    folder, slash, name = uri.rpartition("/")
    return [f"{folder}{slash}{PurePosixPath(name).stem}{ending}" for ending in SIDECAR_ENDINGS]


def _rights(metadata: Mapping[str, Any], rights: SourceFilterConfig) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A manifest line may withdraw its file or state a licence and consent basis of its own."""
    reasons: list[str] = []
    evidence: dict[str, Any] = {}
    if str(metadata.get("withdrawn", "")).strip().lower() not in ("", "0", "false", "no"):
        reasons.append("withdrawn")
    if "licence" in metadata and (reason := licence_problem(str(metadata["licence"]), rights)):
        reasons.append(reason)
        evidence["licence"] = metadata["licence"]
    allowed = rights.allowed_consent_bases
    if "consent_basis" in metadata and allowed and str(metadata["consent_basis"]) not in allowed:
        reasons.append("consent_basis_not_allowed")
        evidence["consent_basis"] = metadata["consent_basis"]
    return tuple(reasons), evidence
