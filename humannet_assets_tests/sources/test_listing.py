from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

import pytest

from humannet_assets.media.access import MediaAccess
from humannet_assets.sources.catalog import CatalogError, SourceFilterConfig
from humannet_assets.sources.files import ListingConfig
from humannet_assets.sources.listing import pending_changes
from humannet_assets.store.tables import SOURCE_CATALOG, SOURCE_FILES
from humannet_assets_tests.sources.world import SETTINGS, TODAY, World


def test_files_get_rows_and_a_second_refresh_writes_nothing(world: World) -> None:
    world.write(world.source())
    world.file("a/1.mp4")
    world.file("a/deep/2.unknown")
    report = world.refresh()
    assert report.files == {"kept": 2}
    assert report.sources == {"kept": 1}
    assert report.written == {"added": 2}
    assert report.windows == (TODAY,)
    row = world.files()["a/1.mp4"]
    status = (world.folder / "a/1.mp4").stat()
    assert row["fingerprint"] == f"{status.st_size}:{status.st_mtime_ns}"
    assert (row["outcome"], row["source_id"], row["size_bytes"], row["ingest_window"]) == ("kept", "a", 5, TODAY)

    before = (world.store.version(SOURCE_FILES), world.store.version(SOURCE_CATALOG))
    again = world.refresh(run_id="other")
    assert again.written == {}
    assert again.windows == ()
    assert (world.store.version(SOURCE_FILES), world.store.version(SOURCE_CATALOG)) == before


def test_rejected_sources_are_rows_with_reasons_and_never_listed(world: World) -> None:
    world.write(
        world.source(id="unlicensed", uri="missing-folder", licence=None),
        world.source(id="off", keywords=["gameplay"], consent_basis=None),
        world.source(id="ok", uri="b"),
    )
    world.file("a/1.mp4")
    world.file("b/2.mp4")
    report = world.refresh()
    assert report.sources == {"kept": 1, "rejected": 2}
    sources = world.sources()
    assert sources["unlicensed"]["reasons"] == ["no_licence"]
    assert sources["off"]["reasons"] == ["no_consent_basis", "off_topic"]
    assert json.loads(sources["off"]["evidence"])["blocked_keywords"] == ["gameplay"]
    assert set(world.files()) == {"b/2.mp4"}
    assert report.problems == {}


