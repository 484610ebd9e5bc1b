"""One decode feeds every step, and errors stay where they belong."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

import humannet_assets.media.clip_pass as module
from humannet_assets.media.clip_pass import run_clip_pass
from humannet_assets.media.frames import Frame, FrameStep
from humannet_assets.store.step import Media, NoConfig, Outcome, Read, Unit
from humannet_assets.store.tables.curation import CLIP_SIGNALS, CLIPS
from humannet_assets_tests.media.synthetic import number_of, numbered_video


class Recorder:
    """Notes the frames it was given."""

    def __init__(self, unit: Unit, fail_at: int | None) -> None:
        self.unit, self.fail_at, self.seen = unit, fail_at, []

    def push(self, frame: Frame) -> None:
        if frame.index == self.fail_at:
            raise ValueError("I do not like this frame")
        self.seen.append((frame.index, number_of(frame.rgb)))

    def finish(self) -> Outcome:
        return Outcome.kept(self.unit, (), {"seen": self.seen})


class Every(FrameStep[NoConfig]):
    """Looks at frames at 5 Hz."""

    name = "every"
    code_version = "1"
    reads = (Read(CLIPS, ("start_s", "end_s", "start_frame"), unit="clip_id"),)
    writes = CLIP_SIGNALS
    rate: ClassVar[float] = 5.0
    fail_at: ClassVar[int | None] = None

    @property
    def sample_rate_hz(self) -> float:
        return self.rate

    def open(self, unit: Unit) -> Recorder:
        return Recorder(unit, self.fail_at)


class Some(Every):
    """Looks at frames at 2.5 Hz and dislikes one."""

    name = "some"
    rate = 2.5
    fail_at = 60


def _clips(path: Path) -> list[Unit]:
    rows = [{"start_s": k, "end_s": k + 1.0, "start_frame": 25 * k} for k in range(4)]
    return [
        Unit(f"clip{k}", "v", "2026-01-01", {CLIPS.name: [row]}, Media("v", str(path), str(path))) for k, row in enumerate(rows)
    ]


def test_all_steps_see_their_frames_from_one_open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = module.VideoReader
    monkeypatch.setattr(module, "VideoReader", lambda path: opened.append(path) or real(path))
    steps = (Every(NoConfig()), Some(NoConfig()))
    units = _clips(numbered_video(tmp_path / "a.mp4", 100))
    outcomes = {(step.name, outcome.unit_id): outcome for step, outcome in run_clip_pass([(unit, steps) for unit in units])}
    assert len(outcomes) == 8
    assert len(opened) == 1
    for k in range(4):
        base = 25 * k
        assert outcomes["every", f"clip{k}"].evidence["seen"] == [(base + i, base + i) for i in (0, 5, 10, 15, 20)]
    assert outcomes["some", "clip1"].evidence["seen"] == [(25, 25), (35, 35), (45, 45)]
    failed = outcomes["some", "clip2"]
    assert (failed.status, failed.error_class) == ("failed", "ValueError")
    assert outcomes["some", "clip3"].status == "kept"


def test_a_missing_file_fails_its_clips_only(tmp_path: Path) -> None:
    good, gone = _clips(numbered_video(tmp_path / "a.mp4", 100)), _clips(tmp_path / "gone.mp4")
    work = [(unit, (Every(NoConfig()),)) for unit in (*gone[:1], *good, *gone[1:])]
    statuses = [(outcome.status, outcome.error_class) for _, outcome in run_clip_pass(work)]
    assert statuses == [("failed", "FileNotFoundError"), *[("kept", "")] * 4, *[("failed", "FileNotFoundError")] * 3]


def test_a_clip_beyond_the_video_says_so(tmp_path: Path) -> None:
    unit = _clips(numbered_video(tmp_path / "a.mp4", 40))[3]
    ((_, outcome),) = run_clip_pass([(unit, (Every(NoConfig()),))])
    assert (outcome.status, outcome.error_class) == ("failed", "LookupError")
    assert "3.000-4.000" in outcome.error_message


def test_a_step_alone_decodes_through_the_same_pass(tmp_path: Path) -> None:
    units = _clips(numbered_video(tmp_path / "a.mp4", 100))
    outcomes = list(Every(NoConfig()).process(units))
    assert [outcome.unit_id for outcome in outcomes] == ["clip0", "clip1", "clip2", "clip3"]
    assert all(len(outcome.evidence["seen"]) == 5 for outcome in outcomes)
