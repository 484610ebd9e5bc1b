"""Which videos are worth comparing: those that share part of a perceptual hash (locality-sensitive hashing by bands)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from humannet_assets.media.signature import TRANSFORMS, Hashes, transform_hash

BANDS = 4


def candidate_pairs(hashes: Sequence[Hashes], max_band_videos: int) -> list[tuple[int, int, list[str]]]:
    """Index pairs of videos sharing at least one band value, with the relations under which they do.

    Args:
        hashes: Textured hashes (n,) of each video.
        max_band_videos: Band values of more videos than this say nothing and are left out.
    """
    if not hashes:
        return []
    plain = pl.concat([_bands(index, np.unique(own), 0) for index, own in enumerate(hashes)])
    popular = plain.group_by("key").len().filter(pl.col("len") > max_band_videos).select("key")
    plain = plain.join(popular, on="key", how="anti")
    turned = pl.concat(
        [
            _bands(index, transform_hash(np.unique(own), name), number)
            for index, own in enumerate(hashes)
            for number, name in enumerate(TRANSFORMS)
        ]
    )
    pairs = (
        turned.join(plain, on="key", suffix="_right")
        .filter(pl.col("video") < pl.col("video_right"))
        .select("video", "video_right", "transform")
        .unique()
        .sort("video", "video_right", "transform")
        .group_by("video", "video_right", maintain_order=True)
        .agg("transform")
    )
    return [(left, right, [TRANSFORMS[k] for k in numbers]) for left, right, numbers in pairs.iter_rows()]


def _bands(index: int, hashes: Hashes, transform: int) -> pl.DataFrame:
    words = hashes.view(np.uint16).reshape(-1, BANDS).astype(np.int64) if len(hashes) else np.zeros((0, BANDS), np.int64)
    # The texture bit is the same for all hashes here and carries nothing.
    keys = np.unique(words + (np.arange(BANDS, dtype=np.int64) << 16))
    return pl.DataFrame(
        {"key": keys, "video": np.full(len(keys), index, np.int64), "transform": np.full(len(keys), transform, np.int64)}
    )
