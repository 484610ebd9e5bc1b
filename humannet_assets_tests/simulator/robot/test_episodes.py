"""Recorded episodes become a dataset that says what happened, the same however it was made."""

from __future__ import annotations

import json
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.simulator.robot import episodes as episodes_module
from humannet_assets.simulator.robot.control import Kinematics
from humannet_assets.simulator.robot.env import TabletopEnv
from humannet_assets.simulator.robot.episodes import (
    EpisodeOptions,
    Written,
    record_to,
    write_episodes,
)  # fmt: skip
from humannet_assets.simulator.robot.expert import Expert
from humannet_assets.simulator.robot.model import CAMERAS
from humannet_assets.simulator.robot.tabletop import head_pose
from humannet_assets.simulator.robot.truth import load_truth, truth_path
from humannet_assets.simulator.world import RenderQuality
from humannet_assets.vla.lerobot.layout import FormatError
from humannet_assets.vla.lerobot.writer import DatasetError

pytestmark = pytest.mark.usefixtures("renderer")

OPTIONS = EpisodeOptions(2, 6, ("lift_tray", "close_drawer"), (64, 48), RenderQuality(128, 0, 8, 6))


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("robot") / "set"
    told: list[tuple[str, float, float]] = []
    written = write_episodes(root, OPTIONS, progress=lambda *what: told.append(what))
    assert written == Written(made=2, present=0, frames=written.frames, failed=[])
    assert told == [("episode 0", 6.0, 14.0), ("episode 1", 14.0, 14.0)]
    return root


def columns(root: Path) -> dict[str, np.ndarray]:
    table = pq.read_table(root / "data/chunk-000/file-000.parquet")
    return {name: np.array(table[name].to_pylist()) for name in table.column_names}


