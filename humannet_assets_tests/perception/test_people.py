from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.perception.detectors import Body, Face, Hand, box_of
from humannet_assets.perception.people import body_plausibility, body_upright, box_area, face_on_body, hand_entry

WIDTH, HEIGHT = 640, 360


def hand(wrist: tuple[float, float], knuckle: tuple[float, float], side: str = "left") -> Hand:
    points = np.tile(np.array(wrist, np.float32), (21, 1))
    points[9] = knuckle
    return Hand(points, np.zeros(21, np.float32), np.zeros((21, 3), np.float32), side, 0.9, box_of(points))  # pyright: ignore


def person(arm_m: float = 0.25, seen: float = 1.0, upside_down: bool = False) -> Body:
    world = np.zeros((33, 3), np.float32)
    world[11], world[12] = (0.16, -0.46, 0), (-0.16, -0.46, 0)
    world[13], world[14] = world[11] + (0, arm_m, 0), world[12] + (0, arm_m, 0)
    world[15], world[16] = world[13] + (0, arm_m, 0), world[14] + (0, arm_m, 0)
    world[23], world[24] = (0.1, 0, 0), (-0.1, 0, 0)
    world[0] = (0, -0.65, 0)
    pixels = world[:, :2] * (200 * (-1 if upside_down else 1)) + (WIDTH / 2, HEIGHT / 2)
    visibility = np.full(33, seen, np.float32)
    return Body(pixels.astype(np.float32), world, visibility, seen, box_of(pixels.astype(np.float32)))


@pytest.mark.parametrize(
    ("wrist", "knuckle", "side", "entry"),
    [
        ((200, 330), (210, 250), "left", 1.0),  # up from the lower edge
        ((300, 40), (300, 120), "left", 0.0),  # down from the upper edge, as across a table
        ((40, 300), (120, 300), "left", 1.0),  # a left hand from the lower left
        ((600, 300), (520, 300), "left", 0.5),  # a left hand from the right: perhaps somebody else's
        ((600, 60), (520, 60), "right", 0.0),  # from the side, high up
        ((300, 400), (300, 350), "right", 1.0),  # the wrist is already below the picture
        ((300, 200), (300, 200), "right", 0.5),  # no direction to be had
    ],
)
def test_hand_entry(wrist: tuple[float, float], knuckle: tuple[float, float], side: str, entry: float) -> None:
    assert hand_entry(hand(wrist, knuckle, side), WIDTH, HEIGHT) == pytest.approx(entry)


point = st.tuples(st.floats(-200, 900), st.floats(-200, 600))


@given(wrist=point, knuckle=point, side=st.sampled_from(["left", "right"]))
def test_entry_is_a_share_for_any_hand(wrist: tuple[float, float], knuckle: tuple[float, float], side: str) -> None:
    assert 0 <= hand_entry(hand(wrist, knuckle, side), WIDTH, HEIGHT) <= 1


@given(x=st.floats(10, 300), y=st.floats(10, 350), dx=st.floats(1, 90), dy=st.floats(-90, 90))
def test_a_mirrored_hand_enters_as_much(x: float, y: float, dx: float, dy: float) -> None:
    """In the left half and pointing to the right, so that the forearm cannot leave exactly in the middle."""
    here = hand((x, y), (x + dx, y + dy), "left")
    mirrored = hand((WIDTH - x, y), (WIDTH - x - dx, y + dy), "right")
    assert hand_entry(here, WIDTH, HEIGHT) == pytest.approx(hand_entry(mirrored, WIDTH, HEIGHT), abs=1e-3)


def test_people_are_plausible_and_what_lacks_arms_or_limbs_is_not() -> None:
    assert body_plausibility(person()) > 0.9
    assert body_plausibility(person(arm_m=0.12)) < 0.2
    assert body_plausibility(person(seen=0.2)) < 0.1
    assert body_plausibility(person(upside_down=True)) < 0.5 * body_plausibility(person())
    assert body_upright(person()) == pytest.approx(1)
    assert body_upright(person(upside_down=True)) == pytest.approx(-1)


@given(arms=st.floats(0, 0.5), seen=st.floats(0, 1))
def test_plausibility_is_a_share(arms: float, seen: float) -> None:
    assert 0 <= body_plausibility(person(arms, seen)) <= 1


def test_a_face_belongs_to_a_body_if_it_holds_the_nose() -> None:
    body = person()
    x, y = body.landmarks_px[0]
    face = Face((x - 10, y - 10, x + 10, y + 10), 0.8, np.zeros((6, 2), np.float32))
    assert face_on_body(face, [body])
    assert not face_on_body(replace(face, box=(x + 20, y, x + 40, y + 20)), [body])
    assert not face_on_body(face, [])


def test_box_area_counts_only_what_is_inside() -> None:
    assert box_area((0, 0, WIDTH, HEIGHT), WIDTH, HEIGHT) == 1
    assert box_area((-WIDTH, 0, WIDTH / 2, HEIGHT * 3), WIDTH, HEIGHT) == pytest.approx(0.5)
    assert box_area((WIDTH + 5, 0, WIDTH + 9, 9), WIDTH, HEIGHT) == 0
