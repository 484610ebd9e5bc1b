"""The sidecar schema: what is written is read back, and contradictions are refused with a message that helps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.media.sidecar import (
    BODY_JOINTS,
    MEDIAPIPE_BODY_INDEX,
    BodyTruth,
    FrameTruth,
    Intrinsics,
    JointSet,
    Segment,
    Sidecar,
    SidecarError,
    dump_sidecar,
    load_sidecar,
    sidecar_path,
)

IDENTITY = np.eye(4).tolist()
CAMERA = Intrinsics(fx=500, fy=500, cx=320, cy=240, width=640, height=480)

coordinates = st.integers(-20_000, 20_000).map(lambda tenths: tenths / 10)
points = st.tuples(coordinates, coordinates, coordinates).map(list)


def joint_sets(kind: type[JointSet], count: int) -> st.SearchStrategy[JointSet]:
    return st.builds(
        kind,
        joints_mm=st.lists(points, min_size=count, max_size=count),
        visible=st.lists(st.integers(0, 1), min_size=count, max_size=count),
    )


def a_sidecar(frames: list[FrameTruth], **changes: object) -> Sidecar:
    fields = {
        "name": "clip", "file": "clip.mp4", "seed": 1, "description": "A clip.", "human_centric": True, "viewpoint": "ego",
        "environment": "home", "expected_outcome": "kept", "frame_count": len(frames), "frame_rate": 15.0,
        "intrinsics": CAMERA if frames else None, "frames": frames,
    }  # fmt: skip
    return Sidecar.model_validate(fields | changes)


def a_frame(index: int) -> FrameTruth:
    return FrameTruth(time_s=round(index / 15, 6), camera=IDENTITY)


@given(
    hand=joint_sets(JointSet, 21), body=joint_sets(BodyTruth, 17), brightness=st.integers(0, 100).map(lambda share: share / 100)
)
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, hand: JointSet, body: BodyTruth, brightness: float) -> None:
    person = BodyTruth(joints_mm=body.joints_mm, visible=body.visible, hands={"left": hand})
    frames = [FrameTruth(time_s=0, camera=IDENTITY, hands={"left": hand}, bodies=[person], brightness=brightness), a_frame(1)]
    segment = Segment(actor="left_hand", start_s=0.1, end_s=0.9, text="left hand reaches – “é”")
    written = a_sidecar(frames, segments=[segment], cuts=[1], expected_reasons=["why"])
    path = tmp_path_factory.mktemp("sidecar") / "clip.json"
    path.write_text(dump_sidecar(written), encoding="utf-8")
    assert load_sidecar(path) == written
    assert load_sidecar(path.with_suffix(".mp4")) == written
    assert dump_sidecar(load_sidecar(path)) == dump_sidecar(written)


def test_one_line_per_frame() -> None:
    lines = dump_sidecar(a_sidecar([a_frame(i) for i in range(5)])).splitlines()
    assert sum(line.startswith('{"time_s"') for line in lines) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "schema version 99"),
        ({"frame_count": 3}, "frame_count is 3 but 2 frames"),
        ({"cuts": [7]}, r"cuts \[7\] lie outside"),
        ({"intrinsics": None}, "but without intrinsics"),
        ({"viewpoint": "above"}, "viewpoint"),
        ({"colour": "red"}, "colour"),
        ({"segments": [{"actor": "body", "start_s": 2, "end_s": 1, "text": "walks"}]}, "not after its start"),
        (
            {"shots": [{"start_frame": 0, "end_frame": 9, "scene": "s", "viewpoint": "ego", "human_centric": True}]},
            "a shot is empty",
        ),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "clip.json"
    content = json.loads(dump_sidecar(a_sidecar([a_frame(0), a_frame(1)])))
    path.write_text(json.dumps(content | change))
    with pytest.raises(SidecarError, match=message) as caught:
        load_sidecar(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([{"time_s": 1, "camera": IDENTITY}, {"time_s": 1, "camera": IDENTITY}], "do not increase"),
        (
            [{"time_s": 0, "camera": IDENTITY, "hands": {"left": {"joints_mm": [[0, 0, 1]], "visible": [1]}}}],
            "has 1 joints, expected 21",
        ),
        (
            [{"time_s": 0, "camera": IDENTITY, "bodies": [{"joints_mm": [[0, 0, 1]], "visible": []}]}],
            "1 joints but 0 visibility",
        ),
        ([{"time_s": 0, "camera": [[1, 0, 0, 0]]}], "camera"),
    ],
)
def test_bad_frames_are_refused(tmp_path: Path, frames: list[object], message: str) -> None:
    path = tmp_path / "clip.json"
    content = json.loads(dump_sidecar(a_sidecar([a_frame(0)])))
    path.write_text(json.dumps(content | {"frames": frames, "frame_count": len(frames)}))
    with pytest.raises(SidecarError, match=message):
        load_sidecar(path)


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(SidecarError, match="no sidecar at"):
        load_sidecar(tmp_path / "nothing.mp4")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(SidecarError, match="not JSON"):
        load_sidecar(broken)


def test_projection_and_scaling() -> None:
    in_front, behind = CAMERA.project([[0.1, -0.2, 1.0], [0.0, 0.0, -1.0]])
    np.testing.assert_allclose(in_front, [370, 140])
    assert np.isnan(behind).all()
    half = CAMERA.scaled(320, 240)
    np.testing.assert_allclose(half.project([0.1, -0.2, 1.0]), [185, 70])


def test_names() -> None:
    assert sidecar_path(Path("a/b.mp4")) == Path("a/b.json")
    assert len(BODY_JOINTS) == len(MEDIAPIPE_BODY_INDEX) == 17
