"""Heads: a skull with a face, hair, glasses, hats. Offsets are metres in the head's frame for a head of size 1."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from humannet_assets.simulator.people.build import Look
from humannet_assets.simulator.people.shapes import Ring, lathe, scaled
from humannet_assets.simulator.people.skeleton import OUT, SIDES, turned
from humannet_assets.simulator.people.wear import Dress, LinkPart, ball, bar, disc, skin_of

_FORWARD = turned(x=-math.pi / 2)
"""Axes whose third column points ahead."""


def head_parts(size: float, look: Look, dress: Dress) -> list[LinkPart]:
    """Everything that hangs on the head's link."""
    parts = [*_face(look, dress), *_hair(look, dress), *_glasses(look, dress), *_hat(look, dress)]
    return [
        replace(
            part,
            size=tuple(size * value for value in part.size),
            offset=size * part.offset,
            mesh=scaled(part.mesh, size) if part.mesh else None,
        )
        for part in parts
    ]


_SKULL = (
    Ring(-0.064, 0.016, 0.082, 0.046), Ring(-0.056, 0.030, 0.094, 0.026), Ring(-0.040, 0.045, 0.096, 0.000),
    Ring(-0.022, 0.053, 0.091, -0.030), Ring(-0.008, 0.058, 0.0935, -0.046), Ring(0.012, 0.064, 0.0895, -0.064),
    Ring(0.034, 0.070, 0.0885, -0.080), Ring(0.056, 0.0735, 0.0830, -0.089), Ring(0.076, 0.0750, 0.0905, -0.094),
    Ring(0.100, 0.0755, 0.0890, -0.096), Ring(0.125, 0.0720, 0.0780, -0.091), Ring(0.148, 0.061, 0.057, -0.076),
    Ring(0.164, 0.043, 0.032, -0.052),
)  # fmt: skip
"""From the chin to the crown: 23 cm high, 15 cm wide (DIN 33402-2: medians of head height and breadth)."""


def _face(look: Look, dress: Dress) -> list[LinkPart]:
    if not look.face:
        return [skin_of("skull", "head", lathe(_SKULL, power=2.05, caps=(0.4, 0.35), segments=24), dress.skin)]
    skull = lathe(_SKULL, power=2.05, caps=(0.4, 0.35), segments=24)
    parts = [
        skin_of("skull", "head", skull, dress.skin),
        ball("nose", "head", (0, 0.0975, 0.0345), (0.0128, 0.0125, 0.0225), dress.skin, turned(x=0.50)),
        ball("mouth", "head", (0, 0.0870, -0.010), (0.0245, 0.0095, 0.0078), dress.lips),
    ]
    for side in SIDES:
        x = OUT[side]
        parts += [
            ball(f"{side}_ear", "head", (x * 0.074, 0.000, 0.038), (0.011, 0.019, 0.031), dress.skin),
            ball(f"{side}_inner_ear", "head", (x * 0.0805, 0.001, 0.038), (0.006, 0.012, 0.021), dress.shaded),
            ball(f"{side}_cheek", "head", (x * 0.050, 0.055, 0.020), (0.012, 0.018, 0.018), dress.cheek),
            ball(f"{side}_eye", "head", (x * 0.0315, 0.0725, 0.056), (0.0150, 0.0100, 0.0090), dress.white),
            ball(f"{side}_pupil", "head", (x * 0.0325, 0.0798, 0.056), (0.0068, 0.0042, 0.0074), dress.dark),
            ball(
                f"{side}_brow",
                "head",
                (x * 0.0325, 0.0785, 0.0770),
                (0.0190, 0.0085, 0.0046),
                dress.hair,
                turned(y=x * 0.10, z=-x * 0.25),
            ),
        ]
    if look.beard:
        parts += [
            ball("beard", "head", (0, 0.044, -0.034), (0.056, 0.055, 0.044), dress.hair),
            ball("moustache", "head", (0, 0.0865, 0.003), (0.027, 0.010, 0.0055), dress.hair),
        ]
    return parts


