"""A few pairs as pictures: a sample of the stored rows, decoded where untrusted media may be decoded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import polars as pl

from humannet_assets.figures.pairs import PairPicture
from humannet_assets.media.access import MediaAccess
from humannet_assets.media.frames import RGB
from humannet_assets.media.stills import stills
from humannet_assets.single_life.frames import VideoFile
from humannet_assets.single_life.pairs import PAIRINGS
from humannet_assets.single_life.workplace import Workplace
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import LIFE_PAIR_INDICES

LONGER_SIDE_PX = 160
_COLUMNS = ("pair_id", "life", "pairing", "video_id", "target_s", "reference_video_id", "reference_s", "gap_s", "covisibility")


def sample_of_pairs(store: LanceStore, count: int) -> pl.DataFrame:
    """About `count` pairs, the same number of each pairing, over all lives in turn: those with the smallest ids."""
    pairs = store.read(LIFE_PAIR_INDICES, _COLUMNS, "outcome = 'kept' AND row_id != unit_id")
    ranked = pairs.with_columns(pl.col("pair_id").rank("ordinal").over("pairing", "life").alias("turn"))
    return ranked.sort("pairing", "turn", "life").group_by("pairing", maintain_order=True).head(-(-count // len(PAIRINGS)))


def pictures_of(pairs: pl.DataFrame, place: Workplace) -> list[PairPicture]:
    """Both frames of each pair, with pairing, life, gap and covisibility written; frames that cannot be decoded stay dark.

    Args:
        pairs: Rows as `sample_of_pairs` gives them.
        place: Where the files are, and where they are decoded.
    """
    wanted: dict[str, set[float]] = defaultdict(set)
    for video, time in (("video_id", "target_s"), ("reference_video_id", "reference_s")):
        for video_id, time_s in pairs.select(video, time).iter_rows():
            wanted[video_id].add(time_s)
    videos = place.videos(sorted(wanted))
    times = [sorted(wanted[video.video_id]) for video in videos]
    tasks = [(video, times_s, place.access) for video, times_s in zip(videos, times, strict=True)]
    frames: dict[tuple[str, float], RGB | None] = {}
    for index, result in place.compute.call(frames_at, tasks):
        if isinstance(result, list):
            video_id = videos[index].video_id
            frames.update({(video_id, time_s): frame for time_s, frame in zip(times[index], result, strict=True)})
    return [
        PairPicture(
            frames.get((row["video_id"], row["target_s"])),
            frames.get((row["reference_video_id"], row["reference_s"])),
            _caption(row),
        )
        for row in pairs.iter_rows(named=True)
    ]


def frames_at(video: VideoFile, times_s: Sequence[float], access: MediaAccess) -> list[RGB | None]:
    """The frames of a video nearest to some times, small; runs in a worker."""
    return stills(access.local_path(video.uri, video.fingerprint, video.video_id), times_s, LONGER_SIDE_PX)


def _caption(row: dict[str, Any]) -> str:
    gap = "another video" if row["gap_s"] is None else f"gap {row['gap_s']:.1f} s"
    share = "" if row["covisibility"] is None else f", covisibility {row['covisibility']:.2f}"
    return f"{row['pairing']}, {row['life']}: {gap}{share}"
