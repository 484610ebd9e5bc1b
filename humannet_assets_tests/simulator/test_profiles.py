"""Profiles: how much of what, reproducible from their options, and impossible ones refused with the fix."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest
from pydantic import ValidationError

from humannet_assets.simulator.cases import Rendered
from humannet_assets.simulator.profiles import PROFILES
from humannet_assets.simulator.profiles.lives import LivesOptions, lives_profile
from humannet_assets.simulator.profiles.robot import RobotOptions, human_profile
from humannet_assets.simulator.profiles.sample import SampleOptions, sample_profile
from humannet_assets.simulator.profiles.world import SHARES, WorldOptions, world_profile


def part(name: str) -> str:
    return name.split("_", 1)[1]


def test_every_profile_can_be_sent_to_workers_and_follows_from_its_options() -> None:
    made = {
        "sample": lambda: sample_profile(SampleOptions()),
        "world": lambda: world_profile(WorldOptions(seed=3, clips=40)),
        "lives": lambda: lives_profile(LivesOptions(hours=0.05, control_hours=0.05, pool_hours=0.05, file_s=60)),
        "robot": lambda: human_profile(RobotOptions(human_clips=3)),
    }
    assert set(made) == set(PROFILES)
    for build in made.values():
        profile = build()
        assert pickle.dumps(profile.cases) == pickle.dumps(build().cases)


def test_the_mixture_has_its_shares_and_another_seed_is_another_world() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    profile = world_profile(WorldOptions(seed=3, clips=200))
    counts = Counter(part(case.name) for case in profile.cases if not case.name.startswith("broken"))
    assert sum(counts.values()) == 200
    for name, share in SHARES.items():
        assert counts[name] == pytest.approx(200 * share, abs=1)
    other = world_profile(WorldOptions(seed=4, clips=200))
    assert {case.seed for case in profile.cases}.isdisjoint(case.seed for case in other.cases)
    assert len({case.seed for case in profile.cases}) >= 200
    assert [case.needs for case in profile.cases if part(case.name) == "duplicate"]
    takes = [case for case in profile.cases if isinstance(case, Rendered)]
    assert all(4 <= case.seconds <= 8 for case in takes if len(case.takes) == 1)
    assert {case.rate for case in takes} == {15.0, 24.0, 30.0}


@pytest.mark.parametrize("clips", [1, 2, 7])
def test_small_mixtures_have_that_many_files(clips: int) -> None:
    cases = world_profile(WorldOptions(clips=clips)).cases
    assert sum(not case.name.startswith("broken") for case in cases) == clips


def test_lives_have_their_hours() -> None:
    options = LivesOptions(kitchens=2, walks=1, days=1, hours=0.125, control_hours=0.05, pool_hours=0.05, file_s=120)
    cases = [case for case in lives_profile(options).cases if isinstance(case, Rendered)]
    seconds: Counter[str] = Counter()
    for case in cases:
        seconds[case.life or case.control or "probe"] += case.seconds  # type: ignore[assignment]
    lives = {"kitchens-1", "kitchens-2", "walks-1", "days-1"}
    assert lives <= set(seconds)
    assert all(seconds[life] == pytest.approx(450) for life in lives)
    assert seconds["diverse_pool"] == pytest.approx(180)
    assert seconds["probe"] == pytest.approx(600)
    assert {"screen_recording", "fixed_indoor", "surveillance", "ego_with_cuts"} <= set(seconds)
    [cuts] = [case for case in cases if case.control == "ego_with_cuts" and case.seconds > 100]
    assert len(cuts.takes) > 10
    assert cuts.maps is None
    # Files of one life differ; the home does not, which life_shot sees to.
    assert len({case.name for case in cases}) == len(cases)


@pytest.mark.parametrize(
    ("options", "values", "message"),
    [
        (WorldOptions, {"clips": 0}, "greater than or equal to 1"),
        (WorldOptions, {"clips": "many"}, "valid integer"),
        (WorldOptions, {"colour": 1}, "Extra inputs"),
        (LivesOptions, {"hours": -1}, "greater than or equal to 0"),
        (LivesOptions, {"width": 321}, "multiple of 2"),
        (RobotOptions, {"tasks": "juggle"}, "no such task: juggle; there are"),
        (RobotOptions, {"cameras": "chest"}, "cameras chest: choose from head"),
        (SampleOptions, {"clips": 3}, "Extra inputs"),
    ],
)
def test_impossible_options_are_refused(options: type, values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        options.model_validate(values)
