"""Loss curves, and what is read off them and off several runs: steps to a threshold, the law of hours. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from humannet_assets.single_life.card import LossRow

LEAST_SIZES = 3
"""Different amounts of data a law is fitted to; with two every law fits."""


class CurveRow(LossRow):
    """One row of a policy's loss curve."""

    samples_seen: int


def steps_to(threshold: float, points: Sequence[tuple[int, float]]) -> float | None:
    """Steps after which a loss first is at most `threshold`, interpolated between points (step, loss); None if it never is."""
    before: tuple[int, float] | None = None
    for step, loss in sorted(points):
        if loss <= threshold:
            if before is None or before[1] <= loss:
                return float(step)
            share = (before[1] - threshold) / (before[1] - loss)
            return before[0] + share * (step - before[0])
        before = (step, loss)
    return None


@dataclass(frozen=True)
class HoursLaw:
    """loss = a - b ln(hours) by least squares; `r_squared` of the fit, `residual` its root mean square error."""

    a: float
    b: float
    r_squared: float
    residual: float
    sizes: int

    def at(self, hours: float) -> float:
        """Loss at that many hours."""
        return self.a - self.b * math.log(hours)


def fit_hours(points: Sequence[tuple[float, float]]) -> HoursLaw:
    """Fit the law (PAPERS, HumanScale: loss = a - b ln(hours)) to points (hours, loss), several seeds per size allowed.

    Raises:
        ValueError: Fewer than three different amounts of data, or hours that are not positive.
    """
    sizes = {hours for hours, _ in points}
    if len(sizes) < LEAST_SIZES:
        raise ValueError(f"{len(sizes)} different amounts of data; a law needs at least {LEAST_SIZES}: train on more sizes")
    if min(sizes) <= 0:
        raise ValueError("hours must be positive; the logarithm of none is nothing")
    x, y = np.log([hours for hours, _ in points]), np.array([loss for _, loss in points])
    slope, a = np.polyfit(x, y, 1)
    rest = y - (a + slope * x)
    spread = float(((y - y.mean()) ** 2).sum())
    return HoursLaw(
        float(a),
        float(-slope),
        1 - float((rest**2).sum()) / spread if spread else 0.0,
        float(np.sqrt((rest**2).mean())),
        len(sizes),
    )
