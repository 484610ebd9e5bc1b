"""Pictures of episodes, from wherever they lie: videos, HDF5, parquet, TFRecord.

Encoded images come from untrusted files: only JPEG and PNG are decoded, and none above the pixel limit.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from humannet_assets.media.decode import SEEK_AHEAD_S, VideoReader
from humannet_assets.media.frames import RGB
from humannet_assets.vla.episodes import CameraRef, Episode, Floats, ImageRef, VideoRef

MAX_PIXELS = 64_000_000
"""As for videos (`MediaLimits.max_pixels`)."""

BLANK_RANGE = 4
"""Spread of 8-bit values that JPEG adds to a picture of one colour. Our choice; the darkest real frames spread over 20."""

_OFF_BY = 1.5
"""Frames a picture may lie from where it should be: one is lost now and then at the end of a recording."""

_FORMATS = ("JPEG", "PNG")


class PictureError(ValueError):
    """A picture is missing or cannot be decoded; the message says which and why."""


def encoded_size(data: bytes, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Width and height of an encoded image, read from its header only.

    Raises:
        PictureError: No JPEG or PNG, or over the pixel limit.
    """
    return _opened(data, max_pixels).size


def decode_image(data: bytes, max_pixels: int = MAX_PIXELS) -> RGB:
    """An encoded image as (height, width, 3) uint8, channels as the codec has them; bytes after its end are ignored.

    Raises:
        PictureError: No JPEG or PNG, damaged, or over the pixel limit.
    """
    image = _opened(data, max_pixels)
    try:
        return np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(f"a damaged {image.format} image: {error}") from None


def is_blank(picture: RGB) -> bool:
    """Whether a picture is one colour throughout (up to what JPEG makes of it): a placeholder, no view."""
    return bool((np.ptp(picture.reshape(-1, picture.shape[-1]), axis=0) <= BLANK_RANGE).all())


def _opened(data: bytes, max_pixels: int) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise PictureError(f"no {' or '.join(_FORMATS)} image: it begins with {data[:8].hex() or 'nothing'}") from None
    width, height = image.size
    if width * height > max_pixels or not width * height:
        raise PictureError(f"a picture of {width}x{height}, over the limit of {max_pixels} pixels")
    return image


def episode_pictures(episode: Episode, camera: str, frames: Sequence[int]) -> Iterator[tuple[int, RGB]]:
    """Pictures of some frames of an episode.

    Args:
        episode: The episode.
        camera: One of its cameras.
        frames: Ascending frame numbers.

    Yields:
        Frame number and picture (height, width, 3) uint8 RGB.

    Raises:
        PictureError: There is no such camera, or a picture is missing or damaged.
    """
    ref = episode.cameras.get(camera)
    if ref is None:
        why = episode.missing_cameras.get(camera, f"it has {', '.join(episode.cameras) or 'none'}")
        raise PictureError(f"{episode.place}: no pictures of camera {camera!r}: {why}")
    yield from pictures(ref, frames, episode.timestamps_s)


def pictures(ref: CameraRef, frames: Sequence[int], timestamps_s: Floats) -> Iterator[tuple[int, RGB]]:
    """As `episode_pictures`, of a reference and the episode's times (T,)."""
    wanted = [int(frame) for frame in frames]
    if wanted and not 0 <= wanted[0] <= wanted[-1] < len(timestamps_s):
        raise PictureError(f"{ref.path}: frames {wanted[0]} to {wanted[-1]} asked for, the episode has {len(timestamps_s)}")
    if isinstance(ref, VideoRef):
        yield from _of_video(ref, wanted, timestamps_s)
        return
    if wanted and wanted[-1] >= ref.count:
        raise PictureError(f"{ref.path}: {ref.key} holds {ref.count} pictures, frame {wanted[-1]} was asked for")
    read = {"hdf5": _of_hdf5, "parquet": _of_parquet, "tfrecord": _of_tfrecord}[ref.container]
    for frame, picture in read(ref, wanted):
        yield frame, np.ascontiguousarray(picture[..., ::-1]) if ref.bgr else picture


