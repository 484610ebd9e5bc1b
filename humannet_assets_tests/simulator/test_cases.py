"""Files made from cases: what the sidecar says is what the file shows, and the same case gives the same bytes."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from humannet_assets.media.depth_maps import DepthMaps
from humannet_assets.media.sidecar import Segment, Sidecar, load_sidecar
from humannet_assets.simulator.cameras import look_at
from humannet_assets.simulator.cases import Case, Recoded, Rendered, Take, TextFile, Truncated
from humannet_assets.simulator.encoding import read_video
from humannet_assets.simulator.nobody import ScreenRecording
from humannet_assets.simulator.produce import make_case
from humannet_assets.simulator.shots import Footage, MapSize, Shot, State
from humannet_assets.simulator.world import SceneBuilder, World

SIZE = (96, 64)


pytestmark = pytest.mark.usefixtures("renderer")


def box(color: tuple[float, float, float], world: str, exposure: float, rng: np.random.Generator) -> Footage:
    """A box 2 m away that slides to the right at a speed drawn from the generator."""
    scene = SceneBuilder(ambient=0.9)
    scene.add("box", "box", (0.3, 0.3, 0.3), scene.color("paint", color))
    speed = float(rng.uniform(0.1, 0.2))

    def animate(world: World, time_s: float) -> State:
        world.place("box", (speed * time_s, 2.3, 0))
        return State(look_at((0, 0, 0), (0, 2, 0)), exposure=exposure)

    action = Segment(actor="right_hand", start_s=0.2, end_s=0.6, text="a box slides", verb="slide", object="box")
    return Shot("box", f"A box in {world}.", "home", "ego", True, scene, animate, 50.0, [action], [], world)


def take(color: tuple[float, float, float], seconds: float, transition: str = "cut", exposure: float = 1.0) -> Take:
    return Take(partial(box, color, f"room/{color[0]}", exposure), seconds, transition)  # pyright: ignore[reportArgumentType]


RED, GREEN, BLUE = (1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0)
PLAIN = Rendered("plain", 7, "kept", takes=(take(RED, 1.2),), rate=10, size=SIZE)


def decoded(folder: Path, sidecar: Sidecar) -> tuple[np.ndarray, np.ndarray]:
    times, pictures = zip(*read_video(folder / sidecar.file), strict=True)
    return np.array(times), np.stack(pictures)


def test_takes_cuts_and_fades_are_where_the_sidecar_has_them(tmp_path: Path) -> None:
    case = Rendered("edit", 3, "kept", takes=(take(RED, 2), take(GREEN, 2), take(BLUE, 2, "fade")), rate=10, size=SIZE)
    sidecar, _ = make_case(case, tmp_path)
    times, pictures = decoded(tmp_path, sidecar)
    assert (sidecar.cuts, sidecar.fades, sidecar.frame_count) == ([20], [40], 60)
    assert [(shot.start_frame, shot.end_frame, shot.world) for shot in sidecar.shots] == [
        (0, 20, "room/1.0"), (20, 40, "room/0"), (40, 60, "room/0"),
    ]  # fmt: skip
    np.testing.assert_allclose(times, [frame.time_s for frame in sidecar.frames], atol=1e-4)
    colors = pictures[:, 28:36, 44:52].mean(axis=(1, 2))
    assert [int(colors[i].argmax()) for i in (0, 19, 20, 30, 50, 59)] == [0, 0, 1, 1, 2, 2]
    assert pictures[40].mean() < 3
    assert [frame.brightness for frame in sidecar.frames][38:42] == [round(1 / 7, 4), 0, 0, round(1 / 7, 4)]
    assert [segment.start_s for segment in sidecar.segments] == [0.2, 2.2, 4.2]


def test_exposure_brightens_the_picture_by_what_the_truth_says(tmp_path: Path) -> None:
    dark, _ = make_case(replace(PLAIN, name="dark", takes=(take((0.5, 0.5, 0.5), 0.5, exposure=0.75),)), tmp_path)
    plain, _ = make_case(replace(PLAIN, name="plain", takes=(take((0.5, 0.5, 0.5), 0.5),)), tmp_path)
    assert {frame.exposure for frame in dark.frames} == {0.75}
    levels = [decoded(tmp_path, sidecar)[1][0, 28:36, 44:52].mean() for sidecar in (dark, plain)]
    assert levels[0] / levels[1] == pytest.approx(0.75, abs=0.04)


def test_blur_grain_and_irregular_time_steps(tmp_path: Path) -> None:
    blurred, _ = make_case(replace(PLAIN, name="blurred", blur_sigma_px=4.0), tmp_path)
    plain, _ = make_case(PLAIN, tmp_path)
    grainy = [frame.picture for frame in replace(PLAIN, grain_levels=4.0).frames(limit=2)]
    clean = [frame.picture for frame in PLAIN.frames(limit=2)]
    assert blurred.blur_sigma_px == 4.0
    edges = [np.abs(np.diff(decoded(tmp_path, sidecar)[1][0].astype(float), axis=1)).max() for sidecar in (blurred, plain)]
    assert edges[0] < edges[1] / 2
    noise = grainy[0].astype(float) - clean[0]
    lit = clean[0].max(axis=2) > 40
    assert 2.5 < noise[lit].std() < 5
    assert not np.array_equal(grainy[0], grainy[1])
    varied, _ = make_case(replace(PLAIN, name="varied", variable_rate=True, takes=(take(RED, 4),)), tmp_path)
    steps = np.diff(decoded(tmp_path, varied)[0])
    assert steps.max() > 2 * steps.min()
    assert varied.variable_frame_rate


def test_maps_lie_beside_the_video_and_are_of_its_frames(tmp_path: Path) -> None:
    sidecar, _ = make_case(replace(PLAIN, maps=MapSize(4, 48, 32)), tmp_path)
    assert sidecar.depth is not None
    with DepthMaps(tmp_path / sidecar.depth.file) as maps:
        assert tuple(maps.frames) == (0, 4, 8)
        for frame in maps.frames:
            depth, instance = maps.read(frame)
            # The box's front face is 2 m away and has moved to the right.
            assert depth[16, 25] == pytest.approx(2.0, abs=0.01)
            assert sidecar.instances[instance[16, 25]] == "box"
            assert sidecar.instances[instance[0, 0]] == "background"
    with pytest.raises(ValueError, match="no multiple of 4"):
        make_case(replace(PLAIN, name="odd", maps=MapSize(4, 48, 32), takes=(take(RED, 1.0), take(GREEN, 1.0))), tmp_path)


def test_a_screen_has_no_camera_and_its_pages_are_cuts(tmp_path: Path) -> None:
    case = Rendered("screen", 5, "rejected", takes=(Take(partial(screen, 20.0), 20.0),), rate=5, size=(320, 240))
    sidecar, _ = make_case(case, tmp_path)
    assert sidecar.intrinsics is None
    assert all(frame.camera is None for frame in sidecar.frames)
    assert [shot.start_frame for shot in sidecar.shots] == [0, *sidecar.cuts]
    _, pictures = decoded(tmp_path, sidecar)
    assert sidecar.cuts
    for cut in sidecar.cuts:
        assert np.abs(pictures[cut].astype(float) - pictures[cut - 1]).mean() > 10


def screen(seconds: float, rng: np.random.Generator) -> Footage:
    return ScreenRecording(rng, seconds, apps=("slides",))


def test_duplicates_show_the_same_moments(tmp_path: Path) -> None:
    make_case(PLAIN, tmp_path)
    _, original = decoded(tmp_path, load_sidecar(tmp_path / "plain.json"))
    copy = Recoded("copy", 9, "duplicate", source="plain", trim=(3, 2), rotation_deg=90, size=(72, 48))
    sidecar, _ = make_case(copy, tmp_path)
    times, pictures = decoded(tmp_path, sidecar)
    assert (sidecar.duplicate_of, sidecar.frame_count, sidecar.rotation_deg, times[0]) == ("plain", 7, 90, 0)
    upright = np.rot90(pictures[0], -1)
    assert upright.shape[:2] == (48, 72)
    assert abs(int(upright[24, 36, 0]) - int(original[3, 32, 48, 0])) < 20
    assert sidecar.intrinsics is not None
    assert sidecar.intrinsics.width == 72
    assert sidecar.segments == []  # it began before the trim
    mirrored, _ = make_case(replace(copy, name="mirror", mirrored=True, rotation_deg=0, trim=(0, 0)), tmp_path)
    assert mirrored.intrinsics is None
    assert all(frame.camera is None and not frame.hands for frame in mirrored.frames)
    with pytest.raises(ValueError, match="nothing is left"):
        make_case(replace(copy, name="none", trim=(8, 8)), tmp_path)


@pytest.mark.parametrize(
    "case",
    [
        replace(PLAIN, grain_levels=2.0, maps=MapSize(5, 32, 24)),
        Recoded("copy", 9, "duplicate", source="plain", trim=(1, 1)),
        Truncated("half", 9, "unreadable", source="plain"),
        TextFile("text", 9, "unreadable"),
    ],
    ids=lambda case: case.name,
)
def test_the_same_case_gives_the_same_bytes_in_another_process(tmp_path: Path, case: Case) -> None:
    contents = []
    for name, sent in (("a", case), ("b", pickle.loads(pickle.dumps(case)))):
        folder = tmp_path / name
        folder.mkdir()
        if case.needs:
            make_case(PLAIN, folder)
        make_case(sent, folder)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()})
    assert contents[0] == contents[1]
