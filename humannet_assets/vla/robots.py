"""What the numbers of a robot mean: which are joints, end effector and gripper, in which unit and with which polarity.

A `RobotMapping` says it for one way of recording one robot. `known_robots.py` has the ones we know; for any other a person
writes one as YAML (`EXAMPLE`), which `load_mapping` reads. Data are never guessed at: a robot nobody described is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from humannet_assets.media.sidecar import Intrinsics, Side
from humannet_assets.vla.episodes import MAX_JOINTS

MAX_MAPPING_BYTES = 1 << 20

STATE_FIELDS = ("observation.state", "state", "observation/state", "qpos", "observation")
ACTION_FIELDS = ("action", "actions")
"""What the main vectors are called in the formats we read (LeRobot, RLDS, ALOHA); a mapping may say just `state`, `action`."""

_ALIASES = {"state": STATE_FIELDS, "action": ACTION_FIELDS}

RotationKind = Literal["rotvec", "euler_xyz", "quat_xyzw", "quat_wxyz"]
ROTATION_SIZES: Mapping[RotationKind, int] = {"rotvec": 3, "euler_xyz": 3, "quat_xyzw": 4, "quat_wxyz": 4}

EXAMPLE = """\
robot: my_robot
rate_hz: 30                     # used only where the data carry no timestamps
ee_frame: base of the arm
anchor_camera: front            # the camera whose frame actions refer to
cameras:
  front:
    names: [front, cam_high]
    position_m: [0.1, -0.6, 0.5]                # of the camera in ee_frame; leave out what is not known
    rotation_xyzw: [-0.85, 0.0, 0.0, 0.52]      # camera x right, y down, z forward
arms:
  - side: right
    joints: {field: state, columns: [0, 1, 2, 3, 4, 5], unit: rad}
    gripper: {field: state, columns: [6], closed: 0.0, open: 1.0}
    joint_target: {field: action, columns: [0, 1, 2, 3, 4, 5], unit: rad}
    gripper_target: {field: action, columns: [6], closed: 0.0, open: 1.0}
    # where the data hold end effector poses:
    # position: {field: state, columns: [0, 1, 2], unit: m}
    # rotation: {field: state, columns: [3, 4, 5], kind: rotvec}   # or euler_xyz, quat_xyzw, quat_wxyz
"""


class UnknownRobotError(ValueError):
    """No mapping fits the robot; the message shows what was found and an example of a mapping."""


class MappingError(ValueError):
    """A mapping file contradicts its schema; the message names the keys."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Columns(_Model):
    """Columns of a field: `state`, `action`, or the data set's own name of it. No columns means all of them."""

    field: str = "state"
    columns: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.columns)) != len(self.columns) or any(column < 0 for column in self.columns):
            raise ValueError(f"columns {list(self.columns)} must be distinct and count from 0")
        return self


class Joints(Columns):
    """Joint angles of an arm, from the base outwards."""

    unit: Literal["rad", "deg"] = "rad"

    @model_validator(mode="after")
    def _at_most(self) -> Self:
        if len(self.columns) > MAX_JOINTS:
            raise ValueError(f"{len(self.columns)} joints; the action space has slots for {MAX_JOINTS} per arm")
        return self


class Position(Columns):
    """End effector position: three columns."""

    unit: Literal["m", "mm"] = "m"


class Rotation(Columns):
    """End effector orientation, radians or quaternion. `euler_xyz` is roll, pitch, yaw about the fixed axes of the frame."""

    kind: RotationKind


class Gripper(Columns):
    """One column; `closed` and `open` are its values at the two ends, in whatever unit, either of them the larger."""

    closed: float
    open: float

    @model_validator(mode="after")
    def _two_ends(self) -> Self:
        if self.closed == self.open:
            raise ValueError(f"closed and open are both {self.open}; give the values at the two ends")
        return self


