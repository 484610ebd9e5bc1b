"""What the reproductions of the papers have in common: their sizes, and how a report is written to disk."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from humannet_assets.single_life.verdicts import Finding


@dataclass(frozen=True)
class ReproductionProfile:
    """A size of an experiment.

    Attributes:
        text: What it is for, and how long it takes where that was measured.
        simulate: Options of the study's profile of the simulator.
        settings: The study's section of the settings, over the defaults.
    """

    text: str
    simulate: Mapping[str, Any]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """Where the report lies and what it says; `unit` is what its findings count."""

    folder: Path
    findings: tuple[Finding, ...]
    unit: str

    def verdict_lines(self) -> list[str]:
        """One line per finding, for a terminal."""
        from humannet_assets.single_life.findings import number

        return [
            f"{one.verdict:>9}  {one.name} ({one.measure}): {number(one.value)} [{number(one.low)}, {number(one.high)}], "
            f"{one.units} {self.unit}"
            for one in self.findings
        ]


@dataclass(frozen=True)
class Written:
    """What a report consists of. Pictures are JPEG bytes by name of their PNG file; None is left out."""

    title: str
    caveat: str
    about: Mapping[str, Any]
    findings: Sequence[Finding]
    pictures: Mapping[str, bytes | None]
    tables: Mapping[str, pl.DataFrame]
    sections: Mapping[str, Sequence[str]]


def write_files(folder: Path, written: Written) -> None:
    """Write `report.md`, PNG pictures, `results.json` and CSV tables; files of an earlier report are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = [name for name, jpeg in written.pictures.items() if jpeg and _write_png(folder / name, jpeg)]
    for name, table in written.tables.items():
        table.write_csv(folder / f"{name}.csv", float_precision=6)
    results = {"about": written.about, "findings": [{**asdict(one), "verdict": one.verdict} for one in written.findings]}
    (folder / "results.json").write_text(json.dumps(_plain(results), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(_text(written, shown), encoding="utf-8")


def _text(written: Written, shown: Sequence[str]) -> str:
    files = ", ".join(f"`{name}.csv`" for name in written.tables)
    sections = {
        **written.sections,
        "Pictures": [f"![{name}]({name})" for name in shown],
        "Files": [f"{files}, `results.json` (settings, versions, verdicts)."],
    }
    parts = [f"# {written.title}", f"**{written.caveat}.**" if written.caveat else ""]
    for title, texts in sections.items():
        parts += [f"## {title}", *texts]
    return "\n\n".join(part for part in parts if part) + "\n"


def about_run(
    trained: pl.DataFrame, *, profile: str, command: str, simulate: Mapping[str, Any], settings: Any, seeds: Sequence[int]
) -> dict[str, Any]:
    """What was run, on what: `trained` has the columns hardware, precision and train_s of every model."""
    from humannet_assets.single_life.card import current_commit, versions

    return {
        "profile": profile,
        "command": command,
        "simulate": dict(simulate),
        "settings": settings.model_dump(mode="json"),
        "seeds": list(seeds),
        "hardware": sorted(trained["hardware"].unique()),
        "precision": sorted(trained["precision"].unique()),
        "cores": len(os.sched_getaffinity(0)),
        "machine": platform.machine(),
        "training_s": float(trained["train_s"].sum()),
        "models": trained.height,
        "versions": dict(versions()),
        "commit": current_commit(),
    }


def run_text(about: Mapping[str, Any]) -> str:
    """The same in a paragraph."""
    versions_text = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return (
        f"Hardware: {', '.join(about['hardware'])} ({about['cores']} cores, {about['machine']}); precision "
        f"{', '.join(about['precision'])}; {about['models']} models, {about['training_s'] / 3600:.2f} h of training. "
        f"Seeds {about['seeds']}. {versions_text}. Commit {about['commit'] or 'unknown'}."
    )


def options_text(about: Mapping[str, Any]) -> str:
    """Options of the simulator."""
    return ", ".join(f"`{name}={value}`" for name, value in about["simulate"].items())


def _write_png(path: Path, jpeg: bytes) -> bool:
    """A JPEG as PNG; True."""
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"the picture for {path} cannot be read")
    return bool(cv2.imwrite(str(path), pixels))


def _plain(value: Any) -> Any:
    """The same without NaN, which JSON lacks."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
