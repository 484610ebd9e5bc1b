"""Whether an episode may be learned from: reasons against it, with the numbers that decided.

Measured on the interpreted channels (joints, end effector, grippers) where a robot's mapping gives them, on the raw state
otherwise. `video_checks` looks at the pictures. Thresholds are configuration; sources stand at each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import Field

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.episodes import Episode, Floats
from humannet_assets.vla.video_checks import PictureConfig, check_pictures

MAD_TO_SIGMA = 1.4826
"""A normal distribution's standard deviation in median absolute deviations."""


class QualityConfig(StepConfig):
    """Thresholds of the verdict."""

    min_duration_s: float = Field(
        default=17 / 15, ge=0, description="Shorter is too short. PAPERS: one chunk, 16 steps at 15 Hz after the first frame."
    )
    min_frames: int = Field(default=5, ge=2, description="Fewer frames say nothing about motion. Our choice: 1 s at 5 Hz.")
    max_gap_ratio: float = Field(
        default=3.0,
        gt=1,
        description="Time step over the median step from which it is a gap (PAPERS: contiguous). Our choice: two frames lost.",
    )
    jump_sigma: float = Field(default=3.0, gt=0, description="A step this many sigma above the median one is a jump. PAPERS.")
    max_jump_share: float = Field(default=0.05, gt=0, le=1, description="Share of steps that may be jumps. PAPERS: 5 %.")
    min_jump_m_s: float = Field(
        default=1.0, gt=0, description="Slower end effectors do not jump: teleoperated ones stay below 1 m/s. Our choice."
    )
    min_jump_rad_s: float = Field(
        default=3.2,
        gt=0,
        description="Nor do slower joints and rotations. ViperX 300 and Franka joints reach 2.6 to 3.1 rad/s.",
    )
    min_jump_share_of_range: float = Field(
        default=0.1, gt=0, description="For columns without a unit: nor do smaller steps than this share of what they span."
    )
    max_speed_m_s: float = Field(
        default=10.0, gt=0, description="A single step at this speed is a teleport. Our choice: thrice a fast human hand."
    )
    max_speed_rad_s: float = Field(
        default=30.0, gt=0, description="Likewise for joints and rotations: ten times the fastest arm's joints."
    )
    static_m: float = Field(default=0.01, ge=0, description="An end effector that never goes further stands still. Our choice.")
    static_rad: float = Field(
        default=0.03,
        ge=0,
        description="Likewise for joints and rotations: RDT-1B skips frames until a joint has moved 0.01 rad.",
    )
    static_grip: float = Field(default=0.1, ge=0, le=1, description="A gripper that moves less does not. Our choice.")
    static_share: float = Field(
        default=1e-3, ge=0, description="For columns without a unit: a span below this share of their size. Our choice."
    )
    max_out_of_range: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of gripper values that may lie beyond closed or open by over a tenth of the range. Our choice.",
    )
    max_joint_rad: float = Field(
        default=4 * np.pi, gt=0, description="Joint angles beyond are in degrees or not angles. Widest joints: +-2 pi (UR)."
    )
    require_instruction: bool = Field(default=False, description="Reject episodes without words.")
    require_success: bool = Field(default=False, description="Reject episodes the data say failed.")
    pictures: PictureConfig = Field(default=PictureConfig(), description="What pictures must be there.")


@dataclass
class Verdict:
    """Reasons against an episode (none: it is good), the numbers that decided, and what is worth knowing but no reason."""

    reasons: list[str] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether there is no reason against the episode."""
        return not self.reasons

    def against(self, reason: str, **numbers: Any) -> None:
        """Add a reason (once) and its numbers."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        self.evidence.setdefault(reason, {}).update(numbers)


@dataclass(frozen=True)
class Channel:
    """Values (T, D) that move together and their unit: "m", "rad", "grip", or "" where unknown."""

    name: str
    unit: str
    values: Floats

    def steps(self) -> Floats:
        """How far it moves at each step (T - 1,): along the path, the turn of a quaternion, the most moved of joints."""
        if self.name.endswith("rotation"):
            return turns(self.values)
        moves = np.diff(self.values, axis=0)
        # Limits of joints are those of each joint.
        return np.abs(moves).max(axis=1) if self.name.endswith("joints") else np.linalg.norm(moves, axis=1)

    def extent(self) -> float:
        """Farthest it ever is from where it began."""
        if not len(self.values):
            return 0.0
        if self.name.endswith("rotation"):
            start = np.repeat(self.values[:1], len(self.values), axis=0)
            return float(_angles(start, self.values).max())
        return float(np.linalg.norm(self.values - self.values[0], axis=1).max())


