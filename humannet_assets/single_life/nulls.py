r"""What the Correspondence Alignment Score is without correspondence, and at most: the figures to be stored beside it.

Raw CAS rises without any shared match (simulated, N = 196, k = 10: independent maps .05, one key that everything looks at .14,
a preference for the same position .37; the same match .93). So beside a score stand

- chance, k / N, and the score scaled between it and 1;
- models of random weights (`random_models`), which are compared like the others (`comparison`);
- the same models on shuffled pairs: target i beside the source of another pair, so that there is no match to share;
- the score with the position prior taken out, with sink keys taken out, with both;
- the two-seed ceiling: models of the same life that differ in the seed only.

Position prior and sinks, estimated on shuffled pairs. With M the mean map of centred rows, the least-squares fit

    M[p, q] = c(p) + b(q - p) + s(q)

has a level per row (of no consequence: CAS sees ranks within rows), a preference per offset and one per key. Then

    position prior taken out:   L'[p, q] = L[p, q] - b(q - p)
    q is a sink:                mean over p of (M[p, q] - c(p)) / sd_p > SINK_DEVIATIONS

with sd_p the deviation of row p over keys and pairs; the logit of a sink becomes -inf. Where both are taken out, sinks are
those of the maps without b. Offsets, because sin-cos and rotary positions alike make the product of two position codes a
function of the offset; how much of M the offsets explain is reported. Sinks by deviations rather than by softmax, because CAS
sees ranks: small logits (random weights) and large ones of the same order are the same to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from humannet_assets.single_life.cas import (
    CasError,
    Correction,
    Direction,
    Floats,
    ProbePairs,
    TopKSets,
    View,
    attention_maps,
    top_k,
)
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.single_life.interfaces import AttentionModel
from humannet_assets.single_life.training import initial_model

SINK_DEVIATIONS = 1.645
"""How far a sink stands above its rows, in their standard deviations: the 95 % point of a normal distribution.

