"""`vla_episode_errors`: every policy on every held-out episode under every condition, and let act where that was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from humannet_assets.single_life.card import CheckpointError
from humannet_assets.single_life.workplace import PlacedStep, Workplace
from humannet_assets.store.identity import stable_id
from humannet_assets.store.step import Outcome, Read, StepConfig, Unit
from humannet_assets.store.tables import ROBOT_EPISODES, VLA_CHECKPOINTS, VLA_EPISODE_ERRORS, VLA_RUNS
from humannet_assets.store.tables.vla_models import RUN_COLUMNS
from humannet_assets.vla.ablation import ANCHOR, ClosedLoopTries
from humannet_assets.vla.episode_samples import NoPicturesError, groups_of
from humannet_assets.vla.policy.config import LOSS, REAL, SEEING, EvaluationConfig
from humannet_assets.vla.policy.controls import MeanAction
from humannet_assets.vla.policy.errors import MEASURES
from humannet_assets.vla.samples import Sample, fingerprint
from humannet_assets.vla.train_policies import run_configs, sample_source

if TYPE_CHECKING:
    from humannet_assets.vla.policy.checkpoints import LoadedPolicy
    from humannet_assets.vla.policy.closed_loop import Actor, Loop
    from humannet_assets.vla.policy.evaluation import Evaluation

CLOSED_LOOP, SUCCESS, MEAN = "closed_loop", "success", "mean_action"
LEAST_EPISODES = 2
"""Held-out episodes a group needs: with one there is nothing to shuffle with, and no interval."""
HEAD = "head"
"""The simulated robot's anchor camera."""

LoopMaker = Callable[[str, int, Sample, tuple[str, ...], bool], "Loop"]
"""Makes a closed loop: task, instance, a sample of the policy's data, cameras, whether with shadows."""


class JudgeConfig(StepConfig):
    """How policies are judged."""

    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig, description="Draws, shuffles, bootstrap.")
    closed_loop: ClosedLoopTries = Field(default_factory=ClosedLoopTries, description="Acting in the simulator.")


