"""Cameras that are known because somebody measured them: intrinsics and poses that came with the footage.

Other steps use the intrinsics instead of assuming a field of view; poses serve where metric ones are needed (pairs of frames
that see the same, actions in one frame of reference). Estimated trajectories stay apart, in `camera_trajectories`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from humannet_assets.geometry.pose_formats import PoseFileError, PoseTrack, read_aria_mps, read_colmap, read_tum
from humannet_assets.media.sidecar import SCHEMA_VERSION, Intrinsics, Sidecar, SidecarError, parse_sidecar, read_sidecar_text
from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.step import NoConfig, Outcome, Read, Step, Unit
from humannet_assets.store.tables import KNOWN_CAMERAS, RAW_VIDEOS, VIDEO_SOURCES

if TYPE_CHECKING:
    from humannet_assets.media.access import MediaAccess

_INTRINSICS = ("fx", "fy", "cx", "cy", "image_width", "image_height")
_CLOCK = "pose_clock_at_start_s"


class KnownCamerasStep(Step[NoConfig]):
    """Writes `known_cameras` from what lies beside videos and what manifests say. JSON of another kind is left alone.

    A manifest may carry fx, fy, cx, cy, image_width and image_height, and pose_clock_at_start_s: what the clock of the pose
    file shows at the video's first frame (default: the time of its first pose).

    Args:
        config: No thresholds.
        access: Stages files that lie in S3; local ones need none.
    """

    name = "known_cameras"
    code_version = "1"
    reads = (
        Read(RAW_VIDEOS, ("frame_times_s",)),
        Read(VIDEO_SOURCES, ("sidecar_uri", "sidecar_fingerprint", "metadata"), by="values"),
    )
    writes = KNOWN_CAMERAS
    # Parsing is what takes time: workers share it, and one huge file takes none of the others down.
    isolated = True
    chunk_size = 16

    def __init__(self, config: NoConfig, access: MediaAccess | None = None) -> None:
        super().__init__(config)
        self.access = access

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Read what lies beside each video; a file that claims a format and breaks it fails, and no other."""
        for unit in units:
            row = unit.row(VIDEO_SOURCES)
            uri = row["sidecar_uri"]
            try:
                said = json.loads(row["metadata"]) if row["metadata"] else {}
                rows = self._rows(unit, row, said)
            except (OSError, SidecarError, PoseFileError) as error:
                yield Outcome.failed(unit, error)
                continue
            yield Outcome.kept(unit, rows, {"beside_it": uri, "stretches": len(rows)})

    def _rows(self, unit: Unit, row: Mapping[str, Any], said: Mapping[str, Any]) -> list[dict[str, Any]]:
        intrinsics = stated_intrinsics(said)
        uri = row["sidecar_uri"]
        if uri is None:
            track = None
        elif uri.endswith(".json"):
            text = self._text(uri, row["sidecar_fingerprint"])
            if _is_ours(text):
                return sidecar_rows(unit.id, parse_sidecar(text, uri))
            track = None
        else:
            track = self._track(uri, row["sidecar_fingerprint"])
        if track is not None:
            times_s = track_times_s(track, unit.row(RAW_VIDEOS)["frame_times_s"], said.get(_CLOCK), str(uri))
            return [_row(unit.id, track.format, None, track.intrinsics or intrinsics, times_s, track.rotation, track.position)]
        if intrinsics is None:
            return []
        return [_row(unit.id, "manifest", None, intrinsics, np.zeros(0), np.zeros((0, 3, 3)), np.zeros((0, 3)))]

    def _track(self, uri: str, fingerprint: str) -> PoseTrack:
        text = self._text(uri, fingerprint)
        if uri.endswith(".tum"):
            return read_tum(text, uri)
        if uri.endswith(".mps.csv"):
            return read_aria_mps(text, uri)
        return read_colmap(text, self._text(uri.removesuffix("images.txt") + "cameras.txt", ""), uri)

    def _text(self, uri: str, fingerprint: str) -> str:
        path = Path(uri)
        if "://" in uri:
            if self.access is None:
                raise RuntimeError(f"{uri} lies in an object store, but no media access was configured for it")
            path = self.access.local_path(uri, fingerprint, "")
        text = read_sidecar_text(path)
        if text is None:
            raise SidecarError(f"{uri} is not there; put it beside the video again and list the source")
        return text


