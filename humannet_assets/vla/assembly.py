"""From what a data set says (`RawEpisode`) to SI units (`Episode`), by a robot's mapping. What does not fit is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation as Turn

from humannet_assets.media.sidecar import Intrinsics
from humannet_assets.vla.episodes import MAX_JOINTS, Episode, EpisodeError, Floats, ImageRef, RawEpisode, content_id
from humannet_assets.vla.robots import (
    Arm,
    Camera,
    Columns,
    Gripper,
    Joints,
    Position,
    RobotMapping,
    Rotation,
    resolve_field,
)

RANGE_MARGIN = 0.1
"""How far beyond closed and open, as a share of the range, a gripper may be read: fingers give, sensors are off. Our choice."""
MIN_QUATERNION = 1e-3
"""Norm below which four numbers are no rotation (unit quaternions in float32 are within 1e-6 of 1)."""


def assemble(raw: RawEpisode, mapping: RobotMapping | None, rate_hz: float | None = None, instruction: str = "") -> Episode:
    """An episode in SI units.

    Args:
        raw: As read.
        mapping: What the numbers mean; None leaves them uninterpreted (no arms).
        rate_hz: Frames per second, where the data carry no times; it goes before the mapping's own.
        instruction: Used where the data have none.

    Raises:
        EpisodeError: `wrong_dims` where the fields are not the mapping's, `no_times` where nobody knows the rate.
    """
    widths = {name: values.values.shape[1] for name, values in raw.fields.items()}
    if mapping is not None and (problem := mapping.misfit(widths)):
        raise EpisodeError(
            "wrong_dims", f"{raw.place}: not as {mapping.robot} records: {problem}; correct the data or name another mapping"
        )
    times_s, rate_source = _times(raw, mapping, rate_hz)
    units = _units(raw, mapping)
    state = _stacked(raw, mapping.state_fields if mapping else ("state",), units)
    action = _stacked(raw, mapping.action_fields if mapping else ("action",), units)
    metadata: dict[str, Any] = {**raw.metadata, "rate_source": rate_source, "action_source": "data"}
    if not action[1]:
        action = (np.concatenate([state[0][1:], state[0][-1:]]), state[1], state[2])
        metadata["action_source"] = "next state"
    arms = mapping.arms if mapping else ()
    metadata["gripper_outside"] = {arm.side: _outside(raw, arm.gripper) for arm in arms if arm.gripper is not None}
    ee_pose = _poses(raw, arms, "position", "rotation")
    intrinsics, extrinsics = _calibration(raw, mapping, ee_pose)
    names = _camera_names(raw, mapping)
    bgr = mapping is not None and mapping.bgr
    return Episode(
        episode_id=content_id(raw),
        source=raw.source,
        path=raw.path,
        index=raw.index,
        robot=mapping.robot if mapping else "",
        instruction=raw.instruction or instruction,
        timestamps_s=times_s,
        state=state[0],
        state_names=state[1],
        state_units=state[2],
        action=action[0],
        action_names=action[1],
        action_units=action[2],
        arms=tuple(arm.side for arm in arms),
        ee_pose=ee_pose,
        ee_frame=mapping.ee_frame if mapping and ee_pose is not None else "",
        gripper=_grips(raw, arms, "gripper"),
        joints=_angles(raw, arms, "joints"),
        ee_target=_poses(raw, arms, "position_target", "rotation_target"),
        gripper_target=_grips(raw, arms, "gripper_target"),
        joint_target=_angles(raw, arms, "joint_target"),
        cameras={
            names[name]: ImageRef(**{**vars(ref), "bgr": True}) if bgr and isinstance(ref, ImageRef) else ref
            for name, ref in raw.cameras.items()
        },
        missing_cameras={names[name]: reason for name, reason in raw.missing_cameras.items()},
        anchor_camera=mapping.anchor_camera if mapping else None,
        intrinsics=intrinsics,
        extrinsics=extrinsics,
        success=raw.success,
        metadata=metadata,
    )


def _times(raw: RawEpisode, mapping: RobotMapping | None, rate_hz: float | None) -> tuple[Floats, str]:
    if raw.timestamps_s is not None:
        return raw.timestamps_s - raw.timestamps_s[:1], raw.rate_source
    if rate_hz:
        return np.arange(raw.frames) / rate_hz, f"told: {rate_hz:g} Hz"
    if mapping is not None and mapping.rate_hz:
        return np.arange(raw.frames) / mapping.rate_hz, f"robot {mapping.robot}: {mapping.rate_hz:g} Hz"
    raise EpisodeError("no_times", f"{raw.place}: the data hold no times; say the frames per second (rate_hz)")


def _resolved(raw: RawEpisode, field: str) -> str:
    """The data set's name of a field; only called for fields the mapping fits (or raw ones that exist)."""
    return resolve_field(field, raw.fields) or field


