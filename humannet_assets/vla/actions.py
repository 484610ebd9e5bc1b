"""The action space people and robots share: 32 numbers per step, a mask for each, chunks of 16 steps at 15 Hz (PAPERS).

| slots | content |
|---|---|
| 0-2, 7-9 | left, right wrist: shift from where it was at the chunk's first frame, metres |
| 3-5, 10-12 | left, right wrist: rotation vector from how it was then, radians |
| 6, 13 | left, right grip: 0 closed, 1 open |
| 14-20, 21-27 | left, right joint angles, radians (robots only) |
| 28-31 | reserved, always masked |

Shift and rotation are along the axes of the camera at the chunk's first frame, the *anchor* (x right, y down, z forward):
`shift = C^T (p - p0)`, `rotation = C^T log(R R0^T)` with wrist (p0, R0) and camera orientation C at the anchor, and wrist
(p, R) of the step, all in one frame that stands still. So a head that moves later is not in the actions, and a policy needs no
calibration but that camera's. Step k of a chunk is what is to be reached (k + 1) / 15 s after the anchor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.spatial.transform import Rotation

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.episodes import Episode, Floats
from humannet_assets.vla.motion import SIDES, Motion, resting, robot_motion
from humannet_assets.vla.resample import ResampleConfig, resample

ACTION_DIM = 32
CHUNK_STEPS = 16

Bools = npt.NDArray[np.bool_]
Float32s = npt.NDArray[np.float32]

Targets = Literal["measured", "commanded"]


@dataclass(frozen=True)
class HandSlots:
    """Where the numbers of one hand are."""

    position: slice
    rotation: slice
    grip: int
    joints: slice


HANDS: tuple[HandSlots, HandSlots] = (
    HandSlots(slice(0, 3), slice(3, 6), 6, slice(14, 21)),
    HandSlots(slice(7, 10), slice(10, 13), 13, slice(21, 28)),
)
"""In the order of `SIDES`."""
RESERVED = slice(28, 32)


def _by_slot(position: str, rotation: str, grip: str, joints: str) -> tuple[str, ...]:
    names = [""] * ACTION_DIM
    for side, slots in zip(SIDES, HANDS, strict=True):
        for axis, column in zip("xyz", range(slots.position.start, slots.position.stop), strict=True):
            names[column] = position.format(side=side, axis=axis)
        for axis, column in zip("xyz", range(slots.rotation.start, slots.rotation.stop), strict=True):
            names[column] = rotation.format(side=side, axis=axis)
        names[slots.grip] = grip.format(side=side)
        for joint, column in enumerate(range(slots.joints.start, slots.joints.stop)):
            names[column] = joints.format(side=side, joint=joint)
    for index, column in enumerate(range(RESERVED.start, RESERVED.stop)):
        names[column] = names[column] or f"reserved_{index}"
    return tuple(names)


DIM_NAMES = _by_slot("{side}_{axis}", "{side}_r{axis}", "{side}_grip", "{side}_joint_{joint}")
DIM_UNITS = tuple(
    "" if name.startswith("reserved") else unit
    for name, unit in zip(DIM_NAMES, _by_slot("m", "rad", "opening", "rad"), strict=True)
)

_DEPTH_WEIGHT, _ROTATION_WEIGHT = 0.3, 0.2


def human_weights() -> Float32s:
    """Weight of each dim in the loss (32,) for actions from monocular hand tracks, whose depth and rotation are noisy.

    PAPERS: 4/3/16 mm and 6.6 deg from step to step; hence xy 1, z 0.3, rotation 0.2, grip 1.
    """
    weights = np.ones(ACTION_DIM, np.float32)
    for slots in HANDS:
        weights[slots.position.stop - 1] = _DEPTH_WEIGHT
        weights[slots.rotation] = _ROTATION_WEIGHT
    weights[RESERVED] = 0.0
    return weights


def robot_weights() -> Float32s:
    """Weight of each dim in the loss (32,) for measured actions: 1 wherever there is a dim."""
    weights = np.ones(ACTION_DIM, np.float32)
    weights[RESERVED] = 0.0
    return weights


class ChunkConfig(StepConfig):
    """How chunks are cut from a motion."""

    steps: int = Field(default=CHUNK_STEPS, gt=0, le=1000, description="Steps of a chunk. PAPERS: 16.")
    stride: int = Field(default=1, gt=0, description="Samples from one anchor to the next. Our choice: every sample is one.")
    wrist: Targets = Field(
        default="measured", description="Wrist poses to be reached. Measured: the only ones people have, so both mean the same."
    )
    grip: Targets = Field(
        default="commanded",
        description="Openings to be reached, commanded where there are commands: a gripper holding a thing is told to close.",
    )
    joints: Targets = Field(default="commanded", description="Joint angles to be reached, commanded where there are commands.")
    unknown_camera: Literal["mask", "reference"] = Field(
        default="mask",
        description="Wrists where the anchor camera's pose is not known: masked, or along the axes of the motion's own "
        "reference frame (a robot's base), which then is another action space: do not mix the two.",
    )


@dataclass(frozen=True, eq=False)
class ActionChunks:
    """N chunks of a motion. What is masked is 0.

    Attributes:
        actions: (N, steps, 32).
        mask: (N, steps, 32) which of them are known.
        state: (N, 32) the hands at the anchor: wrist position and rotation vector in the camera's frame, grip, joints.
        state_mask: (N, 32).
        anchor_index: (N,) sample each chunk starts at.
        anchor_s: (N,) its time, seconds.
        frame_index: (N,) recorded frame to show with it.
        anchor_wrist: (N, 2, 7) wrists at the anchor, in the reference frame; NaN where not known.
        camera: (N, 7) camera at the anchor, in the reference frame (the frame itself where `axes` is "reference").
        axes: Whose axes shift and rotation are along.
    """

    actions: Float32s
    mask: Bools
    state: Float32s
    state_mask: Bools
    anchor_index: npt.NDArray[np.int64]
    anchor_s: Floats
    frame_index: npt.NDArray[np.int64]
    anchor_wrist: Floats
    camera: Floats
    axes: Literal["camera", "reference"]

    def __len__(self) -> int:
        return len(self.actions)


def robot_action_chunks(
    episode: Episode, config: ChunkConfig | None = None, resampling: ResampleConfig | None = None
) -> ActionChunks:
    """The chunks of a robot's episode, at the action space's rate. Episodes without a single known action give none.

    Raises:
        ValueError: The episode's times do not increase.
    """
    return cut_chunks(resample(robot_motion(episode), resampling), config)


def cut_chunks(motion: Motion, config: ChunkConfig | None = None) -> ActionChunks:
    """The chunks of a motion that is sampled at the action space's rate; those without a known action are left out."""
    config = config or ChunkConfig()
    count = len(motion.times_s)
    anchors = np.arange(0, max(0, count - 1), config.stride, dtype=np.int64)
    camera, axes = _cameras(motion, config)
    # (N, steps): the sample a step ends at, and the one its command was given at.
    ends = anchors[:, None] + 1 + np.arange(config.steps)
    actions = np.full((len(anchors), config.steps, ACTION_DIM), np.nan)
    wrist = _steps(motion.wrist, motion.wrist_target, ends, config.wrist)  # (N, steps, 2, 7)
    grip = _steps(motion.grip, motion.grip_target, ends, config.grip)  # (N, steps, 2)
    joints = _steps(motion.joints, motion.joint_target, ends, config.joints)  # (N, steps, 2, 7)
    state = np.full((len(anchors), ACTION_DIM), np.nan)
    for hand, slots in enumerate(HANDS):
        start, turned = motion.wrist[anchors, hand], camera[anchors]
        deltas = shift_and_rotation(start[:, None], wrist[:, :, hand], turned[:, None, 3:])
        actions[..., slots.position], actions[..., slots.rotation] = deltas[..., :3], deltas[..., 3:]
        actions[..., slots.grip] = grip[:, :, hand]
        actions[..., slots.joints] = joints[:, :, hand]
        seen = in_camera(start, turned)
        state[:, slots.position], state[:, slots.rotation] = seen[:, :3], seen[:, 3:]
        state[:, slots.grip] = motion.grip[anchors, hand]
        state[:, slots.joints] = motion.joints[anchors, hand]
    mask, state_mask = np.isfinite(actions), np.isfinite(state)
    kept = np.flatnonzero(mask.any(axis=(1, 2)))
    frames = motion.frame_index if motion.frame_index is not None else np.arange(count, dtype=np.int64)
    return ActionChunks(
        actions=np.where(mask, actions, 0.0).astype(np.float32)[kept],
        mask=mask[kept],
        state=np.where(state_mask, state, 0.0).astype(np.float32)[kept],
        state_mask=state_mask[kept],
        anchor_index=anchors[kept],
        anchor_s=motion.times_s[anchors[kept]],
        frame_index=frames[anchors[kept]],
        anchor_wrist=motion.wrist[anchors[kept]],
        camera=camera[anchors[kept]],
        axes=axes,
    )


