"""The one full decode of a video: timestamps, health, cut scores, perceptual signature and a thumbnail.

Everything later stages need of the whole video is measured here once (DESIGN rule 5), on pictures scaled down to 256 px
width by the scaler that also converts their colours.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from humannet_assets.media.frame_stream import StreamHealth, TimedFrame, read_frames
from humannet_assets.media.probe import DEFAULT_LIMITS, MediaLimits, UnusableMediaError, open_video
from humannet_assets.media.signature import SIDE_PX, hash_picture
from humannet_assets.media.structure import Floats, gradients, structure_kept

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

SCORE_WIDTH_PX = 256
"""Width at which PySceneDetect 0.7 scores frames by default (`scene_manager.DEFAULT_MIN_WIDTH`)."""
HDR_TRANSFERS = frozenset({16, 18})
"""PQ (SMPTE ST 2084) and HLG (ARIB STD-B67), ITU-T H.273 transfer characteristics."""


@dataclass
class Scan:
    """What decoding all of a video showed.

    `times_s` (n,) float64, strictly increasing from 0; `cut_content` and `cut_luma` (n,) float32 as PySceneDetect's
    content score (0-255 per channel mean of H, S and V) and mean pixel value (0-255), `cut_structure` (n,) float32 as share of
    the edges kept since the frame before (1 for the first); `signature` (m,) int64 with `signature_times_s` (m,) float32.
    `width`, `height` as displayed, `rotation_deg` clockwise.
    """

    health: StreamHealth
    width: int = 0
    height: int = 0
    rotation_deg: int = 0
    pixel_format: str = ""
    bit_depth: int = 8
    color_primaries: int = 2
    color_transfer: int = 2
    times_s: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    cut_content: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    cut_luma: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    cut_structure: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    signature_times_s: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    signature: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    thumbnail: bytes = b""
    size_changes: int = 0

    @property
    def step_s(self) -> float:
        """Median time between frames, seconds; 0 for fewer than two frames."""
        return float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else 0.0

    @property
    def frame_rate(self) -> float | None:
        """Frames per second; None for fewer than two frames.

        By the median step where the rate varies, else by the whole span: Matroska rounds every step to milliseconds.
        """
        if len(self.times_s) < 2:
            return None
        return 1 / self.step_s if self.is_vfr else float((len(self.times_s) - 1) / self.times_s[-1])

    @property
    def is_vfr(self) -> bool:
        """True when a frame step differs from the median by more than half of it (timestamps rounded to ms do not)."""
        return bool(len(self.times_s) > 1 and np.any(np.abs(np.diff(self.times_s) - self.step_s) > self.step_s / 2))

    @property
    def is_hdr(self) -> bool:
        """True for PQ or HLG transfer."""
        return self.color_transfer in HDR_TRANSFERS

    @property
    def duration_s(self) -> float:
        """Last minus first frame time plus one step, seconds."""
        return float(self.times_s[-1] + self.step_s) if len(self.times_s) else 0.0


def scan(
    path: Path,
    limits: MediaLimits = DEFAULT_LIMITS,
    *,
    signature_rate_hz: float = 4.0,
    thumbnail_px: int = 320,
    threads: int = 1,
) -> Scan:
    """Decode a video once from front to back and measure it.

    Args:
        path: Local file.
        limits: Bounds; a video that turns out longer than they allow is refused as soon as that shows.
        signature_rate_hz: Samples of the perceptual signature per second; the first frame is always sampled.
        thumbnail_px: Longer side of the thumbnail of a middle frame.
        threads: Decoder threads.

    Raises:
        UnusableMediaError: refused by the limits or no video.
    """
    with ExitStack() as stack:
        container, stream = stack.enter_context(open_video(path, limits))
        result = Scan(StreamHealth())
        duration = container.duration / 1_000_000 if container.duration and container.duration > 0 else 0.0
        scorer, sampler = _CutScorer(), _Sampler(signature_rate_hz, thumbnail_px, duration / 2)
        times: list[float] = []
        for frame in read_frames(container, stream, result.health, threads):
            if not times:
                _describe(result, frame.picture)
            elif (frame.picture.width, frame.picture.height) != scorer.source_size:
                result.size_changes += 1
            if frame.time_s > limits.max_duration_s or frame.index >= limits.max_frames:
                evidence = {"time_s": frame.time_s, "max_duration_s": limits.max_duration_s, "max_frames": limits.max_frames}
                raise UnusableMediaError("too_long", "the video has more frames or seconds than the configured limit", evidence)
            times.append(frame.time_s)
            scorer.push(frame.picture)
            sampler.push(frame, result.rotation_deg)
    result.times_s = np.asarray(times, np.float64)
    result.cut_content = np.asarray(scorer.content, np.float32)
    result.cut_luma = np.asarray(scorer.luma, np.float32)
    result.cut_structure = np.asarray(scorer.structure, np.float32)
    result.signature_times_s = np.asarray(sampler.times, np.float32)
    result.signature = np.asarray(sampler.hashes, np.int64)
    result.thumbnail = sampler.thumbnail
    return result


def clockwise_rotation(picture: VideoFrame) -> int:
    """Clockwise degrees (0, 90, 180, 270) that bring the coded picture upright; FFmpeg reports them counter-clockwise."""
    return round(-picture.rotation / 90) * 90 % 360


def _describe(result: Scan, picture: VideoFrame) -> None:
    result.rotation_deg = clockwise_rotation(picture)
    upright = result.rotation_deg % 180 == 0
    result.width, result.height = (picture.width, picture.height) if upright else (picture.height, picture.width)
    result.pixel_format = picture.format.name
    result.bit_depth = max(component.bits for component in picture.format.components)
    result.color_primaries, result.color_transfer = int(picture.color_primaries), int(picture.color_trc)


class _CutScorer:
    """PySceneDetect's content score, mean pixel value and kept structure of each frame, from a 256 px wide picture."""

    def __init__(self) -> None:
        self.content: list[float] = []
        self.luma: list[float] = []
        self.structure: list[float] = []
        self.source_size = (0, 0)
        self._last: npt.NDArray[np.uint8] | None = None
        self._edges: Floats | None = None
        self._scaler: _Scaler | None = None

    def push(self, picture: VideoFrame) -> None:
        """Score the next frame."""
        import cv2

        if self._scaler is None:
            self.source_size = (picture.width, picture.height)
            scale = min(1.0, SCORE_WIDTH_PX / picture.width)
            width, height = max(2, round(picture.width * scale)), max(2, round(picture.height * scale))
            # Like PySceneDetect's resize; swscale's other filters tint dark pixels, which reads as a change of hue.
            self._scaler = _Scaler(width, height, "bgr24", "FAST_BILINEAR")
        small = self._scaler(picture)
        self.luma.append(sum(cv2.mean(small)[:3]) / 3)
        hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
        self.content.append(0.0 if self._last is None else sum(cv2.mean(cv2.absdiff(hsv, self._last))[:3]) / 3)
        self._last = np.asarray(hsv, np.uint8)
        edges = gradients(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8))
        self.structure.append(1.0 if self._edges is None else structure_kept(self._edges, edges))
        self._edges = edges


