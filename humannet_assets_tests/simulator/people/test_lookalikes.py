"""What looks like people is nobody: no bodies, nothing acts, and the truth says so."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from humannet_assets.simulator.people import LOOKALIKES, animal_shot, lookalike_shot
from humannet_assets.simulator.people.build import draw_person
from humannet_assets.simulator.people.dog import draw_dog
from humannet_assets.simulator.people.portrait import paint_portrait
from humannet_assets.simulator.world import SceneBuilder
from humannet_assets_tests.simulator.people.conftest import hall

KINDS = sorted(LOOKALIKES)


class Board:
    """Notes where parts are put, in place of a world."""

    def __init__(self) -> None:
        self.places: dict[str, np.ndarray] = {}

    def place(self, name: str, position: np.ndarray, frame: np.ndarray | None = None) -> None:
        assert frame is None or np.allclose(frame.T @ frame, np.eye(3), atol=1e-6)
        self.places[name] = np.array(position)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_in_the_truth(kind: str) -> None:
    made = lookalike_shot(kind, np.random.default_rng(1), duration_s=6.0, place=hall())
    assert (made.scene, made.viewpoint, made.human_centric, made.actions, made.contacts) == (kind, "none", False, [], [])
    board = Board()
    state = made.animate(board, 1.0)  # pyright: ignore[reportArgumentType]
    assert state.bodies == []
    assert state.hands == {}
    assert "nobody" in made.description


@pytest.mark.parametrize("kind", ["mannequin", "statue"])
def test_dummies_stand_still_while_the_camera_does_not(kind: str) -> None:
    made = lookalike_shot(kind, np.random.default_rng(2), duration_s=6.0, place=hall())
    boards, cameras = [], []
    for time in (0.0, 2.5):
        board = Board()
        cameras.append(made.animate(board, time).camera)  # pyright: ignore[reportArgumentType]
        boards.append(board.places)
    assert len(boards[0]) > 20
    for name, position in boards[0].items():
        np.testing.assert_array_equal(position, boards[1][name])
    assert np.abs(cameras[0] - cameras[1]).max() > 1e-3


def test_scarecrows_sway_a_little() -> None:
    made = lookalike_shot("scarecrow", np.random.default_rng(3), duration_s=6.0, place=hall())
    heads = []
    for time in np.linspace(0, 4, 12):
        board = Board()
        made.animate(board, float(time))  # pyright: ignore[reportArgumentType]
        heads.append(board.places["lookalike_skull"])
    assert 0.02 < np.ptp(heads, axis=0).max() < 0.4
    assert not any(part.name.endswith(("thigh", "shin", "shoe")) for part in made.builder.parts)


def test_paws_on_the_floor_do_not_slide() -> None:
    for seed in range(4):
        dog = draw_dog(np.random.default_rng(seed), [(0.0, 0.0), (1.5, 0.8), (3.0, 0.2)], 10.0)
        step = 1 / 60
        walking = 0
        for leg in ("left_front", "right_hind"):
            points, lifts, ways = [], [], []
            for time in np.arange(0, 10, step):
                along = float(dog.along.at(time)[0])
                speed = abs(float(dog.along.at(time + 0.02)[0]) - along) / 0.02
                (x, y), _, lift = dog._paw(leg, along, speed)
                points.append((x, y))
                lifts.append(lift)
                ways.append(speed)
            moved = np.linalg.norm(np.diff(points, axis=0), axis=1) / step
            down = (np.array(lifts[1:]) == 0) & (np.array(lifts[:-1]) == 0)
            walking += int((np.array(ways[1:])[down] > 0.2).sum())
            assert moved[down].max() < 1e-6
        assert walking > 60


def test_a_dog_walks_and_lies_down() -> None:
    dog = draw_dog(np.random.default_rng(0), [(0.0, 0.0), (2.0, 0.5)], 10.0)
    dog.declare(SceneBuilder())
    heights = []
    for time in np.arange(0, 12, 0.1):
        board = Board()
        dog.place(board, float(time))  # pyright: ignore[reportArgumentType]
        heights.append(board.places["dog_trunk"][2])
        assert min(position[2] for position in board.places.values()) > -0.02
    assert max(heights) > 0.34
    assert min(heights) < 0.22
    along = [float(dog.along.at(time)[0]) for time in np.arange(0, 12, 0.1)]
    assert along[-1] > 0.8
    assert all(b >= a - 1e-9 for a, b in pairwise(along))


def test_animal_shots_are_of_the_dog() -> None:
    made = animal_shot(np.random.default_rng(4), duration_s=5.0, place=hall())
    assert made.scene == "dog"
    assert math.isclose(made.animate(Board(), 0.0).exposure, 1.0, abs_tol=0.3)  # pyright: ignore[reportArgumentType]


def test_portraits_show_skin_hair_and_clothes() -> None:
    look = draw_person(np.random.default_rng(5)).look
    picture = paint_portrait(np.random.default_rng(6), look)
    assert picture.shape == (256, 192, 3)
    assert picture.dtype == np.uint8
    face = picture[100:125, 80:112].reshape(-1, 3).mean(axis=0) / 255
    shirt = picture[240:, 60:130].reshape(-1, 3).mean(axis=0) / 255
    assert np.abs(face / face.sum() - np.array(look.skin) / sum(look.skin)).max() < 0.1
    assert np.abs(shirt / shirt.sum() - np.array(look.top) / sum(look.top)).max() < 0.15


def test_unknown_kinds_are_named() -> None:
    with pytest.raises(KeyError, match="ghost"):
        lookalike_shot("ghost", np.random.default_rng(0), duration_s=1.0)
