"""`humannet reproduce`: simulate a study's footage, run the graph on it in a folder of its own, and write the report."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from humannet_assets.cli.project import UsageError
from humannet_assets.cli.simulate import profile_options, simulate
from humannet_assets.reproduction import Report, ReproductionProfile
from humannet_assets.single_life import reproduce as single_life
from humannet_assets.vla import reproduce as vla

if TYPE_CHECKING:
    from rich.console import Console

    from humannet_assets.pipeline import Pass
    from humannet_assets.settings import Settings
    from humannet_assets.store.lance_store import LanceStore

RIGHTS = {"source_type": "controlled", "licence": "Apache-2.0", "consent_basis": "synthetic"}
Hook = Callable[["LanceStore", "Settings", str], object]
"""Brings a table up to date that is made from the store as a whole: store, settings, run id."""


@dataclass(frozen=True)
class Study:
    """A paper's experiment.

    Attributes:
        simulator: Profile of the simulator its footage comes from.
        section: Its section of the settings.
        profiles: Its sizes.
        assets: What is materialised, in the order data flow.
        sources: Catalog entries without rights: id, uri below the footage's folder, kind.
        write: Writes the report.
        before: Hooks by the asset they come before.
        after: Hooks by the asset they come after.
    """

    simulator: str
    section: str
    profiles: Mapping[str, ReproductionProfile]
    assets: tuple[str, ...]
    sources: tuple[Mapping[str, str], ...]
    write: Callable[..., Report]
    before: Mapping[str, Hook]
    after: Mapping[str, Hook]


def _write_lives(*arguments: Any, **named: Any) -> Report:
    from humannet_assets.single_life.report import write_report

    return write_report(*arguments, **named)


def _write_policies(*arguments: Any, **named: Any) -> Report:
    from humannet_assets.vla.policy_report import write_report

    return write_report(*arguments, **named)


def _plan_policies(store: LanceStore, settings: Settings, run_id: str) -> None:
    from humannet_assets.vla.runs import plan_runs

    plan_runs(store, settings.vla.experiment, run_id)


def _compare_policies(store: LanceStore, settings: Settings, run_id: str) -> None:
    from humannet_assets.vla.policy_results import compare_arms
    from humannet_assets.vla.report import data_report

    compare_arms(store, settings.vla.experiment.evaluation, run_id)
    data_report(store, settings.vla.report, run_id)


STUDIES: Mapping[str, Study] = {
    "single-life": Study(
        "lives", "single_life", single_life.PROFILES, single_life.ASSETS, ({"id": "lives", "uri": "manifest.csv"},),
        _write_lives, {}, {},
    ),
    "vla": Study(
        "robot", "vla", vla.PROFILES, vla.ASSETS,
        ({"id": "hands", "uri": "human/manifest.csv"}, {"id": "robot", "uri": "robot", "kind": "robot"}),
        _write_policies, {"vla_checkpoints": _plan_policies}, {"vla_results": _compare_policies},
    ),
}  # fmt: skip


def check(study: str, profile: str) -> None:
    """Raise `UsageError` for what does not exist."""
    if study not in STUDIES:
        raise UsageError(f"there is no study {study!r}; choose one of {', '.join(STUDIES)}")
    profiles = STUDIES[study].profiles
    if profile not in profiles:
        known = "; ".join(f"{name}: {one.text}" for name, one in profiles.items())
        raise UsageError(f"there is no profile {profile!r}. There are {known}")


def reproduce(study: str, profile: str, folder: Path, workers: int, console: Console) -> Report:
    """Run a study at a size; run again to go on where it was stopped.

    Args:
        study: One of `STUDIES`.
        profile: One of its profiles.
        folder: Footage, store and report; nothing else is touched.
        workers: Processes that render and decode; 0: one per core.
        console: Told what happens.

    Raises:
        UsageError: No such study or profile.
        RuntimeError: A step left failed units; the report is written all the same.
    """
    check(study, profile)
    from humannet_assets.settings import load_settings
    from humannet_assets.store.lance_store import LanceStore

    known = STUDIES[study]
    chosen = known.profiles[profile]
    settings = load_settings(None, {known.section: dict(chosen.settings), "compute": {"workers": workers}})
    options = {name: str(value) for name, value in chosen.simulate.items()}
    profile_options(known.simulator, options)
    folder.mkdir(parents=True, exist_ok=True)
    console.print(f"{study}, profile {profile} ({chosen.text}) in {folder}", markup=False, highlight=False)
    simulate(known.simulator, options, folder / "footage", (), workers, console)
    failed = _run(known, settings, folder, console)
    report = known.write(
        LanceStore(str((folder / "store").resolve())), getattr(settings, known.section), folder / "report", profile=profile,
        command=f"humannet reproduce {study} --profile {profile}", simulate=chosen.simulate,
    )  # fmt: skip
    console.print("\n".join(report.verdict_lines()), markup=False, highlight=False)
    console.print(f"report: {report.folder / 'report.md'}", markup=False, highlight=False)
    if failed:
        raise RuntimeError(f"{'; '.join(failed)} failed (see the rows' error_message); run again to try them again")
    return report


def _run(study: Study, settings: Settings, folder: Path, console: Console) -> list[str]:
    """Bring every asset of the study up to date; returns what failed."""
    from humannet_assets.media.access import MediaAccess
    from humannet_assets.pipeline import build_passes
    from humannet_assets.single_life.workplace import Workplace
    from humannet_assets.sources.listing import refresh_sources
    from humannet_assets.store.compute import Limits, ProcessWorkers
    from humannet_assets.store.lance_store import LanceStore
    from humannet_assets.store.runner import run_steps

    footage = (folder / "footage").resolve()
    entries = [{**source, "uri": str(footage / source["uri"]), **RIGHTS} for source in study.sources]
    catalog = folder / "sources.yaml"
    catalog.write_text(yaml.safe_dump({"sources": entries}), encoding="utf-8")
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

    for name, own in _groups(study.assets, passes).items():
        started = time.monotonic()
        if name in study.before:
            study.before[name](store, settings, run_id)
        for steps in own:
            reports = run_steps(store, steps, compute=compute, access=access, run_id=run_id, progress=report_progress)
            failed += [f"{report.failed} units of {report.table}" for report in reports if report.failed]
        if name in study.after:
            study.after[name](store, settings, run_id)
        console.print(f"{name}: {time.monotonic() - started:.0f} s", markup=False, highlight=False)
    return failed


def _groups(assets: tuple[str, ...], passes: Mapping[str, tuple[Pass, ...]]) -> dict[str, tuple[Pass, ...]]:
    """Passes by asset; those of the tracks together, so that a clip is decoded once (DESIGN rule 5)."""
    from humannet_assets.pipeline import TRACK_ASSETS

    tracks = tuple(step for asset in TRACK_ASSETS for steps in passes[asset] for step in steps)
    groups: dict[str, tuple[Pass, ...]] = {}
    for asset in assets:
        if asset in TRACK_ASSETS:
            groups[", ".join(TRACK_ASSETS)] = (tracks,)
        else:
            groups[asset] = passes[asset]
    return groups
