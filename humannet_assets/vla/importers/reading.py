"""Reading what others wrote, without trusting it: bounded JSON, files that stay inside their data set, filled-in paths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from stat import S_ISREG
from typing import Any

from pydantic import Field

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.episodes import UnreadableDatasetError

MAX_TEXT_CHARS = 10_000
"""Longest instruction that is kept; anything longer is no instruction."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)(?::0?(\d{1,2})d)?\}")


class ReadLimits(StepConfig):
    """Bounds on what may be read from a data set."""

    max_json_bytes: int = Field(
        default=64 * 2**20, gt=0, description="A JSON file. Our choice: ten times the largest info.json or features.json seen."
    )
    max_line_bytes: int = Field(default=4 * 2**20, gt=0, description="A line of a .jsonl file. Our choice.")
    max_tasks: int = Field(default=2_000_000, gt=0, description="Instructions of a data set. Our choice.")
    max_episodes: int = Field(default=10_000_000, gt=0, description="Episodes of a data set. Our choice.")
    max_frames: int = Field(
        default=200_000, gt=0, description="Frames of an episode: over an hour at 50 Hz. Our choice; longer ones are rejected."
    )
    max_columns: int = Field(default=4096, gt=0, description="Columns of a numeric field. Our choice.")
    max_row_group_bytes: int = Field(
        default=4 * 2**30, gt=0, description="A parquet row group, unpacked. Our choice; LeRobot aims at 100 MB per file."
    )
    max_record_bytes: int = Field(
        default=2 * 2**30, gt=0, description="A TFRecord. tf.train.Example is a protobuf, which ends at 2 GiB."
    )
    max_image_pixels: int = Field(default=64_000_000, gt=0, description="A picture: as for videos (`MediaLimits`).")


def inside(root: Path, relative: str, named_in: str) -> Path:
    """The file a data set names, which must lie in its folder; it need not exist.

    Args:
        root: The data set's folder, resolved.
        relative: Path as the data set gives it.
        named_in: Where it is named, for the message.

    Raises:
        UnreadableDatasetError: It is absolute, leads out of the folder (by `..` or a link), or holds a NUL.
    """
    if "\0" in relative or relative.startswith("/") or ".." in Path(relative).parts:
        raise UnreadableDatasetError(f"{named_in} names the file {relative!r}, which is not inside the data set; correct it")
    path = root / relative
    if not path.resolve().is_relative_to(root):
        raise UnreadableDatasetError(
            f"{path} leads out of the data set to {path.resolve()}; put the file itself there (`cp -rL` copies links as files)"
        )
    return path


def fill(template: str, values: Mapping[str, str | int], named_in: str) -> str:
    """A path template such as `data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet`, filled in.

    Only plain names and decimal widths below 100 are understood: `str.format` would do whatever a file tells it to.

    Raises:
        UnreadableDatasetError: Any other brace or an unknown name.
    """

    def value(match: re.Match[str]) -> str:
        name, width = match.group(1), match.group(2)
        if name not in values or (width is not None and not isinstance(values[name], int)):
            raise UnreadableDatasetError(
                f"{named_in}: the path template {template!r} asks for {{{name}}}, known are {sorted(values)}"
            )
        return f"{values[name]:0{int(width)}d}" if width is not None else str(values[name])

    filled = _PLACEHOLDER.sub(value, template)
    if "{" in _PLACEHOLDER.sub("", template) or "}" in _PLACEHOLDER.sub("", template):
        raise UnreadableDatasetError(
            f"{named_in}: the path template {template!r} is not understood; use {{name}} and {{name:06d}} only"
        )
    return filled


def read_json(path: Path, limits: ReadLimits) -> Any:
    """Content of a JSON file.

    Raises:
        UnreadableDatasetError: Missing, too large, too deeply nested or not JSON.
    """
    content = _read(path, limits.max_json_bytes)
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableDatasetError(f"{path} is not JSON: {str(error)[:200]}; fetch the file again") from None


def read_json_object(path: Path, limits: ReadLimits) -> dict[str, Any]:
    """Content of a JSON file that must be an object; see `read_json`."""
    content = read_json(path, limits)
    if not isinstance(content, dict):
        raise UnreadableDatasetError(f"{path} holds a {type(content).__name__}, expected an object")
    return content


def read_jsonl(path: Path, limits: ReadLimits) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Lines of a .jsonl file, one at a time: the line's number from 1, and its object or what is wrong with it.

    Raises:
        UnreadableDatasetError: The file is missing or is no regular file.
    """
    _check_regular(path)
    with path.open("rb") as file:
        number = 0
        while line := file.readline(limits.max_line_bytes + 1):
            number += 1
            if len(line) > limits.max_line_bytes:
                while line and not line.endswith(b"\n"):
                    line = file.readline(limits.max_line_bytes + 1)
                yield number, f"the line is longer than {limits.max_line_bytes} bytes"
                continue
            if not line.strip():
                continue
            try:
                value = json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                yield number, f"the line is not JSON: {str(error)[:200]}"
                continue
            yield number, value if isinstance(value, dict) else "the line is not a JSON object"


def text(value: Any) -> str:
    """An instruction as found in a data set: trimmed, bounded, empty where it is no text."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.strip()[:MAX_TEXT_CHARS] if isinstance(value, str) else ""


def _read(path: Path, max_bytes: int) -> bytes:
    _check_regular(path)
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise UnreadableDatasetError(f"{path} is larger than {max_bytes} bytes; raise the limit if that is right")
    return content


def _check_regular(path: Path) -> None:
    try:
        regular = S_ISREG(path.stat().st_mode)
    except OSError as error:
        raise UnreadableDatasetError(f"{path} cannot be read: {error.strerror}; the data set is incomplete") from None
    if not regular:
        raise UnreadableDatasetError(f"{path} is not a regular file")
