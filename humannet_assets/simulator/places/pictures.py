"""Pictures of what rooms have on their walls and fronts: doors, cupboards, windows, boards, screens, posters.

Every function takes a generator and returns a picture, uint8 (height, width, 3), the same for the same seed. People and
faces are never drawn: nobody is there unless an actor is.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from humannet_assets.simulator.places.canvas import Canvas
from humannet_assets.simulator.places.colors import cool, darker, earth, green, grey, muted, pale, vivid
from humannet_assets.simulator.textures import Color, Picture

Moment = Literal["day", "evening"]
Outlook = Literal["street", "garden", "yard"]

_BRASS: Color = (0.72, 0.62, 0.38)
_STEEL: Color = (0.72, 0.73, 0.75)
_DARK: Color = (0.12, 0.12, 0.14)


def cabinet(rng: np.random.Generator, color: Color, columns: int = 3, rows: int = 1, drawers: int = 0) -> Picture:
    """Doors side by side (and one above the other); the first `drawers` columns have four drawers instead."""
    canvas = Canvas(darker(color, 0.4), (192, 256))
    knob = _BRASS if rng.random() < 0.4 else _STEEL
    framed = rng.random() < 0.5
    for column in range(columns):
        parts = 4 if column < drawers else rows
        for row in range(parts):
            x0, x1 = (column + 0.02) / columns, (column + 0.98) / columns
            y0, y1 = (row + 0.02) / parts, (row + 0.98) / parts
            canvas.panel(x0, y0, x1, y1, color)
            if framed:
                inset = 0.14 / columns
                canvas.frame(x0 + inset, y0 + inset * 0.8, x1 - inset, y1 - inset * 0.8, darker(color, 0.75))
            if column < drawers:
                canvas.rect((x0 + x1) / 2 - 0.03, (y0 + y1) / 2 - 0.012, (x0 + x1) / 2 + 0.03, (y0 + y1) / 2 + 0.012, knob)
            else:
                x = x1 - 0.03 if column % 2 == 0 else x0 + 0.02
                canvas.rect(x, y0 + 0.3 * (y1 - y0), x + 0.012, y0 + 0.55 * (y1 - y0), knob)
    canvas.grain(rng, 0.035, 0.7)
    return canvas.picture()


def door(rng: np.random.Generator, color: Color, glazed: bool = False) -> Picture:
    """A door leaf with panels or a pane, a handle and a frame."""
    canvas = Canvas(darker(color, 1.25), (256, 128))
    canvas.panel(0.08, 0.04, 0.92, 1.0, color, 0.02)
    if glazed:
        canvas.rect(0.2, 0.1, 0.8, 0.6, (0.5, 0.58, 0.6))
        canvas.polygon([(0.3, 0.1), (0.5, 0.1), (0.2, 0.5), (0.2, 0.35)], (0.66, 0.72, 0.74))
    else:
        for y0, y1 in ((0.1, 0.42), (0.5, 0.92)):
            canvas.panel(0.2, y0, 0.8, y1, darker(color, 0.92), 0.02)
    canvas.rect(0.80, 0.5, 0.85, 0.58, _STEEL)
    canvas.rect(0.68, 0.515, 0.85, 0.53, _STEEL)
    canvas.grain(rng, 0.04)
    return canvas.picture()


def fridge(rng: np.random.Generator, color: Color) -> Picture:
    """Two doors with handles; notes and magnets hang on it."""
    canvas = Canvas(darker(color, 0.5), (256, 128))
    canvas.panel(0.01, 0.0, 0.99, 0.31, color, 0.015)
    canvas.panel(0.01, 0.32, 0.99, 0.98, color, 0.015)
    for y0, y1 in ((0.12, 0.29), (0.34, 0.56)):
        canvas.rect(0.07, y0, 0.11, y1, _STEEL)
    for _ in range(int(rng.integers(3, 8))):
        x, y = rng.uniform(0.2, 0.75), rng.uniform(0.36, 0.7)
        paper = pale(rng)
        canvas.rect(x, y, x + 0.2, y + 0.1, paper)
        canvas.writing(rng, x + 0.02, y + 0.015, x + 0.18, y + 0.09, darker(paper, 0.3), 3)
        canvas.ellipse(x + 0.1, y, 0.03, 0.015, vivid(rng))
    canvas.grain(rng, 0.02)
    return canvas.picture()


def oven(rng: np.random.Generator, color: Color) -> Picture:
    """Knobs and clock above a glass door with racks."""
    canvas = Canvas(color, (128, 128))
    for x in (0.12, 0.24, 0.36, 0.76, 0.88):
        canvas.ellipse(x, 0.09, 0.035, 0.035, _DARK)
        canvas.rect(x - 0.005, 0.06, x + 0.005, 0.09, (0.9, 0.9, 0.9))
    canvas.rect(0.45, 0.05, 0.66, 0.13, _DARK)
    canvas.writing(rng, 0.5, 0.06, 0.62, 0.12, (0.3, 0.9, 0.6), 1)
    canvas.rect(0.08, 0.2, 0.92, 0.235, _STEEL)
    canvas.panel(0.08, 0.27, 0.92, 0.92, _DARK, 0.015)
    for y in (0.42, 0.58, 0.74):
        canvas.rect(0.14, y, 0.86, y + 0.012, (0.35, 0.33, 0.3))
    canvas.grain(rng, 0.03)
    return canvas.picture()


def washer(rng: np.random.Generator, color: Color = (0.86, 0.87, 0.88)) -> Picture:
    """A front-loading washing machine."""
    canvas = Canvas(color, (128, 128))
    canvas.frame(0, 0, 1, 1, darker(color, 0.7), 0.015)
    canvas.rect(0.04, 0.04, 0.36, 0.16, darker(color, 0.9))
    canvas.ellipse(0.5, 0.1, 0.05, 0.05, darker(color, 0.5))
    canvas.rect(0.62, 0.06, 0.92, 0.14, _DARK)
    canvas.ellipse(0.5, 0.58, 0.33, 0.33, darker(color, 0.55))
    canvas.ellipse(0.5, 0.58, 0.27, 0.27, (0.2, 0.23, 0.27))
    for _ in range(7):
        x, y = rng.uniform(0.36, 0.64), rng.uniform(0.55, 0.74)
        canvas.ellipse(x, y, 0.07, 0.05, muted(rng))
    return canvas.picture()


def window(rng: np.random.Generator, moment: Moment, outlook: Outlook, color: Color = (0.9, 0.9, 0.88)) -> Picture:
    """What is seen through a window, behind its frame and bars."""
    day = moment == "day"
    light = 1.0 if day else 0.22
    canvas = Canvas((0, 0, 0), (192, 192))
    top, low = ((0.55, 0.72, 0.92), (0.86, 0.91, 0.95)) if day else ((0.07, 0.09, 0.2), (0.42, 0.28, 0.26))
    share = np.linspace(0, 1, canvas.height)[:, None, None]
    canvas.pixels[:] = np.asarray(top) * (1 - share) + np.asarray(low) * share
    if outlook == "garden":
        canvas.rect(0, 0.68, 1, 1, darker((0.42, 0.55, 0.28), light))
        for _ in range(9):
            x, y, r = rng.uniform(0, 1), rng.uniform(0.35, 0.75), rng.uniform(0.07, 0.2)
            leaf = darker(green(rng), light * 1.2)
            canvas.rect(x - 0.015, y, x + 0.015, 0.85, darker((0.3, 0.22, 0.15), light))
            for _ in range(5):
                bough = darker(leaf, rng.uniform(0.7, 1.3))
                canvas.ellipse(x + rng.normal(0, r / 2), y + rng.normal(0, r / 2), r * 0.7, r * 0.6, bough)
        fence = darker((0.6, 0.5, 0.4), light)
        for x in np.arange(0, 1, 0.06):
            canvas.rect(x, 0.78, x + 0.035, 0.95, fence)
    else:
        x = -rng.uniform(0, 0.2)
        while x < 1:
            wide, high = rng.uniform(0.2, 0.45), rng.uniform(0.05, 0.45 if outlook == "street" else 0.15)
            house = darker(earth(rng), light)
            canvas.rect(x, high, x + wide, 1, house)
            canvas.polygon(
                [(x - 0.02, high), (x + wide / 2, high - 0.12), (x + wide + 0.02, high)], darker((0.5, 0.25, 0.2), light)
            )
            for u in np.arange(x + 0.03, x + wide - 0.06, 0.085):
                for v in np.arange(high + 0.05, 0.9, 0.14):
                    lit = not day and rng.random() < 0.4
                    canvas.rect(
                        u, v, u + 0.045, v + 0.08, (0.98, 0.85, 0.5) if lit else darker((0.3, 0.36, 0.44), 0.4 + light / 2)
                    )
            x += wide + 0.01
        canvas.rect(0, 0.93, 1, 1, darker((0.4, 0.4, 0.4), light))
    canvas.grain(rng, 0.05, 0.5)
    canvas.frame(0, 0, 1, 1, color, 0.055)
    canvas.rect(0.475, 0, 0.525, 1, color)
    if rng.random() < 0.6:
        canvas.rect(0, 0.36, 1, 0.39, color)
    return canvas.picture()


def curtain(rng: np.random.Generator, color: Color) -> Picture:
    """Folds of cloth, perhaps with a pattern."""
    x = np.linspace(0, 1, 128)[None, :]
    folds = 0.25 * np.sin(2 * np.pi * (x * 7 + 0.15 * np.sin(2 * np.pi * 3 * x + rng.uniform(0, 6))))
    canvas = Canvas(color, (128, 128))
    if rng.random() < 0.5:
        pattern = vivid(rng)
        for _ in range(40):
            canvas.ellipse(rng.uniform(0, 1), rng.uniform(0, 1), 0.03, 0.03, pattern)
    canvas.pixels *= 1 + folds[..., None]
    canvas.grain(rng, 0.04)
    return canvas.picture()


def painting(rng: np.random.Generator) -> Picture:
    """A framed picture: hills under a sky, shapes, or a still life."""
    canvas = Canvas(pale(rng), (160, 192))
    style = int(rng.integers(3))
    if style == 0:
        canvas.rect(0, 0, 1, 0.5, (0.55, 0.7, 0.88))
        canvas.ellipse(rng.uniform(0.2, 0.8), 0.22, 0.07, 0.08, (0.98, 0.85, 0.5))
        for level in np.linspace(0.4, 0.8, 4):
            ridge = [(x, level + 0.1 * np.sin(9 * x + rng.uniform(0, 6)) * rng.uniform(0.4, 1)) for x in np.linspace(0, 1, 24)]
            canvas.polygon([(0.0, 1.0), *ridge, (1.0, 1.0)], darker(green(rng), 0.7 + level / 2))
    elif style == 1:
        for _ in range(14):
            x, y = rng.uniform(0, 1, 2)
            color = vivid(rng) if rng.random() < 0.6 else muted(rng)
            if rng.random() < 0.5:
                canvas.ellipse(x, y, *rng.uniform(0.05, 0.25, 2), color)
            else:
                canvas.polygon([tuple(rng.uniform(-0.1, 1.1, 2)) for _ in range(4)], color)
    else:
        canvas.rect(0, 0.62, 1, 1, muted(rng))
        canvas.polygon([(0.42, 0.4), (0.58, 0.4), (0.64, 0.8), (0.36, 0.8)], vivid(rng))
        for _ in range(12):
            x, y = rng.normal(0.5, 0.13), rng.normal(0.26, 0.08)
            canvas.line(x, y, 0.5, 0.45, (0.2, 0.4, 0.2))
            canvas.ellipse(x, y, 0.06, 0.07, vivid(rng))
    canvas.grain(rng, 0.08, 0.6)
    rim = muted(rng) if rng.random() < 0.5 else (0.2, 0.16, 0.12)
    canvas.frame(0, 0, 1, 1, rim, 0.05)
    return canvas.picture()


def poster(rng: np.random.Generator, color: Color | None = None) -> Picture:
    """A printed sheet: headline, blocks of text, a diagram."""
    paper = color or pale(rng)
    canvas = Canvas(paper, (192, 144))
    ink = darker(vivid(rng), 0.6)
    canvas.rect(0.06, 0.04, 0.94, 0.2, ink)
    canvas.writing(rng, 0.1, 0.07, 0.9, 0.18, paper, 1)
    for _ in range(3):
        x, y = rng.uniform(0.1, 0.6), rng.uniform(0.25, 0.5)
        canvas.ellipse(x + 0.12, y + 0.08, 0.13, 0.09, vivid(rng))
        canvas.line(x, y, rng.uniform(0.2, 0.9), rng.uniform(0.3, 0.6), ink, 0.02)
    canvas.writing(rng, 0.08, 0.62, 0.92, 0.95, darker(paper, 0.3), 7)
    canvas.frame(0, 0, 1, 1, darker(paper, 0.6), 0.015)
    return canvas.picture()


def clock(rng: np.random.Generator) -> Picture:
    """A dial (for the flat end of a disc)."""
    canvas = Canvas((0.93, 0.93, 0.9), (128, 128))
    canvas.frame(0, 0, 1, 1, _DARK, 0.05)
    for hour in range(12):
        angle = hour * np.pi / 6
        canvas.ellipse(0.5 + 0.38 * np.sin(angle), 0.5 - 0.38 * np.cos(angle), 0.025, 0.025, _DARK)
    for length, width in ((0.2, 0.04), (0.32, 0.025)):
        angle = rng.uniform(0, 2 * np.pi)
        canvas.line(0.5, 0.5, 0.5 + length * np.sin(angle), 0.5 - length * np.cos(angle), _DARK, width)
    return canvas.picture()


def screen(rng: np.random.Generator) -> Picture:
    """A monitor: windows with text, a table or a chart."""
    canvas = Canvas(darker(muted(rng), 0.7), (128, 192))
    for _ in range(int(rng.integers(1, 4))):
        x, y, w, h = rng.uniform(0.03, 0.35), rng.uniform(0.05, 0.3), rng.uniform(0.4, 0.6), rng.uniform(0.45, 0.62)
        dark = rng.random() < 0.5
        ground: Color = (0.13, 0.14, 0.17) if dark else (0.94, 0.94, 0.93)
        canvas.rect(x, y, x + w, y + h, ground)
        canvas.rect(x, y, x + w, y + 0.05, darker(vivid(rng), 0.8))
        if rng.random() < 0.6:
            ink = vivid(rng) if dark else (0.2, 0.2, 0.25)
            canvas.writing(rng, x + 0.02, y + 0.08, x + w - 0.02, y + h - 0.03, ink, 9)
        else:
            for bar, top in enumerate(rng.uniform(0.1, h - 0.1, 6)):
                left = x + 0.03 + bar * w / 7
                canvas.rect(left, y + h - top, left + w / 10, y + h - 0.02, vivid(rng))
    canvas.rect(0, 0.95, 1, 1, _DARK)
    canvas.frame(0, 0, 1, 1, _DARK, 0.025)
    return canvas.picture()


def keyboard(rng: np.random.Generator, color: Color = (0.18, 0.18, 0.2)) -> Picture:
    """Rows of keys."""
    canvas = Canvas(darker(color, 0.6), (64, 192))
    for row in range(5):
        x = 0.02
        while x < 0.95:
            wide = 0.055 if rng.random() < 0.85 else 0.11
            canvas.panel(x, 0.06 + row * 0.18, min(x + wide - 0.008, 0.98), 0.06 + row * 0.18 + 0.15, color, 0.01)
            x += wide
    return canvas.picture()


def radiator(rng: np.random.Generator) -> Picture:
    """Ribs."""
    canvas = Canvas((0.86, 0.86, 0.84), (64, 128))
    for x in np.arange(0.03, 1, 0.07):
        canvas.rect(x, 0.05, x + 0.02, 0.95, (0.55, 0.55, 0.54))
    canvas.grain(rng, 0.03)
    return canvas.picture()


def mirror(rng: np.random.Generator) -> Picture:
    """A pane that shows a blurred room: bright streaks over a gradient."""
    canvas = Canvas((0.62, 0.67, 0.7), (128, 96))
    canvas.pixels *= np.linspace(1.15, 0.8, 128)[:, None, None]
    for x in rng.uniform(0, 1, 3):
        canvas.polygon([(x, 0), (x + 0.15, 0), (x - 0.2, 1), (x - 0.35, 1)], (0.74, 0.79, 0.81))
    canvas.frame(0, 0, 1, 1, muted(rng), 0.04)
    return canvas.picture()


def board(rng: np.random.Generator, color: Color, ink: Color) -> Picture:
    """A blackboard or whiteboard with writing, formulas and a drawing."""
    canvas = Canvas(color, (128, 288))
    canvas.grain(rng, 0.06, 1.3)
    for x in (0.05, 0.38, 0.7):
        if rng.random() < 0.6:
            canvas.writing(rng, x, 0.12, x + 0.25, rng.uniform(0.5, 0.9), ink, int(rng.integers(3, 7)))
        else:
            canvas.line(x, 0.8, x + 0.24, 0.8, ink, 0.006)
            canvas.line(x, 0.15, x, 0.8, ink, 0.006)
            heights = np.cumsum(rng.normal(0, 0.08, 8)) + 0.5
            for i in range(7):
                canvas.line(x + i * 0.03, heights[i], x + (i + 1) * 0.03, heights[i + 1], vivid(rng), 0.006)
    canvas.frame(0, 0, 1, 1, (0.55, 0.42, 0.28), 0.02)
    return canvas.picture()


def notices(rng: np.random.Generator) -> Picture:
    """A cork board full of sheets."""
    canvas = Canvas((0.66, 0.5, 0.33), (160, 224))
    canvas.grain(rng, 0.12, 0.3)
    for _ in range(16):
        x, y, w, h = rng.uniform(0.03, 0.8), rng.uniform(0.03, 0.7), rng.uniform(0.1, 0.18), rng.uniform(0.15, 0.28)
        paper = pale(rng) if rng.random() < 0.7 else vivid(rng)
        canvas.rect(x, y, x + w, y + h, paper)
        canvas.writing(rng, x + 0.01, y + 0.03, x + w - 0.01, y + h - 0.02, darker(paper, 0.3), 5)
        canvas.ellipse(x + w / 2, y + 0.015, 0.01, 0.014, vivid(rng))
    canvas.frame(0, 0, 1, 1, (0.4, 0.28, 0.18), 0.02)
    return canvas.picture()


def timetable(rng: np.random.Generator) -> Picture:
    """A departure board: light words in rows on black."""
    canvas = Canvas((0.06, 0.07, 0.1), (128, 256))
    canvas.rect(0, 0, 1, 0.13, (0.12, 0.25, 0.55))
    canvas.writing(rng, 0.03, 0.02, 0.6, 0.12, grey(rng, 0.9, 1.0), 1)
    for y in np.arange(0.16, 0.95, 0.1):
        for x0, x1 in ((0.03, 0.14), (0.18, 0.6), (0.65, 0.75), (0.8, 0.96)):
            canvas.writing(rng, x0, y, x1, y + 0.09, (0.98, 0.8, 0.3), 1)
    return canvas.picture()


def menu(rng: np.random.Generator) -> Picture:
    """A menu in chalk: headline, dishes and prices."""
    canvas = Canvas((0.13, 0.14, 0.13), (160, 128))
    canvas.grain(rng, 0.2, 1.3)
    chalk = grey(rng, 0.8, 0.95)
    canvas.writing(rng, 0.2, 0.05, 0.9, 0.17, vivid(rng), 1)
    for y in np.arange(0.22, 0.9, 0.09):
        canvas.writing(rng, 0.08, y, 0.68, y + 0.08, chalk, 1)
        canvas.writing(rng, 0.78, y, 0.92, y + 0.08, chalk, 1)
    canvas.frame(0, 0, 1, 1, (0.45, 0.32, 0.2), 0.04)
    return canvas.picture()


def sign(rng: np.random.Generator, color: Color) -> Picture:
    """A shop's or a line's sign: large letter-like strokes on a colour."""
    canvas = Canvas(color, (64, 256))
    canvas.frame(0, 0, 1, 1, darker(color, 0.6), 0.02)
    x, ink = rng.uniform(0.06, 0.2), (0.97, 0.95, 0.88)
    while x < 0.88:
        if rng.random() < 0.88:
            canvas.rect(x, 0.22, x + 0.012, 0.78, ink)
            for y in rng.choice((0.22, 0.46, 0.68), size=2, replace=False):
                canvas.rect(x, y, x + 0.04, y + 0.1, ink)
            if rng.random() < 0.5:
                canvas.rect(x + 0.03, 0.22, x + 0.042, 0.78, ink)
        x += 0.058
    return canvas.picture()


def hob(rng: np.random.Generator) -> Picture:
    """Four plates of a stove from above."""
    canvas = Canvas((0.1, 0.1, 0.11), (96, 96))
    for x, y in ((0.27, 0.3), (0.73, 0.3), (0.27, 0.72), (0.73, 0.72)):
        radius = rng.uniform(0.13, 0.2)
        canvas.ellipse(x, y, radius, radius, (0.42, 0.42, 0.44))
        canvas.ellipse(x, y, radius - 0.02, radius - 0.02, (0.2, 0.19, 0.19))
    canvas.frame(0, 0, 1, 1, _STEEL, 0.015)
    return canvas.picture()


def basin(rng: np.random.Generator, color: Color = (0.7, 0.71, 0.73)) -> Picture:
    """A sink from above: rim, bowl, drain."""
    canvas = Canvas(color, (96, 96))
    canvas.panel(0.1, 0.1, 0.9, 0.9, darker(color, 0.62), 0.04)
    canvas.grain(rng, 0.05, 1.2)
    canvas.ellipse(0.5, 0.5, 0.04, 0.05, (0.25, 0.25, 0.26))
    canvas.frame(0, 0, 1, 1, darker(color, 1.15), 0.03)
    return canvas.picture()


def mat(rng: np.random.Generator) -> Picture:
    """What lies on a surface to work on: a cutting mat with a grid, a set of stripes, a printed sheet, a desk pad."""
    kind = int(rng.integers(4))
    color = (cool(rng), cool(rng), pale(rng), grey(rng, 0.25, 0.6))[kind]
    canvas = Canvas(color, (160, 256))
    ink = darker(color, 1.5 if sum(color) < 1.5 else 0.55)
    if kind == 0:
        for x in np.arange(0.06, 0.97, 0.0625):
            canvas.rect(x, 0.06, x + 0.005, 0.95, ink)
        for y in np.arange(0.06, 0.96, 0.1):
            canvas.rect(0.06, y, 0.95, y + 0.008, ink)
    elif kind == 1:
        other = vivid(rng)
        for y in np.arange(0.04, 0.95, rng.uniform(0.09, 0.16)):
            canvas.rect(0, y, 1, y + rng.uniform(0.02, 0.07), other if rng.random() < 0.5 else ink)
    elif kind == 2:
        canvas.writing(rng, 0.04, 0.03, 0.96, 0.16, ink, 1)
        for x in (0.04, 0.36, 0.68):
            canvas.writing(rng, x, 0.2, x + 0.28, rng.uniform(0.5, 0.95), ink, 12)
            canvas.rect(x, 0.78, x + 0.27, 0.96, vivid(rng))
    else:
        canvas.frame(0.02, 0.03, 0.98, 0.97, ink, 0.012)
        canvas.writing(rng, 0.06, 0.1, 0.4, 0.5, ink, 6)
        canvas.ellipse(0.75, 0.5, 0.14, 0.22, ink)
    canvas.grain(rng, 0.06, 0.5)
    return canvas.picture()


def house(rng: np.random.Generator, color: Color, columns: int, storeys: int, brick: bool, moment: Moment) -> Picture:
    """A house's front: windows with frames and sills on every storey, balconies, a base of stone."""
    canvas = Canvas(color, (72 * storeys, 72 * columns))
    if brick:
        for i, y in enumerate(np.arange(0, 1, 0.07 / storeys)):
            canvas.rect(0, y, 1, y + 0.008 / storeys, darker(color, 1.2))
            for x in np.arange((i % 2) * 0.05 / columns, 1, 0.1 / columns):
                canvas.rect(x, y, x + 0.008 / columns, y + 0.07 / storeys, darker(color, 1.15))
    canvas.grain(rng, 0.06, 0.9)
    frame, dark = pale(rng), moment == "evening"
    shutters = muted(rng) if rng.random() < 0.4 else None
    for row in range(storeys):
        top, tall = (row + 0.2) / storeys, 0.55 / storeys
        for column in range(columns):
            x, wide = (column + 0.28) / columns, 0.44 / columns
            if shutters is not None:
                canvas.rect(x - 0.5 * wide, top, x + 1.5 * wide, top + tall, shutters)
            canvas.rect(x - 0.06 * wide, top - 0.04 / storeys, x + 1.06 * wide, top + tall + 0.04 / storeys, frame)
            lit = dark and rng.random() < 0.45
            pane: Color = (0.98, 0.84, 0.5) if lit else darker((0.34, 0.42, 0.5), rng.uniform(0.5, 1.2))
            canvas.rect(x, top, x + wide, top + tall, pane)
            if not lit and rng.random() < 0.6:
                canvas.rect(x, top, x + wide * rng.uniform(0.2, 0.5), top + tall, darker(pane, 1.5))
            canvas.rect(x + 0.46 * wide, top, x + 0.54 * wide, top + tall, frame)
            canvas.rect(x - 0.15 * wide, top + tall, x + 1.15 * wide, top + tall + 0.05 / storeys, darker(frame, 0.8))
            if row < storeys - 1 and rng.random() < 0.15:
                canvas.rect(x - 0.3 * wide, top + 0.6 * tall, x + 1.3 * wide, top + 1.15 * tall, darker(color, 0.5))
        canvas.rect(0, (row + 0.96) / storeys, 1, (row + 1.0) / storeys, darker(color, 0.8))
    canvas.rect(0, 1 - 0.15 / storeys, 1, 1, darker(color, 0.6))
    return canvas.picture()


