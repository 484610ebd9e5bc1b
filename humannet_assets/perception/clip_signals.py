"""`clip_signals`: scores of a clip from one decode pass. Scores only: verdicts are made in `filtered_clips` and `viewpoints`.

Motion and picture quality are cheap and measured on every sampled frame. The person models run on every third of them, and
only as long as that can still matter: a clip in which nothing moves, or in which a few spread looks find nobody, ends early.
Where the models find nobody, the busiest parts of a frame are magnified and looked at again: the models see pictures of 192 to
256 px and miss people in the distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.media.frames import RGB, Frame, FrameStep
from humannet_assets.perception.articulation import articulation
from humannet_assets.perception.close_look import MAGNIFIED_PX, busiest_tiles, magnified
from humannet_assets.perception.detectors import (
    Body,
    Face,
    Hand,
    get_body_detector,
    get_face_detector,
    get_hand_detector,
)
from humannet_assets.perception.egomotion import OnFoot, TravelSummary, measure_travel, summarise_travel
from humannet_assets.perception.evidence import Limits
from humannet_assets.perception.models import BODY, FACE, HAND, model_fingerprint
from humannet_assets.perception.motion import MotionSummary, MotionTracker, to_work_gray
from humannet_assets.perception.people import body_plausibility, body_upright, box_area, face_on_body, hand_entry
from humannet_assets.perception.quality import PictureQuality, brightened, measure_picture
from humannet_assets.perception.thumbnails import draw_thumbnail
from humannet_assets.store.step import Outcome, Read, StepConfig, Unit
from humannet_assets.store.tables import CLIP_SIGNALS, CLIPS

_KEEP_SIDE_PX = 1280
"""Frames wait for the models at this size: fine enough for magnified looks, small enough to hold a clip's worth."""


_SEEN = 0.5
"""Visibility from which a landmark belongs to the visible body (MediaPipe)."""


class ClipSignalsConfig(StepConfig):
    """Sampling, model confidences and the cheap tests that end a pass early. Defaults: measured on the test media."""

    sample_rate_hz: float = Field(
        default=6.0, ge=1, le=30, description="Frames per second for motion: people walk at about 2 steps/s."
    )
    infer_every: int = Field(default=3, ge=1, le=30, description="The person models see every n-th sampled frame (2 Hz).")
    max_inferred: int = Field(
        default=16, ge=1, le=200, description="At most this many frames per clip see the models; spread evenly."
    )
    model_side_px: int = Field(
        default=640, ge=128, le=1920, description="Longer side of what the models see; more gains nothing."
    )
    max_hands: int = Field(default=4, ge=1, le=10, description="Hands per frame: two people at one table.")
    max_bodies: int = Field(default=3, ge=1, le=10, description="Bodies per frame.")
    hand_confidence: float = Field(default=0.5, ge=0.1, le=0.95, description="MediaPipe's default.")
    body_confidence: float = Field(default=0.5, ge=0.1, le=0.95, description="MediaPipe's default.")
    face_confidence: float = Field(default=0.5, ge=0.1, le=0.95, description="ACE-Ego-0: a face above .5 votes against ego.")
    static_change: float = Field(
        default=0.0005, ge=0, le=0.1, description="Share of changed pixels under which a pair is static."
    )
    static_ratio: float = Field(
        default=0.98, ge=0.5, le=1, description="Share of static pairs from which the models are not asked."
    )
    first_look_frames: int = Field(
        default=3, ge=1, le=20, description="Spread frames that decide whether the rest is looked at."
    )
    candidate_skin: float = Field(
        default=0.02, ge=0, le=1, description="Share of skin-coloured pixels that keeps the pass going."
    )
    candidate_moving: float = Field(default=0.02, ge=0, le=1, description="Share of the picture moving by itself that is, too.")
    candidate_parallax: float = Field(
        default=0.05, ge=0, le=1, description="Share of corners in depth (a travelling camera) that is."
    )
    foot_slow: Limits = Field(
        default=(0.35, 0.65),
        description="Eye heights per second from which a camera goes at a walker's pace: 1.3 m/s at 1.6 m is 0.8.",
    )
    foot_fast: Limits = Field(
        default=(3.0, 2.0), description="And above which it does not: a run is 2, wide lenses exaggerate; cars make 4 to 12."
    )
    foot_aside_deg: Limits = Field(
        default=(80.0, 50.0), description="Angle sideways between gaze and travel: necks turn by up to 70 degrees."
    )
    foot_tilt_deg: Limits = Field(
        default=(30.0, 18.0),
        description="Angle up or down between them: walkers look 5 to 15 down, drones 20 to 60.",
    )
    candidate_body: float = Field(
        default=0.15, ge=0, le=1, description="A body this plausible, a hand or a face: look at every frame."
    )
    close_look_below: float = Field(
        default=0.25, ge=0, le=1, description="Mean strength of bodies and hands under which to look closer."
    )
    close_look_frames: int = Field(
        default=4, ge=0, le=20, description="Frames that must agree on a magnified body; 0: no close look."
    )
    close_look_tiles: int = Field(default=8, ge=1, le=50, description="Magnified parts searched, busiest first.")
    close_look_share: float = Field(default=0.6, ge=0.2, le=1, description="Side of a magnified part against the shorter side.")
    moving_body: float = Field(
        default=0.3, ge=0, le=1, description="Plausibility from which it is measured whether a body's parts move."
    )
    moving_watch_s: float = Field(
        default=3.0, ge=0, le=60, description="For how long at least; living people, too, rest for a second or two. Our choice."
    )
    close_look_body: float = Field(default=0.3, ge=0, le=1, description="Plausibility a magnified body needs to count.")
    thumbnail_px: int = Field(default=320, ge=64, le=1024, description="Longer side of the thumbnail.")


