"""What is written is read back, files and rows say where everything lies, and no interruption leaves anything half done."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from humannet_assets.vla.lerobot import writer as writer_module
from humannet_assets.vla.lerobot.layout import FileNumber, Format, FormatError
from humannet_assets.vla.lerobot.staging import STAGING, EpisodeWriter
from humannet_assets.vla.lerobot.writer import DatasetError, DatasetWriter, FileLimits

FPS = 15
HEAD, WRIST = "observation.images.head", "observation.images.wrist"
FORM = Format(
    FPS,
    "test_arm",
    {"action": ("x", "y"), "observation.state": ("a", "b", "c")},
    {HEAD: (64, 48), WRIST: (32, 32)},
    {"success": "bool", "seed": "int64"},
)
TASKS = ("pick up the cup", "fold the towel")
ONE_EACH = FileLimits(data_mb=0, video_mb=0)
"""Every file is full with one episode."""


def length(index: int) -> int:
    return 11 + 4 * index


def vectors(index: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(index)
    return {"action": rng.normal(size=(length(index), 2)), "observation.state": rng.normal(5, 2, (length(index), 3))}


def picture(index: int, frame: int, size: tuple[int, int]) -> np.ndarray:
    """A flat colour that says which frame it is, above a lower half that says which episode."""
    made = np.full((size[1], size[0], 3), (8 * frame, 60, 255 - 8 * frame), np.uint8)
    made[size[1] // 2 :] = 40 * index + 20
    return made


def frames(index: int) -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
    rows = vectors(index)
    for k in range(length(index)):
        images = {key: picture(index, k, size) for key, size in FORM.cameras.items()}
        yield {key: values[k] for key, values in rows.items()}, images


def write_episode(episode: EpisodeWriter, index: int) -> None:
    for row, images in frames(index):
        episode.add(row, images)
    episode.extras = {"success": index != 1, "seed": 100 + index}


def write_half(writer: DatasetWriter) -> None:
    with writer.episode(0, TASKS[0]) as episode:
        episode.add(*next(frames(0)))
        raise ZeroDivisionError


def write(root: Path, count: int, limits: FileLimits | None = None, *, die_in: int | None = None) -> None:
    with DatasetWriter(root, FORM, source={"seed": 7}, limits=limits) as writer:
        for index in writer.missing(count):
            with writer.episode(index, TASKS[index % 2]) as episode:
                if index == die_in:
                    for row, images in list(frames(index))[:5]:
                        episode.add(row, images)
                    os.kill(os.getpid(), signal.SIGKILL)
                write_episode(episode, index)
        writer.finish(count)


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def decoded(path: Path) -> list[tuple[float, np.ndarray]]:
    import av

    with av.open(str(path)) as container:
        return [(float(frame.time or 0), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lerobot") / "set"
    write(root, 3)
    return root


def test_vectors_and_indices_are_read_back(dataset: Path) -> None:
    parquet = pq.ParquetFile(dataset / "data/chunk-000/file-000.parquet")
    assert parquet.num_row_groups == 3
    assert parquet.schema_arrow.equals(FORM.frame_schema())
    start = 0
    for index in range(3):
        table = parquet.read_row_group(index)
        for key, values in vectors(index).items():
            np.testing.assert_array_equal(np.array(table[key].to_pylist(), np.float32), values.astype(np.float32))
        steps = np.arange(length(index))
        np.testing.assert_array_equal(table["frame_index"], steps)
        np.testing.assert_array_equal(table["index"], start + steps)
        np.testing.assert_allclose(table["timestamp"], steps / FPS, rtol=1e-6)
        assert set(table["episode_index"].to_pylist()) == {index}
        assert set(table["task_index"].to_pylist()) == {index % 2}
        start += length(index)


@pytest.mark.parametrize("limits", [None, ONE_EACH])
def test_pictures_lie_where_the_rows_say(tmp_path: Path, limits: FileLimits | None) -> None:
    root = tmp_path / "set"
    write(root, 3, limits)
    rows = [row for path in sorted(root.glob("meta/episodes/*/*.parquet")) for row in pq.read_table(path).to_pylist()]
    assert [row["length"] for row in rows] == [length(index) for index in range(3)]
    assert len({row["data/file_index"] for row in rows}) == (1 if limits is None else 3)
    for camera, size in FORM.cameras.items():
        for index, row in enumerate(rows):
            number = FileNumber(row[f"videos/{camera}/chunk_index"], row[f"videos/{camera}/file_index"])
            shown = decoded(root / number.path(f"videos/{camera}", "mp4"))
            start = row[f"videos/{camera}/from_timestamp"]
            assert row[f"videos/{camera}/to_timestamp"] == pytest.approx(start + length(index) / FPS)
            for frame in range(length(index)):
                near = [image for time_s, image in shown if abs(time_s - (start + frame / FPS)) < 0.5 / FPS]
                assert len(near) == 1
                difference = np.abs(near[0].astype(int) - picture(index, frame, size))
                assert np.median(difference) <= 5, (camera, index, frame)


def test_rows_of_episodes_and_tasks(dataset: Path) -> None:
    rows = pq.read_table(dataset / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [row["tasks"] for row in rows] == [[TASKS[0]], [TASKS[1]], [TASKS[0]]]
    assert [(row["success"], row["seed"]) for row in rows] == [(True, 100), (False, 101), (True, 102)]
    assert [row["dataset_from_index"] for row in rows] == [0, 11, 26]
    assert [row["dataset_to_index"] for row in rows] == [11, 26, 45]
    np.testing.assert_allclose(rows[1]["stats/action/mean"], vectors(1)["action"].mean(0), rtol=1e-5)
    table = pq.read_table(dataset / "meta/tasks.parquet")
    assert dict(zip(table["task"].to_pylist(), table["task_index"].to_pylist(), strict=True)) == {TASKS[0]: 0, TASKS[1]: 1}
    pandas = json.loads(table.schema.metadata[b"pandas"])
    assert pandas["index_columns"] == ["task"]
    info = json.loads((dataset / "meta/info.json").read_text())
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"]) == (3, 45, 2)
    assert (info["codebase_version"], info["fps"], info["splits"]) == ("v3.0", FPS, {"train": "0:3"})
    assert info["features"]["action"] == {"dtype": "float32", "shape": [2], "names": ["x", "y"]}
    assert info["features"][HEAD]["shape"] == [48, 64, 3]
    assert info["features"]["timestamp"]["dtype"] == "float32"


@pytest.mark.parametrize("limits", [None, ONE_EACH])
def test_statistics_are_of_all_frames(tmp_path: Path, limits: FileLimits | None) -> None:
    write(tmp_path / "set", 3, limits)
    stats = json.loads((tmp_path / "set/meta/stats.json").read_text())
    for key in FORM.vectors:
        rows = np.concatenate([vectors(index)[key] for index in range(3)]).astype(np.float32).astype(float)
        np.testing.assert_allclose(stats[key]["mean"], rows.mean(0))
        np.testing.assert_allclose(stats[key]["std"], rows.std(0))
        assert stats[key]["min"] == rows.min(0).tolist()
        assert stats[key]["count"] == [45]
    assert (stats["index"]["min"], stats["index"]["max"]) == ([0.0], [44.0])
    assert stats["task_index"]["mean"] == [pytest.approx(15 / 45)]
    for key, size in FORM.cameras.items():
        shown = np.stack([picture(index, k, size) for index in range(3) for k in range(length(index))]) / 255
        np.testing.assert_allclose(np.reshape(stats[key]["mean"], 3), shown.mean((0, 1, 2)))
        np.testing.assert_allclose(np.reshape(stats[key]["std"], 3), shown.std((0, 1, 2)))


def test_the_same_episodes_give_the_same_bytes(dataset: Path, tmp_path: Path) -> None:
    write(tmp_path / "set", 3)
    assert content(tmp_path / "set") == content(dataset)


@pytest.mark.parametrize("limits", [None, ONE_EACH])
def test_a_killed_run_goes_on(tmp_path: Path, limits: FileLimits | None) -> None:
    root = tmp_path / "killed"
    process = multiprocessing.get_context("spawn").Process(target=write, args=(root, 3, limits), kwargs={"die_in": 2})
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (root / "meta/info.json").exists()
    assert list((root / STAGING).glob("*.partial"))
    with DatasetWriter(root, FORM, source={"seed": 7}, limits=limits) as writer:
        assert writer.missing(3) == [2]
        assert not list((root / STAGING).glob("*.partial"))
    write(root, 3, limits)
    write(tmp_path / "whole", 3, limits)
    assert content(root) == content(tmp_path / "whole")


def test_files_without_their_rows_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a run is killed after the data and the videos of a file, before its rows."""
    root = tmp_path / "set"

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writer_module.pq, "write_table", cut)
        with pytest.raises(KeyboardInterrupt):
            write(root, 3)
    assert (root / "data/chunk-000/file-000.parquet").is_file()
    write(root, 3)
    write(tmp_path / "whole", 3)
    assert content(root).keys() - content(tmp_path / "whole").keys() <= {"meta/episodes/chunk-000/.file-000.parquet.fresh"}
    assert {k: v for k, v in content(root).items() if not k.endswith(".fresh")} == content(tmp_path / "whole")


