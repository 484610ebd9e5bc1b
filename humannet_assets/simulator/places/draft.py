"""From a built scene to a place: stations are checked, routes, spots and cameras are found, or the draft is given up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.places.palette import Palette
from humannet_assets.simulator.places.pictures import mat
from humannet_assets.simulator.places.place import Place, Station
from humannet_assets.simulator.places.room import NoRoomError, Rect, Room
from humannet_assets.simulator.places.stand import Stand
from humannet_assets.simulator.places.survey import Survey
from humannet_assets.simulator.world import SceneBuilder

Points = npt.NDArray[np.float64]

_LAMP_TOWARDS = 0.7
"""How far the lamp hangs from the room's middle to the middle of its stations, as a share of the way."""

EYE_M = (0.47, 0.58)
"""Heights of a wearer's eyes above the surface (`wearer.body.draw_wearer`)."""

APPROACH_M = 1.1
"""A station lies at most this far beside a route."""

HANDS_ABOVE_M = 0.40
"""What hands lift comes this high above the surface."""


@dataclass
class Draft:
    """A scene and what its maker knows of it.

    `floors` are the rectangles people may walk on, `posts` where surveillance cameras may hang, `waypoints` where the first
    route leads besides past every station (it begins at the first of them), `tours` what further routes pass in their order,
    `stage` the floor on which people are filmed.
    """

    builder: SceneBuilder
    palette: Palette
    floors: list[Rect]
    posts: list[tuple[float, float, float]]
    stations: list[Station] = field(default_factory=list)
    waypoints: list[tuple[float, float]] = field(default_factory=list)
    tours: list[list[tuple[float, float]]] = field(default_factory=list)
    stage: Rect | None = None
    least_route_m: float = 5.0
    least_stations: int = 2
    step_m: float = 0.1


def draft_room(room: Room, stations: Sequence[Station]) -> Draft:
    """The draft of a room: its floor is walked on, cameras hang in its corners, the lamp hangs towards where people work."""
    x, y = np.mean([station.origin for station in stations], axis=0) * _LAMP_TOWARDS if stations else (0.0, 0.0)
    room.light((float(x), float(y)))
    x0, y0, x1, y1 = room.floor
    z = room.height_m - 0.25
    posts = [(x, y, z) for x in (x0 + 0.22, x1 - 0.22) for y in (y0 + 0.22, y1 - 0.22)]
    return Draft(room.builder, room.palette, [room.floor], posts, list(stations))


def begin(
    rng: np.random.Generator, sky: tuple[tuple[float, ...], tuple[float, ...]] | None = None
) -> tuple[SceneBuilder, Palette]:
    """An empty scene and its palette."""
    builder = SceneBuilder(sky=sky)
    return builder, Palette(builder, rng)


_MAT_SHARE = 0.6
"""How many stations have something to work on lying there."""


def _lay_mats(draft: Draft, rng: np.random.Generator) -> None:
    """Lay mats, sheets and pads on some stations: 1.5 mm thick, so that things stand on them as on the surface."""
    for station in draft.stations:
        if rng.random() < _MAT_SHARE:
            middle = station.frame() @ np.array([rng.uniform(-0.05, 0.05), (station.near_m + station.far_m) / 2 - 0.01, 0, 1.0])
            turn = station.heading_rad + float(rng.normal(0, 0.03))
            spread = Stand(draft.builder, f"{station.name}_mat", _xyz(middle), turn)
            spread.box(
                "mat",
                (0, 0, 0),
                (float(rng.uniform(0.46, 0.6)), station.far_m - station.near_m, 0.003),
                draft.palette.show(mat),
            )


