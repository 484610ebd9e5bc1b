from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.media.clip_pass import run_clip_pass
from humannet_assets.media.frames import Frame
from humannet_assets.perception.clip_signals import ClipSignalsConfig, ClipSignalsStep
from humannet_assets.perception.close_look import busiest_tiles
from humannet_assets.store.step import Media, Outcome, Unit, validate_row
from humannet_assets.store.tables import CLIP_SIGNALS


def unit(path: Path | None = None, start_s: float = 0.0, end_s: float = 5.0) -> Unit:
    clip = {"clip_id": "c", "start_s": start_s, "end_s": end_s, "start_frame": None}
    media = Media("v", str(path), str(path)) if path else None
    return Unit("c", "v", "2026-01-01", {"clips": [clip]}, media)


def score(path: Path, start_s: float = 0.0, end_s: float = 4.0, **config: Any) -> dict[str, Any]:
    step = ClipSignalsStep(ClipSignalsConfig(**config))
    [(_, outcome)] = run_clip_pass([(unit(path, start_s, end_s), (step,))])
    return row_of(outcome)


def row_of(outcome: Outcome) -> dict[str, Any]:
    assert (outcome.status, outcome.error_message) == ("kept", "")
    [row] = outcome.rows
    validate_row(CLIP_SIGNALS, row)
    assert set(row) == {column.name for column in CLIP_SIGNALS.columns}
    return dict(row)


def feed(pictures: list[np.ndarray], **config: Any) -> Outcome:
    consumer = ClipSignalsStep(ClipSignalsConfig(**config)).open(unit(end_s=len(pictures) / 6))
    for index, picture in enumerate(pictures):
        consumer.push(Frame(index, index / 6, picture))
    return consumer.finish()


def scene(seed: int = 0) -> np.ndarray:
    import cv2

    rng = np.random.default_rng(seed)
    return np.asarray(cv2.resize(rng.integers(0, 160, (36, 64, 3), dtype=np.uint8), (640, 360), interpolation=cv2.INTER_CUBIC))


def test_hands_of_a_wearer(media_dir: Path) -> None:
    row = score(media_dir / "videos" / "ego_hands_holoassist_z176-sep-05-22-switch.mp4")
    assert (row["triage"], row["frames_sampled"], row["frames_inferred"]) == ("full", 24, 8)
    assert row["hand_rate"] > 0.8
    assert row["hand_bottom_entry"] > 0.8
    assert row["hand_area"] > 0.02
    assert row["face_on_body_rate"] == 0
    assert row["camera_shake"] > 0.01
    assert (row["width"], row["height"]) == (640, 360)


def test_a_person_seen_from_outside(media_dir: Path) -> None:
    row = score(media_dir / "videos" / "exo_soccer_juggle_man_720p.mp4")
    assert row["pose_rate"] > 0.8
    assert row["pose_score"] > 0.7
    assert row["face_on_body_rate"] > 0.5
    assert row["pose_upright"] > 0.9
    assert row["camera_motion"] < 0.01
    assert row["object_motion"] > 0.05


def test_a_dog_is_no_person(media_dir: Path) -> None:
    """The pose model sees a body in it in nearly half of all frames; its plausibility must give it away."""
    row = score(media_dir / "videos" / "neg_dog_eating.mp4")
    assert row["pose_rate"] > 0.3
    assert row["pose_score"] < 0.25
    assert row["close_look_rate"] <= 0.25


def test_a_walk_without_hands(media_dir: Path) -> None:
    row = score(media_dir / "videos" / "ego_walk_gopro_hero7.mp4")
    assert row["hand_rate"] == 0
    assert row["camera_forward"] > 0.1
    assert row["camera_parallax"] > 0.2
    assert row["camera_shake"] > 0.006
    assert row["camera_on_foot"] > 0.8
    assert 0.5 < row["camera_pace"] < 2.0


