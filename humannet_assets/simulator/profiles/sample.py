"""Profile `sample`: the committed sample library. Every kind of case once, small enough to lie in the repository."""

from __future__ import annotations

from functools import partial

import numpy as np
from pydantic import BaseModel, ConfigDict

from humannet_assets.simulator.cases import BULK_QUALITY, Case, MakeFootage, Recoded, Rendered, Take, TextFile, Truncated
from humannet_assets.simulator.encoding import Encoding
from humannet_assets.simulator.nobody import control_shot, nobody_shot
from humannet_assets.simulator.people import people_preset_shot
from humannet_assets.simulator.places import make_place
from humannet_assets.simulator.produce import Profile
from humannet_assets.simulator.shots import Footage, MapSize
from humannet_assets.simulator.wearer import Life, life_shot, preset_shot, walk_shot

SMALL, MEDIUM, LARGE = (320, 240), (480, 360), (640, 480)
LIFE_S = 15.0
LIVES = (Life("anna", 101, "kitchen_homebody"), Life("ben", 102, "street_walker"))
"""Two lives in miniature: one at home, one in the street."""


class SampleOptions(BaseModel):
    """None: the sample library is what it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def sample_profile(options: SampleOptions) -> Profile:
    """All files of the sample library, in the order they are made: one that is made from another stands after it."""
    return Profile("sample", options.model_dump(), (*_ego(), *_exo(), *_nobody(), *_odd(), *_lives()))


def _clip(
    name: str, seed: int, make: MakeFootage, seconds: float, *, size: tuple[int, int] = MEDIUM, rate: float = 15.0,
    keywords: tuple[str, ...] = (), rejected: str = "", variable: bool = False, blur: float = 0.0,
) -> Rendered:  # fmt: skip
    outcome = "rejected" if rejected else "kept"
    return Rendered(
        name, seed, outcome, (rejected,) if rejected else (), keywords, takes=(Take(make, seconds),), rate=rate, size=size,
        variable_rate=variable, blur_sigma_px=blur,
    )  # fmt: skip


def _ego() -> list[Case]:
    hands = ("table", "hands")
    return [
        _clip("ego_hands_cups", 11, partial(_hands, "cups", "kitchen"), 7.6, size=LARGE, keywords=(*hands, "kitchen")),
        _clip("ego_hands_blocks", 12, partial(_hands, "blocks", "living_room"), 7.6, rate=24.0, keywords=hands),
        _clip("ego_hands_wipe", 13, partial(_hands, "wipe", "cafe"), 7.6, keywords=hands),
        _clip("ego_hands_tray", 14, partial(_hands, "tray", "kitchen"), 7.4, size=LARGE, keywords=(*hands, "kitchen")),
        _clip("ego_hands_pour", 15, partial(_hands, "pour", "kitchen"), 7.6, keywords=(*hands, "kitchen")),
        _clip("ego_hands_drawer", 16, partial(_hands, "open_drawer", "office"), 6.0, keywords=(*hands, "office")),
        _clip("ego_walk_corridor", 21, partial(_walk, "corridor"), 8.0, keywords=("walking", "corridor")),
        _clip("ego_walk_street", 22, partial(_walk, "street"), 8.0, size=(640, 360), keywords=("walking", "street")),
    ]


def _exo() -> list[Case]:
    room = ("living room",)
    return [
        _clip("exo_walk_across", 31, partial(_person, "walk_across", "living_room"), 7.0, keywords=room),
        _clip("exo_wave", 32, partial(_person, "wave", "living_room"), 6.2, keywords=room),
        _clip("exo_lift_arms", 33, partial(_person, "lift_arms", "park"), 6.6, rate=24.0, keywords=("park",)),
        _clip("exo_carry_box", 34, partial(_person, "carry_box", "workshop"), 7.4, keywords=("workshop",)),
        _clip("exo_two_people", 35, partial(_person, "two_people", "office"), 7.0, keywords=("office",)),
        _clip("exo_sit_drink", 36, partial(_person, "sit_drink", "cafe"), 7.0, keywords=("cafe",)),
    ]


def _nobody() -> list[Case]:
    return [
        _clip("empty_room_light", 421, partial(_empty, "light_fades"), 6.0, rejected="no_people", keywords=("living room",)),
        _clip(
            "empty_room_ball",
            42,
            partial(_empty, "ball_rolls"),
            6.4,
            size=SMALL,
            rejected="no_people",
            keywords=("living room",),
        ),
        _clip("static_table", 43, partial(_empty, "still_table"), 5.0, rejected="static", keywords=("table",)),
        _clip("tripod_pan", 44, partial(_empty, "tripod_pan"), 6.0, size=SMALL, rejected="no_people"),
        _clip("dashcam", 45, partial(_empty, "dashcam"), 6.0, size=SMALL, rejected="no_people", keywords=("street",)),
        _clip("traffic", 46, partial(_empty, "traffic"), 6.0, size=SMALL, rejected="no_people", keywords=("street",)),
        _clip("screen", 47, partial(_empty, "screen_recording"), 6.0, size=LARGE, rejected="no_people"),
    ]


_EDIT = (
    Take(partial(preset_shot, "varied"), 2.4),
    Take(partial(people_preset_shot, "lift_arms"), 2.4),
    Take(partial(walk_shot, duration_s=2.0), 2.0),
    Take(partial(nobody_shot, "ball_rolls", duration_s=2.0), 2.0),
    Take(partial(people_preset_shot, "wave"), 2.4, "fade"),
)


def _odd() -> list[Case]:
    return [
        Rendered("edit_five_shots", 51, "kept", takes=_EDIT, size=MEDIUM),
        Recoded(
            "near_duplicate_cups", 61, "duplicate", ("re-encoded, rescaled and trimmed",), ("table", "hands"),
            source="ego_hands_cups", size=MEDIUM, trim=(8, 10), encoding=Encoding(crf=33, keyframe_interval=30),
        ),
        Recoded(
            "rotated_duplicate_wave", 62, "duplicate", ("stored on its side with a rotation flag",), ("living room",),
            source="exo_wave", rotation_deg=90, encoding=Encoding(crf=29),
        ),
        _clip("blurred_hands", 71, partial(_hands, "varied", "kitchen"), 5.6, keywords=("table", "hands"), rejected="blurred",
              blur=7.0),
        _clip("vfr_hands", 72, partial(_hands, "varied", "laboratory"), 6.0, keywords=("table", "hands"), variable=True),
        Truncated("corrupt_truncated", 81, "unreadable", ("truncated",), source="exo_walk_across"),
        TextFile("not_a_video", 82, "unreadable", ("not a video",)),
    ]  # fmt: skip


def _lives() -> list[Case]:
    """Two files of each life with depth, an hour's worth of nothing else in the world to compare with, and a probe."""
    shared = {"size": SMALL, "quality": BULK_QUALITY}
    maps = MapSize(5, 80, 60)
    cases: list[Case] = [
        Rendered(
            f"life_{life.name}_{number}", number, "kept", keywords=("life",), life=life.name, maps=maps,
            takes=(Take(partial(_life, life, number), LIFE_S),), **shared,
        )
        for life in LIVES
        for number in range(2)
    ]  # fmt: skip
    control = partial(_surveillance, LIFE_S)
    cases.append(Rendered("control_surveillance", 91, "kept", control="surveillance", takes=(Take(control, LIFE_S),), **shared))
    cases.append(
        Rendered("probe", 92, "kept", keywords=("probe",), takes=(Take(partial(_walk, "market"), 10.0),), maps=maps, **shared)
    )
    return cases


def _hands(preset: str, kind: str, rng: np.random.Generator) -> Footage:
    return preset_shot(preset, rng, place=make_place(kind, int(rng.integers(1_000_000))))


def _walk(kind: str, rng: np.random.Generator) -> Footage:
    return walk_shot(rng, duration_s=12.0, place=make_place(kind, int(rng.integers(1_000_000))), carries=False)


def _person(preset: str, kind: str, rng: np.random.Generator) -> Footage:
    return people_preset_shot(preset, rng, place=make_place(kind, int(rng.integers(1_000_000))))


def _empty(kind: str, rng: np.random.Generator) -> Footage:
    return nobody_shot(kind, rng, duration_s=8.0)


def _life(life: Life, number: int, rng: np.random.Generator) -> Footage:
    return life_shot(life, number, LIFE_S)


def _surveillance(seconds: float, rng: np.random.Generator) -> Footage:
    return control_shot("surveillance", rng, duration_s=seconds, number=4)
