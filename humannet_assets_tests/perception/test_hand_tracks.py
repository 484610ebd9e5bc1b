from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from humannet_assets.media.frames import Frame
from humannet_assets.perception.detectors import Hand, box_of
from humannet_assets.perception.hand_assembly import build_hand_tracks
from humannet_assets.perception.hand_tracks import HandTracksConfig, HandTracksStep
from humannet_assets.perception.pinhole import Pinhole, palm_size
from humannet_assets.store.step import Media, Outcome, Unit, validate_row
from humannet_assets.store.tables import FILTERED_CLIPS, HAND_TRACKS
from humannet_assets_tests.perception.test_pinhole import flat_hand

CAMERA = Pinhole.assumed(640, 480)
CONFIG = HandTracksConfig(palm_size_m=float(palm_size(flat_hand())))
PER_FRAME = [column.name for column in HAND_TRACKS.columns if not column.in_sql]


def seen_at(x: float, y: float, depth: float, side: str = "right", score: float = 0.9) -> Hand:
    """A hand whose wrist is at that point of the camera frame, metres."""
    world = flat_hand() * (1 if side == "right" else -1, 1, 1)
    pixels = CAMERA.project(world - world[0] + (x, y, depth)).astype(np.float32)
    return Hand(pixels, np.zeros(21, np.float32), world.astype(np.float32), side, score, box_of(pixels))


def build(frames, config=CONFIG):
    rows, dropped = build_hand_tracks("clip", frames, [0.1 * k for k in range(len(frames))], CAMERA, config)
    for row in rows:
        validate_row(HAND_TRACKS, row)
        assert {column.name for column in HAND_TRACKS.columns} == set(row)
        assert {len(row[name]) for name in PER_FRAME} == {row["frame_count"]}
        assert all(np.isfinite(row[name]).all() for name in PER_FRAME)
        assert 0 < row["valid_frames"] <= row["frame_count"]
        assert row["coverage"] == pytest.approx(row["valid_frames"] / len(frames))
    return rows, dropped


def test_two_hands_become_a_left_and_a_right_track_in_metres():
    frames = [[seen_at(0.1, 0.1, 0.5), seen_at(-0.15 + 0.01 * k, 0.1, 0.6, "left")] for k in range(20)]
    rows, _ = build(frames)
    assert sorted(row["side"] for row in rows) == ["left", "right"]
    left, right = sorted(rows, key=lambda row: row["side"])
    assert np.allclose(right["wrist_position_m"], [0.1, 0.1, 0.5], atol=2e-3)
    assert left["wrist_speed_mean"] == pytest.approx(0.1, rel=0.1)
    assert right["wrist_speed_mean"] < 0.01
    assert left["coverage"] == right["coverage"] == 1


def test_the_depth_follows_from_the_palm_size_asked_for_and_not_from_the_size_the_model_thinks_of():
    hands = [seen_at(0.1, 0.1, 0.5) for _ in range(15)]
    thought = [replace(hand, world_m=hand.world_m * (1.2 + 0.02 * k)) for k, hand in enumerate(hands)]
    (row,), _ = build([[hand] for hand in thought])
    assert np.allclose(row["wrist_position_m"], [0.1, 0.1, 0.5], atol=2e-3)
    assert np.allclose(palm_size(np.reshape(row["landmarks_world_m"], (-1, 21, 3))), CONFIG.palm_size_m, rtol=1e-3)
    (child,), _ = build([[hand] for hand in thought], HandTracksConfig(palm_size_m=CONFIG.palm_size_m / 2))
    assert np.allclose(child["wrist_position_m"], [0.05, 0.05, 0.25], atol=2e-3)


def test_the_side_is_decided_by_the_whole_track():
    frames = [
        [seen_at(0.1, 0.1, 0.5, "left" if k in (3, 4, 9) else "right", 0.7 if k in (3, 4, 9) else 0.95)] for k in range(15)
    ]
    rows, _ = build(frames)
    assert [row["side"] for row in rows] == ["right"]
    assert 0.8 < rows[0]["side_confidence"] < 1


def test_of_two_hands_on_one_side_the_doubtful_one_takes_the_other():
    def frames(doubtful: float):
        return [
            [seen_at(0.15, 0.1, 0.5, "right", 0.95), seen_at(-0.15, 0.1, 0.5, "right" if k % 3 else "left", doubtful)]
            for k in range(15)
        ]

    assert sorted(row["side"] for row in build(frames(0.7))[0]) == ["left", "right"]
    sure = [[seen_at(0.15, 0.1, 0.5), seen_at(-0.15, 0.1, 0.5)] for _ in range(15)]  # two people's right hands
    assert [row["side"] for row in build(sure)[0]] == ["right", "right"]


def test_gaps_are_interpolated_and_marked():
    frames = [[seen_at(0.02 * k, 0.1, 0.5)] if k not in (5, 6, 7) else [] for k in range(15)]
    (row,), _ = build(frames)
    assert [k for k, seen in enumerate(row["observed"]) if not seen] == [5, 6, 7]
    assert [row["frame_confidence"][k] for k in (5, 6, 7)] == [0, 0, 0]
    assert np.allclose(np.array(row["wrist_position_m"])[:, 0], 0.02 * np.arange(15), atol=3e-3)


