"""Filter and viewpoint are judged shot by shot where the truth knows shots, and by vote where a label speaks of the video."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.media.sidecar import FrameTruth, Sidecar
from humannet_assets.quality.clips import FilterJudge, ViewpointJudge, vote
from humannet_assets.quality.labels import Label
from humannet_assets_tests.quality.worlds import body, cells, clip_rows, figures, frame, hand, joints, person, seconds
from humannet_assets_tests.quality.worlds import sidecar as make_sidecar
from humannet_assets_tests.quality.worlds import video as make_video

SHOTS = [
    {"start_frame": 0, "end_frame": 20, "viewpoint": "ego"},
    {"start_frame": 20, "end_frame": 40, "viewpoint": "exo"},
    {"start_frame": 40, "end_frame": 60, "viewpoint": "none", "human_centric": False, "scene": "empty_room"},
]
SPANS = (("a", 0.0, 2.0), ("b", 1.8, 4.0), ("c", 4.0, 6.0))


def three_shots() -> Sidecar:
    wearer = seconds(20, lambda t: frame(t, hands={"right": joints(hand())}))
    others = [frame(2 + k / 10, bodies=[person(body())] if k < 20 else []) for k in range(40)]
    return make_sidecar([*wearer, *others], shots=SHOTS)


def clips(*outcomes: str) -> list[dict[str, Any]]:
    return clip_rows(*((*span, outcome) for span, outcome in zip(SPANS, outcomes, strict=True)))


def filtered(truth: Sidecar | None, *outcomes: str, **extra: Any) -> FilterJudge:
    judge = FilterJudge()
    judge.look(make_video(truth, clips=clips(*outcomes) if outcomes else [], **extra))
    return judge


def test_each_clip_is_judged_by_the_shot_most_of_it_lies_in() -> None:
    assert figures(filtered(three_shots(), "kept", "kept", "rejected")) == {"balanced_accuracy": 1, "precision": 1, "recall": 1}
    judge = filtered(three_shots(), "kept", "rejected", "kept")
    assert figures(judge) == {"balanced_accuracy": 0.25, "precision": 0.5, "recall": 0.5}
    assert cells(judge, "verdict") == {("kept", "kept"): 1, ("kept", "rejected: dull"): 1, ("rejected", "kept"): 1}
    assert {case.text for case in judge.worst.chosen()} == {
        "rejected (dull), should not be table",
        "kept, should not be empty_room",
    }


def test_labels_are_voted_on_by_seconds() -> None:
    label = Label(uri="/v.mp4", kept=True)
    judge = FilterJudge()
    judge.look(make_video(label=label, clips=clip_rows(("a", 0, 5, "kept"), ("b", 5, 7, "rejected"), ("c", 7, 9, "rejected"))))
    assert cells(judge, "verdict") == {("kept", "kept"): 1}
    assert vote([("a", 1.0), ("b", 0.6), ("b", 0.6)]) == "b"
    assert vote([]) is None


def test_useless_footage_of_people_should_be_rejected() -> None:
    blurred = Label(uri="/v.mp4", human_centric=True, kept=False)
    judge = filtered(three_shots(), "rejected", "rejected", "rejected", label=blurred)
    assert figures(judge)["balanced_accuracy"] == 1


@pytest.mark.parametrize(("outcome", "why"), [("rejected", "quarantined"), ("kept", "no clips")])
def test_videos_without_clips_are_one_item(outcome: str, why: str) -> None:
    judge = filtered(None, outcome=outcome, label=Label(uri="/v.mp4", kept=False))
    assert cells(judge, "verdict") == {("rejected", f"rejected: {why}"): 1}


def test_duplicates_and_unlabelled_videos_are_left_out() -> None:
    assert figures(filtered(three_shots(), "kept", "kept", "kept", is_duplicate=True))["precision"] is None
    assert figures(filtered(None, label=Label(uri="/v.mp4")))["recall"] is None


def test_third_person_clips_the_person_has_left_are_not_judged() -> None:
    truth = make_sidecar(seconds(40, lambda t: frame(t, bodies=[person(body())] if t < 2 else [])), viewpoint="exo")
    judge = FilterJudge()
    judge.look(make_video(truth, clips=clip_rows(("a", 0, 2, "kept"), ("b", 2, 4, "rejected"))))
    assert cells(judge, "verdict") == {("kept", "kept"): 1}


@pytest.mark.parametrize(("turn_deg_s", "judged"), [(0.0, False), (20.0, True)])
def test_a_wearer_without_hands_is_judged_where_the_camera_moves(turn_deg_s: float, judged: bool) -> None:
    def show(time_s: float) -> FrameTruth:
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_euler("y", turn_deg_s * time_s, degrees=True).as_matrix()
        return frame(time_s, camera=pose)

    judge = FilterJudge()
    judge.look(make_video(make_sidecar(seconds(20, show)), clips=clip_rows(("a", 0, 2, "rejected"))))
    assert cells(judge, "verdict") == ({("kept", "rejected: dull"): 1} if judged else {})


def test_mirrored_footage_is_judged_although_its_joints_are_not_known() -> None:
    mirrored = make_sidecar(
        [item.model_copy(update={"camera": None}) for item in seconds(20, frame)], viewpoint="exo", intrinsics=None
    )
    judge = FilterJudge()
    judge.look(make_video(mirrored, clips=clip_rows(("a", 0, 2, "rejected"))))
    assert cells(judge, "verdict") == {("kept", "rejected: dull"): 1}


def viewed(truth: Sidecar | None, *views: str, label: Label | None = None) -> ViewpointJudge:
    rows = [{"unit_id": name, "viewpoint": view} for (name, *_), view in zip(SPANS, views, strict=True)]
    judge = ViewpointJudge()
    judge.look(make_video(truth, label=label, clips=clips("kept", "kept", "kept"), viewpoints=rows))
    return judge


def test_viewpoints_by_shot() -> None:
    judge = viewed(three_shots(), "ego", "unclear", "exo")
    assert cells(judge, "viewpoint") == {("ego", "ego"): 1, ("exo", "unclear"): 1}
    assert figures(judge)["balanced_accuracy"] == 0.5
    assert [case.kind for case in judge.worst.chosen()] == ["exo_as_unclear"]


def test_viewpoints_by_vote() -> None:
    judge = viewed(None, "exo", "ego", "exo", label=Label(uri="/v.mp4", viewpoint="exo"))
    assert cells(judge, "viewpoint") == {("exo", "exo"): 1}
    assert figures(viewed(None, "ego", "ego", "ego", label=Label(uri="/v.mp4", viewpoint="none")))["balanced_accuracy"] is None
