"""Motions at another rate, by time and not by frame numbers (PAPERS, "Our action space": 15 Hz for every embodiment).

Positions, joints and openings are interpolated linearly, rotations on the shortest arc. An opening that only ever is open or
closed is a command, not a measurement: it takes the value nearest in time, so that no half-open gripper is made up. A sample is
known where the recorded ones on both sides are, and no further apart than `max_gap_s`; nothing is extrapolated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.episodes import Floats
from humannet_assets.vla.motion import Motion

Bools = npt.NDArray[np.bool_]

ACTION_RATE_HZ = 15.0
"""PAPERS, "Our action space"."""
SAME_TIME_S = 1e-4
"""Sampling times closer than this to a recorded one take it as it is: LeRobot's tolerance for timestamps."""


class ResampleConfig(StepConfig):
    """How motions are brought to one rate."""

    rate_hz: float = Field(default=ACTION_RATE_HZ, gt=0, le=1000, description="Samples per second. PAPERS: 15.")
    max_gap_s: float = Field(
        default=0.25,
        gt=0,
        description="Longest gap between recorded samples that is bridged. Our choice: the slowest robots record at 5 Hz.",
    )
    binary_margin: float = Field(
        default=0.05,
        ge=0,
        lt=0.5,
        description="Openings never further than this from 0 and 1 are commands. Octo's bounds of open and closed.",
    )


def grid(times_s: Floats, rate_hz: float) -> Floats:
    """Sampling times from the first to the last recorded one, (n,)."""
    if not len(times_s):
        return np.zeros(0)
    count = int(np.floor((times_s[-1] - times_s[0] + SAME_TIME_S) * rate_hz)) + 1
    return times_s[0] + np.arange(count) / rate_hz


def resample(motion: Motion, config: ResampleConfig | None = None) -> Motion:
    """A motion on the grid of a rate. Targets stay what is to be reached at the next sample, now of the new rate."""
    config = config or ResampleConfig()
    times_s = motion.times_s
    if len(times_s) < 2:
        return motion
    wanted = grid(times_s, config.rate_hz)
    gap_s = config.max_gap_s
    # A command is reached one recorded step after it was given: that is the time it belongs to. The first one holds until then.
    reached = np.concatenate([times_s, [times_s[-1] + np.median(np.diff(times_s))]])
    next_s = wanted + 1 / config.rate_hz

    def commands(values: Floats | None) -> Floats | None:
        return None if values is None else np.concatenate([values[:1], values])

    wrist, grip, joints = commands(motion.wrist_target), commands(motion.grip_target), commands(motion.joint_target)

    return replace(
        motion,
        times_s=wanted,
        wrist=_both(times_s, motion.wrist, wanted, gap_s),
        grip=openings(times_s, motion.grip, wanted, config),
        joints=linear(times_s, motion.joints, wanted, gap_s),
        camera=None if motion.camera is None else poses_at(times_s, motion.camera, wanted, gap_s),
        wrist_target=None if wrist is None else _both(reached, wrist, next_s, gap_s),
        grip_target=None if grip is None else openings(reached, grip, next_s, config),
        joint_target=None if joints is None else linear(reached, joints, next_s, gap_s),
        frame_index=None if motion.frame_index is None else motion.frame_index[nearest(times_s, wanted)],
    )


def nearest(times_s: Floats, wanted_s: Floats) -> npt.NDArray[np.int64]:
    """Index of the recorded sample nearest to each time, (n,); a tie goes to the earlier."""
    middles = (times_s[1:] + times_s[:-1]) / 2
    return np.searchsorted(middles, wanted_s, side="left").astype(np.int64)


def linear(times_s: Floats, values: Floats, wanted_s: Floats, max_gap_s: float) -> Floats:
    """Values (T, ...) at other times (n, ...), between neighbours that are known and near enough; NaN elsewhere."""
    place = _Place.of(times_s, wanted_s, max_gap_s)
    weight = place.share.reshape(-1, *[1] * (values.ndim - 1))
    mixed = values[place.low] + (values[place.high] - values[place.low]) * weight
    mixed[place.apart] = np.nan
    # A recorded sample that is hit stands for itself: its neighbour need not be known.
    for hit, index in ((place.at_low, place.low), (place.at_high, place.high)):
        mixed[hit] = np.where(np.isfinite(mixed[hit]), mixed[hit], values[index[hit]])
    mixed[place.outside] = np.nan
    return mixed


def poses_at(times_s: Floats, poses: Floats, wanted_s: Floats, max_gap_s: float) -> Floats:
    """Poses (T, 7) at other times (n, 7): positions linearly, rotations on the shortest arc; NaN where not known."""
    from scipy.spatial.transform import Rotation

    place = _Place.of(times_s, wanted_s, max_gap_s)
    result = linear(times_s, poses, wanted_s, max_gap_s)
    known = np.isfinite(result).all(axis=1)
    result[~known] = np.nan
    both = known & np.isfinite(poses[place.low]).all(axis=1) & np.isfinite(poses[place.high]).all(axis=1) & ~place.apart
    if both.any():
        start = Rotation.from_quat(poses[place.low[both], 3:])
        turn = (Rotation.from_quat(poses[place.high[both], 3:]) * start.inv()).as_rotvec()
        result[both, 3:] = (Rotation.from_rotvec(turn * place.share[both, None]) * start).as_quat()
    return result


def openings(times_s: Floats, grip: Floats, wanted_s: Floats, config: ResampleConfig) -> Floats:
    """Openings (T, 2) at other times (n, 2): linearly, or the nearest for a hand that is only ever open or closed."""
    result = linear(times_s, grip, wanted_s, config.max_gap_s)
    close = nearest(times_s, wanted_s)
    for hand in range(grip.shape[1]):
        values = grip[np.isfinite(grip[:, hand]), hand]
        if len(values) and (np.minimum(values, 1 - values) <= config.binary_margin).all():
            result[:, hand] = np.where(np.isfinite(result[:, hand]), grip[close, hand], np.nan)
    return result


def _both(times_s: Floats, poses: Floats, wanted_s: Floats, max_gap_s: float) -> Floats:
    return np.stack([poses_at(times_s, poses[:, hand], wanted_s, max_gap_s) for hand in range(poses.shape[1])], axis=1)


@dataclass(frozen=True)
class _Place:
    """Where wanted times (n,) lie among the recorded ones.

    Between samples `low` and `high`, `share` of the way; at one of them; between two that are too far `apart`; or `outside`.
    """

    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    share: Floats
    at_low: Bools
    at_high: Bools
    apart: Bools
    outside: Bools

    @classmethod
    def of(cls, times_s: Floats, wanted_s: Floats, max_gap_s: float) -> _Place:
        """Find it."""
        high = np.clip(np.searchsorted(times_s, wanted_s, side="left"), 1, len(times_s) - 1)
        low = high - 1
        step_s = times_s[high] - times_s[low]
        return cls(
            low=low,
            high=high,
            share=np.clip((wanted_s - times_s[low]) / step_s, 0.0, 1.0),
            at_low=np.abs(wanted_s - times_s[low]) <= SAME_TIME_S,
            at_high=np.abs(wanted_s - times_s[high]) <= SAME_TIME_S,
            apart=step_s > max_gap_s,
            outside=(wanted_s < times_s[0] - SAME_TIME_S) | (wanted_s > times_s[-1] + SAME_TIME_S),
        )
