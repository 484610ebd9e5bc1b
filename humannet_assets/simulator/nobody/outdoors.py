"""Outdoors: a lake whose waves roll towards a fixed camera, a park below a drone."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import look_at, rotation
from humannet_assets.simulator.nobody.filmed import filmed
from humannet_assets.simulator.nobody.rigs import fixed, orbit
from humannet_assets.simulator.places import Place, make_place
from humannet_assets.simulator.shots import Shot
from humannet_assets.simulator.world import Light, SceneBuilder, World

_CRESTS = 60
_GRAVITY = 9.81


def water_shot(rng: np.random.Generator, *, duration_s: float) -> Shot:
    """Waves on a lake. Crests are long low ridges that travel as waves in deep water do: speed sqrt(g L / 2 pi)."""
    sky = ((0.45, 0.60, 0.84), (0.90, 0.90, 0.88)) if rng.random() < 0.6 else ((0.52, 0.52, 0.62), (0.98, 0.80, 0.62))
    scene = SceneBuilder(ambient=0.45, sky=sky)
    scene.lights.append(Light((0, 60, 20), (0.1, -0.75, -0.45), (0.6, 0.57, 0.5), directional=True, shadow=False))
    tone = rng.uniform((0.10, 0.26, 0.34), (0.20, 0.40, 0.46))
    ripples = (np.clip(tone * (1 + 0.16 * textures.noise(rng, roughness=0.9, stretch=(5, 1))[..., None]), 0, 1) * 255).astype(
        np.uint8
    )
    scene.surface("water", ripples, (1, 1), uniform=True, shine=0.9)
    scene.surface("crest", np.minimum(ripples * 1.12 + 4, 255).astype(np.uint8), (1, 1), uniform=True, shine=0.9)
    scene.add("lake", "plane", (90, 90, 0.1), "water")
    green = scene.surface("shore", textures.leaves(rng, (0.22, 0.34, 0.18)), (3, 1))
    for i in range(14):
        size = float(rng.uniform(1.2, 3.6))
        scene.add(f"hill{i}", "ellipsoid", (size * 2, 3.0, size), green, (-40 + 6.0 * i + float(rng.uniform(-2, 2)), 41.0, 0.0))
    length = float(rng.uniform(0.9, 1.8))
    height = length * float(rng.uniform(0.035, 0.07))
    speed = math.sqrt(_GRAVITY * length / (2 * math.pi))
    ridges = []
    for i in range(_CRESTS):
        size = (float(rng.uniform(2.5, 7.0)), length * 0.22, height)
        ridges.append(
            (scene.add(f"wave{i}", "ellipsoid", size, "crest"), float(rng.uniform(-1, 1)), float(rng.uniform(0, 6.28)))
        )
    span = _CRESTS * length * 0.5
    buoy = scene.add("buoy", "sphere", (0.28,), scene.color("buoy", (0.85, 0.25, 0.12), 0.4))
    mast = scene.add("buoy_mast", "cylinder", (0.03, 0.5), scene.color("mast", (0.2, 0.2, 0.2)))
    at = np.array([float(rng.uniform(-1.8, 1.8)), float(rng.uniform(5, 10)), 0.0])
    reeds = [
        (
            scene.add(f"reed{i}", "capsule", (0.012, 0.55), scene.color("reed", (0.42, 0.46, 0.2))),
            rng.uniform((-2.6, 2.6), (-0.8, 4.0)),
            float(rng.uniform(0, 6.28)),
        )
        for i in range(int(rng.integers(0, 10)))
    ]

    def move(world: World, time_s: float) -> None:
        # Ripples drift with the wind.
        world.place("lake", (0.1 * time_s % 2, -0.25 * time_s % 2, 0.0))
        for i, (name, x, phase) in enumerate(ridges):
            y = 2.0 + (i * length * 0.5 - speed * time_s) % span
            # Crests come in groups; at the far and the near end they are drawn out of nothing.
            swell = (0.65 + 0.35 * math.sin(phase + 0.5 * time_s)) * min(1.0, (y - 2.0) / length, (2.0 + span - y) / length)
            world.place(name, (x * (2.0 + 0.4 * y) + 0.3 * math.sin(phase), y, height * (swell - 1.0)))
        heave = height * math.sin(2 * math.pi * (at[1] + speed * time_s) / length)
        roll = rotation((1, 0.3, 0), 0.16 * math.cos(2 * math.pi * speed * time_s / length))
        world.place(buoy, at + (0, 0, 0.05 + heave))
        world.place(mast, at + (0, 0, 0.05 + heave) + roll @ (0, 0, 0.6), roll)
        for name, foot, phase in reeds:
            lean = rotation((0, 1, 0), 0.1 + 0.12 * math.sin(1.3 * time_s + phase))
            world.place(name, (foot[0], foot[1], 0.0) + lean @ (0, 0, 0.4), lean)

    pose = look_at((0, 0, rng.uniform(1.1, 2.2)), (rng.uniform(-1, 1), 12.0, rng.uniform(-0.4, 0.8)))
    text = "Waves on a lake, filmed by a fixed camera. Nobody is there."
    return filmed("water", text, "outdoor", scene, fixed(pose), movers=[move], fov_deg=float(rng.uniform(42, 58)))


def orbit_shot(rng: np.random.Generator, *, duration_s: float, place: Place | None = None) -> Shot:
    """A drone circles above the middle of a park, over its lamps and among its highest trees.

    Args:
        rng: Source of everything.
        duration_s: How long; the circling has no end.
        place: Where, outdoors and with spots; a park is drawn if None.
    """
    place = place or make_place("park", int(rng.integers(1_000_000)))
    middle = np.mean([spot.position for spot in place.spots], axis=0)
    rig = orbit(rng, (*middle, 0.0), radius_m=float(rng.uniform(7, 11)), height_m=float(rng.uniform(6, 9)))
    kind = place.name.split("/")[0].replace("_", " ")
    text = f"A drone circles above a {kind}. Nobody is there."
    return filmed(
        "drone_orbit", text, place.environment, place.builder, rig, fov_deg=float(rng.uniform(50, 65)), world=place.name
    )
