"""Cameras that film people: on a tripod, in somebody's hands, panning along, high up on a wall.

Framing is for pictures of 4:3; wider pictures show more to the sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, look_at, rotation

Array = npt.NDArray[np.float64]
CameraKind = Literal["tripod", "handheld", "pan", "surveillance"]

ASPECT = 4 / 3
_STEP_S = 0.1
_LAG_S = 0.7
"""Who pans follows a person with a delay: width of the smoothing."""
_HANDHELD_M, _HANDHELD_RAD = 0.006, 0.007
"""Amplitude of a still standing camera operator's sway: some millimetres (Winter, Gait & Posture 1995), half a degree."""
_TREMOR_RAD = 0.0009
"""Of hand tremor, around 6 Hz (Elble & Koller, Tremor, 1990)."""
_FOR_OTHERS = 0.4
"""How much wider and higher than the main performer needs it a picture is made for others."""
_SHAKY_FOV_DEG = 50.0
"""Field of view above which a handheld camera shakes fully."""
_FOV_DEG = (20.0, 72.0)
_SURVEILLANCE_FOV_DEG = (26.0, 100.0)


@dataclass(frozen=True)
class Film:
    """How a shot is filmed: poses (4, 4) world <- camera by time, and the vertical field of view."""

    eye: Array
    times_s: Array
    aims: Array
    fov_deg: float
    rates: Array
    phases: Array
    shake: float

    def camera(self, time_s: float) -> Matrix:
        """Pose of the camera at a time."""
        yaw, pitch = (float(np.interp(time_s, self.times_s, self.aims[:, axis])) for axis in (0, 1))
        eye = self.eye
        if self.shake:
            wave = np.sin(2 * math.pi * self.rates * time_s + self.phases) * self.shake
            eye = eye + _HANDHELD_M * wave[:3]
            yaw += _HANDHELD_RAD * float(wave[3]) + _TREMOR_RAD * float(wave[6])
            pitch += _HANDHELD_RAD * 0.8 * float(wave[4]) + _TREMOR_RAD * float(wave[7])
        pose = look_at(eye, eye + _direction(yaw, pitch))
        if self.shake:
            pose[:3, :3] = pose[:3, :3] @ rotation((0, 0, 1), _HANDHELD_RAD * 0.6 * float(wave[5]))
        return pose


def film(
    rng: np.random.Generator, kind: CameraKind, eye: Array, times_s: Array, joints: Array, *, around: Array | None = None
) -> Film:
    """Frame somebody.

    Args:
        rng: Source of what is drawn: margins, shake.
        kind: How it is filmed.
        eye: Where the camera is, world.
        times_s: Times (n,) at which the person's joints are known.
        joints: Joints (n, k, 3) in the world.
        around: Further points (m, 3) the picture should hold if that is possible: other people.
    """
    yaw, pitch = _angles(joints - eye)
    # Yaw is only continuous around where the person is.
    middle = float(np.median(yaw))
    yaw = middle + np.remainder(yaw - middle + math.pi, 2 * math.pi) - math.pi
    if kind == "pan":
        aims = np.column_stack(
            [_smooth(times_s, yaw.mean(axis=1)), _smooth(times_s, (pitch.min(axis=1) + pitch.max(axis=1)) / 2)]
        )
        wide, high = np.abs(yaw - aims[:, :1]).max(), np.abs(pitch - aims[:, 1:]).max()
        return _film(rng, eye, times_s, aims, _fov(rng, wide, high, (1.12, 1.5)), 0.35)
    low_high = [yaw.min(), yaw.max(), pitch.min(), pitch.max()]
    if around is not None and len(around):
        other_yaw, other_pitch = _angles(around - eye)
        other_yaw = middle + np.remainder(other_yaw - middle + math.pi, 2 * math.pi) - math.pi
        # Bystanders may be cut off; the picture grows by at most a part for them.
        wide, high = (_FOR_OTHERS * (low_high[k + 1] - low_high[k]) for k in (0, 2))
        low_high = [
            min(low_high[0], max(other_yaw.min(), low_high[0] - wide)),
            max(low_high[1], min(other_yaw.max(), low_high[1] + wide)),
            min(low_high[2], max(other_pitch.min(), low_high[2] - high)),
            max(low_high[3], min(other_pitch.max(), low_high[3] + high)),
        ]
    centre = np.array([(low_high[0] + low_high[1]) / 2, (low_high[2] + low_high[3]) / 2])
    wide, high = (low_high[1] - low_high[0]) / 2, (low_high[3] - low_high[2]) / 2
    if kind == "surveillance":
        # The person takes up 16 to 33 % of the picture's height, somewhere in it.
        tall = float(np.median(pitch.max(axis=1) - pitch.min(axis=1)))
        fov = 2 * math.atan(math.tan(tall / 2) / float(rng.uniform(0.17, 0.33)))
        fov = max(fov, _fov_of(wide * 1.08, high * 1.08))
        fov = min(max(fov, math.radians(_SURVEILLANCE_FOV_DEG[0])), math.radians(_SURVEILLANCE_FOV_DEG[1]))
        room = np.array([max(0.0, ASPECT * fov / 2 - wide), max(0.0, fov / 2 - high)])
        centre = centre + rng.uniform(-0.3, 0.3, 2) * room
        return _film(rng, eye, np.zeros(1), centre[None], math.degrees(fov), 0.0)
    shake = float(rng.uniform(0.7, 1.5)) if kind == "handheld" else 0.0
    margin = (1.10, 1.6) if kind == "tripod" else (1.15, 1.6)
    return _film(rng, eye, np.zeros(1), centre[None], _fov(rng, wide, high, margin), shake)


def _film(rng: np.random.Generator, eye: Array, times_s: Array, aims: Array, fov_deg: float, shake: float) -> Film:
    # Who zooms in holds still the more, or nobody could watch it.
    shake *= min(1.0, fov_deg / _SHAKY_FOV_DEG)
    rates = np.concatenate([rng.uniform(0.15, 0.6, 3), rng.uniform(0.2, 0.9, 3), rng.uniform(4.5, 7.0, 2)])
    return Film(eye, times_s, aims, fov_deg, rates, rng.uniform(0, 2 * math.pi, 8), shake)


def _fov(rng: np.random.Generator, wide: float, high: float, margin: tuple[float, float]) -> float:
    """Vertical field of view in degrees that holds those half angles with a margin."""
    scale = float(rng.uniform(*margin))
    fov = math.degrees(_fov_of(wide * scale, high * scale))
    return min(max(fov, _FOV_DEG[0]), _FOV_DEG[1])


def _fov_of(wide: float, high: float) -> float:
    wide, high = min(wide, 1.4), min(high, 1.4)
    return 2 * math.atan(max(math.tan(high), math.tan(wide) / ASPECT))


def _angles(ways: Array) -> tuple[Array, Array]:
    """Yaw and pitch of directions (..., 3)."""
    return np.arctan2(-ways[..., 0], ways[..., 1]), np.arctan2(ways[..., 2], np.hypot(ways[..., 0], ways[..., 1]))


def _direction(yaw: float, pitch: float) -> Array:
    return np.array([-math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), math.sin(pitch)])


def _smooth(times_s: Array, values: Array) -> Array:
    """Values averaged over `_LAG_S` around each time."""
    weights = np.exp(-0.5 * ((times_s[:, None] - times_s[None, :]) / _LAG_S) ** 2)
    return weights @ values / weights.sum(axis=1)
