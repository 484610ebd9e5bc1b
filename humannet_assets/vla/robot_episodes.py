"""`robot_recordings` and `robot_episodes`: what data sets of robots hold, and which of it can be learned from.

The first step looks through every data set once and lists its episodes; the second takes them up one by one, so that each is
accounted for by itself: kept, rejected with reasons, or failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from humannet_assets.store.identity import stable_id
from humannet_assets.store.step import Outcome, Read, Step, Unit
from humannet_assets.store.tables import ROBOT_EPISODES, ROBOT_RECORDINGS, SOURCE_CATALOG
from humannet_assets.vla.actions import cut_chunks, robot_weights
from humannet_assets.vla.chunks import camera_json
from humannet_assets.vla.episodes import BadEpisode, Episode, Floats, UnreadableDatasetError
from humannet_assets.vla.importers.registry import ImportConfig, UnknownFormatError, detect_format, find_datasets, iter_episodes
from humannet_assets.vla.measures import measure_columns
from humannet_assets.vla.motion import robot_motion
from humannet_assets.vla.qc import judge
from humannet_assets.vla.resample import resample
from humannet_assets.vla.robots import UnknownRobotError
from humannet_assets.vla.settings import RobotDataConfig, RobotEpisodesConfig
from humannet_assets.vla.stored import motion_columns


class RobotRecordingStep(Step[RobotDataConfig]):
    """Lists the episodes of each robot source. A data set that cannot be read at all is one row with the problem."""

    name = "robot_recordings"
    code_version = "1"
    reads = (Read(SOURCE_CATALOG, ("uri", "fingerprint"), unit="robot_source_id", by="values"),)
    writes = ROBOT_RECORDINGS
    isolated = True
    chunk_size = 1

    def models(self) -> tuple[str, ...]:
        """Mapping files decide what is readable."""
        return self.config.mapping_hashes()

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per source, rejected where there is no data set below it."""
        for unit in units:
            root = Path(unit.row(SOURCE_CATALOG)["uri"])
            rows = list(self._rows(unit.id, root))
            if rows:
                bad = sum("problem" in row for row in rows)
                yield Outcome.kept(unit, rows, {"datasets": len({row["dataset_path"] for row in rows}), "unreadable": bad})
            else:
                fix = "name the folder of a LeRobot, ALOHA HDF5 or RLDS data set, or one above it"
                yield Outcome.rejected(unit, ["no_dataset"], {"uri": str(root), "fix": fix})

    def _rows(self, source_id: str, root: Path) -> Iterator[dict[str, Any]]:
        first: dict[str, str] = {}
        for path in [root] if root.is_file() else find_datasets(root):
            place = "" if path == root else str(path.relative_to(root))
            for position, found in enumerate(dataset_episodes(path, self.config)):
                recording_id = stable_id("recording", source_id, place, position)
                row: dict[str, Any] = {
                    "recording_id": recording_id,
                    "dataset": dataset_name(path),
                    "dataset_path": str(path),
                    "data_format": _format(path),
                    "position": position,
                    "episode_index": found.index,
                }
                if isinstance(found, BadEpisode):
                    yield {**row, "problem": found.reason, "problem_message": found.message[:2000]}
                    continue
                same = first.setdefault(found.episode_id, recording_id)
                duplicate_of = None if same == recording_id else same
                yield {**row, "episode_id": found.episode_id, "duplicate_of": duplicate_of, "robot": found.robot or None}


