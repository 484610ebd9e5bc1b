"""Whether the pictures an episode needs are there, as many as it has frames, and can be decoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from pydantic import Field

from humannet_assets.media.probe import UnusableMediaError, probe
from humannet_assets.store.step import StepConfig
from humannet_assets.vla.episodes import CameraRef, Episode, VideoRef
from humannet_assets.vla.pictures import PictureError, episode_pictures, is_blank


class PictureConfig(StepConfig):
    """What pictures must be there."""

    cameras: tuple[str, ...] = Field(
        default=(),
        description="Cameras every episode must have. Empty: the robot's anchor camera, or any one where it has none. Missing "
        "others are noted.",
    )
    max_missing_frames: int = Field(
        default=1,
        ge=0,
        description="Pictures a camera may have more or fewer than the episode has frames. Our choice: the last.",
    )
    decode: Literal["none", "ends", "all"] = Field(
        default="ends", description="Which pictures of the needed cameras are decoded: none, first and last, or all."
    )


def check_pictures(episode: Episode, config: PictureConfig, against: Callable[..., None], note: Callable[[str], None]) -> None:
    """Report what is wrong with an episode's pictures.

    Args:
        episode: The episode.
        config: What must be there.
        against: Called with a reason and its numbers.
        note: Called with what is worth knowing but no reason.
    """
    needed = _needed(episode, config)
    if not needed:
        against("missing_video", cameras=sorted(episode.missing_cameras), detail=dict(episode.missing_cameras))
    for camera in needed:
        ref = episode.cameras.get(camera)
        if ref is None:
            why = episode.missing_cameras.get(camera, f"the data set has {', '.join(episode.cameras) or 'none'}")
            reason = "unreadable_video" if why.startswith("unreadable") else "missing_video"
            against(reason, **{camera: why})
            continue
        _check_camera(episode, camera, ref, config, against)
    for camera, why in episode.missing_cameras.items():
        if camera not in needed:
            note(f"camera {camera}: {why}")


def _needed(episode: Episode, config: PictureConfig) -> tuple[str, ...]:
    if config.cameras:
        return config.cameras
    if episode.anchor_camera is not None:
        return (episode.anchor_camera,)
    return tuple(list(episode.cameras)[:1])


def _check_camera(episode: Episode, camera: str, ref: CameraRef, config: PictureConfig, against: Callable[..., None]) -> None:
    try:
        there = picture_count(ref)
    except (UnusableMediaError, OSError) as error:
        against("unreadable_video", **{camera: str(error)})
        return
    if there is not None and abs(there - episode.frames) > config.max_missing_frames:
        numbers = {"pictures": there, "frames": episode.frames, "max_difference": config.max_missing_frames}
        against("wrong_frame_count", **{camera: numbers})
        return
    if config.decode == "none" or not episode.frames:
        return
    last = min(episode.frames, there or episode.frames) - 1
    frames = range(last + 1) if config.decode == "all" else sorted({0, last})
    try:
        blank = [is_blank(picture) for _, picture in episode_pictures(episode, camera, frames)]
    except PictureError as error:
        against("unreadable_video", **{camera: str(error)})
        return
    if all(blank):
        against("blank_video", **{camera: {"pictures_looked_at": len(blank)}})


def picture_count(ref: CameraRef) -> int | None:
    """Pictures a camera has for the episode, by what its container says; None where it does not say.

    Of a video that holds several episodes, those are counted that lie in the span and before the file's end.

    Raises:
        UnusableMediaError: The video cannot be opened.
        OSError: The file cannot be read.
    """
    if not isinstance(ref, VideoRef):
        return ref.count
    found = probe(ref.path)
    rate = found.nominal_frame_rate
    if not rate:
        return None
    total = found.frames_expected
    if total is None:
        total = round(found.container_duration_s * rate) if found.container_duration_s else None
    if total is None:
        return None
    first, end = round(ref.start_s * rate), round(ref.end_s * rate)
    if first == 0 and abs(end - total) <= 1:
        return total
    return int(np.clip(total, first, end) - first)
