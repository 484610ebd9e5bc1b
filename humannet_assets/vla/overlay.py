"""What the action space makes of a clip, drawn on its pictures: the hand that was seen, and the gripper that would do the same.

The gripper is drawn from the stored motion (wrist, grip, camera), not from the hand's landmarks: where it does not lie on the
thumb and the finger opposite, the actions are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from humannet_assets.figures.episodes import EpisodePicture, OverlayFrame, OverlayHand
from humannet_assets.media.access import MediaAccess
from humannet_assets.media.frames import RGB
from humannet_assets.media.stills import stills
from humannet_assets.perception.pinhole import INTRINSICS, Pinhole
from humannet_assets.store.compute import Compute
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.tables import HAND_TRACKS, HUMAN_EPISODES, KNOWN_CAMERAS, VIDEO_FILES
from humannet_assets.vla.actions import in_camera
from humannet_assets.vla.episodes import Floats
from humannet_assets.vla.motion import SIDES, Motion, resting
from humannet_assets.vla.retarget import gripper_tips
from humannet_assets.vla.settings import HumanConfig
from humannet_assets.vla.stored import MOTION_NAMES, stored_motion

LONGER_SIDE_PX = 320
FRAMES = 6
_COLUMNS = (
    "row_id", "video_id", "instruction", "robot_ready", "retarget_error_mm", "coverage", "head_motion", "gripper_offset",
    "image_width", "image_height", "focal_px", *MOTION_NAMES,
)  # fmt: skip


def overlays(
    store: LanceStore, compute: Compute, access: MediaAccess, config: HumanConfig, count: int, where: str = ""
) -> list[EpisodePicture]:
    """Some episodes as pictures: those with the smallest ids, frames spread evenly over each.

    Args:
        store: The store.
        compute: Where frames are decoded.
        access: Opens the files.
        config: The gripper that was drawn with.
        count: How many episodes.
        where: Further condition on rows of `human_episodes`.
    """
    condition = " AND ".join(["outcome = 'kept'", "chunk_count > 0", *([where] if where else [])])
    ids = sorted(store.read(HUMAN_EPISODES, ["row_id"], condition)["row_id"].to_list())[:count]
    if not ids:
        return []
    rows = store.arrow(HUMAN_EPISODES, _COLUMNS, f"row_id IN ({quoted(ids)})").sort_by("row_id").to_pylist()
    tracks = store.arrow(
        HAND_TRACKS,
        ["clip_id", "side", "times_s", "observed", "landmarks_px"],
        f"outcome = 'kept' AND clip_id IN ({quoted(ids)})",
    ).to_pylist()
    videos = sorted({row["video_id"] for row in rows})
    known = store.arrow(
        KNOWN_CAMERAS, ["video_id", *INTRINSICS], f"outcome = 'kept' AND video_id IN ({quoted(videos)}) AND fx IS NOT NULL"
    ).to_pylist()
    files = store.read(VIDEO_FILES, ["video_id", "uri", "fingerprint"], f"outcome = 'kept' AND video_id IN ({quoted(videos)})")
    places = {row["video_id"]: row for row in files.sort("uri", descending=True).iter_rows(named=True)}
    chosen = [_chosen_steps(row) for row in rows]
    tasks = []
    for row, steps in zip(rows, chosen, strict=True):
        place = places[row["video_id"]]
        times_s = [float(row["motion_times_s"][step]) for step in steps]
        tasks.append((place["uri"], place["fingerprint"], row["video_id"], times_s, access))
    decoded = compute.call(frames_at, tasks)
    frames: dict[int, list[RGB]] = {index: result for index, result in decoded if isinstance(result, list)}
    pictures = []
    for index, (row, steps) in enumerate(zip(rows, chosen, strict=True)):
        camera = Pinhole.of(
            row["image_width"], row["image_height"], [own for own in known if own["video_id"] == row["video_id"]]
        )
        own = [track for track in tracks if track["clip_id"] == row["row_id"]]
        pictures.append(_picture(row, steps, frames.get(index), own, camera, config))
    return pictures


def frames_at(uri: str, fingerprint: str, video_id: str, times_s: Sequence[float], access: MediaAccess) -> list[RGB]:
    """The frames of a video nearest to some ascending times, small; runs in a worker.

    Raises:
        LookupError: One could not be decoded.
    """
    decoded: list[RGB] = []
    found = stills(access.local_path(uri, fingerprint, video_id), times_s, LONGER_SIDE_PX)
    for time_s, frame in zip(times_s, found, strict=True):
        if frame is None:
            raise LookupError(f"{uri}: no frame near {time_s:.2f} s could be decoded")
        decoded.append(frame)
    return decoded


def _chosen_steps(row: dict[str, Any]) -> list[int]:
    count = len(row["motion_times_s"])
    return sorted({round(share * (count - 1)) for share in np.linspace(0.08, 0.92, FRAMES)})


def _picture(
    row: dict[str, Any], steps: Sequence[int], frames: Sequence[RGB] | None, tracks: Sequence[dict[str, Any]], camera: Pinhole,
    config: HumanConfig,
) -> EpisodePicture:  # fmt: skip
    motion = stored_motion(row)
    size = np.array([camera.width, camera.height], np.float64)
    shown = []
    for place, step in enumerate(steps):
        hands = [
            OverlayHand(
                side, _landmarks(tracks, side, motion.times_s[step], size), _gripper(row, motion, step, index, camera, config)
            )
            for index, side in enumerate(SIDES)
        ]
        shown.append(OverlayFrame(float(motion.times_s[step]), None if frames is None else frames[place], tuple(hands)))
    error = "no retargeting" if row["retarget_error_mm"] is None else f"retarget error {row['retarget_error_mm']:.1f} mm"
    verdict = "robot ready" if row["robot_ready"] else "not robot ready"
    title = f"{row['row_id'][:8]} {verdict}: {error}, coverage {row['coverage']:.2f}, head {row['head_motion']}"
    wrist = in_camera(motion.wrist, np.broadcast_to(_cameras(motion)[:1, None], motion.wrist.shape))[..., :3]
    return EpisodePicture(title, row["instruction"] or "", tuple(shown), motion.times_s, wrist, motion.grip)


def _cameras(motion: Motion) -> Floats:
    return resting(len(motion.times_s)) if motion.camera is None else motion.camera


def _landmarks(tracks: Sequence[dict[str, Any]], side: str, time_s: float, size: Floats) -> Floats | None:
    """Landmarks (21, 2) of the hand as seen nearest to a time, in shares of the picture; None where there is none."""
    for track in tracks:
        times_s = np.asarray(track["times_s"])
        nearest = int(np.abs(times_s - time_s).argmin())
        if track["side"] == side and track["observed"][nearest] and abs(times_s[nearest] - time_s) <= 0.1:
            return np.asarray(track["landmarks_px"][nearest], np.float64).reshape(21, 2) / size
    return None


def _gripper(row: dict[str, Any], motion: Motion, step: int, hand: int, camera: Pinhole, config: HumanConfig) -> Floats | None:
    """Corners (4, 2) of the gripper in shares of the picture: thumb tip, its base, the other base, finger tip."""
    from scipy.spatial.transform import Rotation

    grip = motion.grip[step, hand]
    pose = in_camera(motion.wrist[step, hand], _cameras(motion)[step])
    offset = np.asarray(row["gripper_offset"][hand], np.float64)
    if not (np.isfinite(pose).all() and np.isfinite(grip) and np.isfinite(offset).all()):
        return None
    if config.action_point == "gripper":
        # The pose already is the gripper's.
        offset = resting(1)[0]
    tips = gripper_tips(offset, np.array([grip]), config.gripper)[0]
    back = Rotation.from_quat(offset[3:]).as_matrix()[:, 2] * 0.04
    corners = np.stack([tips[0], tips[0] - back, tips[1] - back, tips[1]])
    seen = Rotation.from_rotvec(pose[3:]).apply(corners) + pose[:3]
    if (seen[:, 2] <= 0.01).any():
        return None
    return camera.project(seen) / np.array([camera.width, camera.height])
