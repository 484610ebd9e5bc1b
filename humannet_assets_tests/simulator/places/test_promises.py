"""Every place keeps what `Place` promises: proven with MuJoCo's rays on several seeds of every kind."""

from __future__ import annotations

import math

import numpy as np
import pytest

from humannet_assets.language.taxonomy import ENVIRONMENT
from humannet_assets.simulator.places import PLACES, Station
from humannet_assets.simulator.places.draft import working_space
from humannet_assets_tests.simulator.places.rays import Rays, along, surveyed

SEEDS = (0, 1)
EVERY = [pytest.param(kind, seed, id=f"{kind}-{seed}") for kind in PLACES for seed in SEEDS]
BODY = [*((0.0, z) for z in np.arange(0.1, 1.7, 0.15)), (-0.25, 1.2), (0.25, 1.2), (-0.18, 0.5), (0.18, 0.5)]


def test_there_are_many_kinds_of_six_environments_and_more() -> None:
    assert len(PLACES) >= 12
    labels = {label.name for label in ENVIRONMENT.labels}
    environments = {about.environment for about in PLACES.values()}
    assert environments <= labels
    assert len(environments) >= 6
    assert {"kitchen", "living_room", "bedroom", "bathroom", "workshop", "office", "shop", "cafe", "street"} <= set(PLACES)


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_places_offer_enough_and_cost_little(kind: str, seed: int) -> None:
    place, _ = surveyed(kind, seed)
    assert place.name == f"{kind}/{seed}"
    assert place.environment == PLACES[kind].environment
    assert len(place.stations) >= 2
    assert len(place.spots) >= 3
    assert len(place.tripods) >= 2
    assert len(place.surveillance) >= 1
    assert 50 <= len(place.builder.parts) <= 165
    assert len({station.name for station in place.stations}) == len(place.stations)


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_routes_are_long_and_can_be_walked_without_touching_anything(kind: str, seed: int) -> None:
    place, rays = surveyed(kind, seed)
    route = place.routes[0]
    legs = np.diff(route, axis=0)
    assert np.linalg.norm(legs, axis=1).sum() >= (25.0 if PLACES[kind].outdoors else 5.0)
    if PLACES[kind].outdoors:
        headings = np.arctan2(legs[:, 1], legs[:, 0])
        assert np.abs([math.remainder(angle, 2 * math.pi) for angle in np.diff(headings)]).max() > math.radians(30)
    for polyline in place.routes:
        for point in along(polyline, 0.3):
            distance, name = rays.nearest(point, 0.35)
            assert distance >= 0.35, f"{name} is {distance:.2f} m from {point.round(2)}"
            ground, _ = rays.distance(np.array([*point, 1.0]), np.array([0, 0, -1.0]))
            assert 0.94 < ground < 1.02, f"no floor at {point.round(2)}"


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_nothing_is_in_the_way_of_hands_and_eyes_at_stations(kind: str, seed: int) -> None:
    place, rays = surveyed(kind, seed)
    for station in place.stations:
        pose = station.frame()
        for local in working_space(station):
            for eye_m in (0.47, 0.58):
                blocker = rays.blocker(_world(pose, (0, 0.18, eye_m)), _world(pose, local), slack_m=0.001)
                assert not blocker, f"{blocker} hides {local.round(2)} of {station.name}"


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_stations_have_a_level_surface_of_their_height(kind: str, seed: int) -> None:
    place, rays = surveyed(kind, seed)
    for station in place.stations:
        for x in np.linspace(-station.half_width_m, station.half_width_m, 5):
            for y in np.linspace(station.near_m, station.far_m, 5):
                found, name = rays.distance(_world(station.frame(), (x, y, 0.3)), np.array([0, 0, -1.0]))
                assert found == pytest.approx(0.3, abs=0.003), f"{name} at {x:.2f}, {y:.2f} of {station.name}"


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_stations_are_reached_from_the_first_route(kind: str, seed: int) -> None:
    place, rays = surveyed(kind, seed)
    for station in place.stations:
        way = along(place.routes[0], 0.1)
        nearest = way[np.argmin(np.linalg.norm(way - station.origin, axis=1))]
        assert np.linalg.norm(nearest - station.origin) <= 1.15
        # Heads and shoulders pass; the back of the chair one sits down on may be lower.
        for height in (1.15, 1.35, 1.6):
            assert not rays.blocker(np.array([*nearest, height]), np.array([*station.origin, height]))
        assert _stands_free(rays, station)


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_spots_are_free_and_apart(kind: str, seed: int) -> None:
    place, rays = surveyed(kind, seed)
    for i, spot in enumerate(place.spots):
        distance, name = rays.nearest(np.asarray(spot.position), 0.6)
        assert distance >= 0.6, f"{name} is {distance:.2f} m from spot {i}"
        for other in place.spots[:i]:
            assert math.dist(spot.position, other.position) >= 0.9


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_tripods_see_whole_people_who_face_them(kind: str, seed: int) -> None:
    place, rays = surveyed(kind, seed)
    assert math.dist(place.tripods[0].eye[:2], place.tripods[1].eye[:2]) >= 1.0
    for tripod in place.tripods:
        assert 1.2 <= tripod.eye[2] <= 1.7
        assert not rays.nearest(np.asarray(tripod.eye[:2]), 0.1)[0] < 0.1
        for spot in place.spots:
            assert 2.0 <= math.dist((*spot.position, 0.95), tripod.eye) <= 6.0
            way = np.asarray(tripod.eye[:2]) - spot.position
            turn = math.remainder(math.atan2(-way[0], way[1]) - spot.heading_rad, 2 * math.pi)
            assert abs(turn) <= math.radians(60)
            assert _hidden(rays, tripod.eye, spot.position) == ""


@pytest.mark.parametrize(("kind", "seed"), EVERY)
def test_surveillance_looks_down_on_every_spot(kind: str, seed: int) -> None:
    place, rays = surveyed(kind, seed)
    for post in place.surveillance:
        assert post.eye[2] >= 2.1
        for spot in place.spots:
            assert 2.0 <= math.dist((*spot.position, 0.95), post.eye) <= 12.0
            assert _hidden(rays, post.eye, spot.position) == ""


def _world(pose: np.ndarray, local: object) -> np.ndarray:
    return pose[:3, :3] @ np.asarray(local, np.float64) + pose[:3, 3]


def _stands_free(rays: Rays, station: Station) -> bool:
    """Whether the wearer's head and chest have a shoulder's width of space behind the edge of the surface."""
    pose = station.frame()
    return not any(
        rays.blocker(_world(pose, (0, 0, height)), _world(pose, (side * 0.3, -0.05, height)))
        for side in (-1, 1)
        for height in (0.15, 0.4)
    )


def _hidden(rays: Rays, eye: tuple[float, float, float], spot: tuple[float, float]) -> str:
    """What hides a part of a person at a spot from a camera."""
    way = np.asarray(spot) - eye[:2]
    side = np.array([-way[1], way[0]]) / np.linalg.norm(way)
    goals = [np.array([*(np.asarray(spot) + x * side), z]) for x, z in BODY]
    return next((name for name in (rays.blocker(np.asarray(eye), goal) for goal in goals) if name), "")
