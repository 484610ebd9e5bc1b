"""A changed filter threshold: verdicts of 200,000 clips made anew from stored scores, without inference."""

from __future__ import annotations

import tempfile
import time

import numpy as np
import pyarrow as pa

from benchmarks.synthetic import SEED, clip_ids, fill, system_columns
from humannet_assets.perception.filtered_clips import FilterConfig, FilterStep
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps
from humannet_assets.store.tables import CLIP_SIGNALS


def run(rows: int) -> None:
    """Fill `clip_signals` with random scores, then judge them."""
    rows = min(rows, 200_000)
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        store, ids = LanceStore(folder), clip_ids(rows)
        columns = {**system_columns(ids, ["p"] * rows), "clip_id": ids, "start_s": np.zeros(rows), "end_s": np.full(rows, 5.0)}
        for column in CLIP_SIGNALS.columns:
            if column.type == pa.float32():
                columns[column.name] = rng.random(rows).astype(np.float32)
        fill(store, CLIP_SIGNALS, columns)
        for name, config in (("first verdicts", FilterConfig()), ("changed threshold", FilterConfig(min_sharpness=13.0))):
            started = time.perf_counter()
            report = run_steps(store, [FilterStep(config)], run_id="bench")[0]
            wall = time.perf_counter() - started
            print(f"  {name:18s} {report.processed:,} clips in {wall:.1f} s: {1e6 * wall / rows:.0f} s per million")
