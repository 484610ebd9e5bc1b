from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from humannet_assets.perception.tracking import Detection, TrackerSettings, associate

SETTINGS = TrackerSettings(
    gate_sizes=0.7,
    gate_growth_sizes_s=14.0,
    gate_limit_sizes=3.0,
    max_gap_s=1.0,
    side_cost=1.0,
    scale_cost=1.0,
    velocity_memory=0.4,
    duplicate_sizes=0.4,
)
SIZE = 50.0
SHAPE = np.random.default_rng(3).normal(0, SIZE, (21, 2))


def hand(x: float, y: float, side: float = 0.0, score: float = 0.9, size: float = SIZE) -> Detection:
    position = np.array([x, y], float)
    return Detection(position, size, score, position + SHAPE * size / SIZE, side)


def positions(frames, tracks):
    return [[tuple(frames[f][i].position) for f, i in track] for track in tracks]


@given(st.integers(0, 10_000), st.integers(2, 4), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_identities_survive_any_order_of_detections(seed, count, shuffler):
    rng = np.random.default_rng(seed)
    starts = np.stack([np.arange(count) * 4 * SIZE, rng.uniform(0, 200, count)], axis=1)
    velocity = rng.uniform(-1, 1, (count, 2)) * SIZE * 2  # pixels per second, apart at all times over 1 s
    times = np.arange(11) / 10
    frames, truth = [], []
    for time in times:
        order = list(range(count))
        shuffler.shuffle(order)
        frames.append([hand(*(starts[i] + velocity[i] * time)) for i in order])
        truth.append(order)
    tracks = associate(frames, times.tolist(), SETTINGS)
    assert len(tracks) == count
    for track in tracks:
        assert len(track) == len(times)
        assert len({truth[frame][index] for frame, index in track}) == 1
    unshuffled = [[frame[order.index(i)] for i in range(count)] for frame, order in zip(frames, truth, strict=True)]
    again = associate(unshuffled, times.tolist(), SETTINGS)
    assert positions(frames, tracks) == positions(unshuffled, again)


def test_crossing_hands_keep_their_identity_by_motion_and_side():
    times = np.arange(13) / 10
    frames = [[hand(40 * k, 100, 0.8), hand(480 - 40 * k, 130, -0.8)] for k in range(13)]
    tracks = associate(frames, times.tolist(), SETTINGS)
    assert sorted({index for _, index in track} for track in tracks) == [{0}, {1}]
    # Motion alone is enough when the sides say nothing.
    blind = [[replace(detection, side=0.0) for detection in frame] for frame in frames]
    tracks = associate(blind, times.tolist(), SETTINGS)
    assert sorted({index for _, index in track} for track in tracks) == [{0}, {1}]


def test_a_lost_hand_is_not_continued_by_the_other_one():
    """Right hand hidden while the left is found again two palms away: seen on real egocentric footage."""
    frames = [[hand(100, 100, -0.5), hand(220, 100, 0.8)]] * 3 + [[hand(220, 100, 0.8)]] + [[hand(100, 100, -0.5)]]
    tracks = associate(frames, [0.1 * k for k in range(5)], SETTINGS)
    assert positions(frames, tracks) == [[(100, 100)] * 4, [(220, 100)] * 4]


def test_gaps_are_bridged_up_to_the_configured_time():
    seen = [[hand(100, 100)], [hand(100, 100)]]
    for missing, expected in ((8, 1), (12, 2)):
        frames = seen + [[]] * missing + seen
        times = [0.1 * k for k in range(len(frames))]
        assert len(associate(frames, times, SETTINGS)) == expected


def test_double_detections_are_suppressed_but_touching_hands_are_not():
    frames = [[hand(100, 100), hand(104, 100, score=0.5)]] * 4
    tracks = associate(frames, [0.0, 0.1, 0.2, 0.3], SETTINGS)
    assert [{index for _, index in track} for track in tracks] == [{0}]
    frames = [[hand(100, 100), hand(100 + 0.6 * SIZE, 100)]] * 4
    assert len(associate(frames, [0.0, 0.1, 0.2, 0.3], SETTINGS)) == 2


def test_a_jump_beyond_the_gate_starts_a_new_track():
    frames = [[hand(100, 100)], [hand(100, 100)], [hand(100 + 2.5 * SIZE, 100)]]
    assert len(associate(frames, [0.0, 0.1, 0.2], SETTINGS)) == 2


def test_no_frames_and_empty_frames_give_no_tracks():
    assert associate([], [], SETTINGS) == []
    assert associate([[], []], [0.0, 0.1], SETTINGS) == []
