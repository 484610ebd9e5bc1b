"""Verbs and things of instructions."""

from __future__ import annotations

import pytest

from humannet_assets.vla.words import verb_and_noun


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pick up the red cup from the shelf", ("pick", "cup")),
        ("put carrot on plate", ("put", "carrot")),
        ("the left hand is placing a small wooden block into the bowl", ("place", "block")),
        ("He carried both boxes.", ("carry", "boxes")),
        ("push the green drawer shut", ("push", "drawer")),
        ("set the orange block down on the blue plate", ("set", "block")),
        ("stirring", ("stir", None)),
        ("the hand moves slowly", ("move", None)),
        ("walking along a corridor", (None, None)),
        ("", (None, None)),
        ("把杯子放在盘子上", (None, None)),
    ],
)
def test_first_verb_and_what_it_acts_on(text: str, expected: tuple[str | None, str | None]) -> None:
    assert verb_and_noun(text) == expected
