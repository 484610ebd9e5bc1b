"""Policies on disk: an expert, what became of the VLM, a card; and one training run from such a start to such an end.

A folder holds `card.json`, `expert.safetensors` and, under `changes/`, what training made of the VLM: adapters as peft saves
them (any program with peft reads them onto the same model), or all weights after full tuning. The VLM itself is not copied.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from humannet_assets.media.access import sha256_of
from humannet_assets.single_life.atomic import replacing
from humannet_assets.single_life.card import CARD_FILE, CheckpointError, current_commit, versions
from humannet_assets.single_life.checkpoints import check_names, read_tensors
from humannet_assets.single_life.distribution import Distribution
from humannet_assets.vla.policy.batches import Collator
from humannet_assets.vla.policy.card import EXPERT_FILE, Change, PolicyCard, SourceStatistics, read_policy_card
from humannet_assets.vla.policy.config import PolicyConfig, StageConfig
from humannet_assets.vla.policy.curve import CurveRow
from humannet_assets.vla.policy.model import Policy, new_expert
from humannet_assets.vla.policy.training import Trainer
from humannet_assets.vla.policy.vlm import Vlm, load_vlm, merged, prepare, quiet_peft, qwen
from humannet_assets.vla.samples import Normaliser, Sample

CHANGES = "changes"
_ADAPTER_FILE = "adapter_model.safetensors"


@dataclass(frozen=True)
class Start:
    """Where a run starts: the configured VLM with the changes of a finished policy, and its expert or a fresh one.

    Attributes:
        folder: A finished policy's folder; None: the VLM as it is.
        keep_expert: Go on with that policy's expert (robot_large) instead of a fresh one (the other arms).
    """

    folder: Path | None = None
    keep_expert: bool = False


@dataclass
class LoadedPolicy:
    """A policy with what is needed to feed it."""

    policy: Policy
    collator: Collator
    card: PolicyCard


@dataclass
class _Origin:
    vlm: Vlm
    changes: tuple[Change, ...] = ()
    identity: str = ""
    expert: Path | None = None
    folder: Path | None = None


def train_policy(
    config: PolicyConfig,
    stage: StageConfig,
    start: Start,
    samples: Sequence[Sample],
    normalisers: Mapping[str, Normaliser],
    folder: Path,
    distribution: Distribution,
    about: Mapping[str, Any] | None = None,
    on_row: Callable[[CurveRow], None] | None = None,
) -> PolicyCard:
    """Train a policy, or go on with a run that was interrupted, or return the card of a finished one.

    Args:
        config: The policy.
        stage: How to train.
        start: From which weights. Adapters found there are merged before new ones are put in.
        samples: What to learn from.
        normalisers: By source; of training splits.
        folder: Where the run lives.
        distribution: This process's place.
        about: For the card: arm, hours, provenance.
        on_row: Told each new row of the loss curve, in the leading process.

    Raises:
        PolicySetupError: It cannot be trained as asked; nothing was started.
        CheckpointError: A folder holds another run, or a start that is damaged.
        NonFiniteLossError: The loss became NaN or infinite.
    """
    origin = _origin(config, start)
    model = prepare(origin.vlm.model, stage, stage.seed)
    vlm = Vlm(model, origin.vlm.tokenizer, origin.vlm.pictures, origin.vlm.identity)
    expert = new_expert(config.expert, config.steps, vlm.width, stage.seed)
    if origin.expert is not None:
        _load_into(expert, origin.expert)
    collator = Collator(vlm, config, normalisers)
    trainer = Trainer(Policy(config, vlm, expert), stage, samples, collator, folder, distribution, origin.identity)
    if (card := read_policy_card(folder)) is not None:
        trainer.check_same_run(card.run)
        return card
    trainer.train(on_row)
    if distribution.leads:
        _save(trainer, origin, normalisers, dict(about or {}))
    trainer.done()
    card = read_policy_card(folder)
    assert card is not None
    return card


def load_policy(folder: Path, device: torch.device | str = "cpu") -> LoadedPolicy:
    """A finished policy in evaluation mode, its adapters merged.

    Raises:
        FileNotFoundError: There is no finished policy in the folder.
        CheckpointError: Something in it is missing or is not what the card was written for.
    """
    card = _finished(folder)
    vlm = _changed(load_vlm(card.policy.vlm), card, folder)
    expert = new_expert(card.policy.expert, card.policy.steps, vlm.width, 0)
    _load_into(expert, folder / EXPERT_FILE, card.expert_sha256)
    policy = Policy(card.policy, vlm, expert).to(torch.device(device)).eval().requires_grad_(False)
    normalisers = {source: own.normaliser() for source, own in card.statistics.items()}
    return LoadedPolicy(policy, Collator(vlm, card.policy, normalisers), card)


def _finished(folder: Path) -> PolicyCard:
    if (card := read_policy_card(folder)) is None:
        raise FileNotFoundError(f"no {CARD_FILE} in {folder}: there is no finished policy; train it (or resume its training)")
    return card


def _origin(config: PolicyConfig, start: Start) -> _Origin:
    vlm = load_vlm(config.vlm)
    if start.folder is None:
        return _Origin(vlm, identity=vlm.identity)
    card = _finished(start.folder)
    if card.policy.vlm != config.vlm or (start.keep_expert and card.policy != config):
        raise CheckpointError(
            f"{start.folder} holds a policy of another configuration; start from one with the same vlm"
            f"{' and expert' if start.keep_expert else ''}, or train it anew"
        )
    parts = [vlm.identity, *(change.sha256 for change in card.changes), card.expert_sha256 if start.keep_expert else "fresh"]
    identity = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    expert = start.folder / EXPERT_FILE if start.keep_expert else None
    return _Origin(_changed(vlm, card, start.folder), card.changes, identity, expert, start.folder)


def _changed(vlm: Vlm, card: PolicyCard, folder: Path) -> Vlm:
    """The VLM with a policy's changes applied, adapters merged."""
    if vlm.identity != card.vlm_identity:
        raise CheckpointError(
            f"{folder} was trained from {card.vlm_identity}, and the configured model is {vlm.identity} now; "
            "restore its files, or train again"
        )
    for change in card.changes:
        path = folder / change.path
        weights = path / _ADAPTER_FILE if change.kind == "adapter" else path
        if not weights.is_file() or sha256_of(weights) != change.sha256:
            raise CheckpointError(f"{weights} is missing or not the file its card was written for; copy or train it again")
        if change.kind == "weights":
            _load_into(qwen(vlm.model), weights)
        else:
            from peft import PeftModel

            with quiet_peft():
                vlm.model = merged(PeftModel.from_pretrained(qwen(vlm.model), path))
    return vlm


