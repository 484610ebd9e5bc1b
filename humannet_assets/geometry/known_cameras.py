"""Cameras that are known because somebody measured them: intrinsics and poses that came with the footage.

Other steps use the intrinsics instead of assuming a field of view; poses serve where metric ones are needed (pairs of frames
that see the same, actions in one frame of reference). Estimated trajectories stay apart, in `camera_trajectories`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from humannet_assets.media.sidecar import SCHEMA_VERSION, Sidecar, SidecarError, parse_sidecar, read_sidecar_text
from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.step import NoConfig, Outcome, Read, Step, Unit
from humannet_assets.store.tables import KNOWN_CAMERAS, VIDEO_SOURCES

if TYPE_CHECKING:
    from humannet_assets.media.access import MediaAccess


class KnownCamerasStep(Step[NoConfig]):
    """Writes `known_cameras` from the sidecars beside videos. A sidecar of another kind is left alone.

    Args:
        config: No thresholds.
        access: Stages sidecars that lie in S3; local ones need none.
    """

    name = "known_cameras"
    code_version = "1"
    reads = (Read(VIDEO_SOURCES, ("sidecar_uri", "sidecar_fingerprint"), by="values"),)
    writes = KNOWN_CAMERAS
    # Parsing is what takes time: workers share it, and one huge file takes none of the others down.
    isolated = True
    chunk_size = 16

    def __init__(self, config: NoConfig, access: MediaAccess | None = None) -> None:
        super().__init__(config)
        self.access = access

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Read each video's sidecar; one that claims to be ours and is not valid fails."""
        for unit in units:
            row = unit.row(VIDEO_SOURCES)
            if row["sidecar_uri"] is None:
                yield Outcome.kept(unit, [], {"sidecar": None})
                continue
            try:
                sidecar = self._sidecar(row["sidecar_uri"], row["sidecar_fingerprint"])
            except (OSError, SidecarError) as error:
                yield Outcome.failed(unit, error)
                continue
            rows = [] if sidecar is None else camera_rows(unit.id, sidecar)
            yield Outcome.kept(unit, rows, {"sidecar": row["sidecar_uri"], "of_another_kind": sidecar is None})

    def _sidecar(self, uri: str, fingerprint: str) -> Sidecar | None:
        path = Path(uri)
        if "://" in uri:
            if self.access is None:
                raise RuntimeError(f"{uri} lies in an object store, but no media access was configured for it")
            path = self.access.local_path(uri, fingerprint, "")
        text = read_sidecar_text(path)
        if text is None:
            raise SidecarError(f"{uri} was there when it was listed and is gone; list the source again")
        return parse_sidecar(text, uri) if _is_ours(text) else None


def _is_ours(text: str) -> bool:
    """Downloaders and cameras write JSON beside videos too: ours say which schema they follow."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("schema_version") == SCHEMA_VERSION and "frame_count" in content


def camera_rows(video_id: str, sidecar: Sidecar) -> list[dict[str, Any]]:
    """Rows of `known_cameras`: a stretch per shot, or per run of shots in the same world that follow each other.

    A cut within a world keeps its frame of reference, so its poses go on; frames without a camera end a stretch.
    """
    from scipy.spatial.transform import Rotation

    camera = sidecar.intrinsics
    if camera is None:
        return []
    rows = []
    for start, end, world in _stretches(sidecar):
        frames = sidecar.frames[start:end]
        poses = np.array([frame.camera for frame in frames], np.float64)
        rows.append(
            {
                "camera_id": stable_id(video_id, "known_camera", microseconds(frames[0].time_s)),
                "format": "simulator", "world": world or None,
                "image_width": camera.width, "image_height": camera.height,
                "fx": camera.fx, "fy": camera.fy, "cx": camera.cx, "cy": camera.cy,
                "start_s": frames[0].time_s, "end_s": frames[-1].time_s, "frame_count": len(frames),
                "times_s": [frame.time_s for frame in frames],
                "rotvec": Rotation.from_matrix(poses[:, :3, :3]).as_rotvec().tolist(),
                "position_m": poses[:, :3, 3].tolist(),
            }
        )  # fmt: skip
    return rows


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
