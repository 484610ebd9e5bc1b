"""What the motion of an episode is like: how much of it is rest, how fast, how smooth, how far it reaches.

The same for people and robots, from the motion at the action space's rate. HumanScale (PAPERS) compares idle fractions; what
counts as idle is ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from humannet_assets.vla.actions import in_camera
from humannet_assets.vla.episodes import Floats
from humannet_assets.vla.motion import Motion
from humannet_assets.vla.settings import MeasureConfig
from humannet_assets.vla.words import verb_and_noun

_LOW, _HIGH = 0.01, 0.99


def measure_columns(
    motion: Motion, instruction: str, duration_s: float, config: MeasureConfig, *, positions: bool = True
) -> dict[str, Any]:
    """The columns `MEASURE_COLUMNS`.

    Args:
        motion: At the action space's rate.
        instruction: What is done.
        duration_s: Length of the episode.
        config: When a hand is idle.
        positions: Whether shifts of the wrists from step to step are motion of the hands (not where a head may have moved).
    """
    verb, noun = verb_and_noun(instruction)
    step_s = float(np.median(np.diff(motion.times_s))) if len(motion.times_s) > 1 else float("nan")
    place = motion.wrist[..., :3] if positions else np.full_like(motion.wrist[..., :3], np.nan)
    velocity = np.diff(place, axis=0) / step_s  # (T - 1, 2, 3)
    speed = np.linalg.norm(velocity, axis=-1)
    jerk = np.linalg.norm(np.diff(place, n=3, axis=0), axis=-1) / step_s**3
    return {
        "duration_s": duration_s,
        "idle_fraction": idle_fraction(motion, speed, step_s, config),
        "speed_m_s": _mean(speed),
        "jerk_m_s3": None if (squares := _mean(jerk**2)) is None else float(np.sqrt(squares)),
        "workspace_l": workspace_l(_before_camera(motion)),
        "verb": verb,
        "noun": noun,
    }


def _before_camera(motion: Motion) -> Floats:
    """Hands (T, 2, 3) as the camera of each moment sees them, so that walking does not count; the reference frame without."""
    if motion.camera is None:
        return motion.wrist[..., :3]
    return in_camera(motion.wrist, motion.camera[:, None])[..., :3]


def idle_fraction(motion: Motion, speed: Floats, step_s: float, config: MeasureConfig) -> float | None:
    """Share of steps in which nothing that is known moves; None where nothing is known.

    Args:
        motion: At the action space's rate, T samples.
        speed: (T - 1, 2) of the hands in m/s, NaN where not known.
        step_s: Seconds from one sample to the next.
        config: Thresholds.
    """
    grip = np.abs(np.diff(motion.grip, axis=0)) / step_s
    moves = [(speed, config.idle_m_s), (grip, config.idle_grip_s)]
    if not np.isfinite(speed).any():
        joints = np.abs(np.diff(motion.joints, axis=0)) / step_s
        moves.append((joints.reshape(len(joints), -1), config.idle_rad_s))
    values = np.concatenate([value for value, _ in moves], axis=1)
    least = np.concatenate([np.full(value.shape, limit) for value, limit in moves], axis=1)
    known = np.asarray(np.isfinite(values).any(axis=1))
    active = np.asarray((values > least).any(axis=1))
    return float(1 - active[known].mean()) if known.any() else None


def workspace_l(place: Floats) -> float | None:
    """Volume of the box that holds hands (T, 2, 3) from the 1st to the 99th percentile of each axis, litres."""
    known = place.reshape(-1, 3)
    known = known[np.isfinite(known).all(axis=1)]
    if len(known) < 2:
        return None
    sides = np.quantile(known, _HIGH, axis=0) - np.quantile(known, _LOW, axis=0)
    return float(np.prod(sides) * 1000)


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
