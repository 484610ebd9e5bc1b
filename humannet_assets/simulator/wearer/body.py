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

from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.hands import FINGERS_SIZE, SKIN_TONES, Fingers, HandSkin
from humannet_assets.simulator.sidecar import Side

Vector = npt.NDArray[np.float64]

HAND_STATE = 6 + FINGERS_SIZE
SIDES: tuple[Side, Side] = ("left", "right")
OUT: Mapping[Side, float] = {"left": -1.0, "right": 1.0}
"""Which way along x is outwards."""

# Metres; an adult's shoulders above a table top at elbow height (DIN 33402: sitting shoulder height 60 cm, elbow 23 cm).
_SHOULDER = np.array([0.19, 0.0, 0.40])
_UPPER_ARM_M, _FOREARM_M = 0.30, 0.26


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
    """The elbow of an arm whose wrist is there: two bones, the elbow hanging down and outwards (station frame, metres).

    Beyond the arm's reach the wearer leans forward.
    """
    shoulder = _SHOULDER * (OUT[side], 1, 1)
    way = wrist - shoulder
    distance = float(np.linalg.norm(way))
    reach = 0.97 * (_UPPER_ARM_M + _FOREARM_M)
    if distance > reach:
        shoulder = wrist - way / distance * reach
        distance = reach
    along = (wrist - shoulder) / distance
    hang = np.array([0.75 * OUT[side], -0.25, -0.6])
    hang -= along * float(hang @ along)
    hang /= np.linalg.norm(hang)
    foot = (_UPPER_ARM_M**2 - _FOREARM_M**2 + distance**2) / (2 * distance)
    return shoulder + along * foot + hang * math.sqrt(max(_UPPER_ARM_M**2 - foot**2, 0.0))


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
    sleeve = None if dress < 0.2 else tuple(float(value) for value in rng.uniform(0.08, 0.85) * rng.uniform(0.55, 1.0, 3))
    start = 0.085 if dress < 0.75 else 0.20
    skin = (float(tone[0]), float(tone[1]), float(tone[2]))
    look = HandSkin(skin, sleeve, start, float(rng.uniform(0.92, 1.06)))
    return Wearer(look, float(rng.uniform(0.47, 0.58)), "left" if rng.random() < 0.106 else "right")
