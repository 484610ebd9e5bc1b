"""Writes a LeRobot v3.0 dataset: streaming, resumable, never a half episode taken for whole.

    with DatasetWriter(root, Format(15, "my_robot", {"action": names}, {"observation.images.head": (320, 240)})) as writer:
        for index in writer.missing(100):
            with writer.episode(index, "put the cup on the plate") as episode:
                episode.add({"action": action}, {"observation.images.head": picture})
        writer.finish(100)

An episode is staged in a folder of its own (`staging`). As soon as those that follow each other fill a file, they are joined
into the dataset's files: data and videos first, their rows in `meta/episodes` last, each under its name at once. So what these
rows name is whole, and what a killed run left besides is written anew. `meta/info.json`, without which no reader takes the
folder for a dataset, is written in the end. The same episodes give the same files, in however many runs they are made.
"""

from __future__ import annotations

import errno
import fcntl
import filecmp
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from humannet_assets.vla.lerobot.layout import INDEX_TYPES, Extra, ExtraType, FileNumber, Format, FormatError, tasks_table
from humannet_assets.vla.lerobot.staging import STAGING, EpisodeWriter, StagedEpisode, staged_episodes
from humannet_assets.vla.lerobot.stats import NAMES, Stats, aggregate, vector_stats
from humannet_assets.vla.lerobot.video import join_videos

RECORD = "meta/begun_as.json"
"""Format and source of what the folder holds: going on with others is refused."""
RECORD_VERSION = 1

MEGABYTE = 1_000_000
_ARROW_EXTRAS: Mapping[ExtraType, pa.DataType] = {
    "string": pa.string(), "int64": pa.int64(), "double": pa.float64(), "bool": pa.bool_(),
}  # fmt: skip
_FRESH = ".fresh"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DatasetError(RuntimeError):
    """A dataset could not be written; the message says what to do. Episodes that were whole are kept."""


@dataclass(frozen=True)
class FileLimits:
    """A file is full when one more episode would make the data or a camera's video larger than this (lerobot's defaults)."""

    data_mb: int = 100
    video_mb: int = 200


