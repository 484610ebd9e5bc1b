"""How episodes are read, judged, split and retargeted, as validated values: the section `vla` of the settings."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from humannet_assets.store.identity import stable_id
from humannet_assets.store.step import StepConfig
from humannet_assets.vla.ablation import VlaExperimentConfig
from humannet_assets.vla.importers.reading import ReadLimits
from humannet_assets.vla.known_robots import KNOWN_ROBOTS
from humannet_assets.vla.qc import QualityConfig
from humannet_assets.vla.resample import ResampleConfig
from humannet_assets.vla.robots import RobotMapping, load_mapping, named_mapping

EvalGroup = Literal["in_domain", "ood_short", "ood_long", "ood_mobile"]
Split = Literal["train", "validation"]


class GroupRule(StepConfig):
    """Episodes that belong to a validation group: all that match both patterns. The first rule that matches counts."""

    eval_group: EvalGroup = Field(description="The group.")
    datasets: tuple[str, ...] = Field(
        default=("*",), min_length=1, description="Data sets (robots) or catalog entries (people), as file name patterns."
    )
    instructions: tuple[str, ...] = Field(default=("*",), min_length=1, description="Instructions, likewise, any case.")

    def fits(self, dataset: str, instruction: str) -> bool:
        """Whether an episode is meant."""
        words = instruction.casefold()
        return any(fnmatch(dataset, pattern) for pattern in self.datasets) and any(
            fnmatch(words, pattern.casefold()) for pattern in self.instructions
        )


class EpisodeSplitConfig(StepConfig):
    """Which episodes are for training, and which validation group the others measure."""

    seed: int = Field(default=0, ge=0, description="Of the choice by hash.")
    validation_share: float = Field(
        default=0.1, ge=0, lt=1, description="Share of recordings (robots) or videos (people) held out. Our choice."
    )
    groups: tuple[GroupRule, ...] = Field(
        default=(),
        description="What is out of domain (PAPERS: short, long, mobile); such episodes are never trained on. Everything else "
        "is in_domain.",
    )

    def place(self, unit: str, dataset: str, instruction: str) -> tuple[Split, EvalGroup]:
        """Split and group of an episode.

        Args:
            unit: What is held out as a whole: content id of a robot's episode, id of a person's video.
            dataset: Data set or catalog entry.
            instruction: What is done.
        """
        matching: list[EvalGroup] = [rule.eval_group for rule in self.groups if rule.fits(dataset, instruction)]
        group: EvalGroup = matching[0] if matching else "in_domain"
        draw = int(stable_id("episode_split", self.seed, unit)[:12], 16) / 16**12
        return ("validation" if group != "in_domain" or draw < self.validation_share else "train"), group


class DatasetHint(StepConfig):
    """What a data set does not say of itself."""

    datasets: tuple[str, ...] = Field(min_length=1, description="Names of data sets, as file name patterns.")
    robot: str | None = Field(default=None, description="Name of a known robot; by default what the data say decides.")
    mapping: Path | None = Field(default=None, description="YAML file that describes the robot (docs/vla.md).")
    rate_hz: float | None = Field(default=None, gt=0, le=1000, description="Frames per second where data carry no times.")
    instruction: str = Field(default="", description="Instruction of episodes that have none.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.robot is not None and self.mapping is not None:
            raise ValueError("name a robot or a mapping, not both")
        self.chosen_mapping()
        return self

    def chosen_mapping(self) -> RobotMapping | None:
        """The mapping that is named; None lets the data decide."""
        if self.mapping is not None:
            return load_mapping(self.mapping)
        return None if self.robot is None else named_mapping(KNOWN_ROBOTS, self.robot)


class RobotDataConfig(StepConfig):
    """How data sets of robots are read: shared by `robot_recordings` and `robot_episodes`."""

    hints: tuple[DatasetHint, ...] = Field(default=(), description="The first one that fits a data set's name counts.")
    unknown_robot: Literal["refuse", "raw"] = Field(
        default="refuse",
        description="A robot nobody described: its episodes are rejected, or read without the meaning of their numbers.",
    )
    limits: ReadLimits = Field(default=ReadLimits(), description="Bounds on what may be read.")

    def hint(self, dataset: str) -> DatasetHint | None:
        """What is said of a data set."""
        return next((hint for hint in self.hints if any(fnmatch(dataset, name) for name in hint.datasets)), None)

    def mapping_hashes(self) -> tuple[str, ...]:
        """Hashes of the mapping files: part of what the rows depend on."""
        files = [hint.mapping for hint in self.hints if hint.mapping is not None]
        return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)


class MeasureConfig(StepConfig):
    """When a hand or an arm is idle, the same for people and robots."""

    idle_m_s: float = Field(
        default=0.03, ge=0, le=2, description="Speed below which a hand rests. As `segments.idle_hand_m_s`."
    )
    idle_grip_s: float = Field(
        default=0.1, ge=0, le=10, description="Change of opening per second below which a grip rests. Our choice."
    )
    idle_rad_s: float = Field(
        default=0.05,
        ge=0,
        le=10,
        description="Joint speed below which an arm rests, where no poses are known. Our choice: 0.03 m/s at 0.6 m.",
    )


class RobotEpisodesConfig(StepConfig):
    """What `robot_episodes` depends on."""

    data: RobotDataConfig = Field(default=RobotDataConfig(), description="How data sets are read.")
    quality: QualityConfig = Field(default=QualityConfig(), description="What a bad episode is.")
    resample: ResampleConfig = Field(default=ResampleConfig(), description="How motions are brought to one rate.")
    split: EpisodeSplitConfig = Field(default=EpisodeSplitConfig(), description="What is held out.")
    measures: MeasureConfig = Field(default=MeasureConfig(), description="When hands are idle.")


class GripperConfig(StepConfig):
    """The parallel gripper that stands in for a hand (PAPERS: Qwen-RobotManip's virtual finger)."""

    index_share: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="The finger opposite the thumb is this share of the index tip, the rest the middle tip. PAPERS: .7/.3.",
    )
    closed_m: float = Field(
        default=0.02,
        ge=0,
        lt=0.2,
        description="Distance from thumb tip to that finger at which the gripper is closed. Our choice: landmarks lie in the "
        "middle of fingertips, which are 1-2 cm thick.",
    )
    open_m: float = Field(
        default=0.10, gt=0, lt=0.3, description="Distance at which it is open. PAPERS: apertures up to 0.10 m."
    )

    @model_validator(mode="after")
    def _opens(self) -> Self:
        if self.closed_m >= self.open_m:
            raise ValueError(f"closed_m {self.closed_m:g} must be below open_m {self.open_m:g}")
        return self


