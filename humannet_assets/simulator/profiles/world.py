"""Profile `world`: a mixture of everything the graph has to tell apart, freshly drawn, to measure every stage on.

Shares are ours: every verdict is there often enough to be measured (a third of the clips shows nobody or is of no use), and
within each part everything is drawn. Another seed gives other worlds, people, actions and cameras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from humannet_assets.simulator.cases import (
    BULK_ENCODING,
    Case,
    MakeFootage,
    Recoded,
    Rendered,
    Take,
    TextFile,
    Truncated,
)
from humannet_assets.simulator.encoding import Encoding
from humannet_assets.simulator.nobody import KINDS, nobody_shot
from humannet_assets.simulator.people import LOOKALIKES, exo_shot, lookalike_shot
from humannet_assets.simulator.produce import Profile
from humannet_assets.simulator.robot.human import human_task_shot
from humannet_assets.simulator.robot.tasks import TASKS
from humannet_assets.simulator.shots import Footage
from humannet_assets.simulator.wearer import ego_shot, walk_shot
from humannet_assets.simulator.world import RenderQuality

SHARES: Mapping[str, float] = {
    "ego_hands": 0.26, "ego_task": 0.04, "ego_walk": 0.10, "exo": 0.26, "nobody": 0.16, "lookalike": 0.03, "blurred": 0.03,
    "edit": 0.06, "duplicate": 0.06,
}  # fmt: skip
"""Share of the files by part."""

SIZES: Sequence[tuple[int, int]] = ((640, 480), (480, 360), (640, 360), (320, 240), (360, 480))
SIZE_SHARES = (0.4, 0.25, 0.2, 0.1, 0.05)
RATES, RATE_SHARES = (15.0, 24.0, 30.0), (0.75, 0.15, 0.10)
CAMERAS: Sequence[Literal["tripod", "handheld", "pan"]] = ("tripod", "handheld", "pan")
QUALITY = RenderQuality(shadow_size=1536, samples=2, slices=14, stacks=8)
"""Soft edges, as cameras make them."""
BLUR_OF_WIDTH = 1 / 70
"""Standard deviation of a hopeless blur as a share of the picture's width."""
VARIABLE_SHARE = 0.08
MOST_GRAIN = 3.0
"""Noise of a picture in 8-bit levels: none to that of a phone indoors."""


