"""Labels are read strictly; measures are right on cases worked out by hand."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.media.access import MediaAccess
from humannet_assets.pipeline import build_passes
from humannet_assets.quality import labels as module
from humannet_assets.quality.labels import collect_labels, read_labels_file, read_sidecar_label
from humannet_assets.quality.metrics import Matches, balanced_accuracy, bootstrap, f1, match_events, precision_recall
from humannet_assets.quality.report import quality_report
from humannet_assets.settings import Settings
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps
from humannet_assets.store.tables import STAGE_QUALITY


def test_labels_file_and_sidecar(tmp_path: Path) -> None:
    lines = [
        {"path": "a.mp4", "human_centric": True, "viewpoint": "ego", "cuts": [30, 10], "duplicate_of": ""},
        {"path": "b.mp4", "human_centric": "no", "duplicate_of": "a.mp4"},
    ]
    labels_file = tmp_path / "labels.jsonl"
    labels_file.write_text("\n".join(json.dumps(line) for line in lines))
    (tmp_path / "c.json").write_text(json.dumps({"human_centric": False, "viewpoint": "none", "duplicate_of": "a"}))
    (tmp_path / "a.mp4").touch()
    uris = [str(tmp_path / name) for name in ("a.mp4", "b.mp4", "c.mp4", "d.mp4")]
    labels, problems = collect_labels(
        [(uris[0], str(labels_file)), (uris[1], str(labels_file)), (uris[2], None), (uris[3], None)]
    )
    assert problems == []
    assert set(labels) == set(uris[:3])
    assert labels[uris[0]].cuts == (10, 30)
    assert labels[uris[0]].duplicate_of == ""
    assert labels[uris[1]].human_centric is False
    assert labels[uris[1]].viewpoint is None
    assert labels[uris[1]].duplicate_of == labels[uris[2]].duplicate_of == uris[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"human_centric": true}', r"labels.jsonl:1: no `path`"),
        ('{"path": "a", "human_centric": "perhaps"}', "write true or false"),
        ('{"path": "a", "viewpoint": "first"}', "write ego, exo or none"),
        ('{"path": "a", "cuts": "soon"}', "list of frame numbers"),
        ('{"path": "a", "duplicate_of": 7}', "path of a video"),
        ("{", "not JSON"),
        ("7", "no `path`"),
    ],
)
def test_bad_labels_name_place_and_fix(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(f'{{"path": "before"}}\n{line}\n{{"path": "after"}}')
    labels, (problem,) = read_labels_file(path)
    assert [Path(label.uri).name for label in labels] == ["before", "after"]
    assert re.search(message.replace(":1:", ":2:"), problem)


def test_a_labels_file_that_cannot_be_read_is_reported_once(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"path,viewpoint\na\xff.mp4,ego\n")
    for name, message in (("missing.csv", "no such labels file"), ("latin.csv", "save it as UTF-8")):
        labels, (problem,) = collect_labels([(str(tmp_path / video), str(tmp_path / name)) for video in ("a.mp4", "b.mp4")])
        assert labels == {}
        assert message in problem


def test_only_regular_small_files_are_read_as_sidecars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SIDECAR_BYTES", 1000)
    (tmp_path / "secret").write_text('{"human_centric": true}')
    (tmp_path / "link.json").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "large.json").write_text('{"human_centric": true}' + " " * 1000)
    (tmp_path / "broken.json").write_text("{bad")
    (tmp_path / "latin.json").write_bytes(b'{"human_centric": "\xff"}')
    (tmp_path / "odd.json").write_text('{"human_centric": true, "viewpoint": ["ego"], "schema_version": 1, "shots": [3]}')
    (tmp_path / "good.json").write_text('{"human_centric": true}')
    names = ["broken", "folder", "large", "latin", "link", "odd", "pipe"]
    labels, problems = collect_labels([(str(tmp_path / f"{name}.mp4"), None) for name in [*names, "good", "none"]])
    assert list(labels) == [str(tmp_path / "good.mp4")]
    assert [Path(problem.partition(": ")[0]).stem for problem in problems] == names


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
    version = store.version(STAGE_QUALITY)
    quality_report(store, "r3")
    assert store.version(STAGE_QUALITY) == version


def test_simulated_sidecar_knows_everything(tmp_path: Path) -> None:
    shots = [{"viewpoint": "ego"}, {"viewpoint": "exo"}]
    truth = {"schema_version": 1, "human_centric": True, "viewpoint": "ego", "expected_outcome": "rejected", "shots": shots}
    (tmp_path / "a.json").write_text(json.dumps(truth))
    label = read_sidecar_label(str(tmp_path / "a.mp4"))
    assert label is not None
    assert (label.human_centric, label.kept, label.viewpoint) == (True, False, None)
    assert (label.cuts, label.fades, label.duplicate_of) == ((), (), "")


def test_json_beside_a_video_that_is_no_sidecar_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"title": "holiday"}')
    assert read_sidecar_label(str(tmp_path / "a.mp4")) is None


def test_measures_by_hand() -> None:
    pairs = [("ego", "ego"), ("ego", "exo"), ("exo", "exo"), ("exo", "exo")]
    assert balanced_accuracy(pairs) == pytest.approx(0.75)
    assert balanced_accuracy([]) is None
    assert precision_recall([(True, True), (True, False), (False, True), (False, False)]) == (0.5, 0.5)
    assert match_events([10, 20, 30], [11, 19, 40], 2) == Matches(hits=2, found=3, expected=3)
    assert f1([Matches(2, 3, 3)]) == pytest.approx(2 / 3)
    assert f1([Matches(0, 0, 0)]) is None


@given(st.lists(st.integers(0, 500), unique=True), st.integers(0, 3))
def test_events_match_themselves_and_never_more_than_there_are(events: list[int], tolerance: int) -> None:
    assert match_events(events, events, tolerance).hits == len(events)
    assert match_events(events, [event + tolerance for event in events], tolerance).hits == len(events)
    assert match_events(events, [], tolerance).hits == 0


def test_interval_is_seeded_and_holds_the_value() -> None:
    pairs = [("ego", "ego")] * 8 + [("ego", "exo")] * 2 + [("exo", "exo")] * 10
    first, second = (bootstrap("b", pairs, balanced_accuracy) for _ in range(2))  # type: ignore[arg-type]
    assert first == second
    assert first.low is not None
    assert first.high is not None
    assert first.low < first.value < first.high  # type: ignore[operator]
