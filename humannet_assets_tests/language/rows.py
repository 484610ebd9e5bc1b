"""Small rows of the tables the language steps read, with the values a test cares about."""

from __future__ import annotations

from typing import Any

import numpy as np

from humannet_assets.store.step import Media, Unit
from humannet_assets.store.tables import FILTERED_CLIPS

RATE_HZ = 10.0
FOCAL_PX = 500.0


def hand(track_id: str = "h", side: str = "right", start_s: float = 0.0, positions: Any = None, **more: Any) -> dict[str, Any]:
    """A hand track at 10 Hz; `positions` (n, 3) metres in the camera frame.

    The gap between thumb and index finger in the picture is that of `aperture_m`, unless `seen_gap_m` (n,) says otherwise.
    """
    positions = np.tile([0.0, 0.0, 0.5], (21, 1)) if positions is None else np.asarray(positions, dtype=float)
    count = len(positions)
    times = [start_s + index / RATE_HZ for index in range(count)]
    aperture_m = more.get("aperture_m", [0.08] * count)
    landmarks_px = np.zeros((count, 21, 2))
    landmarks_px[:, 4, 0] = np.asarray(more.pop("seen_gap_m", aperture_m)) * FOCAL_PX / np.maximum(positions[:, 2], 1e-9)
    return {
        "track_id": track_id,
        "side": side,
        "start_s": times[0],
        "end_s": times[-1],
        "times_s": times,
        "frame_count": count,
        "valid_frames": count,
        "coverage": 1.0,
        "confidence": 0.9,
        "observed": [True] * count,
        "frame_confidence": [0.9] * count,
        "wrist_position_m": positions.tolist(),
        "aperture_m": aperture_m,
        "landmarks_px": landmarks_px.reshape(count, 42).tolist(),
        "focal_px": FOCAL_PX,
        "wrist_speed_mean": 0.3,
    } | more


def body(track_id: str = "b", start_s: float = 0.0, hips: Any = None, torso_px: Any = 100.0, **more: Any) -> dict[str, Any]:
    """A body track at 10 Hz; `hips` (n, 2) pixels, `torso_px` one length or one per frame."""
    hips = np.tile([320.0, 240.0], (21, 1)) if hips is None else np.asarray(hips, dtype=float)
    count = len(hips)
    torso = np.broadcast_to(np.asarray(torso_px, dtype=float), (count,))
    points = np.repeat(hips[:, None], 33, axis=1)
    points[:, [11, 12], 1] -= torso[:, None]
    times = [start_s + index / RATE_HZ for index in range(count)]
    return {
        "track_id": track_id,
        "is_main": True,
        "start_s": times[0],
        "end_s": times[-1],
        "times_s": times,
        "frame_count": count,
        "valid_frames": count,
        "coverage": 1.0,
        "visibility": 0.9,
        "height_share": 0.7,
        "speed_mean": 0.0,
        "limb_speed_mean": 0.1,
        "observed": [True] * count,
        "landmarks_px": points.reshape(count, 66).tolist(),
        "landmarks_world_m": np.zeros((count, 99)).tolist(),
        "landmark_visibility": np.full((count, 33), 0.9).tolist(),
    } | more


def segment(segment_id: str, actor: str, track_id: str | None, start_s: float, end_s: float, **more: Any) -> dict[str, Any]:
    """An atomic, acting segment."""
    return {
        "segment_id": segment_id,
        "parent_segment_id": None,
        "level": "atomic",
        "actor": actor,
        "track_id": track_id,
        "start_s": start_s,
        "end_s": end_s,
        "valid_ratio": 1.0,
        "mean_speed": 0.3,
        "is_idle": False,
    } | more


def unit(clip_id: str = "clip", start_s: float = 0.0, end_s: float = 2.0, path: str = "", **tables: Any) -> Unit:
    """A clip with the given rows by table name."""
    clip = {"row_id": clip_id, "start_s": start_s, "end_s": end_s, "video_id": "video"}
    media = Media("video", path, path) if path else None
    return Unit(clip_id, "video", "2026-01-01", {FILTERED_CLIPS.name: [clip], **tables}, media)
