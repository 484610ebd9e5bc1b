"""Small models, and frames without a video: a camera panning over a random texture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from humannet_assets.single_life.config import CroCoConfig, TrainingConfig
from humannet_assets.single_life.frames import FrameSet, Stretch
from humannet_assets.single_life.loader import Pairs
from humannet_assets.single_life.training import TrainingData

RATE_HZ = 10.0
TINY = CroCoConfig(
    image_size=32, patch_size=8, mask_ratio=0.75, encoder_dim=32, encoder_depth=1, encoder_heads=2,
    decoder_dim=32, decoder_depth=1, decoder_heads=2,
)  # fmt: skip


def tiny_training(**changes: object) -> TrainingConfig:
    """Twelve steps of eight pairs, in float32."""
    values = {"steps": 12, "batch_size": 8, "base_lr": 0.03, "log_every": 3, "save_every": 4, "precision": "fp32", **changes}
    return TrainingConfig.model_validate(values)


def panning_frames(folder: Path, videos: int = 2, frames: int = 30, size: tuple[int, int] = (40, 56)) -> FrameSet:
    """Videos "v0", "v1", ... of a smooth texture that moves by two pixels per frame."""
    rng = np.random.default_rng(5)
    stretches = {}
    for video in range(videos):
        height, width = size
        wide = width + 2 * frames
        coarse = rng.integers(0, 256, (height // 4 + 1, wide // 4 + 1, 3))
        texture = np.kron(coarse, np.ones((4, 4, 1)))[:height, :wide].astype(np.uint8)
        file = folder / f"v{video}.npy"
        np.save(file, np.stack([texture[:, 2 * k : 2 * k + width] for k in range(frames)]))
        stretches[f"v{video}"] = [Stretch(file, np.arange(frames) / RATE_HZ)]
    return FrameSet(stretches)


def pairs_of(frames: FrameSet, count: int = 50) -> Pairs:
    """Pairs three frames apart."""
    rng = np.random.default_rng(6)
    videos = [frames.video_ids[k] for k in rng.integers(0, len(frames.video_ids), count)]
    first = np.array([rng.choice(frames.times_s(video)[:-3]) for video in videos])
    return Pairs.from_columns(videos, first, videos, first + 3 / RATE_HZ)


def tiny_data(folder: Path) -> TrainingData:
    """Frames and pairs to train on."""
    frames = panning_frames(folder)
    return TrainingData(frames, pairs_of(frames), {"life": "nobody"}, tolerance_s=0.5 / RATE_HZ)
