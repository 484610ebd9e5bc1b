"""Stored episodes as a LeRobot v3 data set that other people's training code reads.

Every frame is 1/15 s. `action` is what is to be reached at the next frame, in the action space (32 numbers, docs/vla.md)
relative to this frame and along the axes of its camera; `observation.state` are the hands now. LeRobot takes no holes, so what
is not known is 0 and `known.action`, `known.state` say which is which (1 known). `observation.wrist_pose` and
`observation.camera_pose` are absolute, so that chunks of any length can be made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from humannet_assets.media.access import MediaAccess
from humannet_assets.media.frames import RGB
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.vla.actions import DIM_NAMES, ChunkConfig
from humannet_assets.vla.chunks import EpisodeChoice, EpisodeChunks, episode_ids, read_episodes
from humannet_assets.vla.lerobot.layout import Extra, ExtraType, Format, FormatError
from humannet_assets.vla.lerobot.writer import DatasetWriter
from humannet_assets.vla.motion import SIDES
from humannet_assets.vla.pictures import PictureError
from humannet_assets.vla.resample import ACTION_RATE_HZ

CAMERA = "observation.images.anchor"
_POSE = ("x", "y", "z", "qx", "qy", "qz", "qw")
_VECTORS = {
    "action": DIM_NAMES,
    "observation.state": DIM_NAMES,
    "known.action": DIM_NAMES,
    "known.state": DIM_NAMES,
    "observation.wrist_pose": tuple(f"{side}_{part}" for side in SIDES for part in _POSE),
    "observation.camera_pose": _POSE,
}
_EXTRAS: dict[str, ExtraType] = {
    "source_dataset": "string", "episode_row_id": "string", "eval_group": "string", "robot": "string",
}  # fmt: skip


class NothingToExportError(ValueError):
    """There is no episode to write; the message says what to do."""


@dataclass
class ExportReport:
    """What was written: episodes by split, frames, and why others were left out."""

    folder: Path
    train: int = 0
    validation: int = 0
    frames: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def export_lerobot(
    store: LanceStore, choice: EpisodeChoice, folder: Path, size: tuple[int, int], access: MediaAccess | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ExportReport:  # fmt: skip
    """Write episodes, training ones first; run again, it goes on where it was stopped.

    Args:
        store: The store.
        choice: Which episodes; its chunks are not looked at.
        folder: Where to.
        size: Width and height of the pictures; others are fitted in with black bars.
        access: Stages videos that lie in an object store.
        progress: Called with episodes done and to do.

    Raises:
        NothingToExportError: No episode fits the choice.
        DatasetError: The folder holds something else, or no space is left.
        FormatError: A size H.264 cannot hold.
    """
    form = Format(
        round(ACTION_RATE_HZ), "human_hands" if choice.kind == "human" else "robots", _VECTORS, {CAMERA: size}, _EXTRAS
    )
    single = choice.model_copy(update={"chunks": ChunkConfig(steps=1)})
    report = ExportReport(folder)
    # Names only: the numbers of all episodes at once would not fit into memory.
    planned = sorted(
        ((item.split, item.episode_id) for item in _readable(store, single, access, report)),
        key=lambda pair: (pair[0] != "train", pair[1]),
    )
    if not planned:
        why = "; ".join(sorted(set(report.left_out.values()))) or "none is stored, or none passes the gate (try --all)"
        raise NothingToExportError(f"no {choice.kind} episode to export: {why}. Materialise {choice.kind}_episodes first.")
    report.train = sum(split == "train" for split, _ in planned)
    report.validation = len(planned) - report.train
    source = {"kind": choice.kind, "episodes": stable_id(*(name for _, name in planned)), "size": list(size)}
    with DatasetWriter(folder, form, source=source) as writer:
        for index in writer.missing(len(planned)):
            (item,) = read_episodes(store, single, access, ids=[planned[index][1]])
            extras: dict[str, Extra] = {
                "source_dataset": item.dataset, "episode_row_id": item.episode_id, "eval_group": item.eval_group,
                "robot": item.robot,
            }  # fmt: skip
            with writer.episode(index, item.instruction, extras) as episode:
                for vectors, picture in episode_frames(item, size):
                    episode.add(vectors, {CAMERA: picture})
            if progress:
                progress(index + 1, len(planned))
        splits = {"train": f"0:{report.train}"}
        if report.validation:
            splits["validation"] = f"{report.train}:{len(planned)}"
        writer.finish(len(planned), splits=splits)
        report.frames = writer.frames
    return report


def _readable(
    store: LanceStore, choice: EpisodeChoice, access: MediaAccess | None, report: ExportReport
) -> Iterator[EpisodeChunks]:
    """Episodes with words and a picture; the others are noted."""
    for item in read_episodes(store, choice, access, ids=episode_ids(store, choice)):
        if not item.instruction.strip():
            report.left_out[item.episode_id] = "no instruction"
            continue
        try:
            list(item.pictures([0, len(item) - 1]))
        except PictureError as error:
            report.left_out[item.episode_id] = str(error)
            continue
        yield item


def episode_frames(item: EpisodeChunks, size: tuple[int, int]) -> Iterator[tuple[dict[str, Any], RGB]]:
    """Vectors and picture of each frame of an episode whose chunks have one step each.

    Frames run from the first known action to the last without holes: where none is known, all are 0 and marked, and the picture
    before stands in.
    """
    chunks = item.chunks
    nothing = {key: np.zeros(len(names), np.float32) for key, names in _VECTORS.items()}
    step, shown = int(chunks.anchor_index[0]), np.zeros((size[1], size[0], 3), np.uint8)
    for number, picture in item.pictures(range(len(item))):
        for _ in range(step, int(chunks.anchor_index[number])):
            yield nothing, shown
        step, shown = int(chunks.anchor_index[number]) + 1, fitted(picture, size)
        yield (
            {
                "action": chunks.actions[number, 0],
                "observation.state": chunks.state[number],
                "known.action": chunks.mask[number, 0].astype(np.float32),
                "known.state": chunks.state_mask[number].astype(np.float32),
                "observation.wrist_pose": np.nan_to_num(chunks.anchor_wrist[number].reshape(-1)),
                "observation.camera_pose": np.nan_to_num(chunks.camera[number]),
            },
            shown,
        )


def fitted(picture: RGB, size: tuple[int, int]) -> RGB:
    """A picture scaled into width x height, its proportions kept, the rest black."""
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    if inner == size == (width, height):
        return picture
    result = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    scaled = Image.fromarray(picture).resize(inner, Image.Resampling.BILINEAR)
    result[top : top + inner[1], left : left + inner[0]] = np.asarray(scaled)
    return result


def parse_size(text: str) -> tuple[int, int]:
    """Width and height from e.g. "320x240".

    Raises:
        FormatError: It is something else.
    """
    parts: Sequence[str] = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise FormatError(f"{text!r} is no size; write width and height, e.g. 320x240")
    return int(parts[0]), int(parts[1])
