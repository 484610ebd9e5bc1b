"""The annotations: one row per clip and one per segment, joining what every stage before found out.

Scores follow HumanNet's previews (pose_score, motion_score, motion_frames; arXiv 2605.06747), whose formulas are not
published: ours are in `pose_score`, `motion_score` and `moving_seconds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from humannet_assets.language import labels
from humannet_assets.language.labels import AnnotationConfig, overlap_s
from humannet_assets.language.track_rows import Row, finite, most_at_once
from humannet_assets.store.identity import stable_id
from humannet_assets.store.step import Outcome, Read, Step, Unit
from humannet_assets.store.tables import (
    ANNOTATIONS,
    BODY_TRACKS,
    CAMERA_TRAJECTORIES,
    CAPTIONS,
    FILTERED_CLIPS,
    HAND_TRACKS,
    MOTION_DESCRIPTIONS,
    RAW_VIDEOS,
    SEGMENTS,
    VIDEO_SOURCES,
    VIEWPOINTS,
)


def _frame_scores(track: Row, of_hand: bool) -> dict[int, float]:
    """Score of each of the track's frames by time in microseconds, 0 where nothing was observed."""
    times = track.get("times_s") or ()
    observed = track.get("observed") or ()
    values: Sequence[Any]
    if of_hand:
        values = track.get("frame_confidence") or ()
    else:
        values = [_mean(frame) for frame in track.get("landmark_visibility") or ()]
    return {
        round(time * 1e6): (finite(value) or 0.0) if seen else 0.0
        for time, seen, value in zip(times, observed, values, strict=False)
        if finite(time) is not None
    }


def _mean(values: Iterable[Any] | None) -> float | None:
    numbers = [number for number in map(finite, values or ()) if number is not None]
    return sum(numbers) / len(numbers) if numbers else None


def pose_score(tracks: Sequence[Row], of_hand: bool, span: Row, sampled_frames: int | None) -> float:
    """Mean over the span's sampled frames of the best track's score in that frame (0 without one), 0..1.

    For a single track this is its mean confidence times its coverage; several pieces of one hand add up over time.

    Args:
        tracks: Rows of `hand_tracks` (score: confidence) or `body_tracks` (score: mean landmark visibility).
        of_hand: Which of the two.
        span: Row with `start_s` and `end_s`.
        sampled_frames: Frames sampled in the span; None to take the tracks' own frames in it.
    """
    best: dict[int, float] = {}
    for track in tracks:
        for time, score in _frame_scores(track, of_hand).items():
            if span["start_s"] * 1e6 - 1 <= time <= span["end_s"] * 1e6 + 1:
                best[time] = max(best.get(time, 0.0), score)
    frames = max(len(best), sampled_frames or 0)
    return min(1.0, sum(best.values()) / frames) if frames else 0.0


def sampled_frames(tracks: Iterable[Row]) -> int:
    """Frames the tracker looked at in the clip, from a track's `valid_frames` over its `coverage`; 0 without tracks."""
    counts = []
    for track in tracks:
        coverage = finite(track["coverage"]) or 0.0
        counts.append(round(track["valid_frames"] / coverage) if coverage > 0 else track["frame_count"])
    return max(counts, default=0)


def motion_score(tracks: Iterable[Row], column: str) -> float | None:
    """Mean of the tracks' speeds in m/s, each weighted by its observed frames; None without any.

    Args:
        tracks: Rows of `hand_tracks` or `body_tracks`.
        column: `wrist_speed_mean` or `limb_speed_mean`.
    """
    pairs = [(speed, track["valid_frames"] or 0) for track in tracks if (speed := finite(track[column])) is not None]
    weight = sum(frames for _, frames in pairs)
    return sum(speed * frames for speed, frames in pairs) / weight if weight else None


def moving_seconds(atoms: Iterable[Row], span: Row) -> float:
    """Seconds of the span covered by acting segments, each moment counted once however many actors move."""
    total, reached = 0.0, span["start_s"]
    for atom in sorted(atoms, key=lambda a: a["start_s"]):
        start, end = max(atom["start_s"], reached), min(atom["end_s"], span["end_s"])
        if end > start:
            total += end - start
            reached = end
    return total


def _within(rows: Iterable[Row], span: Row) -> list[Row]:
    return [row for row in rows if overlap_s(row, span) > 0]


