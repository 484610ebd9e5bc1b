"""Things through time: who holds them when and how, when they fly, how far they are open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.objects import Item
from humannet_assets.simulator.people.performer import Performer
from humannet_assets.simulator.people.skeleton import Pose, cross, turned, unit
from humannet_assets.simulator.wearer.grasps import grasp_of

Vector = npt.NDArray[np.float64]
Poses = Callable[[Performer], Pose]

GRAVITY_M_S2 = 9.81

POLE_RADIUS_M = 0.016
"""Of what is held by two fists."""
PALM_M = np.array([0.0, 0.072, -0.024])
"""Where something in a flat right hand touches it, hand frame, for a hand of 18 cm."""


def held_at(performer: Performer, pose: Pose, hand: str, *, pole: bool) -> Vector:
    """Where a hand (its link) holds something: the middle of the palm, or of the fist around a pole. World."""
    wrist, axes = pose.frame(hand)
    point = PALM_M
    if pole:
        point = grasp_of("wrap", POLE_RADIUS_M).mirrored("left" if hand.startswith("left") else "right").centre
    return wrist + axes @ point * performer.build.hand


@dataclass(frozen=True)
class Hold:
    """Somebody has a thing: where it is in the frame of what holds it (metres, axes as columns).

    One link: its frame. Two hands: between both palms, x from the first to the second, z up. `pole`: at the second palm, z
    towards the first one.
    """

    start_s: float
    end_s: float
    performer: Performer
    links: tuple[str, ...]
    offset: Vector
    turn: Matrix
    pole: bool = False

    def frame(self, pose: Pose) -> tuple[Vector, Matrix]:
        """Origin and axes of what holds the thing."""
        return holding_frame(self.performer, pose, self.links, pole=self.pole)

    def pose(self, poses: Poses) -> tuple[Vector, Matrix]:
        """Position and axes of the thing."""
        origin, axes = self.frame(poses(self.performer))
        position, turned_axes = origin + axes @ self.offset, axes @ self.turn
        if self.pole and position[2] < 0:
            # A pole on the floor slips through the hands.
            position = position - turned_axes[:, 2] * (position[2] / turned_axes[2, 2])
        return position, turned_axes


@dataclass(frozen=True)
class Flight:
    """A thing flies freely from `origin` with a velocity, turning about its middle, `middle_m` above its foot."""

    start_s: float
    end_s: float
    origin: Vector
    velocity: Vector
    axes: Matrix
    spin: Vector
    middle_m: float

    def at(self, time_s: float) -> tuple[Vector, Matrix]:
        """Position and axes."""
        t = min(max(time_s, self.start_s), self.end_s) - self.start_s
        angle = float(np.linalg.norm(self.spin)) * t
        turn = rotation(self.spin, angle) if angle > 1e-6 else np.eye(3)
        turned_axes = turn @ self.axes
        middle = (
            self.origin + self.axes[:, 2] * self.middle_m + self.velocity * t - np.array([0, 0, 0.5 * GRAVITY_M_S2 * t * t])
        )
        return middle - turned_axes[:, 2] * self.middle_m, turned_axes


def holding_frame(performer: Performer, pose: Pose, links: tuple[str, ...], *, pole: bool = False) -> tuple[Vector, Matrix]:
    """Origin (3,) and axes (3, 3) of one link, or of what is between two hands."""
    if len(links) == 1:
        return pose.frame(links[0])
    first, second = (held_at(performer, pose, link, pole=pole) for link in links)
    if pole:
        up = unit(first - second)
        # A pole turns with the body that holds it.
        ahead = pose.frame("pelvis")[1][:, 1]
        right = unit(cross(ahead, up))
        return second, np.column_stack([right, cross(up, right), up])
    right = unit(second - first)
    ahead = unit(cross(np.array([0.0, 0.0, 1.0]), right))
    return (first + second) / 2, np.column_stack([right, ahead, cross(right, ahead)])


@dataclass
class Thing:
    """A thing: where it first is, then who holds it or how it flies, where it lies in between, how far it is open (0..1)."""

    item: Item
    position: Vector
    axes: Matrix
    events: list[Hold | Flight] = field(default_factory=list)
    opened: Path = field(default_factory=lambda: Path(np.zeros(1)))
    _lies: list[tuple[Vector, Matrix]] = field(default_factory=list)

    @property
    def noun(self) -> str:
        """What it is called."""
        return self.item.noun

    def point(self, up_m: float) -> Vector:
        """A point above its foot, as it first stands."""
        return self.position + self.axes[:, 2] * up_m

    def lean(self, heading_rad: float, aside_rad: float) -> None:
        """Let it first lean to the right of somebody with that heading."""
        self.axes = turned(y=aside_rad, z=heading_rad)

    def stand_along(self, foot: Vector, top: Vector, heading_rad: float) -> None:
        """Let it first stand with its foot at one point, its top towards another, its x axis to the right of a heading."""
        up = unit(top - foot)
        right = np.array([np.cos(heading_rad), np.sin(heading_rad), 0.0])
        right = unit(right - up * float(right @ up))
        self.position, self.axes = foot, np.column_stack([right, cross(up, right), up])

    def where(self, time_s: float, poses: Poses) -> tuple[Vector, Matrix]:
        """Position of the foot and axes at a time; `poses` tells everybody's pose at that time."""
        for i in range(len(self.events) - 1, -1, -1):
            event = self.events[i]
            if event.start_s <= time_s:
                if i < len(self._lies) and time_s >= event.end_s:
                    return self._lies[i]
                return event.at(time_s) if isinstance(event, Flight) else event.pose(poses)
        return self.position, self.axes

    def now(self, time_s: float) -> tuple[Vector, Matrix]:
        """Where it is at a time of the plan."""
        return self.where(time_s, lambda performer: performer.pose(time_s))

    def take(self, performer: Performer, *sides: Side, at_s: float, pole: bool = False) -> None:
        """Somebody holds it from then on, the way it is."""
        if self.events:
            self.end(at_s)
        position, axes = self.now(at_s)
        links = tuple(f"{side}_hand" for side in sides)
        origin, frame = holding_frame(performer, performer.pose(at_s), links, pole=pole)
        hold = Hold(at_s, np.inf, performer, links, frame.T @ (position - origin), frame.T @ axes, pole)
        self.events.append(hold)

    def lie_in(self, performer: Performer, link: str, offset: Vector, turn: Matrix) -> None:
        """It is on a link of somebody from the start on: a phone in a pocket."""
        self.events.append(Hold(0.0, np.inf, performer, (link,), offset, turn))

    def stay_on(self, performer: Performer, link: str, *, at_s: float) -> None:
        """It is put into a pocket: it stays on a link of somebody from then on."""
        position, axes = self.now(at_s)
        origin, frame = performer.pose(at_s).frame(link)
        self.end(at_s)
        self.events.append(Hold(at_s, np.inf, performer, (link,), frame.T @ (position - origin), frame.T @ axes))

    def end(self, at_s: float) -> None:
        """Whoever holds it lets go; it stays where it is."""
        if len(self._lies) == len(self.events):
            return
        lies = self.now(at_s)
        self.events[-1] = replace(self.events[-1], end_s=at_s)
        self._lies.append(lies)

    def throw(self, at_s: float, goal: Vector, seconds: float, spin: Vector) -> None:
        """It leaves the hand and flies until its middle is at a point of the world."""
        position, axes = self.now(at_s)
        self.end(at_s)
        middle_m = self.item.height_m / 2
        velocity = (goal - position - axes[:, 2] * middle_m) / seconds + np.array([0, 0, 0.5 * GRAVITY_M_S2 * seconds])
        flight = Flight(at_s, at_s + seconds, position, velocity, axes, spin, middle_m)
        self.events.append(flight)
        self._lies.append(flight.at(at_s + seconds))
