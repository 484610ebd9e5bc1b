"""From a handful of numbers to a whole body: where every link is and which way it points.

Root frame: origin on the floor between the feet, x to the person's right, y ahead, z up; a heading turns it from the world's +y
towards -x. Limbs are solved as two links (thigh and shin, upper arm and forearm): the feet stay where the footsteps say, the
wrists go where the arms' paths lead. All vectors of a moment can be interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import BODY_JOINTS, Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.hands import FINGERS_SIZE, Fingers, finger_joints
from humannet_assets.simulator.people.build import Build

Vector = npt.NDArray[np.float64]

SIDES: tuple[Side, Side] = ("left", "right")
OUT: Mapping[Side, float] = {"left": -1.0, "right": 1.0}
"""Which way along x is outwards."""

LINKS: tuple[str, ...] = (
    "pelvis", "abdomen", "chest", "neck", "head", "skirt",
    *(f"{side}_{link}" for side in SIDES for link in ("upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toes")),
)  # fmt: skip
"""Rigid parts of a body. The z axis of a limb's link runs from its inner to its outer joint."""
INDEX: Mapping[str, int] = {name: i for i, name in enumerate(LINKS)}

TRUNK_STATE = 7
"""Pelvis off its place above the feet (right, ahead, up; metres), hip tilt forwards, bend of the back forwards, bend to the
right, twist to the left (radians)."""
HEAD_STATE = 3
"""Yaw to the left, pitch up, roll to the right, against the root frame, radians."""
ARM_STATE = 12 + FINGERS_SIZE
"""Wrist (3), direction of the fingers (3) and of the back of the hand (3) in the root frame, how far the elbow is turned out
of its natural place (radians), `follow`, `hang`, fingers (`hands.FINGERS_SIZE`).

With `follow` 1 the wrist is given against the shoulder and goes where the trunk goes, with 0 it is fixed in the root frame.
With `hang` 1 the arm swings with the steps and the hand continues the forearm."""

SHOULDERS_LOWER = 0.04
"""How far the middle of the shoulder joints lies below the top of the shoulders, as a share of the spine."""

BALL, HEEL = 0.56, 0.26
"""Distance of the ball of the foot before, and of the heel behind, the ankle, as shares of the foot's length."""

_SOFT_M = 0.004
_LONGEST = 0.995
"""A limb is never stretched further than this share of its length: knees and elbows keep a bend."""
_ALMOST_STRAIGHT = 0.9
"""From this share of its length on an arm gives way, so that it never snaps straight."""
_ARM_SWING_RAD = 0.42
"""Swing of the shoulder in a walk with steps as long as a leg (Perry & Burnfield, Gait Analysis, 2010: about 24 degrees)."""
_PELVIS_TURN_RAD, _SHOULDERS_AGAINST = 0.11, 1.7
"""In such a walk the pelvis turns by 5 degrees to either side, the shoulders against it (Perry & Burnfield)."""
_WRIST_BEND_COS = math.cos(math.radians(65))
_WRIST_BEND_SIN = math.sin(math.radians(65))
_CLAVICLE_M = 0.030
"""How far the shoulder joint rises with an arm lifted over the head, as a share of stature (Inman et al., 1944)."""

_FACE: Mapping[str, Vector] = {
    "nose": np.array([0.0, 0.112, 0.020]),
    "left_eye": np.array([-0.031, 0.084, 0.056]),
    "right_eye": np.array([0.031, 0.084, 0.056]),
    "left_ear": np.array([-0.076, 0.004, 0.038]),
    "right_ear": np.array([0.076, 0.004, 0.038]),
}
"""Landmarks of the face in the head's frame (origin where the skull sits on the neck), metres, for a head of size 1."""


@dataclass(frozen=True)
class Foot:
    """A foot at a moment: where the ankle is above (world x, y), its direction, how high and how far it is rolled.

    `roll_rad` above 0 lifts the heel over the ball of the foot, below 0 the toes over the heel.
    """

    x: float
    y: float
    yaw: float
    lift: float = 0.0
    roll_rad: float = 0.0


@dataclass(frozen=True)
class Moment:
    """All that moves at a time: root (world x, y, heading), feet, trunk, head and arms (see `TRUNK_STATE` and the others)."""

    root: tuple[float, float, float]
    feet: Mapping[Side, Foot]
    trunk: Vector
    head: Vector
    arms: Mapping[Side, Vector]


