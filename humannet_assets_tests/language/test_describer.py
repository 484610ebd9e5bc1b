"""The describer is total and deterministic, says nothing the facts do not hold, and reads as English."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humannet_assets.language.describer import ClipFacts, DescriberConfig, Hand, Person, Told, describe
from humannet_assets.language.track_rows import most_at_once

CONFIG = DescriberConfig()

EGO = ClipFacts(
    "a", 5.0, "ego", False, 0.9, (Hand("left", 0.8, 0.3), Hand("right", 0.9, 0.9)), (), 0, None, 12.0, False,
    (Told(0.0, "right hand moves quickly to the left, then closes"), Told(0.4, "left hand is nearly still")),
    ("kitchen", "cooking"),
)  # fmt: skip
EXO = ClipFacts(
    "d", 4.0, "exo", False, 0.0, (), (Person(True, 1.0, 0.95),), 1, "the person stays in place and moves both arms", 0.5,
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "short"),
    [
        (EGO, "First-person view: both of the wearer's hands move quickly."),
        (replace(EGO, wearer_hands=0.2), "First-person view: left and right hands move quickly."),
        (replace(EGO, hands=EGO.hands[1:]), "First-person view: the wearer's right hand moves quickly."),
        (replace(EGO, hands=(Hand("left", 0.5, 0.01),)), "First-person view: the wearer's left hand is nearly still."),
        (replace(EGO, hands=(), moves_through_space=True), "First-person view: the wearer moves through the scene."),
        (EXO, "Third-person view: the person stays in place and moves both arms."),
        (replace(EXO, people=EXO.people * 2, people_at_once=2), "Third-person view: two people are in view."),
        (replace(EXO, people=EXO.people * 3, people_at_once=2), "Third-person view: up to two people are in view at once."),
        (replace(EXO, people=EXO.people * 2), "Third-person view: one person at a time is in view."),
        (ClipFacts("x"), "View from an unclear position: no hands and no people were tracked."),
    ],
)
def test_short_captions(facts: ClipFacts, short: str) -> None:
    assert describe(facts, CONFIG)[0] == short


def test_long_caption() -> None:
    assert describe(EGO, CONFIG)[1] == (
        "First-person view: both of the wearer's hands move quickly. The clip lasts 5.0 s. Tracking follows the left hand in "
        "80 % and the right hand in 90 % of the clip. The camera turns moderately. Motion in order of start: right hand moves "
        "quickly to the left, then closes (0.0 s); left hand is nearly still (0.4 s). "
        'The source gives the keywords "kitchen", "cooking".'
    )


def test_the_wearers_own_limbs_are_not_another_person() -> None:
    ghost = Told(1.0, "the person moves up", "body", 0.3)
    facts = replace(EGO, people=(Person(True, 0.3, 0.9),), people_at_once=1, steps=(ghost,))
    assert "person" not in describe(facts, CONFIG)[1].replace("First-person", "")
    assert "the person moves up" in describe(replace(facts, steps=(replace(ghost, coverage=0.6),)), CONFIG)[1]


def test_spans_that_only_touch_are_not_at_once() -> None:
    assert most_at_once([{"start_s": 0, "end_s": 1}, {"start_s": 1, "end_s": 2}]) == 1
    assert most_at_once([{"start_s": 0, "end_s": 1.5}, {"start_s": 1, "end_s": 2}, {"start_s": 1.2, "end_s": 1.3}]) == 3
    assert most_at_once([{"start_s": 1, "end_s": 1}]) == 1
    assert most_at_once([]) == 0


numbers = st.one_of(st.none(), st.floats(), st.integers(-5, 5))
facts_of_any_kind = st.builds(
    ClipFacts,
    clip_id=st.text(max_size=5),
    duration_s=numbers,
    viewpoint=st.one_of(st.none(), st.sampled_from(["ego", "exo", "unclear", "sideways"])),
    moves_through_space=st.one_of(st.none(), st.booleans()),
    wearer_hands=numbers,
    hands=st.lists(st.builds(Hand, st.sampled_from([None, "left", "right"]), numbers, numbers), max_size=4).map(tuple),
    people=st.lists(st.builds(Person, st.one_of(st.none(), st.booleans()), numbers, numbers), max_size=12).map(tuple),
    people_at_once=st.one_of(st.none(), st.integers(0, 12)),
    main_motion=st.one_of(st.none(), st.text(max_size=9)),
    rotation_rate_deg_s=numbers,
    has_translation=st.one_of(st.none(), st.booleans()),
    steps=st.lists(
        st.builds(Told, numbers, st.text(max_size=9), st.sampled_from([None, "body", "left_hand"]), numbers), max_size=15
    ).map(tuple),
    keywords=st.lists(st.text(max_size=9), max_size=10).map(tuple),
)


@settings(max_examples=120, deadline=None)
@given(facts_of_any_kind)
def test_total_deterministic_and_well_formed(facts: ClipFacts) -> None:
    short, long = describe(facts, CONFIG)
    assert (short, long) == describe(facts, CONFIG)
    assert facts.digest() == replace(facts).digest()
    assert long.startswith(short)
    assert short.endswith(".")
    for text in (short, long):
        assert text == " ".join(text.split())


@given(facts_of_any_kind)
def test_facts_bind_to_their_clip(facts: ClipFacts) -> None:
    assert facts.digest() != replace(facts, clip_id=f"{facts.clip_id}x").digest()


# Every word the describer may use of its own accord: a new one must be added here and thought about.
_WORDS = """a all also an and are at both by camera clip eight first five follow follows four from further gives hand hands
height in is hardly keyword keywords lasts left lot main motion most move moderately moves much nearly nine no of once one order
people person picture position quickly right s scene seven six slowly small source start step steps still takes the third three
through time tracked tracking travels turning turns two unclear up view wearer were without to"""


@settings(max_examples=120, deadline=None)
@given(facts_of_any_kind)
def test_nothing_is_invented(facts: ClipFacts) -> None:
    _, long = describe(replace(facts, steps=(), keywords=(), main_motion=None), CONFIG)
    assert set(re.findall(r"[a-z]+", long.lower())) - set(_WORDS.split()) == set()
