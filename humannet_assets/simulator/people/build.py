"""Who somebody is: the lengths of a body, and what hair, face and clothes look like.

Segment lengths are shares of stature after Drillis & Contini (1966), as tabled by Winter, Biomechanics and Motor Control of
Human Movement (4th ed., 2009, fig. 4.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.hands import SKIN_TONES
from humannet_assets.simulator.textures import Picture

Color = tuple[float, float, float]
HairStyle = Literal["short", "long", "bun", "curly", "bald", "fringe", "none"]
Top = Literal["long_sleeves", "short_sleeves", "sleeveless"]
Bottom = Literal["trousers", "shorts", "skirt", "none"]
Hat = Literal["none", "cap", "beanie", "sun_hat"]

_ADULT_HEAD_M = 1.74
"""Stature whose head has size 1."""


@dataclass(frozen=True)
class Build:
    """Lengths of a body in metres. `girth` scales what is around the bones, `stoop_rad` is how far the upper back is bent."""

    height_m: float
    thigh: float
    shin: float
    ankle: float
    foot: float
    hip_half: float
    spine: float
    shoulder_half: float
    upper_arm: float
    forearm: float
    head: float
    hand: float
    girth: float = 1.0
    hips: float = 1.0
    bust: float = 0.0
    stoop_rad: float = 0.0

    @property
    def hip_m(self) -> float:
        """Height of the hip joints of somebody who stands upright."""
        return self.thigh + self.shin + self.ankle

    @property
    def leg(self) -> float:
        """From hip to ankle."""
        return self.thigh + self.shin

    @property
    def arm(self) -> float:
        """From shoulder to wrist."""
        return self.upper_arm + self.forearm


def build_of(
    height_m: float, *, legs: float = 0.491, shoulders: float = 1.0, hips: float = 1.0, girth: float = 1.0, bust: float = 0.0,
    stoop_rad: float = 0.0,
) -> Build:  # fmt: skip
    """A body of that stature.

    Args:
        height_m: Stature, metres.
        legs: Hip to ankle as a share of stature; .491 for adults, less for children.
        shoulders: Scales the distance of the shoulders.
        hips: Scales the width of the hips.
        girth: Scales everything around the bones.
        bust: Size of a bust, 0..1.
        stoop_rad: How far the upper back is bent forwards when standing.
    """
    leg = legs * height_m
    # Heads grow less than bodies: a child of 1.2 m has 86 % of an adult's head (Nellhaus, Pediatrics 1968: circumference).
    head = (height_m / _ADULT_HEAD_M) ** 0.4 * 1.05
    return Build(
        height_m=height_m, thigh=0.499 * leg, shin=0.501 * leg, ankle=0.039 * height_m, foot=0.152 * height_m,
        hip_half=0.052 * height_m * hips, spine=(0.818 - 0.039 - legs) * height_m, shoulder_half=0.104 * height_m * shoulders,
        upper_arm=0.186 * height_m, forearm=0.146 * height_m, head=head, hand=0.108 * height_m / 0.18,
        girth=girth, hips=hips, bust=bust, stoop_rad=stoop_rad,
    )  # fmt: skip


@dataclass(frozen=True)
class Look:
    """What a person looks like. Colours are red, green, blue in 0..1.

    For what only looks like a person: without `face` there are no eyes, brows and lips, `carved` ones are of the same stuff as
    the skin; legwear "none" has no legs either.
    """

    skin: Color
    hair: Color
    top: Color
    bottom: Color
    shoes: Color
    hair_style: HairStyle = "short"
    sleeves: Top = "long_sleeves"
    legwear: Bottom = "trousers"
    beard: bool = False
    glasses: bool = False
    hat: Hat = "none"
    hat_color: Color = (0.2, 0.2, 0.25)
    top_picture: Picture | None = None
    untucked: bool = True
    open_neck: bool = False
    face: bool = True
    carved: bool = False


@dataclass(frozen=True)
class Person:
    """A body and its look. `left_handed` people use the left hand where one hand is enough; `pace` scales their speed."""

    build: Build
    look: Look
    left_handed: bool = False
    pace: float = 1.0


_HAIR: tuple[Color, ...] = (
    (0.06, 0.05, 0.05), (0.14, 0.09, 0.06), (0.28, 0.18, 0.10), (0.48, 0.32, 0.16), (0.72, 0.56, 0.32), (0.45, 0.20, 0.10),
)  # fmt: skip
_GREY: Color = (0.66, 0.66, 0.66)
_FABRICS: Mapping[str, Color] = {
    "red": (0.68, 0.15, 0.14), "blue": (0.16, 0.30, 0.62), "navy": (0.11, 0.14, 0.28), "green": (0.16, 0.42, 0.26),
    "yellow": (0.84, 0.66, 0.20), "white": (0.88, 0.87, 0.84), "grey": (0.50, 0.51, 0.53), "black": (0.10, 0.10, 0.11),
    "orange": (0.82, 0.42, 0.16), "purple": (0.38, 0.22, 0.48), "teal": (0.12, 0.42, 0.46), "pink": (0.82, 0.50, 0.56),
    "beige": (0.72, 0.63, 0.48), "olive": (0.36, 0.36, 0.20),
}  # fmt: skip
_BOTTOMS = ("navy", "black", "grey", "beige", "olive", "blue", "white")
_SHOES: tuple[Color, ...] = ((0.10, 0.09, 0.09), (0.32, 0.20, 0.12), (0.82, 0.82, 0.80), (0.20, 0.22, 0.34), (0.55, 0.14, 0.14))

_PICTURE_PX = 64
"""Side of a top's pattern."""

