"""What transfer is measured on: the probe set's own depth and the folders the settings name, as samples and pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from humannet_assets.single_life.experiment import DatasetFolder, TransferConfig
from humannet_assets.single_life.probe_set import evenly
from humannet_assets.single_life.transfer.flow_pairs import LEAST_VALID, FlowPair, depth_pair, hpatches_pairs, oxford_pairs
from humannet_assets.single_life.transfer.samples import (
    DatasetError,
    DepthSample,
    Floats,
    nyu_samples,
    paired_samples,
    read_depth_file,
    read_picture,
    scannet_samples,
)

PROBE_DATASET = "probe"
TUM_TOLERANCE_S = 0.02
"""Largest difference of time stamps of one picture, depth map and pose: the tolerance of TUM's own association script."""


@dataclass(frozen=True)
class TransferData:
    """One data set: pictures with depth to train and to test the depth probe on, and pairs to match; each may be empty.

    `split` says how test samples were chosen: "scenes", or "time" where all are of one scene.
    """

    name: str
    train: tuple[DepthSample, ...]
    test: tuple[DepthSample, ...]
    split: str
    pairs: tuple[FlowPair, ...]


def from_samples(name: str, samples: Sequence[DepthSample], config: TransferConfig) -> TransferData:
    """Split samples for the depth probe, and pair those whose camera is known."""
    posed = [sample for sample in samples if sample.pose is not None and sample.intrinsics is not None]
    both = [(one, other) for one, other in zip(posed, posed[config.pair_gap :], strict=False) if one.group == other.group]
    pairs = [
        pair for one, other in evenly(both, config.max_pairs) if (pair := depth_pair(one, other)).valid.mean() >= LEAST_VALID
    ]
    chosen = evenly(samples, config.max_samples)
    train, test, split = _split(chosen, config)
    return TransferData(name, tuple(train), tuple(test), split, tuple(pairs))


def _split(samples: Sequence[DepthSample], config: TransferConfig) -> tuple[list[DepthSample], list[DepthSample], str]:
    """Whole scenes to test on, chosen by hash; the last part in time where there is one scene only."""
    groups = sorted({sample.group for sample in samples}, key=lambda group: _word(config.seed, group))
    if len(groups) > 1:
        tested = set(groups[: min(len(groups) - 1, max(1, round(config.test_share * len(groups))))])
        return [s for s in samples if s.group not in tested], [s for s in samples if s.group in tested], "scenes"
    start = len(samples) - round(config.test_share * len(samples))
    return list(samples[:start]), list(samples[start:]), "time"


def _word(seed: int, text: str) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()


def load_dataset(folder: DatasetFolder, config: TransferConfig) -> TransferData:
    """A data set of the settings.

    Raises:
        DatasetError: It is missing, incomplete or contradicts itself; names the file.
    """
    root = folder.path.expanduser()
    if not root.is_dir():
        raise DatasetError(f"data set {folder.name!r}: there is no folder {root}; correct single_life.transfer.datasets")
    if folder.layout in ("hpatches", "oxford"):
        found = hpatches_pairs(root) if folder.layout == "hpatches" else oxford_pairs(root)
        pairs = evenly(list(found)[:: folder.every], config.max_pairs)
        return TransferData(folder.name, (), (), "scenes", tuple(pairs))
    return from_samples(folder.name, list(_samples(folder, root)), config)


def _samples(folder: DatasetFolder, root: Path) -> Iterator[DepthSample]:
    if folder.layout == "nyu":
        return nyu_samples(root, every=folder.every)
    if folder.layout == "scannet":
        return scannet_samples(root, every=folder.every)
    camera = None
    if folder.intrinsics is not None:
        fx, fy, cx, cy = folder.intrinsics
        camera = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    if folder.layout == "pairs":
        return paired_samples(root, folder.picture, folder.depth, folder.units_per_m, intrinsics=camera, every=folder.every)
    return _tum_samples(root, folder.units_per_m, camera, folder.every)


def _tum_samples(root: Path, units_per_m: float, camera: Floats | None, every: int) -> Iterator[DepthSample]:
    """A TUM RGB-D sequence: pictures, depth maps and poses are brought together by their time stamps."""
    pictures, depths = (_stamped(root / name) for name in ("rgb", "depth"))
    truth = root / "groundtruth.txt"
    poses = np.loadtxt(truth, ndmin=2) if truth.is_file() else np.zeros((0, 8))
    if poses.shape[1] != 8:
        raise DatasetError(f"{truth} has {poses.shape[1]} numbers a line, expected `time x y z qx qy qz qw`")
    shifted = None if camera is None else camera + np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    times = np.array(sorted(depths))
    for time_s in sorted(pictures)[::every]:
        nearest = times[np.abs(times - time_s).argmin()]
        if abs(nearest - time_s) > TUM_TOLERANCE_S:
            continue
        yield DepthSample(
            name=f"{root.name}/{time_s:.6f}",
            group=root.name,
            picture=read_picture(pictures[time_s]),
            depth_m=read_depth_file(depths[nearest], units_per_m),
            intrinsics=shifted,
            pose=_pose_at(poses, time_s),
        )


def _pose_at(poses: Floats, time_s: float) -> Floats | None:
    """(4, 4) world <- camera nearest in time; None if there is none near."""
    if not len(poses):
        return None
    row = poses[np.abs(poses[:, 0] - time_s).argmin()]
    if abs(row[0] - time_s) > TUM_TOLERANCE_S:
        return None
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_quat(row[4:8]).as_matrix()
    pose[:3, 3] = row[1:4]
    return pose


def _stamped(folder: Path) -> dict[float, Path]:
    """Files of a folder by the time stamp that is their name.

    Raises:
        DatasetError: There are none, or a name is no number.
    """
    try:
        found = {float(path.stem): path for path in sorted(folder.glob("*.png"))}
    except ValueError as error:
        raise DatasetError(f"{folder}: file names must be time stamps, as TUM RGB-D has them ({error})") from error
    if not found:
        raise DatasetError(f"no .png in {folder}")
    return found
