"""What Dagster loads: assets, checks, jobs, schedules, sensors, resources. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from humannet_assets.assets import annotation, curation, release, single_life, single_life_models, sources, vla, vla_models
from humannet_assets.automation.ingestion import arrivals, everything, hourly_ingestion, ingest
from humannet_assets.checks.store_checks import build_checks
from humannet_assets.resources.pipeline import PipelineResource


def build_defs(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The code location.

    Args:
        resource_overrides: Resources to use instead of the defaults, by name: for tests and other deployments.
    """
    resources: dict[str, Any] = {"pipeline": PipelineResource(), **(resource_overrides or {})}
    return dg.Definitions(
        assets=dg.load_assets_from_modules(
            [sources, curation, annotation, single_life, single_life_models, vla, vla_models, release]
        ),
        asset_checks=build_checks(),
        jobs=[everything, ingest],
        schedules=[hourly_ingestion],
        sensors=[
            arrivals,
            dg.AutomationConditionSensorDefinition(
                "follow_upstream", target=dg.AssetSelection.all(), minimum_interval_seconds=30
            ),
        ],
        resources=resources,
        executor=dg.in_process_executor,
    )


defs = build_defs()