def test_an_outlier_is_replaced():
    frames = [[seen_at(0.1, 0.1, 0.5)] for _ in range(15)]
    frames[7] = [seen_at(0.1, 0.1, 0.9)]  # a wrong size puts the hand 40 cm away for one frame
    frames[7][0].world_m[:] = frames[6][0].world_m
    (row,), _ = build(frames)
    assert not row["observed"][7]
    assert np.allclose(row["wrist_position_m"], [0.1, 0.1, 0.5], atol=5e-3)


def test_short_and_unsure_tracks_are_dropped_and_counted():
    short = [[seen_at(0.1, 0.1, 0.5)]] * 3 + [[]] * 12
    assert build(short) == ([], {"tracks_too_short": 1, "tracks_unsure": 0})
    unsure = [[seen_at(0.1, 0.1, 0.5, score=0.35)]] * 15
    assert build(unsure) == ([], {"tracks_too_short": 0, "tracks_unsure": 1})


def test_degenerate_hands_give_valid_rows_or_none():
    assert build([])[0] == []
    assert build([[seen_at(0.1, 0.1, 0.5)]], HandTracksConfig(min_track_s=0))[0][0]["frame_count"] == 1
    broken = seen_at(0.1, 0.1, 0.5)
    broken.landmarks_px[:] = np.nan
    build([[broken]] * 15)
    build([[seen_at(0.1, 0.1, 0.5)] if k % 4 else [broken] for k in range(15)])
    point = seen_at(0.1, 0.1, 0.5)
    point.world_m[:] = 0
    build([[point]] * 15)
    leaving = [[seen_at(0.05 * k, 0.1, 0.5)] for k in range(20)]  # ends far outside the picture
    assert len(build(leaving)[0]) == 1


def test_ids_are_stable_and_distinct():
    frames = [[seen_at(0.15, 0.1, 0.5), seen_at(-0.15, 0.1, 0.5)] for _ in range(10)]
    first, again = build(frames)[0], build([frame[::-1] for frame in frames])[0]
    assert [row["track_id"] for row in first] == [row["track_id"] for row in again]
    assert len({row["track_id"] for row in first}) == 2


def test_a_black_clip_is_kept_without_rows():
    unit = Unit("clip", "video", "2026-01-01", {})
    consumer = HandTracksStep(CONFIG).open(unit)
    for k in range(3):
        consumer.push(Frame(k, k / 10, np.zeros((120, 160, 3), np.uint8)))
    outcome = consumer.finish()
    assert (outcome.status, list(outcome.rows), outcome.evidence["frames"], outcome.evidence["hands"]) == ("kept", [], 3, 0)


def track_clip(video: Path, start_s: float, end_s: float) -> Outcome:
    unit = Unit(
        "clip",
        "video",
        "2026-01-01",
        {FILTERED_CLIPS.name: [{"row_id": "clip", "start_s": start_s, "end_s": end_s}]},
        Media("video", str(video), str(video)),
    )
    (outcome,) = HandTracksStep(CONFIG).process([unit])
    assert outcome.status == "kept", outcome.error_message
    for row in outcome.rows:
        validate_row(HAND_TRACKS, row)
        assert start_s - 0.05 <= row["start_s"] < row["end_s"] <= end_s + 0.05
    return outcome


@pytest.mark.parametrize(
    ("name", "start_s"),
    [("ego_hands_holoassist_z140-aug-16-22-gopro.mp4", 0.6), ("ego_hands_holoassist_z176-sep-05-22-switch.mp4", 3.0)],
)
def test_a_wearer_has_one_left_and_one_right_hand(media_dir, name, start_s):
    rows = track_clip(media_dir / "videos" / name, start_s, start_s + 2.8).rows
    assert sorted(row["side"] for row in rows) == ["left", "right"]
    left, right = sorted(rows, key=lambda row: row["side"])
    assert min(left["coverage"], right["coverage"]) >= 0.6
    # The wearer's left hand is left of the right one, at arm's length.
    assert np.mean([p[0] for p in left["wrist_position_m"]]) < np.mean([p[0] for p in right["wrist_position_m"]])
    for row in rows:
        depth = np.array(row["wrist_position_m"])[:, 2]
        assert 0.2 < depth.min() < depth.max() < 1.0


def test_a_signing_man_has_two_hands(media_dir):
    rows = track_clip(media_dir / "videos" / "exo_asl_thanks.mkv", 0.0, 1.7).rows
    assert sorted(row["side"] for row in rows) == ["left", "right"]
    left, right = sorted(rows, key=lambda row: row["side"])
    assert left["wrist_speed_mean"] < 0.05 < right["wrist_speed_mean"]  # the left one rests
    # Facing us, his left hand is on the right of the picture.
    assert np.mean([p[0] for p in left["landmarks_px"]]) > np.mean([p[0] for p in right["landmarks_px"]])
