"""Bodies keep their lengths, reach what they can reach, and hands stay where they are held."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from humannet_assets.media.sidecar import BODY_JOINTS, Side
from humannet_assets.simulator.hands import finger_joints
from humannet_assets.simulator.people.arcs import arc, arm_curve
from humannet_assets.simulator.people.build import build_of, draw_person
from humannet_assets.simulator.people.performer import Performer
from humannet_assets.simulator.people.posture import balanced, centre_of_mass, reaching, sockets, standing_moment
from humannet_assets.simulator.people.skeleton import SIDES, Foot, ankle_of, solve, two_links
from humannet_assets.simulator.wearer.grasps import RELAXED

JOINT = {name: i for i, name in enumerate(BODY_JOINTS)}


Arms = dict[Side, npt.NDArray[np.float64]]


def performer(seed: int = 0) -> Performer:
    rng = np.random.default_rng(seed)
    return Performer(rng, draw_person(rng), (0.4, -0.3), 0.7)


def test_bones_keep_their_lengths_whatever_the_posture() -> None:
    who = performer(1)
    build = who.build
    for seed in range(30):
        rng = np.random.default_rng(seed)
        arms: Arms = {side: who.hanging(side).vector() for side in SIDES}
        for side in SIDES:
            arms[side][:3] += rng.uniform(-0.5, 0.5, 3)
        trunk = rng.uniform(-1, 1, 7) * (0.1, 0.1, 0.3, 0.6, 0.5, 0.4, 0.4) - (0, 0, 0.3, 0, 0, 0, 0)
        pose = solve(build, standing_moment(build, trunk, arms))
        for side in SIDES:
            points = {
                name: pose.joints[JOINT[f"{side}_{name}"]] for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
            }
            for a, b, length in (
                ("shoulder", "elbow", build.upper_arm), ("elbow", "wrist", build.forearm), ("hip", "knee", build.thigh),
                ("knee", "ankle", build.shin),
            ):  # fmt: skip
                assert np.linalg.norm(points[a] - points[b]) == pytest.approx(length, abs=1e-9)
            np.testing.assert_allclose(pose.hands[side][0], points["wrist"], atol=1e-12)


def test_hands_have_the_joints_of_real_hands() -> None:
    pose = performer().pose(0.0)
    expected = finger_joints(RELAXED, "left") * performer().build.hand
    bones = np.linalg.norm(np.diff(expected, axis=0), axis=1)
    np.testing.assert_allclose(np.linalg.norm(np.diff(pose.hands["left"], axis=0), axis=1), bones, atol=1e-9)


def test_limbs_reach_their_goal_or_stretch_towards_it() -> None:
    start, pole = np.zeros(3), np.array([0.0, -1.0, 0.0])
    middle, end = two_links(start, np.array([0.3, 0.2, 0.1]), 0.3, 0.25, pole)
    np.testing.assert_allclose(end, (0.3, 0.2, 0.1))
    assert np.linalg.norm(middle) == pytest.approx(0.3)
    assert middle[1] < 0.1  # bent towards the pole
    _, far = two_links(start, np.array([0.0, 0.0, 5.0]), 0.3, 0.25, pole)
    assert far[2] == pytest.approx(0.55, abs=0.01)


def test_a_fixed_hand_stays_when_the_trunk_sways_and_a_following_one_goes_along() -> None:
    who = performer(2)
    build = who.build
    hanging = who.hanging("right")
    pose = solve(build, standing_moment(build, who.upright, {side: who.hanging(side).vector() for side in SIDES}))
    fixed = replace(hanging, wrist=pose.joints[JOINT["right_wrist"]], follow=0.0, hang=0.0)
    leaning = who.upright + np.array([0.02, 0.02, 0, 0.05, 0, 0, 0])
    moved = solve(build, standing_moment(build, leaning, {"left": hanging.vector(), "right": fixed.vector()}))
    still = solve(build, standing_moment(build, who.upright, {"left": hanging.vector(), "right": fixed.vector()}))
    assert np.linalg.norm(moved.joints[JOINT["right_wrist"]] - still.joints[JOINT["right_wrist"]]) < 0.012
    assert np.linalg.norm(moved.joints[JOINT["left_wrist"]] - still.joints[JOINT["left_wrist"]]) > 0.03


@pytest.mark.parametrize("seed", range(5))
def test_bent_people_do_not_fall_over(seed: int) -> None:
    who = performer(seed)
    build = who.build
    arms: Arms = {side: who.hanging(side).vector() for side in SIDES}
    for trunk in ((0, 0, 0, 0.6, 0.4, 0, 0), (0, 0, -0.4, 0.9, 0.5, 0, 0), (0, 0, 0, 0, 0, 0.4, 0)):
        state = balanced(build, np.array(trunk, float), arms)
        centre = centre_of_mass(solve(build, standing_moment(build, state, arms)))
        assert abs(centre[0]) < 0.02
        assert -0.26 * build.foot < centre[1] < 0.56 * build.foot  # over the feet


def test_reaching_bends_no_more_than_needed() -> None:
    who = performer(3)
    build = who.build
    arms: Arms = {side: who.hanging(side).vector() for side in SIDES}
    near: Arms = {"right": np.array([0.15, 0.30, 0.62 * build.height_m])}
    np.testing.assert_array_equal(reaching(build, near, arms, upright=who.upright), who.upright)
    far: Arms = {"right": np.array([0.15, 0.75, 0.50 * build.height_m])}
    state = reaching(build, far, arms, upright=who.upright)
    shoulder = sockets(build, solve(build, standing_moment(build, state, arms)))["right"]
    assert state[3] > 0.1
    assert np.linalg.norm(far["right"] - shoulder) <= 0.94 * build.arm


def test_feet_roll_over_ball_and_heel_without_entering_the_floor() -> None:
    build = build_of(1.7)
    for roll in np.linspace(-0.4, 0.7, 12):
        ankle, axes = ankle_of(build, Foot(1.0, 2.0, 0.3, 0.0, float(roll)))
        sole = [ankle + axes @ (0.0, y * build.foot, -build.ankle) for y in (-0.26, 0.56)]
        assert min(point[2] for point in sole) == pytest.approx(0.0, abs=1e-9)


def test_arms_swing_around_the_body_not_through_it() -> None:
    who = performer(4)
    down, up = who.hanging("right").vector(), who.hanging("right").vector()
    up[:3] = (0.1, 0.05, 0.95 * who.build.arm)
    shoulder = who.shoulders()["right"]
    curve = arm_curve(down, up, (shoulder, shoulder), 1.0)
    np.testing.assert_allclose(curve(0.0)[:3], down[:3], atol=1e-9)
    np.testing.assert_allclose(curve(1.0)[:3], up[:3], atol=1e-9)
    np.testing.assert_allclose(curve(1.0)[3:9], np.concatenate([up[3:6] / np.linalg.norm(up[3:6]), curve(1.0)[6:9]]), atol=1e-6)
    middle = curve(0.5)[:3]
    assert middle[0] > 0.25
    assert np.linalg.norm(middle) > 0.8 * who.build.arm
    assert np.linalg.norm(arc(np.array([0, 0, -1.0]), np.array([0, 0, 1.0]), np.array([1.0, 0, 0]), 0.5)) == pytest.approx(1.0)


def test_children_have_larger_heads_for_their_height_and_bodies_differ() -> None:
    assert build_of(1.2).head / 1.2 > build_of(1.8).head / 1.8
    heights = [draw_person(np.random.default_rng(seed)).build.height_m for seed in range(60)]
    assert min(heights) < 1.48
    assert max(heights) > 1.75
    looks = [draw_person(np.random.default_rng(seed)).look for seed in range(120)]
    assert {look.hair_style for look in looks} >= {"short", "long", "bun", "curly", "bald", "fringe"}
    assert {look.legwear for look in looks} == {"trousers", "shorts", "skirt"}
    assert {look.hat for look in looks} == {"none", "cap", "beanie", "sun_hat"}
    assert any(look.glasses for look in looks)
    assert math.isclose(sum(look.beard for look in looks) / len(looks), 0.13, abs_tol=0.1)