def test_sidecars_links_and_odd_names_each_get_a_clear_row(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.mp4"
    outside.write_bytes(b"secret")
    world.write(world.source())
    names = ["new\nline.mp4", "quo'te\".mp4", "emoji \U0001f3ac.mp4", "no-suffix", "empty.mp4"]
    for name in names:
        world.file(f"a/{name}", b"" if name == "empty.mp4" else b"x")
    world.file("a/labels.JSON")
    world.file("a/.hidden/9.mp4")
    world.file("a/.hidden.mp4")
    (world.folder / "a/link.mp4").symlink_to(outside)
    os.mkfifo(world.folder / "a/pipe.mp4")
    (world.folder / "a").joinpath(os.fsdecode(b"bad\xff.mp4")).write_bytes(b"x")
    report = world.refresh()
    rows = world.files()
    assert {name for name, row in rows.items() if row["outcome"] == "kept"} == {f"a/{name}" for name in names}
    assert rows["a/labels.JSON"]["reasons"] == ["sidecar"]
    assert rows["a/link.mp4"]["reasons"] == ["symlink_out_of_root"]
    assert rows["a/pipe.mp4"]["reasons"] == ["not_a_file"]
    assert rows["a/bad\\xff.mp4"]["reasons"] == ["undecodable_name"]
    assert report.files == {"kept": 5, "rejected": 4}
    assert world.refresh().written == {}


def test_a_changed_file_keeps_its_window_and_first_sight(world: World) -> None:
    world.write(world.source())
    file = world.file("a/1.mp4")
    world.refresh(window="2026-03-01")
    first = world.files()["a/1.mp4"]
    file.write_bytes(b"other bytes")
    report = world.refresh(window="2026-03-02")
    second = world.files()["a/1.mp4"]
    assert report.written == {"changed": 1}
    assert report.windows == ("2026-03-01",)
    assert second["fingerprint"] != first["fingerprint"]
    assert second["provenance"] != first["provenance"]
    assert (second["ingest_window"], second["first_seen_at"]) == ("2026-03-01", first["first_seen_at"])


def test_a_renamed_file_keeps_its_window_and_a_copy_does_not_take_it(world: World) -> None:
    world.write(world.source())
    file = world.file("a/1.mp4")
    world.refresh(window="2026-03-01")
    file.rename(world.folder / "a/renamed.mp4")
    report = world.refresh(window="2026-03-02")
    assert report.written == {"added": 1, "removed": 1}
    rows = world.files()
    assert rows["a/renamed.mp4"]["ingest_window"] == "2026-03-01"
    assert rows["a/1.mp4"]["outcome"] == "removed"
    assert rows["a/1.mp4"]["reasons"] == ["file_gone"]
    status = (world.folder / "a/renamed.mp4").stat()
    copy = world.file("a/copy.mp4")
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    world.refresh(window="2026-03-03")
    assert world.files()["a/copy.mp4"]["ingest_window"] == "2026-03-03"


def test_a_file_that_comes_back_is_kept_again_in_its_old_window(world: World) -> None:
    world.write(world.source())
    file = world.file("a/1.mp4")
    world.refresh(window="2026-03-01")
    file.unlink()
    assert world.refresh().files == {"removed": 1}
    tombstone = world.files()["a/1.mp4"]
    assert tombstone["fingerprint"] is None
    assert world.refresh().written == {}
    world.file("a/1.mp4", b"back")
    report = world.refresh(window="2026-04-01")
    row = world.files()["a/1.mp4"]
    assert report.written == {"added": 1}
    assert (row["outcome"], row["ingest_window"]) == ("kept", "2026-03-01")


@pytest.mark.parametrize(
    ("change", "source_outcome", "reason"),
    [
        ({"withdrawn": "the owner asked"}, "rejected", "source_withdrawn"),
        ({"licence": "secret"}, "rejected", "source_rejected"),
        (None, "removed", "source_removed"),
    ],
)
def test_taking_a_source_down_removes_its_files(
    world: World, change: dict[str, Any] | None, source_outcome: str, reason: str
) -> None:
    world.write(world.source(), world.source(id="b", uri="b"))
    world.file("a/1.mp4")
    world.file("b/2.mp4")
    world.refresh()
    rest = [world.source(id="b", uri="b")]
    world.write(*([world.source(**change)] if change else []), *rest)
    report = world.refresh()
    assert world.sources()["a"]["outcome"] == source_outcome
    assert world.files()["a/1.mp4"]["reasons"] == [reason]
    assert report.files == {"kept": 1, "removed": 1}
    assert report.written == {"removed": 1}
    assert world.refresh().written == {}


def test_a_source_out_of_reach_loses_nothing(world: World) -> None:
    world.write(world.source(), world.source(id="b", uri="b"))
    world.file("a/1.mp4")
    report = world.refresh()
    assert set(report.problems) == {"b"}
    assert world.sources()["b"]["outcome"] == "failed"
    assert "b cannot be listed" in world.sources()["b"]["error_message"]
    (world.folder / "a").rename(world.folder / "unmounted")
    report = world.refresh()
    assert set(report.problems) == {"a", "b"}
    assert world.sources()["a"]["outcome"] == "kept"
    assert "listing_problem" in world.sources()["a"]["evidence"]
    assert world.files()["a/1.mp4"]["outcome"] == "kept"
    (world.folder / "unmounted").rename(world.folder / "a")
    report = world.refresh()
    assert set(report.problems) == {"b"}
    assert "listing_problem" not in world.sources()["a"]["evidence"]


def test_a_single_file_that_is_gone_is_a_takedown_unless_its_folder_is_gone_too(world: World) -> None:
    world.write(world.source(uri="disk/1.mp4"))
    file = world.file("disk/1.mp4")
    world.refresh()
    disk = world.folder / "disk"
    disk.rename(world.folder / "unmounted")
    assert set(world.refresh().problems) == {"a"}
    assert world.files()["disk/1.mp4"]["outcome"] == "kept"
    (world.folder / "unmounted").rename(disk)
    file.unlink()
    report = world.refresh()
    assert (report.problems, report.written) == ({}, {"removed": 1})
    assert world.files()["disk/1.mp4"]["reasons"] == ["file_gone"]
    assert world.sources()["a"]["outcome"] == "kept"
    report = world.refresh()
    assert (report.problems, report.written) == ({}, {})
    world.file("disk/1.mp4", b"back")
    assert world.refresh().files == {"kept": 1}


def test_robot_data_are_one_thing_that_changes_with_any_of_its_files(world: World) -> None:
    world.file("a/data/episode_0.parquet")
    world.write(world.source(kind="robot"))
    world.refresh()
    row = world.sources()["a"]
    assert (row["outcome"], row["robot_source_id"], world.files()) == ("kept", "a", {})
    assert world.refresh().written == {}
    assert pending_changes(world.store, world.catalog, SETTINGS, access=MediaAccess()).sources == 0

    world.file("a/videos/episode_0.mp4")
    assert world.refresh().windows == (TODAY,)
    grown = world.sources()["a"]
    assert grown["fingerprint"] != row["fingerprint"]
    assert grown["provenance"] != row["provenance"]

    # A disk that is not there loses nothing; a source that never held anything fails.
    (world.folder / "a").rename(world.folder / "away")
    report = world.refresh()
    assert list(report.problems) == ["a"]
    assert (world.sources()["a"]["outcome"], world.sources()["a"]["fingerprint"]) == ("kept", grown["fingerprint"])
    world.write(world.source(kind="robot"), world.source(id="b", uri="b", kind="robot"))
    world.refresh()
    assert world.sources()["b"]["outcome"] == "failed"

    world.write(world.source(kind="robot", uri="s3://bucket/robot"))
    with pytest.raises(CatalogError, match="copy them there"):
        world.refresh()


def test_a_single_file_that_never_was_there_is_a_problem(world: World) -> None:
    (world.folder / "disk").mkdir()
    world.write(world.source(uri="disk/misspelt.mp4"))
    assert "disk/misspelt.mp4 does not exist" in world.refresh().problems["a"]
    assert world.sources()["a"]["outcome"] == "failed"


def test_a_manifest_that_is_gone_takes_nothing_down(world: World) -> None:
    world.file("footage/1.mp4")
    manifest = world.file("list.csv", b"path\nfootage/1.mp4\n")
    world.write(world.source(uri="list.csv"))
    world.refresh()
    manifest.unlink()
    assert set(world.refresh().problems) == {"a"}
    assert world.files()["footage/1.mp4"]["outcome"] == "kept"


def test_manifest_lines_may_lead_through_linked_folders(world: World) -> None:
    real = world.file("real/1.mp4")
    world.file("real/2.mp4")
    (world.folder / "lists").mkdir()
    (world.folder / "lists/link").symlink_to(real.parent)
    world.file("one/3.mp4")
    (world.folder / "lists/one").symlink_to(world.folder / "one")
    lines = ["path", "link/1.mp4", f"{world.folder}/lists/link/2.mp4", "one"]
    world.file("lists/list.csv", "\n".join(lines).encode())
    world.write(world.source(uri="lists/list.csv"))
    world.refresh()
    outcomes = {name: row["outcome"] for name, row in world.files().items()}
    assert outcomes == {"lists/link/1.mp4": "kept", "lists/link/2.mp4": "kept", "lists/one": "failed"}


def test_of_two_sources_with_one_file_the_first_that_keeps_it_counts(world: World) -> None:
    world.file("a/deep/1.mp4")
    world.write(world.source(), world.source(id="deep", uri="a/deep"))
    world.refresh()
    assert world.files()["a/deep/1.mp4"]["source_id"] == "a"
    world.write(world.source(licence=None), world.source(id="deep", uri="a/deep"))
    report = world.refresh()
    assert world.files()["a/deep/1.mp4"]["source_id"] == "deep"
    assert report.written == {"changed": 1}


def test_an_invalid_catalog_changes_nothing(world: World) -> None:
    world.write(world.source())
    world.file("a/1.mp4")
    world.refresh()
    world.catalog.write_text("sources:\n  - id: a\n")
    version = world.store.version(SOURCE_FILES)
    with pytest.raises(CatalogError):
        world.refresh()
    assert world.store.version(SOURCE_FILES) == version
    assert world.files()["a/1.mp4"]["outcome"] == "kept"


@pytest.mark.parametrize("window", ["yesterday", "2026-13-01", "2026-1-1"])
def test_a_window_that_is_no_day_is_refused(world: World, window: str) -> None:
    world.write(world.source())
    with pytest.raises(ValueError, match=r"day|month"):
        world.refresh(window=window)


def test_manifest_lines_become_files_with_metadata_rights_and_failures(world: World) -> None:
    for name in ("1.mp4", "2.mp4", "3.mp4", "4.mp4"):
        world.file(f"footage/{name}")
    lines = [
        {"path": "footage/1.mp4", "life": "alice", "scene": "kitchen"},
        {"path": "footage/2.mp4", "licence": "All rights reserved"},
        {"path": str(world.folder / "footage/3.mp4"), "withdrawn": True},
        {"path": "footage/none.mp4"},
        {"path": "footage"},
        {"life": "nobody"},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + "\nnot json\n"
    manifest = world.file("manifest.jsonl", text.encode())
    world.write(world.source(uri="manifest.jsonl"))
    report = world.refresh()
    rows = world.files()
    assert report.files == {"failed": 4, "kept": 1, "rejected": 2}
    assert json.loads(rows["footage/1.mp4"]["metadata"]) == {"life": "alice", "scene": "kitchen"}
    assert rows["footage/2.mp4"]["reasons"] == ["licence_not_allowed"]
    assert rows["footage/3.mp4"]["reasons"] == ["withdrawn"]
    assert "cannot be read" in rows["footage/none.mp4"]["error_message"]
    assert "not a file" in rows["footage"]["error_message"]
    assert f"{manifest}:6: the line names no file" in rows["manifest.jsonl:6"]["error_message"]
    assert "not JSON" in rows["manifest.jsonl:7"]["error_message"]
    assert world.refresh().written == {}


def test_csv_manifests_need_a_column_for_the_file(world: World) -> None:
    world.file("footage/1, a.mp4")
    world.file("good.csv", b'\xef\xbb\xbfuri,life\r\n"footage/1, a.mp4",bob\r\n')
    world.file("bad.csv", b"name,life\nx,y\n")
    world.file("ragged.csv", b"path\nfootage/1,a.mp4\n")
    world.write(
        world.source(uri="good.csv"), world.source(id="bad", uri="bad.csv"), world.source(id="ragged", uri="ragged.csv")
    )
    report = world.refresh()
    assert json.loads(world.files()["footage/1, a.mp4"]["metadata"]) == {"life": "bob"}
    assert "no `uri` or `path` column" in report.problems["bad"]
    assert "more values than the header" in world.files()["ragged.csv:2"]["error_message"]


def test_thresholds_are_configuration(world: World) -> None:
    world.write(world.source(licence="house"))
    world.file("a/notes.txt")
    settings = SimpleNamespace(
        source_catalog=SourceFilterConfig(allowed_licences=("house",)), source_files=ListingConfig(ignored_suffixes=())
    )
    assert world.refresh(settings=settings).files == {"kept": 1}
    assert world.refresh().sources == {"rejected": 1}


def test_pending_changes_are_what_a_refresh_would_write_and_nothing_is_written(world: World) -> None:
    def pending() -> Any:
        return pending_changes(world.store, world.catalog, SETTINGS, access=MediaAccess())

    world.write(world.source())
    world.file("a/old.mp4")
    world.refresh(window="2026-03-01")
    quiet = pending()
    assert (quiet.counts, quiet.windows("2026-03-05")) == ({}, set())
    new = world.file("a/new.mp4")
    arrived = pending()
    assert arrived.windows("2026-03-05") == {"2026-03-05"}
    assert arrived.digest != quiet.digest
    assert pending().digest == arrived.digest
    world.file("a/old.mp4", b"changed")
    assert pending().windows("2026-03-05") == {"2026-03-01", "2026-03-05"}
    new.unlink()
    assert pending().windows("2026-03-05") == {"2026-03-01"}
    assert set(world.files()) == {"a/old.mp4"}


@pytest.mark.parametrize("change", [{"scene": "garden"}, {"licence": "secret"}, {"scene": "kitchen", "take": 2}])
def test_the_digest_of_pending_changes_knows_every_column(world: World, change: dict[str, Any]) -> None:
    def digest(line: dict[str, Any]) -> str:
        world.file("list.jsonl", json.dumps({"path": "footage/1.mp4", **line}).encode())
        return pending_changes(world.store, world.catalog, SETTINGS, access=MediaAccess()).digest

    world.file("footage/1.mp4")
    world.write(world.source(uri="list.jsonl"))
    world.file("list.jsonl", b'{"path": "footage/1.mp4"}')
    world.refresh()
    first = digest({"scene": "kitchen"})
    assert digest({"scene": "kitchen"}) == first
    assert digest(change) != first


def test_pending_changes_count_entries_and_name_problems(world: World) -> None:
    world.write(world.source(), world.source(id="b", uri="b"))
    world.file("a/1.mp4")
    pending = pending_changes(world.store, world.catalog, SETTINGS, access=MediaAccess())
    assert (pending.sources, pending.counts, set(pending.problems)) == (2, {"added": 1, "new": 1}, {"b"})
