"""Judges of words: facts in captions, directions in motion descriptions, counts and places in annotations.

A text is judged by the facts it states (precision) and by those it could have stated (recall), whoever wrote it. Between what
must be said and what must not lies what may be said: a hand that is in view for a moment is neither asked for nor a mistake.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from humannet_assets.language.describer import MODEL as DESCRIBER
from humannet_assets.language.taxonomy import UNKNOWN
from humannet_assets.quality import bodies, hands
from humannet_assets.quality.clips import middle_frame, vote
from humannet_assets.quality.judge import CLIPS, Clip, Confusion, Judge, LabelledVideo, confusion
from humannet_assets.quality.metrics import MISSED, NOTHING, Measure, Tally, accuracy, exact_precision, exact_recall
from humannet_assets.quality.truth import Ints, Truth
from humannet_assets.store.step import Read
from humannet_assets.store.tables import ANNOTATIONS, CAPTIONS

IN_VIEW_SHARE = 0.5
"""Share of a clip's frames a hand or person must be in view in to be asked for [our choice: most of the clip]."""
SEGMENT_SHARE = 0.5
"""Share of a true action that must lie in a clip for its verb and object to be asked of the clip's caption [our choice]."""
UNSAID = "unsaid"
SIDES = hands.SIDES

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NUMBERS = {word: str(number) for number, word in enumerate(_WORDS)}
_PEOPLE = re.compile(
    rf"\b({'|'.join(_NUMBERS)}|\d+|a|the) (?:person|people|man|men|woman|women|child|children|boy|girl)\b(?!')"
)
_BOTH = re.compile(r"\b(?:both|two)(?: of)?(?: the wearer's| her| his| their| the)? hands\b|\bleft and right hands\b")
_VIEWS = (("ego", re.compile(r"\b(?:first.person|egocentric)\b")), ("exo", re.compile(r"\b(?:third.person|exocentric)\b")))


def sides_said(text: str) -> set[str]:
    """Which hands a text names."""
    low = text.lower()
    return set(SIDES) if _BOTH.search(low) else {side for side in SIDES if re.search(rf"\b{side} hand\b", low)}


def people_said(text: str) -> str | None:
    """How many people a text says are seen, as a number; None when it does not say. 'A person's hand' counts nobody."""
    counts = [_NUMBERS.get(word, "1" if word in ("a", "the") else word) for word in _PEOPLE.findall(text.lower())]
    return max(counts, key=int, default=None)


def viewpoint_said(text: str) -> str | None:
    """ego, exo or None."""
    return next((name for name, pattern in _VIEWS if pattern.search(text.lower())), None)


def forms_of(word: str) -> set[str]:
    """A verb's or noun's usual forms: pour, pours, poured, pouring; carry, carries; wipe, wiping; cup, cups."""
    stem = word[:-1] if word.endswith("e") else word
    found = {word, f"{word}s", f"{word}es", f"{stem}ed", f"{stem}ing", f"{word}{word[-1:]}ed", f"{word}{word[-1:]}ing"}
    if word.endswith("y"):
        found |= {f"{word[:-1]}ies", f"{word[:-1]}ied"}
    return found


def words_said(text: str, vocabulary: Iterable[str]) -> set[str]:
    """The words of the vocabulary a text uses, in any of their usual forms."""
    used = set(re.findall(r"[a-z]+", text.lower()))
    return {word for word in vocabulary if used & forms_of(word)}


def head_noun(phrase: str) -> str:
    """The noun of a noun phrase: cup of 'red cup'; the first part of 'bottle of water'."""
    words = phrase.lower().split(" of ")[0].split()
    return words[-1] if words else ""


@dataclass(frozen=True)
class AtOnce:
    """How many are in view at once: at least `least` (plain to see, most of the time), at most `most` (for a moment)."""

    least: int
    most: int

    @classmethod
    def of(cls, plain: Ints, any_: Ints, frames: int) -> AtOnce:
        """From the frame of each one that is plain to see, and of each one of whom anything shows; `frames` of the clip."""
        counts = sorted(np.unique(plain, return_counts=True)[1].tolist(), reverse=True)
        needed = max(1, math.ceil(IN_VIEW_SHARE * frames))
        most = np.unique(any_, return_counts=True)[1].max(initial=0)
        return cls(counts[needed - 1] if len(counts) >= needed else 0, int(most))

    def nearest(self, number: int) -> int:
        """The true number a stated one is held against: itself if it may be said."""
        return min(max(number, self.least), self.most)


@dataclass(frozen=True)
class ClipTruth:
    """What may be said of a clip. `sides` holds the share of frames each hand is in view, `glimpsed` who shows at all.

    Counts are None where the truth cannot tell (people whose figures have no hands, pictures without known joints).
    """

    viewpoint: str
    environment: str
    sides: Mapping[str, float]
    glimpsed: frozenset[str]
    hands: AtOnce | None
    people: AtOnce | None
    verbs: frozenset[str]
    objects: frozenset[str]


