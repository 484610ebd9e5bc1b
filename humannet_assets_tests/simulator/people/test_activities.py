"""What people do obeys what the sidecar says of it: rest at boundaries, things held while touched, feet that do not slide."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from humannet_assets.language.taxonomy import MOTION_CATEGORY
from humannet_assets.media.sidecar import BODY_JOINTS
from humannet_assets.simulator.people.activities import ACTIVITIES
from humannet_assets.simulator.people.posture import centre_of_mass
from humannet_assets.simulator.people.skeleton import BALL, HEEL, INDEX, SIDES, Pose
from humannet_assets.simulator.people.things import Flight, Hold, holding_frame
from humannet_assets_tests.simulator.people.conftest import STEP_S, Played

Play = Callable[[str], Played]
NAMES = sorted(ACTIVITIES)
WRISTS = [BODY_JOINTS.index(f"{side}_wrist") for side in SIDES]
THROWS = ("throw", "catch", "slap")
"""Actions whose boundaries are not rests of the hands: a ball leaves them in motion."""


def test_there_are_many_activities_and_all_have_a_place_in_the_taxonomy() -> None:
    assert len(ACTIVITIES) >= 16
    assert {activity.category for activity in ACTIVITIES.values()} <= set(MOTION_CATEGORY.paths())
    roots = {activity.category.split("/")[0] for activity in ACTIVITIES.values()}
    assert roots == {"daily_activities", "social_leisure", "locomotion", "fitness_outdoor", "sports"}
    assert all((activity.solo is None) != (activity.duo is None) for activity in ACTIVITIES.values())


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_told_and_rest_at_their_ends(name: str, play: Play) -> None:
    shown = play(name)
    main = shown.performers[0]
    assert main.segments
    assert not [p for p in shown.performers if not p.segments]
    for segment in main.segments:
        assert segment.actor == "body"
        assert segment.text.startswith("person ")
        assert segment.verb
        assert segment.end_s - segment.start_s > 0.25
        if segment.verb in THROWS or name in ("toss_ball", "pass_ball"):
            continue
        for moment in (segment.start_s, segment.end_s):
            before, after = (main.pose(moment + shift).joints[WRISTS] for shift in (-0.01, 0.01))
            assert np.linalg.norm(after - before, axis=1).max() / 0.02 < 0.06, segment.text
    starts = [segment.start_s for segment in main.segments]
    assert starts == sorted(starts)
    overlaps = [a.end_s - b.start_s for a, b in zip(main.segments, main.segments[1:], strict=False)]
    assert max(overlaps, default=0) < 0.01


@pytest.mark.parametrize("name", NAMES)
def test_nothing_jumps(name: str, play: Play) -> None:
    shown = play(name)
    for poses in shown.poses:
        joints = np.array([np.concatenate([pose.joints, *pose.hands.values()]) for pose in poses])
        speed = np.linalg.norm(np.diff(joints, axis=0), axis=2) / STEP_S
        assert speed[:, :17].max() < 7.0
        assert speed.max() < 9.0
    for thing in shown.stage.things:
        places = np.array([_where(shown, thing, k) for k in range(len(shown.times))])
        assert (np.linalg.norm(np.diff(places, axis=0), axis=1) / STEP_S).max() < 6.0, thing.noun
        assert places[:, 2].min() > -0.01, "it sinks into the floor"


@pytest.mark.parametrize("name", NAMES)
def test_feet_on_the_floor_do_not_slide(name: str, play: Play) -> None:
    shown = play(name)
    for performer, poses in zip(shown.performers, shown.poses, strict=True):
        for side in SIDES:
            for y in (BALL, -HEEL):
                path = np.array([_under_foot(pose, side, y * performer.build.foot, performer.build.ankle) for pose in poses])
                assert path[:, 2].min() > -0.002
                down = (path[1:, 2] < 1e-3) & (path[:-1, 2] < 1e-3)
                speed = np.linalg.norm(np.diff(path[:, :2], axis=0), axis=1) / STEP_S
                assert speed[down].max(initial=0) < 0.05


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("sit")])
def test_people_stand_firmly_between_actions(name: str, play: Play) -> None:
    shown = play(name)
    for performer in shown.performers:
        for segment in performer.segments:
            pose = performer.pose(segment.end_s)
            feet = np.mean([pose.frame(f"{side}_foot")[0] for side in SIDES], axis=0)
            heading = performer.steps.root(segment.end_s)[2]
            offset = centre_of_mass(pose)[:2] - feet[:2]
            ahead = float(offset @ (-np.sin(heading), np.cos(heading)))
            assert -0.1 * performer.build.foot < ahead < 0.5 * performer.build.foot, segment.text


@pytest.mark.parametrize("name", NAMES)
def test_contacts_are_the_times_of_touch(name: str, play: Play) -> None:
    shown = play(name)
    things = {thing.noun: thing for thing in shown.stage.things}
    for performer in shown.performers:
        for contact in performer.contacts:
            assert contact.end_s > contact.start_s
            thing = things.get(contact.object)
            if thing is None or thing.item.opening is not None:
                continue
            for moment in np.linspace(contact.start_s + 1e-3, contact.end_s - 1e-3, 4):
                pose = performer.pose(float(moment))
                place, axes = thing.where(float(moment), lambda other, moment=float(moment): other.pose(moment))
                grasp = place + axes @ thing.item.grasp
                assert min(np.linalg.norm(pose.hands[side][9] - grasp) for side in SIDES) < 0.3
    for thing in shown.stage.things:
        for event in thing.events:
            if isinstance(event, Hold) and any("hand" in link for link in event.links):
                assert any(
                    contact.object == thing.noun and contact.start_s - 0.01 <= event.start_s <= contact.end_s
                    for contact in event.performer.contacts
                ), (thing.noun, event.start_s)


@pytest.mark.parametrize("name", ["drink", "carry_box", "wipe_table", "read_book", "phone_call", "hand_over"])
def test_what_is_held_keeps_its_place_in_the_hands(name: str, play: Play) -> None:
    shown = play(name)
    holds = [(thing, event) for thing in shown.stage.things for event in thing.events if isinstance(event, Hold)]
    assert holds
    for thing, hold in holds:
        for moment in np.linspace(hold.start_s, min(hold.end_s, shown.times[-1]), 7):
            pose = hold.performer.pose(float(moment))
            origin, axes = holding_frame(hold.performer, pose, hold.links, pole=hold.pole)
            np.testing.assert_allclose(_at(shown, thing, float(moment)), origin + axes @ hold.offset, atol=1e-6)


def test_a_box_stands_on_the_table_in_the_end(play: Play) -> None:
    shown = play("carry_box")
    box = next(thing for thing in shown.stage.things if thing.noun.endswith("box"))
    top = max(part.position[2] + part.size[2] for part in shown.stage.place.builder.parts if part.name.endswith("_top"))
    position, axes = box.where(shown.times[-1], lambda performer: performer.pose(shown.times[-1]))
    assert box.position[2] == 0.0
    assert position[2] == pytest.approx(top, abs=0.02)
    assert axes[2, 2] > 0.999


def test_thrown_balls_fly_freely_into_the_other_hands(play: Play) -> None:
    shown = play("pass_ball")
    ball = shown.stage.things[0]
    flights = [event for event in ball.events if isinstance(event, Flight)]
    catchers = [event.performer for event in ball.events[2::2] if isinstance(event, Hold)]
    assert len(flights) >= 2
    assert catchers[0] is shown.performers[1]
    for flight in flights:
        times = np.linspace(flight.start_s, flight.end_s, 9)
        middles = np.array([place + axes[:, 2] * flight.middle_m for place, axes in map(flight.at, times)])
        step = times[1] - times[0]
        np.testing.assert_allclose(np.diff(middles, 2, axis=0)[:, 2] / step**2, -9.81, atol=1e-6)


def test_the_hand_follows_the_cupboard_door(play: Play) -> None:
    shown = play("open_cupboard")
    door = next(thing for thing in shown.stage.things if thing.noun == "cupboard")
    main = shown.performers[0]
    opened = next(segment for segment in main.segments if segment.verb == "open")
    joint = door.item.opening
    assert joint is not None
    side = "left" if main.person.left_handed else "right"
    gaps = []
    for moment in np.linspace(opened.start_s, opened.end_s, 7):
        share = float(door.opened.at(float(moment))[0])
        handle = door.position + door.axes @ joint.moved(joint.handle, np.eye(3), share)[0]
        gaps.append(np.linalg.norm(main.pose(float(moment)).hands[side][9] - handle))
    assert door.opened.at(opened.end_s)[0] > 0.4
    assert max(gaps) < 0.13


def test_who_sits_sits_on_the_chair(play: Play) -> None:
    shown = play("sit_stand")
    main = shown.performers[0]
    down = next(segment for segment in main.segments if segment.verb == "sit down")
    pose = main.pose(down.end_s + 0.1)
    seat = next(
        part for part in shown.stage.place.builder.parts if part.name.startswith("chair") and part.name.endswith("_seat")
    )
    pelvis = pose.frame("pelvis")[0]
    assert np.linalg.norm(pelvis[:2] - np.array(seat.position[:2])) < 0.12
    assert 0.05 < pelvis[2] - seat.position[2] < 0.2


def _under_foot(pose: Pose, side: str, ahead: float, ankle: float) -> np.ndarray:
    index = INDEX[f"{side}_foot"]
    return pose.origins[index] + pose.axes[index] @ (0.0, ahead, -ankle)


def _where(shown: Played, thing, k: int) -> np.ndarray:
    poses = {id(p): shown.poses[i][k] for i, p in enumerate(shown.performers)}
    return thing.where(shown.times[k], lambda performer: poses[id(performer)])[0]


def _at(shown: Played, thing, moment: float) -> np.ndarray:
    return thing.where(moment, lambda performer: performer.pose(moment))[0]
