"""The whole state of a training run in one file, so that it can go on as if it had never stopped.

Weights, AdamW's moments and the progress so far. There is no state of random generators: batches follow from (seed, step).
Frozen parameters are left out: whoever starts the run again loads them from where they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar, overload

import torch
from pydantic import BaseModel, ConfigDict
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from humannet_assets.single_life.atomic import replacing
from humannet_assets.single_life.card import CheckpointError, CurveRow, LossRow
from humannet_assets.single_life.checkpoints import check_names, read_tensors

STATE_FILE = "training_state.safetensors"
_MOMENTS = ("exp_avg", "exp_avg_sq")

Row = TypeVar("Row", bound=LossRow)
AnyProgress = TypeVar("AnyProgress", bound=BaseModel)


class RunProgress(BaseModel, Generic[Row]):
    """How far a run is.

    `run` is the fingerprint of everything that decides the numbers; `step` counts optimiser steps done; `loss_sum` and
    `loss_steps` belong to the curve's next row; `seconds` is the time spent training.
    """

    model_config = ConfigDict(extra="forbid")

    run: str
    step: int = 0
    loss_sum: float = 0.0
    loss_steps: int = 0
    seconds: float = 0.0
    curve: list[Row] = []


Progress = RunProgress[CurveRow]
"""How far the training of a CroCo is."""


def save_state(folder: Path, model: nn.Module, optimiser: torch.optim.AdamW, progress: BaseModel) -> None:
    """Replace the folder's state by one rename: killed at any moment, the file on disk is a whole one."""
    tensors = {f"model.{name}": tensor for name, tensor in _learned(model).items()}
    for name, parameter in _trained(model).items():
        tensors |= {f"{moment}.{name}": optimiser.state[parameter][moment] for moment in _MOMENTS}
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(folder / STATE_FILE) as fresh:
        save_file(on_cpu, fresh, metadata={"progress": progress.model_dump_json()})


@overload
def read_progress(folder: Path) -> Progress | None: ...
@overload
def read_progress(folder: Path, kind: type[AnyProgress]) -> AnyProgress | None: ...
def read_progress(folder: Path, kind: type[BaseModel] = Progress) -> BaseModel | None:
    """How far the run in a folder is, as the model it was saved with; None if it has saved nothing yet.

    Raises:
        CheckpointError: The file is damaged.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    read_error = f"{path} is damaged; delete it to train from the start"
    try:
        with safe_open(path, framework="pt") as file:
            return kind.model_validate_json((file.metadata() or {})["progress"])
    except Exception as error:
        raise CheckpointError(f"{read_error} ({type(error).__name__}: {error})") from error


def restore_state(folder: Path, model: nn.Module, optimiser: torch.optim.AdamW, step: int) -> None:
    """Put a saved state's weights and moments into a model and its optimiser.

    Raises:
        CheckpointError: The state is of another model.
    """
    tensors = read_tensors(folder / STATE_FILE)
    place = str(folder / STATE_FILE)
    weights = _part(tensors, "model")
    check_names(weights, _learned(model), place)
    model.load_state_dict(weights, strict=False)
    parameters = _trained(model)
    moments = {moment: _part(tensors, moment) for moment in _MOMENTS}
    for part in moments.values():
        check_names(part, parameters, place)
    current = optimiser.state_dict()
    # The optimiser numbers its parameters group by group.
    names = {id(parameter): name for name, parameter in parameters.items()}
    order = [names[id(parameter)] for group in optimiser.param_groups for parameter in group["params"]]
    current["state"] = {
        number: {"step": torch.tensor(float(step)), **{moment: moments[moment][name] for moment in _MOMENTS}}
        for number, name in enumerate(order)
    }
    optimiser.load_state_dict(current)


def _trained(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _learned(model: nn.Module) -> Mapping[str, Tensor]:
    """Tensors of a state dict without the frozen parameters, tied ones once."""
    every = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    return {name: tensor for name, tensor in model.state_dict().items() if name not in every - _trained(model).keys()}


def _part(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{part}."): tensor for name, tensor in tensors.items() if name.startswith(f"{part}.")}
