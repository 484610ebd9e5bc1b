"""The closed loop: actions in at 15 Hz, observations out. The same task, seed and actions give the same states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from humannet_assets.media.sidecar import Intrinsics, Side
from humannet_assets.simulator.cameras import Matrix, intrinsics, rotation
from humannet_assets.simulator.robot.control import READY, InverseKinematics, downward
from humannet_assets.simulator.robot.model import (
    BASE_X_M,
    CAMERAS,
    CONTROL_RATE_HZ,
    FINGER_TRAVEL_M,
    HEAD_FOV_DEG,
    JOINTS,
    MAX_OPENING_M,
    SIDES,
    SIGN,
    SUBSTEPS,
    WRIST_FOV_DEG,
    build_model,
    head_pose,
)  # fmt: skip
from humannet_assets.simulator.robot.tasks import SceneState, get_task
from humannet_assets.simulator.world import RGB, RenderingUnavailableError, load_mujoco

ACTION_SIZE = 14
"""Per arm, left first: six joint angles (radians), or a shift (metres) and a rotation vector; then the opening (metres)."""
Control = Literal["joints", "delta"]
HOME_HEIGHT_M = 0.17


class ActionError(ValueError):
    """An action of the wrong size or with values that are not finite; the message says which."""


class EpisodeOverError(RuntimeError):
    """`step` after the task's horizon; call `reset` first."""


@dataclass
class Observation:
    """What the robot sees and feels: pictures (H, W, 3) by camera, joints (14,), grasp poses (2, 4, 4), openings (2,) m."""

    images: dict[str, RGB]
    qpos: np.ndarray
    ee_base: np.ndarray
    ee_head: np.ndarray
    grips: np.ndarray


def home_pose(side: Side) -> Matrix:
    """Where a gripper waits."""
    return downward((SIGN[side] * BASE_X_M, 0.20, HOME_HEIGHT_M), 0.0)


