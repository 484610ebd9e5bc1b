"""Tables, seats, beds, cupboards: every function builds one piece in its own frame (`stand.Stand`)."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.places import fronts, goods
from humannet_assets.simulator.places.colors import darker, grey, muted, woody
from humannet_assets.simulator.places.palette import Painter, Palette
from humannet_assets.simulator.places.stand import Stand
from humannet_assets.simulator.textures import Color

FRUIT: tuple[Color, ...] = (
    (0.85, 0.25, 0.12), (0.92, 0.6, 0.12), (0.45, 0.65, 0.2), (0.85, 0.8, 0.25), (0.5, 0.15, 0.3), (0.6, 0.4, 0.2),
)  # fmt: skip
"""Colours of fruit."""

_FACE_M = 0.004
"""A picture lies this much before the body it belongs to."""


def chest(stand: Stand, size: tuple[float, float, float], body: str, front: str, *, base: float = 0.0) -> None:
    """A box against the wall with a picture on its front: cupboards, shelves, machines. Size is width, depth, height."""
    width, depth, height = size
    stand.box("body", (0, -depth / 2, base + height / 2), (width, depth, height), body)
    stand.sheet("front", (0, -depth - _FACE_M, base + height / 2), width - 0.012, height - 0.012, front)


def counter(
    stand: Stand, size: tuple[float, float, float], body: str, front: str, top: str, *, plinth: str | None = None
) -> None:  # fmt: skip
    """Cupboards under a worktop that stands out by 3 cm; height is the worktop's surface."""
    width, depth, height = size
    low = 0.08 if plinth else 0.0
    if plinth:
        stand.box("plinth", (0, -depth / 2 + 0.04, low / 2), (width - 0.02, depth - 0.12, low), plinth)
    body_m = height - 0.04 - low
    stand.box("body", (0, -depth / 2 + 0.015, low + body_m / 2), (width, depth - 0.03, body_m), body)
    stand.sheet("front", (0, -depth + 0.03 - _FACE_M, low + body_m / 2), width - 0.012, body_m - 0.01, front)
    stand.box("top", (0, -depth / 2, height - 0.02), (width + 0.01, depth, 0.04), top)


def table(
    stand: Stand, size: tuple[float, float, float], top: str, leg: str, *, style: int = 0, thick_m: float = 0.035
) -> None:  # fmt: skip
    """A table about its foot: four legs (style 0), two panels (1) or a column (2)."""
    width, depth, height = size
    stand.box("top", (0, 0, height - thick_m / 2), (width, depth, thick_m), top)
    under = height - thick_m
    if style == 0:
        for i, (x, y) in enumerate(((-1, -1), (1, -1), (-1, 1), (1, 1))):
            at = (x * (width / 2 - 0.06), y * (depth / 2 - 0.06), under / 2)
            stand.box(f"leg{i}", at, (0.055, 0.055, under), leg)
    elif style == 1:
        for i, x in enumerate((-1, 1)):
            stand.box(f"leg{i}", (x * (width / 2 - 0.08), 0, under / 2), (0.035, depth - 0.14, under), leg)
        stand.box("beam", (0, 0, under - 0.06), (width - 0.2, 0.03, 0.1), leg)
    else:
        stand.tube("column", (0, 0, under / 2), 0.04, under, leg)
        stand.tube("foot", (0, 0, 0.012), min(width, depth) * 0.32, 0.024, leg)


def chair(stand: Stand, seat: str, frame: str, *, height: float = 0.45) -> None:
    """A chair about its foot; who sits on it looks along y."""
    stand.box("seat", (0, 0, height - 0.02), (0.42, 0.42, 0.04), seat)
    for i, x in enumerate((-0.19, 0.19)):
        stand.box(f"legs{i}", (x, 0.17, height / 2 - 0.02), (0.035, 0.035, height - 0.04), frame)
        stand.box(f"post{i}", (x, -0.19, 0.44), (0.035, 0.035, 0.88), frame)
    stand.box("back", (0, -0.19, 0.72), (0.35, 0.025, 0.24), seat)


