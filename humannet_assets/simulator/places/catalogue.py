"""Which kinds of places there are, and how one is made of a kind and a seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from humannet_assets.simulator.places.draft import Draft, finish
from humannet_assets.simulator.places.greens import park
from humannet_assets.simulator.places.halls import corridor, station_hall
from humannet_assets.simulator.places.living import bedroom, living_room
from humannet_assets.simulator.places.market import market
from humannet_assets.simulator.places.place import Place
from humannet_assets.simulator.places.room import NoRoomError
from humannet_assets.simulator.places.street import street
from humannet_assets.simulator.places.trade import cafe, shop
from humannet_assets.simulator.places.wet_rooms import bathroom, kitchen
from humannet_assets.simulator.places.workplaces import classroom, laboratory, office, workshop

_REMEMBERED = 16
"""Places kept, about 6 MB each: lives go back to the same few."""

_MOST_DRAFTS = 30
"""Layouts tried before a seed is given up; on average 1.2 are needed."""


@dataclass(frozen=True)
class Kind:
    """What a kind of place is.

    `environment` is HumanNet's top-level environment (`language.taxonomy.ENVIRONMENT`), `strolled` the share of their visits
    in which people only walk there.
    """

    environment: str
    description: str
    outdoors: bool
    draft: Callable[[np.random.Generator], Draft]
    strolled: float = 0.0


PLACES: Mapping[str, Kind] = {
    "kitchen": Kind("home", "cupboards with a worktop around a sink and a stove, a dining table", False, kitchen),
    "living_room": Kind("home", "a sofa, a bookcase, a dining table, carpets and pictures", False, living_room),
    "bedroom": Kind("home", "a bed, a wardrobe, a desk, a chest of drawers", False, bedroom),
    "bathroom": Kind("home", "tiles, a tub, a vanity, a washing machine with a folding top", False, bathroom),
    "workshop": Kind(
        "industrial_construction", "benches under boards of tools, a vise, machines, shelves of boxes", False, workshop
    ),
    "office": Kind("work_study", "desks with screens, files, a whiteboard, a wall of windows", False, office),
    "classroom": Kind("work_study", "rows of desks before a blackboard, maps, shelves of books", False, classroom),
    "laboratory": Kind("work_study", "white benches, reagents, microscopes, a fume hood", False, laboratory),
    "shop": Kind("retail", "aisles between shelves of goods, a cooler, fruit, a till, a packing table", False, shop, 0.2),
    "cafe": Kind("dining", "a bar with an espresso machine, small tables, menus in chalk, a shop window", False, cafe),
    "station_hall": Kind(
        "transportation", "a high hall with columns, departures, a kiosk, counters, benches", False, station_hall, 0.5
    ),
    "corridor": Kind("work_study", "a long corridor with doors, lockers, boards of notices, a reception", False, corridor, 0.7),
    "street": Kind("outdoor", "a crossing between houses: shops, parked cars, trees, lamps, cafe tables", True, street, 0.8),
    "park": Kind("outdoor", "lawns between paths: trees, benches, picnic tables, a fountain", True, park, 0.7),
    "market": Kind("retail", "stalls with fruit, flowers and goods on a square between houses", True, market, 0.4),
}
"""Every kind of place by name."""


PlaceMaker = Callable[[str, int], Place]
"""Makes the place of a kind and a seed, as `make_place` does."""


def make_place(kind: str, seed: int) -> Place:
    """The place of that kind and seed: the same every time, and the caller's own, so that props can be added.

    Raises:
        KeyError: No such kind (see `PLACES`).
        NoRoomError: No layout of this seed works out (never seen; try another seed).
    """
    if kind not in PLACES:
        raise KeyError(f"no place of kind {kind!r}; there are {', '.join(PLACES)}")
    place = _place(kind, seed)
    return Place(
        place.name, place.environment, place.builder.copy(), list(place.stations), [route.copy() for route in place.routes],
        list(place.spots), list(place.tripods), list(place.surveillance),
    )  # fmt: skip


@lru_cache(maxsize=_REMEMBERED)
def _place(kind: str, seed: int) -> Place:
    failure = NoRoomError("no layout was tried")
    for attempt in range(_MOST_DRAFTS):
        rng = np.random.default_rng([zlib.crc32(kind.encode()), seed, attempt])
        try:
            return finish(PLACES[kind].draft(rng), f"{kind}/{seed}", PLACES[kind].environment, rng)
        except NoRoomError as error:
            failure = error
    raise NoRoomError(f"{kind}/{seed}: none of {_MOST_DRAFTS} layouts works out, the last because {failure}")
