"""LeRobot data sets of all versions: numbers, times, pictures, words, and what happens to the rest when one is bad."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from humannet_assets.vla.episodes import (
    BadEpisode,
    Episode,
    FieldValues,
    RawEpisode,
    UnreadableDatasetError,
    VideoRef,
    content_id,
)
from humannet_assets.vla.importers.registry import ImportConfig, detect_format, iter_episodes
from humannet_assets.vla.lerobot.layout import Format
from humannet_assets.vla.lerobot.writer import DatasetWriter
from humannet_assets.vla.pictures import PictureError, episode_pictures, pictures
from humannet_assets.vla.qc import judge
from humannet_assets.vla.robots import UnknownRobotError
from humannet_assets_tests.vla.robot_files import (
    FPS,
    NAMES,
    columns_of,
    features,
    grey,
    trajectory,
    write_json,
    write_lerobot_v1,
    write_lerobot_v2,
    write_lerobot_v3,
    write_video,
)


def episodes(root: Path, **config: object) -> list[Episode | BadEpisode]:
    return list(iter_episodes(root, ImportConfig.model_validate(config)))


def good(root: Path, **config: object) -> list[Episode]:
    found = episodes(root, **config)
    assert all(isinstance(episode, Episode) for episode in found), found
    return [episode for episode in found if isinstance(episode, Episode)]


def assert_pictures(episode: Episode, index: int, frames: list[int]) -> None:
    for frame, picture in episode_pictures(episode, "cam_high", frames):
        assert abs(int(picture[24, 16, 1]) - int(grey(frame)[24, 16, 1])) <= 3, (frame, picture[24, 16])
        assert abs(int(picture[8, 16, 0]) - 60 * (index + 1)) < 20


@pytest.mark.parametrize("version", ["v2.0", "v2.1"])
def test_version_2(tmp_path: Path, version: str) -> None:
    root = write_lerobot_v2(tmp_path / "set", version=version)
    assert detect_format(root) == "lerobot_v2"
    first, second = good(root)
    values = trajectory(40, 0)
    assert np.allclose(first.state, values, atol=1e-6)
    assert first.state_names == tuple(NAMES)
    assert np.allclose(first.action, np.roll(values, -1, axis=0), atol=1e-6)
    assert np.allclose(first.timestamps_s, np.arange(40) / FPS, atol=1e-6)
    assert (first.robot, first.source, first.instruction, second.instruction) == ("aloha", "set", "task 0", "task 1")
    assert first.arms == ("left", "right")
    assert first.joints is not None
    assert np.allclose(first.joints[:, 1, :6], values[:, 7:13], atol=1e-6)
    assert np.isnan(first.joints[..., 6]).all()
    assert first.gripper is not None
    assert np.allclose(first.gripper[:, 0], np.clip(values[:, 6], 0, 1), atol=1e-6)
    assert first.state_units[0] == "rad"
    assert first.state_units[6] == "opening"
    assert second.metadata["note"] == "n1"
    assert_pictures(first, 0, [0, 7, 39])
    assert_pictures(second, 1, [3])
    assert judge(first).ok, judge(first)


def test_version_3_cuts_shared_files(tmp_path: Path) -> None:
    root = write_lerobot_v3(tmp_path / "set", row_group=17)
    assert detect_format(root) == "lerobot_v3"
    found = good(root)
    assert [episode.frames for episode in found] == [20, 25, 15]
    for index, episode in enumerate(found):
        assert np.allclose(episode.state, trajectory(episode.frames, index), atol=1e-6)
        ref = episode.cameras["cam_high"]
        assert isinstance(ref, VideoRef)
        assert ref.start_s == pytest.approx(sum((20, 25, 15)[:index]) / FPS)
        assert_pictures(episode, index, [0, 5, episode.frames - 1])
        assert episode.instruction == f"task {index % 2}"
        assert episode.metadata["difficulty"] == "easy"
        assert "stats/action/min" not in episode.metadata


def test_what_our_writer_writes_is_read(tmp_path: Path) -> None:
    vectors = {"action": tuple(NAMES), "observation.state": tuple(NAMES)}
    form = Format(FPS, "aloha", vectors, {"observation.images.cam_high": (32, 32)}, {"success": "bool"})
    with DatasetWriter(tmp_path / "set", form) as writer:
        for index in writer.missing(3):
            with writer.episode(index, f"task {index}", {"success": index > 0}) as staged:
                for frame, row in enumerate(trajectory(24, index)):
                    staged.add({"action": row, "observation.state": row}, {"observation.images.cam_high": grey(frame, index)})
        writer.finish(3)
    found = good(tmp_path / "set")
    assert [episode.instruction for episode in found] == ["task 0", "task 1", "task 2"]
    for index, episode in enumerate(found):
        assert np.allclose(episode.action, trajectory(24, index), atol=1e-6)
        assert episode.success is (index > 0)
        assert_pictures(episode, index, [0, 23])


def test_version_1_by_episode_over_batches(tmp_path: Path) -> None:
    root = write_lerobot_v1(tmp_path / "cups")
    assert detect_format(root) == "lerobot_v1"
    found = good(root)
    assert [episode.frames for episode in found] == [30, 35]
    first = found[0]
    assert first.robot == "umi"
    assert first.arms == ("right",)
    assert first.ee_pose is not None
    assert np.allclose(first.ee_pose[:, 0, 0], 0.3 * np.sin(np.arange(30) / 10), atol=1e-6)
    assert first.metadata["action_source"] == "next state"
    assert np.array_equal(first.action[:-1], first.state[1:])
    # The camera rides on the gripper: behind and above its tip, whatever way that points.
    camera = first.extrinsics["image"]
    offset = camera[:, :3, 3] - first.ee_pose[:, 0, :3]
    assert np.allclose(np.linalg.norm(offset, axis=1), np.hypot(0.086, 0.21965))
    assert np.allclose(camera[0, :3, :3].T @ offset[0], [0, -0.086, -0.21965])


def test_same_content_same_id(tmp_path: Path) -> None:
    one = good(write_lerobot_v2(tmp_path / "a", (20, 25, 15)))
    other = good(write_lerobot_v3(tmp_path / "b"))
    assert [episode.episode_id for episode in one] == [episode.episode_id for episode in other]
    assert len({episode.episode_id for episode in one}) == 3


def test_a_neighbours_pictures_are_never_ours(tmp_path: Path) -> None:
    """An episode with one picture too few shows its own last one, not the next episode's first."""
    path = tmp_path / "two.mp4"
    write_video(path, [*(grey(frame, 0) for frame in range(19)), *(grey(frame, 1) for frame in range(20))])
    times_s = np.arange(20) / FPS
    ((_, last),) = pictures(VideoRef(path, 0.0, 19 / FPS, 32, 32, FPS), [19], times_s)
    assert abs(int(last[24, 16, 1]) - int(grey(18)[24, 16, 1])) <= 3
    assert abs(int(last[8, 16, 0]) - 60) < 20
    ((_, first),) = pictures(VideoRef(path, 19 / FPS, 39 / FPS, 32, 32, FPS), [0], times_s)
    assert abs(int(first[8, 16, 0]) - 120) < 20
    with pytest.raises(PictureError, match=r"should be at 1\.900 s"):
        list(pictures(VideoRef(path, 0.0, 2.0, 32, 32, FPS), [0, 57, 59], np.arange(60) / FPS))


