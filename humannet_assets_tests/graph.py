"""Run the real graph in tests: real files, real Dagster job, real workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import yaml

from humannet_assets.definitions import build_defs
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import TABLES

RIGHTS = {"source_type": "community", "licence": "CC-BY-4.0", "consent_basis": "public_footage"}


def today() -> str:
    """The window of files seen now."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def write_catalog(path: Path, *uris: Path | str, **extra: Any) -> Path:
    """A catalog with one source per uri."""
    entries = [{"id": f"source-{index}", "uri": str(uri), **RIGHTS, **extra} for index, uri in enumerate(uris)]
    path.write_text(yaml.safe_dump({"sources": entries}))
    return path


@dataclass
class Graph:
    """A store with its catalog and settings; `run` materialises everything through Dagster."""

    root: str
    catalog: Path
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pipeline(self) -> PipelineResource:
        """The resource the run gets."""
        overrides = {"compute": {"workers": 2}, **self.overrides}
        return PipelineResource(
            root=self.root, catalog_file=str(self.catalog), settings_file="/nonexistent", overrides=overrides
        )

    @property
    def store(self) -> LanceStore:
        """The store behind it."""
        return self.pipeline.store

    def run(self, *windows: str, selection: str | None = None) -> dict[str, dict[str, Any]]:
        """Materialise the windows (today by default); returns each asset's metadata as plain values."""
        defs = build_defs({"pipeline": self.pipeline})
        job = defs.resolve_job_def("humannet")
        found: dict[str, dict[str, Any]] = {}
        with dg.DagsterInstance.ephemeral() as instance:
            for window in windows or (today(),):
                result = job.execute_in_process(
                    instance=instance, partition_key=window, asset_selection=[dg.AssetKey(selection)] if selection else None
                )
                assert result.success
                for event in result.get_asset_materialization_events():
                    data = event.materialization
                    found[data.asset_key.to_user_string()] = {key: value.value for key, value in data.metadata.items()}
                failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
                assert not failed, failed
        return found


def processed(metadata: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Units processed by table."""
    counts = {}
    for asset, values in metadata.items():
        if "units_processed" in values:
            counts[asset] = values["units_processed"]
        counts.update(
            {
                name: value["units_processed"]
                for name, value in values.items()
                if isinstance(value, dict) and "units_processed" in value
            }
        )
    return counts


def contents(store: LanceStore, *, without: tuple[str, ...] = ()) -> dict[str, pl.DataFrame]:
    """All rows of all tables without what legitimately differs between runs."""
    volatile = {"created_at", "run_id", "attempts", "first_seen_at", *without}
    found = {}
    for table in TABLES:
        frame = store.read(table)
        if table.name in {"video_sources", "life_videos"}:
            frame = frame.drop("provenance")  # depends on when a file was first seen
        found[table.name] = frame.drop([name for name in frame.columns if name in volatile]).sort("row_id")
    return found


def assert_same(left: Mapping[str, pl.DataFrame], right: Mapping[str, pl.DataFrame]) -> None:
    """Two stores hold the same rows; the message names the table and columns that differ."""
    for name, frame in left.items():
        other = right[name]
        assert frame.height == other.height, f"{name}: {frame.height} rows against {other.height}"
        different = [column for column in frame.columns if not frame[column].equals(other[column], null_equal=True)]
        assert not different, f"{name}: columns {different} differ"


def kept(store: LanceStore, table: Table, *columns: str) -> list[dict[str, Any]]:
    """Kept rows of a table."""
    return store.read(table, list(columns) or None, "outcome = 'kept'").to_dicts()