@dataclass(frozen=True)
class _Clip:
    """The rows of one clip; missing one-to-one rows are empty."""

    id: str
    span: Row
    viewpoint: Row
    camera: Row
    source: Row
    video: Row
    hands: Sequence[Row]
    bodies: Sequence[Row]
    segments: Sequence[Row]
    motions: Sequence[Row]
    captions: Mapping[str, Row]

    @classmethod
    def of(cls, unit: Unit) -> _Clip:
        def one(table: Any) -> Row:
            return next(iter(unit.all(table)), {})

        return cls(
            id=unit.id,
            span=unit.row(FILTERED_CLIPS),
            viewpoint=one(VIEWPOINTS),
            camera=one(CAMERA_TRAJECTORIES),
            source=one(VIDEO_SOURCES),
            video=one(RAW_VIDEOS),
            hands=unit.all(HAND_TRACKS),
            bodies=unit.all(BODY_TRACKS),
            segments=sorted(unit.all(SEGMENTS), key=lambda s: (s["start_s"], s["end_s"], s["segment_id"])),
            motions=sorted(unit.all(MOTION_DESCRIPTIONS), key=lambda m: (m["start_s"], m["end_s"], m["actor"], m["step"])),
            captions={row["kind"]: row for row in unit.all(CAPTIONS)},
        )

    def shared(self) -> dict[str, Any]:
        """Columns a clip and its segments have in common."""
        return {
            "clip_id": self.id,
            "source_type": self.source.get("source_type"),
            "viewpoint": self.viewpoint.get("viewpoint") or "unclear",
            "environment": labels.environment(self.source.get("keywords")),
            "metadata_availability": labels.metadata_availability(self.source, self.video, self.camera),
            "ego_probability": self.viewpoint.get("ego_probability"),
            "rotation_rate_deg_s": self.camera.get("rotation_rate_deg_s"),
            "licence": self.source.get("licence"),
            "source_id": self.source.get("source_id"),
        }

    def frames(self, seconds: float) -> int | None:
        """Seconds as video frames; None when the frame rate is unknown."""
        rate = finite(self.video.get("frame_rate"))
        return None if rate is None else round(seconds * rate)


def annotate_clip(clip: _Clip, config: AnnotationConfig) -> dict[str, Any]:
    """The clip's own row."""
    row = clip.shared()
    view = row["viewpoint"]
    atoms = labels.acting(clip.segments)
    travels = labels.moves_through_space(clip.viewpoint, clip.bodies, config)
    parents = {atom["parent_segment_id"] for atom in atoms if atom["parent_segment_id"]}
    hand_score = pose_score(clip.hands, True, clip.span, sampled_frames(clip.hands))
    body_score = pose_score(clip.bodies, False, clip.span, sampled_frames(clip.bodies))
    hand_speed, limb_speed = motion_score(clip.hands, "wrist_speed_mean"), motion_score(clip.bodies, "limb_speed_mean")
    speeds = {"ego": hand_speed, "exo": limb_speed}
    length = clip.span["end_s"] - clip.span["start_s"]
    # A wearer who walks without showing hands moves all the time, although no segment says so.
    moving = length if travels and view == "ego" and not atoms else moving_seconds(atoms, clip.span)
    short, long = clip.captions.get("short", {}), clip.captions.get("long", {})
    return row | {
        "annotation_id": stable_id(clip.id, "clip"),
        "segment_id": None,
        "level": "clip",
        "actor": None,
        "start_s": clip.span["start_s"],
        "end_s": clip.span["end_s"],
        "duration_s": length,
        "task_structure": labels.task_structure(atoms, len(parents), travels, config),
        "interaction_style": labels.interaction_style(atoms, clip.bodies, view, travels, config),
        "motion_category": labels.motion_category(atoms, clip.motions, view, travels, clip.source.get("keywords")),
        "pose_score": {"ego": hand_score, "exo": body_score}.get(view, max(hand_score, body_score)),
        "motion_score": speeds.get(view, limb_speed if hand_speed is None else hand_speed),
        "motion_frames": clip.frames(moving),
        "hand_count": most_at_once(clip.hands),
        "person_count": most_at_once(clip.bodies),
        "hand_coverage": max((finite(hand["coverage"]) or 0.0 for hand in clip.hands), default=0.0),
        "short_caption": short.get("text"),
        "caption": long.get("text"),
        "caption_model": short.get("model"),
    }


