"""`shots` and `clips`: uninterrupted takes, and windows of a fixed length inside them. Neither decodes anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.media.cuts import Boundary, ShotConfig, ShotScores, find_boundaries
from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.step import Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables.curation import CLIPS, SHOTS, VIDEO_DUPLICATES
from humannet_assets.store.tables.sources import RAW_VIDEOS

Times = npt.NDArray[np.float64]
_SCORES = ("cut_content", "cut_luma", "cut_structure", "frame_times_s", "duration_s", "signature", "signature_times_s")


class ShotStep(Step[ShotConfig]):
    """Split every canonical video into shots by applying thresholds to the scores `raw_videos` stored."""

    name = "shots"
    code_version = "2"
    reads = (
        Read(VIDEO_DUPLICATES, columns=("row_id",), by="identity"),
        Read(RAW_VIDEOS, columns=_SCORES),
    )
    writes = SHOTS
    chunk_size = 256

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per video; its shots cover all of its frames."""
        for unit in units:
            row = unit.row(RAW_VIDEOS)
            scores = ShotScores(
                np.asarray(row["cut_content"]),
                np.asarray(row["cut_luma"]),
                np.asarray(row["frame_times_s"]),
                row["signature"],
                row["signature_times_s"],
                None if row["cut_structure"] is None else np.asarray(row["cut_structure"]),
            )
            boundaries = find_boundaries(scores, self.config)
            rows = shot_rows(unit.id, scores.times_s, float(row["duration_s"]), boundaries)
            yield Outcome.kept(unit, rows, {"cuts": len(boundaries), "content_max": float(np.max(scores.content, initial=0))})


def shot_rows(video_id: str, times_s: npt.ArrayLike, duration_s: float, boundaries: Sequence[Boundary]) -> list[dict[str, Any]]:
    """Rows of `shots` between boundaries; times in seconds from the first frame, (n,)."""
    times = np.asarray(times_s, np.float64)
    starts = [0, *(boundary.frame for boundary in boundaries)]
    stops = [*starts[1:], len(times)]
    rows = []
    for index, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        opening = boundaries[index - 1] if index else None
        rows.append(
            {
                "shot_id": stable_id(video_id, start, stop),
                "shot_index": index,
                "start_frame": start,
                "end_frame": stop,
                "start_s": float(times[start]),
                "end_s": _end_s(times, duration_s, stop),
                "start_kind": opening.kind if opening else "start",
                "start_score": opening.score if opening else None,
            }
        )
    return rows


class ClipConfig(StepConfig):
    """How shots are cut into clips."""

    window_s: float = Field(default=5.0, ge=0.5, le=60, description="Length of a clip; Panda-70M cuts longer pieces into 5 s.")
    min_clip_s: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="A shorter shot gets no clip. Our choice.",
    )
    min_remainder: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of a window below which what is left of a shot joins the clip before it. Our choice: half, so that "
        "clips are 2.5 to 7.5 s long; in a second or two there is too little to tell who acts.",
    )


class ClipStep(Step[ClipConfig]):
    """Cut shots into windows of a fixed length. A video whose shots are all too short still gets one clip: its longest."""

    name = "clips"
    code_version = "2"
    reads = (
        Read(SHOTS, columns=("shot_id", "shot_index", "start_frame", "end_frame", "start_s", "end_s")),
        Read(RAW_VIDEOS, columns=("frame_times_s", "duration_s")),
    )
    writes = CLIPS
    chunk_size = 256

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per video with its clips in order of time."""
        for unit in units:
            video = unit.row(RAW_VIDEOS)
            shots = sorted(unit.all(SHOTS), key=lambda shot: shot["shot_index"])
            rows = clip_rows(unit.id, shots, video["frame_times_s"], float(video["duration_s"]), self.config)
            yield Outcome.kept(unit, rows, {"shots": len(shots), "window_s": self.config.window_s})


def clip_rows(
    video_id: str, shots: Sequence[dict[str, Any] | Any], times_s: npt.ArrayLike, duration_s: float, config: ClipConfig
) -> list[dict[str, Any]]:
    """Rows of `clips`: windows of `window_s` from each shot's start; the last one takes a short remainder in."""
    times = np.asarray(times_s, np.float64)
    long_enough = [shot for shot in shots if shot["end_s"] - shot["start_s"] >= config.min_clip_s]
    if not long_enough and shots:
        long_enough = [max(shots, key=lambda shot: shot["end_s"] - shot["start_s"])]
    rows: list[dict[str, Any]] = []
    for shot in long_enough:
        for start, stop in _windows(times, shot, config):
            start_s, end_s = float(times[start]), _end_s(times, duration_s, stop)
            rows.append(
                {
                    "clip_id": stable_id(video_id, microseconds(start_s), microseconds(end_s)),
                    "shot_id": shot["shot_id"],
                    "clip_index": len(rows),
                    "start_frame": start,
                    "end_frame": stop,
                    "start_s": start_s,
                    "end_s": end_s,
                }
            )
    return rows


def _windows(times: Times, shot: Any, config: ClipConfig) -> list[tuple[int, int]]:
    first, last, end_s = int(shot["start_frame"]), int(shot["end_frame"]), float(shot["end_s"])
    duration = end_s - float(times[first])
    count = max(1, int(duration / config.window_s + 1e-6))
    if duration - count * config.window_s >= config.min_remainder * config.window_s:
        count += 1
    grid = times[first] + config.window_s * np.arange(1, count)
    edges = [first, *(np.searchsorted(times[:last], grid - 1e-6)).tolist(), last]
    # A gap in a variable-rate video may swallow a whole window.
    return [(start, stop) for start, stop in pairwise(edges) if stop > start]


def _end_s(times: Times, duration_s: float, stop: int) -> float:
    return float(times[stop]) if stop < len(times) else max(duration_s, float(times[-1]))
