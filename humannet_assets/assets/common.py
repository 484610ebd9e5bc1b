"""What every asset does around its steps: run them, report everything a person needs to judge (DESIGN rule 8)."""

from __future__ import annotations

import base64
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import dagster as dg

from humannet_assets.automation.partitions import INGEST_WINDOWS
from humannet_assets.pipeline import asset_of_tables, build_passes
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.runner import Progress, StepReport, run_steps
from humannet_assets.store.schema import Table
from humannet_assets.store.step import Step

# Design rule 6 asks for `BackfillPolicy.single_run`, which Dagster 1.13 marks as beta: the pin on 1.13 is what protects us.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)

OWNERS = ["team:data"]
CODE_VERSION = "1"

RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL)
"""For what is not a row's fault (a lost lock, a full disk cleared meanwhile); bad files never get this far."""

DOWNSTREAM = (
    dg.AutomationCondition.eager().without(dg.AutomationCondition.in_latest_time_window()).with_label("follow_upstream")
)
"""Any window whose parents were materialised, not only the latest one: late files and takedowns touch old windows."""

COLLECT = (
    # What raw_videos alone changes is followed by its whole window: gather after that, not twice.
    dg.AutomationCondition.any_deps_updated().ignore(dg.AssetSelection.assets("raw_videos")).since_last_handled()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
).with_label("collect_upstream")
"""For unpartitioned assets that gather all windows: `eager` would wait until every window since the first was materialised."""


def column_schema(table: Table) -> dg.TableSchema:
    """The table's columns as Dagster shows them."""
    columns = [
        dg.TableColumn(
            field.name,
            str(field.type),
            description=table.column(field.name).doc,
            constraints=dg.TableColumnConstraints(nullable=field.nullable, unique=field.name == "row_id"),
        )
        for field in table.schema
    ]
    return dg.TableSchema(columns=columns)


def column_lineage(step: Step[Any], asset_of: Mapping[str, str]) -> dg.TableColumnLineage:
    """Each own column depends on every column the step declares to read: that is what its code may look at."""
    # One asset may write several of the tables read.
    columns = dict.fromkeys((asset_of[read.table.name], name) for read in step.reads for name in read.columns)
    deps = [dg.TableColumnDep(asset_key=dg.AssetKey(asset), column_name=name) for asset, name in columns]
    return dg.TableColumnLineage({column.name: deps for column in step.writes.columns})


def windows_of(context: dg.AssetExecutionContext) -> list[str] | None:
    """The run's ingest windows, or None when the asset is not partitioned.

    A run of one window also runs unpartitioned assets; those gather all windows, and some of their rows are of none.
    """
    if context.assets_def.partitions_def is None:
        return None
    return list(context.partition_keys) if context.has_partition_key or context.has_partition_key_range else None


def schema_metadata(*tables: Table) -> dict[str, Any]:
    """Definition metadata: the main table's schema and name, so that the UI knows them before the first run."""
    main = tables[-1]
    return {"dagster/column_schema": column_schema(main), "dagster/table_name": main.name}


def spec(table: Table, deps: Sequence[str], **extra: Any) -> dict[str, Any]:
    """Arguments all partitioned assets share."""
    arguments: dict[str, Any] = {
        "group_name": table.group,
        "description": table.doc,
        "deps": [dg.AssetKey(name) for name in deps],
        "partitions_def": INGEST_WINDOWS,
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "automation_condition": DOWNSTREAM,
        "retry_policy": RETRY,
        "owners": OWNERS,
        "code_version": CODE_VERSION,
        "metadata": schema_metadata(table),
        "kinds": {"lance", "python"},
        "pool": table.name,
    }
    return {**arguments, **extra}


UNPARTITIONED: dict[str, Any] = {"partitions_def": None, "backfill_policy": None, "automation_condition": COLLECT}
"""For `spec`: an asset that is brought up to date as a whole, which costs only what changed."""


WATCHER: ContextVar[Progress | None] = ContextVar("progress watcher", default=None)
"""Who else wants to know how far a run is: the command line's bar, when it runs the graph in its own process."""


