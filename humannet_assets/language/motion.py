"""Motion descriptions: what each hand and body does, in time order, in the camera frame.

Sentences follow from tracks and segments by rule, so the same rows always give the same words. HumanNet's previews order
`motion_sequence` per hand in time (arXiv 2605.06747, annotation schema); the thresholds are ours and are configuration.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.language.track_rows import Array, Row, edges, finite, matrix, most_at_once, times_and_observed
from humannet_assets.store.identity import stable_id
from humannet_assets.store.step import Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables import BODY_TRACKS, FILTERED_CLIPS, HAND_TRACKS, MOTION_DESCRIPTIONS, SEGMENTS

MODEL = "deterministic-motion/2"
"""Who wrote the sentences: rules, not a language model. Change the number with the rules."""

# (negative, positive) direction of each axis of the camera frame: x right, y down, z forward.
_AXES = (("left", "right"), ("up", "down"), ("towards", "away"))
_PHRASES = {
    "left": "to the left",
    "right": "to the right",
    "up": "up",
    "down": "down",
    "towards": "towards the camera",
    "away": "away from the camera",
}
_LEFT_SHOULDER, _RIGHT_SHOULDER, _LEFT_HIP, _RIGHT_HIP = 11, 12, 23, 24
_THUMB_TIP, _INDEX_TIP = 4, 8
_ARMS = {"left": 15, "right": 16}
_LEGS = {"left": 27, "right": 28}
_BODY_HEIGHTS_PER_TORSO = 3.4
"""Stature over the distance from shoulder line to hip line, adult proportions."""
_MIN_FRAMES = 3
"""Fewer observed frames than this say nothing about direction."""


class MotionConfig(StepConfig):
    """Thresholds of the sentences."""

    min_move_m: float = Field(
        default=0.04,
        gt=0,
        le=1,
        description="Wrist displacement in x or y that counts; ours: ten times the measured 4 mm step noise.",
    )
    min_depth_move_m: float = Field(
        default=0.10,
        gt=0,
        le=1,
        description="Displacement in z that counts; ours: six times the 16 mm step noise of monocular depth.",
    )
    min_move_share: float = Field(
        default=0.04, ge=0, le=1, description="The same as a share of the hand's distance: far hands are measured worse; ours."
    )
    min_depth_share: float = Field(default=0.15, ge=0, le=1, description="The same for z; ours.")
    min_wander_m: float = Field(
        default=0.20, gt=0, le=5, description="Path in x and y of a hand that moves back and forth; ours."
    )
    min_straightness: float = Field(
        default=0.3, ge=0, le=1, description="Net move over path (x, y) below which a hand goes back and forth; ours."
    )
    slow_m_s: float = Field(default=0.10, gt=0, le=5, description="Below this wrist speed a hand moves slowly; ours.")
    quick_m_s: float = Field(default=0.40, gt=0, le=10, description="Above this wrist speed a hand moves quickly; ours.")
    grip_change_m: float = Field(
        default=0.045,
        gt=0,
        le=0.2,
        description="Change of the thumb-index gap, in space and in the picture, that opens or closes a hand: three quarters "
        "of the 4-10 cm gripper. Hands that hold still seem to change by up to 3 cm (95 %) as they turn (rendered hands).",
    )
    grip_noise_factor: float = Field(
        default=3.0,
        ge=0,
        le=20,
        description="The same in median changes from frame to frame: three standard errors, or nothing is said; ours.",
    )
    min_travel_heights: float = Field(
        default=0.25, gt=0, le=5, description="Sideways hip travel that counts, body heights; ours."
    )
    min_rise_heights: float = Field(
        default=0.15, gt=0, le=5, description="Vertical hip travel that counts, body heights; ours."
    )
    min_travel_s: float = Field(
        default=0.5, ge=0, le=10, description="Shortest observation from which a person's travel is told; ours, against jumps."
    )
    min_growth: float = Field(
        default=0.20, gt=0, le=3, description="Change of log body size that counts as nearing or leaving; ours."
    )
    slow_heights_s: float = Field(default=0.25, gt=0, le=5, description="Below this travel speed a person moves slowly; ours.")
    quick_heights_s: float = Field(
        default=0.90, gt=0, le=10, description="Above it, quickly: about 1.6 m/s, a fast walk; ours."
    )
    limb_m_s: float = Field(
        default=0.30, gt=0, le=10, description="Speed against the hips from which an arm or leg moves; ours."
    )
    limb_visibility: float = Field(
        default=0.5, ge=0, le=1, description="Mean visibility (MediaPipe) below which a limb goes unmentioned."
    )


@dataclass(frozen=True)
class Motion:
    """One step of one actor: a span of seconds from the video's first frame, main direction, sentence, grip change if any."""

    actor: str
    track_id: str
    start_s: float
    end_s: float
    direction: str
    text: str
    grip: str | None = None


