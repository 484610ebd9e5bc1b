"""Plots of tracks and segments as JPEG bytes. Matplotlib is imported when a plot is drawn."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE_COLOURS = {"left": "#42a5f5", "right": "#ef5350", "body": "#66bb6a"}
MOST_PANELS = 8


def jpeg(figure: Figure) -> bytes:
    """A figure as JPEG bytes, cut to what is drawn."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="jpeg", dpi=80, bbox_inches="tight")
    return buffer.getvalue()


def _grid(count: int, title: str) -> tuple[Figure, list[Any]]:
    from matplotlib.figure import Figure

    columns = min(count, 4)
    rows = -(-count // columns)
    figure = Figure(figsize=(3.2 * columns, 2.5 * rows + 0.4), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(rows, columns, squeeze=False)
    flat = list(axes.ravel())
    for axis in flat[count:]:
        axis.set_axis_off()
    return figure, flat


def track_paths(tracks: Mapping[str, Sequence[Mapping[str, Any]]], point: int, title: str) -> bytes | None:
    """Paths of one landmark through each clip's picture.

    Args:
        tracks: Per clip: rows with landmarks_px (list of flat (u, v) pairs per frame), image_width, image_height, label, and
            perhaps thumbnail (JPEG bytes), over which the paths are then drawn.
        point: Which landmark: 0 is the wrist of a hand, 0 the nose of a body.
        title: Heading.
    """
    shown = dict(list(tracks.items())[:MOST_PANELS])
    if not shown:
        return None
    figure, axes = _grid(len(shown), title)
    for axis, (clip_id, rows) in zip(axes, shown.items(), strict=False):
        for row in rows:
            path = np.asarray(row["landmarks_px"], dtype=float)[:, 2 * point : 2 * point + 2]
            axis.plot(
                path[:, 0], path[:, 1], color=SIDE_COLOURS.get(row["label"], "#66bb6a"), label=row["label"], linewidth=1.5
            )
            axis.plot(*path[-1], "o", color=SIDE_COLOURS.get(row["label"], "#66bb6a"), markersize=4)
        width, height = rows[0]["image_width"], rows[0]["image_height"]
        if rows[0].get("thumbnail"):
            picture = np.asarray(Image.open(io.BytesIO(rows[0]["thumbnail"])).convert("RGB"))
            axis.imshow(picture, extent=(0, width, height, 0), alpha=0.6)
        axis.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[], aspect="equal")
        axis.set_title(clip_id[:8], fontsize=8)
        axis.legend(fontsize=6, loc="upper right")
    return jpeg(figure)


def segment_timelines(clips: Mapping[str, Sequence[Mapping[str, Any]]], title: str) -> bytes | None:
    """Bars of atomic segments per actor over time; idle ones pale.

    Args:
        clips: Per clip: segment rows with actor, level, start_s, end_s, is_idle.
        title: Heading.
    """
    shown = dict(list(clips.items())[:MOST_PANELS])
    if not shown:
        return None
    figure, axes = _grid(len(shown), title)
    for axis, (clip_id, rows) in zip(axes, shown.items(), strict=False):
        lanes = sorted({f"{row['actor']} {row['level']}" for row in rows})
        for row in rows:
            lane = lanes.index(f"{row['actor']} {row['level']}")
            colour = SIDE_COLOURS.get(str(row["actor"]).removesuffix("_hand"), "#ffa726")
            axis.barh(lane, row["end_s"] - row["start_s"], left=row["start_s"], color=colour, edgecolor="white",
                      alpha=0.3 if row["is_idle"] else 1.0)  # fmt: skip
        axis.set_yticks(range(len(lanes)), lanes, fontsize=6)
        axis.tick_params(axis="x", labelsize=6)
        axis.set_title(f"{clip_id[:8]}  (seconds)", fontsize=8)
    return jpeg(figure)


def rotation_curves(clips: Mapping[str, Mapping[str, Any]], title: str) -> bytes | None:
    """Angle of the camera against the clip's first frame over time.

    Args:
        clips: Per clip: a row with times_s and rotvec (list of 3 radians per frame).
        title: Heading.
    """
    shown = dict(list(clips.items())[: 2 * MOST_PANELS])
    if not shown:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    axis = figure.subplots()
    for clip_id, row in shown.items():
        angle = np.rad2deg(np.linalg.norm(np.asarray(row["rotvec"], dtype=float), axis=-1))
        times = np.asarray(row["times_s"], dtype=float)
        axis.plot(times - times[0], angle, linewidth=1, label=clip_id[:8])
    axis.set(xlabel="seconds into the clip", ylabel="rotation, degrees", title=title)
    axis.legend(fontsize=6, ncols=4)
    return jpeg(figure)


def camera_paths(cameras: Sequence[Mapping[str, Any]], title: str) -> bytes | None:
    """Where cameras went, seen from above.

    Args:
        cameras: Rows with world and position_m (list of x, y, z per frame, metres, z up).
        title: Heading.
    """
    if not cameras:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    axis = figure.subplots()
    for row in cameras:
        path = np.asarray(row["position_m"], dtype=float)
        (line,) = axis.plot(path[:, 0], path[:, 1], linewidth=1, label=row["world"] or row["camera_id"][:8])
        axis.plot(*path[0, :2], "o", color=line.get_color(), markersize=4)
    axis.set(xlabel="x, m", ylabel="y, m", title=title, aspect="equal")
    axis.legend(fontsize=6, ncols=2)
    return jpeg(figure)
