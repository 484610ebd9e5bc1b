"""Experts succeed, in demonstrations that differ, and what they did succeeds again when it is replayed in either control."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.simulator.robot.control import delta_between
from humannet_assets.simulator.robot.env import TabletopEnv
from humannet_assets.simulator.robot.episodes import VECTORS, Episode, record_episode
from humannet_assets.simulator.robot.expert import Expert, run_expert
from humannet_assets.simulator.robot.model import CONTROL_RATE_HZ
from humannet_assets.simulator.robot.tasks import TASKS

CHUNK = 16
_CACHE: dict[str, tuple[TabletopEnv, Episode]] = {}


def recorded(task: str) -> tuple[TabletopEnv, Episode]:
    if task not in _CACHE:
        env = TabletopEnv(task, 11)
        _CACHE[task] = env, record_episode(env, Expert(env))
    return _CACHE[task]


def poses(vector: np.ndarray) -> np.ndarray:
    found = np.tile(np.eye(4), (2, 1, 1))
    found[:, :3, 3] = vector.reshape(2, 7)[:, :3]
    found[:, :3, :3] = Rotation.from_quat(vector.reshape(2, 7)[:, 3:]).as_matrix()
    return found


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", [40, 41])
def test_experts_succeed_in_time(task: str, seed: int) -> None:
    env = TabletopEnv(task, seed)
    run_expert(env)
    assert env.success()
    assert not env.done


@pytest.mark.parametrize("task", TASKS)
def test_recordings_are_complete(task: str) -> None:
    env, episode = recorded(task)
    count = len(episode.timestamps)
    assert episode.success
    assert {key: values.shape for key, values in episode.vectors.items()} == {k: (count, len(v)) for k, v in VECTORS.items()}
    np.testing.assert_allclose(np.diff(episode.timestamps), 1 / CONTROL_RATE_HZ)
    # Segments are the plan's actions, one after the other from the start, each told of every hand that takes part.
    plan = [(action.text, f"{side}_hand") for action in env.instance.plan for side in action.sides]
    assert [(segment.text, segment.actor) for segment in episode.segments] == plan
    assert episode.segments[0].start_s == 0
    for before, after in pairwise(episode.segments):
        assert after.start_s in {before.end_s, before.start_s}
    assert episode.segments[-1].end_s <= count / CONTROL_RATE_HZ
    moved = {action.thing for action in env.instance.plan}
    assert {contact.object.replace(" ", "_") for contact in episode.contacts} == moved
    for name in moved:
        thing = episode.things[name]
        assert thing.start != thing.end


@pytest.mark.parametrize("task", TASKS)
def test_replayed_joints_succeed(task: str) -> None:
    env, episode = recorded(task)
    env.reset()
    for action in episode.vectors["action"].astype(np.float32):
        env.step(action)
    assert env.success()


@pytest.mark.parametrize("task", TASKS)
def test_replayed_deltas_succeed(task: str) -> None:
    """Targets relative to the poses observed at the start of each chunk, as a policy predicts them."""
    env, episode = recorded(task)
    env.reset()
    anchor = seen = env.observe(()).ee_head
    for step, action in enumerate(episode.vectors["action"]):
        if step % CHUNK == 0:
            anchor, seen = env.observe(()).ee_head, poses(episode.vectors["observation.ee_pose"][step])
        target = poses(episode.vectors["ee_target"][step])
        arms = [np.append(delta_between(seen[i], target[i]), action[7 * i + 6]) for i in (0, 1)]
        env.step(np.concatenate(arms), "delta", anchor)
    assert env.success()


def test_another_attempt_is_another_demonstration() -> None:
    actions = []
    for attempt in (0, 1, 0):
        env = TabletopEnv("stack_blocks", 5)
        actions.append(record_episode(env, Expert(env, attempt)).vectors["action"])
        assert env.success()
    np.testing.assert_array_equal(actions[0], actions[2])
    assert actions[0].shape != actions[1].shape or not np.allclose(actions[0], actions[1])


def test_an_expert_whose_thing_is_taken_away_fails() -> None:
    env = TabletopEnv("block_on_plate", 3)
    block = env.instance.plan[0].thing
    expert = Expert(env)
    for step, action in enumerate(expert.actions()):
        if step == 5:
            env.data.joint(block).qpos[:3] = (0.6, 0.6, 0.02)
        env.step(action)
    assert not env.success()
