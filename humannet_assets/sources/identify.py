"""Identity of videos: hash the bytes of listed files, and attribute each video to what the catalog says of its files.

A video is the SHA-256 of its bytes, never its path (DESIGN rule 1): copies, renames and re-listings are the same video.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from humannet_assets.media.access import file_fingerprint
from humannet_assets.media.probe import MediaChangedError
from humannet_assets.sources.life import LifeRule
from humannet_assets.store.step import NoConfig, Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables import SOURCE_CATALOG, SOURCE_FILES, VIDEO_FILES
from humannet_assets.store.tables.sources import VIDEO_SOURCES

if TYPE_CHECKING:
    from humannet_assets.media.access import MediaAccess


class IdentifyConfig(StepConfig):
    """How bytes are read."""

    block_bytes: int = Field(
        default=4 * 1024**2, ge=4096, description="Bytes read at a time; large enough to keep disks and S3 busy. Our choice."
    )


class IdentifyStep(Step[IdentifyConfig]):
    """SHA-256 of every listed file: which bytes (`video_id`) lie where.

    Args:
        config: See `IdentifyConfig`.
        access: Opens s3:// addresses; local files need none.
    """

    name = "identify_videos"
    code_version = "1"
    reads = (Read(SOURCE_FILES, ("uri", "fingerprint", "source_id", "size_bytes"), by="values"),)
    writes = VIDEO_FILES
    # Not for safety but for speed: workers hash several files at once, and each finished chunk is committed.
    isolated = True
    chunk_size = 16

    def __init__(self, config: IdentifyConfig, access: MediaAccess | None = None) -> None:
        super().__init__(config)
        self.access = access

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Hash each file; one that cannot be read, or changes meanwhile, fails."""
        for unit in units:
            file = unit.row(SOURCE_FILES)
            try:
                video_id, size_bytes, fingerprint = self._identify(file["uri"], file["fingerprint"])
            except (OSError, MediaChangedError) as error:
                yield Outcome.failed(unit, error)
                continue
            row = {
                "video_id": video_id,
                "source_id": file["source_id"],
                "uri": file["uri"],
                "fingerprint": fingerprint,
                "size_bytes": size_bytes,
            }
            yield Outcome.kept(unit, [row])

    def _identify(self, uri: str, fingerprint: str) -> tuple[str, int, str]:
        """Hash, number of bytes and fingerprint of what lies at an address now."""
        if "://" not in uri:
            return hash_file(uri, self.config.block_bytes)
        if self.access is None:
            raise RuntimeError(f"{uri} lies in an object store, but no media access was configured for it")
        staged = self.access.local_path(uri, fingerprint, "")
        video_id, size_bytes, _ = hash_file(str(staged), self.config.block_bytes)
        self.access.keep_staged(staged, video_id)
        return video_id, size_bytes, fingerprint


@contextmanager
def _open_regular(path: str) -> Iterator[io.FileIO]:
    """The file, if it is one: a pipe or device put there after listing does not block the worker."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with io.FileIO(descriptor) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path} is not a regular file; it was one when it was listed. List the source again.")
        yield file


def hash_file(path: str, block_bytes: int = 4 * 1024**2) -> tuple[str, int, str]:
    """SHA-256 (hex), size in bytes and fingerprint (`size:mtime_ns`) of a local file.

    Raises:
        MediaChangedError: The file was written to, replaced or truncated while it was read.
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    count = 0
    with _open_regular(path) as file:
        before = os.fstat(file.fileno())
        while block := file.read(block_bytes):
            digest.update(block)
            count += len(block)
        after = os.fstat(file.fileno())
        at_path = Path(path).stat()
    if not (_mark(before) == _mark(after) == _mark(at_path)) or count != before.st_size:
        raise MediaChangedError(
            f"{path} changed while it was read ({before.st_size} bytes before, {at_path.st_size} after, {count} read); it is "
            "tried again by the next run, when whatever writes it is done"
        )
    return digest.hexdigest(), count, file_fingerprint(after)


def _mark(status: os.stat_result) -> tuple[int, int, int, int]:
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class VideoSourceStep(Step[NoConfig]):
    """What the catalog, or the manifest line of its file, says about each video.

    Of several files with the same bytes the first decides: earliest window, then source and file id in order. So a copy that
    turns up later changes nothing, and taking the first one's source down passes the video on to the next.
    """

    name = "attribute_videos"
    code_version = "3"
    reads = (
        Read(VIDEO_FILES, ("file_id", "uri", "source_id", "ingest_window"), unit="video_id", by="values"),
        Read(
            SOURCE_CATALOG,
            ("uri", "source_type", "licence", "consent_basis", "life", "viewpoint_hint", "keywords"),
            unit="source_id",
            by="values",
        ),
        Read(SOURCE_FILES, ("metadata", "sidecar_uri", "sidecar_fingerprint", "first_seen_at"), unit="file_id", by="values"),
    )
    writes = VIDEO_SOURCES

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Attribute each video; cheap."""
        for unit in units:
            sources = {row["source_id"]: row for row in unit.all(SOURCE_CATALOG)}
            listed = {row["file_id"]: row for row in unit.all(SOURCE_FILES)}
            files = sorted(unit.all(VIDEO_FILES), key=lambda row: (row["ingest_window"], row["source_id"], row["file_id"]))
            attributed = [row for row in files if row["source_id"] in sources]
            if not attributed:
                missing = sorted({row["source_id"] for row in files})
                yield Outcome.failed(
                    unit, LookupError(f"no kept catalog entry for {missing}; materialise source_catalog first")
                )
                continue
            first = attributed[0]
            own = listed.get(first["file_id"], {})
            row = _attribution(sources[first["source_id"]], first, _object(own.get("metadata")))
            beside = [listed[file["file_id"]] for file in attributed if listed.get(file["file_id"], {}).get("sidecar_uri")]
            for name in ("sidecar_uri", "sidecar_fingerprint"):
                row[name] = beside[0][name] if beside else None
            seen = [found["first_seen_at"] for found in listed.values() if found["first_seen_at"]]
            yield Outcome.kept(unit, [{**row, "file_count": len(files), "first_seen_at": min(seen, default=None)}])


def _attribution(source: Mapping[str, Any], file: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The catalog's words, with a manifest line's own in their place where it has any."""
    own = dict(metadata)
    life = own.pop("life", None)
    if life is None and source["life"] is not None:
        life = LifeRule.from_stored(source["life"]).life_of(source["uri"], file["uri"])
    hint = own.pop("viewpoint_hint", source["viewpoint_hint"])
    words = own.pop("keywords", [])
    more = words.replace(";", ",").split(",") if isinstance(words, str) else [str(word) for word in words]
    keywords = list(dict.fromkeys([*(source["keywords"] or ()), *(word.strip() for word in more if word.strip())]))
    licence = own.pop("licence", source["licence"])
    consent_basis = own.pop("consent_basis", source["consent_basis"])
    own.pop("withdrawn", None)
    return {
        "source_id": source["source_id"],
        "uri": file["uri"],
        "source_type": source["source_type"],
        "licence": str(licence),
        "consent_basis": str(consent_basis),
        "life": None if life is None else str(life),
        "viewpoint_hint": hint if hint in ("ego", "exo") else None,
        "keywords": keywords,
        "metadata": json.dumps(own, sort_keys=True) if own else None,
    }


def _object(text: str | None) -> Mapping[str, Any]:
    return json.loads(text) if text else {}
