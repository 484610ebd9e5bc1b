"""Patch accuracy on scenes whose depth and poses are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from humannet_assets.geometry.covisibility import DepthView, correspondences
from humannet_assets.single_life.cas import CasError, ProbePairs
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.single_life.framing import Region, centre_region, frame_depth, frame_picture, whole
from humannet_assets.single_life.matching import PatchTruth, patch_matching, patch_truth
from humannet_assets_tests.single_life.simulated_attention import SimulatedModel, scene_pairs

CONFIG = CroCoConfig.preset("demo")  # 64 x 64 pixels, patch 8: 8 x 8 patches


def views(shift_m: float, height: int = 60, width: int = 80) -> tuple[DepthView, DepthView]:
    """A wall 2 m away and the same from a camera moved right by `shift_m`; a pixel of the map is 1/40 m wide there."""
    intrinsics = np.array([[80.0, 0, width / 2], [0, 80, height / 2], [0, 0, 1]])
    depth = np.full((height, width), 2.0, np.float32)
    moved = np.eye(4)
    moved[0, 3] = shift_m
    return DepthView(depth, intrinsics, np.eye(4)), DepthView(depth, intrinsics, moved)


def truth_of(shift_patches: int) -> PatchTruth:
    """Points move left in the source by that many patches of 7.5 map pixels (a square of 60 in the middle is seen)."""
    target, source = views(shift_patches * 7.5 / 40)
    region = centre_region((60, 80), (64, 64))
    return patch_truth(correspondences(target, source), CONFIG.grid, (64, 64), region, region)


def test_truth_of_a_wall_is_a_shift() -> None:
    truth = truth_of(3)
    columns = np.tile(np.arange(8), 8)
    assert truth.covisible.tolist() == (columns >= 3).tolist()  # the rest left the square, though not the map
    seen = truth.source_px[truth.covisible]
    assert seen[:, 0] == pytest.approx((columns[columns >= 3] - 3 + 0.5) * 8, abs=0.6)
    assert seen[:, 1] == pytest.approx((np.repeat(np.arange(8), 8)[columns >= 3] + 0.5) * 8, abs=0.6)


class Looking(SimulatedModel):
    """Layer 0 looks at the same patch, layer 1 three patches to the left and more strongly."""

    def cross_attention_logits(self, target: Tensor, source: Tensor) -> Tensor:
        same = torch.eye(64)
        return torch.stack([same, 2 * same.roll(-3, 1)]).expand(len(target), -1, -1, -1)


def test_accuracy_beside_the_guess_that_nothing_moved() -> None:
    truth = PatchTruth.stack([truth_of(3), truth_of(1)])
    found = patch_matching(Looking(0, config=CONFIG), scene_pairs(2, config=CONFIG), truth)
    # Covisible patches: 5 columns moved by 3, 7 columns moved by 1.
    assert (found.patches, found.moved) == (12 * 8, 5 * 8)
    assert (found.mean, found.layers[1]) == (found.layers[1], found.mean)
    assert (found.mean.exact, found.mean.moved_near) == pytest.approx((5 / 12, 1.0))
    assert (found.same_position.exact, found.same_position.near, found.same_position.moved_near) == pytest.approx(
        (0, 7 / 12, 0)
    )
    assert found.layers[0] == found.same_position
    assert found.chance.exact == pytest.approx(1 / 64)
    assert 4 / 64 < found.chance.near < 9 / 64


def test_chance_is_what_random_models_reach() -> None:
    pairs = scene_pairs(40, config=CONFIG)
    truth = PatchTruth.stack([truth_of(2)] * 40)
    found = patch_matching(SimulatedModel(0, config=CONFIG), pairs, truth, batch=16)
    assert found.mean.near == pytest.approx(found.chance.near, abs=0.03)
    assert found.mean.moved_near == pytest.approx(found.chance.moved_near, abs=0.03)


def test_real_model_is_judged() -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, 3, 64, 64)
    found = patch_matching(CroCo(CONFIG), ProbePairs(images[0], images[1]), PatchTruth.stack([truth_of(2)] * 3), batch=2)
    assert len(found.layers) == CONFIG.decoder_depth
    assert 0 <= found.mean.exact <= found.mean.near <= 1


def test_truth_of_other_pairs_or_without_overlap_is_refused() -> None:
    model, pairs = SimulatedModel(0, config=CONFIG), scene_pairs(2, config=CONFIG)
    with pytest.raises(CasError, match="for 2 pairs of 64 patches"):
        patch_matching(model, pairs, PatchTruth.stack([truth_of(2)] * 3))
    hidden = PatchTruth(np.zeros((2, 64, 2)), np.zeros((2, 64), bool))
    with pytest.raises(CasError, match="no target patch is covisible"):
        patch_matching(model, pairs, hidden)


def test_framing_keeps_what_lies_in_the_middle() -> None:
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[:, 20:60] = 200
    region = centre_region(picture.shape, (64, 64))
    assert region == Region(20, 0, 40, 40)
    assert (frame_picture(picture, region, (64, 64)) == 200).all()
    assert frame_picture(picture, whole(picture.shape), (10, 20)).shape == (10, 20, 3)
    depth = np.where(picture[..., 0] > 0, 3.0, 0.0).astype(np.float32)
    assert (frame_depth(depth, region, (8, 8)) == 3).all()
    assert set(np.unique(frame_depth(depth, whole(depth.shape), (7, 9)))) == {0, 3}
    ramp = np.arange(1, 10, dtype=np.float32)[None].repeat(9, 0)
    assert frame_depth(ramp, whole(ramp.shape), (3, 3))[0] == pytest.approx([2, 5, 8])  # the pixel in the middle


def test_slanted_planes_are_enlarged_exactly_and_rims_are_not_smeared() -> None:
    def floor(columns: int) -> np.ndarray:
        """Inverse depth falls evenly across the picture."""
        return (1 / np.linspace(1, 0.5, 2 * columns + 1)[1::2][None].repeat(6, 0)).astype(np.float32)

    small, large = floor(12), floor(48)
    inner = slice(2, -2)  # the outermost pixels lie beyond the middle of the small map's
    assert frame_depth(small, whole(small.shape), (6, 48))[:, inner] == pytest.approx(large[:, inner], rel=1e-5)
    step = np.where(np.arange(12) < 6, 1.0, 2.0).astype(np.float32)[None].repeat(6, 0)
    assert set(np.unique(frame_depth(step, whole(step.shape), (6, 48)))) == {1, 2}
