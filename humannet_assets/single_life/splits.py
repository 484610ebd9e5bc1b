"""Held-out time blocks, chosen by hash: they never depend on what other footage there is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from humannet_assets.single_life.draws import key_of, uniform
from humannet_assets.single_life.settings import SplitConfig

TRAIN, HELD_OUT, NEITHER = 0, 1, -1


def is_held_out(video_id: str, blocks: npt.ArrayLike, config: SplitConfig) -> npt.NDArray[np.bool_]:
    """Which blocks (n,) of a video, counted from 0, are held out."""
    return uniform(key_of("held_out", config.seed, video_id), np.asarray(blocks, np.int64)) < config.held_out_share


def split_of(video_id: str, times_s: npt.ArrayLike, duration_s: float, config: SplitConfig) -> npt.NDArray[np.int8]:
    """TRAIN, HELD_OUT or NEITHER (within `guard_s` of the other) for some times of a video, (n,)."""
    times = np.asarray(times_s, np.float64)
    held = is_held_out(video_id, np.arange(int(duration_s // config.block_s) + 1), config)
    last = len(held) - 1
    own, before, after = (
        held[np.clip((times + shift) // config.block_s, 0, last).astype(np.int64)]
        for shift in (0.0, -config.guard_s, config.guard_s)
    )
    return np.where((own == before) & (own == after), own, NEITHER).astype(np.int8)


def held_out_s(video_id: str, duration_s: float, config: SplitConfig) -> float:
    """Seconds of a video in held-out blocks."""
    starts = np.arange(int(duration_s // config.block_s) + 1) * config.block_s
    lengths = np.minimum(config.block_s, duration_s - starts)
    return float(lengths[is_held_out(video_id, np.arange(len(starts)), config)].sum())
