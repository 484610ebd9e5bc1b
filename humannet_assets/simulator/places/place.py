"""What every place offers, whatever it looks like: stations to act at, routes to walk, spots to stand on, fixed cameras.

World: metres, z up, the floor at z = 0. A heading turns from the world's +y towards -x (counter-clockwise from above).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, rotation
from humannet_assets.simulator.world import SceneBuilder

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Station:
    """A surface a wearer stands or sits at.

    Station frame: origin on the surface's height below the middle of the wearer's shoulders, x to the wearer's right, y ahead,
    z up, z = 0 on the surface. Between `near_m` and `far_m` ahead and `half_width_m` to either side the surface is free of
    scenery, so that objects can be put there; nothing stands between the wearer and it.
    """

    name: str
    surface: str
    origin: tuple[float, float]
    heading_rad: float
    top_m: float
    half_width_m: float = 0.34
    near_m: float = 0.32
    far_m: float = 0.66
    seated: bool = False

    def frame(self) -> Matrix:
        """Pose (4, 4) world <- station."""
        pose = np.eye(4)
        pose[:3, :3] = rotation((0, 0, 1), self.heading_rad)
        pose[:3, 3] = (*self.origin, self.top_m)
        return pose


@dataclass(frozen=True)
class Spot:
    """Free floor (at least 0.6 m around) for a person seen from outside; at `heading_rad` it faces the tripod cameras."""

    position: tuple[float, float]
    heading_rad: float


@dataclass(frozen=True)
class Viewpost:
    """Where a fixed camera can be: it sees every spot of the place, tripods at 2 to 6 m, surveillance cameras at up to 12 m."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]


@dataclass
class Place:
    """A generated world before anybody acts in it.

    `name` is the kind and the seed (`kitchen/17`); the same name is the same world to the millimetre. `environment` is a label
    of HumanNet's environment axis. `routes` are polylines (n, 2) on the floor that can be walked without touching anything
    (0.35 m to either side); the first leads past every station within 1.1 m. `tripods` look at eye height, two of them from
    at least 1 m apart, `surveillance` from high up, the camera that sees most of the floor first.
    """

    name: str
    environment: str
    builder: SceneBuilder
    stations: list[Station] = field(default_factory=list)
    routes: list[Vector] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    tripods: list[Viewpost] = field(default_factory=list)
    surveillance: list[Viewpost] = field(default_factory=list)
