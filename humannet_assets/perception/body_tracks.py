"""People followed through clips: detection, association, smoothing, speeds (HumanNet annotation, 3D body pose).

`BodyTracksStep` is the step, `build_body_tracks` the pure part from per-frame bodies to rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.media.frames import Frame, FrameConsumer, FrameStep
from humannet_assets.perception import smoothing
from humannet_assets.perception.detectors import Body, get_body_detector
from humannet_assets.perception.models import BODY, model_fingerprint
from humannet_assets.perception.people import body_plausibility
from humannet_assets.perception.tracking import Detection, TrackerSettings, associate
from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.step import Outcome, Read, StepConfig, Unit
from humannet_assets.store.tables import BODY_TRACKS, FILTERED_CLIPS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SHOULDERS, HIPS, LIMBS = (11, 12), (23, 24), (15, 16, 27, 28)  # limbs: wrists and ankles
_COUNT = 33
# Shoulders stand at .818 and hips at .530 of a body's height (Winter, Biomechanics and Motor Control of Human Movement).
_TORSO_SHARE = 0.288


class BodyTracksConfig(StepConfig):
    """Rates, gates and filters of body tracking."""

    sample_rate_hz: float = Field(
        default=10.0,
        gt=0,
        le=60,
        description="Frames looked at per second. Our choice: limb motion of daily "
        "activities lies below 5 Hz, and inference costs about 44 ms a frame (measured).",
    )
    image_side_px: int = Field(
        default=640, ge=128, le=4096, description="Longer side of the picture detection runs on. Our choice."
    )
    max_bodies: int = Field(default=4, ge=1, le=20, description="People looked for per frame. Our choice.")
    detection_confidence: float = Field(default=0.5, ge=0, le=1, description="Person detection threshold. MediaPipe's default.")
    presence_confidence: float = Field(default=0.5, ge=0, le=1, description="Landmark presence threshold. MediaPipe's default.")
    max_gap_s: float = Field(default=1.0, ge=0, le=10, description="Longest gap bridged in a track. Our choice.")
    gate_sizes: float = Field(
        default=0.4,
        gt=0,
        le=20,
        description="Farthest a torso may be from its prediction, torso lengths, before time is "
        "added. Our choice: landmark noise and bending.",
    )
    gate_growth_sizes_s: float = Field(
        default=4.0,
        ge=0,
        le=50,
        description="What each second since the last observation adds to that. Our choice: 2 m/s "
        "against the prediction, for a .5 m torso.",
    )
    gate_limit_sizes: float = Field(
        default=2.0, gt=0, le=20, description="Farthest a person may come back from a gap, torso lengths. Our choice."
    )
    scale_cost: float = Field(
        default=1.0,
        ge=0,
        le=10,
        description="Cost per unit of log size ratio, torso lengths. Our choice: keeps a near person "
        "apart from a far one behind.",
    )
    velocity_memory: float = Field(
        default=0.5, ge=0, lt=1, description="Weight of the past in the velocity estimate. Our choice."
    )
    duplicate_sizes: float = Field(
        default=0.3,
        ge=0,
        le=2,
        description="Mean landmark distance below which two detections are one person, torso lengths. Our choice.",
    )
    min_track_s: float = Field(
        default=0.5, ge=0, le=5, description="Shortest observed time of a track: 15 frames at 30 fps (PAPERS.md)."
    )
    min_observed: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of a track's own span that must be observed. Our choice, as VITRA's half "
        "of the frames: bodies imagined in clutter flicker.",
    )
    min_visibility: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Lowest mean landmark visibility of a track. Our choice: a seated person behind a "
        "desk has .6, arms alone have less.",
    )
    min_plausibility: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Lowest mean plausibility of a track's bodies (visible limbs, human proportions). Our choice: bodies "
        "imagined in hands and clutter have 0.1 to 0.5, people 0.6 on.",
    )
    outlier_mad_factor: float = Field(
        default=5.0,
        gt=0,
        le=50,
        description="Hip speeds above median + this many MAD are interpolated (PAPERS.md, there for wrists).",
    )
    outlier_floor_heights_s: float = Field(
        default=2.0,
        ge=0,
        le=20,
        description="Hip speed in body heights per second that is never an outlier. Our choice: a run is 2-3 m/s.",
    )
    smoothing_window_s: float = Field(
        default=11 / 30, gt=0, le=3, description="Savitzky-Golay window: 11 frames at 30 fps (PAPERS.md)."
    )
    smoothing_order: int = Field(default=3, ge=1, le=5, description="Savitzky-Golay order (PAPERS.md).")
    speed_window_s: float = Field(
        default=0.5,
        gt=0,
        le=3,
        description="Window of the line whose slope is a limb's speed. Our choice: metric landmarks "
        "jitter by centimetres per frame.",
    )
    limb_visibility: float = Field(
        default=0.5, ge=0, le=1, description="Limbs less visible than this do not enter limb speeds. Our choice."
    )


class BodyTracksStep(FrameStep[BodyTracksConfig]):
    """Writes `body_tracks`: one row per person of each kept clip. A clip without people is kept with no rows."""

    name = "body_tracks"
    code_version = "2"
    reads = (Read(FILTERED_CLIPS, ("row_id", "start_s", "end_s"), by="identity"),)
    writes = BODY_TRACKS

    @property
    def sample_rate_hz(self) -> float:
        """The configured rate."""
        return self.config.sample_rate_hz

    def models(self) -> tuple[str, ...]:
        """Name and SHA-256 of the pose model bundle."""
        return (model_fingerprint(BODY),)

    def open(self, unit: Unit) -> FrameConsumer:
        """Start on a clip."""
        return _BodyConsumer(unit, self.config)


class _BodyConsumer:
    """Detects people in each frame and builds the tracks at the end."""

    def __init__(self, unit: Unit, config: BodyTracksConfig) -> None:
        self._unit, self._config = unit, config
        self._frames: list[list[Body]] = []
        self._times: list[float] = []
        self._size = (0, 0)

    def push(self, frame: Frame) -> None:
        config = self._config
        detector = get_body_detector(config.max_bodies, config.detection_confidence, config.presence_confidence)
        rgb = frame.at_most(config.image_side_px)
        self._frames.append(detector.detect(rgb))
        self._times.append(frame.time_s)
        self._size = (rgb.shape[1], rgb.shape[0])

    def finish(self) -> Outcome:
        rows, dropped = build_body_tracks(self._unit.id, self._frames, self._times, self._size, self._config)
        evidence = {
            "frames": len(self._times),
            "frames_with_bodies": sum(1 for bodies in self._frames if bodies),
            "bodies": len(rows),
            "min_track_s": self._config.min_track_s,
            "min_visibility": self._config.min_visibility,
            "min_plausibility": self._config.min_plausibility,
            **dropped,
        }
        return Outcome.kept(self._unit, rows, evidence)


def build_body_tracks(
    clip_id: str,
    frames: Sequence[Sequence[Body]],
    times_s: Sequence[float],
    size_px: tuple[int, int],
    config: BodyTracksConfig,
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Rows of `body_tracks` from the people of each sampled frame.

    The main person is the one with the greatest product of height in the picture, coverage and visibility.

    Args:
        clip_id: The clip.
        frames: People per sampled frame, empty where none was found.
        times_s: Frame times, seconds from the video's first frame.
        size_px: Width and height of the picture the landmarks refer to.
        config: Thresholds.

    Returns:
        One dict per track, ordered by start, with the columns of `body_tracks`; and how many tracks were dropped
        (`tracks_too_short`, `tracks_unsure`).
    """
    times = np.asarray(times_s, np.float64)
    settings = TrackerSettings(
        gate_sizes=config.gate_sizes,
        gate_growth_sizes_s=config.gate_growth_sizes_s,
        gate_limit_sizes=config.gate_limit_sizes,
        max_gap_s=config.max_gap_s,
        side_cost=0.0,
        scale_cost=config.scale_cost,
        velocity_memory=config.velocity_memory,
        duplicate_sizes=config.duplicate_sizes,
    )
    sound = [
        [body for body in bodies if np.isfinite(body.landmarks_px).all() and np.isfinite(body.world_m).all()]
        for bodies in frames
    ]
    detections = [[_detection(body) for body in bodies] for bodies in sound]
    interval_s = float(np.median(np.diff(times))) if len(times) > 1 else 1 / config.sample_rate_hz
    dropped = {"tracks_too_short": 0, "tracks_unsure": 0}
    rows: list[dict[str, Any]] = []
    for members in associate(detections, times_s, settings):
        visibility = float(np.mean([sound[frame][index].score for frame, index in members]))
        plausibility = float(np.mean([body_plausibility(sound[frame][index]) for frame, index in members]))
        span = members[-1][0] - members[0][0] + 1
        # Half an interval of tolerance: 5 samples at 10 Hz are half a second although their ends lie .4 s apart.
        if len(members) * interval_s < config.min_track_s - interval_s / 2:
            dropped["tracks_too_short"] += 1
        elif (
            visibility < config.min_visibility
            or plausibility < config.min_plausibility
            or len(members) < config.min_observed * span
        ):
            dropped["tracks_unsure"] += 1
        else:
            row = _row([(frame, sound[frame][index]) for frame, index in members], times, size_px, config)
            track_id = stable_id(clip_id, microseconds(row["start_s"]), len(rows))
            rows.append({"track_id": track_id, "clip_id": clip_id, "is_main": False, **row})
    if rows:
        max(rows, key=lambda row: row["height_share"] * row["coverage"] * row["visibility"])["is_main"] = True
    return rows, dropped