_CAP = (
    Ring(0.004, 0.060, -0.020, -0.082), Ring(0.030, 0.074, -0.012, -0.098), Ring(0.060, 0.0800, -0.004, -0.104),
    Ring(0.088, 0.0815, 0.028, -0.106), Ring(0.108, 0.0805, 0.080, -0.105), Ring(0.128, 0.0785, 0.092, -0.101),
    Ring(0.150, 0.0690, 0.076, -0.089), Ring(0.167, 0.0540, 0.056, -0.071), Ring(0.179, 0.034, 0.032, -0.045),
)  # fmt: skip
"""Short hair: behind the ears below, over the forehead above."""
_FALL = (
    Ring(-0.160, 0.060, -0.045, -0.088), Ring(-0.110, 0.086, -0.030, -0.100), Ring(-0.050, 0.089, 0.004, -0.108),
    Ring(0.010, 0.087, 0.034, -0.106), Ring(0.060, 0.0860, 0.040, -0.106),
)  # fmt: skip
"""Where long hair falls below `_CAP`."""


def _hair(look: Look, dress: Dress) -> list[LinkPart]:
    if look.hair_style == "none":
        return []
    if look.hair_style == "bald":
        wreath = [Ring(0.004, 0.058, -0.020, -0.078), Ring(0.040, 0.0765, -0.020, -0.092), Ring(0.080, 0.0775, -0.030, -0.097)]
        return [skin_of("hair", "head", lathe(wreath, power=2.25, caps=(0.5, 0.1)), dress.hair)]
    if look.hair_style == "long":
        rings = (*_FALL, *_CAP[3:])
    elif look.hat != "none":
        rings = _CAP[:4]
    elif look.hair_style == "curly":
        rings = tuple(Ring(ring.z * 1.12, ring.wide * 1.32, ring.front + 0.012, ring.back * 1.30) for ring in _CAP)
    else:
        rings = _CAP
    parts = [skin_of("hair", "head", lathe(rings, power=2.2, caps=(0.4, 0.22), segments=22), dress.hair)]
    if look.hair_style == "fringe" and look.hat == "none":
        parts.append(ball("hair_front", "head", (0, 0.046, 0.113), (0.070, 0.050, 0.034), dress.hair))
    if look.hair_style == "bun":
        parts.append(ball("hair_bun", "head", (0, -0.112, 0.100), (0.044, 0.040, 0.042), dress.hair))
    return parts


def _glasses(look: Look, dress: Dress) -> list[LinkPart]:
    if not look.glasses:
        return []
    parts = [bar("bridge", "head", (-0.012, 0.097, 0.060), (0.012, 0.097, 0.060), 0.0022, dress.dark)]
    for side in SIDES:
        x = OUT[side] * 0.032
        # A rim is a dark disc with a smaller one of skin before it, through which the eye looks.
        parts += [
            disc(
                f"{side}_rim",
                "head",
                (x, 0.0775, 0.056),
                0.0225,
                0.003,
                dress.dark,
                turned(x=-math.pi / 2, z=-OUT[side] * 0.22),
            ),
            disc(
                f"{side}_lens",
                "head",
                (x, 0.0783, 0.056),
                0.0188,
                0.003,
                dress.skin,
                turned(x=-math.pi / 2, z=-OUT[side] * 0.22),
            ),
            bar(
                f"{side}_temple", "head", (OUT[side] * 0.056, 0.078, 0.060), (OUT[side] * 0.078, 0.0, 0.055), 0.0022, dress.dark
            ),
        ]
    return parts


def _hat(look: Look, dress: Dress) -> list[LinkPart]:
    level = np.eye(3)
    if look.hat == "cap":
        return [
            ball("hat", "head", (0, -0.004, 0.112), (0.088, 0.100, 0.082), dress.hat),
            ball("brim", "head", (0, 0.105, 0.112), (0.066, 0.066, 0.008), dress.hat, turned(x=-0.12)),
        ]
    if look.hat == "beanie":
        return [
            ball("hat", "head", (0, -0.008, 0.118), (0.088, 0.099, 0.092), dress.hat),
            disc("brim", "head", (0, -0.006, 0.112), 0.090, 0.016, dress.hat, turned(x=0.10)),
        ]
    if look.hat == "sun_hat":
        return [
            ball("hat", "head", (0, -0.006, 0.125), (0.086, 0.096, 0.082), dress.hat),
            disc("brim", "head", (0, -0.004, 0.122), 0.165, 0.006, dress.hat, level),
        ]
    return []
