"""Fingers bend by themselves, bones keep their lengths, and what is drawn follows the joints that are reported."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.hands import Fingers, HandBody, HandSkin, curled, finger_joints
from humannet_assets.simulator.wearer.grasps import OPEN, RELAXED, grasp_of

BONES = [(base + k, base + k + 1) for base in (1, 5, 9, 13, 17) for k in range(3)]


def lengths(joints: np.ndarray) -> np.ndarray:
    return np.array([np.linalg.norm(joints[b] - joints[a]) for a, b in BONES])


@given(st.lists(st.floats(0, 1.7), min_size=12, max_size=12), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1.5))
def test_bones_keep_their_lengths(flexion: list[float], close: float, oppose: float, spread: float) -> None:
    fingers = Fingers(np.array(flexion).reshape(4, 3), close, oppose, spread)
    np.testing.assert_allclose(lengths(finger_joints(fingers)), lengths(finger_joints(curled(0.0))), atol=1e-9)


def test_one_finger_bends_alone() -> None:
    bent = RELAXED.flexion.copy()
    bent[1] += 0.6
    before, after = finger_joints(RELAXED), finger_joints(Fingers(bent, RELAXED.thumb_close, RELAXED.thumb_oppose))
    moved = np.flatnonzero(np.linalg.norm(after - before, axis=1) > 1e-9)
    assert moved.tolist() == [10, 11, 12]
    assert after[12, 2] < before[12, 2] - 0.02


def test_fingers_survive_the_way_through_a_vector() -> None:
    back = Fingers.of(OPEN.vector())
    np.testing.assert_array_equal(back.flexion, OPEN.flexion)
    assert (back.thumb_close, back.thumb_oppose, back.spread) == (OPEN.thumb_close, OPEN.thumb_oppose, OPEN.spread)


class Recorder:
    """Stands in for a compiled scene: notes where parts are put."""

    def __init__(self) -> None:
        self.ends: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.middles: dict[str, np.ndarray] = {}

    def stretch(self, name: str, start: np.ndarray, end: np.ndarray) -> None:
        self.ends[name] = (start, end)

    def place(self, name: str, position: np.ndarray, frame: np.ndarray) -> None:
        assert np.linalg.det(frame) == pytest.approx(1)
        self.middles[name] = position


@pytest.mark.parametrize("side", ["left", "right"])
def test_geometry_follows_the_reported_joints(side: str) -> None:
    from humannet_assets.simulator.world import SceneBuilder

    scene, world = SceneBuilder(), Recorder()
    hand = HandBody(side, 2, HandSkin((0.8, 0.6, 0.5), (0.2, 0.2, 0.6), scale=0.95))  # pyright: ignore[reportArgumentType]
    hand.declare(scene)
    wrist, elbow = np.array([0.3, 1.0, 0.8]), np.array([0.4, 0.5, 0.9])
    frame = rotation((0.2, 0.5, 1.0), 0.7)
    joints = hand.pose(world, wrist, frame, grasp_of("wrap", 0.03).fingers, elbow)  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(joints[0], wrist)
    drawn = {(tuple(np.round(a, 9)), tuple(np.round(b, 9))) for a, b in world.ends.values()}
    for a, b in BONES:
        assert (tuple(np.round(joints[a], 9)), tuple(np.round(joints[b], 9))) in drawn
    for tip in (4, 8, 12, 16, 20):
        assert np.linalg.norm(world.middles[f"{side}_nail{tip}"] - joints[tip]) < 0.009
    assert {part.name for part in scene.parts} == set(world.ends) | set(world.middles)


@pytest.mark.parametrize(("kind", "radius"), [("wrap", 0.03), ("wrap", 0.04), ("pinch", 0.025), ("pinch", 0.036)])
def test_fingers_and_thumb_touch_what_they_hold_without_entering_it(kind: str, radius: float) -> None:
    grasp = grasp_of(kind, radius)  # pyright: ignore[reportArgumentType]
    joints = finger_joints(grasp.fingers)
    distances = {}
    for finger, base in (("thumb", 1), ("index", 5), ("middle", 9)):
        points = np.concatenate([np.linspace(joints[base + k], joints[base + k + 1], 20) for k in range(3)])
        distances[finger] = np.linalg.norm((points - grasp.centre)[:, 1 if kind == "wrap" else 0 :], axis=1).min()
    assert all(distance > radius + 0.004 for distance in distances.values()), distances
    assert distances["index"] < radius + 0.014
    assert distances["middle"] < radius + 0.014
