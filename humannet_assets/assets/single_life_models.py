"""Group `single_life`, second part: models of lives, how they agree, and what they are good for."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from humannet_assets.assets.common import UNPARTITIONED, materialize, spec
from humannet_assets.assets.model_pictures import alignment_pictures, duration_picture, loss_picture, transfer_table
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import ALIGNMENT_BY_DURATION, CAS_MATRICES, CROCO_CHECKPOINTS, LIFE_TRANSFER


def _spec(table: Table, deps: Sequence[str]) -> dict[str, Any]:
    """Models gather all windows of a life; what has not changed is not trained again."""
    return spec(table, deps, **UNPARTITIONED, kinds={"pytorch", "lance"})


@dg.asset(**_spec(CROCO_CHECKPOINTS, ["lives", "life_pair_indices", "raw_videos"]))
def croco_checkpoints(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """List the models there are to be (table croco_runs), then train what is missing or has changed."""
    return materialize(context, pipeline, loss_picture)


@dg.asset(**_spec(CAS_MATRICES, ["lives", "life_pair_indices", "raw_videos", "croco_checkpoints"]))
def cas_matrices(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Compare models on the probe set (tables life_comparisons, cas_summaries) and check where they look (patch_matches)."""
    return materialize(context, pipeline, alignment_pictures)


@dg.asset(**_spec(ALIGNMENT_BY_DURATION, ["croco_checkpoints", "cas_matrices"]))
def alignment_by_duration(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Pick the scores of duration models with references out of the matrices."""
    return materialize(context, pipeline, duration_picture)


@dg.asset(**_spec(LIFE_TRANSFER, ["raw_videos", "croco_checkpoints"]))
def life_transfer(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Probe depth and correspondence of frozen models on the probe set and on data sets the settings name."""
    return materialize(context, pipeline, transfer_table)
