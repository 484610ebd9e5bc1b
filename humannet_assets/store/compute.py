"""Where `process` runs: in this process, or in killable worker processes with time and memory limits (DESIGN rules 9, 10).

Workers are spawned, never forked (Lance and MediaPipe are not fork-safe), keep their models between tasks, and die with
their parent. A task that crashes or outlives its limit is split, so that only the unit to blame fails.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from humannet_assets.store.step import Media, Outcome, Step, Unit

if TYPE_CHECKING:
    from pebble import ProcessFuture, ProcessPool

Work = tuple[Unit, tuple[Step[Any], ...]]
Result = tuple[str, Outcome]
"""Name of the step and how the unit ended in it."""


class MediaSource(Protocol):
    """What the compute layer needs of `humannet_assets.media.access.MediaAccess`."""

    def local_path(self, uri: str, fingerprint: str, video_id: str) -> Any:
        """A local file with the bytes; raises if the file is gone or has changed."""
        ...


@dataclass(frozen=True)
class Limits:
    """What one worker may use before it is stopped.

    `seconds_per_unit` bounds a task at that many seconds for each of its units; `memory_bytes` bounds a worker's private
    writable memory (RLIMIT_DATA): enough for models and one 8K frame queue, far from taking the machine down.
    """

    seconds_per_unit: float = 300.0
    memory_bytes: int = 8 * 1024**3


def run_work(work: Sequence[Work], access: MediaSource | None) -> tuple[list[Result], float]:
    """Process some units here and now; every (unit, step) gets exactly one outcome.

    Returns:
        The results and the CPU seconds they took.
    """
    started = time.process_time()
    ready: list[Work] = []
    results: list[Result] = []
    for unit, steps in work:
        if unit.media is None or not any(step.needs_media for step in steps):
            ready.append((unit, steps))
            continue
        try:
            if access is None:
                raise RuntimeError("the video's bytes are needed, but no media access was configured")
            # `Media.path` travels as the fingerprint to check until the worker has the file in hand.
            path = str(access.local_path(unit.media.uri, unit.media.path, unit.media.video_id))
        except Exception as error:
            results.extend((step.name, Outcome.failed(unit, error)) for step in steps)
            continue
        ready.append((replace(unit, media=Media(unit.media.video_id, unit.media.uri, path)), steps))
    for group in _grouped(ready):
        results.extend(_process(group))
    return results, time.process_time() - started


def _grouped(work: Sequence[Work]) -> Iterator[list[Work]]:
    """Runs of units that go through the same steps."""
    group: list[Work] = []
    for item in work:
        if group and [step.name for step in group[0][1]] != [step.name for step in item[1]]:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _process(group: Sequence[Work]) -> Iterator[Result]:
    steps = group[0][1]
    pending = {(unit.id, step.name): unit for unit, _ in group for step in steps}
    try:
        if len(steps) == 1:
            outcomes: Iterator[tuple[Step[Any], Outcome]] = (
                (steps[0], o) for o in steps[0].process([unit for unit, _ in group])
            )
        else:
            from humannet_assets.media.clip_pass import run_clip_pass

            outcomes = run_clip_pass(group)  # type: ignore[arg-type]
        for step, outcome in outcomes:
            if pending.pop((outcome.unit_id, step.name), None) is None:
                raise RuntimeError(f"step {step.name} reported unit {outcome.unit_id} twice or was never given it")
            yield step.name, outcome
        missing = RuntimeError(f"step {steps[0].name} reported no outcome for this unit")
    except Exception as error:
        missing = error
        if len(group) > 1:
            # One bad unit must not take its neighbours down: each unfinished one gets a try of its own.
            for unit, _ in group:
                rest = tuple(step for step in steps if (unit.id, step.name) in pending)
                if rest:
                    yield from _process([(unit, rest)])
            return
    for (_, name), unit in pending.items():
        yield name, Outcome.failed(unit, missing)


class Compute(Protocol):
    """Maps work to results, in any order."""

    def map(self, tasks: Sequence[Sequence[Work]], access: MediaSource | None) -> Iterator[tuple[list[Result], float]]:
        """Yield (results, CPU seconds) for each task as it finishes."""
        ...

    def call(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
        """Call a function with each tuple of arguments: for work on media that writes no table.

        Yields:
            (index of the task, what the function returned or the exception that ended it) as they finish.
        """
        ...


@dataclass(frozen=True)
class InProcess:
    """Runs everything in the calling process: for steps that touch no media, tests and debuggers."""

    def map(self, tasks: Sequence[Sequence[Work]], access: MediaSource | None) -> Iterator[tuple[list[Result], float]]:
        """See `Compute.map`."""
        for task in tasks:
            yield run_work(task, access)

    def call(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
        """See `Compute.call`."""
        for index, arguments in enumerate(tasks):
            try:
                result = function(*arguments)
            except Exception as error:
                result = error
            yield index, result


def _die_with_parent() -> None:
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _start_worker(memory_bytes: int) -> None:
    import resource

    _die_with_parent()
    # The parent decides what an interrupt means; a worker that dies of Ctrl-C would look like a crashed unit.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


_pools: dict[tuple[int, int], ProcessPool] = {}


def close_pools() -> None:
    """Stop all idle workers of this process."""
    for pool in _pools.values():
        pool.stop()
        pool.join(timeout=10)
    _pools.clear()


atexit.register(close_pools)


@dataclass(frozen=True)
class ProcessWorkers:
    """Runs tasks in spawned worker processes, at most `workers` at a time; they live as long as this process."""

    workers: int = 0
    limits: Limits = Limits()

    @property
    def worker_count(self) -> int:
        """`workers`, or the number of usable cores when 0."""
        return self.workers or len(os.sched_getaffinity(0))

    def _pool(self) -> ProcessPool:
        from pebble import ProcessPool

        key = (self.worker_count, self.limits.memory_bytes)
        pool = _pools.get(key)
        if pool is None or not pool.active:
            pool = _pools[key] = ProcessPool(
                max_workers=self.worker_count,
                context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(self.limits.memory_bytes,),
            )
        return pool

    def map(self, tasks: Sequence[Sequence[Work]], access: MediaSource | None) -> Iterator[tuple[list[Result], float]]:
        """See `Compute.map`. Interrupting the iteration cancels what is running."""
        pool = self._pool()
        queue = list(reversed(tasks))
        running: dict[ProcessFuture, Sequence[Work]] = {}
        try:
            while queue or running:
                # Two tasks per worker in flight: enough to keep them busy, few enough to cancel quickly.
                while queue and len(running) < 2 * self.worker_count:
                    task = queue.pop()
                    timeout = self.limits.seconds_per_unit * len(task)
                    running[pool.schedule(run_work, args=(task, access), timeout=timeout)] = task
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    task = running.pop(future)  # type: ignore[arg-type]
                    error = future.exception()
                    if error is None:
                        yield future.result()
                    elif len(task) > 1:
                        queue.extend([item] for item in reversed(task))
                    else:
                        yield [(step.name, Outcome.failed(task[0][0], self._explained(error))) for step in task[0][1]], 0.0
        finally:
            for future in running:
                future.cancel()

    def call(self, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
        """See `Compute.call`. Interrupting the iteration cancels what is running."""
        pool = self._pool()
        waiting = list(enumerate(tasks))[::-1]
        running: dict[ProcessFuture, int] = {}
        try:
            while waiting or running:
                while waiting and len(running) < 2 * self.worker_count:
                    index, arguments = waiting.pop()
                    running[pool.schedule(function, args=arguments, timeout=self.limits.seconds_per_unit)] = index
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    index = running.pop(future)  # type: ignore[arg-type]
                    error = future.exception()
                    yield index, future.result() if error is None else self._explained(error)
        finally:
            for future in running:
                future.cancel()

    def _explained(self, error: BaseException) -> BaseException:
        from pebble import ProcessExpired

        if isinstance(error, FutureTimeoutError):
            return TimeoutError(
                f"stopped after {self.limits.seconds_per_unit:g} s; raise compute.seconds_per_unit if the file is worth it"
            )
        if isinstance(error, ProcessExpired):
            return ChildProcessError(
                f"the worker process died with exit code {error.exitcode} (a crash in a decoder, or its memory limit of "
                f"{self.limits.memory_bytes / 1024**3:.1f} GiB); other files were not affected"
            )
        return error
