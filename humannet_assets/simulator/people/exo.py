"""Shots of people seen from outside: somebody does one thing after the other in a place, a camera films it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from humannet_assets.simulator.people.activities import ACTIVITIES
from humannet_assets.simulator.people.build import Person, draw_person
from humannet_assets.simulator.people.filming import CameraKind, Film, film
from humannet_assets.simulator.people.performer import Performer
from humannet_assets.simulator.people.skeleton import SIDES
from humannet_assets.simulator.people.stage import GROUPS, NoFloorError, Stage
from humannet_assets.simulator.places.place import Place, Viewpost
from humannet_assets.simulator.shots import Shot, State
from humannet_assets.simulator.wearer.gaze import Exposure
from humannet_assets.simulator.world import World

_STEP_S = 0.2
"""How often the framing looks where the people are."""
_MOST_MISSES = 12
"""Activities in a row that find no room before somebody just stands there."""
_CAMERA_TEXT = {
    "tripod": "a camera on a tripod", "handheld": "a handheld camera", "pan": "a panning camera",
    "surveillance": "a surveillance camera",
}  # fmt: skip


def exo_shot(
    rng: np.random.Generator,
    *,
    duration_s: float,
    place: Place | None = None,
    activities: Sequence[str] | None = None,
    people: int = 1,
    camera: CameraKind = "tripod",
    viewpost: Viewpost | None = None,
    scene: str = "",
    cast: Sequence[Person] = (),
) -> Shot:
    """One to three people act in a place.

    The main performer is the first of the truth's bodies; segments and contacts (actor `body`) are the main performer's.

    Args:
        rng: Source of everything that is drawn.
        duration_s: How long there are actions, seconds; the last one may end later.
        place: Where; one of a drawn kind if none is given. People and furniture are added to its builder.
        activities: Names of `activities.ACTIVITIES`, done in this order again and again; drawn if none are given.
        people: How many, 1 to 3. Activities of two people need two.
        camera: How it is filmed.
        viewpost: From where; one of the place's if none is given.
        scene: Name of the scene in the sidecar; made of the first activity if empty.
        cast: Who; drawn where too few are given.

    Raises:
        KeyError: No such activity.
        ValueError: Too few or too many people, or a place without spots or cameras.
        NoFloorError: None of the named activities finds room in the place.
    """
    if not 1 <= people <= len(GROUPS):
        raise ValueError(f"a shot shows 1 to {len(GROUPS)} people, not {people}")
    for name in activities or ():
        if name not in ACTIVITIES:
            raise KeyError(f"no activity {name!r}; there are {', '.join(ACTIVITIES)}")
        if ACTIVITIES[name].people > people:
            raise ValueError(f"{name} takes two people; pass people=2")
    place = place or _draw_place(rng)
    posts = place.surveillance if camera == "surveillance" else place.tripods
    if viewpost is None and not posts:
        raise ValueError(f"{place.name} has no {'surveillance camera' if camera == 'surveillance' else 'tripod'} to film from")
    viewpost = viewpost or posts[int(rng.integers(len(posts)))]
    eye = np.asarray(viewpost.eye, np.float64)
    stage = Stage(rng, place, eye)
    persons = [*cast, *(draw_person(rng) for _ in range(people - len(cast)))][:people]
    _enter(stage, persons)
    main = stage.performers[0]
    plan = list(activities) if activities else draw_plan(rng, people)
    done = _perform(stage, plan, duration_s, named=activities is not None)
    for other in stage.performers[1:]:
        _fill(stage, other, duration_s)
    times = np.arange(0.0, duration_s + _STEP_S, _STEP_S)
    together = [main, stage.performers[1]] if any(ACTIVITIES[name].duo for name in done) else [main]
    joints = np.concatenate([_outline(performer, times) for performer in together], axis=1)
    shown = film(rng, camera, eye, times, joints, around=_others(stage, times))
    return Shot(
        scene or f"exo_{done[0]}",
        _description(place, stage, done, camera),
        place.environment,
        "exo",
        True,
        place.builder,
        _animate(stage, shown, Exposure(rng)),
        round(shown.fov_deg, 2),
        main.segments,
        main.contacts,
        place.name,
    )


def draw_plan(rng: np.random.Generator, people: int = 1) -> list[str]:
    """Two to four activities in their order; with two people the first one is often done together."""
    solo = [name for name, activity in ACTIVITIES.items() if activity.people == 1 and not activity.opening]
    first = [name for name, activity in ACTIVITIES.items() if activity.people == 1]
    if people > 1 and rng.random() < 0.6:
        first = [name for name, activity in ACTIVITIES.items() if activity.people == 2]
    plan = [first[int(rng.integers(len(first)))]]
    others = [name for name in solo if name not in plan]
    return plan + [str(name) for name in rng.choice(others, size=int(rng.integers(1, 4)), replace=False)]


def _draw_place(rng: np.random.Generator) -> Place:
    from humannet_assets.simulator.places import PLACES, make_place

    kinds = tuple(PLACES)
    return make_place(kinds[int(rng.integers(len(kinds)))], int(rng.integers(1_000_000)))


def _enter(stage: Stage, persons: Sequence[Person]) -> None:
    """Everybody stands on a spot of the place that the camera sees."""
    spots = list(stage.place.spots)
    first = spots[int(stage.rng.integers(len(spots)))] if spots else None
    if first is not None:
        # Who comes together stands together.
        spots.sort(key=lambda spot: math.dist(spot.position, first.position))
    if len(spots) < len(persons):
        raise ValueError(f"{stage.place.name} has {len(spots)} spots, too few for {len(persons)} people")
    for number, (person, spot) in enumerate(zip(persons, spots, strict=False)):
        stage.enter(person, spot.position, stage.facing(spot.position, (0.0, 1.0)), simple=number > 0)


def _perform(stage: Stage, plan: Sequence[str], duration_s: float, *, named: bool) -> list[str]:
    """The main performer acts until time is up; returns the activities that were done."""
    main = stage.performers[0]
    done: list[str] = []
    misses = turn = 0
    while main.now < duration_s and misses < _MOST_MISSES:
        name = plan[turn % len(plan)]
        turn += 1
        activity = ACTIVITIES[name]
        if (activity.furnished and name in done) or (activity.opening and done):
            misses += 1
            continue
        try:
            if activity.duo is not None:
                activity.duo(stage, main, stage.performers[1])
            elif activity.solo is not None:
                activity.solo(stage, main)
        except NoFloorError:
            misses += 1
            continue
        misses = 0
        done.append(name)
        main.pause(float(stage.rng.uniform(0.0, 1.0)))
    if not done and named:
        raise NoFloorError(f"{stage.place.name} has no room for {', '.join(plan)}; choose another place or other activities")
    if main.now < duration_s:
        done += _fill(stage, main, duration_s)
    return done


def _fill(stage: Stage, performer: Performer, duration_s: float) -> list[str]:
    """Somebody does things on the spot until time is up."""
    names = [name for name, activity in ACTIVITIES.items() if activity.still and activity.solo is not None]
    done = []
    while performer.now < duration_s:
        name = names[int(stage.rng.integers(len(names)))]
        solo = ACTIVITIES[name].solo
        if solo is not None:
            solo(stage, performer)
            done.append(name)
        performer.pause(float(stage.rng.uniform(0.3, 2.0)))
    return done


def _outline(performer: Performer, times: np.ndarray) -> np.ndarray:
    """Points (n, k, 3) of a body over time: its joints, the crown of its head, its toes."""
    crown = 0.19 * performer.build.head
    shapes = []
    for pose in map(performer.pose, times):
        head, axes = pose.frame("head")
        toes = [pose.frame(f"{side}_toes")[0] for side in SIDES]
        shapes.append(np.concatenate([pose.joints, *pose.hands.values(), [head + axes[:, 2] * crown], toes]))
    return np.array(shapes)


def _others(stage: Stage, times: np.ndarray) -> np.ndarray | None:
    if len(stage.performers) == 1:
        return None
    return np.concatenate([_outline(other, times[::5]).reshape(-1, 3) for other in stage.performers[1:]])


def _animate(stage: Stage, shown: Film, exposure: Exposure):
    def animate(world: World, time_s: float) -> State:
        bodies = stage.play(world, time_s)
        return State(shown.camera(time_s), bodies=bodies, exposure=exposure.gain(time_s))

    return animate


def _description(place: Place, stage: Stage, done: Sequence[str], camera: CameraKind) -> str:
    who = {1: "A person", 2: "Two people", 3: "Three people"}[len(stage.performers)]
    what = ", ".join(dict.fromkeys(name.replace("_", " ") for name in done))
    return f"{who} ({what}) in {place.name.split('/')[0].replace('_', ' ')}, filmed by {_CAMERA_TEXT[camera]}."
