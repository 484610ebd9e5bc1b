"""Rotations between camera frames from point correspondences, by closed form and consensus.

A rotation `r` maps the first camera's coordinates to the second's: `second = r @ first`. Bearings are unit viewing rays
in a camera's frame (x right, y down, z forward). Intrinsics are `humannet_assets.perception.pinhole.Pinhole`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.perception.pinhole import Pinhole

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


_REFINED_POINTS = 150  # more make the refinement slower, not better


@dataclass(frozen=True)
class RotationFit:
    """A rotation (3, 3), which correspondences agree with it (n,), and each one's residual in pixels (n,)."""

    rotation: Floats
    inliers: Bools
    residual_px: Floats


@dataclass(frozen=True)
class RelativePose:
    """Rotation (3, 3) and unit direction (3,) of the first camera's centre in the second's frame; inliers (n,)."""

    rotation: Floats
    direction: Floats
    inliers: Bools


def kabsch(first: Floats, second: Floats, weights: Floats) -> Floats:
    """Rotation (3, 3) that minimises sum w |second - r @ first|^2 over vectors (n, 3) with weights (n,)."""
    left, _, right = np.linalg.svd((second * weights[:, None]).T @ first)
    sign = np.sign(np.linalg.det(left @ right)) or 1.0
    return left @ np.diag([1.0, 1.0, sign]) @ right


def angle_deg(rotation: Floats) -> float:
    """Rotation angle of a rotation matrix, degrees in [0, 180]."""
    from scipy.spatial.transform import Rotation

    return float(np.degrees(Rotation.from_matrix(rotation).magnitude()))


def fit_rotation(
    first_px: Floats, second_px: Floats, camera: Pinhole, *, threshold_px: float, hypotheses: int, seed: int
) -> RotationFit | None:
    """Rotation-only camera motion by consensus: what head-motion compensation needs when translation is small.

    Two correspondences fix a rotation; `hypotheses` random pairs are tried at once and scored by truncated squared
    residuals (MSAC), and the best is refined on its inliers. Independent motion (hands) ends up among the outliers.

    Args:
        first_px: (n, 2) points in the first picture.
        second_px: (n, 2) the same points in the second.
        camera: Intrinsics of both.
        threshold_px: Residual up to which a point agrees.
        hypotheses: Pairs tried.
        seed: Seed of the random pairs.

    Returns:
        The fit, or None with fewer than 2 correspondences or no agreement.
    """
    count = len(first_px)
    if count < 2:
        return None
    first, second = camera.bearings(first_px), camera.bearings(second_px)
    rng = np.random.default_rng(seed)
    one = rng.integers(0, count, hypotheses)
    other = (one + rng.integers(1, count, hypotheses)) % count
    rotations: Floats = _frames(second[one], second[other]) @ _frames(first[one], first[other]).swapaxes(1, 2)
    residuals = _residuals_px(rotations, first, second_px, camera)  # (hypotheses, n)
    score = np.minimum(residuals, threshold_px) ** 2
    rotation = rotations[int(score.sum(axis=1).argmin())]
    for _ in range(5):
        residual = _residuals_px(rotation[None], first, second_px, camera)[0]
        inliers = residual <= threshold_px
        if inliers.sum() < 2:
            return None
        rotation = kabsch(first, second, inliers / (1 + (residual / threshold_px) ** 2))
    residual = _residuals_px(rotation[None], first, second_px, camera)[0]
    return RotationFit(rotation, residual <= threshold_px, residual)


def _frames(one: Floats, other: Floats) -> Floats:
    """Right-handed orthonormal frames (m, 3, 3), columns from two unit vectors each (m, 3) (TRIAD)."""
    normal: Floats = np.cross(one, other).astype(np.float64)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    third: Floats = np.cross(one, normal).astype(np.float64)
    return np.stack([one, normal, third], axis=2)


