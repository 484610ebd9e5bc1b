"""Hands: 21 joints in MediaPipe's order, every finger bending by itself, flesh and nails around the bones.

Hand frame (right hand): x away from the thumb, y along the fingers, z out of the back of the hand, origin at the wrist.
The left hand is its mirror image in x. Hands like these are found by MediaPipe's hand landmarker.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.world import SceneBuilder, World

Vector = npt.NDArray[np.float64]
Color = tuple[float, float, float]

# Centimetres: an adult hand, wrist to middle finger tip 18 cm.
_KNUCKLES = np.array([[-2.8, 8.0, 0.0], [-0.7, 8.6, 0.15], [1.3, 8.2, 0.05], [3.0, 7.3, -0.2]])
_PHALANGES = np.array([[4.0, 2.5, 2.0], [4.5, 2.9, 2.2], [4.1, 2.7, 2.1], [3.2, 2.0, 1.8]])
_SPREAD = np.deg2rad([8, 2, -4, -11])
_THUMB_BASE = np.array([-2.2, 1.8, -0.6])
_THUMB_BONES = np.array([3.5, 3.0, 2.7])
# Directions of the thumb's three bones: lying beside the palm, closed towards the index finger, opposed to the fingers.
_THUMB_OPEN = np.array([[-2.4, 2.4, -0.4], [-1.7, 2.4, -0.2], [-1.0, 2.4, 0.0]])
_THUMB_CLOSED = np.array([[-1.9, 2.5, -1.2], [-0.8, 2.6, -1.2], [0.4, 2.3, -1.0]])
_THUMB_OPPOSED = np.array([[-1.0, 0.9, -2.6], [-0.2, 0.5, -2.9], [0.8, 1.9, -1.9]])

_BONES = [(0, 1, 1.75), (1, 2, 1.38), (2, 3, 1.05), (3, 4, 0.88)] + [
    (base + k, base + k + 1, radius) for base in (5, 9, 13, 17) for k, radius in ((0, 0.98), (1, 0.85), (2, 0.75))
]
_PALM = [(0, 5, 1.72), (0, 9, 1.8), (0, 13, 1.78), (0, 17, 1.6), (5, 9, 1.22), (9, 13, 1.22), (13, 17, 1.12), (1, 5, 1.35)]
_TIPS = (4, 8, 12, 16, 20)

FINGER_RADIUS_M = 0.0085
"""Flesh around a finger's bones, metres."""

SKIN_TONES: Mapping[str, Color] = {
    "light": (0.94, 0.74, 0.64),
    "medium": (0.87, 0.66, 0.53),
    "tan": (0.80, 0.58, 0.46),
    "olive": (0.68, 0.49, 0.37),
    "brown": (0.50, 0.33, 0.24),
    "dark": (0.38, 0.245, 0.18),
}

FINGERS_SIZE = 15
"""Numbers in `Fingers.vector`."""


@dataclass(frozen=True)
class Fingers:
    """How the fingers of a hand are bent.

    `flexion` (4, 3): radians at knuckle, middle and end joint of index, middle, ring and little finger. `thumb_close` brings
    the thumb towards the index finger, `thumb_oppose` in front of the palm (0..1 each). `spread` scales the angles between
    the fingers.
    """

    flexion: Matrix
    thumb_close: float = 0.0
    thumb_oppose: float = 0.0
    spread: float = 1.0

    def vector(self) -> Vector:
        """All of it as one vector (`FINGERS_SIZE`,), which can be interpolated."""
        return np.concatenate([self.flexion.reshape(12), (self.thumb_close, self.thumb_oppose, self.spread)])

    @classmethod
    def of(cls, vector: Vector) -> Fingers:
        """The fingers of such a vector."""
        return cls(vector[:12].reshape(4, 3), float(vector[12]), float(vector[13]), float(vector[14]))


def curled(grip: float, spread: float = 1.0) -> Fingers:
    """All fingers bent alike: 0 for a relaxed open hand, 1 for fingers closed around something of 5 cm."""
    bend = (0.10 + 0.42 * grip) * np.array([0.6, 1.0, 1.4])
    return Fingers(np.tile(bend, (4, 1)), grip, 0.0, spread)


def finger_joints(fingers: Fingers, side: Side = "right") -> Matrix:
    """Joints (21, 3) in metres in the hand frame."""
    joints = np.zeros((21, 3))
    ways = _unit(_THUMB_OPEN + (_THUMB_CLOSED - _THUMB_OPEN) * fingers.thumb_close)
    ways = _unit(ways + (_unit(_THUMB_OPPOSED) - ways) * fingers.thumb_oppose)
    joints[1] = _THUMB_BASE
    joints[2:5] = _THUMB_BASE + np.cumsum(ways * _THUMB_BONES[:, None], axis=0)
    bends = np.cumsum(fingers.flexion, axis=1)
    for finger in range(4):
        angle = _SPREAD[finger] * fingers.spread
        bend = bends[finger]
        across = np.cos(bend)
        ways = np.column_stack([-math.sin(angle) * across, math.cos(angle) * across, -np.sin(bend)])
        base = 5 + 4 * finger
        joints[base] = _KNUCKLES[finger]
        joints[base + 1 : base + 4] = _KNUCKLES[finger] + np.cumsum(ways * _PHALANGES[finger][:, None], axis=0)
    return joints / 100 * ((-1, 1, 1) if side == "left" else (1, 1, 1))


