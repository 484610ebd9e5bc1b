"""Run the graph from the command line through the same definitions the UI loads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from humannet_assets.assets.common import WATCHER
from humannet_assets.automation.partitions import INGEST_WINDOWS
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.runner import Progress

JOB = "humannet"


class RunFailedError(RuntimeError):
    """A run ended with an error that is not a row's: the message names the failed steps."""


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    """The instance DAGSTER_HOME names, so that runs show up in the UI; a temporary one otherwise."""
    if os.environ.get("DAGSTER_HOME"):
        with dg.DagsterInstance.get() as instance:
            yield instance
    else:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance


def check_windows(windows: Sequence[str]) -> None:
    """Raise `ValueError` for windows that are not partitions, before anything starts."""
    known = set(INGEST_WINDOWS.get_partition_keys())
    if unknown := [window for window in windows if window not in known]:
        keys = sorted(known)
        raise ValueError(f"no such ingest window(s): {', '.join(unknown)}; known are {keys[0]} to {keys[-1]} (UTC days)")


def materialize_windows(
    windows: Sequence[str], pipeline: PipelineResource, *, progress: Progress | None = None, log_level: str = "WARNING"
) -> None:
    """Materialise the graph for some ingest windows, one run per window, with all checks.

    Args:
        windows: UTC days, YYYY-MM-DD.
        pipeline: Store, settings and compute.
        progress: Called with (step, units done, units to do), for a bar on the terminal.
        log_level: Least level of Dagster's log lines on the terminal; the run's own log keeps all of them.

    Raises:
        RunFailedError: A run failed; finished rows are kept and the next run goes on from there.
        ValueError: A window is not a partition.
    """
    from humannet_assets.definitions import build_defs

    check_windows(windows)
    job = build_defs({"pipeline": pipeline}).resolve_job_def(JOB)
    token = WATCHER.set(progress)
    try:
        with _instance() as instance:
            for window in sorted(windows):
                _run(job, instance, window, log_level)
    finally:
        WATCHER.reset(token)


def _root_message(error: Any) -> str:
    """The innermost cause: Dagster wraps it in its retry and step errors."""
    while error.cause is not None:
        error = error.cause
    return str(error.message).strip()


def _run(job: dg.JobDefinition, instance: dg.DagsterInstance, window: str, log_level: str) -> None:
    config = {"loggers": {"console": {"config": {"log_level": log_level}}}}
    done = job.execute_in_process(run_config=config, instance=instance, partition_key=window, raise_on_error=False)
    if done.success:
        return
    failures = [event for event in done.all_events if event.is_step_failure]
    messages = [
        f"{event.step_key}: {_root_message(event.step_failure_data.error)}"
        for event in failures
        if event.step_failure_data.error
    ]
    raise RunFailedError(
        f"run {done.run_id} of window {window} failed. Rows finished before are kept; the next run goes on from there.\n"
        + "\n".join(messages)
    )
