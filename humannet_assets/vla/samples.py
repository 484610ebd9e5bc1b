"""What a policy learns from: a picture or several, an instruction, the hands' state, and a chunk of actions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from humannet_assets.vla.actions import ACTION_DIM, Bools, Float32s
from humannet_assets.vla.resample import ACTION_RATE_HZ
from humannet_assets.vla.statistics import ActionStatistics, StatisticsFitter

HUMAN = "human"
"""`Sample.robot` of people."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One chunk with what was seen and known at its first frame; numbers are in the units of `vla.actions`.

    Attributes:
        images: (cameras, H, W, 3) uint8 RGB, in the order of the policy's cameras.
        instruction: What is to be done.
        state: (32,) the hands at the anchor; 0 where not known.
        state_mask: (32,) which of it is known.
        actions: (steps, 32); 0 where not known.
        mask: (steps, 32) which of them are known.
        weight: (steps, 32) weight in the loss (`human_weights`, `robot_weights`).
        episode_id: The episode it was cut from; samples of one are alike.
        source: What it is normalised with.
        robot: Name of the robot's mapping, or `HUMAN`.
        group: Validation group, such as "in_domain".
        time_s: Time of the anchor from the episode's start, seconds.
        duration_s: Time it stands for, seconds: from this anchor to the next.
    """

    images: npt.NDArray[np.uint8]
    instruction: str
    state: Float32s
    state_mask: Bools
    actions: Float32s
    mask: Bools
    weight: Float32s
    episode_id: str
    source: str
    robot: str
    group: str = ""
    time_s: float = 0.0
    duration_s: float = 1 / ACTION_RATE_HZ


@dataclass(frozen=True)
class Normaliser:
    """Statistics of one source's actions and states, from its training split."""

    actions: ActionStatistics
    state: ActionStatistics


def fit_normalisers(samples: Iterable[Sample], rng: np.random.Generator) -> dict[str, Normaliser]:
    """Statistics per source, by its name. The samples are those of training splits, and of nothing else."""
    by_source: dict[str, list[Sample]] = {}
    for sample in samples:
        by_source.setdefault(sample.source, []).append(sample)
    found = {}
    for source, own in sorted(by_source.items()):
        training = {sample.episode_id for sample in own}
        actions, state = (StatisticsFitter(source, training, rng) for _ in range(2))
        for sample in own:
            actions.add(sample.episode_id, sample.actions, sample.mask)
            state.add(sample.episode_id, sample.state, sample.state_mask)
        stateless = not any(sample.state_mask.any() for sample in own)
        found[source] = Normaliser(actions.finish(), _nothing(source) if stateless else state.finish())
    return found


def _nothing(source: str) -> ActionStatistics:
    """Statistics of a source that never tells the state: every dim is masked, whatever it is scaled by."""
    none, zeros = (0,) * ACTION_DIM, (0.0,) * ACTION_DIM
    return ActionStatistics(
        source=source, episodes=0, count=none, q01=zeros, q99=zeros, mean=zeros, std=zeros, minimum=zeros, maximum=zeros
    )


def hours(samples: Sequence[Sample]) -> float:
    """Hours the samples stand for."""
    return sum(sample.duration_s for sample in samples) / 3600


def take_hours(samples: Sequence[Sample], wanted_h: float, seed: int) -> list[Sample]:
    """Whole episodes, in a seeded random order, up to the hours wanted; fewer hours are a subset of more.

    The episode that would go beyond is cut short at its end, so that the hours are kept to within one sample.

    Raises:
        ValueError: There is not as much.
    """
    if hours(samples) < wanted_h * (1 - 1e-9):
        raise ValueError(f"{wanted_h:.4g} hours are wanted and there are {hours(samples):.4g}; ask for fewer or add episodes")
    ids = sorted({sample.episode_id for sample in samples})
    rank = {ids[place]: number for number, place in enumerate(np.random.default_rng(seed).permutation(len(ids)))}
    chosen: list[Sample] = []
    left_s = wanted_h * 3600 + 1e-6
    for sample in sorted(samples, key=lambda sample: (rank[sample.episode_id], sample.time_s)):
        left_s -= sample.duration_s
        if left_s < 0:
            break
        chosen.append(sample)
    return chosen


def fingerprint(samples: Sequence[Sample]) -> str:
    """Hash of everything a policy sees of the samples, in their order."""
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(f"{sample.episode_id}\x1f{sample.source}\x1f{sample.instruction}\x1f{sample.images.shape}".encode())
        for values in (sample.images, sample.state, sample.state_mask, sample.actions, sample.mask, sample.weight):
            digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:32]


def with_images(sample: Sample, other: Sample) -> Sample:
    """A sample with another one's pictures."""
    return replace(sample, images=other.images)


def with_instruction(sample: Sample, other: Sample) -> Sample:
    """A sample with another one's instruction."""
    return replace(sample, instruction=other.instruction)
