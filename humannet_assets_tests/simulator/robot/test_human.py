"""Hands do the same instances at the same table: plans end in success, the real hand landmarker finds the hands."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.simulator.cameras import intrinsics
from humannet_assets.simulator.robot.human import Performance, human_task_seconds, human_task_shot, perform
from humannet_assets.simulator.robot.tabletop import EPISODE_QUALITY, HEAD_EYE
from humannet_assets.simulator.robot.tasks import TASKS, draw_instance, instance_rng
from humannet_assets.simulator.wearer.body import draw_wearer
from humannet_assets.simulator.world import SceneBuilder


def performed(task: str, seed: int) -> Performance:
    return perform(task, seed, SceneBuilder(), draw_wearer(instance_rng(task, seed, "wearer")))


@pytest.mark.parametrize("task", TASKS)
def test_plans_end_in_success(task: str) -> None:
    for seed in range(6):
        shown = performed(task, seed)
        assert shown.instance.things == draw_instance(task, seed).things
        start = shown.state(0.0)
        assert not shown.instance.success(start)
        for thing in shown.instance.things:
            np.testing.assert_allclose(start.poses[thing.name], thing.pose(), atol=1e-9)
        assert shown.instance.success(shown.state())


@pytest.mark.parametrize("task", TASKS)
def test_things_end_upright_and_on_something(task: str) -> None:
    shown = performed(task, 2)
    for thing in shown.instance.things:
        pose = shown.state().poses[thing.name]
        assert pose[2, 2] > 0.999
        assert pose[2, 3] > -1e-6
        times = np.arange(0, shown.duration_s, 1 / 30)
        way = np.linalg.norm(np.diff([shown.state(t).at(thing.name) for t in times], axis=0), axis=1)
        assert way.max(initial=0) < 1.8 / 30, f"the {thing.noun} leaps"


@pytest.mark.parametrize("task", TASKS)
def test_segments_and_contacts_are_those_of_the_plan(task: str) -> None:
    shown = performed(task, 3)
    plan = [(action.text, action.verb, f"{side}_hand") for action in shown.instance.plan for side in sorted(action.sides)]
    segments = sorted(shown.work.segments, key=lambda segment: (segment.start_s, segment.actor))
    assert [(segment.text, segment.verb, segment.actor) for segment in segments] == plan
    assert segments[-1].end_s <= shown.duration_s
    touched = {(f"{side}_hand", action.thing.replace("_", " ")) for action in shown.instance.plan for side in action.sides}
    assert {(contact.actor, contact.object) for contact in shown.work.contacts} == touched
    for contact in shown.work.contacts:
        assert 0 < contact.start_s < contact.end_s <= shown.duration_s + 1e-3


def test_shots_repeat() -> None:
    first, second, other = (human_task_shot("handover", seed) for seed in (1, 1, 2))
    assert (first.actions, first.contacts, first.description) == (second.actions, second.contacts, second.description)
    assert first.actions != other.actions
    assert first.description == draw_instance("handover", 1).instruction
    assert (first.viewpoint, first.human_centric, first.world) == ("ego", True, "tabletop/handover-1")
    assert max(action.end_s for action in first.actions) < human_task_seconds("handover", 1) < 15


@pytest.mark.usefixtures("renderer")
def test_the_head_sways_near_the_robots_camera() -> None:
    shot = human_task_shot("block_on_plate", 5)
    with shot.builder.build(64, 48, shot.vertical_fov_deg) as world:
        poses = np.array([shot.animate(world, t).camera for t in np.linspace(0, 4, 9)])
    assert np.linalg.norm(poses[:, :3, 3] - HEAD_EYE, axis=1).max() < 0.25
    assert np.ptp(poses[:, :3, 3], axis=0).max() > 0.005
    assert np.ptp(poses[:, :3, 2], axis=0).max() > 0.01


@pytest.mark.usefixtures("renderer")
def test_hands_are_found_where_the_truth_has_them() -> None:
    from humannet_assets.perception.detectors import get_hand_detector

    detector = get_hand_detector(max_hands=2)
    visible, errors = 0, []
    for seed, task in enumerate(TASKS):
        shot = human_task_shot(task, seed)
        camera = intrinsics(640, 480, shot.vertical_fov_deg)
        times = np.linspace(0.3, human_task_seconds(task, seed) - 0.1, 3).tolist()
        for frame in shot.render((640, 480), times, quality=EPISODE_QUALITY):
            found = detector.detect(frame.picture)
            for side, hand in frame.truth.hands.items():
                if hand.visible_share < 0.8:
                    continue
                visible += 1
                pixels = camera.project(hand.points_m())
                distances = [np.median(np.linalg.norm(f.landmarks_px - pixels, axis=1)) for f in found if f.side == side]
                if min(distances, default=np.inf) < 40:
                    errors.append(min(distances))
    assert visible >= 45
    assert len(errors) / visible >= 0.85, (len(errors), visible)  # .91 of 410 hands in 30 shots, none found elsewhere
    assert np.median(errors) <= 10
