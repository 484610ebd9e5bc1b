from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.perception.evidence import SIGNALS, EvidenceConfig, between, read_evidence
from humannet_assets.perception.filtered_clips import FilterConfig, FilterStep
from humannet_assets.store.step import Outcome, Unit, validate_row
from humannet_assets.store.tables import CLIP_SIGNALS, FILTERED_CLIPS

EMPTY: dict[str, Any] = {column.name: None for column in CLIP_SIGNALS.columns}
SCENE = {
    **EMPTY,
    "clip_id": "c",
    "start_s": 0.0,
    "end_s": 5.0,
    "hand_rate": 0.0,
    "pose_rate": 0.0,
    "face_on_body_rate": 0.0,
    "sharpness": 400.0,
    "luma_mean": 110.0,
    "luma_clipped": 0.01,
    "text_like": 0.02,
    "static_ratio": 0.0,
    "changed_area": 0.1,
    "motion_measured": 1.0,
    "camera_motion": 0.001,
    "camera_shake": 0.001,
    "camera_parallax": 0.0,
    "object_motion": 0.05,
}
HANDS = {"hand_rate": 0.7, "hand_confidence": 0.8, "hand_area": 0.05, "hand_bottom_entry": 1.0}
PERSON = {"pose_rate": 0.9, "pose_score": 0.9}
FACE = {"face_on_body_rate": 0.9, "face_confidence": 0.9}
DOG = {"pose_rate": 0.45, "pose_score": 0.1}
WALK = {
    "camera_motion": 0.06,
    "camera_shake": 0.012,
    "camera_parallax": 0.35,
    "camera_on_foot": 0.9,
    "camera_turn_change": 1.5,
}


def judge(*changes: dict[str, Any], config: FilterConfig | None = None) -> Outcome:
    row = {**SCENE}
    for change in changes:
        row |= change
    [outcome] = FilterStep(config or FilterConfig()).process([Unit("c", "v", "w", {"clip_signals": [row]})])
    [written] = outcome.rows
    validate_row(FILTERED_CLIPS, written)
    return outcome


@pytest.mark.parametrize(
    ("signals", "evidence"),
    [
        (HANDS, "hands"),
        (PERSON, "body"),
        (WALK, "wearer_motion"),
        ({**EMPTY, **SCENE, "pose_rate": 0.0, "close_look_rate": 1.0}, "body"),
        ({**WALK, "camera_on_foot": 0.0, "camera_shake": 0.1, "camera_turn_change": 8.0}, "wearer_motion"),
    ],
    ids=["hands", "person", "walk", "person in the distance", "looking around"],
)
def test_people_and_wearers_are_kept(signals: dict[str, Any], evidence: str) -> None:
    outcome = judge(signals)
    assert (outcome.status, outcome.reasons) == ("kept", ())
    assert outcome.rows[0]["human_evidence"] == evidence


