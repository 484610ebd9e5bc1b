"""The data model as Markdown, generated from the table declarations: `python -m humannet_assets.store.data_model`."""

from __future__ import annotations

import sys

from humannet_assets.store.schema import SYSTEM_COLUMNS, Column
from humannet_assets.store.tables import TABLES

_HEAD = """# Data model

Generated from `humannet_assets/store/tables/` by `python -m humannet_assets.store.data_model`; do not edit by hand.

In SQL, `<table>` shows the kept rows and `<table>_rows` all outcomes. Columns marked ¹ hold bulky arrays or pictures: they are
in Lance but not in the native tables of `sql_catalog`. Times are seconds from the video's first frame; camera frames are
x right, y down, z forward.

## Columns every table has
"""


def _rows(columns: tuple[Column, ...]) -> list[str]:
    lines = ["| column | type | meaning |", "|---|---|---|"]
    for column in columns:
        mark = "" if column.in_sql else " ¹"
        lines.append(f"| `{column.name}`{mark} | `{column.type}` | {column.doc} |")
    return lines


def data_model_markdown() -> str:
    """The whole document."""
    lines = [_HEAD, *_rows(SYSTEM_COLUMNS), ""]
    group = ""
    for table in TABLES:
        if table.group != group:
            group = table.group
            lines += [f"## Group `{group}`", ""]
        lines += [
            f"### {table.name}",
            "",
            f"{table.doc} Unit: `{table.unit}`; key: `{table.key}`.",
            "",
            *_rows(table.columns),
            "",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(data_model_markdown())
