"""From pairs to checkpoints, matrices, durations and transfer on real small videos; what changed and nothing else is redone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from humannet_assets.single_life.alignment import load_model
from humannet_assets.single_life.card import read_card
from humannet_assets.single_life.cas import View
from humannet_assets.single_life.findings import (
    alignment_figures,
    caveat,
    duration_figure,
    loss_figure,
    summary_text,
    transfer_text,
)
from humannet_assets.single_life.loader import Batch, PairLoader
from humannet_assets.single_life.summaries import score_matrix
from humannet_assets.single_life.training import Trainer, initial_model
from humannet_assets.store.tables import (
    ALIGNMENT_BY_DURATION,
    CAS_MATRICES,
    CAS_SUMMARIES,
    CROCO_CHECKPOINTS,
    LIFE_TRANSFER,
    PATCH_MATCHES,
)
from humannet_assets_tests.single_life.made import TINY
from humannet_assets_tests.single_life.small_world import TINY_SETTINGS, SmallWorld, kept, two_lives

EVALUATION = ("cas_matrices", "alignment_by_duration", "life_transfer")


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> SmallWorld:
    """Up to pairs; nothing is trained."""
    return two_lives(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def made(paired: SmallWorld, tmp_path_factory: pytest.TempPathFactory) -> SmallWorld:
    """Everything run once."""
    world = copy_of(paired, tmp_path_factory.mktemp("models"))
    world.run("croco_checkpoints", *EVALUATION)
    return world


def copy_of(world: SmallWorld, folder: Path, **changes: Any) -> SmallWorld:
    """The same store elsewhere: folders in its rows still point to the first one's."""
    shutil.copytree(world.folder, folder, dirs_exist_ok=True)
    return SmallWorld(folder, {**world.overrides, **changes})


def test_every_planned_model_is_trained_and_described(made: SmallWorld) -> None:
    rows = {row["model_name"]: row for row in kept(made.store, CROCO_CHECKPOINTS)}
    assert set(rows) == {
        *(f"{life}/temporal{part}/s{seed}" for life in ("anna", "ben", "control-surveillance") for part in ("", "/3s")
          for seed in (0, 1)),
        "anna/no_source/s0", "ben/no_source/s0", "reference without anna/s0", "reference without ben/s0",
    }  # fmt: skip
    anna = rows["anna/temporal/s0"]
    card = read_card(Path(anna["folder"]))
    assert (anna["weights_sha256"], anna["pairs_fingerprint"]) == (card.weights_sha256, card.data["pairs_fingerprint"])
    assert anna["curve_steps"] == [2, 4, 6]
    assert (anna["loss_first"], anna["loss_last"]) == pytest.approx((card.curve[0].loss, card.curve[-1].loss))
    assert anna["parameters"] == sum(tensor.numel() for tensor in initial_model(TINY, 0).state_dict().values())
    assert (anna["steps"], anna["batch_size"], anna["footage_s"]) == (6, 8, 8.0)
    assert rows["anna/temporal/3s/s0"]["pair_count"] < anna["pair_count"]
    assert rows["reference without anna/s0"]["pairs_fingerprint"] == rows["ben/temporal/s0"]["pairs_fingerprint"]
    assert [rows[f"anna/temporal/s{seed}"]["role"] for seed in (0, 1)] == ["life", "ceiling"]
    # Each model starts from weights of its own: equal ones would make lives agree.
    seeds = [read_card(Path(row["folder"])).seed for row in rows.values()]
    assert len(set(seeds)) == len(seeds)


def test_a_masked_autoencoder_makes_no_use_of_a_reference(made: SmallWorld) -> None:
    for row in kept(made.store, CROCO_CHECKPOINTS):
        if row["held_out_pairs"] and row["role"] == "no_source":
            assert row["held_out_loss"] == row["held_out_loss_shuffled"]
        elif row["held_out_pairs"]:
            assert row["held_out_loss"] != row["held_out_loss_shuffled"]