def judge(episode: Episode, config: QualityConfig | None = None) -> Verdict:
    """The verdict on an episode. Never raises for what is wrong with one: that is what reasons are for."""
    config = config or QualityConfig()
    verdict = Verdict()
    _check_numbers(episode, verdict)
    sound_clock = _check_times(episode, config, verdict)
    channels = list(motion_channels(episode))
    if sound_clock and not {"not_finite", "bad_rotation"} & set(verdict.reasons):
        _check_jumps(episode, channels, config, verdict)
        _check_static(channels, config, verdict)
    _check_ranges(episode, config, verdict)
    if config.require_instruction and not episode.instruction:
        verdict.against("no_instruction", instruction=episode.instruction)
    if config.require_success and episode.success is False:
        verdict.against("not_successful", success=False)
    check_pictures(episode, config.pictures, verdict.against, verdict.notes.append)
    return verdict


def motion_channels(episode: Episode) -> Iterator[Channel]:
    """What moves: per arm the interpreted channels, or the raw state of a robot without arms."""
    for index, side in enumerate(episode.arms):
        if episode.ee_pose is not None and np.isfinite(episode.ee_pose[:, index]).any():
            yield Channel(f"{side}_position", "m", episode.ee_pose[:, index, :3])
            yield Channel(f"{side}_rotation", "rad", episode.ee_pose[:, index, 3:])
        if episode.joints is not None and (there := np.isfinite(episode.joints[:, index]).any(axis=0)).any():
            yield Channel(f"{side}_joints", "rad", episode.joints[:, index][:, there])
        if episode.gripper is not None and np.isfinite(episode.gripper[:, index]).any():
            yield Channel(f"{side}_grip", "grip", episode.gripper[:, index, None])
    if not episode.arms and episode.state.shape[1]:
        yield Channel("state", "", episode.state)


def turns(quaternions: Floats) -> Floats:
    """Angles (T - 1,) between successive rotations (T, 4), radians; NaN next to one that is not known."""
    return _angles(quaternions[:-1], quaternions[1:])


def _angles(first: Floats, second: Floats) -> Floats:
    from scipy.spatial.transform import Rotation

    angles = np.full(len(first), np.nan)
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    if known.any():
        angles[known] = (Rotation.from_quat(first[known]).inv() * Rotation.from_quat(second[known])).magnitude()
    return angles


def _check_numbers(episode: Episode, verdict: Verdict) -> None:
    if not episode.state.shape[1] and not episode.action.shape[1]:
        verdict.against("no_numbers", state_dims=0, action_dims=0)
    for name, values, names in (
        ("state", episode.state, episode.state_names),
        ("action", episode.action, episode.action_names),
    ):
        bad = ~np.isfinite(values)
        if bad.any():
            rows = np.flatnonzero(bad.any(axis=1))
            columns = [names[column] for column in np.flatnonzero(bad.any(axis=0))[:5]]
            verdict.against("not_finite", **{name: {"frames": len(rows), "first_frame": int(rows[0]), "columns": columns}})
    for index, side in enumerate(episode.arms if episode.ee_pose is not None and "not_finite" not in verdict.reasons else ()):
        poses = np.isfinite(episode.ee_pose[:, index]) if episode.ee_pose is not None else np.zeros((0, 7), bool)
        wrong = poses.any(axis=1) & ~poses.all(axis=1)
        if wrong.any():
            verdict.against("bad_rotation", **{side: {"frames": int(wrong.sum()), "first_frame": int(np.argmax(wrong))}})
    if not np.isfinite(episode.timestamps_s).all():
        frames = np.flatnonzero(~np.isfinite(episode.timestamps_s))
        verdict.against("not_finite", timestamps={"frames": len(frames), "first_frame": int(frames[0])})


def _check_times(episode: Episode, config: QualityConfig, verdict: Verdict) -> bool:
    """Judge the clock; returns whether speeds can be told by it."""
    times_s = episode.timestamps_s
    if len(times_s) < config.min_frames or episode.duration_s < config.min_duration_s:
        verdict.against(
            "too_short",
            frames=len(times_s),
            min_frames=config.min_frames,
            duration_s=round(episode.duration_s, 4),
            min_duration_s=round(config.min_duration_s, 4),
        )
    steps_s = np.diff(times_s)
    if not len(steps_s) or not np.isfinite(steps_s).all():
        return False
    if (steps_s <= 0).any():
        first = int(np.flatnonzero(steps_s <= 0)[0])
        verdict.against("time_not_increasing", frames=int((steps_s <= 0).sum()), first_frame=first + 1)
        return False
    median_s, longest = float(np.median(steps_s)), int(np.argmax(steps_s))
    ratio = float(steps_s[longest]) / median_s
    verdict.evidence["times"] = {"median_step_s": round(median_s, 6), "longest_step_s": round(float(steps_s[longest]), 6)}
    if ratio > config.max_gap_ratio:
        verdict.against(
            "time_gap",
            longest_step_s=round(float(steps_s[longest]), 6),
            median_step_s=round(median_s, 6),
            ratio=round(ratio, 3),
            max_gap_ratio=config.max_gap_ratio,
            frame=longest + 1,
        )
    return True


