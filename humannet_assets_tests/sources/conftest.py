"""Sources to refresh."""

from __future__ import annotations

from pathlib import Path

import pytest

from humannet_assets.store.lance_store import LanceStore
from humannet_assets_tests.sources.world import World


@pytest.fixture
def world(tmp_path: Path, store: LanceStore) -> World:
    return World(tmp_path.resolve(), store)
