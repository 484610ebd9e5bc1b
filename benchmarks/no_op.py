"""Cost of a run with nothing to do, per asset, at a million synthetic rows. Goal: at most 2 s per asset."""

from __future__ import annotations

import tempfile
import time
from typing import Any

from benchmarks.synthetic import clip_ids, fill, settle, system_columns
from humannet_assets.pipeline import all_steps, build_passes
from humannet_assets.settings import Settings
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps
from humannet_assets.store.step import Step
from humannet_assets.store.tables import CLIPS, RAW_VIDEOS, VIDEO_SOURCES

CLIP_LEVEL = (
    "clip_signals", "filtered_clips", "viewpoints", "hand_tracks", "body_tracks", "camera_trajectories", "segments",
    "motion_descriptions", "captions", "annotations",
)  # fmt: skip


def run(rows: int) -> None:
    """Fill every clip-level table, then time a run of each step."""
    with tempfile.TemporaryDirectory() as folder:
        store = LanceStore(folder)
        ids = clip_ids(rows)
        fill(store, CLIPS, {**system_columns(ids, ["p"] * rows), "clip_id": ids})
        videos = sorted(set(store.read(CLIPS, ["video_id"])["video_id"]))
        for table in (VIDEO_SOURCES, RAW_VIDEOS):
            fill(store, table, {**system_columns(videos, ["p"] * len(videos)), "video_id": videos})
        steps = {step.name: step for step in all_steps(build_passes(Settings()))}
        chosen = [step for step in steps.values() if step.writes.name in CLIP_LEVEL]
        for step in chosen:
            settle(store, step)
        print(f"{rows:,} units per table, one process; compared: tables are new to the plan; remembered: nothing changed since")
        for step in chosen:
            compared, cpu = _timed(store, step, rows)
            remembered, _ = _timed(store, step, rows)
            print(
                f"  {step.writes.name:22s} {len(step.reads):2d} reads  compared {compared:5.2f} s (cpu {cpu:5.2f} s)  "
                f"remembered {remembered:5.3f} s"
            )


def _timed(store: LanceStore, step: Step[Any], rows: int) -> tuple[float, float]:
    started, cpu = time.perf_counter(), time.process_time()
    report = run_steps(store, [step], run_id="bench")[0]
    if report.processed or report.pending or report.kept != rows:
        raise RuntimeError(f"{step.name}: not a no-op: {report}")
    return time.perf_counter() - started, time.process_time() - cpu
