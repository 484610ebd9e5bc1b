"""Train a policy on one set of samples: the loop, from its first weights to the finished checkpoint.

A run lives in a folder, as the training of lives' models does: `training_state.safetensors` while it trains, `card.json` and
weights when it is done. Started again on the same folder it goes on along the same loss curve (bit for bit on one machine's
CPU). The caller builds the same policy again; what is frozen in it is not saved.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from humannet_assets.single_life.atomic import remove_leftovers
from humannet_assets.single_life.card import CheckpointError
from humannet_assets.single_life.distribution import Distribution
from humannet_assets.single_life.schedule import learning_rate
from humannet_assets.single_life.state import STATE_FILE, read_progress, restore_state, save_state
from humannet_assets.single_life.training import Precision, resolve_precision
from humannet_assets.vla.actions import ACTION_DIM
from humannet_assets.vla.policy.batches import Batch, Collator, Noise, Order, draw_noise, step_rng
from humannet_assets.vla.policy.config import StageConfig
from humannet_assets.vla.policy.curve import CurveRow
from humannet_assets.vla.policy.model import Policy
from humannet_assets.vla.policy.problems import PolicySetupError, check_samples
from humannet_assets.vla.samples import Sample, fingerprint

HARMLESS = frozenset({"accumulate", "threads", "save_every", "gradient_checkpointing"})
"""Settings a run may be resumed with other values of: they change a result's last digits at most."""
_NOISE, _COLOUR = 0, 1
_NEVER = 2**62


class NonFiniteLossError(RuntimeError):
    """Training ran into NaN or infinity and stopped; the state saved before is untouched."""


class Progress(BaseModel):
    """How far a run is; `run` is the fingerprint of everything that decides its numbers."""

    model_config = ConfigDict(extra="forbid")

    run: str
    step: int = 0
    loss_sum: float = 0.0
    loss_steps: int = 0
    seconds: float = 0.0
    curve: list[CurveRow] = []


@dataclass
class Outcome:
    """A trained policy and its loss curve."""

    policy: Policy
    curve: list[CurveRow]
    precision: Precision
    fingerprint: str = ""


@dataclass
class Watch:
    """Told how training goes: each new row of the curve, and the policy every so many steps (0: never)."""

    on_row: Callable[[CurveRow], None] = lambda _: None
    on_policy: Callable[[int, Policy], None] = lambda _step, _policy: None
    every: int = 0


