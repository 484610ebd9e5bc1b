"""Judge of `segments`: where atomic actions begin and end, against the truth's rest-to-rest moves.

What counts:

- An actor is judged in clips whose true shot labels at least one action of it. Of several people the truth's first body is the
  one whose actions are labelled: only segments of tracks that follow it are compared. Hands are judged as the wearer's, or as
  those of the only person.
- Idle segments are rest, as unlabelled stretches of the truth are: an active segment there is wrong. Where the truth is silent
  although the actor truly moves (an action that the edge of its shot cuts off has no label), nothing is judged.
- A boundary is where an active segment begins or ends; boundaries that follow one another within the tolerance are one, in
  their middle: from rest to rest, the end of one action and the beginning of the next are hardly apart.
- Boundaries at the edge of the clip, or where the actor comes into view or leaves it, can't be found and are no mistake either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from humannet_assets.figures.comparisons import Drawing, Lane, Shown
from humannet_assets.quality import bodies, hands
from humannet_assets.quality.judge import CLIPS, Clip, Confusion, Judge, LabelledVideo, confusion
from humannet_assets.quality.metrics import MISSED, NOTHING, Errors, Measure, Tally, f1, match_events
from humannet_assets.quality.truth import Joints, Truth
from humannet_assets.store.step import Read
from humannet_assets.store.tables import BODY_TRACKS, SEGMENTS

Floats = npt.NDArray[np.float64]
Span = tuple[float, float]

TOLERANCE_S = 0.5
"""How far a boundary may be off: half a second, the window of VITRA's speed minima (PAPERS)."""
LEAST_IOU = 0.5
"""Overlap in time from which a segment is the true one: F1@50 of Lea et al. 2017."""
LEAST_SEGMENT_S = 8 / 30
"""True actions of which the clip shows less are not asked for (VITRA: 8 frames at 30 fps, PAPERS)."""
REST_M_S = {"left_hand": 0.03, "right_hand": 0.03, "body": 0.15}
"""True speed below which an actor rests: of the wrist, and of the fastest wrist or ankle [our choice]."""
ACTORS = tuple(REST_M_S)
MAIN_PERSON = 0
"""Index of the body whose actions a sidecar labels, where several people are seen."""
HAND_ACTORS = ("left_hand", "right_hand")
_LIMBS = (9, 10, 15, 16)  # wrists and ankles among the 17 joints


@dataclass(frozen=True)
class ActorMotion:
    """One actor over the frames of a clip: times (n,), whether it can be seen (n,), true speed (n,) in m/s, NaN if unknown."""

    times_s: Floats
    visible: npt.NDArray[np.bool_]
    speed_m_s: Floats

    def is_visible(self, start_s: float, end_s: float) -> bool:
        """True if the actor can be seen at some time of a span."""
        return bool(self.visible[self._inside(start_s, end_s)].any())

    def visible_share(self, start_s: float, end_s: float) -> float:
        """Share of a span in which the actor can be seen."""
        inside = self._inside(start_s, end_s)
        return float(self.visible[inside].mean()) if inside.any() else 0.0

    def moves(self, start_s: float, end_s: float, rest_m_s: float) -> bool:
        """True if the actor truly moves in a span, or nobody knows."""
        speed = self.speed_m_s[self._inside(start_s, end_s)]
        return not np.isfinite(speed).any() or float(np.nanmean(speed)) >= rest_m_s

    def edges(self) -> list[float]:
        """Times at which the actor comes into view or leaves it."""
        at = np.flatnonzero(np.diff(self.visible.astype(int)))
        return ((self.times_s[at] + self.times_s[at + 1]) / 2).tolist()

    def _inside(self, start_s: float, end_s: float) -> npt.NDArray[np.bool_]:
        return (self.times_s >= start_s - 1e-6) & (self.times_s <= end_s + 1e-6)


def merged(events: Sequence[float], tolerance_s: float) -> list[float]:
    """Ascending events, those within the tolerance of the first of their group as one in their middle."""
    groups: list[list[float]] = []
    for event in sorted(events):
        if groups and event - groups[-1][0] <= tolerance_s:
            groups[-1].append(event)
        else:
            groups.append([event])
    return [(group[0] + group[-1]) / 2 for group in groups]


def _boundaries(spans: Sequence[Span], clip: Clip) -> list[float]:
    """Boundaries of spans strictly inside a clip."""
    return merged([t for span in spans for t in span if clip.start_s < t < clip.end_s], TOLERANCE_S)


