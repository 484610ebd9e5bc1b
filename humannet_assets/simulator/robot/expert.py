"""The scripted expert: carries out an instance's plan on the robot, reading the things' poses before every action."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from humannet_assets.media.sidecar import Segment, Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.motion import minimum_jerk
from humannet_assets.simulator.robot.arm import MAX_OPENING_M
from humannet_assets.simulator.robot.control import arched, downward
from humannet_assets.simulator.robot.env import HOME_OPENING_M, TabletopEnv, home_pose
from humannet_assets.simulator.robot.instance import Action, Grasp
from humannet_assets.simulator.robot.model import CONTROL_RATE_HZ
from humannet_assets.simulator.robot.tasks import instance_rng
from humannet_assets.simulator.wearer.body import SIDES
from humannet_assets.simulator.wearer.choreography import ACTOR

APPROACH_M = 0.20
"""How steeply a gripper comes down on a thing and leaves it: the handle of its curve."""
GRASP_NOISE_M, YAW_NOISE_RAD = 0.0015, 0.02
"""Demonstrations differ: standard deviation of where a thing is taken."""
GRIP_S, REST_S = 0.35, 0.3
_LET_GO_M = 0.025
"""How far beyond a thing's width a gripper opens: not into its neighbours."""


class Expert:
    """Yields joint targets, one per control step; `segments` grows as actions are finished.

    Args:
        env: The environment at its start.
        attempt: Another one is another demonstration of the same instance.
    """

    def __init__(self, env: TabletopEnv, attempt: int = 0) -> None:
        self.attempt = attempt
        self._env = env
        self._rng = instance_rng(env.task.name, env.seed, f"expert {attempt}")
        self.segments: list[Segment] = []
        self._pose: dict[Side, Matrix] = {side: home_pose(side) for side in SIDES}
        self._grip: dict[Side, float] = dict.fromkeys(SIDES, HOME_OPENING_M)
        self._angles: dict[Side, np.ndarray] = {side: env.target[i * 7 : i * 7 + 6] for i, side in enumerate(SIDES)}

    def actions(self) -> Iterator[np.ndarray]:
        """Joint targets (14,) until the plan is done; the caller steps the environment after each."""
        carry_out = {"reach": self._reach, "carry": self._carry, "slide": self._carry, "release": self._release}
        for action in self._env.instance.plan:
            start = self._env.time_s
            yield from carry_out[action.kind](action)
            noun = action.thing.replace("_", " ")
            self.segments += [
                Segment(actor=ACTOR[side], start_s=round(start, 4), end_s=round(self._env.time_s, 4), text=action.text,
                        verb=action.verb, object=noun)
                for side in action.sides
            ]  # fmt: skip
        yield from self._hold(REST_S)

    def _seconds(self, way_m: float) -> float:
        return float((0.7 + 2.2 * way_m) * self._rng.uniform(0.9, 1.2))

    def _command(self) -> np.ndarray:
        parts = []
        for side in SIDES:
            self._angles[side] = self._env.kinematics.solve(side, self._pose[side], self._angles[side])
            parts.append([*self._angles[side], self._grip[side]])
        return np.concatenate(parts)

    def _hold(self, seconds: float) -> Iterator[np.ndarray]:
        for _ in range(round(seconds * CONTROL_RATE_HZ)):
            yield self._command()

    def _move(self, goals: dict[Side, Matrix], lifts: tuple[float, float]) -> Iterator[np.ndarray]:
        starts = {side: self._pose[side] for side in goals}
        seconds = self._seconds(max(float(np.linalg.norm(goals[s][:3, 3] - starts[s][:3, 3])) for s in goals) + max(lifts) / 2)
        ticks = max(2, round(seconds * CONTROL_RATE_HZ))
        for k in range(1, ticks + 1):
            for side, goal in goals.items():
                self._pose[side] = arched(starts[side], goal, *lifts, k / ticks)
            yield self._command()

    def _set_grips(self, goals: dict[Side, float]) -> Iterator[np.ndarray]:
        starts = {side: self._grip[side] for side in goals}
        ticks = round(GRIP_S * CONTROL_RATE_HZ)
        for k in range(1, ticks + 1):
            for side, goal in goals.items():
                self._grip[side] = starts[side] + (goal - starts[side]) * minimum_jerk(k / ticks)
            yield self._command()
        yield self._command()

    def _grasp_pose(self, thing: str, grasp: Grasp) -> Matrix:
        pose = self._env.state().poses[thing]
        yaw = math.atan2(pose[1, 0], pose[0, 0]) + grasp.yaw_rad
        # Of the ways to take it that look the same, the one that turns the wrist least.
        period = math.pi / 2 if grasp.symmetric else math.pi
        yaw -= period * round((yaw - (0.0 if grasp.symmetric else grasp.yaw_rad)) / period)
        noise = np.array([*self._rng.normal(0, GRASP_NOISE_M, 2), 0.0])
        return downward(pose[:3, :3] @ np.asarray(grasp.offset) + pose[:3, 3] + noise, yaw + self._rng.normal(0, YAW_NOISE_RAD))

    def _reach(self, action: Action) -> Iterator[np.ndarray]:
        for side, grasp in action.grasps.items():
            self._grip[side] = grasp.opening_m
        yield from self._move({s: self._grasp_pose(action.thing, g) for s, g in action.grasps.items()}, (0.0, APPROACH_M))
        yield from self._set_grips({side: grasp.closing_m for side, grasp in action.grasps.items()})

    def _carry(self, action: Action) -> Iterator[np.ndarray]:
        poses = self._env.state().poses
        shift = np.asarray(action.goal) + np.asarray(action.clearance)
        if action.onto:
            shift = poses[action.onto][:3, 3] + shift - poses[action.thing][:3, 3]
        goals = {}
        for side in action.sides:
            goals[side] = self._pose[side].copy()
            goals[side][:3, 3] += shift
        yield from self._move(goals, (action.lift_m, action.lift_m))

    def _release(self, action: Action) -> Iterator[np.ndarray]:
        width = {side: self._env.qpos[6 if side == "left" else 13] for side in action.sides}
        yield from self._set_grips({side: min(MAX_OPENING_M, width[side] + _LET_GO_M) for side in action.sides})
        yield from self._move({side: home_pose(side) for side in action.sides}, (APPROACH_M, 0.0))


def run_expert(env: TabletopEnv, attempt: int = 0) -> Expert:
    """Run the expert from the environment's start to the end of its plan, without pictures."""
    expert = Expert(env, attempt)
    for action in expert.actions():
        if env.step(action):
            break
    return expert
