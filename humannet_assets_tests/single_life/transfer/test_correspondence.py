"""Zero-shot correspondence: the protocol on similarities one can work out, and order of baselines on real pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.single_life.transfer.correspondence import (
    TEMPERATURE,
    attention_similarity,
    feature_similarity,
    grid_limit,
    identity_flow,
    patch_matcher,
    score_correspondence,
    soft_argmax_flow,
)
from humannet_assets.single_life.transfer.flow_pairs import EVALUATION_PX, FlowPair, homography_pair, pixel_centres
from humannet_assets.single_life.transfer.samples import TransferError
from humannet_assets_tests.single_life.simulated_attention import SimulatedModel
from humannet_assets_tests.single_life.transfer.scenes import SIZE, texture, view

CONFIG = CroCoConfig.preset("demo")  # 8 x 8 patches
GRID = CONFIG.grid
PATCH_PX = EVALUATION_PX / 8


def wall_pair(patches: int, name: str = "wall") -> FlowPair:
    """The wall moved left by whole patches."""
    shift = patches * SIZE[1] // 8
    moved = np.array([[1, 0, -shift], [0, 1, 0], [0, 0, 1.0]])
    return homography_pair(name, "wall", view(0).picture, view(shift).picture, moved)


class Shifting(SimulatedModel):
    """Looks `by` patches to the left, both layers, but most of all at the first key."""

    by = 2

    def cross_attention_logits(self, target: Tensor, source: Tensor) -> Tensor:
        grid = torch.eye(64).view(64, 8, 8)
        columns = torch.arange(64) % 8
        shifted = torch.stack([row.roll(-self.by, 1) if c >= self.by else row for row, c in zip(grid, columns, strict=True)])
        maps = shifted.flatten(1)
        maps[:, 0] = 50.0
        return maps.expand(len(target), 2, -1, -1).clone()


def test_flow_of_a_known_similarity() -> None:
    similarity = torch.eye(64).roll(1, 1)[None]  # each patch looks at the next one
    flow = soft_argmax_flow(similarity, GRID, TEMPERATURE)
    assert flow.shape == (1, 2, 8, 8)
    assert flow[0, 0, 2, 3] == pytest.approx(1 / 8)
    assert flow[0, 1, 2, 3] == pytest.approx(0, abs=1e-6)
    assert (flow[0, 0, 2, 7], flow[0, 1, 2, 7]) == pytest.approx((-7 / 8, 1 / 8))  # last of a row: first of the next
    warm = soft_argmax_flow(torch.zeros(1, 64, 64), GRID, 1.0)
    assert warm[0, 0, 0, 0] == pytest.approx(0.5 - 1 / 16)  # all alike: the middle


def test_first_key_is_suppressed_and_both_ways_are_averaged() -> None:
    class OneWay(Shifting):
        """Target looks two to the left; the way back, which is right, is stronger."""

        def cross_attention_logits(self, target: Tensor, source: Tensor) -> Tensor:
            maps = super().cross_attention_logits(target, source)
            return maps if target.mean() > source.mean() else 3 * torch.eye(64).expand_as(maps)

    bright, dark = torch.ones(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    one_way = attention_similarity(Shifting(0, config=CONFIG))(bright, dark)
    assert one_way[0, 13].argmax() == 11
    both = attention_similarity(OneWay(0, config=CONFIG))(bright, dark)
    assert both[0, 13].argmax() == 13  # (0 + 3) / 2 beats (1 + 0) / 2
    assert both[0, 13].max() == pytest.approx(1.5)


def test_a_model_that_looks_right_reaches_the_limit_of_its_grid() -> None:
    pairs = [wall_pair(2)]
    model = Shifting(0, config=CONFIG)
    matcher = patch_matcher(model, lambda target, source: attention_similarity(model)(target, source))
    found, limit = score_correspondence(pairs, matcher), score_correspondence(pairs, grid_limit(GRID))
    nothing = score_correspondence(pairs, identity_flow)
    assert nothing.aepe_px == pytest.approx(2 * PATCH_PX, abs=0.01)
    assert nothing.pck == {1: 0, 3: 0, 5: 0}
    assert limit.aepe_px < 2  # only where the enlarged grid meets patches without a truth
    assert limit.pck[1] > 0.7
    assert found.aepe_px < nothing.aepe_px
    assert score_correspondence([wall_pair(0)], identity_flow).aepe_px == pytest.approx(0, abs=1e-4)
    far = grid_limit(GRID)([wall_pair(6)])[0] + pixel_centres()  # most true points lie outside: the limit stays inside
    assert far.min() > -PATCH_PX / 2


def test_features_of_pixels_find_a_moved_picture() -> None:
    class Pixels(SimulatedModel):
        """Features are the patch's own pixels: what matching by looks can do on an undistorted copy."""

        def encode(self, images: Tensor) -> Tensor:
            return torch.nn.functional.unfold(images, 8, stride=8).mT - images.mean()

    model = Pixels(0, config=CONFIG)
    pairs = [wall_pair(1, "one"), wall_pair(3, "three")]
    found = score_correspondence(pairs, patch_matcher(model, feature_similarity(model)), batch=1)
    nothing = score_correspondence(pairs, identity_flow)
    assert found.aepe_px < 0.35 * nothing.aepe_px
    assert set(found.per_pair_px) == {"one", "three"}
    assert found.aepe_px == pytest.approx(np.mean(list(found.per_pair_px.values())))


def test_random_weights_are_worse_than_staying_put() -> None:
    torch.manual_seed(0)
    model = CroCo(CONFIG)
    pairs = [wall_pair(1)]
    attention = score_correspondence(pairs, patch_matcher(model, attention_similarity(model)))
    assert attention.aepe_px > score_correspondence(pairs, identity_flow).aepe_px


def test_unusable_pairs_and_flows_are_refused() -> None:
    empty = wall_pair(1)
    empty.valid[:] = False
    with pytest.raises(TransferError, match="wall has no valid pixel"):
        score_correspondence([empty], identity_flow)
    with pytest.raises(TransferError, match="two pairs are called wall"):
        score_correspondence([wall_pair(1), wall_pair(2)], identity_flow)
    with pytest.raises(TransferError, match="no pairs"):
        score_correspondence([], identity_flow)
    with pytest.raises(TransferError, match="flow predicted for wall is not finite"):
        score_correspondence([wall_pair(1)], lambda pairs: identity_flow(pairs) * np.nan)


def test_pictures_of_any_size_are_taken() -> None:
    large = texture()[:300, :500]
    pair = homography_pair("sizes", "g", view(0).picture, np.ascontiguousarray(large), np.eye(3))
    model = Shifting(0, config=CONFIG)
    assert np.isfinite(score_correspondence([pair], patch_matcher(model, attention_similarity(model))).aepe_px)
