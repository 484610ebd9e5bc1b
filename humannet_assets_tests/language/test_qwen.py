"""The Qwen VL captioner on tiny random models in real folders: loading, identity, batching, errors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from humannet_assets.language.qwen import (
    CaptionRequest,
    QwenCaptioner,
    QwenConfig,
    first_sentence,
    frame_hash,
    tidy,
)
from humannet_assets.language.tiny_qwen import CHAT_TEMPLATE, build_tiny_qwen
from humannet_assets.language.weights import ModelUnusableError, check_model, model_identity, resolve_model


def captioner(folder: Path, **settings: object) -> QwenCaptioner:
    config = QwenConfig.model_validate({"model": str(folder), "max_new_tokens": 8, **settings})
    return QwenCaptioner.load(folder, model_identity(folder), config)


def requests(count: int) -> list[CaptionRequest]:
    """Clips of one to three noisy frames of different sizes."""
    noise = np.random.default_rng(7)
    made = []
    for index in range(count):
        size = (40 + 20 * (index % 2), 64)
        frames = tuple(noise.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(1 + index % 3))
        made.append(CaptionRequest(f"clip{index}", frames, tuple(0.5 * k for k in range(len(frames)))))
    return made


def test_both_generations_load_and_caption(tiny_qwen: Path, tmp_path: Path) -> None:
    other = build_tiny_qwen(tmp_path / "qwen3", kind="qwen3_vl")
    for folder in (tiny_qwen, other):
        check_model(folder)
        texts = [reply.text for reply in captioner(folder).caption(requests(2))]
        assert all(texts)
        assert texts[0] != texts[1], "the pictures make no difference to the text"


@pytest.mark.parametrize(("order", "size"), [((0, 1, 2, 3, 4), 5), ((4, 2, 0, 3, 1), 2), ((3, 0, 4, 1, 2), 3)])
def test_a_caption_never_depends_on_its_neighbours(tiny_qwen: Path, order: tuple[int, ...], size: int) -> None:
    model, clips = captioner(tiny_qwen, max_new_tokens=16), requests(5)
    alone = {clip.clip_id: model.caption([clip])[0] for clip in clips}
    assert len({reply.text for reply in alone.values()}) == 5, "the test needs captions that tell the clips apart"
    for start in range(0, 5, size):
        batch = [clips[index] for index in order[start : start + size]]
        replies = model.caption(batch)
        assert [reply.clip_id for reply in replies] == [clip.clip_id for clip in batch]
        for clip, reply in zip(batch, replies, strict=True):
            assert reply == alone[clip.clip_id]
            assert reply.frame_hash == frame_hash(clip.frames)


def test_sampling_is_seeded_per_clip(tiny_qwen: Path) -> None:
    import torch

    clips = requests(3)
    model = captioner(tiny_qwen, temperature=1.0)
    before = torch.random.get_rng_state()
    first = model.caption(clips)
    assert torch.equal(before, torch.random.get_rng_state()), "the caller's random state was touched"
    assert model.caption(clips[::-1])[::-1] == first
    assert captioner(tiny_qwen, temperature=1.0, seed=1).caption(clips) != first


def test_the_chat_template_of_the_folder_is_used(tiny_qwen: Path, tmp_path: Path) -> None:
    clip, counts = requests(3)[1], iter([2, 3])
    expected = (
        "<|im_start|>user\n0.0 s:<|vision_start|><|image_pad|><|image_pad|><|vision_end|>0.5 s:<|vision_start|>"
        "<|image_pad|><|image_pad|><|image_pad|><|vision_end|>What?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert captioner(tiny_qwen, prompt="What?")._prompt(clip, counts) == expected
    bare = build_tiny_qwen(tmp_path / "bare", chat_template=None)
    assert captioner(bare, prompt="What?")._prompt(clip, iter([2, 3])) == expected
    (bare / "chat_template.json").write_text(json.dumps({"chat_template": "System. " + CHAT_TEMPLATE}), encoding="utf-8")
    assert captioner(bare, prompt="What?")._prompt(clip, iter([2, 3])) == "System. " + expected
    blind = build_tiny_qwen(tmp_path / "blind", chat_template="{{ messages[0]['role'] }}")
    with pytest.raises(ValueError, match="placed 0 pictures for 2 frames"):
        captioner(blind).caption([clip])


def test_identity_follows_the_bytes_and_not_the_place(tiny_qwen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    name = model_identity(tiny_qwen)
    moved = tmp_path / "elsewhere" / tiny_qwen.name
    shutil.copytree(tiny_qwen, moved)
    assert model_identity(moved) == name == model_identity(tiny_qwen)
    weights = moved / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert model_identity(moved) != name
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert model_identity(moved) == name
    (moved / "chat_template.jinja").write_text("other", encoding="utf-8")
    assert model_identity(moved) != name


def test_hashes_are_remembered_and_a_broken_memory_does_no_harm(
    tiny_qwen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    name = model_identity(tiny_qwen)
    memory = tmp_path / "humannet" / "model_hashes.json"
    assert str(tiny_qwen / "model.safetensors") in memory.read_text(encoding="utf-8")
    for broken in ("", "[]", '{"x": 1}'):
        memory.write_text(broken, encoding="utf-8")
        assert model_identity(tiny_qwen) == name
    monkeypatch.setenv("XDG_CACHE_HOME", str(tiny_qwen / "config.json"))
    assert model_identity(tiny_qwen) == name


def test_unusable_models_are_refused_with_what_to_do(tiny_qwen: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnusableError, match=r"not a folder.*captioner\.kind: describer"):
        resolve_model(str(tmp_path / "missing"), None)
    with pytest.raises(ModelUnusableError, match=r"needs captioner\.qwen\.revision"):
        resolve_model("Qwen/Qwen2.5-VL-3B-Instruct", None)

    def broken(name: str) -> Path:
        shutil.rmtree(tmp_path / "broken", ignore_errors=True)
        shutil.copytree(tiny_qwen, tmp_path / "broken")
        if name:
            (tmp_path / "broken" / name).unlink()
        return tmp_path / "broken"

    for name, message in (
        ("config.json", "no config.json"),
        ("model.safetensors", "no \\*.safetensors"),
        ("tokenizer.json", "no tokenizer"),
        ("preprocessor_config.json", "no image processor"),
    ):
        with pytest.raises(ModelUnusableError, match=message):
            check_model(broken(name))
    folder = broken("")
    (folder / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(ModelUnusableError, match="Git LFS pointer"):
        check_model(folder)
    header = json.dumps({"language_model.x": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ModelUnusableError, match="no vision tower"):
        check_model(folder)
    folder = broken("")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "gone.safetensors"}}', encoding="utf-8")
    with pytest.raises(ModelUnusableError, match=r"gone\.safetensors"):
        check_model(folder)
    (folder / "config.json").write_text('{"model_type": "qwen2"}', encoding="utf-8")
    with pytest.raises(ModelUnusableError, match="'qwen2' model without a vision tower"):
        check_model(folder)


def test_a_request_without_frames_is_refused(tiny_qwen: Path) -> None:
    with pytest.raises(ValueError, match="clip x: 0 frames"):
        captioner(tiny_qwen).caption([CaptionRequest("x", (), ())])


def test_configuration_decides_what_enters_provenance() -> None:
    base = QwenConfig(model="a")
    assert base.fingerprint() == QwenConfig(model="b", revision="r", batch_size=1, device="cpu").fingerprint()
    assert base.fingerprint() != QwenConfig(model="a", frames=4).fingerprint()
    with pytest.raises(ValidationError, match="control tokens"):
        QwenConfig(model="a", prompt="look <|image_pad|>")


@pytest.mark.parametrize(
    ("text", "finished", "tidied"),
    [
        (" A hand\n moves. ", True, "A hand moves."),
        ("A hand moves. Then it tou", False, "A hand moves."),
        ("A hand lifts 1.5 kg. Then it", False, "A hand lifts 1.5 kg."),
        ("A hand mo", False, "A hand mo"),
        ("<think>Hm. What?</think>A hand.", True, "A hand."),
        ("bell\x07 and\x00 null", True, "bell and null"),
    ],
)
def test_answers_are_tidied(text: str, finished: bool, tidied: str) -> None:
    assert tidy(text, finished) == tidied


@pytest.mark.parametrize(
    ("text", "first"),
    [("One. Two.", "One."), ("It weighs 1.5 kg! Two.", "It weighs 1.5 kg!"), ("no stop", "no stop"), ("", "")],
)
def test_the_first_sentence_is_the_short_caption(text: str, first: str) -> None:
    assert first_sentence(text) == first
