"""Curation over its floor: wall time of all steps after ingestion, against decoding and model inference alone, same clips.

Both are measured in one run, in one process: the floor is the time spent inside frame decoding and inside the models' `detect`
calls. What is above it is ours: motion and quality measures, tracking, planning, commits.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from humannet_assets.media.access import MediaAccess
from humannet_assets.media.decode import VideoReader
from humannet_assets.perception.detectors import Detector, get_body_detector, get_face_detector, get_hand_detector
from humannet_assets.pipeline import TRACK_ASSETS, build_passes
from humannet_assets.settings import Settings
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.store.compute import InProcess
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps

PROJECT = Path(__file__).resolve().parent.parent


class _Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def call(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds += time.perf_counter() - started

        return timed

    def iterate(self, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def timed(*arguments: Any, **named: Any) -> Iterator[Any]:
            iterator = function(*arguments, **named)
            step = self.call(lambda: next(iterator, None))
            while (item := step()) is not None:
                yield item

        return timed


@contextmanager
def _timed(decode: _Clock, models: _Clock) -> Iterator[None]:
    select, detect = VideoReader.select, Detector.detect
    VideoReader.select, Detector.detect = decode.iterate(select), models.call(detect)  # type: ignore[method-assign]
    try:
        yield
    finally:
        VideoReader.select, Detector.detect = select, detect  # type: ignore[method-assign]


def run(_: int) -> None:
    """Curate the sample library."""
    for get in (get_hand_detector, get_body_detector, get_face_detector):
        get()  # loading models is neither floor nor overhead
    with tempfile.TemporaryDirectory() as folder:
        store, access, settings = LanceStore(folder), MediaAccess(), Settings()
        refresh_sources(store, PROJECT / "sources.yaml", settings, run_id="bench", access=access)
        passes = build_passes(settings, access)
        ingest = sum((_run(store, steps, access)[0] for steps in passes["raw_videos"]), 0.0)
        total, video_s, decode, models = 0.0, 0.0, _Clock(), _Clock()
        with _timed(decode, models):
            for asset, own in passes.items():
                if asset == "raw_videos" or asset in TRACK_ASSETS[1:]:
                    continue
                together = (tuple(passes[name][0][0] for name in TRACK_ASSETS),)
                for steps in together if asset == TRACK_ASSETS[0] else own:
                    wall, seconds = _run(store, steps, access)
                    total += wall
                    if asset == "clip_signals":
                        video_s += seconds
        floor = decode.seconds + models.seconds
        print(f"video {video_s:.1f} s; ingestion {ingest:.1f} s; one process")
        print(f"curation {total:.1f} s, floor {floor:.1f} s (decode {decode.seconds:.1f}, models {models.seconds:.1f})")
        print(f"ratio {total / floor:.3f}; {video_s / total:.2f} video-seconds per core-second")


def _run(store: LanceStore, steps: Any, access: MediaAccess) -> tuple[float, float]:
    started = time.perf_counter()
    reports = run_steps(store, steps, compute=InProcess(), access=access, run_id="bench")
    return time.perf_counter() - started, reports[0].video_s
