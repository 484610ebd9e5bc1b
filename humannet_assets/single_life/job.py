"""A training run as a file, for processes of their own.

    python -m humannet_assets.single_life.job JOB.json                            one process
    torchrun --nproc-per-node GPUS -m humannet_assets.single_life.job JOB.json    one per GPU

Prints the loss curve, one JSON row per line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field

from humannet_assets.single_life.card import CheckpointCard, CurveRow
from humannet_assets.single_life.config import CroCoConfig, TrainingConfig
from humannet_assets.single_life.frames import FrameCache, FrameCacheConfig
from humannet_assets.store.step import StepConfig


class TrainingJob(StepConfig):
    """Everything a run needs, with paths instead of arrays."""

    folder: Path = Field(description="Where the run lives; the finished checkpoint is found here.")
    pairs_file: Path = Field(description="Pairs, as `Pairs.save` writes them.")
    cache_root: Path = Field(description="Folder of the frame cache; it holds all videos of the pairs.")
    cache: FrameCacheConfig = Field(default_factory=FrameCacheConfig)
    model: CroCoConfig = Field(default_factory=CroCoConfig)
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    about: dict[str, Any] = Field(default_factory=dict, description="For the card: life, pairing, duration_s, provenance.")
    device: str | None = Field(default=None, description='"cpu", "cuda" or "cuda:1"; None takes a GPU if there is one.')


def run_job(job: TrainingJob, on_row: Callable[[CurveRow], None] | None = None) -> CheckpointCard:
    """Train (or go on training) as the job says, in this process; see `training.train` for what it raises."""
    from humannet_assets.single_life.distribution import distributed
    from humannet_assets.single_life.loader import Pairs
    from humannet_assets.single_life.training import TrainingData, train

    pairs = Pairs.load(job.pairs_file)
    frames = FrameCache(job.cache_root, job.cache).open(pairs.video_ids)
    pixels = {"short_side_px": job.cache.short_side_px, "rate_hz": job.cache.rate_hz}
    # A pair's time need not be a frame's own: half the distance of kept frames is as close as the cache can be.
    data = TrainingData(frames, pairs, {"frames": pixels, **job.about}, tolerance_s=0.5 / job.cache.rate_hz)
    with distributed(job.device) as place:
        return train(job.model, job.training, data, job.folder, place, on_row)


def main(arguments: list[str]) -> None:
    """Run the job named on the command line."""
    if len(arguments) != 1:
        sys.exit(__doc__)
    job = TrainingJob.model_validate_json(Path(arguments[0]).read_bytes())
    run_job(job, on_row=_print_row)


def _print_row(row: CurveRow) -> None:
    sys.stdout.write(row.model_dump_json() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
