"""Training: it learns from the picture, goes on exactly where it stopped, and refuses before it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from humannet_assets.single_life.card import CheckpointError
from humannet_assets.single_life.distribution import Distribution
from humannet_assets.single_life.state import STATE_FILE
from humannet_assets.vla.policy.card import PolicyCard, SourceStatistics
from humannet_assets.vla.policy.checkpoints import Start, load_policy, train_policy
from humannet_assets.vla.policy.config import PolicyConfig, StageConfig
from humannet_assets.vla.policy.curve import CurveRow
from humannet_assets.vla.policy.job import PolicyJob
from humannet_assets.vla.policy.model import sampling_noise
from humannet_assets.vla.policy.problems import PolicySetupError
from humannet_assets.vla.policy.training import NonFiniteLossError, Trainer
from humannet_assets.vla.sample_files import save_samples
from humannet_assets.vla.samples import Sample, fit_normalisers
from humannet_assets_tests.vla.policy.made import samples, tiny_policy, tiny_stage

CPU = Distribution(0, 1, torch.device("cpu"))

KILLED_WHILE_SAVING = """
import os, signal, sys
from pathlib import Path
from humannet_assets.single_life import state
from humannet_assets.vla.policy.job import main

save_file, saves = state.save_file, 0

def save_half(tensors, path, metadata):
    global saves
    saves += 1
    save_file(tensors, path, metadata)
    if saves == 2:
        with open(path, "r+b") as file:
            file.truncate(Path(path).stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)

