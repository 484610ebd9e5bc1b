"""Samples as tensors, and which samples and which noise a training step gets. Everything follows from (seed, step)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from humannet_assets.vla.policy.config import PolicyConfig
from humannet_assets.vla.policy.problems import PolicySetupError
from humannet_assets.vla.policy.vlm import Vlm, patches
from humannet_assets.vla.samples import Normaliser, Sample

_IMAGE, _VISION_START, _VISION_END = "<|image_pad|>", "<|vision_start|>", "<|vision_end|>"

TIME_ALPHA, TIME_BETA, TIME_SCALE, TIME_LEAST = 1.5, 1.0, 0.999, 0.001
"""PAPERS, LingBot-VLA: t ~ Beta(1.5, 1) * .999 + .001."""


@dataclass
class Batch:
    """B samples. `vlm` holds the Qwen model's inputs; pictures are B * cameras in order.

    Attributes:
        vlm: input_ids, attention_mask, mm_token_type_ids (B, L), pixel_values, image_grid_thw.
        state: (B, 64) normalised state and its mask.
        actions: (B, T, 32) normalised; unknown steps hold the last known value, dims never known are 0.
        weight: (B, T, 32) weight in the loss, 0 where not known.
        dims: (B, 1, 32) 1 for dims the sample has at all.
    """

    vlm: dict[str, Tensor]
    state: Tensor
    actions: Tensor
    weight: Tensor
    dims: Tensor

    def __len__(self) -> int:
        return len(self.state)

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        moved = {name: tensor.to(device, non_blocking=True) for name, tensor in self.vlm.items()}
        rest = (getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)[1:])
        return Batch(moved, *rest)


class Collator:
    """Makes batches of samples for one policy.

    Args:
        vlm: Whose tokenizer and picture processor are used.
        config: The policy.
        normalisers: By source.
    """

    def __init__(self, vlm: Vlm, config: PolicyConfig, normalisers: Mapping[str, Normaliser]) -> None:
        self.tokenizer = vlm.tokenizer
        self.pictures = vlm.pictures
        self.config = config
        self.normalisers = dict(normalisers)
        cell = self.pictures.patch_size
        height, width = config.vlm.image_size
        self.grid = (1, height // cell, width // cell)
        self.image_token = int(self.tokenizer.convert_tokens_to_ids(_IMAGE))
        self._tokens: dict[str, list[int]] = {}

    def tokens(self, instruction: str) -> list[int]:
        """The prompt: pictures of all cameras, then the instruction, in Qwen's chat format.

        Raises:
            PolicySetupError: The instruction is too long or holds control tokens.
        """
        if (known := self._tokens.get(instruction)) is not None:
            return known
        if "<|" in instruction:
            raise PolicySetupError(f"instruction {instruction!r} contains control tokens (<|...|>); take them out")
        length = len(self.tokenizer(instruction, add_special_tokens=False)["input_ids"])
        if length > self.config.vlm.max_text_tokens:
            raise PolicySetupError(
                f"instruction {instruction[:60]!r}... has {length} tokens, more than vlm.max_text_tokens "
                f"{self.config.vlm.max_text_tokens}; shorten it or raise the limit"
            )
        pads = self.grid[1] * self.grid[2] // self.pictures.merge_size**2
        shown = f"{_VISION_START}{_IMAGE * pads}{_VISION_END}" * len(self.config.cameras)
        text = f"<|im_start|>user\n{shown}{instruction}<|im_end|>\n<|im_start|>assistant\n"
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        self._tokens[instruction] = ids
        return ids

    def batch(self, samples: Sequence[Sample], jitter: npt.NDArray[np.float32] | None = None) -> Batch:
        """Samples as tensors on the CPU; `jitter` (B, 2) scales brightness and contrast of a sample's pictures."""
        sequences = [self.tokens(sample.instruction) for sample in samples]
        longest = max(map(len, sequences))
        ids = np.full((len(samples), longest), self.tokenizer.pad_token_id, np.int64)
        seen = np.zeros((len(samples), longest), np.int64)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)], seen[row, : len(sequence)] = sequence, 1
        images = np.stack([self._resized(sample.images) for sample in samples])  # (B, cameras, H, W, 3)
        if jitter is not None:
            mean = images.mean(axis=(1, 2, 3, 4), keepdims=True)
            bright, contrast = (jitter[:, index].reshape(-1, 1, 1, 1, 1) for index in range(2))
            images = np.clip(((images - mean) * contrast + mean) * bright, 0, 255).astype(np.uint8)
        vlm = {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(seen),
            "mm_token_type_ids": torch.from_numpy((ids == self.image_token).astype(np.int32)),
            "pixel_values": torch.from_numpy(patches(images.reshape(-1, *images.shape[2:]), self.pictures)),
            "image_grid_thw": torch.tensor([self.grid] * (len(samples) * len(self.config.cameras))),
        }
        state = np.stack([self._state(sample) for sample in samples])
        actions = np.stack([self._actions(sample) for sample in samples])
        weight = np.stack([np.where(sample.mask, sample.weight, 0.0) for sample in samples]).astype(np.float32)
        dims = np.stack([sample.mask.any(axis=0, keepdims=True) for sample in samples]).astype(np.float32)
        return Batch(vlm, *(torch.from_numpy(values) for values in (state, actions, weight, dims)))

    def physical(self, actions: npt.NDArray[np.float32], samples: Sequence[Sample]) -> npt.NDArray[np.float32]:
        """Normalised actions (B, T, 32) in the units of the action space."""
        return np.stack(
            [self.normalisers[sample.source].actions.denormalise(own) for own, sample in zip(actions, samples, strict=True)]
        )

    def _state(self, sample: Sample) -> npt.NDArray[np.float32]:
        scaled = self.normalisers[sample.source].state.normalise(sample.state, clip=3.0)
        return np.concatenate([np.where(sample.state_mask, scaled, 0.0), sample.state_mask]).astype(np.float32)

    def _actions(self, sample: Sample) -> npt.NDArray[np.float32]:
        scaled = self.normalisers[sample.source].actions.normalise(sample.actions)
        # What a chunk ends with is held, so that the noisy actions do not tell where the recording stopped.
        last = np.maximum.accumulate(np.where(sample.mask, np.arange(len(scaled))[:, None], 0), axis=0)
        held = np.take_along_axis(scaled, last, axis=0)
        return np.where(sample.mask.any(axis=0), held, 0.0).astype(np.float32)

    def _resized(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        height, width = self.config.vlm.image_size
        if images.shape[1:3] == (height, width):
            return images
        from PIL import Image

        size = (width, height)
        return np.stack([np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)) for image in images])


