"""What people do with things on a table: each activity is a chain of atomic actions in a `Choreography`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.wearer.body import OUT, SIDES, HandPose
from humannet_assets.simulator.wearer.choreography import Choreography, Thing

Vector = npt.NDArray[np.float64]

_X_M, _Y_M = 0.27, (0.48, 0.62)
"""Where things are put: to either side and ahead."""

OTHER: Mapping[Side, Side] = {"left": "right", "right": "left"}


class NoPlaceError(RuntimeError):
    """The station is too full for another thing."""


def free_spot(
    work: Choreography, radius_m: float, *, but: Sequence[Thing] = (), x: tuple[float, float] = (-_X_M, _X_M),
    y: tuple[float, float] = _Y_M, gap_m: float = 0.025,
) -> Vector:  # fmt: skip
    """A place (3,) on the surface where something of that radius touches nothing else."""
    others = [
        (work.where(thing)[0], thing.prop.item.radius_m)
        for thing in work.things.values()
        if thing not in but and thing.on is None
    ]
    for _ in range(200):
        spot = np.array([work.rng.uniform(*x), work.rng.uniform(*y), 0.0])
        if all(np.linalg.norm(spot[:2] - position[:2]) > radius_m + other + gap_m for position, other in others):
            return spot
    raise NoPlaceError(f"no free place with a radius of {radius_m} m")


def hand_for(work: Choreography, thing: Thing) -> Side:
    """The hand on the thing's side takes it; in the middle the preferred one."""
    x = float(work.where(thing)[0][0])
    if abs(x) < 0.06:
        return work.wearer.preferred
    return "right" if x > 0 else "left"


def _reachable(side: Side) -> tuple[float, float]:
    """Where along x a hand puts things down."""
    return (-0.10, _X_M) if side == "right" else (-_X_M, 0.10)


def _towards(before: Vector, after: Vector) -> str:
    sideways, ahead = float(after[0] - before[0]), float(after[1] - before[1])
    if abs(sideways) >= abs(ahead):
        return "to the right" if sideways > 0 else "to the left"
    return "away" if ahead > 0 else "closer"


def move_thing(work: Choreography, thing: Thing, side: Side | None = None) -> None:
    """Take a thing, put it somewhere else, once or twice, return."""
    side = side or hand_for(work, thing)
    goals = [
        free_spot(work, thing.prop.item.radius_m, but=[thing], x=_reachable(side))
        for _ in range(1 + int(work.rng.random() < 0.35))
    ]
    work.reach(side, thing)
    for goal in goals:
        before = work.where(thing)[0]
        verb = "slides" if work.rng.random() < 0.15 else "moves"
        lift = 0.0 if verb == "slides" else float(work.rng.uniform(0.04, 0.09))
        text = f"{side} hand {verb} the {thing.prop.noun} {_towards(before, goal)}"
        work.carry(side, thing, goal, text, verb.removesuffix("s"), lift=lift)
    work.release(side, thing)
    work.back(side)


def move_each(work: Choreography, *things: Thing, side: Side | None = None) -> None:
    """Move one thing after the other."""
    for thing in things:
        move_thing(work, thing, side)


def lift_thing(work: Choreography, thing: Thing, side: Side | None = None) -> None:
    """Take a thing, lift it to look at it, put it down."""
    side = side or hand_for(work, thing)
    goal = free_spot(work, thing.prop.item.radius_m, but=[thing], x=_reachable(side))
    work.reach(side, thing)
    base = work.where(thing)[0]
    high = base + (-0.03 * OUT[side], -0.05, work.rng.uniform(0.08, 0.13))
    work.carry(side, thing, high, f"{side} hand lifts the {thing.prop.noun}", "lift", lift=0.0)
    work.pause(float(work.rng.uniform(0.1, 0.7)))
    work.carry(side, thing, goal, f"{side} hand puts down the {thing.prop.noun}", "put down", lift=0.02)
    work.release(side, thing)
    work.back(side)


