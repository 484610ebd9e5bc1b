"""Controls: the same samples with one thing taken away, and actions that look at nothing. Imports no torch.

A loss can fall while a policy ignores the picture; so every number stands beside what it is with another episode's picture or
another instruction, and beside the mean of the training actions and no motion at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.vla.actions import ACTION_DIM, HANDS, Float32s
from humannet_assets.vla.policy.problems import PolicySetupError
from humannet_assets.vla.samples import Sample, with_images, with_instruction

Shuffle = Literal["shuffled_image", "matched_image", "shuffled_text"]
"""Pictures of another episode at any time; of another episode as far along (stricter: only what differs between scenes is
wrong); another instruction."""


def shuffled(samples: Sequence[Sample], what: Shuffle, rng: np.random.Generator) -> list[Sample]:
    """The samples, each with a picture or an instruction of another one; the rest stays.

    Raises:
        PolicySetupError: There is only one episode (or one instruction) to take from.
    """
    episodes = np.array([sample.episode_id for sample in samples])
    texts = np.array([sample.instruction for sample in samples])
    own = texts if what == "shuffled_text" else episodes
    names, times_s = np.unique(episodes), np.array([sample.time_s for sample in samples])
    result = []
    for index, sample in enumerate(samples):
        others = np.flatnonzero(own != own[index])
        if not len(others):
            kind = "instruction" if what == "shuffled_text" else "episode"
            raise PolicySetupError(f"control {what} needs samples of at least two {kind}s; found one: add held-out episodes")
        if what == "matched_image":
            # One of the other episodes at random, and its nearest frame.
            frames = np.flatnonzero(episodes == rng.choice(names[names != sample.episode_id]))
            other = samples[frames[np.abs(times_s[frames] - sample.time_s).argmin()]]
        else:
            other = samples[int(rng.choice(others))]
        result.append(with_instruction(sample, other) if what == "shuffled_text" else with_images(sample, other))
    return result


@dataclass(frozen=True)
class MeanAction:
    """Mean of the training samples' actions (steps, 32) by source; 0 where there is none."""

    by_source: dict[str, Float32s]

    @classmethod
    def of(cls, training: Sequence[Sample]) -> MeanAction:
        """The mean over training samples, of known actions only."""
        sums: dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]] = {}
        for sample in training:
            total, count = sums.setdefault(sample.source, (np.zeros(sample.actions.shape), np.zeros(sample.actions.shape)))
            total += np.where(sample.mask, sample.actions, 0.0)
            count += sample.mask
        return cls({source: (total / np.maximum(count, 1)).astype(np.float32) for source, (total, count) in sums.items()})

    def actions(self, samples: Sequence[Sample]) -> Float32s:
        """Actions (N, steps, 32) for the samples."""
        return np.stack([self.by_source[sample.source] for sample in samples])


def zero_action(samples: Sequence[Sample]) -> Float32s:
    """Actions (N, steps, 32) of hands that stay as they are: no shift, no rotation, grip and joints of the state."""
    actions = np.stack([np.zeros_like(sample.actions) for sample in samples])
    stays = np.zeros(ACTION_DIM, bool)
    for slots in HANDS:
        stays[slots.grip] = stays[slots.joints] = True
    state = np.stack([np.where(sample.state_mask, sample.state, 0.0) for sample in samples])
    actions[..., stays] = state[:, None, stays]
    return actions