@dataclass(frozen=True)
class Look:
    """What the models found in one frame, the `index`th that waits for them; pixels of `rgb`, the picture they saw."""

    index: int
    time_s: float
    rgb: RGB
    hands: Sequence[Hand]
    bodies: Sequence[Body]
    faces: Sequence[Face]

    @property
    def best_body(self) -> float:
        """Plausibility of the most plausible body, 0 without."""
        return max((body_plausibility(body) for body in self.bodies), default=0.0)


class ClipSignalsStep(FrameStep[ClipSignalsConfig]):
    """Hands, bodies, faces, quality and motion of each clip."""

    name = "clip_signals"
    code_version = "2"
    reads = (Read(CLIPS, ("clip_id", "start_s", "end_s"), unit="clip_id", by="identity"),)
    writes = CLIP_SIGNALS

    @property
    def sample_rate_hz(self) -> float:
        """Frames per second of the clip this step wants to see."""
        return self.config.sample_rate_hz

    def models(self) -> tuple[str, ...]:
        """Fingerprints of the three model bundles."""
        return tuple(model_fingerprint(name) for name in (HAND, BODY, FACE))

    def open(self, unit: Unit) -> ClipSignalsConsumer:
        """Start on a clip."""
        return ClipSignalsConsumer(unit, self.config)


