"""Small generated places made of the sample library's scenery, by kind and seed: what lives and shots use by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import rotation
from humannet_assets.simulator.places import samples
from humannet_assets.simulator.places.place import Place, Station
from humannet_assets.simulator.places.samples import TABLE_TOP_M, TableLook, TableTop

_TOPS: Mapping[str, tuple[TableTop, ...]] = {
    "kitchen_table": ("tiles", "white"), "dining_table": ("wood", "cloth"), "desk": ("wood", "white"),
    "workbench": ("dark_wood", "wood"),
}  # fmt: skip
_ENVIRONMENTS: Mapping[str, str] = {
    "kitchen_table": "home", "dining_table": "home", "desk": "work_study", "workbench": "work_study",
    "corridor": "work_study", "street": "outdoor",
}  # fmt: skip

KINDS: tuple[str, ...] = tuple(_ENVIRONMENTS)
"""Kinds of places there are."""

TABLES: tuple[str, ...] = tuple(_TOPS)
"""Those of them that one can work at."""

PlaceMaker = Callable[[str, int], Place]


def sample_place(kind: str, seed: int) -> Place:
    """The place of that kind and seed: the same every time, built afresh so that props can be added.

    Raises:
        KeyError: No such kind (see `KINDS`).
    """
    if kind not in _ENVIRONMENTS:
        raise KeyError(f"no place of kind {kind!r}; there are {', '.join(KINDS)}")
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind == "corridor":
        scene = samples.corridor(rng)
        scene.wall("near_wall", (-1.1, -1.9), (1.1, -1.9), 2.6, "end")
        return Place(f"{kind}/{seed}", "work_study", scene, routes=[np.array([[0.0, 0.3], [0.1, 7.0], [-0.1, 13.0]])])
    if kind == "street":
        return Place(
            f"{kind}/{seed}", "outdoor", samples.street(rng), routes=[np.array([[0.1, 0.0], [0.0, 12.0], [0.2, 24.0]])]
        )
    return _table_room(rng, kind, seed)


def _table_room(rng: np.random.Generator, kind: str, seed: int) -> Place:
    """A room with a table that can be walked around and worked at from two sides."""
    wall = tuple(float(value) for value in rng.uniform(0.45, 0.85, 3))
    warm, level = float(rng.uniform(0.86, 1.0)), float(rng.uniform(0.45, 0.66))
    light = (level, level * (0.5 + 0.5 * warm), level * warm * 0.92)
    tops = _TOPS[kind]
    look = TableLook(
        tops[int(rng.integers(len(tops)))], (wall[0], wall[1], wall[2]), light,
        ambient=float(rng.uniform(0.36, 0.5)), lamp_side=float(rng.choice((-1.0, 1.0))),
    )  # fmt: skip
    scene = samples.table(rng, look)
    scene.wall("wall_front", (-3, -2.0), (3, -2.0), 2.6, "wall")
    ceiling = scene.surface("ceiling", textures.plaster(rng), (0.6, 0.6), uniform=True)
    scene.add("ceiling", "plane", (3, 3, 0.1), ceiling, (0, 0, 2.6), frame=rotation((1, 0, 0), np.pi))
    stations = [
        Station(f"{kind}_near", kind.replace("_", " "), (-0.38, 0.0), 0.0, TABLE_TOP_M),
        Station(f"{kind}_far", kind.replace("_", " "), (0.38, 1.04), np.pi, TABLE_TOP_M),
    ]
    around = [
        (-0.9, -0.7),
        (0.0, -0.65),
        (1.35, -0.6),
        (1.45, 0.5),
        (1.3, 1.5),
        (0.0, 1.55),
        (-1.3, 1.5),
        (-1.45, 0.5),
        (-1.3, -0.6),
    ]
    return Place(f"{kind}/{seed}", _ENVIRONMENTS[kind], scene, stations, [np.array(around)])
