"""The action space: what is where, and that chunks lead back to the poses they were cut from, whatever the camera did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from humannet_assets.vla.actions import (
    ACTION_DIM,
    CHUNK_STEPS,
    DIM_NAMES,
    DIM_UNITS,
    HANDS,
    RESERVED,
    ChunkConfig,
    cut_chunks,
    human_weights,
    in_camera,
    moved,
    robot_action_chunks,
    robot_weights,
    shift_and_rotation,
    wrists_of,
)
from humannet_assets.vla.assembly import assemble
from humannet_assets.vla.episodes import FieldValues, RawEpisode
from humannet_assets.vla.known_robots import KNOWN_ROBOTS
from humannet_assets.vla.motion import Motion, robot_motion
from humannet_assets.vla.robots import named_mapping
from humannet_assets_tests.needs import need_package
from humannet_assets_tests.vla.robot_files import trajectory


def random_poses(rng: np.random.Generator, *shape: int) -> np.ndarray:
    count = int(np.prod(shape))
    turns = Rotation.random(count, random_state=int(rng.integers(2**31))).as_quat()
    return np.concatenate([rng.normal(0, 0.5, (count, 3)), turns], axis=1).reshape(*shape, 7)


def wandering(rng: np.random.Generator, count: int, *shape: int) -> np.ndarray:
    """Poses (count, ..., 7) that drift, as heads and hands do."""
    poses = random_poses(rng, 1, *shape)
    steps = np.cumsum(rng.normal(0, 0.02, (count, *shape, 6)), axis=0)
    turn = Rotation.from_rotvec(steps[..., 3:].reshape(-1, 3))
    start = Rotation.from_quat(np.broadcast_to(poses[..., 3:], (count, *shape, 4)).reshape(-1, 4))
    result = np.empty((count, *shape, 7))
    result[..., :3] = poses[..., :3] + steps[..., :3]
    result[..., 3:] = (turn * start).as_quat().reshape(count, *shape, 4)
    return result


def human(rng: np.random.Generator, count: int = 40) -> Motion:
    return Motion(
        times_s=np.arange(count) / 15,
        wrist=wandering(rng, count, 2),
        grip=rng.uniform(0, 1, (count, 2)),
        joints=np.full((count, 2, 7), np.nan),
        camera=wandering(rng, count),
    )


def same_pose(one: np.ndarray, other: np.ndarray, atol: float = 1e-5) -> bool:
    turn = Rotation.from_quat(one[..., 3:].reshape(-1, 4)) * Rotation.from_quat(other[..., 3:].reshape(-1, 4)).inv()
    return bool(np.allclose(one[..., :3], other[..., :3], atol=atol) and (turn.magnitude() < 10 * atol).all())


def test_every_dim_has_a_place_of_its_own() -> None:
    assert len(DIM_NAMES) == len(set(DIM_NAMES)) == len(DIM_UNITS) == ACTION_DIM == 32
    assert CHUNK_STEPS == 16
    assert DIM_NAMES[:7] == ("left_x", "left_y", "left_z", "left_rx", "left_ry", "left_rz", "left_grip")
    assert DIM_NAMES[13] == "right_grip"
    assert DIM_NAMES[14] == "left_joint_0"
    assert DIM_NAMES[27] == "right_joint_6"
    assert DIM_UNITS[2:7] == ("m", "rad", "rad", "rad", "opening")
    assert set(DIM_UNITS[RESERVED]) == {""}
    weights = human_weights()
    assert np.allclose(weights[[0, 1, 2, 3, 4, 5, 6]], [1, 1, 0.3, 0.2, 0.2, 0.2, 1])
    assert np.allclose(weights[7:14], weights[:7])
    assert robot_weights()[:28].all()
    assert not robot_weights()[RESERVED].any()
    assert not weights[RESERVED].any()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_moved_undoes_shift_and_rotation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    anchor, pose, camera = (random_poses(rng, 7) for _ in range(3))
    delta = shift_and_rotation(anchor, pose, camera[:, 3:])
    assert same_pose(moved(anchor, delta, camera[:, 3:]), pose, 1e-9)
    assert np.allclose(np.linalg.norm(delta[:, :3], axis=1), np.linalg.norm(pose[:, :3] - anchor[:, :3], axis=1))
    assert (np.linalg.norm(delta[:, 3:], axis=1) <= np.pi + 1e-9).all()


def test_shift_and_rotation_are_along_the_cameras_axes() -> None:
    # A camera that looks along the world's x, its right to the world's -y, its down to -z.
    camera = Rotation.from_matrix(np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0.0]])).as_quat()
    anchor = np.array([1.0, 2.0, 3.0, *Rotation.from_rotvec([0.3, 0.2, 0.1]).as_quat()])
    ahead = anchor + np.array([0.1, 0, 0, 0, 0, 0, 0])
    assert np.allclose(shift_and_rotation(anchor, ahead, camera), [0, 0, 0.1, 0, 0, 0])
    up = anchor + np.array([0, 0, 0.1, 0, 0, 0, 0])
    assert np.allclose(shift_and_rotation(anchor, up, camera), [0, -0.1, 0, 0, 0, 0])
    turned = anchor.copy()
    turned[3:] = (Rotation.from_rotvec([0.2, 0, 0]) * Rotation.from_quat(anchor[3:])).as_quat()
    assert np.allclose(shift_and_rotation(anchor, turned, camera), [0, 0, 0, 0, 0, 0.2])


@given(seed=st.integers(0, 10_000), stride=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_chunks_lead_back_to_the_poses(seed: int, stride: int) -> None:
    motion = human(np.random.default_rng(seed))
    chunks = cut_chunks(motion, ChunkConfig(stride=stride))
    assert chunks.anchor_index.tolist() == list(range(0, 39, stride))
    wrists = wrists_of(chunks.actions, chunks.anchor_wrist, chunks.camera)
    for row, anchor in enumerate(chunks.anchor_index):
        known = min(CHUNK_STEPS, len(motion.times_s) - 1 - anchor)
        assert same_pose(wrists[row, :known], motion.wrist[anchor + 1 : anchor + 1 + known])
        assert chunks.mask[row, :known][:, [*range(14)]].all()
        assert not chunks.mask[row, known:].any()
        assert np.allclose(chunks.actions[row, :known, 6], motion.grip[anchor + 1 : anchor + 1 + known, 0], atol=1e-6)
        state = chunks.state[row]
        back = Rotation.from_quat(motion.camera[anchor, 3:]).inv()
        assert np.allclose(state[:3], back.apply(motion.wrist[anchor, 0, :3] - motion.camera[anchor, :3]), atol=1e-5)
    assert not chunks.mask[..., 14:].any()
    assert not chunks.actions[~chunks.mask].any()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_actions_do_not_depend_on_the_world(seed: int) -> None:
    """The same scene in another world frame, and any later head motion, leave the actions as they are."""
    rng = np.random.default_rng(seed)
    motion = human(rng)
    assert motion.camera is not None
    world = random_poses(rng)
    turn, shift = Rotation.from_quat(world[3:]), world[:3]

    def elsewhere(poses: np.ndarray) -> np.ndarray:
        flat = poses.reshape(-1, 7)
        turned = (turn * Rotation.from_quat(flat[:, 3:])).as_quat()
        return np.concatenate([turn.apply(flat[:, :3]) + shift, turned], axis=1).reshape(poses.shape)

    one = cut_chunks(motion)
    other = cut_chunks(Motion(motion.times_s, elsewhere(motion.wrist), motion.grip, motion.joints, elsewhere(motion.camera)))
    assert np.allclose(one.actions, other.actions, atol=1e-5)
    assert np.allclose(in_camera(motion.wrist[:, 0], motion.camera)[:, :3],
                       in_camera(elsewhere(motion.wrist)[:, 0], elsewhere(motion.camera))[:, :3])  # fmt: skip
    still = motion.camera.copy()
    still[1:] = random_poses(rng, len(still) - 1)
    head_moves = cut_chunks(Motion(motion.times_s, motion.wrist, motion.grip, motion.joints, still), ChunkConfig(stride=100))
    assert np.allclose(head_moves.actions[0], one.actions[0], atol=1e-5)


def test_unknown_hands_and_cameras_are_masked() -> None:
    motion = human(np.random.default_rng(0))
    wrist, camera = motion.wrist.copy(), np.array(motion.camera)
    wrist[10, 0], camera[20] = np.nan, np.nan
    chunks = cut_chunks(Motion(motion.times_s, wrist, motion.grip, motion.joints, camera))
    left, right = HANDS
    assert not chunks.mask[10, :, left.position].any()
    assert chunks.mask[10, :, right.position].all()
    assert not chunks.mask[9, 0, left.rotation].any()
    assert chunks.mask[9, 1, left.rotation].all()
    assert not chunks.mask[20, :, :6].any()
    assert chunks.mask[20, :, left.grip].all()
    assert chunks.mask[19, 0, :6].all()
    assert np.isfinite(chunks.actions).all()
    assert np.isfinite(chunks.state).all()
    blind = Motion(motion.times_s, motion.wrist, motion.grip, motion.joints, None)
    masked = cut_chunks(blind)
    assert masked.mask[:, 0, left.grip].all()
    assert not masked.mask[..., :6].any()
    assert masked.axes == "camera"
    base = cut_chunks(blind, ChunkConfig(unknown_camera="reference"))
    assert base.axes == "reference"
    assert base.mask[0, 0, :14].all()
    assert np.allclose(base.actions[0, 0, :3], motion.wrist[1, 0, :3] - motion.wrist[0, 0, :3], atol=1e-6)


def test_nothing_known_gives_no_chunks() -> None:
    empty = Motion(np.arange(5) / 15, np.full((5, 2, 7), np.nan), np.full((5, 2), np.nan), np.full((5, 2, 7), np.nan), None)
    assert len(cut_chunks(empty)) == 0
    one = Motion(np.zeros(1), np.zeros((1, 2, 7)), np.zeros((1, 2)), np.zeros((1, 2, 7)), None)
    assert len(cut_chunks(one)) == 0


def test_a_robots_joints_and_commands() -> None:
    values, action = trajectory(100, 0, 50), trajectory(100, 1, 50)
    fields = {"qpos": FieldValues(values, tuple("abcdefghijklmn")), "action": FieldValues(action, tuple("abcdefghijklmn"))}
    episode = assemble(RawEpisode(Path("x"), 0, "s", "aloha", None, 100, fields), named_mapping(KNOWN_ROBOTS, "aloha"))
    chunks = robot_action_chunks(episode)
    assert chunks.mask[0].all(axis=0).sum() == 14
    assert chunks.mask[0, :, 14:20].all()
    assert not chunks.mask[..., 20].any()
    # Commanded at 15 Hz step k, reached at (k + 1) / 15 s: the command of the recorded frame before that moment.
    times_s = (np.arange(16) + 1) / 15
    wanted = np.interp(times_s, np.arange(1, 101) / 50, action[:, 2])
    assert np.allclose(chunks.actions[0, :, 16], wanted, atol=1e-6)
    measured = robot_action_chunks(episode, ChunkConfig(joints="measured", grip="measured"))
    assert np.allclose(measured.actions[0, :, 16], np.interp(times_s, np.arange(100) / 50, values[:, 2]), atol=1e-6)
    assert np.allclose(chunks.state[0, 14:20], values[0, :6], atol=1e-6)


def test_one_arm_is_one_hand() -> None:
    rng = np.random.default_rng(0)
    rows = {"observation/state": rng.uniform(0, 0.3, (20, 7)), "action": rng.uniform(0, 1, (20, 7))}
    fields = {name: FieldValues(row, tuple("abcdefg")) for name, row in rows.items()}
    episode = assemble(RawEpisode(Path("x"), 0, "bridge", "", None, 20, fields), named_mapping(KNOWN_ROBOTS, "bridge"))
    motion = robot_motion(episode)
    assert np.isnan(motion.wrist[:, 0]).all()
    assert np.isfinite(motion.wrist[:, 1]).all()
    assert motion.camera is None
    chunks = robot_action_chunks(episode, ChunkConfig(unknown_camera="reference"))
    assert not chunks.mask[..., :7].any()
    assert chunks.mask[0, :, 7:14].all()
    wrists = wrists_of(chunks.actions, chunks.anchor_wrist, chunks.camera)
    assert np.isnan(wrists[:, :, 0]).all()
    assert np.isfinite(wrists[:, :, 1]).all()


def test_chunks_agree_with_the_simulators_deltas() -> None:
    need_package("mujoco", "simulator")
    from humannet_assets.simulator.robot.control import delta_between

    rng = np.random.default_rng(3)
    anchor, pose = random_poses(rng), random_poses(rng)
    head = np.eye(4)
    identity = np.array([0, 0, 0, 1.0])

    def matrix(values: np.ndarray) -> np.ndarray:
        found = head.copy()
        found[:3, :3], found[:3, 3] = Rotation.from_quat(values[3:]).as_matrix(), values[:3]
        return found

    assert np.allclose(shift_and_rotation(anchor, pose, identity), delta_between(matrix(anchor), matrix(pose)), atol=1e-6)
