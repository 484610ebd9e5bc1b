"""What LeRobot data sets of all versions say about themselves: features, rates, paths, instructions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from humannet_assets.vla.episodes import EpisodeError, FieldValues, Floats, UnreadableDatasetError
from humannet_assets.vla.importers.cameras import camera_name
from humannet_assets.vla.importers.columns import (
    dimension_names,
    is_numeric,
    open_parquet,
    parquet_batches,
    scalar_column,
    storage_type,
    vectors,
)
from humannet_assets.vla.importers.reading import ReadLimits, read_json_object, read_jsonl, text
from humannet_assets.vla.lerobot.layout import INDEX_TYPES

PICTURE_DTYPES = ("video", "image")
_SUCCESS_COLUMNS = ("next.success", "success", "is_success")
_OUTCOME_COLUMNS = ("next.reward", "next.done", "next.truncated", *_SUCCESS_COLUMNS)
"""Numbers about the frame's outcome: no state, no action."""
_WORD_COLUMNS = ("language_instruction", "instruction", "task")

Slice = tuple[str, int, int]
"""A part of a column: its name, the first dimension, and the one after the last."""


@dataclass(frozen=True)
class Feature:
    """A column as declared in `info.json`."""

    dtype: str
    shape: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Numbers per frame."""
        return int(np.prod(self.shape)) if self.shape else 1


@dataclass(frozen=True)
class Info:
    """The parts of `info.json` an import needs."""

    path: Path
    version: str
    fps: float
    robot_type: str = ""
    chunks_size: int = 1000
    data_path: str = ""
    video_path: str = ""
    features: Mapping[str, Feature] = field(default_factory=dict)

    def widths(self) -> dict[str, int]:
        """Numbers per frame of all numeric columns but the indices."""
        numeric = ("float", "int", "uint", "bool")
        return {
            key: feature.width
            for key, feature in self.features.items()
            if feature.dtype.startswith(numeric) and key not in INDEX_TYPES
        }

    def pictures(self) -> dict[str, Feature]:
        """Columns of pictures by key."""
        return {key: feature for key, feature in self.features.items() if feature.dtype in PICTURE_DTYPES}

    def camera_names(self) -> dict[str, str]:
        """Short camera names by key of their column; the whole key where two would share a name."""
        keys = list(self.pictures())
        short = [camera_name(key) for key in keys]
        return {key: name if short.count(name) == 1 else key for key, name in zip(keys, short, strict=True)}


def load_info(path: Path, limits: ReadLimits) -> Info:
    """Read `meta/info.json` (or `meta_data/info.json` of version 1).

    Raises:
        UnreadableDatasetError: Missing, not JSON, or a field of the wrong kind; the message names it.
    """
    values = read_json_object(path, limits)
    fps = values.get("fps")
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps <= 1000:
        raise UnreadableDatasetError(f"{path}: fps is {fps!r}; write the frames per second, e.g. 30")
    chunks_size = values.get("chunks_size", 1000)
    if isinstance(chunks_size, bool) or not isinstance(chunks_size, int) or chunks_size < 1:
        raise UnreadableDatasetError(f"{path}: chunks_size is {chunks_size!r}; write a whole number from 1, usually 1000")
    declared = values.get("features", {})
    if not isinstance(declared, dict):
        raise UnreadableDatasetError(f"{path}: features is a {type(declared).__name__}, expected an object")
    return Info(
        path=path,
        version=text(values.get("codebase_version")),
        fps=float(fps),
        robot_type=text(values.get("robot_type")),
        chunks_size=chunks_size,
        data_path=text(values.get("data_path")),
        video_path=text(values.get("video_path")),
        features={str(key): _feature(path, str(key), value) for key, value in declared.items()},
    )


def _feature(path: Path, key: str, value: Any) -> Feature:
    shape = value.get("shape") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(value.get("dtype"), str):
        raise UnreadableDatasetError(f"{path}: feature {key!r} has no dtype; write e.g. {{'dtype': 'float32', 'shape': [14]}}")
    sides: list[Any] = shape if isinstance(shape, list) else [] if shape is None else [shape]
    if not all(isinstance(side, int) and 0 < side < 2**31 for side in sides):
        raise UnreadableDatasetError(f"{path}: feature {key!r} has the shape {shape!r}; write a list of whole numbers")
    return Feature(value["dtype"], tuple(sides), tuple(_flat_names(value.get("names"))))


def _flat_names(names: Any) -> Iterator[str]:
    """Names as LeRobot writes them: a list, or lists by group ({"motors": [...]}, {"axes": [...]})."""
    if isinstance(names, dict):
        for group in names.values():
            yield from _flat_names(group)
    elif isinstance(names, list):
        for name in names:
            if isinstance(name, str):
                yield name
            else:
                yield from _flat_names(name)


def load_tasks(root: Path, limits: ReadLimits) -> dict[int, str]:
    """Instructions by task index, from `meta/tasks.jsonl` or `meta/tasks.parquet`; empty when there is neither.

    Raises:
        UnreadableDatasetError: The file is damaged.
    """
    tasks: dict[int, str] = {}
    lines, table = root / "meta" / "tasks.jsonl", root / "meta" / "tasks.parquet"
    if lines.exists():
        for number, value in read_jsonl(lines, limits):
            index = value.get("task_index") if isinstance(value, dict) else None
            if not isinstance(value, dict) or not isinstance(index, int):
                raise UnreadableDatasetError(
                    f"{lines}:{number}: no task_index; write e.g. {{'task_index': 0, 'task': 'open it'}}"
                )
            tasks[index] = text(value.get("task"))
            _check_count(len(tasks), limits, lines)
    elif table.exists():
        file = open_parquet(table, limits)
        columns = file.schema_arrow.names
        words = next((name for name in ("task", "__index_level_0__") if name in columns), None)
        if words is None or "task_index" not in columns:
            raise UnreadableDatasetError(f"{table}: no columns task and task_index; it has {', '.join(columns) or 'none'}")
        for batch in parquet_batches(file, [words, "task_index"], table):
            for task, index in zip(batch.column(words).to_pylist(), batch.column("task_index").to_pylist(), strict=True):
                tasks[int(index)] = text(task)
            _check_count(len(tasks), limits, table)
    return tasks


def _check_count(count: int, limits: ReadLimits, path: Path) -> None:
    if count > limits.max_tasks:
        raise UnreadableDatasetError(f"{path}: more than {limits.max_tasks} instructions; raise the limit if that is right")


def load_modality(root: Path, limits: ReadLimits) -> dict[str, Slice]:
    """GR00T's `meta/modality.json`: named slices of columns, as (column, first, end) by `state.<name>` and `action.<name>`.

    Raises:
        UnreadableDatasetError: The file is damaged.
    """
    path = root / "meta" / "modality.json"
    if not path.exists():
        return {}
    values = read_json_object(path, limits)
    slices = {}
    for group, column in (("state", "observation.state"), ("action", "action")):
        parts = values.get(group, {})
        if not isinstance(parts, dict):
            raise UnreadableDatasetError(f"{path}: {group} is a {type(parts).__name__}, expected an object")
        for name, part in parts.items():
            first, end = (part.get("start", 0), part.get("end")) if isinstance(part, dict) else (None, None)
            original = (part.get("original_key") or column) if isinstance(part, dict) else None
            if not (isinstance(first, int) and isinstance(end, int) and isinstance(original, str) and 0 <= first < end):
                raise UnreadableDatasetError(f"{path}: {group}.{name} is {part!r}; it needs start and end, 0 <= start < end")
            slices[f"{group}.{name}"] = (original, first, end)
    return slices


def add_slices(fields: dict[str, FieldValues], slices: Mapping[str, Slice], place: str) -> dict[str, FieldValues]:
    """Fields plus the named slices of them that are no columns of their own.

    Raises:
        EpisodeError: `wrong_dims`: a slice ends beyond its column.
    """
    for name, (column, first, end) in slices.items():
        if name in fields or column not in fields:
            continue
        source = fields[column]
        if end > source.values.shape[1]:
            raise EpisodeError(
                "wrong_dims",
                f"{place}: modality.json says {name} is columns {first} to {end} of {column!r}, "
                f"which has {source.values.shape[1]}; correct one of the two",
            )
        fields[name] = FieldValues(source.values[:, first:end], source.names[first:end])
    return fields


def slice_widths(widths: dict[str, int], slices: Mapping[str, Slice]) -> dict[str, int]:
    """Numbers per frame of the columns and of the named slices of them."""
    return {**{name: end - first for name, (column, first, end) in slices.items() if column in widths}, **widths}


def times_of(table: pa.Table, fps: float, place: str) -> tuple[Floats, str]:
    """Times (T,) of an episode's frames in seconds and where they are from: its `timestamp` column, or the stated rate.

    Raises:
        EpisodeError: The column holds no numbers.
    """
    if "timestamp" in table.column_names:
        return vectors(table["timestamp"], place, "timestamp", 1)[:, 0], "data"
    return np.arange(table.num_rows) / fps, f"info.json: {fps:g} Hz"


def instruction_of(table: pa.Table, tasks: Mapping[int, str], listed: Any) -> tuple[str, list[str]]:
    """The episode's instruction and all texts it has: by its frames' task index, else as its row lists them."""
    indices = scalar_column(table, "task_index") or []
    words = [tasks[index] for index in dict.fromkeys(i for i in indices if isinstance(i, int)) if tasks.get(index)]
    if not words and isinstance(listed, list):
        words = [text(item) for item in listed if text(item)]
    if not words:
        for column in _WORD_COLUMNS:
            values = scalar_column(table.slice(0, 1), column)
            words = [text(value) for value in values or () if text(value)]
            if words:
                break
    return (words[0] if words else ""), words


def success_of(table: pa.Table) -> bool | None:
    """Whether the task was done: true in any frame of a success column; None without one."""
    for name in _SUCCESS_COLUMNS:
        if name in table.column_names and is_numeric(storage_type(table.schema.field(name).type)):
            return bool((vectors(table[name], "", name, 1) > 0.5).any())
    return None


def data_columns(info: Info, available: Sequence[str]) -> list[str]:
    """Columns an import reads: numbers, indices and words. Pictures and opaque bytes stay in the file."""
    wanted = {*info.widths(), *INDEX_TYPES, *_OUTCOME_COLUMNS, *_WORD_COLUMNS}
    return [name for name in available if name in wanted]


def fields_of(
    table: pa.Table, info: Info, slices: Mapping[str, Slice], place: str, limits: ReadLimits
) -> dict[str, FieldValues]:
    """The numeric columns of an episode, checked against what the data set declares, and the named slices of them.

    Raises:
        EpisodeError: `missing_column`, `wrong_dtype`, `wrong_dims`, or a column that is no rectangle of numbers.
    """
    fields = {}
    for name, width in info.widths().items():
        if name in _OUTCOME_COLUMNS:
            continue
        if name not in table.column_names:
            raise EpisodeError("missing_column", f"{place}: there is no column {name!r}, which {info.path} declares; write it")
        values = vectors(table[name], place, name, limits.max_columns)
        if values.shape[1] != width:
            raise EpisodeError(
                "wrong_dims",
                f"{place}: column {name!r} has {values.shape[1]} numbers per frame, {info.path} declares {width}; correct one "
                "of the two",
            )
        fields[name] = FieldValues(values, dimension_names(name, width, info.features[name].names))
    return add_slices(fields, slices, place)