def temporal_iou(a: Sequence[Span], b: Sequence[Span]) -> Floats:
    """Intersection over union (n, m) of spans."""
    one, other = np.asarray(a, np.float64).reshape(-1, 1, 2), np.asarray(b, np.float64).reshape(1, -1, 2)
    shared = np.clip(np.minimum(one[..., 1], other[..., 1]) - np.maximum(one[..., 0], other[..., 0]), 0, None)
    return shared / np.maximum((one[..., 1] - one[..., 0]) + (other[..., 1] - other[..., 0]) - shared, 1e-9)


class SegmentJudge(Judge):
    """`segments`: atomic ones; groups are a matter of taste."""

    stage = SEGMENTS.name
    reads = (CLIPS, Read(SEGMENTS, ("level", "actor", "track_id", "start_s", "end_s", "is_idle")), bodies.TRACKS)

    def __init__(self) -> None:
        super().__init__()
        self._boundaries, self._segments = Tally(), Tally()
        self._off_s = Errors()

    def look(self, video: LabelledVideo) -> None:
        """Every actor of every kept clip."""
        truth = video.truth
        if truth is None or not truth.sidecar.segments:
            return
        rows, tracks = video.by_clip(SEGMENTS, markers=True), video.by_clip(BODY_TRACKS)
        for clip in video.clips():
            shot = truth.shot_of(clip.start_s, clip.end_s)
            if shot is None or clip.clip_id not in rows:
                continue
            start_s, end_s = truth.times_s[shot.start_frame], truth.times_s[shot.end_frame - 1]
            others = _tracks_of_others(truth, clip, tracks.get(clip.clip_id))
            active = [
                (row["actor"], (row["start_s"], row["end_s"]))
                for row in rows[clip.clip_id].sort("start_s").iter_rows(named=True)
                if row["level"] == "atomic" and not row["is_idle"] and row["track_id"] not in others
            ]
            for actor in ACTORS:
                labelled = [
                    (segment.start_s, segment.end_s)
                    for segment in truth.sidecar.segments
                    if segment.actor == actor and segment.end_s > start_s and segment.start_s < end_s
                ]
                motion = actor_motion(truth, clip, actor) if labelled else None
                if motion is not None:
                    self._actor(video, clip, actor, labelled, [span for name, span in active if name == actor], motion)

    def _actor(
        self, video: LabelledVideo, clip: Clip, actor: str, labelled: list[Span], found: list[Span], motion: ActorMotion
    ) -> None:
        wrong = self._judge_boundaries(video, clip, actor, labelled, found, motion)
        wrong += self._judge_segments(video, clip, actor, labelled, found, motion)
        if wrong:
            lanes = (Lane(f"{actor} true", tuple(labelled), "true"), Lane("found", tuple(found), "found"))
            shown = tuple(Shown(clip.start_s + share * clip.seconds) for share in (0.1, 0.37, 0.63, 0.9))
            self.worst.offer(
                actor, wrong, video, clip.start_s, f"{actor}: {wrong} boundaries and segments wrong",
                lambda: Drawing(shown=shown, start_s=clip.start_s, end_s=clip.end_s, lanes=lanes),
            )  # fmt: skip

    def _judge_boundaries(
        self, video: LabelledVideo, clip: Clip, actor: str, labelled: list[Span], found: list[Span], motion: ActorMotion
    ) -> int:
        true = [t for t in _boundaries(labelled, clip) if motion.is_visible(t - TOLERANCE_S, t + TOLERANCE_S)]
        got = _boundaries(found, clip)
        matches = match_events(true, got, TOLERANCE_S)
        clip_edges = [clip.start_s, clip.end_s]
        missed = [true[i] for i in matches.missed if _away(true[i], clip_edges)]
        extra = [
            got[j]
            for j in matches.extra
            if _away(got[j], [*clip_edges, *motion.edges()])
            and not self._is_silent((got[j] - TOLERANCE_S, got[j] + TOLERANCE_S), labelled, motion, actor)
        ]
        self._boundaries.add(video.video_id, actor, actor, len(matches.pairs))
        self._boundaries.add(video.video_id, actor, MISSED, len(missed))
        self._boundaries.add(video.video_id, NOTHING, actor, len(extra))
        self._off_s.add(video.video_id, [abs(true[i] - got[j]) for i, j in matches.pairs])
        return len(missed) + len(extra)

    def _judge_segments(
        self, video: LabelledVideo, clip: Clip, actor: str, labelled: list[Span], found: list[Span], motion: ActorMotion
    ) -> int:
        from scipy.optimize import linear_sum_assignment

        inside = [(max(a, clip.start_s), min(b, clip.end_s)) for a, b in labelled]
        true = [span for span in inside if span[1] - span[0] >= LEAST_SEGMENT_S and motion.visible_share(*span) >= 0.5]
        overlap = temporal_iou(true, found)
        overlap[overlap < LEAST_IOU] = 0.0
        pairs = [(i, j) for i, j in zip(*linear_sum_assignment(-overlap), strict=True) if overlap[i, j] > 0]
        used = {j for _, j in pairs}
        extra = [j for j in range(len(found)) if j not in used and not self._is_silent(found[j], labelled, motion, actor)]
        self._segments.add(video.video_id, actor, actor, len(pairs))
        self._segments.add(video.video_id, actor, MISSED, len(true) - len(pairs))
        self._segments.add(video.video_id, NOTHING, actor, len(extra))
        return len(true) - len(pairs) + len(extra)

    @staticmethod
    def _is_silent(span: Span, labelled: list[Span], motion: ActorMotion, actor: str) -> bool:
        """True where the truth has nothing to say: mostly no label, and the actor moves or is out of sight."""
        told = sum(max(0.0, min(b, span[1]) - max(a, span[0])) for a, b in labelled)
        if told >= 0.5 * (span[1] - span[0]):
            return False
        return motion.moves(*span, REST_M_S[actor]) or motion.visible_share(*span) < 0.5

    def measures(self) -> list[Measure]:
        """Boundaries, then segments; over all actors, and apart for hands and bodies."""
        found: list[Measure] = []
        for tally, prefix in ((self._boundaries, "boundary_"), (self._segments, "segment_")):
            found += tally.rates(ACTORS, prefix, ("f1", "precision", "recall"))
            for name, actors in (("hands", HAND_ACTORS), ("body", ("body",))):
                found.append(tally.among({*actors, MISSED, NOTHING}).measure(f"{prefix}f1_{name}", f1(actors)))
        return [*found, self._off_s.quantile("boundary_error_median", 0.5, "s")]

    def confusions(self) -> list[Confusion]:
        """Boundaries and segments by actor."""
        return [confusion("boundary", self._boundaries), confusion("segment", self._segments)]


