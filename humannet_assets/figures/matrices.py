"""Pictures of score matrices between models: heat map with dendrogram, map of models, means between groups. JPEG bytes.

Matplotlib is imported when a picture is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from humannet_assets.figures.plots import jpeg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

Floats = npt.NDArray[np.float64]

GROUP_COLOURS = ("#42a5f5", "#ef5350", "#66bb6a", "#ffa726", "#ab47bc", "#26c6da", "#8d6e63", "#d4e157", "#ec407a", "#78909c")
"""Repeated from the first on if there are more groups."""
DIAGONAL_COLOUR = "#eceff1"
MARK_COLOUR = "#d50000"
MOST_VALUES, MOST_PLACES_NAMED, MOST_ROWS_NAMED = 14, 20, 60
"""Models up to which cells carry their values, places on the map their names, and rows theirs."""
LEAST_RANGE = 0.05
"""Least span of scores the colours cover: noise should not look like structure."""


LEAST_APART = 0.25
"""Share of a colour bar from one mark's name to the next."""


def group_colours(groups: Sequence[str]) -> dict[str, str]:
    """A colour per group, by ascending name."""
    return {group: GROUP_COLOURS[place % len(GROUP_COLOURS)] for place, group in enumerate(sorted(set(groups)))}


def alignment_page(
    score: Floats,
    names: Sequence[str],
    groups: Sequence[str],
    *,
    linkage: Floats,
    coordinates: Floats,
    explained: float,
    title: str,
    value: str,
    marks: Sequence[tuple[str, float]] = (),
) -> bytes:
    """Heat map in the order of a dendrogram, and beside it a map of the models.

    Args:
        score: (n, n) symmetric, n at least 2; the diagonal is not shown.
        names: Of the models.
        groups: Of the models; they give the colours.
        linkage: (n - 1, 4) as `scipy.cluster.hierarchy` has it, of distances 1 - score.
        coordinates: (n, 2) place of each model on the map.
        explained: Share of the spread the map shows, 0..1.
        title: Heading.
        value: What the score is, for the colour bar.
        marks: Names and values of nulls and ceiling: under the heading, and on the colour bar where it reaches them.
    """
    from matplotlib.figure import Figure
    from mpl_toolkits.axes_grid1 import make_axes_locatable
    from scipy.cluster.hierarchy import dendrogram

    tree: dict[str, Any] = dendrogram(linkage, no_plot=True)
    order: list[int] = tree["leaves"]
    by_group = group_colours(groups)
    colours = [by_group[groups[index]] for index in order]
    side = min(9.0, max(4.2, 0.28 * len(names) + 1.5))
    figure = Figure(figsize=(2 * side + 1, 0.85 * side + 1))
    figure.subplots_adjust(top=0.96)
    figure.suptitle(
        "\n".join([title, " \u00b7 ".join(f"{name} {mark:.3f}" for name, mark in marks)]), y=1.01, va="bottom", fontsize=11
    )
    heat, places = figure.subplots(1, 2)
    image = _draw_cells(heat, score[np.ix_(order, order)])
    if len(names) <= MOST_ROWS_NAMED:
        heat.set_yticks(range(len(names)), [names[i] for i in order], fontsize=float(np.clip(260 / len(names), 5, 9)))
        for label, colour in zip(heat.get_yticklabels(), colours, strict=True):
            label.set_color(colour)
    beside = make_axes_locatable(heat)  # keeps tree, strip and bar as wide as the cells, which are square
    strip = beside.append_axes("bottom", size=0.08, pad=0.03)
    strip.bar(range(len(names)), 1, width=1, color=colours)
    strip.set(xlim=(-0.5, len(names) - 0.5), ylim=(0, 1), xticks=[], yticks=[])
    _draw_tree(beside.append_axes("top", size="14%", pad=0.05), tree, len(names))
    low, high = _colour_range(score[~np.eye(len(names), dtype=bool)])
    bar = figure.colorbar(image, cax=beside.append_axes("bottom", size=0.14, pad=0.25), orientation="horizontal", label=value)
    named = -np.inf
    for name, mark in sorted(marks, key=lambda item: item[1]):
        if not low <= mark <= high:
            continue
        bar.ax.axvline(mark, color=MARK_COLOUR, linewidth=1.5)
        # The heading names them all; here names would lie on each other.
        if mark - named > LEAST_APART * (high - low):
            named = mark
            bar.ax.annotate(name, (mark, 1), xycoords=("data", "axes fraction"), xytext=(0, 2), textcoords="offset points",
                            ha="center", fontsize=7, color=MARK_COLOUR)  # fmt: skip
    _draw_places(places, names, groups, coordinates)
    places.set_title(f"map of distances 1 - score ({explained:.0%} of their spread)", fontsize=9)
    return jpeg(figure)


