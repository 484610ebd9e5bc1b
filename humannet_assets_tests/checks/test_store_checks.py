"""Each check passes on a healthy table and fails on the defect it is there for."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from humannet_assets.checks.store_checks import CHECKS, check_step, windows_of_run
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps
from humannet_assets_tests.store import toy


def verdicts(store: LanceStore) -> dict[str, bool]:
    return {outcome.name: outcome.passed for outcome in check_step(store, toy.chain()[1])}


@pytest.fixture
def healthy(store: LanceStore) -> LanceStore:
    toy.put(store, {"a": 4, "b": 6, "c": 300})
    for step in toy.chain():
        run_steps(store, [step], run_id="test")
    return store


def append(store: LanceStore, **row: object) -> None:
    """Write past the store's own commit, as a defect would."""
    import lance

    base = {"unit_id": "a", "clip_id": "a", "outcome": "kept", "provenance": "p", "created_at": datetime(2026, 1, 1)}  # noqa: DTZ001
    table = pa.Table.from_pylist([{**base, **row}], schema=toy.PIECES.schema)
    lance.write_dataset(table, store.uri(toy.PIECES), mode="append")


def test_healthy_table_passes_everything(healthy: LanceStore) -> None:
    assert verdicts(healthy) == dict.fromkeys(CHECKS, True)


def test_pending_units_are_counted_not_failed(healthy: LanceStore) -> None:
    toy.put(healthy, {"d": 8})
    run_steps(healthy, [toy.chain()[0]], run_id="test")
    outcome = check_step(healthy, toy.chain()[1])[0]
    assert outcome.passed
    assert outcome.numbers["pending"] == 1


def test_work_left_undone_in_the_windows_just_run_fails(healthy: LanceStore) -> None:
    toy.put(healthy, {"d": 8})
    run_steps(healthy, [toy.chain()[0]], run_id="test")
    outcome = check_step(healthy, toy.chain()[1], ["2026-01-01"])[0]
    assert not outcome.passed
    assert outcome.numbers["left_undone"] == 1
    assert check_step(healthy, toy.chain()[1], ["2026-01-02"])[0].passed


@pytest.mark.parametrize(
    ("tags", "windows"),
    [
        ({}, []),
        ({"dagster/partition": "2026-03-01"}, ["2026-03-01"]),
        (
            {"dagster/asset_partition_range_start": "2026-03-01", "dagster/asset_partition_range_end": "2026-03-03"},
            ["2026-03-01", "2026-03-02", "2026-03-03"],
        ),
    ],
)
def test_windows_of_a_run_come_from_its_tags(tags: dict[str, str], windows: list[str]) -> None:
    assert windows_of_run(tags) == windows


@pytest.mark.parametrize(
    ("defect", "failing"),
    [
        ({"row_id": "a-0"}, "keys_unique"),
        ({"row_id": "ghost-0", "unit_id": "ghost"}, "references_intact"),
        ({"row_id": "a-x", "outcome": "rejected"}, "outcomes_add_up"),
        ({"row_id": "a-9", "provenance": ""}, "schema_as_declared"),
    ],
)
def test_defect_fails_its_check(healthy: LanceStore, defect: dict[str, object], failing: str) -> None:
    append(healthy, **defect)
    assert [name for name, passed in verdicts(healthy).items() if not passed] == [failing]
