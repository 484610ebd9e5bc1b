from __future__ import annotations

import hashlib
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from humannet_assets.media.probe import MediaChangedError
from humannet_assets.sources.identify import IdentifyConfig, IdentifyStep, VideoSourceStep, hash_file
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import StepReport, run_steps
from humannet_assets.store.step import NoConfig
from humannet_assets.store.tables import SOURCE_FILES, VIDEO_FILES
from humannet_assets.store.tables.sources import VIDEO_SOURCES
from humannet_assets_tests.sources.test_listing import World


@pytest.fixture
def world(tmp_path: Path, store: LanceStore) -> World:
    return World(tmp_path.resolve(), store)


def run(world: World, *steps: Any, windows: list[str] | None = None) -> list[StepReport]:
    chosen = steps or (IdentifyStep(IdentifyConfig()), VideoSourceStep(NoConfig()))
    return [run_steps(world.store, [step], windows=windows, run_id="run")[0] for step in chosen]


def rows(store: LanceStore, table: Any) -> list[dict[str, Any]]:
    return store.arrow(table).sort_by("row_id").to_pylist()


def test_the_hash_is_sha256_of_the_bytes_with_size_and_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a"
    content = os.urandom(10_000)
    path.write_bytes(content)
    expected = (hashlib.sha256(content).hexdigest(), 10_000, f"10000:{path.stat().st_mtime_ns}")
    assert hash_file(str(path), block_bytes=4096) == expected


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 10_000)
    original = hashlib.sha256

    class Growing:
        """Stands in for the digest: the file grows as its first block is hashed."""

        def __init__(self) -> None:
            self.digest = original()

        def update(self, block: bytes) -> None:
            if path.stat().st_size == 10_000:
                with path.open("ab") as file:
                    file.write(b"more")
            self.digest.update(block)

        def hexdigest(self) -> str:
            return self.digest.hexdigest()

    monkeypatch.setattr("humannet_assets.sources.identify.hashlib.sha256", Growing)
    with pytest.raises(MediaChangedError, match=r"changed while it was read \(10000 bytes before"):
        hash_file(str(path), block_bytes=4096)


def test_a_file_replaced_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    real_stat = Path.stat

    def replaced(self: Path, *arguments: Any, **options: Any) -> os.stat_result:
        other = tmp_path / "b"
        other.write_bytes(b"y" * 100)
        return real_stat(other, *arguments, **options)

    monkeypatch.setattr(Path, "stat", replaced)
    with pytest.raises(MediaChangedError):
        hash_file(str(path))


def test_a_pipe_put_in_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done: list[BaseException] = []

    def read() -> None:
        try:
            hash_file(str(tmp_path / "pipe"))
        except OSError as error:
            done.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(timeout=30)
    assert "not a regular file" in str(done[0])


def test_copies_are_one_video_and_the_catalog_speaks_for_it(world: World) -> None:
    world.write(world.source(life={"by": "folder"}, viewpoint_hint="ego", keywords=["cooking"]), world.source(id="b", uri="b"))
    world.file("a/alice/1.mp4", b"one")
    world.refresh(window="2026-03-01")
    world.file("b/copy.mp4", b"one")
    world.file("b/other.mp4", b"two")
    world.refresh(window="2026-03-02")
    identified, attributed = run(world)
    assert (identified.kept, attributed.kept) == (3, 2)
    assert identified.adds_up
    assert attributed.adds_up
    videos = {row["video_id"]: row for row in rows(world.store, VIDEO_SOURCES)}
    one = videos[hashlib.sha256(b"one").hexdigest()]
    assert one["file_count"] == 2
    assert (one["source_id"], one["life"], one["viewpoint_hint"], one["keywords"]) == ("a", "alice", "ego", ["cooking"])
    assert one["ingest_window"] == "2026-03-01"
    assert videos[hashlib.sha256(b"two").hexdigest()]["life"] is None
    again = run(world)
    assert [report.processed for report in again] == [0, 0]


