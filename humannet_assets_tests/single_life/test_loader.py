"""Batches that depend on seed and step alone, crops that show the frame, colours that are what they are said to be."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from humannet_assets.single_life.config import AugmentationConfig, CroCoConfig
from humannet_assets.single_life.frames import FrameCacheError
from humannet_assets.single_life.loader import IMAGENET_MEAN, IMAGENET_STD, LUMA, Batch, PairLoader, Pairs, normalise
from humannet_assets_tests.single_life.made import RATE_HZ, TINY, pairs_of, panning_frames

PLAIN = AugmentationConfig(swap_probability=0.0)


def loader_of(
    folder: Path,
    augmentation: AugmentationConfig = PLAIN,
    batch_size: int = 8,
    seed: int = 1,
    share: tuple[int, int] = (0, 1),
    count: int = 50,
    model: CroCoConfig = TINY,
) -> PairLoader:
    frames = panning_frames(folder)
    return PairLoader(frames, pairs_of(frames, count), model, augmentation, batch_size, seed, share, tolerance_s=0.05)


def same(a: Batch, b: Batch) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_a_batch_depends_on_seed_and_step_alone(tmp_path: Path) -> None:
    loader = loader_of(tmp_path)
    batches = list(loader.batches(0, 9))
    assert same(loader_of(tmp_path).batch(7), batches[7])
    assert not same(batches[7], batches[8])
    assert not same(loader_of(tmp_path, seed=2).batch(7), batches[7])


def test_shares_make_up_the_whole_batch(tmp_path: Path) -> None:
    whole = loader_of(tmp_path, AugmentationConfig()).batch(3)
    parts = [loader_of(tmp_path, AugmentationConfig(), share=(index, 4)).batch(3) for index in range(4)]
    assert same(Batch(*(torch.cat(columns) for columns in zip(*parts, strict=True))), whole)
    with pytest.raises(ValueError, match="shared equally among 3"):
        loader_of(tmp_path, share=(0, 3))


def test_worker_processes_give_the_same_batches_in_order(tmp_path: Path) -> None:
    loader = loader_of(tmp_path)
    here, there = list(loader.batches(2, 7)), list(loader.batches(2, 7, workers=2))
    assert len(there) == 5
    assert all(same(a, b) for a, b in zip(here, there, strict=True))


def test_each_epoch_sees_every_pair_once_in_a_new_order(tmp_path: Path) -> None:
    loader = loader_of(tmp_path, batch_size=8, count=50)
    numbers = np.concatenate([loader.pair_numbers(step) for step in range(25)])  # 200 places: four epochs of 50
    epochs = numbers.reshape(4, 50)
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs.tolist())
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == 4
    # A batch larger than the data takes from several epochs.
    assert np.bincount(loader_of(tmp_path, batch_size=25, count=10).pair_numbers(0)).min() >= 2


def test_crops_are_cut_from_the_frames_of_the_pair(tmp_path: Path) -> None:
    loader = loader_of(tmp_path)
    target, reference = pairs_of(loader.frames).locate(loader.frames, 0.05)
    batch = loader.batch(0)
    places = set()
    for k, pair in enumerate(batch.pairs.tolist()):
        for number, crop in ((target[pair], batch.target[k]), (reference[pair], batch.reference[k])):
            frame, wanted = loader.frames[int(number)], crop.permute(1, 2, 0).numpy()
            views = np.lib.stride_tricks.sliding_window_view(frame, (32, 32, 3))[:, :, 0]
            found = np.argwhere((views == wanted).all(axis=(2, 3, 4)))
            assert len(found) == 1
            places.add(tuple(found[0]))
    assert len(places) > 10  # the two crops of a pair, and those of different pairs, lie at places of their own


def test_crops_reach_every_place_alike(tmp_path: Path) -> None:
    loader = loader_of(tmp_path, batch_size=200)
    frame = np.zeros((34, 33, 3), np.uint8)
    frame[..., 0], frame[..., 1] = np.arange(34)[:, None], np.arange(33)
    crops = np.empty((32, 32, 3), np.uint8)
    counts = np.zeros((3, 2))
    rng = np.random.default_rng(0)
    for _ in range(1200):
        loader._cut(frame, rng.random(3), crops)
        counts[crops[0, 0, 0], crops[0, 0, 1]] += 1
    assert (np.abs(counts / 1200 - 1 / 6) < 0.05).all()


def test_scaled_crops_show_more_or_less_of_the_frame(tmp_path: Path) -> None:
    loader = loader_of(tmp_path, AugmentationConfig(crop_scale=(0.4, 1.0)))
    ramp = np.zeros((80, 120, 3), np.uint8)
    ramp[..., 0] = np.arange(120)
    crop = np.empty((32, 32, 3), np.uint8)
    widths = []
    for scale in np.linspace(0, 0.999, 50):
        loader._cut(ramp, np.array([scale, 0.5, 0.5]), crop)
        widths.append((int(crop[0, -1, 0]) - int(crop[0, 0, 0])) * 32 / 31)
    assert widths[0] == pytest.approx(0.4 * 80, abs=3)
    assert widths[-1] == pytest.approx(80, abs=4)
    assert loader.batch(0).target.shape == (8, 3, 32, 32)


def test_roles_are_swapped_as_often_as_configured(tmp_path: Path) -> None:
    straight = loader_of(tmp_path, batch_size=400)
    swapped = loader_of(tmp_path, AugmentationConfig(swap_probability=1.0), batch_size=400)
    half = loader_of(tmp_path, AugmentationConfig(), batch_size=400)
    first = straight._target[straight.batch(0).pairs.numpy()]
    asked: list[np.ndarray] = []
    for loader in (straight, swapped, half):
        loader._crops = lambda numbers, _: asked.append(numbers) or torch.zeros(1)  # type: ignore[assignment]
        loader.batch(0)
    assert (asked[0] == first).all()
    assert (asked[3] == first).all()
    assert 0.4 < (asked[4] == first).mean() < 0.6


def test_masks_hide_as_many_patches_as_the_model_wants(tmp_path: Path) -> None:
    mask = loader_of(tmp_path, batch_size=400).batch(0).mask
    assert (mask.sum(dim=1) == TINY.masked_patches).all()
    assert (mask.float().mean(dim=0) - 0.75).abs().max() < 0.1


def test_colours_change_as_three_steps_in_a_row_would() -> None:
    images = torch.randint(60, 140, (4, 3, 8, 8), dtype=torch.uint8)  # far from black and white: nothing is cut off
    colour = torch.tensor([[1.0, 1, 1], [1.3, 1, 1], [1, 0.6, 1], [0.8, 1.2, 0.7]])

    def grey(x: Tensor) -> Tensor:
        return sum(weight * x[c] for c, weight in enumerate(LUMA))  # type: ignore[return-value]

    expected = []
    for image, (brightness, contrast, saturation) in zip(images, colour, strict=True):
        x = image.double() / 255 * brightness
        x = contrast * x + (1 - contrast) * grey(x).mean()
        x = saturation * x + (1 - saturation) * grey(x)
        expected.append(torch.stack([(x[c] - IMAGENET_MEAN[c]) / IMAGENET_STD[c] for c in range(3)]))
    torch.testing.assert_close(normalise(images, colour).double(), torch.stack(expected), atol=2e-4, rtol=0)
    torch.testing.assert_close(normalise(images)[0], normalise(images, colour)[0])


def test_colours_stay_within_black_and_white() -> None:
    images = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    bright = normalise(images, torch.tensor([[1.4, 1.4, 1.4], [0.6, 1.4, 1.4]]))
    low, high = ((torch.full((3,), bound) - torch.tensor(IMAGENET_MEAN)) / torch.tensor(IMAGENET_STD) for bound in (0.0, 1.0))
    assert (bright >= low.view(3, 1, 1) - 1e-5).all()
    assert (bright <= high.view(3, 1, 1) + 1e-5).all()
    with pytest.raises(TypeError, match="normalised twice"):
        normalise(bright)


def test_pairs_come_back_from_their_file_and_have_a_fingerprint(tmp_path: Path) -> None:
    pairs = pairs_of(panning_frames(tmp_path))
    pairs.save(tmp_path / "pairs.npz")
    loaded = Pairs.load(tmp_path / "pairs.npz")
    assert loaded.fingerprint() == pairs.fingerprint()
    assert loaded.video_ids == pairs.video_ids
    moved = Pairs.from_columns(["v0"], [0.1], ["v1"], [0.2])
    assert moved.fingerprint() != Pairs.from_columns(["v0"], [0.1], ["v1"], [0.3]).fingerprint()
    assert moved.fingerprint() != Pairs.from_columns(["v0"], [0.1], ["v2"], [0.2]).fingerprint()


def test_what_cannot_be_loaded_is_said_at_once(tmp_path: Path) -> None:
    frames = panning_frames(tmp_path)
    late = Pairs.from_columns(["v0", "v1"], [0.1, 99.0], ["v0", "v1"], [0.2, 0.2])
    with pytest.raises(FrameCacheError, match=r"1 of 1 frames of video v1 are missing .* first at 99\.000 s"):
        PairLoader(frames, late, TINY, PLAIN, 2, 0)
    strange = Pairs.from_columns(["v9"], [0.1], ["v0"], [0.2])
    with pytest.raises(FrameCacheError, match="v9 is not among the 2 videos"):
        PairLoader(frames, strange, TINY, PLAIN, 2, 0)
    with pytest.raises(ValueError, match="life may be too short"):
        PairLoader(frames, Pairs.from_columns([], [], [], []), TINY, PLAIN, 2, 0)
    large = PairLoader(frames, pairs_of(frames), TINY.model_copy(update={"image_size": 48}), PLAIN, 2, 0)
    with pytest.raises(ValueError, match="crops of 48x48 pixels do not fit frames of 40x56"):
        large.batch(0)


def test_frame_sets_travel_without_their_pixels(tmp_path: Path) -> None:
    frames = panning_frames(tmp_path)
    first = frames[31].copy()
    carried = pickle.dumps(frames)
    assert len(carried) < 5000
    again = pickle.loads(carried)
    assert (again[31] == first).all()
    assert len(again) == 60
    assert again.locate("v1", [0.1], 1e-9).tolist() == [31]
    assert again.times_s("v1")[1] == pytest.approx(1 / RATE_HZ)
