"""Roads and railways: traffic before a fixed camera, a drive seen from a car, a drone over a road."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from humannet_assets.simulator import textures
from humannet_assets.simulator.cameras import Matrix, look_at, rotation
from humannet_assets.simulator.nobody.filmed import Mover, filmed
from humannet_assets.simulator.nobody.rigs import Rig, Speeds, Suspension, driving, fixed, fly, gaze
from humannet_assets.simulator.nobody.road import LANE_M, STYLES, Course, Road, Style, wrapped
from humannet_assets.simulator.nobody.vehicles import PAINTS, Vehicle, draw_bus, draw_car, draw_carriage, draw_lorry
from humannet_assets.simulator.shots import Shot
from humannet_assets.simulator.world import Light, SceneBuilder, World


@dataclass
class _Lane:
    """Vehicles one behind the other. All keep the lane's pace, so that none runs into the next; at the end they begin again."""

    vehicles: list[tuple[Vehicle, float]]
    pace: Speeds
    forward: bool
    loop_m: float

    def place(self, world: World, course: Course, time_s: float, around_m: float) -> None:
        """Put all of them on the road, within half a loop of `around_m`."""
        way = 1.0 if self.forward else -1.0
        travelled = way * self.pace.distance(time_s)
        for vehicle, start in self.vehicles:
            at = wrapped(start + travelled, around_m - self.loop_m / 2, self.loop_m)
            # Driven on the right: ahead on the right half of the road, towards the viewer on the left.
            point, axes = course.frame(at, way * LANE_M / 2)
            vehicle.place(world, point, axes if self.forward else axes @ rotation((0, 0, 1), math.pi))


def _lane(
    rng: np.random.Generator, scene: SceneBuilder, name: str, *, count: int, pace: Speeds, forward: bool, loop_m: float = 180.0,
    heavy: float = 0.15,
) -> _Lane:  # fmt: skip
    """Vehicles at even gaps that vary by a third; `heavy` is the share of buses and lorries."""
    gap, vehicles = loop_m / max(count, 1), []
    for i in range(count):
        kind = rng.random()
        make = draw_car if kind > heavy else draw_bus if kind < heavy / 2 else draw_lorry
        vehicles.append((make(rng, scene, f"{name}{i}"), (i + float(rng.uniform(-0.16, 0.16))) * gap))
    return _Lane(vehicles, pace, forward, loop_m)


def _draw_road(rng: np.random.Generator, length_m: float, *, straight: bool = False, pieces: int = 11, parked: int = 4) -> Road:
    style: Style = STYLES[int(rng.integers(len(STYLES)))]
    return Road(rng, style, Course(rng, length_m, straight=straight), pieces=pieces, parked=parked)


def _flow(road: Road, lanes: list[_Lane], around: Rig | None = None, viewer: Speeds | None = None) -> Mover:
    """Places road and traffic around a viewer that travels, or around the road's beginning."""

    def move(world: World, time_s: float) -> None:
        at = 0.0 if viewer is None else viewer.distance(time_s)
        road.place(world, at)
        for lane in lanes:
            lane.place(world, road.course, time_s, at + 40.0)

    return move


def traffic_shot(rng: np.random.Generator, *, duration_s: float, surveillance: bool = False, fov_deg: float | None = None) -> Shot:
    """Cars, vans, lorries and buses pass a fixed camera beside the road, or high above it (`surveillance`)."""
    road = _draw_road(rng, 200.0, straight=True, parked=3)
    lanes = [
        _lane(
            rng, road.scene, name, count=int(rng.integers(3, 6)), forward=forward,
            pace=driving(rng, duration_s, float(rng.uniform(8, 14)), stops=0.01),
        )
        for name, forward in (("there", True), ("back", False))
    ]  # fmt: skip
    side = 1.0 if rng.random() < 0.5 else -1.0
    if surveillance:
        height = float(rng.uniform(5.5, 9.0))
        pose = look_at((side * rng.uniform(4.5, 6.0), rng.uniform(-8, -4), height), (-side * rng.uniform(0, 1.5), rng.uniform(8, 18), 0.5))
        fov, what = fov_deg or float(rng.uniform(60, 80)), "far below a fixed surveillance camera"
    else:
        ahead = float(rng.uniform(-2, 14))
        pose = look_at((side * rng.uniform(5.2, 6.2), -6.0, rng.uniform(1.3, 1.9)), (-side * 2.0, ahead, 0.9))
        fov, what = fov_deg or float(rng.uniform(42, 60)), "past a fixed camera at the roadside"
    text = f"Traffic on a {road.style} road moves {what}. Nobody is in view."
    scene = "traffic_surveillance" if surveillance else "traffic"
    return filmed(scene, text, "outdoor", road.scene, fixed(pose), movers=[_flow(road, lanes)], fov_deg=fov)


