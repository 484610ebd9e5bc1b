"""A cache of decoded frames: each video is decoded once, small and at a fixed rate, then read at random without a codec.

Frames are uint8 RGB in plain `.npy` files, one per stretch of video, in a folder named by content (video, size, rate and
version of this code). They are opened as memory maps, so that a random frame is one copy out of the page cache. Measured on
one of 2 shared cores, frames/s at 80x142 and 256x455 pixels: memory maps 100,000 and 19,000, Lance `take` 11,000 and 330.

Stretches are decoded by killable workers and appear by one rename; those of an interrupted run are kept.
"""

from __future__ import annotations

import json
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.media.access import MediaAccess
from humannet_assets.media.decode import TIME_TOLERANCE_S, VideoReader, sample_times
from humannet_assets.media.frames import RGB
from humannet_assets.single_life.atomic import remove_leftovers, replacing
from humannet_assets.store.compute import Compute
from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.step import StepConfig

CODE_VERSION = "1"
"""Part of every folder's name: frames made by an older version are made anew."""
OPEN_FILES = 256
"""Memory maps a process holds at a time; each costs a file descriptor, of which 1,024 is a common limit."""
NAMED = 5
"""How many examples an error message names."""

Times = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class FrameCacheError(RuntimeError):
    """The cache cannot give what was asked for; the message says what to do."""


class FrameCacheConfig(StepConfig):
    """What is kept of each video."""

    short_side_px: int = Field(
        default=256, ge=16, le=2048, description="Shorter side of the kept frames. CroCo crops 224 of 256; demo: 80 for 64."
    )
    rate_hz: float = Field(
        default=5.0, gt=0, le=60, description="Frames kept per second; 5 resolves the smallest gap of temporal pairs, 0.2 s."
    )
    stretch_s: float = Field(
        default=120.0, ge=1, le=3600, description="Seconds of video per file: what one worker decodes, or loses when killed."
    )
    max_gib: float = Field(
        default=200.0, gt=0, description="Size the cache may have. An hour of 16:9 video at 256 px and 5 Hz takes 6 GiB."
    )


@dataclass(frozen=True)
class VideoFile:
    """A video to be cached, as `video_files` and `raw_videos` know it: pixels as displayed, duration in seconds."""

    video_id: str
    uri: str
    duration_s: float
    width: int
    height: int
    fingerprint: str = ""


@dataclass(frozen=True)
class FillReport:
    """What a fill did: new frames and bytes, and why videos could not be decoded, by video id."""

    frames: int
    bytes: int
    failed: Mapping[str, str]


@dataclass(frozen=True)
class Stretch:
    """One file of the cache: an array (n, height, width, 3), and the times of its frames in seconds."""

    file: Path
    times_s: Times


