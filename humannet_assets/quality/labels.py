"""Ground-truth labels of videos: JSON sidecars beside them, or a CSV or JSONL file that a source names.

A labels file has one line per video: `path` (relative to the file), and any of `human_centric` (true, false), `viewpoint`
(ego, exo, none), `expected_outcome` (kept, rejected: what the filter should say), `cuts` and `fades` (frame numbers; the first
frame of the new shot), `duplicate_of` (path of another video, or empty for a unique one), `environment` (a top-level value of
the taxonomy), `hands` and `people` (most in view at once), `verbs` and `objects` (what is done with what: base forms, nouns).
What is left out is not judged. A sidecar of the simulator says far more: `read_truth` reads it whole.

Labels come from outside like footage does: what cannot be read is reported and left out, and disturbs no other label.
"""

from __future__ import annotations

import csv
import glob
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humannet_assets.language.taxonomy import ENVIRONMENT
from humannet_assets.media.sidecar import Sidecar, SidecarError, load_sidecar, read_sidecar_text, sidecar_path

MOST_AT_ONCE = 1000
"""A label that counts more hands or people than this is a typing error."""

_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


class LabelsError(ValueError):
    """A label cannot be used; the message names file, line and fix."""


@dataclass(frozen=True)
class Label:
    """What is known of one video; None means not labelled.

    `duplicate_of` is the uri of another video, or "" for a video that duplicates none. `kept` is what the filter should say,
    where it differs from `human_centric` (a hopelessly blurred pair of hands is human-centric and of no use). `from_simulator`
    says that it was read from a sidecar that describes every frame.
    """

    uri: str
    human_centric: bool | None = None
    kept: bool | None = None
    viewpoint: str | None = None
    cuts: tuple[int, ...] | None = None
    fades: tuple[int, ...] | None = None
    duplicate_of: str | None = None
    environment: str | None = None
    hands: int | None = None
    people: int | None = None
    verbs: tuple[str, ...] | None = None
    objects: tuple[str, ...] | None = None
    from_simulator: bool = False


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


def _count(value: Any, place: str, name: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number <= MOST_AT_ONCE:
        raise LabelsError(f"{place}: {name} is {value!r}; write how many are in view at once, or leave it empty")
    return number


def _words(value: Any, place: str, name: str) -> tuple[str, ...] | None:
    if value is None or value == "":
        return None
    try:
        words = json.loads(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
    except ValueError:
        words = None
    words = [words] if isinstance(words, str) else words
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise LabelsError(f'{place}: {name} is {value!r}; write a list of words such as ["pour", "stir"]')
    return tuple(sorted({" ".join(word.lower().split()) for word in words if word.strip()}))


def _label(record: Mapping[str, Any], uri: str, folder: Path, place: str) -> Label:
    other = record.get("duplicate_of")
    if other is not None and (not isinstance(other, str) or "\0" in other):
        raise LabelsError(f"{place}: duplicate_of is {other!r}; write the path of a video, or leave it empty")
    human_centric = _flag(record.get("human_centric"), place)
    outcome = record.get("expected_outcome")
    viewpoint = record.get("viewpoint") or None
    if viewpoint not in (None, "ego", "exo", "none"):
        raise LabelsError(f"{place}: viewpoint is {viewpoint!r}; write ego, exo or none")
    environment = record.get("environment") or None
    places = [label.name for label in ENVIRONMENT.labels]
    if environment == "unknown":
        environment = None
    if environment is not None and environment not in places:
        raise LabelsError(f"{place}: environment is {environment!r}; write one of {', '.join(places)}")
    return Label(
        uri=uri,
        human_centric=human_centric,
        kept=outcome == "kept" if outcome in ("kept", "rejected") else human_centric,
        viewpoint=viewpoint,
        cuts=_frames(record.get("cuts"), place, "cuts"),
        fades=_frames(record.get("fades"), place, "fades"),
        duplicate_of=None if "duplicate_of" not in record else _address(folder / other) if other else "",
        environment=environment,
        hands=_count(record.get("hands"), place, "hands"),
        people=_count(record.get("people"), place, "people"),
        verbs=_words(record.get("verbs"), place, "verbs"),
        objects=_words(record.get("objects"), place, "objects"),
        from_simulator="schema_version" in record,
    )


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | LabelsError]]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".csv":
        yield from enumerate(csv.DictReader(text.splitlines()), start=2)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                yield number, LabelsError(f"{path}:{number}: not JSON: {error}")