def _directions(move: Array, thresholds: Sequence[float], together: bool = False) -> list[str]:
    """Directions that count, strongest first; weaker than half the strongest do not.

    With `together` it is the move as a whole, in thresholds, that must be long enough, not one of its axes.
    """
    strength = np.abs(move) / np.asarray(thresholds)
    if (np.linalg.norm(strength) if together else strength.max()) < 1.0:
        return []
    least = 0.5 * strength.max() if together else max(1.0, 0.5 * strength.max())
    order = [axis for axis in np.argsort(-strength, kind="stable") if strength[axis] >= least]
    return [_AXES[axis][int(move[axis] > 0)] for axis in order]


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _adverb(speed: float | None, slow: float, quick: float) -> str:
    if speed is None or slow <= speed <= quick:
        return ""
    return "slowly " if speed < slow else "quickly "


def _grip(times: Array, aperture: Array, seen: Array, config: MotionConfig) -> tuple[str, float] | None:
    """("closes" or "opens", when: 0 at the start of the span, 1 at its end), or None if no change of the grip is sure.

    Args:
        times: (n,) seconds.
        aperture: (n,) thumb-index gap of the metric landmarks, metres: the tips' depths in it are the model's guess.
        seen: (n,) the gap across the line of sight, from the picture, metres: it shrinks as the hand turns. Each errs where
            the other does not, so both must change alike.
        config: Thresholds.
    """
    valid = np.isfinite(aperture) & np.isfinite(seen)
    if valid.sum() < _MIN_FRAMES:
        return None
    gaps, when = np.stack([aperture, seen], axis=1)[valid], times[valid]
    first, last = edges(gaps)
    change = last - first
    noise = np.median(np.abs(np.diff(gaps, axis=0)), axis=0)
    least = np.maximum(config.grip_change_m, config.grip_noise_factor * noise)
    if (np.abs(change) < least).any() or change[0] * change[1] < 0:
        return None
    gap, middle = gaps[:, 0], (first[0] + last[0]) / 2
    beyond = gap < middle if change[0] < 0 else gap > middle
    share = (when[int(np.argmax(beyond))] - when[0]) / max(when[-1] - when[0], 1e-9)
    return ("closes" if change[0] < 0 else "opens"), float(share)


def _with_grip(subject: str, action: str, grip: tuple[str, float] | None, moving: bool) -> str:
    if grip is None:
        return f"{subject} {action}"
    verb, share = grip
    if not moving:
        return f"{subject} stays in place and {verb}"
    if share < 0.35:
        return f"{subject} {verb}, then {action}"
    if share > 0.65:
        return f"{subject} {action}, then {verb}"
    return f"{subject} {action}, {'closing' if verb == 'closes' else 'opening'} on the way"


