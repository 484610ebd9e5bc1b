"""Pictures a data set declares, looked for: a reference to what is there, or the reason why it cannot be used."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from humannet_assets.media.probe import UnusableMediaError, probe
from humannet_assets.vla.episodes import UnreadableDatasetError, VideoRef
from humannet_assets.vla.importers.reading import inside

_PREFIXES = ("observation.images.", "observation.", "observations/images/", "observation/", "video.", "images.")


def camera_name(key: str) -> str:
    """Short name of a picture column: `cam_high` for `observation.images.cam_high`."""
    return next((key[len(prefix) :] for prefix in _PREFIXES if key.startswith(prefix) and len(key) > len(prefix)), key)


def find_video(root: Path, relative: str, start_s: float, end_s: float, named_in: str) -> VideoRef | str:
    """A span of a video file of the data set, or why there is none.

    Args:
        root: The data set's folder, resolved.
        relative: Path of the video in it.
        start_s: First moment of the span, seconds from the file's first frame.
        end_s: Moment before which its last frame lies.
        named_in: Where the file is named, for the message.
    """
    try:
        path = inside(root, relative, named_in)
        found = _probed(path, *_stamp(path))
    except FileNotFoundError:
        return f"missing: {relative} is not there"
    except (UnreadableDatasetError, OSError) as error:
        return f"unreadable: {error}"
    except UnusableMediaError as error:
        return f"unreadable ({error.reason}): {relative}: {error}"
    width, height, fps = found
    return VideoRef(path, start_s, end_s, width, height, fps)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=256)
def _probed(path: Path, size: int, mtime_ns: int) -> tuple[int, int, float]:
    """Width, height and stated rate of a video; size and time make a changed file another key."""
    found = probe(path)
    return found.width, found.height, found.nominal_frame_rate or 0.0
