"""Atomic actions and the longer activities they form (HumanNet temporal structuring; VITRA's atomic segments).

Hands are cut in every clip, bodies in clips that are not egocentric. All times lie inside the clip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.geometry import motion
from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.step import Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables import (
    BODY_TRACKS,
    CAMERA_TRAJECTORIES,
    FILTERED_CLIPS,
    HAND_TRACKS,
    SEGMENTS,
    VIEWPOINTS,
)

Floats = npt.NDArray[np.float64]
Row = Mapping[str, Any]


class SegmentsConfig(StepConfig):
    """Where motion is cut, what counts as rest, and how segments are grouped."""

    minimum_window_s: float = Field(
        default=0.5, gt=0, le=5, description="Window in which a speed minimum must be the lowest (VITRA, PAPERS.md)."
    )
    max_dip: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A minimum cuts where the speed falls to this share of the lower peak beside it; 1 takes every minimum. "
        "Our choice: the steps of a walk and the strokes of a wave dip less, people who do one thing after another stop.",
    )
    min_segment_s: float = Field(
        default=8 / 30, ge=0, le=5, description="Shorter segments are merged: 8 frames at 30 fps (VITRA, PAPERS.md)."
    )
    max_segment_s: float = Field(
        default=10.0, gt=0, le=600, description="Longer segments are split: 300 frames at 30 fps (VITRA, PAPERS.md)."
    )
    min_valid: float = Field(default=0.5, ge=0, le=1, description="Least share of observed frames (VITRA, PAPERS.md).")
    speed_window_s: float = Field(
        default=0.5,
        gt=0,
        le=3,
        description="Window of the polynomial whose slope is the velocity. Our choice: as long as the window of the minima.",
    )
    depth_weight: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Weight of motion along the viewing ray (PAPERS.md part 1: z .3, from measured noise 4/3/16 mm per step).",
    )
    idle_hand_m_s: float = Field(
        default=0.03,
        ge=0,
        le=2,
        description="Wrist speed below which a hand rests. Our choice: hands lying still measure .01-.025 m/s, hands that "
        "work in place .05.",
    )
    idle_body_m_s: float = Field(
        default=0.12,
        ge=0,
        le=2,
        description="Speed of arms and legs below which a body rests. Our choice: metric landmarks of still "
        "people jitter by .05-.1 m/s.",
    )
    limb_visibility: float = Field(
        default=0.5, ge=0, le=1, description="Joints less visible than this do not enter body speed. Our choice."
    )
    max_idle_s: float = Field(
        default=1.0, ge=0, le=60, description="Longest rest inside a group. Our choice: longer ones end an activity."
    )


@dataclass
class _Curve:
    """One actor's motion: its speed on the samples of one track."""

    actor: str
    track_id: str
    times_s: Floats
    speed: Floats
    observed: npt.NDArray[np.bool_]
    path_m: Floats | None  # length of each step between samples (n - 1,), metres; None for bodies


