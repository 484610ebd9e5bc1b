"""Fixtures of the media tests: every real video is scanned at most once per test run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from humannet_assets.media.raw_videos import RawVideoConfig, RawVideoStep
from humannet_assets.store.step import Media, Outcome, Unit


def judge(path: Path, config: RawVideoConfig | None = None) -> Outcome:
    """What `raw_videos` makes of a file."""
    unit = Unit(path.name, path.name, "2026-01-01", {}, Media(path.name, str(path), str(path)))
    (outcome,) = RawVideoStep(config or RawVideoConfig()).process([unit])
    return outcome


@pytest.fixture(scope="session")
def real_video(media_dir: Path) -> Callable[[str], Outcome]:
    """Outcome of `raw_videos` for one of the real videos, by file name."""
    cache: dict[str, Outcome] = {}

    def outcome(name: str) -> Outcome:
        if name not in cache:
            cache[name] = judge(media_dir / "videos" / name)
        return cache[name]

    return outcome