So a sink is a key that for the average query is among the first 5 %, which is what k = 10 of N = 196 takes [our choice]. ZeroCo
takes out the first key only, which is where published CroCo models have theirs.
"""
FIT_ROUNDS = 20
"""Rounds of the alternating least-squares fit; on a 14 x 14 grid with a sink and a preference it stands still after 20."""


def chance(k: int, patches: int) -> float:
    """CAS of models with nothing in common: k / N."""
    return k / patches


def relative(score: npt.ArrayLike, floor: npt.ArrayLike, ceiling: npt.ArrayLike = 1.0) -> Floats:
    """(score - floor) / (ceiling - floor): 0 at the floor, 1 at the ceiling, negative below; NaN where the two are equal."""
    value, low, high = (np.asarray(x, np.float64) for x in (score, floor, ceiling))
    span = np.broadcast_to(high - low, np.broadcast_shapes(value.shape, low.shape, high.shape))
    return np.divide(value - low, span, out=np.full(span.shape, np.nan), where=span != 0)


def chance_corrected(score: npt.ArrayLike, k: int, patches: int) -> Floats:
    """(CAS - k/N) / (1 - k/N): 0 for models with nothing in common, 1 for equal ones, at every k and N."""
    return relative(score, chance(k, patches))


def shuffled_sources(count: int, rng: np.random.Generator, scenes: Sequence[str] = ()) -> npt.NDArray[np.int64]:
    """A random order of sources in which no target meets its own source, nor one of its own scene.

    Args:
        count: Pairs.
        rng: Draws the order.
        scenes: What each pair shows; every pair is its own scene by default.

    Raises:
        CasError: One pair only, or a scene has more than half of the pairs.
    """
    labels = list(scenes) or [str(i) for i in range(count)]
    largest = max(Counter(labels).values(), default=0)
    if 2 * largest > count:
        raise CasError(
            f"{largest} of {count} pairs show one scene: no shuffling gives each a source of another; "
            "add pairs of other scenes, or drop the scenes to shuffle within them"
        )
    # In order of scenes, a step as long as the largest scene always leaves the scene one starts in.
    rank = {scene: place for place, scene in enumerate(rng.permutation(sorted(set(labels))))}
    by_scene = np.array(sorted(rng.permutation(count), key=lambda i: rank[labels[i]]), np.int64)
    order = np.empty(count, np.int64)
    order[by_scene] = np.roll(by_scene, -largest)
    return order


@dataclass(frozen=True)
class AttentionPrior:
    """What one map of a model prefers whatever the images show.

    Attributes:
        by_offset: (2 rows - 1, 2 columns - 1) float32: b(d), the offset (0, 0) in the middle.
        sinks: (N,) bool: of the maps as they are.
        sinks_without_position: (N,) bool: of the maps without b.
        explained: Share of the mean map's variance within rows that offsets explain, 0..1.
    """

    by_offset: Tensor
    sinks: Tensor
    sinks_without_position: Tensor
    explained: float

    def correct(self, maps: Tensor, correction: Correction) -> Tensor:
        """Maps (..., N, N) without what the correction names."""
        sinks = self.sinks
        if correction in {"position", "position_and_sinks"}:
            rows, columns = ((side + 1) // 2 for side in self.by_offset.shape)
            maps = maps - self.by_offset.flatten()[_offsets(rows, columns).to(maps.device)]
            sinks = self.sinks_without_position
        return maps.masked_fill(sinks, -torch.inf) if correction in {"sinks", "position_and_sinks"} else maps


@cache
def _offsets(rows: int, columns: int) -> Tensor:
    """(N, N): index of the offset from patch p to patch q among all (2 rows - 1) * (2 columns - 1)."""
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    down, right = ((place.flatten()[None] - place.flatten()[:, None]) for place in (row, column))
    return (down + rows - 1) * (2 * columns - 1) + right + columns - 1


class _Moments:
    """Mean and mean square of the maps of shuffled pairs, rows centred."""

    def __init__(self, maps: Tensor) -> None:
        self._sum = torch.zeros(maps.shape[1:], dtype=torch.float64, device=maps.device)
        self._squares = torch.zeros_like(self._sum)
        self._pairs = 0

    def add(self, maps: Tensor) -> None:
        """(B, N, N)."""
        centred = (maps - maps.mean(-1, keepdim=True)).double()
        self._sum += centred.sum(0)
        self._squares += centred.square().sum(0)
        self._pairs += len(maps)

    def prior(self, rows: int, columns: int) -> AttentionPrior:
        """Fit offsets and find sinks; on the CPU, where sums over scattered places have an order."""
        device = self._sum.device
        mean, squares = self._sum.cpu() / self._pairs, self._squares.cpu() / self._pairs
        offsets = _offsets(rows, columns)
        by_offset = _offset_effect(mean, offsets)
        position = by_offset[offsets]
        spread = squares - 2 * position * mean + position.square()  # mean square of the maps without b
        total, explained = (float((x - x.mean(-1, keepdim=True)).square().sum()) for x in (mean, position))
        return AttentionPrior(
            by_offset=by_offset.reshape(2 * rows - 1, 2 * columns - 1).float().to(device),
            sinks=_sinks(mean, squares).to(device),
            sinks_without_position=_sinks(mean - position, spread).to(device),
            explained=min(1.0, explained / total) if total > 0 else 0.0,
        )


def _offset_effect(mean: Tensor, offsets: Tensor) -> Tensor:
    """Least-squares fit c(p) + b(q - p) + s(q), each part fitted in turn to what the others leave; returns b."""
    size = int(offsets.max()) + 1
    count = torch.bincount(offsets.flatten(), minlength=size)
    row, by_offset, key = torch.zeros_like(mean[:, :1]), mean.new_zeros(size), torch.zeros_like(mean[:1])
    for _ in range(FIT_ROUNDS):
        row = (mean - by_offset[offsets] - key).mean(1, keepdim=True)
        key = (mean - by_offset[offsets] - row).mean(0, keepdim=True)
        by_offset = mean.new_zeros(size).index_add_(0, offsets.flatten(), (mean - row - key).flatten()) / count
    return by_offset


def _sinks(mean: Tensor, squares: Tensor) -> Tensor:
    """(N,) bool: keys far above their rows, from the maps' mean and mean square (N, N)."""
    level = mean.mean(-1, keepdim=True)
    deviation = (squares.mean(-1, keepdim=True) - level.square()).clamp_min(0).sqrt()
    above = torch.where(deviation > 0, (mean - level) / deviation, 0.0)
    return above.mean(0) > SINK_DEVIATIONS


