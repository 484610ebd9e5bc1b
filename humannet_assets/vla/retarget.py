"""A parallel gripper in place of a hand, and how far its fingertips are from the hand's.

As Qwen-RobotManip (PAPERS): the thumb against a virtual finger between index and middle finger; the gripper's closing axis runs
from thumb to finger, its approach axis from the wrist to the middle between them. The gripper is *fixed to the wrist* for a
whole clip: a robot that is told wrist poses and openings cannot do more, so what the hand does besides is the error.

Frame of a hand: origin at the wrist, axes as `perception.pinhole.hand_axes` (x to the middle finger's base, z out of the palm).
Frame of a gripper: origin between the fingertips, x from thumb to finger, z the approach axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.perception.pinhole import INDEX_MCP, MIDDLE_MCP, PINKY_MCP, WRIST
from humannet_assets.vla.episodes import Floats
from humannet_assets.vla.settings import GripperConfig

THUMB_TIP, INDEX_TIP, MIDDLE_TIP = 4, 8, 12

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Retargeted:
    """A hand's gripper over T frames.

    Attributes:
        offset: (7,) gripper in the hand's frame: xyz in metres, quaternion xyzw.
        aperture_m: (T,) distance from the thumb's tip to the virtual finger's.
        grip: (T,) opening, 0 closed to 1 open.
        error_m: (T,) mean distance of both fingertips of the gripper from those of the hand.
    """

    offset: Floats
    aperture_m: Floats
    grip: Floats
    error_m: Floats


def hand_frames(world_m: Floats, side: str) -> Floats:
    """Axes (T, 3, 3) of hands (T, 21, 3) as columns: `perception.pinhole.hand_axes` of many at once."""
    along = world_m[:, MIDDLE_MCP] - world_m[:, WRIST]
    normal = np.cross(world_m[:, INDEX_MCP] - world_m[:, WRIST], world_m[:, PINKY_MCP] - world_m[:, WRIST])
    x = _unit(along)
    z = -normal if side == "left" else normal
    z = _unit(z - x * (z * x).sum(axis=1, keepdims=True))
    return np.stack([x, np.cross(z, x), z], axis=2)


def fingertips(world_m: Floats, side: str, config: GripperConfig) -> Floats:
    """Tips of thumb and virtual finger (T, 2, 3) in the hand's frame, metres, of metric landmarks (T, 21, 3)."""
    finger = config.index_share * world_m[:, INDEX_TIP] + (1 - config.index_share) * world_m[:, MIDDLE_TIP]
    tips = np.stack([world_m[:, THUMB_TIP], finger], axis=1) - world_m[:, WRIST, None]
    return np.einsum("tji,tkj->tki", hand_frames(world_m, side), tips)


def openings(aperture_m: Floats, config: GripperConfig) -> Floats:
    """Openings (T,), 0 closed to 1 open, of apertures (T,)."""
    return np.clip((aperture_m - config.closed_m) / (config.open_m - config.closed_m), 0.0, 1.0)


def retarget(tips: Floats, observed: Bools, config: GripperConfig) -> Retargeted:
    """Fix a gripper to a hand: where it fits the observed frames best.

    Args:
        tips: (T, 2, 3) thumb and virtual finger in the hand's frame.
        observed: (T,) frames to fit it to.
        config: The gripper.

    Raises:
        ValueError: No frame is observed.
    """
    from scipy.spatial.transform import Rotation

    if not observed.any():
        raise ValueError("no observed frame to fix a gripper to")
    apart = tips[:, 1] - tips[:, 0]
    aperture = np.linalg.norm(apart, axis=1)
    centre = np.median(tips[observed].mean(axis=1), axis=0)
    # Sums weigh frames by how far the hand is open: at closed fingers the axis is mostly noise.
    x = _unit(apart[observed].sum(axis=0)[None])[0]
    ahead = centre - x * (centre @ x)
    if np.linalg.norm(ahead) < 1e-6:
        ahead = np.cross(x, [0.0, 0.0, 1.0]) if abs(x[2]) < 0.9 else np.cross(x, [0.0, 1.0, 0.0])
    z = _unit(ahead[None])[0]
    offset = np.concatenate([centre, Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=1)).as_quat()])
    grip = openings(aperture, config)
    error = np.linalg.norm(gripper_tips(offset, grip, config) - tips, axis=2).mean(axis=1)
    return Retargeted(offset, aperture, grip, error)


def gripper_tips(offset: Floats, grip: Floats, config: GripperConfig) -> Floats:
    """The gripper's fingertips (T, 2, 3) in the hand's frame at openings (T,), thumb first."""
    from scipy.spatial.transform import Rotation

    axis = Rotation.from_quat(offset[3:]).as_matrix()[:, 0]
    half = (config.closed_m + grip * (config.open_m - config.closed_m)) / 2
    away = half[:, None] * axis
    return np.stack([offset[:3] - away, offset[:3] + away], axis=1)


def compose(pose: Floats, offset: Floats) -> Floats:
    """Poses (T, 7) of what is at `offset`, (7,) or (T, 7), in the frame of poses (T, 7); NaN where either is not known."""
    from scipy.spatial.transform import Rotation

    result = np.full(pose.shape, np.nan)
    inner = np.broadcast_to(offset, pose.shape)
    known = np.isfinite(pose).all(axis=1) & np.isfinite(inner).all(axis=1)
    if known.any():
        turn = Rotation.from_quat(pose[known, 3:])
        result[known, :3] = pose[known, :3] + turn.apply(inner[known, :3])
        result[known, 3:] = (turn * Rotation.from_quat(inner[known, 3:])).as_quat()
    return result


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
