"""Pictures with depth from the layouts data sets come in, one by one.

Every loader yields `DepthSample`s in a fixed order. Depth files are 16-bit PNGs (or `.npy` in metres), and picture and depth of
one sample are called alike:

    NYU-Depth-v2   rgb/0001.png (or .jpg), depth/0001.png in millimetres: the common export of the official `.mat`
    ScanNet        scene*/color/0.jpg, depth/0.png in millimetres, pose/0.txt world <- camera, intrinsic/intrinsic_depth.txt
    TUM, ICL       any two patterns, 5000 units per metre
    simulated      <name>.mp4 with its sidecar and depth maps
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from humannet_assets.media.frames import RGB

if TYPE_CHECKING:
    from humannet_assets.media.sidecar import Sidecar

Floats = npt.NDArray[np.float64]

MILLIMETRES, TUM_UNITS = 1000.0, 5000.0
"""Units per metre of 16-bit depth: NYU exports, ScanNet and Aria; TUM RGB-D and ICL-NUIM."""
MOST_ASPECT_DIFFERENCE = 0.02
"""Relative difference of aspect up to which picture and depth show the same: ScanNet's 1296x968 and 640x480 differ by .4 %."""


class TransferError(ValueError):
    """Transfer cannot be measured. The message says on what and why."""


class DatasetError(TransferError):
    """A data set is missing, incomplete or contradicts itself. The message names the file and what is expected."""


@dataclass(frozen=True)
class DepthSample:
    """A picture with depth.

    Attributes:
        name: Unique within its data set.
        group: Scene or video; split by this, never by sample.
        picture: (height, width, 3) uint8 RGB.
        depth_m: (height, width) float32 along the optical axis, 0 where unknown; may be of another size than the picture.
        intrinsics: K (3, 3) in pixels of the depth map (middle of the first pixel at .5), if known.
        pose: (4, 4) world <- camera, metres, if known.
    """

    name: str
    group: str
    picture: RGB
    depth_m: npt.NDArray[np.float32]
    intrinsics: Floats | None = None
    pose: Floats | None = None


def paired_samples(
    root: Path,
    picture: str,
    depth: str,
    units_per_m: float,
    *,
    group: str = "",
    intrinsics: Floats | None = None,
    poses: Mapping[str, Floats] | None = None,
    every: int = 1,
) -> Iterator[DepthSample]:
    """Samples whose picture and depth files are called alike; pictures without depth are not looked at.

    Args:
        root: Folder.
        picture: Pattern of pictures below it with `{}` for the part that differs, e.g. `rgb/{}.png`.
        depth: Pattern of depth files: `.npy` in metres, or 16-bit pictures.
        units_per_m: Of 16-bit depth.
        group: Scene; the folder's name by default.
        intrinsics: K of the depth map with the middle of the first pixel at (0, 0), as these data sets give it.
        poses: World <- camera per name; names without one are left out if given.
        every: Take every n-th name, numbers in numeric order.

    Raises:
        DatasetError: No such depth file, depth without a picture, or files that cannot be read or do not fit.
    """
    names = _names(root, depth)
    if not names:
        raise DatasetError(f"no depth file {depth.format('*')} in {root}")
    shifted = None if intrinsics is None else intrinsics + np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    for name in names[::every]:
        if poses is not None and name not in poses:
            continue
        sample = DepthSample(
            name=f"{root.name}/{name}",
            group=group or root.name,
            picture=read_picture(root / picture.format(name)),
            depth_m=read_depth_file(root / depth.format(name), units_per_m),
            intrinsics=shifted,
            pose=None if poses is None else poses[name],
        )
        _check_aspect(sample)
        yield sample


def _names(root: Path, pattern: str) -> list[str]:
    """What stands for `{}` in the files that match; numbers in numeric order."""
    before, after = pattern.split("{}")
    found = (path.relative_to(root).as_posix() for path in root.glob(f"{before}*{after}"))
    names = [name[len(before) : len(name) - len(after)] for name in found]
    return sorted(names, key=lambda name: (int(name) if name.isdecimal() else -1, name))


def nyu_samples(root: Path, *, every: int = 1) -> Iterator[DepthSample]:
    """NYU-Depth-v2 in the layout of the module's docstring.

    Raises:
        DatasetError: See `paired_samples`.
    """
    suffix = "jpg" if any((root / "rgb").glob("*.jpg")) else "png"
    return paired_samples(root, f"rgb/{{}}.{suffix}", "depth/{}.png", MILLIMETRES, every=every)


def scannet_samples(root: Path, *, every: int = 1) -> Iterator[DepthSample]:
    """ScanNet's exported scenes below a folder. Frames whose pose was lost (written as infinities) are left out.

    Raises:
        DatasetError: No scene, a file that is missing or cannot be read; see `paired_samples`.
    """
    scenes = sorted(path for path in root.glob("*") if (path / "depth").is_dir())
    if not scenes:
        raise DatasetError(f"no scene with a folder depth in {root}")
    for scene in scenes:
        poses = {path.stem: read_matrix(path, (4, 4)) for path in sorted((scene / "pose").glob("*.txt"))}
        usable = {name: pose for name, pose in poses.items() if np.isfinite(pose).all()}
        intrinsics = read_matrix(scene / "intrinsic" / "intrinsic_depth.txt", (4, 4))[:3, :3]
        yield from paired_samples(
            scene, "color/{}.jpg", "depth/{}.png", MILLIMETRES, intrinsics=intrinsics, poses=usable, every=every
        )