def _check_jumps(episode: Episode, channels: list[Channel], config: QualityConfig, verdict: Verdict) -> None:
    steps_s = np.diff(episode.timestamps_s)
    measured: dict[str, Any] = {}
    for channel in channels:
        if channel.unit == "grip":
            # Grippers snap: a command from open to closed is no fault.
            continue
        steps = channel.steps()
        floor, ceiling = _speed_bounds(channel, config)
        least = floor * steps_s if channel.unit else np.full(len(steps), floor)
        middle = float(np.median(steps))
        sigma = MAD_TO_SIGMA * float(np.median(np.abs(steps - middle)))
        jumps = (steps > middle + config.jump_sigma * sigma) & (steps > least)
        share = float(jumps.mean()) if len(jumps) else 0.0
        fastest = float((steps / steps_s).max(initial=0.0)) if channel.unit else None
        measured[channel.name] = {
            "jump_share": round(share, 4),
            "fastest_per_s": None if fastest is None else round(fastest, 4),
        }
        if share > config.max_jump_share:
            first = int(np.flatnonzero(jumps)[0]) + 1
            verdict.against(
                "jumps", **{channel.name: {"share": round(share, 4), "max_share": config.max_jump_share, "first_frame": first}}
            )
        if fastest is not None and fastest > ceiling:
            frame = int(np.argmax(steps / steps_s)) + 1
            verdict.against(
                "teleport", **{channel.name: {"speed_per_s": round(fastest, 3), "max_per_s": ceiling, "frame": frame}}
            )
    verdict.evidence["motion"] = measured


def _speed_bounds(channel: Channel, config: QualityConfig) -> tuple[float, float]:
    """Least and greatest speed (per second) of a jump; for columns without a unit the least step, and no bound above."""
    if channel.unit == "m":
        return config.min_jump_m_s, config.max_speed_m_s
    if channel.unit == "rad":
        return config.min_jump_rad_s, config.max_speed_rad_s
    span = float(np.linalg.norm(np.ptp(channel.values, axis=0))) if len(channel.values) else 0.0
    return config.min_jump_share_of_range * span, float("inf")


def _check_static(channels: list[Channel], config: QualityConfig, verdict: Verdict) -> None:
    least: Mapping[str, float] = {"m": config.static_m, "rad": config.static_rad, "grip": config.static_grip}
    extents = {channel.name: channel.extent() for channel in channels}
    bounds = {
        channel.name: least.get(channel.unit, config.static_share * max(1.0, float(np.abs(channel.values).max(initial=0.0))))
        for channel in channels
    }
    if channels and all(extents[name] < bounds[name] for name in extents):
        verdict.against(
            "static", **{name: {"extent": round(extents[name], 6), "least": round(bounds[name], 6)} for name in extents}
        )


def _check_ranges(episode: Episode, config: QualityConfig, verdict: Verdict) -> None:
    """Numbers that cannot be what the mapping says: degrees taken for radians, a gripper of another kind."""
    for side, share, used in _gripper_ranges(episode):
        if share > config.max_out_of_range:
            verdict.against(
                "gripper_out_of_range", **{side: {"share_outside": round(share, 4), "max_share": config.max_out_of_range}}
            )
            verdict.notes.append(
                f"the {side} gripper of {episode.robot} has values outside its closed-open range: is it another robot's?"
            )
        elif 0.0 < used < 0.1:
            verdict.notes.append(f"the {side} gripper of {episode.robot} uses {used:.1%} of its range: check closed and open")
    if episode.joints is not None:
        largest = float(np.nanmax(np.abs(episode.joints), initial=0.0))
        if largest > config.max_joint_rad:
            verdict.against("joints_out_of_range", largest_rad=round(largest, 3), max_joint_rad=round(config.max_joint_rad, 3))


def _gripper_ranges(episode: Episode) -> Iterator[tuple[str, float, float]]:
    """Per arm with a gripper: side, share of recorded values outside its range, and how much of the range is used."""
    outside: Mapping[str, float] = episode.metadata.get("gripper_outside", {})
    for index, side in enumerate(episode.arms):
        if episode.gripper is not None and np.isfinite(values := episode.gripper[:, index]).any():
            yield side, outside.get(side, 0.0), float(np.nanmax(values) - np.nanmin(values))
