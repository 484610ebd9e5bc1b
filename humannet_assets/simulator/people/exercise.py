"""Exercise and sport: squats, jumping jacks, arm circles, stretching, marching on the spot, throwing a ball."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.hands import curled
from humannet_assets.simulator.people.moves import STRAIGHT, against_shoulder, carried, palms
from humannet_assets.simulator.people.performer import Arm, Performer
from humannet_assets.simulator.people.skeleton import SIDES, Vector
from humannet_assets.simulator.people.stage import Stage
from humannet_assets.simulator.people.things import GRAVITY_M_S2


def _face(stage: Stage, performer: Performer, most_rad: float = 0.9) -> None:
    """Turn so that the camera sees what is done."""
    off = math.remainder(performer.steps.here[2] - stage.towards_eye(performer.steps.here[:2]), 2 * math.pi)
    if abs(off) > most_rad + 0.1:
        performer.turn(stage.facing(performer.steps.here[:2], (0.0, most_rad)), "person turns around")


def _both(
    performer: Performer,
    offset: tuple[float, float, float],
    along: tuple[float, float, float],
    back: tuple[float, float, float],
    *,
    bent: float = 0.0,
) -> dict[Side, Arm]:
    fingers = curled(bent) if bent else STRAIGHT
    return {side: against_shoulder(performer, side, offset, along, back, fingers) for side in SIDES}


def lift_arms(stage: Stage, performer: Performer) -> None:
    """Lift both arms sideways over the head and lower them."""
    _face(stage, performer)
    for _ in range(int(stage.rng.integers(2, 4))):
        up = _both(performer, (0.34, 0.08, 0.86), (0.15, 0.05, 1.0), (0.9, -0.3, 0.0))
        performer.act(1.2, "person lifts both arms", "lift", arms=up)
        performer.pause(float(stage.rng.uniform(0.0, 0.4)))
        performer.rest("person lowers both arms", seconds=1.2)


def arm_circles(stage: Stage, performer: Performer) -> None:
    """Stretch both arms to the sides and circle them."""
    _face(stage, performer, 0.6)
    rng = stage.rng
    wide = _both(performer, (0.95, 0.06, 0.0), (1.0, 0.0, 0.0), (0.0, -0.1, 1.0))
    performer.act(1.1, "person raises both arms to the sides", "raise", arms=wide)
    radius = float(rng.uniform(0.12, 0.24)) * performer.build.arm
    for _ in range(int(rng.integers(2, 4))):
        turns = int(rng.integers(2, 4))
        sign = 1.0 if rng.random() < 0.5 else -1.0

        def circles(share: float, turns: int = turns, sign: float = sign) -> Vector:
            angle = 2 * math.pi * turns * share
            high, ahead = math.sin(angle), 1 - math.cos(angle)
            return radius * np.array([-0.15 * (abs(high) + ahead), sign * high, -ahead])

        way = "forwards" if sign > 0 else "backwards"
        performer.act(0.95 * turns, f"person circles both arms {way}", "circle", arms=wide, way=circles, pause=(0.2, 0.5))
    performer.rest("person lowers both arms")


def squats(stage: Stage, performer: Performer) -> None:
    """Bend and stretch the knees, arms ahead."""
    _face(stage, performer, 1.4)
    rng = stage.rng
    ahead = _both(performer, (-0.05, 0.96, -0.05), (0.0, 1.0, 0.0), (0.2, 0.0, 1.0))
    for _ in range(int(rng.integers(3, 6))):
        deep = float(rng.uniform(0.30, 0.48)) * performer.build.leg
        trunk = performer.balanced(performer.upright + np.array([0, 0, -deep, 0.62, 0.10, 0, 0]), ahead)
        performer.act(1.1, "person squats down", "squat", arms=ahead, trunk=trunk, pause=(0.05, 0.2))
        performer.rest("person stands up", verb="stand up", seconds=1.0)


def jumping_jacks(stage: Stage, performer: Performer) -> None:
    """Jump with legs apart and arms over the head, and back."""
    _face(stage, performer, 0.7)
    rng = stage.rng
    steps, pace = performer.steps, float(rng.uniform(0.9, 1.1))
    up = _both(performer, (0.42, 0.06, 0.84), (0.2, 0.0, 1.0), (0.9, -0.3, 0.0))
    down: dict[Side, Arm] = {side: performer.hanging(side) for side in SIDES}
    for _ in range(int(rng.integers(4, 8))):
        for arms, half, text in (
            (up, 0.15 * performer.build.height_m, "person jumps with legs apart"),
            (down, None, "person jumps with legs together"),
        ):
            begin = performer.now
            crouch = performer.upright + np.array([0, 0, -0.05, 0.06, 0, 0, 0])
            seconds = 0.60 * pace
            performer.act(
                seconds / performer.person.pace,
                text,
                "jump",
                arms=arms,
                trunk=performer.upright,
                trunk_way=_dip(crouch - performer.upright),
                pause=(0.12, 0.2),
            )
            steps.hop(begin + 0.2 * seconds, 0.55 * seconds, half, 0.055 * pace)
    performer.pause(0.3)


def _dip(much: Vector) -> Callable[[float], Vector]:
    """A little dip before the jump and after it."""
    return lambda share: much * math.sin(2 * math.pi * share) ** 2


def march(stage: Stage, performer: Performer) -> None:
    """Lift one knee after the other on the spot."""
    _face(stage, performer, 1.4)
    rng = stage.rng
    for _ in range(int(rng.integers(3, 6))):
        for side in SIDES:
            other: Side = "left" if side == "right" else "right"
            arms: dict[Side, Arm] = {
                other: against_shoulder(performer, other, (0.0, 0.45, -0.42), (-0.1, 0.7, 0.7), (0.9, 0, -0.2), curled(0.5)),
                side: against_shoulder(performer, side, (0.10, -0.15, -0.75), (0.0, 0.5, -0.8), (1.0, 0.2, 0), curled(0.5)),
            }
            begin = performer.now
            high = performer.act(0.62, f"person lifts the {side} knee", "lift", arms=arms, pause=(0, 0))
            # The foot is highest when the arms are at rest between both actions.
            end = performer.steps.raise_foot(begin, 2 * (high - begin), side, 0.24 * performer.build.height_m / 1.74)
            with performer.one_action(f"person lowers the {side} foot", "lower"):
                performer.exactly(end, {limb: performer.hanging(limb) for limb in SIDES})
            performer.pause(0.06)


def stretch(stage: Stage, performer: Performer) -> None:
    """Stretch upwards, bend to both sides."""
    _face(stage, performer)
    rng = stage.rng
    up = _both(performer, (-0.22, 0.10, 0.90), (-0.15, 0.05, 1.0), (0.5, -0.7, 0.0))
    performer.act(1.4, "person stretches both arms up", "stretch", arms=up)
    performer.pause(float(rng.uniform(0.2, 0.8)))
    first = 1.0 if rng.random() < 0.5 else -1.0
    for sign in (first, -first):
        where = "right" if sign > 0 else "left"
        bent = performer.balanced(performer.upright + np.array([0, 0, 0, 0, 0, 0.42 * sign, 0]), up)
        performer.act(1.3, f"person bends to the {where}", "bend", trunk=bent)
        performer.pause(float(rng.uniform(0.1, 0.6)))
        performer.act(1.2, "person straightens up", "straighten", trunk=performer.upright)
    performer.rest("person lowers both arms", seconds=1.2)


def toss_ball(stage: Stage, performer: Performer) -> None:
    """Throw a ball up and catch it."""
    _face(stage, performer)
    rng = stage.rng
    shoulders = performer.shoulders()
    middle = (shoulders["left"] + shoulders["right"]) / 2
    low = middle + np.array([0.0, 0.60, -0.52]) * performer.build.arm
    radius = 0.105
    cradle = carried(performer, palms(performer, low, radius))
    performer.begin(cradle)
    ball = stage.put("ball", performer.to_world(low - (0, 0, radius)), performer.steps.here[2])
    ball.take(performer, *SIDES, at_s=0.0)
    performer.touch(ball.noun)
    for _ in range(int(rng.integers(2, 5))):
        dip = carried(performer, palms(performer, low - (0, 0, 0.10), radius))
        release = carried(performer, palms(performer, low + (0, 0.02, 0.30), radius))
        opened = carried(performer, palms(performer, low + (0, 0.0, 0.10), radius + 0.07))
        performer.act(0.5, "person lowers the ball", "lower", ball.noun, arms=dip, straight=True, pause=(0, 0))
        begin = performer.now
        performer.act(0.42, f"person throws up the {ball.noun}", "throw", ball.noun, arms=release, straight=True, pause=(0, 0))
        # Let go where the hands are fastest: half way.
        at = begin + 0.5 * (performer.arms["left"].time_s - begin)
        performer.untouch(ball.noun, at)
        high = float(rng.uniform(0.45, 0.9))
        goal = performer.to_world(low + (0, 0.0, 0.10))
        seconds = math.sqrt(2 * high / GRAVITY_M_S2) + math.sqrt(2 * (high + 0.06) / GRAVITY_M_S2)
        ball.throw(at, goal, seconds, np.array([rng.uniform(-4, 4), rng.uniform(-4, 4), 0.0]))
        performer.act(0.35, arms=opened, straight=True, pause=(0, 0), look=goal + (0, 0, 0.6))
        catch = carried(performer, palms(performer, low + (0, 0.0, 0.10), radius))
        performer.now = max(performer.now, at + seconds - 0.14)
        performer.exactly(at + seconds, arms=catch)
        ball.take(performer, *SIDES, at_s=at + seconds)
        performer.touch(ball.noun)
        performer.act(0.5, f"person catches the {ball.noun}", "catch", ball.noun, arms=cradle, straight=True)
        performer.pause(float(rng.uniform(0.0, 0.4)))
    performer.untouch(ball.noun)
