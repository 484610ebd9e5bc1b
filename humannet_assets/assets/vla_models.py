"""Group `vla`, second part: policies of the ablation, and what they are good for."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from humannet_assets.assets.common import UNPARTITIONED, materialize, picture_metadata, spec
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import VLA_CHECKPOINTS, VLA_RESULTS
from humannet_assets.vla.policy_findings import group_figures, loss_figure, results_text
from humannet_assets.vla.policy_results import compare_arms
from humannet_assets.vla.runs import plan_runs


def _spec(table: Table, deps: Sequence[str]) -> dict[str, Any]:
    """Policies gather all windows; what has not changed is not trained again."""
    return spec(table, deps, **UNPARTITIONED, kinds={"pytorch", "lance"})


@dg.asset(**_spec(VLA_CHECKPOINTS, ["robot_episodes", "human_episodes"]))
def vla_checkpoints(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """List the policies there are to be (table vla_runs), then train what is missing or has changed."""
    plan_runs(pipeline.store, pipeline.settings.vla.experiment, context.run.run_id)
    return materialize(context, pipeline, loss_picture)


@dg.asset(**_spec(VLA_RESULTS, ["robot_episodes", "vla_checkpoints"]))
def vla_results(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Judge policies per episode (table vla_episode_errors), sum up, and compare arms (table vla_comparisons)."""
    return materialize(context, pipeline, compared)


def loss_picture(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Loss curves of all arms."""
    return picture_metadata(loss_figure(pipeline.store, pipeline.settings.vla.experiment), "loss_curves")


def compared(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Compare the arms as they are now, then show them."""
    compare_arms(pipeline.store, pipeline.settings.vla.experiment.evaluation, context.run.run_id)
    return result_page(pipeline, context)


def result_page(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Bars per validation group with controls, the vision gap, and the figures as a table."""
    config = pipeline.settings.vla.experiment
    metadata: dict[str, Any] = {}
    for name, jpeg in group_figures(pipeline.store, config).items():
        metadata |= picture_metadata(jpeg, name)
    text = results_text(pipeline.store, config)
    return {**metadata, "results": dg.MetadataValue.md(text)} if text else metadata
