"""Fixtures every test module may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from humannet_assets.store.lance_store import LanceStore

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def media_dir() -> Path:
    """Real test media kept beside the checkout, or where HUMANNET_MEDIA points."""
    folder = Path(os.environ.get("HUMANNET_MEDIA", ROOT.parent / "shared" / "media"))
    if not (folder / "MANIFEST.csv").exists():
        pytest.skip(f"no test media at {folder}; set HUMANNET_MEDIA to the folder with MANIFEST.csv")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> LanceStore:
    """An empty store in a folder of its own."""
    return LanceStore(str(tmp_path / "store"))
