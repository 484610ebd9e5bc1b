"""The policy's mathematics: the flow-matching loss, its masks, draws that share one look, and acting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from humannet_assets.vla.actions import ACTION_DIM
from humannet_assets.vla.policy.batches import Batch, Collator, Noise, Order, draw_noise
from humannet_assets.vla.policy.model import Policy, new_expert, read_layers, sampling_noise
from humannet_assets.vla.policy.vlm import load_vlm
from humannet_assets.vla.samples import Sample, fit_normalisers
from humannet_assets_tests.vla.policy.made import samples, tiny_policy


def policy(head: str = "flow") -> tuple[Policy, Collator, list[Sample]]:
    config = tiny_policy(head=head)
    vlm = load_vlm(config.vlm)
    made = samples(4)
    expert = new_expert(config.expert, config.steps, vlm.width, 0)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(1)
        # An untrained expert answers 0 to everything, which would hide mistakes.
        for parameter in expert.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model = Policy(config, vlm, expert).eval()
    return model, Collator(vlm, config, fit_normalisers(made, np.random.default_rng(0))), made


def noise(batch: int, draws: int, seed: int = 0) -> Noise:
    return draw_noise(np.random.default_rng(seed), batch, draws, 16, ACTION_DIM)


def test_the_loss_is_the_flow_matching_loss_written_out() -> None:
    model, collator, made = policy()
    batch, drawn = collator.batch(made), noise(4, 3)
    with torch.inference_mode():
        found = model(batch, drawn)
        memory, seen = model.look(batch)
        for row in range(4):
            total = 0.0
            for draw in range(3):
                t, z, a = drawn.time[row, draw], drawn.noise[row, draw], batch.actions[row]
                x = (t * z + (1 - t) * a) * batch.dims[row]
                own = [tuple(part[row : row + 1] for part in pair) for pair in memory]
                u = model.expert(x[None, None], t[None, None], batch.state[row : row + 1], own, seen[row : row + 1])[0, 0]
                weight = batch.weight[row]
                total += float((weight * (u - (z - a)) ** 2).sum() / weight.sum()) / 3
            assert float(found[row]) == pytest.approx(total, rel=1e-4)


def test_draws_share_one_look_at_the_sample() -> None:
    model, collator, made = policy()
    calls = []
    model.vlm.model.language_model.register_forward_hook(lambda *_: calls.append(1))  # pyright: ignore
    with torch.inference_mode():
        model(collator.batch(made), noise(4, 8))
    assert len(calls) == 1


def test_what_is_masked_does_not_matter_nor_does_the_scale_of_weights() -> None:
    model, collator, made = policy()
    wild = [replace(one, actions=np.where(one.mask, one.actions, 99.0).astype(np.float32)) for one in made]
    heavier = [replace(one, weight=one.weight * 7) for one in made]
    with torch.inference_mode():
        plain = model(collator.batch(made), noise(4, 2))
        torch.testing.assert_close(model(collator.batch(wild), noise(4, 2)), plain)
        torch.testing.assert_close(model(collator.batch(heavier), noise(4, 2)), plain)


def test_the_end_of_a_recording_does_not_show_in_what_the_expert_is_given() -> None:
    _, collator, made = policy()
    short = next(one for one in made if not one.mask[-1, 0])
    held = collator.batch([short]).actions[0]
    last = int(short.mask[:, 0].sum()) - 1
    torch.testing.assert_close(held[last + 1 :, :14], held[last, :14].expand(15 - last, 14))
    assert not held[:, 14:].any()


def test_acting_follows_the_flow_to_the_actions() -> None:
    model, collator, made = policy()
    batch, start = collator.batch(made), sampling_noise(0, 4, 16)

    class Perfect(torch.nn.Module):
        """The flow of a single target: (x - a) / t."""

        def remember(self, hidden: object) -> list:
            return []

        def forward(self, x: torch.Tensor, time: torch.Tensor, *_: object) -> torch.Tensor:
            return (x - batch.actions[:, None]) / time[..., None, None]

    model.expert = Perfect()  # pyright: ignore[reportAttributeAccessIssue]
    torch.testing.assert_close(model.act(batch, start) * batch.dims, batch.actions, atol=1e-4, rtol=1e-4)
    physical = collator.physical(batch.actions.numpy(), made)
    for own, one in zip(physical, made, strict=True):
        np.testing.assert_allclose(own[one.mask], one.actions[one.mask], atol=1e-5)


def test_an_l1_head_regresses_and_needs_no_noise() -> None:
    model, collator, made = policy("l1")
    batch = collator.batch(made)
    with torch.inference_mode():
        loss = model(batch, noise(4, 1, seed=0))
        torch.testing.assert_close(loss, model(batch, noise(4, 1, seed=9)))
        error = (model.act(batch, sampling_noise(0, 4, 16)) - batch.actions).abs() * batch.weight
        torch.testing.assert_close(loss, error.sum((1, 2)) / batch.weight.sum((1, 2)))


def test_times_follow_the_published_distribution() -> None:
    times = noise(2000, 4).time
    assert float(times.min()) >= 0.001
    assert float(times.max()) <= 1.0
    # Beta(1.5, 1) has mean .6 and P(t < 1/4) = 1/8.
    assert float(times.mean()) == pytest.approx(0.6, abs=0.01)
    assert float((times < 0.25).float().mean()) == pytest.approx(0.125, abs=0.01)


def test_every_sample_once_per_epoch_in_an_order_that_step_and_seed_decide() -> None:
    order = Order(10, 4, seed=1)
    seen = [index for step in range(5) for index in order.indices(step)]
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]
    assert Order(10, 4, seed=1).indices(3) == order.indices(3)
    assert Order(10, 4, seed=2).indices(3) != order.indices(3)


def test_blocks_read_layers_spread_over_the_vlm() -> None:
    assert read_layers(36, 36) == list(range(1, 37))
    assert read_layers(4, 2) == [2, 4]
    assert read_layers(2, 4)[-1] == 2


def test_batches_survive_a_move() -> None:
    _, collator, made = policy()
    batch = collator.batch(made)
    moved: Batch = batch.to(torch.device("cpu"))
    assert moved.vlm.keys() == batch.vlm.keys()
    torch.testing.assert_close(moved.dims, batch.dims)