def test_times_that_begin_later_are_times_of_the_video(tmp_path: Path) -> None:
    root = write_lerobot_v2(tmp_path / "set", (45,))
    path = root / "data/chunk-000/episode_000000.parquet"
    pq.write_table(pq.read_table(path).slice(5), path)
    (episode,) = good(root)
    assert episode.timestamps_s[0] == 0.0
    for frame, picture in episode_pictures(episode, "cam_high", [0, 20, 39]):
        assert abs(int(picture[24, 16, 1]) - int(grey(frame + 5)[24, 16, 1])) <= 3
    assert judge(episode).ok, judge(episode)


def test_ids_survive_a_conversion_to_float32() -> None:
    values, times_s = trajectory(20), np.arange(20) / FPS
    wide = RawEpisode(Path("a"), 0, "s", "", times_s + 5.0, 20, {"x": FieldValues(values, tuple(NAMES))}, "w")
    narrow = replace(
        wide,
        path=Path("b"),
        index=7,
        timestamps_s=times_s.astype(np.float32).astype(float),
        fields={"x": FieldValues(values.astype(np.float32).astype(float), tuple(NAMES))},
    )
    assert content_id(wide) == content_id(narrow)
    assert content_id(wide) != content_id(replace(wide, instruction="v"))
    values[3, 3] += 1e-3
    assert content_id(replace(wide, fields={"x": FieldValues(values, tuple(NAMES))})) != content_id(narrow)


