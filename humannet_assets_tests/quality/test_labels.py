"""Labels are read strictly: what cannot be used is reported and disturbs no other label."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from humannet_assets.media import sidecar as module
from humannet_assets.media.sidecar import dump_sidecar
from humannet_assets.quality.labels import LabelsError, collect_labels, read_labels_file, read_sidecar_label, read_truth
from humannet_assets_tests.quality.worlds import frame, seconds, sidecar


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


def test_labels_reached_through_a_linked_folder_name_the_videos_of_the_real_one(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    (real / "labels.jsonl").write_text('{"path": "a.mp4", "human_centric": true, "duplicate_of": "b.mp4"}')
    labels, problems = collect_labels([(str(real / "a.mp4"), str(tmp_path / "link" / "labels.jsonl"))])
    assert not problems
    assert labels[str(real / "a.mp4")].duplicate_of == str(real / "b.mp4")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"human_centric": true}', r"labels.jsonl:1: no `path`"),
        ('{"path": "a", "human_centric": "perhaps"}', "write true or false"),
        ('{"path": "a", "viewpoint": "first"}', "write ego, exo or none"),
        ('{"path": "a", "cuts": "soon"}', "list of frame numbers"),
        ('{"path": "a", "duplicate_of": 7}', "path of a video"),
        ('{"path": "a", "environment": "moon"}', "write one of home, industrial_construction"),
        ('{"path": "a", "people": "some"}', "how many are in view at once"),
        ('{"path": "a", "hands": -1}', "how many are in view at once"),
        ('{"path": "a", "verbs": [3]}', "list of words"),
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


def test_counts_places_and_words_in_either_format(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        'path,environment,hands,people,verbs,objects\na.mp4,home,2,,"[""Pour"", ""stir""]",pot\nb.mp4,,,,,\n'
    )
    (one, other), problems = read_labels_file(tmp_path / "labels.csv")
    assert problems == []
    assert (one.environment, one.hands, one.people) == ("home", 2, None)
    assert (one.verbs, one.objects) == (("pour", "stir"), ("pot",))
    assert (other.environment, other.hands, other.verbs) == (None, None, None)
    (tmp_path / "labels.jsonl").write_text('{"path": "a.mp4", "people": 3, "objects": ["red  Cup"]}')
    ((one,), _) = read_labels_file(tmp_path / "labels.jsonl")
    assert (one.people, one.objects) == (3, ("red cup",))


def test_only_the_simulators_sidecars_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(dump_sidecar(sidecar(seconds(3, frame))))
    (tmp_path / "b.json").write_text('{"human_centric": true}')
    (tmp_path / "c.json").write_text('{"human_centric": true, "schema_version": 99}')
    uris = [str(tmp_path / f"{name}.mp4") for name in "abc"]
    labels, problems = collect_labels([(uri, None) for uri in uris])
    assert problems == []
    truth = read_truth(labels[uris[0]])
    assert truth is not None
    assert truth.frame_count == 3
    assert read_truth(labels[uris[1]]) is None
    with pytest.raises(LabelsError, match="schema version 99"):
        read_truth(labels[uris[2]])
