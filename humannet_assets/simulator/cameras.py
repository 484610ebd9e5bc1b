"""Cameras of the simulated world: poses, intrinsics and how a head moves.

Poses are 4x4 matrices world <- camera in metres; the camera is x right, y down, z forward (OpenCV), the world is z up.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Intrinsics

Matrix = npt.NDArray[np.float64]


def intrinsics(width: int, height: int, vertical_fov_deg: float) -> Intrinsics:
    """Square pixels, principal point in the middle, the given vertical field of view."""
    focal = round(height / 2 / math.tan(math.radians(vertical_fov_deg) / 2), 4)
    return Intrinsics(fx=focal, fy=focal, cx=width / 2, cy=height / 2, width=width, height=height)


def rotation(axis: npt.ArrayLike, angle_rad: float) -> Matrix:
    """Rotation matrix (3, 3) about an axis (Rodrigues)."""
    x, y, z = np.asarray(axis, np.float64) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle_rad) * cross + (1 - math.cos(angle_rad)) * cross @ cross


def look_at(position: npt.ArrayLike, target: npt.ArrayLike, roll_rad: float = 0.0) -> Matrix:
    """Pose (4, 4) of a camera at `position` that has `target` in the middle of its picture, the world's up upwards."""
    eye, goal = np.asarray(position, np.float64), np.asarray(target, np.float64)
    forward = (goal - eye) / np.linalg.norm(goal - eye)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.column_stack([right, np.cross(forward, right), forward]) @ rotation((0, 0, 1), roll_rad)
    pose[:3, 3] = eye
    return pose


def head_sway(pose: Matrix, time_s: float, phases: npt.NDArray[np.float64], amount: float = 1.0) -> Matrix:
    """A seated or standing wearer's head: about a centimetre and a degree, slower than one hertz.

    Args:
        pose: Where the head would be if it were still, (4, 4).
        time_s: Time.
        phases: Six phases in radians (three shifts, three angles): what makes two heads differ.
        amount: Scales the sway.
    """
    rates = np.array([0.31, 0.43, 0.23, 0.37, 0.29, 0.19]) * 2 * math.pi
    wave = np.sin(rates * time_s + phases) * amount
    swayed = pose.copy()
    swayed[:3, 3] += wave[:3] * (0.010, 0.008, 0.006)
    turn = rotation((1, 0, 0), wave[3] * 0.02) @ rotation((0, 1, 0), wave[4] * 0.03) @ rotation((0, 0, 1), wave[5] * 0.012)
    swayed[:3, :3] = swayed[:3, :3] @ turn
    return swayed


def to_camera(pose: Matrix, points: npt.ArrayLike) -> Matrix:
    """World points (..., 3) in the frame of a camera with that pose, metres."""
    return (np.asarray(points, np.float64) - pose[:3, 3]) @ pose[:3, :3]
