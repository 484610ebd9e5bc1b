"""Walks are walks, and a life is the same person in the same places."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from humannet_assets.simulator.places import make_place
from humannet_assets.simulator.shots import render_shot
from humannet_assets.simulator.wearer import HABITS, Life, ego_shot, life_shot, walk_shot
from humannet_assets.simulator.wearer.walking import Walk

ROUTE = np.array([[0.0, 0.0], [0.0, 6.0], [5.0, 6.0]])


@pytest.mark.parametrize("seed", range(4))
def test_walkers_keep_to_the_route_bob_and_do_not_leap(seed: int) -> None:
    walk = Walk(np.random.default_rng(seed), ROUTE, 20.0)
    times = np.arange(0, 20, 1 / 30)
    poses = np.array([walk.camera(t) for t in times])
    corners = np.array([walk.point(s) for s in np.arange(0, 11, 0.02)])
    for x, y in poses[::10, :2, 3]:
        assert np.linalg.norm(corners - (x, y), axis=1).min() < 0.06
    speed = np.linalg.norm(np.diff(poses[:, :2, 3], axis=0), axis=1) * 30
    assert speed.max() < 2.2
    assert np.median(speed[speed > 0.5]) == pytest.approx(1.25, abs=0.35)
    assert 0.03 < np.ptp(poses[:, 2, 3]) < 0.08
    cosines = [np.clip((np.trace(a[:3, :3].T @ b[:3, :3]) - 1) / 2, -1, 1) for a, b in pairwise(poses)]
    assert np.degrees(np.arccos(cosines)).max() < 14  # 420 degrees a second


def test_walkers_stop_and_turn_their_heads_as_people_do() -> None:
    walk = Walk(np.random.default_rng(2), ROUTE, 60.0)
    turns = walk._turns.moves
    durations = [move.end_s - move.start_s for move in turns]
    angles = [np.degrees(np.linalg.norm(move.goal - move.origin)) for move in turns]
    assert len(turns) > 10
    assert 0.2 <= min(durations) <= max(durations) <= 0.5 + 1e-9
    assert max(angles) < 100
    gaits = [walk._stride(t)[1] for t in np.arange(0, 60, 0.1)]
    assert min(gaits) < 0.02
    assert max(gaits) > 0.7


def test_a_walk_with_a_goal_ends_there() -> None:
    walk = Walk(np.random.default_rng(0), ROUTE, 1.0, start_m=1.0, goal_m=4.0)
    np.testing.assert_allclose(walk.camera(walk.end_s)[:2, 3], (0, 4), atol=0.05)


def test_places_without_routes_cannot_be_walked() -> None:
    place = make_place("office", 1)
    place.routes.clear()
    with pytest.raises(ValueError, match="office/1 has no route"):
        walk_shot(np.random.default_rng(0), duration_s=5, place=place)


def test_a_life_is_one_person_in_few_places() -> None:
    life = Life("anna", 5, "kitchen_homebody")
    shots = [life_shot(life, number, 20.0) for number in range(14)]
    worlds = [shot.world for shot in shots]
    assert len(set(worlds)) <= len(HABITS["kitchen_homebody"].places)
    assert len(set(worlds)) < len(worlds) / 2
    assert life.wearer == Life("anna", 5, "kitchen_homebody").wearer
    assert life.wearer != Life("bert", 6).wearer
    again = life_shot(life, 3, 20.0)
    assert again.world == shots[3].world
    assert again.actions == shots[3].actions
    actions = {tuple(segment.text for segment in shot.actions) for shot in shots}
    assert len(actions) > 8


def test_lives_of_one_habit_have_their_own_homes_and_habits_differ() -> None:
    worlds = {seed: {life_shot(Life("x", seed, "office_worker"), n, 5.0).world for n in range(5)} for seed in (1, 2)}
    assert not worlds[1] & worlds[2]
    assert len(HABITS) >= 6
    places = {name: life_shot(Life("x", 3, name), 0, 5.0).environment for name in HABITS}
    assert set(places.values()) >= {"home", "work_study", "outdoor"}


def test_people_on_the_street_mostly_walk() -> None:
    shots = [life_shot(Life("x", 4, "street_walker"), number, 5.0) for number in range(10)]
    assert sum(shot.scene.startswith("life_") and not shot.actions for shot in shots) >= 5


def test_visits_go_on_without_a_cut(renderer: None) -> None:
    shot = life_shot(Life("anna", 5, "workshop_maker"), 1, 40.0)
    times = np.arange(0, 40, 0.1)
    with shot.builder.build(32, 24, shot.vertical_fov_deg) as world:
        states = [shot.animate(world, t) for t in times]
    eyes = np.array([state.camera[:3, 3] for state in states])
    assert np.linalg.norm(np.diff(eyes, axis=0), axis=1).max() < 0.25
    assert any(state.hands for state in states)
    assert not states[0].hands
    assert shot.actions
    busy = [s for s in shot.actions if s.end_s < 40]
    assert all(states[int(s.start_s / 0.1) + 1].hands for s in busy)


def test_the_real_landmarker_finds_the_hands(renderer: None) -> None:
    from humannet_assets.perception.detectors import get_hand_detector
    from humannet_assets.simulator.cameras import intrinsics

    found, errors, false = [], [], 0
    for seed in (1, 2, 3, 4, 5, 6):
        shot = ego_shot(np.random.default_rng(seed), duration_s=6.0)
        camera = intrinsics(640, 480, shot.vertical_fov_deg)
        for picture, truth in render_shot(shot, 640, 480, [0.4, 3.1]):
            hands = get_hand_detector().detect(picture)
            false += max(0, len(hands) - len(truth.hands))
            for hand in truth.hands.values():
                if hand.visible_share < 0.8:
                    continue
                pixels = camera.project(hand.points_m())
                error = min((float(np.median(np.linalg.norm(h.landmarks_px - pixels, axis=1))) for h in hands), default=np.inf)
                found.append(error < 40)
                if error < 40:
                    errors.append(error)
    assert len(found) > 10
    assert np.mean(found) >= 0.75
    assert np.median(errors) < 9
    assert false == 0