class Arm(_Model):
    """One arm: what is measured, and what is commanded (`*_target`, absolute values to be reached by the next frame)."""

    side: Side
    joints: Joints | None = None
    position: Position | None = None
    rotation: Rotation | None = None
    gripper: Gripper | None = None
    joint_target: Joints | None = None
    position_target: Position | None = None
    rotation_target: Rotation | None = None
    gripper_target: Gripper | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for first, second in (("position", "rotation"), ("position_target", "rotation_target")):
            if (getattr(self, first) is None) != (getattr(self, second) is None):
                raise ValueError(f"{first} and {second} describe one pose: give both or neither")
        if all(part is None for _, part in self.parts()):
            raise ValueError("an arm without joints, pose or gripper describes nothing")
        return self

    def parts(self) -> list[tuple[str, Columns | None]]:
        """Names and columns of everything the arm may have."""
        return [(name, getattr(self, name)) for name in Arm.model_fields if name != "side"]


class Camera(_Model):
    """A camera: what data sets call it, and what is known of it.

    Position (metres) and rotation (quaternion xyzw) are those of the camera in `ee_frame`, or in the end effector frame of
    the arm `mount`. Camera axes: x right, y down, z forward.
    """

    names: tuple[str, ...] = ()
    mount: Side | None = None
    position_m: tuple[float, float, float] | None = None
    rotation_xyzw: tuple[float, float, float, float] | None = None
    intrinsics: Intrinsics | None = None

    @model_validator(mode="after")
    def _pose(self) -> Self:
        if (self.position_m is None) != (self.rotation_xyzw is None):
            raise ValueError("position_m and rotation_xyzw describe one pose: give both or neither")
        if self.rotation_xyzw is not None and sum(value * value for value in self.rotation_xyzw) < 1e-6:
            raise ValueError("rotation_xyzw is zero: a camera without rotation has [0, 0, 0, 1]")
        return self


class RobotMapping(_Model):
    """How one way of recording one robot is read.

    Attributes:
        robot: Name of the mapping.
        robot_types: What data sets call the robot (any case).
        dataset_names: Patterns of data set names, for formats that do not name a robot.
        needs: Fields that must be there, with their number of columns (0: any number).
        rate_hz: Frames per second, used where the data carry no timestamps.
        ee_frame: What end effector poses are relative to, in words.
        anchor_camera: The camera whose frame actions refer to.
        bgr: Stored images have blue first.
        state_fields: Fields that make up `Episode.state`.
        action_fields: Fields that make up `Episode.action`; none: the next frame's state is the action.
        source: Where this is written down.
    """

    robot: str = Field(min_length=1)
    robot_types: tuple[str, ...] = ()
    dataset_names: tuple[str, ...] = ()
    needs: dict[str, int] = Field(default_factory=dict)
    rate_hz: float | None = Field(default=None, gt=0)
    ee_frame: str = ""
    anchor_camera: str | None = None
    bgr: bool = False
    cameras: dict[str, Camera] = Field(default_factory=dict)
    arms: tuple[Arm, ...] = Field(min_length=1, max_length=2)
    state_fields: tuple[str, ...] = ("state",)
    action_fields: tuple[str, ...] = ("action",)
    source: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        sides = [arm.side for arm in self.arms]
        if len(set(sides)) != len(sides):
            raise ValueError(f"two arms on one side: {sides}")
        for name, camera in self.cameras.items():
            if camera.mount is not None and camera.mount not in sides:
                raise ValueError(f"camera {name} is mounted on the {camera.mount} arm, which is not described")
        if any(arm.position is not None for arm in self.arms) and not self.ee_frame:
            raise ValueError("end effector poses need an ee_frame: say what they are relative to")
        return self

    def fields_used(self) -> list[str]:
        """Fields the mapping reads, each once."""
        parts = [part for arm in self.arms for _, part in arm.parts() if part is not None]
        return list(dict.fromkeys([*self.needs, *(part.field for part in parts), *self.state_fields, *self.action_fields]))

    def misfit(self, widths: Mapping[str, int]) -> str | None:
        """Why fields with these numbers of columns cannot be read with this mapping; None when they can."""
        for field in self.fields_used():
            name = resolve_field(field, widths)
            if name is None:
                return f"there is no field {field!r}"
            wanted = self.needs.get(field, 0)
            if wanted and widths[name] != wanted:
                return f"{name} has {widths[name]} columns, {self.robot} has {wanted}"
        for arm in self.arms:
            for what, part in arm.parts():
                if part is not None and (problem := _column_problem(what, part, widths)):
                    return f"{arm.side} {what}: {problem}"
        return None


