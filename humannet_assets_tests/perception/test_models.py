from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from humannet_assets.perception import models
from humannet_assets.perception.models import (
    BODY,
    BUNDLE_SHA256,
    FACE,
    HAND,
    MODEL_NAMES,
    ModelError,
    ensure_models,
    list_models,
    model_fingerprint,
)


@pytest.fixture(scope="module")
def bundles() -> dict[str, bytes]:
    """The real bundles (fetched on first use)."""
    found = ensure_models()
    return {name: found.path(name).read_bytes() for name in MODEL_NAMES}


@pytest.fixture
def cache(tmp_path: Path, bundles: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model cache of this test's own."""
    assert bundles  # read from the real cache before it is hidden
    monkeypatch.delenv("HUMANNET_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "humannet" / "models"


def test_the_real_bundles_are_the_pinned_ones() -> None:
    found = ensure_models()
    found.verify()
    assert {name: found.sha256(name) for name in MODEL_NAMES} == BUNDLE_SHA256
    assert {status.state for status in list_models()} == {"ready"}


def test_bundles_are_fetched_once_when_many_want_them_at_once(
    cache: Path, bundles: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[Path] = []

    def fake_download(folder: Path, _progress: object) -> Path:
        fetched.append(folder)
        return folder / "mediapipe.whl"

    monkeypatch.setattr(models, "_download_wheel", fake_download)
    monkeypatch.setattr(models, "assemble", lambda _wheel: bundles)
    threads = [threading.Thread(target=ensure_models) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetched) == 1
    assert sorted(path.name for path in cache.iterdir()) == sorted([".lock", *MODEL_NAMES])
    ensure_models().verify()


def test_a_damaged_bundle_is_noticed_and_replaced(
    cache: Path, bundles: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    for name, content in bundles.items():
        (cache / name).write_bytes(content)
    (cache / HAND).write_bytes(bundles[HAND][:-1] + b"?")
    assert {status.name: status.state for status in list_models()} == {HAND: "corrupt", BODY: "ready", FACE: "ready"}
    monkeypatch.setattr(models, "_download_wheel", lambda folder, _progress: folder / "mediapipe.whl")
    monkeypatch.setattr(models, "assemble", lambda _wheel: bundles)
    assert ensure_models().path(HAND).read_bytes() == bundles[HAND]


def test_wrongly_assembled_bundles_never_reach_the_cache(
    cache: Path, bundles: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_download_wheel", lambda folder, _progress: folder / "mediapipe.whl")
    monkeypatch.setattr(models, "assemble", lambda _wheel: {**bundles, BODY: b"something else"})
    with pytest.raises(ModelError, match="flatbuffers or mediapipe packs"):
        ensure_models()
    assert not (cache / BODY).exists()


def test_offline_says_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_index(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution found for mediapipe==0.10.21")

    monkeypatch.setattr(subprocess, "run", no_index)
    with pytest.raises(ModelError, match=r"No matching distribution[^$]*humannet models"):
        ensure_models()


def test_another_wheel_than_the_pinned_one_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_wheel(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        folder = Path(command[command.index("--dest") + 1])
        (folder / "mediapipe-0.10.21-cp311.whl").write_bytes(b"not the wheel")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", other_wheel)
    with pytest.raises(ModelError, match="it was not used"):
        ensure_models()


def test_own_bundles(tmp_path: Path, bundles: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUMANNET_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match=f"lacks {HAND}, {BODY}, {FACE}"):
        ensure_models()
    for name, content in bundles.items():
        (tmp_path / name).write_bytes(content)
    pinned = model_fingerprint(HAND)
    assert {status.state for status in list_models()} == {"own"}
    shutil.copy(tmp_path / BODY, tmp_path / HAND)
    assert model_fingerprint(HAND) != pinned
    assert ensure_models().sha256(HAND) == BUNDLE_SHA256[BODY]


def test_fingerprints_need_no_files(cache: Path) -> None:
    assert len({model_fingerprint(name) for name in MODEL_NAMES}) == len(MODEL_NAMES)
    assert not cache.exists()
    with pytest.raises(ModelError, match="there are hand_landmarker"):
        model_fingerprint("elbow.task")
