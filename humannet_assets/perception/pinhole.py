"""The pinhole camera assumed where none is known, and the pose of a hand in its frame.

Camera frame: x right, y down, z forward, metres. Pixels: u right, v down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DEFAULT_FOV_DEG = 70.0
"""Field of view across the picture's longer side: a 26 mm-equivalent phone main camera sees 69.4 degrees [our choice]."""

INTRINSICS = ("image_width", "image_height", "fx", "fy", "cx", "cy")
"""Columns of `known_cameras` that steps with a pinhole camera read."""

WRIST, INDEX_MCP, MIDDLE_MCP, PINKY_MCP = 0, 5, 9, 17
PALM = (WRIST, INDEX_MCP, MIDDLE_MCP, 13, PINKY_MCP)
"""Landmarks of the palm, which is nearly rigid: the wrist and the bases of the four fingers."""


@dataclass(frozen=True)
class Pinhole:
    """Intrinsics of one picture size, square pixels. `source` is known or assumed.

    `centre_px` is the principal point; None is the picture's middle.
    """

    width: int
    height: int
    focal_px: float
    source: str
    centre_px: tuple[float, float] | None = None

    @classmethod
    def assumed(cls, width: int, height: int, fov_deg: float = DEFAULT_FOV_DEG) -> Pinhole:
        """Square pixels and a field of view of `fov_deg` across the longer side (so that portrait and landscape agree)."""
        return cls(width, height, max(width, height) / 2 / float(np.tan(np.radians(fov_deg) / 2)), "assumed")

    @classmethod
    def of(cls, width: int, height: int, known: Sequence[Mapping[str, Any]], fov_deg: float = DEFAULT_FOV_DEG) -> Pinhole:
        """The camera that came with the footage, for the picture scaled to width x height; the assumed one without.

        Args:
            width: Of the scaled picture, pixels.
            height: Likewise.
            known: Rows of `known_cameras` of the video; all of one video have the same intrinsics.
            fov_deg: Field of view assumed where nothing is known.
        """
        row = next((row for row in known if row["fx"] is not None), None)
        if row is None:
            return cls.assumed(width, height, fov_deg)
        sx, sy = width / row["image_width"], height / row["image_height"]
        # Pixels that are not square are made so: the models behind all of this know one focal length.
        focal_px = float(np.sqrt(row["fx"] * sx * row["fy"] * sy))
        return cls(width, height, focal_px, "known", (row["cx"] * sx, row["cy"] * sy))

    @property
    def centre(self) -> tuple[float, float]:
        """Principal point, pixels."""
        return self.centre_px or (self.width / 2, self.height / 2)

    @property
    def matrix(self) -> Floats:
        """K, (3, 3)."""
        return np.array([[self.focal_px, 0, self.centre[0]], [0, self.focal_px, self.centre[1]], [0, 0, 1.0]])

    def bearings(self, points_px: Floats) -> Floats:
        """Unit viewing rays (n, 3) of pixels (n, 2), camera frame."""
        rays = np.concatenate([(points_px - self.centre) / self.focal_px, np.ones((len(points_px), 1))], 1)
        return rays / np.linalg.norm(rays, axis=1, keepdims=True)

    def project(self, points: Floats) -> Floats:
        """Pixels (n, 2) of points (n, 3) in the camera frame; points must lie in front of the camera (z > 0)."""
        return points[:, :2] / points[:, 2:] * self.focal_px + self.centre


@dataclass(frozen=True)
class HandPose:
    """Wrist position (3,) in metres and hand orientation (3, 3) in the camera frame; reprojection error in pixels."""

    position: Floats
    rotation: Floats
    error_px: float


def palm_size(landmarks: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Mean distance from the wrist to the four finger bases; (..., 21, d) -> (...). About 8 cm for an adult hand."""
    bases = landmarks[..., PALM[1:], :] - landmarks[..., :1, :]
    return np.linalg.norm(bases, axis=-1).mean(axis=-1)


def hand_axes(world_m: Floats, side: str) -> Floats:
    """Orientation of a hand from its landmarks, as columns x, y, z of a rotation matrix (3, 3).

    x runs from the wrist to the base of the middle finger, z out of the palm, y = z cross x. Axes are those of the
    landmarks' own frame (MediaPipe: parallel to the camera's, x right, y down, z forward).
    """
    fingers = world_m[MIDDLE_MCP] - world_m[WRIST]
    normal = np.cross(world_m[INDEX_MCP] - world_m[WRIST], world_m[PINKY_MCP] - world_m[WRIST])
    if side == "left":
        normal = -normal
    x = fingers / max(float(np.linalg.norm(fingers)), 1e-9)
    z = normal - x * (normal @ x)
    length = float(np.linalg.norm(z))
    if length < 1e-9 or not np.isfinite(length):
        return np.eye(3)
    z = z / length
    return np.stack([x, np.cross(z, x), z], axis=1)


def hand_pose(world_m: Floats, landmarks_px: Floats, camera: Pinhole, side: str) -> HandPose | None:
    """Pose of a hand from its metric and its image landmarks: SQPnP, refined by Levenberg-Marquardt.

    MediaPipe's world landmarks already turn with the hand, so PnP's own rotation is only the small difference between
    the weak perspective the model assumes and the real camera; the hand's orientation is that rotation times
    `hand_axes`. It is only as good as the model's tilt of the hand: see `humannet_assets.perception.palm`.

    Args:
        world_m: (21, 3) metric landmarks, any origin.
        landmarks_px: (21, 2) the same landmarks in the picture.
        camera: Intrinsics of that picture.
        side: left or right.

    Returns:
        The pose, or None where PnP finds none in front of the camera (collapsed or non-finite landmarks).
    """
    import cv2

    if not (np.isfinite(world_m).all() and np.isfinite(landmarks_px).all()):
        return None
    world, pixels = np.ascontiguousarray(world_m, np.float64), np.ascontiguousarray(landmarks_px, np.float64)
    try:
        found, rotvec, translation = cv2.solvePnP(world, pixels, camera.matrix, None, flags=cv2.SOLVEPNP_SQPNP)
        if not found:
            return None
        rotvec, translation = cv2.solvePnPRefineLM(world, pixels, camera.matrix, None, rotvec, translation)
    except cv2.error:  # raised for degenerate landmarks, e.g. all in one point
        return None
    rotation = np.asarray(cv2.Rodrigues(rotvec)[0], np.float64)
    in_camera = world @ rotation.T + translation.reshape(3)
    if not np.isfinite(in_camera).all() or in_camera[:, 2].min() <= 0:
        return None
    error = float(np.linalg.norm(camera.project(in_camera) - pixels, axis=1).mean())
    return HandPose(in_camera[WRIST], rotation @ hand_axes(world, side), error)
