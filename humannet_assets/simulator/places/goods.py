"""Pictures of many things side by side, seen from the front or from above: books, groceries, tools, bottles, fruit.

A shelf of forty things costs one picture instead of forty parts. Every function takes a generator and returns a picture,
uint8 (height, width, 3), the same for the same seed.
"""

from __future__ import annotations

import numpy as np

from humannet_assets.simulator.places.canvas import Canvas
from humannet_assets.simulator.places.colors import darker, green, grey, muted, pale, vivid
from humannet_assets.simulator.textures import Color, Picture


def _row_px(rows: int) -> int:
    """Height in pixels of so many shelves."""
    return 64 * min(rows, 4)


def books(rng: np.random.Generator, color: Color, rows: int = 4) -> Picture:
    """A bookcase from the front: spines of drawn sizes, some leaning, gaps, boards of that colour."""
    canvas = Canvas(darker(color, 0.28), (_row_px(rows), 192))
    for row in range(rows):
        floor, room = (row + 0.93) / rows, 0.86 / rows
        x = 0.05
        while x < 0.93:
            if rng.random() < 0.08:
                x += rng.uniform(0.03, 0.12)
                continue
            wide, high = rng.uniform(0.018, 0.055), room * rng.uniform(0.6, 0.97)
            cover = vivid(rng) if rng.random() < 0.4 else muted(rng)
            right = min(x + wide, 0.95)
            canvas.rect(x, floor - high, right, floor, cover)
            canvas.rect(x, floor - high, x + 0.005, floor, darker(cover, 1.4))
            canvas.rect(x + 0.006, floor - high * 0.8, right - 0.004, floor - high * 0.65, darker(cover, 1.6))
            x += wide + 0.004
        canvas.rect(0, floor, 1, floor + 0.07 / rows, color)
    canvas.frame(0, 0, 1, 1, color, 0.035)
    canvas.grain(rng, 0.05, 0.6)
    return canvas.picture()


def groceries(rng: np.random.Generator, color: Color = (0.8, 0.8, 0.78), rows: int = 4) -> Picture:
    """Shop shelves: packages, cans and bottles in groups of the same, price strips."""
    canvas = Canvas(darker(color, 0.3), (_row_px(rows), 256))
    for row in range(rows):
        floor, room = (row + 0.88) / rows, 0.84 / rows
        x = 0.01
        while x < 0.98:
            shape, wide = int(rng.integers(3)), rng.uniform(0.035, 0.075)
            high, cover, label = room * rng.uniform(0.55, 0.95), vivid(rng), pale(rng)
            for _ in range(int(rng.integers(2, 5))):
                right = min(x + wide * 0.92, 0.99)
                if shape == 0:
                    canvas.panel(x, floor - high, right, floor, cover, 0.006)
                    canvas.rect(x + wide * 0.15, floor - high * 0.8, right - wide * 0.1, floor - high * 0.5, label)
                elif shape == 1:
                    canvas.rect(x, floor - high * 0.7, right, floor, cover)
                    canvas.rect(x, floor - high * 0.5, right, floor - high * 0.2, label)
                    canvas.rect(x, floor - high * 0.72, right, floor - high * 0.66, grey(rng, 0.6, 0.8))
                else:
                    canvas.rect(x + wide * 0.1, floor - high * 0.65, right, floor, cover)
                    canvas.rect(x + wide * 0.35, floor - high, right - wide * 0.25, floor - high * 0.6, cover)
                    canvas.rect(x + wide * 0.1, floor - high * 0.45, right, floor - high * 0.2, label)
                x += wide
                if x > 0.97:
                    break
            x += 0.006
        canvas.rect(0, floor, 1, floor + 0.1 / rows, color)
        for x in np.arange(0.02, 0.95, 0.11):
            canvas.rect(x, floor + 0.02 / rows, x + 0.06, floor + 0.08 / rows, (0.95, 0.93, 0.8))
    canvas.grain(rng, 0.04, 0.6)
    return canvas.picture()


