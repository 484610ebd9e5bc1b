import numpy as np
import pytest

from humannet_assets.media.frames import Frame
from humannet_assets.perception.body_tracks import BodyTracksConfig, BodyTracksStep, build_body_tracks, limb_speeds
from humannet_assets.perception.detectors import Body, box_of
from humannet_assets.store.step import Media, Unit, validate_row
from humannet_assets.store.tables import BODY_TRACKS, FILTERED_CLIPS

CONFIG = BodyTracksConfig()
PER_FRAME = [column.name for column in BODY_TRACKS.columns if not column.in_sql]


def standing(x_px: float, scale_px: float = 300.0, visibility: float = 0.9, arm_m: float = 0.0) -> Body:
    """A person 1.7 m tall and `scale_px` tall in the picture; `arm_m` lifts the left wrist."""
    world = np.zeros((33, 3))
    world[:11] = (0, -0.75, 0)
    for left, right, y, half in ((11, 12, -0.49, 0.18), (13, 14, -0.2, 0.22), (15, 16, 0.05, 0.24), (23, 24, 0.0, 0.1),
                                 (25, 26, 0.42, 0.1), (27, 28, 0.82, 0.1)):  # fmt: skip
        world[left], world[right] = (half, y, 0), (-half, y, 0)
    world[15, 1] -= arm_m
    pixels = (world[:, :2] * scale_px / 1.7 + (x_px, 240)).astype(np.float32)
    return Body(pixels, world.astype(np.float32), np.full(33, visibility, np.float32), visibility, box_of(pixels))


def build(frames, config=CONFIG):
    rows, dropped = build_body_tracks("clip", frames, [0.1 * k for k in range(len(frames))], (640, 480), config)
    for row in rows:
        validate_row(BODY_TRACKS, row)
        assert {column.name for column in BODY_TRACKS.columns} == set(row)
        assert {len(row[name]) for name in PER_FRAME} == {row["frame_count"]}
        assert all(np.isfinite(row[name]).all() for name in PER_FRAME)
    assert sum(row["is_main"] for row in rows) == min(1, len(rows))
    return rows, dropped


def test_the_larger_of_two_people_is_the_main_one():
    frames = [[standing(150 + 5 * k), standing(500, 150)][:: 1 if k % 2 else -1] for k in range(20)]
    rows, _ = build(frames)
    assert sorted(row["is_main"] for row in rows) == [False, True]
    main, other = sorted(rows, key=lambda row: -row["is_main"])
    assert main["height_share"] > other["height_share"]
    assert main["coverage"] == other["coverage"] == 1
    # 50 px per second of a person 300 px tall.
    assert main["speed_mean"] == pytest.approx(50 / 300, rel=0.15)
    assert other["speed_mean"] < 0.01


def test_limb_speed_is_in_metres_and_ignores_hidden_limbs():
    times = np.arange(20) / 10
    world = np.stack([standing(300, arm_m=0.5 * time).world_m for time in times]).astype(float)
    visibility = np.ones((20, 33))
    speeds = limb_speeds(times, world, visibility, 0.5, 0.5)
    assert np.allclose(speeds[:, 0], 0.5, atol=1e-6)
    assert np.allclose(speeds[:, 1:], 0, atol=1e-6)
    visibility[:, 15] = 0.1
    assert np.isnan(limb_speeds(times, world, visibility, 0.5, 0.5)[:, 0]).all()


def test_flickering_faint_and_short_bodies_are_dropped_and_counted():
    flicker = [[standing(300)] if k % 4 == 0 else [] for k in range(30)]
    assert build(flicker) == ([], {"tracks_too_short": 0, "tracks_unsure": 1})
    faint = [[standing(300, visibility=0.3)]] * 15
    assert build(faint)[1]["tracks_unsure"] == 1
    assert build([[standing(300)]] * 2 + [[]] * 10)[1]["tracks_too_short"] == 1


def test_a_body_imagined_in_a_pair_of_hands_is_dropped():
    imagined = standing(300)
    imagined.world_m[:] *= 0.5  # what such fits give away: arms and trunk far shorter than a person's
    assert build([[imagined]] * 20) == ([], {"tracks_too_short": 0, "tracks_unsure": 1})
    assert len(build([[imagined]] * 20, BodyTracksConfig(min_plausibility=0))[0]) == 1


def test_degenerate_input_gives_valid_rows_or_none():
    assert build([])[0] == []
    assert len(build([[standing(300)]], BodyTracksConfig(min_track_s=0))[0]) == 1
    broken = standing(300)
    broken.world_m[:] = np.nan
    assert build([[broken]] * 10)[0] == []
    collapsed = standing(300)
    collapsed.landmarks_px[:] = 100
    build([[collapsed]] * 10)
    build([[standing(300, visibility=0.6)]] * 10, BodyTracksConfig(limb_visibility=0.9))


def test_a_grey_clip_is_kept_without_rows():
    consumer = BodyTracksStep(CONFIG).open(Unit("clip", "video", "2026-01-01", {}))
    for k in range(2):
        consumer.push(Frame(k, k / 10, np.full((120, 160, 3), 90, np.uint8)))
    outcome = consumer.finish()
    assert (outcome.status, list(outcome.rows), outcome.evidence["frames"]) == ("kept", [], 2)


def track_clip(video, start_s, end_s):
    rows = {FILTERED_CLIPS.name: [{"row_id": "clip", "start_s": start_s, "end_s": end_s}]}
    unit = Unit("clip", "video", "2026-01-01", rows, Media("video", str(video), str(video)))
    (outcome,) = BodyTracksStep(CONFIG).process([unit])
    assert outcome.status == "kept", outcome.error_message
    return outcome.rows


@pytest.mark.parametrize("name", ["exo_asl_book_woman.mkv", "exo_asl_thanks.mkv"])
def test_a_signing_person_is_one_main_body(media_dir, name):
    (row,) = track_clip(media_dir / "videos" / name, 0.0, 1.6)
    assert row["is_main"]
    assert row["coverage"] >= 0.9
    assert row["height_share"] > 0.5
    assert row["limb_speed_mean"] > 0.1


def test_a_wearer_alone_is_no_body(media_dir):
    assert track_clip(media_dir / "videos" / "ego_hands_holoassist_z140-aug-16-22-gopro.mp4", 2.0, 4.0) == []
