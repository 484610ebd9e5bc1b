"""Programs on a screen: something to read, slides, a video player, a terminal. Each is planned once and painted by time.

An app's `state` at a time is small and comparable; `paint` makes its picture. Equal states have equal pictures, so that a
still screen costs nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Hashable

import numpy as np

from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.nobody.screen.paint import FAINT, INK, Canvas, Color, chart, photograph, wrap
from humannet_assets.simulator.nobody.screen.words import MONTHS, NAMES, paragraph, phrase, pick, sentence, title
from humannet_assets.simulator.world import RGB

_TABS = ("Home", "News", "Search", "Shop", "About", "Help")


class App(ABC):
    """What fills a window for a while: `size` (width, height) pixels, `title` of its window."""

    full_screen_share = 0.0
    """How often it is shown without window and task bar, 0..1."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], duration_s: float) -> None:
        self.size = size
        self.clicks: list[tuple[float, float, float]] = []
        """Where its user clicks: seconds, x, y."""
        self.changes: list[float] = []
        """Times at which all it shows is replaced at once."""
        self._last: tuple[Hashable, RGB] | None = None
        self.title = self.plan(rng, duration_s)

    @abstractmethod
    def plan(self, rng: np.random.Generator, duration_s: float) -> str:
        """Draw what will be shown for that long; returns the title of the window."""

    @abstractmethod
    def state(self, time_s: float) -> Hashable:
        """What decides the picture at that time since the app came up."""

    @abstractmethod
    def paint(self, state: Hashable) -> RGB:
        """The picture of a state."""

    def picture(self, time_s: float) -> RGB:
        """The picture (height, width, 3) at that time."""
        state = self.state(time_s)
        if self._last is None or self._last[0] != state:
            self._last = (state, self.paint(state))
        return self._last[1]


class Page(App):
    """An article, scrolled by wheel: a few notches, then a while of reading."""

    def plan(self, rng: np.random.Generator, duration_s: float) -> str:  # noqa: D102
        heading = title(rng)
        self._page = self._write(rng, heading, screens=1 + duration_s / 8)
        furthest = len(self._page) - self.size[1]
        self._scroll = Path(np.zeros(3)).rest(float(rng.uniform(0.4, 2.0)))
        while self._scroll.time_s < duration_s:
            way = 1 if rng.random() < 0.85 else -1
            for _ in range(int(rng.integers(1, 6))):
                goal = float(np.clip(self._scroll.position[0] + way * 96, 0, furthest))
                self._scroll.move((goal, 0, 0), 0.14)
            self._scroll.rest(float(rng.uniform(0.8, 4.5)))
        return f"{heading} - Reader"

    def state(self, time_s: float) -> Hashable:  # noqa: D102
        return round(float(self._scroll.at(time_s)[0]))

    def paint(self, state: Hashable) -> RGB:  # noqa: D102
        assert isinstance(state, int)
        return self._page[state : state + self.size[1]]

    def _write(self, rng: np.random.Generator, heading: str, screens: float) -> RGB:
        """The whole page, several screens high."""
        width, height = self.size
        canvas = Canvas(width, int(height * screens) + height)
        column = min(width - 80, 660)
        left, text_px = (width - column) // 2, int(rng.integers(15, 19))
        link: Color = (24, 84, 180)
        canvas.box(0, 0, width, 46, (int(rng.integers(20, 120)), int(rng.integers(40, 120)), int(rng.integers(60, 160))))
        canvas.text(18, 12, phrase(rng).title(), 19, (255, 255, 255))
        for i in range(4):
            canvas.text(width - 110 * (i + 1), 14, _TABS[int(rng.integers(len(_TABS)))], 15, (235, 235, 240))
        canvas.text(left, 66, heading, 30)
        canvas.text(left, 106, f"{pick(rng, NAMES)}, {int(rng.integers(1, 29))} {pick(rng, MONTHS)}", 14, FAINT)
        y = 140
        while y < canvas.size[1] - 60:
            kind = rng.random()
            if kind < 0.18:
                picture = photograph(rng, column, int(rng.integers(180, 320)))
                canvas.paste(left, y, picture)
                canvas.text(left, y + len(picture) + 6, sentence(rng), 13, FAINT)
                y += len(picture) + 36
            elif kind < 0.26:
                picture = chart(rng, column, 200)
                canvas.paste(left, y, picture)
                y += 220
            elif kind < 0.42:
                canvas.text(left, y, title(rng), 22)
                y += 36
            elif kind < 0.55:
                for _ in range(int(rng.integers(3, 6))):
                    canvas.disc(left + 10, y + 10, 3, INK)
                    canvas.text(left + 24, y, wrap(sentence(rng), text_px, column - 30)[0], text_px, link)
                    y += round(text_px * 1.6)
                y += 10
            else:
                for line in wrap(paragraph(rng), text_px, column):
                    canvas.text(left, y, line, text_px)
                    y += round(text_px * 1.45)
                y += 14
        return canvas.picture()


