"""Cameras that came with the footage: found beside it, split where the frame of reference changes, never guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.geometry.known_cameras import KnownCamerasStep, sidecar_rows
from humannet_assets.media.access import MediaAccess
from humannet_assets.media.raw_videos import RawVideoConfig, RawVideoStep
from humannet_assets.media.sidecar import FrameTruth, Intrinsics, ShotTruth, Sidecar, dump_sidecar
from humannet_assets.perception.pinhole import Pinhole
from humannet_assets.sources.identify import IdentifyConfig, IdentifyStep, VideoSourceStep
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps
from humannet_assets.store.step import NoConfig
from humannet_assets.store.tables import KNOWN_CAMERAS, VIDEO_SOURCES
from humannet_assets_tests.media.synthetic import numbered, write_video
from humannet_assets_tests.sources.test_listing import World

CAMERA = Intrinsics(fx=500, fy=500, cx=330, cy=250, width=640, height=480)


def pose(angle: float, x: float) -> list[list[float]]:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec([0, 0, angle]).as_matrix()
    matrix[:3, 3] = (x, 1, 2)
    return matrix.tolist()


def sidecar(worlds: list[tuple[int, str]], frames: int = 8, without: tuple[int, ...] = ()) -> Sidecar:
    """A file whose shots begin at the given frames in the given worlds; frames in `without` have no camera."""
    starts = [start for start, _ in worlds]
    shots = [
        ShotTruth(start_frame=start, end_frame=end, scene="s", viewpoint="ego", human_centric=True, world=world)
        for (start, world), end in zip(worlds, [*starts[1:], frames], strict=True)
    ]
    truths = [
        FrameTruth(time_s=round(i / 10, 3), camera=None if i in without else pose(0.1 * i, float(i))) for i in range(frames)
    ]
    return Sidecar(
        name="a", file="a.mp4", seed=1, description="x", human_centric=True, viewpoint="ego", environment="home",
        expected_outcome="kept", frame_count=frames, frame_rate=10, intrinsics=CAMERA, shots=shots, frames=truths,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("worlds", "without", "expected"),
    [
        ([(0, "kitchen/1")], (), [(0, 8, "kitchen/1")]),
        ([(0, "kitchen/1"), (3, "street/2")], (), [(0, 3, "kitchen/1"), (3, 8, "street/2")]),
        ([(0, "kitchen/1"), (3, "kitchen/1")], (), [(0, 8, "kitchen/1")]),  # a cut within a world keeps its frame
        ([(0, ""), (3, "")], (), [(0, 3, None), (3, 8, None)]),  # nothing says that these are the same place
        ([(0, "kitchen/1")], (4,), [(0, 4, "kitchen/1"), (5, 8, "kitchen/1")]),
        ([(0, "kitchen/1")], tuple(range(8)), []),
    ],
)
def test_a_stretch_shares_one_frame_of_reference(
    worlds: list[tuple[int, str]], without: tuple[int, ...], expected: list[tuple[int, int, str | None]]
) -> None:
    rows = sidecar_rows("video", sidecar(worlds, without=without))
    assert [(row["start_s"], row["frame_count"], row["world"]) for row in rows] == [
        (start / 10, end - start, world) for start, end, world in expected
    ]
    assert len({row["camera_id"] for row in rows}) == len(rows)
    for row, (start, end, _) in zip(rows, expected, strict=True):
        np.testing.assert_allclose(row["rotvec"], [[0, 0, 0.1 * i] for i in range(start, end)], atol=1e-6)
        np.testing.assert_allclose(row["position_m"], [[i, 1, 2] for i in range(start, end)])


def test_known_intrinsics_scale_with_the_picture_and_replace_the_assumed_ones() -> None:
    [row] = sidecar_rows("video", sidecar([(0, "w")]))
    camera = Pinhole.of(320, 240, [row])
    assert (camera.source, camera.focal_px, camera.centre) == ("known", 250, (165, 125))
    np.testing.assert_allclose(camera.project(np.array([[0.1, -0.2, 1.0]])), [[165 + 25, 125 - 50]])
    np.testing.assert_allclose(camera.bearings(np.array([[165.0, 125.0]])), [[0, 0, 1]])
    assert Pinhole.of(320, 240, []) == Pinhole.assumed(320, 240)


@pytest.fixture
def world(tmp_path: Path, store: LanceStore) -> World:
    return World(tmp_path.resolve(), store)


def run(world: World) -> list[dict[str, Any]]:
    world.refresh()
    first = (IdentifyStep(IdentifyConfig()), VideoSourceStep(NoConfig()), RawVideoStep(RawVideoConfig()))
    for step in (*first, KnownCamerasStep(NoConfig())):
        [report] = run_steps(world.store, [step], run_id="run", access=MediaAccess())
        assert report.adds_up
    return world.store.arrow(KNOWN_CAMERAS).sort_by("row_id").to_pylist()


def video(world: World, name: str, number: int = 0, count: int = 12) -> None:
    """A video of its own: ten frames a second, pictures that differ by `number`."""
    path = world.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, (numbered(number + i) for i in range(count)), rate=10)


def worlds(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(str(row["world"]) for row in rows)


def ours(*shots: tuple[int, str], frames: int = 8) -> bytes:
    return dump_sidecar(sidecar(list(shots), frames=frames)).encode()


def test_sidecars_are_found_in_folders_and_manifests_and_read_again_when_they_change(world: World) -> None:
    for number, name in enumerate(("a/one.mp4", "a/bare.mp4", "m/two.mp4")):
        video(world, name, 20 * number)
    world.file("a/one.json", ours((0, "kitchen/1")))
    world.file("m/two.json", ours((0, "street/2")))
    world.file("m/list.csv", b"path\ntwo.mp4\n")
    world.write(world.source(), world.source(id="m", uri="m/list.csv"))
    rows = run(world)
    assert worlds(rows) == ["None", "kitchen/1", "street/2"]
    assert {row["outcome"] for row in rows} == {"kept"}
    world.file("m/two.json", ours((0, "street/3"), frames=9))
    assert worlds(run(world)) == ["None", "kitchen/1", "street/3"]
    (world.folder / "a" / "one.json").unlink()
    assert worlds(run(world)) == ["None", "None", "street/3"]


def test_of_two_copies_the_one_with_a_sidecar_tells(world: World) -> None:
    video(world, "a/bare.mp4")
    world.file("b/told.mp4", (world.folder / "a" / "bare.mp4").read_bytes())
    world.file("b/told.json", ours((0, "kitchen/1")))
    world.write(world.source(), world.source(id="b", uri="b"))
    assert worlds(run(world)) == ["kitchen/1"]
    [attributed] = world.store.arrow(VIDEO_SOURCES).to_pylist()
    assert attributed["source_id"] == "a"


def test_json_of_another_kind_is_left_alone_and_a_broken_sidecar_fails_alone(world: World) -> None:
    whole = json.loads(ours((0, "kitchen/1")))
    broken = json.dumps({**whole, "frame_count": 99}).encode()
    contents = {"a": b'{"title": "cats"}', "b": b"not json", "c": broken, "d": json.dumps(whole).encode()}
    for number, (name, content) in enumerate(contents.items()):
        video(world, f"a/{name}.mp4", 20 * number)
        world.file(f"a/{name}.json", content)
    world.file("outside.json", json.dumps(whole).encode())
    video(world, "a/e.mp4", 100)
    (world.folder / "a" / "e.json").symlink_to(world.folder / "outside.json")
    world.write(world.source())
    rows = run(world)
    assert [row["world"] for row in rows if row["world"]] == ["kitchen/1"]
    [failed] = [row for row in rows if row["outcome"] == "failed"]
    assert "frame_count is 99" in failed["error_message"]
    assert sum(row["outcome"] == "kept" for row in rows) == 4


def test_poses_of_other_tools_and_intrinsics_of_a_manifest(world: World) -> None:
    for number, name in enumerate(("tum", "mps", "colmap", "only", "late", "half")):
        video(world, f"m/{name}.mp4", 20 * number)
    world.file("m/tum.tum", b"100.0 0 0 0 0 0 0 1\n100.5 1 0 0 0 0 0 1\n")
    head = "tracking_timestamp_us," + ",".join(f"{n}_world_device" for n in ("tx", "ty", "tz", "qx", "qy", "qz", "qw"))
    world.file("m/mps.mps.csv", f"{head}\n5000000,0,0,0,0,0,0,1\n".encode())
    world.file("m/colmap.colmap/images.txt", b"1 1 0 0 0 -1 0 0 1 f_0003.png\n\n")
    world.file("m/colmap.colmap/cameras.txt", b"1 SIMPLE_PINHOLE 160 96 150 80 48\n")
    world.file("m/late.colmap/images.txt", b"1 1 0 0 0 -1 0 0 1 f_0099.png\n\n")
    world.file("m/late.colmap/cameras.txt", b"1 SIMPLE_PINHOLE 160 96 150 80 48\n")
    columns = "path,fx,fy,cx,cy,image_width,image_height,pose_clock_at_start_s"
    lines = ["tum.mp4,140,140,80,48,160,96,99.8", "mps.mp4,,,,,,,", "colmap.mp4,,,,,,,", "only.mp4,200,201,80,48,160,96,",
             "late.mp4,,,,,,,", "half.mp4,200,,,,,,"]  # fmt: skip
    world.file("m/list.csv", "\n".join([columns, *lines]).encode())
    world.write(world.source(id="m", uri="m/list.csv"))
    rows = run(world)
    found = {row["format"]: row for row in rows if row["format"]}
    assert set(found) == {"tum", "aria_mps", "colmap", "manifest"}
    np.testing.assert_allclose(found["tum"]["times_s"], [0.2, 0.7])
    assert (found["tum"]["fx"], found["aria_mps"]["fx"], found["colmap"]["fx"], found["manifest"]["fy"]) == (
        140,
        None,
        150,
        201,
    )
    np.testing.assert_allclose(found["aria_mps"]["times_s"], [0.0])
    np.testing.assert_allclose(found["colmap"]["times_s"], [0.3], atol=1e-3)
    np.testing.assert_allclose(found["colmap"]["position_m"], [[1, 0, 0]])
    assert (found["manifest"]["frame_count"], found["manifest"]["start_s"]) == (0, None)
    messages = " ".join(row["error_message"] for row in rows if row["outcome"] == "failed")
    assert "a pose for frame 99, but the video has 12 frames" in messages
    assert "has fx but not cx, cy, fy, image_height, image_width" in messages
    # What only knows poses changes nothing about the assumed field of view.
    assert Pinhole.of(160, 96, [found["aria_mps"]]) == Pinhole.assumed(160, 96)
