"""RLDS data sets as TensorFlow Datasets writes them: one TFRecord per episode, described by `features.json`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from humannet_assets.vla.episodes import (
    BadEpisode,
    CameraRef,
    EpisodeError,
    FieldValues,
    ImageRef,
    RawEpisode,
    UnreadableDatasetError,
)
from humannet_assets.vla.importers.cameras import camera_name
from humannet_assets.vla.importers.columns import dimension_names
from humannet_assets.vla.importers.reading import ReadLimits, inside, read_json_object, text
from humannet_assets.vla.importers.tf_example import Example, WireError, parse
from humannet_assets.vla.importers.tfrecord import Record, iter_records
from humannet_assets.vla.pictures import PictureError, decode_image, is_blank

STEPS = "steps/"
_METADATA = "episode_metadata/"
_FLAGS = ("is_first", "is_last", "is_terminal", "discount", "reward")
_WORDS = ("language_instruction", "natural_language_instruction", "instruction")
_MAX_DEPTH = 32

_SHARD = re.compile(r"^(?P<name>.+?)-(?P<split>[A-Za-z0-9_]+)\.tfrecord(-\d+-of-\d+)?$")


@dataclass(frozen=True)
class Leaf:
    """A leaf of `features.json`: what it holds, and for numbers its shape per step (-1 where it varies)."""

    kind: Literal["numbers", "image", "text", "other"]
    shape: tuple[int, ...] = ()


def record_files(root: Path) -> list[Path]:
    """The data set's shards, in order."""
    return sorted(path for path in root.iterdir() if ".tfrecord" in path.name and not path.name.startswith("."))


def iter_raw(root: Path, name: str, limits: ReadLimits) -> Iterator[RawEpisode | BadEpisode]:
    """Episodes one at a time; a record is held while its episode is made, pictures stay in the files.

    Raises:
        UnreadableDatasetError: `features.json` is missing or damaged, or the records are no TFRecords.
    """
    leaves = load_features(root / "features.json", limits)
    index = 0
    for path in record_files(root):
        shard = _SHARD.match(path.name)
        source = shard["name"] if shard else name
        split = shard["split"] if shard else ""
        try:
            inside(root, path.name, str(root))
            for record in iter_records(path, limits.max_record_bytes):
                try:
                    yield _read(record, leaves, path, index, source, split, limits)
                except EpisodeError as error:
                    yield BadEpisode(str(path), index, error.reason, str(error))
                index += 1
        except (OSError, UnreadableDatasetError) as error:
            yield BadEpisode(str(path), index, "unreadable_data", f"{path}: {error}")


def load_features(path: Path, limits: ReadLimits) -> dict[str, Leaf]:
    """Leaves of `features.json` by their path in the records (`steps/observation/state`).

    Raises:
        UnreadableDatasetError: Missing, damaged, nested too deeply, or without `steps`.
    """
    leaves: dict[str, Leaf] = {}
    _collect(read_json_object(path, limits), "", leaves, path, 0)
    if not any(key.startswith(STEPS) for key in leaves):
        raise UnreadableDatasetError(f"{path} describes no steps; RLDS data sets have a data set called `steps`")
    return leaves


