"""How the light of a room changes by itself: slowly, or at the flick of a switch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.nobody.filmed import Lighting

Light = Literal["fades", "switches"]


def fading(rng: np.random.Generator, duration_s: float) -> Lighting:
    """Dusk or dawn, or clouds before the sun: slow and smooth, and a little warmer when it is darker."""
    level = Path(np.array([float(rng.uniform(0.85, 1.2)), 0.0, 0.0]))
    while level.time_s < duration_s:
        goal = float(rng.uniform(0.35, 1.25))
        level.rest(float(rng.uniform(0, 1.5))).move((goal, 0, 0), float(rng.uniform(2.5, 6.0)))

    def factor(time_s: float) -> npt.NDArray[np.float64]:
        bright = float(level.at(time_s)[0])
        return bright * np.array([1.0, 0.96 + 0.03 * bright, 0.88 + 0.1 * bright])

    return factor


def switching(rng: np.random.Generator, duration_s: float) -> Lighting:
    """Lamps are switched on and off: sudden, but no cut."""
    times, levels, at = [], [1.0], 0.0
    while at < duration_s:
        at += float(rng.uniform(1.2, 4.0))
        times.append(at)
        levels.append(float(rng.uniform(0.3, 0.55)) if levels[-1] > 0.7 else float(rng.uniform(0.9, 1.15)))

    def factor(time_s: float) -> npt.NDArray[np.float64]:
        level = levels[int(np.searchsorted(times, time_s, side="right"))]
        return level * np.array([1.0, 0.97, 0.92 if level > 0.7 else 1.0])

    return factor


LIGHTS: Mapping[Light, tuple[Callable[[np.random.Generator, float], Lighting], str]] = {
    "fades": (fading, "the light changes slowly"),
    "switches": (switching, "lamps are switched on and off"),
}
"""Every change of light: how it is drawn for a duration in seconds, and how one says it."""