def read_labels_file(path: Path) -> tuple[list[Label], list[str]]:
    """Labels of a CSV or JSONL file, and what is wrong with the file or with single lines of it."""
    if not path.is_file():
        return [], [f"{path}: no such labels file; correct `labels` in the source catalog"]
    labels: list[Label] = []
    problems: list[str] = []
    try:
        for number, record in _records(path):
            try:
                labels.append(_line_label(record, path, f"{path}:{number}"))
            except LabelsError as error:
                problems.append(str(error))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(f"{path}: cannot be read on: {error}; save it as UTF-8 CSV or JSON lines")
    return labels, problems


def _address(path: Path) -> str:
    """The address a listing gives a file: links are followed in its folder, as the catalog does, and not in its name."""
    return str(path.parent.resolve() / path.name)


def _line_label(record: Mapping[str, Any] | LabelsError, path: Path, place: str) -> Label:
    if isinstance(record, LabelsError):
        raise record
    if not isinstance(record, Mapping) or not isinstance(record.get("path"), str) or not record["path"]:
        raise LabelsError(f"{place}: no `path`; name the video relative to {path.parent}")
    return _label(record, _address(path.parent / record["path"]), path.parent, place)


def read_sidecar_label(video_uri: str) -> Label | None:
    """Label of the JSON sidecar that lies beside a local video; None when there is none.

    Raises:
        LabelsError: There is one that cannot be used.
    """
    path = sidecar_path(Path(video_uri))
    try:
        text = None if "://" in video_uri else read_sidecar_text(path)
    except SidecarError as error:
        raise LabelsError(str(error)) from None
    if text is None:
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabelsError(f"{path}: not JSON: {error}") from error
    if not isinstance(record, dict) or "human_centric" not in record:
        return None
    if "schema_version" in record:
        # The simulator leaves out what is empty, and knows everything: nothing said means there is none.
        record = {"cuts": [], "fades": [], "duplicate_of": "", **record}
        if len({str(shot.get("viewpoint")) for shot in record.get("shots") or () if isinstance(shot, dict)}) > 1:
            record["viewpoint"] = None
    other = record.get("duplicate_of")
    # Sidecars name the duplicated video without its suffix.
    if isinstance(other, str) and other and not (path.parent / other).exists():
        found = sorted(item for item in path.parent.glob(f"{glob.escape(Path(other).name)}.*") if item.suffix != ".json")
        record["duplicate_of"] = found[0].name if found else other
    return _label(record, video_uri, path.parent, str(path))


def read_truth(label: Label) -> Sidecar | None:
    """The whole truth about a simulated video, from the sidecar its label came from; None for other labels.

    Raises:
        LabelsError: The sidecar cannot be used.
    """
    if not label.from_simulator:
        return None
    try:
        return load_sidecar(sidecar_path(Path(label.uri)))
    except SidecarError as error:
        raise LabelsError(str(error)) from None


def collect_labels(files: Iterable[tuple[str, str | None]]) -> tuple[dict[str, Label], list[str]]:
    """Labels by video uri, and what is wrong with those that could not be read.

    Args:
        files: (video uri, labels file its source names or None).
    """
    labels: dict[str, Label] = {}
    problems: list[str] = []
    named: dict[str, dict[str, Label]] = {}
    for uri, labels_file in files:
        if labels_file and labels_file not in named:
            found, wrong = read_labels_file(Path(labels_file))
            named[labels_file] = {label.uri: label for label in found}
            problems += wrong
        label = named[labels_file].get(uri) if labels_file else None
        try:
            label = label or read_sidecar_label(uri)
        except LabelsError as error:
            problems.append(str(error))
        if label is not None:
            labels[uri] = label
    return labels, problems
