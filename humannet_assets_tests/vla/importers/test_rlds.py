"""RLDS: record framing and checksums, the protobuf wire format, and episodes made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humannet_assets.vla.episodes import BadEpisode, Episode, UnreadableDatasetError
from humannet_assets.vla.importers.registry import UnknownFormatError, detect_format, iter_episodes
from humannet_assets.vla.importers.tf_example import WireError, parse
from humannet_assets.vla.importers.tfrecord import crc32c, iter_records, masked_crc, read_record
from humannet_assets.vla.pictures import PictureError, episode_pictures
from humannet_assets_tests.vla.robot_files import (
    example,
    feature,
    framed,
    grey,
    rlds_step,
    tagged,
    write_json,
    write_rlds,
)


def test_checksums_of_the_standard() -> None:
    # RFC 3720, appendix B.4, and the check value of the CRC catalogue.
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert masked_crc(b"") == 0xA282EAD8


@given(data=st.binary(min_size=0, max_size=64), repeats=st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_striped_checksum_equals_the_plain_one(data: bytes, repeats: int) -> None:
    content = data * repeats * 3
    register = 0xFFFFFFFF
    for byte in content:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    assert crc32c(content) == register ^ 0xFFFFFFFF


def test_damage_is_found_and_passed_over(tmp_path: Path) -> None:
    records = [framed(bytes([number]) * 100) for number in range(4)]
    spoilt = bytearray(records[1])
    spoilt[50] ^= 1
    path = tmp_path / "x.tfrecord"
    path.write_bytes(records[0] + spoilt + records[2] + records[3][:-7])
    found = list(iter_records(path))
    assert [record.data is not None for record in found] == [True, False, True, False]
    assert "checksum" in found[1].problem
    assert "ends inside" in found[3].problem
    assert read_record(path, found[2].offset).data == bytes([2]) * 100
    assert read_record(path, 3).data is None


def test_nothing_is_looked_for_behind_a_damaged_length(tmp_path: Path) -> None:
    records = [framed(bytes([number]) * 100) for number in range(3)]
    path = tmp_path / "x.tfrecord"
    path.write_bytes(records[0] + bytes([50]) + records[1][1:] + records[2])
    first, second = iter_records(path)
    assert first.data == bytes(100)
    assert second.data is None
    assert "length at byte 116 fails its checksum" in second.problem


def test_a_length_beyond_the_file_is_not_allocated(tmp_path: Path) -> None:
    import struct

    length = struct.pack("<Q", 2**60)
    path = tmp_path / "x.tfrecord"
    path.write_bytes(length + struct.pack("<I", masked_crc(length)) + b"data")
    (record,) = iter_records(path)
    assert record.data is None
    assert "ends inside" in record.problem


integers = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=30)
floats = st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=30)


@given(ints=integers, values=floats, words=st.lists(st.binary(max_size=20), min_size=1, max_size=5), packed=st.booleans())
@settings(max_examples=60, deadline=None)
def test_examples_are_read_back(ints: list[int], values: list[float], words: list[bytes], packed: bool) -> None:
    data = example({"i": np.array(ints, np.int64), "f": np.array(values), "b": words}, packed=packed)
    found = parse(data)
    assert found.numbers("i").tolist() == ints
    assert np.array_equal(found.numbers("f"), np.array(values, np.float32).astype(np.float64))
    assert [bytes(word) for word in found.byte_strings("b")] == words
    assert found.kind("b") == "bytes"
    assert found.kind("nothing") == "none"


def test_sequence_examples_are_read_step_by_step() -> None:
    steps = [tagged(1, feature(np.array([float(k), 2.0 * k]))) for k in range(3)]
    lists = tagged(1, tagged(1, b"steps/action") + tagged(2, b"".join(steps)))
    found = parse(example({"episode_metadata/id": np.array([7])}) + tagged(2, lists))
    assert found.numbers("steps/action").tolist() == [0, 0, 1, 2, 2, 4]
    assert found.numbers("episode_metadata/id").tolist() == [7]


@given(data=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_example_or_a_wire_error(data: bytes) -> None:
    try:
        found = parse(data)
        for key in found.names():
            found.numbers(key), found.byte_strings(key)
    except WireError:
        pass


def test_episodes(tmp_path: Path) -> None:
    root = write_rlds(tmp_path / "set")
    assert detect_format(root) == "rlds"
    first, second = iter_episodes(root)
    assert isinstance(first, Episode)
    assert isinstance(second, Episode)
    assert first.source == "bridge_dataset"
    assert first.robot == "bridge"
    assert first.frames == 12
    assert first.instruction == "put the pot on the stove"
    assert second.metadata["file_path"] == "/somewhere/1"
    assert first.ee_pose is not None
    assert first.gripper is not None
    assert np.allclose(first.ee_pose[:, 0, 0], 0.3 + 0.05 * np.sin(np.arange(12) / 5), atol=1e-6)
    assert np.allclose(first.ee_pose[:, 0, 5], np.sin(0.05 * np.arange(12) / 5), atol=1e-6)
    assert first.gripper[:, 0].tolist() == [1.0] * 6 + [0.0] * 6
    assert np.allclose(first.timestamps_s, np.arange(12) / 5)
    # The flag says there is no image_0, but there is; image_1 is a black placeholder.
    assert list(first.cameras) == ["image_0"]
    assert "blank" in first.missing_cameras["image_1"]
    for frame, picture in episode_pictures(second, "image_0", [0, 4, 11]):
        assert abs(int(picture[24, 16, 1]) - int(grey(frame)[24, 16, 1])) <= 4
    with pytest.raises(PictureError, match="blank"):
        list(episode_pictures(first, "image_1", [0]))


def test_bad_episodes_do_not_stop_the_others(tmp_path: Path) -> None:
    short = rlds_step(12)
    short["steps/action"] = short["steps/action"][:-3]
    words = {**rlds_step(12), "steps/action": [b"left"] * 12}
    records = [
        example(rlds_step(12)),
        b"\x0a\xff\xff\xff\x01",
        example(short),
        example(words),
        example({}),
        example(rlds_step(9)),
    ]
    root = write_rlds(tmp_path / "set", records)
    found = list(iter_episodes(root))
    reasons = [episode.reason if isinstance(episode, BadEpisode) else "" for episode in found]
    assert reasons == ["", "unreadable_data", "wrong_dims", "wrong_dtype", "empty", ""]
    assert [episode.index for episode in found] == list(range(6))
    bad: Any = found[2]
    assert "'steps/action' has 81 numbers" in bad.message
    assert "84" in bad.message
    assert str(root) in bad.message


def test_descriptions_that_are_missing_or_wrong(tmp_path: Path) -> None:
    root = write_rlds(tmp_path / "set")
    (root / "features.json").rename(root / "kept.json")
    with pytest.raises(UnknownFormatError, match=r"features\.json"):
        detect_format(root)
    write_json(root / "features.json", {"featuresDict": {"features": {"image": {"text": {}}}}})
    with pytest.raises(UnreadableDatasetError, match="steps"):
        list(iter_episodes(root))
    (root / "features.json").write_text("[" * 100_000)
    with pytest.raises(UnreadableDatasetError, match="not JSON"):
        list(iter_episodes(root))
