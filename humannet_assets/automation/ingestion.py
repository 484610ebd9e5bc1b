"""Jobs, the schedule for incremental ingestion and the sensor for arrivals."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from humannet_assets.automation.partitions import INGEST_WINDOWS
from humannet_assets.pipeline import all_steps, build_passes, plan_all, windows_to_run
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.sources.listing import pending_changes
from humannet_assets.sources.refresh_report import PendingChanges
from humannet_assets.store.plan import Plan

everything = dg.define_asset_job(
    "humannet",
    selection=dg.AssetSelection.all(),
    description="The whole graph for one ingest window (or a range): sources to annotations, quality and the SQL catalog.",
)

ingest = dg.define_asset_job(
    "ingest",
    selection=dg.AssetSelection.assets("source_catalog", "raw_videos") | dg.AssetSelection.checks_for_assets("raw_videos"),
    description="List the sources and identify, probe and decode what is new; downstream assets follow by automation.",
)


@dg.schedule(
    job=everything,
    cron_schedule="0 * * * *",
    description=(
        "Hourly: ingest what arrived today and bring everything that depends on it up to date. Older windows (changed files, "
        "retries, new thresholds) are the sensor's: `arrivals`."
    ),
)
def hourly_ingestion(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Run today's window; unchanged inputs cost seconds."""
    tick = context.scheduled_execution_time
    return dg.RunRequest(run_key=tick.isoformat(), partition_key=tick.astimezone(UTC).strftime("%Y-%m-%d"))


def _state(changes: PendingChanges, plans: Sequence[Plan]) -> str:
    """Hash of everything that is to be done: a new change, a further retry or a changed threshold gives another."""
    digest = hashlib.sha256(changes.digest.encode())
    for plan in plans:
        digest.update(f"{plan.step.name}:{plan.step.fingerprint()}".encode())
        for unit_id, provenance, attempts in plan.todo.select("unit_id", "provenance", "attempts").sort("unit_id").iter_rows():
            digest.update(f"{unit_id}:{provenance}:{attempts};".encode())
        for unit_id in plan.removed["unit_id"].sort():
            digest.update(f"-{unit_id};".encode())
    return digest.hexdigest()[:16]


@dg.sensor(
    job=everything,
    minimum_interval_seconds=60,
    description=(
        "Looks at the source folders (no reading) and at what is stale; runs the windows in which files arrived, changed or "
        "vanished, thresholds or models changed, or failures are to be tried again."
    ),
)
def arrivals(context: dg.SensorEvaluationContext, pipeline: PipelineResource) -> dg.SensorResult:
    """Request today's window for new files, and every window with work; the same work is requested once.

    The cursor holds the number of requests so far and the state last requested: the number makes run keys unique, so that
    work that comes back (a takedown, a restore, a takedown) is not mistaken for a repetition.
    """
    settings = pipeline.settings
    changes = pending_changes(pipeline.store, Path(pipeline.catalog_file), settings, access=pipeline.access)
    steps = all_steps(build_passes(settings, pipeline.access))
    plans = plan_all(pipeline.store, steps, max_attempts=settings.compute.max_attempts)
    count, _, requested = (context.cursor or "0:").partition(":")
    known = set(INGEST_WINDOWS.get_partition_keys())
    wanted = {*windows_to_run(plans), *changes.windows(datetime.now(UTC).strftime("%Y-%m-%d"))}
    windows = sorted(wanted & known)
    if not windows:
        return dg.SensorResult(skip_reason="nothing arrived, changed or vanished", cursor=f"{count}:")
    state = _state(changes, plans)
    if state == requested:
        return dg.SensorResult(skip_reason="requested before: see those runs", cursor=context.cursor)
    number = int(count) + 1
    requests = [dg.RunRequest(run_key=f"{number}:{window}", partition_key=window) for window in windows]
    return dg.SensorResult(run_requests=requests, cursor=f"{number}:{state}")