def _hand_motion(track: Row, span: Row, config: MotionConfig) -> tuple[str, str, str | None]:
    """Direction, sentence and grip change of one hand in one span."""
    subject = f"{track['side']} hand" if track.get("side") in ("left", "right") else "hand"
    times, observed = times_and_observed(track)
    position = matrix(track.get("wrist_position_m"), len(times), 3)
    inside = observed & (times >= span["start_s"]) & (times <= span["end_s"]) & np.isfinite(position).all(axis=1)
    if inside.sum() < _MIN_FRAMES:
        return "unclear", f"{subject} is in view; its motion is unclear", None
    when, where = times[inside], position[inside]
    tips = matrix(track.get("landmarks_px"), len(times), 42).reshape(-1, 21, 2)[inside][:, [_THUMB_TIP, _INDEX_TIP]]
    focal_px = finite(track.get("focal_px")) or math.nan
    seen = np.linalg.norm(tips[:, 0] - tips[:, 1], axis=1) * where[:, 2] / focal_px
    grip = _grip(when, matrix(track.get("aperture_m"), len(times), 1)[inside, 0], seen, config)
    start, end = edges(where)
    distance = abs(float(np.median(where[:, 2])))
    aside = max(config.min_move_m, config.min_move_share * distance)
    deep = max(config.min_depth_move_m, config.min_depth_share * distance)
    ways = _directions(end - start, (aside, aside, deep))
    change = grip[0] if grip else None
    speed = finite(span.get("mean_speed"))
    adverb = _adverb(speed, config.slow_m_s, config.quick_m_s)
    wander = float(np.linalg.norm(np.diff(where[:, :2], axis=0), axis=1).sum())
    net = float(np.linalg.norm((end - start)[:2]))
    straight = wander < config.min_wander_m or net >= config.min_straightness * wander
    if ways and (straight or ways[0] in _AXES[2]):
        action = f"moves {adverb}{_join([_PHRASES[way] for way in ways])}"
        return ways[0], _with_grip(subject, action, grip, moving=True), change
    if wander >= config.min_wander_m and not span.get("is_idle"):
        return "back_and_forth", _with_grip(subject, f"moves {adverb}back and forth", grip, moving=True), change
    return (
        "still",
        _with_grip(subject, "is nearly still" if span.get("is_idle") else "stays in place", grip, moving=False),
        change,
    )


def _limbs(track: Row, times: Array, inside: npt.NDArray[np.bool_], config: MotionConfig) -> str | None:
    """Which limbs move against the hips, e.g. 'both arms and the left leg'; None if none does."""
    world = matrix(track.get("landmarks_world_m"), len(times), 99).reshape(-1, 33, 3)[inside]
    seen = matrix(track.get("landmark_visibility"), len(times), 33)[inside]
    step = np.diff(times[inside])
    moving: list[str] = []
    for name, pair in (("arm", _ARMS), ("leg", _LEGS)):
        sides = []
        for side, joint in pair.items():
            visible = seen[:, joint][np.isfinite(seen[:, joint])]
            if not len(visible) or visible.mean() < config.limb_visibility:
                continue
            with np.errstate(divide="ignore", invalid="ignore"):
                speeds = np.linalg.norm(np.diff(world[:, joint], axis=0), axis=1) / step
            speeds = speeds[np.isfinite(speeds)]
            if len(speeds) and speeds.mean() >= config.limb_m_s:
                sides.append(side)
        if sides:
            moving.append(f"both {name}s" if len(sides) == 2 else f"the {sides[0]} {name}")
    return _join(moving) if moving else None


def _body_motion(track: Row, span: Row, subject: str, config: MotionConfig) -> tuple[str, str]:
    """Direction and sentence of one person in one span; left and right are those of the picture, limbs the person's own."""
    times, observed = times_and_observed(track)
    points = matrix(track.get("landmarks_px"), len(times), 66).reshape(-1, 33, 2)
    hips = points[:, [_LEFT_HIP, _RIGHT_HIP]].mean(axis=1)
    torso = np.linalg.norm(points[:, [_LEFT_SHOULDER, _RIGHT_SHOULDER]].mean(axis=1) - hips, axis=1)
    inside = observed & (times >= span["start_s"]) & (times <= span["end_s"]) & np.isfinite(torso) & (torso > 0)
    if inside.sum() < _MIN_FRAMES:
        return "unclear", f"{subject} is in view; the motion is unclear"
    height = float(np.median(torso[inside])) * _BODY_HEIGHTS_PER_TORSO
    start, end = edges(hips[inside] / height)
    near, far = edges(np.log(torso[inside]))
    move = np.array([*(end - start), near - far])
    # Who walks aslant goes sideways and nearer at once: neither may count by itself.
    ways = _directions(move, (config.min_travel_heights, config.min_rise_heights, config.min_growth), together=True)
    duration = max(float(times[inside][-1] - times[inside][0]), 1e-9)
    if ways and duration >= config.min_travel_s:
        speed = float(np.linalg.norm(end - start)) / duration
        # Along the line of sight the hips hardly move in the picture, so their speed says nothing there.
        sideways = ways[0] not in ("towards", "away")
        adverb = _adverb(speed if sideways else None, config.slow_heights_s, config.quick_heights_s)
        return ways[0], f"{subject} moves {adverb}{_join([_PHRASES[way] for way in ways])}"
    if limbs := _limbs(track, times, inside, config):
        return "still", f"{subject} stays in place and moves {limbs}"
    return "still", f"{subject} {'is nearly still' if span.get('is_idle') else 'stays in place'}"


