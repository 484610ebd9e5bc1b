"""From pairs of frames to batches: crops, colours and masks.

Everything random in a batch follows from (seed, step) alone: not from workers, GPUs, accumulation, or where a run was resumed.
The CPU cuts uint8 crops; colours are changed and normalised where the model runs (`normalise`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from humannet_assets.media.frames import RGB
from humannet_assets.single_life.atomic import replacing
from humannet_assets.single_life.config import AugmentationConfig, CroCoConfig
from humannet_assets.single_life.frames import FrameSet, Indices, Times

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's RGB, as CroCo normalises."""
LUMA = (0.2989, 0.587, 0.114)
"""Weights of RGB in grey (ITU-R BT.601), as torchvision's colour jitter has them."""
PREFETCH_BATCHES = 4
"""Batches each worker process keeps ready."""
_ORDER, _DRAWS = 0, 1
"""Streams of random numbers under one seed."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of frames: for each image the number of its video in `video_ids` and its time in seconds, arrays (n,)."""

    video_ids: tuple[str, ...]
    target_video: npt.NDArray[np.int32]
    target_s: Times
    reference_video: npt.NDArray[np.int32]
    reference_s: Times

    @classmethod
    def from_columns(
        cls,
        target_video_id: Sequence[str],
        target_s: npt.ArrayLike,
        reference_video_id: Sequence[str],
        reference_s: npt.ArrayLike,
    ) -> Pairs:
        """Pairs from the columns of a table, in its order."""
        names, codes = np.unique(np.asarray([*target_video_id, *reference_video_id]), return_inverse=True)
        split = len(target_video_id)
        return cls(
            tuple(str(name) for name in names),
            codes[:split].astype(np.int32),
            np.asarray(target_s, np.float64),
            codes[split:].astype(np.int32),
            np.asarray(reference_s, np.float64),
        )

    def __len__(self) -> int:
        return len(self.target_s)

    def fingerprint(self) -> str:
        """Hash of the pairs in their order: which data a model was trained on."""
        digest = hashlib.sha256("\n".join(self.video_ids).encode())
        for column in (self.target_video, self.target_s, self.reference_video, self.reference_s):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()[:32]

    def save(self, path: Path) -> None:
        """Write the pairs as an .npz file."""
        columns = {column.name: np.asarray(getattr(self, column.name)) for column in fields(self)}
        with replacing(path) as fresh, fresh.open("wb") as file:
            np.savez(file, allow_pickle=False, **columns)

    @classmethod
    def load(cls, path: Path) -> Pairs:
        """Read pairs written by `save`.

        Raises:
            FileNotFoundError: There is no such file.
        """
        with np.load(path, allow_pickle=False) as content:
            columns = {column.name: content[column.name] for column in fields(cls)}
        return cls(**{**columns, "video_ids": tuple(str(name) for name in columns["video_ids"])})

    def locate(self, frames: FrameSet, tolerance_s: float) -> tuple[Indices, Indices]:
        """Numbers of the targets' and references' frames, (n,) each.

        Raises:
            FrameCacheError: A frame is not in the cache.
        """
        located = []
        for videos, times in ((self.target_video, self.target_s), (self.reference_video, self.reference_s)):
            numbers = np.zeros(len(self), np.int64)
            for code in np.unique(videos):
                own = videos == code
                numbers[own] = frames.locate(self.video_ids[code], times[own], tolerance_s)
            located.append(numbers)
        return located[0], located[1]


class Batch(NamedTuple):
    """B pairs, ready to be moved to a device.

    `target` and `reference` (B, 3, height, width) uint8; `mask` (B, N) bool, True = hidden; `target_colour` and
    `reference_colour` (B, 3) float32: factors of brightness, contrast, saturation; `pairs` (B,) int64: their numbers.
    """

    target: Tensor
    reference: Tensor
    mask: Tensor
    target_colour: Tensor
    reference_colour: Tensor
    pairs: Tensor


