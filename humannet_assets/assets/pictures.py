"""Which picture goes on which asset page: rows from the store, drawn by `humannet_assets.figures`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg
import polars as pl

from humannet_assets.assets.common import picture_metadata, windows_of
from humannet_assets.figures.contact_sheet import Tile, contact_sheet, spread
from humannet_assets.figures.pairs import pair_histograms, pair_sheet
from humannet_assets.figures.plots import camera_paths, rotation_curves, segment_timelines, track_paths
from humannet_assets.quality.document import confusions_markdown, measures_markdown
from humannet_assets.quality.judge import StageReport
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import (
    BODY_TRACKS,
    CAMERA_TRAJECTORIES,
    CLIP_SIGNALS,
    FILTERED_CLIPS,
    HAND_TRACKS,
    KNOWN_CAMERAS,
    LIFE_PAIR_INDICES,
    LIVES,
    RAW_VIDEOS,
    SEGMENTS,
    VIDEO_DUPLICATES,
    VIEWPOINTS,
)

MOST_TILES = 24
"""A sheet of 24 tiles stays below 200 kB, which the event log stores with every materialisation."""
PLOTTED_CLIPS = 8
SHOWN_PAIRS = 24
MOST_CASES, CASE_TILE_PX = 6, (320, 240)
"""Worst cases of a stage: some 80 kB per stage."""


def _rows(
    store: LanceStore, table: Table, columns: Sequence[str], windows: Sequence[str] | None, extra: str = ""
) -> pl.DataFrame:
    where = [f"ingest_window IN ({quoted(windows)})"] if windows else []
    where += [extra] if extra else []
    names = list(dict.fromkeys(["row_id", "unit_id", "video_id", "outcome", "reasons", *columns]))
    return store.read(table, names, " AND ".join(where) or None)


def _tiles(frame: pl.DataFrame, caption: str, mark: str) -> list[Tile]:
    return [Tile(row["thumbnail"], str(row[caption] or ""), str(row[mark] or "")) for row in frame.iter_rows(named=True)]


def _sheet(tiles: Sequence[Tile]) -> dict[str, Any]:
    return picture_metadata(contact_sheet(spread(tiles, MOST_TILES)))


def _reason_or(text: pl.Expr) -> pl.Expr:
    reasons = pl.col("reasons").list.join(", ")
    return pl.when(reasons.str.len_chars() > 0).then(reasons).otherwise(text)


def video_sheet(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Every video's middle frame with its verdict."""
    frame = _rows(
        pipeline.store, RAW_VIDEOS, ["thumbnail", "width", "height", "duration_s"], windows_of(context), "outcome != 'removed'"
    )
    size = pl.format("{}x{}, {} s", "width", "height", pl.col("duration_s").round(1))
    return _sheet(_tiles(frame.with_columns(_reason_or(size).alias("caption")), "caption", "outcome"))


