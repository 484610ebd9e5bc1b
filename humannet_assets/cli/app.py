"""The `humannet` command: options and messages; the work is in the modules beside this one.

Heavy imports stay inside the commands: `humannet --help` and `humannet sql` start without Dagster or torch.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from humannet_assets.cli.export import EpisodeKind
from humannet_assets.cli.output import Format
from humannet_assets.cli.project import Project, UsageError
from humannet_assets.cli.quality import QualityFormat

app = typer.Typer(
    name="humannet",
    help="Human video in, embodied-AI data and evidence out.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

export = typer.Typer(no_args_is_help=True, help="Write stored data in the formats of others.")
app.add_typer(export, name="export")

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def _console(*, stderr: bool = False) -> Any:
    from rich.console import Console

    # Piped output is not cut at 80 columns: whatever reads it wants whole rows.
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() or os.environ.get("COLUMNS") else 200)


@app.callback()
def _project(
    context: typer.Context,
    root: Annotated[str, typer.Option(envvar="HUMANNET_ROOT", help="Store: a folder or s3://bucket/prefix.")] = "data",
    catalog: Annotated[Path, typer.Option(envvar="HUMANNET_CATALOG", help="YAML source catalog.")] = Path("sources.yaml"),
    settings: Annotated[Path, typer.Option(envvar="HUMANNET_SETTINGS", help="YAML thresholds.")] = Path("humannet.yaml"),
) -> None:
    source = context.get_parameter_source("settings")
    named = source is not None and source.name not in ("DEFAULT", "DEFAULT_MAP")
    context.obj = Project(root, catalog, settings, settings_named=named)


@app.command()
def ingest(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Folders, files, manifests (.csv, .jsonl) or s3:// addresses."),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Licence of new sources (SPDX name, own, permission). [default: own]")
    ] = None,
    consent: Annotated[str | None, typer.Option(help="Why the people shown may be processed. [default: own_recording]")] = None,
    source_type: Annotated[str | None, typer.Option(help="HumanNet source type. [default: community]")] = None,
    life: Annotated[str | None, typer.Option(help="Whose life the footage shows.")] = None,
    viewpoint_hint: Annotated[str | None, typer.Option(help="ego or exo, if the source says so.")] = None,
    keyword: Annotated[list[str] | None, typer.Option(help="Topic word; may be repeated.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Ground-truth labels file.")] = None,
    source_id: Annotated[str | None, typer.Option("--id", help="Id of the new source.")] = None,
    window: Annotated[str | None, typer.Option(help="Ingest window (YYYY-MM-DD) of new files; today by default.")] = None,
) -> None:
    """Ingest footage and bring every asset up to date. Without PATH: whatever the catalog names."""
    from humannet_assets.cli.adhoc import choose_sources
    from humannet_assets.cli.ingest import bring_up_to_date, check_window
    from humannet_assets.cli.status import print_status

    project: Project = context.obj
    console = _console()
    if source_id and len(paths or ()) > 1:
        raise UsageError("--id names one source; give one PATH with it")
    values = {
        "id": source_id,
        "source_type": source_type,
        "licence": licence,
        "consent_basis": consent,
        "life": life,
        "viewpoint_hint": viewpoint_hint,
        "keywords": keyword or [],
        "labels": None if labels is None else str(labels.resolve()),
    }
    if not paths and any(values.values()):
        raise UsageError("options for a new source need a PATH; to change an existing one edit the catalog file")
    # All that may be wrong with the command, before the first line goes into the catalog.
    project.settings  # noqa: B018
    if window is not None:
        check_window(window)
    for chosen in choose_sources(project.catalog_file, paths or (), values):
        entry = chosen.entry
        state = "added to" if chosen.is_new else "already in"
        console.print(
            f"source {entry.id} {state} {project.catalog_file}:{entry.line} (licence {entry.licence}, consent "
            f"{entry.consent_basis}, {entry.source_type}); edit it there",
            highlight=False,
            markup=False,
        )
    _, windows = bring_up_to_date(project, console, window=window)
    if windows:
        print_status(_statuses(project), project.store, console)


@app.command()
def demo(context: typer.Context) -> None:
    """Run the graph on what the catalog names (the sample library) and show what came of it."""
    from humannet_assets.cli.ingest import bring_up_to_date, print_summary

    project: Project = context.obj
    console = _console()
    bring_up_to_date(project, console)
    print_summary(project, console)


@app.command()
def sql(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="SQL; without it a prompt opens.")] = None,
    format_: Annotated[Format, typer.Option("--format", "-f", help="How results are written.")] = Format.table,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write instead of standard output.")] = None,
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="name=value, bound to $name in the query.")] = None,
    max_rows: Annotated[int, typer.Option(min=1, help="Rows shown of a table.")] = 100,
) -> None:
    """Query the store with DuckDB SQL: <table> holds kept results, <table>_rows every outcome, outcomes all tables."""
    from humannet_assets.cli.sql import HELP, Prompt, list_tables, parse_parameters, run_query
    from humannet_assets.store.sql import connect

    project: Project = context.obj
    console = _console()
    parameters = parse_parameters(param or ())
    if query is None and not sys.stdin.isatty():
        query = sys.stdin.read().strip() or None
        if query is None:
            list_tables(project.require_tables(), console)
            return
    store = project.require_tables()
    with connect(store) as connection:
        if query is not None:
            run_query(connection, query, console, format_=format_, output=output, parameters=parameters, max_rows=max_rows)
            return
        if parameters or output:
            raise UsageError("--param and --output go with a query; at the prompt write values into the query")
        list_tables(store, console)
        console.print(HELP, markup=False, highlight=False)
        Prompt(store, connection, console, format_, max_rows).run()


@app.command()
def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Per asset: rows by outcome, the last run that wrote, what is stale and why."""
    from humannet_assets.cli.status import print_status, status_json

    project: Project = context.obj
    store = project.require_tables()
    statuses = _statuses(project)
    if as_json:
        typer.echo(status_json(statuses))
    else:
        print_status(statuses, store, _console())