def _spans(track: Row, segments: Sequence[Row]) -> list[Row]:
    """The atomic segments cut from this track in time order, or the whole track as one span."""
    own = [s for s in segments if s.get("level") == "atomic" and s.get("track_id") == track["track_id"]]
    return sorted(own, key=lambda s: (s["start_s"], s["end_s"])) or [track]


def describe_motion(hands: Sequence[Row], bodies: Sequence[Row], segments: Sequence[Row], config: MotionConfig) -> list[Motion]:
    """What the hands and bodies of one clip do, ordered by start, then actor.

    Neighbouring spans in which the same track keeps still become one step.

    Args:
        hands: Rows of `hand_tracks`; `wrist_position_m` in the camera frame (x right, y down, z forward), metres.
        bodies: Rows of `body_tracks`; landmarks in pixels and in metres from the hips.
        segments: Rows of `segments` of the same clip; only atomic ones are used.
        config: Thresholds.
    """
    steps: list[Motion] = []

    def add(actor: str, track: Row, span: Row, found: tuple[str, str, str | None]) -> None:
        direction, text, grip = found
        last = steps[-1] if steps else None
        if last and grip is None and direction == "still" and (last.track_id, last.text) == (track["track_id"], text):
            steps[-1] = Motion(actor, last.track_id, last.start_s, span["end_s"], direction, text, grip)
        else:
            steps.append(Motion(actor, track["track_id"], span["start_s"], span["end_s"], direction, text, grip))

    for track in sorted(hands, key=lambda t: (t["start_s"], t["track_id"])):
        for span in _spans(track, segments):
            add(f"{track['side']}_hand", track, span, _hand_motion(track, span, config))
    for track in sorted(bodies, key=lambda t: (t["start_s"], t["track_id"])):
        several = "the main person" if track.get("is_main") else "another person"
        subject = several if most_at_once(bodies) > 1 else "the person"
        for span in _spans(track, segments):
            add("body", track, span, (*_body_motion(track, span, subject, config), None))
    return sorted(steps, key=lambda s: (s.start_s, s.end_s, s.actor, s.track_id))


class MotionDescriptionStep(Step[MotionConfig]):
    """Writes one row per actor and step. A clip without tracks is kept with no rows: there was nothing to describe."""

    name = "motion_descriptions"
    code_version = "2"
    reads = (
        Read(FILTERED_CLIPS, ("row_id", "start_s", "end_s"), by="identity"),
        Read(SEGMENTS, ("segment_id", "track_id", "level", "start_s", "end_s", "mean_speed", "is_idle")),
        Read(
            HAND_TRACKS,
            (
                "track_id", "side", "start_s", "end_s", "times_s", "observed", "wrist_position_m", "aperture_m", "landmarks_px",
                "focal_px",
            ),
        ),
        Read(
            BODY_TRACKS,
            (
                "track_id", "is_main", "start_s", "end_s", "times_s", "observed", "landmarks_px", "landmarks_world_m",
                "landmark_visibility",
            ),
        ),
    )  # fmt: skip
    writes = MOTION_DESCRIPTIONS

    def models(self) -> tuple[str, ...]:
        """The rules name themselves."""
        return (MODEL,)

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Describe each clip by its own rows."""
        for unit in units:
            steps = describe_motion(unit.all(HAND_TRACKS), unit.all(BODY_TRACKS), unit.all(SEGMENTS), self.config)
            counts: dict[str, int] = {}
            rows = []
            for step in steps:
                index = counts.setdefault(step.actor, 0)
                counts[step.actor] += 1
                rows.append(
                    {
                        "description_id": stable_id(unit.id, step.actor, index),
                        "clip_id": unit.id,
                        "actor": step.actor,
                        "track_id": step.track_id,
                        "step": index,
                        "start_s": step.start_s,
                        "end_s": step.end_s,
                        "text": step.text,
                        "direction": step.direction,
                        "grip": step.grip,
                        "model": MODEL,
                    }
                )
            yield Outcome.kept(unit, rows)