@dataclass
class ClipSignalsConsumer:
    """Collects the cheap measures while frames arrive; asks the models at the end, when motion is known."""

    unit: Unit
    config: ClipSignalsConfig
    tracker: MotionTracker = field(init=False)
    quality: list[PictureQuality] = field(default_factory=list)
    _waiting: list[Frame] = field(default_factory=list)
    _busy: npt.NDArray[np.float32] | None = None
    _last_gray: npt.NDArray[np.uint8] | None = None
    _count: int = 0
    _size: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self.tracker = MotionTracker(self.config.static_change)
        row = self.unit.row(CLIPS)
        expected = (row["end_s"] - row["start_s"]) * self.config.sample_rate_hz
        self._every = max(self.config.infer_every, int(np.ceil(expected / self.config.max_inferred)))

    def push(self, frame: Frame) -> None:
        """Measure motion against the frame before; keep every n-th frame for the models."""
        gray = to_work_gray(frame.at_most(self.config.model_side_px))
        self.tracker.push(gray, frame.time_s)
        if self._last_gray is not None and self._last_gray.shape == gray.shape:
            change = np.abs(gray.astype(np.float32) - self._last_gray)
            self._busy = change if self._busy is None or self._busy.shape != gray.shape else self._busy + change
        self._last_gray = gray
        if self._count % self._every == 0:
            self.quality.append(measure_picture(frame.at_most(self.config.model_side_px)))
            self._waiting.append(Frame(frame.index, frame.time_s, frame.at_most(_KEEP_SIDE_PX)))
            self._size = frame.rgb.shape[1], frame.rgb.shape[0]
        self._count += 1

    def finish(self) -> Outcome:
        """Ask the models as far as it can matter, and put the row together."""
        if not self._count:
            error = ValueError(f"clip {self.unit.id}: not one frame could be decoded between its start and end")
            return Outcome.failed(self.unit, error)
        motion = self.tracker.summary()
        triage, looks = self._look(motion)
        close, close_motion = None, None
        if triage != "no_motion" and np.mean([self._strength(look) for look in looks]) < self.config.close_look_below:
            close, close_motion = self._close_look()
        extra = {"close_look_rate": close, "body_motion": self._body_motion(looks), "close_look_motion": close_motion}
        return Outcome.kept(self.unit, [self._row(motion, self._travel(motion), triage, looks) | extra])

    def _travel(self, motion: MotionSummary) -> TravelSummary:
        """How the camera travels, if it does."""
        config = self.config
        if not motion.parallax >= config.candidate_parallax or self._last_gray is None:
            return TravelSummary()
        height, width = self._last_gray.shape
        flows = [(pair.corners_px, pair.step_s) for pair in self.tracker.pairs]
        found = [measure_travel(*flow, step_s, width, height) for flow, step_s in flows if flow is not None]
        limits = OnFoot(config.foot_slow, config.foot_fast, config.foot_aside_deg, config.foot_tilt_deg)
        return summarise_travel([travel for travel in found if travel is not None], limits)

    def _look(self, motion: MotionSummary) -> tuple[str, list[Look]]:
        config = self.config
        if motion.pairs >= 3 and motion.static_ratio >= config.static_ratio:
            return "no_motion", []
        looks: dict[int, Look] = {}
        skin = max(picture.skin_ratio for picture in self.quality)
        # A camera that travels may be a wearer's, whose hands come and go.
        travels = motion.parallax >= config.candidate_parallax
        worth_more = skin >= config.candidate_skin or motion.object_area >= config.candidate_moving or travels
        for count in (config.first_look_frames, *((2 * config.first_look_frames,) if worth_more else ())):
            self._infer_spread(looks, count)
            if any(self._candidate(look) for look in looks.values()):
                self._infer_spread(looks, len(self._waiting))
                break
        triage = "full" if len(looks) == len(self._waiting) else "no_person_candidate"
        return triage, [looks[index] for index in sorted(looks)]

    def _infer_spread(self, looks: dict[int, Look], count: int) -> None:
        """Look at `count` evenly spread frames (at all, if there are no more), leaving out those already looked at."""
        waiting = len(self._waiting)
        wanted = range(waiting) if count >= waiting else sorted({int((k + 0.5) * waiting / count) for k in range(count)})
        for index in wanted:
            if index not in looks:
                looks[index] = self._infer(index)

    def _candidate(self, look: Look) -> bool:
        return bool(look.hands or look.faces) or look.best_body >= self.config.candidate_body

    @staticmethod
    def _strength(look: Look) -> float:
        """Faces alone do not count: texture often looks like one."""
        return max([look.best_body, *(hand.score for hand in look.hands)])

    def _infer(self, index: int) -> Look:
        config, frame = self.config, self._waiting[index]
        rgb = brightened(frame.at_most(config.model_side_px))
        return Look(
            index,
            frame.time_s,
            rgb,
            get_hand_detector(config.max_hands, config.hand_confidence).detect(rgb),
            get_body_detector(config.max_bodies, config.body_confidence).detect(rgb),
            get_face_detector(config.face_confidence).detect(rgb),
        )

    def _body_motion(self, looks: Sequence[Look]) -> float | None:
        """The most that parts of any body move against each other from one waiting frame to the next; None: not measured."""
        bodies = []
        for look in looks:
            scale = self._waiting[look.index].rgb.shape[1] / look.rgb.shape[1]
            plausible = [body for body in look.bodies if body_plausibility(body) >= self.config.moving_body]
            bodies += [(look.index, _visible(body) * scale) for body in plausible]
        return self._most_motion(bodies)

    def _most_motion(self, bodies: Sequence[tuple[int, npt.NDArray[np.floating]]]) -> float | None:
        """The most `articulation` of bodies, each given by a waiting frame and its landmarks there, until the next frame.

        None where it was watched too shortly: people rest for a second or two.
        """
        grey = cache(lambda index: to_work_gray(self._waiting[index].rgb))
        times, found = [], []
        for index, points_px in bodies:
            frames = self._waiting[index : index + 2]
            if len(frames) < 2 or frames[0].rgb.shape != frames[1].rgb.shape:
                continue
            before, after = grey(index), grey(index + 1)
            value = articulation(before, after, points_px * (before.shape[1] / frames[0].rgb.shape[1]))
            if value is not None:
                times += [frame.time_s for frame in frames]
                found.append(value)
        return max(found) if found and max(times) - min(times) >= self.config.moving_watch_s else None

    def _close_look(self) -> tuple[float | None, float | None]:
        """Share of magnified frames that show a plausible body (None: nothing to magnify), and the most that one moves.

        One frame is searched tile by tile, busiest first; where that finds somebody, the same tile of other frames must agree.
        """
        config = self.config
        if self._busy is None or config.close_look_frames == 0:
            return None, None
        middle = len(self._waiting) // 2
        rgb = self._waiting[middle].rgb
        share, count = config.close_look_share, config.close_look_tiles
        for tile in busiest_tiles(self._busy, rgb.shape[1], rgb.shape[0], share, count):
            first = self._body_in(middle, tile)
            if first is not None:
                others = np.linspace(0, len(self._waiting) - 1, config.close_look_frames + 1)[:-1]
                confirm = sorted({round(float(index)) for index in others} - {middle})
                seen = {middle: first, **{index: self._body_in(index, tile) for index in confirm}}
                bodies = {index: body for index, body in seen.items() if body is not None}
                x, y, side = tile
                scale = side / max(side, MAGNIFIED_PX)
                placed = [(index, _visible(body) * scale + (x, y)) for index, body in sorted(bodies.items())]
                return len(bodies) / len(seen), self._most_motion(placed)
        return 0.0, None

    def _body_in(self, index: int, tile: tuple[int, int, int]) -> Body | None:
        """The most plausible body of a magnified part, if it is plausible enough."""
        config = self.config
        x, y, side = tile
        part = brightened(magnified(self._waiting[index].rgb[y : y + side, x : x + side]))
        bodies = get_body_detector(config.max_bodies, config.body_confidence).detect(part)
        best = max(bodies, key=body_plausibility, default=None)
        return best if best is not None and body_plausibility(best) >= config.close_look_body else None

    def _row(self, motion: MotionSummary, travel: TravelSummary, triage: str, looks: Sequence[Look]) -> dict[str, Any]:
        clip = self.unit.row(CLIPS)
        shown, thumbnail = draw_thumbnail(looks, self._waiting, self.config.thumbnail_px)
        median = {name: float(np.median([getattr(p, name) for p in self.quality])) for name in PictureQuality.__annotations__}
        return {
            "clip_id": self.unit.id,
            "start_s": clip["start_s"],
            "end_s": clip["end_s"],
            "triage": triage,
            "width": self._size[0],
            "height": self._size[1],
            "frames_sampled": self._count,
            "frames_inferred": len(looks),
            **_people_columns(looks),
            **median,
            "static_ratio": motion.static_ratio,
            "changed_area": motion.changed,
            "motion_measured": motion.measured,
            "camera_motion": _known(motion.camera_motion),
            "camera_motion_p90": _known(motion.camera_motion_p90),
            "camera_forward": _known(motion.camera_forward),
            "camera_forward_share": _known(motion.forward_share),
            "camera_jitter": _known(motion.camera_jitter),
            "camera_shake": _known(motion.shake),
            "camera_parallax": _known(motion.parallax),
            "camera_on_foot": _known(travel.on_foot),
            "camera_pace": _known(travel.pace),
            "camera_turn_change": _known(travel.turn_change),
            "object_motion": motion.object_motion,
            "object_area": motion.object_area,
            "thumbnail_time_s": shown,
            "thumbnail": thumbnail,
        }