def pour(work: Choreography, source: Thing, into: Thing, side: Side | None = None) -> None:
    """Tilt a bottle or cup over a bowl or cup. The hand turns inwards, so the vessel stands on its inner side."""
    side = side or hand_for(work, source)
    item = source.prop.item
    base = work.where(source)[0]
    work.reach(side, source, base + (0, 0, 0.45 * item.height_m), kind="wrap")
    target = work.where(into)[0]
    rim = np.array([0.0, 0.0, item.height_m])
    over = target + (0.03 * OUT[side], 0.0, into.prop.item.height_m + 0.045)
    upright = target + (OUT[side] * (0.07 + item.height_m * 0.5), -0.01, into.prop.item.height_m + 0.03)
    held = work.hand(side).supination
    text = f"{side} hand brings the {source.prop.noun} to the {into.prop.noun}"
    work.carry(side, source, upright, text, "move", lift=0.03)
    text = f"{side} hand pours from the {source.prop.noun} into the {into.prop.noun}"
    tilt = float(work.rng.uniform(1.25, 1.6))
    work.carry(side, source, over, text, "pour", lift=0.0, supination=held - tilt, keep_yaw=True, anchor=rim)
    work.pause(float(work.rng.uniform(0.3, 1.2)))
    work.carry(
        side,
        source,
        upright,
        f"{side} hand turns the {source.prop.noun} upright",
        "tilt",
        lift=0.0,
        supination=held,
        keep_yaw=True,
    )
    work.carry(side, source, base, f"{side} hand puts down the {source.prop.noun}", "put down", lift=0.03)
    work.release(side, source)
    work.back(side)


def open_and_close(work: Choreography, thing: Thing, side: Side | None = None) -> None:
    """Open a box or a drawer by its handle, perhaps close it again."""
    side = side or hand_for(work, thing)
    joint = thing.prop.item.opening
    if joint is None:
        raise ValueError(f"the {thing.prop.noun} does not open")
    opened = float(thing.opened.position[0]) > 0.5
    for _ in range(1 + int(work.rng.random() < 0.6)):
        position, axes = work.where(thing)
        share = float(thing.opened.position[0])
        handle = position + axes @ joint.moved(joint.handle, np.eye(3), share)[0]
        work.take_handle(side, thing, handle)
        verb = "close" if opened else "open"
        work.swing(
            side,
            thing,
            0.0 if opened else float(work.rng.uniform(0.75, 1.0)),
            f"{side} hand {verb}s the {thing.prop.noun}",
            verb,
        )
        work.end_contact(side, thing)
        work.back(side)
        opened = not opened


def unscrew(work: Choreography, jar: Thing, lid: Thing, side: Side | None = None) -> None:
    """Hold a jar with one hand, take its lid off with the other, put it aside; then the other way round."""
    side = side or work.wearer.preferred
    other = OTHER[side]
    position = work.where(jar)[0]
    goal = free_spot(work, lid.prop.item.radius_m, x=_reachable(side))
    if other not in work.absent:
        work.reach(other, jar, position + (0, 0, 0.3 * jar.prop.item.height_m))
    work.reach(side, lid)
    lid.on = None
    before = work.where(lid)[0]
    work.carry(
        side,
        lid,
        before + (0.02 * OUT[side], -0.02, 0.06),
        f"{side} hand opens the {jar.prop.noun}",
        "open",
        noun=jar.prop.noun,
        lift=0.0,
    )
    work.carry(side, lid, goal, f"{side} hand puts the lid of the {jar.prop.noun} aside", "put down", noun=lid.prop.noun)
    work.release(side, lid)
    work.back(side)
    if work.rng.random() < 0.6:
        work.reach(side, lid)
        work.carry(side, lid, before, f"{side} hand closes the {jar.prop.noun}", "close", noun=jar.prop.noun)
        work.release(side, lid)
        work.back(side)
    if other not in work.absent:
        work.release(other, jar)
        work.back(other)


