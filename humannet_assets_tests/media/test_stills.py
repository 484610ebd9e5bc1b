"""Stills: the frame at each moment, and nothing where there is none."""

from __future__ import annotations

from pathlib import Path

from humannet_assets.media.stills import stills
from humannet_assets_tests.media.synthetic import number_of, numbered_video


def test_each_moment_has_its_own_frame_or_none(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "numbered.mp4", 60)
    found = stills(path, [1.0, 0.2, 3600.0], 160)
    assert [None if frame is None else number_of(frame) for frame in found] == [25, 5, None]
    (small,) = stills(path, [1.0], 40)
    assert small is not None
    assert max(small.shape[:2]) == 40
