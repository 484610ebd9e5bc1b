"""Group `sources`: what may be ingested, and the videos found."""

from pathlib import Path

import dagster as dg

from humannet_assets.assets.common import OWNERS, RETRY, materialize, schema_metadata, spec
from humannet_assets.assets.pictures import known_camera_plot, video_sheet
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.store.tables import KNOWN_CAMERAS, RAW_VIDEOS, SOURCE_CATALOG, SOURCE_FILES


@dg.asset(
    group_name="sources",
    description=f"{SOURCE_CATALOG.doc} Also lists the files of kept sources (table source_files) without reading them.",
    owners=OWNERS,
    retry_policy=RETRY,
    kinds={"yaml", "lance"},
    metadata=schema_metadata(SOURCE_FILES, SOURCE_CATALOG),
    pool="source_catalog",
)
def source_catalog(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Read the catalog file, reject unlicensed or off-topic sources, list what the others hold."""
    report = refresh_sources(
        pipeline.store, Path(pipeline.catalog_file), pipeline.settings, run_id=context.run.run_id, access=pipeline.access
    )
    context.log.info(report.summary())
    return dg.MaterializeResult(
        metadata={
            **report.metadata(),
            "dagster/row_count": pipeline.store.dataset(SOURCE_CATALOG).count_rows(),
            "catalog_file": str(Path(pipeline.catalog_file).resolve()),
        }
    )


# No automation condition: the unpartitioned catalog says nothing of which window changed, so following it would run them all.
# The schedule and the sensor know the window.
@dg.asset(**spec(RAW_VIDEOS, ["source_catalog"], kinds={"ffmpeg", "lance"}, automation_condition=None))
def raw_videos(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Identify files by their bytes, then probe and decode each new video once."""
    return materialize(context, pipeline, video_sheet)


@dg.asset(**spec(KNOWN_CAMERAS, ["raw_videos"]))
def known_cameras(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Read intrinsics and poses from the sidecars beside videos; videos without any are kept with no rows."""
    return materialize(context, pipeline, known_camera_plot)
