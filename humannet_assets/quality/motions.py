"""Judge of `motion_descriptions`: does a hand or person move where the sentence says, and does the grip open or close.

Directions are those of the camera frame, as the descriptions': a claimed direction is right if the true displacement over the
step lies within 60 degrees of it. What is true is read off the joints: the wrist of a hand, the middle of a body's hips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from humannet_assets.figures.comparisons import Drawing, Shown
from humannet_assets.quality.hands import INDEX_TIP, THUMB_TIP, WRIST
from humannet_assets.quality.judge import CLIPS, Clip, Confusion, Judge, LabelledVideo, confusion
from humannet_assets.quality.metrics import MISSED, Measure, Tally, accuracy, exact_precision, exact_recall
from humannet_assets.quality.segments import ACTORS
from humannet_assets.quality.truth import Truth
from humannet_assets.store.step import Read
from humannet_assets.store.tables import MOTION_DESCRIPTIONS

Floats = npt.NDArray[np.float64]

WAYS: Mapping[str, tuple[int, int, int]] = {
    "left": (-1, 0, 0), "right": (1, 0, 0), "up": (0, -1, 0), "down": (0, 1, 0), "towards": (0, 0, -1), "away": (0, 0, 1),
}  # fmt: skip
"""Unit vectors of the camera frame (x right, y down, z forward)."""
LEAST_COSINE = 0.5
"""Cosine of 60 degrees: the six directions are 90 degrees apart, so that a diagonal may be called by either [our choice]."""
STILL_M = {"left_hand": 0.08, "right_hand": 0.08, "body": 0.5}
"""True displacement up to which an actor may be called still: twice what the descriptions count as a move [our choice]."""
MOVE_SHARE = 0.25
"""Share of `STILL_M` a true displacement needs to have a direction at all: 2 cm of a hand [our choice]."""
TOLD_SHARE = 0.5
"""Share of a true action that a description must cover to be about it [our choice]."""
GRIP_M = 0.02
"""True change of the thumb-index gap that opens or closes a hand: the least of a grasp of something small [our choice]."""
HIPS = (11, 12)
"""Among the 17 joints."""
STILL, HOLDS = "still", "holds"


@dataclass(frozen=True)
class ActorPath:
    """Where an actor is: times (n,), positions (n, 3) in the camera frame, metres, and grip apertures (n,), NaN for bodies."""

    times_s: Floats
    position_m: Floats
    aperture_m: Floats

    def change(self, start_s: float, end_s: float) -> tuple[Floats, float] | None:
        """Displacement (3,) and change of aperture over a span; None unless the actor is there at both of its ends."""
        inside = np.flatnonzero((self.times_s >= start_s - 1e-6) & (self.times_s <= end_s + 1e-6))
        step = float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else 0.0
        if len(inside) < 2 or self.times_s[inside[0]] > start_s + 2 * step or self.times_s[inside[-1]] < end_s - 2 * step:
            return None
        first, last = inside[0], inside[-1]
        return self.position_m[last] - self.position_m[first], float(self.aperture_m[last] - self.aperture_m[first])


def actor_path(truth: Truth, clip: Clip, actor: str) -> ActorPath | None:
    """An actor's path through a clip; None where it is not there or the truth holds several of its kind."""
    every = truth.bodies if actor == "body" else truth.hands
    side = "" if actor == "body" else actor.removesuffix("_hand")
    frames = truth.frames_in(clip.start_s, clip.end_s)
    joints = every.take(np.isin(every.frame, frames) & (every.side == side))
    if len(joints) < 2 or len(np.unique(joints.frame)) < len(joints):
        return None
    if actor == "body":
        position, aperture = joints.points_m[:, HIPS].mean(axis=1), np.full(len(joints), np.nan)
    else:
        position = joints.points_m[:, WRIST]
        aperture = np.linalg.norm(joints.points_m[:, THUMB_TIP] - joints.points_m[:, INDEX_TIP], axis=1)
    return ActorPath(truth.times_s[joints.frame], position, aperture)


def main_way(move_m: Floats, still_m: float) -> str:
    """The direction nearest to a displacement, or still."""
    if float(np.linalg.norm(move_m)) <= still_m:
        return STILL
    return max(WAYS, key=lambda way: float(np.dot(WAYS[way], move_m)))


