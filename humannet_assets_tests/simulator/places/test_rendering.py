"""Pictures of every kind of place are neither dark nor burnt out, full of structure, and unlike those of other kinds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from humannet_assets.simulator.cameras import look_at
from humannet_assets.simulator.places import PLACES, Place
from humannet_assets.simulator.world import RenderQuality
from humannet_assets_tests.simulator.places.rays import surveyed

QUALITY = RenderQuality(shadow_size=512, samples=0, slices=14, stacks=8)


def views(place: Place) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Pictures (120, 160, 3) of tripods and walkers, and of people at work."""
    seen, worked = [], []
    with place.builder.build(160, 120, 60.0, quality=QUALITY) as world:
        seen += [world.render(look_at(post.eye, post.target)) for post in [*place.tripods, *place.surveillance[:1]]]
        for start, end in pairwise(place.routes[0]):
            way = (end - start) / np.linalg.norm(end - start)
            seen.append(world.render(look_at((*start, 1.6), (*(start + way), 1.45))))
        for station in place.stations:
            pose = station.frame()
            eye, target = pose @ np.array([0, 0.18, 0.5, 1]), pose @ np.array([0, 0.42, 0, 1])
            worked.append(world.render(look_at(eye[:3], target[:3])))
    return seen, worked


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("kind", PLACES)
def test_light_suits_a_camera_and_there_is_much_to_see(kind: str) -> None:
    seen, worked = views(surveyed(kind, 0)[0])
    for picture in seen:
        assert 45 < picture.mean() < 215
        assert np.mean(picture.min(axis=2) > 250) < 0.12
    # Most views have detail; a walker may look at a bare wall.
    edges = [np.abs(np.diff(picture.astype(float).mean(axis=2), axis=1)).mean() for picture in seen]
    assert np.median(edges) > 3.0
    for picture in worked:
        assert 50 < picture.mean() < 225
        assert np.mean(picture.min(axis=2) > 252) < 0.1


@pytest.mark.usefixtures("renderer")
def test_a_scene_copied_is_rendered_alike() -> None:
    place, _ = surveyed("kitchen", 0)
    post = place.tripods[0]
    shown = []
    for builder in (place.builder, place.builder.copy()):
        with builder.build(80, 60, 60.0, quality=QUALITY) as world:
            shown.append(world.render(look_at(post.eye, post.target)))
    np.testing.assert_array_equal(*shown)
