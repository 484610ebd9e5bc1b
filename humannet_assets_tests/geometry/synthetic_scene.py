"""A camera moving through a room of textured planes with exactly known poses: ground truth for camera estimates.

World frame = first camera: x right, y down, z forward, metres. Each plane is drawn with `cv2.warpPerspective`, far ones first.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from humannet_assets.perception.pinhole import Pinhole

# origin, first edge, second edge (metres), far to near
_PLANES = (
    ((-6.0, -4.0, 4.5), (12.0, 0, 0), (0, 7.0, 0)),  # back wall
    ((-5.0, 1.2, 1.4), (10.0, 0, 0), (0, 0, 3.1)),  # floor
    ((0.6, -0.4, 2.4), (1.2, 0, 0.3), (0, 1.6, 0)),  # shelf on the right
    ((-1.1, 0.2, 1.7), (0.9, 0, -0.2), (0, 1.0, 0)),  # box on the left
)


@dataclass(frozen=True)
class Scene:
    """Textures of the planes; `wall_only` leaves the back wall, a scene without depth."""

    textures: tuple[np.ndarray, ...]
    planes: tuple

    @classmethod
    def make(cls, seed: int = 0, wall_only: bool = False) -> Scene:
        rng = np.random.default_rng(seed)
        planes = _PLANES[:1] if wall_only else _PLANES
        textures = []
        for _, first, second in planes:
            width, height = (int(120 * np.linalg.norm(edge)) for edge in (first, second))
            layers = [
                cv2.resize(
                    rng.random((height // cell + 2, width // cell + 2, 3)), (width, height), interpolation=cv2.INTER_CUBIC
                )
                for cell in (3, 8, 24)
            ]
            textures.append((np.clip(sum(layers) / 3, 0, 1) * 255).astype(np.uint8))
        return cls(tuple(textures), planes)

    def render(self, camera: Pinhole, rotation: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """RGB picture from a camera at `centre` with `rotation` camera <- world."""
        picture = np.full((camera.height, camera.width, 3), 30, np.uint8)
        for texture, (origin, first, second) in zip(self.textures, self.planes, strict=True):
            height, width = texture.shape[:2]
            basis = np.stack([np.array(first) / width, np.array(second) / height, np.array(origin) - centre], axis=1)
            homography = camera.matrix @ rotation @ basis
            size = (camera.width, camera.height)
            drawn = cv2.warpPerspective(texture, homography, size, flags=cv2.INTER_AREA)
            mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), homography, size, flags=cv2.INTER_NEAREST)
            picture[mask > 0] = drawn[mask > 0]
        return picture


def walk(
    frames: int, step_m: tuple[float, float, float], turn_deg: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (n, 3, 3) camera <- world and centres (n, 3) of a swaying walk; steps and turns are per frame, at most."""
    phase = np.linspace(0, 2 * np.pi, frames, endpoint=False)
    # Peak change per frame of amplitude * sin(phase) is amplitude * 2 pi / frames.
    sway = np.stack([np.sin(phase), np.sin(2 * phase) / 2, np.sin(phase + 1) - np.sin(1)], axis=1)
    rotations = Rotation.from_rotvec(np.radians(turn_deg) * frames / (2 * np.pi) * sway).as_matrix()
    centres = np.arange(frames)[:, None] * np.asarray(step_m)[None]
    return rotations, centres
