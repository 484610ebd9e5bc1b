from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.schema import Column, Table
from humannet_assets.store.sql import LanceTable, connect, kept
from humannet_assets.store.tables import ANNOTATIONS, CLIPS, HAND_TRACKS, TABLES
from humannet_assets_tests.store.synthetic import fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    store = LanceStore(str(tmp_path_factory.mktemp("filled")))
    fill(store)
    return store


@pytest.fixture
def connection(filled: LanceStore) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(filled) as connection:
        yield connection


def one(connection: duckdb.DuckDBPyConnection, query: str, *parameters: Any) -> Any:
    found = connection.execute(query, list(parameters)).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_both_faces_of_every_table_agree_with_the_store(
    table: Table, filled: LanceStore, connection: duckdb.DuckDBPyConnection
) -> None:
    stored = filled.read(table)
    assert one(connection, f"SELECT count(*) FROM {table.name}_rows") == stored.height
    results = stored.filter(pl.col("outcome") == "kept")
    if not table.one_to_one and table.key != "row_id":
        results = results.filter(pl.col(table.key).is_not_null())
    assert one(connection, f"SELECT count(*) FROM {table.name}") == results.height
    described = connection.execute(f"DESCRIBE {table.name}").fetchall()
    assert [row[0] for row in described] == table.schema.names


def test_markers_of_empty_units_are_no_results(connection: duckdb.DuckDBPyConnection) -> None:
    assert one(connection, "SELECT count(*) FROM hand_tracks_rows WHERE outcome = 'kept' AND track_id IS NULL") == 7
    assert one(connection, "SELECT count(*) FROM hand_tracks WHERE track_id IS NULL") == 0


def test_outcomes_has_one_line_per_unit(connection: duckdb.DuckDBPyConnection) -> None:
    rows = "SELECT count(*) FROM (SELECT table_name, unit_id FROM outcomes GROUP BY ALL HAVING count(*) > 1)"
    assert one(connection, rows) == 0
    found = connection.execute(
        "SELECT outcome, count(*) FROM outcomes WHERE table_name = 'filtered_clips' GROUP BY outcome ORDER BY outcome"
    ).fetchall()
    assert found == [("kept", 16), ("rejected", 2)]
    assert one(connection, "SELECT error_class FROM outcomes WHERE outcome = 'failed'") == "MemoryError"


PREDICATES = [
    "row_id = (SELECT min(row_id) FROM hand_tracks)",
    "side IN ('left', 'up')",
    "side <> 'left'",
    "side LIKE 'r%'",
    "starts_with(side, 'r')",
    "coverage > 0.5 OR side = 'left'",
    "pnp_error_px IS NULL",
    "pnp_error_px IS NOT NULL AND frame_count BETWEEN 1 AND 12",
    "created_at > TIMESTAMP '2026-01-01' AND ingest_window >= '2026-03-02'",
    "list_contains(reasons, 'blurred')",
    "len(times_s) = 12",
    "times_s[1] > 5",
    "frame_count::DOUBLE / 2 = 6.0",
    "NOT (side = 'left')",
    "false",
]


@pytest.mark.parametrize("predicate", PREDICATES)
def test_every_kind_of_predicate_gives_what_duckdb_gives_on_a_copy(
    predicate: str, connection: duckdb.DuckDBPyConnection
) -> None:
    live = connection.execute(f"SELECT row_id FROM hand_tracks_rows WHERE {predicate} ORDER BY row_id").fetchall()
    connection.execute("CREATE TEMP TABLE copy AS SELECT * FROM hand_tracks_rows")
    copied = connection.execute(
        f"SELECT row_id FROM copy WHERE {predicate.replace('hand_tracks', 'copy')} ORDER BY row_id"
    ).fetchall()
    assert live == copied


def test_projection_and_predicate_reach_lance(filled: LanceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, Any]] = []
    original = LanceTable.scanner

    def spy(self: LanceTable, columns: Any = None, filter: Any = None, **rest: Any) -> Any:  # noqa: A002
        asked.append((columns, filter))
        return original(self, columns, filter, **rest)

    monkeypatch.setattr(LanceTable, "scanner", spy)
    with connect(filled) as connection:
        connection.execute("SELECT side FROM hand_tracks WHERE row_id = ?", ["x"]).fetchall()
    columns, predicate = asked[-1]
    assert set(columns) <= {"side", "row_id", "outcome", "track_id"}
    assert 'row_id == "x"' in str(predicate)


def test_predicates_lance_refuses_are_evaluated_by_arrow(filled: LanceStore) -> None:
    import pyarrow.compute as pc

    table = LanceTable(filled, ANNOTATIONS)
    refused = pc.equal(pc.list_value_length(pc.field("environment")), 1)
    found = table.scanner(columns=["row_id"], filter=refused).to_reader().read_all()
    assert found.num_rows == filled.read(ANNOTATIONS, ["row_id"]).height
    assert found.column_names == ["row_id"]


def test_queries_see_commits_made_after_connecting(store: LanceStore) -> None:
    row = {"row_id": "c", "unit_id": "v", "video_id": "v", "outcome": "kept", "clip_id": "c", "ingest_window": "2026-03-01"}
    with connect(store) as connection:
        assert one(connection, "SELECT count(*) FROM clips") == 0
        store.replace_units(CLIPS, ["v"], [row])
        assert one(connection, "SELECT count(*) FROM clips") == 1
        assert one(connection, "SELECT count(*) FROM clips WHERE clip_id = 'c'") == 1


def test_columns_declared_after_the_table_was_written_are_null(store: LanceStore) -> None:
    old = Table("things", "x", "video_id", "thing_id", "Things.", (Column("thing_id", pa.string(), "Id."),))
    new = Table("things", "x", "video_id", "thing_id", "Things.", (*old.columns, Column("weight", pa.float32(), "New.")))
    store.replace_units(old, ["v"], [{"row_id": "t", "unit_id": "v", "thing_id": "t", "outcome": "kept"}])
    version = store.version(old)
    with connect(store, [new]) as connection:
        assert connection.execute("SELECT thing_id, weight FROM things").fetchall() == [("t", None)]
        assert connection.execute("SELECT thing_id FROM things WHERE weight IS NULL").fetchall() == [("t",)]
        assert connection.execute("SELECT thing_id FROM things WHERE weight > 1").fetchall() == []
    assert store.version(old) == version


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM clips_rows",
        "INSERT INTO clips_rows SELECT * FROM clips_rows",
        "UPDATE clips SET outcome = 'kept'",
        "DROP TABLE clips_rows",
    ],
)
def test_the_store_cannot_be_written_through_sql(
    statement: str, filled: LanceStore, connection: duckdb.DuckDBPyConnection
) -> None:
    version = filled.version(CLIPS)
    with pytest.raises(duckdb.Error):
        connection.execute(statement)
    assert filled.version(CLIPS) == version


def test_quotes_in_bound_values_are_only_values(connection: duckdb.DuckDBPyConnection) -> None:
    nasty = "x' OR '1'='1"
    assert one(connection, "SELECT count(*) FROM clips WHERE clip_id = ?", nasty) == 0


def test_the_condition_for_results_names_the_key_only_where_markers_exist() -> None:
    assert kept(HAND_TRACKS) == "outcome = 'kept' AND track_id IS NOT NULL"
    assert kept(next(table for table in TABLES if table.one_to_one)) == "outcome = 'kept'"