def clip_truth(truth: Truth, clip: Clip) -> ClipTruth | None:
    """The truth about a clip; None where no shot is known."""
    shot, camera = truth.shot_of(clip.start_s, clip.end_s), truth.reference_camera()
    frames = truth.frames_in(clip.start_s, clip.end_s)
    if shot is None or not len(frames):
        return None
    own = truth.hands.take(np.isin(truth.hands.frame, frames))
    people = truth.bodies.take(np.isin(truth.bodies.frame, frames))
    if camera is not None:
        plain = own.take(hands.must_be_found(own, camera.project(own.points_m)))
        persons = people.take(bodies.must_be_found(people, camera.project(people.points_m)))
    else:
        plain, persons = own, people
    acts = [
        segment
        for segment in truth.sidecar.segments
        if min(segment.end_s, clip.end_s) - max(segment.start_s, clip.start_s)
        >= SEGMENT_SHARE * (segment.end_s - segment.start_s)
    ]
    handless = any((int(frame), int(owner)) in truth.handless for frame, owner in zip(people.frame, people.owner, strict=True))
    return ClipTruth(
        viewpoint=shot.viewpoint,
        environment=shot.environment,
        sides={side: len(np.unique(plain.frame[plain.side == side])) / len(frames) for side in SIDES},
        glimpsed=frozenset(own.side.tolist()),
        hands=None if handless or camera is None else AtOnce.of(plain.frame, own.frame, len(frames)),
        people=None if camera is None else AtOnce.of(persons.frame, people.frame, len(frames)),
        verbs=frozenset(segment.verb for segment in acts if segment.verb),
        objects=frozenset(head_noun(segment.object) for segment in acts if segment.object),
    )


@dataclass(frozen=True)
class _Said:
    """One caption whose words are judged when every word that could be used is known."""

    video_id: str
    uri: str
    clip: Clip
    text: str
    names_actions: bool
    verbs: frozenset[str]
    objects: frozenset[str]


@dataclass
class _Words:
    """Precision and recall of one kind of word. The vocabulary is every word of that kind the truth uses anywhere."""

    kind: str
    vocabulary: set[str] = field(default_factory=set)

    def tally(self, captions: Sequence[_Said]) -> Tally:
        found = Tally()
        for caption in captions:
            true: Collection[str] = getattr(caption, self.kind)
            said = words_said(caption.text, self.vocabulary) if caption.names_actions else set()
            found.add(caption.video_id, "true", "said", len(said & set(true)))
            found.add(caption.video_id, "true", MISSED, len(set(true) - said))
            found.add(caption.video_id, NOTHING, "said", len(said - set(true)))
        return found


class CaptionJudge(Judge):
    """`captions`: hands, people, viewpoint, and the verbs and objects of true actions.

    The deterministic describer names no actions and no objects: words it happens to share with the truth ("opens", of a hand)
    are not taken for claims, so that its recall of verbs and objects is 0 by design.
    """

    stage = CAPTIONS.name
    reads = (CLIPS, Read(CAPTIONS, ("kind", "text", "model")))

    def __init__(self) -> None:
        super().__init__()
        self._hands, self._people, self._views = Tally(), Tally(), Tally()
        self._captions: list[_Said] = []
        self._words = {kind: _Words(kind) for kind in ("verbs", "objects")}

    def look(self, video: LabelledVideo) -> None:
        """The long caption of every kept clip (the short one where there is no other)."""
        rows = video.table(CAPTIONS).sort("kind")
        texts = {
            row["unit_id"]: (row["text"], row["model"]) for row in rows.filter(pl.col("kind") == "short").iter_rows(named=True)
        }
        texts |= {
            row["unit_id"]: (row["text"], row["model"]) for row in rows.filter(pl.col("kind") == "long").iter_rows(named=True)
        }
        for clip in video.clips():
            if clip.clip_id not in texts:
                continue
            text, model = texts[clip.clip_id]
            known = clip_truth(video.truth, clip) if video.truth is not None else None
            if known is not None:
                self._facts(video, clip, text, known)
            verbs = known.verbs if known is not None else video.label.verbs
            objects = known.objects if known is not None else video.label.objects
            if verbs is None and objects is None:
                continue
            heads = frozenset(head_noun(phrase) for phrase in objects or ())
            said = _Said(video.video_id, video.uri, clip, text, model != DESCRIBER, frozenset(verbs or ()), heads)
            self._captions.append(said)
            self._words["verbs"].vocabulary |= said.verbs
            self._words["objects"].vocabulary |= said.objects

    def _facts(self, video: LabelledVideo, clip: Clip, text: str, known: ClipTruth) -> None:
        wrong: list[str] = []
        said = sides_said(text)
        for side in SIDES if known.hands is not None else ():
            must, may = known.sides[side] >= IN_VIEW_SHARE, side in known.glimpsed
            if must or (side in said and not may):
                self._hands.add(video.video_id, side if must else NOTHING, side if side in said else MISSED)
                if must != (side in said):
                    wrong.append(f"{side} hand {'unsaid' if must else 'said, not there'}")
        count, view = people_said(text), viewpoint_said(text)
        if known.people is not None and (count is not None or known.people.least):
            true = known.people.least if count is None else known.people.nearest(int(count))
            self._people.add(video.video_id, str(true), count or UNSAID)
            if count != str(true):
                wrong.append(f"people: {count or UNSAID}, true {true}")
        if known.viewpoint in ("ego", "exo"):
            self._views.add(video.video_id, known.viewpoint, view or UNSAID)
            if view is not None and view != known.viewpoint:
                wrong.append(f"{view}, is {known.viewpoint}")
        if wrong:
            self.worst.offer("facts", len(wrong), video, clip.start_s, "; ".join(wrong), lambda: middle_frame(clip))

    def measures(self) -> list[Measure]:
        """Precision and recall of each kind of fact."""
        verbs, objects = (self._words[kind].tally(self._captions) for kind in ("verbs", "objects"))
        names = ("precision", "recall")
        return [
            *self._hands.rates(SIDES, "hands_", names),
            self._people.measure("people_precision", exact_precision({UNSAID})),
            self._people.measure("people_recall", exact_recall({"0"})),
            self._views.measure("viewpoint_precision", exact_precision({UNSAID})),
            *(measure for prefix, tally in (("verb_", verbs), ("object_", objects))
              for measure in tally.renamed({"said": "true"}).rates({"true"}, prefix, names)),
        ]  # fmt: skip

    def confusions(self) -> list[Confusion]:
        """Hands and people against what is said of them."""
        return [confusion("hands", self._hands), confusion("people", self._people)]


