"""What is trained and judged, as validated values: the part `experiment` of the section `vla`.

The defaults are the demo: policies so small that all of them train in seconds. They show the path, not the science;
`humannet reproduce vla` brings the sizes that mean something. Imports no torch.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.actions import ChunkConfig
from humannet_assets.vla.policy.arms import ARMS, Arm, ArmsConfig
from humannet_assets.vla.policy.config import (
    ClosedLoopConfig,
    EvaluationConfig,
    ExpertConfig,
    PolicyConfig,
    StageConfig,
    TinyVlmConfig,
    VlmConfig,
)

ANCHOR = "anchor"
"""Camera name that means each robot's anchor camera, and the wearer's for people."""

DEMO_STAGE = StageConfig(
    steps=24, batch_size=8, noise_draws=1, peak_lr=3e-3, precision="fp32", log_every=4, save_every=24,
)  # fmt: skip
DEMO_ARMS = ArmsConfig(
    policy=PolicyConfig(
        vlm=VlmConfig(image_size=(56, 84), tiny=TinyVlmConfig(width=32, layers=2, vision_width=32, vision_depth=2)),
        expert=ExpertConfig(width=32, depth=2, heads=2, head="l1"), cameras=(ANCHOR,),
    ),
    continued=DEMO_STAGE, post=DEMO_STAGE,
)  # fmt: skip


class SampleConfig(StepConfig):
    """How stored episodes become samples."""

    chunks: ChunkConfig = Field(
        default=ChunkConfig(stride=8), description="How chunks are cut. A stride of 8 steps keeps the demo small; else 1 to 4."
    )
    robot_ready: bool = Field(
        default=True, description="Only clips of people that pass the gate (PAPERS); others are for representation learning."
    )
    joints: Literal["always", "without_poses", "never"] = Field(
        default="without_poses",
        description="When robots' joint angles are actions and states. People have none, and wrists and grips say the same: "
        "by default only where a robot's wrist poses are not known. Our choice.",
    )
    max_gib: float = Field(
        default=4.0,
        gt=0,
        description="Pictures of one set of samples at most: all are in memory. More are refused. Ours.",
    )


class ClosedLoopTries(StepConfig):
    """How policies are let act in the simulator's tasks; none by default."""

    tasks: tuple[str, ...] = Field(default=(), description="Tasks of the simulator (`simulate --profile robot`).")
    tries: int = Field(default=10, ge=1, description="Instances of each task.")
    first_instance: int = Field(
        default=900_000_000, ge=0, description="Number of the first; far from the instances data sets are made of."
    )
    shadows: bool = Field(default=True, description="Render as data sets are; false where theirs were made without shadows.")
    acting: ClosedLoopConfig = Field(default_factory=ClosedLoopConfig, description="How often a policy looks.")


class VlaExperimentConfig(StepConfig):
    """Which policies are trained, on what, and how they are judged. Every arm gets each seed."""

    arms: tuple[Arm, ...] = Field(default=ARMS, min_length=1, description="Arms of the ablation (PAPERS).")
    seeds: tuple[int, ...] = Field(
        default=(0, 1, 2), min_length=1, description="Seeds of each arm. Three are the fewest a spread can be seen with."
    )
    hour_shares: tuple[float, ...] = Field(
        default=(0.25, 0.5),
        description="Also train `hours_arm` on these shares of its hours, first seed only, for loss = a - b ln(hours). Two, "
        "and the whole, are the fewest sizes a law can be fitted to.",
    )
    hours_arm: Arm = Field(default="ego", description="Arm of those further runs.")
    training: ArmsConfig = Field(default=DEMO_ARMS, description="Policy and stages, the same for all arms but for the seed.")
    samples: SampleConfig = Field(default_factory=SampleConfig, description="How episodes become samples.")
    post_share: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Share of robot training episodes, by hash, that are for post-training; the arms robot and robot_large go "
        "on with the others. Our choice: the paper has different data sets.",
    )
    post_datasets: tuple[str, ...] = Field(
        default=(), description="Robot data sets that are wholly for post-training; where named, no share of others is."
    )
    split_seed: int = Field(default=0, ge=0, description="Of that choice by hash.")
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig, description="Draws, shuffles, bootstrap.")
    closed_loop: ClosedLoopTries = Field(default_factory=ClosedLoopTries, description="Acting in the simulator.")

    @model_validator(mode="after")
    def _can_be_planned(self) -> Self:
        for what, values in (("arms", self.arms), ("seeds", self.seeds), ("hour_shares", self.hour_shares)):
            if len(set(values)) != len(values):
                raise ValueError(f"{what} names {list(values)}: each once")
        if any(seed < 0 for seed in self.seeds):
            raise ValueError(f"seeds {list(self.seeds)} must be 0 or more")
        if any(not 0 < share < 1 for share in self.hour_shares):
            raise ValueError(f"hour_shares {list(self.hour_shares)} must lie between 0 and 1; the whole is trained anyway")
        if self.hour_shares and (self.hours_arm == "base" or self.hours_arm not in self.arms):
            raise ValueError(
                f"hour_shares are of hours_arm {self.hours_arm!r}, which must have hours (base has none) and be among "
                f"arms {list(self.arms)}; name another one, or set hour_shares to []"
            )
        if self.training.warm_up is not None:
            raise ValueError(
                "training.warm_up needs samples that stored episodes do not give; leave it out (benchmarks/vla_looks has one)"
            )
        if self.training.policy.steps != self.samples.chunks.steps:
            raise ValueError(
                f"training.policy.steps is {self.training.policy.steps} and samples.chunks.steps {self.samples.chunks.steps}; "
                "give both the same"
            )
        cameras = self.training.policy.cameras
        if len(set(cameras)) != len(cameras):
            raise ValueError(f"training.policy.cameras names {list(cameras)}: each once")
        return self
