"""Single frames of a video at a few moments, small, for pictures that people look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from humannet_assets.media.decode import iter_frames
from humannet_assets.media.frames import RGB

MARGIN_S = 0.5
"""Frames from this long before a wanted time until this long after it are looked at for the nearest one. Our choice."""


def stills(path: Path, times_s: Sequence[float], longer_side_px: int) -> list[RGB | None]:
    """The frame nearest to each time, (height, width, 3) with at most so many pixels on its longer side.

    Args:
        path: Local file; untrusted ones are opened in workers only.
        times_s: Seconds from the first frame.
        longer_side_px: Larger frames are scaled down to it.

    Returns:
        One per time; None where no frame within `MARGIN_S` could be decoded.

    Raises:
        UnusableMediaError: The file is no video we may decode.
    """
    # Said where to start, the reader jumps: frames an hour apart cost no hour of decoding.
    near = (
        next(iter_frames(path, [time_s], start_s=max(0.0, time_s - MARGIN_S), end_s=time_s + MARGIN_S), None)
        for time_s in times_s
    )
    return [None if frame is None else frame.at_most(longer_side_px) for frame in near]
