"""Train one CroCo on one set of pairs: the loop, from first weights to the finished checkpoint.

A run lives in a folder: `training_state.safetensors` while it trains, `card.json` and weights when it is done. Started again on
the same folder it goes on where the state was saved, along the same loss curve (bit for bit on one machine's CPU; GPU kernels
add in varying order).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from humannet_assets.single_life.atomic import remove_leftovers
from humannet_assets.single_life.card import (
    CARD_FILE,
    CheckpointCard,
    CheckpointError,
    CurveRow,
    current_commit,
    read_card,
    versions,
)
from humannet_assets.single_life.checkpoints import save_checkpoint
from humannet_assets.single_life.config import CroCoConfig, TrainingConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.single_life.distribution import Distribution, bf16_supported
from humannet_assets.single_life.frames import FrameSet
from humannet_assets.single_life.loader import Batch, PairLoader, Pairs, normalise
from humannet_assets.single_life.schedule import learning_rate
from humannet_assets.single_life.state import STATE_FILE, Progress, read_progress, restore_state, save_state

HARMLESS = frozenset({"accumulate", "compile", "threads", "loader_workers", "save_every"})
"""Settings a run may be resumed with other values of: they change a result's last digits at most."""
NAMED = 8
"""How many pairs an error message names."""
_NEVER = 2**62

Precision = Literal["bf16", "fp32"]


class NonFiniteLossError(RuntimeError):
    """Training ran into NaN or infinity and stopped; the state saved before is untouched.

    `step` is the first step (from 0) whose loss was not finite, `pair_numbers` the pairs it saw, `last_good_step` the number of
    steps the saved state holds (0: none is saved).
    """

    def __init__(self, step: int, pair_numbers: list[int], last_good_step: int, folder: Path) -> None:
        shown = ", ".join(map(str, pair_numbers[:NAMED])) + (", ..." if len(pair_numbers) > NAMED else "")
        kept = f"the state after {last_good_step} steps is kept in {folder}" if last_good_step else "no state was saved before"
        super().__init__(
            f"the loss of step {step} is not finite (pairs {shown}); {kept}. Lower base_lr, set clip_norm, or take precision "
            "fp32; if it returns at the same pairs, look at their frames"
        )
        self.step = step
        self.pair_numbers = pair_numbers
        self.last_good_step = last_good_step


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from; `about` goes onto the card (life, pairing, duration_s, provenance)."""

    frames: FrameSet
    pairs: Pairs
    about: Mapping[str, Any]
    tolerance_s: float


def train(
    model: CroCoConfig,
    config: TrainingConfig,
    data: TrainingData,
    folder: Path,
    distribution: Distribution,
    on_row: Callable[[CurveRow], None] | None = None,
) -> CheckpointCard:
    """Train a model, or go on with a run that was interrupted, or return the card of a finished one.

    Args:
        model: Sizes.
        config: How to train.
        data: Frames and pairs.
        folder: Where the run lives.
        distribution: This process's place (`distribution.distributed`).
        on_row: Told each new row of the loss curve, in the leading process.

    Raises:
        NonFiniteLossError: The loss became NaN or infinite.
        CheckpointError: The folder holds a run with other settings or other pairs.
        ValueError: The batch cannot be shared equally, or a crop does not fit its frame.
        FrameCacheError: A pair's frame is not in the cache.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        trainer = Trainer(model, config, data, folder, distribution)
        if (folder / CARD_FILE).exists():
            card = read_card(folder)
            trainer.check_same_run(run_fingerprint(card.model, card.training, card.precision, card.data))
            return card
        return trainer.run(on_row or (lambda _: None))
    finally:
        torch.set_num_threads(threads)


