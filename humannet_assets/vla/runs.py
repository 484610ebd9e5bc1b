"""`vla_runs`: which policies there are to be, and which episodes each depends on.

Nothing is trained here. The list lets the ordinary machinery see what a change touches: a new clip changes the arms whose
hours it decides, but not `base`; another split changes all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from humannet_assets.store.derived import replace_rows
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import ROBOT_EPISODES, VLA_RUNS
from humannet_assets.vla.ablation import VlaExperimentConfig
from humannet_assets.vla.chunks import EpisodeChoice, episode_ids
from humannet_assets.vla.policy.arms import Arm
from humannet_assets.vla.policy.config import TINY

CODE_VERSION = "1"
"""Raise it when a plan means something else."""


@dataclass(frozen=True)
class PlannedPolicy:
    """One policy; see the columns of `vla_runs`."""

    arm: Arm
    seed: int
    share: float

    @property
    def model_id(self) -> str:
        """What the policy is, whatever its sizes: another configuration replaces it."""
        return stable_id("vla", self.arm, self.seed, f"{self.share:.6f}")

    @property
    def name(self) -> str:
        """Short and unique."""
        return f"{self.arm}{'' if self.share == 1 else f'/{self.share:g}'}/s{self.seed}"


def plan_policies(config: VlaExperimentConfig) -> list[PlannedPolicy]:
    """All policies of an experiment, in a stable order."""
    planned = [PlannedPolicy(arm, seed, 1.0) for arm in config.arms for seed in config.seeds]
    return planned + [PlannedPolicy(config.hours_arm, config.seeds[0], share) for share in sorted(config.hour_shares)]


def plan_runs(store: LanceStore, config: VlaExperimentConfig, run_id: str) -> int:
    """Bring `vla_runs` up to date with the episodes in the store; returns how many rows changed."""
    chosen = {"splits": ("train",), "chunks": config.samples.chunks}
    human = episode_ids(store, EpisodeChoice(kind="human", robot_ready=config.samples.robot_ready, **chosen))
    robots = _robots(store, episode_ids(store, EpisodeChoice(kind="robot", **chosen)))
    held_out = episode_ids(store, EpisodeChoice(kind="robot", splits=("validation",), chunks=config.samples.chunks))
    post = sorted(row for row, dataset in robots["row_id", "dataset"].iter_rows() if is_post(row, dataset, config))
    others = sorted(set(robots["row_id"]) - set(post))
    rows = []
    if human or post or others:
        words = " ".join(sorted({word for text in robots["instruction"] for word in (text or "").split()}))
        for policy in plan_policies(config):
            row = {
                "arm": policy.arm, "seed": policy.seed, "share": policy.share, "model_name": policy.name,
                # What base learns does not depend on people.
                "human_ids": [] if policy.arm == "base" else human, "robot_ids": others, "post_ids": post,
                "eval_ids": held_out,
                "config": json.dumps(_decisive(config, policy, words), sort_keys=True),
            }  # fmt: skip
            rows.append((policy.model_id, None, row))
    return replace_rows(store, VLA_RUNS, rows, run_id, code_version=CODE_VERSION, reason="not_planned")


def is_post(row_id: str, dataset: str, config: VlaExperimentConfig) -> bool:
    """Whether a robot's training episode is for post-training."""
    if config.post_datasets:
        return dataset in config.post_datasets
    return int(stable_id("post_training", config.split_seed, row_id)[:12], 16) / 16**12 < config.post_share


def _robots(store: LanceStore, ids: list[str]) -> pl.DataFrame:
    rows = store.read(ROBOT_EPISODES, ["row_id", "dataset", "instruction"], "outcome = 'kept'")
    return rows.filter(pl.col("row_id").is_in(ids)).sort("row_id")


def _decisive(config: VlaExperimentConfig, policy: PlannedPolicy, words: str) -> Mapping[str, Any]:
    """Everything but episodes that decides a policy."""
    training = config.training.seeded(policy.seed)
    vlm = training.policy.vlm
    if vlm.model == TINY and not vlm.tiny.words:
        # Its tokenizer learns the robots' instructions; other words are spelt in bytes.
        vlm = vlm.model_copy(update={"tiny": vlm.tiny.model_copy(update={"words": words})})
        training = training.model_copy(update={"policy": training.policy.model_copy(update={"vlm": vlm})})
    return {"training": training.model_dump(mode="json"), "samples": config.samples.model_dump(mode="json")}
