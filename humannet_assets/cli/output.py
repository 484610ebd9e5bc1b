"""Query results as a table, CSV, JSON or Parquet; streamed, so that a large result needs little memory."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from humannet_assets.cli.project import UsageError

if TYPE_CHECKING:
    import duckdb
    from rich.console import Console

BATCH_ROWS = 10_000
MIN_COLUMN_WIDTH = 8
"""Results with more columns than fit at this width are shown one value per line."""


class Format(StrEnum):
    """How a result is written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def write_result(
    result: duckdb.DuckDBPyConnection, format_: Format, output: Path | None, console: Console, max_rows: int
) -> int:
    """Write the rows of an executed query.

    Args:
        result: The connection after `execute`.
        format_: How; Parquet is written by `write_parquet`.
        output: File to write; standard output when None.
        console: Where tables are drawn.
        max_rows: Rows shown of a table; the other formats are always complete.

    Returns:
        Number of rows written.

    Raises:
        UsageError: A table into a file; a file that cannot be written.
    """
    if format_ is Format.table:
        if output is not None:
            raise UsageError("a table is for the terminal; choose --format csv, json or parquet with --output")
        return _write_table(result, console, max_rows)
    with _text_target(output) as target:
        return _write_csv(result, target) if format_ is Format.csv else _write_json(result, target)


def write_parquet(relation: duckdb.DuckDBPyRelation | None, output: Path | None) -> int:
    """Stream a relation into a Parquet file; returns the number of rows.

    Raises:
        UsageError: No file was named, it cannot be written, or the statement has no result.
    """
    import pyarrow.parquet as pq

    if output is None:
        raise UsageError("Parquet is not text: say where it goes with --output FILE")
    reader, count = (None if relation is None else relation.to_arrow_reader(BATCH_ROWS)), 0
    if reader is None:
        raise UsageError("the statement has no result to write")
    try:
        with pq.ParquetWriter(output, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
                count += batch.num_rows
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error}") from error
    return count


@contextmanager
def _text_target(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}") from error


def _names(result: duckdb.DuckDBPyConnection) -> list[str]:
    return [column[0] for column in result.description or ()]


def _batches(result: duckdb.DuckDBPyConnection) -> Iterator[Sequence[tuple[Any, ...]]]:
    while rows := result.fetchmany(BATCH_ROWS):
        yield rows


def _write_csv(result: duckdb.DuckDBPyConnection, target: TextIO) -> int:
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(_names(result))
    count = 0
    for rows in _batches(result):
        writer.writerows([_csv_cell(value) for value in row] for row in rows)
        count += len(rows)
    return count


def _write_json(result: duckdb.DuckDBPyConnection, target: TextIO) -> int:
    names, count = _names(result), 0
    target.write("[")
    for rows in _batches(result):
        for row in rows:
            target.write(",\n " if count else "\n ")
            target.write(_json(dict(zip(names, row, strict=True))))
            count += 1
    target.write("\n]\n")
    return count


def _write_table(result: duckdb.DuckDBPyConnection, console: Console, max_rows: int) -> int:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = _names(result)
    rows = result.fetchmany(max_rows + 1)
    if len(names) * MIN_COLUMN_WIDTH > console.width:
        _print_records(names, rows[:max_rows], console)
    else:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        numeric = [all(isinstance(row[i], int | float | Decimal | None) for row in rows) for i in range(len(names))]
        for name, right in zip(names, numeric, strict=True):
            table.add_column(Text(name), justify="right" if right else "left", overflow="fold")
        for row in rows[:max_rows]:
            # Text, not markup: a caption may well hold square brackets.
            table.add_row(*(Text(shown(value)) for value in row))
        console.print(table)
    count = min(len(rows), max_rows)
    more = f", only the first {max_rows} shown (--max-rows, or --format csv for all)" if len(rows) > max_rows else ""
    console.print(Text(f"{count} row{'' if count == 1 else 's'}{more}", style="dim"))
    return count


def _print_records(names: Sequence[str], rows: Sequence[tuple[Any, ...]], console: Console) -> None:
    """One line per value: rows of many columns do not fit side by side."""
    width = max(map(len, names), default=0)
    for number, row in enumerate(rows, start=1):
        console.print(f"-- row {number}", style="dim", markup=False, highlight=False)
        for name, value in zip(names, row, strict=True):
            console.print(f"{name:>{width}}  {shown(value)}", markup=False, highlight=False, soft_wrap=True)


def shown(value: Any) -> str:
    """A value as a person reads it in a table."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}" if value and abs(value) < 1 else f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value[:8]) + (f", ... ({len(value)})" if len(value) > 8 else "")
    if isinstance(value, bytes):
        return f"<{len(value):,} bytes>"
    if isinstance(value, dict):
        return _json(value)
    return str(value)


def _json(value: Any) -> str:
    return json.dumps(_finite(value), default=_plain, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    """The value with null in place of NaN and infinities, which JSON lacks."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _key(name: Any) -> Any:
    """Keys of maps as JSON can hold them."""
    return name if isinstance(name, str | int | float | bool | None) else str(_plain(name))


def _csv_cell(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        return _json(value)
    return _plain(value) if isinstance(value, bytes | datetime | date) else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)