def _residuals_px(rotations: Floats, first: Floats, second_px: Floats, camera: Pinhole) -> Floats:
    """Pixel distances (m, n) between rotated bearings (n, 3), projected, and their partners (n, 2)."""
    turned = np.einsum("mij,nj->mni", rotations, first)
    depth = turned[..., 2]
    safe = np.where(depth > 1e-6, depth, 1.0)
    pixels = turned[..., :2] / safe[..., None] * camera.focal_px + camera.centre
    return np.where(depth > 1e-6, np.linalg.norm(pixels - second_px, axis=-1), np.inf)


def fit_pose(
    first_px: Floats, second_px: Floats, camera: Pinhole, near: Floats, *, threshold_px: float, max_change_deg: float
) -> RelativePose | None:
    """Rotation and direction of translation between two pictures with parallax.

    The essential matrix (5 points, MAGSAC) gives two rotations, twisted by half a turn about the baseline; the one nearer
    to the rotation-only estimate is taken, the direction solved linearly, and both are refined together on robust
    epipolar distances. The sign of the direction puts most points in front of both cameras.

    Args:
        first_px: (n, 2) points in the first picture.
        second_px: (n, 2) the same points in the second.
        camera: Intrinsics of both.
        near: (3, 3) rotation-only estimate.
        threshold_px: Epipolar distance up to which a point agrees.
        max_change_deg: Farthest the result may turn away from `near`; beyond it the geometry was degenerate.

    Returns:
        The pose, or None with fewer than 8 points or where the result is not to be trusted.
    """
    import cv2
    from scipy.optimize import least_squares
    from scipy.spatial.transform import Rotation

    if len(first_px) < 8:
        return None
    first, second = camera.bearings(first_px), camera.bearings(second_px)
    part = slice(None, None, max(1, len(first) // _REFINED_POINTS))
    starts = [near]
    essential, _ = cv2.findEssentialMat(
        first_px, second_px, camera.matrix, method=cv2.USAC_MAGSAC, prob=0.999, threshold=threshold_px
    )
    if essential is not None and essential.shape[0] >= 3 and np.isfinite(essential[:3]).all():
        one, other, _ = cv2.decomposeEssentialMat(essential[:3])
        twisted = (np.asarray(one, np.float64), np.asarray(other, np.float64))
        starts.append(min(twisted, key=lambda rotation: angle_deg(rotation @ near.T)))

    def unpack(values: Floats, start: Floats) -> tuple[Floats, Floats]:
        direction = values[3:] / max(float(np.linalg.norm(values[3:])), 1e-12)
        return Rotation.from_rotvec(values[:3]).as_matrix() @ start, direction

    def slopes(values: Floats, start: Floats) -> Floats:
        rotation, direction = unpack(values, start)
        by_turn, by_direction = _epipolar_slopes(rotation, direction, first[part], second[part])
        # Only the direction of the last three values counts, not their length.
        length = max(float(np.linalg.norm(values[3:])), 1e-12)
        by_values = (by_direction - np.outer(by_direction @ direction, direction)) / length
        return np.hstack([by_turn, by_values]) * camera.focal_px

    def cost(start: Floats, direction: Floats) -> float:
        distances = _epipolar(start, direction, first[part], second[part]) * camera.focal_px / (threshold_px / 2)
        return float(np.sum(np.sqrt(1 + distances**2)))

    # Refining is what costs: only the start that explains the points better is worth it.
    directions = [_direction(start, first, second, camera, threshold_px) for start in starts]
    start, direction = min(zip(starts, directions, strict=True), key=lambda pair: cost(*pair))
    solved = least_squares(
        lambda values: _epipolar(*unpack(values, start), first[part], second[part]) * camera.focal_px,
        np.concatenate([np.zeros(3), direction]),
        # The stub knows only the named schemes.
        jac=lambda values: slopes(values, start),  # pyright: ignore[reportArgumentType]
        loss="soft_l1",
        f_scale=threshold_px / 2,
        max_nfev=20,
    )
    rotation, direction = unpack(solved.x, start)
    if angle_deg(rotation @ near.T) > max_change_deg:
        return None
    inliers = np.abs(_epipolar(rotation, direction, first, second)) * camera.focal_px <= threshold_px
    ahead = _in_front(rotation, direction, first[inliers], second[inliers])
    behind = _in_front(rotation, -direction, first[inliers], second[inliers])
    return RelativePose(rotation, direction if ahead >= behind else -direction, inliers)


def _cross(one: Floats, other: Floats) -> Floats:
    """Cross products (n, 3) of two arrays (n, 3) or (3,); `np.cross` spends most of its time on generality."""
    a, b, c = one[..., 0], one[..., 1], one[..., 2]
    x, y, z = other[..., 0], other[..., 1], other[..., 2]
    return np.stack([b * z - c * y, c * x - a * z, a * y - b * x], axis=-1)


def _epipolar(rotation: Floats, direction: Floats, first: Floats, second: Floats) -> Floats:
    """Sine (n,) of the signed angle between each second bearing and its epipolar plane."""
    normal = _cross(direction, first @ rotation.T)
    return np.einsum("ni,ni->n", normal, second) / np.maximum(np.linalg.norm(normal, axis=1), 1e-6)


def _epipolar_slopes(rotation: Floats, direction: Floats, first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Derivatives of `_epipolar` by a further small turn (n, 3), radians, and by the direction (n, 3).

    With x = R a and n = t x x: d(n.s) = ((t.x) s - (x.s) t).dw + (x x s).dt and d|n| = ((t.x) n.dw + (x x n).dt) / |n|.
    """
    turned = first @ rotation.T
    normal = _cross(direction, turned)
    length = np.maximum(np.linalg.norm(normal, axis=1), 1e-6)[:, None]
    height = np.einsum("ni,ni->n", normal, second)[:, None] / length**3
    along = (turned @ direction)[:, None]
    shared = np.einsum("ni,ni->n", turned, second)[:, None]
    by_turn = (along * second - shared * direction) / length - height * along * normal
    by_direction = _cross(turned, second) / length - height * _cross(turned, normal)
    return by_turn, by_direction


def triangulate(
    first: Floats, second: Floats, first_pose: tuple[Floats, Floats], second_pose: tuple[Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Midpoints (n, 3) of the closest approach of two bundles of viewing rays, and the depths along both (n,), (n,).

    Args:
        first: (n, 3) bearings in the first camera's frame.
        second: (n, 3) the same points' bearings in the second camera's frame.
        first_pose: Rotation (3, 3) camera <- world and centre (3,) in the world.
        second_pose: The same of the second camera.
    """
    one, other = first @ first_pose[0], second @ second_pose[0]  # rows times R equals R^T times columns: world rays
    baseline = second_pose[1] - first_pose[1]
    cosine = np.einsum("ni,ni->n", one, other)
    along_one, along_other = one @ baseline, other @ baseline
    denominator = np.maximum(1 - cosine**2, 1e-12)
    depth_one = (along_one - cosine * along_other) / denominator
    depth_other = (cosine * along_one - along_other) / denominator
    points = (first_pose[1] + depth_one[:, None] * one + second_pose[1] + depth_other[:, None] * other) / 2
    return points, depth_one, depth_other


def _direction(rotation: Floats, first: Floats, second: Floats, camera: Pinhole, threshold_px: float) -> Floats:
    """Direction (3,) most nearly in all epipolar planes at this rotation: reweighted smallest singular vector."""
    normals = np.cross(first @ rotation.T, second)
    weights = np.ones(len(normals))
    direction = np.array([0.0, 0.0, 1.0])
    for _ in range(5):
        direction = np.linalg.svd(normals * weights[:, None], full_matrices=False)[2][-1]
        weights = 1 / (1 + (normals @ direction * camera.focal_px / threshold_px) ** 2)
    return direction


def _in_front(rotation: Floats, direction: Floats, first: Floats, second: Floats) -> int:
    """Points in front of both cameras if the first camera's centre lies at `direction` in the second's frame."""
    _, depth_one, depth_other = triangulate(first, second, (np.eye(3), np.zeros(3)), (rotation, -rotation.T @ direction))
    return int(((depth_one > 0) & (depth_other > 0)).sum())
