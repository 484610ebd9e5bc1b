"""Group `single_life`: who wore the camera, what its frames see, and which frames are paired."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from humannet_assets.assets.common import UNPARTITIONED, materialize, spec
from humannet_assets.assets.pictures import life_pair_pictures, life_table
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import LIFE_PAIR_INDICES, LIVES, VISIBLE_POINTS


def _spec(table: Table, deps: Sequence[str]) -> dict[str, Any]:
    """A life spans windows: what belongs to it is brought up to date as a whole, which costs only what changed."""
    return spec(table, deps, **UNPARTITIONED)


@dg.asset(**_spec(LIVES, ["raw_videos", "video_duplicates", "shots"]))
def lives(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Tell lives apart and order their videos (table life_videos), then sum each life up."""
    return materialize(context, pipeline, life_table)


@dg.asset(**_spec(VISIBLE_POINTS, ["lives", "raw_videos", "known_cameras"]))
def visible_points(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Put what sampled frames see into space, where poses and depth (or a model's points) are known."""
    return materialize(context, pipeline)


@dg.asset(**_spec(LIFE_PAIR_INDICES, ["lives", "raw_videos", "shots", "visible_points"]))
def life_pair_indices(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Decide what each video's pairings may look at (table life_pairings), then pair frames."""
    return materialize(context, pipeline, life_pair_pictures)
