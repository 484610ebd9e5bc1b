"""One episode's pictures as an mp4: encoded with nothing by which the same pictures could give other bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from humannet_assets.vla.lerobot.video import EpisodeVideo


def test_nothing_that_varies_is_switched_on(tmp_path: Path) -> None:
    """x264 writes its settings into the stream. What its macroblock tree does shows in 1 of 100 runs: too rare to wait for."""
    with EpisodeVideo(tmp_path / "episode.mp4", (112, 84), 15) as video:
        video.add(np.zeros((84, 112, 3), np.uint8))
    settings = (tmp_path / "episode.mp4").read_bytes()
    for setting in (b" threads=1 ", b" mbtree=0 ", b" bframes=0 ", b" keyint=2 "):
        assert setting in settings
