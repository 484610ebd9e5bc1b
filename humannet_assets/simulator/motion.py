"""How things move: rest-to-rest motions with known boundaries.

A `Path` is a sequence of rests and moves; a move follows the minimum-jerk profile, whose speed is zero at both ends, so its
boundaries are exactly the minima of speed that segmentation looks for (VITRA's atomic segments, PAPERS).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


def minimum_jerk(progress: float) -> float:
    """Share of the way covered after that share of the time, 0..1, with zero speed and acceleration at both ends."""
    s = min(max(progress, 0.0), 1.0)
    return s**3 * (10 - 15 * s + 6 * s * s)


@dataclass(frozen=True)
class Move:
    """A motion from one rest to the next. `lift` raises its middle; `text` is None for what is not an action.

    `verb` and `target` say what is done to what (see `sidecar.Segment`). `curve` gives the position for a share of the way
    (0..1) where the way is not straight: an arc around a hinge, circles of a spoon. It begins at `origin` and ends at `goal`.
    """

    start_s: float
    end_s: float
    origin: Vector
    goal: Vector
    lift: float = 0.0
    text: str | None = None
    verb: str = ""
    target: str = ""
    curve: Callable[[float], Vector] | None = None

    def at(self, time_s: float) -> Vector:
        """Position at a time; before and after the motion its ends."""
        share = minimum_jerk((time_s - self.start_s) / (self.end_s - self.start_s))
        value = self.origin + (self.goal - self.origin) * share if self.curve is None else self.curve(share)
        if self.lift:
            value = value.copy()
            value[2] += self.lift * 4 * share * (1 - share)
        return value


@dataclass
class Path:
    """A point (any dimension; the third coordinate is up) that rests and moves. Built by chaining `rest` and `move`."""

    position: Vector
    time_s: float = 0.0
    moves: list[Move] = field(default_factory=list)

    def rest(self, seconds: float) -> Path:
        """Stay."""
        self.time_s += seconds
        return self

    def move(
        self,
        goal: npt.ArrayLike,
        seconds: float,
        text: str | None = None,
        lift: float = 0.0,
        *,
        verb: str = "",
        target: str = "",
        curve: Callable[[float], Vector] | None = None,
    ) -> Path:
        """Go to `goal` in `seconds`, rest to rest; see `Move` for the rest."""
        end = np.asarray(goal, np.float64)
        self.moves.append(Move(self.time_s, self.time_s + seconds, self.position, end, lift, text, verb, target, curve))
        self.position = end
        self.time_s += seconds
        return self

    def at(self, time_s: float) -> Vector:
        """Where it is at a time."""
        if not self.moves:
            return self.position
        latest = bisect_right(self.moves, time_s, key=lambda move: move.start_s) - 1
        return self.moves[latest].at(time_s) if latest >= 0 else self.moves[0].origin