def test_an_episode_that_fails_is_gone(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", FORM) as writer:
        with pytest.raises(ZeroDivisionError):
            write_half(writer)
        assert writer.missing(1) == [0]
        with pytest.raises(DatasetError, match="1 of 1 episodes are missing"):
            writer.finish(1)
    assert not (tmp_path / "set/meta/info.json").exists()


def test_episodes_staged_by_others_in_any_order(tmp_path: Path, dataset: Path) -> None:
    root = tmp_path / "set"
    with DatasetWriter(root, FORM, source={"seed": 7}) as writer:
        for index in (2, 0, 1):
            with EpisodeWriter(root, FORM, index, TASKS[index % 2]) as episode:
                write_episode(episode, index)
            writer.adopt(index)
        writer.finish(3)
    assert content(root) == content(dataset)


def test_more_episodes_can_follow(tmp_path: Path) -> None:
    write(tmp_path / "set", 2)
    write(tmp_path / "set", 3)
    info = json.loads((tmp_path / "set/meta/info.json").read_text())
    assert (info["total_episodes"], info["total_frames"]) == (3, 45)
    with (
        DatasetWriter(tmp_path / "set", FORM, source={"seed": 7}) as writer,
        pytest.raises(FormatError, match="episode 1 is there already"),
        writer.episode(1, TASKS[0]),
    ):
        pass


def test_long_episodes_are_written_as_they_come(tmp_path: Path) -> None:
    form = Format(30, "long", {"action": ("t",)})
    with DatasetWriter(tmp_path / "set", form) as writer:
        with writer.episode(0, "wait") as episode:
            for k in range(1000):
                episode.add({"action": [k]})
        writer.finish(1)
    table = pq.read_table(tmp_path / "set/data/chunk-000/file-000.parquet")
    np.testing.assert_array_equal(np.array(table["action"].to_pylist())[:, 0], np.arange(1000))


def test_other_contents_are_refused(tmp_path: Path, dataset: Path) -> None:
    other = Format(FPS, "another_arm", FORM.vectors, FORM.cameras, FORM.extras)
    with pytest.raises(DatasetError, match=r"begun as something else[\s\S]*another_arm"), DatasetWriter(dataset, other):
        pass
    with pytest.raises(DatasetError, match=r'source: \{"seed": 7\}, asked for \{"seed": 8\}'):
        DatasetWriter(dataset, FORM, source={"seed": 8}).__enter__()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="choose another folder"), DatasetWriter(tmp_path, FORM):
        pass
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_run_killed_at_its_very_start_goes_on(tmp_path: Path) -> None:
    (tmp_path / "set" / STAGING).mkdir(parents=True)
    (tmp_path / "set" / STAGING / "lock").touch()
    (tmp_path / "set/meta").mkdir()
    (tmp_path / "set/meta/.begun_as.json.fresh").touch()
    write(tmp_path / "set", 1)
    assert (tmp_path / "set/meta/info.json").is_file()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with (
        DatasetWriter(tmp_path / "set", FORM),
        pytest.raises(DatasetError, match="another process is writing"),
        DatasetWriter(tmp_path / "set", FORM),
    ):
        pass


