"""From end-effector poses to joint targets and back: damped least squares on the Jacobian, deltas, paths in space.

A *delta* is six numbers: a shift in metres and a rotation vector in radians, both along the axes of the head camera (x right,
y down, z forward), that lead from an anchor pose to a pose: `p = p_anchor + shift`, `R = exp(rotation) R_anchor`. That is the
policies' action space (PAPERS, "Our action space") for a head camera that stands still.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.motion import minimum_jerk
from humannet_assets.simulator.robot.arm import JOINTS
from humannet_assets.simulator.world import load_mujoco

DAMPING = 0.03
"""Damping of the least squares, which bounds joint steps near singular poses (Buss 2004 suggests 0.01 to 0.1)."""
READY_RAD = (0.0, 0.55, -1.15, 0.0, -0.97, 0.0)
"""Joint angles the search for the first solution starts from: elbow up, gripper down."""

_STEP_RAD = 0.3
_ENOUGH = 1e-5
"""Metres and radians: a tenth of what the servos follow."""


def downward(position: npt.ArrayLike, yaw_rad: float) -> Matrix:
    """Grasp pose (4, 4) with the gripper pointing down, closing along the horizontal direction `yaw_rad`."""
    c, s = math.cos(yaw_rad), math.sin(yaw_rad)
    pose = np.eye(4)
    pose[:3, :3] = np.array([[c, 0, -s], [s, 0, c], [0, -1, 0]])
    pose[:3, 3] = position
    return pose


def moved_by(anchor: Matrix, delta: npt.ArrayLike) -> Matrix:
    """The pose (4, 4) a delta (6,) leads to from an anchor pose (4, 4), all in one frame."""
    values = np.asarray(delta, np.float64)
    pose = anchor.copy()
    pose[:3, 3] += values[:3]
    angle = float(np.linalg.norm(values[3:6]))
    if angle > 1e-9:
        pose[:3, :3] = rotation(values[3:6], angle) @ pose[:3, :3]
    return pose


def delta_between(anchor: Matrix, pose: Matrix) -> np.ndarray:
    """The delta (6,) that leads from an anchor pose (4, 4) to a pose (4, 4), both in one frame."""
    return np.concatenate([pose[:3, 3] - anchor[:3, 3], rotation_vector(pose[:3, :3] @ anchor[:3, :3].T)])


def arched(start: Matrix, end: Matrix, lift_start_m: float, lift_end_m: float, progress: float) -> Matrix:
    """Pose on a rest-to-rest curve that leaves and arrives vertically by the lifts (a cubic Bezier curve)."""
    s = minimum_jerk(progress)
    up = np.array([0.0, 0.0, 1.0])
    a, d = start[:3, 3], end[:3, 3]
    b, c = a + up * lift_start_m, d + up * lift_end_m
    pose = moved_by(start, [0, 0, 0, *(rotation_vector(end[:3, :3] @ start[:3, :3].T) * s)])
    if lift_start_m or lift_end_m:
        pose[:3, 3] = (1 - s) ** 3 * a + 3 * (1 - s) ** 2 * s * b + 3 * (1 - s) * s**2 * c + s**3 * d
    else:
        pose[:3, 3] = a + (d - a) * s
    return pose


def rotation_vector(matrix: Matrix) -> np.ndarray:
    """Rotation vector (3,), radians, of a rotation matrix."""
    mujoco = load_mujoco()
    quaternion, vector = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(matrix).flatten())
    mujoco.mju_quat2Vel(vector, quaternion, 1.0)
    return vector


class Kinematics:
    """Grasp poses (base frame) from joint angles and back. Keeps a state of its own: the physics is not disturbed."""

    def __init__(self, model: Any) -> None:
        self._mujoco = load_mujoco()
        self._model = model
        self._data = self._mujoco.MjData(model)

    def forward(self, side: Side, angles: npt.ArrayLike) -> Matrix:
        """Grasp pose (4, 4) of an arm with these joint angles (6,)."""
        qpos = [int(self._model.joint(f"{side}_{name}").qposadr[0]) for name in JOINTS]
        self._data.qpos[qpos] = angles
        self._mujoco.mj_kinematics(self._model, self._data)
        site = self._model.site(f"{side}_grasp").id
        pose = np.eye(4)
        pose[:3, :3] = self._data.site_xmat[site].reshape(3, 3)
        pose[:3, 3] = self._data.site_xpos[site]
        return pose

    def solve(self, side: Side, goal: Matrix, start: npt.ArrayLike, iterations: int = 12) -> np.ndarray:
        """Angles (6,) that bring the grasp frame to `goal` (4, 4), searched from `start` (6,) within the limits.

        A goal out of reach gives the angles the search ends at: as near as it came.
        """
        model, data, mujoco = self._model, self._data, self._mujoco
        dofs = [int(model.joint(f"{side}_{name}").dofadr[0]) for name in JOINTS]
        limits = np.array([model.joint(f"{side}_{name}").range for name in JOINTS])
        site = model.site(f"{side}_grasp").id
        angles = np.array(start, np.float64)
        linear, angular = np.zeros((3, model.nv)), np.zeros((3, model.nv))
        for _ in range(iterations):
            error = delta_between(self.forward(side, angles), goal)
            if np.linalg.norm(error) < _ENOUGH:
                break
            mujoco.mj_comPos(model, data)
            mujoco.mj_jacSite(model, data, linear, angular, site)
            jacobian = np.vstack([linear, angular])[:, dofs]
            step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + DAMPING**2 * np.eye(6), error)
            angles = np.clip(angles + np.clip(step, -_STEP_RAD, _STEP_RAD), limits[:, 0], limits[:, 1])
        return angles