def bottles(rng: np.random.Generator, color: Color, rows: int = 2) -> Picture:
    """Bottles and flasks in rows: a laboratory's reagents, a bar's spirits, a bathroom's shelf."""
    canvas = Canvas(darker(color, 0.55), (_row_px(rows), 256))
    for row in range(rows):
        floor, room = (row + 0.9) / rows, 0.85 / rows
        x = 0.02
        while x < 0.94:
            wide, high = rng.uniform(0.03, 0.06), room * rng.uniform(0.6, 1.0)
            glass = vivid(rng) if rng.random() < 0.5 else pale(rng)
            canvas.rect(x, floor - high * 0.65, x + wide, floor, glass)
            canvas.rect(x + wide * 0.35, floor - high, x + wide * 0.65, floor - high * 0.6, darker(glass, 0.8))
            canvas.rect(x + wide * 0.3, floor - high, x + wide * 0.7, floor - high * 0.92, muted(rng))
            canvas.rect(x, floor - high * 0.45, x + wide, floor - high * 0.2, (0.93, 0.92, 0.88))
            canvas.rect(x + wide * 0.1, floor - high * 0.6, x + wide * 0.2, floor - high * 0.1, darker(glass, 1.5))
            x += wide + rng.uniform(0.006, 0.03)
        canvas.rect(0, floor, 1, floor + 0.1 / rows, color)
    canvas.grain(rng, 0.03)
    return canvas.picture()


def folders(rng: np.random.Generator, color: Color, rows: int = 4) -> Picture:
    """Files with labels and holes, boxes, a few books."""
    canvas = Canvas(darker(color, 0.3), (_row_px(rows), 192))
    for row in range(rows):
        floor, room = (row + 0.93) / rows, 0.84 / rows
        x, cover = 0.04, muted(rng)
        while x < 0.92:
            if rng.random() < 0.15:
                cover = vivid(rng) if rng.random() < 0.5 else grey(rng)
            wide = 0.065 if rng.random() < 0.85 else 0.16
            right = min(x + wide, 0.96)
            canvas.panel(x, floor - room * 0.9, right, floor, cover, 0.006)
            canvas.rect(x + 0.012, floor - room * 0.75, right - 0.012, floor - room * 0.45, (0.93, 0.92, 0.9))
            canvas.writing(rng, x + 0.015, floor - room * 0.72, right - 0.012, floor - room * 0.5, (0.2, 0.2, 0.25), 3)
            canvas.ellipse((x + right) / 2, floor - room * 0.2, 0.014, 0.012, darker(cover, 0.3))
            x += wide + 0.004
        canvas.rect(0, floor, 1, floor + 0.07 / rows, color)
    canvas.frame(0, 0, 1, 1, color, 0.03)
    canvas.grain(rng, 0.03)
    return canvas.picture()


def pegboard(rng: np.random.Generator, color: Color) -> Picture:
    """Tools on hooks: hammers, saws, spanners, screwdrivers, tongs."""
    canvas = Canvas(color, (256, 512))
    for x in np.arange(0.01, 1, 0.02):
        for y in np.arange(0.02, 1, 0.04):
            canvas.rect(x, y, x + 0.004, y + 0.008, darker(color, 0.55))
    steel, x = (0.68, 0.69, 0.72), 0.04
    while x < 0.93:
        tool, grip, top = int(rng.integers(5)), vivid(rng), rng.uniform(0.06, 0.2)
        wide = (0.09, 0.1, 0.045, 0.035, 0.07)[tool]
        middle, low = x + wide / 2, top + rng.uniform(0.45, 0.7)
        if tool == 0:  # hammer
            canvas.rect(middle - 0.008, top, middle + 0.008, low, (0.7, 0.52, 0.32))
            canvas.rect(x, top, x + wide * 0.9, top + 0.09, darker(steel, 0.6))
        elif tool == 1:  # saw
            canvas.polygon([(x, top + 0.1), (x + wide, top + 0.1), (middle + 0.01, low), (middle - 0.01, low)], steel)
            canvas.ellipse(middle, top + 0.06, 0.04, 0.08, (0.6, 0.4, 0.22))
            canvas.ellipse(middle, top + 0.06, 0.015, 0.035, color)
        elif tool == 2:  # spanner
            canvas.rect(middle - 0.007, top, middle + 0.007, low, steel)
            for y in (top, low):
                canvas.ellipse(middle, y, 0.02, 0.045, steel)
                canvas.ellipse(middle, y, 0.008, 0.02, color)
        elif tool == 3:  # screwdriver
            canvas.rect(middle - 0.011, top, middle + 0.011, top + 0.2, grip)
            canvas.rect(middle - 0.004, top + 0.2, middle + 0.004, low, steel)
        else:  # tongs
            canvas.polygon([(middle, top + 0.18), (x, low), (x + 0.016, low), (middle + 0.01, top + 0.2)], grip)
            canvas.polygon([(middle, top + 0.18), (x + wide, low), (x + wide - 0.016, low), (middle - 0.01, top + 0.2)], grip)
            canvas.polygon([(middle - 0.015, top + 0.2), (middle + 0.015, top + 0.2), (middle, top)], darker(steel, 0.7))
        x += wide + rng.uniform(0.005, 0.03)
    canvas.grain(rng, 0.05, 0.7)
    return canvas.picture()


