"""Lives: the same person in the same few places, file after file, doing what that person does.

Single-Life (PAPERS) trains on hours of one person's egocentric video; what makes two lives differ is where they are led.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation, Slerp

from humannet_assets.media.sidecar import Contact, Segment, Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.hands import HandBody
from humannet_assets.simulator.motion import minimum_jerk
from humannet_assets.simulator.places import PLACES, Place, PlaceMaker, Station, make_place
from humannet_assets.simulator.shots import Shot, State
from humannet_assets.simulator.wearer.body import OUT, HandPose, Wearer, draw_wearer, elbow_of
from humannet_assets.simulator.wearer.ego import StationWork, compose_work, declare_hands
from humannet_assets.simulator.wearer.gaze import Exposure
from humannet_assets.simulator.wearer.grasps import RELAXED
from humannet_assets.simulator.wearer.walking import Walk, walk_shot
from humannet_assets.simulator.world import World

Vector = npt.NDArray[np.float64]
_Span = TypeVar("_Span", Segment, Contact)


@dataclass(frozen=True)
class Habit:
    """Which kinds of places and activities a life consists of, as weights."""

    places: Mapping[str, float]
    activities: Mapping[str, float]


HABITS: Mapping[str, Habit] = {
    "kitchen_homebody": Habit(
        {"kitchen": 6, "living_room": 2, "bathroom": 1},
        {"pour": 4, "stir": 3, "wipe": 2, "open": 2, "unscrew": 2, "move": 1},
    ),
    "office_worker": Habit(
        {"office": 6, "corridor": 2, "station_hall": 1, "street": 1},
        {"push": 4, "press": 4, "lift": 2, "open": 2, "move": 2, "hand_over": 1},
    ),
    "workshop_maker": Habit({"workshop": 7, "shop": 1}, {"open": 4, "stack": 3, "unscrew": 3, "wipe": 2, "hand_over": 2}),
    "street_walker": Habit({"street": 6, "park": 3, "market": 1}, {"move": 1}),
    "waiter": Habit({"cafe": 7, "market": 1}, {"tray": 5, "wipe": 3, "pour": 3, "move": 2}),
    "parent_at_play": Habit({"living_room": 4, "bedroom": 2, "park": 2}, {"stack": 5, "move": 3, "lift": 3, "hand_over": 2}),
    "courier": Habit({"street": 5, "corridor": 3, "shop": 1}, {"open": 3, "lift": 3, "press": 3}),
    "student": Habit(
        {"classroom": 3, "laboratory": 2, "bedroom": 2, "street": 1}, {"push": 3, "pour": 2, "lift": 2, "stir": 1, "press": 1}
    ),
    "shopkeeper": Habit({"shop": 5, "market": 3, "station_hall": 1}, {"open": 3, "stack": 3, "move": 3, "lift": 2, "wipe": 1}),
}
"""Ways to live, by name."""


@dataclass(frozen=True)
class Life:
    """One person. Everything else follows from name and seed; `habit` can be chosen."""

    name: str
    seed: int
    habit: str = ""

    @property
    def habits(self) -> Habit:
        """What this person does and where.

        Raises:
            KeyError: The habit's name is not in `HABITS`.
        """
        return HABITS[self.habit or tuple(HABITS)[int(self._rng("habit").integers(len(HABITS)))]]

    @property
    def wearer(self) -> Wearer:
        """Hands, sleeves, height and preferred hand."""
        return draw_wearer(self._rng("wearer"))

    def home_seed(self, kind: str) -> int:
        """The seed of this life's own place of a kind."""
        return int(self._rng(f"place {kind}").integers(1_000_000))

    def _rng(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])


