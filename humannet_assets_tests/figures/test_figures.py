"""Pictures are real JPEGs of the right size that show what they should."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from humannet_assets.figures import plots
from humannet_assets.figures.contact_sheet import FRAME_COLOURS, GAP_PX, TILE_WIDTH_PX, Tile, contact_sheet, spread


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (320, 240)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def opened(data: bytes | None) -> Image.Image:
    assert data is not None
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_sheet_shows_pictures_frames_and_gaps() -> None:
    tiles = [
        Tile(jpeg((200, 30, 30)), "a long caption that must wrap over two lines at least", "kept"),
        Tile(None, "nothing", "failed"),
    ]
    sheet = opened(contact_sheet(tiles, columns=6))
    assert sheet.width == 2 * (TILE_WIDTH_PX + GAP_PX) + GAP_PX
    middle = sheet.getpixel((GAP_PX + TILE_WIDTH_PX // 2, GAP_PX + 75))
    assert np.abs(np.subtract(middle, (200, 30, 30))).max() < 12
    edge = sheet.getpixel((GAP_PX, GAP_PX + 40))
    assert np.abs(np.subtract(edge, FRAME_COLOURS["kept"])).max() < 60
    assert contact_sheet([]) is None


@pytest.mark.parametrize("count", [0, 1, 5, 24, 100])
def test_spread_keeps_first_and_last(count: int) -> None:
    tiles = [Tile(None, str(i)) for i in range(count)]
    chosen = [tile.caption for tile in spread(tiles, 24)]
    assert len(chosen) == min(count, 24)
    if count:
        assert (chosen[0], chosen[-1]) == ("0", str(count - 1))


def test_plots_are_drawn_or_none() -> None:
    track = {
        "landmarks_px": np.random.default_rng(0).uniform(0, 200, (9, 42)).tolist(),
        "image_width": 320,
        "image_height": 240,
        "label": "left",
    }
    assert opened(plots.track_paths({"clip": [track]}, 0, "wrists")).width > 100
    bar = {"actor": "left_hand", "level": "atomic", "start_s": 0.0, "end_s": 1.0, "is_idle": False}
    assert opened(plots.segment_timelines({"clip": [bar]}, "segments")).width > 100
    camera = {"times_s": [0.0, 0.1], "rotvec": [[0, 0, 0], [0, 0.1, 0]]}
    assert opened(plots.rotation_curves({"clip": camera}, "rotation")).width > 100
    assert plots.track_paths({}, 0, "x") is plots.segment_timelines({}, "x") is plots.rotation_curves({}, "x") is None
