"""Image pairs with dense ground-truth correspondence, from homographies or from depth and poses, at the size of evaluation.

A flow says for each pixel of the target where its point lies in the source: flow = place in source - place in target, both in
pixels of pictures resized (whole, aspect not kept) to 240x240, as ZeroCo and GLU-Net evaluate HPatches.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from humannet_assets.geometry.covisibility import DepthView, correspondences
from humannet_assets.media.frames import RGB
from humannet_assets.single_life.framing import frame_depth, whole
from humannet_assets.single_life.transfer.samples import DatasetError, DepthSample, Floats, read_matrix, read_picture

EVALUATION_PX = 240
"""Side of the pictures in whose pixels errors are counted (ZeroCo's and GLU-Net's protocol for HPatches)."""
HPATCHES_IMAGES = (2, 3, 4, 5, 6)
PICTURE_SUFFIXES = (".ppm", ".pgm", ".png", ".jpg")
LEAST_VALID = 0.1
"""Share of the target's pixels that must be covisible for a pair from depth to be used [our choice]."""


@dataclass(frozen=True)
class FlowPair:
    """Two pictures and where the target's pixels lie in the source.

    Attributes:
        name: Unique within its data set.
        group: Scene, or how hard it is.
        target: (height, width, 3) uint8 RGB.
        source: The same, of any size.
        flow_px: (240, 240, 2) float32: x and y.
        valid: (240, 240) bool: the point is inside the source, and visible there where that is known.
    """

    name: str
    group: str
    target: RGB
    source: RGB
    flow_px: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]


def pixel_centres() -> npt.NDArray[np.float64]:
    """(240, 240, 2): x and y of the middle of each pixel."""
    y, x = np.mgrid[:EVALUATION_PX, :EVALUATION_PX] + 0.5
    return np.stack([x, y], -1)


def homography_pair(name: str, group: str, target: RGB, source: RGB, homography: Floats) -> FlowPair:
    """A pair of a plane or of a turning camera.

    Args:
        name: Of the pair.
        group: See `FlowPair`.
        target: Picture.
        source: Picture.
        homography: (3, 3) pixels of the target -> pixels of the source, the middle of the first pixel at (0, 0) as data sets
            have it.
    """
    to_corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    scale_target, scale_source = (
        np.diag([EVALUATION_PX / picture.shape[1], EVALUATION_PX / picture.shape[0], 1.0]) for picture in (target, source)
    )
    matrix = scale_source @ to_corner @ homography @ np.linalg.inv(to_corner) @ np.linalg.inv(scale_target)
    here = pixel_centres()
    point = np.concatenate([here, np.ones_like(here[..., :1])], -1) @ matrix.T
    ahead = point[..., 2] > 0
    there = point[..., :2] / np.where(ahead, point[..., 2], 1)[..., None]
    valid = ahead & ((there >= 0) & (there < EVALUATION_PX)).all(-1)
    return FlowPair(name, group, target, source, (there - here).astype(np.float32), valid)


def depth_pair(target: DepthSample, source: DepthSample) -> FlowPair:
    """A pair of a scene that stands still, from the depth and poses of both views.

    Raises:
        DatasetError: A sample lacks intrinsics or pose.
    """
    size = (EVALUATION_PX, EVALUATION_PX)
    seen, other = _view(target), _view(source)
    depth = frame_depth(target.depth_m, whole(target.depth_m.shape), size)
    found = correspondences(DepthView(depth, _to_evaluation(target) @ seen.intrinsics, seen.pose), other)
    # The source is read in its own resolution; its pixels are then counted as pixels of the evaluation.
    flow = found.pixels * np.diag(_to_evaluation(source))[:2] - pixel_centres()
    return FlowPair(
        name=f"{target.name}-{source.name}",
        group=target.group,
        target=target.picture,
        source=source.picture,
        flow_px=np.nan_to_num(flow).astype(np.float32),
        valid=found.covisible,
    )


def _view(sample: DepthSample) -> DepthView:
    if sample.intrinsics is None or sample.pose is None:
        raise DatasetError(f"{sample.name} has no intrinsics or no pose; its pixels cannot be followed into another picture")
    return DepthView(sample.depth_m, sample.intrinsics, sample.pose)


def _to_evaluation(sample: DepthSample) -> Floats:
    """(3, 3): pixels of the depth map -> pixels of the evaluation."""
    rows, columns = sample.depth_m.shape
    return np.diag([EVALUATION_PX / columns, EVALUATION_PX / rows, 1.0])


def depth_pairs(samples: Iterable[DepthSample], *, gap: int = 1, least_valid: float = LEAST_VALID) -> Iterator[FlowPair]:
    """Pairs of samples of one group that lie `gap` apart in order and overlap enough; target first in time.

    Raises:
        DatasetError: A sample lacks intrinsics or pose.
    """
    for _, group in itertools.groupby(samples, key=lambda sample: sample.group):
        waiting: list[DepthSample] = []
        for sample in group:
            waiting.append(sample)
            if len(waiting) > gap:
                pair = depth_pair(waiting.pop(0), sample)
                if pair.valid.mean() >= least_valid:
                    yield pair


def hpatches_pairs(root: Path, kind: str = "v") -> Iterator[FlowPair]:
    """HPatches sequences: in each scene picture 1 as target and 2 to 6 as sources; 59 viewpoint scenes give 295 pairs.

    Args:
        root: Folder with `v_*` (viewpoint) and `i_*` (illumination), each with `1.ppm` to `6.ppm` and `H_1_2` to `H_1_6`.
        kind: "v", "i" or "vi" for both.

    Raises:
        DatasetError: No such scene, or a file that is missing or cannot be read.
    """
    scenes = sorted(path for path in root.glob("*_*") if path.is_dir() and path.name[0] in kind and path.name[1] == "_")
    if not scenes:
        raise DatasetError(f"no scene {' or '.join(f'{letter}_*' for letter in kind)} in {root}")
    for scene in scenes:
        yield from _scene_pairs(scene, "{}", "H_1_{}", HPATCHES_IMAGES)


def oxford_pairs(scene: Path, images: Sequence[int] = HPATCHES_IMAGES) -> Iterator[FlowPair]:
    """A sequence of the Oxford affine covariant regions set (Mikolajczyk): `img1.*`, `img2.*`, ... and `H1to2p`, ...

    Args:
        scene: Its folder.
        images: Which pictures beside the first.

    Raises:
        DatasetError: A file is missing or cannot be read.
    """
    return _scene_pairs(scene, "img{}", "H1to{}p", images)


def _scene_pairs(scene: Path, picture: str, homography: str, images: Sequence[int]) -> Iterator[FlowPair]:
    target = read_picture(_picture(scene, picture.format(1)))
    for number in images:
        source = read_picture(_picture(scene, picture.format(number)))
        matrix = read_matrix(scene / homography.format(number), (3, 3))
        yield homography_pair(f"{scene.name}/{number}", f"1-{number}", target, source, matrix)


def _picture(scene: Path, stem: str) -> Path:
    found = [path for suffix in PICTURE_SUFFIXES if (path := scene / f"{stem}{suffix}").is_file()]
    if not found:
        raise DatasetError(f"no picture {stem} ({', '.join(PICTURE_SUFFIXES)}) in {scene}")
    return found[0]
