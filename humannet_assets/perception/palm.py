"""How a palm lies: an anatomical palm fitted to a hand's landmarks in the picture, the landmark model's rotation as a prior.

The landmark model's metric landmarks have no reliable size and a palm that is too narrow (measured: a third, on real hands),
and their tilt against the picture is mostly the model's habit. The landmarks in the picture are good, and a palm is nearly
rigid: its five joints and a known camera give the tilt up to the mirrored one, which the prior and time decide.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from humannet_assets.perception.pinhole import PALM, Pinhole

Floats = npt.NDArray[np.float64]

HAND_LENGTH_M, HAND_BREADTH_M = 0.187, 0.083
"""Of an adult: means of men and women, rounded (ANSUR II, Gordon et al. 2014; men .193 and .088, women .181 and .079)."""
_ALONG = np.array([0.0, 0.447, 0.446, 0.409, 0.368]) * HAND_LENGTH_M
_ACROSS = np.array([0.0, -0.251, 0.0, 0.206, 0.402]) * HAND_BREADTH_M
"""Wrist crease and knuckles, index to little finger, in shares of hand length and breadth: Buchholz, Armstrong and Goldstein,
Ergonomics 35(3), 1992 (centres of the finger MCP joints from the distal wrist crease and the third metacarpal)."""
_ARCH = np.array([0.0, 0.003, 0.0, 0.0, 0.003])
"""Metres towards the palm: the knuckles' transverse arch, as the landmark model sees it on real hands (median 3-4 mm)."""
PALM_SIZE_M = float(np.sqrt(_ALONG**2 + _ACROSS**2 + _ARCH**2)[1:].mean())
"""`pinhole.palm_size` of that hand, 8.1 cm."""

_STEPS = 20
_DAMPING, _DAMPING_FACTOR = 1e-3, 5.0


class PalmNoise(NamedTuple):
    """What is trusted how far: landmarks in palm sizes per axis, the prior in radians, turning in radians per second."""

    landmark: float
    prior_rad: float
    turn_rad_s: float


def palm_joints(side: str) -> Floats:
    """Wrist and knuckles (5, 3) of an adult palm in units of its `palm_size`, axes as `hand_axes`, origin at the wrist."""
    across = -_ACROSS if side == "left" else _ACROSS
    return np.stack([_ALONG, across, _ARCH], axis=1) / PALM_SIZE_M


def palm_rotations(
    times_s: Floats, landmarks_px: Floats, prior: Floats, camera: Pinhole, side: str, noise: PalmNoise
) -> Floats:
    """Orientation of one followed hand in each frame, from its palm in the picture and the landmark model's opinion.

    Per frame the posterior mode near the prior and the one near its mirror image about the viewing ray; between the two,
    the sequence in which the hand turns least (Viterbi).

    Args:
        times_s: (n,) seconds, ascending.
        landmarks_px: (n, 21, 2) landmarks in the picture.
        prior: (n, 3, 3) orientations the landmark model gives, axes as `hand_axes`, camera frame.
        camera: Intrinsics of the picture.
        side: left or right.
        noise: Standard deviations.

    Returns:
        (n, 3, 3) rotations, camera frame, axes as `hand_axes`.
    """
    rays = (landmarks_px[:, PALM] - np.asarray(camera.centre)) / camera.focal_px
    joints = palm_joints(side)
    near, near_cost = _fit(rays, joints, prior, prior, noise)
    far, far_cost = _fit(rays, joints, _mirrored(near, rays.mean(axis=1)), prior, noise)
    modes, costs = np.stack([near, far], axis=1), np.stack([near_cost, far_cost], axis=1)
    chosen = _smoothest(times_s, modes, costs, noise.turn_rad_s)
    return modes[np.arange(len(modes)), chosen]


