"""Ground-truth flows: exact where they can be worked out by hand, and true to real pictures by their colours."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from humannet_assets.single_life.framing import frame_picture, whole
from humannet_assets.single_life.transfer.flow_pairs import (
    EVALUATION_PX,
    FlowPair,
    depth_pair,
    depth_pairs,
    homography_pair,
    hpatches_pairs,
    oxford_pairs,
    pixel_centres,
)
from humannet_assets.single_life.transfer.samples import (
    TUM_UNITS,
    DatasetError,
    paired_samples,
    read_trajectory,
    scannet_samples,
    simulated_samples,
)
from humannet_assets_tests.single_life.transfer.scenes import SIZE, texture, view, write_scannet, write_simulated

ICL_K = np.array([[481.2, 0, 319.5], [0, -480.0, 239.5], [0, 0, 1]])
"""ICL-NUIM's camera (Handa et al. 2014): its y axis points up."""


def colour_error(pair: FlowPair, flow: np.ndarray) -> float:
    """Median difference of brightness between valid target pixels and where a flow says they lie in the source."""
    target, source = (
        frame_picture(picture, whole(picture.shape), (EVALUATION_PX, EVALUATION_PX)).astype(np.float32).mean(-1)
        for picture in (pair.target, pair.source)
    )
    place = (pixel_centres() + flow - 0.5).astype(np.float32)
    found = cv2.remap(source, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return float(np.median(np.abs(found - target)[pair.valid]))


def shift_pair(shift_px: float) -> FlowPair:
    pictures = view(0).picture, view(int(shift_px)).picture
    return homography_pair("p", "g", *pictures, np.array([[1, 0, -shift_px], [0, 1, 0], [0, 0, 1]]))


def test_shift_in_pixels_of_the_evaluation() -> None:
    pair = shift_pair(20)
    scaled = 20 * EVALUATION_PX / SIZE[1]
    assert pair.flow_px[..., 0] == pytest.approx(-scaled, abs=1e-4)
    assert pair.flow_px[..., 1] == pytest.approx(0, abs=1e-4)
    assert pair.valid.mean() == pytest.approx(1 - 20 / SIZE[1], abs=0.005)
    assert colour_error(pair, pair.flow_px) < 1
    assert colour_error(pair, 0 * pair.flow_px) > 20


def test_sources_of_another_size_and_pixel_convention() -> None:
    picture = texture()[:240, :320]
    double = cv2.resize(picture, (640, 480), interpolation=cv2.INTER_LINEAR)
    # The middle of pixel 0 of the small picture lies between pixels 0 and 1 of the large one.
    pair = homography_pair("p", "g", picture, double, np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]]))
    assert pair.flow_px == pytest.approx(0, abs=1e-4)
    assert pair.valid.all()


def test_points_behind_the_picture_plane_are_not_valid() -> None:
    pair = homography_pair("p", "g", view(0).picture, view(0).picture, np.array([[1, 0, 0], [0, 1, 0], [-1 / 80, 0, 1.0]]))
    assert np.isfinite(pair.flow_px).all()
    assert not pair.valid[:, EVALUATION_PX // 2 + 1 :].any()


def test_depth_and_poses_give_the_same_flow_as_the_homography() -> None:
    pair = depth_pair(view(0), view(20))
    expected = shift_pair(20)
    assert np.abs(pair.flow_px - expected.flow_px)[pair.valid].max() < 0.01
    assert (pair.valid == expected.valid).mean() > 0.99


def test_pairs_of_a_data_set_stay_within_scenes_and_overlap(tmp_path: Path) -> None:
    write_scannet(tmp_path, "scene0000_00", (0, 10, 20, 300))
    write_scannet(tmp_path, "scene0001_00", (0, 10))
    names = [pair.name for pair in depth_pairs(scannet_samples(tmp_path))]
    assert names == ["scene0000_00/0-scene0000_00/1", "scene0000_00/1-scene0000_00/2", "scene0001_00/0-scene0001_00/1"]
    assert [pair.name for pair in depth_pairs(scannet_samples(tmp_path), gap=2)] == ["scene0000_00/0-scene0000_00/2"]
    write_simulated(tmp_path / "wall.mp4", (0, 4, 8, 12, 16))
    pairs = list(depth_pairs(simulated_samples(tmp_path / "wall.mp4")))
    assert [pair.group for pair in pairs] == ["wall/1", "wall/1"]
    assert pairs[0].flow_px[pairs[0].valid][:, 0] == pytest.approx(-8 * EVALUATION_PX / SIZE[1], abs=0.1)


def write_hpatches(root: Path, scene: str, images: int = 6) -> None:
    (root / scene).mkdir(parents=True)
    for number in range(1, images + 1):
        cv2.imwrite(str(root / scene / f"{number}.ppm"), view(4 * (number - 1)).picture[..., ::-1])
        if number > 1:
            np.savetxt(root / scene / f"H_1_{number}", [[1, 0, -4 * (number - 1)], [0, 1, 0], [0, 0, 1]])


def test_hpatches_layout(tmp_path: Path) -> None:
    for scene in ("v_wall", "i_wall", "v_another"):
        write_hpatches(tmp_path, scene)
    pairs = list(hpatches_pairs(tmp_path))
    assert [pair.name for pair in pairs] == [f"{scene}/{number}" for scene in ("v_another", "v_wall") for number in range(2, 7)]
    assert {pair.group for pair in pairs} == {f"1-{number}" for number in range(2, 7)}
    assert all(colour_error(pair, pair.flow_px) < 1 for pair in pairs)
    assert len(list(hpatches_pairs(tmp_path, "vi"))) == 15
    (tmp_path / "v_wall" / "H_1_4").unlink()
    with pytest.raises(DatasetError, match="H_1_4 cannot be read"):
        list(hpatches_pairs(tmp_path))
    (tmp_path / "v_another" / "6.ppm").unlink()
    with pytest.raises(DatasetError, match="no picture 6"):
        list(hpatches_pairs(tmp_path))
    with pytest.raises(DatasetError, match=r"no scene v_\*"):
        list(hpatches_pairs(tmp_path / "v_wall"))


def test_real_homographies_and_real_depth_agree_with_the_colours(media_dir: Path) -> None:
    boats = list(oxford_pairs(media_dir / "images" / "homography_boat", (2, 3, 4)))
    assert [pair.name for pair in boats] == [f"homography_boat/{number}" for number in (2, 3, 4)]
    room = media_dir / "images" / "rgbd_icl_render3"
    poses = {str(number): pose for number, pose in enumerate(read_trajectory(room / "pose.txt"), 1)}
    views = list(paired_samples(room, "color_{}.png", "depth_{}.png", TUM_UNITS, intrinsics=ICL_K, poses=poses))
    rooms = [depth_pair(views[0], views[1]), depth_pair(views[0], views[2]), depth_pair(views[2], views[0])]
    for pair in (*boats, *rooms):
        assert pair.valid.mean() > 0.15, pair.name
        assert colour_error(pair, pair.flow_px) < 0.35 * colour_error(pair, 0 * pair.flow_px), pair.name


def test_samples_without_a_camera_cannot_be_paired() -> None:
    sample = view(0)
    with pytest.raises(DatasetError, match="no intrinsics or no pose"):
        depth_pair(sample, type(sample)(sample.name, sample.group, sample.picture, sample.depth_m))