def stool(stand: Stand, seat: str, frame: str, *, height: float = 0.62) -> None:
    """A round stool about its foot."""
    stand.tube("seat", (0, 0, height - 0.025), 0.17, 0.05, seat)
    stand.tube("post", (0, 0, height / 2), 0.025, height - 0.05, frame)
    stand.tube("foot", (0, 0, 0.01), 0.18, 0.02, frame)


def office_chair(stand: Stand, seat: str, frame: str) -> None:
    """A swivel chair about its foot; who sits on it looks along y."""
    stand.box("seat", (0, 0, 0.46), (0.46, 0.46, 0.07), seat)
    stand.box("back", (0, -0.24, 0.74), (0.42, 0.06, 0.6), seat, tilt_rad=0.1)
    stand.tube("post", (0, 0, 0.24), 0.03, 0.38, frame)
    stand.box("arm", (0, -0.02, 0.03), (0.54, 0.06, 0.05), frame, turn_rad=0.5)
    stand.box("cross", (0, -0.02, 0.028), (0.54, 0.06, 0.05), frame, turn_rad=0.5 + math.pi / 2)


def sofa(stand: Stand, width: float, cloth: str, cushion: str, *, depth: float = 0.9) -> None:
    """A sofa or, narrow, an armchair, its back to the wall."""
    stand.box("base", (0, -depth / 2, 0.2), (width - 0.02, depth - 0.02, 0.3), cloth)
    stand.box("back", (0, -0.11, 0.55), (width - 0.04, 0.22, 0.62), cloth)
    for i, x in enumerate((-1, 1)):
        stand.box(f"arm{i}", (x * (width / 2 - 0.09), -depth / 2 - 0.02, 0.33), (0.18, depth - 0.04, 0.52), cloth)
    places = max(1, round((width - 0.36) / 0.65))
    each = (width - 0.38) / places
    for i in range(places):
        x = (i - (places - 1) / 2) * each
        stand.box(f"cushion{i}", (x, -depth / 2 - 0.08, 0.41), (each - 0.015, depth - 0.22, 0.13), cloth)
        if i != places // 2:
            stand.box(f"pillow{i}", (x, -0.32, 0.63), (0.4, 0.12, 0.34), cushion, tilt_rad=-0.25)


def bed(stand: Stand, width: float, frame: str, sheet: str, blanket: str) -> None:
    """A bed, its head to the wall, 2.05 m long."""
    stand.box("head", (0, -0.03, 0.5), (width + 0.06, 0.06, 1.0), frame)
    stand.box("base", (0, -1.06, 0.17), (width, 2.0, 0.26), frame)
    stand.box("mattress", (0, -1.06, 0.4), (width - 0.06, 1.96, 0.2), sheet)
    stand.box("blanket", (0, -1.33, 0.465), (width + 0.01, 1.36, 0.13), blanket)
    count = 1 if width < 1.2 else 2
    for i in range(count):
        x = (i - (count - 1) / 2) * width * 0.48
        stand.box(f"pillow{i}", (x, -0.33, 0.545), (width * 0.4 if count > 1 else 0.6, 0.4, 0.12), sheet, tilt_rad=-0.12)


def bench(stand: Stand, width: float, slats: str, frame: str) -> None:
    """A bench about its foot, with a back; who sits on it looks along -y."""
    stand.box("seat", (0, -0.03, 0.44), (width, 0.4, 0.04), slats)
    stand.box("back", (0, 0.2, 0.68), (width, 0.035, 0.34), slats)
    for i, x in enumerate((-0.38, 0.38)):
        stand.box(f"side{i}", (x * width, 0.03, 0.21), (0.05, 0.4, 0.42), frame)
    stand.box("stay", (0, 0.178, 0.46), (0.3, 0.03, 0.5), frame)


