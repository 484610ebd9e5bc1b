"""The frame every perception step sees, and how steps share one decode of a clip.

`Frame` is one decoded picture; a `FrameStep` says at which rate it wants pictures and consumes them one by one;
`humannet_assets.media.clip_pass` decodes each clip once and feeds all steps that need it (DESIGN rule 5).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from humannet_assets.store.step import ConfigT, Outcome, Step, Unit

RGB = npt.NDArray[np.uint8]


@dataclass
class Frame:
    """One decoded picture, upright (rotation applied), RGB uint8 (height, width, 3).

    `index` counts the video's decoded frames from 0; `time_s` is seconds from the video's first frame.
    """

    index: int
    time_s: float
    rgb: RGB
    _resized: dict[int, RGB] = field(default_factory=dict, repr=False)

    def at_most(self, side_px: int) -> RGB:
        """The picture scaled down (never up) so that its longer side is at most `side_px`; cached per frame."""
        height, width = self.rgb.shape[:2]
        if max(height, width) <= side_px:
            return self.rgb
        if side_px not in self._resized:
            import cv2

            scale = side_px / max(height, width)
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            self._resized[side_px] = np.asarray(cv2.resize(self.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        return self._resized[side_px]


class FrameConsumer(Protocol):
    """What a frame step builds for one clip: fed with frames in time order, then asked for the outcome."""

    def push(self, frame: Frame) -> None:
        """Look at the next sampled frame."""
        ...

    def finish(self) -> Outcome:
        """The clip's outcome after its last frame."""
        ...


class FrameStep(Step[ConfigT]):
    """A step over the frames of a clip. Its input table must offer `start_s` and `end_s`."""

    isolated = True
    needs_media = True
    chunk_size = 8

    @property
    @abstractmethod
    def sample_rate_hz(self) -> float:
        """Frames per second of the clip this step wants to see; the frame nearest to each sampling time is given."""

    @abstractmethod
    def open(self, unit: Unit) -> FrameConsumer:
        """Start on a clip. Models are loaded once per process (cached at module level), not per clip."""

    def sort_key(self, unit: Unit) -> Any:
        """Clips of one video together and in time order: one open file, no seeking back."""
        first = unit.rows[self.reads[0].table.name][0]
        return (unit.video_id, first["start_s"])

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Decode for this step alone; with several steps on the same clips use `clip_pass` instead."""
        from humannet_assets.media.clip_pass import run_clip_pass

        for _, outcome in run_clip_pass([(unit, (self,)) for unit in units]):
            yield outcome
