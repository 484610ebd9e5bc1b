"""The task family: what lies on the table, how it is asked for, which atomic actions do it, and when it is done.

Both embodiments, the robot and a wearer's hands, carry out the same plan of a task instance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.robot import things as th
from humannet_assets.simulator.robot.things import COLORS, Kind, Thing

PLACED_M = 0.045
"""A placed thing lies at most this far (horizontally) from the middle of what it was put on: within a bowl or plate."""
LIFTED_M = 0.05
OPENED_M = 0.06
UPRIGHT = 0.95
"""Cosine of the tilt a carried tray may have: 18 degrees."""


@dataclass(frozen=True)
class Grasp:
    """Where a gripper takes a thing: offset in its frame (metres), closing direction, opening before and after (metres)."""

    offset: tuple[float, float, float]
    yaw_rad: float = 0.0
    opening_m: float = 0.07
    closing_m: float = 0.0
    symmetric: bool = False


@dataclass(frozen=True)
class Action:
    """One atomic action. `carry` moves the thing's origin to `onto`'s origin plus `goal`, or by `goal` when `onto` is ''.

    `release` opens by what the grasp says and goes home.
    """

    kind: Literal["reach", "carry", "release"]
    sides: tuple[Side, ...]
    thing: str
    text: str
    verb: str
    grasps: Mapping[Side, Grasp] = field(default_factory=dict)
    onto: str = ""
    goal: tuple[float, float, float] = (0.0, 0.0, 0.0)
    lift_m: float = 0.0
    level: bool = False


@dataclass
class SceneState:
    """Physics state success is judged by: poses (4, 4) by thing, who touches what, drawer openings (metres)."""

    poses: dict[str, Matrix]
    touching: frozenset[tuple[str, str]] = frozenset()
    openings: dict[str, float] = field(default_factory=dict)

    def at(self, name: str) -> np.ndarray:
        """Position of a thing, (3,)."""
        return self.poses[name][:3, 3]

    def held(self, name: str) -> bool:
        """Whether a gripper touches it."""
        return any((side, name) in self.touching for side in ("left", "right"))


@dataclass
class Instance:
    """A task with everything drawn: things and their places, the instruction, the plan and what counts as done."""

    task: str
    instruction: str
    things: list[Thing]
    plan: list[Action]
    success: Callable[[SceneState], bool]


@dataclass(frozen=True)
class Task:
    """A member of the family. `draw` makes an instance from a generator."""

    name: str
    bimanual: bool
    horizon_s: float
    templates: tuple[str, ...]
    draw: Callable[[Task, np.random.Generator], Instance]


class UnknownTaskError(ValueError):
    """No task of that name; the message lists the names."""


def _tone(rng: np.random.Generator, color: str) -> th.Color:
    red, green, blue = np.clip(np.asarray(COLORS[color]) * rng.uniform(0.85, 1.12) + rng.uniform(-0.03, 0.03, 3), 0.02, 1)
    return (float(red), float(green), float(blue))


def _thing(rng: np.random.Generator, color: str, kind: Kind, **more: object) -> Thing:
    return replace(Thing(f"{color}_{kind}", kind, color, (0.0, 0.0), tone=_tone(rng, color)), **more)  # pyright: ignore[reportArgumentType]


def _colors(rng: np.random.Generator, count: int) -> list[str]:
    return [str(name) for name in rng.permutation(list(COLORS))[:count]]


GAP_M = 0.05
"""Free space between things: an open gripper's finger goes down in it."""


def _scatter(rng: np.random.Generator, near: Sequence[Thing], rest: Sequence[Thing], side: float) -> list[Thing]:
    """Put `near` within one arm's reach and the rest anywhere, apart from each other."""
    for _ in range(2000):
        placed: list[Thing] = []
        for thing in (*near, *rest):
            low, high = (-0.06, 0.27) if thing in near else (-0.29, 0.29)
            for _ in range(40):
                x, y = rng.uniform(low, high) * (side if thing in near else 1), rng.uniform(0.22, 0.42)
                if all(math.dist((x, y), o.position) > thing.radius_m + o.radius_m + GAP_M for o in placed):
                    yaw = float(rng.uniform(-0.6, 0.6))
                    placed.append(replace(thing, position=(float(x), float(y)), yaw_rad=yaw))
                    break
        if len(placed) == len(near) + len(rest):
            return placed
    raise RuntimeError("the things do not fit on the table; ask for fewer")


def _side(rng: np.random.Generator) -> tuple[Side, float]:
    return ("right", 1.0) if rng.random() < 0.5 else ("left", -1.0)


def _say(rng: np.random.Generator, task: Task, **words: str) -> str:
    return task.templates[int(rng.integers(len(task.templates)))].format(**words)


_BLOCK_GRASP = Grasp((0, 0, 0.02), symmetric=True)


def _pick_place(side: Side, thing: Thing, onto: Thing, height: float, how: str, grasp: Grasp = _BLOCK_GRASP) -> list[Action]:
    a = (side,)
    name = thing.noun
    return [
        Action("reach", a, thing.name, f"{side} hand picks up the {name}", "pick up", {side: grasp}),
        Action(
            "carry",
            a,
            thing.name,
            f"{side} hand puts the {name} {how} the {onto.noun}",
            "put",
            {},
            onto.name,
            (0, 0, height),
            0.11,
        ),
        Action("release", a, thing.name, f"{side} hand lets go of the {name}", "release", {side: grasp}),
    ]


