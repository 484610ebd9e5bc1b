"""One arm with a parallel gripper and a wrist camera, as bodies, joints and servos of a `mujoco.MjSpec`.

Chain: waist, shoulder, elbow, forearm roll, wrist pitch, wrist roll, then two coupled finger slides. At zero the upper arm
stands upright and the gripper points ahead (+y). Grasp frame (site `<side>_grasp`, between the finger tips): x the direction
the fingers close along, y the direction of approach. Proportions are those of a tabletop arm of 0.75 m reach (ViperX 300
class); gravity is compensated, as the position servos of such arms do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.robot.tabletop import Look
from humannet_assets.simulator.wearer.body import OUT

JOINTS = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_pitch", "wrist_roll")

BASE_M = (0.27, -0.02)
"""Where the right arm stands; the left one at -x."""
SHOULDER_M, LINK_M = 0.14, 0.33
PALM_M, GRASP_M = 0.09, 0.15
"""From the wrist's pitch axis to the fingers' roots and to the grasp point."""
FINGER_TRAVEL_M = 0.04
MAX_OPENING_M = 2 * FINGER_TRAVEL_M
SQUEEZE_M = 0.01
"""How far beyond closed the finger servos may aim: it keeps a closed gripper pressing on what it holds."""

WRIST_FOV_DEG = 70.0

_LIMITS_RAD = ((-2.8, 2.8), (-1.6, 1.9), (-2.6, 1.2), (-2.8, 2.8), (-2.2, 2.2), (-3.1, 3.1))
_GAINS = (300.0, 300.0, 250.0, 80.0, 80.0, 60.0)
_FORCES = (60.0, 60.0, 50.0, 20.0, 20.0, 15.0)
_CONTACT_BIT: dict[Side, int] = {"left": 2, "right": 4}
"""Grippers touch things (bit 1) and the other arm's gripper, not themselves."""

_DARK = (0.24, 0.24, 0.27, 1.0)
_RUBBER = (0.32, 0.33, 0.36, 1.0)


def add_camera(mujoco: Any, body: Any, name: str, pose: Matrix, fov_deg: float) -> None:
    """Add a camera by its OpenCV pose (4, 4) in the body's frame and its vertical field of view."""
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, (pose[:3, :3] @ np.diag([1.0, -1.0, -1.0])).flatten())
    body.add_camera(name=name, pos=pose[:3, 3], quat=quaternion, fovy=fov_deg)


def add_arm(mujoco: Any, spec: Any, side: Side, look: Look) -> None:
    """Add the arm of a side with its servos (`<side>_<joint>`, `<side>_grip`) and its camera (`<side>_wrist`)."""
    _Arm(mujoco, spec, side, look).build()


