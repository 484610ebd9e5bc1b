"""The deterministic describer: sentences that follow from a clip's tracks, camera and source, and from nothing else.

It names itself (`MODEL`) wherever its text is stored and never names an object, a room or an intention: what it says of the
content is what the facts hold, and a source's keywords are quoted as the source's words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import Field

from humannet_assets.language.track_rows import Row, finite, most_at_once
from humannet_assets.store.step import StepConfig

MODEL = "deterministic-describer/1"
"""How the describer signs its captions. Change the number with the sentences."""

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class DescriberConfig(StepConfig):
    """From which values on the describer says something."""

    min_coverage: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Share of the clip a hand or person must be seen in to be counted; ours, against ghosts.",
    )
    other_person_coverage: float = Field(
        default=0.5, ge=0, le=1, description="The same for people in ego clips: pose models also see the wearer's own limbs."
    )
    own_hands: float = Field(
        default=0.5, ge=0, le=1, description="Share of hands that look like the wearer's to call them so; ours."
    )
    rest_m_s: float = Field(default=0.05, ge=0, le=5, description="Mean wrist speed below which hands are nearly still; ours.")
    slow_m_s: float = Field(
        default=0.10, gt=0, le=5, description="Mean wrist speed below which hands move slowly; ours, as motion."
    )
    quick_m_s: float = Field(
        default=0.40, gt=0, le=10, description="Mean wrist speed above which they move quickly; ours, as motion."
    )
    steady_deg_s: float = Field(
        default=3.0, ge=0, le=360, description="Camera rotation rate below which the camera is steady; ours."
    )
    turning_deg_s: float = Field(
        default=25.0, ge=0, le=720, description="Camera rotation rate above which it turns a lot; ours."
    )
    close_height: float = Field(
        default=0.8, gt=0, le=2, description="Body box over picture height from which a person is near; ours."
    )
    far_height: float = Field(
        default=0.3, gt=0, le=1, description="Body box over picture height below which a person is far; ours."
    )
    max_steps: int = Field(default=12, ge=0, le=100, description="Motion steps told in the long caption; the rest are counted.")
    max_keywords: int = Field(default=8, ge=0, le=50, description="Source keywords quoted in the long caption.")


@dataclass(frozen=True)
class Hand:
    """One hand track: the person's own side, share of the clip in view 0..1, mean wrist speed in m/s."""

    side: str | None
    coverage: float | None
    speed_m_s: float | None


@dataclass(frozen=True)
class Person:
    """One body track: share of the clip in view 0..1 and body box over picture height."""

    is_main: bool | None
    coverage: float | None
    height_share: float | None


@dataclass(frozen=True)
class Told:
    """One motion step: its start in seconds from the clip's start, its sentence, whose it is, and its track's coverage."""

    start_s: float | None
    text: str
    actor: str | None = None
    coverage: float | None = 1.0


