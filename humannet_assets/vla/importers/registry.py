"""Robot data sets of every format we know, as episodes: `detect_format`, `find_datasets`, `iter_episodes`.

Files are never trusted: sizes are bounded, paths stay inside the data set, nothing is unpickled, types are checked. An episode
that cannot be used comes as a `BadEpisode` with the reason, and the next one follows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.assembly import assemble
from humannet_assets.vla.episodes import BadEpisode, Episode, EpisodeError, RawEpisode
from humannet_assets.vla.importers import aloha_hdf5, lerobot_v1, lerobot_v2, lerobot_v3, rlds
from humannet_assets.vla.importers.lerobot_meta import load_info, load_modality, slice_widths
from humannet_assets.vla.importers.reading import ReadLimits, text
from humannet_assets.vla.known_robots import KNOWN_ROBOTS
from humannet_assets.vla.robots import RobotMapping, UnknownRobotError, find_mapping, named_mapping

DatasetFormat = Literal["lerobot_v1", "lerobot_v2", "lerobot_v3", "aloha_hdf5", "rlds"]

Reader = Callable[[Path, str, ReadLimits], Iterator[RawEpisode | BadEpisode]]
READERS: Mapping[DatasetFormat, Reader] = {
    "lerobot_v1": lerobot_v1.iter_raw,
    "lerobot_v2": lerobot_v2.iter_raw,
    "lerobot_v3": lerobot_v3.iter_raw,
    "aloha_hdf5": aloha_hdf5.iter_raw,
    "rlds": rlds.iter_raw,
}

_FORMATS_TEXT = (
    "LeRobot 2 and 3 (a folder with meta/info.json), LeRobot 1 (train/*.arrow or data/train-*.parquet), ALOHA and Cobot Magic "
    "(*.hdf5), RLDS (features.json beside *.tfrecord*)"
)
_SEARCH_DEPTH = 4


class UnknownFormatError(ValueError):
    """A folder or file is no data set we can read; the message says what was looked for."""


class ImportConfig(StepConfig):
    """How a data set is read."""

    robot: str | None = Field(default=None, description="Name of a known robot; by default what the data set says decides.")
    source: str | None = Field(default=None, description="Name of the data set; by default its folder's.")
    rate_hz: float | None = Field(
        default=None, gt=0, le=1000, description="Frames per second where the data carry no times; by default the robot's."
    )
    instruction: str = Field(default="", description="Instruction of episodes that have none.")
    unknown_robot: Literal["refuse", "raw"] = Field(
        default="refuse",
        description="What to do with a robot nobody described: refuse it, or read its numbers without their meaning (no arms).",
    )
    limits: ReadLimits = Field(default=ReadLimits(), description="Bounds on what may be read.")


def detect_format(path: Path) -> DatasetFormat:
    """Which format a data set has, judged by the files that are there.

    Args:
        path: Folder of a data set, or one HDF5 file.

    Raises:
        FileNotFoundError: There is nothing.
        UnknownFormatError: It is no data set we can read.
        UnreadableDatasetError: Its `meta/info.json` is damaged.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; name the folder of a data set")
    if path.is_file():
        if path.suffix.lower() in aloha_hdf5.SUFFIXES:
            return "aloha_hdf5"
        raise UnknownFormatError(f"{path} is a file of no format we know. Known are: {_FORMATS_TEXT}")
    info = path / "meta" / "info.json"
    if info.exists():
        return _lerobot_version(info, path)
    if lerobot_v1.data_files(path):
        return "lerobot_v1"
    records = rlds.record_files(path)
    if records and (path / "features.json").exists():
        return "rlds"
    if records:
        raise UnknownFormatError(f"{path} holds {records[0].name} but not the features.json that describes it; copy it there")
    if list(path.glob("*.array_record*")):
        raise UnknownFormatError(f"{path} holds ArrayRecord files, which we do not read; write it with file_format='tfrecord'")
    if aloha_hdf5.episode_files(path):
        return "aloha_hdf5"
    below = [str(folder.relative_to(path)) for folder in find_datasets(path)][:5]
    hint = f" Data sets lie below it: {', '.join(below)}." if below else ""
    raise UnknownFormatError(f"{path} is no data set of a format we know.{hint} Known are: {_FORMATS_TEXT}")


