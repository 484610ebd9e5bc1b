"""Qwen models as a policy uses them: the same pixels as their own processor makes, adapters where they belong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from humannet_assets.language.tiny_qwen import build_tiny_qwen
from humannet_assets.vla.policy.batches import Collator
from humannet_assets.vla.policy.config import LoraSettings, VlmConfig
from humannet_assets.vla.policy.problems import PolicySetupError
from humannet_assets.vla.policy.vlm import check_targets, hidden_states, load_vlm, merged, patches, prepare
from humannet_assets.vla.samples import fit_normalisers
from humannet_assets_tests.vla.policy.made import samples, tiny_policy, tiny_stage

KINDS = {"qwen2_5_vl": 56, "qwen3_vl": 64}


@pytest.mark.parametrize("kind", KINDS)
def test_patches_are_those_of_the_model_s_own_processor(kind: str) -> None:
    side = KINDS[kind]
    vlm = load_vlm(tiny_policy(kind, side).vlm)
    pictures = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
    expected = vlm.pictures([Image.fromarray(picture) for picture in pictures], do_resize=False, return_tensors="np")
    np.testing.assert_allclose(patches(pictures, vlm.pictures), expected["pixel_values"], atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_is_understood_alike_alone_and_in_a_batch(kind: str) -> None:
    side = KINDS[kind]
    config = tiny_policy(kind, side)
    vlm = load_vlm(config.vlm)
    made = samples(4, side=side)
    collator = Collator(vlm, config, fit_normalisers(made, np.random.default_rng(0)))
    both = collator.batch(made)
    with torch.inference_mode():
        together = hidden_states(vlm.model.eval(), both.vlm)[-1]
        for index, one in enumerate(made):
            alone = hidden_states(vlm.model, collator.batch([one]).vlm)[-1]
            torch.testing.assert_close(together[index, : alone.shape[1]], alone[0], atol=1e-4, rtol=1e-3)
        assert not torch.allclose(together[0, :8], together[2, :8], atol=1e-3), "other pictures, same hidden states"


def test_adapters_start_as_nothing_train_alone_and_merge(tmp_path: Path) -> None:
    config = tiny_policy()
    vlm = load_vlm(config.vlm)
    made = samples(2)
    batch = Collator(vlm, config, fit_normalisers(made, np.random.default_rng(0))).batch(made)
    with torch.no_grad():
        before = hidden_states(vlm.model.eval(), batch.vlm)[-1]
        model = prepare(vlm.model, tiny_stage(), 0).eval()
        trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        assert trained
        assert all("lora_" in name and "language_model" in name for name in trained)
        torch.testing.assert_close(hidden_states(model, batch.vlm)[-1], before)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.1)
        changed = hidden_states(model, batch.vlm)[-1]
        assert not torch.allclose(changed, before, atol=1e-2)
        model.save_pretrained(tmp_path, save_embedding_layers=False)  # pyright: ignore[reportCallIssue]
        plain = merged(model)
        assert not any("lora" in name for name, _ in plain.named_parameters())
        torch.testing.assert_close(hidden_states(plain, batch.vlm)[-1], changed, atol=1e-4, rtol=1e-3)
        # peft itself puts the saved adapter onto the same model.
        from peft import PeftModel

        again = PeftModel.from_pretrained(load_vlm(config.vlm).model, tmp_path).eval()
        torch.testing.assert_close(hidden_states(again, batch.vlm)[-1], changed, atol=1e-4, rtol=1e-3)


def test_targets_that_match_nothing_are_refused_with_names_to_choose_from() -> None:
    model = load_vlm(tiny_policy().vlm).model
    check_targets(model, LoraSettings())
    with pytest.raises(PolicySetupError, match=r"matches no layer.*o_proj"):
        check_targets(model, LoraSettings(targets=r".*transformer.*\.c_attn"))
    with pytest.raises(PolicySetupError, match="no linear layers"):
        check_targets(model, LoraSettings(targets=r".*language_model.*"))
    with pytest.raises(PolicySetupError, match="no regular expression"):
        check_targets(model, LoraSettings(targets="*["))


def test_models_that_cannot_serve_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    folder = build_tiny_qwen(tmp_path / "model")
    assert load_vlm(VlmConfig(model=str(folder), image_size=(56, 84))).identity.startswith("model@")
    with pytest.raises(PolicySetupError, match=r"multiple of 28 px.*\(56, 112\)"):
        load_vlm(VlmConfig(model=str(folder), image_size=(60, 100)))
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, "vision_config": None}))
    with pytest.raises(PolicySetupError, match="without a vision tower"):
        load_vlm(VlmConfig(model=str(folder)))
    with pytest.raises(PolicySetupError, match=r"vlm\.revision"):
        load_vlm(VlmConfig(model="someone/some-model"))
    with pytest.raises(PolicySetupError, match=r"set vlm\.model to the folder"):
        load_vlm(VlmConfig(model=str(tmp_path / "nowhere")))
