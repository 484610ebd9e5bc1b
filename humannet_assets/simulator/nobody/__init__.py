"""Footage that shows nobody, and the controls that are nobody's life: still rooms, traffic, screens, fixed cameras."""

from humannet_assets.simulator.nobody.controls import control_shot
from humannet_assets.simulator.nobody.kinds import KINDS, nobody_shot
from humannet_assets.simulator.nobody.screen.recording import ScreenRecording

__all__ = ["KINDS", "ScreenRecording", "control_shot", "nobody_shot"]
