"""Text for screens: plain English sentences, names, numbers and lines of code, drawn from fixed words by a generator."""

from __future__ import annotations

import numpy as np

NOUNS: tuple[str, ...] = (
    "account", "address", "agreement", "answer", "archive", "article", "autumn", "balance", "basket", "bicycle", "board",
    "bridge", "budget", "building", "calendar", "camera", "carrot", "chapter", "charger", "city", "coffee", "colour",
    "column", "comment", "contract", "corner", "country", "cupboard", "customer", "daughter", "delivery", "department",
    "design", "dinner", "direction", "doctor", "document", "drawer", "engine", "evening", "example", "exercise", "factory",
    "family", "farmer", "festival", "figure", "folder", "forest", "garden", "harbour", "harvest", "history", "holiday",
    "hospital", "invoice", "island", "journey", "kitchen", "ladder", "lamp", "language", "letter", "library", "machine",
    "market", "meadow", "measure", "meeting", "message", "method", "minute", "morning", "mountain", "museum", "neighbour",
    "network", "notebook", "number", "office", "orchard", "order", "package", "painter", "paper", "pattern", "picture",
    "pilot", "plan", "platform", "price", "printer", "problem", "project", "question", "railway", "recipe", "record",
    "region", "report", "result", "river", "schedule", "school", "season", "sentence", "service", "shelf", "signal",
    "station", "storage", "story", "street", "student", "summer", "supplier", "surface", "system", "table", "teacher",
    "theatre", "ticket", "timber", "traffic", "train", "valley", "version", "village", "visitor", "volume", "warehouse",
    "water", "weather", "window", "winter", "workshop",
)  # fmt: skip
VERBS: tuple[str, ...] = (
    "answers", "arranges", "arrives at", "begins with", "belongs to", "builds", "carries", "changes", "checks", "closes",
    "collects", "compares", "contains", "copies", "covers", "crosses", "describes", "draws", "explains", "finds", "follows",
    "holds", "improves", "keeps", "leads to", "learns from", "leaves", "measures", "moves near", "needs", "opens", "orders",
    "paints", "passes", "plans", "prepares", "prints", "reads", "receives", "repairs", "replaces", "returns to", "sells",
    "sends", "shows", "sorts", "stores", "supports", "tests", "turns towards", "visits", "waits for", "watches", "weighs",
    "writes about",
)  # fmt: skip
ADJECTIVES: tuple[str, ...] = (
    "annual", "bright", "broad", "careful", "clear", "cold", "common", "correct", "daily", "deep", "early", "easy", "empty",
    "fair", "final", "fresh", "full", "general", "gentle", "green", "heavy", "helpful", "honest", "large", "late", "local",
    "long", "modern", "narrow", "new", "northern", "old", "open", "plain", "private", "public", "quick", "quiet", "ready",
    "recent", "red", "regular", "rich", "round", "second", "short", "silver", "simple", "small", "smooth", "southern",
    "steady", "strong", "sudden", "tall", "third", "useful", "warm", "weekly", "white", "wide", "wooden", "yellow", "young",
)  # fmt: skip
LINKS: tuple[str, ...] = ("and", "but", "because", "while", "although", "so", "when", "before", "after", "until")
NAMES: tuple[str, ...] = (
    "Anna Berg", "Tom Fisher", "Maria Lopez", "Kofi Mensah", "Yuki Tanaka", "Peter Novak", "Leila Haddad", "Sam Carter",
    "Ines Costa", "Ravi Patel", "Emma Lind", "Omar Aziz", "Clara Weiss", "Noah Green", "Mina Park", "Luca Rossi",
)  # fmt: skip
MONTHS: tuple[str, ...] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def pick(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    """One of the words."""
    return words[int(rng.integers(len(words)))]


def phrase(rng: np.random.Generator) -> str:
    """A noun with an adjective: `quiet harbour`."""
    return f"{pick(rng, ADJECTIVES)} {pick(rng, NOUNS)}"


def title(rng: np.random.Generator) -> str:
    """A heading: `The quiet harbour`, `Annual budget and delivery`."""
    if rng.random() < 0.5:
        return f"The {phrase(rng)}"
    return f"{phrase(rng).capitalize()} and {pick(rng, NOUNS)}"


def sentence(rng: np.random.Generator) -> str:
    """A sentence of one or two clauses."""
    text = _clause(rng)
    if rng.random() < 0.45:
        text += f" {pick(rng, LINKS)} {_clause(rng)}"
    return text[0].upper() + text[1:] + "."


def paragraph(rng: np.random.Generator) -> str:
    """Three to seven sentences."""
    return " ".join(sentence(rng) for _ in range(int(rng.integers(3, 8))))


def _clause(rng: np.random.Generator) -> str:
    article = ("the", "a", "this", "every", "our")[int(rng.integers(5))]
    subject = phrase(rng) if rng.random() < 0.5 else pick(rng, NOUNS)
    if article == "a" and subject[0] in "aeiou":
        article = "an"
    return f"{article} {subject} {pick(rng, VERBS)} the {pick(rng, NOUNS)}"


def code(rng: np.random.Generator, lines: int) -> list[str]:
    """That many lines of Python that reads well and does nothing in particular."""
    result: list[str] = [f"import {name}" for name in ("math", "json")] + [""]
    while len(result) < lines:
        thing, other, measure = pick(rng, NOUNS), pick(rng, NOUNS), pick(rng, ("total", "count", "length", "weight", "price"))
        number = int(rng.integers(2, 90))
        result += [
            f"def {pick(rng, ('load', 'sort', 'count', 'merge', 'check', 'print'))}_{thing}({other}, limit={number}):",
            f'    """{sentence(rng)}"""',
            f"    {measure} = 0",
            f"    for item in {other}:",
            f"        if item.{thing} > limit:",
            f"            {measure} += item.{pick(rng, NOUNS)}",
        ]
        if rng.random() < 0.5:
            result += ["        else:", f"            # {sentence(rng)}", f"            {other}.remove(item)"]
        result += [f"    return {measure} / {number}.0", "", ""]
    return result[:lines]
