"""Partitions: daily ingest windows, never videos (DESIGN rule 6)."""

import dagster as dg

FIRST_WINDOW = "2026-01-01"
"""Files seen before this day cannot exist: the store began later. Daily windows stay under 2,000 until mid 2031."""

INGEST_WINDOWS = dg.DailyPartitionsDefinition(start_date=FIRST_WINDOW, end_offset=1)
"""A file belongs to the UTC day on which it was first seen; `end_offset=1` makes today's window available today."""