def _units(raw: RawEpisode, mapping: RobotMapping | None) -> dict[str, list[str]]:
    """Unit of every dimension of every field, as recorded; empty where the mapping does not say."""
    units = {name: [""] * values.values.shape[1] for name, values in raw.fields.items()}
    for arm in mapping.arms if mapping else ():
        for _, part in arm.parts():
            if part is None:
                continue
            name = _resolved(raw, part.field)
            for column in part.columns or range(len(units[name])):
                units[name][column] = _unit(part)
    return units


def _unit(part: Columns) -> str:
    if isinstance(part, Joints | Position):
        return part.unit
    if isinstance(part, Rotation):
        return "quaternion" if part.kind.startswith("quat") else "rad"
    return "opening" if isinstance(part, Gripper) else ""


def _stacked(
    raw: RawEpisode, fields: tuple[str, ...], units: Mapping[str, list[str]]
) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    """Values (T, D), names and units of some fields side by side; without columns where there are none."""
    found = [name for name in (_resolved(raw, field) for field in fields) if name in raw.fields]
    if not found:
        return np.zeros((raw.frames, 0)), (), ()
    values = np.concatenate([raw.fields[name].values for name in found], axis=1)
    names = tuple(dimension for name in found for dimension in raw.fields[name].names)
    return values, names, tuple(unit for name in found for unit in units[name])


def _columns(raw: RawEpisode, part: Columns) -> Floats:
    values = raw.fields[_resolved(raw, part.field)].values
    return values[:, list(part.columns)] if part.columns else values


def _poses(raw: RawEpisode, arms: tuple[Arm, ...], position: str, rotation: str) -> Floats | None:
    """Poses (T, arms, 7) in metres and unit quaternions; NaN for arms without, None when no arm has any."""
    poses = np.full((raw.frames, len(arms), 7), np.nan)
    found = False
    for index, arm in enumerate(arms):
        where, turn = getattr(arm, position), getattr(arm, rotation)
        if where is None or turn is None:
            continue
        found = True
        poses[:, index, :3] = _columns(raw, where) * (1e-3 if where.unit == "mm" else 1.0)
        poses[:, index, 3:] = quaternions(_columns(raw, turn), turn.kind)
    return poses if found else None


def quaternions(values: Floats, kind: str) -> Floats:
    """Rotations (T, 3 or 4) as unit quaternions xyzw (T, 4), the sign such that neighbours agree; NaN where they are none."""
    result = np.full((len(values), 4), np.nan)
    finite = np.isfinite(values).all(axis=1)
    if kind.startswith("quat"):
        finite &= np.linalg.norm(np.nan_to_num(values), axis=1) > MIN_QUATERNION
    good = values[finite]
    if len(good):
        turns = {
            "rotvec": lambda: Turn.from_rotvec(good),
            "euler_xyz": lambda: Turn.from_euler("xyz", good),
            "quat_xyzw": lambda: Turn.from_quat(good),
            "quat_wxyz": lambda: Turn.from_quat(good[:, [1, 2, 3, 0]]),
        }[kind]()
        found = turns.as_quat()
        flips = np.sign(np.einsum("ij,ij->i", found[1:], found[:-1]))
        found[1:] *= np.cumprod(np.where(flips == 0, 1.0, flips))[:, None]
        result[finite] = found
    return result


