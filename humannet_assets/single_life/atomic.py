"""Files that are either whole or not there, whenever the process or the machine stops."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path to write to; when the block ends without an exception, it becomes `target` by one rename.

    The bytes are on the disk before the rename is, so a power cut leaves the old file or the new one. A process that is killed
    leaves a hidden file behind: see `remove_leftovers`.
    """
    fresh = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        fresh.touch()
        mode = fresh.stat().st_mode
        yield fresh
        # Some writers make files that nobody else may read.
        fresh.chmod(mode)
        _sync(fresh)
        fresh.replace(target)
        _sync(target.parent)
    finally:
        fresh.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Delete what killed writers left in a folder. Nobody may be writing there."""
    for path in folder.glob(".*.part"):
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
