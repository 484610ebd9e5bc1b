"""The captions asset: either writer signs its rows, and no caption lands on another clip, whatever happens in a batch."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from humannet_assets.language import captions
from humannet_assets.language.captions import (
    CaptionConfig,
    DescriberCaptionStep,
    QwenCaptionStep,
    ShownFrames,
    caption_step,
    matched,
)
from humannet_assets.language.describer import MODEL
from humannet_assets.language.qwen import CaptionReply, CaptionRequest, QwenCaptioner, QwenConfig, frame_hash
from humannet_assets.language.weights import ModelUnusableError
from humannet_assets.media.frames import Frame
from humannet_assets.store.step import Outcome, Unit, validate_row
from humannet_assets.store.tables import CAPTIONS, HAND_TRACKS, VIDEO_SOURCES, VIEWPOINTS
from humannet_assets_tests.language.rows import hand, unit

SECONDS = 6


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds at 10 fps, each second with a pattern of its own."""
    import av

    path = tmp_path_factory.mktemp("video") / "seconds.mp4"
    noise = np.random.default_rng(3)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.bit_rate = 4_000_000
        for _ in range(SECONDS):
            tiles = noise.integers(0, 256, (6, 8, 3), dtype=np.uint8).repeat(16, axis=0).repeat(16, axis=1)
            for _ in range(10):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(tiles, format="rgb24")))
        container.mux(stream.encode())
    return path


def clips(video: Path, *seconds: int) -> list[Unit]:
    return [unit(f"clip{second}", second, second + 1.0, str(video)) for second in seconds]


def step(folder: Path, **settings: Any) -> QwenCaptionStep:
    given_settings = {"model": str(folder), "frames": 2, "side_px": 64, "max_new_tokens": 16, "batch_size": 4}
    made = caption_step(CaptionConfig.model_validate({"kind": "qwen", "qwen": given_settings | settings}))
    assert isinstance(made, QwenCaptionStep)
    return made


