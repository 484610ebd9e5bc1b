"""From the hand tracks of an egocentric clip to a `Motion`: one left and one right hand on one clock, head motion taken out.

Where metric camera poses came with the footage, hands are put into the world. Where only the camera's rotation was estimated,
they are put along the axes the first frame had: turning is compensated, walking and leaning are not, so shifts of wrists
are not known there. A camera that stands still needs no compensation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.perception.smoothing import local_polynomial, smooth_rotations
from humannet_assets.vla.episodes import MAX_JOINTS, Floats
from humannet_assets.vla.motion import SIDES, Motion, resting
from humannet_assets.vla.resample import ResampleConfig, poses_at
from humannet_assets.vla.retarget import Retargeted, compose, fingertips, retarget
from humannet_assets.vla.settings import HumanConfig

Row = Mapping[str, Any]
Bools = npt.NDArray[np.bool_]
HeadMotion = Literal["known", "still", "rotation", "unknown"]

METRIC_FORMATS = ("simulator", "tum", "aria_mps")
"""Formats of `known_cameras` whose positions are metres; a COLMAP model has a unit of its own."""


@dataclass(frozen=True, eq=False)
class HumanMotion:
    """Hands of a clip at the rate of the hand tracks, T samples.

    Attributes:
        motion: Hands in the reference frame.
        head_motion: How head motion was taken out.
        retargeted: The gripper of each hand, in the order of `SIDES`; None for a hand that was not seen.
        error_mm: (T, 2) retarget error; NaN where a hand is not observed.
        fingertip_mm: (T, 2) the gripper's part of it.
        residual_mm: (T, 2) the hand model's part of it.
        aperture_m: (T, 2) distance from thumb to virtual finger.
        coverage: Share of the clip's sampled frames in which the better of both hands is observed.
        track_ids: The tracks used.
    """

    motion: Motion
    head_motion: HeadMotion
    retargeted: tuple[Retargeted | None, Retargeted | None]
    error_mm: Floats
    fingertip_mm: Floats
    residual_mm: Floats
    aperture_m: Floats
    coverage: float
    track_ids: tuple[str, ...]

    @property
    def known_s(self) -> float:
        """Seconds in which at least one hand is known."""
        times_s = self.motion.times_s
        if len(times_s) < 2:
            return 0.0
        known = np.asarray(np.isfinite(self.motion.grip).any(axis=1))
        steps = np.minimum(np.diff(times_s), 2 * np.median(np.diff(times_s)))
        return float(steps[known[1:] & known[:-1]].sum())


@dataclass
class _Hand:
    """One side on the clip's clock; NaN where there is no track."""

    pose: Floats  # (T, 7) in the camera of each moment
    tips: Floats  # (T, 2, 3) in the hand's frame
    residual_m: Floats  # (T,)
    observed: Bools
    coverage: float
    tracks: list[str]


def human_motion(
    tracks: Sequence[Row], known_cameras: Sequence[Row], trajectory: Row | None, config: HumanConfig, resampling: ResampleConfig
) -> HumanMotion | None:
    """The hands of a clip; None without a hand track.

    Args:
        tracks: Rows of `hand_tracks` of the clip.
        known_cameras: Rows of `known_cameras` of the video.
        trajectory: Row of `camera_trajectories` of the clip, if it was kept.
        config: Thresholds.
        resampling: Longest gap camera poses are interpolated over.
    """
    if not tracks:
        return None
    times_s = np.unique(np.concatenate([np.asarray(track["times_s"], np.float64) for track in tracks]))
    hands = [_one_hand(side, tracks, times_s, config) for side in SIDES]
    camera, head_motion, reference = camera_poses(times_s, known_cameras, trajectory, config, resampling)
    count = len(times_s)
    wrist, grip = np.full((count, 2, 7), np.nan), np.full((count, 2), np.nan)
    error, fingertip, residual, aperture = (np.full((count, 2), np.nan) for _ in range(4))
    grippers: list[Retargeted | None] = [None, None]
    for index, hand in enumerate(hands):
        if not hand.observed.any():
            continue
        found = grippers[index] = retarget(hand.tips, hand.observed, config.gripper)
        known = np.isfinite(hand.pose).all(axis=1)
        place = _smoothed(times_s, compose(camera, hand.pose), config)
        wrist[:, index] = compose(place, found.offset) if config.action_point == "gripper" else place
        grip[:, index] = np.clip(_smooth_values(times_s, np.where(known, found.grip, np.nan), config), 0.0, 1.0)
        aperture[known, index] = found.aperture_m[known]
        seen = hand.observed
        fingertip[seen, index] = found.error_m[seen] * 1e3
        residual[seen, index] = hand.residual_m[seen] * 1e3
        error[:, index] = np.hypot(fingertip[:, index], residual[:, index])
    motion = Motion(
        times_s=times_s,
        wrist=wrist,
        grip=grip,
        joints=np.full((count, 2, MAX_JOINTS), np.nan),
        camera=camera,
        reference=reference,
    )
    return HumanMotion(
        motion, head_motion, (grippers[0], grippers[1]), error, fingertip, residual, aperture,
        max(hand.coverage for hand in hands), tuple(name for hand in hands for name in hand.tracks),
    )  # fmt: skip


