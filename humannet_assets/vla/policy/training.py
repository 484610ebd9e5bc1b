"""Train a policy on one set of samples; the loop is the one lives' models go through (`single_life.training_loop`).

The caller builds the same policy again when a run goes on; what is frozen in it is not saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from humannet_assets.single_life.distribution import Distribution
from humannet_assets.single_life.state import RunProgress
from humannet_assets.single_life.training_loop import (
    NonFiniteLossError,
    TrainingLoop,
    check_share,
    resolve_precision,
    run_fingerprint,
)
from humannet_assets.vla.actions import ACTION_DIM
from humannet_assets.vla.policy.batches import Batch, Collator, Noise, Order, draw_noise, step_rng
from humannet_assets.vla.policy.config import StageConfig
from humannet_assets.vla.policy.curve import CurveRow
from humannet_assets.vla.policy.model import Policy
from humannet_assets.vla.policy.problems import PolicySetupError, check_samples
from humannet_assets.vla.samples import Sample, fingerprint

HARMLESS = frozenset({"accumulate", "threads", "save_every", "gradient_checkpointing"})
"""Settings a run may be resumed with other values of: they change a result's last digits at most."""
NAMED = 8
"""How many episodes an error message names."""
_NOISE, _COLOUR = 0, 1


class Trainer(TrainingLoop[Policy, tuple[Batch, Noise], CurveRow]):
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

    LEARNS_FROM = "samples"

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
        try:
            check_share(stage.batch_size, stage.accumulate, distribution.world)
        except ValueError as error:
            raise PolicySetupError(str(error)) from error
        self.stage, self.samples, self.collator = stage, samples, collator
        self.order = Order(len(samples), stage.batch_size, stage.seed)
        precision = resolve_precision(stage.precision, distribution.device)
        about = {"samples": fingerprint(samples), "starts_from": starts_from, "precision": precision}
        progress = RunProgress[CurveRow](run=run_fingerprint(policy.config, stage, HARMLESS, about))
        policy = policy.to(distribution.device).train()
        super().__init__(policy, make_optimiser(policy, stage), stage, progress, precision, folder, distribution)

    def batches(self, start: int) -> Iterator[tuple[Batch, Noise]]:
        """This process's shares of the batches from a step on."""
        return map(self.batch, range(start, self.stage.steps))

    def batch(self, step: int) -> tuple[Batch, Noise]:
        """This process's share of a step's samples and draws."""
        stage, rank, world = self.stage, self.distribution.rank, self.distribution.world
        size = stage.batch_size // world
        own = slice(rank * size, (rank + 1) * size)
        # Drawn for the whole batch, so that any number of processes trains on the same.
        draws = draw_noise(
            step_rng(stage.seed, step, _NOISE), stage.batch_size, stage.noise_draws, self.model.config.steps, ACTION_DIM
        )
        jitter = None
        if stage.colour_jitter:
            rng = step_rng(stage.seed, step, _COLOUR)
            jitter = 1 + stage.colour_jitter * rng.uniform(-1, 1, (stage.batch_size, 2)).astype(np.float32)[own]
        samples = [self.samples[index] for index in self.order.indices(step)[own]]
        return self.collator.batch(samples, jitter), Noise(draws.time[own], draws.noise[own])

    def split(self, batch: tuple[Batch, Noise]) -> Iterator[tuple[Batch, Noise]]:
        """The equal parts of a share."""
        samples, draws = batch
        size = len(samples) // self.stage.accumulate
        for start in range(0, len(samples), size):
            yield cut(samples, draws, start, size)

    def loss(self, part: tuple[Batch, Noise]) -> Tensor:
        """Mean loss of a part, over its samples and draws."""
        samples, draws = part
        device = self.distribution.device
        return self.parallel(samples.to(device), draws.to(device)).mean()

    def curve_row(self, step: int, loss: float, lr: float, seconds: float) -> CurveRow:
        """A row of the loss curve."""
        return CurveRow(step=step, loss=loss, lr=lr, seconds=seconds, samples_seen=step * self.stage.batch_size)

    def not_finite(self, step: int, last_good_step: int) -> NonFiniteLossError:
        """The error that names a step's episodes."""
        episodes = sorted({self.samples[index].episode_id for index in self.order.indices(step)})
        seen = f"episodes {', '.join(episodes[:NAMED])}{', ...' if len(episodes) > NAMED else ''}"
        remedy = "Lower peak_lr or clip_norm, or take precision fp32; if it returns at the same episodes, look at their actions"
        return NonFiniteLossError(step, seen, remedy, last_good_step, self.folder)


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
