"""What `humannet simulate` can make: the profiles by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from humannet_assets.simulator.produce import Produced, Profile, Progress, produce
from humannet_assets.simulator.profiles.lives import LivesOptions, lives_profile
from humannet_assets.simulator.profiles.robot import RobotOptions, make_robot
from humannet_assets.simulator.profiles.sample import SampleOptions, sample_profile
from humannet_assets.simulator.profiles.world import WorldOptions, world_profile


@dataclass(frozen=True)
class Summary:
    """What was made, in one line, and the command to go on with."""

    text: str
    next_step: str


class Maker(Protocol):
    """Makes a profile's footage in a folder."""

    def __call__(self, options: Any, folder: Path, *, only: Sequence[str], workers: int, progress: Progress) -> Summary:
        """Make what is missing; raises `ValueError` for names or options that do not exist."""
        ...


@dataclass(frozen=True)
class ProfileKind:
    """A profile as the command line offers it."""

    options: type[BaseModel]
    make: Maker
    text: str


def _videos(
    build: Callable[[Any], Profile], options: Any, folder: Path, *, only: Sequence[str], workers: int, progress: Progress
) -> Summary:
    done: Produced = produce(build(options), folder, only=only, workers=workers, progress=progress)
    text = f"{len(done.made)} files made ({done.frames} frames, {done.bytes / 1e6:.0f} MB), {len(done.present)} were there"
    ingest = f"humannet ingest {folder}/manifest.csv --licence Apache-2.0 --consent synthetic --source-type controlled"
    return Summary(text, ingest)


def _episodes(options: Any, folder: Path, *, only: Sequence[str], workers: int, progress: Progress) -> Summary:
    if only:
        raise ValueError("the robot profile has no named files; choose `episodes` and `tasks` instead")
    return Summary(*make_robot(options, folder, workers=workers, progress=progress))


PROFILES: Mapping[str, ProfileKind] = {
    "sample": ProfileKind(SampleOptions, partial(_videos, sample_profile), "the committed sample library"),
    "world": ProfileKind(WorldOptions, partial(_videos, world_profile), "a mixture of everything, to measure every stage on"),
    "lives": ProfileKind(LivesOptions, partial(_videos, lives_profile), "hours of a few people's lives, with controls"),
    "robot": ProfileKind(RobotOptions, _episodes, "bimanual robot episodes and the same tasks by human hands"),
}