def _collect(spec: Any, prefix: str, leaves: dict[str, Leaf], path: Path, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise UnreadableDatasetError(f"{path} nests features deeper than {_MAX_DEPTH}; no data set does")
    if not isinstance(spec, dict):
        raise UnreadableDatasetError(f"{path}: {prefix or 'the top'} is a {type(spec).__name__}, expected an object")
    inner = spec.get("featuresDict")
    if isinstance(inner, dict) and isinstance(inner.get("features"), dict):
        for name, child in inner["features"].items():
            _collect(child, f"{prefix}/{name}" if prefix else str(name), leaves, path, depth + 1)
    elif isinstance(spec.get("sequence"), dict):
        _collect(spec["sequence"].get("feature"), prefix, leaves, path, depth + 1)
    else:
        leaves[prefix] = _leaf(spec)


def _leaf(spec: Mapping[str, Any]) -> Leaf:
    if isinstance(spec.get("image"), dict):
        return Leaf("image", _shape(spec["image"]))
    if "text" in spec:
        return Leaf("text")
    tensor = spec.get("tensor")
    if not isinstance(tensor, dict) or str(tensor.get("encoding", "none")).lower() != "none":
        # Tensors packed into strings ("bytes", "zlib") are no numbers to the wire format.
        return Leaf("other")
    if tensor.get("dtype") == "string":
        return Leaf("text")
    return Leaf("numbers", _shape(tensor))


def _shape(spec: Mapping[str, Any]) -> tuple[int, ...]:
    shape = spec.get("shape")
    sides = shape.get("dimensions", []) if isinstance(shape, dict) else []
    return tuple(int(side) if re.fullmatch(r"\d{1,9}", str(side)) else -1 for side in sides)


def _read(
    record: Record, leaves: Mapping[str, Leaf], path: Path, index: int, source: str, split: str, limits: ReadLimits
) -> RawEpisode:
    place = f"{path}: episode {index}"
    if record.data is None:
        raise EpisodeError("unreadable_data", f"{place}: {record.problem}")
    try:
        example = parse(record.data)
        count = _count(example, leaves, place, limits)
        fields = _fields(example, leaves, count, place, limits)
        words = _words(example, leaves)
        metadata = _episode_metadata(example, leaves)
        cameras, missing = _cameras(example, leaves, path, record.offset, limits)
    except WireError as error:
        raise EpisodeError(
            "unreadable_data", f"{place}: the record at byte {record.offset} is no tf.Example: {error}"
        ) from None
    success = metadata.get("success")
    return RawEpisode(
        path=path,
        index=index,
        source=source,
        robot_type="",
        timestamps_s=None,
        frames=count,
        fields=fields,
        instruction=words[0] if words else "",
        cameras=cameras,
        missing_cameras=missing,
        success=success if isinstance(success, bool) else None,
        metadata={**metadata, "instructions": words, "split": split, "record_offset": record.offset},
    )


def _count(example: Example, leaves: Mapping[str, Leaf], place: str, limits: ReadLimits) -> int:
    """Steps of the episode, from the first leaf with one value per step."""
    for key, leaf in leaves.items():
        if not key.startswith(STEPS):
            continue
        if leaf.kind in ("image", "text"):
            count = len(example.byte_strings(key))
        elif leaf.kind == "numbers" and leaf.shape == ():
            count = len(example.numbers(key))
        else:
            continue
        if count > limits.max_frames:
            raise EpisodeError("too_long", f"{place}: {count} steps, over the limit {limits.max_frames}; split it")
        if count:
            return count
    raise EpisodeError(
        "empty", f"{place}: the record has no steps; it holds {', '.join(sorted(example.names())[:20]) or 'nothing'}"
    )


def _fields(example: Example, leaves: Mapping[str, Leaf], count: int, place: str, limits: ReadLimits) -> dict[str, FieldValues]:
    fields = {}
    for key, leaf in leaves.items():
        short = key.removeprefix(STEPS)
        if not key.startswith(STEPS) or leaf.kind != "numbers" or short in _FLAGS or short.endswith("embedding"):
            continue
        if example.kind(key) == "bytes":
            raise EpisodeError("wrong_dtype", f"{place}: {key!r} holds byte strings, features.json declares numbers; fix one")
        values = np.asarray(example.numbers(key), np.float64)
        width = int(np.prod(leaf.shape)) if leaf.shape else 1
        if -1 in leaf.shape:
            width = len(values) // count if len(values) % count == 0 else 0
        if width > limits.max_columns:
            raise EpisodeError(
                "too_wide", f"{place}: {key!r} has {width} numbers per step, over the limit {limits.max_columns}"
            )
        if len(values) != count * width or not width:
            raise EpisodeError(
                "wrong_dims",
                f"{place}: {key!r} has {len(values)} numbers, {count} steps of shape {list(leaf.shape)} need {count * width}; "
                "correct features.json or write the episode again",
            )
        fields[short] = FieldValues(values.reshape(count, width), dimension_names(short, width))
    return fields


def _words(example: Example, leaves: Mapping[str, Leaf]) -> list[str]:
    """Instructions, each once: `language_instruction` of the steps first, then its variants (`..._2`)."""
    keys = [key for key, leaf in leaves.items() if leaf.kind == "text" and key.rsplit("/", 1)[-1].startswith(_WORDS)]
    words = [text(bytes(value[:40_000])) for key in sorted(keys) for value in example.byte_strings(key)]
    return list(dict.fromkeys(word for word in words if word))


def _episode_metadata(example: Example, leaves: Mapping[str, Leaf]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, leaf in leaves.items():
        if not key.startswith(_METADATA):
            continue
        name = key.removeprefix(_METADATA)
        if leaf.kind == "text":
            found[name] = "; ".join(text(bytes(value[:40_000])) for value in example.byte_strings(key)[:16])
        elif leaf.kind == "numbers" and leaf.shape == ():
            values = example.numbers(key)
            flag = name.startswith(("has_", "is_", "success"))
            found[name] = None if not len(values) else bool(values[0]) if flag else values[0].item()
    return found


def _cameras(
    example: Example, leaves: Mapping[str, Leaf], path: Path, offset: int, limits: ReadLimits
) -> tuple[dict[str, CameraRef], dict[str, str]]:
    """Cameras and those without pictures.

    Where a camera was not there, data sets fill in blank pictures, and the flags they have about it are not to be relied on
    (Bridge's say False of real pictures): so the pictures themselves are looked at.
    """
    cameras: dict[str, CameraRef] = {}
    missing: dict[str, str] = {}
    for key, leaf in leaves.items():
        if not key.startswith(STEPS) or leaf.kind != "image" or "depth" in key:
            continue
        name = camera_name(key.removeprefix(STEPS))
        images = example.byte_strings(key)
        if not images:
            missing[name] = f"missing: {key} is empty"
            continue
        try:
            ends = [decode_image(bytes(images[i]), limits.max_image_pixels) for i in (0, -1)]
        except PictureError as error:
            missing[name] = f"unreadable: {key}: {error}"
            continue
        if all(is_blank(picture) for picture in ends):
            missing[name] = f"missing: the pictures of {key} are blank"
            continue
        height, width = ends[0].shape[:2]
        cameras[name] = ImageRef(path, "tfrecord", key, offset, len(images), width, height)
    return cameras, missing
