"""Controls that are nobody's life: a camera's geometry stays, the light follows the hour, things are moved between visits."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from humannet_assets.simulator.nobody import ScreenRecording, control_shot
from humannet_assets.simulator.nobody.controls import VISIT_HOURS, daylight, hour_of
from humannet_assets.simulator.nobody.passers import visiting
from humannet_assets.simulator.shots import Shot
from humannet_assets.simulator.world import SceneBuilder


class Recorder:
    """Stands in for a world: remembers how bright it is made."""

    brightness = np.ones(3)

    def place(self, name: str, position: np.ndarray, frame: np.ndarray | None = None) -> None:
        """Places do not matter here."""

    def set_brightness(self, factor: np.ndarray) -> None:
        self.brightness = np.asarray(factor)


@cache
def shot_of(control: str, number: int, seed: int = 0, file_seed: int | None = None) -> Shot:
    rng = np.random.default_rng([9, number if file_seed is None else file_seed])
    shot = control_shot(control, rng, duration_s=20.0, number=number, seed=seed)  # pyright: ignore[reportArgumentType]
    assert isinstance(shot, Shot)
    return shot


def seen(shot: Shot, time_s: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    world = Recorder()
    return shot.animate(world, time_s).camera, world.brightness  # pyright: ignore[reportArgumentType]


def laid(shot: Shot) -> dict[str, tuple[float, ...]]:
    return {part.name: part.position for part in shot.builder.parts if part.instance.startswith("left")}


@pytest.mark.parametrize("control", ["fixed_indoor", "surveillance"])
def test_a_camera_stays_for_a_day_and_another_follows(control: str) -> None:
    shots = [shot_of(control, number) for number in (0, 12, 24)]
    cameras = [seen(shot)[0] for shot in shots]
    assert np.array_equal(cameras[0], cameras[1])
    assert not np.array_equal(cameras[0], cameras[2])
    assert len({shot.world for shot in shots[:2]}) == 1
    assert len({shot.vertical_fov_deg for shot in shots[:2]}) == 1
    assert np.array_equal(cameras[0], seen(shots[0], 19.0)[0])
    assert not np.array_equal(cameras[0], seen(shot_of(control, 0, seed=1))[0])


def test_things_are_moved_between_visits_only() -> None:
    first, same, moved = (laid(shot_of("fixed_indoor", number)) for number in (0, VISIT_HOURS - 1, VISIT_HOURS))
    assert len(first) > 6
    assert first == same
    assert first.keys() == moved.keys()
    assert sum(first[name] != moved[name] for name in first) > 6


def test_light_follows_the_hour_and_goes_on_from_file_to_file() -> None:
    noon, night = seen(shot_of("fixed_indoor", 6))[1], seen(shot_of("fixed_indoor", 17))[1]
    assert hour_of(6) == 13
    assert hour_of(17) == 0
    assert noon.mean() > 1.5 * night.mean()
    hours = np.arange(0, 24, 0.1)
    levels = np.array([daylight(hour).mean() for hour in hours])
    assert np.abs(np.diff(levels)).max() < 0.06
    assert levels.max() == pytest.approx(1.0)
    assert levels[0] == pytest.approx(0.3)
    dusk = daylight(19.5)
    assert dusk[0] > dusk[2]
    times = np.arange(0, 20, 0.1)
    shot = shot_of("fixed_indoor", 12)
    within = np.array([seen(shot, t)[1].mean() for t in times])
    assert np.abs(np.diff(within)).max() < 0.02


def test_people_come_by_sometimes() -> None:
    rooms = [shot_of("fixed_indoor", 4, file_seed=i) for i in (2, 3)]
    visited = [shot for shot in rooms if shot.human_centric]
    assert len(visited) == 1
    assert all(shot.viewpoint == ("exo" if shot in visited else "none") for shot in rooms)
    state = visited[0].animate(Recorder(), 5.0)  # pyright: ignore[reportArgumentType]
    assert len(state.bodies) == 1
    assert 0.8 < np.ptp(state.bodies[0].joints[:, 2]) < 2.1
    assert visited[0].segments(0, 20.0)
    streets = [shot_of("surveillance", 5, seed=seed, file_seed=i) for seed in (0, 2) for i in range(1)]
    passed = [shot for shot in streets if shot.viewpoint == "exo"]
    assert passed
    assert not any(shot.human_centric for shot in streets)
    later = [passed[0].animate(Recorder(), t).bodies[0].joints[0] for t in (0.0, 19.0)]  # pyright: ignore[reportArgumentType]
    assert np.linalg.norm(later[1] - later[0]) > 5


def test_screens_and_what_is_not_made_here() -> None:
    assert isinstance(control_shot("screen_recording", np.random.default_rng(0), duration_s=9, number=3), ScreenRecording)
    with pytest.raises(ValueError, match="ego_with_cuts"):
        control_shot("ego_with_cuts", np.random.default_rng(0), duration_s=9, number=0)


def test_a_visitor_keeps_to_the_route() -> None:
    route = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [0.0, 4.0]])
    people = visiting(np.random.default_rng(2), SceneBuilder(), route, 40.0)
    legs = list(pairwise(route))
    for time_s in np.arange(0, 40, 0.5):
        x, y, _ = people.performers[0].steps.root(float(time_s))
        beside = []
        for a, b in legs:
            share = np.clip(np.dot((x, y) - a, b - a) / np.dot(b - a, b - a), 0, 1)
            beside.append(np.linalg.norm(a + share * (b - a) - (x, y)))
        assert min(beside) < 0.35