def dashcam_shot(rng: np.random.Generator, *, duration_s: float) -> Shot:
    """A drive along a road with bends, seen through the windscreen of a car."""
    cruise = float(rng.uniform(7, 15))
    pace = driving(rng, duration_s, cruise)
    road = _draw_road(rng, cruise * 1.2 * duration_s + 200.0)
    lanes = [
        _lane(rng, road.scene, "oncoming", count=int(rng.integers(2, 5)), pace=driving(rng, duration_s, cruise, stops=0.0), forward=False),
    ]  # fmt: skip
    lead = draw_car(rng, road.scene, "lead") if rng.random() < 0.6 else None
    gap, sway = float(rng.uniform(14, 26)), float(rng.uniform(0, 6.28))
    bonnet = road.scene.color("bonnet", PAINTS[int(rng.integers(len(PAINTS)))], 0.5)
    road.scene.add("bonnet", "ellipsoid", (0.85, 1.0, 0.16), bonnet)
    dash = road.scene.color("dash", (0.05, 0.05, 0.055))
    road.scene.add("dash", "box", (1.0, 0.12, 0.08), dash)
    bonnet_m = -float(rng.uniform(0.66, 0.82))
    springs = Suspension(rng, float(rng.uniform(0.6, 1.6)))
    height, pitch = float(rng.uniform(1.2, 1.4)), float(rng.uniform(-0.09, -0.03))
    flow = _flow(road, lanes, viewer=pace)

    def seat(time_s: float) -> tuple[np.ndarray, float]:
        return road.course.frame(pace.distance(time_s), LANE_M / 2)[0], road.course.at(pace.distance(time_s))[1]

    def rig(time_s: float) -> Matrix:
        lift, nod, lean = springs.at(time_s, pace.at(time_s))
        point, heading = seat(time_s)
        # The nose dips when braking and rises when pulling away: about a degree at 3 m/s^2.
        accelerates = (pace.at(time_s + 0.2) - pace.at(time_s - 0.2)) / 0.4
        return gaze(point + (0, 0, height + lift), heading, pitch + nod + 0.005 * accelerates, lean)

    def car(world: World, time_s: float) -> None:
        pose = rig(time_s)
        point, heading = seat(time_s)
        turn = rotation((0, 0, 1), heading)
        eye = pose[:3, 3]
        world.place("bonnet", eye + turn @ (0, 1.45, bonnet_m), turn)
        world.place("dash", eye + turn @ (0, 0.42, bonnet_m + 0.23), turn)
        if lead is not None:
            at = pace.distance(time_s) + gap + 3.0 * math.sin(0.25 * time_s + sway) + 0.6 * (pace.at(time_s) - 5)
            lead.place(world, *road.course.frame(at, LANE_M / 2))

    text = f"A drive along a {road.style} road, filmed by a camera behind the windscreen. Nobody is in view."
    return filmed("dashcam", text, "transportation", road.scene, rig, movers=[flow, car], fov_deg=float(rng.uniform(48, 62)))


def drone_shot(rng: np.random.Generator, *, duration_s: float) -> Shot:
    """A drone flies along a road, above trees and roofs."""
    speed = float(rng.uniform(3, 8))
    road = _draw_road(rng, speed * duration_s + 200.0, parked=5)
    pace = Speeds([(0.0, speed), (1.0, speed)])
    lanes = [
        _lane(rng, road.scene, name, count=2, forward=forward, pace=driving(rng, duration_s, float(rng.uniform(8, 13)), stops=0.0))
        for name, forward in (("there", True), ("back", False))
    ]
    rig = fly(
        rng, lambda distance: road.course.at(distance), height_m=float(rng.uniform(9, 22)), speed=speed,
        pitch_rad=float(rng.uniform(-0.75, -0.35)),
    )  # fmt: skip
    text = f"A drone flies along a {road.style} road. Nobody is in view."
    flow = _flow(road, lanes, viewer=pace)
    return filmed("drone", text, "outdoor", road.scene, rig, movers=[flow], fov_deg=float(rng.uniform(50, 65)))


