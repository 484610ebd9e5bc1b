"""Measures are right on cases worked out by hand, and their intervals draw whole videos."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.quality.metrics import (
    MISSED,
    NOTHING,
    Errors,
    Matches,
    Tally,
    accuracy,
    balanced_accuracy,
    exact_precision,
    exact_recall,
    match_events,
)


def tally(*pairs: tuple[str, str], video: str = "v") -> Tally:
    made = Tally()
    for truth, found in pairs:
        made.add(video, truth, found)
    return made


def test_measures_by_hand() -> None:
    views = tally(("ego", "ego"), ("ego", "exo"), ("exo", "exo"), ("exo", "exo"))
    assert views.measure("b", balanced_accuracy).value == pytest.approx(0.75)
    assert views.measure("a", accuracy).value == pytest.approx(0.75)
    assert Tally().measure("b", balanced_accuracy).value is None

    hands = tally(("left", "left"), ("left", "right"), ("right", MISSED), (NOTHING, "left"), (NOTHING, "left"))
    rates = {measure.name: measure.value for measure in hands.rates({"left", "right"}, names=("precision", "recall", "f1"))}
    assert rates == {"precision": pytest.approx(2 / 4), "recall": pytest.approx(2 / 3), "f1": pytest.approx(4 / 7)}
    assert hands.among({"left", "right"}).measure("side", accuracy).value == pytest.approx(1 / 2)
    assert tally((NOTHING, "left")).rates({"left"})[1].value is None

    people = tally(("1", "1"), ("2", "1"), ("1", "unsaid"), ("0", "0"), ("0", "1"))
    assert people.measure("p", exact_precision({"unsaid"})).value == pytest.approx(2 / 4)
    assert people.measure("r", exact_recall({"0"})).value == pytest.approx(1 / 3)
    assert people.renamed({"unsaid": "1"}).measure("r", exact_recall({"0"})).value == pytest.approx(2 / 3)


def test_intervals_draw_videos_not_items() -> None:
    alike, mixed = Tally(), Tally()
    for index in range(10):
        for item in range(100):
            alike.add(f"v{index}", "ego", "ego" if index < 5 else "exo")
            mixed.add(f"v{index}", "ego", "ego" if item < 50 else "exo")
    wide, narrow = (made.measure("a", accuracy) for made in (alike, mixed))
    assert wide.value == narrow.value == 0.5
    assert (narrow.low, narrow.high) == (0.5, 0.5)
    assert wide.low is not None
    assert wide.high is not None
    assert wide.low < 0.3
    assert wide.high > 0.7
    assert (wide.items, wide.videos) == (1000, 10)


def test_intervals_are_seeded_and_need_two_videos() -> None:
    def make() -> Tally:
        made = Tally()
        for index in range(12):
            made.add(f"v{index}", "ego", "ego" if index % 3 else "exo")
        return made

    first, second = (make().measure("a", accuracy) for _ in range(2))
    assert first == second
    assert first.low is not None
    assert first.high is not None
    assert first.value is not None
    assert first.low < first.value < first.high
    alone = tally(("ego", "ego"), ("ego", "exo")).measure("a", accuracy)
    assert (alone.value, alone.low, alone.high) == (0.5, None, None)


def test_a_video_without_events_is_drawn_too() -> None:
    made = tally(("cut", "cut"))
    made.add("w", "cut", "cut", 0)
    (measure,) = made.rates({"cut"}, names=("f1",))
    assert (measure.value, measure.items, measure.videos) == (1.0, 1, 2)


def test_quantiles_and_their_intervals() -> None:
    errors = Errors()
    for index in range(20):
        errors.add(f"v{index}", np.linspace(index, index + 1, 500))
    errors.add("v0", [float("nan"), float("inf")])
    median, p90 = errors.quantile("m", 0.5, "px"), errors.quantile("p", 0.9, "px")
    assert median.value == pytest.approx(10, abs=0.02)
    assert p90.value == pytest.approx(18, abs=0.02)
    assert median.items == 10_000
    assert median.low is not None
    assert median.high is not None
    # Half of twenty videos, drawn anew: the median moves by a few of them either way.
    assert 4 < median.low < 8
    assert 12 < median.high < 16
    assert Errors().quantile("m", 0.5, "px").value is None


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_quantile_lies_among_its_values(values: list[float], share: float) -> None:
    errors = Errors()
    for index, value in enumerate(values):
        errors.add(f"v{index % 7}", value)
    measure = errors.quantile("q", share, "px")
    assert measure.value == pytest.approx(float(np.quantile(values, share)))
    if measure.low is not None and measure.high is not None:
        assert min(values) <= measure.low <= measure.high <= max(values)


def test_events_match_one_to_one() -> None:
    matches = match_events([10, 20, 30], [11, 19, 40], 2)
    assert matches == Matches(pairs=((0, 0), (1, 1)), missed=(2,), extra=(2,))
    assert match_events([1.0, 1.2], [1.1], 0.5).missed == (1,)


@given(st.lists(st.integers(0, 500), unique=True).map(sorted), st.integers(0, 3))
def test_events_match_themselves_and_never_more_than_there_are(events: list[int], tolerance: int) -> None:
    assert len(match_events(events, events, tolerance).pairs) == len(events)
    assert len(match_events(events, [event + tolerance for event in events], tolerance).pairs) == len(events)
    assert match_events(events, [], tolerance).missed == tuple(range(len(events)))
