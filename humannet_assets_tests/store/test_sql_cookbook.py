"""Every query of docs/sql_cookbook.md, on the live store and on the file, against a store in which each has an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.sql import connect
from humannet_assets.store.sql_catalog import build_sql_catalog
from humannet_assets_tests.store.synthetic import fill

COOKBOOK = Path(__file__).resolve().parents[2] / "docs" / "sql_cookbook.md"


def queries() -> dict[str, str]:
    """Question to query."""
    found = re.findall(r"^### (\d+\. [^\n]+)\n.*?^```sql\n(.*?)^```", COOKBOOK.read_text(), re.MULTILINE | re.DOTALL)
    return {question: query.strip().rstrip(";") for question, query in found}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    store = LanceStore(str(tmp_path_factory.mktemp("filled")))
    fill(store)
    return store


@pytest.fixture(scope="module")
def live(store: LanceStore) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(store) as connection:
        yield connection


@pytest.fixture(scope="module")
def file(store: LanceStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path = build_sql_catalog(store, tmp_path_factory.mktemp("file") / "humannet.duckdb").path
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def test_there_are_twenty_questions() -> None:
    assert [int(question.split(".")[0]) for question in queries()] == list(range(1, 21))


@pytest.mark.parametrize(("question", "query"), queries().items(), ids=lambda text: text[:30])
def test_every_query_answers_live_and_in_the_file(
    question: str, query: str, live: duckdb.DuckDBPyConnection, file: duckdb.DuckDBPyConnection
) -> None:
    answer = live.execute(query).fetchall()
    assert answer, question
    assert file.execute(query).fetchall() == answer


def _answer(live: duckdb.DuckDBPyConnection, number: int) -> list[tuple[object, ...]]:
    return live.execute(next(query for question, query in queries().items() if question.startswith(f"{number}."))).fetchall()


def test_the_answers_are_right(live: duckdb.DuckDBPyConnection) -> None:
    hours = _answer(live, 1)
    assert ("ego", "home/kitchen", 6, 0.01) in hours
    assert sum(row[2] for row in hours) == 15  # type: ignore[misc]
    assert _answer(live, 5) == [("alice", 4, 78.0)]
    assert _answer(live, 6) == [("blurred", 1), ("no_motion", 1), ("no_person", 1)]
    assert [row[0] for row in _answer(live, 8)] == ["/footage/city/broken.mp4"]
    assert [row[1:3] for row in _answer(live, 9)] == [
        ("/footage/home/alice/kitchen-2-copy.mp4", "/footage/home/alice/kitchen-2.mp4")
    ]
    assert [row[1] for row in _answer(live, 10)] == ["/footage/city/gone.mp4", "games"]
    assert [row[3] for row in _answer(live, 13)] == [5.5] * 8
    assert len(_answer(live, 15)) == 16
    assert {row[1] for row in _answer(live, 12)} == {"MemoryError"}


def test_the_python_example_runs(store: LanceStore) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```", COOKBOOK.read_text(), re.MULTILINE | re.DOTALL)
    scope: dict[str, Any] = {}
    exec(example.replace('"data"', repr(store.root)), scope)
    assert scope["frame"].height == 15