class Slides(App):
    """A talk's slides over the whole screen, each for a few seconds; every change replaces the picture."""

    full_screen_share = 1.0

    def plan(self, rng: np.random.Generator, duration_s: float) -> str:  # noqa: D102
        self._starts, self._pictures, at = [0.0], [], 0.0
        light = rng.random() < 0.7
        self._ground: Color = (250, 250, 248) if light else (24, 30, 44)
        self._ink: Color = INK if light else (236, 238, 242)
        self._accent: Color = (int(rng.integers(20, 220)), int(rng.integers(40, 150)), int(rng.integers(40, 200)))
        while True:
            self._pictures.append(self._slide(rng, len(self._pictures)))
            at += float(rng.uniform(2.5, 9.0))
            if at > duration_s - 1:
                break
            self._starts.append(at)
        self.changes = self._starts[1:]
        return "Slides"

    def state(self, time_s: float) -> Hashable:  # noqa: D102
        return bisect_right(self._starts, max(time_s, 0.0)) - 1

    def paint(self, state: Hashable) -> RGB:  # noqa: D102
        assert isinstance(state, int)
        return self._pictures[state]

    def _slide(self, rng: np.random.Generator, number: int) -> RGB:
        width, height = self.size
        canvas = Canvas(width, height, self._ground)
        unit = height / 20
        if number == 0:
            canvas.box(0, 8 * unit, width, 0.3 * unit, self._accent)
            canvas.text(2 * unit, 5 * unit, title(rng), round(min(2.2 * unit, width / 22)), self._ink)
            canvas.text(2 * unit, 9 * unit, pick(rng, NAMES), round(1.1 * unit), FAINT)
            return canvas.picture()
        canvas.text(1.2 * unit, 0.9 * unit, title(rng), round(min(1.7 * unit, width / 22)), self._ink)
        canvas.box(1.2 * unit, 3.3 * unit, 4 * unit, 0.2 * unit, self._accent)
        kind = rng.random()
        half = width / 2 if kind < 0.6 else width
        y = 4.6 * unit
        for _ in range(int(rng.integers(3, 6))):
            canvas.disc(1.6 * unit, y + 0.55 * unit, 0.16 * unit, self._accent)
            for line in wrap(sentence(rng), round(0.95 * unit), half - 4 * unit)[:3]:
                canvas.text(2.3 * unit, y, line, round(0.95 * unit), self._ink)
                y += 1.25 * unit
            y += 0.5 * unit
            if y > 16.5 * unit:
                break
        if kind < 0.6:
            make = photograph if kind < 0.3 else chart
            canvas.paste(int(width / 2 + unit), round(5 * unit), make(rng, int(width / 2 - 2 * unit), round(11 * unit)))
        canvas.text(width - 2 * unit, 18.8 * unit, str(number + 1), round(0.8 * unit), FAINT)
        return canvas.picture()


class Player(App):
    """A film with its controls: a landscape passes by, a few things in front faster than the rest."""

    full_screen_share = 0.3
    rate_hz = 24.0

    def plan(self, rng: np.random.Generator, duration_s: float) -> str:  # noqa: D102
        self._duration_s = max(duration_s, 1.0)
        width, height = self.size
        self._film = photograph(rng, width * 3, height)
        self._speed = float(rng.uniform(20, 90))
        posts = range(5)
        self._posts = [(rng.uniform(0, 4 * width), int(rng.integers(6, 22)), tuple(rng.integers(20, 90, 3))) for _ in posts]
        self._bar_px = 34
        return f"{title(rng)} - Player"

    def state(self, time_s: float) -> Hashable:  # noqa: D102
        return int(time_s * self.rate_hz)

    def paint(self, state: Hashable) -> RGB:  # noqa: D102
        assert isinstance(state, int)
        width, height = self.size
        time_s = state / self.rate_hz
        shift = round(self._speed * time_s)
        # To and fro over the strip, so that it never jumps.
        span = self._film.shape[1] - width
        turn = shift % (2 * span)
        left = turn if turn <= span else 2 * span - turn
        picture = self._film[:, left : left + width].copy()
        for at, thickness, color in self._posts:
            x = int((at - 4 * shift) % (4 * width))
            picture[height // 3 : height - self._bar_px, x : x + thickness] = color
        picture[height - self._bar_px :] //= 3
        done = 60 + round((width - 120) * min(time_s / self._duration_s, 1))
        middle = height - self._bar_px // 2
        picture[middle - 2 : middle + 2, 60 : width - 60] = 150
        picture[middle - 2 : middle + 2, 60:done] = (220, 60, 50)
        picture[middle - 8 : middle + 8, 22:28] = picture[middle - 8 : middle + 8, 34:40] = 230
        return picture


class Terminal(App):
    """Lines of a long job's log that scroll up, in bursts."""

    def plan(self, rng: np.random.Generator, duration_s: float) -> str:  # noqa: D102
        self._line_px, self._text_px = 20, 15
        self._times: list[float] = []
        self._lines: list[str] = []
        at = 0.3
        while at < duration_s:
            for _ in range(int(rng.integers(1, 9))):
                stamp = f"{int(at) // 60:02d}:{int(at) % 60:02d}"
                done = pick(rng, ("read", "sorted", "stored", "checked", "sent"))
                self._lines.append(f"[{stamp}] {done} {phrase(rng)}: {rng.integers(1, 9999)} items")
                self._times.append(at)
                at += float(rng.uniform(0.02, 0.15))
            at += float(rng.exponential(0.8))
        return "Terminal"

    def state(self, time_s: float) -> Hashable:  # noqa: D102
        return bisect_right(self._times, time_s)

    def paint(self, state: Hashable) -> RGB:  # noqa: D102
        assert isinstance(state, int)
        rows = self.size[1] // self._line_px - 1
        canvas = Canvas(*self.size, (18, 18, 22))
        shown = self._lines[max(0, state - rows) : state]
        for i, line in enumerate(shown):
            canvas.text(10, 6 + i * self._line_px, line, self._text_px, (170, 220, 170), mono=True)
        canvas.box(10, 8 + len(shown) * self._line_px, 9, 15, (220, 220, 220))
        return canvas.picture()
