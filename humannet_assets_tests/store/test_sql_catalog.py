from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from humannet_assets.store import sql_catalog
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.sql_catalog import build_sql_catalog, catalog_location, stale_tables
from humannet_assets.store.tables import CLIPS, HAND_TRACKS, TABLES
from humannet_assets_tests.store.synthetic import fill

OLD_CLIENT = "duckdb==1.5.2"

READER = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
counts = dict(connection.execute("SELECT table_name, count(*) FROM outcomes GROUP BY table_name").fetchall())
clips = connection.execute("SELECT count(*), min(environment[1]) FROM annotations WHERE level = 'clip'").fetchone()
comment = connection.execute("SELECT comment FROM duckdb_columns() WHERE table_name='clips_rows' AND column_name='clip_id'")
print(json.dumps([duckdb.__version__, counts, list(clips), comment.fetchone()[0]]))
"""


WAITING_READER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
sys.stdin.readline()
print(connection.execute("SELECT count(*) FROM clips").fetchone()[0])
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    store = LanceStore(str(tmp_path_factory.mktemp("filled")))
    fill(store)
    return store


@pytest.fixture(scope="module")
def built(filled: LanceStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("catalog") / "humannet.duckdb"
    build_sql_catalog(filled, path)
    return path


@pytest.fixture(scope="session")
def old_client(project_root: Path) -> Path:
    """A folder with DuckDB 1.5, installed once and kept; the test is skipped where no package index is in reach."""
    folder = project_root / ".cache" / f"{OLD_CLIENT.replace('==', '-')}-py{sys.version_info.major}{sys.version_info.minor}"
    if not (folder / "duckdb").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), OLD_CLIENT]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"{OLD_CLIENT} could not be installed: {done.stderr.strip()[-300:]}")
    return folder


def test_the_file_holds_native_tables_without_bulky_columns_and_with_documentation(built: Path, filled: LanceStore) -> None:
    with duckdb.connect(str(built), read_only=True) as connection:
        for table in TABLES:
            described = connection.execute(f"DESCRIBE {table.name}").fetchall()
            assert [row[0] for row in described] == list(table.sql_columns)
            count = connection.execute(f"SELECT count(*) FROM {table.name}_rows").fetchone()
            assert count == (filled.read(table, ["row_id"]).height,)
        assert "landmarks_px" not in HAND_TRACKS.sql_columns
        comment = connection.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'clips_rows'").fetchone()
        assert comment == (CLIPS.doc,)


def test_duckdb_2_reads_it_in_a_process_that_knows_nothing_of_lance(built: Path) -> None:
    version, counts, clips, comment = _read(built, {})
    assert version.startswith("2.")
    assert counts["filtered_clips"] == 18
    assert clips == [15, "home/kitchen"]
    assert comment == CLIPS.column("clip_id").doc


def test_duckdb_1_5_reads_it_too(built: Path, old_client: Path) -> None:
    version, *old = _read(built, {"PYTHONPATH": str(old_client)})
    assert version.startswith("1.5.")
    assert old == _read(built, {})[1:]


def _read(path: Path, environment: dict[str, str]) -> list[object]:
    command = [sys.executable, "-c", READER, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_second_build_writes_nothing_and_a_changed_table_alone_is_copied(store: LanceStore, tmp_path: Path) -> None:
    fill(store)
    path = tmp_path / "c.duckdb"
    assert stale_tables(store, path) is None
    first = build_sql_catalog(store, path)
    assert set(first.refreshed) == {table.name for table in TABLES}
    stamp = path.stat()
    second = build_sql_catalog(store, path)
    assert second.is_current
    assert second.rows == first.rows
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)
    assert stale_tables(store, path) == []

    row = {"row_id": "c", "unit_id": "v", "video_id": "v", "outcome": "kept", "clip_id": "c", "ingest_window": "2026-03-01"}
    store.replace_units(CLIPS, ["v"], [row])
    assert stale_tables(store, path) == ["clips"]
    third = build_sql_catalog(store, path)
    assert third.refreshed == ("clips",)
    assert third.rows == {**first.rows, "clips": first.rows["clips"] + 1}
    assert third.metadata()["rows"] == third.rows


def _clip(name: str) -> dict[str, str]:
    day = "2026-03-01"
    return {"row_id": name, "unit_id": name, "video_id": name, "outcome": "kept", "clip_id": name, "ingest_window": day}


def _clips_in(path: Path) -> list[tuple[str]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("SELECT clip_id FROM clips").fetchall()


def test_another_store_of_the_same_version_is_copied_anew(tmp_path: Path) -> None:
    path = tmp_path / "c.duckdb"
    for name in ("a", "b"):
        store = LanceStore(str(tmp_path / name))
        store.replace_units(CLIPS, [name], [_clip(name)])
        build_sql_catalog(store, path)
        assert _clips_in(path) == [(name,)]
    # A copied folder has the same tables at the same versions, until one of the two is written to.
    shutil.copytree(tmp_path / "b", tmp_path / "c")
    assert "clips" in (stale_tables(LanceStore(str(tmp_path / "c")), path) or ())


def test_a_table_deleted_and_made_again_is_copied_anew(store: LanceStore, tmp_path: Path) -> None:
    path = tmp_path / "c.duckdb"
    store.replace_units(CLIPS, ["old"], [_clip("old")])
    version = store.version(CLIPS)
    build_sql_catalog(store, path)
    shutil.rmtree(store.uri(CLIPS))
    store.replace_units(CLIPS, ["new"], [_clip("new")])
    assert store.version(CLIPS) == version
    assert stale_tables(store, path) == ["clips"]
    build_sql_catalog(store, path)
    assert _clips_in(path) == [("new",)]


def test_open_readers_keep_their_file_while_a_new_one_replaces_it(store: LanceStore, tmp_path: Path) -> None:
    fill(store)
    path = tmp_path / "c.duckdb"
    before = build_sql_catalog(store, path).rows["clips"]
    command = [sys.executable, "-c", WAITING_READER, str(path)]
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdin is not None
    watchdog = threading.Timer(60, reader.kill)
    watchdog.start()
    assert reader.stdout.readline() == "open\n"
    row = {"row_id": "c", "unit_id": "v", "video_id": "v", "outcome": "kept", "clip_id": "c", "ingest_window": "2026-03-01"}
    store.replace_units(CLIPS, ["v"], [row])
    assert build_sql_catalog(store, path).rows["clips"] == before + 1
    out, _ = reader.communicate("\n")
    watchdog.cancel()
    assert int(out) == before


def test_a_build_that_dies_leaves_the_old_file(filled: LanceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.duckdb"
    build_sql_catalog(filled, path)
    content = path.read_bytes()
    monkeypatch.setattr(sql_catalog, "_layout", lambda table: f"other {table.name}")

    def die(*_: object) -> list[str]:
        raise RuntimeError("power cut")

    monkeypatch.setattr(sql_catalog, "view_statements", die)
    with pytest.raises(RuntimeError, match="power cut"):
        build_sql_catalog(filled, path)
    assert path.read_bytes() == content
    assert [found.name for found in tmp_path.iterdir()] == ["c.duckdb"]


def test_a_file_that_is_no_catalog_is_replaced(filled: LanceStore, tmp_path: Path) -> None:
    path = tmp_path / "it's a file.duckdb"
    path.write_bytes(b"not a database")
    assert build_sql_catalog(filled, path).rows["clips"] == 18
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM clips").fetchone() == (18,)


def test_where_the_file_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUMANNET_SQL_CATALOG", raising=False)
    monkeypatch.chdir(tmp_path)
    assert catalog_location(LanceStore(str(tmp_path / "s"))) == tmp_path / "s" / "humannet.duckdb"
    remote = {catalog_location(LanceStore(f"s3://bucket/{name}")) for name in ("a", "a/", "b")}
    assert {path.parent for path in remote} == {tmp_path / "data"}
    assert len(remote) == 2
    assert all(re.fullmatch(r"humannet-[0-9a-f]{8}\.duckdb", path.name) for path in remote)
    monkeypatch.setenv("HUMANNET_SQL_CATALOG", str(tmp_path / "x.duckdb"))
    assert catalog_location(LanceStore("s3://bucket/prefix")) == tmp_path / "x.duckdb"


def test_no_column_needs_quotes_in_sql() -> None:
    found = duckdb.sql("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')")
    reserved = {name for (name,) in found.fetchall()}
    names = {f"{table.name}.{column.name}" for table in TABLES for column in table.columns if column.name in reserved}
    assert names == set()
