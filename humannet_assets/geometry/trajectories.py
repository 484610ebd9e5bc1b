"""How the camera of a clip turned and, where it can be told, moved (HumanNet annotation, monocular camera trajectory).

Pairs of sampled frames give rotations; the chain of them is the trajectory. Rotation is estimated for every kept clip;
translation, up to scale, only for clips that meet the stability and parallax requirements. Moving hands and people are
not masked: they are outliers of the consensus, and corners are spread over the picture so that they stay the minority.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.geometry.cameras import angle_deg, fit_pose, fit_rotation
from humannet_assets.geometry.corners import CornerTracker, Sightings, in_both
from humannet_assets.geometry.translation import TranslationError, TranslationSettings, supported_positions
from humannet_assets.media.frames import Frame, FrameConsumer, FrameStep
from humannet_assets.perception.pinhole import DEFAULT_FOV_DEG, INTRINSICS, Pinhole
from humannet_assets.perception.smoothing import interpolate_rotations
from humannet_assets.store.step import Outcome, Read, StepConfig, Unit
from humannet_assets.store.tables import CAMERA_TRAJECTORIES, FILTERED_CLIPS, KNOWN_CAMERAS

Floats = npt.NDArray[np.float64]


class CameraTrajectoryConfig(StepConfig):
    """Rates, corner tracking, consensus, and the requirements a trajectory must meet."""

    sample_rate_hz: float = Field(
        default=10.0,
        gt=0,
        le=60,
        description="Frames looked at per second. Our choice: the rate of the hand tracks it "
        "compensates; a head turning at 100 deg/s moves the picture by 80 px between frames.",
    )
    image_side_px: int = Field(
        default=640, ge=128, le=4096, description="Longer side of the picture corners are followed in. Our choice."
    )
    fov_deg: float = Field(
        default=DEFAULT_FOV_DEG,
        ge=20,
        le=170,
        description="Field of view across the longer side where intrinsics are unknown. Our "
        "choice: a 26 mm-equivalent phone camera.",
    )
    max_corners: int = Field(default=300, ge=20, le=5000, description="Corners followed at a time. Our choice.")
    corner_quality: float = Field(
        default=0.01, gt=0, lt=1, description="Least corner quality against the best (Shi-Tomasi). OpenCV's usual value."
    )
    corner_spacing_px: float = Field(
        default=12.0, ge=1, le=200, description="Least distance between corners. Our choice: spreads 300 over 640 x 360."
    )
    flow_window_px: int = Field(default=21, ge=5, le=101, description="Lucas-Kanade window. OpenCV's default.")
    flow_levels: int = Field(default=4, ge=0, le=8, description="Pyramid levels. Our choice: reaches about 150 px of motion.")
    round_trip_px: float = Field(
        default=1.0, gt=0, le=20, description="Corners that do not come back this close are dropped. Our choice."
    )
    rotation_threshold_px: float = Field(
        default=2.0,
        gt=0,
        le=20,
        description="Residual up to which a corner agrees with a rotation. Our choice: ten times "
        "the noise of followed corners.",
    )
    hypotheses: int = Field(
        default=256,
        ge=16,
        le=10_000,
        description="Rotations tried per pair. Our choice: two points fix one, so 99 % are safe against 86 % outliers.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of the consensus.")
    min_points: int = Field(default=20, ge=4, le=1000, description="Least corners for a usable pair. Our choice.")
    min_inliers: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="Least share of corners that agree. Our choice: below, something else fills the picture.",
    )
    pose_parallax_px: float = Field(
        default=0.4,
        ge=0,
        le=20,
        description="Median residual of the rotation from which a pair is solved with "
        "translation. Our choice: above the noise of followed corners (.1-.3 px).",
    )
    epipolar_threshold_px: float = Field(
        default=1.0, gt=0, le=20, description="Epipolar distance up to which a corner agrees. OpenCV's usual value."
    )
    max_pose_change_deg: float = Field(
        default=4.0,
        gt=0,
        le=90,
        description="Farthest translation may change a rotation. Our choice: 25 cm of motion at "
        "4 m hide in 3.6 deg of rotation.",
    )
    min_valid_pairs: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="Least share of usable pairs; below, the trajectory is not contiguous. Our "
        "choice for PAPERS.md's 'contiguous'.",
    )
    max_invalid_run_s: float = Field(
        default=0.5, ge=0, le=10, description="Longest run of unusable pairs bridged at even speed. Our choice."
    )
    outlier_sigma: float = Field(
        default=3.0, gt=0, le=10, description="Steps above mean + this many sigma are outliers (PAPERS.md)."
    )
    max_outliers: float = Field(
        default=0.05, ge=0, le=1, description="Share of outlier steps from which a trajectory is rejected (PAPERS.md)."
    )
    outlier_floor_deg: float = Field(
        default=5.0,
        ge=0,
        le=90,
        description="Steps that are never outliers. Our choice: 50 deg/s at 10 Hz is an ordinary turn of the head.",
    )
    translation_parallax_px: float = Field(
        default=8.0,
        gt=0,
        le=200,
        description="Parallax that starts translation and adds map points. Our choice for "
        "HumanNet's unstated parallax requirement: 1 deg at 640 px.",
    )
    translation_inliers: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Least share of map points that must agree with each pose. Our choice for "
        "HumanNet's unstated stability requirement.",
    )
    translation_disagreement: float = Field(
        default=0.25,
        gt=0,
        le=2,
        description="How far the path may differ, as a share of its length, when a third of the corners is left out. Our "
        "choice: cameras that travel stay below .15, paths mapped from moving hands lie above .4 (rendered footage).",
    )
    translation_points: int = Field(default=25, ge=6, le=1000, description="Least map points per pose. Our choice.")


@dataclass(frozen=True)
class PairRotation:
    """Rotation (3, 3) second <- first of a frame pair, with what it rests on. `rotation` is None where it failed."""

    rotation: Floats | None
    points: int
    inlier_ratio: float
    parallax_px: float


class CameraTrajectoryStep(FrameStep[CameraTrajectoryConfig]):
    """Writes `camera_trajectories`: one row per kept clip; rejected, with the same row, where quality control fails."""

    name = "camera_trajectories"
    code_version = "3"
    reads = (
        Read(FILTERED_CLIPS, ("row_id", "start_s", "end_s"), by="identity"),
        Read(KNOWN_CAMERAS, INTRINSICS, unit="video_id", by="values"),
    )
    writes = CAMERA_TRAJECTORIES

    @property
    def sample_rate_hz(self) -> float:
        """The configured rate."""
        return self.config.sample_rate_hz

    def open(self, unit: Unit) -> FrameConsumer:
        """Start on a clip."""
        return _TrajectoryConsumer(unit, self.config)


class _TrajectoryConsumer:
    """Follows corners frame by frame and builds the trajectory at the end."""

    def __init__(self, unit: Unit, config: CameraTrajectoryConfig) -> None:
        self._unit, self._config = unit, config
        self._tracker = CornerTracker(
            max_corners=config.max_corners,
            quality=config.corner_quality,
            spacing_px=config.corner_spacing_px,
            window_px=config.flow_window_px,
            levels=config.flow_levels,
            round_trip_px=config.round_trip_px,
        )
        self._sightings: list[Sightings] = []
        self._times: list[float] = []
        self._size = (0, 0)

    def push(self, frame: Frame) -> None:
        import cv2

        rgb = frame.at_most(self._config.image_side_px)
        self._sightings.append(self._tracker.push(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)))
        self._times.append(frame.time_s)
        self._size = (rgb.shape[1], rgb.shape[0])

    def finish(self) -> Outcome:
        config = self._config
        width, height = max(self._size[0], 1), max(self._size[1], 1)
        camera = Pinhole.of(width, height, self._unit.all(KNOWN_CAMERAS), config.fov_deg)
        row, reasons = build_trajectory(self._unit.id, self._sightings, self._times, camera, config)
        evidence = {
            "frames": len(self._times),
            "valid_pairs": row["valid_pairs"],
            "min_valid_pairs": config.min_valid_pairs,
            "inlier_ratio": row["inlier_ratio"],
            "parallax_px": row["parallax_px"],
            "translation": row["translation_reason"],
        }
        if reasons:
            return Outcome.rejected(self._unit, reasons, evidence, row)
        return Outcome.kept(self._unit, [row], evidence)


def pair_rotation(first: Sightings, second: Sightings, camera: Pinhole, config: CameraTrajectoryConfig) -> PairRotation:
    """Rotation between two frames from the corners seen in both.

    Rotation alone is fitted first; where it leaves parallax, rotation and translation are fitted together and the
    rotation of that fit is used, because a rotation alone would absorb part of the translation.
    """
    one, other, _ = in_both(first, second)
    if len(one) < config.min_points:
        return PairRotation(None, len(one), 0.0, 0.0)
    fit = fit_rotation(
        one, other, camera, threshold_px=config.rotation_threshold_px, hypotheses=config.hypotheses, seed=config.seed
    )
    if fit is None:
        return PairRotation(None, len(one), 0.0, 0.0)
    ratio, parallax = float(fit.inliers.mean()), float(np.median(fit.residual_px))
    rotation = fit.rotation
    if parallax > config.pose_parallax_px:
        pose = fit_pose(
            one,
            other,
            camera,
            fit.rotation,
            threshold_px=config.epipolar_threshold_px,
            max_change_deg=config.max_pose_change_deg,
        )
        if pose is not None and pose.inliers.mean() >= max(ratio, config.min_inliers):
            return PairRotation(pose.rotation, len(one), ratio, parallax)
    return PairRotation(rotation if ratio >= config.min_inliers else None, len(one), ratio, parallax)


def build_trajectory(
    clip_id: str, sightings: Sequence[Sightings], times_s: Sequence[float], camera: Pinhole, config: CameraTrajectoryConfig
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The row of `camera_trajectories` and the reasons to reject it (none for a sound trajectory).

    Args:
        clip_id: The clip.
        sightings: Corners of each sampled frame.
        times_s: Frame times, seconds from the video's first frame.
        camera: Intrinsics of the picture.
        config: Thresholds.
    """
    from scipy.spatial.transform import Rotation

    times = np.asarray(times_s, np.float64)
    count = len(times)
    pairs = [pair_rotation(first, second, camera, config) for first, second in pairwise(sightings)]
    valid = np.array([pair.rotation is not None for pair in pairs], dtype=bool)
    rotations, bridged_s = chain(pairs, times) if count else (np.zeros((0, 3, 3)), 0.0)
    reasons = []
    if count < 2:
        reasons.append("too_few_frames")
    elif valid.mean() < config.min_valid_pairs or bridged_s > config.max_invalid_run_s:
        reasons.append("not_contiguous")
    if not np.isfinite(rotations).all():
        reasons.append("not_finite")

    centres = np.zeros((0, 3))
    if reasons:
        translation_reason = f"no sound rotation: {', '.join(reasons)}"
    else:
        try:
            centres, rotations = supported_positions(sightings, rotations, camera, _translation_settings(config))
            translation_reason = "parallax and stability requirements met"
        except TranslationError as error:
            translation_reason = str(error)
    steps_deg = np.array([angle_deg(b @ a.T) for a, b in pairwise(rotations)])
    if not reasons and outlier_share(steps_deg, config.outlier_sigma, config.outlier_floor_deg) > config.max_outliers:
        reasons.append("jumps")
    duration_s = float(times[-1] - times[0]) if count > 1 else 0.0
    usable = [pair for pair in pairs if pair.rotation is not None]
    row = {
        "clip_id": clip_id,
        "image_width": camera.width,
        "image_height": camera.height,
        "focal_px": camera.focal_px,
        "intrinsics_source": camera.source,
        "has_translation": len(centres) > 0,
        "translation_reason": translation_reason,
        "parallax_px": float(np.median([pair.parallax_px for pair in usable])) if usable else 0.0,
        "inlier_ratio": float(np.mean([pair.inlier_ratio for pair in pairs])) if pairs else 0.0,
        "tracked_points": float(np.mean([pair.points for pair in pairs])) if pairs else 0.0,
        "valid_pairs": float(valid.mean()) if pairs else 0.0,
        "rotation_total_deg": float(steps_deg.sum()),
        "rotation_rate_deg_s": float(steps_deg.sum() / duration_s) if duration_s > 0 else 0.0,
        "times_s": times.tolist(),
        "rotvec": Rotation.from_matrix(rotations).as_rotvec().tolist() if count else [],
        "position": centres.tolist(),
    }
    return row, tuple(reasons)


