"""Makes the files of a profile in a folder: several at a time, resumable, never a half file taken for whole.

A case is written into a scratch folder; its video and maps are then moved to their place, its sidecar last. So a sidecar says
that its file is whole, and whatever a killed run left behind is thrown away by the next one. `simulated.json` records which
profile with which options the folder holds: going on with others is refused.
"""

from __future__ import annotations

import csv
import errno
import fcntl
import io
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from humannet_assets.media.sidecar import Sidecar, SidecarError, dump_sidecar, load_sidecar, sidecar_path
from humannet_assets.simulator.cases import Case
from humannet_assets.simulator.world import SceneBuilder

GENERATOR_VERSION = 2
"""Raised when the same options give other footage: a folder begun with another version is not gone on with."""

RECORD, MANIFEST, SCRATCH = "simulated.json", "manifest.csv", ".partial"

BYTES_PER_SECOND = 150_000
"""What a second of rendered footage needs on disk with its sidecar (measured: 60-130 kB at 320x240 to 640x480)."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SimulationError(RuntimeError):
    """Footage could not be made; the message says what to do. What was finished before is kept."""


@dataclass(frozen=True)
class Profile:
    """What a folder of simulated footage holds: the cases, and the name and options they follow from."""

    name: str
    options: Mapping[str, Any]
    cases: tuple[Case, ...]

    def __post_init__(self) -> None:
        names = [case.name for case in self.cases]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"profile {self.name}: several cases are called {', '.join(repeated)}")
        known: set[str] = set()
        for case in self.cases:
            if missing := set(case.needs) - known:
                raise ValueError(
                    f"profile {self.name}: {case.name} is made from {', '.join(missing)}, which must stand before it"
                )
            known.add(case.name)

    def record(self) -> dict[str, Any]:
        """The content of `simulated.json`."""
        return {"profile": self.name, "options": dict(self.options), "generator_version": GENERATOR_VERSION}


@dataclass
class Produced:
    """What a call did."""

    made: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    frames: int = 0
    bytes: int = 0


Progress = Callable[[str, float, float], None]
"""Called with (name of the file just finished, seconds of footage done, seconds to do)."""


def produce(
    profile: Profile,
    folder: Path,
    *,
    only: Sequence[str] = (),
    workers: int = 0,
    progress: Progress = lambda name, done, total: None,
) -> Produced:
    """Make the profile's files that are not there yet.

    Args:
        profile: What to make.
        folder: Where; made if it is not there.
        only: Names of cases; all if empty.
        workers: Processes that render at the same time; 0 means one per usable core.
        progress: Told after each file.

    Raises:
        ValueError: `only` names a case that does not exist.
        SimulationError: The folder holds other footage, is being written to, the disk is full, or a worker died.
        RenderingUnavailableError: MuJoCo or OpenGL is missing; the message says how to get it.
    """
    wanted = _chosen(profile, only)
    folder.mkdir(parents=True, exist_ok=True)
    with _claimed(folder):
        _check_record(profile, folder)
        report = Produced(present=[case.name for case in wanted if _is_whole(case, folder)])
        todo = [case for case in wanted if case.name not in report.present]
        _check_space(todo, folder)
        if any(case.seconds for case in todo):
            with SceneBuilder().build(64, 64, 50.0):
                pass
        total, done = sum(case.seconds for case in todo), 0.0
        for case, sidecar, size in _made(todo, folder, workers or len(os.sched_getaffinity(0))):
            report.made.append(case.name)
            report.frames += sidecar.frame_count
            report.bytes += size
            done += case.seconds
            progress(case.file, done, total)
        _write_manifest(profile, folder)
    return report


def make_case(case: Case, folder: Path) -> tuple[Sidecar, int]:
    """Write one case's files into a folder that holds the cases it is made from; returns its sidecar and its bytes.

    The sidecar appears last and at once: when it is there, the other files are whole.
    """
    scratch = folder / SCRATCH / case.name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        # Copies of validated models are not validated: do it here, once, for all of them.
        sidecar = Sidecar.model_validate(case.write(scratch, folder).model_dump())
        sidecar_path(scratch / case.file).write_text(dump_sidecar(sidecar), encoding="utf-8")
        files = sorted(scratch.iterdir(), key=lambda path: path.suffix == ".json")
        size = sum(path.stat().st_size for path in files)
        for path in files:
            with path.open("rb") as written:
                os.fsync(written.fileno())
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return sidecar, size


def _chosen(profile: Profile, only: Sequence[str]) -> list[Case]:
    """The named cases and those they are made from, in the profile's order."""
    by_name = {case.name: case for case in profile.cases}
    if unknown := sorted(set(only) - set(by_name)):
        raise ValueError(f"no case of {profile.name} is called {', '.join(unknown)}; there are {', '.join(by_name)}")
    names, rest = set[str](), list(only or by_name)
    while rest:
        name = rest.pop()
        if name not in names:
            names.add(name)
            rest.extend(by_name[name].needs)
    return [case for case in profile.cases if case.name in names]


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """One process at a time writes to a folder; what a killed one left half made goes first."""
    scratch = folder / SCRATCH
    scratch.mkdir(exist_ok=True)
    with (scratch / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SimulationError(
                f"another process is making footage in {folder}; wait for it or choose another folder"
            ) from None
        for path in scratch.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
        yield
        shutil.rmtree(scratch, ignore_errors=True)


def _check_record(profile: Profile, folder: Path) -> None:
    path, record = folder / RECORD, profile.record()
    if path.is_file():
        try:
            present = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise SimulationError(f"{path} is not JSON ({error}); choose another folder") from None
        if present != json.loads(json.dumps(record)):
            raise SimulationError(
                f"{folder} holds other footage ({json.dumps(present)}) than what was asked for ({json.dumps(record)}); choose "
                "another folder, or the same options to go on"
            )
        return
    _replace(path, json.dumps(record, indent=1) + "\n")


def _is_whole(case: Case, folder: Path) -> bool:
    try:
        sidecar = load_sidecar(folder / f"{case.name}.json")
    except SidecarError:
        return False
    return sidecar.seed == case.seed and (folder / sidecar.file).is_file()


def _check_space(todo: Sequence[Case], folder: Path) -> None:
    needed = int(sum(case.seconds for case in todo) * BYTES_PER_SECOND)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SimulationError(
            f"about {needed / 1e9:.1f} GB are needed in {folder} and {free / 1e9:.1f} GB are free; free some space, choose "
            "another folder or ask for less footage"
        )


def _made(todo: Sequence[Case], folder: Path, workers: int) -> Iterator[tuple[Case, Sidecar, int]]:
    """Make the cases in worker processes, each as soon as those it needs are there; yields them as they are finished."""
    waiting = list(todo)
    unfinished = {case.name for case in todo}
    running: dict[Future[tuple[Sidecar, int]], Case] = {}
    if not todo:
        return
    # Spawned: OpenGL contexts do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(todo)), mp_context=context, initializer=_start_worker) as pool:
        try:
            while waiting or running:
                for case in [case for case in waiting if not unfinished.intersection(case.needs)]:
                    waiting.remove(case)
                    running[pool.submit(make_case, case, folder)] = case
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    case = running.pop(future)
                    sidecar, size = _result(future, case, folder)
                    unfinished.discard(case.name)
                    yield case, sidecar, size
        except BaseException:
            for process in list((pool._processes or {}).values()):  # noqa: SLF001 - there is no public way to stop running tasks
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _result(future: Future[tuple[Sidecar, int]], case: Case, folder: Path) -> tuple[Sidecar, int]:
    try:
        return future.result()
    except BrokenProcessPool:
        raise SimulationError(
            f"the process that was making {case.file} died (out of memory, or killed); run the command again to go on, with "
            "fewer workers if memory is short"
        ) from None
    except OSError as error:
        if error.errno in _FULL:
            raise SimulationError(
                f"no space is left in {folder} ({error.strerror}) while {case.file} was being written; free some and run the "
                "command again: finished files are kept"
            ) from None
        raise


def _start_worker() -> None:
    # One core each: the software renderer would otherwise start a thread per core in every worker.
    os.environ["LP_NUM_THREADS"] = "1"
    with suppress(ImportError):
        import cv2

        cv2.setNumThreads(1)


def _write_manifest(profile: Profile, folder: Path) -> None:
    """The files that are there, with what an uploader would say of them, in the format sources read."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    # Words of a task only where there are some: other footage says nothing of what is done.
    told = any(case.instruction for case in profile.cases)
    writer.writerow(["path", "keywords", "life", "control", *(["instruction"] if told else [])])
    for case in sorted(profile.cases, key=lambda case: case.file):
        if (folder / f"{case.name}.json").is_file():
            words = [case.instruction] if told else []
            writer.writerow([case.file, ";".join(case.keywords), case.life or "", case.control or "", *words])
    _replace(folder / MANIFEST, text.getvalue())


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