def display(rng: np.random.Generator, color: Color) -> Picture:
    """A shop window full of goods beside a door."""
    canvas = Canvas(color, (128, 192))
    canvas.grain(rng, 0.06)
    left = rng.random() < 0.5
    x0, door_x = (0.33, 0.05) if left else (0.04, 0.72)
    canvas.rect(x0, 0.1, x0 + 0.62, 0.82, (0.18, 0.2, 0.23))
    for row in (0.46, 0.8):
        x = x0 + 0.02
        while x < x0 + 0.56:
            wide, high = rng.uniform(0.03, 0.1), rng.uniform(0.1, 0.28)
            if rng.random() < 0.7:
                canvas.rect(x, row - high, x + wide, row, vivid(rng))
                canvas.rect(x, row - high * 0.6, x + wide, row - high * 0.4, pale(rng))
            else:
                canvas.ellipse(x + wide / 2, row - wide, wide / 2, wide, vivid(rng))
            x += wide + 0.015
        canvas.rect(x0, row, x0 + 0.62, row + 0.02, darker(color, 0.6))
    canvas.frame(x0, 0.1, x0 + 0.62, 0.82, darker(color, 0.5), 0.015)
    canvas.panel(door_x, 0.08, door_x + 0.23, 1.0, darker(color, 0.7), 0.01)
    canvas.rect(door_x + 0.04, 0.14, door_x + 0.19, 0.7, (0.3, 0.36, 0.4))
    canvas.rect(door_x + 0.17, 0.55, door_x + 0.19, 0.68, _STEEL)
    return canvas.picture()


