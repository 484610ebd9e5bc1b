"""Samples in one file, for training in processes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from humannet_assets.vla.samples import Sample

_ARRAYS = ("images", "state", "state_mask", "actions", "mask", "weight")
_TEXTS = ("instruction", "episode_id", "source", "robot", "group")
_TIMES = ("time_s", "duration_s")


def save_samples(path: Path, samples: Sequence[Sample]) -> None:
    """Write samples of one shape, uncompressed.

    Raises:
        ValueError: There are none, or their pictures or actions differ in shape.
    """
    if not samples:
        raise ValueError("there are no samples to save")
    columns: dict[str, np.ndarray] = {}
    for name in _ARRAYS:
        values = [getattr(sample, name) for sample in samples]
        if len(shapes := {value.shape for value in values}) > 1:
            raise ValueError(f"{name} of the samples have the shapes {sorted(shapes)}; resize or cut them to one")
        columns[name] = np.stack(values)
    for name in _TEXTS:
        columns[name] = np.array([getattr(sample, name) for sample in samples], np.str_)
    for name in _TIMES:
        columns[name] = np.array([getattr(sample, name) for sample in samples], np.float64)
    with path.open("wb") as file:
        np.savez(file, **columns)  # pyright: ignore[reportArgumentType]


def load_samples(path: Path) -> list[Sample]:
    """Samples as they were saved."""
    with np.load(path, allow_pickle=False) as stored:
        columns = {name: stored[name] for name in (*_ARRAYS, *_TEXTS, *_TIMES)}
    return [_row(columns, index) for index in range(len(columns["time_s"]))]


def _row(columns: dict[str, np.ndarray], index: int) -> Sample:
    values: dict[str, Any] = {name: columns[name][index] for name in _ARRAYS}
    values |= {name: str(columns[name][index]) for name in _TEXTS}
    values |= {name: float(columns[name][index]) for name in _TIMES}
    return Sample(**values)
