"""Profile `robot`: episodes of a bimanual robot as a LeRobot dataset, and the same tasks done by human hands as videos.

`<folder>/robot` is the dataset, `<folder>/human` holds the videos with their sidecars. Episode and video of one number are not
of one instance: human footage stands in for robot data, it does not copy it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from humannet_assets.simulator.cases import BULK_ENCODING, Case, Rendered, Take
from humannet_assets.simulator.produce import Profile, Progress, produce
from humannet_assets.simulator.robot.episodes import EpisodeOptions, write_episodes
from humannet_assets.simulator.robot.human import human_task_seconds, human_task_shot
from humannet_assets.simulator.robot.model import CAMERAS
from humannet_assets.simulator.robot.tabletop import EPISODE_QUALITY, FAST
from humannet_assets.simulator.robot.tasks import TASKS, draw_instance
from humannet_assets.simulator.shots import Footage

FRAME_RATE = 15.0


class RobotOptions(BaseModel):
    """How many of what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0, le=9_000, description="Decides every instance, look and movement.")
    episodes: int = Field(default=50, ge=0, le=1_000_000, description="Robot episodes (about 7 s each).")
    human_clips: int = Field(default=50, ge=0, le=1_000_000, description="Videos of the same tasks by human hands.")
    tasks: tuple[str, ...] = Field(default=tuple(TASKS), min_length=1, description="Tasks, taken in turn; a,b,c.")
    width: int = Field(default=320, ge=64, le=1920, multiple_of=2, description="Of the videos of hands, pixels.")
    height: int = Field(default=240, ge=64, le=1080, multiple_of=2)
    robot_width: int = Field(default=0, ge=0, le=1920, multiple_of=2, description="Of the robot's pictures; 0: as of hands.")
    robot_height: int = Field(default=0, ge=0, le=1080, multiple_of=2)
    cameras: tuple[str, ...] = Field(default=CAMERAS, min_length=1, description="Cameras of the robot; a,b,c.")
    shadows: bool = Field(default=True, description="Shadows in the robot's pictures; without, a picture takes 1.4 ms, not 13.")

    @property
    def robot_size(self) -> tuple[int, int]:
        """Width and height of the robot's pictures."""
        return self.robot_width or self.width, self.robot_height or self.height

    @field_validator("cameras")
    @classmethod
    def _mounted(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if (unknown := sorted(set(value) - set(CAMERAS))) or len(set(value)) != len(value):
            raise ValueError(f"cameras {', '.join(unknown or value)}: choose from {', '.join(CAMERAS)}, each once")
        return value

    @field_validator("tasks", "cameras", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("tasks")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(value) - set(TASKS)):
            raise ValueError(f"no such task: {', '.join(unknown)}; there are {', '.join(TASKS)}")
        return value


def make_robot(options: RobotOptions, folder: Path, *, workers: int, progress: Progress) -> tuple[str, str]:
    """Make the dataset and the videos that are not there yet; returns a summary and what to do next."""
    human = human_profile(options)
    total = sum(TASKS[task].horizon_s for task in _in_turn(options, options.episodes))
    later = sum(case.seconds for case in human.cases)
    text = ""
    if options.episodes:
        quality = EPISODE_QUALITY if options.shadows else FAST
        chosen = EpisodeOptions(options.episodes, options.seed, options.tasks, options.robot_size, quality, options.cameras)
        done = write_episodes(
            folder / "robot", chosen, workers=workers, progress=lambda name, s, _: progress(name, s, total + later)
        )
        text = f"{done.made} episodes made ({done.frames} frames), {done.present} were there; "
    clips = produce(human, folder / "human", workers=workers, progress=lambda n, s, _: progress(n, total + s, total + later))
    text += f"{len(clips.made)} videos of human hands made, {len(clips.present)} were there"
    return text, f"humannet ingest {folder}/human/manifest.csv --licence Apache-2.0 --consent synthetic"


def human_profile(options: RobotOptions) -> Profile:
    """The videos of human hands."""
    # What is of robots only does not decide them.
    robots = {"episodes", "robot_width", "robot_height", "cameras", "shadows"}
    return Profile("robot-human", options.model_dump(exclude=robots), tuple(_human(options)))


def _in_turn(options: RobotOptions, count: int) -> list[str]:
    return [options.tasks[i % len(options.tasks)] for i in range(count)]


def _human(options: RobotOptions) -> Iterator[Case]:
    for number, task in enumerate(_in_turn(options, options.human_clips)):
        # Apart from the seeds of episodes, which are seed * 1,000,000 + number.
        seed = (options.seed + 1) * 1_000_000_000 + number
        seconds = human_task_seconds(task, seed)
        words = draw_instance(task, seed).instruction
        yield Rendered(
            f"{number:05d}_{task}", seed, "kept", keywords=("table", "hands", task), instruction=words,
            takes=(Take(partial(_shot, task, seed), seconds),),
            rate=FRAME_RATE, size=(options.width, options.height), quality=EPISODE_QUALITY, encoding=BULK_ENCODING,
        )  # fmt: skip


def _shot(task: str, seed: int, rng: np.random.Generator) -> Footage:
    return human_task_shot(task, seed)
