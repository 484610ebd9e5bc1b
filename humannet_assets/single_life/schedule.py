"""The learning rate of each optimiser step."""

from __future__ import annotations

import math
from typing import Protocol


class Schedule(Protocol):
    """What the learning rate follows from: a training configuration's fields of these names."""

    @property
    def steps(self) -> int:
        """Optimiser steps of the run."""
        ...

    @property
    def warmup_fraction(self) -> float:
        """Share of linear warm-up."""
        ...

    @property
    def peak_lr(self) -> float:
        """Learning rate after it."""
        ...

    @property
    def min_lr(self) -> float:
        """Learning rate at the end."""
        ...


def learning_rate(step: int, config: Schedule) -> float:
    """Linear warm-up to `peak_lr`, then half a cosine down to `min_lr` (CroCo, MAE), for step 0, 1, ... steps - 1.

    Unlike theirs it does not begin with a step at rate 0.
    """
    warmup = round(config.warmup_fraction * config.steps)
    if step < warmup:
        return config.peak_lr * (step + 1) / warmup
    progress = (step - warmup) / max(1, config.steps - warmup)
    return config.min_lr + (config.peak_lr - config.min_lr) * 0.5 * (1 + math.cos(math.pi * progress))
