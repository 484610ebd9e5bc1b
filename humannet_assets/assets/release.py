"""Group `release`: the SQL catalog any DuckDB client opens, and the quality figures."""

import dagster as dg

from humannet_assets.assets.common import COLLECT, OWNERS, RETRY, picture_metadata
from humannet_assets.quality.report import quality_report
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.sql_catalog import build_sql_catalog, catalog_location


@dg.asset(
    group_name="release",
    deps=["annotations", "captions", "segments", "viewpoints", "filtered_clips", "clip_signals", "shots", "video_duplicates"],
    owners=OWNERS,
    retry_policy=RETRY,
    kinds={"duckdb"},
    automation_condition=COLLECT,
    pool="sql_catalog",
    description="One DuckDB file with native tables and views of the whole store, for any client (DBeaver, Metabase, ...).",
)
def sql_catalog(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Write the file anew if any table changed; replace the old one atomically."""
    built = build_sql_catalog(pipeline.store, catalog_location(pipeline.store))
    return dg.MaterializeResult(metadata=built.metadata())


@dg.asset(
    group_name="release",
    deps=["raw_videos", "video_duplicates", "shots", "filtered_clips", "viewpoints"],
    owners=OWNERS,
    retry_policy=RETRY,
    kinds={"python"},
    automation_condition=COLLECT,
    description="Precision, recall and balanced accuracy of each stage wherever a source brings ground-truth labels.",
)
def stage_quality(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Compare verdicts with labels: sidecars next to videos, or the labels file a source names."""
    report = quality_report(pipeline.store, context.run.run_id)
    return dg.MaterializeResult(metadata={**report.metadata(), **picture_metadata(report.worst_cases(), "worst_cases")})
