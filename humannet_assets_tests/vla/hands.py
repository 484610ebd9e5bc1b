"""Made-up hand tracks whose truth is known: rows as `hand_tracks` and its neighbours hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from humannet_assets.vla.retarget import hand_frames

RATE_HZ = 10.0


def landmarks(opening_m: np.ndarray, side: str = "right") -> np.ndarray:
    """Landmarks (T, 21, 3) of a hand whose thumb and fingers are `opening_m` (T,) apart, seen from above."""
    mirror = 1.0 if side == "right" else -1.0
    base = np.zeros((21, 3))
    for finger, x in zip(range(4), (-0.03, -0.01, 0.01, 0.03), strict=True):
        for joint in range(4):
            base[5 + 4 * finger + joint] = [mirror * x, -0.08 - 0.02 * joint, 0.01 * joint]
    base[1:4] = np.linspace([0, 0, 0], [-0.03 * mirror, -0.06, 0.02], 4)[1:]
    points = np.repeat(base[None], len(opening_m), axis=0)
    middle = np.array([-0.02 * mirror, -0.13, 0.04])
    half = opening_m[:, None] / 2 * np.array([0.0, 0.0, 1.0])
    points[:, 4] = middle + half
    # The virtual finger is .7 index + .3 middle: with both tips in one place it is there.
    points[:, 8] = points[:, 12] = middle - half
    return points


def track(
    position: np.ndarray, rotation: Rotation, opening_m: np.ndarray, *, side: str = "right", observed: np.ndarray | None = None,
    start_s: float = 0.0, **changes: Any,
) -> dict[str, Any]:  # fmt: skip
    """A row of `hand_tracks`: a wrist (T, 3) in the camera of each moment, the hand's axes as `rotation`."""
    count = len(position)
    seen = np.ones(count, bool) if observed is None else observed
    world = landmarks(opening_m, side)
    row = {
        "track_id": f"{side}-{start_s}", "clip_id": "clip", "side": side, "coverage": float(seen.mean()), "confidence": 0.9,
        "image_width": 640, "image_height": 480, "focal_px": 500.0, "pnp_error_px": 2.0,
        "times_s": (start_s + np.arange(count) / RATE_HZ).tolist(), "observed": seen.tolist(),
        "landmarks_world_m": world.reshape(count, 63).tolist(), "wrist_position_m": position.tolist(),
        "wrist_rotvec": rotation.as_rotvec().reshape(-1, 3).tolist(),
    }  # fmt: skip
    return {**row, **changes}


def axes(side: str = "right") -> Rotation:
    """Orientation of the made-up hand before it turns."""
    return Rotation.from_matrix(hand_frames(landmarks(np.array([0.05]), side), side)[0])


def poses(position: np.ndarray, rotation: Rotation, kind: str = "tum") -> dict[str, Any]:
    """A row of `known_cameras`: world <- camera poses at the hand tracks' times."""
    return {
        "format": kind, "times_s": (np.arange(len(position)) / RATE_HZ).tolist(),
        "rotvec": rotation.as_rotvec().reshape(-1, 3).tolist(), "position_m": position.tolist(),
    }  # fmt: skip


def trajectory(rotation: Rotation, rate_deg_s: float = 20.0, parallax_px: float = 3.0) -> dict[str, Any]:
    """A row of `camera_trajectories`: camera <- first camera, of poses world <- camera."""
    relative = rotation.inv() * rotation[0]
    return {
        "times_s": (np.arange(len(relative)) / RATE_HZ).tolist(), "rotvec": relative.as_rotvec().tolist(),
        "rotation_rate_deg_s": rate_deg_s, "parallax_px": parallax_px,
    }  # fmt: skip
