"""How good a policy is on held-out samples: loss with fixed draws, open-loop error, both beside their controls.

Every measure is kept per sample, so that two conditions or two policies are compared on the same samples, and how sure a
difference is follows from drawing whole episodes anew (paired bootstrap).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from humannet_assets.single_life.statistics import CONFIDENCE, bootstrap_interval
from humannet_assets.vla.actions import ACTION_DIM, Float32s
from humannet_assets.vla.episodes import Floats
from humannet_assets.vla.policy.batches import Collator, Noise, draw_noise
from humannet_assets.vla.policy.config import LOSS, REAL, SEEING, EvaluationConfig
from humannet_assets.vla.policy.controls import MeanAction, shuffled, zero_action
from humannet_assets.vla.policy.errors import MEASURES, open_loop_errors
from humannet_assets.vla.policy.model import Policy, sampling_noise
from humannet_assets.vla.policy.problems import check_samples
from humannet_assets.vla.samples import Sample


@dataclass(frozen=True)
class Measured:
    """Measures of one condition by sample: loss (N,) and errors (N, 4).

    Actions that no policy predicted have no flow loss: NaN.
    """

    loss: Floats
    errors: Floats

    def column(self, name: str) -> Floats:
        """A measure (N,) by its name: "loss" or one of `MEASURES`."""
        return self.loss if name == LOSS else self.errors[:, MEASURES.index(name)]


@dataclass(frozen=True)
class Evaluation:
    """All conditions on the same samples; `episodes` and `groups` are of each sample."""

    conditions: Mapping[str, Measured]
    episodes: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Interval:
    """A mean with its bootstrap interval; `samples` and `episodes` it is of."""

    mean: float
    low: float
    high: float
    samples: int
    episodes: int


def evaluate(
    policy: Policy,
    collator: Collator,
    samples: Sequence[Sample],
    mean_action: MeanAction,
    config: EvaluationConfig | None = None,
    seeing: Sequence[str] = SEEING,
) -> Evaluation:
    """Measure a policy on held-out samples, under every condition.

    Args:
        policy: In evaluation mode.
        collator: Of its data.
        samples: None of them from training episodes.
        mean_action: Of the training samples.
        config: Draws and seeds.
        seeing: Conditions the policy is run under; "shuffled_text" needs two instructions.

    Raises:
        PolicySetupError: The samples do not fit the policy, or there is nothing to shuffle with.
    """
    config = config or EvaluationConfig()
    check_samples(samples, policy.config, sorted(collator.normalisers))
    conditions = {}
    for name in seeing:
        # Every condition shuffles in its own way, and always the same.
        rng = np.random.default_rng([config.seed, SEEING.index(name)])
        seen = samples if name == REAL else shuffled(samples, name, rng)  # pyright: ignore[reportArgumentType]
        loss, actions = predict(policy, collator, seen, config)
        conditions[name] = Measured(loss, open_loop_errors(actions, samples))
    for name, actions in (("mean_action", mean_action.actions(samples)), ("zero_action", zero_action(samples))):
        loss = _l1(collator, samples, actions) if policy.config.expert.head == "l1" else np.full(len(samples), np.nan)
        conditions[name] = Measured(loss, open_loop_errors(actions, samples))
    return Evaluation(conditions, tuple(sample.episode_id for sample in samples), tuple(sample.group for sample in samples))


def predict(policy: Policy, collator: Collator, samples: Sequence[Sample], config: EvaluationConfig) -> tuple[Floats, Float32s]:
    """Loss of each sample (N,) and predicted actions (N, steps, 32) in the units of the action space; one look serves both.

    Draws and starting noise are fixed: those of a sample depend on the seed and its number only.
    """
    draws = 1 if policy.config.expert.head == "l1" else config.draws
    start = sampling_noise(config.seed, len(samples), policy.config.steps)
    device = next(policy.parameters()).device
    losses, actions = [], []
    for first in range(0, len(samples), config.batch_size):
        own = samples[first : first + config.batch_size]
        drawn = [
            draw_noise(np.random.default_rng([config.seed, index]), 1, draws, policy.config.steps, ACTION_DIM)
            for index in range(first, first + len(own))
        ]
        noise = Noise(torch.cat([each.time for each in drawn]), torch.cat([each.noise for each in drawn]))
        with torch.inference_mode():
            batch = collator.batch(own).to(device)
            look = policy.look(batch)
            losses.append(policy.loss(batch, noise.to(device), look).float().cpu().numpy())
            actions.append(policy.act(batch, start[first : first + len(own)].to(device), look).float().cpu().numpy())
    return np.concatenate(losses).astype(np.float64), collator.physical(np.concatenate(actions), samples)


def _l1(collator: Collator, samples: Sequence[Sample], actions: Float32s) -> Floats:
    """The L1 head's loss of given actions."""
    result = []
    for sample, own in zip(samples, actions, strict=True):
        normalise = collator.normalisers[sample.source].actions.normalise
        weight = np.where(sample.mask, sample.weight, 0.0)
        result.append((np.abs(normalise(own) - normalise(sample.actions)) * weight).sum() / weight.sum())
    return np.asarray(result, np.float64)


