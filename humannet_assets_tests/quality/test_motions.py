"""The judge of motion descriptions on hands that move in a known direction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from humannet_assets.media.sidecar import FrameTruth, Segment, Sidecar
from humannet_assets.quality.metrics import MISSED
from humannet_assets.quality.motions import MotionJudge, is_right, main_way
from humannet_assets_tests.quality.worlds import cells, figures, frame, hand, joints, seconds
from humannet_assets_tests.quality.worlds import sidecar as make_sidecar
from humannet_assets_tests.quality.worlds import video as make_video


def world(closes: bool = False, way_m: float = 0.2) -> Sidecar:
    """A right hand that moves 20 cm to the right from 1 to 2 s and rests before and after."""

    def show(time_s: float) -> FrameTruth:
        done = min(max(time_s - 1.0, 0.0), 1.0)
        return frame(time_s, hands={"right": joints(hand(way_m * done, gap_m=0.08 - 0.06 * done * closes))})

    segment = Segment(actor="right_hand", start_s=1.0, end_s=2.0, text="moves", verb="move", object="cup")
    return make_sidecar(seconds(40, show), segments=[segment])


def told(direction: str, start_s: float = 1.0, end_s: float = 2.0, grip: str | None = None, **extra: Any) -> dict[str, Any]:
    row = {"actor": "right_hand", "start_s": start_s, "end_s": end_s, "direction": direction, "grip": grip, "text": direction}
    return row | extra


def judged(truth: Sidecar, *rows: dict[str, Any]) -> MotionJudge:
    judge = MotionJudge()
    judge.look(make_video(truth, motion_descriptions=list(rows)))
    return judge


@pytest.mark.parametrize(
    ("claimed", "move", "right"),
    [
        ("right", (0.2, 0, 0), True),
        ("right", (0.2, 0.3, 0), True),
        ("right", (0.1, 0.3, 0), False),
        ("left", (0.2, 0, 0), False),
        ("up", (0, -0.2, 0), True),
        ("towards", (0, 0, -0.2), True),
        ("right", (0.01, 0, 0), False),
        ("still", (0.05, 0, 0), True),
        ("still", (0.2, 0, 0), False),
    ],
)
def test_directions(claimed: str, move: tuple[float, float, float], right: bool) -> None:
    assert is_right(claimed, np.array(move), 0.08) is right


def test_main_direction() -> None:
    assert main_way(np.array((0.1, -0.3, 0.2)), 0.08) == "up"
    assert main_way(np.array((0.01, 0, 0)), 0.08) == "still"


def test_directions_and_rest() -> None:
    judge = judged(world(), told("right"), told("still", 2.0, 3.0), told("back_and_forth"))
    found = figures(judge)
    assert [found[name] for name in ("direction_precision", "direction_recall", "still_precision")] == [1, 1, 1]
    wrong = judged(world(), told("up"), told("still", 0.5, 2.5))
    found = figures(wrong)
    assert [found[name] for name in ("direction_precision", "direction_recall", "still_precision")] == [0, 0, 0]
    assert cells(wrong, "direction") == {("right", "up"): 1, ("right", "still"): 1}
    assert wrong.worst.chosen()[0].text == "up; truly right by 20 cm"


def test_an_action_nobody_tells_of_is_missed() -> None:
    assert cells(judged(world(), told("right", 0.0, 1.2)), "action") == {("move", MISSED): 1}
    assert cells(judged(world(), {"marker": True}), "action") == {("move", MISSED): 1}
    assert figures(judged(world()))["direction_recall"] is None
    assert figures(judged(world(way_m=0.05), {"marker": True}))["direction_recall"] is None, "too short to have a direction"


def test_grips() -> None:
    closing = figures(judged(world(closes=True), told("right", grip="closes"), told("still", 2.5, 3.0, grip="opens")))
    assert (closing["grip_precision"], closing["grip_recall"]) == (0.5, 1)
    unsaid = figures(judged(world(closes=True), told("right")))
    assert (unsaid["grip_precision"], unsaid["grip_recall"]) == (None, 0)


def test_what_cannot_be_compared_is_not_judged() -> None:
    other = judged(world(), told("right", actor="left_hand"))
    assert figures(other)["direction_precision"] is None
    assert figures(judged(world(), told("right", 3.5, 6.0)))["direction_precision"] is None
