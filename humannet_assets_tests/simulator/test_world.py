"""Depth and instance maps of a rendered scene against its known geometry."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.simulator.world import RenderQuality, SceneBuilder, World


def _world(map_size: tuple[int, int] | None) -> World:
    """Two touching boxes that are one thing, their front faces 2 m before a camera that looks along x."""
    builder = SceneBuilder()
    grey = builder.color("grey", (0.5, 0.5, 0.5))
    builder.add("lid", "box", (0.5, 0.5, 0.25), grey, (2.5, 0, 0.25), instance="crate")
    builder.add("body", "box", (0.5, 0.5, 0.25), grey, (2.5, 0, -0.25), instance="crate")
    return builder.build(64, 48, 60.0, quality=RenderQuality(512, 0, 14, 8), map_size=map_size)


ALONG_X = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


def test_depth_runs_along_the_optical_axis_and_parts_share_an_instance() -> None:
    with _world((80, 60)) as world:
        depth, instance = world.depth_and_instances(ALONG_X)
        assert depth.shape == instance.shape == (60, 80)
        crate = world.instances.index("crate")
        # A face square to the axis has one depth everywhere: 2 m, also off the middle.
        assert np.allclose(depth[20:40, 30:50], 2.0, atol=0.005)
        assert np.all(instance[20:40, 30:50] == crate)
        assert depth[0, 0] == 0
        assert world.instances[instance[0, 0]] == "background"
        # The face is 1 m wide: 60 px high pictures of 60 degrees have a focal length of 30 / tan(30 deg) px.
        assert abs(int(np.count_nonzero(instance[30] == crate)) - 30 / np.tan(np.pi / 6) / 2) <= 1


def test_pictures_are_the_same_after_maps() -> None:
    with _world((80, 60)) as world:
        before = world.render(ALONG_X)
        world.depth_and_instances(ALONG_X)
        assert np.array_equal(before, world.render(ALONG_X))


def test_a_world_without_maps_says_so() -> None:
    with _world(None) as world, pytest.raises(ValueError, match="map_size"):
        world.depth_and_instances(ALONG_X)
