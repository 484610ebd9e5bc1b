"""A whole person seen from outside: 17 ground-truth joints, a body of capsules, a face, clothes.

Body frame: x to the person's right, y ahead, z up, origin on the floor between the feet. Figures like these are found by
MediaPipe's pose landmarker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import BODY_JOINTS
from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.motion import gait
from humannet_assets.simulator.world import SceneBuilder, World

Color = tuple[float, float, float]
Direction = npt.NDArray[np.float64]
_ToWorld = Callable[[npt.ArrayLike], npt.NDArray[np.float64]]

_SIDES = (("left", -1.0), ("right", 1.0))
_SHOULDER, _HIP = (0.185, 1.42), (0.095, 0.93)  # metres: half width, height above the floor
_UPPER_ARM, _FOREARM, _THIGH, _SHIN = 0.29, 0.26, 0.43, 0.42
_HEAD_CENTRE = np.array([0.0, 0.02, 1.625])
_HEAD_AXES = np.array([0.078, 0.095, 0.118])

# Where the face's parts lie, metres from the head's centre.
_FACE: Mapping[str, tuple[float, float, float]] = {
    "nose": (0.0, 0.104, -0.012),
    "left_eye": (-0.032, 0.081, 0.022),
    "right_eye": (0.032, 0.081, 0.022),
    "left_ear": (-0.08, -0.005, 0.0),
    "right_ear": (0.08, -0.005, 0.0),
}


@dataclass(frozen=True)
class Clothes:
    """Colours of a figure."""

    skin: Color = (0.85, 0.64, 0.53)
    hair: Color = (0.20, 0.13, 0.08)
    shirt: Color = (0.70, 0.20, 0.20)
    trousers: Color = (0.20, 0.25, 0.40)
    shoes: Color = (0.12, 0.11, 0.11)


@dataclass
class Posture:
    """Directions (unit vectors, body frame) of upper arm, forearm, thigh and shin per side; where and which way it stands.

    `heading_rad` turns the figure from the world's +y towards -x; `nod_rad` and `turn_rad` move the head.
    """

    arms: dict[str, tuple[Direction, Direction]]
    legs: dict[str, tuple[Direction, Direction]]
    position: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    heading_rad: float = 0.0
    turn_rad: float = 0.0
    nod_rad: float = 0.0


def limb(side: str, forward_rad: float, outward_rad: float = 0.0) -> Direction:
    """Direction of a limb that hangs straight down, swung forwards and then outwards."""
    sign = 1.0 if side == "right" else -1.0
    swung = np.array([0.0, math.sin(forward_rad), -math.cos(forward_rad)])
    return rotation((0, 1, 0), -sign * outward_rad) @ swung


def standing() -> Posture:
    """Upright, arms hanging a little away from the body."""
    arms = {side: (limb(side, 0.03, 0.14), limb(side, 0.18, 0.10)) for side, _ in _SIDES}
    legs = {side: (limb(side, 0.02, 0.03), limb(side, 0.0, 0.02)) for side, _ in _SIDES}
    return Posture(arms, legs)


def walking(phase_rad: float) -> Posture:
    """One moment of a walk; a stride is 2 pi. The figure is lowered so that the standing foot touches the floor."""
    angles = gait(phase_rad)
    posture = standing()
    drops = []
    for side, _ in _SIDES:
        shoulder, elbow = angles[f"{side}_shoulder"], angles[f"{side}_elbow"]
        posture.arms[side] = (limb(side, shoulder, 0.12), limb(side, shoulder + elbow, 0.08))
        hip, knee = angles[f"{side}_hip"], angles[f"{side}_knee"]
        posture.legs[side] = (limb(side, hip, 0.02), limb(side, hip - knee, 0.02))
        drops.append(-_THIGH * posture.legs[side][0][2] - _SHIN * posture.legs[side][1][2])
    posture.position = np.array([0.0, 0.0, max(drops) - _THIGH - _SHIN])
    return posture


@dataclass
class Figure:
    """A person declared in a scene and posed per frame. `scale` 1 is 1.74 m tall."""

    name: str
    group: int
    scale: float = 1.0

    def declare(self, scene: SceneBuilder, clothes: Clothes) -> None:
        """Add the geometry."""
        skin = scene.color(f"{self.name}_skin", clothes.skin, shine=0.15)
        hair = scene.color(f"{self.name}_hair", clothes.hair)
        shirt = scene.color(f"{self.name}_shirt", clothes.shirt)
        trousers = scene.color(f"{self.name}_trousers", clothes.trousers)
        shoes = scene.color(f"{self.name}_shoes", clothes.shoes, shine=0.3)
        white = scene.color(f"{self.name}_white", (0.95, 0.95, 0.93), shine=0.4)
        dark = scene.color(f"{self.name}_dark", (0.07, 0.05, 0.05), shine=0.4)
        lips = scene.color(f"{self.name}_lips", np.asarray(clothes.skin) * (0.8, 0.5, 0.5))
        for part, radius in (("shoulders", 0.068), ("chest_left", 0.098), ("chest_right", 0.098), ("spine", 0.105)):
            self._capsule(scene, part, radius, shirt)
        self._capsule(scene, "hips", 0.105, trousers)
        self._capsule(scene, "neck", 0.052, skin)
        self._ellipsoid(scene, "head", tuple(_HEAD_AXES), skin)
        self._ellipsoid(scene, "hair", (0.085, 0.094, 0.105), hair)
        self._ellipsoid(scene, "jaw", (0.055, 0.06, 0.06), skin)
        self._ellipsoid(scene, "nose", (0.013, 0.02, 0.022), skin)
        self._ellipsoid(scene, "mouth", (0.026, 0.012, 0.008), lips)
        for side, _ in _SIDES:
            self._ellipsoid(scene, f"{side}_ear", (0.012, 0.02, 0.03), skin)
            self._ellipsoid(scene, f"{side}_eye", (0.015, 0.01, 0.009), white)
            self._ellipsoid(scene, f"{side}_pupil", (0.0065, 0.007, 0.0075), dark)
            self._ellipsoid(scene, f"{side}_brow", (0.02, 0.008, 0.0045), hair)
            for part, radius, material in (
                ("upper_arm", 0.052, shirt), ("forearm", 0.040, skin), ("thigh", 0.083, trousers), ("shin", 0.058, trousers),
                ("foot", 0.045, shoes), ("palm", 0.03, skin), ("thumb", 0.012, skin),
                *((f"finger{i}", 0.0105, skin) for i in range(4)),
            ):  # fmt: skip
                self._capsule(scene, f"{side}_{part}", radius, material)

    def pose(self, world: World, posture: Posture) -> Matrix:
        """Place the figure; returns its joints (17, 3), see `BODY_JOINTS`, in the world, metres."""
        turn = rotation((0, 0, 1), posture.heading_rad)
        joints: dict[str, npt.NDArray[np.float64]] = {}

        def out(point: npt.ArrayLike) -> npt.NDArray[np.float64]:
            return posture.position + turn @ (np.asarray(point, np.float64) * self.scale)

        self._pose_trunk(world, out)
        head = turn @ rotation((0, 0, 1), posture.turn_rad) @ rotation((1, 0, 0), posture.nod_rad)
        joints |= self._pose_head(world, out(_HEAD_CENTRE), head)
        for side, sign in _SIDES:
            shoulder, hip = np.array([sign * _SHOULDER[0], 0, _SHOULDER[1]]), np.array([sign * _HIP[0], 0, _HIP[1]])
            upper, fore = posture.arms[side]
            thigh, shin = posture.legs[side]
            elbow, knee = shoulder + _UPPER_ARM * upper, hip + _THIGH * thigh
            wrist, ankle = elbow + _FOREARM * fore, knee + _SHIN * shin
            world.stretch(self._part(f"{side}_upper_arm"), out(shoulder), out(elbow))
            world.stretch(self._part(f"{side}_forearm"), out(elbow), out(wrist))
            world.stretch(self._part(f"{side}_thigh"), out(hip), out(knee))
            world.stretch(self._part(f"{side}_shin"), out(knee), out(ankle))
            toe = np.array([0.0, -shin[2], shin[1]])
            world.stretch(
                self._part(f"{side}_foot"), out(ankle + 0.03 * shin - 0.03 * toe), out(ankle + 0.035 * shin + 0.15 * toe)
            )
            self._pose_hand(world, out, side, wrist=wrist, fore=fore)
            points = {"shoulder": shoulder, "elbow": elbow, "wrist": wrist, "hip": hip, "knee": knee, "ankle": ankle}
            joints |= {f"{side}_{name}": out(point) for name, point in points.items()}
        return np.array([joints[name] for name in BODY_JOINTS])

    def _pose_trunk(self, world: World, out: _ToWorld) -> None:
        half, top, hip, low = _SHOULDER[0], _SHOULDER[1], _HIP[0], _HIP[1]
        world.stretch(self._part("shoulders"), out((-half + 0.02, 0, top)), out((half - 0.02, 0, top)))
        world.stretch(self._part("chest_left"), out((-half + 0.09, 0.01, top - 0.06)), out((-hip + 0.03, 0, low + 0.08)))
        world.stretch(self._part("chest_right"), out((half - 0.09, 0.01, top - 0.06)), out((hip - 0.03, 0, low + 0.08)))
        world.stretch(self._part("spine"), out((0, 0.01, top - 0.06)), out((0, 0, low + 0.08)))
        world.stretch(self._part("hips"), out((-hip + 0.02, 0, low + 0.02)), out((hip - 0.02, 0, low + 0.02)))
        world.stretch(self._part("neck"), out((0, -0.005, top + 0.03)), out((0, 0.01, top + 0.13)))

    def _pose_head(self, world: World, centre: npt.NDArray[np.float64], frame: Matrix) -> dict[str, npt.NDArray[np.float64]]:
        def at(x: float, y: float, z: float) -> npt.NDArray[np.float64]:
            return centre + frame @ (np.array([x, y, z]) * self.scale)

        world.place(self._part("head"), centre, frame)
        world.place(self._part("hair"), at(0, -0.02, 0.03), frame)
        world.place(self._part("jaw"), at(0, 0.032, -0.068), frame)
        world.place(self._part("mouth"), at(0, 0.083, -0.058), frame)
        joints = {name: at(*offset) for name, offset in _FACE.items()}
        for name, point in joints.items():
            world.place(self._part(name), point, frame)
        for side, sign in _SIDES:
            x, y, z = _FACE[f"{side}_eye"]
            world.place(self._part(f"{side}_pupil"), at(x, y + 0.0065, z), frame)
            world.place(self._part(f"{side}_brow"), at(sign * 0.033, 0.087, 0.043), frame)
        return joints

    def _pose_hand(self, world: World, out: _ToWorld, side: str, *, wrist: npt.NDArray[np.float64], fore: Direction) -> None:
        """Palm and fingers continue the forearm, spread in the plane of the body's front, thumb towards the head's side."""
        sign = 1.0 if side == "right" else -1.0
        across = np.cross(fore, (0.0, 1.0, 0.0))
        across = across / max(float(np.linalg.norm(across)), 1e-6)
        world.stretch(self._part(f"{side}_palm"), out(wrist + 0.02 * fore), out(wrist + 0.075 * fore))
        for i in range(4):
            aside = (i - 1.5) * 0.019 * across
            reach = (0.155, 0.175, 0.17, 0.145)[i]
            world.stretch(
                self._part(f"{side}_finger{i}"), out(wrist + 0.08 * fore + aside), out(wrist + reach * fore + aside * 1.35)
            )
        inward = -sign * np.sign(across[0] if abs(across[0]) > 0.1 else across[2] * sign) * across
        world.stretch(
            self._part(f"{side}_thumb"), out(wrist + 0.03 * fore + 0.02 * inward), out(wrist + 0.09 * fore + 0.062 * inward)
        )

    def _capsule(self, scene: SceneBuilder, part: str, radius: float, material: str) -> None:
        scene.add(self._part(part), "capsule", (radius * self.scale, 0.05), material, group=self.group)

    def _ellipsoid(self, scene: SceneBuilder, part: str, axes: tuple[float, ...], material: str) -> None:
        scene.add(self._part(part), "ellipsoid", tuple(axis * self.scale for axis in axes), material, group=self.group)

    def _part(self, part: str) -> str:
        return f"{self.name}_{part}"
