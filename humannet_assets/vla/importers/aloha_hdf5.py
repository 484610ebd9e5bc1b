"""ALOHA and Cobot Magic recordings: one HDF5 file per episode.

`/observations/qpos`, `qvel`, `effort`, `/action`, `/base_action` are (T, D); `/observations/images/<camera>` is (T, H, W, 3)
uint8, or (T, N) JPEG bytes padded with zeros, or a byte string per frame. Files hold no times. Links to other files, external
and virtual storage are refused: an episode's data lie in its file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from humannet_assets.vla.episodes import (
    BadEpisode,
    CameraRef,
    EpisodeError,
    FieldValues,
    Floats,
    ImageRef,
    RawEpisode,
    UnreadableDatasetError,
)
from humannet_assets.vla.importers.columns import dimension_names
from humannet_assets.vla.importers.reading import ReadLimits, inside, text
from humannet_assets.vla.pictures import PictureError, encoded_size

if TYPE_CHECKING:
    import h5py

SUFFIXES = (".hdf5", ".h5")
SIGNATURE = b"\x89HDF\r\n\x1a\n"

_WORDS = ("language_instruction", "instruction", "language_raw", "annotation", "task")
_TIMES = ("timestamp", "timestamps", "observations/timestamp", "observations/timestamps")
_RATES = ("fps", "frame_rate", "rate_hz")
_MAX_CHUNK_BYTES = 2**30


def load_h5py() -> Any:
    """The h5py module.

    Raises:
        UnreadableDatasetError: It is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise UnreadableDatasetError(
            "HDF5 recordings need h5py, which is not installed: pip install 'humannet-assets[robot]'"
        ) from None
    return h5py