def _lerobot_version(info: Path, path: Path) -> DatasetFormat:
    version = load_info(info, ReadLimits()).version
    if version.startswith("v3"):
        return "lerobot_v3"
    if version.startswith("v2"):
        return "lerobot_v2"
    if version:
        raise UnknownFormatError(f"{info}: codebase_version {version!r} is not known; 2.0, 2.1 and 3.0 are")
    return "lerobot_v3" if (path / "meta" / "episodes").is_dir() else "lerobot_v2"


def find_datasets(root: Path) -> Iterator[Path]:
    """Folders of data sets at or below a folder, in the order of their names; links are not followed."""
    pending = [(root, 0)]
    while pending:
        folder, depth = pending.pop()
        if _is_dataset(folder):
            yield folder
            continue
        if depth < _SEARCH_DEPTH:
            below = [f for f in folder.iterdir() if f.is_dir() and not f.is_symlink() and not f.name.startswith(".")]
            pending += [(child, depth + 1) for child in sorted(below, reverse=True)]


def _is_dataset(folder: Path) -> bool:
    if (folder / "meta" / "info.json").exists() or lerobot_v1.data_files(folder):
        return True
    return bool((folder / "features.json").exists() and rlds.record_files(folder)) or bool(aloha_hdf5.episode_files(folder))


def iter_episodes(
    path: Path, config: ImportConfig | None = None, mapping: RobotMapping | None = None
) -> Iterator[Episode | BadEpisode]:
    """Episodes of a data set, one at a time, in its order.

    Args:
        path: Folder of a data set, or one HDF5 file.
        config: How to read it.
        mapping: What its numbers mean; by default the known robot it says, or looks like, to be.

    Raises:
        FileNotFoundError: There is nothing.
        UnknownFormatError: It is no data set we can read.
        UnknownRobotError: The data set declares a robot or fields that no mapping describes. Formats that declare nothing tell
            it per episode: `BadEpisode` with the reason `unknown_robot`.
        UnreadableDatasetError: What describes the data set is damaged.
    """
    config = config or ImportConfig()
    kind = detect_format(path)
    path = path.resolve()
    name = text(config.source or (path.stem if path.is_file() else path.name))
    if mapping is None and config.robot is not None:
        mapping = named_mapping(KNOWN_ROBOTS, config.robot)
    if mapping is None and config.unknown_robot == "refuse" and kind in ("lerobot_v2", "lerobot_v3"):
        mapping = _declared(path, name, config.limits)
    for raw in READERS[kind](path, name, config.limits):
        if isinstance(raw, BadEpisode):
            yield raw
            continue
        try:
            chosen = mapping or _recognised(raw, config)
            yield assemble(raw, chosen, config.rate_hz, config.instruction)
            # What one episode was recognised as, the others must be too.
            mapping = chosen
        except UnknownRobotError as error:
            yield BadEpisode(str(raw.path), raw.index, "unknown_robot", f"{raw.place}: {error}")
        except EpisodeError as error:
            yield BadEpisode(str(raw.path), raw.index, error.reason, str(error))


def _declared(path: Path, name: str, limits: ReadLimits) -> RobotMapping:
    """The mapping for what a LeRobot data set declares, before an episode is read."""
    info = load_info(path / "meta" / "info.json", limits)
    return find_mapping(KNOWN_ROBOTS, info.robot_type, name, slice_widths(info.widths(), load_modality(path, limits)))


def _recognised(raw: RawEpisode, config: ImportConfig) -> RobotMapping | None:
    widths = {field: values.values.shape[1] for field, values in raw.fields.items()}
    with contextlib.suppress(UnknownRobotError) if config.unknown_robot == "raw" else contextlib.nullcontext():
        return find_mapping(KNOWN_ROBOTS, raw.robot_type, raw.source, widths)
    return None
