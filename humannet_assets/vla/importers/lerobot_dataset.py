"""What the episodes of a LeRobot 2 or 3 data set share, and how one is put together from its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from humannet_assets.vla.episodes import CameraRef, EpisodeError, ImageRef, RawEpisode
from humannet_assets.vla.importers.cameras import find_video
from humannet_assets.vla.importers.lerobot_meta import (
    Info,
    Slice,
    fields_of,
    instruction_of,
    load_info,
    load_modality,
    load_tasks,
    success_of,
    times_of,
)
from humannet_assets.vla.importers.reading import ReadLimits

VideoSpan = tuple[str, float, float]
"""Path of a video inside the data set, and the seconds an episode begins and ends at in it."""


@dataclass(frozen=True)
class Rows:
    """The rows of an episode: the file, the columns it has, the first row in it, and the columns that were read."""

    path: Path
    columns: Sequence[str]
    first: int
    table: pa.Table


@dataclass(frozen=True)
class LeRobotDataset:
    """`meta/` of a data set, read."""

    root: Path
    name: str
    info: Info
    tasks: Mapping[int, str]
    slices: Mapping[str, Slice]
    limits: ReadLimits

    @classmethod
    def open(cls, root: Path, name: str, limits: ReadLimits) -> LeRobotDataset:
        """Read what `meta/` says of the whole.

        Raises:
            UnreadableDatasetError: A file of it is missing or damaged.
        """
        info = load_info(root / "meta" / "info.json", limits)
        return cls(root, name, info, load_tasks(root, limits), load_modality(root, limits), limits)

    def episode(
        self, index: int, rows: Rows, listed: Mapping[str, Any], video: Callable[[str], VideoSpan], leave_out: tuple[str, ...]
    ) -> RawEpisode:
        """An episode from its rows.

        Args:
            index: Its number.
            rows: Its rows.
            listed: What `meta/` says of it.
            video: Where the pictures of a video column are, not counting that an episode's times may begin after 0.
            leave_out: Beginnings of the keys of `listed` that are no metadata.

        Raises:
            EpisodeError: The rows contradict what is declared of them, or there are none or too many.
        """
        place = f"{rows.path}: episode {index}"
        if not rows.table.num_rows:
            raise EpisodeError("empty", f"{place}: there are no rows; remove the episode")
        times_s, rate_source = times_of(rows.table, self.info.fps, place)
        cameras, missing = self._cameras(rows, float(times_s[0]), video)
        instruction, words = instruction_of(rows.table, self.tasks, listed.get("tasks"))
        succeeded, told = success_of(rows.table), listed.get("success")
        about = {"instructions": words, "version": self.info.version, "fps": self.info.fps, "length": listed.get("length")}
        return RawEpisode(
            path=rows.path,
            index=index,
            source=self.name,
            robot_type=self.info.robot_type,
            timestamps_s=times_s,
            frames=len(times_s),
            fields=fields_of(rows.table, self.info, self.slices, place, self.limits),
            instruction=instruction,
            cameras=cameras,
            missing_cameras=missing,
            success=succeeded if succeeded is not None or not isinstance(told, bool) else told,
            rate_source=rate_source,
            metadata={**{key: value for key, value in listed.items() if not key.startswith(leave_out)}, **about},
        )

    def _cameras(
        self, rows: Rows, first_s: float, video: Callable[[str], VideoSpan]
    ) -> tuple[dict[str, CameraRef], dict[str, str]]:
        cameras: dict[str, CameraRef] = {}
        missing: dict[str, str] = {}
        for key, name in self.info.camera_names().items():
            feature = self.info.features[key]
            if feature.dtype == "image":
                if key in rows.columns:
                    height, width = _picture_size(feature.shape, feature.names)
                    cameras[name] = ImageRef(rows.path, "parquet", key, rows.first, rows.table.num_rows, width, height)
                else:
                    missing[name] = f"missing: {rows.path} has no column {key!r}"
                continue
            try:
                relative, start_s, end_s = video(key)
            except EpisodeError as error:
                missing[name] = f"missing: {error}"
                continue
            found = find_video(self.root, relative, start_s + first_s, end_s, str(self.info.path))
            if isinstance(found, str):
                missing[name] = found
            else:
                cameras[name] = found
        return cameras, missing


def _picture_size(shape: tuple[int, ...], names: tuple[str, ...]) -> tuple[int, int]:
    """Height and width of a picture column, channels first or last; (0, 0) where it is no picture's shape."""
    if len(shape) != 3:
        return 0, 0
    channels_first = names[:1] in (("channel",), ("channels",)) or (not names and shape[0] in (1, 3, 4) and shape[2] > 4)
    return (shape[1], shape[2]) if channels_first else (shape[0], shape[1])
