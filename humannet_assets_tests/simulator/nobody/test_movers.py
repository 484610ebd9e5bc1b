"""Things that move by themselves: they move, stay in their spot, repeat exactly, and obey gravity where they fall."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.nobody.movers import MOVERS
from humannet_assets.simulator.nobody.movers.stage import Stage
from humannet_assets.simulator.nobody.movers.thrown import bounced
from humannet_assets.simulator.world import SceneBuilder

SPOT = np.eye(4)
SPOT[:3, :3] = rotation((0, 0, 1), 0.7)
SPOT[:2, 3] = (2.0, -1.0)
TIMES = np.arange(0, 30, 0.1)


class Recorder:
    """Stands in for a world: remembers where parts are put."""

    def __init__(self) -> None:
        self.at: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def place(self, name: str, position: np.ndarray, frame: np.ndarray | None = None) -> None:
        self.at[name] = (np.asarray(position, float), np.eye(3) if frame is None else frame)


def played(name: str, seed: int) -> tuple[SceneBuilder, list[dict[str, tuple[np.ndarray, np.ndarray]]]]:
    scene = SceneBuilder()
    move = MOVERS[name].make(np.random.default_rng(seed), Stage(scene, SPOT, name))
    frames = []
    for time_s in TIMES:
        world = Recorder()
        move(world, float(time_s))  # pyright: ignore[reportArgumentType]
        frames.append(world.at)
    return scene, frames


@pytest.mark.parametrize("name", MOVERS)
def test_it_moves_within_its_spot_and_the_same_way_again(name: str) -> None:
    for seed in (0, 1):
        scene, frames = played(name, seed)
        _, again = played(name, seed)
        for frame, other in zip(frames[::40], again[::40], strict=True):
            assert all(np.array_equal(frame[part][0], other[part][0]) for part in frame)
        names = {part.name for part in scene.parts}
        assert set(frames[0]) <= names
        positions = np.array([[frame[part][0] for part in frames[0]] for frame in frames])
        turns = np.array([[frame[part][1] for part in frames[0]] for frame in frames])
        assert np.allclose(turns @ turns.swapaxes(-1, -2), np.eye(3), atol=1e-9)
        assert np.ptp(positions, axis=0).max() > 0.001 or np.ptp(turns, axis=0).max() > 0.01
        shown = positions[positions[..., 2] > -1]  # what has not fallen yet waits below the floor
        assert np.hypot(shown[:, 0] - 2.0, shown[:, 1] + 1.0).max() < 0.65
        assert shown[:, 2].min() >= 0
        still = [np.asarray(part.position) for part in scene.parts if part.name not in frames[0]]
        assert all(np.hypot(at[0] - 2.0, at[1] + 1.0) < 0.6 for at in still)


@pytest.mark.parametrize("name", sorted(set(MOVERS) - {"ball_bounces", "things_fall"}))
def test_nothing_jumps(name: str) -> None:
    _, frames = played(name, 3)
    positions = np.array([[frame[part][0] for part in frames[0]] for frame in frames])
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=2)
    # 0.4 m in a tenth of a second is faster than anything here, but for bubbles that begin again below.
    assert np.mean(steps > 0.4) < (0.02 if name == "fish_tank" else 0.001)


def test_falling_keeps_energy_until_the_floor() -> None:
    times = np.arange(0, 6, 0.001)
    heights = np.array([bounced(t, 2.0, 0.75) for t in times])
    assert heights[0] == 2.0
    assert heights.min() >= 0
    assert heights[-1] == 0
    falling = times < 0.6
    assert heights[falling] == pytest.approx(2.0 - 9.81 * times[falling] ** 2 / 2)
    # After the first bounce it rises to the square of the restitution.
    first = np.argmin(heights[:800])
    assert heights[first : first + 1000].max() == pytest.approx(2.0 * 0.75**2, rel=0.01)
    assert np.abs(np.diff(heights)).max() < 0.0065  # sqrt(2 g h) = 6.3 m/s


def test_a_ball_rolls_without_slipping() -> None:
    scene, frames = played("ball_rolls", 2)
    radius = next(part.size[0] for part in scene.parts if part.shape == "sphere")
    stripe = next(part.name for part in scene.parts if part.shape == "cylinder")
    moving = 0
    for before, after in pairwise(frames):
        way = SPOT[:3, :3].T @ (after[stripe][0] - before[stripe][0])
        turn = after[stripe][1] @ before[stripe][1].T
        angle = np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))
        if np.hypot(*way[:2]) > 0.02:
            moving += 1
            assert angle == pytest.approx(np.hypot(*way[:2]) / radius, rel=0.25)
    assert moving > 10
