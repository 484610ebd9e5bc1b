"""Every kind of footage that shows nobody, by name: what a mixture is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import numpy as np

from humannet_assets.simulator.nobody.indoor import room_shot, table_shot, vacuum_shot
from humannet_assets.simulator.nobody.movers import MOVERS
from humannet_assets.simulator.nobody.outdoors import orbit_shot, water_shot
from humannet_assets.simulator.nobody.rail import train_shot
from humannet_assets.simulator.nobody.screen.recording import ScreenRecording
from humannet_assets.simulator.nobody.traffic import dashcam_shot, drone_shot, traffic_shot
from humannet_assets.simulator.shots import Footage

Group = Literal["still", "light", "moves", "camera", "traffic", "screen"]


class MakeNobody(Protocol):
    """Makes footage of that length; everything is drawn from the generator."""

    def __call__(self, rng: np.random.Generator, *, duration_s: float) -> Footage:
        """Plan it."""
        ...


@dataclass(frozen=True)
class Kind:
    """How footage of a kind is made.

    `group` is why it should not be taken for human footage: nothing moves, only the light changes, something moves by itself, a
    camera moves that nobody wears, traffic, a screen.
    """

    group: Group
    make: MakeNobody


def _screen(rng: np.random.Generator, *, duration_s: float) -> Footage:
    return ScreenRecording(rng, duration_s)


KINDS: Mapping[str, Kind] = {
    "still_table": Kind("still", table_shot),
    "still_room": Kind("still", room_shot),
    "light_fades": Kind("light", partial(room_shot, light="fades")),
    "light_switches": Kind("light", partial(room_shot, light="switches")),
    **{name: Kind("moves", partial(room_shot, movers=(name,))) for name in MOVERS},
    "water": Kind("moves", water_shot),
    "tripod_pan": Kind("camera", partial(room_shot, camera="pan")),
    "slider": Kind("camera", partial(room_shot, camera="slider")),
    "slider_table": Kind("camera", partial(table_shot, slider=True)),
    "push_in": Kind("camera", partial(room_shot, camera="push_in")),
    "robot_vacuum": Kind("camera", vacuum_shot),
    "dashcam": Kind("camera", dashcam_shot),
    "drone": Kind("camera", drone_shot),
    "drone_orbit": Kind("camera", orbit_shot),
    "traffic": Kind("traffic", traffic_shot),
    "traffic_surveillance": Kind("traffic", partial(traffic_shot, surveillance=True)),
    "train": Kind("traffic", train_shot),
    "screen_recording": Kind("screen", _screen),
}
"""Every kind by name."""


def nobody_shot(kind: str, rng: np.random.Generator, *, duration_s: float) -> Footage:
    """Footage of a kind without people: human_centric False, viewpoint "none".

    Raises:
        KeyError: No such kind (see `KINDS`).
    """
    if kind not in KINDS:
        raise KeyError(f"no footage of kind {kind!r}; there are {', '.join(KINDS)}")
    return KINDS[kind].make(rng, duration_s=duration_s)
