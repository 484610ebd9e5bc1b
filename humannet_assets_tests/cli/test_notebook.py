"""The notebook runs from top to bottom on a filled store and on an empty one."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from humannet_assets.store.lance_store import LanceStore
from humannet_assets_tests.store.synthetic import fill

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01_explore_annotations.ipynb"


def executed(root: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    monkeypatch.setenv("HUMANNET_ROOT", str(root))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    )
    return client.execute()


def outputs(notebook: nbformat.NotebookNode) -> list[dict[str, object]]:
    return [dict(output.get("data", {})) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_the_notebook_shows_tables_and_pictures_of_a_filled_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(LanceStore(str(tmp_path)))
    shown = outputs(executed(tmp_path, monkeypatch))
    assert sum("image/png" in data for data in shown) >= 3
    assert sum("image/jpeg" in data for data in shown) == 1
    tables = [str(data["text/html"]) for data in shown if "text/html" in data]
    assert any("filtered_clips" in table for table in tables)
    assert any("deterministic-describer/1" in table for table in tables)
    assert any("/footage/home/alice/kitchen-1.mp4" in table for table in tables)


def test_the_notebook_runs_on_an_empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executed(tmp_path / "empty", monkeypatch)


def test_the_committed_notebook_holds_no_outputs_of_other_stores() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
