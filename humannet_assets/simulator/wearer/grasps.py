"""How a hand takes a thing: fingers close until they touch it, as an underactuated hand does.

A grasp is worked out for the right hand and mirrored. Its `centre` (hand frame, metres) is where the thing's grasp point lies.
Kinds (after Napier, "The prehensile movements of the human hand", J. Bone Joint Surg. 1956): `wrap` is the power grip around
a cylinder along the hand's x axis, `pinch` the precision grip from above between thumb and finger tips, `flat` the whole hand
on a surface, `point` the stretched index finger, `rim` holds an edge between thumb and fingers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.hands import FINGER_RADIUS_M, Fingers, finger_joints

Vector = npt.NDArray[np.float64]
GraspKind = Literal["wrap", "pinch", "flat", "point", "rim"]

_PALM_THICKNESS_M = 0.014
_LEAST_PINCH_M = 0.016
"""Fingers hold thinner things between their pads, not by closing to a fist."""
_STEP_RAD = np.deg2rad(3.0)
_LIMITS_RAD = np.deg2rad([85.0, 100.0, 65.0])
"""Most that knuckle, middle and end joint bend."""


@dataclass(frozen=True)
class Grasp:
    """Fingers around a thing, and where the thing's grasp point then lies in the hand frame of that side, metres."""

    fingers: Fingers
    centre: Vector

    def mirrored(self, side: Side) -> Grasp:
        """The same grasp by that hand (grasps are worked out for the right one)."""
        return self if side == "right" else Grasp(self.fingers, self.centre * (-1, 1, 1))


RELAXED = Fingers(np.deg2rad([[14, 20, 10], [17, 24, 12], [20, 27, 13], [23, 28, 14]]), 0.25, 0.05, 1.0)
"""A resting hand: the little finger is bent most."""

OPEN = Fingers(np.deg2rad([[6, 12, 6], [7, 13, 6], [8, 14, 7], [9, 16, 8]]), 0.1, 0.15, 1.25)
"""A hand shaped to take something."""


@lru_cache(maxsize=256)
def grasp_of(kind: GraspKind, radius_m: float) -> Grasp:
    """The right hand's grasp of something of that radius (half its width), metres."""
    if kind == "flat":
        flexion = np.deg2rad([[8, 10, 4], [8, 9, 4], [8, 10, 4], [8, 12, 5]])
        return Grasp(Fingers(flexion, 0.3, 0.0, 0.8), np.array([0.0, 0.085, -0.022]))
    if kind == "point":
        flexion = np.deg2rad([[16, 10, 6], [40, 52, 28], [46, 56, 30], [48, 56, 30]])
        fingers = Fingers(flexion, 0.9, 0.35, 0.6)
        return Grasp(fingers, finger_joints(fingers)[8] + (0.0, 0.004, -0.004))
    if kind == "wrap":
        return _closed(np.array([0.0, 0.055 + 0.7 * radius_m, -_PALM_THICKNESS_M - radius_m]), radius_m, np.zeros(3), (0, 1, 2))
    if kind == "rim":
        return _closed(np.array([-0.015, 0.105, -0.045]), max(radius_m, 0.008), np.deg2rad([10.0, 30.0, 15.0]), (0,))
    radius_m = max(radius_m, _LEAST_PINCH_M)
    below = max(0.042, radius_m + 0.020)
    return _closed(np.array([-0.018, 0.112, -below]), radius_m, np.deg2rad([10.0, 34.0, 18.0]), (0,), ball=True)


def _closed(centre: Vector, radius_m: float, start: Vector, joints: tuple[int, ...], *, ball: bool = False) -> Grasp:
    """Close joint after joint, and then the thumb, until flesh touches the cylinder along x (or the ball) around `centre`."""
    axes = slice(0, 3) if ball else slice(1, 3)
    flexion = np.tile(start, (4, 1))
    touch = radius_m + FINGER_RADIUS_M
    for joint in joints:
        for finger in range(4):
            while flexion[finger, joint] < _LIMITS_RAD[joint]:
                wider = flexion.copy()
                wider[finger, joint] += _STEP_RAD
                if _clearance(Fingers(wider), 5 + 4 * finger, centre, axes) < touch:
                    break
                flexion = wider
    # What nothing stops (a short finger beside a small thing) stays close to its neighbour.
    for finger in (2, 3):
        flexion[finger] = np.minimum(flexion[finger], flexion[finger - 1] + np.deg2rad(14.0))
    # Beyond 1 the thumb reaches further round: things wider than a glass need it.
    thumbs = [(close, oppose) for close in (0.2, 0.55, 0.9) for oppose in np.linspace(0, 1.25, 26)]
    gaps = np.array([_clearance(Fingers(flexion, *thumb), 1, centre, axes) - touch for thumb in thumbs])
    # The nearest thumb that stays outside, or else the one that enters least.
    close, oppose = thumbs[int(np.argmin(np.where(gaps >= 0, gaps, 1.0 - gaps)))]
    return Grasp(Fingers(flexion, close, float(oppose), 0.75), centre)


def _clearance(fingers: Fingers, first: int, centre: Vector, axes: slice) -> float:
    """Least distance of a finger's bones from the thing's axis or middle, metres."""
    chain = (finger_joints(fingers)[first : first + 4] - centre)[:, axes]
    starts, ways = chain[:-1], np.diff(chain, axis=0)
    share = np.clip(-(starts * ways).sum(axis=1) / np.maximum((ways**2).sum(axis=1), 1e-12), 0, 1)
    return float(np.linalg.norm(starts + ways * share[:, None], axis=1).min())
