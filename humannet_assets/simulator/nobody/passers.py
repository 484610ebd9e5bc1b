"""People who come by where a camera hangs: on the pavement of a street, or about a room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Segment
from humannet_assets.simulator.people.build import draw_person
from humannet_assets.simulator.people.figure import Figure
from humannet_assets.simulator.people.performer import Performer
from humannet_assets.simulator.people.skeleton import SIDES
from humannet_assets.simulator.shots import BODY_GROUP, BodyState
from humannet_assets.simulator.world import SceneBuilder, World

Way = Sequence[tuple[float, float]]

_GROUPS = (BODY_GROUP, 5)
"""Geometry groups of up to two people."""


@dataclass
class Passers:
    """People on their way. `play` poses them and returns their joints."""

    figures: list[Figure]
    performers: list[Performer]

    def play(self, world: World, time_s: float) -> list[BodyState]:
        """Pose everybody for a time."""
        bodies = []
        for figure, performer in zip(self.figures, self.performers, strict=True):
            pose = performer.pose(time_s)
            figure.place(world, pose)
            bodies.append(BodyState(pose.joints, figure.group, {side: pose.hands[side] for side in SIDES}))
        return bodies

    @property
    def segments(self) -> list[Segment]:
        """What the first of them does."""
        return self.performers[0].segments if self.performers else []


def passing(rng: np.random.Generator, scene: SceneBuilder, ways: Sequence[Way], duration_s: float, *, text: str) -> Passers:
    """Somebody on each way (up to two), once along it, from some time in the first third of the shot on.

    Before and after they stand at its ends, so these should be out of view.
    """
    figures, performers = [], []
    for number, (way, group) in enumerate(zip(ways, _GROUPS, strict=False)):
        figure = Figure(f"passer{number}", draw_person(rng), group, simple=True)
        figure.declare(scene)
        performer = Performer(rng, figure.person, way[0], _heading(way), start_s=float(rng.uniform(0, duration_s / 3)))
        performer.walk(way[1:], text=text, pace=float(rng.uniform(0.9, 1.1)))
        figures.append(figure)
        performers.append(performer)
    return Passers(figures, performers)


def visiting(rng: np.random.Generator, scene: SceneBuilder, route: npt.NDArray[np.float64], duration_s: float) -> Passers:
    """Somebody who is in the room all the time: walks along its route, stands, walks on, to and fro."""
    figure = Figure("visitor", draw_person(rng), BODY_GROUP, simple=True)
    figure.declare(scene)
    points = [(float(x), float(y)) for x, y in route]
    if rng.random() < 0.5:
        points.reverse()
    performer = Performer(rng, figure.person, points[0], _heading(points))
    here = 0
    while performer.now < duration_s:
        # To any other corner of the route, along it: what lies beside it is not free.
        goal = int(rng.choice([index for index in range(len(points)) if index != here]))
        way = points[here + 1 : goal + 1] if goal > here else points[goal:here][::-1]
        performer.walk(way, text="person walks about the room")
        performer.pause(float(rng.uniform(1.0, 6.0)))
        here = goal
    return Passers([figure], [performer])


def _heading(way: Way) -> float:
    """The heading of somebody who sets out on a way."""
    (x, y), (to_x, to_y) = way[0], way[1]
    return float(np.arctan2(x - to_x, to_y - y))
