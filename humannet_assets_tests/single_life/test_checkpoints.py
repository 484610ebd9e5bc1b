"""Weights that come back as they were, ours and the published kind; files that are refused, and why."""

from __future__ import annotations

import os
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch

from humannet_assets.single_life.card import CheckpointCard, CheckpointError, CurveRow, read_card
from humannet_assets.single_life.checkpoints import (
    config_from_official,
    load_checkpoint,
    load_official,
    official_arguments,
    save_checkpoint,
    save_official,
)
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.single_life.training import initial_model
from humannet_assets_tests.single_life.made import TINY, tiny_training

V2 = TINY.model_copy(update={"position": "rope", "rope_base": 100.0, "normalise_memory": False})


def card(**changes: Any) -> CheckpointCard:
    row = CurveRow(step=12, loss=0.7, lr=1e-3, pairs_seen=96, seconds=3.5)
    values = {
        "model": TINY, "training": tiny_training(), "precision": "fp32", "data": {"life": "anna", "duration_s": 60.5},
        "seed": 0, "steps": 12, "curve": (row,), "hardware": "cpu", "commit": None, "versions": {"torch": "2"},
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return CheckpointCard.model_validate({**values, **changes})


def same_weights(a: CroCo, b: CroCo) -> bool:
    first, second = a.state_dict(), b.state_dict()
    return list(first) == list(second) and all(torch.equal(first[name], second[name]) for name in first)


def test_ours_come_back_with_their_card(tmp_path: Path) -> None:
    model = initial_model(TINY, 3)
    written = save_checkpoint(model, card(), tmp_path)
    loaded, read = load_checkpoint(tmp_path)
    assert same_weights(model, loaded)
    assert not loaded.training
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    assert read == written
    assert (read.data["life"], read.curve[0].loss, read.model) == ("anna", 0.7, TINY)


def test_saving_again_replaces_both_files(tmp_path: Path) -> None:
    save_checkpoint(initial_model(TINY, 3), card(), tmp_path)
    newer = initial_model(TINY, 4)
    save_checkpoint(newer, card(seed=4), tmp_path)
    loaded, read = load_checkpoint(tmp_path)
    assert same_weights(newer, loaded)
    assert read.seed == 4
    assert len(list(tmp_path.iterdir())) == 2


def test_a_writer_that_dies_before_the_card_leaves_the_old_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = initial_model(TINY, 3)
    save_checkpoint(old, card(), tmp_path)
    replace = Path.replace

    def die_at_the_card(self: Path, target: Path) -> Path:
        if target.name == "card.json":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", die_at_the_card)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(initial_model(TINY, 4), card(seed=4), tmp_path)
    loaded, read = load_checkpoint(tmp_path)
    assert same_weights(old, loaded)
    assert read.seed == 0


def test_what_is_no_checkpoint_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no finished model"):
        load_checkpoint(tmp_path)
    written = save_checkpoint(initial_model(TINY, 3), card(), tmp_path)
    weights = tmp_path / written.weights
    content = weights.read_bytes()
    weights.write_bytes(content[:-4] + b"\x00\x00\x80\x3f")
    with pytest.raises(CheckpointError, match="not the file its card was written for"):
        load_checkpoint(tmp_path)
    weights.unlink()
    with pytest.raises(CheckpointError, match="is missing"):
        load_checkpoint(tmp_path)
    (tmp_path / "card.json").write_text('{"format": 7}')
    with pytest.raises(CheckpointError, match="no checkpoint card of this version"):
        read_card(tmp_path)
    escaping = card().model_dump() | {"weights": "../weights.safetensors"}
    with pytest.raises(ValueError, match="weights"):
        CheckpointCard.model_validate(escaping)


@pytest.mark.parametrize("config", [TINY, V2, TINY.model_copy(update={"image_size": (16, 40)})])
def test_the_published_layout_comes_back(tmp_path: Path, config: CroCoConfig) -> None:
    model = initial_model(config, 5)
    save_official(model, tmp_path / "model.pth")
    content = torch.load(tmp_path / "model.pth", weights_only=True)
    assert sorted(content) == ["croco_kwargs", "model"]
    loaded = load_official(tmp_path / "model.pth")
    assert loaded.config == config
    assert same_weights(model, loaded)


def test_arguments_left_out_are_those_of_v1() -> None:
    assert config_from_official({}, "file") == CroCoConfig()
    assert config_from_official({"pos_embed": "RoPE100"}, "file").rope_base == 100
    assert official_arguments(CroCoConfig())["pos_embed"] == "cosine"
    for arguments, message in (
        ({"pos_embed": "learned"}, "neither 'cosine' nor"),
        ({"enc_width": 3}, "unknown croco_kwargs"),
        ({"enc_num_heads": 7}, "no possible model"),
    ):
        with pytest.raises(CheckpointError, match=message):
            config_from_official(arguments, "file")


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    state = initial_model(TINY, 5).state_dict()
    del state["mask_token"]
    state["dec_norm.weight"] = torch.zeros(7)
    state["head.weight"] = torch.zeros(2)
    torch.save({"model": state, "croco_kwargs": official_arguments(TINY)}, tmp_path / "model.pth")
    with pytest.raises(CheckpointError) as caught:
        load_official(tmp_path / "model.pth")
    message = str(caught.value)
    assert "missing (1): mask_token" in message
    assert "not of this model (1): head.weight" in message
    assert "dec_norm.weight [7] instead of [32]" in message


class Trap:
    """Runs code when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_files_that_run_code_are_refused_unread(tmp_path: Path) -> None:
    torch.save({"model": {"a": torch.zeros(1)}, "args": Trap(tmp_path / "sprung")}, tmp_path / "trap.pth")
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Trap(tmp_path / "sprung"), protocol=2))
    (tmp_path / "text.pth").write_text("not a checkpoint")
    (tmp_path / "empty.pth").write_bytes(b"")
    for name in ("trap", "bare", "text", "empty"):
        with pytest.raises(CheckpointError, match="is no CroCo checkpoint"):
            load_official(tmp_path / f"{name}.pth")
    assert not (tmp_path / "sprung").exists()
    torch.save({"state": 1}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"no state dict under 'model' \(found: \['state'\]\)"):
        load_official(tmp_path / "other.pth")
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        load_official(tmp_path / "absent.pth")


def test_files_may_be_read_by_whom_other_files_may_be(tmp_path: Path) -> None:
    written = save_checkpoint(initial_model(TINY, 3), card(), tmp_path / "run")
    (tmp_path / "plain").touch()
    assert (tmp_path / "run" / written.weights).stat().st_mode == (tmp_path / "plain").stat().st_mode
