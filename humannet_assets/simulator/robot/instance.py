"""What a task instance is: things on the table, an instruction, a plan of atomic actions, and when it is done.

Both embodiments, the robot and a wearer's hands, carry out the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.robot.things import Thing
from humannet_assets.simulator.wearer.grasps import GraspKind

Offset = tuple[float, float, float]


@dataclass(frozen=True)
class HandGrasp:
    """How a wearer's hand takes a thing: kind, half of the width it closes around (metres), where (thing's frame, metres)."""

    kind: GraspKind
    radius_m: float
    at: Offset


@dataclass(frozen=True)
class Grasp:
    """Where a gripper takes a thing: offset in its frame (metres), closing direction, opening before and after (metres).

    A `symmetric` thing may be taken a quarter turn further on. `hand` is how a wearer takes it.
    """

    offset: Offset
    hand: HandGrasp
    yaw_rad: float = 0.0
    opening_m: float = 0.07
    closing_m: float = 0.0
    symmetric: bool = False


@dataclass(frozen=True)
class Action:
    """One atomic action of one or both hands on a thing.

    `reach` takes the thing by `grasps`. `carry` brings its origin to the origin of `onto` plus `goal`, or moves it by `goal`
    when `onto` is empty, on a way that rises by `lift_m`; a robot stops `clearance` away from there (what it lets go falls,
    what it pushes lies ahead). `slide` pulls what it holds along by `goal` (a drawer). `release` lets go and goes home.
    """

    kind: Literal["reach", "carry", "slide", "release"]
    sides: tuple[Side, ...]
    thing: str
    text: str
    verb: str
    grasps: Mapping[Side, Grasp] = field(default_factory=dict)
    onto: str = ""
    goal: Offset = (0.0, 0.0, 0.0)
    clearance: Offset = (0.0, 0.0, 0.0)
    lift_m: float = 0.0


@dataclass
class SceneState:
    """What success is judged by: poses (4, 4) by thing, who touches what, openings of drawers (metres)."""

    poses: dict[str, Matrix]
    touching: frozenset[tuple[str, str]] = frozenset()
    openings: dict[str, float] = field(default_factory=dict)

    def at(self, name: str) -> np.ndarray:
        """Position of a thing, (3,)."""
        return self.poses[name][:3, 3]

    def held(self, name: str) -> bool:
        """Whether a gripper or hand touches it."""
        return any((side, name) in self.touching for side in ("left", "right"))


@dataclass(frozen=True)
class Drawn:
    """What a task draws: words for its templates, things, plan, and what counts as done."""

    words: Mapping[str, str]
    things: tuple[Thing, ...]
    plan: tuple[Action, ...]
    success: Callable[[SceneState], bool]


@dataclass(frozen=True)
class Task:
    """A member of the family. `templates` are the ways it is asked for, `draw` makes an instance from a generator."""

    name: str
    horizon_s: float
    templates: tuple[str, ...]
    draw: Callable[[np.random.Generator], Drawn]
    bimanual: bool = False


@dataclass(frozen=True)
class Instance:
    """A task with everything drawn."""

    task: Task
    seed: int
    instruction: str
    things: tuple[Thing, ...]
    plan: tuple[Action, ...]
    success: Callable[[SceneState], bool]


class UnknownTaskError(ValueError):
    """No task of that name; the message lists the names."""