def chain(pairs: Sequence[PairRotation], times_s: Floats) -> tuple[Floats, float]:
    """Accumulate pair rotations (n - 1) into rotations (n, 3, 3) camera <- first camera.

    A pair without an estimate turns as its neighbours do: at the rate between the estimates before and after the gap.

    Returns:
        The rotations, and the longest run of unusable pairs, seconds.
    """
    count = len(times_s)
    rotations = np.repeat(np.eye(3)[None], count, axis=0)
    middles = (times_s[:-1] + times_s[1:]) / 2
    usable = [i for i, pair in enumerate(pairs) if pair.rotation is not None]
    if not usable:
        return rotations, float(times_s[-1] - times_s[0])
    # Per-second rotations are interpolated, not the poses: a pose after a gap is unknown until the gap is filled.
    lengths = np.diff(times_s)
    known = np.stack([_scaled(pairs[i].rotation, 0.1 / lengths[i]) for i in usable])
    filled = interpolate_rotations(middles[usable], known, middles)
    bridged_s = run_s = 0.0
    for i, pair in enumerate(pairs):
        step = pair.rotation
        if step is None:
            step = _scaled(filled[i], lengths[i] / 0.1)
            run_s += float(lengths[i])
            bridged_s = max(bridged_s, run_s)
        else:
            run_s = 0.0
        rotations[i + 1] = step @ rotations[i]
    return rotations, bridged_s


def outlier_share(steps: Floats, sigma: float, floor: float) -> float:
    """Share of steps (n,) above both mean + `sigma` standard deviations and `floor`; 0 for no steps."""
    if not len(steps):
        return 0.0
    return float((steps > max(steps.mean() + sigma * steps.std(), floor)).mean())


def _scaled(rotation: Floats | None, factor: float) -> Floats:
    """The rotation by `factor` times the angle."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_rotvec(Rotation.from_matrix(rotation).as_rotvec() * factor).as_matrix()


def _translation_settings(config: CameraTrajectoryConfig) -> TranslationSettings:
    return TranslationSettings(
        parallax_px=config.translation_parallax_px,
        points=config.translation_points,
        inlier_px=config.rotation_threshold_px,
        inlier_share=config.translation_inliers,
        max_turn_deg=config.max_pose_change_deg,
        disagreement=config.translation_disagreement,
    )
