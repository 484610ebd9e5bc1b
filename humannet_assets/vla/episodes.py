"""The one form robot episodes have in memory, whatever data set they come from.

What belongs here: the types and the identity of an episode. Readers (`importers`) give a `RawEpisode`: the numbers as the data
set calls them. `assembly` reads those with a `robots.RobotMapping` and gives an `Episode`: joints, end effector and gripper in
SI units. Arrays are float64; T is the number of frames.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Intrinsics, Side
from humannet_assets.store.identity import stable_id

Floats = npt.NDArray[np.float64]

MAX_JOINTS = 7
"""Joints an arm may have: what the action space has slots for (PAPERS, "Our action space": 14 for two arms)."""


class EpisodeError(ValueError):
    """One episode cannot be used; `reason` is a stable code, the message names file, episode, field and fix."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.reason, str(self)))


class UnreadableDatasetError(ValueError):
    """The data set as a whole cannot be read; the message names the file and the fix."""


@dataclass(frozen=True)
class BadEpisode:
    """An episode that could not be imported, in place of it: the others go on.

    `path` is the file it should have come from, `index` its number in the data set.
    """

    path: str
    index: int
    reason: str
    message: str


@dataclass(frozen=True)
class VideoRef:
    """The pictures of one camera as a span of a video file. Times are seconds from the file's first frame.

    The picture of frame i is the one at `start_s + timestamps_s[i] - timestamps_s[0]`, before `end_s`. Width and height are
    of the coded picture, `fps` the rate the container states.
    """

    path: Path
    start_s: float
    end_s: float
    width: int
    height: int
    fps: float


@dataclass(frozen=True)
class ImageRef:
    """The pictures of one camera as encoded or raw images inside a data file.

    `container` says how to find them: rows `offset` to `offset + count` of data set or column `key` ("hdf5", "parquet"), or
    feature `key` of the record at byte `offset` ("tfrecord"). With `bgr` the stored arrays, or what the images decode to,
    have blue first.
    """

    path: Path
    container: Literal["hdf5", "parquet", "tfrecord"]
    key: str
    offset: int
    count: int
    width: int
    height: int
    bgr: bool = False


CameraRef = VideoRef | ImageRef


@dataclass(frozen=True, eq=False)
class FieldValues:
    """A numeric column of a data set: values (T, D) and the names of its D dimensions."""

    values: Floats
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise ValueError(f"values of shape {self.values.shape}; expected (T, {len(self.names)}), one column per name")


@dataclass(frozen=True, eq=False)
class RawEpisode:
    """An episode as its data set tells it: named columns, pictures, words. Nothing is interpreted yet.

    `timestamps_s` is None where the data hold no times: `frames` counts them, and somebody else must know the rate.
    `missing_cameras` maps a camera the data set declares to the reason why it cannot be used. `rate_source` says where the
    times come from.
    """

    path: Path
    index: int
    source: str
    robot_type: str
    timestamps_s: Floats | None
    frames: int
    fields: Mapping[str, FieldValues]
    instruction: str = ""
    cameras: Mapping[str, CameraRef] = field(default_factory=dict)
    missing_cameras: Mapping[str, str] = field(default_factory=dict)
    success: bool | None = None
    rate_source: str = "data"
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """File and episode, as messages begin."""
        return f"{self.path}: episode {self.index}"


