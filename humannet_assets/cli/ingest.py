"""`humannet ingest` and `humannet demo`: refresh the sources, then run the graph for every window that has work."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from humannet_assets.cli.project import Project
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.sources.refresh_report import RefreshReport

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from humannet_assets.store.plan import Plan

MAX_ROUNDS = 3
"""A run may make another window stale (a video whose first file goes moves there; a copy joins a cluster of an earlier day):
that work is found by a second look."""

Materialize = Callable[[Sequence[str]], None]
_Work = dict[str, frozenset[tuple[str, str, str]]]
"""What is to be done by window: (step, unit, provenance)."""


def use_local_instance() -> None:
    """Let runs show up in the UI: without DAGSTER_HOME the instance of `make ui` is used where there is one."""
    home = Path(".dagster_home")
    if not os.environ.get("DAGSTER_HOME") and (home / "dagster.yaml").is_file():
        os.environ["DAGSTER_HOME"] = str(home.resolve())


def bring_up_to_date(
    project: Project,
    console: Console,
    *,
    window: str | None = None,
    materialize: Materialize | None = None,
) -> tuple[RefreshReport, list[str]]:
    """List the sources and materialise every ingest window in which anything is to be done.

    Args:
        project: Where.
        console: Told what happens.
        window: Ingest window for files never seen before; today in UTC by default.
        materialize: Runs the graph for some windows; Dagster in this process by default.

    Returns:
        What the listing found, and the windows that were run.

    Raises:
        RunFailedError: A run failed for another reason than bad footage.
        ValueError: `window` is not a partition; nothing has been changed.
    """
    from humannet_assets.pipeline import all_steps, build_passes, plan_all

    if window is not None:
        check_window(window)
    settings, access, store = project.settings, project.access, project.store
    run_id = f"cli-{uuid.uuid4()}"
    report = refresh_sources(store, project.catalog_file, settings, run_id=run_id, access=access, window=window)
    console.print(report.summary(), markup=False, highlight=False)
    steps = all_steps(build_passes(settings, access))
    run = materialize or _dagster(project, console)
    before: _Work = {}
    work: _Work = {}
    done: list[str] = []
    for number in range(MAX_ROUNDS):
        plans = plan_all(store, steps, max_attempts=settings.compute.max_attempts)
        work = _work(plans, with_retries=number == 0)
        # A window is run again only if something else is to be done there now: what a run left undone, it would leave again.
        wanted = {name for name, units in work.items() if units != before.get(name)}
        todo = _partitions({*wanted, *(report.windows if number == 0 else ())}, console)
        if not todo:
            break
        started = time.monotonic()
        console.print(f"running {len(todo)} ingest window{'s' if len(todo) != 1 else ''}: {_span(todo)}", highlight=False)
        run(todo)
        console.print(f"done in {time.monotonic() - started:.0f} s", highlight=False)
        done += [name for name in todo if name not in done]
        before = work
    if not done:
        console.print("nothing to run" if work else "everything is up to date: nothing to run")
    return report, done


def check_window(window: str) -> None:
    """Raise `ValueError` for a window that is not a partition, before anything is written."""
    from humannet_assets.assets.run import check_windows

    check_windows([window])


def _work(plans: Sequence[Plan], *, with_retries: bool) -> _Work:
    """What is to be done by ingest window. Failed units are tried once per call, not once per round."""
    import polars as pl

    found: dict[str, set[tuple[str, str, str]]] = {}
    for plan in plans:
        todo = plan.todo if with_retries else plan.todo.filter(pl.col("why") != "retry")
        for name, unit_id, provenance in todo.select("ingest_window", "unit_id", "provenance").iter_rows():
            found.setdefault(name, set()).add((plan.step.name, unit_id, provenance))
        for name, unit_id in plan.removed.select("ingest_window", "unit_id").iter_rows():
            found.setdefault(name, set()).add((plan.step.name, unit_id, "removed"))
    return {name: frozenset(units) for name, units in found.items()}


def _partitions(windows: Set[str], console: Console) -> list[str]:
    """The windows that can be run, in order; says which cannot, and why."""
    if not windows:
        return []
    from humannet_assets.automation.partitions import INGEST_WINDOWS

    known = set(INGEST_WINDOWS.get_partition_keys())
    if unknown := sorted(windows - known):
        console.print(
            f"warning: skipped {_span(unknown)}: {'these are' if len(unknown) > 1 else 'this is'} no ingest window (known are "
            f"{min(known)} to {max(known)}, UTC days). What lies there stays as it is. A file gets another window when it is "
            "taken down and then ingested from another place.",
            style="yellow",
            markup=False,
            highlight=False,
        )
    return sorted(windows & known)


def _dagster(project: Project, console: Console) -> Materialize:
    def run(windows: Sequence[str]) -> None:
        use_local_instance()
        from humannet_assets.assets.run import materialize_windows

        with _bars(console) as progress:
            materialize_windows(windows, project.pipeline, progress=progress)

    return run


@contextmanager
def _bars(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """One bar per step on the terminal; they vanish when the run is over, for the status says what came of it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        known: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in known or done < bars.tasks[known[step]].completed:
                known[step] = bars.add_task(step, total=total)
            bars.update(known[step], completed=done, total=total)

        yield report


