"""What people do for and with others: wave, point, talk, applaud, phone, shake hands, hand things over, dance, bow."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.hands import curled
from humannet_assets.simulator.people.moves import (
    STRAIGHT,
    against_shoulder,
    carried,
    handy,
    holding,
    mouth,
    palms,
    pointing,
)
from humannet_assets.simulator.people.performer import Arm, Performer
from humannet_assets.simulator.people.skeleton import OUT, SIDES
from humannet_assets.simulator.people.stage import NoFloorError, Stage
from humannet_assets.simulator.wearer.grasps import grasp_of

OTHER: dict[Side, Side] = {"left": "right", "right": "left"}


def _show(stage: Stage, performer: Performer, turn_rad: tuple[float, float] = (0.0, 0.9)) -> None:
    """Turn so that the camera sees what is done."""
    heading = performer.steps.here[2]
    off = abs(math.remainder(heading - stage.towards_eye(performer.steps.here[:2]), 2 * math.pi))
    if not turn_rad[0] - 0.1 <= off <= turn_rad[1] + 0.1:
        performer.turn(stage.facing(performer.steps.here[:2], turn_rad), "person turns around")


def walk(stage: Stage, performer: Performer) -> None:
    """Walk somewhere, stop, walk on."""
    for _ in range(int(stage.rng.integers(2, 4))):
        _walk_to(stage, performer, stage.stroll(performer, 1.2, 4.0))


def walk_across(stage: Stage, performer: Performer) -> None:
    """Walk from one side of the picture to the other."""
    _walk_to(stage, performer, stage.stroll(performer, 1.5, 4.5, across=True))


def _walk_to(stage: Stage, performer: Performer, goal: tuple[float, float]) -> None:
    heading = stage.facing(goal, (0.0, 1.2)) if stage.rng.random() < 0.6 else None
    performer.walk([goal], heading, f"person walks {_direction(stage, performer, goal)}")
    performer.pause(float(stage.rng.uniform(0.2, 1.0)))


def _direction(stage: Stage, performer: Performer, goal: tuple[float, float]) -> str:
    """Which way somebody goes in the picture."""
    here = np.array(performer.steps.here[:2])
    sight = here - stage.eye[:2]
    sight = sight / np.linalg.norm(sight)
    way = np.array(goal) - here
    ahead, right = float(way @ sight), float(way @ np.array([sight[1], -sight[0]]))
    if abs(right) >= abs(ahead):
        return "to the right" if right > 0 else "to the left"
    return "away from the camera" if ahead > 0 else "towards the camera"


def wave(stage: Stage, performer: Performer) -> None:
    """Raise a hand, wave, lower it."""
    _show(stage, performer)
    side = handy(performer)
    rng = stage.rng
    high = float(rng.uniform(0.25, 0.6))
    towards = against_shoulder(performer, side, (0.30, 0.40, high), (-0.25, 0.1, 1.0), (0.0, -1.0, 0.1), STRAIGHT)
    away = against_shoulder(performer, side, (0.62, 0.34, high - 0.06), (0.55, 0.1, 1.0), (0.0, -1.0, 0.1), STRAIGHT)
    performer.act(0.9, f"person raises the {side} hand", "raise", arms={side: away}, look=stage.eye)
    with performer.one_action(f"person waves with the {side} hand", "wave"):
        beat = float(rng.uniform(0.26, 0.36))
        for _ in range(int(rng.integers(3, 6))):
            performer.act(beat, arms={side: towards}, pause=(0, 0))
            performer.act(beat, arms={side: away}, pause=(0, 0))
    performer.pause(0.15)
    performer.rest(f"person lowers the {side} hand", side)


def point(stage: Stage, performer: Performer) -> None:
    """Point to something, once or twice."""
    _show(stage, performer)
    rng = stage.rng
    for _ in range(int(rng.integers(1, 3))):
        side: Side = "left" if rng.random() < 0.5 else "right"
        far = np.array([OUT[side] * rng.uniform(0.6, 2.5), rng.uniform(1.0, 3.0), rng.uniform(0.6, 2.0)])
        target = performer.to_world(far)
        arm = pointing(performer, side, far)
        performer.act(0.85, f"person points with the {side} hand", "point", arms={side: arm}, look=target)
        performer.pause(float(rng.uniform(0.4, 1.0)))
        performer.rest(f"person lowers the {side} arm", side)


def applaud(stage: Stage, performer: Performer) -> None:
    """Clap the hands."""
    _show(stage, performer)
    rng = stage.rng
    chest = np.array([0.0, 0.62, -0.28]) * performer.build.arm
    shoulders = performer.shoulders()
    middle = (shoulders["left"] + shoulders["right"]) / 2 + chest

    def hands(gap_m: float) -> dict[Side, Arm]:
        return carried(performer, palms(performer, middle, gap_m, along=(-0.35, 0.75, 0.65), squeeze_m=0.0))

    performer.act(0.8, "person raises both hands", "raise", arms=hands(0.13), look=stage.eye)
    with performer.one_action("person claps", "clap"):
        for _ in range(int(rng.integers(5, 10))):
            performer.act(0.17, arms=hands(0.008), pause=(0, 0), straight=True)
            performer.act(0.19, arms=hands(float(rng.uniform(0.10, 0.16))), pause=(0, 0.03), straight=True)
    performer.pause(0.15)
    performer.rest("person lowers both hands")


def talk(stage: Stage, performer: Performer) -> None:
    """Talk with the hands: gestures in front of the body, each with some beats (McNeill, Hand and Mind, 1992)."""
    _show(stage, performer, (0.0, 1.1))
    rng = stage.rng
    for _ in range(int(rng.integers(2, 4))):
        hands: tuple[tuple[Side, ...], ...] = (SIDES, ("left",), ("right",))
        sides = hands[int(rng.integers(3))]
        which = "both hands" if len(sides) == 2 else f"the {sides[0]} hand"

        def gesture(sides: tuple[Side, ...]) -> dict[Side, Arm]:
            offset = (float(rng.uniform(-0.15, 0.35)), float(rng.uniform(0.50, 0.72)), float(rng.uniform(-0.55, -0.15)))
            along = (float(rng.uniform(-0.7, 0.1)), 0.9, float(rng.uniform(0.0, 0.6)))
            back = (float(rng.uniform(0.2, 0.9)), 0.1, float(rng.uniform(-0.8, 0.4)))
            return {
                side: against_shoulder(performer, side, offset, along, back, curled(float(rng.uniform(0, 0.35))))
                for side in sides
            }

        performer.act(0.75, f"person raises {which}", "raise", arms=gesture(sides), look=stage.eye)
        with performer.one_action(f"person gestures with {which}", "gesture"):
            for _ in range(int(rng.integers(2, 5))):
                performer.act(float(rng.uniform(0.35, 0.6)), arms=gesture(sides), pause=(0.0, 0.12))
        performer.pause(0.15)
        performer.rest(f"person lowers {which}", *sides)
        performer.pause(float(rng.uniform(0.0, 0.5)))


def phone_call(stage: Stage, performer: Performer) -> None:
    """Take a phone out of a pocket, hold it to the ear, put it away."""
    _show(stage, performer, (0.0, 1.2))
    rng = stage.rng
    side = handy(performer)
    build, out = performer.build, OUT[side]
    hip = np.array([out * (build.hip_half + 0.042 * build.girth), 0.02, -0.08])
    phone = stage.put("phone", (0, 0, 0))
    grasp = grasp_of("wrap", 0.022)
    pelvis = performer.upright[:2]
    pocket_point = np.array([pelvis[0], pelvis[1], build.hip_m]) + hip
    at_pocket = holding(performer, side, grasp, pocket_point, (0.0, 0.15, -1.0), (1.0, 0.1, 0.0))
    # In the pocket the phone is where the hand will close around it.
    performer.act(0.75, f"person reaches into a pocket with the {side} hand", "reach", "phone", arms={side: at_pocket})
    wrist, axes = performer.pose(performer.arms[side].time_s).frame(f"{side}_hand")
    centre = grasp.mirrored(side).centre * build.hand
    # Along the fingers, the screen towards the palm.
    turn = np.column_stack([axes[:, 0], -axes[:, 2], axes[:, 1]])
    position = wrist + axes @ centre - turn @ np.array([0, 0, 0.076])
    origin, frame = performer.pose(performer.arms[side].time_s).frame("pelvis")
    phone.lie_in(performer, "pelvis", frame.T @ (position - origin), frame.T @ turn)
    phone.take(performer, side, at_s=performer.arms[side].time_s)
    performer.touch(phone.noun)
    ear = mouth(performer) + np.array([out * 0.082, -0.062, 0.022]) * build.head
    at_ear = holding(performer, side, grasp, ear, (-0.1, -0.6, 0.75), (1.0, 0.25, 0.0), 0.7)
    at_ear = carried(performer, {side: at_ear})
    performer.act(1.1, "person raises the phone to the ear", "raise", "phone", arms=at_ear)
    if rng.random() < 0.4:
        try:
            goal = stage.stroll(performer, 0.8, 1.8)
            performer.walk([goal], stage.facing(goal, (0.0, 0.9)), "person walks with the phone at the ear", "walk", "phone")
        except NoFloorError:
            pass
    other = OTHER[side]
    for _ in range(int(rng.integers(1, 3))):
        performer.pause(float(rng.uniform(0.3, 1.0)))
        arm = against_shoulder(
            performer,
            other,
            (float(rng.uniform(0, 0.3)), 0.55, float(rng.uniform(-0.5, -0.3))),
            (-0.4, 0.9, 0.2),
            (0.4, 0, -0.8),
            curled(0.2),
        )
        performer.act(0.7, f"person gestures with the {other} hand", "gesture", arms={other: arm})
    performer.rest(f"person lowers the {other} hand", other)
    performer.pause(float(rng.uniform(0.2, 0.8)))
    performer.act(1.0, "person puts the phone back into the pocket", "put away", "phone", arms={side: at_pocket})
    performer.untouch(phone.noun)
    phone.stay_on(performer, "pelvis", at_s=performer.arms[side].time_s)
    performer.rest(f"person lowers the {side} hand", side)


def bow(stage: Stage, performer: Performer) -> None:
    """Bow to the camera."""
    _show(stage, performer)
    trunk = performer.balanced(performer.upright + np.array([0, 0, 0, 0.55, 0.35, 0, 0]))
    performer.act(1.0, "person bows", "bow", trunk=trunk)
    performer.pause(float(stage.rng.uniform(0.1, 0.5)))
    performer.act(1.0, "person straightens up", "straighten", trunk=performer.upright)


def dance(stage: Stage, performer: Performer) -> None:
    """Steps to the side with swinging arms."""
    _show(stage, performer)
    rng = stage.rng
    beat = float(rng.uniform(0.48, 0.6))
    lead: Side = "left" if rng.random() < 0.5 else "right"
    for k in range(int(rng.integers(4, 7))):
        side = lead if k % 2 == 0 else OTHER[lead]
        high = float(rng.uniform(-0.1, 0.55))
        arms: dict[Side, Arm] = {
            side: against_shoulder(performer, side, (0.65, 0.35, high), (0.4, 0.3, 0.9), (0.3, -0.9, 0.2), curled(0.3)),
            OTHER[side]: against_shoulder(
                performer, OTHER[side], (0.10, 0.55, -0.45), (-0.7, 0.6, 0.2), (0.4, 0.8, 0.4), curled(0.3)
            ),
        }
        performer.shift(side, 0.26 * performer.build.height_m / 1.74, beat, f"person dances to the {side}", arms)
    performer.rest("person lowers both arms")
