"""Hand, body and face models: where the MediaPipe bundles come from and how they are verified.

Recent MediaPipe wheels ship no models and the model host is a download many sites block. The 0.10.21 wheel is the last one
that carries them, so the bundles are assembled from it: it comes through pip, with the user's own pip configuration, and is
pinned by SHA-256, as is every assembled bundle. `HUMANNET_MODELS` names a folder with your own bundles instead.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

HAND = "hand_landmarker.task"
BODY = "pose_landmarker.task"
FACE = "face_detector.tflite"

WHEEL_VERSION = "0.10.21"
WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
WHEEL_PYTHON, WHEEL_PLATFORM = "3.11", "manylinux_2_28_x86_64"  # the pinned file; its models serve every platform

BUNDLE_SHA256: dict[str, str] = {
    HAND: "76839f622b2923ac8ee857300422283621490de0122425c2313ab8f040a7d100",
    BODY: "755de8621d016fd4681ee4c2be34eb821a80d240619aca4b38c3e91e46f2684c",
    FACE: "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
}
MODEL_NAMES: tuple[str, ...] = tuple(BUNDLE_SHA256)

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_DOWNLOAD_TIMEOUT_S = 900

Progress = Callable[[str], None]


class ModelError(RuntimeError):
    """A model bundle is missing, wrong or could not be fetched. The message says how to get it."""


@dataclass(frozen=True)
class ModelStatus:
    """One line of `humannet models`.

    `state` is ready (present and as pinned), own (from HUMANNET_MODELS), missing, or corrupt (bytes differ from the pin).
    """

    name: str
    path: Path
    state: Literal["ready", "own", "missing", "corrupt"]
    sha256: str | None
    size_bytes: int | None


@dataclass(frozen=True)
class ModelSet:
    """The bundles of one folder. `pinned` is False for a folder of the user's own."""

    folder: Path
    pinned: bool

    def path(self, name: str) -> Path:
        """Path of a bundle; raises `ModelError` for a name that is not one of `MODEL_NAMES`."""
        if name not in BUNDLE_SHA256:
            raise ModelError(f"no model is called {name!r}; there are {', '.join(MODEL_NAMES)}")
        return self.folder / name

    def sha256(self, name: str) -> str:
        """SHA-256 of the bundle's bytes, as hex; hashed once per process and file version."""
        path = self.path(name)
        try:
            stat = path.stat()
        except OSError as error:
            raise ModelError(f"model {name} cannot be read at {path}: {error}. {_fix(self.pinned)}") from error
        return _sha256_of(str(path), stat.st_size, stat.st_mtime_ns)

    def verify(self) -> None:
        """Raise `ModelError` unless every bundle is there and, for the pinned ones, has exactly the pinned bytes."""
        for name in MODEL_NAMES:
            found = self.sha256(name)
            if self.pinned and found != BUNDLE_SHA256[name]:
                raise ModelError(f"model {self.path(name)} has SHA-256 {found}, expected {BUNDLE_SHA256[name]}. {_fix(True)}")


def model_folder() -> tuple[Path, bool]:
    """The folder models are read from, and whether it is the pinned cache (True) or the user's own (False)."""
    own = os.environ.get("HUMANNET_MODELS", "").strip()
    if own:
        return Path(own).expanduser().resolve(), False
    cache = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(cache) if cache else Path.home() / ".cache") / "humannet" / "models", True


def ensure_models(progress: Progress | None = None) -> ModelSet:
    """The model bundles, fetched and assembled if the cache lacks them or holds other bytes.

    Args:
        progress: Called with one line of text per thing that takes time; silent by default.

    Returns:
        A verified set. Cheap when everything is there (files are hashed once per process).

    Raises:
        ModelError: Offline, pip missing, a file that is not the pinned one, or a name missing in HUMANNET_MODELS.
    """
    folder, pinned = model_folder()
    models = ModelSet(folder, pinned)
    if not pinned:
        if absent := [name for name in MODEL_NAMES if not (folder / name).is_file()]:
            raise ModelError(
                f"HUMANNET_MODELS={folder} lacks {', '.join(absent)}. Put the MediaPipe Tasks bundles there under these names, "
                "or unset HUMANNET_MODELS to use the pinned ones."
            )
        return models
    if not _complete(models):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelError(
                f"cannot create the model cache {folder}: {error}. Set XDG_CACHE_HOME to a writable folder."
            ) from error
        with _exclusive(folder / ".lock"):
            # Another process may have finished while this one waited for the lock.
            if not _complete(models):
                _fetch_and_assemble(folder, progress or (lambda _line: None))
    models.verify()
    return models


def list_models() -> list[ModelStatus]:
    """What is there now, without fetching anything."""
    folder, pinned = model_folder()
    models = ModelSet(folder, pinned)
    found = []
    for name in MODEL_NAMES:
        path = folder / name
        if not path.is_file():
            found.append(ModelStatus(name, path, "missing", None, None))
            continue
        digest = models.sha256(name)
        state: Literal["ready", "own", "corrupt"] = (
            "own" if not pinned else "ready" if digest == BUNDLE_SHA256[name] else "corrupt"
        )
        found.append(ModelStatus(name, path, state, digest, path.stat().st_size))
    return found


def model_fingerprint(name: str) -> str:
    """Text that names a model's exact bytes, for a step's `models()`; needs no file for the pinned bundles.

    For a folder of the user's own the file is hashed once per process and version.
    """
    folder, pinned = model_folder()
    models = ModelSet(folder, pinned)
    models.path(name)
    return f"{name}:{BUNDLE_SHA256[name] if pinned else models.sha256(name)}"


