"""The card beside a model's weights: what was trained, on what, how, and how the loss fell. Imports no torch."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from humannet_assets.single_life.config import CroCoConfig, TrainingConfig

CARD_FILE = "card.json"
_PACKAGES = ("humannet-assets", "torch", "safetensors", "numpy")


class CheckpointError(ValueError):
    """A checkpoint cannot be used as asked; the message says why and what to do."""


class LossRow(BaseModel):
    """One row of any loss curve: mean loss of the steps since the row before, and where training stood then.

    `lr` is the last step's learning rate, `seconds` the time spent training, over all resumptions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    loss: float
    lr: float
    seconds: float


class CurveRow(LossRow):
    """One row of a CroCo's loss curve."""

    pairs_seen: int


class CheckpointCard(BaseModel):
    """What is known of a trained model.

    `data` says what it was trained on: the fingerprint of its pairs, and what the caller adds (life, pairing, duration_s,
    provenance). `weights` names the file beside the card, `weights_sha256` its bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    model: CroCoConfig
    training: TrainingConfig
    precision: Literal["bf16", "fp32"]
    data: dict[str, Any]
    seed: int
    steps: int
    curve: tuple[CurveRow, ...]
    hardware: str
    commit: str | None
    versions: dict[str, str]
    created_at: datetime
    weights: str = Field(default="", pattern=r"^[\w.-]*$")
    weights_sha256: str = ""


def read_card(folder: Path) -> CheckpointCard:
    """The card of a checkpoint folder.

    Raises:
        FileNotFoundError: The folder has none: there is no finished model in it.
        CheckpointError: The card is damaged or of another format.
    """
    path = folder / CARD_FILE
    if not path.exists():
        raise FileNotFoundError(f"no {CARD_FILE} in {folder}: there is no finished model; train it (or resume its training)")
    try:
        return CheckpointCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise CheckpointError(f"{path} is no checkpoint card of this version: {error}") from error


def versions() -> Mapping[str, str]:
    """Versions of what decides a model's numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def current_commit() -> str | None:
    """Commit of the checkout this code runs from, with "+changes" if files differ from it; None outside a checkout."""
    folder = Path(__file__).parent
    try:
        head = _git(folder, "rev-parse", "HEAD")
        # An installed package may lie inside somebody else's repository.
        _git(folder, "ls-files", "--error-unmatch", Path(__file__).name)
        return head + ("+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
