from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from humannet_assets.geometry.segments import SegmentsConfig, SegmentsStep, build_segments
from humannet_assets.store.step import Unit, validate_row
from humannet_assets.store.tables import (
    BODY_TRACKS,
    CAMERA_TRAJECTORIES,
    FILTERED_CLIPS,
    HAND_TRACKS,
    SEGMENTS,
    VIEWPOINTS,
)

CONFIG = SegmentsConfig()
STILL = {"times_s": [0.0, 10.0], "rotvec": [[0.0, 0, 0], [0.0, 0, 0]]}


def hand(side="right", start_s=0.0, x=None, observed=None, track_id="", coverage=0.9):
    """A track at 10 Hz whose wrist runs along x (metres), half a metre away; by default three reaches of a second each."""
    times = start_s + np.arange(31) / 10
    if x is None:
        x = 0.1 * (times - start_s - np.sin(2 * np.pi * (times - start_s)) / (2 * np.pi)) - 0.15  # through the picture's middle
    return {
        "track_id": track_id or f"{side}-{start_s}",
        "side": side,
        "confidence": 0.9,
        "coverage": coverage,
        "times_s": times[: len(x)].tolist(),
        "observed": [True] * len(x) if observed is None else observed,
        "wrist_position_m": [[float(value), 0.0, 0.5] for value in x],
    }


def body(amplitude_m=0.3, track_id="person"):
    times = np.arange(31) / 10
    world = np.zeros((31, 33, 3))
    world[:, 15, 0] = amplitude_m * np.sin(np.pi * times)
    return {
        "track_id": track_id,
        "times_s": times.tolist(),
        "observed": [True] * 31,
        "landmarks_world_m": world.reshape(31, 99).tolist(),
        "landmark_visibility": np.ones((31, 33)).tolist(),
    }


def build(hands=(), bodies=(), trajectory=STILL, viewpoint="ego", config=CONFIG):
    rows = build_segments("clip", hands=hands, bodies=bodies, trajectory=trajectory, viewpoint=viewpoint, config=config)
    for row in rows:
        validate_row(SEGMENTS, row)
        assert {column.name for column in SEGMENTS.columns} == set(row)
        assert row["duration_s"] == pytest.approx(row["end_s"] - row["start_s"])
        assert row["duration_s"] > 0
        assert 0.5 <= row["valid_ratio"] <= 1 or row["level"] == "group"
        assert row["peak_speed"] >= row["mean_speed"] >= 0
    assert len({row["segment_id"] for row in rows}) == len(rows)
    groups = {row["segment_id"]: row for row in rows if row["level"] == "group"}
    for row in rows:
        if parent := row["parent_segment_id"]:
            assert row["level"] == "atomic"
            assert groups[parent]["start_s"] <= row["start_s"] <= row["end_s"] <= groups[parent]["end_s"]
    for actor in {row["actor"] for row in rows}:
        for level in ("atomic", "group"):
            indices = [row["segment_index"] for row in rows if (row["actor"], row["level"]) == (actor, level)]
            assert indices == list(range(len(indices)))
    return rows


def atomic(rows, actor):
    return [row for row in rows if row["level"] == "atomic" and row["actor"] == actor]


def test_three_reaches_become_three_atomic_segments_and_one_group():
    rows = build([hand()])
    found = atomic(rows, "right_hand")
    assert [(row["start_s"], row["end_s"]) for row in found] == [(0, 1), (1, 2), (2, 3)]
    assert all(row["path_m"] == pytest.approx(0.1, rel=0.15) and not row["is_idle"] for row in found)
    (group,) = [row for row in rows if row["level"] == "group"]
    assert (group["actor"], group["track_id"], group["start_s"], group["end_s"]) == ("right_hand", "right-0.0", 0, 3)
    assert {row["parent_segment_id"] for row in found} == {group["segment_id"]}


def test_both_hands_share_a_group_and_a_long_rest_ends_it():
    rows = build([hand("left"), hand("right", 0.5), hand("right", 6.0)])
    groups = [row for row in rows if row["level"] == "group"]
    assert [(row["actor"], row["start_s"], row["end_s"]) for row in groups] == [("both_hands", 0, 3.5), ("right_hand", 6, 9)]
    assert groups[0]["track_id"] is None


def test_a_resting_hand_is_idle_and_in_no_group():
    rows = build([hand(x=np.full(31, 0.2))])
    assert [(row["level"], row["is_idle"], row["parent_segment_id"]) for row in rows] == [("atomic", True, None)]


