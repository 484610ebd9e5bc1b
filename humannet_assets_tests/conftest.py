"""Fixtures every test module may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from humannet_assets.simulator.world import RenderingUnavailableError, SceneBuilder
from humannet_assets.store.lance_store import LanceStore
from humannet_assets_tests.needs import missing

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
        missing("media", f"no test media at {folder}; set HUMANNET_MEDIA to the folder with MANIFEST.csv")
    return folder


@pytest.fixture(scope="session")
def robot_dir(media_dir: Path) -> Path:
    """Real recordings of robots among the test media."""
    folder = media_dir / "robot"
    if not folder.is_dir():
        missing("media", f"no robot data sets at {folder}")
    return folder


@pytest.fixture(scope="session")
def renderer() -> None:
    """Pictures can be rendered here."""
    try:
        with SceneBuilder().build(64, 64, 50.0):
            pass
    except RenderingUnavailableError as error:
        missing("rendering", f"cannot render here: {error}")


@pytest.fixture
def store(tmp_path: Path) -> LanceStore:
    """An empty store in a folder of its own."""
    return LanceStore(str(tmp_path / "store"))