class RobotEpisodeStep(Step[RobotEpisodesConfig]):
    """Judges each recording and brings it into the shared action space."""

    name = "robot_episodes"
    code_version = "1"
    reads = (
        Read(
            ROBOT_RECORDINGS,
            (
                "robot_source_id", "dataset", "dataset_path", "position", "episode_index", "episode_id", "duplicate_of",
                "problem", "problem_message",
            ),
            unit="recording_id",
        ),
    )  # fmt: skip
    writes = ROBOT_EPISODES
    isolated = True
    # A data set is read from its beginning for each chunk: long ones keep that rare.
    chunk_size = 1024

    def models(self) -> tuple[str, ...]:
        """Mapping files decide what numbers mean."""
        return self.config.data.mapping_hashes()

    def sort_key(self, unit: Unit) -> Any:
        """Episodes of a data set together, in its order."""
        row = unit.row(ROBOT_RECORDINGS)
        return row["dataset_path"], row["position"]

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per recording."""
        ordered = sorted(units, key=self.sort_key)
        for path, group in groupby(ordered, key=lambda unit: unit.row(ROBOT_RECORDINGS)["dataset_path"]):
            yield from self._dataset(Path(path), list(group))

    def _dataset(self, path: Path, units: Sequence[Unit]) -> Iterator[Outcome]:
        wanted: dict[int, Unit] = {}
        for unit in units:
            row = unit.row(ROBOT_RECORDINGS)
            if row["problem"] is not None:
                evidence = {"message": row["problem_message"]}
                yield Outcome.rejected(unit, [row["problem"]], evidence, _place(row))
            elif row["duplicate_of"] is not None:
                yield Outcome.rejected(unit, ["duplicate"], {"duplicate_of": row["duplicate_of"]}, _place(row))
            else:
                wanted[row["position"]] = unit
        if not wanted:
            return
        last = max(wanted)
        for position, found in enumerate(dataset_episodes(path, self.config.data)):
            unit = wanted.pop(position, None)
            if unit is not None:
                yield self._episode(unit, found)
            if position >= last:
                break
        for unit in wanted.values():
            yield Outcome.failed(unit, _changed(path))

    def _episode(self, unit: Unit, found: Episode | BadEpisode) -> Outcome:
        row = unit.row(ROBOT_RECORDINGS)
        if isinstance(found, BadEpisode) or found.episode_id != row["episode_id"]:
            return Outcome.failed(unit, _changed(Path(row["dataset_path"])))
        try:
            verdict = judge(found, self.config.quality)
            described = {**_place(row), **_described(found), "notes": verdict.notes}
            split, group = self.config.split.place(found.episode_id, row["dataset"], found.instruction)
            described |= {"split": split, "eval_group": group}
            if not verdict.ok:
                return Outcome.rejected(unit, verdict.reasons, verdict.evidence, described)
            return Outcome.kept(unit, [{**described, **self._motion(found)}], verdict.evidence)
        except Exception as error:
            # One episode's fault: the others of the data set go on.
            return Outcome.failed(unit, error)

    def _motion(self, episode: Episode) -> dict[str, Any]:
        motion = resample(robot_motion(episode), self.config.resample)
        return {
            **motion_columns(motion, cut_chunks(motion), robot_weights()),
            **measure_columns(motion, episode.instruction, episode.duration_s, self.config.measures),
            "times_s": episode.timestamps_s.tolist(),
            "state": _numbers(episode.state),
            "action": _numbers(episode.action),
        }


def dataset_name(path: Path) -> str:
    """What a data set is called: its folder, or its file without the suffix."""
    return path.stem if path.is_file() else path.name


def dataset_episodes(path: Path, config: RobotDataConfig) -> Iterator[Episode | BadEpisode]:
    """Episodes of a data set as the settings say to read it; a data set nobody can read is one bad episode.

    Args:
        path: Folder of the data set, or one HDF5 file.
        config: Hints and limits.
    """
    hint = config.hint(dataset_name(path))
    imports = ImportConfig(
        rate_hz=hint.rate_hz if hint else None, instruction=hint.instruction if hint else "",
        unknown_robot=config.unknown_robot, limits=config.limits,
    )  # fmt: skip
    problem: tuple[str, Exception] | None = None
    try:
        yield from iter_episodes(path, imports, hint.chosen_mapping() if hint else None)
    except UnknownRobotError as error:
        problem = ("unknown_robot", error)
    except (UnreadableDatasetError, UnknownFormatError) as error:
        problem = ("unreadable_dataset", error)
    if problem is not None:
        yield BadEpisode(str(path), -1, problem[0], str(problem[1]))


def _format(path: Path) -> str | None:
    try:
        return detect_format(path)
    except (UnreadableDatasetError, UnknownFormatError):
        return None


def _changed(path: Path) -> RuntimeError:
    return RuntimeError(f"{path} is not what was listed; materialise source_catalog and this asset again")


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("dataset", "episode_index", "episode_id")
    return {"source_id": row["robot_source_id"], **{name: row[name] for name in names}}


def _described(episode: Episode) -> dict[str, Any]:
    steps_s = np.diff(episode.timestamps_s)
    step_s = float(np.median(steps_s)) if len(steps_s) and np.isfinite(steps_s).all() else 0.0
    return {
        "instruction": episode.instruction,
        "robot": episode.robot or None,
        "arms": list(episode.arms),
        "success": episode.success,
        "frame_count": episode.frames,
        "rate_hz": 1 / step_s if step_s > 0 else None,
        "duration_s": episode.duration_s,
        "anchor_camera": episode.anchor_camera,
        "camera_names": list(episode.cameras),
        "cameras": camera_json(episode.cameras),
        "state_names": list(episode.state_names),
        "state_units": list(episode.state_units),
        "action_names": list(episode.action_names),
        "action_units": list(episode.action_units),
    }


def _numbers(values: Floats) -> list[list[float]]:
    return values.astype(np.float32).tolist()
