"""People seen from outside: who they are, how they move, what they do, and shots of it."""

from humannet_assets.simulator.people.activities import ACTIVITIES, Activity
from humannet_assets.simulator.people.exo import exo_shot
from humannet_assets.simulator.people.lookalikes import LOOKALIKES, animal_shot, lookalike_shot
from humannet_assets.simulator.people.presets import PEOPLE_PRESETS, people_preset_shot
from humannet_assets.simulator.people.stage import NoFloorError

__all__ = [
    "ACTIVITIES",
    "LOOKALIKES",
    "PEOPLE_PRESETS",
    "Activity",
    "NoFloorError",
    "animal_shot",
    "exo_shot",
    "lookalike_shot",
    "people_preset_shot",
]
