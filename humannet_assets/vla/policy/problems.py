"""What is refused before training starts, each with what to do in the message. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from humannet_assets.vla.actions import ACTION_DIM
from humannet_assets.vla.known_robots import KNOWN_ROBOTS
from humannet_assets.vla.policy.config import PolicyConfig, StageConfig
from humannet_assets.vla.samples import HUMAN, Sample


class PolicySetupError(ValueError):
    """A policy cannot be trained as asked; the message says why and what to do."""


def check_samples(samples: Sequence[Sample], config: PolicyConfig, sources: Sequence[str], robots: Sequence[str] = ()) -> None:
    """Raise `PolicySetupError` for the first sample a policy could not learn from.

    Args:
        samples: What it is to be trained or judged on.
        config: The policy.
        sources: Sources there are statistics of.
        robots: Robots with mappings of their own, besides the known ones.
    """
    if not samples:
        raise PolicySetupError("there are no samples; check that the episodes of this arm are made and not all rejected")
    known = {HUMAN, *robots, *(mapping.robot for mapping in KNOWN_ROBOTS)}
    shape = (config.steps, ACTION_DIM)
    for sample in samples:
        place = f"episode {sample.episode_id} at {sample.time_s:.2f} s"
        for name in ("actions", "mask", "weight"):
            if (found := getattr(sample, name).shape) != shape:
                raise PolicySetupError(
                    f"{place}: {name} have shape {found}, the policy's are {shape} (steps, dims); cut the chunks with "
                    f"ChunkConfig(steps={config.steps}) in the action space of {ACTION_DIM} dims (humannet_assets.vla.actions)"
                )
        for name in ("state", "state_mask"):
            if (found := getattr(sample, name).shape) != (ACTION_DIM,):
                raise PolicySetupError(
                    f"{place}: {name} has shape {found}, expected ({ACTION_DIM},) (humannet_assets.vla.actions)"
                )
        if sample.images.ndim != 4 or sample.images.shape[-1] != 3 or sample.images.dtype != np.uint8:
            raise PolicySetupError(
                f"{place}: images are {sample.images.dtype} of shape {sample.images.shape}; expected uint8 (cameras, H, W, 3)"
            )
        if len(sample.images) != len(config.cameras):
            raise PolicySetupError(
                f"{place}: {len(sample.images)} pictures, the policy has the cameras {', '.join(config.cameras)}; leave out "
                "episodes without one of them, or set policy.cameras to those all episodes have"
            )
        if sample.robot not in known:
            raise PolicySetupError(
                f"{place}: unknown robot {sample.robot!r}; known are {', '.join(sorted(known))}. Write a mapping for it "
                "(humannet_assets.vla.robots) and import the episodes with that"
            )
        if sample.source not in sources:
            raise PolicySetupError(
                f"{place}: no statistics of source {sample.source!r}, only of {', '.join(sources) or 'none'}; fit them on the "
                "training episodes of every source (fit_normalisers)"
            )
        if not (sample.mask & (sample.weight > 0)).any():
            raise PolicySetupError(f"{place}: no action is known (or none has weight); leave this chunk out")
        if not np.isfinite(sample.actions[sample.mask]).all() or not np.isfinite(sample.state[sample.state_mask]).all():
            raise PolicySetupError(f"{place}: actions or state marked as known are not finite; mask them or reject the episode")


def check_equal_arms(stages: Mapping[str, StageConfig], what: str) -> None:
    """Raise `PolicySetupError` unless all arms' runs of a kind are the same in every setting: else they cannot be compared."""
    if len(stages) < 2:
        return
    first, *others = stages
    for arm in others:
        one, other = (stages[name].model_dump() for name in (first, arm))
        if different := sorted(key for key in one if one[key] != other[key]):
            told = ", ".join(f"{key} {one[key]} and {other[key]}" for key in different)
            raise PolicySetupError(
                f"{what} of the arms {first!r} and {arm!r} differs in {told}; arms that are compared get the same: set it once "
                "for all"
            )