class FrameCache:
    """Frames of many videos under one folder, which is made on the first fill and may hold several sizes and rates."""

    def __init__(self, root: Path, config: FrameCacheConfig) -> None:
        self.root = root
        self.config = config

    def bytes_of(self, video: VideoFile) -> int:
        """Bytes a video takes in the cache, at most."""
        height, width = frame_shape(video, self.config)
        return (int(video.duration_s * self.config.rate_hz) + 1) * height * width * 3

    def missing(self, videos: Iterable[VideoFile]) -> list[VideoFile]:
        """Those videos that are not in the cache, or only in part."""
        return [video for video in videos if not self._ledger(video.video_id).exists()]

    def fill(
        self,
        videos: Sequence[VideoFile],
        access: MediaAccess,
        compute: Compute,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> FillReport:
        """Decode what is missing. Another call continues where an interrupted one stopped.

        Args:
            videos: All videos that are wanted.
            access: Opens their bytes.
            compute: Where decoding runs: `ProcessWorkers`, unless the media is your own.
            on_progress: Called with (stretches done, stretches to do).

        Raises:
            FrameCacheError: The frames would not fit the configured size or the disk; nothing was decoded.
        """
        missing = self.missing(videos)
        self._check_room(missing)
        tasks = [(video, index) for video in missing for index in range(_stretch_count(video, self.config))]
        left = {video.video_id: _stretch_count(video, self.config) for video in missing}
        failed: dict[str, str] = {}
        frames = size = 0
        arguments = [(self._folder(video.video_id), video, index, self.config, access) for video, index in tasks]
        for done, (position, result) in enumerate(compute.call(decode_stretch, arguments), start=1):
            video, index = tasks[position]
            left[video.video_id] -= 1
            if isinstance(result, BaseException):
                failed[video.video_id] = f"from {index * self.config.stretch_s:g} s on: {type(result).__name__}: {result}"
            else:
                frames += result[0]
                size += result[1]
            if not left[video.video_id] and video.video_id not in failed and not self._close(video):
                failed[video.video_id] = "no frame could be decoded"
            if on_progress is not None:
                on_progress(done, len(tasks))
        return FillReport(frames, size, failed)

    def open(self, video_ids: Sequence[str]) -> FrameSet:
        """The frames of some videos, numbered through in this order.

        Raises:
            FrameCacheError: A video is not in the cache, or its files are damaged.
        """
        absent = [video_id for video_id in video_ids if not self._ledger(video_id).exists()]
        if absent:
            raise FrameCacheError(
                f"{len(absent)} of {len(video_ids)} videos are not in the frame cache {self.root} at "
                f"{self.config.short_side_px} px and {self.config.rate_hz:g} Hz ({', '.join(absent[:NAMED])}); fill it first"
            )
        return FrameSet({video_id: self._read(video_id) for video_id in video_ids})

    def size_bytes(self) -> int:
        """Bytes of all files in the cache, of every size, rate and version."""
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())

    def prune(self, keep: Iterable[str]) -> int:
        """Delete everything but the frames of some videos at this size and rate; returns the bytes that were freed.

        Nobody may be reading or filling the cache.
        """
        kept = {self._folder(video_id) for video_id in keep}
        before = self.size_bytes()
        for folder in self.root.glob("*/*"):
            if folder not in kept:
                shutil.rmtree(folder)
        return before - self.size_bytes()

    def _folder(self, video_id: str) -> Path:
        config = self.config
        scales = (config.short_side_px, microseconds(config.rate_hz), microseconds(config.stretch_s))
        key = stable_id(video_id, *scales, CODE_VERSION)
        return self.root / key[:2] / key

    def _ledger(self, video_id: str) -> Path:
        """The file that says a video is complete; written last."""
        return self._folder(video_id) / "complete.json"

    def _check_room(self, missing: Sequence[VideoFile]) -> None:
        needed = sum(self.bytes_of(video) for video in missing)
        self.root.mkdir(parents=True, exist_ok=True)
        # Stretches kept from an interrupted fill count twice: an error too early, never too late.
        used, free, limit = self.size_bytes(), shutil.disk_usage(self.root).free, self.config.max_gib * 2**30
        if needed and used + needed > limit:
            raise FrameCacheError(
                f"{len(missing)} videos need {_gib(needed)} in the frame cache {self.root}, which holds {_gib(used)} of "
                f"{_gib(limit)}; raise max_gib, lower rate_hz ({self.config.rate_hz:g}) or short_side_px "
                f"({self.config.short_side_px}), or prune what is no longer used"
            )
        if needed > free:
            raise FrameCacheError(
                f"{len(missing)} videos need {_gib(needed)} in the frame cache, but {_gib(free)} are left on the disk of "
                f"{self.root}; choose another disk, or lower rate_hz or short_side_px"
            )

    def _close(self, video: VideoFile) -> bool:
        """Write the ledger of a video whose stretches are all there; False if they hold no frame."""
        folder = self._folder(video.video_id)
        counts = [len(np.load(_times_file(folder, index))) for index in range(_stretch_count(video, self.config))]
        if not any(counts):
            return False
        ledger = {"video_id": video.video_id, "frame_shape": frame_shape(video, self.config), "frames": counts}
        with replacing(self._ledger(video.video_id)) as path:
            path.write_text(json.dumps({**ledger, **self.config.model_dump(mode="json")}), encoding="utf-8")
        remove_leftovers(folder)
        return True

    def _read(self, video_id: str) -> list[Stretch]:
        folder = self._folder(video_id)
        ledger = json.loads(self._ledger(video_id).read_text(encoding="utf-8"))
        height, width = ledger["frame_shape"]
        stretches = []
        for index, count in enumerate(ledger["frames"]):
            file, times = _frames_file(folder, index), _times_file(folder, index)
            if not file.exists() or not times.exists() or file.stat().st_size < count * height * width * 3:
                raise FrameCacheError(f"{file} (video {video_id}) is damaged; delete {folder} and fill the cache again")
            if count:
                stretches.append(Stretch(file, np.load(times)))
        return stretches


