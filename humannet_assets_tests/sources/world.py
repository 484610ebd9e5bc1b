"""A catalog, footage in a folder, and the store they are refreshed into."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from humannet_assets.media.access import MediaAccess
from humannet_assets.sources.catalog import SourceFilterConfig
from humannet_assets.sources.files import ListingConfig
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.sources.refresh_report import RefreshReport
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import SOURCE_CATALOG, SOURCE_FILES

SETTINGS: Any = SimpleNamespace(source_catalog=SourceFilterConfig(), source_files=ListingConfig())
TODAY = datetime.now(UTC).date().isoformat()


class World:
    """A catalog and footage in a folder, and the store they are refreshed into."""

    def __init__(self, folder: Path, store: LanceStore) -> None:
        self.folder = folder
        self.store = store
        self.catalog = folder / "sources.yaml"

    def source(self, **changes: Any) -> dict[str, Any]:
        base = {"id": "a", "uri": "a", "source_type": "community", "licence": "CC-BY-4.0", "consent_basis": "consent"}
        return {**base, **changes}

    def write(self, *sources: dict[str, Any]) -> None:
        self.catalog.write_text(yaml.safe_dump({"sources": list(sources)}))

    def file(self, name: str, content: bytes = b"bytes") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def refresh(self, window: str | None = None, run_id: str = "run", settings: Any = SETTINGS) -> RefreshReport:
        return refresh_sources(self.store, self.catalog, settings, run_id=run_id, access=MediaAccess(), window=window)

    def files(self) -> dict[str, dict[str, Any]]:
        rows = self.store.arrow(SOURCE_FILES).to_pylist()
        return {str(row["uri"]).removeprefix(f"{self.folder}/"): row for row in rows}

    def sources(self) -> dict[str, dict[str, Any]]:
        return {row["source_id"]: row for row in self.store.arrow(SOURCE_CATALOG).to_pylist()}
