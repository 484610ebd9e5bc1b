"""The action expert: a transformer over a chunk's steps whose blocks read the hidden states of the vision-language model.

Letters in shapes: B samples, D noise draws per sample, T steps, A action dims, L tokens of the VLM, W width.
Keys and values of the VLM's tokens depend on the sample only: they are made once and serve all its draws, whose queries are
laid side by side along the sequence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from humannet_assets.vla.actions import ACTION_DIM
from humannet_assets.vla.policy.config import ExpertConfig

STATE_INPUTS = 2 * ACTION_DIM
"""Normalised state and its mask."""
_TIME_WAVES = 128
_LONGEST, _SHORTEST = 4.0, 4e-3
"""Periods of the sines that encode t in [0, 1], as in pi0 (openpi: min_period 4e-3, max_period 4.0)."""

KeyValue = tuple[Tensor, Tensor]


class AdaptiveNorm(nn.Module):
    """RMSNorm with a scale, a shift and a gate that follow from the time (LingBot-VLA). Begins as a plain one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width, elementwise_affine=False, eps=1e-6)
        self.modulation = nn.Linear(width, 3 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised x (N, S, W) and the gate (N, 1, W) for what is made of it; `time` (N, W)."""
        scale, shift, gate = self.modulation(functional.silu(time)).unsqueeze(1).chunk(3, dim=-1)
        return self.norm(x) * (1 + scale) + shift, 1 + gate


class Block(nn.Module):
    """Attention among state and steps, attention to the VLM's tokens, MLP."""

    def __init__(self, config: ExpertConfig, memory_width: int) -> None:
        super().__init__()
        width, hidden = config.width, round(config.width * config.mlp_ratio)
        self.heads = config.heads
        self.norms = nn.ModuleList(AdaptiveNorm(width) for _ in range(3))
        self.qkv = nn.Linear(width, 3 * width)
        self.self_out = nn.Linear(width, width)
        self.query = nn.Linear(width, width)
        self.memory_norm = nn.RMSNorm(memory_width, eps=1e-6)
        self.key_value = nn.Linear(memory_width, 2 * width)
        self.cross_out = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, width))

    def remember(self, hidden: Tensor) -> KeyValue:
        """Keys and values (B, heads, L, W / heads) of hidden states (B, L, memory width)."""
        key, value = self.key_value(self.memory_norm(hidden)).chunk(2, dim=-1)
        return self._split(key), self._split(value)

    def forward(self, x: Tensor, time: Tensor, memory: KeyValue, seen: Tensor, draws: int) -> Tensor:
        """Next x (B * D, T + 1, W) of x, time (B * D, W), seen (B, 1, 1, L) true for tokens that are no padding."""
        normed, gate = self.norms[0](x, time)
        query, key, value = (self._split(part) for part in self.qkv(normed).chunk(3, dim=-1))
        x = x + gate * self.self_out(self._join(functional.scaled_dot_product_attention(query, key, value)))
        normed, gate = self.norms[1](x, time)
        count, length, width = normed.shape
        # (B, D * (T + 1), W): all draws of a sample ask the same keys and values.
        side_by_side = self.query(normed).reshape(count // draws, draws * length, width)
        read = functional.scaled_dot_product_attention(self._split(side_by_side), *memory, attn_mask=seen)
        x = x + gate * self.cross_out(self._join(read).reshape(count, length, width))
        normed, gate = self.norms[2](x, time)
        return x + gate * self.mlp(normed)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _join(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).flatten(2)


class Expert(nn.Module):
    """Predicts the flow `noise - actions` (head "flow") or the actions themselves (head "l1"), both normalised.

    Args:
        config: Sizes and head.
        steps: T.
        memory_width: Width of the VLM's hidden states.
    """

    periods: Tensor

    def __init__(self, config: ExpertConfig, steps: int, memory_width: int) -> None:
        super().__init__()
        width = config.width
        self.state = nn.Linear(STATE_INPUTS, width)
        self.action = nn.Linear(ACTION_DIM, width)
        self.places = nn.Parameter(torch.randn(steps + 1, width) * 0.02)
        self.time = nn.Sequential(nn.Linear(2 * _TIME_WAVES, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(Block(config, memory_width) for _ in range(config.depth))
        self.norm = AdaptiveNorm(width)
        self.out = nn.Linear(width, ACTION_DIM)
        # Starts with the prediction 0: the mean of normalised actions, roughly.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("periods", torch.logspace(math.log10(_SHORTEST), math.log10(_LONGEST), _TIME_WAVES), False)

    def remember(self, hidden: Sequence[Tensor]) -> list[KeyValue]:
        """What each block reads, of the hidden states (B, L, memory width) meant for it."""
        return [block.remember(states) for block, states in zip(self.blocks, hidden, strict=True)]  # pyright: ignore[reportCallIssue]

    def forward(self, noisy: Tensor, time: Tensor, state: Tensor, memory: Sequence[KeyValue], seen: Tensor) -> Tensor:
        """Prediction (B, D, T, A) for noisy actions (B, D, T, A) at times (B, D), state (B, 64), tokens seen (B, L) bool."""
        batch, draws = time.shape
        steps = self.action(noisy) + self.places[1:]  # (B, D, T, W)
        first = (self.state(state) + self.places[0])[:, None, None].expand(-1, draws, 1, -1)
        x = torch.cat([first, steps], dim=2).flatten(0, 1)  # (B * D, T + 1, W)
        angles = time.flatten()[:, None] * (2 * math.pi / self.periods)
        when = self.time(torch.cat([angles.sin(), angles.cos()], dim=-1).to(steps.dtype))  # (B * D, W)
        mask = seen[:, None, None, :]
        for block, read in zip(self.blocks, memory, strict=True):
            x = block(x, when, read, mask, draws)
        normed, _ = self.norm(x[:, 1:], when)
        return self.out(normed).unflatten(0, (batch, draws))
