"""`croco_checkpoints`: trains what `croco_runs` lists, one model after the other, each resumable at any moment.

A run lives in `<store>/single_life/models/<id>/<fingerprint>`; the fingerprint covers sizes, training and pairs, so a run that
was killed goes on in its folder, and one of other data starts in a folder of its own. On several GPUs, train a run's `job.json`
beforehand and materialise afterwards, which then finds the finished model:

    torchrun --nproc-per-node GPUS -m humannet_assets.single_life.job FOLDER/job.json
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from humannet_assets.single_life.config import AugmentationConfig, CroCoConfig, TrainingConfig
from humannet_assets.single_life.experiment import parts_of
from humannet_assets.single_life.frames import FrameCache, FrameCacheConfig
from humannet_assets.single_life.job import TrainingJob, run_job
from humannet_assets.single_life.pairs import LifePairs, PairsError, Split, read_pairs
from humannet_assets.single_life.workplace import PlacedStep, Workplace
from humannet_assets.store.step import NoConfig, Outcome, Read, Unit
from humannet_assets.store.tables import CROCO_CHECKPOINTS, CROCO_RUNS, LIFE_PAIR_INDICES
from humannet_assets.store.tables.single_life_models import RUN_COLUMNS

if TYPE_CHECKING:
    from humannet_assets.single_life.card import CheckpointCard
    from humannet_assets.single_life.loader import Pairs

JOB_FILE, PAIRS_FILE = "job.json", "pairs.npz"
LENGTH_TOLERANCE_S = 1e-6
HELD_OUT_BATCH = 64


class CheckpointStep(PlacedStep[NoConfig]):
    """Trains models; what each is comes with its row of `croco_runs`.

    Args:
        config: None: sizes and training are in the rows.
        place: Where pairs, frames and folders are.
    """

    name = "croco_checkpoints"
    code_version = "1"
    reads = (
        Read(
            CROCO_RUNS,
            (
                "life", "kind", "role", "life_group", "pairing", "duration_s", "seed", "model_name", "trained_on",
                "available_s", "video_ids", "pairing_ids", "config",
            ),
            unit="model_id",
            by="values",
        ),
        Read(LIFE_PAIR_INDICES, ("pair_id",), unit="unit_id", through="pairing_ids", loads=False),
    )  # fmt: skip
    writes = CROCO_CHECKPOINTS
    load_units = 1

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per model. Errors of training fail their unit with their message, the next run tries again."""
        for unit in units:
            run = unit.row(CROCO_RUNS)
            wanted, there = run["duration_s"], run["available_s"]
            known = {name: run[name] for name in _COPIED}
            if wanted is not None and wanted > there + LENGTH_TOLERANCE_S:
                numbers = {"footage_s": there, "duration_s": wanted, "fix": "more footage, or a shorter experiment.durations_s"}
                yield Outcome.rejected(unit, ["too_short"], numbers, known)
                continue
            try:
                pairs = run_pairs(self.place, run, "train")
            except PairsError as error:
                yield Outcome.rejected(unit, ["no_pairs"], {"footage_s": there, "why": str(error)}, known)
                continue
            yield Outcome.kept(unit, [self._train(unit, run, pairs, known)])

    def _train(
        self, unit: Unit, run: Mapping[str, Any], pairs: RunPairs, known: Mapping[str, Any]
    ) -> dict[str, Any]:  # fmt: skip
        place = self.place
        sizes, training, frames = run_configs(run)
        if pairs.crop_scale is not None:
            scaled = training.augmentation.model_copy(update={"crop_scale": pairs.crop_scale})
            training = training.model_copy(update={"augmentation": scaled})
        cache = place.frames(pairs.video_ids, frames)
        about = {name: run[name] for name in ("life", "role", "pairing", "duration_s", "trained_on")}
        job = TrainingJob(
            folder=place.model_folder(unit.id) / _fingerprint(sizes, training, frames, pairs.pairs),
            pairs_file=Path(PAIRS_FILE), cache_root=cache.root, cache=frames, model=sizes, training=training,
            about={**about, "model_id": unit.id},
        )  # fmt: skip
        job = job.model_copy(update={"pairs_file": job.folder / PAIRS_FILE})
        job.folder.mkdir(parents=True, exist_ok=True)
        if not job.pairs_file.exists():
            pairs.pairs.save(job.pairs_file)
        (job.folder / JOB_FILE).write_text(job.model_dump_json(indent=1), encoding="utf-8")
        card = run_job(job)
        # What the model was before a change: its row is about to be replaced.
        for other in job.folder.parent.iterdir():
            if other != job.folder:
                shutil.rmtree(other)
        config = json.loads(run["config"])
        held_out = self._held_out(run, job, config["held_out_pairs"])
        footage_s = run["available_s"] if run["duration_s"] is None else run["duration_s"]
        return {**_row(card, job, pairs, held_out), "footage_s": footage_s, **known}

    def _held_out(self, run: Mapping[str, Any], job: TrainingJob, limit: int) -> tuple[int, float | None, float | None]:
        """Number of held-out pairs, loss on them, and loss with the reference of another pair."""
        place = self.place
        # All of the life's held-out blocks, also for models of its first hours.
        whole = {**run, "duration_s": None}
        try:
            pairs = run_pairs(place, whole, "held_out", limit)
        except PairsError:
            return 0, None, None
        cache = place.frames(pairs.video_ids, job.cache)
        true, shuffled = held_out_losses(job, cache, pairs.pairs)
        return len(pairs.pairs), true, shuffled


