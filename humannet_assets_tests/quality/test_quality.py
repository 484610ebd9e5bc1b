"""Labels are read strictly; measures are right on cases worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.quality.labels import LabelsError, collect_labels, read_labels_file, read_sidecar_label
from humannet_assets.quality.metrics import Matches, balanced_accuracy, bootstrap, f1, match_events, precision_recall


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
    labels = collect_labels([(uris[0], str(labels_file)), (uris[1], str(labels_file)), (uris[2], None), (uris[3], None)])
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
        ("{", "not JSON"),
    ],
)
def test_bad_labels_name_place_and_fix(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(line)
    with pytest.raises(LabelsError, match=message):
        read_labels_file(path)
    with pytest.raises(LabelsError, match="no such labels file"):
        read_labels_file(tmp_path / "missing.csv")


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