def finish(draft: Draft, name: str, environment: str, rng: np.random.Generator) -> Place:
    """Survey a draft.

    Raises:
        NoRoomError: Something `Place` promises cannot be kept.
    """
    _lay_mats(draft, rng)
    survey = Survey(draft.builder, draft.floors, rng, draft.step_m)
    if len(draft.stations) < draft.least_stations:
        raise NoRoomError(f"there are only {len(draft.stations)} stations")
    for station in draft.stations:
        _check(survey, station)
    routes = [survey.route(tour) for tour in (_tour(survey, draft, rng), *draft.tours)]
    if _length(routes[0]) < draft.least_route_m:
        raise NoRoomError(f"the route is only {_length(routes[0]):.1f} m long")
    for station in draft.stations:
        _check_approach(survey, station, routes[0])
    spots, tripods, surveillance = survey.stage(draft.posts, within=draft.stage)
    return Place(name, environment, draft.builder, draft.stations, routes, spots, tripods, surveillance)


def working_space(station: Station) -> Points:
    """Points (n, 3), station frame, that hands and what they hold come to: above the working area and beside it."""
    x = np.linspace(-station.half_width_m, station.half_width_m, 9)
    y = np.linspace(station.near_m - 0.12, station.far_m, 8)
    z = np.linspace(0.015, HANDS_ABOVE_M, 4)
    area = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3)
    arms = np.array([(x, y, z) for x in (-0.46, -0.34, 0.34, 0.46) for y in (0.0, 0.15, 0.3) for z in (0.02, 0.15, 0.3)])
    return np.concatenate([area, arms])


def _check(survey: Survey, station: Station) -> None:
    """Nothing stands on the working area, between it and the eyes, or where the wearer is."""
    pose = station.frame()
    points = working_space(station) @ pose[:3, :3].T + pose[:3, 3]
    for eye_m in EYE_M:
        eye = pose[:3, :3] @ np.array([0.0, 0.18, eye_m]) + pose[:3, 3]
        if not survey.free(eye, points).all():
            raise NoRoomError(f"something stands in the way at {station.name}")


def _check_approach(survey: Survey, station: Station, route: Points) -> None:
    """A wearer gets from the route to the station: near, and with nothing at the height of shoulders and head between."""
    origin = np.asarray(station.origin)
    ways = _along(route)
    nearest = ways[np.argmin(np.linalg.norm(ways - origin, axis=1))]
    if np.linalg.norm(nearest - origin) > APPROACH_M:
        raise NoRoomError(f"no route leads to {station.name}")
    heights = np.array([1.12, 1.35, 1.65])[:, None]
    starts, ends = (np.column_stack([np.tile(point, (3, 1)), heights]) for point in (nearest, origin))
    if not survey.free(starts, ends).all():
        raise NoRoomError(f"something stands between {station.name} and the route")


def _tour(survey: Survey, draft: Draft, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Past every station and waypoint, else beginning and ending far apart."""
    stops = []
    for station in draft.stations:
        behind = station.frame() @ np.array([0, -0.45, 0, 1.0])
        stops.append(survey.nearest(behind[:2].tolist()))
    spread = [np.asarray(point) for point in draft.waypoints] or survey.far_points(rng, 2 if stops else 3)
    left, tour = [*stops, *spread[1:]], [spread[0]]
    while left:
        nearest = int(np.argmin([np.linalg.norm(stop - tour[-1]) for stop in left]))
        tour.append(left.pop(nearest))
    return [(float(x), float(y)) for x, y in tour]


def _xyz(point: Points) -> tuple[float, float, float]:
    return (float(point[0]), float(point[1]), float(point[2]))


def _along(route: Points, step_m: float = 0.1) -> Points:
    """Points every `step_m` of a polyline."""
    pieces = []
    for a, b in pairwise(route):
        count = max(1, math.ceil(float(np.linalg.norm(b - a)) / step_m))
        pieces.append(a + np.linspace(0, 1, count, endpoint=False)[:, None] * (b - a))
    return np.concatenate([*pieces, route[-1:]])


def _length(route: Points) -> float:
    return float(np.linalg.norm(np.diff(route, axis=0), axis=1).sum())