def test_a_full_disk_keeps_what_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from humannet_assets.vla.lerobot import staging

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    root = tmp_path / "set"
    with DatasetWriter(root, FORM) as writer:
        with writer.episode(0, TASKS[0]) as episode:
            write_episode(episode, 0)
        with monkeypatch.context() as patch:
            patch.setattr(staging.os, "fsync", full)
            with pytest.raises(DatasetError, match="no space is left"), writer.episode(1, TASKS[0]) as episode:
                write_episode(episode, 1)
        assert writer.missing(2) == [1]


GOOD = {"action": [0.0, 1.0], "observation.state": [1.0, 2.0, 3.0]}
IMAGES = {HEAD: np.zeros((48, 64, 3), np.uint8), WRIST: np.zeros((32, 32, 3), np.uint8)}


@pytest.mark.parametrize(
    ("row", "images", "message"),
    [
        ({"action": [0.0, 1.0]}, IMAGES, r"episode 0, frame 0: vectors lack \['observation.state'\]"),
        (GOOD, {HEAD: IMAGES[HEAD]}, r"images lack \['observation.images.wrist'\]"),
        ({**GOOD, "action": [0.0]}, IMAGES, r"action has shape \(1,\); it must be \(2,\)"),
        ({**GOOD, "action": [0.0, np.nan]}, IMAGES, r"action is not finite in \[1\]"),
        (GOOD, {**IMAGES, HEAD: np.zeros((48, 64, 3), np.float32)}, "head is float32"),
        (GOOD, {**IMAGES, HEAD: np.zeros((64, 48, 3), np.uint8)}, r"it must be uint8 \(48, 64, 3\)"),
    ],
)
def test_frames_that_do_not_fit(tmp_path: Path, row: dict, images: dict, message: str) -> None:
    with pytest.raises(FormatError, match=message), EpisodeWriter(tmp_path, FORM, 0, "task") as episode:
        episode.add(row, images)


