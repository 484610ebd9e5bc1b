"""The notebooks run from top to bottom on a filled store and on an empty one."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from humannet_assets.media.access import MediaAccess
from humannet_assets.quality.report import quality_report
from humannet_assets.store.lance_store import LanceStore
from humannet_assets_tests.quality.test_report import filled
from humannet_assets_tests.single_life.small_world import TINY_SETTINGS, two_lives
from humannet_assets_tests.store.synthetic import fill
from humannet_assets_tests.vla.policy_world import PolicyWorld, experiment

__all__ = ["filled"]
FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
EXPLORE, QUALITY = FOLDER / "01_explore_annotations.ipynb", FOLDER / "02_stage_quality.ipynb"
LIVES, POLICIES = FOLDER / "03_single_life.ipynb", FOLDER / "04_vla.ipynb"


def executed(root: Path | str, monkeypatch: pytest.MonkeyPatch, notebook: Path = EXPLORE) -> nbformat.NotebookNode:
    monkeypatch.setenv("HUMANNET_ROOT", str(root))
    client = NotebookClient(
        nbformat.read(notebook, as_version=4),
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
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


def test_the_quality_notebook_shows_figures_tables_and_worst_cases(
    filled: tuple[LanceStore, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = filled
    quality_report(store, "r", access=MediaAccess())
    shown = outputs(executed(store.root, monkeypatch, QUALITY))
    assert any("landmark_error_p90" in str(data.get("text/html")) for data in shown)
    assert sum("image/png" in data for data in shown) == 1, "shares; no table here is large enough to be drawn"
    assert sum("image/jpeg" in data for data in shown) >= 1
    assert any("side: true" in str(data.get("text/markdown")) for data in shown)
    assert any("right hand off by 20 px (a.mp4, " in str(data.get("text/plain")) for data in shown)


def test_the_single_life_notebook_shows_pictures_tables_and_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = two_lives(tmp_path, experiment={**TINY_SETTINGS["experiment"], "no_source": False, "seeds": [0]})
    world.run("croco_checkpoints", "cas_matrices", "alignment_by_duration", "life_transfer")
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump({"single_life": dict(world.overrides)}))
    monkeypatch.setenv("HUMANNET_SETTINGS", str(file))
    shown = outputs(executed(world.store.root, monkeypatch, LIVES))
    assert sum("image/png" in data for data in shown) == 2, "loss curves, raw scores against shuffled ones"
    assert sum("image/jpeg" in data for data in shown) == 2, "alignment, durations"
    assert any("path, not science: 48 pairs per model" in str(data.get("text/plain")) for data in shown)
    assert any("aepe_px" in str(data.get("text/markdown")) for data in shown)
    assert any("undecided" in str(data.get("text/html")) for data in shown)


def test_the_vla_notebook_shows_arms_with_controls_and_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = PolicyWorld(tmp_path, experiment(arms=["base"], hour_shares=[]))
    world.add_robots()
    world.run()
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump({"vla": dict(world.overrides)}))
    monkeypatch.setenv("HUMANNET_SETTINGS", str(file))
    shown = outputs(executed(world.store.root, monkeypatch, POLICIES))
    assert sum("image/png" in data for data in shown) == 1, "loss curves"
    assert sum("image/jpeg" in data for data in shown) == 3, "loss, position, vision gap"
    assert any("2 policies. path, not science: 16 samples" in str(data.get("text/plain")) for data in shown)
    assert any("shuffled_image" in str(data.get("text/markdown")) for data in shown)
    assert any("base looks" in str(data.get("text/html")) for data in shown)


@pytest.mark.parametrize("notebook", [EXPLORE, QUALITY, LIVES, POLICIES], ids=lambda path: path.stem)
def test_notebooks_run_on_an_empty_store(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executed(tmp_path / "empty", monkeypatch, notebook)


@pytest.mark.parametrize("notebook", [EXPLORE, QUALITY, LIVES, POLICIES], ids=lambda path: path.stem)
def test_committed_notebooks_hold_no_outputs_of_other_stores(notebook: Path) -> None:
    assert all(not cell.get("outputs") for cell in nbformat.read(notebook, as_version=4).cells)
