"""A tiny random captioning model, built once for the session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from humannet_assets.language.tiny_qwen import build_tiny_qwen


@pytest.fixture(scope="session")
def tiny_qwen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of a tiny Qwen2.5-VL; torch keeps to one thread and the hub is out of reach."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield build_tiny_qwen(tmp_path_factory.mktemp("models") / "tiny-qwen")
    torch.set_num_threads(threads)