def episode_files(path: Path) -> list[Path]:
    """The episodes' files of a folder in the order of the numbers in their names, or the file itself."""
    if path.is_file():
        return [path]
    found = [file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")]
    return sorted(found, key=lambda file: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", file.name)])


def iter_raw(path: Path, name: str, limits: ReadLimits) -> Iterator[RawEpisode | BadEpisode]:
    """Episodes one at a time; pictures stay in the files.

    Raises:
        UnreadableDatasetError: h5py is not installed.
    """
    h5py = load_h5py()
    root = path if path.is_dir() else path.parent
    for index, file in enumerate(episode_files(path)):
        place = f"{file}: episode {index}"
        try:
            inside(root, str(file.relative_to(root)), str(root))
            with h5py.File(file, "r") as content:
                yield _read(content, file, index, name, limits)
        except EpisodeError as error:
            yield BadEpisode(str(file), index, error.reason, str(error))
        except UnreadableDatasetError as error:
            yield BadEpisode(str(file), index, "unreadable_data", f"{place}: {error}")
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            message = f"{place}: not a readable HDF5 file ({str(error)[:200]}); record or fetch it again"
            yield BadEpisode(str(file), index, "unreadable_data", message)


def _read(content: h5py.File, path: Path, index: int, name: str, limits: ReadLimits) -> RawEpisode:
    place = f"{path}: episode {index}"
    datasets = {**_datasets(content, "", place), **_datasets(content, "observations", place)}
    main = next((key for key in ("observations/qpos", "action") if key in datasets), None)
    if main is None:
        found = ", ".join(sorted(datasets)) or "nothing"
        raise EpisodeError("missing_field", f"{place}: no /observations/qpos and no /action; the file has {found}")
    count = int(datasets[main].shape[0]) if datasets[main].shape else 0
    if count > limits.max_frames:
        raise EpisodeError("too_long", f"{place}: {count} frames, over the limit {limits.max_frames}; split it")
    if not count:
        raise EpisodeError("empty", f"{place}: /{main} has no frames; remove the file")
    for key in ("observations/qpos", "action"):
        if key in datasets and datasets[key].shape[:1] != (count,):
            raise EpisodeError(
                "wrong_dims", f"{place}: /{key} has shape {datasets[key].shape}, /{main} has {count} frames; cut both to one"
            )
    fields = {}
    for key, dataset in datasets.items():
        if dataset.dtype.kind in "fiub" and dataset.ndim in (1, 2) and dataset.shape[0] == count and key not in _TIMES:
            values = _values(dataset, key, place, limits).reshape(count, -1)
            short = key.removeprefix("observations/")
            fields[short] = FieldValues(values, dimension_names(short, values.shape[1]))
    times_s, rate_source = _times(content, datasets, count, place, limits)
    cameras, missing = _cameras(content, path, place, limits)
    return RawEpisode(
        path=path,
        index=index,
        source=name,
        robot_type=_robot(content),
        timestamps_s=times_s,
        frames=count,
        fields=fields,
        instruction=_instruction(content, datasets),
        cameras=cameras,
        missing_cameras=missing,
        success=bool(content.attrs["success"]) if isinstance(content.attrs.get("success"), np.bool_ | bool) else None,
        rate_source=rate_source,
        metadata={"sim": bool(content.attrs.get("sim", False)), "file": path.name},
    )


def _datasets(content: h5py.File, group: str, place: str) -> dict[str, Any]:
    """Data sets directly in a group, by path. Nothing is followed out of the file."""
    h5py = load_h5py()
    if group and group not in content:
        return {}
    parent: Any = content[group] if group else content
    if group and (not isinstance(parent, h5py.Group) or not isinstance(content.get(group, getlink=True), h5py.HardLink)):
        raise EpisodeError("foreign_data", f"{place}: /{group} is no group of this file; copy the data into it")
    found = {}
    for key in parent:
        if not isinstance(parent.get(key, getlink=True), h5py.HardLink):
            raise EpisodeError("foreign_data", f"{place}: /{group}/{key} is a link; copy the data into the file")
        item = parent[key]
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise EpisodeError("foreign_data", f"{place}: /{group}/{key} keeps its data in other files; copy them in")
            if item.chunks and int(np.prod(item.chunks)) * item.dtype.itemsize > _MAX_CHUNK_BYTES:
                raise EpisodeError("too_wide", f"{place}: /{group}/{key} has chunks over {_MAX_CHUNK_BYTES} bytes")
            found[f"{group}/{key}" if group else key] = item
    return found


def _values(dataset: Any, key: str, place: str, limits: ReadLimits) -> Floats:
    width = int(np.prod(dataset.shape[1:])) if dataset.ndim > 1 else 1
    if width > limits.max_columns:
        raise EpisodeError("too_wide", f"{place}: /{key} has {width} numbers per frame, over the limit {limits.max_columns}")
    return np.asarray(dataset[()], np.float64)


def _times(
    content: h5py.File, datasets: dict[str, Any], count: int, place: str, limits: ReadLimits
) -> tuple[Floats | None, str]:
    for key in _TIMES:
        if key in datasets and datasets[key].dtype.kind in "fiu" and datasets[key].size == count:
            values = _values(datasets[key], key, place, limits).reshape(count)
            return values - values[0], "data"
    for key in _RATES:
        rate = content.attrs.get(key)
        if isinstance(rate, int | float | np.number) and 0 < float(rate) <= 1000:
            return np.arange(count) / float(rate), f"attribute {key}"
    return None, ""


def _robot(content: h5py.File) -> str:
    """What the file calls its robot; recordings that say nothing are ALOHA's own, whose layout this is."""
    return next((text(content.attrs[key]) for key in ("robot_type", "robot") if text(content.attrs.get(key))), "aloha")


def _instruction(content: h5py.File, datasets: dict[str, Any]) -> str:
    for key in _WORDS:
        if words := text(content.attrs.get(key)):
            return words
        dataset = datasets.get(key)
        if dataset is not None and dataset.dtype.kind in "OS" and 0 < dataset.size <= 64:
            value = np.asarray(dataset[()]).reshape(-1)[0]
            if words := text(bytes(value) if isinstance(value, np.bytes_) else value):
                return words
    return ""


def _cameras(content: h5py.File, path: Path, place: str, limits: ReadLimits) -> tuple[dict[str, CameraRef], dict[str, str]]:
    cameras: dict[str, CameraRef] = {}
    missing: dict[str, str] = {}
    for key, dataset in _datasets(content, "observations/images", place).items():
        name, count = key.rsplit("/", 1)[1], int(dataset.shape[0]) if dataset.ndim else 0
        if not count:
            missing[name] = f"missing: /{key} is empty"
        elif dataset.ndim == 4 and dataset.dtype == np.uint8 and dataset.shape[3] == 3:
            cameras[name] = ImageRef(path, "hdf5", key, 0, count, int(dataset.shape[2]), int(dataset.shape[1]))
        elif dataset.ndim in (1, 2) and (dataset.dtype == np.uint8 or dataset.dtype.kind in "OSV"):
            try:
                width, height = encoded_size(np.asarray(dataset[0]).tobytes(), limits.max_image_pixels)
                cameras[name] = ImageRef(path, "hdf5", key, 0, count, width, height)
            except PictureError as error:
                missing[name] = f"unreadable: /{key}: {error}"
        else:
            missing[name] = f"unreadable: /{key} has the shape {dataset.shape} of {dataset.dtype}, which is no row of pictures"
    return cameras, missing