def simulated_samples(video: Path, *, every: int = 1) -> Iterator[DepthSample]:
    """Frames of a simulated video that depth maps were stored of; pose and intrinsics from its sidecar.

    Args:
        video: The video, with `<name>.json` and `<name>.depth.zip` beside it.
        every: Take every n-th of the frames that have maps.

    Raises:
        DatasetError: The video has no sidecar with a camera, or no depth maps.
        UnusableMediaError: It cannot be decoded.
    """
    from humannet_assets.media.decode import VideoReader
    from humannet_assets.media.depth_maps import DepthMaps, DepthMapsError, depth_maps_path
    from humannet_assets.media.sidecar import SidecarError, load_sidecar

    try:
        sidecar = load_sidecar(video)
        with DepthMaps(depth_maps_path(video)) as maps, VideoReader(video) as reader:
            if sidecar.intrinsics is None:
                raise DatasetError(f"{video}: its sidecar knows no camera, so its depth has no geometry")
            camera = sidecar.intrinsics.scaled(maps.width, maps.height)
            intrinsics = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
            wanted = set(maps.frames[::every])
            for frame in reader.all_frames():
                truth = sidecar.frames[frame.index]
                if frame.index in wanted and truth.camera is not None:
                    depth_m, _ = maps.read(frame.index)
                    yield DepthSample(
                        name=f"{sidecar.name}/{frame.index}",
                        group=_world(sidecar, frame.index),
                        picture=frame.rgb,
                        depth_m=depth_m,
                        intrinsics=intrinsics,
                        pose=np.array(truth.camera),
                    )
    except (SidecarError, DepthMapsError) as error:
        raise DatasetError(str(error)) from error


def _world(sidecar: Sidecar, frame: int) -> str:
    """The generated world a frame shows; the file's name where it is not said: frames of one file then share a scene."""
    shots = [shot for shot in sidecar.shots if shot.start_frame <= frame < shot.end_frame]
    return (shots[0].world if shots else "") or sidecar.name


def read_picture(path: Path) -> RGB:
    """RGB uint8 (height, width, 3) of a picture file; grey is repeated.

    Raises:
        DatasetError: Missing or no picture.
    """
    import cv2

    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise DatasetError(f"{path} is missing or no picture")
    return np.ascontiguousarray(pixels[..., ::-1]).astype(np.uint8, copy=False)


def read_depth_file(path: Path, units_per_m: float) -> npt.NDArray[np.float32]:
    """Depth in metres, float32 (height, width), 0 where unknown (also where it is not finite).

    Raises:
        DatasetError: Missing, or neither one-channel 16-bit picture nor 2-D `.npy`, or nothing in it is known.
    """
    import cv2

    if not path.is_file():
        raise DatasetError(f"{path} is missing")
    if path.suffix == ".npy":
        try:
            stored = np.load(path, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise DatasetError(f"{path} cannot be read as an array: {error}") from error
        depth = np.asarray(stored, np.float32)
    else:
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if pixels is None or pixels.dtype != np.uint16:
            raise DatasetError(f"{path} is no 16-bit picture; depth of 8 bits has lost its scale")
        depth = np.asarray(pixels, np.float32) / units_per_m
    if depth.ndim != 2:
        raise DatasetError(f"{path} holds an array of shape {depth.shape}; depth has two dimensions")
    depth = np.where(np.isfinite(depth) & (depth > 0), depth, 0).astype(np.float32)
    if not depth.any():
        raise DatasetError(f"{path} has no valid pixel")
    return depth


def read_matrix(path: Path, shape: tuple[int, int]) -> Floats:
    """A matrix in a text file, float64; may hold infinities.

    Raises:
        DatasetError: Missing, not numbers, or of another shape.
    """
    try:
        matrix = np.loadtxt(path, dtype=np.float64, ndmin=2)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as a matrix: {error}") from error
    if matrix.shape != shape:
        raise DatasetError(f"{path} holds {matrix.shape[0]}x{matrix.shape[1]} numbers, expected {shape[0]}x{shape[1]}")
    return matrix


def read_trajectory(path: Path) -> list[Floats]:
    """Poses (4, 4) world <- camera of lines `x y z qx qy qz qw` (TUM order, without time stamps), metres.

    Raises:
        DatasetError: Missing, not numbers, or not seven a line.
    """
    from scipy.spatial.transform import Rotation

    try:
        lines = np.loadtxt(path, dtype=np.float64, ndmin=2)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as a trajectory: {error}") from error
    if lines.shape[1] != 7:
        raise DatasetError(f"{path} has {lines.shape[1]} numbers a line, expected x y z qx qy qz qw")
    poses = np.tile(np.eye(4), (len(lines), 1, 1))
    poses[:, :3, :3] = Rotation.from_quat(lines[:, 3:]).as_matrix()
    poses[:, :3, 3] = lines[:, :3]
    return list(poses)


def _check_aspect(sample: DepthSample) -> None:
    (height, width), (rows, columns) = sample.picture.shape[:2], sample.depth_m.shape
    if abs(width * rows / (height * columns) - 1) > MOST_ASPECT_DIFFERENCE:
        raise DatasetError(
            f"{sample.name}: picture {width}x{height} and depth {columns}x{rows} have different aspects; "
            "they do not show the same view"
        )
