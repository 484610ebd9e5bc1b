"""Putting a shot together from a scene, a rig that carries the camera, things that move by themselves, and changing light."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.nobody.passers import Passers
from humannet_assets.simulator.nobody.rigs import Rig
from humannet_assets.simulator.shots import Shot, State
from humannet_assets.simulator.world import SceneBuilder, World

Mover = Callable[[World, float], None]
"""Poses what moves for a time in seconds."""

Lighting = Callable[[float], npt.NDArray[np.float64]]
"""Factor of all lamps (red, green, blue) at a time in seconds, 1 as declared."""


def filmed(
    scene: str, text: str, environment: str, builder: SceneBuilder, rig: Rig, *, movers: Sequence[Mover] = (),
    lighting: Lighting | None = None, fov_deg: float = 50.0, world: str = "", people: Passers | None = None,
    human_centric: bool = False,
) -> Shot:  # fmt: skip
    """A shot in which nobody is: viewpoint "none", not human-centric, no actions; unless people come by.

    Args:
        scene: Its name in the sidecar.
        text: One sentence that says what is seen.
        environment: HumanNet's top-level environment.
        builder: The scene, complete.
        rig: Pose of the camera by time.
        movers: Everything that moves by itself.
        lighting: How the lamps change; not at all if None.
        fov_deg: Vertical field of view.
        world: Name of the generated world (`kitchen/17`), empty where the shot has one of its own.
        people: Who comes by: viewpoint "exo".
        human_centric: Whether what they do is what is filmed, rather than incidental.
    """

    def animate(world: World, time_s: float) -> State:
        for mover in movers:
            mover(world, time_s)
        if lighting is not None:
            world.set_brightness(lighting(time_s))
        return State(rig(time_s), bodies=people.play(world, time_s) if people is not None else [])

    return Shot(
        scene, text, environment, "none" if people is None else "exo", human_centric, builder, animate, fov_deg,
        people.segments if people is not None and human_centric else [], world=world,
    )  # fmt: skip
