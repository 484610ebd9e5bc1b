"""Run the graph from the command line through the same definitions the UI loads."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from collections.abc import Iterator
from typing import Any

import dagster as dg

from humannet_assets.automation.partitions import INGEST_WINDOWS
from humannet_assets.resources.pipeline import PipelineResource

PARTITION_START_TAG = "dagster/asset_partition_range_start"
PARTITION_END_TAG = "dagster/asset_partition_range_end"


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
    windows: Sequence[str], pipeline: PipelineResource, *, selection: str = "*", quiet: bool = True, tags: Mapping[str, str] | None = None
) -> None:
    """Materialise the graph for some ingest windows, one run per window, with all checks.

    Args:
        windows: UTC days, YYYY-MM-DD.
        pipeline: Store, settings and compute.
        selection: Dagster asset selection.
        quiet: Keep Dagster's own log lines below warnings off the terminal.
        tags: Extra run tags.

    Raises:
        RunFailedError: A run failed; finished rows are kept and the next run goes on from there.
        ValueError: A window is not a partition.
    """
    from humannet_assets.definitions import build_defs

    check_windows(windows)
    defs = build_defs({"pipeline": pipeline})
    job = defs.resolve_implicit_global_asset_job_def() if selection == "*" else defs.resolve_job_def("humannet")
    if quiet:
        logging.getLogger("dagster").setLevel(logging.WARNING)
    with _instance() as instance:
        for window in sorted(windows):
            _run(job, instance, window, dict(tags or {}))


def _run(job: Any, instance: dg.DagsterInstance, window: str, tags: dict[str, str]) -> None:
    done = job.execute_in_process(instance=instance, partition_key=window, raise_on_error=False, tags=tags)
    if not done.success:
        failed = [event.step_key for event in done.all_events if event.is_step_failure]
        checks = [
            f"{event.event_specific_data.asset_key.to_user_string()}:{event.event_specific_data.check_name}"
            for event in done.all_events
            if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION and not event.event_specific_data.passed
        ]
        messages = [str(event.step_failure_data.error.message).strip() for event in done.all_events if event.is_step_failure and event.step_failure_data.error]
        detail = "; ".join(dict.fromkeys(messages))
        raise RunFailedError(
            f"run {done.run_id} of window {window} failed in {failed or 'a check'}{f', failed checks {checks}' if checks else ''}: {detail}"
        )
