"""After a takedown and `humannet clean` no byte of what was taken down is left under the store."""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from humannet_assets.cli import app as cli
from humannet_assets.cli.clean import removed_videos
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import remove_units
from humannet_assets.store.sql_catalog import build_sql_catalog, catalog_location
from humannet_assets.store.tables import RAW_VIDEOS, VIDEO_FILES

DAY = "2026-02-01"
VIDEOS = [f"{number:064x}" for number in range(20)]
GONE = VIDEOS[7]


def _row(unit_id: str, video_id: str, **own: Any) -> dict[str, Any]:
    system = {"row_id": unit_id, "unit_id": unit_id, "video_id": video_id, "ingest_window": DAY, "outcome": "kept"}
    return {**system, "provenance": "p", **own}


def _face(video_id: str) -> bytes:
    """Bytes that storage cannot compress, as a JPEG's."""
    return b"".join(hashlib.sha256(f"{video_id}{block}".encode()).digest() for block in range(300))


def _holding(folder: Path, needle: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


@pytest.fixture
def taken_down(store: LanceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanceStore:
    """A store of twenty videos with thumbnails, all staged, one of them withdrawn after the SQL file was built."""
    monkeypatch.setenv("HUMANNET_MEDIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HUMANNET_SQL_CATALOG", raising=False)
    files = [_row(f"f{video_id}", video_id, file_id=f"f{video_id}", uri=f"s3://b/{video_id}") for video_id in VIDEOS]
    videos = [_row(video_id, video_id, thumbnail=_face(video_id), container=f"of-{video_id}") for video_id in VIDEOS]
    store.replace_units(VIDEO_FILES, [row["unit_id"] for row in files], files)
    store.replace_units(RAW_VIDEOS, VIDEOS, videos)
    for video_id in VIDEOS:
        staged = tmp_path / "cache" / video_id[:2] / video_id
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(b"footage")
    build_sql_catalog(store, catalog_location(store))
    units = pl.DataFrame({"unit_id": [GONE], "video_id": [GONE], "ingest_window": [DAY]})
    remove_units(store, RAW_VIDEOS, units, "run")
    remove_units(store, VIDEO_FILES, units.with_columns(unit_id=pl.lit(f"f{GONE}")), "run")
    return store


def _clean(store: LanceStore, *arguments: str) -> int:
    try:
        cli.main(["--root", store.root, "clean", *arguments])
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def test_the_bytes_of_a_withdrawn_thumbnail_are_gone(taken_down: LanceStore, tmp_path: Path) -> None:
    root = Path(taken_down.root)
    assert _holding(root, _face(GONE)), "a takedown alone leaves them"
    assert _clean(taken_down, "--older-than-hours", "0", "--yes") == 0
    assert not _holding(root, _face(GONE))
    assert not _holding(root, f"of-{GONE}".encode())
    assert _holding(root, _face(VIDEOS[8]))
    assert taken_down.read(RAW_VIDEOS, ["outcome"])["outcome"].value_counts().sort("count").rows() == [
        ("removed", 1),
        ("kept", 19),
    ]
    with duckdb.connect(str(catalog_location(taken_down)), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM raw_videos").fetchone() == (19,)
    staged = {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert staged == set(VIDEOS) - {GONE}


def test_young_versions_stay_and_the_question_is_asked(taken_down: LanceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    version = taken_down.version(RAW_VIDEOS)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert _clean(taken_down, "--older-than-hours", "0") == 1
    assert taken_down.version(RAW_VIDEOS) == version
    assert _clean(taken_down, "--yes") == 0
    assert _holding(Path(taken_down.root), _face(GONE)), "the version before the takedown is younger than a day"


def test_a_video_that_another_file_still_holds_is_not_removed(taken_down: LanceStore) -> None:
    assert removed_videos(taken_down) == {GONE}
    taken_down.replace_units(VIDEO_FILES, ["other"], [_row("other", GONE, file_id="other", uri="s3://b/other")])
    assert removed_videos(taken_down) == set()
