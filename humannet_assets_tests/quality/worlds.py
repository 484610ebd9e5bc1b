"""Small truths and the rows stages would have written about them, for tests of judges. No video, no store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from humannet_assets.media.sidecar import (
    BodyTruth,
    FrameTruth,
    Intrinsics,
    JointSet,
    Segment,
    ShotTruth,
    Side,
    Sidecar,
)
from humannet_assets.quality.judge import Judge, LabelledVideo
from humannet_assets.quality.labels import Label
from humannet_assets.quality.metrics import Measure
from humannet_assets.quality.truth import Truth
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import FILTERED_CLIPS, TABLES_BY_NAME

Floats = npt.NDArray[np.float64]

CAMERA = Intrinsics(fx=500, fy=500, cx=320, cy=240, width=640, height=480)
"""640x480: its diagonal is the reference diagonal, so that its pixels are those of the figures."""
RATE_HZ = 10.0
VIDEO, CLIP = "v" * 64, "clip"


def hand(x_m: float = 0.0, z_m: float = 0.5, *, size: float = 1.0, gap_m: float = 0.08) -> Floats:
    """A flat right hand seen from its back, (21, 3) in the camera frame; `gap_m` between thumb and index tips."""
    points = np.zeros((21, 3))
    for finger in range(5):
        for joint in range(4):
            points[1 + 4 * finger + joint] = ((finger - 2) * 0.02, -0.04 - 0.025 * joint, 0.0)
    points[4] = points[8] - (gap_m, 0, 0)
    return points * size + (x_m, 0.05, z_m)


def body(x_m: float = 0.0, z_m: float = 3.0) -> Floats:
    """A person standing upright, facing the camera: 17 joints (17, 3) in the camera frame."""
    half = np.array([0, 0.03, -0.03, 0.07, -0.07, 0.18, -0.18, 0.25, -0.25, 0.28, -0.28, 0.1, -0.1, 0.11, -0.11, 0.12, -0.12])
    down = np.array([0, -0.04, -0.04, -0.02, -0.02, 0.2, 0.2, 0.5, 0.5, 0.75, 0.75, 0.75, 0.75, 1.15, 1.15, 1.55, 1.55])
    return np.stack([half + x_m, down - 0.75, np.full(17, z_m)], axis=1)


def joints(points_m: Floats, visible: int | None = None) -> JointSet:
    """A joint set of which the first `visible` joints (all by default) can be seen."""
    count = len(points_m) if visible is None else visible
    return JointSet(joints_mm=(points_m * 1000).tolist(), visible=[int(i < count) for i in range(len(points_m))])


def person(points_m: Floats, hands: Mapping[Side, JointSet] | None = None, visible: int | None = None) -> BodyTruth:
    """A person of whom the first `visible` joints can be seen."""
    seen = joints(points_m, visible)
    return BodyTruth(joints_mm=seen.joints_mm, visible=seen.visible, hands=dict(hands or {}))


def frame(time_s: float, *, camera: Floats | None = None, brightness: float = 1.0, **seen: Any) -> FrameTruth:
    """One frame: `hands` and `bodies` as of `FrameTruth`."""
    pose = np.eye(4) if camera is None else camera
    return FrameTruth(time_s=round(time_s, 6), camera=pose.tolist(), brightness=brightness, **seen)


def sidecar(
    frames: Sequence[FrameTruth],
    *,
    viewpoint: str = "ego",
    shots: Sequence[Mapping[str, Any]] = (),
    segments: Sequence[Segment] = (),
    **extra: Any,
) -> Sidecar:
    """A sidecar of one human-centric shot, or of the given ones."""
    whole = {"start_frame": 0, "end_frame": len(frames), "scene": "table", "viewpoint": viewpoint, "human_centric": True}
    return Sidecar.model_validate(
        {
            "name": "video", "file": "video.mp4", "seed": 1, "description": "a test", "human_centric": True,
            "viewpoint": viewpoint, "environment": "home", "expected_outcome": "kept", "frame_count": len(frames),
            "frame_rate": RATE_HZ, "intrinsics": CAMERA, "frames": list(frames), "segments": list(segments),
            "shots": [ShotTruth.model_validate({**whole, **shot}) for shot in shots or [{"environment": "home"}]],
            **extra,
        }
    )  # fmt: skip


def seconds(count: int, make: Callable[[float], FrameTruth]) -> list[FrameTruth]:
    """Frames at ten per second."""
    return [make(index / RATE_HZ) for index in range(count)]


def rows_of(table: Table, rows: Sequence[Mapping[str, Any]], video_id: str) -> pl.DataFrame:
    """Rows as the report loads them; a row without its key is the marker of a unit that gave none."""
    complete = []
    for index, row in enumerate(rows):
        clip = row.get("unit_id", CLIP)
        own = {"unit_id": clip, "video_id": video_id, "outcome": "kept", "reasons": [], **row}
        own["row_id"] = clip if table.one_to_one or row.get("marker") else f"{clip}-{index}"
        own.pop("marker", None)
        complete.append(own)
    found = pl.from_arrow(pa.Table.from_pylist(complete, schema=table.schema))
    assert isinstance(found, pl.DataFrame)
    return found


def clip_rows(*spans: tuple[str, float, float, str]) -> list[dict[str, Any]]:
    """Rows of `filtered_clips` from (clip id, start, end, outcome)."""
    return [
        {"unit_id": name, "start_s": start, "end_s": end, "outcome": outcome, "reasons": [] if outcome == "kept" else ["dull"]}
        for name, start, end, outcome in spans
    ]


def video(
    truth: Sidecar | None = None,
    *,
    video_id: str = VIDEO,
    label: Label | None = None,
    outcome: str = "kept",
    is_duplicate: bool = False,
    clips: Sequence[Mapping[str, Any]] | None = None,
    **tables: Sequence[Mapping[str, Any]],
) -> LabelledVideo:
    """A labelled video with one clip over all of it (or the given ones), and rows by table name."""
    end_s = len(truth.frames) / RATE_HZ if truth is not None else 5.0
    spans = clip_rows((CLIP, 0.0, end_s, "kept")) if clips is None else clips
    rows = {name: rows_of(TABLES_BY_NAME[name], given, video_id) for name, given in tables.items()}
    rows[FILTERED_CLIPS.name] = rows_of(FILTERED_CLIPS, spans, video_id)
    empty = {table.name: rows_of(table, [], video_id) for table in TABLES_BY_NAME.values()}
    known = Label(uri=f"/{video_id[:4]}.mp4", human_centric=True, kept=True, viewpoint="ego")
    return LabelledVideo(
        video_id, label or known, None if truth is None else Truth(truth), outcome, is_duplicate, {**empty, **rows}
    )


def figures(judge: Judge) -> dict[str, float | None]:
    """The judge's figures by name, rounded."""
    return {m.name: None if m.value is None else round(m.value, 4) for m in judge.measures()}


def measure_named(judge: Judge, name: str) -> Measure:
    """One measure."""
    return next(measure for measure in judge.measures() if measure.name == name)


def cells(judge: Judge, name: str) -> dict[tuple[str, str], int]:
    """One confusion table."""
    return next(dict(table.cells) for table in judge.confusions() if table.name == name)
