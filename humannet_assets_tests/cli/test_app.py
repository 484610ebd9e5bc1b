from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from humannet_assets.cli import app as cli
from humannet_assets.media.access import MediaAccess
from humannet_assets.settings import Settings
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets_tests.store.synthetic import fill, video_id_of

Run = Callable[..., tuple[int, str, str]]
CLIP = stable_id("clip", video_id_of("kitchen-1"), 0)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    store = LanceStore(str(tmp_path_factory.mktemp("filled")))
    fill(store)
    return store


@pytest.fixture
def run(filled: LanceStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line on the filled store; returns exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("HUMANNET_ROOT", "HUMANNET_CATALOG", "HUMANNET_SETTINGS"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, root: str = filled.root, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            cli.main(["--root", root, *arguments])
            code = 0
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_sql_formats_agree(run: Run, tmp_path: Path) -> None:
    query = "SELECT clip_id, environment, pose_score, created_at FROM annotations WHERE level = 'clip' ORDER BY clip_id"
    code, text, _ = run("sql", query, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (code, len(rows)) == (0, 15)
    code, text, _ = run("sql", query, "--format", "json")
    objects = json.loads(text)
    assert [row["clip_id"] for row in objects] == [row["clip_id"] for row in rows]
    assert [row["environment"] for row in objects] == [json.loads(row["environment"]) for row in rows]
    file = tmp_path / "out.parquet"
    assert run("sql", query, "-f", "parquet", "-o", str(file))[0] == 0
    assert pl.read_parquet(file)["clip_id"].to_list() == [row["clip_id"] for row in rows]
    code, text, _ = run("sql", query)
    assert "15 rows" in text
    assert rows[0]["clip_id"] in text


def test_json_has_null_for_numbers_it_cannot_hold(run: Run) -> None:
    query = (
        "SELECT 'nan'::DOUBLE AS a, '-inf'::FLOAT AS b, [1.5, 'inf'::DOUBLE] AS c, {'d': 'nan'::DOUBLE} AS e, MAP {1: 2} AS f"
    )
    code, text, _ = run("sql", query, "--format", "json")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert code == 0
    expected = [{"a": None, "b": None, "c": [1.5, None], "e": {"d": None}, "f": {"1": 2}}]
    assert json.loads(text, parse_constant=refuse) == expected


def test_a_named_settings_file_must_exist(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("settings")[0] == 0
    for command in (("settings",), ("status",)):
        code, _, error = run("--settings", "misspelt.yaml", *command)
        assert code == 2
        assert f"there is no settings file {tmp_path}/misspelt.yaml" in error
    (tmp_path / "footage").mkdir()
    assert run("--settings", "misspelt.yaml", "ingest", "footage")[0] == 2
    assert not (tmp_path / "sources.yaml").exists()
    monkeypatch.setenv("HUMANNET_SETTINGS", "misspelt.yaml")
    code, _, error = run("settings")
    assert (code, "correct --settings or HUMANNET_SETTINGS" in error) == (2, True)


def test_a_wrong_window_leaves_the_catalog_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "footage").mkdir()
    code, _, error = run("ingest", "footage", "--window", "2025-06-01")
    assert code == 2
    assert "no such ingest window(s): 2025-06-01; known are 2026-01-01 to" in error
    assert not (tmp_path / "sources.yaml").exists()


def test_status_looks_at_the_sources_or_says_that_it_did_not(run: Run, tmp_path: Path) -> None:
    def reasons(root: str) -> dict[str, tuple[str | None, str]]:
        _, text, _ = run("status", "--json", root=root)
        return {row["table"]: (row["unchecked"], "; ".join(row["causes"])) for row in json.loads(text)}

    root, footage = str(tmp_path / "store"), tmp_path / "footage"
    footage.mkdir()
    (footage / "1.mp4").write_bytes(b"one")
    catalog = tmp_path / "sources.yaml"
    entry = "{id: a, uri: footage, source_type: community, licence: own, consent_basis: consent}"
    catalog.write_text(f"sources:\n  - {entry}\n")
    refresh_sources(LanceStore(root), catalog, Settings(), run_id="r", access=MediaAccess())
    assert reasons(root)["source_files"] == reasons(root)["source_catalog"] == (None, "")
    assert reasons(root)["stage_quality"][0] == "as of the last run"
    _, text, _ = run("status", root=root)
    assert next(line for line in text.splitlines() if " source_files " in line).rstrip().endswith("up to date")

    (footage / "2.mp4").write_bytes(b"two")
    (footage / "1.mp4").unlink()
    catalog.write_text(f"sources:\n  - {entry.replace('own', 'MIT')}\n")
    found = reasons(root)
    assert found["source_files"] == (None, "files since the last listing: 1 added, 1 removed")
    assert found["source_catalog"] == (None, "1 entry differs from the last listing")

    catalog.unlink()
    assert reasons(root)["source_files"] == ("as of the last listing", "")
    _, text, _ = run("status", root=root)
    line = next(line for line in text.splitlines() if " source_files " in line)
    assert "as of the last listing" in line
    assert "up to date" not in line


def test_sql_tables_are_cut_and_say_so_and_wide_rows_stand_upright(run: Run) -> None:
    _, text, _ = run("sql", "SELECT clip_id FROM clips", "--max-rows", "2")
    assert "only the first 2 shown" in text
    _, text, _ = run("sql", "SELECT * FROM annotations LIMIT 1")
    assert "-- row 1" in text
    assert "short_caption  " in text


def test_sql_binds_parameters(run: Run) -> None:
    query = "SELECT count(*) AS n FROM hand_tracks WHERE side = $side AND frame_count = $frames"
    code, text, _ = run("sql", query, "-p", "side=left", "-p", "frames=12", "-f", "json")
    assert (code, json.loads(text)) == (0, [{"n": 8}])
    _, text, _ = run("sql", query, "-p", "side=left' OR '1'='1", "-p", "frames=12", "-f", "json")
    assert json.loads(text) == [{"n": 0}]
    code, _, error = run("sql", query, "-p", "side")
    assert (code, "name=value" in error) == (2, True)


def test_sql_reads_the_query_from_a_pipe_and_lists_tables_without_one(run: Run) -> None:
    _, text, _ = run("sql", "-f", "csv", stdin="SELECT count(*) AS n FROM clips\n")
    assert text == "n\n18\n"
    code, text, _ = run("sql")
    assert code == 0
    assert "hand_tracks" in text
    assert "One row per hand followed through a clip" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sql", "SELEC 1"), "syntax error"),
        (("sql", "SELECT nothing FROM clips"), "nothing"),
        (("sql", "SELECT 1", "-f", "parquet"), "--output"),
        (("sql", "SELECT 1", "-o", "x"), "table is for the terminal"),
        (("sql", "SELECT 1", "-f", "csv", "-o", "no/such/folder/x.csv"), "cannot write"),
        (("sql", "SELECT 1", "-f", "excel"), "excel"),
        (("lineage", "ab"), "at least 4"),
        (("lineage", "zzzzzzzz"), "no row's id starts with"),
        (("lineage", "abcd", "--table", "nothing"), "no table is called"),
        (("lineage", "'; DROP"), "not an id"),
        (("ingest", "missing-folder"), "does not exist"),
        (("ingest", "--licence", "MIT"), "need a PATH"),
        (("ingest",), "does not exist"),
        (("settings", "nothing"), "no section is called"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_wrong_use_is_explained_and_exits_with_2(run: Run, arguments: tuple[str, ...], words: str) -> None:
    code, _, error = run(*arguments)
    assert code == 2, error
    assert words in error
    assert "Traceback" not in error


def test_commands_that_need_data_say_how_to_get_some(run: Run, tmp_path: Path) -> None:
    for command in (("sql", "SELECT 1"), ("status",), ("lineage", "abcd")):
        code, _, error = run(*command, root=str(tmp_path / "nothing"))
        assert code == 2
        assert "humannet ingest" in error
    code, _, error = run("sql", "SELECT 1", root="ftp://x")
    assert (code, "s3://" in error) == (2, True)
    assert not (tmp_path / "nothing").exists()


def test_status_counts_rows_by_outcome_and_says_what_is_stale_and_why(run: Run) -> None:
    code, text, _ = run("status", "--json")
    tables = {row["table"]: row for row in json.loads(text)}
    assert code == 0
    assert tables["filtered_clips"]["rows"] == {"kept": 16, "rejected": 2}
    assert tables["hand_tracks"]["units"] == {"kept": 15, "failed": 1}
    assert tables["hand_tracks"]["rows"] == {"kept": 23, "failed": 1}
    assert tables["source_files"]["rows"] == {"kept": 8, "removed": 1}
    assert tables["raw_videos"]["stale"] == {"changed": 8}
    assert tables["raw_videos"]["causes"][0].startswith("8 made by code version 1, now ")
    assert any("settings or model of" in cause for table in tables.values() for cause in table.get("causes") or [])
    code, text, _ = run("status")
    assert code == 0
    assert "not built yet" in text


def test_lineage_leads_from_an_annotation_to_the_bytes_and_the_source(run: Run) -> None:
    annotation = stable_id("annotation", CLIP, "clip")
    code, text, _ = run("lineage", annotation[:12], "--json")
    assert code == 0
    found: dict[str, set[str]] = {}

    def walk(node: dict[str, object]) -> None:
        found.setdefault(str(node["table"]), set()).add(str(node["row_id"]))
        for parent in node["parents"]:  # type: ignore[attr-defined]
            walk(parent)

    walk(json.loads(text))
    assert found["annotations"] == {annotation}
    assert found["clips"] == {CLIP}
    assert found["raw_videos"] == {video_id_of("kitchen-1")}
    assert found["video_files"] == {stable_id("file", "/footage/home/alice/kitchen-1.mp4")}
    assert found["source_catalog"] == {"home"}
    code, text, _ = run("lineage", annotation)
    assert f"bytes sha256 {video_id_of('kitchen-1')}" in text.replace("\n", "")


def test_lineage_of_an_id_in_several_tables_names_the_others(run: Run) -> None:
    _, text, _ = run("lineage", CLIP)
    assert "also in clips, clip_signals, filtered_clips" in text
    _, text, _ = run("lineage", CLIP, "--table", "clips")
    assert text.startswith(f"clips {CLIP}")


def test_lineage_asks_for_more_when_a_prefix_is_ambiguous(run: Run, filled: LanceStore) -> None:
    from humannet_assets.store.tables import SOURCE_CATALOG

    row = {"outcome": "kept", "ingest_window": "2026-03-01"}
    rows = [{**row, "row_id": name, "unit_id": name, "source_id": name} for name in ("twin-1", "twin-2")]
    filled.replace_units(SOURCE_CATALOG, ["twin-1", "twin-2"], rows)
    code, _, error = run("lineage", "twin")
    assert code == 2
    assert "2 ids start with 'twin': twin-1 (source_catalog), twin-2 (source_catalog)" in error
    filled.dataset(SOURCE_CATALOG).delete("row_id LIKE 'twin%'")


def test_settings_show_value_range_and_source_of_the_default(run: Run, tmp_path: Path) -> None:
    code, text, _ = run("settings", "source_catalog")
    assert code == 0
    assert "allowed_licences" in text
    assert "Our choice" in text
    (tmp_path / "humannet.yaml").write_text("source_catalog: {allowed_licences: [house]}\n")
    _, text, _ = run("settings", "source_catalog")
    assert "house" in text
    (tmp_path / "humannet.yaml").write_text("source_catalog: {allowd: [house]}\n")
    code, _, error = run("settings")
    assert code == 2
    assert "source_catalog.allowd" in error


def test_models_check_reports_without_fetching(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUMANNET_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code, text, _ = run("models", "--check")
    assert code == 1
    assert "missing" in text
    monkeypatch.setenv("HUMANNET_MODELS", str(tmp_path))
    code, _, error = run("models")
    assert code == 1
    assert "lacks" in error


def test_a_reader_that_stops_early_is_no_error(filled: LanceStore) -> None:
    query = "SELECT range FROM range(300000)"
    command = f"{sys.executable} -m humannet_assets.cli.app --root '{filled.root}' sql '{query}' -f csv | head -2"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("range\n0\n", "", 0)


def test_help_and_sql_start_without_the_heavy_packages() -> None:
    check = (
        "import sys, humannet_assets.cli.app, humannet_assets.store.sql, humannet_assets.cli.sql\n"
        "print([name for name in ('dagster', 'torch', 'mediapipe', 'cv2', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