class SegmentsStep(Step[SegmentsConfig]):
    """Writes `segments`. A clip in which nobody was tracked is kept with no rows."""

    name = "segments"
    code_version = "2"
    reads = (
        Read(FILTERED_CLIPS, ("row_id", "start_s", "end_s"), by="identity"),
        Read(HAND_TRACKS, ("track_id", "side", "confidence", "coverage", "times_s", "observed", "wrist_position_m")),
        Read(BODY_TRACKS, ("track_id", "times_s", "observed", "landmarks_world_m", "landmark_visibility")),
        Read(CAMERA_TRAJECTORIES, ("times_s", "rotvec")),
        Read(VIEWPOINTS, ("viewpoint",)),
    )
    writes = SEGMENTS

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Segments of each clip."""
        for unit in units:
            trajectory = next(iter(unit.all(CAMERA_TRAJECTORIES)), None)
            viewpoint = next((row["viewpoint"] for row in unit.all(VIEWPOINTS)), "unclear")
            rows = build_segments(
                unit.id,
                hands=unit.all(HAND_TRACKS),
                bodies=unit.all(BODY_TRACKS),
                trajectory=trajectory,
                viewpoint=viewpoint,
                config=self.config,
            )
            atomic = [row for row in rows if row["level"] == "atomic"]
            evidence = {
                "viewpoint": viewpoint,
                "head_motion_compensated": trajectory is not None,
                "atomic": len(atomic),
                "idle": sum(1 for row in atomic if row["is_idle"]),
                "groups": len(rows) - len(atomic),
            }
            yield Outcome.kept(unit, rows, evidence)


def build_segments(
    clip_id: str,
    *,
    hands: Sequence[Row],
    bodies: Sequence[Row],
    trajectory: Row | None,
    viewpoint: str,
    config: SegmentsConfig,
) -> list[dict[str, Any]]:
    """Rows of `segments`, atomic ones and the groups above them.

    Args:
        clip_id: The clip.
        hands: Rows of `hand_tracks`.
        bodies: Rows of `body_tracks`; used unless the clip is egocentric.
        trajectory: Row of `camera_trajectories`, or None where it was rejected: head turns then stay in.
        viewpoint: ego, exo or unclear. In egocentric clips there is one left and one right hand at any time.
        config: Thresholds.

    Returns:
        Groups and atomic segments, ordered by level, actor and time. Atomic segments of one track do not overlap and
        lie within it; those with too few observed frames are left out.
    """
    curves = [_hand_curve(row, trajectory, config) for row in sorted(hands, key=_start)]
    if viewpoint == "ego":
        curves = _one_per_side(curves, {row["track_id"]: row["coverage"] * row["confidence"] for row in hands})
    families = [[segment for curve in curves for segment in _atomic(clip_id, curve, config.idle_hand_m_s, config)]]
    if viewpoint != "ego":
        body_curves = [_body_curve(row, config) for row in sorted(bodies, key=_start)]
        families += [_atomic(clip_id, curve, config.idle_body_m_s, config) for curve in body_curves]
    rows: list[dict[str, Any]] = []
    for family in families:
        rows += _grouped(clip_id, family, config.max_idle_s) + family
    rows.sort(key=lambda row: (row["level"] != "group", row["actor"], row["start_s"], row["end_s"], row["track_id"] or ""))
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["level"], row["actor"])
        row["segment_index"] = seen.get(key, 0)
        seen[key] = row["segment_index"] + 1
    return rows


def _start(row: Row) -> tuple[float, str]:
    return row["times_s"][0], row["track_id"]


def _hand_curve(row: Row, trajectory: Row | None, config: SegmentsConfig) -> _Curve:
    times = np.asarray(row["times_s"], np.float64)
    velocity = motion.wrist_velocity(
        times,
        np.asarray(row["wrist_position_m"], np.float64).reshape(-1, 3),
        np.asarray(trajectory["times_s"] if trajectory else [], np.float64),
        np.asarray(trajectory["rotvec"] if trajectory else [], np.float64).reshape(-1, 3),
        window_s=config.speed_window_s,
        depth_weight=config.depth_weight,
    )
    speed = np.linalg.norm(velocity, axis=1)
    steps = (speed[:-1] + speed[1:]) / 2 * np.diff(times)
    return _Curve(f"{row['side']}_hand", row["track_id"], times, speed, np.asarray(row["observed"], bool), steps)


def _body_curve(row: Row, config: SegmentsConfig) -> _Curve:
    times = np.asarray(row["times_s"], np.float64)
    speed = motion.body_speed(
        times,
        np.asarray(row["landmarks_world_m"], np.float64).reshape(-1, 33, 3),
        np.asarray(row["landmark_visibility"], np.float64).reshape(-1, 33),
        window_s=config.speed_window_s,
        min_visibility=config.limb_visibility,
    )
    return _Curve("body", row["track_id"], times, speed, np.asarray(row["observed"], bool), None)


def _one_per_side(curves: Sequence[_Curve], rank: Mapping[str, float]) -> list[_Curve]:
    """The wearer has one hand of each side: a weaker track keeps only its longest stretch outside better ones."""
    kept: list[_Curve] = []
    for curve in sorted(curves, key=lambda curve: (-rank[curve.track_id], curve.track_id)):
        times = curve.times_s
        free, passed = np.ones(len(times), dtype=bool), np.zeros(len(times), dtype=int)
        for better in (better for better in kept if better.actor == curve.actor):
            free &= (times <= better.times_s[0]) | (times >= better.times_s[-1])
            passed += times >= better.times_s[-1]
        # Two free samples belong together only if no better track lies between them.
        label = np.where(free, passed, -1)
        edges = [0, *(np.flatnonzero(np.diff(label)) + 1).tolist(), len(times)]
        runs = [(a, b) for a, b in pairwise(edges) if free[a]]
        if runs:
            a, b = max(runs, key=lambda run: run[1] - run[0])
            path = curve.path_m[a : max(b - 1, a)] if curve.path_m is not None else None
            part = slice(a, b)
            kept.append(_Curve(curve.actor, curve.track_id, curve.times_s[part], curve.speed[part], curve.observed[part], path))
    return kept


def _atomic(clip_id: str, curve: _Curve, idle_speed: float, config: SegmentsConfig) -> list[dict[str, Any]]:
    """Atomic segments of one track."""
    rows = []
    pieces = motion.cut(
        curve.times_s,
        curve.speed,
        window_s=config.minimum_window_s,
        min_s=config.min_segment_s,
        max_s=config.max_segment_s,
        idle_speed=idle_speed,
        max_dip=config.max_dip,
    )
    for first, last in pieces:
        valid = float(curve.observed[first : last + 1].mean())
        if valid < config.min_valid:
            continue
        speed = curve.speed[first : last + 1]
        rows.append(
            _segment(
                clip_id,
                level="atomic",
                actor=curve.actor,
                track_id=curve.track_id,
                start_s=float(curve.times_s[first]),
                end_s=float(curve.times_s[last]),
                valid_ratio=valid,
                mean_speed=float(speed.mean()),
                peak_speed=float(speed.max()),
                path_m=None if curve.path_m is None else float(curve.path_m[first:last].sum()),
                is_idle=bool(speed.mean() < idle_speed),
            )
        )
    return rows


def _grouped(clip_id: str, atomic: Sequence[dict[str, Any]], max_idle_s: float) -> list[dict[str, Any]]:
    """Groups over active segments; sets `parent_segment_id` of their members and of the rests they enclose."""
    active = [row for row in atomic if not row["is_idle"]]
    groups = []
    for indices in motion.group_spans([(row["start_s"], row["end_s"]) for row in active], max_idle_s):
        members = [active[i] for i in indices]
        start_s, end_s = min(row["start_s"] for row in members), max(row["end_s"] for row in members)
        actors, tracks = {row["actor"] for row in members}, {row["track_id"] for row in members}
        weights = np.array([row["duration_s"] for row in members])
        paths = [row["path_m"] for row in members if row["path_m"] is not None]
        group = _segment(
            clip_id,
            level="group",
            actor="both_hands" if len(actors) > 1 else next(iter(actors)),
            track_id=next(iter(tracks)) if len(tracks) == 1 else None,
            start_s=start_s,
            end_s=end_s,
            valid_ratio=float(np.average([row["valid_ratio"] for row in members], weights=weights)),
            mean_speed=float(np.average([row["mean_speed"] for row in members], weights=weights)),
            peak_speed=max(row["peak_speed"] for row in members),
            path_m=float(sum(paths)) if paths else None,
            is_idle=False,
        )
        groups.append(group)
        for row in atomic:
            if row["start_s"] >= start_s and row["end_s"] <= end_s:
                row["parent_segment_id"] = group["segment_id"]
    return groups


def _segment(
    clip_id: str, *, level: str, actor: str, track_id: str | None, start_s: float, end_s: float, **rest: Any
) -> dict[str, Any]:
    """One row; its index and parent are set later."""
    return {
        "segment_id": stable_id(clip_id, level, actor, track_id, microseconds(start_s), microseconds(end_s)),
        "clip_id": clip_id,
        "parent_segment_id": None,
        "level": level,
        "actor": actor,
        "track_id": track_id,
        "segment_index": 0,
        "start_s": start_s,
        "end_s": end_s,
        "duration_s": end_s - start_s,
        **rest,
    }