_COPIED = (*RUN_COLUMNS, "trained_on")


@dataclass(frozen=True)
class RunPairs:
    """Pairs a model learns from; `crop_scale` is what augmented pairs need, None for the others."""

    pairs: Pairs
    video_ids: list[str]
    crop_scale: tuple[float, float] | None


def run_pairs(place: Workplace, run: Mapping[str, Any], split: Split, limit: int | None = None) -> RunPairs:
    """Pairs of a row of `croco_runs`: of all its lives and pairings that have some, in the order of their ids.

    Raises:
        PairsError: There are none, or pairings that need different crops are pooled.
    """
    parts: list[LifePairs] = []
    missing: list[str] = []
    for life in run["trained_on"]:
        for pairing in parts_of(run["pairing"]):
            try:
                parts.append(read_pairs(place.store, life, pairing, split, first_s=run["duration_s"], limit=limit))
            except PairsError as error:
                missing.append(str(error))
    if not parts:
        raise PairsError("; ".join(missing))
    scales = {part.crop_scale for part in parts}
    if len(scales) > 1:
        raise PairsError(f"pairing {run['pairing']!r} pools pairs that need different crops; train augmented alone")
    rows = pl.concat([part.rows for part in parts]).unique("pair_id").sort("pair_id")
    rows = rows if limit is None else rows.head(limit)
    pooled = replace(parts[0], rows=rows)
    return RunPairs(pooled.pairs(), pooled.video_ids, scales.pop())


def run_configs(run: Mapping[str, Any]) -> tuple[CroCoConfig, TrainingConfig, FrameCacheConfig]:
    """Sizes, training and frames of a row of `croco_runs`."""
    config = json.loads(run["config"])
    return (
        CroCoConfig.model_validate(config["model"]),
        TrainingConfig.model_validate(config["training"]),
        FrameCacheConfig.model_validate(config["frames"]),
    )


def _fingerprint(sizes: CroCoConfig, training: TrainingConfig, frames: FrameCacheConfig, pairs: Pairs) -> str:
    parts = (sizes.fingerprint(), training.fingerprint(), frames.fingerprint(), pairs.fingerprint())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def held_out_losses(job: TrainingJob, cache: FrameCache, pairs: Pairs) -> tuple[float, float]:
    """Loss of a finished model on pairs it was not trained on, and with each target beside the reference of the next pair.

    Crops, masks and the order are drawn once from the seed, colours are as filmed; both losses see the same targets and masks.
    """
    import torch

    from humannet_assets.single_life.checkpoints import load_checkpoint
    from humannet_assets.single_life.distribution import distributed
    from humannet_assets.single_life.loader import PairLoader, normalise

    plain = AugmentationConfig(crop_scale=job.training.augmentation.crop_scale, colour_jitter=0, swap_probability=0)
    size = min(HELD_OUT_BATCH, len(pairs))
    frames = cache.open(pairs.video_ids)
    loader = PairLoader(frames, pairs, job.model, plain, size, job.training.seed, tolerance_s=0.5 / job.cache.rate_hz)
    losses: list[tuple[float, float]] = []
    with distributed(job.device) as here, torch.no_grad():
        model, _ = load_checkpoint(job.folder, here.device)
        for batch in loader.batches(0, max(1, len(pairs) // size)):
            target, reference = (normalise(part.to(here.device)) for part in (batch.target, batch.reference))
            if job.training.blank_reference:
                reference = torch.zeros_like(reference)
            shown = (reference, reference.roll(1, 0))
            true, shuffled = (float(model.loss(model(target, other, batch.mask))) for other in shown)
            losses.append((true, shuffled))
    means = np.mean(losses, axis=0)
    return float(means[0]), float(means[1])


def _row(
    card: CheckpointCard, job: TrainingJob, pairs: RunPairs, held_out: tuple[int, float | None, float | None]
) -> dict[str, Any]:  # fmt: skip
    first, last = card.curve[0], card.curve[-1]
    count, true, shuffled = held_out
    return {
        "folder": str(job.folder),
        "weights_sha256": card.weights_sha256,
        "pairs_fingerprint": card.data["pairs_fingerprint"],
        "pair_count": len(pairs.pairs),
        "video_count": len(pairs.video_ids),
        "parameters": parameter_count(job.folder / card.weights),
        "steps": card.steps,
        "batch_size": card.training.batch_size,
        "loss_first": first.loss,
        "loss_last": last.loss,
        "held_out_pairs": count,
        "held_out_loss": true,
        "held_out_loss_shuffled": shuffled,
        "pairs_per_s": last.pairs_seen / last.seconds,
        "train_s": last.seconds,
        "hardware": card.hardware,
        "precision": card.precision,
        "curve_steps": [row.step for row in card.curve],
        "curve_loss": [row.loss for row in card.curve],
    }


def parameter_count(weights: Path) -> int:
    """Numbers in a safetensors file."""
    from safetensors import safe_open

    with safe_open(weights, framework="np") as file:
        return sum(int(np.prod(file.get_slice(name).get_shape())) for name in file.keys())  # noqa: SIM118
