from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from humannet_assets.cli.ingest import SUMMARY, bring_up_to_date, print_summary
from humannet_assets.cli.project import Project
from humannet_assets.pipeline import build_passes
from humannet_assets.store.runner import run_steps
from humannet_assets.store.tables import VIDEO_FILES
from humannet_assets_tests.store.synthetic import fill

CATALOG = """
sources:
  - {id: a, uri: footage, source_type: community, licence: own, consent_basis: consent}
"""


class Graph:
    """Stands in for Dagster: runs the first two steps of `raw_videos` and remembers the windows."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.windows: list[list[str]] = []

    def __call__(self, windows: Sequence[str]) -> None:
        self.windows.append(list(windows))
        for steps in build_passes(self.project.settings)["raw_videos"][:2]:
            run_steps(self.project.store, steps, windows=windows, run_id="run")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "footage").mkdir()
    (tmp_path / "sources.yaml").write_text(CATALOG)
    return Project(str(tmp_path / "store"), tmp_path / "sources.yaml", tmp_path / "humannet.yaml")


def ingest(project: Project, graph: Graph, window: str | None = None) -> tuple[list[str], str]:
    shown = io.StringIO()
    _, windows = bring_up_to_date(project, Console(file=shown, width=120), window=window, materialize=graph)
    return windows, shown.getvalue()


def test_new_files_run_today_and_a_window_can_be_chosen(project: Project, tmp_path: Path) -> None:
    graph = Graph(project)
    (tmp_path / "footage/1.mp4").write_bytes(b"one")
    windows, text = ingest(project, graph, window="2026-03-01")
    assert windows[0] == "2026-03-01"
    assert "files: 1 kept" in text
    (tmp_path / "footage/2.mp4").write_bytes(b"two")
    today = datetime.now(UTC).date().isoformat()
    windows, _ = ingest(project, graph)
    assert today in windows
    assert project.store.read(VIDEO_FILES, ["ingest_window"])["ingest_window"].sort().to_list() == ["2026-03-01", today]


def test_changed_and_vanished_files_run_the_windows_they_lie_in(project: Project, tmp_path: Path) -> None:
    graph = Graph(project)
    for day, name in (("2026-03-01", "1.mp4"), ("2026-03-02", "2.mp4")):
        (tmp_path / "footage" / name).write_bytes(name.encode())
        ingest(project, graph, window=day)
    (tmp_path / "footage/1.mp4").write_bytes(b"changed bytes")
    assert "2026-03-01" in ingest(project, graph)[0]
    (tmp_path / "footage/2.mp4").unlink()
    assert "2026-03-02" in ingest(project, graph)[0]
    outcomes = dict(project.store.read(VIDEO_FILES, ["ingest_window", "outcome"]).iter_rows())
    assert outcomes == {"2026-03-01": "kept", "2026-03-02": "removed"}


def test_every_window_is_run_at_most_once(project: Project, tmp_path: Path) -> None:
    graph = Graph(project)
    (tmp_path / "footage/1.mp4").write_bytes(b"one")
    ingest(project, graph, window="2026-03-01")
    ran = [window for windows in graph.windows for window in windows]
    assert len(ran) == len(set(ran))


def test_the_summary_has_an_answer_for_each_of_its_questions(project: Project) -> None:
    fill(project.store)
    shown = io.StringIO()
    print_summary(project, Console(file=shown, width=160))
    text = shown.getvalue()
    for title in SUMMARY:
        assert title in text
    assert "blurred" in text
    assert "hands handle an object" in text
    assert "humannet lineage" in text
