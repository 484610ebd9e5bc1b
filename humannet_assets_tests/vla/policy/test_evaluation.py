"""Judging policies: errors in physical units, controls that take one thing away, intervals over episodes, laws."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from humannet_assets.single_life.distribution import Distribution
from humannet_assets.vla.intervals import success_interval
from humannet_assets.vla.policy.arms import ArmData, ArmsConfig, arm_hours, arm_samples, check_comparable, train_arm
from humannet_assets.vla.policy.batches import Collator
from humannet_assets.vla.policy.card import PolicyCard
from humannet_assets.vla.policy.checkpoints import Start, load_policy, train_policy
from humannet_assets.vla.policy.closed_loop import roll_out
from humannet_assets.vla.policy.config import ClosedLoopConfig, EvaluationConfig
from humannet_assets.vla.policy.controls import MeanAction, shuffled, zero_action
from humannet_assets.vla.policy.curve import fit_hours, steps_to
from humannet_assets.vla.policy.errors import open_loop_errors
from humannet_assets.vla.policy.evaluation import (
    Evaluation,
    Measured,
    difference,
    evaluate,
    gap,
    interval,
    looks,
    predict,
)
from humannet_assets.vla.policy.model import Policy, new_expert
from humannet_assets.vla.policy.problems import PolicySetupError, check_equal_arms
from humannet_assets.vla.policy.vlm import load_vlm
from humannet_assets.vla.sample_files import load_samples, save_samples
from humannet_assets.vla.samples import HUMAN, Sample, fingerprint, fit_normalisers, hours, take_hours
from humannet_assets_tests.vla.policy.made import sample, samples, tiny_policy, tiny_stage

CONFIG = EvaluationConfig(draws=2, batch_size=3, resamples=200)


def fresh(made: list[Sample], head: str = "flow") -> tuple[Policy, Collator]:
    config = tiny_policy(head=head)
    vlm = load_vlm(config.vlm)
    policy = Policy(config, vlm, new_expert(config.expert, 16, vlm.width, 0)).eval()
    return policy, Collator(vlm, config, fit_normalisers(made, np.random.default_rng(0)))


def test_errors_are_in_millimetres_degrees_and_openings() -> None:
    made = samples(3)
    guess = np.stack([one.actions for one in made])
    assert np.nanmax(open_loop_errors(guess, made)) == pytest.approx(0, abs=1e-3)
    guess[:, :, 0] += 0.010
    guess[:, :, 3:6] = Rotation.from_euler("z", 8, degrees=True).as_rotvec()
    guess[:, :, 13] += 0.5
    # Half of the hands are wrong, each by as much; what is masked does not count.
    guess[~np.stack([one.mask for one in made])] = 1e3
    errors = open_loop_errors(guess, made)
    np.testing.assert_allclose(errors[:, :3], [[5.0, 4.0, 0.25]] * 3, atol=1e-4)
    assert np.isnan(errors[:, 3]).all(), "no joints in these samples"


def test_controls_take_one_thing_from_another_episode_and_leave_the_rest() -> None:
    made = samples(12)
    index = {id(one.images): number for number, one in enumerate(made)}
    for what in ("shuffled_image", "matched_image"):
        changed = shuffled(made, what, np.random.default_rng(0))
        for own, other in zip(made, changed, strict=True):
            source = made[index[id(other.images)]]
            assert source.episode_id != own.episode_id
            assert other.actions is own.actions
            assert other.instruction == own.instruction
            if what == "matched_image":
                assert source.time_s == own.time_s, "as far along"
    assert len({id(one.images) for one in shuffled(made, "matched_image", np.random.default_rng(0))}) > 3
    for own, other in zip(made, shuffled(made, "shuffled_text", np.random.default_rng(0)), strict=True):
        assert other.instruction != own.instruction
        assert other.images is own.images
    with pytest.raises(PolicySetupError, match="at least two episodes"):
        shuffled(made[:2], "shuffled_image", np.random.default_rng(0))


def test_blind_actions_are_the_training_mean_and_no_motion() -> None:
    made = samples(6)
    mean = MeanAction.of(made).actions(made[:1])[0]
    known = np.stack([one.mask[:, 0] for one in made])
    expected = (np.stack([one.actions[:, 0] for one in made]) * known).sum(0) / known.sum(0)
    np.testing.assert_allclose(mean[:, 0], expected, atol=1e-6)
    still = zero_action(made)
    assert not still[..., :6].any()
    np.testing.assert_allclose(still[2, :, 6], made[2].state[6])


def test_losses_are_fixed_by_seed_and_sample_not_by_batch() -> None:
    made = samples(7)
    policy, collator = fresh(made)
    once, _ = predict(policy, collator, made, CONFIG)
    in_one_batch, _ = predict(policy, collator, made, CONFIG.model_copy(update={"batch_size": 7}))
    np.testing.assert_allclose(in_one_batch, once, rtol=1e-5)
    other_draws, _ = predict(policy, collator, made, CONFIG.model_copy(update={"seed": 1}))
    assert not np.allclose(other_draws, once, rtol=1e-3)


def test_an_untrained_policy_neither_sees_nor_beats_anything() -> None:
    made = samples(10)
    policy, collator = fresh(made, "l1")
    found = evaluate(policy, collator, made, MeanAction.of(made), CONFIG)
    assert set(found.conditions) == {"real", "shuffled_image", "matched_image", "shuffled_text", "mean_action", "zero_action"}
    assert not any(looks(found, CONFIG)[key] for key in ("sees", "sees_scene", "beats_mean"))
    assert math.isfinite(interval(found, "mean_action", "loss", CONFIG).mean)
    with pytest.raises(PolicySetupError, match="no samples"):
        evaluate(policy, collator, [], MeanAction.of(made), CONFIG)


def test_gaps_are_paired_and_bootstrapped_by_episode() -> None:
    rng = np.random.default_rng(0)
    episodes = tuple(f"e{index // 20}" for index in range(200))
    hard = np.repeat(rng.normal(5, 3, 10), 20)
    real = Measured(hard, np.tile(hard[:, None], (1, 4)))
    worse = Measured(hard + 0.5, np.tile(hard[:, None] + 2, (1, 4)))
    groups = ("in_domain",) * 100 + ("ood_short",) * 100
    found = Evaluation({"real": real, "shuffled_image": worse, "mean_action": worse, "zero_action": real}, episodes, groups)
    alone, paired = interval(found, "real", "loss", CONFIG), gap(found, "shuffled_image", "loss", CONFIG)
    assert (paired.low, paired.high) == (pytest.approx(0.5), pytest.approx(0.5))
    # Twenty samples of an episode are not twenty opinions.
    naive = 2 * 1.96 * hard.std() / math.sqrt(200)
    assert alone.high - alone.low > 2 * naive
    assert (alone.samples, alone.episodes) == (200, 10)
    assert interval(found, "real", "loss", CONFIG, "ood_short").episodes == 5
    assert interval(found, "real", "loss", CONFIG, "nowhere").samples == 0
    verdict = looks(found, CONFIG)
    assert verdict == {"sees": True, "beats_mean": True, "beats_zero": False}
    other = Evaluation({"real": worse}, episodes, groups)
    assert difference(other, found, "loss", CONFIG).mean == pytest.approx(0.5)
    with pytest.raises(ValueError, match="different samples"):
        difference(replace(other, episodes=episodes[::-1]), found, "loss", CONFIG)


def test_laws_and_thresholds() -> None:
    points = [(h, 0.3 - 0.02 * math.log(h)) for h in (1.0, 10.0, 100.0)]
    law = fit_hours(points)
    assert (law.a, law.b, law.r_squared) == (pytest.approx(0.3), pytest.approx(0.02), pytest.approx(1.0))
    assert law.at(1000) == pytest.approx(0.3 - 0.02 * math.log(1000))
    with pytest.raises(ValueError, match="2 different amounts"):
        fit_hours(points[:2] * 3)
    with pytest.raises(ValueError, match="positive"):
        fit_hours([(0.0, 1.0), *points])
    curve = [(100, 0.5), (200, 0.3), (300, 0.2)]
    assert steps_to(0.4, curve) == pytest.approx(150)
    assert steps_to(0.5, curve) == 100
    assert steps_to(0.1, curve) is None


def people(count: int) -> list[Sample]:
    rng = np.random.default_rng(5)
    return [sample(index, rng, episode_id=f"h{index // 4}", source=HUMAN, robot=HUMAN) for index in range(count)]


def test_hours_keep_their_ratio_and_fewer_are_part_of_more() -> None:
    human, robot = people(80), samples(40)
    config = ArmsConfig(hour_ratio=4.0)
    shares = arm_hours(hours(human), hours(robot), config)
    assert shares["ego"] == pytest.approx(4 * shares["robot"])
    assert shares["robot_large"] == pytest.approx(hours(robot))
    assert hours(arm_samples("ego", ArmData(human, robot, robot), config, 0)) == pytest.approx(shares["ego"], rel=0.02)
    few, many = take_hours(human, 10 / 15 / 3600, 1), take_hours(human, 30 / 15 / 3600, 1)
    assert (len(few), len(many)) == (10, 30)
    assert {id(one) for one in few} <= {id(one) for one in many}
    with pytest.raises(ValueError, match="hours are wanted"):
        take_hours(human, 1.0, 1)
    with pytest.raises(PolicySetupError, match="no human data"):
        arm_hours(0.0, 1.0, config)
    with pytest.raises(PolicySetupError, match="as many as robot"):
        arm_samples("robot_large", ArmData(people(80), samples(10), robot), config, 0)


def test_arms_differ_in_what_they_saw_before_and_in_nothing_else(tmp_path: Path) -> None:
    human, robot = people(80), samples(40)
    post = samples(8, seed=7)
    quick = {"steps": 2, "log_every": 1}
    config = ArmsConfig(
        policy=tiny_policy(), hour_ratio=4.0, warm_up=tiny_stage(**quick, tune="full"), continued=tiny_stage(**quick),
        post=tiny_stage(**quick),
    )  # fmt: skip
    data = ArmData(human, robot, post, warm_up=robot)
    normalisers = fit_normalisers([*human, *robot], np.random.default_rng(0))
    trained: list[str] = []
    place = Distribution(0, 1, torch.device("cpu"))

    def train(stage, start, keep, own, folder, about) -> PolicyCard:
        if not (folder / "card.json").exists():
            trained.append(folder.relative_to(tmp_path).as_posix())
        return train_policy(config.policy, stage, Start(start, keep), own, normalisers, folder, place, about)

    cards = {arm: train_arm(arm, config, data, normalisers, tmp_path, train) for arm in ("base", "ego", "robot_large")}
    assert trained == ["warm_up", "base/post", "ego/continued", "ego/post", "robot_large/continued", "robot_large/post"]
    check_comparable(cards)
    assert [change.kind for change in cards["base"].changes] == ["weights", "adapter"]
    assert [change.kind for change in cards["ego"].changes] == ["weights", "adapter", "adapter"]
    assert cards["base"].changes[0] == cards["ego"].changes[0], "one warm-up for all"
    assert cards["ego"].data["continued_hours"] == pytest.approx(hours(human))
    assert (cards["ego"].data["expert"], cards["robot_large"].data["expert"]) == ("fresh", "kept")
    # The first step's loss of a fresh expert, which answers 0, does not depend on the arm; a kept expert's does.
    assert cards["base"].curve[0].loss == pytest.approx(cards["ego"].curve[0].loss)
    assert cards["robot_large"].curve[0].loss != pytest.approx(cards["ego"].curve[0].loss)
    unequal = cards["ego"].model_copy(update={"stage": tiny_stage(steps=3)})
    with pytest.raises(PolicySetupError, match=r"post-training of the arms 'base' and 'ego' differs in .*steps 2 and 3"):
        check_comparable({**cards, "ego": unequal})
    with pytest.raises(PolicySetupError, match="peak_lr"):
        check_equal_arms({"a": tiny_stage(), "b": tiny_stage(peak_lr=1.0)}, "continued training")
    load_policy(tmp_path / "ego" / "post")


class Line:
    """A loop: the hand must have gone 0.1 m to the right within 20 steps."""

    def __init__(self) -> None:
        self.steps, self.gone, self.looked = 0, 0.0, 0

    def observe(self) -> Sample:
        self.looked += 1
        self._from = self.gone
        return samples(1)[0]

    def step(self, action: np.ndarray) -> bool:
        self.steps, self.gone = self.steps + 1, self._from + float(action[0])
        return self.steps >= 20

    def success(self) -> bool:
        return self.gone >= 0.1 - 1e-6

    def close(self) -> None:
        pass


def test_a_rollout_looks_again_and_ends_with_success_or_time() -> None:
    chunk = np.zeros((16, 32), np.float32)
    chunk[:, 0] = 0.005 * (np.arange(16) + 1)
    loop = Line()
    result = roll_out(loop, lambda _sample, _number: chunk, ClosedLoopConfig(execute=8))
    assert (result.success, result.steps, loop.looked) == (True, 20, 3)
    loop = Line()
    result = roll_out(loop, lambda _sample, _number: 0.1 * chunk, ClosedLoopConfig(execute=4))
    assert (result.success, result.steps, loop.looked) == (False, 20, 5)
    assert success_interval(0, 20) == (0.0, pytest.approx(0.161, abs=0.001))
    with pytest.raises(ValueError, match="at least one try"):
        success_interval(0, 0)


def test_samples_come_back_from_a_file_as_they_were(tmp_path: Path) -> None:
    made = samples(5)
    save_samples(tmp_path / "samples.npz", made)
    again = load_samples(tmp_path / "samples.npz")
    assert fingerprint(again) == fingerprint(made)
    for one, other in zip(again, made, strict=True):
        assert (one.group, one.time_s, one.duration_s) == (other.group, other.time_s, other.duration_s)
    with pytest.raises(ValueError, match="shapes"):
        save_samples(tmp_path / "bad.npz", [*made, samples(1, side=28)[0]])
