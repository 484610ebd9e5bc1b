"""`humannet sql`: one query, or a prompt with history and completion."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humannet_assets.cli.output import Format, write_parquet, write_result
from humannet_assets.cli.project import UsageError
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import TABLES, TABLES_BY_NAME

if TYPE_CHECKING:
    import duckdb
    from prompt_toolkit import PromptSession
    from rich.console import Console

HELP = """\
End a query with ; to run it. Names: <table> holds kept results, <table>_rows every outcome, outcomes all tables together.
  .tables          list the tables
  .schema TABLE    columns of a table, with what they mean
  .format FORMAT   table, csv or json
  .help            this text
  .quit            leave (or Ctrl-D)"""


def parse_parameters(given: Sequence[str]) -> dict[str, Any]:
    """`name=value` pairs as bound values; integers and decimals become numbers, everything else stays text."""
    values: dict[str, Any] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--param {pair!r} is not name=value; write e.g. --param side=left and use $side in the query")
        values[name] = _number(text)
    return values


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def run_query(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    console: Console,
    *,
    format_: Format = Format.table,
    output: Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    max_rows: int = 100,
) -> int:
    """Run one query and write its result; returns the number of rows.

    Raises:
        UsageError: With DuckDB's own words about what is wrong with the query.
    """
    import duckdb

    try:
        if format_ is Format.parquet:
            # A relation streams Arrow batches; a DB-API result would copy every row.
            return write_parquet(connection.sql(query, params=dict(parameters or {})), output)
        result = connection.execute(query, dict(parameters)) if parameters else connection.execute(query)
        if not result.description:
            return 0
        return write_result(result, format_, output, console, max_rows)
    except duckdb.Error as error:
        raise UsageError(str(error).strip()) from error


def list_tables(store: LanceStore, console: Console) -> None:
    """The tables with their row counts and what they hold."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    listing = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    listing.add_column("table")
    listing.add_column("rows", justify="right")
    listing.add_column("one row per")
    listing.add_column("what it holds")
    for table in TABLES:
        rows = store.dataset(table).count_rows() if store.exists(table) else None
        unit = table.key.removesuffix("_id")
        listing.add_row(
            table.name, "-" if rows is None else f"{rows:,}", unit, Text(table.doc.split(". ")[0].rstrip(".") + ".")
        )
    console.print(listing)
    console.print(
        Text("<table>: kept results; <table>_rows: every outcome; outcomes: one line per unit of every table.", style="dim")
    )


def show_schema(name: str, console: Console) -> None:
    """Columns of a table with type and meaning; raises `UsageError` for a name that is no table."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = TABLES_BY_NAME.get(name.removesuffix("_rows"))
    if table is None:
        raise UsageError(f"no table is called {name!r}; there are {', '.join(TABLES_BY_NAME)}")
    listing = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(table.doc), title_justify="left")
    listing.add_column("column")
    listing.add_column("type")
    listing.add_column("meaning")
    for field in table.schema:
        listing.add_row(field.name, Text(str(field.type)), Text(table.column(field.name).doc))
    console.print(listing)


class Prompt:
    """The interactive prompt over an open connection."""

    def __init__(
        self, store: LanceStore, connection: duckdb.DuckDBPyConnection, console: Console, format_: Format, max_rows: int
    ) -> None:
        self.store, self.connection, self.console = store, connection, console
        self.format, self.max_rows = format_, max_rows

    def run(self, session: PromptSession[str] | None = None) -> None:
        """Read and run queries until the input ends."""
        session = session or _session()
        pending: list[str] = []
        while True:
            try:
                line = session.prompt("humannet> " if not pending else "     ...> ")
            except KeyboardInterrupt:
                pending = []
                continue
            except EOFError:
                return
            if not pending and line.strip().startswith("."):
                if not self._command(line.strip()):
                    return
                continue
            if not pending and not line.strip():
                continue
            pending.append(line)
            if line.rstrip().endswith(";"):
                self._run("\n".join(pending))
                pending = []

    def _run(self, query: str) -> None:
        try:
            run_query(self.connection, query, self.console, format_=self.format, max_rows=self.max_rows)
        except UsageError as error:
            self.console.print(str(error), style="red", markup=False, highlight=False)
        except KeyboardInterrupt:
            self.connection.interrupt()
            self.console.print("interrupted")

    def _command(self, line: str) -> bool:
        """Run a dot command; False ends the prompt."""
        name, _, argument = line.partition(" ")
        argument = argument.strip().rstrip(";")
        if name.lower() in (".quit", ".exit"):
            return False
        try:
            self._show(name.lower(), argument)
        except UsageError as error:
            self.console.print(str(error), style="red", markup=False, highlight=False)
        return True

    def _show(self, name: str, argument: str) -> None:
        match name:
            case ".tables":
                list_tables(self.store, self.console)
            case ".schema":
                show_schema(argument, self.console)
            case ".format":
                self.format = _format(argument)
            case ".help":
                self.console.print(HELP, markup=False, highlight=False)
            case _:
                raise UsageError(f"no command is called {name}; .help lists them")


def _format(name: str) -> Format:
    if name not in {Format.table, Format.csv, Format.json}:
        raise UsageError(
            "the prompt shows table, csv or json; for Parquet use humannet sql QUERY --format parquet --output FILE"
        )
    return Format(name)


def history_file() -> Path:
    """Where the prompt's history is kept (XDG state folder)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "humannet" / "sql_history"


def _session() -> PromptSession[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory

    history: History
    path = history_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        history = FileHistory(str(path))
    except OSError:
        history = InMemoryHistory()
    names = {name for table in TABLES for name in (table.name, f"{table.name}_rows", *table.schema.names)}
    words = ["outcomes", "select", "from", "where", "group by", "order by", "limit", "count(*)", ".tables", ".schema", ".quit"]
    completer = WordCompleter([*sorted(names), *words], ignore_case=True)
    return PromptSession(history=history, completer=completer, complete_while_typing=False)
