"""Who does what when at a station: hand paths, held things, contacts, texts and gaze, written down action by action.

Everything is in the station's frame, metres and seconds. Every action goes from rest to rest (`motion.minimum_jerk`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Actor, Contact, Segment, Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.wearer.body import OUT, SIDES, HandPose, Wearer, hand_frame, natural_yaw
from humannet_assets.simulator.wearer.grasps import OPEN, RELAXED, GraspKind, grasp_of
from humannet_assets.simulator.wearer.props import Prop

Vector = npt.NDArray[np.float64]

ACTOR: dict[Side, Actor] = {"left": "left_hand", "right": "right_hand"}

_ATTITUDE: dict[GraspKind, tuple[float, float, float]] = {
    "wrap": (0.10, 0.80, 0.30), "pinch": (0.25, 0.25, 0.0), "flat": (0.12, 0.12, 0.0), "point": (0.25, 0.20, 0.0),
    "rim": (0.22, 0.42, 0.10),
}  # fmt: skip
"""Pitch, supination and turn inwards a hand has while it holds something that way, radians."""

_PRESHAPED = 0.6
"""Share of a reach after which the hand is widest (Jeannerod, "The timing of natural prehension movements", 1984: 60-70 %)."""

_GAZE_LEAD_S = 0.45
"""The eyes arrive before the hand starts (Land, Mennie & Rusted, Perception 1999: 0.56 s before the first movement)."""


@dataclass(frozen=True)
class Hold:
    """A hand has a thing: where the thing is in the hand's frame while it lasts."""

    start_s: float
    end_s: float
    side: Side
    offset: Vector
    turn: Matrix


@dataclass
class Thing:
    """A prop through time: where it first stands, who holds it when, how far it is open, what it stands on."""

    prop: Prop
    home: Vector
    frame: Matrix
    opened: Path = field(default_factory=lambda: Path(np.zeros(1)))
    holds: list[Hold] = field(default_factory=list)
    on: Thing | None = None
    settled: bool = False
    """Something was built on it or of it, which would fall apart if it moved."""


