"""Policies of several arms side by side, each with its controls. JPEG bytes; matplotlib is imported when drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from humannet_assets.figures.curves import duration_text
from humannet_assets.figures.plots import jpeg

_COLOURS = {
    "real": "#1565c0", "shuffled_image": "#ef6c00", "matched_image": "#ffb74d", "shuffled_text": "#8d6e63",
    "mean_action": "#757575", "zero_action": "#bdbdbd",
}  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """A figure of an arm under a condition; the ends of its interval are None where it has none."""

    arm: str
    condition: str
    value: float
    low: float | None
    high: float | None


def condition_bars(panels: Mapping[str, Sequence[Bar]], *, title: str, value: str) -> bytes | None:
    """One panel per validation group: bars of all arms, their controls beside them; None without bars.

    Args:
        panels: Bars by name of the panel.
        title: Heading.
        value: What is drawn, with its unit.
    """
    if not any(panels.values()):
        return None
    from matplotlib.figure import Figure

    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(max(5.5, 4.6 * columns), 3.1 * rows + 0.9), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    labels: dict[str, object] = {}
    for axis, (name, bars) in zip(axes, panels.items(), strict=False):
        arms = list(dict.fromkeys(bar.arm for bar in bars))
        there = [condition for condition in _COLOURS if any(bar.condition == condition for bar in bars)]
        width = 0.8 / len(there)
        for bar in bars:
            place = arms.index(bar.arm) + (there.index(bar.condition) - (len(there) - 1) / 2) * width
            drawn = axis.bar(place, bar.value, width * 0.92, color=_COLOURS[bar.condition])
            labels.setdefault(bar.condition, drawn)
            if bar.low is not None and bar.high is not None:
                axis.plot([place, place], [bar.low, bar.high], color="#212121", linewidth=1)
        axis.axhline(0, color="#212121", linewidth=0.6)
        axis.set_xticks(np.arange(len(arms)), arms, fontsize=8)
        axis.tick_params(axis="y", labelsize=7)
        axis.set_title(name, fontsize=9)
        axis.set_ylabel(value, fontsize=8)
        axis.grid(axis="y", color="#eceff1")
        axis.set_axisbelow(True)
    names = [condition for condition in _COLOURS if condition in labels]
    figure.legend([labels[name] for name in names], names, fontsize=7, ncols=len(names), loc="outside lower center")  # pyright: ignore[reportArgumentType]
    return jpeg(figure)


@dataclass(frozen=True)
class HoursFit:
    """Losses of one arm at several amounts of data, and the law fitted to them: loss = a - b ln(hours)."""

    arm: str
    hours: Sequence[float]
    losses: Sequence[float]
    a: float
    b: float


def hours_curves(fits: Sequence[HoursFit], *, title: str) -> bytes | None:
    """Loss over hours with the fitted law; None without fits."""
    if not fits:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axis = figure.subplots()
    for place, fit in enumerate(fits):
        colour = f"C{place}"
        axis.plot(fit.hours, fit.losses, "o", color=colour, markersize=4)
        span = np.geomspace(min(fit.hours), max(fit.hours), 50)
        label = f"{fit.arm}: {fit.a:.3g} {'-' if fit.b >= 0 else '+'} {abs(fit.b):.3g} ln(hours)"
        axis.plot(span, fit.a - fit.b * np.log(span), color=colour, label=label)
    axis.set_xscale("log")
    ticks = sorted({hours for fit in fits for hours in fit.hours})
    axis.set_xticks(ticks, [duration_text(hours) for hours in ticks], fontsize=8)
    axis.minorticks_off()
    axis.set(xlabel="data of the continued training", ylabel="loss on held-out episodes", title=title)
    axis.grid(color="#eceff1", which="both")
    axis.set_axisbelow(True)
    axis.legend(fontsize=8)
    return jpeg(figure)
