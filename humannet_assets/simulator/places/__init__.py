"""Where people live and work: generated worlds with stations to act at, routes to walk and spots to stand on."""

from humannet_assets.simulator.places.catalogue import PLACES, Kind, PlaceMaker, make_place
from humannet_assets.simulator.places.place import Place, Spot, Station, Viewpost

__all__ = ["PLACES", "Kind", "Place", "PlaceMaker", "Spot", "Station", "Viewpost", "make_place"]
