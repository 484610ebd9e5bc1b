"""The robots we know how to read. Every number says where it is written down; add a mapping here to know another."""

from __future__ import annotations

from collections.abc import Sequence

from humannet_assets.media.sidecar import Side
from humannet_assets.vla.robots import Arm, Camera, Gripper, Joints, Position, RobotMapping, Rotation

_ALOHA_CAMERAS = {
    "cam_high": Camera(names=("cam_high", "top", "cam_head")),
    "cam_low": Camera(names=("cam_low",)),
    "cam_left_wrist": Camera(names=("cam_left_wrist",)),
    "cam_right_wrist": Camera(names=("cam_right_wrist",)),
}


def _two_arms(measured_open: Sequence[float], target_open: Sequence[float]) -> tuple[Arm, ...]:
    """Two arms of six joints and a gripper, left first: 14 columns of state and action; openings at "open" per arm."""
    sides: tuple[Side, Side] = ("left", "right")
    arms = []
    for side, first, measured, target in zip(sides, (0, 7), measured_open, target_open, strict=True):
        joints = tuple(range(first, first + 6))
        arms.append(
            Arm(
                side=side,
                joints=Joints(columns=joints),
                gripper=Gripper(columns=(first + 6,), closed=0.0, open=measured),
                joint_target=Joints(field="action", columns=joints),
                gripper_target=Gripper(field="action", columns=(first + 6,), closed=0.0, open=target),
            )
        )
    return tuple(arms)


ALOHA = RobotMapping(
    robot="aloha",
    robot_types=("aloha", "aloha_static", "aloha_mobile", "mobile_aloha", "aloha_sim"),
    needs={"state": 14, "action": 14},
    rate_hz=50.0,
    anchor_camera="cam_high",
    cameras=_ALOHA_CAMERAS,
    arms=_two_arms((1.0, 1.0), (1.0, 1.0)),
    source="Zhao et al. 2023 (ALOHA, ACT): record_episodes.py and constants.py; DT 0.02 s, gripper columns normalised to 0..1.",
)

COBOT_MAGIC = RobotMapping(
    robot="cobot_magic",
    robot_types=("cobot_magic", "agilex", "agilex_cobot_magic", "magic_cobot"),
    needs={"state": 14, "action": 14},
    rate_hz=30.0,
    anchor_camera="cam_high",
    cameras=_ALOHA_CAMERAS,
    arms=_two_arms((4.7908, 4.7888), (11.8997, 13.9231)),
    source="Liu et al. 2024 (RDT-1B), data/hdf5_vla_dataset.py: values at which the grippers are open, measured and commanded. "
    "AgileX collect_data.py: 30 Hz unless told otherwise (RDT's own recordings: 25 Hz).",
)

BRIDGE = RobotMapping(
    robot="bridge",
    robot_types=("bridge",),
    dataset_names=("bridge*",),
    needs={"state": 7, "action": 7},
    rate_hz=5.0,
    ee_frame="WidowX base: x ahead, y left, z up",
    anchor_camera="image_0",
    arms=(
        Arm(
            side="right",
            position=Position(columns=(0, 1, 2)),
            rotation=Rotation(columns=(3, 4, 5), kind="euler_xyz"),
            gripper=Gripper(columns=(6,), closed=0.0, open=1.0),
            gripper_target=Gripper(field="action", columns=(6,), closed=0.0, open=1.0),
        ),
    ),
    source="Walke et al. 2023 (BridgeData V2): WidowX 250 at 5 Hz. octo, oxe_standardization_transforms.py: state is xyz, "
    "roll, pitch, yaw and the gripper, +1 open; actions are changes of pose and an absolute gripper command.",
)

UMI = RobotMapping(
    robot="umi",
    robot_types=("umi",),
    needs={"observation.state": 7, "end_pose": 6, "start_pos": 6, "gripper_width": 1},
    ee_frame="the SLAM map, levelled by the table's tag",
    anchor_camera="image",
    cameras={
        # The optical centre lies 0.086 m above the gripper's axis and 0.01465 + 0.205 m behind its tip; axes are parallel.
        "image": Camera(names=("image",), mount="right", position_m=(0.0, -0.086, -0.21965), rotation_xyzw=(0.0, 0.0, 0.0, 1.0))
    },
    arms=(
        Arm(
            side="right",
            position=Position(columns=(0, 1, 2)),
            rotation=Rotation(columns=(3, 4, 5), kind="rotvec"),
            gripper=Gripper(columns=(6,), closed=0.0, open=0.085),
        ),
    ),
    action_fields=(),
    source="Chi et al. 2024 (UMI), 06_generate_dataset_plan.py: tool centre point in camera axes, widths in metres. Fully "
    "open, 0.085 m: the widest in the published recordings.",
)

