"""From per-frame hands to finished hand tracks: association, sides, wrist pose, smoothing. No video, no models.

`humannet_assets.perception.hand_tracks` holds the step that feeds this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from humannet_assets.perception import smoothing
from humannet_assets.perception.detectors import Hand
from humannet_assets.perception.palm import PalmNoise, palm_rotations
from humannet_assets.perception.pinhole import PALM, Pinhole, hand_pose, palm_size
from humannet_assets.perception.tracking import Detection, TrackerSettings, associate
from humannet_assets.store.identity import microseconds, stable_id

if TYPE_CHECKING:
    from humannet_assets.perception.hand_tracks import HandTracksConfig

Floats = npt.NDArray[np.float64]
_THUMB_TIP, _INDEX_TIP = 4, 8


@dataclass(frozen=True)
class HandTrack:
    """One followed hand on the clip's sampling grid, before it becomes a row. Arrays run over frames `first`..`last`."""

    first: int
    last: int
    observed: npt.NDArray[np.bool_]
    confidence: Floats
    landmarks_px: Floats
    world_m: Floats
    votes_right: float


def build_hand_tracks(
    clip_id: str,
    frames: Sequence[Sequence[Hand]],
    times_s: Sequence[float],
    camera: Pinhole,
    config: HandTracksConfig,
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Rows of `hand_tracks` from the hands of each sampled frame.

    Args:
        clip_id: The clip.
        frames: Hands per sampled frame, empty where none was found.
        times_s: Frame times, seconds from the video's first frame.
        camera: Intrinsics of the picture the landmarks refer to.
        config: Thresholds.

    Returns:
        One dict per track, ordered by start, with the columns of `hand_tracks`; and how many tracks were dropped
        (`tracks_too_short`; `tracks_unsure`: low confidence, or no wrist pose in any frame).
    """
    times = np.asarray(times_s, np.float64)
    settings = TrackerSettings(
        config.gate_sizes,
        config.gate_growth_sizes_s,
        config.gate_limit_sizes,
        config.max_gap_s,
        config.side_cost,
        config.scale_cost,
        config.velocity_memory,
        config.duplicate_sizes,
    )
    detections = [[hand_detection(hand) for hand in hands] for hands in frames]
    interval_s = float(np.median(np.diff(times))) if len(times) > 1 else 1 / config.sample_rate_hz
    dropped = {"tracks_too_short": 0, "tracks_unsure": 0}
    tracks = []
    for members in associate(detections, times_s, settings):
        track = _on_grid(members, frames)
        # Half an interval of tolerance: 5 samples at 10 Hz are half a second although their ends lie .4 s apart.
        if track.observed.sum() * interval_s < config.min_track_s - interval_s / 2:
            dropped["tracks_too_short"] += 1
        elif track.confidence[track.observed].mean() < config.min_confidence:
            dropped["tracks_unsure"] += 1
        else:
            tracks.append(track)
    rows = []
    for index, (track, side) in enumerate(zip(tracks, decide_sides(tracks, config.sure_side), strict=True)):
        row = _row(track, side, times, camera, config)
        if row is None:
            dropped["tracks_unsure"] += 1
            continue
        track_id = stable_id(clip_id, side, microseconds(float(times[track.first])), index)
        rows.append({"track_id": track_id, "clip_id": clip_id, **row})
    return rows, dropped


def decide_sides(tracks: Sequence[HandTrack], sure_side: float) -> list[str]:
    """Side (left or right) of each track, by the votes of all its frames.

    Where two tracks that overlap in time for most of the shorter one claim the same side, the less sure of them takes
    the other side, provided its own votes are below `sure_side`: one person has one hand of each side, while hands of
    several people keep theirs.
    """
    right = np.array([track.votes_right for track in tracks])
    sides = ["right" if share >= 0.5 else "left" for share in right]
    sureness = np.maximum(right, 1 - right)
    for weak in np.argsort(sureness, kind="stable"):
        if sureness[weak] >= sure_side:
            break
        other_side = "left" if sides[weak] == "right" else "right"
        beside = [i for i in range(len(tracks)) if i != weak and _overlap(tracks[i], tracks[weak]) > 0.5]
        taken = {sides[i] for i in beside if sureness[i] > sureness[weak]}
        if sides[weak] in taken and other_side not in taken:
            sides[weak] = other_side
    return sides


def _overlap(a: HandTrack, b: HandTrack) -> float:
    """Share of the shorter track's frames in which both exist."""
    shared = min(a.last, b.last) - max(a.first, b.first) + 1
    return max(0, shared) / min(a.last - a.first + 1, b.last - b.first + 1)


def _on_grid(members: Sequence[tuple[int, int]], frames: Sequence[Sequence[Hand]]) -> HandTrack:
    """Spread a track's detections over all sampled frames from its first to its last."""
    first, last = members[0][0], members[-1][0]
    count = last - first + 1
    observed = np.zeros(count, dtype=bool)
    confidence = np.zeros(count)
    pixels, world = np.full((count, 21, 2), np.nan), np.full((count, 21, 3), np.nan)
    votes = {"left": 0.0, "right": 0.0}
    for frame, index in members:
        hand = frames[frame][index]
        at = frame - first
        if not (np.isfinite(hand.landmarks_px).all() and np.isfinite(hand.world_m).all()):
            continue
        observed[at], confidence[at] = True, hand.score
        pixels[at], world[at] = hand.landmarks_px, hand.world_m
        votes[hand.side] += _evidence(hand)
    total = votes["left"] + votes["right"]
    return HandTrack(first, last, observed, confidence, pixels, world, votes["right"] / total if total > 0 else 0.5)


def _row(track: HandTrack, side: str, times: Floats, camera: Pinhole, config: HandTracksConfig) -> dict[str, Any] | None:
    """The columns of one track, or None when not a single frame has a pose."""
    from scipy.spatial.transform import Rotation

    times_s = times[track.first : track.last + 1]
    count = len(times_s)
    # One picture does not tell a small hand nearby from a large one farther away: the model's own size is no measurement
    # (medians of real people's hands lie between 7 and 10 cm), and its noise would be noise of the depth.
    world = track.world_m * (config.palm_size_m / np.maximum(palm_size(track.world_m), 1e-6))[:, None, None]
    position, rotation = np.full((count, 3), np.nan), np.full((count, 3, 3), np.nan)
    errors = np.full(count, np.nan)
    for i in np.flatnonzero(track.observed):
        pose = hand_pose(world[i], track.landmarks_px[i], camera, side)
        if pose is not None:
            position[i], rotation[i], errors[i] = pose.position, pose.rotation, pose.error_px
    observed = track.observed & np.isfinite(errors)
    observed &= ~smoothing.speed_outliers(times_s, position, observed, config.outlier_mad_factor, config.outlier_floor_m_s)
    if not observed.any():
        return None

    pixels = _smooth(times_s, track.landmarks_px, observed, config)
    world = _smooth(times_s, world, observed, config)
    ray = _smooth(times_s, position[:, :2] / position[:, 2:], observed, config)
    log_depth, _ = smoothing.local_polynomial(
        times_s, smoothing.interpolate_gaps(times_s, np.log(position[:, 2:]), observed), config.depth_window_s, 1
    )
    position = np.concatenate([ray, np.ones((count, 1))], axis=1) * np.exp(log_depth)
    noise = PalmNoise(config.palm_landmark_noise, np.radians(config.rotation_prior_deg), np.radians(config.turn_deg_s))
    seen = palm_rotations(times_s[observed], track.landmarks_px[observed], rotation[observed], camera, side, noise)
    rotation = smoothing.interpolate_rotations(times_s[observed], seen, times_s)
    rotation = smoothing.smooth_rotations(times_s, rotation, config.depth_window_s)
    steps = np.linalg.norm(np.diff(position, axis=0), axis=1) / np.maximum(np.diff(times_s), 1e-6)
    share = track.votes_right if side == "right" else 1 - track.votes_right
    return {
        "side": side,
        "side_confidence": float(share),
        "start_s": float(times_s[0]),
        "end_s": float(times_s[-1]),
        "frame_count": count,
        "valid_frames": int(observed.sum()),
        "coverage": float(observed.sum() / len(times)),
        "confidence": float(track.confidence[observed].mean()),
        "image_width": camera.width,
        "image_height": camera.height,
        "focal_px": camera.focal_px,
        "focal_source": camera.source,
        "pnp_error_px": float(np.median(errors[observed])),
        "wrist_speed_mean": float(steps.mean()) if count > 1 else 0.0,
        "times_s": times_s.tolist(),
        "observed": observed.tolist(),
        "frame_confidence": np.where(observed, track.confidence, 0.0).tolist(),
        "landmarks_px": pixels.reshape(count, 42).tolist(),
        "landmarks_world_m": world.reshape(count, 63).tolist(),
        "wrist_position_m": position.tolist(),
        "wrist_rotvec": Rotation.from_matrix(rotation).as_rotvec().tolist(),
        "aperture_m": np.linalg.norm(world[:, _THUMB_TIP] - world[:, _INDEX_TIP], axis=1).tolist(),
    }


def _smooth(times_s: Floats, values: Floats, observed: npt.NDArray[np.bool_], config: HandTracksConfig) -> Floats:
    filled = smoothing.interpolate_gaps(times_s, values, observed)
    return smoothing.local_polynomial(times_s, filled, config.smoothing_window_s, config.smoothing_order)[0]


def hand_detection(hand: Hand) -> Detection:
    """What the tracker compares: palm centre, frontal palm length in pixels, landmarks, and evidence for a right hand."""
    points = np.asarray(hand.landmarks_px, np.float64)
    return Detection(
        position=points[list(PALM)].mean(axis=0),
        size=_palm_px(hand),
        score=hand.score,
        points=points,
        side=_evidence(hand) if hand.side == "right" else -_evidence(hand),
    )


def _palm_px(hand: Hand) -> float:
    """Pixels a frontal palm would span where this hand is: unlike its apparent length it does not shrink as the hand turns."""
    pixels = hand.landmarks_px - hand.landmarks_px.mean(axis=0)
    metres = hand.world_m[:, :2] - hand.world_m[:, :2].mean(axis=0)
    return float(palm_size(hand.world_m) * np.linalg.norm(pixels) / max(float(np.linalg.norm(metres)), 1e-6))


def _evidence(hand: Hand) -> float:
    """What a hand's score says about its side, 0..1: a score of one half is a coin toss."""
    return max(2 * hand.score - 1, 0.0)