def life_shot(life: Life, number: int, duration_s: float, make_place: PlaceMaker = make_place) -> Shot:
    """File `number` of a life: in one of its places the person walks in, acts at a station, walks to the next, acts there.

    Args:
        life: Whose.
        number: Counts the files of the life; the same number is the same shot.
        duration_s: How long.
        make_place: Makes the place of a kind and a seed.
    """
    rng = np.random.default_rng([life.seed, zlib.crc32(b"file"), number])
    habits, wearer = life.habits, life.wearer
    kind = _weighted(rng, habits.places)
    place = make_place(kind, life.home_seed(kind))
    brightness = _daylight(rng)
    strolls = kind in PLACES and rng.random() < PLACES[kind].strolled
    if place.stations and not strolls:
        shot = _visit(rng, place, wearer, habits, duration_s)
    else:
        shot = walk_shot(rng, duration_s=duration_s, place=place, wearer=wearer)
    acted = shot.animate

    def animate(world: World, time_s: float) -> State:
        world.set_brightness(brightness)
        return acted(world, time_s)

    return replace(shot, animate=animate, scene=f"life_{kind}", description=f"{life.name}: {shot.description}")


def _weighted(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    share = np.array(list(weights.values()), np.float64)
    return str(rng.choice(list(weights), p=share / share.sum()))


def _daylight(rng: np.random.Generator) -> Vector:
    """Strength and colour of the light: morning, noon, lamps in the evening."""
    level = float(rng.uniform(0.8, 1.12))
    warmth = float(rng.uniform(-0.06, 0.12))
    return level * np.array([1 + warmth * 0.4, 1.0, 1 - warmth])


@dataclass
class _Phase:
    """A part of a visit: its camera in its own time, and its work if hands are busy."""

    start_s: float
    end_s: float
    camera: Callable[[float], Matrix]
    body: Callable[[float], Matrix]
    work: StationWork | None = None


@dataclass
class _Visit:
    """Phases one after the other, joined by smooth turns."""

    hands: dict[Side, HandBody]
    phases: list[_Phase] = field(default_factory=list)

    @property
    def end_s(self) -> float:
        return self.phases[-1].end_s if self.phases else 0.0

    def add(
        self,
        camera: Callable[[float], Matrix],
        body: Callable[[float], Matrix],
        seconds: float,
        work: StationWork | None = None,
    ) -> None:
        """Append a phase; between it and the one before the head moves over."""
        start = self.end_s
        if self.phases:
            before = self.phases[-1]
            last, first = before.camera(before.end_s - before.start_s), camera(0.0)
            join = _Join(last, first)
            here, there = before.body(before.end_s - before.start_s), body(0.0)
            glide = _Join(here, there, join.seconds)
            self.phases.append(_Phase(start, start + join.seconds, join.at, glide.at))
            start += join.seconds
        self.phases.append(_Phase(start, start + seconds, camera, body, work))

    def animate(self, world: World, time_s: float) -> tuple[Matrix, dict[Side, Matrix]]:
        """Pose everything for a time; returns the camera and the joints of busy hands."""
        now = next((phase for phase in self.phases if time_s < phase.end_s), self.phases[-1])
        joints: dict[Side, Matrix] = {}
        for phase in self.phases:
            if phase.work is not None and phase is not now:
                phase.work.place_things(world, time_s - phase.start_s)
        if now.work is not None:
            joints = now.work.pose(world, time_s - now.start_s)
        else:
            self._hang(world, now.body(time_s - now.start_s))
        return now.camera(time_s - now.start_s), joints

    def _hang(self, world: World, body: Matrix) -> None:
        """Arms beside the body, out of the picture."""
        for side, hand in self.hands.items():
            pose = HandPose(np.array([0.34 * OUT[side], -0.25, -0.35]), 0.0, -0.9, 1.2, RELAXED)
            turn, origin = body[:3, :3], body[:3, 3]
            elbow = elbow_of(side, pose.wrist) - (0, 0.1, -0.1)
            hand.pose(world, origin + turn @ pose.wrist, turn @ pose.frame(side), pose.fingers, origin + turn @ elbow)


class _Join:
    """From one pose to another: minimum jerk along the line, the rotation along the shortest way."""

    def __init__(self, start: Matrix, end: Matrix, seconds: float | None = None) -> None:
        self._start, self._end = start, end
        turns = Rotation.from_matrix(np.stack([start[:3, :3], end[:3, :3]]))
        self._slerp = Slerp([0.0, 1.0], turns)
        angle = float((turns[0].inv() * turns[1]).magnitude())
        # A step aside and a turn of the body: below 0.9 m/s and 100 degrees a second at its fastest.
        self.seconds = seconds or max(
            0.7, 1.9 * float(np.linalg.norm(end[:3, 3] - start[:3, 3])) / 0.9, 1.9 * angle / math.radians(100)
        )

    def at(self, time_s: float) -> Matrix:
        share = minimum_jerk(time_s / self.seconds)
        pose = np.eye(4)
        pose[:3, :3] = self._slerp(share).as_matrix()
        pose[:3, 3] = self._start[:3, 3] + (self._end[:3, 3] - self._start[:3, 3]) * share
        return pose


def _visit(rng: np.random.Generator, place: Place, wearer: Wearer, habits: Habit, duration_s: float) -> Shot:
    hands = declare_hands(place.builder, wearer)
    visit = _Visit(hands)
    order = [int(index) for index in rng.permutation(len(place.stations))]
    route = place.routes[0] if place.routes else None
    eye_m = float(rng.uniform(1.55, 1.65))
    at_m: float | None = None
    segments: list[Segment] = []
    contacts: list[Contact] = []
    for index in order:
        station = place.stations[index]
        if visit.end_s > duration_s:
            break
        if route is not None:
            at_m = _walk_to(rng, visit, route, station, eye_m, at_m)
        seconds = float(rng.uniform(0.4, 0.7)) * max(duration_s, 20.0)
        if index == order[-1]:
            seconds = max(seconds, duration_s - visit.end_s)
        work = compose_work(rng, place.builder, station, wearer, hands, _plan(rng, habits.activities), seconds, visits=True)
        frame = station.frame()
        visit.add(work.camera, lambda _time, frame=frame: frame, work.work.now, work)
        start = visit.phases[-1].start_s
        segments += [_later(segment, start) for segment in work.work.segments]
        contacts += [_later(contact, start) for contact in work.work.contacts]
    exposure = Exposure(rng)

    def animate(world: World, time_s: float) -> State:
        camera, joints = visit.animate(world, time_s)
        return State(camera, joints, exposure=exposure.gain(time_s, math.asin(float(np.clip(camera[2, 2], -1, 1)))))

    done = ", ".join(dict.fromkeys(segment.verb for segment in segments if segment.start_s < duration_s))
    text = f"A wearer in {place.name.split('/')[0].replace('_', ' ')}: {done}."
    fov = float(rng.uniform(55, 62))
    return Shot("life", text, place.environment, "ego", True, place.builder, animate, fov, segments, contacts, place.name)


def _walk_to(
    rng: np.random.Generator, visit: _Visit, route: Vector, station: Station, eye_m: float, at_m: float | None
) -> float:  # fmt: skip
    """Walk along the route to where the station is next; returns how far along that is."""
    probe = Walk(rng, route, 1.0, eye_m=eye_m, look_around=0.0)
    goal = probe.nearest(np.asarray(station.origin))
    start = at_m if at_m is not None else max(0.0, goal - 2.5) if goal > 1.0 else goal + 2.5
    walk = Walk(rng, route, 1.0, eye_m=eye_m, start_m=start, goal_m=goal, look_around=0.6)
    visit.add(walk.camera, walk.body, walk.end_s)
    return goal


def _plan(rng: np.random.Generator, weights: Mapping[str, float]) -> list[str]:
    """Two or three activities (one, if there is no more) drawn by their weights."""
    share = np.array(list(weights.values()), np.float64)
    count = min(len(weights), int(rng.integers(2, 4)))
    names: Sequence[str] = list(weights)
    return [str(name) for name in rng.choice(names, size=count, replace=False, p=share / share.sum())]


def _later(span: _Span, seconds: float) -> _Span:
    times = {"start_s": round(span.start_s + seconds, 3), "end_s": round(span.end_s + seconds, 3)}
    return span.model_copy(update=times)
