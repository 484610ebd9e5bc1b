"""Normalisation: percentiles of training episodes only, back and forth without loss, and dims that do not move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.vla.actions import ACTION_DIM, DIM_NAMES
from humannet_assets.vla.statistics import ActionStatistics, LeakageError, StatisticsFitter, describe


def fitted(values: np.ndarray, mask: np.ndarray | None = None, capacity: int = 200_000, seed: int = 0) -> ActionStatistics:
    fitter = StatisticsFitter("s", {"a"}, np.random.default_rng(seed), capacity)
    fitter.add("a", values, np.ones(values.shape, bool) if mask is None else mask)
    return fitter.finish()


def normal(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (count, ACTION_DIM)) * np.linspace(0.05, 1, ACTION_DIM)


def test_percentiles_become_the_ends() -> None:
    values = normal(5000)
    found = fitted(values)
    assert np.allclose(found.q01, np.quantile(values, 0.01, axis=0))
    assert np.allclose(found.q99, np.quantile(values, 0.99, axis=0))
    scaled = found.normalise(values)
    inside = ((scaled >= -1) & (scaled <= 1)).mean(axis=0)
    moving = [dim for dim in range(ACTION_DIM) if "grip" not in DIM_NAMES[dim]]
    assert np.allclose(inside[moving], 0.98, atol=0.001)
    assert found.count == (5000,) * ACTION_DIM
    assert np.allclose(found.std, values.std(axis=0))
    assert np.allclose(found.minimum, values.min(axis=0))
    assert np.allclose(found.maximum, values.max(axis=0))


@given(st.integers(0, 1000))
def test_back_and_forth(seed: int) -> None:
    values = normal(50, seed)
    found = fitted(values)
    assert np.allclose(found.denormalise(found.normalise(values)), values, atol=1e-5)
    assert np.abs(found.normalise(values * 100, clip=1.5)).max() <= 1.5


def test_openings_keep_their_natural_ends() -> None:
    values = np.zeros((1000, ACTION_DIM))
    values[:, 6] = 1.0
    values[0, 6] = 0.0  # closed once in a thousand: the 1st percentile is open
    found = fitted(values)
    assert found.q01[6] == found.q99[6] == 1.0
    assert np.allclose(found.normalise(np.array([[0.0] * 32, [1.0] * 32]))[:, 6], [-1, 1])


def test_dims_that_rest_are_marked_and_not_blown_up() -> None:
    values = normal(1000)
    rng = np.random.default_rng(1)
    values[:, 0] = 0.3 + rng.normal(0, 1e-4, 1000)
    values[:, 14] = -1.2
    found = fitted(values)
    assert found.constant()[[0, 14]].all()
    assert not found.constant()[[1, 15]].any()
    scaled = found.normalise(values)
    assert np.abs(scaled[:, 0]).max() < 0.1
    assert np.abs(scaled[:, 14]).max() < 1e-6
    assert np.allclose(found.denormalise(scaled)[:, [0, 14]], values[:, [0, 14]], atol=1e-6)
    assert describe(found)["left_x"]["constant"] is True


def test_masked_values_do_not_count() -> None:
    values, mask = normal(400), np.ones((400, ACTION_DIM), bool)
    values[200:, 3], mask[200:, 3] = np.nan, False
    mask[:, 20] = False
    found = fitted(values.reshape(25, 16, ACTION_DIM), mask.reshape(25, 16, ACTION_DIM))
    assert found.count[3] == 200
    assert np.isclose(found.q99[3], np.quantile(values[:200, 3], 0.99))
    assert found.count[20] == 0
    assert found.q01[20] == found.q99[20] == 0
    assert not found.constant()[20]
    assert np.isfinite(found.normalise(np.zeros(ACTION_DIM))).all()
    assert "left_joint_6" not in describe(found)


def test_only_training_episodes() -> None:
    fitter = StatisticsFitter("bridge", {"a", "b"}, np.random.default_rng(0))
    fitter.add("a", normal(5), np.ones((5, ACTION_DIM), bool))
    with pytest.raises(LeakageError, match="bridge"):
        fitter.add("held out", normal(5), np.ones((5, ACTION_DIM), bool))
    fitter.add("b", normal(5), np.ones((5, ACTION_DIM), bool))
    assert fitter.finish().episodes == 2


def test_what_cannot_be_counted_is_refused() -> None:
    fitter = StatisticsFitter("s", {"a"}, np.random.default_rng(0))
    with pytest.raises(ValueError, match="nothing to normalise"):
        fitter.finish()
    with pytest.raises(ValueError, match="expected"):
        fitter.add("a", np.zeros((4, 14)), np.ones((4, 14), bool))
    values = normal(4)
    values[2, 2] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        fitter.add("a", values, np.ones((4, ACTION_DIM), bool))


def test_many_rows_are_sampled_fairly_and_repeatably() -> None:
    values = normal(20_000)
    values[10_000:] += 3.0  # what comes late must weigh as much as what came first

    def stream(seed: int) -> ActionStatistics:
        fitter = StatisticsFitter("s", {"a"}, np.random.default_rng(seed), capacity=2000)
        for part in np.array_split(values, 37):
            fitter.add("a", part, np.ones(part.shape, bool))
        return fitter.finish()

    first = stream(1)
    assert first == stream(1)
    assert first != stream(2)
    assert np.allclose(first.q99, np.quantile(values, 0.99, axis=0), atol=0.15 * values.std(axis=0).max())
    assert np.allclose(first.mean, values.mean(axis=0))
    assert first.count[0] == 20_000


def test_statistics_are_kept_as_json() -> None:
    found = fitted(normal(100))
    assert ActionStatistics.model_validate_json(found.model_dump_json()) == found
    with pytest.raises(ValueError, match="32"):
        ActionStatistics.model_validate({**found.model_dump(), "q01": (0.0,)})
