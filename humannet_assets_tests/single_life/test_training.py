"""The training loop: it learns, goes on exactly where it stopped, and stops when numbers go bad."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from humannet_assets.single_life.card import CheckpointCard, CheckpointError, CurveRow
from humannet_assets.single_life.checkpoints import load_checkpoint
from humannet_assets.single_life.config import TrainingConfig
from humannet_assets.single_life.distribution import Distribution
from humannet_assets.single_life.loader import Batch, PairLoader
from humannet_assets.single_life.state import STATE_FILE, read_progress
from humannet_assets.single_life.training import (
    NonFiniteLossError,
    Trainer,
    TrainingData,
    initial_model,
    make_optimiser,
    train,
)
from humannet_assets_tests.single_life.made import TINY, tiny_data, tiny_training

CPU = Distribution(0, 1, torch.device("cpu"))


def numbers(rows: tuple[CurveRow, ...] | list[CurveRow]) -> list[tuple[int, float, float, int]]:
    return [(row.step, row.loss, row.lr, row.pairs_seen) for row in rows]


def run(folder: Path, data: TrainingData, config: TrainingConfig) -> CheckpointCard:
    return train(TINY, config, data, folder, CPU)


def stop_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Interrupt training before a step."""
    original = Trainer.step

    def interrupted(self: Trainer, batch: Batch) -> None:
        if self.progress.step == step:
            raise KeyboardInterrupt
        original(self, batch)

    monkeypatch.setattr(Trainer, "step", interrupted)


def test_the_loss_falls_and_the_card_tells_the_run(tmp_path: Path) -> None:
    rows: list[CurveRow] = []
    config = tiny_training(steps=60, log_every=20)
    card = train(TINY, config, tiny_data(tmp_path), tmp_path / "run", CPU, on_row=rows.append)
    assert tuple(rows) == card.curve
    assert [row.step for row in rows] == [20, 40, 60]
    assert rows[2].loss < rows[0].loss - 0.05
    assert [row.pairs_seen for row in rows] == [160, 320, 480]
    assert rows[2].seconds > rows[1].seconds > 0
    assert card.data["life"] == "nobody"
    assert card.data["pairs"] == 50
    assert len(card.data["pairs_fingerprint"]) == 32
    assert (card.precision, card.seed, card.steps, card.hardware) == ("fp32", 0, 60, "cpu")
    assert card.versions["torch"]
    model, _ = load_checkpoint(tmp_path / "run")
    assert not torch.equal(model.mask_token, initial_model(TINY, 0).mask_token)
    assert sorted(path.suffix for path in (tmp_path / "run").iterdir()) == [".json", ".safetensors"]


def test_an_interrupted_run_goes_on_along_the_same_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, config = tiny_data(tmp_path), tiny_training()
    straight = run(tmp_path / "straight", data, config)
    # Saved after 4 and 8 steps, curve rows every 3: the state holds half an interval.
    for stop in (6, 11):
        with monkeypatch.context() as patch:
            stop_at(patch, stop)
            with pytest.raises(KeyboardInterrupt):
                run(tmp_path / "halted", data, config)
        saved = read_progress(tmp_path / "halted")
        assert saved is not None
        assert saved.step == stop // 4 * 4
    resumed = run(tmp_path / "halted", data, config)
    assert numbers(resumed.curve) == numbers(straight.curve)
    assert resumed.weights_sha256 == straight.weights_sha256
    assert not (tmp_path / "halted" / STATE_FILE).exists()


def test_a_finished_run_is_returned_and_another_one_refused(tmp_path: Path) -> None:
    data, config = tiny_data(tmp_path), tiny_training()
    card = run(tmp_path / "run", data, config)
    assert run(tmp_path / "run", data, tiny_training(threads=2, save_every=1000)) == card
    with pytest.raises(CheckpointError, match="other settings, pairs or precision"):
        run(tmp_path / "run", data, tiny_training(seed=1))
    other = TrainingData(data.frames, data.pairs, {"life": "somebody"}, data.tolerance_s)
    with pytest.raises(CheckpointError, match="delete it to train anew"):
        run(tmp_path / "run", other, config)