def _fit(rays: Floats, joints: Floats, start: Floats, prior: Floats, noise: PalmNoise) -> tuple[Floats, Floats]:
    """Levenberg-Marquardt on rotation and place of the palm in all frames at once.

    Args:
        rays: (n, 5, 2) normalised image coordinates x/z, y/z.
        joints: (5, 3) the palm in palm sizes.
        start: (n, 3, 3) rotations to start from.
        prior: (n, 3, 3).
        noise: Standard deviations.

    Returns:
        Rotations (n, 3, 3) and their costs (n,): negative log posterior, times two.
    """
    from scipy.spatial.transform import Rotation

    count = len(rays)
    turned = joints @ start.swapaxes(1, 2)
    depth = _spread(turned[..., :2]) / np.maximum(_spread(rays), 1e-9)
    centre = np.concatenate([rays.mean(axis=1), np.ones((count, 1))], axis=1) * depth[:, None]
    rotation, place = start, centre - turned.mean(axis=1)

    def residuals(rotation: Floats, place: Floats) -> tuple[Floats, Floats]:
        """Landmarks off, and turned off the prior, both in standard deviations: (n, 13); and points (n, 5, 3)."""
        points = joints @ rotation.swapaxes(1, 2) + place[:, None]
        off = (points[..., :2] / np.maximum(points[..., 2:], 1e-3) - rays) * place[:, None, 2:] / noise.landmark
        turned_off = Rotation.from_matrix(rotation @ prior.swapaxes(1, 2)).as_rotvec() / noise.prior_rad
        return np.concatenate([off.reshape(count, 10), turned_off], axis=1), points

    off, points = residuals(rotation, place)
    cost = (off**2).sum(axis=1)
    damping = np.full(count, _DAMPING)
    for _ in range(_STEPS):
        slopes = _slopes(points, place, noise)
        normal = slopes.swapaxes(1, 2) @ slopes
        scale = damping * np.trace(normal, axis1=1, axis2=2) / 6
        gradient = slopes.swapaxes(1, 2) @ off[..., None]
        step = -np.linalg.solve(normal + scale[:, None, None] * np.eye(6), gradient)[..., 0]
        new_rotation, new_place = Rotation.from_rotvec(step[:, :3]).as_matrix() @ rotation, place + step[:, 3:]
        new_off, new_points = residuals(new_rotation, new_place)
        new_cost = (new_off**2).sum(axis=1)
        better = (new_cost < cost) & (new_points[..., 2] > 0).all(axis=1)
        rotation, place = np.where(better[:, None, None], new_rotation, rotation), np.where(better[:, None], new_place, place)
        off, points = np.where(better[:, None], new_off, off), np.where(better[:, None, None], new_points, points)
        cost = np.where(better, new_cost, cost)
        damping = np.where(better, damping / _DAMPING_FACTOR, damping * _DAMPING_FACTOR)
    return rotation, cost


def _slopes(points: Floats, place: Floats, noise: PalmNoise) -> Floats:
    """Derivatives (n, 13, 6) of the residuals by a turn about the wrist (rotation vector, from the left) and a shift."""
    count = len(points)
    x, y, z = np.moveaxis(points, -1, 0)
    gain = place[:, 2:] / noise.landmark / z  # the scale by depth is held fixed
    shift = np.zeros((count, 5, 2, 3))
    shift[:, :, 0, 0] = shift[:, :, 1, 1] = gain
    shift[:, :, 0, 2], shift[:, :, 1, 2] = -gain * x / z, -gain * y / z
    arm = points - place[:, None]
    turn = np.cross(arm[:, :, None], shift)  # d(row . (w x arm))/dw = arm x row
    slopes = np.zeros((count, 13, 6))
    slopes[:, :10, :3], slopes[:, :10, 3:] = turn.reshape(count, 10, 3), shift.reshape(count, 10, 3)
    slopes[:, 10:, :3] = np.eye(3) / noise.prior_rad  # of the rotation vector, to first order
    return slopes


def _spread(points: Floats) -> Floats:
    """Root of the squared distances from the mean; (n, k, 2) -> (n,)."""
    return np.linalg.norm(points - points.mean(axis=1, keepdims=True), axis=(1, 2))


def _mirrored(rotations: Floats, centre: Floats) -> Floats:
    """Palms that look nearly the same: normals mirrored about the viewing ray through `centre` (n, 2), nearest turn to it."""
    from scipy.spatial.transform import Rotation

    ray = np.concatenate([centre, np.ones((len(centre), 1))], axis=1)
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    normal = rotations[:, :, 2]
    mirrored = 2 * (normal * ray).sum(axis=1, keepdims=True) * ray - normal
    axis = np.cross(normal, mirrored)
    sine = np.linalg.norm(axis, axis=1, keepdims=True)
    angle = np.arctan2(sine, (normal * mirrored).sum(axis=1, keepdims=True))
    return Rotation.from_rotvec(axis / np.maximum(sine, 1e-9) * angle).as_matrix() @ rotations


def _smoothest(times_s: Floats, modes: Floats, costs: Floats, turn_rad_s: float) -> npt.NDArray[np.int64]:
    """Which of the modes (n, k, 3, 3) with costs (n, k) to take in each frame so that both are least in sum; (n,)."""
    from scipy.spatial.transform import Rotation

    count, k = costs.shape
    total, came_from = costs[0], np.zeros((count, k), np.int64)
    for i in range(1, count):
        turns = (modes[i - 1][:, None].swapaxes(-1, -2) @ modes[i][None]).reshape(-1, 3, 3)
        angles = Rotation.from_matrix(turns).magnitude().reshape(k, k)
        ways = total[:, None] + (angles / (turn_rad_s * (times_s[i] - times_s[i - 1]))) ** 2
        came_from[i] = ways.argmin(axis=0)
        total = ways.min(axis=0) + costs[i]
    chosen = np.zeros(count, np.int64)
    chosen[-1] = int(total.argmin())
    for i in range(count - 1, 0, -1):
        chosen[i - 1] = came_from[i, chosen[i]]
    return chosen
