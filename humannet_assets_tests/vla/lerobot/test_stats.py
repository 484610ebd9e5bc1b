"""Statistics agree with numpy's on the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.vla.lerobot.stats import QUANTILES, ImageStats, aggregate, vector_stats

RNG = np.random.default_rng(0)


def test_vectors() -> None:
    rows = RNG.normal(3, 2, (57, 4)).astype(np.float32)
    stats = vector_stats(rows)
    np.testing.assert_allclose(stats["mean"], rows.mean(0), rtol=1e-6)
    np.testing.assert_allclose(stats["std"], rows.std(0), rtol=1e-6)
    assert (stats["min"], stats["max"], stats["count"]) == (rows.min(0).tolist(), rows.max(0).tolist(), [57])
    np.testing.assert_allclose(stats["q10"], np.quantile(rows.astype(float), 0.1, axis=0))
    assert vector_stats(np.arange(5))["mean"] == [2.0]


@pytest.mark.parametrize("levels", [(0, 256), (100, 104), (7, 8)])
def test_pictures_are_counted_exactly(levels: tuple[int, int]) -> None:
    pictures = RNG.integers(*levels, (5, 12, 10, 3), dtype=np.uint8)
    pictures[..., 1] //= 2
    stats = ImageStats()
    for picture in pictures:
        stats.add(picture)
    found, rows = stats.stats(), pictures.reshape(-1, 3) / 255
    assert found["count"] == [5]
    expected = [rows.min(0), rows.max(0), rows.mean(0), rows.std(0), *np.quantile(rows, QUANTILES, axis=0)]
    for name, value in zip(("min", "max", "mean", "std", "q01", "q10", "q50", "q90", "q99"), expected, strict=True):
        assert np.shape(found[name]) == (3, 1, 1)
        np.testing.assert_allclose(np.reshape(found[name], 3), value, atol=1e-12)


def test_parts_add_up_to_the_whole() -> None:
    rows = RNG.normal(size=(90, 3))
    parts = [vector_stats(part) for part in np.split(rows, (10, 35))]
    found = aggregate(parts)
    np.testing.assert_allclose(found["mean"], rows.mean(0))
    np.testing.assert_allclose(found["std"], rows.std(0))
    assert (found["min"], found["max"], found["count"]) == (rows.min(0).tolist(), rows.max(0).tolist(), [90])
    # Quantiles are averaged by length, and averages of averages are the same whichever way they are grouped.
    assert aggregate([aggregate(parts[:2]), parts[2]])["q50"] == pytest.approx(found["q50"])
