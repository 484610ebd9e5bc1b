"""Commits are atomic per unit, keyed, idempotent; schemas grow and refuse to change."""

from __future__ import annotations

import dataclasses
import hashlib
import multiprocessing
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import lance
import pyarrow as pa
import pytest

from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.lance_store import LanceStore, StoreError, quoted
from humannet_assets.store.schema import Column, Table
from humannet_assets.store.step import NoConfig, Read, Step
from humannet_assets_tests.store import toy


def rows(unit: str, count: int) -> list[dict[str, object]]:
    return [
        {"row_id": f"{unit}-{i}", "unit_id": unit, "clip_id": unit, "piece_id": f"{unit}-{i}", "index": i, "outcome": "kept",
         "created_at": datetime(2026, 1, 1)}  # noqa: DTZ001
        for i in range(count)
    ]  # fmt: skip


def test_replacing_units_is_idempotent_and_leaves_others_alone(store: LanceStore) -> None:
    store.replace_units(toy.PIECES, ["a", "b"], rows("a", 3) + rows("b", 2))
    store.replace_units(toy.PIECES, ["a"], rows("a", 1))
    store.replace_units(toy.PIECES, ["a"], rows("a", 1))
    assert sorted(store.read(toy.PIECES)["row_id"]) == ["a-0", "b-0", "b-1"]


def test_repeated_key_in_one_commit_is_refused(store: LanceStore) -> None:
    with pytest.raises(StoreError, match="appears twice"):
        store.replace_units(toy.PIECES, ["a"], rows("a", 2) + rows("a", 1))


def test_table_is_readable_by_name_and_version(store: LanceStore) -> None:
    assert not store.exists(toy.PIECES)
    assert store.version(toy.PIECES) == 0
    assert store.read(toy.PIECES).is_empty()
    store.replace_units(toy.PIECES, ["a"], rows("a", 1))
    before = store.version(toy.PIECES)
    store.replace_units(toy.PIECES, ["b"], rows("b", 1))
    assert store.dataset(toy.PIECES, before).count_rows() == 1


def test_new_column_appears_as_null_and_changed_type_is_refused(store: LanceStore) -> None:
    store.replace_units(toy.PIECES, ["a"], rows("a", 1))
    wider = dataclasses.replace(toy.PIECES, columns=(*toy.PIECES.columns, Column("colour", pa.string(), "new")))
    assert store.read(wider)["colour"].to_list() == [None]
    store.replace_units(wider, ["b"], [{**rows("b", 1)[0], "colour": "red"}])
    assert sorted(store.read(wider)["colour"].to_list(), key=str) == [None, "red"]
    columns = tuple(Column("index", pa.string(), "text now") if c.name == "index" else c for c in toy.PIECES.columns)
    with pytest.raises(StoreError, match="Move the table away"):
        store.dataset(dataclasses.replace(toy.PIECES, columns=columns))


def test_a_table_keeps_its_id_until_it_is_made_again(store: LanceStore) -> None:
    assert store.table_id(toy.PIECES) == ""
    store.replace_units(toy.PIECES, ["a"], rows("a", 3))
    first = store.table_id(toy.PIECES)
    assert first
    store.replace_units(toy.PIECES, ["a", "b"], rows("a", 1) + rows("b", 1))
    wider = dataclasses.replace(toy.PIECES, columns=(*toy.PIECES.columns, Column("colour", pa.string(), "new")))
    store.dataset(wider)
    store.clean(wider, timedelta(0))
    assert LanceStore(store.root).table_id(wider) == first
    assert sorted(store.read(wider)["row_id"]) == ["a-0", "b-0"]
    shutil.rmtree(store.uri(toy.PIECES))
    store.replace_units(toy.PIECES, ["a"], rows("a", 1))
    assert store.table_id(toy.PIECES) not in ("", first)


def _create_and_commit(root: str, number: int, rounds: int, together: Any, failed: Any) -> None:
    for turn in range(rounds):
        together.wait()
        # Within the milliseconds a create takes, differently each time.
        time.sleep((number * 7 + turn * 3) % 5 / 1000)
        try:
            LanceStore(f"{root}/{turn}").replace_units(toy.PIECES, [str(number)], rows(str(number), 1))
        except Exception as error:
            failed.put(repr(error))


