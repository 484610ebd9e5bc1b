"""Blocking checks, one factory for all tables: outcomes add up, keys are unique, references hold, the schema is declared.

The counts are taken from the stored rows alone, independently of the plan that produced them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import polars as pl

from humannet_assets.automation.partitions import INGEST_WINDOWS
from humannet_assets.pipeline import build_passes
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.settings import Settings
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.plan import make_plan
from humannet_assets.store.step import Step

CHECKS = {
    "outcomes_add_up": "kept + rejected + failed + pending = input; one outcome per unit (DESIGN rule 3); in the windows just "
    "run, what is pending waits for a parent.",
    "keys_unique": "No row_id appears twice.",
    "references_intact": "Every row that is not a tombstone comes from a unit its input still holds.",
    "schema_as_declared": "The stored columns are the declared ones and every row carries provenance.",
}


@dataclass(frozen=True)
class CheckOutcome:
    """One check's verdict and the numbers behind it."""

    name: str
    passed: bool
    numbers: dict[str, Any]


def check_step(store: LanceStore, step: Step[Any], windows: Sequence[str] = ()) -> list[CheckOutcome]:
    """All checks of one step's table.

    Args:
        store: The store.
        step: The step that writes the table.
        windows: The ingest windows just run: nothing that could have been done there may be left undone.
    """
    left = make_plan(store, step, windows, max_attempts=0) if windows else None
    undone = [] if left is None else [*left.todo["unit_id"], *left.removed["unit_id"]]
    table, first = step.writes, step.reads[0]
    names = ["row_id", "unit_id", "outcome", "provenance", "created_at"]
    rows = store.read(table, names)
    units = rows.group_by("unit_id").agg(pl.col("outcome").unique().sort())
    live = units.filter(~pl.col("outcome").list.contains("removed"))
    mixed = units.filter(pl.col("outcome").list.len() > 1)
    inputs = store.read(first.table, [first.unit], "outcome = 'kept'").select(pl.col(first.unit).alias("unit_id")).unique()
    counts = {name: live.filter(pl.col("outcome").list.contains(name)).height for name in ("kept", "rejected", "failed")}
    pending = inputs.join(live, on="unit_id", how="anti").height
    orphans = live.join(inputs, on="unit_id", how="anti")
    stored = store.dataset(table).schema
    wrong = [
        field.name for field in table.schema if field.name not in stored.names or stored.field(field.name).type != field.type
    ]
    bare = rows.filter((pl.col("outcome") != "removed") & (pl.col("provenance").str.len_chars() == 0)).height
    repeated = rows.height - rows["row_id"].n_unique()
    return [
        CheckOutcome(
            "outcomes_add_up",
            mixed.is_empty() and not undone and sum(counts.values()) - orphans.height + pending == inputs.height,
            {
                "inputs": inputs.height,
                **counts,
                "pending": pending,
                "left_undone": len(undone),
                "units_with_two_outcomes": mixed.height,
            },
        ),
        CheckOutcome("keys_unique", repeated == 0, {"rows": rows.height, "repeated_keys": repeated}),
        CheckOutcome(
            "references_intact",
            orphans.is_empty(),
            {"orphans": orphans.height, "examples": orphans["unit_id"].head(5).to_list()},
        ),
        CheckOutcome("schema_as_declared", not wrong and not bare, {"wrong_columns": wrong, "rows_without_provenance": bare}),
    ]


def windows_of_run(tags: Mapping[str, str]) -> list[str]:
    """The ingest windows a run was started for, from its tags; none for a run without partition."""
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition")
    last = tags.get("dagster/asset_partition_range_end") or first
    if first is None or last is None:
        return []
    return list(INGEST_WINDOWS.get_partition_keys_in_range(dg.PartitionKeyRange(first, last)))


def _table_checks(asset: str, table_names: Sequence[str]) -> dg.AssetChecksDefinition:
    def name_of(table: str, check: str) -> str:
        return check if table == asset else f"{table}_{check}"

    specs = [
        dg.AssetCheckSpec(name_of(table, check), asset=asset, blocking=True, description=f"Table {table}: {text}")
        for table in table_names
        for check, text in CHECKS.items()
    ]

    @dg.multi_asset_check(specs=specs, name=f"{asset}_checks")
    def run_checks(context: dg.AssetCheckExecutionContext, pipeline: PipelineResource) -> Iterator[dg.AssetCheckResult]:
        windows = windows_of_run(context.run.tags)
        for steps in build_passes(pipeline.settings, pipeline.access)[asset]:
            for step in steps:
                for outcome in check_step(pipeline.store, step, windows):
                    yield dg.AssetCheckResult(
                        asset_key=asset,
                        check_name=name_of(step.writes.name, outcome.name),
                        passed=outcome.passed,
                        severity=dg.AssetCheckSeverity.ERROR,
                        metadata=outcome.numbers,
                    )

    return run_checks


def build_checks() -> list[dg.AssetChecksDefinition]:
    """One check definition per asset, covering each table the asset writes."""
    return [
        _table_checks(asset, [step.writes.name for steps in passes for step in steps])
        for asset, passes in build_passes(Settings()).items()
    ]
