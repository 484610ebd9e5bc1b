"""The schedule asks for today's window; the sensor sees arrivals, changes and takedowns, and asks once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from humannet_assets.automation.ingestion import arrivals, hourly_ingestion
from humannet_assets.definitions import build_defs
from humannet_assets_tests.graph import Graph, today, write_catalog
from humannet_assets_tests.media.synthetic import numbered_video


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    (tmp_path / "videos").mkdir()
    return Graph(str(tmp_path / "store"), write_catalog(tmp_path / "sources.yaml", tmp_path / "videos"))


def tick(graph: Graph, cursor: str | None = None) -> tuple[list[str], str | None]:
    """Windows requested, and the new cursor."""
    definitions = build_defs({"pipeline": graph.pipeline}).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, repository_def=definitions, resources={"pipeline": graph.pipeline}
        )
        result = arrivals(context)
    if isinstance(result, dg.SkipReason):
        return [], cursor
    assert isinstance(result, dg.SensorResult)
    return [request.partition_key or "" for request in result.run_requests or []], result.cursor


def test_schedule_runs_the_window_of_its_tick() -> None:
    moment = datetime(2026, 5, 4, 23, 30, tzinfo=UTC)
    request = hourly_ingestion(dg.build_schedule_context(scheduled_execution_time=moment))
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2026-05-04"


def test_sensor_requests_each_change_once(graph: Graph, tmp_path: Path) -> None:
    assert tick(graph) == ([], None)
    numbered_video(tmp_path / "videos" / "a.mp4", 30)
    windows, cursor = tick(graph)
    assert windows == [today()]
    assert tick(graph, cursor) == ([], cursor), "the same arrival is not requested twice"
    graph.run()
    assert tick(graph, cursor)[0] == []
    (tmp_path / "videos" / "a.mp4").unlink()
    windows, cursor = tick(graph, cursor)
    assert windows == [today()], "a takedown requests the window the file belongs to"
    graph.run()
    assert tick(graph, cursor)[0] == []