class FrameSet:
    """Frames of some videos, numbered through. Travels to worker processes: paths and times do, pixels do not."""

    def __init__(self, stretches: Mapping[str, Sequence[Stretch]]) -> None:
        self.video_ids = tuple(stretches)
        self._times = {name: np.concatenate([part.times_s for part in parts]) for name, parts in stretches.items()}
        self._first = dict(zip(stretches, _starts([len(times) for times in self._times.values()]), strict=False))
        parts = [part for own in stretches.values() for part in own]
        self._files = [part.file for part in parts]
        self._file_starts = np.asarray(_starts([len(part.times_s) for part in parts]), np.int64)
        self._open: OrderedDict[int, RGB] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": OrderedDict()}

    def __len__(self) -> int:
        return int(self._file_starts[-1])

    def __getitem__(self, number: int) -> RGB:
        """A frame (height, width, 3), uint8 RGB, not copied: do not write to it."""
        file = int(np.searchsorted(self._file_starts, number, side="right")) - 1
        return self._mapped(file)[number - self._file_starts[file]]

    def times_s(self, video_id: str) -> Times:
        """Times of a video's frames, ascending, seconds from its first frame.

        Raises:
            FrameCacheError: The video is not among the opened ones.
        """
        if video_id not in self._times:
            raise FrameCacheError(f"video {video_id} is not among the {len(self.video_ids)} videos opened from the frame cache")
        return self._times[video_id]

    def locate(self, video_id: str, times_s: npt.ArrayLike, tolerance_s: float) -> Indices:
        """Numbers of the frames nearest to some times of a video, (n,).

        Raises:
            FrameCacheError: The video is not among the opened ones, or the nearest frame is further away than the tolerance.
        """
        own, wanted = self.times_s(video_id), np.asarray(times_s, np.float64)
        nearest = np.searchsorted((own[1:] + own[:-1]) / 2, wanted)
        off = np.abs(own[nearest] - wanted)
        bad = ~(off <= tolerance_s)
        if bad.any():
            raise FrameCacheError(
                f"{int(bad.sum())} of {len(wanted)} frames of video {video_id} are missing from the frame cache, the first at "
                f"{wanted[bad][0]:.3f} s (the nearest is {off[bad][0]:.3f} s away, allowed are {tolerance_s:.3f} s); pair "
                "frames at times the cache has (FrameSet.times_s), or fill it at a higher rate_hz"
            )
        return nearest + self._first[video_id]

    def _mapped(self, file: int) -> RGB:
        frames = self._open.get(file)
        if frames is None:
            frames = self._open[file] = np.load(self._files[file], mmap_mode="r")
            if len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)
        else:
            self._open.move_to_end(file)
        return frames


def frame_shape(video: VideoFile, config: FrameCacheConfig) -> tuple[int, int]:
    """(height, width) of a video's kept frames, pixels: the shorter side as configured, the aspect kept."""
    scale = config.short_side_px / min(video.height, video.width)
    return round(video.height * scale), round(video.width * scale)


def decode_stretch(
    folder: Path, video: VideoFile, index: int, config: FrameCacheConfig, access: MediaAccess
) -> tuple[int, int]:
    """Decode one stretch of a video into the cache, unless it is there; runs in a worker.

    Returns:
        Number of new frames, and of new bytes.
    """
    import cv2

    target = _frames_file(folder, index)
    if target.exists():
        return 0, 0
    folder.mkdir(parents=True, exist_ok=True)
    start_s = index * config.stretch_s
    end_s = min(start_s + config.stretch_s, video.duration_s)
    height, width = frame_shape(video, config)
    method = cv2.INTER_AREA if height < video.height else cv2.INTER_LINEAR
    path = access.local_path(video.uri, video.fingerprint, video.video_id)
    times: list[float] = []
    # The times come first: where a stretch's frames are, its times are.
    with replacing(target) as fresh, fresh.open("w+b") as file, VideoReader(path) as reader:
        _write_header(file, 0, height, width)
        for frame, _ in reader.select(sample_times(start_s, end_s, config.rate_hz), start_s, end_s):
            if frame.rgb.shape[:2] != (video.height, video.width):
                shown = f"{frame.rgb.shape[1]}x{frame.rgb.shape[0]}"
                raise ValueError(
                    f"{video.uri} shows {shown} pixels, was listed with {video.width}x{video.height}; scan it again"
                )
            file.write(cv2.resize(frame.rgb, (width, height), interpolation=method).data)
            times.append(frame.time_s)
        # NumPy leaves room in a header for the first dimension to grow.
        file.seek(0)
        _write_header(file, len(times), height, width)
        with replacing(_times_file(folder, index)) as other, other.open("wb") as times_file:
            np.save(times_file, np.asarray(times, np.float64))
    return len(times), target.stat().st_size


def _stretch_count(video: VideoFile, config: FrameCacheConfig) -> int:
    return max(1, int(np.ceil((video.duration_s - TIME_TOLERANCE_S) / config.stretch_s)))


def _frames_file(folder: Path, index: int) -> Path:
    return folder / f"{index:05d}.npy"


def _times_file(folder: Path, index: int) -> Path:
    return folder / f"{index:05d}.times.npy"


def _write_header(file: BinaryIO, frames: int, height: int, width: int) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (frames, height, width, 3)}
    np.lib.format.write_array_header_1_0(file, header)


def _starts(counts: Sequence[int]) -> list[int]:
    """Where each part begins when parts of these lengths are numbered through, and the end of the last."""
    return [0, *np.cumsum(counts, dtype=np.int64).tolist()]


def _gib(size: float) -> str:
    return f"{size / 2**30:.2f} GiB"
