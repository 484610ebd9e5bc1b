"""Zero-shot dense correspondence by the protocol of ZeroCo (An et al., CVPR 2025), for any source of patch similarity.

Both pictures whole at the model's input size; similarity C of target and source patches; soft-argmax over source patches with
temperature 1e-4; the flow of the patch grid enlarged bilinearly to 240x240; errors in pixels there, over those whose true point
is inside the source. For cross-attention C = (A + A_swapped^T) / 2, with A the logits averaged over heads and blocks after the
first key has been set to the map's minimum (the published evaluation compares logits; at that temperature any monotone map of
them chooses the same patch). Without their tiled zooming, so the grid itself limits precision: see `grid_limit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from humannet_assets.single_life.framing import frame_picture, whole
from humannet_assets.single_life.interfaces import AttentionModel, Encoder, SizedModel, as_tensor, model_input
from humannet_assets.single_life.transfer.flow_pairs import EVALUATION_PX, FlowPair, pixel_centres
from humannet_assets.single_life.transfer.samples import TransferError

TEMPERATURE = 1e-4
"""Of the softmax before the soft-argmax (ZeroCo's evaluation scripts); it picks one patch unless values are all but equal."""
PCK_PX: tuple[int, ...] = (1, 3, 5)

Similarity = Callable[[Tensor, Tensor], Tensor]
"""Model-ready targets and sources (B, 3, height, width) -> (B, N, N) float32: rows target patches, columns source patches."""
FlowPredictor = Callable[[Sequence[FlowPair]], npt.NDArray[np.floating]]
"""Pairs -> flows (pairs, 240, 240, 2), pixels."""


def attention_similarity(model: AttentionModel) -> Similarity:
    """Cross-attention of a model both ways, its first key suppressed."""

    def similarity(target: Tensor, source: Tensor) -> Tensor:
        there = _without_first_key(model.cross_attention_logits(target, source))
        back = _without_first_key(model.cross_attention_logits(source, target))
        return (there.mean(1) + back.mean(1).mT) / 2

    return similarity


def _without_first_key(logits: Tensor) -> Tensor:
    """(B, layers, N, N) with the first column at each map's minimum."""
    logits = logits.clone()
    logits[..., 0] = logits.amin((-2, -1)).unsqueeze(-1)
    return logits


def feature_similarity(encoder: Encoder) -> Similarity:
    """Cosine of encoder features: what a model without cross-attention, or without a source in training (MAE), offers."""

    @torch.no_grad()
    def similarity(target: Tensor, source: Tensor) -> Tensor:
        one, other = (F.normalize(encoder.encode(images).float(), dim=-1) for images in (target, source))
        return one @ other.mT

    return similarity


def patch_matcher(model: SizedModel, similarity: Similarity, *, temperature: float = TEMPERATURE) -> FlowPredictor:
    """Dense flow from the similarity of patches.

    Args:
        model: Whose input size, grid and device are used.
        similarity: Of that model.
        temperature: Of the soft-argmax.
    """
    shape, grid = model.config.image_shape, model.config.grid

    def predict(pairs: Sequence[FlowPair]) -> npt.NDArray[np.floating]:
        target, source = (
            model_input(model, as_tensor([frame_picture(picture, whole(picture.shape), shape) for picture in pictures]))
            for pictures in ([pair.target for pair in pairs], [pair.source for pair in pairs])
        )
        return enlarge(soft_argmax_flow(similarity(target, source), grid, temperature))

    return predict


def soft_argmax_flow(similarity: Tensor, grid: tuple[int, int], temperature: float) -> Tensor:
    """Flow of the patch grid: expected place in the source minus place in the target.

    Args:
        similarity: (B, N, N).
        grid: Rows and columns of patches.
        temperature: Of the softmax over source patches.

    Returns:
        (B, 2, rows, columns): x and y in shares of the picture's width and height.
    """
    rows, columns = grid
    y, x = torch.meshgrid(
        *((torch.arange(side, device=similarity.device) + 0.5) / side for side in (rows, columns)), indexing="ij"
    )
    place = torch.stack((x, y), -1).reshape(-1, 2)  # (N, 2)
    flow = (similarity.float() / temperature).softmax(-1) @ place - place
    return flow.mT.unflatten(-1, grid)


def enlarge(flow: Tensor) -> npt.NDArray[np.float32]:
    """Flow of a grid (B, 2, rows, columns) in shares of the picture -> (B, 240, 240, 2) in pixels, bilinear."""
    wide = F.interpolate(flow, size=(EVALUATION_PX, EVALUATION_PX), mode="bilinear", align_corners=False)
    return (wide * EVALUATION_PX).permute(0, 2, 3, 1).cpu().numpy()


def identity_flow(pairs: Sequence[FlowPair]) -> npt.NDArray[np.floating]:
    """The guess that nothing moved."""
    return np.zeros((len(pairs), EVALUATION_PX, EVALUATION_PX, 2), np.float32)


def grid_limit(grid: tuple[int, int]) -> FlowPredictor:
    """What a grid of patches can reach: for each patch the one with its true point, the nearest one if that is outside."""
    count = np.array(grid[::-1])
    side = EVALUATION_PX / count
    middle = np.ix_(*(((np.arange(n) + 0.5) / n * EVALUATION_PX).astype(int) for n in grid))

    def predict(pairs: Sequence[FlowPair]) -> npt.NDArray[np.floating]:
        place = pixel_centres()[middle]  # (rows, columns, 2)
        true = np.floor((place + np.stack([pair.flow_px[middle] for pair in pairs])) / side).clip(0, count - 1)
        steps = true - np.floor(place / side)
        return enlarge(torch.from_numpy(steps * side / EVALUATION_PX).float().permute(0, 3, 1, 2))

    return predict


@dataclass(frozen=True)
class CorrespondenceScores:
    """Errors over a set of pairs.

    Attributes:
        aepe_px: Average end-point error, pixels at 240x240, down is better: per pair over valid pixels, then over pairs.
        pck: Share of valid pixels within 1, 3 and 5 pixels, averaged alike, up is better.
        per_pair_px: Names and end-point errors of the pairs.
    """

    aepe_px: float
    pck: dict[int, float]
    per_pair_px: dict[str, float]


def score_correspondence(pairs: Iterable[FlowPair], predict: FlowPredictor, *, batch: int = 8) -> CorrespondenceScores:
    """Judge a predictor.

    Args:
        pairs: Pairs with truth.
        predict: See `patch_matcher`, `identity_flow`, `grid_limit`.
        batch: Pairs per call.

    Raises:
        TransferError: No pairs, two of one name, a pair without a valid pixel, or a flow that is not finite.
    """
    errors: dict[str, float] = {}
    within: list[list[float]] = []
    waiting = iter(pairs)
    while block := list(islice(waiting, batch)):
        for pair, flow in zip(block, predict(block), strict=True):
            if not pair.valid.any():
                raise TransferError(f"{pair.name} has no valid pixel; leave it out")
            if pair.name in errors:
                raise TransferError(f"two pairs are called {pair.name}")
            distance = np.linalg.norm(flow - pair.flow_px, axis=-1)[pair.valid]
            if not np.isfinite(distance).all():
                raise TransferError(f"the flow predicted for {pair.name} is not finite: the model has diverged")
            errors[pair.name] = float(distance.mean())
            within.append([float((distance <= limit).mean()) for limit in PCK_PX])
    if not errors:
        raise TransferError("no pairs to judge correspondence on")
    pck = np.mean(within, axis=0)
    return CorrespondenceScores(
        aepe_px=float(np.mean(list(errors.values()))),
        pck={limit: float(share) for limit, share in zip(PCK_PX, pck, strict=True)},
        per_pair_px=errors,
    )
