"""How lives are told apart, split and paired, as validated values: the section `single_life` of the settings."""

from __future__ import annotations

from math import ceil, floor
from typing import Self

from pydantic import Field, model_validator

from humannet_assets.geometry.structure_from_motion import StructureConfig
from humannet_assets.single_life.experiment import CasConfig, ExperimentConfig, TransferConfig
from humannet_assets.store.step import StepConfig

Range = tuple[float, float]


class LifeConfig(StepConfig):
    """Whose life a video is."""

    probe_keyword: str = Field(
        default="probe", min_length=1, description="Keyword (catalog or manifest) of footage that no model is trained on."
    )
    control_prefix: str = Field(
        default="control-",
        min_length=1,
        description="A keyword that begins like this names a control that is nobody's life, as a manifest's `control` does.",
    )
    max_reference_videos: int = Field(
        default=64,
        ge=0,
        le=1000,
        description="Earlier videos of a life among which a video's references are, longer ones more often. Our choice: "
        "bounds the work for lives of thousands of files.",
    )


class SplitConfig(StepConfig):
    """Which footage of a life is held out. The paper's split is not known: time blocks, never frames, are our choice."""

    seed: int = Field(default=0, ge=0, description="Of the choice of blocks.")
    block_s: float = Field(
        default=60.0, gt=0, le=86400, description="Length of a block, seconds from each video's start. Our choice."
    )
    held_out_share: float = Field(default=0.1, ge=0, lt=1, description="Share of blocks held out. Our choice.")
    guard_s: float = Field(
        default=1.0,
        ge=0,
        le=600,
        description="Frames nearer than this to footage of the other split are in neither: they show the same. Our choice.",
    )


class VisiblePointsConfig(StepConfig):
    """How what a frame sees is turned into a set of points."""

    rate_hz: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="Frames sampled per second at most; head-worn cameras turn within one. Our choice.",
    )
    voxel_m: float = Field(
        default=0.25,
        gt=0,
        le=10,
        description="Side of a voxel, metres: on simulated lives within 0.08 of the exact Jaccard index (docs/single_life.md).",
    )
    max_depth_m: float = Field(
        default=20.0, gt=0, le=1000, description="Farther surfaces are left out: pixels get larger than voxels. Our choice."
    )
    kept_share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of voxels kept, the same ones in every frame, so that Jaccard indices stay unbiased. 1 keeps all.",
    )
    structure: StructureConfig = Field(
        default_factory=StructureConfig, description="Structure from motion, where neither depth nor a model is at hand."
    )


class PairConfig(StepConfig):
    """How frames are paired. The paper names the pairings but not their thresholds, which are our choices."""

    seed: int = Field(default=0, ge=0, description="Of all draws.")
    rate_hz: float = Field(
        default=5.0,
        gt=0,
        le=60,
        description="Frames lie on this grid from the video's start; a frame cache of the same rate holds exactly them.",
    )
    pairs_per_second: float = Field(
        default=5.0,
        gt=0,
        le=1000,
        description="Pairs drawn per second of footage and pairing: each frame of the grid once. Our choice.",
    )
    temporal_gap_s: Range = Field(default=(0.2, 5.0), description="Gap of temporal pairs, log-uniform in this range, seconds.")
    motion_floor: float = Field(
        default=0.3,
        ge=0,
        le=255,
        description="Mean change from frame to frame (cut_content, 0-255) between temporal pairs; below it both are one "
        "picture. Our choice; on the sample library a still table has 0.04, a rolling ball 0.28, lives 5 to 9, walks 16.",
    )
    covisibility: Range = Field(default=(0.33, 0.9), description="Jaccard index of visible points of spatial pairs.")
    spatial_min_gap_s: float = Field(
        default=2.0, ge=0, le=86400, description="Seconds between spatial pairs of one video at least. Our choice."
    )
    max_reference_frames: int = Field(
        default=2048,
        ge=1,
        le=1_000_000,
        description="Frames of other times a video's frames are compared with, a sample by hash: bounds the work. Our choice.",
    )
    crop_scale: Range = Field(
        default=(0.45, 1.0),
        description="Augmented: sides of crops relative to the largest that fit; an area of 0.2 to 1, as usual.",
    )

    @model_validator(mode="after")
    def _ranges_ascend(self) -> Self:
        for name, lowest, highest in (
            ("temporal_gap_s", 1e-6, 86400.0),
            ("covisibility", 0.0, 1.0),
            ("crop_scale", 1e-6, 1.0),
        ):
            low, high = getattr(self, name)
            if not lowest <= low <= high <= highest:
                raise ValueError(
                    f"{name} is {low:g} to {high:g}; give two ascending numbers between {lowest:g} and {highest:g}"
                )
        if self.gap_steps[0] > self.gap_steps[1]:
            low, high = self.temporal_gap_s
            raise ValueError(
                f"temporal_gap_s is {low:g} to {high:g} s, but frames are {1 / self.rate_hz:g} s apart: no gap lies in it; "
                "raise rate_hz or widen the range"
            )
        return self

    @property
    def gap_steps(self) -> tuple[int, int]:
        """Smallest and largest gap of temporal pairs in steps of the grid."""
        low, high = self.temporal_gap_s
        return max(1, ceil(low * self.rate_hz - 1e-9)), floor(high * self.rate_hz + 1e-9)


class LifeVideoConfig(StepConfig):
    """What `life_videos` depends on."""

    lives: LifeConfig = Field(default_factory=LifeConfig, description="Whose life a video is.")
    split: SplitConfig = Field(default_factory=SplitConfig, description="Which footage is held out.")


class PairIndexConfig(StepConfig):
    """What `life_pair_indices` depends on."""

    pairs: PairConfig = Field(default_factory=PairConfig, description="How frames are paired.")
    split: SplitConfig = Field(default_factory=SplitConfig, description="Which footage is held out.")


class SingleLifeSettings(StepConfig):
    """The section `single_life`."""

    lives: LifeConfig = Field(default_factory=LifeConfig)
    split: SplitConfig = Field(default_factory=SplitConfig)
    visible_points: VisiblePointsConfig = Field(default_factory=VisiblePointsConfig)
    pairs: PairConfig = Field(default_factory=PairConfig)
    experiment: ExperimentConfig = Field(default_factory=ExperimentConfig)
    cas: CasConfig = Field(default_factory=CasConfig)
    transfer: TransferConfig = Field(default_factory=TransferConfig)
