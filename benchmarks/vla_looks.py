"""Does a small policy look? The smallest setting we found in which it does, on one CPU core; not part of `make bench`.

    python -m benchmarks.vla_looks [--seeds 0 1 2] [--warm-up] [--folder FOLDER] [--tries 20]

One simulated task (`lift_tray`, both hands), 112x84 pixels from the head camera, the built-in Qwen2.5-VL with random weights
trained in full, an L1 head, 200 demonstrations. With `--warm-up` the model first learns to point at what is named, on tables of
its own, which stands in for what a pretrained one brings along; it is not needed for passing the controls.
Judged on 30 other instances: loss and open-loop error beside every control, then the closed loop, with the policy's own
pictures, with pictures of other episodes, and with the mean action.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from humannet_assets.simulator.robot.policy_samples import Demonstrations, Pointings, SimulatedLoop, demonstrations, pointings
from humannet_assets.single_life.distribution import distributed
from humannet_assets.vla.intervals import success_interval
from humannet_assets.vla.policy.checkpoints import LoadedPolicy, Start, load_policy, train_policy
from humannet_assets.vla.policy.closed_loop import Actor, policy_actor, roll_out
from humannet_assets.vla.policy.config import (
    ClosedLoopConfig,
    EvaluationConfig,
    ExpertConfig,
    PolicyConfig,
    StageConfig,
    TinyVlmConfig,
    VlmConfig,
)
from humannet_assets.vla.policy.controls import MeanAction
from humannet_assets.vla.policy.evaluation import evaluate, gap, interval, looks
from humannet_assets.vla.samples import Sample, fit_normalisers

TASK, SIZE = "lift_tray", (112, 84)
TRAINING, HELD_OUT, LOOP = (0, 200), (100_000, 30), 200_000
"""First instance and number of instances; the closed loop's begin at another one."""
POINTING = (500_000, 300, 16)
WARM_UP_STEPS, STEPS = 2500, 2000
EVALUATION = EvaluationConfig()
MEASURES = ("loss", "position_mm", "rotation_deg", "grip")


def policy_config(words: str) -> PolicyConfig:
    """Sizes; 0.87 million parameters."""
    tiny = TinyVlmConfig(words=words, width=64, layers=2, vision_width=64, vision_depth=2)
    return PolicyConfig(
        vlm=VlmConfig(image_size=(SIZE[1], SIZE[0]), tiny=tiny), expert=ExpertConfig(width=96, depth=2, heads=4, head="l1")
    )


def stage(steps: int, seed: int) -> StageConfig:
    """Both runs' settings."""
    return StageConfig(
        steps=steps, batch_size=32, noise_draws=1, tune="full", peak_lr=2e-3, precision="fp32", save_every=500, seed=seed
    )


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--folder", type=Path, help="where runs are kept (and gone on with); a temporary one by default")
    parser.add_argument("--tries", type=int, default=20, help="instances of the closed loop")
    parser.add_argument("--warm-up", action="store_true", help="teach the model to point first")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    started = time.process_time()
    training = list(demonstrations(Demonstrations(TASK, *TRAINING, SIZE)))
    held_out = list(demonstrations(Demonstrations(TASK, *HELD_OUT, SIZE)))
    warm_up = list(pointings(Pointings(TASK, *POINTING, size=SIZE))) if arguments.warm_up else []
    print(
        f"{len(training)} training samples of {_episodes(training)} episodes, {len(held_out)} held-out ones of "
        f"{_episodes(held_out)}, {len(warm_up)} of the warm-up: {time.process_time() - started:.0f} s of CPU",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as temporary:
        for seed in arguments.seeds:
            _run(seed, (arguments.folder or Path(temporary)) / f"seed_{seed}", training, held_out, warm_up, arguments.tries)


def _run(
    seed: int, folder: Path, training: Sequence[Sample], held_out: Sequence[Sample], warm_up: Sequence[Sample], tries: int
) -> None:
    started = time.process_time()
    everything = [*training, *warm_up]
    config = policy_config(" ".join(sorted({sample.instruction for sample in everything})))
    normalisers = fit_normalisers(everything, np.random.default_rng(0))
    with distributed("cpu") as place:
        first = folder / "warm_up" if warm_up else None
        if first is not None:
            train_policy(config, stage(WARM_UP_STEPS, seed), Start(), warm_up, normalisers, first, place, {"stage": "warm_up"})
        last = folder / ("post_warm" if warm_up else "post")
        train_policy(config, stage(STEPS, seed), Start(first), training, normalisers, last, place, {"stage": "post"})
    loaded, mean = load_policy(last), MeanAction.of(training)
    print(f"seed {seed}: trained in {time.process_time() - started:.0f} s of CPU")
    found = evaluate(loaded.policy, loaded.collator, held_out, mean, EVALUATION)
    for measure in MEASURES:
        for condition in found.conditions:
            own, worse = (of(found, condition, measure, EVALUATION) for of in (interval, gap))
            print(
                f"  {measure:12s} {condition:15s} {own.mean:8.4f} [{own.low:.4f}, {own.high:.4f}]   "
                f"worse than real by {worse.mean:8.4f} [{worse.low:.4f}, {worse.high:.4f}]"
            )
    print(f"  {looks(found, EVALUATION)}", flush=True)
    closed_loop(loaded, mean, training[0], held_out, tries)


def closed_loop(loaded: LoadedPolicy, mean: MeanAction, like: Sample, others: Sequence[Sample], tries: int) -> None:
    """Success on instances of their own, and what it is without looking."""
    config = ClosedLoopConfig()
    actors: dict[str, Actor] = {
        "policy": policy_actor(loaded.policy, loaded.collator, config),
        "other pictures": policy_actor(loaded.policy, loaded.collator, config, others),
        "mean action": lambda sample, _: mean.actions([sample])[0],
    }
    for name, actor in actors.items():
        done = 0
        for seed in range(LOOP, LOOP + tries):
            loop = SimulatedLoop(TASK, seed, like)
            try:
                done += roll_out(loop, actor, config).success
            finally:
                loop.close()
        low, high = success_interval(done, tries)
        print(f"  closed loop, {name:15s} {done} of {tries} [{low:.2f}, {high:.2f}]", flush=True)


def _episodes(samples: Sequence[Sample]) -> int:
    return len({sample.episode_id for sample in samples})


if __name__ == "__main__":
    main()
