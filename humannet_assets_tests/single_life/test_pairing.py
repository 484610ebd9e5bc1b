"""Pairs: what each kind promises, and that footage which comes or goes changes no other pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humannet_assets.single_life.draws import key_of, uniform
from humannet_assets.single_life.pairing import Change, Frames, NoPairsError, PointSets, grid_s, random_pairs, temporal_pairs
from humannet_assets.single_life.settings import PairConfig, SplitConfig
from humannet_assets.single_life.splits import HELD_OUT, NEITHER, TRAIN, held_out_s, split_of
from humannet_assets_tests.single_life.footage import Video, pairs_of

LIGHT = {"rate_hz": 2.0, "pairs_per_second": 2.0, "temporal_gap_s": (0.5, 5.0)}

footage = st.lists(
    st.tuples(st.floats(3, 60), st.sampled_from(["corridor", "yard", None]), st.booleans()), min_size=1, max_size=6
).map(
    lambda drawn: [
        Video(f"v{index}", seconds=seconds, arrival=index // 2, world=world, cuts=(1.5,) if cut else ())
        for index, (seconds, world, cut) in enumerate(drawn)
    ]
)


@settings(max_examples=25, deadline=None)
@given(footage, st.data())
def test_footage_that_arrives_later_changes_no_pair(videos: list[Video], data: st.DataObject) -> None:
    """The pairs of the first videos are among those of all, row by row; the others have new targets."""
    count = data.draw(st.integers(1, len(videos)))
    before, after = pairs_of(videos[:count], **LIGHT), pairs_of(videos, **LIGHT)
    assert before == {pair_id: after[pair_id] for pair_id in before}
    old = {video.video_id for video in videos[:count]}
    assert all(row["video_id"] not in old for pair_id, row in after.items() if pair_id not in before)


@settings(max_examples=25, deadline=None)
@given(footage, st.data())
def test_a_takedown_costs_only_its_own_pairs(videos: list[Video], data: st.DataObject) -> None:
    """Every pair without the video stays; no pair names it."""
    gone = data.draw(st.sampled_from(videos))
    before, after = pairs_of(videos, **LIGHT), pairs_of([video for video in videos if video != gone], **LIGHT)
    named = {gone.video_id}
    assert all(not named & {row["video_id"], row["reference_video_id"]} for row in after.values())
    untouched = {key: row for key, row in before.items() if not named & {row["video_id"], row["reference_video_id"]}}
    # A spatial target that had candidates to spare takes the next one; every other pair is as it was.
    assert {key: after.get(key) for key in untouched} == untouched


@settings(max_examples=25, deadline=None)
@given(footage)
def test_what_every_pair_promises(videos: list[Video]) -> None:
    """Gap, shot, split, covisibility and clock of each kind."""
    lengths = {video.video_id: video for video in videos}
    order = [video.video_id for video in videos]
    split = SplitConfig(block_s=10, held_out_share=0.3)
    for row in pairs_of(videos, **LIGHT).values():
        target, reference = lengths[row["video_id"]], lengths[row["reference_video_id"]]
        sides = [
            int(split_of(video.video_id, [time_s], video.seconds, split)[0])
            for video, time_s in ((target, row["target_s"]), (reference, row["reference_s"]))
        ]
        assert sides == [HELD_OUT if row["split"] == "held_out" else TRAIN] * 2
        assert row["reference_s"] < reference.seconds
        assert order.index(reference.video_id) <= order.index(target.video_id)
        same = target == reference
        assert (row["gap_s"] is None) != same
        assert (row["covisibility"] is not None) == (row["pairing"] == "spatial")
        if row["pairing"] == "temporal":
            assert 0.5 <= row["gap_s"] <= 5
            assert all((row["target_s"] < cut) == (row["reference_s"] < cut) for cut in target.cuts)
        elif row["pairing"] == "spatial":
            assert 0.33 <= row["covisibility"] <= 0.9
            assert target.world == reference.world
            assert not same or row["gap_s"] >= 2
        elif row["pairing"] == "augmented":
            assert (same, row["gap_s"]) == (True, 0)
            assert row["crop_scale_min"] == pytest.approx(0.45)
        else:
            assert not same or row["gap_s"] > 0


def _frames(video_id: str, seconds: float, rate_hz: float = 5.0) -> Frames:
    times = grid_s(seconds, rate_hz)
    return Frames(video_id, times, np.zeros(len(times), np.int8))


def _change(seconds: float, content: float) -> Change:
    times = np.arange(0, seconds, 1 / 15)
    return Change(times, np.full(len(times), content))


def test_gaps_are_log_uniform() -> None:
    """In an hour without cuts as many gaps lie in each octave, both ways."""
    found = temporal_pairs(
        _frames("a", 3600), 3600, [(0, 3600)], _change(3600, 5), PairConfig(temporal_gap_s=(0.4, 6.4), rate_hz=5)
    )
    octaves = np.histogram(found.gap_s, bins=[0.3, 0.9, 1.7, 3.3, 6.5])[0] / len(found.gap_s)
    # Edges of the octaves .4-.8-1.6-3.2-6.4 as they fall on a grid of 0.2 s.
    np.testing.assert_allclose(octaves, np.diff(np.log2([0.4, 0.9, 1.7, 3.3, 6.4])) / 4, atol=0.02)
    assert np.mean(found.target_s < found.reference_s) == pytest.approx(0.5, abs=0.02)


def test_why_there_are_no_pairs() -> None:
    """A life too short, a picture that stands still, and shots shorter than any gap each say so."""
    config = PairConfig()
    with pytest.raises(NoPairsError, match="too_short"):
        temporal_pairs(_frames("a", 0.1), 0.1, [(0, 0.1)], _change(0.1, 5), config)
    with pytest.raises(NoPairsError, match="no_motion") as still:
        temporal_pairs(_frames("a", 30), 30, [(0, 30)], _change(30, 0.1), config)
    assert still.value.evidence["motion_floor"] == config.motion_floor
    shots = [(start, start + 0.1) for start in np.arange(0, 30, 0.1)]
    with pytest.raises(NoPairsError, match="too_short"):
        temporal_pairs(_frames("a", 30), 30, shots, _change(30, 5), config)
    with pytest.raises(NoPairsError, match="too_short"):
        random_pairs(_frames("a", 0.1), 0.1, [], config)


def test_random_references_are_uniform_over_the_life() -> None:
    """A video three times as long is drawn three times as often, and frames within it evenly."""
    found = random_pairs(_frames("a", 600), 600, [_frames("b", 1800), _frames("c", 600)], PairConfig())
    np.testing.assert_allclose(np.bincount(found.reference) / len(found.reference), [0.2, 0.6, 0.2], atol=0.03)
    inside = found.reference_s[found.reference == 1]
    np.testing.assert_allclose(np.histogram(inside, bins=4, range=(0, 1800))[0] / len(inside), 0.25, atol=0.04)


def test_blocks_are_held_out_by_hash_and_guarded() -> None:
    """About the share asked for; frames near the other split are in neither."""
    config = SplitConfig(block_s=60, held_out_share=0.25, guard_s=1)
    times = np.arange(0, 60_000, 0.5)
    split = split_of("video", times, 60_000, config)
    assert np.mean(split == HELD_OUT) == pytest.approx(0.25, abs=0.03)
    assert held_out_s("video", 60_000, config) == pytest.approx(60_000 * 0.25, rel=0.1)
    held, train = times[split == HELD_OUT], times[split == TRAIN]
    nearest = np.abs(held - train[np.clip(np.searchsorted(train, held), 0, len(train) - 1)])
    assert nearest.min() >= 2
    assert 0 < np.mean(split == NEITHER) < 0.03
    # Longer footage moves no block.
    np.testing.assert_array_equal(split[:2000], split_of("video", times[:2000], 1000, config)[:2000])


def test_covisibility_is_the_jaccard_index() -> None:
    """Against sets of Python."""
    rng = np.random.default_rng(1)
    points = [np.unique(rng.integers(0, 40, rng.integers(1, 30))) for _ in range(12)]
    first, second, share = PointSets(points).covisibilities(np.arange(5), np.arange(3, 12), 0.2, 0.8)
    expected = {
        (a, b): len(set(points[a]) & set(points[b])) / len(set(points[a]) | set(points[b]))
        for a in range(5)
        for b in range(3, 12)
    }
    found = dict(zip(zip(first.tolist(), second.tolist(), strict=True), share, strict=True))
    assert found == pytest.approx({key: value for key, value in expected.items() if 0.2 <= value <= 0.8})
    assert len(found) > 5


def test_draws_follow_from_their_names_alone() -> None:
    """Any element without the others, evenly, and fixed for all time: stored pairs depend on these numbers."""
    key = key_of("temporal", 0, "video")
    many = uniform(key, np.arange(100_000))
    assert many[7] == uniform(key, 7)
    np.testing.assert_allclose(np.histogram(many, bins=10, range=(0, 1))[0] / len(many), 0.1, atol=0.005)
    assert abs(np.corrcoef(many, uniform(key_of("temporal", 1, "video"), np.arange(100_000)))[0, 1]) < 0.02
    assert abs(np.corrcoef(many[1:], many[:-1])[0, 1]) < 0.02
    assert hex(int(key_of("a", 1))) == "0xbe70d321a4119e83"


@pytest.mark.parametrize(
    ("values", "fix"),
    [
        ({"temporal_gap_s": (5.0, 0.2)}, "two ascending numbers"),
        ({"covisibility": (0.3, 1.2)}, "between 0 and 1"),
        ({"temporal_gap_s": (0.05, 0.1)}, "raise rate_hz"),
    ],
)
def test_configuration_errors_say_what_to_do(values: dict[str, tuple[float, float]], fix: str) -> None:
    """Before any work."""
    with pytest.raises(ValueError, match=fix):
        PairConfig(**values)  # type: ignore[arg-type]
