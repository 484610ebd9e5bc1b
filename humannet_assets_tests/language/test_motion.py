"""Motion descriptions say what the tracks did: in the camera frame, in time order, and nothing more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humannet_assets.language.motion import Motion, MotionConfig, MotionDescriptionStep, describe_motion
from humannet_assets.store.step import validate_row
from humannet_assets.store.tables import BODY_TRACKS, HAND_TRACKS, MOTION_DESCRIPTIONS, SEGMENTS
from humannet_assets_tests.language.rows import body, hand, segment, unit

CONFIG = MotionConfig()


def line(*move: float, count: int = 21) -> np.ndarray:
    return np.linspace(0, 1, count)[:, None] * np.asarray(move) + [0, 0, 0.5][: len(move)]


def only(hands: list[Any], bodies: list[Any], segments: list[Any] | None = None) -> Motion:
    (motion,) = describe_motion(hands, bodies, segments or [], CONFIG)
    return motion


@pytest.mark.parametrize(
    ("move", "direction"),
    [
        ((0.2, 0, 0), "right"),
        ((-0.2, 0, 0), "left"),
        ((0, 0.2, 0), "down"),
        ((0, -0.2, 0), "up"),
        ((0, 0, 0.3), "away"),
        ((0, 0, -0.3), "towards"),
        ((0.02, 0.02, 0.05), "still"),
    ],
)
def test_direction_follows_the_camera_frame(move: tuple[float, float, float], direction: str) -> None:
    assert only([hand(positions=line(*move))], []).direction == direction


def test_a_hand_moving_sideways_and_away_closes_late() -> None:
    aperture = [0.09] * 15 + [0.03] * 6
    track = hand(positions=line(0.4, 0, 0.6), aperture_m=aperture, side="left")
    motion = only([track], [], [segment("s", "left_hand", "h", 0.0, 2.0, mean_speed=0.7)])
    assert motion.text == "left hand moves quickly to the right and away from the camera, then closes"
    assert (motion.direction, motion.grip, motion.actor) == ("right", "closes", "left_hand")


@pytest.mark.parametrize(("switch", "words"), [(4, "opens, then moves"), (11, "opening on the way"), (17, ", then opens")])
def test_the_order_of_grip_and_motion_is_told(switch: int, words: str) -> None:
    track = hand(positions=line(0.3, 0, 0), aperture_m=[0.03] * switch + [0.09] * (21 - switch))
    assert words in only([track], []).text


def test_a_grip_changes_only_if_space_and_picture_agree_and_more_than_their_noise() -> None:
    still, wide = [0.03] * 21, [0.03] * 10 + [0.09] * 11
    for gaps in ({"aperture_m": wide, "seen_gap_m": still}, {"aperture_m": still, "seen_gap_m": wide}):
        assert only([hand(**gaps)], []).grip is None
    assert only([hand(aperture_m=wide, seen_gap_m=wide[::-1])], []).grip is None
    assert only([hand(aperture_m=wide)], []).grip == "opens"
    assert only([hand(aperture_m=wide[::-1])], []).grip == "closes"
    noisy = (np.array(wide) + 0.015 * (-1.0) ** np.arange(21)).tolist()
    assert only([hand(aperture_m=noisy)], []).grip is None
    assert only([hand(aperture_m=[0.05] * 10 + [0.08] * 11)], []).grip is None  # what a turning hand may feign


def test_back_and_forth_has_no_direction() -> None:
    swing = np.tile([0.0, 0.0, 0.5], (21, 1))
    swing[:, 0] = 0.05 * np.sin(np.linspace(0, 6 * math.pi, 21))
    assert only([hand(positions=swing)], []).direction == "back_and_forth"


def test_interpolated_frames_do_not_speak() -> None:
    track = hand(positions=line(0.5, 0, 0), observed=[False] * 21)
    assert only([track], []).direction == "unclear"


def test_resting_segments_of_a_track_become_one_step() -> None:
    segments = [segment("a", "right_hand", "h", 0, 1, is_idle=True), segment("b", "right_hand", "h", 1, 2, is_idle=True)]
    motion = only([hand()], [], segments)
    assert (motion.start_s, motion.end_s, motion.text) == (0, 2, "right hand is nearly still")


@pytest.mark.parametrize(
    ("track", "text"),
    [
        (body(hips=line(200, 0) + np.array([100, 200])), "the person moves to the right"),
        (body(hips=line(0, 120) + np.array([100, 200])), "the person moves slowly down"),
        (body(torso_px=np.linspace(60, 120, 21)), "the person moves towards the camera"),
        (body(torso_px=np.linspace(120, 60, 21)), "the person moves away from the camera"),
        (body(), "the person stays in place"),
    ],
)
def test_people_are_described_in_the_picture(track: dict[str, Any], text: str) -> None:
    assert only([], [track]).text == text


def test_who_walks_aslant_moves_although_neither_way_counts_by_itself() -> None:
    aside, nearer = line(80, 0) + np.array([100, 200]), np.linspace(100, 118, 21)
    assert only([], [body(hips=aside)]).direction == only([], [body(torso_px=nearer)]).direction == "still"
    assert only([], [body(hips=aside, torso_px=nearer)]).text == "the person moves slowly to the right and towards the camera"


def test_limbs_are_named_when_they_move_and_are_seen() -> None:
    world = np.zeros((21, 33, 3))
    world[:, 15, 0] = 0.3 * np.sin(np.linspace(0, 8, 21))
    world[:, 27, 0] = world[:, 15, 0]
    visibility = np.full((21, 33), 0.9)
    visibility[:, 27] = 0.1
    track = body(landmarks_world_m=world.reshape(21, 99).tolist(), landmark_visibility=visibility.tolist())
    assert only([], [track]).text == "the person stays in place and moves the left arm"


def test_rows_are_numbered_per_actor_in_time_order() -> None:
    hands = [hand("l", "left", positions=line(0.3, 0, 0)), hand("r", "right", positions=line(0, 0.3, 0))]
    segments = [
        segment("3", "right_hand", "r", 1, 2), segment("1", "left_hand", "l", 0, 1), segment("2", "left_hand", "l", 1, 2)
    ]  # fmt: skip
    clip = unit(**{HAND_TRACKS.name: hands, BODY_TRACKS.name: [body()], SEGMENTS.name: segments})
    (outcome,) = MotionDescriptionStep(CONFIG).process([clip])
    for row in outcome.rows:
        validate_row(MOTION_DESCRIPTIONS, row)
    by_actor = [(row["actor"], row["step"], row["start_s"]) for row in outcome.rows]
    assert sorted(by_actor) == [("body", 0, 0.0), ("left_hand", 0, 0), ("left_hand", 1, 1), ("right_hand", 0, 1)]
    assert [row["start_s"] for row in outcome.rows] == sorted(row["start_s"] for row in outcome.rows)
    assert len({row["description_id"] for row in outcome.rows}) == 4


def test_a_clip_without_tracks_is_kept_without_rows() -> None:
    (outcome,) = MotionDescriptionStep(CONFIG).process([unit()])
    assert (outcome.status, list(outcome.rows)) == ("kept", [])


numbers = st.one_of(st.none(), st.floats(width=32))


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 8))
def test_any_values_give_sentences_and_the_same_ones_again(data: st.DataObject, count: int) -> None:
    def vectors(width: int) -> st.SearchStrategy[Any]:
        return st.lists(st.one_of(st.none(), st.lists(numbers, min_size=width, max_size=width)), max_size=count + 1)

    def draw_tracks() -> tuple[dict[str, Any], dict[str, Any]]:
        flags = data.draw(st.lists(st.booleans(), max_size=count + 1))
        one = hand(positions=np.zeros((count, 3)), observed=flags) | {
            "wrist_position_m": data.draw(vectors(3)),
            "aperture_m": data.draw(st.lists(numbers, max_size=count + 1)),
        }
        other = body(hips=np.zeros((count, 2)), observed=flags) | {"landmarks_px": data.draw(st.one_of(st.none(), st.just([])))}
        return one, other

    one, other = draw_tracks()
    segments = [segment("s", "right_hand", "h", 0.0, 0.3, mean_speed=data.draw(numbers))]
    first = describe_motion([one], [other], segments, CONFIG)
    assert first == describe_motion([one], [other], segments, CONFIG)
    assert all(motion.text for motion in first)
    assert {motion.actor for motion in first} == {"right_hand", "body"}
