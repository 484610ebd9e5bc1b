"""What people do at home and at work with things and furniture: carry, put down, wipe, sweep, stir, drink, read, open, sit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.hands import curled
from humannet_assets.simulator.people.furniture import Furniture
from humannet_assets.simulator.people.moves import (
    against_shoulder,
    around,
    carried,
    flat_on,
    handy,
    holding,
    mouth,
    palms,
    tipped,
    under,
)
from humannet_assets.simulator.people.performer import SEAT_BEHIND, Arm, Performer
from humannet_assets.simulator.people.skeleton import OUT, SIDES
from humannet_assets.simulator.people.stage import Site, Stage
from humannet_assets.simulator.people.things import Thing
from humannet_assets.simulator.wearer.grasps import grasp_of

Vector = npt.NDArray[np.float64]

_EDGE_M = 0.26
"""How far the near edge of a table is from the ankles."""
_ASIDE_RAD = (0.75, 1.5)
"""People at a table are seen from the side, so that it does not hide them."""


def _reach(
    performer: Performer,
    arms: Mapping[Side, Arm],
    text: str,
    verb: str,
    noun: str,
    *,
    seconds: float = 1.0,
    squat: bool = False,
    lift_m: float = 0.0,
    look: npt.ArrayLike | None = None,
    straight: bool = False,
) -> None:
    """Arms go where they are wanted, the trunk as far along as that needs."""
    trunk = performer.reach(arms, squat=squat)
    way = float(np.linalg.norm(trunk - performer.trunk.position))
    performer.act(
        seconds + 0.5 * min(way, 1.2), text, verb, noun, arms=arms, trunk=trunk, look=look, lift_m=lift_m, straight=straight
    )


def at_table(stage: Stage, performer: Performer, *, wide_m: float = 0.55) -> Furniture:
    """Put a table somewhere and go there."""
    rng, high = stage.rng, performer.build.height_m
    half = (float(rng.uniform(wide_m - 0.07, wide_m + 0.1)), float(rng.uniform(0.26, 0.32)))
    site = stage.site(performer, half=half, distance_m=_EDGE_M, turn_rad=_ASIDE_RAD)
    table = stage.table(site, float(rng.uniform(0.43, 0.49)) * high, half, _EDGE_M)
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
    _reach(performer, {side: take}, f"person reaches for the {cup.noun}", "reach", cup.noun, look=foot, lift_m=0.05)
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
        low = np.array([OUT[side] * 0.12, 0.36, 0]) * performer.build.height_m / 1.74 + (
            0,
            0,
            lips[2] - 0.34 * performer.build.height_m / 1.74,
        )
        away = around(performer, side, low, radius)
        performer.act(0.9, f"person lowers the {cup.noun}", "lower", cup.noun, arms=carried(performer, {side: away}, base))
    _reach(performer, {side: take}, f"person puts down the {cup.noun}", "put down", cup.noun, look=foot)
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

    _reach(
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
    _reach(performer, {side: take}, "person reaches for the spoon", "reach", "spoon", look=foot, lift_m=0.05)
    spoon.take(performer, side, at_s=performer.arms[side].time_s)
    performer.touch("spoon")
    radius = 0.035

    def circles(turns: int):  # noqa: ANN202
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


def carry_box(stage: Stage, performer: Performer) -> None:
    """Pick a box up from the floor, carry it to a table, put it down."""
    rng = stage.rng
    table_half = (0.5, 0.30)
    site = stage.site(performer, half=table_half, distance_m=_EDGE_M, turn_rad=_ASIDE_RAD)
    table = stage.table(site, float(rng.uniform(0.40, 0.45)) * performer.build.height_m, table_half, _EDGE_M)
    box, pick = _box_on_floor(stage, performer)
    _lift(stage, performer, box, pick)
    stage.go(performer, site, f"person carries the {box.noun} to the table", box.noun)
    half, high = box.item.radius_m, box.item.height_m
    down = performer.to_root(on_table(performer, table, 0.0, 0.20)) + (0, 0, 0.5 * high + 0.004)
    arms = palms(performer, down, half)
    _reach(performer, arms, f"person puts the {box.noun} on the table", "put down", box.noun, look=table.point(0, 0))
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
    _reach(
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
    _reach(
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


def sweep(stage: Stage, performer: Performer) -> None:
    """Sweep the floor with a broom that is in both hands from the start."""
    rng = stage.rng
    high: Side = handy(performer)
    low: Side = "left" if high == "right" else "right"
    out = OUT[low]
    scale = performer.build.height_m / 1.74

    def hands(x: float, y: float) -> dict[Side, Arm]:
        # The pole runs from the brush on the floor up to the other side of the chest.
        brush = np.array([x, y, 0.05])
        top = np.array([-out * 0.16, 0.24, 1.22 * scale])
        way = (top - brush) / np.linalg.norm(top - brush)
        upper = top - way * 0.02
        lower = top - way * 0.50 * scale
        grip = grasp_of("wrap", 0.016)
        return {
            high: holding(performer, high, grip, upper, (-0.6, 0.75, -0.2), (0.75, 0.55, 0.3)),
            low: holding(performer, low, grip, lower, (-0.75, 0.55, -0.35), (0.55, 0.75, 0.25)),
        }

    x, y = out * 0.30, 0.55 * scale
    start = hands(x, y)
    performer.begin(start)
    broom = stage.put("broom", (0, 0, 0))
    brush = performer.to_world((x, y, 0.0))
    top = performer.to_world((-out * 0.16, 0.24, 1.22 * scale))
    broom.stand_along(brush, top, performer.steps.here[2])
    broom.take(performer, high, low, at_s=0.0, pole=True)
    performer.touch(broom.noun)
    for _ in range(int(rng.integers(2, 4))):
        for _ in range(int(rng.integers(3, 5))):
            near = hands(-out * 0.10 + float(rng.uniform(-0.05, 0.05)), float(rng.uniform(0.36, 0.46)) * scale)
            bend = performer.balanced(performer.upright + np.array([0, 0, -0.02, 0.16, 0.22, 0, -out * 0.18]), near)
            performer.act(
                0.75,
                "person sweeps the floor",
                "sweep",
                "broom",
                arms=near,
                trunk=bend,
                look=performer.to_world((0, 0.6, 0)),
                straight=True,
                pause=(0.05, 0.15),
            )
            far = hands(x, float(rng.uniform(0.55, 0.68)) * scale)
            bend = performer.balanced(performer.upright + np.array([0, 0, 0, 0.10, 0.14, 0, out * 0.10]), far)
            performer.act(
                0.75,
                "person reaches out with the broom",
                "reach",
                "broom",
                arms=far,
                trunk=bend,
                straight=True,
                lift_m=0.05,
                pause=(0.05, 0.15),
            )
        arms = carried(performer, start, performer.upright)
        performer.act(0.6, arms=arms, trunk=performer.upright, straight=True, pause=(0, 0.1))
        if stage.clear_aside(performer, low, 0.3):
            performer.shift(low, 0.26 * scale, 0.55, f"person steps to the {low} with the broom", arms, "step")
    performer.act(0.7, arms=hands(x, y), straight=True)
    performer.untouch(broom.noun)


def read_book(stage: Stage, performer: Performer) -> None:
    """Take an open book from a table, read, turn pages, put it back."""
    table = at_table(stage, performer)
    rng = stage.rng
    foot = on_table(performer, table, 0.0, 0.20)
    book = stage.put("book", foot, performer.steps.here[2])
    middle = performer.to_root(foot) + (0, -0.02, 0.03)
    take = palms(performer, middle, 0.165, along=(-0.15, 0.95, -0.2), squeeze_m=0.0)
    _reach(performer, take, "person reaches for the book", "reach", "book", look=foot, lift_m=0.06)
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
    _reach(performer, take, "person puts the book on the table", "put down", "book", look=foot, straight=True)
    performer.untouch("book")
    book.end(performer.arms["left"].time_s)
    performer.rest("person lets go of the book", verb="let go")


def open_cupboard(stage: Stage, performer: Performer) -> None:
    """Open the door of a cupboard, look inside, close it."""
    rng, side = stage.rng, handy(performer)
    scale = performer.build.height_m / 1.74
    ahead, aside = 0.76 * scale, 0.35 * scale * OUT[side]
    # The door opens to the side of the hand, where the person does not stand and the camera does not look from.
    site = stage.site(
        performer, half=(0.31 * scale, 0.26), distance_m=ahead - 0.26, aside_m=aside, turn_rad=(1.2, 1.9), turn_sign=-OUT[side]
    )
    middle = site.ahead(ahead, aside)
    heading = site.heading_rad + math.pi
    cupboard, item = stage.joiner.cupboard(middle, heading, 1.75 * scale, 0.28 * scale, mirrored=side == "left")
    stage.ground.take(middle, cupboard.half, heading)
    door = stage.add(item, (*middle, 0.0), heading)
    stage.go(performer, site, "person walks to the cupboard", "cupboard")

    def hand(share: float) -> dict[Side, Arm]:
        position, axes = door.position, door.axes
        joint = item.opening
        assert joint is not None  # noqa: S101
        place, swing = joint.moved(joint.handle, np.eye(3), share)
        knob = performer.to_root(position + axes @ place)
        # The hand comes from where the door faces.
        outwards = performer.root_frame()[1].T @ axes @ swing @ np.array([0.0, 1.0, 0.0])
        along = np.array([-0.75 * outwards[0] * OUT[side], -outwards[1], -0.1])
        return {side: holding(performer, side, grasp_of("wrap", 0.014), knob, along, (0.95, 0.3, 0.1))}

    closed, wide = 0.0, float(rng.uniform(0.50, 0.66))
    knob = door.position + door.axes @ item.grasp
    _reach(performer, hand(closed), "person reaches for the cupboard door", "reach", "cupboard", look=knob)
    performer.touch("cupboard")
    _swing(performer, door, side, hand, (closed, wide), "person opens the cupboard", "open")
    performer.look(cupboard.point(0, 0, -0.5 * cupboard.top_m))
    performer.pause(float(rng.uniform(0.6, 1.5)))
    _swing(performer, door, side, hand, (wide, closed), "person closes the cupboard", "close")
    performer.untouch("cupboard")
    performer.rest(f"person lowers the {side} hand", side)


def _swing(
    performer: Performer,
    door: Thing,
    side: Side,
    hand: Callable[[float], dict[Side, Arm]],
    shares: tuple[float, float],
    text: str,
    verb: str,
) -> None:
    """Lead a door from one angle to another by its handle."""
    start, end = shares

    def guide(share: float) -> Arm:
        return hand(start + (end - start) * share)[side]

    trunk = performer.reach(hand(end))
    begin = performer.now
    finish = performer.act(1.6, text, verb, "cupboard", guided={side: guide}, trunk=trunk)
    door.opened.rest(begin - door.opened.time_s).move(np.array([end]), finish - begin)


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
