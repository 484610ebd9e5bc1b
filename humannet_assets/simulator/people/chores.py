"""Chores: sweeping the floor, fetching something from a cupboard."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.people.moves import (
    carried,
    handy,
    holding,
    reach,
)
from humannet_assets.simulator.people.performer import Arm, Performer
from humannet_assets.simulator.people.skeleton import OUT, unit
from humannet_assets.simulator.people.stage import Stage
from humannet_assets.simulator.people.things import POLE_RADIUS_M, Thing
from humannet_assets.simulator.wearer.grasps import grasp_of

Vector = npt.NDArray[np.float64]


def sweep(stage: Stage, performer: Performer) -> None:
    """Sweep the floor with a broom that is in both hands from the start."""
    rng = stage.rng
    high: Side = handy(performer)
    low: Side = "left" if high == "right" else "right"
    out = OUT[low]
    scale = performer.build.height_m / 1.74

    def hands(x: float, y: float) -> dict[Side, Arm]:
        # The pole runs from the brush on the floor up to the other side of the chest; it is always as long.
        brush = np.array([x, y, 0.0])
        way = unit(shoulder - brush)
        upper = brush + way * 1.30 * scale
        lower = brush + way * 0.80 * scale
        grip = grasp_of("wrap", POLE_RADIUS_M)
        return {
            high: holding(performer, high, grip, upper, (-0.6, 0.75, -0.2), (0.75, 0.55, 0.3)),
            low: holding(performer, low, grip, lower, (-0.75, 0.55, -0.35), (0.55, 0.75, 0.25)),
        }

    shoulder = np.array([-out * 0.16, 0.24, 1.22 * scale])
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
        assert joint is not None
        place, swing = joint.moved(joint.handle, np.eye(3), share)
        knob = performer.to_root(position + axes @ place)
        # The hand comes from where the door faces.
        outwards = performer.root_frame()[1].T @ axes @ swing @ np.array([0.0, 1.0, 0.0])
        along = np.array([-0.75 * outwards[0] * OUT[side], -outwards[1], -0.1])
        return {side: holding(performer, side, grasp_of("wrap", 0.014), knob, along, (0.95, 0.3, 0.1))}

    closed, wide = 0.0, float(rng.uniform(0.50, 0.66))
    knob = door.position + door.axes @ item.grasp
    reach(performer, hand(closed), "person reaches for the cupboard door", "reach", "cupboard", look=knob)
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