def _away(time_s: float, edges: Sequence[float]) -> bool:
    return all(abs(time_s - edge) > TOLERANCE_S for edge in edges)


def _people_in(truth: Truth, clip: Clip) -> Joints:
    return truth.bodies.take(np.isin(truth.bodies.frame, truth.frames_in(clip.start_s, clip.end_s)))


def _tracks_of_others(truth: Truth, clip: Clip, tracks: pl.DataFrame | None) -> set[str]:
    """Body tracks that do not follow the one person whose actions are labelled; none where there is only one."""
    camera = truth.reference_camera()
    if tracks is None or camera is None or len(np.unique(_people_in(truth, clip).owner)) < 2:
        return set()
    owners = bodies.track_owners(tracks, truth, camera)
    return {track_id for track_id in tracks["track_id"] if owners.get(track_id) != MAIN_PERSON}


def actor_motion(truth: Truth, clip: Clip, actor: str) -> ActorMotion | None:
    """An actor's visibility and speed over a clip; None where the truth does not say which of several people acts."""
    frames = truth.frames_in(clip.start_s, clip.end_s)
    camera = truth.reference_camera()
    people = _people_in(truth, clip)
    alone = len(np.unique(people.owner)) < 2
    if camera is None or (actor != "body" and not alone):
        return None
    if actor == "body":
        joints = people if alone else people.take(people.owner == MAIN_PERSON)
        points, least = joints.points_m[:, _LIMBS], bodies.MIN_VISIBLE_JOINTS
    else:
        every = truth.hands.take(np.isin(truth.hands.frame, frames))
        joints = _owned(every.take(every.side == actor.removesuffix("_hand")))
        points, least = joints.points_m[:, :1], hands.MIN_VISIBLE_JOINTS
    visible = np.zeros(len(frames), bool)
    visible[np.searchsorted(frames, joints.frame)] = joints.visible.sum(axis=1) >= least
    speed = np.full(len(frames), np.nan)
    if len(joints) > 1:
        speed[np.searchsorted(frames, joints.frame)] = _world_speed(truth, joints.frame, points)
    return ActorMotion(truth.times_s[frames], visible, speed)


def _owned(joints: Joints) -> Joints:
    """The wearer's own where there are any, else those of the one person: one entry per frame."""
    return joints.take(joints.owner == -1) if (joints.owner == -1).any() else joints


def _world_speed(truth: Truth, frames: npt.NDArray[np.int64], points_m: Floats) -> Floats:
    """Greatest speed (n,) among points (n, k, 3) of the camera frame, measured in the world, m/s."""
    poses = truth.cameras[frames]
    world = np.einsum("nij,nkj->nki", poses[:, :3, :3], points_m) + poses[:, None, :3, 3]
    velocity = np.gradient(world, truth.times_s[frames], axis=0)
    return np.linalg.norm(velocity, axis=2).max(axis=1)
