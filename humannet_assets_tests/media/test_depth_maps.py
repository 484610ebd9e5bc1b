"""Depth maps: what is written is read back within the stated error, and a damaged file is never taken for whole."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from humannet_assets.media.depth_maps import (
    NEAREST_M,
    DepthMaps,
    DepthMapsError,
    DepthWriter,
    decode_depth,
    depth_error_m,
    depth_maps_path,
    encode_depth,
    read_depth,
)

SIZE = (24, 16)
depths = st.one_of(st.just(0.0), st.floats(0.0625, 1000.0, width=32))


def maps(seed: int, size: tuple[int, int] = SIZE) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    depth = rng.uniform(0.1, 60, size[::-1]).astype(np.float32)
    depth[rng.random(depth.shape) < 0.2] = 0
    return depth, rng.integers(0, 65536, depth.shape).astype(np.uint16)


def write(path: Path, count: int = 3, every: int = 5) -> Path:
    with DepthWriter(path, every, *SIZE) as writer:
        for i in range(count):
            writer.write(i * every, *maps(i))
    return path


@settings(deadline=None)
@given(arrays.arrays(np.float32, arrays.array_shapes(min_dims=1, max_dims=3), elements=depths))
def test_stored_depth_is_within_the_stated_error(depth: np.ndarray) -> None:
    back = decode_depth(encode_depth(depth))
    assert back.dtype == np.float32
    assert np.all(np.abs(back.astype(float) - depth) <= depth_error_m(depth))
    assert np.array_equal(back == 0, depth == 0)


@settings(deadline=None)
@given(st.floats(1e-6, NEAREST_M))
def test_too_near_is_stored_as_nearest(depth: float) -> None:
    assert decode_depth(encode_depth(depth))[()] == pytest.approx(NEAREST_M, rel=1e-6)


def test_the_documented_errors_hold() -> None:
    assert depth_error_m([1.0, 5.0, 20.0]) == pytest.approx([0.00015, 0.0038, 0.061], rel=0.03)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), every=st.integers(1, 9), count=st.integers(0, 4), width=st.integers(1, 40), height=st.integers(1, 40))
def test_every_frame_is_read_back_alone(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, every: int, count: int, width: int, height: int
) -> None:
    path = tmp_path_factory.mktemp("maps") / "a.depth.zip"
    frames = [
        (
            data.draw(arrays.arrays(np.float32, (height, width), elements=depths)),
            data.draw(arrays.arrays(np.uint16, (height, width))),
        )
        for _ in range(count)
    ]
    with DepthWriter(path, every, width, height) as writer:
        for i, (depth, instances) in enumerate(frames):
            writer.write(i * every, depth, instances)
    with DepthMaps(path) as reader:
        assert (reader.every, reader.width, reader.height) == (every, width, height)
        assert list(reader.frames) == [i * every for i in range(count)]
        for i in reversed(range(count)):
            depth, instances = reader.read(i * every)
            assert np.array_equal(depth, decode_depth(encode_depth(frames[i][0])))
            assert instances.dtype == np.uint16
            assert np.array_equal(instances, frames[i][1])


def test_equal_maps_give_equal_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a.zip").read_bytes() == write(tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_one_frame_is_read_without_the_others(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", count=3)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        first, last = (archive.getinfo(f"depth/{i:06d}.png") for i in (0, 10))
    content[first.header_offset + 60] ^= 0xFF
    path.write_bytes(content)
    depth, _ = read_depth(path, 10)
    assert np.allclose(depth, maps(2)[0], rtol=0.02)
    assert last.header_offset > first.header_offset
    with pytest.raises(DepthMapsError, match="damaged"):
        read_depth(path, 0)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    size = (160, 120)
    frame = maps(0, size)
    tracemalloc.start()
    with DepthWriter(tmp_path / "a.zip", 1, *size) as writer:
        for i in range(60):
            writer.write(i, *frame)
            if i == 5:
                early, _ = tracemalloc.get_traced_memory()
        late, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "a.zip").stat().st_size > 3_000_000
    assert late - early < 200_000


def test_nothing_half_has_the_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", count=1)
    before = path.read_bytes()

    def die() -> None:
        with DepthWriter(path, 5, *SIZE) as writer:
            writer.write(0, *maps(7))
            assert path.read_bytes() == before
            raise RuntimeError("the renderer died")

    with pytest.raises(RuntimeError, match="renderer"):
        die()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "_write_end_record", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=40, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    path = write(tmp_path_factory.mktemp("maps") / "a.zip")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DepthMapsError):
        DepthMaps(path)


@settings(max_examples=60, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_gives_other_maps(tmp_path_factory: pytest.TempPathFactory, at: float, bit: int) -> None:
    path = write(tmp_path_factory.mktemp("maps") / "a.zip")
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        with DepthMaps(path) as reader:
            found = [reader.read(frame) for frame in reader.frames]
    except DepthMapsError:
        return
    for i, (depth, instances) in enumerate(found):
        assert np.array_equal(depth, decode_depth(encode_depth(maps(i)[0])))
        assert np.array_equal(instances, maps(i)[1])


@pytest.mark.parametrize("frame", [-5, 1, 15, 4])
def test_frames_without_maps_are_named(tmp_path: Path, frame: int) -> None:
    with pytest.raises(DepthMapsError, match="every 5th from 0 to 10"):
        read_depth(write(tmp_path / "a.zip"), frame)


@pytest.mark.parametrize(
    ("depth", "instances", "message"),
    [
        (np.full(SIZE[::-1], -1.0), np.zeros(SIZE[::-1], int), "negative"),
        (np.full(SIZE[::-1], np.nan), np.zeros(SIZE[::-1], int), "finite"),
        (np.zeros(SIZE), np.zeros(SIZE[::-1], int), "shape"),
        (np.zeros(SIZE[::-1]), np.full(SIZE[::-1], 65536), "65535"),
        (np.zeros(SIZE[::-1]), np.zeros(SIZE[::-1]), "whole numbers"),
    ],
)
def test_what_cannot_be_stored_is_refused(tmp_path: Path, depth: np.ndarray, instances: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message), DepthWriter(tmp_path / "a.zip", 5, *SIZE) as writer:
        writer.write(0, depth, instances)


def test_frames_come_in_order(tmp_path: Path) -> None:
    with DepthWriter(tmp_path / "a.zip", 5, *SIZE) as writer:
        writer.write(0, *maps(0))
        with pytest.raises(ValueError, match="maps of frame 5 are due"):
            writer.write(10, *maps(1))


@pytest.mark.parametrize(("every", "width", "height"), [(0, 4, 4), (1, 0, 4), (1, 4, 9000)])
def test_impossible_sizes_are_refused(tmp_path: Path, every: int, width: int, height: int) -> None:
    with pytest.raises(ValueError, match=r"every|sides"):
        DepthWriter(tmp_path / "a.zip", every, width, height)
    assert list(tmp_path.iterdir()) == []


def rewritten(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """The same archive with some entries replaced."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()} | entries
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def test_other_archives_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DepthMapsError, match="no depth maps at"):
        DepthMaps(tmp_path / "missing.zip")
    (tmp_path / "text.zip").write_text("not a zip")
    with pytest.raises(DepthMapsError, match="cannot be read"):
        DepthMaps(tmp_path / "text.zip")
    header = json.dumps({"format": "humannet-depth-maps", "version": 9, "nearest_m": NEAREST_M}).encode()
    with pytest.raises(DepthMapsError, match="'version': 9"):
        DepthMaps(rewritten(write(tmp_path / "new.zip"), {"about.json": header}))
    with pytest.raises(DepthMapsError, match="does not belong"):
        DepthMaps(rewritten(write(tmp_path / "odd.zip"), {"../evil.png": b""}))
    with pytest.raises(DepthMapsError, match="does not belong"):
        DepthMaps(rewritten(write(tmp_path / "packed.zip"), {}, zipfile.ZIP_DEFLATED))
    with pytest.raises(DepthMapsError, match="does not have the maps"):
        DepthMaps(rewritten(write(tmp_path / "gap.zip"), {"depth/000020.png": b""}))


def test_a_picture_that_claims_to_be_huge_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = cv2.imencode(".png", np.zeros((3000, 3000), np.uint16))[1].tobytes()[:400]
    path = rewritten(write(tmp_path / "a.zip", count=1), {"depth/000000.png": huge})
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(DepthMapsError, match="24x16"):
        read_depth(path, 0)


def test_the_file_lies_beside_its_video() -> None:
    assert depth_maps_path(Path("a/ego.mp4")) == Path("a/ego.depth.zip")
