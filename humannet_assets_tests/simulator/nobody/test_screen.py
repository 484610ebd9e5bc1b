"""Screen recordings: reproducible, readable, moving as screens do, and uncut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from humannet_assets.simulator.nobody import ScreenRecording
from humannet_assets.simulator.nobody.screen.editors import Writer, keystrokes
from humannet_assets.simulator.nobody.screen.paint import font, wrap
from humannet_assets.simulator.nobody.screen.recording import APPS
from humannet_assets.simulator.nobody.screen.words import NOUNS, code, paragraph

SIZE = (320, 240)


def recording(seed: int, seconds: float, **options: tuple[str, ...]) -> ScreenRecording:
    return ScreenRecording(np.random.default_rng(seed), seconds, **options)


def pictures(seed: int, seconds: float, rate: float = 5.0, **options: tuple[str, ...]) -> list[np.ndarray]:
    return list(recording(seed, seconds, **options).frames(np.arange(0, seconds, 1 / rate).tolist(), *SIZE))


def test_the_same_seed_gives_the_same_pictures_and_others_differ() -> None:
    first, again, other = pictures(1, 8), pictures(1, 8), pictures(2, 8)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert all(picture.shape == (240, 320, 3) and picture.dtype == np.uint8 for picture in first)
    assert np.abs(first[0].astype(int) - other[0]).mean() > 5


def test_one_recording_can_be_played_twice() -> None:
    shown = recording(3, 8)
    times = [0.0, 2.5, 7.9]
    for a, b in zip(shown.frames(times, *SIZE), shown.frames(times, *SIZE), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("app", APPS)
def test_every_app_shows_something_that_changes(app: str) -> None:
    found = pictures(11, 14, rate=3.0, apps=(app,))
    assert found[-1].std() > 10
    steps = [float(np.abs(a.astype(int) - b).mean()) for a, b in pairwise(found)]
    assert sum(step > 0.01 for step in steps) >= 3
    # Most of a screen stands still most of the time; a film inside does not.
    assert np.median(steps) < (40 if app == "player" else 3)


def test_nothing_is_in_the_truth_but_time() -> None:
    shown = recording(4, 4)
    assert (shown.viewpoint, shown.human_centric, shown.vertical_fov_deg) == ("none", False, 0.0)
    frames = list(shown.render(SIZE, [0.0, 0.5], offset_s=2.0))
    assert [frame.truth.time_s for frame in frames] == [2.0, 2.5]
    assert frames[0].truth.camera is None
    assert frames[0].depth_m is None
    assert shown.segments(0, 4) == shown.touches(0, 4) == []
    assert shown.truth(0, 8).scene == "screen_recording"


@pytest.mark.parametrize(("seed", "apps"), [(7, tuple(APPS)), (3, ("slides", "terminal"))])
def test_cuts_are_where_the_whole_picture_is_replaced(seed: int, apps: tuple[str, ...]) -> None:
    shown, times = recording(seed, 60, apps=apps), np.arange(0, 60, 0.25).tolist()
    cuts = shown.cut_frames(SIZE, times)
    assert cuts == sorted(set(cuts))
    assert len(cuts) >= 4
    found = list(shown.frames(times, *SIZE))
    changed = np.array([(np.abs(a.astype(int) - b).max(2) > 8).mean() for a, b in pairwise(found)])
    at_cuts = changed[np.array(cuts) - 1]
    assert at_cuts.min() > 0.02  # slides of one talk share their ground
    assert np.median(at_cuts) > 0.1
    # Nothing else replaces nearly all of the picture.
    assert np.delete(changed, np.array(cuts) - 1).max() < 0.85


def test_slides_are_cuts_and_a_single_article_has_none() -> None:
    times = np.arange(0, 40, 0.1).tolist()
    slides = recording(6, 40, apps=("slides",)).cut_frames(SIZE, times)
    assert len(slides) >= 5
    page = recording(8, 7.0, apps=("page",))
    assert page.cut_frames(SIZE, np.arange(0, 7, 0.1).tolist()) == []


def test_unknown_apps_are_named() -> None:
    with pytest.raises(KeyError, match="chess"):
        recording(0, 5, apps=("chess",))


def test_text_is_made_of_words_and_fits() -> None:
    rng = np.random.default_rng(0)
    text = paragraph(rng)
    assert text[0].isupper()
    assert text.endswith(".")
    assert sum(word.strip(".,").lower() in NOUNS for word in text.split()) >= 5
    lines = wrap(text, 16, 300)
    assert " ".join(lines) == text
    assert max(font(16).getlength(line) for line in lines) <= 300
    compile("\n".join(code(rng, 60)[:-1]).rsplit("\ndef ", 1)[0], "screen", "exec")


def test_typing_takes_time_and_never_goes_back() -> None:
    times = keystrokes(np.random.default_rng(0), "The quick harbour. " * 20, 1.0)
    assert times[0] >= 1.0
    assert (np.diff(times) > 0).all()
    assert 2 < len(times) / (times[-1] - times[0]) < 8
    writer = Writer(np.random.default_rng(1), (600, 400), 60.0)
    typed = [writer.state(t)[0] for t in range(0, 60, 5)]  # pyright: ignore[reportIndexIssue]
    assert typed == sorted(typed)
    assert typed[-1] > typed[0] + 80
