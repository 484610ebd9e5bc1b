"""Group `curation`: duplicates, shots and clips, scores, verdicts, viewpoints."""

import dagster as dg

from humannet_assets.assets.common import materialize, spec
from humannet_assets.assets.pictures import duplicate_sheet, signal_sheet, verdict_sheet, viewpoint_sheet
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.tables import CLIP_SIGNALS, FILTERED_CLIPS, SHOTS, VIDEO_DUPLICATES, VIEWPOINTS


@dg.asset(**spec(VIDEO_DUPLICATES, ["raw_videos"]))
def video_duplicates(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Cluster all known videos by their signatures; new windows are compared with old ones."""
    return materialize(context, pipeline, duplicate_sheet)


@dg.asset(**spec(SHOTS, ["raw_videos", "video_duplicates"]))
def shots(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Cut shots from stored scores (no decoding), then fixed-granularity clips (table clips)."""
    return materialize(context, pipeline)


@dg.asset(**spec(CLIP_SIGNALS, ["shots"], kinds={"mediapipe", "lance"}))
def clip_signals(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Score each clip in one decode pass."""
    return materialize(context, pipeline, signal_sheet)


@dg.asset(**spec(FILTERED_CLIPS, ["clip_signals"]))
def filtered_clips(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Hold the scores against HumanNet's scope."""
    return materialize(context, pipeline, verdict_sheet)


@dg.asset(**spec(VIEWPOINTS, ["filtered_clips", "clip_signals"]))
def viewpoints(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Decide between first and third person."""
    return materialize(context, pipeline, viewpoint_sheet)
