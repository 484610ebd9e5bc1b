"""Every table of the store, one module per asset group, in the order data flows.

The column texts here are the data model: `docs/data_model.md` and the Dagster column schemas are generated from them.
"""

from humannet_assets.store.schema import Table
from humannet_assets.store.tables.annotation import (
    ANNOTATIONS,
    BODY_TRACKS,
    CAMERA_TRAJECTORIES,
    CAPTIONS,
    HAND_TRACKS,
    MOTION_DESCRIPTIONS,
    SEGMENTS,
)
from humannet_assets.store.tables.curation import (
    CLIP_SIGNALS,
    CLIPS,
    FILTERED_CLIPS,
    SHOTS,
    VIDEO_DUPLICATES,
    VIEWPOINTS,
)
from humannet_assets.store.tables.release import STAGE_CONFUSIONS, STAGE_QUALITY, STAGE_WORST_CASES
from humannet_assets.store.tables.single_life import (
    LIFE_PAIR_INDICES,
    LIFE_PAIRINGS,
    LIFE_VIDEOS,
    LIVES,
    VISIBLE_POINTS,
)
from humannet_assets.store.tables.sources import (
    KNOWN_CAMERAS,
    RAW_VIDEOS,
    SOURCE_CATALOG,
    SOURCE_FILES,
    VIDEO_FILES,
    VIDEO_SOURCES,
)
from humannet_assets.store.tables.vla import HUMAN_DATA_REPORT, HUMAN_EPISODES, ROBOT_EPISODES, ROBOT_RECORDINGS

TABLES: tuple[Table, ...] = (
    SOURCE_CATALOG,
    SOURCE_FILES,
    VIDEO_FILES,
    VIDEO_SOURCES,
    RAW_VIDEOS,
    KNOWN_CAMERAS,
    VIDEO_DUPLICATES,
    SHOTS,
    CLIPS,
    CLIP_SIGNALS,
    FILTERED_CLIPS,
    VIEWPOINTS,
    HAND_TRACKS,
    BODY_TRACKS,
    CAMERA_TRAJECTORIES,
    SEGMENTS,
    CAPTIONS,
    MOTION_DESCRIPTIONS,
    ANNOTATIONS,
    LIFE_VIDEOS,
    LIVES,
    VISIBLE_POINTS,
    LIFE_PAIRINGS,
    LIFE_PAIR_INDICES,
    ROBOT_RECORDINGS,
    ROBOT_EPISODES,
    HUMAN_EPISODES,
    HUMAN_DATA_REPORT,
    STAGE_QUALITY,
    STAGE_CONFUSIONS,
    STAGE_WORST_CASES,
)
TABLES_BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}

__all__ = [
    "ANNOTATIONS",
    "BODY_TRACKS",
    "CAMERA_TRAJECTORIES",
    "CAPTIONS",
    "CLIPS",
    "CLIP_SIGNALS",
    "FILTERED_CLIPS",
    "HAND_TRACKS",
    "HUMAN_DATA_REPORT",
    "HUMAN_EPISODES",
    "KNOWN_CAMERAS",
    "LIFE_PAIRINGS",
    "LIFE_PAIR_INDICES",
    "LIFE_VIDEOS",
    "LIVES",
    "MOTION_DESCRIPTIONS",
    "RAW_VIDEOS",
    "ROBOT_EPISODES",
    "ROBOT_RECORDINGS",
    "SEGMENTS",
    "SHOTS",
    "SOURCE_CATALOG",
    "SOURCE_FILES",
    "STAGE_CONFUSIONS",
    "STAGE_QUALITY",
    "STAGE_WORST_CASES",
    "TABLES",
    "TABLES_BY_NAME",
    "VIDEO_DUPLICATES",
    "VIDEO_FILES",
    "VIDEO_SOURCES",
    "VIEWPOINTS",
    "VISIBLE_POINTS",
]