class DatasetWriter:
    """The dataset of a folder. Use it as a context manager: one process holds it, others may stage episodes for it.

    Args:
        root: Where; made if it is not there.
        form: What frames hold.
        source: What the episodes are made from (seeds, inputs, options): a folder begun with another is refused.
        limits: How large files become.

    Raises:
        DatasetError: The folder holds something else, or another process is writing to it.
    """

    def __init__(
        self, root: Path, form: Format, *, source: Mapping[str, Any] | None = None, limits: FileLimits | None = None
    ) -> None:
        self.root, self.form, self._limits = root, form, limits or FileLimits()
        self._record = {"version": RECORD_VERSION, "format": form.as_json(), "source": dict(source or {})}
        self._lock: Any = None
        self._committed = self._frames = self._files = 0
        self._tasks: dict[str, int] = {}
        self._staged: dict[int, StagedEpisode] = {}
        # Those of the staged that follow what is in files already, and their bytes by kind of file.
        self._group: list[StagedEpisode] = []
        self._sizes = np.zeros(1 + len(form.cameras))

    def __enter__(self) -> DatasetWriter:
        with _disk(self.root):
            self._begin()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if not self._staged and not self._group:
            shutil.rmtree(self.root / STAGING, ignore_errors=True)
        self._lock.close()

    def _begin(self) -> None:
        record = self.root / RECORD
        if not record.is_file() and _holds_files(self.root):
            raise DatasetError(f"{self.root} holds something else than a dataset begun here; choose another folder")
        (self.root / STAGING).mkdir(parents=True, exist_ok=True)
        self._lock = (self.root / STAGING / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise DatasetError(
                f"another process is writing the dataset in {self.root}; wait for it or choose another folder"
            ) from None
        try:
            self._check_record(record)
            self._recover()
        except BaseException:
            self._lock.close()
            raise

    def _check_record(self, path: Path) -> None:
        wanted = json.loads(json.dumps(self._record))
        if not path.is_file():
            _publish(path, lambda fresh: fresh.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8"))
            return
        present = json.loads(path.read_text(encoding="utf-8"))
        if differing := sorted(key for key in {*present, *wanted} if present.get(key) != wanted.get(key)):
            now = {key: (present.get(key), wanted.get(key)) for key in differing}
            lines = [f"  {key}: {json.dumps(old)}, asked for {json.dumps(new)}" for key, (old, new) in now.items()]
            raise DatasetError(
                "\n".join([f"{self.root} was begun as something else; choose another folder or the same options:", *lines])
            )

    def _recover(self) -> None:
        """Learn what the dataset's files hold, and drop staged episodes that are in them."""
        for table in self._episode_tables():
            for row in table.select(["tasks", "dataset_to_index"]).to_pylist():
                self._tasks.setdefault(row["tasks"][0], len(self._tasks))
                self._frames = row["dataset_to_index"]
            self._committed += table.num_rows
            self._files += 1
        for index, episode in staged_episodes(self.root).items():
            if index < self._committed:
                shutil.rmtree(episode.folder)
            else:
                self._staged[index] = episode
        self._pack()

    def _episode_tables(self) -> Iterator[pa.Table]:
        for path in sorted((self.root / "meta" / "episodes").glob("chunk-*/file-*.parquet")):
            yield pq.read_table(path)

    @property
    def committed(self) -> int:
        """Episodes that are in the dataset's files: those with lower numbers."""
        return self._committed

    @property
    def frames(self) -> int:
        """Frames that are in the dataset's files."""
        return self._frames

    def missing(self, count: int) -> list[int]:
        """Which of the first `count` episodes are not there yet."""
        first = self._committed + len(self._group)
        return [index for index in range(first, count) if index not in self._staged]

    @contextmanager
    def episode(self, index: int, task: str, extras: Mapping[str, Extra] | None = None) -> Iterator[EpisodeWriter]:
        """Write an episode; when the context is left without an error it is whole.

        Raises:
            FormatError: What `EpisodeWriter` refuses, or an episode that is there already.
            DatasetError: No space is left.
        """
        if index not in self.missing(index + 1):
            raise FormatError(f"episode {index} is there already; ask `missing` which ones are not")
        with _disk(self.root), EpisodeWriter(self.root, self.form, index, task, extras) as writer:
            yield writer
        self.adopt(index)

    def adopt(self, index: int) -> None:
        """Take over an episode that another process staged with an `EpisodeWriter` of its own."""
        self._staged[index] = StagedEpisode.load(self.root, index)
        self._pack()

    def _pack(self) -> None:
        """Make files of staged episodes that follow each other, as far as they fill them."""
        limits = np.array([self._limits.data_mb, *[self._limits.video_mb] * len(self.form.cameras)]) * MEGABYTE
        while (index := self._committed + len(self._group)) in self._staged:
            episode = self._staged.pop(index)
            sizes = np.array([path.stat().st_size for path in self._parts(episode)])
            if self._group and (self._sizes + sizes > limits).any():
                self._write_files()
            self._group.append(episode)
            self._sizes = self._sizes + sizes

    def _parts(self, episode: StagedEpisode) -> list[Path]:
        return [episode.frames, *(episode.video(place) for place in range(len(self.form.cameras)))]

    def _write_files(self) -> None:
        """Make one file each of data, videos and rows of the group. The rows, written last, make it count."""
        group, number = self._group, FileNumber.of(self._files)
        with _disk(self.root):
            for episode in group:
                self._tasks.setdefault(episode.task, len(self._tasks))
            rows: list[dict[str, Any]] = []
            _publish(self.root / number.path("data", "parquet"), lambda fresh: rows.extend(self._write_data(fresh, group)))
            for place, camera in enumerate(self.form.cameras):
                parts = [episode.video(place) for episode in group]
                target = self.root / number.path(f"videos/{camera}", "mp4")
                _publish(target, lambda fresh, parts=parts: join_videos(parts, fresh, self.form.fps))
            first = rows[0]["dataset_from_index"]
            known = [row | self._place(row, episode, number, first) for row, episode in zip(rows, group, strict=True)]
            table = pa.Table.from_pylist(known, schema=self._episode_schema())
            _publish(self.root / number.path("meta/episodes", "parquet"), lambda fresh: pq.write_table(table, fresh))
        self._committed += len(group)
        self._frames = rows[-1]["dataset_to_index"]
        self._files += 1
        self._group, self._sizes = [], np.zeros_like(self._sizes)
        for episode in group:
            shutil.rmtree(episode.folder)

    def _write_data(self, path: Path, group: Sequence[StagedEpisode]) -> Iterator[dict[str, Any]]:
        """One row group per episode; yields where each begins and ends, and its statistics."""
        schema, start = self.form.frame_schema(), self._frames
        with pq.ParquetWriter(path, schema, compression="snappy") as parquet:
            for episode in group:
                vectors = pq.read_table(episode.frames)
                steps = np.arange(episode.length)
                numbers: dict[str, np.ndarray] = {
                    "timestamp": (steps / self.form.fps).astype(np.float32),
                    "frame_index": steps,
                    "episode_index": np.full(episode.length, episode.index),
                    "index": start + steps,
                    "task_index": np.full(episode.length, self._tasks[episode.task]),
                }
                columns = [vectors[key].combine_chunks() for key in self.form.vectors]
                columns += [pa.array(numbers[key], kind) for key, kind in INDEX_TYPES.items()]
                parquet.write_table(pa.Table.from_arrays(columns, schema=schema))
                stats = {**episode.stats, **{key: vector_stats(values) for key, values in numbers.items()}}
                named = {f"stats/{key}/{name}": value for key, found in stats.items() for name, value in found.items()}
                yield {"dataset_from_index": start, "dataset_to_index": start + episode.length, **named}
                start += episode.length

    def _place(self, row: Mapping[str, Any], episode: StagedEpisode, number: FileNumber, first_frame: int) -> dict[str, Any]:
        """The columns of `meta/episodes` besides statistics: where the episode's frames and pictures lie."""
        found: dict[str, Any] = {
            "episode_index": episode.index, "tasks": [episode.task], "length": episode.length, **episode.extras,
            "data/chunk_index": number.chunk, "data/file_index": number.file,
            "meta/episodes/chunk_index": number.chunk, "meta/episodes/file_index": number.file,
        }  # fmt: skip
        for camera in self.form.cameras:
            found |= {
                f"videos/{camera}/chunk_index": number.chunk,
                f"videos/{camera}/file_index": number.file,
                f"videos/{camera}/from_timestamp": (row["dataset_from_index"] - first_frame) / self.form.fps,
                f"videos/{camera}/to_timestamp": (row["dataset_to_index"] - first_frame) / self.form.fps,
            }
        return found

    def _episode_schema(self) -> pa.Schema:
        number, seconds, whole = pa.list_(pa.float64()), pa.float64(), pa.int64()
        columns: list[tuple[str, pa.DataType]] = [("episode_index", whole), ("tasks", pa.list_(pa.string())), ("length", whole)]
        columns += [(name, _ARROW_EXTRAS[kind]) for name, kind in self.form.extras.items()]
        columns += [(name, whole) for name in ("data/chunk_index", "data/file_index", "dataset_from_index", "dataset_to_index")]
        for camera in self.form.cameras:
            columns += [(f"videos/{camera}/{name}", whole) for name in ("chunk_index", "file_index")]
            columns += [(f"videos/{camera}/{name}", seconds) for name in ("from_timestamp", "to_timestamp")]
        for key in (*self.form.vectors, *self.form.cameras, *INDEX_TYPES):
            kind = pa.list_(pa.list_(number)) if key in self.form.cameras else number
            columns += [(f"stats/{key}/{name}", kind) for name in NAMES]
            columns.append((f"stats/{key}/count", pa.list_(whole)))
        columns += [(f"meta/episodes/{name}", whole) for name in ("chunk_index", "file_index")]
        return pa.schema(columns)

    def finish(self, count: int, *, splits: Mapping[str, str] | None = None) -> None:
        """Put everything into files and write what makes the folder a dataset.

        Args:
            count: How many episodes there must be.
            splits: Ranges of episodes by name, e.g. `{"train": "0:80", "val": "80:100"}`; all of them `train` by default.

        Raises:
            DatasetError: Some episodes are missing, or no space is left.
        """
        if missing := self.missing(count):
            raise DatasetError(
                f"{len(missing)} of {count} episodes are missing in {self.root} (the first is {missing[0]}); make them first"
            )
        if not count:
            raise DatasetError("a dataset without episodes cannot be read; make at least one")
        if self._group:
            self._write_files()
        info = self.form.info(
            episodes=self._committed, frames=self._frames, tasks=len(self._tasks), data_mb=self._limits.data_mb,
            video_mb=self._limits.video_mb, splits=splits or {"train": f"0:{self._committed}"},
        )  # fmt: skip
        meta = self.root / "meta"
        with _disk(self.root):
            tasks = tasks_table(list(self._tasks))
            _publish(meta / "tasks.parquet", lambda fresh: pq.write_table(tasks, fresh))
            for name, content in (("stats.json", self._dataset_stats()), ("info.json", info)):
                text = json.dumps(content, indent=4)
                _publish(meta / name, lambda fresh, text=text: fresh.write_text(text, encoding="utf-8"))

    def _dataset_stats(self) -> dict[str, Stats]:
        """Over all episodes, file by file."""
        found: dict[str, list[Stats]] = {}
        for table in self._episode_tables():
            for key in (*self.form.vectors, *self.form.cameras, *INDEX_TYPES):
                names = [*NAMES, "count"]
                columns = zip(*(table[f"stats/{key}/{name}"].to_pylist() for name in names), strict=True)
                parts = [dict(zip(names, values, strict=True)) for values in columns]
                found.setdefault(key, []).append(aggregate(parts))
        return {key: aggregate(parts) for key, parts in found.items()}


def _holds_files(root: Path) -> bool:
    """Whether there is anything in a folder but what a run leaves that is killed before it has written its record."""
    files = (path for path in root.rglob("*") if not path.is_dir())
    return any(path.suffix != _FRESH and path.parent.name != STAGING for path in files)


def _publish(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside its place and put it there at once; one that is there with the same content stays untouched.

    Whoever tells by size and time whether a dataset has changed would otherwise read all of it again.
    """
    fresh = path.with_name(f".{path.name}{_FRESH}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write(fresh)
    with fresh.open("rb") as written:
        os.fsync(written.fileno())
    if path.is_file() and filecmp.cmp(fresh, path, shallow=False):
        fresh.unlink()
    else:
        fresh.replace(path)


@contextmanager
def _disk(root: Path) -> Iterator[None]:
    """Say what to do when the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DatasetError(
                f"no space is left in {root} ({error.strerror}); free some and run again: whole episodes are kept"
            ) from error
        raise
