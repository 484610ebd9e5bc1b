"""Verdicts follow from intervals over lives, on made-up rows whose answer is known; the report says what the rows say."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from humannet_assets.cli.project import UsageError
from humannet_assets.cli.reproduce import check
from humannet_assets.cli.simulate import profile_options
from humannet_assets.settings import load_settings
from humannet_assets.single_life.experiment import CasConfig
from humannet_assets.single_life.reproduce import ASSETS, PROFILES
from humannet_assets.single_life.summaries import ScoreMatrix, summary
from humannet_assets.single_life.verdicts import Finding, all_findings, emergence, matching
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import ALIGNMENT_BY_DURATION, PATCH_MATCHES
from humannet_assets_tests.single_life.footage import FIRST_SEEN

LIVES = tuple(f"life-{index}" for index in range(6))


def put(store: LanceStore, table: Table, rows: list[dict[str, object]]) -> None:
    system = {
        "unit_id": "u", "ingest_window": "2026-03-01", "outcome": "kept", "reasons": [], "evidence": "{}", "attempts": 1,
        "provenance": "p", "code_version": "1", "run_id": "r", "created_at": FIRST_SEEN,
    }  # fmt: skip
    store.replace_units(table, ["u"], [{"row_id": stable_id(index), **system, **row} for index, row in enumerate(rows)])


def durations(store: LanceStore, gain: float, noise: float) -> None:
    """Excess that rises by `gain` per doubling of footage, for two seeds of each life, and a control that does not."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for life in (*LIVES, "control-screen"):
        for seconds in (60.0, 120.0, 240.0, 480.0):
            for seed in (0, 1):
                own = 0.0 if life.startswith("control") else gain * math.log2(seconds)
                about = {"life": life, "kind": "control" if life.startswith("control") else "life", "life_group": "g"}
                score = {"view": "rows/mean", "k": 10, "excess": own + rng.normal(0, noise)}
                rows.append({**about, "footage_s": seconds, "seed": seed, "model_id": "m", "reference_id": "r", **score})
    put(store, ALIGNMENT_BY_DURATION, rows)


@pytest.mark.parametrize(("gain", "verdict"), [(0.02, "seen"), (-0.02, "opposite"), (0.0, "not seen")])
def test_emergence_is_the_slope_over_doublings_of_lives(store: LanceStore, gain: float, verdict: str) -> None:
    durations(store, gain, 0.005)
    found = emergence(store, 10)
    assert found.value == pytest.approx(gain, abs=0.005)
    assert (found.verdict, found.units) == (verdict, 6)


def test_few_lives_decide_nothing() -> None:
    assert Finding("n", "c", "m", 0.5, 0.4, 0.6, units=4).verdict == "undecided"
    assert Finding("n", "c", "m", 0.5, 0.4, 0.6, units=5).verdict == "seen"
    assert Finding("n", "c", "m", 0.5, math.nan, math.nan, units=9).verdict == "undecided"


def test_matching_counts_whole_trained_lives_against_chance(store: LanceStore) -> None:
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for life in LIVES:
        base = {"life": life, "role": "life", "layer": -1, "chance_moved_near": 0.1, "model_id": life}
        rows.append({**base, "weights": "trained", "moved_near": 0.3 + rng.normal(0, 0.02)})
        rows.append({**base, "weights": "random_init", "moved_near": 0.9})
        rows.append({**base, "weights": "trained", "moved_near": 0.9, "duration_s": 60.0})
        rows.append({**base, "weights": "trained", "moved_near": 0.9, "role": "control"})
    put(store, PATCH_MATCHES, rows)
    found = matching(store)
    assert found.value == pytest.approx(0.2, abs=0.02)
    assert found.verdict == "seen"