def test_the_dataset_holds_what_was_done(dataset: Path) -> None:
    info = json.loads((dataset / "meta/info.json").read_text())
    assert (info["robot_type"], info["fps"], info["total_episodes"]) == ("simulated_bimanual", 15, 2)
    assert {key for key, feature in info["features"].items() if feature["dtype"] == "video"} == {
        f"observation.images.{camera}" for camera in CAMERAS
    }
    rows = pq.read_table(dataset / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    for index, row in enumerate(rows):
        task, seed = OPTIONS.task(index), OPTIONS.instance_seed(index)
        assert (row["task_name"], row["seed"], row["success"]) == (task, seed, True)
        with TabletopEnv(task, seed) as env:
            assert row["tasks"] == [env.instruction]


def test_poses_are_those_of_the_joints(dataset: Path) -> None:
    """Measured and commanded poses, in both frames, against forward kinematics of the joints of the same rows."""
    found = columns(dataset)
    env = TabletopEnv(OPTIONS.task(0), OPTIONS.instance_seed(0))
    kinematics = Kinematics(env.model)
    for row in (0, 20, 40):
        for joints, poses, frame in (
            ("observation.state", "observation.ee_pose_base", np.eye(4)),
            ("observation.state", "observation.ee_pose", head_pose()),
            ("action", "ee_target", head_pose()),
        ):
            for arm, side in enumerate(("left", "right")):
                angles = found[joints][row][7 * arm : 7 * arm + 6]
                expected = np.linalg.inv(frame) @ kinematics.forward(side, angles)  # pyright: ignore[reportArgumentType]
                vector = found[poses][row][7 * arm : 7 * arm + 7]
                np.testing.assert_allclose(vector[:3], expected[:3, 3], atol=1e-4)
                np.testing.assert_allclose(Rotation.from_quat(vector[3:]).as_matrix(), expected[:3, :3], atol=1e-3)
                assert vector[6] >= 0


def test_rows_replay_to_success(dataset: Path) -> None:
    found = columns(dataset)
    for index in range(2):
        env = TabletopEnv(OPTIONS.task(index), OPTIONS.instance_seed(index))
        rows = found["episode_index"] == index
        np.testing.assert_allclose(found["observation.state"][rows][0], env.qpos, atol=1e-6)
        for state, action in zip(found["observation.state"][rows], found["action"][rows], strict=True):
            np.testing.assert_allclose(state, env.qpos, atol=2e-3)
            env.step(action)
        assert env.success()


def test_videos_show_the_episodes(dataset: Path) -> None:
    import av

    with TabletopEnv(OPTIONS.task(0), OPTIONS.instance_seed(0), OPTIONS.size, OPTIONS.quality) as env:
        first = env.observe().images
    for camera, expected in first.items():
        with av.open(str(dataset / f"videos/observation.images.{camera}/chunk-000/file-000.mp4")) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert len(frames) == len(columns(dataset)["index"])
        assert np.abs(frames[0].astype(int) - expected).mean() < 8
        assert np.abs(frames[30].astype(int) - expected).mean() > np.abs(frames[0].astype(int) - expected).mean()


def test_truth_lies_beside(dataset: Path) -> None:
    truth = load_truth(dataset, 1)
    rows = columns(dataset)["episode_index"] == 1
    assert (truth.task, truth.seed, truth.success, truth.attempt) == ("close_drawer", OPTIONS.instance_seed(1), True, 0)
    assert truth.frame_count == int(rows.sum())
    assert [segment.verb for segment in truth.segments] == ["take", "close", "release"]
    assert truth.segments[-1].end_s <= truth.frame_count / truth.frame_rate
    closed = truth.things[truth.segments[0].object.replace(" ", "_")]
    assert closed.end[1][3] - closed.start[1][3] > 0.05
    assert set(truth.cameras) == set(CAMERAS)
    np.testing.assert_allclose(truth.cameras["head"].pose, head_pose(), atol=1e-5)
    # A camera on a wrist is above the gripper, behind the grasp point.
    assert truth.cameras["left_wrist"].pose[1][3] < -0.05
    assert truth.cameras["left_wrist"].intrinsics.width == 64


def test_any_number_of_runs_and_processes_makes_the_same(dataset: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in dataset.rglob("*") if path.is_file()}
    again = write_episodes(dataset, OPTIONS)
    assert (again.made, again.present) == (0, 2)
    after = {path: path.stat().st_mtime_ns for path in dataset.rglob("*") if path.is_file()}
    assert after == before, "or whoever goes by size and time would read all of it again"
    root = tmp_path / "parallel"
    write_episodes(root, OPTIONS, workers=2)
    assert content(root) == content(dataset)


def test_a_killed_run_goes_on(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, steps = tmp_path / "set", 0
    step = TabletopEnv.step

    def dying(env: TabletopEnv, *args: object) -> bool:
        nonlocal steps
        steps += 1
        if steps > 60:
            raise KeyboardInterrupt
        return step(env, *args)  # pyright: ignore[reportArgumentType]

    with monkeypatch.context() as patch:
        patch.setattr(TabletopEnv, "step", dying)
        with pytest.raises(KeyboardInterrupt):
            write_episodes(root, OPTIONS)
    assert not (root / "meta/info.json").exists()
    written = write_episodes(root, OPTIONS)
    assert (written.made, written.present) == (1, 1)
    assert content(root) == content(dataset)


def test_a_dead_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> Future[object]:
        future: Future[object] = Future()
        future.set_exception(BrokenProcessPool())
        return future

    monkeypatch.setattr(episodes_module.ProcessPoolExecutor, "submit", die)
    with pytest.raises(DatasetError, match=r"died \(killed, or out of memory\); run again"):
        write_episodes(tmp_path / "set", OPTIONS, workers=2)


def test_failed_demonstrations_are_tried_again_and_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    real = episodes_module.record_episode

    def failing(env: TabletopEnv, expert: Expert, *args: object) -> object:
        tried.append(expert.attempt)
        return replace(real(env, expert, *args), success=len(tried) > fails)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(episodes_module, "record_episode", failing)
    options = replace(OPTIONS, episodes=1)
    fails = 1
    assert record_to(tmp_path / "once", options, 0).attempt == 1
    assert tried == [0, 1]
    tried.clear()
    fails = 9
    written = write_episodes(tmp_path / "always", options)
    assert written.failed == [0]
    assert tried == [0, 1, 2]
    assert not load_truth(tmp_path / "always", 0).success
    rows = pq.read_table(tmp_path / "always/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert rows[0]["success"] is False


def test_impossible_options_are_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="episodes must be 1 to"):
        EpisodeOptions(0)
    with pytest.raises(ValueError, match="no task 'juggle'"):
        EpisodeOptions(1, tasks=("juggle",))
    with pytest.raises(ValueError, match="at least one task"):
        EpisodeOptions(1, tasks=())
    with pytest.raises(FormatError, match="even sides"):
        write_episodes(tmp_path / "odd", EpisodeOptions(1, size=(63, 48)))
    with pytest.raises(DatasetError, match="choose another folder or the same options"):
        write_episodes(dataset, replace(OPTIONS, seed=7))
    assert truth_path(dataset, 0).is_file()