class TabletopEnv:
    """One task instance with physics. Rendering starts with the first `observe` that asks for pictures.

    Args:
        task: Name of a task.
        seed: Decides the instance and the look.
        size: Width and height of all pictures, pixels.
    """

    def __init__(self, task: str, seed: int, size: tuple[int, int] = (320, 240)) -> None:
        self.task, self.seed, self.size = get_task(task), seed, size
        self.instance = self.task.draw(self.task, np.random.default_rng([seed, 1]))
        self.instruction = self.instance.instruction
        self._mujoco = load_mujoco()
        self.model = build_model(self.instance.things, np.random.default_rng([seed, 2]))
        self.data: Any = self._mujoco.MjData(self.model)
        self.inverse = InverseKinematics(self.model)
        self._renderer: Any = None
        names = [f"{side}_{joint}" for side in SIDES for joint in JOINTS]
        self.joint_names = [name for side in SIDES for name in (*(f"{side}_{j}" for j in JOINTS), f"{side}_grip")]
        self._qpos = np.array([self.model.joint(name).qposadr[0] for name in names]).reshape(2, 6)
        self._dofs = np.array([self.model.joint(name).dofadr[0] for name in names]).reshape(2, 6)
        self._fingers = np.array([[self.model.joint(f"{side}_finger{i}").qposadr[0] for i in (0, 1)] for side in SIDES])
        self._finger_dofs = np.array([[self.model.joint(f"{side}_finger{i}").dofadr[0] for i in (0, 1)] for side in SIDES])
        self._owner = self._owners()
        self.reset()

    def _owners(self) -> list[str]:
        things = {thing.name for thing in self.instance.things}
        owners = []
        for geom in range(self.model.ngeom):
            body = self.model.body(self.model.geom_bodyid[geom]).name
            side = next((s for s in SIDES if body.startswith(s)), "")
            owners.append(body if body in things else side)
        return owners

    def reset(self) -> None:
        """Back to the start of the instance: arms at home, things at rest."""
        self._mujoco.mj_resetData(self.model, self.data)
        self.ticks = 0
        for index, side in enumerate(SIDES):
            angles = self.inverse.solve(side, home_pose(side), np.array(READY), 200)
            self.data.qpos[self._qpos[index]] = angles
            self.data.qpos[self._fingers[index]] = 0.03
            self.data.ctrl[index * 7 : index * 7 + 6] = angles
            self.data.ctrl[index * 7 + 6] = 0.03
        for _ in range(SUBSTEPS * 6):
            self._mujoco.mj_step(self.model, self.data)
        self._mujoco.mj_forward(self.model, self.data)
        self.data.time = 0.0

    @property
    def time_s(self) -> float:
        """Control time since the reset."""
        return self.ticks / CONTROL_RATE_HZ

    @property
    def done(self) -> bool:
        """Whether the task's horizon is reached."""
        return self.time_s >= self.task.horizon_s

    @property
    def qpos(self) -> np.ndarray:
        """Joints (14,): per arm six angles and the opening."""
        return np.concatenate(
            [[*self.data.qpos[q], self.data.qpos[f].sum()] for q, f in zip(self._qpos, self._fingers, strict=True)]
        )

    @property
    def qvel(self) -> np.ndarray:
        """Velocities (14,), per second."""
        return np.concatenate(
            [[*self.data.qvel[q], self.data.qvel[f].sum()] for q, f in zip(self._dofs, self._finger_dofs, strict=True)]
        )

    @property
    def target(self) -> np.ndarray:
        """Joint targets in force, (14,)."""
        target = self.data.ctrl.copy()
        target[[6, 13]] *= 2
        return target

    def ee_pose(self, side: Side) -> Matrix:
        """Grasp pose (4, 4), base frame."""
        pose = np.eye(4)
        pose[:3, :3] = self.data.site(f"{side}_grasp").xmat.reshape(3, 3)
        pose[:3, 3] = self.data.site(f"{side}_grasp").xpos
        return pose

    def state(self) -> SceneState:
        """Poses, contacts and openings of the things."""
        poses, openings = {}, {}
        for thing in self.instance.things:
            pose = np.eye(4)
            pose[:3, :3] = self.data.body(thing.name).xmat.reshape(3, 3)
            pose[:3, 3] = self.data.body(thing.name).xpos
            poses[thing.name] = pose
            if thing.kind == "drawer":
                openings[thing.name] = float(self.data.joint(thing.name).qpos[0])
        pairs = set()
        for first, second in self.data.contact.geom[: self.data.ncon]:
            pair = (self._owner[first], self._owner[second])
            pairs |= {pair, pair[::-1]}
        return SceneState(poses, frozenset(pair for pair in pairs if pair[0] in SIDES and pair[1] in poses), openings)

    def success(self) -> bool:
        """Whether the task is done now."""
        return self.instance.success(self.state())

    def step(self, action: Any, control: Control = "joints") -> bool:
        """One control step of 1/15 s; returns whether the horizon is reached.

        Raises:
            ActionError: Not 14 finite numbers.
            EpisodeOverError: The horizon was reached before.
        """
        values = np.asarray(action, np.float64)
        if values.shape != (ACTION_SIZE,):
            raise ActionError(
                f"an action has {ACTION_SIZE} numbers (6 + opening per arm, left first), got shape {values.shape}"
            )
        if not np.isfinite(values).all():
            raise ActionError(f"action values {np.flatnonzero(~np.isfinite(values)).tolist()} are not finite")
        if self.done:
            raise EpisodeOverError(f"the horizon of {self.task.horizon_s} s is reached; call reset() first")
        goal = self._joints(values) if control == "delta" else values.copy()
        goal[[6, 13]] = np.clip(goal[[6, 13]], 0, MAX_OPENING_M) / 2
        # Below zero a closed gripper keeps squeezing what it holds.
        goal[[6, 13]] -= 0.01 * (goal[[6, 13]] < 1e-4)
        goal[[6, 13]] = np.minimum(goal[[6, 13]], FINGER_TRAVEL_M)
        start = self.data.ctrl.copy()
        for k in range(SUBSTEPS):
            self.data.ctrl[:] = start + (goal - start) * (k + 1) / SUBSTEPS
            self._mujoco.mj_step(self.model, self.data)
        self.ticks += 1
        return self.done

    def _joints(self, delta: np.ndarray) -> np.ndarray:
        goal = delta.copy()
        for index, side in enumerate(SIDES):
            part = delta[index * 7 : index * 7 + 7]
            pose = self.ee_pose(side)
            pose[:3, 3] += part[:3]
            angle = float(np.linalg.norm(part[3:6]))
            if angle > 1e-9:
                pose[:3, :3] = rotation(part[3:6] / angle, angle) @ pose[:3, :3]
            goal[index * 7 : index * 7 + 6] = self.inverse.solve(side, pose, self.data.qpos[self._qpos[index]])
        return goal

    def observe(self, cameras: tuple[str, ...] = CAMERAS) -> Observation:
        """Pictures of the cameras asked for, and the robot's own state."""
        ee = np.stack([self.ee_pose(side) for side in SIDES])
        images = {name: self._picture(name) for name in cameras}
        qpos = self.qpos
        return Observation(images, qpos, ee, np.linalg.inv(head_pose()) @ ee, qpos[[6, 13]])

    def _picture(self, camera: str) -> RGB:
        if self._renderer is None:
            try:
                self._renderer = self._mujoco.Renderer(self.model, self.size[1], self.size[0])
            except Exception as error:
                raise RenderingUnavailableError(f"MuJoCo found no OpenGL to render with: {error}. See MUJOCO_GL.") from error
        self._renderer.update_scene(self.data, camera=camera)
        return self._renderer.render().copy()

    def camera(self, name: str) -> tuple[Intrinsics, Matrix]:
        """Intrinsics and present pose (base <- camera, OpenCV axes)."""
        pose = np.eye(4)
        pose[:3, :3] = self.data.camera(name).xmat.reshape(3, 3) @ np.diag([1.0, -1.0, -1.0])
        pose[:3, 3] = self.data.camera(name).xpos
        return intrinsics(*self.size, HEAD_FOV_DEG if name == "head" else WRIST_FOV_DEG), pose

    def close(self) -> None:
        """Give the graphics context back."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