def matrix(within: float, across: float, control: float) -> ScoreMatrix:
    """Excess of three lives each of two data sets with two seeds, and two controls."""
    rng = np.random.default_rng(1)
    lives, roles, groups = [], [], []
    for group in "ab":
        for index in range(3):
            for role in ("life", "ceiling"):
                lives.append(f"{group}{index}")
                roles.append(role)
                groups.append(group)
    lives += ["control-x", "control-y"]
    roles += ["control"] * 2
    groups += ["control"] * 2
    group, role = np.array(groups), np.array(roles)
    excess = np.where(group[:, None] == group[None], within, across)
    is_control = role == "control"
    excess = np.where(is_control[:, None] | is_control[None], control, excess) + rng.normal(0, 0.01, (14, 14))
    excess = (excess + excess.T) / 2
    np.fill_diagonal(excess, np.nan)
    names = tuple(f"m{index:02d}" for index in range(14))
    values = dict.fromkeys(("score", "low", "high", "shuffled", "corrected", "excess"), excess)
    return ScoreMatrix(names, tuple(lives), tuple(roles), tuple(groups), values, 0.05)


def test_a_summary_tells_within_from_across_and_lives_from_controls() -> None:
    line = summary(matrix(0.4, 0.2, 0.0), CasConfig(resamples=300))
    assert (line["within"], line["across"], line["control_excess"]) == pytest.approx((0.4, 0.2, 0.0), abs=0.02)
    assert 0.15 < line["within_minus_across_low"] < 0.2 < line["within_minus_across_high"] < 0.25
    assert line["p_value"] == pytest.approx(0.1), "3 + 3 lives give a tenth at best"
    assert line["trained_excess_low"] > line["control_excess_high"]
    assert line["two_seed_pairs"] == 6
    flat = summary(matrix(0.2, 0.2, 0.2), CasConfig(resamples=300))
    assert flat["within_minus_across_low"] < 0 < flat["within_minus_across_high"]


def test_findings_of_an_empty_store_are_undecided(store: LanceStore) -> None:
    findings = all_findings(store, load_settings(None).single_life)
    assert {found.verdict for found in findings} == {"undecided"}
    json.dumps([found.name for found in findings])


def test_profiles_are_possible_experiments_and_name_real_assets() -> None:
    from humannet_assets.pipeline import build_passes

    for profile in PROFILES.values():
        settings = load_settings(None, {"single_life": dict(profile.settings)}).single_life
        options = profile_options("lives", {name: str(value) for name, value in profile.simulate.items()})
        longest = 3600 * options.model_dump()["hours"]
        assert all(duration < longest for duration in settings.experiment.durations_s)
        assert len(settings.experiment.durations_s) >= 3, "the whole life is the fourth"
        assert len(settings.experiment.seeds) >= 2
    assert set(ASSETS) <= set(build_passes(load_settings(None)))


def test_what_does_not_exist_is_refused_before_anything_starts() -> None:
    with pytest.raises(UsageError, match="choose one of single-life"):
        check("double-life", "demo")
    with pytest.raises(UsageError, match="gpu: 224 x 224 pixels"):
        check("single-life", "tpu")


def test_the_report_holds_verdicts_tables_and_pictures(tmp_path: Path) -> None:
    from humannet_assets.single_life.report import write_report
    from humannet_assets_tests.single_life.small_world import TINY_SETTINGS, two_lives

    world = two_lives(tmp_path, experiment={**TINY_SETTINGS["experiment"], "seeds": [0]})
    world.run("croco_checkpoints", "cas_matrices", "alignment_by_duration", "life_transfer")
    settings = world.settings.single_life
    report = write_report(
        world.store, settings, tmp_path / "report", profile="demo", command="humannet x", simulate={"hours": 1}
    )  # fmt: skip
    text = (report.folder / "report.md").read_text()
    assert "**path, not science: 48 pairs per model.**" in text
    assert all(f"## {title}" in text for title in ("Question", "Run", "Verdicts", "Deviations from the paper"))
    for picture in ("loss.png", "alignment_temporal.png", "alignment_by_duration.png"):
        assert f"![{picture}]({picture})" in text
        assert (report.folder / picture).read_bytes().startswith(b"\x89PNG")
    results = json.loads((report.folder / "results.json").read_text())
    assert [one["verdict"] for one in results["findings"]] == ["undecided"] * len(report.findings)
    assert results["about"]["seeds"] == [0]
    assert results["about"]["versions"]["torch"]
    models = pl.read_csv(report.folder / "models.csv")
    assert models.height == results["about"]["models"] == 10
