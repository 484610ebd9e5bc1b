"""The policy: a Qwen VL model whose hidden states an action expert reads; its loss, and how it acts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from humannet_assets.vla.actions import ACTION_DIM
from humannet_assets.vla.policy.batches import Batch, Noise
from humannet_assets.vla.policy.config import ExpertConfig, PolicyConfig
from humannet_assets.vla.policy.expert import Expert, KeyValue
from humannet_assets.vla.policy.vlm import Vlm, hidden_states

Look = tuple[list[KeyValue], Tensor]
"""What the expert reads of a batch: see `Policy.look`."""


class Policy(nn.Module):
    """A policy over normalised actions.

    Args:
        config: The policy.
        vlm: Its vision-language model; the module is taken, not copied.
        expert: Its action expert.
    """

    def __init__(self, config: PolicyConfig, vlm: Vlm, expert: Expert) -> None:
        super().__init__()
        self.config = config
        self.vlm = vlm.model
        self.expert = expert
        self._read = read_layers(vlm.layers, config.expert.depth)

    def forward(self, batch: Batch, draws: Noise) -> Tensor:
        """Loss of each sample (B,): the weighted mean over its known actions, averaged over the draws.

        Flow head: squared error of `u = noise - a` at `x_t = t * noise + (1 - t) * a` (LingBot-VLA). L1 head: absolute error of
        the actions; the draws play no part.
        """
        return self.loss(batch, draws, self.look(batch))

    def loss(self, batch: Batch, draws: Noise, look: Look) -> Tensor:
        """The same for a batch that was looked at before."""
        memory, seen = look
        if self.config.expert.head == "l1":
            error = (self._regress(batch, memory, seen) - batch.actions).abs()
        else:
            actions = batch.actions[:, None]  # (B, 1, T, A)
            time = draws.time[..., None, None]
            noisy = (time * draws.noise + (1 - time) * actions) * batch.dims[:, None]
            flow = self.expert(noisy, draws.time, batch.state, memory, seen)
            error = (flow.float() - (draws.noise - actions)).square().mean(dim=1)
        return (error * batch.weight).sum((1, 2)) / batch.weight.sum((1, 2))

    def look(self, batch: Batch) -> Look:
        """What the expert's blocks read of a batch, and which tokens (B, L) are no padding. Once per sample, for any draws."""
        states = hidden_states(self.vlm, batch.vlm)
        return self.expert.remember([states[index] for index in self._read]), batch.vlm["attention_mask"].bool()

    @torch.no_grad()
    def act(self, batch: Batch, noise: Tensor, look: Look | None = None) -> Tensor:
        """Normalised actions (B, T, 32): by Euler steps from t = 1 to 0 starting at `noise` (B, T, 32), or regressed."""
        memory, seen = look or self.look(batch)
        if self.config.expert.head == "l1":
            return self._regress(batch, memory, seen)
        x, steps = noise[:, None], self.config.expert.sampling_steps
        for index in range(steps):
            time = torch.full(x.shape[:2], 1 - index / steps, device=x.device)
            x = x - self.expert(x * batch.dims[:, None], time, batch.state, memory, seen).float() / steps
        return x[:, 0]

    def _regress(self, batch: Batch, memory: Sequence[KeyValue], seen: Tensor) -> Tensor:
        blank = torch.zeros_like(batch.actions)[:, None]
        time = torch.ones(len(batch), 1, device=blank.device)
        return self.expert(blank, time, batch.state, memory, seen)[:, 0].float()


def read_layers(layers: int, depth: int) -> list[int]:
    """Which hidden states (0 embeddings, i after layer i) the expert's blocks read: spread evenly, the last one last."""
    return [max(1, round((index + 1) * layers / depth)) for index in range(depth)]


def new_expert(config: ExpertConfig, steps: int, memory_width: int, seed: int) -> Expert:
    """An expert with the random weights of a seed, the same on every machine; the caller's generators are not touched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Expert(config, steps, memory_width)


def sampling_noise(seed: int, count: int, steps: int) -> Tensor:
    """Starting noise (count, T, 32) of sampled actions: fixed by the seed."""
    return torch.from_numpy(np.random.default_rng([seed, steps]).standard_normal((count, steps, ACTION_DIM), np.float32))
