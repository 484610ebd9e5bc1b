"""From stored episodes to policies, errors, results and comparisons; what changed and nothing else is trained anew."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from humannet_assets.cli.project import UsageError
from humannet_assets.cli.reproduce import STUDIES, check
from humannet_assets.cli.simulate import profile_options
from humannet_assets.media.access import MediaAccess
from humannet_assets.settings import SettingsError, load_settings
from humannet_assets.store.compute import ProcessWorkers
from humannet_assets.store.tables import (
    HUMAN_DATA_REPORT,
    HUMAN_EPISODES,
    ROBOT_EPISODES,
    VIDEO_FILES,
    VLA_CHECKPOINTS,
    VLA_COMPARISONS,
    VLA_EPISODE_ERRORS,
    VLA_RESULTS,
    VLA_RUNS,
)
from humannet_assets.vla.episode_samples import SampleSource
from humannet_assets.vla.intervals import mean_interval
from humannet_assets.vla.policy.card import read_policy_card
from humannet_assets.vla.policy.job import PolicyJob, run_job
from humannet_assets.vla.policy_findings import group_figures, hours_figure, loss_figure, results_text
from humannet_assets.vla.policy_report import write_report
from humannet_assets.vla.policy_verdicts import all_findings
from humannet_assets.vla.report import data_report
from humannet_assets.vla.samples import Sample
from humannet_assets_tests.vla.policy_world import SETTINGS, PolicyWorld, experiment, person, put


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PolicyWorld:
    """Episodes of both kinds; nothing is trained."""
    world = PolicyWorld(tmp_path_factory.mktemp("episodes"), SETTINGS)
    world.add_robots()
    world.add_people(0, 6)
    return world


@pytest.fixture(scope="module")
def made(data: PolicyWorld, tmp_path_factory: pytest.TempPathFactory) -> PolicyWorld:
    """Everything run once."""
    world = copy_of(data, tmp_path_factory.mktemp("policies"))
    world.run()
    return world


def copy_of(world: PolicyWorld, folder: Path, overrides: dict[str, Any] | None = None) -> PolicyWorld:
    shutil.copytree(world.folder, folder, dirs_exist_ok=True)
    return PolicyWorld(folder, overrides or world.overrides)


def rows_of(world: PolicyWorld, table: Any, where: str = "outcome = 'kept'") -> pl.DataFrame:
    return world.store.read(table, where=where)


def test_every_planned_policy_is_trained_alike_but_for_its_arm(made: PolicyWorld) -> None:
    rows = {row["model_name"]: row for row in rows_of(made, VLA_CHECKPOINTS).to_dicts()}
    arms = ("base", "ego", "robot", "robot_large")
    assert set(rows) == {*(f"{arm}/s{seed}" for arm in arms for seed in (0, 1)), "ego/0.3/s0", "ego/0.6/s0"}
    ego, robot, large = (rows[f"{arm}/s0"] for arm in arms[1:])
    assert ego["continued_hours"] == pytest.approx(2 * robot["continued_hours"], rel=0.15)
    assert large["continued_hours"] > robot["continued_hours"]
    assert rows["base/s0"]["continued_hours"] == 0
    assert rows["ego/0.3/s0"]["continued_hours"] < rows["ego/0.6/s0"]["continued_hours"] < ego["continued_hours"]
    assert {row["post_hours"] for row in rows.values()} == {ego["post_hours"]}
    cards = {name: read_policy_card(Path(row["folder"])) for name, row in rows.items()}
    card = cards["ego/s0"]
    assert card is not None
    assert (ego["loss_first"], ego["loss_last"]) == pytest.approx((card.curve[0].loss, card.curve[-1].loss))
    assert (card.data["expert"], card.data["continued_hours"]) == ("fresh", pytest.approx(ego["continued_hours"]))
    assert cards["robot_large/s0"].data["expert"] == "kept"  # type: ignore[union-attr]
    assert set(card.statistics) == {"human", "simulated_bimanual"}
    # A stage's job is a file that any process may run; here it finds the finished policy.
    job = PolicyJob.model_validate_json((Path(ego["folder"]).parent / "continued" / "job.json").read_bytes())
    assert (job.hours, run_job(job).run) == (
        pytest.approx(ego["continued_hours"]),
        read_policy_card(job.folder).run,  # type: ignore[union-attr]
    )


def test_an_episode_whose_video_is_gone_is_left_out_and_counted(data: PolicyWorld, tmp_path: Path) -> None:
    world = copy_of(data, tmp_path)
    gone = {"file_id": "g", "video_id": "gone", "uri": str(tmp_path / "gone.mp4"), "fingerprint": "1-1"}
    put(world.store, VIDEO_FILES, [gone], "file_id")
    put(world.store, HUMAN_EPISODES, [{**person(6), "video_id": "gone"}], "clip_id")
    config = world.settings.vla.experiment
    source = SampleSource(
        world.store, MediaAccess(), tmp_path / "vla", config.samples, config.training.policy, ProcessWorkers(1)
    )
    ids = [person(number)["clip_id"] for number in (1, 6, 0)]
    found = source.of("human", ids)
    assert found.left_out == 1
    episodes = [sample.episode_id for sample in found.load()]
    assert list(dict.fromkeys(episodes)) == [ids[2], ids[0]], "in the order of their ids, whichever worker ended first"


def test_training_and_judging_never_share_an_episode(made: PolicyWorld) -> None:
    for run in rows_of(made, VLA_RUNS).to_dicts():
        learnt, judged = {*run["robot_ids"], *run["post_ids"]}, set(run["eval_ids"])
        assert not learnt & judged
        assert not set(run["robot_ids"]) & set(run["post_ids"])
        assert learnt | judged == set(rows_of(made, ROBOT_EPISODES)["row_id"])
    assert set(rows_of(made, VLA_EPISODE_ERRORS)["episode_id"]) == judged


def test_a_new_clip_trains_what_depends_on_people_and_nothing_is_done_twice(made: PolicyWorld, tmp_path: Path) -> None:
    again = made.run()
    assert {name: report.processed for name, report in again.items() if report.processed} == {}
    world = copy_of(made, tmp_path, experiment(seeds=[0], hour_shares=[], arms=["base", "ego"]))
    world.run("vla_checkpoints")
    before = dict(rows_of(world, VLA_CHECKPOINTS)["model_name", "created_at"].iter_rows())
    assert set(before) == {"base/s0", "ego/s0"}, "what is no longer planned goes"
    world.add_people(6, 1)
    assert world.run("vla_checkpoints")["vla_checkpoints"].processed == 1
    after = dict(rows_of(world, VLA_CHECKPOINTS)["model_name", "created_at"].iter_rows())
    assert {name for name in after if after[name] != before[name]} == {"ego/s0"}


def test_results_are_means_over_samples_with_their_gap_to_real(made: PolicyWorld) -> None:
    errors = rows_of(made, VLA_EPISODE_ERRORS).filter((pl.col("model_name") == "ego/s0") & (pl.col("measure") == "position_mm"))
    results = rows_of(made, VLA_RESULTS).filter((pl.col("model_name") == "ego/s0") & (pl.col("measure") == "position_mm"))
    assert set(results["eval_group"]) == {"in_domain", "ood_long", "ood_average"}

    def mean(condition: str, group: str) -> float:
        own = errors.filter((pl.col("condition") == condition) & (pl.col("eval_group") == group))
        return float(np.average(own["value"].to_numpy(), weights=own["samples"].to_numpy()))

    for row in results.filter(pl.col("eval_group") == "in_domain").to_dicts():
        assert row["value"] == pytest.approx(mean(row["condition"], "in_domain"))
        assert row["low"] <= row["value"] <= row["high"]
        if row["condition"] != "real":
            assert row["gap"] == pytest.approx(row["value"] - mean("real", "in_domain"))
    conditions = {"real", "shuffled_image", "matched_image", "shuffled_text", "mean_action", "zero_action"}
    assert set(results["condition"]) == conditions
    average = results.filter((pl.col("eval_group") == "ood_average") & (pl.col("condition") == "real"))
    assert average["value"][0] == pytest.approx(mean("real", "ood_long")), "the mean of the groups there are"


def test_arms_are_compared_by_episode_and_seed(made: PolicyWorld) -> None:
    errors = rows_of(made, VLA_EPISODE_ERRORS).filter(
        (pl.col("share") == 1) & (pl.col("measure") == "loss") & (pl.col("condition") == "real")
        & (pl.col("eval_group") == "in_domain")
    )  # fmt: skip
    means = {
        arm: np.mean([np.average(own["value"], weights=own["samples"]) for (_,), own in part.group_by("seed")])
        for (arm,), part in errors.group_by("arm")
    }
    rows = rows_of(made, VLA_COMPARISONS).filter((pl.col("measure") == "loss") & (pl.col("eval_group") == "in_domain"))
    assert rows.height == 6
    for row in rows.to_dicts():
        assert row["difference"] == pytest.approx(means[row["arm_a"]] - means[row["arm_b"]])
        assert (row["seeds"], row["low"] <= row["difference"] <= row["high"]) == (2, True)
    findings = all_findings(made.store, made.settings.vla.experiment)
    row = rows.filter((pl.col("arm_a") == "ego") & (pl.col("arm_b") == "base")).to_dicts()[0]
    by_group = {one.measure: one.value for one in findings if one.name == "ego above base"}
    assert by_group["gain of loss, in_domain"] == pytest.approx(-row["difference"]), "a gain is a lower loss"
    assert {one.verdict for one in findings} == {"undecided"}, "two seeds decide nothing"


def test_hours_have_their_law_in_the_data_report(made: PolicyWorld) -> None:
    data_report(made.store, made.settings.vla.report, "r")
    rows = {row["measure"]: row for row in rows_of(made, HUMAN_DATA_REPORT, "dataset = 'arm ego'").to_dicts()}
    loss = rows_of(made, VLA_RESULTS).filter(
        (pl.col("arm") == "ego") & (pl.col("seed") == 0) & (pl.col("measure") == "loss") & (pl.col("condition") == "real")
        & (pl.col("eval_group") == "in_domain")
    )  # fmt: skip
    hours = dict(rows_of(made, VLA_CHECKPOINTS)["model_id", "continued_hours"].iter_rows())
    slope, a = np.polyfit(np.log([hours[model] for model in loss["model_id"]]), loss["value"].to_numpy(), 1)
    assert (rows["loss_hours_a"]["value"], rows["loss_hours_b"]["value"]) == (pytest.approx(a), pytest.approx(-slope))
    assert (rows["loss_hours_b"]["kind"], rows["loss_hours_b"]["episodes"]) == ("human", 3)


def test_pages_and_report_show_arms_with_controls(made: PolicyWorld, tmp_path: Path) -> None:
    config = made.settings.vla.experiment
    assert set(group_figures(made.store, config)) == {"loss_by_group", "position_by_group", "vision_gap"}
    assert loss_figure(made.store, config)
    assert hours_figure(made.store, config)
    text = results_text(made.store, config)
    assert text.startswith("path, not science: 16 samples per policy")
    write_report(made.store, made.settings.vla, tmp_path, profile="demo", command="c", simulate={"episodes": 24})
    report = (tmp_path / "report.md").read_text()
    for part in ("shuffled_image", "robot_large above ego", "ln(hours)", "**undecided**", "![vision_gap.png]", "`episodes=24`"):
        assert part in report
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["about"]["seeds"] == [0, 1]


def test_without_people_or_robots_policies_are_refused_with_the_fix(tmp_path: Path) -> None:
    world = PolicyWorld(tmp_path, experiment(seeds=[0], hour_shares=[]))
    assert world.run("vla_checkpoints")["vla_checkpoints"].inputs == 0, "nothing is planned where there is nothing"
    world.add_people(0, 2)
    world.run()
    found = rows_of(world, VLA_CHECKPOINTS, "outcome = 'rejected'")
    assert (found.height, set(found["reasons"].explode())) == (4, {"no_robot_episodes"})
    assert "kind: robot" in json.loads(found["evidence"][0])["fix"]
    assert set(rows_of(world, VLA_EPISODE_ERRORS, "outcome = 'rejected'")["reasons"].explode()) == {"no_checkpoint"}


def test_cameras_that_are_not_there_and_adapters_that_match_nothing_are_refused(data: PolicyWorld, tmp_path: Path) -> None:
    training = SETTINGS["experiment"]["training"]
    policy = {**training["policy"], "cameras": ["wrist"]}
    world = copy_of(data, tmp_path / "camera", experiment(arms=["base"], seeds=[0], hour_shares=[],
                    training={**training, "policy": policy}))  # fmt: skip
    world.run("vla_checkpoints")
    row = rows_of(world, VLA_CHECKPOINTS, "outcome = 'rejected'").to_dicts()[0]
    assert row["reasons"] == ["missing_camera"]
    assert "training.policy.cameras" in json.loads(row["evidence"])["why"]
    stage = {**training["post"], "lora": {"targets": "nothing_like_it"}}
    world = copy_of(data, tmp_path / "lora", experiment(arms=["base"], seeds=[0], hour_shares=[],
                    training={**training, "post": stage}))  # fmt: skip
    world.run("vla_checkpoints")
    row = rows_of(world, VLA_CHECKPOINTS, "outcome = 'failed'").to_dicts()[0]
    assert row["error_class"] == "PolicySetupError"
    assert "matches no layer" in row["error_message"]


class Moved:
    """A task that is done once an action moves the left hand at all."""

    made: list[tuple[str, int]] = []

    def __init__(self, task: str, instance: int, like: Sample, cameras: tuple[str, ...], shadows: bool) -> None:
        Moved.made.append((task, instance))
        assert cameras == ("head",)
        self.like, self.done, self.left = like, False, 3

    def observe(self) -> Sample:
        return self.like

    def step(self, action: np.ndarray) -> bool:
        self.done, self.left = bool(abs(action[:3]).max() > 0), self.left - 1
        return self.left == 0

    def success(self) -> bool:
        return self.done

    def close(self) -> None:
        pass


def test_acting_counts_successes_with_wilsons_interval(made: PolicyWorld, tmp_path: Path) -> None:
    acting = {"tasks": ["lift_tray"], "tries": 4}
    world = copy_of(made, tmp_path, experiment(arms=["base"], hour_shares=[], closed_loop=acting))
    Moved.made.clear()
    world.run(loops=Moved)
    rows = rows_of(world, VLA_RESULTS).filter(pl.col("measure") == "success")
    assert set(rows["model_name"]) == {"base/s0", "base/s1"}
    assert set(rows["condition"]) == {"real", "shuffled_image", "mean_action"}
    assert set(rows["value"]) == {1.0}
    assert rows["low"][0] == pytest.approx(0.5101, abs=1e-3), "4 of 4: Wilson's, where a bootstrap would say 1"
    assert len(Moved.made) == 2 * 2 * 4 + 4, "the mean action acts once for all policies"


def test_intervals_draw_whole_episodes_and_seeds() -> None:
    values = np.array([[0.0, 1.0, 2.0, 3.0]])
    one = mean_interval(values, np.ones(4), ["a"] * 4, resamples=500, seed=0)
    assert (one.mean, one.low < 1, one.high > 2) == (1.5, True, True)
    weighted = mean_interval(values, np.array([3.0, 1, 1, 1]), ["a"] * 4, resamples=100, seed=0)
    assert weighted.mean == 1.0, "episodes count by their samples"
    groups = mean_interval(values, np.ones(4), ["a", "a", "a", "b"], resamples=100, seed=0)
    assert groups.mean == 2.0, "groups count the same"
    assert np.isnan(groups.low), "of one episode there is no interval"
    seeds = mean_interval(np.array([[0.0, 0.0], [4.0, 4.0]]), np.ones(2), ["a", "a"], resamples=500, seed=0)
    assert (seeds.low, seeds.high) == (0.0, 4.0), "seeds that differ widen the interval"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arms": ["base"], "hour_shares": [0.5]}, "name another one, or set hour_shares"),
        ({"hour_shares": [1.0]}, "between 0 and 1"),
        ({"seeds": [1, 1]}, "each once"),
        ({"samples": {"chunks": {"steps": 8}}}, "give both the same"),
        ({"training": {"warm_up": {}}}, "leave it out"),
    ],
)
def test_settings_that_cannot_be_planned_say_what_to_change(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(None, {"vla": {"experiment": change}})


def test_profiles_of_the_reproduction_fit_simulator_and_settings() -> None:
    study = STUDIES["vla"]
    for name, profile in study.profiles.items():
        check("vla", name)
        profile_options(study.simulator, {key: str(value) for key, value in profile.simulate.items()})
        load_settings(None, {study.section: dict(profile.settings)})
    with pytest.raises(UsageError, match="path, not the science"):
        check("vla", "huge")
