"""Frames at wanted times, exact to the frame, upright, 8-bit RGB.

A frame's time is its real presentation timestamp relative to the first frame (see `frame_stream`), never index divided by
rate. Reading goes forward only; a clip far ahead is reached by one jump to the keyframe before it. At most two decoded
pictures are held, and only the chosen ones are converted to RGB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.media.frame_stream import StreamHealth, TimedFrame, read_frames
from humannet_assets.media.frames import RGB, Frame
from humannet_assets.media.probe import DEFAULT_LIMITS, MediaChangedError, MediaLimits, UnusableMediaError, open_video
from humannet_assets.media.scan import clockwise_rotation

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

TIME_TOLERANCE_S = 1e-6
"""Stored times and recomputed ones agree to far better than this."""
SEEK_AHEAD_S = 12.0
"""A jump pays once more seconds than this would be decoded for nothing (keyframes usually lie 1-10 s apart)."""
SEEKABLE = frozenset({"mov", "matroska"})
"""Containers with an index whose jumps land on keyframes; the others are read from the front."""
PQ_TRANSFER = 16
REFERENCE_WHITE_NITS = 203.0
"""Diffuse white of PQ footage (ITU-R BT.2408)."""

Reader = Literal["pyav", "decord"]


class VideoReader:
    """One open video, read forward; a context manager.

    `select` may be called for one span after another; spans that start before the current position reopen the file.

    Raises:
        UnusableMediaError: the file is no video we may decode.
        MediaChangedError: the file's size or modification time changed while it was open.
    """

    def __init__(self, path: Path, limits: MediaLimits = DEFAULT_LIMITS, threads: int = 1) -> None:
        self.path = path
        self._limits = limits
        self._threads = threads
        self._stack = ExitStack()
        self._opened_as = _stamp(path)
        self._open()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def _open(self) -> None:
        self._stack.close()
        self.health = StreamHealth()
        self._container, self._stream = self._stack.enter_context(open_video(self.path, self._limits))
        self._frames = read_frames(self._container, self._stream, self.health, self._threads)
        self._held: TimedFrame | None = next(self._frames, None)
        if self._held is None:
            raise UnusableMediaError("truncated_no_frames", f"{self.path}: no frame could be decoded")
        self._position_s = 0.0
        self._index_shift = 0
        picture = self._held.picture
        self._size = (picture.width, picture.height)
        self.rotation_deg = clockwise_rotation(picture)

    def select(
        self, targets_s: Sequence[float], start_s: float = 0.0, end_s: float = float("inf"), start_frame: int | None = None
    ) -> Iterator[tuple[Frame, list[int]]]:
        """Yield, in time order, the frames of [start_s, end_s) nearest to the targets.

        Each chosen frame comes once, with the positions in `targets_s` it serves (a tie goes to the earlier frame).

        Args:
            targets_s: Ascending times in seconds from the video's first frame.
            start_s: First moment a frame may come from.
            end_s: Moment before which a frame must lie, so that no frame of the next shot is given.
            start_frame: Index of the first frame at or after `start_s`, if known: makes `Frame.index` exact after a jump.
        """
        self._go_to(start_s, start_frame)
        before: TimedFrame | None = None
        served = 0
        while served < len(targets_s):
            frame = self._next()
            if frame is None:
                break
            if frame.time_s < start_s - TIME_TOLERANCE_S:
                continue
            if before is None and start_frame is not None:
                self._index_shift = start_frame - frame.index
            if frame.time_s >= end_s - TIME_TOLERANCE_S:
                self._held = frame
                break
            if before is not None:
                middle = (before.time_s + frame.time_s) / 2
                upto = int(np.searchsorted(targets_s, middle, side="right"))
                if upto > served:
                    yield self._converted(before), list(range(served, upto))
                    served = upto
            before = frame
        else:
            # All targets served: `before` is still the newest frame read, so the next span can start with it.
            self._held = before
            return
        if before is not None and served < len(targets_s):
            yield self._converted(before), list(range(served, len(targets_s)))
        self._check_unchanged()

    def all_frames(self, start_s: float = 0.0, end_s: float = float("inf")) -> Iterator[Frame]:
        """Yield every frame of [start_s, end_s)."""
        self._go_to(start_s, None)
        while (frame := self._next()) is not None:
            if frame.time_s >= end_s - TIME_TOLERANCE_S:
                self._held = frame
                break
            if frame.time_s >= start_s - TIME_TOLERANCE_S:
                yield self._converted(frame)
        self._check_unchanged()

    @property
    def last_possible_s(self) -> float:
        """An upper bound on frame times: the stated duration if there is one, else the configured limit, seconds."""
        stated = self._container.duration
        return stated / 1_000_000 + 1.0 if stated and stated > 0 else self._limits.max_duration_s

    def _next(self) -> TimedFrame | None:
        frame, self._held = self._held, None
        frame = frame or next(self._frames, None)
        if frame is not None:
            self._position_s = frame.time_s
        return frame

    def _go_to(self, start_s: float, start_frame: int | None) -> None:
        if start_s < self._position_s - TIME_TOLERANCE_S:
            self._open()
        if start_s - self._position_s <= SEEK_AHEAD_S or self._demuxer not in SEEKABLE or self.health.timestamps_repaired:
            return
        import av

        target = int((start_s + self.health.start_time_s) / float(self._stream.time_base or 1))
        try:
            self._container.seek(target, backward=True, stream=self._stream)
        except av.FFmpegError:
            self._open()
            return
        self._stream.codec_context.flush_buffers()
        frames = read_frames(self._container, self._stream, self.health, self._threads, origin_s=self.health.start_time_s)
        first = next(frames, None)
        if first is None or first.time_s > start_s + TIME_TOLERANCE_S:
            # The index lied (the jump went past the goal): reading from the front always works.
            self._open()
            return
        self._frames, self._held = frames, first
        if start_frame is None:
            rate = float(self._stream.average_rate or 0)
            self._index_shift = round(first.time_s * rate) - first.index

    @property
    def _demuxer(self) -> str:
        return self._container.format.name.split(",")[0]

    def _check_unchanged(self) -> None:
        if _stamp(self.path) != self._opened_as:
            raise MediaChangedError(f"{self.path} changed while it was read; list its source again")

    def _converted(self, frame: TimedFrame) -> Frame:
        rgb = to_rgb(frame.picture, self._size)
        turned = np.ascontiguousarray(np.rot90(rgb, -(self.rotation_deg // 90))) if self.rotation_deg else rgb
        return Frame(frame.index + self._index_shift, frame.time_s, turned)


def iter_frames(
    path: Path,
    times_s: Sequence[float] | None = None,
    *,
    start_s: float = 0.0,
    end_s: float = float("inf"),
    rate_hz: float | None = None,
    reader: Reader = "pyav",
    frame_times_s: npt.ArrayLike | None = None,
    limits: MediaLimits = DEFAULT_LIMITS,
    threads: int = 1,
) -> Iterator[Frame]:
    """Yield the frames of a video nearest to the wanted times, each once, in time order.

    Args:
        path: Local file.
        times_s: Ascending seconds from the first frame; or None for a grid `start_s + k / rate_hz` before `end_s`, or for
            every frame when `rate_hz` is None too.
        start_s: First moment a frame may come from.
        end_s: Moment before which every frame lies.
        rate_hz: Frames per second of the grid.
        reader: "decord" uses decord where it is installed and `frame_times_s` is given (healthy constant-rate videos
            only, see `raw_videos.choose_reader`); everything else is PyAV.
        frame_times_s: The video's stored frame times, (n,) seconds.
        limits: Bounds on what may be opened.
        threads: Decoder threads.

    Raises:
        UnusableMediaError: the file is no video we may decode.
        MediaChangedError: the file changed while it was read.
    """
    if times_s is None and rate_hz is None:
        with VideoReader(path, limits, threads) as video:
            yield from video.all_frames(start_s, end_s)
        return
    if reader == "decord" and frame_times_s is not None and decord_available():
        stored = np.asarray(frame_times_s, np.float64)
        last_s = min(end_s, float(stored[-1]) + TIME_TOLERANCE_S)
        wanted = np.asarray(times_s, np.float64) if times_s is not None else sample_times(start_s, last_s, rate_hz or 1.0)
        yield from _decord_frames(path, nearest_frames(stored, wanted, start_s, end_s), stored, limits)
        return
    with VideoReader(path, limits, threads) as video:
        wanted = times_s if times_s is not None else sample_times(start_s, min(end_s, video.last_possible_s), rate_hz or 1.0)
        for frame, _ in video.select(wanted, start_s, end_s):
            yield frame


def sample_times(start_s: float, end_s: float, rate_hz: float) -> list[float]:
    """The common sampling grid of a span: `start_s + k / rate_hz` for all k with a time before `end_s`; at least one."""
    count = max(1, int(np.ceil((end_s - start_s) * rate_hz - TIME_TOLERANCE_S)))
    return [start_s + k / rate_hz for k in range(count)]


def nearest_frames(
    frame_times_s: npt.NDArray[np.float64], targets_s: npt.ArrayLike, start_s: float, end_s: float
) -> npt.NDArray[np.int64]:
    """Indices of the frames in [start_s, end_s) nearest to the targets, ascending and without repeats."""
    low = int(np.searchsorted(frame_times_s, start_s - TIME_TOLERANCE_S))
    high = int(np.searchsorted(frame_times_s, end_s - TIME_TOLERANCE_S))
    inside = frame_times_s[low:high]
    if not len(inside):
        return np.zeros(0, np.int64)
    middles = (inside[1:] + inside[:-1]) / 2
    return np.unique(np.searchsorted(middles, np.asarray(targets_s), side="left") + low)


def to_rgb(picture: VideoFrame, size: tuple[int, int] | None = None) -> RGB:
    """8-bit RGB (height, width, 3) of a decoded picture of any format.

    10-bit and wider pictures are reduced to 8 bits. PQ footage (SMPTE ST 2084) is tone-mapped with one curve per channel:
    PQ to nits, diffuse white at 203 nits, extended Reinhard to 1,000 nits, sRGB; its BT.2020 colours are not converted, so
    they come out slightly pale. HLG needs no curve: it is made to be watched as it is.
    """
    width, height = size or (picture.width, picture.height)
    if int(picture.color_trc) == PQ_TRANSFER and max(c.bits for c in picture.format.components) > 8:
        deep = picture.reformat(width, height, "rgb48le", dst_color_range="JPEG").to_ndarray()
        return _pq_curve()[np.asarray(deep, np.uint16) >> 4]
    return np.asarray(picture.reformat(width, height, "rgb24", dst_color_range="JPEG").to_ndarray(), np.uint8)


@lru_cache(maxsize=1)
def _pq_curve() -> npt.NDArray[np.uint8]:
    """8-bit sRGB value of each 12-bit PQ code value, (4096,)."""
    code = np.linspace(0, 1, 4096) ** (32 / 2523)
    nits = 10_000 * (np.maximum(code - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * code)) ** (16384 / 2610)
    light = nits / REFERENCE_WHITE_NITS
    peak = 1000 / REFERENCE_WHITE_NITS
    mapped = np.clip(light * (1 + light / peak**2) / (1 + light), 0, 1)
    srgb = np.where(mapped <= 0.0031308, 12.92 * mapped, 1.055 * mapped ** (1 / 2.4) - 0.055)
    return np.round(255 * srgb).astype(np.uint8)


@lru_cache(maxsize=1)
def decord_available() -> bool:
    """True where decord is installed (its wheel exists for x86-64 Linux only)."""
    from importlib.util import find_spec

    return find_spec("decord") is not None


def _decord_frames(
    path: Path, indices: npt.NDArray[np.int64], frame_times_s: npt.NDArray[np.float64], limits: MediaLimits
) -> Iterator[Frame]:
    import decord

    with open_video(path, limits):
        # Opening it our way first keeps decord, which guesses formats, away from anything that is no plain video.
        video = decord.VideoReader(str(path), num_threads=1)
    if len(video) != len(frame_times_s):
        raise MediaChangedError(f"{path} has {len(video)} frames, {len(frame_times_s)} were stored; list its source again")
    for index in indices:
        yield Frame(int(index), float(frame_times_s[index]), video[int(index)].asnumpy())


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
