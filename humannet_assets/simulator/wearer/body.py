"""The wearer: hands on arms, in the frame of the station the wearer is at.

A hand's state is one vector (`HAND_STATE`,), so that a `motion.Path` can lead it: wrist (3, metres), yaw, pitch and
supination (radians), fingers (`hands.FINGERS_SIZE`). Yaw turns the fingers from ahead towards the left, pitch raises them
above the horizon, supination turns the thumb upwards (0: palm down, pi/2: as for a handshake).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.hands import FINGERS_SIZE, SKIN_TONES, Fingers, HandSkin

Vector = npt.NDArray[np.float64]

HAND_STATE = 6 + FINGERS_SIZE
SIDES: tuple[Side, Side] = ("left", "right")
OUT: Mapping[Side, float] = {"left": -1.0, "right": 1.0}
"""Which way along x is outwards."""

# Metres: elbows hang beside the body at the height of the surface (DIN 33402: elbow height sitting 23 cm above the seat).
_ELBOW = np.array([0.30, -0.06, 0.06])
_WRIST_AT_REST = np.array([0.14, 0.25, 0.05])
_ELBOW_FOLLOWS = np.array([0.35, 0.35, 0.6])
"""Share of the hand's way along x, y, z that the elbow makes too."""


@dataclass(frozen=True)
class HandPose:
    """Where a hand is and how it is held (see the module for the angles)."""

    wrist: Vector
    yaw: float
    pitch: float
    supination: float
    fingers: Fingers

    def vector(self) -> Vector:
        """As a vector (`HAND_STATE`,)."""
        return np.concatenate([self.wrist, (self.yaw, self.pitch, self.supination), self.fingers.vector()])

    @classmethod
    def of(cls, vector: Vector) -> HandPose:
        """The pose of such a vector."""
        yaw, pitch, supination = (float(angle) for angle in vector[3:6])
        return cls(vector[:3], yaw, pitch, supination, Fingers.of(vector[6:]))

    def frame(self, side: Side) -> Matrix:
        """Axes of the hand frame as columns."""
        return hand_frame(side, self.yaw, self.pitch, self.supination)


def hand_frame(side: Side, yaw: float, pitch: float, supination: float) -> Matrix:
    """Axes of the hand frame as columns (3, 3)."""
    roll = supination * OUT[side]
    return rotation((0, 0, 1), yaw) @ rotation((1, 0, 0), pitch) @ rotation((0, 1, 0), roll)


def natural_yaw(side: Side, point: Vector) -> float:
    """Yaw of a hand at a point: it continues the forearm, and the wrist gives way by a part of what is sideways."""
    return math.atan2(-(point[0] - 0.27 * OUT[side]), point[1] + 0.06) * 0.85


def elbow_of(side: Side, wrist: Vector) -> Vector:
    """The elbow of an arm whose wrist is there, station frame, metres: it hangs beside the body and gives way to the hand."""
    return _ELBOW * (OUT[side], 1, 1) + (wrist - _WRIST_AT_REST * (OUT[side], 1, 1)) * _ELBOW_FOLLOWS


@dataclass(frozen=True)
class Wearer:
    """What stays the same about a person: hands, clothes, height of the eyes above the surface, preferred hand."""

    look: HandSkin
    eye_m: float = 0.51
    preferred: Side = "right"


def draw_wearer(rng: np.random.Generator) -> Wearer:
    """A person at random. About one in ten prefers the left hand (Papadatou-Pastou et al., Psychol. Bull. 2020: 10.6 %)."""
    tones = tuple(SKIN_TONES.values())
    first, second = rng.integers(len(tones), size=2)
    mix = rng.uniform(0, 0.5)
    tone = np.asarray(tones[first]) * (1 - mix) + np.asarray(tones[second]) * mix
    dress = rng.random()
    cloth = rng.uniform(0.08, 0.85) * rng.uniform(0.55, 1.0, 3)
    sleeve = None if dress < 0.2 else (float(cloth[0]), float(cloth[1]), float(cloth[2]))
    start = 0.085 if dress < 0.75 else 0.20
    skin = (float(tone[0]), float(tone[1]), float(tone[2]))
    look = HandSkin(skin, sleeve, start, float(rng.uniform(0.92, 1.06)))
    return Wearer(look, float(rng.uniform(0.47, 0.58)), "left" if rng.random() < 0.106 else "right")