def _cameras(motion: Motion, config: ChunkConfig) -> tuple[Floats, Literal["camera", "reference"]]:
    """Camera poses (T, 7) actions refer to, and whose axes that makes them."""
    count = len(motion.times_s)
    if motion.camera is not None:
        return motion.camera, "camera"
    if config.unknown_camera == "reference":
        return resting(count), "reference"
    return np.full((count, 7), np.nan), "camera"


def _steps(measured: Floats, commanded: Floats | None, ends: npt.NDArray[np.int64], which: Targets) -> Floats:
    """Values (N, steps, ...) to be reached at the samples `ends`; NaN beyond the last sample.

    Commanded per hand where it has any command: what was commanded at the sample before is to be reached at this one.
    """
    values = np.full((*ends.shape, *measured.shape[1:]), np.nan)
    inside = ends < len(measured)
    values[inside] = measured[ends[inside]]
    if which == "commanded" and commanded is not None:
        for hand in range(measured.shape[1]):
            if np.isfinite(commanded[:, hand]).any():
                values[inside, hand] = commanded[ends[inside] - 1, hand]
    return values


def shift_and_rotation(anchor: Floats, pose: Floats, camera: Floats) -> Floats:
    """How a pose differs from an anchor pose, along a camera's axes: (..., 6) metres and radians; NaN where not known.

    Args:
        anchor: (..., 7) pose to start from.
        pose: (..., 7) pose to arrive at.
        camera: (..., 4) quaternion of the camera, xyzw. All three in one frame; shapes broadcast.
    """
    shape = np.broadcast_shapes(anchor.shape[:-1], pose.shape[:-1], camera.shape[:-1])
    first, last = (np.broadcast_to(values, (*shape, 7)).reshape(-1, 7) for values in (anchor, pose))
    axes = np.broadcast_to(camera, (*shape, 4)).reshape(-1, 4)
    result = np.full((len(first), 6), np.nan)
    known = np.isfinite(first).all(axis=1) & np.isfinite(last).all(axis=1) & np.isfinite(axes).all(axis=1)
    if known.any():
        back = Rotation.from_quat(axes[known]).inv()
        turn = Rotation.from_quat(last[known, 3:]) * Rotation.from_quat(first[known, 3:]).inv()
        result[known, :3] = back.apply(last[known, :3] - first[known, :3])
        result[known, 3:] = back.apply(turn.as_rotvec())
    return result.reshape(*shape, 6)