class PairLoader:
    """Makes the batch of any step.

    Args:
        frames: Where the pixels are.
        pairs: Which frames belong together.
        model: Shape of the images and of the mask.
        augmentation: How crops and colours vary.
        batch_size: Pairs of one optimiser step.
        seed: Of all draws.
        share: (index, count): which of `count` equal parts of each batch is wanted, for one of several GPUs.
        tolerance_s: How far a frame may be from a pair's time, seconds.

    Raises:
        ValueError: There are no pairs, or the batch cannot be shared equally.
        FrameCacheError: A pair's frame is not in the cache.
    """

    def __init__(
        self,
        frames: FrameSet,
        pairs: Pairs,
        model: CroCoConfig,
        augmentation: AugmentationConfig,
        batch_size: int,
        seed: int,
        share: tuple[int, int] = (0, 1),
        tolerance_s: float = 0.1,
    ) -> None:
        if not len(pairs):
            raise ValueError("there are no pairs to train on; the life may be too short for this pairing")
        if batch_size % share[1]:
            raise ValueError(f"a batch of {batch_size} pairs cannot be shared equally among {share[1]}; choose a multiple")
        self.frames = frames
        self.model = model
        self.augmentation = augmentation
        self.batch_size = batch_size
        self.seed = seed
        self.share = share
        self._target, self._reference = pairs.locate(frames, tolerance_s)

    def pair_numbers(self, step: int) -> Indices:
        """Which pairs step 0, 1, ... sees, over all GPUs: each epoch goes through all pairs once, in a new order."""
        pairs = len(self._target)
        places = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        numbers = np.empty(self.batch_size, np.int64)
        for epoch in range(places[0] // pairs, places[-1] // pairs + 1):
            inside = places // pairs == epoch
            numbers[inside] = _epoch_order(self.seed, epoch, pairs)[places[inside] % pairs]
        return numbers

    def batch(self, step: int) -> Batch:
        """The batch of a step, or this loader's share of it.

        Raises:
            ValueError: A frame is smaller than the crop.
        """
        rng = np.random.default_rng((self.seed, _DRAWS, step))
        size, augmentation = self.batch_size, self.augmentation
        # All draws are made for the whole batch, so that a share of it gets the numbers it would have got in the whole.
        numbers = self.pair_numbers(step)
        swap = rng.random(size) < augmentation.swap_probability
        places = rng.random((size, 2, 3))  # scale, vertical and horizontal place of both crops
        colour = rng.uniform(1 - augmentation.colour_jitter, 1 + augmentation.colour_jitter, (size, 2, 3)).astype(np.float32)
        hidden = rng.random((size, self.model.patches)).argsort(axis=1) < self.model.masked_patches
        index, count = self.share
        own = slice(index * size // count, (index + 1) * size // count)
        numbers, swap = numbers[own], swap[own]
        first, second = self._target[numbers], self._reference[numbers]
        return Batch(
            self._crops(np.where(swap, second, first), places[own, 0]),
            self._crops(np.where(swap, first, second), places[own, 1]),
            torch.from_numpy(hidden[own]),
            torch.from_numpy(colour[own, 0]),
            torch.from_numpy(colour[own, 1]),
            torch.from_numpy(numbers),
        )

    def batches(self, start: int, stop: int, workers: int = 0, *, pin_memory: bool = False) -> Iterator[Batch]:
        """The batches of steps start, ..., stop - 1, in order; made ahead in spawned processes if `workers` is not 0."""
        if not workers:
            return map(self.batch, range(start, stop))
        return iter(
            DataLoader(
                _Steps(self),
                batch_size=None,
                sampler=range(start, stop),
                num_workers=workers,
                multiprocessing_context="spawn",
                prefetch_factor=PREFETCH_BATCHES,
                pin_memory=pin_memory,
            )
        )

    def _crops(self, numbers: Indices, places: npt.NDArray[np.float64]) -> Tensor:
        """Crops (B, 3, height, width) of some frames; `places` (B, 3) in 0..1: scale, vertical, horizontal."""
        height, width = self.model.image_shape
        crops = np.empty((len(numbers), height, width, 3), np.uint8)
        for number, place, crop in zip(numbers, places, crops, strict=True):
            self._cut(self.frames[number], place, crop)
        return torch.from_numpy(crops).permute(0, 3, 1, 2)

    def _cut(self, frame: RGB, place: npt.NDArray[np.float64], crop: RGB) -> None:
        (height, width), scales = crop.shape[:2], self.augmentation.crop_scale
        rows, columns = height, width
        if scales is not None:
            largest = min(frame.shape[0] / height, frame.shape[1] / width)
            scale = largest * (scales[0] + place[0] * (scales[1] - scales[0]))
            rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
        if rows > frame.shape[0] or columns > frame.shape[1]:
            raise ValueError(
                f"crops of {rows}x{columns} pixels do not fit frames of {frame.shape[0]}x{frame.shape[1]}; fill a frame cache "
                "with a larger short_side_px, or set crop_scale"
            )
        # place < 1, so every place from 0 to the last is equally likely.
        top, left = int(place[1] * (frame.shape[0] - rows + 1)), int(place[2] * (frame.shape[1] - columns + 1))
        part = frame[top : top + rows, left : left + columns]
        if (rows, columns) == (height, width):
            crop[:] = part
            return
        import cv2

        method = cv2.INTER_AREA if rows > height else cv2.INTER_LINEAR
        cv2.resize(part, (width, height), dst=crop, interpolation=method)


class _Steps(Dataset[Batch]):
    """The steps of a loader as a data set, for worker processes."""

    def __init__(self, loader: PairLoader) -> None:
        self._loader = loader

    def __getitem__(self, step: int) -> Batch:
        return self._loader.batch(step)


@lru_cache(maxsize=2)
def _epoch_order(seed: int, epoch: int, pairs: int) -> Indices:
    """All pairs in the order of an epoch; two are kept, for the batch that ends one and begins the next."""
    return np.random.default_rng((seed, _ORDER, epoch)).permutation(pairs)


def normalise(images: Tensor, colour: Tensor | None = None) -> Tensor:
    """uint8 RGB images (B, 3, height, width) as the model wants them: float32, ImageNet's mean 0 and deviation 1.

    `colour` (B, 3) scales brightness, contrast (about the image's mean grey) and saturation (about each pixel's grey) first;
    values then stay within black and white. Without clamping in between the three commute, so they are one linear map.
    """
    if images.dtype != torch.uint8:
        raise TypeError(f"images must be uint8, found {images.dtype}; they would be normalised twice")
    # Planes of one colour each: the layout in which all of this, and the model, is fastest.
    x = images.contiguous().float().flatten(2) / 255  # (B, 3, height * width)
    if colour is not None:
        brightness, contrast, saturation = colour.view(-1, 3, 1, 1).unbind(1)  # each (B, 1, 1)
        luma = torch.tensor(LUMA, device=x.device).view(1, 1, 3)
        to_grey = luma.expand(1, 3, 3)
        mix = brightness * contrast * (saturation * torch.eye(3, device=x.device) + (1 - saturation) * to_grey)  # (B, 3, 3)
        mean_grey = luma @ x.mean(dim=2, keepdim=True)  # (B, 1, 1)
        x = (mix @ x).add_(brightness * (1 - contrast) * mean_grey).clamp_(0, 1)
    return x.sub_(_channels(IMAGENET_MEAN, x)).div_(_channels(IMAGENET_STD, x)).view(images.shape)


def _channels(values: tuple[float, float, float], like: Tensor) -> Tensor:
    return torch.tensor(values, device=like.device).view(1, 3, 1)
