"""A policy's training step against the obvious loop, side by side in one process, data loading included.

Obvious: the picture processor of transformers called per picture, the vision-language model run again for every noise draw,
float32, AdamW parameter by parameter. Ours: pictures cut all at once, one look per sample for all draws, in float32 and bf16.
Both train the same architecture on the same samples and draws. Steps alternate, so that whatever else the machine does
hits both. On a CPU one thread is used and its CPU time counted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image

from benchmarks.croco_training import _peak_mib, _seconds
from humannet_assets.single_life.distribution import Distribution, distributed
from humannet_assets.vla.actions import ACTION_DIM, CHUNK_STEPS, robot_weights
from humannet_assets.vla.policy.batches import Batch, Collator, Noise
from humannet_assets.vla.policy.config import ExpertConfig, PolicyConfig, StageConfig, TinyVlmConfig, VlmConfig
from humannet_assets.vla.policy.model import Policy, new_expert
from humannet_assets.vla.policy.training import Trainer
from humannet_assets.vla.policy.vlm import Vlm, load_vlm, prepare
from humannet_assets.vla.samples import Sample, fit_normalisers

DRAWS = 4
WARM_UP, ROUNDS = 1, 6
_SAME = 2e-2


@dataclass
class _Variant:
    name: str
    step: Callable[[], None]
    seconds: list[float] = field(default_factory=list)
    memory_mib: float = 0.0


def run(_: int) -> None:
    """Train both for some steps."""
    with distributed() as place, tempfile.TemporaryDirectory() as folder:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            _compare(place, Path(folder))
        finally:
            torch.set_num_threads(threads)


def _compare(place: Distribution, folder: Path) -> None:
    on_gpu = place.device.type == "cuda"
    size = 32 if on_gpu else 8
    config = PolicyConfig(
        vlm=VlmConfig(image_size=(224, 224), tiny=TinyVlmConfig(layers=4, vision_depth=4)),
        expert=ExpertConfig(width=128, depth=4, heads=4),
    )
    samples = _samples(4 * size)
    obvious = _trainer(config, samples, size, "fp32", folder / "obvious", place)
    obvious.optimiser = torch.optim.AdamW([p for p in obvious.model.parameters() if p.requires_grad], lr=1e-4, foreach=False)
    variants = [_Variant("obvious, fp32", lambda: _obvious_step(obvious))]
    for precision in ("fp32", "bf16"):
        trainer = _trainer(config, samples, size, precision, folder / precision, place)
        variants.append(_Variant(f"ours, {precision}", partial(_own_step, trainer)))
        if precision == "fp32":
            _check_same(obvious, trainer)
    for variant in variants:
        for _ in range(WARM_UP):
            variant.step()
        variant.memory_mib = _peak_mib(variant.step, place.device)
    for _ in range(ROUNDS):
        for variant in variants:
            variant.seconds.append(_seconds(variant.step, place.device))
    tiny = config.vlm.tiny
    print(
        f"tiny Qwen2.5-VL {tiny.layers}x{tiny.width}, vision {tiny.vision_depth}x{tiny.vision_width}, full tuning, expert "
        f"{config.expert.depth}x{config.expert.width}, 224 px, batch {size}, {DRAWS} draws, {place.hardware}, "
        f"{'wall' if on_gpu else 'CPU'} time of one thread, data loading included"
    )
    base = variants[0]
    for variant in variants:
        seconds = median(variant.seconds)
        print(
            f"  {variant.name:16s} {size / seconds:7.1f} samples/s  x{median(base.seconds) / seconds:.2f}   "
            f"peak above rest {variant.memory_mib:6.0f} MiB  x{variant.memory_mib / base.memory_mib:.2f}"
        )


def _trainer(
    config: PolicyConfig, samples: list[Sample], size: int, precision: str, folder: Path, place: Distribution
) -> Trainer:
    stage = StageConfig.model_validate(
        {"steps": 10_000, "batch_size": size, "noise_draws": DRAWS, "tune": "full", "precision": precision}
    )
    vlm = load_vlm(config.vlm)
    vlm = Vlm(prepare(vlm.model, stage, 0), vlm.tokenizer, vlm.pictures, vlm.identity)
    collator = Collator(vlm, config, fit_normalisers(samples, np.random.default_rng(0)))
    policy = Policy(config, vlm, new_expert(config.expert, config.steps, vlm.width, 0))
    return Trainer(policy, stage, samples, collator, folder, place, vlm.identity)


def _obvious_batch(trainer: Trainer, step: int) -> tuple[Batch, Noise]:
    """The step's samples with their pictures through transformers' own processor, one by one."""
    batch, draws = trainer.batch(step)
    samples = [trainer.samples[index] for index in trainer.order.indices(step)]
    processor = trainer.collator.pictures
    pixels = [
        processor(Image.fromarray(image), do_resize=False, return_tensors="pt")["pixel_values"]
        for sample in samples
        for image in sample.images
    ]
    batch.vlm["pixel_values"] = torch.cat(pixels)
    return batch, draws


def _obvious_loss(trainer: Trainer, batch: Batch, draws: Noise) -> torch.Tensor:
    losses = [trainer.model(batch, Noise(draws.time[:, [k]], draws.noise[:, [k]])) for k in range(draws.time.shape[1])]
    return torch.stack(losses).mean()


def _obvious_step(trainer: Trainer) -> None:
    device = trainer.distribution.device
    batch, draws = _obvious_batch(trainer, trainer.progress.step)
    _obvious_loss(trainer, batch.to(device), draws.to(device)).backward()
    torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), 1.0)
    trainer.optimiser.step()
    trainer.optimiser.zero_grad()
    trainer.progress.step += 1


def _own_step(trainer: Trainer) -> None:
    trainer.step(trainer.batch(trainer.progress.step))


def _check_same(obvious: Trainer, ours: Trainer) -> None:
    """Both loops must minimise the same number: otherwise they are not comparable."""
    device = ours.distribution.device
    with torch.no_grad():
        batch, draws = ours.batch(0)
        mine = float(ours.model(batch.to(device), draws.to(device)).mean())
        batch, draws = _obvious_batch(obvious, 0)
        theirs = float(_obvious_loss(obvious, batch.to(device), draws.to(device)))
    if abs(mine - theirs) > _SAME * abs(theirs):
        raise RuntimeError(f"the loops compute different losses: {mine} and {theirs}")


def _samples(count: int) -> list[Sample]:
    rng = np.random.default_rng(0)
    mask = np.zeros((CHUNK_STEPS, ACTION_DIM), bool)
    mask[:, :14] = True
    weight = np.tile(robot_weights(), (CHUNK_STEPS, 1))
    return [
        Sample(
            images=rng.integers(0, 256, (1, 224, 224, 3), dtype=np.uint8), instruction="lift the tray with both hands",
            state=rng.normal(0, 0.1, ACTION_DIM).astype(np.float32) * mask[0], state_mask=mask[0],
            actions=rng.normal(0, 0.1, mask.shape).astype(np.float32) * mask, mask=mask, weight=weight,
            episode_id=f"e{index}", source="made up", robot="simulated_bimanual",
        )
        for index in range(count)
    ]  # fmt: skip
