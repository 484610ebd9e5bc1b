"""Trunk and limbs of a person, with the clothes that fit them closely. Metres, in the frames of the skeleton's links."""

from __future__ import annotations

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.people.build import Build, Look
from humannet_assets.simulator.people.shapes import Ring, lathe, swollen, tube
from humannet_assets.simulator.people.skeleton import HEEL, turned
from humannet_assets.simulator.people.wear import Dress, LinkPart, ball, skin_of
from humannet_assets.simulator.world import Mesh

_ADULT_M = 1.74
"""Stature the radii below are given for."""
_ALONG_FOOT = turned(x=-np.pi / 2)
"""Axes whose third column points to the toes, the second one down."""


def torso(build: Build, look: Look, dress: Dress) -> list[LinkPart]:
    """From the hips to the neck: three surfaces that overlap, so that the back can bend."""
    h, g, spine = build.height_m / _ADULT_M, build.girth, build.spine
    half, hips = build.shoulder_half, build.hip_half
    # How stout somebody is shows at the belly more than at the chest, and hardly at the shoulders.
    stout, stouter = h * g, h * g**1.4
    chest = lathe(
        [
            Ring(-0.16 * spine, 0.120 * stouter, 0.098 * stouter, -0.088 * stout),
            Ring(0.00 * spine, 0.130 * stout, 0.102 * stout, -0.096 * stout),
            Ring(0.16 * spine, 0.80 * half + 0.012 * g * h, 0.106 * stout, -0.106 * stout),
            Ring(0.28 * spine, 0.87 * half, 0.094 * stout, -0.106 * stout),
            Ring(0.37 * spine, 0.98 * half, 0.074 * stout, -0.094 * stout),
            Ring(0.43 * spine, 1.00 * half, 0.056 * h, -0.078 * h),
            Ring(0.475 * spine, 0.92 * half, 0.046 * h, -0.066 * h),
            Ring(0.505 * spine, 0.60 * half, 0.046 * h, -0.060 * h),
            Ring(0.525 * spine, 0.36 * half, 0.046 * h, -0.056 * h),
        ],
        power=2.5, caps=(0.6, 0.1), repeat=(3, 2),
    )  # fmt: skip
    for side in (-1.0, 1.0):
        if build.bust:
            chest = swollen(chest, (side * 0.40 * half, 0.1, 0.13 * spine), 0.040 * build.bust * h, (0.060 * h, 0.065 * h))
    belly = lathe(
        [
            Ring(-0.16 * spine, 0.60 * hips + 0.070 * stouter, 0.100 * stouter, -0.090 * stout),
            Ring(-0.04 * spine, 0.122 * stouter, 0.104 * stouter, -0.088 * stout),
            Ring(0.20 * spine, 0.124 * stouter, 0.102 * stouter, -0.092 * stout),
        ],
        power=2.4, caps=(0.2, 0.6), repeat=(3, 1.5),
    )  # fmt: skip
    seat = lathe(
        [
            Ring(-0.095 * h, hips + 0.045 * stout, 0.070 * stout, -0.090 * stout),
            Ring(-0.030 * h, hips + 0.072 * stout, 0.092 * stout, -0.116 * stout),
            Ring(0.040 * h, hips + 0.066 * stout, 0.098 * stout, -0.114 * stout),
            Ring(0.110 * h, max(0.62 * hips + 0.076 * stouter, 0.128 * stouter), 0.107 * stouter, -0.098 * stout),
        ],
        power=2.3, caps=(0.6, 0.0),
    )  # fmt: skip
    neck = lathe(tube([(-0.6, 0.056 * h), (0.1, 0.049 * h * g**0.4), (1.2, 0.050 * h * g**0.4)], 0.056 * build.height_m))
    parts = [
        skin_of("chest", "chest", chest, dress.top),
        skin_of("belly", "abdomen", belly, dress.top),
        *([skin_of("seat", "pelvis", seat, dress.bottom)] if look.legwear != "none" else []),
        skin_of("neck", "neck", neck, dress.neck),
        ball("collar", "chest", (0, -0.004, 0.515 * spine), (0.068 * h, 0.056 * h, 0.018 * h), dress.top),
    ]
    if look.open_neck:
        parts[-1] = ball("neckline", "chest", (0, 0.026 * h, 0.47 * spine), (0.048 * h, 0.036 * h, 0.080 * h), dress.skin)
    if look.untucked:
        hem = lathe(
            [
                Ring(-0.060 * h, hips + 0.098 * stout, 0.118 * stout, -0.136 * stout),
                Ring(0.040 * h, hips + 0.084 * stout, 0.114 * stout, -0.126 * stout),
                Ring(0.140 * h, 0.70 * hips + 0.074 * stouter, 0.106 * stouter, -0.098 * stout),
            ],
            power=2.4, caps=(0.0, 0.5), repeat=(3, 1.2),
        )  # fmt: skip
        parts.append(skin_of("hem", "pelvis", hem, dress.top))
    if look.legwear == "skirt":
        parts.append(skin_of("skirt", "skirt", _skirt(build), dress.bottom))
    return parts


def _skirt(build: Build) -> Mesh:
    """A knee-long skirt, wider below."""
    h, stout = build.height_m / _ADULT_M, build.height_m / _ADULT_M * build.girth
    wide = build.hip_half + 0.078 * stout
    return lathe(
        [
            Ring(-0.10 * h, wide * 0.80, 0.102 * stout, -0.105 * stout),
            Ring(0.02, wide, 0.112 * stout, -0.128 * stout),
            Ring(0.50 * build.thigh, wide * 1.12, 0.165 * stout, -0.165 * stout),
            Ring(0.92 * build.thigh, wide * 1.28, 0.210 * stout, -0.200 * stout),
        ],
        power=2.2, caps=(0.4, 0.0), repeat=(4, 1),
    )  # fmt: skip


