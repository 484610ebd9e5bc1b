"""What wearers do obeys what the sidecar says of it: rest at boundaries, things held while touched, nothing jumps."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.places import make_place
from humannet_assets.simulator.wearer.activities import ACTIVITIES, NoPlaceError, free_spot, move_thing, pour
from humannet_assets.simulator.wearer.body import SIDES, HandPose, draw_wearer
from humannet_assets.simulator.wearer.choreography import ACTOR, Choreography
from humannet_assets.simulator.wearer.ego import StationWork, compose_work, declare_hands, draw_plan, ego_shot
from humannet_assets.simulator.wearer.gaze import Exposure
from humannet_assets.simulator.wearer.presets import PRESETS, preset_shot
from humannet_assets.simulator.wearer.props import MAKERS, draw_prop
from humannet_assets.simulator.world import SceneBuilder

STEP_S = 1 / 60


def work_of(name: str, seed: int, seconds: float = 9.0) -> StationWork:
    rng = np.random.default_rng(seed)
    place = make_place("office", seed)
    wearer = draw_wearer(rng)
    hands = declare_hands(place.builder, wearer)
    return compose_work(rng, place.builder, place.stations[0], wearer, hands, [name], seconds)


def empty_table(seed: int = 0) -> tuple[Choreography, SceneBuilder, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return Choreography(rng, draw_wearer(rng)), SceneBuilder(), rng


@pytest.mark.parametrize("name", sorted(ACTIVITIES))
def test_actions_rest_at_their_ends_and_nothing_jumps(name: str) -> None:
    shown = work_of(name, 3)
    work = shown.work
    assert work.segments
    for segment in work.segments:
        side: Side = "left" if segment.actor == "left_hand" else "right"
        path = work.paths[side]
        for moment in (segment.start_s, segment.end_s):
            speed = np.linalg.norm(path.at(moment + 0.005)[:3] - path.at(moment - 0.005)[:3]) / 0.01
            assert speed < 0.03, (segment.text, moment, speed)
        assert segment.end_s - segment.start_s > 0.3
        assert segment.verb
        assert segment.text.startswith(f"{side} hand ")
    times = np.arange(0, work.now, STEP_S)
    for thing in work.things.values():
        way = np.linalg.norm(np.diff([work.where(thing, t)[0] for t in times], axis=0), axis=1)
        assert way.max(initial=0) < 1.8 * STEP_S, f"the {thing.prop.noun} leaps"
    for path in work.paths.values():
        way = np.linalg.norm(np.diff([path.at(t)[:3] for t in times], axis=0), axis=1)
        assert way.max() < 2.0 * STEP_S


@pytest.mark.parametrize("name", sorted(ACTIVITIES))
def test_contacts_are_the_times_of_touch(name: str) -> None:
    work = work_of(name, 5).work
    assert work.contacts
    by_noun = {thing.prop.noun: thing for thing in work.things.values()}
    for contact in work.contacts:
        assert contact.end_s > contact.start_s
        side: Side = "left" if contact.actor == "left_hand" else "right"
        thing = by_noun[contact.object]
        for moment in (contact.start_s + 1e-3, contact.end_s - 1e-3):
            wrist = work.paths[side].at(moment)[:3]
            assert np.linalg.norm(wrist - work.where(thing, moment)[0]) < 0.36
    for thing in work.things.values():
        for hold in thing.holds:
            assert any(
                contact.actor == ACTOR[hold.side]
                and contact.object == thing.prop.noun
                and abs(contact.start_s - hold.start_s) < 0.01
                for contact in work.contacts
            )


def test_a_held_thing_keeps_its_place_in_the_hand_and_stands_upright_afterwards() -> None:
    work, scene, rng = empty_table()
    cup = work.put(draw_prop("cup", rng, scene, "cup"), 0.15, 0.55)
    move_thing(work, cup, "right")
    hold = cup.holds[0]
    for moment in np.linspace(hold.start_s, hold.end_s, 9):
        pose = HandPose.of(work.paths["right"].at(moment))
        frame = pose.frame("right")
        position, axes = work.where(cup, float(moment))
        np.testing.assert_allclose(frame.T @ (position - pose.wrist), hold.offset, atol=1e-9)
        np.testing.assert_allclose(frame.T @ axes, hold.turn, atol=1e-9)
    position, axes = work.where(cup)
    assert abs(position[2]) < 1e-6
    np.testing.assert_allclose(axes[:, 2], (0, 0, 1), atol=1e-6)
    assert np.linalg.norm(position[:2] - (0.15, 0.55)) > 0.01


@pytest.mark.parametrize(("side", "x"), [("right", 0.2), ("left", -0.2)])
def test_pouring_tilts_the_vessel_over_the_bowl(side: Side, x: float) -> None:
    work, scene, rng = empty_table(1)
    bottle = work.put(draw_prop("bottle", rng, scene, "bottle"), x, 0.55)
    bowl = work.put(draw_prop("bowl", rng, scene, "bowl"), x / 4, 0.52)
    pour(work, bottle, bowl, side)
    poured = next(segment for segment in work.segments if segment.verb == "pour")
    position, axes = work.where(bottle, poured.end_s)
    assert axes[2, 2] < 0.45  # more than 63 degrees from upright
    mouth = position + axes @ (0, 0, bottle.prop.item.height_m)
    assert np.linalg.norm(mouth[:2] - work.where(bowl)[0][:2]) < bowl.prop.item.radius_m
    assert mouth[2] > bowl.prop.item.height_m
    position, axes = work.where(bottle)
    np.testing.assert_allclose(position, (x, 0.55, 0), atol=1e-6)
    assert axes[2, 2] > 0.999


def test_what_opens_stays_open_and_the_hand_follows_the_handle() -> None:
    work = work_of("open_drawer", 8).work
    drawer = next(iter(work.things.values()))
    joint = drawer.prop.item.opening
    assert joint is not None
    opened = next(segment for segment in work.segments if segment.verb == "open")
    assert drawer.opened.at(opened.start_s)[0] == pytest.approx(0, abs=1e-4)
    assert drawer.opened.at(opened.end_s)[0] > 0.7
    side: Side = "left" if opened.actor == "left_hand" else "right"
    position, axes = work.where(drawer, opened.start_s)
    gaps = []
    for moment in np.linspace(opened.start_s, opened.end_s, 7):
        share = float(drawer.opened.at(moment)[0])
        handle = position + axes @ joint.moved(joint.handle, np.eye(3), share)[0]
        gaps.append(work.paths[side].at(moment)[:3] - handle)
    np.testing.assert_allclose(gaps, np.broadcast_to(gaps[0], (7, 3)), atol=2e-4)


def test_things_do_not_stand_in_each_other_at_the_start() -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        place = make_place("workshop", seed)
        wearer = draw_wearer(rng)
        shown = compose_work(rng, place.builder, place.stations[0], wearer, {}, draw_plan(rng), 0.0)
        things = [thing for thing in shown.work.things.values() if thing.on is None and thing.home[2] == 0]
        for i, a in enumerate(things):
            for b in things[i + 1 :]:
                assert np.linalg.norm(a.home - b.home) > a.prop.item.radius_m + b.prop.item.radius_m


def test_a_full_table_says_so() -> None:
    work, scene, rng = empty_table()
    for i, x in enumerate(np.linspace(-0.25, 0.25, 6)):
        for j, y in enumerate((0.48, 0.6)):
            work.put(draw_prop("plate", rng, scene, f"plate{i}{j}"), x, y)
    with pytest.raises(NoPlaceError, match=r"0\.05"):
        free_spot(work, 0.05)


def test_every_kind_of_prop_is_declared_once_and_called_by_its_colour() -> None:
    scene, rng = SceneBuilder(), np.random.default_rng(0)
    for kind in MAKERS:
        prop = draw_prop(kind, rng, scene, kind, color="green")
        assert prop.noun == f"green {kind}"
        assert {piece.name for piece in prop.item.pieces} <= {part.name for part in scene.parts if part.instance == kind}


def test_shots_repeat_and_differ() -> None:
    def summary(seed: int) -> list[tuple[str, float]]:
        shot = ego_shot(np.random.default_rng(seed), duration_s=6)
        return [(segment.text, segment.start_s) for segment in shot.actions]

    assert summary(4) == summary(4)
    assert summary(4) != summary(5)


def test_the_first_activity_can_be_chosen() -> None:
    shot = ego_shot(np.random.default_rng(0), duration_s=5, activity="wipe")
    assert shot.actions[1].verb == "wipe"
    with pytest.raises(KeyError, match="juggle"):
        ego_shot(np.random.default_rng(0), duration_s=5, activity="juggle")


def test_a_place_without_stations_is_refused() -> None:
    place = make_place("street", 3)
    place.stations.clear()
    with pytest.raises(ValueError, match="street/3 has no station"):
        ego_shot(np.random.default_rng(0), duration_s=5, place=place)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_filled_with_actions(name: str) -> None:
    shot = preset_shot(name, np.random.default_rng(11))
    assert shot.scene == f"ego_{name}"
    assert max(segment.end_s for segment in shot.actions) > 6
    assert shot.human_centric
    hands = {segment.actor for segment in shot.actions}
    assert len(hands) == (2 if name == "tray" else len(hands))


def test_unknown_presets_are_named() -> None:
    with pytest.raises(KeyError, match="juggling"):
        preset_shot("juggling", np.random.default_rng(0))


def test_both_hands_carry_the_tray_at_the_same_times() -> None:
    work = work_of("tray", 2).work
    spans = {
        side: [(s.start_s, s.end_s) for s in work.segments if s.verb == "carry" and s.actor == ACTOR[side]] for side in SIDES
    }
    assert spans["left"]
    assert spans["left"] == spans["right"]


def test_exposure_stays_in_its_range_and_moves() -> None:
    for seed in range(20):
        exposure = Exposure(np.random.default_rng(seed))
        gains = [exposure.gain(t, pitch) for t in np.linspace(0, 60, 120) for pitch in (-0.9, 0.0, 0.4)]
        assert 0.75 <= min(gains) < max(gains) <= 1.3
        assert abs(exposure.gain(1.0) - exposure.gain(1.0 + 1 / 15)) < 0.02
