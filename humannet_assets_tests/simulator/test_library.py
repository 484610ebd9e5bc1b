"""The committed sample library agrees with its list of cases, can be made again, and is believed by the real models."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from humannet_assets.media.sidecar import MEDIAPIPE_BODY_INDEX, Sidecar, dump_sidecar, load_sidecar
from humannet_assets.simulator.encoding import read_video, write_video
from humannet_assets.simulator.library import CASES, Rendered
from humannet_assets.simulator.sample_library import main, make_case
from humannet_assets.simulator.world import RenderingUnavailableError, SceneBuilder, load_mujoco

NAMES = [case.name for case in CASES]
BY_NAME = {case.name: case for case in CASES}
EGO_HANDS = ["ego_hands_cups", "ego_hands_blocks", "ego_hands_wipe", "ego_hands_tray", "vfr_hands"]
FIGURES = ["exo_walk_across", "exo_wave", "exo_lift_arms"]
NOBODY = ["empty_room_light", "empty_room_ball", "static_table"]


@pytest.fixture(scope="session")
def library(project_root: Path) -> Path:
    return project_root / "sample_library"


@pytest.fixture(scope="session")
def renderer() -> None:
    try:
        with SceneBuilder().build(64, 64, 50.0):
            pass
    except RenderingUnavailableError as error:
        pytest.skip(f"cannot render here: {error}")


def upright(library: Path, truth: Sidecar, every: int) -> Iterator[tuple[int, np.ndarray]]:
    for index, (_, picture) in enumerate(read_video(library / truth.file)):
        if index % every == 0:
            yield index, np.ascontiguousarray(np.rot90(picture, -(truth.rotation_deg // 90)))


def test_folder_holds_exactly_the_cases(library: Path) -> None:
    expected = {f"{name}.{ending}" for name in NAMES for ending in ("mp4", "json")} | {"README.md", "manifest.csv"}
    assert {path.name for path in library.iterdir()} == expected
    assert len(set(NAMES)) == len(NAMES)


def test_sizes_are_within_budget(library: Path) -> None:
    assert sum(path.stat().st_size for path in library.iterdir()) <= 8_000_000
    assert all(path.stat().st_size < 300_000 for path in library.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_sidecar_describes_its_file(library: Path, name: str) -> None:
    import av

    case, truth = BY_NAME[name], load_sidecar(library / f"{name}.json")
    assert (truth.name, truth.file, truth.seed, truth.expected_outcome) == (name, case.file, case.seed, case.outcome)
    if truth.expected_outcome == "unreadable":
        with pytest.raises(av.error.FFmpegError):
            list(read_video(library / truth.file))
        return
    times, sizes = [], set()
    for time_s, picture in read_video(library / truth.file):
        times.append(time_s)
        sizes.add(picture.shape[:2])
    np.testing.assert_allclose(times, [frame.time_s for frame in truth.frames], atol=1e-4)
    camera = truth.intrinsics
    assert camera is not None
    stored = (camera.height, camera.width) if truth.rotation_deg % 180 == 0 else (camera.width, camera.height)
    assert sizes == {stored}
    assert [shot.start_frame for shot in truth.shots] == sorted({0, *truth.cuts, *truth.fades})
    assert truth.shots[-1].end_frame == truth.frame_count


def test_cuts_fades_and_variable_rate(library: Path) -> None:
    edit = load_sidecar(library / "edit_five_shots.json")
    pictures = [picture.astype(np.int16) for _, picture in read_video(library / edit.file)]
    steps = [float(np.abs(b - a).mean()) for a, b in pairwise(pictures)]
    assert set(np.argsort(steps)[-3:] + 1) == set(edit.cuts)
    assert len(edit.fades) == 1
    assert pictures[edit.fades[0]].mean() < 3
    vfr = np.diff([frame.time_s for frame in load_sidecar(library / "vfr_hands.json").frames])
    assert vfr.max() > 2 * vfr.min()


def test_duplicates_show_the_same_moments(library: Path) -> None:
    import cv2

    def at(truth: Sidecar, index: int) -> np.ndarray:
        picture = next(picture for i, picture in upright(library, truth, 1) if i == index)
        return cv2.resize(picture, (160, 120), interpolation=cv2.INTER_AREA).astype(float)

    for name, case in BY_NAME.items():
        truth = load_sidecar(library / f"{name}.json")
        assert truth.duplicate_of == getattr(case, "source", None) or truth.expected_outcome != "duplicate"
        if truth.duplicate_of:
            original = load_sidecar(library / f"{truth.duplicate_of}.json")
            shift = original.frame_count - truth.frame_count and 8
            assert np.abs(at(truth, 20) - at(original, 20 + shift)).mean() < 4
            assert truth.frames[20].camera == original.frames[20 + shift].camera


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("name", ["ego_hands_wipe", "exo_lift_arms"])
def test_rendering_is_reproducible_and_as_committed(library: Path, name: str) -> None:
    case = BY_NAME[name]
    assert isinstance(case, Rendered)
    first, second = list(case.frames(limit=2)), list(case.frames(limit=2))
    for (picture, truth), (again, truth_again) in zip(first, second, strict=True):
        np.testing.assert_array_equal(picture, again)
        assert truth == truth_again
    committed = load_sidecar(library / f"{name}.json")
    assert [truth for _, truth in first] == committed.frames[:2]
    decoded = next(read_video(library / committed.file))[1]
    assert np.abs(decoded.astype(int) - first[0][0]).mean() < 6  # what H.264 takes away, and another OpenGL


def test_files_made_twice_are_the_same(tmp_path: Path, library: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [(i / 15, rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)) for i in range(6)]
    for name in ("a", "b"):
        assert write_video(tmp_path / f"{name}.mp4", iter(pictures), 15) == 6
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    text = make_case(BY_NAME["not_a_video"], tmp_path)
    assert dump_sidecar(text) == (library / "not_a_video.json").read_text(encoding="utf-8")


def test_command_line_refuses_unknown_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--only", "nonsense"]) == 1
    assert "no case is called nonsense" in capsys.readouterr().err


def test_missing_mujoco_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mujoco", None)
    with pytest.raises(RenderingUnavailableError, match=r"humannet-assets\[simulator\]"):
        load_mujoco()


def test_hands_are_found_where_the_truth_has_them(library: Path) -> None:
    from humannet_assets.perception.detectors import get_hand_detector

    visible, errors, right_side = 0, [], 0
    for name in EGO_HANDS:
        truth = load_sidecar(library / f"{name}.json")
        assert truth.intrinsics is not None
        for index, picture in upright(library, truth, every=23):
            found = get_hand_detector(max_hands=2).detect(picture)
            for side, hand in truth.frames[index].hands.items():
                if hand.visible_share < 0.8:
                    continue
                visible += 1
                # Pixels as if the picture were 640 wide.
                distances = [
                    (np.median(np.linalg.norm(f.landmarks_px - truth.hand_pixels(index, side), axis=1)), f.side) for f in found
                ]
                error, found_side = min(distances, default=(np.inf, ""))
                if error * 640 / truth.intrinsics.width < 40:
                    errors.append(error * 640 / truth.intrinsics.width)
                    right_side += found_side == side
    assert visible >= 25
    assert len(errors) / visible >= 0.85
    assert np.median(errors) <= 10
    assert right_side / len(errors) >= 0.95


def test_figures_are_found_and_nobody_else(library: Path) -> None:
    from humannet_assets.perception.detectors import get_body_detector, get_hand_detector

    seen, errors = 0, []
    for name in FIGURES:
        truth = load_sidecar(library / f"{name}.json")
        assert truth.intrinsics is not None
        for index, picture in upright(library, truth, every=24):
            seen += 1
            found = get_body_detector(max_bodies=1).detect(picture)
            if found:
                joints = found[0].landmarks_px[list(MEDIAPIPE_BODY_INDEX)]
                error = np.median(np.linalg.norm(joints - truth.body_pixels(index), axis=1))
                errors.append(error * 640 / truth.intrinsics.width)
    assert len(errors) / seen >= 0.9
    assert np.median(errors) <= 10
    for name in NOBODY:
        for _, picture in upright(library, load_sidecar(library / f"{name}.json"), every=40):
            assert not get_body_detector(max_bodies=1).detect(picture)
            assert not get_hand_detector(max_hands=2).detect(picture)
