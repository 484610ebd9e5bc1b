"""The annotations: labels follow their definitions, scores their formulas, and every segment has its row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humannet_assets.language.annotations import AnnotationStep, motion_score, moving_seconds, pose_score, sampled_frames
from humannet_assets.language.labels import AnnotationConfig, task_structure
from humannet_assets.language.taxonomy import AXES, UNKNOWN
from humannet_assets.store.step import validate_row
from humannet_assets.store.tables import (
    ANNOTATIONS,
    BODY_TRACKS,
    CAMERA_TRAJECTORIES,
    CAPTIONS,
    HAND_TRACKS,
    MOTION_DESCRIPTIONS,
    RAW_VIDEOS,
    SEGMENTS,
    VIDEO_SOURCES,
    VIEWPOINTS,
)
from humannet_assets_tests.language.rows import body, hand, segment, unit

CONFIG = AnnotationConfig()
EGO = {"viewpoint": "ego", "ego_probability": 0.97, "decided_by": "hands"}
EXO = {"viewpoint": "exo", "ego_probability": 0.02, "decided_by": "body"}
SOURCE = {
    "source_id": "cooking",
    "source_type": "community",
    "licence": "CC-BY-4.0",
    "consent_basis": "consent",
    "life": None,
    "viewpoint_hint": "ego",
    "keywords": ["kitchen"],
}


def motion(track_id: str, start_s: float, end_s: float, text: str, grip: str | None = None, step: int = 0) -> dict[str, Any]:
    return {
        "actor": "right_hand", "track_id": track_id, "step": step, "start_s": start_s, "end_s": end_s, "text": text,
        "grip": grip, "model": "rules",
    }  # fmt: skip


def annotate(**tables: Any) -> list[dict[str, Any]]:
    rows = {VIEWPOINTS.name: [EGO], VIDEO_SOURCES.name: [SOURCE], RAW_VIDEOS.name: [{"has_audio": True, "frame_rate": 30.0}]}
    (outcome,) = AnnotationStep(CONFIG).process([unit(**(rows | tables))])
    assert outcome.status == "kept"
    for row in outcome.rows:
        validate_row(ANNOTATIONS, row)
        assert set(row) | {"annotation_id"} == {column.name for column in ANNOTATIONS.columns}
        for axis in AXES:
            labels = row[axis.name] if axis.multi else [row[axis.name]]
            assert labels == [UNKNOWN] or set(labels) <= {*axis.paths(), None if axis.name == "source_type" else UNKNOWN}
    return [dict(row) for row in outcome.rows]


def test_a_clip_and_its_segments() -> None:
    group = segment("g", "both_hands", None, 0, 2, level="group")
    left = segment("l", "left_hand", "hl", 0.0, 1.0, parent_segment_id="g")
    right = segment("r", "right_hand", "hr", 0.5, 2.0, parent_segment_id="g", mean_speed=0.9)
    rows = annotate(
        **{
            SEGMENTS.name: [right, group, left],
            HAND_TRACKS.name: [hand("hl", "left", frame_confidence=[0.5] * 21), hand("hr", coverage=0.5, valid_frames=21)],
            CAMERA_TRAJECTORIES.name: [{"intrinsics_source": "known", "rotation_rate_deg_s": 4.0}],
            MOTION_DESCRIPTIONS.name: [
                motion("hr", 0.5, 2.0, "right hand closes", "closes"),
                motion("hl", 0, 1, "left hand rests"),
            ],
            CAPTIONS.name: [{"kind": kind, "text": f"{kind} text", "model": "m"} for kind in ("short", "long")],
        }
    )
    clip, *segments = rows
    by_id = {row["segment_id"]: row for row in segments}
    assert len({row["annotation_id"] for row in rows}) == 4
    assert clip["level"] == "clip"
    assert clip["task_structure"] == "single_action"
    assert clip["interaction_style"] == ["two_handed"]
    assert clip["environment"] == ["home", "home/kitchen"]
    assert clip["motion_category"] == ["daily_activities", "daily_activities/object_handling"]
    assert clip["metadata_availability"] == ["audio", "consent", "intrinsics", "keywords", "licence", "viewpoint_hint"]
    assert (clip["short_caption"], clip["caption"], clip["caption_model"]) == ("short text", "long text", "m")
    assert clip["motion_frames"] == 60
    assert (clip["hand_count"], clip["person_count"], clip["hand_coverage"]) == (2, 0, 1.0)
    # 21 of 42 sampled frames have a hand, the better one at .9.
    assert clip["pose_score"] == pytest.approx(0.45)
    assert by_id["r"]["motion_score"] == 0.9
    assert by_id["r"]["motion_frames"] == 45
    assert (by_id["r"]["short_caption"], by_id["r"]["interaction_style"]) == ("right hand closes", ["one_handed"])
    assert by_id["r"]["pose_score"] == pytest.approx(0.9)
    assert by_id["l"]["pose_score"] == pytest.approx(0.5)
    assert by_id["l"]["motion_category"] == ["daily_activities", "daily_activities/hand_motion"]
    assert (by_id["g"]["task_structure"], by_id["g"]["interaction_style"]) == ("single_action", ["two_handed"])
    assert by_id["g"]["caption"] == "left hand rests; right hand closes"


def test_without_evidence_nothing_is_claimed() -> None:
    (row,) = annotate(**{VIEWPOINTS.name: [], VIDEO_SOURCES.name: [], RAW_VIDEOS.name: []})
    for axis in ("environment", "interaction_style", "motion_category", "metadata_availability"):
        assert row[axis] == [UNKNOWN]
    assert (row["task_structure"], row["viewpoint"], row["source_type"]) == (UNKNOWN, "unclear", None)
    assert (row["pose_score"], row["motion_score"], row["motion_frames"]) == (0.0, None, None)


def test_walking_is_navigation_in_both_views() -> None:
    (ego,) = annotate(**{VIEWPOINTS.name: [EGO | {"decided_by": "camera_motion"}]})
    assert (ego["task_structure"], ego["interaction_style"], ego["motion_category"]) == (
        "navigation", ["locomotion"], ["locomotion"],
    )  # fmt: skip
    assert ego["motion_frames"] == 60
    walker = body(speed_mean=0.8, limb_speed_mean=1.0)
    exo, step = annotate(**{
        VIEWPOINTS.name: [EXO], BODY_TRACKS.name: [walker], SEGMENTS.name: [segment("s", "body", "b", 0, 1, mean_speed=1.0)],
    })  # fmt: skip
    assert exo["task_structure"] == step["task_structure"] == "navigation"
    assert exo["interaction_style"] == step["interaction_style"] == ["locomotion", "whole_body"]
    assert (exo["motion_score"], exo["motion_frames"]) == (1.0, 30)
    assert exo["pose_score"] == pytest.approx(0.9)


def test_hands_of_other_people_are_motion_and_not_handling() -> None:
    tables = {
        VIEWPOINTS.name: [EXO],
        HAND_TRACKS.name: [hand()],
        SEGMENTS.name: [segment("s", "right_hand", "h", 0, 1)],
        MOTION_DESCRIPTIONS.name: [motion("h", 0, 1, "right hand closes", "closes")],
    }
    assert annotate(**tables)[0]["motion_category"] == ["daily_activities", "daily_activities/hand_motion"]
    signing = SOURCE | {"keywords": ["sign language"]}
    named = annotate(**(tables | {VIDEO_SOURCES.name: [signing]}))[0]
    assert named["motion_category"] == ["social_leisure", "social_leisure/communication"]


def test_people_together() -> None:
    two = [body("a"), body("b", is_main=False)]
    assert "person_to_person" in annotate(**{VIEWPOINTS.name: [EXO], BODY_TRACKS.name: two})[0]["interaction_style"]
    apart = [body("a"), body("b", start_s=2.5, is_main=False)]
    assert "person_to_person" not in annotate(**{VIEWPOINTS.name: [EXO], BODY_TRACKS.name: apart})[0]["interaction_style"]
    glimpse = [body("a", coverage=0.3, limb_speed_mean=2.0)]
    assert annotate(**{BODY_TRACKS.name: glimpse})[0]["interaction_style"] == [UNKNOWN]


@pytest.mark.parametrize(
    ("lengths", "groups", "expected"),
    [([1], 1, "single_action"), ([1, 1, 1], 1, "multi_step"), ([1, 2], 2, "multi_step"), ([1, 1.1, 0.9, 1], 1, "repetitive"),
     ([0.3, 1, 3, 0.5], 1, "multi_step"), ([], 0, UNKNOWN)],
)  # fmt: skip
def test_task_structure(lengths: list[float], groups: int, expected: str) -> None:
    atoms, start = [], 0.0
    for index, length in enumerate(lengths):
        atoms.append(segment(str(index), "right_hand", "h", start, start + length))
        start += length
    assert task_structure(atoms, groups, False, CONFIG) == expected


def test_scores_follow_their_formulas() -> None:
    track = hand(observed=[True] * 10 + [False] * 11, valid_frames=10, coverage=0.25)
    span = {"start_s": 0.0, "end_s": 2.0}
    assert sampled_frames([track]) == 40
    assert pose_score([track], True, span, 40) == pytest.approx(0.9 * 0.25)
    # Two pieces of one hand add up over time and do not dilute each other.
    pieces = [hand("a", valid_frames=21), hand("b", start_s=2.1, valid_frames=21)]
    assert pose_score(pieces, True, {"start_s": 0.0, "end_s": 4.1}, 42) == pytest.approx(0.9)
    assert motion_score([hand(wrist_speed_mean=1.0, valid_frames=30), hand(wrist_speed_mean=0.0, valid_frames=10)],
                        "wrist_speed_mean") == pytest.approx(0.75)  # fmt: skip
    assert motion_score([hand(wrist_speed_mean=None)], "wrist_speed_mean") is None
    assert motion_score([hand(wrist_speed_mean=float("nan"))], "wrist_speed_mean") is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 30), st.integers(0, 20)), max_size=6))
def test_moving_time_counts_each_moment_once(spans: list[tuple[int, int]]) -> None:
    atoms = [segment(str(i), "left_hand", "h", start, start + length) for i, (start, length) in enumerate(spans)]
    moments = {moment for start, length in spans for moment in range(start, start + length) if 0 <= moment < 20}
    assert moving_seconds(atoms, {"start_s": 0, "end_s": 20}) == len(moments)
