"""Which kinds of places there are, and how one is made of a kind and a seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from humannet_assets.simulator.places.draft import Draft, finish
from humannet_assets.simulator.places.living import bedroom, living_room
from humannet_assets.simulator.places.place import Place
from humannet_assets.simulator.places.room import NoRoomError
from humannet_assets.simulator.places.wet_rooms import bathroom, kitchen

_MOST_DRAFTS = 30
"""Layouts tried before a seed is given up. On average 1.3 are needed; see the tests."""


@dataclass(frozen=True)
class Kind:
    """What a kind of place is.

    `environment` is HumanNet's top-level environment (`language.taxonomy.ENVIRONMENT`).
    """

    environment: str
    description: str
    outdoors: bool
    draft: Callable[[np.random.Generator], Draft]


PLACES: Mapping[str, Kind] = {
    "kitchen": Kind("home", "cupboards with a worktop around a sink and a stove, a dining table", False, kitchen),
    "living_room": Kind("home", "a sofa, a bookcase, a dining table, carpets and pictures", False, living_room),
    "bedroom": Kind("home", "a bed, a wardrobe, a desk, a chest of drawers", False, bedroom),
    "bathroom": Kind("home", "tiles, a tub, a vanity, a washing machine with a folding top", False, bathroom),
}
"""Every kind of place by name."""


def make_place(kind: str, seed: int) -> Place:
    """The place of that kind and seed: the same every time, built afresh so that props can be added.

    Raises:
        KeyError: No such kind (see `PLACES`).
        NoRoomError: No layout of this seed works out (never seen; try another seed).
    """
    if kind not in PLACES:
        raise KeyError(f"no place of kind {kind!r}; there are {', '.join(PLACES)}")
    failure = NoRoomError("no layout was tried")
    for attempt in range(_MOST_DRAFTS):
        rng = np.random.default_rng([zlib.crc32(kind.encode()), seed, attempt])
        try:
            return finish(PLACES[kind].draft(rng), f"{kind}/{seed}", PLACES[kind].environment, rng)
        except NoRoomError as error:
            failure = error
    raise NoRoomError(f"{kind}/{seed}: none of {_MOST_DRAFTS} layouts works out, the last because {failure}")