def train_shot(rng: np.random.Generator, *, duration_s: float) -> Shot:
    """A train passes a fixed camera in the fields, a second one may follow the other way."""
    sky = ((0.42, 0.60, 0.86), (0.86, 0.90, 0.94))
    scene = SceneBuilder(ambient=0.42, sky=sky)
    scene.lights.append(Light((0, 0, 30), (float(rng.uniform(-0.5, 0.5)), 0.6, -0.9), (0.52, 0.50, 0.46), directional=True, shadow=False))
    scene.surface("grass", textures.leaves(rng, (0.36, 0.42, 0.2)), (0.4, 0.4), uniform=True)
    scene.add("ground", "plane", (0, 0, 0.1), "grass")
    scene.surface("ballast", textures.asphalt(rng, (0.45, 0.42, 0.40)), (1, 1), uniform=True)
    steel, sleeper = scene.color("steel", (0.45, 0.42, 0.40), 0.6), scene.color("sleeper", (0.30, 0.27, 0.24))
    scene.add("bed", "box", (4.6, 90, 0.2), "ballast", (0, 0, 0.1))
    for track, x in enumerate((-2.1, 2.1)):
        for rail, off in enumerate((-0.72, 0.72)):
            scene.add(f"rail{track}{rail}", "box", (0.04, 90, 0.08), steel, (x + off, 0, 0.42))
    for i in range(24):
        scene.add(f"sleeper{i}", "box", (4.2, 0.14, 0.06), sleeper, (0, -14 + i * 1.3, 0.31))
    bark, green = scene.color("bark", (0.28, 0.21, 0.15)), scene.surface("green", textures.leaves(rng), (2, 2))
    for i in range(int(rng.integers(8, 16))):
        x, y, size = float(rng.uniform(8, 40)), float(rng.uniform(-45, 45)), float(rng.uniform(1.2, 2.6))
        scene.add(f"trunk{i}", "cylinder", (0.18, size), bark, (x, y, size))
        scene.add(f"crown{i}", "ellipsoid", (size, size, 1.3 * size), green, (x, y, 2.6 * size))
    mast = scene.color("mast", (0.36, 0.38, 0.38), 0.3)
    for i in range(5):
        scene.add(f"mast{i}", "box", (0.1, 0.1, 3.2), mast, (5.0, -44 + i * 22.0, 3.2))
        scene.add(f"beam{i}", "box", (2.6, 0.06, 0.06), mast, (2.6, -44 + i * 22.0, 5.9))
    paint = PAINTS[int(rng.integers(3, len(PAINTS)))]
    trains = []
    for number in range(1 if duration_s < 15 else 2):
        cars = [draw_carriage(rng, scene, f"train{number}_{i}", paint, cab=i == 0) for i in range(int(rng.integers(3, 5)))]
        speed, way = float(rng.uniform(13, 24)), 1.0 if (number + rng.integers(2)) % 2 else -1.0
        # The first one is in the middle of its passing at a third of the time, another one every 25 to 40 s.
        trains.append((cars, speed, way, duration_s * 0.35 + 18.0 * number, float(rng.uniform(25, 40))))

    def move(world: World, time_s: float) -> None:
        for number, (cars, speed, way, middle, every) in enumerate(trains):
            phase = (time_s - middle + every / 2) % every - every / 2
            axes = np.eye(3) if way > 0 else rotation((0, 0, 1), math.pi)
            for i, carriage in enumerate(cars):
                y = way * (speed * phase + (len(cars) / 2 - i - 0.5) * 19.0)
                carriage.place(world, np.array([2.1 if (way > 0) else -2.1, y, 0.5 + 0.001 * number]), axes)

    eye = (-rng.uniform(11, 17), rng.uniform(-16, -6), rng.uniform(1.5, 3.0))
    camera = fixed(look_at(eye, (0, rng.uniform(0, 10), 2.2)))
    text = "A train passes through fields, filmed by a fixed camera. Nobody is in view."
    return filmed("train", text, "transportation", scene, camera, movers=[move], fov_deg=float(rng.uniform(42, 58)))
