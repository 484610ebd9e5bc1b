"""Stores that hold lives without a single pixel: rows as the steps before `lives` would have written them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from humannet_assets.pipeline import build_passes
from humannet_assets.settings import load_settings
from humannet_assets.single_life.lives import LifeVideoStep
from humannet_assets.single_life.pair_indices import PairIndexStep, PairingStep
from humannet_assets.single_life.settings import LifeVideoConfig, PairConfig, PairIndexConfig, SplitConfig
from humannet_assets.store.compute import InProcess
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import StepReport, run_steps
from humannet_assets.store.schema import Table
from humannet_assets.store.step import NoConfig, Unit
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
    """A walk up and down a corridor; `world` None is a video of which no points are known."""

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


def known(video: Video) -> dict[Table, list[dict[str, Any]]]:
    """What earlier steps say of a video: rows by table."""
    times = np.arange(0, video.seconds, 1 / FRAME_RATE_HZ)
    edges = [0.0, *video.cuts, video.seconds]
    about = {
        "life": video.life,
        "keywords": list(video.keywords),
        "uri": f"/footage/{video.name}.mp4",
        "first_seen_at": FIRST_SEEN + timedelta(days=video.arrival),
        "metadata": json.dumps({"control": video.control}) if video.control else None,
    }
    change = np.full(len(times), video.change, np.float32)
    shots = [
        {"shot_id": stable_id(video.name, index), "shot_index": index, "start_s": start, "end_s": end}
        for index, (start, end) in enumerate(pairwise(edges))
    ]
    # A walker goes up and down a corridor, two places a second.
    places = np.abs((np.arange(int(video.seconds)) * 2) % 400 - 200)
    points = {
        "stretch_id": stable_id(video.name, "points"),
        "source": "depth",
        "world": video.world,
        "voxel_m": 0.25,
        "times_s": np.arange(len(places), dtype=float),
        "point_counts": [SIGHT] * len(places),
        "points": (places[:, None] + np.arange(SIGHT)).astype("<i8").tobytes(),
    }
    return {
        VIDEO_DUPLICATES: [{"cluster_id": video.video_id}],
        VIDEO_SOURCES: [about],
        RAW_VIDEOS: [{"duration_s": video.seconds, "frame_times_s": times, "cut_content": change}],
        SHOTS: shots,
        KNOWN_CAMERAS: [],
        VISIBLE_POINTS: [points] if video.world else [],
    }


def put(store: LanceStore, videos: Sequence[Video]) -> None:
    """Write what is known of some videos, as the steps before `life_pair_indices` would; `lives` is left out."""
    for video in videos:
        for table, rows in known(video).items():
            _put(store, table, video, rows)


def _put(store: LanceStore, table: Table, video: Video, rows: Sequence[Mapping[str, Any]], outcome: str = "kept") -> None:
    window = window_of(video)
    system = {
        "unit_id": video.video_id, "video_id": video.video_id, "ingest_window": window, "outcome": outcome, "reasons": [],
        "evidence": "{}", "attempts": 1, "code_version": "1", "run_id": "r", "created_at": FIRST_SEEN,
        "provenance": stable_id(repr(video)),
    }  # fmt: skip
    complete = [{"row_id": row.get(table.key, video.video_id), **row, **system} for row in rows]
    store.replace_units(table, [video.video_id], complete or [{"row_id": video.video_id, **system}])


def window_of(video: Video) -> str:
    """Day of its arrival."""
    return (FIRST_SEEN + timedelta(days=video.arrival)).date().isoformat()


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


def pairs_of(videos: Sequence[Video], **pairs: Any) -> dict[str, dict[str, Any]]:
    """All pairs of some videos by id, from the steps themselves but without a store."""
    rows = {video.video_id: {table.name: own for table, own in known(video).items()} for video in videos}
    names = {video.video_id: window_of(video) for video in videos}
    units = [Unit(video_id, video_id, names[video_id], {name: _with_id(video_id, own) for name, own in tables.items()})
             for video_id, tables in rows.items()]  # fmt: skip
    config = PairIndexConfig(pairs=PairConfig(**pairs), split=SplitConfig(block_s=10, held_out_share=0.3))
    life = {outcome.unit_id: outcome.rows for outcome in LifeVideoStep(LifeVideoConfig(split=config.split)).process(units)}
    members = [replace(unit, rows={**unit.rows, "life_videos": life[unit.id]}) for unit in units if life[unit.id]]
    todo = []
    for unit, outcome in zip(members, PairingStep(NoConfig()).process(members), strict=True):
        for row in outcome.rows:
            seen = [point for name in row["point_video_ids"] for point in _with_id(name, rows[name]["visible_points"])]
            beside = {**unit.rows, "life_pairings": [row], "visible_points": seen}
            todo.append(replace(unit, id=row["pairing_id"], rows=beside))
    found = {}
    for outcome in PairIndexStep(config).process(todo):
        if outcome.table is not None:
            video_id = next(unit.video_id for unit in todo if unit.id == outcome.unit_id)
            found.update({row["pair_id"]: {**row, "video_id": video_id} for row in outcome.table.to_pylist()})
    return found


def _with_id(video_id: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "video_id": video_id} for row in rows]
