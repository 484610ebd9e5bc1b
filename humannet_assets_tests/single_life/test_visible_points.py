"""What frames see: voxels against the pixelwise Jaccard index, a COLMAP model's points, and what is said without either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.geometry.covisibility import DepthView, jaccard
from humannet_assets.geometry.pose_formats import PoseFileError, read_colmap_points
from humannet_assets.media.depth_maps import DepthWriter
from humannet_assets.single_life.pairing import PointSets
from humannet_assets.single_life.settings import VisiblePointsConfig
from humannet_assets.single_life.visible_points import VisiblePointsStep, visible_voxels
from humannet_assets.store.step import Outcome, Unit

K = np.array([[60.0, 0, 40], [0, 60.0, 30], [0, 0, 1]])
MODEL = """# images
1 1 0 0 0 0 0 0 1 frame_0.png
10 10 7 20 20 -1 30 30 5
2 1 0 0 0 -1 0 0 1 frame_15.png

3 1 0 0 0 -2 0 0 1 frame_30.png
5 5 5 6 6 5
"""


def box(rotation: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Depth (60, 80) inside a room of 6 x 5 x 3 m whose corner is the origin."""
    y, x = np.mgrid[0:60, 0:80] + 0.5
    rays = np.linalg.inv(K) @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    world = rotation @ rays
    with np.errstate(divide="ignore"):
        walls = np.stack([(edge - position[axis]) / world[axis] for axis, side in enumerate((6, 5, 3)) for edge in (0, side)])
    return np.where(walls > 1e-9, walls, np.inf).min(axis=0).reshape(60, 80)


def poses(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """A walk through the room, turning."""
    ahead = Rotation.from_euler("x", -90, degrees=True)
    turns = [Rotation.from_euler("z", 12 * index, degrees=True) * ahead for index in range(count)]
    return [(turn.as_matrix(), np.array([2 + 0.15 * index, 2.5, 1.6])) for index, turn in enumerate(turns)]


def test_voxels_share_what_pictures_share() -> None:
    """Close to the pixelwise index, and in its order."""
    seen = [(box(*pose), *pose) for pose in poses(10)]
    voxels = [visible_voxels(depth, K, rotation, position, VisiblePointsConfig()) for depth, rotation, position in seen]
    first, second, share = PointSets(voxels).covisibilities(np.arange(10), np.arange(10), 0.0, 1.0)
    found = np.zeros((10, 10))
    found[first, second] = share
    views = []
    for depth, rotation, position in seen:
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = rotation, position
        views.append(DepthView(depth, K, pose))
    exact = np.array([[jaccard(a, b) for b in views] for a in views])
    assert np.abs(found - exact).mean() < 0.05
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.98
    assert np.allclose(np.diag(found), 1)
    # A sample of the same voxels everywhere estimates the same index.
    thin = VisiblePointsConfig(kept_share=0.5)
    sample = [visible_voxels(depth, K, rotation, position, thin) for depth, rotation, position in seen]
    assert all(set(few) < set(all_) for few, all_ in zip(sample, voxels, strict=True))
    rows, columns, thinned = PointSets(sample).covisibilities(np.arange(10), np.arange(10), 0.3, 1.0)
    assert np.abs(thinned - found[rows, columns]).mean() < 0.05


def test_points_of_a_model() -> None:
    """Ids by frame; features that are no point, repeats and empty lines are left out."""
    seen = read_colmap_points(MODEL, "images.txt")
    assert {frame: ids.tolist() for frame, ids in seen.items()} == {0: [5, 7], 15: [], 30: [5]}
    with pytest.raises(PoseFileError, match=r"images\.txt: expected an image"):
        read_colmap_points("1 1 0 0 0 0 0 0 1 frame_0.png\n10 10\n", "images.txt")


def _unit(folder: Path, frame_count: int = 31, **camera: Any) -> Unit:
    times = (np.arange(frame_count) / 15).tolist()
    about = {
        "format": "simulator", "world": "room", "image_width": 160, "image_height": 120, "fx": 120.0, "fy": 120.0, "cx": 80.0,
        "cy": 60.0, "times_s": times,
    }  # fmt: skip
    walk = poses(frame_count)
    about["rotvec"] = [Rotation.from_matrix(rotation).as_rotvec().tolist() for rotation, _ in walk]
    about["position_m"] = [position.tolist() for _, position in walk]
    rows = {
        "life_videos": [{}],
        "raw_videos": [{"frame_times_s": times}],
        "video_sources": [{"uri": str(folder / "film.mp4"), "sidecar_uri": str(folder / "film.colmap" / "images.txt")}],
        "known_cameras": [{**about, **camera}],
    }
    return Unit("v" * 64, "v" * 64, "2026-03-01", rows)


def _outcome(unit: Unit, **config: Any) -> Outcome:
    (outcome,) = VisiblePointsStep(VisiblePointsConfig(**config)).process([unit])
    return outcome


def test_depth_maps_beside_a_video(tmp_path: Path) -> None:
    """Frames with a map are sampled at the configured rate, each with its own pose and the voxels it sees."""
    walk = poses(31)
    with DepthWriter(tmp_path / "film.depth.zip", 5, 80, 60) as writer:
        for frame in range(0, 31, 5):
            writer.write(frame, box(*walk[frame]), np.zeros((60, 80), np.uint16))
    (row,) = _outcome(_unit(tmp_path)).rows
    assert row["times_s"] == pytest.approx([0, 1, 2])
    assert (row["source"], row["world"], row["voxel_m"]) == ("depth", "room", 0.25)
    sets = np.split(np.frombuffer(row["points"], "<i8"), np.cumsum(row["point_counts"])[:-1])
    expected = visible_voxels(box(*walk[15]), K, *walk[15], VisiblePointsConfig())
    assert len(np.intersect1d(sets[1], expected)) / len(np.union1d(sets[1], expected)) > 0.97
    assert len(_outcome(_unit(tmp_path), rate_hz=3.0).rows[0]["times_s"]) == 7
    (tmp_path / "film.depth.zip").write_bytes(b"PK")
    broken = _outcome(_unit(tmp_path))
    assert (broken.status, broken.error_class) == ("failed", "DepthMapsError")


def test_a_model_beside_a_video(tmp_path: Path) -> None:
    """Its points are taken where there is no depth."""
    (tmp_path / "film.colmap").mkdir()
    (tmp_path / "film.colmap" / "images.txt").write_text(MODEL)
    (row,) = _outcome(_unit(tmp_path, format="colmap", world=None)).rows
    assert (row["source"], row["voxel_m"], row["point_counts"]) == ("colmap", None, [2, 0, 1])
    assert np.frombuffer(row["points"], "<i8").tolist() == [5, 7, 5]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """Poses without points, and no poses."""
    assert _outcome(_unit(tmp_path, format="tum")).reasons == ("no_points",)
    assert _outcome(_unit(tmp_path, times_s=[])).reasons == ("no_poses",)
