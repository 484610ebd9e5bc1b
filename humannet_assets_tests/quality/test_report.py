"""The report over a store: what is measured, stored, painted, kept and removed."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from humannet_assets.figures.comparisons import ROLE_COLOURS
from humannet_assets.media.access import MediaAccess
from humannet_assets.media.sidecar import dump_sidecar
from humannet_assets.pipeline import build_passes
from humannet_assets.quality.report import build_judges, quality_report
from humannet_assets.quality.rows import load_stages
from humannet_assets.settings import Settings
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import (
    FILTERED_CLIPS,
    HAND_TRACKS,
    RAW_VIDEOS,
    STAGE_CONFUSIONS,
    STAGE_QUALITY,
    STAGE_WORST_CASES,
    VIDEO_FILES,
)
from humannet_assets_tests.media.synthetic import write_video
from humannet_assets_tests.quality.test_hands import resting, track
from humannet_assets_tests.quality.worlds import RATE_HZ

OWN = (STAGE_QUALITY, STAGE_CONFUSIONS, STAGE_WORST_CASES)
CATALOG = """
sources:
  - {id: a, uri: footage, source_type: community, licence: own, consent_basis: consent, labels: labels.csv}
"""


def test_figures_survive_bad_labels_and_go_with_the_last_label(store: LanceStore, tmp_path: Path) -> None:
    footage = tmp_path / "footage"
    footage.mkdir()
    for name in ("1", "2"):
        (footage / f"{name}.mp4").write_text(f"not a video {name}")
    (tmp_path / "labels.csv").write_text("path,human_centric\nfootage/1.mp4,no\nfootage/2.mp4,perhaps\n")
    (tmp_path / "sources.yaml").write_text(CATALOG)
    refresh_sources(store, tmp_path / "sources.yaml", Settings(), run_id="r", access=MediaAccess())
    for steps in build_passes(Settings())["raw_videos"]:
        run_steps(store, steps, run_id="r")
    report = quality_report(store, "r")
    assert report.labelled_videos == 1
    (problem,) = report.metadata()["label_problems"]
    assert "labels.csv:3: human_centric is 'perhaps'" in problem
    before = store.read(STAGE_QUALITY)
    assert before.filter(pl.col("value") == 1.0)["measure"].to_list() == ["balanced_accuracy"]

    (tmp_path / "labels.csv").unlink()
    report = quality_report(store, "r2")
    assert report.labelled_videos == 0
    assert "no such labels file" in report.label_problems[0]
    after = store.read(STAGE_QUALITY)
    assert set(after["outcome"]) == {"removed"}
    assert after["value"].null_count() == after.height == before.height
    versions = [store.version(table) for table in OWN]
    quality_report(store, "r3")
    assert [store.version(table) for table in OWN] == versions


def put(store: LanceStore, table: Table, video_id: str, unit_id: str, row_id: str, **own: Any) -> None:
    """One row as a step would have committed it."""
    system = {
        "row_id": row_id, "unit_id": unit_id, "video_id": video_id, "ingest_window": "2026-01-01", "outcome": "kept",
        "reasons": [], "evidence": "{}", "attempts": 1, "provenance": "p", "code_version": "1", "run_id": "r",
        "created_at": datetime.now(UTC).replace(tzinfo=None),
    }  # fmt: skip
    key = {table.key: row_id} if table.key in table.schema.names else {}
    store.replace_units(table, [unit_id], [{**system, **key, **own}])


@pytest.fixture
def filled(store: LanceStore, tmp_path: Path) -> tuple[LanceStore, Path]:
    """Two grey videos of a resting hand beside their sidecars; in one the hand is found 20 px off, in the other right."""
    for name, off_px in (("a", 20.0), ("b", 0.0)):
        path = tmp_path / f"{name}.mp4"
        write_video(path, [np.full((480, 640, 3), 90, np.uint8)] * 20, rate=int(RATE_HZ))
        path.with_suffix(".json").write_text(dump_sidecar(resting()))
        video = stable_id(name) * 2
        status = path.stat()
        put(
            store, VIDEO_FILES, video, stable_id(name), stable_id(name), uri=str(path), source_id="s",
            fingerprint=f"{status.st_size}:{status.st_mtime_ns}",
        )  # fmt: skip
        put(store, RAW_VIDEOS, video, video, video, frames_decoded=20)
        clip = stable_id(name, "clip")
        put(store, FILTERED_CLIPS, video, clip, clip, start_s=0.0, end_s=2.0)
        put(store, HAND_TRACKS, video, clip, stable_id(name, "track"), **track(shift_px=(off_px, 0)))
    return store, tmp_path


def figures(store: LanceStore) -> dict[tuple[str, str], float | None]:
    frame = store.read(STAGE_QUALITY, ["stage", "measure", "value"], "outcome = 'kept'")
    return {(stage, measure): value for stage, measure, value in frame.iter_rows()}


def test_a_measured_store(filled: tuple[LanceStore, Path]) -> None:
    store, folder = filled
    done: list[tuple[int, int]] = []
    report = quality_report(store, "r", access=MediaAccess(), progress=lambda _, at, of: done.append((at, of)))
    assert done == [(1, 2), (2, 2)]
    assert (report.labelled_videos, report.label_problems) == (2, [])
    found = figures(store)
    assert found["hand_tracks", "recall"] == 1
    assert found["hand_tracks", "landmark_error_p90"] == pytest.approx(20, abs=0.1)
    assert found["filtered_clips", "recall"] == 1
    assert report.metadata()["hand_tracks/recall"] == 1
    cells = store.read(STAGE_CONFUSIONS, where="question = 'side'").to_dicts()
    assert [(row["truth"], row["found"], row["count"]) for row in cells] == [("right", "right", 40)]

    (worst, *_) = store.read(STAGE_WORST_CASES, where="stage = 'hand_tracks'").sort("rank").to_dicts()
    assert worst["text"] == "right hand off by 20 px"
    assert worst["uri"] == str(folder / "a.mp4")
    picture = np.asarray(Image.open(io.BytesIO(worst["picture"])).convert("RGB"), int)
    for colour in ROLE_COLOURS.values():
        assert (np.abs(picture - colour).sum(axis=2) < 60).sum() > 50, "truth and finding are both drawn on the frame"
    assert np.median(picture) == pytest.approx(90, abs=3)


def test_the_report_is_read_back_as_it_was_made(filled: tuple[LanceStore, Path]) -> None:
    store, _ = filled
    report = quality_report(store, "r", access=MediaAccess())
    stored = load_stages(store, [judge.stage for judge in build_judges(Settings())])
    assert [stage.stage for stage in stored] == [stage.stage for stage in report.stages]
    assert [stage.measures for stage in stored] == [stage.measures for stage in report.stages]
    for one, other in zip(stored, report.stages, strict=True):
        assert {table.name: table.cells for table in one.confusions} == {table.name: table.cells for table in other.confusions}
        assert [(case.text, case.picture) for case in one.worst] == [(case.text, case.picture) for case in other.worst]


def test_nothing_is_written_or_painted_again(filled: tuple[LanceStore, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = filled
    quality_report(store, "r", access=MediaAccess())
    versions = [store.version(table) for table in OWN]
    monkeypatch.setattr("humannet_assets.quality.pictures.paint", lambda *_: pytest.fail("painted again"))
    again = quality_report(store, "r2", access=MediaAccess())
    assert [store.version(table) for table in OWN] == versions
    assert again.stages[-1].worst[0].picture


def test_what_is_no_longer_so_leaves_a_tombstone_without_its_picture(filled: tuple[LanceStore, Path]) -> None:
    store, folder = filled
    quality_report(store, "r", access=MediaAccess())
    (folder / "a.json").unlink()
    report = quality_report(store, "r2", access=MediaAccess())
    assert report.labelled_videos == 1
    rows = store.read(STAGE_WORST_CASES)
    gone = rows.filter(pl.col("outcome") == "removed")
    assert set(gone["video_id"]) == {stable_id("a") * 2}
    assert gone["picture"].null_count() == gone.height
    assert figures(store)["hand_tracks", "landmark_error_p90"] == pytest.approx(0, abs=1e-3)


def test_without_the_footage_figures_stay_and_pictures_lack(filled: tuple[LanceStore, Path]) -> None:
    store, folder = filled
    for name in ("a", "b"):
        (folder / f"{name}.mp4").write_bytes(b"no longer a video")
    report = quality_report(store, "r", access=MediaAccess())
    assert figures(store)["hand_tracks", "recall"] == 1
    assert {case.picture for stage in report.stages for case in stage.worst} == {None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 1}, "schema version 1"),
        ({"frame_rate": "fast"}, "frame_rate"),
        ({"frames": None, "frame_count": 0}, "a shot is empty"),
    ],
)
def test_a_sidecar_that_cannot_be_used_costs_one_video_its_truth(
    filled: tuple[LanceStore, Path], change: dict[str, Any], message: str
) -> None:
    store, folder = filled
    content = json.loads((folder / "a.json").read_text()) | change
    (folder / "a.json").write_text(json.dumps({name: value for name, value in content.items() if value is not None}))
    report = quality_report(store, "r")
    assert report.labelled_videos == 2
    (problem,) = report.label_problems
    assert message in problem
    assert store.read(STAGE_CONFUSIONS, where="question = 'side'")["count"].to_list() == [20]


def test_a_sidecar_of_another_file_is_not_believed(filled: tuple[LanceStore, Path]) -> None:
    store, _ = filled
    video = stable_id("a") * 2
    put(store, RAW_VIDEOS, video, video, video, frames_decoded=300)
    (problem,) = quality_report(store, "r").label_problems
    assert "describes 20 frames, the file has 300" in problem
