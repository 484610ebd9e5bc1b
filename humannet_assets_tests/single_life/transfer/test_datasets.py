"""Folders in the layouts data sets come in become samples split by scene, and pairs with truth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from humannet_assets.single_life.experiment import DatasetFolder, TransferConfig
from humannet_assets.single_life.transfer.datasets import from_samples, load_dataset
from humannet_assets.single_life.transfer.samples import DatasetError
from humannet_assets_tests.single_life.transfer.scenes import FOCAL_PX, SIZE, view, write_scannet

CONFIG = TransferConfig(pair_gap=1, max_pairs=6, max_samples=8)


def test_scannet_scenes_are_split_whole_and_paired_within(tmp_path: Path) -> None:
    for scene in ("scene0", "scene1", "scene2"):
        write_scannet(tmp_path, scene, (0, 10, 20, 30))
    data = load_dataset(DatasetFolder(name="rooms", layout="scannet", path=tmp_path), CONFIG)
    trained, tested = ({sample.group for sample in part} for part in (data.train, data.test))
    assert min(len(trained), len(tested)) > 0
    assert not trained & tested
    assert data.split == "scenes"
    assert len(data.train) + len(data.test) == CONFIG.max_samples
    assert 0 < len(data.pairs) <= CONFIG.max_pairs
    # The camera moved right by ten pixels of 160: at 240 pixels the wall moves left by fifteen.
    for pair in data.pairs:
        assert np.median(pair.flow_px[..., 0][pair.valid]) == pytest.approx(-15, abs=0.5)


def test_a_tum_sequence_is_brought_together_by_time_stamps(tmp_path: Path) -> None:
    lines = ["# timestamp tx ty tz qx qy qz qw"]
    for folder in ("rgb", "depth"):
        (tmp_path / folder).mkdir()
    for index, shift in enumerate((0, 10, 20, 30)):
        sample, time_s = view(shift), 100 + index / 10
        cv2.imwrite(str(tmp_path / "rgb" / f"{time_s:.6f}.png"), sample.picture[..., ::-1])
        assert sample.pose is not None
        late = 0.5 if index == 3 else 0.004
        cv2.imwrite(str(tmp_path / "depth" / f"{time_s + late:.6f}.png"), (sample.depth_m * 5000).astype(np.uint16))
        lines.append(f"{time_s + 0.001} {sample.pose[0, 3]} 0 0 0 0 0 1")
    (tmp_path / "groundtruth.txt").write_text("\n".join(lines))
    camera = (FOCAL_PX, FOCAL_PX, SIZE[1] / 2 - 0.5, SIZE[0] / 2 - 0.5)
    folder = DatasetFolder(name="desk", layout="tum", path=tmp_path, intrinsics=camera)
    data = load_dataset(folder, CONFIG)
    assert len(data.train) + len(data.test) == 3, "the last picture has no depth near in time"
    assert data.split == "time"
    assert [np.median(pair.flow_px[..., 0][pair.valid]) for pair in data.pairs] == pytest.approx([-15, -15], abs=0.5)
    assert not load_dataset(folder.model_copy(update={"intrinsics": None}), CONFIG).pairs


def test_samples_without_a_camera_are_for_depth_only() -> None:
    from dataclasses import replace

    samples = [replace(view(10 * index, str(index)), pose=None) for index in range(4)]
    data = from_samples("x", samples, CONFIG)
    assert [len(part) for part in (data.train, data.test, data.pairs)] == [2, 2, 0]


def test_a_missing_folder_is_named_and_marks_the_provenance(tmp_path: Path) -> None:
    folder = DatasetFolder(name="nyu", layout="nyu", path=tmp_path / "absent")
    with pytest.raises(DatasetError, match=r"correct single_life\.transfer\.datasets"):
        load_dataset(folder, CONFIG)
    config = TransferConfig(datasets=(folder,))
    assert config.contents() == ("nyu:missing",)
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "a.png").write_bytes(b"1")
    marked = config.contents()
    (tmp_path / "absent" / "a.png").write_bytes(b"22")
    assert len({marked, config.contents(), ("nyu:missing",)}) == 3
