"""Group `annotation`: tracks and cameras from one decode, segments, captions, and the joined annotations."""

from collections.abc import Iterator

import dagster as dg

from humannet_assets.assets.common import (
    CODE_VERSION,
    DOWNSTREAM,
    OWNERS,
    RETRY,
    materialize,
    result,
    run_asset,
    schema_metadata,
    spec,
)
from humannet_assets.assets.pictures import body_plot, camera_plot, hand_plot, segment_plot
from humannet_assets.automation.partitions import INGEST_WINDOWS
from humannet_assets.pipeline import TRACK_ASSETS, asset_of_tables, build_passes
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.tables import ANNOTATIONS, BODY_TRACKS, CAMERA_TRAJECTORIES, CAPTIONS, HAND_TRACKS, SEGMENTS

_TRACK_PICTURES = {"hand_tracks": hand_plot, "body_tracks": body_plot, "camera_trajectories": camera_plot}


@dg.multi_asset(
    name="tracks",
    group_name="annotation",
    can_subset=True,
    partitions_def=INGEST_WINDOWS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    pool="tracks",
    specs=[
        dg.AssetSpec(
            table.name,
            description=table.doc,
            deps=["filtered_clips", *extra],
            skippable=True,
            metadata=schema_metadata(table),
            owners=OWNERS,
            code_version=CODE_VERSION,
            kinds=kinds,
            automation_condition=DOWNSTREAM,
        )
        for table, kinds, extra in (
            (HAND_TRACKS, {"mediapipe", "lance"}, ["known_cameras"]),
            (BODY_TRACKS, {"mediapipe", "lance"}, []),
            (CAMERA_TRAJECTORIES, {"opencv", "lance"}, ["known_cameras"]),
        )
    ],
)
def tracks(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> Iterator[dg.MaterializeResult]:
    """Hands, bodies and the camera of every kept clip, from one decode; any subset may be chosen."""
    passes = build_passes(pipeline.settings)
    chosen = [name for name in TRACK_ASSETS if dg.AssetKey(name) in context.selected_asset_keys]
    steps = [passes[name][0][0] for name in chosen]
    reports = run_asset(context, pipeline, [steps])
    for name, step in zip(chosen, steps, strict=True):
        own = [report for report in reports if report.step == step.name]
        picture = _TRACK_PICTURES[name](pipeline, context)
        yield result(pipeline, own, step, asset_of_tables(passes), picture, asset_key=name)


@dg.asset(**spec(SEGMENTS, ["filtered_clips", "viewpoints", "hand_tracks", "body_tracks", "camera_trajectories"]))
def segments(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Cut atomic actions at wrist-speed minima and group them."""
    return materialize(context, pipeline, segment_plot)


@dg.asset(**spec(CAPTIONS, ["filtered_clips", "viewpoints", "hand_tracks", "body_tracks", "camera_trajectories", "segments"]))
def captions(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Describe motion in time order (table motion_descriptions), then caption each clip."""
    return materialize(context, pipeline)


@dg.asset(
    **spec(
        ANNOTATIONS,
        [
            "raw_videos",
            "filtered_clips",
            "viewpoints",
            "hand_tracks",
            "body_tracks",
            "camera_trajectories",
            "segments",
            "captions",
        ],
    )
)
def annotations(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Join everything known about a clip and its segments into the rows people query."""
    return materialize(context, pipeline)
