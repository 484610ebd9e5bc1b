"""What people do at a table: drink, wipe it, stir a pot, read a book."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.people.furniture import Furniture
from humannet_assets.simulator.people.moves import (
    around,
    carried,
    flat_on,
    handy,
    holding,
    mouth,
    palms,
    reach,
    tipped,
)
from humannet_assets.simulator.people.performer import Arm, Performer
from humannet_assets.simulator.people.skeleton import OUT, SIDES
from humannet_assets.simulator.people.stage import Stage
from humannet_assets.simulator.people.things import Thing
from humannet_assets.simulator.wearer.grasps import grasp_of

Vector = npt.NDArray[np.float64]

EDGE_M = 0.26
"""How far the near edge of a table is from the ankles of who works at it."""
ASIDE_RAD = (0.7, 1.3)
"""People at a table are seen from the side, so that it does not hide them."""


def at_table(stage: Stage, performer: Performer, *, wide_m: float = 0.55) -> Furniture:
    """Put a table somewhere and go there."""
    rng, high = stage.rng, performer.build.height_m
    half = (float(rng.uniform(wide_m - 0.07, wide_m + 0.1)), float(rng.uniform(0.26, 0.32)))
    site = stage.site(performer, half=half, distance_m=EDGE_M, turn_rad=ASIDE_RAD)
    table = stage.table(site, float(rng.uniform(0.43, 0.49)) * high, half, EDGE_M)
    stage.go(performer, site, "person walks to the table", "table")
    return table


def on_table(performer: Performer, table: Furniture, x: float, y: float) -> Vector:
    """A point on a table in the world: `x` to the person's right of its middle, `y` behind its near edge."""
    return table.point(-x, table.half[1] - y)


def drink(stage: Stage, performer: Performer) -> None:
    """Take a cup from a table, drink, put it down."""
    table = at_table(stage, performer)
    cup = stage.put("cup", on_table(performer, table, OUT[handy(performer)] * 0.16, 0.13), table.heading_rad)
    sip(stage, performer, cup)


def sip(stage: Stage, performer: Performer, cup: Thing) -> None:
    """Drink from a cup that stands within reach."""
    rng, side = stage.rng, handy(performer)
    foot, _ = cup.now(performer.now)
    radius, height = cup.item.radius_m, cup.item.height_m
    grasp = grasp_of("wrap", round(radius, 3))
    stands = performer.to_root(foot + (0, 0, 0.55 * height))
    take = around(performer, side, stands, radius)
    reach(performer, {side: take}, f"person reaches for the {cup.noun}", "reach", cup.noun, look=foot, lift_m=0.05)
    cup.take(performer, side, at_s=performer.arms[side].time_s)
    performer.touch(cup.noun)
    base = performer.upright
    for _ in range(int(rng.integers(1, 3))):
        lips = mouth(performer, base)
        near = lips + (OUT[side] * 0.01, 0.055 + radius, -0.035)
        level = tipped(performer, take, near, grasp, side, 0.25)
        performer.act(
            1.15,
            f"person lifts the {cup.noun} to the mouth",
            "lift",
            cup.noun,
            arms=carried(performer, {side: level}, base),
            trunk=base,
            look=performer.to_world(lips + (0, 1.5, -0.1)),
        )
        drinks = tipped(performer, take, lips + (OUT[side] * 0.01, 0.045 + 0.5 * radius, 0.01), grasp, side, 0.95)
        performer.act(
            0.7,
            f"person drinks from the {cup.noun}",
            "drink",
            cup.noun,
            arms=carried(performer, {side: drinks}, base),
            pause=(0.4, 1.0),
        )
        shoulder = performer.shoulders(base)[side]
        low = shoulder + np.array([-0.15 * OUT[side], 0.66, -0.40]) * performer.build.arm
        away = around(performer, side, low, radius)
        performer.act(0.9, f"person lowers the {cup.noun}", "lower", cup.noun, arms=carried(performer, {side: away}, base))
    reach(performer, {side: take}, f"person puts down the {cup.noun}", "put down", cup.noun, look=foot)
    performer.untouch(cup.noun)
    cup.end(performer.arms[side].time_s)
    performer.act(
        0.9, f"person withdraws the {side} hand", "withdraw", arms={side: performer.resting(side)}, trunk=performer.upright
    )


