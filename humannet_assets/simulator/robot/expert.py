"""The scripted expert: carries out an instance's plan on the robot, reading the things' poses before every action."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from humannet_assets.media.sidecar import Segment, Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.motion import minimum_jerk
from humannet_assets.simulator.robot.control import arched, downward
from humannet_assets.simulator.robot.env import TabletopEnv, home_pose
from humannet_assets.simulator.robot.model import CONTROL_RATE_HZ, SIDES
from humannet_assets.simulator.robot.tasks import Action, Grasp

APPROACH_M = 0.20
GRASP_NOISE_M, YAW_NOISE_RAD = 0.0015, 0.02
GRIP_S = 0.35


class Expert:
    """Yields joint targets, one per control step; `segments` grows as actions are finished."""

    def __init__(self, env: TabletopEnv, rng: np.random.Generator) -> None:
        self._env, self._rng = env, rng
        self.segments: list[Segment] = []
        self._pose: dict[Side, Matrix] = {side: home_pose(side) for side in SIDES}
        self._grip: dict[Side, float] = {"left": 0.06, "right": 0.06}
        self._angles: dict[Side, np.ndarray] = {side: env.target[i * 7 : i * 7 + 6] for i, side in enumerate(SIDES)}

    def actions(self) -> Iterator[np.ndarray]:
        """Joint targets (14,) until the plan is done; the caller steps the environment after each."""
        for action in self._env.instance.plan:
            start = self._env.time_s
            yield from {"reach": self._reach, "carry": self._carry, "release": self._release}[action.kind](action)
            noun = action.thing.replace("_", " ")
            self.segments += [
                Segment(actor=f"{side}_hand", start_s=round(start, 4), end_s=round(self._env.time_s, 4), text=action.text,
                        verb=action.verb, object=noun)
                for side in action.sides
            ]  # fmt: skip
        yield from self._hold(0.3)

    def _seconds(self, way_m: float) -> float:
        return float((0.7 + 2.2 * way_m) * self._rng.uniform(0.9, 1.2))

    def _command(self) -> np.ndarray:
        parts = []
        for side in SIDES:
            self._angles[side] = self._env.inverse.solve(side, self._pose[side], self._angles[side])
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
        shift = np.asarray(action.goal, np.float64)
        if action.onto:
            shift = poses[action.onto][:3, 3] + shift - poses[action.thing][:3, 3]
        goals = {}
        for side in action.sides:
            goals[side] = self._pose[side].copy()
            goals[side][:3, 3] += shift
        yield from self._move(goals, (action.lift_m, action.lift_m))

    def _release(self, action: Action) -> Iterator[np.ndarray]:
        opened = {side: min(0.08, self._env.qpos[6 if side == "left" else 13] + 0.025) for side in action.sides}
        yield from self._set_grips(opened)
        yield from self._move({side: home_pose(side) for side in action.sides}, (APPROACH_M, 0.0))


def run_expert(env: TabletopEnv, seed: int) -> Expert:
    """Run the expert from the environment's present state to the end of its plan, without pictures."""
    expert = Expert(env, np.random.default_rng([seed, 3]))
    for action in expert.actions():
        if env.step(action):
            break
    return expert