def _of_video(ref: VideoRef, frames: list[int], timestamps_s: Floats) -> Iterator[tuple[int, RGB]]:
    from humannet_assets.media.probe import MediaChangedError, UnusableMediaError

    step_s = 1 / ref.fps if ref.fps else float(np.median(np.diff(timestamps_s))) if len(timestamps_s) > 1 else 0.0
    wanted_s = [ref.start_s + float(timestamps_s[frame] - timestamps_s[0]) for frame in frames]
    served = 0
    try:
        with VideoReader(ref.path) as video:
            for run in _runs(wanted_s):
                # Stored times are rounded; a quarter of a frame keeps the neighbouring episode's pictures out.
                first_s = max(0.0, max(ref.start_s, wanted_s[run.start] - _OFF_BY * step_s) - step_s / 4)
                for found, positions in video.select(wanted_s[run], first_s, ref.end_s - step_s / 4):
                    for position in range(run.start + positions[0], run.start + positions[-1] + 1):
                        if abs(found.time_s - wanted_s[position]) > _OFF_BY * step_s + 1e-3:
                            raise PictureError(
                                f"{ref.path}: frame {frames[position]} should be at {wanted_s[position]:.3f} s, the nearest "
                                f"picture is at {found.time_s:.3f} s"
                            )
                        served += 1
                        yield frames[position], found.rgb
    except (UnusableMediaError, MediaChangedError, OSError) as error:
        raise PictureError(f"{ref.path}: {error}") from error
    if served < len(frames):
        raise PictureError(
            f"{ref.path}: {len(frames) - served} of {len(frames)} pictures are missing from {ref.start_s:.3f} s on"
        )


def _runs(times_s: list[float]) -> Iterator[slice]:
    """Stretches without a gap that is worth a jump in the file."""
    start = 0
    for index in range(1, len(times_s) + 1):
        if index == len(times_s) or times_s[index] - times_s[index - 1] > SEEK_AHEAD_S:
            yield slice(start, index)
            start = index


def _of_hdf5(ref: ImageRef, frames: list[int]) -> Iterator[tuple[int, RGB]]:
    import h5py

    with h5py.File(ref.path, "r") as file:
        dataset: Any = file[ref.key]
        for frame in frames:
            row = np.asarray(dataset[ref.offset + frame])
            yield frame, row if row.ndim == 3 else _decoded(ref, frame, row.tobytes())


def _of_parquet(ref: ImageRef, frames: list[int]) -> Iterator[tuple[int, RGB]]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(ref.path)
    rows, row = iter(frames), 0
    wanted = next(rows, None)
    for batch in file.iter_batches(16, columns=[ref.key]):
        column = batch.column(ref.key)
        while wanted is not None and wanted + ref.offset < row + batch.num_rows:
            value = column[wanted + ref.offset - row].as_py()
            data = value.get("bytes") if isinstance(value, dict) else value
            if not isinstance(data, bytes):
                raise PictureError(f"{ref.path}: row {wanted + ref.offset} of {ref.key} holds no image bytes; embed the images")
            yield wanted, _decoded(ref, wanted, data)
            wanted = next(rows, None)
        if wanted is None:
            return
        row += batch.num_rows


def _of_tfrecord(ref: ImageRef, frames: list[int]) -> Iterator[tuple[int, RGB]]:
    from humannet_assets.vla.importers.tf_example import WireError, parse
    from humannet_assets.vla.importers.tfrecord import read_record

    record = read_record(ref.path, ref.offset)
    if record.data is None:
        raise PictureError(f"{ref.path}: {record.problem}")
    try:
        images = parse(record.data).byte_strings(ref.key)
    except WireError as error:
        raise PictureError(f"{ref.path}: the record at byte {ref.offset}: {error}") from None
    for frame in frames:
        if frame >= len(images):
            raise PictureError(f"{ref.path}: {ref.key} holds {len(images)} pictures, frame {frame} was asked for")
        yield frame, _decoded(ref, frame, bytes(images[frame]))


def _decoded(ref: ImageRef, frame: int, data: bytes) -> RGB:
    try:
        return decode_image(data)
    except PictureError as error:
        raise PictureError(f"{ref.path}: frame {frame} of {ref.key}: {error}") from None
