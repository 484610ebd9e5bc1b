"""Facts are read out of captions as a person would, and judged against the clip's truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from humannet_assets.language.describer import MODEL
from humannet_assets.media.sidecar import FrameTruth, Segment, Sidecar
from humannet_assets.quality.labels import Label
from humannet_assets.quality.language import (
    AnnotationJudge,
    AtOnce,
    CaptionJudge,
    head_noun,
    people_said,
    sides_said,
    viewpoint_said,
    words_said,
)
from humannet_assets.quality.metrics import MISSED, NOTHING
from humannet_assets_tests.quality.worlds import body, cells, figures, frame, hand, joints, person, seconds
from humannet_assets_tests.quality.worlds import sidecar as make_sidecar
from humannet_assets_tests.quality.worlds import video as make_video


@pytest.mark.parametrize(
    ("text", "sides", "people", "view"),
    [
        ("First-person view: both of the wearer's hands move.", {"left", "right"}, None, "ego"),
        ("First-person view: the wearer's left hand moves slowly; one person is in view.", {"left"}, "1", "ego"),
        ("Third-person view: two people are in view; a person's right hand moves.", {"right"}, "2", "exo"),
        ("Third-person view: the person moves to the left.", set(), "1", "exo"),
        (
            "Third-person view: up to three people are in view at once; left and right hands move.",
            {"left", "right"},
            "3",
            "exo",
        ),
        ("View from an unclear position: no hands and no people were tracked.", set(), "0", None),
        ("An egocentric clip. A woman cuts bread with her right hand.", {"right"}, "1", "ego"),
        ("The person stays in place and moves the right arm.", set(), "1", None),
    ],
)
def test_facts_said(text: str, sides: set[str], people: str | None, view: str | None) -> None:
    assert (sides_said(text), people_said(text), viewpoint_said(text)) == (sides, people, view)


def test_words_said() -> None:
    vocabulary = {"pour", "carry", "wipe", "put", "cup", "glass"}
    said = "Pouring water; she carries two glasses, then wiped and put the cups away."
    assert words_said(said, vocabulary) == vocabulary
    assert words_said("a cupboard, a carriage", vocabulary) == set()
    assert [head_noun(phrase) for phrase in ("red cup", "Bottle of water", "")] == ["cup", "bottle", ""]


def test_what_must_and_what_may_be_counted() -> None:
    plain = np.array([0, 0, 1, 1, 2])
    glimpses = np.array([0, 0, 1, 1, 2, 2, 3, 3, 3])
    count = AtOnce.of(plain, glimpses, 4)
    assert (count.least, count.most) == (2, 3)
    assert [count.nearest(number) for number in range(5)] == [2, 2, 2, 3, 3]
    assert AtOnce.of(plain, glimpses, 6) == AtOnce(1, 3)
    assert AtOnce.of(plain, glimpses, 7) == AtOnce(0, 3)
    assert AtOnce.of(np.zeros(0, int), np.zeros(0, int), 7) == AtOnce(0, 0)


def world(**extra: Any) -> Sidecar:
    """The wearer's right hand pours from a bottle all the time; the left shows for a moment."""

    def show(time_s: float) -> FrameTruth:
        left = {"left": joints(hand(-0.15))} if time_s < 0.3 else {}
        return frame(time_s, hands={"right": joints(hand()), **left})

    segment = Segment(actor="right_hand", start_s=0.5, end_s=2.5, text="pours", verb="pour", object="green bottle")
    late = Segment(actor="right_hand", start_s=2.9, end_s=4.9, text="wipes", verb="wipe", object="table")
    return make_sidecar(seconds(30, show), segments=[segment, late], **extra)


def caption(text: str, kind: str = "long", model: str = "a-vision-model") -> dict[str, Any]:
    return {"kind": kind, "text": text, "model": model}


def judged(truth: Sidecar, *rows: dict[str, Any]) -> CaptionJudge:
    judge = CaptionJudge()
    judge.look(make_video(truth, captions=list(rows)))
    return judge


def test_a_true_caption() -> None:
    found = figures(judged(world(), caption("Egocentric: the right hand pours from a bottle.")))
    assert [found[f"{name}_precision"] for name in ("hands", "viewpoint", "verb", "object")] == [1, 1, 1, 1]
    assert [found[f"{name}_recall"] for name in ("hands", "verb", "object")] == [1, 1, 1]
    assert found["people_precision"] is None