def _span(windows: Sequence[str]) -> str:
    return ", ".join(windows) if len(windows) <= 3 else f"{windows[0]} to {windows[-1]}"


SUMMARY = {
    "Videos by outcome": """
        SELECT outcome, count(*) AS videos, list_sort(list_distinct(flatten(list(reasons)))) AS reasons
        FROM raw_videos_rows GROUP BY outcome ORDER BY outcome""",
    "Why clips were rejected": """
        SELECT unnest(reasons) AS reason, count(*) AS clips
        FROM filtered_clips_rows WHERE outcome = 'rejected' GROUP BY reason ORDER BY clips DESC, reason""",
    "Kept clips by viewpoint": """
        SELECT v.viewpoint, count(*) AS clips, round(sum(f.end_s - f.start_s), 1) AS seconds
        FROM viewpoints v JOIN filtered_clips f USING (clip_id) GROUP BY v.viewpoint ORDER BY clips DESC""",
    "Some annotations": """
        SELECT left(clip_id, 8) AS clip, viewpoint, environment, round(pose_score, 2) AS pose_score, short_caption
        FROM annotations WHERE level = 'clip'
        QUALIFY row_number() OVER (PARTITION BY viewpoint ORDER BY pose_score DESC NULLS LAST, clip_id) <= 3
        ORDER BY viewpoint, pose_score DESC NULLS LAST, clip_id""",
    "How good each stage is where footage is labelled": """
        SELECT stage, measure, round(value, 3) AS value, round(low, 3) AS low, round(high, 3) AS high, items
        FROM stage_quality WHERE value IS NOT NULL AND rank < 2 ORDER BY stage, rank""",
}

SINGLE_LIFE_SUMMARY = {
    "Models of single lives": """
        SELECT role, pairing, count(*) AS models, round(avg(loss_first), 2) AS loss_first,
               round(avg(loss_last), 2) AS loss_last, round(avg(pairs_per_s)) AS pairs_per_s
        FROM croco_checkpoints GROUP BY ALL ORDER BY role, pairing""",
    "Do lives agree beyond what shuffled pairs give? (excess 0: no)": """
        SELECT pairing, k, round(trained, 3) AS raw_cas, round(trained_shuffled, 3) AS raw_shuffled, round(chance, 3) AS chance,
               round(trained_excess, 3) AS excess, round(control_excess, 3) AS controls,
               round(random_init_excess, 3) AS random_weights, round(two_seed_excess, 3) AS two_seeds
        FROM cas_summaries WHERE view = 'rows/mean' ORDER BY pairing, k""",
}
VLA_SUMMARY = {
    "Policies that saw nothing, people or robots before: do they look? (gap 0: no)": """
        SELECT r.arm, count(DISTINCT model_id) AS policies, round(60 * any_value(c.continued_hours), 2) AS minutes_before,
               round(avg(r.value) FILTER (condition = 'real'), 3) AS loss,
               round(avg(gap) FILTER (condition = 'shuffled_image'), 4) AS gap_other_picture,
               round(avg(gap) FILTER (condition = 'mean_action'), 3) AS gap_mean_action
        FROM vla_results r JOIN vla_checkpoints c USING (model_id)
        WHERE measure = 'loss' AND eval_group = 'in_domain' AND r.share = 1 GROUP BY r.arm ORDER BY r.arm""",
}
NEXT_STEPS = """\
What to try next ({humannet} is the command line)
  humannet sql                          a prompt over all tables; docs/sql_cookbook.md has 20 questions
  humannet status                       rows by outcome per asset; what is stale and why
  humannet lineage ID                   from any row back to the bytes (ids as above)
  humannet quality --report FOLDER      every figure, confusion tables and the worst cases as pictures
  humannet reproduce single-life        models of single lives at a size of your choice (docs/single_life.md)
  humannet reproduce vla                the VLA ablation, likewise (docs/vla.md)
  humannet ingest FOLDER                your own videos (docs/your_own_videos.md)
  make ui                               the graph, its checks and contact sheets in the Dagster UI
  notebooks/01_explore_annotations.ipynb"""


def print_summary(project: Project, console: Console) -> None:
    """What the store holds now, in small tables, and what to do with it."""
    from humannet_assets.cli.sql import run_query
    from humannet_assets.single_life.findings import titled
    from humannet_assets.store.sql import connect
    from humannet_assets.vla import policy_findings as policies

    with connect(project.store) as connection:
        for title, query in SUMMARY.items():
            console.print(f"\n{title}", style="bold")
            run_query(connection, query, console)
        for title, query in SINGLE_LIFE_SUMMARY.items():
            console.print(f"\n{titled(title, project.settings.single_life)}", style="bold", highlight=False)
            run_query(connection, query, console)
        for title, query in VLA_SUMMARY.items():
            console.print(f"\n{policies.titled(title, project.settings.vla.experiment)}", style="bold", highlight=False)
            run_query(connection, query, console)
    command = Path(sys.argv[0])
    shown = str(command.relative_to(Path.cwd())) if command.is_relative_to(Path.cwd()) else str(command)
    console.print(f"\n{NEXT_STEPS.format(humannet=shown)}", markup=False, highlight=False)
