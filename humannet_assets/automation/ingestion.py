"""Jobs, the schedule for incremental ingestion and the sensor for arrivals."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from humannet_assets.automation.partitions import INGEST_WINDOWS
from humannet_assets.pipeline import all_steps, build_passes, stale_windows
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.sources.listing import pending_changes

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
    description="Hourly: ingest what arrived today and bring everything that depends on it up to date.",
)
def hourly_ingestion(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Run today's window; unchanged inputs cost seconds."""
    tick = context.scheduled_execution_time
    return dg.RunRequest(run_key=tick.isoformat(), partition_key=tick.astimezone(UTC).strftime("%Y-%m-%d"))


@dg.sensor(
    job=everything,
    minimum_interval_seconds=60,
    description="Looks at the source folders (no reading) and runs the windows in which files arrived, changed or vanished.",
)
def arrivals(context: dg.SensorEvaluationContext, pipeline: PipelineResource) -> dg.SensorResult | dg.SkipReason:
    """Request today's window for new files, and the windows of what was changed or withdrawn."""
    changes = pending_changes(pipeline.store, Path(pipeline.catalog_file), pipeline.settings, access=pipeline.access)
    steps = all_steps(build_passes(pipeline.settings, pipeline.access))
    stale = stale_windows(pipeline.store, steps)
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    windows = sorted({*stale, *changes.windows(today)})
    if not windows:
        return dg.SkipReason("nothing arrived, changed or vanished")
    state = hashlib.sha256(repr((changes.digest, windows)).encode()).hexdigest()[:16]
    if state == context.cursor:
        return dg.SkipReason("the runs for these changes were requested before; see their logs")
    known = set(INGEST_WINDOWS.get_partition_keys())
    requests = [dg.RunRequest(run_key=f"{state}:{window}", partition_key=window) for window in windows if window in known]
    return dg.SensorResult(run_requests=requests, cursor=state)