def _share_open(raw: RawEpisode, gripper: Gripper) -> Floats:
    """Opening (T,) where 0 is closed and 1 open, as recorded: values beyond are kept."""
    return (_columns(raw, gripper)[:, 0] - gripper.closed) / (gripper.open - gripper.closed)


def _outside(raw: RawEpisode, gripper: Gripper) -> float:
    """Share of recorded openings that are beyond the gripper's range by more than a tenth of it."""
    share = _share_open(raw, gripper)
    return float((np.abs(share - 0.5) > 0.5 + RANGE_MARGIN).mean()) if len(share) else 0.0


def _grips(raw: RawEpisode, arms: tuple[Arm, ...], part: str) -> Floats | None:
    """Openings (T, arms), 0 closed to 1 open; NaN for arms without, None when no arm has any."""
    grips = np.full((raw.frames, len(arms)), np.nan)
    parts = [getattr(arm, part) for arm in arms]
    for index, gripper in enumerate(parts):
        if gripper is not None:
            grips[:, index] = np.clip(_share_open(raw, gripper), 0.0, 1.0)
    return grips if any(gripper is not None for gripper in parts) else None


def _angles(raw: RawEpisode, arms: tuple[Arm, ...], part: str) -> Floats | None:
    """Joint angles (T, arms, 7), radians; NaN beyond the joints an arm has, None when no arm has any."""
    angles = np.full((raw.frames, len(arms), MAX_JOINTS), np.nan)
    parts = [getattr(arm, part) for arm in arms]
    for index, joints in enumerate(parts):
        if joints is not None:
            values = _columns(raw, joints)
            angles[:, index, : values.shape[1]] = np.radians(values) if joints.unit == "deg" else values
    return angles if any(joints is not None for joints in parts) else None


def _camera_names(raw: RawEpisode, mapping: RobotMapping | None) -> dict[str, str]:
    """The mapping's name for each camera of the data; the data's own where it has none."""
    known = {alias: name for name, camera in (mapping.cameras if mapping else {}).items() for alias in (name, *camera.names)}
    taken: set[str] = set()
    names = {}
    for name in (*raw.cameras, *raw.missing_cameras):
        chosen = known.get(name, name)
        names[name] = name if chosen in taken else chosen
        taken.add(names[name])
    return names


def _calibration(
    raw: RawEpisode, mapping: RobotMapping | None, ee_pose: Floats | None
) -> tuple[dict[str, Intrinsics], dict[str, Floats]]:
    """Intrinsics and extrinsics (4, 4) or (T, 4, 4) of the mapping's cameras, where known."""
    intrinsics: dict[str, Intrinsics] = {}
    extrinsics: dict[str, Floats] = {}
    for name, camera in (mapping.cameras if mapping else {}).items():
        if camera.intrinsics is not None:
            intrinsics[name] = camera.intrinsics
        pose = _camera_pose(camera)
        if pose is None:
            continue
        if camera.mount is None:
            extrinsics[name] = pose
        elif ee_pose is not None and mapping is not None:
            arm = [arm.side for arm in mapping.arms].index(camera.mount)
            extrinsics[name] = matrices(ee_pose[:, arm]) @ pose
    return intrinsics, extrinsics


def _camera_pose(camera: Camera) -> Floats | None:
    if camera.position_m is None or camera.rotation_xyzw is None:
        return None
    return matrices(np.array([[*camera.position_m, *camera.rotation_xyzw]]))[0]


def matrices(poses: Floats) -> Floats:
    """Poses (n, 7) as matrices (n, 4, 4); NaN throughout where a pose is not finite."""
    result = np.full((len(poses), 4, 4), np.nan)
    finite = np.isfinite(poses).all(axis=1)
    result[finite] = np.eye(4)
    if finite.any():
        result[finite, :3, :3] = Turn.from_quat(poses[finite, 3:]).as_matrix()
        result[finite, :3, 3] = poses[finite, :3]
    return result