def test_episodes_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no task text"):
        EpisodeWriter(tmp_path, FORM, 0, " ")
    with pytest.raises(FormatError, match="no frames"), EpisodeWriter(tmp_path, FORM, 0, "task", {"success": True, "seed": 1}):
        pass
    wrong = {"success": 1, "seed": 1}
    with pytest.raises(FormatError, match=r"extra success is 1"), EpisodeWriter(tmp_path, FORM, 0, "task", wrong) as episode:
        episode.add(GOOD, IMAGES)
    with DatasetWriter(tmp_path / "empty", FORM) as writer, pytest.raises(DatasetError, match="without episodes"):
        writer.finish(0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fps": 29.97}, "whole frames per second"),
        ({"fps": 0}, "from 1 to 1000"),
        ({"vectors": {"observation.state": ("a",)}}, "no vector called 'action'"),
        ({"vectors": {"action": ("x", "x")}}, "each its own"),
        ({"vectors": {"action": ()}}, "must have names"),
        ({"vectors": {"action": ("x",), "timestamp": ("t",)}}, "reserved"),
        ({"cameras": {"action": (64, 48)}}, "taken twice"),
        ({"cameras": {"a/b": (64, 48)}}, "hold a '/'"),
        ({"cameras": {HEAD: (63, 48)}}, "even sides"),
        ({"extras": {"when": "date"}}, "types are string"),
    ],
)
def test_impossible_formats(changed: dict, message: str) -> None:
    fields = {"fps": FPS, "robot_type": "arm", "vectors": FORM.vectors, "cameras": FORM.cameras, "extras": {}, **changed}
    with pytest.raises(FormatError, match=message):
        Format(**fields)
