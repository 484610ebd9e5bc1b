"""The stage quality report: what every stage said of labelled footage against what is true.

Videos are looked at one after another: the rows of a few are loaded at a time, a sidecar is parsed when its video's turn comes
and forgotten after it. What the figures mean is said by the judges and, in one place, in `docs/stage_quality.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from humannet_assets.media.access import MediaAccess
from humannet_assets.quality.bodies import BodyJudge
from humannet_assets.quality.cameras import CameraJudge
from humannet_assets.quality.clips import FilterJudge, ViewpointJudge
from humannet_assets.quality.hands import HandJudge
from humannet_assets.quality.judge import Judge, LabelledVideo, StageReport
from humannet_assets.quality.labels import Label, LabelsError, collect_labels, read_truth
from humannet_assets.quality.language import AnnotationJudge, CaptionJudge
from humannet_assets.quality.motions import MotionJudge
from humannet_assets.quality.pictures import with_pictures
from humannet_assets.quality.rows import case_id, store_report, stored_pictures
from humannet_assets.quality.segments import SegmentJudge
from humannet_assets.quality.truth import Truth
from humannet_assets.quality.videos import DuplicateJudge, ShotJudge
from humannet_assets.settings import Settings
from humannet_assets.store.compute import Compute, InProcess
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.runner import Progress
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import RAW_VIDEOS, SOURCE_CATALOG, STAGE_QUALITY, VIDEO_DUPLICATES, VIDEO_FILES

BATCH_VIDEOS = 32
"""Videos whose rows are held in memory at a time."""
MOST_PROBLEMS = 50
"""Label problems shown on the asset's page; all of them are in its log."""
MOST_MISMATCH = 0.02
"""Share by which a sidecar's number of frames may differ from the file's; beyond it describes another file."""


@dataclass
class QualityReport:
    """All stages for which labels exist, in the order data flows, and the labels that could not be read."""

    stages: list[StageReport] = field(default_factory=list)
    labelled_videos: int = 0
    label_problems: list[str] = field(default_factory=list)

    def metadata(self) -> dict[str, Any]:
        """Flat figures for a materialisation."""
        flat: dict[str, Any] = {"labelled_videos": self.labelled_videos}
        for stage in self.stages:
            for measure in stage.measures:
                if measure.value is not None:
                    flat[f"{stage.stage}/{measure.name}"] = round(measure.value, 4)
        flat["label_problems"] = self.label_problems[:MOST_PROBLEMS]
        flat["labels_left_out"] = len(self.label_problems)
        flat["mistakes"] = [f"{case.stage}: {case.uri}: {case.text}" for stage in self.stages for case in stage.worst]
        return flat


def build_judges(settings: Settings) -> list[Judge]:
    """One judge per stage, in the order data flows."""
    return [
        DuplicateJudge(),
        ShotJudge(),
        FilterJudge(),
        ViewpointJudge(),
        HandJudge(settings.hand_tracks.sample_rate_hz),
        BodyJudge(settings.body_tracks.sample_rate_hz),
        CameraJudge(),
        SegmentJudge(),
        MotionJudge(),
        CaptionJudge(),
        AnnotationJudge(),
    ]


def quality_report(
    store: LanceStore,
    run_id: str,
    *,
    settings: Settings | None = None,
    compute: Compute | None = None,
    access: MediaAccess | None = None,
    progress: Progress | None = None,
) -> QualityReport:
    """Measure every stage for which labels exist, and store figures, confusion tables and worst cases if they changed.

    Figures that can no longer be computed, because no labelled video is left, end as removed.

    Args:
        store: The store.
        run_id: Goes into the rows.
        settings: Those the stages ran with (sampling rates); the defaults if left out.
        compute: Where frames of worst cases are decoded; this process by default.
        access: Opens the files of worst cases; without it they are drawn without frames.
        progress: Called as videos are done.
    """
    labelled, problems = _labelled(store)
    judges = build_judges(settings or Settings())
    for done, video in enumerate(_videos(store, labelled, judges, problems), start=1):
        for judge in judges:
            judge.look(video)
        if progress:
            progress(STAGE_QUALITY.name, done, len(labelled))
    report = QualityReport([_stage(judge) for judge in judges], len(labelled), problems)
    report.stages = [stage for stage in report.stages if stage.measures]
    _add_pictures(report, store, compute or InProcess(), access)
    store_report(report.stages, store, run_id)
    return report


