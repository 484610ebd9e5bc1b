"""Where the wearer's head turns while the hands work, and how the camera's automatic exposure answers the light."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, head_sway, look_at
from humannet_assets.simulator.motion import Path

Vector = npt.NDArray[np.float64]

_HEAD_SHARE = 0.30
"""How much of a gaze shift near the middle the head makes, the rest is the eyes' (Stahl, Exp. Brain Res. 1999: 10-70 %)."""

_LEAN_SHARE = 0.08
"""How far the head moves along with what is looked at."""


class WorkingHead:
    """A head above a surface: turns towards what is worked on, between fixations it only sways. Station frame, metres."""

    def __init__(
        self, rng: np.random.Generator, eye_m: float, looks: Sequence[tuple[float, Vector]], duration_s: float
    ) -> None:
        self._phases = rng.uniform(0, 2 * math.pi, 6)
        self._sway = float(rng.uniform(0.6, 1.2))
        self._eye = np.array([rng.uniform(-0.02, 0.02), rng.uniform(0.15, 0.22), eye_m])
        self._middle = np.array([rng.uniform(-0.02, 0.02), rng.uniform(0.40, 0.44), 0.02])
        path = Path(self._middle.copy())
        for start, point in _with_glances(rng, looks, self._middle, duration_s):
            goal = self._middle + (np.asarray(point) - self._middle) * _HEAD_SHARE
            turn = float(np.linalg.norm(goal - path.position))
            # Head movements of 5 to 50 degrees take 200 to 500 ms (Zangemeister & Stark, Exp. Neurol. 1982).
            seconds = min(0.5, 0.22 + 1.2 * turn) * float(rng.uniform(0.9, 1.2))
            if turn > 0.01 and start >= path.time_s:
                path.rest(start - path.time_s).move(goal, seconds)
        self._path = path

    def pose(self, time_s: float) -> Matrix:
        """Pose (4, 4) station <- camera."""
        target = self._path.at(time_s)
        eye = self._eye + (target - self._middle) * (_LEAN_SHARE, _LEAN_SHARE, 0)
        return head_sway(look_at(eye, target), time_s, self._phases, self._sway)


def _with_glances(
    rng: np.random.Generator, looks: Sequence[tuple[float, Vector]], middle: Vector, duration_s: float
) -> list[tuple[float, Vector]]:
    """Gaze shifts with short looks elsewhere between them."""
    result = sorted(looks, key=lambda look: look[0])
    for start in np.arange(rng.uniform(1, 4), duration_s, 5.0):
        if rng.random() < 0.5:
            result.append((float(start + rng.uniform(0, 2)), middle + rng.uniform((-0.22, -0.08, 0), (0.22, 0.16, 0.1))))
    return sorted(result, key=lambda look: look[0])


class Exposure:
    """Automatic exposure: lamps change a little, the camera follows with a delay of about a second."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rates = rng.uniform(0.03, 0.12, 3) * 2 * math.pi
        self._phases = rng.uniform(0, 2 * math.pi, 3)
        self._depth = float(rng.uniform(0.0, 0.10))
        self._base = float(rng.uniform(0.88, 1.12))

    def gain(self, time_s: float, pitch_rad: float = 0.0) -> float:
        """Gain of the picture, 0.75..1.3; looking up, where it is brighter, lowers it."""
        wave = float(np.sin(self._rates * time_s + self._phases).mean())
        return float(np.clip(self._base * (1 + self._depth * wave - 0.12 * pitch_rad), 0.75, 1.3))