def _visible(body: Body) -> npt.NDArray[np.float32]:
    """Landmarks (n, 2) that are seen, pixels of the picture the body was found in."""
    return body.landmarks_px[body.visibility > _SEEN]


def _people_columns(looks: Sequence[Look]) -> dict[str, float | None]:
    hands = [(look, hand) for look in looks for hand in look.hands]
    bodies = [(look, body) for look in looks for body in look.bodies]
    faces = [(look, face) for look in looks for face in look.faces]
    sizes = {id(look): (look.rgb.shape[1], look.rgb.shape[0]) for look in looks}

    def rate(hits: Sequence[bool]) -> float | None:
        return float(np.mean(hits)) if looks else None

    def mean(values: Sequence[float]) -> float | None:
        return float(np.mean(values)) if values else None

    def median(values: Sequence[float]) -> float | None:
        return float(np.median(values)) if values else None

    return {
        "hand_rate": rate([bool(look.hands) for look in looks]),
        "hand_count_mean": mean([float(len(look.hands)) for look in looks]),
        "hand_confidence": mean([hand.score for _, hand in hands]),
        "hand_area": median([box_area(hand.box, *sizes[id(look)]) for look, hand in hands]),
        "hand_bottom_entry": mean([hand_entry(hand, *sizes[id(look)]) for look, hand in hands]),
        "pose_rate": rate([bool(look.bodies) for look in looks]),
        "pose_visibility": mean([body.score for _, body in bodies]),
        "pose_score": mean([look.best_body for look in looks if look.bodies]),
        "pose_height": median([(body.box[3] - body.box[1]) / sizes[id(look)][1] for look, body in bodies]),
        "pose_upright": mean([float(body_upright(body) > 0) for _, body in bodies]),
        "face_rate": rate([bool(look.faces) for look in looks]),
        "face_confidence": mean([face.score for _, face in faces]),
        "face_area": median([box_area(face.box, *sizes[id(look)]) for look, face in faces]),
        "face_on_body_rate": rate([any(face_on_body(face, look.bodies) for face in look.faces) for look in looks]),
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
