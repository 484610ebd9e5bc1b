"""Pictures of fronts: cupboards, doors, machines, house fronts, shop windows, cars; and of stoves and sinks from above.

Every function takes a generator and returns a picture, uint8 (height, width, 3), the same for the same seed.
"""

from __future__ import annotations

import numpy as np

from humannet_assets.simulator.places.canvas import Canvas
from humannet_assets.simulator.places.colors import darker, muted, pale, vivid
from humannet_assets.simulator.places.pictures import Moment
from humannet_assets.simulator.textures import Color, Picture

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