def test_one_bad_episode_does_not_stop_the_others(tmp_path: Path) -> None:
    root = write_lerobot_v2(tmp_path / "set", (20, 20, 20, 20, 20), video=False)
    data = root / "data" / "chunk-000"
    (data / "episode_000000.parquet").unlink()
    (data / "episode_000001.parquet").write_bytes(b"PAR1 but nothing else PAR1")
    values = trajectory(20)
    columns = columns_of(20, 2, 40, values, values)
    pq.write_table(pa.table({**columns, "action": ["left"] * 20}), data / "episode_000002.parquet")
    pq.write_table(pa.table({**columns, "action": list(values[:, :7])}), data / "episode_000003.parquet")
    found = episodes(root)
    bad = [episode for episode in found if isinstance(episode, BadEpisode)]
    assert [(episode.index, episode.reason) for episode in bad] == [
        (0, "missing_data"), (1, "unreadable_data"), (2, "wrong_dtype"), (3, "wrong_dims"),
    ]  # fmt: skip
    assert isinstance(found[4], Episode)
    assert found[4].index == 4
    for episode in bad:
        assert episode.path in episode.message
        assert f"episode {episode.index}" in episode.message
    assert "'action'" in bad[2].message
    assert "string" in bad[2].message
    assert "float32" in bad[2].message
    assert "7 numbers" in bad[3].message
    assert "14" in bad[3].message


def test_ragged_and_null_rows_are_named(tmp_path: Path) -> None:
    root = write_lerobot_v2(tmp_path / "set", (20, 20), video=False)
    data = root / "data" / "chunk-000"
    values = [row.tolist() for row in trajectory(20)]
    shifted = [*values[:5], values[5][:13], [0.5, *values[6]], *values[7:]]  # as many numbers as there should be
    for index, spoilt in ((0, shifted), (1, [*values[:5], None, *values[6:]])):
        columns = {**columns_of(20, index, 0, trajectory(20), trajectory(20)), "action": spoilt}
        pq.write_table(pa.table(columns), data / f"episode_{index:06d}.parquet")
    assert [episode.reason for episode in episodes(root) if isinstance(episode, BadEpisode)] == ["ragged", "null_rows"]


def test_damaged_pages_of_a_shared_file(tmp_path: Path) -> None:
    root = write_lerobot_v3(tmp_path / "set")
    path = root / "data/chunk-000/file-000.parquet"
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)
    found = episodes(root)
    assert [episode.reason for episode in found if isinstance(episode, BadEpisode)] == ["unreadable_data"] * 3


