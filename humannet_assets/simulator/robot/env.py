"""The closed loop: actions in at 15 Hz, observations out. The same task, seed and actions give the same states.

Actions are 14 numbers, the left arm's seven first. Seventh is the opening of the gripper in metres (0 closed, 0.08 open). The
six before it are, by control mode,

* `joints`: joint angles in radians (`arm.JOINTS`) to be reached at the end of the step;
* `delta`: a delta (see `control`) along the axes of the head camera from an anchor pose. Without an anchor it leads from the
  pose commanded last (not the one measured: servos lag, and errors would add up). A policy that predicts chunks relative to
  the chunk's first frame passes the poses it observed then (`Observation.ee_head`) as anchor with every step of the chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Intrinsics, Side
from humannet_assets.simulator.cameras import Matrix, intrinsics
from humannet_assets.simulator.robot.arm import FINGER_TRAVEL_M, JOINTS, MAX_OPENING_M, SQUEEZE_M, WRIST_FOV_DEG
from humannet_assets.simulator.robot.control import READY_RAD, Kinematics, downward, moved_by
from humannet_assets.simulator.robot.instance import SceneState
from humannet_assets.simulator.robot.model import CAMERAS, CONTROL_RATE_HZ, SUBSTEPS, build_model
from humannet_assets.simulator.robot.tabletop import EPISODE_QUALITY, HEAD_FOV_DEG, draw_look, head_pose
from humannet_assets.simulator.robot.tasks import draw_instance, instance_rng
from humannet_assets.simulator.wearer.body import OUT, SIDES
from humannet_assets.simulator.world import RGB, RenderingUnavailableError, RenderQuality, load_mujoco

ACTION_SIZE = 14
Control = Literal["joints", "delta"]

HOME_M, HOME_OPENING_M = (0.25, 0.20, 0.17), 0.06
"""Where the right gripper waits (the left one at -x), and how far grippers are open at first."""

_GRIPS = (6, 13)
_SETTLING_STEPS = 6
"""Control steps things come to rest in before an episode begins."""


class ActionError(ValueError):
    """An action of the wrong size or with values that are not finite; the message says which."""


class EpisodeOverError(RuntimeError):
    """`step` after the task's horizon; call `reset` first."""


@dataclass
class Observation:
    """What the robot sees and feels.

    Pictures (H, W, 3) by camera; joints (14,): per arm six angles (rad) and the opening (m); grasp poses (2, 4, 4), left
    first, in the base frame and in the head camera's.
    """

    images: dict[str, RGB]
    qpos: np.ndarray
    ee_base: np.ndarray
    ee_head: np.ndarray


def home_pose(side: Side) -> Matrix:
    """Where a gripper waits, (4, 4) in the base frame."""
    return downward((OUT[side] * HOME_M[0], *HOME_M[1:]), 0.0)


