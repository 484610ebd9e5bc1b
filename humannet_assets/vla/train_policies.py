"""`vla_checkpoints`: trains what `vla_runs` lists, one policy after the other, each resumable at any moment.

A run lives in `<store>/vla/models/<id>/<fingerprint>`; the fingerprint covers policy, stages and samples, so a run that was
killed goes on in its folder, and one of other data starts in a folder of its own. Samples are written once and shared. On
several GPUs, train a stage's `job.json` beforehand and materialise afterwards, which then finds the finished policy:

    torchrun --nproc-per-node GPUS -m humannet_assets.vla.policy.job FOLDER/job.json
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from humannet_assets.single_life.train_models import JOB_FILE, parameter_count
from humannet_assets.single_life.workplace import PlacedStep, Workplace
from humannet_assets.store.step import NoConfig, Outcome, Read, Unit
from humannet_assets.store.tables import HUMAN_EPISODES, ROBOT_EPISODES, VLA_CHECKPOINTS, VLA_RUNS
from humannet_assets.store.tables.vla_models import RUN_COLUMNS
from humannet_assets.vla.ablation import SampleConfig
from humannet_assets.vla.episode_samples import NoPicturesError, SampleSet, SampleSource, TooManySamplesError
from humannet_assets.vla.policy.arms import Arm, ArmData, ArmsConfig, arm_samples, train_arm
from humannet_assets.vla.policy.card import EXPERT_FILE, PolicyCard, SourceStatistics, read_policy_card
from humannet_assets.vla.policy.config import StageConfig
from humannet_assets.vla.policy.job import PolicyJob, run_job
from humannet_assets.vla.policy.problems import PolicySetupError
from humannet_assets.vla.samples import Sample, fit_normalisers, hours

PLACE = "vla"
"""Folder of policies and samples below the store."""
FIXES = {
    "no_robot_episodes": "add robot training episodes: a catalog entry `kind: robot` (docs/vla.md), or "
    "`humannet simulate --profile robot`; one episode is for post-training and one for the arms, so two at the least",
    "no_human_episodes": "add egocentric clips whose hands pass the gate robot_ready, or set experiment.samples.robot_ready "
    "to false; base alone needs none (vla.experiment.arms)",
    "too_few_hours": "add episodes, or lower vla.experiment.training.hour_ratio, or raise hour_shares",
}


@dataclass(frozen=True)
class _Sets:
    """Samples a policy learns from; `human` is None for base."""

    human: SampleSet | None
    robot: SampleSet | None
    post: SampleSet

    def data(self) -> ArmData:
        human, robot = (own.load() if own else [] for own in (self.human, self.robot))
        return ArmData(human, robot, self.post.load())

    @property
    def there(self) -> list[SampleSet]:
        return [own for own in (self.human, self.robot, self.post) if own]


class PolicyStep(PlacedStep[NoConfig]):
    """Trains policies; what each is comes with its row of `vla_runs`.

    Args:
        config: None: everything is in the rows.
        place: Where episodes and folders are.
    """

    name = "vla_checkpoints"
    code_version = "1"
    reads = (
        Read(VLA_RUNS, (*RUN_COLUMNS, "human_ids", "robot_ids", "post_ids", "config"), by="values"),
        Read(HUMAN_EPISODES, ("clip_id",), through="human_ids", loads=False),
        Read(ROBOT_EPISODES, ("recording_id",), through="robot_ids", loads=False),
        Read(ROBOT_EPISODES, ("recording_id",), through="post_ids", loads=False),
    )
    writes = VLA_CHECKPOINTS
    load_units = 1

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per policy. Errors of training fail their unit with their message, the next run tries again."""
        for unit in units:
            run = unit.row(VLA_RUNS)
            known = {name: run[name] for name in RUN_COLUMNS}
            if missing := lacking(run):
                counts = {name.removesuffix("_ids"): len(run[name]) for name in ("human_ids", "robot_ids", "post_ids")}
                yield Outcome.rejected(unit, [missing], {**counts, "fix": FIXES[missing]}, known)
                continue
            training, samples = run_configs(run)
            check_setup(training)
            source = sample_source(self.place, training, samples)
            try:
                sets = _sets(source, run)
            except NoPicturesError as error:
                yield Outcome.rejected(unit, ["missing_camera"], {"why": str(error)}, known)
                continue
            except TooManySamplesError as error:
                yield Outcome.rejected(unit, ["too_many_samples"], {"why": str(error)}, known)
                continue
            data = sets.data()
            try:
                own = arm_samples(run["arm"], data, training, training.continued.seed, run["share"])
            except PolicySetupError as error:
                yield Outcome.rejected(unit, ["too_few_hours"], _hours(data, str(error)), known)
                continue
            if run["arm"] != "base" and not own:
                why = f"less than one sample of {samples.chunks.stride} steps"
                yield Outcome.rejected(unit, ["too_few_hours"], _hours(data, why), known)
                continue
            yield Outcome.kept(unit, [{**self._train(unit, run, sets, data, own), **known}])

    def _train(
        self, unit: Unit, run: Mapping[str, Any], sets: _Sets, data: ArmData, own: Sequence[Sample]
    ) -> dict[str, Any]:  # fmt: skip
        place = self.place
        training, samples = run_configs(run)
        arm: Arm = run["arm"]
        models = place.under(PLACE) / "models" / unit.id[:2] / unit.id
        folder = models / _fingerprint(training, samples, run["share"], sets)
        normalisers = fit_normalisers([*data.human, *data.robot, *data.post], np.random.default_rng(0))
        statistics = {name: SourceStatistics(actions=own.actions, state=own.state) for name, own in normalisers.items()}

        def train(
            stage: StageConfig, start: Path | None, keep: bool, _: Sequence[Sample], to: Path, about: Mapping[str, object]
        ) -> PolicyCard:
            continued = about["stage"] == "continued"
            samples_of = (sets.human if arm == "ego" else sets.robot) if continued else sets.post
            assert samples_of is not None
            job = PolicyJob(
                folder=to, samples_file=samples_of.path, hours=hours(own) if continued else None,
                hours_seed=training.continued.seed, statistics=statistics, policy=training.policy, stage=stage, start=start,
                keep_expert=keep, about={**about, "model_id": unit.id, "seed": run["seed"], "share": run["share"]},
            )  # fmt: skip
            to.mkdir(parents=True, exist_ok=True)
            (to / JOB_FILE).write_text(job.model_dump_json(indent=1), encoding="utf-8")
            return run_job(job)

        card = train_arm(arm, training, data, normalisers, folder, train, run["share"])
        # What the policy was before a change: its row is about to be replaced.
        for other in models.iterdir():
            if other != folder:
                shutil.rmtree(other)
        continued = read_policy_card(folder / arm / "continued")
        left_out = sum(one.left_out for one in sets.there)
        return _row(card, continued, folder / arm / "post", data, own) | {"episodes_left_out": left_out}


