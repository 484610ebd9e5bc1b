"""Videos of cameras: one episode is encoded as it comes, episodes are joined into a file without encoding again."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

KEYFRAME_INTERVAL = 2
"""Every other frame can be reached directly (lerobot's own setting): training reads single frames in any order."""
CRF = 23
"""x264's rate factor, its default."""


class EpisodeVideo:
    """Encodes the pictures of one camera and one episode into an mp4. One thread: the same pictures give the same bytes."""

    def __init__(self, path: Path, size: tuple[int, int], fps: int) -> None:
        import av

        self._container = av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"})
        stream: Any = self._container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = self._clock = Fraction(1, fps)
        stream.codec_context.thread_count = 1
        # No B-frames: packets are in the order they are shown, so files can be joined. No macroblock tree: with it, x264
        # makes other bytes of the same pictures now and then (in 1 of 100 runs at 112x84, 3 at 32x48; without it in none).
        stream.codec_context.options = {
            "preset": "veryfast", "crf": str(CRF), "g": str(KEYFRAME_INTERVAL), "bf": "0", "mbtree": "0", "threads": "1",
            "flags": "+bitexact",
        }  # fmt: skip
        self._stream, self._frames = stream, 0

    def add(self, picture: npt.NDArray[np.uint8]) -> None:
        """Append a picture (height, width, 3), RGB."""
        import av

        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        # Not the stream's clock: the container refines that one when its first packet is written.
        frame.pts, frame.time_base = self._frames, self._clock
        self._container.mux(self._stream.encode(frame))
        self._frames += 1

    def close(self) -> None:
        """Write what is left and close the file."""
        self._container.mux(self._stream.encode())
        self._container.close()

    def abandon(self) -> None:
        """Close the file, half written as it is."""
        self._container.close()

    def __enter__(self) -> EpisodeVideo:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


def join_videos(parts: Sequence[Path], target: Path, fps: int) -> None:
    """Put episodes of one camera one after the other into an mp4 by copying their packets.

    Raises:
        ValueError: A part's frames are not a whole number of clock ticks of 1/fps apart.
    """
    import av

    with av.open(str(target), "w", format="mp4", options={"fflags": "+bitexact"}) as output:
        joined: Any = None
        frames = 0
        for part in parts:
            with av.open(str(part)) as source:
                stream: Any = source.streams.video[0]
                if joined is None:
                    joined = output.add_stream_from_template(stream)
                step = 1 / (fps * stream.time_base)
                if step.denominator != 1:
                    raise ValueError(f"{part}: its clock of {stream.time_base} s does not count frames of 1/{fps} s")
                start = frames
                for packet in source.demux(stream):
                    if packet.dts is None:
                        continue
                    packet.pts += start * int(step)
                    packet.dts += start * int(step)
                    packet.stream = joined
                    output.mux(packet)
                    frames += 1