def by_unit(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    assert len({outcome.unit_id for outcome in outcomes}) == len(outcomes)
    return {outcome.unit_id: outcome for outcome in outcomes}


def test_batches_give_the_captions_of_single_clips(tiny_qwen: Path, video: Path) -> None:
    alone = by_unit([o for clip in clips(video, *range(SECONDS)) for o in step(tiny_qwen).process([clip])])
    assert len({outcome.rows[1]["text"] for outcome in alone.values()}) == SECONDS
    for order, size in (((5, 1, 3, 0, 2, 4), 4), ((0, 1, 2, 3, 4, 5), 6)):
        assert by_unit(list(step(tiny_qwen, batch_size=size).process(clips(video, *order)))) == alone


def test_rows_bind_clip_writer_prompt_and_frames(tiny_qwen: Path, video: Path) -> None:
    maker = step(tiny_qwen)
    (outcome,) = maker.process(clips(video, 2))
    short, long = outcome.rows
    for row in outcome.rows:
        validate_row(CAPTIONS, row)
        assert row["clip_id"] == "clip2"
        assert row["model"] == maker.models()[0]
        assert row["model"].startswith("tiny-qwen@")
        assert row["frame_times_s"] == pytest.approx([2.25, 2.75], abs=0.06)
    assert long["text"].startswith(short["text"])
    assert (short["kind"], long["kind"]) == ("short", "long")
    assert short["caption_id"] != long["caption_id"]
    (other,) = step(tiny_qwen, prompt="What?").process(clips(video, 2))
    assert other.rows[0]["prompt_hash"] != short["prompt_hash"]
    assert other.rows[0]["frame_hash"] == short["frame_hash"]


def test_a_clip_that_cannot_be_decoded_fails_alone(tiny_qwen: Path, video: Path) -> None:
    broken = replace(clips(video, 1)[0], id="beyond", rows=unit("beyond", 50.0, 51.0).rows)
    ended = by_unit(list(step(tiny_qwen).process([clips(video, 0)[0], broken, clips(video, 2)[0]])))
    assert {key: outcome.status for key, outcome in ended.items()} == {"clip0": "kept", "beyond": "failed", "clip2": "kept"}


def sabotage(monkeypatch: pytest.MonkeyPatch, change: Callable[[list[CaptionReply]], list[CaptionReply]]) -> None:
    honest = QwenCaptioner.caption
    monkeypatch.setattr(QwenCaptioner, "caption", lambda self, requests: change(honest(self, requests)))


def test_a_clip_the_model_chokes_on_fails_alone(tiny_qwen: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = by_unit(list(step(tiny_qwen).process(clips(video, 0, 2))))

    def choke(replies: list[CaptionReply]) -> list[CaptionReply]:
        if any(reply.clip_id == "clip1" for reply in replies):
            raise MemoryError("too large")
        return replies

    sabotage(monkeypatch, choke)
    ended = by_unit(list(step(tiny_qwen).process(clips(video, 0, 1, 2))))
    failed = ended.pop("clip1")
    assert (failed.status, failed.error_class, failed.error_message) == ("failed", "MemoryError", "too large")
    assert ended == expected


def test_an_empty_answer_is_a_failure(tiny_qwen: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage(monkeypatch, lambda replies: [replace(reply, text="") for reply in replies])
    (outcome,) = step(tiny_qwen).process(clips(video, 0))
    assert outcome.status == "failed"
    assert "no text" in outcome.error_message


def test_swapped_pictures_are_never_stored(tiny_qwen: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def swap(replies: list[CaptionReply]) -> list[CaptionReply]:
        hashes = [reply.frame_hash for reply in replies][::-1]
        return [replace(reply, frame_hash=mark) for reply, mark in zip(replies, hashes, strict=True)]

    expected = by_unit(list(step(tiny_qwen).process(clips(video, 0, 1))))
    sabotage(monkeypatch, swap)
    # In the batch the mix-up is noticed; one by one there is nothing to mix up.
    assert by_unit(list(step(tiny_qwen).process(clips(video, 0, 1)))) == expected


frames_of = st.integers(0, 3).map(lambda shade: (np.full((2, 2, 3), shade, dtype=np.uint8),))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_matching_accepts_exactly_the_honest_replies(data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=4, unique=True))
    requests = [CaptionRequest(clip_id, data.draw(frames_of), (0.0,)) for clip_id in ids]
    honest = [CaptionReply(r.clip_id, frame_hash(r.frames), f"of {r.clip_id}") for r in requests]
    shuffled = data.draw(st.permutations(honest))
    assert {key: reply.text for key, reply in matched(shuffled, requests).items()} == {key: f"of {key}" for key in ids}
    index = data.draw(st.integers(0, len(honest) - 1))
    lies: list[list[CaptionReply]] = [
        honest[:index] + honest[index + 1 :],
        [*honest, honest[index]],
        [*honest[:index], replace(honest[index], clip_id="other"), *honest[index + 1 :]],
        [*honest[:index], replace(honest[index], frame_hash="0" * 64), *honest[index + 1 :]],
    ]
    for lie in lies:
        with pytest.raises(RuntimeError):
            matched(lie, requests)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(3.0, 5.0), unique=True, max_size=30).map(sorted), st.integers(1, 8))
def test_shown_frames_are_the_nearest_in_time_order(times: list[float], count: int) -> None:
    shown = ShownFrames(QwenCaptionStep(QwenConfig(model="m", frames=count)), unit("c", 3.0, 5.0))
    for index, time in enumerate(times):
        shown.push(Frame(index, time, np.full((4, 4, 3), index, dtype=np.uint8)))
    if not times:
        with pytest.raises(LookupError, match="no frame was decoded"):
            shown.request()
        return
    request = shown.request()
    targets = [3.0 + 2.0 * (k + 0.5) / count for k in range(count)]
    expected = sorted({min(times, key=lambda time: (abs(time - target), time)) for target in targets})
    assert [time + 3.0 for time in request.times_s] == pytest.approx(expected)
    assert [times[int(frame[0, 0, 0])] for frame in request.frames] == pytest.approx(expected)


def test_a_pass_shared_with_other_steps_captions_clip_by_clip(tiny_qwen: Path, video: Path) -> None:
    from humannet_assets.media.clip_pass import run_clip_pass

    maker, work = step(tiny_qwen), clips(video, 0, 1)
    shared = [outcome for _, outcome in run_clip_pass([(clip, (maker,)) for clip in work])]
    assert by_unit(shared) == by_unit(list(step(tiny_qwen).process(work)))


def test_the_identity_travels_with_the_pickled_step(tiny_qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maker = step(tiny_qwen)
    fingerprint = maker.fingerprint()
    monkeypatch.setattr(captions, "model_identity", lambda _: pytest.fail("hashed again in the worker"))
    assert pickle.loads(pickle.dumps(maker)).fingerprint() == fingerprint
    assert step(tiny_qwen, prompt="What?")._identity == ""


def test_a_missing_model_is_reported_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusableError, match="is not a folder"):
        step(tmp_path / "missing").fingerprint()
    with pytest.raises(ValidationError, match=r"captioner\.qwen is empty"):
        CaptionConfig(kind="qwen")


def test_the_describer_signs_and_uses_only_this_clips_rows() -> None:
    maker = caption_step(CaptionConfig())
    assert isinstance(maker, DescriberCaptionStep)
    rows = {
        VIEWPOINTS.name: [{"viewpoint": "ego", "decided_by": "hands", "wearer_hands": 0.9}],
        HAND_TRACKS.name: [hand()],
        VIDEO_SOURCES.name: [{"keywords": ["kitchen"]}],
    }
    first, second = maker.process([unit("a", **rows), unit("b")])
    short, long = first.rows
    for row in (*first.rows, *second.rows):
        validate_row(CAPTIONS, row)
        assert (row["model"], row["frame_times_s"], row["prompt_hash"]) == (MODEL, [], None)
    assert short["text"] == "First-person view: the wearer's right hand moves."
    assert 'keyword "kitchen"' in long["text"]
    assert "hand moves" not in second.rows[1]["text"]
    assert short["frame_hash"] == long["frame_hash"] != second.rows[0]["frame_hash"]
    assert maker.models() == (MODEL,)