def _one_hand(side: str, tracks: Sequence[Row], times_s: Floats, config: HumanConfig) -> _Hand:
    """The wearer's hand of a side: where several tracks claim it, the one seen longer and surer goes first."""
    count = len(times_s)
    hand = _Hand(
        np.full((count, 7), np.nan), np.full((count, 2, 3), np.nan), np.full(count, np.nan), np.zeros(count, bool), 0.0, []
    )
    free = np.ones(count, bool)
    ordered = sorted(
        (track for track in tracks if track["side"] == side),
        key=lambda track: (-track["coverage"] * track["confidence"], track["track_id"]),
    )
    for track in ordered:
        own_s = np.asarray(track["times_s"], np.float64)
        index = np.searchsorted(times_s, own_s)
        if not free[index[0] : index[-1] + 1].all():
            # Two tracks at once are two people's hands, or one and a ghost: a hand is not put together from both.
            continue
        free[index[0] : index[-1] + 1] = False
        from scipy.spatial.transform import Rotation

        observed = np.asarray(track["observed"], bool)
        bridged = observed | _short_gaps(own_s, observed, config.max_gap_s)
        position = np.asarray(track["wrist_position_m"], np.float64).reshape(-1, 3)
        turn = Rotation.from_rotvec(np.asarray(track["wrist_rotvec"], np.float64).reshape(-1, 3)).as_quat()
        world = np.asarray(track["landmarks_world_m"], np.float64).reshape(-1, 21, 3)
        pose = np.concatenate([position, turn], axis=1)
        hand.pose[index[bridged]] = pose[bridged]
        hand.tips[index] = fingertips(world, side, config.gripper)
        hand.residual_m[index] = track["pnp_error_px"] * position[:, 2] / track["focal_px"]
        hand.observed[index] = observed
        hand.coverage += float(track["coverage"])
        hand.tracks.append(track["track_id"])
    return hand


def _short_gaps(times_s: Floats, observed: Bools, max_gap_s: float) -> Bools:
    """Unobserved frames between observed ones that are no further apart than `max_gap_s`."""
    seen = np.flatnonzero(observed)
    short = np.zeros(len(observed), bool)
    for first, last in pairwise(seen):
        if last - first > 1 and times_s[last] - times_s[first] <= max_gap_s + 1e-9:
            short[first + 1 : last] = True
    return short


def camera_poses(
    times_s: Floats, known: Sequence[Row], trajectory: Row | None, config: HumanConfig, resampling: ResampleConfig
) -> tuple[Floats, HeadMotion, str]:
    """Poses (T, 7) of the camera, how they came about, and what their frame of reference is.

    Without any knowledge of the camera, poses are those of a camera that rests: then nothing of the wrists' motion is known.
    """
    metric = [row for row in known if row["format"] in METRIC_FORMATS and len(row["times_s"]) > 1]
    if metric:
        best = max(metric, key=lambda row: _shared_s(row, times_s))
        poses = poses_at(
            np.asarray(best["times_s"], np.float64), _poses(best["rotvec"], best["position_m"]), times_s, resampling.max_gap_s
        )
        if np.isfinite(poses).all():
            return poses, "known", f"world of the camera poses that came with the footage ({best['format']})"
    rest = resting(len(times_s))
    if trajectory is None or len(trajectory["times_s"]) < 2:
        return rest, "unknown", "the camera of each moment"
    still = trajectory["rotation_rate_deg_s"] <= config.still_deg_s and trajectory["parallax_px"] <= config.still_parallax_px
    if still:
        return rest, "still", "the camera, which stands still"
    sampled_s = np.asarray(trajectory["times_s"], np.float64)
    from scipy.spatial.transform import Rotation

    # The table has camera <- first camera; poses are reference <- camera.
    turn = Rotation.from_rotvec(np.asarray(trajectory["rotvec"], np.float64).reshape(-1, 3)).inv()
    poses = np.concatenate([np.zeros((len(sampled_s), 3)), turn.as_quat()], axis=1)
    turned = poses_at(sampled_s, poses, np.clip(times_s, sampled_s[0], sampled_s[-1]), np.inf)
    return turned, "rotation", "axes of the first frame's camera, origin at the camera of each moment"


def _shared_s(row: Row, times_s: Floats) -> float:
    return min(row["times_s"][-1], times_s[-1]) - max(row["times_s"][0], times_s[0])


def _poses(rotvec: Sequence[Any], position: Sequence[Any]) -> Floats:
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_rotvec(np.asarray(rotvec, np.float64).reshape(-1, 3)).as_quat()
    return np.concatenate([np.asarray(position, np.float64).reshape(-1, 3), turn], axis=1)


def _stretches(known: Bools) -> list[slice]:
    """Runs of known samples."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [slice(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _smoothed(times_s: Floats, poses: Floats, config: HumanConfig) -> Floats:
    """Poses (T, 7) with a line fitted around each sample, within runs of known ones."""
    from scipy.spatial.transform import Rotation

    if not config.smoothing_s:
        return poses
    result = poses.copy()
    for run in _stretches(np.asarray(np.isfinite(poses).all(axis=1))):
        result[run, :3] = local_polynomial(times_s[run], poses[run, :3], config.smoothing_s, 1)[0]
        turns = Rotation.from_quat(poses[run, 3:]).as_matrix()
        smooth = smooth_rotations(times_s[run], turns, config.smoothing_s)
        result[run, 3:] = Rotation.from_matrix(smooth).as_quat()
    return result


def _smooth_values(times_s: Floats, values: Floats, config: HumanConfig) -> Floats:
    if not config.smoothing_s:
        return values
    result = values.copy()
    for run in _stretches(np.isfinite(values)):
        result[run] = local_polynomial(times_s[run], values[run], config.smoothing_s, 1)[0]
    return result
