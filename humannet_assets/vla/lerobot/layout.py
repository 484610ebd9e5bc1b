"""What a LeRobot v3.0 dataset consists of: features, file names, `info.json`.

As the `lerobot` package (0.4) reads it: many episodes share a file; vectors are fixed-size lists of float32 in
`data/chunk-*/file-*.parquet`; pictures are H.264 in `videos/<camera>/chunk-*/file-*.mp4`, an episode being the stretch from its
`from_timestamp`; `meta/episodes/` has a row per episode, `meta/tasks.parquet` the texts, `meta/stats.json` the statistics.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

CODEBASE_VERSION = "v3.0"
CHUNKS_SIZE = 1000
"""Files in a folder."""

INDEX_TYPES: Mapping[str, pa.DataType] = {
    "timestamp": pa.float32(), "frame_index": pa.int64(), "episode_index": pa.int64(), "index": pa.int64(),
    "task_index": pa.int64(),
}  # fmt: skip
"""Columns every dataset has: seconds and frame within the episode, episode, frame within the dataset, task."""

ExtraType = Literal["string", "int64", "double", "bool"]
Extra = str | int | float | bool
_EXTRA_TYPES: Mapping[ExtraType, type] = {"string": str, "int64": int, "double": float, "bool": bool}


class FormatError(ValueError):
    """A format no dataset can have, or a frame that does not fit its dataset's; the message says what and how to fix it."""


@dataclass(frozen=True)
class Format:
    """What every frame of a dataset holds.

    Attributes:
        fps: Frames per second.
        robot_type: Whose episodes they are, e.g. `human_hands`.
        vectors: Names of the components of each vector feature, by key (`action`, `observation.state`, ...).
        cameras: Width and height in pixels, by key (`observation.images.head`, ...).
        extras: Types of what is known of each episode besides, by name: columns of `meta/episodes` that readers may ignore.

    Raises:
        FormatError: No features, names taken twice or reserved, sizes that H.264 cannot hold.
    """

    fps: int
    robot_type: str
    vectors: Mapping[str, tuple[str, ...]]
    cameras: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    extras: Mapping[str, ExtraType] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.fps, bool) or not isinstance(self.fps, int) or not 1 <= self.fps <= 1000:
            raise FormatError(f"fps is {self.fps!r}; LeRobot takes whole frames per second from 1 to 1000: resample by time")
        if "action" not in self.vectors:
            raise FormatError(f"there is no vector called 'action' among {', '.join(self.vectors) or 'none'}: add it")
        keys = [*self.vectors, *self.cameras]
        if wrong := sorted({key for key in keys if key in INDEX_TYPES or keys.count(key) > 1 or not _is_key(key)}):
            raise FormatError(
                f"these keys are reserved, taken twice or hold a '/': {', '.join(map(repr, wrong))}; rename them "
                f"(reserved: {', '.join(INDEX_TYPES)})"
            )
        for key, names in self.vectors.items():
            if not names or len(set(names)) < len(names):
                raise FormatError(f"{key}: its components {list(names)} must have names, each its own")
        for key, (width, height) in self.cameras.items():
            if width < 16 or height < 16 or width % 2 or height % 2:
                raise FormatError(f"{key}: pictures of {width}x{height}; H.264 needs even sides of at least 16 pixels")
        if wrong := sorted(name for name, kind in self.extras.items() if kind not in _EXTRA_TYPES or "/" in name):
            raise FormatError(f"extras {', '.join(wrong)}: types are {', '.join(_EXTRA_TYPES)}, names hold no '/'")

    def check_extras(self, values: Mapping[str, Extra]) -> None:
        """Raise `FormatError` when an episode's extras are not those of the format."""
        if set(values) != set(self.extras):
            raise FormatError(f"extras are {sorted(values)}; this dataset's are {sorted(self.extras)}")
        for name, kind in self.extras.items():
            if type(values[name]) is not _EXTRA_TYPES[kind]:
                raise FormatError(f"extra {name} is {values[name]!r}, of {type(values[name]).__name__}; it must be a {kind}")

    def as_json(self) -> dict[str, Any]:
        """The format as plain JSON values, to compare and to keep."""
        return {
            "fps": self.fps, "robot_type": self.robot_type,
            "vectors": {key: list(names) for key, names in self.vectors.items()},
            "cameras": {key: list(size) for key, size in self.cameras.items()}, "extras": dict(self.extras),
        }  # fmt: skip

    def frame_schema(self) -> pa.Schema:
        """Columns of the data files."""
        vectors = [(key, pa.list_(pa.float32(), len(names))) for key, names in self.vectors.items()]
        return pa.schema([*vectors, *INDEX_TYPES.items()])

    def features(self) -> dict[str, Any]:
        """The `features` of `info.json`."""
        found: dict[str, Any] = {
            key: {"dtype": "float32", "shape": [len(names)], "names": list(names)} for key, names in self.vectors.items()
        }
        for key, (width, height) in self.cameras.items():
            info = {
                "video.height": height, "video.width": width, "video.codec": "h264", "video.pix_fmt": "yuv420p",
                "video.is_depth_map": False, "video.fps": self.fps, "video.channels": 3, "has_audio": False,
            }  # fmt: skip
            found[key] = {"dtype": "video", "shape": [height, width, 3], "names": ["height", "width", "channels"], "info": info}
        for key, kind in INDEX_TYPES.items():
            found[key] = {"dtype": "float32" if kind == pa.float32() else "int64", "shape": [1], "names": None}
        return found

    def info(
        self, *, episodes: int, frames: int, tasks: int, splits: Mapping[str, str], data_mb: int, video_mb: int
    ) -> dict[str, Any]:
        """The content of `info.json`."""
        return {
            "codebase_version": CODEBASE_VERSION, "robot_type": self.robot_type, "total_episodes": episodes,
            "total_frames": frames, "total_tasks": tasks, "chunks_size": CHUNKS_SIZE, "data_files_size_in_mb": data_mb,
            "video_files_size_in_mb": video_mb, "fps": self.fps, "splits": dict(splits),
            "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
            "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4", "features": self.features(),
        }  # fmt: skip


def _is_key(key: str) -> bool:
    return bool(key) and "/" not in key and key.isprintable()


@dataclass(frozen=True, order=True)
class FileNumber:
    """Where the n-th file of a kind lies: its chunk and its number in there."""

    chunk: int
    file: int

    @classmethod
    def of(cls, number: int) -> FileNumber:
        """The n-th file."""
        return cls(*divmod(number, CHUNKS_SIZE))

    def path(self, folder: str, suffix: str) -> str:
        """Path below the dataset's root, e.g. of folder `data` and suffix `parquet`."""
        return f"{folder}/chunk-{self.chunk:03d}/file-{self.file:03d}.{suffix}"


def tasks_table(tasks: Sequence[str]) -> pa.Table:
    """`meta/tasks.parquet`: the texts in the order of their index, with the metadata that makes them pandas' index."""

    def column(name: str, pandas_type: str, numpy_type: str) -> dict[str, Any]:
        return {"name": name, "field_name": name, "pandas_type": pandas_type, "numpy_type": numpy_type, "metadata": None}

    meta = {
        "index_columns": ["task"], "column_indexes": [],
        "columns": [column("task_index", "int64", "int64"), column("task", "unicode", "object")],
        "creator": {"library": "pyarrow", "version": pa.__version__}, "pandas_version": "2.2.0",
    }  # fmt: skip
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), "task": pa.array(tasks, pa.string())})
    return table.replace_schema_metadata({b"pandas": json.dumps(meta).encode()})
