"""The learning rate rises in a line and falls along a cosine."""

from __future__ import annotations

from itertools import pairwise

import pytest

from humannet_assets.single_life.config import TrainingConfig
from humannet_assets.single_life.schedule import learning_rate


def test_warm_up_then_cosine() -> None:
    config = TrainingConfig(steps=100, batch_size=512, base_lr=1e-4, min_lr=1e-5, warmup_fraction=0.1)
    rates = [learning_rate(step, config) for step in range(100)]
    assert config.peak_lr == pytest.approx(2e-4)
    assert rates[:10] == pytest.approx([2e-5 * k for k in range(1, 11)])
    assert max(rates) == pytest.approx(2e-4)
    assert rates[55] == pytest.approx((2e-4 + 1e-5) / 2)
    assert rates[99] == pytest.approx(1e-5, abs=1e-7)
    assert all(a >= b for a, b in pairwise(rates[9:]))


def test_without_warm_up_it_starts_at_the_peak() -> None:
    config = TrainingConfig(steps=10, batch_size=256, warmup_fraction=0.0)
    assert learning_rate(0, config) == pytest.approx(config.base_lr)
    assert learning_rate(0, TrainingConfig(steps=1, batch_size=256)) == pytest.approx(config.base_lr)
