"""The source catalog: the YAML file in which people say what may be ingested, parsed and judged.

What belongs here: reading the file (every problem at once, with line numbers and the fix) and the source-level filter,
which rejects entries before any of their files is listed (HumanNet, collection stage: channels and sources first).
Listing files is in `humannet_assets.sources.listing`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from humannet_assets.sources.life import LifeRule
from humannet_assets.sources.manifest import is_manifest
from humannet_assets.store.step import StepConfig

SOURCE_TYPES = ("controlled", "semi_structured", "community", "web_scale", "domain_specific")

_FIXES = {
    "id": "give the entry a short unique name of letters, digits, '.', '_' and '-', e.g. id: kitchen-2026",
    "uri": "name a folder, a video file, a manifest (.csv or .jsonl) or an s3://bucket/prefix",
    "kind": "write robot for data sets of a robot (LeRobot, ALOHA HDF5, RLDS), or leave it out for videos",
    "source_type": f"write one of {', '.join(SOURCE_TYPES)}",
    "licence": "write the licence as text, e.g. licence: CC-BY-4.0, or leave it out to keep the source from being ingested",
    "consent_basis": "write why the people shown may be processed, e.g. consent_basis: consent",
    "life": "write a name, {by: folder}, {by: filename-pattern, pattern: '(?P<life>[a-z]+)_.*'} or null",
    "viewpoint_hint": "write ego, exo or null",
    "keywords": "write a list of words, e.g. keywords: [cooking, kitchen]",
    "labels": "write the path of a labels file or leave it out",
    "enabled": "write true or false",
    "withdrawn": "write true, or the reason as text",
}


@dataclass(frozen=True)
class CatalogProblem:
    """One thing wrong with the catalog file: where (line and column from 1), what, and what to write instead."""

    line: int
    column: int
    message: str
    fix: str


class CatalogError(ValueError):
    """The catalog file cannot be used. `problems` holds every problem found, in file order."""

    def __init__(self, path: Path, problems: Sequence[CatalogProblem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        count = len(self.problems)
        lines = [f"{path}: {count} problem{'s' if count != 1 else ''} in the source catalog"]
        lines += [f"  {path}:{p.line}:{p.column}: {p.message}\n    fix: {p.fix}" for p in self.problems]
        super().__init__("\n".join(lines))


class SourceEntry(BaseModel):
    """One entry of the catalog, with its uri resolved and the line it starts on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")
    kind: Literal["video", "robot"] = "video"
    uri: str = Field(min_length=1)
    source_type: Literal["controlled", "semi_structured", "community", "web_scale", "domain_specific"]
    licence: str | None = None
    consent_basis: str | None = None
    life: LifeRule | None = None
    viewpoint_hint: Literal["ego", "exo"] | None = None
    keywords: list[str] = Field(default_factory=list)
    labels: str | None = None
    enabled: bool = True
    withdrawn: bool | str = False
    line: int = 0

    @field_validator("uri")
    @classmethod
    def _known_scheme(cls, uri: str, info: ValidationInfo) -> str:
        scheme, separator, rest = uri.partition("://")
        if separator and scheme != "s3":
            raise ValueError(
                f"{scheme}:// addresses cannot be listed; download the footage first, or put it in an s3:// bucket"
            )
        if separator and not rest.strip("/"):
            raise ValueError("the address names no bucket")
        if "\0" in uri:
            raise ValueError("the path holds a NUL character")
        if info.data.get("kind") == "robot" and (separator or is_manifest(uri)):
            raise ValueError("robot data sets are read from a folder, or one .hdf5 file, on this machine; copy them there")
        return uri


@dataclass(frozen=True)
class Catalog:
    """A parsed catalog file."""

    path: Path
    entries: tuple[SourceEntry, ...]


