"""Two hands over time, of a person or a robot: what action chunks are cut from.

Not known is NaN, in any channel at any sample; masks follow from that. Hands are in the order of `SIDES`; a robot with one arm
has one hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.vla.episodes import MAX_JOINTS, Episode, Floats

SIDES: tuple[Side, Side] = ("left", "right")


def resting(count: int) -> Floats:
    """Poses (count, 7) of what stays at the origin, unturned."""
    return np.tile([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], (count, 1))


@dataclass(frozen=True, eq=False)
class Motion:
    """Samples over time. Poses are xyz (metres) and a unit quaternion xyzw, in one reference frame that stands still.

    Attributes:
        times_s: (T,) seconds, increasing.
        wrist: (T, 2, 7) wrists, or end effectors.
        grip: (T, 2) opening, 0 closed to 1 open.
        joints: (T, 2, 7) joint angles, radians; robots only.
        camera: (T, 7) pose of the camera actions refer to (reference <- camera, OpenCV axes). None: not known at all.
        wrist_target: (T, 2, 7) commanded at a sample, to be reached at the next one. None: nothing was commanded.
        grip_target: (T, 2) likewise.
        joint_target: (T, 2, 7) likewise.
        frame_index: (T,) number of the recorded frame nearest to each sample: the one to show with it.
        reference: What the reference frame is, in words.
    """

    times_s: Floats
    wrist: Floats
    grip: Floats
    joints: Floats
    camera: Floats | None
    wrist_target: Floats | None = None
    grip_target: Floats | None = None
    joint_target: Floats | None = None
    frame_index: npt.NDArray[np.int64] | None = None
    reference: str = ""

    def __post_init__(self) -> None:
        count = len(self.times_s)
        shapes = {
            "wrist": (count, 2, 7), "grip": (count, 2), "joints": (count, 2, MAX_JOINTS), "camera": (count, 7),
            "wrist_target": (count, 2, 7), "grip_target": (count, 2), "joint_target": (count, 2, MAX_JOINTS),
            "frame_index": (count,),
        }  # fmt: skip
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise ValueError(f"{name} has shape {value.shape}, expected {shape}")
        if (np.diff(self.times_s) <= 0).any():
            raise ValueError("times_s must increase; quality control rejects recordings whose clock does not")


def robot_motion(episode: Episode) -> Motion:
    """The hands of a robot's episode. The camera is the anchor camera, where its pose is known.

    Raises:
        ValueError: Times do not increase.
    """
    count = episode.frames
    columns = [SIDES.index(side) for side in episode.arms]

    def placed(values: Floats | None, *width: int) -> Floats | None:
        if values is None:
            return None
        both = np.full((count, 2, *width), np.nan)
        both[:, columns] = values
        return both

    def known(values: Floats | None, *width: int) -> Floats:
        return np.full((count, 2, *width), np.nan) if values is None else values

    return Motion(
        times_s=episode.timestamps_s,
        wrist=known(placed(episode.ee_pose, 7), 7),
        grip=known(placed(episode.gripper)),
        joints=known(placed(episode.joints, MAX_JOINTS), MAX_JOINTS),
        camera=_camera(episode),
        wrist_target=placed(episode.ee_target, 7),
        grip_target=placed(episode.gripper_target),
        joint_target=placed(episode.joint_target, MAX_JOINTS),
        frame_index=np.arange(count, dtype=np.int64),
        reference=episode.ee_frame,
    )


def _camera(episode: Episode) -> Floats | None:
    from scipy.spatial.transform import Rotation

    pose = episode.extrinsics.get(episode.anchor_camera or "")
    if pose is None:
        return None
    matrices = np.broadcast_to(pose, (episode.frames, 4, 4))
    poses = np.full((episode.frames, 7), np.nan)
    finite = np.isfinite(matrices).all(axis=(1, 2))
    if finite.any():
        poses[finite, :3] = matrices[finite, :3, 3]
        poses[finite, 3:] = Rotation.from_matrix(matrices[finite, :3, :3]).as_quat()
    return poses
