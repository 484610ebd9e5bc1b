"""The committed sample library agrees with its profile, can be made again, and is believed by the real models."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from humannet_assets.media.depth_maps import DepthMaps
from humannet_assets.media.sidecar import MEDIAPIPE_BODY_INDEX, Sidecar, load_sidecar
from humannet_assets.simulator.cases import Rendered
from humannet_assets.simulator.encoding import read_video
from humannet_assets.simulator.produce import MANIFEST, RECORD, Profile
from humannet_assets.simulator.profiles.sample import SampleOptions, sample_profile

PROFILE: Profile = sample_profile(SampleOptions())
BY_NAME = {case.name: case for case in PROFILE.cases}
NAMES = list(BY_NAME)
EGO_HANDS = [name for name in NAMES if name.startswith("ego_hands")] + ["vfr_hands"]
FIGURES = [name for name in NAMES if name.startswith("exo_") and name != "exo_two_people"]
NOBODY = ["empty_room_light", "empty_room_ball", "static_table", "tripod_pan", "traffic", "screen"]


@pytest.fixture(scope="session")
def library(project_root: Path) -> Path:
    return project_root / "sample_library"


def upright(library: Path, truth: Sidecar, every: int) -> Iterator[tuple[int, np.ndarray]]:
    for index, (_, picture) in enumerate(read_video(library / truth.file)):
        if index % every == 0:
            yield index, np.ascontiguousarray(np.rot90(picture, -(truth.rotation_deg // 90)))


def test_folder_holds_exactly_the_cases(library: Path) -> None:
    expected = {f"{name}.{ending}" for name in NAMES for ending in ("mp4", "json")} | {"README.md", MANIFEST, RECORD}
    expected |= {f"{case.name}.depth.zip" for case in PROFILE.cases if isinstance(case, Rendered) and case.maps}
    assert {path.name for path in library.iterdir()} == expected
    with (library / MANIFEST).open(newline="") as file:
        assert {row["path"] for row in csv.DictReader(file)} == {f"{name}.mp4" for name in NAMES}


def test_sizes_are_within_budget(library: Path) -> None:
    assert sum(path.stat().st_size for path in library.iterdir()) <= 20_000_000
    assert all(path.stat().st_size < 1_000_000 for path in library.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_sidecar_describes_its_file(library: Path, name: str) -> None:
    import av

    case, truth = BY_NAME[name], load_sidecar(library / f"{name}.json")
    assert (truth.name, truth.file, truth.seed, truth.expected_outcome) == (name, case.file, case.seed, case.outcome)
    assert (truth.life, truth.control) == (case.life, case.control)
    if truth.expected_outcome == "unreadable":
        with pytest.raises(av.error.FFmpegError):
            list(read_video(library / truth.file))
        return
    times, sizes = [], set()
    for time_s, picture in read_video(library / truth.file):
        times.append(time_s)
        sizes.add(picture.shape[:2])
    np.testing.assert_allclose(times, [frame.time_s for frame in truth.frames], atol=1e-4)
    assert [shot.start_frame for shot in truth.shots] == sorted({0, *truth.cuts, *truth.fades})
    assert truth.shots[-1].end_frame == truth.frame_count
    if truth.intrinsics is not None:
        camera = truth.intrinsics
        stored = (camera.height, camera.width) if truth.rotation_deg % 180 == 0 else (camera.width, camera.height)
        assert sizes == {stored}
    if truth.depth is not None:
        with DepthMaps(library / truth.depth.file) as maps:
            assert list(maps.frames) == list(range(0, truth.frame_count, truth.depth.every))
            _, instance = maps.read(0)
            assert instance.max() < len(truth.instances)


def test_cuts_fades_and_variable_rate(library: Path) -> None:
    edit = load_sidecar(library / "edit_five_shots.json")
    pictures = [picture.astype(np.int16) for _, picture in read_video(library / edit.file)]
    steps = np.array([np.abs(b - a).mean() for a, b in pairwise(pictures)])
    for cut in edit.cuts:
        around = np.delete(steps[cut - 4 : cut + 3], 3)
        assert steps[cut - 1] > 1.3 * around.max(), f"no cut before frame {cut}"
    assert len(edit.fades) == 1
    assert pictures[edit.fades[0]].mean() < 3
    vfr = np.diff([frame.time_s for frame in load_sidecar(library / "vfr_hands.json").frames])
    assert vfr.max() > 2 * vfr.min()


def test_lives_share_their_places_and_nobody_elses(library: Path) -> None:
    worlds: dict[str, set[str]] = {}
    for case in PROFILE.cases:
        if case.life:
            worlds.setdefault(case.life, set()).update(shot.world for shot in load_sidecar(library / f"{case.name}.json").shots)
    assert len(worlds) == 2
    assert not set.intersection(*worlds.values())


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("name", ["ego_hands_wipe", "exo_lift_arms", "traffic", "life_anna_0"])
def test_rendering_is_reproducible_and_as_committed(library: Path, name: str) -> None:
    case = BY_NAME[name]
    assert isinstance(case, Rendered)
    first, second = list(case.frames(limit=2)), list(case.frames(limit=2))
    for frame, again in zip(first, second, strict=True):
        np.testing.assert_array_equal(frame.picture, again.picture)
        assert frame.truth == again.truth
    committed = load_sidecar(library / f"{name}.json")
    assert [frame.truth for frame in first] == committed.frames[:2]
    decoded = next(read_video(library / committed.file))[1]
    assert np.abs(decoded.astype(int) - first[0].picture).mean() < 6  # what H.264 takes away, and another OpenGL


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


def test_people_are_found_and_nobody_else(library: Path) -> None:
    from humannet_assets.perception.detectors import get_body_detector, get_hand_detector

    seen, errors = 0, []
    for name in FIGURES:
        truth = load_sidecar(library / f"{name}.json")
        assert truth.intrinsics is not None
        for index, picture in upright(library, truth, every=24):
            if truth.frames[index].bodies[0].visible_share < 0.8:
                continue
            seen += 1
            found = get_body_detector(max_bodies=1).detect(picture)
            if found:
                joints = found[0].landmarks_px[list(MEDIAPIPE_BODY_INDEX)]
                error = np.median(np.linalg.norm(joints - truth.body_pixels(index), axis=1))
                errors.append(error * 640 / truth.intrinsics.width)
    assert seen >= 15
    assert len(errors) / seen >= 0.9
    assert np.median(errors) <= 10
    for name in NOBODY:
        for _, picture in upright(library, load_sidecar(library / f"{name}.json"), every=40):
            assert not get_body_detector(max_bodies=1).detect(picture)
            assert not get_hand_detector(max_hands=2).detect(picture)