def annotate_segment(clip: _Clip, segment: Row, config: AnnotationConfig) -> dict[str, Any]:
    """A segment's row. It inherits the clip's source, viewpoint and environment; scores and actions are its own."""
    row = clip.shared()
    view, is_hand = row["viewpoint"], segment["actor"] in labels.HAND_ACTORS
    children = [s for s in clip.segments if s["parent_segment_id"] == segment["segment_id"]]
    atoms = labels.acting(children or [segment])
    own_tracks = {s["track_id"] for s in (*children, segment)}
    hands, bodies = _within(clip.hands, segment), _within(clip.bodies, segment)
    tracks = [track for track in (hands if is_hand else bodies) if track["track_id"] in own_tracks]
    travels = not is_hand and labels.moves_through_space(clip.viewpoint, tracks, config)
    told = [m for m in _within(clip.motions, segment) if m["track_id"] in own_tracks]
    main = max(told, key=lambda m: (overlap_s(m, segment), -m["start_s"]), default=None)
    return row | {
        "annotation_id": stable_id(segment["segment_id"], segment["level"]),
        "segment_id": segment["segment_id"],
        "level": segment["level"],
        "actor": segment["actor"],
        "start_s": segment["start_s"],
        "end_s": segment["end_s"],
        "duration_s": segment["end_s"] - segment["start_s"],
        "task_structure": labels.task_structure(atoms, 1, travels, config),
        "interaction_style": labels.interaction_style(atoms, [] if is_hand else tracks, view, travels, config),
        "motion_category": labels.motion_category(atoms, told, view, travels, clip.source.get("keywords")),
        "pose_score": pose_score(tracks, is_hand, segment, None),
        "motion_score": finite(segment["mean_speed"]),
        "motion_frames": clip.frames(moving_seconds(atoms, segment)),
        "hand_count": most_at_once(hands),
        "person_count": most_at_once(bodies),
        "hand_coverage": finite(segment["valid_ratio"]) if is_hand else None,
        "short_caption": main["text"] if main else None,
        "caption": "; ".join(m["text"] for m in told) or None,
        "caption_model": main["model"] if main else None,
    }


class AnnotationStep(Step[AnnotationConfig]):
    """Writes the annotations of a clip: its own row, then one row per segment."""

    name = "annotations"
    code_version = "1"
    reads = (
        Read(FILTERED_CLIPS, ("row_id", "start_s", "end_s"), by="identity"),
        Read(VIEWPOINTS, ("viewpoint", "ego_probability", "decided_by")),
        Read(
            HAND_TRACKS,
            (
                "track_id", "side", "start_s", "end_s", "frame_count", "valid_frames", "coverage", "wrist_speed_mean",
                "times_s", "observed", "frame_confidence",
            ),
        ),
        Read(
            BODY_TRACKS,
            (
                "track_id", "is_main", "start_s", "end_s", "frame_count", "valid_frames", "coverage", "height_share",
                "speed_mean", "limb_speed_mean", "times_s", "observed", "landmark_visibility",
            ),
        ),
        Read(CAMERA_TRAJECTORIES, ("intrinsics_source", "rotation_rate_deg_s")),
        Read(
            SEGMENTS,
            (
                "segment_id", "parent_segment_id", "level", "actor", "track_id", "start_s", "end_s", "valid_ratio",
                "mean_speed", "is_idle",
            ),
        ),
        Read(CAPTIONS, ("kind", "text", "model")),
        Read(MOTION_DESCRIPTIONS, ("actor", "track_id", "step", "start_s", "end_s", "text", "grip", "model")),
        Read(
            VIDEO_SOURCES,
            ("source_id", "source_type", "licence", "consent_basis", "life", "viewpoint_hint", "keywords"),
            unit="video_id",
            by="values",
        ),
        Read(RAW_VIDEOS, ("has_audio", "frame_rate"), unit="video_id", by="values"),
    )  # fmt: skip
    writes = ANNOTATIONS

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Annotate each clip by its own rows."""
        for unit in units:
            clip = _Clip.of(unit)
            rows = [annotate_clip(clip, self.config)]
            rows += [annotate_segment(clip, segment, self.config) for segment in clip.segments]
            yield Outcome.kept(unit, rows)
