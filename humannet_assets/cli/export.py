"""`humannet export`: stored data in the formats of others."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from humannet_assets.cli.project import Project

if TYPE_CHECKING:
    from rich.console import Console


class EpisodeKind(StrEnum):
    """Whose episodes."""

    human = "human"
    robot = "robot"


def write_lerobot(
    project: Project, kind: EpisodeKind, out: Path, datasets: Sequence[str], *, everything: bool, size: str, console: Console
) -> None:
    """Write the data set and say what is in it.

    Raises:
        FormatError: A size that is none, or none H.264 can hold.
        NothingToExportError: No episode fits.
        DatasetError: The folder holds something else, or the disk is full.
    """
    from humannet_assets.vla.chunks import EpisodeChoice
    from humannet_assets.vla.export import export_lerobot, parse_size

    store = project.require_tables()
    choice = EpisodeChoice(kind=kind.value, datasets=tuple(datasets), robot_ready=not everything)
    report = export_lerobot(store, choice, out, parse_size(size), project.access)
    text = f"{report.train} training and {report.validation} validation episodes, {report.frames} frames: {report.folder}"
    console.print(text, markup=False, highlight=False)
    for why in sorted(set(report.left_out.values())):
        count = sum(reason == why for reason in report.left_out.values())
        console.print(f"left out {count}: {why}", markup=False, highlight=False)
