"""Tables of the `annotation` group: tracks, cameras, segments, captions and the joined annotations."""

import pyarrow as pa

from humannet_assets.store.schema import Column, Table

_str, _i32, _i64, _f32, _f64, _bool = pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.bool_()


def _per_frame(width: int | None = None) -> pa.DataType:
    """list<float32> per frame, or list<fixed_size_list<float32>[width]>."""
    return pa.list_(_f32 if width is None else pa.list_(_f32, width))


HAND_TRACKS = Table(
    name="hand_tracks",
    group="annotation",
    unit="clip_id",
    key="track_id",
    doc="One row per hand followed through a clip; arrays run over the track's sampled frames. Never a row per frame.",
    columns=(
        Column("track_id", _str, "Hash of (clip, side, first frame time, index)."),
        Column("clip_id", _str, "The clip."),
        Column("side", _str, "left or right: the person's own hand, decided over the whole track."),
        Column("side_confidence", _f32, "Share of the votes (weighted by confidence) for that side."),
        Column("start_s", _f64, "First observation, seconds from the video's first frame."),
        Column("end_s", _f64, "Last observation, seconds from the video's first frame."),
        Column("frame_count", _i32, "Sampled frames from first to last, gaps included."),
        Column("valid_frames", _i32, "Frames with an observed hand (not interpolated)."),
        Column("coverage", _f32, "valid_frames over the clip's sampled frames, 0..1."),
        Column("confidence", _f32, "Mean detection confidence of the observed frames."),
        Column("image_width", _i32, "Width of the picture the 2D landmarks refer to, pixels."),
        Column("image_height", _i32, "Height of that picture, pixels."),
        Column("focal_px", _f32, "Focal length assumed for PnP, pixels of that picture."),
        Column("focal_source", _str, "known (from metadata) or assumed (from the configured field of view)."),
        Column("pnp_error_px", _f32, "Median reprojection error of PnP, pixels."),
        Column("wrist_speed_mean", _f32, "Mean wrist speed in the camera frame, m/s."),
        Column("times_s", pa.list_(_f64), "Frame times, seconds from the video's first frame.", in_sql=False),
        Column("observed", pa.list_(_bool), "False where interpolated.", in_sql=False),
        Column("frame_confidence", _per_frame(), "Confidence per frame, 0 where interpolated.", in_sql=False),
        Column("landmarks_px", _per_frame(42), "21 x (u, v) in pixels, smoothed.", in_sql=False),
        Column(
            "landmarks_world_m",
            _per_frame(63),
            "21 x (x, y, z), metres, origin at the hand's centre (MediaPipe).",
            in_sql=False,
        ),
        Column(
            "wrist_position_m", _per_frame(3), "Wrist in the camera frame (x right, y down, z forward), metres.", in_sql=False
        ),
        Column("wrist_rotvec", _per_frame(3), "Rotation vector of the hand in the camera frame, radians.", in_sql=False),
        Column("aperture_m", _per_frame(), "Distance between thumb tip and index tip, metres.", in_sql=False),
    ),
)

BODY_TRACKS = Table(
    name="body_tracks",
    group="annotation",
    unit="clip_id",
    key="track_id",
    doc="One row per person followed through a clip (33 MediaPipe landmarks).",
    columns=(
        Column("track_id", _str, "Hash of (clip, first frame time, index)."),
        Column("clip_id", _str, "The clip."),
        Column("is_main", _bool, "True for the most prominent person of the clip."),
        Column("start_s", _f64, "First observation, seconds from the video's first frame."),
        Column("end_s", _f64, "Last observation, seconds from the video's first frame."),
        Column("frame_count", _i32, "Sampled frames from first to last, gaps included."),
        Column("valid_frames", _i32, "Frames with an observed body."),
        Column("coverage", _f32, "valid_frames over the clip's sampled frames, 0..1."),
        Column("visibility", _f32, "Mean landmark visibility of the observed frames."),
        Column("height_share", _f32, "Median height of the body box as a share of the picture."),
        Column("image_width", _i32, "Width of the picture the 2D landmarks refer to, pixels."),
        Column("image_height", _i32, "Height of that picture, pixels."),
        Column("speed_mean", _f32, "Mean speed of the hip centre, body heights per second."),
        Column("limb_speed_mean", _f32, "Mean speed of wrists and ankles against the hips, m/s (world landmarks)."),
        Column("times_s", pa.list_(_f64), "Frame times, seconds from the video's first frame.", in_sql=False),
        Column("observed", pa.list_(_bool), "False where interpolated.", in_sql=False),
        Column("landmarks_px", _per_frame(66), "33 x (u, v) in pixels, smoothed.", in_sql=False),
        Column("landmarks_world_m", _per_frame(99), "33 x (x, y, z), metres, origin between the hips.", in_sql=False),
        Column("landmark_visibility", _per_frame(33), "Visibility of each landmark, 0..1.", in_sql=False),
    ),
)

