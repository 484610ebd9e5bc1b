"""The same kind and seed are the same world, every caller has its own, and no two are alike."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.simulator.places import PLACES, Place, make_place
from humannet_assets.simulator.places.catalogue import _place
from humannet_assets.simulator.world import SceneBuilder
from humannet_assets_tests.simulator.places.rays import surveyed


def described(place: Place) -> list[object]:
    parts = [(p.name, p.shape, p.size, p.position, p.frame.tolist(), p.material) for p in place.builder.parts]
    offers = [place.stations, place.spots, place.tripods, place.surveillance, [route.tolist() for route in place.routes]]
    return [parts, place.builder.lights, place.builder.ambient, place.builder.sky, offers]


def pictures(builder: SceneBuilder) -> dict[str, bytes]:
    return {name: m.texture.tobytes() for name, m in builder._materials.items() if m.texture is not None}


@pytest.mark.parametrize("kind", PLACES)
def test_places_are_the_same_every_time(kind: str) -> None:
    place, _ = surveyed(kind, 0)
    again = _place.__wrapped__(kind, 0)
    assert described(again) == described(place)
    assert pictures(again.builder) == pictures(place.builder)


@pytest.mark.parametrize("kind", PLACES)
def test_two_seeds_are_two_places(kind: str) -> None:
    a, b = surveyed(kind, 0)[0], surveyed(kind, 1)[0]
    assert [p.size for p in a.builder.parts] != [p.size for p in b.builder.parts]
    assert a.stations[0].origin != b.stations[0].origin
    seen = set(pictures(a.builder).values())
    # A few surfaces (plaster, iron, leaves) may be of the same colour.
    assert len(seen & set(pictures(b.builder).values())) < len(seen) / 3


def test_every_caller_has_a_place_of_its_own() -> None:
    first = make_place("office", 0)
    count = len(first.builder.parts)
    first.builder.add("cup", "sphere", (0.1,), first.builder.color("red", (1, 0, 0)))
    first.stations.clear()
    first.routes[0][:] = 0
    again = make_place("office", 0)
    assert len(again.builder.parts) == count
    assert again.stations
    assert again.routes[0].any()
    assert "red" not in again.builder._materials


def test_unknown_kinds_are_named() -> None:
    with pytest.raises(KeyError, match=r"no place of kind 'moon'.*kitchen"):
        make_place("moon", 1)


def test_stations_stand_on_their_own_frames() -> None:
    place, _ = surveyed("kitchen", 0)
    for station in place.stations:
        ahead = station.frame() @ np.array([0, 1, 0, 0])
        np.testing.assert_allclose(ahead[:3], (-np.sin(station.heading_rad), np.cos(station.heading_rad), 0), atol=1e-9)
