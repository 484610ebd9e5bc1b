"""Where things are put before a task begins: colours, sides and places drawn so that everything can be reached."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.robot.things import COLORS, Kind, Thing

GAP_M = 0.05
"""Free space between things: an open gripper's finger goes down in it."""

_NEAR_X_M, _ANY_X_M, _Y_M = (-0.06, 0.27), (-0.29, 0.29), (0.22, 0.42)
"""What one arm reaches on its side (and a little beyond the middle), what both reach together, and ahead."""
_TURN_RAD = 0.6
_TRIES = 200
"""Tables that are begun anew; of 1,600 instances none took more than 4."""


class CrowdedTableError(RuntimeError):
    """The things do not fit on the table with gaps between them."""


def some_side(rng: np.random.Generator) -> tuple[Side, float]:
    """A side and which way along x it lies."""
    return ("right", 1.0) if rng.random() < 0.5 else ("left", -1.0)


def colors(rng: np.random.Generator, count: int) -> list[str]:
    """That many different colours."""
    return [str(name) for name in rng.permutation(list(COLORS))[:count]]


def placed_thing(
    rng: np.random.Generator, color: str, kind: Kind, position: tuple[float, float] = (0.0, 0.0), *, yaw: float = 0.0
) -> Thing:
    """A thing of a colour (its tone is drawn) at a place, turned by at most `yaw` radians."""
    tone = np.clip(np.asarray(COLORS[color]) * rng.uniform(0.85, 1.12) + rng.uniform(-0.03, 0.03, 3), 0.02, 1)
    red, green, blue = (float(value) for value in tone)
    turn = float(rng.uniform(-yaw, yaw)) if yaw else 0.0
    return Thing(f"{color}_{kind}", kind, color, position, turn, tone=(red, green, blue))


def scatter(rng: np.random.Generator, near: Sequence[Thing], rest: Sequence[Thing], side: float) -> list[Thing]:
    """Put `near` within reach of the arm on that side (-1 left, 1 right) and the rest anywhere, apart from each other.

    Raises:
        CrowdedTableError: They do not fit.
    """
    for _ in range(_TRIES):
        placed: list[Thing] = []
        for thing in (*near, *rest):
            low, high = _NEAR_X_M if thing in near else _ANY_X_M
            for _ in range(40):
                x, y = rng.uniform(low, high) * (side if thing in near else 1), rng.uniform(*_Y_M)
                if all(math.dist((x, y), o.position) > thing.radius_m + o.radius_m + GAP_M for o in placed):
                    yaw = float(rng.uniform(-_TURN_RAD, _TURN_RAD))
                    placed.append(replace(thing, position=(float(x), float(y)), yaw_rad=yaw))
                    break
        if len(placed) == len(near) + len(rest):
            return placed
    raise CrowdedTableError(f"{len(near) + len(rest)} things do not fit on the table; ask for fewer")
