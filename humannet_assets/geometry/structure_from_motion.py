"""Structure from motion on a few hundred frames of a video: where nothing was measured, which frames see the same points.

COLMAP's incremental mapper, by pycolmap (extra `sfm`). It runs in a process of its own: the zlib inside pycolmap 4.2.1 takes
the place of the one other libraries were linked against, and Pillow then dies writing a PNG.

    python -m humannet_assets.geometry.structure_from_motion FOLDER

reads `job.json` and `images/` there and writes `models.npz`; callers use `reconstruct`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from humannet_assets.store.step import StepConfig

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

_IMAGE = "{:06d}.bmp"
_LAST_CHARACTERS = 500
"""Of the mapper's last words that an error repeats."""


class StructureError(RuntimeError):
    """The mapper died or took too long; the message repeats its last words."""


class StructureConfig(StepConfig):
    """When and how structure from motion runs."""

    enabled: bool = Field(default=False, description="Off by default: a frame takes about a second of one core.")
    rate_hz: float = Field(
        default=3.0, gt=0, le=30, description="Frames per second; head-worn cameras turn 40 degrees in one. Our choice."
    )
    max_frames: int = Field(
        default=600, ge=3, description="Frames at most, from the video's start: bounds the work. Our choice."
    )
    focal_ratio: float = Field(
        default=0.8,
        gt=0.1,
        le=10,
        description="Focal length over the picture's longer side where none is known; 64 degrees across. Our choice.",
    )
    overlap: int = Field(default=10, ge=1, le=100, description="Frames after each it is matched with. COLMAP: 10.")
    min_frames: int = Field(
        default=20, ge=3, description="Smaller models are left out: of simulated walks they were the wrong ones. Our choice."
    )
    min_triangle_deg: float = Field(
        default=4.0, gt=0, le=90, description="Angle between the first two frames' rays; COLMAP's 16 rejects most head motion."
    )
    max_seconds: float = Field(default=1500.0, gt=0, description="A video that takes longer fails.")
    seed: int = Field(default=0, ge=0, description="Of the mapper's random samples.")

    @model_validator(mode="after")
    def _installed(self) -> Self:
        if self.enabled and find_spec("pycolmap") is None:
            raise ValueError("structure from motion needs pycolmap: pip install 'humannet-assets[sfm]', or set enabled: false")
        return self


@dataclass(frozen=True)
class Model:
    """One reconstruction, in a world and unit of its own.

    `frames` (n,) ascending, `rotation` (n, 3, 3) world <- camera, `position` (n, 3), and per frame the ids of the points it
    sees, ascending.
    """

    frames: Ids
    rotation: Floats
    position: Floats
    points: tuple[Ids, ...]


def reconstruct(
    images: Iterable[npt.NDArray[np.uint8]], intrinsics: Mapping[str, float] | None, config: StructureConfig
) -> list[Model]:
    """Models of some frames in order of time, the one with most frames first; none where nothing could be reconstructed.

    Args:
        images: (height, width, 3) RGB of one size.
        intrinsics: fx, fy, cx, cy in pixels of these; None assumes `focal_ratio` and the middle.
        config: See `StructureConfig`.

    Raises:
        StructureError: The mapper died or took too long.
    """
    import cv2

    with tempfile.TemporaryDirectory(prefix="structure-") as scratch:
        folder = Path(scratch)
        (folder / "images").mkdir()
        shape = (0, 0)
        for index, image in enumerate(images):
            shape = image.shape[:2]
            cv2.imwrite(str(folder / "images" / _IMAGE.format(index)), np.ascontiguousarray(image[..., ::-1]))
        height, width = shape
        focal = config.focal_ratio * max(shape)
        camera = intrinsics or {"fx": focal, "fy": focal, "cx": width / 2, "cy": height / 2}
        job = {"camera": [camera[name] for name in ("fx", "fy", "cx", "cy")], **config.model_dump()}
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, "-m", __name__, str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=config.max_seconds, check=False)
        except subprocess.TimeoutExpired:
            raise StructureError(
                f"structure from motion took longer than {config.max_seconds:g} s; lower max_frames or rate_hz, or raise "
                "max_seconds"
            ) from None
        if done.returncode or not (folder / "models.npz").exists():
            raise StructureError(f"the mapper ended with code {done.returncode}: {done.stderr[-_LAST_CHARACTERS:]}")
        with np.load(folder / "models.npz", allow_pickle=False) as found:
            models = [_model(found, number) for number in range(int(found["count"]))]
    return sorted(models, key=lambda model: -len(model.frames))


def _model(found: Mapping[str, Any], number: int) -> Model:
    parts = np.split(found[f"points_{number}"], np.cumsum(found[f"counts_{number}"])[:-1])
    return Model(found[f"frames_{number}"], found[f"rotation_{number}"], found[f"position_{number}"], tuple(parts))


def _map(folder: Path) -> None:
    """What the process does: features, matches of neighbouring frames, models."""
    import pycolmap

    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    pycolmap.logging.minloglevel = 2
    database, images = folder / "database.db", folder / "images"
    reader = pycolmap.ImageReaderOptions(camera_model="PINHOLE", camera_params=",".join(str(value) for value in job["camera"]))
    extraction = pycolmap.FeatureExtractionOptions(num_threads=1)
    pycolmap.extract_features(
        database, images, camera_mode=pycolmap.CameraMode.SINGLE, reader_options=reader, extraction_options=extraction,
        device=pycolmap.Device.cpu,
    )  # fmt: skip
    pycolmap.match_sequential(
        database,
        matching_options=pycolmap.FeatureMatchingOptions(num_threads=1),
        pairing_options=pycolmap.SequentialPairingOptions(overlap=job["overlap"], quadratic_overlap=True),
        device=pycolmap.Device.cpu,
    )
    options = pycolmap.IncrementalPipelineOptions(
        num_threads=1, random_seed=job["seed"], ba_refine_focal_length=False, min_model_size=job["min_frames"]
    )
    options.mapper.init_min_tri_angle = job["min_triangle_deg"]
    (folder / "models").mkdir()
    models = pycolmap.incremental_mapping(database, images, folder / "models", options=options)
    found: dict[str, Any] = {}
    kept = [model for model in models.values() if model.num_reg_images() >= job["min_frames"]]
    for number, model in enumerate(kept):
        posed = sorted((image for image in model.images.values() if image.has_pose), key=lambda image: image.name)
        seen = [
            np.unique([point.point3D_id for point in image.points2D if point.has_point3D()]).astype(np.int64) for image in posed
        ]
        found[f"frames_{number}"] = np.array([int(Path(image.name).stem) for image in posed], np.int64)
        found[f"rotation_{number}"] = np.array([image.cam_from_world().rotation.matrix().T for image in posed])
        found[f"position_{number}"] = np.array([image.projection_center() for image in posed])
        found[f"counts_{number}"] = np.array([len(ids) for ids in seen], np.int64)
        found[f"points_{number}"] = np.concatenate(seen)
    np.savez(folder / "models.npz", allow_pickle=False, count=np.array(len(kept)), **found)


if __name__ == "__main__":
    _map(Path(sys.argv[1]))
