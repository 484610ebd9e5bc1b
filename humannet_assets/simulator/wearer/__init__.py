"""The first-person wearer: shots of hands at work, of walks, of whole lives."""

from humannet_assets.simulator.wearer.ego import ego_shot

__all__ = ["ego_shot"]
