"""The score: what it is on known sets, that it needs each model once, and that bad models are refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from humannet_assets.single_life import cas
from humannet_assets.single_life.cas import CasError, ProbePairs, TopKSets, View, cas_matrix, pair_scores, top_k
from humannet_assets.single_life.comparison import Comparison, compare_models, summarise
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.single_life.loader import normalise
from humannet_assets.single_life.nulls import probe
from humannet_assets_tests.single_life.simulated_attention import CONFIG, SimulatedModel, scene_pairs

SMALL = CroCoConfig.preset("demo")


def sets_of(chosen: list[list[int]], patches: int = 8) -> TopKSets:
    """One pair, one row per list."""
    indices = np.array([chosen], np.uint8)
    return TopKSets(indices, patches, np.zeros(indices.shape[-1]))


def naive_score(one: Tensor, other: Tensor, k: int) -> float:
    """The definition, written out."""
    shares = []
    for row, its in zip(one.flatten(0, 1), other.flatten(0, 1), strict=True):
        a, b = (set(sorted(range(len(x)), key=lambda q: (-float(x[q]), q))[:k]) for x in (row, its))
        shares.append(len(a & b) / k)
    return float(np.mean(shares))


def test_score_of_known_sets() -> None:
    one, other = sets_of([[0, 1, 2, 3], [4, 5, 6, 7]]), sets_of([[3, 2, 1, 0], [4, 0, 1, 2]])
    assert pair_scores([one, other], 4)[0] == pytest.approx(np.array([[1, 0.625], [0.625, 1]]))
    assert pair_scores([one, other], 1)[0, 0, 1] == pytest.approx(0.5)
    with pytest.raises(CasError, match="k = 5, but sets hold 4"):
        pair_scores([one, other], 5)
    with pytest.raises(CasError, match="not of the same pairs"):
        pair_scores([one, sets_of([[0, 1, 2, 3]])], 4)


@pytest.mark.parametrize("k", [1, 5, 10])
def test_score_equals_its_definition_and_is_symmetric(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    maps = [torch.randn(5, 64, 64, generator=generator) for _ in range(3)]
    maps[2] = (maps[0] * 4).round()  # many ties
    monkeypatch.setattr(cas, "WORKING_BYTES", 1)  # one pair at a time
    sets = {str(i): TopKSets(top_k(m, 10)[0].numpy().astype(np.uint8), 64, np.zeros(10)) for i, m in enumerate(maps)}
    matrix = cas_matrix(sets, k, np.random.default_rng(0), resamples=50)
    assert np.array_equal(matrix.score, matrix.score.T)
    assert np.array_equal(np.diag(matrix.score), np.ones(3))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert matrix.score[i, j] == pytest.approx(naive_score(maps[i], maps[j], k), abs=1e-6)
        assert 0 <= matrix.low[i, j] <= matrix.score[i, j] <= matrix.high[i, j] <= 1


def test_ties_go_to_the_lower_index_and_are_counted() -> None:
    chosen, tied = top_k(torch.tensor([[1.0, 3.0, 3.0, 3.0, 0.0], [5.0, 4.0, 3.0, 2.0, -0.0]]), 3)
    assert chosen.tolist() == [[1, 2, 3], [0, 1, 2]]
    assert tied.tolist() == [[True, True, False], [False, False, False]]
    constant = SimulatedModel(0, config=SMALL)
    constant.cross_attention_logits = lambda target, _: torch.zeros(len(target), 2, 64, 64)  # pyright: ignore
    assert probe(constant, scene_pairs(2, config=SMALL), [View()], 5, 2, {})[View()].ties.tolist() == [1.0] * 5


def test_each_model_is_run_once_per_pair_set() -> None:
    class Counting(SimulatedModel):
        images = 0

        def cross_attention_logits(self, target: Tensor, source: Tensor) -> Tensor:
            type(self).images += len(target)
            return super().cross_attention_logits(target, source)

    models = [(str(i), Counting(i, config=SMALL)) for i in range(4)]
    compare_models(models, scene_pairs(6, config=SMALL), [View(), View("columns")], np.random.default_rng(0), ks=(5,), batch=4)
    # True pairs and shuffled pairs; no view is corrected, so no pass for priors.
    assert Counting.images == 4 * 6 * 2


def test_views_see_layers_and_both_directions() -> None:
    class Fixed(SimulatedModel):
        """Layer 0 looks at the same patch, layer 1 at the patch to the right, more strongly."""

        def cross_attention_logits(self, target: Tensor, source: Tensor) -> Tensor:
            same = torch.eye(64)
            return torch.stack([same, 2 * same.roll(1, 1)]).expand(len(target), -1, -1, -1)

    views = [View(layer=0), View(), View("columns"), View("reciprocal")]
    found = probe(Fixed(0, config=SMALL), scene_pairs(3, config=SMALL), views, 1, 2, {})
    first = {view: sets.indices[:, 10, 0].tolist() for view, sets in found.items()}
    # The reciprocal map is symmetric here: 10 looks right to 11, and 9 looks right to 10; the lower index wins.
    assert first == {views[0]: [10] * 3, views[1]: [11] * 3, views[2]: [9] * 3, views[3]: [9] * 3}


def test_same_seed_same_result_and_random_models_are_summarised() -> None:
    lives = {"a0": "a", "a1": "a", "b0": "b"}
    # Both seeds of life a see the match; life b sees nothing.
    trained = [(name, SimulatedModel(i, match_width=0.4 * (lives[name] == "a"), config=SMALL)) for i, name in enumerate(lives)]
    models = [*trained, *((f"r{i}", SimulatedModel(9 + i, config=SMALL)) for i in range(2))]

    def run() -> Comparison:
        return compare_models(models, scene_pairs(8, config=SMALL), [View()], np.random.default_rng(5), ks=(3,), resamples=20)

    result, again = run().of(View(), 3), run().of(View(), 3)
    assert np.array_equal(result.matrix.high, again.matrix.high)
    summary = summarise(result, lives, random=("r0", "r1"))
    assert summary.two_seed_ceiling == pytest.approx(0.78, abs=0.03)
    assert summary.two_seed_pairs == 1
    for floor in (
        summary.trained,
        summary.random_init,
        summary.random_init_shuffled,
        summary.random_against_trained,
        summary.trained_shuffled,
    ):
        assert floor == pytest.approx(summary.chance, abs=0.02)
    assert summary.chance == 3 / 64
    assert result.corrected[0, 1] == pytest.approx((result.matrix.score[0, 1] - 3 / 64) / (1 - 3 / 64))
    assert np.isnan(result.excess[0, 0])
    with pytest.raises(KeyError, match="no result of columns/mean at k = 3"):
        run().of(View("columns"), 3)


def test_models_that_cut_images_differently_are_refused_by_name() -> None:
    models = [("one", SimulatedModel(0)), ("two", SimulatedModel(1, config=SMALL))]
    with pytest.raises(CasError, match=r"'one' \(224x224 pixels, patch 16, 196 patches\).*'two' \(64x64 pixels, patch 8, 64"):
        compare_models(models, scene_pairs(3), [View()], np.random.default_rng(0))


@pytest.mark.parametrize(
    ("change", "views", "ks", "message"),
    [
        ({"broken": True}, [View()], (5,), "model 'm': the attention on pair 0 is not finite"),
        ({}, [View(layer=2)], (5,), "model 'm' has 2 decoder blocks; there is no rows/layer2"),
        ({}, [View()], (64,), "k = 64 of 64 patches"),
    ],
)
def test_bad_models_and_questions_are_refused(change: dict, views: list[View], ks: tuple[int, ...], message: str) -> None:
    model = dataclasses.replace(SimulatedModel(0, config=SMALL), **change)
    with pytest.raises(CasError, match=message):
        compare_models([("m", model)], scene_pairs(3, config=SMALL), views, np.random.default_rng(0), ks=ks)


def test_two_models_of_one_name_or_none_are_refused() -> None:
    good = ("m", SimulatedModel(0, config=SMALL))
    with pytest.raises(CasError, match="two models are called 'm'"):
        compare_models([good, good], scene_pairs(3, config=SMALL), [View()], np.random.default_rng(0), ks=(5,))
    with pytest.raises(CasError, match="no models to compare"):
        compare_models([], scene_pairs(3, config=SMALL), [View()], np.random.default_rng(0))


def test_pairs_are_pictures_or_what_models_take_of_the_right_size() -> None:
    torch.manual_seed(0)
    model, view = CroCo(SMALL), View("columns")
    pictures = torch.randint(0, 256, (2, 3, 3, 64, 64), dtype=torch.uint8)
    raw, ready = (ProbePairs(*images) for images in (pictures, [normalise(part) for part in pictures]))
    one, other = (probe(model, pairs, [view], 5, 2, {})[view].indices for pairs in (raw, ready))
    assert np.array_equal(one, other)
    with pytest.raises(CasError, match=r"pairs of 32x32 pixels, but the model takes 64x64 pixels, patch 8"):
        probe(model, ProbePairs(*pictures[..., :32, :32]), [view], 5, 2, {})
    with pytest.raises(KeyError):
        probe(model, raw, [View(correction="sinks")], 5, 2, {})
    with pytest.raises(CasError, match="must both be"):
        ProbePairs(pictures[0], pictures[1, :2])
    with pytest.raises(CasError, match="1 scenes for 3 pairs"):
        ProbePairs(pictures[0], pictures[1], ("a",))


def test_large_grids_keep_their_indices() -> None:
    config = CONFIG.model_copy(update={"image_size": 320, "decoder_depth": 1})  # 400 patches: one byte would not do
    found = probe(SimulatedModel(0, match_width=0.4, config=config), scene_pairs(1, config=config), [View()], 5, 1, {})
    indices = found[View()].indices
    assert indices.dtype == np.uint16
    assert indices.max() > 255