class _Sampler:
    """Signature samples at a fixed rate, plus the thumbnail of the frame at the stated middle (else the first)."""

    def __init__(self, rate_hz: float, thumbnail_px: int, middle_s: float) -> None:
        self.step_s = 1 / rate_hz
        self.thumbnail_px = thumbnail_px
        self.middle_s = middle_s
        self.times: list[float] = []
        self.hashes: list[int] = []
        self.thumbnail = b""
        self._next_s = 0.0
        self._middle_seen = False
        # Area averaging: other filters would make 32 px of a 1080p frame alias differently with every re-encode.
        self._scaler = _Scaler(SIDE_PX, SIDE_PX, "gray", "AREA")

    def push(self, frame: TimedFrame, rotation_deg: int) -> None:
        """Look at the next frame; the first is always sampled."""
        if not self.thumbnail or (not self._middle_seen and frame.time_s >= self.middle_s):
            self.thumbnail = _thumbnail(frame.picture, self.thumbnail_px, rotation_deg)
            self._middle_seen = frame.time_s >= self.middle_s
        if frame.time_s >= self._next_s:
            grey = self._scaler(frame.picture)
            self.times.append(frame.time_s)
            self.hashes.append(hash_picture(np.ascontiguousarray(np.rot90(grey, -(rotation_deg // 90)))))
            self._next_s = (np.floor(frame.time_s / self.step_s) + 1) * self.step_s


class _Scaler:
    """Scales pictures to one size; keeps FFmpeg's scaler between frames, which halves its cost."""

    def __init__(self, width: int, height: int, pixel_format: str, method: str) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()
        self._target = (width, height, pixel_format)
        self._method = method

    def __call__(self, picture: VideoFrame) -> npt.NDArray[np.uint8]:
        scaled = self._reformatter.reformat(picture, *self._target, interpolation=self._method, dst_color_range="JPEG")
        return np.asarray(scaled.to_ndarray(), np.uint8)


def _thumbnail(picture: VideoFrame, side_px: int, rotation_deg: int) -> bytes:
    import cv2

    scale = min(1.0, side_px / max(picture.width, picture.height))
    width, height = max(2, round(picture.width * scale)), max(2, round(picture.height * scale))
    upright = np.ascontiguousarray(np.rot90(_Scaler(width, height, "bgr24", "AREA")(picture), -(rotation_deg // 90)))
    ok, jpeg = cv2.imencode(".jpg", upright, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return jpeg.tobytes() if ok else b""