CAMERA_TRAJECTORIES = Table(
    name="camera_trajectories",
    group="annotation",
    unit="clip_id",
    key="clip_id",
    doc="Camera rotation for every kept clip; up-to-scale translation where stability and parallax allow.",
    columns=(
        Column("image_width", _i32, "Width of the picture the intrinsics refer to, pixels."),
        Column("image_height", _i32, "Height of that picture, pixels."),
        Column("focal_px", _f32, "Focal length, pixels of that picture; principal point at its centre."),
        Column("intrinsics_source", _str, "known or assumed (configured horizontal field of view)."),
        Column("has_translation", _bool, "True where the clip met the stability and parallax requirements."),
        Column("translation_reason", _str, "Why translation was or was not estimated."),
        Column("parallax_px", _f32, "Median residual parallax after rotation is removed, pixels."),
        Column("inlier_ratio", _f32, "Mean share of tracked corners explained by the rotation model."),
        Column("tracked_points", _f32, "Mean number of tracked corners per frame pair."),
        Column("valid_pairs", _f32, "Share of frame pairs with a usable estimate, 0..1."),
        Column("rotation_total_deg", _f32, "Sum of the angles between successive frames, degrees."),
        Column("rotation_rate_deg_s", _f32, "Mean rotation rate, degrees per second."),
        Column("times_s", pa.list_(_f64), "Frame times, seconds from the video's first frame.", in_sql=False),
        Column("rotvec", _per_frame(3), "Rotation camera <- first camera as rotation vectors, radians.", in_sql=False),
        Column(
            "position",
            _per_frame(3),
            "Camera centre in the first camera's frame, unit: first baseline; empty without translation.",
            in_sql=False,
        ),
    ),
)

SEGMENTS = Table(
    name="segments",
    group="annotation",
    unit="clip_id",
    key="segment_id",
    doc="Atomic actions (VITRA: between rests and minima of speed), long-horizon groups above them; bodies too in exo clips.",
    columns=(
        Column("segment_id", _str, "Hash of (clip, level, actor, track, start, end)."),
        Column("clip_id", _str, "The clip."),
        Column("parent_segment_id", _str, "The group an atomic segment belongs to; null for groups."),
        Column("level", _str, "atomic or group."),
        Column("actor", _str, "left_hand, right_hand, body or both_hands."),
        Column("track_id", _str, "The hand or body track the segment was cut from; null for groups of several."),
        Column("segment_index", _i32, "Position among the actor's segments of this level, from 0."),
        Column("start_s", _f64, "Seconds from the video's first frame."),
        Column("end_s", _f64, "Seconds from the video's first frame."),
        Column("duration_s", _f64, "end_s minus start_s."),
        Column("valid_ratio", _f32, "Share of observed frames, 0..1."),
        Column("mean_speed", _f32, "Mean wrist (m/s) or body (limb m/s) speed."),
        Column("peak_speed", _f32, "Peak of the same."),
        Column("path_m", _f32, "Length of the wrist's path, metres, depth counted less (segments config); null for bodies."),
        Column("is_idle", _bool, "True when the actor practically rests."),
    ),
    identity=("clip_id", "level", "actor", "start_s", "end_s"),
)

CAPTIONS = Table(
    name="captions",
    group="annotation",
    unit="clip_id",
    key="caption_id",
    doc="Sentences about a clip. `model` names who wrote them; the deterministic describer names itself.",
    columns=(
        Column("caption_id", _str, "Hash of (clip, model, kind)."),
        Column("clip_id", _str, "The clip."),
        Column("kind", _str, "short or long."),
        Column("text", _str, "The caption."),
        Column("model", _str, "Who wrote it, e.g. 'deterministic-describer/1' or a Qwen VL id with revision."),
        Column(
            "frame_hash",
            _str,
            "SHA-256 over the sampled frames' pixels (or, for the describer, over its input facts): binds text to clip.",
        ),
        Column("frame_times_s", pa.list_(_f64), "Times of the frames shown to the model; empty for the describer."),
        Column("prompt_hash", _str, "Hash of the prompt; null for the describer."),
    ),
)

