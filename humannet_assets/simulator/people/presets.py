"""Named small cases for the sample library: the same name and generator give the same shot, the person in full view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from humannet_assets.simulator.people.exo import exo_shot
from humannet_assets.simulator.people.filming import CameraKind
from humannet_assets.simulator.places.place import Place
from humannet_assets.simulator.shots import Shot

PRESET_SECONDS = 8.0
"""How long a preset's actions go on."""


@dataclass(frozen=True)
class PeoplePreset:
    """What is done by how many people, and how it is filmed."""

    activities: tuple[str, ...]
    people: int = 1
    camera: CameraKind = "tripod"
    place: str = "living_room"


PEOPLE_PRESETS: Mapping[str, PeoplePreset] = {
    "wave": PeoplePreset(("wave",)),
    "walk_across": PeoplePreset(("walk_across",)),
    "lift_arms": PeoplePreset(("lift_arms",)),
    "carry_box": PeoplePreset(("carry_box",), place="workshop"),
    "two_people": PeoplePreset(("shake_hands",), people=2, camera="handheld", place="office"),
    "sit_drink": PeoplePreset(("sit_drink",), place="cafe"),
    "surveillance": PeoplePreset(("walk", "phone_call"), camera="surveillance", place="station_hall"),
}
"""Every preset by name; `place` is the kind of place it is set in if none is given."""


def people_preset_shot(name: str, rng: np.random.Generator, *, place: Place | None = None) -> Shot:
    """The shot of that name.

    Raises:
        KeyError: No such preset (see `PEOPLE_PRESETS`).
    """
    from humannet_assets.simulator.places import make_place

    if name not in PEOPLE_PRESETS:
        raise KeyError(f"no preset {name!r}; there are {', '.join(PEOPLE_PRESETS)}")
    preset = PEOPLE_PRESETS[name]
    return exo_shot(
        rng,
        duration_s=PRESET_SECONDS,
        place=place or make_place(preset.place, int(rng.integers(1_000_000))),
        activities=preset.activities,
        people=preset.people,
        camera=preset.camera,
        scene=f"exo_{name}",
    )
