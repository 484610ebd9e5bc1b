"""A place's geometry under MuJoCo's own rays, independent of the survey that laid out the place. No OpenGL is needed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.places import Place, make_place
from humannet_assets.simulator.world import SceneBuilder, load_mujoco

Points = npt.NDArray[np.float64]


class Rays:
    """The scenery of a scene, compiled without materials."""

    def __init__(self, builder: SceneBuilder) -> None:
        mujoco: Any = load_mujoco()
        spec = mujoco.MjSpec()
        for part in builder.parts:
            quaternion, size = np.zeros(4), np.zeros(3)
            mujoco.mju_mat2Quat(quaternion, np.asarray(part.frame, np.float64).flatten())
            size[: len(part.size)] = part.size
            kind = getattr(mujoco.mjtGeom, f"mjGEOM_{part.shape.upper()}")
            spec.worldbody.add_geom(name=part.name, type=kind, size=size, pos=part.position, quat=quaternion)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        mujoco.mj_forward(self.model, self.data)
        self._ray = mujoco.mj_ray
        self._hit = np.zeros(1, np.int32)

    def distance(self, eye: Points, direction: Points) -> tuple[float, str]:
        """How far it is to the first thing in a direction, and its name; infinity and nothing if there is none."""
        way = np.asarray(direction, np.float64)
        found = self._ray(self.model, self.data, np.asarray(eye, np.float64), way / np.linalg.norm(way), None, 1, -1, self._hit)
        return (float(found), self.model.geom(int(self._hit[0])).name) if found >= 0 else (np.inf, "")

    def blocker(self, eye: Points, goal: Points, slack_m: float = 0.01) -> str:
        """The name of what lies between two points; nothing if they see each other."""
        way = np.asarray(goal) - np.asarray(eye)
        found, name = self.distance(eye, way)
        return name if found < np.linalg.norm(way) - slack_m else ""

    def nearest(self, point: Points, reach_m: float) -> tuple[float, str]:
        """The nearest thing that a standing body at a floor point (2,) would touch within a reach, all around."""
        best: tuple[float, str] = (np.inf, "")
        angles = np.arange(32) * 2 * np.pi / 32
        for height in (0.2, 0.6, 1.0, 1.4, 1.8):
            eye = np.array([*point, height])
            for angle in angles:
                found = self.distance(eye, np.array([np.cos(angle), np.sin(angle), 0.0]))
                best = min(best, found)
        # What lies flat or is too thin for level rays is found from above.
        for radius in np.array([0.3, 0.6, 0.9]) * reach_m:
            for angle in angles[::2]:
                above = np.array([point[0] + radius * np.cos(angle), point[1] + radius * np.sin(angle), 1.9])
                found, name = self.distance(above, np.array([0, 0, -1.0]))
                if found < 1.9 - 0.05:
                    best = min(best, (float(radius), name))
        return best


@lru_cache(maxsize=64)
def surveyed(kind: str, seed: int) -> tuple[Place, Rays]:
    """A place and its rays, made once for all tests."""
    place = make_place(kind, seed)
    return place, Rays(place.builder)


def along(route: Points, step_m: float) -> Points:
    """Points every `step_m` of a polyline (n, 2)."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(route, axis=0), axis=1))])
    at = np.arange(0, lengths[-1], step_m)
    return np.column_stack([np.interp(at, lengths, route[:, axis]) for axis in (0, 1)])