def test_a_false_caption() -> None:
    other = make_video(
        make_sidecar(
            world().frames, segments=[Segment(actor="right_hand", start_s=0, end_s=2, text="x", verb="cut", object="bread")]
        ),
        video_id="w" * 64,
        captions=[caption("nothing")],
    )
    judge = judged(world(), caption("Third-person view: a man cuts bread with the left hand."))
    judge.look(other)
    found = figures(judge)
    assert (found["verb_precision"], found["object_precision"]) == (0, 0)
    assert (found["verb_recall"], found["object_recall"]) == (0, 0)
    assert (found["people_precision"], found["viewpoint_precision"]) == (0, 0)
    assert cells(judge, "hands") == {("right", MISSED): 2}
    assert "right hand unsaid; people: 1, true 0; exo, is ego" in judge.worst.chosen()[0].text


def test_hands_that_never_show_must_not_be_said_and_glimpses_may() -> None:
    only_right = make_sidecar(seconds(30, lambda t: frame(t, hands={"right": joints(hand())})))
    assert cells(judged(only_right, caption("both hands move")), "hands") == {("right", "right"): 1, (NOTHING, "left"): 1}
    assert cells(judged(world(), caption("both hands move")), "hands") == {("right", "right"): 1}


def test_the_describer_claims_no_actions() -> None:
    found = figures(judged(world(), caption("The right hand moves, then opens and pours.", model=MODEL)))
    assert (found["verb_precision"], found["verb_recall"], found["object_recall"]) == (None, 0, 0)


def test_the_long_caption_is_judged_where_there_is_one() -> None:
    rows = [caption("the right hand", "long"), caption("the left hand", "short")]
    assert cells(judged(world(), *rows), "hands") == {("right", "right"): 1}
    assert cells(judged(world(), rows[1]), "hands") == {("right", MISSED): 1}


def test_labels_of_real_footage_name_verbs_and_objects() -> None:
    label = Label(uri="/v.mp4", verbs=("stir",), objects=("pot",))
    judge = CaptionJudge()
    judge.look(make_video(None, label=label, captions=[caption("A hand stirs.")]))
    found = figures(judge)
    assert (found["verb_precision"], found["verb_recall"], found["object_recall"]) == (1, 1, 0)
    assert found["hands_recall"] is None


def annotation(environment: list[str], hands: int, people: int) -> dict[str, Any]:
    return {"level": "clip", "environment": environment, "hand_count": hands, "person_count": people}


def test_annotated_places_and_counts() -> None:
    judge = AnnotationJudge()
    judge.look(make_video(world(), annotations=[annotation(["home", "home/kitchen"], 1, 1), {"level": "atomic"}]))
    found = figures(judge)
    assert found == {
        "environment_precision": 1, "environment_recall": 1, "hand_count_accuracy": 1, "person_count_accuracy": 0,
    }  # fmt: skip
    for name, hands in (("w", 2), ("x", 3), ("y", 0)):
        judge.look(make_video(world(), video_id=name * 64, annotations=[annotation(["unknown"], hands, 0)]))
    # One hand is there all the time, the other for a moment: one or two are right.
    assert cells(judge, "hand_count") == {("1", "1"): 1, ("2", "2"): 1, ("2", "3"): 1, ("1", "0"): 1}
    found = figures(judge)
    assert (found["environment_precision"], found["environment_recall"]) == (1, 0.25)


def test_people_without_hands_make_no_hand_count() -> None:
    truth = make_sidecar(seconds(20, lambda t: frame(t, bodies=[person(body())])), viewpoint="exo")
    judge = AnnotationJudge()
    judge.look(make_video(truth, annotations=[annotation(["home"], 2, 1)]))
    found = figures(judge)
    assert (found["hand_count_accuracy"], found["person_count_accuracy"]) == (None, 1)


def test_nothing_is_said_of_people_where_joints_are_not_known() -> None:
    frames = [item.model_copy(update={"camera": None}) for item in seconds(20, frame)]
    mirrored = make_sidecar(frames, viewpoint="exo", intrinsics=None)
    judge = AnnotationJudge()
    judge.look(make_video(mirrored, annotations=[annotation(["home"], 2, 1)]))
    found = figures(judge)
    assert (found["hand_count_accuracy"], found["person_count_accuracy"], found["environment_recall"]) == (None, None, 1)
    assert cells(judged(mirrored, caption("two people; both hands")), "people") == {}


def test_labels_speak_of_whole_videos() -> None:
    label = Label(uri="/v.mp4", environment="outdoor", people=2)
    clips = [{"unit_id": name, "start_s": start, "end_s": start + 2.0} for name, start in (("a", 0.0), ("b", 2.0))]
    rows = [{**annotation(["outdoor"], 0, 1), "unit_id": "a"}, {**annotation(["outdoor"], 3, 2), "unit_id": "b"}]
    judge = AnnotationJudge()
    judge.look(make_video(None, label=label, clips=clips, annotations=rows))
    found = figures(judge)
    assert (found["environment_recall"], found["person_count_accuracy"], found["hand_count_accuracy"]) == (1, 1, None)
