"""Train one CroCo on one set of pairs, from first weights to the finished checkpoint; `training_loop` has the loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from humannet_assets.single_life import training_loop
from humannet_assets.single_life.card import CARD_FILE, CheckpointCard, CurveRow, current_commit, read_card, versions
from humannet_assets.single_life.checkpoints import save_checkpoint
from humannet_assets.single_life.config import CroCoConfig, TrainingConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.single_life.distribution import Distribution
from humannet_assets.single_life.frames import FrameSet
from humannet_assets.single_life.loader import Batch, PairLoader, Pairs, normalise
from humannet_assets.single_life.state import Progress
from humannet_assets.single_life.training_loop import TrainingLoop, check_share, resolve_precision, run_fingerprint

HARMLESS = frozenset({"accumulate", "compile", "threads", "loader_workers", "save_every"})
"""Settings a run may be resumed with other values of: they change a result's last digits at most."""
NAMED = 8
"""How many pairs an error message names."""


class NonFiniteLossError(training_loop.NonFiniteLossError):
    """Training ran into NaN or infinity and stopped; `pair_numbers` are the pairs the first such step saw."""

    def __init__(self, step: int, pair_numbers: list[int], last_good_step: int, folder: Path) -> None:
        shown = ", ".join(map(str, pair_numbers[:NAMED])) + (", ..." if len(pair_numbers) > NAMED else "")
        remedy = "Lower base_lr, set clip_norm, or take precision fp32; if it returns at the same pairs, look at their frames"
        super().__init__(step, f"pairs {shown}", remedy, last_good_step, folder)
        self.pair_numbers = pair_numbers


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
    trainer = Trainer(model, config, data, folder, distribution)
    if (folder / CARD_FILE).exists():
        card = read_card(folder)
        trainer.check_same_run(run_fingerprint(card.model, card.training, HARMLESS, card.precision, card.data))
        return card
    return trainer.run(on_row)


class Trainer(TrainingLoop[CroCo, Batch, CurveRow]):
    """One run, in one of its processes. `train` is the way to use it."""

    LEARNS_FROM = "pairs"

    def __init__(
        self, model: CroCoConfig, config: TrainingConfig, data: TrainingData, folder: Path, distribution: Distribution
    ) -> None:
        check_share(config.batch_size, config.accumulate, distribution.world)
        self.config = config
        self.data = {"pairs": len(data.pairs), "pairs_fingerprint": data.pairs.fingerprint(), **data.about}
        self.loader = PairLoader(
            data.frames, data.pairs, model, config.augmentation, config.batch_size, config.seed,
            share=(distribution.rank, distribution.world), tolerance_s=data.tolerance_s,
        )  # fmt: skip
        precision = resolve_precision(config.precision, distribution.device)
        progress = Progress(run=run_fingerprint(model, config, HARMLESS, precision, self.data))
        network = initial_model(model, config.seed).to(distribution.device)
        optimiser = make_optimiser(network, config)
        if config.compile:
            network.complete = torch.compile(network.complete, fullgraph=True)
        super().__init__(network, optimiser, config, progress, precision, folder, distribution)

    def run(self, on_row: Callable[[CurveRow], None] | None = None) -> CheckpointCard:
        """Train from where the folder's state stands to the finished checkpoint."""
        self.train(on_row)
        if self.distribution.leads:
            save_checkpoint(self.model, self._card(), self.folder)
        self.done()
        return read_card(self.folder)

    def batches(self, start: int) -> Iterator[Batch]:
        """This process's shares of the batches from a step on."""
        pin = self.distribution.device.type == "cuda"
        return self.loader.batches(start, self.config.steps, self.config.loader_workers, pin_memory=pin)

    def split(self, batch: Batch) -> Iterator[Batch]:
        """The equal parts of a share."""
        size = len(batch.pairs) // self.config.accumulate
        for start in range(0, len(batch.pairs), size):
            yield Batch(*(tensor[start : start + size] for tensor in batch))

    def loss(self, part: Batch) -> Tensor:
        """CroCo's loss of a part."""
        target, reference, target_colour, reference_colour = (
            tensor.to(self.distribution.device, non_blocking=True)
            for tensor in (part.target, part.reference, part.target_colour, part.reference_colour)
        )
        shown = normalise(reference, reference_colour)
        if self.config.blank_reference:
            shown = torch.zeros_like(shown)
        return self.model.loss(self.parallel(normalise(target, target_colour), shown, part.mask))

    def curve_row(self, step: int, loss: float, lr: float, seconds: float) -> CurveRow:
        """A row of the loss curve."""
        return CurveRow(step=step, loss=loss, lr=lr, seconds=seconds, pairs_seen=step * self.config.batch_size)

    def not_finite(self, step: int, last_good_step: int) -> NonFiniteLossError:
        """The error that names a step's pairs."""
        return NonFiniteLossError(step, self.loader.pair_numbers(step).tolist(), last_good_step, self.folder)

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
