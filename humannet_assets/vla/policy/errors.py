"""How far predicted chunks of actions are from recorded ones, in millimetres, degrees and openings. Imports no torch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from humannet_assets.vla.actions import HANDS, Float32s
from humannet_assets.vla.episodes import Floats
from humannet_assets.vla.samples import Sample

MEASURES = ("position_mm", "rotation_deg", "grip", "joints_deg")
"""Columns of `open_loop_errors`: distance of wrists, angle between their rotations, difference of openings (0..1) and of joint
angles; means over the hands and steps that are known."""


def open_loop_errors(predicted: Float32s, samples: Sequence[Sample]) -> Floats:
    """Errors (N, 4) of predictions (N, steps, 32) by sample, see `MEASURES`; NaN where a sample has no such action."""
    actions = np.stack([sample.actions for sample in samples]).astype(np.float64)
    mask = np.stack([sample.mask for sample in samples])
    guess = predicted.astype(np.float64)
    by_measure: list[list[npt.NDArray[np.float64]]] = [[] for _ in MEASURES]
    for slots in HANDS:
        moved = mask[..., slots.position].all(-1)
        distance = np.linalg.norm(guess[..., slots.position] - actions[..., slots.position], axis=-1)
        by_measure[0].append(np.where(moved, 1e3 * distance, np.nan)[..., None])
        turned = mask[..., slots.rotation].all(-1)
        by_measure[1].append(
            np.where(turned, _angle_deg(guess[..., slots.rotation], actions[..., slots.rotation]), np.nan)[..., None]
        )
        grip = np.abs(guess[..., slots.grip] - actions[..., slots.grip])
        by_measure[2].append(np.where(mask[..., slots.grip], grip, np.nan)[..., None])
        joints = np.degrees(np.abs(guess[..., slots.joints] - actions[..., slots.joints]))
        by_measure[3].append(np.where(mask[..., slots.joints], joints, np.nan))
    with warnings.catch_warnings():
        # A measure no sample has is NaN, as documented.
        warnings.simplefilter("ignore", RuntimeWarning)
        columns = [np.nanmean(np.concatenate(parts, -1).reshape(len(samples), -1), axis=1) for parts in by_measure]
    return np.stack(columns, axis=1)


def _angle_deg(one: Floats, other: Floats) -> Floats:
    """Angle between rotations given as vectors (..., 3), degrees (...)."""
    turn = Rotation.from_rotvec(one.reshape(-1, 3)) * Rotation.from_rotvec(other.reshape(-1, 3)).inv()
    return np.degrees(turn.magnitude()).reshape(one.shape[:-1])
