"""Tables of the `release` group."""

import pyarrow as pa

from humannet_assets.store.schema import Column, Table

_str, _i32, _i64, _f64 = pa.string(), pa.int32(), pa.int64(), pa.float64()

STAGE_QUALITY = Table(
    name="stage_quality",
    group="release",
    unit="measure_id",
    key="measure_id",
    doc="How good each stage is on labelled footage: one row per measure, replaced when it changes (docs/stage_quality.md).",
    columns=(
        Column("stage", _str, "The table judged."),
        Column("measure", _str, "Name of the measure, e.g. balanced_accuracy."),
        Column("rank", _i32, "Order within the stage, from 0: the figures to look at first."),
        Column("value", _f64, "The figure; null when undefined (nothing was found whose precision could be told, say)."),
        Column("low", _f64, "Lower end of the 95 % bootstrap interval over videos; null with fewer than two videos."),
        Column("high", _f64, "Upper end of the same."),
        Column("items", _i64, "Number of things judged: clips, hands in frames, boundaries, ..."),
        Column("videos", _i64, "Number of labelled videos they lie in."),
        Column("measured_in", _str, "share (0..1), px (of a picture with the diagonal of 640x480), mm, deg, s or ratio."),
        Column("better", _str, "Which way is good: higher, lower, or one (the nearer to 1 the better)."),
    ),
)

STAGE_CONFUSIONS = Table(
    name="stage_confusions",
    group="release",
    unit="cell_id",
    key="cell_id",
    doc="What each stage took for what on labelled footage: one row per cell of a confusion table that is not empty.",
    columns=(
        Column("stage", _str, "The table judged."),
        Column("question", _str, "Name of the confusion table, e.g. side."),
        Column("truth", _str, "What is true; 'nothing' for what was found where nothing is."),
        Column("found", _str, "What the stage said; 'missed' for what it did not find."),
        Column("count", _i64, "How often."),
    ),
)

STAGE_WORST_CASES = Table(
    name="stage_worst_cases",
    group="release",
    unit="case_id",
    key="case_id",
    doc="The worst mistakes of each stage on labelled footage, as pictures: truth in green, finding in orange.",
    columns=(
        Column("stage", _str, "The table judged."),
        Column("rank", _i32, "Order in which a stage's cases are shown, from 0: the worst of each kind in turn."),
        Column("kind", _str, "What went wrong, e.g. missed, ghost, landmarks."),
        Column("score", _f64, "How bad it is among its kind; greater is worse."),
        Column("uri", _str, "The video's file."),
        Column("time_s", _f64, "Where, seconds from the video's first frame."),
        Column("text", _str, "What went wrong, in words."),
        Column("picture", pa.binary(), "JPEG; null when no frame could be decoded.", in_sql=False),
    ),
)