def test_pieces_that_were_hardly_seen_are_left_out():
    rows = build([hand(observed=[True] * 11 + [False] * 10 + [True] * 10)])
    assert [(row["start_s"], row["end_s"]) for row in atomic(rows, "right_hand")] == [(0, 1), (2, 3)]


def test_head_turns_do_not_cut_or_move_a_still_hand():
    times = np.arange(31) / 10
    angle = 0.5 * np.sin(2 * times)
    seen = hand()
    seen["wrist_position_m"] = np.stack([0.5 * np.sin(angle), np.zeros(31), 0.5 * np.cos(angle)], axis=1).tolist()
    turning = {"times_s": times.tolist(), "rotvec": np.stack([np.zeros(31), angle, np.zeros(31)], axis=1).tolist()}
    assert [row["is_idle"] for row in build([seen], trajectory=turning)] == [True]
    assert not all(row["is_idle"] for row in build([seen], trajectory=None))


def test_bodies_are_cut_in_exo_clips_only():
    assert build(bodies=[body()], viewpoint="ego") == []
    for viewpoint in ("exo", "unclear"):
        rows = build(bodies=[body()], viewpoint=viewpoint)
        assert {row["actor"] for row in rows} == {"body"}
        assert len(atomic(rows, "body")) >= 3  # one per swing
        assert all(row["path_m"] is None for row in rows)
    assert [row["is_idle"] for row in build(bodies=[body(0.01)], viewpoint="exo")] == [True]


def test_people_are_grouped_apart():
    rows = build(bodies=[body(track_id="one"), body(track_id="two")], viewpoint="exo")
    assert sorted(row["track_id"] for row in rows if row["level"] == "group") == ["one", "two"]


@given(
    st.lists(st.tuples(st.sampled_from(["left", "right"]), st.integers(0, 50), st.floats(0.1, 1)), max_size=5),
    st.integers(0, 99),
)
@example([("left", 0, 1.0), ("left", 1, 1.0), ("left", 1, 1.0)], 0)  # a better track between two samples
@settings(max_examples=40, deadline=None)
def test_a_wearer_has_one_segment_per_hand_at_a_time_and_ids_are_stable(tracks, seed):
    rng = np.random.default_rng(seed)
    hands = [
        hand(side, start / 10, np.cumsum(rng.normal(0, 0.02, 31)), (rng.random(31) < 0.8).tolist(), f"t{i}", coverage)
        for i, (side, start, coverage) in enumerate(tracks)
    ]
    rows = build(hands)
    for actor in ("left_hand", "right_hand"):
        for one, other in combinations(atomic(rows, actor), 2):
            assert one["end_s"] <= other["start_s"] + 1e-9 or other["end_s"] <= one["start_s"] + 1e-9
    spans = {row["track_id"]: (row["times_s"][0], row["times_s"][-1]) for row in hands}
    for row in rows:
        if row["track_id"]:
            assert spans[row["track_id"]][0] <= row["start_s"] < row["end_s"] <= spans[row["track_id"]][1]
    assert build(hands[::-1]) == rows


def test_tracks_of_one_or_two_samples_are_harmless():
    assert build([hand(x=np.zeros(1)), hand("left", x=np.array([0.0, 0.1]))])


def test_the_step_keeps_clips_without_tracks_and_works_without_a_trajectory():
    rows = {
        FILTERED_CLIPS.name: [{"row_id": "clip", "start_s": 0.0, "end_s": 3.0}],
        HAND_TRACKS.name: [hand()],
        VIEWPOINTS.name: [{"viewpoint": "ego"}],
    }
    step = SegmentsStep(CONFIG)
    with_hand, without = step.process([Unit("clip", "v", "w", rows), Unit("empty", "v", "w", {BODY_TRACKS.name: []})])
    assert with_hand.status == without.status == "kept"
    assert with_hand.evidence["atomic"] == 3
    assert with_hand.evidence["head_motion_compensated"] is False
    assert (list(without.rows), without.evidence["viewpoint"]) == ([], "unclear")
    compensated = next(iter(step.process([Unit("clip", "v", "w", {**rows, CAMERA_TRAJECTORIES.name: [STILL]})])))
    assert compensated.evidence["head_motion_compensated"] is True
    assert all(
        before["start_s"] <= after["start_s"]
        for before, after in pairwise(r for r in compensated.rows if r["level"] == "atomic")
    )
