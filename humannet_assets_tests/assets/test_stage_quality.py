"""The quality asset at the end of the real graph: what its page shows, that a second run changes nothing, how takedowns end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from humannet_assets.store.sql import connect
from humannet_assets.store.tables import STAGE_CONFUSIONS, STAGE_QUALITY, STAGE_WORST_CASES, VIDEO_FILES
from humannet_assets_tests.graph import Graph, write_catalog

SAMPLES = ("ego_hands_pour", "exo_carry_box")
OWN = (STAGE_QUALITY, STAGE_CONFUSIONS, STAGE_WORST_CASES)
JUDGED = {
    "filtered_clips", "viewpoints", "hand_tracks", "body_tracks", "camera_trajectories", "segments",
    "motion_descriptions", "captions", "annotations",
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> tuple[Graph, dict[str, Any]]:
    """Two videos beside their sidecars, everything materialised once."""
    folder = tmp_path_factory.mktemp("quality")
    (folder / "videos").mkdir()
    for name in SAMPLES:
        for suffix in (".mp4", ".json"):
            shutil.copy(project_root / "sample_library" / f"{name}{suffix}", folder / "videos")
    graph = Graph(str(folder / "store"), write_catalog(folder / "sources.yaml", folder / "videos"))
    return graph, graph.run()["stage_quality"]


def test_every_stage_has_figures_tables_and_pictures(ran: tuple[Graph, dict[str, Any]]) -> None:
    graph, shown = ran
    assert shown["labelled_videos"] == len(SAMPLES)
    assert shown["label_problems"] == []
    assert {name.split("/")[0] for name in shown if "/" in name} >= JUDGED
    assert shown["filtered_clips/recall"] == 1
    assert shown["hand_tracks/recall"] > 0.8
    assert shown["hand_tracks/landmark_error_median"] < 15
    assert shown["body_tracks/recall"] > 0.8
    assert shown["camera_trajectories/still_drift_p90"] < 1
    assert "| hand\\_tracks | recall |" in shown["figures"]
    assert "| left |" in shown["confusions/hand_tracks"]
    assert shown["worst_cases/hand_tracks"].startswith("![")
    cases = graph.store.read(STAGE_WORST_CASES, where="outcome = 'kept'")
    assert cases["picture"].null_count() == 0
    with connect(graph.store) as database:
        query = "SELECT stage, sum(count) FROM stage_confusions WHERE truth = found GROUP BY stage"
        assert {row[0] for row in database.execute(query).fetchall()} >= {"hand_tracks", "segments"}


def test_a_second_run_writes_nothing(ran: tuple[Graph, dict[str, Any]]) -> None:
    graph, shown = ran
    before = [graph.store.version(table) for table in OWN]
    assert graph.run()["stage_quality"] == shown
    assert [graph.store.version(table) for table in OWN] == before


def test_takedowns_reach_the_worst_cases(ran: tuple[Graph, dict[str, Any]]) -> None:
    graph, _ = ran
    videos = graph.catalog.parent / "videos"
    file = videos / f"{SAMPLES[0]}.mp4"
    (gone,) = graph.store.read(VIDEO_FILES, ["video_id"], f"uri = '{file}'")["video_id"]
    assert graph.store.read(STAGE_WORST_CASES, where=f"video_id = '{gone}' AND outcome = 'kept'").height > 0
    file.unlink()
    assert graph.run()["stage_quality"]["labelled_videos"] == 1
    rows = graph.store.read(STAGE_WORST_CASES, where=f"video_id = '{gone}'")
    assert set(rows["outcome"]) == {"removed"}
    assert rows.select(pl.col("picture", "text", "uri").null_count()).row(0) == (rows.height,) * 3