def bookcase(stand: Stand, palette: Palette, size: tuple[float, float, float], wood: Color) -> None:
    """A bookcase full of books."""
    rows = max(2, round(size[2] / 0.42))
    chest(stand, size, palette.cloak(textures.wood, wood), palette.show(goods.books, wood, rows))


def rack(
    stand: Stand, palette: Palette, size: tuple[float, float, float], painter: Painter, *, levels: int, color: Color
) -> None:  # fmt: skip
    """Open shelves with real depth: uprights, boards, and on each board a row of things."""
    width, depth, height = size
    board = palette.cloak(textures.metal, color)
    for i, x in enumerate((-1, 1)):
        stand.box(f"side{i}", (x * (width / 2 - 0.015), -depth / 2, height / 2), (0.03, depth, height), board)
    step = (height - 0.1) / levels
    for i in range(levels):
        z = 0.1 + i * step
        stand.box(f"board{i}", (0, -depth / 2, z - 0.0125), (width - 0.06, depth - 0.01, 0.025), board)
        row = palette.show(painter, darker(color, 1.0), 1)
        stand.box(f"row{i}", (0, -depth / 2 + 0.03, z + step * 0.38), (width - 0.07, depth - 0.1, step * 0.76), row)


def plant(stand: Stand, palette: Palette, rng: np.random.Generator, height: float) -> None:
    """A plant in a pot."""
    pot, leaf = palette.cover(textures.concrete, muted(rng), period_m=0.5), palette.show(goods.blooms)
    green = palette.cloak(textures.leaves, (0.25, 0.42, 0.2), repeat=(2, 2))
    radius = min(0.2, height * 0.2)
    stand.tube("pot", (0, 0, radius), radius, radius * 2, pot)
    middle = (height + radius * 2) / 2
    stand.ball("leaves", (0, 0, middle), (radius * 2.4, radius * 2.4, height - radius * 2), green)
    if rng.random() < 0.5:
        stand.ball("crown", (radius * 0.5, 0, middle + height * 0.12), (radius * 1.8, radius * 1.8, height * 0.4), leaf)
    else:
        stand.ball("crown", (-radius * 0.5, 0.02, middle + height * 0.1), (radius * 2, radius * 2, height * 0.42), green)


def cabinet_colors(palette: Palette, rng: np.random.Generator) -> tuple[Color, str]:
    """The colour of a set of cupboards (wood, pale or muted) and the material of their bodies."""
    if rng.random() < 0.4:
        color = woody(rng)
        return color, palette.cloak(textures.wood, color)
    color = muted(rng) if rng.random() < 0.5 else grey(rng, 0.6, 0.9)
    return color, palette.cover(textures.plaster, color)


def sideboard(
    stand: Stand, palette: Palette, rng: np.random.Generator, size: tuple[float, float, float], *, columns: int = 3
) -> None:  # fmt: skip
    """A low cupboard with doors and drawers."""
    color, body = cabinet_colors(palette, rng)
    chest(stand, size, body, palette.show(fronts.cabinet, color, columns, 1, int(rng.integers(0, columns))))


def crates(
    stand: Stand, palette: Palette, rng: np.random.Generator, width: float, wood: str, *, rows: int = 2, columns: int = 3
) -> None:  # fmt: skip
    """Rising rows of crates with fruit on a step, its back at the frame's origin."""
    depth = 0.36 * rows
    stand.box("base", (0, -depth / 2 - 0.01, 0.28), (width, depth, 0.5), wood)
    colors = rng.permutation(len(FRUIT))
    for row in range(rows):
        for i in range(columns):
            fruit = palette.show(goods.fruit, FRUIT[int(colors[(row * columns + i) % len(FRUIT)])])
            middle = ((i - (columns - 1) / 2) * width / columns, -depth + 0.18 + 0.36 * row, 0.6 + 0.16 * row)
            stand.box(f"crate{row}{i}", middle, (width / columns - 0.03, 0.34, 0.16), fruit, tilt_rad=0.22)
        if row:
            stand.box("step", (0, -0.17, 0.6), (width - 0.04, 0.3, 0.16), wood)
