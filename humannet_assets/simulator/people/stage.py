"""A stage: a place with people, furniture and things on it, played at any time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Contact, Side
from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.objects import Item
from humannet_assets.simulator.people.build import Person
from humannet_assets.simulator.people.figure import Figure
from humannet_assets.simulator.people.furniture import Furniture, Joiner
from humannet_assets.simulator.people.ground import Ground
from humannet_assets.simulator.people.performer import Performer
from humannet_assets.simulator.people.props import draw_item
from humannet_assets.simulator.people.skeleton import OUT, SIDES, Pose
from humannet_assets.simulator.people.things import Thing
from humannet_assets.simulator.places.place import Place
from humannet_assets.simulator.shots import BODY_GROUP, LEFT_GROUP, BodyState
from humannet_assets.simulator.world import World

Vector = npt.NDArray[np.float64]
Point = tuple[float, float]

GROUPS = (BODY_GROUP, 5, LEFT_GROUP)
"""Geometry groups of up to three people; nobody wears the camera, so the wearer's groups are free."""

_TRIES = 160


class NoFloorError(RuntimeError):
    """There is no room for what somebody is to do."""


@dataclass(frozen=True)
class Site:
    """Where somebody stands for something, and which way."""

    position: Point
    heading_rad: float

    def ahead(self, distance_m: float, aside_m: float = 0.0) -> Point:
        """A point ahead (and to the right)."""
        cos, sin = math.cos(self.heading_rad), math.sin(self.heading_rad)
        x, y = self.position
        return (x - sin * distance_m + cos * aside_m, y + cos * distance_m + sin * aside_m)