FRANKA_ROBOTIQ = RobotMapping(
    robot="franka_robotiq",
    robot_types=("franka_robotiq", "franka"),
    needs={
        "state.joints": 7, "state.gripper_width": 6, "state.eef_position": 3, "state.eef_quaternion": 4,
        "action.joints": 7, "action.gripper_close": 1, "action.eef_position": 3, "action.eef_quaternion": 4,
    },
    ee_frame="Franka base: x ahead, y left, z up",
    anchor_camera="ego_view",
    arms=(
        Arm(
            side="right",
            joints=Joints(field="state.joints"),
            position=Position(field="state.eef_position"),
            rotation=Rotation(field="state.eef_quaternion", kind="quat_wxyz"),
            gripper=Gripper(field="state.gripper_width", columns=(0,), closed=0.7853, open=0.0),
            joint_target=Joints(field="action.joints"),
            position_target=Position(field="action.eef_position"),
            rotation_target=Rotation(field="action.eef_quaternion", kind="quat_wxyz"),
            gripper_target=Gripper(field="action.gripper_close", closed=1.0, open=-1.0),
        ),
    ),
    state_fields=("state.joints", "state.gripper_width", "state.eef_position", "state.eef_quaternion"),
    action_fields=("action.joints", "action.gripper_close", "action.eef_position", "action.eef_quaternion"),
    source="starVLA's demonstrations: fields as named; quaternions have w first (their deltas are 1, 0, 0, 0 at rest). The "
    "first of six finger joints turns 0.7853 rad from open to closed (Robotiq 2F-85).",
)  # fmt: skip

DROID = RobotMapping(
    robot="droid",
    robot_types=("droid",),
    dataset_names=("droid*", "r2d2*"),
    needs={
        "observation/joint_position": 7, "observation/cartesian_position": 6, "observation/gripper_position": 1,
        "action_dict/joint_position": 7, "action_dict/gripper_position": 1,
    },
    rate_hz=15.0,
    ee_frame="Franka base: x ahead, y left, z up",
    anchor_camera="exterior_image_1_left",
    arms=(
        Arm(
            side="right",
            joints=Joints(field="observation/joint_position"),
            position=Position(field="observation/cartesian_position", columns=(0, 1, 2)),
            rotation=Rotation(field="observation/cartesian_position", columns=(3, 4, 5), kind="euler_xyz"),
            gripper=Gripper(field="observation/gripper_position", closed=1.0, open=0.0),
            joint_target=Joints(field="action_dict/joint_position"),
            gripper_target=Gripper(field="action_dict/gripper_position", closed=1.0, open=0.0),
        ),
    ),
    state_fields=("observation/joint_position", "observation/cartesian_position", "observation/gripper_position"),
    action_fields=("action_dict/joint_position", "action_dict/gripper_position"),
    source="Khazatsky et al. 2024 (DROID), 15 Hz; gripper 0 open, 1 closed (the authors' transforms use 1 - gripper_position).",
)  # fmt: skip

LIBERO = RobotMapping(
    robot="libero",
    robot_types=("panda", "libero"),
    dataset_names=("libero*",),
    needs={"state": 8, "action": 7},
    rate_hz=20.0,
    ee_frame="robosuite world: x ahead, y left, z up",
    anchor_camera="image",
    arms=(
        Arm(
            side="right",
            position=Position(columns=(0, 1, 2)),
            rotation=Rotation(columns=(3, 4, 5), kind="rotvec"),
            gripper=Gripper(columns=(6,), closed=0.0, open=0.04),
            gripper_target=Gripper(field="action", columns=(6,), closed=1.0, open=-1.0),
        ),
    ),
    source="Liu et al. 2023 (LIBERO) on robosuite: state is xyz, rotation vector and the two fingers' slides (0.04 m open); "
    "actions are changes of pose and the gripper command, +1 closes. 20 Hz in robosuite; resampled copies carry timestamps.",
)


def _simulated_arm(side: Side, joint: int, pose: int) -> Arm:
    """An arm of our simulator's robot: first column of its joints (then the opening) and of its poses."""
    joints, opening = tuple(range(joint, joint + 6)), (joint + 6,)
    position, rotation = tuple(range(pose, pose + 3)), tuple(range(pose + 3, pose + 7))
    return Arm(
        side=side,
        joints=Joints(columns=joints),
        position=Position(field="observation.ee_pose", columns=position),
        rotation=Rotation(field="observation.ee_pose", columns=rotation, kind="quat_xyzw"),
        gripper=Gripper(columns=opening, closed=0.0, open=0.08),
        joint_target=Joints(field="action", columns=joints),
        position_target=Position(field="ee_target", columns=position),
        rotation_target=Rotation(field="ee_target", columns=rotation, kind="quat_xyzw"),
        gripper_target=Gripper(field="action", columns=opening, closed=0.0, open=0.08),
    )


SIMULATED_BIMANUAL = RobotMapping(
    robot="simulated_bimanual",
    needs={"observation.state": 14, "action": 14, "observation.ee_pose": 14, "ee_target": 14},
    ee_frame="head camera: x right, y down, z forward",
    anchor_camera="head",
    # Poses are recorded in the frame of this camera, which stands still.
    cameras={"head": Camera(names=("head",), position_m=(0.0, 0.0, 0.0), rotation_xyzw=(0.0, 0.0, 0.0, 1.0))},
    arms=(_simulated_arm("left", 0, 0), _simulated_arm("right", 7, 7)),
    source="humannet_assets.simulator.robot: episodes.py (fields), arm.py (openings up to 0.08 m).",
)

KNOWN_ROBOTS: tuple[RobotMapping, ...] = (ALOHA, COBOT_MAGIC, BRIDGE, UMI, FRANKA_ROBOTIQ, DROID, LIBERO, SIMULATED_BIMANUAL)
"""In the order they are tried. ALOHA comes before Cobot Magic, whose data look the same but for the gripper's range."""
