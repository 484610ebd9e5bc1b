"""Small videos made in tests: pictures that name their own frame number, written with any codec and timestamps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

TIME_BASE = Fraction(1, 90_000)


def numbered(number: int, width: int = 160, height: int = 96) -> np.ndarray:
    """A picture whose eight upper blocks are the bits of `number`, over a texture that moves with it."""
    columns = np.arange(width)[None, :, None] + 3 * number
    rows = np.arange(height)[:, None, None]
    picture = (96 + 40 * np.sin(columns / 9.0) + 40 * np.cos(rows / 7.0) + np.zeros((1, 1, 3))).astype(np.uint8)
    for bit in range(8):
        left = bit * width // 8
        picture[: height // 3, left : left + width // 8] = 235 if number >> bit & 1 else 20
    return picture


def number_of(picture: np.ndarray) -> int:
    """The number a picture was made with."""
    height, width = picture.shape[:2]
    band = picture[height // 12 : height // 4]
    return sum(int(band[:, (2 * bit + 1) * width // 16].mean() > 128) << bit for bit in range(8))


def write_video(
    path: Path,
    pictures: Iterable[np.ndarray],
    times_s: Sequence[float] | None = None,
    *,
    codec: str = "libx264",
    rate: int = 25,
    pixel_format: str = "yuv420p",
    gop: int = 12,
    rotation: int = 0,
    options: dict[str, str] | None = None,
    color_trc: int | None = None,
    audio: bool = False,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Encode pictures at the given times (default: constant rate)."""
    quality = {"crf": "12", "preset": "ultrafast"} if codec in ("libx264", "libx265") else {}
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        sound = container.add_stream("aac", rate=44_100) if audio else None
        stream.pix_fmt = pixel_format
        stream.options = {**quality, **(options or {})}
        stream.gop_size = gop
        stream.codec_context.time_base = TIME_BASE
        if color_trc is not None:
            stream.codec_context.color_trc = color_trc
        for index, picture in enumerate(pictures):
            if index == 0:
                stream.width, stream.height = picture.shape[1], picture.shape[0]
                if rotation:
                    stream.set_display_rotation(rotation)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            time_s = times_s[index] if times_s is not None else index / rate
            frame.pts, frame.time_base = round(time_s / TIME_BASE), TIME_BASE
            if color_trc is not None:
                frame.color_trc = color_trc
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 44_100), np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts = 44_100, 0
            container.mux(sound.encode(silence))
            container.mux(sound.encode(None))
    return path


def numbered_video(path: Path, count: int = 30, **options: object) -> Path:
    """A video of `count` numbered pictures."""
    return write_video(path, (numbered(index) for index in range(count)), **options)  # type: ignore[arg-type]