def _unit(ways: Matrix) -> Matrix:
    return ways / np.linalg.norm(ways, axis=-1, keepdims=True)


@dataclass(frozen=True)
class HandSkin:
    """What a hand looks like. `sleeve` is None for bare arms; `sleeve_from_m` is how far behind the wrist it begins.

    `scale` is the size against an adult hand of 18 cm.
    """

    skin: Color
    sleeve: Color | None = None
    sleeve_from_m: float = 0.085
    scale: float = 1.0


class HandBody:
    """The geometry of one hand with its forearm: declared once in a scene, posed per frame."""

    def __init__(self, side: Side, group: int, look: HandSkin) -> None:
        self.side: Side = side
        self.group = group
        self.look = look

    def declare(self, scene: SceneBuilder, sleeve: str | None = None) -> None:
        """Add the parts; `sleeve` is a material of the scene for the sleeve, if it is not the plain colour of the look."""
        tone = np.asarray(self.look.skin)
        skin = scene.color(f"skin_{self.side}", tone, shine=0.15)
        nail = scene.color(f"nail_{self.side}", np.clip(tone * (1.08, 1.0, 1.0) + 0.06, 0, 1), shine=0.4)
        size, name = self.look.scale / 100, f"{self.side}_hand"
        for i, (_, _, radius) in enumerate(_BONES + _PALM):
            scene.add(self._part(f"bone{i}"), "capsule", (radius * size, 0.01), skin, group=self.group, instance=name)
        for tip in _TIPS:
            axes = np.array([0.48, 0.62, 0.20]) * size
            scene.add(self._part(f"nail{tip}"), "ellipsoid", axes.tolist(), nail, group=self.group, instance=name)
        arm = f"{self.side}_arm"
        scene.add(self._part("forearm"), "capsule", (2.7 * size, 0.05), skin, group=self.group, instance=arm)
        scene.add(self._part("muscle"), "capsule", (3.6 * size, 0.1), skin, group=self.group, instance=arm)
        if sleeve is None and self.look.sleeve is not None:
            sleeve = scene.color(f"sleeve_{self.side}", self.look.sleeve)
        if sleeve is not None:
            scene.add(self._part("cuff"), "capsule", (3.6 * size, 0.03), sleeve, group=self.group, instance=arm)
            scene.add(self._part("sleeve"), "capsule", (4.2 * size, 0.1), sleeve, group=self.group, instance=arm)
        self._sleeved = sleeve is not None

    def pose(self, world: World, wrist: Vector, frame: Matrix, fingers: Fingers, elbow: Vector) -> Matrix:
        """Place everything; returns the joints (21, 3) in the world, metres.

        Args:
            world: The compiled scene.
            wrist: Where the wrist is in the world, (3,).
            frame: Axes of the hand frame as columns, (3, 3).
            fingers: How the fingers are bent.
            elbow: Where the forearm comes from, (3,) in the world.
        """
        joints = wrist + finger_joints(fingers, self.side) * self.look.scale @ frame.T
        for i, (a, b, _) in enumerate(_BONES + _PALM):
            world.stretch(self._part(f"bone{i}"), joints[a], joints[b])
        for tip in _TIPS:
            self._place_nail(world, tip, joints, frame)
        back = (elbow - wrist) / np.linalg.norm(elbow - wrist)
        world.stretch(self._part("forearm"), wrist - back * 0.005, wrist + back * 0.14)
        world.stretch(self._part("muscle"), wrist + back * 0.14, wrist + back * 0.40)
        if self._sleeved:
            start = self.look.sleeve_from_m
            world.stretch(self._part("cuff"), wrist + back * start, wrist + back * (start + 0.06))
            world.stretch(self._part("sleeve"), wrist + back * (start + 0.06), wrist + back * (start + 0.48))
        return joints

    def _place_nail(self, world: World, tip: int, joints: Matrix, frame: Matrix) -> None:
        along = _unit(joints[tip] - joints[tip - 1])
        # The back of a finger is the hand's back, turned with the finger; a bent tip would leave `up` undefined without it.
        across = _unit(np.cross(along, frame[:, 2])) if tip != 4 else _unit(np.cross(along, _thumb_back(frame, self.side)))
        up = np.cross(across, along)
        where = joints[tip] + (along * 0.002 + up * 0.0068) * self.look.scale
        world.place(self._part(f"nail{tip}"), where, np.column_stack([across, along, up]))

    def _part(self, name: str) -> str:
        return f"{self.side}_{name}"


def _thumb_back(frame: Matrix, side: Side) -> Vector:
    """The thumb's nail faces up and away from the fingers."""
    return frame[:, 2] * 0.8 + frame[:, 0] * (0.6 if side == "left" else -0.6)