class Trainer:
    """One run, in one of its processes.

    Args:
        policy: With adapters in place and what is frozen frozen (`vlm.prepare`).
        stage: How to train.
        samples: What to learn from, in a fixed order.
        collator: Makes batches.
        folder: Where the run lives.
        distribution: This process's place.
        starts_from: Identity of the weights the run starts from.

    Raises:
        PolicySetupError: The samples do not fit the policy, or the batch cannot be shared equally.
    """

    def __init__(
        self,
        policy: Policy,
        stage: StageConfig,
        samples: Sequence[Sample],
        collator: Collator,
        folder: Path,
        distribution: Distribution,
        starts_from: str,
    ) -> None:
        check_samples(samples, policy.config, sorted(collator.normalisers))
        for instruction in sorted({sample.instruction for sample in samples}):
            collator.tokens(instruction)
        share = distribution.world * stage.accumulate
        if stage.batch_size % share:
            raise PolicySetupError(
                f"batch_size {stage.batch_size} is not a multiple of {share} ({distribution.world} processes x accumulate "
                f"{stage.accumulate})"
            )
        self.stage, self.samples, self.collator = stage, samples, collator
        self.folder, self.distribution = folder, distribution
        self.precision: Precision = resolve_precision(stage.precision, distribution.device)
        self.order = Order(len(samples), stage.batch_size, stage.seed)
        about = {"samples": fingerprint(samples), "starts_from": starts_from, "precision": self.precision}
        self.progress = Progress(run=run_fingerprint(policy.config.model_dump(mode="json"), stage, about))
        self.policy = policy.to(distribution.device).train()
        self.optimiser = make_optimiser(self.policy, stage)
        self.parallel = distribution.parallel(self.policy)
        self._restart_clocks()

    def _restart_clocks(self) -> None:
        self._loss_sum = torch.tensor(self.progress.loss_sum, dtype=torch.float64, device=self.distribution.device)
        self._first_bad = torch.tensor(_NEVER, device=self.distribution.device)
        self._resumed_at_s = time.perf_counter() - self.progress.seconds

    def run(self, watch: Watch | None = None) -> Outcome:
        """Train from where the folder's state stands to the end.

        Raises:
            NonFiniteLossError: The loss became NaN or infinite.
            CheckpointError: The folder holds a run with other settings or samples.
        """
        watch = watch or Watch()
        stage, lead = self.stage, self.distribution.leads
        self.folder.mkdir(parents=True, exist_ok=True)
        if lead:
            remove_leftovers(self.folder)
        self.distribution.wait()
        if (saved := read_progress(self.folder, Progress)) is not None:
            check_run(self.folder, saved.run, self.progress.run)
            restore_state(self.folder, self.policy, self.optimiser, saved.step)
            self.progress = saved
            self._restart_clocks()
        threads = torch.get_num_threads()
        torch.set_num_threads(stage.threads)
        try:
            while self.progress.step < stage.steps:
                self.step()
                done = self.progress.step
                if done % stage.log_every == 0 or done == stage.steps:
                    row = self._log()
                    if lead:
                        watch.on_row(row)
                if watch.every and done % watch.every == 0:
                    self.policy.eval()
                    watch.on_policy(done, self.policy)
                    self.policy.train()
                if done % stage.save_every == 0 and done < stage.steps:
                    self.save()
        finally:
            torch.set_num_threads(threads)
        self._check_finite()
        return Outcome(self.policy.eval(), self.progress.curve, self.precision, self.progress.run)

    def done(self) -> None:
        """The finished weights are saved: the state is of no more use."""
        if self.distribution.leads:
            (self.folder / STATE_FILE).unlink(missing_ok=True)
        self.distribution.wait()

    def batch(self, step: int) -> tuple[Batch, Noise]:
        """This process's share of a step's samples and draws."""
        stage, rank, world = self.stage, self.distribution.rank, self.distribution.world
        size = stage.batch_size // world
        own = slice(rank * size, (rank + 1) * size)
        # Drawn for the whole batch, so that any number of processes trains on the same.
        draws = draw_noise(
            step_rng(stage.seed, step, _NOISE), stage.batch_size, stage.noise_draws, self.policy.config.steps, ACTION_DIM
        )
        jitter = None
        if stage.colour_jitter:
            rng = step_rng(stage.seed, step, _COLOUR)
            jitter = 1 + stage.colour_jitter * rng.uniform(-1, 1, (stage.batch_size, 2)).astype(np.float32)[own]
        samples = [self.samples[index] for index in self.order.indices(step)[own]]
        return self.collator.batch(samples, jitter), Noise(draws.time[own], draws.noise[own])

    def step(self) -> None:
        """One optimiser step on this process's share of a batch."""
        step = self.progress.step
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(step, self.stage) * group["scale"]
        loss = self._backward(*self.batch(step))
        if self.stage.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.policy.parameters(), self.stage.clip_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        # Kept on the device: looking at every loss would make a GPU wait for the CPU at every step.
        self._loss_sum += loss
        self._first_bad = torch.where(torch.isfinite(loss), self._first_bad, self._first_bad.clamp(max=step))
        self.progress.step += 1
        self.progress.loss_steps += 1

    def _backward(self, batch: Batch, draws: Noise) -> Tensor:
        """Gradients of the mean loss of a share, averaged over processes; returns the share's own mean loss."""
        device, parallel, parts = self.distribution.device, self.parallel, self.stage.accumulate
        size = len(batch) // parts
        total = torch.zeros((), device=device)
        for index in range(parts):
            part, noise = (batch, draws) if parts == 1 else cut(batch, draws, index * size, size)
            # Gradients travel between processes once per step, with the last part.
            more = index + 1 < parts
            with parallel.no_sync() if more and isinstance(parallel, nn.parallel.DistributedDataParallel) else nullcontext():
                with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16"):
                    loss = parallel(part.to(device), noise.to(device)).mean() / parts
                loss.backward()
            total += loss.detach()
        return total

    def _log(self) -> CurveRow:
        self._check_finite()
        progress = self.progress
        row = CurveRow(
            step=progress.step,
            loss=float(self.distribution.mean(self._loss_sum)) / progress.loss_steps,
            lr=learning_rate(progress.step - 1, self.stage),
            samples_seen=progress.step * self.stage.batch_size,
            seconds=time.perf_counter() - self._resumed_at_s,
        )
        progress.curve.append(row)
        progress.loss_steps = 0
        self._loss_sum.zero_()
        return row

    def save(self) -> None:
        """Save the whole state, unless something in it is not finite."""
        self._check_finite()
        self._loss_sum = self.distribution.mean(self._loss_sum)
        self.progress.loss_sum = float(self._loss_sum)
        self.progress.seconds = time.perf_counter() - self._resumed_at_s
        if self.distribution.leads:
            save_state(self.folder, self.policy, self.optimiser, self.progress)
        self.distribution.wait()

    def _check_finite(self) -> None:
        bad = self._first_bad
        trained = [parameter for parameter in self.policy.parameters() if parameter.requires_grad]
        if not torch.stack([torch.isfinite(parameter).all() for parameter in trained]).all():
            # A finite loss with gradients that are not: it shows in the weights first.
            bad = bad.clamp(max=self.progress.step - 1)
        step = int(self.distribution.least(bad))
        if step < _NEVER:
            episodes = sorted({self.samples[index].episode_id for index in self.order.indices(step)})[:8]
            raise NonFiniteLossError(
                f"the loss of step {step} is not finite (episodes {', '.join(episodes)}, ...); a state saved in {self.folder} "
                "before is kept. Lower peak_lr or clip_norm, or take precision fp32; if it returns at the same episodes, look "
                "at their actions"
            )