def stated_intrinsics(said: Mapping[str, Any]) -> Intrinsics | None:
    """Intrinsics among the columns of a manifest line; None without any.

    Raises:
        PoseFileError: Some of them are missing or are no sensible numbers.
    """
    present = [name for name in _INTRINSICS if name in said]
    if not present:
        return None
    if missing := sorted(set(_INTRINSICS) - set(present)):
        raise PoseFileError(f"the manifest line has {', '.join(present)} but not {', '.join(missing)}; give all six or none")
    try:
        fx, fy, cx, cy, width, height = (float(said[name]) for name in _INTRINSICS)
        return Intrinsics(fx=fx, fy=fy, cx=cx, cy=cy, width=int(width), height=int(height))
    except (TypeError, ValueError, ValidationError) as error:
        raise PoseFileError(f"the manifest line's intrinsics are no sensible numbers: {error}") from None


def track_times_s(
    track: PoseTrack, frame_times_s: Sequence[float], clock_at_start_s: Any, place: str
) -> npt.NDArray[np.float64]:
    """Times of a track's poses, seconds from the video's first frame.

    Raises:
        PoseFileError: A frame number beyond the video's last frame, or a clock that is no number.
    """
    if track.by_frame:
        if track.clock_s[-1] >= len(frame_times_s):
            raise PoseFileError(
                f"{place}: a pose for frame {track.clock_s[-1]:.0f}, but the video has {len(frame_times_s)} frames; name "
                "images by the number of their frame, counted from 0"
            )
        return np.asarray(frame_times_s, np.float64)[track.clock_s.astype(int)]
    try:
        start = track.clock_s[0] if clock_at_start_s is None else float(clock_at_start_s)
    except (TypeError, ValueError):
        raise PoseFileError(f"{_CLOCK} is {clock_at_start_s!r}; write a number of seconds") from None
    return track.clock_s - start


def _is_ours(text: str) -> bool:
    """Downloaders and cameras write JSON beside videos too: ours say which schema they follow."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("schema_version") == SCHEMA_VERSION and "frame_count" in content


def sidecar_rows(video_id: str, sidecar: Sidecar) -> list[dict[str, Any]]:
    """Rows of `known_cameras`: a stretch per shot, or per run of shots in the same world that follow each other.

    A cut within a world keeps its frame of reference, so its poses go on; frames without a camera end a stretch.
    """
    if sidecar.intrinsics is None:
        return []
    rows = []
    for start, end, world in _stretches(sidecar):
        frames = sidecar.frames[start:end]
        poses = np.array([frame.camera for frame in frames], np.float64)
        times_s = np.array([frame.time_s for frame in frames])
        rows.append(_row(video_id, "simulator", world or None, sidecar.intrinsics, times_s, poses[:, :3, :3], poses[:, :3, 3]))
    return rows


def _row(
    video_id: str, kind: str, world: str | None, camera: Intrinsics | None, times_s: npt.NDArray[np.float64],
    rotation: npt.NDArray[np.float64], position: npt.NDArray[np.float64],
) -> dict[str, Any]:  # fmt: skip
    from scipy.spatial.transform import Rotation

    known: dict[str, float | int | None] = dict.fromkeys(_INTRINSICS)
    if camera is not None:
        known = {
            "fx": camera.fx, "fy": camera.fy, "cx": camera.cx, "cy": camera.cy,
            "image_width": camera.width, "image_height": camera.height,
        }  # fmt: skip
    some = len(times_s) > 0
    return {
        "camera_id": stable_id(video_id, "known_camera", microseconds(float(times_s[0])) if some else None),
        "format": kind, "world": world, **known,
        "start_s": float(times_s[0]) if some else None, "end_s": float(times_s[-1]) if some else None,
        "frame_count": len(times_s), "times_s": times_s.tolist(),
        "rotvec": Rotation.from_matrix(rotation).as_rotvec().tolist() if some else [],
        "position_m": position.tolist(),
    }  # fmt: skip


def _stretches(sidecar: Sidecar) -> Iterator[tuple[int, int, str]]:
    """(first frame, end frame, world) of runs of frames that have a camera and share a frame of reference."""
    worlds = [""] * sidecar.frame_count
    number = [-1] * sidecar.frame_count
    for index, shot in enumerate(sidecar.shots):
        for frame in range(shot.start_frame, shot.end_frame):
            worlds[frame] = shot.world
            # Shots that name no world share nothing with their neighbours.
            number[frame] = -1 if shot.world else index
    keys = [(worlds[i], number[i]) if frame.camera is not None else None for i, frame in enumerate(sidecar.frames)]
    starts = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(keys)) if a != b), len(keys)]
    for start, end in pairwise(starts):
        key = keys[start] if start < end else None
        if key is not None:
            yield start, end, key[0]
