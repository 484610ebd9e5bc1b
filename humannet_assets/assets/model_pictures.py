"""What goes on the asset pages of models: pictures and tables from `humannet_assets.single_life.findings`."""

from __future__ import annotations

from typing import Any

import dagster as dg

from humannet_assets.assets.common import picture_metadata
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.single_life.findings import alignment_figures, duration_figure, loss_figure, summary_text, transfer_text


def loss_picture(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Loss curves of all models."""
    return picture_metadata(loss_figure(pipeline.store, pipeline.settings.single_life), "loss_curves")


def alignment_pictures(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Heat map, dendrogram and map of models per pairing, and the figures they must be read beside."""
    metadata: dict[str, Any] = {}
    for pairing, jpeg in alignment_figures(pipeline.store, pipeline.settings.single_life).items():
        metadata |= picture_metadata(jpeg, f"alignment_{pairing.replace('+', '_')}")
    text = summary_text(pipeline.store, pipeline.settings.single_life)
    return {**metadata, "summary": dg.MetadataValue.md(text)} if text else metadata


def duration_picture(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Agreement with the reference over hours of footage, controls included."""
    return picture_metadata(duration_figure(pipeline.store, pipeline.settings.single_life), "alignment_by_duration")


def transfer_table(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Metrics by role beside their baselines."""
    text = transfer_text(pipeline.store, pipeline.settings.single_life)
    return {"transfer": dg.MetadataValue.md(text)} if text else {}
