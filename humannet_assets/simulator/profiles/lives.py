"""Profile `lives`: hours of a few people's days, footage that is nobody's life, a diverse pool, and a probe set.

What Single-Life (arXiv 2512.04085) trains and measures on. A life stays in its own home and street, file after file, in one
coordinate frame per place, so that frames of different files can be paired by what they see.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from humannet_assets.media.sidecar import Control
from humannet_assets.simulator.cases import BULK_ENCODING, BULK_QUALITY, Case, Rendered, Take
from humannet_assets.simulator.nobody import control_shot
from humannet_assets.simulator.produce import Profile
from humannet_assets.simulator.shots import Footage, MapSize
from humannet_assets.simulator.wearer import Life, ego_shot, life_shot, walk_shot

Group = Literal["kitchens", "walks", "days"]

GROUPS: dict[Group, tuple[str, ...]] = {
    "kitchens": ("kitchen_homebody", "waiter", "parent_at_play"),
    "walks": ("street_walker", "courier"),
    "days": ("office_worker", "student", "workshop_maker"),
}
"""Habits (`wearer.lives.HABITS`) by the data set whose part they play: HD-Epic, Walking Tours, Anonymous Lives."""

CONTROLS: tuple[Control, ...] = tuple(control for control in get_args(Control) if control != "diverse_pool")


class LivesOptions(BaseModel):
    """How much of what. Hours are hours of footage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0, description="Decides every world, person and action.")
    kitchens: int = Field(default=3, ge=0, le=100, description="Lives at home and at tables (the part HD-Epic plays).")
    walks: int = Field(default=3, ge=0, le=100, description="Lives on foot in streets and parks (Walking Tours).")
    days: int = Field(default=2, ge=0, le=100, description="Lives of work, ways and home (Anonymous Lives).")
    hours: float = Field(default=1.0, ge=0, le=1000, description="Hours of each life.")
    control_hours: float = Field(default=0.5, ge=0, le=1000, description="Hours of each control that is nobody's life.")
    pool_hours: float = Field(default=1.0, ge=0, le=1000, description="Hours of the diverse pool: a new world every file.")
    probe_minutes: float = Field(default=10.0, ge=0, le=10_000, description="Minutes of the probe set, from worlds of no life.")
    file_s: float = Field(default=120.0, ge=5, le=3600, description="Length of a file, seconds.")
    rate: float = Field(default=15.0, ge=1, le=60, description="Frames per second.")
    width: int = Field(default=320, ge=64, le=1920, multiple_of=2)
    height: int = Field(default=240, ge=64, le=1080, multiple_of=2)
    map_every: int = Field(default=5, ge=0, le=1000, description="Depth of every n-th frame; 0 for none.")


def lives_profile(options: LivesOptions) -> Profile:
    """All files of the profile."""
    cases = [*_lives(options), *_controls(options), *_pool(options), *_probe(options)]
    return Profile("lives", options.model_dump(), tuple(cases))


def _lives(options: LivesOptions) -> Iterator[Case]:
    for offset, (group, habits) in enumerate(GROUPS.items()):
        for index in range(getattr(options, group)):
            habit = habits[index % len(habits)]
            life = Life(f"{group}-{index + 1}", options.seed * 1000 + offset * 100 + index, habit)
            for number, seconds in enumerate(_lengths(options.hours, options.file_s)):
                make = partial(_life, life, number, seconds)
                yield _case(
                    f"{life.name}_{number:04d}", number, make, seconds, options, life=life.name, keywords=(group, habit)
                )


def _controls(options: LivesOptions) -> Iterator[Case]:
    for control in CONTROLS:
        for number, seconds in enumerate(_lengths(options.control_hours, options.file_s)):
            seed = _seed(options, control, number)
            name = f"{control}_{number:04d}"
            if control == "ego_with_cuts":
                takes = tuple(_cut_takes(seed, seconds, options))
                yield _case(name, seed, takes, seconds, options, control=control)
            else:
                make = partial(_control, control, seconds, number, options.seed)
                yield _case(name, seed, make, seconds, options, control=control)


def _pool(options: LivesOptions) -> Iterator[Case]:
    for number, seconds in enumerate(_lengths(options.pool_hours, options.file_s)):
        make = partial(_anybody, seconds)
        yield _case(f"pool_{number:04d}", _seed(options, "pool", number), make, seconds, options, control="diverse_pool")


def _probe(options: LivesOptions) -> Iterator[Case]:
    for number, seconds in enumerate(_lengths(options.probe_minutes / 60, options.file_s)):
        make = partial(_anybody, seconds)
        yield _case(f"probe_{number:04d}", _seed(options, "probe", number), make, seconds, options, keywords=("probe",))


def _case(
    name: str, seed: int, footage: partial[Footage] | tuple[Take, ...], seconds: float, options: LivesOptions, *,
    life: str | None = None, control: Control | None = None, keywords: tuple[str, ...] = (),
) -> Rendered:  # fmt: skip
    takes = footage if isinstance(footage, tuple) else (Take(footage, seconds),)
    maps = MapSize(options.map_every, options.width // 4, options.height // 4)
    # Screens have no depth, and the takes of an edit do not begin on whole steps.
    mapped = bool(options.map_every) and control not in {"screen_recording", "ego_with_cuts"}
    return Rendered(
        name, seed, "kept", keywords=keywords, life=life, control=control, takes=takes, rate=options.rate,
        size=(options.width, options.height), encoding=BULK_ENCODING, quality=BULK_QUALITY, maps=maps if mapped else None,
    )  # fmt: skip


def _lengths(hours: float, file_s: float) -> list[float]:
    """Whole files, and a last shorter one if at least 5 s of it are left."""
    total = hours * 3600
    whole = int(total // file_s)
    rest = round(total - whole * file_s, 3)
    return [file_s] * whole + ([rest] if rest >= 5 else [])


def _seed(options: LivesOptions, role: str, number: int) -> int:
    """A seed of its own for each file of each role, apart from those of lives."""
    roles = (*CONTROLS, "pool", "probe")
    return 10_000_000 + (options.seed * len(roles) + roles.index(role)) * 1_000_000 + number


def _life(life: Life, number: int, seconds: float, rng: np.random.Generator) -> Footage:
    return life_shot(life, number, seconds)


def _control(control: Control, seconds: float, number: int, seed: int, rng: np.random.Generator) -> Footage:
    return control_shot(control, rng, duration_s=seconds, number=number, seed=seed)


def _anybody(seconds: float, rng: np.random.Generator) -> Footage:
    """Somebody somewhere: three of four at work, one on foot, each in a world of its own."""
    if rng.random() < 0.25:
        return walk_shot(rng, duration_s=seconds)
    return ego_shot(rng, duration_s=seconds)


def _cut_takes(seed: int, seconds: float, options: LivesOptions) -> Iterator[Take]:
    """First-person takes of 2 to 8 s from everywhere, as in trailers."""
    rng = np.random.default_rng([seed, 3])
    frames = math.floor(seconds * options.rate)
    while frames > 0:
        length = min(frames, int(rng.uniform(2, 8) * options.rate))
        if frames - length < options.rate:
            length = frames
        yield Take(partial(_anybody, length / options.rate), length / options.rate)
        frames -= length
