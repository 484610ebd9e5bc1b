"""The ground truth that lies beside a simulated video: `<name>.json` next to `<name>.mp4`.

What belongs here: the schema, reading and writing. Nothing of the renderer: whoever measures a stage against the truth
needs this module only. Every field is described in `docs/simulator.md`.

Frames of reference: the world is metres with z up; a camera is x right, y down, z forward (OpenCV); pixels count from the
picture's upper left corner, so that the middle of the first pixel is (0.5, 0.5). All of it refers to the picture as it is
displayed, after any rotation the container asks for.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SCHEMA_VERSION = 2

MAX_SIDECAR_BYTES = 128 * 1024**2
"""About two hours of two hands at 15 frames a second; parsed, some ten times as much memory."""

HAND_JOINTS = 21
"""MediaPipe's order: wrist, then thumb, index, middle, ring and little finger from the palm outwards."""

BODY_JOINTS: tuple[str, ...] = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
"""The 17 COCO joints; left and right are the person's own."""

MEDIAPIPE_BODY_INDEX: tuple[int, ...] = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""Index of each of `BODY_JOINTS` among the 33 landmarks of MediaPipe's pose model."""

Side = Literal["left", "right"]
Viewpoint = Literal["ego", "exo", "none"]
Actor = Literal["left_hand", "right_hand", "body"]
Outcome = Literal["kept", "rejected", "duplicate", "unreadable"]
Control = Literal["screen_recording", "fixed_indoor", "surveillance", "ego_with_cuts", "diverse_pool"]
"""Footage that is nobody's life: the controls of Single-Life (PAPERS)."""
Point = Annotated[list[float], Field(min_length=3, max_length=3)]
Flag = Annotated[int, Field(ge=0, le=1)]


class SidecarError(ValueError):
    """A sidecar is missing, is not JSON, or contradicts its schema. The message names file, field and fix."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Intrinsics(_Model):
    """A pinhole camera without distortion, in pixels of the displayed picture."""

    fx: float = Field(gt=0)
    fy: float = Field(gt=0)
    cx: float
    cy: float
    width: int = Field(gt=0)
    height: int = Field(gt=0)

    def project(self, points_m: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Pixels (..., 2) of points (..., 3) in the camera frame; NaN for points that are not in front of the camera."""
        points = np.asarray(points_m, np.float64)
        depth = np.where(points[..., 2] > 0, points[..., 2], np.nan)
        return np.stack([self.fx * points[..., 0] / depth + self.cx, self.fy * points[..., 1] / depth + self.cy], axis=-1)

    def scaled(self, width: int, height: int) -> Intrinsics:
        """The same camera for the picture resized to width x height."""
        sx, sy = width / self.width, height / self.height
        return Intrinsics(fx=self.fx * sx, fy=self.fy * sy, cx=self.cx * sx, cy=self.cy * sy, width=width, height=height)


class JointSet(_Model):
    """Joints of one hand or body: millimetres in the camera frame, and which of them the picture shows.

    A joint is visible (1) when it lies inside the picture and no object or other actor hides it. That an actor hides a
    joint of its own (a finger behind the palm) does not count.
    """

    joints_mm: list[Point]
    visible: list[Flag]

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if len(self.joints_mm) != len(self.visible):
            raise ValueError(f"{len(self.joints_mm)} joints but {len(self.visible)} visibility flags")
        return self

    @property
    def visible_share(self) -> float:
        """Share of the joints the picture shows, 0..1."""
        return sum(self.visible) / max(1, len(self.visible))

    def points_m(self) -> npt.NDArray[np.float64]:
        """Joints as an array (joints, 3) in metres, camera frame."""
        return np.asarray(self.joints_mm, np.float64) / 1000


class BodyTruth(JointSet):
    """A person seen from outside: the 17 joints of the body and, where the figure has them, the 21 of each hand."""

    hands: dict[Side, JointSet] = Field(default_factory=dict)