def test_missing_and_broken_videos_are_told(tmp_path: Path) -> None:
    root = write_lerobot_v2(tmp_path / "set", (40, 40))
    videos = root / "videos" / "chunk-000" / "observation.images.cam_high"
    (videos / "episode_000000.mp4").unlink()
    (videos / "episode_000001.mp4").write_bytes((videos / "episode_000001.mp4").read_bytes()[:300])
    first, second = good(root)
    assert first.missing_cameras["cam_high"].startswith("missing")
    assert second.missing_cameras["cam_high"].startswith("unreadable")
    assert judge(first).reasons == ["missing_video"]
    assert judge(second).reasons == ["unreadable_video"]


def test_unknown_robot_is_refused_with_an_example(tmp_path: Path) -> None:
    root = write_lerobot_v2(tmp_path / "set", (20,), robot_type="so999", video=False)
    with pytest.raises(UnknownRobotError) as refused:
        episodes(root)
    message = str(refused.value)
    assert "so999" in message
    assert "observation.state (14)" in message
    assert "arms:" in message
    assert "aloha" in message
    assert good(root, robot="aloha")[0].robot == "aloha"
    raw = good(root, unknown_robot="raw")[0]
    assert raw.robot == ""
    assert raw.arms == ()
    assert raw.gripper is None
    assert raw.state.shape == (20, 14)


def test_known_robot_with_other_dims_is_refused(tmp_path: Path) -> None:
    root = write_lerobot_v2(tmp_path / "set", (20,), video=False)
    info = json.loads((root / "meta/info.json").read_text())
    write_json(root / "meta/info.json", {**info, "features": features(None, 7)})
    with pytest.raises(UnknownRobotError, match="7 columns, aloha has 14"):
        episodes(root)


def test_modality_slices_become_fields(tmp_path: Path) -> None:
    root = write_lerobot_v2(tmp_path / "set", (20,), video=False)
    slices = {"left_arm": {"start": 0, "end": 6}, "right_arm": {"start": 7, "end": 13, "original_key": "observation.state"}}
    write_json(root / "meta/modality.json", {"state": slices, "action": {}})
    from humannet_assets.vla.importers.lerobot_v2 import iter_raw
    from humannet_assets.vla.importers.reading import ReadLimits

    (raw,) = iter_raw(root, "set", ReadLimits())
    assert raw.fields["state.right_arm"].values.shape == (20, 6)
    assert raw.fields["state.right_arm"].names == tuple(NAMES[7:13])
    write_json(root / "meta/modality.json", {"state": {"left_arm": {"start": 0, "end": 99}}})
    (bad,) = iter_raw(root, "set", ReadLimits())
    assert isinstance(bad, BadEpisode)
    assert bad.reason == "wrong_dims"
    assert "modality.json" in bad.message


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"fps": "thirty"}, "fps"),
        ({"fps": True}, "fps"),
        ({"features": []}, "features"),
        ({"features": {"action": {"shape": [3]}}}, "action"),
        ({"features": {"action": {"dtype": "float32", "shape": [-3]}}}, "shape"),
        ({"chunks_size": 0}, "chunks_size"),
    ],
)
def test_bad_info_is_named(tmp_path: Path, change: dict[str, object], named: str) -> None:
    root = write_lerobot_v2(tmp_path / "set", (20,), video=False)
    info = json.loads((root / "meta/info.json").read_text())
    write_json(root / "meta/info.json", {**info, **change})
    with pytest.raises(UnreadableDatasetError, match=named):
        episodes(root)


def test_bad_lines_of_episodes_are_counted(tmp_path: Path) -> None:
    root = write_lerobot_v2(tmp_path / "set", (20, 20), video=False)
    lines = (root / "meta/episodes.jsonl").read_text().splitlines()
    (root / "meta/episodes.jsonl").write_text("\n".join([lines[0], "{broken", '{"episode_index": "one"}', lines[1]]))
    found = episodes(root)
    assert [type(episode) for episode in found] == [Episode, BadEpisode, BadEpisode, Episode]
    assert isinstance(found[1], BadEpisode)
    assert "episodes.jsonl:2" in found[1].message
