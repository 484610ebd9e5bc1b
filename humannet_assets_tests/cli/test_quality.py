"""`humannet quality` measures, prints, exports and reports."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from humannet_assets.cli import app as cli
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import STAGE_QUALITY
from humannet_assets_tests.quality.test_report import filled
from humannet_assets_tests.store.synthetic import fill

__all__ = ["filled"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command on a store; returns exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("HUMANNET_ROOT", "HUMANNET_CATALOG", "HUMANNET_SETTINGS"):
        monkeypatch.delenv(name, raising=False)

    def call(store: LanceStore, *arguments: str) -> tuple[int, str, str]:
        try:
            cli.main(["--root", store.root, "quality", *arguments])
            code = 0
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_measured_figures_in_every_format(run: Run, filled: tuple[LanceStore, Path]) -> None:
    store, folder = filled
    code, out, err = run(store, "--report", "out", "--confusions")
    assert code == 0, err
    assert "landmark_error_p90" in out
    assert "hand_tracks: side (true in lines, found in columns)" in out
    page = (folder / "out" / "report.html").read_text()
    assert "right hand off by 20 px" in page
    assert "data:image/jpeg;base64," in page
    assert str(Path("out") / "report.md") in err

    version = store.version(STAGE_QUALITY)
    code, out, _ = run(store, "hand_tracks", "--format", "json", "--stored")
    (stage,) = json.loads(out)
    assert (code, stage["stage"]) == (0, "hand_tracks")
    assert stage["measures"][0] == {
        "name": "recall", "value": 1.0, "low": 1.0, "high": 1.0, "items": 40, "videos": 2, "measured_in": "share",
        "better": "higher",
    }  # fmt: skip
    assert stage["confusions"]["side"] == [{"truth": "right", "found": "right", "count": 40}]
    assert stage["worst_cases"][0]["text"] == "right hand off by 20 px"

    rows = list(csv.DictReader(io.StringIO(run(store, "--format", "csv", "--stored")[1])))
    assert {row["stage"] for row in rows} >= {"hand_tracks", "filtered_clips"}
    assert store.version(STAGE_QUALITY) == version


def test_labels_that_cannot_be_read_are_told(run: Run, filled: tuple[LanceStore, Path]) -> None:
    store, folder = filled
    (folder / "a.json").write_text("{")
    code, out, err = run(store)
    assert code == 0
    assert "a.json: not JSON" in err
    assert "recall" in out


def test_nothing_labelled_and_nothing_there(run: Run, tmp_path: Path) -> None:
    store = LanceStore(str(tmp_path / "other"))
    code, _, err = run(store)
    assert code == cli.EXIT_USAGE
    assert "no data" in err
    fill(store)
    code, out, _ = run(store)
    assert code == 0
    assert "no footage in this store has labels" in out
    assert run(store, "--format", "json")[1].strip() == "[]"


def test_wrong_use_says_what_to_do(run: Run, filled: tuple[LanceStore, Path]) -> None:
    store, folder = filled
    code, _, err = run(store, "hands")
    assert code == cli.EXIT_USAGE
    assert "there are figures of" in err
    assert "hand_tracks" in err
    (folder / "file").write_text("")
    code, _, err = run(store, "--report", "file/report")
    assert code == cli.EXIT_USAGE
    assert "name another folder with --report" in err
