"""`humannet clean`: what takedowns and changes left behind goes for good.

A takedown replaces rows by tombstones, but the bytes it replaced stay in the tables' files, in older versions, in the SQL
file and, for footage from S3, in the media cache. Nothing here touches footage itself or Dagster's event log.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.sql_catalog import build_sql_catalog, catalog_location
from humannet_assets.store.tables import RAW_VIDEOS, TABLES, VIDEO_FILES
from humannet_assets.store.tables.sources import VIDEO_SOURCES

if TYPE_CHECKING:
    from rich.console import Console

    from humannet_assets.media.access import MediaAccess


def removed_videos(store: LanceStore) -> set[str]:
    """Videos that were taken down: tombstones of which no listed file holds the bytes any more."""
    removed: set[str] = set()
    for table in (VIDEO_FILES, VIDEO_SOURCES, RAW_VIDEOS):
        removed.update(store.read(table, ["video_id"], "outcome = 'removed'")["video_id"].drop_nulls())
    return removed.difference(store.read(VIDEO_FILES, ["video_id"], "outcome = 'kept'")["video_id"])


def clean_store(store: LanceStore, access: MediaAccess, older_than: timedelta, console: Console) -> None:
    """Clean every table, write the SQL file anew, and delete staged copies of removed videos.

    Args:
        store: The store.
        access: Whose staged copies are deleted.
        older_than: Versions of tables at least this old go.
        console: Told what happened.

    Raises:
        StoreError: A run is writing to the store.
    """
    freed = sum(store.clean(table, older_than) for table in TABLES)
    console.print(f"tables: {freed:,} bytes freed", highlight=False)
    built = build_sql_catalog(store, catalog_location(store))
    console.print(f"sql_catalog: {built.path}, {len(built.refreshed)} tables copied anew", highlight=False, markup=False)
    copies = access.forget(sorted(removed_videos(store)))
    console.print(f"media cache: {copies} copies of removed videos deleted", highlight=False)
