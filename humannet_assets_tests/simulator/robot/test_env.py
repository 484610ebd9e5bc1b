"""The loop is deterministic, refuses what makes no sense, stays stable, and its controls do what they say."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.simulator.robot.arm import MAX_OPENING_M
from humannet_assets.simulator.robot.control import Kinematics, arched, delta_between, downward, moved_by
from humannet_assets.simulator.robot.env import ACTION_SIZE, ActionError, EpisodeOverError, TabletopEnv, home_pose
from humannet_assets.simulator.robot.model import CONTROL_RATE_HZ
from humannet_assets.simulator.robot.tabletop import head_pose
from humannet_assets.simulator.robot.tasks import TASKS
from humannet_assets.simulator.wearer.body import SIDES

LEFT, RIGHT = slice(0, 6), slice(7, 13)


@pytest.fixture
def env() -> TabletopEnv:
    return TabletopEnv("block_in_bowl", 0)


def wiggle(env: TabletopEnv, steps: int, seed: int = 0) -> np.ndarray:
    rng, states = np.random.default_rng(seed), []
    for _ in range(steps):
        env.step(env.target + rng.normal(0, 0.05, ACTION_SIZE))
        states.append(np.concatenate([env.data.qpos, env.data.qvel]))
    return np.array(states)


def test_the_same_actions_give_the_same_states(env: TabletopEnv) -> None:
    first = wiggle(env, 25)
    env.reset()
    assert env.ticks == 0
    np.testing.assert_array_equal(wiggle(env, 25), first)
    np.testing.assert_array_equal(wiggle(TabletopEnv("block_in_bowl", 0), 25), first)
    other = TabletopEnv("block_in_bowl", 1)
    assert other.data.qpos.shape != env.data.qpos.shape or not np.array_equal(wiggle(other, 25), first)


def test_arms_wait_at_home(env: TabletopEnv) -> None:
    for side in SIDES:
        np.testing.assert_allclose(env.ee_pose(side), home_pose(side), atol=2e-3)
    np.testing.assert_allclose(env.qpos[[6, 13]], 0.06, atol=1e-3)


@pytest.mark.parametrize("task", TASKS)
def test_things_rest_where_they_were_put(task: str) -> None:
    env = TabletopEnv(task, 2)
    rest = env.target
    for _ in range(2 * CONTROL_RATE_HZ):
        env.step(rest)
    for thing in env.instance.things:
        moved = env.state().at(thing.name) - thing.pose()[:3, 3] - (0, -thing.opened_m, 0)
        assert np.abs(moved).max() < 2e-3, thing.name
    assert np.abs(env.data.qvel).max() < 0.05


def test_wild_actions_do_not_explode() -> None:
    env, rng = TabletopEnv("blocks_in_bowl", 3), np.random.default_rng(0)
    for step in range(90):
        control = "joints" if step % 2 else "delta"
        env.step(rng.uniform(-3, 3, ACTION_SIZE), control)
        assert np.isfinite(env.data.qpos).all()
        assert np.abs(env.data.qvel).max() < 80
    for thing in env.instance.things:
        # Nothing has sunk into the table that is still on it.
        position = env.state().at(thing.name)
        assert position[2] > -0.005 or np.abs(position[:2] - (0, 0.28)).max() > 0.45


def test_joints_are_reached(env: TabletopEnv) -> None:
    goal = env.target
    goal[LEFT] += 0.1
    goal[6], goal[13] = 0.02, 0.075
    for _ in range(15):
        env.step(goal)
    np.testing.assert_allclose(env.qpos, goal, atol=5e-3)
    np.testing.assert_allclose(env.target, goal, atol=1e-9)


def test_deltas_are_along_the_axes_of_the_head_camera(env: TabletopEnv) -> None:
    """x to the right, y down, z away from the camera, for the right arm alone."""
    start = env.observe(()).ee_head
    step = np.zeros(ACTION_SIZE)
    step[[6, 13]] = 0.06
    step[RIGHT][:3] = (-0.004, 0.002, 0.003)
    for _ in range(10):
        env.step(step, "delta")
    step[RIGHT] = 0
    for _ in range(10):
        env.step(step, "delta")
    after = env.observe(()).ee_head
    np.testing.assert_allclose(after[1][:3, 3] - start[1][:3, 3], (-0.04, 0.02, 0.03), atol=2e-3)
    np.testing.assert_allclose(after[1][:3, :3], start[1][:3, :3], atol=0.02)
    np.testing.assert_allclose(after[0], start[0], atol=2e-3)
    # A point moved to the right and down in the head camera is to the right and lower in its picture.
    camera, pose = env.camera("head")
    np.testing.assert_allclose(pose, head_pose(), atol=1e-9)
    moved = camera.project(after[1][:3, 3]) - camera.project(start[1][:3, 3])
    assert moved[0] < 0


def test_a_turn_is_about_the_axes_of_the_head_camera(env: TabletopEnv) -> None:
    start = env.ee_target()[0]
    step = np.zeros(ACTION_SIZE)
    step[[6, 13]] = 0.06
    step[LEFT] = (0, 0, 0, 0.0, 0.0, 0.05)
    for _ in range(6):
        env.step(step, "delta")
    turned = env.ee_target()[0]
    np.testing.assert_allclose(delta_between(start, turned), (0, 0, 0, 0, 0, 0.3), atol=2e-3)


def test_a_chunk_leads_from_its_anchor(env: TabletopEnv) -> None:
    """Steps that each say how far from the anchor end where the last one says, however often they are repeated."""
    anchor = env.observe(()).ee_head
    step = np.zeros(ACTION_SIZE)
    step[[6, 13]] = 0.06
    for k in range(1, 13):
        step[LEFT][:3] = np.array([0.02, -0.01, 0.0]) * min(1.0, k / 8)
        env.step(step, "delta", anchor)
    np.testing.assert_allclose(env.ee_target()[0], moved_by(anchor[0], step[LEFT]), atol=1e-4)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros(13), r"got shape \(13,\)"),
        (np.zeros((2, 7)), r"got shape \(2, 7\)"),
        (np.array([0.0] * 3 + [np.nan] + [0.0] * 9 + [np.inf]), r"\[3, 13\] are not finite"),
    ],
)
def test_bad_actions_are_refused(env: TabletopEnv, action: np.ndarray, message: str) -> None:
    before = env.data.qpos.copy()
    with pytest.raises(ActionError, match=message):
        env.step(action)
    np.testing.assert_array_equal(env.data.qpos, before)


def test_the_horizon_ends_an_episode() -> None:
    env = TabletopEnv("lift_tray", 0)
    rest, steps = env.target, 1
    while not env.step(rest):
        steps += 1
    assert steps == TASKS["lift_tray"].horizon_s * CONTROL_RATE_HZ
    with pytest.raises(EpisodeOverError, match="reset"):
        env.step(rest)


def test_gripping_is_limited(env: TabletopEnv) -> None:
    goal = env.target
    goal[6], goal[13] = 5.0, -5.0
    for _ in range(20):
        env.step(goal)
    assert env.qpos[6] == pytest.approx(MAX_OPENING_M, abs=2e-3)
    assert env.qpos[13] == pytest.approx(0.0, abs=2e-3)


@pytest.mark.parametrize("side", SIDES)
def test_kinematics_there_and_back(env: TabletopEnv, side: str) -> None:
    kinematics = Kinematics(env.model)
    rng, x = np.random.default_rng(1), -0.15 if side == "left" else 0.15
    ready = env.qpos[LEFT if side == "left" else RIGHT]
    for _ in range(5):
        goal = downward((x + rng.uniform(-0.1, 0.1), rng.uniform(0.22, 0.4), rng.uniform(0.02, 0.2)), rng.uniform(-0.6, 0.6))
        angles = kinematics.solve(side, goal, ready, 200)  # pyright: ignore[reportArgumentType]
        np.testing.assert_allclose(kinematics.forward(side, angles), goal, atol=1e-3)  # pyright: ignore[reportArgumentType]


def test_deltas_and_arches() -> None:
    start, end = downward((0, 0.2, 0.1), 0.1), downward((0.1, 0.3, 0.1), 0.9)
    np.testing.assert_allclose(moved_by(start, delta_between(start, end)), end, atol=1e-9)
    np.testing.assert_allclose(arched(start, end, 0.1, 0.1, 0.0), start, atol=1e-9)
    np.testing.assert_allclose(arched(start, end, 0.1, 0.1, 1.0), end, atol=1e-9)
    assert arched(start, end, 0.1, 0.1, 0.5)[2, 3] > 0.15
    assert arched(start, end, 0.0, 0.0, 0.5)[2, 3] == pytest.approx(0.1)