def test_nothing_is_done_twice_and_a_new_life_trains_only_what_it_touches(made: SmallWorld, tmp_path: Path) -> None:
    again = made.run("croco_checkpoints", *EVALUATION)
    assert {name: report.processed for name, report in again.items() if report.processed} == {}
    world = copy_of(made, tmp_path / "copy")
    before = {row["model_name"]: row["created_at"] for row in kept(world.store, CROCO_CHECKPOINTS)}
    world.add("cora_0", 5, life="cora")
    world.run()
    report = world.run("croco_checkpoints")["croco_checkpoints"]
    after = {row["model_name"]: row["created_at"] for row in kept(world.store, CROCO_CHECKPOINTS)}
    changed = {name for name, when in after.items() if before.get(name) != when}
    assert changed == {name for name in after if name.startswith(("cora", "reference"))}
    assert report.processed == len(changed)


def test_other_thresholds_of_training_train_anew_and_leave_one_folder(made: SmallWorld, tmp_path: Path) -> None:
    training = {**TINY_SETTINGS["experiment"]["training"], "steps": 4}
    world = copy_of(
        made, tmp_path / "copy", experiment={**TINY_SETTINGS["experiment"], "training": training, "durations_s": []}
    )
    report = world.run("croco_checkpoints")["croco_checkpoints"]
    assert (report.kept, report.processed, report.removed) == (10, 10, 6)
    rows = kept(world.store, CROCO_CHECKPOINTS)
    assert {row["steps"] for row in rows} == {4}
    assert all(len(list(Path(row["folder"]).parent.iterdir())) == 1 for row in rows)