class AnnotationJudge(Judge):
    """`annotations`: environment, and how many hands and people are in view at once. Labels of real footage speak of videos."""

    stage = ANNOTATIONS.name
    reads = (CLIPS, Read(ANNOTATIONS, ("level", "environment", "hand_count", "person_count")))

    def __init__(self) -> None:
        super().__init__()
        self._places, self._hands, self._people = Tally(), Tally(), Tally()

    def look(self, video: LabelledVideo) -> None:
        """Every kept clip, or the video by its label."""
        rows = {row["unit_id"]: row for row in video.table(ANNOTATIONS).iter_rows(named=True) if row["level"] == "clip"}
        clips = [clip for clip in video.clips() if clip.clip_id in rows]
        if not clips:
            return
        if video.truth is None:
            label = video.label
            place = vote((_top(rows[clip.clip_id]["environment"]), clip.seconds) for clip in clips) or UNKNOWN
            most_hands, most_people = (
                max(rows[clip.clip_id][name] or 0 for clip in clips) for name in ("hand_count", "person_count")
            )
            self._judge(video, clips[0], (label.environment, label.hands, label.people), (place, most_hands, most_people))
            return
        for clip in clips:
            known, row = clip_truth(video.truth, clip), rows[clip.clip_id]
            if known is not None:
                found = (_top(row["environment"]), row["hand_count"] or 0, row["person_count"] or 0)
                true_hands = known.hands.nearest(found[1]) if known.hands is not None else None
                true_people = known.people.nearest(found[2]) if known.people is not None else None
                self._judge(video, clip, (known.environment, true_hands, true_people), found)

    def _judge(
        self,
        video: LabelledVideo,
        clip: Clip,
        truth: tuple[str | None, int | None, int | None],
        found: tuple[str, int, int],
    ) -> None:
        wrong: list[str] = []
        names = ("environment", "hands", "people")
        for name, tally, true, got in zip(names, (self._places, self._hands, self._people), truth, found, strict=True):
            if true is None or true == UNKNOWN:
                continue
            tally.add(video.video_id, str(true), str(got))
            if got not in {true, UNKNOWN}:
                wrong.append(f"{name}: {got}, true {true}")
        if wrong:
            self.worst.offer("facts", len(wrong), video, clip.start_s, "; ".join(wrong), lambda: middle_frame(clip))

    def measures(self) -> list[Measure]:
        """Environment where it is named, and exact counts."""
        return [
            self._places.measure("environment_precision", exact_precision({UNKNOWN})),
            self._places.measure("environment_recall", accuracy),
            self._hands.measure("hand_count_accuracy", accuracy),
            self._people.measure("person_count_accuracy", accuracy),
        ]

    def confusions(self) -> list[Confusion]:
        """True values against annotated ones."""
        return [
            confusion("environment", self._places),
            confusion("hand_count", self._hands),
            confusion("person_count", self._people),
        ]


def _top(paths: Sequence[str] | None) -> str:
    """The top-level environments named, joined; 'unknown' without any."""
    return "+".join(sorted({path.split("/")[0] for path in paths or ()})) or UNKNOWN
