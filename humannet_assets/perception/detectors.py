"""Typed wrappers over the MediaPipe Tasks hand, body and face models.

Everything in here speaks pixels of the picture it was given (x right, y down, origin at the upper left corner) and metres.
What the detections mean for a clip is decided elsewhere.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt

from humannet_assets.media.frames import RGB
from humannet_assets.perception.models import BODY, FACE, HAND, ensure_models

Floats = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels; may reach outside the picture."""
Mode = Literal["image", "video"]

HAND_LANDMARKS, BODY_LANDMARKS = 21, 33


@dataclass(frozen=True)
class Hand:
    """One hand in one picture (21 MediaPipe hand landmarks, 0 = wrist).

    `side` is the person's own hand as long as the picture is not mirrored: checked on egocentric footage, where the wearer's
    left hand enters from the left and is called left. (The older Solutions API swapped the two; the Tasks API does not.)
    `landmarks_px` (21, 2) pixels; `depth` (21,) is z against the wrist, about in picture widths, smaller is nearer;
    `world_m` (21, 3) metres, x right, y down, z away, origin at the hand's middle; `score` is the confidence in `side`.
    """

    landmarks_px: Floats
    depth: Floats
    world_m: Floats
    side: Literal["left", "right"]
    score: float
    box: Box


@dataclass(frozen=True)
class Body:
    """One person in one picture (33 MediaPipe pose landmarks).

    `landmarks_px` (33, 2) pixels; `world_m` (33, 3) metres, x right, y down, z away, origin between the hips;
    `visibility` (33,) how likely each landmark is inside the picture and not hidden, 0..1; `score` is its mean.
    """

    landmarks_px: Floats
    world_m: Floats
    visibility: Floats
    score: float
    box: Box


@dataclass(frozen=True)
class Face:
    """One face: its box, confidence 0..1, and 6 keypoints (6, 2) in pixels (eyes, nose tip, mouth, ears)."""

    box: Box
    score: float
    keypoints_px: Floats


DetectionT = TypeVar("DetectionT")
_open_detectors: weakref.WeakSet[Detector[Any]] = weakref.WeakSet()