def lacking(run: Mapping[str, Any]) -> str | None:
    """The reason why a planned policy cannot be trained for want of episodes; None if it can."""
    if not run["post_ids"] or (run["arm"] != "base" and not run["robot_ids"]):
        return "no_robot_episodes"
    return "no_human_episodes" if run["arm"] != "base" and not run["human_ids"] else None


def run_configs(run: Mapping[str, Any]) -> tuple[ArmsConfig, SampleConfig]:
    """Training and samples of a row of `vla_runs`."""
    config = json.loads(run["config"])
    return ArmsConfig.model_validate(config["training"]), SampleConfig.model_validate(config["samples"])


def sample_source(place: Workplace, training: ArmsConfig, samples: SampleConfig) -> SampleSource:
    """Where the samples of a policy come from."""
    return SampleSource(place.store, place.access, place.under(PLACE), samples, training.policy, place.compute)


def check_setup(training: ArmsConfig) -> None:
    """Refuse what cannot be trained before any picture is decoded: a VLM that does not see, LoRA targets that match nothing.

    Raises:
        PolicySetupError: With what to do.
    """
    # Seeds change nothing of it.
    _checked(training.seeded(0).model_dump_json())


@functools.lru_cache(maxsize=8)
def _checked(text: str) -> None:
    from humannet_assets.vla.policy.vlm import load_vlm, prepare

    training = ArmsConfig.model_validate_json(text)
    for stage in {training.continued.fingerprint(): training.continued, training.post.fingerprint(): training.post}.values():
        prepare(load_vlm(training.policy.vlm).model, stage, stage.seed)


def _sets(source: SampleSource, run: Mapping[str, Any]) -> _Sets:
    return _Sets(
        human=source.of("human", run["human_ids"]) if run["human_ids"] else None,
        robot=source.of("robot", run["robot_ids"]) if run["robot_ids"] else None,
        post=source.of("robot", run["post_ids"]),
    )


def _hours(data: ArmData, why: str) -> dict[str, Any]:
    return {"human_h": hours(data.human), "robot_h": hours(data.robot), "why": why, "fix": FIXES["too_few_hours"]}


def _fingerprint(training: ArmsConfig, samples: SampleConfig, share: float, sets: _Sets) -> str:
    parts = [training.fingerprint(), samples.fingerprint(), f"{share:.6f}", *(own.path.stem for own in sets.there)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _row(
    card: PolicyCard, continued: PolicyCard | None, folder: Path, data: ArmData, own: Sequence[Sample]
) -> dict[str, Any]:  # fmt: skip
    first, last = card.curve[0], card.curve[-1]
    changed = [path for change in card.changes for path in _weights(folder / change.path)]
    return {
        "continued_hours": hours(own),
        "continued_episodes": len({sample.episode_id for sample in own}),
        "post_hours": hours(data.post),
        "post_episodes": len({sample.episode_id for sample in data.post}),
        "folder": str(folder),
        "run_fingerprint": card.run,
        "expert_sha256": card.expert_sha256,
        "vlm": card.vlm_identity,
        "parameters": sum(parameter_count(path) for path in (folder / EXPERT_FILE, *changed)),
        "steps": last.step,
        "batch_size": card.stage.batch_size,
        "loss_first": first.loss,
        "loss_last": last.loss,
        "samples_per_s": last.samples_seen / last.seconds,
        "train_s": last.seconds + (continued.curve[-1].seconds if continued else 0.0),
        "hardware": card.hardware,
        "precision": card.precision,
        "curve_steps": [row.step for row in card.curve],
        "curve_loss": [row.loss for row in card.curve],
        "continued_curve_steps": [row.step for row in continued.curve] if continued else [],
        "continued_curve_loss": [row.loss for row in continued.curve] if continued else [],
    }


def _weights(path: Path) -> list[Path]:
    """Weight files of a change: the file itself, or those of an adapter's folder."""
    return sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
