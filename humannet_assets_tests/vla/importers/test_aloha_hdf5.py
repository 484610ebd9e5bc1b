"""ALOHA and Cobot Magic recordings: raw and compressed pictures, rates, and files that reach out of themselves."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from humannet_assets_tests.needs import need_package

need_package("h5py", "robot")
h5py: Any = importlib.import_module("h5py")

from humannet_assets.vla.episodes import BadEpisode, Episode, UnreadableDatasetError  # noqa: E402
from humannet_assets.vla.importers.registry import ImportConfig, detect_format, iter_episodes  # noqa: E402
from humannet_assets.vla.pictures import episode_pictures  # noqa: E402
from humannet_assets.vla.qc import judge  # noqa: E402
from humannet_assets_tests.vla.robot_files import grey, trajectory, write_aloha  # noqa: E402


def episodes(path: Path, **config: object) -> list[Any]:
    return list(iter_episodes(path, ImportConfig.model_validate(config)))


@pytest.mark.parametrize("compressed", [False, True])
def test_recordings_in_the_order_of_their_numbers(tmp_path: Path, compressed: bool) -> None:
    for number in (10, 2):
        write_aloha(tmp_path / f"episode_{number}.hdf5", compressed=compressed, seed=number, language_instruction="fold it")
    assert detect_format(tmp_path) == "aloha_hdf5"
    second, tenth = episodes(tmp_path)
    assert np.allclose(second.state, trajectory(60, 2, 50))
    assert np.allclose(tenth.state, trajectory(60, 10, 50))
    assert second.robot == "aloha"
    assert second.instruction == "fold it"
    assert np.allclose(np.diff(second.timestamps_s), 1 / 50)
    assert second.metadata["rate_source"] == "robot aloha: 50 Hz"
    assert second.cameras["cam_high"].width == 32
    assert second.cameras["cam_high"].count == 60
    for frame, picture in episode_pictures(second, "cam_high", [0, 17, 49]):
        assert abs(int(picture[24, 16, 1]) - int(grey(frame)[24, 16, 1])) <= 4
        assert abs(int(picture[8, 16, 0]) - 60) <= 8
    assert judge(second).ok, judge(second)


def test_cobot_magic_opens_where_its_gripper_does(tmp_path: Path) -> None:
    path = write_aloha(tmp_path / "episode_0.hdf5")
    with h5py.File(path, "a") as file:
        file["observations/qpos"][:, 6] = np.linspace(0, 4.7908, 60)
        file["action"][:, 6] = np.linspace(0, 11.8997, 60)
    (episode,) = episodes(path, robot="cobot_magic")
    assert np.allclose(episode.gripper[:, 0], np.linspace(0, 1, 60))
    assert np.allclose(episode.gripper_target[:, 0], np.linspace(0, 1, 60))
    assert np.allclose(np.diff(episode.timestamps_s), 1 / 30)
    # Read as ALOHA the same numbers are far outside the gripper's range: nobody trains on that by mistake.
    (mistaken,) = episodes(path)
    verdict = judge(mistaken)
    assert "gripper_out_of_range" in verdict.reasons
    assert any("another robot" in note for note in verdict.notes)


def test_rates_told_or_recorded(tmp_path: Path) -> None:
    path = write_aloha(tmp_path / "episode_0.hdf5", fps=25)
    assert np.allclose(np.diff(episodes(path)[0].timestamps_s), 1 / 25)
    other = write_aloha(tmp_path / "other" / "episode_0.hdf5")
    assert np.allclose(np.diff(episodes(other, rate_hz=10)[0].timestamps_s), 1 / 10)


def test_what_reaches_out_of_the_file_is_refused(tmp_path: Path) -> None:
    secret = write_aloha(tmp_path / "elsewhere" / "secret.hdf5")
    folder = tmp_path / "set"
    for index, spoil in enumerate((external_link, soft_link, external_storage, virtual)):
        spoil(write_aloha(folder / f"episode_{index}.hdf5"), secret)
    write_aloha(folder / "episode_9.hdf5")
    found = episodes(folder)
    assert [episode.reason for episode in found[:4]] == ["foreign_data"] * 4, found
    assert isinstance(found[4], Episode)


def external_link(path: Path, secret: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["action"]
        file["action"] = h5py.ExternalLink(str(secret), "/action")


def soft_link(path: Path, secret: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["action"]
        file["action"] = h5py.SoftLink("/observations/qpos")


def external_storage(path: Path, secret: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["action"]
        file.create_dataset("action", (60, 14), np.float64, external=[(str(secret), 0, 60 * 14 * 8)])


def virtual(path: Path, secret: Path) -> None:
    layout = h5py.VirtualLayout((60, 14), np.float64)
    layout[:] = h5py.VirtualSource(str(secret), "action", (60, 14))
    with h5py.File(path, "a") as file:
        del file["action"]
        file.create_virtual_dataset("action", layout)


def test_bad_files_are_named_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "episode_0.hdf5").write_bytes(b"not hdf5 at all")
    with h5py.File(write_aloha(tmp_path / "episode_1.hdf5"), "a") as file:
        action = file["action"][:50]
        del file["action"]
        file["action"] = action
    with h5py.File(write_aloha(tmp_path / "episode_2.hdf5"), "a") as file:
        del file["action"], file["observations/qpos"]
    with h5py.File(write_aloha(tmp_path / "episode_3.hdf5", compressed=True), "a") as file:
        file["observations/images/cam_high"][:] = 7
    write_aloha(tmp_path / "episode_4.hdf5")
    found = episodes(tmp_path)
    assert [getattr(episode, "reason", "") for episode in found] == ["unreadable_data", "wrong_dims", "missing_field", "", ""]
    assert all(isinstance(e, BadEpisode) and e.path in e.message and f"episode {e.index}" in e.message for e in found[:3])
    assert "/action" in found[1].message
    assert "50" in found[1].message
    assert judge(found[3]).reasons == ["unreadable_video"]


def test_too_long_is_refused_before_reading(tmp_path: Path) -> None:
    path = write_aloha(tmp_path / "episode_0.hdf5")
    (bad,) = episodes(path, limits={"max_frames": 10})
    assert bad.reason == "too_long"
    assert "60 frames" in bad.message


def test_without_h5py_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_aloha(tmp_path / "episode_0.hdf5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UnreadableDatasetError, match=r"humannet-assets\[robot\]"):
        episodes(path)