def boxes(rng: np.random.Generator, color: Color = (0.35, 0.37, 0.4), rows: int = 3) -> Picture:
    """Storage shelves: cartons, plastic bins, cans of paint."""
    canvas = Canvas(darker(color, 0.3), (_row_px(rows), 256))
    for row in range(rows):
        floor, room = (row + 0.93) / rows, 0.86 / rows
        x = 0.04
        while x < 0.9:
            kind, wide = int(rng.integers(3)), rng.uniform(0.09, 0.2)
            right, high = min(x + wide, 0.96), room * rng.uniform(0.45, 0.92)
            if kind == 0:
                canvas.panel(x, floor - high, right, floor, (0.68, 0.52, 0.34), 0.006)
                canvas.rect((x + right) / 2 - 0.012, floor - high, (x + right) / 2 + 0.012, floor, (0.8, 0.7, 0.5))
                canvas.writing(rng, x + 0.02, floor - high * 0.5, right - 0.01, floor - high * 0.2, (0.25, 0.2, 0.15), 2)
            elif kind == 1:
                canvas.panel(x, floor - high, right, floor, vivid(rng), 0.008)
                canvas.rect(x + 0.02, floor - high * 0.6, right - 0.02, floor - high * 0.3, (0.93, 0.92, 0.9))
            else:
                tin = grey(rng, 0.55, 0.8)
                canvas.rect(x, floor - high * 0.8, right, floor, tin)
                canvas.rect(x, floor - high * 0.65, right, floor - high * 0.15, vivid(rng))
            x += wide + 0.012
        canvas.rect(0, floor, 1, floor + 0.07 / rows, color)
    canvas.frame(0, 0, 1, 1, color, 0.03)
    canvas.grain(rng, 0.05, 0.7)
    return canvas.picture()


def fruit(rng: np.random.Generator, color: Color, wooden: Color = (0.6, 0.46, 0.3)) -> Picture:
    """A crate from above, filled with round fruit."""
    canvas = Canvas(darker(color, 0.35), (128, 128))
    for _ in range(110):
        x, y = rng.uniform(0.06, 0.94, 2)
        skin = darker(color, rng.uniform(0.75, 1.2))
        canvas.ellipse(x, y, 0.075, 0.075, darker(skin, 0.6))
        canvas.ellipse(x - 0.008, y - 0.008, 0.066, 0.066, skin)
        canvas.ellipse(x - 0.028, y - 0.028, 0.016, 0.016, darker(skin, 1.6))
    canvas.frame(0, 0, 1, 1, wooden, 0.05)
    return canvas.picture()


def blooms(rng: np.random.Generator, color: Color | None = None) -> Picture:
    """Flowers among leaves, from above or the side."""
    canvas = Canvas(darker(green(rng), 0.7), (128, 128))
    canvas.grain(rng, 0.35, 0.6)
    for _ in range(45):
        x, y, r = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.025, 0.05)
        petal = darker(color, rng.uniform(0.8, 1.2)) if color else vivid(rng)
        for angle in np.arange(5) * 2 * np.pi / 5:
            canvas.ellipse(x + r * np.sin(angle), y + r * np.cos(angle), r * 0.75, r * 0.75, petal)
        canvas.ellipse(x, y, r * 0.5, r * 0.5, (0.95, 0.8, 0.3))
    return canvas.picture()


def papers(rng: np.random.Generator) -> Picture:
    """Magazines and newspapers in a rack."""
    canvas = Canvas((0.25, 0.25, 0.27), (192, 256))
    for row in range(3):
        for column in range(5):
            x, y = 0.02 + column * 0.195, 0.02 + row * 0.33
            paper = vivid(rng) if rng.random() < 0.6 else pale(rng)
            canvas.rect(x, y, x + 0.175, y + 0.28, paper)
            canvas.rect(x + 0.01, y + 0.02, x + 0.165, y + 0.07, darker(vivid(rng), 0.7))
            canvas.ellipse(x + 0.09, y + 0.17, 0.06, 0.06, muted(rng))
            canvas.writing(rng, x + 0.015, y + 0.2, x + 0.16, y + 0.27, darker(paper, 0.3), 3)
    return canvas.picture()
