"""CroCo's training step against the same model trained the obvious way, side by side in one process; and the loader beside it.

Obvious: hidden pixels zeroed and all patches encoded, attention written out, float32, AdamW parameter by parameter, the loss
as its formula reads. Steps of both alternate, so that whatever else the machine does hits both. On a CPU one thread is used and
its CPU time counted: wall time on shared cores says more about the neighbours.
"""

from __future__ import annotations

import ctypes
import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor

from humannet_assets.media.access import MediaAccess, sha256_of
from humannet_assets.media.probe import probe
from humannet_assets.single_life import croco
from humannet_assets.single_life.config import AugmentationConfig, CroCoConfig, TrainingConfig
from humannet_assets.single_life.croco import CroCoOutput, patchify
from humannet_assets.single_life.distribution import Distribution, distributed
from humannet_assets.single_life.frames import FrameCache, FrameCacheConfig, VideoFile
from humannet_assets.single_life.loader import Batch, PairLoader, Pairs, normalise
from humannet_assets.single_life.training import Trainer, TrainingData, initial_model
from humannet_assets.store.compute import InProcess

PROJECT = Path(__file__).resolve().parent.parent
VIDEOS = ("ego_walk_corridor.mp4", "ego_walk_street.mp4")
WARM_UP = 2
ROUNDS = 12


@dataclass
class _Variant:
    name: str
    step: Callable[[Batch], None]
    seconds: list[float]
    memory_mib: float = 0.0


class _Obvious:
    """The same architecture and task, without any of what makes ours fast."""

    def __init__(self, config: CroCoConfig, device: torch.device) -> None:
        self.model = initial_model(config, 0).to(device)
        self.device = device
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=1e-4, betas=(0.9, 0.95), foreach=False)

    def step(self, batch: Batch) -> None:
        """One optimiser step."""
        target = normalise(batch.target.to(self.device), batch.target_colour.to(self.device))
        reference = normalise(batch.reference.to(self.device), batch.reference_colour.to(self.device))
        fused, croco.attend = croco.attend, _written_out
        try:
            loss = self._loss(target, reference, batch.mask.to(self.device))
            loss.backward()
        finally:
            croco.attend = fused
        self.optimiser.step()
        self.optimiser.zero_grad()

    def _loss(self, target: Tensor, reference: Tensor, mask: Tensor) -> Tensor:
        model, patch = self.model, self.model.config.patch_size
        (rows, columns), batch = model.config.grid, len(target)
        shown = (~mask).reshape(batch, 1, rows, columns).float()
        shown = shown.repeat_interleave(patch, dim=2).repeat_interleave(patch, dim=3)
        features = model.decoder_embed(model.encode(target * shown))
        tokens = torch.where(mask.unsqueeze(-1), model.mask_token, features)
        memory = model.decoder_embed(model.encode(reference))
        x = model._decode(tokens, memory, model.config.grid, model.config.grid)  # noqa: SLF001
        output = CroCoOutput(model.prediction_head(x), mask, patchify(target, patch))
        mean, variance = output.patches.mean(dim=-1, keepdim=True), output.patches.var(dim=-1, keepdim=True)
        error = (output.prediction - (output.patches - mean) / (variance + 1e-6) ** 0.5) ** 2
        return (error.mean(dim=-1) * mask).sum() / mask.sum()


def _written_out(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    weights = (query @ key.mT * query.shape[-1] ** -0.5).softmax(dim=-1)
    return (weights @ value).transpose(1, 2).flatten(2)


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
    model = CroCoConfig.preset("vit_b_small" if on_gpu else "demo")
    size, short_side_px = (64, 256) if on_gpu else (32, 80)
    data = _data(folder, short_side_px)
    variants = [_Variant("obvious, fp32", _Obvious(model, place.device).step, [])]
    for precision in ("fp32", "bf16"):
        config = TrainingConfig(steps=10_000, batch_size=size, precision=precision, compile=on_gpu)
        trainer = Trainer(model, config, data, folder / precision, place)
        variants.append(_Variant(f"ours, {precision}{', compiled' if on_gpu else ''}", trainer.step, []))
    loader = PairLoader(data.frames, data.pairs, model, AugmentationConfig(), size, 0, tolerance_s=data.tolerance_s)
    batches = [loader.batch(step) for step in range(4)]
    for variant in variants:
        for step in range(WARM_UP):
            variant.step(batches[step])
        variant.memory_mib = _peak_mib(lambda step=variant.step: step(batches[0]), place.device)
    for index in range(ROUNDS):
        for variant in variants:
            variant.seconds.append(_seconds(lambda step=variant.step, batch=batches[index % 4]: step(batch), place.device))
    name = f"encoder {model.encoder_depth}x{model.encoder_dim}, decoder {model.decoder_depth}x{model.decoder_dim}"
    print(f"{name}, {model.image_size} px, batch {size}, {place.hardware}, {'wall' if on_gpu else 'CPU'} time of one thread")
    base = variants[0]
    for variant in variants:
        seconds = median(variant.seconds)
        print(
            f"  {variant.name:22s} {size / seconds:8.0f} pairs/s  x{median(base.seconds) / seconds:.2f}   "
            f"peak above rest {variant.memory_mib:6.0f} MiB  x{variant.memory_mib / base.memory_mib:.2f}"
        )
    model_frames = 2 * size / min(median(variant.seconds) for variant in variants)
    for label, scale in (("crops as they are", None), ("crops resized", (0.5, 1.0))):
        augmentation = AugmentationConfig(crop_scale=scale)
        loader = PairLoader(data.frames, data.pairs, model, augmentation, size, 0, tolerance_s=data.tolerance_s)
        loader.batch(0)
        started = time.process_time()
        for step in range(20):
            loader.batch(step)
        frames = 20 * 2 * size / (time.process_time() - started)
        ratio = frames / model_frames
        print(f"  loader, {label:18s} {frames:8.0f} frames/s per core; the model takes {model_frames:.0f}: x{ratio:.1f}")


def _data(folder: Path, short_side_px: int) -> TrainingData:
    """Pairs a second apart from two walks of the sample library."""
    videos = []
    for name in VIDEOS:
        path = PROJECT / "sample_library" / name
        facts = probe(path)
        videos.append(VideoFile(sha256_of(path), str(path), facts.container_duration_s or 1.0, facts.width, facts.height))
    cache = FrameCache(folder / "frames", FrameCacheConfig(short_side_px=short_side_px, rate_hz=10.0))
    started = time.process_time()
    report = cache.fill(videos, MediaAccess(), InProcess())
    rate = report.frames / (time.process_time() - started)
    print(f"frame cache: {report.frames} frames decoded at {rate:.0f} frames/s per core")
    frames = cache.open([video.video_id for video in videos])
    rng = np.random.default_rng(0)
    ids, first = [], []
    for video in videos:
        times = frames.times_s(video.video_id)
        ids += [video.video_id] * 500
        first += rng.choice(times[:-10], 500).tolist()
    return TrainingData(frames, Pairs.from_columns(ids, first, ids, np.asarray(first) + 1.0), {}, tolerance_s=0.1)


def _seconds(work: Callable[[], None], device: torch.device) -> float:
    if device.type != "cuda":
        started = time.process_time()
        work()
        return time.process_time() - started
    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def _peak_mib(work: Callable[[], None], device: torch.device) -> float:
    """Most memory held during some work above what was held before it."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    # Memory that was freed goes back to the system first, and the kernel forgets the old peak (proc(5), clear_refs).
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_kib("VmRSS")
    work()
    return (_status_kib("VmHWM") - before) / 1024


def _status_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))