class Trainer:
    """One run, in one of its processes. `train` is the way to use it."""

    def __init__(
        self, model: CroCoConfig, config: TrainingConfig, data: TrainingData, folder: Path, distribution: Distribution
    ) -> None:
        share = distribution.world * config.accumulate
        if config.batch_size % share:
            raise ValueError(
                f"batch_size {config.batch_size} is not a multiple of {share} ({distribution.world} processes x accumulate "
                f"{config.accumulate})"
            )
        self.config = config
        self.folder = folder
        self.distribution = distribution
        self.precision: Precision = resolve_precision(config.precision, distribution.device)
        self.data = {"pairs": len(data.pairs), "pairs_fingerprint": data.pairs.fingerprint(), **data.about}
        self.loader = PairLoader(
            data.frames, data.pairs, model, config.augmentation, config.batch_size, config.seed,
            share=(distribution.rank, distribution.world), tolerance_s=data.tolerance_s,
        )  # fmt: skip
        self.progress = Progress(run=run_fingerprint(model, config, self.precision, self.data))
        self.model = initial_model(model, config.seed).to(distribution.device)
        self.optimiser = make_optimiser(self.model, config)
        if config.compile:
            self.model.complete = torch.compile(self.model.complete, fullgraph=True)
        self.parallel = distribution.parallel(self.model)
        self.restart_clocks()

    def restart_clocks(self) -> None:
        """Start counting loss and time from the progress as it is."""
        self._loss_sum = torch.tensor(self.progress.loss_sum, dtype=torch.float64, device=self.distribution.device)
        self._first_bad = torch.tensor(_NEVER, device=self.distribution.device)
        self._resumed_at_s = time.perf_counter() - self.progress.seconds

    def check_same_run(self, other: str) -> None:
        """Raise `CheckpointError` unless a fingerprint found in the folder is this run's."""
        if other != self.progress.run:
            raise CheckpointError(
                f"{self.folder} holds a run with other settings, pairs or precision; choose another folder, or delete it to "
                "train anew"
            )

    def run(self, on_row: Callable[[CurveRow], None]) -> CheckpointCard:
        """Train from where the folder's state stands to the end."""
        config, lead = self.config, self.distribution.leads
        self.folder.mkdir(parents=True, exist_ok=True)
        if lead:
            remove_leftovers(self.folder)
        self.distribution.wait()
        if (saved := read_progress(self.folder)) is not None:
            self.check_same_run(saved.run)
            restore_state(self.folder, self.model, self.optimiser, saved.step)
            self.progress = saved
            self.restart_clocks()
        pin = self.distribution.device.type == "cuda"
        batches = self.loader.batches(self.progress.step, config.steps, config.loader_workers, pin_memory=pin)
        for batch in batches:
            self.step(batch)
            done = self.progress.step
            if done % config.log_every == 0 or done == config.steps:
                row = self.log()
                if lead:
                    on_row(row)
            if done % config.save_every == 0 and done < config.steps:
                self.save()
        self._check_finite()
        if lead:
            save_checkpoint(self.model, self._card(), self.folder)
            (self.folder / STATE_FILE).unlink(missing_ok=True)
        self.distribution.wait()
        return read_card(self.folder)

    def step(self, batch: Batch) -> None:
        """One optimiser step on this process's share of a batch."""
        step = self.progress.step
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(step, self.config)
        loss = self.backward(batch)
        if self.config.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        # Kept on the device: looking at every loss would make a GPU wait for the CPU at every step.
        self._loss_sum += loss
        self._first_bad = torch.where(torch.isfinite(loss), self._first_bad, self._first_bad.clamp(max=step))
        self.progress.step += 1
        self.progress.loss_steps += 1

    def backward(self, batch: Batch) -> Tensor:
        """Gradients of the mean loss of a share, averaged over processes; returns the share's own mean loss."""
        device, parallel, parts = self.distribution.device, self.parallel, self.config.accumulate
        size = len(batch.pairs) // parts
        total = torch.zeros((), device=device)
        for index in range(parts):
            part = Batch(*(tensor[index * size : (index + 1) * size] for tensor in batch))
            # Gradients travel between processes once per step, with the last part.
            more = index + 1 < parts
            with parallel.no_sync() if more and isinstance(parallel, nn.parallel.DistributedDataParallel) else nullcontext():
                target, reference, target_colour, reference_colour = (
                    tensor.to(device, non_blocking=True)
                    for tensor in (part.target, part.reference, part.target_colour, part.reference_colour)
                )
                with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16"):
                    shown = normalise(reference, reference_colour)
                    if self.config.blank_reference:
                        shown = torch.zeros_like(shown)
                    output = parallel(normalise(target, target_colour), shown, part.mask)
                    loss = self.model.loss(output) / parts
                loss.backward()
            total += loss.detach()
        return total

    def log(self) -> CurveRow:
        """Close the interval since the last row of the curve."""
        self._check_finite()
        progress = self.progress
        loss = float(self.distribution.mean(self._loss_sum)) / progress.loss_steps
        row = CurveRow(
            step=progress.step,
            loss=loss,
            lr=learning_rate(progress.step - 1, self.config),
            pairs_seen=progress.step * self.config.batch_size,
            seconds=time.perf_counter() - self._resumed_at_s,
        )
        progress.curve.append(row)
        progress.loss_steps = 0
        self._loss_sum.zero_()
        return row

    def save(self) -> None:
        """Save the whole state, unless something in it is not finite."""
        self._check_finite()
        # From here on every process counts the mean of all: what is saved speaks for each of them.
        self._loss_sum = self.distribution.mean(self._loss_sum)
        self.progress.loss_sum = float(self._loss_sum)
        self.progress.seconds = time.perf_counter() - self._resumed_at_s
        if self.distribution.leads:
            save_state(self.folder, self.model, self.optimiser, self.progress)
        self.distribution.wait()

    def _check_finite(self) -> None:
        bad = self._first_bad
        if not torch.stack([torch.isfinite(parameter).all() for parameter in self.model.parameters()]).all():
            # A finite loss with gradients that are not: it shows in the weights first.
            bad = bad.clamp(max=self.progress.step - 1)
        step = int(self.distribution.least(bad))
        if step < _NEVER:
            saved = read_progress(self.folder)
            numbers = self.loader.pair_numbers(step).tolist()
            raise NonFiniteLossError(step, numbers, 0 if saved is None else saved.step, self.folder)

    def _card(self) -> CheckpointCard:
        return CheckpointCard(
            model=self.model.config,
            training=self.config,
            precision=self.precision,
            data=self.data,
            seed=self.config.seed,
            steps=self.progress.step,
            curve=tuple(self.progress.curve),
            hardware=self.distribution.hardware,
            commit=current_commit(),
            versions=dict(versions()),
            created_at=datetime.now(UTC),
        )


def run_fingerprint(model: CroCoConfig, config: TrainingConfig, precision: Precision, data: Mapping[str, Any]) -> str:
    """Hash of everything that decides a run's numbers: two runs with the same one can continue each other."""
    decisive = {key: value for key, value in config.model_dump(mode="json").items() if key not in HARMLESS}
    parts = [model.model_dump(mode="json"), decisive, precision, dict(data)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def initial_model(config: CroCoConfig, seed: int) -> CroCo:
    """A model with the random weights of a seed, the same on every machine; the caller's generators are not touched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return CroCo(config)


def make_optimiser(model: CroCo, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only: not on biases, norms and the mask token."""
    decayed, free = [], []
    for parameter in model.parameters():
        (free if parameter.ndim == 1 or parameter is model.mask_token else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.peak_lr, betas=config.betas, fused=True)


def resolve_precision(wanted: Literal["auto", "bf16", "fp32"], device: torch.device) -> Precision:
    """What "auto" means on a device."""
    if wanted == "auto":
        return "bf16" if bf16_supported(device) else "fp32"
    return wanted
