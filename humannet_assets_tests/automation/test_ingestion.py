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
    requests, cursor = requested(graph, cursor)
    return [request.partition_key or "" for request in requests], cursor


def requested(graph: Graph, cursor: str | None = None) -> tuple[list[dg.RunRequest], str | None]:
    """One evaluation of the sensor."""
    definitions = build_defs({"pipeline": graph.pipeline}).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, repository_def=definitions, resources={"pipeline": graph.pipeline}
        )
        result = arrivals(context)
    assert isinstance(result, dg.SensorResult)
    return list(result.run_requests or []), result.cursor


def test_schedule_runs_the_window_of_its_tick() -> None:
    moment = datetime(2026, 5, 4, 23, 30, tzinfo=UTC)
    request = hourly_ingestion(dg.build_schedule_context(scheduled_execution_time=moment))
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2026-05-04"


def test_sensor_requests_each_change_once_and_again_when_it_comes_back(graph: Graph, tmp_path: Path) -> None:
    windows, cursor = tick(graph)
    assert windows == []
    file, aside = tmp_path / "videos" / "a.mp4", tmp_path / "aside.mp4"
    numbered_video(file, 30)
    first, cursor = requested(graph, cursor)
    assert [request.partition_key for request in first] == [today()]
    assert tick(graph, cursor) == ([], cursor), "the same arrival is not requested twice"
    graph.run()
    strict = Graph(graph.root, graph.catalog, {"clips": {"window_s": 2.0}})
    assert tick(strict, cursor)[0] == [today()], "a changed threshold is work too"
    windows, cursor = tick(graph, cursor)
    assert windows == []
    keys = [first[0].run_key]
    for _ in range(2):
        file.rename(aside)
        requests, cursor = requested(graph, cursor)
        assert [request.partition_key for request in requests] == [today()], "a takedown runs the window the file belongs to"
        keys.append(requests[0].run_key)
        graph.run(selection="source_catalog")
        aside.rename(file)
        requests, cursor = requested(graph, cursor)
        keys.append(requests[0].run_key)
        graph.run(selection="source_catalog")
    assert len(set(keys)) == len(keys), "Dagster would skip a run key it has seen"


def materialize(instance: dg.DagsterInstance, asset: str, window: str | None = None) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=window))


def automated(instance: dg.DagsterInstance, cursor: object = None) -> tuple[set[tuple[str, str | None]], object]:
    """Assets and windows the automation conditions ask for."""
    result = dg.evaluate_automation_conditions(build_defs(), instance=instance, cursor=cursor)  # type: ignore[arg-type]
    asked = {
        (key.to_user_string(), partition)
        for key in build_defs().resolve_asset_graph().get_all_asset_keys()
        for partition in result.get_requested_partitions(key)
    }
    return asked, result.cursor


def test_automation_follows_one_window_and_never_storms() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        _, cursor = automated(instance)
        materialize(instance, "source_catalog")
        asked, cursor = automated(instance, cursor)
        without_windows = {
            ("robot_episodes", None), ("vla_checkpoints", None), ("vla_results", None), ("human_data_report", None),
            ("sql_catalog", None),
        }  # fmt: skip
        assert asked == without_windows, "the catalog says nothing of which window changed; robots have none"
        materialize(instance, "raw_videos", "2026-03-01")
        asked, cursor = automated(instance, cursor)
        assert {window for _, window in asked if window} == {"2026-03-01"}
        assert {("video_duplicates", "2026-03-01"), ("annotations", "2026-03-01")} <= asked
        assert ("sql_catalog", None) not in asked, "gathered once the window is done"
        materialize(instance, "annotations", "2026-03-01")
        asked, cursor = automated(instance, cursor)
        assert {("stage_quality", None), ("sql_catalog", None)} <= asked, (
            "built although the other windows were never materialised"
        )
