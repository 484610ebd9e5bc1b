from __future__ import annotations

import io
from pathlib import Path

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from humannet_assets.cli import sql
from humannet_assets.cli.output import Format
from humannet_assets.cli.sql import Prompt
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.sql import connect
from humannet_assets_tests.store.synthetic import fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    store = LanceStore(str(tmp_path_factory.mktemp("filled")))
    fill(store)
    return store


def type_in(store: LanceStore, keys: str, history: Path) -> str:
    """What the prompt prints when these keys are typed."""
    shown = io.StringIO()
    console = Console(file=shown, width=160)
    with create_pipe_input() as keyboard, connect(store) as connection:
        keyboard.send_text(keys)
        session: PromptSession[str] = PromptSession(history=FileHistory(str(history)), input=keyboard, output=DummyOutput())
        Prompt(store, connection, console, Format.table, 100).run(session)
    return shown.getvalue()


def test_queries_run_when_they_end_and_errors_do_not_end_the_prompt(filled: LanceStore, tmp_path: Path) -> None:
    keys = "select count(*) as n\rfrom clips;\rselect nonsense;\rselect 40 + 2 as answer;\r.quit\r"
    text = type_in(filled, keys, tmp_path / "history")
    assert "18" in text
    assert "nonsense" in text
    assert "42" in text


def test_dot_commands(filled: LanceStore, tmp_path: Path) -> None:
    text = type_in(filled, ".tables\r.schema clips\r.schema what\r.nonsense\r.help\r.format excel\r\x04", tmp_path / "history")
    assert "hand_tracks" in text
    assert "First frame, inclusive." in text
    assert "no table is called 'what'" in text
    assert "no command is called .nonsense" in text
    assert "End a query with ;" in text
    assert "for Parquet use" in text


def test_history_is_kept_between_prompts(filled: LanceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = sql.history_file()
    path.parent.mkdir(parents=True)
    type_in(filled, "select 1 as one;\r\x04", path)
    # Up arrow, then return: the query of the prompt before.
    text = type_in(filled, "\x1b[A\r\x04", path)
    assert "one" in text
