"""`<name>.depth.zip`: depth and instance maps of every k-th frame of a video, beside it.

Container: an uncompressed zip of 16-bit grey PNGs, `depth/000000.png` and `instances/000000.png` per frame, and at its end
`about.json` (format, every, width, height, number of frames). Chosen because every part is standard (any zip tool lists it, any
viewer opens it), frames are written one by one and read alone through the zip's index, PNG's row prediction fits smooth
surfaces, and nothing in it can run code. An `.npz` compresses without prediction (twice the bytes) and a video codec of 16 bits
is not everywhere. The index is written last, and the file gets its name only after that: what has the name is whole.

Depth is stored as inverse depth: `code = round(65535 * NEAREST_M / depth)`, 0 for nothing. A plane's inverse depth is linear in
the picture, which PNG predicts exactly: 2 to 4 kB a map of 160x120, half of what millimetres take (8 to 24 kB unpredicted).
The error is below `depth_error_m`: .15 mm at 1 m, 4 mm at 5 m, 6 cm at 20 m (a third of a percent).
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Depth = npt.NDArray[np.float32]
Instances = npt.NDArray[np.uint16]

FORMAT, VERSION = "humannet-depth-maps", 1
NEAREST_M = 0.05
"""Nearest depth that is stored; nearer is stored as this. A head camera sees its wearer's hands from about 0.1 m on."""

_SCALE = 65535 * NEAREST_M
_MAX_SIDE = 8192
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENTRY = re.compile(r"(depth|instances)/(\d{6,})\.png")
_PNG_HEADER = struct.Struct(">8sI4sIIBB")
_ABOUT = "about.json"
_OVERHEAD_BYTES = 4096
"""Longest `about.json`, and what a PNG of incompressible pixels may take beyond its raw size and a filter byte per row."""
_ZIP_ERRORS = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What `zipfile` raises for damaged archives; RuntimeError where a flag claims encryption or an unknown method."""


class DepthMapsError(ValueError):
    """A file of depth maps is missing, incomplete, damaged, or lacks the frame that was asked for."""


def depth_maps_path(video: Path) -> Path:
    """Where the depth maps of a video lie: the same folder and stem, `.depth.zip`."""
    return video.with_suffix(".depth.zip")


def encode_depth(depth_m: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    """Codes of depths in metres, any shape; 0 (nothing) stays 0.

    Raises:
        ValueError: A depth is negative or not finite.
    """
    depth = np.asarray(depth_m, np.float64)
    if not (np.isfinite(depth).all() and (depth >= 0).all()):
        raise ValueError("depths must be finite and not negative; use 0 where nothing is")
    something = depth > 0
    codes = np.zeros(depth.shape, np.uint16)
    codes[something] = np.clip(np.round(_SCALE / depth[something]), 1, 65535)
    return codes


def decode_depth(codes: npt.NDArray[np.uint16]) -> Depth:
    """Depths in metres, float32, of codes of any shape; 0 stays 0."""
    depth = np.zeros(codes.shape, np.float32)
    something = codes > 0
    depth[something] = _SCALE / codes[something]
    return depth


def depth_error_m(depth_m: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Most that a depth between `NEAREST_M` and 1,000 m changes by being stored, metres: d^2 / (2 * 65535 * NEAREST_M - d).

    Half a code of inverse depth, |1/d - 1/d'| <= 1 / (2 * 65535 * NEAREST_M), solved for the farther d'; a ten-millionth of d
    comes on top for float32.
    """
    depth = np.asarray(depth_m, np.float64)
    return depth**2 / (2 * _SCALE - depth) + 1e-7 * depth