class SourceFilterConfig(StepConfig):
    """Thresholds of the source-level filter (HumanNet A: off-topic and passive sources are dropped before retrieval)."""

    blocked_keywords: tuple[str, ...] = Field(
        default=(
            "animation", "anime", "cartoon", "compilation", "dashcam", "gameplay", "lecture", "let's play", "lyric video",
            "music video", "podcast", "reaction video", "screen recording", "screencast", "slideshow", "stock ticker",
            "talking head", "timelapse", "video game", "webinar",
        ),
        description="A source with a keyword containing one of these (whole words, any case) is off topic. Our choice: the "
        "paper names off-topic and passive sources without a list.",
    )  # fmt: skip
    allowed_licences: tuple[str, ...] = Field(
        default=(
            "0BSD", "Apache-2.0", "BSD-*", "CC-BY-*", "CC-PDDC", "CC0-*", "MIT", "ODbL-*", "PDDL-*", "own", "permission",
            "public-domain",
        ),
        description="Licences footage may have: SPDX names, `own` or `permission`; * matches anything. Our choice: licences "
        "that permit use and derived data (CC-BY-* includes NC and ND variants: narrow it for commercial work). Empty: any "
        "stated licence.",
    )  # fmt: skip
    allowed_consent_bases: tuple[str, ...] = Field(
        default=("consent", "contract", "own_recording", "public_domain", "public_footage", "synthetic"),
        description="Reasons for which the people shown may be processed. Our choice. Empty: any stated basis.",
    )


@dataclass(frozen=True)
class SourceVerdict:
    """What the source-level filter says of an entry; no reasons means kept."""

    reasons: tuple[str, ...]
    evidence: Mapping[str, Any]


def load_catalog(path: Path | str) -> Catalog:
    """Read the catalog file; relative uris and label paths resolve against its folder.

    Raises:
        CatalogError: the file is missing, is not YAML, or has invalid entries; lists every problem with its line.
    """
    path = Path(path).absolute()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        fix = "create it (docs/your_own_videos.md has an example) or name another with HUMANNET_CATALOG"
        raise CatalogError(path, [CatalogProblem(1, 1, "the file does not exist", fix)]) from None
    except UnicodeDecodeError as error:
        raise CatalogError(path, [CatalogProblem(1, 1, f"the file is not UTF-8 ({error})", "save it as UTF-8")]) from None
    return parse_catalog(text, path)


def parse_catalog(text: str, path: Path) -> Catalog:
    """Parse catalog text as if it stood in `path`; see `load_catalog`."""
    problems: list[CatalogProblem] = []
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = CatalogProblem(line, column, f"not valid YAML: {error.problem}", "check indentation, quotes and colons here")
        raise CatalogError(path, [problem]) from None
    except yaml.YAMLError as error:
        raise CatalogError(
            path, [CatalogProblem(1, 1, f"not valid YAML: {error}", "remove the unreadable characters")]
        ) from None
    nodes = _entry_nodes(root, problems)
    entries: list[SourceEntry] = []
    first_line: dict[str, int] = {}
    for node in nodes:
        entry = _entry(node, path.parent, problems)
        if entry is None:
            continue
        if entry.id in first_line:
            message = f"id {entry.id!r} is used twice; the first is on line {first_line[entry.id]}"
            problems.append(CatalogProblem(*_place(node), message, "give each entry its own id"))
            continue
        first_line[entry.id] = entry.line
        entries.append(entry)
    if problems:
        raise CatalogError(path, problems)
    return Catalog(path, tuple(entries))


def judge_source(entry: SourceEntry, config: SourceFilterConfig) -> SourceVerdict:
    """The source-level filter: withdrawn, disabled, unlicensed, without consent basis, or off topic."""
    reasons: list[str] = []
    evidence: dict[str, Any] = {}
    if entry.withdrawn:
        reasons.append("withdrawn")
        if isinstance(entry.withdrawn, str):
            evidence["withdrawn"] = entry.withdrawn
    if not entry.enabled:
        reasons.append("disabled")
    if reason := licence_problem(entry.licence, config):
        reasons.append(reason)
        evidence |= {"licence": entry.licence, "allowed_licences": list(config.allowed_licences)}
    if not entry.consent_basis:
        reasons.append("no_consent_basis")
    elif config.allowed_consent_bases and entry.consent_basis not in config.allowed_consent_bases:
        reasons.append("consent_basis_not_allowed")
        evidence |= {"consent_basis": entry.consent_basis, "allowed_consent_bases": list(config.allowed_consent_bases)}
    if blocked := _blocked(entry.keywords, config.blocked_keywords):
        reasons.append("off_topic")
        evidence["blocked_keywords"] = blocked
    return SourceVerdict(tuple(reasons), evidence)


def licence_problem(licence: str | None, config: SourceFilterConfig) -> str | None:
    """`no_licence`, `licence_not_allowed`, or None when footage under that licence may be used."""
    if not licence or not licence.strip():
        return "no_licence"
    wanted = licence.strip().casefold()
    if config.allowed_licences and not any(fnmatch(wanted, allowed.casefold()) for allowed in config.allowed_licences):
        return "licence_not_allowed"
    return None


