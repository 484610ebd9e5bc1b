"""One episode being written: frames stream into a scratch folder that gets its name when the episode is whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from humannet_assets.vla.lerobot.layout import Extra, Format, FormatError
from humannet_assets.vla.lerobot.stats import ImageStats, Stats, vector_stats
from humannet_assets.vla.lerobot.video import EpisodeVideo

STAGING = ".staging"
"""Folder of episodes that are not in the dataset's files yet."""

_PARTIAL = ".partial"
_FRAMES, _ABOUT = "frames.parquet", "episode.json"
_ROWS = 256
"""Frames kept in memory before they are written down."""


@dataclass(frozen=True)
class StagedEpisode:
    """A whole episode that waits to be put into the dataset's files."""

    folder: Path
    index: int
    task: str
    length: int
    stats: Mapping[str, Stats]
    extras: Mapping[str, Extra]

    @classmethod
    def load(cls, root: Path, index: int) -> StagedEpisode:
        """Read what is known of it."""
        folder = _folder(root, index)
        return cls(folder, **json.loads((folder / _ABOUT).read_text(encoding="utf-8")))

    @property
    def frames(self) -> Path:
        """Its vectors, a parquet file."""
        return self.folder / _FRAMES

    def video(self, camera: int) -> Path:
        """Its video of the camera of that place in the format."""
        return self.folder / f"{camera}.mp4"


def staged_episodes(root: Path) -> dict[int, StagedEpisode]:
    """The whole episodes that wait, by index. What a killed run left half written is removed."""
    found = {}
    for path in (root / STAGING).glob("episode-*"):
        if path.suffix == _PARTIAL:
            shutil.rmtree(path)
        else:
            episode = StagedEpisode.load(root, int(path.name.partition("-")[2]))
            found[episode.index] = episode
    return found


def _folder(root: Path, index: int) -> Path:
    return root / STAGING / f"episode-{index:06d}"


class EpisodeWriter:
    """Takes an episode frame by frame, in constant memory but for its vectors' statistics. Use it as a context manager.

    Leaving the context without an error makes the episode whole; with an error it is gone. Several processes may write
    different episodes of a dataset at the same time.

    Args:
        root: The dataset's folder.
        form: Its format.
        index: Number of the episode.
        task: What is to be done, in words.
        extras: What `form.extras` declares; may also be set before the context is left.

    Raises:
        FormatError: No task, an index below 0, or (when the context is left) no frames or extras that do not fit.
    """

    def __init__(self, root: Path, form: Format, index: int, task: str, extras: Mapping[str, Extra] | None = None) -> None:
        if index < 0:
            raise FormatError(f"episode {index}: numbers begin at 0")
        if not task.strip():
            raise FormatError(f"episode {index} has no task text; policies are asked in words")
        self._format, self.index, self.task = form, index, task
        self.extras: Mapping[str, Extra] = extras or {}
        self._folder = _folder(root, index)
        self._partial = self._folder.with_name(self._folder.name + _PARTIAL)
        self._schema = pa.schema([form.frame_schema().field(key) for key in form.vectors])
        self._vectors: dict[str, list[npt.NDArray[np.float32]]] = {key: [] for key in form.vectors}
        self._images = {key: ImageStats() for key in form.cameras}
        self._videos: list[EpisodeVideo] = []
        self._written = 0
        self._parquet: Any = None

    @property
    def length(self) -> int:
        """Frames so far."""
        return len(self._vectors["action"])

    def __enter__(self) -> EpisodeWriter:
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)
        self._parquet = pq.ParquetWriter(self._partial / _FRAMES, self._schema, compression="snappy")
        for place, size in enumerate(self._format.cameras.values()):
            self._videos.append(EpisodeVideo(self._partial / f"{place}.mp4", size, self._format.fps))
        return self

    def add(self, vectors: Mapping[str, npt.ArrayLike], images: Mapping[str, npt.NDArray[np.uint8]] | None = None) -> None:
        """Append a frame.

        Args:
            vectors: Numbers of each vector feature, by key.
            images: Picture (height, width, 3) uint8 RGB of each camera, by key.

        Raises:
            FormatError: Keys, sizes or types that are not the format's, or numbers that are not finite.
        """
        pictures = images or {}
        self._check_keys("vectors", vectors, self._format.vectors)
        self._check_keys("images", pictures, self._format.cameras)
        rows = {key: self._row(key, vectors[key], len(names)) for key, names in self._format.vectors.items()}
        for key, (width, height) in self._format.cameras.items():
            picture = pictures[key]
            if picture.dtype != np.uint8 or picture.shape != (height, width, 3):
                raise FormatError(
                    f"{self._where}: {key} is {picture.dtype} {picture.shape}; it must be uint8 ({height}, {width}, 3)"
                )
        for key, row in rows.items():
            self._vectors[key].append(row)
        for video, key in zip(self._videos, self._format.cameras, strict=True):
            video.add(pictures[key])
            self._images[key].add(pictures[key])
        if self.length - self._written >= _ROWS:
            self._write_rows()

    @property
    def _where(self) -> str:
        return f"episode {self.index}, frame {self.length}"

    def _check_keys(self, what: str, given: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        if given.keys() != wanted.keys():
            missing, extra = sorted(wanted.keys() - given.keys()), sorted(given.keys() - wanted.keys())
            raise FormatError(f"{self._where}: {what} lack {missing or 'nothing'} and have {extra or 'nothing'} too many")

    def _row(self, key: str, values: npt.ArrayLike, size: int) -> npt.NDArray[np.float32]:
        row = np.asarray(values, np.float32)
        if row.shape != (size,):
            raise FormatError(f"{self._where}: {key} has shape {row.shape}; it must be ({size},)")
        if not np.isfinite(row).all():
            raise FormatError(f"{self._where}: {key} is not finite in {np.flatnonzero(~np.isfinite(row)).tolist()}")
        return row

    def _write_rows(self) -> None:
        columns = []
        for key, names in self._format.vectors.items():
            flat = np.concatenate(self._vectors[key][self._written :])
            columns.append(pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float32()), len(names)))
        self._parquet.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._written = self.length

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        try:
            if kind is None:
                self._finish()
            else:
                for video in self._videos:
                    video.abandon()
        finally:
            self._parquet.close()
            shutil.rmtree(self._partial, ignore_errors=True)

    def _finish(self) -> None:
        if not self.length:
            raise FormatError(f"episode {self.index} has no frames")
        self._format.check_extras(self.extras)
        if self._written < self.length:
            self._write_rows()
        self._parquet.close()
        for video in self._videos:
            video.close()
        stats = {key: vector_stats(np.stack(rows)) for key, rows in self._vectors.items()}
        stats |= {key: images.stats() for key, images in self._images.items()}
        about = {
            "index": self.index, "task": self.task, "length": self.length, "stats": stats, "extras": dict(self.extras),
        }  # fmt: skip
        (self._partial / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        for path in self._partial.iterdir():
            with path.open("rb") as written:
                os.fsync(written.fileno())
        shutil.rmtree(self._folder, ignore_errors=True)
        self._partial.rename(self._folder)
