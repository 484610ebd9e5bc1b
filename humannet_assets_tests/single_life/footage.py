"""Stores that hold lives without a single pixel: rows as the steps before `lives` would have written them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from humannet_assets.pipeline import build_passes
from humannet_assets.settings import load_settings
from humannet_assets.store.compute import InProcess
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import StepReport, run_steps
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import (
    KNOWN_CAMERAS,
    RAW_VIDEOS,
    SHOTS,
    VIDEO_DUPLICATES,
    VIDEO_SOURCES,
    VISIBLE_POINTS,
)

FIRST_SEEN = datetime.fromisoformat("2026-03-01T08:00:00")
FRAME_RATE_HZ = 15.0
SIGHT = 60
"""Points of the corridor a frame sees; its walker passes one per frame that is sampled."""


@dataclass(frozen=True)
class Video:
    """A walk up and down a corridor: `walk` (samples,) places in it, one per second; none for a video without known points."""

    name: str
    life: str | None = "anna"
    seconds: float = 30.0
    arrival: int = 0
    control: str | None = None
    keywords: tuple[str, ...] = ()
    world: str | None = "corridor"
    change: float = 5.0
    cuts: tuple[float, ...] = ()

    @property
    def video_id(self) -> str:
        """64 characters, as of a SHA-256."""
        return stable_id(self.name) * 2


def put(store: LanceStore, videos: Sequence[Video]) -> None:
    """Write what is known of some videos."""
    for video in videos:
        times = np.arange(0, video.seconds, 1 / FRAME_RATE_HZ)
        edges = [0.0, *video.cuts, video.seconds]
        said = {"control": video.control} if video.control else {}
        _put(store, VIDEO_DUPLICATES, video, [{"cluster_id": video.video_id}])
        about = {
            "life": video.life,
            "keywords": list(video.keywords),
            "uri": f"/footage/{video.name}.mp4",
            "first_seen_at": FIRST_SEEN + timedelta(days=video.arrival),
            "metadata": str(said).replace("'", '"') if said else None,
        }
        _put(store, VIDEO_SOURCES, video, [about])
        change = np.full(len(times), video.change, np.float32)
        raw = {"duration_s": video.seconds, "frame_times_s": times, "cut_content": change}
        _put(store, RAW_VIDEOS, video, [raw])
        shots = [
            {"shot_id": stable_id(video.name, index), "shot_index": index, "start_s": start, "end_s": end}
            for index, (start, end) in enumerate(zip(edges[:-1], edges[1:], strict=True))
        ]
        _put(store, SHOTS, video, shots)
        _put(store, KNOWN_CAMERAS, video, [])


def put_points(store: LanceStore, videos: Sequence[Video]) -> None:
    """Write what each second of a video sees, as `visible_points` would: a walker goes up and down a corridor."""
    for video in videos:
        places = np.abs((np.arange(int(video.seconds)) * 2) % 400 - 200)
        points = np.stack([np.arange(place, place + SIGHT) for place in places]) if len(places) else np.zeros((0, SIGHT))
        row = {
            "stretch_id": stable_id(video.name, "points"),
            "source": "depth",
            "world": video.world,
            "voxel_m": 0.25,
            "times_s": np.arange(len(places), dtype=float),
            "point_counts": [SIGHT] * len(places),
            "points": points.astype("<i8").tobytes(),
        }
        _put(store, VISIBLE_POINTS, video, [row] if video.world else [], "kept" if video.world else "rejected")


def _put(store: LanceStore, table: Table, video: Video, rows: Sequence[Mapping[str, Any]], outcome: str = "kept") -> None:
    window = (FIRST_SEEN + timedelta(days=video.arrival)).date().isoformat()
    system = {
        "unit_id": video.video_id, "video_id": video.video_id, "ingest_window": window, "outcome": outcome, "reasons": [],
        "evidence": "{}", "attempts": 1, "code_version": "1", "run_id": "r", "created_at": FIRST_SEEN,
        "provenance": stable_id(repr(video)),
    }  # fmt: skip
    complete = [{"row_id": row.get(table.key, video.video_id), **row, **system} for row in rows]
    store.replace_units(table, [video.video_id], complete or [{"row_id": video.video_id, **system}])


def remove(store: LanceStore, video: Video) -> None:
    """Take a video down: what came before `lives` holds tombstones."""
    for table in (VIDEO_DUPLICATES, VIDEO_SOURCES, RAW_VIDEOS, SHOTS, KNOWN_CAMERAS, VISIBLE_POINTS):
        _put(store, table, video, [], "removed")


def pair(store: LanceStore, overrides: Mapping[str, Any] | None = None, run_id: str = "run") -> dict[str, StepReport]:
    """Bring lives and pairs up to date; `visible_points` are left as they were put."""
    passes = build_passes(load_settings(None, {"single_life": dict(overrides or {})}))
    reports = {}
    for asset in ("lives", "life_pair_indices"):
        for steps in passes[asset]:
            for report in run_steps(store, steps, compute=InProcess(), run_id=run_id):
                assert report.adds_up, report
                reports[report.table] = report
    return reports