class DepthWriter:
    """Writes maps frame by frame with constant memory. A context manager: leaving it completes the file.

    Until then it is called `<path>.part`; an error removes it, a killed process leaves only that. Equal maps give equal bytes
    with the same OpenCV.
    """

    def __init__(self, path: str | Path, every: int, width: int, height: int) -> None:
        """Begin a file.

        Args:
            path: Where the whole file will be; a file there is replaced.
            every: Maps are of every `every`-th frame, from frame 0 on.
            width: Pixels across.
            height: Pixels down.

        Raises:
            ValueError: A size or `every` that cannot be.
            OSError: The file cannot be made.
        """
        _check_shape(every, width, height)
        self._path = Path(path)
        self._part = self._path.with_name(self._path.name + ".part")
        self._every, self._shape = every, (height, width)
        self._next = 0
        self._zip = zipfile.ZipFile(self._part, "w", zipfile.ZIP_STORED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._add(_ABOUT, json.dumps(self._about()).encode())
            self._zip.close()  # writes the zip's index
            if kind is None:
                self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)

    def write(self, frame_index: int, depth_m: npt.ArrayLike, instances: npt.ArrayLike) -> None:
        """Add the maps of the next frame.

        Args:
            frame_index: 0, every, 2 * every, ...: in order, none left out.
            depth_m: (height, width) metres along the optical axis, 0 where nothing is.
            instances: (height, width) ids, 0..65535.

        Raises:
            ValueError: Another frame is due, or a map of another size or with values that cannot be stored.
        """
        if frame_index != self._next:
            raise ValueError(f"frame {frame_index} was given, but maps of frame {self._next} are due (every {self._every}th)")
        depth, ids = np.asarray(depth_m), np.asarray(instances)
        for name, values in (("depth", depth), ("instances", ids)):
            if values.shape != self._shape:
                raise ValueError(f"{name} of frame {frame_index} has shape {values.shape}, expected {self._shape}")
        if not np.issubdtype(ids.dtype, np.integer) or ids.min() < 0 or ids.max() > 65535:
            raise ValueError(f"instances of frame {frame_index} must be whole numbers from 0 to 65535")
        self._add(f"depth/{frame_index:06d}.png", _png(encode_depth(depth)))
        self._add(f"instances/{frame_index:06d}.png", _png(ids.astype(np.uint16)))
        self._next += self._every

    def _about(self) -> dict[str, Any]:
        height, width = self._shape
        sizes = {"every": self._every, "width": width, "height": height, "frames": self._next // self._every}
        return {"format": FORMAT, "version": VERSION, "nearest_m": NEAREST_M, **sizes}

    def _add(self, name: str, content: bytes) -> None:
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same on every system
        self._zip.writestr(entry, content)


class DepthMaps:
    """A file of maps opened for reading single frames. Use it as a context manager: it holds the file open.

    `every`, `width` and `height` are those it was written with; `frames` are the indices there are maps of.
    """

    def __init__(self, path: str | Path) -> None:
        """Open and check.

        Raises:
            DepthMapsError: Missing, not whole, or not such a file.
        """
        self.path = Path(path)
        try:
            self._zip = zipfile.ZipFile(self.path)
        except FileNotFoundError as error:
            raise DepthMapsError(f"no depth maps at {self.path}. Only simulated videos made with depth have them.") from error
        except _ZIP_ERRORS as error:
            raise DepthMapsError(f"{self.path} cannot be read as depth maps: {error}. Make it again.") from error
        try:
            about = self._about()
            self.every, self.width, self.height = (int(about[key]) for key in ("every", "width", "height"))
            _check_shape(self.every, self.width, self.height)
            self.frames = range(0, int(about["frames"]) * self.every, self.every)
            self._check_entries()
        except (KeyError, TypeError, ValueError, *_ZIP_ERRORS) as error:
            self._zip.close()
            raise DepthMapsError(f"{self.path} is not a file of depth maps: {error}. Make it again.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def read(self, frame_index: int) -> tuple[Depth, Instances]:
        """Depth (height, width) float32 in metres along the optical axis, 0 for nothing; instance ids (height, width) uint16.

        Raises:
            DepthMapsError: There are no maps of that frame, or they are damaged.
        """
        if not (0 <= frame_index < len(self.frames) * self.every and frame_index % self.every == 0):
            last = self.frames[-1] if self.frames else "none"
            raise DepthMapsError(f"{self.path} has no maps of frame {frame_index}: every {self.every}th from 0 to {last} has")
        return decode_depth(self._picture(f"depth/{frame_index:06d}.png")), self._picture(f"instances/{frame_index:06d}.png")

    def _about(self) -> Mapping[str, Any]:
        if self._zip.getinfo(_ABOUT).file_size > _OVERHEAD_BYTES:
            raise ValueError(f"its {_ABOUT} is too long")
        about = json.loads(self._zip.read(_ABOUT))
        expected = {"format": FORMAT, "version": VERSION, "nearest_m": NEAREST_M}
        found = {key: about[key] for key in expected}
        if found != expected:
            raise ValueError(f"it has {found}, this code reads {expected}")
        return about

    def _check_entries(self) -> None:
        """Both maps of each frame must be there, nothing else, and none larger than such maps can be."""
        limit = self.width * self.height * 2 + self.height + _OVERHEAD_BYTES
        indices: dict[str, list[int]] = {"depth": [], "instances": []}
        for entry in self._zip.infolist():
            if entry.filename == _ABOUT:
                continue
            match = _ENTRY.fullmatch(entry.filename)
            if match is None or entry.compress_type != zipfile.ZIP_STORED or entry.file_size > limit:
                raise ValueError(f"{entry.filename} does not belong into it")
            indices[match[1]].append(int(match[2]))
        if any(found != list(self.frames) for found in indices.values()):
            raise ValueError(f"it does not have the maps of each of its {len(self.frames)} frames")

    def _picture(self, name: str) -> npt.NDArray[np.uint16]:
        import cv2

        try:
            content = self._zip.read(name)
        except _ZIP_ERRORS as error:
            raise DepthMapsError(f"{name} in {self.path} is damaged: {error}. Make it again.") from error
        # Looked at before decoding: a small PNG can claim gigabytes.
        magic, _, _, width, height, bits, color = _PNG_HEADER.unpack(content[: _PNG_HEADER.size].ljust(_PNG_HEADER.size, b"\0"))
        if magic[1:4] != b"PNG" or (width, height, bits, color) != (self.width, self.height, 16, 0):
            raise DepthMapsError(f"{name} in {self.path} is no 16-bit grey PNG of {self.width}x{self.height}. Make it again.")
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        if pixels is None or pixels.dtype != np.uint16 or pixels.shape != (self.height, self.width):
            raise DepthMapsError(f"{name} in {self.path} cannot be decoded. Make it again.")
        return pixels.astype(np.uint16, copy=False)


def read_depth(path: str | Path, frame_index: int) -> tuple[Depth, Instances]:
    """Maps of one frame, see `DepthMaps.read`; to read several, keep a `DepthMaps` open.

    Raises:
        DepthMapsError: No such file or frame, or damaged.
    """
    with DepthMaps(path) as maps:
        return maps.read(frame_index)


def _check_shape(every: int, width: int, height: int) -> None:
    if every < 1:
        raise ValueError(f"every is {every}; maps are of every 1st, 2nd, ... frame")
    if not (1 <= width <= _MAX_SIDE and 1 <= height <= _MAX_SIDE):
        raise ValueError(f"maps of {width}x{height} pixels: sides must lie between 1 and {_MAX_SIDE}")


def _png(pixels: npt.NDArray[np.uint16]) -> bytes:
    import cv2

    # OpenCV's default (Sub, run lengths) is made for speed and twice as large on inverse depth.
    settings = (
        cv2.IMWRITE_PNG_COMPRESSION, 6, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH,
        cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT,
    )  # fmt: skip
    written, content = cv2.imencode(".png", pixels, settings)
    if not written:
        raise ValueError(f"OpenCV could not encode a map of shape {pixels.shape}")
    return content.tobytes()
