"""Qwen VL models as a policy's eyes and ears: loading, prompts and pictures as they want them, adapters.

Loading is one path for all: a folder. The built-in model is written into one first, a hub id is fetched into one.
"""

from __future__ import annotations

import functools
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from humannet_assets.language.tiny_qwen import TinySizes, build_tiny_qwen
from humannet_assets.language.weights import ModelUnusableError, check_model, model_identity, resolve_model
from humannet_assets.media.access import sha256_of
from humannet_assets.vla.policy.config import TINY, LoraSettings, StageConfig, VlmConfig
from humannet_assets.vla.policy.problems import PolicySetupError

_TRAINED_SPREAD = 0.02
"""Qwen's own `initializer_range`."""
NAMED = 6


@dataclass
class Vlm:
    """A loaded model with what it needs to be fed. `identity` names its exact files."""

    model: nn.Module
    tokenizer: Any
    pictures: Any
    identity: str

    @property
    def width(self) -> int:
        """Width of the hidden states."""
        return int(qwen(self.model).config.text_config.hidden_size)

    @property
    def layers(self) -> int:
        """Layers of the language model."""
        return int(qwen(self.model).config.text_config.num_hidden_layers)


def load_vlm(config: VlmConfig) -> Vlm:
    """The model a configuration names, float32 on the CPU; nothing of the folder is run as code.

    Raises:
        PolicySetupError: It cannot be used; the message says why and what to do.
    """
    if config.model == TINY:
        with tempfile.TemporaryDirectory() as work:
            folder = _tiny(config, Path(work) / TINY)
            weights = sha256_of(folder / "model.safetensors")
            return _load(folder, f"{TINY}@{weights[:16]}", config)
    try:
        folder = resolve_model(config.model, config.revision, "vlm", f"set vlm.model to {TINY!r} for the built-in one")
        check_model(folder)
        identity = model_identity(folder)
    except ModelUnusableError as error:
        raise PolicySetupError(f"a policy needs a Qwen VL model that sees: {error}") from error
    return _load(folder, identity, config)


def _load(folder: Path, identity: str, config: VlmConfig) -> Vlm:
    from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

    with _no_progress_bar():
        model: Any = AutoModelForImageTextToText.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, use_safetensors=True
        )
    embed = model.model.visual.patch_embed
    # The same sum as a matrix product, without a 3D convolution: 8 % less time per training step of the tiny model on a CPU.
    embed.forward = functools.partial(_embed_patches, embed.proj)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    # The PIL backend: the other one needs torchvision.
    pictures: Any = AutoImageProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
    cell = pictures.patch_size * pictures.merge_size
    if any(side % cell or side < cell for side in config.image_size):
        near = tuple(max(cell, round(side / cell) * cell) for side in config.image_size)
        raise PolicySetupError(
            f"vlm.image_size {config.image_size} is not a multiple of {cell} px, this model's patch times merge; use {near}"
        )
    return Vlm(model, tokenizer, pictures, identity)


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Without the warning for every model that peft asks transformers by an old name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
        yield


