"""`humannet reproduce`: simulate lives, run the graph on them in a folder of its own, and write the report."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from humannet_assets.cli.project import UsageError
from humannet_assets.cli.simulate import profile_options, simulate
from humannet_assets.single_life.reproduce import ASSETS, PROFILES

if TYPE_CHECKING:
    from rich.console import Console

    from humannet_assets.settings import Settings
    from humannet_assets.single_life.report import Report

STUDIES = ("single-life",)


def check(study: str, profile: str) -> None:
    """Raise `UsageError` for what does not exist."""
    if study not in STUDIES:
        raise UsageError(f"there is no study {study!r}; choose one of {', '.join(STUDIES)}")
    if profile not in PROFILES:
        known = "; ".join(f"{name}: {one.text}" for name, one in PROFILES.items())
        raise UsageError(f"there is no profile {profile!r}. There are {known}")


def reproduce(study: str, profile: str, folder: Path, workers: int, console: Console) -> Report:
    """Run a study at a size; run again to go on where it was stopped.

    Args:
        study: "single-life".
        profile: See `single_life.reproduce`.
        folder: Footage, store and report; nothing else is touched.
        workers: Processes that render and decode; 0: one per core.
        console: Told what happens.

    Raises:
        UsageError: No such study or profile.
        RuntimeError: A step left failed units; the report is written all the same.
    """
    check(study, profile)
    from humannet_assets.settings import load_settings

    chosen = PROFILES[profile]
    settings = load_settings(None, {"single_life": dict(chosen.settings), "compute": {"workers": workers}})
    options = {name: str(value) for name, value in chosen.simulate.items()}
    profile_options("lives", options)
    folder.mkdir(parents=True, exist_ok=True)
    console.print(f"{study}, profile {profile} ({chosen.text}) in {folder}", markup=False, highlight=False)
    simulate("lives", options, folder / "footage", (), workers, console)
    failed = _run(settings, folder, console)
    from humannet_assets.single_life.report import verdict_lines, write_report
    from humannet_assets.store.lance_store import LanceStore

    report = write_report(
        LanceStore(str((folder / "store").resolve())), settings.single_life, folder / "report", profile=profile,
        command=f"humannet reproduce {study} --profile {profile}", simulate=chosen.simulate,
    )  # fmt: skip
    console.print("\n".join(verdict_lines(report.findings)), markup=False, highlight=False)
    console.print(f"report: {report.folder / 'report.md'}", markup=False, highlight=False)
    if failed:
        raise RuntimeError(f"{'; '.join(failed)} failed (see the rows' error_message); run again to try them again")
    return report


def _run(settings: Settings, folder: Path, console: Console) -> list[str]:
    """Bring every asset of the study up to date; returns what failed."""
    from humannet_assets.media.access import MediaAccess
    from humannet_assets.pipeline import build_passes
    from humannet_assets.single_life.workplace import Workplace
    from humannet_assets.sources.listing import refresh_sources
    from humannet_assets.store.compute import Limits, ProcessWorkers
    from humannet_assets.store.lance_store import LanceStore
    from humannet_assets.store.runner import run_steps

    manifest = (folder / "footage" / "manifest.csv").resolve()
    rights = {"source_type": "controlled", "licence": "Apache-2.0", "consent_basis": "synthetic"}
    catalog = folder / "sources.yaml"
    catalog.write_text(yaml.safe_dump({"sources": [{"id": "lives", "uri": str(manifest), **rights}]}), encoding="utf-8")
    store, access = LanceStore(str((folder / "store").resolve())), MediaAccess()
    limits = Limits(settings.compute.seconds_per_unit, int(settings.compute.memory_gib * 1024**3))
    compute = ProcessWorkers(settings.compute.workers, limits)
    run_id = f"reproduce-{uuid.uuid4()}"
    refresh_sources(store, catalog, settings, run_id=run_id, access=access)
    passes = build_passes(settings, access, Workplace(store, access, compute))
    failed: list[str] = []
    said = time.monotonic()

    def report_progress(name: str, done: int, total: int) -> None:
        nonlocal said
        if done < total and time.monotonic() - said < 30:
            return
        said = time.monotonic()
        console.print(f"  {name}: {done} of {total}", markup=False, highlight=False)

    for asset in ASSETS:
        started = time.monotonic()
        for steps in passes[asset]:
            reports = run_steps(store, steps, compute=compute, access=access, run_id=run_id, progress=report_progress)
            failed += [f"{report.failed} units of {report.table}" for report in reports if report.failed]
        console.print(f"{asset}: {time.monotonic() - started:.0f} s", markup=False, highlight=False)
    return failed
