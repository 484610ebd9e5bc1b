"""Worst cases are drawn where they are: truth and finding in their colours, frames, time lines and curves."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from humannet_assets.figures.comparisons import (
    LANE_HEIGHT_PX,
    NAME_WIDTH_PX,
    ROLE_COLOURS,
    WIDTH_PX,
    Curve,
    Drawing,
    Lane,
    Role,
    Shown,
    paint,
    skeleton,
)

GREY = np.full((240, 320, 3), 90, np.uint8)


def painted(drawing: Drawing, *frames: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.int64]:
    jpeg = paint(drawing, frames)
    assert jpeg is not None
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), np.int64)


def is_drawn(picture: npt.NDArray[np.int64], role: Role) -> npt.NDArray[np.bool_]:
    return np.abs(picture - ROLE_COLOURS[role]).sum(axis=2) < 90


def test_skeletons_lie_where_the_points_are() -> None:
    true = skeleton([[32, 24], [32, 120]], (320, 240), [(0, 1)], "true")
    found = skeleton([[160, 120], [288, 120]], (320, 240), [(0, 1)], "found")
    picture = painted(Drawing(shown=(Shown(0.0, (true, found)),)), GREY)
    assert picture.shape == (WIDTH_PX * 240 // 320, WIDTH_PX, 3)
    rows, columns = np.nonzero(is_drawn(picture, "true"))
    assert np.median(columns) == 48
    assert (rows.min(), rows.max()) == (np.clip(rows.min(), 30, 38), np.clip(rows.max(), 178, 186))
    rows, columns = np.nonzero(is_drawn(picture, "found"))
    assert np.median(rows) == 180
    assert columns.min() > 230


def test_frames_stand_side_by_side_and_missing_ones_are_left_out() -> None:
    shown = (Shown(0.0), Shown(1.0), Shown(2.0))
    three = painted(Drawing(shown=shown), GREY, GREY, GREY)
    assert three.shape[0] == 120
    two = painted(Drawing(shown=shown), GREY, None, GREY)
    assert two.shape[0] == 180
    assert np.median(two) == 90
    portrait = painted(Drawing(shown=shown[:1]), np.full((400, 100, 3), 90, np.uint8))
    assert portrait.shape[0] == WIDTH_PX
    assert paint(Drawing(shown=shown), (None, None, None)) is None
    assert paint(Drawing(), ()) is None


def test_time_lines_show_spans_to_scale() -> None:
    lanes = (Lane("true", ((1.0, 2.0),), "true"), Lane("found", ((2.0, 9.0),), "found"))
    picture = painted(Drawing(start_s=0.0, end_s=4.0, lanes=lanes))
    per_second = (WIDTH_PX - NAME_WIDTH_PX) / 4
    columns = np.flatnonzero(is_drawn(picture[:LANE_HEIGHT_PX], "true").any(axis=0))
    assert abs(columns.min() - (NAME_WIDTH_PX + per_second)) < 5
    assert abs(columns.max() - (NAME_WIDTH_PX + 2 * per_second)) < 5
    columns = np.flatnonzero(is_drawn(picture[LANE_HEIGHT_PX:], "found").any(axis=0))
    assert columns.max() < WIDTH_PX


def test_curves_share_their_axes() -> None:
    curves = (Curve((0.0, 1.0), (0.0, 0.0), "true"), Curve((0.0, 1.0), (0.0, 10.0), "found"))
    picture = painted(Drawing(curves=curves, y_label="deg"))
    true_rows, _ = np.nonzero(is_drawn(picture, "true"))
    found_rows, found_columns = np.nonzero(is_drawn(picture, "found"))
    assert np.ptp(true_rows) < 6
    assert np.ptp(found_rows) > 60
    assert found_rows[found_columns.argmax()] < found_rows[found_columns.argmin()], "greater values lie higher"


def test_ready_made_pictures() -> None:
    buffer = io.BytesIO()
    Image.fromarray(GREY).save(buffer, "JPEG")
    assert painted(Drawing(pictures=(buffer.getvalue(), buffer.getvalue()))).shape == (180, WIDTH_PX, 3)
