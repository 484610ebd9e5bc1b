"""Intervals cover, the permutation test is exact where it says so, and pairs within a life count nowhere."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from humannet_assets.single_life.statistics import (
    arrange,
    block_means,
    bootstrap_interval,
    percentile_interval,
    permutation_test,
    unit_bootstrap,
)


def blocks(sizes: tuple[int, ...], within: float, seed: int = 0, noise: float = 0.02) -> tuple[np.ndarray, list[str]]:
    """A symmetric score matrix whose pairs within a group are higher by `within`."""
    groups = [f"g{index}" for index, size in enumerate(sizes) for _ in range(size)]
    values = np.random.default_rng(seed).normal(0.3, noise, (len(groups), len(groups)))
    score = (values + values.T) / 2 + within * np.equal.outer(groups, groups)
    np.fill_diagonal(score, 1)
    return score, groups


def test_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    values = rng.exponential(1.0, (60, 300))  # 300 experiments of 60 samples, true mean 1
    low, high = bootstrap_interval(values, rng, resamples=400)
    assert low.shape == (300,)
    assert 0.88 < ((low <= 1) & (high >= 1)).mean() < 0.98


def test_samples_of_one_scene_are_drawn_together() -> None:
    values = np.repeat(np.random.default_rng(0).normal(size=8), 20)  # 8 scenes, 20 equal samples each
    scenes = [f"s{index // 20}" for index in range(160)]
    apart = np.subtract(*bootstrap_interval(values, np.random.default_rng(1))[::-1])
    together = np.subtract(*bootstrap_interval(values, np.random.default_rng(1), clusters=scenes)[::-1])
    assert together > 3 * apart
    assert bootstrap_interval(values, np.random.default_rng(1), clusters=["one"] * 160) == pytest.approx((values.mean(),) * 2)


def test_permutation_test_goes_through_all_labelings_of_few_lives() -> None:
    score, groups = blocks((3, 3), within=0.3)
    result = permutation_test(score, groups, [str(i) for i in range(6)], np.random.default_rng(0))
    assert (result.exact, result.labelings) == (True, 20)
    assert result.p_value == pytest.approx(2 / 20)  # the observed partition and the one with the names exchanged
    assert result.within - result.across == pytest.approx(0.3, abs=0.03)


def test_exact_p_value_equals_brute_force() -> None:
    score, groups = blocks((2, 2, 1), within=0.01, seed=3)
    pairs = list(itertools.combinations(range(5), 2))

    def difference(labels: tuple[str, ...]) -> float:
        inside = [score[i, j] for i, j in pairs if labels[i] == labels[j]]
        outside = [score[i, j] for i, j in pairs if labels[i] != labels[j]]
        return float(np.mean(inside) - np.mean(outside))

    arrangements = set(itertools.permutations(groups))
    expected = np.mean([difference(labels) >= difference(tuple(groups)) - 1e-12 for labels in arrangements])
    result = permutation_test(score, groups, list("abcde"), np.random.default_rng(0))
    assert result.labelings == len(arrangements) == 30
    assert result.p_value == pytest.approx(expected)


def test_sampled_p_value_of_many_lives() -> None:
    score, groups = blocks((8, 8, 8), within=0.1)
    names = [str(i) for i in range(24)]
    result = permutation_test(score, groups, names, np.random.default_rng(0), resamples=499)
    assert (result.exact, result.labelings, result.p_value) == (False, 500, 1 / 500)
    null = []
    for seed in range(40):
        alike, _ = blocks((8, 8, 8), 0.0, seed)
        null.append(permutation_test(alike, groups, names, np.random.default_rng(seed), resamples=99).p_value)
    assert 0.3 < np.mean(null) < 0.7
    assert np.mean(np.array(null) <= 0.05) < 0.2
    again = permutation_test(score, groups, names, np.random.default_rng(0), resamples=499)
    assert again == result


def test_seeds_of_one_life_are_no_evidence() -> None:
    # Two seeds of each life agree perfectly; lives share nothing, whatever their group.
    groups, lives = ["x"] * 4 + ["y"] * 4, ["a", "a", "b", "b", "c", "c", "d", "d"]
    score = np.full((8, 8), 0.1) + 0.9 * np.equal.outer(lives, lives)
    result = permutation_test(score, groups, lives, np.random.default_rng(0))
    assert (result.within, result.across, result.p_value) == pytest.approx((0.1, 0.1, 1.0))
    means = block_means(score, groups, lives)
    assert means.mean == pytest.approx(np.full((2, 2), 0.1))
    assert means.pairs.tolist() == [[4, 16], [16, 4]]
    single = block_means(score[:2, :2], groups[:2], lives[:2])
    assert np.isnan(single.mean).all()


def test_questions_without_an_answer_are_refused() -> None:
    score = np.eye(4)
    with pytest.raises(ValueError, match="'a' are in different groups"):
        permutation_test(score, ["x", "y", "x", "y"], ["a", "a", "b", "c"], np.random.default_rng(0))
    with pytest.raises(ValueError, match="no pair within a group"):
        permutation_test(score, list("wxyz"), list("abcd"), np.random.default_rng(0))
    with pytest.raises(ValueError, match="at least two"):
        arrange(np.eye(1))


def test_arrangement_recovers_a_plane_and_its_groups() -> None:
    points = np.array([[0, 0], [0.1, 0], [0, 0.1], [0.8, 0.5], [0.9, 0.5], [0.8, 0.6]])
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    found = arrange(1 - distance)
    again = np.linalg.norm(found.coordinates[:, None] - found.coordinates[None], axis=-1)
    assert again == pytest.approx(distance, abs=1e-6)
    assert found.explained == pytest.approx(1)
    from scipy.cluster.hierarchy import fcluster

    assert len(set(fcluster(found.linkage, 2, "maxclust")[:3])) == 1
    assert arrange(np.ones((3, 3))).coordinates == pytest.approx(np.zeros((3, 2)))
    assert arrange(np.array([[1, 0.4], [0.4, 1]])).coordinates.shape == (2, 2)


def test_lives_are_resampled_whole_and_never_paired_with_themselves() -> None:
    # Two data sets of four lives with two seeds: .4 within, .1 across; seeds of one life agree fully and must not count.
    lives = [f"{group}{life}" for group in "ab" for life in range(4) for _ in range(2)]
    groups = np.array([name[0] for name in lives])
    score = np.where(groups[:, None] == groups[None], 0.4, 0.1)
    score[np.array(lives)[:, None] == np.array(lives)[None]] = 1.0
    within = np.triu(groups[:, None] == groups[None], 1)
    across = np.triu(groups[:, None] != groups[None], 1)
    draws = unit_bootstrap(score, [within, across], lives, ["life"] * len(lives), np.random.default_rng(0), 200)
    known = ~np.isnan(draws).any(1)
    assert known.sum() > 150
    np.testing.assert_allclose(draws[known], [[0.4, 0.1]] * int(known.sum()))
    noisy = score + np.random.default_rng(1).normal(0, 0.1, score.shape)
    low, high = percentile_interval(
        unit_bootstrap(noisy, [within], lives, ["life"] * len(lives), np.random.default_rng(0), 200)[:, 0]
    )
    assert low < 0.4 < high


def test_no_interval_from_draws_that_are_mostly_empty() -> None:
    assert np.isnan(percentile_interval(np.array([1.0, np.nan, np.nan]))).all()