def test_unreadable_and_vanished_files_fail_and_disturb_nobody(world: World) -> None:
    world.write(world.source())
    gone = world.file("a/gone.mp4", b"gone")
    world.file("a/ok.mp4", b"ok")
    world.refresh()
    gone.unlink()
    (report,) = run(world, IdentifyStep(IdentifyConfig()))
    assert (report.kept, report.failed) == (1, 1)
    failed = next(row for row in rows(world.store, VIDEO_FILES) if row["outcome"] == "failed")
    assert failed["error_class"] == "FileNotFoundError"
    assert "gone.mp4" in failed["error_message"]


def test_a_takedown_passes_the_video_on_or_removes_it(world: World) -> None:
    a, b = world.source(life="alice"), world.source(id="b", uri="b", life="bob")
    world.write(a, b)
    world.file("a/1.mp4", b"shared")
    world.file("a/2.mp4", b"only here")
    world.file("b/1.mp4", b"shared")
    world.refresh()
    run(world)
    assert {row["life"] for row in rows(world.store, VIDEO_SOURCES)} == {"alice"}
    world.write({**a, "withdrawn": True}, b)
    world.refresh()
    run(world)
    found = {row["video_id"]: row for row in rows(world.store, VIDEO_SOURCES)}
    shared, alone = (found[hashlib.sha256(content).hexdigest()] for content in (b"shared", b"only here"))
    assert (shared["outcome"], shared["life"], shared["file_count"]) == ("kept", "bob", 1)
    assert alone["outcome"] == "removed"


def test_a_manifest_speaks_for_its_own_lines(world: World) -> None:
    world.file("footage/1.mp4", b"one")
    line = {"path": "footage/1.mp4", "life": "carol", "keywords": "sink; dishes", "viewpoint_hint": "exo", "take": 7}
    world.file("list.jsonl", json.dumps(line).encode())
    world.write(world.source(uri="list.jsonl", life="alice", keywords=["kitchen"], viewpoint_hint="ego"))
    world.refresh()
    run(world)
    (row,) = rows(world.store, VIDEO_SOURCES)
    assert (row["life"], row["viewpoint_hint"], row["keywords"]) == ("carol", "exo", ["kitchen", "sink", "dishes"])
    assert json.loads(row["metadata"]) == {"take": 7}
    world.file("list.jsonl", json.dumps({**line, "life": "dora"}).encode())
    world.refresh()
    reports = run(world)
    assert [report.processed for report in reports] == [0, 1]
    assert rows(world.store, VIDEO_SOURCES)[0]["life"] == "dora"


def test_changing_what_the_catalog_says_hashes_no_byte_again(world: World) -> None:
    world.write(world.source(life="alice"))
    world.file("a/1.mp4", b"one")
    world.refresh()
    run(world)
    world.write(world.source(life="bob"))
    world.refresh()
    identified, attributed = run(world)
    assert (identified.processed, attributed.processed) == (0, 1)


def test_a_listing_row_rewritten_without_new_values_hashes_no_byte_again(store: LanceStore) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    row = {
        "row_id": "f", "unit_id": "f", "file_id": "f", "ingest_window": "2026-03-01", "outcome": "kept", "provenance": "p",
        "uri": "/none", "source_id": "a", "size_bytes": 1, "fingerprint": "1:1", "created_at": now, "run_id": "r1",
    }  # fmt: skip
    store.replace_units(SOURCE_FILES, ["f"], [row])
    step = IdentifyStep(IdentifyConfig())
    assert run_steps(store, [step], run_id="r", max_attempts=1)[0].processed == 1
    store.replace_units(SOURCE_FILES, ["f"], [{**row, "run_id": "r2", "metadata": "{}"}])
    assert run_steps(store, [step], run_id="r", max_attempts=1)[0].processed == 0


def test_files_of_one_video_in_two_windows_settle(world: World) -> None:
    world.write(world.source())
    world.file("a/1.mp4", b"one")
    world.refresh(window="2026-03-01")
    run(world, windows=["2026-03-01"])
    world.file("a/2.mp4", b"one")
    world.refresh(window="2026-03-02")
    run(world, windows=["2026-03-02"])
    run(world, windows=["2026-03-01"])
    for windows in (["2026-03-02"], ["2026-03-01"], None):
        assert [report.processed for report in run(world, windows=windows)] == [0, 0]
    (video,) = rows(world.store, VIDEO_SOURCES)
    assert (video["ingest_window"], video["file_count"]) == ("2026-03-01", 2)
