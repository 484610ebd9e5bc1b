"""Camera poses as other tools write them: TUM trajectories, Aria MPS, COLMAP text models.

Every reader returns world <- camera in metres (COLMAP: in the model's own unit) with the camera x right, y down, z forward.
Files come from outside: a line that is not what it should be is an error that names it.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Intrinsics

Floats = npt.NDArray[np.float64]


class PoseFileError(ValueError):
    """A pose file is not of its format; the message names file, line and fix."""


@dataclass(frozen=True)
class PoseTrack:
    """Poses of one camera in one frame of reference.

    `clock_s` (n,) are times in the file's own clock, or frame numbers where `by_frame`; `rotation` (n, 3, 3) and `position`
    (n, 3) are world <- camera. `intrinsics` are None where the format has none.
    """

    format: str
    clock_s: Floats
    rotation: Floats
    position: Floats
    intrinsics: Intrinsics | None = None
    by_frame: bool = False


def read_tum(text: str, place: str) -> PoseTrack:
    """A TUM trajectory: `timestamp tx ty tz qx qy qz qw` per line, seconds and metres, world <- camera; `#` begins a comment.

    Raises:
        PoseFileError: A line does not hold eight numbers, a quaternion is zero, or there is no pose at all.
    """
    rows = []
    for number, line in _content(text):
        try:
            values = [float(word) for word in line.replace(",", " ").split()]
        except ValueError:
            values = []
        if len(values) != 8 or not all(map(math.isfinite, values)):
            raise PoseFileError(f"{place}:{number}: expected `timestamp tx ty tz qx qy qz qw`, found {line[:80]!r}")
        rows.append(values)
    return _track("tum", np.array(rows, np.float64).reshape(-1, 8), place)


_ARIA_TIME, _ARIA_POSE = (
    "tracking_timestamp_us",
    tuple(f"{name}_world_device" for name in ("tx", "ty", "tz", "qx", "qy", "qz", "qw")),
)


def read_aria_mps(text: str, place: str) -> PoseTrack:
    """Aria's `closed_loop_trajectory.csv` (or `open_loop`): microseconds and metres, world <- device.

    Aria's device frame is that of the left SLAM camera, not of the RGB camera: the fixed transform between the two is in the
    calibration, not in this file, so poses and turns are those of the glasses.

    Raises:
        PoseFileError: Columns are missing, a value is no number, or there is no pose at all.
    """
    reader = csv.DictReader(io.StringIO(text))
    missing = {_ARIA_TIME, *_ARIA_POSE} - set(reader.fieldnames or ())
    if missing:
        raise PoseFileError(f"{place}: not an MPS trajectory, the columns {', '.join(sorted(missing))} are missing")
    rows = []
    for row in reader:
        try:
            values = [float(row[_ARIA_TIME]) / 1e6, *(float(row[name]) for name in _ARIA_POSE)]
        except (TypeError, ValueError):
            values = [math.nan]
        if not all(map(math.isfinite, values)):
            raise PoseFileError(f"{place}:{reader.line_num}: a time or pose is no number")
        rows.append(values)
    return _track("aria_mps", np.array(rows, np.float64).reshape(-1, 8), place)


_CAMERA_MODELS = {
    "SIMPLE_PINHOLE": (0, 0, 1, 2), "PINHOLE": (0, 1, 2, 3), "SIMPLE_RADIAL": (0, 0, 1, 2), "RADIAL": (0, 0, 1, 2),
    "OPENCV": (0, 1, 2, 3), "FULL_OPENCV": (0, 1, 2, 3),
}  # fmt: skip
"""Where fx, fy, cx, cy stand among the parameters of COLMAP's camera models; distortion is left out."""


