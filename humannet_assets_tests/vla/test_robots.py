"""Mappings: what they mean for the numbers, which one is chosen, and what is said about those that do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from humannet_assets.vla.assembly import assemble, quaternions
from humannet_assets.vla.episodes import EpisodeError, FieldValues, RawEpisode
from humannet_assets.vla.known_robots import KNOWN_ROBOTS
from humannet_assets.vla.robots import (
    EXAMPLE,
    MappingError,
    RobotMapping,
    UnknownRobotError,
    find_mapping,
    load_mapping,
    named_mapping,
)


def raw_episode(fields: dict[str, np.ndarray], **changes: object) -> RawEpisode:
    count = len(next(iter(fields.values())))
    values = {name: FieldValues(array, tuple(f"{name}[{i}]" for i in range(array.shape[1]))) for name, array in fields.items()}
    arguments = {"timestamps_s": np.arange(count) / 30, "frames": count, "fields": values}
    return RawEpisode(Path("x"), 0, "set", "", **{**arguments, **changes})  # pyright: ignore[reportArgumentType]


def test_the_example_is_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "robot.yaml"
    path.write_text(EXAMPLE)
    mapping = load_mapping(path)
    state = np.tile([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.25], (5, 1))
    episode = assemble(raw_episode({"observation.state": state, "action": state}), mapping)
    assert episode.joints is not None
    assert np.allclose(episode.joints[0, 0, :6], state[0, :6])
    assert episode.gripper is not None
    assert np.allclose(episode.gripper, 0.25)
    assert episode.extrinsics["front"].shape == (4, 4)
    assert np.allclose(episode.extrinsics["front"][:3, 3], [0.1, -0.6, 0.5])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"arms": []}, "arms"),
        ({"arms": [{"side": "middle"}]}, "side"),
        ({"arms": [{"side": "left"}]}, "describes nothing"),
        ({"arms": [{"side": "left", "gripper": {"columns": [0], "closed": 1.0, "open": 1.0}}]}, "two ends"),
        ({"arms": [{"side": "left", "position": {"columns": [0, 1, 2]}}]}, "one pose"),
        ({"arms": [{"side": "left", "joints": {"columns": [0, 0]}}]}, "distinct"),
        ({"arms": [{"side": "left", "joints": {"columns": list(range(8))}}]}, "slots for 7"),
        ({"arms": [{"side": "left", "joints": {}}, {"side": "left", "joints": {}}]}, "one side"),
        ({"cameras": {"c": {"mount": "right"}}, "arms": [{"side": "left", "joints": {}}]}, "mounted"),
        ({"cameras": {"c": {"position_m": [0, 0, 0]}}}, "one pose"),
        ({"unknown_key": 1}, "unknown_key"),
        ({"ee_frame": "", "arms": [{"side": "left", "position": {}, "rotation": {"kind": "rotvec"}}]}, "ee_frame"),
    ],
)
def test_contradictions_are_named(tmp_path: Path, change: dict[str, object], named: str) -> None:
    path = tmp_path / "robot.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(EXAMPLE), **change}))
    with pytest.raises(MappingError, match=named):
        load_mapping(path)


def test_files_that_are_no_mapping(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("robot: [")
    with pytest.raises(MappingError, match="not YAML"):
        load_mapping(tmp_path / "a.yaml")
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path / "b.yaml")


def test_mappings_are_chosen_by_type_then_name_then_fields() -> None:
    two_arms = {"observation.state": 14, "action": 14}
    assert find_mapping(KNOWN_ROBOTS, "ALOHA", "x", two_arms).robot == "aloha"
    assert find_mapping(KNOWN_ROBOTS, "agilex", "x", two_arms).robot == "cobot_magic"
    assert find_mapping(KNOWN_ROBOTS, "", "bridge_dataset", {"observation/state": 7, "action": 7}).robot == "bridge"
    umi = {"observation.state": 7, "end_pose": 6, "start_pos": 6, "gripper_width": 1}
    assert find_mapping(KNOWN_ROBOTS, "unknown", "x", umi).robot == "umi"
    # Two vectors of a common size say nothing by themselves.
    with pytest.raises(UnknownRobotError, match="Known robots"):
        find_mapping(KNOWN_ROBOTS, "unknown", "x", two_arms)
    with pytest.raises(UnknownRobotError, match="aloha: action has 16 columns, aloha has 14"):
        find_mapping(KNOWN_ROBOTS, "aloha", "x", {**two_arms, "action": 16})
    with pytest.raises(UnknownRobotError, match="no robot 'nobody'"):
        named_mapping(KNOWN_ROBOTS, "nobody")


def test_every_known_robot_reads_what_it_needs() -> None:
    assert len({mapping.robot for mapping in KNOWN_ROBOTS}) == len(KNOWN_ROBOTS)
    for mapping in KNOWN_ROBOTS:
        assert mapping.source, mapping.robot
        rng = np.random.default_rng(0)
        fields = {name: rng.uniform(0.1, 0.9, (6, width)) for name, width in mapping.needs.items()}
        episode = assemble(raw_episode(fields, timestamps_s=None if mapping.rate_hz else np.arange(6) / 10), mapping)
        assert episode.arms
        assert episode.joints is not None or episode.ee_pose is not None
        assert episode.gripper is not None
        assert 0 <= np.nanmin(episode.gripper) <= np.nanmax(episode.gripper) <= 1


def test_polarity_and_units_follow_the_mapping() -> None:
    mapping = RobotMapping.model_validate(
        {
            "robot": "r",
            "ee_frame": "base",
            "arms": [
                {
                    "side": "left",
                    "joints": {"columns": [0, 1], "unit": "deg"},
                    "position": {"columns": [2, 3, 4], "unit": "mm"},
                    "rotation": {"columns": [5, 6, 7, 8], "kind": "quat_wxyz"},
                    "gripper": {"columns": [9], "closed": 0.08, "open": 0.0},
                }
            ],
        }
    )
    row = [90.0, -180.0, 100.0, 0.0, -50.0, 2.0, 0.0, 0.0, 2.0, 0.02]
    episode = assemble(raw_episode({"state": np.tile(row, (3, 1)), "action": np.zeros((3, 2))}), mapping)
    assert episode.joints is not None
    assert episode.ee_pose is not None
    assert episode.gripper is not None
    assert np.allclose(episode.joints[0, 0, :2], [np.pi / 2, -np.pi])
    assert np.isnan(episode.joints[0, 0, 2:]).all()
    # w first, not normalised: a quarter turn about z.
    assert np.allclose(episode.ee_pose[0, 0], [0.1, 0.0, -0.05, 0, 0, np.sqrt(0.5), np.sqrt(0.5)])
    assert np.allclose(episode.gripper[:, 0], 0.75)
    assert episode.state_units == ("deg", "deg", "mm", "mm", "mm", *["quaternion"] * 4, "opening")


@given(seed=st.integers(0, 1000))
def test_all_kinds_of_rotation_agree(seed: int) -> None:
    turns = Rotation.random(20, random_state=seed)
    xyzw = turns.as_quat()
    kinds = {
        "rotvec": turns.as_rotvec(),
        "euler_xyz": turns.as_euler("xyz"),
        "quat_xyzw": xyzw,
        "quat_wxyz": xyzw[:, [3, 0, 1, 2]],
    }
    for kind, values in kinds.items():
        found = quaternions(values, kind)
        assert np.allclose((Rotation.from_quat(found) * turns.inv()).magnitude(), 0, atol=1e-6), kind
        # Neighbours lie on one side, so that numbers do not jump where the rotation does not.
        assert (np.einsum("ij,ij->i", found[1:], found[:-1]) >= -1e-9).all()


def test_no_rotation_is_not_a_rotation() -> None:
    values = np.array([[0, 0, 0, 1.0], [0, 0, 0, 0], [np.nan, 0, 0, 1], [0, 0, 1.0, 0]])
    found = quaternions(values, "quat_xyzw")
    assert np.isnan(found[1:3]).all()
    assert np.isfinite(found[[0, 3]]).all()


def test_what_does_not_fit_is_told() -> None:
    aloha = named_mapping(KNOWN_ROBOTS, "aloha")
    with pytest.raises(EpisodeError, match="13 columns, aloha has 14"):
        assemble(raw_episode({"qpos": np.zeros((3, 14)), "action": np.zeros((3, 13))}), aloha)
    timeless = raw_episode({"state": np.zeros((3, 2)), "action": np.zeros((3, 2))}, timestamps_s=None)
    with pytest.raises(EpisodeError, match="rate_hz"):
        assemble(timeless, None)
    assert np.allclose(assemble(timeless, None, rate_hz=4).timestamps_s, [0, 0.25, 0.5])


def test_the_simulators_fields_are_those_of_its_mapping() -> None:
    from humannet_assets.simulator.robot.arm import MAX_OPENING_M
    from humannet_assets.simulator.robot.episodes import ROBOT_TYPE, VECTORS

    mapping = find_mapping(KNOWN_ROBOTS, ROBOT_TYPE, "any", {name: len(names) for name, names in VECTORS.items()})
    assert mapping.robot == ROBOT_TYPE
    for arm in mapping.arms:
        assert arm.joints is not None
        assert arm.gripper is not None
        assert arm.position is not None
        assert arm.rotation is not None
        names = VECTORS["observation.state"]
        assert all(names[column].startswith(arm.side) for column in (*arm.joints.columns, *arm.gripper.columns))
        assert names[arm.gripper.columns[0]].endswith("gripper")
        assert arm.gripper.open == MAX_OPENING_M
        poses = VECTORS["observation.ee_pose"]
        assert [poses[column] for column in arm.position.columns] == [f"{arm.side}_{axis}" for axis in "xyz"]
        assert [poses[column] for column in arm.rotation.columns] == [f"{arm.side}_q{axis}" for axis in "xyzw"]