class TabletopEnv:
    """One task instance with physics. Rendering starts with the first `observe` that asks for pictures.

    Args:
        task: Name of a task.
        seed: Decides the instance and the look.
        size: Width and height of all pictures, pixels.
        quality: What pictures cost.

    Raises:
        UnknownTaskError: There is no such task.
        RenderingUnavailableError: MuJoCo is missing (when made) or OpenGL is (when pictures are asked for).
    """

    def __init__(
        self, task: str, seed: int, size: tuple[int, int] = (320, 240), quality: RenderQuality = EPISODE_QUALITY
    ) -> None:
        self.instance = draw_instance(task, seed)
        self.task, self.seed, self.size = self.instance.task, seed, size
        self.instruction = self.instance.instruction
        self._mujoco = load_mujoco()
        self.model = build_model(self.instance.things, draw_look(instance_rng(task, seed, "look")), quality)
        self.data: Any = self._mujoco.MjData(self.model)
        self.kinematics = Kinematics(self.model)
        self._renderer: Any = None
        # Sites are marks for the solver, not things to be seen; geometries are drawn whatever their group.
        self._option = self._mujoco.MjvOption()
        self._option.sitegroup[:] = 0
        self._option.geomgroup[:] = 1
        joints = [self.model.joint(f"{side}_{joint}") for side in SIDES for joint in JOINTS]
        fingers = [self.model.joint(f"{side}_finger{i}") for side in SIDES for i in (0, 1)]
        self._qpos = np.array([joint.qposadr[0] for joint in joints]).reshape(2, 6)
        self._fingers = np.array([finger.qposadr[0] for finger in fingers]).reshape(2, 2)
        self._owners = self._owners_of_geoms()
        self.reset()

    def __enter__(self) -> TabletopEnv:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the graphics context back."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _owners_of_geoms(self) -> list[str]:
        """The thing or the side each geometry belongs to; empty for others."""
        things = {thing.name for thing in self.instance.things}
        bodies = [self.model.body(body).name for body in self.model.geom_bodyid]
        return [name if name in things else next((s for s in SIDES if name.startswith(f"{s}_")), "") for name in bodies]

    def reset(self) -> None:
        """Back to the start of the instance: arms at home, things at rest."""
        self._mujoco.mj_resetData(self.model, self.data)
        self.ticks = 0
        for thing in self.instance.things:
            if thing.kind == "drawer":
                self.data.joint(thing.name).qpos[0] = thing.opened_m
        for index, side in enumerate(SIDES):
            angles = self.kinematics.solve(side, home_pose(side), READY_RAD, 200)
            self.data.qpos[self._qpos[index]] = angles
            self.data.qpos[self._fingers[index]] = HOME_OPENING_M / 2
            self.data.ctrl[index * 7 : index * 7 + 7] = (*angles, HOME_OPENING_M / 2)
        for _ in range(SUBSTEPS * _SETTLING_STEPS):
            self._mujoco.mj_step(self.model, self.data)
        self.data.time = 0.0
        self._mujoco.mj_forward(self.model, self.data)

    def pose_arm(self, side: Side, angles: npt.ArrayLike) -> None:
        """Put an arm to joint angles (6,) without moving there, for pictures; its servos hold it."""
        index = SIDES.index(side)
        self.data.qpos[self._qpos[index]] = angles
        self.data.ctrl[index * 7 : index * 7 + 6] = angles
        self._mujoco.mj_forward(self.model, self.data)

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
        """Joints (14,): per arm six angles (rad) and the opening (m)."""
        arms = [[*self.data.qpos[q], self.data.qpos[f].sum()] for q, f in zip(self._qpos, self._fingers, strict=True)]
        return np.concatenate(arms)

    @property
    def target(self) -> np.ndarray:
        """Joint targets in force, (14,), as an action of the mode `joints`."""
        target = self.data.ctrl.copy()
        target[[*_GRIPS]] = 2 * np.maximum(target[[*_GRIPS]], 0)
        return target

    def ee_pose(self, side: Side) -> Matrix:
        """Grasp pose (4, 4), base frame."""
        pose = np.eye(4)
        pose[:3, :3] = self.data.site(f"{side}_grasp").xmat.reshape(3, 3)
        pose[:3, 3] = self.data.site(f"{side}_grasp").xpos
        return pose

    def ee_target(self) -> np.ndarray:
        """Grasp poses (2, 4, 4) the joint targets in force stand for, in the frame of the head camera."""
        poses = [self.kinematics.forward(side, self.data.ctrl[i * 7 : i * 7 + 6]) for i, side in enumerate(SIDES)]
        return np.linalg.inv(head_pose()) @ np.stack(poses)

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
        pairs: set[tuple[str, str]] = set()
        for first, second in self.data.contact.geom[: self.data.ncon]:
            pair = (self._owners[first], self._owners[second])
            pairs |= {pair, pair[::-1]}
        return SceneState(poses, frozenset(pair for pair in pairs if pair[0] in SIDES and pair[1] in poses), openings)

    def success(self) -> bool:
        """Whether the task is done now."""
        return self.instance.success(self.state())

    def step(self, action: npt.ArrayLike, control: Control = "joints", anchor: np.ndarray | None = None) -> bool:
        """One control step of 1/15 s; returns whether the horizon is reached.

        Args:
            action: (14,), see the module.
            control: Its mode.
            anchor: Poses (2, 4, 4) in the head camera's frame that deltas lead from; by default those commanded last.

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
        goal = self._joints(values, self.ee_target() if anchor is None else anchor) if control == "delta" else values.copy()
        grips = np.clip(goal[[*_GRIPS]], 0, MAX_OPENING_M) / 2
        # A gripper told to close goes on squeezing what it holds.
        goal[[*_GRIPS]] = np.where(grips < 1e-4, -SQUEEZE_M, np.minimum(grips, FINGER_TRAVEL_M))
        start = self.data.ctrl.copy()
        for k in range(SUBSTEPS):
            self.data.ctrl[:] = start + (goal - start) * (k + 1) / SUBSTEPS
            self._mujoco.mj_step(self.model, self.data)
        # Poses and contacts are those before the last step until they are worked out again.
        self._mujoco.mj_forward(self.model, self.data)
        self.ticks += 1
        return self.done

    def _joints(self, delta: np.ndarray, anchor: np.ndarray) -> np.ndarray:
        goal, camera = delta.copy(), head_pose()
        for index, side in enumerate(SIDES):
            part = slice(index * 7, index * 7 + 6)
            pose = camera @ moved_by(anchor[index], delta[part])
            goal[part] = self.kinematics.solve(side, pose, self.data.ctrl[part])
        return goal

    def observe(self, cameras: tuple[str, ...] = CAMERAS) -> Observation:
        """Pictures of the cameras asked for, and the robot's own state."""
        ee = np.stack([self.ee_pose(side) for side in SIDES])
        images = {name: self._picture(name) for name in cameras}
        return Observation(images, self.qpos, ee, np.linalg.inv(head_pose()) @ ee)

    def _picture(self, camera: str) -> RGB:
        if self._renderer is None:
            try:
                self._renderer = self._mujoco.Renderer(self.model, self.size[1], self.size[0])
            except Exception as error:
                raise RenderingUnavailableError(
                    f"MuJoCo could not render pictures of {self.size[0]}x{self.size[1]} ({type(error).__name__}: {error}). It "
                    "needs OpenGL: set MUJOCO_GL=egl (libegl1, libgl1-mesa-dri) or MUJOCO_GL=osmesa (libosmesa6)."
                ) from error
        self._renderer.update_scene(self.data, camera=camera, scene_option=self._option)
        return self._renderer.render().copy()

    def camera(self, name: str) -> tuple[Intrinsics, Matrix]:
        """Intrinsics and present pose (4, 4) base <- camera (OpenCV axes)."""
        pose = np.eye(4)
        pose[:3, :3] = self.data.camera(name).xmat.reshape(3, 3) @ np.diag([1.0, -1.0, -1.0])
        pose[:3, 3] = self.data.camera(name).xpos
        return intrinsics(*self.size, HEAD_FOV_DEG if name == "head" else WRIST_FOV_DEG), pose
