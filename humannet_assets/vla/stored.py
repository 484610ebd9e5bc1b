"""Motions as rows of `robot_episodes` and `human_episodes` hold them: to columns and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from humannet_assets.vla.actions import DIM_NAMES, HANDS, ActionChunks
from humannet_assets.vla.episodes import Floats
from humannet_assets.vla.motion import Motion

MOTION_NAMES = (
    "motion_times_s", "wrist", "grip", "joints", "camera", "wrist_target", "grip_target", "joint_target", "frame_index",
    "reference",
)  # fmt: skip
"""Columns a motion is made of."""


def motion_columns(motion: Motion, chunks: ActionChunks, weights: npt.NDArray[np.float32]) -> dict[str, Any]:
    """The columns `MOTION_COLUMNS` of a motion at the action space's rate and the chunks cut from it."""
    known = np.asarray(chunks.mask.any(axis=(0, 1)))
    return {
        "step_count": len(motion.times_s),
        "chunk_count": len(chunks),
        "known_dims": [name for name, there in zip(DIM_NAMES, known, strict=True) if there],
        "weights": weights.tolist(),
        "motion_times_s": motion.times_s.tolist(),
        "wrist": _rows(motion.wrist),
        "grip": _rows(motion.grip),
        "joints": _rows(motion.joints) if np.isfinite(motion.joints).any() else [],
        "camera": _rows(motion.camera),
        "wrist_target": _rows(motion.wrist_target),
        "grip_target": _rows(motion.grip_target),
        "joint_target": _rows(motion.joint_target),
        "frame_index": [] if motion.frame_index is None else motion.frame_index.tolist(),
        "reference": motion.reference,
    }


def stored_motion(row: Mapping[str, Any]) -> Motion:
    """The motion of a row with the columns `MOTION_NAMES`. Quaternions come back with unit norm; float32 had rounded them."""
    times_s = np.asarray(row["motion_times_s"], np.float64)
    count = len(times_s)

    def values(name: str, *shape: int) -> Floats | None:
        stored: Sequence[Any] = row[name] or ()
        return np.asarray(stored, np.float64).reshape(count, *shape) if len(stored) else None

    def poses(name: str, *shape: int) -> Floats | None:
        found = values(name, *shape, 7)
        if found is not None:
            found[..., 3:] /= np.linalg.norm(found[..., 3:], axis=-1, keepdims=True)
        return found

    wrist, grip, joints = poses("wrist", 2), values("grip", 2), values("joints", 2, 7)
    frames: Sequence[int] = row["frame_index"] or ()
    return Motion(
        times_s=times_s,
        wrist=np.full((count, 2, 7), np.nan) if wrist is None else wrist,
        grip=np.full((count, 2), np.nan) if grip is None else grip,
        joints=np.full((count, 2, 7), np.nan) if joints is None else joints,
        camera=poses("camera"),
        wrist_target=poses("wrist_target", 2),
        grip_target=values("grip_target", 2),
        joint_target=values("joint_target", 2, 7),
        frame_index=np.asarray(frames, np.int64) if len(frames) else None,
        reference=row["reference"] or "",
    )


def mask_unknown_wrists(chunks: ActionChunks, head_motion: str) -> ActionChunks:
    """Mask what a person's chunks do not know of the wrists because the head may have moved; see `HUMAN_EPISODES`.

    Shifts need the camera's position, rotations only its orientation. States need neither: they are of the anchor's camera.
    """
    hidden = {"known": (), "still": (), "rotation": ("position",)}.get(head_motion, ("position", "rotation"))
    if not hidden:
        return chunks
    mask = chunks.mask.copy()
    for slots in HANDS:
        for part in hidden:
            mask[..., getattr(slots, part)] = False
    return replace(chunks, mask=mask, actions=np.where(mask, chunks.actions, np.float32(0)))


def _rows(values: Floats | None) -> list[list[float]]:
    """Values (T, ...) as T rows of float32 numbers; empty for None."""
    return [] if values is None else values.astype(np.float32).reshape(len(values), -1).tolist()
