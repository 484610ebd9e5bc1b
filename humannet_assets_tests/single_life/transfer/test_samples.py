"""Loaders give the picture, the depth in metres and the camera that belong together, and say what is wrong with a data set."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from humannet_assets.single_life.transfer.samples import (
    MILLIMETRES,
    TUM_UNITS,
    DatasetError,
    nyu_samples,
    paired_samples,
    read_trajectory,
    scannet_samples,
    simulated_samples,
)
from humannet_assets_tests.single_life.transfer.scenes import SIZE, K, view, write_scannet, write_simulated


def write_nyu(root: Path, names: tuple[str, ...]) -> None:
    for folder in ("rgb", "depth"):
        (root / folder).mkdir()
    for place, name in enumerate(names):
        cv2.imwrite(str(root / "rgb" / f"{name}.png"), np.full((*SIZE, 3), (0, 0, 10 * place), np.uint8))
        cv2.imwrite(str(root / "depth" / f"{name}.png"), np.full(SIZE, 1000 * (place + 1), np.uint16))


def test_nyu_layout_in_numeric_order(tmp_path: Path) -> None:
    write_nyu(tmp_path, ("1", "2", "10"))
    samples = list(nyu_samples(tmp_path))
    assert [sample.name.rpartition("/")[2] for sample in samples] == ["1", "2", "10"]
    assert [float(sample.depth_m.max()) for sample in samples] == [1, 2, 3]
    assert samples[2].picture[0, 0].tolist() == [20, 0, 0]  # red: RGB
    assert [s.name for s in nyu_samples(tmp_path, every=2)] == [samples[0].name, samples[2].name]


def test_scannet_layout_leaves_lost_poses_out(tmp_path: Path) -> None:
    write_scannet(tmp_path, "scene0000_00", (0, 8, 16))
    np.savetxt(tmp_path / "scene0000_00" / "pose" / "1.txt", np.full((4, 4), -np.inf))
    samples = list(scannet_samples(tmp_path))
    assert [sample.name for sample in samples] == ["scene0000_00/0", "scene0000_00/2"]
    assert samples[1].group == "scene0000_00"
    assert samples[1].pose == pytest.approx(view(16).pose)
    assert samples[1].intrinsics == pytest.approx(K)
    assert samples[1].depth_m == pytest.approx(view(16).depth_m)


def test_simulated_videos_give_the_frames_that_have_maps(tmp_path: Path) -> None:
    video = tmp_path / "wall.mp4"
    write_simulated(video, (0, 4, 8, 12, 16))
    samples = list(simulated_samples(video))
    assert [sample.name for sample in samples] == ["wall/0", "wall/2", "wall/4"]
    assert [s.name for s in simulated_samples(video, every=2)] == ["wall/0", "wall/4"]
    last = samples[-1]
    assert (last.group, last.depth_m.shape, last.picture.shape) == ("wall/1", (60, 80), (120, 160, 3))
    assert last.pose == pytest.approx(view(16).pose)
    assert last.intrinsics == pytest.approx(np.diag([0.5, 0.5, 1]) @ K)
    assert np.abs(last.picture.astype(int) - view(16).picture).mean() < 12  # the right frame, but for compression
    assert np.abs(last.picture.astype(int) - view(8).picture).mean() > 20
    video.with_suffix(".depth.zip").unlink()
    with pytest.raises(DatasetError, match="no depth maps"):
        list(simulated_samples(video))
    video.with_suffix(".json").unlink()
    with pytest.raises(DatasetError, match="no sidecar"):
        list(simulated_samples(video))


def test_arrays_in_metres_and_unknown_depth(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a_rgb.png"), np.zeros((4, 6, 3), np.uint8))
    np.save(tmp_path / "a_depth.npy", np.array([[1.5, np.nan, np.inf], [-1, 0, 2]]))
    (sample,) = paired_samples(tmp_path, "{}_rgb.png", "{}_depth.npy", 1.0)
    assert sample.depth_m.tolist() == [[1.5, 0, 0], [0, 0, 2]]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("no depth file", r"no depth file depth/\*.png"),
        ("alone", "rgb/2.png is missing or no picture"),
        ("empty", "has no valid pixel"),
        ("8 bit", "is no 16-bit picture"),
        ("aspect", "picture 160x120 and depth 80x120 have different aspects"),
        ("text", "missing or no picture"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, broken: str, message: str) -> None:
    write_nyu(tmp_path, ("1", "2"))
    depth, picture = tmp_path / "depth" / "2.png", tmp_path / "rgb" / "2.png"
    match broken:
        case "no depth file":
            shutil.rmtree(tmp_path / "depth")
        case "alone":
            picture.unlink()
        case "empty":
            cv2.imwrite(str(depth), np.zeros(SIZE, np.uint16))
        case "8 bit":
            cv2.imwrite(str(depth), np.ones(SIZE, np.uint8))
        case "aspect":
            cv2.imwrite(str(depth), np.ones((SIZE[0], SIZE[1] // 2), np.uint16))
        case "text":
            picture.write_text("no picture")
    with pytest.raises(DatasetError, match=message):
        list(nyu_samples(tmp_path))


def test_scannet_without_scenes_or_with_odd_files(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no scene with a folder depth"):
        list(scannet_samples(tmp_path))
    write_scannet(tmp_path, "scene0000_00", (0,))
    (tmp_path / "scene0000_00" / "pose" / "0.txt").write_text("1 2 3\n")
    with pytest.raises(DatasetError, match="holds 1x3 numbers, expected 4x4"):
        list(scannet_samples(tmp_path))
    (tmp_path / "poses.txt").write_text("1 2 3\n")
    with pytest.raises(DatasetError, match="3 numbers a line"):
        read_trajectory(tmp_path / "poses.txt")


def test_real_depth_has_sane_scale(media_dir: Path) -> None:
    images = media_dir / "images"
    aria = images / "ego_rgbd_adt" / "decoded"
    sets = (
        paired_samples(images / "rgbd_tum_fr2desk_pair", "{}.png", "{}_depth.png", TUM_UNITS),
        paired_samples(images / "rgbd_icl_render3", "color_{}.png", "depth_{}.png", TUM_UNITS),
        paired_samples(aria, "adt_rgb_{}.jpg", "adt_depth_mm_{}.png", MILLIMETRES),
    )
    medians = [[float(np.median(sample.depth_m[sample.depth_m > 0])) for sample in samples] for samples in sets]
    assert [len(found) for found in medians] == [2, 3, 2]
    assert all(0.3 < value < 5 for found in medians for value in found)
