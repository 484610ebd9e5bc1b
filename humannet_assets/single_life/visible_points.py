"""`visible_points`: which points of the world each sampled frame sees, as sets that any two frames of that world share.

With known poses and depth maps the points are voxels of the world: every depth pixel is put into space, and the voxels that
are hit are the set. A COLMAP model brings its own points. The Jaccard index of two sets then is the covisibility
that `geometry.covisibility.jaccard` measures pixel by pixel, at the price of a sparse product for all pairs at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from humannet_assets.geometry.pose_formats import PoseFileError, read_colmap_points
from humannet_assets.geometry.structure_from_motion import StructureError, reconstruct
from humannet_assets.media.decode import iter_frames
from humannet_assets.media.depth_maps import DepthMaps, DepthMapsError, depth_maps_path
from humannet_assets.media.frames import RGB, Frame
from humannet_assets.media.sidecar import SidecarError, read_sidecar_text
from humannet_assets.single_life.draws import key_of, uniform
from humannet_assets.single_life.settings import VisiblePointsConfig
from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.step import Outcome, Read, Step, Unit
from humannet_assets.store.tables import KNOWN_CAMERAS, LIFE_VIDEOS, RAW_VIDEOS, VIDEO_SOURCES, VISIBLE_POINTS

if TYPE_CHECKING:
    from humannet_assets.media.access import MediaAccess

Floats = npt.NDArray[np.float64]
PointIds = npt.NDArray[np.int64]

MAX_UPSAMPLING = 4
"""Most rays per side of a depth pixel: more only densify surfaces that voxels already hold."""
SAME_SURFACE = 0.1
"""Relative difference of depth up to which neighbouring pixels are joined by a plane; beyond it there is an edge."""
_BITS = 21
_HALF = 1 << (_BITS - 1)
"""Voxels of a world are counted from -2^20 to 2^20 along each axis: 260 km either way at 0.25 m."""


@dataclass(frozen=True)
class FramePoints:
    """Frames of one world: `times_s` (n,) ascending and for each the ids of what it sees, ascending."""

    times_s: Floats
    points: Sequence[PointIds]


class VisiblePointsStep(Step[VisiblePointsConfig]):
    """Writes `visible_points` of every video of a life, control or probe set whose poses and points are known.

    Depth maps lie beside the video as `<name>.depth.zip`. They are not listed, so a changed one is noticed only when the
    sidecar or the video changes, too.

    Args:
        config: See `VisiblePointsConfig`.
        access: Stages files that lie in S3; local ones need none.
    """

    name = "visible_points"
    code_version = "1"
    reads = (
        Read(LIFE_VIDEOS, ("row_id",), by="identity"),
        Read(RAW_VIDEOS, ("frame_times_s",)),
        Read(VIDEO_SOURCES, ("uri", "sidecar_uri", "sidecar_fingerprint"), by="values"),
        Read(
            KNOWN_CAMERAS,
            ("format", "world", "image_width", "image_height", "fx", "fy", "cx", "cy", "times_s", "rotvec", "position_m"),
        ),
    )
    writes = VISIBLE_POINTS
    # Many small pictures are decoded: workers share that, and a damaged file takes none of the others down.
    isolated = True
    chunk_size = 4

    def __init__(self, config: VisiblePointsConfig, access: MediaAccess | None = None) -> None:
        super().__init__(config)
        self.access = access

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per video; a damaged file of depth maps fails, and no other."""
        for unit in units:
            cameras = [row for row in unit.all(KNOWN_CAMERAS) if row["times_s"]]
            try:
                rows = list(self._rows(unit, cameras)) or self._estimated(unit)
            except (OSError, DepthMapsError, PoseFileError, SidecarError, StructureError) as error:
                yield Outcome.failed(unit, error)
                continue
            if rows:
                yield Outcome.kept(unit, rows, {"stretches": len(rows)})
                continue
            if not cameras:
                fix = "put a pose file or sidecar beside the video (docs/your_own_videos.md)"
                yield Outcome.rejected(unit, ["no_poses"], {"fix": fix})
                continue
            fix = "put depth maps (<name>.depth.zip) or a COLMAP model with points beside the video"
            yield Outcome.rejected(unit, ["no_points"], {"fix": fix, "poses": cameras[0]["format"]})

    def _estimated(self, unit: Unit) -> list[dict[str, Any]]:
        """Rows of points that are estimated from the video itself; none without media."""
        return []

    def _rows(self, unit: Unit, cameras: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        source = unit.row(VIDEO_SOURCES)
        frame_times = np.asarray(unit.row(RAW_VIDEOS)["frame_times_s"], np.float64)
        with ExitStack() as opened:
            maps = self._depth_maps(source["uri"])
            if maps is not None:
                opened.enter_context(maps)
            for camera in cameras:
                world = camera["world"] or stable_id(unit.id, microseconds(camera["times_s"][0]))
                if maps is not None and camera["fx"] is not None:
                    found, kind = depth_points(maps, camera, frame_times, self.config), "depth"
                elif camera["format"] == "colmap":
                    found, kind = self._model_points(source, frame_times), "colmap"
                else:
                    continue
                if len(found.times_s):
                    yield _row(unit.id, kind, world, self.config.voxel_m if kind == "depth" else None, found)

    def _depth_maps(self, uri: str) -> DepthMaps | None:
        """The maps beside a video, opened; None if there are none."""
        if "://" not in uri:
            path = depth_maps_path(Path(uri))
            return DepthMaps(path) if path.exists() else None
        if self.access is None:
            raise RuntimeError(f"{uri} lies in an object store, but no media access was configured for it")
        try:
            return DepthMaps(self.access.local_path(f"{uri.rpartition('.')[0]}.depth.zip", "", ""))
        except FileNotFoundError:
            return None

    def _model_points(self, source: Mapping[str, Any], frame_times: Floats) -> FramePoints:
        uri = source["sidecar_uri"]
        path = Path(uri)
        if "://" in uri and self.access is not None:
            path = self.access.local_path(uri, source["sidecar_fingerprint"], "")
        seen = read_colmap_points(read_sidecar_text(path) or "", uri)
        frames = sorted(frame for frame in seen if frame < len(frame_times))
        chosen = _thinned(frame_times[frames], self.config.rate_hz)
        points = [np.unique(seen[frames[index]]) for index in chosen]
        return FramePoints(frame_times[frames][chosen], points)


class EstimatedPointsStep(VisiblePointsStep):
    """The same, and structure from motion for videos with neither depth nor a model: every model is a world of its own."""

    name = "visible_points"
    code_version = VisiblePointsStep.code_version
    reads = VisiblePointsStep.reads
    writes = VISIBLE_POINTS
    needs_media = True
    chunk_size = 1

    def _estimated(self, unit: Unit) -> list[dict[str, Any]]:
        if unit.media is None:
            raise FileNotFoundError(f"the file of video {unit.id} is not at hand")
        config = self.config.structure
        frames = islice(iter_frames(Path(unit.media.path), rate_hz=config.rate_hz), config.max_frames)
        times: list[float] = []
        known = next((row for row in unit.all(KNOWN_CAMERAS) if row["fx"] is not None), None)
        rows = []
        for number, model in enumerate(reconstruct(_pictures(frames, times), known, config)):
            found = FramePoints(np.array(times)[model.frames], model.points)
            row = _row(unit.id, "sfm", stable_id(unit.id, "structure", number), None, found)
            # Models of one video may begin at the same time.
            rows.append({**row, "stretch_id": stable_id(row["stretch_id"], number)})
        return rows


def points_step(config: VisiblePointsConfig, access: MediaAccess | None = None) -> VisiblePointsStep:
    """The step that the settings ask for: only structure from motion needs the videos themselves."""
    return (EstimatedPointsStep if config.structure.enabled else VisiblePointsStep)(config, access)


def _pictures(frames: Iterable[Frame], times_s: list[float]) -> Iterator[RGB]:
    """The pictures one by one; their times are added to `times_s` as they go by."""
    for frame in frames:
        times_s.append(frame.time_s)
        yield frame.rgb


def depth_points(maps: DepthMaps, camera: Mapping[str, Any], frame_times_s: Floats, config: VisiblePointsConfig) -> FramePoints:
    """Voxels that frames with a depth map and a pose see.

    Args:
        maps: Depth of every n-th frame.
        camera: Row of `known_cameras` with intrinsics: poses world <- camera, camera x right, y down, z forward.
        frame_times_s: Times of all frames of the video, (frames,).
        config: Sampling and voxels.
    """
    from scipy.spatial.transform import Rotation

    frames = np.array([frame for frame in maps.frames if frame < len(frame_times_s)], np.int64)
    times, pose_times = frame_times_s[frames], np.asarray(camera["times_s"], np.float64)
    nearest = np.abs(pose_times[None] - times[:, None]).argmin(axis=1) if len(frames) else np.zeros(0, np.int64)
    # Poses are of frames: further off than half a step, the frame has none.
    step = np.median(np.diff(frame_times_s)) if len(frame_times_s) > 1 else 1.0
    posed = np.abs(pose_times[nearest] - times) <= step / 2
    frames, times, nearest = frames[posed], times[posed], nearest[posed]
    chosen = _thinned(times, config.rate_hz)
    intrinsics = np.array([[camera["fx"], 0, camera["cx"]], [0, camera["fy"], camera["cy"]], [0, 0, 1.0]])
    intrinsics[0] *= maps.width / camera["image_width"]
    intrinsics[1] *= maps.height / camera["image_height"]
    rotations = (
        Rotation.from_rotvec(np.asarray(camera["rotvec"], np.float64)[nearest[chosen]]).as_matrix() if len(chosen) else ()
    )
    positions = np.asarray(camera["position_m"], np.float64)
    points = []
    for index, rotation in zip(chosen, rotations, strict=True):
        depth, _ = maps.read(int(frames[index]))
        points.append(visible_voxels(depth, intrinsics, rotation, positions[nearest[index]], config))
    return FramePoints(times[chosen], points)


def visible_voxels(
    depth_m: npt.NDArray[np.floating], intrinsics: Floats, rotation: Floats, position_m: Floats, config: VisiblePointsConfig
) -> PointIds:
    """Ids of the voxels a frame sees, ascending.

    Args:
        depth_m: (height, width) metres along the optical axis, 0 where nothing is.
        intrinsics: K (3, 3) in pixels of that map.
        rotation: (3, 3) world <- camera.
        position_m: (3,) the camera in the world.
        config: Voxels.
    """
    # As many rays as it takes for neighbours to hit neighbouring voxels at the farthest depth.
    factor = int(np.clip(np.ceil(config.max_depth_m / (intrinsics[0, 0] * config.voxel_m)), 1, MAX_UPSAMPLING))
    inverse = _upsampled(depth_m, factor)
    y, x = np.nonzero(inverse > 1 / config.max_depth_m)
    rays = np.linalg.inv(intrinsics) @ np.stack([(x + 0.5) / factor, (y + 0.5) / factor, np.ones(len(x))])
    world = rotation @ (rays / inverse[y, x]) + np.asarray(position_m)[:, None]
    # Rounded: floors at 0 and walls at whole numbers lie in the middle of voxels, where noise does not change which.
    cells = np.rint(world / config.voxel_m).astype(np.int64)
    cells = cells[:, (np.abs(cells) < _HALF).all(axis=0)] + _HALF
    ids = np.unique((cells[0] << (2 * _BITS)) | (cells[1] << _BITS) | cells[2])
    return ids[uniform(key_of("voxels"), ids) < config.kept_share] if config.kept_share < 1 else ids


def _upsampled(depth_m: npt.NDArray[np.floating], factor: int) -> Floats:
    """Inverse depth at `factor` times the resolution: planes stay planes, edges stay edges. 0 where nothing is."""
    import cv2

    inverse = np.divide(1.0, depth_m, out=np.zeros(depth_m.shape, np.float64), where=depth_m > 0)
    if factor == 1:
        return inverse
    size = (inverse.shape[1] * factor, inverse.shape[0] * factor)
    own = cv2.resize(inverse, size, interpolation=cv2.INTER_NEAREST)
    between = cv2.resize(inverse, size, interpolation=cv2.INTER_LINEAR)
    return np.where(np.abs(between - own) <= SAME_SURFACE * own, between, own)


def _thinned(times_s: Floats, rate_hz: float) -> npt.NDArray[np.int64]:
    """Indices of the first of some ascending times in each step of 1 / rate."""
    return np.unique(np.floor(times_s * rate_hz + 1e-6), return_index=True)[1]


def _row(video_id: str, source: str, world: str, voxel_m: float | None, found: FramePoints) -> dict[str, Any]:
    counts = [len(ids) for ids in found.points]
    return {
        "stretch_id": stable_id(video_id, "visible_points", microseconds(float(found.times_s[0]))),
        "source": source,
        "world": world,
        "voxel_m": voxel_m,
        "start_s": float(found.times_s[0]),
        "end_s": float(found.times_s[-1]),
        "frame_count": len(counts),
        "mean_points": float(np.mean(counts)),
        "times_s": found.times_s.tolist(),
        "point_counts": counts,
        "points": np.concatenate(found.points).astype("<i8").tobytes(),
    }
