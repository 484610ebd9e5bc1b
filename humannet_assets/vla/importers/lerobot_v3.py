"""LeRobot 3.0: many episodes per parquet file and per video, `meta/episodes/` says which rows and seconds are whose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from humannet_assets.vla.episodes import BadEpisode, EpisodeError, RawEpisode, UnreadableDatasetError
from humannet_assets.vla.importers.columns import open_parquet, parquet_batches, split_episodes
from humannet_assets.vla.importers.lerobot_dataset import LeRobotDataset, Rows, VideoSpan
from humannet_assets.vla.importers.lerobot_meta import data_columns
from humannet_assets.vla.importers.reading import ReadLimits, fill, inside

DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
"""What `info.json` says in every data set the package wrote."""

_NO_METADATA = ("data/", "videos/", "stats/", "meta/", "episode_index", "tasks", "length", "dataset_")


def iter_raw(root: Path, name: str, limits: ReadLimits) -> Iterator[RawEpisode | BadEpisode]:
    """Episodes in the order of `meta/episodes/`, one at a time; a data file is read once, front to back.

    Raises:
        UnreadableDatasetError: `meta/` cannot be read.
    """
    dataset = LeRobotDataset.open(root, name, limits)
    reader: _DataFile | None = None
    damaged: dict[Path, str] = {}
    for listed in _listed(root, limits):
        index = listed.get("episode_index")
        if not isinstance(index, int) or index < 0:
            message = f"{root}/meta/episodes: episode_index is {index!r}; correct the row"
            yield BadEpisode(str(root / "meta" / "episodes"), -1, "bad_metadata", message)
            continue
        path = root
        try:
            path = _data_file(dataset, listed, index)
            if path in damaged:
                raise UnreadableDatasetError(damaged[path])
            if reader is None or reader.path != path or not reader.may_hold(index):
                reader = _DataFile(dataset, path)
            yield _read(dataset, reader, index, listed)
        except EpisodeError as error:
            yield BadEpisode(str(path), index, error.reason, str(error))
        except UnreadableDatasetError as error:
            damaged[path], reader = str(error), None
            reason = "unreadable_data" if path.exists() else "missing_data"
            yield BadEpisode(str(path), index, reason, f"episode {index}: {error}")


def _listed(root: Path, limits: ReadLimits) -> Iterator[dict[str, Any]]:
    """Rows of `meta/episodes/`, statistics left out."""
    folder = root / "meta" / "episodes"
    files = sorted(folder.glob("chunk-*/file*.parquet"))
    if not files:
        raise UnreadableDatasetError(f"{folder} has no chunk-*/file-*.parquet; the data set is incomplete")
    count = 0
    for path in files:
        file = open_parquet(inside(root, str(path.relative_to(root)), str(folder)), limits)
        wanted = [name for name in file.schema_arrow.names if not name.startswith(("stats/", "meta/"))]
        if "episode_index" not in wanted:
            raise UnreadableDatasetError(f"{path} has no column episode_index; it has {', '.join(wanted[:20]) or 'none'}")
        for batch in parquet_batches(file, wanted, path):
            count += batch.num_rows
            if count > limits.max_episodes:
                raise UnreadableDatasetError(f"{folder}: more than {limits.max_episodes} episodes; raise the limit")
            yield from batch.to_pylist()


def _data_file(dataset: LeRobotDataset, listed: Mapping[str, Any], index: int) -> Path:
    template = dataset.info.data_path or DATA_PATH
    return inside(dataset.root, fill(template, _file_numbers(listed, "data", index), str(dataset.info.path)), "info.json")


def _file_numbers(listed: Mapping[str, Any], kind: str, index: int) -> dict[str, str | int]:
    """Chunk and file number of an episode's rows ("data") or pictures ("videos/<key>")."""
    values: dict[str, str | int] = {}
    for name in ("chunk_index", "file_index"):
        value = listed.get(f"{kind}/{name}")
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise EpisodeError("bad_metadata", f"meta/episodes: episode {index}: {kind}/{name} is {value!r}, expected a number")
        values[name] = value
    return values


def _seconds(listed: Mapping[str, Any], key: str, index: int) -> float:
    value = listed.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise EpisodeError("bad_metadata", f"meta/episodes: episode {index}: {key} is {value!r}, expected seconds from 0")
    return float(value)


class _DataFile:
    """A data file read front to back; episodes must be asked for in the order they lie in."""

    def __init__(self, dataset: LeRobotDataset, path: Path) -> None:
        self.path = path
        file = open_parquet(path, dataset.limits)
        self.columns = file.schema_arrow.names
        batches = parquet_batches(file, data_columns(dataset.info, self.columns), path)
        self._runs = split_episodes(batches, "episode_index", dataset.limits.max_frames, path)
        self._next = next(self._runs, None)

    def may_hold(self, index: int) -> bool:
        """Whether the episode may still lie ahead."""
        return self._next is not None and self._next[0] <= index

    def take(self, index: int) -> tuple[int, pa.Table | None]:
        """First row in the file and rows of an episode; those before it are passed over."""
        while self._next is not None and self._next[0] < index:
            self._next = next(self._runs, None)
        if self._next is None or self._next[0] != index:
            raise EpisodeError("missing_data", f"{self.path}: episode {index}: no row has this episode_index")
        (_, first, table), self._next = self._next, next(self._runs, None)
        return first, table


def _read(dataset: LeRobotDataset, reader: _DataFile, index: int, listed: Mapping[str, Any]) -> RawEpisode:
    info, path = dataset.info, reader.path
    first, table = reader.take(index)
    if table is None:
        raise EpisodeError(
            "too_long", f"{path}: episode {index}: over the limit of {dataset.limits.max_frames} frames; split it"
        )

    def video(key: str) -> VideoSpan:
        values = {**_file_numbers(listed, f"videos/{key}", index), "video_key": key}
        relative = fill(info.video_path or VIDEO_PATH, values, str(info.path))
        span = [_seconds(listed, f"videos/{key}/{end}_timestamp", index) for end in ("from", "to")]
        return relative, span[0], span[1]

    return dataset.episode(index, Rows(path, reader.columns, first, table), listed, video, _NO_METADATA)
