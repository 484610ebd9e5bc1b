"""Tables of the `vla` group: episodes of people and robots in one action space, and what their data are like."""

import pyarrow as pa

from humannet_assets.store.schema import Column, Table

_str, _i32, _f32, _f64, _bool = pa.string(), pa.int32(), pa.float32(), pa.float64(), pa.bool_()


def _per_step(width: int) -> pa.DataType:
    """list<fixed_size_list<float32>[width]>: a row of numbers per step or frame; NaN where not known."""
    return pa.list_(pa.list_(_f32, width))


SPLIT_COLUMNS: tuple[Column, ...] = (
    Column("split", _str, "train or validation, by hash: of the recording (robots) or the video (people), never by frame."),
    Column(
        "eval_group", _str, "in_domain, or the validation group the episode is held out for: ood_short, ood_long, ood_mobile."
    ),
)

MOTION_COLUMNS: tuple[Column, ...] = (
    Column("step_count", _i32, "Steps of the motion, at the action space's rate (15 Hz)."),
    Column("chunk_count", _i32, "Action chunks that can be cut from it: anchors with at least one known action."),
    Column("known_dims", pa.list_(_str), "Dims of the action space that are known in at least one step, by name."),
    Column("weights", pa.list_(_f32), "Weight of each of the 32 dims in the loss, before masks.", in_sql=False),
    Column(
        "motion_times_s", pa.list_(_f64), "Times of the steps, on the clock of the episode or (people) the video.", in_sql=False
    ),
    Column("wrist", _per_step(14), "2 x (xyz m, quaternion xyzw), left first, in `reference`.", in_sql=False),
    Column("grip", _per_step(2), "Opening, 0 closed to 1 open, left first.", in_sql=False),
    Column("joints", _per_step(14), "2 x 7 joint angles, radians; robots only, else empty.", in_sql=False),
    Column("camera", _per_step(7), "Anchor camera (xyz m, quaternion xyzw) in `reference`; empty if not known.", in_sql=False),
    Column("wrist_target", _per_step(14), "As wrist, commanded at a step to be reached at the next; or empty.", in_sql=False),
    Column("grip_target", _per_step(2), "As grip, commanded; or empty.", in_sql=False),
    Column("joint_target", _per_step(14), "As joints, commanded; or empty.", in_sql=False),
    Column("frame_index", pa.list_(_i32), "Recorded frame nearest to each step; empty for people (use times).", in_sql=False),
    Column("reference", _str, "The frame of reference of poses, in words."),
)

MEASURE_COLUMNS: tuple[Column, ...] = (
    Column("duration_s", _f64, "Length of the episode, seconds."),
    Column("idle_fraction", _f32, "Share of steps in which no hand moves, turns or changes its grip (docs/vla.md); 0..1."),
    Column("speed_m_s", _f32, "Mean speed of hands while they are known, m/s; null without positions."),
    Column("jerk_m_s3", _f32, "Root mean square jerk of hands, m/s^3; null without positions."),
    Column("workspace_l", _f32, "Volume of the box from the 1st to the 99th percentile of hands' positions, litres."),
    Column("verb", _str, "First verb of the instruction that the taxonomy knows; null without."),
    Column("noun", _str, "First thing it names; null without."),
)

ROBOT_RECORDINGS = Table(
    name="robot_recordings",
    group="vla",
    unit="robot_source_id",
    key="recording_id",
    doc=(
        "What the catalog's robot sources (`kind: robot`) hold: one row per episode of every data set below them, readable or "
        "not. Rejected: no_dataset."
    ),
    columns=(
        Column("recording_id", _str, "Hash of (source, data set's folder below it, position)."),
        Column("robot_source_id", _str, "The catalog entry (`kind: robot`)."),
        Column("dataset", _str, "Name of the data set: its folder's."),
        Column("dataset_path", _str, "Where it lies."),
        Column("data_format", _str, "lerobot_v1, lerobot_v2, lerobot_v3, aloha_hdf5 or rlds."),
        Column("position", _i32, "Place among the data set's episodes as they are read, from 0."),
        Column("episode_index", _i32, "Number the data set gives it."),
        Column("episode_id", _str, "Hash of what was recorded, the same wherever the files lie; null if unreadable."),
        Column("duplicate_of", _str, "Recording of the same source with the same content that comes before; null for none."),
        Column("robot", _str, "Name of the mapping that reads it (docs/vla.md); null where none does."),
        Column("problem", _str, "Stable code of why it cannot be read; null for none."),
        Column("problem_message", _str, "What is wrong, where, and what to do about it."),
    ),
    identity=("dataset", "dataset_path", "position", "robot_source_id"),
)