@dataclass(frozen=True, eq=False)
class Episode:
    """One episode in SI units. Arrays per arm have their arms in the order of `arms`.

    Attributes:
        episode_id: Hash of the content (numbers, times, words, cameras), the same wherever the files lie.
        source: The data set's name.
        path: File the numbers come from.
        index: Number of the episode in the data set.
        robot: Name of the mapping that read it; empty where none did.
        instruction: What was to be done; empty where the data do not say.
        timestamps_s: (T,) seconds from the first frame.
        state: (T, Ds) as recorded, with names and units ("rad", "m", ...; empty where unknown).
        action: (T, Da) as recorded, likewise.
        arms: The arms there are.
        ee_pose: (T, arms, 7) measured end effector: xyz in metres and a unit quaternion xyzw, in the frame `ee_frame`.
        gripper: (T, arms) measured opening, 0 closed to 1 open.
        joints: (T, arms, 7) measured joint angles in radians; NaN beyond the joints an arm has.
        ee_target: (T, arms, 7) as `ee_pose`, commanded at this frame: to be reached at the next.
        gripper_target: (T, arms) likewise.
        joint_target: (T, arms, 7) likewise.
        cameras: Where the pictures are.
        missing_cameras: Cameras the data set declares but does not hold, with the reason.
        anchor_camera: The camera whose frame actions refer to.
        intrinsics: Per camera, where known.
        extrinsics: Per camera, where known: (4, 4) or (T, 4, 4) `ee_frame` <- camera (OpenCV axes).
        success: Whether the task was done, where the data say so.
        metadata: Whatever else the data set tells.
    """

    episode_id: str
    source: str
    path: Path
    index: int
    robot: str
    instruction: str
    timestamps_s: Floats
    state: Floats
    state_names: tuple[str, ...]
    state_units: tuple[str, ...]
    action: Floats
    action_names: tuple[str, ...]
    action_units: tuple[str, ...]
    arms: tuple[Side, ...] = ()
    ee_pose: Floats | None = None
    ee_frame: str = ""
    gripper: Floats | None = None
    joints: Floats | None = None
    ee_target: Floats | None = None
    gripper_target: Floats | None = None
    joint_target: Floats | None = None
    cameras: Mapping[str, CameraRef] = field(default_factory=dict)
    missing_cameras: Mapping[str, str] = field(default_factory=dict)
    anchor_camera: str | None = None
    intrinsics: Mapping[str, Intrinsics] = field(default_factory=dict)
    extrinsics: Mapping[str, Floats] = field(default_factory=dict)
    success: bool | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count, arms = len(self.timestamps_s), len(self.arms)
        shapes = {
            "state": (count, len(self.state_names)),
            "action": (count, len(self.action_names)),
            "ee_pose": (count, arms, 7),
            "ee_target": (count, arms, 7),
            "gripper": (count, arms),
            "gripper_target": (count, arms),
            "joints": (count, arms, MAX_JOINTS),
            "joint_target": (count, arms, MAX_JOINTS),
        }
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise ValueError(f"{self.path}: episode {self.index}: {name} has shape {value.shape}, expected {shape}")

    @property
    def frames(self) -> int:
        """T."""
        return len(self.timestamps_s)

    @property
    def duration_s(self) -> float:
        """Seconds from the first frame to the last."""
        return float(self.timestamps_s[-1] - self.timestamps_s[0]) if self.frames else 0.0

    @property
    def place(self) -> str:
        """File and episode, as messages begin."""
        return f"{self.path}: episode {self.index}"


def content_id(raw: RawEpisode) -> str:
    """Identity of an episode: a hash of what was recorded, so that a copied or renamed data set gives the same ids.

    Cameras enter by name only: the bytes of a picture change with every conversion, the numbers beside it do not.
    """
    digest = hashlib.sha256()
    times_s = np.zeros(0) if raw.timestamps_s is None else raw.timestamps_s - raw.timestamps_s[:1]
    with np.errstate(invalid="ignore", over="ignore"):
        # Milliseconds and float32 are what every format can hold: a conversion through them keeps the identity.
        digest.update(np.round(times_s * 1e3).astype("<i8").tobytes())
        for name in sorted(raw.fields):
            values = raw.fields[name].values
            digest.update(f"{name}\x1f{values.shape}\x1f".encode("utf-8", "surrogatepass"))
            digest.update(values.astype("<f4").tobytes())
    return stable_id("robot_episode", digest.hexdigest(), raw.instruction, *sorted({*raw.cameras, *raw.missing_cameras}))
