"""Where steps about models find things: the store they read pairs from, a folder on this machine, and decoded frames.

Steps about videos are handed rows. Training reads pairs by the million and writes checkpoints, comparing reads those: they get
the place itself.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from humannet_assets.media.access import MediaAccess
from humannet_assets.single_life.frames import FrameCache, FrameCacheConfig, FrameCacheError, VideoFile
from humannet_assets.store.compute import Compute
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.step import ConfigT, Step
from humannet_assets.store.tables import RAW_VIDEOS, VIDEO_FILES

_FILLING = threading.Lock()


@dataclass(frozen=True)
class Workplace:
    """The store, how media are reached, and where decoding runs."""

    store: LanceStore
    access: MediaAccess
    compute: Compute

    @property
    def folder(self) -> Path:
        """Models and frames of lives."""
        return self.under("single_life")

    def under(self, name: str) -> Path:
        """A folder of this store's models: under its root, or in the user's cache folder if the store is remote."""
        if not self.store.is_remote:
            return Path(self.store.root) / name
        return self.access.cache_folder.parent / name / stable_id(self.store.root)[:16]

    def model_folder(self, model_id: str) -> Path:
        """All runs of one model."""
        return self.folder / "models" / model_id[:2] / model_id

    def frames(self, video_ids: Sequence[str], config: FrameCacheConfig) -> FrameCache:
        """A frame cache that holds these videos; what is missing is decoded now, in killable workers.

        Raises:
            FrameCacheError: A video is gone or cannot be decoded, or there is no room.
        """
        cache = FrameCache(self.folder / "frames", config)
        with _FILLING:
            videos = self.videos(video_ids)
            if absent := sorted(set(video_ids) - {video.video_id for video in videos}):
                raise FrameCacheError(
                    f"{len(absent)} videos are no longer in the store, the first {absent[0]}; run the graph again"
                )
            report = cache.fill(videos, self.access, self.compute)
        if report.failed:
            video_id, why = next(iter(report.failed.items()))
            raise FrameCacheError(f"{len(report.failed)} of {len(video_ids)} videos cannot be decoded, e.g. {video_id}: {why}")
        return cache

    def videos(self, video_ids: Sequence[str]) -> list[VideoFile]:
        """Files of some videos that are in the store, by id; one of several copies."""
        where = f"outcome = 'kept' AND video_id IN ({quoted(video_ids)})"
        if not video_ids:
            return []
        files = self.store.read(VIDEO_FILES, ["video_id", "uri", "fingerprint"], where).sort("video_id", "uri")
        known = self.store.read(RAW_VIDEOS, ["video_id", "duration_s", "width", "height"], where)
        joined = files.unique("video_id", keep="first", maintain_order=True).join(known, on="video_id")
        return [VideoFile(**row) for row in joined.sort("video_id").iter_rows(named=True)]


class PlacedStep(Step[ConfigT]):
    """A step that works on the store as a whole.

    Args:
        config: Its thresholds.
        place: Where it works; not needed to plan.
    """

    def __init__(self, config: ConfigT, place: Workplace | None = None) -> None:
        super().__init__(config)
        self._place = place

    @property
    def place(self) -> Workplace:
        """Where it works.

        Raises:
            RuntimeError: It was made to plan only.
        """
        if self._place is None:
            raise RuntimeError(
                "this step works on the store as a whole; build it with `build_passes(settings, access, workplace)`"
            )
        return self._place
