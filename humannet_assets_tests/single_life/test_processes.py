"""Training in processes of its own: killed without warning, and two at once through torchrun."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from humannet_assets.single_life.atomic import replacing
from humannet_assets.single_life.card import CurveRow, read_card
from humannet_assets.single_life.config import TrainingConfig
from humannet_assets.single_life.distribution import Distribution
from humannet_assets.single_life.frames import FrameCache, FrameCacheConfig, VideoFile
from humannet_assets.single_life.job import TrainingJob, run_job
from humannet_assets.single_life.state import STATE_FILE, read_progress
from humannet_assets.single_life.training import Trainer, TrainingData, train
from humannet_assets_tests.single_life.made import RATE_HZ, TINY, pairs_of, panning_frames, tiny_data, tiny_training

CPU = Distribution(0, 1, torch.device("cpu"))
CACHE = FrameCacheConfig(short_side_px=40, rate_hz=RATE_HZ)

KILLED_WHILE_SAVING = """
import os, signal, sys
from pathlib import Path
from humannet_assets.single_life import state
from humannet_assets.single_life.job import main

save_file, saves = state.save_file, 0

def save_half(tensors, path, metadata):
    global saves
    saves += 1
    save_file(tensors, path, metadata)
    if saves == int(sys.argv[2]):
        with open(path, "r+b") as file:
            file.truncate(Path(path).stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)

state.save_file = save_half
main(sys.argv[1:2])
"""

GRADIENT = """
import sys
from pathlib import Path
from safetensors.torch import save_file
from humannet_assets.single_life.distribution import distributed
from humannet_assets.single_life.training import Trainer
from humannet_assets_tests.single_life.made import TINY, tiny_data, tiny_training

folder = Path(sys.argv[1])
with distributed("cpu") as place:
    config = tiny_training(accumulate=2, batch_size=16)
    data = tiny_data(folder / str(place.rank))
    trainer = Trainer(TINY, config, data, folder, place)
    loss = place.mean(trainer.backward(trainer.loader.batch(3)))
    if place.leads:
        gradients = {name: parameter.grad for name, parameter in trainer.model.named_parameters()}
        save_file({**gradients, "loss": loss}, folder / "gradients.safetensors")
"""


def job_of(folder: Path, training: TrainingConfig) -> Path:
    """A job over made-up frames that lie in a cache as decoded ones would; returns its file."""
    frames = panning_frames(folder)
    cache = FrameCache(folder / "cache", CACHE)
    for video_id in frames.video_ids:
        fill(cache, video_id, np.stack([frames[k] for k in frames.locate(video_id, frames.times_s(video_id), 1e-9)]))
    pairs_of(frames).save(folder / "pairs.npz")
    job = TrainingJob(
        folder=folder / "run", pairs_file=folder / "pairs.npz", cache_root=folder / "cache", cache=CACHE,
        model=TINY, training=training, about={"life": "nobody"}, device="cpu",
    )  # fmt: skip
    (folder / "job.json").write_text(job.model_dump_json())
    return folder / "job.json"


def fill(cache: FrameCache, video_id: str, pictures: np.ndarray) -> None:
    video = VideoFile(video_id, "", len(pictures) / RATE_HZ, pictures.shape[2], pictures.shape[1])
    folder = cache._folder(video_id)
    folder.mkdir(parents=True)
    with replacing(folder / "00000.npy") as path, path.open("wb") as file:
        np.save(file, pictures)
    with replacing(folder / "00000.times.npy") as path, path.open("wb") as file:
        np.save(file, np.arange(len(pictures)) / RATE_HZ)
    assert cache._close(video)


def command(*arguments: str | Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    line = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def numbers(rows: tuple[CurveRow, ...]) -> list[tuple[int, float, float]]:
    return [(row.step, row.loss, row.lr) for row in rows]


@pytest.fixture
def straight(tmp_path: Path) -> list[tuple[int, float, float]]:
    """The loss curve of the same run, never interrupted."""
    frames = panning_frames(tmp_path)
    data = TrainingData(frames, pairs_of(frames), {}, 0.5 / RATE_HZ)
    return numbers(train(TINY, tiny_training(steps=40), data, tmp_path / "straight", CPU).curve)


def test_killed_in_the_middle_of_a_save_it_goes_on_from_the_save_before(
    tmp_path: Path, straight: list[tuple[int, float, float]]
) -> None:
    job = job_of(tmp_path, tiny_training(steps=40))
    process = command("-c", KILLED_WHILE_SAVING, job, "3")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert list((tmp_path / "run").glob(".*.part"))
    saved = read_progress(tmp_path / "run")
    assert saved is not None
    assert saved.step == 8
    card = run_job(TrainingJob.model_validate_json(job.read_text()))
    assert numbers(card.curve) == straight
    assert not list((tmp_path / "run").glob(".*"))


def test_killed_at_any_moment_it_goes_on_along_the_same_curve(tmp_path: Path, straight: list[tuple[int, float, float]]) -> None:
    # Saving after every step, the kill most often hits a save.
    job = job_of(tmp_path, tiny_training(steps=40, save_every=1))
    process = command("-m", "humannet_assets.single_life.job", job)
    assert process.stdout is not None
    for _ in range(4):
        assert process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    assert (tmp_path / "run" / STATE_FILE).exists()
    assert numbers(run_job(TrainingJob.model_validate_json(job.read_text())).curve) == straight


def test_two_processes_have_the_gradient_of_one(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "1").mkdir()
    (tmp_path / "gradient.py").write_text(GRADIENT)
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    process = command(*torchrun, tmp_path / "gradient.py", tmp_path)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    both = load_file(tmp_path / "gradients.safetensors")
    trainer = Trainer(TINY, tiny_training(batch_size=16), tiny_data(tmp_path), tmp_path, CPU)
    loss = trainer.backward(trainer.loader.batch(3))
    torch.testing.assert_close(both.pop("loss"), loss)
    alone = {name: parameter.grad for name, parameter in trainer.model.named_parameters()}
    assert alone.keys() == both.keys()
    for name, gradient in alone.items():
        torch.testing.assert_close(both[name], gradient, atol=1e-6, rtol=1e-4)


def test_torchrun_trains_the_model_of_one_process(tmp_path: Path, straight: list[tuple[int, float, float]]) -> None:
    job = job_of(tmp_path, tiny_training(steps=40))
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    process = command(*torchrun, "-m", "humannet_assets.single_life.job", job)
    output, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    card = read_card(tmp_path / "run")
    assert card.hardware == "2 x cpu"
    assert [json.loads(line)["step"] for line in output.splitlines()] == [row.step for row in card.curve]
    for row, (step, loss, _) in zip(card.curve, straight, strict=True):
        assert row.step == step
        assert row.loss == pytest.approx(loss, abs=1e-3)
