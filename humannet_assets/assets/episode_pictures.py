"""What the pages of the episode assets show besides counts: strips with hand, gripper and action, verdicts, statistics."""

from __future__ import annotations

from typing import Any

import dagster as dg
import polars as pl

from humannet_assets.assets.common import picture_metadata, windows_of
from humannet_assets.figures.episodes import episode_strips
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.tables import HUMAN_EPISODES, ROBOT_EPISODES
from humannet_assets.vla.chunks import EpisodeChoice, Kind, training_statistics
from humannet_assets.vla.overlay import overlays
from humannet_assets.vla.statistics import describe

SHOWN_EPISODES = 3
"""Strips on a page: some 50 kB each, stored with every materialisation."""


def human_episode_page(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Strips of a few episodes, how many pass the gate and why not, and statistics of all training episodes."""
    store, windows = pipeline.store, windows_of(context)
    where = f"ingest_window IN ({quoted(windows)})" if windows else ""
    names = ["robot_ready", "not_ready_reasons", "head_motion", "retarget_error_mm", "coverage", "chunk_count"]
    rows = store.read(HUMAN_EPISODES, names, " AND ".join(["outcome = 'kept'", *([where] if where else [])]))
    strips = overlays(store, pipeline.compute, pipeline.access, pipeline.settings.vla.human, SHOWN_EPISODES, where)
    ready = rows["robot_ready"].cast(pl.Int64).sum() if rows.height else 0
    return {
        **picture_metadata(episode_strips(strips), "hands_grippers_actions"),
        "robot_ready": int(ready),
        "not_robot_ready": rows.height - int(ready),
        "chunks": int(rows["chunk_count"].sum()),
        "gate": _table(_counted(rows.explode("not_ready_reasons"), "not_ready_reasons").drop_nulls()),
        "head_motion": _table(_counted(rows, "head_motion")),
        **_statistics(store, "human"),
    }


def robot_episode_page(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Verdicts by data set, and statistics of the training episodes of each."""
    rows = pipeline.store.read(
        ROBOT_EPISODES, ["dataset", "outcome", "reasons", "robot", "split", "eval_group", "chunk_count"], "outcome != 'removed'"
    )
    verdicts = (
        rows.with_columns(pl.col("reasons").list.join(", "))
        .group_by("dataset", "outcome", "reasons", "robot")
        .agg(pl.len().alias("episodes"), pl.col("chunk_count").sum().alias("chunks"))
        .sort("dataset", "outcome", "reasons")
    )
    splits = (
        rows.filter(pl.col("outcome") == "kept").group_by("split", "eval_group").len("episodes").sort("split", "eval_group")
    )
    return {"verdicts": _table(verdicts), "splits": _table(splits), **_statistics(pipeline.store, "robot")}


def _counted(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    return rows.group_by(column).len("episodes").sort(column)


def _statistics(store: LanceStore, kind: Kind) -> dict[str, Any]:
    """Per-dimension statistics of actions on training episodes; nothing when there are none."""
    try:
        found = training_statistics(store, EpisodeChoice(kind=kind))["actions"]
    except ValueError:
        return {}
    rows = [
        {"dim": name, **{key: round(value, 4) if isinstance(value, float) else value for key, value in values.items()}}
        for name, values in describe(found).items()
    ]
    return {"training_statistics": _table(pl.DataFrame(rows)), "training_episodes": found.episodes}


def _table(frame: pl.DataFrame) -> Any:
    """A frame as Markdown."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * frame.width]
    lines += ["| " + " | ".join("" if value is None else str(value) for value in row) + " |" for row in frame.iter_rows()]
    return dg.MetadataValue.md("\n".join(lines))
