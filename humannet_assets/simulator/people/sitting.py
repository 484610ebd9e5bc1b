"""Sitting down, resting, drinking at a table, standing up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.people.furniture import Furniture
from humannet_assets.simulator.people.moves import (
    handy,
)
from humannet_assets.simulator.people.performer import SEAT_BEHIND, Performer
from humannet_assets.simulator.people.skeleton import OUT
from humannet_assets.simulator.people.stage import Site, Stage
from humannet_assets.simulator.people.tables import on_table, sip

Vector = npt.NDArray[np.float64]


def sit_stand(stage: Stage, performer: Performer) -> None:
    """Sit down on a chair, rest, stand up."""
    chair, site = _chair(stage, performer)
    stage.go(performer, site, "person walks to the chair", "chair")
    performer.sit(chair.top_m)
    performer.touch("chair")
    performer.pause(float(stage.rng.uniform(0.8, 2.0)))
    performer.stand_up()
    performer.untouch("chair")


def sit_drink(stage: Stage, performer: Performer) -> None:
    """Sit down at a table and drink."""
    half = (0.42, 0.28)
    edge = 0.16
    chair, site = _chair(stage, performer, half=half, distance_m=edge)
    table = stage.table(site, 0.41 * performer.build.height_m, half, edge)
    side = handy(performer)
    cup = stage.put("cup", on_table(performer, table, OUT[side] * 0.14, 0.09), table.heading_rad)
    stage.go(performer, site, "person walks to the table", "table")
    performer.sit(chair.top_m)
    performer.touch("chair")
    performer.pause(float(stage.rng.uniform(0.3, 1.0)))
    sip(stage, performer, cup)
    performer.pause(float(stage.rng.uniform(0.3, 1.0)))
    performer.stand_up()
    performer.untouch("chair")


def _chair(
    stage: Stage, performer: Performer, *, half: tuple[float, float] | None = None, distance_m: float = 0.0
) -> tuple[Furniture, Site]:  # fmt: skip
    """A chair, and the site before it, back to it."""
    high = performer.build.height_m
    back = SEAT_BEHIND * high
    site = stage.site(performer, half=half, distance_m=distance_m, behind_m=back + 0.26, turn_rad=(0.3, 1.2))
    middle = site.ahead(-back)
    chair = stage.joiner.chair(middle, site.heading_rad, 0.25 * high)
    return chair, site