def _statuses(project: Project) -> Any:
    from humannet_assets.cli.status import pending_or_none, table_status
    from humannet_assets.pipeline import all_steps, asset_of_tables, build_passes

    settings, store = project.settings, project.store
    passes = build_passes(settings, project.access)
    pending = pending_or_none(store, project.catalog_file, settings, project.access)
    return table_status(store, all_steps(passes), asset_of_tables(passes), settings.compute.max_attempts, pending)


@app.command()
def lineage(
    context: typer.Context,
    row_id: Annotated[str, typer.Argument(metavar="ID", help="A row's id, or the beginning of one.")],
    table: Annotated[str | None, typer.Option(help="Where to look, when several tables hold the id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """From any row back to the bytes it was made from."""
    import json

    from humannet_assets.cli.lineage import as_dict, draw, find_row, trace
    from humannet_assets.pipeline import all_steps, build_passes

    project: Project = context.obj
    store = project.require_tables()
    found, row, others = find_row(store, row_id, table)
    node = trace(store, all_steps(build_passes(project.settings, project.access)), found, row)
    if as_json:
        typer.echo(json.dumps(as_dict(node), default=str, indent=1))
        return
    console = _console()
    console.print(draw(node))
    if others:
        console.print(f"also in {', '.join(others)} (--table)", style="dim", highlight=False)


@app.command()
def quality(
    context: typer.Context,
    stages: Annotated[list[str] | None, typer.Argument(metavar="[STAGE]...", help="Only these, e.g. hand_tracks.")] = None,
    format_: Annotated[QualityFormat, typer.Option("--format", "-f", help="How figures are written.")] = QualityFormat.table,
    report: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write report.html and report.md with worst cases as pictures.")
    ] = None,
    confusions: Annotated[bool, typer.Option("--confusions", "-c", help="Show what was taken for what.")] = False,
    stored: Annotated[bool, typer.Option("--stored", help="The figures as last measured: no label, no video is read.")] = False,
) -> None:
    """How good every stage is on footage that has labels: figures with 95 % intervals, confusion tables, worst cases."""
    from humannet_assets.cli import quality as command

    project: Project = context.obj
    notes = _console(stderr=True)
    found = command.stored_stages(project) if stored else command.measure_stages(project, notes)
    chosen = command.chosen_stages(found, stages or ())
    if report is not None:
        command.save_report(chosen, report, notes)
    if format_ is QualityFormat.table:
        command.print_stages(chosen, _console(), confusions=confusions)
    else:
        text = command.stages_json(chosen) if format_ is QualityFormat.json else command.stages_csv(chosen)
        typer.echo(text.rstrip("\n"))


@app.command()
def clean(
    context: typer.Context,
    older_than_hours: Annotated[float, typer.Option(min=0, help="Keep versions of tables younger than this.")] = 24,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete for good what takedowns and changes left behind: old versions, rewritten rows, copies of removed videos."""
    from datetime import timedelta

    from humannet_assets.cli.clean import clean_store

    project: Project = context.obj
    store = project.require_tables()
    if not yes:
        question = f"Delete all versions of the tables in {store.root} older than {older_than_hours:g} hours?"
        typer.confirm(f"{question} Runs and readers that still use them fail.", abort=True, err=True)
    clean_store(store, project.access, timedelta(hours=older_than_hours), _console())


@app.command()
def models(
    check: Annotated[
        bool, typer.Option("--check", help="Only verify, fetch nothing; exit code 1 unless all are there.")
    ] = False,
) -> None:
    """Fetch and verify the hand, body and face models."""
    from rich import box
    from rich.table import Table

    from humannet_assets.perception.models import ensure_models, list_models

    console = _console()
    if not check:
        ensure_models(lambda line: console.print(line, markup=False, highlight=False))
    found = list_models()
    listing = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("model", "state", "bytes", "sha256", "path"):
        listing.add_column(name, overflow="fold")
    for model in found:
        size = "-" if model.size_bytes is None else f"{model.size_bytes:,}"
        listing.add_row(model.name, model.state, size, (model.sha256 or "-")[:16], str(model.path))
    console.print(listing)
    if any(model.state in ("missing", "corrupt") for model in found):
        raise typer.Exit(EXIT_FAILED)


@app.command()
def simulate(
    profile: Annotated[str, typer.Option(help="sample, world, lives or robot.")] = "world",
    out: Annotated[Path | None, typer.Option(help="Folder to write into. [default: simulated/PROFILE]")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Decides everything that is drawn. [default: 0]")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="Option of the profile; may be repeated.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only the file of this name; may be repeated.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that render at the same time; 0: one per core.")] = 0,
    show_options: Annotated[bool, typer.Option("--options", help="Print the profile's options and leave.")] = False,
) -> None:
    """Make footage with ground truth; run it again to go on where it was stopped."""
    from humannet_assets.cli.simulate import parse_options, print_options
    from humannet_assets.cli.simulate import simulate as run

    console = _console()
    if show_options:
        print_options(profile, console)
        return
    options = parse_options(option or ())
    if seed is not None:
        options["seed"] = str(seed)
    run(profile, options, out or Path("simulated") / profile, only or (), workers, console)


@export.command("lerobot")
def export_lerobot(
    context: typer.Context,
    kind: Annotated[EpisodeKind, typer.Option(help="Whose episodes.")],
    out: Annotated[Path, typer.Option(help="Folder of the data set; a run that was stopped goes on there.")],
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only this catalog entry (human) or data set (robot); may be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also clips that fail the gate robot_ready.")] = False,
    size: Annotated[str, typer.Option(help="Width and height of pictures; others are fitted in with black bars.")] = "320x240",
) -> None:
    """Episodes as a LeRobot v3 data set, training ones first (docs/vla.md says what its columns mean)."""
    from humannet_assets.cli.export import write_lerobot

    write_lerobot(context.obj, kind, out, dataset or (), everything=everything, size=size, console=_console())


@app.command()
def reproduce(
    study: Annotated[str, typer.Argument(help="single-life or vla.")],
    profile: Annotated[str, typer.Option(help="demo, cpu or gpu: how much footage, how large models.")] = "demo",
    folder: Annotated[Path | None, typer.Option(help="Where all of it goes. [default: reproduced/STUDY-PROFILE]")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that render and decode; 0: one per core.")] = 0,
) -> None:
    """Run a paper's experiment on simulated footage and write the report; run it again to go on where it was stopped."""
    from humannet_assets.cli.reproduce import reproduce as run

    run(study, profile, folder or Path("reproduced") / f"{study}-{profile}", workers, _console())


@app.command()
def settings(context: typer.Context, section: Annotated[str | None, typer.Argument(help="Only this section.")] = None) -> None:
    """Every setting with its value, its range and where its default comes from."""
    from humannet_assets.cli.settings import print_settings

    project: Project = context.obj
    print_settings(project.settings, section, _console())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exits with 0, 1 (failed), 2 (wrong use) or 130 (interrupted)."""
    try:
        app(arguments)
    except KeyboardInterrupt:
        _complain("interrupted; finished rows are kept and the next run goes on from there")
        sys.exit(EXIT_INTERRUPTED)
    except ValueError as error:
        # Wrong input has its own words (UsageError, CatalogError, SettingsError, no such window); others are defects.
        if type(error).__module__.partition(".")[0] != "humannet_assets" and "window" not in str(error):
            raise
        _complain(str(error))
        sys.exit(EXIT_USAGE)
    except RuntimeError as error:
        if type(error).__module__.partition(".")[0] != "humannet_assets":
            raise
        _complain(str(error))
        sys.exit(EXIT_FAILED)


def _complain(message: str) -> None:
    _console(stderr=True).print(f"humannet: {message}", style="red", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