@pytest.mark.parametrize(
    ("signals", "reason"),
    [
        ({}, "no_human_evidence"),
        (DOG, "no_human_evidence"),
        ({"hand_rate": 0.1, "hand_confidence": 0.8}, "no_human_evidence"),
        ({"close_look_rate": 0.25}, "no_human_evidence"),
        ({"pose_rate": 0.4, "pose_score": 0.7}, "human_incidental"),
        ({"camera_motion": 0.16, "camera_shake": 0.09, "camera_parallax": 0.02}, "no_human_evidence"),  # a whipping pan
        ({**WALK, "camera_shake": 0.0005}, "no_human_evidence"),  # a dolly or a zoom
        ({**WALK, "camera_on_foot": 0.2, "camera_shake": 0.026}, "no_human_evidence"),  # a car
        ({**WALK, "camera_on_foot": 0.0, "camera_shake": 0.046, "camera_turn_change": 17.0}, "no_human_evidence"),  # a vacuum
        ({**WALK, "camera_on_foot": None, "camera_shake": 0.1, "camera_turn_change": None}, "no_human_evidence"),
        ({**WALK, "motion_measured": 0.3}, "no_human_evidence"),  # hardly any texture to measure it on
        ({**PERSON, "changed_area": 0.0002, "object_motion": 0.0}, "no_motion"),
        ({**PERSON, "static_ratio": 0.97}, "static_framing"),
        ({**HANDS, "luma_mean": 3.0, "luma_clipped": 0.99}, "too_dark"),
        ({**HANDS, "luma_mean": 252.0, "luma_clipped": 0.99}, "too_bright"),
        ({**HANDS, "sharpness": 4.0}, "motion_blur"),
        ({**PERSON, **FACE, "body_motion": 0.0012}, "motionless_figure"),  # a mannequin
        ({**PERSON, **HANDS, "body_motion": 0.0012}, "motionless_figure"),  # and its hands
        ({"close_look_rate": 1.0, "close_look_motion": 0.001}, "motionless_figure"),  # a statue across the square
        ({"hand_rate": 0.35, "hand_confidence": 0.8, "text_like": 0.3}, "slides_or_screen"),
    ],
)
def test_what_is_out_of_scope_says_why(signals: dict[str, Any], reason: str) -> None:
    outcome = judge(signals)
    assert outcome.status == "rejected"
    assert reason in outcome.reasons
    assert outcome.evidence["human_score"]["threshold"] == FilterConfig().min_human_score


@pytest.mark.parametrize("signals", [{**PERSON, "body_motion": 0.005}, PERSON, {**HANDS, "body_motion": 0.001}])
def test_a_person_at_rest_is_kept_and_so_is_one_whose_motion_is_unknown(signals: dict[str, Any]) -> None:
    assert judge(signals).status == "kept"


def test_a_demonstration_on_a_screen_with_hands_is_kept() -> None:
    assert judge(HANDS, {"text_like": 0.3}).status == "kept"


def test_a_clip_that_was_never_inferred_has_no_evidence() -> None:
    unseen = dict.fromkeys(("hand_rate", "pose_rate", "face_on_body_rate", "camera_motion", "camera_shake", "camera_parallax"))
    assert judge(unseen).reasons == ("no_human_evidence",)


def test_thresholds_are_the_configurations() -> None:
    incidental = {"pose_rate": 0.4, "pose_score": 0.7}
    assert judge(incidental).status == "rejected"
    assert judge(incidental, config=FilterConfig(min_human_score=0.2)).status == "kept"
    with pytest.raises(ValueError, match="must differ"):
        EvidenceConfig(hands=(0.2, 0.2))


rates = st.floats(0, 1)


@given(
    low=rates, high=rates, name=st.sampled_from(["hand_rate", "hand_confidence", "pose_rate", "pose_score", "close_look_rate"])
)
def test_more_evidence_never_hurts(low: float, high: float, name: str) -> None:
    low, high = sorted((low, high))
    base = {**SCENE, "hand_rate": 0.3, "hand_confidence": 0.7, "pose_rate": 0.3, "pose_score": 0.4, "close_look_rate": 0.5}
    scores = [read_evidence({**base, name: value}, EvidenceConfig()).human for value in (low, high)]
    assert 0 <= scores[0] <= scores[1] <= 1


@given(st.fixed_dictionaries({name: st.none() | st.floats(0, 3) for name in SIGNALS}))
def test_any_scores_give_a_verdict(signals: dict[str, Any]) -> None:
    outcome = judge(signals)
    assert 0 <= outcome.rows[0]["human_score"] <= 1
    assert (outcome.status == "rejected") == bool(outcome.reasons)


@given(value=st.floats(-5, 5), low=st.floats(-2, 2), width=st.floats(0.01, 2))
def test_between_rises_and_falls(value: float, low: float, width: float) -> None:
    rising, falling = between(value, (low, low + width)), between(value, (low + width, low))
    assert 0 <= rising <= 1
    assert rising + falling == pytest.approx(1)
