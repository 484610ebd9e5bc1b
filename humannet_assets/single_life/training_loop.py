"""The loop every resumable training run goes through: steps, loss curve, saved states, numbers that go bad.

What is trained, on what, and what its loss is are a subclass's: one CroCo (`single_life.training`), one policy
(`vla.policy.training`). A run lives in a folder: `training_state.safetensors` while it trains, a card and weights when it is
done. Started again on the same folder it goes on where the state was saved, along the same loss curve (bit for bit on one
machine's CPU; GPU kernels add in varying order).
"""

from __future__ import annotations

import hashlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from humannet_assets.single_life.atomic import remove_leftovers
from humannet_assets.single_life.card import CheckpointError, LossRow
from humannet_assets.single_life.distribution import Distribution, bf16_supported
from humannet_assets.single_life.schedule import Schedule, learning_rate
from humannet_assets.single_life.state import STATE_FILE, RunProgress, read_progress, restore_state, save_state

_NEVER = 2**62

Precision = Literal["bf16", "fp32"]
Model = TypeVar("Model", bound=nn.Module)
Batch = TypeVar("Batch")
Row = TypeVar("Row", bound=LossRow)


class LoopSettings(Schedule, Protocol):
    """What the loop reads of a training configuration."""

    @property
    def batch_size(self) -> int:
        """Samples per optimiser step, over all processes and parts."""
        ...

    @property
    def accumulate(self) -> int:
        """Parts of a process's share of a batch."""
        ...

    @property
    def clip_norm(self) -> float | None:
        """Largest gradient norm; None: gradients are taken as they are."""
        ...

    @property
    def threads(self) -> int:
        """CPU threads of one process."""
        ...

    @property
    def log_every(self) -> int:
        """Steps per row of the loss curve."""
        ...

    @property
    def save_every(self) -> int:
        """Steps between savings of the whole state."""
        ...


class NonFiniteLossError(RuntimeError):
    """Training ran into NaN or infinity and stopped; the state saved before is untouched.

    `step` is the first step (from 0) whose loss was not finite, `last_good_step` the number of steps the saved state holds
    (0: none is saved).
    """

    def __init__(self, step: int, seen: str, remedy: str, last_good_step: int, folder: Path) -> None:
        kept = f"the state after {last_good_step} steps is kept in {folder}" if last_good_step else "no state was saved before"
        super().__init__(f"the loss of step {step} is not finite ({seen}); {kept}. {remedy}")
        self.step = step
        self.last_good_step = last_good_step


