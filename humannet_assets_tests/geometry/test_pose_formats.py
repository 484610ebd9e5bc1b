"""Poses written by other tools: read as what they are, refused with file and line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.geometry.pose_formats import PoseFileError, PoseTrack, read_aria_mps, read_colmap, read_tum

TURNS = Rotation.from_rotvec([[0.1 * i, 0.2, -0.3 * i] for i in range(3)])
PLACES = np.array([[0.0, 1, 2], [0.5, 1, 2], [1.0, 1.5, 2]])


def check(track: PoseTrack) -> None:
    np.testing.assert_allclose(track.rotation, TURNS.as_matrix(), atol=1e-9)
    np.testing.assert_allclose(track.position, PLACES, atol=1e-9)


def test_tum() -> None:
    unordered = [" ".join(map(str, [1311868164.5 + i, *PLACES[i], *TURNS[i].as_quat()])) for i in (2, 0, 1)]
    track = read_tum("\n".join(["# timestamp tx ty tz qx qy qz qw", "", *unordered]), "a.tum")
    check(track)
    np.testing.assert_allclose(np.diff(track.clock_s), 1)
    assert (track.intrinsics, track.by_frame) == (None, False)


def test_aria_mps() -> None:
    head = "graph_uid,tracking_timestamp_us,utc_timestamp_ns," + ",".join(
        f"{name}_world_device" for name in ("tx", "ty", "tz", "qx", "qy", "qz", "qw")
    )
    rows = [",".join(map(str, ["x", 33_333 * i, -1, *PLACES[i], *TURNS[i].as_quat()])) for i in range(3)]
    track = read_aria_mps("\n".join([head, *rows]), "a.mps.csv")
    check(track)
    np.testing.assert_allclose(track.clock_s, [0, 0.033333, 0.066666])


def test_aria_mps_of_a_real_recording(media_dir: Path) -> None:
    path = media_dir / "images" / "ego_rgbd_adt" / "aria_trajectory.csv"
    track = read_aria_mps(path.read_text(), str(path))
    assert len(track.clock_s) >= 3
    assert 0.02 < np.diff(track.clock_s).mean() < 0.05
    assert np.linalg.norm(np.diff(track.position, axis=0), axis=1).max() < 0.1


def test_colmap_is_inverted_and_numbered_by_name() -> None:
    inverse = TURNS.inv()
    lines = ["# Image list with two lines of data per image:"]
    for i in (1, 0, 2):
        x, y, z, w = inverse[i].as_quat()
        t = -(inverse[i].as_matrix() @ PLACES[i])
        lines += [" ".join(map(str, [i + 1, w, x, y, z, *t, 7, f"clip2/frame_{10 * i:05d}.jpg"])), "" if i else "1.0 2.0 -1"]
    cameras = "# Camera list\n6 PINHOLE 10 10 1 1 1 1\n7 OPENCV 640 480 500 501 320 241 0.1 0 0 0\n"
    track = read_colmap("\n".join(lines), cameras, "a.colmap/images.txt")
    check(track)
    assert track.by_frame
    np.testing.assert_array_equal(track.clock_s, [0, 10, 20])
    assert track.intrinsics is not None
    assert (track.intrinsics.fx, track.intrinsics.fy, track.intrinsics.cy, track.intrinsics.width) == (500, 501, 241, 640)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no pose"),
        ("1 2 3 4 5 6 7", r"a.tum:1: expected `timestamp"),
        ("# ok\n1 2 3 four 5 6 7 8", r"a.tum:2"),
        ("1 2 3 nan 0 0 0 1", r"a.tum:1"),
        ("1 2 3 4 0 0 0 0", "quaternion is zero"),
        ("1 2 3 4 0 0 0 1\n1 2 3 5 0 0 0 1", "the same time"),
    ],
)
def test_broken_tum_files(text: str, message: str) -> None:
    with pytest.raises(PoseFileError, match=message):
        read_tum(text, "a.tum")


def test_broken_aria_and_colmap_files() -> None:
    with pytest.raises(PoseFileError, match=r"columns qw_world_device, .* are missing"):
        read_aria_mps("tracking_timestamp_us,tx_world_device\n1,2\n", "a.mps.csv")
    image = "1 1 0 0 0 0 0 0 7 "
    with pytest.raises(PoseFileError, match="expected `ID QW"):
        read_colmap(image + "unnumbered.jpg", "", "a.colmap/images.txt")
    with pytest.raises(PoseFileError, match="images of 2 cameras"):
        read_colmap(f"{image}1.jpg\n\n2 1 0 0 0 0 0 0 8 2.jpg", "", "a.colmap/images.txt")
    with pytest.raises(PoseFileError, match="no camera of a known model"):
        read_colmap(f"{image}1.jpg", "7 FISHEYE 640 480 1 2 3 4", "a.colmap/images.txt")
