"""Curves over hours of footage, with what they must be read against. JPEG bytes; matplotlib is imported when drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from humannet_assets.figures.matrices import group_colours
from humannet_assets.figures.plots import jpeg

LEVEL_COLOUR, MARKERS = "#616161", "os^Dv<>P*X"


@dataclass(frozen=True)
class DurationCurve:
    """Scores of models trained on the first hours of one stream.

    Attributes:
        name: Life or control.
        group: Data set; gives the colour.
        hours: (durations,) ascending, above 0.
        values: (seeds, durations); NaN where a run is missing.
        control: No life: drawn dashed.
    """

    name: str
    group: str
    hours: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    control: bool = False


@dataclass(frozen=True)
class Level:
    """A null or ceiling: a horizontal line with its name."""

    name: str
    value: float


def duration_curves(curves: Sequence[DurationCurve], levels: Sequence[Level], *, title: str, value: str) -> bytes | None:
    """Score against hours of training footage: mean over seeds, a band from the lowest to the highest seed.

    Args:
        curves: Lives and controls; of one group in one colour, told apart by their marks.
        levels: Nulls and ceilings.
        title: Heading.
        value: What the score is.

    Returns:
        The picture; None without curves.
    """
    if not curves:
        return None
    from matplotlib.figure import Figure

    colours = group_colours([curve.group for curve in curves])
    figure = Figure(figsize=(8.5, 4.8), layout="constrained")
    axis = figure.subplots()
    for place, curve in enumerate(curves):
        known = ~np.isnan(curve.values).all(0)
        hours, values = curve.hours[known], curve.values[:, known]
        colour, seeds = colours[curve.group], len(values)
        label = f"{curve.name} ({'control, ' if curve.control else ''}{seeds} seed{'s' if seeds != 1 else ''})"
        axis.plot(hours, np.nanmean(values, axis=0), label=label, color=colour, linestyle="--" if curve.control else "-",
                  marker=MARKERS[place % len(MARKERS)], linewidth=1.6, markersize=4)  # fmt: skip
        axis.fill_between(hours, np.nanmin(values, axis=0), np.nanmax(values, axis=0), color=colour, alpha=0.15, linewidth=0)
    axis.set_xscale("log")
    ticks = sorted({float(hour) for curve in curves for hour in curve.hours})
    axis.set_xticks(ticks, [duration_text(hour) for hour in ticks], fontsize=8)
    axis.minorticks_off()
    for level in levels:
        axis.axhline(level.value, color=LEVEL_COLOUR, linewidth=1, linestyle=":")
    for level, height in zip(levels, _spread([level.value for level in levels], axis.get_ylim()), strict=True):
        axis.annotate(f"{level.name} {level.value:.3f}", (1.0, height), xycoords=("axes fraction", "data"), xytext=(4, 0),
                      textcoords="offset points", va="center", fontsize=7, color=LEVEL_COLOUR)  # fmt: skip
    axis.set(xlabel="footage trained on", ylabel=value, title=title)
    axis.grid(color="#eceff1")
    axis.set_axisbelow(True)
    axis.legend(fontsize=7, loc="best")
    return jpeg(figure)


def duration_text(hours: float) -> str:
    """Hours, below one minutes, below one seconds."""
    if hours * 60 < 1:
        return f"{hours * 3600:.3g} s"
    return f"{hours:g} h" if hours >= 1 else f"{hours * 60:.3g} min"


def _spread(values: Sequence[float], limits: tuple[float, float]) -> list[float]:
    """Heights of labels near their values that do not overlap, for text of a twenty-fifth of the axis."""
    step = (limits[1] - limits[0]) / 25
    order = np.argsort(values, kind="stable")
    heights = np.asarray(values, np.float64).copy()
    for below, above in pairwise(order):
        heights[above] = max(heights[above], heights[below] + step)
    return heights.tolist()


@dataclass(frozen=True)
class LossCurve:
    """Loss of one model: `steps` and `losses` (rows,); `group` gives the colour."""

    name: str
    group: str
    steps: npt.NDArray[np.integer]
    losses: npt.NDArray[np.floating]


def loss_curves(curves: Sequence[LossCurve], *, title: str) -> bytes | None:
    """Loss against optimiser steps of many models, one colour per group; None without curves."""
    if not curves:
        return None
    from matplotlib.figure import Figure

    colours = group_colours([curve.group for curve in curves])
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axis = figure.subplots()
    named: set[str] = set()
    for curve in curves:
        label = None if curve.group in named else curve.group
        named.add(curve.group)
        axis.plot(curve.steps, curve.losses, color=colours[curve.group], linewidth=1, alpha=0.8, label=label)
    axis.set(xlabel="optimiser steps", ylabel="loss", title=f"{title} ({len(curves)} models)")
    axis.grid(color="#eceff1")
    axis.set_axisbelow(True)
    axis.legend(fontsize=7)
    return jpeg(figure)
