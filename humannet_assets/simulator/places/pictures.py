"""Pictures of what hangs on walls, is seen through windows or lies on tables: paintings, boards, screens, signs, mats.

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

_DARK: Color = (0.12, 0.12, 0.14)


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
                canvas.ellipse(x, y, rng.uniform(0.05, 0.25), rng.uniform(0.05, 0.25), color)
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