def read_colmap(images: str, cameras: str, place: str) -> PoseTrack:
    """A COLMAP text model of a video's frames: `images.txt` and `cameras.txt`, one camera.

    COLMAP stores camera <- world; images are frames whose number is the last run of digits of their name, counted from 0.

    Raises:
        PoseFileError: A line is not of the format, a name has no number, several cameras, or a model without pinhole.
    """
    rows, seen = [], set()
    for number, line in _image_lines(images):
        words = line.split(maxsplit=9)
        digits = _frame_digits(words)
        try:
            values = [float(word) for word in words[1:8]]
        except ValueError:
            values = []
        if len(words) != 10 or not digits or not all(map(math.isfinite, values)) or len(values) != 7:
            raise PoseFileError(f"{place}:{number}: expected `ID QW QX QY QZ TX TY TZ CAMERA NAME`, found {line[:80]!r}")
        seen.add(words[8])
        qw, qx, qy, qz, tx, ty, tz = values
        rows.append([float(digits), tx, ty, tz, qx, qy, qz, qw])
    if len(seen) > 1:
        raise PoseFileError(f"{place}: images of {len(seen)} cameras; export the images of one video as a model of its own")
    intrinsics = _colmap_camera(cameras, next(iter(seen), ""), place)
    inverse = _track("colmap", np.array(sorted(rows), np.float64).reshape(-1, 8), place)
    rotation = np.swapaxes(inverse.rotation, 1, 2)
    position = -(rotation @ inverse.position[:, :, None])[:, :, 0]
    return PoseTrack("colmap", inverse.clock_s, rotation, position, intrinsics, by_frame=True)


def read_colmap_points(images: str, place: str) -> dict[int, npt.NDArray[np.int64]]:
    """Which points of the model each frame sees, from the second line of each image in `images.txt`.

    Returns:
        Ids of points, ascending, by frame number as `read_colmap` counts them.

    Raises:
        PoseFileError: A line is not of the format.
    """
    lines = [line for line in images.splitlines() if not line.startswith("#")]
    seen = {}
    for image, points in zip_longest(lines[::2], lines[1::2], fillvalue=""):
        if not image.strip():
            continue
        digits, words = _frame_digits(image.split(maxsplit=9)), points.split()
        try:
            ids = np.array(words[2::3], np.int64)
        except ValueError:
            ids = None
        if not digits or ids is None or len(words) % 3:
            raise PoseFileError(f"{place}: expected an image and then `X Y POINT3D_ID ...`, found {points[:80]!r}")
        seen[int(digits)] = np.unique(ids[ids >= 0])  # -1: a feature that is no point
    return seen


def _frame_digits(words: Sequence[str]) -> str:
    """The number of the frame in an image's line, as it stands there; empty where there is none."""
    found = re.findall(r"\d+", words[9].rpartition(".")[0] or words[9]) if len(words) == 10 else []
    return found[-1] if found else ""


def _image_lines(text: str) -> Iterator[tuple[int, str]]:
    """Every other line of content: the lines between hold the points an image sees and may be empty."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if not line.startswith("#")]
    while lines and not lines[-1][1].strip():
        lines.pop()
    yield from lines[::2]


def _colmap_camera(text: str, camera_id: str, place: str) -> Intrinsics | None:
    for number, line in _content(text):
        words = line.split()
        if words[0] != camera_id:
            continue
        where = _CAMERA_MODELS.get(words[1] if len(words) > 1 else "")
        try:
            width, height, *parameters = [float(word) for word in words[2:]]
            fx, fy, cx, cy = (parameters[i] for i in where or ())
            return Intrinsics(fx=fx, fy=fy, cx=cx, cy=cy, width=int(width), height=int(height))
        except (ValueError, IndexError) as error:
            known = ", ".join(_CAMERA_MODELS)
            raise PoseFileError(f"{place}, cameras.txt:{number}: no camera of a known model ({known}): {error}") from None
    return None


def _content(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _track(name: str, rows: Floats, place: str) -> PoseTrack:
    """From rows of (clock, position, quaternion xyzw), sorted by clock."""
    from scipy.spatial.transform import Rotation

    if not len(rows):
        raise PoseFileError(f"{place}: there is no pose in it")
    if (np.linalg.norm(rows[:, 4:], axis=1) < 1e-9).any():
        raise PoseFileError(f"{place}: a quaternion is zero")
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    if (np.diff(rows[:, 0]) <= 0).any():
        raise PoseFileError(f"{place}: two poses have the same time")
    return PoseTrack(name, rows[:, 0], Rotation.from_quat(rows[:, 4:]).as_matrix(), rows[:, 1:4])
