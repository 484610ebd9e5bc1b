"""HumanNet's taxonomy axes as data, and the word lists that turn a source's keywords into labels.

Axes, the environment shares and the first level of the motion tree are HumanNet's (arXiv 2605.06747, taxonomy section).
The values of task structure and interaction style, the second level of the motion tree and the word lists are ours:
`docs/taxonomy.md` defines each. Labels of trees are paths ("home/kitchen") and always come with their parents ("home").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

UNKNOWN = "unknown"
"""What an axis says without evidence. It never stands beside another label."""


@dataclass(frozen=True)
class Label:
    """One value of an axis: its definition, its share of HumanNet where the paper states one, and its children."""

    name: str
    definition: str
    share: float | None = None
    children: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Axis:
    """One axis of the taxonomy. `multi` axes carry a list of labels per row, the others exactly one."""

    name: str
    multi: bool
    labels: tuple[Label, ...]

    def paths(self) -> tuple[str, ...]:
        """Every label of the axis as a path, parents before children, without `unknown`."""
        return tuple(_walk(self.labels, ""))

    def close(self, paths: Iterable[str]) -> list[str]:
        """The labels with all their parents, sorted and unique; `['unknown']` when there are none.

        Raises:
            ValueError: If a path is not a label of this axis.
        """
        closed: set[str] = set()
        known = set(self.paths())
        for path in paths:
            if path not in known:
                raise ValueError(f"{path!r} is not a label of axis {self.name}; it has {sorted(known)}")
            parts = path.split("/")
            closed.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
        return sorted(closed) or [UNKNOWN]


def _walk(labels: tuple[Label, ...], prefix: str) -> Iterable[str]:
    for label in labels:
        yield prefix + label.name
        yield from _walk(label.children, f"{prefix}{label.name}/")


SOURCE_TYPE = Axis(
    "source_type",
    multi=False,
    labels=(
        Label("controlled", "Recorded for the purpose, under instructions."),
        Label("semi_structured", "Recorded with a plan, carried out freely."),
        Label("community", "Shared by a community for others of the same interest."),
        Label("web_scale", "Collected from the web at large."),
        Label("domain_specific", "From one trade or field."),
    ),
)

VIEWPOINT = Axis(
    "viewpoint",
    multi=False,
    labels=(
        Label("ego", "Seen by the person who acts (head or chest camera)."),
        Label("exo", "Seen by somebody or something else."),
        Label("unclear", "The evidence does not decide."),
    ),
)

TASK_STRUCTURE = Axis(
    "task_structure",
    multi=False,
    labels=(
        Label("single_action", "One or two atomic actions."),
        Label("repetitive", "One actor repeats actions of about the same length and speed."),
        Label("multi_step", "Three or more atomic actions of one actor, or two or more groups of them, not repetitive."),
        Label("navigation", "The actor moves through space and does not act with the hands."),
    ),
)

ENVIRONMENT = Axis(
    "environment",
    multi=True,
    labels=(
        Label(
            "home",
            "Where people live.",
            share=0.539,
            children=(
                Label("kitchen", "A kitchen of a home."),
                Label("living", "A living room."),
                Label("bathroom", "A bathroom or toilet."),
                Label("bedroom", "A bedroom."),
                Label("other_indoor", "Another room of a home: hallway, laundry, garage, cellar."),
            ),
        ),
        Label("industrial_construction", "Factories, workshops, warehouses and building sites.", share=0.112),
        Label("work_study", "Offices, schools and laboratories.", share=0.088),
        Label("outdoor", "Under the open sky.", share=0.081),
        Label("retail", "Shops and markets.", share=0.060),
        Label("transportation", "In or at vehicles, stations and roads.", share=0.043),
        Label("dining", "Restaurants, cafes and canteens.", share=0.040),
        Label("medical_service", "Hospitals, practices and personal services.", share=0.014),
        Label("sports_recreation", "Gyms, pitches, stages and other places of sport and leisure.", share=0.004),
        Label("other", "None of these; only ever set by people, never by the word list.", share=0.019),
    ),
)

INTERACTION_STYLE = Axis(
    "interaction_style",
    multi=True,
    labels=(
        Label("one_handed", "Only one side's hand acts."),
        Label("two_handed", "Left and right hand act at the same time."),
        Label("whole_body", "A person's limbs move while most of the body is in view."),
        Label("locomotion", "The actor moves through space."),
        Label("person_to_person", "Two or more people are in view together; an upper bound on interaction."),
    ),
)

MOTION_CATEGORY = Axis(
    "motion_category",
    multi=True,
    labels=(
        Label(
            "daily_activities",
            "Everyday doing.",
            share=0.536,
            children=(
                Label("object_handling", "A hand in motion opens or closes on the way."),
                Label("hand_motion", "A hand moves; no grip change was seen."),
                Label("food_preparation", "Cooking and preparing food."),
                Label("cleaning", "Cleaning, washing, tidying."),
                Label("assembly_repair", "Assembling, repairing, crafting."),
                Label("desk_work", "Writing, typing, reading."),
            ),
        ),
        Label(
            "social_leisure",
            "Company, culture, play.",
            share=0.391,
            children=(
                Label("communication", "Talking, signing, gesturing to others."),
                Label("performance", "Dance, music, acting."),
                Label("games", "Board, card and other sedentary games."),
            ),
        ),
        Label(
            "locomotion",
            "Getting from place to place.",
            share=0.052,
            children=(
                Label("walking", "On foot."),
                Label("riding", "On or in a vehicle that the person steers."),
            ),
        ),
        Label(
            "fitness_outdoor",
            "Exercise and being outdoors for its own sake.",
            share=0.013,
            children=(Label("workout", "Exercise."), Label("outdoor_activity", "Hiking, climbing, gardening.")),
        ),
        Label(
            "sports",
            "Sport with rules.",
            share=0.007,
            children=(Label("ball_sports", "Sport with a ball."), Label("other_sports", "Other sport.")),
        ),
        Label("game_character", "A rendered character, not a person.", share=0.001),
    ),
)

METADATA_AVAILABILITY = Axis(
    "metadata_availability",
    multi=True,
    labels=(
        Label("licence", "The source names a licence."),
        Label("consent", "The source names why the people shown may be processed."),
        Label("keywords", "The source carries topic words."),
        Label("life", "The footage is attributed to one person's life."),
        Label("viewpoint_hint", "The source says ego or exo."),
        Label("audio", "The file has an audio stream."),
        Label("intrinsics", "The camera's focal length is known, not assumed."),
    ),
)

AXES: tuple[Axis, ...] = (
    SOURCE_TYPE,
    VIEWPOINT,
    TASK_STRUCTURE,
    ENVIRONMENT,
    INTERACTION_STYLE,
    MOTION_CATEGORY,
    METADATA_AVAILABILITY,
)

# Words for places only: an activity ("cooking") does not prove a place, and words with a second everyday meaning (bar,
# court, car) are left out. Phrases match as whole words, in singular or plural; the words inside a matched phrase do not
# count a second time.
ENVIRONMENT_WORDS: Mapping[str, tuple[str, ...]] = {
    "home": ("home", "house", "household", "apartment", "flat interior", "domestic"),
    "home/kitchen": ("kitchen", "kitchen counter"),
    "home/living": ("living room", "lounge", "sofa"),
    "home/bathroom": ("bathroom", "toilet", "shower room"),
    "home/bedroom": ("bedroom",),
    "home/other_indoor": ("hallway", "laundry room", "garage", "cellar", "basement", "attic"),
    "industrial_construction": ("factory", "workshop", "warehouse", "construction site", "assembly line", "production line"),
    "work_study": ("office", "desk", "classroom", "school", "university", "laboratory", "lab", "library", "lecture hall"),
    "outdoor": (
        "outdoor", "outside", "street", "city walk", "walking tour", "park", "garden", "forest", "beach", "mountain",
        "hiking", "trail", "field work", "farm", "pavement", "sidewalk",
    ),
    "retail": ("shop", "store", "supermarket", "grocery", "mall", "marketplace", "street market"),
    "transportation": (
        "bus", "buses", "train", "tram", "railway station", "train station", "airport", "vehicle", "driving", "cockpit",
    ),
    "dining": ("restaurant", "cafe", "coffee shop", "canteen", "diner", "commercial kitchen", "restaurant kitchen"),
    "medical_service": ("hospital", "clinic", "surgery", "operating room", "pharmacy", "dentist", "hair salon", "barber shop"),
    "sports_recreation": (
        "gym", "stadium", "football pitch", "tennis court", "basketball court", "swimming pool", "playground", "sports hall",
    ),
}  # fmt: skip

MOTION_WORDS: Mapping[str, tuple[str, ...]] = {
    "daily_activities/food_preparation": ("cooking", "cook", "baking", "food preparation", "meal preparation", "chopping"),
    "daily_activities/cleaning": ("cleaning", "washing", "tidying", "dishwashing", "ironing", "folding laundry", "vacuuming"),
    "daily_activities/assembly_repair": (
        "assembly", "assembling", "disassembly", "repair", "repairing", "crafting", "soldering", "woodworking", "sewing",
    ),
    "daily_activities/desk_work": ("typing", "handwriting", "writing", "reading"),
    "social_leisure/communication": ("sign language", "conversation", "interview", "gesture", "talking", "presentation"),
    "social_leisure/performance": ("dance", "dancing", "piano", "guitar", "acting", "juggling act", "concert"),
    "social_leisure/games": ("board game", "card game", "chess", "puzzle"),
    "locomotion/walking": ("walking", "city walk", "walking tour", "running", "jogging"),
    "locomotion/riding": ("cycling", "driving", "motorcycling", "horse riding"),
    "fitness_outdoor/workout": ("workout", "yoga", "fitness", "weight lifting", "gymnastics"),
    "fitness_outdoor/outdoor_activity": ("hiking", "climbing", "gardening", "camping"),
    "sports/ball_sports": ("soccer", "football", "basketball", "tennis", "volleyball", "baseball", "golf"),
    "sports/other_sports": ("skiing", "swimming", "boxing", "martial arts", "fencing", "skateboarding"),
    "game_character": ("video game", "game character", "gameplay"),
}  # fmt: skip

_NEGATIONS = frozenset({"no", "not", "non", "without"})


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _singular(word: str) -> str:
    """Crude and only ever applied to both sides alike: shops and shop, libraries and library, houses and house."""
    for ending, replacement in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("s", "")):
        if word.endswith(ending) and not word.endswith("ss") and len(word) > len(ending) + 2:
            return word[: -len(ending)] + replacement
    return word


def _phrases(table: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, ...], set[str]]:
    phrases: dict[tuple[str, ...], set[str]] = {}
    for path, texts in table.items():
        for text in texts:
            phrases.setdefault(tuple(map(_singular, _words(text))), set()).add(path)
    return phrases


_PHRASES = {axis.name: _phrases(words) for axis, words in ((ENVIRONMENT, ENVIRONMENT_WORDS), (MOTION_CATEGORY, MOTION_WORDS))}


def labels_from_keywords(axis: Axis, keywords: Iterable[Any] | None) -> list[str]:
    """Labels of `axis` that a source's keywords name, without parents; empty when they name none.

    Only environment and motion category have word lists. A keyword in which no, not, non or without occurs is ignored, and
    where phrases overlap the longest one counts ("restaurant kitchen" is dining, not home/kitchen).

    Args:
        axis: `ENVIRONMENT` or `MOTION_CATEGORY`.
        keywords: The source's topic words; anything that is not a string is ignored.
    """
    phrases = _PHRASES[axis.name]
    longest = max(map(len, phrases))
    found: set[str] = set()
    for keyword in keywords or ():
        words = list(map(_singular, _words(keyword))) if isinstance(keyword, str) else []
        if _NEGATIONS.intersection(words):
            continue
        position = 0
        while position < len(words):
            for size in range(min(longest, len(words) - position), 0, -1):
                if paths := phrases.get(tuple(words[position : position + size])):
                    found |= paths
                    position += size
                    break
            else:
                position += 1
    return sorted(found)
