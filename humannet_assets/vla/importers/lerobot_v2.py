"""LeRobot 2.0 and 2.1: a parquet file and a video per camera for each episode, `meta/*.jsonl` about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from humannet_assets.vla.episodes import BadEpisode, EpisodeError, RawEpisode, UnreadableDatasetError
from humannet_assets.vla.importers.columns import open_parquet, parquet_batches
from humannet_assets.vla.importers.lerobot_dataset import LeRobotDataset, Rows, VideoSpan
from humannet_assets.vla.importers.lerobot_meta import Info, data_columns, times_of
from humannet_assets.vla.importers.reading import ReadLimits, fill, inside, read_jsonl

DATA_PATH = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
VIDEO_PATH = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
"""What `info.json` says in every data set the package wrote."""

_NO_METADATA = ("episode_index", "tasks", "length")


def iter_raw(root: Path, name: str, limits: ReadLimits) -> Iterator[RawEpisode | BadEpisode]:
    """Episodes in the order of `meta/episodes.jsonl`, one at a time.

    Raises:
        UnreadableDatasetError: `meta/` cannot be read.
    """
    dataset = LeRobotDataset.open(root, name, limits)
    lines = root / "meta" / "episodes.jsonl"
    for number, listed in read_jsonl(lines, limits):
        index = listed.get("episode_index") if isinstance(listed, dict) else None
        if not isinstance(listed, dict) or isinstance(index, bool) or not isinstance(index, int) or index < 0:
            problem = listed if isinstance(listed, str) else f"episode_index is {index!r}"
            yield BadEpisode(str(lines), number - 1, "bad_metadata", f"{lines}:{number}: {problem}; correct the line")
            continue
        path = root
        try:
            path = inside(root, _filled(dataset.info, dataset.info.data_path or DATA_PATH, index), str(dataset.info.path))
            yield _read(dataset, path, index, listed)
        except EpisodeError as error:
            yield BadEpisode(str(path), index, error.reason, str(error))
        except UnreadableDatasetError as error:
            reason = "unreadable_data" if path.exists() else "missing_data"
            yield BadEpisode(str(path), index, reason, f"episode {index}: {error}")


def _filled(info: Info, template: str, index: int, key: str = "") -> str:
    values = {"episode_chunk": index // info.chunks_size, "episode_index": index, "video_key": key}
    return fill(template, values, str(info.path))


def _read(dataset: LeRobotDataset, path: Path, index: int, listed: Mapping[str, Any]) -> RawEpisode:
    info = dataset.info
    file = open_parquet(path, dataset.limits)
    if file.metadata.num_rows > dataset.limits.max_frames:
        message = (
            f"{path}: episode {index}: {file.metadata.num_rows} frames, over the limit {dataset.limits.max_frames}; split it"
        )
        raise EpisodeError("too_long", message)
    columns = file.schema_arrow.names
    batches = list(parquet_batches(file, data_columns(info, columns), path))
    table = pa.Table.from_batches(batches) if batches else pa.table({})

    def video(key: str) -> VideoSpan:
        times_s, _ = times_of(table, info.fps, f"{path}: episode {index}")
        return _filled(info, info.video_path or VIDEO_PATH, index, key), 0.0, float(times_s[-1]) + 1 / info.fps

    return dataset.episode(index, Rows(path, columns, 0, table), listed, video, _NO_METADATA)
