"""The report as documents for people: Markdown and self-contained HTML.

Texts come from file names, labels and captions, that is from outside: whatever goes into a document is escaped.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from humannet_assets.quality.judge import Confusion, StageReport
from humannet_assets.quality.metrics import MISSED, NOTHING, Measure

HEADING = "Stage quality"
LEGEND = (
    "What each stage said of labelled footage against what is true. Intervals are 95 % bootstrap intervals over videos; pixels "
    "are those of a picture with the diagonal of 640x480. In pictures the truth is green, the finding orange. Every measure is "
    "defined in docs/stage_quality.md."
)
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:.6em 0}th,td{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:right}"
    "th:first-child,td:first-child{text-align:left}figure{display:inline-block;width:340px;margin:.5em;vertical-align:top}"
    "img{width:100%}figcaption{font-size:13px;overflow-wrap:anywhere}.right{background:#e3f4e4}.wrong{background:#fde8e2}"
)


def shown(value: float | None, measured_in: str) -> str:
    """A figure as a person reads it: shares with three decimals, lengths and angles with three significant digits."""
    if value is None:
        return "-"
    return f"{value:.3f}" if measured_in in ("share", "ratio") else f"{value:.3g}"


def interval(measure: Measure) -> str:
    """The interval, or '-' where there is none."""
    if measure.low is None or measure.high is None:
        return "-"
    return f"{shown(measure.low, measure.measured_in)} .. {shown(measure.high, measure.measured_in)}"


def measure_row(measure: Measure) -> list[str]:
    """Name, value, interval, unit, items, videos."""
    unit = "" if measure.measured_in == "share" else measure.measured_in
    return [
        measure.name, shown(measure.value, measure.measured_in), interval(measure), unit, f"{measure.items:,}",
        f"{measure.videos:,}",
    ]  # fmt: skip


MEASURE_HEADS = ("measure", "value", "95 % interval", "in", "items", "videos")


def matrix(table: Confusion) -> tuple[list[str], list[str], list[list[int]]]:
    """True values, found values and counts [truth][found]; 'nothing' and 'missed' last, common names in the same order."""
    truths = sorted({truth for truth, _ in table.cells}, key=lambda name: (name == NOTHING, name))
    found = sorted({name for _, name in table.cells}, key=lambda name: (name == MISSED, name not in truths, name))
    return truths, found, [[table.cells.get((truth, name), 0) for name in found] for truth in truths]


def _cell(text: str) -> str:
    """Text inside a Markdown table or line: no markup, no line breaks."""
    return re.sub(r"([\\|`*_\[\]#!~])", r"\\\1", escape(" ".join(text.split()), quote=False))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(_cell(head) for head in heads)} |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    return lines + [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]


def measures_markdown(stages: Sequence[StageReport]) -> str:
    """All figures as one table."""
    rows = [[stage.stage, *measure_row(measure)] for stage in stages for measure in stage.measures]
    return "\n".join(_table(("stage", *MEASURE_HEADS), rows))


def confusions_markdown(stage: StageReport) -> str:
    """A stage's confusion tables."""
    lines: list[str] = []
    for table in stage.confusions:
        truths, found, counts = matrix(table)
        rows = [[truth, *(f"{count:,}" for count in row)] for truth, row in zip(truths, counts, strict=True)]
        lines += [*_table((f"{table.name}: true \\ found", *found), rows), ""]
    return "\n".join(lines)


def markdown(stages: Sequence[StageReport], pictures: Sequence[Sequence[str | None]]) -> str:
    """The whole report.

    Args:
        stages: Figures, tables and cases.
        pictures: Where each stage's pictures lie, relative to the document.
    """
    lines = [f"# {HEADING}", "", LEGEND, ""]
    for stage, places in zip(stages, pictures, strict=True):
        lines += [f"## {stage.stage}", "", *_table(MEASURE_HEADS, [measure_row(measure) for measure in stage.measures]), ""]
        lines += [confusions_markdown(stage)] if stage.confusions else []
        for case, place in zip(stage.worst, places, strict=True):
            lines.append(f"- {_cell(case.text)} ({_cell(Path(case.uri).name)}, {case.time_s:.2f} s)")
            lines += ["", f"  ![{_cell(case.kind)}]({place})", ""] if place else []
        lines.append("")
    return "\n".join(lines)


def html(stages: Sequence[StageReport]) -> str:
    """The whole report in one file, pictures inside."""
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{HEADING}</title><style>{_STYLE}</style></head>',
        f"<body><h1>{HEADING}</h1><p>{escape(LEGEND)}</p>",
    ]
    for stage in stages:
        parts.append(f"<h2>{escape(stage.stage)}</h2>")
        parts.append(_html_table(MEASURE_HEADS, [measure_row(measure) for measure in stage.measures]))
        for table in stage.confusions:
            truths, found, counts = matrix(table)
            head = "".join(f"<th>{escape(name)}</th>" for name in (f"{table.name}: true \\ found", *found))
            body = "".join(
                f"<tr><td>{escape(truth)}</td>"
                + "".join(
                    f'<td class="{"right" if name == truth else "wrong" if count else ""}">{count:,}</td>'
                    for name, count in zip(found, row, strict=True)
                )
                + "</tr>"
                for truth, row in zip(truths, counts, strict=True)
            )
            parts.append(f"<table><tr>{head}</tr>{body}</table>")
        for case in stage.worst:
            caption = f"{escape(case.text)}<br><small>{escape(Path(case.uri).name)}, {case.time_s:.2f} s</small>"
            image = ""
            if case.picture:
                image = (
                    f'<img alt="{escape(case.kind)}" src="data:image/jpeg;base64,{base64.b64encode(case.picture).decode()}">'
                )
            parts.append(f"<figure>{image}<figcaption>{caption}</figcaption></figure>")
    return "\n".join([*parts, "</body></html>"])


def _html_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def write_report(stages: Sequence[StageReport], folder: Path) -> list[Path]:
    """Write `report.html` (self-contained), `report.md` and its `pictures/` into a folder; returns the two documents.

    Raises:
        OSError: The folder cannot be written to.
    """
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    places: list[list[str | None]] = []
    for stage in stages:
        places.append([])
        for rank, case in enumerate(stage.worst):
            place = f"pictures/{stage.stage}_{rank}.jpg" if case.picture else None
            if place and case.picture:
                (folder / place).write_bytes(case.picture)
            places[-1].append(place)
    documents = {folder / "report.html": html(stages), folder / "report.md": markdown(stages, places)}
    for path, text in documents.items():
        path.write_text(text, encoding="utf-8")
    return list(documents)
