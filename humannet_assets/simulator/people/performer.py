"""A person who acts: paths of trunk, head and arms, footsteps, and what the truth says of them, written action by action.

Every action goes from rest to rest (`motion.minimum_jerk`); the hands' ways are straight lines or arcs around the shoulder
(Flash & Hogan, J. Neurosci. 1985; Atkeson & Hollerbach, J. Neurosci. 1985: free reaches are slightly curved).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Contact, Segment, Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.hands import Fingers
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.people.arcs import arm_curve
from humannet_assets.simulator.people.build import Person
from humannet_assets.simulator.people.footsteps import Footsteps
from humannet_assets.simulator.people.posture import balanced, gaze, reaching, sockets
from humannet_assets.simulator.people.skeleton import (
    OUT,
    SIDES,
    TRUNK_STATE,
    Foot,
    Moment,
    Pose,
    cross,
    solve,
    turned,
    unit,
)
from humannet_assets.simulator.wearer.grasps import RELAXED

Vector = npt.NDArray[np.float64]
Point = tuple[float, float]
Way = Callable[[float], Vector]

_GAZE_LEAD_S = 0.3
"""The head turns before the hand moves (Land, Mennie & Rusted, Perception 1999)."""
_SWAY_HZ = np.array([0.21, 0.29, 0.17, 0.13, 0.24])
_SWAY = np.array([0.004, 0.004, 0.0, 0.0, 0.007, 0.006, 0.010])
"""Standing people sway by some millimetres, slower than half a hertz (Winter, Gait & Posture 1995). Metres and radians."""


SEAT_BEHIND = 0.225
"""How far the hips of somebody who sits are behind the ankles, as a share of stature: the shins stand upright."""


@dataclass(frozen=True)
class Arm:
    """Where an arm goes: wrist, direction of the fingers and of the back of the hand (root frame), fingers.

    `follow` 1: `wrist` is given against the shoulder, 0: against the root. `hang` 1: the arm swings with the steps.
    `swivel_rad` turns the elbow out of its natural place.
    """

    wrist: Vector
    along: Vector
    back: Vector
    fingers: Fingers = RELAXED
    follow: float = 0.0
    hang: float = 0.0
    swivel_rad: float = 0.0

    def vector(self) -> Vector:
        """As the skeleton wants it (`skeleton.ARM_STATE`)."""
        angles = (self.swivel_rad, self.follow, self.hang)
        return np.concatenate([self.wrist, self.along, self.back, angles, self.fingers.vector()])

    def axes(self) -> Matrix:
        """Axes of the hand frame as columns (3, 3), root frame."""
        along = unit(np.asarray(self.along, np.float64))
        back = np.asarray(self.back, np.float64)
        back = unit(back - along * float(back @ along))
        return np.column_stack([cross(along, back), along, back])


class Performer:
    """Builds up what one person does; `now` is when the next action may begin. Root frame: see `skeleton`."""

    def __init__(
        self, rng: np.random.Generator, person: Person, position: Point, heading_rad: float, *, start_s: float = 0.4
    ) -> None:
        """Begin standing at a place of the world with hanging arms."""
        self.rng, self.person, self.build = rng, person, person.build
        self.steps = Footsteps(person.build, position, heading_rad)
        self.arms: dict[Side, Path] = {side: Path(self.hanging(side).vector()) for side in SIDES}
        self.upright = balanced(self.build, np.zeros(TRUNK_STATE), {side: self.arms[side].position for side in SIDES})
        self.standing = self.upright
        self.trunk = Path(self.upright)
        self.head = Path(np.array([0.0, -0.04, 0.0]))
        self.segments: list[Segment] = []
        self.contacts: list[Contact] = []
        self.now = start_s
        self.seated = False
        self._phases = rng.uniform(0, 2 * math.pi, len(_SWAY_HZ))
        self._touching: dict[str, float] = {}

    # At a time.

    def moment(self, time_s: float) -> Moment:
        """All that moves at a time."""
        wave = np.sin(2 * math.pi * _SWAY_HZ * time_s + self._phases)
        trunk = self.trunk.at(time_s) + _SWAY * (wave[0], wave[1], 0.0, 0.0, wave[2], wave[3], wave[4])
        head = self.head.at(time_s) + (0.022 * wave[4], 0.016 * wave[1], 0.010 * wave[2])
        return Moment(
            self.steps.root(time_s), {side: self.steps.foot(side, time_s) for side in SIDES}, trunk, head,
            {side: self.arms[side].at(time_s) for side in SIDES},
        )  # fmt: skip

    def pose(self, time_s: float) -> Pose:
        """The body at a time."""
        return solve(self.build, self.moment(time_s))

    def root_frame(self) -> tuple[Vector, Matrix]:
        """Origin (3,) and axes of the root after the last step, world."""
        x, y, heading = self.steps.here
        return np.array([x, y, 0.0]), turned(z=heading)

    def to_root(self, point: npt.ArrayLike) -> Vector:
        """A point of the world in the root frame."""
        origin, axes = self.root_frame()
        return axes.T @ (np.asarray(point, np.float64) - origin)

    def to_world(self, point: npt.ArrayLike) -> Vector:
        """A point of the root frame in the world."""
        origin, axes = self.root_frame()
        return origin + axes @ np.asarray(point, np.float64)

    # Postures.

    def hanging(self, side: Side) -> Arm:
        """An arm that hangs beside the body."""
        build, out = self.build, OUT[side]
        aside = 0.045 + 0.06 * build.girth * build.height_m / 1.74
        wrist = np.array([out * aside, 0.035, -0.957 * build.arm])
        return Arm(wrist, np.array([0.0, 0.12, -1.0]), np.array([out, 0.35, 0.0]), RELAXED, follow=1.0, hang=1.0)

    def resting(self, side: Side) -> Arm:
        """An arm at rest: it hangs, or lies on the thigh of somebody who sits."""
        if not self.seated:
            return self.hanging(side)
        scale = self.build.height_m / 1.74
        thigh = np.array(
            [OUT[side] * 0.115 * scale, self.upright[1] + 0.27 * scale, self.build.hip_m + self.upright[2] + 0.105 * scale]
        )
        return Arm(
            thigh - (0, 0.09 * scale, 0), np.array([-0.12 * OUT[side], 1.0, -0.12]), np.array([0.1 * OUT[side], 0.1, 1.0])
        )

    def sit(self, seat_m: float, text: str = "person sits down") -> None:
        """Sit down on a seat of that height behind the feet."""
        scale = self.build.height_m / 1.74
        self.seated = True
        down = seat_m + 0.085 * scale * self.build.girth - self.build.hip_m
        self.upright = np.array([0.0, -SEAT_BEHIND * self.build.height_m, down, -0.10, 0.16, 0.0, 0.0])
        self.act(
            1.5,
            text,
            "sit down",
            "chair",
            arms={side: self.resting(side) for side in SIDES},
            trunk=self.upright,
            trunk_way=_leaning,
        )

    def stand_up(self, text: str = "person stands up") -> None:
        """Stand up again."""
        self.seated = False
        self.upright = self.standing
        arms: dict[Side, Arm] = {side: self.hanging(side) for side in SIDES}
        self.act(1.4, text, "stand up", "chair", arms=arms, trunk=self.upright, trunk_way=_leaning)

    def shoulders(self, trunk: Vector | None = None) -> dict[Side, Vector]:
        """Where the shoulders are in the root frame, after the last action or with another state of the trunk."""
        pose = self._planned(trunk)
        return {side: self.to_root(point) for side, point in sockets(self.build, pose).items()}

    def reach(self, arms: Mapping[Side, Arm], *, squat: bool = False) -> Vector:
        """State of the trunk in which those arms reach where they are to go (those that follow the trunk always do)."""
        wrists: dict[Side, Vector] = {side: arm.wrist for side, arm in arms.items() if arm.follow < 0.5}
        if not wrists:
            return self.upright
        states = self._arm_states(arms)
        return reaching(self.build, wrists, states, upright=self.upright, squat=squat, seated=self.seated)

    def balanced(self, trunk: Vector, arms: Mapping[Side, Arm] | None = None) -> Vector:
        """The trunk's state with the pelvis moved until the body stands firmly, arms being there."""
        return balanced(self.build, trunk, self._arm_states(arms or {}))

    @property
    def fresh(self) -> bool:
        """Whether the performer has not taken a step yet."""
        return not self.steps.steps

    def relocate(self, position: Point, heading_rad: float) -> None:
        """Begin somewhere else.

        Raises:
            ValueError: The performer has walked already.
        """
        if not self.fresh:
            raise ValueError("somebody who has walked cannot begin elsewhere")
        self.steps = Footsteps(self.build, position, heading_rad)

    def begin(self, arms: Mapping[Side, Arm]) -> None:
        """Have arms somewhere from the start on.

        Raises:
            ValueError: They have moved already.
        """
        if any(self.arms[side].moves for side in arms):
            raise ValueError("arms can only be put somewhere before they move")
        for side, arm in arms.items():
            self.arms[side] = Path(arm.vector())

    # Actions.

    def act(
        self,
        seconds: float,
        text: str = "",
        verb: str = "",
        noun: str = "",
        *,
        arms: Mapping[Side, Arm] | None = None,
        trunk: Vector | None = None,
        look: npt.ArrayLike | None = None,
        straight: bool = False,
        lift_m: float = 0.0,
        way: Way | None = None,
        guided: Mapping[Side, Callable[[float], Arm]] | None = None,
        trunk_way: Way | None = None,
        pause: tuple[float, float] = (0.15, 0.4),
    ) -> float:
        """Move arms and trunk from rest to rest, beginning now; returns when the motion ends.

        Args:
            seconds: How long it takes at a usual pace.
            text: The action as the truth has it; no action if empty.
            verb: Its verb.
            noun: What it is done to.
            arms: Arms that move, and where to.
            trunk: State of the trunk at the end; it stays as it is if not given.
            look: Point of the world the head turns to.
            straight: Whether hands go straight rather than on arcs.
            lift_m: How far hands are raised on the way.
            way: Detour of the wrists (3,) by the share of the way, nothing at its ends: circles.
            guided: Where an arm is by the share of the way, instead of `arms`: a hand on a door.
            trunk_way: Detour of the trunk's state (`skeleton.TRUNK_STATE`), likewise.
            pause: Seconds of rest that follow, at least and at most.
        """
        seconds *= self.person.pace * float(self.rng.uniform(0.92, 1.12))
        start = self.now
        goal = self.trunk.position if trunk is None else trunk
        before, after = self.shoulders(), self.shoulders(goal)
        if look is not None:
            self.look(look, goal)
        if trunk is not None:
            self.trunk.rest(start - self.trunk.time_s)
            curve = _detour(self.trunk.position, goal, trunk_way) if trunk_way else None
            self.trunk.move(goal, seconds, curve=curve)
        for side, arm in (arms or {}).items():
            path, end = self.arms[side], arm.vector()
            curve = arm_curve(
                path.position, end, (before[side], after[side]), OUT[side], straight=straight, lift_m=lift_m, way=way
            )
            path.rest(start - path.time_s).move(end, seconds, curve=curve)
        for side, guide in (guided or {}).items():
            self.arms[side].rest(start - self.arms[side].time_s)
            self.arms[side].move(guide(1.0).vector(), seconds, curve=_guided(guide))
        self._record(start, start + seconds, text, verb, noun)
        self.now = start + seconds + float(self.rng.uniform(*pause))
        return start + seconds

    def walk(
        self, points: Sequence[Point], heading_rad: float | None = None, text: str = "", verb: str = "walk", noun: str = "",
        *, pace: float = 1.0, step_m: float = 0.0,
    ) -> float:  # fmt: skip
        """Walk along points of the world and turn to a heading; returns when it is over."""
        self.head.rest(max(0.0, self.now - self.head.time_s))
        if self.head.time_s <= self.now:
            self.head.move(np.array([0.0, -0.06, 0.0]), 0.5)
        end = self.steps.walk(self.now, list(points), heading_rad, pace=pace * self.person.pace, step_m=step_m)
        self._record(self.now, end, text, verb, noun)
        self.now = end + float(self.rng.uniform(0.2, 0.45))
        return end

    def turn(self, heading_rad: float, text: str = "", verb: str = "turn", noun: str = "") -> float:
        """Turn on the spot to a heading; returns when it is over."""
        end = self.steps.turn(self.now, heading_rad, pace=self.person.pace)
        if end > self.now:
            self._record(self.now, end, text, verb, noun)
            self.now = end + float(self.rng.uniform(0.15, 0.35))
        return end

    def shift(
        self, side: Side, aside_m: float, seconds: float, text: str, arms: Mapping[Side, Arm], verb: str = "dance"
    ) -> None:
        """A step to the side and the other foot after it, arms moving along."""
        start = self.now
        end = self.steps.shift(start, 2 * seconds * self.person.pace, side, aside_m)
        self.act(2 * seconds, arms=arms, pause=(0, 0))
        end = max(end, self.arms[side].time_s)
        self._record(start, end, text, verb, "")
        self.now = end + 0.05

    def look(self, point: npt.ArrayLike | None, trunk: Vector | None = None, *, lead_s: float = _GAZE_LEAD_S) -> None:
        """Turn the head to a point of the world (ahead if None), a little before now."""
        start = max(self.head.time_s, self.now - lead_s)
        goal = np.array([0.0, -0.04, 0.0])
        if point is not None:
            goal = gaze(self._planned(trunk), np.asarray(point, np.float64), self.steps.here[2])
        turn = float(np.linalg.norm(goal - self.head.position))
        if turn > 0.02:
            # Head turns of 10 to 50 degrees take 200 to 500 ms (Zangemeister & Stark, Exp. Neurol. 1982); at leisure longer.
            self.head.rest(start - self.head.time_s).move(goal, 0.3 + 0.35 * min(turn, 1.2))

    def pause(self, seconds: float) -> None:
        """Nothing happens."""
        self.now += seconds

    def rest(self, text: str = "", *sides: Side, seconds: float = 0.95, verb: str = "lower") -> None:
        """Let arms (both if none is named) hang and stand upright, looking ahead."""
        chosen = sides or SIDES
        self.act(seconds, text, verb, arms={side: self.resting(side) for side in chosen}, trunk=self.upright)
        self.look(None)

    def touch(self, noun: str) -> None:
        """The person touches something from the end of the latest action on."""
        self._touching[noun] = max(path.time_s for path in self.arms.values())

    def exactly(self, end_s: float, arms: Mapping[Side, Arm]) -> None:
        """Move arms straight so that they arrive at a time: hands close around something that flies."""
        shoulders = self.shoulders()
        for side, arm in arms.items():
            path, end = self.arms[side], arm.vector()
            path.rest(self.now - path.time_s)
            curve = arm_curve(path.position, end, (shoulders[side], shoulders[side]), OUT[side], straight=True)
            path.move(end, end_s - self.now, curve=curve)
        self.now = end_s

    def untouch(self, noun: str, at_s: float | None = None) -> None:
        """The person touches it until then (the end of the latest action if not given)."""
        end = max(path.time_s for path in self.arms.values()) if at_s is None else at_s
        start = self._touching.pop(noun)
        self.contacts.append(Contact(actor="body", object=noun, start_s=round(start, 3), end_s=round(end, 3)))

    @contextmanager
    def one_action(self, text: str, verb: str, noun: str = "") -> Iterator[None]:
        """Several motions that are one action: a wave of the hand, a clap."""
        start = self.now
        yield
        end = max(path.time_s for path in (self.trunk, *self.arms.values()))
        self._record(start, end, text, verb, noun)

    def _arm_states(self, arms: Mapping[Side, Arm]) -> dict[Side, Vector]:
        """States of both arms with some of them elsewhere."""
        return {side: arms[side].vector() if side in arms else self.arms[side].position for side in SIDES}

    def _planned(self, trunk: Vector | None) -> Pose:
        """The body after the last action, or with another state of the trunk."""
        feet: dict[Side, Foot] = {side: self.steps.foot(side, math.inf) for side in SIDES}
        state = self.trunk.position if trunk is None else trunk
        return solve(self.build, Moment(self.steps.here, feet, state, self.head.position, self._arm_states({})))

    def _record(self, start: float, end: float, text: str, verb: str, noun: str) -> None:
        if text:
            self.segments.append(
                Segment(actor="body", start_s=round(start, 3), end_s=round(end, 3), text=text, verb=verb, object=noun)
            )


def _detour(origin: Vector, goal: Vector, way: Way) -> Way:
    return lambda share: origin + (goal - origin) * share + way(share)


def _guided(guide: Callable[[float], Arm]) -> Way:
    return lambda share: guide(share).vector()


def _leaning(share: float) -> Vector:
    """Who sits down or stands up leans forwards on the way, so that the weight stays over the feet."""
    much = math.sin(math.pi * share)
    return np.array([0.0, 0.0, 0.0, 0.62 * much, 0.22 * much, 0.0, 0.0])