ROBOT_EPISODES = Table(
    name="robot_episodes",
    group="vla",
    unit="recording_id",
    key="recording_id",
    doc=(
        "One row per robot episode in SI units and in the shared action space. Rejected with reasons: unreadable data, NaN, "
        "time gaps, jumps, static, missing or damaged pictures, wrong dims, unknown robot, duplicates."
    ),
    columns=(
        Column("source_id", _str, "The catalog entry."),
        Column("dataset", _str, "Name of the data set."),
        Column("episode_index", _i32, "Number the data set gives it."),
        Column("episode_id", _str, "Hash of what was recorded."),
        Column("instruction", _str, "What was to be done, as the data say; empty where they do not."),
        Column("robot", _str, "Name of the robot's mapping."),
        Column("arms", pa.list_(_str), "Sides of its arms."),
        *SPLIT_COLUMNS,
        Column("success", _bool, "Whether the task was done, where the data say so."),
        Column("frame_count", _i32, "Recorded frames."),
        Column("rate_hz", _f64, "Recorded frames per second (median)."),
        Column("anchor_camera", _str, "The camera whose frame actions refer to."),
        Column("camera_names", pa.list_(_str), "Cameras with pictures."),
        Column("cameras", _str, "JSON object: where each camera's pictures lie (path, span, size).", in_sql=False),
        Column("notes", pa.list_(_str), "What is worth knowing but no reason against it."),
        *MEASURE_COLUMNS,
        *MOTION_COLUMNS,
        Column("state_names", pa.list_(_str), "Names of the recorded state's dims.", in_sql=False),
        Column("state_units", pa.list_(_str), "Their units; empty where not known.", in_sql=False),
        Column("action_names", pa.list_(_str), "Names of the recorded action's dims.", in_sql=False),
        Column("action_units", pa.list_(_str), "Their units.", in_sql=False),
        Column("times_s", pa.list_(_f64), "Recorded times, seconds from the first frame.", in_sql=False),
        Column("state", pa.list_(pa.list_(_f32)), "Recorded state, per frame.", in_sql=False),
        Column("action", pa.list_(pa.list_(_f32)), "Recorded action, per frame.", in_sql=False),
    ),
)

HUMAN_EPISODES = Table(
    name="human_episodes",
    group="vla",
    unit="clip_id",
    key="clip_id",
    doc=(
        "One row per egocentric clip with hands: wrists and grips in the shared action space, and how well a parallel gripper "
        "could do the same. Clips that fail the gate `robot_ready` stay, marked, for representation learning. Rejected: "
        "not_ego, no_hands, too_short."
    ),
    columns=(
        Column("source_id", _str, "The catalog entry."),
        Column("start_s", _f64, "First step, seconds from the video's first frame."),
        Column("end_s", _f64, "Last step."),
        Column("instruction", _str, "What is done: the manifest's `instruction`, else the clip's short caption."),
        Column("instruction_source", _str, "manifest, or who wrote the caption."),
        Column("motion_text", _str, "What each hand does, in time order (motion_descriptions)."),
        *SPLIT_COLUMNS,
        Column("robot_ready", _bool, "retarget_error_mm and coverage pass the gate (docs/vla.md)."),
        Column("not_ready_reasons", pa.list_(_str), "retarget_error, coverage, or no_retargeting; empty when ready."),
        Column("retarget_error_mm", _f32, "Median distance of fingertips from the gripper's, with the wrist's residual, mm."),
        Column("fingertip_error_mm", _f32, "The gripper's part of it: fingertips against a gripper fixed to the wrist."),
        Column("wrist_residual_mm", _f32, "The hand model's part: reprojection error of PnP at the hand's depth."),
        Column("coverage", _f32, "Share of the clip's sampled frames in which the better of both hands is observed, 0..1."),
        Column("hands", pa.list_(_str), "Sides with a usable hand."),
        Column("track_ids", pa.list_(_str), "The hand tracks used."),
        Column(
            "head_motion",
            _str,
            "known (metric poses came with the footage), still (the camera stands), rotation (estimated; "
            "shifts of wrists are masked) or unknown (their rotations too). Grips never need it.",
        ),
        Column("focal_px", _f32, "Focal length of the hand tracks, pixels of a picture `image_width` wide."),
        Column("image_width", _i32, "Width of that picture, pixels."),
        Column("image_height", _i32, "Height of that picture, pixels."),
        *MEASURE_COLUMNS,
        *MOTION_COLUMNS,
        Column("gripper_offset", _per_step(7), "Per hand: gripper in the wrist's frame (m, quaternion xyzw).", in_sql=False),
        Column("aperture_m", _per_step(2), "Distance from thumb tip to virtual finger per step, left first.", in_sql=False),
        Column("step_error_mm", _per_step(2), "Retarget error per step and hand.", in_sql=False),
    ),
)

HUMAN_DATA_REPORT = Table(
    name="human_data_report",
    group="vla",
    unit="measure_id",
    key="measure_id",
    doc="How human and robot data differ, one row per measure and data set; replaced when it changes (docs/vla.md).",
    columns=(
        Column("kind", _str, "human or robot."),
        Column("dataset", _str, "Catalog entry (people) or data set (robots); null for all of a kind."),
        Column("measure", _str, "hours, episodes, idle_fraction, verb_noun_pairs, jerk_m_s3, workspace_l, ..."),
        Column("value", _f64, "The figure; null when undefined."),
        Column("low", _f64, "Lower end of the 95 % bootstrap interval over episodes; null with fewer than two."),
        Column("high", _f64, "Upper end of the same."),
        Column("episodes", _i32, "Episodes it is taken over."),
    ),
)
