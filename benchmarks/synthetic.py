"""A store with synthetic rows: only what plans and queries look at is realistic (ids, windows, outcomes, scores)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.plan import expected_units
from humannet_assets.store.schema import Table
from humannet_assets.store.step import Step

SEED = 7
WINDOWS = 30
CHUNK_ROWS = 200_000


def clip_ids(rows: int) -> list[str]:
    """Ids that look like hashes and are the same every time."""
    rng = np.random.default_rng(SEED)
    high, low = rng.integers(0, 2**63, rows), rng.integers(0, 2**63, rows)
    return [f"{a:016x}{b:016x}" for a, b in zip(high, low, strict=True)]


def system_columns(ids: list[str], provenance: list[str]) -> dict[str, Any]:
    """System columns for kept rows: twenty clips a video, thirty windows."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    windows = [(start + timedelta(days=day)).strftime("%Y-%m-%d") for day in range(WINDOWS)]
    count = len(ids)
    return {
        "row_id": ids,
        "unit_id": ids,
        "video_id": [f"{index // 20:064x}" for index in range(count)],
        "ingest_window": [windows[(index // 20) % WINDOWS] for index in range(count)],
        "outcome": ["kept"] * count,
        "attempts": np.ones(count, np.int32),
        "provenance": provenance,
        "created_at": [datetime(2026, 1, 31)] * count,  # noqa: DTZ001 - the store keeps naive UTC
    }


def fill(store: LanceStore, table: Table, columns: dict[str, Any]) -> None:
    """Write columns (the rest null) in a few fragments, as many commits would after compaction."""
    import lance

    data = pa.table({name: pa.array(values, table.schema.field(name).type) for name, values in columns.items()})
    for field in table.schema:
        if field.name not in data.schema.names:
            data = data.append_column(field, pa.nulls(data.num_rows, field.type))
    data = data.select(table.schema.names).cast(table.schema)
    dataset = store.dataset(table)
    lance.write_dataset(data, dataset.uri, mode="append", max_rows_per_file=CHUNK_ROWS)


def settle(store: LanceStore, step: Step[Any]) -> None:
    """Write a step's table as if it had run over all its inputs."""
    expected, _ = expected_units(store, step, None)
    ids = expected["unit_id"].to_list()
    columns = {**system_columns(ids, expected["provenance"].to_list()), "ingest_window": expected["ingest_window"].to_list()}
    columns["video_id"] = expected["video_id"].to_list()
    table = step.writes
    if table.unit in table.schema.names:
        columns[table.unit] = ids
    fill(store, table, columns)


def random_frame(rows: int) -> pl.DataFrame:
    """Annotation-like columns for SQL benchmarks."""
    rng = np.random.default_rng(SEED)
    return pl.DataFrame(
        {
            "viewpoint": rng.choice(["ego", "exo", "unclear"], rows, p=[0.7, 0.25, 0.05]),
            "level": rng.choice(["clip", "atomic", "group"], rows, p=[0.2, 0.6, 0.2]),
            "duration_s": rng.gamma(2.0, 2.0, rows),
            "pose_score": rng.random(rows).astype(np.float32),
            "motion_score": rng.gamma(1.5, 0.4, rows).astype(np.float32),
            "short_caption": rng.choice([f"a hand moves object {n}" for n in range(500)], rows),
        }
    )
