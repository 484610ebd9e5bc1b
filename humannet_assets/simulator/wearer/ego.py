"""Shots of a wearer working at a station: props are drawn and put down, activities follow each other until time is up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.hands import HandBody
from humannet_assets.simulator.places import PLACES, Place, Station, make_place
from humannet_assets.simulator.shots import HAND_GROUP, Shot, State
from humannet_assets.simulator.wearer.activities import ACTIVITIES, Activity, NoPlaceError, free_spot
from humannet_assets.simulator.wearer.body import SIDES, HandPose, Wearer, draw_wearer, elbow_of
from humannet_assets.simulator.wearer.choreography import Choreography, Thing
from humannet_assets.simulator.wearer.gaze import Exposure, WorkingHead
from humannet_assets.simulator.wearer.props import COLORS, Prop, draw_prop
from humannet_assets.simulator.world import SceneBuilder, World

Matrix = npt.NDArray[np.float64]

_MOST_MISSES = 20
"""Activities in a row that cannot be done before a wearer rests for good."""

_SPACIOUS = frozenset(("tray", "open", "open_drawer", "move_cups", "move_blocks"))
"""Activities that leave room for little else: they come first or not at all."""

_MOST_PROPS = 7
"""More do not fit on a station without touching."""


@dataclass
class StationWork:
    """A choreography with everything that is needed to show it: what the wearer, the props and the head do over time."""

    station: Station
    wearer: Wearer
    work: Choreography
    hands: dict[Side, HandBody]
    head: WorkingHead

    def place_things(self, world: World, time_s: float) -> None:
        """Place the props for a time."""
        frame = self.station.frame()
        turn, origin = frame[:3, :3], frame[:3, 3]
        for thing in self.work.things.values():
            position, axes = self.work.where(thing, time_s)
            thing.prop.item.place(world, origin + turn @ position, turn @ axes, float(thing.opened.at(time_s)[0]))

    def pose(self, world: World, time_s: float) -> dict[Side, Matrix]:
        """Place hands and props for a time; returns the hands' joints in the world."""
        self.place_things(world, time_s)
        frame = self.station.frame()
        turn, origin = frame[:3, :3], frame[:3, 3]
        joints: dict[Side, Matrix] = {}
        for side, hand in self.hands.items():
            pose = HandPose.of(self.work.paths[side].at(time_s))
            elbow = origin + turn @ elbow_of(side, pose.wrist)
            joints[side] = hand.pose(world, origin + turn @ pose.wrist, turn @ pose.frame(side), pose.fingers, elbow)
        return joints

    def camera(self, time_s: float) -> Matrix:
        """Pose (4, 4) world <- camera."""
        return self.station.frame() @ self.head.pose(time_s)


def ego_shot(
    rng: np.random.Generator,
    *,
    duration_s: float,
    place: Place | None = None,
    activity: str | None = None,
    wearer: Wearer | None = None,
    station: Station | None = None,
    one_handed: bool | None = None,
    plan: Sequence[str] | None = None,
    scene: str = "",
) -> Shot:
    """A wearer at a station does one activity after the other.

    Args:
        rng: Source of everything that is drawn.
        duration_s: How long there are actions, seconds; the last one may end later.
        place: Where; any place if none is given. Props and hands are added to its builder.
        activity: One of `activities.ACTIVITIES` that is done first and again; drawn if none is given.
        wearer: Who; drawn if none is given.
        station: Which of the place's stations; drawn if none is given.
        one_handed: Whether one hand stays out of the picture; drawn if not given.
        plan: All activities in their order, instead of `activity`.
        scene: Name of the scene in the sidecar; made of the first activity if empty.

    Raises:
        KeyError: No such activity.
        ValueError: The place has no station.
    """
    place = place or make_place(str(rng.choice(list(PLACES))), int(rng.integers(1_000_000)))
    if not place.stations:
        raise ValueError(f"{place.name} has no station to act at")
    station = station or place.stations[int(rng.integers(len(place.stations)))]
    wearer = wearer or draw_wearer(rng)
    plan = list(plan) if plan else draw_plan(rng, activity)
    single = all(ACTIVITIES[name].hands == 1 for name in plan) and (rng.random() < 0.3 if one_handed is None else one_handed)
    hands = declare_hands(place.builder, wearer, (wearer.preferred,) if single else SIDES)
    shown = compose_work(rng, place.builder, station, wearer, hands, plan, duration_s)
    exposure = Exposure(rng)

    def animate(world: World, time_s: float) -> State:
        camera = shown.camera(time_s)
        return State(camera, shown.pose(world, time_s), exposure=exposure.gain(time_s, math.asin(float(camera[2, 2])) + 0.9))

    nouns = ", ".join(dict.fromkeys(thing.prop.noun for thing in shown.work.things.values()))
    return Shot(
        scene or f"ego_{plan[0]}",
        f"A wearer at a {station.surface} ({', '.join(plan)}) with {nouns}.",
        place.environment,
        "ego",
        True,
        place.builder,
        animate,
        float(rng.uniform(50, 62)),
        shown.work.segments,
        shown.work.contacts,
        place.name,
    )