def interval(evaluation: Evaluation, condition: str, measure: str, config: EvaluationConfig, group: str = "") -> Interval:
    """Mean of a measure under a condition, with its interval over episodes."""
    return _interval(evaluation.conditions[condition].column(measure), evaluation, config, group)


def gap(evaluation: Evaluation, condition: str, measure: str, config: EvaluationConfig, group: str = "") -> Interval:
    """How much worse a condition is than the real one, sample by sample: with "shuffled_image" the vision gap."""
    real = evaluation.conditions[REAL].column(measure)
    return _interval(evaluation.conditions[condition].column(measure) - real, evaluation, config, group)


def difference(one: Evaluation, other: Evaluation, measure: str, config: EvaluationConfig, group: str = "") -> Interval:
    """How much worse one policy is than another on the same samples.

    Raises:
        ValueError: They were not measured on the same samples.
    """
    if one.episodes != other.episodes or one.groups != other.groups:
        raise ValueError("the two evaluations are of different samples; evaluate both on the same held-out samples")
    values = one.conditions[REAL].column(measure) - other.conditions[REAL].column(measure)
    return _interval(values, one, config, group)


def _interval(values: Floats, evaluation: Evaluation, config: EvaluationConfig, group: str) -> Interval:
    kept = np.isfinite(values)
    if group:
        kept &= np.array([own == group for own in evaluation.groups])
    episodes = [episode for episode, keep in zip(evaluation.episodes, kept, strict=True) if keep]
    if not episodes:
        return Interval(np.nan, np.nan, np.nan, 0, 0)
    own = values[kept]
    rng = np.random.default_rng(config.seed)
    low, high = bootstrap_interval(own, rng, clusters=episodes, resamples=config.resamples, confidence=CONFIDENCE)
    return Interval(float(own.mean()), float(low), float(high), len(own), len(set(episodes)))


def looks(evaluation: Evaluation, config: EvaluationConfig) -> dict[str, bool]:
    """Whether the policy passes its controls on all samples.

    "sees": the loss with shuffled pictures is worse, "sees_scene": with pictures of another scene as far along; "beats_mean"
    and "beats_zero": its wrist positions are nearer than the mean action's and than no motion. Each with the whole interval.
    """
    found = {"sees": gap(evaluation, "shuffled_image", LOSS, config).low > 0}
    if "matched_image" in evaluation.conditions:
        found["sees_scene"] = gap(evaluation, "matched_image", LOSS, config).low > 0
    for name, condition in (("beats_mean", "mean_action"), ("beats_zero", "zero_action")):
        found[name] = gap(evaluation, condition, MEASURES[0], config).low > 0
    return found