class JudgeStep(PlacedStep[JudgeConfig]):
    """Measures policies on held-out episodes.

    Args:
        config: See `JudgeConfig`.
        place: Where checkpoints and samples are.
        loops: Makes closed loops; only needed where tasks are named.
    """

    name = "vla_episode_errors"
    code_version = "1"
    reads = (
        Read(VLA_RUNS, (*RUN_COLUMNS, "eval_ids", "post_ids", "config"), by="values"),
        Read(VLA_CHECKPOINTS, ("folder", "run_fingerprint", "expert_sha256"), by="values"),
        Read(ROBOT_EPISODES, ("recording_id",), through="eval_ids", loads=False),
    )
    writes = VLA_EPISODE_ERRORS
    load_units = 1

    def __init__(self, config: JudgeConfig, place: Workplace | None = None, loops: LoopMaker | None = None) -> None:
        super().__init__(config, place)
        self.loops = loops
        # The mean action is the same for all policies of one post-training.
        self._mean_done: dict[tuple[str, ...], bool] = {}

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per policy."""
        for unit in units:
            run, trained = unit.row(VLA_RUNS), unit.all(VLA_CHECKPOINTS)
            if not trained or trained[0]["folder"] is None:
                yield Outcome.rejected(unit, ["no_checkpoint"], {"fix": "see the row of vla_checkpoints"})
                continue
            few = {
                "held_out": len(run["eval_ids"]), "least": LEAST_EPISODES,
                "fix": "add robot episodes, or raise vla.split.validation_share",
            }  # fmt: skip
            if len(run["eval_ids"]) < LEAST_EPISODES:
                yield Outcome.rejected(unit, ["too_few_held_out"], few)
                continue
            training, samples = run_configs(run)
            source = sample_source(self.place, training, samples)
            try:
                groups = groups_of(source.of("robot", run["eval_ids"]).load())
            except NoPicturesError as error:
                yield Outcome.rejected(unit, ["too_few_held_out"], {**few, "why": str(error)})
                continue
            post = source.of("robot", run["post_ids"]).load()
            loaded = load_trained(trained[0])
            rows = list(self._open_loop(loaded, groups, post))
            # Shares of hours are for the law of the loss: only whole arms act.
            acts = run["share"] == 1
            rows += [] if not acts else self._closed_loop(loaded, [one for own in groups.values() for one in own], post)
            known = {"model_id": unit.id, **{name: run[name] for name in RUN_COLUMNS}}
            yield Outcome.kept(unit, [{"error_id": _key(unit.id, row), **known, **row} for row in rows])

    def _open_loop(
        self, loaded: LoadedPolicy, groups: Mapping[str, Sequence[Sample]], post: Sequence[Sample]
    ) -> Iterator[dict[str, Any]]:
        from humannet_assets.vla.policy.evaluation import evaluate

        mean = MeanAction.of(post)
        for group, own in groups.items():
            found = evaluate(loaded.policy, loaded.collator, own, mean, self.config.evaluation, conditions_of(own))
            for row in episode_rows(found):
                yield {"eval_group": group, **row}

    def _closed_loop(
        self, loaded: LoadedPolicy, held_out: Sequence[Sample], post: Sequence[Sample]
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        chosen = self.config.closed_loop
        if not chosen.tasks:
            return
        if self.loops is None:
            raise RuntimeError("closed-loop tasks are set and no simulator is at hand; build the step with `build_passes`")
        from humannet_assets.vla.policy.closed_loop import policy_actor, roll_out

        mean, loops = MeanAction.of(post), self.loops
        actors: dict[str, Callable[[], Actor]] = {
            REAL: lambda: policy_actor(loaded.policy, loaded.collator, chosen.acting),
            "shuffled_image": lambda: policy_actor(loaded.policy, loaded.collator, chosen.acting, held_out),
            MEAN: lambda: lambda sample, _: mean.actions([sample])[0],
        }
        cameras = tuple(HEAD if camera == ANCHOR else camera for camera in loaded.card.policy.cameras)
        same = fingerprint(post)

        def succeeds(task: str, instance: int, condition: str) -> bool:
            known = (same, *cameras, f"{task}-{instance}")
            if condition == MEAN and known in self._mean_done:
                return self._mean_done[known]
            # An actor per try: what it draws does not depend on the tries before.
            loop = loops(task, instance, post[0], cameras, chosen.shadows)
            try:
                done = roll_out(loop, actors[condition](), chosen.acting).success
            finally:
                loop.close()
            if condition == MEAN:
                self._mean_done[known] = done
            return done

        for condition in actors:
            for task in chosen.tasks:
                for instance in range(chosen.first_instance, chosen.first_instance + chosen.tries):
                    yield {
                        "eval_group": CLOSED_LOOP, "condition": condition, "measure": SUCCESS,
                        "episode_id": f"{task}-{instance}", "value": float(succeeds(task, instance, condition)), "samples": 1,
                    }  # fmt: skip


def conditions_of(samples: Sequence[Sample]) -> list[str]:
    """Conditions there is something to shuffle for."""
    episodes = len({sample.episode_id for sample in samples})
    texts = len({sample.instruction for sample in samples})
    enough = {REAL: True, "shuffled_text": texts > 1}
    return [name for name in SEEING if enough.get(name, episodes > 1)]


def episode_rows(found: Evaluation) -> Iterator[dict[str, Any]]:
    """Means over the samples of each episode, of measures that are known."""
    episodes = np.asarray(found.episodes)
    for condition, measured in found.conditions.items():
        for measure in (LOSS, *MEASURES):
            values = measured.column(measure)
            for episode in sorted(set(found.episodes)):
                own = values[(episodes == episode) & np.isfinite(values)]
                if len(own) and math.isfinite(mean := float(own.mean())):
                    yield {
                        "condition": condition, "measure": measure, "episode_id": episode, "value": mean, "samples": len(own),
                    }  # fmt: skip


def load_trained(row: Mapping[str, Any]) -> LoadedPolicy:
    """The policy of a row of `vla_checkpoints`, where a GPU is, on it.

    Raises:
        CheckpointError: The folder holds another policy than the row says.
        FileNotFoundError: It holds none.
    """
    import torch

    from humannet_assets.vla.policy.checkpoints import load_policy

    loaded = load_policy(Path(row["folder"]), "cuda" if torch.cuda.is_available() else "cpu")
    if (loaded.card.run, loaded.card.expert_sha256) != (row["run_fingerprint"], row["expert_sha256"]):
        raise CheckpointError(
            f"{row['folder']} holds another policy than its row says; delete the folder and materialise vla_checkpoints again"
        )
    return loaded


def _key(model_id: str, row: Mapping[str, Any]) -> str:
    return stable_id(model_id, row["eval_group"], row["episode_id"], row["condition"], row["measure"])