@contextmanager
def _no_progress_bar() -> Iterator[None]:
    """A bar per loaded model would drown the log of a run that trains many."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _embed_patches(convolution: nn.Conv3d, pixels: Tensor) -> Tensor:
    """Patches (N, channels * frames * patch * patch) to vectors (N, width)."""
    weight = convolution.weight.flatten(1)
    return functional.linear(pixels.to(weight.dtype), weight, convolution.bias)


def _tiny(config: VlmConfig, work: Path) -> Path:
    tiny = config.tiny
    sizes = TinySizes(
        tiny.width, tiny.layers, tiny.vision_width, tiny.vision_depth, _TRAINED_SPREAD, _TRAINED_SPREAD, tiny.words or "\n"
    )
    return build_tiny_qwen(work, tiny.seed, tiny.kind, sizes=sizes)


def qwen(model: nn.Module) -> Any:
    """The `Qwen...ForConditionalGeneration` inside, with or without adapters around it."""
    inner: Any = model
    return inner.get_base_model() if hasattr(inner, "peft_config") else inner


def hidden_states(model: nn.Module, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
    """Hidden states (B, L, width) of the language model: embeddings, then after each layer (the last one normalised)."""
    output = qwen(model).model(**inputs, use_cache=False, output_hidden_states=True, return_dict=True)
    return output.hidden_states


def patches(images: npt.NDArray[np.uint8], processor: Any) -> npt.NDArray[np.float32]:
    """Pictures (N, H, W, 3) uint8 as Qwen's image processors cut them: (N * patches, channels * 2 * patch * patch) float32.

    The same numbers as the processor gives for pictures of this size, for all at once.
    """
    patch, merge, frames = processor.patch_size, processor.merge_size, processor.temporal_patch_size
    mean, std = (np.asarray(values, np.float32) for values in (processor.image_mean, processor.image_std))
    scaled = (images.astype(np.float32) * np.float32(processor.rescale_factor) - mean) / std
    count, height, width, channels = scaled.shape
    rows, columns = height // (patch * merge), width // (patch * merge)
    # (N, rows, merge, patch, columns, merge, patch, C) -> (N, rows, columns, merge, merge, C, patch, patch)
    cut = scaled.reshape(count, rows, merge, patch, columns, merge, patch, channels).transpose(0, 1, 4, 2, 5, 7, 3, 6)
    # A still picture is a film of `frames` equal ones.
    film = np.repeat(cut[:, :, :, :, :, :, None], frames, axis=6)
    return np.ascontiguousarray(film.reshape(count * rows * columns * merge * merge, channels * frames * patch * patch))


def prepare(model: nn.Module, stage: StageConfig, seed: int) -> nn.Module:
    """Set what of a model is trained: adapters are put in, or all weights, or none thaws.

    Raises:
        PolicySetupError: The adapters' targets match no linear layer.
    """
    for name, parameter in model.named_parameters():
        # The head that writes text is not used; where it is tied to the embeddings, those are.
        parameter.requires_grad = stage.tune == "full" and not name.startswith("lm_head")
    inner = qwen(model)
    if stage.gradient_checkpointing and stage.tune != "frozen":
        inner.activation_checkpointing_enable()
    if stage.tune != "lora":
        return model
    from peft import LoraConfig, get_peft_model

    check_targets(model, stage.lora)
    with torch.random.fork_rng(devices=[]), quiet_peft():
        torch.manual_seed(seed)
        return get_peft_model(
            inner,
            LoraConfig(
                r=stage.lora.rank,
                lora_alpha=stage.lora.alpha,
                lora_dropout=stage.lora.dropout,
                target_modules=stage.lora.targets,
            ),
        )


def check_targets(model: nn.Module, lora: LoraSettings) -> None:
    """Raise `PolicySetupError` unless the targets match linear layers (and nothing else) of a model."""
    try:
        pattern = re.compile(lora.targets)
    except re.error as error:
        raise PolicySetupError(f"lora.targets {lora.targets!r} is no regular expression: {error}") from error
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    matched = [name for name, _ in model.named_modules() if pattern.fullmatch(name)]
    if not matched or not set(matched) <= set(linear):
        wrong = [name for name in matched if name not in linear][:NAMED]
        what = f"matches {wrong}, which are no linear layers" if wrong else "matches no layer of this model"
        raise PolicySetupError(
            f"lora.targets {lora.targets!r} {what}; linear layers are called such as {linear[:2] + linear[-NAMED:]} "
            f"(the default is {LoraSettings().targets!r})"
        )


def merged(model: nn.Module) -> nn.Module:
    """The model with its adapters added to the weights and taken out; without adapters as it is."""
    inner: Any = model
    return inner.merge_and_unload() if hasattr(inner, "peft_config") else model
