"""The first-person wearer: shots of hands at work, of walks, of whole lives."""

from humannet_assets.simulator.wearer.ego import ego_shot
from humannet_assets.simulator.wearer.lives import HABITS, Habit, Life, life_shot
from humannet_assets.simulator.wearer.presets import PRESETS, preset_shot
from humannet_assets.simulator.wearer.walking import walk_shot

__all__ = ["HABITS", "PRESETS", "Habit", "Life", "ego_shot", "life_shot", "preset_shot", "walk_shot"]
