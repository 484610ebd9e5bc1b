"""`humannet quality`: how good every stage is on labelled footage, on the terminal, for programs and as a report."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humannet_assets.cli.project import Project, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from humannet_assets.quality.judge import StageReport

UNLABELLED = (
    "no figures: no footage in this store has labels. Simulated videos bring theirs as a sidecar; for others name a labels "
    "file in the source catalog (docs/stage_quality.md)."
)
MOST_PROBLEMS = 10
"""Label problems told one by one."""


class QualityFormat(StrEnum):
    """How figures are written."""

    table = "table"
    csv = "csv"
    json = "json"


def measure_stages(project: Project, console: Console) -> list[StageReport]:
    """Measure anew, store the figures as the asset `stage_quality` does, and say which labels could not be read."""
    from humannet_assets.quality.report import quality_report

    store, pipeline = project.require_tables(), project.pipeline
    with console.status("reading labels") as status:
        report = quality_report(
            store,
            f"cli-{uuid.uuid4()}",
            settings=project.settings,
            compute=pipeline.compute,
            access=project.access,
            progress=lambda _, done, total: status.update(f"looked at {done} of {total} labelled videos"),
        )
    for problem in report.label_problems[:MOST_PROBLEMS]:
        console.print(f"label left out: {problem}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if (rest := len(report.label_problems) - MOST_PROBLEMS) > 0:
        console.print(f"... and {rest} more labels that could not be read", style="yellow", highlight=False)
    return report.stages


def stored_stages(project: Project) -> list[StageReport]:
    """The figures as they were last measured."""
    from humannet_assets.quality.report import build_judges
    from humannet_assets.quality.rows import load_stages

    return load_stages(project.require_tables(), [judge.stage for judge in build_judges(project.settings)])


def chosen_stages(stages: Sequence[StageReport], names: Sequence[str]) -> list[StageReport]:
    """The stages of these names, all of them without any; raises `UsageError` for a name that has no figures."""
    known = [stage.stage for stage in stages]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"no figures of {', '.join(unknown)}; there are figures of {', '.join(known) or 'nothing'}")
    return [stage for stage in stages if not names or stage.stage in names]


def print_stages(stages: Sequence[StageReport], console: Console, *, confusions: bool) -> None:
    """Draw the figures as one table, and the confusion tables if asked for."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from humannet_assets.quality.document import MEASURE_HEADS, matrix, measure_row

    if not stages:
        console.print(UNLABELLED, highlight=False, soft_wrap=True)
        return
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("stage", *MEASURE_HEADS):
        drawn.add_column(name, justify="left" if name in ("stage", "measure", "in") else "right")
    for stage in stages:
        for index, measure in enumerate(stage.measures):
            drawn.add_row(*(Text(cell) for cell in ("" if index else stage.stage, *measure_row(measure))))
    console.print(drawn)
    for stage in stages if confusions else ():
        for table in stage.confusions:
            truths, found, counts = matrix(table)
            console.print(Text(f"{stage.stage}: {table.name} (true in lines, found in columns)", style="bold"))
            crossed = Table(box=box.SIMPLE_HEAD, pad_edge=False)
            crossed.add_column("")
            for name in found:
                crossed.add_column(Text(name), justify="right")
            for truth, row in zip(truths, counts, strict=True):
                crossed.add_row(Text(truth), *(f"{count:,}" for count in row))
            console.print(crossed)


def stages_json(stages: Sequence[StageReport]) -> str:
    """Figures, tables and cases (without pictures) for programs."""
    return json.dumps([_plain(stage) for stage in stages], indent=1, ensure_ascii=False, allow_nan=False)


def _plain(stage: StageReport) -> dict[str, Any]:
    return {
        "stage": stage.stage,
        "measures": [vars(measure) for measure in stage.measures],
        "confusions": {
            table.name: [
                {"truth": truth, "found": found, "count": count} for (truth, found), count in sorted(table.cells.items())
            ]
            for table in stage.confusions
        },
        "worst_cases": [
            {"kind": case.kind, "video_id": case.video_id, "uri": case.uri, "time_s": case.time_s, "text": case.text}
            for case in stage.worst
        ],
    }


def stages_csv(stages: Sequence[StageReport]) -> str:
    """One line per measure."""
    names = ("name", "value", "low", "high", "items", "videos", "measured_in", "better")
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(("stage", "measure", *names[1:]))
    writer.writerows(
        (stage.stage, *(getattr(measure, name) for name in names)) for stage in stages for measure in stage.measures
    )
    return target.getvalue()


def save_report(stages: Sequence[StageReport], folder: Path, console: Console) -> None:
    """Write the report into a folder; raises `UsageError` if that is not possible."""
    from humannet_assets.quality.document import write_report

    try:
        paths = write_report(stages, folder)
    except OSError as error:
        raise UsageError(f"cannot write the report to {folder}: {error.strerror}; name another folder with --report") from error
    console.print(f"report: {', '.join(map(str, paths))}", markup=False, highlight=False, soft_wrap=True)
