"""The compiled physics: two arms with parallel grippers at a table, cameras, light, and the things of one task instance.

Arm chain: waist, shoulder, elbow, forearm roll, wrist pitch, wrist roll, then two coupled finger slides. At zero the upper
arm stands upright and the gripper points ahead (+y). Grasp frame (site `<side>_grasp`, between the finger tips): x the
direction the fingers close along, y the direction of approach. Proportions are those of a tabletop arm of 0.75 m reach
(ViperX 300 class); gravity is compensated on the arms, as the position servos of such arms do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import Matrix, look_at
from humannet_assets.simulator.robot.things import DENSITY, DRAWER_TRAVEL_M, Solid, Thing
from humannet_assets.simulator.world import load_mujoco

SIDES: tuple[Side, Side] = ("left", "right")
SIGN: dict[Side, float] = {"left": -1.0, "right": 1.0}
JOINTS = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_pitch", "wrist_roll")
CAMERAS = ("head", "left_wrist", "right_wrist")

CONTROL_RATE_HZ = 15
SUBSTEPS = 30
"""Physics steps in a control step: 450 Hz, at which grasps by friction hold (measured: blocks of 40 mm)."""

BASE_X_M = 0.27
SHOULDER_M, LINK_M = 0.14, 0.33
PALM_M, GRASP_M = 0.09, 0.15
FINGER_TRAVEL_M = 0.04
MAX_OPENING_M = 2 * FINGER_TRAVEL_M

HEAD_FOV_DEG, WRIST_FOV_DEG = 58.0, 70.0
HEAD_EYE, HEAD_TARGET = (0.0, -0.16, 0.58), (0.0, 0.27, 0.02)

_LIMITS = ((-2.8, 2.8), (-1.6, 1.9), (-2.6, 1.2), (-2.8, 2.8), (-2.2, 2.2), (-3.1, 3.1))
_GAINS = (300.0, 300.0, 250.0, 80.0, 80.0, 60.0)
_FORCE = (60.0, 60.0, 50.0, 20.0, 20.0, 15.0)
_CONTACT_BIT: dict[Side, int] = {"left": 2, "right": 4}


def head_pose() -> Matrix:
    """Pose (4, 4) base <- head camera: x right, y down, z forward."""
    return look_at(np.array(HEAD_EYE), np.array(HEAD_TARGET))


def build_model(things: list[Thing], rng: np.random.Generator) -> Any:
    """Compile the scene; look (textures, light, robot colour) is drawn from `rng`. Returns a `mujoco.MjModel`."""
    mujoco = load_mujoco()
    spec = mujoco.MjSpec()
    spec.option.timestep = 1.0 / (CONTROL_RATE_HZ * SUBSTEPS)
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    _room(mujoco, spec, rng)
    paint = (0.13, 0.13, 0.15) if rng.random() < 0.5 else (0.82, 0.82, 0.80)
    for side in SIDES:
        _arm(mujoco, spec, side, np.asarray(paint))
    for thing in things:
        _add_thing(mujoco, spec, thing)
    return spec.compile()


def _texture(mujoco: Any, spec: Any, name: str, picture: textures.Picture, repeat: tuple[float, float]) -> None:
    height, width, _ = picture.shape
    spec.add_texture(
        name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=width, height=height, nchannel=3, data=picture.reshape(-1)
    )
    spec.add_material(name=name, texrepeat=repeat, specular=0.1, shininess=0.3).textures[
        mujoco.mjtTextureRole.mjTEXROLE_RGB
    ] = name


def surfaces(rng: np.random.Generator) -> tuple[textures.Picture, textures.Picture, textures.Picture]:
    """Pictures of table, wall and floor."""
    tone = rng.uniform(0.8, 1.15)
    table = rng.integers(3)
    if table == 0:
        top = textures.wood(rng, (0.62 * tone, 0.45 * tone, 0.28 * tone))
    elif table == 1:
        top = textures.plaster(rng, (0.74 * tone, 0.73 * tone, 0.71 * tone))
    else:
        top = textures.cloth(rng, tuple(rng.uniform(0.35, 0.7, 3)))
    wall = textures.plaster(rng, tuple(rng.uniform(0.5, 0.85, 3)))
    return top, wall, textures.wood(rng, (0.45, 0.36, 0.28))


def _room(mujoco: Any, spec: Any, rng: np.random.Generator) -> None:
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1280, 960
    spec.visual.quality.offsamples = 4
    spec.visual.quality.shadowsize = 2048
    spec.visual.headlight.ambient = [float(rng.uniform(0.28, 0.40))] * 3
    spec.visual.headlight.diffuse = [0.15] * 3
    spec.visual.headlight.specular = [0.0] * 3
    spec.visual.map.znear, spec.visual.map.zfar = 0.01, 20.0
    spec.stat.extent, spec.stat.center = 1.0, [0.0, 0.3, 0.1]
    for name, picture, repeat in zip(("top", "wall", "floor"), surfaces(rng), ((2, 1), (3, 2), (4, 4)), strict=True):
        _texture(mujoco, spec, name, picture, repeat)
    warm = rng.uniform(0.85, 1.0)
    spec.worldbody.add_light(
        pos=(rng.uniform(-0.6, 0.6), rng.uniform(-0.1, 0.5), 1.6), dir=(0, 0, -1), diffuse=(0.6, 0.6 * warm, 0.6 * warm**2),
        specular=[0.15] * 3, type=mujoco.mjtLightType.mjLIGHT_SPOT, castshadow=True, cutoff=80.0, exponent=1.0,
    )  # fmt: skip
    box = mujoco.mjtGeom.mjGEOM_BOX
    spec.worldbody.add_geom(
        name="table", type=box, size=(0.75, 0.48, 0.02), pos=(0, 0.28, -0.02), material="top", friction=(0.8, 0.01, 0.0005)
    )
    visual = {"contype": 0, "conaffinity": 0}
    spec.worldbody.add_geom(name="floor", type=box, size=(3, 3, 0.02), pos=(0, 0, -0.77), material="floor", **visual)
    spec.worldbody.add_geom(name="wall", type=box, size=(3, 0.02, 1.6), pos=(0, 1.3, 0.6), material="wall", **visual)
    _camera(mujoco, spec.worldbody, "head", head_pose(), HEAD_FOV_DEG)


def _camera(mujoco: Any, body: Any, name: str, pose: Matrix, fov_deg: float) -> None:
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, (pose[:3, :3] @ np.diag([1.0, -1.0, -1.0])).flatten())
    body.add_camera(name=name, pos=pose[:3, 3], quat=quaternion, fovy=fov_deg)


def _arm(mujoco: Any, spec: Any, side: Side, paint: np.ndarray) -> None:
    mj = mujoco.mjtGeom
    bit = _CONTACT_BIT[side]
    touch = {"contype": bit, "conaffinity": 1 | (6 ^ bit)}
    air = {"contype": 0, "conaffinity": 0}
    metal, dark = (*np.clip(paint, 0, 1), 1.0), (0.22, 0.22, 0.25, 1.0)
    accent = (0.85, 0.40, 0.10, 1.0)

    def link(parent: Any, joint: str, position: tuple[float, float, float], axis: tuple[float, float, float]) -> Any:
        body = parent.add_body(name=f"{side}_{joint}", pos=position, gravcomp=1.0)
        index = JOINTS.index(joint)
        body.add_joint(
            name=f"{side}_{joint}",
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=axis,
            range=_LIMITS[index],
            armature=0.08,
            damping=[1.0, 0, 0],
        )
        actuator = spec.add_actuator(name=f"{side}_{joint}", target=f"{side}_{joint}", trntype=mujoco.mjtTrn.mjTRN_JOINT)
        actuator.set_to_position(kp=_GAINS[index], dampratio=1.0)
        actuator.forcerange = (-_FORCE[index], _FORCE[index])
        actuator.ctrlrange = _LIMITS[index]
        return body

    def solid(
        body: Any,
        kind: Any,
        size: tuple[float, ...],
        rgba: Any,
        mass: float,
        *,
        ends: Any = None,
        at: Any = (0, 0, 0),
        hit: bool = False,
    ) -> Any:
        full = np.zeros(3)
        full[: len(size)] = size
        where: dict[str, Any] = {"fromto": ends} if ends is not None else {"pos": at}
        return body.add_geom(type=kind, size=full, rgba=rgba, mass=mass, **where, **(touch if hit else air))

    base = spec.worldbody.add_body(name=f"{side}_base", pos=(SIGN[side] * BASE_X_M, -0.02, 0))
    solid(base, mj.mjGEOM_CYLINDER, (0.06, 0.03), dark, 2.0, at=(0, 0, 0.03))
    waist = link(base, "waist", (0, 0, 0.06), (0, 0, 1))
    solid(waist, mj.mjGEOM_BOX, (0.04, 0.045, 0.045), metal, 0.8, at=(0, 0, 0.04))
    shoulder = link(waist, "shoulder", (0, 0, SHOULDER_M - 0.06), (1, 0, 0))
    solid(shoulder, mj.mjGEOM_CAPSULE, (0.032,), metal, 0.8, ends=(0, 0, 0, 0, 0, LINK_M))
    solid(shoulder, mj.mjGEOM_CAPSULE, (0.037,), dark, 0.1, ends=(-0.03, 0, 0, 0.03, 0, 0))
    elbow = link(shoulder, "elbow", (0, 0, LINK_M), (1, 0, 0))
    solid(elbow, mj.mjGEOM_CAPSULE, (0.034,), dark, 0.1, ends=(-0.025, 0, 0, 0.025, 0, 0))
    solid(elbow, mj.mjGEOM_CAPSULE, (0.027,), metal, 0.3, ends=(0, 0, 0, 0, LINK_M * 0.5, 0))
    roll = link(elbow, "forearm_roll", (0, LINK_M * 0.5, 0), (0, 1, 0))
    solid(roll, mj.mjGEOM_CAPSULE, (0.025,), metal, 0.3, ends=(0, 0.02, 0, 0, LINK_M * 0.5, 0))
    pitch = link(roll, "wrist_pitch", (0, LINK_M * 0.5, 0), (1, 0, 0))
    solid(pitch, mj.mjGEOM_CAPSULE, (0.026,), dark, 0.15, ends=(-0.02, 0, 0, 0.02, 0, 0))
    hand = link(pitch, "wrist_roll", (0, 0.03, 0), (0, 1, 0))
    solid(hand, mj.mjGEOM_CYLINDER, (0.022, 0.01), accent, 0.05, ends=(0, 0.0, 0, 0, 0.02, 0))
    solid(hand, mj.mjGEOM_BOX, (0.046, 0.018, 0.022), dark, 0.25, at=(0, PALM_M - 0.048, 0), hit=True)
    solid(hand, mj.mjGEOM_BOX, (0.014, 0.01, 0.012), (0.08, 0.08, 0.09, 1), 0.03, at=(0, 0.03, 0.055))
    solid(hand, mj.mjGEOM_BOX, (0.006, 0.005, 0.02), dark, 0.01, at=(0, 0.03, 0.033))
    hand.add_site(name=f"{side}_grasp", pos=(0, GRASP_M - 0.03, 0))
    eye = np.array([0.0, 0.042, 0.062])
    forward = np.array([0.0, GRASP_M - 0.03, 0.012]) - eye
    forward /= np.linalg.norm(forward)
    # The picture's x axis is the gripper's -x, so that up in the picture points away from the robot when it looks down.
    pose = np.eye(4)
    right = np.array([1.0, 0.0, 0.0])
    pose[:3, :3] = np.column_stack([right, np.cross(forward, right), forward])
    pose[:3, 3] = eye
    _camera(mujoco, hand, f"{side}_wrist", pose, WRIST_FOV_DEG)
    _fingers(mujoco, spec, side, hand, touch)


def _fingers(mujoco: Any, spec: Any, side: Side, hand: Any, touch: dict[str, int]) -> None:
    for index, direction in ((0, 1.0), (1, -1.0)):
        name = f"{side}_finger{index}"
        finger = hand.add_body(name=name, pos=(0, PALM_M - 0.03, 0), gravcomp=1.0)
        finger.add_joint(
            name=name,
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=(direction, 0, 0),
            range=(0, FINGER_TRAVEL_M),
            armature=0.05,
            damping=[5.0, 0, 0],
        )
        finger.add_geom(
            name=f"{name}_pad", type=mujoco.mjtGeom.mjGEOM_BOX, size=(0.005, 0.035, 0.011), pos=(direction * 0.005, 0.036, 0),
            rgba=(0.30, 0.31, 0.34, 1), mass=0.04, condim=4, friction=(1.2, 0.02, 0.001), solref=(0.01, 1), **touch,
        )  # fmt: skip
        finger.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX, size=(0.0055, 0.012, 0.0112), pos=(direction * 0.0055, 0.059, 0),
            rgba=(0.85, 0.40, 0.10, 1), mass=0.001, contype=0, conaffinity=0,
        )  # fmt: skip
    equality = spec.add_equality(
        type=mujoco.mjtEq.mjEQ_JOINT, name1=f"{side}_finger1", name2=f"{side}_finger0", objtype=mujoco.mjtObj.mjOBJ_JOINT
    )
    equality.data[:5] = (0, 1, 0, 0, 0)
    equality.solref = (0.005, 1)
    actuator = spec.add_actuator(name=f"{side}_grip", target=f"{side}_finger0", trntype=mujoco.mjtTrn.mjTRN_JOINT)
    actuator.set_to_position(kp=1200.0, dampratio=1.0)
    actuator.forcerange = (-25.0, 25.0)
    actuator.ctrlrange = (-0.01, FINGER_TRAVEL_M)


def _add_thing(mujoco: Any, spec: Any, thing: Thing) -> None:
    pose = thing.pose()
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, pose[:3, :3].flatten())
    body = spec.worldbody.add_body(name=thing.name, pos=pose[:3, 3], quat=quaternion)
    still = body
    if thing.kind == "drawer":
        still = spec.worldbody.add_body(name=f"{thing.name}_case", pos=pose[:3, 3], quat=quaternion)
        body.add_joint(
            name=thing.name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=(0, -1, 0), range=(0, DRAWER_TRAVEL_M), damping=[4.0, 0, 0],
            frictionloss=0.8, armature=0.05,
        )  # fmt: skip
    elif thing.kind != "mark":
        body.add_freejoint(name=thing.name)
    for solid in thing.solids():
        _add_solid(mujoco, still if solid.fixed else body, thing, solid)


def _add_solid(mujoco: Any, body: Any, thing: Thing, solid: Solid) -> None:
    size = np.zeros(3)
    size[: len(solid.size)] = solid.size
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, solid.frame.flatten())
    # A drawer slides in its case without touching it; the case stops grippers and loose things only.
    hits = 0 if thing.kind == "mark" else 1
    affinity = 6 if thing.kind == "drawer" else hits
    heavy = 3.0 if thing.kind in {"bowl", "plate"} else 1.0
    body.add_geom(
        type=getattr(mujoco.mjtGeom, f"mjGEOM_{solid.shape.upper()}"),
        size=size,
        pos=solid.position,
        quat=quaternion,
        rgba=(*np.clip(np.asarray(thing.tone) * solid.shade, 0, 1), 1.0),
        density=DENSITY * heavy,
        contype=0 if affinity == 6 else hits,
        conaffinity=affinity,
        condim=4,
        friction=(0.8, 0.01, 0.0005),
        solref=(0.01, 1),
    )


def vertical_focal(height: int, fov_deg: float) -> float:
    """Focal length in pixels of a picture of that height."""
    return height / 2 / math.tan(math.radians(fov_deg) / 2)