def _colour_range(values: Floats) -> tuple[float, float]:
    """Lowest and highest value, widened to what an eye should take for a difference."""
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    spare = max(0.0, LEAST_RANGE - (high - low)) / 2
    return low - spare, high + spare


def _draw_cells(axis: Axes, cells: Floats) -> AxesImage:
    """Cells off the diagonal, coloured over their own range, with values where there is room."""
    diagonal = np.eye(len(cells), dtype=bool)
    low, high = _colour_range(cells[~diagonal])
    axis.set_facecolor(DIAGONAL_COLOUR)
    image = axis.imshow(np.ma.masked_where(diagonal | np.isnan(cells), cells), cmap="viridis", vmin=low, vmax=high)
    axis.set(xticks=[], yticks=[])
    if len(cells) <= MOST_VALUES:
        for i, j in np.argwhere(~diagonal & ~np.isnan(cells)):
            # ".93" instead of "0.93": cells are narrow.
            text = f"{cells[i, j]:.2f}".replace("0.", ".", 1)
            axis.text(j, i, text, ha="center", va="center", fontsize=7, color=_ink(float(cells[i, j]), low, high))
    return image


def _ink(value: float, low: float, high: float) -> str:
    """Colour of text on a cell."""
    return "black" if value > (low + high) / 2 else "white"


def _draw_tree(axis: Axes, tree: dict[str, Any], leaves: int) -> None:
    heights = np.array(tree["dcoord"])
    joints = heights[:, 1]
    for x, y in zip(tree["icoord"], heights, strict=True):
        axis.plot((np.array(x) - 5) / 10, y, color="#546e7a", linewidth=1)
    # The stems of the leaves, which start at 0, are cut: what tells is where they join.
    foot = max(0.0, joints.min() - max(0.3 * np.ptp(joints), 0.02))
    axis.set(xlim=(-0.5, leaves - 0.5), ylim=(foot, joints.max() + 0.1 * (joints.max() - foot)), xticks=[])
    axis.tick_params(axis="y", labelsize=6)
    axis.set_ylabel("1 - score", fontsize=7)
    axis.spines[["top", "right", "bottom"]].set_visible(False)


def _draw_places(axis: Axes, names: Sequence[str], groups: Sequence[str], coordinates: Floats) -> None:
    for group, colour in group_colours(groups).items():
        member = [index for index, its in enumerate(groups) if its == group]
        axis.scatter(*coordinates[member].T, color=colour, s=36, label=group, edgecolors="white", linewidths=0.5)
    if len(names) <= MOST_PLACES_NAMED:
        for name, place in zip(names, coordinates, strict=True):
            axis.annotate(name, place, xytext=(4, 3), textcoords="offset points", fontsize=6)
    axis.set_aspect("equal", adjustable="datalim")
    axis.margins(0.12)
    axis.tick_params(labelsize=6)
    axis.grid(color="#eceff1")
    axis.set_axisbelow(True)
    axis.legend(fontsize=7)


def block_heat_map(groups: Sequence[str], mean: Floats, pairs: npt.NDArray[np.integer], *, title: str, value: str) -> bytes:
    """Mean score between groups, each cell with its value and number of pairs.

    Args:
        groups: Names.
        mean: (groups, groups), NaN where there is no pair.
        pairs: (groups, groups) pairs of models behind each mean.
        title: Heading.
        value: What the score is.
    """
    from matplotlib.figure import Figure

    side = max(3.2, 0.9 * len(groups) + 1)
    figure = Figure(figsize=(side + 1.2, side), layout="constrained")
    axis = figure.subplots()
    low, high = _colour_range(mean)
    axis.set_facecolor(DIAGONAL_COLOUR)
    image = axis.imshow(np.ma.masked_invalid(mean), cmap="viridis", vmin=low, vmax=high)
    for i, j in np.ndindex(mean.shape):
        known = not np.isnan(mean[i, j])
        text, ink = (
            (f"{mean[i, j]:.3f}\nn={pairs[i, j]}", _ink(float(mean[i, j]), low, high)) if known else ("no pair", "black")
        )
        axis.text(j, i, text, ha="center", va="center", fontsize=8, color=ink)
    axis.set_xticks(range(len(groups)), groups, rotation=30, ha="right", fontsize=8)
    axis.set_yticks(range(len(groups)), groups, fontsize=8)
    axis.set_title(title, fontsize=10)
    figure.colorbar(image, ax=axis, label=value, shrink=0.8)
    return jpeg(figure)
