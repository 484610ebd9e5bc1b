"""The depth probe learns what features tell, beats what needs no picture, and metrics are those of the papers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.single_life.transfer.depth import (
    DepthFeatures,
    DepthProbeConfig,
    encode_samples,
    mean_depth,
    predict_depth,
    scale_invariant_loss,
    score_depth,
    train_probe,
)
from humannet_assets.single_life.transfer.samples import DepthSample, TransferError
from humannet_assets_tests.single_life.simulated_attention import SimulatedModel

CONFIG = CroCoConfig.preset("demo")
FAST = DepthProbeConfig(width=32, heads=2, steps=150, batch=16, learning_rate=3e-3)


class Pixels(SimulatedModel):
    """Features are the patch's own pixels."""

    def encode(self, images: Tensor) -> Tensor:
        return torch.nn.functional.unfold(images, 8, stride=8).mT.contiguous()


def scenes(count: int, seed: int) -> list[DepthSample]:
    """Slanted walls whose brightness is their nearness, with holes in the depth; depth map at half the size."""
    rng = np.random.default_rng(seed)
    samples = []
    for index in range(count):
        near, far = np.sort(rng.uniform(0.8, 6, 2))
        depth = np.linspace(far, near, 48)[:, None].repeat(64, 1).astype(np.float32)
        shade = np.clip(255 * 0.8 / depth, 0, 255).astype(np.uint8).repeat(2, 0).repeat(2, 1)
        depth[rng.random(depth.shape) < 0.1] = 0
        samples.append(DepthSample(f"s{seed}/{index}", f"s{seed}", np.repeat(shade[..., None], 3, 2), depth))
    return samples


def test_probe_learns_and_beats_the_mean_which_needs_no_picture() -> None:
    encoder = Pixels(0, config=CONFIG)
    train, test = (encode_samples(encoder, scenes(count, seed), FAST) for count, seed in ((48, 0), (16, 1)))
    assert train.features.shape == (48, 64, 192)
    assert train.depth_m.shape == (48, 64, 64)
    probe = train_probe(train, FAST, seed=0)
    learned = score_depth(predict_depth(probe, test, FAST), test.depth_m)
    mean = score_depth(mean_depth(train.depth_m), test.depth_m)
    assert learned.pictures == 16
    assert learned.delta1 > mean.delta1 + 0.2
    assert learned.abs_rel < 0.6 * mean.abs_rel
    assert learned.delta1_scaled > mean.delta1_scaled


def test_same_seed_same_probe_and_global_randomness_is_left_alone() -> None:
    train = encode_samples(Pixels(0, config=CONFIG), scenes(8, 0), FAST)
    short = FAST.model_copy(update={"steps": 5})
    torch.manual_seed(1)
    before = torch.rand(1)
    torch.manual_seed(1)
    first = predict_depth(train_probe(train, short, seed=3), train, short)
    assert torch.rand(1) == before
    assert np.array_equal(first, predict_depth(train_probe(train, short, seed=3), train, short))
    assert not np.array_equal(first, predict_depth(train_probe(train, short, seed=4), train, short))


def test_untrained_probe_starts_at_the_mean() -> None:
    train = encode_samples(Pixels(0, config=CONFIG), scenes(8, 0), FAST)
    still = FAST.model_copy(update={"steps": 1, "learning_rate": 1e-9})
    predicted = predict_depth(train_probe(train, still, seed=0), train, still)
    known = train.depth_m > 0
    assert np.log(predicted).mean() == pytest.approx(np.log(train.depth_m[known]).mean(), abs=0.15)


def test_patches_ask_each_other() -> None:
    """Only patch 0 carries how deep the whole picture is."""
    depth_m = np.exp(np.random.default_rng(0).uniform(-1, 1, 48)).astype(np.float32)
    features = torch.zeros(48, 16, 8)
    features[:, 0, 0] = torch.from_numpy(depth_m).log()
    features[:, :, 1:] = torch.randn(16, 7, generator=torch.Generator().manual_seed(0))
    maps = np.broadcast_to(depth_m[:, None, None], (48, 8, 8)).copy()
    data = DepthFeatures(tuple(map(str, range(48))), features, maps, (4, 4))
    learned = score_depth(predict_depth(train_probe(data, FAST, seed=0), data, FAST)[:, 4:, 4:], maps[:, 4:, 4:])
    assert learned.delta1 > 0.9
    assert score_depth(mean_depth(data.depth_m)[4:, 4:], maps[:, 4:, 4:]).delta1 < 0.5


