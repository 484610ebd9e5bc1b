"""What the score and the probes need of a model. `croco.CroCo` offers all of it; so may any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from humannet_assets.media.frames import RGB
from humannet_assets.single_life.config import CroCoConfig


class SizedModel(Protocol):
    """A model that says what images it takes and where it is."""

    @property
    def config(self) -> CroCoConfig:
        """Sizes of the model."""
        ...

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """Weights."""
        ...


class AttentionModel(SizedModel, Protocol):
    """A model one image of which looks at another."""

    def cross_attention_logits(self, target: Tensor, source: Tensor) -> Tensor:
        """(B, layers, N, N) float32 for images (B, 3, height, width) on the model's device."""
        ...


class Encoder(SizedModel, Protocol):
    """A model with features per patch."""

    def encode(self, images: Tensor) -> Tensor:
        """Features (B, N, D) of images (B, 3, height, width) on the model's device."""
        ...


def model_input(model: SizedModel, images: Tensor) -> Tensor:
    """Images (B, 3, height, width) on the model's device; uint8 RGB is normalised, floats are taken to be."""
    images = images.to(next((weight.device for weight in model.parameters()), torch.device("cpu")))
    if images.dtype != torch.uint8:
        return images
    from humannet_assets.single_life.loader import normalise

    return normalise(images)


def as_tensor(pictures: Sequence[RGB]) -> Tensor:
    """Pictures of one size (height, width, 3) as a tensor (B, 3, height, width), uint8."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
