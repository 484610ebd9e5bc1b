"""Programs that are typed into: a letter, source code, a spreadsheet."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable, Iterator

import numpy as np

from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.nobody.screen.apps import App
from humannet_assets.simulator.nobody.screen.paint import FAINT, INK, PAPER, Canvas, Color, chart, font, wrap
from humannet_assets.simulator.nobody.screen.words import MONTHS, NOUNS, code, paragraph, pick, title
from humannet_assets.simulator.world import RGB

_BLINK_S = 0.53
"""Half a period of a caret."""


def keystrokes(rng: np.random.Generator, text: str, start_s: float) -> list[float]:
    """When each character of a text comes: about six a second, slower at the ends of words and sentences.

    Gaps are log-normal around 130 ms as those of practised typists (Dhakal et al., CHI 2018: 238 ms mean, 120 ms for the fast).
    """
    gaps = rng.lognormal(np.log(0.13), 0.45, len(text))
    pause = {" ": 0.06, ".": 0.5, ",": 0.2, "\n": 0.7}
    gaps += [pause.get(character, 0.0) for character in text]
    thinking = rng.random(len(text)) < 0.012
    gaps[thinking] += rng.uniform(1.0, 3.0, int(thinking.sum()))
    return (start_s + np.cumsum(gaps)).tolist()


class Writer(App):
    """A letter on white paper that grows at its end."""

    def plan(self, rng: np.random.Generator, duration_s: float) -> str:  # noqa: D102
        heading = title(rng)
        self._text_px = int(rng.integers(16, 20))
        self._paper = min(self.size[0] - 60, 640)
        width = self._paper - 110
        self._lines = wrap(paragraph(rng), self._text_px, width) + [""]
        self._written = len(self._lines)
        self._times: list[float] = []
        self._heading = heading
        at = float(rng.uniform(0.5, 1.5))
        while at < duration_s:
            for line in [*wrap(paragraph(rng), self._text_px, width), ""]:
                self._lines.append(line)
                # The end of a line counts as a character, so that empty lines take time, too.
                times = keystrokes(rng, line + " ", at)
                self._times += times
                at = times[-1]
        self._ends = np.cumsum([len(line) + 1 for line in self._lines[self._written :]])
        return f"{heading} - Writer"

    def state(self, time_s: float) -> Hashable:  # noqa: D102
        return bisect_right(self._times, time_s), int(time_s / _BLINK_S) % 2

    def paint(self, state: Hashable) -> RGB:  # noqa: D102
        assert isinstance(state, tuple)
        typed, caret = state
        width, height = self.size
        typed = min(typed, len(self._times) - 1)
        row = int(np.searchsorted(self._ends, typed, side="right"))
        begun = typed - (int(self._ends[row - 1]) if row else 0)
        lines = [*self._lines[: self._written + row], self._lines[self._written + row][:begun]]
        step = round(self._text_px * 1.5)
        rows = (height - 190) // step
        canvas = Canvas(width, height, (226, 228, 232))
        left = (width - self._paper) // 2
        canvas.box(0, 0, width, 38, (244, 245, 247))
        for i, name in enumerate(("File", "Edit", "View", "Insert", "Format", "Tools")):
            canvas.text(16 + 70 * i, 10, name, 15)
        canvas.box(left, 56, self._paper, height, PAPER, outline=(200, 202, 206))
        if len(lines) <= rows:
            canvas.text(left + 55, 76, self._heading, 26)
        for i, line in enumerate(lines[-rows:]):
            canvas.text(left + 55, 126 + i * step, line, self._text_px)
        if caret:
            x = left + 56 + font(self._text_px).getlength(lines[-1])
            canvas.box(x, 126 + (min(len(lines), rows) - 1) * step, 2, self._text_px + 3, INK)
        return canvas.picture()


_TOKENS = re.compile(
    r"(?P<comment>#.*)|(?P<string>\"{3}.*|\"[^\"]*\")|(?P<keyword>\b(?:def|for|in|if|else|return|import)\b)|(?P<number>\b[\d.]+\b)|(?P<rest>\w+|\s+|.)"
)
_DARK: dict[str, Color] = {
    "comment": (106, 153, 85), "string": (206, 145, 120), "keyword": (197, 134, 192), "number": (181, 206, 168),
    "rest": (212, 212, 212), "ground": (30, 30, 30), "side": (37, 37, 38), "line": (133, 133, 133), "current": (44, 45, 48),
}  # fmt: skip
_LIGHT: dict[str, Color] = {
    "comment": (0, 128, 0), "string": (163, 21, 21), "keyword": (0, 0, 200), "number": (9, 134, 88), "rest": (20, 20, 20),
    "ground": (255, 255, 255), "side": (243, 243, 243), "line": (140, 150, 160), "current": (238, 242, 248),
}  # fmt: skip


class CodeEditor(App):
    """A source file with a list of files beside it: read by scrolling, then typed into."""

    _line_px, _text_px, _side_px = 21, 15, 150

    def plan(self, rng: np.random.Generator, duration_s: float) -> str:  # noqa: D102
        name = f"{pick(rng, NOUNS)}.py"
        self._colors = _DARK if rng.random() < 0.65 else _LIGHT
        self._files = [f"{pick(rng, NOUNS)}.py" for _ in range(9)]
        self._lines = code(rng, 90)
        self._rows = self.size[1] // self._line_px - 1
        self._row = int(rng.integers(25, 60))
        self._strips: dict[str, RGB] = {}
        self._scroll = Path(np.zeros(3)).rest(float(rng.uniform(0.3, 1.5)))
        goal = self._row - self._rows // 2
        while self._scroll.position[0] < goal:
            self._scroll.move((min(goal, self._scroll.position[0] + 3), 0, 0), 0.1)
            if rng.random() < 0.2:
                self._scroll.rest(float(rng.uniform(0.3, 1.5)))
        self._typed = "\n".join("    " + line for line in code(rng, max(6, int(duration_s / 4)))[3:])
        self._times = keystrokes(rng, self._typed, self._scroll.time_s + 0.6)
        return f"{name} - Editor"

    def state(self, time_s: float) -> Hashable:  # noqa: D102
        return round(float(self._scroll.at(time_s)[0])), bisect_right(self._times, time_s), int(time_s / _BLINK_S) % 2

    def paint(self, state: Hashable) -> RGB:  # noqa: D102
        assert isinstance(state, tuple)
        top, typed, caret = state
        width, height = self.size
        fresh = self._typed[:typed].split("\n")
        top += max(0, self._row + len(fresh) + 4 - top - self._rows)
        lines = [*self._lines[: self._row], *fresh, *self._lines[self._row :]]
        canvas = Canvas(width, height, self._colors["ground"])
        canvas.box(0, 0, self._side_px, height, self._colors["side"])
        for i, name in enumerate(self._files):
            canvas.text(16, 12 + 24 * i, name, 14, self._colors["rest"])
        picture = canvas.picture()
        current = self._row + len(fresh) - 1
        for i, line in enumerate(lines[top : top + self._rows]):
            strip = self._strip(line, top + i + 1, top + i == current)
            picture[i * self._line_px : (i + 1) * self._line_px, self._side_px :] = strip
        if caret and 0 <= current - top < self._rows:
            x = self._side_px + 56 + round(font(self._text_px, True).getlength(fresh[-1]))
            y = (current - top) * self._line_px
            picture[y + 2 : y + 19, x : x + 2] = self._colors["rest"]
        return picture

    def _strip(self, line: str, number: int, current: bool) -> RGB:
        """A line of code with its number, coloured; the same line is drawn once."""
        key = f"{number} {current} {line}"
        if key not in self._strips:
            canvas = Canvas(self.size[0] - self._side_px, self._line_px, self._colors["current" if current else "ground"])
            canvas.text(8, 2, f"{number:4d}", 13, self._colors["line"], mono=True)
            x = 56.0
            for kind, token in _tokens(line):
                canvas.text(x, 1, token, self._text_px, self._colors[kind], mono=True)
                x += font(self._text_px, True).getlength(token)
            self._strips[key] = canvas.picture()
            # What has been typed over is not needed again.
            while len(self._strips) > 400:
                self._strips.pop(next(iter(self._strips)))
        return self._strips[key]


def _tokens(line: str) -> Iterator[tuple[str, str]]:
    for match in _TOKENS.finditer(line):
        yield match.lastgroup or "rest", match.group()


class Sheet(App):
    """A table of numbers into which cell after cell is typed; sums below, a chart beside it."""

    _row_px, _column_px, _text_px = 24, 92, 14

    def plan(self, rng: np.random.Generator, duration_s: float) -> str:  # noqa: D102
        self._columns = min(6, (self.size[0] - 46) // self._column_px)
        self._rows = self.size[1] // self._row_px - 2
        heads = ["Month", *(pick(rng, NOUNS).capitalize() for _ in range(self._columns - 1))]
        known = int(rng.integers(2, self._rows // 2))
        self._cells: dict[tuple[int, int], str] = {(0, c): head for c, head in enumerate(heads)}
        for row in range(1, self._rows):
            self._cells[row, 0] = f"{MONTHS[(row - 1) % 12]} {2020 + (row - 1) // 12}"
            if row < known:
                self._cells.update({(row, c): f"{rng.uniform(1, 9000):.2f}" for c in range(1, self._columns)})
        self._chart = chart(rng, 300, 200)
        self._entries: list[tuple[tuple[int, int], str, list[float]]] = []
        at, cell = float(rng.uniform(0.4, 1.2)), (known, 1)
        while at < duration_s:
            value = f"{rng.uniform(1, 9000):.2f}"
            times = keystrokes(rng, value, at)
            self._entries.append((cell, value, times))
            if rng.random() < 0.25:
                self.clicks.append((at, 46 + (cell[1] + 0.5) * self._column_px, (cell[0] + 1.5) * self._row_px))
            at = times[-1] + float(rng.uniform(0.3, 1.2))
            row, column = cell
            cell = (row, column + 1) if column + 1 < self._columns else (1 + row % (self._rows - 1), 1)
        return f"{title(rng)} - Sheet"

    def state(self, time_s: float) -> Hashable:  # noqa: D102
        entry = max(0, bisect_right(self._entries, time_s, key=lambda entry: entry[2][0]) - 1)
        return entry, bisect_right(self._entries[entry][2], time_s)

    def paint(self, state: Hashable) -> RGB:  # noqa: D102
        assert isinstance(state, tuple)
        entry, typed = state
        cells = self._cells | {cell: value for cell, value, _ in self._entries[:entry]}
        (row, column), value, _ = self._entries[entry]
        cells[row, column] = value[:typed]
        width, height = self.size
        canvas = Canvas(width, height)
        canvas.box(0, 0, width, self._row_px, (236, 238, 240))
        canvas.box(0, 0, 46, height, (236, 238, 240))
        for c in range((width - 46) // self._column_px + 1):
            x = 46 + c * self._column_px
            canvas.line([(x, 0), (x, height)], (208, 211, 215))
            canvas.text(x + 40, 4, chr(65 + c), self._text_px, FAINT)
        for r in range(height // self._row_px):
            y = (r + 1) * self._row_px
            canvas.line([(0, y), (width, y)], (208, 211, 215))
            canvas.text(12, y + 4, str(r + 1), self._text_px, FAINT)
        for (r, c), text in cells.items():
            right = 46 + (c + 1) * self._column_px - 6 - font(self._text_px).getlength(text)
            x = right if r and c else 46 + c * self._column_px + 6
            canvas.text(x, (r + 1) * self._row_px + 4, text, self._text_px, INK)
        canvas.paste(width - 320, height - 220, self._chart)
        x, y = 46 + column * self._column_px, (row + 1) * self._row_px
        right, below = x + self._column_px, y + self._row_px
        canvas.line([(x, y), (right, y), (right, below), (x, below), (x, y)], (26, 115, 60), 2)
        return canvas.picture()
