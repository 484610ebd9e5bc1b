"""Data sets that try to read what is not theirs, or more than there is."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from humannet_assets.vla.episodes import BadEpisode, Episode, UnreadableDatasetError
from humannet_assets.vla.importers.reading import ReadLimits, fill, inside, read_json, read_jsonl
from humannet_assets.vla.importers.registry import ImportConfig, UnknownFormatError, detect_format, find_datasets, iter_episodes
from humannet_assets_tests.vla.robot_files import (
    columns_of,
    trajectory,
    write_json,
    write_lerobot_v1,
    write_lerobot_v2,
    write_lerobot_v3,
    write_rlds,
)


@pytest.mark.parametrize("relative", ["../outside.parquet", "/etc/passwd", "a/../../b", "a\0b"])
def test_paths_stay_inside(tmp_path: Path, relative: str) -> None:
    with pytest.raises(UnreadableDatasetError, match="not inside"):
        inside(tmp_path.resolve(), relative, "info.json")


def test_links_out_of_the_data_set_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    root = (tmp_path / "set").resolve()
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "within").symlink_to(root / "other")
    with pytest.raises(UnreadableDatasetError, match="leads out"):
        inside(root, "link", "info.json")
    assert inside(root, "within", "info.json") == root / "within"


@pytest.mark.parametrize(
    "template",
    [
        "{episode_index.__class__}", "{episode_index:999999999d}", "{episode_index!r}", "{other}", "{", "a}b",
        "{episode_index:>9}", "{0}", "{video_key:03d}",
    ],
)  # fmt: skip
def test_templates_do_nothing_but_fill_in(template: str) -> None:
    with pytest.raises(UnreadableDatasetError):
        fill(template, {"episode_index": 7, "video_key": "cam"}, "info.json")
    assert (
        fill("a/{video_key}/{episode_index:06d}.x", {"episode_index": 7, "video_key": "cam"}, "info.json") == "a/cam/000007.x"
    )


@pytest.mark.parametrize("path", ["../../{episode_index}.parquet", "/tmp/{episode_index}.parquet", "{episode_index.real}"])
def test_data_paths_of_a_data_set(tmp_path: Path, path: str) -> None:
    root = write_lerobot_v2(tmp_path / "set", (20,), video=False)
    info = json.loads((root / "meta/info.json").read_text())
    write_json(root / "meta/info.json", {**info, "data_path": path})
    (bad,) = iter_episodes(root)
    assert isinstance(bad, BadEpisode)
    assert "info.json" in bad.message


def test_video_keys_that_lead_out(tmp_path: Path) -> None:
    root = write_lerobot_v2(tmp_path / "set", (20,), video=False)
    info = json.loads((root / "meta/info.json").read_text())
    info["features"]["../../../secret"] = {"dtype": "video", "shape": [32, 32, 3]}
    write_json(root / "meta/info.json", info)
    (tmp_path / "secret").mkdir()
    (episode,) = iter_episodes(root)
    assert isinstance(episode, Episode)
    assert not episode.cameras
    assert all("not inside" in reason for reason in episode.missing_cameras.values())


def test_videos_of_version_1_that_lead_out(tmp_path: Path) -> None:
    root = write_lerobot_v1(tmp_path / "cups", (30,))
    path = root / "train" / "data-00000-of-00001.arrow"
    with pa.OSFile(str(path)) as source:
        table = pa.ipc.open_stream(source).read_all()
    pictures = pa.array([{"path": "../../other.mp4", "timestamp": k / 10} for k in range(30)])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.set_column(table.schema.get_field_index("observation.image"), "observation.image", pictures))
    (episode,) = iter_episodes(root)
    assert isinstance(episode, Episode)
    assert "not inside" in episode.missing_cameras["image"]


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    """Opaque columns (some data sets pickle into them) stay closed."""

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    root = write_lerobot_v2(tmp_path / "set", (20,), video=False)
    info = json.loads((root / "meta/info.json").read_text())
    info["features"]["annotation.boxes"] = {"dtype": "binary", "shape": [1]}
    write_json(root / "meta/info.json", info)
    values = trajectory(20)
    columns = {**columns_of(20, 0, 0, values, values), "annotation.boxes": [pickle.dumps(Trap())] * 20}
    pq.write_table(pa.table(columns), root / "data/chunk-000/episode_000000.parquet")
    (episode,) = iter_episodes(root)
    assert isinstance(episode, Episode)
    assert not (tmp_path / "sprung").exists()


def test_json_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[" * 200_000 + "]" * 200_000)
    with pytest.raises(UnreadableDatasetError, match="not JSON"):
        read_json(path, ReadLimits())
    path.write_text(json.dumps("x" * 1000))
    with pytest.raises(UnreadableDatasetError, match="larger than 100 bytes"):
        read_json(path, ReadLimits(max_json_bytes=100))
    path.write_text('{"a": 1}\n' + '{"b": "' + "x" * 500 + '"}\n' + "[" * 100_000 + "\n" + '{"c": 3}\n')
    lines = list(read_jsonl(path, ReadLimits(max_line_bytes=200_000)))
    assert [number for number, _ in lines] == [1, 2, 3, 4]
    assert isinstance(lines[2][1], str)
    assert lines[3][1] == {"c": 3}
    short = list(read_jsonl(path, ReadLimits(max_line_bytes=100)))
    assert short[0][1] == {"a": 1}
    assert isinstance(short[1][1], str)
    assert "longer" in short[1][1]
    assert short[3][1] == {"c": 3}


def test_too_many_frames_are_refused_before_reading(tmp_path: Path) -> None:
    config = ImportConfig.model_validate({"limits": {"max_frames": 22}})
    for root in (write_lerobot_v2(tmp_path / "a", (20, 40), video=False), write_lerobot_v3(tmp_path / "b", (20, 40, 15))):
        found = list(iter_episodes(root, config))
        assert [getattr(episode, "reason", "good") for episode in found][:2] == ["good", "too_long"]
    assert isinstance(found[2], Episode)
    assert np.allclose(found[2].state, trajectory(15, 2), atol=1e-6)


def test_large_row_groups_are_refused(tmp_path: Path) -> None:
    root = write_lerobot_v3(tmp_path / "set")
    found = list(iter_episodes(root, ImportConfig.model_validate({"limits": {"max_row_group_bytes": 10_000}})))
    assert all(isinstance(episode, BadEpisode) and "row group" in episode.message for episode in found)


def test_formats_are_told_apart_and_what_is_none_is_said(tmp_path: Path) -> None:
    write_lerobot_v2(tmp_path / "all" / "two", (20,), video=False)
    write_rlds(tmp_path / "all" / "deeper" / "bridge")
    write_lerobot_v1(tmp_path / "all" / "one", (20,))
    found = list(find_datasets(tmp_path / "all"))
    assert [(path.name, detect_format(path)) for path in found] == [
        ("bridge", "rlds"), ("one", "lerobot_v1"), ("two", "lerobot_v2"),
    ]  # fmt: skip
    with pytest.raises(UnknownFormatError, match=r"below it: deeper/bridge, one, two"):
        detect_format(tmp_path / "all")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnknownFormatError, match=r"meta/info\.json"):
        detect_format(tmp_path / "empty")
    with pytest.raises(FileNotFoundError):
        detect_format(tmp_path / "nothing")
    (tmp_path / "all" / "two" / "meta" / "info.json").write_text('{"codebase_version": "v9.0", "fps": 30}')
    with pytest.raises(UnknownFormatError, match="v9"):
        detect_format(tmp_path / "all" / "two")


def test_reading_is_streamed(tmp_path: Path) -> None:
    """The first episode comes before the last file is even there."""
    root = write_lerobot_v2(tmp_path / "set", (20, 20), video=False)
    last = root / "data/chunk-000/episode_000001.parquet"
    kept = last.rename(tmp_path / "kept")
    found = iter_episodes(root)
    assert isinstance(next(found), Episode)
    kept.rename(last)
    assert isinstance(next(found), Episode)
