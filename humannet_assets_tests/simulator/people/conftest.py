"""A bare hall to act in: a floor, a wall, spots and cameras, so that nothing but people costs time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from humannet_assets.simulator.people.activities import ACTIVITIES
from humannet_assets.simulator.people.build import draw_person
from humannet_assets.simulator.people.performer import Performer
from humannet_assets.simulator.people.skeleton import Pose
from humannet_assets.simulator.people.stage import Stage
from humannet_assets.simulator.places.place import Place, Spot, Viewpost
from humannet_assets.simulator.world import Light, SceneBuilder

STEP_S = 1 / 40


def hall() -> Place:
    scene = SceneBuilder(ambient=0.45)
    scene.add("floor", "plane", (8, 8, 0.1), scene.color("floor", (0.52, 0.44, 0.36)))
    scene.wall("back", (5, 4.6), (-5, 4.6), 3.0, scene.color("wall", (0.72, 0.74, 0.70)))
    scene.lights.append(Light((-1.2, -1.0, 3.4), (0.25, 0.7, -1.0), (0.55, 0.53, 0.5)))
    spots = [Spot((x, y), math.pi) for x, y in ((0.0, 2.0), (-1.4, 2.2), (1.4, 1.9))]
    return Place(
        "hall/0", "other", scene, spots=spots, tripods=[Viewpost((0.0, -1.8, 1.5), (0.0, 2.0, 0.9))],
        surveillance=[Viewpost((3.6, -2.6, 3.2), (0.0, 2.0, 0.9))],
    )  # fmt: skip


@dataclass
class Played:
    """An activity as it was planned, with everybody's poses every `STEP_S`."""

    name: str
    stage: Stage
    times: npt.NDArray[np.float64]
    poses: list[list[Pose]]

    @property
    def performers(self) -> list[Performer]:
        return self.stage.performers


@pytest.fixture(scope="session")
def play() -> Callable[[str], Played]:
    cache: dict[str, Played] = {}

    def played(name: str) -> Played:
        if name not in cache:
            rng = np.random.default_rng(sum(map(ord, name)))
            place = hall()
            stage = Stage(rng, place, np.array(place.tripods[0].eye))
            activity = ACTIVITIES[name]
            for spot in place.spots[: activity.people]:
                stage.enter(draw_person(rng), spot.position, stage.facing(spot.position, (0.0, 0.6)))
            if activity.duo is not None:
                activity.duo(stage, *stage.performers)
            elif activity.solo is not None:
                activity.solo(stage, *stage.performers)
            times = np.arange(0, max(performer.now for performer in stage.performers), STEP_S)
            poses = [[performer.pose(time) for time in times] for performer in stage.performers]
            cache[name] = Played(name, stage, times, poses)
        return cache[name]

    return played
