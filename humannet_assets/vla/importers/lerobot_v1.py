"""LeRobot 1.x: one Arrow table (or parquet files) for all episodes, pictures by path and time, little said about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from humannet_assets.vla.episodes import BadEpisode, CameraRef, EpisodeError, RawEpisode, UnreadableDatasetError
from humannet_assets.vla.importers.cameras import camera_name, find_video
from humannet_assets.vla.importers.columns import numeric_fields, open_parquet, parquet_batches, split_episodes
from humannet_assets.vla.importers.lerobot_meta import Info, instruction_of, load_info, load_tasks, success_of, times_of
from humannet_assets.vla.importers.reading import ReadLimits, inside
from humannet_assets.vla.lerobot.layout import INDEX_TYPES

FRAME_RATE_HZ = 30.0
"""Only for tables without a `timestamp` column and without `meta_data/info.json`; the package's default then."""

_NOT_DATA = (*INDEX_TYPES, "episode_data_index_from", "episode_data_index_to", "next.done", "next.reward", "next.success")
_MAX_BATCH_BYTES = 2**30


def data_files(root: Path) -> list[Path]:
    """The table's files, in order: `train/*.arrow` as `datasets` saves it, or `data/train-*.parquet` as the hub has it."""
    return sorted((root / "train").glob("*.arrow")) or sorted((root / "data").glob("train-*.parquet"))


def iter_raw(root: Path, name: str, limits: ReadLimits) -> Iterator[RawEpisode | BadEpisode]:
    """Episodes in the order of the table, one at a time.

    Raises:
        UnreadableDatasetError: A file cannot be read.
    """
    described = root / "meta_data" / "info.json"
    info = load_info(described, limits) if described.exists() else Info(described, "v1", FRAME_RATE_HZ)
    tasks = load_tasks(root, limits)
    for path in data_files(root):
        safe = inside(root, str(path.relative_to(root)), str(root))
        batches = _arrow_batches(safe) if path.suffix == ".arrow" else _parquet(safe, limits)
        index = -1
        try:
            for index, _, table in split_episodes(batches, "episode_index", limits.max_frames, path):
                try:
                    yield _read(_Context(root, name, info, tasks, limits), path, index, table)
                except EpisodeError as error:
                    yield BadEpisode(str(path), index, error.reason, str(error))
        except UnreadableDatasetError as error:
            # What lies behind the damage is lost, the table's other files are not.
            yield BadEpisode(str(path), index + 1, "unreadable_data", f"{error} (from episode {index + 1} on)")


def _arrow_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Batches of an Arrow stream or file, each checked throughout before use."""
    try:
        with pa.memory_map(str(path)) as source:
            try:
                reader: Any = pa.ipc.open_stream(source)
                batches: Iterator[pa.RecordBatch] = iter(reader)
            except pa.ArrowInvalid:
                source.seek(0)
                reader = pa.ipc.open_file(source)
                batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
            for batch in batches:
                # Offsets of an untrusted file may point anywhere, names and strings may be no UTF-8.
                batch.validate(full=True)
                _ = batch.schema.names
                if batch.nbytes > _MAX_BATCH_BYTES:
                    raise UnreadableDatasetError(f"{path} has a batch of {batch.nbytes} bytes; write smaller ones")
                yield batch
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableDatasetError(f"{path} is damaged: {str(error)[:200]}; fetch it again") from None


def _parquet(path: Path, limits: ReadLimits) -> Iterator[pa.RecordBatch]:
    file = open_parquet(path, limits)
    yield from parquet_batches(file, file.schema_arrow.names, path)


@dataclass(frozen=True)
class _Context:
    """What all episodes share."""

    root: Path
    name: str
    info: Info
    tasks: Mapping[int, str]
    limits: ReadLimits


def _read(context: _Context, path: Path, index: int, table: pa.Table | None) -> RawEpisode:
    place = f"{path}: episode {index}"
    if table is None:
        raise EpisodeError("too_long", f"{place}: over the limit of {context.limits.max_frames} frames; split it")
    times_s, rate_source = times_of(table, context.info.fps, place)
    cameras: dict[str, CameraRef] = {}
    missing: dict[str, str] = {}
    for column in table.column_names:
        kind = table.schema.field(column).type
        if not pa.types.is_struct(kind) or {field.name for field in kind} != {"path", "timestamp"}:
            continue
        found = _video(context.root, path, table, column)
        if isinstance(found, str):
            missing[camera_name(column)] = found
        else:
            cameras[camera_name(column)] = found
    instruction, words = instruction_of(table, context.tasks, None)
    return RawEpisode(
        path=path,
        index=index,
        source=context.name,
        robot_type=context.info.robot_type,
        timestamps_s=times_s,
        frames=len(times_s),
        fields=numeric_fields(table, place, context.limits, _NOT_DATA),
        instruction=instruction,
        cameras=cameras,
        missing_cameras=missing,
        success=success_of(table),
        rate_source=rate_source,
        metadata={"instructions": words, "version": context.info.version or "v1"},
    )


def _video(root: Path, path: Path, table: pa.Table, column: str) -> CameraRef | str:
    """The video a picture column points into; the frames of an episode must lie in one file."""
    values = table[column].combine_chunks()
    names = set(values.field("path").to_pylist())
    times = values.field("timestamp").to_pylist()
    relative = names.pop() if len(names) == 1 else None
    if not isinstance(relative, str):
        return f"unreadable: column {column!r} of {path} names {len(names) or 'no'} videos for one episode"
    if any(time is None for time in times):
        return f"unreadable: column {column!r} of {path} has frames without a time"
    step_s = (times[-1] - times[0]) / max(1, len(times) - 1)
    return find_video(root, relative, float(times[0]), float(times[-1] + step_s), f"column {column!r} of {path}")