def wipe(work: Choreography, cloth: Thing, side: Side | None = None) -> None:
    """Wipe the surface with a cloth to and fro."""
    side = side or hand_for(work, cloth)
    work.reach(side, cloth)
    low, high = _reachable(side)
    to_high = float(work.where(cloth)[0][0]) < (low + high) / 2
    for _ in range(int(work.rng.integers(2, 5))):
        before = work.where(cloth)[0]
        x = (high if to_high else low) + float(work.rng.uniform(-0.05, 0.05))
        goal = np.array([x, work.rng.uniform(0.46, 0.56), 0.0])
        text = f"{side} hand wipes {_towards(before, goal)} with the {cloth.prop.noun}"
        work.carry(side, cloth, goal, text, "wipe", lift=0.0)
        to_high = not to_high
    work.release(side, cloth)
    work.back(side)


def stack(work: Choreography, thing: Thing, base: Thing, side: Side | None = None) -> None:
    """Put a block on another."""
    side = side or hand_for(work, thing)
    work.reach(side, thing)
    goal = work.where(base)[0] + (0, 0, base.prop.item.height_m)
    text = f"{side} hand stacks the {thing.prop.noun} on the {base.prop.noun}"
    work.carry(side, thing, goal, text, "stack", lift=0.08)
    work.release(side, thing)
    thing.settled = base.settled = True
    work.back(side)


def push(work: Choreography, thing: Thing, side: Side | None = None) -> None:
    """Push a flat thing over the surface with the whole hand."""
    side = side or hand_for(work, thing)
    work.reach(side, thing)
    before = work.where(thing)[0]
    goal = before.copy()
    goal[0] = float(work.rng.uniform(*_reachable(side)))
    goal[1] = float(np.clip(before[1] + work.rng.choice((-0.07, 0.07)), 0.47, 0.6))
    work.carry(side, thing, goal, f"{side} hand pushes the {thing.prop.noun} {_towards(before, goal)}", "push", lift=0.0)
    work.release(side, thing)
    work.back(side)


def press(work: Choreography, button: Thing, side: Side | None = None) -> None:
    """Press a button with the index finger, a few times."""
    side = side or hand_for(work, button)
    work.take_handle(side, button, work.where(button)[0] + button.prop.item.grasp)
    for _ in range(int(work.rng.integers(1, 4))):
        work.swing(side, button, 1.0, f"{side} hand presses the {button.prop.noun}", "press")
        work.swing(side, button, 0.0, f"{side} hand lets go of the {button.prop.noun}", "let go")
    work.end_contact(side, button)
    work.back(side)


def stir(work: Choreography, spoon: Thing, bowl: Thing, side: Side | None = None) -> None:
    """Take a spoon, stir in a bowl, put the spoon down."""
    side = side or hand_for(work, spoon)
    work.reach(side, spoon)
    base = work.where(spoon)[0]
    centre = work.where(bowl)[0] + (0, 0, bowl.prop.item.height_m + 0.004)
    tip = np.array([0.0, 0.07, 0.0])
    held = work.hand(side).pitch
    text = f"{side} hand brings the {spoon.prop.noun} to the {bowl.prop.noun}"
    rim = 0.028
    work.carry(side, spoon, centre + (rim, 0, 0), text, "move", lift=0.05, anchor=tip, pitch=held - 0.15)
    for _ in range(int(work.rng.integers(1, 3))):
        pose, turns = work.hand(side), int(work.rng.integers(2, 4))

        def circle(share: float, pose: HandPose = pose, turns: int = turns) -> Vector:
            angle = 2 * math.pi * turns * share
            way = np.array([rim * (math.cos(angle) - 1), rim * math.sin(angle), 0.0])
            return replace(pose, wrist=pose.wrist + way).vector()

        text = f"{side} hand stirs in the {bowl.prop.noun} with the {spoon.prop.noun}"
        work.go(side, pose, 0.75 * turns * work.tempo, text, "stir", bowl.prop.noun, curve=circle, look=centre)
    work.carry(side, spoon, base, f"{side} hand puts down the {spoon.prop.noun}", "put down", lift=0.05, pitch=held)
    work.release(side, spoon)
    work.back(side)