@dataclass(frozen=True)
class ClipFacts:
    """All the describer may know of a clip. Any value may be missing (None or NaN).

    `steps` are in time order. `moves_through_space` is True when the
    wearer's own motion decided the viewpoint. `wearer_hands` is the share of hands that look like the wearer's own.
    `people_at_once` counts the people in view together: more tracks than that may be one person found twice.
    `main_motion` is the sentence that fits the main person for the longest time.
    """

    clip_id: str
    duration_s: float | None = None
    viewpoint: str | None = None
    moves_through_space: bool | None = None
    wearer_hands: float | None = None
    hands: tuple[Hand, ...] = ()
    people: tuple[Person, ...] = ()
    people_at_once: int | None = None
    main_motion: str | None = None
    rotation_rate_deg_s: float | None = None
    has_translation: bool | None = None
    steps: tuple[Told, ...] = ()
    keywords: tuple[str, ...] = ()

    def digest(self) -> str:
        """SHA-256 of the facts, clip id included: stored as `frame_hash`, so a caption is bound to its clip and inputs."""
        text = json.dumps(_plain(asdict(self)), sort_keys=True, ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """The value with NaN and infinities as null, so that equal facts have equal text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return finite(value) if isinstance(value, float) else value


def _main_motion(bodies: Iterable[Row], motions: Iterable[Row]) -> str | None:
    """The sentence about the main person's motion that holds longest; None when no motion is clear."""
    main = {row["track_id"] for row in bodies if row["is_main"]}
    lasting: dict[str, float] = {}
    for motion in motions:
        if motion["track_id"] in main and " moves " in motion["text"]:
            lasting[motion["text"]] = lasting.get(motion["text"], 0.0) + motion["end_s"] - motion["start_s"]
    return min(lasting, key=lambda text: (-lasting[text], text)) if lasting else None


def facts_of_clip(
    clip_id: str,
    span: Row,
    *,
    viewpoint: Row | None,
    hands: Iterable[Row],
    bodies: Iterable[Row],
    camera: Row | None,
    motions: Iterable[Row],
    source: Row | None,
) -> ClipFacts:
    """Gather the facts from the rows of a clip; missing rows leave their facts missing.

    Args:
        clip_id: The clip.
        span: Row with `start_s` and `end_s`, seconds from the video's first frame.
        viewpoint: Row of `viewpoints`.
        hands: Rows of `hand_tracks`.
        bodies: Rows of `body_tracks`.
        camera: Row of `camera_trajectories`.
        motions: Rows of `motion_descriptions`.
        source: Row of `video_sources`.
    """
    viewpoint, camera, source, bodies = viewpoint or {}, camera or {}, source or {}, list(bodies)
    hands = list(hands)
    coverage = {row["track_id"]: row["coverage"] for row in (*hands, *bodies)}
    ordered = sorted(motions, key=lambda m: (m["start_s"], m["end_s"], m["actor"], m["step"]))
    return ClipFacts(
        clip_id=clip_id,
        duration_s=span["end_s"] - span["start_s"],
        viewpoint=viewpoint.get("viewpoint"),
        moves_through_space=viewpoint.get("viewpoint") == "ego" and viewpoint.get("decided_by") == "camera_motion",
        wearer_hands=viewpoint.get("wearer_hands"),
        hands=tuple(
            Hand(row["side"], row["coverage"], row["wrist_speed_mean"])
            for row in sorted(hands, key=lambda h: (h["side"] or "", h["track_id"]))
        ),
        people=tuple(
            Person(row["is_main"], row["coverage"], row["height_share"])
            for row in sorted(bodies, key=lambda b: (not b["is_main"], b["track_id"]))
        ),
        people_at_once=most_at_once(bodies),
        main_motion=_main_motion(bodies, ordered),
        rotation_rate_deg_s=camera.get("rotation_rate_deg_s"),
        has_translation=camera.get("has_translation"),
        steps=tuple(
            Told(row["start_s"] - span["start_s"], row["text"], row["actor"], coverage.get(row["track_id"])) for row in ordered
        ),
        keywords=tuple(source.get("keywords") or ()),
    )


def describe(facts: ClipFacts, config: DescriberConfig) -> tuple[str, str]:
    """The short and the long caption of a clip. Total: any facts give two non-empty texts; the same facts the same texts."""
    hands = [h for h in facts.hands if _seen(h.coverage, config.min_coverage)]
    people = [p for p in facts.people if _seen(p.coverage, _least(facts, config))]
    short = f"{_view(facts)}{_subject(facts, hands, people, config)}."
    sentences = [short]
    if (length := finite(facts.duration_s)) is not None and length > 0:
        sentences.append(f"The clip lasts {length:.1f} s.")
    sentences += _coverage_sentences(hands, people, config)
    sentences += _camera_sentences(facts, config)
    sentences += _step_sentences(facts, config)
    words = [" ".join(word.split()) for word in facts.keywords if isinstance(word, str) and word.strip()]
    if words and config.max_keywords:
        quoted = ", ".join(f'"{word}"' for word in words[: config.max_keywords])
        sentences.append(f"The source gives the keyword{'s' if len(words) > 1 else ''} {quoted}.")
    return short, " ".join(sentences)


def _least(facts: ClipFacts, config: DescriberConfig) -> float:
    """Coverage from which a person counts."""
    return config.other_person_coverage if facts.viewpoint == "ego" else config.min_coverage


def _seen(coverage: float | None, least: float) -> bool:
    share = finite(coverage)
    return share is not None and share >= least


def _view(facts: ClipFacts) -> str:
    known = {"ego": "First-person view: ", "exo": "Third-person view: "}
    return known.get(facts.viewpoint or "", "View from an unclear position: ")


def _sides(hands: list[Hand]) -> tuple[int, int]:
    return sum(h.side == "left" for h in hands), sum(h.side == "right" for h in hands)


def _count(number: int, noun: str, plural: str) -> str:
    word = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{word} {noun if number == 1 else plural}"


def _pace(hands: list[Hand], config: DescriberConfig) -> str | None:
    """How the hands move, weighted by how long each is seen: 'rest', '' (middling), 'slowly', 'quickly' or None (unknown)."""
    pairs = [(finite(h.speed_m_s), finite(h.coverage) or 0.0) for h in hands]
    weight = sum(share for speed, share in pairs if speed is not None)
    if weight <= 0:
        return None
    speed = sum(speed * share for speed, share in pairs if speed is not None) / weight
    if speed < config.rest_m_s:
        return "rest"
    if speed < config.slow_m_s:
        return "slowly"
    return "quickly" if speed > config.quick_m_s else ""


def _hands_phrase(facts: ClipFacts, hands: list[Hand], config: DescriberConfig) -> str:
    """E.g. 'both of the wearer's hands move quickly'. Tracks are counted by side: one hand may be tracked in pieces."""
    left, right = _sides(hands)
    own = facts.viewpoint == "ego" and (finite(facts.wearer_hands) or 0.0) >= config.own_hands
    if left and right:
        who, one = ("both of the wearer's hands" if own else "left and right hands"), False
    elif left or right:
        who, one = f"{'the wearer' if own else 'a person'}'s {'left' if left else 'right'} hand", True
    else:
        who, one = "hands", False
    pace = _pace(hands, config)
    if pace is None:
        return f"{who} {'is' if one else 'are'} in view"
    if pace == "rest":
        return f"{who} {'is' if one else 'are'} nearly still"
    return f"{who} {'moves' if one else 'move'}{' ' if pace else ''}{pace}"


def _people_phrase(facts: ClipFacts, people: list[Person]) -> str:
    at_once = facts.people_at_once if isinstance(facts.people_at_once, int) else len(people)
    if len(people) > at_once > 1:
        return f"up to {_count(at_once, 'person', 'people')} are in view at once"
    if len(people) > at_once:
        return "one person at a time is in view"
    return f"{_count(len(people), 'person', 'people')} {'is' if len(people) == 1 else 'are'} in view"


def _subject(facts: ClipFacts, hands: list[Hand], people: list[Person], config: DescriberConfig) -> str:
    """The main clause of the short caption: the wearer first in ego views, people first otherwise."""
    parts = []
    if facts.viewpoint == "ego":
        if hands:
            parts.append(_hands_phrase(facts, hands, config))
        elif facts.moves_through_space:
            parts.append("the wearer moves through the scene")
        if people:
            parts.append(_people_phrase(facts, people))
    else:
        alone = len(people) == 1 and isinstance(facts.main_motion, str) and facts.main_motion.strip()
        if alone:
            parts.append(" ".join(str(facts.main_motion).split()))
        elif people:
            parts.append(_people_phrase(facts, people))
        # Arms that move already speak for the hands.
        if hands and not (alone and " arm" in f"{facts.main_motion}"):
            parts.append(_hands_phrase(facts, hands, config))
    return "; ".join(parts) or "no hands and no people were tracked"


def _percent(share: float) -> str:
    return f"{round(100 * min(1.0, max(0.0, share)))} %"


def _coverage_sentences(hands: list[Hand], people: list[Person], config: DescriberConfig) -> list[str]:
    parts = []
    for side in ("left", "right"):
        shares = [finite(h.coverage) or 0.0 for h in hands if h.side == side]
        if shares:
            parts.append(f"the {side} hand in {_percent(max(shares))}")
    sentences = []
    if parts:
        sentences.append(f"Tracking follows {' and '.join(parts)} of the clip.")
    main = next((p for p in people if p.is_main), people[0] if len(people) == 1 else None)
    height = finite(main.height_share) if main else None
    if height is not None:
        subject = "The person" if len(people) == 1 else "The main person"
        if height >= config.close_height:
            sentences.append(f"{subject} takes up most of the picture's height.")
        elif height <= config.far_height:
            sentences.append(f"{subject} is small in the picture.")
    return sentences


def _camera_sentences(facts: ClipFacts, config: DescriberConfig) -> list[str]:
    """How the camera turns; that it travels is only said of wearers, since a tripod sees parallax where people move."""
    rate = finite(facts.rotation_rate_deg_s)
    travels = bool(facts.has_translation) and facts.viewpoint == "ego"
    if rate is None:
        return ["The camera travels."] if travels else []
    turns = (
        "hardly turns" if rate < config.steady_deg_s else "turns a lot" if rate > config.turning_deg_s else "turns moderately"
    )
    return [f"The camera {turns} and travels." if travels else f"The camera {turns}."]


def _step_sentences(facts: ClipFacts, config: DescriberConfig) -> list[str]:
    """The motion steps in time order, each with the second at which it starts."""
    told = [
        (finite(step.start_s), " ".join(step.text.split()))
        for step in facts.steps
        if isinstance(step.text, str)
        and step.text.strip()
        and _seen(step.coverage, _least(facts, config) if step.actor == "body" else config.min_coverage)
    ]
    if not told or not config.max_steps:
        return []
    items = [text if start is None else f"{text} ({max(start, 0.0):.1f} s)" for start, text in told[: config.max_steps]]
    rest = len(told) - len(items)
    more = f"; {_count(rest, 'further step follows', 'further steps follow')}" if rest else ""
    return [f"Motion in order of start: {'; '.join(items)}{more}."]