def log_progress(context: dg.AssetExecutionContext, every_s: float = 10.0) -> Progress:
    """Progress into the run's log, at most every few seconds."""
    last = time.monotonic()
    started = last

    watcher = WATCHER.get()

    def report(name: str, done: int, total: int) -> None:
        nonlocal last
        if watcher is not None:
            watcher(name, done, total)
        now = time.monotonic()
        if done < total and now - last < every_s:
            return
        last = now
        rate = done / max(now - started, 1e-9)
        context.log.info(f"{name}: {done} of {total} ({100 * done / max(total, 1):.0f} %), {rate:.2f}/s")

    return report


def run_asset(
    context: dg.AssetExecutionContext, pipeline: PipelineResource, passes: Sequence[Sequence[Step[Any]]]
) -> list[StepReport]:
    """Run an asset's passes in order and log how they ended."""
    windows = windows_of(context)
    reports: list[StepReport] = []
    for steps in passes:
        reports += run_steps(
            pipeline.store,
            steps,
            windows=windows,
            compute=pipeline.compute,
            access=pipeline.access,
            run_id=context.run.run_id,
            progress=log_progress(context),
            max_attempts=pipeline.settings.compute.max_attempts,
        )
    for report in reports:
        context.log.info(
            f"{report.table}: {report.inputs} in = {report.kept} kept + {report.rejected} rejected + {report.failed} failed "
            f"+ {report.pending} pending; {report.processed} processed {report.why or ''} in {report.wall_s:.1f} s"
        )
    return reports


def report_metadata(report: StepReport) -> dict[str, Any]:
    """One step's counts and timing as materialisation metadata."""
    metadata: dict[str, Any] = {
        "inputs": report.inputs,
        "kept": report.kept,
        "rejected": report.rejected,
        "failed": report.failed,
        "pending": report.pending,
        "removed": report.removed,
        "units_processed": report.processed,
        "rows_written": report.rows_written,
        "why": report.why,
        "wall_s": round(report.wall_s, 3),
        "cpu_s": round(report.cpu_s, 3),
    }
    if report.wall_s and report.rows_written:
        metadata["rows_per_s"] = round(report.rows_written / report.wall_s, 3)
    if report.video_s and report.cpu_s:
        metadata["video_s_per_core_s"] = round(report.video_s / report.cpu_s, 3)
    return metadata


def picture_metadata(jpeg: bytes | None, name: str = "contact_sheet") -> dict[str, Any]:
    """A picture the UI renders, inlined as Markdown; nothing when there is none."""
    if not jpeg:
        return {}
    return {name: dg.MetadataValue.md(f"![{name}](data:image/jpeg;base64,{base64.b64encode(jpeg).decode()})")}


def row_count(pipeline: PipelineResource, table: Table) -> int:
    """Rows of all outcomes, over all windows."""
    return pipeline.store.dataset(table).count_rows()


Picture = Callable[[PipelineResource, dg.AssetExecutionContext], dict[str, Any]]


def materialize(
    context: dg.AssetExecutionContext, pipeline: PipelineResource, picture: Picture | None = None
) -> dg.MaterializeResult:
    """The body of an ordinary asset: run its passes and report on the table that has the asset's name."""
    passes = build_passes(pipeline.settings, pipeline.access, pipeline.workplace)
    name = context.asset_key.to_user_string()
    reports = run_asset(context, pipeline, passes[name])
    main = next(step for steps in passes[name] for step in steps if step.writes.name == name)
    return result(pipeline, reports, main, asset_of_tables(passes), picture(pipeline, context) if picture else None)


def result(
    pipeline: PipelineResource,
    reports: Sequence[StepReport],
    step: Step[Any],
    asset_of: Mapping[str, str],
    extra: Mapping[str, Any] | None = None,
    asset_key: str | None = None,
) -> dg.MaterializeResult:
    """The materialisation of an asset whose main table `step` writes."""
    metadata: dict[str, Any] = {
        "dagster/row_count": row_count(pipeline, step.writes),
        "dagster/column_lineage": column_lineage(step, asset_of),
        "lance_version": pipeline.store.version(step.writes),
        "lance_uri": pipeline.store.uri(step.writes),
        **(extra or {}),
    }
    for report in reports:
        if report.table == step.writes.name:
            metadata.update(report_metadata(report))
        else:
            metadata[report.table] = report_metadata(report)
    return dg.MaterializeResult(asset_key=asset_key, metadata=metadata)