def hand_over(work: Choreography, thing: Thing, side: Side | None = None) -> None:
    """One hand passes a thing to the other, which puts it down."""
    side = side or hand_for(work, thing)
    other = OTHER[side]
    beside = (0.06, _X_M) if other == "right" else (-_X_M, -0.06)
    goal = free_spot(work, thing.prop.item.radius_m, but=[thing], x=beside)
    work.reach(side, thing)
    middle = np.array([0.035 * OUT[side], 0.44, 0.10])
    work.carry(side, thing, middle, f"{side} hand brings the {thing.prop.noun} to the {other} hand", "move", lift=0.02)
    work.reach(other, thing)
    given = thing.holds[-2]
    thing.holds[-2] = replace(given, end_s=work.paths[other].time_s)
    work.end_contact(side, thing)
    work.back(side)
    text = f"{other} hand puts down the {thing.prop.noun}"
    work.carry(other, thing, goal, text, "put down", lift=0.02)
    work.release(other, thing)
    work.back(other)


def carry_tray(work: Choreography, tray: Thing) -> None:
    """Both hands lift a tray with what stands on it, carry it and put it down."""
    position = work.where(tray)[0]
    points = {side: position + (tray.prop.item.radius_m * OUT[side], -0.02, tray.prop.item.grasp[2]) for side in SIDES}
    seconds = max(work.seconds(side, points[side] - (0, 0.1, 0), 0.8) for side in SIDES)
    work.together(lambda side: work.reach(side, tray, points[side], seconds=seconds))
    for _ in range(int(work.rng.integers(1, 3))):
        goal = np.array([work.rng.uniform(-0.09, 0.09), work.rng.uniform(0.52, 0.58), 0.0])
        now = work.where(tray)[0]
        way = _towards(now, goal)
        lift = float(work.rng.uniform(0.05, 0.09))
        seconds = float(work.rng.uniform(1.1, 1.6)) * work.tempo
        shift = goal - now

        def shifted(side: Side, way: str = way, shift: Vector = shift, lift: float = lift, seconds: float = seconds) -> None:
            pose = work.hand(side)
            text = f"{side} hand carries the {tray.prop.noun} {way}"
            goal_pose = replace(pose, wrist=pose.wrist + shift)
            work.go(side, goal_pose, seconds, text, "carry", tray.prop.noun, lift=lift, look=position + shift)

        work.together(shifted)
    for side in SIDES:
        work.end_contact(side, tray)
    tray.holds[-1] = replace(tray.holds[-1], end_s=work.now)
    work.together(work.back)


@dataclass(frozen=True)
class Activity:
    """An activity, the kinds of props it needs (in the order of its arguments) and how many hands."""

    act: Callable[..., None]
    kinds: tuple[tuple[str, ...], ...]
    hands: int = 1


ACTIVITIES: Mapping[str, Activity] = {
    "move": Activity(move_thing, (("cup", "bottle", "block", "plate", "bowl"),)),
    "move_cups": Activity(move_each, (("cup",), ("cup",))),
    "move_blocks": Activity(move_each, (("block",), ("block",))),
    "lift": Activity(lift_thing, (("cup", "bottle", "block"),)),
    "pour": Activity(pour, (("bottle", "cup"), ("bowl",))),
    "open": Activity(open_and_close, (("box", "drawer"),)),
    "open_drawer": Activity(open_and_close, (("drawer",),)),
    "unscrew": Activity(unscrew, (("jar",), ("lid",)), 2),
    "wipe": Activity(wipe, (("cloth",),)),
    "stack": Activity(stack, (("block",), ("block",))),
    "push": Activity(push, (("book",),)),
    "press": Activity(press, (("button",),)),
    "stir": Activity(stir, (("spoon",), ("bowl",))),
    "hand_over": Activity(hand_over, (("bottle", "plate"),), 2),
    "tray": Activity(carry_tray, (("tray",),), 2),
}  # fmt: skip
"""Everything a wearer can do at a station, by name."""
