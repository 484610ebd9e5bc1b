"""Which models are planned, what each depends on, and what makes them change."""

from __future__ import annotations

import polars as pl
import pytest
from pydantic import ValidationError

from humannet_assets.pipeline import build_passes
from humannet_assets.settings import load_settings
from humannet_assets.single_life.experiment import ExperimentConfig, TransferConfig, parts_of
from humannet_assets.single_life.runs import Footage, life_group, models_of, plan_models
from humannet_assets.store.compute import InProcess
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps
from humannet_assets.store.tables import CROCO_RUNS, LIFE_COMPARISONS
from humannet_assets_tests.single_life.footage import Video, pair, put, remove

ANNA = Video("anna_0")
BEN = Video("ben_0", "ben")
LATER = Video("anna_1", arrival=1)
SCREEN = Video("screen_0", None, control="surveillance")
POOL = Video("pool_0", None, control="diverse_pool")
PROBE = Video("probe_0", None, keywords=("probe",))


def plan(store: LanceStore) -> pl.DataFrame:
    pair(store)
    passes = build_passes(load_settings(None))
    for steps in (passes["croco_checkpoints"][0], passes["cas_matrices"][0]):
        for report in run_steps(store, steps, compute=InProcess(), run_id="r"):
            assert report.adds_up, report
    return store.read(CROCO_RUNS, None, "outcome = 'kept' AND row_id != unit_id").sort("model_name")


def test_a_longer_life_changes_models_of_all_its_footage_only(store: LanceStore) -> None:
    put(store, [ANNA, BEN, POOL])
    before = {row["model_name"]: row for row in plan(store).iter_rows(named=True)}
    put(store, [LATER])
    after = {row["model_name"]: row for row in plan(store).iter_rows(named=True)}
    assert set(before) == set(after)
    depends = ("video_ids", "pairing_ids", "available_s", "config", "trained_on")
    changed = {name for name in after if any(before[name][column] != after[name][column] for column in depends[:2])}
    assert changed == {"anna/temporal/s0", "anna/temporal/s1", "anna/no_source/s0"}
    assert {name for name in after if before[name]["trained_on"] != after[name]["trained_on"]} == set()


def test_references_never_saw_the_life_they_are_compared_with(store: LanceStore) -> None:
    put(store, [ANNA, BEN, SCREEN])
    rows = plan(store)
    references = {row["life"]: row["trained_on"] for row in rows.filter(pl.col("role") == "reference").iter_rows(named=True)}
    assert references == {"anna": ["ben"], "ben": ["anna"]}
    put(store, [POOL])
    references = plan(store).filter(pl.col("role") == "reference")
    assert references["trained_on"].to_list() == [["control-diverse_pool"]]
    assert references["model_name"].to_list() == ["reference control-diverse_pool/s0"]


def test_the_probe_set_is_trained_on_by_nobody_and_carries_the_comparisons(store: LanceStore) -> None:
    put(store, [ANNA, BEN, SCREEN, PROBE])
    rows = plan(store)
    assert not any(PROBE.video_id in videos for videos in rows["video_ids"])
    rejected = store.read(CROCO_RUNS, ["unit_id", "reasons"], "outcome = 'rejected'").to_dicts()
    assert rejected == [{"unit_id": "probe", "reasons": ["probe"]}]
    found = store.read(LIFE_COMPARISONS, None, "outcome = 'kept' AND row_id != unit_id").to_dicts()
    assert {row["purpose"] for row in found} == {"lives", "durations"}
    names = dict(rows.select("model_id", "model_name").iter_rows())
    lives = {names[model] for row in found if row["purpose"] == "lives" for model in row["model_ids"]}
    assert "anna/temporal/7.5s/s0" not in lives
    assert "anna/no_source/s0" not in lives
    assert {"anna/temporal/s0", "anna/temporal/s1", "control-surveillance/temporal/s0"} < lives
    remove(store, PROBE)
    plan(store)
    assert store.read(LIFE_COMPARISONS, ["row_id"], "outcome = 'kept' AND comparison_id IS NOT NULL").is_empty()


def test_pairings_are_planned_apart_and_pooled_where_joined() -> None:
    footage = {"a-1": Footage("a-1", "life", (("v", 0.0, 30.0),)), "a-2": Footage("a-2", "life", (("w", 0.0, 30.0),))}
    config = ExperimentConfig(pairings=("temporal", "spatial+temporal"), seeds=(0,), durations_s=(10.0,))
    models = plan_models(footage, config)
    assert len({model.model_id for model in models}) == len({model.name for model in models}) == len(models)
    assert {model.pairing for model in models if model.duration_s} == {"temporal"}
    assert parts_of("spatial+temporal") == ("temporal", "spatial")
    chosen = {model.name for model in models_of("lives", "spatial+temporal", models)}
    assert chosen == {
        "a-1/spatial+temporal/s0",
        "a-2/spatial+temporal/s0",
        "reference without a-1/s0",
        "reference without a-2/s0",
    }
    assert [life_group(name, "life", config) for name in ("kitchens-1", "walks_12", "7")] == ["kitchens", "walks", "7"]
    assert life_group("a-1", "life", ExperimentConfig(group_of={"a-1": "homes"})) == "homes"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"pairings": ("sideways",)}, "there are temporal, spatial"),
        ({"durations_s": (20.0, 10.0)}, "must be positive and ascend"),
        ({"seeds": (1, 1)}, "each once"),
        ({"frames": {"short_side_px": 32}, "training": {}}, "raise frames.short_side_px"),
    ],
)
def test_impossible_experiments_are_refused_with_the_fix(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ExperimentConfig.model_validate(values)


def test_impossible_transfer_is_refused() -> None:
    with pytest.raises(ValidationError, match="not a multiple of probe_heads"):
        TransferConfig(probe_width=30, probe_heads=4)