def check_run(folder: Path, found: str, wanted: str) -> None:
    """Raise `CheckpointError` unless a fingerprint found in the folder is the run's that is wanted."""
    if found != wanted:
        raise CheckpointError(
            f"{folder} holds a run with other settings, samples or precision; choose another folder, or delete it to train anew"
        )


def cut(batch: Batch, draws: Noise, start: int, size: int) -> tuple[Batch, Noise]:
    """Samples `start` to `start + size` of a batch; all their pictures have one size."""
    own = slice(start, start + size)
    vlm = {}
    for name, tensor in batch.vlm.items():
        each = len(tensor) // len(batch)
        vlm[name] = tensor[start * each : (start + size) * each]
    return (
        Batch(vlm, batch.state[own], batch.actions[own], batch.weight[own], batch.dims[own]),
        Noise(draws.time[own], draws.noise[own]),
    )


def run_fingerprint(policy: Mapping[str, Any], stage: StageConfig, about: Mapping[str, Any]) -> str:
    """Hash of everything that decides a run's numbers: two runs with the same one can continue each other."""
    decisive = {key: value for key, value in stage.model_dump(mode="json").items() if key not in HARMLESS}
    return hashlib.sha256(json.dumps([dict(policy), decisive, dict(about)], sort_keys=True).encode()).hexdigest()[:32]


def make_optimiser(policy: Policy, stage: StageConfig) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only, and the VLM's learning rate scaled."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in policy.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith("vlm."), parameter.ndim > 1), []).append(parameter)
    described = [
        {
            "params": parameters,
            "weight_decay": stage.weight_decay if matrix else 0.0,
            "scale": stage.vlm_lr_scale if in_vlm else 1.0,
        }
        for (in_vlm, matrix), parameters in groups.items()
    ]
    return torch.optim.AdamW(described, lr=stage.peak_lr, betas=stage.betas, fused=True)
