"""Things indoors that move by themselves, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from humannet_assets.simulator.nobody.filmed import Mover
from humannet_assets.simulator.nobody.movers.air import curtain_sways, fan_turns, plant_sways
from humannet_assets.simulator.nobody.movers.animals import dog_rests
from humannet_assets.simulator.nobody.movers.machines import fish_tank, washing_machine
from humannet_assets.simulator.nobody.movers.stage import Stage
from humannet_assets.simulator.nobody.movers.thrown import ball_bounces, ball_rolls, things_fall, toy_train


@dataclass(frozen=True)
class Kind:
    """A mover by name: how it is made, how one says what it does, how high it reaches."""

    make: Callable[[np.random.Generator, Stage], Mover]
    text: str
    height_m: float


MOVERS: Mapping[str, Kind] = {
    "ball_rolls": Kind(ball_rolls, "a ball rolls to and fro on the floor", 0.3),
    "ball_bounces": Kind(ball_bounces, "a ball falls and bounces", 1.4),
    "things_fall": Kind(things_fall, "boxes fall to the floor one after the other", 1.4),
    "fan_turns": Kind(fan_turns, "a fan turns", 1.4),
    "plant_sways": Kind(plant_sways, "a plant sways in the draught", 1.1),
    "curtain_sways": Kind(curtain_sways, "a curtain sways in the draught", 1.9),
    "washing_machine": Kind(washing_machine, "a washing machine is at work", 0.9),
    "fish_tank": Kind(fish_tank, "fish swim in a tank", 1.7),
    "dog_rests": Kind(dog_rests, "a dog lies on the floor, breathes and looks around", 0.4),
    "toy_train": Kind(toy_train, "a toy train runs around on its rails", 0.1),
}
"""Everything that moves by itself indoors, by name."""