class Choreography:
    """Builds up the actions of both hands; `now` is when the next action may begin."""

    def __init__(
        self,
        rng: np.random.Generator,
        wearer: Wearer,
        *,
        tempo: float = 1.0,
        absent: frozenset[Side] = frozenset(),
        enters: bool = False,
    ) -> None:
        """Begin with resting hands.

        Args:
            rng: Source of everything that is drawn.
            wearer: Whose hands.
            tempo: Scales all durations.
            absent: Hands that stay out of the picture.
            enters: Whether the other hands begin out of the picture too.
        """
        self.rng, self.wearer, self.tempo = rng, wearer, tempo
        self.absent = set(absent)
        self.things: dict[str, Thing] = {}
        self.segments: list[Segment] = []
        self.contacts: list[Contact] = []
        self.looks: list[tuple[float, Vector]] = []
        self._contact_start: dict[tuple[Side, str], float] = {}
        self.now = float(rng.uniform(0.3, 0.7))
        self.paths: dict[Side, Path] = {
            side: Path((self.hidden(side) if enters or side in self.absent else self.home(side)).vector()) for side in SIDES
        }

    # Places of a hand.

    def home(self, side: Side) -> HandPose:
        """A hand resting on the surface, a little different every time."""
        x, y, z = self.rng.uniform((0.10, 0.26, 0.045), (0.17, 0.30, 0.06))
        wrist = np.array([x * OUT[side], y, z])
        noise = self.rng.normal(0, 0.06, (4, 1))
        fingers = replace(RELAXED, flexion=np.clip(RELAXED.flexion + noise, 0.03, None))
        supination = float(self.rng.uniform(0.10, 0.40))
        return HandPose(wrist, natural_yaw(side, wrist) * 0.7, float(self.rng.uniform(-0.05, 0.12)), supination, fingers)

    def hidden(self, side: Side) -> HandPose:
        """A hand beside the body, out of the picture."""
        return HandPose(np.array([0.36 * OUT[side], -0.05, -0.18]), 0.0, -0.3, 0.6, RELAXED)

    def hand(self, side: Side, time_s: float | None = None) -> HandPose:
        """Where a hand is, at the end of what is planned or at a time."""
        path = self.paths[side]
        return HandPose.of(path.position if time_s is None else path.at(time_s))

    # Places of things.

    def put(self, prop: Prop, x: float, y: float, z: float = 0.0, *, yaw: float = 0.0, on: Thing | None = None) -> Thing:
        """Stand a prop somewhere before anything happens."""
        cos, sin = np.cos(yaw), np.sin(yaw)
        thing = Thing(prop, np.array([x, y, z]), np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]]), on=on)
        self.things[prop.name] = thing
        return thing

    def where(self, thing: Thing, time_s: float | None = None) -> tuple[Vector, Matrix]:
        """Position of the foot and axes of a thing, at the end of what is planned or at a time."""
        for hold in reversed(thing.holds):
            if time_s is None or hold.start_s <= time_s:
                until = hold.end_s if time_s is None else min(time_s, hold.end_s)
                pose = HandPose.of(self.paths[hold.side].at(until))
                frame = pose.frame(hold.side)
                return pose.wrist + frame @ hold.offset, frame @ hold.turn
        if thing.on is not None:
            position, axes = self.where(thing.on, time_s)
            base = thing.on
            return position + axes @ base.frame.T @ (thing.home - base.home), axes @ base.frame.T @ thing.frame
        return thing.home, thing.frame

    # Actions.

    def reach(
        self,
        side: Side,
        thing: Thing,
        point: Vector | None = None,
        *,
        kind: GraspKind | None = None,
        seconds: float | None = None,
        text: str = "",
        verb: str = "reach",
    ) -> None:
        """Take hold of a thing at its grasp point (or at `point`); fingers open on the way and close around it."""
        prop = thing.prop
        position, axes = self.where(thing)
        target = position + axes @ prop.item.grasp if point is None else point
        goal = self.grasping(side, kind or prop.grasp, prop.width_m, target)
        text = text or f"{side} hand reaches for the {prop.noun}"
        seconds = seconds or self.seconds(side, goal.wrist, 0.75)
        self.go(side, goal, seconds, text, verb, prop.noun, lift=0.035, reshape=True, look=target)
        self._hold(side, thing)

    def grasping(self, side: Side, kind: GraspKind, width_m: float, target: Vector) -> HandPose:
        """The hand around something of that half width whose grasp point is there."""
        grasp = grasp_of(kind, round(width_m, 3)).mirrored(side)
        pitch, supination, inwards = _ATTITUDE[kind]
        yaw = natural_yaw(side, target) + inwards * OUT[side]
        frame = hand_frame(side, yaw, pitch, supination)
        return HandPose(target - frame @ grasp.centre * self.wearer.look.scale, yaw, pitch, supination, grasp.fingers)

    def carry(
        self,
        side: Side,
        thing: Thing,
        goal: Vector,
        text: str,
        verb: str,
        *,
        lift: float = 0.05,
        supination: float | None = None,
        pitch: float | None = None,
        keep_yaw: bool = False,
        anchor: Vector | None = None,
        noun: str = "",
        curve: Callable[[float], Vector] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Bring the held thing to `goal`: its foot, or the point `anchor` of its frame, comes to lie there."""
        hold = thing.holds[-1]
        pose = self.hand(side)
        turned = replace(
            pose,
            yaw=pose.yaw if keep_yaw else pose.yaw + natural_yaw(side, goal) - natural_yaw(side, self.where(thing)[0]),
            supination=pose.supination if supination is None else supination,
            pitch=pose.pitch if pitch is None else pitch,
        )
        frame = turned.frame(side)
        inside = np.zeros(3) if anchor is None else anchor
        wrist = goal - frame @ (hold.offset + hold.turn @ inside)
        turned = replace(turned, wrist=wrist)
        self.go(
            side,
            turned,
            seconds or self.seconds(side, wrist, 0.7),
            text,
            verb,
            noun or thing.prop.noun,
            lift=lift,
            look=goal,
            curve=curve,
        )

    def swing(self, side: Side, thing: Thing, share: float, text: str, verb: str, noun: str = "") -> None:
        """Open or close what the hand holds by its handle to that share; the hand follows the handle's way."""
        joint = thing.prop.item.opening
        if joint is None:
            raise ValueError(f"the {thing.prop.noun} does not open")
        position, axes = self.where(thing, self.now)
        pose, before = self.hand(side), float(thing.opened.position[0])
        eye = np.eye(3)
        base = position + axes @ joint.moved(joint.handle, eye, before)[0]

        def follow(part: float) -> Vector:
            opened = before + (share - before) * part
            wrist = pose.wrist + position + axes @ joint.moved(joint.handle, eye, opened)[0] - base
            return replace(pose, wrist=wrist).vector()

        goal = HandPose.of(follow(1.0))
        seconds = self.seconds(side, goal.wrist, 0.8)
        start = self._start(side)
        self.go(side, goal, seconds, text, verb, noun or thing.prop.noun, curve=follow, look=goal.wrist)
        thing.opened.rest(start - thing.opened.time_s).move(np.array([share]), seconds)

    def release(self, side: Side, thing: Thing) -> None:
        """Let go; the thing stays where it is."""
        thing.holds[-1] = replace(thing.holds[-1], end_s=self.now)
        self.end_contact(side, thing)

    def take_handle(self, side: Side, thing: Thing, point: Vector, *, text: str = "", verb: str = "reach") -> None:
        """Take hold of a part (a knob, a button) of a thing that stays where it is."""
        goal = self.grasping(side, thing.prop.grasp, thing.prop.width_m, point)
        text = text or f"{side} hand reaches for the {thing.prop.noun}"
        self.go(
            side,
            goal,
            self.seconds(side, goal.wrist, 0.75),
            text,
            verb,
            thing.prop.noun,
            lift=0.035,
            reshape=True,
            look=point,
        )
        self._contact_start[side, thing.prop.name] = self.paths[side].time_s

    def end_contact(self, side: Side, thing: Thing) -> None:
        """The hand touches the thing until now."""
        start = round(self._contact_start.pop((side, thing.prop.name)), 3)
        self.contacts.append(Contact(actor=ACTOR[side], object=thing.prop.noun, start_s=start, end_s=round(self.now, 3)))

    def back(self, side: Side, *, away: bool = False, text: str = "", verb: str = "", noun: str = "") -> None:
        """Return to rest, or out of the picture."""
        goal = self.hidden(side) if away else self.home(side)
        text = text or (f"{side} hand leaves the picture" if away else f"{side} hand returns to rest")
        self.go(
            side,
            goal,
            self.seconds(side, goal.wrist, 0.75),
            text,
            verb or ("withdraw" if away else "return"),
            noun,
            lift=0.02,
            reshape=True,
        )
        self.absent.discard(side)
        if away:
            self.absent.add(side)

    def go(
        self, side: Side, goal: HandPose, seconds: float, text: str, verb: str, noun: str, *, lift: float = 0.0,
        look: Vector | None = None, curve: Callable[[float], Vector] | None = None, reshape: bool = False,
    ) -> None:  # fmt: skip
        """Move a hand, rest to rest, and advance `now` past it and a short pause."""
        path = self.paths[side]
        start = self._start(side)
        path.rest(start - path.time_s)
        end = goal.vector()
        if reshape:
            curve = _preshaped(path.position, end)
        path.move(end, seconds, text, lift, verb=verb, target=noun, curve=curve)
        self.segments.append(
            Segment(actor=ACTOR[side], start_s=round(start, 3), end_s=round(path.time_s, 3), text=text, verb=verb, object=noun)
        )
        if look is not None:
            self.looks.append(
                (max(0.0, start - _GAZE_LEAD_S * float(self.rng.uniform(0.4, 1.2))), np.asarray(look, np.float64))
            )
        self.now = max(self.now, path.time_s + float(self.rng.uniform(0.15, 0.4)) * self.tempo)

    def together(self, moves: Callable[[Side], None]) -> None:
        """An action by both hands that begins at the same time."""
        before = max(self.now, *(path.time_s + 0.12 for path in self.paths.values()))
        ends = []
        for side in SIDES:
            self.now = before
            moves(side)
            ends.append(self.now)
        self.now = max(ends)

    def pause(self, seconds: float) -> None:
        """Nothing happens."""
        self.now += seconds

    def _start(self, side: Side) -> float:
        return max(self.now, self.paths[side].time_s)

    def seconds(self, side: Side, goal: Vector, least: float) -> float:
        """Longer ways take longer (near-isochrony: duration grows less than distance)."""
        distance = float(np.linalg.norm(goal - self.paths[side].position[:3]))
        return (least + 1.1 * distance) * self.tempo * float(self.rng.uniform(0.9, 1.15))

    def _hold(self, side: Side, thing: Thing) -> None:
        start = self.paths[side].time_s
        position, axes = self.where(thing)
        pose = self.hand(side)
        frame = pose.frame(side)
        thing.holds.append(Hold(start, np.inf, side, frame.T @ (position - pose.wrist), frame.T @ axes))
        self._contact_start[side, thing.prop.name] = start


def _preshaped(origin: Vector, goal: Vector) -> Callable[[float], Vector]:
    """Straight way for the hand; the fingers first open and then take the goal's shape."""
    opened = OPEN.vector()

    def curve(share: float) -> Vector:
        state = origin + (goal - origin) * share
        if share < _PRESHAPED:
            state[6:] = origin[6:] + (opened - origin[6:]) * (share / _PRESHAPED)
        else:
            state[6:] = opened + (goal[6:] - opened) * ((share - _PRESHAPED) / (1 - _PRESHAPED))
        return state

    return curve
