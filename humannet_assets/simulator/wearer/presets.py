"""Named small cases for the sample library: the same name and generator give the same shot, hands in full view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from humannet_assets.simulator.places.place import Place
from humannet_assets.simulator.shots import Shot
from humannet_assets.simulator.wearer.ego import ego_shot

PRESET_SECONDS = 8.0
"""How long a preset's actions go on."""


@dataclass(frozen=True)
class Preset:
    """What is done, and whether only one hand is there."""

    activities: tuple[str, ...]
    one_handed: bool


PRESETS: Mapping[str, Preset] = {
    "cups": Preset(("move_cups",), one_handed=False),
    "blocks": Preset(("move_blocks", "stack"), one_handed=False),
    "wipe": Preset(("wipe",), one_handed=True),
    "tray": Preset(("tray",), one_handed=False),
    "pour": Preset(("pour",), one_handed=False),
    "open_drawer": Preset(("open_drawer",), one_handed=True),
    "varied": Preset((), one_handed=False),
}
"""Every preset by name."""


def preset_shot(name: str, rng: np.random.Generator, *, place: Place | None = None) -> Shot:
    """The shot of that name.

    Raises:
        KeyError: No such preset (see `PRESETS`).
    """
    if name not in PRESETS:
        raise KeyError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
    preset = PRESETS[name]
    return ego_shot(
        rng,
        duration_s=PRESET_SECONDS,
        place=place,
        plan=preset.activities or None,
        one_handed=preset.one_handed,
        scene=f"ego_{name}",
    )
