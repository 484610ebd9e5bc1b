"""Models whose attention is known: noise of their own, and on demand a shared sink, position preference or true match.

An image is a scene seen from a place: its pixels carry the scene's number and the place's shift in patches. So a simulated
model finds the true match of two images of one scene, and none between two scenes, as a real one does that has learned to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from humannet_assets.single_life.cas import ProbePairs
from humannet_assets.single_life.config import CroCoConfig

CONFIG = CroCoConfig(image_size=224, patch_size=16, decoder_depth=1)
LARGEST_SHIFT = 4


def scene_pairs(count: int, seed: int = 0, config: CroCoConfig = CONFIG) -> ProbePairs:
    """Pairs of views of one scene each, shifted by up to `LARGEST_SHIFT` patches."""
    rng = np.random.default_rng(seed)
    images = torch.zeros(2, count, 3, *config.image_shape)
    for pair in range(count):
        images[:, pair, 0] = pair + 1
        images[1, pair, 1:] = torch.from_numpy(rng.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1, 2))[:, None, None]
    return ProbePairs(images[0], images[1])


@dataclass
class SimulatedModel:
    """Logits are unit noise of its own, plus what it shares with others.

    Attributes:
        seed: Of its noise.
        sink: Added to the logits of key 0.
        position_width: Width s of a preference -d^2 / 2 s^2 for the same position, in patches; 0 for none.
        match_width: The same about the true match.
        broken: Gives NaN.
    """

    seed: int
    sink: float = 0.0
    position_width: float = 0.0
    match_width: float = 0.0
    config: CroCoConfig = CONFIG
    broken: bool = False

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        return iter(())

    def cross_attention_logits(self, target: Tensor, source: Tensor) -> Tensor:
        return torch.stack([self._maps(a, b) for a, b in zip(target, source, strict=True)])

    def _maps(self, target: Tensor, source: Tensor) -> Tensor:
        (scene, *here), (other, *there) = (image[:, 0, 0].long().tolist() for image in (target, source))
        rng = np.random.default_rng([self.seed, scene, other, *(value + 99 for value in (*here, *there))])
        maps = rng.standard_normal((self.config.decoder_depth, self.config.patches, self.config.patches)) * np.sqrt(
            self.config.decoder_depth
        )
        place = _places(self.config)
        if self.sink:
            maps[..., 0] += self.sink
        if self.position_width:
            maps -= _squared(place, place) / (2 * self.position_width**2)
        if self.match_width and scene == other:
            match = (place + np.subtract(there, here)).clip(0, np.subtract(self.config.grid, 1))
            maps -= _squared(match, place) / (2 * self.match_width**2)
        if self.broken:
            maps[0, 0, 0] = np.nan
        return torch.from_numpy(maps).float()


def _places(config: CroCoConfig) -> np.ndarray:
    return np.stack(np.meshgrid(*(np.arange(side) for side in config.grid), indexing="ij"), -1).reshape(-1, 2)


def _squared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.square(one[:, None] - other[None]).sum(-1)