def test_features_of_any_scale_are_taken() -> None:
    train = encode_samples(Pixels(0, config=CONFIG), scenes(6, 0), FAST)
    short = FAST.model_copy(update={"steps": 5})
    large = dataclasses.replace(train, features=train.features * 100 + 7)
    one, other = (predict_depth(train_probe(data, short, seed=0), data, short) for data in (train, large))
    assert one == pytest.approx(other, rel=0.02)


def test_real_encoder_is_left_as_it_is() -> None:
    torch.manual_seed(0)
    encoder = CroCo(CONFIG)
    before = [weight.clone() for weight in encoder.parameters()]
    train = encode_samples(encoder, scenes(6, 0), FAST, batch=4)
    assert train.features.shape == (6, 64, CONFIG.encoder_dim)
    assert not train.features.requires_grad
    train_probe(train, FAST.model_copy(update={"steps": 2}), seed=0)
    assert all(torch.equal(one, other) for one, other in zip(before, encoder.parameters(), strict=True))


def test_pixels_come_back_where_their_patch_is() -> None:
    """A probe whose head is told the pixel's number shows that patches are laid out row by row."""
    train = encode_samples(Pixels(0, config=CONFIG), scenes(1, 0), FAST)
    probe = train_probe(train, FAST.model_copy(update={"steps": 1}), seed=0)
    with torch.no_grad():
        probe.head.weight.zero_()
        probe.head.bias.copy_(torch.arange(64) / 100)
        pixels = probe(train.features)[0] * 100
    assert pixels[0, :8].tolist() == pytest.approx(list(range(8)), abs=1e-3)
    assert pixels[1, 0] == pytest.approx(8, abs=1e-3)
    assert torch.allclose(pixels[8:16, 16:24], pixels[:8, :8])


def test_metrics_by_hand() -> None:
    truth = np.array([[[2.0, 4.0], [0.0, 1.0]]], np.float32)
    predicted = np.array([[[2.2, 8.0], [9.0, 1.0]]], np.float32)
    scores = score_depth(predicted, truth)
    assert scores.delta1 == pytest.approx(2 / 3)
    assert scores.abs_rel == pytest.approx((0.1 + 1.0 + 0.0) / 3)
    doubled = score_depth(2 * truth, truth)
    assert (doubled.delta1, doubled.abs_rel) == pytest.approx((0, 1))
    assert (doubled.delta1_scaled, doubled.abs_rel_scaled) == pytest.approx((1, 0))


def test_loss_ignores_unknown_pixels_and_half_of_the_scale() -> None:
    truth = torch.tensor([[[2.0, 4.0], [0.0, 1.0]]])
    log_truth = truth.clamp_min(0.5).log()
    off = log_truth + 0.3
    assert scale_invariant_loss(log_truth, truth) == pytest.approx(0, abs=1e-7)
    assert scale_invariant_loss(off, truth) == pytest.approx(0.3**2 * 0.5, abs=1e-6)
    off[0, 1, 0] = 99
    assert scale_invariant_loss(off, truth) == pytest.approx(0.3**2 * 0.5, abs=1e-6)


def test_mean_depth_of_pixels_and_where_nothing_is_known() -> None:
    train = encode_samples(Pixels(0, config=CONFIG), scenes(4, 0), FAST)
    depth = train.depth_m.copy()
    depth[:, 0, 0] = 0
    depth[:, 0, 1] = [1, 4, 0, 0]
    found = mean_depth(depth)
    assert found[0, 1] == pytest.approx(2)
    assert found[0, 0] == pytest.approx(np.exp(np.log(depth[depth > 0]).mean()), rel=1e-4)


def test_depth_that_cannot_be_used_is_named() -> None:
    encoder = Pixels(0, config=CONFIG)
    far = dataclasses.replace(scenes(1, 0)[0], depth_m=np.full((48, 64), 50.0, np.float32))
    with pytest.raises(TransferError, match=r"s0/0 has no valid pixel between 0.1 and 10.0 m"):
        encode_samples(encoder, [far], FAST)
    with pytest.raises(TransferError, match="no samples"):
        encode_samples(encoder, [], FAST)
    truth = np.ones((2, 4, 4), np.float32)
    with pytest.raises(TransferError, match=r"shape \(2, 4, 5\), the truth \(2, 4, 4\)"):
        score_depth(np.ones((2, 4, 5), np.float32), truth)
    truth[1] = 0
    with pytest.raises(TransferError, match="depth map 1 has no valid pixel"):
        score_depth(np.ones((2, 4, 4), np.float32), truth)
    train = encode_samples(encoder, scenes(2, 0), FAST)
    with pytest.raises(TransferError, match="not finite at step 0"):
        train_probe(dataclasses.replace(train, features=train.features * torch.nan), FAST, seed=0)
