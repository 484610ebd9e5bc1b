"""Real recordings of three kinds import whole: what is in them was looked at by hand once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humannet_assets.vla.actions import ChunkConfig, robot_action_chunks, wrists_of
from humannet_assets.vla.episodes import BadEpisode, Episode
from humannet_assets.vla.importers.registry import detect_format, find_datasets, iter_episodes
from humannet_assets.vla.motion import robot_motion
from humannet_assets.vla.pictures import episode_pictures
from humannet_assets.vla.qc import QualityConfig, judge
from humannet_assets.vla.resample import resample
from humannet_assets.vla.video_checks import PictureConfig

CHEAP = QualityConfig(pictures=PictureConfig(decode="none"))


@pytest.fixture(scope="module")
def found(robot_dir: Path) -> dict[str, list[Episode | BadEpisode]]:
    return {path.name: list(iter_episodes(path)) for path in find_datasets(robot_dir)}


def test_everything_is_recognised(robot_dir: Path) -> None:
    formats = {path.name: detect_format(path) for path in find_datasets(robot_dir)}
    assert formats.items() >= {
        "bridge_rlds": "rlds", "umi_cup_in_the_wild": "lerobot_v1", "lerobot_v2_starvla_sim_pick_place": "lerobot_v2",
    }.items()  # fmt: skip


def test_bridge(found: dict[str, list[Episode | BadEpisode]]) -> None:
    episodes = [episode for episode in found["bridge_rlds"] if isinstance(episode, Episode)]
    assert len(episodes) == len(found["bridge_rlds"]) == 25
    assert len({episode.episode_id for episode in episodes}) == 25
    assert {episode.instruction for episode in episodes} == {
        "put carrot on plate", "flip pot upright which is in sink", "turn lever vertical to front",
        "put cup from counter or drying rack into sink",
    }  # fmt: skip
    for episode in episodes:
        assert (episode.frames, episode.robot, sorted(episode.cameras)) == (10, "bridge", ["image_0", "image_1", "image_2"])
        assert judge(episode, CHEAP).ok, judge(episode, CHEAP)
    first = episodes[0]
    assert first.ee_pose is not None
    assert 0.2 < first.ee_pose[0, 0, 0] < 0.36
    pictures = [picture for _, picture in episode_pictures(first, "image_0", range(10))]
    assert pictures[0].shape == (64, 64, 3)
    assert np.std(pictures[9]) > 20


def test_umi(found: dict[str, list[Episode | BadEpisode]]) -> None:
    (episode,) = found["umi_cup_in_the_wild"]
    assert isinstance(episode, Episode)
    assert (episode.frames, episode.robot) == (400, "umi")
    assert judge(episode, CHEAP).ok
    chunks = robot_action_chunks(episode)
    # At 15 Hz from 10 Hz; only the right hand, along the axes of its own camera, and a grip.
    assert len(chunks) == 598
    assert chunks.axes == "camera"
    assert chunks.mask[0].all(axis=0).nonzero()[0].tolist() == [*range(7, 14)]
    motion = resample(robot_motion(episode))
    wrists = wrists_of(chunks.actions, chunks.anchor_wrist, chunks.camera)[:500, :, 1, :3]
    wanted = np.stack([motion.wrist[1 + k : 501 + k, 1, :3] for k in range(16)], axis=1)
    assert np.abs(wrists - wanted).max() < 1e-6
    # A camera that rides along sees what it does: ahead is +z, and the cup is fetched from ahead.
    assert chunks.actions[:300, 15, 9].mean() > 0.005


def test_franka(found: dict[str, list[Episode | BadEpisode]]) -> None:
    episodes = found["lerobot_v2_starvla_sim_pick_place"]
    assert [getattr(episode, "reason", "") for episode in episodes] == ["missing_data", "missing_data", "", "missing_data"]
    episode = episodes[2]
    assert isinstance(episode, Episode)
    assert episode.frames == 398
    assert episode.robot == "franka_robotiq"
    assert episode.instruction == "Move the potato to the top of the cooking utensils."
    assert list(episode.cameras) == ["ego_view"]
    assert set(episode.missing_cameras) == {"base_view", "base_view_2"}
    verdict = judge(episode, CHEAP)
    assert verdict.ok
    assert len(verdict.notes) == 2
    assert episode.ee_pose is not None
    assert episode.gripper is not None
    assert episode.gripper_target is not None
    # Flange above the table in Franka's ready pose; open, then closed on the potato, then open.
    assert np.allclose(episode.ee_pose[0, 0, :3], [0.307, 0, 0.59], atol=1e-3)
    assert episode.gripper_target[[0, 200, 397], 0].tolist() == [1, 0, 1]
    assert episode.gripper[0, 0] > 0.95
    assert 0.4 < episode.gripper[200, 0] < 0.7
    joints = robot_action_chunks(episode)
    assert joints.mask[0].all(axis=0).nonzero()[0].tolist() == [13, *range(21, 28)]
    poses = robot_action_chunks(episode, ChunkConfig(unknown_camera="reference"))
    assert poses.axes == "reference"
    assert poses.mask[0, :, 7:14].all()
    # What is measured follows the commands, some 0.1 s behind (at up to 0.31 m/s).
    assert episode.ee_target is not None
    assert np.abs(episode.ee_pose[:, 0, :3] - episode.ee_target[:, 0, :3]).max() < 0.05


def test_pictures_of_real_videos(found: dict[str, list[Episode | BadEpisode]]) -> None:
    (episode,) = found["umi_cup_in_the_wild"]
    assert isinstance(episode, Episode)
    frames = [0, 1, 399]
    pictures = dict(episode_pictures(episode, "image", frames))
    assert list(pictures) == frames
    assert pictures[0].shape == (224, 224, 3)
    assert np.abs(pictures[399].astype(int) - pictures[0]).mean() > 5
