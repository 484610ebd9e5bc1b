"""Video files: encoded with nothing by which the same pictures could give other bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from humannet_assets.simulator.encoding import Encoding, write_video


def test_nothing_that_varies_is_switched_on(tmp_path: Path) -> None:
    """x264 writes its settings into the stream. What its macroblock tree does shows in 1 of 200 runs: too rare to wait for."""
    write_video(tmp_path / "black.mp4", [(0.0, np.zeros((84, 112, 3), np.uint8))], 15.0, Encoding(keyframe_interval=30))
    written = (tmp_path / "black.mp4").read_bytes()
    for setting in (b" threads=1 ", b" mbtree=0 ", b" keyint=30 "):
        assert setting in written
