"""Depth from a frozen encoder by one attentive-probe block.

The encoder is not trained: its features are computed once per picture. The probe is one transformer block and a linear head:

    x_p  = features of patch p, each channel standardised over the training set
    q_p  = W x_p + e_p                                  e: a learned embedding per position
    h_p  = q_p + CrossAttention(LayerNorm(q_p), x)      each patch asks all patches
    z_p  = h_p + MLP(LayerNorm(h_p))
    log depth of the P x P pixels of patch p = Linear(LayerNorm(z_p))

The paper names "one attentive-probe block" and no more; width, loss and schedule are our choices. Loss: scale-invariant log
error (Eigen et al., NeurIPS 2014, lambda = .5) over known pixels. Pictures are the middle part with the model's aspect, resized
to the model's input, truth likewise by nearest pixel; so figures compare with each other, not with tables made with Eigen's
crop at 640x480. Metrics per picture, then their mean; "scaled" ones after the prediction's median is set to the truth's, which
takes out what a single picture cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from humannet_assets.single_life.framing import centre_region, frame_depth, frame_picture
from humannet_assets.single_life.interfaces import Encoder, as_tensor, model_input
from humannet_assets.single_life.transfer.samples import DepthSample, TransferError
from humannet_assets.store.step import StepConfig

Depths = npt.NDArray[np.float32]

DELTA = 1.25
"""delta1: share of pixels with max(d / d*, d* / d) below this (Eigen et al. 2014)."""
SCALE_INVARIANCE = 0.5
"""lambda of the loss (Eigen et al. 2014)."""
SMALLEST_DEVIATION = 1e-6
"""Channels that never change are not blown up."""
STEP_BLOCK = 64
"""Pictures whose depth is predicted at a time."""


class DepthProbeConfig(StepConfig):
    """Size and training of the probe [our choices], and the range of depths that count."""

    width: int = Field(default=256, ge=8, description="Width of the block.")
    heads: int = Field(default=8, ge=1, description="Attention heads; must divide the width.")
    steps: int = Field(default=2000, ge=1, description="Optimiser steps.")
    batch: int = Field(default=32, ge=1, description="Pictures a step.")
    learning_rate: float = Field(default=1e-3, gt=0, description="Peak of AdamW's rate; cosine to 0 after the warm-up.")
    weight_decay: float = Field(default=0.05, ge=0, description="AdamW; as in CroCo's training.")
    warm_up: float = Field(default=0.05, ge=0, lt=1, description="Share of the steps in which the rate rises.")
    min_depth_m: float = Field(default=0.1, gt=0, description="Truth below is not counted; predictions are raised to it.")
    max_depth_m: float = Field(default=10.0, gt=0, description="Truth above is not counted (NYU's and ScanNet's usual cap).")


@dataclass(frozen=True)
class DepthFeatures:
    """A data set as the probe sees it.

    Attributes:
        names: Of the samples.
        features: (samples, N, D) float32 on the CPU.
        depth_m: (samples, height, width) float32 at the model's input size; 0 where it does not count.
        grid: Rows and columns of patches.
    """

    names: tuple[str, ...]
    features: Tensor
    depth_m: Depths
    grid: tuple[int, int]


@torch.no_grad()
def encode_samples(
    encoder: Encoder, samples: Iterable[DepthSample], config: DepthProbeConfig, *, batch: int = 32
) -> DepthFeatures:
    """Features and depth of all samples: N * D * 4 bytes each, .6 MB for ViT-B at 224.

    Raises:
        TransferError: No samples, or one whose depth has no valid pixel in the part that is seen.
    """
    shape = encoder.config.image_shape
    names: list[str] = []
    features: list[Tensor] = []
    depths: list[Depths] = []
    waiting = iter(samples)
    while block := list(islice(waiting, batch)):
        pictures = [frame_picture(one.picture, centre_region(one.picture.shape, shape), shape) for one in block]
        features.append(encoder.encode(model_input(encoder, as_tensor(pictures))).float().cpu())
        for one in block:
            names.append(one.name)
            depths.append(framed_depth(one, shape, config))
    if not names:
        raise TransferError("no samples to probe depth on")
    return DepthFeatures(tuple(names), torch.cat(features), np.stack(depths), encoder.config.grid)


def framed_depth(sample: DepthSample, shape: tuple[int, int], config: DepthProbeConfig) -> Depths:
    """Depth of the middle part of a picture that a model sees, (height, width) `shape`; 0 where it does not count.

    Raises:
        TransferError: It has no valid pixel there.
    """
    depth = frame_depth(sample.depth_m, centre_region(sample.depth_m.shape, shape), shape)
    depth[(depth < config.min_depth_m) | (depth > config.max_depth_m)] = 0
    if not depth.any():
        raise TransferError(
            f"{sample.name} has no valid pixel between {config.min_depth_m} and {config.max_depth_m} m in its middle part"
        )
    return depth


class DepthProbe(nn.Module):
    """The block of the module's docstring. `shift` and `scale` (D,) are the training features' mean and deviation.

    Args:
        dim: Width of the features.
        grid: Rows and columns of patches.
        patch: (height, width) of a patch in pixels.
        config: Sizes.
        start: Log depth it predicts before training.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, dim: int, grid: tuple[int, int], patch: tuple[int, int], config: DepthProbeConfig, start: float) -> None:
        super().__init__()
        self.grid, self.patch = grid, patch
        width = config.width
        self.register_buffer("shift", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))
        self.query = nn.Linear(dim, width)
        self.position = nn.Parameter(torch.randn(grid[0] * grid[1], width) * 0.02)
        self.norm_query = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, config.heads, kdim=dim, vdim=dim, batch_first=True)
        self.mlp = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, patch[0] * patch[1])
        nn.init.constant_(self.head.bias, start)

    def forward(self, features: Tensor) -> Tensor:
        """(B, N, D) -> log of depth in metres (B, height, width)."""
        tokens = (features - self.shift) / self.scale
        query = self.query(tokens) + self.position
        hidden = query + self.attention(self.norm_query(query), tokens, tokens, need_weights=False)[0]
        hidden = hidden + self.mlp(hidden)
        (rows, columns), (high, wide) = self.grid, self.patch
        pixels = self.head(self.norm(hidden)).view(-1, rows, columns, high, wide)
        return pixels.transpose(2, 3).reshape(-1, rows * high, columns * wide)


