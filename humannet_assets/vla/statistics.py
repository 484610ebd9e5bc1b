"""Per-source statistics of actions and states, from training episodes only, and normalisation by them to [-1, 1].

The 1st and 99th percentile of a dim become -1 and 1 (PAPERS, LingBot-VLA: q01/q99). Values beyond are not cut off unless asked.
Openings are bounded by nature, so their ends are 0 and 1. A dim that hardly moves (an arm at rest) would blow its noise up to
full scale: its span is at least `MIN_SPANS`, and it is marked constant.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from humannet_assets.vla.actions import ACTION_DIM, DIM_NAMES, DIM_UNITS

LOW, HIGH = 0.01, 0.99
"""PAPERS, LingBot-VLA."""

MIN_SPANS: dict[str, float] = {"m": 0.01, "rad": 0.02, "opening": 1.0}
"""Least distance from q01 to q99 by unit. Our choice: about three times the noise of a resting arm (Franka: 0.1 mm and 1 mrad
repeatability; hand tracks: 3-16 mm from step to step, PAPERS)."""

DEFAULT_CAPACITY = 200_000
"""Rows kept to take percentiles from: the 1st percentile of as many is off by less than 0.05 percentage points (3 sigma)."""


class LeakageError(ValueError):
    """Statistics were to be taken from an episode that is not for training."""


class ActionStatistics(BaseModel):
    """Statistics of one source, 32 numbers each; 0 for dims the source never has.

    `count` is how many known values a dim had, `episodes` how many training episodes there were.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: str
    episodes: int = Field(ge=0)
    count: tuple[int, ...]
    q01: tuple[float, ...]
    q99: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]

    @model_validator(mode="after")
    def _one_per_dim(self) -> ActionStatistics:
        for name in ("count", "q01", "q99", "mean", "std", "minimum", "maximum"):
            if len(getattr(self, name)) != ACTION_DIM:
                raise ValueError(f"{name} has {len(getattr(self, name))} values, the action space {ACTION_DIM} dims")
        return self

    def ends(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Values (32,) that become -1 and 1."""
        low, high = np.asarray(self.q01, np.float64), np.asarray(self.q99, np.float64)
        for dim, unit in enumerate(DIM_UNITS):
            if unit == "opening":
                low[dim], high[dim] = 0.0, 1.0
                continue
            least = MIN_SPANS.get(unit, 1.0)
            if high[dim] - low[dim] < least:
                middle = (high[dim] + low[dim]) / 2
                low[dim], high[dim] = middle - least / 2, middle + least / 2
        return low, high

    def constant(self) -> npt.NDArray[np.bool_]:
        """Dims (32,) that are there but hardly move in this source."""
        spans = np.asarray(self.q99) - np.asarray(self.q01)
        least = np.array([MIN_SPANS.get(unit, 0.0) if unit != "opening" else 0.02 for unit in DIM_UNITS])
        return (np.asarray(self.count) > 0) & (spans < least)

    def normalise(self, values: npt.ArrayLike, clip: float | None = None) -> npt.NDArray[np.float32]:
        """Values (..., 32) with q01 at -1 and q99 at 1; cut off at +-`clip` if given. Masked dims may hold anything."""
        low, high = self.ends()
        scaled = 2 * (np.asarray(values, np.float64) - low) / (high - low) - 1
        return (scaled if clip is None else np.clip(scaled, -clip, clip)).astype(np.float32)

    def denormalise(self, values: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """The inverse of `normalise` without `clip`."""
        low, high = self.ends()
        return ((np.asarray(values, np.float64) + 1) / 2 * (high - low) + low).astype(np.float32)


@dataclass
class StatisticsFitter:
    """Takes a source's training episodes one by one, and then says its statistics.

    Percentiles come from all rows up to `capacity`, and from a uniform random choice of that many beyond (reservoir sampling,
    Vitter 1985, algorithm R); counts, moments and extremes from all.

    Args:
        source: Name of the source.
        training: Ids of the episodes in its training split; any other is refused.
        rng: Decides which rows are kept once there are more than `capacity`.
        capacity: Rows kept.
    """

    source: str
    training: Collection[str]
    rng: np.random.Generator
    capacity: int = DEFAULT_CAPACITY
    _seen: int = 0
    _episodes: set[str] = field(default_factory=set)
    _rows: list[npt.NDArray[np.float64]] = field(default_factory=list)
    _kept: npt.NDArray[np.float64] | None = None
    _moments: dict[str, npt.NDArray[np.float64]] = field(
        default_factory=lambda: {
            "count": np.zeros(ACTION_DIM),
            "sum": np.zeros(ACTION_DIM),
            "squares": np.zeros(ACTION_DIM),
            "low": np.full(ACTION_DIM, np.inf),
            "high": np.full(ACTION_DIM, -np.inf),
        }
    )

    def add(self, episode_id: str, values: npt.ArrayLike, mask: npt.ArrayLike) -> None:
        """Take an episode's values (..., 32) where `mask` (..., 32) is true.

        Raises:
            LeakageError: The episode is not in the training split.
            ValueError: The last axis is not the action space's, or a known value is not finite.
        """
        if episode_id not in self.training:
            raise LeakageError(
                f"episode {episode_id} is not in the training split of {self.source}; statistics are taken from training only"
            )
        rows = np.asarray(values, np.float64)
        known = np.asarray(mask, bool)
        if rows.shape != known.shape or rows.shape[-1] != ACTION_DIM:
            raise ValueError(f"values of shape {rows.shape}, mask {known.shape}; expected (..., {ACTION_DIM}) both")
        rows = np.where(known, rows, np.nan).reshape(-1, ACTION_DIM)
        known = known.reshape(-1, ACTION_DIM)
        if not np.isfinite(rows[known]).all():
            raise ValueError(f"episode {episode_id}: values that are marked as known are not finite")
        self._episodes.add(episode_id)
        filled = np.where(known, rows, 0.0)
        moments = self._moments
        moments["count"] += known.sum(axis=0)
        moments["sum"] += filled.sum(axis=0)
        moments["squares"] += (filled**2).sum(axis=0)
        moments["low"] = np.minimum(moments["low"], np.where(known, rows, np.inf).min(axis=0, initial=np.inf))
        moments["high"] = np.maximum(moments["high"], np.where(known, rows, -np.inf).max(axis=0, initial=-np.inf))
        self._keep(rows)

    def _keep(self, rows: npt.NDArray[np.float64]) -> None:
        room = max(0, self.capacity - self._seen)
        if room:
            self._rows.append(rows[:room])
        rest = rows[room:]
        if len(rest):
            if self._kept is None:
                self._kept, self._rows = np.concatenate(self._rows), []
            # Row number n (from 0) replaces a kept one with odds capacity / (n + 1).
            number = self._seen + room + np.arange(len(rest))
            place = self.rng.integers(0, number + 1)
            for row in np.flatnonzero(place < self.capacity):
                self._kept[place[row]] = rest[row]
        self._seen += len(rows)

    def finish(self) -> ActionStatistics:
        """The statistics of what was taken.

        Raises:
            ValueError: Nothing was.
        """
        count = self._moments["count"]
        if not count.any():
            raise ValueError(f"no known action in the training split of {self.source}: there is nothing to normalise by")
        kept = self._kept if self._kept is not None else np.concatenate(self._rows)
        known = count > 0
        columns: dict[str, Any] = {}
        for name, share in (("q01", LOW), ("q99", HIGH)):
            values = np.zeros(ACTION_DIM)
            values[known] = np.nan_to_num(np.nanquantile(kept[:, known], share, axis=0))
            columns[name] = tuple(values.tolist())
        mean = self._moments["sum"] / np.maximum(count, 1)
        variance = self._moments["squares"] / np.maximum(count, 1) - mean**2
        return ActionStatistics(
            source=self.source,
            episodes=len(self._episodes),
            count=tuple(int(value) for value in count),
            mean=tuple(mean.tolist()),
            std=tuple(np.sqrt(np.maximum(variance, 0.0)).tolist()),
            minimum=tuple(np.where(known, self._moments["low"], 0.0).tolist()),
            maximum=tuple(np.where(known, self._moments["high"], 0.0).tolist()),
            **columns,
        )


def describe(statistics: ActionStatistics) -> dict[str, dict[str, float | int | bool]]:
    """The statistics by name of the dim, of those the source has: for reports."""
    constant = statistics.constant()
    return {
        name: {
            "count": statistics.count[dim], "q01": statistics.q01[dim], "q99": statistics.q99[dim],
            "mean": statistics.mean[dim], "std": statistics.std[dim], "constant": bool(constant[dim]),
        }
        for dim, name in enumerate(DIM_NAMES)
        if statistics.count[dim]
    }  # fmt: skip
