"""The task family: a table of tasks, and how an instance of each is drawn.

Judging is by the physical state alone, so that no plan has to be followed to succeed.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.robot import things as th
from humannet_assets.simulator.robot.instance import (
    Action,
    Drawn,
    Grasp,
    HandGrasp,
    Instance,
    Offset,
    SceneState,
    Task,
    UnknownTaskError,
)  # fmt: skip
from humannet_assets.simulator.robot.placement import colors, placed_thing, scatter, some_side
from humannet_assets.simulator.robot.things import Kind, Thing
from humannet_assets.simulator.wearer.body import OUT, SIDES

PLACED_M = 0.045
"""A placed thing lies at most this far (horizontally) from the middle of what it was put on: within a bowl or plate."""
PLACED_HEIGHT_M = 0.02
"""And at most this far from the height it rests at."""
LIFTED_M = 0.05
OPENED_M, CLOSED_M = 0.06, 0.015
UPRIGHT = 0.95
"""Cosine of the tilt a carried tray may have: 18 degrees."""

_PUSH_GAP_M, _FINGER_M = 0.012, 0.011
"""A pushing gripper starts this far behind the thing; half the thickness of its fingers."""


def draw_instance(task: str, seed: int) -> Instance:
    """The instance of a task that belongs to a seed, for either embodiment.

    Raises:
        UnknownTaskError: There is no such task.
    """
    kind = get_task(task)
    rng = instance_rng(task, seed, "instance")
    drawn = kind.draw(rng)
    text = kind.templates[int(rng.integers(len(kind.templates)))].format(**drawn.words)
    return Instance(kind, seed, text, drawn.things, drawn.plan, drawn.success)


def instance_rng(task: str, seed: int, purpose: str) -> np.random.Generator:
    """The generator of one purpose (`instance`, `look`, `expert`, `wearer`) of an instance."""
    return np.random.default_rng([seed, zlib.crc32(task.encode()), zlib.crc32(purpose.encode())])


def get_task(name: str) -> Task:
    """The task of that name; raises `UnknownTaskError`."""
    if name not in TASKS:
        raise UnknownTaskError(f"there is no task {name!r}; choose one of {', '.join(TASKS)}")
    return TASKS[name]


def _rests(state: SceneState, thing: str, goal: str, height: float, slack: float = PLACED_HEIGHT_M) -> bool:
    """Whether a thing lies let go of on (or in) another."""
    gap = state.at(thing) - state.at(goal)
    near = np.hypot(gap[0], gap[1]) < PLACED_M and abs(gap[2] - height) < slack
    return bool(near) and not state.held(thing)


_BLOCK = Grasp((0, 0, 0.02), HandGrasp("pinch", th.BLOCK_M / 2, (0, 0, 0.024)), symmetric=True)
_CUP = Grasp((0, 0, 0.05), HandGrasp("pinch", th.CUP_RADIUS_M, (0, 0, 0.052)), opening_m=0.08, symmetric=True)


@dataclass(frozen=True)
class _Place:
    """Putting a thing of a kind onto (or into) a target: the height it rests at, and how far above it is let go."""

    kind: Kind
    target: Kind
    how: str
    rest_m: float
    drop_m: float
    grasp: Grasp = _BLOCK

    def plan(self, side: Side, thing: Thing, goal: Thing) -> list[Action]:
        sides: tuple[Side] = (side,)
        noun = thing.noun
        return [
            Action("reach", sides, thing.name, f"{side} hand picks up the {noun}", "pick up", {side: self.grasp}),
            Action(
                "carry", sides, thing.name, f"{side} hand puts the {noun} {self.how} the {goal.noun}", "put", onto=goal.name,
                goal=(0, 0, self.rest_m), clearance=(0, 0, self.drop_m), lift_m=0.11,
            ),
            Action("release", sides, thing.name, f"{side} hand lets go of the {noun}", "release", {side: self.grasp}),
        ]  # fmt: skip

    def __call__(self, rng: np.random.Generator) -> Drawn:
        side, sign = some_side(rng)
        a, b, c, d = colors(rng, 4)
        wanted = [placed_thing(rng, a, self.kind), placed_thing(rng, c, self.target)]
        others = [placed_thing(rng, b, self.kind), placed_thing(rng, d, self.target)]
        thing, goal, *rest = scatter(rng, wanted, others, sign)
        return Drawn(
            {"a": thing.noun, "b": goal.noun}, (thing, goal, *rest), tuple(self.plan(side, thing, goal)),
            lambda state: _rests(state, thing.name, goal.name, self.rest_m),
        )  # fmt: skip


_IN_BOWL = _Place("block", "bowl", "into", 0.006, 0.049)
_BLOCK_ON_PLATE = _Place("block", "plate", "on", th.PLATE_HEIGHT_M, 0.005)


def _blocks_in_bowl(rng: np.random.Generator) -> Drawn:
    """One block after the other, each by the hand on its side, into a bowl in the middle."""
    a, b, c = colors(rng, 3)
    bowl = placed_thing(rng, c, "bowl", (float(rng.uniform(-0.03, 0.03)), float(rng.uniform(0.28, 0.36))))
    first: Side = some_side(rng)[0]
    order: tuple[Side, Side] = (first, "right" if first == "left" else "left")
    blocks = [
        placed_thing(rng, color, "block", (OUT[side] * float(rng.uniform(0.13, 0.24)), float(rng.uniform(0.24, 0.40))), yaw=0.3)
        for color, side in zip((a, b), order, strict=True)
    ]
    # Blocks that are dropped onto each other need room: each to its own side of the middle.
    plan: list[Action] = []
    for block, side in zip(blocks, order, strict=True):
        shift = (OUT[side] * 0.026, 0.0, 0.0)
        plan += [
            replace(action, goal=_plus(action.goal, shift)) if action.kind == "carry" else action
            for action in _IN_BOWL.plan(side, block, bowl)
        ]

    def success(state: SceneState) -> bool:
        # One may lean on the other, but its foot is below the rim.
        rim = th.BOWL_HEIGHT_M - _IN_BOWL.rest_m
        return all(_rests(state, block.name, bowl.name, _IN_BOWL.rest_m, rim) for block in blocks)

    return Drawn({"a": blocks[0].noun, "b": blocks[1].noun, "c": bowl.noun}, (*blocks, bowl), tuple(plan), success)


def _push(rng: np.random.Generator) -> Drawn:
    side, sign = some_side(rng)
    a, b, c = colors(rng, 3)
    angle = float(rng.uniform(-0.6, 0.6))
    way = np.array([math.sin(angle), math.cos(angle)])
    start = np.array([sign * rng.uniform(0.06, 0.22), rng.uniform(0.22, 0.26)])
    end = start + way * rng.uniform(0.13, 0.16)
    # The block faces the push, so that both finger tips touch it.
    block = replace(placed_thing(rng, a, "block", _pair(start)), yaw_rad=-angle)
    mark = placed_thing(rng, c, "mark", _pair(end))
    other = placed_thing(rng, b, "block", (-sign * float(rng.uniform(0.08, 0.25)), float(rng.uniform(0.24, 0.4))))
    behind = -(th.BLOCK_M / 2 + _FINGER_M + _PUSH_GAP_M)
    hand = HandGrasp("point", 0.0, (0, -th.BLOCK_M / 2 - 0.004, 0.022))
    grasp = Grasp((0, behind, 0.02), hand, opening_m=0.024, closing_m=0.024)
    clearance = (*_pair(way * _PUSH_GAP_M), 0.0)
    plan = (
        Action("reach", (side,), block.name, f"{side} hand reaches for the {block.noun}", "reach", {side: grasp}),
        Action(
            "carry", (side,), block.name, f"{side} hand pushes the {block.noun} to the {mark.noun}", "push", onto=mark.name,
            clearance=clearance,
        ),
        Action("release", (side,), block.name, f"{side} hand leaves the {block.noun}", "release", {side: grasp}),
    )  # fmt: skip
    return Drawn({"a": block.noun, "b": mark.noun}, (block, mark, other), plan, lambda s: _rests(s, block.name, mark.name, 0.0))


def _handover(rng: np.random.Generator) -> Drawn:
    a, c = colors(rng, 2)
    take, sign = some_side(rng)
    give: Side = "left" if take == "right" else "right"
    bar = placed_thing(rng, a, "bar", (-sign * float(rng.uniform(0.16, 0.22)), float(rng.uniform(0.25, 0.36))), yaw=0.2)
    plate = placed_thing(rng, c, "plate", (sign * float(rng.uniform(0.17, 0.26)), float(rng.uniform(0.24, 0.38))))
    end, hand = 0.052, th.BAR_M[1] / 2
    first = Grasp((-sign * end, 0, 0.018), HandGrasp("pinch", hand, (-sign * (end + 0.01), 0, 0.02)), math.pi / 2)
    second = Grasp((sign * end, 0, 0.018), HandGrasp("pinch", hand, (sign * (end + 0.01), 0, 0.02)), math.pi / 2)
    meet = (-bar.position[0], 0.30 - bar.position[1], 0.10)
    plan = (
        Action("reach", (give,), bar.name, f"{give} hand picks up the {bar.noun}", "pick up", {give: first}),
        Action("carry", (give,), bar.name, f"{give} hand brings the {bar.noun} to the middle", "bring", goal=meet),
        Action("reach", (take,), bar.name, f"{take} hand takes the {bar.noun}", "take", {take: second}),
        Action("release", (give,), bar.name, f"{give} hand lets go of the {bar.noun}", "release", {give: first}),
        Action(
            "carry", (take,), bar.name, f"{take} hand puts the {bar.noun} on the {plate.noun}", "put", onto=plate.name,
            goal=(0, 0, th.PLATE_HEIGHT_M), clearance=(0, 0, 0.004), lift_m=0.04,
        ),
        Action("release", (take,), bar.name, f"{take} hand lets go of the {bar.noun}", "release", {take: second}),
    )  # fmt: skip
    words = {"a": bar.noun, "b": plate.noun, "g": give, "t": take}
    return Drawn(words, (bar, plate), plan, lambda s: _rests(s, bar.name, plate.name, th.PLATE_HEIGHT_M))


def _lift_tray(rng: np.random.Generator) -> Drawn:
    a, c = colors(rng, 2)
    x, y = float(rng.uniform(-0.04, 0.04)), float(rng.uniform(0.26, 0.36))
    tray = placed_thing(rng, a, "tray", (x, y), yaw=0.1)
    spot = (x + float(rng.uniform(-0.04, 0.04)), y + float(rng.uniform(-0.03, 0.03)))
    block = replace(placed_thing(rng, c, "block", spot), base_m=th.TRAY_FLOOR_M + 0.001)
    edge, top = th.TRAY_M[0] / 2 - 0.006, th.TRAY_M[2]
    grasps: dict[Side, Grasp] = {
        side: Grasp((OUT[side] * edge, 0, 0.028), HandGrasp("pinch", 0.008, (OUT[side] * edge, 0, top)), opening_m=0.045)
        for side in SIDES
    }
    plan = (
        Action("reach", SIDES, tray.name, f"both hands take the {tray.noun}", "take", grasps),
        Action("carry", SIDES, tray.name, f"both hands lift the {tray.noun}", "lift", goal=(0, 0, 0.10)),
    )

    def success(state: SceneState) -> bool:
        pose = state.poses[tray.name]
        on_tray = np.linalg.norm((state.at(block.name) - pose[:3, 3])[:2]) < 0.12 and state.at(block.name)[2] > LIFTED_M
        both_hold = all((side, tray.name) in state.touching for side in SIDES)
        return bool(pose[2, 3] > LIFTED_M and pose[2, 2] > UPRIGHT and on_tray and both_hold)

    return Drawn({"a": tray.noun}, (tray, block), plan, success)


@dataclass(frozen=True)
class _Drawer:
    """Opening a closed drawer, or closing one that was left open; another one beside it must stay as it is."""

    opens: bool

    def __call__(self, rng: np.random.Generator) -> Drawn:
        a, b = colors(rng, 2)
        side, sign = some_side(rng)
        out = 0.0 if self.opens else float(rng.uniform(0.07, 0.095))
        drawers = [
            replace(placed_thing(rng, color, "drawer", (s * float(rng.uniform(0.15, 0.22)), float(rng.uniform(0.42, 0.45)))),
                    opened_m=out)
            for color, s in ((a, sign), (b, -sign))
        ]  # fmt: skip
        thing, other = drawers
        handle = (0.0, th.HANDLE_Y_M, th.HANDLE_HEIGHT_M)
        hand = HandGrasp("pinch", th.HANDLE_RADIUS_M, handle)
        if self.opens:
            verb, way, text = "open", -0.085, f"{side} hand pulls the {thing.noun} open"
            grasp, clearance = Grasp(handle, hand, math.pi / 2, opening_m=0.036), 0.0
        else:
            verb, way, text = "close", out, f"{side} hand pushes the {thing.noun} shut"
            behind = th.HANDLE_RADIUS_M + _FINGER_M + _PUSH_GAP_M
            grasp = Grasp(_plus(handle, (0, -behind, 0)), hand, opening_m=0.024, closing_m=0.024)
            clearance = _PUSH_GAP_M
        plan = (
            Action("reach", (side,), thing.name, f"{side} hand takes the handle of the {thing.noun}", "take", {side: grasp}),
            Action("slide", (side,), thing.name, text, verb, goal=(0, way, 0), clearance=(0, clearance, 0)),
            Action("release", (side,), thing.name, f"{side} hand lets go of the {thing.noun}", "release", {side: grasp}),
        )

        def success(state: SceneState) -> bool:
            opened = state.openings[thing.name]
            kept = abs(state.openings[other.name] - out) < CLOSED_M
            return kept and (opened > OPENED_M if self.opens else opened < CLOSED_M)

        return Drawn({"a": thing.noun}, tuple(drawers), plan, success)


def _pair(values: np.ndarray) -> tuple[float, float]:
    return (float(values[0]), float(values[1]))


def _plus(first: Offset, second: Offset) -> Offset:
    x, y, z = (a + b for a, b in zip(first, second, strict=True))
    return (x, y, z)


_INTO = ("put the {a} into the {b}", "place the {a} in the {b}", "drop the {a} into the {b}")
_ON = ("put the {a} on the {b}", "place the {a} on the {b}", "set the {a} down on the {b}", "move the {a} to the {b}")
_STACK = ("stack the {a} on the {b}", "put the {a} on top of the {b}", "place the {a} onto the {b}")
_BOTH_INTO = (
    "put the {a} and then the {b} into the {c}",
    "clear the {a} and the {b} into the {c}, the {a} first",
    "drop first the {a}, then the {b} into the {c}",
)
_PUSH = ("push the {a} to the {b}", "slide the {a} onto the {b}", "push the {a} over to the {b}")
_HAND_OVER = (
    "hand the {a} over from the {g} to the {t} and put it on the {b}",
    "pass the {a} to the {t} hand and place it on the {b}",
    "give the {a} to the {t} hand, then put it on the {b}",
)
_LIFT = ("lift the {a} with both hands", "pick up the {a} using both hands", "raise the {a} with both hands")
_OPEN = ("open the {a}", "pull the {a} open", "slide the {a} out")
_CLOSE = ("close the {a}", "push the {a} shut", "slide the {a} in")

_FAMILY: Sequence[Task] = (
    Task("block_in_bowl", 8.0, _INTO, _IN_BOWL),
    Task("block_on_plate", 8.0, _ON, _BLOCK_ON_PLATE),
    Task("cup_on_plate", 8.0, _ON, _Place("cup", "plate", "on", th.PLATE_HEIGHT_M, 0.005, _CUP)),
    Task("stack_blocks", 8.0, _STACK, _Place("block", "block", "on", th.BLOCK_M, 0.004)),
    Task("push_to_mark", 8.0, _PUSH, _push),
    Task("open_drawer", 8.0, _OPEN, _Drawer(opens=True)),
    Task("close_drawer", 8.0, _CLOSE, _Drawer(opens=False)),
    Task("lift_tray", 6.0, _LIFT, _lift_tray, bimanual=True),
    Task("handover", 14.0, _HAND_OVER, _handover, bimanual=True),
    Task("blocks_in_bowl", 16.0, _BOTH_INTO, _blocks_in_bowl, bimanual=True),
)
TASKS: dict[str, Task] = {task.name: task for task in _FAMILY}
"""The family by name, from short to long."""
