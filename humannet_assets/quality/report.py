"""The stage quality report: verdicts of the store against labels, as figures with intervals and worst cases.

Per video: its clips vote by duration. Videos that were quarantined count as not human-centric; near-duplicates other than the
canonical member have no clips and are left out of all but the duplicate figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import polars as pl

from humannet_assets.figures.contact_sheet import Tile, contact_sheet, spread
from humannet_assets.quality.labels import Label, collect_labels
from humannet_assets.quality.metrics import Matches, Measure, balanced_accuracy, bootstrap, f1, match_events, precision_recall
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import remove_units
from humannet_assets.store.tables import (
    CLIPS,
    FILTERED_CLIPS,
    RAW_VIDEOS,
    SHOTS,
    SOURCE_CATALOG,
    STAGE_QUALITY,
    VIDEO_DUPLICATES,
    VIDEO_FILES,
    VIEWPOINTS,
)

CUT_TOLERANCE_FRAMES = 2
"""Two frames: an encoder may keep a blended frame on either side of a cut."""
MOST_WORST_CASES = 24


@dataclass
class QualityReport:
    """Measures by stage, what went wrong where, and the labels that could not be read."""

    measures: dict[str, list[Measure]] = field(default_factory=dict)
    mistakes: list[dict[str, Any]] = field(default_factory=list)
    labelled_videos: int = 0
    label_problems: list[str] = field(default_factory=list)

    def metadata(self) -> dict[str, Any]:
        """Flat figures for a materialisation."""
        flat: dict[str, Any] = {"labelled_videos": self.labelled_videos}
        for stage, measures in self.measures.items():
            for measure in measures:
                if measure.value is not None:
                    flat[f"{stage}/{measure.name}"] = round(measure.value, 4)
        flat["label_problems"] = self.label_problems
        flat["mistakes"] = [f"{item['stage']}: {item['uri']}: {item['text']}" for item in self.mistakes]
        return flat

    def worst_cases(self) -> bytes | None:
        """The mistakes as a contact sheet."""
        tiles = [Tile(item["thumbnail"], f"{item['stage']}: {item['text']}", "rejected") for item in self.mistakes]
        return contact_sheet(spread(tiles, MOST_WORST_CASES))


@dataclass(frozen=True)
class _Video:
    video_id: str
    label: Label
    outcome: str
    thumbnail: bytes | None
    is_duplicate: bool


def _labelled(store: LanceStore) -> tuple[list[_Video], list[str]]:
    """Videos with a label, and the labels that could not be read."""
    files = store.read(VIDEO_FILES, ["video_id", "uri", "source_id"], "outcome = 'kept'").sort("uri")
    named = store.read(SOURCE_CATALOG, ["source_id", "labels"], "outcome = 'kept'")
    files = files.join(named, on="source_id", how="left")
    labels, problems = collect_labels(files.select("uri", "labels").iter_rows())
    videos = store.read(RAW_VIDEOS, ["video_id", "outcome", "thumbnail"], "outcome != 'removed'")
    rows = {row["video_id"]: row for row in videos.iter_rows(named=True)}
    duplicates = set(store.read(VIDEO_DUPLICATES, ["video_id"], "outcome = 'rejected'")["video_id"])
    found: dict[str, _Video] = {}
    for file in files.iter_rows(named=True):
        video_id, label = file["video_id"], labels.get(file["uri"])
        if label is not None and video_id in rows and video_id not in found:
            row = rows[video_id]
            found[video_id] = _Video(video_id, label, row["outcome"], row["thumbnail"], video_id in duplicates)
    return list(found.values()), problems


def _votes(frame: pl.DataFrame, column: str) -> dict[str, str]:
    """Per video the value most of its clip seconds have."""
    totals = frame.group_by("video_id", column).agg(pl.col("seconds").sum()).sort("seconds", column, descending=[True, False])
    return {
        row["video_id"]: row[column]
        for row in totals.unique("video_id", keep="first", maintain_order=True).iter_rows(named=True)
    }


class _Builder:
    def __init__(self, store: LanceStore) -> None:
        self.store = store
        self.videos, problems = _labelled(store)
        self.report = QualityReport(labelled_videos=len(self.videos), label_problems=problems)

    def _mistake(self, stage: str, video: _Video, text: str) -> None:
        item = {"stage": stage, "video_id": video.video_id, "uri": video.label.uri, "text": text, "thumbnail": video.thumbnail}
        self.report.mistakes.append(item)

    def filter(self) -> None:
        clips = self.store.read(FILTERED_CLIPS, ["video_id", "outcome", "start_s", "end_s"], "outcome IN ('kept', 'rejected')")
        votes = _votes(clips.with_columns((pl.col("end_s") - pl.col("start_s")).alias("seconds")), "outcome")
        pairs: list[tuple[bool, bool]] = []
        for video in self.videos:
            if video.label.kept is None or video.is_duplicate:
                continue
            predicted = votes.get(video.video_id) == "kept"
            pairs.append((video.label.kept, predicted))
            if predicted != video.label.kept:
                self._mistake("filter", video, "kept, should not be" if predicted else "not kept, should be")
        as_text = [(str(truth), str(prediction)) for truth, prediction in pairs]
        self.report.measures["filtered_clips"] = [
            bootstrap("balanced_accuracy", as_text, balanced_accuracy),  # type: ignore[arg-type]
            bootstrap("precision", pairs, lambda items: precision_recall(items)[0]),  # type: ignore[arg-type]
            bootstrap("recall", pairs, lambda items: precision_recall(items)[1]),  # type: ignore[arg-type]
        ]

    def viewpoint(self) -> None:
        clips = self.store.read(VIEWPOINTS, ["video_id", "clip_id", "viewpoint"], "outcome = 'kept'")
        spans = self.store.read(CLIPS, ["clip_id", "start_s", "end_s"], "outcome = 'kept'")
        clips = clips.join(spans, on="clip_id").with_columns((pl.col("end_s") - pl.col("start_s")).alias("seconds"))
        votes = _votes(clips, "viewpoint")
        pairs: list[tuple[str, str]] = []
        for video in self.videos:
            truth, predicted = video.label.viewpoint, votes.get(video.video_id)
            if truth not in {"ego", "exo"} or predicted is None:
                continue
            pairs.append((truth, predicted))
            if predicted != truth:
                self._mistake("viewpoint", video, f"{predicted}, labelled {truth}")
        self.report.measures["viewpoints"] = [bootstrap("balanced_accuracy", pairs, balanced_accuracy)]  # type: ignore[arg-type]

    def cuts(self) -> None:
        rows = self.store.read(SHOTS, ["video_id", "start_kind", "start_frame"], "outcome = 'kept'")
        found: dict[tuple[str, str], list[int]] = {}
        for row in rows.iter_rows(named=True):
            found.setdefault((row["video_id"], row["start_kind"]), []).append(row["start_frame"])
        measures = []
        for kind, name in (("cut", "hard_cut_f1"), ("fade", "fade_f1")):
            counts: list[Matches] = []
            for video in self.videos:
                truth = video.label.cuts if kind == "cut" else video.label.fades
                if truth is None or video.is_duplicate or video.outcome != "kept":
                    continue
                got = found.get((video.video_id, kind), [])
                counts.append(match_events(truth, got, CUT_TOLERANCE_FRAMES))
                if counts[-1].hits < max(len(truth), len(got)):
                    self._mistake("shots", video, f"{kind}s at {sorted(got)}, labelled {list(truth)}")
            measures.append(bootstrap(name, counts, f1))  # type: ignore[arg-type]
        self.report.measures["shots"] = measures

    def duplicates(self) -> None:
        rows = self.store.read(VIDEO_DUPLICATES, ["video_id", "cluster_id"], "outcome IN ('kept', 'rejected')")
        cluster = dict(rows.select("video_id", "cluster_id").iter_rows())
        judged = [video for video in self.videos if video.label.duplicate_of is not None and video.video_id in cluster]
        group = {video.label.uri: video.label.duplicate_of or video.label.uri for video in judged}
        counts = []
        for left, right in combinations(judged, 2):
            truth = group[left.label.uri] == group[right.label.uri]
            found = cluster[left.video_id] == cluster[right.video_id]
            if truth or found:
                # Pairs that are neither labelled nor found do not enter F1.
                counts.append(Matches(int(truth and found), int(found), int(truth)))
            if truth != found:
                self._mistake("duplicates", left, f"{'missed' if truth else 'false'} pair with {right.label.uri}")
        self.report.measures["video_duplicates"] = [bootstrap("pair_f1", counts, f1)]  # type: ignore[arg-type]


def measure_rows(report: QualityReport, run_id: str) -> list[dict[str, Any]]:
    """The measures as rows of `stage_quality`."""
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = []
    for stage, measures in report.measures.items():
        for measure in measures:
            measure_id = stable_id(stage, measure.name)
            rows.append(
                {
                    "row_id": measure_id, "unit_id": measure_id, "measure_id": measure_id, "outcome": "kept", "reasons": [],
                    "evidence": "{}", "attempts": 1, "provenance": "", "code_version": "1", "run_id": run_id, "created_at": now,
                    "stage": stage, "measure": measure.name, "value": measure.value, "low": measure.low, "high": measure.high,
                    "items": measure.items,
                }
            )  # fmt: skip
    return rows


def _same(rows: Sequence[Mapping[str, Any]], stored: pl.DataFrame) -> bool:
    names = ["stage", "measure", "value", "low", "high", "items"]
    before = {row["measure_id"]: [row[name] for name in names] for row in stored.iter_rows(named=True)}
    return before == {row["measure_id"]: [row[name] for name in names] for row in rows}


def quality_report(store: LanceStore, run_id: str) -> QualityReport:
    """Measure every stage for which labels exist, and store the figures in `stage_quality` if they changed.

    Figures that can no longer be computed, because no labelled video is left, end as removed.

    Args:
        store: The store.
        run_id: Goes into the rows.
    """
    builder = _Builder(store)
    if builder.videos:
        builder.filter()
        builder.viewpoint()
        builder.cuts()
        builder.duplicates()
    rows = measure_rows(builder.report, run_id)
    stored = store.read(STAGE_QUALITY, where="outcome = 'kept'")
    gone = stored.filter(~pl.col("measure_id").is_in([row["measure_id"] for row in rows]))
    if not gone.is_empty():
        remove_units(store, STAGE_QUALITY, gone, run_id, "no_labels")
    if rows and not _same(rows, stored):
        store.replace_units(STAGE_QUALITY, [row["unit_id"] for row in rows], rows)
    return builder.report
