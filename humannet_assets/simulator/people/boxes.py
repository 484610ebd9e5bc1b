"""Boxes: picked up from the floor, carried to a table, lifted high."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.people.moves import (
    carried,
    palms,
    reach,
)
from humannet_assets.simulator.people.performer import Arm, Performer
from humannet_assets.simulator.people.skeleton import SIDES
from humannet_assets.simulator.people.stage import Stage
from humannet_assets.simulator.people.tables import ASIDE_RAD, EDGE_M, on_table
from humannet_assets.simulator.people.things import Thing

Vector = npt.NDArray[np.float64]


def carry_box(stage: Stage, performer: Performer) -> None:
    """Pick a box up from the floor, carry it to a table, put it down."""
    rng = stage.rng
    table_half = (0.5, 0.30)
    site = stage.site(performer, half=table_half, distance_m=EDGE_M, turn_rad=ASIDE_RAD)
    table = stage.table(site, float(rng.uniform(0.40, 0.45)) * performer.build.height_m, table_half, EDGE_M)
    box, pick = _box_on_floor(stage, performer)
    _lift(stage, performer, box, pick)
    stage.go(performer, site, f"person carries the {box.noun} to the table", box.noun)
    half, high = box.item.radius_m, box.item.height_m
    down = performer.to_root(on_table(performer, table, 0.0, 0.20)) + (0, 0, 0.5 * high + 0.004)
    arms = palms(performer, down, half)
    reach(performer, arms, f"person puts the {box.noun} on the table", "put down", box.noun, look=table.point(0, 0))
    _let_go(performer, box, half, down)
    performer.rest("person withdraws both hands", verb="withdraw")


def lift_box(stage: Stage, performer: Performer) -> None:
    """Pick a box up from the floor, hold it high, put it back."""
    box, pick = _box_on_floor(stage, performer)
    _lift(stage, performer, box, pick)
    shoulders = performer.shoulders(performer.upright)
    middle = (shoulders["left"] + shoulders["right"]) / 2
    for _ in range(int(stage.rng.integers(1, 3))):
        high = palms(
            performer, middle + (0, 0.30, 0.42 * performer.build.arm / 0.58), box.item.radius_m, along=(-0.05, 0.75, 0.65)
        )
        performer.act(
            1.2, f"person lifts the {box.noun} up", "lift", box.noun, arms=carried(performer, high), trunk=performer.upright
        )
        performer.pause(float(stage.rng.uniform(0.1, 0.6)))
        performer.act(1.1, f"person lowers the {box.noun}", "lower", box.noun, arms=_before_belly(performer, box))
    down = pick + (0, 0, 0)
    arms = palms(performer, down, box.item.radius_m)
    reach(
        performer,
        arms,
        f"person puts the {box.noun} on the floor",
        "put down",
        box.noun,
        squat=True,
        look=performer.to_world(down),
    )
    _let_go(performer, box, box.item.radius_m, down)
    performer.rest("person stands up", verb="stand up", seconds=1.2)


def _box_on_floor(stage: Stage, performer: Performer) -> tuple[Thing, Vector]:
    """A box on the floor, and the performer before it; returns it with its middle in the root frame."""
    site = stage.site(performer, half=(0.24, 0.2), distance_m=0.2, turn_rad=(0.4, 1.3))
    foot = np.array([*site.ahead(0.40 * performer.build.height_m / 1.74 + 0.02), 0.0])
    box = stage.put("box", foot, site.heading_rad)
    stage.go(performer, site, f"person walks to the {box.noun}", box.noun)
    return box, performer.to_root(foot) + (0, 0, 0.5 * box.item.height_m)


def _before_belly(performer: Performer, box: Thing) -> dict[Side, Arm]:
    """Both hands at a box in front of the belly, going with the trunk."""
    shoulders = performer.shoulders(performer.upright)
    middle = (shoulders["left"] + shoulders["right"]) / 2
    hold = middle + np.array([0, 0.17 * performer.build.girth + 0.17, -0.62 * performer.build.arm])
    return carried(performer, palms(performer, hold, box.item.radius_m, along=(-0.05, 0.97, -0.12)), performer.upright)


def _lift(stage: Stage, performer: Performer, box: Thing, middle: Vector) -> None:
    """Take a box from the floor with both hands and stand up with it."""
    half = box.item.radius_m
    arms = palms(performer, middle, half)
    reach(
        performer,
        palms(performer, middle, half + 0.05),
        f"person bends down to the {box.noun}",
        "bend down",
        box.noun,
        squat=True,
        seconds=1.1,
        look=performer.to_world(middle),
    )
    performer.act(0.4, f"person grasps the {box.noun}", "grasp", box.noun, arms=arms, straight=True)
    box.take(performer, *SIDES, at_s=performer.arms["left"].time_s)
    performer.touch(box.noun)
    performer.act(
        1.3,
        f"person picks up the {box.noun}",
        "pick up",
        box.noun,
        arms=_before_belly(performer, box),
        trunk=performer.upright,
        straight=True,
    )
    performer.look(None)


def _let_go(performer: Performer, box: Thing, half: float, middle: Vector) -> None:
    at = performer.arms["left"].time_s
    performer.untouch(box.noun)
    box.end(at)
    performer.act(
        0.4, f"person lets go of the {box.noun}", "let go", box.noun, arms=palms(performer, middle, half + 0.06), straight=True
    )
