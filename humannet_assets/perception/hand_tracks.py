"""Hands followed through clips: detection, association, smoothing and wrist pose (HumanNet annotation, 3D hand pose).

The step and its configuration; `humannet_assets.perception.hand_assembly` is the pure part from per-frame hands to rows.
What the tracks mean (actions, segments) is decided in `humannet_assets.geometry`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.media.frames import Frame, FrameConsumer, FrameStep
from humannet_assets.perception.detectors import Hand, box_of, get_hand_detector
from humannet_assets.perception.hand_assembly import build_hand_tracks, hand_detection
from humannet_assets.perception.models import HAND, model_fingerprint
from humannet_assets.perception.palm import PALM_SIZE_M
from humannet_assets.perception.pinhole import DEFAULT_FOV_DEG, INTRINSICS, Pinhole
from humannet_assets.store.step import Outcome, Read, StepConfig, Unit
from humannet_assets.store.tables import FILTERED_CLIPS, HAND_TRACKS, KNOWN_CAMERAS

_MIN_CROP_PX = 16
_SAME_PALM = 1.0  # palms closer than one palm length are taken for one hand when deciding whether to look again


class HandTracksConfig(StepConfig):
    """Rates, gates and filters of hand tracking."""

    sample_rate_hz: float = Field(
        default=10.0,
        gt=0,
        le=60,
        description="Frames looked at per second. Our choice: wrist motion of "
        "manipulation lies below 5 Hz, and inference costs about 27 ms a frame (measured).",
    )
    image_side_px: int = Field(
        default=640,
        ge=128,
        le=4096,
        description="Longer side of the picture detection runs on. Our choice: the palm "
        "detector scales to 192 px anyway; landmarks gain little above this.",
    )
    max_hands: int = Field(
        default=4, ge=1, le=10, description="Hands looked for per frame. Our choice: the wearer and one partner."
    )
    detection_confidence: float = Field(default=0.5, ge=0, le=1, description="Palm detection threshold. MediaPipe's default.")
    presence_confidence: float = Field(default=0.5, ge=0, le=1, description="Landmark presence threshold. MediaPipe's default.")
    second_look: bool = Field(
        default=True,
        description="Search again in a crop around hands that were there a moment ago and are missed "
        "now. Our choice: costs one inference per missed hand.",
    )
    second_look_sizes: float = Field(
        default=3.0,
        gt=0.5,
        le=10,
        description="Half side of that crop in palm lengths. Our choice: an open hand is two palms long.",
    )
    max_gap_s: float = Field(
        default=1.0,
        ge=0,
        le=5,
        description="Longest gap bridged in a track. Our choice: longer ones hide whole actions "
        "(atomic actions have minima .5 s apart, VITRA).",
    )
    gate_sizes: float = Field(
        default=0.7,
        gt=0,
        le=20,
        description="Farthest a hand may be from its prediction, palm lengths, before time "
        "is added. Our choice: landmark noise and turning hands.",
    )
    gate_growth_sizes_s: float = Field(
        default=14.0,
        ge=0,
        le=50,
        description="What each second since the last observation adds to that. Our "
        "choice: 1.3 m/s against the prediction, for a 9 cm palm.",
    )
    gate_limit_sizes: float = Field(
        default=3.0,
        gt=0,
        le=20,
        description="Farthest a hand may come back from a gap, palm lengths. Our choice: "
        "less than two hands at work lie apart.",
    )
    side_cost: float = Field(
        default=1.0,
        ge=0,
        le=10,
        description="Cost of contradicting sides in palm lengths. Our choice: keeps identities "
        "when two hands touch, without overruling clear motion.",
    )
    scale_cost: float = Field(
        default=1.0, ge=0, le=10, description="Cost per unit of log size ratio, palm lengths. Our choice."
    )
    velocity_memory: float = Field(
        default=0.4, ge=0, lt=1, description="Weight of the past in the velocity estimate. Our choice."
    )
    duplicate_sizes: float = Field(
        default=0.4,
        ge=0,
        le=2,
        description="Mean landmark distance below which two detections are one hand, palm "
        "lengths. Our choice: clasped hands are farther apart.",
    )
    min_track_s: float = Field(
        default=0.5, ge=0, le=5, description="Shortest observed time of a track: 15 frames at 30 fps (PAPERS.md)."
    )
    min_confidence: float = Field(default=0.4, ge=0, le=1, description="Lowest mean confidence of a track (PAPERS.md).")
    outlier_mad_factor: float = Field(
        default=5.0, gt=0, le=50, description="Wrist speeds above median + this many MAD are interpolated (PAPERS.md)."
    )
    outlier_floor_m_s: float = Field(
        default=1.5,
        ge=0,
        le=10,
        description="Speed that is never an outlier. Our choice: real reaches of a resting hand get this fast.",
    )
    smoothing_window_s: float = Field(
        default=11 / 30, gt=0, le=3, description="Savitzky-Golay window: 11 frames at 30 fps (PAPERS.md)."
    )
    smoothing_order: int = Field(default=3, ge=1, le=5, description="Savitzky-Golay order (PAPERS.md).")
    depth_window_s: float = Field(
        default=0.7,
        gt=0,
        le=3,
        description="Window for depth and orientation, order 1. Our choice: four times noisier than "
        "the image plane (measured 4/3/16 mm and 6.6 deg per step, PAPERS.md).",
    )
    palm_size_m: float = Field(
        default=PALM_SIZE_M,
        gt=0.03,
        le=0.15,
        description="Mean distance from the wrist to the four knuckles, for the depth. Mean adult (Buchholz et al. 1992, "
        "ANSUR II): adults vary by 6 %, children's hands are smaller.",
    )
    palm_landmark_noise: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="Standard deviation of a palm landmark in the picture per axis, palm lengths. Measured on rendered hands.",
    )
    rotation_prior_deg: float = Field(
        default=30.0,
        gt=0,
        le=180,
        description="Standard deviation of the landmark model's own orientation. Our choice: on real hands it lies 12-23 deg "
        "off what an anatomical palm says, on rendered ones 36 deg off the truth.",
    )
    turn_deg_s: float = Field(
        default=100.0,
        gt=0,
        le=5000,
        description="How fast a hand turns, to choose between a palm's tilt and its mirror image. Our choice: a wrist turns "
        "over in two seconds.",
    )
    sure_side: float = Field(
        default=0.75,
        ge=0.5,
        le=1,
        description="Share of votes from which a side is never changed because another hand at the "
        "same time claims it. Our choice.",
    )
    fov_deg: float = Field(
        default=DEFAULT_FOV_DEG,
        ge=20,
        le=170,
        description="Field of view across the longer side where intrinsics are unknown. Our "
        "choice: a 26 mm-equivalent phone camera.",
    )


class HandTracksStep(FrameStep[HandTracksConfig]):
    """Writes `hand_tracks`: one row per hand of each kept clip. A clip without hands is kept with no rows."""

    name = "hand_tracks"
    code_version = "3"
    reads = (
        Read(FILTERED_CLIPS, ("row_id", "start_s", "end_s"), by="identity"),
        Read(KNOWN_CAMERAS, INTRINSICS, unit="video_id", by="values"),
    )
    writes = HAND_TRACKS

    @property
    def sample_rate_hz(self) -> float:
        """The configured rate."""
        return self.config.sample_rate_hz

    def models(self) -> tuple[str, ...]:
        """SHA-256 of the hand model bundle."""
        return (model_fingerprint(HAND),)

    def open(self, unit: Unit) -> FrameConsumer:
        """Start on a clip."""
        return _HandConsumer(unit, self.config)


class _HandConsumer:
    """Detects hands in each frame and builds the tracks at the end."""

    def __init__(self, unit: Unit, config: HandTracksConfig) -> None:
        self._unit, self._config = unit, config
        self._frames: list[list[Hand]] = []
        self._times: list[float] = []
        self._size = (0, 0)
        self._second_looks = 0

    def push(self, frame: Frame) -> None:
        config = self._config
        detector = get_hand_detector(config.max_hands, config.detection_confidence, config.presence_confidence)
        rgb = frame.at_most(config.image_side_px)
        hands = [hand for hand in detector.detect(rgb) if np.isfinite(hand.landmarks_px).all()]
        if config.second_look and self._frames:
            for lost in self._missed(hands):
                self._second_looks += 1
                hands += _look_again(detector, rgb, lost, hands, config)
        self._frames.append(hands)
        self._times.append(frame.time_s)
        self._size = (rgb.shape[1], rgb.shape[0])

    def _missed(self, hands: Sequence[Hand]) -> list[Hand]:
        """Hands of the previous frame that nothing in this one is near to."""
        return [old for old in self._frames[-1] if not any(_palm_distance(old, new) < _SAME_PALM for new in hands)]

    def finish(self) -> Outcome:
        evidence: dict[str, Any] = {
            "frames": len(self._times),
            "frames_with_hands": sum(1 for hands in self._frames if hands),
            "second_looks": self._second_looks,
            "min_track_s": self._config.min_track_s,
            "min_confidence": self._config.min_confidence,
        }
        if not any(self._frames):
            return Outcome.kept(self._unit, [], {**evidence, "hands": 0})
        camera = Pinhole.of(*self._size, self._unit.all(KNOWN_CAMERAS), self._config.fov_deg)
        rows, dropped = build_hand_tracks(self._unit.id, self._frames, self._times, camera, self._config)
        return Outcome.kept(self._unit, rows, {**evidence, **dropped, "hands": len(rows)})


def _palm_distance(a: Hand, b: Hand) -> float:
    """Distance between two palms in palm lengths of the larger."""
    one, other = hand_detection(a), hand_detection(b)
    return float(np.linalg.norm(one.position - other.position)) / max(one.size, other.size, 1e-6)


def _look_again(
    detector: Any, rgb: npt.NDArray[np.uint8], lost: Hand, known: Sequence[Hand], config: HandTracksConfig
) -> list[Hand]:
    """Search a crop around where a hand was; at most the one nearest hand that is neither known nor far away."""
    height, width = rgb.shape[:2]
    palm = hand_detection(lost)
    half = config.second_look_sizes * palm.size
    x0, y0 = (int(max(0, value - half)) for value in palm.position)
    x1, y1 = int(min(width, palm.position[0] + half)), int(min(height, palm.position[1] + half))
    if min(x1 - x0, y1 - y0) < _MIN_CROP_PX:  # the hand has left the picture; a sliver shows nothing
        return []
    found = []
    for hand in detector.detect(np.ascontiguousarray(rgb[y0:y1, x0:x1])):
        points = hand.landmarks_px + np.array((x0, y0), np.float32)
        moved = replace(hand, landmarks_px=points, box=box_of(points))
        distance = _palm_distance(moved, lost)
        if distance <= config.gate_limit_sizes and all(_palm_distance(moved, other) >= _SAME_PALM for other in known):
            found.append((distance, moved))
    return [min(found, key=lambda pair: pair[0])[1]] if found else []