class WorldOptions(BaseModel):
    """How much, and which world."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0, description="Decides everything that is drawn.")
    clips: int = Field(default=200, ge=1, le=100_000, description="Number of video files; two broken ones come on top.")
    seconds: float = Field(default=6.0, ge=2, le=60, description="Length of a file, give or take a quarter.")


def world_profile(options: WorldOptions) -> Profile:
    """All files of the profile."""
    rng = np.random.default_rng([options.seed, 100])
    parts = _quota(options.clips)
    order = [str(part) for part in rng.permutation([part for part, count in parts.items() for _ in range(count)])]
    cases: list[Case] = []
    copied: list[tuple[str, int]] = []
    for number, part in enumerate(order):
        name, seed = f"{number:04d}_{part}", options.seed * 1_000_000 + number
        if part == "duplicate":
            copied.append((name, seed))
        else:
            cases.append(_MAKERS[part](rng, name, seed, options.seconds))
    originals = [case for case in cases if isinstance(case, Rendered) and case.outcome == "kept" and len(case.takes) == 1]
    if originals:
        # Everything after its original: a duplicate is made from the finished file.
        cases += [_duplicate(rng, name, seed, originals) for name, seed in copied]
        broken = originals[int(rng.integers(len(originals)))]
        cases.append(Truncated("broken_copy", options.seed, "unreadable", ("truncated",), source=broken.name))
    cases.append(TextFile("broken_text", options.seed, "unreadable", ("not a video",)))
    return Profile("world", options.model_dump(), tuple(cases))


def _quota(clips: int) -> dict[str, int]:
    """Files by part: shares rounded down, the rest to the largest remainders."""
    exact = {part: share * clips for part, share in SHARES.items()}
    counts = {part: int(value) for part, value in exact.items()}
    for part in sorted(exact, key=lambda part: counts[part] - exact[part])[: clips - sum(counts.values())]:
        counts[part] += 1
    return counts


@dataclass(frozen=True)
class _Draw:
    """What differs between two files of the same content."""

    duration_s: float
    size: tuple[int, int]
    rate: float
    variable: bool
    grain: float

    @classmethod
    def of(cls, rng: np.random.Generator, seconds: float) -> _Draw:
        rate = float(rng.choice(RATES, p=RATE_SHARES))
        frames = round(float(rng.uniform(0.75, 1.25)) * seconds * rate)
        size = SIZES[int(rng.choice(len(SIZES), p=SIZE_SHARES))]
        variable = bool(rate == 15.0 and rng.random() < VARIABLE_SHARE)
        grain = float(round(rng.uniform(0, MOST_GRAIN), 1)) if rng.random() < 0.5 else 0.0
        return cls(frames / rate, size, rate, variable, grain)


def _rendered(name: str, seed: int, draw: _Draw, *takes: Take, keep: bool = True, reason: str = "") -> Rendered:
    return Rendered(
        name, seed, "kept" if keep else "rejected", () if keep else (reason,), takes=takes, rate=draw.rate, size=draw.size,
        variable_rate=draw.variable, grain_levels=draw.grain, encoding=BULK_ENCODING, quality=QUALITY,
    )  # fmt: skip


def _single(
    make: Callable[[np.random.Generator, float], MakeFootage], rng: np.random.Generator, name: str, seed: int, seconds: float
) -> Rendered:
    draw = _Draw.of(rng, seconds)
    return _rendered(name, seed, draw, Take(make(rng, draw.duration_s), draw.duration_s))


def _nobody_case(rng: np.random.Generator, name: str, seed: int, seconds: float) -> Rendered:
    draw = _Draw.of(rng, seconds)
    return _rendered(name, seed, draw, Take(_nobody(rng, draw.duration_s), draw.duration_s), keep=False, reason="no_people")


def _lookalike_case(rng: np.random.Generator, name: str, seed: int, seconds: float) -> Rendered:
    draw = _Draw.of(rng, seconds)
    make = partial(
        _make_lookalike,
        str(rng.choice(sorted(LOOKALIKES))),
        draw.duration_s,
    )
    return _rendered(name, seed, draw, Take(make, draw.duration_s), keep=False, reason="no_people")


def _blurred_case(rng: np.random.Generator, name: str, seed: int, seconds: float) -> Rendered:
    draw = _Draw.of(rng, seconds)
    make = (_hands if rng.random() < 0.6 else _exo)(rng, draw.duration_s)
    case = _rendered(name, seed, draw, Take(make, draw.duration_s), keep=False, reason="blurred")
    return replace(case, blur_sigma_px=round(draw.size[0] * BLUR_OF_WIDTH, 2), grain_levels=0.0)


def _edit_case(rng: np.random.Generator, name: str, seed: int, seconds: float) -> Rendered:
    """Two to four takes of anything, one of them with people."""
    draw = replace(_Draw.of(rng, seconds), variable=False)
    makers = (_hands, _walk, _exo, _filmed_nobody)
    chosen = [(_hands, _exo)[int(rng.integers(2))], *(makers[int(rng.integers(4))] for _ in range(int(rng.integers(1, 4))))]
    takes = []
    for index in rng.permutation(len(chosen)):
        length = round(float(rng.uniform(2.2, 4.0)) * draw.rate) / draw.rate
        takes.append(Take(chosen[index](rng, length), length, "fade" if takes and rng.random() < 0.25 else "cut"))
    return _rendered(name, seed, draw, *takes)


def _duplicate(rng: np.random.Generator, name: str, seed: int, originals: Sequence[Rendered]) -> Recoded:
    source = originals[int(rng.integers(len(originals)))]
    width, height = source.size
    changes = rng.random(4) < (0.6, 0.5, 0.3, 0.25)
    trim = (int(rng.integers(3, 12)), int(rng.integers(3, 12))) if changes[1] else (0, 0)
    return Recoded(
        name, seed, "duplicate", ("copy",), source=source.name,
        size=(round(width * 0.375) * 2, round(height * 0.375) * 2) if changes[0] else None, trim=trim,
        rotation_deg=(90, 180, 270)[int(rng.integers(3))] if changes[2] else 0, mirrored=bool(changes[3]),
        encoding=Encoding(crf=int(rng.integers(28, 36)), keyframe_interval=30, preset="veryfast"),
    )  # fmt: skip


def _hands(rng: np.random.Generator, seconds: float) -> MakeFootage:
    return partial(_make_hands, seconds)


def _task(rng: np.random.Generator, seconds: float) -> MakeFootage:
    tasks = sorted(TASKS)
    return partial(_make_task, tasks[int(rng.integers(len(tasks)))], int(rng.integers(1_000_000)))


def _walk(rng: np.random.Generator, seconds: float) -> MakeFootage:
    return partial(_make_walk, seconds)


def _exo(rng: np.random.Generator, seconds: float) -> MakeFootage:
    people = int(rng.choice((1, 2, 3), p=(0.7, 0.25, 0.05)))
    return partial(_make_exo, seconds, people, CAMERAS[int(rng.choice(3, p=(0.5, 0.25, 0.25)))])


def _nobody(rng: np.random.Generator, seconds: float) -> MakeFootage:
    kinds = sorted(KINDS)
    return partial(_make_nobody, kinds[int(rng.integers(len(kinds)))], seconds)


def _filmed_nobody(rng: np.random.Generator, seconds: float) -> MakeFootage:
    """By a camera: screens have no field of view that the other takes of an edit could share."""
    kinds = sorted(name for name, kind in KINDS.items() if kind.group != "screen")
    return partial(_make_nobody, kinds[int(rng.integers(len(kinds)))], seconds)


def _make_hands(seconds: float, rng: np.random.Generator) -> Footage:
    return ego_shot(rng, duration_s=seconds)


def _make_task(task: str, task_seed: int, rng: np.random.Generator) -> Footage:
    return human_task_shot(task, task_seed)


def _make_walk(seconds: float, rng: np.random.Generator) -> Footage:
    return walk_shot(rng, duration_s=seconds)


def _make_exo(
    seconds: float, people: int, camera: Literal["tripod", "handheld", "pan"], rng: np.random.Generator
) -> Footage:  # fmt: skip
    return exo_shot(rng, duration_s=seconds, people=people, camera=camera)


def _make_nobody(kind: str, seconds: float, rng: np.random.Generator) -> Footage:
    return nobody_shot(kind, rng, duration_s=seconds)


def _make_lookalike(kind: str, seconds: float, rng: np.random.Generator) -> Footage:
    return lookalike_shot(kind, rng, duration_s=seconds)


_MAKERS: Mapping[str, Callable[[np.random.Generator, str, int, float], Rendered]] = {
    "ego_hands": partial(_single, _hands),
    "ego_task": partial(_single, _task),
    "ego_walk": partial(_single, _walk),
    "exo": partial(_single, _exo),
    "nobody": _nobody_case,
    "lookalike": _lookalike_case,
    "blurred": _blurred_case,
    "edit": _edit_case,
}