@lru_cache(maxsize=64)
def _sha256_of(path: str, _size: int, _mtime_ns: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _complete(models: ModelSet) -> bool:
    return all(models.path(name).is_file() and models.sha256(name) == BUNDLE_SHA256[name] for name in MODEL_NAMES)


def _fix(pinned: bool) -> str:
    if pinned:
        return "Run `humannet models` where pip reaches a package index, or copy that machine's ~/.cache/humannet/models here."
    return "Put the bundle there, or unset HUMANNET_MODELS to use the pinned ones."


@contextmanager
def _exclusive(lock_path: Path) -> Iterator[None]:
    """One process at a time; a process that dies releases the lock."""
    import fcntl

    with lock_path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_and_assemble(folder: Path, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
        wheel = _download_wheel(Path(scratch), progress)
        for name, content in assemble(wheel).items():
            found = hashlib.sha256(content).hexdigest()
            if found != BUNDLE_SHA256[name]:
                raise ModelError(
                    f"assembled {name} has SHA-256 {found}, expected {BUNDLE_SHA256[name]}: the installed flatbuffers or "
                    "mediapipe packs models differently. Install the versions the package's constraints name."
                )
            part = Path(scratch) / name
            part.write_bytes(content)
            part.replace(folder / name)
            progress(f"assembled {name} ({len(content) / 1e6:.1f} MB)")


def _download_wheel(folder: Path, progress: Progress) -> Path:
    progress(f"fetching mediapipe {WHEEL_VERSION} with pip (36 MB) for its models")
    command = [sys.executable, "-m", "pip", "download", f"mediapipe=={WHEEL_VERSION}", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", WHEEL_PYTHON, "--platform", WHEEL_PLATFORM, "--dest", str(folder), "--quiet"]
    command += ["--disable-pip-version-check"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError(f"fetching the models with pip did not finish: {error}. {_fix(True)}") from error
    wheels = sorted(folder.glob("mediapipe-*.whl"))
    if done.returncode != 0 or not wheels:
        if "No module named pip" in done.stderr:
            raise ModelError(
                f"{sys.executable} has no pip to fetch the models with. Run `{sys.executable} -m ensurepip` first."
            )
        reason = "\n".join(done.stderr.strip().splitlines()[-3:]) or f"pip ended with {done.returncode}"
        raise ModelError(f"pip could not fetch mediapipe {WHEEL_VERSION}, which carries the models:\n{reason}\n{_fix(True)}")
    found = _sha256_of(str(wheels[0]), wheels[0].stat().st_size, wheels[0].stat().st_mtime_ns)
    if found != WHEEL_SHA256:
        raise ModelError(
            f"{wheels[0].name} from your package index has SHA-256 {found}, expected {WHEEL_SHA256}; it was not used."
        )
    return wheels[0]


def assemble(wheel: Path) -> dict[str, bytes]:
    """Bundles built from the models inside the wheel; the same bytes on every machine.

    A `.task` bundle is a stored zip of two models. The pose models carry no input normalisation in the wheel; the Tasks API
    needs it as metadata (detector: pixels to [-1, 1]; landmarker: to [0, 1]). The full-range face detector serves as it is.
    """
    with zipfile.ZipFile(wheel) as archive:

        def model(path: str) -> bytes:
            return archive.read(f"mediapipe/modules/{path}")

        return {
            HAND: _task_bundle(
                {
                    "hand_detector.tflite": model("palm_detection/palm_detection_full.tflite"),
                    "hand_landmarks_detector.tflite": model("hand_landmark/hand_landmark_full.tflite"),
                }
            ),
            BODY: _task_bundle(
                {
                    "pose_detector.tflite": _with_normalization(model("pose_detection/pose_detection.tflite"), 127.5, 127.5),
                    "pose_landmarks_detector.tflite": _with_normalization(
                        model("pose_landmark/pose_landmark_full.tflite"), 0, 255
                    ),
                }
            ),
            FACE: model("face_detection/face_detection_full_range_sparse.tflite"),
        }


def _task_bundle(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.create_system, info.external_attr = 3, 0o644 << 16  # else they follow the machine
            bundle.writestr(info, content)
    return buffer.getvalue()


def _with_normalization(model_bytes: bytes, mean: float, std: float) -> bytes:
    """The model with NormalizationOptions metadata for its image input: value = (pixel - mean) / std."""
    import flatbuffers
    from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
    from mediapipe.tasks.metadata import schema_py_generated as model_schema

    model: Any = model_schema.ModelT.InitFromObj(model_schema.Model.GetRootAsModel(model_bytes, 0))
    normalization: Any = metadata_schema.NormalizationOptionsT()
    normalization.mean, normalization.std = [mean], [std]
    unit: Any = metadata_schema.ProcessUnitT()
    unit.optionsType, unit.options = metadata_schema.ProcessUnitOptions.NormalizationOptions, normalization
    content: Any = metadata_schema.ContentT()
    content.contentPropertiesType = metadata_schema.ContentProperties.ImageProperties
    content.contentProperties = metadata_schema.ImagePropertiesT()
    content.contentProperties.colorSpace = metadata_schema.ColorSpaceType.RGB
    image: Any = metadata_schema.TensorMetadataT()
    image.name, image.processUnits, image.content = "image", [unit], content
    subgraph: Any = metadata_schema.SubGraphMetadataT()
    subgraph.inputTensorMetadata = [image]
    subgraph.outputTensorMetadata = [metadata_schema.TensorMetadataT() for _ in model.subgraphs[0].outputs]
    root: Any = metadata_schema.ModelMetadataT()
    root.name, root.subgraphMetadata = "pose", [subgraph]
    packed = flatbuffers.Builder(0)
    packed.Finish(root.Pack(packed), b"M001")

    buffer: Any = model_schema.BufferT()
    buffer.data = list(packed.Output())
    model.buffers.append(buffer)
    entry: Any = model_schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
