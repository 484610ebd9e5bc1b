"""Shots cover the video, clips lie inside shots, ids follow from time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.media.cuts import Boundary, ShotConfig
from humannet_assets.media.shots import ClipConfig, ClipStep, ShotStep, clip_rows, shot_rows
from humannet_assets.store.step import Unit, validate_row
from humannet_assets.store.tables.curation import CLIPS, SHOTS, VIDEO_DUPLICATES
from humannet_assets.store.tables.sources import RAW_VIDEOS


def _raw(count: int, rate: float = 25.0) -> dict:
    times = np.arange(count) / rate
    return {
        "frame_times_s": times.tolist(),
        "duration_s": count / rate,
        "cut_content": [1.0] * count,
        "cut_luma": [100.0] * count,
        "cut_structure": [1.0] * count,
        "signature": [1] * count,
        "signature_times_s": times.tolist(),
    }


def test_steps_write_valid_rows_from_the_rows_they_declare() -> None:
    raw = _raw(300)
    unit = Unit("v", "v", "2026-01-01", {VIDEO_DUPLICATES.name: [{"row_id": "v"}], RAW_VIDEOS.name: [raw]})
    (shots,) = ShotStep(ShotConfig()).process([unit])
    (shot,) = shots.rows
    validate_row(SHOTS, shot)
    assert (shot["start_frame"], shot["end_frame"], shot["start_kind"]) == (0, 300, "start")
    unit = Unit("v", "v", "2026-01-01", {SHOTS.name: shots.rows, RAW_VIDEOS.name: [raw]})
    (clips,) = ClipStep(ClipConfig()).process([unit])
    for row in clips.rows:
        validate_row(CLIPS, row)
    assert [(row["start_s"], row["end_s"]) for row in clips.rows] == [(0.0, 5.0), (5.0, 12.0)]


def test_a_short_remainder_joins_the_clip_before_it() -> None:
    times = np.arange(182) / 25
    rows = clip_rows("v", shot_rows("v", times, 7.28, []), times, 7.28, ClipConfig())
    assert [(row["start_frame"], row["end_frame"]) for row in rows] == [(0, 182)]
    rows = clip_rows("v", shot_rows("v", times, 7.28, []), times, 7.28, ClipConfig(min_remainder=0.45))
    assert [(row["start_frame"], row["end_frame"]) for row in rows] == [(0, 125), (125, 182)]


def test_very_short_videos_still_get_one_clip() -> None:
    times = np.arange(3) / 30
    (row,) = clip_rows("v", shot_rows("v", times, 0.1, []), times, 0.1, ClipConfig())
    assert (row["start_frame"], row["end_frame"], row["end_s"]) == (0, 3, 0.1)


def test_ids_follow_from_video_and_time_only() -> None:
    times = np.arange(100) / 25
    one = clip_rows("v", shot_rows("v", times, 4.0, []), times, 4.0, ClipConfig())
    two = clip_rows("v", shot_rows("v", times, 4.0, []), times, 4.0, ClipConfig(window_s=30))
    other = clip_rows("w", shot_rows("w", times, 4.0, []), times, 4.0, ClipConfig())
    assert one[0]["clip_id"] == two[0]["clip_id"] != other[0]["clip_id"]


@given(
    st.lists(st.floats(0.01, 3.0), min_size=1, max_size=300),
    st.sets(st.integers(1, 299), max_size=6),
    st.floats(0.5, 10.0),
    st.floats(0.0, 3.0),
)
def test_shots_partition_the_frames_and_clips_partition_long_shots(
    steps: list[float], cuts: set[int], window: float, shortest: float
) -> None:
    times = np.cumsum([0.0, *steps])
    duration = float(times[-1] + 0.04)
    boundaries = [Boundary(cut, "cut", 30.0) for cut in sorted(cuts) if cut < len(times)]
    shots = shot_rows("v", times, duration, boundaries)
    assert [shot["start_frame"] for shot in shots] == [0, *(b.frame for b in boundaries)]
    assert [shot["end_frame"] for shot in shots[:-1]] == [shot["start_frame"] for shot in shots[1:]]
    assert shots[-1]["end_s"] == pytest.approx(duration)
    clips = clip_rows("v", shots, times, duration, ClipConfig(window_s=window, min_clip_s=shortest))
    assert len({clip["clip_id"] for clip in clips}) == len(clips) >= 1
    for shot in shots:
        inside = [clip for clip in clips if clip["shot_id"] == shot["shot_id"]]
        if not inside:
            assert shot["end_s"] - shot["start_s"] < max(shortest, max(c["end_s"] - c["start_s"] for c in clips) + 1e-9)
            continue
        assert inside[0]["start_frame"] == shot["start_frame"]
        assert inside[-1]["end_frame"] == shot["end_frame"]
        assert all(one["end_frame"] == two["start_frame"] for one, two in pairwise(inside))
        assert all(clip["end_frame"] > clip["start_frame"] for clip in inside)