def car_side(rng: np.random.Generator, color: Color) -> Picture:
    """The side of a car: doors, handles, sill, lights at both ends."""
    canvas = Canvas(color, (48, 192))
    canvas.rect(0, 0.82, 1, 1, (0.1, 0.1, 0.11))
    canvas.rect(0, 0.4, 1, 0.45, darker(color, 0.75))
    for x in (0.3, 0.52, 0.73):
        canvas.rect(x, 0.0, x + 0.006, 0.82, darker(color, 0.4))
    for x in (0.46, 0.68):
        canvas.rect(x, 0.2, x + 0.04, 0.27, darker(color, 0.5))
    for x, light in ((0.0, (0.8, 0.12, 0.1)), (0.93, (0.95, 0.93, 0.85))):
        canvas.rect(x, 0.22, x + 0.07, 0.42, light)
    canvas.grain(rng, 0.02)
    return canvas.picture()


def car_windows(rng: np.random.Generator, color: Color) -> Picture:
    """The upper part of a car: panes between pillars below the roof."""
    canvas = Canvas(color, (48, 192))
    canvas.rect(0.03, 0.16, 0.97, 1.0, (0.15, 0.19, 0.23))
    canvas.polygon([(0.1, 0.16), (0.3, 0.16), (0.1, 0.9), (0.03, 0.9)], (0.24, 0.29, 0.33))
    for x in (0.36, 0.68):
        canvas.rect(x, 0.1, x + 0.03, 1.0, color)
    canvas.grain(rng, 0.02)
    return canvas.picture()


def stripes(rng: np.random.Generator, color: Color) -> Picture:
    """Awning cloth: broad stripes of a colour and near white."""
    canvas = Canvas(color, (96, 192))
    count = int(rng.integers(6, 11))
    for i in range(0, count, 2):
        canvas.rect(i / count, 0, (i + 1) / count, 1, (0.92, 0.91, 0.86))
    canvas.grain(rng, 0.05)
    return canvas.picture()