def test_writers_that_create_a_table_at_once_lose_no_rows(tmp_path: Path) -> None:
    writers, rounds = 4, 40
    context = multiprocessing.get_context("spawn")
    together, failed = context.Barrier(writers), context.Queue()
    processes = [
        context.Process(target=_create_and_commit, args=(str(tmp_path), number, rounds, together, failed))
        for number in range(writers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert failed.empty(), failed.get()
    kept = [LanceStore(str(tmp_path / str(turn))).read(toy.PIECES)["row_id"].to_list() for turn in range(rounds)]
    assert [sorted(ids) for ids in kept] == [[f"{number}-0" for number in range(writers)]] * rounds
    assert not list(tmp_path.glob("*/tables/.*")), "nothing made aside is left"


def test_a_create_that_overwrote_a_table_is_undone(store: LanceStore) -> None:
    store.replace_units(toy.PIECES, ["a"], rows("a", 2))
    uri, schema = store.uri(toy.PIECES), store.dataset(toy.PIECES).schema
    overwrote = lance.write_dataset(schema.empty_table(), uri, schema=schema, mode="overwrite")
    assert overwrote.count_rows() == 0
    assert store._without_overwrite(overwrote).count_rows() == 2
    assert store.read(toy.PIECES).height == 2


def test_cleaning_keeps_young_versions_and_a_missing_table_is_clean(store: LanceStore) -> None:
    assert store.clean(toy.PIECES, timedelta(0)) == 0
    assert not store.exists(toy.PIECES)
    store.replace_units(toy.PIECES, ["a"], rows("a", 2))
    before = store.version(toy.PIECES)
    store.replace_units(toy.PIECES, ["a"], rows("a", 1))
    store.clean(toy.PIECES, timedelta(hours=1))
    assert store.dataset(toy.PIECES, before).count_rows() == 2
    assert store.clean(toy.PIECES, timedelta(0)) > 0
    assert store.read(toy.PIECES)["row_id"].to_list() == ["a-0"]


def test_cleaning_rewrites_a_file_with_a_single_deleted_row(store: LanceStore) -> None:
    def secret(unit: str) -> str:
        return hashlib.sha256(unit.encode()).hexdigest()

    units = [f"u{number}" for number in range(50)]
    store.replace_units(toy.PIECES, units, [{**rows(unit, 1)[0], "run_id": secret(unit)} for unit in units])
    store.replace_units(toy.PIECES, ["u7"], [])

    def files_with(unit: str) -> int:
        return sum(secret(unit).encode() in path.read_bytes() for path in Path(store.root).rglob("*") if path.is_file())

    assert files_with("u7") == 1
    store.clean(toy.PIECES, timedelta(0))
    assert (files_with("u7"), files_with("u8")) == (0, 1)


def test_literals_are_quoted() -> None:
    assert quoted(["a'b", "c"]) == "'a''b', 'c'"


def test_stable_ids_tell_apart_what_differs() -> None:
    assert stable_id("video", 1) == stable_id("video", 1)
    different = {
        stable_id("ab", "c"),
        stable_id("a", "bc"),
        stable_id("a", "b", "c"),
        stable_id(1),
        stable_id("1"),
        stable_id(None),
        stable_id(""),
    }
    assert len(different) == 7
    with pytest.raises(TypeError, match="float"):
        stable_id(0.1)
    assert microseconds(1.0000004) == 1_000_000


@pytest.mark.parametrize(
    ("columns", "key", "message"),
    [
        ((Column("outcome", pa.string(), "clash"),), "clip_id", "system columns"),
        ((Column("x", pa.string(), "a"), Column("x", pa.string(), "b")), "clip_id", "declared twice"),
        ((), "missing", "not one of its columns"),
    ],
)
def test_contradictory_tables_fail_when_declared(columns: tuple[Column, ...], key: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Table("t", "toy", "clip_id", key, "doc", columns)


def test_contradictory_steps_fail_when_declared() -> None:
    with pytest.raises(ValueError, match="more than its identity"):
        Read(toy.HALVES, ("half",), by="identity")
    with pytest.raises(KeyError, match="no column"):
        Read(toy.HALVES, ("halff",))
    with pytest.raises(TypeError, match="takes its units"):

        class WrongUnit(Step[NoConfig]):
            name = "wrong"
            code_version = "1"
            reads = (Read(toy.PIECES, ("piece_id",), unit="piece_id", by="provenance"),)
            writes = toy.HALVES
