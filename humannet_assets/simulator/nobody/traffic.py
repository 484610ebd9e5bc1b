"""Roads: traffic before a fixed camera, a drive seen from a car, a drone over a road."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from humannet_assets.simulator.cameras import Matrix, look_at, rotation
from humannet_assets.simulator.nobody.filmed import Mover, filmed
from humannet_assets.simulator.nobody.rigs import Speeds, Suspension, driving, fixed, fly, gaze
from humannet_assets.simulator.nobody.road import LANE_M, STYLES, Course, Road, Style, wrapped
from humannet_assets.simulator.nobody.vehicles import PAINTS, Vehicle, draw_bus, draw_car, draw_lorry
from humannet_assets.simulator.shots import Shot
from humannet_assets.simulator.world import SceneBuilder, World


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


def _draw_road(
    rng: np.random.Generator, length_m: float, *, styles: Sequence[Style] = STYLES, straight: bool = False, parked: int = 4,
    free_side: float = 0.0,
) -> Road:  # fmt: skip
    style = styles[int(rng.integers(len(styles)))]
    return Road(rng, style, Course(rng, length_m, straight=straight), parked=parked, free_side=free_side)


def _flow(road: Road, lanes: list[_Lane], viewer: Speeds | None = None) -> Mover:
    """Places road and traffic around a viewer that travels, or around the road's beginning."""

    def move(world: World, time_s: float) -> None:
        at = 0.0 if viewer is None else viewer.distance(time_s)
        road.place(world, at)
        for lane in lanes:
            lane.place(world, road.course, time_s, at + 40.0)

    return move


@dataclass(frozen=True)
class Roadside:
    """A fixed camera at a road: beside it, or high above it."""

    road: Road
    pose: Matrix
    fov_deg: float
    text: str


def draw_roadside(rng: np.random.Generator, *, surveillance: bool) -> Roadside:
    """A straight road and a camera that looks along or across it."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    road = _draw_road(rng, 200.0, straight=True, parked=3, free_side=side)
    if surveillance:
        eye = (side * rng.uniform(4.5, 6.0), rng.uniform(-8, -4), rng.uniform(5.5, 9.0))
        target = (-side * rng.uniform(0, 1.5), rng.uniform(8, 18), 0.5)
        return Roadside(road, look_at(eye, target), float(rng.uniform(60, 80)), "far below a fixed surveillance camera")
    eye, target = (side * rng.uniform(5.2, 6.2), -6.0, rng.uniform(1.3, 1.9)), (-side * 2.0, rng.uniform(-2, 14), 0.9)
    return Roadside(road, look_at(eye, target), float(rng.uniform(42, 60)), "past a fixed camera at the roadside")


def traffic(rng: np.random.Generator, road: Road, duration_s: float) -> Mover:
    """Vehicles in both lanes of a road that is seen from one place."""
    lanes = [
        _lane(
            rng, road.scene, name, count=int(rng.integers(3, 6)), forward=forward,
            pace=driving(rng, duration_s, float(rng.uniform(8, 14)), stops=0.01),
        )
        for name, forward in (("there", True), ("back", False))
    ]  # fmt: skip
    return _flow(road, lanes)


def traffic_shot(rng: np.random.Generator, *, duration_s: float, surveillance: bool = False) -> Shot:
    """Cars, vans, lorries and buses pass a fixed camera beside the road, or high above it (`surveillance`)."""
    site = draw_roadside(rng, surveillance=surveillance)
    flow = traffic(rng, site.road, duration_s)
    text = f"Traffic on a {site.road.style} road moves {site.text}. Nobody is in view."
    scene = "traffic_surveillance" if surveillance else "traffic"
    return filmed(scene, text, "outdoor", site.road.scene, fixed(site.pose), movers=[flow], fov_deg=site.fov_deg)


def dashcam_shot(rng: np.random.Generator, *, duration_s: float) -> Shot:
    """A drive along a road with bends, seen through the windscreen of a car."""
    cruise = float(rng.uniform(7, 15))
    pace = driving(rng, duration_s, cruise)
    road = _draw_road(rng, cruise * 1.2 * duration_s + 200.0)
    against = driving(rng, duration_s, cruise, stops=0.0)
    lanes = [_lane(rng, road.scene, "oncoming", count=int(rng.integers(2, 5)), pace=against, forward=False)]
    lead = draw_car(rng, road.scene, "lead") if rng.random() < 0.6 else None
    gap, sway = float(rng.uniform(14, 26)), float(rng.uniform(0, 6.28))
    bonnet = road.scene.color("bonnet", PAINTS[int(rng.integers(len(PAINTS)))], 0.5)
    road.scene.add("bonnet", "ellipsoid", (0.85, 1.0, 0.16), bonnet)
    dash = road.scene.color("dash", (0.05, 0.05, 0.055))
    road.scene.add("dash", "box", (1.0, 0.12, 0.08), dash)
    bonnet_m = -float(rng.uniform(0.80, 0.98))
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
        turn = rotation((0, 0, 1), seat(time_s)[1])
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
    # From above a town's house fronts are seen to have nothing behind them.
    road = _draw_road(rng, speed * duration_s + 200.0, styles=("suburb", "country"), parked=5)
    pace = Speeds([(0.0, speed), (1.0, speed)])
    lanes = [
        _lane(
            rng, road.scene, name, count=2, forward=forward, pace=driving(rng, duration_s, float(rng.uniform(8, 13)), stops=0.0)
        )
        for name, forward in (("there", True), ("back", False))
    ]
    rig = fly(
        rng, road.course.at, height_m=float(rng.uniform(9, 22)), speed=speed,
        pitch_rad=float(rng.uniform(-0.75, -0.35)),
    )  # fmt: skip
    text = f"A drone flies along a {road.style} road. Nobody is in view."
    flow = _flow(road, lanes, viewer=pace)
    return filmed("drone", text, "outdoor", road.scene, rig, movers=[flow], fov_deg=float(rng.uniform(50, 65)))