class FrameTruth(_Model):
    """One frame: its presentation time, the camera's pose (4x4, world <- camera, metres) and who is in the picture.

    `camera` is None where no camera was (a screen recording).

    `brightness` scales the picture (1 as rendered, 0 black): below 1 only inside fades. `exposure` is the gain the camera's
    automatic exposure applied to the rendered picture (1: none).
    """

    time_s: float = Field(ge=0)
    camera: list[Annotated[list[float], Field(min_length=4, max_length=4)]] | None = Field(
        default=None, min_length=4, max_length=4
    )
    hands: dict[Side, JointSet] = Field(default_factory=dict)
    bodies: list[BodyTruth] = Field(default_factory=list)
    brightness: float = Field(default=1.0, ge=0, le=1)
    exposure: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _joint_counts(self) -> Self:
        for side, hand in self.hands.items():
            if len(hand.joints_mm) != HAND_JOINTS:
                raise ValueError(f"the {side} hand has {len(hand.joints_mm)} joints, expected {HAND_JOINTS}")
        for body in self.bodies:
            if len(body.joints_mm) != len(BODY_JOINTS):
                raise ValueError(f"a body has {len(body.joints_mm)} joints, expected {len(BODY_JOINTS)}")
        return self


class Segment(_Model):
    """One atomic action: from rest to rest, seconds from the video's first frame.

    `verb` is its base form (`reach`, `move`, `pour`, ...), `object` the noun phrase without article (`red cup`); empty when
    there is none.
    """

    actor: Actor
    start_s: float = Field(ge=0)
    end_s: float = Field(gt=0)
    text: str = Field(min_length=1)
    verb: str = ""
    object: str = ""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end_s <= self.start_s:
            raise ValueError(f"segment {self.text!r} ends at {self.end_s} s, not after its start at {self.start_s} s")
        return self


class Contact(_Model):
    """An actor touches an object without interruption, seconds from the video's first frame."""

    actor: Actor
    object: str = Field(min_length=1)
    start_s: float = Field(ge=0)
    end_s: float = Field(gt=0)


class DepthInfo(_Model):
    """Where depth and instance maps lie, and which frames they are of: every `every`-th from the first.

    The file is described in `depth_maps`; maps cover the whole picture at width x height.
    """

    file: str = Field(min_length=1)
    every: int = Field(ge=1)
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class ShotTruth(_Model):
    """An uncut stretch of the video: frames start_frame (included) to end_frame (excluded).

    `world` names the generated world the shot is set in, e.g. `kitchen/17`: camera poses of shots (and files) that share it
    share their coordinate frame.
    """

    start_frame: int = Field(ge=0)
    end_frame: int = Field(gt=0)
    scene: str
    viewpoint: Viewpoint
    human_centric: bool
    environment: str = "unknown"
    world: str = ""


class Sidecar(_Model):
    """Everything known about one simulated file. `frames` is empty for files nothing can be decoded from."""

    schema_version: Literal[2] = SCHEMA_VERSION
    name: str = Field(min_length=1)
    file: str = Field(min_length=1)
    seed: int
    description: str
    human_centric: bool
    viewpoint: Viewpoint
    environment: str
    expected_outcome: Outcome
    expected_reasons: list[str] = Field(default_factory=list)
    duplicate_of: str | None = None
    frame_count: int = Field(ge=0)
    frame_rate: float = Field(ge=0)
    variable_frame_rate: bool = False
    rotation_deg: Literal[0, 90, 180, 270] = 0
    blur_sigma_px: float = Field(default=0.0, ge=0)
    cuts: list[int] = Field(default_factory=list)
    fades: list[int] = Field(default_factory=list)
    intrinsics: Intrinsics | None = None
    shots: list[ShotTruth] = Field(default_factory=list)
    segments: list[Segment] = Field(default_factory=list)
    contacts: list[Contact] = Field(default_factory=list)
    life: str | None = None
    control: Control | None = None
    depth: DepthInfo | None = None
    instances: list[str] = Field(default_factory=list)
    frames: list[FrameTruth] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.frames) != self.frame_count:
            raise ValueError(f"frame_count is {self.frame_count} but {len(self.frames)} frames are described")
        if self.intrinsics is None and any(frame.camera or frame.hands or frame.bodies for frame in self.frames):
            raise ValueError("frames with a camera or joints but without intrinsics: nothing could be projected")
        times = [frame.time_s for frame in self.frames]
        if any(after <= before for before, after in pairwise(times)):
            raise ValueError("frame times do not increase")
        for kind in ("cuts", "fades"):
            if outside := [index for index in getattr(self, kind) if not 0 <= index < self.frame_count]:
                raise ValueError(f"{kind} {outside} lie outside the {self.frame_count} frames")
        if any(shot.end_frame > self.frame_count or shot.end_frame <= shot.start_frame for shot in self.shots):
            raise ValueError(f"a shot is empty or ends after the {self.frame_count} frames")
        return self

    def hand_pixels(self, frame: int, side: Side) -> npt.NDArray[np.float64]:
        """Landmarks (21, 2) of a hand in pixels of the displayed picture; raises `KeyError` when it is not there."""
        return self._intrinsics().project(self.frames[frame].hands[side].points_m())

    def body_pixels(self, frame: int, index: int = 0) -> npt.NDArray[np.float64]:
        """Joints (17, 2) of a body in pixels of the displayed picture; raises `IndexError` when it is not there."""
        return self._intrinsics().project(self.frames[frame].bodies[index].points_m())

    def _intrinsics(self) -> Intrinsics:
        if self.intrinsics is None:
            raise SidecarError(f"{self.name}: this file has no picture to project into")
        return self.intrinsics


