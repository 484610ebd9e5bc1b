"""`humannet lineage`: from any row back to the bytes it was made from.

What belongs here: finding the row an id names, and following the reads its step declares. Nothing is stored for this: units
and provenance are columns of every row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humannet_assets.cli.output import shown
from humannet_assets.cli.project import UsageError
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.schema import SYSTEM_COLUMN_NAMES, Table
from humannet_assets.store.step import Read, Step
from humannet_assets.store.tables import SOURCE_CATALOG, SOURCE_FILES, TABLES, VIDEO_FILES

if TYPE_CHECKING:
    from rich.tree import Tree

MIN_PREFIX = 4
MAX_PARENTS_SHOWN = 5
_SHOWN_COLUMNS = 6


@dataclass
class Node:
    """One row and the rows it was made from. `more` counts parents of a kind that are not listed."""

    table: Table
    row: Mapping[str, Any]
    parents: list[Node] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)
    seen_above: bool = False


def find_row(store: LanceStore, prefix: str, table_name: str | None = None) -> tuple[Table, dict[str, Any], list[str]]:
    """The row whose id starts with `prefix`.

    An id may name a row in several tables (a clip has one in each table of clips): the one furthest down the graph is
    taken, since its lineage holds the others.

    Returns:
        The table, the row, and the names of the other tables that hold a row of that id.

    Raises:
        UsageError: No row or several different ids match, or the prefix is too short or no id at all.
    """
    if len(prefix) < MIN_PREFIX or not re.fullmatch(r"[\w.:/ -]+", prefix):
        raise UsageError(f"{prefix!r} is not an id; give at least {MIN_PREFIX} characters of a row_id, video_id, clip_id, ...")
    tables = [table for table in TABLES if table_name in (None, table.name)]
    if not tables:
        raise UsageError(f"no table is called {table_name!r}; there are {', '.join(table.name for table in TABLES)}")
    pattern = prefix.replace("'", "''")
    found: dict[str, list[Table]] = {}
    for table in tables:
        for row_id in store.read(table, ["row_id"], f"starts_with(row_id, '{pattern}')")["row_id"].to_list():
            found.setdefault(row_id, []).append(table)
    if prefix in found:
        found = {prefix: found[prefix]}
    if not found:
        where = f" in {table_name}" if table_name else ""
        raise UsageError(f"no row's id starts with {prefix!r}{where}; ids are in the column row_id of every table")
    if len(found) > 1:
        some = ", ".join(f"{row_id} ({holders[0].name})" for row_id, holders in sorted(found.items())[:5])
        raise UsageError(
            f"{len(found)} ids start with {prefix!r}: {some}{', ...' if len(found) > 5 else ''}; give more characters"
        )
    ((row_id, holders),) = found.items()
    table = holders[-1]
    return table, _rows(store, table, "row_id", [row_id])[0], [holder.name for holder in holders[:-1]]


def trace(store: LanceStore, steps: Sequence[Step[Any]], table: Table, row: Mapping[str, Any]) -> Node:
    """The row with everything it was made from, down to files and the catalog entry."""
    step_of = {step.writes.name: step for step in steps}
    seen: set[tuple[str, str]] = set()

    def grow(table: Table, row: Mapping[str, Any]) -> Node:
        node = Node(table, row)
        if (table.name, row["row_id"]) in seen:
            node.seen_above = True
            return node
        seen.add((table.name, row["row_id"]))
        for parent, rows in _parents(store, step_of.get(table.name), table, row):
            node.parents += [grow(parent, found) for found in rows[:MAX_PARENTS_SHOWN]]
            if len(rows) > MAX_PARENTS_SHOWN:
                node.more[parent.name] = len(rows) - MAX_PARENTS_SHOWN
        return node

    return grow(table, row)


def _parents(
    store: LanceStore, step: Step[Any] | None, table: Table, row: Mapping[str, Any]
) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    if table is SOURCE_FILES:
        yield SOURCE_CATALOG, _rows(store, SOURCE_CATALOG, "source_id", [row["source_id"]])
        return
    if step is None:
        return
    first: list[dict[str, Any]] = []
    for index, read in enumerate(step.reads):
        if not read.loads:
            # Rows by the million, that the step itself reads in part.
            continue
        keys = _keys(read, step.reads[0], row["unit_id"], first)
        rows = [found for found in _rows(store, read.table, read.unit, keys) if found["outcome"] != "removed"]
        if index == 0:
            first = rows
        yield read.table, rows


def _keys(read: Read, first: Read, unit_id: str, first_rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Values of the read's join column that belong to the unit: the unit itself, or what its input rows name."""
    if read.through:
        return sorted({key for row in first_rows for key in row.get(read.through) or ()})
    if read.unit == first.unit:
        return [unit_id]
    return sorted({row[read.unit] for row in first_rows if row.get(read.unit)})


