"""The one way frames come out of a file: which frames count, and at which time.

Scan and decode share this generator, so a frame's index and time mean the same in every table: frames the decoder flags
as corrupt are left out, after a decoding error everything up to the next keyframe is left out, and times are the real
presentation timestamps relative to the first frame that counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

DISCONTINUITY_S = 10.0
"""A step back, or a gap against the stated rate, beyond this many seconds is a broken clock, not a long frame."""
MIN_STEP_S = 1e-4
"""Two frames with one timestamp are kept apart by this much, so that times increase strictly."""


@dataclass
class StreamHealth:
    """Counts that grow while a stream is read.

    `packets`: coded pictures found in the file. `frames_corrupt`: flagged by the decoder or lost behind an error until the
    next keyframe. `decode_errors`: exceptions of demuxer and decoder. `timestamps_repaired`: frames whose timestamp was
    missing, repeated or ran backwards.
    """

    packets: int = 0
    frames_decoded: int = 0
    frames_corrupt: int = 0
    decode_errors: int = 0
    keyframes: int = 0
    timestamps_repaired: int = 0
    start_time_s: float = 0.0
    last_error: str = ""


@dataclass
class TimedFrame:
    """A decoded picture, its index among the frames that count, and its time in seconds from the first of them."""

    index: int
    time_s: float
    picture: VideoFrame
    is_keyframe: bool = field(default=False)


def read_frames(
    container: InputContainer,
    stream: VideoStream,
    health: StreamHealth,
    threads: int = 1,
    origin_s: float | None = None,
) -> Iterator[TimedFrame]:
    """Decode a stream once from front to back, yielding the frames that count.

    Args:
        container: Open container, at its start.
        stream: Its video stream.
        health: Updated in place while reading.
        threads: Decoder threads. One is deterministic on damaged files too, and fastest per core.
        origin_s: Container time of the video's first frame when reading starts further on (after a jump).
    """
    context = stream.codec_context
    if not context.is_open:
        context.thread_count = threads
        context.thread_type = "NONE" if threads == 1 else "AUTO"
    clock = _Clock(stream, health, origin_s)
    index = 0
    lost = False
    for picture in _pictures(container, stream, health):
        if picture is None:
            lost = True
            continue
        if picture.key_frame:
            health.keyframes += 1
            lost = False
        if lost or picture.is_corrupt:
            health.frames_corrupt += 1
            continue
        yield TimedFrame(index, clock.time_s(picture), picture, bool(picture.key_frame))
        index += 1
        health.frames_decoded = index


def _pictures(container: InputContainer, stream: VideoStream, health: StreamHealth) -> Iterator[VideoFrame | None]:
    """Decoded pictures in presentation order; None where an error lost one or more."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError as error:
            # A broken end of file surfaces here; what the decoder still holds is flushed below.
            health.decode_errors += 1
            health.last_error = str(error.strerror)
            packet = None
        try:
            if packet is not None:
                health.packets += packet.dts is not None or packet.size > 0
            yield from stream.codec_context.decode(packet)
        except av.FFmpegError as error:
            if isinstance(error, av.EOFError):
                return
            health.decode_errors += 1
            health.last_error = str(error.strerror)
            yield None
        if packet is None:
            return


class _Clock:
    """Turns presentation timestamps into strictly increasing seconds from the first frame."""

    def __init__(self, stream: VideoStream, health: StreamHealth, origin_s: float | None) -> None:
        rate = stream.average_rate or stream.guessed_rate
        self.step_s = float(1 / rate) if rate else 1 / 25
        self.health = health
        self.first = origin_s
        self.last = float("-inf") if origin_s is not None else 0.0
        self.shift = 0.0

    def time_s(self, picture: VideoFrame) -> float:
        stamp = picture.pts if picture.pts is not None else picture.dts
        base = picture.time_base
        if self.first is None:
            self.first = float(stamp * base) if stamp is not None and base is not None else 0.0
            self.health.start_time_s = self.first
            return 0.0
        if stamp is None or base is None:
            time = max(self.last, 0.0) + self.step_s
            self.health.timestamps_repaired += 1
        else:
            time = float(stamp * base) - self.first + self.shift
            if time < self.last - DISCONTINUITY_S:
                # The clock was reset (joined recordings, wrapped counter): carry on where the last frame ended.
                self.shift += self.last + self.step_s - time
                time = self.last + self.step_s
                self.health.timestamps_repaired += 1
            elif time <= self.last:
                time = self.last + MIN_STEP_S
                self.health.timestamps_repaired += 1
        self.last = time
        return time
