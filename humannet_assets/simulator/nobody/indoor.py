"""Rooms without people: nothing moves, the light changes, something moves by itself, or a camera moves that nobody wears."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, look_at, rotation
from humannet_assets.simulator.nobody.filmed import filmed
from humannet_assets.simulator.nobody.lights import LIGHTS, Light
from humannet_assets.simulator.nobody.movers import MOVERS
from humannet_assets.simulator.nobody.movers.stage import Stage
from humannet_assets.simulator.nobody.rigs import Rig, fixed, pan, slide, vacuum
from humannet_assets.simulator.places import PLACES, Place, Station, Viewpost, make_place
from humannet_assets.simulator.shots import Shot
from humannet_assets.simulator.wearer.props import draw_prop

_TABLEWARE: tuple[str, ...] = ("cup", "bottle", "bowl", "plate", "book", "jar", "box", "spoon", "block", "cloth")

Camera = Literal["fixed", "pan", "slider", "push_in"]
_CAMERAS: Mapping[Camera, str] = {
    "pan": "the camera pans on its tripod", "slider": "the camera slides sideways on rails",
    "push_in": "the camera slides forwards on rails",
}  # fmt: skip


def draw_room(rng: np.random.Generator, *, with_station: bool = False) -> Place:
    """A room of any kind; `with_station` asks for one with a surface to lay things on."""
    kinds = [kind for kind, about in PLACES.items() if not about.outdoors]
    while True:
        place = make_place(kinds[int(rng.integers(len(kinds)))], int(rng.integers(1_000_000)))
        if place.tripods and (place.stations or not with_station):
            return place


def lay(
    rng: np.random.Generator, place: Place, station: Station, count: int, *, name: str = "laid",
    arrangement: np.random.Generator | None = None,
) -> list[str]:  # fmt: skip
    """Put things side by side on a station's free surface, for good; returns what they are called.

    Args:
        rng: Decides what they are.
        place: Where; its builder gets them.
        station: On which surface.
        count: How many, up to 8.
        name: Prefix of their parts.
        arrangement: Decides where they lie; `rng` if None. The same things can so be laid out in several ways.
    """
    props = [draw_prop(str(rng.choice(_TABLEWARE)), rng, place.builder, f"{name}{i}") for i in range(count)]
    arrangement = arrangement or rng
    pose = station.frame()
    parts = {part.name: part for part in place.builder.parts}
    for prop, cell in zip(props, arrangement.permutation(8), strict=False):
        column, row = cell % 4, cell // 4
        x = station.half_width_m * ((column + 0.5) / 2 - 1) + float(arrangement.uniform(-0.02, 0.02))
        y = station.near_m + (station.far_m - station.near_m) * (0.25 + 0.5 * row) + float(arrangement.uniform(-0.02, 0.02))
        turn = rotation((0, 0, 1), float(arrangement.uniform(-0.7, 0.7)))
        for piece in prop.item.pieces:
            at = _at(pose, np.array([x, y, 0.0]) + turn @ piece.offset)
            part = parts[piece.name]
            part.position = (float(at[0]), float(at[1]), float(at[2]))
            part.frame = pose[:3, :3] @ turn @ piece.frame
    return [prop.noun for prop in props]


def table_shot(rng: np.random.Generator, *, duration_s: float, place: Place | None = None, slider: bool = False) -> Shot:
    """A laid table or worktop, close up.

    Args:
        rng: Source of everything.
        duration_s: How long.
        place: Where; drawn if None. Must have a station.
        slider: Whether the camera slides to and fro on rails; it stands still otherwise.
    """
    place = place or draw_room(rng, with_station=True)
    station = place.stations[int(rng.integers(len(place.stations)))]
    nouns = lay(rng, place, station, int(rng.integers(3, 8)))
    pose = station.frame()
    # Where a wearer's head would be there is free air.
    eye = _at(pose, (rng.uniform(-0.22, 0.22), rng.uniform(-0.02, 0.14), rng.uniform(0.38, 0.58)))
    target = _at(pose, (rng.uniform(-0.05, 0.05), station.near_m + 0.16, 0.03))
    if slider:
        rig, how = (
            slide(rng, eye, target, duration_s, reach_m=float(rng.uniform(0.08, 0.16))),
            "The camera slides along on rails",
        )
    else:
        rig, how = fixed(look_at(eye, target)), "Neither the camera nor anything in the picture moves"
    text = f"A {station.surface} with {_listed(nouns)}. {how}. Nobody is there."
    scene = "slider_table" if slider else "still_table"
    return filmed(scene, text, place.environment, place.builder, rig, fov_deg=float(rng.uniform(46, 60)), world=place.name)


def room_shot(
    rng: np.random.Generator, *, duration_s: float, place: Place | None = None, movers: Sequence[str] = (),
    light: Light | None = None, camera: Camera = "fixed",
) -> Shot:  # fmt: skip
    """A room without people.

    Args:
        rng: Source of everything.
        duration_s: How long.
        place: Where; drawn if None. Must have tripods, and as many spots as there are movers.
        movers: Names in `MOVERS`.
        light: How it changes (see `lights.LIGHTS`); not at all if None.
        camera: On a tripod that stands (`fixed`) or turns (`pan`), on rails across (`slider`) or towards (`push_in`).

    Raises:
        ValueError: The place has fewer spots than there are movers.
    """
    place = place or draw_room(rng)
    if len(movers) > len(place.spots):
        raise ValueError(f"{place.name} has {len(place.spots)} spots, too few for {', '.join(movers)}")
    post = place.tripods[int(rng.integers(len(place.tripods)))]
    stands = [stand(place, index, post) for index in rng.permutation(len(place.spots))[: len(movers)]]
    moving = [MOVERS[name].make(rng, Stage(place.builder, spot, name)) for name, spot in zip(movers, stands, strict=True)]
    eye, target = np.asarray(post.eye), np.asarray(post.target) + rng.uniform(-0.2, 0.2, 3)
    if stands:
        # The line from the tripod to the spot is free, so that the camera can come closer along it.
        target = stands[0][:3, 3] + (0, 0, MOVERS[movers[0]].height_m / 2)
        way = eye - target
        far = float(np.linalg.norm(way))
        eye = target + way * min(1.0, float(rng.uniform(1.1, 1.7)) * max(1.0, MOVERS[movers[0]].height_m) / far)
    rig = _rig(rng, camera, eye, target, duration_s)
    what = [MOVERS[name].text for name in movers]
    scene, lighting = [*movers], None
    if light is not None:
        draw, said = LIGHTS[light]
        lighting = draw(rng, duration_s)
        what.append(said)
        scene.append(f"light_{light}")
    if camera != "fixed":
        what.append(_CAMERAS[camera])
        scene.append(camera)
    text = f"A {_kind(place)} without people: {', '.join(what) or 'nothing moves'}."
    return filmed(
        "_".join(scene) or "still_room", text, place.environment, place.builder, rig, movers=moving, lighting=lighting,
        fov_deg=float(rng.uniform(48, 62)), world=place.name,
    )  # fmt: skip


def vacuum_shot(rng: np.random.Generator, *, duration_s: float, place: Place | None = None) -> Shot:
    """What a robot vacuum's camera sees, a hand's breadth above the floor."""
    place = place or draw_room(rng)
    route = place.routes[int(rng.integers(len(place.routes)))]
    text = f"A robot vacuum drives through a {_kind(place)}, filmed by its own camera just above the floor. Nobody is there."
    rig = vacuum(rng, route, duration_s)
    return filmed(
        "robot_vacuum", text, place.environment, place.builder, rig, fov_deg=float(rng.uniform(60, 78)), world=place.name
    )


def stand(place: Place, index: int, post: Viewpost) -> Matrix:
    """Pose (4, 4) of a spot's frame, y towards a camera."""
    spot = place.spots[index]
    way = np.asarray(post.eye[:2]) - spot.position
    pose = np.eye(4)
    pose[:3, :3] = rotation((0, 0, 1), math.atan2(-way[0], way[1]))
    pose[:2, 3] = spot.position
    return pose


def _rig(
    rng: np.random.Generator, camera: Camera, eye: npt.NDArray[np.float64], target: npt.NDArray[np.float64], duration_s: float
) -> Rig:
    if camera == "fixed":
        return fixed(look_at(eye, target))
    if camera == "pan":
        return pan(rng, eye, target, duration_s)
    reach = float(rng.uniform(0.15, 0.3))
    return slide(rng, eye, target, duration_s, reach_m=2 * reach if camera == "push_in" else reach, forward=camera == "push_in")


def _kind(place: Place) -> str:
    """`living room`."""
    return place.name.split("/")[0].replace("_", " ")


def _at(pose: Matrix, point: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return pose[:3, :3] @ np.asarray(point, np.float64) + pose[:3, 3]


def _listed(nouns: Sequence[str]) -> str:
    """`a red cup, a blue plate and a book`."""
    things = [f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}" for noun in nouns]
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"