def wipe_table(stage: Stage, performer: Performer) -> None:
    """Wipe a table with a cloth."""
    table = at_table(stage, performer, wide_m=0.62)
    rng, side = stage.rng, handy(performer)
    out = OUT[side]
    start = on_table(performer, table, out * 0.15, 0.16)
    cloth = stage.put("cloth", start, table.heading_rad)

    def hand(x: float, y: float) -> dict[Side, Arm]:
        spot = performer.to_root(on_table(performer, table, x, y)) + (0, 0, 0.010)
        return {side: flat_on(performer, side, spot)}

    reach(
        performer, hand(out * 0.15, 0.16), f"person reaches for the {cloth.noun}", "reach", cloth.noun, look=start, lift_m=0.06
    )
    cloth.take(performer, side, at_s=performer.arms[side].time_s)
    performer.touch(cloth.noun)
    x = out * 0.15
    for k in range(int(rng.integers(4, 8))):
        goal = -x + float(rng.uniform(-0.05, 0.12)) * np.sign(-x)
        goal = float(np.clip(goal, -0.30, 0.34) if out > 0 else np.clip(goal, -0.34, 0.30))
        y = float(rng.uniform(0.10, 0.34))
        where = "to the right" if goal > x else "to the left"
        arms = hand(goal, y)
        performer.act(
            0.85,
            f"person wipes the table {where}",
            "wipe",
            "table",
            arms=arms,
            trunk=performer.reach(arms),
            look=performer.to_world(arms[side].wrist) if k % 2 else None,
            straight=True,
            pause=(0.05, 0.2),
        )
        x = goal
    performer.untouch(cloth.noun)
    cloth.end(performer.arms[side].time_s)
    performer.rest(f"person lets go of the {cloth.noun}", verb="let go")


def stir_pot(stage: Stage, performer: Performer) -> None:
    """Stir what is in a pot, taste it."""
    table = at_table(stage, performer)
    rng, side = stage.rng, handy(performer)
    foot = on_table(performer, table, OUT[side] * 0.10, 0.17)
    stage.put("pot", foot, table.heading_rad)
    spoon = stage.put("spoon", foot + (0, 0, 0.06))
    # The spoon leans against the rim, its handle towards the hand.
    spoon.lean(performer.steps.here[2], OUT[side] * 0.22)
    handle = performer.to_root(spoon.point(0.25))
    take = holding(performer, side, grasp_of("wrap", 0.014), handle, (-0.45, 0.85, -0.35), (0.9, 0.35, 0.55))
    reach(performer, {side: take}, "person reaches for the spoon", "reach", "spoon", look=foot, lift_m=0.05)
    spoon.take(performer, side, at_s=performer.arms[side].time_s)
    performer.touch("spoon")
    radius = 0.035

    def circles(turns: int):
        def way(share: float) -> Vector:
            angle = 2 * math.pi * turns * share
            return np.array([radius * math.sin(angle), radius * (1 - math.cos(angle)), 0.0])

        return way

    for _ in range(int(rng.integers(2, 4))):
        turns = int(rng.integers(2, 4))
        performer.act(
            1.1 * turns,
            "person stirs the pot",
            "stir",
            "pot",
            arms={side: take},
            way=circles(turns),
            straight=True,
            look=foot,
            pause=(0.2, 0.7),
        )
    performer.untouch("spoon")
    spoon.end(performer.arms[side].time_s)
    performer.rest("person lets go of the spoon", verb="let go")


def read_book(stage: Stage, performer: Performer) -> None:
    """Take an open book from a table, read, turn pages, put it back."""
    table = at_table(stage, performer)
    rng = stage.rng
    foot = on_table(performer, table, 0.0, 0.20)
    book = stage.put("book", foot, performer.steps.here[2])
    middle = performer.to_root(foot) + (0, -0.02, 0.03)
    take = palms(performer, middle, 0.165, along=(-0.15, 0.95, -0.2), squeeze_m=0.0)
    reach(performer, take, "person reaches for the book", "reach", "book", look=foot, lift_m=0.06)
    book.take(performer, *SIDES, at_s=performer.arms["left"].time_s)
    performer.touch("book")
    shoulders = performer.shoulders(performer.upright)
    chest = (shoulders["left"] + shoulders["right"]) / 2 + np.array([0, 0.55, -0.30]) * performer.build.arm
    reading = carried(performer, palms(performer, chest, 0.165, along=(-0.10, 0.88, 0.45), squeeze_m=0.0), performer.upright)
    performer.act(
        1.2,
        "person lifts the book",
        "lift",
        "book",
        arms=reading,
        trunk=performer.upright,
        look=performer.to_world(chest),
        straight=True,
    )
    for _ in range(int(rng.integers(1, 4))):
        performer.pause(float(rng.uniform(0.7, 1.6)))
        shift = carried(
            performer,
            palms(performer, chest + rng.uniform(-0.05, 0.05, 3), 0.165, along=(-0.10, 0.88, 0.45), squeeze_m=0.0),
            performer.upright,
        )
        performer.act(0.8, "person moves the book", "move", "book", arms=shift, straight=True)
    reach(performer, take, "person puts the book on the table", "put down", "book", look=foot, straight=True)
    performer.untouch("book")
    book.end(performer.arms["left"].time_s)
    performer.rest("person lets go of the book", verb="let go")