def _stage(judge: Judge) -> StageReport:
    # Measures come first: some judges find their worst cases only when everything has been seen.
    measures = [measure for measure in judge.measures() if measure.items]
    return StageReport(judge.stage, measures, [table for table in judge.confusions() if table.cells], judge.worst.chosen())


def _add_pictures(report: QualityReport, store: LanceStore, compute: Compute, access: MediaAccess | None) -> None:
    """Paint what has not been painted before: a case whose drawing is the same as last time keeps its picture."""
    cases = [(case_id(case), case) for stage in report.stages for case in stage.worst]
    known = stored_pictures(store)
    fresh = dict(with_pictures([item for item in cases if item[0] not in known], store, compute, access))
    for stage in report.stages:
        stage.worst = [
            fresh[key] if (key := case_id(case)) in fresh else replace(case, picture=known[key]) for case in stage.worst
        ]


def _labelled(store: LanceStore) -> tuple[dict[str, Label], list[str]]:
    """Labels by video id, in the order of file names, and what is wrong with those that could not be read."""
    files = store.read(VIDEO_FILES, ["video_id", "uri", "source_id"], "outcome = 'kept'").sort("uri")
    named = store.read(SOURCE_CATALOG, ["source_id", "labels"], "outcome = 'kept'")
    files = files.join(named, on="source_id", how="left").sort("uri")
    labels, problems = collect_labels(files.select("uri", "labels").iter_rows())
    known = set(store.read(RAW_VIDEOS, ["video_id"], "outcome != 'removed'")["video_id"])
    found: dict[str, Label] = {}
    for video_id, uri in files.select("video_id", "uri").iter_rows():
        if uri in labels and video_id in known:
            found.setdefault(video_id, labels[uri])
    return found, problems


def _videos(
    store: LanceStore, labelled: dict[str, Label], judges: Sequence[Judge], problems: list[str]
) -> Iterator[LabelledVideo]:
    """Labelled videos with the rows the judges read; sidecars that cannot be used are added to the problems."""
    columns = _columns(judges)
    duplicates = set(store.read(VIDEO_DUPLICATES, ["video_id"], "outcome = 'rejected'")["video_id"])
    ids = list(labelled)
    for start in range(0, len(ids), BATCH_VIDEOS):
        batch = ids[start : start + BATCH_VIDEOS]
        where = f"video_id IN ({quoted(batch)})"
        rows: dict[str, dict[str, pl.DataFrame]] = {}
        empty: dict[str, pl.DataFrame] = {}
        for table, names in columns.items():
            frame = store.read(table, names, f"{where} AND outcome IN ('kept', 'rejected')").sort("row_id")
            empty[table.name] = frame.clear()
            rows[table.name] = {str(key[0]): part for key, part in frame.partition_by("video_id", as_dict=True).items()}
        states = store.read(RAW_VIDEOS, ["video_id", "outcome", "frames_decoded"], where)
        state = {video_id: (outcome, count) for video_id, outcome, count in states.iter_rows()}
        for video_id in batch:
            outcome, frame_count = state[video_id]
            yield LabelledVideo(
                video_id=video_id,
                label=labelled[video_id],
                truth=_truth(labelled[video_id], frame_count, problems),
                outcome=outcome,
                is_duplicate=video_id in duplicates,
                rows={name: parts.get(video_id, empty[name]) for name, parts in rows.items()},
            )


def _columns(judges: Sequence[Judge]) -> dict[Table, list[str]]:
    """Columns to load of each table: what any judge reads, with ids and outcome."""
    wanted: dict[str, tuple[Table, list[str]]] = {}
    for judge in judges:
        for read in judge.reads:
            _, names = wanted.setdefault(read.table.name, (read.table, ["row_id", "unit_id", "video_id", "outcome", "reasons"]))
            names.extend(name for name in read.columns if name not in names)
    return dict(wanted.values())


def _truth(label: Label, frame_count: int | None, problems: list[str]) -> Truth | None:
    """The truth of a simulated video; None where there is none, or none that can be used."""
    try:
        sidecar = read_truth(label)
    except LabelsError as error:
        problems.append(str(error))
        return None
    if sidecar is None or not sidecar.frames:
        return None
    if frame_count and abs(frame_count - len(sidecar.frames)) > max(1, MOST_MISMATCH * frame_count):
        problems.append(
            f"{label.uri}: the sidecar describes {len(sidecar.frames)} frames, the file has {frame_count}; "
            "put the sidecar made with this file beside it"
        )
        return None
    return Truth(sidecar)