def limb_speeds(times_s: Floats, world_m: Floats, visibility: Floats, window_s: float, min_visibility: float) -> Floats:
    """Speed of each wrist and ankle against the hips, m/s; NaN where the limb is not visible.

    Args:
        times_s: (n,) seconds.
        world_m: (n, 33, 3) metric landmarks, origin between the hips.
        visibility: (n, 33) landmark visibility, 0..1.
        window_s: Width of the window whose line fit gives the velocity.
        min_visibility: Landmarks below count as unseen.

    Returns:
        (n, 4): left wrist, right wrist, left ankle, right ankle.
    """
    limbs = world_m[:, LIMBS] - world_m[:, HIPS].mean(axis=1, keepdims=True)
    _, velocity = smoothing.local_polynomial(times_s, limbs, window_s, 1)
    return np.where(visibility[:, LIMBS] >= min_visibility, np.linalg.norm(velocity, axis=2), np.nan)


def _row(
    members: Sequence[tuple[int, Body]], times: Floats, size_px: tuple[int, int], config: BodyTracksConfig
) -> dict[str, Any]:
    """The columns of one track."""
    width, height = size_px
    first, last = members[0][0], members[-1][0]
    times_s = times[first : last + 1]
    count = len(times_s)
    observed = np.zeros(count, dtype=bool)
    pixels, world = np.full((count, _COUNT, 2), np.nan), np.full((count, _COUNT, 3), np.nan)
    visibility = np.zeros((count, _COUNT))
    for frame, body in members:
        at = frame - first
        observed[at], pixels[at], world[at], visibility[at] = True, body.landmarks_px, body.world_m, body.visibility
    boxes = np.array([(min(body.box[3], height) - max(body.box[1], 0)) / height for _, body in members])
    body_height_px = max(float(np.median([_torso_px(body) for _, body in members])) / _TORSO_SHARE, 1.0)

    hips = pixels[:, HIPS].mean(axis=1) / body_height_px
    observed &= ~smoothing.speed_outliers(times_s, hips, observed, config.outlier_mad_factor, config.outlier_floor_heights_s)
    pixels, world = (
        smoothing.local_polynomial(
            times_s, smoothing.interpolate_gaps(times_s, values, observed), config.smoothing_window_s, config.smoothing_order
        )[0]
        for values in (pixels, world)
    )
    _, hip_velocity = smoothing.local_polynomial(
        times_s, pixels[:, HIPS].mean(axis=1) / body_height_px, config.speed_window_s, 1
    )
    limbs = limb_speeds(times_s, world, visibility, config.speed_window_s, config.limb_visibility)
    return {
        "start_s": float(times_s[0]),
        "end_s": float(times_s[-1]),
        "frame_count": count,
        "valid_frames": int(observed.sum()),
        "coverage": float(observed.sum() / len(times)),
        "visibility": float(visibility[observed].mean()),
        "height_share": float(np.clip(np.median(boxes), 0, 1)),
        "image_width": width,
        "image_height": height,
        "speed_mean": float(np.linalg.norm(hip_velocity, axis=1).mean()),
        "limb_speed_mean": float(np.nanmean(limbs)) if np.isfinite(limbs).any() else 0.0,
        "times_s": times_s.tolist(),
        "observed": observed.tolist(),
        "landmarks_px": pixels.reshape(count, -1).tolist(),
        "landmarks_world_m": world.reshape(count, -1).tolist(),
        "landmark_visibility": visibility.tolist(),
    }


def _torso_px(body: Body) -> float:
    """Distance between the middle of the shoulders and the middle of the hips, pixels."""
    points = body.landmarks_px
    return float(np.linalg.norm(points[list(SHOULDERS)].mean(axis=0) - points[list(HIPS)].mean(axis=0)))


def _detection(body: Body) -> Detection:
    points = np.asarray(body.landmarks_px, np.float64)
    trunk = list(SHOULDERS + HIPS)
    # Shoulder width counts too: a person bending towards the camera keeps it while the torso shortens.
    width = float(np.linalg.norm(points[SHOULDERS[0]] - points[SHOULDERS[1]]))
    return Detection(points[trunk].mean(axis=0), max(_torso_px(body), width), body.score, points)
