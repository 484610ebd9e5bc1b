"""Point and dashboard queries at a million annotation rows: Lance through DuckDB, the native catalog, plain Parquet."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from benchmarks.synthetic import clip_ids, fill, random_frame, system_columns
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.sql import connect
from humannet_assets.store.sql_catalog import build_sql_catalog
from humannet_assets.store.tables import ANNOTATIONS

REPEATS = 5

QUERIES = {
    "count": "SELECT count(*) FROM annotations",
    "hours by viewpoint": "SELECT viewpoint, sum(duration_s) / 3600 FROM annotations WHERE level = 'clip' GROUP BY 1",
    "filter and sort": (
        "SELECT row_id, motion_score FROM annotations WHERE viewpoint = 'ego' AND pose_score > .9 "
        "ORDER BY motion_score DESC LIMIT 20"
    ),
    "text search": "SELECT count(*) FROM annotations WHERE short_caption LIKE '%object 42%'",
    "point lookup": "SELECT * FROM annotations WHERE row_id = '{id}'",
}


def _median(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        connection.sql(query).fetchall()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def run(rows: int) -> None:
    """Build the three stores and time each query on each, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        store = LanceStore(folder)
        ids = clip_ids(rows)
        frame = random_frame(rows)
        columns = {**system_columns(ids, ["p"] * rows), "annotation_id": ids, "clip_id": ids}
        fill(store, ANNOTATIONS, {**columns, **{name: frame[name].to_list() for name in frame.columns}})
        started = time.perf_counter()
        catalog = build_sql_catalog(store, Path(folder) / "catalog.duckdb")
        print(f"native catalog built in {time.perf_counter() - started:.1f} s, {catalog.size_bytes / 1e6:.0f} MB")
        names = list(ANNOTATIONS.sql_columns)
        pq.write_table(store.arrow(ANNOTATIONS, names), Path(folder) / "annotations.parquet")
        parquet = duckdb.connect()
        parquet.execute(f"CREATE VIEW annotations AS SELECT * FROM '{folder}/annotations.parquet'")
        lance, native = connect(store), duckdb.connect(str(catalog.path), read_only=True)
        head = f"seconds (median of {REPEATS})"
        print(f"{head:28s} {'Lance':>9s} {'native':>9s} {'Parquet':>9s}  Lance/Parquet  native/Parquet")
        for name, text in QUERIES.items():
            query = text.format(id=ids[rows // 2])
            a, b, c = (_median(connection, query) for connection in (lance, native, parquet))
            print(f"{name:28s} {a:9.4f} {b:9.4f} {c:9.4f}  {a / c:13.2f}  {b / c:14.2f}")