class TrainingLoop(ABC, Generic[Model, Batch, Row]):
    """One run, in one of its processes.

    Args:
        model: On the process's device, in training mode.
        optimiser: Over the model's trained parameters. A group with a `scale` has its learning rate times that.
        config: How to train.
        progress: A fresh one, with the run's fingerprint; its type is the one states are read back as.
        precision: What the forward pass computes in; weights stay float32.
        folder: Where the run lives.
        distribution: This process's place.
    """

    LEARNS_FROM: str
    """What samples are called in messages."""

    def __init__(
        self,
        model: Model,
        optimiser: torch.optim.AdamW,
        config: LoopSettings,
        progress: RunProgress[Row],
        precision: Precision,
        folder: Path,
        distribution: Distribution,
    ) -> None:
        self.model, self.optimiser = model, optimiser
        self.parallel = distribution.parallel(model)
        self.progress = progress
        self.precision: Precision = precision
        self.folder, self.distribution = folder, distribution
        self._settings = config
        self._restart_clocks()

    @abstractmethod
    def batches(self, start: int) -> Iterator[Batch]:
        """This process's shares of the batches of steps `start`, `start + 1`, ... to the run's last."""

    @abstractmethod
    def split(self, batch: Batch) -> Iterable[Batch]:
        """The `accumulate` equal parts of a process's share."""

    @abstractmethod
    def loss(self, part: Batch) -> Tensor:
        """Mean loss of a part, through `self.parallel`; runs under autocast where the precision is bf16."""

    @abstractmethod
    def curve_row(self, step: int, loss: float, lr: float, seconds: float) -> Row:
        """A row of the loss curve."""

    @abstractmethod
    def not_finite(self, step: int, last_good_step: int) -> NonFiniteLossError:
        """The error that names what a step saw and what to do."""

    def _restart_clocks(self) -> None:
        """Start counting loss and time from the progress as it is."""
        self._loss_sum = torch.tensor(self.progress.loss_sum, dtype=torch.float64, device=self.distribution.device)
        self._first_bad = torch.tensor(_NEVER, device=self.distribution.device)
        self._resumed_at_s = time.perf_counter() - self.progress.seconds

    def check_same_run(self, other: str) -> None:
        """Raise `CheckpointError` unless a fingerprint found in the folder is this run's."""
        if other != self.progress.run:
            raise CheckpointError(
                f"{self.folder} holds a run with other settings, {self.LEARNS_FROM} or precision; choose another folder, or "
                "delete it to train anew"
            )

    def train(self, on_row: Callable[[Row], None] | None = None) -> None:
        """Train from where the folder's state stands to the last step; the state stays until `done`.

        Args:
            on_row: Told each new row of the loss curve, in the leading process.

        Raises:
            NonFiniteLossError: The loss became NaN or infinite.
            CheckpointError: The folder holds another run, or a damaged state.
        """
        config, lead = self._settings, self.distribution.leads
        self._resume()
        threads = torch.get_num_threads()
        torch.set_num_threads(config.threads)
        try:
            for batch in self.batches(self.progress.step):
                self.step(batch)
                done = self.progress.step
                if done % config.log_every == 0 or done == config.steps:
                    row = self._log()
                    if lead and on_row is not None:
                        on_row(row)
                if done % config.save_every == 0 and done < config.steps:
                    self.save()
        finally:
            torch.set_num_threads(threads)
        self._check_finite()

    def done(self) -> None:
        """The finished weights are saved: the state is of no more use."""
        if self.distribution.leads:
            (self.folder / STATE_FILE).unlink(missing_ok=True)
        self.distribution.wait()

    def _resume(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.distribution.leads:
            remove_leftovers(self.folder)
        self.distribution.wait()
        if (saved := read_progress(self.folder, type(self.progress))) is not None:
            self.check_same_run(saved.run)
            restore_state(self.folder, self.model, self.optimiser, saved.step)
            self.progress = saved
            self._restart_clocks()

    def step(self, batch: Batch) -> None:
        """One optimiser step on this process's share of a batch."""
        step, clip_norm = self.progress.step, self._settings.clip_norm
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(step, self._settings) * group.get("scale", 1.0)
        loss = self.backward(batch)
        if clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), clip_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        # Kept on the device: looking at every loss would make a GPU wait for the CPU at every step.
        self._loss_sum += loss
        self._first_bad = torch.where(torch.isfinite(loss), self._first_bad, self._first_bad.clamp(max=step))
        self.progress.step += 1
        self.progress.loss_steps += 1

    def backward(self, batch: Batch) -> Tensor:
        """Gradients of the mean loss of a share, averaged over processes; returns the share's own mean loss."""
        device, parallel, parts = self.distribution.device, self.parallel, self._settings.accumulate
        total = torch.zeros((), device=device)
        for number, part in enumerate(self.split(batch), start=1):
            # Gradients travel between processes once per step, with the last part.
            more = number < parts
            with parallel.no_sync() if more and isinstance(parallel, nn.parallel.DistributedDataParallel) else nullcontext():
                with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16"):
                    loss = self.loss(part) / parts
                loss.backward()
            total += loss.detach()
        return total

    def _log(self) -> Row:
        """Close the interval since the last row of the curve."""
        self._check_finite()
        progress = self.progress
        row = self.curve_row(
            step=progress.step,
            loss=float(self.distribution.mean(self._loss_sum)) / progress.loss_steps,
            lr=learning_rate(progress.step - 1, self._settings),
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
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        if not torch.stack([torch.isfinite(parameter).all() for parameter in trained]).all():
            # A finite loss with gradients that are not: it shows in the weights first.
            bad = bad.clamp(max=self.progress.step - 1)
        step = int(self.distribution.least(bad))
        if step < _NEVER:
            saved = read_progress(self.folder, type(self.progress))
            raise self.not_finite(step, 0 if saved is None else saved.step)


def check_share(batch_size: int, accumulate: int, world: int) -> None:
    """Raise `ValueError` unless a batch can be cut into equal parts for all processes."""
    share = world * accumulate
    if batch_size % share:
        raise ValueError(f"batch_size {batch_size} is not a multiple of {share} ({world} processes x accumulate {accumulate})")


def run_fingerprint(model: BaseModel, config: BaseModel, harmless: frozenset[str], *others: Any) -> str:
    """Hash of everything that decides a run's numbers: two runs with the same one can continue each other.

    Args:
        model: Sizes.
        config: How to train.
        harmless: Fields of `config` that are left out, for they change a result's last digits at most.
        others: Whatever else decides, as JSON or with a string form.
    """
    decisive = {key: value for key, value in config.model_dump(mode="json").items() if key not in harmless}
    parts = [model.model_dump(mode="json"), decisive, *others]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def resolve_precision(wanted: Literal["auto", "bf16", "fp32"], device: torch.device) -> Precision:
    """What "auto" means on a device."""
    if wanted == "auto":
        return "bf16" if bf16_supported(device) else "fp32"
    return wanted