def draw_plan(rng: np.random.Generator, first: str | None = None) -> list[str]:
    """Two to four activities in their order; `first` fixes the first."""
    names = list(ACTIVITIES)
    if first is not None and first not in ACTIVITIES:
        raise KeyError(f"no activity {first!r}; there are {', '.join(ACTIVITIES)}")
    plan = [first or names[int(rng.integers(len(names)))]]
    others = [name for name in names if name not in plan and name not in _SPACIOUS]
    return plan + [str(name) for name in rng.choice(others, size=int(rng.integers(1, 3)), replace=False)]


def declare_hands(scene: SceneBuilder, wearer: Wearer, sides: Sequence[Side] = SIDES) -> dict[Side, HandBody]:
    """Add a wearer's hands to a scene."""
    hands: dict[Side, HandBody] = {side: HandBody(side, HAND_GROUP[side], wearer.look) for side in sides}
    for hand in hands.values():
        hand.declare(scene)
    return hands


def compose_work(
    rng: np.random.Generator, scene: SceneBuilder, station: Station, wearer: Wearer, hands: dict[Side, HandBody],
    plan: Sequence[str], duration_s: float, *, visits: bool = False,
) -> StationWork:  # fmt: skip
    """Draw props for a plan of activities, put them on a station and act until the time is up.

    Args:
        rng: Source of everything that is drawn.
        scene: Where props are declared.
        station: Where the wearer is.
        wearer: Whose hands.
        hands: The hands in the scene; one that is missing stays out of the picture.
        plan: Names of activities, done in this order again and again.
        duration_s: No action begins later than this.
        visits: Whether the hands come from outside the picture and leave it in the end.
    """
    absent: frozenset[Side] = frozenset(side for side in SIDES if side not in hands)
    work = Choreography(rng, wearer, tempo=float(rng.uniform(0.85, 1.2)), absent=absent, enters=visits)
    cast = [_cast(rng, scene, work, station, ACTIVITIES[name]) for name in plan]
    turn = misses = 0
    while work.now < duration_s and misses < _MOST_MISSES:
        things, activity = cast[turn % len(plan)], ACTIVITIES[plan[turn % len(plan)]]
        turn += 1
        if things is None or any(thing.settled for thing in things) or (absent and activity.hands > 1):
            misses += 1
            continue
        try:
            if absent:
                activity.act(work, *things, side=next(iter(hands)))
            else:
                activity.act(work, *things)
        except NoPlaceError:
            misses += 1
        if rng.random() < 0.3:
            work.pause(float(rng.uniform(0.3, 1.5)))
    if visits:
        work.together(lambda side: work.back(side, away=True))
    return StationWork(station, wearer, work, hands, WorkingHead(rng, wearer.eye_m, work.looks, duration_s))


def _cast(
    rng: np.random.Generator, scene: SceneBuilder, work: Choreography, station: Station, activity: Activity
) -> list[Thing] | None:
    """The things an activity needs: those that stand there already, or new ones; None when they find no place."""
    chosen: list[Thing] = []
    for kinds in activity.kinds:
        there = [thing for thing in work.things.values() if thing.prop.kind in kinds and thing not in chosen]
        if there and (len(work.things) >= _MOST_PROPS or rng.random() < 0.6):
            chosen.append(there[int(rng.integers(len(there)))])
            continue
        if len(work.things) >= _MOST_PROPS:
            return None
        thing = _put(rng, scene, work, station, str(rng.choice(kinds)), chosen)
        if thing is None:
            return None
        chosen.append(thing)
    return chosen


def _put(
    rng: np.random.Generator, scene: SceneBuilder, work: Choreography, station: Station, kind: str, before: Sequence[Thing]
) -> Thing | None:
    """Draw a prop of a colour that none of its kind has and stand it on the surface."""
    taken = {thing.prop.noun for thing in work.things.values()}
    colors = [color for color in COLORS if f"{color} {kind}" not in taken]
    # Names carry the station, so that props of several stations of a place can share its scene.
    name = f"{station.name}_{kind}{len(work.things)}"
    if kind == "lid":
        jar = before[-1]
        lid = _draw(rng, scene, name, kind, colors)
        position, _ = work.where(jar)
        return work.put(lid, position[0], position[1], jar.prop.item.height_m, on=jar)
    wide = {"box": 0.10, "drawer": 0.12}.get(kind, 0.27)
    deep = {"box": (0.52, 0.60), "drawer": (0.56, 0.60), "tray": (0.54, 0.58), "cloth": (0.47, 0.54)}.get(kind, (0.48, 0.62))
    prop = _draw(rng, scene, name, kind, colors)
    try:
        # What is used together stands on one side, so that one arm does not cross the other.
        beside = float(work.where(before[-1])[0][0]) if before else 0.0
        low = -0.05 if beside > 0.05 else -wide
        high = 0.05 if beside < -0.05 else wide
        spot = free_spot(work, prop.item.radius_m, x=(low, high), y=deep)
    except NoPlaceError:
        # Out of the way, under the surface: what was declared must lie somewhere.
        work.put(prop, 0.0, 0.55, -0.45).settled = True
        return None
    turn = {"box": 0.15, "drawer": 0.1, "spoon": 0.3, "tray": 0.0, "cup": 0.0}.get(kind, 0.6)
    return work.put(prop, spot[0], spot[1], yaw=float(rng.uniform(-turn, turn)))


def _draw(rng: np.random.Generator, scene: SceneBuilder, name: str, kind: str, colors: Sequence[str]) -> Prop:
    return draw_prop(kind, rng, scene, name, color=colors[int(rng.integers(len(colors)))])