class Detector(ABC, Generic[DetectionT]):
    """A loaded model. Use as a context manager, or through the cached `get_*_detector` functions.

    Measured per 640 px picture on one busy core: hands 35 ms, bodies 40 ms, faces 7 ms; loading .2-.4 s each.

    In "image" mode every picture is judged alone. In "video" mode what was found is followed to the next picture, which is
    faster and steadier; pictures must then come with rising `time_s`, and a detector must see one clip only.
    """

    def __init__(self, mode: Mode, create: Callable[[Any, Any, Any], Any]) -> None:
        # The native code warns on standard error while it loads and on its first picture; errors arrive as exceptions.
        with _quiet_native_code():
            from mediapipe.tasks.python import BaseOptions, vision

            running = vision.RunningMode.VIDEO if mode == "video" else vision.RunningMode.IMAGE
            self._task: Any = create(vision, BaseOptions, running)
        self.mode: Mode = mode
        self._last_ms = -1
        self._used = False
        self._lock = threading.Lock()
        _open_detectors.add(self)

    @abstractmethod
    def _convert(self, result: Any, width: int, height: int) -> list[DetectionT]: ...

    def detect(self, rgb: RGB, time_s: float | None = None) -> list[DetectionT]:
        """Find everything in one picture, most confident first.

        Args:
            rgb: (height, width, 3) uint8.
            time_s: Seconds on any rising clock; needed in video mode, ignored in image mode.

        Raises:
            ValueError: Wrong dtype or shape, no time in video mode, or the detector was closed.
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
            raise ValueError(f"a picture is (height, width, 3) uint8, not {rgb.shape} {rgb.dtype}")
        if self.mode == "video" and time_s is None:
            raise ValueError("a detector in video mode needs time_s with every picture")
        with self._lock:
            if self._task is None:
                raise ValueError(f"this {type(self).__name__} was closed; make a new one")
            if self._used:
                result = self._run(rgb, time_s)
            else:
                with _quiet_native_code():
                    result = self._run(rgb, time_s)
                self._used = True
        return self._convert(result, rgb.shape[1], rgb.shape[0])

    def _run(self, rgb: RGB, time_s: float | None) -> Any:
        import mediapipe

        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
        if time_s is None or self.mode == "image":
            return self._task.detect(image)
        # The graph refuses equal times; two frames of very fast video may round to one millisecond.
        self._last_ms = max(self._last_ms + 1, round(time_s * 1000))
        return self._task.detect_for_video(image, self._last_ms)

    def close(self) -> None:
        """Free the model. Closing twice is fine."""
        with self._lock:
            task, self._task = self._task, None
        if task is not None:
            task.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class HandDetector(Detector[Hand]):
    """The MediaPipe hand landmarker: palm detection, then 21 landmarks per hand."""

    def __init__(
        self,
        max_hands: int = 4,
        detection_confidence: float = 0.5,
        presence_confidence: float = 0.5,
        tracking_confidence: float = 0.5,
        mode: Mode = "image",
    ) -> None:
        path = str(ensure_models().path(HAND))

        def create(vision: Any, base: Any, running: Any) -> Any:
            options = vision.HandLandmarkerOptions(
                base_options=base(model_asset_path=path),
                running_mode=running,
                num_hands=max_hands,
                min_hand_detection_confidence=detection_confidence,
                min_hand_presence_confidence=presence_confidence,
                min_tracking_confidence=tracking_confidence,
            )
            return vision.HandLandmarker.create_from_options(options)

        super().__init__(mode, create)

    def _convert(self, result: Any, width: int, height: int) -> list[Hand]:
        hands = []
        found = zip(result.hand_landmarks, result.hand_world_landmarks, result.handedness, strict=True)
        for landmarks, world, handedness in found:
            points = _xyz(landmarks)
            pixels = points[:, :2] * np.array((width, height), np.float32)
            side: Literal["left", "right"] = "left" if handedness[0].category_name == "Left" else "right"
            hands.append(Hand(pixels, points[:, 2], _xyz(world), side, float(handedness[0].score), box_of(pixels)))
        return sorted(hands, key=lambda hand: -hand.score)


class BodyDetector(Detector[Body]):
    """The MediaPipe pose landmarker ("full"): person detection by head and hips, then 33 landmarks."""

    def __init__(
        self,
        max_bodies: int = 2,
        detection_confidence: float = 0.5,
        presence_confidence: float = 0.5,
        tracking_confidence: float = 0.5,
        mode: Mode = "image",
    ) -> None:
        path = str(ensure_models().path(BODY))

        def create(vision: Any, base: Any, running: Any) -> Any:
            options = vision.PoseLandmarkerOptions(
                base_options=base(model_asset_path=path),
                running_mode=running,
                num_poses=max_bodies,
                min_pose_detection_confidence=detection_confidence,
                min_pose_presence_confidence=presence_confidence,
                min_tracking_confidence=tracking_confidence,
            )
            return vision.PoseLandmarker.create_from_options(options)

        super().__init__(mode, create)

    def _convert(self, result: Any, width: int, height: int) -> list[Body]:
        bodies = []
        for landmarks, world in zip(result.pose_landmarks, result.pose_world_landmarks, strict=True):
            pixels = _xyz(landmarks)[:, :2] * np.array((width, height), np.float32)
            visibility = np.array([point.visibility or 0.0 for point in landmarks], np.float32)
            bodies.append(Body(pixels, _xyz(world), visibility, float(visibility.mean()), box_of(pixels)))
        return sorted(bodies, key=lambda body: -body.score)


class FaceDetector(Detector[Face]):
    """The MediaPipe full-range face detector (faces up to about 5 m away)."""

    def __init__(self, detection_confidence: float = 0.5, suppression_threshold: float = 0.3) -> None:
        path = str(ensure_models().path(FACE))

        def create(vision: Any, base: Any, running: Any) -> Any:
            options = vision.FaceDetectorOptions(
                base_options=base(model_asset_path=path),
                running_mode=running,
                min_detection_confidence=detection_confidence,
                min_suppression_threshold=suppression_threshold,
            )
            return vision.FaceDetector.create_from_options(options)

        super().__init__("image", create)

    def _convert(self, result: Any, width: int, height: int) -> list[Face]:
        faces = []
        for detection in result.detections:
            box = detection.bounding_box
            corners = (box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height)
            points = np.array([(point.x * width, point.y * height) for point in detection.keypoints or ()], np.float32)
            x0, y0, x1, y1 = (float(value) for value in corners)
            faces.append(Face((x0, y0, x1, y1), float(detection.categories[0].score), points.reshape(-1, 2)))
        return sorted(faces, key=lambda face: -face.score)


def get_hand_detector(max_hands: int = 4, detection_confidence: float = 0.5, presence_confidence: float = 0.5) -> HandDetector:
    """This process's hand detector in image mode with these settings, loaded on first use."""
    return _cached_hand_detector(os.getpid(), max_hands, detection_confidence, presence_confidence)


def get_body_detector(max_bodies: int = 2, detection_confidence: float = 0.5, presence_confidence: float = 0.5) -> BodyDetector:
    """This process's body detector in image mode with these settings, loaded on first use."""
    return _cached_body_detector(os.getpid(), max_bodies, detection_confidence, presence_confidence)


def get_face_detector(detection_confidence: float = 0.5) -> FaceDetector:
    """This process's face detector in image mode with these settings, loaded on first use."""
    return _cached_face_detector(os.getpid(), detection_confidence)


# The process id is part of the key because a model's native threads do not survive a fork.
@lru_cache(maxsize=8)
def _cached_hand_detector(_pid: int, max_hands: int, detection: float, presence: float) -> HandDetector:
    return HandDetector(max_hands, detection, presence)


@lru_cache(maxsize=8)
def _cached_body_detector(_pid: int, max_bodies: int, detection: float, presence: float) -> BodyDetector:
    return BodyDetector(max_bodies, detection, presence)


@lru_cache(maxsize=8)
def _cached_face_detector(_pid: int, detection: float) -> FaceDetector:
    return FaceDetector(detection)


def box_of(points_px: Floats) -> Box:
    """Smallest upright box around points (n, 2)."""
    (x0, y0), (x1, y1) = points_px.min(axis=0), points_px.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def _xyz(landmarks: Any) -> Floats:
    return np.array([(point.x, point.y, point.z) for point in landmarks], np.float32)


@contextmanager
def _quiet_native_code() -> Iterator[None]:
    """Drop what native code writes to standard error; Python's own errors travel as exceptions."""
    try:
        kept = os.dup(2)
    except OSError:  # no standard error at all: nothing to silence
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(null)
        os.close(kept)


def _close_all() -> None:
    for detector in list(_open_detectors):
        detector.close()


# The native objects raise from __del__ when the interpreter takes them down in any other order.
atexit.register(_close_all)
