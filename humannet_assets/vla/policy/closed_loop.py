"""The closed loop: a policy acts, sees what became of it, and acts again, until the task is done or time is up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from humannet_assets.vla.actions import Float32s
from humannet_assets.vla.policy.batches import Collator
from humannet_assets.vla.policy.config import ClosedLoopConfig
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
