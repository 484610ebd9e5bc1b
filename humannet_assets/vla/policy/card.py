"""The card beside a policy's weights: what was trained, from what, on what, how, and how the loss fell. Imports no torch."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from humannet_assets.single_life.card import CARD_FILE, CheckpointError
from humannet_assets.vla.policy.config import PolicyConfig, StageConfig
from humannet_assets.vla.policy.curve import CurveRow
from humannet_assets.vla.samples import Normaliser
from humannet_assets.vla.statistics import ActionStatistics

EXPERT_FILE = "expert.safetensors"


class SourceStatistics(BaseModel):
    """What samples of one source were normalised by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actions: ActionStatistics
    state: ActionStatistics

    def normaliser(self) -> Normaliser:
        """The same, to normalise with."""
        return Normaliser(self.actions, self.state)


class Change(BaseModel):
    """What training made of a VLM: an adapter folder in peft's layout (to be merged), or all weights. `path` is relative."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["adapter", "weights"]
    path: str
    sha256: str


class PolicyCard(BaseModel):
    """What is known of a trained policy.

    The VLM is the one of the configuration (`vlm_identity` names its exact files) with `changes` applied in order. `run` is the
    fingerprint of everything that decided the numbers; `data` says what it was trained on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    policy: PolicyConfig
    stage: StageConfig
    run: str
    vlm_identity: str
    changes: tuple[Change, ...]
    expert_sha256: str
    statistics: dict[str, SourceStatistics]
    precision: Literal["bf16", "fp32"]
    data: dict[str, Any]
    curve: tuple[CurveRow, ...]
    hardware: str
    commit: str | None
    versions: dict[str, str]
    created_at: datetime


def read_policy_card(folder: Path) -> PolicyCard | None:
    """The card of a policy's folder; None if there is no finished policy in it.

    Raises:
        CheckpointError: The card is damaged or of another format.
    """
    path = folder / CARD_FILE
    if not path.exists():
        return None
    try:
        return PolicyCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise CheckpointError(f"{path} is no card of a policy of this version: {error}") from error
