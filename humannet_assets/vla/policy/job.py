"""A policy's training run as a file, for processes of its own.

    python -m humannet_assets.vla.policy.job JOB.json                            one process
    torchrun --nproc-per-node GPUS -m humannet_assets.vla.policy.job JOB.json    one per GPU

Prints the loss curve, one JSON row per line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.policy.card import PolicyCard, SourceStatistics
from humannet_assets.vla.policy.config import PolicyConfig, StageConfig
from humannet_assets.vla.policy.curve import CurveRow


class PolicyJob(StepConfig):
    """Everything a run needs, with paths instead of arrays."""

    folder: Path = Field(description="Where the run lives; the finished policy is found here.")
    samples_file: Path = Field(description="Samples, as `save_samples` writes them.")
    hours: float | None = Field(default=None, gt=0, description="Of them, so many hours (`take_hours`); None: all.")
    hours_seed: int = Field(default=0, ge=0, description="Of the choice of episodes for those hours.")
    statistics: dict[str, SourceStatistics] = Field(description="By source, of training splits.")
    policy: PolicyConfig = Field(default_factory=PolicyConfig)
    stage: StageConfig = Field(default_factory=StageConfig)
    start: Path | None = Field(default=None, description="A finished policy's folder to start from; None: the VLM as it is.")
    keep_expert: bool = Field(default=False, description="Go on with that policy's expert instead of a fresh one.")
    about: dict[str, Any] = Field(default_factory=dict, description="For the card: arm, hours, provenance.")
    device: str | None = Field(default=None, description='"cpu", "cuda" or "cuda:1"; None takes a GPU if there is one.')


def run_job(job: PolicyJob, on_row: Callable[[CurveRow], None] | None = None) -> PolicyCard:
    """Train (or go on training) as the job says, in this process; see `checkpoints.train_policy` for what it raises."""
    from humannet_assets.single_life.distribution import distributed
    from humannet_assets.vla.policy.checkpoints import Start, train_policy
    from humannet_assets.vla.sample_files import load_samples
    from humannet_assets.vla.samples import take_hours

    samples = load_samples(job.samples_file)
    if job.hours is not None:
        samples = take_hours(samples, job.hours, job.hours_seed)
    normalisers = {source: own.normaliser() for source, own in job.statistics.items()}
    with distributed(job.device) as place:
        return train_policy(
            job.policy, job.stage, Start(job.start, job.keep_expert), samples, normalisers, job.folder, place,
            job.about, on_row,
        )  # fmt: skip


def main(arguments: list[str]) -> None:
    """Run the job named on the command line."""
    if len(arguments) != 1:
        sys.exit(__doc__)
    run_job(PolicyJob.model_validate_json(Path(arguments[0]).read_bytes()), on_row=_print_row)


def _print_row(row: CurveRow) -> None:
    sys.stdout.write(row.model_dump_json() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
