r"""Correspondence Alignment Score: how far two models look at the same places of one image when they see another.

For a pair of images and a model, A is the map of cross-attention logits, N target patches by N source patches. With T_i(p) the
k source patches that model i ranks first for target patch p,

    CAS(i, j) = mean over pairs and patches of |T_i(p) n T_j(p)| / k

(Single-Life, arXiv 2512.04085). It is symmetric, lies in 0..1, is 1 for a model with itself, and k / N for two models that have
nothing in common. It needs each model once, not each pair of models: the sets T are stored, and comparing them is counting.
Of what else makes it large (a key that everything looks at, a preference for the same position) see
`humannet_assets.single_life.nulls`: no score should be read without.

Ties go to the lower patch index, and the share of rows decided that way is reported: two models whose attention is constant
would otherwise seem to agree. Attention that is not finite is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.interfaces import AttentionModel, model_input

Floats = npt.NDArray[np.float64]
Direction = Literal["rows", "columns", "reciprocal"]
Correction = Literal["none", "position", "sinks", "position_and_sinks"]

KS: tuple[int, ...] = (1, 5, 10, 20)
"""Set sizes that are reported; figures show 10 of 196 [our choices: the paper gives none]."""
WORKING_BYTES = 256 * 1024**2
"""Memory that comparing sets may take at a time, whatever the number of pairs."""


class CasError(ValueError):
    """Models or sets that cannot be compared. The message names them and says why."""


@dataclass(frozen=True, order=True)
class View:
    """Which map of a model is compared.

    Attributes:
        direction: "rows": each target patch ranks source patches. "columns": each source patch ranks target patches.
            "reciprocal": rows of (C + C_swapped^T) / 2, where C_swapped is the map with target and source exchanged
            (ZeroCo); takes two forward passes.
        correction: What is taken out of the map before ranking, see `nulls.AttentionPrior`.
        layer: Decoder block, from 0; -1 is the mean of the logits over all blocks, which is what the paper compares.
    """

    direction: Direction = "rows"
    correction: Correction = "none"
    layer: int = -1

    def __str__(self) -> str:
        layer = "mean" if self.layer < 0 else f"layer{self.layer}"
        return "/".join([self.direction, layer, *([] if self.correction == "none" else [self.correction])])


def standard_views(layers: int) -> tuple[View, ...]:
    """The views that are stored: the score itself first, corrected three ways, both ways, reciprocal, and per decoder block."""
    corrected: tuple[Correction, ...] = ("none", "position", "sinks", "position_and_sinks")
    mean = [View(correction=correction) for correction in corrected]
    other: tuple[Direction, ...] = ("columns", "reciprocal")
    return (*mean, *(View(direction) for direction in other), *(View(layer=layer) for layer in range(layers)))


@dataclass(frozen=True)
class ProbePairs:
    """Image pairs every model is shown. `targets` and `sources` (pairs, 3, height, width), uint8 RGB or float as models take.

    `scenes` names what each pair shows, e.g. the video: pairs of one scene are not independent of each other.
    """

    targets: Tensor
    sources: Tensor
    scenes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.targets.shape != self.sources.shape or self.targets.ndim != 4 or not len(self.targets):
            raise CasError(
                f"targets {tuple(self.targets.shape)} and sources {tuple(self.sources.shape)} must both be "
                "(pairs, 3, height, width) with at least one pair"
            )
        if self.scenes and len(self.scenes) != len(self.targets):
            raise CasError(f"{len(self.scenes)} scenes for {len(self.targets)} pairs; give one per pair or none")

    def __len__(self) -> int:
        return len(self.targets)

    def with_sources(self, order: npt.NDArray[np.int64]) -> ProbePairs:
        """The same targets beside the sources of other pairs: target i beside source order[i]."""
        return ProbePairs(self.targets, self.sources[torch.from_numpy(order)], self.scenes)


def attention_maps(model: AttentionModel, pairs: ProbePairs, batch: int, *, swapped: bool = False) -> Iterator[Tensor]:
    """Maps of all pairs, batch by batch, so that memory does not grow with the number of pairs.

    Args:
        model: On any device; the maps stay there.
        pairs: What it is shown.
        batch: Pairs per forward pass.
        swapped: Exchange target and source.

    Yields:
        (up to `batch`, layers, N, N) float32: rows are patches of the image that looks, columns of the one looked at.

    Raises:
        CasError: Images of another size than the model's, or attention that is not finite.
    """
    if tuple(pairs.targets.shape[2:]) != model.config.image_shape:
        height, width = pairs.targets.shape[2:]
        raise CasError(f"pairs of {height}x{width} pixels, but the model takes {_cut(model.config)}; resize the pairs")
    looking, seen = (pairs.sources, pairs.targets) if swapped else (pairs.targets, pairs.sources)
    for start in range(0, len(pairs), batch):
        images = (model_input(model, part[start : start + batch]) for part in (looking, seen))
        logits = model.cross_attention_logits(*images)
        if not torch.isfinite(logits).all():
            pair = start + int((~torch.isfinite(logits)).flatten(1).any(1).int().argmax())
            raise CasError(
                f"the attention on pair {pair} is not finite: the model has diverged; leave it out or train it again"
            )
        yield logits


@dataclass(frozen=True)
class TopKSets:
    """A model's first choices on all pairs.

    Attributes:
        indices: (pairs, N, k_max), best first, uint8 up to 256 patches, else uint16: 3.9 MB for 1,000 pairs at N = 196 and
            k_max = 20, for all k at once (int16 logits of the whole map would be 77 MB).
        patches: N.
        ties: (k_max,): share of rows in which the choice at that k was between equals, decided by the index.
    """

    indices: npt.NDArray[np.unsignedinteger]
    patches: int
    ties: Floats


def top_k(maps: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """First choices of each row, ties to the lower index.

    Args:
        maps: (..., N) without NaN; minus infinity is never chosen.
        k: How many, below N.

    Returns:
        Indices (..., k) int64, best first, and (..., k) bool: whether the choice at that place equals the next one left out.

    Raises:
        CasError: k is not below N, or a row has fewer than k values that are not minus infinity.
    """
    if not 1 <= k < maps.shape[-1]:
        raise CasError(f"k = {k} of {maps.shape[-1]} patches: k must be at least 1 and below the number of patches")
    values, order = maps.sort(dim=-1, descending=True, stable=True)
    if torch.isneginf(values[..., k - 1]).any():
        raise CasError(f"fewer than {k} keys are left after the sinks are taken out; use a smaller k")
    return order[..., :k], values[..., :k] == values[..., 1 : k + 1]


def pair_scores(sets: Sequence[TopKSets], k: int) -> npt.NDArray[np.float32]:
    """CAS of all models with each other, pair by pair.

    Sets become bit masks of N bits; an intersection is AND and a count of bits, so that 100 models, 1,000 pairs and N = 196
    are 4,950 x 1,000 x 784 words, and pairs are handled in blocks that fit `WORKING_BYTES`.

    Args:
        sets: One per model, of the same pairs.
        k: Set size, up to the stored one.

    Returns:
        (pairs, models, models): mean over the patches of each pair.

    Raises:
        CasError: Sets of different sizes, or none.
    """
    if not sets:
        raise CasError("no models to compare")
    (pairs, rows, k_max), patches = sets[0].indices.shape, sets[0].patches
    for position, other in enumerate(sets):
        if other.indices.shape != sets[0].indices.shape or other.patches != patches:
            raise CasError(
                f"sets {position} {other.indices.shape} and 0 {sets[0].indices.shape} are not of the same pairs and patches"
            )
    if not 1 <= k <= k_max:
        raise CasError(f"k = {k}, but sets hold {k_max} choices; probe with a larger k")
    words = -(-patches // 64)
    # The unpacked masks, one byte per possible member, are the largest thing held.
    block = max(1, WORKING_BYTES // (len(sets) * rows * words * 64))
    scores = np.empty((pairs, len(sets), len(sets)), np.float32)
    for start in range(0, pairs, block):
        part = slice(start, start + block)
        bits = np.stack([_bit_masks(one.indices[part, :, :k], words) for one in sets], axis=1)  # (block, models, N, words)
        for pair, masks in enumerate(bits.reshape(len(bits), len(sets), -1), start):
            for i in range(len(sets)):
                scores[pair, i, i:] = np.bitwise_count(masks[i] & masks[i:]).sum(-1, dtype=np.uint32)
                scores[pair, i:, i] = scores[pair, i, i:]
    return scores / (rows * k)


def _bit_masks(indices: npt.NDArray[np.integer], words: int) -> npt.NDArray[np.uint64]:
    """(..., k) members as (..., words) bits."""
    member = np.zeros((*indices.shape[:-1], words * 64), bool)
    np.put_along_axis(member, indices.astype(np.int64), values=True, axis=-1)
    return np.packbits(member, axis=-1, bitorder="little").view(np.uint64)


@dataclass(frozen=True)
class CasMatrix:
    """CAS of n models at one k.

    Attributes:
        names: Models, in the order of rows and columns.
        score: (n, n), symmetric, 1 on the diagonal.
        low: (n, n): lower end of the 95 % bootstrap interval over pairs (whole scenes where scenes are known).
        high: (n, n): upper end.
        ties: (n,): share of each model's rows in which the set was decided by index; the score means nothing where it is large.
        k: Set size.
        patches: N.
        pairs: Image pairs it is a mean of.
    """

    names: tuple[str, ...]
    score: Floats
    low: Floats
    high: Floats
    ties: Floats
    k: int
    patches: int
    pairs: int


def cas_matrix(
    sets: Mapping[str, TopKSets],
    k: int,
    rng: np.random.Generator,
    *,
    scenes: Sequence[str] = (),
    resamples: int = 1000,
) -> CasMatrix:
    """CAS of all models with each other, with bootstrap intervals.

    Args:
        sets: Per model, of the same pairs.
        k: Set size.
        rng: Draws the resamples.
        scenes: What each pair shows: scenes are resampled whole.
        resamples: Bootstrap resamples.

    Raises:
        CasError: See `pair_scores`.
    """
    from humannet_assets.single_life.statistics import bootstrap_interval

    scores = pair_scores(list(sets.values()), k)
    low, high = bootstrap_interval(scores, rng, clusters=scenes, resamples=resamples)
    first = next(iter(sets.values()))
    return CasMatrix(
        names=tuple(sets),
        score=scores.mean(0, dtype=np.float64),
        low=low,
        high=high,
        ties=np.array([one.ties[k - 1] for one in sets.values()]),
        k=k,
        patches=first.patches,
        pairs=len(scores),
    )


def check_comparable(one: tuple[str, CroCoConfig], other: tuple[str, CroCoConfig], views: Sequence[View] = ()) -> None:
    """Two named models cut images the same way, and the second has the layers that views ask for.

    Raises:
        CasError: Another image size, patch size or number of patches, or a missing layer. Names both.
    """
    (first, first_config), (name, config) = one, other
    if _cut(config) != _cut(first_config):
        raise CasError(
            f"models {first!r} ({_cut(first_config)}) and {name!r} ({_cut(config)}) cut images differently: "
            "their attention maps cannot be compared"
        )
    if missing := [str(view) for view in views if view.layer >= config.decoder_depth]:
        raise CasError(f"model {name!r} has {config.decoder_depth} decoder blocks; there is no {', '.join(missing)}")


def _cut(config: CroCoConfig) -> str:
    height, width = config.image_shape
    return f"{height}x{width} pixels, patch {config.patch_size}, {config.patches} patches"