def resolve_uri(uri: str, folder: Path) -> str:
    """Absolute path or s3:// address of what an entry names."""
    if uri.startswith("s3://"):
        return uri
    return str((folder / Path(uri).expanduser()).resolve())


def _blocked(keywords: Sequence[str], blocked: Sequence[str]) -> list[str]:
    text = "\n".join(keyword.casefold() for keyword in keywords)
    return [word for word in blocked if re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", text)]


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _entry_nodes(root: yaml.Node | None, problems: list[CatalogProblem]) -> list[yaml.MappingNode]:
    """The nodes of the entries; what stands around them must be `sources:` with a list of mappings."""
    shape = "write `sources:` and below it one `- id: ...` entry per source"
    if root is None:
        problems.append(CatalogProblem(1, 1, "the file is empty", shape))
        return []
    if not isinstance(root, yaml.MappingNode):
        problems.append(CatalogProblem(*_place(root), "the file must hold a mapping with the key `sources`", shape))
        return []
    found: yaml.Node | None = None
    for key, value in root.value:
        if key.value == "sources" and found is None:
            found = value
        else:
            what = "`sources` stands here twice" if key.value == "sources" else f"unknown key {key.value!r} at the top"
            problems.append(CatalogProblem(*_place(key), what, "the only key at the top is `sources`"))
    if found is None:
        problems.append(CatalogProblem(*_place(root), "the key `sources` is missing", shape))
        return []
    if isinstance(found, yaml.ScalarNode) and found.tag.endswith(":null"):
        return []
    if not isinstance(found, yaml.SequenceNode):
        problems.append(CatalogProblem(*_place(found), "`sources` must be a list", shape))
        return []
    entries = []
    for node in found.value:
        if isinstance(node, yaml.MappingNode):
            entries.append(node)
        else:
            problems.append(CatalogProblem(*_place(node), "an entry must be a mapping", "start it with `- id: ...`"))
    return entries


def _entry(node: yaml.MappingNode, folder: Path, problems: list[CatalogProblem]) -> SourceEntry | None:
    loader = yaml.SafeLoader("")
    values: dict[str, Any] = {}
    places: dict[str, yaml.Node] = {}
    sound = True
    for key, value in node.value:
        name = str(key.value)
        if name in values:
            problems.append(CatalogProblem(*_place(key), f"`{name}` stands here twice", "keep one of the two"))
            sound = False
            continue
        try:
            values[name] = loader.construct_object(value, deep=True)
        except yaml.YAMLError as error:
            problems.append(CatalogProblem(*_place(value), f"cannot read the value of `{name}`: {error}", "write plain YAML"))
            sound = False
            continue
        places[name] = value if name in SourceEntry.model_fields and name != "line" else key
    if "line" in values:
        problems.append(CatalogProblem(*_place(places["line"]), "unknown key 'line'", "remove it"))
        values.pop("line")
        sound = False
    if values.get("keywords") is None:
        values.pop("keywords", None)
    try:
        entry = SourceEntry.model_validate({**values, "line": node.start_mark.line + 1})
    except ValidationError as invalid:
        problems.extend(_translate(error, node, places) for error in invalid.errors())
        return None
    if not sound:
        return None
    labels = None if entry.labels is None else resolve_uri(entry.labels, folder)
    return entry.model_copy(update={"uri": resolve_uri(entry.uri, folder), "labels": labels})


def _translate(error: Any, node: yaml.MappingNode, places: Mapping[str, yaml.Node]) -> CatalogProblem:
    """A pydantic error as a problem with the line of the value it is about."""
    name = str(error["loc"][0])
    place = _place(places.get(name, node))
    if error["type"] == "missing":
        return CatalogProblem(*place, f"the entry has no `{name}`", _FIXES[name])
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        known = [field for field in SourceEntry.model_fields if field != "line"]
        close = difflib.get_close_matches(name, known, n=1)
        fix = f"did you mean `{close[0]}`?" if close else f"known keys are {', '.join(known)}"
        return CatalogProblem(*place, f"unknown key {name!r}", fix)
    message = str(error["msg"]).removeprefix("Value error, ")
    return CatalogProblem(*place, f"`{name}`: {message} (it is {error['input']!r})", _FIXES[name])
