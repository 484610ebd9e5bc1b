"""Tables of the `curation` group: duplicates, shots, clips, signals (scores) and verdicts."""

import pyarrow as pa

from humannet_assets.store.schema import Column, Table

_str, _i32, _i64, _f32, _f64, _bool = pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.bool_()

VIDEO_DUPLICATES = Table(
    name="video_duplicates",
    group="curation",
    unit="video_id",
    key="video_id",
    doc="Near-duplicate clusters. Kept: unique or the canonical member; rejected (near_duplicate): every other member.",
    columns=(
        Column("cluster_id", _str, "The canonical member's video_id."),
        Column("is_canonical", _bool, "True for the member that represents the cluster."),
        Column("cluster_size", _i32, "Number of videos in the cluster."),
        Column("matched_video_id", _str, "The nearest other member that decided; null for unique videos."),
        Column("distance", _f32, "Mean share of differing hash bits over the overlap, 0..1; null for unique videos."),
        Column("overlap_s", _f32, "Seconds of this video that the match covers."),
        Column("offset_s", _f32, "Start of the overlap in the matched video minus its start here, seconds."),
        Column(
            "transform", _str, "Relation that matched: none, rot90, rot180, rot270, mirror, mirror90, mirror180, mirror270."
        ),
    ),
)

SHOTS = Table(
    name="shots",
    group="curation",
    unit="video_id",
    key="shot_id",
    doc="Uninterrupted camera takes of each canonical video.",
    columns=(
        Column("shot_id", _str, "Hash of (video, first frame, last frame)."),
        Column("shot_index", _i32, "Position in the video, from 0."),
        Column("start_frame", _i64, "First frame, inclusive."),
        Column("end_frame", _i64, "Last frame, exclusive."),
        Column("start_s", _f64, "Time of the first frame relative to the video's first, seconds."),
        Column("end_s", _f64, "Time at which the last frame ends, seconds."),
        Column("start_kind", _str, "What opens the shot: start, cut or fade."),
        Column("start_score", _f32, "Detector score of the opening cut or fade; null for start."),
    ),
)

CLIPS = Table(
    name="clips",
    group="curation",
    unit="video_id",
    key="clip_id",
    doc="Fixed-granularity windows inside shots: the unit of everything after this.",
    columns=(
        Column("clip_id", _str, "Hash of (video, start in microseconds, end in microseconds)."),
        Column("shot_id", _str, "The shot the clip lies in."),
        Column("clip_index", _i32, "Position in the video, from 0."),
        Column("start_frame", _i64, "First frame, inclusive."),
        Column("end_frame", _i64, "Last frame, exclusive."),
        Column("start_s", _f64, "Seconds from the video's first frame."),
        Column("end_s", _f64, "Seconds from the video's first frame."),
    ),
    identity=("start_frame", "end_frame", "start_s", "end_s"),
)