@dataclass(frozen=True)
class Pose:
    """A body at a moment, world, metres: axes (n, 3, 3) and origins (n, 3) of `LINKS`, joints (17, 3), hands (21, 3) each."""

    axes: Matrix
    origins: Matrix
    joints: Matrix
    hands: Mapping[Side, Matrix]

    def frame(self, link: str) -> tuple[Vector, Matrix]:
        """Origin (3,) and axes (3, 3) of a link."""
        return self.origins[INDEX[link]], self.axes[INDEX[link]]


def turned(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Matrix:
    """Rotation about z, then the turned x, then the turned y axis (3, 3)."""
    cx, sx, cy, sy, cz, sz = math.cos(x), math.sin(x), math.cos(y), math.sin(y), math.cos(z), math.sin(z)
    return np.array([
        [cz * cy - sz * sx * sy, -sz * cx, cz * sy + sz * sx * cy],
        [sz * cy + cz * sx * sy, cz * cx, sz * sy - cz * sx * cy],
        [-cx * sy, sx, cx * cy],
    ])  # fmt: skip


def unit(vector: Vector) -> Vector:
    """The vector at length 1."""
    return vector / max(math.sqrt(float(vector @ vector)), 1e-9)


def cross(a: Vector, b: Vector) -> Vector:
    """Cross product of two vectors (3,); NumPy's own takes ten times as long for a single one."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def two_links(start: Vector, goal: Vector, first: float, second: float, pole: Vector) -> tuple[Vector, Vector]:
    """Middle and end joint of a limb of two links from `start` towards `goal`, bent towards `pole`.

    The end is the goal itself if the limb is long enough, or else the point nearest to it.
    """
    way = goal - start
    distance = math.sqrt(float(way @ way))
    along = way / max(distance, 1e-9)
    distance = min(max(distance, abs(first - second) + 0.01), _LONGEST * (first + second))
    ahead = (first * first - second * second + distance * distance) / (2 * distance)
    aside = math.sqrt(max(first * first - ahead * ahead, 0.0))
    bend = pole - along * float(pole @ along)
    return start + along * ahead + unit(bend) * aside, start + along * distance


def ankle_of(build: Build, foot: Foot) -> tuple[Vector, Matrix]:
    """Ankle joint (3,) and axes (3, 3) of a foot (x right, y to the toes, z up): it rolls over its ball or its heel."""
    flat = turned(z=foot.yaw)
    axes = turned(x=-foot.roll_rad, z=foot.yaw)
    pivot = np.array([0.0, (BALL if foot.roll_rad > 0 else -HEEL) * build.foot, 0.0])
    ankle = np.array([0.0, 0.0, build.ankle])
    return np.array([foot.x, foot.y, foot.lift]) + flat @ pivot + axes @ (ankle - pivot), axes


def _softly_below(values: tuple[float, ...]) -> float:
    """A little less than the least of the values, without a kink where another one becomes the least."""
    least = min(values)
    return least - _SOFT_M * math.log(sum(math.exp((least - value) / _SOFT_M) for value in values))


@dataclass
class _Puppet:
    """A body that is being put together."""

    build: Build
    axes: Matrix
    origins: Matrix
    joints: dict[str, Vector]

    def put(self, link: str, origin: Vector, frame: Matrix) -> None:
        self.origins[INDEX[link]], self.axes[INDEX[link]] = origin, frame


def solve(build: Build, moment: Moment) -> Pose:
    """The body at a moment."""
    puppet = _Puppet(build, np.empty((len(LINKS), 3, 3)), np.empty((len(LINKS), 3)), {})
    root = turned(z=moment.root[2])
    origin = np.array([moment.root[0], moment.root[1], 0.0])
    stride = _stride(build, moment, root)
    centre, pelvis = _legs(puppet, moment, origin, root, turn=_PELVIS_TURN_RAD * stride)
    chest, top = _trunk(puppet, moment, centre, pelvis, twist=-_SHOULDERS_AGAINST * _PELVIS_TURN_RAD * stride)
    _head(puppet, moment, root, chest, top)
    girdle = top - chest[:, 2] * (SHOULDERS_LOWER * build.spine)
    hands: dict[Side, Matrix] = {}
    for limb in SIDES:
        shoulder, elbow, wrist, hand, fingers = _arm(
            build, limb, moment.arms[limb], root=root, origin=origin, chest=chest, top=girdle, stride=stride
        )
        puppet.put(f"{limb}_upper_arm", shoulder, bone(elbow - shoulder, chest[:, 1]))
        puppet.put(f"{limb}_forearm", elbow, bone(wrist - elbow, hand[:, 2]))
        puppet.put(f"{limb}_hand", wrist, hand)
        hands[limb] = wrist + fingers * build.hand @ hand.T
        puppet.joints |= {f"{limb}_shoulder": shoulder, f"{limb}_elbow": elbow, f"{limb}_wrist": wrist}
    return Pose(puppet.axes, puppet.origins, np.array([puppet.joints[name] for name in BODY_JOINTS]), hands)


def _legs(puppet: _Puppet, moment: Moment, origin: Vector, root: Matrix, *, turn: float) -> tuple[Vector, Matrix]:
    """Pelvis and legs: the feet are given, the hips as high as they are to be or as the legs allow. Returns the pelvis."""
    build, facing = puppet.build, moment.root[2] + turn
    right, ahead, up, tilt = (float(value) for value in moment.trunk[:4])
    ankles: dict[Side, tuple[Vector, Matrix]] = {limb: ankle_of(build, moment.feet[limb]) for limb in SIDES}
    pelvis = turned(x=-tilt, z=facing)
    half = pelvis @ np.array([build.hip_half, 0.0, 0.0])
    centre = origin + root @ np.array([right, ahead, 0.0])
    limits = [build.hip_m + up + min(foot.lift for foot in moment.feet.values())]
    for limb, (ankle, _) in ankles.items():
        hip = centre + OUT[limb] * half
        reach = (0.998 * _LONGEST * build.leg) ** 2 - (hip[0] - ankle[0]) ** 2 - (hip[1] - ankle[1]) ** 2
        limits.append(float(ankle[2]) + math.sqrt(max(reach, 1e-4)) - OUT[limb] * float(half[2]))
    centre[2] = _softly_below(tuple(limits))
    puppet.put("pelvis", centre, pelvis)
    thighs = np.zeros(3)
    for limb, (ankle, frame) in ankles.items():
        foot = moment.feet[limb]
        hip = centre + OUT[limb] * half
        knee, end = two_links(hip, ankle, build.thigh, build.shin, turned(z=0.6 * foot.yaw + 0.4 * facing)[:, 1])
        puppet.put(f"{limb}_thigh", hip, bone(knee - hip, frame[:, 1]))
        puppet.put(f"{limb}_shin", knee, bone(end - knee, frame[:, 1]))
        puppet.put(f"{limb}_foot", end, frame)
        ball = end + frame @ np.array([0.0, BALL * build.foot, -build.ankle])
        puppet.put(f"{limb}_toes", ball, turned(x=max(0.0, -foot.roll_rad), z=foot.yaw))
        thighs += unit(knee - hip)
        puppet.joints |= {f"{limb}_hip": hip, f"{limb}_knee": knee, f"{limb}_ankle": end}
    puppet.put("skirt", centre, bone(thighs - 0.6 * pelvis[:, 2], pelvis[:, 1]))
    return centre, pelvis


def _trunk(puppet: _Puppet, moment: Moment, centre: Vector, pelvis: Matrix, *, twist: float) -> tuple[Matrix, Vector]:
    """The back, which bends in two places. Returns the chest's axes and where its top is."""
    build = puppet.build
    bend, aside, turn = (float(value) for value in moment.trunk[4:])
    bend, turn = bend + build.stoop_rad, turn + twist
    abdomen = pelvis @ turned(x=-0.45 * bend, y=0.5 * aside, z=0.4 * turn)
    chest = abdomen @ turned(x=-0.55 * bend, y=0.5 * aside, z=0.6 * turn)
    waist = centre + pelvis[:, 2] * (0.30 * build.spine)
    thorax = waist + abdomen[:, 2] * (0.26 * build.spine)
    puppet.put("abdomen", waist, abdomen)
    puppet.put("chest", thorax, chest)
    return chest, thorax + chest[:, 2] * (0.44 * build.spine)


def _head(puppet: _Puppet, moment: Moment, root: Matrix, chest: Matrix, top: Vector) -> None:
    """Neck and head; the neck follows both the chest and the head."""
    build = puppet.build
    yaw, pitch, roll = (float(value) for value in moment.head)
    head = root @ turned(x=pitch, y=roll, z=yaw)
    base = top + chest @ np.array([0.0, -0.012, 0.035]) * build.head
    neck = unit(0.55 * chest[:, 2] + 0.45 * head[:, 2]) * (0.056 * build.height_m)
    puppet.put("neck", base, bone(neck, chest[:, 1]))
    skull = base + neck
    puppet.put("head", skull, head)
    puppet.joints |= {name: skull + head @ (offset * build.head) for name, offset in _FACE.items()}


def _stride(build: Build, moment: Moment, root: Matrix) -> float:
    """How far the right foot is before the left one, leg lengths: what arms and pelvis swing with."""
    left, right = moment.feet["left"], moment.feet["right"]
    return float((right.x - left.x) * root[0, 1] + (right.y - left.y) * root[1, 1]) / build.leg


def bone(way: Vector, front: Vector) -> Matrix:
    """Axes of a limb's link: z along it, y as far to the front as that allows."""
    along = unit(way)
    side = cross(front, along)
    side = unit(side if float(side @ side) > 1e-4 else cross(np.array([0.3, 0.2, 1.0]), along))
    return np.column_stack([side, cross(along, side), along])


def _arm(
    build: Build, limb: Side, state: Vector, *, root: Matrix, origin: Vector, chest: Matrix, top: Vector, stride: float
) -> tuple[Vector, Vector, Vector, Matrix, Matrix]:
    """Shoulder, elbow, wrist, axes of the hand and its joints in the hand frame."""
    out = OUT[limb]
    follow, hang = float(state[10]), float(state[11])
    socket = top + chest @ np.array([out * build.shoulder_half, 0.0, 0.0])
    goal = (1 - follow) * origin + follow * socket + root @ state[:3]
    lifted = float((goal - socket) @ chest[:, 2]) / build.arm
    rise = _CLAVICLE_M * build.height_m * min(max(0.5 + 0.7 * lifted, 0.0), 1.0) ** 2
    shoulder = socket + chest @ np.array([-0.3 * out * rise, 0.0, rise])
    if hang > 0:
        swing = -out * _ARM_SWING_RAD * hang * stride
        offset = root @ turned(x=swing) @ (root.T @ (goal - shoulder))
        goal = shoulder + offset * (1 - 0.10 * hang * abs(stride) - 0.16 * max(swing, 0.0))
    way = unit(goal - shoulder)
    pole = chest @ _natural_pole(way @ chest, out)
    turn = float(state[9])
    if turn:
        pole = _about(way, pole, turn * out)
    goal = shoulder + (goal - shoulder) * _reachable(float(np.linalg.norm(goal - shoulder)) / build.arm)
    elbow, wrist = two_links(shoulder, goal, build.upper_arm, build.forearm, pole)
    fore = unit(wrist - elbow)
    fingers = root @ state[3:6]
    if hang > 0:
        fingers = (1 - hang) * fingers + hang * fore
    along = _within_reach_of_wrist(unit(fingers), fore)
    back = root @ state[6:9]
    back = unit(back - along * float(back @ along))
    hand = np.column_stack([cross(along, back), along, back])
    return shoulder, elbow, wrist, hand, finger_joints(Fingers.of(state[12:]), limb)


def _reachable(share: float) -> float:
    """What a distance (in arm lengths) is multiplied by, so that an arm becomes straight gently rather than with a jerk."""
    if share <= _ALMOST_STRAIGHT:
        return 1.0
    rest = _LONGEST - _ALMOST_STRAIGHT
    return (_ALMOST_STRAIGHT + rest * math.tanh((share - _ALMOST_STRAIGHT) / rest)) / share


def _natural_pole(way: Vector, out: float) -> Vector:
    """Where the elbow points for a hand in that direction of the shoulder (chest's frame).

    Behind a hanging arm, below one that reaches ahead, outside of one that is lifted to the face or over the head.
    """
    up, down = max(float(way[2]), 0.0), max(-float(way[2]), 0.0)
    return np.array([out * (0.45 + 0.6 * up), -0.9 * down * down, -math.sqrt(max(1.0 - float(way[2]) ** 2, 0.0))])


def _about(axis: Vector, vector: Vector, angle: float) -> Vector:
    """A vector turned about an axis of length 1."""
    cos, sin = math.cos(angle), math.sin(angle)
    return vector * cos + cross(axis, vector) * sin + axis * (float(axis @ vector) * (1 - cos))


def _within_reach_of_wrist(along: Vector, fore: Vector) -> Vector:
    """The direction of the fingers, or the nearest one that a wrist can have (65 degrees against the forearm)."""
    cos = float(along @ fore)
    if cos >= _WRIST_BEND_COS:
        return along
    aside = along - fore * cos
    return _WRIST_BEND_COS * fore + _WRIST_BEND_SIN * unit(aside)
