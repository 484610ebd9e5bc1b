"""Incremental, and provably so: the whole graph through Dagster on real files of the sample library."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from humannet_assets.store.tables import ANNOTATIONS, FILTERED_CLIPS, RAW_VIDEOS, SOURCE_FILES, TABLES, VIDEO_FILES
from humannet_assets_tests.graph import Graph, assert_same, contents, processed, today, write_catalog

FIRST = ("ego_hands_cups.mp4", "empty_room_ball.mp4")
SECOND = "exo_wave.mp4"


def clip_units(graph: Graph) -> int:
    return graph.store.read(FILTERED_CLIPS, where="outcome != 'removed'").height


NOBODYS = {table.name for table in TABLES if table.group == "single_life"} - {"life_videos"} | {
    "robot_recordings",
    "robot_episodes",
}
"""Tables in which footage that is nobody's life and no robot's leaves no row."""
FIGURES = {"human_data_report"} | {table.name for table in TABLES if table.name.startswith("vla_")}
"""Tables of figures and policies about all footage."""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Graph:
    """Two videos, everything materialised once."""
    folder = tmp_path_factory.mktemp("incremental")
    (folder / "videos").mkdir()
    for name in FIRST:
        shutil.copy(project_root / "sample_library" / name, folder / "videos" / name)
    graph = Graph(str(folder / "store"), write_catalog(folder / "sources.yaml", folder / "videos"))
    graph.run()
    return graph


def videos(graph: Graph) -> Path:
    return graph.catalog.parent / "videos"


def test_first_run_annotates(graph: Graph) -> None:
    assert graph.store.read(ANNOTATIONS, where="outcome = 'kept' AND level = 'clip'").height >= 1
    assert set(graph.store.read(ANNOTATIONS)["ingest_window"]) == {today()}


def test_second_run_recomputes_nothing_and_opens_no_video(graph: Graph) -> None:
    before = {table.name: graph.store.version(table) for table in TABLES}
    # With the bytes gone but size and time kept, any decode would fail or change rows.
    kept = {}
    for path in videos(graph).iterdir():
        status = path.stat()
        kept[path] = path.read_bytes()
        path.write_bytes(b"\0" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    try:
        counts = processed(graph.run())
    finally:
        for path, data in kept.items():
            status = path.stat()
            path.write_bytes(data)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len(counts) >= 15
    assert set(counts.values()) == {0}
    assert {table.name: graph.store.version(table) for table in TABLES} == before


def test_renamed_and_copied_files_are_not_new_videos(graph: Graph) -> None:
    path = videos(graph) / FIRST[0]
    shutil.copy(path, videos(graph) / "copy 'of' it 🎬.mp4")
    path.rename(videos(graph) / "renamed.mp4")
    counts = processed(graph.run())
    assert counts["video_files"] == 2
    assert {name for name, count in counts.items() if count} <= {
        "video_files",
        "video_sources",
        "annotations",
        "captions",
        "life_videos",
    }
    assert counts["raw_videos"] == counts["clip_signals"] == counts["hand_tracks"] == 0
    assert graph.store.read(RAW_VIDEOS).height == 2


def test_one_new_video_costs_only_its_own_rows(graph: Graph, project_root: Path) -> None:
    before = clip_units(graph)
    shutil.copy(project_root / "sample_library" / SECOND, videos(graph) / SECOND)
    counts = processed(graph.run())
    new = clip_units(graph) - before
    assert new >= 1
    assert counts["raw_videos"] == counts["shots"] == counts["video_files"] == 1
    assert counts["clip_signals"] == counts["filtered_clips"] == new
    assert counts["annotations"] == counts["segments"] == counts["hand_tracks"] <= new


def test_changed_threshold_redoes_only_the_verdicts_that_change(graph: Graph) -> None:
    before = contents(graph.store)
    strict = Graph(graph.root, graph.catalog, {"filtered_clips": {"min_sharpness": 100_000.0}})
    counts = processed(strict.run())
    assert counts["filtered_clips"] == clip_units(graph)
    assert {name for name, count in counts.items() if count} == {"filtered_clips"}
    assert set(strict.store.read(ANNOTATIONS)["outcome"]) == {"removed"}
    back = processed(graph.run())
    assert back["clip_signals"] == back["raw_videos"] == 0
    assert_same(before, contents(graph.store))


def test_new_hand_model_redoes_only_what_used_hands(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from humannet_assets.perception.models import BODY, FACE, HAND, ensure_models
    from humannet_assets.pipeline import all_steps, build_passes, plan_all
    from humannet_assets.settings import Settings

    def stale() -> set[str]:
        # The parents' rows are as they were, so what a plan finds stale is what names the changed model itself.
        plans = plan_all(graph.store, all_steps(build_passes(Settings())))
        return {plan.step.writes.name for plan in plans if not plan.todo.is_empty()}

    models = ensure_models()
    for name in (HAND, BODY, FACE):
        shutil.copy(models.path(name), tmp_path)
    monkeypatch.setenv("HUMANNET_MODELS", str(tmp_path))
    assert stale() == set(), "the same bytes from another folder are the same model"
    with (tmp_path / models.path(HAND).name).open("ab") as bundle:
        bundle.write(b"another")
    assert stale() == {"clip_signals", "hand_tracks"}


def test_backfill_over_a_range_is_one_plan(graph: Graph) -> None:
    days = ["2026-01-05", "2026-01-06"]
    assert set(processed(graph.run(*days)).values()) == {0}


def test_taken_down_source_ends_as_removed_everywhere(graph: Graph) -> None:
    (videos(graph) / SECOND).unlink()
    gone = graph.store.read(VIDEO_FILES, where=f"uri = '{videos(graph) / SECOND}'")["video_id"].to_list()
    graph.run()
    for table in TABLES:
        if table.name in {"source_catalog", "source_files", *FIGURES} or table.group == "release":
            continue
        rows = graph.store.read(table, where=f"video_id = '{gone[0]}'")
        assert set(rows["outcome"]) == (set() if table.name in NOBODYS else {"removed"}), table.name
    assert graph.store.read(SOURCE_FILES, where="outcome = 'removed'").height >= 1
    write_catalog(graph.catalog, videos(graph), withdrawn="consent withdrawn")
    graph.run()
    for table in TABLES:
        if table.name not in {"source_catalog", *FIGURES} and table.group != "release":
            assert set(graph.store.read(table)["outcome"]) == (set() if table.name in NOBODYS else {"removed"}), table.name
