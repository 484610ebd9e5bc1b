"""A textured wall seen from a moving camera, with depth and poses, in the layouts data sets come in."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from humannet_assets.media.depth_maps import DepthWriter, depth_maps_path
from humannet_assets.media.sidecar import DepthInfo, FrameTruth, Intrinsics, ShotTruth, Sidecar, dump_sidecar, sidecar_path
from humannet_assets.simulator.encoding import write_video
from humannet_assets.single_life.transfer.samples import DepthSample

SIZE = (120, 160)
FOCAL_PX, WALL_M = 130.0, 2.0
K = np.array([[FOCAL_PX, 0, SIZE[1] / 2], [0, FOCAL_PX, SIZE[0] / 2], [0, 0, 1]])


def texture(seed: int = 0) -> np.ndarray:
    """(400, 800, 3) of coloured noise with structure of eight pixels."""
    noise = np.random.default_rng(seed).integers(0, 255, (50, 100, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (800, 400), interpolation=cv2.INTER_CUBIC), np.uint8)


def view(shift_px: int, name: str = "0", group: str = "wall", seed: int = 0) -> DepthSample:
    """The wall from a camera moved right by so much that its pixels move left by `shift_px`."""
    left = 300 + shift_px
    picture = np.ascontiguousarray(texture(seed)[100 : 100 + SIZE[0], left : left + SIZE[1]])
    pose = np.eye(4)
    pose[0, 3] = shift_px * WALL_M / FOCAL_PX
    return DepthSample(name, group, picture, np.full(SIZE, WALL_M, np.float32), K, pose)


def write_scannet(root: Path, scene: str, shifts: tuple[int, ...]) -> None:
    """A scene in ScanNet's layout; K in its files has the middle of the first pixel at (0, 0)."""
    for folder in ("color", "depth", "pose", "intrinsic"):
        (root / scene / folder).mkdir(parents=True)
    intrinsics = np.eye(4)
    intrinsics[:3, :3] = K - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    np.savetxt(root / scene / "intrinsic" / "intrinsic_depth.txt", intrinsics)
    for index, shift in enumerate(shifts):
        sample = view(shift)
        cv2.imwrite(str(root / scene / "color" / f"{index}.jpg"), sample.picture[..., ::-1])
        cv2.imwrite(str(root / scene / "depth" / f"{index}.png"), (sample.depth_m * 1000).astype(np.uint16))
        np.savetxt(root / scene / "pose" / f"{index}.txt", sample.pose)


def write_simulated(video: Path, shifts: tuple[int, ...], every: int = 2, seed: int = 0) -> None:
    """A video with sidecar and depth maps (at half its size) of every second frame."""
    samples = [view(shift, seed=seed) for shift in shifts]
    write_video(video, ((index / 10, sample.picture) for index, sample in enumerate(samples)), rate=10)
    with DepthWriter(depth_maps_path(video), every, SIZE[1] // 2, SIZE[0] // 2) as maps:
        for index in range(0, len(samples), every):
            maps.write(index, samples[index].depth_m[::2, ::2], np.zeros((SIZE[0] // 2, SIZE[1] // 2), np.uint16))
    sidecar = Sidecar(
        name=video.stem, file=video.name, seed=0, description="wall", human_centric=False, viewpoint="none", environment="home",
        expected_outcome="kept", frame_count=len(samples), frame_rate=10,
        intrinsics=Intrinsics(fx=FOCAL_PX, fy=FOCAL_PX, cx=K[0, 2], cy=K[1, 2], width=SIZE[1], height=SIZE[0]),
        shots=[
            ShotTruth(
                start_frame=0, end_frame=len(samples), scene="w", viewpoint="none", human_centric=False,
                world=f"wall/{seed + 1}",
            )
        ],
        depth=DepthInfo(file=depth_maps_path(video).name, every=every, width=SIZE[1] // 2, height=SIZE[0] // 2),
        frames=[FrameTruth(time_s=index / 10, camera=sample.pose.tolist()) for index, sample in enumerate(samples)],
    )  # fmt: skip
    sidecar_path(video).write_text(dump_sidecar(sidecar))
