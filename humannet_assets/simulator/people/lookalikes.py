"""What looks like people, or moves like them, without anybody acting: mannequins, statues, portraits, scarecrows, a dog.

Hard negatives: shots that are not human-centric. The camera moves, so that stillness alone does not give them away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.hands import curled
from humannet_assets.simulator.people.build import Person, build_of, draw_person
from humannet_assets.simulator.people.dog import draw_dog
from humannet_assets.simulator.people.figure import Figure
from humannet_assets.simulator.people.filming import CameraKind, film
from humannet_assets.simulator.people.ground import Ground
from humannet_assets.simulator.people.moves import against_shoulder
from humannet_assets.simulator.people.performer import Arm, Performer
from humannet_assets.simulator.people.portrait import paint_portrait
from humannet_assets.simulator.people.skeleton import SIDES, Pose
from humannet_assets.simulator.people.stage import Site
from humannet_assets.simulator.places.place import Place
from humannet_assets.simulator.shots import Shot, State
from humannet_assets.simulator.wearer.gaze import Exposure
from humannet_assets.simulator.world import OBJECT, World

Array = npt.NDArray[np.float64]
Show = Callable[[World, float], None]

_INDOORS = ("living_room", "office", "shop", "station_hall", "corridor")
_OUTDOORS = ("street", "park", "market")
_STONES = ((0.62, 0.60, 0.56), (0.48, 0.48, 0.47), (0.70, 0.66, 0.58), (0.34, 0.38, 0.34))
_PLASTICS = ((0.90, 0.88, 0.84), (0.80, 0.68, 0.56), (0.22, 0.22, 0.23), (0.92, 0.92, 0.93))


class _Set:
    """A place, a camera and a spot where something is put up."""

    def __init__(self, rng: np.random.Generator, place: Place) -> None:
        if not place.tripods:
            raise ValueError(f"{place.name} has no tripod to film from")
        self.rng, self.place, self.scene = rng, place, place.builder
        self.ground = Ground(place)
        post = place.tripods[int(rng.integers(len(place.tripods)))]
        self.eye = np.asarray(post.eye, np.float64)
        spot = place.spots[int(rng.integers(len(place.spots)))].position
        facing = math.atan2(-(self.eye[0] - spot[0]), self.eye[1] - spot[1])
        self.site = Site(spot, facing + float(rng.uniform(-0.7, 0.7)))

    def point(self, x: float, y: float, z: float) -> Array:
        """A point beside, before and above the spot, world."""
        return np.array([*self.site.ahead(y, x), z])

    def frame(self) -> Array:
        """Axes of what stands there."""
        return rotation((0, 0, 1), self.site.heading_rad)

    def figure(self, person: Person, arms: Mapping[str, Arm] | None = None, up_m: float = 0.0) -> tuple[Figure, Pose]:
        """A figure that stands there and never moves."""
        figure = Figure("lookalike", person, OBJECT, simple=True)
        figure.declare(self.scene)
        performer = Performer(np.random.default_rng(0), person, self.site.position, self.site.heading_rad)
        performer.begin({side: arms[side] for side in SIDES if arms and side in arms})
        pose = performer.pose(0.0)
        return figure, replace(
            pose, origins=pose.origins + (0, 0, up_m), hands={side: hand + (0, 0, up_m) for side, hand in pose.hands.items()}
        )


def _posed(rng: np.random.Generator, person: Person) -> dict[str, Arm]:
    """One arm bent, the other hanging or on the hip: how mannequins and statues stand."""
    performer = Performer(np.random.default_rng(0), person, (0.0, 0.0), 0.0)
    side = SIDES[int(rng.integers(2))]
    bent = (
        against_shoulder(performer, side, (0.15, 0.55, -0.45), (-0.5, 0.8, 0.1), (0.6, 0.2, 0.5), curled(0.2)),
        against_shoulder(performer, side, (0.40, 0.15, 0.75), (0.1, 0.2, 1.0), (0.2, -0.9, 0.2), curled(0.3)),
        against_shoulder(performer, side, (0.20, 0.12, -0.62), (-0.9, 0.1, -0.2), (0.1, 0.5, 0.8), curled(0.4), 0.5),
    )
    return {side: bent[int(rng.integers(len(bent)))]}


def _still(figure: Figure, pose: Pose) -> Show:
    def show(world: World, time_s: float) -> None:
        del time_s
        figure.place(world, pose)

    return show


def _mannequin(put: _Set) -> tuple[Show, Array]:
    """A shop window dummy on a round foot: bald, without a face, in clothes."""
    person = draw_person(put.rng)
    plastic = _PLASTICS[int(put.rng.integers(len(_PLASTICS)))]
    look = replace(person.look, skin=plastic, hair_style="none", beard=False, glasses=False, hat="none", face=False)
    person = replace(person, look=look, build=build_of(float(put.rng.uniform(1.70, 1.85)), girth=0.88))
    put.scene.add("foot", "cylinder", (0.24, 0.012), put.scene.color("foot", (0.75, 0.75, 0.77), 0.5), put.point(0, 0, 0.012))
    figure, pose = put.figure(person, _posed(put.rng, person), 0.02)
    return _still(figure, pose), pose.joints


def _statue(put: _Set) -> tuple[Show, Array]:
    """A figure of stone on a pedestal."""
    stone = _STONES[int(put.rng.integers(len(_STONES)))]
    person = draw_person(put.rng)
    grey = replace(
        person.look, skin=stone, hair=stone, top=stone, bottom=stone, shoes=stone, hat="none", glasses=False, top_picture=None,
        carved=True,
    )  # fmt: skip
    person = replace(person, look=grey)
    high = float(put.rng.uniform(0.15, 0.5))
    put.scene.add(
        "pedestal",
        "box",
        (0.36, 0.36, high / 2),
        put.scene.color("pedestal", np.asarray(stone) * 0.8),
        put.point(0, 0, high / 2),
        frame=put.frame(),
    )
    figure, pose = put.figure(person, _posed(put.rng, person), high)
    return _still(figure, pose), pose.joints + (0, 0, high)


def _portrait(put: _Set) -> tuple[Show, Array]:
    """A painted portrait in a frame, on a partition wall."""
    rng, scene = put.rng, put.scene
    wall = scene.color("partition", rng.uniform(0.55, 0.9, 3))
    turn = put.frame()
    scene.add("partition", "box", (0.85, 0.04, 1.1), wall, put.point(0, -0.05, 1.1), frame=turn)
    half = (float(rng.uniform(0.28, 0.42)), float(rng.uniform(0.36, 0.55)))
    canvas = scene.surface("portrait", paint_portrait(rng, draw_person(rng).look))
    frame = scene.color("portrait_frame", ((0.62, 0.48, 0.20), (0.15, 0.12, 0.10))[int(rng.integers(2))], 0.3)
    scene.add("portrait_frame", "box", (half[0] + 0.05, 0.02, half[1] + 0.05), frame, put.point(0, 0.01, 1.35), frame=turn)
    # A box shows its picture on the sides across its z axis.
    ahead = turn @ np.column_stack([(-1.0, 0, 0), (0, 0, 1.0), (0, 1.0, 0)])
    scene.add("portrait", "box", (half[0], half[1], 0.012), canvas, put.point(0, 0.022, 1.35), frame=ahead)
    points = np.array([put.point(x, 0.03, z) for x in (-0.8, 0.8) for z in (0.1, 2.1)])
    return (lambda world, time_s: None), points


def _scarecrow(put: _Set) -> tuple[Show, Array]:
    """A shirt and a sack on two poles; the wind sways it."""
    rng = put.rng
    person = draw_person(rng)
    straw: tuple[float, float, float] = (0.78, 0.66, 0.36)
    look = replace(
        person.look, skin=straw, hair=straw, hat="sun_hat", hat_color=(0.45, 0.34, 0.18), hair_style="none", beard=False,
        glasses=False, sleeves="long_sleeves", legwear="none", open_neck=False, untucked=True, face=False,
    )  # fmt: skip
    person = replace(person, look=look, build=build_of(1.7, girth=1.1))
    performer = Performer(np.random.default_rng(0), person, (0.0, 0.0), 0.0)
    wide = {
        side: against_shoulder(performer, side, (0.98, 0.0, 0.0), (1, 0, -0.1), (0, -0.3, 1.0), curled(0.1)) for side in SIDES
    }
    wood = put.scene.color("pole", (0.36, 0.26, 0.17))
    put.scene.add("pole", "cylinder", (0.03, 0.75), wood, put.point(0, -0.02, 0.75))
    figure, pose = put.figure(person, wide)
    phase = float(rng.uniform(0, 2 * math.pi))
    foot = put.point(0, 0, 0)

    def show(world: World, time_s: float) -> None:
        swing = 0.035 * math.sin(2 * math.pi * 0.45 * time_s + phase) + 0.015 * math.sin(2 * math.pi * 1.1 * time_s)
        turn = rotation(put.frame()[:, 1], swing) @ rotation((0, 0, 1), 1.5 * swing)
        moved = Pose(
            turn @ pose.axes, foot + (pose.origins - foot) @ turn.T, pose.joints,
            {side: foot + (hand - foot) @ turn.T for side, hand in pose.hands.items()},
        )  # fmt: skip
        figure.place(world, moved)

    return show, pose.joints


def _dog(put: _Set, duration_s: float) -> tuple[Show, Array]:
    """A dog that walks about and lies down."""
    points = [put.site.position]
    for _ in range(200):
        if len(points) == 4:
            break
        x, y = points[-1]
        angle, reach = float(put.rng.uniform(0, 2 * math.pi)), float(put.rng.uniform(0.7, 1.8))
        goal = (x + reach * math.cos(angle), y + reach * math.sin(angle))
        turn = (
            0.0
            if len(points) < 2
            else abs(math.remainder(angle - math.atan2(y - points[-2][1], x - points[-2][0]), 2 * math.pi))
        )
        if turn < 1.2 and put.ground.stands(goal) and put.ground.way((x, y), goal) and math.dist(goal, put.eye[:2]) > 1.6:
            points.append(goal)
    if len(points) < 2:
        points.append(put.site.ahead(0.4))
    dog = draw_dog(put.rng, points, duration_s)
    dog.declare(put.scene)
    seen = np.array([(x, y, z) for x, y in points for z in (0.0, 0.75)])
    return dog.place, seen


LOOKALIKES: Mapping[str, str] = {
    "mannequin": "A mannequin stands in {place}",
    "statue": "A statue stands in {place}",
    "portrait": "A portrait hangs in {place}",
    "scarecrow": "A scarecrow sways in {place}",
    "dog": "A dog walks and lies down in {place}",
}
"""Every kind by name, and what is said of it."""


def lookalike_shot(kind: str, rng: np.random.Generator, *, duration_s: float, place: Place | None = None) -> Shot:
    """A shot of something that looks like a person (or moves) but is none. Nobody is in the picture.

    Args:
        kind: One of `LOOKALIKES`.
        rng: Source of everything that is drawn.
        duration_s: How long it lasts.
        place: Where; one of a fitting kind if none is given. What is shown is added to its builder.

    Raises:
        KeyError: No such kind.
        ValueError: The place has no spot or no tripod.
    """
    if kind not in LOOKALIKES:
        raise KeyError(f"no lookalike {kind!r}; there are {', '.join(LOOKALIKES)}")
    put = _Set(rng, place or _draw_place(rng, kind))
    if kind == "dog":
        show, points = _dog(put, duration_s)
    else:
        show, points = {"mannequin": _mannequin, "statue": _statue, "portrait": _portrait, "scarecrow": _scarecrow}[kind](put)
    camera: CameraKind = "tripod" if kind == "dog" and rng.random() < 0.5 else "handheld"
    shown = film(rng, camera, put.eye, np.zeros(1), points[None])
    exposure = Exposure(rng)

    def animate(world: World, time_s: float) -> State:
        show(world, time_s)
        return State(shown.camera(time_s), exposure=exposure.gain(time_s))

    where = put.place.name.split("/")[0].replace("_", " ")
    text = f"{LOOKALIKES[kind].format(place=where)}; nobody is there."
    return Shot(
        kind,
        text,
        put.place.environment,
        "none",
        False,
        put.place.builder,
        animate,
        round(shown.fov_deg, 2),
        world=put.place.name,
    )


def animal_shot(rng: np.random.Generator, *, duration_s: float, place: Place | None = None) -> Shot:
    """A dog walks about and lies down; nobody is there."""
    return lookalike_shot("dog", rng, duration_s=duration_s, place=place)


def _draw_place(rng: np.random.Generator, kind: str) -> Place:
    from humannet_assets.simulator.places import make_place

    kinds = {"statue": _OUTDOORS, "scarecrow": _OUTDOORS, "dog": _INDOORS + _OUTDOORS}.get(kind, _INDOORS)
    return make_place(kinds[int(rng.integers(len(kinds)))], int(rng.integers(1_000_000)))