@dataclass
class Stage:
    """People and things at a place, seen from `eye` (a point of the world, where the camera will be)."""

    rng: np.random.Generator
    place: Place
    eye: Vector
    performers: list[Performer] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ground = Ground(self.place)
        self.joiner = Joiner(self.rng, self.place.builder)

    # Casting and furnishing.

    def enter(self, person: Person, position: Point, heading_rad: float, *, simple: bool = False) -> Performer:
        """Somebody stands there when the shot begins."""
        number = len(self.performers)
        figure = Figure(f"person{number}", person, GROUPS[number], simple)
        figure.declare(self.place.builder)
        performer = Performer(self.rng, person, position, heading_rad, start_s=float(self.rng.uniform(0.3, 0.8)))
        self.performers.append(performer)
        self.figures.append(figure)
        return performer

    def put(self, kind: str, position: npt.ArrayLike, heading_rad: float = 0.0) -> Thing:
        """A thing of a kind (`props.draw_item`) with its foot at a point of the world."""
        return self.add(draw_item(kind, self.rng, self.place.builder, f"thing{len(self.things)}"), position, heading_rad)

    def add(self, item: Item, position: npt.ArrayLike, heading_rad: float = 0.0) -> Thing:
        """A thing that is declared already."""
        thing = Thing(item, np.asarray(position, np.float64), rotation((0, 0, 1), heading_rad))
        self.things.append(thing)
        return thing

    def table(self, site: Site, top_m: float, half: Point, distance_m: float) -> Furniture:
        """A table before somebody, its near edge at that distance from the ankles."""
        middle = site.ahead(distance_m + half[1])
        self.ground.take(middle, half, site.heading_rad)
        return self.joiner.table(middle, site.heading_rad + math.pi, top_m, half)

    # Where to go.

    def towards_eye(self, position: Point) -> float:
        """The heading of somebody there who looks at the camera."""
        return math.atan2(-(float(self.eye[0]) - position[0]), float(self.eye[1]) - position[1])

    def facing(self, position: Point, turn_rad: tuple[float, float] = (0.0, 0.8), turn_sign: float = 0.0) -> float:
        """A heading that shows the front to the camera, turned aside by an angle between two limits.

        `turn_sign` 1 turns to the left (the camera is at the right hand), -1 to the right, 0 to either side.
        """
        sign = turn_sign or (1.0 if self.rng.random() < 0.5 else -1.0)
        return self.towards_eye(position) + sign * float(self.rng.uniform(*turn_rad))

    def site(
        self, performer: Performer, *, half: Point | None = None, distance_m: float = 0.0, aside_m: float = 0.0,
        turn_rad: tuple[float, float] = (0.0, 0.8), turn_sign: float = 0.0, behind_m: float = 0.0, within_m: float = 1.6,
    ) -> Site:  # fmt: skip
        """Somewhere to stand, with room for something ahead, that the performer can walk to and the camera sees.

        Args:
            performer: Who.
            half: Half size of what is put ahead; nothing if None.
            distance_m: How far its near edge is from the ankles.
            aside_m: How far to the right its middle is.
            turn_rad: How far the person is turned away from the camera.
            turn_sign: To which side (see `facing`).
            behind_m: Room that is needed behind.
            within_m: How far from where the performer is now.

        Raises:
            NoFloorError: There is no such place.
        """
        here = performer.steps.here[:2]
        for k in range(_TRIES):
            position = here
            if k > 12:
                # First around where the performer is, then around the place's spots.
                spots = self.ground.spots
                x, y = here if k < _TRIES / 2 else spots[int(self.rng.integers(len(spots)))].position
                spread = within_m * math.sqrt(float(self.rng.random()))
                angle = float(self.rng.uniform(0, 2 * math.pi))
                position = (x + spread * math.cos(angle), y + spread * math.sin(angle))
            site = Site(position, self.facing(position, turn_rad, turn_sign))
            middle = None if half is None else site.ahead(distance_m + half[1], aside_m)
            if self._suits(performer, site, middle, half, behind_m):
                return site
        raise NoFloorError(f"{self.place.name} has no room for that")

    def _suits(self, performer: Performer, site: Site, middle: Point | None, half: Point | None, behind_m: float) -> bool:
        here = performer.steps.here[:2]
        if site.position != here and not (self.ground.stands(site.position) and self.clear_way(performer, site.position)):
            return False
        if not self.apart(performer, site.position) or not self.in_range(site.position):
            return False
        if behind_m and not self.ground.fits(site.ahead(-behind_m / 2), (0.28, behind_m / 2), site.heading_rad, 0.03):
            return False
        if half is not None and middle is not None:
            free = self.ground.fits(middle, half, site.heading_rad)
            if not free or any(self._beside(other, middle, half, site.heading_rad) < 0.15 for other in self.performers):
                return False
        high = performer.build.height_m
        points = [(*site.position, share * high) for share in (0.12, 0.5, 0.95)]
        return bool(self.ground.sees(self.eye, points).all())

    @staticmethod
    def _beside(performer: Performer, middle: Point, half: Point, heading_rad: float) -> float:
        """Distance of somebody's ankles from a rectangle on the floor."""
        x, y, _ = performer.steps.here
        cos, sin = math.cos(heading_rad), math.sin(heading_rad)
        dx, dy = x - middle[0], y - middle[1]
        return math.hypot(max(abs(cos * dx + sin * dy) - half[0], 0.0), max(abs(cos * dy - sin * dx) - half[1], 0.0))

    def apart(self, performer: Performer, position: Point, room_m: float = 0.8) -> bool:
        """Whether nobody else is near a point."""
        others = [other.steps.here[:2] for other in self.performers if other is not performer]
        return all(math.dist(position, other) >= room_m for other in others)

    def clear_way(self, performer: Performer, goal: Point) -> bool:
        """Whether the straight way to a point is free of things and of other people."""
        here = np.array(performer.steps.here[:2])
        way = np.linspace(0, 1, 12)[:, None] * (np.array(goal) - here) + here
        others = [np.array(other.steps.here[:2]) for other in self.performers if other is not performer]
        apart = all(np.linalg.norm(way - other, axis=1).min() > 0.62 for other in others)
        return apart and self.ground.way((float(here[0]), float(here[1])), goal)

    def in_range(self, position: Point) -> bool:
        """Whether somebody there is neither too near to the camera nor too far."""
        return 1.9 < math.dist(position, (float(self.eye[0]), float(self.eye[1]))) < 9.0

    def stroll(self, performer: Performer, least_m: float, most_m: float, *, across: bool = False) -> Point:
        """Another place the performer can walk to in a straight line; `across` prefers ways from side to side of the picture.

        Raises:
            NoFloorError: There is none.
        """
        here = performer.steps.here[:2]
        sight = self.towards_eye(here)
        best, widest = here, 0.0
        for k in range(_TRIES):
            spread = float(self.rng.uniform(least_m, most_m)) * (1 - 0.6 * k / _TRIES)
            angle = float(self.rng.uniform(0, 2 * math.pi))
            goal = (here[0] + spread * math.cos(angle), here[1] + spread * math.sin(angle))
            wide = abs(math.cos(angle - sight)) * spread
            if (across and wide <= widest) or not self._walkable(performer, goal):
                continue
            best, widest = goal, wide
            if not across:
                break
        if best == here:
            raise NoFloorError(f"{self.place.name} has nowhere to walk to")
        return best

    def _walkable(self, performer: Performer, goal: Point) -> bool:
        """Whether the performer can walk straight to a point and is seen there."""
        high = performer.build.height_m
        clear = self.ground.stands(goal) and self.clear_way(performer, goal) and self.apart(performer, goal)
        seen = [(*goal, 0.1 * high), (*goal, 0.95 * high)]
        return clear and self.in_range(goal) and bool(self.ground.sees(self.eye, seen).all())

    @staticmethod
    def contact(noun: str, start_s: float, end_s: float) -> Contact:
        """A person's contact with something."""
        return Contact(actor="body", object=noun, start_s=round(start_s, 3), end_s=round(end_s, 3))

    def clear_aside(self, performer: Performer, side: Side, aside_m: float) -> bool:
        """Whether somebody can step aside that far."""
        x, y, heading = performer.steps.here
        goal = Site((x, y), heading).ahead(0.0, OUT[side] * aside_m)
        return self.ground.stands(goal) and self.apart(performer, goal)

    def go(self, performer: Performer, site: Site, text: str = "", noun: str = "") -> None:
        """Walk to a site and turn there, if that is needed."""
        x, y, heading = performer.steps.here
        turn = abs(math.remainder(site.heading_rad - heading, 2 * math.pi))
        if math.dist((x, y), site.position) > 0.12:
            performer.walk([site.position], site.heading_rad, text or "person walks over", "walk", noun)
        elif turn > 0.05:
            performer.turn(site.heading_rad, f"person turns to the {noun}" if noun else "person turns", "turn", noun)

    # Playing.

    def play(self, world: World, time_s: float) -> list[BodyState]:
        """Place everybody and everything for a time; returns the truth of the bodies, the main performer first."""
        poses: dict[int, Pose] = {id(performer): performer.pose(time_s) for performer in self.performers}
        bodies = []
        for performer, figure in zip(self.performers, self.figures, strict=True):
            pose = poses[id(performer)]
            figure.place(world, pose)
            bodies.append(BodyState(pose.joints, figure.group, {side: pose.hands[side] for side in SIDES}))
        for thing in self.things:
            position, axes = thing.where(time_s, lambda performer: poses[id(performer)])
            thing.item.place(world, position, axes, float(thing.opened.at(time_s)[0]))
        return bodies
