"""The closed loop: a policy acts, sees what became of it, and acts again, until the task is done or time is up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from pydantic import Field

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.actions import Float32s
from humannet_assets.vla.policy.batches import Collator
from humannet_assets.vla.policy.model import Policy, sampling_noise
from humannet_assets.vla.samples import Sample, with_images


class Loop(Protocol):
    """A robot at a task, real or simulated."""

    def observe(self) -> Sample:
        """What the policy sees now (its actions are empty); the steps that follow are relative to it."""
        ...

    def step(self, action: Float32s) -> bool:
        """Carry out one step (32,) of a chunk predicted from the last observation; returns whether time is up."""
        ...

    def success(self) -> bool:
        """Whether the task is done now."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class ClosedLoopConfig(StepConfig):
    """How a policy is let act."""

    execute: int = Field(default=8, ge=1, description="Steps of a chunk carried out before it looks again. Ours: half of 16.")
    seed: int = Field(default=0, ge=0, description="Of the sampled actions' starting noise.")


@dataclass(frozen=True)
class Rollout:
    """One try: whether the task was done at some step, and after how many steps it ended."""

    success: bool
    steps: int


Actor = Callable[[Sample, int], Float32s]
"""Predicts a chunk (steps, 32), in the action space's units, of an observation; the number counts the observations."""


def policy_actor(policy: Policy, collator: Collator, config: ClosedLoopConfig, pictures: Sequence[Sample] = ()) -> Actor:
    """A policy as an actor. With `pictures`, it is shown those of these samples instead of its own: the blinded control."""
    device = next(policy.parameters()).device
    rng = np.random.default_rng(config.seed)

    def act(sample: Sample, number: int) -> Float32s:
        seen = sample
        if pictures:
            seen = with_images(sample, pictures[int(rng.integers(len(pictures)))])
        noise = sampling_noise(config.seed + number, 1, policy.config.steps)
        with torch.inference_mode():
            chunk = policy.act(collator.batch([seen]).to(device), noise.to(device)).float().cpu().numpy()
        return collator.physical(chunk, [sample])[0]

    return act


def roll_out(loop: Loop, actor: Actor, config: ClosedLoopConfig) -> Rollout:
    """Let an actor work on a task from its start. Done is done: success at any step counts, and ends the try."""
    steps, number = 0, 0
    while True:
        chunk = actor(loop.observe(), number)
        number += 1
        for action in chunk[: config.execute]:
            over = loop.step(action)
            steps += 1
            if loop.success() or over:
                return Rollout(loop.success(), steps)


def success_interval(successes: int, tries: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate (Wilson 1927): right for few tries and for rates of 0 and 1.

    Raises:
        ValueError: There were no tries.
    """
    if tries < 1:
        raise ValueError("a success rate needs at least one try")
    rate = successes / tries
    middle = (rate + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z * np.sqrt(rate * (1 - rate) / tries + z * z / (4 * tries**2)) / (1 + z * z / tries)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
