"""What all tests of footage without people need."""

from __future__ import annotations

import pytest

from humannet_assets.simulator.world import RenderingUnavailableError, SceneBuilder


@pytest.fixture(scope="session")
def renderer() -> None:
    """Skips where pictures cannot be rendered."""
    try:
        with SceneBuilder().build(64, 64, 50.0):
            pass
    except RenderingUnavailableError as error:
        pytest.skip(f"cannot render here: {error}")