def _near(state: SceneState, thing: str, goal: str, height: float, slack: float = 0.02) -> bool:
    gap = state.at(thing) - state.at(goal)
    return bool(np.hypot(gap[0], gap[1]) < PLACED_M and abs(gap[2] - height) < slack and not state.held(thing))


def _placing(kind: Kind, target: Kind, drop: float, rest: float, how: str) -> Callable[[Task, np.random.Generator], Instance]:
    def draw(task: Task, rng: np.random.Generator) -> Instance:
        side, sign = _side(rng)
        a, b, c, d = _colors(rng, 4)
        thing, goal = _thing(rng, a, kind), _thing(rng, c, target)
        others = [_thing(rng, b, kind), _thing(rng, d, target)]
        grasp = Grasp((0, 0, 0.05), symmetric=True, opening_m=0.08) if kind == "cup" else _BLOCK_GRASP
        plan = _pick_place(side, thing, goal, drop, how, grasp)
        return Instance(
            task.name, _say(rng, task, a=thing.noun, b=goal.noun), _scatter(rng, [thing, goal], others, sign), plan,
            lambda state: _near(state, thing.name, goal.name, rest),
        )  # fmt: skip

    return draw


def _push(task: Task, rng: np.random.Generator) -> Instance:
    side, sign = _side(rng)
    a, b, c = _colors(rng, 3)
    angle = float(rng.uniform(-0.6, 0.6))
    way = np.array([math.sin(angle), math.cos(angle)])
    start = np.array([sign * rng.uniform(0.06, 0.22), rng.uniform(0.22, 0.26)])
    end = start + way * rng.uniform(0.13, 0.16)
    # The block faces the push, so that both finger tips touch it.
    block = _thing(rng, a, "block", position=tuple(start), yaw_rad=-angle)
    mark = _thing(rng, c, "mark", position=tuple(end))
    other = _thing(rng, b, "block", position=(-sign * float(rng.uniform(0.08, 0.25)), float(rng.uniform(0.24, 0.4))))
    gap = 0.012
    grasp = Grasp((0, -(th.BLOCK_M / 2 + 0.011 + gap), 0.02), opening_m=0.024, closing_m=0.024)
    goal = (*((end - start) + way * gap), 0.0)
    plan = [
        Action("reach", (side,), block.name, f"{side} hand reaches for the {block.noun}", "reach", {side: grasp}),
        Action("carry", (side,), block.name, f"{side} hand pushes the {block.noun} to the {mark.noun}", "push", {}, "", goal),
        Action("release", (side,), block.name, f"{side} hand leaves the {block.noun}", "release", {side: grasp}),
    ]
    text = _say(rng, task, a=block.noun, b=mark.noun)
    return Instance(task.name, text, [block, mark, other], plan, lambda s: _near(s, block.name, mark.name, 0.0))


def _handover(task: Task, rng: np.random.Generator) -> Instance:
    a, c = _colors(rng, 2)
    giver, taker = ("left", "right") if rng.random() < 0.5 else ("right", "left")
    sign = 1.0 if taker == "right" else -1.0
    bar = _thing(rng, a, "bar", position=(-sign * float(rng.uniform(0.16, 0.22)), float(rng.uniform(0.25, 0.36))),
                 yaw_rad=float(rng.uniform(-0.2, 0.2)))  # fmt: skip
    plate = _thing(rng, c, "plate", position=(sign * float(rng.uniform(0.17, 0.26)), float(rng.uniform(0.24, 0.38))))
    give: Side = "left" if giver == "left" else "right"
    take: Side = "right" if giver == "left" else "left"
    first = Grasp((-sign * 0.052, 0, 0.018), math.pi / 2)
    second = Grasp((sign * 0.052, 0, 0.018), math.pi / 2)
    meet = (-bar.position[0], 0.30 - bar.position[1], 0.10)
    plan = [
        Action("reach", (give,), bar.name, f"{give} hand picks up the {bar.noun}", "pick up", {give: first}),
        Action("carry", (give,), bar.name, f"{give} hand brings the {bar.noun} to the middle", "bring", {}, "", meet),
        Action("reach", (take,), bar.name, f"{take} hand takes the {bar.noun}", "take", {take: second}),
        Action("release", (give,), bar.name, f"{give} hand lets go of the {bar.noun}", "release", {give: first}),
        Action(
            "carry",
            (take,),
            bar.name,
            f"{take} hand puts the {bar.noun} on the {plate.noun}",
            "put",
            {},
            plate.name,
            (0, 0, 0.012),
            0.04,
        ),
        Action("release", (take,), bar.name, f"{take} hand lets go of the {bar.noun}", "release", {take: second}),
    ]
    text = _say(rng, task, a=bar.noun, b=plate.noun, g=give, t=take)
    return Instance(task.name, text, [bar, plate], plan, lambda s: _near(s, bar.name, plate.name, th.PLATE_HEIGHT_M))