def moved(anchor: Floats, delta: Floats, camera: Floats) -> Floats:
    """The pose (..., 7) that `shift_and_rotation` leads to from an anchor pose: its inverse. Shapes broadcast."""
    shape = np.broadcast_shapes(anchor.shape[:-1], delta.shape[:-1], camera.shape[:-1])
    first = np.broadcast_to(anchor, (*shape, 7)).reshape(-1, 7)
    change = np.broadcast_to(delta, (*shape, 6)).reshape(-1, 6).astype(np.float64)
    axes = np.broadcast_to(camera, (*shape, 4)).reshape(-1, 4)
    result = np.full((len(first), 7), np.nan)
    known = np.isfinite(first).all(axis=1) & np.isfinite(change).all(axis=1) & np.isfinite(axes).all(axis=1)
    if known.any():
        frame = Rotation.from_quat(axes[known])
        turn = Rotation.from_rotvec(frame.apply(change[known, 3:]))
        result[known, :3] = first[known, :3] + frame.apply(change[known, :3])
        result[known, 3:] = (turn * Rotation.from_quat(first[known, 3:])).as_quat()
    return result.reshape(*shape, 7)


def in_camera(pose: Floats, camera: Floats) -> Floats:
    """A pose (..., 7) in the frame of a camera (..., 7): position and rotation vector (..., 6); NaN where not known."""
    shape = np.broadcast_shapes(pose.shape[:-1], camera.shape[:-1])
    poses, cameras = (np.broadcast_to(values, (*shape, 7)).reshape(-1, 7) for values in (pose, camera))
    result = np.full((len(poses), 6), np.nan)
    known = np.isfinite(poses).all(axis=1) & np.isfinite(cameras).all(axis=1)
    if known.any():
        back = Rotation.from_quat(cameras[known, 3:]).inv()
        result[known, :3] = back.apply(poses[known, :3] - cameras[known, :3])
        result[known, 3:] = (back * Rotation.from_quat(poses[known, 3:])).as_rotvec()
    return result.reshape(*shape, 6)


def wrists_of(actions: npt.ArrayLike, anchor_wrist: Floats, camera: Floats) -> Floats:
    """Wrists (N, steps, 2, 7) in the reference frame that chunks of actions lead to.

    Args:
        actions: (N, steps, 32), e.g. predicted ones.
        anchor_wrist: (N, 2, 7) wrists at the anchors.
        camera: (N, 7) cameras at the anchors.
    """
    values = np.asarray(actions, np.float64)
    deltas = [np.concatenate([values[..., slots.position], values[..., slots.rotation]], axis=-1) for slots in HANDS]
    return moved(anchor_wrist[:, None], np.stack(deltas, axis=-2), camera[:, None, None, 3:])