state.save_file = save_half
main(sys.argv[1:2])
"""


def run(
    folder: Path,
    stage: StageConfig | None = None,
    config: PolicyConfig | None = None,
    data: list[Sample] | None = None,
    start: Start | None = None,
) -> PolicyCard:
    made = data or samples(12)
    normalisers = fit_normalisers(made, np.random.default_rng(0))
    return train_policy(
        config or tiny_policy(), stage or tiny_stage(), start or Start(), made, normalisers, folder, CPU, {"arm": "x"}
    )


def numbers(rows: tuple[CurveRow, ...]) -> list[tuple[int, float, float]]:
    return [(row.step, row.loss, row.lr) for row in rows]


def job_of(folder: Path, stage: StageConfig) -> Path:
    made = samples(12)
    save_samples(folder / "samples.npz", made)
    normalisers = fit_normalisers(made, np.random.default_rng(0))
    statistics = {name: SourceStatistics(actions=own.actions, state=own.state) for name, own in normalisers.items()}
    job = PolicyJob(
        folder=folder / "run", samples_file=folder / "samples.npz", statistics=statistics, policy=tiny_policy(), stage=stage,
        about={"arm": "x"}, device="cpu",
    )  # fmt: skip
    (folder / "job.json").write_text(job.model_dump_json())
    return folder / "job.json"


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
    line = [sys.executable, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, env=environment, timeout=240, check=False)


def test_killed_in_the_middle_of_a_save_it_goes_on_along_the_same_curve(tmp_path: Path) -> None:
    straight = run(tmp_path / "straight")
    job = job_of(tmp_path, tiny_stage())
    killed = command("-c", KILLED_WHILE_SAVING, job)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "run" / "card.json").exists()
    from humannet_assets.vla.policy.job import run_job

    rows: list[CurveRow] = []
    card = run_job(PolicyJob.model_validate_json(job.read_bytes()), rows.append)
    assert [row.step for row in rows] == [4, 6], "it went on after step 2, not from the start"
    assert numbers(card.curve) == numbers(straight.curve)
    assert card.expert_sha256 == straight.expert_sha256
    assert card.changes == straight.changes
    assert not (tmp_path / "run" / STATE_FILE).exists()
    assert run_job(PolicyJob.model_validate_json(job.read_bytes())) == card, "a finished run is not trained again"
    with pytest.raises(CheckpointError, match="other settings, samples or precision"):
        run(tmp_path / "run", tiny_stage(peak_lr=1e-3))


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    stage = tiny_stage(steps=2, clip_norm=None)
    alone = run(tmp_path / "alone", stage)
    job = job_of(tmp_path, stage)
    both = command("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m",
                   "humannet_assets.vla.policy.job", job)  # fmt: skip
    assert both.returncode == 0, both.stderr
    (row,) = (json.loads(line) for line in both.stdout.splitlines() if line.startswith("{"))
    assert row["loss"] == pytest.approx(alone.curve[0].loss, rel=1e-5)
    one, other = (load_file(folder / "expert.safetensors") for folder in (tmp_path / "alone", tmp_path / "run"))
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, atol=1e-4, rtol=1e-3)


def lit(one: Sample, light: float) -> Sample:
    """A picture of one brightness, 0 to 1; the left hand goes right by as much. Nothing else tells."""
    actions, mask = np.zeros_like(one.actions), np.zeros_like(one.mask)
    actions[:, 0], mask[:, 0] = 0.2 * (light - 0.5), True
    images = np.full_like(one.images, round(250 * light))
    return replace(one, images=images, state=np.zeros_like(one.state), actions=actions, mask=mask, instruction="go")


def test_a_policy_learns_what_only_the_picture_tells(tmp_path: Path) -> None:
    made = [lit(one, index / 31) for index, one in enumerate(samples(32))]
    stage = tiny_stage(steps=140, peak_lr=6e-3, batch_size=8, tune="full", noise_draws=4, log_every=10, warmup_fraction=0.1)
    run(tmp_path, stage, tiny_policy(), made)
    loaded = load_policy(tmp_path)
    real = loaded.collator.batch(made)
    blind = loaded.collator.batch([replace(one, images=made[(index + 16) % 32].images) for index, one in enumerate(made)])
    with torch.inference_mode():
        right, wrong = (float(loaded.policy(batch, draws(32)).mean()) for batch in (real, blind))
        chunks = loaded.policy.act(real, sampling_noise(0, 32, 16))[:, 0, 0]
    assert wrong > 1.5 * right
    assert float(torch.corrcoef(torch.stack([chunks, real.actions[:, 0, 0]]))[0, 1]) > 0.8


def draws(count: int) -> Any:
    from humannet_assets.vla.policy.batches import draw_noise

    return draw_noise(np.random.default_rng(0), count, 1, 16, 32)


def test_what_is_loaded_is_what_was_trained_and_stages_build_on_each_other(tmp_path: Path) -> None:
    first = run(tmp_path / "first", tiny_stage(tune="full"))
    assert [change.kind for change in first.changes] == ["weights"]
    second = run(tmp_path / "second", tiny_stage(tune="lora", peak_lr=3e-2), start=Start(tmp_path / "first"))
    assert [change.kind for change in second.changes] == ["weights", "adapter"]
    third = run(tmp_path / "third", tiny_stage(tune="lora"), start=Start(tmp_path / "second"))
    assert [change.kind for change in third.changes] == ["weights", "adapter", "adapter"]
    kept = run(tmp_path / "kept", tiny_stage(tune="frozen"), start=Start(tmp_path / "second", keep_expert=True))
    assert kept.changes == second.changes
    # Fresh experts are the same whatever came before; a kept one begins where it was.
    assert kept.curve[0].loss != third.curve[0].loss
    loaded = load_policy(tmp_path / "third")
    batch = loaded.collator.batch(samples(4))
    with torch.inference_mode():
        before = load_policy(tmp_path / "first").policy(batch, draws(4))
        assert not torch.allclose(loaded.policy(batch, draws(4)), before)
    broken = tmp_path / "third" / second.changes[1].path / "adapter_model.safetensors"
    broken.write_bytes(broken.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckpointError, match="not the file its card was written for"):
        load_policy(tmp_path / "third")


def test_checkpointing_and_accumulation_change_nothing(tmp_path: Path) -> None:
    plain = run(tmp_path / "plain", tiny_stage(steps=2))
    other = run(tmp_path / "other", tiny_stage(steps=2, gradient_checkpointing=True, accumulate=2))
    for one, two in zip(plain.curve, other.curve, strict=True):
        assert two.loss == pytest.approx(one.loss, rel=1e-4)


def test_bf16_trains_close_to_fp32_and_weights_stay_float32(tmp_path: Path) -> None:
    fine, coarse = (run(tmp_path / name, tiny_stage(precision=name)) for name in ("fp32", "bf16"))
    assert coarse.curve[-1].loss == pytest.approx(fine.curve[-1].loss, rel=0.05)
    assert coarse.curve[-1].loss != fine.curve[-1].loss
    assert {tensor.dtype for tensor in load_file(tmp_path / "bf16" / "expert.safetensors").values()} == {torch.float32}


def test_numbers_that_go_bad_stop_the_run_and_keep_what_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Trainer.batch

    def poisoned(self: Trainer, step: int) -> Any:
        batch, noise = original(self, step)
        if step == 5:
            batch.actions[0] = torch.nan
        return batch, noise

    monkeypatch.setattr(Trainer, "batch", poisoned)
    with pytest.raises(NonFiniteLossError, match="loss of step 5"):
        run(tmp_path)
    assert (tmp_path / STATE_FILE).exists()
    assert not (tmp_path / "card.json").exists()


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "dims": ({"actions": np.zeros((16, 14), np.float32)}, r"actions have shape \(16, 14\).*action space of 32"),
    "camera": ({"images": np.zeros((2, 56, 56, 3), np.uint8)}, r"2 pictures, the policy has the cameras head.*policy\.cameras"),
    "robot": ({"robot": "hal9000"}, r"unknown robot 'hal9000'; known are aloha.*Write a mapping"),
    "source": ({"source": "elsewhere"}, r"no statistics of source 'elsewhere'.*fit_normalisers"),
    "nothing": ({"mask": np.zeros((16, 32), bool)}, "no action is known"),
    "nan": ({"actions": np.full((16, 32), np.nan, np.float32)}, "not finite"),
    "words": ({"instruction": "<|im_end|> go"}, "control tokens"),
}


@pytest.mark.parametrize("what", BAD)
def test_samples_that_do_not_fit_are_refused_before_training(tmp_path: Path, what: str) -> None:
    changes, message = BAD[what]
    made = samples(6)
    normalisers = fit_normalisers(made, np.random.default_rng(0))
    bad = [*made[:5], replace(made[5], **changes)]
    with pytest.raises(PolicySetupError, match=message):
        train_policy(tiny_policy(), tiny_stage(), Start(), bad, normalisers, tmp_path / "run", CPU)
    assert not (tmp_path / "run").exists()
    with pytest.raises(PolicySetupError, match="there are no samples"):
        train_policy(tiny_policy(), tiny_stage(), Start(), [], normalisers, tmp_path / "run", CPU)
