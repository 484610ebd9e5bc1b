"""Every kind of footage without people: planned reproducibly, declared as what it is, and rendered as described."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from humannet_assets.language.taxonomy import ENVIRONMENT
from humannet_assets.simulator.nobody import KINDS, ScreenRecording, nobody_shot
from humannet_assets.simulator.nobody.indoor import room_shot
from humannet_assets.simulator.nobody.lights import fading, switching
from humannet_assets.simulator.nobody.movers import MOVERS
from humannet_assets.simulator.places import PLACES, make_place
from humannet_assets.simulator.shots import Shot
from humannet_assets.simulator.world import RenderQuality

FAST = RenderQuality(shadow_size=256, samples=0, slices=8, stacks=6)
PLANNED = [kind for kind in KINDS if kind != "screen_recording" and (kind not in MOVERS or kind == "dog_rests")]
"""What moves by itself differs by no more than the mover, and these have tests of their own."""


def planned(kind: str, seed: int) -> Shot:
    shot = nobody_shot(kind, np.random.default_rng(seed), duration_s=6.0)
    assert isinstance(shot, Shot)
    return shot


@pytest.mark.parametrize("kind", PLANNED)
def test_shots_say_that_nobody_is_there_and_can_be_made_again(kind: str) -> None:
    shot, again = planned(kind, 7), planned(kind, 7)
    assert (shot.viewpoint, shot.human_centric, shot.actions, shot.contacts) == ("none", False, [], [])
    assert shot.environment in ENVIRONMENT.paths()
    assert re.search(r"Nobody is (there|in view)\.$|without people: .*\.$", shot.description)
    assert shot.description == again.description
    assert shot.world == again.world
    if shot.world:
        assert shot.world.split("/")[0] in PLACES
    assert [vars(part) | {"frame": 0} for part in shot.builder.parts] == [
        vars(part) | {"frame": 0} for part in again.builder.parts
    ]
    assert len(shot.builder.parts) < 320


def test_other_seeds_give_other_shots() -> None:
    assert planned("still_room", 1).world != planned("still_room", 2).world
    assert planned("traffic", 1).description != planned("traffic", 3).description or planned("traffic", 1) != planned(
        "traffic", 3
    )


def test_screens_are_among_the_kinds_and_unknown_ones_are_named() -> None:
    assert isinstance(nobody_shot("screen_recording", np.random.default_rng(0), duration_s=5.0), ScreenRecording)
    with pytest.raises(KeyError, match="still_table"):
        nobody_shot("opera", np.random.default_rng(0), duration_s=5.0)


@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize(
    ("kind", "moves"),
    [("still_table", False), ("fan_turns", True), ("water", True), ("dashcam", True)],
)
def test_pictures_show_it(kind: str, moves: bool) -> None:
    pictures = [frame.picture.astype(int) for frame in planned(kind, 3).render((160, 120), [0.0, 1.9, 2.3], quality=FAST)]
    assert all(picture.std() > 12 for picture in pictures)
    change = max(np.abs(pictures[0] - pictures[i]).mean() for i in (1, 2))
    assert (change > 0.15) == moves
    assert moves or change == 0


def test_light_fades_slowly_and_switches_at_once() -> None:
    times = np.arange(0, 20, 0.05)
    slow = np.array([fading(np.random.default_rng(1), 20)(t).mean() for t in times])
    sudden = np.array([switching(np.random.default_rng(1), 20)(t).mean() for t in times])
    assert np.ptp(slow) > 0.2
    assert np.abs(np.diff(slow)).max() < 0.03
    jumps = np.abs(np.diff(sudden))
    assert 3 <= (jumps > 0.3).sum() <= 17
    assert np.all((jumps == 0) | (jumps > 0.3))


def test_a_laid_table_has_its_things_on_the_surface() -> None:
    shot = planned("still_table", 5)
    laid = [part for part in shot.builder.parts if part.instance.startswith("laid")]
    assert len({part.instance for part in laid}) >= 3
    heights = [part.position[2] for part in laid]
    assert max(heights) - min(heights) < 0.3
    assert all(math.hypot(*np.subtract(part.position[:2], laid[0].position[:2])) < 1.2 for part in laid)


def test_a_place_without_room_is_refused() -> None:
    place = make_place("bathroom", 3)
    place.spots = place.spots[:1]
    with pytest.raises(ValueError, match="bathroom/3 has 1 spots"):
        room_shot(np.random.default_rng(0), duration_s=5, place=place, movers=("fan_turns", "toy_train"))