def duplicate_sheet(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Members of clusters side by side, canonical first."""
    columns = ["cluster_id", "is_canonical", "cluster_size", "distance", "transform"]
    frame = _rows(pipeline.store, VIDEO_DUPLICATES, columns, windows_of(context), "cluster_size > 1")
    thumbnails = pipeline.store.read(RAW_VIDEOS, ["unit_id", "thumbnail"], "outcome = 'kept'")
    frame = frame.join(thumbnails, on="unit_id", how="left").sort("cluster_id", "is_canonical", descending=[False, True])
    matched = pl.format("duplicate: distance {}, {}", pl.col("distance").round(3), "transform")
    caption = pl.when(pl.col("is_canonical")).then(pl.lit("canonical")).otherwise(matched)
    return _sheet(_tiles(frame.with_columns(caption.alias("caption")), "caption", "outcome"))


def _clip_tiles(pipeline: PipelineResource, frame: pl.DataFrame, caption: pl.Expr, mark: str) -> dict[str, Any]:
    thumbnails = pipeline.store.read(CLIP_SIGNALS, ["unit_id", "thumbnail"], "outcome != 'removed'")
    frame = frame.join(thumbnails, on="unit_id", how="left").sort("video_id", "unit_id")
    return _sheet(_tiles(frame.with_columns(caption.alias("caption")), "caption", mark))


def signal_sheet(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Clips with the detections drawn on them."""
    columns = ["thumbnail", "hand_rate", "pose_rate", "face_rate", "camera_motion"]
    frame = _rows(pipeline.store, CLIP_SIGNALS, columns, windows_of(context), "outcome != 'removed'").sort(
        "video_id", "unit_id"
    )
    numbers = [pl.col(name).round(2).cast(pl.String).fill_null("-") for name in columns[1:]]
    caption = pl.format("hands {} body {} face {} camera {}", *numbers)
    return _sheet(_tiles(frame.with_columns(caption.alias("caption")), "caption", "outcome"))


def verdict_sheet(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Kept clips framed green, rejected ones red with their reasons."""
    frame = _rows(pipeline.store, FILTERED_CLIPS, ["human_evidence"], windows_of(context), "outcome != 'removed'")
    return _clip_tiles(pipeline, frame, _reason_or(pl.col("human_evidence")), "outcome")


def viewpoint_sheet(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Clips framed by viewpoint."""
    columns = ["viewpoint", "ego_probability", "decided_by"]
    frame = _rows(pipeline.store, VIEWPOINTS, columns, windows_of(context), "outcome != 'removed'")
    caption = pl.format("{} {} ({})", "viewpoint", pl.col("ego_probability").round(2), "decided_by")
    return _clip_tiles(pipeline, frame, caption, "viewpoint")


def _some_units(store: LanceStore, table: Table, windows: Sequence[str] | None) -> str | None:
    """A filter for a few units with result rows, so that bulky arrays are read for those only."""
    frame = _rows(store, table, [table.key], windows, "outcome = 'kept'").filter(pl.col("row_id") != pl.col("unit_id"))
    ids = frame["unit_id"].unique().sort().head(PLOTTED_CLIPS).to_list()
    return f"unit_id IN ({quoted(ids)}) AND outcome = 'kept'" if ids else None


def track_plot(pipeline: PipelineResource, context: dg.AssetExecutionContext, table: Table) -> dict[str, Any]:
    """Wrist or nose paths of a few clips, by side."""
    where = _some_units(pipeline.store, table, windows_of(context))
    if where is None:
        return {}
    label = ["side"] if table is HAND_TRACKS else []
    columns = ["unit_id", "landmarks_px", "image_width", "image_height", *label]
    thumbnails = dict(pipeline.store.read(CLIP_SIGNALS, ["unit_id", "thumbnail"], where).iter_rows())
    clips: dict[str, list[dict[str, Any]]] = {}
    for row in pipeline.store.read(table, columns, where).iter_rows(named=True):
        label, picture = row.get("side", "body"), thumbnails.get(row["unit_id"])
        clips.setdefault(row["unit_id"], []).append({**row, "label": label, "thumbnail": picture})
    what = "wrist" if table is HAND_TRACKS else "nose"
    return picture_metadata(track_paths(clips, 0, f"{what} paths in the picture"), f"{what}_paths")


def body_plot(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Nose paths of a few clips."""
    return track_plot(pipeline, context, BODY_TRACKS)


def hand_plot(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Wrist paths of a few clips."""
    return track_plot(pipeline, context, HAND_TRACKS)


def camera_plot(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Camera rotation over time of some clips."""
    frame = _rows(pipeline.store, CAMERA_TRAJECTORIES, ["times_s", "rotvec"], windows_of(context), "outcome = 'kept'")
    shown = frame.filter(pl.col("times_s").list.len() > 1).head(2 * PLOTTED_CLIPS)
    clips = {row["unit_id"]: row for row in shown.iter_rows(named=True)}
    return picture_metadata(rotation_curves(clips, "camera rotation against the clip's first frame"), "rotation")


def known_camera_plot(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Paths of some known cameras, seen from above."""
    columns = ["camera_id", "world", "position_m"]
    frame = _rows(pipeline.store, KNOWN_CAMERAS, columns, windows_of(context), "outcome = 'kept' AND camera_id IS NOT NULL")
    rows = frame.sort("camera_id").head(2 * PLOTTED_CLIPS).to_dicts()
    return picture_metadata(camera_paths(rows, "known camera paths from above, metres"), "camera_paths")


def segment_plot(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Timelines of a few clips."""
    where = _some_units(pipeline.store, SEGMENTS, windows_of(context))
    if where is None:
        return {}
    clips: dict[str, list[dict[str, Any]]] = {}
    for row in pipeline.store.read(SEGMENTS, ["unit_id", "actor", "level", "start_s", "end_s", "is_idle"], where).iter_rows(
        named=True
    ):
        clips.setdefault(row["unit_id"], []).append(row)
    return picture_metadata(segment_timelines(clips, "atomic segments and groups"), "timelines")


def life_table(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Lives with hours, windows and continuity, as a table."""
    columns = ["life", "kind", "video_count", "hours", "held_out_share", "first_window", "last_window", "missing_days"]
    frame = pipeline.store.read(LIVES, [*columns, "mean_shot_s"], "outcome = 'kept'").sort("kind", "life")
    context.log.info(f"{frame.height} lives, {frame['hours'].sum():.2f} h")
    return {"lives": _markdown(frame.with_columns(pl.col(pl.Float64).round(3)))} if frame.height else {}


def life_pair_pictures(pipeline: PipelineResource, context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Some pairs as pictures, how far apart all are and how much they share, and what each life lacks for a pairing."""
    from humannet_assets.single_life.pair_pictures import pictures_of, sample_of_pairs
    from humannet_assets.single_life.workplace import Workplace

    store = pipeline.store
    columns = ["life", "pairing", "outcome", "reasons", "gap_s", "covisibility"]
    rows = store.read(LIFE_PAIR_INDICES, columns, "outcome != 'removed'")
    kept = rows.filter(pl.col("outcome") == "kept")
    values = {
        name: {key: own[name].drop_nulls().to_numpy().astype(float) for (key,), own in kept.group_by("pairing")}
        for name in ("gap_s", "covisibility")
    }
    why = pl.col("reasons").list.first().drop_nulls().unique().sort().str.join(", ")
    told = rows.group_by("life", "pairing").agg((pl.col("outcome") == "kept").sum().alias("pairs"), why.alias("videos without"))
    shown = pictures_of(sample_of_pairs(store, SHOWN_PAIRS), Workplace(store, pipeline.access, pipeline.compute))
    context.log.info(f"{kept.height} pairs")
    return {
        **picture_metadata(pair_sheet(shown), "pairs"),
        **picture_metadata(pair_histograms(values["gap_s"], values["covisibility"]), "histograms"),
        **({"by_life": _markdown(told.sort("life", "pairing"))} if told.height else {}),
    }


def _markdown(frame: pl.DataFrame) -> dg.MarkdownMetadataValue:
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * frame.width]
    lines += ["| " + " | ".join("" if value is None else str(value) for value in row) + " |" for row in frame.iter_rows()]
    return dg.MetadataValue.md("\n".join(lines))


def quality_pictures(stages: Sequence[StageReport]) -> dict[str, Any]:
    """Figures and confusion tables as Markdown, and each stage's worst cases as a sheet."""
    found: dict[str, Any] = {"figures": dg.MetadataValue.md(measures_markdown(stages))} if stages else {}
    for stage in stages:
        if stage.confusions:
            found[f"confusions/{stage.stage}"] = dg.MetadataValue.md(confusions_markdown(stage))
        tiles = [Tile(case.picture, case.text, "rejected") for case in stage.worst[:MOST_CASES]]
        found |= picture_metadata(contact_sheet(tiles, columns=3, tile_px=CASE_TILE_PX), f"worst_cases/{stage.stage}")
    return found
