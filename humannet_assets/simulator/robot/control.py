"""From end-effector poses to joint targets: damped least squares on the Jacobian, and rest-to-rest paths in space."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.motion import minimum_jerk
from humannet_assets.simulator.robot.model import JOINTS
from humannet_assets.simulator.world import load_mujoco

DAMPING = 0.03
"""Damping of the least squares, which bounds joint steps near singular poses (Buss 2004 suggests 0.01 to 0.1)."""
READY = (0.0, 0.55, -1.15, 0.0, -0.97, 0.0)
"""Joint angles (radians) the search for the first solution starts from: elbow up, gripper down."""


def downward(position: Any, yaw_rad: float) -> Matrix:
    """Grasp pose (4, 4) with the gripper pointing down, closing along the horizontal direction `yaw_rad`."""
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    pose = np.eye(4)
    pose[:3, :3] = np.array([[c, 0, -s], [s, 0, c], [0, -1, 0]])
    pose[:3, 3] = position
    return pose


def arched(start: Matrix, end: Matrix, lift_start_m: float, lift_end_m: float, progress: float) -> Matrix:
    """Pose on a rest-to-rest curve that leaves and arrives vertically by the lifts (a cubic Bezier curve)."""
    s = minimum_jerk(progress)
    up = np.array([0.0, 0.0, 1.0])
    a, d = start[:3, 3], end[:3, 3]
    b, c = a + up * lift_start_m, d + up * lift_end_m
    pose = np.eye(4)
    if lift_start_m or lift_end_m:
        pose[:3, 3] = (1 - s) ** 3 * a + 3 * (1 - s) ** 2 * s * b + 3 * (1 - s) * s**2 * c + s**3 * d
    else:
        pose[:3, 3] = a + (d - a) * s
    vector = rotation_vector(end[:3, :3] @ start[:3, :3].T)
    angle = float(np.linalg.norm(vector))
    turn = rotation(vector / angle, angle * s) if angle > 1e-9 else np.eye(3)
    pose[:3, :3] = turn @ start[:3, :3]
    return pose


def rotation_vector(matrix: Matrix) -> np.ndarray:
    """Rotation vector (3,), radians, of a rotation matrix."""
    mujoco = load_mujoco()
    quaternion, vector = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(matrix).flatten())
    mujoco.mju_quat2Vel(vector, quaternion, 1.0)
    return vector


class InverseKinematics:
    """Joint angles of an arm for a grasp pose. Keeps a state of its own, so that the physics is not disturbed."""

    def __init__(self, model: Any) -> None:
        self._mujoco = load_mujoco()
        self._model = model
        self._data = self._mujoco.MjData(model)

    def solve(self, side: Side, goal: Matrix, start: np.ndarray, iterations: int = 12) -> np.ndarray:
        """Angles (6,) that bring the grasp frame to `goal` (4, 4, base frame), searched from `start` within the limits."""
        model, data, mujoco = self._model, self._data, self._mujoco
        joints = [model.joint(f"{side}_{name}") for name in JOINTS]
        qpos = [int(joint.qposadr[0]) for joint in joints]
        dofs = [int(joint.dofadr[0]) for joint in joints]
        limits = np.array([joint.range for joint in joints])
        site = model.site(f"{side}_grasp").id
        angles = np.asarray(start, np.float64).copy()
        linear, angular = np.zeros((3, model.nv)), np.zeros((3, model.nv))
        for _ in range(iterations):
            data.qpos[qpos] = angles
            mujoco.mj_kinematics(model, data)
            mujoco.mj_comPos(model, data)
            error = np.concatenate([
                goal[:3, 3] - data.site_xpos[site],
                rotation_vector(goal[:3, :3] @ data.site_xmat[site].reshape(3, 3).T),
            ])  # fmt: skip
            if np.linalg.norm(error) < 1e-5:
                break
            mujoco.mj_jacSite(model, data, linear, angular, site)
            jacobian = np.vstack([linear, angular])[:, dofs]
            step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + DAMPING**2 * np.eye(6), error)
            angles = np.clip(angles + np.clip(step, -0.3, 0.3), limits[:, 0], limits[:, 1])
        return angles