class ReadyConfig(StepConfig):
    """The gate `robot_ready` (PAPERS: error < 15 mm, valid frames > 60 %; what is measured is ours: docs/vla.md)."""

    max_retarget_error_mm: float = Field(default=15.0, gt=0, description="Retarget error below which a clip passes. PAPERS.")
    min_coverage: float = Field(default=0.6, ge=0, le=1, description="Coverage above which it does. PAPERS.")


class HumanConfig(StepConfig):
    """How hand tracks become episodes."""

    action_point: Literal["wrist", "gripper"] = Field(
        default="wrist",
        description="What is in the wrist slots: the wrist (PAPERS), or the middle of the virtual gripper's fingertips, as "
        "robots report it; the latter carries the rotation's noise over 10 cm.",
    )
    max_gap_s: float = Field(
        default=0.25, ge=0, le=2, description="Longest run of unobserved frames that is bridged. As `resample.max_gap_s`."
    )
    smoothing_s: float = Field(
        default=0.3, ge=0, le=2, description="Window of the local line fitted to wrists and grips. PAPERS: about .3 s; 0: none."
    )
    min_known_s: float = Field(
        default=17 / 15, ge=0, description="Less time with a known hand is too short. One chunk: 16 steps after the first."
    )
    still_deg_s: float = Field(
        default=1.0,
        ge=0,
        le=90,
        description="Rotation rate up to which a camera without known poses may be called still. Our choice: tripods measure "
        "below .3, heads above 3.",
    )
    still_parallax_px: float = Field(
        default=0.5,
        ge=0,
        le=20,
        description="Parallax between sampled frames up to which it may. Our choice: followed corners are .1-.3 px off.",
    )
    gripper: GripperConfig = Field(default=GripperConfig(), description="The virtual gripper.")
    ready: ReadyConfig = Field(default=ReadyConfig(), description="The gate.")


class HumanEpisodesConfig(StepConfig):
    """What `human_episodes` depends on."""

    human: HumanConfig = Field(default=HumanConfig(), description="How hand tracks become episodes.")
    resample: ResampleConfig = Field(default=ResampleConfig(), description="How motions are brought to one rate.")
    split: EpisodeSplitConfig = Field(default=EpisodeSplitConfig(), description="What is held out.")
    measures: MeasureConfig = Field(default=MeasureConfig(), description="When hands are idle.")


class DataReportConfig(StepConfig):
    """How `human_data_report` is computed."""

    resamples: int = Field(default=1000, ge=100, le=100_000, description="Bootstrap draws over episodes. As stage_quality.")
    seed: int = Field(default=0, ge=0, description="Of the draws.")


class VlaSettings(StepConfig):
    """The section `vla`."""

    data: RobotDataConfig = Field(default_factory=RobotDataConfig)
    quality: QualityConfig = Field(default_factory=QualityConfig)
    resample: ResampleConfig = Field(default_factory=ResampleConfig)
    split: EpisodeSplitConfig = Field(default_factory=EpisodeSplitConfig)
    human: HumanConfig = Field(default_factory=HumanConfig)
    measures: MeasureConfig = Field(default_factory=MeasureConfig)
    report: DataReportConfig = Field(default_factory=DataReportConfig)
    experiment: VlaExperimentConfig = Field(default_factory=VlaExperimentConfig)