def _rows(store: LanceStore, table: Table, column: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Rows by a column, without the bulky ones."""
    present = [key for key in keys if key]
    if not present:
        return []
    where = f"{column} IN ({quoted(present)})"
    return store.arrow(table, table.sql_columns, where).sort_by("row_id").to_pylist()


def draw(root: Node, tree: Tree | None = None) -> Tree:
    """The lineage as a rich tree, ending in the files that hold the bytes."""
    from rich.text import Text
    from rich.tree import Tree

    label = Text.assemble((root.table.name, "bold"), " ", (str(root.row["row_id"]), "cyan"))
    outcome = root.row["outcome"]
    label.append(f"  {outcome}", style={"kept": "green", "failed": "red"}.get(outcome, "yellow"))
    if root.row["reasons"]:
        label.append(f" ({', '.join(root.row['reasons'])})", style="yellow")
    if root.seen_above:
        label.append("  see above", style="dim")
    else:
        label.append(f"\n{_facts(root)}", style="dim")
    branch = Tree(label) if tree is None else tree.add(label)
    for parent in root.parents:
        draw(parent, branch)
    for name, count in root.more.items():
        branch.add(Text(f"{name}: {count} more", style="dim"))
    if root.table is VIDEO_FILES and not root.seen_above:
        branch.add(_bytes(root.row))
    return branch


def _facts(node: Node) -> str:
    """What a person wants to know of a row at a glance."""
    own = [
        column.name for column in node.table.columns if column.in_sql and column.name not in (node.table.key, node.table.unit)
    ]
    told = [f"{name}={shown(node.row[name])[:60]}" for name in own if node.row.get(name) not in (None, [], "")][:_SHOWN_COLUMNS]
    if node.row.get("error_message"):
        told.append(f"error={node.row['error_message'][:200]}")
    written = node.row["created_at"]
    when = f"{written:%Y-%m-%d %H:%M}" if written else "?"
    provenance = str(node.row["provenance"])[:12]
    made = f"made {when} by run {node.row['run_id']}, code {node.row['code_version']}, provenance {provenance}"
    return "  ".join(told) + ("\n" if told else "") + made


def _bytes(row: Mapping[str, Any]) -> Any:
    from rich.text import Text

    uri = row["uri"]
    if not uri:
        return Text("no bytes: the file was not read", style="red")
    state = "" if "://" in uri or Path(uri).exists() else "  (gone)"
    return Text.assemble(("bytes ", "bold"), (f"sha256 {row['video_id']}  {row['size_bytes']:,} B  {uri}", ""), (state, "red"))


def as_dict(node: Node) -> dict[str, Any]:
    """The lineage for programs."""
    own = [name for name in node.table.sql_columns if name not in SYSTEM_COLUMN_NAMES]
    return {
        "table": node.table.name,
        "row_id": node.row["row_id"],
        "unit_id": node.row["unit_id"],
        "video_id": node.row["video_id"],
        "outcome": node.row["outcome"],
        "provenance": node.row["provenance"],
        "run_id": node.row["run_id"],
        "columns": {} if node.seen_above else {name: node.row[name] for name in own},
        "parents": [as_dict(parent) for parent in node.parents],
        "more": node.more,
    }
