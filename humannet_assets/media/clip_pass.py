"""One decode per clip, many readers (DESIGN rule 5): every step that wants frames of a clip is fed from the same pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from humannet_assets.media.decode import VideoReader, sample_times
from humannet_assets.media.frames import Frame, FrameConsumer, FrameStep
from humannet_assets.store.step import Outcome, Unit

Step = FrameStep[Any]


def run_clip_pass(work: Sequence[tuple[Unit, tuple[Step, ...]]]) -> Iterator[tuple[Step, Outcome]]:
    """Decode each clip once and feed it to all of its steps; consecutive clips of one video share the open file.

    Each step sees the frames nearest to `start_s + k / sample_rate_hz` within the clip, each at most once. An exception of
    one step's consumer fails that step for that clip and nothing else; a decoding error fails the clip for all its steps.

    Args:
        work: Clips with the steps to run on them. `unit.media` names the local file; the row of each step's first read
            offers `start_s` and `end_s` (and `start_frame`, if it wants exact frame numbers after a jump).

    Yields:
        (step, outcome), one for every step of every clip.
    """
    video: VideoReader | None = None
    try:
        for unit, steps in work:
            clip = _Clip(unit, steps)
            try:
                path = _path(unit)
                if video is None or video.path != path:
                    if video is not None:
                        video.__exit__(None, None, None)
                        video = None
                    video = VideoReader(path)
                clip.read(video)
            except Exception as error:
                clip.fail(error)
                if video is not None:
                    video.__exit__(None, None, None)
                    video = None
            yield from clip.outcomes()
    finally:
        if video is not None:
            video.__exit__(None, None, None)


def _path(unit: Unit) -> Path:
    if unit.media is None:
        raise LookupError(f"clip {unit.id} was handed out without its video file")
    return Path(unit.media.path)


class _Clip:
    """A clip on its way through its steps."""

    def __init__(self, unit: Unit, steps: Sequence[Step]) -> None:
        self.unit = unit
        self.steps = steps
        self.errors: dict[str, Exception] = {}
        self.consumers: dict[str, FrameConsumer] = {}
        for step in steps:
            try:
                self.consumers[step.name] = step.open(unit)
            except Exception as error:
                self.errors[step.name] = error

    def read(self, video: VideoReader) -> None:
        """Decode the clip and push its frames."""
        rows = {step.name: self.unit.rows[step.reads[0].table.name][0] for step in self.steps}
        row = rows[self.steps[0].name]
        start_s, end_s = float(row["start_s"]), float(row["end_s"])
        wanted: dict[float, set[str]] = {}
        for step in self.steps:
            for time_s in sample_times(start_s, end_s, step.sample_rate_hz):
                # Rates that divide each other share sampling times; rounding to a microsecond makes them equal.
                wanted.setdefault(round(time_s, 6), set()).add(step.name)
        times = sorted(wanted)
        start_frame = next((r["start_frame"] for r in rows.values() if r.get("start_frame") is not None), None)
        seen = 0
        for frame, served in video.select(times, start_s, end_s, start_frame):
            seen += 1
            for name in sorted(set().union(*(wanted[times[k]] for k in served))):
                self._push(name, frame)
            if not self.consumers:
                return
        if not seen:
            message = f"clip {self.unit.id} ({start_s:.3f}-{end_s:.3f} s) has no decodable frame; scan the video again"
            raise LookupError(message)

    def _push(self, name: str, frame: Frame) -> None:
        consumer = self.consumers.get(name)
        if consumer is None:
            return
        try:
            consumer.push(frame)
        except Exception as error:
            self.errors[name] = error
            del self.consumers[name]

    def fail(self, error: Exception) -> None:
        """Fail every step that has not failed by itself."""
        for step in self.steps:
            self.errors.setdefault(step.name, error)

    def outcomes(self) -> Iterator[tuple[Step, Outcome]]:
        """The outcome of every step."""
        for step in self.steps:
            error = self.errors.get(step.name)
            if error is None:
                try:
                    yield step, self.consumers[step.name].finish()
                    continue
                except Exception as late:
                    error = late
            yield step, Outcome.failed(self.unit, error)
