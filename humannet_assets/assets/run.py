"""Run the graph from the command line through the same definitions the UI loads."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from humannet_assets.automation.partitions import INGEST_WINDOWS
from humannet_assets.resources.pipeline import PipelineResource


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
    windows: Sequence[str], pipeline: PipelineResource, *, quiet: bool = True, tags: Mapping[str, str] | None = None
) -> None:
    """Materialise the graph for some ingest windows, one run per window, with all checks.

    Args:
        windows: UTC days, YYYY-MM-DD.
        pipeline: Store, settings and compute.
        quiet: Keep Dagster's own log lines below warnings off the terminal.
        tags: Extra run tags.

    Raises:
        RunFailedError: A run failed; finished rows are kept and the next run goes on from there.
        ValueError: A window is not a partition.
    """
    from humannet_assets.definitions import build_defs

    check_windows(windows)
    defs = build_defs({"pipeline": pipeline})
    job = defs.resolve_job_def(JOB)
    if quiet:
        logging.getLogger("dagster").setLevel(logging.WARNING)
    with _instance() as instance:
        for window in sorted(windows):
            _run(job, instance, window, dict(tags or {}))


def _root_message(error: Any) -> str:
    """The innermost cause: Dagster wraps it in its retry and step errors."""
    while error.cause is not None:
        error = error.cause
    return str(error.message).strip()


def _run(job: dg.JobDefinition, instance: dg.DagsterInstance, window: str, tags: dict[str, str]) -> None:
    done = job.execute_in_process(instance=instance, partition_key=window, raise_on_error=False, tags=tags)
    if done.success:
        return
    failures = [event for event in done.all_events if event.is_step_failure]
    messages = [
        f"{event.step_key}: {_root_message(event.step_failure_data.error)}" for event in failures if event.step_failure_data.error
    ]
    raise RunFailedError(
        f"run {done.run_id} of window {window} failed. Rows finished before are kept; the next run goes on from there.\n"
        + "\n".join(messages)
    )
