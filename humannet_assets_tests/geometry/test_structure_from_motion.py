"""Structure from motion: said to be missing before work starts, and harmless where there is nothing to see."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.geometry import structure_from_motion
from humannet_assets.geometry.structure_from_motion import StructureConfig, StructureError, reconstruct
from humannet_assets_tests.needs import need_package


@pytest.fixture
def pycolmap() -> None:
    need_package("pycolmap", "sfm")


def test_a_missing_package_is_said_before_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure_from_motion, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'humannet-assets\[sfm\]'"):
        StructureConfig(enabled=True)
    StructureConfig(enabled=False)


def test_blank_frames_make_no_model(pycolmap: None) -> None:
    assert reconstruct([np.full((60, 80, 3), 128, np.uint8)] * 4, None, StructureConfig(enabled=True)) == []


def test_a_mapper_that_takes_too_long_is_stopped(pycolmap: None) -> None:
    with pytest.raises(StructureError, match=r"longer than 0\.01 s"):
        reconstruct([np.zeros((60, 80, 3), np.uint8)] * 3, None, StructureConfig(enabled=True, max_seconds=0.01))