@dataclass(frozen=True)
class Noise:
    """(t, noise) draws: times (B, D) and noise (B, D, T, 32)."""

    time: Tensor
    noise: Tensor

    def to(self, device: torch.device) -> Noise:
        """The same on a device."""
        return Noise(self.time.to(device), self.noise.to(device))


def draw_noise(rng: np.random.Generator, batch: int, draws: int, steps: int, dims: int) -> Noise:
    """Draws of LingBot-VLA's distribution of t and of standard normal noise."""
    time = rng.beta(TIME_ALPHA, TIME_BETA, (batch, draws)) * TIME_SCALE + TIME_LEAST
    noise = rng.standard_normal((batch, draws, steps, dims), np.float32)
    return Noise(torch.from_numpy(time.astype(np.float32)), torch.from_numpy(noise))


def step_rng(seed: int, step: int, purpose: int) -> np.random.Generator:
    """Generator of one purpose of one training step."""
    return np.random.default_rng([seed, step, purpose])


class Order:
    """Which samples a step sees: epochs in seeded random order, the same for every policy trained with the seed.

    Args:
        count: Samples there are.
        batch_size: Samples of a step.
        seed: Of the order.
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self.count, self.batch_size, self.seed = count, batch_size, seed
        self._epochs: dict[int, Any] = {}

    def indices(self, step: int) -> list[int]:
        """Indices of the samples of a step."""
        places = range(step * self.batch_size, (step + 1) * self.batch_size)
        return [int(self._epoch(place // self.count)[place % self.count]) for place in places]

    def _epoch(self, number: int) -> npt.NDArray[np.int64]:
        if number not in self._epochs:
            # A step may begin in one epoch and end in another; older ones are done with.
            self._epochs = {key: value for key, value in self._epochs.items() if key >= number - 1}
            self._epochs[number] = np.random.default_rng([self.seed, number]).permutation(self.count)
        return self._epochs[number]