def test_a_killed_run_goes_on_along_the_same_curve(
    made: SmallWorld, paired: SmallWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = copy_of(
        paired, tmp_path, experiment={**TINY_SETTINGS["experiment"], "durations_s": [], "no_source": False, "seeds": [0]}
    )
    original = Trainer.step

    def interrupted(self: Trainer, batch: Batch) -> None:
        if self.progress.step == 5:
            raise KeyboardInterrupt
        original(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            world.run("croco_checkpoints")
    assert len(list((tmp_path / "store").rglob("training_state.safetensors"))) == 1
    world.run("croco_checkpoints")
    straight = {row["model_name"]: row for row in kept(made.store, CROCO_CHECKPOINTS)}
    for row in kept(world.store, CROCO_CHECKPOINTS):
        other = straight[row["model_name"]]
        assert (row["curve_loss"], row["weights_sha256"]) == (other["curve_loss"], other["weights_sha256"])


def test_a_loss_that_is_not_finite_fails_its_model_only(
    paired: SmallWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = copy_of(paired, tmp_path, experiment={**TINY_SETTINGS["experiment"], "durations_s": [], "seeds": [0]})
    original = PairLoader.batch
    poisoned_seed: list[int] = []

    def poisoned(self: PairLoader, step: int) -> Batch:
        batch = original(self, step)
        poisoned_seed[:] = poisoned_seed or [self.seed]
        if self.seed == poisoned_seed[0] and step == 4:
            batch.target_colour[0, 0] = float("nan")
        return batch

    monkeypatch.setattr(PairLoader, "batch", poisoned)
    report = world.run("croco_checkpoints")["croco_checkpoints"]
    assert (report.failed, report.kept) == (1, 6)
    failed = world.store.read(CROCO_CHECKPOINTS, ["error_class", "error_message"], "outcome = 'failed'").to_dicts()[0]
    assert failed["error_class"] == "NonFiniteLossError"
    assert "the loss of step 4 is not finite" in failed["error_message"]
    assert "the state after 3 steps is kept in" in failed["error_message"]


def test_what_a_life_is_too_short_for_is_rejected_with_the_numbers(paired: SmallWorld, tmp_path: Path) -> None:
    experiment = {
        **TINY_SETTINGS["experiment"], "durations_s": [5.0], "pairings": ["temporal", "spatial"], "seeds": [0],
        "no_source": False,
    }  # fmt: skip
    pairs = {**TINY_SETTINGS["pairs"], "covisibility": [0.999, 1.0]}
    world = copy_of(paired, tmp_path, experiment=experiment, pairs=pairs)
    world.run("life_pair_indices")
    world.run("croco_checkpoints")
    rows = world.store.read(CROCO_CHECKPOINTS, ["model_name", "reasons", "evidence"], "outcome = 'rejected'").to_dicts()
    why = {row["model_name"]: (row["reasons"], row["evidence"]) for row in rows}
    assert why["control-surveillance/temporal/5s/s0"][0] == ["too_short"]
    assert '"footage_s":4.0' in why["control-surveillance/temporal/5s/s0"][1]
    assert why["anna/spatial/s0"][0] == ["no_pairs"]
    assert "no_overlap" in why["anna/spatial/s0"][1]


def test_matrices_hold_every_pair_of_models_with_its_nulls(made: SmallWorld) -> None:
    rows = made.store.read(CAS_MATRICES, None, "outcome = 'kept' AND purpose = 'lives'")
    models = 3 * 2 + 2 + 2  # lives and control with two seeds, references, random weights
    views = 6 + TINY.decoder_depth
    assert rows.height == models * (models - 1) // 2 * views * 3
    assert rows["cas_id"].n_unique() == rows.height
    part = rows.filter((pl.col("view") == "rows/mean") & (pl.col("k") == 5))
    matrix = score_matrix(part)
    assert set(matrix.roles) == {"life", "ceiling", "control", "reference", "random_init"}
    assert np.allclose(part["chance"], 5 / 16)
    score, shuffled = part["score"].to_numpy(), part["shuffled"].to_numpy()
    np.testing.assert_allclose(part["excess"], (score - shuffled) / (1 - shuffled))
    assert ((part["low"] <= part["score"] + 1e-9) & (part["score"] <= part["high"] + 1e-9)).all()


def test_a_score_is_that_of_the_two_checkpoints(made: SmallWorld) -> None:
    import torch

    from humannet_assets.media.access import MediaAccess
    from humannet_assets.single_life.cas import cas_matrix
    from humannet_assets.single_life.nulls import probe
    from humannet_assets.single_life.probe_set import probe_images
    from humannet_assets.single_life.workplace import Workplace
    from humannet_assets.store.compute import InProcess

    settings = made.settings.single_life
    place = Workplace(made.store, MediaAccess(), InProcess())
    pairs = probe_images(place, settings.cas, settings.experiment.frames, TINY)
    rows = {row["model_name"]: row for row in kept(made.store, CROCO_CHECKPOINTS)}
    names = ("anna/temporal/s0", "ben/temporal/s0")
    with torch.no_grad():
        sets = {name: probe(load_model(rows[name]), pairs, [View()], 10, 8, {})[View()] for name in names}
    expected = cas_matrix(sets, 10, np.random.default_rng(0)).score[0, 1]
    where = f"outcome = 'kept' AND view = 'rows/mean' AND k = 10 AND purpose = 'lives' AND model_a = '{names[0]}'"
    stored = made.store.read(CAS_MATRICES, ["score", "model_b"], where).filter(pl.col("model_b") == names[1])
    assert stored["score"].item() == pytest.approx(expected)


def test_checkpoints_that_do_not_fit_fail_the_matrix_and_are_named(made: SmallWorld, tmp_path: Path) -> None:
    from humannet_assets.single_life.checkpoints import save_checkpoint
    from humannet_assets.single_life.config import CroCoConfig

    world = copy_of(made, tmp_path / "copy")
    row = next(row for row in kept(world.store, CROCO_CHECKPOINTS) if row["model_name"] == "ben/temporal/s0")
    other = CroCoConfig.model_validate({**TINY.model_dump(), "patch_size": 16, "mask_ratio": 0.5})
    card = read_card(Path(row["folder"])).model_copy(update={"model": other})
    folder = tmp_path / "other"
    written = save_checkpoint(initial_model(other, 0), card, folder)
    fresh = {**row, "folder": str(folder), "weights_sha256": written.weights_sha256}
    world.store.replace_units(CROCO_CHECKPOINTS, [row["unit_id"]], [fresh])
    report = world.run("cas_matrices")["cas_matrices"]
    assert report.failed == 2
    messages = world.store.read(CAS_MATRICES, ["error_message"], "outcome = 'failed'")["error_message"].to_list()
    assert all("ben/temporal/s0" in text and "cut images differently" in text for text in messages)


def test_summaries_and_durations_use_lives_and_disjoint_references(made: SmallWorld) -> None:
    found = made.store.read(CAS_SUMMARIES, None, "outcome = 'kept' AND view = 'rows/mean' AND k = 5").filter(
        pl.col("purpose") == "lives"
    )
    line = found.to_dicts()[0]
    part = made.store.read(CAS_MATRICES, None, "outcome = 'kept' AND purpose = 'lives' AND view = 'rows/mean' AND k = 5")
    lives = part.filter(
        pl.col("role_a").is_in(["life", "ceiling"]) & pl.col("role_b").is_in(["life", "ceiling"])
        & (pl.col("life_a") != pl.col("life_b"))
    )  # fmt: skip
    assert line["trained"] == pytest.approx(lives["score"].mean())
    assert line["trained_excess"] == pytest.approx(lives["excess"].mean())
    assert (line["lives"], line["two_seed_pairs"]) == (2, 2)
    assert line["within"] is None, "each data set has one life"
    assert line["trained_excess_low"] is None, "two lives are one pair, whatever is drawn"
    rows = made.store.read(
        ALIGNMENT_BY_DURATION, None, "outcome = 'kept' AND view = 'rows/mean' AND k = 5 AND life IS NOT NULL"
    )
    checkpoints = {row["model_id"]: row for row in kept(made.store, CROCO_CHECKPOINTS)}
    assert {(row["life"], row["footage_s"]) for row in rows.to_dicts()} == {
        *((life, seconds) for life in ("anna", "ben") for seconds in (3.0, 8.0)),
        *(("control-surveillance", seconds) for seconds in (3.0, 4.0)),
    }
    for row in rows.to_dicts():
        assert row["life"] not in checkpoints[row["reference_id"]]["trained_on"]


def test_transfer_and_matches_stand_beside_their_baselines(made: SmallWorld) -> None:
    rows = pl.DataFrame(kept(made.store, LIFE_TRANSFER))
    assert set(rows["metric"]) == {
        "delta1", "abs_rel", "delta1_scaled", "abs_rel_scaled", "aepe_px", "pck1", "pck3", "pck5",
    }  # fmt: skip
    assert rows.filter(pl.col("duration_s").is_not_null()).is_empty()
    aepe = rows.filter(pl.col("metric") == "aepe_px")
    assert (aepe["grid_limit"] < aepe["trivial"]).all()
    assert set(aepe.filter(pl.col("role") == "no_source")["method"]) == {"features"}
    assert ((rows["low"] <= rows["value"]) & (rows["value"] <= rows["high"])).all()
    # A wall at one distance: the mean depth is exact.
    assert rows.filter(pl.col("metric") == "delta1")["trivial"].to_list() == pytest.approx([1.0] * 10)
    matches = pl.DataFrame(kept(made.store, PATCH_MATCHES))
    assert set(matches["weights"]) == {"trained", "random_init"}
    assert matches["near"].is_between(0, 1).all()
    assert matches["patches"].min() > 0


def test_pictures_and_tables_carry_their_caveat(made: SmallWorld) -> None:
    settings = made.settings.single_life
    assert caveat(settings) == "path, not science: 48 pairs per model"
    assert loss_figure(made.store, settings)
    assert duration_figure(made.store, settings)
    assert set(alignment_figures(made.store, settings)) == {"temporal"}
    for text in (summary_text(made.store, settings), transfer_text(made.store, settings)):
        assert "path, not science" in text
    large = made.settings.single_life.model_copy(
        update={"experiment": settings.experiment.model_copy(
            update={"training": settings.experiment.training.model_copy(update={"steps": 10_000, "batch_size": 256})}
        )}
    )  # fmt: skip
    assert caveat(large) == ""