def _save(trainer: Trainer, origin: _Origin, normalisers: Mapping[str, Normaliser], about: dict[str, Any]) -> None:
    """Write everything, the card last: until it is there the folder holds no finished policy."""
    policy, stage, folder = trainer.model, trainer.stage, trainer.folder
    changes: list[Change] = []
    # All weights in one file supersede whatever came before.
    kept = origin.changes if stage.tune != "full" else ()
    for change in kept:
        assert origin.folder is not None
        target = folder / change.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if change.kind == "adapter":
            shutil.copytree(origin.folder / change.path, target, dirs_exist_ok=True)
        else:
            shutil.copy2(origin.folder / change.path, target)
        changes.append(change)
    (folder / CHANGES).mkdir(parents=True, exist_ok=True)
    if stage.tune == "lora":
        path = folder / CHANGES / f"{len(changes)}-adapter"
        policy.vlm.save_pretrained(path, save_embedding_layers=False)  # pyright: ignore[reportCallIssue]
        changes.append(Change(kind="adapter", path=f"{CHANGES}/{path.name}", sha256=sha256_of(path / _ADAPTER_FILE)))
    elif stage.tune == "full":
        path = folder / CHANGES / "0-weights.safetensors"
        _save_module(qwen(policy.vlm), path)
        changes.append(Change(kind="weights", path=f"{CHANGES}/{path.name}", sha256=sha256_of(path)))
    _save_module(policy.expert, folder / EXPERT_FILE)
    card = PolicyCard(
        policy=policy.config,
        stage=stage,
        run=trainer.progress.run,
        vlm_identity=origin.vlm.identity,
        changes=tuple(changes),
        expert_sha256=sha256_of(folder / EXPERT_FILE),
        statistics={name: SourceStatistics(actions=own.actions, state=own.state) for name, own in normalisers.items()},
        precision=trainer.precision,
        data=about,
        curve=tuple(trainer.progress.curve),
        hardware=trainer.distribution.hardware,
        commit=current_commit(),
        versions={**versions(), "transformers": version("transformers"), "peft": version("peft")},
        created_at=datetime.now(UTC),
    )
    with replacing(folder / CARD_FILE) as fresh:
        fresh.write_text(card.model_dump_json(indent=1), encoding="utf-8")


def _save_module(module: nn.Module, path: Path) -> None:
    """Weights of a module; tied ones once."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _own(module).items()}
    with replacing(path) as fresh:
        save_file(tensors, fresh)


def _load_into(module: nn.Module, path: Path, sha256: str | None = None) -> None:
    if not path.is_file() or (sha256 is not None and sha256_of(path) != sha256):
        raise CheckpointError(f"{path} is missing or not the file its card was written for; copy or train it again")
    tensors = read_tensors(path)
    check_names(tensors, _own(module), str(path))
    module.load_state_dict(tensors, strict=False)


def _own(module: nn.Module) -> dict[str, torch.Tensor]:
    state = module.state_dict()
    tied = {name for name, _ in module.named_parameters(remove_duplicate=False)} - {
        name for name, _ in module.named_parameters()
    }
    return {name: tensor for name, tensor in state.items() if name not in tied}
