"""Truth beside finding: skeletons on frames, spans on a time line, curves. What worst cases are drawn with.

A `Drawing` is data: it is made where the case is judged and painted where the frames are decoded.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from humannet_assets.figures.contact_sheet import BACKGROUND, JPEG_QUALITY

Role = Literal["true", "found"]
ROLE_COLOURS: Mapping[Role, tuple[int, int, int]] = {"true": (102, 220, 110), "found": (255, 112, 67)}
TEXT = (230, 230, 230)
WIDTH_PX = 480
LANE_HEIGHT_PX, CHART_HEIGHT_PX, MARGIN_PX, NAME_WIDTH_PX = 18, 110, 6, 96


@dataclass(frozen=True)
class Skeleton:
    """Points of a hand or body as shares (x, y) of the picture's width and height, and which of them a line joins."""

    points: tuple[tuple[float, float], ...]
    bones: tuple[tuple[int, int], ...]
    role: Role


@dataclass(frozen=True)
class Shown:
    """A frame of the video and what is drawn on it; `time_s` from the video's first frame."""

    time_s: float
    skeletons: tuple[Skeleton, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class Lane:
    """One line of a time line: spans (start, end) in seconds."""

    name: str
    spans: tuple[tuple[float, float], ...]
    role: Role


@dataclass(frozen=True)
class Curve:
    """One curve of a chart."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    role: Role


@dataclass(frozen=True)
class Drawing:
    """A worst case: frames side by side, then a time line over [start_s, end_s], then a chart; any part may be absent.

    `pictures` are ready-made JPEGs that take the place of frames (thumbnails of two videos, say).
    """

    shown: tuple[Shown, ...] = ()
    pictures: tuple[bytes, ...] = ()
    start_s: float = 0.0
    end_s: float = 0.0
    lanes: tuple[Lane, ...] = ()
    curves: tuple[Curve, ...] = ()
    y_label: str = ""


def skeleton(points_px: npt.ArrayLike, size_px: tuple[float, float], bones: Sequence[tuple[int, int]], role: Role) -> Skeleton:
    """A skeleton from points (n, 2) in pixels of a picture of size (width, height)."""
    shares = np.asarray(points_px, np.float64) / np.asarray(size_px, np.float64)
    return Skeleton(tuple((round(float(x), 4), round(float(y), 4)) for x, y in shares), tuple(bones), role)


def paint(drawing: Drawing, frames: Sequence[npt.NDArray[np.uint8] | None]) -> bytes | None:
    """The drawing as JPEG bytes; None when there is nothing to see.

    Args:
        drawing: What to draw.
        frames: RGB pictures (height, width, 3) of `drawing.shown`, in order; None for one that could not be decoded.
    """
    parts = [part for part in (_row(drawing, frames), _timeline(drawing), _chart(drawing)) if part is not None]
    if not parts:
        return None
    sheet = Image.new("RGB", (WIDTH_PX, sum(part.height for part in parts)), BACKGROUND)
    top = 0
    for part in parts:
        sheet.paste(part, (0, top))
        top += part.height
    buffer = io.BytesIO()
    # Colour at half resolution would wash out lines two pixels wide.
    sheet.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def _font(size: int = 11) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=size)


def _row(drawing: Drawing, frames: Sequence[npt.NDArray[np.uint8] | None]) -> Image.Image | None:
    """The pictures side by side, scaled to one width."""
    tiles = [
        (Image.fromarray(frame), shown) for frame, shown in zip(frames, drawing.shown, strict=True) if frame is not None
    ] + [(Image.open(io.BytesIO(jpeg)).convert("RGB"), Shown(0.0)) for jpeg in drawing.pictures]
    if not tiles:
        return None
    width = WIDTH_PX // len(tiles)
    tallest = max(picture.height / picture.width for picture, _ in tiles)
    # Portrait pictures would make a tower: no tile is taller than wide.
    height = round(width * min(tallest, 1.0))
    row = Image.new("RGB", (WIDTH_PX, height), BACKGROUND)
    for index, (picture, shown) in enumerate(tiles):
        scale = min(width / picture.width, height / picture.height)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        tile = picture.resize(size, Image.Resampling.BILINEAR)
        draw = ImageDraw.Draw(tile)
        for item in shown.skeletons:
            _draw_skeleton(draw, item, size)
        if shown.caption:
            draw.text((3, 1), shown.caption, fill=TEXT, font=_font(), stroke_width=1, stroke_fill=(0, 0, 0))
        row.paste(tile, (index * width + (width - size[0]) // 2, (height - size[1]) // 2))
    return row


def _draw_skeleton(draw: ImageDraw.ImageDraw, item: Skeleton, size: tuple[int, int]) -> None:
    places = [(x * size[0], y * size[1]) for x, y in item.points]
    colour = ROLE_COLOURS[item.role]
    for a, b in item.bones:
        draw.line((*places[a], *places[b]), fill=colour, width=2)
    for x, y in places:
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)


def _timeline(drawing: Drawing) -> Image.Image | None:
    """One bar per span, one line per lane; ticks at whole seconds."""
    if not drawing.lanes or drawing.end_s <= drawing.start_s:
        return None
    picture = Image.new("RGB", (WIDTH_PX, len(drawing.lanes) * LANE_HEIGHT_PX + LANE_HEIGHT_PX), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    scale = (WIDTH_PX - NAME_WIDTH_PX - MARGIN_PX) / (drawing.end_s - drawing.start_s)
    for index, lane in enumerate(drawing.lanes):
        top = index * LANE_HEIGHT_PX
        draw.text((3, top + 2), lane.name, fill=TEXT, font=_font())
        for start, end in lane.spans:
            left, right = (NAME_WIDTH_PX + (min(max(t, drawing.start_s), drawing.end_s) - drawing.start_s) * scale
                           for t in (start, end))  # fmt: skip
            draw.rectangle(
                (left, top + 3, max(right, left + 1), top + LANE_HEIGHT_PX - 3),
                fill=ROLE_COLOURS[lane.role],
                outline=BACKGROUND,
            )
    bottom = len(drawing.lanes) * LANE_HEIGHT_PX
    for second in range(int(np.ceil(drawing.start_s)), int(drawing.end_s) + 1):
        x = NAME_WIDTH_PX + (second - drawing.start_s) * scale
        draw.line((x, 0, x, bottom), fill=(70, 74, 80))
        draw.text((x + 2, bottom + 2), f"{second} s", fill=TEXT, font=_font(9))
    return picture


def _chart(drawing: Drawing) -> Image.Image | None:
    """Curves over a common x axis in seconds, both axes from the data."""
    drawn = [curve for curve in drawing.curves if len(curve.x) > 1]
    if not drawn:
        return None
    picture = Image.new("RGB", (WIDTH_PX, CHART_HEIGHT_PX), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    x_low, x_high = min(min(c.x) for c in drawn), max(max(c.x) for c in drawn)
    y_low, y_high = min(min(c.y) for c in drawn), max(max(c.y) for c in drawn)
    left, right, top, bottom = 40, WIDTH_PX - MARGIN_PX, 16, CHART_HEIGHT_PX - 16
    x_scale = (right - left) / max(x_high - x_low, 1e-9)
    y_scale = (bottom - top) / max(y_high - y_low, 1e-9)
    for curve in drawn:
        line = [(left + (x - x_low) * x_scale, bottom - (y - y_low) * y_scale) for x, y in zip(curve.x, curve.y, strict=True)]
        draw.line(line, fill=ROLE_COLOURS[curve.role], width=2)
    draw.text((3, 1), drawing.y_label, fill=TEXT, font=_font())
    draw.text((3, top - 2), f"{y_high:.1f}", fill=TEXT, font=_font(9))
    draw.text((3, bottom - 10), f"{y_low:.1f}", fill=TEXT, font=_font(9))
    draw.text((left, bottom + 2), f"{x_low:.1f} s", fill=TEXT, font=_font(9))
    draw.text((right - 30, bottom + 2), f"{x_high:.1f} s", fill=TEXT, font=_font(9))
    return picture
