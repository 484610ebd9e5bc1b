"""Contact sheets: many small pictures with a caption and a coloured frame each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

TILE_WIDTH_PX, TILE_HEIGHT_PX, CAPTION_HEIGHT_PX, GAP_PX = 200, 150, 30, 6
BACKGROUND = (24, 26, 30)
FRAME_COLOURS = {
    "kept": (76, 175, 80),
    "rejected": (229, 57, 53),
    "failed": (255, 160, 0),
    "ego": (66, 165, 245),
    "exo": (171, 71, 188),
    "unclear": (158, 158, 158),
}
JPEG_QUALITY = 80


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet.

    `jpeg` may be None (nothing was decoded): the tile is then drawn empty. `mark` picks the frame's colour.
    """

    jpeg: bytes | None
    caption: str
    mark: str = ""


def _wrapped(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    """Text in at most two lines that fit the tile."""
    lines: list[str] = []
    for word in text.split():
        if lines and draw.textlength(f"{lines[-1]} {word}", font=font) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines[:2])


def contact_sheet(
    tiles: Sequence[Tile], columns: int = 6, tile_px: tuple[int, int] = (TILE_WIDTH_PX, TILE_HEIGHT_PX)
) -> bytes | None:
    """Draw a sheet as JPEG bytes; None when there is nothing to show.

    Args:
        tiles: Pictures in reading order.
        columns: Tiles per row.
        tile_px: Width and height of a tile's picture.
    """
    if not tiles:
        return None
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    width, height = tile_px
    step_x, step_y = width + GAP_PX, height + CAPTION_HEIGHT_PX + GAP_PX
    sheet = Image.new("RGB", (columns * step_x + GAP_PX, rows * step_y + GAP_PX), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=11)
    for index, tile in enumerate(tiles):
        left, top = GAP_PX + (index % columns) * step_x, GAP_PX + (index // columns) * step_y
        if tile.jpeg:
            picture = Image.open(io.BytesIO(tile.jpeg)).convert("RGB")
            picture.thumbnail(tile_px)
            sheet.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))
        colour = FRAME_COLOURS.get(tile.mark, (90, 94, 100))
        draw.rectangle((left - 1, top - 1, left + width, top + height), outline=colour, width=3)
        caption = _wrapped(draw, tile.caption, font, width)
        draw.multiline_text((left, top + height + 2), caption, fill=(230, 230, 230), font=font, spacing=1)
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def spread(items: Sequence[Tile], limit: int) -> list[Tile]:
    """At most `limit` items, evenly spread over the sequence."""
    if len(items) <= limit:
        return list(items)
    return [items[round(index * (len(items) - 1) / (limit - 1))] for index in range(limit)]