def test_a_state_of_another_run_is_not_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tiny_data(tmp_path)
    with monkeypatch.context() as patch:
        stop_at(patch, 5)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run", data, tiny_training())
    with pytest.raises(CheckpointError, match="other settings"):
        run(tmp_path / "run", data, tiny_training(steps=20))
    (tmp_path / "run" / STATE_FILE).write_bytes(b"broken")
    with pytest.raises(CheckpointError, match="is damaged; delete it"):
        run(tmp_path / "run", data, tiny_training())


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = PairLoader.batch

    def poisoned(self: PairLoader, step: int) -> Batch:
        batch = original(self, step)
        if step == 6:
            batch.target_colour[2, 0] = float("nan")
        return batch

    monkeypatch.setattr(PairLoader, "batch", poisoned)
    data, config = tiny_data(tmp_path), tiny_training(log_every=5)
    with pytest.raises(NonFiniteLossError, match="the loss of step 6 is not finite") as caught:
        run(tmp_path / "run", data, config)
    assert (caught.value.step, caught.value.last_good_step) == (6, 4)
    loader = PairLoader(data.frames, data.pairs, TINY, config.augmentation, 8, 0)
    assert caught.value.pair_numbers == loader.pair_numbers(6).tolist()
    assert "the state after 4 steps is kept" in str(caught.value)
    # With the cause gone, the run goes on from there to the end it would have had.
    monkeypatch.setattr(PairLoader, "batch", original)
    resumed = run(tmp_path / "run", data, config)
    assert numbers(resumed.curve) == numbers(run(tmp_path / "clean", data, config).curve)


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The loss of the step is finite, its gradients are not.
    original = Trainer.backward

    def overflowing(self: Trainer, batch: Batch) -> torch.Tensor:
        loss = original(self, batch)
        if self.progress.step == 7:
            assert self.model.mask_token.grad is not None
            self.model.mask_token.grad[0, 0, 3] = float("inf")
        return loss

    monkeypatch.setattr(Trainer, "backward", overflowing)
    with pytest.raises(NonFiniteLossError, match="step 7"):
        run(tmp_path / "run", tiny_data(tmp_path), tiny_training(log_every=100))
    saved = read_progress(tmp_path / "run")
    assert saved is not None
    assert saved.step == 4


def test_accumulated_batches_give_the_gradient_of_the_whole(tmp_path: Path) -> None:
    data = tiny_data(tmp_path)
    gradients, losses = [], []
    for accumulate in (1, 4):
        trainer = Trainer(TINY, tiny_training(accumulate=accumulate), data, tmp_path / "run", CPU)
        losses.append(trainer.backward(trainer.loader.batch(0)))
        gradients.append(torch.cat([p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None]))
    torch.testing.assert_close(losses[0], losses[1])
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-6, rtol=1e-4)
    with pytest.raises(ValueError, match="not a multiple of 3"):
        Trainer(TINY, tiny_training(accumulate=3), data, tmp_path / "run", CPU)


def test_clipping_bounds_the_first_moment(tmp_path: Path) -> None:
    data, norms = tiny_data(tmp_path), []
    for clip in (None, 0.01):
        trainer = Trainer(TINY, tiny_training(clip_norm=clip), data, tmp_path / "run", CPU)
        trainer.step(trainer.loader.batch(0))
        moments = [state["exp_avg"].flatten() for state in trainer.optimiser.state.values()]
        norms.append(float(torch.cat(moments).norm()) / 0.1)
    assert norms[1] == pytest.approx(0.01, rel=1e-3)
    assert norms[0] > 0.05


def test_decay_is_on_matrices_only() -> None:
    model = initial_model(TINY, 0)
    decayed, free = make_optimiser(model, tiny_training(weight_decay=0.05)).param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.05, 0.0)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    undecayed = {names[id(parameter)] for parameter in free["params"]}
    assert undecayed == {n for n in names.values() if n.endswith("bias") or "norm" in n or n == "mask_token"}
    assert len(decayed["params"]) + len(free["params"]) == len(names)


def test_seeds_decide_the_weights_and_leave_other_generators_alone() -> None:
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    first, second, other = initial_model(TINY, 1), initial_model(TINY, 1), initial_model(TINY, 2)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first.prediction_head.weight, second.prediction_head.weight)
    assert not torch.equal(first.prediction_head.weight, other.prediction_head.weight)


def test_bf16_trains_float32_weights(tmp_path: Path) -> None:
    trainer = Trainer(TINY, tiny_training(precision="bf16"), tiny_data(tmp_path), tmp_path / "run", CPU)
    exact = Trainer(TINY, tiny_training(), tiny_data(tmp_path), tmp_path / "run", CPU)
    for each in (trainer, exact):
        each.step(each.loader.batch(0))
    assert all(parameter.dtype == torch.float32 for parameter in trainer.model.parameters())
    assert 0 < abs(float(trainer._loss_sum - exact._loss_sum)) < 0.05
