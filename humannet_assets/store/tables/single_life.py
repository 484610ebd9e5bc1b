"""Tables of the `single_life` group: whose footage is whose, what its frames see, and which frames are paired."""

import pyarrow as pa

from humannet_assets.store.schema import Column, Table

_str, _i32, _i64, _f32, _f64 = pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.float64()

_LIFE = Column("life", _str, "Name of the life; `control-<name>` for footage that is nobody's life, `probe` for the probe set.")
_KIND = Column("kind", _str, "life, control (a Single-Life control, trained on like a life) or probe (never trained on).")
_DURATION = Column("duration_s", _f64, "Length of the video, seconds.")
_REFERENCE_DURATIONS = Column("reference_durations_s", pa.list_(_f64), "Lengths of those, seconds.", in_sql=False)
_PAIRING = Column("pairing", _str, "temporal, spatial, augmented or random.")

LIFE_VIDEOS = Table(
    name="life_videos",
    group="single_life",
    unit="video_id",
    key="video_id",
    doc=(
        "Whose life each canonical video belongs to and where it lies in that life. Videos of a life stand in the order in "
        "which they were first seen, then by name, so that later footage never moves earlier one. Rejected: no_life."
    ),
    columns=(
        _LIFE,
        _KIND,
        Column("position", _i32, "Position in the life, from 0."),
        Column("life_start_s", _f64, "The life's clock at the video's first frame: seconds of footage before it."),
        _DURATION,
        Column("shot_count", _i32, "Uninterrupted takes in the video."),
        Column("held_out_s", _f64, "Seconds in held-out blocks."),
        Column(
            "reference_video_ids",
            pa.list_(_str),
            "Earlier videos of the life whose frames may be references of this one's: a sample by hash, nearest hash first.",
        ),
        _REFERENCE_DURATIONS,
    ),
)

LIVES = Table(
    name="lives",
    group="single_life",
    unit="life",
    key="life",
    doc="One row per life, control and probe set: how much footage there is, from when, and how continuous it is.",
    columns=(
        _LIFE,
        _KIND,
        Column("video_count", _i32, "Number of videos."),
        Column("hours", _f64, "Hours of footage."),
        Column("held_out_share", _f64, "Share of the footage that lies in held-out blocks, 0..1."),
        Column("first_window", _str, "Earliest ingest window."),
        Column("last_window", _str, "Latest ingest window."),
        Column("window_count", _i32, "Ingest windows with footage."),
        Column("missing_days", _i32, "Days between the first and the last window without footage."),
        Column("shot_count", _i32, "Uninterrupted takes; the gaps in the life are between them."),
        Column("mean_shot_s", _f64, "Mean length of an uninterrupted take, seconds."),
        Column("longest_video_s", _f64, "Length of the longest video, seconds."),
    ),
)

VISIBLE_POINTS = Table(
    name="visible_points",
    group="single_life",
    unit="video_id",
    key="stretch_id",
    doc=(
        "Which points of the world each sampled frame sees, one row per stretch of a video that shares one frame of reference. "
        "Frames of one world have common points, so how much two of them share is one sparse product. Videos of which no poses "
        "and points are known are rejected with the reason."
    ),
    columns=(
        Column("stretch_id", _str, "Hash of (video, start of the stretch)."),
        Column(
            "source",
            _str,
            "Where points come from: depth (known poses and depth maps), colmap (a model's own points), sfm (estimated).",
        ),
        Column("world", _str, "Frame of reference; points are comparable wherever it is the same."),
        Column("voxel_m", _f64, "Side of the voxels points are, metres; null for points of a model."),
        Column("start_s", _f64, "First sampled frame, seconds from the video's first frame."),
        Column("end_s", _f64, "Last sampled frame."),
        Column("frame_count", _i32, "Sampled frames."),
        Column("mean_points", _f64, "Mean number of points a frame sees."),
        Column("times_s", pa.list_(_f64), "Times of the sampled frames, ascending.", in_sql=False),
        Column("point_counts", pa.list_(_i32), "Points each of them sees.", in_sql=False),
        Column(
            "points",
            pa.binary(),
            "Ids of the points, frame after frame, ascending within each: little-endian int64.",
            in_sql=False,
        ),
    ),
)

LIFE_PAIRINGS = Table(
    name="life_pairings",
    group="single_life",
    unit="video_id",
    key="pairing_id",
    doc="What is to be paired: one row per video of a life and pairing. Only there to say what each pairing depends on.",
    columns=(
        Column("pairing_id", _str, "Hash of (video, pairing)."),
        _LIFE,
        _KIND,
        _PAIRING,
        _DURATION,
        Column("reference_video_ids", pa.list_(_str), "Other videos references may come from; empty within one.", in_sql=False),
        _REFERENCE_DURATIONS,
        Column("point_video_ids", pa.list_(_str), "Videos whose visible points are compared; empty but for spatial."),
    ),
    identity=("pairing",),
)

LIFE_PAIR_INDICES = Table(
    name="life_pair_indices",
    group="single_life",
    unit="pairing_id",
    key="pair_id",
    doc=(
        "Pairs of frames by video and time, never pixels: the target (of `video_id`) and its reference. Rejected units say why "
        "a pairing found nothing in a video: too_short, no_motion, no_points, no_overlap."
    ),
    columns=(
        Column("pair_id", _str, "SHA-256 (128 bits) of the pairing's config, both frames and the life: a random order."),
        _LIFE,
        _KIND,
        _PAIRING,
        Column("split", _str, "train, held_out (both frames in held-out blocks) or probe."),
        Column("target_s", _f64, "Time of the target (the image that is masked), seconds from its video's first frame."),
        Column("reference_video_id", _str, "The reference's video: the target's own, or an earlier one of the life."),
        Column("reference_s", _f64, "Time of the reference, seconds from its video's first frame."),
        Column("gap_s", _f64, "Absolute difference of both times, seconds; null across videos."),
        Column("covisibility", _f32, "Jaccard index of the points both see, 0..1; null where they are not known."),
        Column("crop_scale_min", _f32, "Augmented: smallest side of a crop relative to the largest that fits; else null."),
        Column("crop_scale_max", _f32, "Augmented: largest side of a crop; else null."),
    ),
)