CLIP_SIGNALS = Table(
    name="clip_signals",
    group="curation",
    unit="clip_id",
    key="clip_id",
    doc="Scores of each clip from one decode pass over sampled frames. No verdicts here.",
    columns=(
        Column("start_s", _f64, "The clip's start, seconds."),
        Column("end_s", _f64, "The clip's end, seconds."),
        Column("triage", _str, "full, or the cheap test that ended the pass early: 'no_motion', 'no_person_candidate'."),
        Column("width", _i32, "Width of the decoded picture, pixels."),
        Column("height", _i32, "Height of the decoded picture, pixels."),
        Column("frames_sampled", _i32, "Frames looked at."),
        Column("frames_inferred", _i32, "Frames the person models were run on."),
        Column("hand_rate", _f32, "Share of inferred frames with a hand; null if none was inferred."),
        Column("hand_count_mean", _f32, "Mean number of hands per inferred frame."),
        Column("hand_confidence", _f32, "Mean confidence of the hands found."),
        Column("hand_area", _f32, "Median area of hand boxes as a share of the picture."),
        Column(
            "hand_bottom_entry",
            _f32,
            "Share of hands whose forearm enters over the lower or its own lateral edge, as a wearer's do.",
        ),
        Column("pose_rate", _f32, "Share of inferred frames with a body pose."),
        Column("pose_visibility", _f32, "Mean landmark visibility of the poses found."),
        Column("pose_score", _f32, "Mean plausibility of the poses found, 0..1 (visible limbs, proportions)."),
        Column("pose_height", _f32, "Median height of the body box as a share of the picture."),
        Column("pose_upright", _f32, "Share of poses with head above hips."),
        Column("close_look_rate", _f32, "Share of magnified looks that found a plausible body; null if none was needed."),
        Column(
            "body_motion", _f32, "Most that a body's parts move against each other, body heights; null: no body. Statues 0.002."
        ),
        Column("close_look_motion", _f32, "The same of a body in a magnified part."),
        Column("face_rate", _f32, "Share of inferred frames with a face (confidence > .5 votes against ego)."),
        Column("face_confidence", _f32, "Mean confidence of the faces found."),
        Column("face_area", _f32, "Median area of face boxes as a share of the picture."),
        Column("face_on_body_rate", _f32, "Share of inferred frames where a face lies on a body's nose: two models agree."),
        Column("sharpness", _f32, "Median variance of the Laplacian at 320 px width."),
        Column("luma_mean", _f32, "Mean luma, 0-255."),
        Column("luma_clipped", _f32, "Share of pixels nearly black or nearly white."),
        Column("static_ratio", _f32, "Share of frame pairs with practically no change."),
        Column("changed_area", _f32, "Mean share of pixels that differ from one sampled frame to the next."),
        Column("motion_measured", _f32, "Share of frame pairs with texture enough to tell camera from object motion."),
        Column("camera_motion", _f32, "Median global motion (RANSAC similarity on corners), longer picture sides per second."),
        Column("camera_motion_p90", _f32, "90th percentile of the same."),
        Column("camera_forward", _f32, "Median rate of expansion of the picture per second: walking forward."),
        Column("camera_forward_share", _f32, "Share of frame pairs in which the picture expands."),
        Column("camera_jitter", _f32, "Spread of global motion direction and size, 0..1: head or hand held."),
        Column("camera_shake", _f32, "Median change of the camera's velocity between pairs, picture widths per second."),
        Column("camera_parallax", _f32, "Median share of corners moving as a rigid scene in depth does: the camera travels."),
        Column(
            "camera_on_foot",
            _f32,
            "How far the camera travels as on foot (pace, ahead, level), 0..1; null: it does not travel.",
        ),
        Column("camera_pace", _f32, "Median speed in eye heights per second (walking 0.8); null without ground in view."),
        Column("camera_turn_change", _f32, "Median change of the camera's rotation from pair to pair, degrees per second."),
        Column("object_motion", _f32, "Upper quartile of residual motion against the camera in picture widths per second."),
        Column("object_area", _f32, "Share of the picture that moves against the camera."),
        Column("text_like", _f32, "Share of the picture with slide or screen texture (flat regions and straight edges), 0..1."),
        Column("skin_ratio", _f32, "Share of skin-coloured pixels: the cheap triage score."),
        Column("thumbnail_time_s", _f64, "Time of the thumbnail."),
        Column("thumbnail", pa.binary(), "Small JPEG with detections drawn on it.", in_sql=False),
    ),
)

FILTERED_CLIPS = Table(
    name="filtered_clips",
    group="curation",
    unit="clip_id",
    key="clip_id",
    doc="HumanNet's scope as thresholds over clip_signals: a verdict per clip with reasons and deciding numbers.",
    columns=(
        Column("start_s", _f64, "The clip's start, seconds."),
        Column("end_s", _f64, "The clip's end, seconds."),
        Column("human_score", _f32, "How sure we are that people or the wearer act here, 0..1."),
        Column("motion_score", _f32, "Meaningful observable motion: camera plus object motion, widths per second."),
        Column("quality_score", _f32, "0..1 from sharpness and exposure."),
        Column("human_evidence", _str, "What spoke for people: hands, body, wearer_motion, none."),
    ),
    identity=("start_s", "end_s"),
)

VIEWPOINTS = Table(
    name="viewpoints",
    group="curation",
    unit="clip_id",
    key="clip_id",
    doc="ego, exo or unclear for every kept clip, with a calibrated probability.",
    columns=(
        Column("viewpoint", _str, "ego, exo or unclear."),
        Column("ego_probability", _f32, "Calibrated probability of ego, 0..1."),
        Column("wearer_hands", _f32, "Share of hands that look like the wearer's own."),
        Column("decided_by", _str, "The strongest cue: hands, face, body, camera_motion."),
    ),
)
