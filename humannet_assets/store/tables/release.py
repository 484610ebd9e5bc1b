"""Tables of the `release` group."""

import pyarrow as pa

from humannet_assets.store.schema import Column, Table

STAGE_QUALITY = Table(
    name="stage_quality",
    group="release",
    unit="measure_id",
    key="measure_id",
    doc="How good each stage is on labelled footage: one row per measure, replaced when it changes.",
    columns=(
        Column("stage", pa.string(), "The asset judged."),
        Column("measure", pa.string(), "Name of the measure, e.g. balanced_accuracy."),
        Column("value", pa.float64(), "The figure; null when undefined (no labelled item)."),
        Column("low", pa.float64(), "Lower end of the 95 % bootstrap interval over videos."),
        Column("high", pa.float64(), "Upper end of the same."),
        Column("items", pa.int64(), "Number of labelled items."),
    ),
)
