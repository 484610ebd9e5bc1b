"""The compiled physics: the table, two arms at it, cameras, and the things of one task instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from humannet_assets.simulator.robot.arm import add_arm, add_camera
from humannet_assets.simulator.robot.tabletop import (
    EPISODE_QUALITY,
    HEAD_FOV_DEG,
    Look,
    head_pose,
    tabletop,
    thing_material,
)  # fmt: skip
from humannet_assets.simulator.robot.things import DENSITY, DRAWER_TRAVEL_M, HEAVY, Solid, Thing
from humannet_assets.simulator.wearer.body import SIDES
from humannet_assets.simulator.world import RenderQuality, load_mujoco

CAMERAS = ("head", "left_wrist", "right_wrist")

CONTROL_RATE_HZ = 15
SUBSTEPS = 30
"""Physics steps in a control step: 450 Hz, at which grasps by friction hold (measured: blocks of 40 mm)."""

_FRICTION = (0.8, 0.01, 0.0005)
_MAX_PICTURE = (1280, 960)


def build_model(things: Sequence[Thing], look: Look, quality: RenderQuality = EPISODE_QUALITY) -> Any:
    """Compile the scene. Returns a `mujoco.MjModel`; a thing is the body of its name."""
    mujoco = load_mujoco()
    scene = tabletop(look)
    materials = [[thing_material(scene, thing, solid) for solid in thing.solids()] for thing in things]
    spec = scene.specification(quality)
    # Ranges of joints are radians; the default is degrees.
    spec.compiler.degree = False
    spec.visual.global_.offwidth, spec.visual.global_.offheight = _MAX_PICTURE
    spec.option.timestep = 1.0 / (CONTROL_RATE_HZ * SUBSTEPS)
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    # Friction does not creep: with 1 held things slide out of the gripper (MuJoCo's documentation advises 10 and the cone).
    spec.option.impratio = 10.0
    table = spec.geom("table")
    table.contype = table.conaffinity = 1
    table.friction = _FRICTION
    add_camera(mujoco, spec.worldbody, "head", head_pose(), HEAD_FOV_DEG)
    for side in SIDES:
        add_arm(mujoco, spec, side, look)
    for thing, painted in zip(things, materials, strict=True):
        _add_thing(mujoco, spec, thing, painted)
    return spec.compile()


def _add_thing(mujoco: Any, spec: Any, thing: Thing, materials: Sequence[str]) -> None:
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
    for solid, material in zip(thing.solids(), materials, strict=True):
        _add_solid(mujoco, still if solid.fixed else body, thing, solid, material)


def _add_solid(mujoco: Any, body: Any, thing: Thing, solid: Solid, material: str) -> None:
    size = np.zeros(3)
    size[: len(solid.size)] = solid.size
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, solid.frame.flatten())
    hits = 0 if thing.kind == "mark" else 1
    # A drawer slides in its case without touching it: both stop grippers only.
    touch = {"contype": 0, "conaffinity": 6} if thing.kind == "drawer" else {"contype": hits, "conaffinity": hits}
    body.add_geom(
        type=getattr(mujoco.mjtGeom, f"mjGEOM_{solid.shape.upper()}"), size=size, pos=solid.position, quat=quaternion,
        material=material, density=DENSITY * HEAVY.get(thing.kind, 1.0), condim=4, friction=_FRICTION, solref=(0.01, 1),
        **touch,
    )  # fmt: skip