def scale_invariant_loss(predicted: Tensor, depth_m: Tensor) -> Tensor:
    """mean(g^2) - lambda mean(g)^2 of g = log prediction - log truth over known pixels, per picture, then their mean.

    Args:
        predicted: (B, height, width) log depth.
        depth_m: (B, height, width), 0 where unknown; each has a known pixel.
    """
    known = depth_m > 0
    error = torch.where(known, predicted - depth_m.clamp_min(1e-6).log(), 0.0)
    count = known.sum((1, 2))
    mean = error.sum((1, 2)) / count
    return (error.square().sum((1, 2)) / count - SCALE_INVARIANCE * mean.square()).mean()


def train_probe(train: DepthFeatures, config: DepthProbeConfig, seed: int, device: torch.device | str = "cpu") -> DepthProbe:
    """Train a probe on cached features; the same seed gives the same probe on the same machine.

    Raises:
        TransferError: The loss is not finite.
    """
    generator = torch.Generator().manual_seed(seed)
    depth = torch.from_numpy(train.depth_m)
    rows, columns = train.grid
    patch = (depth.shape[1] // rows, depth.shape[2] // columns)
    start = float(depth[depth > 0].log().mean())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        probe = DepthProbe(train.features.shape[-1], train.grid, patch, config, start)
    probe.shift.copy_(train.features.mean((0, 1)))
    probe.scale.copy_(train.features.std((0, 1)).clamp_min(SMALLEST_DEVIATION))
    probe.to(device)
    optimiser = torch.optim.AdamW(probe.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    rising = max(1, round(config.warm_up * config.steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(
            (step + 1) / rising, 0.5 + 0.5 * float(np.cos(np.pi * max(0, step - rising) / max(1, config.steps - rising)))
        ),
    )
    for step in range(config.steps):
        chosen = torch.randint(len(depth), (min(config.batch, len(depth)),), generator=generator)
        loss = scale_invariant_loss(probe(train.features[chosen].to(device)), depth[chosen].to(device))
        if not torch.isfinite(loss):
            raise TransferError(
                f"the probe's loss is not finite at step {step}: lower the learning rate, or look at the features"
            )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return probe.eval()


@torch.no_grad()
def predict_depth(probe: DepthProbe, features: DepthFeatures, config: DepthProbeConfig) -> Depths:
    """Depth (samples, height, width) in metres within the configured range."""
    device = probe.position.device
    parts = [
        probe(features.features[i : i + STEP_BLOCK].to(device)).exp().cpu() for i in range(0, len(features.names), STEP_BLOCK)
    ]
    return torch.cat(parts).clamp(config.min_depth_m, config.max_depth_m).numpy()


def mean_depth(depth_m: Depths) -> Depths:
    """(height, width): geometric mean of the training set's depth at each pixel, the overall one where it is never known.

    What one can say about depth without looking at the picture: floors are near and below, walls far and above.
    """
    known = depth_m > 0
    logs = np.log(depth_m, out=np.zeros(depth_m.shape, np.float64), where=known)
    count = known.sum(0)
    overall = logs.sum() / known.sum()
    return np.exp(np.divide(logs.sum(0), count, out=np.full(count.shape, overall), where=count > 0)).astype(np.float32)


@dataclass(frozen=True)
class DepthScores:
    """Means over pictures.

    Attributes:
        delta1: Share of known pixels within a factor of 1.25, up is better.
        abs_rel: Mean |d - d*| / d*, down is better.
        delta1_scaled: After each prediction's median is set to the truth's.
        abs_rel_scaled: Likewise.
        pictures: How many.
    """

    delta1: float
    abs_rel: float
    delta1_scaled: float
    abs_rel_scaled: float
    pictures: int


def score_depth(predicted_m: Sequence[Depths] | Depths, truth_m: Depths) -> DepthScores:
    """Compare depth maps.

    Args:
        predicted_m: (samples, height, width), or one map (height, width) for all; positive.
        truth_m: (samples, height, width), 0 where unknown.

    Raises:
        TransferError: Other sizes, or a truth without a valid pixel.
    """
    predicted = (
        np.broadcast_to(np.asarray(predicted_m), truth_m.shape) if np.ndim(predicted_m) == 2 else np.asarray(predicted_m)
    )
    if predicted.shape != truth_m.shape:
        raise TransferError(f"predicted depth has shape {predicted.shape}, the truth {truth_m.shape}")
    rows = []
    for index, (found, true) in enumerate(zip(predicted, truth_m, strict=True)):
        known = true > 0
        if not known.any():
            raise TransferError(f"depth map {index} has no valid pixel")
        scale = np.median(true[known]) / np.median(found[known])
        rows.append([*_errors(found[known], true[known]), *_errors(found[known] * scale, true[known])])
    delta1, abs_rel, delta1_scaled, abs_rel_scaled = np.mean(rows, axis=0)
    return DepthScores(float(delta1), float(abs_rel), float(delta1_scaled), float(abs_rel_scaled), len(rows))


def _errors(found: Depths, true: Depths) -> tuple[float, float]:
    ratio = np.maximum(found / true, true / found)
    return float((ratio < DELTA).mean()), float((np.abs(found - true) / true).mean())