def _lift_tray(task: Task, rng: np.random.Generator) -> Instance:
    a, c = _colors(rng, 2)
    x, y = float(rng.uniform(-0.04, 0.04)), float(rng.uniform(0.26, 0.36))
    tray = _thing(rng, a, "tray", position=(x, y), yaw_rad=float(rng.uniform(-0.1, 0.1)))
    spot = (x + float(rng.uniform(-0.04, 0.04)), y + float(rng.uniform(-0.03, 0.03)))
    block = _thing(rng, c, "block", position=spot, base_m=0.007)
    edge = th.TRAY_M[0] / 2 - 0.006
    grasps: dict[Side, Grasp] = {
        "left": Grasp((-edge, 0, 0.028), opening_m=0.045),
        "right": Grasp((edge, 0, 0.028), opening_m=0.045),
    }
    both: tuple[Side, ...] = ("left", "right")
    plan = [
        Action("reach", both, tray.name, f"both hands take the {tray.noun}", "take", grasps),
        Action("carry", both, tray.name, f"both hands lift the {tray.noun}", "lift", {}, "", (0, 0, 0.10)),
    ]

    def success(state: SceneState) -> bool:
        pose = state.poses[tray.name]
        on_tray = np.linalg.norm((state.at(block.name) - pose[:3, 3])[:2]) < 0.12 and state.at(block.name)[2] > LIFTED_M
        both_hold = all((side, tray.name) in state.touching for side in both)
        return bool(pose[2, 3] > LIFTED_M and pose[2, 2] > UPRIGHT and on_tray and both_hold)

    return Instance(task.name, _say(rng, task, a=tray.noun), [tray, block], plan, success)


def _open_drawer(task: Task, rng: np.random.Generator) -> Instance:
    a, b = _colors(rng, 2)
    side, sign = _side(rng)
    drawers = [
        _thing(rng, color, "drawer", position=(s * float(rng.uniform(0.15, 0.22)), float(rng.uniform(0.42, 0.45))))
        for color, s in ((a, sign), (b, -sign))
    ]
    name, noun = drawers[0].name, drawers[0].noun
    reach = -th.DRAWER_M[1] / 2 - th.HANDLE_OFFSET_M
    grasp = Grasp((0, reach, th.HANDLE_HEIGHT_M), math.pi / 2, opening_m=0.036)
    plan = [
        Action("reach", (side,), name, f"{side} hand takes the handle of the {noun}", "take", {side: grasp}),
        Action("carry", (side,), name, f"{side} hand pulls the {noun} open", "open", {}, "", (0, -0.085, 0)),
        Action("release", (side,), name, f"{side} hand lets go of the {noun}", "release", {side: grasp}),
    ]
    other = drawers[1].name
    return Instance(
        task.name, _say(rng, task, a=noun), drawers, plan,
        lambda s: s.openings[name] > OPENED_M and s.openings[other] < OPENED_M / 3,
    )  # fmt: skip


_STACK = ("stack the {a} on the {b}", "put the {a} on top of the {b}", "place the {a} onto the {b}")
_ON = ("put the {a} on the {b}", "place the {a} on the {b}", "set the {a} down on the {b}", "move the {a} to the {b}")
_TASKS = (
    Task(
        "block_in_bowl",
        False,
        8.0,
        ("put the {a} into the {b}", "place the {a} in the {b}", "drop the {a} into the {b}"),
        _placing("block", "bowl", 0.055, 0.008, "into"),
    ),
    Task("stack_blocks", False, 8.0, _STACK, _placing("block", "block", th.BLOCK_M + 0.004, th.BLOCK_M, "on")),
    Task("block_on_plate", False, 8.0, _ON, _placing("block", "plate", th.PLATE_HEIGHT_M + 0.005, th.PLATE_HEIGHT_M, "on")),
    Task("cup_on_plate", False, 8.0, _ON, _placing("cup", "plate", th.PLATE_HEIGHT_M + 0.005, th.PLATE_HEIGHT_M, "on")),
    Task(
        "push_to_mark",
        False,
        8.0,
        ("push the {a} to the {b}", "slide the {a} onto the {b}", "push the {a} over to the {b}"),
        _push,
    ),
    Task(
        "handover",
        True,
        14.0,
        (
            "hand the {a} over from the {g} to the {t} and put it on the {b}",
            "pass the {a} to the {t} hand and place it on the {b}",
        ),
        _handover,
    ),
    Task(
        "lift_tray",
        True,
        6.0,
        ("lift the {a} with both hands", "pick up the {a} using both hands", "raise the {a} with both hands"),
        _lift_tray,
    ),
    Task("open_drawer", False, 8.0, ("open the {a}", "pull the {a} open", "slide the {a} out"), _open_drawer),
)
TASKS: dict[str, Task] = {task.name: task for task in _TASKS}


def get_task(name: str) -> Task:
    """The task of that name; raises `UnknownTaskError`."""
    if name not in TASKS:
        raise UnknownTaskError(f"there is no task {name!r}; choose one of {', '.join(TASKS)}")
    return TASKS[name]