MapKey = tuple[Direction, int]
"""Direction and layer, as in `View`."""
Priors = Mapping[MapKey, AttentionPrior]


def _key(view: View) -> MapKey:
    return view.direction, view.layer


def estimate_priors(model: AttentionModel, shuffled: ProbePairs, views: Sequence[View], batch: int) -> Priors:
    """Position priors and sinks of the maps that views want corrected.

    Args:
        model: The model.
        shuffled: Pairs without a match, see `shuffled_sources`.
        views: Views; those without a correction need no prior.
        batch: Pairs per forward pass.
    """
    wanted = {_key(view) for view in views if view.correction != "none"}
    moments: dict[MapKey, _Moments] = {}
    if wanted:
        for maps in _keyed_maps(model, shuffled, wanted, batch):
            for key, part in maps.items():
                moments.setdefault(key, _Moments(part)).add(part)
    rows, columns = model.config.grid
    return {key: part.prior(rows, columns) for key, part in moments.items()}


def probe(
    model: AttentionModel, pairs: ProbePairs, views: Sequence[View], k_max: int, batch: int, priors: Priors
) -> dict[View, TopKSets]:
    """A model's first choices in all views, from one forward pass per pair (two if a view is reciprocal).

    Args:
        model: The model.
        pairs: What it is shown.
        views: What is kept.
        k_max: Largest set size.
        batch: Pairs per forward pass.
        priors: From `estimate_priors` with the same views.

    Raises:
        CasError: See `attention_maps` and `top_k`.
        KeyError: A corrected view has no prior.
    """
    patches = model.config.patches
    kind = np.uint8 if patches <= 256 else np.uint16
    indices = {view: np.empty((len(pairs), patches, k_max), kind) for view in views}
    ties = {view: np.zeros(k_max) for view in views}
    start = 0
    for maps in _keyed_maps(model, pairs, {_key(view) for view in views}, batch):
        stop = min(start + batch, len(pairs))
        for view in views:
            part = maps[_key(view)]
            chosen, tied = top_k(
                part if view.correction == "none" else priors[_key(view)].correct(part, view.correction), k_max
            )
            indices[view][start:stop] = chosen.cpu().numpy()
            ties[view] += tied.sum((0, 1)).cpu().numpy()
        start = stop
    return {view: TopKSets(indices[view], patches, ties[view] / (len(pairs) * patches)) for view in views}


def _keyed_maps(
    model: AttentionModel, pairs: ProbePairs, keys: Collection[MapKey], batch: int
) -> Iterator[dict[MapKey, Tensor]]:
    """Per batch the uncorrected maps (B, N, N)."""
    reciprocal = any(direction == "reciprocal" for direction, _ in keys)
    backwards = attention_maps(model, pairs, batch, swapped=True) if reciprocal else None
    for logits in attention_maps(model, pairs, batch):
        oriented: dict[Direction, Tensor] = {"rows": logits, "columns": logits.mT}
        if backwards:
            oriented["reciprocal"] = (logits + next(backwards).mT) / 2
        yield {(to, layer): oriented[to].mean(1) if layer < 0 else oriented[to][:, layer] for to, layer in keys}


def random_models(config: CroCoConfig, seeds: Iterable[int]) -> Iterator[tuple[str, CroCo]]:
    """Models as they are before training, named `random_init/<seed>`, to be compared along with the trained ones."""
    for seed in seeds:
        yield f"random_init/{seed}", initial_model(config, seed)


def two_seed_ceiling(score: Floats, lives: Sequence[str]) -> tuple[float, int]:
    """Mean score of models of one life (which differ in the seed) and the number of such pairs; NaN and 0 if there are none."""
    life = np.asarray(lives)
    values = score[np.triu(life[:, None] == life[None], 1)]
    return (float(values.mean()) if len(values) else float("nan")), len(values)