def sidecar_path(video: Path) -> Path:
    """Where the sidecar of a video lies: the same folder and stem, `.json`."""
    return video.with_suffix(".json")


def read_sidecar_text(path: Path) -> str | None:
    """Content of a sidecar; None when there is none. Sidecars lie in folders others may write to: they are read like footage.

    Raises:
        SidecarError: It is a link, no regular file, too large or not UTF-8: nothing is followed out of the video's folder.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if path.is_symlink():
            raise SidecarError(f"{path}: a link; put the sidecar itself beside the video") from None
        raise SidecarError(f"{path}: cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SidecarError(f"{path}: not a regular file; remove it or put a JSON file there")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MAX_SIDECAR_BYTES + 1)
    if len(content) > MAX_SIDECAR_BYTES:
        raise SidecarError(f"{path}: larger than {MAX_SIDECAR_BYTES} bytes; a sidecar holds labels, not data")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SidecarError(f"{path}: not UTF-8: {error}") from None


def load_sidecar(path: str | Path) -> Sidecar:
    """Read and validate a sidecar.

    Args:
        path: The sidecar, or the video it lies beside.

    Raises:
        SidecarError: Missing, not to be read (see `read_sidecar_text`), not JSON, another schema version, or a field that
            contradicts the schema.
    """
    file = Path(path)
    if file.suffix != ".json":
        file = sidecar_path(file)
    text = read_sidecar_text(file)
    if text is None:
        raise SidecarError(f"no sidecar at {file}. Only simulated videos have one.")
    return parse_sidecar(text, file)


def parse_sidecar(text: str, place: str | Path) -> Sidecar:
    """Validate a sidecar's text; `place` goes into messages.

    Raises:
        SidecarError: Not JSON, another schema version, or a field that contradicts the schema.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SidecarError(f"{place} is not JSON: {error}. Make it again with the sample library's generator.") from error
    if isinstance(content, Mapping) and content.get("schema_version") != SCHEMA_VERSION:
        raise SidecarError(
            f"{place} has schema version {content.get('schema_version')!r}, this code reads {SCHEMA_VERSION}. "
            "Make it again with the sample library's generator."
        )
    try:
        return Sidecar.model_validate(content)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc'])) or 'sidecar'}: {e['msg']}" for e in error.errors()[:10]]
        raise SidecarError("\n".join([f"{place} contradicts the sidecar schema:", *lines])) from error


def dump_sidecar(sidecar: Sidecar) -> str:
    """JSON text: one line per field, one line per frame, defaults left out. Equal sidecars give equal bytes."""
    content = sidecar.model_dump(mode="json", exclude_defaults=True, exclude={"frames"})
    lines = [f'"schema_version": {SCHEMA_VERSION}']
    lines += [f"{json.dumps(key)}: {_compact(value)}" for key, value in content.items() if key != "schema_version"]
    frames = [_compact(frame.model_dump(mode="json", exclude_defaults=True)) for frame in sidecar.frames]
    if frames:
        lines.append('"frames": [\n' + ",\n".join(frames) + "\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _compact(value: Any) -> str:
    return json.dumps(_integral(value), separators=(",", ":"), ensure_ascii=False)


def _integral(value: Any) -> Any:
    """Whole floats as integers ('1' for '1.0'): a tenth of the file."""
    if isinstance(value, dict):
        return {key: _integral(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_integral(item) for item in value]
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value