def test_people_are_found_in_dim_footage(media_dir: Path) -> None:
    from humannet_assets.media.decode import VideoReader

    with VideoReader(media_dir / "videos" / "exo_chaplin_two_men_bw.mp4") as video:
        normal = [frame.rgb for frame in video.all_frames(0, 5)][::16]
    noise = np.random.default_rng(0).normal(0, 3, normal[0].shape)
    pictures = [np.clip(picture * 0.25 + noise, 0, 255).astype(np.uint8) for picture in normal]
    row = row_of(feed(pictures, infer_every=1))
    assert row["luma_mean"] < 25
    assert row["pose_rate"] * row["pose_score"] > 0.5


def test_what_never_moves_costs_no_inference(media_dir: Path) -> None:
    row = score(media_dir / "videos" / "neg_slides_talk_1080p.mp4", 10, 14)
    assert (row["triage"], row["frames_inferred"], row["static_ratio"]) == ("no_motion", 0, 1)
    assert row["hand_rate"] is None
    assert row["text_like"] > 0.2


def test_nobody_and_nothing_that_could_be_somebody_ends_early() -> None:
    def sky(phase: int) -> np.ndarray:
        blue = np.zeros((360, 640, 3), np.uint8)
        blue[..., 2] = 180
        blue[:, :, 1] = np.linspace(90, 130, 640).astype(np.uint8)
        blue[20 + phase : 44 + phase, 100:140] = (180, 190, 250)  # a small cloud drifts
        return blue

    row = row_of(feed([sky(4 * index) for index in range(24)]))
    assert row["triage"] == "no_person_candidate"
    assert row["frames_inferred"] == 3


def test_one_frame_is_enough_for_a_row_and_none_is_a_failure() -> None:
    row = row_of(feed([scene()]))
    assert (row["frames_sampled"], row["camera_motion"], row["close_look_rate"]) == (1, None, None)
    failed = feed([])
    assert failed.status == "failed"
    assert "not one frame" in failed.error_message


def test_long_clips_are_looked_at_evenly_within_the_budget() -> None:
    rows = row_of(feed([np.roll(scene(), 9 * index, axis=1) for index in range(48)], max_inferred=4, close_look_frames=0))
    assert rows["frames_inferred"] == 4


def test_scores_are_the_same_every_time(media_dir: Path) -> None:
    path = media_dir / "videos" / "exo_asl_thanks.mkv"
    assert score(path, 0, 1.6) == score(path, 0, 1.6)


def test_the_thumbnail_is_a_small_jpeg(media_dir: Path) -> None:
    from PIL import Image

    row = score(media_dir / "videos" / "exo_asl_thanks.mkv", 0, 1.6, thumbnail_px=160)
    picture = Image.open(io.BytesIO(row["thumbnail"]))
    assert (picture.format, max(picture.size)) == ("JPEG", 160)
    assert 0 <= row["thumbnail_time_s"] <= 1.6


def test_provenance_follows_configuration_and_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = ClipSignalsStep(ClipSignalsConfig())
    assert pickle.loads(pickle.dumps(step)).fingerprint() == step.fingerprint()
    assert ClipSignalsStep(ClipSignalsConfig(infer_every=2)).fingerprint() != step.fingerprint()
    before = step.fingerprint()
    for name in ("hand_landmarker.task", "pose_landmarker.task", "face_detector.tflite"):
        (tmp_path / name).write_bytes(b"my own")
    monkeypatch.setenv("HUMANNET_MODELS", str(tmp_path))
    assert step.fingerprint() != before


@given(width=st.integers(8, 900), height=st.integers(8, 900), share=st.floats(0.2, 1), count=st.integers(1, 40))
def test_tiles_lie_inside_and_are_squares(width: int, height: int, share: float, count: int) -> None:
    busy = np.random.default_rng(0).random((90, 160), np.float32)
    tiles = busiest_tiles(busy, width, height, share, count)
    assert 1 <= len(tiles) <= count
    assert len(set(tiles)) == len(tiles)
    for x, y, side in tiles:
        assert 0 <= x <= x + side <= width
        assert 0 <= y <= y + side <= height


def test_the_busiest_tile_comes_first() -> None:
    busy = np.zeros((90, 160), np.float32)
    busy[60:80, 130:150] = 1
    x, y, side = busiest_tiles(busy, 640, 360, 0.5, 3)[0]
    assert x <= 520
    assert x + side >= 600
    assert y <= 240
    assert y + side >= 320
