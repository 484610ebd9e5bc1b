"""What CAS is without correspondence: the simulation's figures, and that each null takes out what it claims to."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from humannet_assets.single_life.cas import CasError, CasMatrix, ProbePairs, View, top_k
from humannet_assets.single_life.comparison import Comparison, compare_models
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.nulls import (
    chance_corrected,
    estimate_priors,
    random_models,
    relative,
    shuffled_sources,
    two_seed_ceiling,
)
from humannet_assets_tests.single_life.simulated_attention import SimulatedModel, scene_pairs

SINK, POSITION, MATCH = {"sink": 10.0}, {"position_width": 2.0}, {"match_width": 0.4}
SHARED = {
    "nothing": {},
    "sink": SINK,
    "position": POSITION,
    "match": MATCH,
    "both": SINK | POSITION,
    "all": SINK | POSITION | MATCH,
}
RAW, NO_POSITION, NO_SINKS, NEITHER = (View(correction=c) for c in ("none", "position", "sinks", "position_and_sinks"))
CHANCE = 10 / 196
TOLERANCE = 0.02


@cache
def compared(kind: str) -> Comparison:
    """Two models that share only what is named; N = 196, k = 10."""
    models = [(str(seed), SimulatedModel(seed, **SHARED[kind])) for seed in range(2)]
    views = [RAW, NO_POSITION, NO_SINKS, NEITHER]
    return compare_models(models, scene_pairs(12), views, np.random.default_rng(0), ks=(10,), resamples=20)


def score(kind: str, view: View, shuffled: bool = False) -> float:
    result = compared(kind).of(view, 10)
    matrix: CasMatrix = result.shuffled if shuffled else result.matrix
    return float(matrix.score[0, 1])


@pytest.mark.parametrize(("kind", "expected"), [("nothing", 0.05), ("sink", 0.14), ("position", 0.37), ("match", 0.93)])
def test_raw_score_misleads_as_simulated(kind: str, expected: float) -> None:
    assert score(kind, RAW) == pytest.approx(expected, abs=TOLERANCE)


def test_shuffled_sources_show_what_is_shared_without_a_match() -> None:
    assert score("sink", RAW, shuffled=True) == pytest.approx(0.14, abs=TOLERANCE)
    assert score("position", RAW, shuffled=True) == pytest.approx(0.37, abs=TOLERANCE)
    assert score("match", RAW, shuffled=True) == pytest.approx(CHANCE, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("kind", "view", "expected"),
    [
        ("sink", NO_SINKS, CHANCE),
        ("sink", NO_POSITION, 0.14),
        ("position", NO_POSITION, CHANCE),
        ("position", NO_SINKS, 0.37),
        ("both", NO_POSITION, 0.14),
        ("both", NEITHER, CHANCE),
        ("match", NEITHER, 0.93),
        ("all", NEITHER, 0.93),
        ("nothing", NEITHER, CHANCE),
    ],
)
def test_corrections_take_out_what_they_name_and_leave_the_match(kind: str, view: View, expected: float) -> None:
    assert score(kind, view) == pytest.approx(expected, abs=TOLERANCE)


def test_after_all_corrections_nothing_is_left_to_share_without_a_match() -> None:
    assert score("all", NEITHER, shuffled=True) == pytest.approx(CHANCE, abs=TOLERANCE)


def test_priors_say_what_they_found() -> None:
    assert compared("sink").priors["0"].sinks.nonzero().flatten().tolist() == [0]
    assert compared("both").priors["0"].sinks_without_position.nonzero().flatten().tolist() == [0]
    for kind in ("nothing", "position", "match"):
        prior = compared(kind).priors["1"]
        assert not prior.sinks.any()
        assert not prior.sinks_without_position.any()
    assert compared("position").priors["0"].explained > 0.95
    assert compared("nothing").priors["0"].explained < 0.05


def test_position_prior_is_recovered_beside_sink_and_row_levels() -> None:
    class Uneven(SimulatedModel):
        def cross_attention_logits(self, target: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
            return super().cross_attention_logits(target, source) + torch.linspace(-9, 9, self.config.patches)[:, None]

    prior = estimate_priors(Uneven(0, **SINK, **POSITION), scene_pairs(8), [NEITHER], batch=4)["rows", -1]
    offset = np.arange(-3, 4)
    expected = -(offset[:, None] ** 2 + offset[None] ** 2) / 8
    found = prior.by_offset[10:17, 10:17].numpy()
    assert found - found[3, 3] == pytest.approx(expected, abs=0.15)


def test_shuffled_sources_leave_the_scene() -> None:
    scenes = ["a"] * 4 + ["b"] * 3 + ["c"]
    orders = [shuffled_sources(8, np.random.default_rng(seed), scenes) for seed in range(20)]
    for order in orders:
        assert sorted(order.tolist()) == list(range(8))
        assert all(scenes[i] != scenes[source] for i, source in enumerate(order))
    assert len({tuple(order.tolist()) for order in orders}) > 10
    assert not (shuffled_sources(50, np.random.default_rng(0)) == np.arange(50)).any()
    with pytest.raises(CasError, match="5 of 8 pairs show one scene"):
        shuffled_sources(8, np.random.default_rng(0), ["a"] * 5 + ["b"] * 3)
    with pytest.raises(CasError, match="1 of 1 pairs"):
        shuffled_sources(1, np.random.default_rng(0))


def test_scales() -> None:
    assert chance_corrected(10 / 196, 10, 196) == pytest.approx(0)
    assert chance_corrected(1.0, 10, 196) == pytest.approx(1)
    assert relative([0.2, 0.6], 0.2, 0.6).tolist() == [0, 1]
    assert np.isnan(relative(0.5, 1.0))
    score = np.array([[1, 0.8, 0.1], [0.8, 1, 0.2], [0.1, 0.2, 1]])
    assert two_seed_ceiling(score, ["a", "a", "b"]) == (0.8, 1)
    assert two_seed_ceiling(score, ["a", "b", "c"])[1] == 0


def test_random_models_share_nothing_and_leave_global_randomness_alone() -> None:
    config = CroCoConfig.preset("demo")
    state = torch.get_rng_state()
    models = list(random_models(config, range(3)))
    assert torch.equal(state, torch.get_rng_state())
    assert [name for name, _ in models] == ["random_init/0", "random_init/1", "random_init/2"]
    images = torch.randint(0, 256, (2, 16, 3, 64, 64), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    result = compare_models(models, ProbePairs(images[0], images[1]), [RAW], np.random.default_rng(0), ks=(5,), resamples=20)
    off = result.of(RAW, 5).matrix.score[np.triu_indices(3, 1)]
    assert off == pytest.approx(5 / 64, abs=0.04)


def test_too_few_keys_after_suppression_is_an_error() -> None:
    without_sink = compared("sink").priors["0"].correct(torch.randn(1, 196, 196), "sinks")
    assert top_k(without_sink, 194)[0].shape == (1, 196, 194)
    with pytest.raises(CasError, match="fewer than 195 keys are left"):
        top_k(without_sink.masked_fill(torch.eye(196, dtype=torch.bool), -torch.inf), 195)
