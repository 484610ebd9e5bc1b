"""Ground-truth labels of videos: JSON sidecars beside them, or a CSV or JSONL file that a source names.

A labels file has one line per video: `path` (relative to the file), and any of `human_centric` (true, false), `viewpoint`
(ego, exo, none), `expected_outcome` (kept, rejected: what the filter should say), `cuts` and `fades` (frame numbers; the first
frame of the new shot), `duplicate_of` (path of another video, or empty for a unique one). What is left out is not judged.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


class LabelsError(ValueError):
    """A labels file cannot be used; the message names file, line and fix."""


@dataclass(frozen=True)
class Label:
    """What is known of one video; None means not labelled.

    `duplicate_of` is the uri of another video, or "" for a video that duplicates none. `kept` is what the filter should say,
    where it differs from `human_centric` (a hopelessly blurred pair of hands is human-centric and of no use).
    """

    uri: str
    human_centric: bool | None = None
    kept: bool | None = None
    viewpoint: str | None = None
    cuts: tuple[int, ...] | None = None
    fades: tuple[int, ...] | None = None
    duplicate_of: str | None = None


def _flag(value: Any, place: str) -> bool | None:
    if value is None or value == "" or isinstance(value, bool):
        return None if value == "" else value
    text = str(value).strip().lower()
    if text in _TRUE | _FALSE:
        return text in _TRUE
    raise LabelsError(f"{place}: human_centric is {value!r}; write true or false, or leave it empty")


def _frames(value: Any, place: str, name: str) -> tuple[int, ...] | None:
    if value is None or value == "":
        return None
    try:
        items = json.loads(value) if isinstance(value, str) else value
        return tuple(sorted(int(item) for item in items))
    except (TypeError, ValueError) as error:
        raise LabelsError(f"{place}: {name} is {value!r}; write a list of frame numbers such as [30, 180]") from error


def _label(record: Mapping[str, Any], uri: str, folder: Path, place: str) -> Label:
    other = record.get("duplicate_of")
    human_centric = _flag(record.get("human_centric"), place)
    outcome = record.get("expected_outcome")
    viewpoint = record.get("viewpoint") or None
    if viewpoint not in {None, "ego", "exo", "none"}:
        raise LabelsError(f"{place}: viewpoint is {viewpoint!r}; write ego, exo or none")
    return Label(
        uri=uri,
        human_centric=human_centric,
        kept=outcome == "kept" if outcome in {"kept", "rejected"} else human_centric,
        viewpoint=viewpoint,
        cuts=_frames(record.get("cuts"), place, "cuts"),
        fades=_frames(record.get("fades"), place, "fades"),
        duplicate_of=None if "duplicate_of" not in record else str((folder / other).absolute()) if other else "",
    )


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix.lower() == ".csv":
        yield from enumerate(csv.DictReader(text.splitlines()), start=2)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                raise LabelsError(f"{path}:{number}: not JSON: {error}") from error


def read_labels_file(path: Path) -> list[Label]:
    """Labels of a CSV or JSONL file.

    Raises:
        LabelsError: The file is missing or a line cannot be read.
    """
    if not path.is_file():
        raise LabelsError(f"{path}: no such labels file; correct `labels` in the source catalog")
    labels = []
    for number, record in _records(path):
        place = f"{path}:{number}"
        if not record.get("path"):
            raise LabelsError(f"{place}: no `path`; name the video relative to {path.parent}")
        labels.append(_label(record, str((path.parent / record["path"]).absolute()), path.parent, place))
    return labels


def read_sidecar_label(video_uri: str) -> Label | None:
    """Label of the JSON sidecar that lies beside a local video; None when there is none."""
    path = Path(video_uri).with_suffix(".json")
    if "://" in video_uri or not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise LabelsError(f"{path}: not JSON: {error}") from error
    if not isinstance(record, dict) or "human_centric" not in record:
        return None
    if "schema_version" in record:
        # The simulator leaves out what is empty, and knows everything: nothing said means there is none.
        record = {"cuts": [], "fades": [], "duplicate_of": "", **record}
        if len({shot.get("viewpoint") for shot in record.get("shots", ())}) > 1:
            record["viewpoint"] = None
    other = record.get("duplicate_of")
    # Sidecars name the duplicated video without its suffix.
    if other and not (path.parent / other).exists():
        found = sorted(item for item in path.parent.glob(f"{other}.*") if item.suffix != ".json")
        record["duplicate_of"] = found[0].name if found else other
    return _label(record, video_uri, path.parent, str(path))


def collect_labels(files: Iterable[tuple[str, str | None]]) -> dict[str, Label]:
    """Labels by video uri.

    Args:
        files: (video uri, labels file its source names or None).
    """
    labels: dict[str, Label] = {}
    named: dict[str, dict[str, Label]] = {}
    for uri, labels_file in files:
        if labels_file and labels_file not in named:
            named[labels_file] = {label.uri: label for label in read_labels_file(Path(labels_file))}
        label = named[labels_file].get(uri) if labels_file else None
        label = label or read_sidecar_label(uri)
        if label is not None:
            labels[uri] = label
    return labels
