"""The controls of Single-Life that are nobody's life: hours of a screen, of a fixed camera in a room, of a surveillance camera.

A camera that hangs films a file an hour for a day, then another camera follows: file `number` is hour `number % 24` of camera
`number // 24`, the first one at seven in the morning. Place, camera and lens stay the same for all files of a camera; the hour
decides the light, and what lies about is moved between visits, so that the picture's content changes while its geometry
does not.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Control
from humannet_assets.simulator.cameras import look_at
from humannet_assets.simulator.nobody.filmed import Lighting, Mover, filmed
from humannet_assets.simulator.nobody.indoor import draw_room, lay, stand
from humannet_assets.simulator.nobody.movers import MOVERS
from humannet_assets.simulator.nobody.movers.stage import Stage
from humannet_assets.simulator.nobody.passers import Way, passing, visiting
from humannet_assets.simulator.nobody.rigs import fixed
from humannet_assets.simulator.nobody.road import Road
from humannet_assets.simulator.nobody.screen.recording import ScreenRecording
from humannet_assets.simulator.nobody.traffic import draw_roadside, traffic
from humannet_assets.simulator.places import Place, make_place
from humannet_assets.simulator.shots import Footage, Shot
from humannet_assets.simulator.world import SceneBuilder

HOURS_PER_CAMERA = 24
FIRST_HOUR = 7
VISIT_HOURS = 3
"""How long things lie where they are before somebody moves them."""

VISITED_SHARE = 0.3
"""Share of the files of a room, by day, in which somebody is there."""

PUBLIC = ("station_hall", "shop", "market", "corridor")
"""Kinds of places where surveillance cameras hang; half of them hang above a road."""

_FIXED_INDOOR, _SURVEILLANCE = 1, 2


def control_shot(control: Control, rng: np.random.Generator, *, duration_s: float, number: int, seed: int = 0) -> Footage:
    """One file of a control.

    Args:
        control: `screen_recording`, `fixed_indoor` or `surveillance`.
        rng: Decides what happens in this file.
        duration_s: How long.
        number: Which file it is, from 0: decides camera and hour.
        seed: Decides the cameras; the same for all files of a control.

    Raises:
        ValueError: A control that is put together from other footage (`ego_with_cuts`, `diverse_pool`).
    """
    if control == "screen_recording":
        return ScreenRecording(rng, duration_s)
    if control == "fixed_indoor":
        return _fixed_indoor(rng, duration_s, number, seed)
    if control == "surveillance":
        return _surveillance(rng, duration_s, number, seed)
    raise ValueError(
        f"{control} is edited from takes of other footage; screen_recording, fixed_indoor and surveillance are made here"
    )


def _camera(role: int, number: int, seed: int) -> np.random.Generator:
    """The generator of everything that stays the same for all files of a camera."""
    return np.random.default_rng([seed, role, number // HOURS_PER_CAMERA])


def hour_of(number: int) -> float:
    """Hour of the day, 0..24, that a file is filmed at."""
    return float((FIRST_HOUR + number) % 24)


def daylight(hour: float, *, night: float = 0.3) -> npt.NDArray[np.float64]:
    """Factor (red, green, blue) of the lamps at an hour: `night` in the dark, 1 by day, warmer at dusk and dawn."""
    rise, fall = (hour - 6.0) / 2.0, (20.5 - hour) / 2.0
    day = float(np.clip(min(rise, fall), 0.0, 1.0))
    day = day * day * (3 - 2 * day)
    warm = 4 * day * (1 - day)
    return (night + (1 - night) * day) * np.array([1.0, 1 - 0.06 * warm, 1 - 0.18 * warm])


def _hourly(rng: np.random.Generator, number: int, duration_s: float, *, night: float) -> Lighting:
    """The light of an hour: it goes on from one hour to the next, and clouds pass before the sun."""
    hour = hour_of(number)
    first, last = daylight(hour, night=night), daylight(hour + min(1.0, duration_s / 3600), night=night)
    rates, phases = rng.uniform(0.005, 0.06, 3) * 2 * math.pi, rng.uniform(0, 2 * math.pi, 3)
    clouds = float(rng.uniform(0.0, 0.05)) * float(first[0])

    def factor(time_s: float) -> npt.NDArray[np.float64]:
        share = time_s / max(duration_s, 1.0)
        return first + (last - first) * share + clouds * float(np.sin(rates * time_s + phases).mean())

    return factor


def _fixed_indoor(rng: np.random.Generator, duration_s: float, number: int, seed: int) -> Shot:
    """A camera on a shelf or in a corner of a room, for a day."""
    camera = _camera(_FIXED_INDOOR, number, seed)
    place = draw_room(camera)
    posts = [*place.tripods, *place.surveillance]
    post = posts[int(camera.integers(len(posts)))]
    pose, fov = look_at(post.eye, post.target), float(camera.uniform(52, 70))
    night = float(camera.uniform(0.25, 0.5))
    arrangement = np.random.default_rng([seed, number // VISIT_HOURS])
    for index, station in enumerate(place.stations[:2]):
        lay(camera, place, station, 6, name=f"left{index}", arrangement=arrangement)
    movers = _visitors_things(arrangement, rng, place)
    hour = hour_of(number)
    kind = place.name.split("/")[0].replace("_", " ")
    visitor = None
    if 8 <= hour <= 21 and place.routes and rng.random() < VISITED_SHARE:
        visitor = visiting(rng, place.builder, place.routes[0], duration_s)
    text = f"A fixed camera in a {kind} at {hour:.0f} o'clock. "
    text += "Nobody is there." if visitor is None else "Somebody walks about and stands."
    light = _hourly(rng, number, duration_s, night=night)
    return filmed(
        "fixed_indoor", text, place.environment, place.builder, fixed(pose), movers=movers, lighting=light, fov_deg=fov,
        world=place.name, people=visitor, human_centric=visitor is not None,
    )  # fmt: skip


def _visitors_things(arrangement: np.random.Generator, rng: np.random.Generator, place: Place) -> list[Mover]:
    """Now and then something that moves by itself has been left on the floor: a fan, a plant, a toy, the dog."""
    names = ("fan_turns", "plant_sways", "toy_train", "dog_rests")
    if not place.spots or arrangement.random() < 0.5:
        return []
    name = names[int(arrangement.integers(len(names)))]
    spot = stand(place, int(arrangement.integers(len(place.spots))), place.tripods[0])
    return [MOVERS[name].make(rng, Stage(place.builder, spot, name))]


def _surveillance(rng: np.random.Generator, duration_s: float, number: int, seed: int) -> Shot:
    """A camera high above a street or in the corner of a public place, for a day of who and what passes."""
    camera = _camera(_SURVEILLANCE, number, seed)
    if camera.random() < 0.5:
        return _street(camera, rng, duration_s, number, f"surveillance/{seed}-{number // HOURS_PER_CAMERA}")
    place = make_place(str(camera.choice(PUBLIC)), int(camera.integers(1_000_000)))
    post = place.surveillance[int(camera.integers(len(place.surveillance)))]
    pose, fov = look_at(post.eye, post.target), float(camera.uniform(62, 80))
    hour, night = hour_of(number), float(camera.uniform(0.35, 0.6))
    people = None
    if 7 <= hour <= 22 and rng.random() < 0.5:
        people = visiting(rng, place.builder, place.routes[int(rng.integers(len(place.routes)))], duration_s)
    _darken(place.builder, hour)
    kind = place.name.split("/")[0].replace("_", " ")
    text = f"A surveillance camera in a {kind} at {hour:.0f} o'clock. "
    text += "Nobody is there." if people is None else "Somebody passes."
    return filmed(
        "surveillance", text, place.environment, place.builder, fixed(pose), fov_deg=fov, world=place.name, people=people,
        lighting=_hourly(rng, number, duration_s, night=night),
    )  # fmt: skip


def _street(camera: np.random.Generator, rng: np.random.Generator, duration_s: float, number: int, name: str) -> Shot:
    site, hour = draw_roadside(camera, surveillance=True), hour_of(number)
    night = float(camera.uniform(0.3, 0.5))
    flow = traffic(rng, site.road, duration_s)
    count = int(rng.integers(0, 3)) if site.road.style != "country" and 7 <= hour <= 22 else 0
    ways = [_pavement(rng, site.road) for _ in range(count)]
    people = passing(rng, site.road.scene, ways, duration_s, text="person walks along the pavement") if ways else None
    _darken(site.road.scene, hour)
    text = f"Traffic on a {site.road.style} road at {hour:.0f} o'clock moves {site.text}. "
    text += "Nobody is in view." if people is None else f"{'Two people walk' if count > 1 else 'Somebody walks'} by."
    return filmed(
        "surveillance", text, "outdoor", site.road.scene, fixed(site.pose), movers=[flow], fov_deg=site.fov_deg, world=name,
        lighting=_hourly(rng, number, duration_s, night=night), people=people,
    )  # fmt: skip


def _darken(scene: SceneBuilder, hour: float) -> None:
    """Give the sky, which no lamp lights, the brightness of the hour."""
    if scene.sky is not None:
        low, high = (np.asarray(color, np.float64) * daylight(hour, night=0.12) for color in scene.sky)
        scene.sky = (low, high)


def _pavement(rng: np.random.Generator, road: Road) -> Way:
    """A way along a pavement, from behind the camera into the distance or back."""
    x = float(rng.choice((-1.0, 1.0))) * (road.pavement_m + float(rng.uniform(-0.4, 0.4)))
    ends = [(x, -14.0), (x, 44.0)]
    return ends if rng.random() < 0.5 else ends[::-1]
