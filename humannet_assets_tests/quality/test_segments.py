"""The segment judge on actions whose boundaries are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from humannet_assets.media.sidecar import MEDIAPIPE_BODY_INDEX, FrameTruth, Segment, Sidecar
from humannet_assets.quality.metrics import MISSED, NOTHING
from humannet_assets.quality.segments import SegmentJudge, merged, temporal_iou
from humannet_assets_tests.quality.worlds import body, cells, clip_rows, figures, frame, hand, joints, person, seconds
from humannet_assets_tests.quality.worlds import sidecar as make_sidecar
from humannet_assets_tests.quality.worlds import video as make_video

Span = tuple[float, float]
MOVES = [(1.0, 3.0), (3.3, 5.0), (8.0, 9.0)]


def action(span: Span, actor: str = "right_hand") -> Segment:
    return Segment.model_validate({"actor": actor, "start_s": span[0], "end_s": span[1], "text": "moves"})


def world(
    labelled: Sequence[Span] = MOVES, moving: Sequence[Span] | None = None, hidden: Span | None = None, count: int = 120
) -> Sidecar:
    """A right hand that moves at 20 cm/s in `moving` (the labelled spans by default) and rests otherwise."""
    spans = labelled if moving is None else moving

    def show(time_s: float) -> FrameTruth:
        way = sum(max(0.0, min(time_s, end) - start) for start, end in spans)
        visible = 0 if hidden and hidden[0] <= time_s < hidden[1] else 21
        return frame(time_s, hands={"right": joints(hand(x_m=0.2 * way - 0.4), visible)})

    return make_sidecar(seconds(count, show), segments=[action(span) for span in labelled])


def found(*spans: Span, actor: str = "right_hand", **extra: Any) -> list[dict[str, Any]]:
    return [
        {"level": "atomic", "actor": actor, "start_s": start, "end_s": end, "is_idle": False, **extra} for start, end in spans
    ]


def judged(truth: Sidecar, rows: Sequence[dict[str, Any]], **extra: Any) -> SegmentJudge:
    judge = SegmentJudge()
    judge.look(make_video(truth, segments=rows, **extra))
    return judge


def test_boundaries_close_together_are_one() -> None:
    assert merged([5.0, 1.0, 1.4, 1.6], 0.5) == [1.2, 1.6, 5.0]
    assert temporal_iou([(0, 2)], [(1, 3), (5, 6)]).round(3).tolist() == [[0.333, 0.0]]


def test_perfect_segments_and_the_rest_between_them() -> None:
    judge = judged(world(), found(*MOVES))
    assert [figures(judge)[name] for name in ("boundary_f1", "segment_f1", "boundary_error_median")] == [1, 1, 0]
    # 1.0, 3.15, 5.0, 8.0, 9.0: the short rest at 3.0 to 3.3 is one boundary.
    assert cells(judge, "boundary") == {("right_hand", "right_hand"): 5}
    joined = judged(world(), found((1.0, 3.15), (3.15, 5.0), (8.0, 9.0)))
    assert cells(joined, "boundary") == {("right_hand", "right_hand"): 5}
    idle = found((3.0, 3.3), (6.0, 7.4), is_idle=True)
    group = [{**found((1.0, 9.0))[0], "level": "group"}]
    rested = figures(judged(world(), [*found(*MOVES), *idle, *group]))
    assert (rested["boundary_f1"], rested["segment_f1"]) == (1, 1)


def test_half_a_second_is_the_tolerance() -> None:
    near = judged(world([(2.0, 6.0)]), found((2.45, 5.55)))
    assert figures(near)["boundary_f1"] == 1
    assert figures(near)["boundary_error_median"] == pytest.approx(0.45)
    far = judged(world([(2.0, 6.0)]), found((2.6, 5.4)))
    assert cells(far, "boundary") == {("right_hand", MISSED): 2, (NOTHING, "right_hand"): 2}
    assert figures(far)["segment_f1"] == 1


def test_missed_actions_and_actions_cut_in_two() -> None:
    judge = judged(world(), found((1.0, 2.0), (2.0, 3.0), (3.3, 5.0)))
    assert cells(judge, "segment") == {("right_hand", "right_hand"): 2, ("right_hand", MISSED): 1, (NOTHING, "right_hand"): 1}
    assert cells(judge, "boundary") == {("right_hand", "right_hand"): 3, ("right_hand", MISSED): 2, (NOTHING, "right_hand"): 1}
    (case,) = judge.worst.chosen()
    assert case.kind == "right_hand"
    assert case.drawing is not None
    assert [lane.spans for lane in case.drawing.lanes] == [tuple(MOVES), ((1.0, 2.0), (2.0, 3.0), (3.3, 5.0))]


def test_motion_where_the_hand_rests_is_false_and_where_the_truth_is_silent_is_not() -> None:
    extra = found(*MOVES, (6.0, 7.4))
    assert cells(judged(world(), extra), "segment")[NOTHING, "right_hand"] == 1
    silent = judged(world(moving=[*MOVES, (6.0, 7.4)]), extra)
    assert (NOTHING, "right_hand") not in cells(silent, "segment") | cells(silent, "boundary")


def test_edges_of_the_clip_and_of_sight_are_no_boundaries() -> None:
    clips = clip_rows(("clip", 2.0, 8.3, "kept"))
    cut = judged(world(), found((2.0, 3.15), (3.15, 5.0), (8.0, 8.2)), clips=clips)
    assert cells(cut, "boundary") == {("right_hand", "right_hand"): 3}
    # What begins .3 s before the clip ends need not be found.
    assert cells(judged(world(), found((2.0, 3.15), (3.15, 5.0)), clips=clips), "boundary") == {("right_hand", "right_hand"): 2}
    # The hand is out of sight from 2 to 4 s: its track ends and begins anew there, and the boundary at 3.15 s can't be seen.
    hidden = judged(world(hidden=(2.0, 4.0)), found((1.0, 1.9), (4.0, 5.0), (8.0, 9.0)))
    assert cells(hidden, "boundary") == {("right_hand", "right_hand"): 4}


def test_actors_without_labels_are_not_judged() -> None:
    judge = judged(world(), found(*MOVES, actor="left_hand"))
    assert cells(judge, "boundary") == {("right_hand", MISSED): 5}
    assert figures(judged(world([]), found(*MOVES)))["boundary_f1"] is None


def test_a_clip_without_segments_misses_all_and_one_that_was_not_cut_none() -> None:
    assert cells(judged(world(), [{"marker": True}]), "segment") == {("right_hand", MISSED): 3}
    assert figures(judged(world(), []))["segment_f1"] is None


def crowd(people: int) -> Sidecar:
    """People 1 m apart, of whom the first walks from 1 to 4 s."""

    def show(time_s: float) -> FrameTruth:
        way = max(0.0, min(time_s, 4.0) - 1.0) / 5
        return frame(time_s, bodies=[person(body(-1 + index + (0 if index else way))) for index in range(people)])

    return make_sidecar(seconds(60, show), viewpoint="exo", segments=[action((1.0, 4.0), "body")])


def following(truth: Sidecar, index: int) -> dict[str, Any]:
    """A body track of one of the people."""
    landmarks = np.zeros((len(truth.frames), 33, 2))
    for at in range(len(truth.frames)):
        landmarks[at, list(MEDIAPIPE_BODY_INDEX)] = truth.body_pixels(at, index)
    return {
        "track_id": f"track-{index}", "image_width": 640, "image_height": 480,
        "times_s": [item.time_s for item in truth.frames], "observed": [True] * len(truth.frames),
        "landmarks_px": landmarks.reshape(len(truth.frames), -1).tolist(),
    }  # fmt: skip


def test_one_person() -> None:
    values = figures(judged(crowd(1), found((1.0, 4.0), actor="body", track_id="any")))
    assert values["boundary_f1"] == values["boundary_f1_body"] == 1
    assert values["boundary_f1_hands"] is None


def test_of_several_people_the_first_is_the_one_whose_actions_are_labelled() -> None:
    truth = crowd(2)
    tracks = [following(truth, 0), following(truth, 1)]
    rows = [
        *found((1.0, 4.0), actor="body", track_id="track-0"),
        *found((0.5, 2.0), (2.0, 5.0), actor="body", track_id="track-1"),
    ]
    values = figures(judged(truth, rows, body_tracks=tracks))
    assert (values["boundary_f1_body"], values["segment_f1_body"]) == (1, 1)
    swapped = [{**row, "track_id": "track-1" if row["track_id"] == "track-0" else "track-0"} for row in rows]
    assert figures(judged(truth, swapped, body_tracks=tracks))["segment_f1_body"] < 1  # type: ignore[operator]
