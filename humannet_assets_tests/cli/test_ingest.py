from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from humannet_assets.cli.ingest import MAX_ROUNDS, SUMMARY, bring_up_to_date, print_summary
from humannet_assets.cli.project import Project
from humannet_assets.pipeline import build_passes
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.store.runner import run_steps
from humannet_assets.store.tables import RAW_VIDEOS, SOURCE_FILES, VIDEO_FILES
from humannet_assets.store.tables.sources import VIDEO_SOURCES
from humannet_assets_tests.store.synthetic import fill

CATALOG = """
sources:
  - {id: a, uri: footage, source_type: community, licence: own, consent_basis: consent}
"""


class Graph:
    """Stands in for Dagster: runs `raw_videos` window by window and remembers the windows."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.windows: list[list[str]] = []

    def __call__(self, windows: Sequence[str]) -> None:
        self.windows.append(list(windows))
        for window in windows:
            for steps in build_passes(self.project.settings)["raw_videos"]:
                run_steps(self.project.store, steps, windows=[window], access=self.project.access, run_id="run")


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


def refresh(project: Project, window: str) -> None:
    refresh_sources(project.store, project.catalog_file, project.settings, run_id="run", access=project.access, window=window)


def test_a_window_is_not_run_again_for_what_its_run_left_undone(project: Project, tmp_path: Path) -> None:
    (tmp_path / "footage/1.mp4").write_bytes(b"one")
    calls: list[list[str]] = []
    bring_up_to_date(
        project, Console(file=io.StringIO()), window="2026-03-01", materialize=lambda names: calls.append([*names])
    )
    assert calls == [["2026-03-01"]]


def test_a_window_that_a_later_one_made_stale_is_run_again(project: Project, tmp_path: Path) -> None:
    for day, name in (("2026-03-01", "1.mp4"), ("2026-03-02", "copy.mp4")):
        (tmp_path / "footage" / name).write_bytes(b"one video")
        refresh(project, day)
    graph = Graph(project)
    ingest(project, graph)
    assert graph.windows == [["2026-03-01", "2026-03-02"], ["2026-03-01"]]
    assert project.store.read(VIDEO_SOURCES, ["ingest_window", "file_count"]).rows() == [("2026-03-01", 2)]


def test_a_failed_video_is_tried_once_per_call(project: Project, tmp_path: Path) -> None:
    (tmp_path / "footage/1.mp4").write_bytes(b"one video")

    def run(windows: Sequence[str]) -> None:
        # Without access to its bytes the video fails, in a step that had nothing to do when the first round was planned.
        for steps in build_passes(project.settings)["raw_videos"]:
            run_steps(project.store, steps, windows=windows, run_id="run")

    bring_up_to_date(project, Console(file=io.StringIO()), window="2026-03-01", materialize=run)
    assert project.store.read(RAW_VIDEOS, ["outcome", "attempts"]).rows() == [("failed", 1)]


def test_rounds_are_bounded(project: Project, tmp_path: Path) -> None:
    rounds: list[int] = []

    def restless(windows: Sequence[str]) -> None:
        rounds.append(len(windows))
        (tmp_path / f"footage/{len(rounds)}.mp4").write_bytes(bytes(len(rounds)))
        refresh(project, "2026-03-01")

    (tmp_path / "footage/0.mp4").write_bytes(b"first")
    bring_up_to_date(project, Console(file=io.StringIO()), window="2026-03-01", materialize=restless)
    assert len(rounds) == MAX_ROUNDS


def test_stale_windows_that_are_no_partitions_are_skipped_with_a_warning(project: Project, tmp_path: Path) -> None:
    (tmp_path / "footage/old.mp4").write_bytes(b"old")
    refresh(project, "2025-06-01")
    (tmp_path / "footage/new.mp4").write_bytes(b"new")
    graph = Graph(project)
    windows, text = ingest(project, graph, window="2026-03-01")
    assert windows == ["2026-03-01"]
    assert text.count("skipped 2025-06-01") == 1
    assert "known are 2026-01-01" in " ".join(text.split())
    windows, text = ingest(project, graph)
    assert windows == []
    assert "up to date" not in text


@pytest.mark.parametrize("window", ["2025-06-01", "yesterday"])
def test_a_window_that_is_no_partition_is_refused_before_anything_is_written(
    project: Project, tmp_path: Path, window: str
) -> None:
    (tmp_path / "footage/1.mp4").write_bytes(b"one")
    with pytest.raises(ValueError, match="no such ingest window"):
        ingest(project, Graph(project), window=window)
    assert not project.store.exists(SOURCE_FILES)


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
