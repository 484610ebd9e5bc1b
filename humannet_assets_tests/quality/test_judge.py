"""Of all mistakes the worst few of each kind are kept, one per video, and only they are drawn."""

from __future__ import annotations

import pytest

from humannet_assets.figures.comparisons import Drawing
from humannet_assets.quality.judge import MOST_CASES, LabelledVideo, WorstCases
from humannet_assets.store.tables import HAND_TRACKS
from humannet_assets_tests.quality.worlds import clip_rows
from humannet_assets_tests.quality.worlds import video as make_video


def named(name: str) -> LabelledVideo:
    return make_video(video_id=name)


def test_the_worst_of_each_video_is_kept_and_others_are_not_drawn() -> None:
    worst, drawn = WorstCases("s"), []

    def draw(score: float) -> Drawing:
        drawn.append(score)
        return Drawing()

    for score in (3.0, 1.0, 5.0, 5.0, 4.0):
        worst.offer("missed", score, named("a"), score, f"at {score}", lambda score=score: draw(score))
    (case,) = worst.chosen()
    assert (case.score, case.time_s, case.text) == (5.0, 5.0, "at 5.0")
    assert drawn == [3.0, 5.0]


def test_few_of_each_kind_in_turn() -> None:
    worst = WorstCases("s")
    for index in range(3 * MOST_CASES):
        worst.offer("ghost", float(index), named(f"v{index}"), 0.0, "ghost")
    worst.offer("missed", 0.5, named("m"), 0.0, "missed")
    worst.offer("missed", 0.5, named("n"), 0.0, "missed")
    chosen = worst.chosen()
    assert len(chosen) == MOST_CASES
    assert [case.kind for case in chosen] == ["ghost", "missed", "ghost", "missed", *["ghost"] * (MOST_CASES - 4)]
    assert [case.video_id for case in chosen if case.kind == "missed"] == ["m", "n"]
    scores = [case.score for case in chosen if case.kind == "ghost"]
    assert scores == [float(3 * MOST_CASES - 1 - rank) for rank in range(MOST_CASES - 2)]


def test_equal_cases_keep_their_order() -> None:
    worst = WorstCases("s")
    for index in range(2 * MOST_CASES):
        worst.offer("kind", 1.0, named(f"v{index:02}"), 0.0, "text")
    assert [case.video_id for case in worst.chosen()] == [f"v{index:02}" for index in range(MOST_CASES)]


@pytest.mark.parametrize("markers", [False, True])
def test_rows_of_units_that_gave_none(markers: bool) -> None:
    video = make_video(clips=clip_rows(("a", 0, 1, "kept"), ("b", 1, 2, "rejected")), hand_tracks=[{"marker": True}])
    assert video.table(HAND_TRACKS, markers=markers).height == int(markers)
    assert [clip.clip_id for clip in video.clips()] == ["a"]
    assert [clip.outcome for clip in video.clips(kept=False)] == ["kept", "rejected"]
