"""A wearer's hands: 21 joints in MediaPipe's order, skin of capsules, forearms that come from the wearer's elbows.

Hand frame (right hand): x away from the thumb, y along the fingers, z out of the back of the hand, origin at the wrist.
The left hand is its mirror image in x. Capsule hands like these are found by MediaPipe's hand landmarker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.sidecar import Side
from humannet_assets.simulator.world import SceneBuilder, World

# Centimetres: an adult hand, wrist to middle finger tip 18 cm.
_KNUCKLES = np.array([[-2.8, 8.0, 0.0], [-0.7, 8.6, 0.15], [1.3, 8.2, 0.05], [3.0, 7.3, -0.2]])
_PHALANGES = np.array([[4.0, 2.5, 2.0], [4.5, 2.9, 2.2], [4.1, 2.7, 2.1], [3.2, 2.0, 1.8]])
_SPREAD = np.deg2rad([8, 2, -4, -11])
_THUMB_OPEN = np.array([[-2.2, 1.8, -0.6], [-4.6, 4.2, -1.0], [-6.3, 6.6, -1.2], [-7.3, 9.0, -1.2]])
_THUMB_CLOSED = np.array([[-2.2, 1.8, -0.8], [-4.1, 4.3, -2.0], [-4.9, 6.9, -3.2], [-4.5, 9.2, -4.2]])

_BONES = [(0, 1, 1.75), (1, 2, 1.38), (2, 3, 1.05), (3, 4, 0.88)] + [
    (base + k, base + k + 1, radius) for base in (5, 9, 13, 17) for k, radius in ((0, 0.98), (1, 0.85), (2, 0.75))
]
_PALM = [(0, 5, 1.72), (0, 9, 1.8), (0, 13, 1.78), (0, 17, 1.6), (5, 9, 1.22), (9, 13, 1.22), (13, 17, 1.12), (1, 5, 1.35)]

_GRASP_POINT_CM = np.array([-1.0, 9.5, -3.0])
"""Where a held thing sits: under the knuckles."""

SKIN_TONES: dict[str, tuple[float, float, float]] = {
    "light": (0.94, 0.74, 0.64),
    "tan": (0.80, 0.58, 0.46),
    "brown": (0.50, 0.33, 0.24),
}


def hand_joints(grip: float = 0.0, side: Side = "right", spread: float = 1.0) -> Matrix:
    """Joints (21, 3) in metres in the hand frame.

    Args:
        grip: 0 for a relaxed open hand, 1 for fingers closed around something of 5 cm.
        side: Whose anatomy.
        spread: Scales the angle between the fingers.
    """
    joints = np.zeros((21, 3))
    joints[1:5] = _THUMB_OPEN + (_THUMB_CLOSED - _THUMB_OPEN) * grip
    curl = 0.10 + 0.42 * grip
    for finger in range(4):
        base = 5 + 4 * finger
        angle = _SPREAD[finger] * spread
        joints[base] = _KNUCKLES[finger]
        bend = 0.0
        for k in range(3):
            bend += curl * (0.6 + 0.4 * k)
            direction = np.array([-math.sin(angle) * math.cos(bend), math.cos(angle) * math.cos(bend), -math.sin(bend)])
            joints[base + k + 1] = joints[base + k] + _PHALANGES[finger, k] * direction
    return joints / 100 * ((-1, 1, 1) if side == "left" else (1, 1, 1))


@dataclass
class WearerHand:
    """One hand of the person who wears the camera, declared in a scene and posed per frame.

    `path` leads the grasp point through the world, with the grip as fourth coordinate; the forearm points to `elbow`.
    The wrist is bent up by `lift_rad`, which shows the back of the hand to the wearer, and turned by `roll_rad`.
    """

    side: Side
    path: Path
    elbow: npt.NDArray[np.float64]
    group: int
    lift_rad: float = 0.25
    roll_rad: float = 0.0

    def declare(self, scene: SceneBuilder, skin: tuple[float, float, float], sleeve: str) -> None:
        """Add the hand's and forearm's geometry; `sleeve` is a material of the scene."""
        material = scene.color(f"skin_{self.side}", skin, shine=0.15)
        nail = scene.color(f"nail_{self.side}", np.clip(np.asarray(skin) * (1.08, 1.0, 1.0) + 0.06, 0, 1), shine=0.4)
        for i, (_, _, radius) in enumerate(_BONES + _PALM):
            scene.add(self._part(f"bone{i}"), "capsule", (radius / 100, 0.01), material, group=self.group)
        for tip in (4, 8, 12, 16, 20):
            scene.add(self._part(f"nail{tip}"), "ellipsoid", (0.0048, 0.0062, 0.002), nail, group=self.group)
        scene.add(self._part("forearm"), "capsule", (0.027, 0.05), material, group=self.group)
        scene.add(self._part("sleeve"), "capsule", (0.039, 0.1), sleeve, group=self.group)
        scene.add(self._part("cuff"), "capsule", (0.036, 0.03), sleeve, group=self.group)

    def pose(self, world: World, time_s: float) -> Matrix:
        """Place the hand for a time; returns its joints (21, 3) in the world, metres."""
        state = self.path.at(time_s)
        grip = float(state[3])
        frame = self._frame(state[:3])
        mirror = -1 if self.side == "left" else 1
        wrist = state[:3] - frame @ (_GRASP_POINT_CM / 100 * (mirror, 1, 1))
        joints = wrist + hand_joints(grip, self.side) @ frame.T
        for i, (a, b, _) in enumerate(_BONES + _PALM):
            world.stretch(self._part(f"bone{i}"), joints[a], joints[b])
        for tip in (4, 8, 12, 16, 20):
            self._place_nail(world, tip, joints, frame)
        back = (self.elbow - wrist) / np.linalg.norm(self.elbow - wrist)
        world.stretch(self._part("forearm"), wrist - back * 0.005, wrist + back * 0.12)
        world.stretch(self._part("cuff"), wrist + back * 0.085, wrist + back * 0.14)
        world.stretch(self._part("sleeve"), wrist + back * 0.14, wrist + back * 0.55)
        return joints

    def _frame(self, grasp: npt.NDArray[np.float64]) -> Matrix:
        """Axes of the hand as columns: fingers continue the forearm, bent up a little, palm towards the table."""
        forward = grasp - self.elbow
        azimuth = math.atan2(-forward[0], forward[1])
        slope = math.atan2(forward[2], math.hypot(forward[0], forward[1]))
        pitch = 0.45 * slope + self.lift_rad
        return rotation((0, 0, 1), azimuth) @ rotation((1, 0, 0), pitch) @ rotation((0, 1, 0), self.roll_rad)

    def _place_nail(self, world: World, tip: int, joints: Matrix, frame: Matrix) -> None:
        along = joints[tip] - joints[tip - 1]
        along /= np.linalg.norm(along)
        up = frame[:, 2] - along * float(frame[:, 2] @ along)
        up /= np.linalg.norm(up)
        world.place(
            self._part(f"nail{tip}"),
            joints[tip] + along * 0.002 + up * 0.0068,
            np.column_stack([np.cross(along, up), along, up]),
        )

    def _part(self, name: str) -> str:
        return f"{self.side}_{name}"