class _Arm:
    def __init__(self, mujoco: Any, spec: Any, side: Side, look: Look) -> None:
        self._mujoco, self._spec = mujoco, spec
        self._side: Side = side
        self._metal, self._accent = (*np.clip(look.paint, 0, 1), 1.0), (*look.accent, 1.0)
        bit = _CONTACT_BIT[side]
        self._touch = {"contype": bit, "conaffinity": 1 | (6 ^ bit)}

    def build(self) -> None:
        metal, accent = self._metal, self._accent
        base = self._spec.worldbody.add_body(name=f"{self._side}_base", pos=(OUT[self._side] * BASE_M[0], BASE_M[1], 0))
        self._cylinder(base, (0.06, 0.03), _DARK, 2.0, at=(0, 0, 0.03))
        waist = self._link(base, "waist", (0, 0, 0.06), (0, 0, 1))
        self._box(waist, (0.04, 0.045, 0.045), metal, 0.8, at=(0, 0, 0.04))
        shoulder = self._link(waist, "shoulder", (0, 0, SHOULDER_M - 0.06), (1, 0, 0))
        self._capsule(shoulder, 0.032, metal, 0.8, (0, 0, 0, 0, 0, LINK_M))
        self._capsule(shoulder, 0.037, _DARK, 0.1, (-0.03, 0, 0, 0.03, 0, 0))
        elbow = self._link(shoulder, "elbow", (0, 0, LINK_M), (1, 0, 0))
        self._capsule(elbow, 0.034, _DARK, 0.1, (-0.025, 0, 0, 0.025, 0, 0))
        self._capsule(elbow, 0.027, metal, 0.3, (0, 0, 0, 0, LINK_M * 0.5, 0))
        roll = self._link(elbow, "forearm_roll", (0, LINK_M * 0.5, 0), (0, 1, 0))
        self._capsule(roll, 0.025, metal, 0.3, (0, 0.02, 0, 0, LINK_M * 0.5, 0))
        pitch = self._link(roll, "wrist_pitch", (0, LINK_M * 0.5, 0), (1, 0, 0))
        self._capsule(pitch, 0.026, _DARK, 0.15, (-0.02, 0, 0, 0.02, 0, 0))
        hand = self._link(pitch, "wrist_roll", (0, 0.03, 0), (0, 1, 0))
        self._capsule(hand, 0.022, accent, 0.05, (0, 0.0, 0, 0, 0.02, 0))
        self._box(hand, (0.046, 0.018, 0.022), _DARK, 0.25, at=(0, PALM_M - 0.048, 0), hit=True)
        hand.add_site(name=f"{self._side}_grasp", pos=(0, GRASP_M - 0.03, 0))
        self._camera(hand)
        self._fingers(hand)

    def _camera(self, hand: Any) -> None:
        """A camera on a bracket above the gripper that looks at the grasp point past the finger tips."""
        self._box(hand, (0.014, 0.01, 0.012), (0.08, 0.08, 0.09, 1), 0.03, at=(0, 0.03, 0.055))
        self._box(hand, (0.006, 0.005, 0.02), _DARK, 0.01, at=(0, 0.03, 0.033))
        eye = np.array([0.0, 0.042, 0.062])
        forward = np.array([0.0, GRASP_M - 0.03, 0.012]) - eye
        forward /= np.linalg.norm(forward)
        # Up in the picture points away from the robot when the gripper points down.
        right = np.array([1.0, 0.0, 0.0])
        pose = np.eye(4)
        pose[:3, :3] = np.column_stack([right, np.cross(forward, right), forward])
        pose[:3, 3] = eye
        add_camera(self._mujoco, hand, f"{self._side}_wrist", pose, WRIST_FOV_DEG)

    def _fingers(self, hand: Any) -> None:
        mujoco, spec, side = self._mujoco, self._spec, self._side
        for index, direction in ((0, 1.0), (1, -1.0)):
            name = f"{side}_finger{index}"
            finger = hand.add_body(name=name, pos=(0, PALM_M - 0.03, 0), gravcomp=1.0)
            finger.add_joint(
                name=name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=(direction, 0, 0), range=(0, FINGER_TRAVEL_M),
                armature=0.05, damping=[5.0, 0, 0], solref_limit=(0.005, 1),
            )  # fmt: skip
            finger.add_geom(
                name=f"{name}_pad", type=mujoco.mjtGeom.mjGEOM_BOX, size=(0.005, 0.035, 0.011),
                pos=(direction * 0.005, 0.036, 0), rgba=_RUBBER, mass=0.04, condim=4, friction=(1.2, 0.02, 0.001),
                solref=(0.01, 1), **self._touch,
            )  # fmt: skip
            self._box(finger, (0.0055, 0.012, 0.0112), self._accent, 0.001, at=(direction * 0.0055, 0.059, 0))
        equality = spec.add_equality(
            type=mujoco.mjtEq.mjEQ_JOINT, name1=f"{side}_finger1", name2=f"{side}_finger0", objtype=mujoco.mjtObj.mjOBJ_JOINT
        )
        equality.data[:5] = (0, 1, 0, 0, 0)
        equality.solref = (0.005, 1)
        actuator = spec.add_actuator(name=f"{side}_grip", target=f"{side}_finger0", trntype=mujoco.mjtTrn.mjTRN_JOINT)
        actuator.set_to_position(kp=1200.0, dampratio=1.0)
        actuator.forcerange = (-25.0, 25.0)
        actuator.ctrlrange = (-SQUEEZE_M, FINGER_TRAVEL_M)

    def _link(self, parent: Any, joint: str, position: tuple[float, ...], axis: tuple[float, float, float]) -> Any:
        mujoco, index, name = self._mujoco, JOINTS.index(joint), f"{self._side}_{joint}"
        body = parent.add_body(name=name, pos=position, gravcomp=1.0)
        body.add_joint(
            name=name, type=mujoco.mjtJoint.mjJNT_HINGE, axis=axis, range=_LIMITS_RAD[index], armature=0.08, damping=[1.0, 0, 0]
        )
        actuator = self._spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        actuator.set_to_position(kp=_GAINS[index], dampratio=1.0)
        actuator.forcerange = (-_FORCES[index], _FORCES[index])
        actuator.ctrlrange = _LIMITS_RAD[index]
        return body

    def _capsule(self, body: Any, radius: float, rgba: Any, mass: float, ends: tuple[float, ...]) -> None:
        kind = self._mujoco.mjtGeom.mjGEOM_CAPSULE
        body.add_geom(type=kind, size=(radius, 0, 0), fromto=ends, rgba=rgba, mass=mass, contype=0, conaffinity=0)

    def _cylinder(self, body: Any, size: tuple[float, float], rgba: Any, mass: float, *, at: tuple[float, ...]) -> None:
        kind = self._mujoco.mjtGeom.mjGEOM_CYLINDER
        body.add_geom(type=kind, size=(*size, 0), pos=at, rgba=rgba, mass=mass, contype=0, conaffinity=0)

    def _box(
        self, body: Any, size: tuple[float, ...], rgba: Any, mass: float, *, at: tuple[float, ...], hit: bool = False
    ) -> None:
        touch = self._touch if hit else {"contype": 0, "conaffinity": 0}
        body.add_geom(type=self._mujoco.mjtGeom.mjGEOM_BOX, size=size, pos=at, rgba=rgba, mass=mass, **touch)
