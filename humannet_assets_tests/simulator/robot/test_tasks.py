"""Instances are drawn from their seed, are asked for in varied words that say which thing is meant, and need to be done."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from humannet_assets.simulator.robot import things as th
from humannet_assets.simulator.robot.env import TabletopEnv
from humannet_assets.simulator.robot.instance import Instance, SceneState, UnknownTaskError
from humannet_assets.simulator.robot.placement import CrowdedTableError, placed_thing, scatter
from humannet_assets.simulator.robot.tasks import TASKS, draw_instance, get_task, instance_rng

SEEDS = range(12)


def start(instance: Instance) -> SceneState:
    openings = {thing.name: thing.opened_m for thing in instance.things if thing.kind == "drawer"}
    return SceneState({thing.name: thing.pose() for thing in instance.things}, openings=openings)


def comparable(instance: Instance) -> tuple[object, ...]:
    return (instance.instruction, instance.things, instance.plan)


@pytest.mark.parametrize("task", TASKS)
def test_a_seed_is_an_instance(task: str) -> None:
    assert comparable(draw_instance(task, 5)) == comparable(draw_instance(task, 5))
    drawn = [draw_instance(task, seed) for seed in SEEDS]
    assert len({str(instance.things) for instance in drawn}) == len(SEEDS)
    assert len({instance.instruction for instance in drawn}) >= len(SEEDS) // 2
    assert {template.split("{")[0] for template in TASKS[task].templates} >= {
        min((t.split("{")[0] for t in TASKS[task].templates), key=lambda t: not i.instruction.startswith(t)) for i in drawn
    }


def test_tasks_of_one_seed_do_not_look_alike() -> None:
    drawn = [draw_instance(task, 0) for task in TASKS]
    assert len({tuple(thing.color for thing in instance.things) for instance in drawn}) > len(TASKS) // 2
    first, second = (instance_rng("block_in_bowl", 0, purpose).random() for purpose in ("instance", "look"))
    assert first != second


@pytest.mark.parametrize("task", TASKS)
def test_words_name_things_that_are_there_once(task: str) -> None:
    for seed in SEEDS:
        instance = draw_instance(task, seed)
        nouns = [thing.noun for thing in instance.things]
        assert len(set(nouns)) == len(nouns)
        moved = {action.thing.replace("_", " ") for action in instance.plan}
        assert all(noun in instance.instruction for noun in moved)
        assert {action.thing for action in instance.plan} <= {thing.name for thing in instance.things}
        for action in instance.plan:
            assert action.text
            assert action.verb
            assert {"left", "right"} >= set(action.sides)
            assert action.thing.replace("_", " ") in action.text
        both = {side for action in instance.plan for side in action.sides} == {"left", "right"}
        assert both == TASKS[task].bimanual


@pytest.mark.parametrize("task", TASKS)
def test_things_stand_apart_on_the_table(task: str) -> None:
    for seed in SEEDS:
        things = [thing for thing in draw_instance(task, seed).things if thing.base_m == 0]
        for thing in things:
            assert abs(thing.position[0]) <= 0.3
            assert 0.2 <= thing.position[1] <= 0.46
        if task == "push_to_mark":
            continue  # the other block may lie beside the mark
        for a, b in itertools.combinations(things, 2):
            assert math.dist(a.position, b.position) > 0.05


@pytest.mark.parametrize("task", TASKS)
def test_nothing_is_done_at_the_start_or_by_waiting(task: str) -> None:
    for seed in range(30):
        instance = draw_instance(task, seed)
        assert not instance.success(start(instance)), seed
    env = TabletopEnv(task, 1)
    rest = env.target
    for _ in range(20):
        env.step(rest)
        assert not env.success()


def test_success_needs_the_right_thing_let_go_in_the_right_place() -> None:
    instance = draw_instance("block_on_plate", 3)
    block, plate, other, other_plate = instance.things
    state = start(instance)
    lying = plate.pose()
    lying[:3, 3] += (0.01, 0.0, th.PLATE_HEIGHT_M)

    def judged(poses: dict[str, np.ndarray], **more: frozenset[tuple[str, str]]) -> bool:
        return instance.success(SceneState({**state.poses, **poses}, **more))

    assert judged({block.name: lying})
    assert not judged({block.name: lying}, touching=frozenset({("left", block.name)}))
    assert not judged({other.name: lying})
    beside, above, wrong = lying.copy(), lying.copy(), other_plate.pose()
    beside[0, 3] += 0.06
    above[2, 3] += 0.05
    wrong[2, 3] += th.PLATE_HEIGHT_M
    assert not any(judged({block.name: pose}) for pose in (beside, above, wrong))


def test_drawers_are_judged_with_the_one_that_must_stay() -> None:
    for task, done, undone in (("open_drawer", 0.08, 0.02), ("close_drawer", 0.0, 0.05)):
        instance = draw_instance(task, 2)
        state = start(instance)
        thing, other = (drawer.name for drawer in instance.things)
        assert instance.success(SceneState(state.poses, openings={**state.openings, thing: done}))
        assert not instance.success(SceneState(state.poses, openings={**state.openings, thing: undone}))
        both = {thing: done, other: state.openings[other] + 0.05 * (1 if task == "open_drawer" else -1)}
        assert not instance.success(SceneState(state.poses, openings=both))


def test_a_tray_must_be_level_held_by_both_and_keep_what_is_on_it() -> None:
    instance = draw_instance("lift_tray", 4)
    tray, block = instance.things
    up = {thing.name: thing.pose() for thing in instance.things}
    for pose in up.values():
        pose[2, 3] += 0.09
    both = frozenset({("left", tray.name), ("right", tray.name)})
    assert instance.success(SceneState(up, both))
    assert not instance.success(SceneState(up, frozenset({("left", tray.name)})))
    fallen = {**up, block.name: block.pose()}
    assert not instance.success(SceneState(fallen, both))


def test_unknown_tasks_and_full_tables() -> None:
    with pytest.raises(UnknownTaskError, match="no task 'juggle'; choose one of block_in_bowl"):
        get_task("juggle")
    rng = np.random.default_rng(0)
    many = [placed_thing(rng, "red", "bowl") for _ in range(12)]
    with pytest.raises(CrowdedTableError, match="12 things do not fit"):
        scatter(rng, many, [], 1.0)
