"""The report as documents: complete, readable, and harmless whatever names and captions hold."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image

from humannet_assets.quality.document import (
    confusions_markdown,
    html,
    interval,
    matrix,
    measures_markdown,
    shown,
    write_report,
)
from humannet_assets.quality.judge import Confusion, StageReport, WorstCase
from humannet_assets.quality.metrics import Measure
from humannet_assets.quality.report import build_judges
from humannet_assets.settings import Settings

HOSTILE = '<script>alert("x")</script> | [a](javascript:b)\n# heading'


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(buffer, "JPEG")
    return buffer.getvalue()


def report() -> list[StageReport]:
    measures = [
        Measure("recall", 0.8765, 0.81, 0.93, 1200, 34),
        Measure("error", 6.4321, None, None, 9, 1, "px", "lower"),
        Measure("precision", None, None, None, 3, 1),
    ]
    cells = {("left", "left"): 7, ("left", "missed"): 1, ("nothing", "right"): 2, (HOSTILE, "left"): 1}
    case = WorstCase("hands", "missed", 1.0, "v", f"/{HOSTILE}/a.mp4", 1.25, f"left hand {HOSTILE}", picture=jpeg())
    return [StageReport("hands", measures, [Confusion("side", cells)], [case]), StageReport("bodies", [measures[1]])]


def test_figures_are_written_with_their_unit_and_interval() -> None:
    assert (shown(0.98765, "share"), shown(12.3456, "px"), shown(None, "mm")) == ("0.988", "12.3", "-")
    assert interval(Measure("m", 0.5, 0.25, 0.75, 1, 2)) == "0.250 .. 0.750"
    table = measures_markdown(report())
    assert re.search(r"\| hands \| recall \| 0.876 \| 0.810 .. 0.930 \|  \| 1,200 \| 34 \|", table)
    assert re.search(r"\| bodies \| error \| 6.43 \| - \| px \| 9 \| 1 \|", table)


def test_tables_put_nothing_and_missed_last() -> None:
    truths, found, counts = matrix(Confusion("side", {("a", "missed"): 1, ("nothing", "a"): 2, ("a", "b"): 3, ("a", "a"): 4}))
    assert (truths, found) == (["a", "nothing"], ["a", "b", "missed"])
    assert counts == [[4, 3, 1], [2, 0, 0]]


def test_every_measure_is_defined_in_the_documentation(project_root: Path) -> None:
    text = (project_root / "docs" / "stage_quality.md").read_text()
    for judge in build_judges(Settings()):
        line = next(line for line in text.splitlines() if line.startswith(f"| `{judge.stage}` |"))
        assert {name for measure in judge.measures() if f"`{(name := measure.name)}`" not in line} == set(), judge.stage


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    page = html(report())
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    write_report(report(), tmp_path)
    for text in ((tmp_path / "report.md").read_text(), confusions_markdown(report()[0])):
        assert "<script>" not in text
        assert "[a](javascript:b)" not in text
        assert "\n# heading" not in text
    lines = [line for line in confusions_markdown(report()[0]).splitlines() if line]
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in lines]
    assert len(set(cells)) == 1, "no text adds a column"


def test_the_folder_holds_everything(tmp_path: Path) -> None:
    page, text = write_report(report(), tmp_path / "new" / "folder")
    assert page.name == "report.html"
    assert "data:image/jpeg;base64," in page.read_text()
    place = re.search(r"\]\((pictures/[^)]+)\)", text.read_text())
    assert place is not None
    assert (text.parent / place.group(1)).read_bytes() == jpeg()
