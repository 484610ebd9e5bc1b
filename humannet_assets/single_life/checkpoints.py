"""Weights on disk: ours (safetensors and a JSON card), and the published CroCo files in both directions."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from humannet_assets.media.access import sha256_of
from humannet_assets.single_life.atomic import replacing
from humannet_assets.single_life.card import CARD_FILE, CheckpointCard, CheckpointError, read_card
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.store.identity import stable_id

NAMED = 6
"""How many names of each kind an error message lists."""
_OFFICIAL_ARGUMENTS = {
    "img_size": "image_size",
    "patch_size": "patch_size",
    "mask_ratio": "mask_ratio",
    "enc_embed_dim": "encoder_dim",
    "enc_depth": "encoder_depth",
    "enc_num_heads": "encoder_heads",
    "dec_embed_dim": "decoder_dim",
    "dec_depth": "decoder_depth",
    "dec_num_heads": "decoder_heads",
    "mlp_ratio": "mlp_ratio",
    "norm_im2_in_dec": "normalise_memory",
}
"""Constructor arguments in published files (`croco_kwargs`), and our names. `pos_embed`, kind and base at once, is apart."""
_ROPE = re.compile(r"RoPE(\d+(?:\.\d+)?)")


def save_checkpoint(model: CroCo, card: CheckpointCard, folder: Path) -> CheckpointCard:
    """Write weights and card. The card is replaced last and names its weights: a reader finds the old pair or the new one.

    Returns:
        The card as written, with the weights' file name and hash.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"weights-{stable_id(card.model_dump_json())[:16]}.safetensors"
    with replacing(weights) as fresh:
        save_file(_on_cpu(model), fresh)
    card = card.model_copy(update={"weights": weights.name, "weights_sha256": sha256_of(weights)})
    with replacing(folder / CARD_FILE) as fresh:
        fresh.write_text(card.model_dump_json(indent=1), encoding="utf-8")
    for other in folder.glob("weights-*.safetensors"):
        if other != weights:
            other.unlink()
    return card


def load_checkpoint(folder: Path, device: torch.device | str = "cpu") -> tuple[CroCo, CheckpointCard]:
    """A model of ours with its card, in evaluation mode.

    Raises:
        FileNotFoundError: There is no finished model in the folder.
        CheckpointError: The weights are missing, are not those the card was written for, or do not fit its configuration.
    """
    card = read_card(folder)
    weights = folder / card.weights
    if not weights.is_file():
        raise CheckpointError(f"{weights} is missing, though {folder / CARD_FILE} names it; train the model again")
    if sha256_of(weights) != card.weights_sha256:
        raise CheckpointError(f"{weights} is not the file its card was written for; copy the folder again, or train again")
    return _model(card.model, read_tensors(weights), str(weights), device), card


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file, on the CPU.

    Raises:
        CheckpointError: It is no whole safetensors file.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is no whole safetensors file ({error}); copy or make it again") from error


def load_official(path: Path, device: torch.device | str = "cpu") -> CroCo:
    """A published checkpoint (`CroCo.pth`, `CroCo_V2_*.pth`), in evaluation mode.

    The file is a dict with the state dict under `model` and, except for v1, constructor arguments under `croco_kwargs`. It is
    read with `weights_only=True`: nothing but tensors and plain values is ever unpickled.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: The file is anything else, or names and shapes do not fit.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FileNotFoundError(f"no checkpoint at {path}; fetch it from where its authors publish it") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise CheckpointError(
            f"{path} is no CroCo checkpoint, or holds more than tensors and plain values, which may run code when unpickled "
            f"and is not loaded. If you trust the file, save it again as {{'model': state_dict, 'croco_kwargs': arguments}}. "
            f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
        ) from error
    if not isinstance(content, dict) or not _is_state_dict(content.get("model")):
        found = sorted(map(str, content))[:NAMED] if isinstance(content, dict) else type(content).__name__
        raise CheckpointError(
            f"{path} has no state dict under 'model' (found: {found}); only published CroCo files are read here"
        )
    return _model(config_from_official(content.get("croco_kwargs", {}), str(path)), content["model"], str(path), device)


def save_official(model: CroCo, path: Path) -> None:
    """Write a model in the layout of the published files, for tools that read those.

    The layout has no place for `normalise_target`, which matters for training only.
    """
    with replacing(path) as fresh:
        torch.save({"model": _on_cpu(model), "croco_kwargs": official_arguments(model.config)}, fresh)


def config_from_official(arguments: Mapping[str, Any], place: str) -> CroCoConfig:
    """Our configuration for `croco_kwargs`; what they leave out are the defaults of v1.

    Raises:
        CheckpointError: An argument is unknown or has no valid value; `place` goes into the message.
    """
    known = {**_OFFICIAL_ARGUMENTS, "pos_embed": "position"}
    if unknown := sorted(set(arguments) - set(known)):
        raise CheckpointError(f"{place}: unknown croco_kwargs {unknown}; known are {sorted(known)}")
    values = {_OFFICIAL_ARGUMENTS[name]: value for name, value in arguments.items() if name in _OFFICIAL_ARGUMENTS}
    position = arguments.get("pos_embed", "cosine")
    rope = _ROPE.fullmatch(str(position))
    if position != "cosine" and rope is None:
        raise CheckpointError(f"{place}: pos_embed {position!r} is neither 'cosine' nor 'RoPE<base>'")
    values |= {"position": "rope", "rope_base": float(rope[1])} if rope else {"position": "sincos"}
    try:
        return CroCoConfig.model_validate(values)
    except ValidationError as error:
        raise CheckpointError(f"{place}: croco_kwargs describe no possible model: {error}") from error


def official_arguments(config: CroCoConfig) -> dict[str, Any]:
    """`croco_kwargs` of a configuration, all of them."""
    arguments = {name: getattr(config, own) for name, own in _OFFICIAL_ARGUMENTS.items()}
    return {**arguments, "pos_embed": f"RoPE{config.rope_base:.10g}" if config.position == "rope" else "cosine"}


def check_names(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], place: str) -> None:
    """Raise `CheckpointError` unless both have the same names with the same shapes; the message lists what differs."""
    problems = {
        "missing": [name for name in expected if name not in found],
        "not of this model": [name for name in found if name not in expected],
        "of another shape": [
            f"{name} {list(found[name].shape)} instead of {list(tensor.shape)}"
            for name, tensor in expected.items()
            if name in found and found[name].shape != tensor.shape
        ],
    }
    lines = [
        f"  {what} ({len(names)}): {', '.join(names[:NAMED])}{', ...' if len(names) > NAMED else ''}"
        for what, names in problems.items()
        if names
    ]
    if lines:
        raise CheckpointError("\n".join([f"{place} does not fit the model's configuration:", *lines]))


def _model(config: CroCoConfig, state: Mapping[str, Tensor], place: str, device: torch.device | str) -> CroCo:
    # Weights are about to be replaced: drawing random ones first would take seconds for a ViT-L.
    with torch.device("meta"):
        model = CroCo(config)
    check_names(state, model.state_dict(), place)
    model.load_state_dict({name: tensor.float() for name, tensor in state.items()}, assign=True)
    return model.to(device).eval()


def _is_state_dict(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(tensor, Tensor) for tensor in value.values())


def _on_cpu(model: CroCo) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
