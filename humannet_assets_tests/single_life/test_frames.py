"""The frame cache on real files: what it holds, what survives an interruption, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from humannet_assets.media.access import MediaAccess, sha256_of
from humannet_assets.media.decode import iter_frames
from humannet_assets.media.probe import probe
from humannet_assets.single_life import frames as frames_module
from humannet_assets.single_life.frames import FrameCache, FrameCacheConfig, FrameCacheError, VideoFile
from humannet_assets.store.compute import InProcess, Limits, ProcessWorkers, close_pools

CONFIG = FrameCacheConfig(short_side_px=48, rate_hz=4.0, stretch_s=1.0)


def video_file(path: Path) -> VideoFile:
    facts = probe(path)
    assert facts.container_duration_s is not None
    return VideoFile(sha256_of(path), str(path), facts.container_duration_s, facts.width, facts.height)


@pytest.fixture
def walk(project_root: Path) -> VideoFile:
    """A simulated walk of some seconds."""
    return video_file(project_root / "sample_library" / "ego_walk_corridor.mp4")


class Interrupted(InProcess):
    """Compute that is stopped after some stretches."""

    def __init__(self, after: int) -> None:
        object.__setattr__(self, "after", after)

    def call(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
        for index, result in super().call(function, tasks):
            if index == self.after:  # type: ignore[attr-defined]
                raise KeyboardInterrupt
            yield index, result


def test_frames_are_those_of_the_video_at_the_sampling_times(tmp_path: Path, walk: VideoFile) -> None:
    cache = FrameCache(tmp_path, CONFIG)
    report = cache.fill([walk], MediaAccess(), InProcess())
    frames = cache.open([walk.video_id])
    decoded = list(iter_frames(Path(walk.uri), rate_hz=4.0))
    assert report.failed == {}
    assert report.frames == len(frames)
    # A stretch takes its frames from within itself, so that at its end the nearest may be one frame off.
    assert len(frames) == pytest.approx(len(decoded), abs=1)
    times = frames.times_s(walk.video_id)
    assert (np.diff(times) > 0.1).all()
    assert np.abs(times - np.arange(len(times)) / 4.0).max() < 0.07
    height, width = frames[0].shape[:2]
    assert min(height, width) == 48
    assert width / height == pytest.approx(walk.width / walk.height, abs=0.02)
    by_time = {round(frame.time_s, 6): frame.rgb for frame in iter_frames(Path(walk.uri))}
    for number in (0, 7, len(frames) - 1):
        expected = cv2.resize(by_time[round(times[number], 6)], (width, height), interpolation=cv2.INTER_AREA)
        assert (frames[number] == expected).all()
    assert cache.bytes_of(walk) == pytest.approx(cache.size_bytes(), rel=0.1)


def test_an_interrupted_fill_goes_on_where_it_stopped(tmp_path: Path, walk: VideoFile, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = FrameCache(tmp_path, CONFIG)
    with pytest.raises(KeyboardInterrupt):
        cache.fill([walk], MediaAccess(), Interrupted(after=2))
    with pytest.raises(FrameCacheError, match="1 of 1 videos are not in the frame cache"):
        cache.open([walk.video_id])
    # A writer that was killed leaves a hidden file.
    folder = next(tmp_path.glob("*/*"))
    (folder / ".00003.npy.1.part").write_bytes(b"half")
    made = {path.name: path.stat().st_mtime_ns for path in folder.glob("0*.npy")}
    assert len(made) == 6
    report = cache.fill([walk], MediaAccess(), InProcess())
    assert {name: (folder / name).stat().st_mtime_ns for name in made} == made
    assert 0 < report.frames < len(cache.open([walk.video_id]))
    assert not list(folder.glob(".*"))
    assert cache.missing([walk]) == []
    assert cache.fill([walk], MediaAccess(), InProcess()).frames == 0
    # Frames of an older version of this code are not taken for new ones.
    monkeypatch.setattr(frames_module, "CODE_VERSION", "2")
    assert cache.missing([walk]) == [walk]


def test_bad_media_fails_alone_in_a_worker_that_can_be_killed(tmp_path: Path, walk: VideoFile, project_root: Path) -> None:
    text = project_root / "sample_library" / "not_a_video.mp4"
    bad = replace(walk, video_id=sha256_of(text), uri=str(text))
    turned = replace(walk, video_id="turned", uri=str(walk.uri), width=walk.height, height=walk.width)
    progress: list[tuple[int, int]] = []
    cache = FrameCache(tmp_path, CONFIG.model_copy(update={"stretch_s": 60.0}))
    workers = ProcessWorkers(workers=1, limits=Limits(seconds_per_unit=120.0))
    try:
        report = cache.fill([bad, walk, turned], MediaAccess(), workers, on_progress=lambda *state: progress.append(state))
    finally:
        close_pools()
    assert set(report.failed) == {bad.video_id, "turned"}
    assert "from 0 s on: UnusableMediaError" in report.failed[bad.video_id]
    assert "scan it again" in report.failed["turned"]
    assert len(cache.open([walk.video_id])) == report.frames > 10
    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_a_cache_that_would_grow_too_large_is_not_begun(tmp_path: Path, walk: VideoFile) -> None:
    small = FrameCache(tmp_path, CONFIG.model_copy(update={"max_gib": 1e-4}))
    with pytest.raises(FrameCacheError, match=r"raise max_gib, lower rate_hz \(4\)"):
        small.fill([walk], MediaAccess(), InProcess())
    endless = replace(walk, duration_s=1e12)
    with pytest.raises(FrameCacheError, match="left on the disk"):
        FrameCache(tmp_path, CONFIG.model_copy(update={"max_gib": 1e9})).fill([endless], MediaAccess(), InProcess())
    assert small.size_bytes() == 0


def test_pruning_keeps_what_is_named(tmp_path: Path, walk: VideoFile, project_root: Path) -> None:
    other = replace(video_file(project_root / "sample_library" / "ego_walk_street.mp4"), duration_s=2.0)
    short = replace(walk, duration_s=2.0)
    cache = FrameCache(tmp_path, CONFIG)
    finer = FrameCache(tmp_path, CONFIG.model_copy(update={"rate_hz": 8.0}))
    assert cache.fill([short, other], MediaAccess(), InProcess()).failed == {}
    finer.fill([short], MediaAccess(), InProcess())
    before = cache.size_bytes()
    freed = cache.prune(keep=[short.video_id])
    assert cache.size_bytes() == before - freed > 0
    assert cache.missing([short, other]) == [other]
    assert finer.missing([short]) == [short]


def test_damaged_files_are_found_when_they_are_opened(tmp_path: Path, walk: VideoFile) -> None:
    cache = FrameCache(tmp_path, CONFIG)
    cache.fill([replace(walk, duration_s=2.0)], MediaAccess(), InProcess())
    file = sorted(tmp_path.glob("*/*/0*.npy"))[0]
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(FrameCacheError, match="is damaged; delete"):
        cache.open([walk.video_id])


def test_many_files_are_read_through_few_maps(tmp_path: Path, walk: VideoFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames_module, "OPEN_FILES", 2)
    cache = FrameCache(tmp_path, CONFIG)
    cache.fill([walk], MediaAccess(), InProcess())
    frames = cache.open([walk.video_id])
    whole = [frames[k].copy() for k in range(len(frames))]
    for k in (len(frames) - 1, 0, 9, 1):
        assert (frames[k] == whole[k]).all()
    assert len(frames._open) == 2
