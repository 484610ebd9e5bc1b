"""Pairs of frames as pictures, and how far apart they are and how much they share. Matplotlib is imported when drawn."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from humannet_assets.figures.contact_sheet import JPEG_QUALITY, Tile, contact_sheet
from humannet_assets.figures.plots import jpeg
from humannet_assets.media.frames import RGB

FRAME_PX = (160, 120)
"""Width and height within which each frame of a pair is drawn: 24 pairs stay below 300 kB."""
COLUMNS = 4
COLOURS = {"temporal": "#42a5f5", "spatial": "#66bb6a", "augmented": "#ffa726", "random": "#9e9e9e"}
BINS = 40


@dataclass(frozen=True)
class PairPicture:
    """A target (left) and its reference (right), either of which may be missing, and what is said of them."""

    target: RGB | None
    reference: RGB | None
    caption: str


def pair_sheet(pairs: Sequence[PairPicture]) -> bytes | None:
    """Pairs side by side as JPEG bytes; None when there are none."""
    width, height = FRAME_PX
    tiles = []
    for pair in pairs:
        both = Image.new("RGB", (2 * width, height))
        for left, frame in ((0, pair.target), (width, pair.reference)):
            if frame is None:
                continue
            picture = Image.fromarray(frame)
            picture.thumbnail(FRAME_PX)
            both.paste(picture, (left + (width - picture.width) // 2, (height - picture.height) // 2))
        buffer = io.BytesIO()
        both.save(buffer, "JPEG", quality=JPEG_QUALITY)
        tiles.append(Tile(buffer.getvalue(), pair.caption))
    return contact_sheet(tiles, columns=COLUMNS, tile_px=(2 * width, height))


def pair_histograms(
    gaps_s: Mapping[str, npt.NDArray[np.float64]], covisibility: Mapping[str, npt.NDArray[np.float64]]
) -> bytes | None:
    """Gaps (on a logarithmic axis) and covisibilities of pairs.

    Args:
        gaps_s: Seconds between both frames of each pair of one video, by pairing; zeros (augmented pairs) are left out.
        covisibility: Jaccard indices, by pairing.

    Returns:
        The picture; None if there is nothing to draw.
    """
    gaps = {name: values[values > 0] for name, values in gaps_s.items() if np.any(values > 0)}
    shares = {name: values for name, values in covisibility.items() if len(values)}
    if not gaps and not shares:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    if gaps:
        lowest, highest = (edge([edge(values) for values in gaps.values()]) for edge in (min, max))
        bins = np.geomspace(lowest * 0.9, highest * 1.1, BINS)
        for name, values in gaps.items():
            left.hist(values, bins=bins, histtype="step", color=COLOURS.get(name), label=f"{name} ({len(values):,})")
        left.set_xscale("log")
        left.legend(fontsize=7)
    left.set(xlabel="gap within a video, seconds", ylabel="pairs")
    for name, values in shares.items():
        right.hist(values, bins=np.linspace(0, 1, BINS), color=COLOURS.get(name), label=f"{name} ({len(values):,})")
        right.legend(fontsize=7)
    right.set(xlabel="covisibility (Jaccard index of visible points)", ylabel="pairs", xlim=(0, 1))
    return jpeg(figure)
