"""What an instruction asks for, as a verb and a thing: for counting how diverse data are (HumanScale counts verb-object pairs).

Rules over word lists, no parser: the first word that is a form of a known manipulation verb, and the last word of the noun
phrase after it. "Pick up the red cup from the shelf" gives (pick, cup). Instructions in other languages give nothing.
"""

from __future__ import annotations

import re

VERBS = frozenset({
    "adjust", "arrange", "assemble", "attach", "bend", "bring", "brush", "carry", "catch", "chop", "clean", "close",
    "collect", "connect", "cook", "cover", "crush", "cut", "detach", "disassemble", "drag", "draw", "drop", "empty",
    "erase", "fasten", "fetch", "fill", "flip", "fold", "get", "give", "grab", "grasp", "hammer", "hang", "heat",
    "hold", "insert", "install", "knead", "lay", "lift", "load", "lock", "lower", "mix", "mop", "move", "open",
    "operate", "pack", "paint", "pass", "peel", "pick", "place", "plug", "polish", "pour", "press", "pull", "push",
    "put", "raise", "reach", "remove", "repair", "replace", "rinse", "roll", "rotate", "scoop", "screw", "scrub",
    "seal", "separate", "set", "sew", "shake", "sharpen", "shut", "slice", "slide", "sort", "spread", "sprinkle",
    "squeeze", "stack", "stir", "sweep", "swing", "switch", "take", "tap", "tear", "throw", "tie", "tighten", "tilt",
    "touch", "transfer", "transport", "turn", "twist", "unfold", "unload", "unlock", "unpack", "unplug", "unscrew",
    "untie", "unwrap", "use", "wash", "weigh", "wipe", "wrap", "wring", "write", "zip",
})  # fmt: skip
"""Manipulation verbs. Our list, synonyms not merged; verbs that are nouns more often (hand, water, iron) are left out."""

_STATES = frozenset({"closed", "open", "shut", "upright"})
_PARTICLES = frozenset({"up", "down", "out", "off", "away", "back", "together", "over", "for"})
_DETERMINERS = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "its", "their", "his", "her", "your", "my", "some", "one", "two",
    "three", "both", "all", "each", "every", "another", "other", "of",
})  # fmt: skip
_END = frozenset({
    "about", "above", "across", "after", "against", "and", "around", "as", "at", "before", "behind", "below", "beside",
    "between", "by", "from", "in", "inside", "into", "near", "next", "on", "onto", "or", "outside", "so", "than",
    "then", "through", "to", "toward", "towards", "under", "until", "using", "when", "where", "which", "while", "with",
    "without",
}) | _PARTICLES | _STATES  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|[,.;:!?]", re.UNICODE)


def verb_and_noun(text: str) -> tuple[str | None, str | None]:
    """The first manipulation verb of a text in its base form, and the thing it acts on; None where there is none."""
    words = _WORD.findall(text.casefold())
    for index, word in enumerate(words):
        verb = _verb(word)
        if verb is not None:
            noun = _head(words[index + 1 :])
            return verb, noun
    return None, None


def _verb(word: str) -> str | None:
    """The known verb a word is a form of."""
    forms = [word]
    for ending in ("s", "es", "ing", "ed", "d"):
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            forms += [stem, f"{stem}e"]
            if len(stem) > 2 and stem[-1] == stem[-2]:
                forms.append(stem[:-1])
            if stem.endswith("i"):
                forms.append(f"{stem[:-1]}y")
    return next((form for form in forms if form in VERBS), None)


def _head(words: list[str]) -> str | None:
    """Last word of the noun phrase at the beginning of some words; particles of the verb before it are passed over."""
    rest = iter(words)
    head: str | None = None
    for word in rest:
        if not word[0].isalpha():
            break
        if head is None and word in _PARTICLES:
            continue
        if word in _END:
            break
        if word not in _DETERMINERS and not word.endswith("ly"):
            head = word
    return head
