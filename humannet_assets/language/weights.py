"""Which vision-language model a folder holds: where it lies, whether it can be used, and an exact identity of its files.

Everything here is cheap and happens before any clip is decoded; loading and generating is in `qwen`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from pathlib import Path
from typing import Any

MODEL_TYPES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe")
"""`model_type` values of config.json whose prompts and picture tokens `qwen` knows."""

# What changes the text a model writes. Sampling settings are ours (configuration), so generation_config.json is not here.
_SIDE_FILES = (
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "config.json",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
)
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_HEADER_BYTES = 100_000_000


class ModelUnusableError(ValueError):
    """The configured model cannot be used; the message says why and what to do."""


def resolve_model(
    model: str, revision: str | None, setting: str = "captioner.qwen", otherwise: str = "use captioner.kind: describer"
) -> Path:
    """The folder of a local model, or the local snapshot of a hub model at a fixed revision (downloaded if need be).

    Args:
        model: Folder or hub id.
        revision: Commit of a hub model.
        setting: Where both are configured, for messages.
        otherwise: What else can be done, for messages.

    Raises:
        ModelUnusableError: If the folder does not exist, or a hub id comes without a revision or cannot be fetched.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if not _HUB_ID.fullmatch(model) or model.startswith((".", "/", "~")):
        raise ModelUnusableError(
            f"model {model!r} is not a folder on this machine and not a hub id (owner/name); set {setting}.model to the folder "
            f"that holds its config.json, or {otherwise}"
        )
    if revision is None:
        raise ModelUnusableError(
            f"model {model!r} is not a folder on this machine, and as a hub id it needs {setting}.revision "
            "(a commit hash): without it the same configuration would mean different models over time"
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=["*.safetensors", "*.json", "*.jinja", "*.txt"]))
    except Exception as error:
        raise ModelUnusableError(
            f"model {model} at revision {revision} could not be fetched ({type(error).__name__}: {error}); "
            f"check the id, the revision and the network, or set {setting}.model to a local folder"
        ) from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelUnusableError(f"model folder {path.parent} has no {path.name}; is the download complete?") from None
    except (OSError, ValueError) as error:
        raise ModelUnusableError(f"{path} cannot be read as JSON ({error}); fetch the model again") from error
    if not isinstance(value, dict):
        raise ModelUnusableError(f"{path} holds no JSON object; fetch the model again")
    return value


def _weight_files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.exists():
        names = sorted(set(_read_json(index).get("weight_map", {}).values()))
        files = [folder / name for name in names]
        if missing := [path.name for path in files if not path.is_file()]:
            raise ModelUnusableError(f"model folder {folder} lacks the weight files {missing}; finish the download")
    else:
        files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelUnusableError(f"model folder {folder} has no *.safetensors weights; other formats are not loaded")
    return files


def _tensor_names(path: Path) -> set[str]:
    """Names in a safetensors header; only the header is read."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            # Anything else reads as a huge length: do not allocate that much, let the JSON parser refuse the rest.
            return set(json.loads(file.read(min(length, _MAX_HEADER_BYTES))))
    except (OSError, ValueError, struct.error) as error:
        raise ModelUnusableError(
            f"{path} is not a safetensors file ({error}); a Git LFS pointer or a broken download looks so: fetch it again"
        ) from error


def check_model(folder: Path) -> dict[str, Any]:
    """The folder's config.json, after checking that it is a Qwen VL model with a vision tower, tokenizer and image processor.

    Raises:
        ModelUnusableError: If anything is missing.
    """
    config = _read_json(folder / "config.json")
    kind = config.get("model_type")
    if kind not in MODEL_TYPES or not config.get("vision_config"):
        raise ModelUnusableError(
            f"{folder} holds a {kind!r} model{'' if config.get('vision_config') else ' without a vision tower'}; "
            f"it must be one of {', '.join(MODEL_TYPES)} with vision_config in config.json"
        )
    names = set().union(*(_tensor_names(path) for path in _weight_files(folder)))
    if not any("visual." in name for name in names):
        raise ModelUnusableError(f"the weights in {folder} have no vision tower (no visual.* tensors); use the full VL model")
    if not (folder / "tokenizer.json").is_file() and not (folder / "vocab.json").is_file():
        raise ModelUnusableError(f"model folder {folder} has no tokenizer (tokenizer.json or vocab.json)")
    if not (folder / "preprocessor_config.json").is_file() and not (folder / "processor_config.json").is_file():
        raise ModelUnusableError(f"model folder {folder} has no image processor (preprocessor_config.json)")
    return config


def model_identity(folder: Path) -> str:
    """'<folder or hub name>@<16 hex>': the hex is over the SHA-256 of every file that decides what the model writes.

    Files in the hub's cache are links to blobs named by their SHA-256, which is taken; other files are hashed once and the
    result is remembered by path, size and modification time.
    """
    digest = hashlib.sha256()
    sides = [folder / name for name in _SIDE_FILES]
    for path in (*(side for side in sides if side.is_file()), *_weight_files(folder)):
        digest.update(f"{path.name}:{_file_hash(path)}\n".encode())
    return f"{_name(folder)}@{digest.hexdigest()[:16]}"


def _name(folder: Path) -> str:
    """Folder name; for a snapshot in the hub's cache (models--owner--name/snapshots/revision) owner/name."""
    cached = folder.parent.parent.name
    return cached.removeprefix("models--").replace("--", "/") if cached.startswith("models--") else folder.name


def _file_hash(path: Path) -> str:
    real = path.resolve()
    if path.is_symlink() and real.parent.name == "blobs" and _SHA256.fullmatch(real.name):
        return real.name
    status = real.stat()
    key = f"{real}|{status.st_size}|{status.st_mtime_ns}"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "humannet" / "model_hashes.json"
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    if not isinstance(known, dict):
        known = {}
    if not (isinstance(known.get(key), str) and _SHA256.fullmatch(known[key])):
        with real.open("rb") as file:
            known[key] = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            cache.parent.mkdir(parents=True, exist_ok=True)
            written = cache.with_suffix(f".{os.getpid()}")
            written.write_text(json.dumps(known, indent=0, sort_keys=True), encoding="utf-8")
            written.replace(cache)
        except OSError:
            # A home that cannot be written costs time on the next start and nothing else.
            return known[key]
    return known[key]