def is_right(claimed: str, move_m: Floats, still_m: float) -> bool:
    """Whether a claimed direction (or `still`) fits a displacement (3,)."""
    length = float(np.linalg.norm(move_m))
    if claimed == STILL:
        return length <= still_m
    return length >= MOVE_SHARE * still_m and float(np.dot(WAYS[claimed], move_m)) >= LEAST_COSINE * length


class MotionJudge(Judge):
    """`motion_descriptions`."""

    stage = MOTION_DESCRIPTIONS.name
    reads = (CLIPS, Read(MOTION_DESCRIPTIONS, ("actor", "start_s", "end_s", "direction", "grip", "text")))

    def __init__(self) -> None:
        super().__init__()
        self._ways, self._verdicts, self._moves, self._still, self._grips = (Tally() for _ in range(5))

    def look(self, video: LabelledVideo) -> None:
        """Every description, and every true action that should be described."""
        truth = video.truth
        if truth is None:
            return
        rows = video.by_clip(MOTION_DESCRIPTIONS, markers=True)
        for clip in video.clips():
            if clip.clip_id not in rows or not truth.is_one_shot(clip.start_s, clip.end_s):
                continue
            told = [row for row in rows[clip.clip_id].iter_rows(named=True) if row["actor"]]
            for actor in ACTORS:
                path = actor_path(truth, clip, actor)
                if path is not None:
                    own = [row for row in told if row["actor"] == actor]
                    self._claims(video, actor, own, path)
                    self._recalled(video, truth, clip, actor, own, path)

    def _claims(self, video: LabelledVideo, actor: str, told: Sequence[Mapping[str, Any]], path: ActorPath) -> None:
        for row in told:
            change = path.change(row["start_s"], row["end_s"])
            if change is None:
                continue
            move_m, grip_m = change
            self._direction(video, actor, row, move_m)
            if np.isfinite(grip_m):
                true_grip = "opens" if grip_m >= GRIP_M else "closes" if grip_m <= -GRIP_M else HOLDS
                self._grips.add(video.video_id, true_grip, row["grip"] or HOLDS)

    def _direction(self, video: LabelledVideo, actor: str, row: Mapping[str, Any], move_m: Floats) -> None:
        claimed = row["direction"]
        if claimed not in WAYS and claimed != STILL:
            return
        right = is_right(claimed, move_m, STILL_M[actor])
        (self._still if claimed == STILL else self._verdicts).add(video.video_id, "right", "right" if right else "wrong")
        true = claimed if right else main_way(move_m, STILL_M[actor])
        self._ways.add(video.video_id, true, claimed)
        if not right:
            length_m = float(np.linalg.norm(move_m))
            text = f"{row['text']}; truly {true} by {100 * length_m:.0f} cm"
            shown = (Shown(row["start_s"]), Shown(row["end_s"]))
            kind = STILL if claimed == STILL else "direction"
            self.worst.offer(kind, length_m, video, row["start_s"], text, lambda: Drawing(shown=shown))

    def _recalled(
        self, video: LabelledVideo, truth: Truth, clip: Clip, actor: str, told: Sequence[Mapping[str, Any]], path: ActorPath
    ) -> None:
        """True actions that lie in the clip and move the actor: is one description about each, and does it say where to?"""
        for segment in truth.sidecar.segments:
            if segment.actor != actor or segment.start_s < clip.start_s or segment.end_s > clip.end_s:
                continue
            change = path.change(segment.start_s, segment.end_s)
            if change is None or float(np.linalg.norm(change[0])) <= STILL_M[actor]:
                continue
            needed = TOLD_SHARE * (segment.end_s - segment.start_s)
            about = [
                row["direction"]
                for row in told
                if min(row["end_s"], segment.end_s) - max(row["start_s"], segment.start_s) >= needed
            ]
            right = any(way in WAYS and is_right(way, change[0], STILL_M[actor]) for way in about)
            self._moves.add(video.video_id, "move", "move" if right else "wrong" if about else MISSED)

    def measures(self) -> list[Measure]:
        """Directions, rest, grips."""
        return [
            self._verdicts.measure("direction_precision", accuracy),
            self._moves.measure("direction_recall", accuracy),
            self._still.measure("still_precision", accuracy),
            self._grips.measure("grip_precision", exact_precision({HOLDS})),
            self._grips.measure("grip_recall", exact_recall({HOLDS})),
        ]

    def confusions(self) -> list[Confusion]:
        """True main directions against claimed ones; actions told; grips."""
        return [confusion("direction", self._ways), confusion("action", self._moves), confusion("grip", self._grips)]