MOTION_DESCRIPTIONS = Table(
    name="motion_descriptions",
    group="annotation",
    unit="clip_id",
    key="description_id",
    doc="What each hand or body does, in time order: one row per actor and step.",
    columns=(
        Column("description_id", _str, "Hash of (clip, actor, step)."),
        Column("clip_id", _str, "The clip."),
        Column("actor", _str, "left_hand, right_hand or body."),
        Column("track_id", _str, "The track described."),
        Column("step", _i32, "Order in time, from 0."),
        Column("start_s", _f64, "Seconds from the video's first frame."),
        Column("end_s", _f64, "Seconds from the video's first frame."),
        Column("text", _str, "e.g. 'left hand moves right and away, then closes'."),
        Column(
            "direction",
            _str,
            "Main direction in the camera frame: left, right, up, down, towards, away, back_and_forth, still or unclear.",
        ),
        Column("grip", _str, "opens or closes: the hand's grip changes on the way; null otherwise."),
        Column("model", _str, "Who wrote it."),
    ),
)

_TAXONOMY = (
    Column("source_type", _str, "Inherited from the source."),
    Column("viewpoint", _str, "ego, exo or unclear."),
    Column(
        "task_structure", _str, "single_action, repetitive, multi_step, navigation or unknown (our values: docs/taxonomy.md)."
    ),
    Column(
        "environment",
        pa.list_(_str),
        "HumanNet's ten top-level environments, with children as paths; ['unknown'] without evidence.",
    ),
    Column(
        "interaction_style",
        pa.list_(_str),
        "one_handed, two_handed, whole_body, locomotion, person_to_person or unknown (our values).",
    ),
    Column(
        "motion_category",
        pa.list_(_str),
        "HumanNet level 1 (level 2 and 3 where evidence allows), e.g. 'daily_activities/object_handling'.",
    ),
    Column(
        "metadata_availability",
        pa.list_(_str),
        "What comes with the footage: licence, consent, keywords, audio, intrinsics, ...",
    ),
)

ANNOTATIONS = Table(
    name="annotations",
    group="annotation",
    unit="clip_id",
    key="annotation_id",
    doc="One row per clip (level 'clip') and per segment (level 'atomic' or 'group'): what people query and release.",
    columns=(
        Column("annotation_id", _str, "Hash of (clip or segment id, level)."),
        Column("clip_id", _str, "The clip."),
        Column("segment_id", _str, "The segment; null at clip level."),
        Column("level", _str, "clip, atomic or group."),
        Column("actor", _str, "Actor of a segment; null at clip level."),
        Column("start_s", _f64, "Seconds from the video's first frame."),
        Column("end_s", _f64, "Seconds from the video's first frame."),
        Column("duration_s", _f64, "end_s minus start_s."),
        *_TAXONOMY,
        Column("ego_probability", _f32, "From viewpoints."),
        Column(
            "pose_score",
            _f32,
            "Mean over the span's sampled frames of the best hand confidence (ego) or body visibility (exo), 0..1.",
        ),
        Column("motion_score", _f32, "Mean speed of hands (ego) or limbs (exo), m/s; null without tracks."),
        Column("motion_frames", _i32, "Video frames of the span in which an actor moves (segments that are not idle)."),
        Column("hand_count", _i32, "Hand tracks of the span that are in view at once, at most."),
        Column("person_count", _i32, "Body tracks of the span that are in view at once, at most."),
        Column("hand_coverage", _f32, "Largest valid-frame coverage among the hand tracks, 0..1."),
        Column("rotation_rate_deg_s", _f32, "Camera rotation rate."),
        Column("short_caption", _str, "The clip's short caption; for segments the motion description that covers most of it."),
        Column("caption", _str, "The clip's long caption; for segments their motion descriptions in time order."),
        Column("caption_model", _str, "Who wrote the captions."),
        Column("licence", _str, "Inherited from the source."),
        Column("source_id", _str, "Inherited from the source."),
    ),
)