def arm(build: Build, look: Look, dress: Dress, side: Side) -> list[LinkPart]:
    """Upper arm, forearm, palm; sleeves."""
    h, g = build.height_m / _ADULT_M, build.girth**0.8 * build.height_m / _ADULT_M
    loose = 1.16 if look.sleeves == "long_sleeves" else 1.0
    upper = [(-0.02, 0.043 * g), (0.12, 0.050 * g), (0.30, 0.047 * g), (0.62, 0.042 * g * loose), (1.0, 0.038 * g * loose)]
    lower = [(0.0, 0.038 * g * loose), (0.22, 0.042 * g * loose), (0.60, 0.035 * g * loose), (0.96, 0.027 * h * loose)]
    palm = [
        Ring(-0.006, 0.026, 0.021, -0.019), Ring(0.020, 0.033, 0.018, -0.020), Ring(0.055, 0.042, 0.014, -0.017),
        Ring(0.084, 0.041, 0.011, -0.012),
    ]  # fmt: skip
    turn = np.column_stack([(1.0, 0, 0), (0, 0, -1.0), (0, 1.0, 0)])
    shoulder = lathe(tube(upper, build.upper_arm), caps=(0.6, 1.0), repeat=(1.2, 1.2))
    forearm = lathe(tube(lower, build.forearm), repeat=(1.2, 1.2), caps=(1.0, 0.5))
    hand = lathe([ring.scaled(build.hand) for ring in palm], caps=(0.6, 0.6), segments=14)
    parts = [
        skin_of("upper_arm", f"{side}_upper_arm", shoulder, dress.skin if look.sleeves == "short_sleeves" else dress.shoulder),
        skin_of("forearm", f"{side}_forearm", forearm, dress.arm),
        skin_of("palm", f"{side}_hand", hand, dress.skin, frame=turn),
    ]
    if look.sleeves == "short_sleeves":
        wide = [(-0.02, 0.046 * g), (0.12, 0.053 * g), (0.30, 0.056 * g), (0.52, 0.058 * g)]
        parts.append(
            skin_of(
                "sleeve", f"{side}_upper_arm", lathe(tube(wide, build.upper_arm), caps=(0.6, 0.0), repeat=(1.2, 0.8)), dress.top
            )
        )
    if look.sleeves == "long_sleeves":
        parts.append(
            skin_of("wrist", f"{side}_forearm", lathe(tube([(0.8, 0.024 * h), (1.03, 0.025 * h)], build.forearm)), dress.skin)
        )
    return parts


def leg(build: Build, look: Look, dress: Dress, side: Side) -> list[LinkPart]:
    """Thigh, shin and shoe; trousers and shorts."""
    h, g, length = build.height_m / _ADULT_M, build.girth**0.8 * build.height_m / _ADULT_M, build.foot
    loose = look.legwear == "trousers"
    thigh = [
        (0.0, 0.070 * g),
        (0.12, 0.080 * g),
        (0.35, 0.078 * g),
        (0.65, (0.070 if loose else 0.064) * g),
        (1.0, (0.060 if loose else 0.052) * g),
    ]
    shin = (
        [(0.0, 0.060 * g), (0.25, 0.060 * g), (0.6, 0.055 * g), (0.95, 0.056 * h)]
        if loose
        else [(0.0, 0.052 * g), (0.12, 0.053 * g), (0.30, 0.057 * g), (0.55, 0.047 * g), (0.80, 0.036 * h), (1.0, 0.033 * h)]
    )
    calf = lathe(tube(shin, build.shin), caps=(1.0, 0.0 if loose else 1.0))
    sole = -build.ankle
    # Along the foot: heel, ankle, instep, ball. What is above the sole is in `back`, as the mesh lies on its belly.
    shoe = lathe(
        [
            Ring(-HEEL * length + 0.012, 0.032, -sole, sole + 0.048), Ring(-0.10 * length, 0.038, -sole, -0.010),
            Ring(0.08 * length, 0.038, -sole, -0.004), Ring(0.30 * length, 0.043, -sole, sole + 0.062),
            Ring(0.52 * length, 0.047, -sole, sole + 0.045),
        ],
        power=3.0, caps=(0.5, 0.3), segments=14,
    )  # fmt: skip
    toe = lathe(
        [
            Ring(-0.05 * length, 0.047, 0.0, -0.045), Ring(0.08 * length, 0.045, 0.0, -0.040),
            Ring(0.14 * length, 0.036, 0.0, -0.034),
        ],
        power=3.0, caps=(0.3, 0.7), segments=14,
    )  # fmt: skip
    parts = [
        skin_of("thigh", f"{side}_thigh", lathe(tube(thigh, build.thigh, flat=1.06)), dress.thigh),
        skin_of("shin", f"{side}_shin", calf, dress.shin),
        skin_of("shoe", f"{side}_foot", shoe, dress.shoes, frame=_ALONG_FOOT),
        skin_of("toe", f"{side}_toes", toe, dress.shoes, frame=_ALONG_FOOT),
    ]
    if look.legwear == "shorts":
        wide = [(-0.05, 0.080 * g), (0.12, 0.092 * g), (0.40, 0.094 * g), (0.80, 0.092 * g)]
        parts.append(
            skin_of("shorts", f"{side}_thigh", lathe(tube(wide, build.thigh, flat=1.06), caps=(1.0, 0.0)), dress.bottom)
        )
    return parts