def resolve_field(field: str, available: Iterable[str]) -> str | None:
    """The data set's name of a field a mapping names: the same, or what `state` and `action` are called there."""
    names = set(available)
    if field in names:
        return field
    return next((name for name in _ALIASES.get(field, ()) if name in names), None)


def _column_problem(what: str, part: Columns, widths: Mapping[str, int]) -> str | None:
    name = resolve_field(part.field, widths)
    width = widths[name] if name is not None else 0
    if part.columns and max(part.columns) >= width:
        return f"column {max(part.columns)} of {name}, which has {width}"
    count = len(part.columns) or width
    if isinstance(part, Position) and count != 3:
        return f"{count} columns, a position has 3"
    if isinstance(part, Rotation) and count != ROTATION_SIZES[part.kind]:
        return f"{count} columns, {part.kind} has {ROTATION_SIZES[part.kind]}"
    if isinstance(part, Gripper) and count != 1:
        return f"{count} columns, an opening has 1: name it in `columns`"
    if isinstance(part, Joints) and count > MAX_JOINTS:
        return f"{count} columns, the action space has slots for {MAX_JOINTS} joints per arm: name them in `columns`"
    return None


def find_mapping(known: Sequence[RobotMapping], robot_type: str, dataset_name: str, widths: Mapping[str, int]) -> RobotMapping:
    """The mapping for a data set: by the robot it names, by its own name, or else by its fields alone.

    By fields alone a mapping is chosen only if it needs fields of its own (`needs` beyond plain `state` and `action`).

    Args:
        known: Mappings to choose from; the first that fits is taken.
        robot_type: What the data set calls the robot; may be empty or "unknown".
        dataset_name: The data set's name.
        widths: Its numeric fields and their numbers of columns.

    Raises:
        UnknownRobotError: None fits.
    """
    called, name = robot_type.strip().casefold(), dataset_name.casefold()
    by_type = [m for m in known if called and called in {m.robot.casefold(), *(t.casefold() for t in m.robot_types)}]
    by_name = [m for m in known if any(fnmatch(name, pattern.casefold()) for pattern in m.dataset_names)]
    by_fields = [m for m in known if set(m.needs) - set(_ALIASES)] if called in ("", "unknown") else []
    misfits = []
    for mapping in (*by_type, *by_name, *by_fields):
        problem = mapping.misfit(widths)
        if problem is None:
            return mapping
        if mapping not in by_fields:
            misfits.append(f"{mapping.robot}: {problem}")
    found = ", ".join(f"{field} ({width})" for field, width in sorted(widths.items())) or "none"
    near = f" It looks like {'; '.join(misfits)}." if misfits else ""
    raise UnknownRobotError(
        f"robot {robot_type or 'without a name'!r} of data set {dataset_name!r} is not described.{near} Its numeric fields: "
        f"{found}. Known robots: {', '.join(m.robot for m in known)}. Name one of them, or write a mapping such as\n\n{EXAMPLE}"
    )


def named_mapping(known: Sequence[RobotMapping], robot: str) -> RobotMapping:
    """The known mapping of this name.

    Raises:
        UnknownRobotError: There is none.
    """
    for mapping in known:
        if mapping.robot == robot:
            return mapping
    names = ", ".join(mapping.robot for mapping in known)
    raise UnknownRobotError(f"no robot {robot!r}. Known robots: {names}. Or write a mapping such as\n\n{EXAMPLE}")


def load_mapping(path: Path) -> RobotMapping:
    """Read a mapping from a YAML file.

    Raises:
        MappingError: The file is missing, too large, not YAML, or contradicts the schema.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MAPPING_BYTES + 1)
        if len(content) > MAX_MAPPING_BYTES:
            raise MappingError(f"{path} is larger than {MAX_MAPPING_BYTES} bytes; a mapping is a page of text")
        values: Any = yaml.safe_load(content.decode("utf-8-sig"))
    except OSError as error:
        raise MappingError(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise MappingError(f"{path} is not YAML: {error}. An example:\n\n{EXAMPLE}") from None
    try:
        return RobotMapping.model_validate(values)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc'])) or 'mapping'}: {e['msg']}" for e in error.errors()[:10]]
        raise MappingError("\n".join([f"{path} contradicts the schema of mappings:", *lines, "An example:", EXAMPLE])) from None
