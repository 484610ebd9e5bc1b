"""What Dagster loads: complete, explained, quick to load, and shaped as documented."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from humannet_assets.automation.partitions import INGEST_WINDOWS
from humannet_assets.definitions import build_defs, defs
from humannet_assets.store.tables import TABLES_BY_NAME

EXPECTED_GRAPH = {
    "source_catalog": [],
    "raw_videos": ["source_catalog"],
    "known_cameras": ["raw_videos"],
    "video_duplicates": ["raw_videos"],
    "shots": ["raw_videos", "video_duplicates"],
    "clip_signals": ["shots"],
    "filtered_clips": ["clip_signals"],
    "viewpoints": ["clip_signals", "filtered_clips"],
    "hand_tracks": ["filtered_clips", "known_cameras"],
    "body_tracks": ["filtered_clips"],
    "camera_trajectories": ["filtered_clips", "known_cameras"],
    "segments": ["body_tracks", "camera_trajectories", "filtered_clips", "hand_tracks", "viewpoints"],
    "captions": ["body_tracks", "camera_trajectories", "filtered_clips", "hand_tracks", "segments", "viewpoints"],
    "annotations": [
        "body_tracks", "camera_trajectories", "captions", "filtered_clips", "hand_tracks", "raw_videos", "segments",
        "viewpoints",
    ],
    "lives": ["raw_videos", "shots", "video_duplicates"],
    "visible_points": ["known_cameras", "lives", "raw_videos"],
    "life_pair_indices": ["lives", "raw_videos", "shots", "visible_points"],
    "croco_checkpoints": ["life_pair_indices", "lives", "raw_videos"],
    "cas_matrices": ["croco_checkpoints", "life_pair_indices", "lives", "raw_videos"],
    "alignment_by_duration": ["cas_matrices", "croco_checkpoints"],
    "life_transfer": ["croco_checkpoints", "raw_videos"],
    "robot_episodes": ["source_catalog"],
    "human_episodes": [
        "camera_trajectories", "captions", "filtered_clips", "hand_tracks", "known_cameras", "raw_videos", "viewpoints",
    ],
    "vla_checkpoints": ["human_episodes", "robot_episodes"],
    "vla_results": ["robot_episodes", "vla_checkpoints"],
    "human_data_report": ["human_episodes", "robot_episodes", "vla_results"],
    "stage_quality": [
        "annotations", "body_tracks", "camera_trajectories", "captions", "filtered_clips", "hand_tracks", "raw_videos",
        "segments", "shots", "video_duplicates", "viewpoints",
    ],
    "sql_catalog": [
        "alignment_by_duration", "annotations", "clip_signals", "human_data_report", "known_cameras", "life_transfer",
        "stage_quality",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def graph() -> dg.AssetGraph:
    return defs.resolve_asset_graph()  # type: ignore[return-value]


def test_graph_is_the_documented_one(graph: dg.AssetGraph) -> None:
    found = {
        key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
        for key in graph.get_all_asset_keys()
    }
    assert found == EXPECTED_GRAPH


def test_readme_draws_every_asset(project_root: Path) -> None:
    drawing = (project_root / "README.md").read_text().split("```mermaid")[1].split("```")[0]
    assert {name for name in EXPECTED_GRAPH if name not in drawing} == set()


def test_every_asset_is_explained_owned_and_typed(graph: dg.AssetGraph) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert len(node.description or "") > 40, key
        assert node.owners, key
        assert node.kinds, key
        if key.to_user_string() in TABLES_BY_NAME and key.to_user_string() != "stage_quality":
            columns = node.metadata["dagster/column_schema"].columns
            assert {column.name for column in columns} == set(TABLES_BY_NAME[key.to_user_string()].schema.names)


def test_windows_stay_few_and_backfill_as_one_run(graph: dg.AssetGraph) -> None:
    assert len(INGEST_WINDOWS.get_partition_keys()) < 2000
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        if node.partitions_def:
            assert node.backfill_policy == dg.BackfillPolicy.single_run(), key


def test_checks_block_and_cover_every_table(graph: dg.AssetGraph) -> None:
    by_asset: dict[str, set[str]] = {}
    for key in graph.asset_check_keys:
        assert graph.get(key).blocking, key  # type: ignore[union-attr]
        by_asset.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
    assert by_asset["shots"] >= {
        "outcomes_add_up",
        "clips_outcomes_add_up",
        "keys_unique",
        "references_intact",
        "schema_as_declared",
    }
    assert set(EXPECTED_GRAPH) - set(by_asset) == {"source_catalog", "human_data_report", "stage_quality", "sql_catalog"}


def test_jobs_schedules_and_sensors_resolve() -> None:
    repository = build_defs().get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} >= {"humannet", "ingest"}
    assert [schedule.name for schedule in repository.schedule_defs] == ["hourly_ingestion"]
    assert {sensor.name for sensor in repository.sensor_defs} == {"arrivals", "follow_upstream"}


def test_loading_imports_nothing_heavy() -> None:
    heavy = ["torch", "mediapipe", "cv2", "decord", "av", "transformers", "scenedetect", "mujoco", "matplotlib", "ray"]
    code = f"import sys, json; import humannet_assets.definitions; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_instance_and_workspace_files(project_root: Path, tmp_path: Path) -> None:
    instance = yaml.safe_load((project_root / "dagster.yaml").read_text())
    assert instance["telemetry"]["enabled"] is False
    (tmp_path / "dagster.yaml").write_text((project_root / "dagster.yaml").read_text())
    with dg.DagsterInstance.from_config(str(tmp_path)) as loaded:
        assert not loaded.telemetry_enabled
        assert loaded.run_retries_enabled
    workspace = yaml.safe_load((project_root / "workspace.yaml").read_text())
    module = workspace["load_from"][0]["python_module"]
    assert (module["module_name"], module["location_name"]) == ("humannet_assets.definitions", "humannet_assets")
    yaml.safe_load((project_root / "deploy/dagster-postgres.yaml").read_text())
