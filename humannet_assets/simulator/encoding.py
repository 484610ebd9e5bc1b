"""Writing video files: constant and variable rate, rotated, re-encoded, cut short. Through PyAV, reproducibly.

One encoder thread, no timestamps in the container: the same pictures give the same bytes with the same FFmpeg and x264.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from humannet_assets.simulator.world import RGB

CLOCK = Fraction(1, 90_000)
"""Unit of presentation times: divides 15, 24, 25 and 30 frames per second exactly."""


@dataclass(frozen=True)
class Encoding:
    """How pictures become H.264: x264's rate factor (lower is better), distance of keyframes, its preset."""

    crf: int = 24
    keyframe_interval: int = 48
    preset: str = "slow"


def write_video(
    path: Path, frames: Iterable[tuple[float, RGB]], rate: float, encoding: Encoding | None = None, rotation_deg: int = 0
) -> int:
    """Encode pictures with their presentation times (seconds) into an mp4; returns the number of frames.

    Args:
        path: The file to write.
        frames: Times (increasing, from 0) and pictures (height, width, 3) uint8, all of one even size.
        rate: Nominal frames per second written into the stream.
        encoding: Quality; the default suits the sample library.
        rotation_deg: Clockwise rotation a player is asked to apply: 0, 90, 180 or 270.

    Raises:
        ValueError: No frames, or pictures of odd size, which yuv420p cannot hold.
    """
    import av

    quality = encoding or Encoding()
    count = 0
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = None
        for time_s, picture in frames:
            height, width, _ = picture.shape
            if stream is None:
                if width % 2 or height % 2:
                    raise ValueError(f"{path}: pictures are {width}x{height}; both sides must be even")
                stream = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001))
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.time_base = stream.codec_context.time_base = CLOCK
                stream.codec_context.thread_count = 1
                # No macroblock tree: with it x264 makes other bytes of the same pictures now and then (1 run in 200).
                stream.codec_context.options = {
                    "preset": quality.preset, "crf": str(quality.crf), "g": str(quality.keyframe_interval), "mbtree": "0",
                    "threads": "1", "flags": "+bitexact",
                }  # fmt: skip
                if rotation_deg:
                    stream.set_display_rotation(-rotation_deg)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base, frame.pts = CLOCK, round(time_s / CLOCK)
            container.mux(stream.encode(frame))
            count += 1
        if stream is None:
            raise ValueError(f"{path}: no frames to encode")
        container.mux(stream.encode())
    return count


def read_video(path: Path) -> Iterator[tuple[float, RGB]]:
    """Decode a file of ours: times in seconds from its first frame and pictures as stored (rotation not applied)."""
    import av

    with av.open(str(path)) as container:
        first: float | None = None
        for frame in container.decode(video=0):
            time_s = float(frame.time or 0.0)
            first = time_s if first is None else first
            yield time_s - first, frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def truncate(source: Path, target: Path, share: float) -> None:
    """Write the first part of a file: as it looks when a copy was interrupted (its index, at the end, is missing)."""
    content = source.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
