"""The controlled experiment: arms that differ in what the model saw before, and in nothing else.

`base`: nothing. `ego`: human episodes. `robot`: robot episodes. `robot_large`: many more of them. Each arm that has data is
trained on them (continued training), then all get the same post-training. base, ego and robot hand over only the
vision-language model and get a fresh action expert, the same for all; robot_large keeps its expert (PAPERS, "The VLA
ablation"). A visual warm-up, where there is one, comes first and is shared by all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.policy.card import PolicyCard
from humannet_assets.vla.policy.config import PolicyConfig, StageConfig
from humannet_assets.vla.policy.problems import PolicySetupError, check_equal_arms
from humannet_assets.vla.samples import Normaliser, Sample, hours, take_hours

Arm = Literal["base", "ego", "robot", "robot_large"]
ARMS: tuple[Arm, ...] = ("base", "ego", "robot", "robot_large")
KEEPS_EXPERT: frozenset[Arm] = frozenset({"robot_large"})


class ArmsConfig(StepConfig):
    """How all arms are trained."""

    policy: PolicyConfig = Field(default_factory=PolicyConfig)
    hour_ratio: float = Field(
        default=10.0, gt=0, description="Hours of the ego arm over the robot arm's. HumanNet: 1000 h to 100 h."
    )
    large_ratio: float = Field(
        default=200.0, gt=1, description="Hours of robot_large over the robot arm's, at most. HumanNet: 20,000 to 100."
    )
    warm_up: StageConfig | None = Field(default=None, description="Visual warm-up shared by all arms; None: there is none.")
    continued: StageConfig = Field(
        default_factory=StageConfig, description="Continued training, the same for each arm that has data."
    )
    post: StageConfig = Field(default_factory=StageConfig, description="Post-training, the same for all arms.")

    def seeded(self, seed: int) -> ArmsConfig:
        """The same experiment with another seed of adapters, experts, order and noise."""
        changed = {
            name: stage.model_copy(update={"seed": seed})
            for name, stage in (("warm_up", self.warm_up), ("continued", self.continued), ("post", self.post))
            if stage is not None
        }
        return self.model_copy(update=changed)


@dataclass(frozen=True)
class ArmData:
    """Training samples: human and robot ones to go on with, those of post-training, and of the warm-up."""

    human: Sequence[Sample]
    robot: Sequence[Sample]
    post: Sequence[Sample]
    warm_up: Sequence[Sample] = ()


def arm_hours(human_h: float, robot_h: float, config: ArmsConfig) -> dict[Arm, float]:
    """Hours of data each arm goes on with: as many as there are at the configured ratio of human to robot.

    Raises:
        PolicySetupError: There is no human or no robot data, or robot_large would have no more than robot.
    """
    if human_h <= 0 or robot_h <= 0:
        missing = "human" if human_h <= 0 else "robot"
        raise PolicySetupError(
            f"there is no {missing} data to go on with; the arms ego and robot need both: add {missing} episodes"
        )
    robot = min(robot_h, human_h / config.hour_ratio)
    large = min(robot_h, robot * config.large_ratio)
    return {"base": 0.0, "ego": robot * config.hour_ratio, "robot": robot, "robot_large": large}


def arm_samples(arm: Arm, data: ArmData, config: ArmsConfig, seed: int, share: float = 1.0) -> list[Sample]:
    """What an arm goes on with: its hours, or a share of them that is part of any larger one; empty for base.

    Raises:
        PolicySetupError: See `arm_hours`; or robot_large is asked for and is no larger than robot.
    """
    if arm == "base":
        return []
    wanted = arm_hours(hours(data.human), hours(data.robot), config)
    if arm == "robot_large" and wanted["robot_large"] <= wanted["robot"]:
        raise PolicySetupError(
            f"robot_large would get {wanted['robot_large']:.3g} h, as many as robot; add robot episodes, or raise hour_ratio "
            f"{config.hour_ratio:g} so that robot takes fewer"
        )
    return take_hours(data.human if arm == "ego" else data.robot, share * wanted[arm], seed)


def train_arm(
    arm: Arm,
    config: ArmsConfig,
    data: ArmData,
    normalisers: Mapping[str, Normaliser],
    folder: Path,
    train: Callable[[StageConfig, Path | None, bool, Sequence[Sample], Path, Mapping[str, object]], PolicyCard],
    share: float = 1.0,
) -> PolicyCard:
    """Train one arm to the end of its post-training; finished stages in the folders are not trained again.

    Args:
        arm: Which.
        config: The experiment, the same for all arms.
        data: The samples, the same for all arms.
        normalisers: By source, the same for all arms.
        folder: Of all arms of this seed; the warm-up is shared there.
        train: Trains a stage (stage, folder it starts from, whether the expert is kept, samples, its folder, about).
        share: Of the arm's hours, for the law of hours.
    """
    start: Path | None = None
    if config.warm_up is not None:
        start = folder / "warm_up"
        train(config.warm_up, None, False, data.warm_up, start, {"stage": "warm_up"})
    own = arm_samples(arm, data, config, config.continued.seed, share)
    if own:
        about = {"arm": arm, "stage": "continued", "hours": hours(own), "episodes": len({s.episode_id for s in own})}
        train(config.continued, start, False, own, folder / arm / "continued", about)
        start = folder / arm / "continued"
    kept = arm in KEEPS_EXPERT
    about = {"arm": arm, "stage": "post", "hours": hours(data.post), "expert": "kept" if kept else "fresh"}
    return train(config.post, start, kept, data.post, folder / arm / "post", {**about, "continued_hours": hours(own)})


def check_comparable(cards: Mapping[str, PolicyCard]) -> None:
    """Raise `PolicySetupError` unless policies differ only in where they come from: same post-training, same statistics.

    Statistics are compared of the sources both have: base has none of people.
    """
    check_equal_arms({arm: card.stage for arm, card in cards.items()}, "post-training")
    first, *others = cards
    for arm in others:
        one, other = cards[first], cards[arm]
        shared = one.statistics.keys() & other.statistics.keys()
        differs = {
            "policy": one.policy != other.policy,
            "statistics": any(one.statistics[source] != other.statistics[source] for source in shared),
            "vlm_identity": one.vlm_identity != other.vlm_identity,
        }
        for what, different in differs.items():
            if different:
                raise PolicySetupError(
                    f"{what} of the arms {first!r} and {arm!r} differ; train both with the same configuration and statistics"
                )
