"""Episodes as pictures: strips of frames with hand and gripper drawn on them and curves of actions below. JPEG bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from humannet_assets.figures.plots import SIDE_COLOURS, jpeg

Floats = npt.NDArray[np.float64]

_FINGERS = ((0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (5, 9, 10, 11, 12), (9, 13, 14, 15, 16), (13, 17, 18, 19, 20), (0, 17))
"""Chains of MediaPipe's 21 hand landmarks."""
_GRIPPER_COLOUR = "#ffeb3b"
_AXES = "xyz"


@dataclass(frozen=True, eq=False)
class OverlayHand:
    """A hand in a picture: landmarks (21, 2) that were seen and corners (4, 2) of its gripper, in shares of the picture."""

    side: str
    landmarks: Floats | None
    gripper: Floats | None


@dataclass(frozen=True, eq=False)
class OverlayFrame:
    """A frame; `picture` (height, width, 3) is None where it could not be decoded."""

    time_s: float
    picture: npt.NDArray[np.uint8] | None
    hands: tuple[OverlayHand, ...]


@dataclass(frozen=True, eq=False)
class EpisodePicture:
    """A strip: frames, and over time the wrists (T, 2, 3) in the first frame's camera (m) and openings (T, 2)."""

    title: str
    text: str
    frames: tuple[OverlayFrame, ...]
    times_s: Floats
    wrist: Floats
    grip: Floats


def episode_strips(episodes: Sequence[EpisodePicture]) -> bytes | None:
    """Strips below each other; None without episodes."""
    if not episodes:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.0, 3.9 * len(episodes)), layout="constrained")
    parts: Any = figure.subfigures(len(episodes), 1, squeeze=False)
    for part, episode in zip(parts.ravel(), episodes, strict=True):
        part.suptitle(f"{episode.title}\n{episode.text[:140]}", fontsize=9)
        grid = part.add_gridspec(2, len(episode.frames), height_ratios=(1.5, 1))
        for column, frame in enumerate(episode.frames):
            _draw_frame(part.add_subplot(grid[0, column]), frame)
        half = max(1, len(episode.frames) // 2)
        _draw_wrists(part.add_subplot(grid[1, :half]), episode)
        _draw_grips(part.add_subplot(grid[1, half:]), episode)
    return jpeg(figure)


def _draw_frame(axis: Any, frame: OverlayFrame) -> None:
    height, width = (180, 240) if frame.picture is None else frame.picture.shape[:2]
    size = np.array([width, height])
    axis.set_facecolor("#202020")
    if frame.picture is not None:
        axis.imshow(frame.picture)
    for hand in frame.hands:
        colour = SIDE_COLOURS[hand.side]
        if hand.landmarks is not None:
            for chain in _FINGERS:
                points = hand.landmarks[list(chain)] * size
                axis.plot(points[:, 0], points[:, 1], color=colour, linewidth=1.0, alpha=0.8)
        if hand.gripper is not None:
            corners = hand.gripper * size
            axis.plot(corners[:, 0], corners[:, 1], color=_GRIPPER_COLOUR, linewidth=2.4)
            axis.plot(corners[[0, 3], 0], corners[[0, 3], 1], "o", color=_GRIPPER_COLOUR, markersize=3)
    axis.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    axis.set_title(f"{frame.time_s:.2f} s", fontsize=7)


def _draw_wrists(axis: Any, episode: EpisodePicture) -> None:
    """How far each wrist is from where it began, centimetres."""
    for hand, side in enumerate(("left", "right")):
        path = episode.wrist[:, hand]
        known = np.isfinite(path).all(axis=1)
        if not known.any():
            continue
        shift = (path - path[np.argmax(known)]) * 100
        for dim, style in enumerate(("-", "--", ":")):
            label = f"{side} {_AXES[dim]}"
            axis.plot(episode.times_s, shift[:, dim], style, color=SIDE_COLOURS[side], linewidth=1.1, label=label)
    axis.set_title("wrist in the first frame's camera, cm from its start (x right, y down, z away)", fontsize=7)
    _finish(axis)


def _draw_grips(axis: Any, episode: EpisodePicture) -> None:
    for hand, side in enumerate(("left", "right")):
        axis.plot(episode.times_s, episode.grip[:, hand], color=SIDE_COLOURS[side], linewidth=1.3, label=side)
    axis.set_ylim(-0.05, 1.05)
    axis.set_title("grip: 0 closed, 1 open", fontsize=7)
    _finish(axis)


def _finish(axis: Any) -> None:
    axis.tick_params(labelsize=6)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=6, ncols=3, loc="best")


def measure_bars(
    measures: Mapping[str, Sequence[tuple[str, str, float, float | None, float | None]]], title: str
) -> bytes | None:
    """One panel per measure with a bar and its interval per data set; people in blue, robots in orange.

    Args:
        measures: By name of the measure (with its unit): data set, kind, value, and both ends of its interval if known.
        title: Heading.
    """
    if not measures:
        return None
    from matplotlib.figure import Figure

    columns = min(3, len(measures))
    rows = -(-len(measures) // columns)
    figure = Figure(figsize=(4.2 * columns, 2.7 * rows + 0.4), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(measures) :]:
        axis.set_axis_off()
    for axis, (name, bars) in zip(axes, measures.items(), strict=False):
        for place, (_, kind, value, low, high) in enumerate(bars):
            error = None if low is None or high is None else [[max(0.0, value - low)], [max(0.0, high - value)]]
            axis.barh(place, value, xerr=error, color="#42a5f5" if kind == "human" else "#ffa726", height=0.7)
        axis.set_yticks(range(len(bars)), [bar[0] for bar in bars], fontsize=6)
        axis.invert_yaxis()
        axis.tick_params(axis="x", labelsize=6)
        axis.set_title(name, fontsize=8)
    return jpeg(figure)
