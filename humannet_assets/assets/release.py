"""Group `release`: the SQL catalog any DuckDB client opens, and the quality figures."""

import dagster as dg

from humannet_assets.assets.common import COLLECT, OWNERS, RETRY, log_progress, schema_metadata
from humannet_assets.assets.pictures import quality_pictures
from humannet_assets.quality.report import quality_report
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.sql_catalog import build_sql_catalog, catalog_location
from humannet_assets.store.tables import STAGE_QUALITY


@dg.asset(
    group_name="release",
    # After everything that writes a table: the file holds all of them.
    deps=[
        "known_cameras",
        "clip_signals",
        "annotations",
        "alignment_by_duration",
        "life_transfer",
        "human_data_report",
        "stage_quality",
    ],
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
    deps=[
        "raw_videos",
        "video_duplicates",
        "shots",
        "filtered_clips",
        "viewpoints",
        "hand_tracks",
        "body_tracks",
        "camera_trajectories",
        "segments",
        "captions",
        "annotations",
    ],
    owners=OWNERS,
    retry_policy=RETRY,
    kinds={"lance", "python"},
    automation_condition=COLLECT,
    pool=STAGE_QUALITY.name,
    metadata=schema_metadata(STAGE_QUALITY),
    description=(
        "How good each stage is wherever a source brings ground-truth labels: figures with bootstrap intervals, confusion "
        "tables, worst cases as pictures (docs/stage_quality.md)."
    ),
)
def stage_quality(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Compare what stages say with labels: sidecars next to videos, or the labels file a source names."""
    report = quality_report(
        pipeline.store,
        context.run.run_id,
        settings=pipeline.settings,
        compute=pipeline.compute,
        access=pipeline.access,
        progress=log_progress(context),
    )
    for problem in report.label_problems:
        context.log.warning(f"label left out: {problem}")
    return dg.MaterializeResult(metadata={**report.metadata(), **quality_pictures(report.stages)})
