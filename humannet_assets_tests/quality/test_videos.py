"""Cuts are matched by frame, duplicates by pairs."""

from __future__ import annotations

from typing import Any

from humannet_assets.quality.labels import Label
from humannet_assets.quality.metrics import MISSED, NOTHING
from humannet_assets.quality.videos import DuplicateJudge, ShotJudge
from humannet_assets_tests.quality.worlds import cells, figures, frame, seconds
from humannet_assets_tests.quality.worlds import sidecar as make_sidecar
from humannet_assets_tests.quality.worlds import video as make_video


def shots(*starts: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"start_frame": number, "start_kind": kind, "start_s": number / 10} for number, kind in ((0, "start"), *starts)]


def cut(label: Label, *starts: tuple[int, str], **extra: Any) -> ShotJudge:
    judge = ShotJudge()
    judge.look(make_video(make_sidecar(seconds(100, frame)), label=label, shots=shots(*starts), **extra))
    return judge


def test_cuts_and_fades() -> None:
    label = Label(uri="/v.mp4", cuts=(20, 40), fades=(60,))
    judge = cut(label, (21, "cut"), (58, "cut"), (80, "fade"))
    found = figures(judge)
    assert (found["hard_cut_precision"], found["hard_cut_recall"], found["hard_cut_f1"]) == (0.5, 0.5, 0.5)
    assert (found["fade_precision"], found["fade_recall"], found["fade_f1"]) == (0, 0, 0)
    # The fade at 60 was found, as a cut: the table shows it.
    assert cells(judge, "transition") == {
        ("cut", "cut"): 1, ("cut", MISSED): 1, ("fade", "cut"): 1, (NOTHING, "fade"): 1,
    }  # fmt: skip
    cases = {case.kind: case for case in judge.worst.chosen()}
    assert cases["missed_cut"].time_s == 4.0
    assert cases["false_fade"].time_s == 8.0


def test_videos_without_cuts_count_and_others_do_not() -> None:
    calm = cut(Label(uri="/v.mp4", cuts=(), fades=()))
    (measure, *_) = calm.measures()
    assert (measure.value, measure.items, measure.videos) == (None, 0, 1)
    for other in (cut(Label(uri="/v.mp4")), cut(Label(uri="/v.mp4", cuts=(3,)), is_duplicate=True)):
        assert other.measures()[0].videos == 0


def copies(*members: tuple[str, str | None, str]) -> DuplicateJudge:
    """Videos from (name, what they duplicate, cluster)."""
    judge = DuplicateJudge()
    for name, other, cluster in members:
        label = Label(uri=f"/{name}", duplicate_of=None if other is None else f"/{other}" if other else "")
        outcome = "kept" if cluster == name else "rejected"
        row = {"unit_id": name, "cluster_id": cluster, "outcome": outcome}
        judge.look(make_video(label=label, video_id=name, video_duplicates=[row]))
    return judge


def test_pairs() -> None:
    right = copies(("a", "", "a"), ("b", "a", "a"), ("c", "a", "a"), ("d", "", "d"))
    assert figures(right) == {"pair_f1": 1, "pair_precision": 1, "pair_recall": 1}
    assert cells(right, "pair") == {("same", "same"): 3}

    wrong = copies(("a", "", "a"), ("b", "a", "b"), ("c", "", "a"), ("d", None, "a"))
    assert figures(wrong) == {"pair_f1": 0, "pair_precision": 0, "pair_recall": 0}
    assert cells(wrong, "pair") == {("same", MISSED): 1, (NOTHING, "same"): 1}
    cases = {case.kind: case for case in wrong.worst.chosen()}
    assert cases["missed_pair"].beside == ("a", "b")
    assert cases["false_pair"].text == "false pair with /c"
