"""What a policy is trained and judged on: action chunks of stored episodes, human or robot, with where their pictures lie.

Example:
    >>> for item in read_episodes(store, EpisodeChoice(kind="human", splits=("train",))):  # doctest: +SKIP
    ...     item.chunks.actions, item.chunks.mask, item.weights  # (N, 16, 32), (N, 16, 32), (32,)
    ...     item.chunks.state, item.instruction  # (N, 32), words
    ...     pictures = dict(item.pictures([0, 5]))  # RGB at the anchors of chunks 0 and 5
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from humannet_assets.media.access import MediaAccess
from humannet_assets.media.frames import RGB
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.step import StepConfig
from humannet_assets.store.tables import HUMAN_EPISODES, ROBOT_EPISODES, VIDEO_FILES
from humannet_assets.vla.actions import ActionChunks, ChunkConfig, Float32s, cut_chunks
from humannet_assets.vla.episodes import CameraRef, Floats, ImageRef, VideoRef
from humannet_assets.vla.pictures import PictureError, pictures
from humannet_assets.vla.settings import EvalGroup, Split
from humannet_assets.vla.statistics import ActionStatistics, StatisticsFitter
from humannet_assets.vla.stored import MOTION_NAMES, mask_unknown_wrists, stored_motion

Kind = Literal["human", "robot"]

TABLES = {"human": HUMAN_EPISODES, "robot": ROBOT_EPISODES}

_BATCH = 64
"""Episodes whose numbers are in memory at a time."""
_OWN = {
    "human": ("source_id", "start_s", "end_s", "image_width", "image_height", "head_motion"),
    "robot": ("source_id", "dataset", "cameras", "anchor_camera", "times_s", "robot"),
}
_SHARED = ("row_id", "video_id", "instruction", "split", "eval_group", "duration_s", "weights")


class EpisodeChoice(StepConfig):
    """Which stored episodes, and how chunks are cut from them."""

    kind: Kind = Field(description="human or robot.")
    splits: tuple[Split, ...] = Field(default=("train", "validation"), description="Training, validation or both.")
    eval_groups: tuple[EvalGroup, ...] = Field(default=(), description="Validation groups; empty for all.")
    datasets: tuple[str, ...] = Field(
        default=(), description="Catalog entries (people) or data sets (robots), by name; empty for all."
    )
    robot_ready: bool = Field(
        default=True, description="Only clips that pass the gate; others are for representation learning. People only."
    )
    camera: str | None = Field(default=None, description="Camera of the pictures; the anchor camera by default. Robots only.")
    chunks: ChunkConfig = Field(default=ChunkConfig(), description="How chunks are cut.")


@dataclass(frozen=True, eq=False)
class EpisodeChunks:
    """One episode's chunks.

    Attributes:
        kind: human or robot.
        episode_id: Row id of the episode's table: clip (people) or recording (robots).
        dataset: Catalog entry (people) or data set (robots).
        split: train or validation.
        eval_group: in_domain or the validation group it is held out for.
        instruction: What is done.
        robot: Name of the robot's mapping; "human".
        duration_s: Length of the episode.
        chunks: Actions, masks, states; `frame_index` counts entries of `picture_times_s`.
        weights: (32,) weight of each dim in the loss.
        camera: Where the anchor camera's pictures lie; None where the episode has none.
        picture_times_s: (T,) times of the frames, as `vla.pictures` wants them.
        video_id: The video, for people.
    """

    kind: Kind
    episode_id: str
    dataset: str
    split: Split
    eval_group: str
    instruction: str
    robot: str
    duration_s: float
    chunks: ActionChunks
    weights: Float32s
    camera: CameraRef | None
    picture_times_s: Floats
    video_id: str | None

    def __len__(self) -> int:
        return len(self.chunks)

    def pictures(self, indices: Sequence[int]) -> Iterator[tuple[int, RGB]]:
        """Pictures at the anchors of some chunks, in ascending order.

        Yields:
            Chunk number and picture (height, width, 3) uint8 RGB.

        Raises:
            PictureError: A picture is missing or damaged, or the episode has none.
        """
        if self.camera is None:
            raise PictureError(f"{self.kind} episode {self.episode_id} has no pictures of that camera")
        chosen = sorted({int(index) for index in indices})
        frames = [int(self.chunks.frame_index[index]) for index in chosen]
        place = 0
        # Anchors ascend, so do their frames: one picture is in memory at a time.
        for frame, picture in pictures(self.camera, sorted(set(frames)), self.picture_times_s):
            while place < len(chosen) and frames[place] == frame:
                yield chosen[place], picture
                place += 1


def read_episodes(
    store: LanceStore, choice: EpisodeChoice, access: MediaAccess | None = None, *, ids: Sequence[str] | None = None
) -> Iterator[EpisodeChunks]:
    """Kept episodes in the order of their ids, a batch in memory at a time. Episodes without a chunk are left out.

    Args:
        store: The store.
        choice: Which ones.
        access: Stages videos that lie in an object store; local files need none.
        ids: Only these (see `episode_ids`), in their order of ids.
    """
    wanted = episode_ids(store, choice) if ids is None else sorted(ids)
    table = TABLES[choice.kind]
    columns = [*_SHARED, *_OWN[choice.kind], *MOTION_NAMES]
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        rows = store.arrow(table, columns, f"row_id IN ({quoted(batch)})").sort_by("row_id").to_pylist()
        places = _video_paths(store, rows, access) if choice.kind == "human" else {}
        for row in rows:
            item = _human(row, choice, places) if choice.kind == "human" else _robot(row, choice)
            if len(item):
                yield item


def episode_ids(store: LanceStore, choice: EpisodeChoice) -> list[str]:
    """Row ids of the chosen episodes that hold chunks, ascending; reads no motion."""
    conditions = ["outcome = 'kept'", "chunk_count > 0", f"split IN ({quoted(choice.splits)})"]
    if choice.eval_groups:
        conditions.append(f"eval_group IN ({quoted(choice.eval_groups)})")
    if choice.datasets:
        name = "source_id" if choice.kind == "human" else "dataset"
        conditions.append(f"{name} IN ({quoted(choice.datasets)})")
    if choice.kind == "human" and choice.robot_ready:
        conditions.append("robot_ready")
    return sorted(store.read(TABLES[choice.kind], ["row_id"], " AND ".join(conditions))["row_id"].to_list())


def training_statistics(store: LanceStore, choice: EpisodeChoice, seed: int = 0) -> dict[str, ActionStatistics]:
    """Statistics to normalise by, from training episodes only: of "actions" and "states" (PAPERS: per source).

    Args:
        store: The store.
        choice: Which episodes; its splits are not looked at.
        seed: Of the sample percentiles are taken from.

    Raises:
        ValueError: No training episode has a known action.
    """
    training = choice.model_copy(update={"splits": ("train",)})
    ids = episode_ids(store, training)
    name = f"{choice.kind}: {', '.join(choice.datasets) or 'all'}"
    allowed = frozenset(ids)
    actions = StatisticsFitter(name, allowed, np.random.default_rng([seed, 0]))
    states = StatisticsFitter(name, allowed, np.random.default_rng([seed, 1]))
    for item in read_episodes(store, training, ids=ids):
        actions.add(item.episode_id, item.chunks.actions, item.chunks.mask)
        states.add(item.episode_id, item.chunks.state, item.chunks.state_mask)
    return {"actions": actions.finish(), "states": states.finish()}


def _human(row: Mapping[str, Any], choice: EpisodeChoice, places: Mapping[str, Path]) -> EpisodeChunks:
    motion = stored_motion(row)
    path = places.get(row["video_id"])
    times_s = motion.times_s
    camera = None
    if path is not None and len(times_s):
        end_s = float(times_s[-1]) + 1.0
        camera = VideoRef(path, float(times_s[0]), end_s, row["image_width"], row["image_height"], 0.0)
    chunks = mask_unknown_wrists(cut_chunks(motion, choice.chunks), row["head_motion"])
    return _chunks(row, choice, chunks, row["source_id"], "human", camera, times_s)


def _robot(row: Mapping[str, Any], choice: EpisodeChoice) -> EpisodeChunks:
    refs = json.loads(row["cameras"] or "{}")
    found = refs.get(choice.camera or row["anchor_camera"]) or (None if choice.camera else next(iter(refs.values()), None))
    times_s = np.asarray(row["times_s"], np.float64)
    camera = None if found is None else camera_ref(found)
    chunks = cut_chunks(stored_motion(row), choice.chunks)
    return _chunks(row, choice, chunks, row["dataset"], row["robot"], camera, times_s)


def _chunks(
    row: Mapping[str, Any], choice: EpisodeChoice, chunks: ActionChunks, dataset: str, robot: str, camera: CameraRef | None,
    times_s: Floats,
) -> EpisodeChunks:  # fmt: skip
    return EpisodeChunks(
        kind=choice.kind, episode_id=row["row_id"], dataset=dataset, split=row["split"], eval_group=row["eval_group"],
        instruction=row["instruction"] or "", robot=robot, duration_s=float(row["duration_s"] or 0.0), chunks=chunks,
        weights=np.asarray(row["weights"], np.float32), camera=camera, picture_times_s=times_s, video_id=row["video_id"],
    )  # fmt: skip


def _video_paths(store: LanceStore, rows: Sequence[Mapping[str, Any]], access: MediaAccess | None) -> dict[str, Path]:
    """Where the bytes of each video lie on this machine."""
    ids = sorted({row["video_id"] for row in rows})
    if not ids:
        return {}
    files = store.read(
        VIDEO_FILES, ["video_id", "uri", "fingerprint"], f"outcome = 'kept' AND video_id IN ({quoted(ids)})"
    ).sort("video_id", "uri")
    places: dict[str, Path] = {}
    for video_id, uri, fingerprint in files.iter_rows():
        if video_id in places:
            continue
        if access is not None:
            places[video_id] = Path(access.local_path(uri, fingerprint, video_id))
        elif "://" not in uri:
            places[video_id] = Path(uri)
    return places


def camera_json(cameras: Mapping[str, CameraRef]) -> str:
    """Where pictures lie, as the column `cameras` holds it."""
    stored = {}
    for name, ref in cameras.items():
        stored[name] = {"type": "video" if isinstance(ref, VideoRef) else "images", **vars(ref), "path": str(ref.path)}
    return json.dumps(stored, sort_keys=True)


def camera_ref(stored: Mapping[str, Any]) -> CameraRef:
    """A camera of the column `cameras`."""
    values = {name: value for name, value in stored.items() if name != "type"}
    values["path"] = Path(values["path"])
    return VideoRef(**values) if stored["type"] == "video" else ImageRef(**values)