LEFT_HANDED = 0.106
"""Share of people who prefer the left hand (Papadatou-Pastou et al., Psychol. Bull. 2020)."""


def draw_person(rng: np.random.Generator) -> Person:
    """Somebody at random: man or woman, child (1 in 8), grown-up or elderly (1 in 6).

    Statures: NCD-RisC (eLife 2016), mean of adults 1.59 m (women) and 1.71 m (men), with a deviation of 7 cm.
    """
    woman = rng.random() < 0.5
    stage = rng.random()
    child, elder = stage < 0.125, stage > 1 - 1 / 6
    if child:
        height, legs = float(rng.uniform(1.18, 1.48)), 0.475
    else:
        mean = 1.63 if woman else 1.74
        height, legs = float(np.clip(rng.normal(mean, 0.07), 1.45, 1.98)), 0.491
    build = build_of(
        height, legs=legs,
        shoulders=float(rng.uniform(0.90, 0.98) if woman or child else rng.uniform(0.98, 1.08)),
        hips=float(rng.uniform(1.0, 1.14) if woman and not child else rng.uniform(0.92, 1.02)),
        girth=float(np.clip(rng.normal(1.0, 0.12), 0.82, 1.38)),
        bust=float(rng.uniform(0.4, 1.0)) if woman and not child else 0.0,
        stoop_rad=float(rng.uniform(0.12, 0.26)) if elder else float(rng.uniform(0.0, 0.07)),
    )  # fmt: skip
    pace = float(rng.uniform(1.15, 1.35) if elder else rng.uniform(0.9, 1.12))
    return Person(build, draw_look(rng, woman=woman, elder=elder, child=child), bool(rng.random() < LEFT_HANDED), pace)


def draw_look(rng: np.random.Generator, *, woman: bool, elder: bool = False, child: bool = False) -> Look:
    """Skin, hair and clothes at random."""
    tones = tuple(SKIN_TONES.values())
    first, second = rng.integers(len(tones), size=2)
    skin = _mixed(tones[first], tones[second], float(rng.uniform(0, 0.5)))
    hair = _GREY if elder and rng.random() < 0.75 else _HAIR[int(rng.integers(len(_HAIR)))]
    styles: tuple[HairStyle, ...] = (
        ("long", "long", "bun", "curly", "short") if woman else ("short", "short", "curly", "fringe", "bald")
    )
    style = "short" if child and not woman else styles[int(rng.integers(len(styles)))]
    names = tuple(_FABRICS)
    top = names[int(rng.integers(len(names)))]
    # What is worn above and below differs: somebody all in one colour is hard to make out even for people.
    below = [name for name in _BOTTOMS if name != top]
    legwear: Bottom = "trousers"
    if rng.random() < 0.3:
        legwear = "skirt" if woman else "shorts"
    sleeves: tuple[Top, ...] = ("long_sleeves", "long_sleeves", "short_sleeves", "short_sleeves", "sleeveless")
    hats: tuple[Hat, ...] = ("cap", "beanie", "sun_hat")
    return Look(
        skin=skin, hair=_shaded(rng, hair), top=_varied(rng, _FABRICS[top]),
        bottom=_varied(rng, _FABRICS[below[int(rng.integers(len(below)))]]), shoes=_SHOES[int(rng.integers(len(_SHOES)))],
        hair_style=style, sleeves=sleeves[int(rng.integers(len(sleeves) if woman else 4))], legwear=legwear,
        beard=not woman and not child and rng.random() < 0.3, glasses=bool(rng.random() < (0.5 if elder else 0.2)),
        hat=hats[int(rng.integers(3))] if rng.random() < 0.15 else "none",
        hat_color=_varied(rng, _FABRICS[names[int(rng.integers(len(names)))]]),
        untucked=bool(rng.random() < 0.6), open_neck=bool(rng.random() < 0.5), top_picture=_draw_picture(rng, _FABRICS[top]),
    )  # fmt: skip


def _draw_picture(rng: np.random.Generator, color: Color) -> Picture | None:
    """The pattern of a top: none, stripes, checks or coarse cloth."""
    kind = rng.random()
    if kind < 0.5:
        return None
    if kind < 0.7:
        band = (np.arange(_PICTURE_PX) * int(rng.integers(3, 7)) // _PICTURE_PX) % 2 == 0
        other = np.asarray(_FABRICS[tuple(_FABRICS)[int(rng.integers(len(_FABRICS)))]])
        rows = np.where(band[:, None], np.asarray(color), other)
        return (np.broadcast_to(rows[:, None, :], (_PICTURE_PX, _PICTURE_PX, 3)) * 255).astype(np.uint8).copy()
    if kind < 0.85:
        return textures.plaid(rng, color, 3, size=_PICTURE_PX)
    return textures.cloth(rng, color, 12, size=_PICTURE_PX)


def _mixed(first: Color, second: Color, share: float) -> Color:
    red, green, blue = (a * (1 - share) + b * share for a, b in zip(first, second, strict=True))
    return (red, green, blue)


def _shaded(rng: np.random.Generator, color: Color) -> Color:
    """The colour, lighter or darker."""
    red, green, blue = (min(1.0, value * factor) for factor in (float(rng.uniform(0.8, 1.2)),) for value in color)
    return (red, green, blue)


def _varied(rng: np.random.Generator, color: Color) -> Color:
    red, green, blue = (float(value) for value in np.clip(np.asarray(color) * rng.uniform(0.85, 1.12, 3), 0, 1))
    return (red, green, blue)
